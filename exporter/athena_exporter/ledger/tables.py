"""Tables in the ledger's file: who used them day by day, when they were last read, which events were told."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

from athena_exporter import catalog
from athena_exporter.ledger import files, rows
from athena_exporter.ledger.errors import explained
from athena_exporter.ledger.model import DAY_MS, Change
from athena_exporter.records import PENDING, Batch, Mode, State, TableEvent, TableUsageRow, epoch_ms, from_epoch_ms

_ADD = """
    INSERT INTO usage_tables VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
        queries = queries + excluded.queries,
        last_ms = CASE WHEN last_ms IS NULL OR excluded.last_ms > last_ms THEN excluded.last_ms ELSE last_ms END
    """
_READ = """
    INSERT INTO table_reads VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET last_read_ms = excluded.last_read_ms
    WHERE last_read_ms < excluded.last_read_ms
    """
# What waits for its user is in no cell yet. Every such query still names its tables, and has an index of its own:
# named here, for without it SQLite might read all queries.
_USAGE = f"""
    WITH uses AS (
        SELECT database, table_name, mode, user, queries, last_ms FROM usage_tables
        WHERE start_ms >= :since AND start_ms < :until
        UNION ALL
        SELECT json_extract(use.value, '$[0]'), json_extract(use.value, '$[1]'), json_extract(use.value, '$[2]'),
               '{PENDING}', 1,
               CASE state WHEN '{State.SUCCEEDED.value}' THEN ended_ms END
        FROM queries INDEXED BY queries_nameless, json_each(queries.tables) use
        WHERE identity_id IS NULL AND attribution = 0 AND phase > 0 AND phase = 3
            AND ended_ms >= :since AND ended_ms - ended_ms % {DAY_MS} < :until
    )
    SELECT database, table_name, mode, user, sum(queries), max(last_ms) FROM uses
    GROUP BY 1, 2, 3, 4 HAVING sum(queries) <> 0
    """  # noqa: S608 - constants of this project


def save(connection: sqlite3.Connection, target_id: int, change: Change) -> None:
    """Write what a batch tells of tables, in the open transaction."""
    connection.executemany(
        _ADD,
        [
            (target_id, cell.day_ms, cell.database, cell.table, cell.mode, cell.user, sums.queries, sums.last_ms)
            for cell, sums in change.table_usage.items()
        ],
    )
    connection.executemany(_READ, [(target_id, *table, read_ms) for table, read_ms in change.table_reads.items()])
    connection.executemany(
        "INSERT INTO table_events VALUES (?, ?, ?)",
        [(target_id, event_id, at_ms) for event_id, at_ms in change.table_events.items()],
    )


def told_events(connection: sqlite3.Connection, target_id: int, batch: Batch) -> set[str]:
    """Of the batch's table events, the ids of those that were told before."""
    ids = [record.event_id for record in batch.records if isinstance(record, TableEvent)]
    found: set[str] = set()
    for start in range(0, len(ids), rows.PARAMETERS):
        part = ids[start : start + rows.PARAMETERS]
        statement = f"SELECT event_id FROM table_events WHERE target_id = ? AND event_id IN ({rows.marks(part)})"  # noqa: S608 - placeholders only
        found |= {event_id for (event_id,) in connection.execute(statement, (target_id, *part))}
    return found


def forget(connection: sqlite3.Connection, target_id: int, mark_ms: int, days_before_ms: int) -> None:
    """Delete events below the low-water mark, and days and last reads before `days_before_ms`."""
    connection.execute("DELETE FROM table_events WHERE target_id = ? AND at_ms < ?", (target_id, mark_ms))
    connection.execute("DELETE FROM usage_tables WHERE target_id = ? AND start_ms < ?", (target_id, days_before_ms))
    connection.execute("DELETE FROM table_reads WHERE target_id = ? AND last_read_ms < ?", (target_id, days_before_ms))


def free(connection: sqlite3.Connection, target_id: int, name: str) -> None:
    """Delete the series of a table (`database.table`) whose slot was given back."""
    connection.execute(
        "DELETE FROM series WHERE target_id = ? AND json_extract(labels, '$[0]') || '.' || json_extract(labels, '$[1]')"
        " = ? AND metric = ?",
        (target_id, name, catalog.TABLE_QUERIES.name),
    )


def last_reads(connection: sqlite3.Connection, target_id: int) -> Iterator[tuple[str, str, int]]:
    """Database, table and the time of the last read, of tables that own a slot."""
    yield from connection.execute(
        "SELECT database, table_name, last_read_ms FROM table_reads r WHERE target_id = ? AND EXISTS"
        " (SELECT 1 FROM slots s WHERE s.target_id = r.target_id AND label = 'table'"
        "  AND value = database || '.' || table_name)",
        (target_id,),
    )


def usage(path: Path, since: datetime, until: datetime) -> Iterator[TableUsageRow]:
    """Who did what with which table on the UTC days that [since, until) touches.

    Tables without a place in the label budget are one table, `other` of the database `other`. Days are kept for 400
    days. Raises LedgerError.
    """
    low = epoch_ms(since)
    bounds = {"since": low - low % DAY_MS, "until": epoch_ms(until)}
    with explained(path), closing(files.open_readonly(path)) as connection:
        for database, table, mode, user, queries, last_ms in connection.execute(_USAGE, bounds):
            yield TableUsageRow(
                database=database, table=table, mode=Mode(mode), user=user, queries=queries,
                last_succeeded_at=None if last_ms is None else from_epoch_ms(last_ms),
            )  # fmt: skip  # six columns read best as a block
