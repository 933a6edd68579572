"""Forgetting safely: the low-water mark rises, in one transaction with the deletion of what lies below it."""

import sqlite3
from collections.abc import Collection
from datetime import timedelta

from athena_exporter import catalog
from athena_exporter.ledger import counters, outbox, past_rows, rollups, rows, tables
from athena_exporter.ledger.model import DAY_MS, Rules
from athena_exporter.ledger.refilling import HOURS_KEPT
from athena_exporter.records import Evidence

DAYS_KEPT = timedelta(days=400)
_ROWS_AT_ONCE = 20_000


def clock_ms(connection: sqlite3.Connection, target_id: int) -> int:
    """The newest time that AWS's clock has shown for a target: no jump of ours moves it."""
    return int(connection.execute("SELECT clock_ms FROM targets WHERE id = ?", (target_id,)).fetchone()[0])


def complete_until_ms(connection: sqlite3.Connection, target_id: int) -> int | None:
    """Every query that ended before it is counted, by every execution source; None before the first full read."""
    until = connection.execute(
        "SELECT min(read_until_ms) FROM sources WHERE target_id = ? AND evidence = ?",
        (target_id, Evidence.EXECUTIONS.value),
    ).fetchone()[0]
    waiting = connection.execute(
        # "phase < 3" repeats the index's own condition; without it SQLite would read every row.
        "SELECT min(coalesce(ended_ms, since_ms)) FROM queries WHERE target_id = ? AND phase < 3 AND phase = 2",
        (target_id,),
    ).fetchone()[0]
    known = [at for at in (until, waiting) if at is not None]
    return None if until is None else min(known)


def prune(connection: sqlite3.Connection, target_id: int, retention: timedelta, rules: Rules) -> int:
    """Abandon what never ended, raise the mark, delete what lies below it; answers the queries deleted."""
    now_ms = clock_ms(connection, target_id)
    _abandon(connection, target_id, now_ms - _ms(rules.abandon_after))
    mark = _raised_mark(connection, target_id, now_ms, retention)
    deleted, reached = _delete_below(connection, target_id, mark)
    connection.execute("UPDATE targets SET low_water_ms = max(low_water_ms, ?) WHERE id = ?", (reached, target_id))
    connection.execute("DELETE FROM rejections WHERE target_id = ? AND at_ms < ?", (target_id, reached))
    tables.forget(connection, target_id, reached, _midnight_ms(now_ms - _ms(DAYS_KEPT)))
    rollups.roll_up(connection, target_id, _midnight_ms(now_ms - _ms(HOURS_KEPT)))
    for table in ("usage_days", "usage_totals", "usage_types"):
        connection.execute(
            f"DELETE FROM {table} WHERE target_id = ? AND start_ms < ?",  # noqa: S608 - three constants
            (target_id, _midnight_ms(now_ms - _ms(DAYS_KEPT))),
        )
    past_rows.forget(connection, target_id, _midnight_ms(now_ms - _ms(DAYS_KEPT)))
    return deleted


def retire(
    connection: sqlite3.Connection, target_id: int, configured: Collection[str], shared: Collection[str]
) -> None:
    """Forget how far sources that are no longer configured have read; their cursors stay, should they come back.

    A shared source reads for every target, and its rows stay with each. Its cursors are those of the target that
    starts it: they move to the one that does now, and no older ones are left behind for a later start.
    """
    names, begun = sorted({*configured, *shared}), sorted({*configured} & {*shared})
    connection.execute(
        f"DELETE FROM sources WHERE target_id = ? AND source NOT IN ({rows.marks(names)})",  # noqa: S608 - placeholders only
        (target_id, *names),
    )
    connection.execute(
        f"UPDATE OR REPLACE cursors SET target_id = ? WHERE target_id <> ? AND source IN ({rows.marks(begun)})",  # noqa: S608 - as above
        (target_id, target_id, *begun),
    )


def _raised_mark(connection: sqlite3.Connection, target_id: int, now_ms: int, retention: timedelta) -> int:
    """As far as retention allows, but never past what every source has swept, nor an undelivered fact.

    Nor past the newest query minus retention: a clock of AWS that jumps ahead cannot push the mark over the present.
    """
    newest = connection.execute(
        "SELECT max(ended_ms) FROM queries WHERE target_id = ? AND phase = 3", (target_id,)
    ).fetchone()[0]
    swept = complete_until_ms(connection, target_id)
    if newest is None or swept is None:
        return 0
    undelivered = outbox.oldest_undelivered_ms(connection, target_id)
    bounds = [min(now_ms, newest) - _ms(retention), swept, *([] if undelivered is None else [undelivered])]
    return int(min(bounds))


def _delete_below(connection: sqlite3.Connection, target_id: int, mark: int) -> tuple[int, int]:
    """Delete decided queries below `mark`, a bounded number at a time; answers how many, and how far it came."""
    decided = "target_id = ? AND phase = 3 AND ended_ms < ? AND NOT (identity_id IS NULL AND attribution = 0)"
    last = connection.execute(
        f"SELECT ended_ms FROM queries WHERE {decided} ORDER BY ended_ms LIMIT 1 OFFSET ?",  # noqa: S608 - a constant
        (target_id, mark, _ROWS_AT_ONCE),
    ).fetchone()
    reached = mark if last is None else int(last[0])
    deleted = connection.execute(f"DELETE FROM queries WHERE {decided}", (target_id, reached)).rowcount  # noqa: S608 - as above
    return int(deleted), reached


def _abandon(connection: sqlite3.Connection, target_id: int, before_ms: int) -> None:
    """Queries that never ended within 45 days: Athena has forgotten them too."""
    gone = connection.execute(
        "DELETE FROM queries WHERE target_id = ? AND phase < 3 AND since_ms < ?", (target_id, before_ms)
    ).rowcount
    if gone:
        metric = catalog.ABANDONED_QUERIES.name
        found = connection.execute("SELECT id FROM series WHERE target_id = ? AND metric = ?", (target_id, metric))
        for (number,) in found.fetchall():
            connection.execute("UPDATE counters SET value = value + ? WHERE id = ?", (gone, number))
            return
        counters.insert(connection, target_id, (metric, ()), gone)


def free_slots(connection: sqlite3.Connection, target_id: int, idle: timedelta) -> None:
    """Give back the slots of values unseen for long, with their series."""
    before_day = (clock_ms(connection, target_id) - _ms(idle)) // DAY_MS
    idle_slots = connection.execute(
        "DELETE FROM slots WHERE target_id = ? AND used_day < ? RETURNING label, value", (target_id, before_day)
    ).fetchall()
    for label, value in idle_slots:
        if label == "table":
            tables.free(connection, target_id, value)
            continue
        for metric in (m for m in catalog.METRICS if m.durable and label in m.labels):
            connection.execute(
                f"DELETE FROM series WHERE target_id = ? AND metric = ?"  # noqa: S608 - a place in the catalogue's labels
                f" AND json_extract(labels, '$[{metric.labels.index(label)}]') = ?",
                (target_id, metric.name, value),
            )


def _midnight_ms(at_ms: int) -> int:
    return at_ms - at_ms % DAY_MS


def _ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)
