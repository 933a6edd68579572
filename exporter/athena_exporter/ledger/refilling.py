"""A tally that nobody counted so far, filled from what the ledger still holds of the past.

Queries are known one by one from the low-water mark on; before it, the hours of the rollups tell workgroup, user and
database. The two meet at a full hour, so that nothing is added twice. What neither knows is left out, and said. So is
what backfills have told: it may have gaps.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from athena_exporter.budgets import Calendar, Cells, Matcher, Query, Rolling, Tally, kept_from, span_at
from athena_exporter.ledger.model import DAY_MS, HOUR_MS
from athena_exporter.records import PENDING, UNATTRIBUTED, UNKNOWN

HOURS_KEPT = timedelta(days=35)
"""How far back the rollups have hours: `pruning` rolls older ones up into days."""
_MINUTE_MS = 60_000
_Usage: TypeAlias = tuple[Query, int, int, int]
"""A query's kind, a time in milliseconds, bytes scanned and nanodollars."""

# By the minute, for no clock of any zone is set, and no cell begins, within one.
_QUERIES = f"""
    SELECT coalesce(nullif(q.workgroup, ''), '{UNKNOWN}'), coalesce(nullif(q.database, ''), '{UNKNOWN}'), q.workload,
           i.user, nullif(i.role, ''), i.client, ended_ms - ended_ms % {_MINUTE_MS} AS minute_ms,
           coalesce(sum(scanned_bytes), 0), coalesce(sum(cost_nanousd), 0)
    FROM queries q LEFT JOIN identities i ON i.id = q.identity_id
    WHERE q.target_id = ? AND q.phase = 3 AND q.ended_ms >= ? GROUP BY 1, 2, 3, 4, 5, 6, 7
    """  # noqa: S608 - constants of this project
_HOURS = f"""
    SELECT workgroup, database, NULL, CASE WHEN user NOT IN ('{PENDING}', '{UNATTRIBUTED}') THEN user END, NULL, NULL,
           start_ms, sum(scanned_bytes), sum(cost_nanousd)
    FROM usage_hours WHERE target_id = ? AND start_ms >= ? AND start_ms < ?
        AND start_ms >= (SELECT began_ms FROM targets WHERE id = target_id) / {HOUR_MS} * {HOUR_MS}
    GROUP BY 1, 2, 4, start_ms
    """  # noqa: S608 - as above


@dataclass(frozen=True, slots=True, kw_only=True)
class Refill:
    """What the tallies of a matcher hold of the past: their sums by cell, and since when each of them is whole."""

    usage: dict[Cells, dict[str, list[int]]]
    since_ms: tuple[int, ...]


def refill(connection: sqlite3.Connection, target_id: int, matcher: Matcher) -> Refill:
    """Fill new tallies, in the open transaction."""
    marks = _Marks.of(connection, target_id)
    usage: dict[Cells, dict[str, list[int]]] = {}
    kept = [kept_from(tally.window, marks.now_ms) for tally in matcher.tallies]
    single_from = [marks.cut_ms if _is_coarse(tally) else 0 for tally in matcher.tallies]
    for query, at_ms, *amounts in _queries(connection, target_id, marks.low_water_ms):
        for tally, subject in matcher.charges(query):
            start_ms = matcher.start_of(tally, at_ms)
            if at_ms >= single_from[tally] and start_ms >= kept[tally]:
                _add(usage.setdefault(((tally, start_ms),), {}), subject, amounts)
    if any(map(_is_coarse, matcher.tallies)):
        for query, at_ms, *amounts in _hours(connection, target_id, min(kept) - HOUR_MS, marks.cut_ms):
            for tally, subject in matcher.charges(query):
                start_ms = matcher.start_of(tally, at_ms)
                if _is_coarse(matcher.tallies[tally]) and start_ms >= kept[tally]:
                    _add(usage.setdefault(((tally, start_ms),), {}), subject, amounts)
    return Refill(usage=usage, since_ms=tuple(_since(tally, marks) for tally in matcher.tallies))


def newest_ms(connection: sqlite3.Connection, target_id: int) -> int | None:
    """The present as far as queries prove it: a clock of AWS that jumps ahead forgets nothing. None without any."""
    clock_ms, ended_ms = connection.execute(
        "SELECT clock_ms, (SELECT max(ended_ms) FROM queries WHERE target_id = t.id AND phase = 3)"
        " FROM targets t WHERE id = ?",
        (target_id,),
    ).fetchone()
    return None if ended_ms is None else min(int(clock_ms), int(ended_ms))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Marks:
    """What the ledger knows: every query since `low_water_ms`, hours since `begin_ms`; single queries from `cut_ms`."""

    now_ms: int
    begin_ms: int
    low_water_ms: int

    @property
    def cut_ms(self) -> int:
        return -(-self.low_water_ms // HOUR_MS) * HOUR_MS

    @classmethod
    def of(cls, connection: sqlite3.Connection, target_id: int) -> "_Marks":
        clock_ms, counting_since_ms, low_water_ms, began_ms = connection.execute(
            "SELECT clock_ms, counting_since_ms, low_water_ms, began_ms FROM targets WHERE id = ?", (target_id,)
        ).fetchone()
        first = connection.execute(
            "SELECT min(start_ms) FROM usage_hours WHERE target_id = ? AND start_ms >= ?",
            (target_id, began_ms - began_ms % HOUR_MS),
        ).fetchone()[0]
        # The first hour may have been seen from its middle on.
        begin = counting_since_ms if first is None else min(counting_since_ms, int(first) + HOUR_MS)
        now_ms = newest_ms(connection, target_id) or int(clock_ms)
        oldest_hour = now_ms - now_ms % DAY_MS - HOURS_KEPT // timedelta(milliseconds=1)
        return cls(now_ms=now_ms, begin_ms=max(begin, oldest_hour), low_water_ms=int(low_water_ms))


def _is_coarse(tally: Tally) -> bool:
    """Whether hours of workgroup, user and database can fill it."""
    return tally.fits_rollups and not (isinstance(tally.window, Rolling) and tally.window.cell_ms < HOUR_MS)


def _since(tally: Tally, marks: _Marks) -> int:
    if not _is_coarse(tally):
        return max(marks.begin_ms, marks.low_water_ms)
    if isinstance(tally.window, Calendar):
        start_ms = span_at(tally.window, marks.now_ms).start_ms
        if start_ms % HOUR_MS and start_ms < marks.cut_ms:
            # In zones of half hours a window begins within an hour of the rollups, which went to the one before.
            return max(marks.begin_ms, -(-start_ms // HOUR_MS) * HOUR_MS)
    return marks.begin_ms


def _queries(connection: sqlite3.Connection, target_id: int, since_ms: int) -> Iterator[_Usage]:
    return _usage(connection.execute(_QUERIES, (target_id, since_ms)))


def _hours(connection: sqlite3.Connection, target_id: int, since_ms: int, until_ms: int) -> Iterator[_Usage]:
    return _usage(connection.execute(_HOURS, (target_id, since_ms, until_ms)))


def _usage(found: sqlite3.Cursor) -> Iterator[_Usage]:
    for *asked, at_ms, scanned_bytes, cost_nanousd in found:
        yield Query(*asked), at_ms, scanned_bytes, cost_nanousd


def _add(subjects: dict[str, list[int]], subject: str, amounts: list[int]) -> None:
    sums = subjects.setdefault(subject, [0, 0])
    sums[0] += amounts[0]
    sums[1] += amounts[1]
