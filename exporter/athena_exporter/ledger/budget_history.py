"""The past, as budgets are tried on it: queries one by one where they are kept, else the rollups' hours and days."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from athena_exporter.budgets import Portion, Query, Resolution, Used
from athena_exporter.ledger import budgeting
from athena_exporter.ledger.model import DAY_MS, HOUR_MS
from athena_exporter.records import PENDING, UNATTRIBUTED, UNKNOWN, Target, epoch_ms, from_epoch_ms

_QUERIES = f"""
    SELECT coalesce(nullif(q.workgroup, ''), '{UNKNOWN}'), coalesce(nullif(q.database, ''), '{UNKNOWN}'), q.workload,
           i.user, nullif(i.role, ''), i.client, ended_ms, coalesce(scanned_bytes, 0), coalesce(cost_nanousd, 0)
    FROM queries q LEFT JOIN identities i ON i.id = q.identity_id
    WHERE q.target_id = ? AND q.phase = 3 AND q.ended_ms >= ? AND q.ended_ms < ? ORDER BY q.ended_ms
    """  # noqa: S608 - constants of this project
_ROLLUP = f"""
    SELECT workgroup, database, NULL, CASE WHEN user NOT IN ('{PENDING}', '{UNATTRIBUTED}') THEN user END, NULL, NULL,
           start_ms, scanned_bytes, cost_nanousd
    FROM {{table}} WHERE target_id = ? AND start_ms >= ? AND start_ms < ? ORDER BY start_ms
    """  # noqa: S608 - as above
_STATEMENTS = {
    Resolution.DAY: _ROLLUP.format(table="usage_days"),
    Resolution.HOUR: _ROLLUP.format(table="usage_hours"),
    Resolution.QUERY: _QUERIES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of the past that is known at one resolution: [since, until) holds `count` portions."""

    resolution: Resolution
    since: datetime
    until: datetime
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetPast:
    """What the ledger still knows of a target's past. `components` leads from a workgroup to its component."""

    target: Target
    number: int
    pieces: tuple[Piece, ...]
    components: dict[str, str]


def pasts(connection: sqlite3.Connection, since: datetime, until: datetime) -> list[TargetPast]:
    """Every target's past in [since, until)."""
    targets = connection.execute("SELECT id, account_id, region, low_water_ms FROM targets ORDER BY 2, 3").fetchall()
    return [
        TargetPast(
            target=Target(account_id=account_id, region=region),
            number=number,
            pieces=tuple(_pieces(connection, number, low_water_ms, epoch_ms(since), epoch_ms(until))),
            components=budgeting.components(connection, number),
        )
        for number, account_id, region, low_water_ms in targets
    ]


def portions(connection: sqlite3.Connection, past: TargetPast) -> Iterator[Portion]:
    """All portions of a past, in the order of time."""
    for piece in past.pieces:
        bounds = (past.number, epoch_ms(piece.since), epoch_ms(piece.until))
        for *asked, at_ms, scanned_bytes, cost_nanousd in connection.execute(_STATEMENTS[piece.resolution], bounds):
            yield Portion(
                at_ms=at_ms,
                query=Query(*asked),
                used=Used(scanned_bytes, cost_nanousd),
                resolution=piece.resolution,
            )


def _pieces(
    connection: sqlite3.Connection, number: int, low_water_ms: int, since_ms: int, until_ms: int
) -> Iterator[Piece]:
    """Days, then hours, then queries from the first full hour on in which each of them is kept."""
    cut_ms = -(-low_water_ms // HOUR_MS) * HOUR_MS
    # By the newest day, for a late identity may open an hour anew that is long a part of its day.
    last_day = connection.execute("SELECT max(start_ms) FROM usage_days WHERE target_id = ?", (number,)).fetchone()[0]
    hours_ms = since_ms if last_day is None else min(cut_ms, int(last_day) + DAY_MS)
    for resolution, low_ms, high_ms in (
        (Resolution.DAY, since_ms, hours_ms),
        (Resolution.HOUR, max(since_ms, hours_ms), cut_ms),
        (Resolution.QUERY, max(since_ms, cut_ms), until_ms),
    ):
        high = min(high_ms, until_ms)
        if low_ms < high:
            count = _count(connection, resolution, number, low_ms, high)
            if count:
                yield Piece(
                    resolution=resolution, since=from_epoch_ms(low_ms), until=from_epoch_ms(high), count=count
                )  # fmt: skip  # as short as it can be said


def _count(connection: sqlite3.Connection, resolution: Resolution, number: int, low_ms: int, high_ms: int) -> int:
    statement = f"SELECT count(*) FROM ({_STATEMENTS[resolution]})"  # noqa: S608 - constants of this module
    return int(connection.execute(statement, (number, low_ms, high_ms)).fetchone()[0])
