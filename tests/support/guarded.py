"""A guard under test: a real ledger with somebody over a limit, an Athena that answers as told, clocks by hand."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from book import HOUR, MINUTE, NOON, SECOND, TARGET, Book, query, query_id, running, start

from athena_exporter import catalog
from athena_exporter.budgets import (
    Amount,
    Budget,
    Calendar,
    Enforce,
    Intent,
    Match,
    Mode,
    Per,
    Period,
    Protected,
    Reason,
    Unit,
)
from athena_exporter.outlets.guard import AwsClock, Guard, GuardRules, KillSwitch
from athena_exporter.records import Target
from athena_exporter.sources.stopping import Outcome, Told

LIMIT = 2**30
"""Bytes of the limit of every budget here."""


def enforced(name: str = "daily", per: Per = Per.USER, *, limit: int = LIMIT, **changed: Any) -> Budget:
    """A budget that stops queries."""
    told: dict[str, Any] = {"window": Calendar(period=Period.DAY), "enforce": Enforce.STOP_QUERIES}
    match = Match(**changed.pop("match", {}))
    return Budget(name=name, per=per, limit=Amount(unit=Unit.BYTES, value=limit), match=match, **told | changed)


@dataclass(slots=True)
class Athena:
    """Answers as Athena would: what is queued or running ends by itself when told to, or when stopped.

    `troubles` are answered first, one a call. `asked` is every call, in order. `at` is its clock.
    """

    at: datetime = NOON
    ended: dict[str, Outcome] = field(default_factory=dict)
    troubles: deque[tuple[str, Outcome]] = field(default_factory=deque)
    asked: list[tuple[str, str]] = field(default_factory=list)
    before_look: Any = None
    before_stop: Any = None

    def look(self, asked: str) -> Told:
        if self.before_look is not None:
            self.before_look()
        return self._told("look", asked) or Told(outcome=self.ended.get(asked, Outcome.RUNNING), at=self.at)

    def stop(self, asked: str) -> Told:
        if self.before_stop is not None:
            self.before_stop()
        trouble = self._told("stop", asked)
        if trouble is None:
            self.ended.setdefault(asked, Outcome.CANCELLED)
        return trouble or Told(outcome=Outcome.ACCEPTED, at=self.at)

    def _told(self, call: str, asked: str) -> Told | None:
        self.asked.append((call, asked))
        if self.troubles and self.troubles[0][0] == call:
            _, outcome = self.troubles.popleft()
            return Told(outcome=outcome, error=TroubleError(outcome))  # type: ignore[arg-type]  # the guard only hands it on
        return None

    @property
    def stopped(self) -> list[str]:
        return [asked for call, asked in self.asked if call == "stop"]


class TroubleError(Exception):
    """What AWS would have answered."""


@dataclass(slots=True)
class Counted:
    """What the guard has told its tally last."""

    mode: Mode | None = None
    is_killed: bool | None = None
    waiting: Mapping[Reason, int] = field(default_factory=dict)

    def guard(self, target: Target, mode: Mode, *, is_killed: bool, waiting: Mapping[Reason, int]) -> None:
        assert target == TARGET
        self.mode, self.is_killed, self.waiting = mode, is_killed, waiting

    @property
    def why(self) -> dict[Reason, int]:
        """The reasons that hold for any query."""
        return {reason: queries for reason, queries in self.waiting.items() if queries}


@dataclass(slots=True)
class World:
    """A guard, its ledger, and the Athena that it acts upon."""

    book: Book
    athena: Athena = field(default_factory=Athena)
    counted: Counted = field(default_factory=Counted)
    monotonic: float = 0.0

    def guard(self, mode: Mode = Mode.ENFORCE, *, has_role: bool = True, **changed: Any) -> Guard:
        """A guard as a process that starts right now would make it."""
        own = changed.pop("own", ())
        return Guard(
            book=self.book.ledger.guard_book(TARGET),
            rules=GuardRules(mode=mode, **changed),
            stopper=self.athena if has_role else None,
            own=lambda: Protected(own=own),
            tally=self.counted,
            clock=AwsClock(self.athena.at, lambda: self.monotonic),
            monotonic=lambda: self.monotonic,
        )

    def later(self, span: timedelta) -> None:
        """AWS's clock and the process's go on; the ledger hears of nothing new."""
        self.athena.at += span
        self.monotonic += span.total_seconds()

    def spend(self, number: int, user: str, scanned: int = 2 * LIMIT, **told: Any) -> None:
        """A query of the user's has ended, and CloudTrail has told whose it was."""
        ended = NOON - HOUR + number * SECOND
        self.book.deliver(query(number, at=ended, scanned_bytes=scanned, **told), start(number, user, at=ended))

    def begin(self, number: int, user: str | None, *, at: datetime = NOON, **told: Any) -> str:
        """A query runs; nobody has told whose it is if `user` is None."""
        self.book.deliver(running(number, at=at, **told), *([] if user is None else [start(number, user, at=at)]))
        return query_id(number)

    def intents(self) -> list[Intent]:
        """Everything that was ever meant, by the order of its decision."""
        found = self.book.ledger.guard_book(TARGET)._intents("ORDER BY decided_ms, query_id")
        return list(found)

    def results(self) -> list[tuple[str, str | None]]:
        return [(one.query_id, one.result) for one in self.intents()]

    def actions(self) -> dict[tuple[str, ...], int | float]:
        """The counter's series that are not 0."""
        return {labels: value for labels, value in self.book.shown(catalog.GUARD_ACTIONS).items() if value}


def killed_by(path: Path) -> KillSwitch:
    return KillSwitch(file=path)


def ids(numbers: Iterable[int]) -> list[str]:
    return [query_id(number) for number in numbers]


__all__ = ["MINUTE", "Athena", "World", "enforced", "ids", "killed_by"]
