"""Reserved capacity, minute by minute: what was held, what was used by whom, what was idle."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from fake_cloudwatch import FakeCloudWatch
from fake_knowledge import LONG_AGO, FakeKnowledge
from hypothesis import given, settings
from hypothesis import strategies as st
from source_world import TARGET

from athena_exporter.records import CapacityMinutes
from athena_exporter.sources.billing import billed_metrics
from athena_exporter.sources.cloudwatch import CloudWatchSource
from athena_exporter.sources.errors import GarbledAnswerError

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SETTLED = 10 * MINUTE
PROMPT = timedelta(minutes=2)
SPELLED = "Capacity Reservation"


def source(cloudwatch: FakeCloudWatch) -> CloudWatchSource:
    return CloudWatchSource(client=cloudwatch, target=TARGET, clock=lambda: cloudwatch.now)


def hold(
    cloudwatch: FakeCloudWatch,
    since: datetime,
    minutes: int,
    *,
    dpus: float = 24,
    used: Mapping[str, float] | None = None,
    name: str = "nightly",
    spelled: str = SPELLED,
) -> None:
    """A reservation of so many DPUs, of which these workgroups use some in every minute."""
    for minute in range(minutes):
        at = since + minute * MINUTE
        cloudwatch.publish("DPUAllocated", {spelled: name}, at, dpus, PROMPT)
        for workgroup, amount in (used or {}).items():
            cloudwatch.publish("DPUConsumed", {spelled: name, "WorkGroup": workgroup}, at, amount, PROMPT)
        if used:
            cloudwatch.publish("DPUConsumed", {spelled: name}, at, sum(used.values()), PROMPT)


def told(knowledge: FakeKnowledge) -> list[CapacityMinutes]:
    return [record for batch in knowledge.batches for record in batch.records if isinstance(record, CapacityMinutes)]


@pytest.mark.parametrize("spelled", [SPELLED, "CapacityReservation"])
def test_what_a_reservation_holds_is_split_into_used_and_idle(spelled: str) -> None:
    cloudwatch, knowledge = FakeCloudWatch(now=NOON), FakeKnowledge(counting_since=LONG_AGO)
    hold(cloudwatch, NOON - HOUR, 10, used={"etl": 8, "adhoc": 4.5}, spelled=spelled)
    hold(cloudwatch, NOON - HOUR + 10 * MINUTE, 5, spelled=spelled)
    knowledge.take(source(cloudwatch))
    assert told(knowledge) == [
        CapacityMinutes(
            reservation="nightly",
            since=NOON - SETTLED - 3 * HOUR,
            until=NOON - HOUR + 15 * MINUTE,
            allocated_dpu_ms=15 * 24 * 60_000,
            consumed_dpu_ms={"adhoc": 10 * 4_500 * 60, "etl": 10 * 8 * 60_000},
            idle_dpu_ms=(10 * 11_500 + 5 * 24_000) * 60,
        )
    ]


def test_a_busy_minute_does_not_pay_for_an_idle_one() -> None:
    cloudwatch, knowledge = FakeCloudWatch(now=NOON), FakeKnowledge(counting_since=LONG_AGO)
    hold(cloudwatch, NOON - HOUR, 1, dpus=24, used={"etl": 40})  # more than was held: a resize under way
    hold(cloudwatch, NOON - HOUR + MINUTE, 1, dpus=24)
    knowledge.take(source(cloudwatch))
    (record,) = told(knowledge)
    assert record.idle_dpu_ms == 24 * 60_000


def test_an_account_without_reservations_is_looked_at_once_an_hour() -> None:
    cloudwatch, knowledge = FakeCloudWatch(now=NOON), FakeKnowledge(counting_since=LONG_AGO)
    reader = source(cloudwatch)
    passes = 9
    for _ in range(passes):
        knowledge.take(reader)
        cloudwatch.now += 15 * MINUTE
    assert cloudwatch.lists == passes + 3
    assert cloudwatch.asked == []


def test_a_reservation_costs_one_metric_and_one_for_each_workgroup_that_used_it() -> None:
    cloudwatch, knowledge = FakeCloudWatch(now=NOON), FakeKnowledge(counting_since=LONG_AGO)
    hold(cloudwatch, NOON - HOUR, 60, used={"etl": 1, "adhoc": 1})
    knowledge.take(source(cloudwatch))
    assert sum(billed_metrics(each) for each in cloudwatch.asked) == 3


def test_values_left_out_are_asked_for_again() -> None:
    cloudwatch, knowledge = FakeCloudWatch(now=NOON), FakeKnowledge(counting_since=LONG_AGO)
    hold(cloudwatch, NOON - HOUR, 30)
    hold(cloudwatch, NOON - HOUR, 30, name="daily")
    cloudwatch.failing.add(("nightly",))
    with pytest.raises(GarbledAnswerError, match="1 capacity reservation"):
        knowledge.take(source(cloudwatch))
    assert [record.reservation for record in told(knowledge)] == ["daily"]
    cloudwatch.failing.clear()
    knowledge.take(source(cloudwatch))
    assert sum(record.allocated_dpu_ms for record in told(knowledge)) == 2 * 30 * 24 * 60_000


@pytest.mark.no_cover
@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([1, 7, 15, 240, 900]), st.sampled_from([None, 0, 1, 2])), max_size=6))
def test_every_minute_of_a_reservation_counts_once_whenever_it_is_read_or_killed(
    steps: list[tuple[int, int | None]],
) -> None:
    cloudwatch, knowledge = FakeCloudWatch(now=NOON), FakeKnowledge(counting_since=NOON - HOUR)
    hold(cloudwatch, NOON - HOUR, 60, used={"etl": 3})
    knowledge.take(source(cloudwatch))
    for minutes, killed_after in steps:
        hold(cloudwatch, cloudwatch.now, minutes, used={"etl": 3})
        cloudwatch.now += minutes * MINUTE
        for place, batch in enumerate(source(cloudwatch).read(knowledge)):
            if killed_after == place:
                break
            knowledge.commit(batch)
    cloudwatch.now += 15 * MINUTE
    knowledge.take(source(cloudwatch))
    minutes = 60 + sum(minutes for minutes, _ in steps)
    assert sum(record.allocated_dpu_ms for record in told(knowledge)) == minutes * 24 * 60_000
    assert sum(record.consumed_dpu_ms["etl"] for record in told(knowledge)) == minutes * 3 * 60_000
    assert sum(record.idle_dpu_ms for record in told(knowledge)) == minutes * 21 * 60_000
