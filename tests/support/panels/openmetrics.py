"""What was exposed, moment by moment, as OpenMetrics with timestamps: what promtool makes blocks of.

A month of whole pages would take minutes to render and gigabytes to hold: only what differs from the moment before is
rendered, by the exporter's own exposition, and every series is kept as its changes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TextIO, TypeAlias

from athena_exporter.catalog import BY_NAME, METRICS, MetricType
from athena_exporter.outlets.metrics import render
from athena_exporter.records import Sample, Target

_Key: TypeAlias = tuple[str, tuple[str, ...], Target | None]
"""A series: its name, its own labels, whose it is."""
_Shown: TypeAlias = tuple[tuple[str, ...], Target | None, float, tuple[tuple[str, str], ...]]
_PARTS = {
    part: metric
    for metric in METRICS
    if metric.type is MetricType.HISTOGRAM
    for part in (metric.bucket_name, metric.sum_name)
}
_TOTAL = "_total"


@dataclass(slots=True)
class _Series:
    """Values as text, each with the number of the moment from which it held; None where the series had ended."""

    moments: list[int] = field(default_factory=list)
    values: list[str | None] = field(default_factory=list)

    def holds(self, moment: int, value: str | None) -> None:
        if not self.values or self.values[-1] != value:
            self.moments.append(moment)
            self.values.append(value)


@dataclass(slots=True)
class _Family:
    help: str = ""
    type: str = ""
    series: dict[str, _Series] = field(default_factory=dict)


class Recording:
    """The pages of a time. `take` them in order, then `write`."""

    def __init__(self) -> None:
        self._moments: list[datetime] = []
        self._families: dict[str, _Family] = {}
        self._known: dict[_Key, float] = {}
        self._gauges: dict[str, list[_Shown]] = {}

    def take(self, at: datetime, samples: Iterable[Sample]) -> None:
        """What was exposed at a moment."""
        self._moments.append(at)
        fresh: list[Sample] = []
        gauges: dict[str, list[Sample]] = {}
        parts: dict[_Key, list[Sample]] = {}
        risen: set[_Key] = set()
        for sample in samples:
            key = (sample.metric, sample.labels, sample.target)
            if sample.metric in _PARTS:
                whole = _distribution(sample)
                parts.setdefault(whole, []).append(sample)
                if self._has_moved(key, sample.value):
                    risen.add(whole)
            elif BY_NAME[sample.metric].type is MetricType.GAUGE:
                gauges.setdefault(sample.metric, []).append(sample)
            elif self._has_moved(key, sample.value):
                fresh.append(sample)
        fresh += [part for whole in risen for part in parts[whole]]
        fresh += [sample for name, shown in gauges.items() if self._is_news(name, shown) for sample in shown]
        self._note(render(fresh).decode())
        self._end(self._gauges.keys() - gauges.keys())

    def _has_moved(self, key: _Key, value: float) -> bool:
        """Whether a counter, or a part of a distribution, is not what it was the last time."""
        if self._known.get(key) == value:
            return False
        self._known[key] = value
        return True

    def _is_news(self, name: str, samples: Sequence[Sample]) -> bool:
        """Whether a gauge shows anything else than the last time; its series come and go."""
        shown: list[_Shown] = [(one.labels, one.target, one.value, one.tags) for one in samples]
        is_same = self._gauges.get(name) == shown
        self._gauges[name] = shown
        return not is_same

    def _note(self, page: str) -> None:
        """Read a page line by line; what a gauge no longer shows has ended."""
        moment, family, name = len(self._moments) - 1, _Family(), ""
        shown: dict[str, set[str]] = {}
        for line in page.splitlines():
            if line.startswith("# HELP "):
                name, _, text = line[7:].partition(" ")
                family = self._families.setdefault(name, _Family())
                family.help = text
            elif line.startswith("# TYPE "):
                family.type = line.rpartition(" ")[2]
            else:
                series, _, value = line.rpartition(" ")
                family.series.setdefault(series, _Series()).holds(moment, value)
                if family.type == "gauge":
                    shown.setdefault(name, set()).add(series)
        for name, series_of in shown.items():
            for series, held in self._families[name].series.items():
                if series not in series_of:
                    held.holds(moment, None)

    def _end(self, gauges: Iterable[str]) -> None:
        """Gauges that are not shown any more at all."""
        for name in list(gauges):
            del self._gauges[name]
            for held in self._families[name].series.values():
                held.holds(len(self._moments) - 1, None)

    @property
    def series_count(self) -> int:
        return sum(len(family.series) for family in self._families.values())

    def write(self, file: TextIO, labels: Mapping[str, str]) -> int:
        """As OpenMetrics, every series with the labels that Prometheus adds to what it scrapes; how many samples."""
        added = ",".join(f'{name}="{value}"' for name, value in labels.items())
        stamps = [f" {at.timestamp():.3f}\n" for at in self._moments]
        count = 0
        for name, family in self._families.items():
            plain = name.removesuffix(_TOTAL) if family.type == "counter" else name
            file.write(f"# HELP {plain} {family.help}\n# TYPE {plain} {family.type}\n")
            for series, held in family.series.items():
                lines = list(_lines(_labelled(series, added), held, stamps))
                count += len(lines)
                file.writelines(lines)
        file.write("# EOF\n")
        return count


def _labelled(series: str, added: str) -> str:
    if not added:
        return series
    name, brace, rest = series.partition("{")
    return f"{name}{{{added},{rest}" if brace else f"{name}{{{added}}}"


def _lines(series: str, held: _Series, stamps: list[str]) -> Iterator[str]:
    ends = [*held.moments[1:], len(stamps)]
    for begin, end, value in zip(held.moments, ends, held.values, strict=True):
        if value is not None:
            line = f"{series} {value}"
            for place in range(begin, end):
                yield line + stamps[place]


def _distribution(part: Sample) -> _Key:
    metric = _PARTS[part.metric]
    labels = part.labels[:-1] if part.metric == metric.bucket_name else part.labels
    return (metric.name, labels, part.target)
