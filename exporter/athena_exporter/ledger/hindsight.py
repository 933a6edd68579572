"""fold_past(known, records) -> Hindsight: what backfills add to the rollups, pure.

Stage: records -> **hindsight** -> past.py. Beside fold, and simpler: the past raises no counter and waits for nobody. A
query is the union of what its execution and its start have told; each of them is believed once, the first time. Its
share of the rollups follows from that union alone, and what is added is the difference between its share before and
after. So the sums are the same in whatever order, and however often, the past is told.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from athena_exporter import catalog
from athena_exporter.ledger.access import Access
from athena_exporter.ledger.labels import LabelBudget
from athena_exporter.ledger.model import (
    DAY_MS,
    HOUR_MS,
    Attribution,
    Change,
    Fact,
    Known,
    Labels,
    Phase,
    Row,
    TypeKey,
    TypeSums,
    Usage,
    UsageKey,
)
from athena_exporter.ledger.outbox import PAST
from athena_exporter.pricing import billed_bytes, cost_nanousd
from athena_exporter.records import UNATTRIBUTED, UNKNOWN, QueryExecution, Record, StartedQuery, epoch_ms, from_epoch_ms

UNTOLD, TOLD_NAMELESS, TOLD = 0, 1, 2
"""What the query history knows of a query: nothing, all but its user, all."""
SHARE_OF_SLOTS = 2
"""The past takes one place in so many of a label's budget at most: people of the present need theirs."""


class PastQuery(NamedTuple):
    """One query of the past. Its row is STARTED while only its start is known, COUNTED once it is in the rollups.

    A counted row without a state is a start whose execution nobody can tell any more.
    """

    row: Row
    told: int = UNTOLD


@dataclass(frozen=True, slots=True, kw_only=True)
class Hindsight:
    """What records of the past change: queries, and what else a `Change` holds."""

    queries: Collection[PastQuery]
    change: Change


def fold_past(
    known: Known, queries: Mapping[str, PastQuery], records: Iterable[Record], *, began_ms: int, is_told: bool
) -> Hindsight:
    """What `records` change.

    Args:
        known: the ledger's rules and label slots; its rows are not asked.
        queries: those of the past that the records speak of, as they are.
        records: executions that are final, and starts. What is no query of the past is passed over.
        began_ms: where the past ends: what ended at or after it is counted elsewhere.
        is_told: whether the query history wants to hear of them.
    """
    work = _Work(known, queries, is_told=is_told)
    for record in records:
        if isinstance(record, QueryExecution) and epoch_ms(record.counted_at) < began_ms and record.state.final:
            work.execution(record)
        elif isinstance(record, StartedQuery) and epoch_ms(record.started_at) < began_ms:
            work.start(record)
    return work.done()


def settle(known: Known, queries: Iterable[PastQuery], *, is_told: bool) -> Hindsight:
    """What changes as nobody will tell more of these: starts count by themselves, the history hears of the rest."""
    work = _Work(known, {}, is_told=is_told)
    for query in queries:
        work.settle(query)
    return work.done()


class _Work:
    """The accumulator of one fold; nothing of it outlives the call."""

    def __init__(self, known: Known, queries: Mapping[str, PastQuery], *, is_told: bool) -> None:
        limits = {label: limit // SHARE_OF_SLOTS for label, limit in known.rules.label_limits.items()}
        modest = replace(known, rules=replace(known.rules, label_limits=limits))
        self._prices = known.rules.prices
        self._labels = LabelBudget(modest)
        self._access = Access(modest, self._labels, _add_nothing)
        self._known = queries
        self._is_told = is_told
        self._changed: dict[str, PastQuery] = {}
        self._usage: dict[UsageKey, Usage] = {}
        self._types: dict[TypeKey, TypeSums] = {}
        self._facts: list[Fact] = []

    def done(self) -> Hindsight:
        nothing = Usage()
        change = Change(
            rows=(),
            dropped=(),
            deltas=Counter(),
            usage={key: use for key, use in self._usage.items() if use != nothing},
            rejections={},
            slots=frozenset(self._labels.touched),
            facts=tuple(self._facts),
            types=self._types,
            table_usage=self._access.usage,
            table_reads=self._access.reads,
        )
        return Hindsight(queries=tuple(self._changed.values()), change=change)

    def execution(self, execution: QueryExecution) -> None:
        before = self._find(execution.query_id)
        if before is None or before.row.state is None:
            self._count(before, execution)
        elif self._is_told and before.told < (TOLD_NAMELESS if before.row.identity is None else TOLD):
            # It was counted while nobody wrote a query history.
            self._keep(before._replace(row=before.row._replace(detail=execution)))

    def start(self, start: StartedQuery) -> None:
        at_ms = epoch_ms(start.started_at)
        before = self._find(start.query_id)
        if before is None:
            row = Row(query_id=start.query_id, phase=Phase.STARTED, since_ms=at_ms, workgroup=start.workgroup)
            self._keep(PastQuery(row._replace(identity=start.identity, workload=start.workload)))
        elif before.row.identity is None:
            self._use(before.row, -1)
            row = before.row._replace(identity=start.identity, workload=before.row.workload or start.workload)
            self._use(row, 1)
            self._keep(before._replace(row=row))

    def settle(self, query: PastQuery) -> None:
        row = query.row
        if row.phase is Phase.STARTED:
            row = row._replace(phase=Phase.COUNTED)
            self._use(row, 1)
            self._keep(query._replace(row=row))
        elif row.detail is not None and query.told == UNTOLD:
            self._tell(row, Attribution.NOT_FOUND)
            self._changed[row.query_id] = query._replace(told=TOLD_NAMELESS)

    def _count(self, before: PastQuery | None, execution: QueryExecution) -> None:
        row = Row(query_id=execution.query_id, phase=Phase.STARTED, since_ms=0) if before is None else before.row
        self._use(row, -1)
        billed = billed_bytes(execution, self._prices)
        row = row._replace(
            phase=Phase.COUNTED,
            since_ms=epoch_ms(execution.counted_at),
            workgroup=execution.workgroup,
            database=execution.database,
            statement_type=execution.statement_type,
            state=execution.state.value,
            scanned_bytes=execution.scanned_bytes,
            billed_bytes=billed,
            cost_nanousd=None if billed is None else cost_nanousd(billed, self._prices),
            workload=execution.workload or row.workload,
            detail=execution if self._is_told else None,
        )
        row = row._replace(tables=self._access.count_tables(row, execution, in_counters=False))
        self._labels.value("database", row.database or UNKNOWN)
        self._use(row, 1)
        self._count_type(row, execution)
        self._keep(PastQuery(row, UNTOLD if before is None else before.told))

    def _count_type(self, row: Row, execution: QueryExecution) -> None:
        day_ms = row.since_ms - row.since_ms % DAY_MS
        key = (day_ms, row.workgroup or UNKNOWN, row.statement_type or UNKNOWN, execution.state.value)
        sums = self._types.setdefault(key, TypeSums())
        sums.queries += 1
        sums.scanned_bytes += execution.scanned_bytes or 0
        sums.total_ms += execution.total_ms or 0

    def _use(self, row: Row, sign: int) -> None:
        """Add the row's share of the rollups, or take it away; a mere start has none."""
        if row.phase is not Phase.COUNTED:
            return
        user = UNATTRIBUTED if row.identity is None else row.identity.user
        key = UsageKey(
            row.since_ms - row.since_ms % HOUR_MS,
            row.workgroup or UNKNOWN,
            user,
            row.database or UNKNOWN,
            row.state or UNKNOWN,
        )
        cell = self._usage.setdefault(key, Usage())
        cell.queries += sign
        cell.scanned_bytes += sign * (row.scanned_bytes or 0)
        cell.billed_bytes += sign * (row.billed_bytes or 0)
        cell.cost_nanousd += sign * (row.cost_nanousd or 0)
        self._access.use(row, user, sign)
        if sign > 0 and row.identity is not None:
            self._labels.value("user", user)
            self._labels.value("client", row.identity.client)

    def _find(self, query_id: str) -> PastQuery | None:
        return self._changed.get(query_id) or self._known.get(query_id)

    def _keep(self, query: PastQuery) -> None:
        """With its user known, a query is told of and waits for nothing any more."""
        row = query.row
        if row.identity is not None and row.state is not None:
            if row.detail is not None:
                self._tell(row, Attribution.KNOWN)
                query = query._replace(told=TOLD)
            query = query._replace(row=row._replace(detail=None, tables=()))
        self._changed[row.query_id] = query

    def _tell(self, row: Row, attribution: Attribution) -> None:
        told = row._replace(attribution=attribution)
        self._facts.append(Fact(kind=PAST, at=from_epoch_ms(row.since_ms), row=told))


def _add_nothing(metric: catalog.Metric, labels: Labels, amount: int | None) -> Labels:
    """The past raises no counter."""
    del metric, amount
    return labels
