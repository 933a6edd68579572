"""The report `tables`: who reads what, most readers first."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from athena_exporter.outlets.report.answers import heading_of
from athena_exporter.outlets.report.table import Cell, Column, Table, Unit
from athena_exporter.records import OTHER, PENDING, UNATTRIBUTED, Mode, TableUsageRow

NAME = "tables"
SUMMARY = "who reads what: readers, queries by mode and the last read of every table, most readers first"
_COLUMNS = (
    Column(key="table", heading="Table", unit=Unit.NAME),
    Column(key="readers", heading="Readers", unit=Unit.COUNT),
    *(Column(key=mode.value, heading=heading_of(mode.value), unit=Unit.COUNT) for mode in Mode),
    Column(key="last_read", heading="Last read", unit=Unit.NAME),
    Column(key="users", heading="Who", unit=Unit.NAME),
)
_NOTES = {
    OTHER: "other.other: tables beyond the budget labels.tables or labels.databases",
    PENDING: "pending: CloudTrail may still tell who started these queries; it runs minutes to hours late",
    UNATTRIBUTED: "unattributed: CloudTrail was asked and never told who started these queries",
}
_NOBODY = frozenset({PENDING, UNATTRIBUTED})
NAMED_READERS = 3
"""How many readers a table for people names; JSON and CSV name all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sums:
    by_mode: Mapping[Mode, int]
    queries_by_reader: Mapping[str, int]
    last_read: datetime | None

    @property
    def readers(self) -> int:
        return len(self.queries_by_reader.keys() - _NOBODY)

    @property
    def weight(self) -> tuple[int, ...]:
        """What brings a table up: readers, then reads, then anything else."""
        return (-self.readers, -self.by_mode[Mode.READ], -sum(self.by_mode.values()))


def build_tables(rows: Iterable[TableUsageRow], *, limit: int | None = None) -> Table:
    """The report over these rows; at most `limit` tables of it, and then only a few names of readers.

    Raises:
        ValueError: a limit below 1.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"a limit of {limit} shows nothing: it must be 1 or more")
    given = tuple(rows)
    by_table: defaultdict[str, list[TableUsageRow]] = defaultdict(list)
    for row in given:
        by_table[f"{row.database}.{row.table}"].append(row)
    sums = {name: _sums(own) for name, own in by_table.items()}
    ordered = sorted(sums, key=lambda name: (sums[name].weight, name))
    shown = ordered[:limit]
    return Table(
        title="Tables, most readers first",
        columns=_COLUMNS,
        rows=tuple((name, *_measured(sums[name], None if limit is None else NAMED_READERS)) for name in shown),
        total=("total", *_measured(_sums(given), 0)),
        omitted=len(ordered) - len(shown),
        notes=_notes(given),
    )


def _sums(rows: Sequence[TableUsageRow]) -> _Sums:
    by_mode = dict.fromkeys(Mode, 0)
    readers: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        by_mode[row.mode] += row.queries
        if row.mode is Mode.READ:
            readers[row.user] += row.queries
    reads = [row.last_succeeded_at for row in rows if row.mode is Mode.READ and row.last_succeeded_at is not None]
    return _Sums(by_mode=by_mode, queries_by_reader=readers, last_read=max(reads, default=None))


def _measured(sums: _Sums, names: int | None) -> tuple[Cell, ...]:
    last = None if sums.last_read is None else sums.last_read.strftime("%Y-%m-%d %H:%M")
    counts = tuple(sums.by_mode[mode] for mode in Mode)
    return (sums.readers, *counts, last, _named(sums.queries_by_reader, names))


def _named(queries_by_reader: Mapping[str, int], names: int | None) -> str:
    """The keenest readers first; how many more there are, if not all are named."""
    ordered = sorted(queries_by_reader, key=lambda user: (-queries_by_reader[user], user))
    if names == 0:
        return ""
    more = len(ordered) - len(ordered[:names])
    return ", ".join(ordered[:names]) + (f" and {more} more" if more else "")


def _notes(rows: Sequence[TableUsageRow]) -> tuple[str, ...]:
    names = {row.user for row in rows} | ({OTHER} if any(row.table == OTHER for row in rows) else set())
    return tuple(meaning for name, meaning in _NOTES.items() if name in names)
