"""The past in the ledger's file: queries that ended before it began, one row each, and what may be asked of them.

Stage: records -> hindsight.py -> **past** -> the ledger's rollups, the outbox (kind `past`), outlets/openmetrics. A row
stays as long as the rollups do: it is what makes every backfill count a query once (docs/adr/0018).
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeAlias

from athena_exporter.ledger import adoption, marks, outbox, past_rows, rollups, rows, tables
from athena_exporter.ledger.adoption import Adopted
from athena_exporter.ledger.hindsight import Hindsight, fold_past, settle
from athena_exporter.ledger.model import DAY_MS, HOUR_MS, Known, Phase, Rules, SeriesKey
from athena_exporter.ledger.texts import storable
from athena_exporter.records import (
    UNATTRIBUTED,
    UNKNOWN,
    Batch,
    QueryExecution,
    StartedQuery,
    Target,
    epoch_ms,
    from_epoch_ms,
)

_Write: TypeAlias = Callable[[sqlite3.Connection, int], Counter[SeriesKey]]
_Snapshot: TypeAlias = Callable[[], AbstractContextManager[sqlite3.Connection]]

CONSUMER = "history"
"""The outbox's consumer that wants to hear of the past: the query history."""
_HOURS = f"""
    SELECT at_ms / {HOUR_MS} * {HOUR_MS}, coalesce(nullif(workgroup, ''), '{UNKNOWN}'),
        coalesce(i.user, '{UNATTRIBUTED}'), coalesce(nullif(database, ''), '{UNKNOWN}'), coalesce(state, '{UNKNOWN}'),
        coalesce(nullif(statement_type, ''), '{UNKNOWN}'), coalesce(i.client, '{UNKNOWN}'), count(*),
        coalesce(sum(scanned_bytes), 0), coalesce(sum(billed_bytes), 0), coalesce(sum(cost_nanousd), 0)
    FROM past_queries p LEFT JOIN identities i ON i.id = p.identity_id
    WHERE p.target_id = ? AND phase = {int(Phase.COUNTED)} AND at_ms >= ? AND at_ms < ?
    GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1
    """  # noqa: S608 - constants of this project
_SUMMARY = f"""
    SELECT count(*), coalesce(sum(state IS NULL), 0), coalesce(sum(identity_id IS NULL), 0) FROM past_queries
    WHERE target_id = ? AND phase = {int(Phase.COUNTED)} AND at_ms >= ? AND at_ms < ?
    """  # noqa: S608 - as above


class PastHour(NamedTuple):
    """What queries of one kind came to in one hour: bytes and nanodollars."""

    hour_ms: int
    workgroup: str
    user: str
    database: str
    state: str
    statement_type: str
    client: str
    queries: int
    scanned_bytes: int
    billed_bytes: int
    cost_nanousd: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PastSummary:
    """How many queries of the past are in the rollups: all, those known by their start alone, those without a user."""

    queries: int
    only_started: int
    nameless: int


class Past:
    """What backfills write and ask. Made by the ledger; every method may raise LedgerError."""

    def __init__(
        self,
        *,
        rules: Rules,
        consumers: Collection[str],
        bounds: outbox.Bounds,
        identities: rows.Identities,
        read: _Snapshot,
        commit: Callable[[Target, _Write], None],
    ) -> None:
        """`consumers` and `bounds` of the outbox; `read` is a moment of committed state, `commit` one transaction."""
        self._rules = rules
        self._is_told = CONSUMER in consumers
        self._bounds = bounds
        self._identities = identities
        self._read = read
        self._commit = commit

    def began(self, target: Target) -> datetime:
        """Where the past of a target ends: what ended at or after it is counted by the exporter, and by nobody else."""
        return from_epoch_ms(self._found(target).began_ms)

    def apply(self, batch: Batch) -> None:
        """Commit what a batch tells of the past, with its cursors. Nothing else in it is looked at."""
        told = storable(batch)
        self._commit(batch.target, lambda connection, target_id: self._apply(connection, target_id, told))

    def settle(self, target: Target, *, since: datetime, until: datetime, before: datetime, now: datetime) -> None:
        """Nobody will tell more of starts in [since, until), nor of those before `before`: they count by themselves.

        And the query history hears of queries that still have no user.
        """
        bounds = epoch_ms(since), epoch_ms(until), epoch_ms(before)
        is_more = True

        def write(connection: sqlite3.Connection, target_id: int) -> Counter[SeriesKey]:
            nonlocal is_more
            found = past_rows.unsettled(connection, target_id, *bounds)
            known = self._known(connection, target)
            self._save(connection, target_id, settle(known, found, is_told=self._is_told), known, epoch_ms(now))
            is_more = len(found) == past_rows.AT_ONCE
            return Counter()

        while is_more:
            self._commit(target, write)

    def executions(self, target: Target, query_ids: Collection[str]) -> Mapping[str, datetime]:
        """Of these ids, those of which no more is wanted than is known -> their query's time."""
        found = self._found(target)
        wanted = "AND (identity_id IS NULL AND told = 1 OR told = 2 OR detail IS NOT NULL)" if self._is_told else ""
        known: dict[str, datetime] = {}
        with self._read() as connection:
            for part in rows.chunks(query_ids):
                statement = f"""
                    SELECT query_id, at_ms FROM past_queries
                    WHERE target_id = ? AND state IS NOT NULL {wanted} AND query_id IN ({rows.marks(part)})
                    """  # noqa: S608 - a constant and placeholders
                for query_id, at_ms in connection.execute(statement, (found.id, *part)):
                    known[rows.unpack(query_id)] = from_epoch_ms(at_ms)
        return known

    def hours(self, target: Target, since: datetime, until: datetime) -> list[PastHour]:
        """What ended in [since, until), by the hour, the oldest first, under the names of users and databases."""
        found = self._found(target)
        with self._read() as connection:
            rows_found = connection.execute(_HOURS, (found.id, epoch_ms(since), epoch_ms(until)))
            return [PastHour(*values) for values in rows_found]

    def slots(self, target: Target) -> Mapping[str, Collection[str]]:
        """Which values of budgeted labels are exposed under their own names."""
        found = self._found(target)
        slots: dict[str, set[str]] = {}
        with self._read() as connection:
            for label, value in connection.execute("SELECT label, value FROM slots WHERE target_id = ?", (found.id,)):
                slots.setdefault(label, set()).add(value)
        return slots

    def summary(self, target: Target, since: datetime, until: datetime) -> PastSummary:
        """What the past of [since, until) came to."""
        found = self._found(target)
        with self._read() as connection:
            queries, only_started, nameless = connection.execute(
                _SUMMARY, (found.id, epoch_ms(since), epoch_ms(until))
            ).fetchone()
        return PastSummary(queries=queries, only_started=only_started, nameless=nameless)

    def has_room(self) -> bool:
        """Whether the outbox can take more: it would rather drop facts of the present than grow beyond its bound."""
        if not self._is_told:
            return True
        with self._read() as connection:
            size = connection.execute("SELECT coalesce(sum(length(body)), 0) FROM facts").fetchone()[0]
        return int(size) < self._bounds.max_bytes // 2

    # -- one transaction ------------------------------------------------------------------------------------------

    def _apply(self, connection: sqlite3.Connection, target_id: int, batch: Batch) -> Counter[SeriesKey]:
        known = self._known(connection, batch.target)
        found = adoption.known(connection, batch.target)
        told = [one for one in batch.records if isinstance(one, QueryExecution | StartedQuery)]
        queries = past_rows.load(connection, target_id, {one.query_id for one in told})
        hindsight = fold_past(known, queries, told, began_ms=found.began_ms, is_told=self._is_told)
        self._save(connection, target_id, hindsight, known, epoch_ms(batch.observed_at))
        connection.executemany(
            "INSERT OR REPLACE INTO cursors VALUES (?, ?, ?, ?)",
            [(target_id, batch.source, key, value) for key, value in batch.cursors.items()],
        )
        return Counter()

    def _save(
        self, connection: sqlite3.Connection, target_id: int, hindsight: Hindsight, known: Known, now_ms: int
    ) -> None:
        change = hindsight.change
        past_rows.save(connection, target_id, hindsight.queries, self._identities)
        rollups.save(connection, target_id, change.usage, change.types)
        tables.save(connection, target_id, change)
        newest_ms = max((one.row.since_ms for one in hindsight.queries), default=0)
        # By the day on which they were used, so that names of long ago give their places back first.
        marks.touch_slots(connection, target_id, known, change, newest_ms // DAY_MS)
        outbox.write(connection, target_id, change.facts, now_ms)

    def _known(self, connection: sqlite3.Connection, target: Target) -> Known:
        found = adoption.known(connection, target)
        slots: dict[str, dict[str, int]] = {}
        for label, value, day in connection.execute(
            "SELECT label, value, used_day FROM slots WHERE target_id = ?", (found.id,)
        ):
            slots.setdefault(label, {})[value] = day
        return Known(
            target=target, rules=self._rules, sequence=0, low_water_ms=found.low_water_ms,
            counting_since_ms=found.counting_since_ms, rows={}, rejections=(), slots=slots, series={},
            series_per_family={},
        )  # fmt: skip  # ten columns read best as a block

    def _found(self, target: Target) -> Adopted:
        with self._read() as connection:
            return adoption.known(connection, target)
