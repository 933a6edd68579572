"""Everything that can be set about an embedded account, with realistic defaults.

Stage: the command line or a test writes a `Settings`; every other module reads it. Nothing here touches the clock.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from itertools import chain
from typing import Any

from athena_testbed.world.catalogue import DATABASES

ACCOUNT_ID = "123456789012"
"""The account of the company: the one that moto's STS answers, so that everything speaks of one account."""
CAPACITY_DIMENSIONS = ("Capacity Reservation", "CapacityReservation")
"""What the wire says, and what AWS's documents say."""


class Rhythm(StrEnum):
    """Where the working day and the weekend show."""

    HISTORY = "history"
    ALWAYS = "always"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One embedded account. The same settings and the same start time give the same account.

    Attributes:
        seed: chooses the company and its queries.
        region: the one Region that holds the company; every other Region answers as an empty account.
        users: how many people there are (at least 40).
        queries_per_minute: how fast new queries arrive from the start on; 0 for none.
        max_queries: stop after this many new queries, refused starts not counted; None for no end.
        history: how far the past reaches back from the start.
        history_queries_per_day: how many queries a day of that past had.
        rhythm: `history` gives the past working days and weekends and lets new queries come steadily.
        time_scale: multiplies how long queries take: 1 is realistic, 0.01 suits a test.
        statistics_delay: the longest time that statistics appear after the final state.
        missing_statistics: the share of finished queries whose statistics never appear.
        cloudtrail_delay: the median delay until LookupEvents shows an event; single ones take up to 20 times as long.
        duplicate_events: the share of events that CloudTrail delivers twice, with one eventID.
        disordered_events: the share of events that a page shows up to 15 seconds out of order.
        lost_events: the share of events that CloudTrail never delivers.
        state_change_delay: the median delay until EventBridge sends "Athena Query State Change".
        api_event_delay: the median delay until EventBridge sends what CloudTrail has recorded.
        lost_changes: the share of state changes whose event is never sent.
        duplicate_changes: the share of state changes whose event is sent twice.
        disordered_changes: the share of state changes whose event comes up to 15 delays later than its like.
        lost_calls: the share of what CloudTrail has recorded that EventBridge never sends.
        duplicate_calls: the share of it that EventBridge sends twice.
        routes_from_start: whether the first rule and the first trail are taken to be as old as the account.
        longest_hidden: for how long a queue hides a received message at most, whatever was asked; None: as asked.
        failed_starts: the share of StartQueryExecution calls that Athena refuses.
        rates: scales the published token buckets: 1 is real, 2 twice as generous, None none at all.
        dml_quota: how many DML queries may be active before StartQueryExecution is refused.
        workgroups: how many workgroups there are (at least 15); beyond the named ones `team-016`, `team-017`, ...
        cloudwatch_delay: how long after a query's end CloudWatch has its data points.
        listmetrics_delay: how long after its first data point ListMetrics names a metric.
        capacity_dimension: how CloudWatch spells the dimension of a reservation; AWS's documents have both spellings.
        insights_delay: how long a Logs Insights query takes.
        governed_database: the database whose tables Lake Formation governs; "" for none.
        catalogue_events: the share of queries for which CloudTrail tells what Athena asked of Glue; a third of it is
            the share beside which somebody only looks at the catalogue.
        trail_interval: how often a trail that logs writes a file of what has become visible meanwhile.
        trail_noise: how many records of other services stand in such a file beside each of ours.
        runs_sql: whether StartQueryExecution runs SQL over tables that statements made from files in S3, with rows and
            errors to see; needs the group `testbed-sql`. Queries of the company's own tables stay played.
        sql_takes: how long such a query takes; times are played, whatever DuckDB needed.
        bare_workgroups: workgroups without a place for results: each question has to bring its own.
        system_table: whether Athena's system tables are on; their rows are served where `runs_sql` is on, too.
        system_table_delay: the longest time until a row is written after its query's end (AWS tells none).
        system_table_without: columns that the table has not: no recording tells which it really has.
        denied_tables: `database.table` of such tables that Lake Formation keeps from whoever asks.
        clock_skew: how far the account's clock is ahead of this machine's.
        faults: the first fault plan (see `faults.FaultPlan`).
    """

    seed: int = 7
    region: str = "eu-west-1"
    users: int = 48
    queries_per_minute: float = 60.0
    max_queries: int | None = None
    history: timedelta = timedelta(0)
    history_queries_per_day: float = 30_000.0
    rhythm: Rhythm = Rhythm.HISTORY
    time_scale: float = 1.0
    statistics_delay: timedelta = timedelta(seconds=1.5)
    missing_statistics: float = 0.0
    cloudtrail_delay: timedelta = timedelta(seconds=300)
    duplicate_events: float = 0.02
    disordered_events: float = 0.03
    lost_events: float = 0.001
    state_change_delay: timedelta = timedelta(seconds=1)
    api_event_delay: timedelta = timedelta(seconds=120)
    lost_changes: float = 0.001
    duplicate_changes: float = 0.01
    disordered_changes: float = 0.02
    lost_calls: float = 0.0
    duplicate_calls: float = 0.0
    routes_from_start: bool = False
    longest_hidden: timedelta | None = None
    failed_starts: float = 0.01
    rates: float | None = 1.0
    dml_quota: int = 150
    workgroups: int = 15
    cloudwatch_delay: timedelta = timedelta(minutes=2)
    listmetrics_delay: timedelta = timedelta(minutes=15)
    capacity_dimension: str = "Capacity Reservation"
    insights_delay: timedelta = timedelta(milliseconds=200)
    governed_database: str = "finance"
    catalogue_events: float = 0.3
    trail_interval: timedelta = timedelta(minutes=5)
    trail_noise: int = 3
    runs_sql: bool = False
    sql_takes: timedelta = timedelta(milliseconds=100)
    bare_workgroups: tuple[str, ...] = ()
    system_table: bool = False
    system_table_delay: timedelta = timedelta(minutes=5)
    system_table_without: tuple[str, ...] = ()
    denied_tables: tuple[str, ...] = ()
    clock_skew: timedelta = timedelta(0)
    faults: tuple[Mapping[str, Any], ...] = field(default=())

    def __post_init__(self) -> None:
        """Refuse what no account can be.

        Raises:
            ValueError: naming the setting and what it may be.
        """
        problem = next(chain(_numbers(self), _bounds(self), _names(self)), None)
        if problem is not None:
            raise ValueError(problem)


def _numbers(settings: Settings) -> Iterator[str]:
    if settings.users < 40:
        yield f"users is {settings.users}; the company has at least 40"
    if not 15 <= settings.workgroups <= 1000:
        yield f"workgroups is {settings.workgroups}; the company has 15, and AWS allows 1000"
    if settings.time_scale <= 0:
        yield f"time_scale is {settings.time_scale}; it must be above 0"
    if settings.rates is not None and settings.rates <= 0:
        yield f"rates is {settings.rates}; it must be above 0, or off"


def _bounds(settings: Settings) -> Iterator[str]:
    shares = ("duplicate_events", "disordered_events", "lost_events", "failed_starts", "missing_statistics")
    changes = ("lost_changes", "duplicate_changes", "disordered_changes", "lost_calls", "duplicate_calls")
    for name in (*shares, *changes, "catalogue_events"):
        if not 0 <= getattr(settings, name) <= 1:
            yield f"{name} is {getattr(settings, name)}; it is a share between 0 and 1"
    for name in ("queries_per_minute", "history_queries_per_day"):
        if getattr(settings, name) < 0:
            yield f"{name} is {getattr(settings, name)}; it can't be negative"
    for name in (
        "cloudwatch_delay", "listmetrics_delay", "insights_delay", "state_change_delay", "api_event_delay",
        "sql_takes", "system_table_delay",
    ):  # fmt: skip  # names
        if getattr(settings, name) < timedelta(0):
            yield f"{name} is {getattr(settings, name)}; it can't be negative"


def _names(settings: Settings) -> Iterator[str]:
    if settings.capacity_dimension not in CAPACITY_DIMENSIONS:
        yield f"capacity_dimension is {settings.capacity_dimension!r}; it is one of {', '.join(CAPACITY_DIMENSIONS)}"
    if settings.governed_database and settings.governed_database not in DATABASES:
        yield f"governed_database is {settings.governed_database!r}; it is one of {', '.join(DATABASES)}"
