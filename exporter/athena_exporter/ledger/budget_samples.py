"""Budgets as samples: what of who-is-where is exposed, and how often it is looked at."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from athena_exporter import catalog
from athena_exporter.budgets import Budget, BudgetState, Calendar, Nearest, Standing, Unit
from athena_exporter.ledger import budgeting
from athena_exporter.ledger.budgeting import TargetBudgets
from athena_exporter.records import Sample, Target

SHOWN = Nearest(least=10, most=500)
"""Of each budget: ten subjects however far they are from their limits, at most five hundred however many are near."""
_AMOUNTS = {
    Unit.BYTES: (catalog.BUDGET_USED_BYTES, catalog.BUDGET_LIMIT_BYTES),
    Unit.USD: (catalog.BUDGET_USED_USD, catalog.BUDGET_LIMIT_USD),
}


class BudgetSamples:
    """The samples of a set of budgets. With few subjects every look is new; with very many it may be seconds old."""

    def __init__(self, budgets: Sequence[Budget], monotonic: Callable[[], float]) -> None:
        """`monotonic` in seconds. Not for several threads at once."""
        self._budgets = budgets
        self._monotonic = monotonic
        self._due = float("-inf")
        self._found: list[Sample] = []

    def at(self, connection: sqlite3.Connection, now: datetime) -> list[Sample]:
        """The samples at `now`, read in the caller's transaction."""
        began = self._monotonic()
        if self._budgets and began >= self._due:
            found = budgeting.states(connection, self._budgets, now, nearest=SHOWN)
            self._found = [sample for one in found for sample in samples(one)]
            ended = self._monotonic()
            self._due = ended + budgeting.REST * (ended - began)
        return self._found


def samples(found: TargetBudgets) -> Iterator[Sample]:
    """What one target's budgets show, their standings chosen as `SHOWN` says."""
    for state in found.states:
        yield from _of_budget(found.target, state)
        hidden = max(0, state.near - len(state.standings))
        yield _sample(catalog.BUDGET_HIDDEN_SUBJECTS, found.target, (state.budget.name,), hidden)
        for standing in state.standings:
            yield from _of_subject(found.target, state.budget.name, standing)


def _of_budget(target: Target, state: BudgetState) -> Iterator[Sample]:
    budget, name = state.budget, (state.budget.name,)
    yield _sample(catalog.BUDGET_WARN_RATIO, target, name, float(budget.warn))
    yield _sample(catalog.BUDGET_EXPIRED_EXCEPTIONS, target, name, state.expired)
    yield _sample(catalog.BUDGET_WINDOW_START, target, name, state.span.start_ms)
    if isinstance(budget.window, Calendar):
        yield _sample(catalog.BUDGET_WINDOW_END, target, name, state.span.end_ms)
    yield _sample(catalog.BUDGET_COUNTING_SINCE, target, name, state.since_ms)
    for level, subjects in state.levels.items():
        yield _sample(catalog.BUDGET_SUBJECTS, target, (*name, level.value), subjects)


def _of_subject(target: Target, budget: str, one: Standing) -> Iterator[Sample]:
    labels = (budget, one.subject)
    used, limit = _AMOUNTS[one.unit]
    yield _sample(used, target, labels, one.used)
    yield _sample(limit, target, labels, one.limit or 0)
    yield _sample(catalog.BUDGET_USED_RATIO, target, labels, one.ratio)
    if one.forecast_ratio is not None:
        yield _sample(catalog.BUDGET_FORECAST_RATIO, target, labels, one.forecast_ratio)


def _sample(metric: catalog.Metric, target: Target, labels: tuple[str, ...], value: float) -> Sample:
    return Sample(metric=metric.name, target=target, labels=labels, value=value)
