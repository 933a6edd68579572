"""What CloudWatch counts: the truth of publishing workgroups, as late, as long and as coarse as AWS keeps it."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from athena_testbed import Settings

NOON = 1_790_078_400_000
"""2026-09-22T12:00:00Z, a Tuesday, in milliseconds."""
DAY = 86_400
SILENT = "monitoring"


class Clock:
    """A clock that a test moves; milliseconds."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> int:
        return self.now

    def advance(self, **length: float) -> None:
        self.now += timedelta(**length) // timedelta(milliseconds=1)

    @property
    def seconds(self) -> float:
        return self.now / 1000


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def begin(start: Callable[..., Any], settings: Callable[..., Settings], clock: Clock) -> Callable[..., Any]:
    """An account on the test's clock: empty, and CloudWatch without delay, unless told."""

    def world(**different: Any) -> Any:
        plain = {"history": timedelta(0), "cloudwatch_delay": timedelta(0), "listmetrics_delay": timedelta(0)}
        return start(settings(**{**plain, **different}), clock)

    return world


def _dimensions(workgroup: str = "", kind: str = "", state: str = "") -> list[dict[str, str]]:
    named = {"QueryState": state, "QueryType": kind, "WorkGroup": workgroup}
    return [{"Name": name, "Value": value} for name, value in named.items() if value]


def _stat(metric: str, dimensions: list[dict[str, str]], statistic: str = "Sum", period: int = 60) -> dict[str, Any]:
    name = {"Namespace": "AWS/Athena", "MetricName": metric, "Dimensions": dimensions}
    return {"Id": "a", "MetricStat": {"Metric": name, "Period": period, "Stat": statistic}}


def _points(world: Any, query: dict[str, Any], since: float, until: float, **more: Any) -> dict[float, float]:
    """Time -> value of one question, all pages."""
    found: dict[float, float] = {}
    for page in world.pages(
        "cloudwatch", "GetMetricData", MetricDataQueries=[query], StartTime=since, EndTime=until, **more
    ):
        for result in page["MetricDataResults"]:
            found.update(zip(result["Timestamps"], result["Values"], strict=True))
    return found


def _listed(world: Any, **filters: Any) -> list[dict[str, Any]]:
    return [metric for page in world.pages("cloudwatch", "ListMetrics", **filters) for metric in page["Metrics"]]


def _cells(world: Any, since: float, until: float) -> Iterator[tuple[dict[str, Any], Callable[..., float]]]:
    """Each workgroup, type and state of the truth, and how to ask CloudWatch for a total of it."""
    for row in world.testbed.truth()["by_workgroup_statement_type_state"]:
        state = row["state"].upper().replace("CANCELLED", "CANCELED")
        dimensions = _dimensions(row["workgroup"], row["statement_type"], state)

        def total(metric: str, statistic: str, dimensions: Any = dimensions) -> float:
            return sum(_points(world, _stat(metric, dimensions, statistic, period=3600), since, until).values())

        yield row, total


def test_bytes_and_queries_are_the_truth_of_publishing_workgroups(begin: Callable[..., Any], clock: Clock) -> None:
    world = begin(history=timedelta(days=1), history_queries_per_day=2500)
    seen = set()
    for row, total in _cells(world, clock.seconds - 2 * DAY, clock.seconds + 60):
        is_silent = row["workgroup"] == SILENT
        counts_bytes = row["statement_type"] == "DML" and not is_silent
        assert total("ProcessedBytes", "Sum") == (row["scanned_bytes"] if counts_bytes else 0), row
        assert total("TotalExecutionTime", "SampleCount") == (0 if is_silent else row["queries"]), row
        seen.add((row["statement_type"], row["state"]))
    assert len(seen) >= 6


def test_the_three_sets_of_dimensions_add_up_to_the_same(begin: Callable[..., Any], clock: Clock) -> None:
    world = begin(history=timedelta(days=1), history_queries_per_day=800)
    span = (clock.seconds - 2 * DAY, clock.seconds + 60)
    names = [name for name in world.workgroups() if name != SILENT]
    kinds = [(kind, state) for kind in ("DML", "DDL", "UTILITY") for state in ("SUCCEEDED", "FAILED", "CANCELED")]

    def total(dimensions: list[dict[str, str]]) -> float:
        return sum(_points(world, _stat("EngineExecutionTime", dimensions, period=86_400), *span).values())

    by_workgroup = sum(total(_dimensions(name)) for name in names)
    by_kind = sum(total(_dimensions("", kind, state)) for kind, state in kinds)
    finest = sum(total(_dimensions(name, kind, state)) for name in names for kind, state in kinds)
    plans = [plan for plan in world.testbed.account.ended(0, clock.now + 1) if plan.workgroup != SILENT]
    assert by_workgroup == by_kind == finest == sum(plan.engine_ms for plan in plans) > 0


def _given(world: Any, clock: Clock, seconds: float, **fields: Any) -> None:
    """A query that ends so many seconds from now."""
    ended = clock.seconds + seconds
    given = {"submitted_at": ended - 1, "ended_at": ended, "scanned_bytes": 1000, "workgroup": "analytics", **fields}
    world.testbed.add(given)


BYTES = _stat("ProcessedBytes", _dimensions("analytics", "DML", "SUCCEEDED"))


def test_a_query_falls_into_the_minute_of_its_end_and_shows_after_the_delay(
    begin: Callable[..., Any], clock: Clock
) -> None:
    world = begin(cloudwatch_delay=timedelta(minutes=2))
    _given(world, clock, 59.999)
    _given(world, clock, 60, scanned_bytes=7)
    span = (clock.seconds, clock.seconds + 600)
    clock.advance(minutes=3, milliseconds=-2)
    assert _points(world, BYTES, *span) == {}
    clock.advance(milliseconds=1)
    assert _points(world, BYTES, *span) == {NOON / 1000: 1000}
    clock.advance(milliseconds=1)
    assert _points(world, BYTES, *span) == {NOON / 1000: 1000, NOON / 1000 + 60: 7}


def test_a_query_added_to_the_past_is_counted_once(begin: Callable[..., Any], clock: Clock) -> None:
    world = begin(history=timedelta(days=2), history_queries_per_day=0)
    span = (clock.seconds - 3 * DAY, clock.seconds + 60)
    _given(world, clock, -DAY)
    assert sum(_points(world, BYTES, *span).values()) == 1000
    for _ in range(2):
        _given(world, clock, -DAY - 5)
        _given(world, clock, -90)
    assert sum(_points(world, BYTES, *span).values()) == 5000


def test_a_stopped_query_is_counted_once_where_it_stopped(begin: Callable[..., Any], clock: Clock) -> None:
    world = begin()
    began = clock.seconds
    (query_id,) = world.testbed.add(
        {"workgroup": "analytics", "submitted_at": began, "ended_at": began + 600, "scanned_bytes": 6000}
    )
    world.workgroups()
    assert _listed(world, MetricName="ProcessedBytes") == []
    clock.advance(seconds=150)
    world.call("athena", "StopQueryExecution", QueryExecutionId=query_id)
    clock.advance(minutes=20)
    cancelled = _stat("ProcessedBytes", _dimensions("analytics", "DML", "CANCELED"))
    assert _points(world, cancelled, began, began + 1800) == {began + 120: 1500}
    assert _points(world, BYTES, began, began + 1800) == {}


def test_a_quiesced_account_has_all_its_data_when_it_says(begin: Callable[..., Any], clock: Clock) -> None:
    world = begin(queries_per_minute=300, cloudwatch_delay=timedelta(minutes=2), time_scale=1.0)
    clock.advance(minutes=2)
    _points(world, BYTES, clock.seconds - 600, clock.seconds)
    quiet = world.testbed.quiesce()
    clock.now = round(datetime.fromisoformat(quiet["last_datapoint_visible_at"]).timestamp() * 1000)
    for row, total in _cells(world, NOON / 1000, clock.seconds + 60):
        expected = 0 if row["workgroup"] == SILENT else row["queries"]
        assert total("TotalExecutionTime", "SampleCount") == expected


def test_statistics_are_computed_as_anybody_would(begin: Callable[..., Any], clock: Clock) -> None:
    world = begin()
    for place, size in enumerate((40, 10, 30, 20, 100)):
        _given(world, clock, place, scanned_bytes=size)
    _given(world, clock, 5, scanned_bytes=None)
    clock.advance(minutes=5)
    expected = {
        "Sum": 200, "SampleCount": 5, "Average": 40, "Minimum": 10, "Maximum": 100, "p50": 30, "p90": 100, "p100": 100,
        "p0": 10, "p60.5": 40, "tm80": 25,
    }  # fmt: skip  # a table
    for statistic, value in expected.items():
        query = _stat("ProcessedBytes", _dimensions("analytics"), statistic, period=300)
        assert _points(world, query, NOON / 1000, clock.seconds) == {NOON / 1000: value}, statistic


def test_ddl_has_times_and_neither_bytes_nor_planning(begin: Callable[..., Any], clock: Clock) -> None:
    world = begin()
    _given(world, clock, 0, statement_type="DDL")
    _given(world, clock, 0, statement_type="UTILITY")
    named = {(metric["MetricName"], pair["Value"]) for metric in _listed(world) for pair in metric["Dimensions"]
             if pair["Name"] == "QueryType"}  # fmt: skip  # one condition
    times = {
        "TotalExecutionTime", "EngineExecutionTime", "QueryQueueTime", "ServicePreProcessingTime",
        "ServiceProcessingTime",
    }  # fmt: skip  # a set
    assert {name for name, kind in named if kind in {"DDL", "UTILITY"}} == times


def test_periods_begin_at_the_start_and_exclude_the_end(begin: Callable[..., Any], clock: Clock) -> None:
    world = begin()
    for minute in range(10):
        _given(world, clock, 60 * minute, scanned_bytes=1)
    clock.advance(hours=1)
    began = NOON / 1000
    query = {**BYTES, "MetricStat": {**BYTES["MetricStat"], "Period": 180}}
    assert _points(world, query, began + 60, began + 420) == {began + 60: 3, began + 240: 3}
    assert _points(world, query, began + 119, began + 421) == {began + 60: 3, began + 240: 3, began + 420: 1}
    newest_first = world.call(
        "cloudwatch", "GetMetricData", MetricDataQueries=[query], StartTime=began, EndTime=began + 600
    )["MetricDataResults"][0]["Timestamps"]
    assert newest_first == sorted(newest_first, reverse=True)


def test_days_hours_and_minutes_of_an_account_agree(begin: Callable[..., Any]) -> None:
    """Whole days come from remembered cells, pieces of days from the samples."""
    world = begin(history=timedelta(days=3), history_queries_per_day=400)
    midnight = NOON / 1000 - DAY / 2
    for metric in ("TotalExecutionTime", "ProcessedBytes"):
        for statistic, together in (("Sum", sum), ("SampleCount", sum), ("Maximum", max), ("Minimum", min)):
            found = {}
            for period in (60, 3600, 86_400):
                query = _stat(metric, _dimensions("", "DML", "SUCCEEDED"), statistic, period)
                found[period] = _points(world, query, midnight - DAY, midnight)
            assert together(found[60].values()) == together(found[3600].values()) == found[86_400][midnight - DAY]


def test_fine_data_points_are_forgotten_first(begin: Callable[..., Any], clock: Clock) -> None:
    world = begin()
    _given(world, clock, 0)
    began = NOON / 1000

    def kept() -> list[int]:
        name = _dimensions("analytics")
        queries = {period: _stat("ProcessedBytes", name, "Sum", period) for period in (30, 60, 300, 3600)}
        return [period for period, query in queries.items() if _points(world, query, began, began + 7200)]

    for days, expected in ((0, [60, 300, 3600]), (15, [60, 300, 3600]), (1, [300, 3600]), (47, [300, 3600]),
                           (1, [3600]), (391, [3600]), (1, [])):  # fmt: skip  # days go by
        clock.advance(days=days)
        assert kept() == expected, clock.now


def test_listmetrics_learns_late_and_forgets(begin: Callable[..., Any], clock: Clock) -> None:
    world = begin(cloudwatch_delay=timedelta(minutes=2), listmetrics_delay=timedelta(minutes=15))
    _given(world, clock, 0)

    def names(**filters: Any) -> int:
        return len(_listed(world, Dimensions=[{"Name": "WorkGroup", "Value": "analytics"}], **filters))

    clock.advance(minutes=14)
    assert _points(world, BYTES, NOON / 1000, clock.seconds)
    assert names() == 0
    clock.advance(minutes=1)
    assert (names(), names(RecentlyActive="PT3H")) == (14, 14)
    clock.advance(hours=3)
    assert (names(), names(RecentlyActive="PT3H")) == (14, 0)
    clock.advance(days=13)
    assert names() == 14
    clock.advance(days=1)
    assert names() == 0


def test_listmetrics_filters_and_pages(begin: Callable[..., Any]) -> None:
    world = begin(history=timedelta(hours=20), history_queries_per_day=2000, workgroups=60)
    pages = list(world.pages("cloudwatch", "ListMetrics", Namespace="AWS/Athena"))
    assert [len(page["Metrics"]) for page in pages[:-1]] == [500] * (len(pages) - 1)
    assert len(pages) > 1
    texts = [repr(metric) for page in pages for metric in page["Metrics"]]
    assert len(set(texts)) == len(texts)
    bytes_only = _listed(world, MetricName="ProcessedBytes", Dimensions=[{"Name": "WorkGroup"}])
    assert {metric["MetricName"] for metric in bytes_only} == {"ProcessedBytes"}
    assert {len(metric["Dimensions"]) for metric in bytes_only} == {1, 3}
    assert not [text for text in texts if SILENT in text]
    token = pages[0]["NextToken"]
    assert world.error("cloudwatch", "ListMetrics", NextToken=token)[0] == "InvalidParameterValueException"


def test_pages_of_data_are_the_whole(begin: Callable[..., Any], clock: Clock) -> None:
    world = begin(history=timedelta(hours=3), history_queries_per_day=4000)
    span = (clock.seconds - 10_800, clock.seconds)
    query = _stat("TotalExecutionTime", _dimensions("", "DML", "SUCCEEDED"))
    whole = _points(world, query, *span)
    assert len(whole) > 100
    assert _points(world, query, *span, MaxDatapoints=7) == whole
    several = [{**query, "Id": f"q{place}"} for place in range(3)]
    pages = list(
        world.pages(
            "cloudwatch", "GetMetricData", MetricDataQueries=several, StartTime=span[0], EndTime=span[1],
            MaxDatapoints=len(whole) + 1, ScanBy="TimestampAscending",
        )
    )  # fmt: skip  # as short as it can be said
    states = [[(result["Id"], result["StatusCode"]) for result in page["MetricDataResults"]] for page in pages]
    assert states[0] == [("q0", "Complete"), ("q1", "PartialData")]
    assert sum(len(result["Values"]) for page in pages for result in page["MetricDataResults"]) == 3 * len(whole)


def test_a_series_that_does_not_exist_is_complete_and_empty(begin: Callable[..., Any], clock: Clock) -> None:
    world = begin(history=timedelta(hours=1))
    strange = [
        _stat("ProcessedBytes", _dimensions("nobody", "DML", "SUCCEEDED")),
        _stat("ProcessedBytes", _dimensions("analytics", "DML", "CANCELLED")),
        _stat("ProcessedBytes", _dimensions("analytics", "DML")),
        _stat("ProcessedBytes", []),
        _stat("Nonsense", _dimensions("analytics")),
        _stat("TotalExecutionTime", _dimensions(SILENT)),
    ]
    queries = [{**query, "Id": f"q{place}"} for place, query in enumerate(strange)]
    other_unit = {**BYTES, "Id": "unit", "MetricStat": {**BYTES["MetricStat"], "Unit": "Seconds"}}
    answer = world.call(
        "cloudwatch", "GetMetricData", MetricDataQueries=[*queries, other_unit], StartTime=clock.seconds - 3600,
        EndTime=clock.seconds,
    )  # fmt: skip  # as short as it can be said
    assert [(result["StatusCode"], result["Values"]) for result in answer["MetricDataResults"]] == [
        ("Complete", [])
    ] * 7


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"MetricDataQueries": []}, "MetricDataQueries is required"),
        ({"MetricDataQueries": [{**BYTES, "Id": f"q{place}"} for place in range(501)]}, "greater than 500"),
        ({"MetricDataQueries": [BYTES, BYTES]}, "not unique: a"),
        ({"MetricDataQueries": [{**BYTES, "Id": "A"}]}, "member.1.Id"),
        ({"MetricDataQueries": [{"Id": "a"}]}, "Exactly one of"),
        ({"MetricDataQueries": [{**BYTES, "Expression": "1"}]}, "Exactly one of"),
        ({"MetricDataQueries": [BYTES, {"Id": "b", "Expression": "a /"}]}, "Error in expression 'b'"),
        ({"MetricDataQueries": [_stat("ProcessedBytes", [], "Median")]}, "Median for parameter"),
        ({"MetricDataQueries": [_stat("ProcessedBytes", [], period=90)]}, "multiple of 60"),
        ({"MetricDataQueries": [{"Id": "a", "MetricStat": {"Stat": "Sum", "Period": 60}}]}, "Metric is required"),
        ({"StartTime": NOON / 1000}, "must not equal"),
        ({"StartTime": NOON / 1000 + 1}, "must be less than"),
        ({"EndTime": None}, "EndTime is required"),
        ({"ScanBy": "Backwards"}, "ScanBy must be"),
        ({"MaxDatapoints": 100_801}, "MaxDatapoints must be"),
    ],
)
def test_a_question_that_is_none_is_refused(begin: Callable[..., Any], change: dict[str, Any], words: str) -> None:
    asked = {"MetricDataQueries": [BYTES], "StartTime": NOON / 1000 - 60, "EndTime": NOON / 1000, **change}
    code, message = begin().error("cloudwatch", "GetMetricData", **asked)
    assert code == "ValidationError"
    assert words in message


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Statistics": ["p50"]}, "InvalidParameterValueException"),
        ({"Statistics": [], "ExtendedStatistics": ["median"]}, "InvalidParameterValueException"),
        ({"ExtendedStatistics": ["p50"]}, "InvalidParameterCombinationException"),
        ({"Period": 61}, "InvalidParameterValueException"),
        ({"MetricName": None}, "MissingRequiredParameterException"),
    ],
)
def test_statistics_that_are_none_are_refused(begin: Callable[..., Any], change: dict[str, Any], code: str) -> None:
    asked = {
        "Namespace": "AWS/Athena", "MetricName": "ProcessedBytes", "StartTime": NOON / 1000 - 60, "Period": 60,
        "EndTime": NOON / 1000, "Statistics": ["Sum"], **change,
    }  # fmt: skip  # as short as it can be said
    assert begin().error("cloudwatch", "GetMetricStatistics", **asked)[0] == code


def test_data_points_of_getmetricstatistics_come_in_no_order(begin: Callable[..., Any], clock: Clock) -> None:
    world = begin(history=timedelta(hours=3), history_queries_per_day=4000)
    answer = world.call(
        "cloudwatch", "GetMetricStatistics", Namespace="AWS/Athena", MetricName="TotalExecutionTime", Period=60,
        Dimensions=_dimensions("", "DML", "SUCCEEDED"), Statistics=["Sum"], StartTime=clock.seconds - 7200,
        EndTime=clock.seconds,
    )  # fmt: skip  # as short as it can be said
    times = [point["Timestamp"] for point in answer["Datapoints"]]
    assert len(times) > 60
    assert times not in (sorted(times), sorted(times, reverse=True))


def _gauge(metric: str, spelling: str = "Capacity Reservation", **dimensions: str) -> dict[str, Any]:
    named = {spelling: "risk-capacity", **dimensions}
    return _stat(metric, [{"Name": name, "Value": value} for name, value in named.items()])


def test_a_reservations_dpus_are_told_every_minute(begin: Callable[..., Any], clock: Clock) -> None:
    world = begin()
    began = clock.seconds
    reserved = {"workgroup": "risk-reserved", "queue_ms": 10_000}
    world.testbed.add(
        {**reserved, "submitted_at": began + 20, "ended_at": began + 105, "dpu_count": 8},
        {**reserved, "submitted_at": began + 110, "ended_at": began + 190, "dpu_count": 24},
        {**reserved, "submitted_at": began + 110, "ended_at": began + 190, "dpu_count": 24},
    )
    clock.advance(minutes=5)
    span = (began, began + 600)
    minutes = [began + 60 * minute for minute in range(5)]
    assert _points(world, _gauge("DPUAllocated"), *span) == dict.fromkeys(minutes, 24)
    consumed = _points(world, _gauge("DPUConsumed", WorkGroup="risk-reserved"), *span)
    assert consumed == {minutes[0]: 4, minutes[1]: 6, minutes[2]: 24, minutes[3]: 8, minutes[4]: 0}
    assert _points(world, _gauge("DPUConsumed"), *span) == consumed
    counts = _stat("DPUCount", _dimensions("risk-reserved", "DML", "SUCCEEDED"), "Maximum")
    assert list(_points(world, counts, *span).values()) == [24, 8]
    assert _points(world, _gauge("DPUConsumed", WorkGroup="analytics"), *span) == {}


def test_days_of_a_gauge_are_the_sum_of_their_minutes(begin: Callable[..., Any], clock: Clock) -> None:
    world = begin(history=timedelta(days=5), history_queries_per_day=400, time_scale=1.0)
    midnight = NOON / 1000 - DAY / 2
    span = (midnight - 4 * DAY, midnight)
    for query in (_gauge("DPUConsumed"), _gauge("DPUAllocated"), _active("DML")):
        daily = {**query, "MetricStat": {**query["MetricStat"], "Period": 86_400, "Stat": "Sum"}}
        minutes = _points(world, {**query, "MetricStat": {**query["MetricStat"], "Stat": "Sum"}}, *span)
        for _ in range(2):
            days = _points(world, daily, *span)
            assert sum(days.values()) == pytest.approx(sum(minutes.values()))
            assert sum(days.values()) > 0
    assert _points(
        world, {**daily, "MetricStat": {**_gauge("DPUAllocated")["MetricStat"], "Period": 86_400}}, *span
    ) == (dict.fromkeys([midnight - day * DAY for day in range(1, 5)], 24 * 1440))
    before = _points(world, daily, *span)
    _given(world, clock, -3 * DAY, submitted_at=clock.seconds - 3 * DAY - 90)
    after = _points(world, daily, *span)
    assert sum(after.values()) - sum(before.values()) in {1, 2}


def test_a_running_query_already_uses_dpus(begin: Callable[..., Any], clock: Clock) -> None:
    world = begin()
    began = clock.seconds
    world.testbed.add({"workgroup": "risk-reserved", "submitted_at": began, "ended_at": began + 3600, "dpu_count": 16})
    clock.advance(seconds=150)
    assert list(_points(world, _gauge("DPUConsumed"), began, began + 3600).values()) == [16, 16]
    clock.advance(hours=2)
    assert sum(_points(world, _gauge("DPUConsumed"), began, began + 7200).values()) == 16 * 60


def test_the_other_spelling_of_the_dimension_is_a_setting(begin: Callable[..., Any], clock: Clock) -> None:
    world = begin(capacity_dimension="CapacityReservation")
    clock.advance(minutes=2)
    span = (NOON / 1000, clock.seconds)
    assert len(_points(world, _gauge("DPUAllocated", "CapacityReservation"), *span)) == 2
    assert _points(world, _gauge("DPUAllocated"), *span) == {}
    named = [pair["Name"] for metric in _listed(world, MetricName="DPUConsumed") for pair in metric["Dimensions"]]
    assert sorted(named) == ["CapacityReservation", "CapacityReservation", "WorkGroup"]


def _active(kind: str) -> dict[str, Any]:
    named = {"Service": "Athena", "Type": "Resource", "Resource": "ActiveQueryCount", "Class": kind}
    query = _stat("ResourceCount", [{"Name": name, "Value": value} for name, value in named.items()], "Maximum")
    query["MetricStat"]["Metric"]["Namespace"] = "AWS/Usage"
    return query


def test_active_queries_are_told_once_a_minute_and_not_when_idle(begin: Callable[..., Any], clock: Clock) -> None:
    world = begin()
    began = clock.seconds
    ddl = {"statement_type": "DDL", "workgroup": SILENT}
    world.testbed.add(
        {"submitted_at": began + 30, "ended_at": began + 200},
        {"submitted_at": began + 110, "ended_at": began + 130},
        {"submitted_at": began + 150, "ended_at": began + 170},
        {"submitted_at": began + 50, "ended_at": began + 3600, "workgroup": "risk-reserved", "dpu_count": 4},
        {"submitted_at": began + 170, "ended_at": began + 190, **ddl},
    )
    clock.advance(seconds=179)
    span = (began, began + 3600)
    assert _points(world, _active("DML"), *span) == {began + 60: 1}, "the minute that runs is not told yet"
    clock.advance(minutes=5)
    assert _points(world, _active("DML"), *span) == {began + 60: 1, began + 120: 2, began + 180: 1}
    assert _points(world, _active("DDL"), *span) == {began + 180: 1}
    assert [metric["Dimensions"][3]["Value"] for metric in _listed(world, Namespace="AWS/Usage")] == ["DDL", "DML"]


def test_a_deleted_workgroup_keeps_its_data_points(begin: Callable[..., Any], clock: Clock) -> None:
    world = begin()
    _given(world, clock, 0)
    clock.advance(minutes=2)
    world.testbed.delete_workgroup("analytics")
    assert _points(world, BYTES, NOON / 1000, clock.seconds) == {NOON / 1000: 1000}
    assert _listed(world, Dimensions=[{"Name": "WorkGroup", "Value": "analytics"}])


def test_another_region_has_no_queries_and_no_reservation(begin: Callable[..., Any]) -> None:
    world = begin(history=timedelta(hours=1))
    assert _listed(world)
    assert world.client("cloudwatch", region="us-east-1").list_metrics()["Metrics"] == []


def _calls(world: Any) -> dict[str, tuple[int, int]]:
    rows = world.control("GET", "calls")
    return {row["result"]: (row["count"], row["billed_metrics"]) for row in rows if row["operation"] == "GetMetricData"}


def test_calls_count_the_metrics_that_aws_bills(begin: Callable[..., Any], clock: Clock) -> None:
    world = begin()
    statistics = ("Sum", "SampleCount", "Maximum", "Average", "Minimum", "p50")
    queries = [{**_stat("ProcessedBytes", _dimensions("analytics"), name), "Id": f"q{name}"} for name in statistics]
    other = {**_stat("ProcessedBytes", _dimensions("ad-hoc")), "Id": "other"}
    span = {"StartTime": clock.seconds - 60, "EndTime": clock.seconds}
    world.call("cloudwatch", "GetMetricData", MetricDataQueries=queries[:5], **span)
    assert _calls(world) == {"ok": (1, 1)}
    world.call("cloudwatch", "GetMetricData", MetricDataQueries=[*queries, other], **span)
    assert _calls(world) == {"ok": (2, 4)}
    world.control("PUT", "faults", [{"kind": "throttle", "operation": "cloudwatch:*"}])
    world.error("cloudwatch", "GetMetricData", MetricDataQueries=queries, **span)
    assert _calls(world) == {"ok": (2, 4), "Throttling": (1, 0)}
    world.control("PUT", "faults", [{"kind": "truncated", "operation": "cloudwatch:*"}])
    world.aws("cloudwatch", "GetMetricData", MetricDataQueries=[other], **span)
    assert _calls(world)["truncated"] == (1, 1)


@pytest.mark.no_cover
def test_a_year_is_the_truth_and_answered_in_less_than_a_second(begin: Callable[..., Any]) -> None:
    """Where nobody can look at single queries, the past repeats itself; its truth repeats with it."""
    world = begin(history=timedelta(days=365), history_queries_per_day=60)
    midnight = NOON / 1000 - DAY / 2
    since, until = midnight - 130 * DAY, midnight - 60 * DAY
    truth = world.testbed.truth(datetime.fromtimestamp(since, tz=UTC), datetime.fromtimestamp(until, tz=UTC))
    scanned = [
        row["scanned_bytes"]
        for row in truth["by_workgroup_statement_type_state"]
        if row["workgroup"] != SILENT and row["statement_type"] == "DML"
    ]
    for period in (3600, 86_400):
        states = ("SUCCEEDED", "FAILED", "CANCELED")
        queries = [_stat("ProcessedBytes", _dimensions("", "DML", state), "Sum", period) for state in states]
        assert sum(sum(_points(world, query, since, until).values()) for query in queries) == sum(scanned) > 0
    daily = _stat("TotalExecutionTime", _dimensions("", "DML", "SUCCEEDED"), period=86_400)
    _points(world, daily, midnight - 365 * DAY, midnight)
    began = time.process_time()
    year = _points(world, daily, midnight - 365 * DAY, midnight)
    _points(world, _stat("ProcessedBytes", _dimensions("dbt-prod"), "Maximum", 86_400), midnight - 365 * DAY, midnight)
    assert time.process_time() - began < 1
    assert len(year) == 365
    days = [year[day] for day in sorted(year)]
    assert days[:28] == days[28:56]
    assert len(set(days[-91:])) > 80
