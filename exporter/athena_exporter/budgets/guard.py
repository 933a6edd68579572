"""Whose running queries are to be stopped, and what holds the guard back. Pure.

Stage: the ledger (running queries, who is over a limit) -> **guard** -> intents -> Athena. What a query that is
running has scanned nobody knows: those that run longest are taken to have scanned most, and go first.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from athena_exporter.budgets.matching import Globs, Matcher, Query
from athena_exporter.budgets.model import Budget, Enforce, Patterns, Per, Unit
from athena_exporter.records import PENDING, UNATTRIBUTED, UNKNOWN, Identity, Target

EXPIRY_MS = 300_000
"""How long an intent may be acted upon, by AWS's clock; so long after it, a query that still runs is tried again."""
MINUTE_MS = 60_000
_NOBODY = frozenset({PENDING, UNATTRIBUTED, UNKNOWN})


class Mode(StrEnum):
    """What the guard does."""

    OFF = "off"
    DRY_RUN = "dry_run"
    ENFORCE = "enforce"


class Action(StrEnum):
    """What the guard can do to a query."""

    STOP = "stop"


class Result(StrEnum):
    """How an intent ended."""

    STOPPED = "stopped"
    ALREADY_FINISHED = "already_finished"
    """The query had ended by itself, or by somebody else."""
    DENIED = "denied"
    THROTTLED = "throttled"
    """AWS refused for its rate until the intent expired."""
    FAILED = "failed"
    """AWS refused for another reason."""
    EXPIRED = "expired"
    """Its five minutes, or the reason for it, were over before AWS had taken it."""
    DRY_RUN = "dry_run"
    KILLED = "killed"
    """The kill switch was on."""


class Reason(StrEnum):
    """Why a running query of a subject over its limit is not stopped."""

    IDENTITY_UNSURE = "identity_unsure"
    """Nobody has told yet who started it."""
    PROTECTED = "protected"
    KILL_SWITCH = "kill_switch"
    NO_ROLE = "no_role"
    """`guard.role_arn` belongs to another account."""
    GRACE = "grace"
    """The subject came to its limit a moment ago, and has `guard.grace` to end its queries itself."""
    DRY_RUN = "dry_run"
    RATE_LIMITED = "rate_limited"
    FAILED = "failed"
    """It was tried in vain, and is tried again five minutes later."""


_DONE = frozenset({Result.STOPPED, Result.ALREADY_FINISHED})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningQuery:
    """A query that was queued or running when it was last read; `submitted_ms` of AWS's clock."""

    query_id: str
    submitted_ms: int
    query: Query

    @property
    def is_sure(self) -> bool:
        """Whether a completed record of CloudTrail has told who started it."""
        return self.query.user is not None and self.query.user not in _NOBODY


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """A running query of a subject that has reached the limit of an enforcing budget.

    `used` and `limit` in the limit's unit: bytes, or nanodollars. `start_ms`: where the budget's window began.
    `told_ms`: when it was decided, and so told, that the subject is over its limit; None before that.
    """

    running: RunningQuery
    budget: str
    subject: str
    unit: Unit
    used: int
    limit: int
    start_ms: int
    told_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What the guard means to do, or has done, to one query. Times are milliseconds of AWS's clock.

    `tries` counts how often AWS was asked. `result` is None while it is not known.
    """

    action_id: str
    query_id: str
    workgroup: str
    user: str
    budget: str
    subject: str
    unit: Unit
    used: int
    limit: int
    mode: Mode
    decided_ms: int
    expires_ms: int
    tries: int = 0
    result: Result | None = None
    ended_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Protected:
    """Whose queries are never stopped: users by pattern, and the exporter's own identities."""

    patterns: Patterns = ()
    own: tuple[Identity, ...] = ()

    def covers(self, query: Query) -> bool:
        """Whether the query is one of theirs; a role of the exporter protects all who use it."""
        if self.patterns and Globs(self.patterns).fit(query.user):
            return True
        return any(query.user == one.user or (one.role is not None and query.role == one.role) for one in self.own)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What holds at the moment of a decision. `room`: so many may be stopped now; `now_ms` of AWS's clock.

    `grace_ms`: for so long after a subject was told of its limit, its queries are left alone.
    """

    mode: Mode
    now_ms: int
    room: int
    protected: Protected = field(default_factory=Protected)
    is_killed: bool = False
    has_role: bool = True
    grace_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is to be stopped, and how many queries are not, by reason."""

    stops: tuple[Excess, ...]
    waiting: Mapping[Reason, int]


class Enforced:
    """The budgets that the guard acts for, and whose queries count for whom. Not for several threads at once."""

    def __init__(self, budgets: Sequence[Budget]) -> None:
        """Of `budgets`, those that enforce something."""
        self.budgets = tuple(one for one in budgets if one.enforce is Enforce.STOP_QUERIES)
        self._matcher = Matcher([one.tally for one in self.budgets])
        self._wanted = [Globs(one.wanted) for one in self.budgets]

    def subjects(self, query: Query, components: Mapping[str, str]) -> Iterator[tuple[Budget, str]]:
        """Every budget that the query counts in, with its subject; `components` as `assess` takes them."""
        for place, subject in self._matcher.charges(query):
            if self._wanted[place].fit(subject):
                budget = self.budgets[place]
                named = components.get(subject) if budget.per is Per.COMPONENT else subject
                if named is not None:
                    yield budget, named


def decide(excesses: Sequence[Excess], earlier: Mapping[str, Intent], around: Circumstances) -> Verdict:
    """Which queries are to be stopped now.

    A query is stopped once, for the first budget in `excesses` that it exceeds. `earlier` leads from a query's id to
    the last intent about it.
    """
    chosen: dict[str, Excess] = {}
    for one in excesses:
        chosen.setdefault(one.running.query_id, one)
    stops: list[Excess] = []
    waiting: Counter[Reason] = Counter()
    for one in sorted(chosen.values(), key=_longest_running_first):
        before = earlier.get(one.running.query_id)
        if before is not None and _is_settled(before):
            continue
        reason = _held_back(one, before, around) or (Reason.RATE_LIMITED if len(stops) >= around.room else None)
        if reason is None:
            stops.append(one)
        if reason is not None or around.mode is Mode.DRY_RUN:
            waiting[reason or Reason.DRY_RUN] += 1
    return Verdict(stops=tuple(stops), waiting={reason: waiting[reason] for reason in Reason})


def is_wanted(intent: Intent, excesses: Sequence[Excess], protected: Protected) -> bool:
    """Whether what led to the intent still holds."""
    return any(
        (one.running.query_id, one.budget, one.subject) == (intent.query_id, intent.budget, intent.subject)
        and one.running.is_sure
        and not protected.covers(one.running.query)
        for one in excesses
    )


def action_id(target: Target, one: Excess) -> str:
    """The same for the same query, budget and window, whenever it is decided."""
    parts = (target.account_id, target.region, one.running.query_id, one.budget, str(one.start_ms))
    return hashlib.sha1("\n".join(parts).encode(), usedforsecurity=False).hexdigest()


def _longest_running_first(one: Excess) -> tuple[int, str]:
    return one.running.submitted_ms, one.running.query_id


def _is_settled(before: Intent) -> bool:
    """Whether the query is dealt with, or just being: then it neither waits nor is stopped again."""
    return before.result is None or before.result in _DONE


def _held_back(one: Excess, before: Intent | None, around: Circumstances) -> Reason | None:
    """The strongest reason first; none of them needs the others."""
    held = (
        (Reason.IDENTITY_UNSURE, not one.running.is_sure),
        (Reason.PROTECTED, around.protected.covers(one.running.query)),
        (Reason.KILL_SWITCH, around.is_killed),
        (Reason.NO_ROLE, not around.has_role),
        (Reason.GRACE, _is_early(one, around)),
        (Reason.DRY_RUN, before is not None and before.mode is around.mode and before.result is Result.DRY_RUN),
        (Reason.FAILED, before is not None and before.mode is around.mode and around.now_ms < _again_ms(before)),
    )
    return next((reason for reason, holds in held if holds), None)


def _is_early(one: Excess, around: Circumstances) -> bool:
    return around.grace_ms > 0 and (one.told_ms is None or around.now_ms < one.told_ms + around.grace_ms)


def _again_ms(before: Intent) -> int:
    """When a query may be tried again: at once after the kill switch, with a pause after any other failure."""
    return 0 if before.result is Result.KILLED else before.expires_ms
