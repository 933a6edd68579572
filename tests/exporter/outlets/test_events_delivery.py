"""Why these tests exist: watchtower drops events without a word in seven ways; whatever it drops must arrive.

The wire is real: an embedded CloudWatch Logs with AWS's limits, and faults in front of it.
"""

import json
import logging
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from log_groups import Account, account
from log_wire import GROUPS, TARGET, Box, Fates
from processes import until

from athena_exporter.ledger.errors import LedgerError
from athena_exporter.ledger.outbox import StoredFact
from athena_exporter.outlets.backoff import Backoff
from athena_exporter.outlets.events import Delivery
from athena_exporter.outlets.events.delivery import FACTS_AT_ONCE
from athena_exporter.outlets.events.transport import Outgoing, Transport
from athena_exporter.records import Target

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
GROUP, STREAM = GROUPS.table_access, "123456789012/eu-west-1"


@pytest.fixture(scope="module")
def shared() -> Iterator[Account]:
    with account() as account_:
        yield account_


@pytest.fixture
def logs(shared: Account) -> Iterator[Account]:
    """The account, its logs empty."""
    with shared.emptied() as emptied:
        yield emptied


@pytest.fixture
def fates() -> Fates:
    return Fates()


@pytest.fixture
def transport(logs: Account, fates: Fates) -> Iterator[Transport]:
    made = Transport(client=logs.client, tally=fates, now=lambda: NOW)
    yield made
    made.close()


def events(count: int, *, at: datetime = NOW, step: timedelta = timedelta(0), first: int = 0) -> list[Outgoing]:
    return [
        Outgoing(
            group=GROUP,
            stream=STREAM,
            at_ms=int((at + number * step).timestamp() * 1000),
            message=json.dumps({"access_id": str(first + number), "table": "apple"}),
        )
        for number in range(count)
    ]


def ids(logs: Account, group: str = GROUP) -> list[str]:
    return [event["access_id"] for event in logs.arrived(group)]


def deliver(transport: Transport, *rounds: list[Outgoing], attempts: int = 10) -> int:
    """Send rounds until none is open; how many attempts failed."""
    failed = 0
    for one in rounds:
        transport.begin(one)
        while transport.is_busy:
            try:
                transport.attempt()
            except (ClientError, BotoCoreError):
                failed += 1
                assert failed <= attempts
    return failed


def test_the_first_events_of_a_new_group_arrive(transport: Transport, logs: Account, fates: Fates) -> None:
    """watchtower drops whatever is logged while it creates a stream."""
    deliver(transport, events(5_000))
    assert len(ids(logs)) == len(set(ids(logs))) == 5_000
    assert (fates.of("accepted"), fates.of("resent")) == (5_000, 0)


def test_events_keep_their_millisecond(transport: Transport, logs: Account) -> None:
    sent = events(1_000, at=NOW - timedelta(seconds=2), step=timedelta(milliseconds=1))
    deliver(transport, sent)
    assert [event["@timestamp"] for event in logs.arrived(GROUP)] == [event.at_ms for event in sent]


def test_a_throttled_batch_is_sent_again(transport: Transport, logs: Account, fates: Fates) -> None:
    logs.fail({"kind": "throttle", "times": 2})
    assert deliver(transport, events(100)) == 2
    assert sorted(ids(logs)) == sorted(str(number) for number in range(100))
    assert (fates.of("accepted"), fates.of("resent")) == (100, 200)


def test_only_what_was_not_accepted_is_sent_again(transport: Transport, logs: Account, fates: Fates) -> None:
    days = events(3, at=NOW - 2 * DAY, step=DAY)
    logs.fail({"kind": "internal", "after": 1, "times": 1})
    assert deliver(transport, days) == 1
    assert ids(logs) == ["0", "1", "2"]
    assert fates.of("resent") == 2


def test_an_outage_of_several_attempts_loses_nothing(transport: Transport, logs: Account) -> None:
    logs.fail({"kind": "drop_before", "times": 4})
    assert deliver(transport, events(50)) >= 3
    assert len(set(ids(logs))) == 50


def test_a_lost_answer_makes_copies_with_the_same_id(transport: Transport, logs: Account) -> None:
    logs.fail({"kind": "drop_after", "times": 1})
    assert deliver(transport, events(50)) == 1
    assert len(ids(logs)) == 100
    assert len(set(ids(logs))) == 50


def test_events_of_many_days_arrive(transport: Transport, logs: Account) -> None:
    """CloudWatch Logs refuses a batch that spans a day, and watchtower drops it whole."""
    deliver(transport, list(reversed(events(26, at=NOW - 13 * DAY, step=DAY / 2))))
    assert ids(logs) == [str(number) for number in range(26)]


def test_what_is_too_old_is_counted_and_not_sent(transport: Transport, logs: Account, fates: Fates) -> None:
    deliver(transport, [*events(2, at=NOW - 14 * DAY), *events(3, first=2)])
    assert sorted(ids(logs)) == ["2", "3", "4"]
    assert (fates.of("too_old"), fates.of("accepted")) == (2, 3)


def test_what_the_group_keeps_no_longer_is_counted(transport: Transport, logs: Account, fates: Fates) -> None:
    logs.client.create_log_group(logGroupName=GROUP)
    logs.client.put_retention_policy(logGroupName=GROUP, retentionInDays=1)
    deliver(transport, [*events(2, at=NOW - 3 * DAY), *events(3, first=2)])
    assert sorted(ids(logs)) == ["2", "3", "4"]
    assert (fates.of("expired"), fates.of("accepted")) == (2, 3)


def test_what_lies_in_the_future_is_counted(transport: Transport, logs: Account, fates: Fates) -> None:
    deliver(transport, [*events(3), *events(2, at=NOW + timedelta(hours=3), first=3)])
    assert sorted(ids(logs)) == ["0", "1", "2"]
    assert (fates.of("too_new"), fates.of("accepted")) == (2, 3)


def test_what_is_too_large_is_counted_and_the_rest_arrives(transport: Transport, logs: Account, fates: Fates) -> None:
    large = Outgoing(group=GROUP, stream=STREAM, at_ms=int(NOW.timestamp() * 1000), message="x" * 300_000)
    deliver(transport, [large, *events(3)])
    assert len(ids(logs)) == 3
    assert fates.of("too_large") == 1


def test_many_bytes_are_many_batches(transport: Transport, logs: Account) -> None:
    """watchtower closes a batch at AWS's megabyte, 26 bytes an event included."""
    padding = "x" * 150_000
    padded = [one._replace(message=json.dumps({"access_id": one.message, "pad": padding})) for one in events(30)]
    deliver(transport, padded)
    assert len(set(ids(logs))) == 30


def test_one_event_that_is_called_invalid_does_not_hold_the_others_back(logs: Account, fates: Fates) -> None:
    """An empty text is invalid to CloudWatch Logs, and so is a whole batch that holds one."""
    transport = Transport(client=logs.client, tally=fates, now=lambda: NOW)
    poison = Outgoing(group=GROUP, stream=STREAM, at_ms=int(NOW.timestamp() * 1000) + 1, message=" ")
    refuse_blank(logs.client)
    deliver(transport, [*events(40), poison, *events(40, at=NOW + timedelta(seconds=1), first=40)])
    transport.close()
    assert len(set(ids(logs))) == 80
    assert fates.of("refused") == 1


def refuse_blank(client: Any) -> None:
    """Make the real wire call a batch invalid: a message that the service refuses, whatever stands beside it."""

    def invalid(params: dict[str, Any], **_: object) -> None:
        params["body"] = params["body"].replace(b'"message": " "', b'"message": ""')

    client.meta.events.register("before-call.logs.PutLogEvents", invalid)


def test_a_stream_that_somebody_deleted_is_made_again(transport: Transport, logs: Account) -> None:
    deliver(transport, events(10))
    logs.client.delete_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    assert deliver(transport, events(10, first=10)) == 1
    assert sorted(ids(logs)) == sorted(str(number) for number in range(10, 20))


def test_a_group_that_must_not_be_created_is_missed_aloud(logs: Account, fates: Fates) -> None:
    transport = Transport(client=logs.client, tally=fates, now=lambda: NOW, create_groups=False)
    transport.begin(events(1))
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        transport.attempt()
    logs.client.create_log_group(logGroupName=GROUP)
    transport.attempt()
    transport.close()
    assert ids(logs) == ["0"]


def test_the_batches_of_two_streams_are_under_way_together(transport: Transport, logs: Account) -> None:
    meeting = threading.Barrier(2, timeout=60)

    def meet(**_: object) -> None:
        meeting.wait()

    logs.client.meta.events.register("before-call.logs.PutLogEvents", meet)
    deliver(transport, [*events(3), *elsewhere(events(3, first=3))], attempts=0)
    assert not meeting.broken
    assert sorted(ids(logs)) == sorted(map(str, range(6)))


# -- two rounds under way ---------------------------------------------------------------------------------------------


def elsewhere(some: list[Outgoing]) -> list[Outgoing]:
    """In a stream of their own."""
    return [event._replace(stream="other") for event in some]


def padded(some: list[Outgoing]) -> list[Outgoing]:
    """So large that a dozen fill a batch."""
    return [one._replace(message=json.dumps({**json.loads(one.message), "pad": "x" * 100_000})) for one in some]


def hand_over(transport: Transport, *rounds: list[Outgoing]) -> None:
    for one in rounds:
        assert transport.has_room
        transport.begin(one)
        transport.start()


def calls_of(client: Any) -> list[int]:
    """How many events each call of PutLogEvents carries, from now on."""
    carried: list[int] = []

    def note(params: dict[str, Any], **_: object) -> None:
        carried.append(len(params["logEvents"]))

    client.meta.events.register("provide-client-params.logs.PutLogEvents", note)
    return carried


def test_the_end_of_a_round_travels_with_the_beginning_of_the_next(transport: Transport, logs: Account) -> None:
    carried = calls_of(logs.client)
    hand_over(transport, events(5), padded(events(12, first=5)))
    assert not transport.has_room
    transport.finish()
    assert carried == [15]
    transport.finish()
    assert carried == [15, 2]
    assert not transport.is_busy
    assert ids(logs) == [str(number) for number in range(17)]


@pytest.mark.parametrize("following", [events(1, first=5), elsewhere(events(1, first=5)), []])
def test_a_round_waits_for_nothing_when_the_next_one_fills_no_batch(
    transport: Transport, logs: Account, following: list[Outgoing]
) -> None:
    hand_over(transport, events(5), following)
    began = time.monotonic()
    transport.finish()
    transport.finish()
    assert time.monotonic() - began < 45, "watchtower itself holds back an unfinished batch for a minute"
    assert sorted(ids(logs)) == [str(number) for number in range(5 + len(following))]


def test_rounds_that_are_days_apart_share_no_batch(transport: Transport, logs: Account, fates: Fates) -> None:
    hand_over(transport, events(5, at=NOW - 2 * DAY), padded(events(12, first=5)))
    transport.finish()
    hand_over(transport, events(5, at=NOW - 4 * DAY, first=17))
    transport.finish()
    transport.finish()
    assert sorted(ids(logs), key=int) == [str(number) for number in range(22)]
    assert (fates.of("accepted"), fates.of("resent")) == (22, 0)


def test_a_failure_sends_both_rounds_again_and_no_event_twice(
    transport: Transport, logs: Account, fates: Fates
) -> None:
    logs.fail({"kind": "throttle", "times": 1})
    hand_over(transport, events(5), events(5, first=5))
    with pytest.raises(ClientError, match="Throttling"):
        transport.finish()
    assert transport.has_failed
    assert not transport.has_room
    transport.start()
    transport.finish()
    assert transport.is_busy
    transport.finish()
    assert sorted(ids(logs)) == [str(number) for number in range(10)]
    assert (fates.of("accepted"), fates.of("resent")) == (10, 10)


def test_a_failure_of_the_second_round_leaves_the_first_one_done(
    transport: Transport, logs: Account, fates: Fates
) -> None:
    hand_over(transport, events(5))
    logs.fail({"kind": "internal", "operation": "logs:PutLogEvents", "after": 1, "times": 1})
    hand_over(transport, padded(events(12, first=5)))
    transport.finish()
    with pytest.raises(ClientError):
        transport.finish()
    transport.start()
    transport.finish()
    assert not transport.is_busy
    assert sorted(ids(logs), key=int) == [str(number) for number in range(17)]
    assert (fates.of("accepted"), fates.of("resent")) == (17, 2)


def test_there_is_no_room_beside_a_round_that_has_failed(transport: Transport, logs: Account) -> None:
    logs.fail({"kind": "throttle", "times": 1})
    hand_over(transport, padded(events(12)))
    until(lambda: not transport.has_room, what="the first batch was refused", every=0.02)
    with pytest.raises(ClientError):
        transport.finish()
    transport.start()
    transport.finish()
    assert sorted(ids(logs), key=int) == [str(number) for number in range(12)]


def test_a_stream_that_cannot_be_made_for_the_second_round_loses_neither(transport: Transport, logs: Account) -> None:
    hand_over(transport, events(5))
    logs.fail({"kind": "throttle", "operation": "logs:CreateLogStream", "times": 1})
    transport.begin(elsewhere(events(5, first=5)))
    with pytest.raises(ClientError, match="CreateLogStream"):
        transport.start()
    transport.start()
    transport.finish()
    transport.finish()
    assert set(ids(logs)) == {str(number) for number in range(10)}


def test_warnings_that_are_errors_end_nothing(transport: Transport, logs: Account) -> None:
    """python -W error would end watchtower's thread with its first warning, and every later event with it."""
    assert any(action == "error" for action, *_ in warnings.filters)
    logs.fail({"kind": "throttle", "times": 1})
    deliver(transport, events(10), events(10, first=10))
    assert len(set(ids(logs))) == 20


def test_nothing_that_is_sent_comes_back_as_a_log_line(
    transport: Transport, logs: Account, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "athena_exporter.events"):
        deliver(transport, events(3))
    assert [record for record in caplog.records if record.name == "athena_exporter.events"] == []
    assert len(ids(logs)) == 3


# -- rounds out of the outbox -----------------------------------------------------------------------------------------


def fact(seq: int, *, tables: int = 2, target: Target = TARGET, at: datetime = NOW) -> StoredFact:
    uses = [
        {"catalog": "c", "database": "d", "table": f"t{n}", "mode": "read", "via_view": None} for n in range(tables)
    ]
    untold = dict.fromkeys(
        ("catalog", "database", "statement_type", "substatement_type", "queue_ms", "planning_ms", "engine_ms", "error",
         "service_pre_ms", "service_ms", "total_ms", "dpu_count", "result_reused", "sql_digest", "sql_text", "unparsed")
    )  # fmt: skip  # a list of names reads best in rows
    told = {
        "query_id": f"query-{seq}", "at": at.isoformat(), "attribution": "known", "workload": None,
        "identity": {"user": "ann", "role": None, "kind": "person", "client": "c"}, "billed_bytes": 1,
        "cost_nanousd": 1,
        "execution": untold | {"workgroup": "w", "state": "succeeded", "scanned_bytes": 1, "cutoff_hit": False,
                               "submitted_at": at.isoformat(), "ended_at": at.isoformat(), "tables": uses},
    }  # fmt: skip  # as above
    return StoredFact(seq=seq, kind="query", target=target, body=json.dumps(told), written_ms=0)


class Hand:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
def delivery(logs: Account, fates: Fates, box: Box, hand: Hand) -> Iterator[Delivery]:
    made = Delivery(
        outbox=box, consumer="events", client=logs.client, groups=GROUPS, tally=fates, now=lambda: NOW,
        monotonic=hand, chance=lambda: 0.0,
    )  # fmt: skip  # eight arguments read best as a block
    yield made
    made.close()


def test_a_fact_is_acknowledged_when_all_its_events_were_accepted(delivery: Delivery, logs: Account, box: Box) -> None:
    box.facts = [fact(1), fact(2)]
    assert delivery.run_once()
    assert box.acknowledged == 2
    assert len(logs.arrived(GROUPS.table_access)) == 4
    assert len(logs.arrived(GROUPS.queries)) == 2
    assert not delivery.run_once()


def test_each_target_has_a_stream_of_its_own(delivery: Delivery, logs: Account, box: Box) -> None:
    box.facts = [fact(1), fact(2, target=Target(account_id="210987654321", region="eu-west-2"))]
    delivery.run_once()
    streams = {event["query_id"]: event["@logStream"] for event in logs.arrived(GROUPS.queries)}
    assert streams == {"query-1": "123456789012/eu-west-1", "query-2": "210987654321/eu-west-2"}


def test_nothing_is_acknowledged_while_anything_is_open(
    delivery: Delivery, logs: Account, box: Box, hand: Hand
) -> None:
    box.facts = [fact(1)]
    logs.fail({"kind": "unavailable"})
    with pytest.raises(ClientError):
        delivery.run_once()
    assert box.acknowledged == 0
    logs.fail()
    hand.seconds += 60
    assert delivery.run_once()
    assert box.acknowledged == 1
    assert {event["access_id"] for event in logs.arrived(GROUPS.table_access)} != set()


def test_a_fact_whose_events_will_never_be_taken_is_done(
    delivery: Delivery, box: Box, fates: Fates, logs: Account
) -> None:
    box.facts = [fact(1, at=NOW - 20 * DAY), fact(2)]
    assert delivery.run_once()
    assert box.acknowledged == 2
    assert fates.counts["too_old", GROUPS.table_access] == 2
    assert fates.counts["too_old", GROUPS.queries] == 1
    assert len(logs.arrived(GROUPS.queries)) == 1


def test_after_a_failure_it_waits_longer_each_time_and_asks_nothing_meanwhile(
    delivery: Delivery, logs: Account, box: Box, hand: Hand
) -> None:
    box.facts = [fact(1)]
    logs.fail({"kind": "throttle"})
    waited = []
    for _ in range(9):
        with pytest.raises(ClientError):
            delivery.run_once()
        before = hand.seconds
        while delivery.is_waiting:
            assert not delivery.run_once()
            hand.seconds += 0.5
        waited.append(hand.seconds - before)
    assert waited == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_the_pause_after_failures_is_never_the_same_for_two_exporters() -> None:
    hand = Hand()
    least, most = Backoff(hand, lambda: 0.0), Backoff(hand, lambda: 0.999)
    least.failed()
    most.failed()
    hand.seconds = 0.5
    assert (least.is_waiting, most.is_waiting) == (False, True)


def test_a_round_is_bounded_and_the_next_one_follows_at_once(delivery: Delivery, box: Box) -> None:
    box.facts = [fact(seq, tables=0) for seq in range(1, FACTS_AT_ONCE + 2)]
    assert delivery.run_once()
    assert box.acknowledged == FACTS_AT_ONCE
    assert set(box.asked) == {FACTS_AT_ONCE}
    assert delivery.run_once()
    assert box.acknowledged == FACTS_AT_ONCE + 1


def test_each_round_is_acknowledged_for_itself(delivery: Delivery, box: Box, logs: Account) -> None:
    box.facts = [fact(seq, tables=0) for seq in range(1, FACTS_AT_ONCE + 2)]
    assert delivery.run_once()
    assert (box.acknowledged, len(box.asked)) == (FACTS_AT_ONCE, 2)
    assert delivery.run_once()
    assert box.acknowledged == len(logs.arrived(GROUPS.queries)) == FACTS_AT_ONCE + 1


def test_a_round_is_read_ahead_once_however_often_the_one_before_it_fails(
    delivery: Delivery, box: Box, logs: Account, hand: Hand
) -> None:
    box.facts = [fact(seq, tables=0) for seq in range(1, FACTS_AT_ONCE + 2)]
    logs.fail({"kind": "throttle", "times": 3})
    for _ in range(3):
        with pytest.raises(ClientError):
            delivery.run_once()
        hand.seconds += 60
    while delivery.run_once():
        pass
    assert box.acknowledged == FACTS_AT_ONCE + 1
    assert len(logs.arrived(GROUPS.queries)) == FACTS_AT_ONCE + 1
    assert len(box.asked) == 4, "two rounds, and twice nothing"


class BrittleBox(Box):
    """Can be read once, then its disk is gone."""

    def pending_facts(self, consumer: str, limit: int, *, after: int = 0) -> list[StoredFact]:
        if self.asked:
            raise LedgerError("gone")
        return super().pending_facts(consumer, limit, after=after)


def test_an_outbox_that_cannot_be_read_ahead_does_not_undo_the_round_that_was_accepted(
    logs: Account, fates: Fates
) -> None:
    box = BrittleBox(facts=[fact(1)])
    delivery = Delivery(
        outbox=box, consumer="events", client=logs.client, groups=GROUPS, tally=fates, now=lambda: NOW,
        monotonic=time.monotonic,
    )  # fmt: skip  # seven arguments read best as a block
    with closing(delivery), pytest.raises(LedgerError, match="gone"):
        delivery.run_once()
    assert box.acknowledged == 1
    assert len(logs.arrived(GROUPS.queries)) == 1


def test_a_delivery_that_ends_in_the_middle_ends_soon_and_acknowledges_nothing(logs: Account, fates: Fates) -> None:
    box = Box(facts=[fact(1)])
    delivery = Delivery(
        outbox=box, consumer="events", client=logs.client, groups=GROUPS, tally=fates, now=lambda: NOW,
        monotonic=time.monotonic,
    )  # fmt: skip  # seven arguments read best as a block
    logs.fail({"kind": "timeout", "seconds": 2})
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(delivery.run_once()), daemon=True)
    thread.start()
    until(lambda: logs.testbed.testbed.faults.json()[0]["given"], what="a batch is on its way", every=0.02)
    began = time.monotonic()
    delivery.close()
    thread.join(timeout=60)
    assert time.monotonic() - began < 45, "watchtower itself waits a minute"
    assert answers == [False]
    assert box.acknowledged == 0
