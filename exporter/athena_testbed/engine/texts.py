"""What DuckDB answers as GetQueryResults writes it: texts, and the names of Athena's types.

Source: the GetQueryResults reference; how a double, an array and a row are written is Trino's and Java's.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

_TYPES: Mapping[str, tuple[str, int]] = {
    "TINYINT": ("tinyint", 3), "SMALLINT": ("smallint", 5), "INTEGER": ("integer", 10), "BIGINT": ("bigint", 19),
    # Trino's sum of bigint is a bigint; DuckDB's is wider. So are its counts of days.
    "HUGEINT": ("bigint", 19), "UBIGINT": ("bigint", 19), "UINTEGER": ("bigint", 19),
    "FLOAT": ("float", 17), "DOUBLE": ("double", 17), "BOOLEAN": ("boolean", 0), "VARCHAR": ("varchar", 2147483647),
    "JSON": ("json", 0), "BLOB": ("varbinary", 1073741824), "DATE": ("date", 0), "TIMESTAMP": ("timestamp", 3),
    "TIMESTAMP_MS": ("timestamp", 3), "TIMESTAMP WITH TIME ZONE": ("timestamp with time zone", 3),
    '"NULL"': ("unknown", 0),
}  # fmt: skip  # a table


def column_info(name: str, kind: str) -> dict[str, Any]:
    """The ColumnInfo of a column; `kind` is DuckDB's type."""
    type_, precision = athena_type(kind)
    return {
        "CatalogName": "hive", "SchemaName": "", "TableName": "", "Name": name, "Label": name, "Type": type_,
        "Precision": precision, "Scale": 0, "Nullable": "UNKNOWN", "CaseSensitive": type_ == "varchar",
    }  # fmt: skip  # as AWS nests it


def athena_type(kind: str) -> tuple[str, int]:
    """Athena's name of DuckDB's type, and its precision."""
    if kind.endswith("]"):
        return "array", 0
    if kind.startswith("STRUCT"):
        return "row", 0
    if kind.startswith("MAP"):
        return "map", 0
    if kind.startswith("DECIMAL"):
        return "decimal", int(kind.partition("(")[2].partition(",")[0])
    return _TYPES.get(kind, ("varchar", 2147483647))


def text_of(value: Any) -> str | None:
    """A cell; None for null."""
    return None if value is None else _text(value)


def _text(value: Any) -> str:
    if value is None:
        return "null"
    return next((write(value) for types, write in _WRITERS if isinstance(value, types)), str(value))


def _moment(value: datetime) -> str:
    moment = value if value.tzinfo is None else value.astimezone(UTC)
    zone = "" if value.tzinfo is None else " UTC"
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03}{zone}"


def _row(value: Mapping[Any, Any]) -> str:
    return f"{{{', '.join(f'{_text(key)}={_text(one)}' for key, one in value.items())}}}"


def _double(value: float) -> str:
    """As Java's Double.toString has it: 1.0E7, 0.001, NaN, Infinity."""
    if value != value:  # noqa: PLR0124  only NaN differs from itself
        return "NaN"
    if value in {float("inf"), float("-inf")}:
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return format(Decimal(repr(value)), "f") if "." in repr(value) or "e" in repr(value) else f"{value!r}.0"
    digits, exponent = f"{Decimal(repr(value)).normalize():E}".split("E")
    return f"{digits if '.' in digits else f'{digits}.0'}E{int(exponent)}"


# A bool is an int and a datetime a date: the narrower type stands first.
_WRITERS: Sequence[tuple[Any, Callable[[Any], str]]] = (
    (bool, lambda value: "true" if value else "false"),
    (float, _double),
    (datetime, _moment),
    (date, date.isoformat),
    ((list, tuple), lambda value: f"[{', '.join(map(_text, value))}]"),
    (Mapping, _row),
    (bytes, lambda value: value.hex(" ")),
    (Decimal, lambda value: format(value, "f")),
)
