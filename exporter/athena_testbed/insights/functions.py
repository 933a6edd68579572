"""The functions of one row.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-operations-functions.html. A function
of a missing value is missing, but for those whose purpose is to ask.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from athena_testbed.insights.values import Timestamp, Value, compared, number, truth, written


@dataclass(frozen=True, slots=True)
class Function:
    """How many arguments a function takes, and what it does with their values."""

    least: int
    most: int
    apply: Callable[..., Value]


def _numbers(apply: Callable[..., float | None]) -> Callable[..., Value]:
    """A function of numbers: missing where one argument is none."""

    def of(*values: Value) -> Value:
        numbers = [number(value) for value in values]
        if any(one is None for one in numbers):
            return None
        try:
            return apply(*numbers)
        except (ValueError, ZeroDivisionError, OverflowError):
            return None

    return of


def _texts(apply: Callable[..., Value]) -> Callable[..., Value]:
    """A function of texts: missing where one argument is."""

    def of(*values: Value) -> Value:
        if any(value is None for value in values):
            return None
        return apply(*(written(value) for value in values))

    return of


def _test(holds: Callable[[int], bool]) -> Callable[..., Value]:
    """A comparison; nothing compares with a missing value."""

    def of(left: Value, right: Value) -> Value:
        order = compared(left, right)
        return int(order is not None and holds(order))

    return of


def _trim(strip: Callable[[str, str | None], str]) -> Callable[..., Value]:
    return _texts(lambda text, what=None: strip(text, what))


def _substr(text: str, start: str, length: str | None = None) -> Value:
    begin, size = number(start), None if length is None else number(length)
    if begin is None or (length is not None and size is None):
        return None
    return text[int(begin) :] if size is None else text[int(begin) : int(begin) + int(size)]


def _coalesce(*values: Value) -> Value:
    return next((value for value in values if value is not None), None)


def _blank(value: Value) -> Value:
    return int(value is None or not written(value).strip())


def _empty(value: Value) -> Value:
    return int(value is None or not written(value))


def _milliseconds(value: Value) -> Value:
    at = number(value)
    return None if at is None else int(at)


def _from_milliseconds(value: Value) -> Value:
    at = number(value)
    return None if at is None else Timestamp(int(at))


def _condition(condition: Value, then: Value, otherwise: Value) -> Value:
    return then if truth(condition) else otherwise


OPERATORS: Mapping[str, Callable[..., Value]] = {
    "=": _test(lambda order: order == 0),
    "!=": _test(lambda order: order != 0),
    "<": _test(lambda order: order < 0),
    "<=": _test(lambda order: order <= 0),
    ">": _test(lambda order: order > 0),
    ">=": _test(lambda order: order >= 0),
    "+": _numbers(lambda a, b: a + b),
    "-": _numbers(lambda a, b: a - b),
    "*": _numbers(lambda a, b: a * b),
    "/": _numbers(lambda a, b: a / b),
    "%": _numbers(math.fmod),
    "^": _numbers(lambda a, b: a**b),
    "negative": _numbers(lambda a: -a),
}
"""Operators that look at all their operands."""
FUNCTIONS: Mapping[str, Function] = {
    "abs": Function(1, 1, _numbers(abs)),
    "ceil": Function(1, 1, _numbers(math.ceil)),
    "floor": Function(1, 1, _numbers(math.floor)),
    "greatest": Function(1, 99, _numbers(max)),
    "least": Function(1, 99, _numbers(min)),
    "log": Function(1, 1, _numbers(math.log)),
    "sqrt": Function(1, 1, _numbers(math.sqrt)),
    "ispresent": Function(1, 1, lambda value: int(value is not None)),
    "coalesce": Function(1, 99, _coalesce),
    "if": Function(3, 3, _condition),
    "isblank": Function(1, 1, _blank),
    "isempty": Function(1, 1, _empty),
    "concat": Function(1, 99, lambda *values: "".join(written(value) for value in values if value is not None)),
    "ltrim": Function(1, 2, _trim(str.lstrip)),
    "rtrim": Function(1, 2, _trim(str.rstrip)),
    "trim": Function(1, 2, _trim(str.strip)),
    "strlen": Function(1, 1, _texts(len)),
    "toupper": Function(1, 1, _texts(str.upper)),
    "tolower": Function(1, 1, _texts(str.lower)),
    "substr": Function(2, 3, _texts(_substr)),
    "replace": Function(3, 3, _texts(str.replace)),
    "strcontains": Function(2, 2, _texts(lambda text, part: int(part in text))),
    "tomillis": Function(1, 1, _milliseconds),
    "frommillis": Function(1, 1, _from_milliseconds),
}
"""Functions by their lower-case name."""
TIMES = frozenset({"bin", "datefloor", "dateceil"})
"""Functions whose last argument is a period."""
CONNECTIVES = frozenset({"and", "or", "not"})
"""Operators of conditions; they look no further than they must."""
