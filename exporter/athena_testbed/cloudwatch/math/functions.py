"""The functions of metric math that need nothing but their arguments.

A function takes the values of its arguments and answers one. Which types it takes, and that one series gives a scalar
where an array gives a series, are the tables of the user guide. The user guide doesn't say how MIN, MAX and STDDEV of
an array treat a series without a value: here they leave it out, for a 0 that nobody measured would be every minimum.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from math import ceil, floor, log, log10, nan
from statistics import fmean, pstdev

from athena_testbed.cloudwatch.math.lexer import ExpressionError
from athena_testbed.cloudwatch.math.values import Array, TimeSeries, Value, Word, computed, kind

Function = Callable[[tuple[Value, ...]], Value]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SORTED_BY = frozenset({"AVG", "MIN", "MAX", "SUM"})


def unsuited(function: str, arguments: Sequence[Value]) -> ExpressionError:
    """The refusal of arguments that a function doesn't take."""
    kinds = ", ".join(kind(argument) for argument in arguments)
    return ExpressionError(f"Unsupported argument type(s) for function {function}: ({kinds})")


def scalar(function: str, arguments: tuple[Value, ...], place: int) -> float:
    """The argument at a place, which has to be a number."""
    value = arguments[place]
    if not isinstance(value, float):
        raise unsuited(function, arguments)
    return value


def array(function: str, arguments: tuple[Value, ...]) -> Array:
    """The first argument, which has to be an array."""
    if not arguments or not isinstance(arguments[0], Array):
        raise unsuited(function, arguments)
    return arguments[0]


def _safe(compute: Callable[[float], float]) -> Callable[[float], float]:
    """A function of one number that answers no number where it has no value."""

    def answer(value: float) -> float:
        try:
            return float(compute(value))
        except ValueError:
            return nan

    return answer


def _by_series(name: str, change: Callable[[TimeSeries], TimeSeries]) -> Function:
    """Of a series a series, of an array an array."""

    def function(arguments: tuple[Value, ...]) -> Value:
        if len(arguments) == 1 and isinstance(arguments[0], TimeSeries):
            return change(arguments[0])
        if len(arguments) == 1 and isinstance(arguments[0], Array):
            return arguments[0].each(change)
        raise unsuited(name, arguments)

    return function


def _by_value(name: str, compute: Callable[[float], float]) -> Function:
    compute = _safe(compute)
    return _by_series(name, lambda one: one.changed({minute: compute(value) for minute, value in one.points.items()}))


def _together(
    name: str, whole: Callable[[Sequence[float]], float], across: Callable[[Sequence[float], int], float]
) -> Function:
    """Of a series a scalar, of an array a series; `across` also learns how many series there are."""

    def function(arguments: tuple[Value, ...]) -> Value:
        if len(arguments) == 1 and isinstance(arguments[0], TimeSeries):
            return whole(tuple(arguments[0].points.values()))
        if len(arguments) == 1 and isinstance(arguments[0], Array):
            return _across(arguments[0].items, across)
        raise unsuited(name, arguments)

    return function


def _across(items: tuple[TimeSeries, ...], across: Callable[[Sequence[float], int], float]) -> Value:
    if not items:
        return Array()
    minutes = sorted({minute for item in items for minute in item.points})
    present = {minute: [item.points[minute] for item in items if minute in item.points] for minute in minutes}
    return computed(items, {minute: across(values, len(items)) for minute, values in present.items()})


def _or_nothing(compute: Callable[[Sequence[float]], float]) -> Callable[[Sequence[float]], float]:
    return lambda values: float(compute(values)) if values else nan


SUMMARIES: Mapping[str, Callable[[Sequence[float]], float]] = {
    "AVG": _or_nothing(fmean),
    "MAX": _or_nothing(max),
    "MIN": _or_nothing(min),
    "STDDEV": _or_nothing(pstdev),
    "SUM": lambda values: float(sum(values)),
    "DATAPOINT_COUNT": lambda values: float(len(values)),
}
"""Function -> the scalar it makes of all data points of a series."""


def _of_present(compute: Callable[[Sequence[float]], float]) -> Callable[[Sequence[float], int], float]:
    return lambda values, _: compute(values)


_ACROSS: Mapping[str, Callable[[Sequence[float], int], float]] = {
    **{name: _of_present(compute) for name, compute in SUMMARIES.items()},
    "AVG": lambda values, count: float(sum(values)) / count,
}
"""Function -> the value it makes at one time of the series that have one, and of how many there are in all."""


def _steps(one: TimeSeries, compute: Callable[[float, float, int], float]) -> TimeSeries:
    """A value for every data point but the first, of the one before, itself and the seconds between."""
    pairs = pairwise(one.points.items())
    return one.changed({now: compute(before, value, (now - then) * 60) for (then, before), (now, value) in pairs})


def _running_sum(one: TimeSeries) -> TimeSeries:
    return one.changed(dict(zip(one.points, accumulate(one.points.values()), strict=True)))


def _calendar(name: str, read: Callable[[datetime], float]) -> Function:
    """A series that has a value at every period, told by its time (UTC)."""

    def function(arguments: tuple[Value, ...]) -> Value:
        if len(arguments) != 1 or not isinstance(arguments[0], TimeSeries):
            raise unsuited(name, arguments)
        source = arguments[0]
        times = {minute: _EPOCH + timedelta(minutes=minute) for minute in source.grid.minutes()}
        return computed((source,), {minute: float(read(time)) for minute, time in times.items()})

    return function


def _fill(arguments: tuple[Value, ...]) -> Value:
    if len(arguments) != 2:
        raise unsuited("FILL", arguments)
    source, filler = arguments
    if isinstance(filler, Array) or (isinstance(filler, Word) and filler.text not in {"REPEAT", "LINEAR"}):
        raise unsuited("FILL", arguments)
    if isinstance(source, Array):
        return source.each(lambda item: _filled(item, filler))
    if isinstance(source, TimeSeries):
        return _filled(source, filler)
    raise unsuited("FILL", arguments)


def _filled(source: TimeSeries, filler: Value) -> TimeSeries:
    gaps = [minute for minute in source.grid.minutes() if minute not in source.points]
    if isinstance(filler, TimeSeries):
        found = {minute: filler.points[minute] for minute in gaps if minute in filler.points}
    elif isinstance(filler, float):
        found = dict.fromkeys(gaps, filler)
    else:
        found = _repeated(source, gaps) if filler == Word("REPEAT") else _linear(source, gaps)
    return source.changed(dict(sorted({**source.points, **found}.items())))


def _repeated(source: TimeSeries, gaps: Sequence[int]) -> dict[int, float]:
    """The newest value before each gap; what lies before the first value stays empty."""
    found: dict[int, float] = {}
    last: float | None = None
    for minute in sorted({*source.points, *gaps}):
        last = source.points.get(minute, last)
        if last is not None:
            found[minute] = last
    return {minute: found[minute] for minute in gaps if minute in found}


def _linear(source: TimeSeries, gaps: Sequence[int]) -> dict[int, float]:
    """Values on the line between the ends of each gap; a gap with one end stays empty."""
    found: dict[int, float] = {}
    for (since, first), (until, last) in pairwise(source.points.items()):
        for minute in gaps:
            if since < minute < until:
                found[minute] = first + (last - first) * (minute - since) / (until - since)
    return found


def _first(arguments: tuple[Value, ...]) -> Value:
    items = array("FIRST", arguments).items
    return items[0] if items else Array()


def _last(arguments: tuple[Value, ...]) -> Value:
    items = array("LAST", arguments).items
    return items[-1] if items else Array()


def _remove_empty(arguments: tuple[Value, ...]) -> Value:
    return Array(tuple(item for item in array("REMOVE_EMPTY", arguments).items if item.points))


def _metric_count(arguments: tuple[Value, ...]) -> Value:
    return float(len(array("METRIC_COUNT", arguments).items))


def _slice(arguments: tuple[Value, ...]) -> Value:
    items = array("SLICE", arguments).items
    if len(arguments) not in {2, 3}:
        raise unsuited("SLICE", arguments)
    bounds = [int(scalar("SLICE", arguments, place)) for place in range(1, len(arguments))]
    if min(bounds) < 0:
        raise unsuited("SLICE", arguments)
    return Array(items[bounds[0] : bounds[1] if len(bounds) == 2 else None])


def _sort(arguments: tuple[Value, ...]) -> Value:
    items = array("SORT", arguments).items
    if len(arguments) not in {3, 4}:
        raise unsuited("SORT", arguments)
    by, order = arguments[1], arguments[2]
    if not isinstance(by, Word) or by.text not in _SORTED_BY or order not in {Word("ASC"), Word("DESC")}:
        raise unsuited("SORT", arguments)
    summary = SUMMARIES[by.text]
    full = sorted(
        (item for item in items if item.points), key=lambda item: summary(tuple(item.points.values())),
        reverse=order == Word("DESC"),
    )  # fmt: skip  # as short as it can be said
    ordered = (*full, *(item for item in items if not item.points))
    return Array(ordered[: int(scalar("SORT", arguments, 3)) if len(arguments) == 4 else None])


def _if(arguments: tuple[Value, ...]) -> Value:
    if len(arguments) not in {2, 3} or any(isinstance(one, Array | Word) for one in arguments):
        raise unsuited("IF", arguments)
    condition, then, *otherwise = arguments
    other = otherwise[0] if otherwise else None
    if isinstance(condition, TimeSeries):
        return _chosen(condition, then, other)
    return _whole(arguments, then if condition else other)


def _whole(arguments: tuple[Value, ...], choice: Value | None) -> Value:
    """One branch of a scalar condition; the branches have to be series."""
    series = [one for one in arguments[1:] if isinstance(one, TimeSeries)]
    if len(series) != len(arguments) - 1:
        raise unsuited("IF", arguments)
    return choice if isinstance(choice, TimeSeries) else computed((series[0],), {})


def _chosen(condition: TimeSeries, then: Value, other: Value | None) -> TimeSeries:
    found: dict[int, float] = {}
    for minute, truth in condition.points.items():
        value = _branch(then, minute, 0.0) if truth else _branch(other, minute, None)
        if value is not None:
            found[minute] = value
    sources = (condition, *(one for one in (then, other) if isinstance(one, TimeSeries)))
    return computed(sources, found)


def _branch(value: Value | None, minute: int, missing: float | None) -> float | None:
    if isinstance(value, TimeSeries):
        return value.points.get(minute, missing)
    return value if isinstance(value, float) else None


FUNCTIONS: Mapping[str, Function] = {
    "ABS": _by_value("ABS", abs),
    "CEIL": _by_value("CEIL", ceil),
    "FLOOR": _by_value("FLOOR", floor),
    "LOG": _by_value("LOG", log),
    "LOG10": _by_value("LOG10", log10),
    **{name: _together(name, whole, _ACROSS[name]) for name, whole in SUMMARIES.items()},
    "DIFF": _by_series("DIFF", lambda one: _steps(one, lambda before, value, _: value - before)),
    "DIFF_TIME": _by_series("DIFF_TIME", lambda one: _steps(one, lambda _, __, seconds: float(seconds))),
    "RATE": _by_series("RATE", lambda one: _steps(one, lambda before, value, seconds: (value - before) / seconds)),
    "RUNNING_SUM": _by_series("RUNNING_SUM", _running_sum),
    "MINUTE": _calendar("MINUTE", lambda time: time.minute),
    "HOUR": _calendar("HOUR", lambda time: time.hour),
    "DAY": _calendar("DAY", datetime.isoweekday),
    "DATE": _calendar("DATE", lambda time: time.day),
    "MONTH": _calendar("MONTH", lambda time: time.month),
    "YEAR": _calendar("YEAR", lambda time: time.year),
    "EPOCH": _calendar("EPOCH", datetime.timestamp),
    "FILL": _fill,
    "FIRST": _first,
    "LAST": _last,
    "REMOVE_EMPTY": _remove_empty,
    "METRIC_COUNT": _metric_count,
    "SLICE": _slice,
    "SORT": _sort,
    "IF": _if,
}
"""Function -> what it computes; METRICS, PERIOD, SEARCH, SERVICE_QUOTA and TIME_SERIES need the call: evaluator.py."""
