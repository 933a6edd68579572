"""GetMetricData with expressions, on the wire: searches find what exact queries count, and cost what they find."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from protocol_clients import PROTOCOLS, cloudwatch_client

from athena_testbed import Settings

NOON = 1_790_078_400_000
"""2026-09-22T12:00:00Z in milliseconds."""
DAY = 86_400
WORKGROUPS = '{AWS/Athena,WorkGroup} MetricName="ProcessedBytes"'
FINEST = '{AWS/Athena,QueryState,QueryType,WorkGroup} MetricName="%s" QueryState="%s" QueryType="%s"'


class Clock:
    """A clock that a test moves; milliseconds."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> int:
        return self.now

    def advance(self, **length: float) -> None:
        self.now += timedelta(**length) // timedelta(milliseconds=1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def begin(start: Callable[..., Any], settings: Callable[..., Settings], clock: Clock) -> Callable[..., Any]:
    """An account on the test's clock, CloudWatch without delay, with history where a test wants one."""

    def world(**different: Any) -> Any:
        plain = {"history": timedelta(0), "cloudwatch_delay": timedelta(0), "listmetrics_delay": timedelta(0)}
        return start(settings(**{**plain, **different}), clock)

    return world


@pytest.fixture
def busy(begin: Callable[..., Any]) -> Any:
    return begin(history=timedelta(days=2), history_queries_per_day=700)


def _metric(name: str, metric: str = "ProcessedBytes", statistic: str = "Sum", period: int = DAY, **more: Any) -> Any:
    named = {"QueryState": more.pop("state", ""), "QueryType": more.pop("kind", ""), "WorkGroup": more.pop("of", "")}
    dimensions = [{"Name": key, "Value": value} for key, value in named.items() if value]
    asked = {"Namespace": "AWS/Athena", "MetricName": metric, "Dimensions": dimensions}
    return {"Id": name, "MetricStat": {"Metric": asked, "Period": period, "Stat": statistic}, **more}


def _formula(name: str, expression: str, **more: Any) -> dict[str, Any]:
    return {"Id": name, "Expression": expression, **more}


def _search(text: str, statistic: str = "Sum", period: int = DAY) -> str:
    return f"REMOVE_EMPTY(SEARCH('{text}', '{statistic}', {period}))"


def _answer(world: Any, clock: Clock, *queries: Any, days: float = 3, **more: Any) -> dict[str, Any]:
    midnight = clock.now / 1000 // DAY * DAY
    asked = {"StartTime": midnight - days * DAY, "EndTime": midnight + DAY, "ScanBy": "TimestampAscending", **more}
    answer: dict[str, Any] = world.call("cloudwatch", "GetMetricData", MetricDataQueries=list(queries), **asked)
    return answer


def _results(answer: dict[str, Any], name: str) -> dict[str, dict[float, float]]:
    """The series of one query: label -> time -> value."""
    found = [one for one in answer["MetricDataResults"] if one["Id"] == name]
    assert all(one["StatusCode"] == "Complete" for one in found)
    return {one["Label"]: dict(zip(one["Timestamps"], one["Values"], strict=True)) for one in found}


def _labels(answer: dict[str, Any], name: str) -> list[str]:
    return [one["Label"] for one in answer["MetricDataResults"] if one["Id"] == name]


def _refusal(world: Any, clock: Clock, *queries: Any, **more: Any) -> str:
    span = {"StartTime": clock.now / 1000 - DAY, "EndTime": clock.now / 1000}
    code, message = world.error("cloudwatch", "GetMetricData", MetricDataQueries=list(queries), **span, **more)
    assert code == "ValidationError"
    text: str = message
    return text


def _given(world: Any, clock: Clock, **fields: Any) -> None:
    now = clock.now / 1000
    world.testbed.add({
        "submitted_at": now - 1, "ended_at": now, "scanned_bytes": 1000, "workgroup": "analytics", **fields,
    })  # fmt: skip  # as short as it can be said


def test_a_search_is_the_exact_queries_of_all_workgroups(busy: Any, clock: Clock) -> None:
    for metric, statistic, kind, state in (
        ("ProcessedBytes", "Sum", "DML", "SUCCEEDED"), ("TotalExecutionTime", "SampleCount", "DML", "FAILED"),
        ("TotalExecutionTime", "Maximum", "DDL", "SUCCEEDED"), ("QueryQueueTime", "p95", "DML", "SUCCEEDED"),
    ):  # fmt: skip  # a table
        search = _formula("s", _search(FINEST % (metric, state, kind), statistic, 3600))
        found = _results(_answer(busy, clock, search), "s")
        names = [name for name in busy.workgroups() if name != "monitoring"]
        exact = [_metric(f"m{place}", metric, statistic, 3600, of=name, kind=kind, state=state, Label=name)
                 for place, name in enumerate(names)]  # fmt: skip  # as short as it can be said
        alone = _answer(busy, clock, *exact)
        expected = {name: _results(alone, query["Id"])[name] for query, name in zip(exact, names, strict=True)}
        assert found == {name: points for name, points in expected.items() if points}
        assert len(found) > 3


def test_the_sum_of_a_search_is_the_series_of_all_workgroups_and_the_truth(busy: Any, clock: Clock) -> None:
    answer = _answer(
        busy, clock,
        _formula("each", _search(FINEST % ("ProcessedBytes", "SUCCEEDED", "DML"), "Sum", 3600), ReturnData=False),
        _formula("together", "SUM(each)"),
        _metric("exact", period=3600, kind="DML", state="SUCCEEDED"),
        _formula("none", "together - exact"),
    )  # fmt: skip  # as short as it can be said
    (together,), (exact,), (none,) = (list(_results(answer, name).values()) for name in ("together", "exact", "none"))
    assert together == exact
    assert set(none.values()) == {0.0}
    truth = [
        row["scanned_bytes"]
        for row in busy.testbed.truth()["by_workgroup_statement_type_state"]
        if (row["statement_type"], row["state"].upper()) == ("DML", "SUCCEEDED") and row["workgroup"] != "monitoring"
    ]
    assert sum(together.values()) == sum(truth) > 0
    assert {one["Id"] for one in answer["MetricDataResults"]} == {"together", "exact", "none"}


def test_a_search_forgets_after_two_weeks_what_a_metric_remembers(begin: Callable[..., Any], clock: Clock) -> None:
    world = begin()
    _given(world, clock)
    queries = (_formula("s", _search(WORKGROUPS)), _metric("m", of="analytics"))
    for days, found in ((0, 1), (13.9, 1), (0.2, 0), (400, 0)):
        clock.advance(days=days)
        answer = _answer(world, clock, *queries, days=430)
        assert len(_results(answer, "s")) == found
        assert [list(points.values()) for points in _results(answer, "m").values()] == [[1000.0]]


def test_a_search_that_finds_nothing_is_no_series_at_all(busy: Any, clock: Clock) -> None:
    nothing = _search(WORKGROUPS + ' WorkGroup="nobody"')
    queries = (_formula("s", nothing), _formula("t", f"SUM({nothing})"), _formula("u", f"FIRST({nothing})"))
    assert _answer(busy, clock, *queries)["MetricDataResults"] == []


def test_a_search_sees_the_whole_past_of_what_it_finds(begin: Callable[..., Any], clock: Clock) -> None:
    world = begin()
    _given(world, clock)
    clock.advance(days=100)
    _given(world, clock, scanned_bytes=7)
    (points,) = _results(_answer(world, clock, _formula("s", _search(WORKGROUPS)), days=120), "s").values()
    assert list(points.values()) == [1000.0, 7.0]


def _calls(world: Any) -> int:
    rows = world.control("GET", "calls")
    return sum(row["billed_metrics"] for row in rows if row["operation"] == "GetMetricData")


def test_a_search_is_billed_for_every_metric_it_finds(busy: Any, clock: Clock) -> None:
    found = len(_results(_answer(busy, clock, _formula("s", f"SUM(SEARCH('{WORKGROUPS}', 'Sum', 300))")), "s"))
    assert (found, _calls(busy)) == (1, 14)
    busy.http("DELETE", "/_testbed/calls")
    statistics = ("Sum", "Maximum", "Minimum", "Average", "SampleCount", "p50")
    several = [_formula(f"s{place}", _search(WORKGROUPS, name)) for place, name in enumerate(statistics)]
    _answer(busy, clock, *several[:5], _metric("m", of="nobody"), _formula("e", "m * 2"))
    assert _calls(busy) == 14 + 1
    busy.http("DELETE", "/_testbed/calls")
    _answer(busy, clock, *several)
    assert _calls(busy) == 2 * 14
    busy.http("DELETE", "/_testbed/calls")
    _refusal(busy, clock, several[0], _formula("bad", "s0 / s0"))
    assert _calls(busy) == 0


def test_a_call_retrieves_500_metrics_and_says_when_there_are_more(begin: Callable[..., Any], clock: Clock) -> None:
    world = begin(history=timedelta(hours=20), history_queries_per_day=1500, workgroups=60)
    answer = _answer(world, clock, _metric("m", of="nobody"), _formula("all", "SEARCH('Athena', 'Sum', 86400)"))
    assert len(_labels(answer, "all")) == 499
    assert [message["Code"] for message in answer["Messages"]] == ["MaxMetricsExceeded"]
    assert _calls(world) == 500
    assert _answer(world, clock, _formula("some", _search(WORKGROUPS)))["Messages"] == []


def test_names_tell_what_differs_within_the_call(busy: Any, clock: Clock) -> None:
    finest = _search(FINEST % ("ProcessedBytes", "SUCCEEDED", "DML"))
    one = _search(WORKGROUPS + ' WorkGroup="analytics"')
    assert "dbt-prod" in _labels(_answer(busy, clock, _formula("a", finest)), "a")
    assert _labels(_answer(busy, clock, _formula("a", one)), "a") == ["ProcessedBytes"]
    both = _answer(busy, clock, _formula("a", one), _formula("b", one.replace("Sum", "Maximum")))
    assert _labels(both, "a") + _labels(both, "b") == ["ProcessedBytes Sum", "ProcessedBytes Maximum"]
    states = _labels(_answer(busy, clock, _formula("a", _search("{AWS/Athena,QueryState,QueryType} Bytes"))), "a")
    assert states == ["CANCELED", "FAILED", "SUCCEEDED"]
    mixed = _answer(busy, clock, _metric("m", of="analytics"), _metric("n", "QueryQueueTime", of="ad-hoc"))
    assert [_labels(mixed, name) for name in "mn"] == [["analytics ProcessedBytes"], ["ad-hoc QueryQueueTime"]]


def test_an_expression_is_named_by_its_label_or_its_id(busy: Any, clock: Clock) -> None:
    answer = _answer(
        busy, clock, _metric("m", of="analytics", Label="mine"), _formula("n", "m * 2"),
        _formula("o", "m * 2", Label="twice"), _formula("p", "FILL(METRICS(), 0)", Label="filled"),
        _formula("q", "FILL(METRICS(), 0)"), _formula("r", "[m + m]"),
    )  # fmt: skip  # as short as it can be said
    assert [_labels(answer, name) for name in "mnopqr"] == [
        ["mine"], ["n"], ["twice"], ["filled mine"], ["mine"], ["r"],
    ]  # fmt: skip  # a list


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("${PROP('Dim.WorkGroup')}", "analytics"),
        ("${PROP('MetricName')} ${PROP('Stat')} ${PROP('Period')}s", "ProcessedBytes Sum 3600s"),
        ("${PROP('Region')}/${PROP('AccountId')}/${PROP('Namespace')}", "eu-west-1/123456789012/AWS/Athena"),
        ("${PROP('Dim.Nothing')} ${PROP('Colour')} ${FOO}", "${PROP('Dim.Nothing')} ${PROP('Colour')} ${FOO}"),
        ("[max: ${MAX} of ${LABEL}]", "[max: 1000 of ProcessedBytes]"),
        ("${MIN} ${AVG} ${SUM} ${DATAPOINT_COUNT}", "7 503.5 1007 2"),
        ("${FIRST} ${LAST} ${FIRST_LAST_RANGE} ${MIN_MAX_RANGE}", "1000 7 -993 993"),
        ("${FIRST_TIME} ${LAST_TIME}", "2026-09-22 14:00 2026-09-22 17:00"),
        ("${MAX_TIME} ${MIN_TIME}", "2026-09-22 14:00 2026-09-22 17:00"),
        ("${FIRST_LAST_TIME_RANGE} ${MIN_MAX_TIME_RANGE}", "3h 3h"),
        ("${LAST_TIME_RELATIVE} ${FIRST_TIME_RELATIVE}", "1d 1d 3h"),
    ],
)
def test_labels_hold_dynamic_values(begin: Callable[..., Any], clock: Clock, label: str, expected: str) -> None:
    world = begin()
    _given(world, clock)
    clock.advance(hours=3)
    _given(world, clock, scanned_bytes=7)
    clock.advance(days=1)
    zone = {"Timezone": "+0200"}
    exact = _metric("m", period=3600, of="analytics", Label=label)
    search = _formula("s", _search(WORKGROUPS, period=3600), Label=label)
    for query in (exact, search):
        assert _labels(_answer(world, clock, query, LabelOptions=zone), query["Id"]) == [expected]


def test_a_label_of_an_empty_series_has_nothing_to_tell(begin: Callable[..., Any], clock: Clock) -> None:
    query = _metric("m", of="analytics", Label="${MAX} ${LAST_TIME} ${DATAPOINT_COUNT} ${LABEL}")
    assert _labels(_answer(begin(), clock, query), "m") == ["-- -- 0 ProcessedBytes"]


def test_a_division_by_zero_drops_data_points_and_says_so(busy: Any, clock: Clock) -> None:
    answer = _answer(busy, clock, _metric("m", of="analytics"), _formula("e", "m / (m - m)"), _formula("f", "m * 1"))
    e, f = (next(one for one in answer["MetricDataResults"] if one["Id"] == name) for name in "ef")
    assert (e["Values"], [message["Code"] for message in e["Messages"]]) == ([], ["ArithmeticError"])
    assert "Messages" not in f
    assert f["Values"]


def test_an_answer_with_expressions_is_cut_where_metrics_alone_come_in_pages(busy: Any, clock: Clock) -> None:
    search = _formula("s", _search(WORKGROUPS, period=3600))
    whole = _answer(busy, clock, search)["MetricDataResults"]
    cut = _answer(busy, clock, search, MaxDatapoints=10)
    assert "NextToken" not in cut
    assert [(one["Label"], one["StatusCode"]) for one in cut["MetricDataResults"]] == [
        (one["Label"], "PartialData") for one in whole
    ]
    assert [len(one["Values"]) for one in cut["MetricDataResults"]] == [10] + [0] * (len(whole) - 1)
    newest = _answer(busy, clock, search, MaxDatapoints=10, ScanBy="TimestampDescending")["MetricDataResults"][0]
    assert newest["Timestamps"] == whole[0]["Timestamps"][:-11:-1]
    exact = _metric("m", period=3600, kind="DML", state="SUCCEEDED")
    assert "NextToken" in _answer(busy, clock, exact, MaxDatapoints=10)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (_formula("e", "SUM(m"), "Error in expression 'e': Invalid syntax"),
        (_formula("e", "m1 * 2"), "Error in expression 'e': Undefined variable 'm1'"),
        (_formula("e", "SUM(m)"), "Error in expression 'e': The result must be a time series"),
        (_formula("e", "MEAN(m)"), "Error in expression 'e': Function 'MEAN' not found"),
        (_formula("e", "SEARCH('', 'Sum', 60)"), "Error in expression 'e': Invalid syntax"),
        (_formula("e", "SEARCH('Athena', 'Median', 60)"), "statistic 'Median'"),
        (_formula("e", "SEARCH('Athena', 'Sum', 90)"), "period 90 of SEARCH"),
        (_formula("e", f"SEARCH('{'a' * 1025}', 'Sum', 60)"), "the maximum is 1024"),
        (_formula("e", "SEARCH('Athena', 'Sum')"), "Error in expression 'e'"),
        (_formula("e", 'SELECT AVG(ProcessedBytes) FROM "AWS/Athena"'), "Metrics Insights"),
        (_formula("e", "m" + " + m" * 1000), "less than or equal to 2048"),
        (_formula("e", ""), "greater than or equal to 1"),
        (_formula("e", "m", Period=90), "member.2.Period"),
        (_formula("e", "m", Label="${MAX}" * 6), "5 dynamic values"),
        (_formula("e", "m", Label="${LABEL}${LABEL}"), "only once"),
    ],
)
def test_an_expression_that_can_not_be_computed_is_refused(
    begin: Callable[..., Any], clock: Clock, query: dict[str, Any], words: str
) -> None:
    period = {} if "SEARCH" in query["Expression"] and query["Expression"].endswith("'Sum')") else {"of": "analytics"}
    others = (_metric("m", of="analytics"),) if period else (_formula("m", "SEARCH('Athena', 'Sum', 60)"),)
    assert words in _refusal(begin(), clock, *others, query)


def test_a_time_zone_is_hours_and_minutes(begin: Callable[..., Any], clock: Clock) -> None:
    for wrong in ("Europe/Dublin", "+2500", "0200"):
        assert "LabelOptions.Timezone" in _refusal(begin(), clock, _metric("m"), LabelOptions={"Timezone": wrong})


def test_active_queries_have_their_quota(begin: Callable[..., Any], clock: Clock) -> None:
    world = begin(dml_quota=40)
    began = clock.now / 1000
    world.testbed.add(*({"submitted_at": began + 30, "ended_at": began + 200} for _ in range(4)))
    clock.advance(minutes=10)
    search = "SEARCH('{AWS/Usage,Service,Type,Resource,Class} Class=\"DML\"', 'Maximum', 60)"
    share = _formula("e", "100 * FIRST(u) / SERVICE_QUOTA(FIRST(u))")
    answer = _answer(world, clock, _formula("u", search, ReturnData=False), share)
    assert set(answer["MetricDataResults"][0]["Values"]) == {10.0}


def test_what_is_no_usage_has_no_quota(busy: Any, clock: Clock) -> None:
    answer = _answer(busy, clock, _metric("m", of="analytics"), _formula("e", "SERVICE_QUOTA(m)"))
    assert [bool(one["Values"]) for one in answer["MetricDataResults"]] == [True, False]


def test_nothing_is_told_by_the_second(busy: Any, clock: Clock) -> None:
    answer = _answer(busy, clock, _formula("s", f"SEARCH('{WORKGROUPS}', 'Sum', 30)"))
    assert [one["Values"] for one in answer["MetricDataResults"]] == [[]] * 14


def test_metrics_of_another_account_are_not_here(busy: Any, clock: Clock) -> None:
    answer = _answer(
        busy, clock, _metric("ours", of="analytics", AccountId="123456789012"),
        _metric("theirs", of="analytics", AccountId="111122223333"),
    )  # fmt: skip  # as short as it can be said
    assert [bool(one["Values"]) for one in answer["MetricDataResults"]] == [True, False]


@pytest.fixture
def clients(busy: Any, tmp_path: Path) -> Iterator[dict[str, Any]]:
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(closing(cloudwatch_client(tmp_path, busy.testbed.url, name, "eu-west-1")))
            for name in PROTOCOLS
        }


def test_each_protocol_tells_the_same_of_expressions(clients: dict[str, Any]) -> None:
    end = datetime.fromtimestamp(NOON / 1000, tz=UTC)
    queries = [_formula("s", _search(WORKGROUPS), Label="${PROP('Dim.WorkGroup')} <&>"), _metric("m", of="analytics"),
               _formula("z", "m / 0")]  # fmt: skip  # three in a row
    answers = [
        client.get_metric_data(
            MetricDataQueries=queries,
            StartTime=end - timedelta(days=2),
            EndTime=end,
            LabelOptions={"Timezone": "-0530"},
        )
        for client in clients.values()
    ]
    first, *others = ({k: v for k, v in answer.items() if k != "ResponseMetadata"} for answer in answers)
    assert all(other == first for other in others)
    assert "analytics <&>" in [one["Label"] for one in first["MetricDataResults"]]
    assert first["MetricDataResults"][-1]["Messages"][0]["Code"] == "ArithmeticError"


@pytest.mark.no_cover
def test_a_year_of_days_of_all_workgroups_is_answered_in_two_seconds(begin: Callable[..., Any], clock: Clock) -> None:
    world = begin(history=timedelta(days=365), history_queries_per_day=20)
    queries = (
        _formula("s", _search(FINEST % ("ProcessedBytes", "SUCCEEDED", "DML"))), _formula("t", "SUM(s)"),
        _metric("m", kind="DML", state="SUCCEEDED"),
    )  # fmt: skip  # as short as it can be said
    _answer(world, clock, *queries, days=365)
    began = time.process_time()
    answer = _answer(world, clock, *queries, days=365)
    assert time.process_time() - began < 2
    (together,), (exact,) = (list(_results(answer, name).values()) for name in "tm")
    seen = sum(sum(points.values()) for points in _results(answer, "s").values())
    assert seen == sum(together.values())
    assert 0 < seen <= sum(exact.values())
    assert len(exact) > 300
