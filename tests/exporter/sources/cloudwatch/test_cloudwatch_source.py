"""The source `cloudwatch` against CloudWatch in memory: which minutes are counted, how often, and what is asked."""

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random

import pytest
from fake_cloudwatch import FakeCloudWatch
from fake_knowledge import LONG_AGO, FakeKnowledge
from hypothesis import given, settings
from hypothesis import strategies as st
from source_world import TARGET

from athena_exporter.config.sources import CloudWatchMetric
from athena_exporter.costs.plan import DATAPOINTS
from athena_exporter.records import Peak, Peaks, SettledMinutes
from athena_exporter.sources.billing import billed_metrics
from athena_exporter.sources.cloudwatch import CloudWatchSource
from athena_exporter.sources.cloudwatch.positions import ceil_minute
from athena_exporter.sources.errors import GarbledAnswerError

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PROMPT = timedelta(minutes=2)
EVERYTHING = tuple(CloudWatchMetric)
TIMES = ("EngineExecutionTime", "QueryQueueTime", "ServicePreProcessingTime", "ServiceProcessingTime")


def source(cloudwatch: FakeCloudWatch, **given: object) -> CloudWatchSource:
    return CloudWatchSource(
        client=cloudwatch,
        target=TARGET,
        clock=lambda: cloudwatch.now,
        **({"capacity": False} | given),  # type: ignore[arg-type]  # a test names them right or fails
    )


def query(
    cloudwatch: FakeCloudWatch,
    at: datetime,
    *,
    workgroup: str = "etl",
    kind: str = "DML",
    state: str = "SUCCEEDED",
    took: int = 1_500,
    scanned: int = 2**30,
    delay: timedelta = PROMPT,
) -> None:
    """One query as Athena publishes it: under its own dimensions, the workgroup's and the account's."""
    own = {"QueryState": state, "QueryType": kind, "WorkGroup": workgroup}
    for dimensions in (own, {"QueryState": state, "QueryType": kind}, {"WorkGroup": workgroup}):
        cloudwatch.publish("TotalExecutionTime", dimensions, at, took, delay)
        for place, name in enumerate(TIMES):
            cloudwatch.publish(name, dimensions, at, took // (place + 2), delay)
        if kind == "DML":
            cloudwatch.publish("ProcessedBytes", dimensions, at, scanned, delay)
            cloudwatch.publish("QueryPlanningTime", dimensions, at, took // 10, delay)


def settled(knowledge: FakeKnowledge) -> Iterator[SettledMinutes]:
    return (record for batch in knowledge.batches for record in batch.records if isinstance(record, SettledMinutes))


def counted(knowledge: FakeKnowledge) -> Counter[tuple[str, str, str]]:
    found: Counter[tuple[str, str, str]] = Counter()
    for record in settled(knowledge):
        found[record.workgroup, record.query_type, record.query_state] += record.queries or 0
    return found


def begun(at: datetime = NOON) -> tuple[FakeCloudWatch, FakeKnowledge]:
    return FakeCloudWatch(now=at), FakeKnowledge(counting_since=LONG_AGO)


def test_a_query_counts_once_although_it_is_published_under_three_dimension_sets() -> None:
    cloudwatch, knowledge = begun()
    query(cloudwatch, NOON - HOUR)
    knowledge.take(source(cloudwatch))
    (record,) = settled(knowledge)
    assert record == SettledMinutes(
        workgroup="etl",
        query_type="DML",
        query_state="succeeded",
        since=NOON - 10 * MINUTE - 3 * HOUR,
        until=NOON - HOUR + MINUTE,
        queries=1,
        processed_bytes=2**30,
        total_ms=1_500,
    )


def test_what_is_not_asked_for_is_none_and_what_is_empty_is_0() -> None:
    cloudwatch, knowledge = begun()
    query(cloudwatch, NOON - HOUR, kind="DDL", state="CANCELED")
    knowledge.take(source(cloudwatch, metrics=EVERYTHING))
    (record,) = settled(knowledge)
    assert (record.query_state, record.queries, record.engine_ms, record.queue_ms) == ("cancelled", 1, 750, 500)
    assert record.processed_bytes is None
    assert record.planning_ms is None


def test_all_seven_metrics_of_a_query_arrive_in_their_fields() -> None:
    cloudwatch, knowledge = begun()
    query(cloudwatch, NOON - HOUR, took=6_000)
    query(cloudwatch, NOON - HOUR, took=3_000)
    knowledge.take(source(cloudwatch, metrics=EVERYTHING))
    (record,) = settled(knowledge)
    times = (record.engine_ms, record.queue_ms, record.service_pre_ms, record.service_ms, record.planning_ms)
    assert (record.queries, record.total_ms, record.processed_bytes) == (2, 9_000, 2**31)
    assert times == (4_500, 3_000, 2_250, 1_800, 900)


def test_without_the_total_time_there_is_no_count_of_queries_but_everything_else() -> None:
    cloudwatch, knowledge = begun()
    query(cloudwatch, NOON - HOUR)
    knowledge.take(source(cloudwatch, metrics=(CloudWatchMetric.PROCESSED_BYTES,)))
    (record,) = settled(knowledge)
    assert (record.queries, record.total_ms, record.processed_bytes) == (None, None, 2**30)


def test_a_minute_counts_ten_minutes_later_and_not_before() -> None:
    cloudwatch, knowledge = begun()
    query(cloudwatch, NOON - HOUR)
    query(cloudwatch, NOON - 10 * MINUTE)
    reader = source(cloudwatch)
    knowledge.take(reader)
    assert counted(knowledge).total() == 1
    cloudwatch.now += MINUTE
    knowledge.take(reader)
    assert counted(knowledge).total() == 2


def test_nothing_counts_that_ended_before_the_counters_began() -> None:
    cloudwatch = FakeCloudWatch(now=NOON)
    knowledge = FakeKnowledge(counting_since=NOON - HOUR + timedelta(seconds=30))
    query(cloudwatch, NOON - 2 * HOUR)
    query(cloudwatch, NOON - HOUR)  # its minute had begun before the counters
    query(cloudwatch, NOON - HOUR + MINUTE)
    knowledge.take(source(cloudwatch))
    assert counted(knowledge).total() == 1


def test_a_new_series_is_read_three_hours_back_and_no_further() -> None:
    cloudwatch, knowledge = begun()
    knowledge.take(source(cloudwatch))
    for hours in (5, 4, 3, 2, 1):
        query(cloudwatch, NOON - hours * HOUR)
    cloudwatch.now += MINUTE
    knowledge.take(source(cloudwatch))
    assert counted(knowledge).total() == 3


def test_a_known_series_goes_on_where_it_was_after_five_days_without_the_exporter() -> None:
    cloudwatch, knowledge = begun()
    query(cloudwatch, NOON - HOUR)
    knowledge.take(source(cloudwatch))
    for hours in range(1, 120):
        query(cloudwatch, NOON + hours * HOUR)
    cloudwatch.now = NOON + 5 * DAY
    batches = knowledge.take(source(cloudwatch))
    assert counted(knowledge).total() == 120
    assert len([batch for batch in batches if batch.records]) > 5  # a day each, and the largest queries


def test_what_cloudwatch_has_forgotten_is_lost_with_one_line(caplog: pytest.LogCaptureFixture) -> None:
    cloudwatch, knowledge = begun()
    for workgroup in ("etl", "adhoc"):
        query(cloudwatch, NOON - HOUR, workgroup=workgroup)
    knowledge.take(source(cloudwatch))
    for days in range(1, 20):
        query(cloudwatch, NOON + days * DAY)
        query(cloudwatch, NOON + days * DAY, workgroup="adhoc")
    cloudwatch.now = NOON + 20 * DAY
    with caplog.at_level(logging.WARNING):
        knowledge.take(source(cloudwatch))
    (line,) = caplog.messages
    assert "2 series" in line
    assert "2026-11-07" in line  # fifteen days before, less an hour: what is gone
    assert counted(knowledge).total() == 2 + 2 * 14


def test_an_idle_series_costs_nothing_until_the_next_full_read() -> None:
    cloudwatch, knowledge = begun()
    query(cloudwatch, NOON - HOUR, workgroup="idle")
    reader = source(cloudwatch)
    knowledge.take(reader)
    cloudwatch.now += 4 * HOUR  # a longer pause, and so a full read
    knowledge.take(reader)
    cloudwatch.asked.clear()
    for _ in range(4 * 5):
        cloudwatch.now += 15 * MINUTE
        knowledge.take(reader)
    assert cloudwatch.asked == []
    for _ in range(4):
        cloudwatch.now += 15 * MINUTE
        knowledge.take(reader)
    assert sum(billed_metrics(each) for each in cloudwatch.asked) == 2


def test_a_restart_reads_what_was_active_lately_and_not_everything_again() -> None:
    cloudwatch, knowledge = begun()
    query(cloudwatch, NOON - 5 * HOUR, workgroup="idle")
    query(cloudwatch, NOON - HOUR)
    knowledge.take(source(cloudwatch))
    cloudwatch.asked.clear()
    cloudwatch.now += MINUTE
    knowledge.take(source(cloudwatch))
    (asked,) = cloudwatch.asked
    assert billed_metrics(asked) == 2


def test_only_the_workgroups_that_the_patterns_name_are_asked_for() -> None:
    cloudwatch, knowledge = begun()
    for workgroup in ("airflow-a", "airflow-b", "adhoc", "Airflow-c"):
        query(cloudwatch, NOON - HOUR, workgroup=workgroup)
    knowledge.take(source(cloudwatch, workgroups=("airflow-*", "prim*")))
    assert {name for name, _, _ in counted(knowledge)} == {"airflow-a", "airflow-b"}
    assert sum(billed_metrics(each) for each in cloudwatch.asked) == 4


def test_the_largest_queries_are_those_of_the_minutes_read_last() -> None:
    cloudwatch, knowledge = begun()
    query(cloudwatch, NOON - HOUR, took=9_000, scanned=5)
    query(cloudwatch, NOON - HOUR, state="FAILED", took=100, scanned=7)
    reader = source(cloudwatch)
    knowledge.take(reader)
    assert peaks(knowledge) == (Peak(workgroup="etl", query_type="DML", processed_bytes=7, total_ms=9_000),)
    query(cloudwatch, NOON - 5 * MINUTE, kind="UTILITY", took=10)
    cloudwatch.now += 15 * MINUTE
    knowledge.take(reader)
    assert peaks(knowledge) == (Peak(workgroup="etl", query_type="UTILITY", processed_bytes=None, total_ms=10),)
    cloudwatch.now += timedelta(seconds=20)  # no new minute: what was told stays
    told = len(knowledge.batches)
    knowledge.take(reader)
    assert not any(isinstance(record, Peaks) for batch in knowledge.batches[told:] for record in batch.records)


def peaks(knowledge: FakeKnowledge) -> tuple[Peak, ...]:
    told = [record for batch in knowledge.batches for record in batch.records if isinstance(record, Peaks)]
    return told[-1].items


def test_a_thousand_series_are_asked_for_in_full_requests_and_billed_once_each() -> None:
    cloudwatch, knowledge = begun()
    cloudwatch.page = 90
    for place in range(300):
        for state in ("SUCCEEDED", "FAILED"):
            query(cloudwatch, NOON - HOUR, workgroup=f"team-{place}", state=state)
    knowledge.take(source(cloudwatch))
    cloudwatch.asked.clear()
    cloudwatch.lists = 0
    cloudwatch.now += 15 * MINUTE
    knowledge.take(source(cloudwatch))
    assert cloudwatch.lists == 7
    assert sum(billed_metrics(each) for each in cloudwatch.asked) == 600 * 2
    assert counted(knowledge).total() == 600
    assert all(
        len(each["MetricDataQueries"]) * ((each["EndTime"] - each["StartTime"]) // MINUTE) <= DATAPOINTS
        for each in cloudwatch.asked
    )


def test_a_quiet_pass_writes_its_marks_and_no_position() -> None:
    cloudwatch, knowledge = begun()
    for place in range(50):
        query(cloudwatch, NOON - HOUR, workgroup=f"team-{place}")
    reader = source(cloudwatch)
    knowledge.take(reader)
    cloudwatch.now += 15 * MINUTE
    (batch,) = knowledge.take(reader)
    assert set(batch.cursors) == {"read_until"}


def test_an_answer_of_many_pages_is_read_to_the_last_one() -> None:
    cloudwatch, knowledge = begun()
    cloudwatch.datapoints = 7
    for minutes in range(20, 170):
        query(cloudwatch, NOON - minutes * MINUTE)
    knowledge.take(source(cloudwatch, metrics=EVERYTHING))
    assert counted(knowledge).total() == 150


def test_values_that_aws_leaves_out_are_asked_for_again_and_hold_nothing_else_up() -> None:
    cloudwatch, knowledge = begun()
    for workgroup in ("etl", "adhoc"):
        query(cloudwatch, NOON - HOUR, workgroup=workgroup)
    cloudwatch.failing.add(("etl",))
    with pytest.raises(GarbledAnswerError, match="1 series"):
        knowledge.take(source(cloudwatch))
    assert counted(knowledge) == {("adhoc", "DML", "succeeded"): 1}
    cloudwatch.failing.clear()
    knowledge.take(source(cloudwatch))
    assert counted(knowledge) == {("adhoc", "DML", "succeeded"): 1, ("etl", "DML", "succeeded"): 1}


def test_a_day_that_aws_leaves_out_is_not_skipped_for_the_days_behind_it() -> None:
    cloudwatch, knowledge = begun()
    query(cloudwatch, NOON - HOUR)
    knowledge.take(source(cloudwatch))
    for hours in range(1, 60):
        query(cloudwatch, NOON + hours * HOUR)
    cloudwatch.now += 60 * HOUR + 10 * MINUTE
    cloudwatch.asked.clear()
    cloudwatch.failing.add(("etl",))
    cloudwatch.failing_requests = 1
    with pytest.raises(GarbledAnswerError):
        knowledge.take(source(cloudwatch))
    assert counted(knowledge).total() == 1
    knowledge.take(source(cloudwatch))
    assert counted(knowledge).total() == 60


def test_a_series_with_a_dimension_more_than_ours_is_another_one() -> None:
    cloudwatch, knowledge = begun()
    query(cloudwatch, NOON - HOUR)
    more = {"QueryState": "SUCCEEDED", "QueryType": "DML", "WorkGroup": "etl", "Capacity Reservation": "nightly"}
    cloudwatch.publish("TotalExecutionTime", more | {"WorkGroup": "other"}, NOON - HOUR, 1, PROMPT)
    knowledge.take(source(cloudwatch))
    assert counted(knowledge) == {("etl", "DML", "succeeded"): 1}
    assert sum(billed_metrics(each) for each in cloudwatch.asked) == 2


def test_a_series_that_makes_no_sense_is_counted_as_malformed() -> None:
    cloudwatch, knowledge = begun()
    query(cloudwatch, NOON - HOUR, state="EXPLODED")
    query(cloudwatch, NOON - HOUR, workgroup="a\x00b")
    query(cloudwatch, NOON - HOUR)
    knowledge.take(source(cloudwatch))
    assert knowledge.malformed == 2
    assert counted(knowledge) == {("etl", "DML", "succeeded"): 1}


def test_a_clock_that_was_ahead_for_a_moment_neither_repeats_nor_blocks() -> None:
    cloudwatch, knowledge = begun()
    query(cloudwatch, NOON - HOUR)
    knowledge.take(source(cloudwatch))
    query(cloudwatch, NOON - 30 * MINUTE, workgroup="new")
    cloudwatch.now = NOON + 3 * DAY
    knowledge.take(source(cloudwatch))
    cloudwatch.now = NOON
    for workgroup in ("etl", "new"):
        query(cloudwatch, NOON + MINUTE, workgroup=workgroup)
    for _ in range(3):
        cloudwatch.now += HOUR
        knowledge.take(source(cloudwatch))
    assert counted(knowledge) == {("etl", "DML", "succeeded"): 2, ("new", "DML", "succeeded"): 2}


def test_a_local_clock_that_lags_does_not_hide_that_a_full_read_is_due() -> None:
    cloudwatch, knowledge = begun()
    query(cloudwatch, NOON - HOUR)
    knowledge.take(source(cloudwatch))
    query(cloudwatch, NOON + MINUTE)
    cloudwatch.now += 12 * HOUR
    lagging = CloudWatchSource(client=cloudwatch, target=TARGET, clock=lambda: NOON, capacity=False)
    knowledge.take(lagging)
    assert counted(knowledge).total() == 2


WORKGROUPS = ("a", "b", "c")
KINDS = (("DML", "SUCCEEDED"), ("DML", "CANCELED"), ("DDL", "FAILED"))
OURS = {"SUCCEEDED": "succeeded", "FAILED": "failed", "CANCELED": "cancelled"}
STEP = st.one_of(
    st.tuples(st.just("pass"), st.just(0)),
    st.tuples(st.just("killed"), st.integers(0, 4)),
    st.tuples(st.just("wait"), st.sampled_from([1, 4, 15, 60, 130, 200, 400, 3_000, 6_000])),
    st.tuples(st.just("queries"), st.integers(1, 40)),
)


class Story:
    """An account and its reader over days; every query that happens is written down beside it."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._truth: list[tuple[datetime, tuple[str, str, str]]] = []
        self._since = NOON - timedelta(minutes=40, seconds=13)
        self._cloudwatch = FakeCloudWatch(now=NOON, page=4, datapoints=50)
        self.knowledge = FakeKnowledge(counting_since=self._since)
        # Every series is there from the start: one that is born while nobody reads is known from three hours before.
        for workgroup in WORKGROUPS:
            for kind, state in KINDS:
                self._happen(NOON - 20 * MINUTE, workgroup, kind, state, PROMPT)
        self.step("pass", 0)

    def step(self, what: str, amount: int) -> None:
        match what:
            case "wait":
                self._cloudwatch.now += amount * MINUTE
            case "queries":
                for _ in range(amount):
                    at = self._cloudwatch.now - timedelta(seconds=self._chance.randrange(120))
                    delay = timedelta(seconds=self._chance.randrange(120, 480))
                    self._happen(at, self._chance.choice(WORKGROUPS), *self._chance.choice(KINDS), delay)
            case _:
                run = source(self._cloudwatch).read(self.knowledge)
                for batch in run if what == "pass" else islice(run, amount):
                    self.knowledge.commit(batch)

    def _happen(self, at: datetime, workgroup: str, kind: str, state: str, delay: timedelta) -> None:
        query(self._cloudwatch, at, workgroup=workgroup, kind=kind, state=state, delay=delay)
        self._truth.append((at.replace(second=0, microsecond=0), (workgroup, kind, OURS[state])))

    def truth(self) -> Counter[tuple[str, str, str]]:
        """What is settled by now."""
        until = self._cloudwatch.now - 10 * MINUTE
        return Counter(key for at, key in self._truth if ceil_minute(self._since) <= at < until)


FORGOTTEN = 13 * 24 * 60
"""In minutes: ListMetrics forgets a series after two weeks, and what nobody read by then is lost (reliability.md)."""


@pytest.mark.no_cover
@settings(max_examples=100, deadline=None)
@given(st.lists(STEP, max_size=25), st.randoms(use_true_random=False))
def test_every_settled_minute_counts_exactly_once_whenever_it_is_read_or_killed(
    steps: list[tuple[str, int]], chance: Random
) -> None:
    story = Story(chance)
    waited = 0
    for what, amount in [*steps, ("wait", 20), ("pass", 0)]:
        waited = 0 if what == "pass" else waited + (amount if what == "wait" else 0)
        if waited < FORGOTTEN:
            story.step(what, amount)
    assert counted(story.knowledge) == story.truth()
