"""Who has come to a level of a budget: those alone, so that a look stays cheap however many subjects there are.

Stage: the sums of budgets -> **over** -> deciding. SQLite leaves out whoever is below the lowest level that any budget
of a sum has; `budgets.assess` then judges the rest as it judges all.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from athena_exporter.budgets import (
    Amount,
    Budget,
    Calendar,
    Level,
    Per,
    Rolling,
    Span,
    Standing,
    Tally,
    Unit,
    assess,
    cells_of,
    span_at,
)
from athena_exporter.budgets.episodes import began_ms
from athena_exporter.budgets.standing import least_of
from athena_exporter.ledger import budget_log, budgeting
from athena_exporter.ledger.budget_log import Sums

_COLUMNS = {Unit.BYTES: "scanned_bytes", Unit.USD: "cost_nanousd"}
_PLACES = {Unit.BYTES: 0, Unit.USD: 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A subject that is warned or over its limit. `span`: the window; `since_ms`: all that ended since is counted."""

    budget: Budget
    standing: Standing
    span: Span
    since_ms: int


class _Sum(NamedTuple):
    """What is added up, and at which moment it is looked at."""

    tally: Tally
    unit: Unit
    at_ms: int


class Overview:
    """One target's sums, read in the caller's transaction."""

    def __init__(
        self, connection: sqlite3.Connection, target_id: int, budgets: Sequence[Budget], now_ms: int, grace_ms: int
    ) -> None:
        """`grace_ms`: for so long after its end a calendar window is looked at, too."""
        self._connection = connection
        self._now_ms = now_ms
        self._grace_ms = grace_ms
        self._tallies: Mapping[str, tuple[int, int]] = {
            definition: (number, since_ms)
            for number, definition, since_ms in connection.execute(
                "SELECT id, definition, since_ms FROM budget_tallies WHERE target_id = ?", (target_id,)
            )
        }
        self._budgets = [one for one in budgets if one.tally.definition in self._tallies]
        self._noted = budget_log.read(connection, target_id)
        self.components = budgeting.components(connection, target_id)

    def reached(self) -> Iterator[Reached]:
        """Everybody who is at a level now, or was at the end of a window that is just over."""
        used: dict[_Sum, dict[str, int]] = {}
        asked = [(budget, _sum(budget, at_ms)) for budget in self._budgets for at_ms in self._moments(budget)]
        for one, least in _lowest(asked).items():
            used[one] = self._at_least(one, least)
        for budget, one in asked:
            since_ms = self._tallies[budget.tally.definition][1]
            state = assess(budget, used[one], self.components, since_ms=since_ms, now_ms=one.at_ms)
            for standing in state.standings:
                if standing.level is not Level.OK:
                    yield Reached(budget=budget, standing=standing, span=state.span, since_ms=state.since_ms)

    def began_ms(self, found: Reached) -> int:
        """Where the window begins, of a rolling one the episode: since when its subject is at this level."""
        window, level = found.budget.window, found.standing.level
        if not isinstance(window, Rolling):
            return found.span.start_ms
        limit = Amount(unit=found.standing.unit, value=found.standing.limit or 0)
        cells = self._cells(found, window)
        return began_ms(window, cells, self._now_ms, least_of(found.budget, level, limit))

    def _moments(self, budget: Budget) -> Iterator[int]:
        """Now, and the last millisecond of the window before: who ran its last queries is known minutes later."""
        yield self._now_ms
        start_ms = span_at(budget.window, self._now_ms).start_ms
        if isinstance(budget.window, Calendar) and self._now_ms - start_ms < self._grace_ms:
            yield start_ms - 1

    def _at_least(self, one: _Sum, least: int) -> dict[str, int]:
        """Subject -> sum of those that have come to `least`, with what was noted since the sums were added up."""
        number, kept = self._tallies[one.tally.definition][0], cells_of(one.tally.window, one.at_ms)
        noted = _noted(self._noted.get(number, {}), _PLACES[one.unit], kept.first_ms, kept.last_ms)
        statement = _of_one_cell(one.unit) if kept.first_ms == kept.last_ms else _of_cells(one.unit)
        # Whoever lacks more than the most that was noted for anybody lacks too much.
        enough = least - max(noted.values(), default=0)
        found = dict(self._connection.execute(statement, (number, *kept, enough)).fetchall())
        for subject, used in noted.items():
            found[subject] = found.get(subject, 0) + used
        return {subject: used for subject, used in found.items() if used >= least}

    def _cells(self, found: Reached, window: Rolling) -> dict[int, int]:
        """The subject's cells in the window and in the one before it."""
        budget, unit = found.budget, found.standing.unit
        number, subjects = self._tallies[budget.tally.definition][0], self.members(found)
        last_ms = cells_of(window, self._now_ms).last_ms
        first_ms = last_ms - 2 * window.length_ms
        # SQLite takes cross joins in their order, and so finds each cell by the key; else it would read all subjects.
        statement = f"""
            SELECT c.value, sum({_COLUMNS[unit]})
            FROM json_each(?) s CROSS JOIN json_each(?) c CROSS JOIN budget_usage u
            WHERE u.tally_id = ? AND u.start_ms = c.value AND u.subject = s.value GROUP BY c.value
            """  # noqa: S608 - as above
        starts = json.dumps(list(range(first_ms, last_ms + 1, window.cell_ms)))
        cells = dict(self._connection.execute(statement, (json.dumps(subjects), starts, number)).fetchall())
        for start_ms, told in self._noted.get(number, {}).items():
            if first_ms <= start_ms <= last_ms:
                noted = sum(told[subject][_PLACES[unit]] for subject in subjects if subject in told)
                cells[start_ms] = cells.get(start_ms, 0) + noted
        return cells

    def members(self, found: Reached) -> list[str]:
        """The tally's subjects that make up the budget's: a component's workgroups."""
        if found.budget.per is not Per.COMPONENT:
            return [found.standing.subject]
        return [name for name, component in self.components.items() if component == found.standing.subject]


def _sum(budget: Budget, at_ms: int) -> _Sum:
    return _Sum(budget.tally, budget.limit.unit, at_ms)


def _lowest(asked: Sequence[tuple[Budget, _Sum]]) -> dict[_Sum, int]:
    """The least usage that is at a level of any budget of the sum."""
    found: dict[_Sum, int] = {}
    for budget, one in asked:
        found[one] = min(found.get(one, _least(budget)), _least(budget))
    return found


def _least(budget: Budget) -> int:
    """Of a component nothing can be left out: many small workgroups may be one large one."""
    if budget.per is Per.COMPONENT:
        return 0
    limits = [budget.limit, *(one.limit for one in budget.exceptions if one.limit is not None)]
    return min(least_of(budget, Level.WARNED, limit) for limit in limits)


def _noted(cells: Mapping[int, Sums], place: int, first_ms: int, last_ms: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for start_ms, told in cells.items():
        if first_ms <= start_ms <= last_ms:
            for subject, sums in told.items():
                found[subject] = found.get(subject, 0) + sums[place]
    return found


def _of_one_cell(unit: Unit) -> str:
    """The subjects of a calendar window that have come to so much."""
    column = _COLUMNS[unit]
    return f"""
        SELECT subject, {column} FROM budget_usage
        WHERE tally_id = ? AND start_ms BETWEEN ? AND ? AND {column} >= ?
        """  # noqa: S608 - one of two columns


def _of_cells(unit: Unit) -> str:
    """The same of a rolling one."""
    return f"""
        SELECT subject, sum({_COLUMNS[unit]}) AS used FROM budget_usage
        WHERE tally_id = ? AND start_ms BETWEEN ? AND ? GROUP BY subject HAVING used >= ?
        """  # noqa: S608 - as above
