"""Who is where: usage against limits at one moment, and where it leads by the end of the window."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from heapq import nsmallest
from typing import NamedTuple, TypeAlias

from athena_exporter.budgets.matching import Globs
from athena_exporter.budgets.model import Amount, Budget, Per, Unit
from athena_exporter.budgets.windows import Calendar, Span, span_at

HALFWAY = 0.5
"""The share of a limit from which a subject is worth a look."""
FORECAST_FROM = Fraction(1, 20)
"""How much of a window has to be over before its end is foretold: the first minutes foretell anything."""

_Found: TypeAlias = tuple[float, int, str, Amount | None]
"""The used share of the limit, what is used, whose it is, the limit."""


class Used(NamedTuple):
    """What a subject's queries came to; nanodollars of list price."""

    scanned_bytes: int
    cost_nanousd: int

    def of(self, unit: Unit) -> int:
        """The number that a limit in this unit is compared with."""
        return self.scanned_bytes if unit is Unit.BYTES else self.cost_nanousd


class Level(StrEnum):
    """How near to its limit a subject is."""

    OK = "ok"
    WARNED = "warned"
    EXCEEDED = "exceeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One subject of a budget. `used` and `limit` are in the limit's unit: bytes, or nanodollars.

    `limit` is None where an exception lifts it. `forecast` is what will have been used at the end of the window if it
    goes on as it went so far; None of a rolling window, which has no end, and at a window's beginning.
    """

    subject: str
    unit: Unit
    used: int
    limit: int | None
    level: Level
    forecast: int | None

    @property
    def ratio(self) -> float:
        """The share of the limit that is used; 0 without a limit."""
        return self.used / self.limit if self.limit else 0.0

    @property
    def forecast_ratio(self) -> float | None:
        """The share of the limit that will have been used, None where nothing is foretold."""
        return None if self.forecast is None or not self.limit else self.forecast / self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetState:
    """A budget at one moment: its subjects, the nearest to its limit first, how many have come to each level.

    `halfway` counts those that have used half of their limit or more. `since_ms` is the time from which on every
    query of the window is counted: the window's start, unless the ledger could not know all of it.
    """

    budget: Budget
    span: Span
    since_ms: int
    standings: tuple[Standing, ...]
    levels: Mapping[Level, int]
    halfway: int
    expired: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the window is missing."""
        return self.since_ms <= self.span.start_ms


class Limits:
    """The limits of a budget's subjects at one moment; asked once a subject."""

    def __init__(self, budget: Budget, now_ms: int) -> None:
        self._budget = budget
        self._living = [
            (Globs(one.subject), one.limit) for one in budget.exceptions if not budget.is_expired(one, now_ms)
        ]

    def of(self, subject: str) -> Amount | None:
        """The first exception that fits, else the budget's own limit."""
        if not self._living:
            return self._budget.limit
        return next((limit for globs, limit in self._living if globs.fit(subject)), self._budget.limit)


def assess(
    budget: Budget,
    usage: Mapping[str, int],
    components: Mapping[str, str],
    *,
    since_ms: int,
    now_ms: int,
    nearest: int | None = None,
) -> BudgetState:
    """The budget's state at `now_ms`.

    `usage` is by the subjects of its tally, in the unit of the limit, in the window's present cells; `components`
    leads from a workgroup to its component. `since_ms`: the tally holds every query that ended at or after it.
    `nearest`: so many standings are made, those nearest to their limits; all of them if None.
    """
    span = span_at(budget.window, now_ms)
    since = max(span.start_ms, since_ms)
    seen = _share_seen(budget, span, since, now_ms)
    limits = Limits(budget, now_ms)
    # Plain tuples: of ten thousand subjects a few hundred are looked at closely.
    found = [
        (used / limit.value if limit else 0.0, used, subject, limit)
        for subject, used in _subjects(budget, usage, components).items()
        for limit in (limits.of(subject),)
    ]
    chosen = sorted(found, key=_order) if nearest is None else nsmallest(nearest, found, key=_order)
    levels = Counter(level_of(budget, used, limit) for _, used, _, limit in found)
    return BudgetState(
        budget=budget,
        span=span,
        since_ms=since,
        standings=tuple(_standing(budget, subject, used, limit, seen) for _, used, subject, limit in chosen),
        levels={level: levels[level] for level in Level},
        halfway=sum(ratio >= HALFWAY for ratio, *_ in found),
        expired=sum(budget.is_expired(one, now_ms) for one in budget.exceptions),
    )


def _order(one: _Found) -> tuple[float, int, str]:
    return -one[0], -one[1], one[2]


def _subjects(budget: Budget, usage: Mapping[str, int], components: Mapping[str, str]) -> Mapping[str, int]:
    if budget.wanted:
        globs = Globs(budget.wanted)
        usage = {subject: used for subject, used in usage.items() if globs.fit(subject)}
    if budget.per is not Per.COMPONENT:
        return usage
    found: Counter[str] = Counter()
    for workgroup, used in usage.items():
        if workgroup in components:
            found[components[workgroup]] += used
    return found


def _standing(budget: Budget, subject: str, used: int, limit: Amount | None, seen: Fraction | None) -> Standing:
    return Standing(
        subject=subject,
        unit=budget.limit.unit,
        used=used,
        limit=None if limit is None else limit.value,
        level=level_of(budget, used, limit),
        forecast=None if seen is None else used * seen.denominator // seen.numerator,
    )


def level_of(budget: Budget, used: int, limit: Amount | None) -> Level:
    """The level of this usage under that limit."""
    if limit is None or used * budget.warn.denominator < limit.value * budget.warn.numerator:
        return Level.OK
    return Level.WARNED if used < limit.value else Level.EXCEEDED


def _share_seen(budget: Budget, span: Span, since_ms: int, now_ms: int) -> Fraction | None:
    """Which share of the window the counted time is, None if nothing can be foretold from it."""
    if not isinstance(budget.window, Calendar):
        return None
    seen = Fraction(now_ms - since_ms, span.end_ms - since_ms) if span.end_ms > since_ms else Fraction(0)
    return seen if seen >= FORECAST_FROM else None
