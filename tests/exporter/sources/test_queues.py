"""An SQS queue as a source: long polls, gathering, deletion, and messages that nobody here can read."""

import json
import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError
from bridges import MOST_RECEIVES, Bridged, bridged
from processes import until
from source_world import TARGET, World

from athena_exporter.sources import errors
from athena_exporter.sources.queues import VISIBILITY, Message, Poison, Queue

NOW = timedelta(0)


@pytest.fixture
def made(world: World) -> Iterator[Bridged]:
    """A queue that nothing fills but the test."""
    with bridged(world.running.url, rules=()) as made:
        yield made


class Pauses:
    """Says which pauses were made, and lets messages come meanwhile."""

    def __init__(self, made: Bridged | None = None, *later: object) -> None:
        self.made = made
        self.later = later
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        if self.made is not None:
            self.made.send(*self.later)


def queue_of(world: World, url: str, pause: Pauses | None = None, visibility: timedelta = VISIBILITY) -> Queue:
    return Queue(
        client=world.session.sqs(),
        url=url,
        source="eventbridge",
        target=TARGET,
        clock=world.clock,
        pause=pause or Pauses(),
        gather=timedelta(seconds=1),
        visibility=visibility,
    )


def numbers(messages: tuple[Message, ...] | list[Message]) -> list[int]:
    return sorted(message.body["n"] for message in messages)


def test_what_comes_within_the_window_is_gathered_with_the_first(world: World, made: Bridged) -> None:
    made.send({"n": 1})
    pauses = Pauses(made, *({"n": number} for number in range(2, 30)))
    received = queue_of(world, made.url, pauses).receive(most=100, wait=NOW)
    assert numbers(list(received.messages)) == list(range(1, 30))
    assert pauses.seconds == [1.0]


def test_a_backlog_is_not_waited_for(world: World, made: Bridged) -> None:
    made.send(*({"n": number} for number in range(25)))
    pauses = Pauses()
    received = queue_of(world, made.url, pauses).receive(most=20, wait=NOW)
    assert (len(received.messages), pauses.seconds) == (20, [])
    assert world.asked("ReceiveMessage") == 2


def test_an_empty_queue_is_asked_once_and_has_been_read_until_now(world: World, made: Bridged) -> None:
    received = queue_of(world, made.url).receive(most=20, wait=NOW)
    assert (received.messages, world.asked("ReceiveMessage")) == ((), 1)
    assert received.reached == received.observed_at


def test_a_long_poll_ends_when_a_message_comes(world: World, made: Bridged) -> None:
    made.send({"n": 1})
    assert numbers(list(queue_of(world, made.url).receive(most=20).messages)) == [1]


def test_a_queue_is_read_as_far_as_its_oldest_new_message(world: World, made: Bridged) -> None:
    made.send({"n": 1}, {"n": 2})
    received = queue_of(world, made.url).receive(most=20, wait=NOW)
    sent = [message.sent_at for message in received.messages if message.sent_at is not None]
    assert len(sent) == 2
    assert received.reached == min([received.observed_at, *sent])


def test_only_what_is_deleted_does_not_come_again(world: World, made: Bridged) -> None:
    made.send(*({"n": number} for number in range(12)))
    queue = queue_of(world, made.url, visibility=timedelta(seconds=1))
    received = queue.receive(most=20, wait=NOW)
    queue.delete(message for message in received.messages if message.body["n"] >= 2)
    assert world.asked("DeleteMessageBatch") == 1
    again: list[Message] = []

    def have_come() -> bool:
        again.extend(queue.receive(most=20, wait=NOW).messages)
        return len(again) >= 2

    until(have_come, what="they come again")
    assert (numbers(again), {message.received for message in again}) == ([0, 1], {2})


def test_more_than_ten_are_deleted_in_batches_of_ten(world: World, made: Bridged) -> None:
    made.send(*({"n": number} for number in range(21)))
    queue = queue_of(world, made.url)
    queue.delete(queue.receive(most=50, wait=NOW).messages)
    assert (world.asked("DeleteMessageBatch"), made.waiting()) == (3, 0)


def test_an_envelope_of_sns_is_taken_off(world: World, made: Bridged) -> None:
    topic = "arn:aws:sns:eu-west-1:123456789012:athena-events"
    made.send({"Type": "Notification", "MessageId": "1", "TopicArn": topic, "Message": json.dumps({"n": 7})})
    assert numbers(list(queue_of(world, made.url).receive(most=20, wait=NOW).messages)) == [7]


@pytest.mark.parametrize(
    "body",
    ["hello", "[1, 2]", "7", "[" * 60_000, '{"Type": "Notification", "TopicArn": "arn", "Message": "hello"}'],
    ids=["a text", "a list", "a number", "brackets", "a text within SNS"],
)
def test_what_is_no_json_object_is_left_and_told_once(
    world: World, made: Bridged, body: str, caplog: pytest.LogCaptureFixture
) -> None:
    made.send(body, body, {"n": 1})
    queue = queue_of(world, made.url, visibility=timedelta(seconds=0))
    with caplog.at_level(logging.WARNING):
        first = queue.receive(most=3, wait=NOW)
        queue.receive(most=3, wait=NOW)
    assert numbers(list(first.messages)) == [1]
    assert queue.take_results() == {Poison.NO_JSON: 2}
    (said,) = [record.getMessage() for record in caplog.records]
    assert "its body is no JSON object" in said
    assert "hello" not in said
    assert made.waiting() == 3


def test_poison_becomes_a_dead_letter(world: World, made: Bridged) -> None:
    made.send("hello")
    queue = queue_of(world, made.url, visibility=timedelta(seconds=0))

    def is_dead() -> bool:
        queue.receive(most=1, wait=NOW)
        return made.waiting(made.dead_url) == 1

    until(is_dead, what=f"it is a dead letter after {MOST_RECEIVES} receives", every=0.02)
    assert made.waiting() == 0
    assert queue.take_results() == {Poison.NO_JSON: 1}


def test_whether_there_is_a_dead_letter_queue_is_known(world: World, made: Bridged) -> None:
    assert queue_of(world, made.url).has_dead_letters()
    with bridged(world.running.url, rules=(), dead_letters=False) as other:
        assert not queue_of(world, other.url).has_dead_letters()


def test_a_queue_that_does_not_exist_is_named_with_its_mend(world: World, made: Bridged) -> None:
    with pytest.raises(ClientError) as caught:
        queue_of(world, f"{made.url}-gone").receive(most=1, wait=NOW)
    assert errors.reason(caught.value) == "answer"
    told = errors.explain(caught.value)
    assert told.endswith(f"NonExistentQueue): check queue_url, its account and its Region ({made.url}-gone)")


@pytest.mark.parametrize(
    ("kind", "needed"),
    [("denied", "the exporter needs sqs:ReceiveMessage"), ("key_denied", "needs kms:Decrypt on arn:")],
)
def test_a_missing_permission_on_the_queue_or_its_key_is_named(
    world: World, made: Bridged, kind: str, needed: str
) -> None:
    world.running.plan_faults([{"kind": kind, "operation": "sqs:ReceiveMessage"}])
    with pytest.raises(ClientError) as caught:
        queue_of(world, made.url).receive(most=1, wait=NOW)
    assert errors.reason(caught.value) == "denied"
    assert needed in errors.explain(caught.value)
