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


class Group(StrEnum):
    """The chapters of docs/metrics.md."""

    WORKGROUP = "Workgroups"
    USER = "Users"
    CLIENT = "Clients"
    WINDOW = "Windows"
    EXPORTER = "The exporter itself"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric family. `scale` divides the ledger's integers into the base unit that `name` promises.

    `durable`: kept in the ledger and so continuous over restarts; else counted since the process started.
    `source`: where the number comes from, for the reader of docs/metrics.md.
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
