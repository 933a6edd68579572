"""Which chart a table becomes: bars by name, or columns by day or month, stacked where they add up. Pure.

Stage: table -> **figures** -> charts. What does not add up (users, percentiles) is never stacked.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from athena_exporter.outlets.report.render import shown, visible
from athena_exporter.outlets.report.table import Cell, Column, Table, Unit

MOST_BARS = 12
MOST_SERIES = 7
"""Beyond these, the rest of a stack is one series."""
_REST = "all others"
_LONGEST_LABEL = 36
_FIRST_KEYS = ("saving_usd",)
_THEN_KEYS = ("failures", "failed")
_ADDITIVE = frozenset({Unit.USD, Unit.BYTES})
_PARTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One colour: a value for each of the chart's labels."""

    name: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One chart. `is_over_time`: labels are days or months from left to right; else names from top to bottom.

    `unit` is that of all values; `words` tell a person who cannot see it what it shows.
    """

    title: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    column: Column
    is_over_time: bool
    words: str


def figure_of(table: Table) -> Figure | None:
    """The table's chart; None where it has no number to draw."""
    place = _charted(table)
    if place is None:
        return None
    over = next((at for at, column in enumerate(table.columns) if column.unit in {Unit.DAY, Unit.MONTH}), None)
    if over is None:
        return _bars(table, place)
    return _columns(table, over, place)


def _charted(table: Table) -> int | None:
    """What is drawn: savings before money before failures before any other number, of those that are not all 0."""
    numbers = [
        at
        for at, column in enumerate(table.columns)
        if not column.unit.is_text
        and column.unit is not Unit.AMOUNT
        and any(_number(row[at]) > 0 for row in table.rows)
    ]
    return min(numbers, key=lambda at: (_rank(table.columns[at]), at), default=None)


def _rank(column: Column) -> int:
    wanted = (column.key in _FIRST_KEYS, column.unit is Unit.USD, column.key in _THEN_KEYS, True)
    return wanted.index(True)


def _bars(table: Table, place: int) -> Figure:
    names = len(list(takewhile(lambda column: column.unit.is_text, table.columns)))
    found = [(_label(row[:names]), _number(row[place])) for row in table.rows]
    drawn = sorted((one for one in found if one[1] > 0), key=lambda one: -one[1])[:MOST_BARS]
    column = table.columns[place]
    told = "; ".join(f"{name}: {shown(column, value)}" for name, value in drawn[:_PARTS])
    return Figure(
        title=f"{table.title}: {column.heading.lower()}",
        labels=tuple(name for name, _ in drawn),
        series=(Series(name=column.heading, values=tuple(value for _, value in drawn)),),
        column=column,
        is_over_time=False,
        words=f"Bars, the longest first. {told}. The table has every value.",
    )


def _columns(table: Table, over: int, place: int) -> Figure | None:
    column = table.columns[place]
    names = [at for at, one in enumerate(table.columns) if one.unit is Unit.NAME]
    if names and column.unit not in _ADDITIVE:
        return None
    sums: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in table.rows:
        name = _text(row[names[0]]) if names else column.heading
        sums[name][str(row[over])] += _number(row[place])
    labels = tuple(sorted({str(row[over]) for row in table.rows}))
    series = _stacked(sums, labels)
    totals = {label: sum(own[label] for own in sums.values()) for label in labels}
    peak = max(totals, key=totals.__getitem__)
    return Figure(
        title=f"{table.title}: {column.heading.lower()}",
        labels=labels,
        series=series,
        column=column,
        is_over_time=True,
        words=f"Columns from {labels[0]} to {labels[-1]}, {shown(column, sum(totals.values()))} in all; the highest is "
        f"{peak} with {shown(column, totals[peak])}. The table has every value.",
    )


def _stacked(sums: defaultdict[str, defaultdict[str, float]], labels: Sequence[str]) -> tuple[Series, ...]:
    """The weightiest first; what is beyond `MOST_SERIES` is one."""
    ordered = sorted(sums, key=lambda name: (-sum(sums[name].values()), name))
    kept = ordered if len(ordered) <= MOST_SERIES + 1 else ordered[:MOST_SERIES]
    found = [Series(name=name, values=tuple(sums[name][label] for label in labels)) for name in kept]
    rest = ordered[len(kept) :]
    if rest:
        found.append(Series(name=_REST, values=tuple(sum(sums[name][label] for name in rest) for label in labels)))
    return tuple(found)


def _label(cells: Sequence[Cell]) -> str:
    return " · ".join(_text(cell) for cell in cells[:_PARTS]) or "all"


def _text(cell: Cell) -> str:
    words = visible("none" if cell is None else str(cell))
    return words if len(words) <= _LONGEST_LABEL else f"{words[: _LONGEST_LABEL - 1]}…"


def _number(cell: Cell) -> float:
    return float(cell) if isinstance(cell, int | float) else 0.0
