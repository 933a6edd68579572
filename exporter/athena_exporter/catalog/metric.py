"""What a metric is, and how one is declared."""

from dataclasses import dataclass
from enum import StrEnum

from athena_exporter.records import Target

COMMON_LABELS = ("account_id", "region")
"""Labels of every metric that speaks of a target, before its own."""

NANO = 1_000_000_000
"""Nanodollars in a dollar: money is added as integers."""
MILLI = 1000
"""Milliseconds in a second."""
PROCESS = "the process"
"""The source of numbers that end with the process."""


class MetricType(StrEnum):
    """The exposition's types."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Group(StrEnum):
    """The chapters of docs/metrics.md."""

    WORKGROUP = "Workgroups"
    USER = "Users"
    CLIENT = "Clients"
    TABLE = "Tables"
    WORKLOAD = "Workloads"
    WINDOW = "Windows"
    BUDGET = "Budgets"
    CAPACITY = "Capacity"
    CLOUDWATCH = "CloudWatch"
    EXPORTER = "The exporter itself"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric family. `scale` divides the ledger's integers into the base unit that `name` promises.

    `durable`: kept in the ledger and so continuous over restarts; else counted since the process started.
    `source`: where the number comes from, for the reader of docs/metrics.md. `bounds`: a histogram's upper bounds in
    ledger units, rising, without the infinite one. `tag_prefix`: what the names of configured labels begin with,
    empty where a metric takes none.
    """

    name: str
    type: MetricType
    help: str
    group: Group
    source: str
    labels: tuple[str, ...] = ()
    scale: int = 1
    common: bool = True
    durable: bool = False
    bounds: tuple[int, ...] = ()
    tag_prefix: str = ""

    @property
    def bucket_name(self) -> str:
        """Of a histogram: the ledger's name of its buckets; their last label is `le`, in ledger units."""
        return f"{self.name}_bucket"

    @property
    def sum_name(self) -> str:
        """Of a histogram: the ledger's name of its sum."""
        return f"{self.name}_sum"

    @property
    def label_names(self) -> tuple[str, ...]:
        """All labels in the order of their values."""
        return (COMMON_LABELS if self.common else ()) + self.labels

    def label_values(self, target: Target | None, values: tuple[str, ...]) -> tuple[str, ...]:
        """All label values of one series."""
        common = (target.account_id, target.region) if self.common and target is not None else ()
        return common + values


def durable_counter(
    name: str, text: str, group: Group, source: str, labels: tuple[str, ...] = (), scale: int = 1
) -> Metric:
    """A counter of the ledger: it goes on over restarts."""
    return Metric(
        name=name,
        type=MetricType.COUNTER,
        help=text,
        group=group,
        source=source,
        labels=labels,
        scale=scale,
        durable=True,
    )


def histogram(
    name: str, text: str, group: Group, source: str, labels: tuple[str, ...], *, bounds: tuple[int, ...], scale: int
) -> Metric:
    """A distribution, kept in the ledger as counters: one a bucket, not cumulative, and one for the sum."""
    return Metric(
        name=name,
        type=MetricType.HISTOGRAM,
        help=text,
        group=group,
        source=source,
        labels=labels,
        scale=scale,
        durable=True,
        bounds=bounds,
    )


def gauge(name: str, text: str, group: Group, source: str, labels: tuple[str, ...] = (), scale: int = 1) -> Metric:
    """A number that goes up and down."""
    return Metric(name=name, type=MetricType.GAUGE, help=text, group=group, source=source, labels=labels, scale=scale)


def process_counter(name: str, text: str, labels: tuple[str, ...], *, common: bool = True, scale: int = 1) -> Metric:
    """A counter that begins with the process."""
    return Metric(
        name=name,
        type=MetricType.COUNTER,
        help=text,
        group=Group.EXPORTER,
        source=PROCESS,
        labels=labels,
        common=common,
        scale=scale,
    )
