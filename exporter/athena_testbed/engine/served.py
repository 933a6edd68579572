"""A table without files of ours: AWS keeps it, partitioned by a day and by a workgroup, and prunes by both.

Stage: ../system_tables.py -> **served** -> running.py. What a statement reads of it is an estimate, as Iceberg's files
would give it: all rows of the partitions that its conditions leave, as wide as the columns that it names.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import duckdb
from sqlglot import exp

from athena_testbed.engine.dialect import Name, name_of

Row: TypeAlias = Mapping[str, Any]
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Partitions:
    """Whole days from `since` (included) to `until` (excluded), and workgroups; None: all of them."""

    since: datetime = _EARLIEST
    until: datetime = _LATEST
    workgroups: frozenset[str] | None = None


class Served(Protocol):
    """Such a table. `columns` are DuckDB's types; `day` and `workgroup` name the columns that it is partitioned by."""

    name: Name
    columns: Mapping[str, str]
    day: str
    workgroup: str

    def rows(self, partitions: Partitions, now: datetime) -> Iterable[Row]:
        """The rows of these partitions; times are texts."""
        ...


@dataclass(slots=True)
class Reading:
    """One statement's reads of a served table."""

    table: Served
    now: datetime
    rows: dict[str, Row] = field(default_factory=dict)
    scanned_bytes: int = 0

    def read(self, tree: exp.Expr) -> None:
        """Look up the rows that each reference of the table may need, and take it out of its catalogue."""
        named = _named(tree, self.table.columns)
        for table in [one for one in tree.find_all(exp.Table) if name_of(one, None) == self.table.name]:
            select = table.find_ancestor(exp.Select)
            rows = list(self.table.rows(_partitions(select, self.table), self.now))
            self.rows.update((json.dumps(row), row) for row in rows)
            if not _is_empty(select):
                self.scanned_bytes += sum(_width(row, named) for row in rows)
            table.set("catalog", None)

    def put(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        """Make the table, with these rows alone."""
        place = folder / "served.json"
        place.write_text("".join(f"{text}\n" for text in self.rows), encoding="utf-8")
        types = ", ".join(f"\"{name}\": '{kind}'" for name, kind in self.table.columns.items())
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{self.table.name.database}"')
        connection.execute(
            f'CREATE TABLE "{self.table.name.database}"."{self.table.name.table}" AS '
            f"FROM read_json('{place}', format = 'newline_delimited', columns = {{{types}}})"
        )
        place.unlink()


def _named(tree: exp.Expr, columns: Mapping[str, str]) -> Sequence[str]:
    if any(not isinstance(star.parent, exp.Count) for star in tree.find_all(exp.Star)):
        return tuple(columns)
    named = {column.name.lower() for column in tree.find_all(exp.Column)}
    return [name for name in columns if name in named]


def _width(row: Row, columns: Iterable[str]) -> int:
    return sum(len(json.dumps(row.get(name))) for name in columns if row.get(name) is not None)


def _is_empty(select: exp.Select | None) -> bool:
    limit = select and select.args.get("limit")
    return isinstance(limit, exp.Limit) and limit.expression.name == "0"


def _partitions(select: exp.Select | None, table: Served) -> Partitions:
    """What the conditions of a SELECT, joined by AND, leave; what they do not bound is read whole."""
    since, until, workgroups = _EARLIEST, _LATEST, None
    for condition in _conditions(select):
        column = condition.this
        if not isinstance(column, exp.Column):
            continue
        if column.name == table.day:
            low, high = _bounds(condition)
            since, until = max(since, low), min(until, high)
        elif column.name == table.workgroup:
            workgroups = _values(condition, workgroups)
    first = datetime(since.year, since.month, since.day, tzinfo=UTC)
    last = datetime(until.year, until.month, until.day, tzinfo=UTC)
    return Partitions(since=first, until=last if last == until else last + _DAY, workgroups=workgroups)


def _conditions(select: exp.Select | None) -> Iterator[exp.Expr]:
    where = select and select.args.get("where")
    if isinstance(where, exp.Where):
        yield from where.this.flatten() if isinstance(where.this, exp.And) else (where.this,)


def _bounds(condition: exp.Expr) -> tuple[datetime, datetime]:
    at = _moment(condition.args.get("expression"))
    match condition:
        case exp.GTE() | exp.GT() if at is not None:
            return at, _LATEST
        case exp.LT() | exp.LTE() if at is not None:
            return _EARLIEST, at
        case _:
            return _EARLIEST, _LATEST


def _moment(literal: object) -> datetime | None:
    """`TIMESTAMP '2026-03-10 00:00:00 UTC'`; anything else bounds nothing."""
    if not isinstance(literal, exp.Cast) or not isinstance(literal.this, exp.Literal):
        return None
    try:
        at = datetime.fromisoformat(literal.this.name.removesuffix(" UTC"))
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _values(condition: exp.Expr, before: frozenset[str] | None) -> frozenset[str] | None:
    found = condition.expressions if isinstance(condition, exp.In) else [condition.args.get("expression")]
    named = frozenset(one.name for one in found if isinstance(one, exp.Literal))
    if not isinstance(condition, exp.In | exp.EQ) or len(named) < len(found):
        return before
    return named if before is None else before & named
