"""The rollups: usage by hour and by day in full, for reports, and by day and one label, for the windows."""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from athena_exporter.ledger.model import DAY_MS, Usage, UsageKey

_Sums: TypeAlias = tuple[int, int, int, int]

_ADD = """
    INSERT INTO usage_{span} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
        queries = queries + excluded.queries, scanned_bytes = scanned_bytes + excluded.scanned_bytes,
        billed_bytes = billed_bytes + excluded.billed_bytes, cost_nanousd = cost_nanousd + excluded.cost_nanousd
    """
_ADD_TOTAL = """
    INSERT INTO usage_totals VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
        queries = queries + excluded.queries, scanned_bytes = scanned_bytes + excluded.scanned_bytes,
        cost_nanousd = cost_nanousd + excluded.cost_nanousd
    """


def save(connection: sqlite3.Connection, target_id: int, usage: Mapping[UsageKey, Usage]) -> None:
    """Add a batch's usage to every rollup, in the open transaction."""
    for span, span_ms in (("hours", 1), ("days", DAY_MS)):
        connection.executemany(
            _ADD.format(span=span), [(target_id, *_cell(key, span_ms), *_sums(use)) for key, use in usage.items()]
        )
    nothing = Usage()
    connection.executemany(
        _ADD_TOTAL,
        [
            (target_id, *key, total.queries, total.scanned_bytes, total.cost_nanousd)
            for key, total in _totals(usage.items()).items()
            if total != nothing
        ],
    )


def _cell(key: UsageKey, span_ms: int) -> tuple[int, str, str, str, str]:
    return key.hour_ms - key.hour_ms % span_ms, key.workgroup, key.user, key.database, key.state


def _sums(use: Usage) -> _Sums:
    return use.queries, use.scanned_bytes, use.billed_bytes, use.cost_nanousd


def _totals(usage: Iterable[tuple[UsageKey, Usage]]) -> dict[tuple[int, str, str], Usage]:
    """(day, label, value) -> the sums; what only moves from one user to another adds nothing to a workgroup."""
    totals: dict[tuple[int, str, str], Usage] = {}
    for key, use in usage:
        day_ms = key.hour_ms - key.hour_ms % DAY_MS
        for label, value in (("workgroup", key.workgroup), ("user", key.user)):
            total = totals.setdefault((day_ms, label, value), Usage())
            total.queries += use.queries
            total.scanned_bytes += use.scanned_bytes
            total.cost_nanousd += use.cost_nanousd
    return totals
