"""Budgets in the ledger's file: their tallies, added to in the transaction that counts a query, and who is where.

Stage: fold -> **ledger** -> report, metrics. Which tallies there are is decided once, when the ledger is opened.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from athena_exporter.budgets import (
    COMPONENT_TAG,
    Budget,
    BudgetState,
    Kept,
    Matcher,
    Nearest,
    Per,
    Rolling,
    Tally,
    Unit,
    Window,
    assess,
    cells_of,
    kept_from,
)
from athena_exporter.ledger import budget_log, files, refilling
from athena_exporter.ledger.budget_log import Noted, Sums
from athena_exporter.ledger.errors import explained
from athena_exporter.ledger.model import BudgetUsage
from athena_exporter.records import Target, Workgroups, epoch_ms

_COLUMNS = {Unit.BYTES: "scanned_bytes", Unit.USD: "cost_nanousd"}
_PLACES = {Unit.BYTES: 0, Unit.USD: 1}
REST = 200
"""After each look at who is where so many times its duration passes before the next of its kind: 0.5 % of a core."""
_NOTED = 100_000
"""How many sums are noted before they are added to those of the cells: a tenth of a second's reading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetBudgets:
    """Every budget of one target; `uncounted` are those that the exporter has not begun to count."""

    target: Target
    states: tuple[BudgetState, ...]
    uncounted: tuple[str, ...]


class Budgeting:
    """What the writer of a ledger does for a set of budgets."""

    def __init__(self, budgets: Sequence[Budget]) -> None:
        self.budgets = tuple(budgets)
        # By definition: patterns in another order are the same sums.
        tallies = {tally.definition: tally for tally in dict.fromkeys(budget.tally for budget in budgets)}
        self.matcher = Matcher(tuple(tallies.values()))
        self._definitions = list(tallies)
        self._noted: dict[int, int] = {}

    def begin(self, connection: sqlite3.Connection, target_id: int, since_ms: int) -> None:
        """Begin to count for a target that has counted nothing yet: queries count that end at or after `since_ms`."""
        connection.executemany(
            "INSERT INTO budget_tallies (target_id, definition, since_ms) VALUES (?, ?, ?)",
            [(target_id, definition, since_ms) for definition in self._definitions],
        )

    def register(self, connection: sqlite3.Connection) -> None:
        """Make exactly these tallies the counted ones, in the open transaction.

        A new one is filled from what the ledger still holds; one that no budget asks for any more is forgotten.
        """
        for (target_id,) in connection.execute("SELECT id FROM targets").fetchall():
            budget_log.merge(connection, target_id)
            known = _ids(connection, target_id)
            gone = [(number,) for definition, number in known.items() if definition not in self._definitions]
            connection.executemany("DELETE FROM budget_tallies WHERE id = ?", gone)
            new = [tally for tally in self.matcher.tallies if tally.definition not in known]
            if new:
                self._fill(connection, target_id, new)

    def _fill(self, connection: sqlite3.Connection, target_id: int, tallies: Sequence[Tally]) -> None:
        filled = refilling.refill(connection, target_id, Matcher(tallies))
        connection.executemany(
            "INSERT INTO budget_tallies (target_id, definition, since_ms) VALUES (?, ?, ?)",
            [(target_id, tally.definition, since) for tally, since in zip(tallies, filled.since_ms, strict=True)],
        )
        if filled.usage:
            ids = _ids(connection, target_id)
            budget_log.append(connection, target_id, [ids[tally.definition] for tally in tallies], filled.usage)
            budget_log.merge(connection, target_id)

    def save(self, connection: sqlite3.Connection, target_id: int, usage: BudgetUsage) -> None:
        """Add a batch's usage in the open transaction."""
        if not usage:
            return
        ids = _ids(connection, target_id)
        numbers = [ids[definition] for definition in self._definitions]
        noted = self._noted.get(target_id, 0) + budget_log.append(connection, target_id, numbers, usage)
        if noted >= _NOTED:
            budget_log.merge(connection, target_id)
            noted = 0
        self._noted[target_id] = noted

    def prune(self, connection: sqlite3.Connection, target_id: int) -> None:
        """Forget the cells that are in no window any more, nor in the one before it."""
        budget_log.merge(connection, target_id)
        self._noted[target_id] = 0
        now_ms = refilling.newest_ms(connection, target_id)
        if now_ms is None:
            return
        ids = _ids(connection, target_id)
        for tally, definition in zip(self.matcher.tallies, self._definitions, strict=True):
            connection.execute(
                "DELETE FROM budget_usage WHERE tally_id = ? AND start_ms < ?",
                (ids[definition], kept_from(tally.window, now_ms)),
            )


def states(
    connection: sqlite3.Connection, budgets: Sequence[Budget], now: datetime, *, nearest: Nearest | None = None
) -> list[TargetBudgets]:
    """Every target's budgets at `now`, read in the caller's transaction; `nearest` as `assess` takes it."""
    targets = connection.execute("SELECT id, account_id, region FROM targets ORDER BY 2, 3").fetchall()
    return [
        _of_target(connection, target_id, Target(account_id=account_id, region=region), budgets, epoch_ms(now), nearest)
        for target_id, account_id, region in targets
    ]


def states_of(
    connection: sqlite3.Connection,
    target_id: int,
    budgets: Sequence[Budget],
    subjects: Mapping[str, Collection[str]],
    now: datetime,
) -> Iterator[BudgetState]:
    """Of one target's budgets, those subjects alone that stand under the budget's name, in the caller's transaction.

    It costs what these subjects cost, however many there are beside them. A budget that the exporter has not begun to
    count is left out.
    """
    wanted = [budget for budget in budgets if subjects.get(budget.name)]
    tallies = _tallies(connection, target_id) if wanted else {}
    noted = budget_log.read(connection, target_id) if wanted else {}
    whose = components(connection, target_id) if wanted else {}
    for budget in wanted:
        number, since_ms = tallies.get(budget.tally.definition, (None, 0))
        if number is not None:
            named = subjects[budget.name]
            counted = _workgroups_of(named, whose) if budget.per is Per.COMPONENT else named
            kept, unit = cells_of(budget.window, epoch_ms(now)), budget.limit.unit
            used = _summed_of(connection, number, kept, budget.window, _COLUMNS[unit], counted)
            _add_noted(used, noted.get(number, {}), kept, _PLACES[unit], counted)
            yield assess(budget, used, whose, since_ms=since_ms, now_ms=epoch_ms(now))


def read(path: Path, budgets: Sequence[Budget], now: datetime) -> list[TargetBudgets]:
    """As `states`, from the file, while the exporter may be writing it. Raises LedgerError."""
    with explained(path), closing(files.open_readonly(path)) as connection:
        connection.execute("BEGIN")
        return states(connection, budgets, now)


def components(connection: sqlite3.Connection, target_id: int) -> dict[str, str]:
    """Workgroup -> component, by the tags that were told last, however long ago."""
    return tags(connection, target_id, COMPONENT_TAG)


def tags(connection: sqlite3.Connection, target_id: int, key: str) -> dict[str, str]:
    """Workgroup -> the value of one of its tags, where it has it, as told last."""
    found = connection.execute(
        "SELECT body FROM inventories WHERE target_id = ? AND kind = ?", (target_id, Workgroups.__name__)
    ).fetchone()
    workgroups = [] if found is None else json.loads(found[0])["items"]
    return {one["name"]: one["tags"][key] for one in workgroups if one["tags"].get(key)}


def _of_target(
    connection: sqlite3.Connection,
    target_id: int,
    target: Target,
    budgets: Sequence[Budget],
    now_ms: int,
    nearest: Nearest | None,
) -> TargetBudgets:
    tallies = _tallies(connection, target_id)
    counted = [budget for budget in budgets if budget.tally.definition in tallies]
    noted = budget_log.read(connection, target_id)
    used = {
        (tally, unit): _used(connection, tallies[tally.definition][0], tally, unit, now_ms, noted)
        for tally, unit in dict.fromkeys((budget.tally, budget.limit.unit) for budget in counted)
    }
    whose = components(connection, target_id)
    return TargetBudgets(
        target=target,
        states=tuple(
            assess(
                budget,
                used[budget.tally, budget.limit.unit],
                whose,
                since_ms=tallies[budget.tally.definition][1],
                now_ms=now_ms,
                nearest=nearest,
            )
            for budget in counted
        ),
        uncounted=tuple(budget.name for budget in budgets if budget.tally.definition not in tallies),
    )


def _used(
    connection: sqlite3.Connection, number: int, tally: Tally, unit: Unit, now_ms: int, noted: Noted
) -> dict[str, int]:
    """The sums of the window's cells, and what was noted since they were added up."""
    kept = cells_of(tally.window, now_ms)
    used = _summed(connection, number, kept, _COLUMNS[unit])
    _add_noted(used, noted.get(number, {}), kept, _PLACES[unit])
    return used


def _add_noted(
    used: dict[str, int], noted: Mapping[int, Sums], kept: Kept, place: int, subjects: Collection[str] | None = None
) -> None:
    """Add to `used` what the window's cells were noted with, of these subjects or of all."""
    for start_ms, told in noted.items():
        if kept.first_ms <= start_ms <= kept.last_ms:
            named = told if subjects is None else told.keys() & subjects
            for subject in named:
                used[subject] = used.get(subject, 0) + told[subject][place]


def _summed(connection: sqlite3.Connection, number: int, kept: Kept, column: str) -> dict[str, int]:
    if kept.first_ms == kept.last_ms:
        statement = f"SELECT subject, {column} FROM budget_usage WHERE tally_id = ? AND start_ms = ?"  # noqa: S608 - one of two columns
        return dict(connection.execute(statement, (number, kept.first_ms)))
    statement = f"""
        SELECT subject, sum({column}) FROM budget_usage
        WHERE tally_id = ? AND start_ms >= ? AND start_ms <= ? GROUP BY subject
        """  # noqa: S608 - as above
    return dict(connection.execute(statement, (number, kept.first_ms, kept.last_ms)))


def _summed_of(
    connection: sqlite3.Connection, number: int, kept: Kept, window: Window, column: str, subjects: Collection[str]
) -> dict[str, int]:
    """The same of some subjects: each cell of each is found by the table's key, and nothing else is read."""
    step = window.cell_ms if isinstance(window, Rolling) else max(1, kept.last_ms - kept.first_ms + 1)
    cells = list(range(kept.first_ms, kept.last_ms + 1, step))
    statement = f"""
        SELECT subject, sum({column}) FROM budget_usage
        WHERE tally_id = ? AND start_ms IN (SELECT value FROM json_each(?))
          AND subject IN (SELECT value FROM json_each(?)) GROUP BY subject
        """  # noqa: S608 - as above
    return dict(connection.execute(statement, (number, json.dumps(cells), json.dumps(sorted(subjects)))))


def _workgroups_of(named: Collection[str], whose: Mapping[str, str]) -> set[str]:
    """The workgroups of these components."""
    return {workgroup for workgroup, component in whose.items() if component in named}


def _tallies(connection: sqlite3.Connection, target_id: int) -> dict[str, tuple[int, int]]:
    """Definition -> number, and since when every query is in, of every tally of a target."""
    return {
        definition: (number, since_ms)
        for number, definition, since_ms in connection.execute(
            "SELECT id, definition, since_ms FROM budget_tallies WHERE target_id = ?", (target_id,)
        )
    }


def _ids(connection: sqlite3.Connection, target_id: int) -> dict[str, int]:
    """Definition -> number of every tally of a target."""
    found: Iterable[tuple[str, int]] = connection.execute(
        "SELECT definition, id FROM budget_tallies WHERE target_id = ?", (target_id,)
    )
    return dict(found)
