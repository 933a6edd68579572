"""The exposition: samples in the ledger's integers -> Prometheus's text format, by prometheus_client.

Stage: ledger, process -> samples -> **metrics** -> server. The catalogue decides names, types, help and order.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from types import MappingProxyType
from typing import TypeAlias

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from athena_exporter.catalog import BY_NAME, METRICS, Metric, MetricType
from athena_exporter.records import Sample

Labels: TypeAlias = tuple[str, ...]
Tags: TypeAlias = tuple[tuple[str, str], ...]
Family: TypeAlias = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily

INFINITE = "+Inf"
_FAMILY: Mapping[MetricType, type[CounterMetricFamily | GaugeMetricFamily]] = MappingProxyType(
    {MetricType.COUNTER: CounterMetricFamily, MetricType.GAUGE: GaugeMetricFamily}
)
_PARTS: Mapping[str, Metric] = MappingProxyType(
    {
        part: metric
        for metric in METRICS
        if metric.type is MetricType.HISTOGRAM
        for part in (metric.bucket_name, metric.sum_name)
    }
)
"""The names under which parts of histograms travel -> the histogram."""


class SampleError(ValueError):
    """A sample contradicts the catalogue: a mistake in this program, never in AWS's data."""


@dataclass(slots=True)
class _Distribution:
    """One series of a histogram, in the ledger's units: a count for each bucket, the infinite one last."""

    buckets: list[float]
    sum: float = 0


@dataclass(slots=True)
class _Page:
    """Everything that one rendering shows, by metric name and label values; only `_grouped` writes it."""

    values: dict[str, dict[Labels, float]] = field(default_factory=dict)
    tags: dict[str, dict[Labels, Tags]] = field(default_factory=dict)
    distributions: dict[str, dict[Labels, _Distribution]] = field(default_factory=dict)
    told: set[tuple[str, Labels]] = field(default_factory=set)


def render(samples: Iterable[Sample]) -> bytes:
    """The exposition of all samples: families in the catalogue's order, series sorted by their label values.

    Values are the samples' integers divided by the metric's scale, rounded once to the nearest float.
    Families without a sample are left out. There are no `_created` series: counters live longer than processes.
    A histogram always shows every bound of the catalogue; what the ledger holds under a bound that is no longer in
    the catalogue counts for the next one above.

    Raises:
        SampleError: a metric that the catalogue doesn't have, labels that don't fit it, or a series given twice.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(_grouped(samples)))
    return generate_latest(registry)


class _Families(Collector):
    """One rendering's families, for prometheus_client to ask for."""

    def __init__(self, page: _Page) -> None:
        self._page = page

    def collect(self) -> Iterator[Family]:
        for metric in METRICS:
            if metric.name in self._page.values:
                yield _family(metric, self._page.values[metric.name], self._page.tags.get(metric.name, {}))
            elif metric.name in self._page.distributions:
                yield _histogram(metric, self._page.distributions[metric.name])


def _family(metric: Metric, series: Mapping[Labels, float], tags: Mapping[Labels, Tags]) -> Family:
    names = _tag_labels(metric, tags)
    family = _FAMILY[metric.type](metric.name, metric.help, labels=metric.label_names + tuple(names.values()))
    for labels in _ordered(series):
        told = dict(tags.get(labels, ()))
        family.add_metric(labels + tuple(_encodable(told.get(key, "")) for key in names), series[labels])
    return family


def _histogram(metric: Metric, series: Mapping[Labels, _Distribution]) -> Family:
    bounds = [*(_bound(bound / metric.scale) for bound in metric.bounds), INFINITE]
    family = HistogramMetricFamily(metric.name, metric.help, labels=metric.label_names)
    for labels in _ordered(series):
        found = series[labels]
        cumulative = list(zip(bounds, accumulate(found.buckets), strict=True))
        family.add_metric(labels, cumulative, found.sum / metric.scale)
    return family


def _bound(value: float) -> str:
    return str(floatToGoString(value))  # type: ignore[no-untyped-call]  # prometheus_client leaves it untyped


def _ordered(series: Iterable[Labels]) -> list[Labels]:
    # Joined, because comparing tuples takes six times as long, and scrapes wait for the interpreter's lock meanwhile.
    return sorted(series, key="\0".join)


def _tag_labels(metric: Metric, tags: Mapping[Labels, Tags]) -> dict[str, str]:
    """Tag key -> label name, the same for every series of the family, which must all have the same labels.

    Keys that differ only in what a label name cannot hold get numbers, in the order of the keys.
    """
    names: dict[str, str] = {}
    for key in sorted({key for told in tags.values() for key, _ in told}):
        plain = name = metric.tag_prefix + re.sub(r"[^a-zA-Z0-9_]", "_", key)
        number = 2
        while name in names.values():
            name, number = f"{plain}_{number}", number + 1
        names[key] = name
    return names


def _grouped(samples: Iterable[Sample]) -> _Page:
    """The samples sorted into families, scaled where one sample is one value."""
    page = _Page()
    for sample in samples:
        if sample.metric in _PARTS:
            _part(page, _PARTS[sample.metric], sample)
            continue
        metric = _metric(sample)
        labels = _labels(metric, sample, sample.labels)
        series = page.values.setdefault(metric.name, {})
        if labels in series:
            raise SampleError(f"{metric.name}: the series {labels!r} is given twice")
        series[labels] = sample.value if metric.scale == 1 else sample.value / metric.scale
        if sample.tags:
            page.tags.setdefault(metric.name, {})[labels] = _tags(metric, sample.tags)
    return page


def _part(page: _Page, metric: Metric, sample: Sample) -> None:
    """A bucket or a sum finds its distribution; a part that is not told is 0."""
    is_bucket = sample.metric == metric.bucket_name
    labels = _labels(metric, sample, sample.labels[:-1] if is_bucket else sample.labels)
    once = (sample.metric, labels + sample.labels[-1:])
    if once in page.told:
        raise SampleError(f"{sample.metric}: the series {once[1]!r} is given twice")
    page.told.add(once)
    series = page.distributions.setdefault(metric.name, {})
    found = series.setdefault(labels, _Distribution([0] * (len(metric.bounds) + 1)))
    if is_bucket:
        found.buckets[_place(metric.bounds, sample)] += sample.value
    else:
        found.sum = sample.value


def _place(bounds: Sequence[int], sample: Sample) -> int:
    """Which bucket of the catalogue takes the sample's."""
    bound = sample.labels[-1]
    if bound == INFINITE:
        return len(bounds)
    try:
        return bisect_left(bounds, int(bound))
    except ValueError:
        raise SampleError(f"{sample.metric}: {bound!r} is no bound") from None


def _metric(sample: Sample) -> Metric:
    metric = BY_NAME.get(sample.metric)
    if metric is None or metric.type is MetricType.HISTOGRAM:
        raise SampleError(f"{sample.metric}: the catalogue has no such metric")
    return metric


def _labels(metric: Metric, sample: Sample, values: Labels) -> Labels:
    if metric.common is not (sample.target is not None):
        raise SampleError(f"{metric.name}: {'needs a target' if metric.common else 'takes no target'}")
    if len(values) != len(metric.labels):
        raise SampleError(f"{metric.name}: labels {metric.labels!r} were given as {values!r}")
    return tuple(map(_encodable, metric.label_values(sample.target, values)))


def _tags(metric: Metric, tags: Tags) -> Tags:
    if not metric.tag_prefix:
        raise SampleError(f"{metric.name}: takes no tags")
    return tags


def _encodable(value: str) -> str:
    """The value with half surrogate pairs as backslash escapes: one such name would spoil the whole page.

    JSON can carry them, UTF-8 can't. Quotes, backslashes and line ends are prometheus_client's to escape.
    """
    return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode("utf-8")
