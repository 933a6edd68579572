"""The source `athena` against the embedded account, over the real wire."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from fake_knowledge import FakeKnowledge
from source_world import QUIET, Hand, MakeWorld, World

from athena_exporter.records import Evidence, QueryExecution, State
from athena_exporter.sources.athena import LONGEST_RUN
from athena_exporter.sources.errors import GarbledAnswerError, explain, reason


def iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def fill(world: World, count: int, *, workgroup: str = "primary", ended_ago: float = 60, **given: object) -> list[str]:
    """Queries a second apart, oldest first; the last one ended so many seconds ago."""
    now = world.clock()
    ends = [now - timedelta(seconds=ended_ago + count - place) for place in range(count)]
    return [
        world.add(
            workgroup=workgroup,
            submitted_at=iso(end - timedelta(seconds=1)),
            ended_at=iso(end),
            scanned_bytes=7,
            **given,
        )
        for end in ends
    ]


def test_every_query_of_every_workgroup_is_read_to_the_last_page(world: World) -> None:
    ids = {*fill(world, 120), *fill(world, 3, workgroup="dashboards"), *fill(world, 51, workgroup="dbt-prod")}
    knowledge = FakeKnowledge()
    knowledge.take(world.athena())
    assert set(knowledge.executions) == ids
    assert {execution.state for execution in knowledge.executions.values()} == {State.SUCCEEDED}


def test_what_was_read_equals_what_the_account_says(make_world: MakeWorld) -> None:
    busy = replace(QUIET, queries_per_minute=6000, max_queries=400, time_scale=0.001, statistics_delay=timedelta(0))
    with make_world(busy) as world:
        knowledge, source = FakeKnowledge(), world.athena()
        deadline = world.clock() + timedelta(seconds=60)
        while len(knowledge.executions) < 300 and world.clock() < deadline:
            knowledge.take(source)
        quiet = world.running.testbed.quiesce()
        last = datetime.fromisoformat(quiet["last_completion"])
        while not any(read.until > last for read in knowledge.reads) and world.clock() < deadline:
            knowledge.take(source)
        truth = world.running.testbed.truth()
    assert len(knowledge.executions) == truth["queries"]
    assert sum(each.scanned_bytes or 0 for each in knowledge.executions.values()) == truth["scanned_bytes"]


def test_an_idle_account_costs_one_list_a_workgroup_and_no_batch(world: World) -> None:
    fill(world, 60)
    knowledge, source = FakeKnowledge(), world.athena()
    for _ in range(3):
        knowledge.take(source)
    world.calls.clear()
    knowledge.take(source)
    workgroups = len(world.running.testbed.account.company.workgroups)
    assert world.asked("ListQueryExecutions") == workgroups
    assert world.asked("BatchGetQueryExecution") == 0


def test_queries_below_the_low_water_are_neither_delivered_nor_fetched_twice(world: World) -> None:
    fill(world, 70, ended_ago=3600)
    new = fill(world, 2, ended_ago=10)
    knowledge, source = FakeKnowledge(low_water=world.clock() - timedelta(minutes=5)), world.athena()
    knowledge.take(source)
    assert set(knowledge.executions) == set(new)
    world.calls.clear()
    knowledge.take(source)
    assert world.asked("BatchGetQueryExecution") == 0


def test_a_query_that_began_long_before_counting_and_ends_after_it_is_found(still: World, hand: Hand) -> None:
    low_water = hand.at
    long = still.add(submitted_at=iso(hand.at - timedelta(hours=9)), ended_at=iso(hand.at + timedelta(minutes=5)))
    fill(still, 160, ended_ago=60)
    knowledge, source = FakeKnowledge(low_water=low_water), still.athena()
    knowledge.take(source)
    assert knowledge.executions[long].state is State.RUNNING
    hand.at += timedelta(minutes=6)
    knowledge.take(source)
    assert knowledge.executions[long].state is State.SUCCEEDED


def test_a_deep_sweep_ends_where_nothing_can_still_run(still: World, hand: Hand) -> None:
    old = (LONGEST_RUN + timedelta(hours=1)).total_seconds()
    fill(still, 300, ended_ago=old)
    knowledge, source = FakeKnowledge(low_water=hand.at), still.athena()
    knowledge.take(source)
    workgroups = len(still.running.testbed.account.company.workgroups)
    assert still.asked("ListQueryExecutions") == 2 * workgroups
    assert knowledge.cursor("athena", "deep") is not None


def test_a_small_workgroup_does_not_wait_for_a_large_one_that_is_behind(world: World) -> None:
    fill(world, 210, workgroup="ad-hoc")
    small = fill(world, 1, workgroup="primary")
    pages = [
        {one.query_id for one in batch.records if isinstance(one, QueryExecution)}
        for batch in world.athena().read(FakeKnowledge())
    ]
    assert [len(page) for page in pages if page][:6] == [50, 1, 50, 50, 50, 10]
    assert pages[1] == {*small}


def test_an_interrupted_sweep_is_continued_down_through_its_gap(world: World) -> None:
    first = fill(world, 10, ended_ago=900)
    knowledge = FakeKnowledge()
    knowledge.take(world.athena())
    missed = fill(world, 200, ended_ago=300)
    for number, batch in enumerate(knowledge.steps(world.athena(deep_interval=timedelta(days=9)))):
        if number == 1:  # two pages are committed, and then the process dies
            assert batch.records
            break
    assert 0 < len(set(missed) & set(knowledge.executions)) < 200
    newer = fill(world, 1, ended_ago=1)
    knowledge.take(world.athena(deep_interval=timedelta(days=9)))
    assert set(knowledge.executions) == {*first, *missed, *newer}


def test_a_deep_sweep_finds_what_a_violated_order_has_hidden(still: World, hand: Hand) -> None:
    ids = fill(still, 150, ended_ago=60)
    knowledge, source = FakeKnowledge(), still.athena(deep_interval=timedelta(hours=6))
    for _ in range(3):
        knowledge.take(source)
    hidden = ids[20]
    knowledge.forget(hidden)
    knowledge.take(source)
    assert hidden not in knowledge.executions
    hand.at += timedelta(hours=6, seconds=1)
    knowledge.take(source)
    assert hidden in knowledge.executions


def test_a_deep_sweep_is_spread_over_passes_and_takes_up_its_place(still: World) -> None:
    fill(still, 400)
    knowledge, source = FakeKnowledge(), still.athena(deep_pages=6)
    passes = 0
    while knowledge.cursor("athena", "deep") is None:
        knowledge.take(source)
        passes += 1
        assert passes < 20
    workgroups = len(still.running.testbed.account.company.workgroups)
    assert passes == -(-(workgroups + 7) // 6)  # 8 pages in one workgroup, 1 in each other


def test_what_begins_and_what_ends_during_a_long_sweep_is_told_before_its_end(still: World, hand: Hand) -> None:
    old = fill(still, 600)
    running = still.add(submitted_at=iso(hand.at), ended_at=iso(hand.at + timedelta(minutes=3)), workgroup="dashboards")
    knowledge, source = FakeKnowledge(), still.athena(look_again=4, deep_pages=100)
    steps = knowledge.steps(source)
    while running not in knowledge.executions:
        next(steps)
    hand.at += timedelta(minutes=3)
    new = fill(still, 70, workgroup="dashboards", ended_ago=1)
    while not {*new} <= knowledge.executions.keys() or knowledge.executions[running].state is not State.SUCCEEDED:
        next(steps)
    assert old[0] not in knowledge.executions
    list(steps)
    assert {*old, *new, running} == knowledge.executions.keys()
    assert [read.begun_at for read in knowledge.proofs(Evidence.EXECUTIONS)] == [
        (hand.at - timedelta(minutes=3)).replace(microsecond=0)
    ]


def test_nothing_is_proved_before_the_first_deep_sweep_is_complete(still: World, hand: Hand) -> None:
    fill(still, 400)
    knowledge, source = FakeKnowledge(), still.athena(deep_pages=6)
    knowledge.take(source)
    assert knowledge.proofs(Evidence.EXECUTIONS) == []
    while knowledge.cursor("athena", "deep") is None:
        knowledge.take(source)
    assert [read.begun_at for read in knowledge.proofs(Evidence.EXECUTIONS)] == [hand.at.replace(microsecond=0)]


def test_the_proof_speaks_of_aws_clock_and_of_nothing_that_ended_after_the_pass_began(make_world: MakeWorld) -> None:
    with make_world() as world:
        world.running.testbed.plan_faults([{"kind": "skew", "seconds": 600}])
        knowledge = FakeKnowledge()
        before = world.clock().replace(microsecond=0)
        knowledge.take(world.athena())
        (read,) = knowledge.proofs(Evidence.EXECUTIONS)
    ahead = read.begun_at - before
    assert timedelta(minutes=10) <= ahead < timedelta(minutes=10, seconds=20)
    assert read.until < read.begun_at


def test_running_queries_are_asked_for_until_they_end(still: World, hand: Hand) -> None:
    query_id = still.add(submitted_at=iso(hand.at), ended_at=iso(hand.at + timedelta(minutes=3)), scanned_bytes=5)
    knowledge, source = FakeKnowledge(), still.athena()
    knowledge.take(source)
    running = knowledge.executions[query_id]
    assert (running.state.final, running.ended_at, running.scanned_bytes) == (False, None, None)
    hand.at += timedelta(minutes=4)
    knowledge.take(source)
    assert knowledge.executions[query_id].scanned_bytes == 5


def test_a_workgroup_deleted_between_two_calls_is_skipped_and_no_error(world: World) -> None:
    fill(world, 3, workgroup="dbt-prod")
    kept = fill(world, 3, workgroup="primary")
    knowledge = FakeKnowledge()
    steps = knowledge.steps(world.athena())
    world.running.testbed.plan_faults([])
    names = sorted(world.running.testbed.account.company.workgroups)
    gone = names[-1]
    next(steps)  # the workgroups are listed, and the first of them with queries is read
    world.running.testbed.delete_workgroup(gone)
    list(steps)
    assert set(kept) <= set(knowledge.executions)
    assert knowledge.proofs(Evidence.EXECUTIONS)


def test_ids_that_athena_will_not_tell_are_kept_as_unreadable_and_tried_again_rarely(still: World) -> None:
    for name in set(still.running.testbed.account.company.workgroups) - {"primary", "dbt-prod"}:
        still.running.testbed.delete_workgroup(name)  # each would cost a call in each of the many passes
    query_id = fill(still, 1, workgroup="dbt-prod", event_delay_seconds=0)[0]
    knowledge, source = FakeKnowledge(), still.athena()
    knowledge.take(source)
    knowledge.take(still.lookup())
    knowledge.forget(query_id)
    still.running.testbed.delete_workgroup("dbt-prod")
    still.calls.clear()
    for _ in range(64):
        knowledge.take(source)
    assert query_id in knowledge.unreadable
    assert still.asked("BatchGetQueryExecution") == 7  # pauses of 1, 2, 4, 8, 16, 32 passes
    assert knowledge.proofs(Evidence.EXECUTIONS)


def test_ids_lost_for_the_moment_come_later_and_nothing_is_proved_until_then(world: World) -> None:
    ids = fill(world, 260)
    world.running.testbed.plan_faults(
        [{"kind": "partial", "operation": "BatchGetQueryExecution", "share": 0.9, "times": 30}]
    )
    knowledge, source = FakeKnowledge(), world.athena(deep_interval=timedelta(days=9))
    knowledge.take(source)
    while set(knowledge.executions) != set(ids):
        assert knowledge.proofs(Evidence.EXECUTIONS) == []
        knowledge.take(source)
        assert world.asked("BatchGetQueryExecution") < 200
    knowledge.take(source)
    assert knowledge.proofs(Evidence.EXECUTIONS)
    assert knowledge.unreadable == {}


@pytest.mark.parametrize("kind", ["throttle", "too_many_requests", "internal", "unavailable", "drop_before", "garbage"])
def test_all_pages_are_read_although_every_fifth_call_fails(make_world: MakeWorld, kind: str) -> None:
    with make_world() as world:
        ids = fill(world, 160)
        world.running.testbed.plan_faults([{"kind": kind, "operation": "athena:*", "every": 5}])
        knowledge = FakeKnowledge()
        knowledge.take(world.athena())
        assert set(knowledge.executions) == set(ids)
        assert knowledge.proofs(Evidence.EXECUTIONS)


def test_all_pages_are_read_at_the_published_rates(make_world: MakeWorld) -> None:
    with make_world(replace(QUIET, rates=1.0)) as world:
        ids = fill(world, 200)
        knowledge = FakeKnowledge()
        knowledge.take(world.athena())
        assert set(knowledge.executions) == set(ids)


def test_one_forbidden_workgroup_blinds_nobody_to_the_others_and_proves_nothing(world: World) -> None:
    kept = fill(world, 3, workgroup="primary")
    fill(world, 3, workgroup="dbt-prod")
    world.running.testbed.plan_faults([{"kind": "denied", "operation": "ListQueryExecutions", "workgroup": "dbt-prod"}])
    knowledge, source = FakeKnowledge(), world.athena()
    with pytest.raises(ClientError) as caught:
        knowledge.take(source)
    assert reason(caught.value) == "denied"
    assert "needs athena:ListQueryExecutions" in explain(caught.value)
    assert set(knowledge.executions) == set(kept)
    assert knowledge.proofs(Evidence.EXECUTIONS) == []
    world.running.testbed.plan_faults([])
    knowledge.take(source)
    assert len(knowledge.executions) == 6
    assert knowledge.proofs(Evidence.EXECUTIONS)


@pytest.mark.parametrize("operation", ["ListWorkGroups", "ListQueryExecutions", "BatchGetQueryExecution"])
@pytest.mark.parametrize("kind", ["garbage", "html", "truncated"])
def test_a_garbled_answer_is_never_taken_for_an_empty_one(world: World, operation: str, kind: str) -> None:
    ids = fill(world, 3)
    world.running.testbed.plan_faults([{"kind": kind, "operation": operation}])
    knowledge, source = FakeKnowledge(), world.athena()
    with pytest.raises(GarbledAnswerError) as caught:
        knowledge.take(source)
    assert reason(caught.value) == "answer"
    assert knowledge.proofs(Evidence.EXECUTIONS) == []
    assert world.calls["athena", operation, "GarbledAnswerError"] == 3
    world.running.testbed.plan_faults([])
    knowledge.take(source)
    assert set(knowledge.executions) == set(ids)
