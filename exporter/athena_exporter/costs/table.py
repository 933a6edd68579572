"""The table "what we cost you" of docs/metrics.md.

Stage: estimate -> **table** -> outlets/reference.py.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from athena_exporter.config.sources import (
    CloudWatchMetric,
    CloudWatchSettings,
    EventBridgeSettings,
    SourcesSettings,
    SystemTableSettings,
)
from athena_exporter.costs.estimate import Calls, Facts, estimate, peer

WORKGROUPS = (10, 60, 200)
"""The sizes of accounts that the table shows."""

_QUEUE = "https://sqs.{region}.amazonaws.com/{account_id}/events"
_EVENTS = "defaults, `eventbridge` on"
_TABLE = "defaults, `system_table` on"
_CONFIGURATIONS: Mapping[str, CloudWatchSettings] = {
    "defaults": CloudWatchSettings(),
    _EVENTS: CloudWatchSettings(),
    _TABLE: CloudWatchSettings(),
    "`cloudwatch` on": CloudWatchSettings(enabled=True),
    "`cloudwatch` on, `active_queries: 0s`": CloudWatchSettings(enabled=True, active_queries=timedelta(0)),
    "`cloudwatch` on, `interval: 1h`": CloudWatchSettings(enabled=True, interval=timedelta(hours=1)),
    "`cloudwatch` on, `metrics: [total_time]`": CloudWatchSettings(
        enabled=True, metrics=(CloudWatchMetric.TOTAL_TIME,)
    ),
    "`cloudwatch` on, all seven `metrics`": CloudWatchSettings(enabled=True, metrics=tuple(CloudWatchMetric)),
}
_HEADINGS = (
    "Workgroups",
    "Configuration",
    "Requests an hour, free",
    "Requests an hour, billed",
    "Metrics an hour",
    "US dollars an hour",
    "US dollars a month",
    "Beside YACE",
)
_HOURS_A_MONTH = 730
_QUERIES_PER_HOUR = 1_000


def table() -> str:
    """Markdown: a row for every size and configuration, and the peer's row below each size. No newline at the end."""
    rows = [row for workgroups in WORKGROUPS for row in _rows(workgroups)]
    return "\n".join(_line(cells) for cells in (_HEADINGS, ("---:", "---", *["---:"] * 6), *rows))


def _rows(workgroups: int) -> Iterable[tuple[str, ...]]:
    other = peer(workgroups)
    facts = Facts(workgroups=workgroups, queries_per_hour=_QUERIES_PER_HOUR)
    for name, cloudwatch in _CONFIGURATIONS.items():
        events = EventBridgeSettings(enabled=name == _EVENTS, queue_url=_QUEUE)
        own = SystemTableSettings(enabled=name == _TABLE, workgroup="questions")
        calls = estimate(facts, SourcesSettings(cloudwatch=cloudwatch, eventbridge=events, system_table=own))
        yield _row(workgroups, name, calls, other)
    yield _row(workgroups, "YACE, seven metrics every 300 s", {("cloudwatch", "GetMetricData"): other}, other)


def _row(workgroups: int, name: str, calls: Mapping[tuple[str, str], Calls], other: Calls) -> tuple[str, ...]:
    billed = [each for each in calls.values() if each.usd]
    usd = sum(each.usd for each in billed)
    metrics = sum(each.units for (_, operation), each in calls.items() if operation == "GetMetricData")
    return (
        str(workgroups),
        name,
        f"{sum(each.requests for each in calls.values() if not each.usd):,.0f}",
        f"{sum(each.requests for each in billed):,.0f}",
        f"{metrics:,.0f}",
        f"{usd:.4f}" if usd else "0",
        f"{usd * _HOURS_A_MONTH:,.2f}" if usd else "0",
        f"{usd / other.usd:.0%}",
    )


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
