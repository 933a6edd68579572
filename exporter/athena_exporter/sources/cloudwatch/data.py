"""GetMetricData: the values of metrics, minute by minute, each with how sure AWS is that they are all there.

Stage: CloudWatch -> **data** -> sources/cloudwatch, and whoever compares a day with the ledger.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from athena_exporter.costs.plan import QUERIES
from athena_exporter.sources.answers import Answer, Clock, answered_at, ask
from athena_exporter.sources.errors import GarbledAnswerError
from athena_exporter.sources.session import CloudWatchApi

MINUTE = timedelta(minutes=1)
COMPLETE = "Complete"
"""What AWS says of a metric all of whose values it has answered."""

Points: TypeAlias = Mapping[datetime, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One metric and the statistics of it that are wanted, in AWS's words."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistics: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Reading:
    """What AWS answered. A question all of whose values are not there stands in `incomplete`, by its place."""

    observed_at: datetime
    points: dict[tuple[int, str], dict[datetime, float]] = field(default_factory=dict)
    incomplete: set[int] = field(default_factory=set)
    malformed: int = 0

    def of(self, place: int, statistic: str) -> Points:
        """The values of a statistic of the question at this place; periods in which there was nothing are absent."""
        return self.points.get((place, statistic), {})


def read(
    client: CloudWatchApi,
    questions: Sequence[Question],
    since: datetime,
    until: datetime,
    *,
    clock: Clock,
    period: timedelta = MINUTE,
) -> Reading:
    """The values in [since, until), to the last page.

    The statistics of one metric share a request, because AWS then bills them as one metric.

    Args:
        client: CloudWatch's.
        questions: as many requests are made as they need.
        since: aligned to the period.
        until: exclusive.
        clock: the local time, where an answer brings none.
        period: what AWS adds up; a whole number of minutes.

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as AWS and botocore raise them.
    """
    reading = Reading(observed_at=clock())
    for request in _requests(questions, period):
        asked = {query["Id"]: key for key, query in request}
        open_ids = set(asked)
        arguments = {
            "MetricDataQueries": [query for _, query in request],
            "StartTime": since,
            "EndTime": until,
            "ScanBy": "TimestampAscending",
        }
        for answer in _pages(client, arguments):
            reading.observed_at = answered_at(answer, clock)
            for result in answer.get("MetricDataResults", ()):
                if (key := asked.get(str(result.get("Id")))) is not None:
                    _take(reading, key, result, since, until)
                    _judge(open_ids, result)
        reading.incomplete |= {asked[query_id][0] for query_id in open_ids}
    return reading


_Key: TypeAlias = tuple[int, str]
_Query: TypeAlias = tuple[_Key, dict[str, Any]]


def _requests(questions: Sequence[Question], period: timedelta) -> Iterator[list[_Query]]:
    request: list[_Query] = []
    for place, question in enumerate(questions):
        if len(request) + len(question.statistics) > QUERIES:
            yield request
            request = []
        request += [((place, name), _query(place, question, name, period)) for name in question.statistics]
    if request:
        yield request


def _query(place: int, question: Question, statistic: str, period: timedelta) -> dict[str, Any]:
    metric = {
        "Namespace": question.namespace,
        "MetricName": question.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in question.dimensions],
    }
    stat = {"Metric": metric, "Period": int(period.total_seconds()), "Stat": statistic}
    return {"Id": f"m{place}_{statistic.lower()}", "MetricStat": stat}


def _pages(client: CloudWatchApi, arguments: Mapping[str, Any]) -> Iterator[Answer]:
    token: str | None = None
    while True:
        answer = ask(client.get_metric_data, **arguments, **({"NextToken": token} if token else {}))
        yield answer
        last, token = token, answer.get("NextToken")
        if not token:
            return
        if token == last:
            raise GarbledAnswerError(operation="GetMetricData", why="its pages go round in a circle")


def _judge(open_ids: set[str], result: Mapping[str, Any]) -> None:
    """A metric is open until AWS calls it complete; what it calls partial goes on, on the next page."""
    status = result.get("StatusCode", COMPLETE)
    if status == COMPLETE:
        open_ids.discard(result["Id"])
    else:
        open_ids.add(result["Id"])


def _take(reading: Reading, key: _Key, result: Mapping[str, Any], since: datetime, until: datetime) -> None:
    points = reading.points.setdefault(key, {})
    times, values = result.get("Timestamps", ()), result.get("Values", ())
    if len(times) != len(values):
        reading.malformed += 1
        reading.incomplete.add(key[0])
        return
    for at, value in zip(times, values, strict=True):
        if not _is_amount(value):
            reading.malformed += 1
        elif since <= (minute := at.astimezone(UTC)) < until:
            points[minute] = float(value)


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
