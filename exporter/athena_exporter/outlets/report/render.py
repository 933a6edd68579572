"""A report's table written down: for a terminal, as JSON, as CSV.

Stage: reports -> table -> **render** -> people. Names are hostile: whoever names a session chooses its characters.
"""

import csv
import io
import json
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import TypeAlias

from rich import box
from rich.table import Table as RichTable
from rich.text import Text

from athena_exporter.outlets.report.table import Cell, Column, Table, Unit

_NOTHING = "-"
_NAME_WIDTH = 12

NARROWEST = 80
"""The columns that every report fits into whole, names folded."""
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")  # the full-width ones too: some spreadsheets run them


class Format(StrEnum):
    """How a report is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    HTML = "html"


def to_rich(table: Table) -> RichTable:
    """For a person: binary byte units, dollars, percent, a line of totals over everything, notes below.

    Names fold. Print it on a console of at least `NARROWEST` columns, whatever the terminal has: rich crops what is
    wider than the console, and a cropped number is another number.
    """
    drawn = RichTable(
        title=Text(table.title),
        caption=Text("\n".join(caption(table))),
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        collapse_padding=True,
        pad_edge=False,
        show_footer=bool(table.total),
    )
    for column, total in zip(table.columns, table.total or [""] * len(table.columns), strict=True):
        _add_column(drawn, column, total)
    for row in table.rows:
        drawn.add_row(*(Text(shown(*pair)) for pair in zip(table.columns, row, strict=True)))
    return drawn


def _add_column(drawn: RichTable, column: Column, total: Cell) -> None:
    named = column.unit.is_text
    drawn.add_column(
        Text(column.heading),
        footer=Text(shown(column, total)),
        justify="left" if named else "right",
        no_wrap=not named,
        overflow="fold" if named else "ellipsis",
        min_width=_NAME_WIDTH if named else None,
    )


def to_json(table: Table) -> str:
    """A list of objects with raw numbers (bytes, dollars, ratios), without the totals; ASCII only."""
    keys = [column.key for column in table.columns]
    return json.dumps([dict(zip(keys, row, strict=True)) for row in table.rows], indent=2, ensure_ascii=True) + "\n"


def to_csv(table: Table) -> str:
    """A header line and raw numbers, without the totals; a name that a spreadsheet would run is quoted with '."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow([column.key for column in table.columns])
    writer.writerows([_csv_cell(cell) for cell in row] for row in table.rows)
    return written.getvalue()


def visible(name: str) -> str:
    """The name with control, format and surrogate characters as escapes: none moves a cursor or hides."""
    if name.isascii() and name.isprintable():
        return name
    return "".join(_escaped(c) if unicodedata.category(c) in _UNSEEN else c for c in name)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _csv_cell(cell: Cell) -> str:
    if cell is None:
        return ""
    if not isinstance(cell, str):
        return f"{Decimal(str(cell)):f}"  # 3e-09 is a number to few readers of CSV
    name = visible(cell)
    return f"'{name}" if name.lstrip().startswith(_FORMULA) else name


def caption(table: Table) -> Iterable[str]:
    """What stands below a table: that it is empty or cut, and its notes."""
    if not table.rows:
        yield "no queries in this range" if table.total else "nothing was found in this range"
    if table.omitted:
        counted = "; the total counts all of them" if table.total else ""
        yield f"{len(table.rows)} of {len(table.rows) + table.omitted} rows{counted}"
    yield from table.notes


def shown(column: Column, cell: Cell) -> str:
    """A cell for a person, in its column's unit; hostile characters as escapes."""
    if cell is None:
        return _NOTHING
    if isinstance(cell, str):
        return visible(cell)
    return _SHOWN[column.unit](cell)


def count(value: float) -> str:
    """1234567 -> 1,234,567."""
    return f"{value:,}"


def binary_bytes(value: float) -> str:
    """1610612736 -> 1.50 GiB: three digits that count; below 1 KiB whole bytes."""
    if abs(value) < 1024:  # noqa: PLR2004  # below the first binary unit
        return f"{value:,} B"
    scaled, power = float(value), 0
    while abs(scaled) >= 1023.5 and power < len(_BINARY) - 1:  # noqa: PLR2004  # what would be shown as 1024
        scaled, power = scaled / 1024, power + 1
    return f"{_three_digits(scaled)} {_BINARY[power]}"


def dollars(value: float) -> str:
    """12.345 -> $12.35 and 0.00004768 -> $0.000048: cents, or two digits that count below ten cents."""
    exact = Decimal(str(value))
    if exact == 0 or abs(exact) >= Decimal("0.0995"):
        return f"${exact.quantize(Decimal('0.01'), ROUND_HALF_UP):,f}"
    step = Decimal(1).scaleb(exact.adjusted() - 1)
    return f"${exact.quantize(step, ROUND_HALF_UP):f}"


def percent(value: float) -> str:
    """0.1234 -> 12.3%."""
    return f"{value * 100:.1f}%"


def megabytes(value: float) -> str:
    """1.5 -> 1.50 MB (of 2^20 bytes, as AWS counts them)."""
    return f"{_three_digits(value)} MB"


def milliseconds(value: float) -> str:
    """950 -> 950 ms, 1500 -> 1.50 s, 90000 -> 1.50 min: three digits that count."""
    for size, unit in ((3_600_000, "h"), (60_000, "min"), (1000, "s")):
        if abs(value) >= size:
            return f"{_three_digits(value / size)} {unit}"
    return f"{value:,.0f} ms"


def _three_digits(value: float) -> str:
    places = 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0  # noqa: PLR2004  # where rounding adds a digit
    return f"{value:,.{places}f}"


_Show: TypeAlias = Callable[[float], str]
_SHOWN: Mapping[Unit, _Show] = {
    Unit.COUNT: count,
    Unit.BYTES: binary_bytes,
    Unit.USD: dollars,
    Unit.RATIO: percent,
    Unit.MEBIBYTES: megabytes,
    Unit.MILLISECONDS: milliseconds,
}
