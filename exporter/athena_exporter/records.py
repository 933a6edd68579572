"""The product's own words: what every source delivers and everything to the right of it reads.

Stage: AWS -> sources/ -> **records** -> fold -> ledger -> outlets. Standard library only. Every record is frozen
and keyword-only, carries its units in its names, and says None where AWS said nothing (never 0).
All times are aware and UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeAlias

UNKNOWN = "unknown"
"""The label value of something AWS did not tell."""
OTHER = "other"
"""The label value that takes what a label budget has no room for."""
UNATTRIBUTED = "unattributed"
"""The user of a query whose start no identity source ever saw."""
PENDING = "pending"
"""The user, in windows only, of a query whose start may still be seen."""


def epoch_ms(at: datetime) -> int:
    """Whole milliseconds since 1970 of an aware time, exact (no float on the way)."""
    delta = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


def from_epoch_ms(milliseconds: int) -> datetime:
    """The aware UTC time of `epoch_ms`'s answer."""
    seconds, rest = divmod(milliseconds, 1000)
    return datetime.fromtimestamp(seconds, tz=UTC).replace(microsecond=rest * 1000)


class State(StrEnum):
    """A query's state, lower case; AWS's CANCELED and CANCELLED are one word here."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether no later read can change it. RUNNING may return to QUEUED; FAILED is terminal."""
        return self in {State.SUCCEEDED, State.FAILED, State.CANCELLED}


class Kind(StrEnum):
    """What sort of subject an identity is."""

    PERSON = "person"
    SERVICE = "service"
    ROLE = "role"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Target:
    """One account in one Region, as STS resolved it: the first part of every key."""

    account_id: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who started a query. `user` is the label; `client` is the tool (`dbt-athena`, `console`, ...)."""

    user: str
    role: str | None
    kind: Kind
    client: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedQuery:
    """One accepted StartQueryExecution: the only place where AWS says who it was."""

    query_id: str
    event_id: str
    started_at: datetime
    account_id: str
    region: str
    workgroup: str | None
    identity: Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedStart:
    """One refused StartQueryExecution: it has no query id and is counted by its event id."""

    event_id: str
    started_at: datetime
    account_id: str
    region: str
    workgroup: str | None
    identity: Identity
    error_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryError:
    """AthenaError: `category` 1 system, 2 user, 3 other; `type` a number of AWS's error reference."""

    category: int | None
    type: int | None
    retryable: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryExecution:
    """One query execution as BatchGetQueryExecution told it, at one moment.

    `database` is the context's default as long as the SQL is not parsed. `substatement_type` is
    `EXPLAIN_ANALYZE` where the SQL says so, because AWS bills that one UTILITY statement.
    `dpu_count` is present only for queries on a capacity reservation. `sql_digest` is the SHA-256 of the SQL.
    """

    query_id: str
    workgroup: str
    state: State
    submitted_at: datetime
    ended_at: datetime | None = None
    catalog: str | None = None
    database: str | None = None
    statement_type: str | None = None
    substatement_type: str | None = None
    scanned_bytes: int | None = None
    queue_ms: int | None = None
    planning_ms: int | None = None
    engine_ms: int | None = None
    service_pre_ms: int | None = None
    service_ms: int | None = None
    total_ms: int | None = None
    dpu_count: float | None = None
    result_reused: bool | None = None
    error: QueryError | None = None
    cutoff_hit: bool = False
    sql_digest: str | None = None
    tables: tuple[str, ...] = ()

    @property
    def counted_at(self) -> datetime:
        """The query time: its end, else its submission."""
        return self.ended_at or self.submitted_at

    @property
    def has_statistics(self) -> bool:
        """Whether AWS has published statistics yet (they may follow the final state by seconds)."""
        return self.scanned_bytes is not None or self.total_ms is not None or self.engine_ms is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableQuery:
    """An id that BatchGetQueryExecution would not tell (UnprocessedQueryExecutionIds), and why."""

    query_id: str
    reason: str


Record: TypeAlias = StartedQuery | FailedStart | QueryExecution | UnreadableQuery


class Evidence(StrEnum):
    """What a completed read proves."""

    EXECUTIONS = "executions"
    IDENTITIES = "identities"


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A window read to its end. `begun_at` is AWS's clock (the Date header), never ours.

    EXECUTIONS: every query that ended in [since, until) has been delivered. IDENTITIES: every start in
    [since, until) that the service could show at `begun_at` has been delivered.
    """

    evidence: Evidence
    since: datetime
    until: datetime
    begun_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What is committed in one transaction: records, the reads they complete, and where the source stands.

    `cursors` are the source's own words, keyed by its own names; they move with the records or not at all.
    `observed_at` is AWS's clock at the call that brought the records; `malformed` counts what could not be read.
    """

    source: str
    target: Target
    observed_at: datetime
    records: tuple[Record, ...] = ()
    reads: tuple[Read, ...] = ()
    cursors: Mapping[str, str] = field(default_factory=dict)
    malformed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """An id whose final execution is not known yet; `unreadable` if AWS refused to tell it the last time."""

    query_id: str
    since: datetime
    unreadable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One number on its way to the exposition, in the ledger's integer units (catalog.Metric.scale divides).

    `labels` are the values of the metric's own labels, in the catalogue's order; the common labels come from
    `target`, which is None only for metrics of the process as a whole.
    """

    metric: str
    target: Target | None
    labels: tuple[str, ...]
    value: int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRow:
    """What one user's queries of one state, workgroup and database came to over a range of the ledger's rollups.

    `user` may be `pending` or `unattributed`. The bytes leave out queries whose statistics AWS never published.
    """

    user: str
    workgroup: str
    database: str
    state: State
    queries: int
    scanned_bytes: int
    billed_bytes: int
    cost_nanousd: int
