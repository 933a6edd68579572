"""What batches add to the sums of budgets, kept in one piece a batch until there is enough of it to be worth adding.

Ten thousand subjects share few pages of the file with one another: to add to the sum of each at once would write a
page for every query and sum. A batch appends one row instead, in its own transaction, and whoever reads the sums adds
what the rows say.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from athena_exporter.ledger.model import BudgetCell

Cells: TypeAlias = dict[tuple[int, str], list[int]]
"""A cell's begin and subject -> bytes and nanodollars."""

_COMPACT = json.JSONEncoder(separators=(",", ":"))
_ADD = """
    INSERT INTO budget_usage VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
        scanned_bytes = scanned_bytes + excluded.scanned_bytes, cost_nanousd = cost_nanousd + excluded.cost_nanousd
    """


def append(
    connection: sqlite3.Connection, target_id: int, numbers: Sequence[int], usage: Mapping[BudgetCell, Sequence[int]]
) -> None:
    """Note a batch's usage in the open transaction; `numbers` leads from a tally's place to its number in the file."""
    told: dict[int, dict[int, dict[str, Sequence[int]]]] = {}
    for (place, start_ms, subject), sums in usage.items():
        told.setdefault(numbers[place], {}).setdefault(start_ms, {})[subject] = sums
    connection.execute("INSERT INTO budget_log (target_id, body) VALUES (?, ?)", (target_id, _COMPACT.encode(told)))


def read(connection: sqlite3.Connection, target_id: int) -> dict[int, Cells]:
    """Everything noted, by the tally's number."""
    found: dict[int, Cells] = {}
    for (body,) in connection.execute("SELECT body FROM budget_log WHERE target_id = ?", (target_id,)):
        for number, starts in json.loads(body).items():
            cells = found.setdefault(int(number), {})
            for start, subjects in starts.items():
                _sum(cells, int(start), subjects.items())
    return found


def merge(connection: sqlite3.Connection, target_id: int) -> None:
    """Add everything noted to the sums, in the open transaction."""
    noted = read(connection, target_id)
    if noted:
        connection.executemany(_ADD, _parameters(noted))
        connection.execute("DELETE FROM budget_log WHERE target_id = ?", (target_id,))


def _sum(cells: Cells, start_ms: int, subjects: Iterable[tuple[str, list[int]]]) -> None:
    for subject, (scanned_bytes, cost_nanousd) in subjects:
        sums = cells.get((start_ms, subject))
        if sums is None:
            cells[start_ms, subject] = [scanned_bytes, cost_nanousd]
        else:
            sums[0] += scanned_bytes
            sums[1] += cost_nanousd


def _parameters(noted: Mapping[int, Cells]) -> Iterator[tuple[object, ...]]:
    """In the order of the table's key, so that neighbours are written together."""
    for number in sorted(noted):
        for (start_ms, subject), sums in sorted(noted[number].items()):
            yield number, start_ms, subject, *sums
