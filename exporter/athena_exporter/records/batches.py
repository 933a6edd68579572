"""How records travel: in batches towards the ledger, as samples and rows out of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from athena_exporter.records.queries import FailedStart, Mode, QueryExecution, StartedQuery, TableEvent, UnreadableQuery
from athena_exporter.records.words import UNKNOWN, State, Target
from athena_exporter.records.workgroups import CapacityMinutes, Inventory, SettledMinutes

Record: TypeAlias = (
    StartedQuery
    | FailedStart
    | QueryExecution
    | UnreadableQuery
    | TableEvent
    | SettledMinutes
    | CapacityMinutes
    | Inventory
)


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
    `messages` counts what a queue's messages came to, by result, `files` the same of CloudTrail's files; `missed` the
    queries whose end was announced by no event, None where nobody listens to events. `asked` has the bytes that AWS
    bills of questions to Athena, by what they were asked for; `untold` counts what no other source told, by what it is.
    """

    source: str
    target: Target
    observed_at: datetime
    records: tuple[Record, ...] = ()
    reads: tuple[Read, ...] = ()
    cursors: Mapping[str, str] = field(default_factory=dict)
    malformed: int = 0
    messages: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, int] = field(default_factory=dict)
    missed: int | None = None
    asked: Mapping[str, int] = field(default_factory=dict)
    untold: Mapping[str, int] = field(default_factory=dict)


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
    `target`, which is None only for metrics of the process as a whole. `tags` are labels beyond the catalogue's,
    name and value, for the one metric that the configuration may give some (catalog.Metric.tag_prefix).
    For a histogram `metric` is the name of a part of it: `..._bucket` (labels end with the bucket's upper bound as a
    decimal integer in ledger units or `+Inf`; the value is not cumulative) or `..._sum`.
    """

    metric: str
    target: Target | None
    labels: tuple[str, ...]
    value: int | float
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRow:
    """What one user's queries of one state, workgroup and database came to over a range of the ledger's rollups.

    `user` may be `pending` or `unattributed`. The bytes leave out queries whose statistics AWS never published.
    `account` is an account's id, or what people call it.
    """

    user: str
    workgroup: str
    database: str
    state: State
    queries: int
    scanned_bytes: int
    billed_bytes: int
    cost_nanousd: int
    account: str = UNKNOWN
    region: str = UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class TableUsageRow:
    """What one user's queries did with one table in one way over a range of the ledger's days.

    `user` may be `pending` or `unattributed`. `last_succeeded_at` is None where none of them succeeded.
    """

    database: str
    table: str
    mode: Mode
    user: str
    queries: int
    last_succeeded_at: datetime | None
