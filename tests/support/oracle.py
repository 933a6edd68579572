"""The brute-force count: what the ledger must hold, from everything ever delivered, with sets and loops only.

It shares no code with fold. It walks the deliveries in order, because giving up depends on what was read when.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from athena_exporter.records import (
    Batch,
    CapacityMinutes,
    Evidence,
    FailedStart,
    QueryExecution,
    Read,
    SettledMinutes,
    StartedQuery,
)

PATIENCE = timedelta(hours=3)
SOURCE_DOWN = timedelta(hours=24)
STATISTICS = timedelta(seconds=60)


@dataclass
class Oracle:
    """Everything delivered so far. `counting_since` and `low_water` are the gates of a fresh ledger."""

    counting_since: datetime
    low_water: datetime
    counted: dict[str, QueryExecution] = field(default_factory=dict)
    who: dict[str, str] = field(default_factory=dict)
    given_up: set[str] = field(default_factory=set)
    late: set[str] = field(default_factory=set)
    first_without_statistics: dict[str, datetime] = field(default_factory=dict)
    reads_without_statistics: Counter[str] = field(default_factory=Counter)
    remembered: set[str] = field(default_factory=set)
    rejected: set[str] = field(default_factory=set)
    settled: list[SettledMinutes] = field(default_factory=list)
    capacity: list[CapacityMinutes] = field(default_factory=list)

    def deliver(self, batch: Batch) -> None:
        for record in batch.records:
            if isinstance(record, QueryExecution):
                self._execution(record, batch.observed_at)
            elif isinstance(record, StartedQuery):
                self._start(record)
            elif isinstance(record, FailedStart) and record.started_at >= self.counting_since:
                self.rejected.add(record.event_id)
            elif isinstance(record, SettledMinutes):
                self.settled.append(record)
            elif isinstance(record, CapacityMinutes):
                self.capacity.append(record)
        for read in batch.reads:
            undecided = self.counted.keys() - self.who.keys() - self.given_up
            self.given_up |= {query_id for query_id in undecided if _gives_up(read, self.counted[query_id])}

    def _execution(self, execution: QueryExecution, observed_at: datetime) -> None:
        query_id = execution.query_id
        if query_id in self.counted:
            return
        if not execution.state.final:
            self._remember(execution)
            return
        if query_id not in self.remembered and execution.counted_at < self.low_water:
            return
        self._remember(execution)
        if execution.has_statistics:
            self.counted[query_id] = execution
            return
        self.reads_without_statistics[query_id] += 1
        first = self.first_without_statistics.setdefault(query_id, observed_at)
        if observed_at - first >= STATISTICS and self.reads_without_statistics[query_id] >= 3:
            self.counted[query_id] = execution

    def _remember(self, execution: QueryExecution) -> None:
        if execution.submitted_at >= self.low_water:
            self.remembered.add(execution.query_id)

    def _start(self, start: StartedQuery) -> None:
        if start.query_id not in self.who:
            self.who[start.query_id] = start.identity.user
            if start.query_id in self.given_up:
                self.late.add(start.query_id)

    # -- what the ledger must expose -----------------------------------------------------------------------------

    def _in_counters(self) -> dict[str, QueryExecution]:
        return {q: e for q, e in self.counted.items() if e.counted_at >= self.counting_since}

    def by_workgroup(self) -> Counter[tuple[str, str, str]]:
        return Counter(
            (e.workgroup, e.statement_type or "unknown", e.state.value) for e in self._in_counters().values()
        )

    def bytes_by_workgroup(self) -> Counter[tuple[str, str, str]]:
        total: Counter[tuple[str, str, str]] = Counter()
        for e in self._in_counters().values():
            total[e.workgroup, e.statement_type or "unknown", e.state.value] += e.scanned_bytes or 0
        return total

    def values(self, field_name: str) -> dict[tuple[str, str], list[int]]:
        """By workgroup and statement type, every value that a histogram must have observed."""
        found: dict[tuple[str, str], list[int]] = {}
        for e in self._in_counters().values():
            value = getattr(e, field_name)
            if value is not None:
                found.setdefault((e.workgroup, e.statement_type or "unknown"), []).append(value)
        return found

    def failures(self) -> Counter[str]:
        """By the error's name; the names stand here a second time, by hand."""
        names = {1110: "table_not_found", 206: "timeout", 4711: "other"}
        return Counter(
            "unknown" if e.error is None or e.error.type is None else names[e.error.type]
            for e in self._in_counters().values()
            if e.state == "failed"
        )

    def guard_rails(self) -> tuple[int, int]:
        """How many queries hit the cutoff, and how many reused a result."""
        counted = self._in_counters().values()
        return sum(e.cutoff_hit for e in counted), sum(e.result_reused is True for e in counted)

    def reserved_dpu_ms(self) -> int:
        """Every DPU count of the universe times two is whole: so the half is rounded up without fractions."""
        return sum(
            (int(e.dpu_count * 2) * e.engine_ms + 1) // 2
            for e in self._in_counters().values()
            if e.dpu_count is not None and e.engine_ms is not None
        )

    def executions(self) -> Counter[tuple[str, str, str]]:
        """Executions by workgroup, statement type and state, whether counters hold them or not."""
        return Counter((e.workgroup, e.statement_type or "unknown", e.state.value) for e in self.counted.values())

    def cloudwatch(self, field_name: str) -> Counter[tuple[str, str, str]]:
        """What CloudWatch counted, by workgroup, type and state."""
        found: Counter[tuple[str, str, str]] = Counter()
        for one in self.settled:
            found[one.workgroup, one.query_type, one.query_state] += getattr(one, field_name) or 0
        return found

    def counter_user(self, query_id: str) -> str | None:
        """The user a counter gives the query to; None while it is pending."""
        return "unattributed" if query_id in self.given_up else self.who.get(query_id)

    def by_user(self) -> Counter[str]:
        users = (self.counter_user(query_id) for query_id in self._in_counters())
        return Counter(user for user in users if user is not None)

    def pending(self) -> int:
        return sum(self.counter_user(query_id) is None for query_id in self._in_counters())

    def window(self, since: datetime, until: datetime) -> Counter[str]:
        """Queries per user by query time: late identities are believed here."""
        total: Counter[str] = Counter()
        for query_id, e in self.counted.items():
            if since <= e.counted_at < until:
                fallback = "unattributed" if query_id in self.given_up else "pending"
                total[self.who.get(query_id, fallback)] += 1
        return total


def _gives_up(read: Read, execution: QueryExecution) -> bool:
    age = read.begun_at - execution.submitted_at
    if read.evidence is Evidence.EXECUTIONS:
        return age >= SOURCE_DOWN
    return read.since <= execution.submitted_at < read.until and age >= PATIENCE
