"""Metric math by the user guide's own examples and rules, on series that are written down here.

A series is written as AWS's tables write it: values minute by minute, `-` where there is none.
"""

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_testbed.cloudwatch.math.evaluator import Evaluator, Surroundings, check
from athena_testbed.cloudwatch.math.lexer import ExpressionError
from athena_testbed.cloudwatch.math.nodes import identifiers
from athena_testbed.cloudwatch.math.parser import parsed
from athena_testbed.cloudwatch.math.values import Array, Grid, Origin, TimeSeries

START = 29_834_640
"""2026-09-22T12:00:00Z, a Tuesday, in minutes since 1970."""


def _series(name: str, text: str, period: int = 1) -> TimeSeries:
    values = text.split()
    points = {START + place * period: float(value) for place, value in enumerate(values) if value != "-"}
    origin = Origin(namespace="N", metric=name, dimensions=(("D", name),), statistic="Sum", period=period * 60)
    grid = Grid(start=START, until=START + len(values) * period, period=period)
    return TimeSeries(points=points, grid=grid, origin=origin, is_plain=True)


def _text(series: TimeSeries) -> str:
    values = (series.points.get(minute) for minute in series.grid.minutes())
    return " ".join("-" if value is None else f"{value:g}" for value in values)


def _computed(expression: str, **metrics: str) -> TimeSeries | Array:
    series = {name: _series(name, text) for name, text in metrics.items()}
    around = Surroundings(
        metrics=tuple(series),
        expressions={"e": parsed(expression)},
        metric=series.__getitem__,
        search=lambda text, statistic, period: Array((_series(f"{text} {statistic} {period}", "7 8 9"),)),
        quota=lambda usage: 150.0 if usage.origin and usage.origin.metric == "used" else None,
        grid=lambda period: Grid(start=START, until=START + 4, period=period // 60),
    )
    check(around.metrics, around.expressions, "e")
    return Evaluator(around, {"e": 60}).result("e")


def _one(expression: str, **metrics: str) -> str:
    result = _computed(expression, **metrics)
    assert isinstance(result, TimeSeries)
    return _text(result)


def _all(expression: str, **metrics: str) -> list[str]:
    result = _computed(expression, **metrics)
    assert isinstance(result, Array)
    return [_text(item) for item in result.items]


GUIDE = {"m1": "30 20 0 0", "m2": "20 - 20 -"}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("(m1 < m2)", "0 0 1 0"),
        ("(m1 >= 30)", "1 0 0 0"),
        ("(m1 > 15 AND m2 > 15)", "1 0 0 0"),
        ("m1 > 15 && m2 > 15 || m1 == 0", "1 0 1 1"),
        ("m1 != 20 OR m2 <= 1", "1 0 1 1"),
        ("m1 + m2", "50 20 20 0"),
        ("m1 - m2 * 2", "-10 20 -40 0"),
        ("-m1^2", "-900 -400 -0 -0"),
        ("2^3^0 + m1", "32 22 2 2"),
        ("2^-1 * m1", "15 10 0 0"),
        ("PERIOD(m1)/60 + m1", "31 21 1 1"),
        ("(m1 - -1) * 10 / (5 * 2)", "31 21 1 1"),
        (".5e1*m1", "150 100 0 0"),
    ],
)
def test_operators_do_what_the_guide_says(expression: str, expected: str) -> None:
    assert _one(expression, **GUIDE) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("IF(c, t, f)", "30 0 20 - -"),
        ("IF(c, 5, f)", "5 5 20 - -"),
        ("IF(c, t, 5)", "30 0 5 5 -"),
        ("IF(c, t)", "30 0 - - -"),
        ("IF(c > 0, 10, 2)", "10 10 2 2 -"),
        ("IF(1 == 1, t, f)", "30 - 0 0 30"),
        ("IF(0, t, f)", "0 0 20 - 20"),
        ("IF(SUM(c) > 5, t)", "- - - - -"),
    ],
)
def test_if_follows_the_guides_tables(expression: str, expected: str) -> None:
    assert _one(expression, c="1 1 0 0 -", t="30 - 0 0 30", f="0 0 20 - 20") == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("FILL(m, 0)", "0 4 0 0 10 0"),
        ("FILL(m, MIN(m))", "4 4 4 4 10 4"),
        ("FILL(m, REPEAT)", "- 4 4 4 10 10"),
        ("FILL(m, LINEAR)", "- 4 6 8 10 -"),
        ("FILL(m, n)", "1 4 - 3 10 6"),
        ("RATE(m)", "- - - - 0.0333333 -"),
        ("DIFF(m)", "- - - - 6 -"),
        ("DIFF_TIME(m)", "- - - - 180 -"),
        ("RUNNING_SUM(m)", "- 4 - - 14 -"),
        ("m - AVG(m)", "- -3 - - 3 -"),
        ("m / STDDEV(m)", "- 1.33333 - - 3.33333 -"),
        ("SUM(m) / DATAPOINT_COUNT(m) + m - m", "- 7 - - 7 -"),
        ("TIME_SERIES(MAX(m))", "10 10 10 10"),
        ("ABS(-m)", "- 4 - - 10 -"),
        ("CEIL(m / 3)", "- 2 - - 4 -"),
        ("FLOOR(m / 3)", "- 1 - - 3 -"),
        ("LOG10(m * 25)", "- 2 - - 2.39794 -"),
        ("LOG(m)", "- 1.38629 - - 2.30259 -"),
    ],
)
def test_functions_of_one_series(expression: str, expected: str) -> None:
    assert _one(expression, m="- 4 - - 10 -", n="1 2 - 3 4 6") == expected


ARRAY = {"a1": "1 - 3", "a2": "5 6 -", "b1": "- - -"}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("SUM(METRICS())", "6 6 3"),
        ("AVG(METRICS())", "2 2 1"),
        ("MAX(METRICS())", "5 6 3"),
        ("MIN([a1, a2])", "1 6 3"),
        ("STDDEV([a1, a2])", "2 0 0"),
        ("DATAPOINT_COUNT(METRICS())", "2 1 1"),
        ('SUM([METRICS("a"), METRICS("b")])', "6 6 3"),
        ('SUM(METRICS("2"))', "5 6 -"),
        ("a1 / METRIC_COUNT(METRICS())", "0.333333 - 1"),
        ("SUM(-[a1, a2])", "-6 -6 -3"),
        ("FIRST(SORT([a1, a2], AVG, DESC))", "5 6 -"),
        ("LAST(SORT([a1, a2], SUM, DESC))", "1 - 3"),
        ("SUM(100 / [a1, a2])", "120 16.6667 33.3333"),
    ],
)
def test_an_array_becomes_one_series(expression: str, expected: str) -> None:
    assert _one(expression, **ARRAY) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("METRICS()", ["1 - 3", "5 6 -", "- - -"]),
        ("REMOVE_EMPTY(METRICS())", ["1 - 3", "5 6 -"]),
        ("METRICS() * 100", ["100 - 300", "500 600 -", "- - -"]),
        ("10 - [a1]", ["9 - 7"]),
        ("[a1, a2] - a1", ["0 - 0", "4 6 -3"]),
        ("FILL(METRICS(), 0)", ["1 0 3", "5 6 0", "0 0 0"]),
        ("RUNNING_SUM([a1, a2])", ["1 - 4", "5 11 -"]),
        ("SORT(METRICS(), MAX, ASC)", ["1 - 3", "5 6 -", "- - -"]),
        ("SORT(METRICS(), MIN, DESC, 1)", ["5 6 -"]),
        ("SLICE(SORT(METRICS(), SUM, DESC), 0, 2)", ["5 6 -", "1 - 3"]),
        ("SLICE(METRICS(), 2)", ["- - -"]),
        ("SEARCH('x', 'Sum', 300)", ["7 8 9"]),
        ("REMOVE_EMPTY(SEARCH('x', 'Sum'))", ["7 8 9"]),
    ],
)
def test_an_array_stays_an_array(expression: str, expected: list[str]) -> None:
    assert _all(expression, **ARRAY) == expected


@pytest.mark.parametrize(
    ("function", "value"),
    [("MINUTE", 0), ("HOUR", 12), ("DAY", 2), ("DATE", 22), ("MONTH", 9), ("YEAR", 2026), ("EPOCH", START * 60)],
)
def test_the_calendar_is_read_at_every_period_with_data_or_without(function: str, value: float) -> None:
    result = _computed(f"{function}(m)", m="- 1 -")
    assert isinstance(result, TimeSeries)
    assert result.points[START] == value
    assert len(result.points) == 3


def test_a_usage_metric_has_its_quota_beside_it() -> None:
    result = _computed("100 * used / SERVICE_QUOTA(used)", used="3 - 15")
    assert isinstance(result, TimeSeries)
    assert _text(result) == "2 - 10"
    without = _computed("SERVICE_QUOTA(m)", m="3 - 15")
    assert isinstance(without, TimeSeries)
    assert without.points == {}


@pytest.mark.parametrize("expression", ["m / (m - m)", "(0 - m) ^ 0.5", "LOG(m * 0)", "m * 10 ^ 400", "m - AVG(n) + n"])
def test_a_value_that_is_no_number_is_dropped_and_told(expression: str) -> None:
    result = _computed(expression, m="1 2", n="- -")
    assert isinstance(result, TimeSeries)
    assert result.points == {}
    assert result.has_dropped


def test_what_was_dropped_on_the_way_is_told_at_the_end() -> None:
    result = _computed("SUM([FILL(m / n, 0), m])", m="1 2", n="0 1")
    assert isinstance(result, TimeSeries)
    assert (_text(result), result.has_dropped) == ("1 4", True)
    assert not getattr(_computed("m / n", m="1 2", n="2 2"), "has_dropped", True)


def test_an_item_of_an_array_stays_its_metric_and_a_sum_is_none() -> None:
    result = _computed("FILL(100 * RATE([a, b]), 0)", a="1 2", b="3 4")
    assert isinstance(result, Array)
    assert [item.origin and item.origin.metric for item in result.items] == ["a", "b"]
    total = _computed("SUM([a, b])", a="1 2", b="3 4")
    assert isinstance(total, TimeSeries)
    assert total.origin is None


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("", "Invalid syntax"),
        ("m1 +", "Invalid syntax"),
        ("SUM(m1", "Invalid syntax"),
        ("SUM(m1))", "Invalid syntax"),
        ("m1 m2", "Invalid syntax"),
        ("[]", "Invalid syntax"),
        ("m1 & m2", "Invalid syntax"),
        ("'open", "Invalid syntax"),
        ("(" * 100 + "m1" + ")" * 100, "Invalid syntax"),
        ("sum(m1)", "Function 'sum' not found"),
        ("ANOMALY_DETECTOR(m1)", "Function 'ANOMALY_DETECTOR' not found"),
        ("ANOMALY_DETECTION_BAND(m1)", "nothing to tell"),
        ("m3", "Undefined variable 'm3'"),
        ("M3", "Undefined variable 'M3'"),
        ("e + 1", "Circular reference to 'e'"),
        ("5", "must be a time series"),
        ("AVG(m1)", "must be a time series"),
        ("'text'", "must be a time series"),
        ("SUM(m1, m2)", "Unsupported argument type(s) for function SUM: (TS, TS)"),
        ("SUM(5)", "Unsupported argument type(s) for function SUM: (S)"),
        ("METRICS() / METRICS()", "Unsupported operand type(s) for /: 'TS[]' and 'TS[]'"),
        ("METRICS() > 1", "Unsupported operand type(s) for >: 'TS[]' and 'S'"),
        ("m1 + 'a'", "Unsupported operand type(s) for +: 'TS' and 'String'"),
        ("-REPEAT", "Unsupported operand type for -"),
        ("FILL(m1)", "function FILL"),
        ("FILL(m1, UP)", "Undefined variable 'UP'"),
        ("FILL(m1, SUM)", "function FILL"),
        ("FILL(1, 0)", "function FILL"),
        ("FILL(m1, METRICS())", "function FILL"),
        ("IF(m1)", "function IF"),
        ("IF(METRICS(), 1)", "function IF"),
        ("IF(1, 2, 3)", "function IF"),
        ("SORT(METRICS(), AVG)", "function SORT"),
        ("SORT(METRICS(), LINEAR, ASC)", "function SORT"),
        ("SORT(m1, AVG, ASC)", "function SORT"),
        ("SLICE(METRICS())", "function SLICE"),
        ("SLICE(METRICS(), 0 - 1)", "function SLICE"),
        ("SLICE(METRICS(), m1)", "function SLICE"),
        ("REMOVE_EMPTY(m1)", "function REMOVE_EMPTY"),
        ("METRICS(1)", "function METRICS"),
        ("PERIOD(m1 + 1)", "function PERIOD"),
        ("PERIOD(METRICS())", "function PERIOD"),
        ("TIME_SERIES(m1)", "function TIME_SERIES"),
        ("TIME_SERIES()", "function TIME_SERIES"),
        ("SERVICE_QUOTA(1)", "function SERVICE_QUOTA"),
        ("SEARCH('x')", "function SEARCH"),
        ("SEARCH('x', 'Sum', m1)", "function SEARCH"),
        ("HOUR(1)", "function HOUR"),
        ("ABS(1)", "function ABS"),
        ("[m1, 1]", "function []"),
        ("METRIC_COUNT(m1)", "function METRIC_COUNT"),
    ],
)
def test_what_is_no_expression_is_refused(expression: str, words: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        _computed(expression, m1="1 2", m2="3 4")
    assert words in str(caught.value)


def test_expressions_may_refer_to_expressions_but_not_in_a_circle() -> None:
    trees = {"a": parsed("b + 1"), "b": parsed("c + 1"), "c": parsed("m")}
    check(("m",), trees, "a")
    with pytest.raises(ExpressionError, match="Circular reference to 'a'"):
        check(("m",), {**trees, "c": parsed("a")}, "a")


def test_a_period_comes_from_the_metrics_where_the_query_has_none() -> None:
    grid = Grid(start=START, until=START + 10, period=5)
    around = Surroundings(
        metrics=("m",), expressions={"e": parsed("TIME_SERIES(1)")}, metric=lambda _: _series("m", "1", 5),
        search=lambda *_: Array(), quota=lambda _: None, grid=lambda period: Grid(
            start=START, until=START + 10, period=period // 60
        ),
    )  # fmt: skip  # as short as it can be said
    result = Evaluator(around, {"m": 300}).result("e")
    assert isinstance(result, TimeSeries)
    assert list(result.points) == list(grid.minutes())
    with pytest.raises(ExpressionError, match="needs a Period"):
        Evaluator(around, {}).result("e")


def test_series_of_two_periods_meet_on_the_finer_grid() -> None:
    day, hour = _series("d", "24 24", 60), _series("h", "1 1 1 1 1 1", 20)
    around = Surroundings(
        metrics=("d", "h"), expressions={"e": parsed("d + h")}, metric={"d": day, "h": hour}.__getitem__,
        search=lambda *_: Array(), quota=lambda _: None, grid=lambda _: day.grid,
    )  # fmt: skip  # as short as it can be said
    result = Evaluator(around, {}).result("e")
    assert isinstance(result, TimeSeries)
    assert _text(result) == "25 1 1 25 1 1"


@given(st.text(alphabet="m1 ab()[],'\"+-*/^<>=!&|.5eSUMFILANDORTRCHG\\", max_size=40))
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        tree = parsed(text)
    except ExpressionError:
        return
    assert all(name[0].islower() for name in identifiers(tree))


_values = st.lists(st.one_of(st.none(), st.integers(-1000, 1000)), min_size=6, max_size=6)


def _written(values: Sequence[Any]) -> str:
    return " ".join("-" if value is None else str(value) for value in values)


@given(st.lists(_values, min_size=1, max_size=5))
def test_sums_add_up_in_either_direction(rows: list[list[int | None]]) -> None:
    metrics = {f"m{place}": _written(row) for place, row in enumerate(rows)}
    total = _computed("SUM(METRICS())", **metrics)
    assert isinstance(total, TimeSeries)
    expected = {
        START + place: float(sum(value for value in column if value is not None))
        for place, column in enumerate(zip(*rows, strict=True))
        if any(value is not None for value in column)
    }
    assert total.points == expected
    spread = _computed("AVG(METRICS()) * METRIC_COUNT(METRICS())", **metrics)
    assert isinstance(spread, TimeSeries)
    assert all(math.isclose(spread.points[minute], value, abs_tol=1e-9) for minute, value in expected.items())


@given(_values, _values)
def test_a_filled_series_has_no_gaps_and_keeps_its_values(first: list[int | None], second: list[int | None]) -> None:
    metrics = {"a": _written(first), "b": _written(second)}
    filled = _computed("FILL(a, 0)", **metrics)
    assert isinstance(filled, TimeSeries)
    assert [filled.points[START + place] for place in range(6)] == [value or 0.0 for value in first]
    assert _one("a + b", **metrics).split().count("-") == sum(
        one is None and other is None for one, other in zip(first, second, strict=True)
    )
