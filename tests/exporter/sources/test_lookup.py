"""The source `lookup` against the embedded account, over the real wire."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from fake_knowledge import FakeKnowledge
from source_world import QUIET, Hand, MakeWorld, World

from athena_exporter.records import Evidence, StartedQuery
from athena_exporter.sources.errors import explain, reason
from athena_exporter.sources.lookup import LEAST_PAGES


def iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def start(world: World, *, ago: timedelta = timedelta(minutes=1), delay: float = 0, **given: object) -> str:
    """A query that was started so long ago, and whose event CloudTrail shows so many seconds later; its id."""
    at = world.clock() - ago
    ended = at + timedelta(seconds=1)
    return world.add(submitted_at=iso(at), ended_at=iso(ended), event_delay_seconds=delay, **given)


def meet(world: World, knowledge: FakeKnowledge) -> None:
    """Let the ledger know what ran, so that it lacks the starts."""
    knowledge.take(world.athena())


def test_every_start_is_read_to_the_last_page(world: World) -> None:
    ids = {start(world, ago=timedelta(seconds=10 + place)) for place in range(130)}
    knowledge = FakeKnowledge()
    meet(world, knowledge)
    knowledge.take(world.lookup())
    assert set(knowledge.starts) == ids
    assert max(len(batch.records) for batch in knowledge.batches if batch.source == "lookup") == 50


def test_a_first_page_is_committed_before_the_second_is_asked_for(world: World) -> None:
    for place in range(120):
        start(world, ago=timedelta(seconds=10 + place))
    knowledge = FakeKnowledge()
    meet(world, knowledge)
    first = next(knowledge.steps(world.lookup()))
    assert len(first.records) == 50
    assert first.reads == ()
    assert world.asked("LookupEvents") == 1


def test_everybody_is_named_as_the_account_names_them(world: World) -> None:
    principals = world.running.testbed.account.company.principals
    labels = {
        start(world, ago=timedelta(seconds=30 + place), person=name): principal.label
        for place, (name, principal) in enumerate(principals.items())
    }
    knowledge = FakeKnowledge()
    meet(world, knowledge)
    knowledge.take(world.lookup())
    assert {query_id: each.identity.user for query_id, each in knowledge.starts.items()} == labels


def test_a_late_start_is_asked_for_again_until_it_comes(still: World, hand: Hand) -> None:
    query_id = start(still, ago=timedelta(minutes=1), delay=60 * 100)
    knowledge, source = FakeKnowledge(), still.lookup(full_interval=timedelta(days=1))
    meet(still, knowledge)
    waited = 0
    while query_id not in knowledge.starts:
        knowledge.take(source)
        hand.at += timedelta(seconds=30)
        waited += 1
        assert waited < 400
    assert 198 <= waited <= 198 + 17  # at that age every 16th pass asks for it


def test_old_starts_are_asked_for_ever_more_rarely(still: World, hand: Hand) -> None:
    knowledge, source = FakeKnowledge(), still.lookup(full_interval=timedelta(days=1))
    start(still, ago=timedelta(minutes=1), delay=10**6)
    meet(still, knowledge)
    while knowledge.cursor("lookup", "full_pass") is None:
        knowledge.take(source)
    asked = []
    for age in (timedelta(0), timedelta(minutes=20), timedelta(hours=1), timedelta(hours=9)):
        hand.at = datetime.now(tz=UTC) + age
        knowledge.take(source)
        still.calls.clear()
        for _ in range(64):
            knowledge.take(source)
        asked.append(still.asked("LookupEvents"))
    assert asked == [64, 32, 8, 1]


def test_a_window_read_to_its_end_is_proved_with_aws_clock(make_world: MakeWorld) -> None:
    with make_world(replace(QUIET, clock_skew=timedelta(hours=1))) as world:
        before = world.clock()
        knowledge, source = FakeKnowledge(), world.lookup()
        knowledge.take(source)
        for read in knowledge.proofs(Evidence.IDENTITIES):
            assert timedelta(minutes=59) < read.begun_at - before < timedelta(minutes=61)
            assert read.since < read.until <= read.begun_at
        start(world, ago=timedelta(hours=-1, seconds=1))
        meet(world, knowledge)
        source.read(knowledge)
        knowledge.take(source)
    (submitted,) = (execution.submitted_at for execution in knowledge.executions.values())
    assert any(read.since <= submitted < read.until for read in knowledge.proofs(Evidence.IDENTITIES))


def test_a_full_pass_proves_the_whole_patience_window_without_a_gap(still: World, hand: Hand) -> None:
    knowledge, source = FakeKnowledge(), still.lookup()
    while knowledge.cursor("lookup", "full_pass") is None:
        knowledge.take(source)
    reads = sorted(knowledge.proofs(Evidence.IDENTITIES), key=lambda read: read.since)
    assert reads[0].since == hand.at - timedelta(hours=5)
    assert reads[-1].until == hand.at.replace(microsecond=0)
    assert all(one.until == next_one.since for one, next_one in itertools.pairwise(reads))


def test_a_full_pass_reaches_back_to_a_query_that_waits_since_long(still: World) -> None:
    start(still, ago=timedelta(days=20), delay=10**7)
    knowledge, source = FakeKnowledge(), still.lookup()
    meet(still, knowledge)
    for _ in range(3):
        knowledge.take(source)
    (submitted,) = knowledge.awaiting_identity()
    assert any(read.since <= submitted < read.until for read in knowledge.proofs(Evidence.IDENTITIES))
    assert still.asked("LookupEvents") < 10  # around it, not all the twenty days


def test_a_restart_does_not_repeat_a_full_pass(still: World, hand: Hand) -> None:
    knowledge = FakeKnowledge()
    first = still.lookup()
    for _ in range(3):
        knowledge.take(first)
    still.calls.clear()
    knowledge.take(still.lookup())
    assert still.asked("LookupEvents") == 0
    hand.at += timedelta(hours=1, seconds=1)
    knowledge.take(still.lookup())
    assert still.asked("LookupEvents") > 0


def test_a_full_pass_is_paused_between_pages_so_that_young_starts_need_not_wait(still: World) -> None:
    ids = {start(still, ago=timedelta(minutes=50, seconds=place)) for place in range(1800)}
    knowledge, source = FakeKnowledge(), still.lookup()
    knowledge.take(source)
    assert still.asked("LookupEvents") == LEAST_PAGES
    while knowledge.cursor("lookup", "full_pass") is None:
        knowledge.take(source)
        assert still.asked("LookupEvents") < 60
    assert set(knowledge.starts) == ids
    assert len(knowledge.proofs(Evidence.IDENTITIES)) == 5


def test_a_window_that_failed_in_the_middle_is_not_taken_for_complete(still: World) -> None:
    for place in range(200):
        start(still, ago=timedelta(minutes=10, seconds=place))
    still.running.testbed.plan_faults([{"kind": "denied", "operation": "LookupEvents", "after": 2, "times": 1}])
    knowledge, source = FakeKnowledge(), still.lookup()
    with pytest.raises(ClientError) as caught:
        knowledge.take(source)
    assert "needs cloudtrail:LookupEvents" in explain(caught.value)
    assert knowledge.proofs(Evidence.IDENTITIES) == []
    while knowledge.cursor("lookup", "full_pass") is None:
        knowledge.take(source)
    assert len(knowledge.starts) == 200


def test_refused_starts_are_counted_by_their_event(make_world: MakeWorld) -> None:
    refusing = replace(QUIET, history=timedelta(hours=2), history_queries_per_day=2400, failed_starts=0.5)
    with make_world(refusing) as world:
        knowledge, source = FakeKnowledge(), world.lookup()
        while knowledge.cursor("lookup", "full_pass") is None:
            knowledge.take(source)
        assert len(knowledge.failed) > 20
        assert all(each.error_code for each in knowledge.failed.values())
        assert set(knowledge.failed).isdisjoint(each.event_id for each in knowledge.starts.values())


@pytest.mark.parametrize("kind", ["throttle", "internal", "drop_after", "garbage", "truncated"])
def test_all_pages_are_read_although_every_fourth_call_fails(world: World, kind: str) -> None:
    ids = {start(world, ago=timedelta(seconds=10 + place)) for place in range(300)}
    world.running.testbed.plan_faults([{"kind": kind, "operation": "LookupEvents", "every": 4}])
    knowledge = FakeKnowledge(low_water=world.clock() - timedelta(hours=1))
    meet(world, knowledge)
    knowledge.take(world.lookup())
    assert set(knowledge.starts) == ids


@pytest.mark.parametrize(
    ("kind", "why"),
    [("html", "answer"), ("expired", "credentials"), ("unrecognized", "credentials"), ("denied", "denied")],
)
def test_a_failing_event_history_raises_and_proves_nothing(world: World, kind: str, why: str) -> None:
    world.running.testbed.plan_faults([{"kind": kind, "operation": "LookupEvents"}])
    knowledge = FakeKnowledge()
    with pytest.raises((ClientError, BotoCoreError)) as caught:
        knowledge.take(world.lookup())
    assert reason(caught.value) == why  # type: ignore[arg-type]  # the two classes above
    assert knowledge.reads == []


def test_duplicate_and_disordered_events_are_all_delivered(make_world: MakeWorld) -> None:
    messy = replace(QUIET, duplicate_events=0.5, disordered_events=0.5)
    with make_world(messy) as world:
        ids = {start(world, ago=timedelta(seconds=20 + place)) for place in range(150)}
        knowledge = FakeKnowledge()
        meet(world, knowledge)
        knowledge.take(world.lookup())
        delivered = [
            record for batch in knowledge.batches for record in batch.records if isinstance(record, StartedQuery)
        ]
        assert len(delivered) > len(ids)
        assert set(knowledge.starts) == ids
