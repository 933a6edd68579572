"""Lengths of time, and times cut down or up to a whole one, in UTC.

Source of the units: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Stats.html. Where weeks
begin is not said there; they begin on Mondays here.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from athena_testbed.insights.nodes import Period

_FIXED: Mapping[str, int] = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_MONTHS: Mapping[str, int] = {"mo": 1, "q": 3, "y": 12}
_NAMES: Mapping[str, str] = {
    "millisecond": "ms", "ms": "ms", "msec": "ms", "second": "s", "s": "s", "sec": "s", "minute": "m", "m": "m",
    "min": "m", "hour": "h", "h": "h", "hr": "h", "day": "d", "d": "d", "week": "w", "w": "w", "month": "mo",
    "mo": "mo", "mon": "mo", "quarter": "q", "q": "q", "qtr": "q", "year": "y", "y": "y", "yr": "y",
}  # fmt: skip  # a table
_MONDAY_MS = 4 * 86_400_000  # 5 January 1970; the epoch was a Thursday
_WORDS = re.compile(r"(?P<count>\d+)(?P<unit>[a-z]+)")


def period(text: str) -> Period:
    """The period of a word that the lexer took for one."""
    match = _WORDS.fullmatch(text)
    if match is None:
        raise ValueError(text)
    unit = match["unit"]
    return Period(int(match["count"]), _NAMES.get(unit) or _NAMES[unit.removesuffix("s")])


def floor(at_ms: int, length: Period) -> int:
    """The beginning of the period that holds a time; both in milliseconds since 1970."""
    if length.unit in _MONTHS:
        return _month(_months(at_ms) // _span(length) * _span(length))
    size = _FIXED[length.unit] * length.count
    shift = _MONDAY_MS if length.unit == "w" else 0
    return (at_ms - shift) // size * size + shift


def ceil(at_ms: int, length: Period) -> int:
    """The end of the period that holds a time, or the time itself where it is a beginning."""
    begin = floor(at_ms, length)
    if begin == at_ms:
        return at_ms
    if length.unit in _MONTHS:
        return _month(_months(begin) + _span(length))
    return begin + _FIXED[length.unit] * length.count


def _span(length: Period) -> int:
    return _MONTHS[length.unit] * length.count


def _months(at_ms: int) -> int:
    at = datetime.fromtimestamp(at_ms // 1000, tz=UTC)
    return at.year * 12 + at.month - 1


def _month(number: int) -> int:
    return int(datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC).timestamp()) * 1000
