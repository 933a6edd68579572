"""Samples of a busy account for the page at `/`: every section has something to show, hostile names included."""

from collections.abc import Iterator
from datetime import UTC, datetime

from athena_exporter import catalog
from athena_exporter.catalog import NANO, Metric
from athena_exporter.records import Sample, Target

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
IRELAND = Target(account_id="123456789012", region="eu-west-1")
OREGON = Target(account_id="123456789012", region="us-west-2")
GIB = 2**30
SCRIPT = '<script>alert("x")</script>\' onmouseover="alert(1)'
TURNED = "eve\u202egnp.exe"
ENDLESS = "x" * 10_000


def sample(metric: Metric, *labels: str, value: float, target: Target | None = IRELAND) -> Sample:
    """One number in the ledger's units."""
    return Sample(metric=metric.name, target=target if metric.common else None, labels=labels, value=value)


def at(hours_ago: float) -> int:
    """Milliseconds since 1970 of a moment before NOW."""
    return round((NOW.timestamp() - hours_ago * 3600) * 1000)


def spent(window: str, who: str, *, queries: int, gib: float, by: str = "user") -> Iterator[Sample]:
    """What a user or a workgroup came to in a window, at 5 dollars a TiB."""
    metrics = (
        (catalog.USER_WINDOW_QUERIES, catalog.USER_WINDOW_SCANNED_BYTES, catalog.USER_WINDOW_COST_USD)
        if by == "user"
        else (catalog.WINDOW_QUERIES, catalog.WINDOW_SCANNED_BYTES, catalog.WINDOW_COST_USD)
    )
    for metric, value in zip(metrics, (queries, round(gib * GIB), round(gib / 1024 * 5 * NANO)), strict=True):
        yield sample(metric, window, who, value=value)


def source(name: str, *, up: int, hours_ago: float, lag: float = 4.2) -> Iterator[Sample]:
    """A source that was last read some time ago."""
    yield sample(catalog.SOURCE_UP, name, value=up)
    yield sample(catalog.SOURCE_LAST_SUCCESS, name, value=at(hours_ago))
    yield sample(catalog.SOURCE_COMPLETE_UNTIL, name, value=at(hours_ago + 0.1))
    yield sample(catalog.SOURCE_LAG, name, value=lag)
    yield sample(catalog.SOURCE_DURATION, name, value=0.21)
    yield sample(catalog.MALFORMED_RECORDS, name, value=0)


def busy() -> list[Sample]:
    """Everything at once."""
    return [*_health(), *_people(), *_workgroups(), *_process()]


def _health() -> Iterator[Sample]:
    yield from source("athena", up=1, hours_ago=0.002)
    yield from source("lookup", up=0, hours_ago=1.5, lag=5100)
    yield from source("cloudwatch", up=1, hours_ago=0.01, lag=130)
    yield sample(catalog.SOURCE_ERRORS, "lookup", "throttled", value=12)
    yield sample(catalog.SOURCE_ERRORS, "lookup", "denied", value=1)
    yield sample(catalog.CATCHING_UP, value=1)
    yield sample(catalog.COUNTING_SINCE, value=at(24 * 12.3))
    yield sample(catalog.PENDING_QUERIES, value=1)
    yield sample(catalog.PENDING_BYTES, value=3 * GIB)
    yield sample(catalog.UNATTRIBUTED_QUERIES, "not_found", value=3)
    yield sample(catalog.UNATTRIBUTED_BYTES, "not_found", value=12_345)
    yield sample(catalog.UNATTRIBUTED_QUERIES, "source_down", value=0)
    yield sample(catalog.CATCHING_UP, value=0, target=OREGON)


def _people() -> Iterator[Sample]:
    people = [
        "efield",
        SCRIPT,
        TURNED,
        ENDLESS,
        "pending",
        "unattributed",
        "other",
        "airflow-prod",
        "\u05d3\u05d5\u05d3",
    ]
    for number, user in enumerate([*people, *(f"analyst-{n:02}" for n in range(30))]):
        yield from spent("today", user, queries=3 + number, gib=900 / (number + 1))
        yield from spent("month", user, queries=90 + number, gib=50_000 / (number + 1))
    yield sample(catalog.USER_INFO, "efield", "alpha_user_efield", "person", value=1)
    yield sample(catalog.USER_INFO, "airflow-prod", SCRIPT, "service", value=1)


def _workgroups() -> Iterator[Sample]:
    for number, workgroup in enumerate(["primary", "dbt-dev", "airflow-prod", SCRIPT, "quicksight", "other"]):
        yield from spent("today", workgroup, queries=30 + number, gib=500 / (number + 1), by="workgroup")
        yield from spent("month", workgroup, queries=900 + number, gib=9_000 / (number + 1), by="workgroup")
        for state in ("queued", "running"):
            yield sample(catalog.RUNNING_QUERIES, workgroup, state, value=number)
        yield sample(catalog.WORKGROUP_INFO, workgroup, "enabled", "v3", "true", "true", value=1)
    yield sample(catalog.WORKGROUP_CUTOFF_BYTES, "dbt-dev", value=100 * GIB)
    yield sample(catalog.ACTIVE_QUERIES, "DML", value=137)
    yield sample(catalog.ACTIVE_QUERY_QUOTA, "DML", "service_quotas", value=150)
    yield sample(catalog.ACTIVE_QUERY_QUOTA, "DDL", "published_default", value=20)


def _process() -> Iterator[Sample]:
    yield sample(catalog.BUILD_INFO, "9.9.9", "3.11.2", value=1)
    yield sample(catalog.OUTBOX_DEPTH, "events", value=1234)
    yield sample(catalog.OUTBOX_DROPPED, "events", value=0)
    yield sample(catalog.OUTBOX_OLDEST_AGE, "events", value=95_000)
    yield sample(catalog.EVENTS_ACCEPTED, "/athena-observability/queries", value=1_234_567)
    yield sample(catalog.EVENTS_RESENT, "/athena-observability/queries", value=3)
    yield sample(catalog.EVENTS_REJECTED, "/athena-observability/queries", "too_old", value=2)
    for operation, calls, usd in (("ListQueryExecutions", 900, 0), ("GetMetricData", 60, 60_000_000)):
        service = "athena" if operation.startswith("List") else "monitoring"
        yield sample(catalog.AWS_REQUESTS, service, operation, "ok", value=calls)
        yield sample(catalog.AWS_REQUESTS, service, operation, "ThrottlingException", value=4)
        yield sample(catalog.AWS_COST_USD, service, operation, "ok", value=usd)
    yield sample(catalog.BUDGET_USED_RATIO, "daily", "efield", value=1.12)
    yield sample(catalog.BUDGET_USED_USD, "daily", "efield", value=56 * catalog.NANO)
    yield sample(catalog.BUDGET_LIMIT_USD, "daily", "efield", value=50 * catalog.NANO)
    yield sample(catalog.BUDGET_USED_RATIO, "dbt", SCRIPT, value=0.61)
    yield sample(catalog.BUDGET_USED_BYTES, "dbt", SCRIPT, value=610 * GIB)
    yield sample(catalog.BUDGET_LIMIT_BYTES, "dbt", SCRIPT, value=1000 * GIB)
    yield sample(catalog.BUDGET_SUBJECTS, "daily", "exceeded", value=1)
