"""What counted executions add to their workgroup: queries, bytes, money, times, failures, guard rails.

Stage: beside fold, pure. A batch's hundreds of executions fall on a few workgroups, so their numbers are added up in
cells and become deltas once, when the batch ends.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import TypeAlias

from athena_exporter import catalog
from athena_exporter.ledger.failures import failure
from athena_exporter.ledger.labels import LabelBudget
from athena_exporter.ledger.model import DAY_MS, Known, Labels, Row, SeriesKey, TypeKey, TypeSums
from athena_exporter.pricing import capacity_nanousd, reserved_dpu_ms
from athena_exporter.records import UNKNOWN, QueryExecution, State

INFINITE = "+Inf"
"""The last bucket's bound."""
_FIELDS = {
    catalog.QUEUE_SECONDS: "queue_ms",
    catalog.PLANNING_SECONDS: "planning_ms",
    catalog.ENGINE_SECONDS: "engine_ms",
    catalog.TOTAL_SECONDS: "total_ms",
    catalog.SCANNED_BYTES_PER_QUERY: "scanned_bytes",
}
"""What each distribution observes of an execution."""
_CellKey: TypeAlias = tuple[int, str, str, State, bool]
"""A UTC day by its number, workgroup, statement type, state, and whether counters hold what ended then."""


@dataclass(slots=True, kw_only=True)
class _Distribution:
    """What a cell's executions add to one histogram; `counts` has a place for each bound and the infinite one."""

    metric: catalog.Metric
    counts: list[int]
    sum: int = 0


@dataclass(slots=True, kw_only=True)
class _Cell:
    """What the executions of one key came to."""

    distributions: tuple[_Distribution, ...]
    queries: int = 0
    scanned_bytes: int = 0
    billed_bytes: int = 0
    cost_nanousd: int = 0
    total_ms: int = 0
    cutoff_hits: int = 0
    reused: int = 0


class Measures:
    """The accumulator of one fold."""

    def __init__(self, known: Known, budget: LabelBudget) -> None:
        self._known = known
        self._budget = budget
        self._metrics = tuple(metric for metric in _FIELDS if metric.name in known.rules.histograms)
        self._values = tuple(attrgetter(_FIELDS[metric]) for metric in self._metrics)
        self._cells: dict[_CellKey, _Cell] = {}
        self._deltas: Counter[SeriesKey] = Counter()

    def count(self, row: Row, execution: QueryExecution, *, in_counters: bool) -> None:
        """One execution that counts now; rollups hold also what ended before counters began."""
        workgroup = row.workgroup or UNKNOWN
        key = (row.counted_ms // DAY_MS, workgroup, row.statement_type or UNKNOWN, execution.state, in_counters)
        cell = self._cells.get(key)
        if cell is None:
            cell = self._cells[key] = self._empty()
        cell.queries += 1
        cell.scanned_bytes += row.scanned_bytes or 0
        cell.billed_bytes += row.billed_bytes or 0
        cell.cost_nanousd += row.cost_nanousd or 0
        cell.total_ms += execution.total_ms or 0
        cell.cutoff_hits += execution.cutoff_hit
        cell.reused += execution.result_reused is True
        if in_counters:
            self._observe(cell, execution)
            self._count_rarer(workgroup, execution)

    def types(self) -> dict[TypeKey, TypeSums]:
        """What was counted for the rollups by statement type."""
        found: dict[TypeKey, TypeSums] = {}
        for (day, workgroup, statement_type, state, _), cell in self._cells.items():
            sums = found.setdefault((day * DAY_MS, workgroup, statement_type, state.value), TypeSums())
            sums.queries += cell.queries
            sums.scanned_bytes += cell.scanned_bytes
            sums.total_ms += cell.total_ms
        return found

    def deltas(self) -> Counter[SeriesKey]:
        """What was counted for counters."""
        for (_, workgroup, statement_type, state, in_counters), cell in self._cells.items():
            if in_counters:
                self._add_totals(cell, workgroup, (workgroup, statement_type, state.value))
                self._add_distributions(cell, (workgroup, statement_type))
        return self._deltas

    # -- one execution --------------------------------------------------------------------------------------------

    def _empty(self) -> _Cell:
        return _Cell(
            distributions=tuple(
                _Distribution(metric=metric, counts=[0] * (len(metric.bounds) + 1)) for metric in self._metrics
            )
        )

    def _observe(self, cell: _Cell, execution: QueryExecution) -> None:
        for distribution, value_of in zip(cell.distributions, self._values, strict=True):
            value = value_of(execution)
            if value is not None:
                distribution.counts[bisect_left(distribution.metric.bounds, value)] += 1
                distribution.sum += value

    def _count_rarer(self, workgroup: str, execution: QueryExecution) -> None:
        if not execution.has_statistics:
            self._add(catalog.MISSING_STATISTICS, (workgroup,), 1)
        if execution.state is State.FAILED:
            named = failure(execution.error)
            self._add(catalog.QUERY_FAILURES, (workgroup, named.category, named.error, named.retryable), 1)
        dpu_ms = reserved_dpu_ms(execution)
        if dpu_ms is not None:
            self._add(catalog.RESERVED_DPU_SECONDS, (workgroup,), dpu_ms)
            self._add(catalog.RESERVED_COST_USD, (workgroup,), capacity_nanousd(dpu_ms, self._known.rules.prices))

    # -- when the batch ends --------------------------------------------------------------------------------------

    def _add_totals(self, cell: _Cell, workgroup: str, labels: Labels) -> None:
        """None of them is left out at 0: a workgroup without any cutoff has had none, and its series says so."""
        self._add(catalog.QUERIES, labels, cell.queries)
        self._add(catalog.SCANNED_BYTES, labels, cell.scanned_bytes)
        self._add(catalog.BILLED_BYTES, labels, cell.billed_bytes)
        self._add(catalog.COST_USD, labels, cell.cost_nanousd)
        self._add(catalog.CUTOFF_HITS, (workgroup,), cell.cutoff_hits)
        self._add(catalog.RESULT_REUSE, (workgroup,), cell.reused)

    def _add_distributions(self, cell: _Cell, labels: Labels) -> None:
        overflowed = 0
        for distribution in cell.distributions:
            observed = sum(distribution.counts)
            if observed:
                metric, shown = distribution.metric, self._budget.distribution(distribution.metric, labels)
                overflowed = max(overflowed, observed if shown != labels else 0)
                self._deltas[metric.sum_name, shown] += distribution.sum
                for bound, count in _filled(distribution):
                    self._deltas[metric.bucket_name, (*shown, bound)] += count
        if overflowed:
            self._add(catalog.LABEL_OVERFLOW, ("workgroup",), overflowed)

    def _add(self, metric: catalog.Metric, labels: Labels, amount: int) -> None:
        self._deltas[self._budget.series(metric, labels)] += amount


def _filled(distribution: _Distribution) -> Iterator[tuple[str, int]]:
    """The buckets that hold something, by their bounds."""
    bounds = (*map(str, distribution.metric.bounds), INFINITE)
    return ((bound, count) for bound, count in zip(bounds, distribution.counts, strict=True) if count)
