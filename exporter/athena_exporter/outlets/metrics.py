"""The exposition: samples in the ledger's integers -> Prometheus's text format, by prometheus_client.

Stage: ledger, process -> samples -> **metrics** -> server. The catalogue decides names, types, help and order.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from athena_exporter.catalog import BY_NAME, METRICS, Metric, MetricType
from athena_exporter.records import Sample

Family: TypeAlias = CounterMetricFamily | GaugeMetricFamily
Series: TypeAlias = dict[tuple[str, ...], float]

_FAMILY: Mapping[MetricType, type[CounterMetricFamily | GaugeMetricFamily]] = {
    MetricType.COUNTER: CounterMetricFamily,
    MetricType.GAUGE: GaugeMetricFamily,
}


class SampleError(ValueError):
    """A sample contradicts the catalogue: a mistake in this program, never in AWS's data."""


def render(samples: Iterable[Sample]) -> bytes:
    """The exposition of all samples: families in the catalogue's order, series sorted by their label values.

    Values are the samples' integers divided by the metric's scale, rounded once to the nearest float.
    Families without a sample are left out. There are no `_created` series: counters live longer than processes.

    Raises:
        SampleError: a metric that the catalogue doesn't have, labels that don't fit it, or a series given twice.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(_grouped(samples)))
    return generate_latest(registry)


class _Families(Collector):
    """One rendering's families, for prometheus_client to ask for."""

    def __init__(self, series: Mapping[str, Series]) -> None:
        self._series = series

    def collect(self) -> Iterator[Family]:
        for metric in METRICS:
            if metric.name in self._series:
                yield _family(metric, self._series[metric.name])


def _family(metric: Metric, series: Series) -> Family:
    family = _FAMILY[metric.type](metric.name, metric.help, labels=metric.label_names)
    # Joined, because comparing tuples takes six times as long, and scrapes wait for the interpreter's lock meanwhile.
    for labels in sorted(series, key="\0".join):
        family.add_metric(labels, series[labels])
    return family


def _grouped(samples: Iterable[Sample]) -> dict[str, Series]:
    """Metric name -> label values -> value in the unit that the metric's name promises."""
    grouped: dict[str, Series] = {}
    for sample in samples:
        metric = _metric(sample)
        labels = _labels(metric, sample)
        series = grouped.setdefault(metric.name, {})
        if labels in series:
            raise SampleError(f"{metric.name}: the series {labels!r} is given twice")
        series[labels] = sample.value if metric.scale == 1 else sample.value / metric.scale
    return grouped


def _metric(sample: Sample) -> Metric:
    try:
        return BY_NAME[sample.metric]
    except KeyError:
        raise SampleError(f"{sample.metric}: the catalogue has no such metric") from None


def _labels(metric: Metric, sample: Sample) -> tuple[str, ...]:
    if metric.common is not (sample.target is not None):
        raise SampleError(f"{metric.name}: {'needs a target' if metric.common else 'takes no target'}")
    if len(sample.labels) != len(metric.labels):
        raise SampleError(f"{metric.name}: labels {metric.labels!r} were given as {sample.labels!r}")
    return tuple(map(_encodable, metric.label_values(sample.target, sample.labels)))


def _encodable(value: str) -> str:
    """The value with half surrogate pairs as backslash escapes: one such name would spoil the whole page.

    JSON can carry them, UTF-8 can't. Quotes, backslashes and line ends are prometheus_client's to escape.
    """
    return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode("utf-8")
