"""What batches add to the sums of budgets, kept in one piece a batch until there is enough of it to be worth adding.

Ten thousand subjects share few pages of the file with one another: to add to the sum of each at once would write a
page for every query and sum. A batch appends one row instead, in its own transaction, and whoever reads the sums adds
what the rows say. What goes to the same cells stands there once.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from athena_exporter.ledger.model import BudgetUsage

Sums: TypeAlias = Mapping[str, Sequence[int]]
"""Subject -> bytes and nanodollars."""
Noted: TypeAlias = Mapping[int, Mapping[int, Sums]]
"""By the tally's number and the cell's begin."""
_Groups: TypeAlias = dict[tuple[tuple[int, int], ...], dict[str, list[int]]]
"""What is added, by the cells that it is added to: each the tally's number and the cell's begin."""

_COMPACT = json.JSONEncoder(separators=(",", ":"))
_ADD = """
    INSERT INTO budget_usage VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
        scanned_bytes = scanned_bytes + excluded.scanned_bytes, cost_nanousd = cost_nanousd + excluded.cost_nanousd
    """


def append(connection: sqlite3.Connection, target_id: int, numbers: Sequence[int], usage: BudgetUsage) -> int:
    """Note a batch's usage in the open transaction; answers how many sums that are.

    `numbers` leads from a tally's place to its number in the file.
    """
    told = [([(numbers[place], start_ms) for place, start_ms in cells], sums) for cells, sums in usage.items()]
    connection.execute("INSERT INTO budget_log (target_id, body) VALUES (?, ?)", (target_id, _COMPACT.encode(told)))
    return sum(len(sums) for _, sums in told)


def read(connection: sqlite3.Connection, target_id: int) -> Noted:
    """Everything noted. Cells may share their sums: none of them is to be changed."""
    groups: _Groups = {}
    for (body,) in connection.execute("SELECT body FROM budget_log WHERE target_id = ?", (target_id,)):
        for place, subjects in _told(json.loads(body)):
            known = groups.setdefault(place, subjects)
            if known is not subjects:
                _sum(known, subjects)
    return _by_cell(groups)


def _told(
    body: list[tuple[list[list[int]], dict[str, list[int]]]] | dict[str, dict[str, dict[str, list[int]]]],
) -> Iterator[tuple[tuple[tuple[int, int], ...], dict[str, list[int]]]]:
    """A row's cells and what they take. The first rows of format 4 named each cell with subjects of its own."""
    if isinstance(body, dict):
        for number, starts in body.items():
            for start_ms, subjects in starts.items():
                yield ((int(number), int(start_ms)),), subjects
    else:
        for cells, subjects in body:
            yield tuple((number, start_ms) for number, start_ms in cells), subjects


def merge(connection: sqlite3.Connection, target_id: int) -> None:
    """Add everything noted to the sums, in the open transaction."""
    noted = read(connection, target_id)
    if noted:
        connection.executemany(_ADD, _parameters(noted))
        connection.execute("DELETE FROM budget_log WHERE target_id = ?", (target_id,))


def _by_cell(groups: _Groups) -> Noted:
    """Cells that the same groups add to share one sum of them."""
    adding: dict[tuple[int, int], list[int]] = {}
    for place, cells in enumerate(groups):
        for cell in cells:
            adding.setdefault(cell, []).append(place)
    told = list(groups.values())
    together = {places: _together([told[place] for place in places]) for places in set(map(tuple, adding.values()))}
    found: dict[int, dict[int, Sums]] = {}
    for (number, start_ms), places in adding.items():
        found.setdefault(number, {})[start_ms] = together[tuple(places)]
    return found


def _together(parts: Sequence[Sums]) -> Sums:
    if len(parts) == 1:
        return parts[0]
    found: dict[str, list[int]] = {}
    for part in parts:
        _sum(found, part)
    return found


def _sum(found: dict[str, list[int]], subjects: Sums) -> None:
    for subject, (scanned_bytes, cost_nanousd) in subjects.items():
        sums = found.get(subject)
        if sums is None:
            found[subject] = [scanned_bytes, cost_nanousd]
        else:
            sums[0] += scanned_bytes
            sums[1] += cost_nanousd


def _parameters(noted: Noted) -> Iterator[tuple[object, ...]]:
    """In the order of the table's key, so that neighbours are written together."""
    for number in sorted(noted):
        for start_ms in sorted(noted[number]):
            for subject, sums in sorted(noted[number][start_ms].items()):
                yield number, start_ms, subject, *sums
