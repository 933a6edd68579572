"""What fold reads and what it answers: plain frozen values, no SQL."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import NamedTuple, TypeAlias

from athena_exporter.budgets import Cells, Matcher
from athena_exporter.catalog import METRICS, MetricType
from athena_exporter.pricing import Prices
from athena_exporter.records import Identity, Inventory, QueryExecution, TableEvent, Target

Labels: TypeAlias = tuple[str, ...]
SeriesKey: TypeAlias = tuple[str, Labels]
"""A metric's name and the values of its own labels."""
ShownUse: TypeAlias = tuple[str, str, str]
"""What a query did with a table, as it is exposed: database, table, mode."""

ALL_HISTOGRAMS = frozenset(metric.name for metric in METRICS if metric.type is MetricType.HISTOGRAM)
"""The names of all distributions."""
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class Phase(IntEnum):
    """How much is known of a query's execution."""

    STARTED = 0
    """Only its start was seen."""
    OPEN = 1
    """Queued or running when last read."""
    WAITING = 2
    """Final, its statistics not yet published."""
    COUNTED = 3
    """In the totals of its workgroup."""


class Attribution(IntEnum):
    """How much is known of who started a query; it matters once the query is counted."""

    PENDING = 0
    KNOWN = 1
    NOT_FOUND = 2
    """Given up: its window was read late enough and had no start."""
    SOURCE_DOWN = 3
    """Given up: for a day no identity source managed to read its window."""
    LATE = 4
    """The identity came after the query was given up."""

    @property
    def given_up(self) -> bool:
        """Whether its counters say `unattributed`."""
        return self in {Attribution.NOT_FOUND, Attribution.SOURCE_DOWN}


# A named tuple: every query is made and changed several times, and a frozen dataclass of two dozen fields takes four
# times as long for either.
class Row(NamedTuple):
    """One query as the ledger knows it, always made by keywords. Times are epoch milliseconds of AWS's clock.

    `since_ms` is the submission, or the start as CloudTrail says it until the execution is known. `sequence` is the
    transaction that first recorded the execution; `opened_above` says that the query had been submitted at or after
    the low-water mark of that moment, so that it cannot have been counted and pruned before. `waiting_since_ms` and
    `waiting_reads` tell since when and how often it was seen final without statistics. `detail` keeps the whole
    execution while an outlet still needs it. `engine_ms` and `workload` wait for the user, whose series they join;
    so do `tables`, for the cells of tables by user.
    """

    query_id: str
    phase: Phase
    since_ms: int
    attribution: Attribution = Attribution.PENDING
    unreadable: bool = False
    sequence: int | None = None
    opened_above: bool = False
    workgroup: str | None = None
    database: str | None = None
    statement_type: str | None = None
    state: str | None = None
    ended_ms: int | None = None
    waiting_since_ms: int | None = None
    waiting_reads: int = 0
    scanned_bytes: int | None = None
    billed_bytes: int | None = None
    cost_nanousd: int | None = None
    identity: Identity | None = None
    detail: QueryExecution | None = None
    engine_ms: int | None = None
    workload: str | None = None
    tables: tuple[ShownUse, ...] = ()

    @property
    def counted_ms(self) -> int:
        """The query time: its end, else its submission."""
        return self.since_ms if self.ended_ms is None else self.ended_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The configured part of counting. `label_limits` and `series_limit` bound the exposition only.

    A final query without statistics is counted as it is when AWS has shown none for `statistics_patience`, in at
    least `statistics_reads` reads: time alone proves nothing while nobody reads. `histograms` are the names of the
    distributions that are counted; `facts` says whether the outbox is told of queries.
    """

    prices: Prices
    identity_patience: timedelta = timedelta(hours=3)
    source_down_after: timedelta = timedelta(hours=24)
    statistics_patience: timedelta = timedelta(seconds=60)
    statistics_reads: int = 3
    abandon_after: timedelta = timedelta(days=45)
    label_limits: Mapping[str, int] = field(
        default_factory=lambda: {"user": 500, "database": 200, "client": 100, "table": 1_000, "workload": 1_000},
    )
    series_limit: int = 20_000
    histograms: frozenset[str] = ALL_HISTOGRAMS
    facts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the ledger holds that this batch may touch.

    `rows`: the ids of the batch, and counted ones without a user that a read of the batch may decide.
    `slots`: per budgeted label the values that own a place, and the day on which each was last used (days since 1970,
    of AWS's clock). `series`: every counter that exists. `budgets` tells which tallies a query counts for.
    """

    target: Target
    rules: Rules
    sequence: int
    low_water_ms: int
    counting_since_ms: int
    rows: Mapping[str, Row]
    rejections: Collection[str]
    slots: Mapping[str, Mapping[str, int]]
    series: Collection[SeriesKey]
    series_per_family: Mapping[str, int]
    table_events: Collection[str] = frozenset()
    budgets: Matcher = field(default_factory=lambda: Matcher(()))


# Keys are named tuples: a batch looks thousands of them up, and a dataclass is hashed in Python.
class UsageKey(NamedTuple):
    """One cell of the rollups: an hour of UTC and what the query was."""

    hour_ms: int
    workgroup: str
    user: str
    database: str
    state: str


@dataclass(slots=True, kw_only=True)
class Usage:
    """What is added to a cell (negative when a late identity moves a query away). Only fold writes it."""

    queries: int = 0
    scanned_bytes: int = 0
    billed_bytes: int = 0
    cost_nanousd: int = 0


TypeKey: TypeAlias = tuple[int, str, str, str]
"""One cell of the rollups by statement type: a UTC day in epoch milliseconds, workgroup, statement type, state."""


@dataclass(slots=True, kw_only=True)
class TypeSums:
    """What is added to such a cell. Only fold writes it."""

    queries: int = 0
    scanned_bytes: int = 0
    total_ms: int = 0


class TableCell(NamedTuple):
    """One cell of the rollups of tables: a UTC day, what was done with which table, and who did it."""

    day_ms: int
    database: str
    table: str
    mode: str
    user: str


@dataclass(slots=True, kw_only=True)
class TableSums:
    """What is added to such a cell; `last_ms` is the newest success among it. Only fold writes it."""

    queries: int = 0
    last_ms: int | None = None


BudgetUsage: TypeAlias = Mapping[Cells, Mapping[str, Sequence[int]]]
"""What is added to budgets, by the cells that it is added to: subject -> bytes and nanodollars."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that happened, for the outbox.

    `query` (finished, with its user) and `identity` (a late one) have a row, `access` (CloudTrail named a table)
    has an event, `budget` and `guard` a body: JSON that holds all there is to tell.
    """

    kind: str
    at: datetime
    row: Row | None = None
    event: TableEvent | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one batch does to the ledger, all of it or nothing."""

    rows: Sequence[Row]
    dropped: Collection[str]
    deltas: Counter[SeriesKey]
    usage: Mapping[UsageKey, Usage]
    rejections: Mapping[str, int]
    slots: Collection[tuple[str, str]]
    facts: Sequence[Fact]
    types: Mapping[TypeKey, TypeSums] = field(default_factory=dict)
    inventories: Collection[Inventory] = ()
    table_usage: Mapping[TableCell, TableSums] = field(default_factory=dict)
    table_reads: Mapping[tuple[str, str], int] = field(default_factory=dict)
    table_events: Mapping[str, int] = field(default_factory=dict)
    budget_usage: BudgetUsage = field(default_factory=dict)
