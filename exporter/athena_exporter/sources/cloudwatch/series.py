"""Which series CloudWatch has: ListMetrics, and exactly the dimension sets that are ours.

Stage: CloudWatch -> **series** -> sources/cloudwatch. Athena publishes one query under several dimension sets (the
workgroup's, the account's); adding them up would count it several times, so one set is read and no other.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from athena_exporter.config.sources import CloudWatchMetric
from athena_exporter.records import State
from athena_exporter.sources.answers import Clock, answered_at, ask
from athena_exporter.sources.cloudwatch.data import Question
from athena_exporter.sources.errors import GarbledAnswerError
from athena_exporter.sources.session import CloudWatchApi
from athena_exporter.sources.text import clean

NAMESPACE = "AWS/Athena"
"""Where Athena's metrics are."""
DIMENSIONS = ("QueryState", "QueryType", "WorkGroup")
"""The one dimension set of query metrics that is read."""
SUM, COUNT, MAXIMUM = "Sum", "SampleCount", "Maximum"

NAMES: Mapping[CloudWatchMetric, str] = {
    CloudWatchMetric.TOTAL_TIME: "TotalExecutionTime",
    CloudWatchMetric.PROCESSED_BYTES: "ProcessedBytes",
    CloudWatchMetric.ENGINE_TIME: "EngineExecutionTime",
    CloudWatchMetric.QUEUE_TIME: "QueryQueueTime",
    CloudWatchMetric.PLANNING_TIME: "QueryPlanningTime",
    CloudWatchMetric.SERVICE_PRE_TIME: "ServicePreProcessingTime",
    CloudWatchMetric.SERVICE_TIME: "ServiceProcessingTime",
}
"""AWS's name of each metric; times are in milliseconds."""
_STATISTICS = {CloudWatchMetric.TOTAL_TIME: (SUM, COUNT, MAXIMUM), CloudWatchMetric.PROCESSED_BYTES: (SUM, MAXIMUM)}
_STATES = {
    "SUCCEEDED": State.SUCCEEDED,
    "FAILED": State.FAILED,
    "CANCELED": State.CANCELLED,
    "CANCELLED": State.CANCELLED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The dimensions of every metric of one name, and AWS's clock at the answer."""

    observed_at: datetime
    dimensions: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Series:
    """One workgroup, query type and state that publishes; `state` in AWS's word, because it is AWS's dimension."""

    workgroup: str
    query_type: str
    state: str

    @property
    def query_state(self) -> str:
        """The state in our word."""
        return _STATES[self.state].value

    def question(self, metric: CloudWatchMetric) -> Question:
        """One metric of this series."""
        return Question(
            namespace=NAMESPACE,
            name=NAMES[metric],
            dimensions=tuple(zip(DIMENSIONS, (self.state, self.query_type, self.workgroup), strict=True)),
            statistics=statistics(metric),
        )


def statistics(metric: CloudWatchMetric) -> tuple[str, ...]:
    """What is asked of a metric: its sum, and of two metrics more, which costs nothing more."""
    return _STATISTICS.get(metric, (SUM,))


def list_metrics(
    client: CloudWatchApi, name: str, *, dimensions: Sequence[str] = (), is_recent: bool, clock: Clock
) -> Listing:
    """All metrics of one name, to the last page.

    Args:
        client: CloudWatch's.
        name: AWS's name of the metric.
        dimensions: a metric without one of these is not listed; one that has others beside them is.
        is_recent: leave out what had no value for three hours.
        clock: the local time, where an answer brings none.
    """
    question: dict[str, Any] = {"Namespace": NAMESPACE, "MetricName": name}
    if dimensions:
        question["Dimensions"] = [{"Name": dimension} for dimension in dimensions]
    if is_recent:
        question["RecentlyActive"] = "PT3H"
    found: list[Mapping[str, str]] = []
    token: str | None = None
    observed_at: datetime | None = None
    while True:
        answer = ask(client.list_metrics, **question, **({"NextToken": token} if token else {}))
        observed_at = observed_at or answered_at(answer, clock)
        found += [_dimensions(metric) for metric in answer.get("Metrics", ())]
        last, token = token, answer.get("NextToken")
        if not token:
            return Listing(observed_at=observed_at, dimensions=tuple(found))
        if token == last:
            raise GarbledAnswerError(operation="ListMetrics", why="its pages go round in a circle")


def _dimensions(metric: Mapping[str, Any]) -> Mapping[str, str]:
    pairs = ((each.get("Name"), each.get("Value")) for each in metric.get("Dimensions", ()))
    return {name: value for name, value in pairs if isinstance(name, str) and isinstance(value, str)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The series of query metrics, each once, in order; `malformed` counts those that make no sense."""

    series: tuple[Series, ...]
    malformed: int


def query_series(listing: Listing, patterns: Sequence[str]) -> Found:
    """Of what is listed, the series with exactly our dimensions whose workgroup fits one of the patterns."""
    ours = [each for each in listing.dimensions if each.keys() == set(DIMENSIONS)]
    series = [_series(each) for each in ours if _fits(each["WorkGroup"], patterns)]
    return Found(
        series=tuple(sorted({each for each in series if each is not None})),
        malformed=sum(each is None for each in series),
    )


def _series(dimensions: Mapping[str, str]) -> Series | None:
    state, query_type, workgroup = (dimensions[name] for name in DIMENSIONS)
    # What isn't printable can't be asked for again as it is shown.
    is_sane = state in _STATES and clean(workgroup) == workgroup and clean(query_type) == query_type
    return Series(workgroup=workgroup, query_type=query_type, state=state) if is_sane else None


def _fits(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
