"""What counted queries add to the tallies of budgets: pure, beside fold.

A query counts for a subject at once where its execution tells all that a tally asks for, and otherwise when its user
is known, however late, in the window in which it ended. Nothing is ever taken back: knowledge only adds.
"""

from typing import TypeAlias

from athena_exporter.budgets import Cells, Matcher, Query
from athena_exporter.ledger.model import BudgetUsage, Row
from athena_exporter.records import UNKNOWN

_Sums: TypeAlias = dict[str, list[int]]


class Charging:
    """The accumulator of one fold.

    A query is added once for each kind of subject, however many budgets there are: those that count the same queries
    of a subject take the same additions, and share them until they are read.
    """

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self._counted: list[Row] = []
        self._named: list[tuple[Row, Row]] = []
        self._sheets: dict[tuple[int, int], list[tuple[int, _Sums]]] = {}
        self._usage: dict[Cells, _Sums] = {}

    def counted(self, row: Row) -> None:
        """The row counts now, with as much as is known of it."""
        self._counted.append(row)

    def named(self, before: Row, after: Row) -> None:
        """Somebody has told who started a counted query: what is more than before is added."""
        self._named.append((before, after))

    def usage(self) -> BudgetUsage:
        """Bytes scanned and nanodollars of all that was told; asked once, at the fold's end.

        Not while rows are folded: one after the other in a loop of their own, they take half as long.
        """
        matcher = self._matcher
        if matcher.tallies:
            for row in self._counted:
                query = query_of(row)
                self._add(row, query, matcher.mask(query))
            for before, after in self._named:
                query = query_of(after)
                self._add(after, query, matcher.gained(query_of(before), query))
        return self._usage

    def _add(self, row: Row, query: Query, mask: int) -> None:
        if not mask:
            return
        slot = self._matcher.slots.of(row.counted_ms)
        sheet = self._sheets.get((mask, slot.start_ms))
        if sheet is None:
            told = self._matcher.sheet(mask, slot)
            sheet = [(field, self._usage.setdefault(cells, {})) for field, cells in told]
            self._sheets[mask, slot.start_ms] = sheet
        scanned_bytes, cost_nanousd = row.scanned_bytes or 0, row.cost_nanousd or 0
        for field, subjects in sheet:
            subject = query[field] or UNKNOWN
            sums = subjects.get(subject)
            if sums is None:
                subjects[subject] = [scanned_bytes, cost_nanousd]
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
