"""The minutes of one series, as they were read, become what they add up to.

Stage: data.py -> **minutes** -> records. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from athena_exporter.config.sources import CloudWatchMetric
from athena_exporter.records import SettledMinutes
from athena_exporter.sources.cloudwatch.data import MINUTE, Points, Reading
from athena_exporter.sources.cloudwatch.series import COUNT, MAXIMUM, SUM, Series, statistics

_FIELDS: Mapping[CloudWatchMetric, str] = {
    CloudWatchMetric.TOTAL_TIME: "total_ms",
    CloudWatchMetric.PROCESSED_BYTES: "processed_bytes",
    CloudWatchMetric.ENGINE_TIME: "engine_ms",
    CloudWatchMetric.QUEUE_TIME: "queue_ms",
    CloudWatchMetric.PLANNING_TIME: "planning_ms",
    CloudWatchMetric.SERVICE_PRE_TIME: "service_pre_ms",
    CloudWatchMetric.SERVICE_TIME: "service_ms",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Minutes:
    """What was read of one series from `since` on. `places`: where each metric's question stood in the reading."""

    series: Series
    since: datetime
    reading: Reading
    places: Mapping[CloudWatchMetric, int]

    @property
    def is_complete(self) -> bool:
        """Whether AWS has answered every metric to its end."""
        return self.reading.incomplete.isdisjoint(self.places.values())

    def record(self) -> SettledMinutes | None:
        """What the minutes add up to, until after the last one that holds anything; None if none does."""
        times = [at for metric in self.places for name in statistics(metric) for at in self._points(metric, name)]
        if not times:
            return None
        return SettledMinutes(
            workgroup=self.series.workgroup,
            query_type=self.series.query_type,
            query_state=self.series.query_state,
            since=self.since,
            until=max(times) + MINUTE,
            queries=self._sum(CloudWatchMetric.TOTAL_TIME, COUNT),
            **{name: self._sum(metric, SUM) for metric, name in _FIELDS.items()},
        )

    def peak(self, metric: CloudWatchMetric) -> int | None:
        """The largest single value of the metric; None where there is none."""
        if metric not in self.places:
            return None
        return max((round(value) for value in self._points(metric, MAXIMUM).values()), default=None)

    def _sum(self, metric: CloudWatchMetric, statistic: str) -> int | None:
        return round(sum(self._points(metric, statistic).values())) if metric in self.places else None

    def _points(self, metric: CloudWatchMetric, statistic: str) -> Points:
        points = self.reading.of(self.places[metric], statistic)
        return {at: value for at, value in points.items() if at >= self.since}
