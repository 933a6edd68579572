"""The names of series in an answer: CloudWatch's own, and labels with dynamic values such as ${PROP('Dim.WorkGroup')}.

Sources: "Use dynamic labels" of the CloudWatch user guide
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/graph-dynamic-labels.html). That CloudWatch names a
series by what tells it from the others of the same call, from https://github.com/grafana/grafana/pull/21541. How
numbers and times look in a label is published nowhere: here as short as they can be said.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from statistics import fmean

from athena_testbed.cloudwatch.math.values import Origin, TimeSeries

MOST_DYNAMIC_VALUES = 5
_VALUE = re.compile(r"\$\{\s*(?P<value>PROP\(\s*'(?P<property>[^']*)'\s*\)|[A-Z_]+)\s*\}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def dynamic_values(label: str) -> list[str]:
    """The dynamic values of a label: LABEL, MAX, PROP('Dim.WorkGroup') ..."""
    return [match["value"] for match in _VALUE.finditer(label)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """What all labels of one call depend on.

    Attributes:
        origins: the metrics of the answer, which CloudWatch's own names have to tell apart.
        now_minute: the account's time, minutes since 1970.
    """

    origins: Sequence[Origin]
    account: str
    region: str
    now_minute: int
    timezone: timezone

    def own(self, origin: Origin) -> str:
        """CloudWatch's name: what tells a metric from the others; the metric's name where nothing does."""
        parts = [value for name, value in origin.dimensions if self._varies(partial(_dimension, name))]
        if not parts or self._varies(lambda one: one.metric):
            parts.append(origin.metric)
        if self._varies(lambda one: one.statistic):
            parts.append(origin.statistic)
        return " ".join(parts)

    def _varies(self, part: Callable[[Origin], str | None]) -> bool:
        return len({part(origin) for origin in self.origins}) > 1

    def of_metric(self, label: str | None, name: str, series: TimeSeries) -> str:
        """The name of a metric's series; `name` where no metric is behind it."""
        own = name if series.origin is None else self.own(series.origin)
        return own if label is None else self._rendered(label, series, own)

    def of_expression(self, label: str | None, name: str, series: TimeSeries) -> str:
        """The name of the one series that an expression comes to; its id where nobody gave a label."""
        return name if label is None else self._rendered(label, series, name)

    def of_item(self, label: str | None, name: str, series: TimeSeries) -> str:
        """The name of one of the series in an array: the expression's label, then the metric's own."""
        own = self.of_metric(series.label, name, series)
        if label is None:
            return own
        return self._rendered(label, series, own) if dynamic_values(label) else f"{label} {own}"

    def _rendered(self, label: str, series: TimeSeries, own: str) -> str:
        """The label with its dynamic values; what there is none for stays as it was written."""

        def value(match: re.Match[str]) -> str:
            if match["property"] is not None:
                found = self._property(match["property"], series.origin)
            elif match["value"] == "LABEL":
                found = own
            else:
                found = self._figure(match["value"], series)
            return match[0] if found is None else found

        return _VALUE.sub(value, label)

    def _property(self, name: str, origin: Origin | None) -> str | None:
        everywhere = {"AccountId": self.account, "AccountLabel": self.account, "Region": self.region}
        if name in everywhere or origin is None:
            return everywhere.get(name)
        if name.startswith("Dim."):
            return dict(origin.dimensions).get(name.removeprefix("Dim."))
        named = {
            "MetricName": origin.metric, "Namespace": origin.namespace, "Period": str(origin.period),
            "Stat": origin.statistic,
        }  # fmt: skip  # a table
        return named.get(name)

    def _figure(self, name: str, series: TimeSeries) -> str | None:
        points = list(series.points.items())
        if name == "DATAPOINT_COUNT":
            return str(len(points))
        write = self._writer(name)
        if write is None:
            return None
        return write(points) if points else "--"

    def _writer(self, name: str) -> Callable[["_Points"], str] | None:
        if name in _NUMBERS:
            return lambda points: _number(_NUMBERS[name](points))
        if name in _RANGES:
            return lambda points: _length(_RANGES[name](points))
        base = name.removesuffix("_RELATIVE")
        if base not in _TIMES:
            return None
        if base != name:
            return lambda points: _length(self.now_minute - _TIMES[base](points))
        return lambda points: self._time(_TIMES[base](points))

    def _time(self, minute: int) -> str:
        return (_EPOCH + timedelta(minutes=minute)).astimezone(self.timezone).strftime("%Y-%m-%d %H:%M")


def _dimension(name: str, origin: Origin) -> str | None:
    return dict(origin.dimensions).get(name)


_Points = Sequence[tuple[int, float]]


def _highest(points: _Points) -> tuple[int, float]:
    return max(points, key=lambda point: point[1])


def _lowest(points: _Points) -> tuple[int, float]:
    return min(points, key=lambda point: point[1])


_NUMBERS: Mapping[str, Callable[[_Points], float]] = {
    "AVG": lambda points: fmean(value for _, value in points),
    "FIRST": lambda points: points[0][1],
    "LAST": lambda points: points[-1][1],
    "FIRST_LAST_RANGE": lambda points: points[-1][1] - points[0][1],
    "MAX": lambda points: _highest(points)[1],
    "MIN": lambda points: _lowest(points)[1],
    "MIN_MAX_RANGE": lambda points: _highest(points)[1] - _lowest(points)[1],
    "SUM": lambda points: sum(value for _, value in points),
}
_TIMES: Mapping[str, Callable[[_Points], int]] = {
    "FIRST_TIME": lambda points: points[0][0],
    "LAST_TIME": lambda points: points[-1][0],
    "MAX_TIME": lambda points: _highest(points)[0],
    "MIN_TIME": lambda points: _lowest(points)[0],
}
_RANGES: Mapping[str, Callable[[_Points], int]] = {
    "FIRST_LAST_TIME_RANGE": lambda points: points[-1][0] - points[0][0],
    "MIN_MAX_TIME_RANGE": lambda points: abs(_highest(points)[0] - _lowest(points)[0]),
}


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() else f"{value:.6g}"


def _length(minutes: int) -> str:
    days, rest = divmod(minutes, 1440)
    hours, left = divmod(rest, 60)
    parts = ((days, "d"), (hours, "h"), (left, "m"))
    return " ".join(f"{count}{unit}" for count, unit in parts if count) or "0m"
