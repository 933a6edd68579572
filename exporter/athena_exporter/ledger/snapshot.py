"""The committed state as samples: what the ledger exposes, in the catalogue's integer units."""

import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from athena_exporter import catalog
from athena_exporter.ledger import inventories, outbox, tables
from athena_exporter.ledger.counters import Names
from athena_exporter.ledger.model import Labels, Phase
from athena_exporter.ledger.pruning import complete_until_ms
from athena_exporter.records import OTHER, PENDING, UNATTRIBUTED, UNKNOWN, Evidence, Sample, State, Target, epoch_ms

CATCHING_UP_AFTER = timedelta(minutes=10)
"""How far behind the present the counted executions may be before rules on spikes fall silent."""


_WINDOWS = {
    "workgroup": (catalog.WINDOW_QUERIES, catalog.WINDOW_SCANNED_BYTES, catalog.WINDOW_COST_USD),
    "user": (catalog.USER_WINDOW_QUERIES, catalog.USER_WINDOW_SCANNED_BYTES, catalog.USER_WINDOW_COST_USD),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One of the named windows: whole UTC days [since, until)."""

    name: str
    since_ms: int
    until_ms: int


def windows(now: datetime) -> tuple[Window, ...]:
    """The four windows at `now`."""
    today = now.astimezone(UTC).date()
    tomorrow, month = today + timedelta(days=1), today.replace(day=1)
    last_month = (month - timedelta(days=1)).replace(day=1)
    return (
        _window("today", today, tomorrow),
        _window("yesterday", today - timedelta(days=1), today),
        _window("month", month, tomorrow),
        _window("last_month", last_month, month),
    )


def _window(name: str, since: date, until: date) -> Window:
    return Window(name=name, since_ms=_midnight_ms(since), until_ms=_midnight_ms(until))


def _midnight_ms(day: date) -> int:
    return epoch_ms(datetime(day.year, day.month, day.day, tzinfo=UTC))


def samples(connection: sqlite3.Connection, now: datetime, names: Names) -> list[Sample]:
    """Everything, read in the caller's transaction. A series that `names` lacks was committed just now: it waits."""
    found = [*_process_wide(connection, epoch_ms(now)), *_counters(connection, names)]
    targets = connection.execute("SELECT id, account_id, region, counting_since_ms FROM targets").fetchall()
    for target_id, account_id, region, counting_since_ms in targets:
        one = _TargetSamples(connection, target_id, Target(account_id=account_id, region=region))
        found += one.users()
        present = inventories.present(connection, target_id, epoch_ms(now))
        found += inventories.samples(present, one.target)
        found += one.running(inventories.workgroups(present))
        found += one.tables()
        for window in windows(now):
            found += one.window(window)
        found += one.health(counting_since_ms, epoch_ms(now))
    return found


def _process_wide(connection: sqlite3.Connection, now_ms: int) -> Iterator[Sample]:
    generation = connection.execute("SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'generation'").fetchone()[0]
    yield Sample(metric=catalog.LEDGER_GENERATION.name, target=None, labels=(), value=generation)
    for waiting in outbox.backlog(connection, now_ms):
        for metric, value in (
            (catalog.OUTBOX_DEPTH, waiting.depth),
            (catalog.OUTBOX_DROPPED, waiting.dropped),
            (catalog.OUTBOX_OLDEST_AGE, waiting.oldest_age_ms),
        ):
            yield Sample(metric=metric.name, target=None, labels=(waiting.consumer,), value=value)


def _counters(connection: sqlite3.Connection, names: Names) -> Iterator[Sample]:
    """A series is shown as 0 until scrapes have had time to see that 0, for `increase()` needs it."""
    for number, value in connection.execute("SELECT id, value * shown FROM counters"):
        if number in names:
            target, metric, labels = names[number]
            yield Sample(metric=metric, target=target, labels=labels, value=value)


class _TargetSamples:
    """The samples of one `target`."""

    def __init__(self, connection: sqlite3.Connection, target_id: int, target: Target) -> None:
        self._connection = connection
        self._target_id = target_id
        self.target = target
        slots = self._rows("SELECT value FROM slots WHERE target_id = ? AND label = 'user'")
        self._exposed_users = {PENDING, UNATTRIBUTED, UNKNOWN, *(value for (value,) in slots)}

    def _rows(self, statement: str, *parameters: object) -> Iterator[tuple[Any, ...]]:
        return iter(self._connection.execute(statement, (self._target_id, *parameters)))

    def _sample(self, metric: catalog.Metric, labels: Labels, value: int | str) -> Sample:
        return Sample(metric=metric.name, target=self.target, labels=labels, value=int(value))

    def users(self) -> Iterator[Sample]:
        """Role and kind as last learnt, of the users that own a slot."""
        statement = """
            SELECT i.user, i.role, i.kind FROM identities i
            WHERE i.id IN (SELECT max(id) FROM identities GROUP BY user)
              AND i.user IN (SELECT value FROM slots WHERE target_id = ? AND label = 'user')
            """
        for user, role, kind in self._rows(statement):
            yield self._sample(catalog.USER_INFO, (user, role, kind), 1)

    def tables(self) -> Iterator[Sample]:
        """When tables were last read."""
        for database, table, read_ms in tables.last_reads(self._connection, self._target_id):
            yield self._sample(catalog.TABLE_LAST_READ, (database, table), read_ms)

    def running(self, listed: Collection[str]) -> Iterator[Sample]:
        """Queries not final when last read, in every workgroup that AWS has listed or a query has named."""
        statement = f"""
            SELECT workgroup, state, count(*) FROM queries
            WHERE target_id = ? AND phase < 3 AND phase = {int(Phase.OPEN)} GROUP BY workgroup, state
            """  # noqa: S608 - a constant; "phase < 3" is the index's own condition
        found = {(workgroup, state): count for workgroup, state, count in self._rows(statement)}
        for workgroup in sorted({*listed, *self._workgroups(), *(workgroup for workgroup, _ in found)}):
            for state in (State.QUEUED.value, State.RUNNING.value):
                yield self._sample(catalog.RUNNING_QUERIES, (workgroup, state), found.get((workgroup, state), 0))

    def _workgroups(self) -> set[str]:
        """Workgroups that have counted a query: their idleness is a 0, not a gap."""
        statement = "SELECT DISTINCT json_extract(labels, '$[0]') FROM series WHERE target_id = ? AND metric = ?"
        return {workgroup for (workgroup,) in self._rows(statement, catalog.QUERIES.name)}

    def window(self, window: Window) -> Iterator[Sample]:
        """Sums by query time; users without a slot are `other` here too."""
        sums: dict[tuple[str, str], list[int]] = {}
        for label, value, *numbers in self._rows(
            "SELECT label, value, sum(queries), sum(scanned_bytes), sum(cost_nanousd) FROM usage_totals"
            " WHERE target_id = ? AND start_ms >= ? AND start_ms < ? GROUP BY label, value HAVING sum(queries) <> 0",
            window.since_ms,
            window.until_ms,
        ):
            exposed = value if label == "workgroup" or value in self._exposed_users else OTHER
            total = sums.setdefault((label, exposed), [0, 0, 0])
            sums[label, exposed] = [have + number for have, number in zip(total, numbers, strict=True)]
        for (label, value), total in sums.items():
            for metric, number in zip(_WINDOWS[label], total, strict=True):
                yield self._sample(metric, (window.name, value), number)

    def health(self, counting_since_ms: int, now_ms: int) -> Iterator[Sample]:
        """How true and how fresh the numbers are."""
        yield self._sample(catalog.COUNTING_SINCE, (), counting_since_ms)
        pending = self._rows(
            "SELECT count(*), coalesce(sum(scanned_bytes), 0) FROM queries WHERE target_id = ?"
            # The plus keeps SQLite off the index by time: nearly every row has ended since, and few lack a user.
            " AND identity_id IS NULL AND attribution = 0 AND phase > 0 AND phase = 3 AND +ended_ms >= ?",
            counting_since_ms,
        )
        for queries, scanned_bytes in pending:
            yield self._sample(catalog.PENDING_QUERIES, (), queries)
            yield self._sample(catalog.PENDING_BYTES, (), scanned_bytes)
        counted = complete_until_ms(self._connection, self._target_id)
        for source, evidence, success_ms in self._rows(
            "SELECT source, evidence, last_success_ms FROM sources WHERE target_id = ?"
        ):
            yield self._sample(catalog.SOURCE_LAST_SUCCESS, (source,), success_ms)
            until_ms = None if evidence is None else self._complete_until_ms(Evidence(evidence), counted)
            if until_ms is not None:
                yield self._sample(catalog.SOURCE_COMPLETE_UNTIL, (source,), until_ms)
        behind = counted is None or now_ms - counted > CATCHING_UP_AFTER // timedelta(milliseconds=1)
        yield self._sample(catalog.CATCHING_UP, (), int(behind))

    def _complete_until_ms(self, evidence: Evidence, counted: int | None) -> int | None:
        """For identities: as far as executions are complete (`counted`) and every one of them is decided."""
        if evidence is Evidence.EXECUTIONS or counted is None:
            return counted
        statement = """
            SELECT min(coalesce(ended_ms, since_ms)) FROM queries
            WHERE target_id = ? AND identity_id IS NULL AND attribution = 0 AND phase > 0 AND phase > 1
            """
        (oldest,) = next(self._rows(statement))
        return counted if oldest is None else min(counted, int(oldest))
