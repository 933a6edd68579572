"""CloudWatch in memory: late, forgetful and paged as the real one, small enough to be asked ten thousand times."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from math import inf
from typing import Any

Name = tuple[str, tuple[tuple[str, str], ...]]
LISTED_AFTER = timedelta(minutes=15)
RECENT = timedelta(hours=3)
FORGOTTEN_AFTER = timedelta(days=14)
KEPT = timedelta(days=15)
STATISTICS: Mapping[str, Callable[[list[float]], float]] = {
    "Sum": sum,
    "SampleCount": len,
    "Maximum": max,
    "Average": lambda values: sum(values) / len(values),
}


@dataclass(slots=True)
class FakeCloudWatch:
    """Meets `CloudWatchApi`. `now` is AWS's clock; `publish` puts a sample where it becomes visible later.

    Series whose dimensions have all values of one of `failing` get InternalError, in so many requests.
    """

    now: datetime
    page: int = 500
    datapoints: int = 100_800
    asked: list[Mapping[str, Any]] = field(default_factory=list)
    lists: int = 0
    failing: set[tuple[str, ...]] = field(default_factory=set)
    failing_requests: float = inf
    _samples: dict[Name, dict[datetime, list[tuple[datetime, float]]]] = field(default_factory=dict)
    _born: dict[Name, datetime] = field(default_factory=dict)

    def publish(self, name: str, dimensions: Mapping[str, str], at: datetime, value: float, delay: timedelta) -> None:
        key = (name, tuple(sorted(dimensions.items())))
        minute = at.replace(second=0, microsecond=0)
        self._samples.setdefault(key, {}).setdefault(minute, []).append((at + delay, value))
        self._born[key] = min(self._born.get(key, at + delay), at + delay)

    def list_metrics(self, **arguments: Any) -> Mapping[str, Any]:
        self.lists += 1
        wanted = {each["Name"] for each in arguments.get("Dimensions", ())}
        reach = RECENT if arguments.get("RecentlyActive") else FORGOTTEN_AFTER
        names = [
            key
            for key in sorted(self._samples)
            if key[0] == arguments["MetricName"]
            and wanted <= {name for name, _ in key[1]}
            and self._born[key] + LISTED_AFTER <= self.now
            and any(self.now - reach <= at for at in self._visible(key))
        ]
        place = int(arguments.get("NextToken", 0))
        metrics = [
            {"MetricName": name, "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions]}
            for name, dimensions in names[place : place + self.page]
        ]
        more = {"NextToken": str(place + self.page)} if place + self.page < len(names) else {}
        return self._answer({"Metrics": metrics, **more})

    def get_metric_data(self, **arguments: Any) -> Mapping[str, Any]:
        self.asked.append(arguments)
        queries = arguments["MetricDataQueries"]
        assert len(queries) <= 500
        assert len({query["Id"] for query in queries}) == len(queries)
        points = [
            (at, query["Id"], value)
            for query in queries
            for at, value in self._values(query["MetricStat"], arguments["StartTime"], arguments["EndTime"])
        ]
        points.sort()
        place = int(arguments.get("NextToken", 0))
        some, rest = points[place : place + self.datapoints], points[place + self.datapoints :]
        status = {query["Id"]: "PartialData" if rest else "Complete" for query in queries}
        status |= {query["Id"]: "InternalError" for query in queries if self._fails(query)}
        results = [
            {
                "Id": query["Id"],
                "Timestamps": [at for at, key, _ in some if key == query["Id"]],
                "Values": [value for _, key, value in some if key == query["Id"]],
                "StatusCode": status[query["Id"]],
            }
            for query in queries
        ]
        more = {"NextToken": str(place + self.datapoints)} if rest else {}
        return self._answer({"MetricDataResults": results, **more})

    def _fails(self, query: Mapping[str, Any]) -> bool:
        dimensions = query["MetricStat"]["Metric"]["Dimensions"]
        values = {each["Value"] for each in dimensions}
        return len(self.asked) <= self.failing_requests and any(values >= set(names) for names in self.failing)

    def _visible(self, key: Name) -> dict[datetime, list[float]]:
        found = {
            at: [value for seen, value in samples if seen <= self.now] for at, samples in self._samples[key].items()
        }
        return {at: values for at, values in found.items() if values}

    def _values(self, stat: Mapping[str, Any], since: datetime, until: datetime) -> list[tuple[datetime, float]]:
        metric = stat["Metric"]
        key = (metric["MetricName"], tuple(sorted((each["Name"], each["Value"]) for each in metric["Dimensions"])))
        if key not in self._samples:
            return []
        statistic = STATISTICS[stat["Stat"]]
        return [
            (at, float(statistic(values)))
            for at, values in sorted(self._visible(key).items())
            if max(since, self.now - KEPT) <= at < until
        ]

    def _answer(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        date = format_datetime(self.now.astimezone(UTC), usegmt=True)
        return {**body, "ResponseMetadata": {"HTTPHeaders": {"date": date}}}
