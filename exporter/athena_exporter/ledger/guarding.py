"""The guard in the ledger's file: whose running queries are over a limit, and every intent before it is acted upon.

Stage: queries, tallies -> **guarding** -> budgets.guard decides -> intents -> outlets.guard acts -> results. An intent
is durable before anybody acts on it; its result, the counter and the outbox's fact are one transaction.
"""

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

from athena_exporter import catalog
from athena_exporter.budgets import Budget, Enforced, Excess, Intent, Level, Mode, Query, Result, RunningQuery, Unit
from athena_exporter.budgets.guard import EXPIRY_MS, Action, action_id
from athena_exporter.ledger import budgeting, files, marks, rows
from athena_exporter.ledger.errors import explained
from athena_exporter.ledger.model import Phase
from athena_exporter.records import UNKNOWN, Sample, State, Target, epoch_ms, from_epoch_ms

_KEPT = timedelta(days=400)
_RUNNING = f"""
    SELECT q.query_id, q.since_ms, coalesce(nullif(q.workgroup, ''), '{UNKNOWN}'),
           coalesce(nullif(q.database, ''), '{UNKNOWN}'), q.workload, i.user, nullif(i.role, ''), i.client
    FROM queries q LEFT JOIN identities i ON i.id = q.identity_id
    WHERE q.target_id = ? AND q.phase < 3 AND q.phase = {Phase.OPEN.value}
      AND q.state IN ('{State.QUEUED}', '{State.RUNNING}')
    """  # noqa: S608 - constants of this project; "phase < 3" repeats the index's own condition
_COLUMNS = (
    "action_id, query_id, workgroup, user, budget, subject, unit, used, most, mode, decided_ms, expires_ms, tries, "
    "result, ended_ms"
)
_SELECT = f"SELECT {_COLUMNS} FROM guard_actions WHERE target_id = ?"  # noqa: S608 - the columns are this module's constant
# Only what has ended may be begun anew: an open intent is being acted upon.
_INTEND = f"""
    INSERT INTO guard_actions (target_id, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (action_id) DO UPDATE SET
        user = excluded.user, used = excluded.used, most = excluded.most, mode = excluded.mode,
        decided_ms = excluded.decided_ms, expires_ms = excluded.expires_ms, tries = 0, result = NULL, ended_ms = NULL
    WHERE result IS NOT NULL
    """  # noqa: S608 - as above
_TOLD = f"""
    SELECT budget, subject, min(decided_ms) FROM budget_decisions
    WHERE target_id = ? AND level = '{Level.EXCEEDED}' AND ended_ms IS NULL GROUP BY 1, 2
    """  # noqa: S608 - a constant of this project
_COUNT = """
    INSERT INTO guard_counts VALUES (?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET actions = actions + 1
    """
# Without a consumer nobody waits for a fact.
_TELL = """
    INSERT INTO facts (target_id, kind, at_ms, written_ms, body)
    SELECT ?, 'guard', ?, ?, ? WHERE EXISTS (SELECT 1 FROM consumers)
    """

Writing: TypeAlias = Callable[[], AbstractContextManager[sqlite3.Connection]]
"""Opens one transaction of the ledger's writer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetIntent:
    """An intent, and in which account and Region."""

    target: Target
    intent: Intent


class GuardBook:
    """What the guard asks and writes of one target. Every call raises LedgerError."""

    def __init__(
        self,
        *,
        target: Target,
        target_id: int,
        budgets: Sequence[Budget],
        writing: Writing,
        reader: sqlite3.Connection,
        lock: AbstractContextManager[object],
        path: Path,
    ) -> None:
        """`reader` is the reader of the ledger at `path`, shared under `lock`."""
        self.target = target
        self._target_id = target_id
        self._enforced = Enforced(budgets)
        self._writing = writing
        self._reader = reader
        self._lock = lock
        self._path = path

    # -- asking ---------------------------------------------------------------------------------------------------

    def excesses(self, now: datetime) -> list[Excess]:
        """Every running query of a subject at its limit, once for each such budget, in the budgets' order.

        Usage is that of the windows at `now`, exceptions heeded, and holds finished queries only.
        """
        if not self._enforced.budgets:
            return []
        with self._lock, explained(self._path):
            self._reader.execute("BEGIN")
            try:
                return list(_excesses(self._reader, self._target_id, self._enforced, now))
            finally:
                self._reader.execute("COMMIT")

    def open(self) -> list[Intent]:
        """Intents whose result is not known, oldest first."""
        return self._intents("AND result IS NULL ORDER BY decided_ms, action_id")

    def earlier(self, query_ids: Collection[str]) -> dict[str, Intent]:
        """Of these queries, the last intent about each that there is any of."""
        found: dict[str, Intent] = {}
        ids = list(query_ids)
        for begin in range(0, len(ids), rows.PARAMETERS):
            part = ids[begin : begin + rows.PARAMETERS]
            where = f"AND query_id IN ({rows.marks(part)}) ORDER BY decided_ms, action_id"
            found.update((one.query_id, one) for one in self._intents(where, *part))
        return found

    def decided_since(self, since_ms: int, mode: Mode) -> int:
        """How many intents of this mode were decided at or after that time."""
        return len(self._intents("AND decided_ms >= ? AND mode = ?", since_ms, mode.value))

    def _intents(self, where: str, *parameters: object) -> list[Intent]:
        with self._lock, explained(self._path):
            found = self._reader.execute(f"{_SELECT} {where}", (self._target_id, *parameters))
            return [_intent(*values) for values in found]

    # -- writing --------------------------------------------------------------------------------------------------

    def intend(self, excesses: Iterable[Excess], mode: Mode, now_ms: int) -> list[Intent]:
        """Write down what is meant to be done, durably; in a dry run also that it was not. `now_ms`: AWS's clock."""
        intents = [_meant(self.target, one, mode, now_ms) for one in excesses]
        with self._writing() as connection:
            connection.executemany(_INTEND, [(self._target_id, *_values(one)) for one in intents])
            if mode is Mode.DRY_RUN:
                for one in intents:
                    _end(connection, self._target_id, one, Result.DRY_RUN, now_ms)
        return intents

    def tried(self, intent: Intent) -> None:
        """AWS is about to be asked."""
        with self._writing() as connection:
            connection.execute("UPDATE guard_actions SET tries = tries + 1 WHERE action_id = ?", (intent.action_id,))

    def end(self, intent: Intent, result: Result, at_ms: int) -> None:
        """The result, the counter and the fact, in one transaction; an intent ends once."""
        with self._writing() as connection:
            _end(connection, self._target_id, intent, result, at_ms)


# -- asking -----------------------------------------------------------------------------------------------------------


def _excesses(connection: sqlite3.Connection, target_id: int, enforced: Enforced, now: datetime) -> Iterator[Excess]:
    running = [_running(*values) for values in connection.execute(_RUNNING, (target_id,))]
    if not running:
        return
    components = budgeting.components(connection, target_id)
    counted = [
        (one, budget, subject) for one in running for budget, subject in enforced.subjects(one.query, components)
    ]
    subjects: dict[str, set[str]] = {}
    for _, budget, subject in counted:
        subjects.setdefault(budget.name, set()).add(subject)
    over = {
        (state.budget.name, standing.subject): (standing, state.span.start_ms)
        for state in budgeting.states_of(connection, target_id, enforced.budgets, subjects, now)
        for standing in state.standings
        if standing.level is Level.EXCEEDED
    }
    told = {(budget, subject): at_ms for budget, subject, at_ms in connection.execute(_TOLD, (target_id,))}
    for one, budget, subject in counted:
        found = over.get((budget.name, subject))
        if found is not None and found[0].limit is not None:
            yield Excess(
                running=one, budget=budget.name, subject=subject, unit=found[0].unit, used=found[0].used,
                limit=found[0].limit, start_ms=found[1], told_ms=told.get((budget.name, subject)),
            )  # fmt: skip  # eight fields read best as a block


def _running(
    query_id: rows.Packed,
    since_ms: int,
    workgroup: str,
    database: str,
    workload: str | None,
    user: str | None,
    role: str | None,
    client: str | None,
) -> RunningQuery:
    query = Query(workgroup, database, workload, user, role, client)
    return RunningQuery(query_id=rows.unpack(query_id), submitted_ms=since_ms, query=query)


def _intent(*values: Any) -> Intent:  # SQLite's own types, in the order of _COLUMNS
    said = dict(zip(_COLUMNS.split(", "), values, strict=True))
    result = said.pop("result")
    return Intent(
        limit=said.pop("most"), unit=Unit(said.pop("unit")), mode=Mode(said.pop("mode")),
        result=None if result is None else Result(result), **said,
    )  # fmt: skip  # what changes, then what does not


# -- writing ----------------------------------------------------------------------------------------------------------


def _meant(target: Target, one: Excess, mode: Mode, now_ms: int) -> Intent:
    query = one.running.query
    return Intent(
        action_id=action_id(target, one), query_id=one.running.query_id, workgroup=query.workgroup,
        user=query.user or UNKNOWN, budget=one.budget, subject=one.subject, unit=one.unit, used=one.used,
        limit=one.limit, mode=mode, decided_ms=now_ms, expires_ms=now_ms + EXPIRY_MS,
    )  # fmt: skip  # a dozen fields read best as a block


def _values(one: Intent) -> tuple[object, ...]:
    return (
        one.action_id, one.query_id, one.workgroup, one.user, one.budget, one.subject, one.unit.value, one.used,
        one.limit, one.mode.value, one.decided_ms, one.expires_ms, 0, None, None,
    )  # fmt: skip  # in the order of _COLUMNS


def _end(connection: sqlite3.Connection, target_id: int, intent: Intent, result: Result, at_ms: int) -> None:
    """In the open transaction."""
    ended = connection.execute(
        "UPDATE guard_actions SET result = ?, ended_ms = ? WHERE action_id = ? AND result IS NULL",
        (result.value, at_ms, intent.action_id),
    ).rowcount
    if not ended:
        return
    connection.execute(_COUNT, (target_id, intent.budget, Action.STOP.value, result.value))
    connection.execute(_TELL, (target_id, intent.decided_ms, at_ms, _body(intent, result, at_ms)))
    # A copy from before this moment would show a lower counter.
    marks.next_sequence(connection)


def _body(intent: Intent, result: Result, at_ms: int) -> str:
    """The fact of kind `guard`; used and limit in bytes, or in nanodollars where the unit is `usd`."""
    told = {
        "action_id": intent.action_id,
        "query_id": intent.query_id,
        "workgroup": intent.workgroup,
        "user": intent.user,
        "budget": intent.budget,
        "subject": intent.subject,
        "mode": intent.mode.value,
        "result": result.value,
        "decided_at": _iso(intent.decided_ms),
        "ended_at": _iso(at_ms),
        "used": intent.used,
        "limit": intent.limit,
        "unit": intent.unit.value,
    }
    return json.dumps(told, separators=(",", ":"))


def _iso(at_ms: int) -> str:
    return from_epoch_ms(at_ms).isoformat(timespec="milliseconds")


# -- around it --------------------------------------------------------------------------------------------------------


def restart(connection: sqlite3.Connection) -> None:
    """Begin the counters at 0, in the open transaction: the ledger is a restored copy."""
    connection.execute("UPDATE guard_counts SET actions = 0")


def prune(connection: sqlite3.Connection, target_id: int, now_ms: int) -> None:
    """Forget ended intents of more than 400 days ago, in the open transaction; the counters stay."""
    connection.execute(
        "DELETE FROM guard_actions WHERE target_id = ? AND decided_ms < ? AND result IS NOT NULL",
        (target_id, now_ms - _KEPT // timedelta(milliseconds=1)),
    )


def samples(connection: sqlite3.Connection, budgets: Sequence[Budget]) -> Iterator[Sample]:
    """The counters of every target; those of enforcing budgets from 0 on, so that the first action is a rise."""
    enforced = [one.name for one in Enforced(budgets).budgets]
    for target_id, account_id, region in connection.execute("SELECT id, account_id, region FROM targets").fetchall():
        counted = {(name, Action.STOP.value, result.value): 0 for name in enforced for result in Result}
        for *labels, actions in connection.execute(
            "SELECT budget, action, result, actions FROM guard_counts WHERE target_id = ?", (target_id,)
        ):
            counted[labels[0], labels[1], labels[2]] = actions
        target = Target(account_id=account_id, region=region)
        for key, actions in counted.items():
            yield Sample(metric=catalog.GUARD_ACTIONS.name, target=target, labels=key, value=actions)


def intents(path: Path, since: datetime, until: datetime) -> list[TargetIntent]:
    """Everything that was decided in [since, until), oldest first, while the exporter may be writing it."""
    statement = f"""
        SELECT t.account_id, t.region, {_COLUMNS} FROM guard_actions g JOIN targets t ON t.id = g.target_id
        WHERE g.decided_ms >= ? AND g.decided_ms < ? ORDER BY g.decided_ms, g.action_id
        """  # noqa: S608 - as above
    with explained(path), closing(files.open_readonly(path)) as connection:
        return [
            TargetIntent(target=Target(account_id=account_id, region=region), intent=_intent(*values))
            for account_id, region, *values in connection.execute(statement, (epoch_ms(since), epoch_ms(until)))
        ]
