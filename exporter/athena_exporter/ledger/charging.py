"""What counted queries add to the tallies of budgets: pure, beside fold.

A query counts for a subject at once where its execution tells all that a tally asks for, and otherwise when its user
is known, however late, in the window in which it ended. Nothing is ever taken back: knowledge only adds.
"""

from athena_exporter.budgets import Matcher, Query
from athena_exporter.ledger.model import BudgetCell, Row
from athena_exporter.records import UNKNOWN


class Charging:
    """The accumulator of one fold; `cells` hold bytes scanned and nanodollars."""

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self.cells: dict[BudgetCell, list[int]] = {}

    def counted(self, row: Row) -> None:
        """The row counts now, with as much as is known of it."""
        if self._matcher.tallies:
            query = query_of(row)
            self._add(row, query, self._matcher.mask(query))

    def named(self, before: Row, after: Row) -> None:
        """Somebody has told who started a counted query: what is more than before is added."""
        if self._matcher.tallies:
            query = query_of(after)
            self._add(after, query, self._matcher.gained(query_of(before), query))

    def _add(self, row: Row, query: Query, mask: int) -> None:
        counted_ms, scanned_bytes, cost_nanousd = row.counted_ms, row.scanned_bytes or 0, row.cost_nanousd or 0
        cells, start_of = self.cells, self._matcher.starts.of
        for window, places in self._matcher.plan(mask):
            start_ms = start_of(window, counted_ms)
            for place, subject in places:
                cell = (place, start_ms, query[subject] or UNKNOWN)
                sums = cells.get(cell)
                if sums is None:
                    cells[cell] = [scanned_bytes, cost_nanousd]
                else:
                    sums[0] += scanned_bytes
                    sums[1] += cost_nanousd


def query_of(row: Row) -> Query:
    """What budgets may ask of a row."""
    who = row.identity
    workgroup, database = row.workgroup or UNKNOWN, row.database or UNKNOWN
    if who is None:
        return Query(workgroup, database, row.workload)
    return Query(workgroup, database, row.workload, who.user, who.role, who.client)
