"""How CloudWatch is asked: which metrics of a series, how many statistics, and how they fill requests. Pure.

Stage: configuration -> **plan** -> sources/cloudwatch, and the estimate of what that costs.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from athena_exporter.config.sources import CloudWatchMetric

QUERIES = 500
"""Queries (one statistic of one metric each) that AWS takes in a request."""
DATAPOINTS = 45_000
"""Datapoints that a request may come to. AWS throttles by what a request could bring, not by what it brings: 90,000
a second and Region (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html), and a
response holds 100,800, so that none needs a second page. Less in a request costs no more: metrics are billed."""
LISTED = 500
"""Metrics in a page of ListMetrics."""

_DML_ONLY = frozenset({CloudWatchMetric.PROCESSED_BYTES, CloudWatchMetric.PLANNING_TIME})
_STATISTICS = {CloudWatchMetric.TOTAL_TIME: 3, CloudWatchMetric.PROCESSED_BYTES: 2}

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Want(Generic[Key]):
    """One series that is to be read: how many queries it takes, and over how many minutes."""

    key: Key
    queries: int
    minutes: int


def asked(metrics: Collection[CloudWatchMetric], query_type: str) -> tuple[CloudWatchMetric, ...]:
    """Of the configured metrics, those that queries of this type have.

    Bytes and planning are DML's: https://docs.aws.amazon.com/athena/latest/ug/query-metrics-viewing.html
    """
    return tuple(one for one in CloudWatchMetric if one in metrics and (query_type == "DML" or one not in _DML_ONLY))


def statistics(metrics: Collection[CloudWatchMetric]) -> int:
    """The queries that these metrics of one series take: sum, count and maximum of the total time, and so on."""
    return sum(_STATISTICS.get(one, 1) for one in metrics)


def pack(wants: Iterable[Want[Key]]) -> Iterator[tuple[Want[Key], ...]]:
    """Fill requests, the longest stretches first; the statistics of a series are never torn apart.

    Every request has at most `QUERIES` queries, and at most `DATAPOINTS` datapoints over its longest stretch unless
    a single series exceeds them by itself.
    """
    request: list[Want[Key]] = []
    queries = 0
    for want in sorted(wants, key=lambda want: want.minutes, reverse=True):
        queries += want.queries
        if request and (queries > QUERIES or queries * request[0].minutes > DATAPOINTS):
            yield tuple(request)
            request, queries = [], want.queries
        request.append(want)
    if request:
        yield tuple(request)
