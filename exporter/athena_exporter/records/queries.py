"""What sources tell of queries: their starts, their executions, the tables they touch."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from athena_exporter.records.words import Identity, State


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedQuery:
    """One accepted StartQueryExecution: the only place where AWS says who it was.

    `workload` is the job that the user agent or the session name tells; what the SQL's comments tell goes before it.
    """

    query_id: str
    event_id: str
    started_at: datetime
    account_id: str
    region: str
    workgroup: str | None
    identity: Identity
    workload: str | None = None


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


class Mode(StrEnum):
    """What a statement does with a table. METADATA never claims that data was read."""

    READ = "read"
    WRITE = "write"
    DDL = "ddl"
    METADATA = "metadata"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class TableUse:
    """One table and one mode of a statement; lower case. `via_view`: the view `database.view` that led to it."""

    catalog: str
    database: str
    table: str
    mode: Mode
    via_view: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryExecution:
    """One query execution as BatchGetQueryExecution told it, at one moment.

    `database` is the one database that the SQL names, `multiple` if there are several, and the context's default
    where the SQL names none or could not be parsed (`unparsed` then says why). `substatement_type` is
    `EXPLAIN_ANALYZE` where the SQL says so, because AWS bills that one UTILITY statement.
    `dpu_count` is present only for queries on a capacity reservation. `sql_digest` is the SHA-256 of the SQL;
    `sql_text` is what the setting `events.query_text` lets out of the source: None, redacted, or the SQL itself.
    `workload` is the job that the SQL's comments tell (`dbt:model.shop.orders`).
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
    sql_text: str | None = None
    tables: tuple[TableUse, ...] = ()
    unparsed: str | None = None
    workload: str | None = None

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


class Origin(StrEnum):
    """Where the knowledge of a table access comes from."""

    SQL = "sql"
    LAKE_FORMATION = "lakeformation"
    GLUE = "glue"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableEvent:
    """One CloudTrail event that names a table: Lake Formation's GetDataAccess, or a call to Glue's catalogue.

    `query_id` is what the audit context tells, None where there is none. `database` and `table` are lower case;
    `table` is None where the call named a database alone (GetTables).
    """

    event_id: str
    at: datetime
    account_id: str
    region: str
    api: str
    origin: Origin
    mode: Mode
    identity: Identity
    query_id: str | None
    catalog: str
    database: str | None
    table: str | None
