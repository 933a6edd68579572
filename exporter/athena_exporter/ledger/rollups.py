"""The rollups: usage by hour and later by day for reports, by label for the windows, by type for CloudWatch."""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from athena_exporter.ledger.model import DAY_MS, TypeKey, TypeSums, Usage, UsageKey

_Sums: TypeAlias = tuple[int, int, int, int]

_ADD = """
    INSERT INTO usage_hours VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
        queries = queries + excluded.queries, scanned_bytes = scanned_bytes + excluded.scanned_bytes,
        billed_bytes = billed_bytes + excluded.billed_bytes, cost_nanousd = cost_nanousd + excluded.cost_nanousd
    """
_ROLL_UP = """
    INSERT INTO usage_days
    SELECT target_id, start_ms / :day * :day, workgroup, user, database, state,
           sum(queries), sum(scanned_bytes), sum(billed_bytes), sum(cost_nanousd)
    FROM usage_hours WHERE target_id = :target AND start_ms < :before GROUP BY 1, 2, 3, 4, 5, 6
    ON CONFLICT DO UPDATE SET
        queries = queries + excluded.queries, scanned_bytes = scanned_bytes + excluded.scanned_bytes,
        billed_bytes = billed_bytes + excluded.billed_bytes, cost_nanousd = cost_nanousd + excluded.cost_nanousd
    """
_ADD_TOTAL = """
    INSERT INTO usage_totals VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
        queries = queries + excluded.queries, scanned_bytes = scanned_bytes + excluded.scanned_bytes,
        cost_nanousd = cost_nanousd + excluded.cost_nanousd
    """
_ADD_TYPE = """
    INSERT INTO usage_types VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
        queries = queries + excluded.queries, scanned_bytes = scanned_bytes + excluded.scanned_bytes,
        total_ms = total_ms + excluded.total_ms
    """


def save(
    connection: sqlite3.Connection,
    target_id: int,
    usage: Mapping[UsageKey, Usage],
    types: Mapping[TypeKey, TypeSums],
) -> None:
    """Add a batch's usage to every rollup, in the open transaction."""
    connection.executemany(
        _ADD_TYPE,
        [(target_id, *key, sums.queries, sums.scanned_bytes, sums.total_ms) for key, sums in types.items()],
    )
    connection.executemany(_ADD, [(target_id, *key, *_sums(use)) for key, use in usage.items()])
    nothing = Usage()
    connection.executemany(
        _ADD_TOTAL,
        [
            (target_id, *key, total.queries, total.scanned_bytes, total.cost_nanousd)
            for key, total in _totals(usage.items()).items()
            if total != nothing
        ],
    )


def roll_up(connection: sqlite3.Connection, target_id: int, before_ms: int) -> None:
    """Turn the hours before a midnight into days. What a late identity adds to such an hour follows the next time."""
    connection.execute(_ROLL_UP, {"target": target_id, "before": before_ms, "day": DAY_MS})
    connection.execute("DELETE FROM usage_hours WHERE target_id = ? AND start_ms < ?", (target_id, before_ms))


def _sums(use: Usage) -> _Sums:
    return use.queries, use.scanned_bytes, use.billed_bytes, use.cost_nanousd


def _totals(usage: Iterable[tuple[UsageKey, Usage]]) -> dict[tuple[int, str, str], Usage]:
    """(day, label, value) -> the sums; what only moves from one user to another adds nothing to a workgroup."""
    totals: dict[tuple[int, str, str], Usage] = {}
    for key, use in usage:
        day_ms = key.hour_ms - key.hour_ms % DAY_MS
        for label, value in (("workgroup", key.workgroup), ("user", key.user)):
            total = totals.get((day_ms, label, value))
            if total is None:
                total = totals[day_ms, label, value] = Usage()
            total.queries += use.queries
            total.scanned_bytes += use.scanned_bytes
            total.cost_nanousd += use.cost_nanousd
    return totals
