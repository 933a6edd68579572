"""Who is where: usage against limits at one moment, and where it leads by the end of the window."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from heapq import nlargest
from typing import NamedTuple, TypeAlias

from athena_exporter.budgets.matching import Globs
from athena_exporter.budgets.model import Amount, Budget, Per, Unit
from athena_exporter.budgets.windows import Calendar, Span, span_at

FORECAST_FROM = Fraction(1, 20)
"""How much of a window has to be over before its end is foretold: the first minutes foretell anything."""

_Found: TypeAlias = tuple[float, int, str, Amount | None]
"""The used share of the limit, what is used, whose it is, the limit."""
_Usage: TypeAlias = Collection[tuple[str, int]]
"""Subjects and what they have used."""


class Nearest(NamedTuple):
    """How many subjects are looked at closely: all that are near, up to `most`, and at least so many if fewer are."""

    least: int
    most: int


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

    `near` counts those that are warned, over the limit, or have used half of it. `since_ms` is the time from which on
    every query of the window is counted: the window's start, unless the ledger could not know all of it.
    """

    budget: Budget
    span: Span
    since_ms: int
    standings: tuple[Standing, ...]
    levels: Mapping[Level, int]
    near: int
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

    @property
    def is_one(self) -> bool:
        """Whether all subjects have the same limit."""
        return not self._living

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
    nearest: Nearest | None = None,
) -> BudgetState:
    """The budget's state at `now_ms`.

    `usage` is by the subjects of its tally, in the unit of the limit, in the window's present cells; `components`
    leads from a workgroup to its component. `since_ms`: the tally holds every query that ended at or after it.
    `nearest`: so many standings are made, those nearest to their limits, and nobody's who has none; all if None.
    """
    span = span_at(budget.window, now_ms)
    since = max(span.start_ms, since_ms)
    seen = _share_seen(budget, span, since, now_ms)
    groups = _by_limit(budget, _subjects(budget, usage, components), now_ms)
    near = [(limit, _at_least(used, _near(budget, limit))) for limit, used in groups if limit is not None]
    levels = Counter(level_of(budget, used, limit) for limit, found in near for _, used in found)
    levels[Level.OK] += sum(len(used) for _, used in groups) - levels.total()
    chosen = _ordered(groups) if nearest is None else _nearest(groups, near, nearest)
    return BudgetState(
        budget=budget,
        span=span,
        since_ms=since,
        standings=tuple(_standing(budget, subject, used, limit, seen) for _, used, subject, limit in chosen),
        levels={level: levels[level] for level in Level},
        near=sum(len(found) for _, found in near),
        expired=sum(budget.is_expired(one, now_ms) for one in budget.exceptions),
    )


def _by_limit(budget: Budget, usage: Mapping[str, int], now_ms: int) -> list[tuple[Amount | None, _Usage]]:
    """Subjects of one limit together: what is asked of all of them is asked without looking at each."""
    limits = Limits(budget, now_ms)
    if limits.is_one:
        return [(budget.limit, usage.items())]
    found: dict[Amount | None, list[tuple[str, int]]] = {}
    for one in usage.items():
        found.setdefault(limits.of(one[0]), []).append(one)
    return list(found.items())


def _near(budget: Budget, limit: Amount) -> int:
    """The least usage that is half of the limit, or at a level."""
    return min(-(-limit.value // 2), least_of(budget, Level.WARNED, limit))


def _nearest(
    groups: Sequence[tuple[Amount | None, _Usage]], near: Sequence[tuple[Amount, _Usage]], nearest: Nearest
) -> list[_Found]:
    """Those who are near; where they are too few, of everybody with a limit the nearest."""
    if sum(len(found) for _, found in near) >= nearest.least:
        return _ordered(near)[: nearest.most]
    return _ordered((limit, _most(used, nearest.least)) for limit, used in groups if limit)[: nearest.least]


def _at_least(usage: _Usage, least: int) -> _Usage:
    return [one for one in usage if one[1] >= least]


def _most(usage: _Usage, count: int) -> _Usage:
    """Those who have used most, and all who have used as much as the last of them."""
    most = nlargest(count, [used for _, used in usage])
    return _at_least(usage, most[-1]) if most else []


def _ordered(groups: Iterable[tuple[Amount | None, _Usage]]) -> list[_Found]:
    """The nearest to the limit first."""
    found = [
        (used / limit.value if limit else 0.0, used, subject, limit)
        for limit, usage in groups
        for subject, used in usage
    ]
    return sorted(found, key=_order)


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


def least_of(budget: Budget, level: Level, limit: Amount) -> int:
    """The least usage that is at this level, warned or exceeded, under that limit; in the limit's unit."""
    if level is Level.EXCEEDED:
        return limit.value
    return -(-limit.value * budget.warn.numerator // budget.warn.denominator)


def _share_seen(budget: Budget, span: Span, since_ms: int, now_ms: int) -> Fraction | None:
    """Which share of the window the counted time is, None if nothing can be foretold from it."""
    if not isinstance(budget.window, Calendar):
        return None
    seen = Fraction(now_ms - since_ms, span.end_ms - since_ms) if span.end_ms > since_ms else Fraction(0)
    return seen if seen >= FORECAST_FROM else None
