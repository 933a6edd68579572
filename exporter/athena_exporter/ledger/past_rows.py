"""Rows of the table `past_queries` to and from `PastQuery`."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from athena_exporter.ledger import rows
from athena_exporter.ledger.hindsight import PastQuery
from athena_exporter.ledger.model import Phase, Row

AT_ONCE = 2_000
"""Rows that are settled in one transaction."""
_COLUMNS = (
    "query_id, phase, at_ms, workgroup, database, statement_type, state, scanned_bytes, billed_bytes, cost_nanousd,"
    " workload, tables, detail, told"
)
_SELECT = f"""
    SELECT {_COLUMNS}, i.user, i.role, i.kind, i.client
    FROM past_queries p LEFT JOIN identities i ON i.id = p.identity_id WHERE p.target_id = ? AND """  # noqa: S608 - the columns are this module's constant
_REPLACE = f"INSERT OR REPLACE INTO past_queries (target_id, {_COLUMNS}, identity_id) VALUES ({rows.marks(range(16))})"  # noqa: S608 - as above


def load(connection: sqlite3.Connection, target_id: int, ids: Collection[str]) -> dict[str, PastQuery]:
    """Those of the ids that were told before."""
    found: dict[str, PastQuery] = {}
    for part in rows.chunks(ids):
        for one in _queries(connection, f"p.query_id IN ({rows.marks(part)})", (target_id, *part)):
            found[one.row.query_id] = one
    return found


def unsettled(
    connection: sqlite3.Connection, target_id: int, since_ms: int, until_ms: int, before_ms: int
) -> list[PastQuery]:
    """Starts alone in [since, until) or before `before`, and what the query history has yet to hear of.

    `AT_ONCE` of them at most.
    """
    starts = f"phase = {int(Phase.STARTED)} AND (at_ms < ? OR at_ms >= ? AND at_ms < ?) LIMIT {AT_ONCE}"
    found = list(_queries(connection, starts, (target_id, before_ms, since_ms, until_ms)))
    untold = f"detail IS NOT NULL AND told = 0 LIMIT {AT_ONCE - len(found)}"
    return found + list(_queries(connection, untold, (target_id,)))


def save(
    connection: sqlite3.Connection, target_id: int, queries: Iterable[PastQuery], identities: rows.Identities
) -> None:
    """Write them, new or known, in the open transaction."""
    connection.executemany(_REPLACE, [_values(target_id, one, identities) for one in queries])


def forget(connection: sqlite3.Connection, target_id: int, before_ms: int) -> None:
    """Delete what is older than the rollups are, in the open transaction."""
    connection.execute("DELETE FROM past_queries WHERE target_id = ? AND at_ms < ?", (target_id, before_ms))


def _queries(connection: sqlite3.Connection, where: str, parameters: Sequence[object]) -> Iterator[PastQuery]:
    return map(_query, connection.execute(_SELECT + where, parameters))


def _query(values: tuple[Any, ...]) -> PastQuery:
    (
        query_id, phase, at_ms, workgroup, database, statement_type, state, scanned_bytes, billed_bytes, cost_nanousd,
        workload, tables, detail, told, user, role, kind, client,
    ) = values  # fmt: skip  # eighteen columns read best as a block
    row = Row(
        query_id=rows.unpack(query_id), phase=Phase(phase), since_ms=at_ms, workgroup=workgroup, database=database,
        statement_type=statement_type, state=state, scanned_bytes=scanned_bytes, billed_bytes=billed_bytes,
        cost_nanousd=cost_nanousd, workload=workload, tables=rows.tables_of(tables),
        detail=None if detail is None else rows.execution_of(detail),
        identity=None if user is None else rows.identity(user, role, kind, client),
    )  # fmt: skip  # as above
    return PastQuery(row, told)


def _values(target_id: int, query: PastQuery, identities: rows.Identities) -> tuple[object, ...]:
    row = query.row
    return (
        target_id, rows.pack(row.query_id), int(row.phase), row.since_ms, row.workgroup, row.database,
        row.statement_type, row.state, row.scanned_bytes, row.billed_bytes, row.cost_nanousd, row.workload,
        *rows.texts(row), query.told, None if row.identity is None else identities.number(row.identity),
    )  # fmt: skip  # as above
