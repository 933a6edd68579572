"""The guard at work: who is over an enforced limit, what it means to do about that, the doing, and how it ended.

Stage: ledger -> **guard** -> sources.stopping -> Athena. docs/budgets.md says what it does and what it never does.
Every intent is durable before AWS is asked, and asked about again directly before it is acted upon: a process that
dies in between, or one that starts again, finds it, and either finishes it or lets it expire.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from athena_exporter.budgets import (
    Circumstances,
    Excess,
    Intent,
    Mode,
    Protected,
    Reason,
    Result,
    decide,
    is_wanted,
)
from athena_exporter.budgets.guard import MINUTE_MS
from athena_exporter.ledger.budgeting import REST
from athena_exporter.ledger.guarding import GuardBook
from athena_exporter.records import Target, epoch_ms
from athena_exporter.sources.stopping import Outcome, Told

_log = logging.getLogger(__name__)


class Tally(Protocol):
    """Where it is counted (`telemetry.Telemetry`)."""

    def guard(self, target: Target, mode: Mode, *, is_killed: bool, waiting: Mapping[Reason, int]) -> None:
        """What the guard does, whether the kill switch holds it, and what it does not stop."""
        ...


class Stops(Protocol):
    """The part of `sources.stopping.Stopper` that the guard needs."""

    def look(self, query_id: str) -> Told:
        """How far the query has come."""
        ...

    def stop(self, query_id: str) -> Told:
        """Stop the query."""
        ...


class AwsClock:
    """AWS's clock as far as it was told: between two tellings it goes on with the process's monotonic clock.

    No jump of the machine's clock moves it, and so none makes an old window the present one.
    """

    def __init__(self, at: datetime, monotonic: Callable[[], float]) -> None:
        """`at` is AWS's time right now."""
        self._monotonic = monotonic
        self.heard(at)

    def heard(self, at: datetime) -> None:
        """AWS has told its time."""
        self._at, self._heard = at, self._monotonic()

    def now(self) -> datetime:
        """AWS's time."""
        return self._at + timedelta(seconds=self._monotonic() - self._heard)


@dataclass(frozen=True, slots=True, kw_only=True)
class KillSwitch:
    """A file that stops the guard while it exists, and a flag that does so for as long as the process lives."""

    file: Path | None = None
    is_forced: bool = False

    def is_on(self) -> bool:
        """Whether nothing may be stopped: a file that nobody can look for counts as one that is there."""
        if self.is_forced:
            return True
        if self.file is None:
            return False
        try:
            self.file.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardRules:
    """What it may do. `patterns`: users who are never touched; `grace`: what a subject has left after it was told.

    `most_a_minute` counts what was decided, not what was done.
    """

    mode: Mode
    patterns: tuple[str, ...] = ()
    most_a_minute: int = 10
    grace: timedelta = timedelta(0)
    switch: KillSwitch = KillSwitch()


class Guard:
    """The guard of one account and Region. From one thread at a time."""

    def __init__(
        self,
        *,
        book: GuardBook,
        rules: GuardRules,
        stopper: Stops | None,
        own: Callable[[], Protected],
        tally: Tally,
        clock: AwsClock,
        monotonic: Callable[[], float],
    ) -> None:
        """Nothing is asked before `run_once`. Without a `stopper` nothing is ever stopped, whatever `rules` say.

        `own` tells the exporter's own identities; it is asked once, when it first matters.
        """
        self._book = book
        self._rules = rules
        self._stopper = stopper
        self._own = own
        self._tally = tally
        self._clock = clock
        self._monotonic = monotonic
        self._protected: Protected | None = None
        self._throttled: set[str] = set()
        self._due = float("-inf")
        self._was_killed = False

    def run_once(self) -> bool:
        """Look, decide, act; always False: there is nothing more to do at once.

        Raises:
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: the first that AWS answered, when
                everything that could be done is done and written down.
            LedgerError: from the ledger.
        """
        if self._monotonic() < self._due:
            return False
        is_killed = self._switch()
        excesses = self._look()
        waiting: Mapping[Reason, int] = dict.fromkeys(Reason, 0)
        try:
            if excesses:
                waiting = self._decide(excesses, is_killed=is_killed)
        finally:
            self._tell(waiting, is_killed=is_killed)
        self._act(excesses)
        return False

    def _switch(self) -> bool:
        is_killed = self._rules.switch.is_on()
        if is_killed != self._was_killed:
            self._was_killed = is_killed
            where = f"{self._book.target.account_id}, {self._book.target.region}"
            _log.warning("guard (%s): the kill switch is %s", where, "on: nothing is stopped" if is_killed else "off")
        return is_killed

    def _look(self) -> list[Excess]:
        began = self._monotonic()
        excesses = self._book.excesses(self._clock.now())
        ended = self._monotonic()
        self._due = ended + REST * (ended - began)
        return excesses

    def _tell(self, waiting: Mapping[Reason, int], *, is_killed: bool) -> None:
        is_dry = self._rules.mode is Mode.DRY_RUN
        mode = self._rules.mode if is_dry or is_killed or self._stopper else Mode.OFF
        self._tally.guard(self._book.target, mode, is_killed=is_killed, waiting=waiting)

    # -- deciding -------------------------------------------------------------------------------------------------

    def _decide(self, excesses: Sequence[Excess], *, is_killed: bool) -> Mapping[Reason, int]:
        """Decide, and write down what is meant to be done; answers what is not stopped."""
        mode, now_ms = self._rules.mode, epoch_ms(self._clock.now())
        decided = self._book.decided_since(now_ms - MINUTE_MS, mode)
        around = Circumstances(
            mode=mode,
            now_ms=now_ms,
            room=self._rules.most_a_minute - decided,
            protected=self._who_is_protected(),
            is_killed=is_killed,
            has_role=mode is Mode.DRY_RUN or self._stopper is not None,
            grace_ms=self._rules.grace // timedelta(milliseconds=1),
        )
        verdict = decide(excesses, self._book.earlier({one.running.query_id for one in excesses}), around)
        for intent in self._book.intend(verdict.stops, mode, now_ms) if verdict.stops else ():
            if mode is Mode.DRY_RUN:
                _say(intent, Result.DRY_RUN)
        return verdict.waiting

    def _who_is_protected(self) -> Protected:
        if self._protected is None:
            self._protected = replace(self._own(), patterns=self._rules.patterns)
        return self._protected

    # -- acting ---------------------------------------------------------------------------------------------------

    def _act(self, excesses: Sequence[Excess]) -> None:
        """Finish what is open; what AWS did not answer stays open until it expires."""
        first: Exception | None = None
        since = {one.running.query_id: one.running.submitted_ms for one in excesses}
        for intent in sorted(self._book.open(), key=lambda one: (one.decided_ms, since.get(one.query_id, 0))):
            try:
                self._finish(intent, excesses)
            except _NotDoneError as error:
                first = first or error.trouble
                if error.is_for_all:
                    break
        if first is not None:
            raise first

    def _finish(self, intent: Intent, excesses: Sequence[Excess]) -> None:
        """Look at the query once more, and stop it if all that led to the intent still holds."""
        if self._rules.switch.is_on():
            self._end(intent, Result.KILLED)
            return
        if self._stopper is None or self._rules.mode is not Mode.ENFORCE:
            self._end(intent, Result.EXPIRED)
            return
        seen = self._heard(self._stopper.look(intent.query_id))
        ended = _ended(seen.outcome, intent.tries)
        if ended is not None:
            self._end(intent, ended)
        elif seen.outcome is not Outcome.RUNNING:
            self._not_done(intent, seen, is_open=bool(intent.tries))
        elif self._is_over(intent) or not is_wanted(intent, excesses, self._who_is_protected()):
            self._expire(intent)
        elif self._rules.switch.is_on():  # AWS may have taken half a minute to answer
            self._end(intent, Result.KILLED)
        else:
            self._stop(intent, self._stopper)

    def _stop(self, intent: Intent, stopper: Stops) -> None:
        self._book.tried(intent)
        done = self._heard(stopper.stop(intent.query_id))
        if done.outcome not in {Outcome.ACCEPTED, Outcome.REFUSED}:
            self._not_done(intent, done)
            return
        # AWS takes a stop of a query that has just ended as well, or refuses it: only the query can tell.
        seen = self._heard(stopper.look(intent.query_id))
        ended = _ended(seen.outcome, intent.tries + 1)
        if ended is None and done.outcome is Outcome.REFUSED:
            self._not_done(intent, done)
            return
        self._end(intent, ended or Result.STOPPED)

    def _heard(self, told: Told) -> Told:
        if told.at is not None:
            self._clock.heard(told.at)
        return told

    def _not_done(self, intent: Intent, told: Told, *, is_open: bool = False) -> None:
        """AWS has not done it: for good, or not yet. Raises the error for the seam.

        `is_open`: an earlier try may have been taken, which a look that is denied now may tell later.
        """
        match told.outcome:
            case Outcome.DENIED if not is_open:
                self._end(intent, Result.DENIED)
            case Outcome.REFUSED:
                self._end(intent, Result.FAILED)
            case outcome:
                if outcome is Outcome.THROTTLED:
                    self._throttled.add(intent.action_id)
                else:
                    self._throttled.discard(intent.action_id)
                if self._is_over(intent):
                    self._expire(intent)
        if told.error is not None:
            is_for_all = told.outcome in {Outcome.THROTTLED, Outcome.UNREACHABLE}
            raise _NotDoneError(told.error, is_for_all=is_for_all)

    def _is_over(self, intent: Intent) -> bool:
        return epoch_ms(self._clock.now()) >= intent.expires_ms

    def _expire(self, intent: Intent) -> None:
        self._end(intent, Result.THROTTLED if intent.action_id in self._throttled else Result.EXPIRED)

    def _end(self, intent: Intent, result: Result) -> None:
        self._book.end(intent, result, epoch_ms(self._clock.now()))
        self._throttled.discard(intent.action_id)
        _say(intent, result)


class _NotDoneError(Exception):
    """AWS has not done what it was asked for; `is_for_all`: it would not do the next one either."""

    def __init__(self, trouble: Exception, *, is_for_all: bool) -> None:
        super().__init__(str(trouble))
        self.trouble = trouble
        self.is_for_all = is_for_all


def _ended(outcome: Outcome, tries: int) -> Result | None:
    """How a query that is over has ended for us: cancelled after we had asked for it, that was us."""
    if outcome is Outcome.CANCELLED and tries:
        return Result.STOPPED
    return Result.ALREADY_FINISHED if outcome in {Outcome.CANCELLED, Outcome.ENDED} else None


def _say(intent: Intent, result: Result) -> None:
    """One line an action."""
    _log.warning(
        "guard: %s: query %s of %s in workgroup %s, budget %s, subject %s, %d of %d %s used",
        result.value, intent.query_id, intent.user, intent.workgroup, intent.budget, intent.subject, intent.used,
        intent.limit, "bytes" if intent.unit == "bytes" else "nanodollars",
    )  # fmt: skip  # as the line has them


def give_up(book: GuardBook, at: datetime) -> None:
    """End what an earlier process left open, for the guard does not enforce any more. Raises LedgerError."""
    for intent in book.open():
        book.end(intent, Result.EXPIRED, epoch_ms(at))
        _say(intent, Result.EXPIRED)
