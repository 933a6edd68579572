"""Budgets over the past: who would have been warned, or over the limit, and when. Pure.

Every portion of the past falls on the subjects it would have fallen on, with its own time; whoever was over a limit
goes on here, for nobody was stopped. Identities are taken as known at once, though in truth they come minutes later.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from athena_exporter.budgets.matching import Globs, Matcher, Query
from athena_exporter.budgets.model import Amount, Budget, Per
from athena_exporter.budgets.standing import Level, Limits, Used, level_of
from athena_exporter.budgets.windows import Rolling

_RISING = (Level.WARNED, Level.EXCEEDED)
_QUARTER_MS = 900_000


class Resolution(StrEnum):
    """How finely the ledger still knows a piece of the past."""

    QUERY = "query"
    HOUR = "hour"
    DAY = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """Usage of one moment: a query, or a rollup's cell, which tells neither role nor client nor workload."""

    at_ms: int
    query: Query
    used: Used
    resolution: Resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A subject came to a level of a budget at `at_ms`; `used` and `limit` in the limit's unit.

    `most` is the most that it came to before it was below that level again or its window ended.
    """

    budget: Budget
    subject: str
    level: Level
    at_ms: int
    used: int
    most: int
    limit: int
    resolution: Resolution


@dataclass(slots=True, kw_only=True)
class _Account:
    """A budget's subject on its way through time; `cells` (start, amount) of a rolling window leave it one by one."""

    start_ms: int = 0
    sum: int = 0
    cells: deque[tuple[int, int]] = field(default_factory=deque)
    crossed: list[Crossing] = field(default_factory=list)


class Replay:
    """A set of budgets on its way through the past."""

    def __init__(self, budgets: Sequence[Budget], components: Mapping[str, str]) -> None:
        """`components` leads from a workgroup to its component, by the tags of today."""
        self._components = components
        self._budgets = tuple(budgets)
        self._matcher = Matcher([budget.tally for budget in budgets])
        self._wanted = [Globs(budget.wanted) for budget in budgets]
        self._limits: dict[tuple[int, int], Limits] = {}
        self._accounts: dict[tuple[int, str], _Account] = {}

    def feed(self, portions: Iterable[Portion]) -> Iterator[Crossing]:
        """Every crossing, as soon as it is over, for then `most` is known. Portions come in the order of time."""
        for portion in portions:
            for place, subject in self._matcher.charges(portion.query):
                named = self._named(place, subject)
                if named is not None:
                    account = self._accounts.setdefault((place, named), _Account())
                    yield from self._add(place, named, account, portion)
        for account in self._accounts.values():
            yield from account.crossed

    def _named(self, place: int, subject: str) -> str | None:
        """Whom of the budget it concerns, None if nobody."""
        if not self._wanted[place].fit(subject):
            return None
        return self._components.get(subject) if self._budgets[place].per is Per.COMPONENT else subject

    def _add(self, place: int, subject: str, account: _Account, portion: Portion) -> Iterator[Crossing]:
        budget = self._budgets[place]
        limit = self._limit(place, portion.at_ms, subject)
        start_ms = self._matcher.start_of(place, portion.at_ms)
        _forget(account, budget, start_ms)
        yield from _fallen(account, level_of(budget, account.sum, limit))
        amount = portion.used.of(budget.limit.unit)
        account.sum += amount
        if isinstance(budget.window, Rolling):
            account.cells.append((start_ms, amount))
        account.crossed = [replace(one, most=max(one.most, account.sum)) for one in account.crossed]
        if limit is not None:
            now = level_of(budget, account.sum, limit)
            reached = {one.level for one in account.crossed}
            for level in _RISING[: _RISING.index(now) + 1] if now in _RISING else ():
                if level not in reached:
                    account.crossed.append(
                        Crossing(
                            budget=budget, subject=subject, level=level, at_ms=portion.at_ms, used=account.sum,
                            most=account.sum, limit=limit.value, resolution=portion.resolution,
                        )
                    )  # fmt: skip  # eight fields read best as a block

    def _limit(self, place: int, at_ms: int, subject: str) -> Amount | None:
        """The subject's limit at that time. No zone's day ends within a quarter of an hour."""
        budget = self._budgets[place]
        key = place, at_ms // _QUARTER_MS if budget.exceptions else 0
        limits = self._limits.get(key)
        if limits is None:
            limits = self._limits[key] = Limits(budget, at_ms)
        return limits.of(subject)


def _forget(account: _Account, budget: Budget, start_ms: int) -> None:
    """Take away what has left the window whose newest cell begins at `start_ms`."""
    if not isinstance(budget.window, Rolling):
        if account.start_ms != start_ms:
            account.start_ms, account.sum = start_ms, 0
        return
    first_ms = start_ms + budget.window.cell_ms - budget.window.length_ms
    while account.cells and account.cells[0][0] < first_ms:
        account.sum -= account.cells.popleft()[1]


def _fallen(account: _Account, level: Level) -> Iterator[Crossing]:
    """The crossings of levels that the account is below again."""
    still = _RISING[: _RISING.index(level) + 1] if level in _RISING else ()
    yield from (one for one in account.crossed if one.level not in still)
    account.crossed = [one for one in account.crossed if one.level in still]
