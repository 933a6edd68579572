"""Whatever lies in a queue, and whatever a trail's file holds: told, counted or left; never an exception."""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from calls import GRANT, LOOK, RULES, START, TARGET
from fuzzing import ROUNDS, SEED, naming
from mutations import records
from shapes import messages

from athena_exporter.config.sources import AccessEvent
from athena_exporter.records import FailedStart, StartedQuery, TableEvent
from athena_exporter.sources.bridge_events import AlienError, StateChange, read_bridge_event
from athena_exporter.sources.queues import Queue
from athena_exporter.sources.starts import MalformedRecordError
from athena_exporter.sources.trail.keys import read_key
from athena_exporter.sources.trail.notices import AlienNoticeError, announced
from athena_exporter.sources.trail.reading import Reading
from athena_exporter.sources.trail.scanning import CorruptFileError, scan

BUCKET = "trail"


class Letters:
    """SQS's client as far as a queue that is read asks it: ten messages a call, until there are no more."""

    def __init__(self, bodies: Sequence[str]) -> None:
        self._left = [
            {"MessageId": str(number), "ReceiptHandle": "r", "Body": body} for number, body in enumerate(bodies)
        ]

    def receive_message(self, **_: Any) -> Mapping[str, Any]:
        given, self._left = self._left[:10], self._left[10:]
        return {"Messages": given, "ResponseMetadata": {"HTTPHeaders": {}}}

    def delete_message_batch(self, **_: Any) -> Mapping[str, Any]:
        raise AssertionError("nothing is deleted here")

    def get_queue_attributes(self, **_: Any) -> Mapping[str, Any]:
        raise AssertionError("nobody asks for these here")


def opened(body: str) -> Mapping[str, Any] | None:
    """What a queue makes of a message's text."""
    queue = Queue(
        client=Letters([body]), url="https://sqs.example/1/q", source="eventbridge", target=TARGET,
        clock=lambda: datetime(2026, 11, 22, tzinfo=UTC), pause=lambda _: None,
    )  # fmt: skip  # six arguments read best as a block
    found = queue.receive(most=1, wait=timedelta(0)).messages
    if not found:
        assert sum(queue.take_results().values()) == 1, "what cannot be read is counted"
        return None
    return found[0].body


def is_one_line(error: Exception) -> None:
    """What is said of a refusal goes to the log."""
    assert str(error).isprintable()


def bridge_or_alien(body: Mapping[str, Any]) -> None:
    try:
        found = read_bridge_event(body, rules=RULES, target=TARGET)
    except AlienError as error:
        is_one_line(error)
        return
    assert found is None or isinstance(found, StateChange | StartedQuery | FailedStart | TableEvent)
    f"{found}".encode()


def announced_or_alien(body: Mapping[str, Any]) -> None:
    try:
        places = announced(body, BUCKET)
    except AlienNoticeError as error:
        is_one_line(error)
        return
    for place in places:
        assert place.bucket == BUCKET, "a message must not choose what is read"
        read_key(place.key)


@pytest.mark.no_cover
def test_no_message_is_an_exception_or_lost() -> None:
    for text in messages(seed=SEED, rounds=ROUNDS):
        with naming(text[:2000]):
            body = opened(text)
            if body is not None:
                bridge_or_alien(body)
                announced_or_alien(body)


@pytest.mark.no_cover
def test_no_file_of_a_trail_is_an_exception() -> None:
    reading = Reading(rules=RULES, access_events=(AccessEvent.GET_DATA_ACCESS, AccessEvent.GET_TABLE))
    for text in files():
        with naming(text[:2000]):
            read_file(reading, text)


def test_bytes_of_no_text_in_a_record_are_counted_and_the_rest_of_the_file_is_read() -> None:
    """Found by the test above: the thread that read it ended, and the process with it."""
    whole = json.dumps(START).encode()
    spoiled = whole.replace(b"Boto3", b"\xff")
    reading = Reading(rules=RULES)
    found = list(scan(lambda: iter([gzip.compress(b'{"Records":[' + spoiled + b"," + whole + b"]}")]), reading.names))
    with pytest.raises(MalformedRecordError):
        reading.read(found[0], TARGET)
    assert isinstance(reading.read(found[1], TARGET), StartedQuery)


def files() -> Iterator[bytes]:
    """Files of three records each."""
    told = records([START, GRANT, LOOK], seed=SEED, rounds=ROUNDS)
    for first, second, third in zip(told, told, told, strict=False):
        texts = [str(each["CloudTrailEvent"]) for each in (first, second, third)]
        yield f'{{"Records":[{",".join(texts)}]}}'.encode(errors="surrogatepass")


def read_file(reading: Reading, text: bytes) -> None:
    packed = gzip.compress(text, compresslevel=1, mtime=0)
    try:
        for found in scan(lambda: iter([packed[:100], packed[100:]]), reading.names):
            record_or_malformed(reading, found)
    except CorruptFileError as error:
        is_one_line(error)
        is_broken(text)


def record_or_malformed(reading: Reading, found: Any) -> None:
    try:
        record = reading.read(found, TARGET)
    except MalformedRecordError as error:
        is_one_line(error)
    else:
        f"{record}".encode()


def is_broken(text: bytes) -> None:
    """Whether another parser finds it so, or finds other things in it than objects with a name."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return
    found = told.get("Records") if isinstance(told, dict) else None
    names: list[object] = [each.get("eventName") if isinstance(each, dict) else [] for each in found or [[]]]
    assert any(isinstance(name, dict | list) for name in names), "a file that can be read is no broken one"
