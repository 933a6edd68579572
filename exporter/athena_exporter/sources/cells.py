"""The cells of a result, which Athena sends as texts, as values.

Stage: GetQueryResults -> **cells** -> asking.py. A cell without a text is null, one with an empty text is empty.
Source of the types: https://docs.aws.amazon.com/athena/latest/ug/data-types.html
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Value: TypeAlias = int | float | Decimal | bool | str | datetime | date | None
Row: TypeAlias = tuple[Value, ...]

_TRUTHS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a result, and its type in Athena's words, lower case (`bigint`, `varchar`, `array`)."""

    name: str
    type: str


def row_of(columns: Sequence[Column], texts: Sequence[str | None]) -> Row:
    """A row's values, as many as there are columns: cells that were left out at its end are null."""
    padded = [*texts, *[None] * (len(columns) - len(texts))]
    return tuple(value_of(column.type, text) for column, text in zip(columns, padded, strict=False))


def value_of(type_: str, text: str | None) -> Value:
    """A cell's value; what Python's type cannot hold (a year of five digits), and arrays and rows, stay texts.

    A `timestamp` has no zone; it is taken as UTC, which is what this product writes.
    """
    read = _READERS.get(type_.partition("(")[0].strip())
    if text is None or read is None:
        return text
    try:
        return read(text)
    except (ValueError, KeyError, InvalidOperation, ZoneInfoNotFoundError):
        return text


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text[:26]).replace(tzinfo=UTC)


def _zoned(text: str) -> datetime:
    """`2026-03-10 01:02:03.456 Europe/Berlin`, or with an offset, attached or not."""
    clock, _, zone = text.rpartition(" ")
    if ":" in zone and not zone.startswith(("+", "-")):
        return datetime.fromisoformat(text).astimezone(UTC)
    if zone[0] in "+-":
        return datetime.fromisoformat(f"{clock}{zone}").astimezone(UTC)
    return datetime.fromisoformat(clock).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


_READERS: Mapping[str, Callable[[str], Value]] = {
    "tinyint": int, "smallint": int, "int": int, "integer": int, "bigint": int,
    "real": float, "float": float, "double": float, "decimal": Decimal, "boolean": lambda text: _TRUTHS[text],
    "date": date.fromisoformat, "timestamp": _moment, "timestamp with time zone": _zoned,
}  # fmt: skip  # a table
