"""What tables, jobs and CloudTrail's table events add in one fold: pure, like the rest of it.

Stage: records -> **fold** -> ledger. A table counts with its query, for it needs no user; a job counts with the
user, for its series name the client; the cells of tables by user follow the user as all rollups do.
"""

import re
from collections.abc import Callable, Iterable
from typing import TypeAlias

from athena_exporter import catalog
from athena_exporter.ledger.labels import LabelBudget
from athena_exporter.ledger.model import DAY_MS, Fact, Known, Labels, Row, ShownUse, TableCell, TableSums
from athena_exporter.records import OTHER, PENDING, UNKNOWN, Mode, QueryExecution, State, TableEvent, epoch_ms

_Add = Callable[[catalog.Metric, Labels, int | None], Labels]

# Names that tools make up for one query (awswrangler's `temp_table_<32 hex digits>`, dbt's `__tmp_<uuid>`): each
# would take a place of its own and none would ever be read again.
_THROWAWAY = re.compile(r"[0-9a-f]{8}(?:_?[0-9a-f]{4}){3}_?[0-9a-f]{12}", re.ASCII)
_ANY = "*"
_Place: TypeAlias = tuple[str, str, str | None]
"""Database and table as they are exposed, and the label whose budget had no place for them."""


class Access:
    """The accumulator of one fold for tables and jobs; `add` adds to a counter and answers the series' labels."""

    def __init__(self, known: Known, labels: LabelBudget, add: _Add) -> None:
        self._known = known
        self._labels = labels
        self._add = add
        self._places: dict[tuple[str, str], _Place] = {}
        self.usage: dict[TableCell, TableSums] = {}
        self.reads: dict[tuple[str, str], int] = {}
        self.events: dict[str, int] = {}

    # -- with the execution ---------------------------------------------------------------------------------------

    def count_tables(self, row: Row, execution: QueryExecution, *, in_counters: bool) -> tuple[ShownUse, ...]:
        """Count a query's tables, each once a mode; answers what is shown of them."""
        named = sorted({(use.database, use.table, use.mode.value) for use in execution.tables})
        lacking: set[str] = set()
        shown = tuple(self._shown(*use, lacking) for use in named)
        for database, table, mode in shown:
            if mode == Mode.READ and row.state == State.SUCCEEDED and table != OTHER:
                self.reads[database, table] = max(row.counted_ms, self.reads.get((database, table), 0))
        if in_counters:
            self._count(shown, execution, lacking)
        return shown

    def _count(self, shown: Iterable[ShownUse], execution: QueryExecution, lacking: set[str]) -> None:
        for use in shown:
            if self._add(catalog.TABLE_QUERIES, use, 1)[1] != use[1]:
                lacking.add("table")
        for label in sorted(lacking):
            self._add(catalog.LABEL_OVERFLOW, (label,), 1)
        if execution.unparsed is not None:
            self._add(catalog.UNPARSED_QUERIES, (execution.unparsed,), 1)

    def _shown(self, database: str, table: str, mode: str, lacking: set[str]) -> ShownUse:
        place = self._places.get((database, table))
        if place is None:
            place = self._places[database, table] = self._place(database, table)
        if place[2] is not None:
            lacking.add(place[2])
        return (place[0], place[1], mode)

    def _place(self, database: str, table: str) -> _Place:
        """The table if both budgets have a place for it, else `other`: half a name would say something wrong."""
        name = _THROWAWAY.sub(_ANY, table)
        if self._labels.value("table", f"{database}.{name}") == OTHER:
            return (OTHER, OTHER, "table")
        if self._labels.value("database", database) == OTHER != database:
            return (OTHER, OTHER, "database")
        return (database, name, None)

    # -- with the user --------------------------------------------------------------------------------------------

    def use(self, row: Row, user: str, sign: int) -> None:
        """Move the row's tables into a user's cells (or out of them).

        `pending` has no cells: until the user is known the row names the tables, and `tables.usage` counts them there.
        """
        if user == PENDING:
            return
        day_ms = row.counted_ms - row.counted_ms % DAY_MS
        for database, table, mode in row.tables:
            cell = TableCell(day_ms, database, table, mode, user)
            sums = self.usage.get(cell)
            if sums is None:
                sums = self.usage[cell] = TableSums()
            sums.queries += sign
            if sign > 0 and row.state == State.SUCCEEDED:
                sums.last_ms = max(row.counted_ms, sums.last_ms or 0)

    def count_workload(self, row: Row, client: str) -> dict[str, str]:
        """Count a query for its job, if it names one; answers as fold's `_count_user` does."""
        if row.workload is None:
            return {}
        labels = (self._labels.value("workload", row.workload), client, row.workgroup or UNKNOWN)
        shown = self._add(catalog.WORKLOAD_QUERIES, labels, 1)
        self._add(catalog.WORKLOAD_SCANNED_BYTES, labels, row.scanned_bytes)
        self._add(catalog.WORKLOAD_COST_USD, labels, row.cost_nanousd)
        self._add(catalog.WORKLOAD_ENGINE_SECONDS, labels, row.engine_ms)
        return {"workload": shown[0]}

    # -- CloudTrail's own events ----------------------------------------------------------------------------------

    def told(self, event: TableEvent) -> Fact | None:
        """The fact of a table event, None if it was told before, is older than the counters, or nobody wants it."""
        at_ms = epoch_ms(event.at)
        seen = event.event_id in self._known.table_events or event.event_id in self.events
        too_old = at_ms < max(self._known.low_water_ms, self._known.counting_since_ms)
        if seen or too_old or not self._known.rules.facts:
            return None
        self.events[event.event_id] = at_ms
        return Fact(kind="access", at=event.at, event=event)
