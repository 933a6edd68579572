"""The values of Insights: texts, numbers, times; missing is None. How they compare, sort and are written.

Sources: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Sort.html for the order. The form of
numbers (at most four decimals where the query computed them) follows AWS's printed samples of results. A JSON true is
1 and a false 0; that, and a place for missing values before all others, AWS's pages do not say.
"""

import re
from datetime import UTC, datetime
from functools import cmp_to_key
from typing import TypeAlias


class Timestamp(int):
    """A time in milliseconds since 1970, written as a date."""

    __slots__ = ()


Value: TypeAlias = str | int | float | None
_CHUNK = re.compile(r"\d+|[A-Za-z]+|[^\dA-Za-z]+")
_NUMBER = re.compile(r"\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)


def number(value: Value) -> int | float | None:
    """The value as a number, None if it is none."""
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            return None
        return int(value) if value.strip().lstrip("+-").isdigit() else float(value)
    return value


def truth(value: Value) -> bool:
    """Whether a filter lets a value pass."""
    return bool(number(value)) if isinstance(value, str) else bool(value)


def written(value: Value) -> str:
    """The value as results show it."""
    if isinstance(value, str):
        return value
    if isinstance(value, Timestamp):
        return date(value)
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.4f}".rstrip("0").rstrip(".") if abs(value) < float("inf") else str(value)
    return str(int(value or 0))


def date(at_ms: int) -> str:
    """Milliseconds since 1970 as results show a time."""
    at = datetime.fromtimestamp(at_ms // 1000, tz=UTC)
    return f"{at:%Y-%m-%d %H:%M:%S}.{at_ms % 1000:03d}"


def compared(left: Value, right: Value) -> int | None:
    """-1, 0 or 1: as numbers where both are, else as texts; None where one is missing."""
    if left is None or right is None:
        return None
    if isinstance(left, str) and isinstance(right, str) and left == right:
        return 0
    one = number(left)
    other = None if one is None else number(right)
    if one is not None and other is not None:
        return (one > other) - (one < other)
    first, second = written(left), written(right)
    return (first > second) - (first < second)


def _natural(left: Value, right: Value) -> int:
    if left is None or right is None:
        return (left is not None) - (right is not None)
    one, other = number(left), number(right)
    if one is not None and other is not None:
        return (one > other) - (one < other)
    if one is not None or other is not None:
        return 1 if one is not None else -1
    return _by_chunks(str(left), str(right))


def _by_chunks(left: str, right: str) -> int:
    ours, theirs = _CHUNK.findall(left), _CHUNK.findall(right)
    for mine, yours in zip(ours, theirs, strict=False):
        if mine == yours:
            continue
        if mine.isdigit() and yours.isdigit() and len(mine) != len(yours):
            return 1 if len(mine) > len(yours) else -1
        return 1 if mine > yours else -1
    return (len(ours) > len(theirs)) - (len(ours) < len(theirs))


sort_key = cmp_to_key(_natural)
"""AWS's natural order: texts before numbers, digits within texts by their length, then by value."""
