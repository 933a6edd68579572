"""Events of EventBridge through a queue: what runs, what has ended, who started it, and what does not belong there."""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from bridges import READS, WITH_READS, Bridged, bridged
from fake_knowledge import FakeKnowledge
from source_world import QUIET, TARGET, Hand, MakeWorld, World

from athena_exporter.records import QueryExecution, State, TableEvent, Target
from athena_exporter.sources.announced import Announcements
from athena_exporter.sources.bridge_events import AlienError, StateChange, read_bridge_event
from athena_exporter.sources.eventbridge import PAUSES, EventBridgeSource
from athena_exporter.sources.identity import IdentityRules
from athena_exporter.sources.queues import LONGEST_WAIT, UNUSED, USED, Poison, Queue

NOW = timedelta(0)
PROMPT = {"state_change_delay": NOW, "lost_changes": 0.0, "duplicate_changes": 0.0, "disordered_changes": 0.0}


@dataclass(slots=True)
class Bench:
    """An account with its bus, a queue, and a clock for pauses that the test moves."""

    world: World
    made: Bridged
    knowledge: FakeKnowledge = field(default_factory=FakeKnowledge)
    announced: Announcements = field(default_factory=Announcements)
    seconds: float = 0.0

    def source(self, **changed: Any) -> EventBridgeSource:
        queue = Queue(
            client=self.world.session.sqs(),
            url=changed.pop("url", self.made.url),
            source="eventbridge",
            target=TARGET,
            clock=self.world.clock,
            pause=lambda _: None,
        )
        return EventBridgeSource(
            queue=queue,
            client=self.world.session.athena(),
            target=TARGET,
            rules=IdentityRules.of(),
            clock=self.world.clock,
            monotonic=lambda: self.seconds,
            announcements=self.announced,
            wait=changed.pop("wait", NOW),
        )

    def read(self, source: EventBridgeSource) -> Mapping[str, int]:
        """One pass into the knowledge; what the messages came to."""
        results: Counter[str] = Counter()
        for batch in self.knowledge.take(source):
            results.update(batch.messages)
        return {result: number for result, number in results.items() if number}

    def states(self) -> dict[str, State]:
        return {query_id: one.state for query_id, one in self.knowledge.executions.items()}


def quiet(**settings: Any) -> Any:
    """The account in which nothing happens, with prompt events."""
    base = {name: getattr(QUIET, name) for name in ("queries_per_minute", "rates", "lost_events", "failed_starts")}
    return type(QUIET)(**{**base, **PROMPT, **settings})


@pytest.fixture
def bench(make_world: MakeWorld, hand: Hand) -> Iterator[Bench]:
    """With a clock that only the test moves."""
    with make_world(quiet(), hand=hand) as world, bridged(world.running.url) as made:
        yield Bench(world, made)


def query(bench: Bench, seconds: float = 1, *, ago: float = 0, **given: Any) -> str:
    """A query that runs for so long, from so many seconds ago on; its start is an event at once."""
    began = bench.world.clock() - timedelta(seconds=ago)
    ended = began + timedelta(seconds=seconds)
    times = {"submitted_at": began.isoformat(), "ended_at": ended.isoformat()}
    return bench.world.add(**{"event_delay_seconds": 0, **times, **given})


# -- what runs and what has ended -------------------------------------------------------------------------------------


def test_a_query_is_followed_from_the_queue_to_its_end(bench: Bench, hand: Hand) -> None:
    source = bench.source()
    bench.read(source)
    query_id = query(bench, 60, queue_ms=10_000)
    seen = []
    for seconds in (0, 15, 60):
        hand.at += timedelta(seconds=seconds)
        bench.read(source)
        seen.append(bench.states()[query_id])
    assert seen == [State.QUEUED, State.RUNNING, State.SUCCEEDED]
    assert bench.knowledge.executions[query_id].has_statistics
    assert bench.made.waiting() == 0


def test_an_end_is_recorded_as_a_sweep_records_it(bench: Bench) -> None:
    query_id = query(bench, ago=30, scanned_bytes=12_345, database="sales", workgroup="analytics")
    bench.read(bench.source())
    swept = FakeKnowledge()
    swept.take(bench.world.athena())
    assert bench.knowledge.executions[query_id] == swept.executions[query_id]


def test_messages_are_deleted_after_their_batch_is_committed(bench: Bench) -> None:
    query(bench, ago=30)
    steps = bench.knowledge.steps(bench.source())
    next(steps)
    assert bench.world.asked("DeleteMessageBatch") == 0
    list(steps)
    assert bench.world.asked("DeleteMessageBatch") == 2
    assert bench.made.waiting() == 0


def test_what_was_not_committed_comes_again(bench: Bench) -> None:
    query_id = query(bench, ago=30)
    bench.read(bench.source())
    bench.made.send(*_changes(query_id, "SUCCEEDED", sequence=4))
    next(bench.knowledge.steps(bench.source()))
    assert bench.made.waiting() == 1


def test_a_hundred_ends_take_two_calls_to_athena(bench: Bench) -> None:
    ids = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(100)]
    bench.made.send(*(one for query_id in ids for one in _changes(query_id, "SUCCEEDED")))
    bench.read(bench.source())
    assert bench.world.asked("BatchGetQueryExecution") == 2
    assert bench.made.waiting() == 0


def test_a_repeated_and_an_overtaken_change_ask_for_nothing(bench: Bench) -> None:
    query_id = query(bench, ago=30)
    source = bench.source()
    bench.read(source)
    asked = bench.world.asked("BatchGetQueryExecution")
    bench.made.send(*_changes(query_id, "SUCCEEDED", sequence=3), *_changes(query_id, "RUNNING", sequence=2))
    assert bench.read(source) == {USED: 2}
    assert bench.world.asked("BatchGetQueryExecution") == asked
    assert bench.states() == {query_id: State.SUCCEEDED}
    assert bench.made.waiting() == 0


def test_a_change_back_to_the_queue_is_seen(bench: Bench, hand: Hand) -> None:
    query_id = query(bench, 600, queue_ms=1_000)
    source = bench.source()
    hand.at += timedelta(seconds=5)
    bench.read(source)
    assert bench.states() == {query_id: State.RUNNING}
    asked = bench.world.asked("BatchGetQueryExecution")
    bench.made.send(*_changes(query_id, "QUEUED", sequence=3))
    bench.read(source)
    assert bench.world.asked("BatchGetQueryExecution") == asked + 1


def test_statistics_that_come_late_are_asked_for_until_they_are_there(bench: Bench) -> None:
    query_id = query(bench, ago=30)
    bench.world.running.plan_faults([{"kind": "without_statistics", "operation": "athena:*", "times": 2}])
    source = bench.source()
    found = []
    for _ in range(4):
        bench.read(source)
        found.append(bench.knowledge.executions[query_id].has_statistics)
        bench.seconds += 2
    assert found == [False, False, True, True]
    asked = bench.world.asked("BatchGetQueryExecution")
    bench.seconds += sum(PAUSES)
    bench.read(source)
    assert bench.world.asked("BatchGetQueryExecution") == asked


def test_what_the_ledger_waits_for_is_asked_for_once_a_second_however_many_passes_there_are(bench: Bench) -> None:
    asked = []

    class Asked(FakeKnowledge):
        def awaiting_statistics(self) -> Sequence[str]:
            asked.append(bench.seconds)
            return super().awaiting_statistics()

    bench.knowledge = Asked()
    source = bench.source()
    for bench.seconds in (0.0, 0.5, 0.9, 1.0, 1.5, 2.0):
        bench.read(source)
    assert asked == [0.0, 1.0, 2.0]


def test_statistics_are_asked_for_again_after_a_restart(bench: Bench) -> None:
    query_id = query(bench, ago=30)
    bench.world.running.plan_faults([{"kind": "without_statistics", "operation": "athena:*", "times": 1}])
    bench.read(bench.source())
    restarted = bench.source()
    bench.read(restarted)
    bench.seconds += PAUSES[0]
    bench.read(restarted)
    assert bench.knowledge.executions[query_id].has_statistics


def test_what_a_sweep_has_found_meanwhile_is_not_asked_for_again(bench: Bench) -> None:
    ended, running = query(bench, ago=30), query(bench, 60)
    bench.knowledge.take(bench.world.athena())
    asked = bench.world.asked("BatchGetQueryExecution")
    found = []
    for batch in bench.knowledge.take(bench.source()):
        found += [one.query_id for one in batch.records if isinstance(one, QueryExecution)]
    assert found == [running]
    assert ended in bench.knowledge.counted([ended, running])
    assert bench.world.asked("BatchGetQueryExecution") == asked + 1
    assert bench.made.waiting() == 0


def test_an_end_that_athena_does_not_show_yet_is_asked_for_again(bench: Bench, hand: Hand) -> None:
    query_id = query(bench, 5, queue_ms=0)
    source = bench.source()
    bench.read(source)
    bench.made.send(*_changes(query_id, "SUCCEEDED", sequence=9))
    bench.read(source)
    assert not bench.states()[query_id].final
    hand.at += timedelta(seconds=6)
    bench.seconds += PAUSES[0]
    bench.read(source)
    assert bench.states() == {query_id: State.SUCCEEDED}


def test_what_athena_never_tells_is_given_up_to_the_sweep(bench: Bench) -> None:
    bench.made.send(*_changes("00000000-0000-4000-8000-000000000000", "SUCCEEDED"))
    source = bench.source()
    for _ in range(len(PAUSES) + 3):
        bench.read(source)
        bench.seconds += max(PAUSES)
    assert bench.world.asked("BatchGetQueryExecution") == len(PAUSES) + 1


def test_what_ended_below_the_low_water_is_not_recorded(bench: Bench) -> None:
    query(bench, ago=7200)
    bench.knowledge = FakeKnowledge(low_water=bench.world.clock() - timedelta(hours=1))
    bench.read(bench.source())
    assert bench.states() == {}
    assert bench.made.waiting() == 0


def test_an_event_of_a_kind_that_is_yet_to_come_is_no_error(bench: Bench) -> None:
    query_id = query(bench, ago=30)
    bench.read(bench.source())
    (event,) = _changes(query_id, "PAUSED", sequence=9)
    bench.made.send(event | {"detail": event["detail"] | {"newField": [1]}})
    assert bench.read(bench.source()) == {USED: 1}


# -- who started it ---------------------------------------------------------------------------------------------------


def test_a_start_names_who_lookup_would_name(bench: Bench) -> None:
    query_id = query(bench, ago=30, client="console")
    bench.read(bench.source())
    looked = FakeKnowledge()
    looked.take(bench.world.athena())
    looked.take(bench.world.lookup())
    assert bench.knowledge.starts[query_id] == looked.starts[query_id]


def test_a_refused_start_has_the_event_id_that_lookup_tells(make_world: MakeWorld) -> None:
    settings = quiet(failed_starts=1.0, queries_per_minute=600, max_queries=None, api_event_delay=NOW,
                     cloudtrail_delay=NOW)  # fmt: skip  # two lines are enough
    with make_world(settings) as world, bridged(world.running.url) as made:
        bench = Bench(world, made)
        source, looked = bench.source(), FakeKnowledge()
        while not bench.knowledge.failed:
            bench.read(source)
        looked.take(world.lookup())
        assert bench.knowledge.failed.keys() & looked.failed.keys() == bench.knowledge.failed.keys()
        event_id = next(iter(bench.knowledge.failed))
        assert bench.knowledge.failed[event_id] == looked.failed[event_id]


def test_reads_of_tables_come_through_a_rule_that_asks_for_reads(make_world: MakeWorld, hand: Hand) -> None:
    settings = quiet(governed_database="sales", catalogue_events=0.0)
    with make_world(settings, hand=hand) as world, bridged(world.running.url) as made:
        bench = Bench(world, made)
        made.rule("reads", READS, WITH_READS)
        source = bench.source()
        bench.read(source)
        query_id = query(bench, ago=30, sql="SELECT * FROM sales.orders", tables=["orders"], database="sales")
        bench.read(source)
        told = [one for batch in bench.knowledge.batches for one in batch.records if isinstance(one, TableEvent)]
        assert {(one.api, one.query_id, one.database) for one in told} == {("GetDataAccess", query_id, "sales")}


def test_identities_are_not_held_back_by_an_athena_that_fails(bench: Bench) -> None:
    query_id = query(bench, ago=30)
    bench.world.running.plan_faults([{"kind": "denied", "operation": "athena:*"}])
    with pytest.raises(ClientError):
        bench.read(bench.source())
    assert set(bench.knowledge.starts) == {query_id}
    assert bench.world.asked("DeleteMessageBatch") == 1


# -- what does not belong there ---------------------------------------------------------------------------------------


def _changes(query_id: str, state: str, sequence: int = 3, **envelope: Any) -> list[dict[str, Any]]:
    """One event, as AWS documents it, with another envelope."""
    detail = {
        "versionId": "0",
        "currentState": state,
        "previousState": "RUNNING",
        "statementType": "DML",
        "queryExecutionId": query_id,
        "workgroupName": "primary",
        "sequenceNumber": str(sequence),
    }
    event = {
        "version": "0",
        "id": "abcdef00-1234-5678-9abc-def012345678",
        "detail-type": "Athena Query State Change",
        "source": "aws.athena",
        "account": TARGET.account_id,
        "time": "2026-11-23T09:30:10Z",
        "region": TARGET.region,
        "resources": [],
        "detail": detail,
    }
    return [{**event, **envelope}]


ALIENS: Mapping[str, tuple[dict[str, Any], Poison]] = {
    "another account's": (_changes("a", "SUCCEEDED", account="210987654321")[0], Poison.OTHER_ACCOUNT),
    "another Region's": (_changes("a", "SUCCEEDED", region="us-east-1")[0], Poison.OTHER_REGION),
    "another service's": (_changes("a", "SUCCEEDED", source="aws.ec2")[0], Poison.ALIEN),
    "somebody's own event": (_changes("a", "SUCCEEDED", source="com.example.shop")[0], Poison.ALIEN),
    "an order of a shop": ({"order": 17, "items": ["tea"]}, Poison.ALIEN),
    "a detail that is a text": (_changes("a", "SUCCEEDED", detail="{}")[0], Poison.ALIEN),
    "a source that is a list": (_changes("a", "SUCCEEDED", source=["aws.athena"])[0], Poison.ALIEN),
    "a change without a query": (_changes("", "SUCCEEDED")[0], Poison.MALFORMED),
    "an id that is none": (_changes("a b;c", "SUCCEEDED")[0], Poison.MALFORMED),
    "a call without a time": (
        _changes("a", "x")[0] | {"detail-type": "AWS API Call via CloudTrail", "detail": {"eventID": "1"}},
        Poison.MALFORMED,
    ),
}  # fmt: skip  # a table reads best in rows


@pytest.mark.parametrize(("event", "poison"), ALIENS.values(), ids=list(ALIENS))
def test_what_does_not_belong_here_is_named_and_why(event: dict[str, Any], poison: Poison) -> None:
    with pytest.raises(AlienError) as caught:
        read_bridge_event(event, rules=IdentityRules.of(), target=TARGET)
    assert caught.value.poison is poison


def test_aliens_are_counted_and_left_and_the_rest_goes_on(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    query_id = query(bench, ago=30)
    source = bench.source()
    bench.made.send("no JSON at all", *(event for event, _ in ALIENS.values()))
    with caplog.at_level(logging.WARNING):
        results = bench.read(source)
    expected = Counter(poison.value for _, poison in ALIENS.values()) + Counter([Poison.NO_JSON.value])
    assert {result: number for result, number in results.items() if result != USED} == dict(expected)
    assert bench.states() == {query_id: State.SUCCEEDED}
    assert bench.made.waiting() == len(ALIENS) + 1
    assert len(caplog.records) == len(expected)
    assert "order" not in caplog.text
    assert "tea" not in caplog.text


def test_well_formed_events_of_no_interest_are_deleted(bench: Bench) -> None:
    (engine,) = _changes("a", "x")
    stop = {
        "eventSource": "athena.amazonaws.com",
        "eventName": "StopQueryExecution",
        "eventTime": "2026-11-23T09:30:10Z",
    }
    bench.made.send(
        engine | {"detail-type": "Athena Engine Version Change"},
        engine | {"detail-type": "AWS API Call via CloudTrail", "detail": stop},
    )
    assert bench.read(bench.source()) == {UNUSED: 2}
    assert bench.made.waiting() == 0


def test_every_result_has_its_series_from_the_first_pass_on(bench: Bench) -> None:
    (batch,) = bench.knowledge.take(bench.source())
    assert batch.messages == dict.fromkeys((USED, UNUSED, *Poison), 0)


def test_a_queue_without_a_dead_letter_queue_is_told_once(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    with bridged(bench.world.running.url, rules=(), dead_letters=False) as made, caplog.at_level(logging.WARNING):
        source = bench.source(url=made.url)
        bench.read(source)
        bench.read(source)
    (said,) = [record.getMessage() for record in caplog.records]
    assert "the queue has no redrive policy" in said


def test_who_may_not_look_at_the_queues_settings_reads_it_all_the_same(bench: Bench) -> None:
    query_id = query(bench, ago=30)
    bench.world.running.plan_faults([{"kind": "denied", "operation": "sqs:GetQueueAttributes"}])
    source = bench.source()
    with pytest.raises(ClientError):
        bench.read(source)
    assert bench.states() == {query_id: State.SUCCEEDED}
    bench.read(source)


def test_a_change_is_final_by_its_state_and_ordered_by_its_number() -> None:
    def read(event: dict[str, Any]) -> object:
        return read_bridge_event(event, rules=IdentityRules.of(), target=TARGET)

    (event,) = _changes("a", "CANCELED", sequence=7)
    assert read(event) == StateChange(query_id="a", is_final=True, sequence=7)
    odd = event | {"detail": event["detail"] | {"sequenceNumber": "seven", "currentState": "RUNNING"}}
    assert read(odd) == StateChange(query_id="a", is_final=False, sequence=None)


def test_without_numbers_the_end_is_the_last_change(bench: Bench) -> None:
    query_id = query(bench, ago=30)
    source = bench.source()
    bench.read(source)
    events = [*_changes(query_id, "SUCCEEDED"), *_changes(query_id, "RUNNING")]
    bench.made.send(*(event | {"detail": event["detail"] | {"sequenceNumber": None}} for event in events))
    assert bench.read(source) == {USED: 2}
    assert bench.states() == {query_id: State.SUCCEEDED}


# -- the net below ----------------------------------------------------------------------------------------------------


def test_the_sweep_counts_what_no_event_told(bench: Bench, hand: Hand) -> None:
    source, sweep = bench.source(), bench.world.athena(announcements=bench.announced)
    bench.read(source)
    told = query(bench, 1)
    hand.at += timedelta(seconds=5)
    bench.read(source)
    for rule in ("changes", "starts"):
        bench.made.events[0].disable_rule(Name=rule)
    lost = query(bench, 1)
    hand.at += timedelta(minutes=5)
    missed = []
    for _ in range(3):
        bench.read(source)
        missed += [batch.missed for batch in bench.knowledge.take(sweep) if batch.missed is not None]
    assert set(bench.states()) == {told, lost}
    assert missed == [1, 0, 0]


def test_a_sweep_to_whom_nobody_listens_measures_nothing(bench: Bench) -> None:
    query(bench, ago=30)
    assert {batch.missed for batch in bench.knowledge.take(bench.world.athena())} == {None}


def test_the_queue_is_waited_for_no_longer_than_the_next_try(bench: Bench) -> None:
    query(bench, ago=30)
    bench.world.running.plan_faults([{"kind": "without_statistics", "operation": "athena:*"}])
    source = bench.source(wait=LONGEST_WAIT)
    bench.read(source)
    began = datetime.now(UTC)
    bench.read(source)
    assert datetime.now(UTC) - began < LONGEST_WAIT / 2


def test_it_is_named_as_it_is_configured(bench: Bench) -> None:
    source = bench.source()
    assert (source.name, source.target) == ("eventbridge", Target(account_id="123456789012", region="eu-west-1"))
