"""The source `cloudwatch` over the real wire: equal to the account's truth, and cheaper than the next best."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from botocore.exceptions import ClientError
from fake_knowledge import FakeKnowledge
from source_world import QUIET, TARGET, Hand, MakeWorld, World

from athena_exporter.config.sources import CloudWatchMetric, CloudWatchSettings, SourcesSettings
from athena_exporter.costs import Facts, estimate, peer
from athena_exporter.records import ActiveQueries, CapacityMinutes, Peaks, SettledMinutes
from athena_exporter.sources.cloudwatch import ActiveQueriesSource
from athena_exporter.sources.cloudwatch.positions import SETTLE, ceil_minute, floor_minute
from athena_exporter.sources.errors import explain

INTERVAL = timedelta(minutes=15)
PUBLISHED = ("succeeded", "failed", "cancelled")
BUSY = replace(
    QUIET, queries_per_minute=8.0, history=timedelta(days=1), history_queries_per_day=6_000.0, time_scale=0.2
)


def records(knowledge: FakeKnowledge) -> Iterator[object]:
    return (record for batch in knowledge.batches for record in batch.records)


def counted(knowledge: FakeKnowledge) -> tuple[Counter[tuple[str, str, str]], Counter[tuple[str, str, str]]]:
    """Queries and bytes."""
    queries: Counter[tuple[str, str, str]] = Counter()
    scanned: Counter[tuple[str, str, str]] = Counter()
    for record in records(knowledge):
        if isinstance(record, SettledMinutes):
            key = (record.workgroup, record.query_type, record.query_state)
            queries[key] += record.queries or 0
            scanned[key] += record.processed_bytes or 0
    return queries, scanned


def test_the_counters_equal_the_truth_of_every_workgroup_that_publishes(make_world: MakeWorld, hand: Hand) -> None:
    with make_world(BUSY, hand=hand) as world:
        since = hand.at - timedelta(hours=2, seconds=17)
        knowledge = FakeKnowledge(counting_since=since)
        for _ in range(13):
            knowledge.take(world.cloudwatch())
            hand.at += INTERVAL
        # A series that was born a moment ago is not listed yet, however settled its first minute is.
        world.running.testbed.quiesce()
        hand.at += timedelta(hours=1)
        knowledge.take(world.cloudwatch())
        truth = world.running.testbed.truth(ceil_minute(since), floor_minute(hand.at - SETTLE))
    queries, scanned = counted(knowledge)
    rows = {
        (row["workgroup"], row["statement_type"], row["state"].lower()): row
        for row in truth["by_workgroup_statement_type_state"]
    }
    silent = {key for key in rows if key[0] == "monitoring"}
    assert silent
    assert len(rows) > 20
    assert queries == {key: row["queries"] for key, row in rows.items() if key not in silent}
    dml = {key: row["scanned_bytes"] for key, row in rows.items() if key[1] == "DML" and key not in silent}
    assert {key: scanned[key] for key in dml} == dml
    assert any(isinstance(record, Peaks) and record.items for record in records(knowledge))


def test_reserved_capacity_is_read_in_both_spellings(make_world: MakeWorld, hand: Hand) -> None:
    told = []
    hand.at = floor_minute(hand.at)
    for spelled in ("Capacity Reservation", "CapacityReservation"):
        with make_world(replace(QUIET, capacity_dimension=spelled), hand=hand) as world:
            at = hand.at - timedelta(minutes=50)
            world.add(
                workgroup="risk-reserved",
                submitted_at=at.isoformat(),
                ended_at=(at + timedelta(minutes=3)).isoformat(),
                dpu_count=8,
            )
            knowledge = FakeKnowledge(counting_since=hand.at - timedelta(hours=1))
            knowledge.take(world.cloudwatch())
        told.append([record for record in records(knowledge) if isinstance(record, CapacityMinutes)])
    assert told[0] == told[1]
    (record,) = told[0]
    minutes = (record.until - record.since) // timedelta(minutes=1)
    used = sum(record.consumed_dpu_ms.values())
    assert minutes == 50
    assert set(record.consumed_dpu_ms) == {"risk-reserved"}
    assert used > 0
    assert record.idle_dpu_ms == record.allocated_dpu_ms - used


def test_active_queries_are_those_of_the_newest_minute(still: World, hand: Hand) -> None:
    for _ in range(3):
        still.add(
            submitted_at=(hand.at - timedelta(minutes=20)).isoformat(),
            ended_at=(hand.at + timedelta(hours=1)).isoformat(),
        )
    source = ActiveQueriesSource(client=still.session.cloudwatch(), target=TARGET, clock=still.clock)
    knowledge = FakeKnowledge()
    knowledge.take(source)
    assert list(records(knowledge)) == [ActiveQueries(by_type={"DML": 3})]
    (call,) = (each for each in still.running.testbed.calls() if each["operation"] == "GetMetricData")
    assert call["billed_metrics"] == 2


@pytest.mark.parametrize("operation", ["ListMetrics", "GetMetricData"])
def test_a_denied_permission_is_named(world: World, operation: str) -> None:
    world.add(submitted_at=(datetime.now(tz=UTC) - timedelta(hours=1)).isoformat())
    world.running.testbed.plan_faults([{"kind": "denied", "operation": operation}])
    knowledge = FakeKnowledge()
    with pytest.raises(ClientError) as caught:
        knowledge.take(world.cloudwatch())
    assert f"needs cloudwatch:{operation}" in explain(caught.value)
    assert not any("read_until" in batch.cursors for batch in knowledge.batches)


@pytest.mark.parametrize("kind", ["throttle", "internal", "drop_after", "garbage", "truncated"])
def test_a_failing_cloudwatch_counts_nothing_twice(make_world: MakeWorld, hand: Hand, kind: str) -> None:
    with make_world(QUIET, hand=hand) as world:
        for minutes in range(20, 80):
            at = hand.at - timedelta(minutes=minutes)
            world.add(submitted_at=at.isoformat(), ended_at=(at + timedelta(seconds=1)).isoformat())
        world.running.testbed.plan_faults([{"kind": kind, "operation": "cloudwatch:*", "every": 2, "times": 2}])
        knowledge = FakeKnowledge()
        for _ in range(2):
            knowledge.take(world.cloudwatch())
    assert counted(knowledge)[0].total() == 60


SIZES = (10, 60)  # 200, too, in benchmarks/bench_cost.py


@pytest.mark.no_cover
@pytest.mark.parametrize("workgroups", SIZES)
def test_an_hour_costs_what_the_table_says_and_less_than_a_third_of_the_next_best(
    make_world: MakeWorld, hand: Hand, workgroups: int
) -> None:
    """Every workgroup publishes every type and state; all seven metrics are asked for: the dearest hour there is."""
    with make_world(replace(QUIET, workgroups=max(workgroups, 15)), hand=hand) as world:
        names = [name for name in world.running.testbed.account.company.workgroups if name != "monitoring"]
        names = names[: workgroups - 1]
        at = (hand.at - timedelta(minutes=40)).isoformat()
        world.running.testbed.add(
            *(
                {"workgroup": name, "statement_type": kind, "state": state, "submitted_at": at, "ended_at": at}
                for name, kind, state in product(names, ("DML", "DDL", "UTILITY"), PUBLISHED)
            )
        )
        knowledge = FakeKnowledge(counting_since=hand.at)
        source = world.cloudwatch(metrics=tuple(CloudWatchMetric), workgroups=names, capacity=False)
        knowledge.take(source)  # nothing is settled yet, so it only finds what there is
        world.running.testbed.forget_calls()
        hand.at += INTERVAL
        knowledge.take(source)
        calls = {each["operation"]: each for each in world.running.testbed.calls()}
    settings = CloudWatchSettings(
        enabled=True, metrics=tuple(CloudWatchMetric), capacity=False, active_queries=timedelta(0)
    )
    expected = estimate(Facts(workgroups=len(names)), SourcesSettings(cloudwatch=settings))
    asked = expected["cloudwatch", "GetMetricData"]
    reads = timedelta(hours=1) // INTERVAL
    billed, requests = calls["GetMetricData"]["billed_metrics"] * reads, calls["GetMetricData"]["count"] * reads
    assert (billed, requests) == (asked.units, asked.requests)
    assert calls["ListMetrics"]["count"] * reads == expected["cloudwatch", "ListMetrics"].requests
    assert billed * 3 <= peer(len(names)).units
    assert sum(call["count"] for call in calls.values()) * reads * 3 <= peer(len(names)).requests
