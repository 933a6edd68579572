"""Decisions: a subject came to a level of its budget, and that is told once.

Stage: over -> **deciding** -> outbox, counters. A decision, its fact and its count are one transaction: killed before
it, the next look finds the same; killed after it, the fact waits for its readers. The id is told by what was decided,
so that a restored copy of the ledger, which decides again, says the same id again.
"""

import hashlib
import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

from athena_exporter import catalog
from athena_exporter.budgets import (
    Allowance,
    Budget,
    Calendar,
    Globs,
    Level,
    Per,
    Rolling,
    Span,
    Standing,
    kept_from,
    window_words,
)
from athena_exporter.ledger import budgeting, dearest, outbox, refilling
from athena_exporter.ledger.dearest import DearQuery, Reading, Search
from athena_exporter.ledger.model import Fact, SeriesKey
from athena_exporter.ledger.over import Overview, Reached
from athena_exporter.records import Target, epoch_ms, from_epoch_ms

OWNER_TAG = "owner"
"""The tag of a workgroup that says whom to address."""
AT_ONCE = 1_000
"""Decisions of one look, the nearest to their limits first; the next look takes the others, without a rest."""
KEPT = timedelta(days=62)
"""How long decisions of budgets stay that nobody asks for any more: who puts one back is not told anew."""
_LEVELS = {Level.WARNED: (Level.WARNED,), Level.EXCEEDED: (Level.WARNED, Level.EXCEEDED)}

Write: TypeAlias = Callable[[sqlite3.Connection, int], Counter[SeriesKey]]
"""What to write in a transaction about a target, by its number; answers what it adds to counters."""
Commit: TypeAlias = Callable[[Target, Write], None]
"""Runs one in a transaction of the ledger's writer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A subject came to a level of its budget.

    `start_ms` is the start of the calendar window, or of a rolling one's episode; `span` is the window as it was
    looked at. `queries` are the dearest among those that ended at or after `queries_since_ms` and are still known one
    by one. `owners`: what the tag `owner` of the workgroups behind a subject says.
    """

    target: Target
    budget: Budget
    standing: Standing
    start_ms: int
    span: Span
    counted_since_ms: int
    decided_ms: int
    owners: tuple[str, ...] = ()
    queries: tuple[DearQuery, ...] = ()
    queries_since_ms: int | None = None

    @property
    def level(self) -> Level:
        """Warned or exceeded."""
        return self.standing.level

    @property
    def decision_id(self) -> str:
        """The same whenever and wherever the same is decided."""
        told = (
            self.target.account_id, self.target.region, self.budget.name, self.standing.subject, self.level.value,
            str(self.start_ms),
        )  # fmt: skip  # two rows
        return hashlib.sha1("\n".join(told).encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()

    @property
    def exception(self) -> Allowance | None:
        """The exception that gave the subject its limit."""
        at_ms = min(self.decided_ms, self.span.end_ms - 1)
        living = (one for one in self.budget.exceptions if not self.budget.is_expired(one, at_ms))
        return next((one for one in living if Globs(one.subject).fit(self.standing.subject)), None)


class _Place(NamedTuple):
    """Where a decision stands in the table, within its target."""

    budget: str
    subject: str
    level: str
    start_ms: int


@dataclass(slots=True, kw_only=True)
class _Look:
    """What one look at a target found: what is new, which decisions hold again, which do no longer."""

    target: Target
    target_id: int
    fresh: list[Decision] = field(default_factory=list)
    members: dict[_Place, Sequence[str]] = field(default_factory=dict)
    again: list[_Place] = field(default_factory=list)
    ended: list[_Place] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.fresh or self.again or self.ended)


class Deciding:
    """What the ledger does about levels. From any thread; one looks at a time.

    Args:
        budgets: those that are counted.
        grace: for so long after its end a calendar window is still decided on: users are known late.
        is_told: whether anybody reads the facts.
        read: opens a look at committed state.
        commit: runs a transaction.
        monotonic: seconds.
    """

    def __init__(
        self,
        *,
        budgets: Sequence[Budget],
        grace: timedelta,
        is_told: bool,
        read: Reading,
        commit: Commit,
        monotonic: Callable[[], float],
    ) -> None:
        self._budgets = budgets
        self._grace_ms = grace // timedelta(milliseconds=1)
        self._is_told = is_told
        self._read = read
        self._commit = commit
        self._monotonic = monotonic
        self._due = float("-inf")
        self._born: set[Target] = set()
        self._lock = threading.Lock()

    def decide(self, now: datetime) -> list[Decision]:
        """Find who came to a level and was not told of it, and commit it. Too soon after the last look: nobody."""
        with self._lock:
            began = self._monotonic()
            if not self._budgets or began < self._due:
                return []
            with self._read() as connection:
                looks = [self._look(connection, *found, epoch_ms(now)) for found in _targets(connection)]
            ended = self._monotonic()
            self._due = ended + budgeting.REST * (ended - began)
            found = [decision for look in looks for decision in self._settle(look, epoch_ms(now))]
            if any(len(look.fresh) == AT_ONCE for look in looks):
                self._due = ended
            return found

    def _look(self, connection: sqlite3.Connection, target_id: int, target: Target, now_ms: int) -> _Look:
        look = _Look(target=target, target_id=target_id)
        known = _Known(connection, target_id)
        view = Overview(connection, target_id, self._budgets, now_ms, self._grace_ms)
        everybody = sorted(view.reached(), key=lambda one: -one.standing.ratio)
        for reached in everybody:
            known.hold(reached)
        for reached in everybody:
            start_ms = known.fresh_from(reached, view) if len(look.fresh) < AT_ONCE else None
            if start_ms is not None:
                self._found(look, reached, start_ms, view, now_ms)
        look.again = known.again()
        look.ended = known.ended()
        tags = budgeting.tags(connection, target_id, OWNER_TAG)
        look.fresh = [replace(one, owners=_owners(look.members[_place(one)], one.budget, tags)) for one in look.fresh]
        return look

    def _found(self, look: _Look, reached: Reached, start_ms: int, view: Overview, now_ms: int) -> None:
        decision = Decision(
            target=look.target, budget=reached.budget, standing=reached.standing, start_ms=start_ms,
            span=reached.span, counted_since_ms=reached.since_ms, decided_ms=now_ms,
        )  # fmt: skip  # as short as it can be said
        look.fresh.append(decision)
        look.members[_place(decision)] = view.members(reached)

    def _settle(self, look: _Look, now_ms: int) -> list[Decision]:
        """Commit what the look found, if anything; answers what was new to the ledger."""
        newborn = look.target not in self._born
        if look.is_empty and not newborn:
            return []
        told = self._with_queries(look) if self._is_told else look.fresh
        new: list[Decision] = []

        def write(connection: sqlite3.Connection, target_id: int) -> Counter[SeriesKey]:
            _move(connection, target_id, look, now_ms)
            new.extend(one for one in told if _insert(connection, target_id, one))
            if self._is_told:
                outbox.write(connection, target_id, [_fact(one) for one in new], now_ms)
            return self._counted(new, newborn=newborn)

        self._commit(look.target, write)
        self._born.add(look.target)
        return new

    def _with_queries(self, look: _Look) -> list[Decision]:
        searches = [
            Search(budget=one.budget, members=look.members[_place(one)], span=one.span) for one in look.fresh
        ]  # fmt: skip  # as short as it can be said
        dearest.search(self._read, look.target_id, searches, self._monotonic)
        return [
            replace(one, queries=tuple(found.found), queries_since_ms=found.since_ms)
            for one, found in zip(look.fresh, searches, strict=True)
        ]

    def _counted(self, new: Sequence[Decision], *, newborn: bool) -> Counter[SeriesKey]:
        """What counters gain. Every series is there from the first look on, so that its first rise is seen."""
        name = catalog.BUDGET_DECISIONS.name
        found: Counter[SeriesKey] = Counter()
        if newborn:
            for budget in self._budgets:
                for level in (Level.WARNED, Level.EXCEEDED):
                    found[name, (budget.name, level.value)] = 0
        for one in new:
            found[name, (one.budget.name, one.level.value)] += 1
        return found

    def prune(self, connection: sqlite3.Connection, target_id: int) -> None:
        """Forget decisions that are over and of no window that may be looked at again, in the open transaction."""
        now_ms = refilling.newest_ms(connection, target_id)
        if now_ms is None:
            return
        for budget in self._budgets:
            connection.execute(
                "DELETE FROM budget_decisions WHERE target_id = ? AND budget = ? AND ended_ms < ? AND start_ms < ?",
                (target_id, budget.name, now_ms, kept_from(budget.window, now_ms)),
            )
        names = json.dumps([budget.name for budget in self._budgets])
        connection.execute(
            "DELETE FROM budget_decisions WHERE target_id = ? AND ended_ms < ?"
            " AND budget NOT IN (SELECT value FROM json_each(?))",
            (target_id, now_ms - KEPT // timedelta(milliseconds=1), names),
        )


class _Known:
    """The decisions of a target that the ledger holds, and what a look says of them."""

    def __init__(self, connection: sqlite3.Connection, target_id: int) -> None:
        found = connection.execute(
            "SELECT budget, subject, level, start_ms, ended_ms FROM budget_decisions WHERE target_id = ?", (target_id,)
        )
        self._ended: dict[_Place, int | None] = {_Place(*place): ended_ms for *place, ended_ms in found}
        self._starts: dict[tuple[str, str, str], list[int]] = {}
        for place in self._ended:
            self._starts.setdefault(place[:3], []).append(place.start_ms)
        self._held: set[_Place] = set()

    def hold(self, reached: Reached) -> None:
        """The subject is at its level, and so at those below it: the decisions on them hold."""
        for one in _LEVELS[reached.standing.level]:
            self._held.update(self._present(reached, one))

    def fresh_from(self, reached: Reached, view: Overview) -> int | None:
        """Where the window or episode of a new decision begins; None if nothing is to be told of it."""
        level = reached.standing.level
        if any(place.level == level for place in self._present(reached, level)):
            return None
        start_ms = view.began_ms(reached)
        is_rolling = isinstance(reached.budget.window, Rolling)
        told = [one for one in self._starts_of(reached, level) if one == start_ms or (is_rolling and one > start_ms)]
        if told:  # and taken for over: a clock was put back, or late queries filled a gap, or begin it earlier
            self._held.add(self._at(reached, level, max(told)))
            return None
        if level is Level.WARNED and any(one >= start_ms for one in self._starts_of(reached, Level.EXCEEDED)):
            return None  # whoever was told of the limit in this window or episode needs no warning of it
        return start_ms

    def _present(self, reached: Reached, level: Level) -> Iterator[_Place]:
        """The decisions of this level that hold: the one of the calendar window, or an open one of a rolling one."""
        for start_ms in self._starts_of(reached, level):
            place = self._at(reached, level, start_ms)
            if (
                self._ended[place] is None
                if isinstance(reached.budget.window, Rolling)
                else self._is_of(place, reached)
            ):
                yield place

    @staticmethod
    def _is_of(place: _Place, reached: Reached) -> bool:
        return place.start_ms == reached.span.start_ms

    @staticmethod
    def _at(reached: Reached, level: Level, start_ms: int) -> _Place:
        return _Place(reached.budget.name, reached.standing.subject, level.value, start_ms)

    def _starts_of(self, reached: Reached, level: Level) -> Sequence[int]:
        return self._starts.get((reached.budget.name, reached.standing.subject, level.value), ())

    def again(self) -> list[_Place]:
        """Decisions that were over and hold."""
        return [place for place in self._held if self._ended[place] is not None]

    def ended(self) -> list[_Place]:
        """Decisions that held and do no longer: below the level, or the window is over."""
        return [place for place, ended_ms in self._ended.items() if ended_ms is None and place not in self._held]


def _targets(connection: sqlite3.Connection) -> list[tuple[int, Target]]:
    found = connection.execute("SELECT id, account_id, region FROM targets").fetchall()
    return [(number, Target(account_id=account_id, region=region)) for number, account_id, region in found]


def _place(one: Decision) -> _Place:
    return _Place(one.budget.name, one.standing.subject, one.level.value, one.start_ms)


def _owners(workgroups: Sequence[str], budget: Budget, tags: Mapping[str, str]) -> tuple[str, ...]:
    if budget.per not in {Per.WORKGROUP, Per.COMPONENT}:
        return ()
    return tuple(sorted({tags[name] for name in workgroups if name in tags}))


# -- writing ------------------------------------------------------------------------------------------------------


def _move(connection: sqlite3.Connection, target_id: int, look: _Look, now_ms: int) -> None:
    """End decisions, and take back ends."""
    connection.executemany(
        "UPDATE budget_decisions SET ended_ms = ?"
        " WHERE target_id = ? AND budget = ? AND subject = ? AND level = ? AND start_ms = ?",
        [(None, target_id, *place) for place in look.again]
        + [(max(now_ms, place.start_ms), target_id, *place) for place in look.ended],
    )


def _insert(connection: sqlite3.Connection, target_id: int, one: Decision) -> bool:
    """Whether the decision is new."""
    return bool(
        connection.execute(
            "INSERT OR IGNORE INTO budget_decisions"
            " (decision_id, target_id, budget, subject, level, start_ms, decided_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (one.decision_id, target_id, *_place(one), one.decided_ms),
        ).rowcount
    )


def _fact(one: Decision) -> Fact:
    return Fact(kind="budget", at=from_epoch_ms(one.decided_ms), body=json.dumps(body_of(one), separators=(",", ":")))


def body_of(one: Decision) -> dict[str, object]:
    """The fact's body: all that a message about the decision needs. Amounts are in the ledger's integers.

    `queries_since` and `counted_since` are there only if they are later than the window's start.
    """
    budget, standing, window = one.budget, one.standing, one.budget.window
    since = one.queries_since_ms
    return {
        "decision_id": one.decision_id, "budget": budget.name, "per": budget.per.value, "subject": standing.subject,
        "level": one.level.value, "unit": standing.unit.value, "used": standing.used, "limit": standing.limit,
        "warn_ratio": float(budget.warn), "forecast": standing.forecast, "decided_at": _iso(one.decided_ms),
        "window": {
            "words": window_words(window),
            "time_zone": window.zone if isinstance(window, Calendar) else None,
            "start": _iso(one.span.start_ms),
            "end": _iso(one.span.end_ms) if isinstance(window, Calendar) else None,
            "is_over": isinstance(window, Calendar) and one.span.end_ms <= one.decided_ms,
            "since": _iso(one.start_ms),
        },
        "counted_since": _iso(one.counted_since_ms) if one.counted_since_ms > one.span.start_ms else None,
        "exception": _exception(one.exception),
        "owners": one.owners,
        "queries": [_query(query) for query in one.queries],
        "queries_since": None if since is None or since <= one.span.start_ms else _iso(since),
    }  # fmt: skip  # a form reads best in rows


def _exception(one: Allowance | None) -> dict[str, object] | None:
    if one is None:
        return None
    limit = None if one.limit is None else one.limit.value
    return {"limit": limit, "until": None if one.until is None else one.until.isoformat(), "reason": one.reason}


def _query(one: DearQuery) -> dict[str, object]:
    return {
        "query_id": one.query_id, "workgroup": one.workgroup, "database": one.database, "user": one.user,
        "scanned_bytes": one.scanned_bytes, "cost_nanousd": one.cost_nanousd, "ended_at": _iso(one.ended_ms),
    }  # fmt: skip  # as above


def _iso(at_ms: int) -> str:
    return from_epoch_ms(at_ms).isoformat(timespec="milliseconds")
