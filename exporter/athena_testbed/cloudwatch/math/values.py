"""What expressions compute with: scalars, time series and arrays of them, and how operators combine them.

The user guide's rules: a missing value counts as 0 where the other side has one; a data point whose value is no number
(a division by zero) is dropped, and the result says so.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import isfinite
from typing import TypeAlias

from athena_testbed.cloudwatch.math.lexer import ExpressionError


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Where a series may have data points: minutes since 1970, the end exclusive."""

    start: int
    until: int
    period: int

    def minutes(self) -> range:
        """The beginning of every period."""
        return range(self.start, max(self.start, self.until), self.period)

    def joined(self, other: "Grid") -> "Grid":
        """A grid that is as fine as the finer one of both."""
        return self if self.period <= other.period else other


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The metric that a series shows, for its label.

    Attributes:
        dimensions: pairs of name and value.
        period: seconds.
    """

    namespace: str
    metric: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str
    period: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSeries:
    """Data points by minute since 1970, oldest first.

    Attributes:
        origin: the metric it shows, also when a function has changed its values; None for what was computed of several.
        label: of the query that brought it, as it was given; None where nobody gave one.
        is_plain: whether it is a metric as it is, of which PERIOD tells the period.
        has_dropped: whether data points are missing because their value was no number.
    """

    points: Mapping[int, float]
    grid: Grid
    origin: Origin | None = None
    label: str | None = None
    is_plain: bool = False
    has_dropped: bool = False

    def changed(self, points: Mapping[int, float], *, has_dropped: bool = False) -> "TimeSeries":
        """The same series with other data points; those that are no numbers are dropped."""
        kept = {minute: value for minute, value in points.items() if isfinite(value)}
        dropped = self.has_dropped or has_dropped or len(kept) < len(points)
        return replace(self, points=kept, is_plain=False, has_dropped=dropped)


@dataclass(frozen=True, slots=True)
class Array:
    """An array of time series."""

    items: tuple[TimeSeries, ...] = ()

    def each(self, change: Callable[[TimeSeries], TimeSeries]) -> "Array":
        """Every item changed; it stays the same metric's."""
        changed = ((item, change(item)) for item in self.items)
        return Array(tuple(replace(after, origin=item.origin, label=item.label) for item, after in changed))


@dataclass(frozen=True, slots=True)
class Word:
    """A text in quotes, or a keyword."""

    text: str


Value: TypeAlias = float | TimeSeries | Array | Word
_Operand: TypeAlias = float | TimeSeries | Array
_NOT_A_NUMBER = float("nan")


def computed(sources: tuple[TimeSeries, ...], points: Mapping[int, float]) -> TimeSeries:
    """A series computed of several (one at least), which shows none of their metrics."""
    grid = sources[0].grid
    for source in sources[1:]:
        grid = grid.joined(source.grid)
    return TimeSeries(points={}, grid=grid).changed(points, has_dropped=any(one.has_dropped for one in sources))


def kind(value: Value) -> str:
    """A value's type in the user guide's letters."""
    names = {TimeSeries: "TS", Array: "TS[]", Word: "String"}
    return names.get(type(value), "S")


def divided(left: float, right: float) -> float:
    """A quotient; no number where there is none."""
    return left / right if right else _NOT_A_NUMBER


def powered(left: float, right: float) -> float:
    """A power; no number where there is no real one."""
    try:
        result = left**right
    except (OverflowError, ZeroDivisionError):
        return _NOT_A_NUMBER
    return _NOT_A_NUMBER if isinstance(result, complex) else float(result)


_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": divided,
    "^": powered,
}
_TRUTHS: Mapping[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "&&": lambda left, right: bool(left) and bool(right),
    "||": lambda left, right: bool(left) or bool(right),
}


def combined(sign: str, left: Value, right: Value) -> Value:
    """The result of an operator.

    Raises:
        ExpressionError: for operands that it can't have.
    """
    truth = _TRUTHS.get(sign)
    apply = _ARITHMETIC[sign] if truth is None else _as_number(truth)
    if isinstance(left, Word) or isinstance(right, Word):
        raise _unsupported(sign, left, right)
    arrays = isinstance(left, Array) + isinstance(right, Array)
    if arrays == 2 or (arrays and truth is not None):
        raise _unsupported(sign, left, right)
    return _applied(apply, left, right)


def _unsupported(sign: str, left: Value, right: Value) -> ExpressionError:
    return ExpressionError(f"Unsupported operand type(s) for {sign}: '{kind(left)}' and '{kind(right)}'")


def _as_number(truth: Callable[[float, float], bool]) -> Callable[[float, float], float]:
    return lambda left, right: 1.0 if truth(left, right) else 0.0


def _applied(apply: Callable[[float, float], float], left: _Operand, right: _Operand) -> _Operand:
    """The result for operands of which one at most is an array; what comes of its items stays theirs."""
    if isinstance(left, Array):
        return left.each(lambda item: _series(apply, item, right))
    if isinstance(right, Array):
        return right.each(lambda item: _series(apply, left, item))
    if isinstance(left, TimeSeries) or isinstance(right, TimeSeries):
        return _series(apply, left, right)
    return apply(left, right)


def _series(apply: Callable[[float, float], float], left: _Operand, right: _Operand) -> TimeSeries:
    """The result for two series, or a series and a scalar."""
    sources = tuple(one for one in (left, right) if isinstance(one, TimeSeries))
    minutes = sorted({minute for source in sources for minute in source.points})
    points = {minute: apply(_at(left, minute), _at(right, minute)) for minute in minutes}
    return sources[0].changed(points) if len(sources) == 1 else computed(sources, points)


def _at(operand: _Operand, minute: int) -> float:
    if isinstance(operand, TimeSeries):
        return operand.points.get(minute, 0.0)
    return operand if isinstance(operand, float) else _NOT_A_NUMBER


def negated(value: Value) -> Value:
    """The unary minus.

    Raises:
        ExpressionError: for a text.
    """
    if isinstance(value, Word):
        raise ExpressionError("Unsupported operand type for -: 'String'")
    return combined("*", value, -1.0)
