"""fold(known, batch) -> Change: the whole of counting, pure.

Stage: records -> **fold** -> ledger. Two phases: an execution counts for its workgroup when it is final, and for a
user when its start is there too; docs/reliability.md gives the rules their numbers. Always true:
users + `unattributed` + pending = workgroups.
"""

from collections import Counter
from datetime import datetime, timedelta

from athena_exporter import catalog
from athena_exporter.ledger import minutes
from athena_exporter.ledger.access import Access
from athena_exporter.ledger.charging import Charging
from athena_exporter.ledger.labels import LabelBudget
from athena_exporter.ledger.measures import Measures
from athena_exporter.ledger.model import (
    HOUR_MS,
    Attribution,
    Change,
    Fact,
    Known,
    Labels,
    Phase,
    Row,
    SeriesKey,
    Usage,
    UsageKey,
)
from athena_exporter.ledger.rejections import rejection
from athena_exporter.pricing import billed_bytes, cost_nanousd
from athena_exporter.records import (
    OTHER,
    PENDING,
    UNATTRIBUTED,
    UNKNOWN,
    ActiveQueries,
    ActiveQueryQuotas,
    Batch,
    CapacityMinutes,
    Evidence,
    FailedStart,
    Identity,
    Inventory,
    Kind,
    Peaks,
    QueryExecution,
    Read,
    Record,
    Reservations,
    SettledMinutes,
    StartedQuery,
    TableEvent,
    UnreadableQuery,
    Workgroups,
    epoch_ms,
    from_epoch_ms,
)

_NOBODY = Identity(user=UNATTRIBUTED, role=None, kind=Kind.UNKNOWN, client=UNKNOWN)


def fold(known: Known, batch: Batch) -> Change:
    """What `batch` changes in a ledger that knows `known`. Records first, then what the batch's reads prove."""
    work = _Work(known, batch.observed_at)
    for record in batch.records:
        work.record(record)
    for read in batch.reads:
        work.read(read)
    work.missed(batch.missed)
    work.told_by_table(batch)
    return work.change()


class _Work:
    """The accumulator of one fold; nothing of it outlives the call."""

    def __init__(self, known: Known, observed_at: datetime) -> None:
        self._known = known
        self._observed_ms = epoch_ms(observed_at)
        self._labels = LabelBudget(known)
        self._rows: dict[str, Row] = {}
        self._dropped: set[str] = set()
        self._deltas: Counter[SeriesKey] = Counter()
        self._usage: dict[UsageKey, Usage] = {}
        self._rejections: dict[str, int] = {}
        self._facts: list[Fact] = []
        self._measures = Measures(known, self._labels)
        self._inventories: dict[type[Inventory], Inventory] = {}
        self._access = Access(known, self._labels, self._add)
        self._charging = Charging(known.budgets)

    def change(self) -> Change:
        nothing = Usage()
        self._deltas.update(self._measures.deltas())
        return Change(
            rows=tuple(self._rows.values()),
            dropped=frozenset(self._dropped),
            deltas=self._deltas,
            usage={key: use for key, use in self._usage.items() if use != nothing},
            rejections=self._rejections,
            slots=frozenset(self._labels.touched),
            facts=tuple(self._facts),
            types=self._measures.types(),
            inventories=tuple(self._inventories.values()),
            table_usage=self._access.usage,
            table_reads=self._access.reads,
            table_events=self._access.events,
            budget_usage=self._charging.usage(),
        )

    def record(self, record: Record) -> None:
        match record:
            case QueryExecution():
                self._execution(record)
            case StartedQuery():
                self._started(record)
            case FailedStart():
                self._refused(record)
            case UnreadableQuery():
                self._unreadable(record)
            case SettledMinutes() | CapacityMinutes():
                self._minutes(record)
            case Workgroups() | Reservations() | ActiveQueryQuotas() | ActiveQueries() | Peaks():
                self._inventories[type(record)] = record
            case TableEvent():
                told = self._access.told(record)
                self._facts += [] if told is None else [told]

    def missed(self, queries: int | None) -> None:
        """So many ends no event has told; None where nobody listens."""
        if queries is not None:
            self._add(catalog.MISSED_EVENTS, (), queries)

    def told_by_table(self, batch: Batch) -> None:
        """What asking Athena itself has cost, and what only that told."""
        for purpose, size in batch.asked.items():
            self._add(catalog.ASKED_BYTES, (purpose,), size)
        for missing, queries in batch.untold.items():
            self._add(catalog.UNTOLD_QUERIES, (missing,), queries)

    # -- executions -----------------------------------------------------------------------------------------------

    def _execution(self, execution: QueryExecution) -> None:
        row = self._row(execution.query_id)
        if row is not None and row.phase is Phase.COUNTED:
            self._compare(row, execution)
        elif self._outside(row, execution):
            self._forget(execution.query_id)
        else:
            self._progress(self._told(row, execution), execution)

    def _outside(self, row: Row | None, execution: QueryExecution) -> bool:
        """The one gate against counting again what was pruned: the execution ended below the low-water mark.

        A query first met above the mark passes whenever it is told. One first met below it may be a late echo of
        what was pruned, whatever state the echo told.
        """
        remembered = row is not None and row.opened_above
        return execution.state.final and not remembered and epoch_ms(execution.counted_at) < self._known.low_water_ms

    def _told(self, row: Row | None, execution: QueryExecution) -> Row:
        """The row with what the execution says; the first sight of it keeps its transaction's number."""
        submitted_ms = epoch_ms(execution.submitted_at)
        first = row is None or row.sequence is None
        # Built anew: of the old row only these fields outlive a telling.
        return Row(
            query_id=execution.query_id,
            phase=Phase.OPEN,
            identity=None if row is None else row.identity,
            waiting_since_ms=None if row is None else row.waiting_since_ms,
            waiting_reads=0 if row is None else row.waiting_reads,
            sequence=self._known.sequence if row is None or first else row.sequence,
            opened_above=submitted_ms >= self._known.low_water_ms if row is None or first else row.opened_above,
            since_ms=submitted_ms,
            workgroup=execution.workgroup,
            database=execution.database,
            statement_type=execution.statement_type,
            state=execution.state.value,
            ended_ms=None if execution.ended_at is None else epoch_ms(execution.ended_at),
            scanned_bytes=execution.scanned_bytes,
            engine_ms=execution.engine_ms,
            workload=execution.workload or (None if row is None else row.workload),
        )

    def _progress(self, row: Row, execution: QueryExecution) -> None:
        if not execution.state.final:
            self._keep(row)
        elif not execution.has_statistics and self._statistics_may_follow(row):
            since = self._observed_ms if row.waiting_since_ms is None else row.waiting_since_ms
            reads = row.waiting_reads + 1
            self._keep(row._replace(phase=Phase.WAITING, waiting_since_ms=since, waiting_reads=reads))
        else:
            self._count(row, execution)

    def _statistics_may_follow(self, row: Row) -> bool:
        rules = self._known.rules
        if row.waiting_since_ms is None or row.waiting_reads + 1 < rules.statistics_reads:
            return True
        return self._observed_ms - row.waiting_since_ms < _ms(rules.statistics_patience)

    def _count(self, row: Row, execution: QueryExecution) -> None:
        billed = billed_bytes(execution, self._known.rules.prices)
        in_counters = self._in_counters(row)
        row = row._replace(
            phase=Phase.COUNTED,
            ended_ms=row.counted_ms,
            billed_bytes=billed,
            cost_nanousd=None if billed is None else cost_nanousd(billed, self._known.rules.prices),
            attribution=Attribution.PENDING if row.identity is None else Attribution.KNOWN,
            detail=execution if self._known.rules.facts else None,
            tables=self._access.count_tables(row, execution, in_counters=in_counters),
        )
        self._measures.count(row, execution, in_counters=in_counters)
        self._use(row, PENDING if row.identity is None else row.identity.user, 1)
        self._charging.counted(row)
        if row.identity is not None:
            row = self._attribute(row, row.identity)
        self._keep(row)

    def _compare(self, row: Row, execution: QueryExecution) -> None:
        """A counted query is told again: the same answer is silence, another one is counted and not believed."""
        told = (execution.state.value, execution.scanned_bytes)
        if execution.state.final and execution.has_statistics and told != (row.state, row.scanned_bytes):
            self._add(catalog.DISAGREEMENTS, ("execution",), 1)

    def _unreadable(self, record: UnreadableQuery) -> None:
        row = self._row(record.query_id)
        if row is not None and row.phase is not Phase.COUNTED:
            self._keep(row._replace(unreadable=True))

    # -- identities -----------------------------------------------------------------------------------------------

    def _started(self, start: StartedQuery) -> None:
        row = self._row(start.query_id)
        if row is None:
            row = Row(query_id=start.query_id, phase=Phase.STARTED, since_ms=epoch_ms(start.started_at))
        if row.identity is not None:
            if row.identity != start.identity:
                self._add(catalog.DISAGREEMENTS, ("identity",), 1)
        elif row.phase is not Phase.COUNTED:
            self._keep(row._replace(identity=start.identity, workload=row.workload or start.workload))
        elif row.attribution.given_up:
            self._correct(row, start)
        else:
            self._use(row, PENDING, -1)
            self._use(row, start.identity.user, 1)
            workload = row.workload or start.workload
            # Its tables are in the user's cells now: that was all they waited for.
            known = row._replace(identity=start.identity, attribution=Attribution.KNOWN, workload=workload, tables=())
            self._charging.named(row, known)
            self._keep(self._attribute(known, start.identity))

    def _attribute(self, row: Row, who: Identity) -> Row:
        """Count the query for its user, client and job, and tell the outbox.

        The row then has no more need of detail, unless a late identity may still ask for it.
        """
        user, client = self._labels.value("user", who.user), self._labels.value("client", who.client)
        database = self._labels.value("database", _said(row.database))
        if self._in_counters(row):
            shown = self._count_user(row, user, database) | self._count_client(row, client)
            self._overflow(shown | self._access.count_workload(row, client))
            self._tell("query", row)
        return row if row.attribution.given_up else _settled(row)

    def _count_user(self, row: Row, user: str, database: str) -> dict[str, str]:
        """Answers under which values of budgeted labels the query is exposed."""
        workgroup = _said(row.workgroup)
        shown = self._add(catalog.USER_QUERIES, (user, workgroup, database, _said(row.state)), 1)
        self._add(catalog.USER_SCANNED_BYTES, (user, workgroup, database), row.scanned_bytes)
        self._add(catalog.USER_COST_USD, (user, workgroup, database), row.cost_nanousd)
        return {"user": shown[0], "database": shown[2]}

    def _count_client(self, row: Row, client: str) -> dict[str, str]:
        """As `_count_user`."""
        labels = (client, _said(row.workgroup))
        shown = self._add(catalog.CLIENT_QUERIES, labels, 1)
        self._add(catalog.CLIENT_SCANNED_BYTES, labels, row.scanned_bytes)
        self._add(catalog.CLIENT_COST_USD, labels, row.cost_nanousd)
        return {"client": shown[0]}

    def _overflow(self, exposed: dict[str, str]) -> None:
        for label, value in exposed.items():
            if value == OTHER:
                self._add(catalog.LABEL_OVERFLOW, (label,), 1)

    def _correct(self, row: Row, start: StartedQuery) -> None:
        """A late identity moves the query in windows and events; its counters keep `unattributed`."""
        who = start.identity
        self._use(row, UNATTRIBUTED, -1)
        self._use(row, who.user, 1)
        self._labels.value("user", who.user)
        before = row
        row = row._replace(identity=who, attribution=Attribution.LATE, workload=row.workload or start.workload)
        self._charging.named(before, row)
        if self._in_counters(row):
            self._add(catalog.LATE_IDENTITIES, (), 1)
            self._add(catalog.LATE_IDENTITY_BYTES, (), row.scanned_bytes)
            self._tell("identity", row)
        self._keep(_settled(row))

    def _refused(self, start: FailedStart) -> None:
        at_ms = epoch_ms(start.started_at)
        seen = start.event_id in self._known.rejections or start.event_id in self._rejections
        if seen or at_ms < max(self._known.low_water_ms, self._known.counting_since_ms):
            return
        self._rejections[start.event_id] = at_ms
        named = rejection(start.error_code)
        labels = (_said(start.workgroup), named.category, named.error, named.retryable)
        self._add(catalog.START_REJECTIONS, labels, 1)

    def _minutes(self, told: SettledMinutes | CapacityMinutes) -> None:
        for metric, labels, amount in minutes.additions(told, self._known.rules.prices):
            self._add(metric, labels, amount)

    # -- reads ----------------------------------------------------------------------------------------------------

    def read(self, read: Read) -> None:
        for query_id in [*self._known.rows, *(new for new in self._rows if new not in self._known.rows)]:
            row = self._row(query_id)
            if row is not None and row.phase is Phase.COUNTED and row.attribution is Attribution.PENDING:
                self._decide(row, read)

    def _decide(self, row: Row, read: Read) -> None:
        """Patience by knowledge: only a read that could have seen the start, late enough, gives a query up."""
        age = read.begun_at - from_epoch_ms(row.since_ms)
        rules = self._known.rules
        if read.evidence is Evidence.EXECUTIONS:
            if age >= rules.source_down_after:
                self._give_up(row, Attribution.SOURCE_DOWN)
        elif epoch_ms(read.since) <= row.since_ms < epoch_ms(read.until) and age >= rules.identity_patience:
            self._give_up(row, Attribution.NOT_FOUND)

    def _give_up(self, row: Row, reason: Attribution) -> None:
        self._use(row, PENDING, -1)
        self._use(row, UNATTRIBUTED, 1)
        if self._in_counters(row):
            self._add(catalog.UNATTRIBUTED_QUERIES, (reason.name.lower(),), 1)
            self._add(catalog.UNATTRIBUTED_BYTES, (reason.name.lower(),), row.scanned_bytes)
        self._keep(self._attribute(row._replace(attribution=reason), _NOBODY))

    # -- bookkeeping ----------------------------------------------------------------------------------------------

    def _row(self, query_id: str) -> Row | None:
        if query_id in self._dropped:
            return None
        return self._rows.get(query_id) or self._known.rows.get(query_id)

    def _keep(self, row: Row) -> None:
        self._dropped.discard(row.query_id)
        self._rows[row.query_id] = row

    def _forget(self, query_id: str) -> None:
        self._rows.pop(query_id, None)
        if query_id in self._known.rows:
            self._dropped.add(query_id)

    def _in_counters(self, row: Row) -> bool:
        return row.counted_ms >= self._known.counting_since_ms

    def _add(self, metric: catalog.Metric, labels: Labels, amount: int | None) -> Labels:
        """Add to a counter; None (AWS said nothing) adds nothing, yet the series exists. Answers the series' labels."""
        key = self._labels.series(metric, labels)
        # A Counter's own answer for a key that it has not, which is most of them, is slow.
        self._deltas[key] = self._deltas.get(key, 0) + (amount or 0)
        return key[1]

    def _use(self, row: Row, user: str, sign: int) -> None:
        hour_ms = row.counted_ms - row.counted_ms % HOUR_MS
        key = UsageKey(hour_ms, _said(row.workgroup), user, _said(row.database), _said(row.state))
        cell = self._usage.get(key)
        if cell is None:
            cell = self._usage[key] = Usage()
        cell.queries += sign
        cell.scanned_bytes += sign * (row.scanned_bytes or 0)
        cell.billed_bytes += sign * (row.billed_bytes or 0)
        cell.cost_nanousd += sign * (row.cost_nanousd or 0)
        self._access.use(row, user, sign)

    def _tell(self, kind: str, row: Row) -> None:
        if self._known.rules.facts and row.detail is not None:
            self._facts.append(Fact(kind=kind, at=from_epoch_ms(row.counted_ms), row=row))


def _settled(row: Row) -> Row:
    """The row without what only waited for its user."""
    return row if row.detail is None and not row.tables else row._replace(detail=None, tables=())


def _said(value: str | None) -> str:
    return UNKNOWN if value is None or not value else value


def _ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)
