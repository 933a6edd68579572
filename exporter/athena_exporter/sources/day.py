"""What CloudWatch counted of one UTC day, for `athena-exporter verify`.

Stage: CloudWatch -> **day** -> cli. A person asks for it, so it costs what it says: two metrics a series.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from athena_exporter.config.sources import CloudWatchMetric
from athena_exporter.records import State
from athena_exporter.sources.answers import Clock
from athena_exporter.sources.cloudwatch.data import Points, Reading, read
from athena_exporter.sources.cloudwatch.series import (
    COUNT,
    DIMENSIONS,
    NAMES,
    SUM,
    Series,
    list_metrics,
    query_series,
)
from athena_exporter.sources.session import CloudWatchApi

DAY = timedelta(days=1)
DML = "DML"
"""The one type that is compared: CloudWatch has no bytes of the others."""
_HOUR = timedelta(hours=1)
# ListMetrics forgets after two weeks; these states of a workgroup are asked for whatever it lists.
_STATES = ("SUCCEEDED", "FAILED", "CANCELED")


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCount:
    """What CloudWatch has of one workgroup's DML queries of one final state; bytes None where it has no value."""

    workgroup: str
    state: State
    queries: int
    processed_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day as CloudWatch tells it. `listed`: workgroups of which it has any metric. `metrics`: what AWS bills."""

    observed_at: datetime
    counts: Sequence[DayCount]
    listed: frozenset[str]
    metrics: int
    incomplete: int


def read_day(client: CloudWatchApi, day: datetime, workgroups: Collection[str], *, clock: Clock) -> Day:
    """The DML queries that CloudWatch counted in the UTC day that begins at `day`.

    Args:
        client: CloudWatch's.
        day: midnight, UTC.
        workgroups: those that are asked for although CloudWatch may list them no more.
        clock: the local time, where an answer brings none.

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as AWS and botocore raise them.
    """
    name = NAMES[CloudWatchMetric.TOTAL_TIME]
    found = query_series(list_metrics(client, name, dimensions=DIMENSIONS, is_recent=False, clock=clock), ("*",))
    every = sorted({one for one in found.series if one.query_type == DML} | set(_presumed(workgroups)))
    questions = [
        question
        for series in every
        for question in (
            replace(series.question(CloudWatchMetric.TOTAL_TIME), statistics=(COUNT,)),
            replace(series.question(CloudWatchMetric.PROCESSED_BYTES), statistics=(SUM,)),
        )
    ]
    reading = read(client, questions, day, day + DAY, clock=clock, period=_HOUR)
    return Day(
        observed_at=reading.observed_at,
        counts=tuple(_counts(every, reading)),
        listed=frozenset(one.workgroup for one in found.series),
        metrics=len(questions),
        incomplete=len(reading.incomplete),
    )


def _presumed(workgroups: Collection[str]) -> Iterator[Series]:
    for workgroup in workgroups:
        for state in _STATES:
            yield Series(workgroup=workgroup, query_type=DML, state=state)


def _counts(every: Sequence[Series], reading: Reading) -> Iterator[DayCount]:
    for place, series in enumerate(every):
        queries = _total(reading.of(2 * place, COUNT))
        if queries:
            yield DayCount(
                workgroup=series.workgroup,
                state=State(series.query_state),
                queries=queries,
                processed_bytes=_total(reading.of(2 * place + 1, SUM)),
            )


def _total(points: Points) -> int | None:
    return round(sum(points.values())) if points else None
