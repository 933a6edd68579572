"""The functions of many rows.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Stats.html. count_distinct is exact
here; AWS's is an approximation where there are very many values.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from athena_testbed.insights.values import Value, number, sort_key, written


class Tally(Protocol):
    """One aggregate of one group. `add` sees the argument's value of each row, and the row's time."""

    def add(self, value: Value, at_ms: int) -> None:
        """Take one row in."""
        ...

    def result(self) -> Value:
        """What the rows come to."""
        ...


class _Count:
    """Rows that have the field."""

    def __init__(self) -> None:
        self._rows = 0

    def add(self, value: Value, at_ms: int) -> None:  # noqa: ARG002  the time is of no interest here
        self._rows += value is not None

    def result(self) -> Value:
        return self._rows


class _Distinct:
    def __init__(self) -> None:
        self._values: set[str] = set()

    def add(self, value: Value, at_ms: int) -> None:  # noqa: ARG002  the time is of no interest here
        if value is not None:
            self._values.add(value if isinstance(value, str) else written(value))

    def result(self) -> Value:
        return len(self._values)


class _Numbers:
    """Keeps the numbers; a summary of them is the result, and there is none of no numbers."""

    def __init__(self, summary: Callable[[list[int | float]], Value]) -> None:
        self._numbers: list[int | float] = []
        self._summary = summary

    def add(self, value: Value, at_ms: int) -> None:  # noqa: ARG002  the time is of no interest here
        found = value if isinstance(value, int | float) else number(value)
        if found is not None:
            self._numbers.append(found)

    def result(self) -> Value:
        return self._summary(self._numbers) if self._numbers else None


class _Chosen:
    """The best of the values: `better` says whether a key beats the one so far."""

    def __init__(self, key: Callable[[Value, int], Any], better: Callable[[Any, Any], bool]) -> None:
        self._key = key
        self._better = better
        self._best: tuple[Any, Value] | None = None

    def add(self, value: Value, at_ms: int) -> None:
        if value is None:
            return
        key = self._key(value, at_ms)
        if self._best is None or self._better(key, self._best[0]):
            self._best = key, value

    def result(self) -> Value:
        return None if self._best is None else self._best[1]


def _above(one: Any, other: Any) -> bool:
    return bool(one > other)


def _below(one: Any, other: Any) -> bool:
    return bool(one < other)


def _by_time(_: Value, at_ms: int) -> int:
    return at_ms


def _by_value(value: Value, _: int) -> Any:
    return sort_key(value)


def _mean(numbers: list[int | float]) -> Value:
    return math.fsum(numbers) / len(numbers)


def _total(numbers: list[int | float]) -> Value:
    return sum(numbers) if all(isinstance(one, int) for one in numbers) else math.fsum(numbers)


def _deviation(numbers: list[int | float]) -> Value:
    mean = math.fsum(numbers) / len(numbers)
    return math.sqrt(math.fsum((one - mean) ** 2 for one in numbers) / len(numbers))


def percentile(numbers: list[int | float], percent: float) -> int | float:
    """The smallest number that at least so many percent of the numbers do not exceed."""
    ordered = sorted(numbers)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


AGGREGATES: Mapping[str, Callable[[], Tally]] = {
    "count": _Count,
    "count_distinct": _Distinct,
    "sum": lambda: _Numbers(_total),
    "avg": lambda: _Numbers(_mean),
    "stddev": lambda: _Numbers(_deviation),
    "min": lambda: _Chosen(_by_value, _below),
    "max": lambda: _Chosen(_by_value, _above),
    "earliest": lambda: _Chosen(_by_time, _below),
    "latest": lambda: _Chosen(_by_time, _above),
    "sortsfirst": lambda: _Chosen(_by_value, _below),
    "sortslast": lambda: _Chosen(_by_value, _above),
}
"""Aggregates of one argument, by their lower-case name; `pct` has a parameter and is beside them."""


def tally(name: str, parameter: float | None) -> Tally:
    """A new tally of the aggregate."""
    if name == "pct":
        return _Numbers(lambda numbers: percentile(numbers, parameter or 0.0))
    return AGGREGATES[name]()
