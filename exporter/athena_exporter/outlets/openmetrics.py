"""The past as OpenMetrics text, for `promtool tsdb create-blocks-from openmetrics`.

Stage: the ledger's past -> **openmetrics** -> a file. The series have the names and labels of the live ones. Each
begins at 0, holds a sample an hour, and ends at 0 where the exporter began to count: Prometheus takes that for a
restart, so that what the live series counts from there on is added to the past, and neither lost nor added twice.
https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
"""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from operator import attrgetter
from pathlib import Path
from typing import TypeAlias

from athena_exporter import catalog
from athena_exporter.catalog import Metric
from athena_exporter.ledger.model import HOUR_MS
from athena_exporter.ledger.past import PastHour
from athena_exporter.records import OTHER, PENDING, UNATTRIBUTED, UNKNOWN, Target, epoch_ms

_Labels: TypeAlias = tuple[str, ...]
_Series: TypeAlias = dict[_Labels, dict[int, int]]
"""Label values -> hour -> what was added in it."""

_METRICS: Sequence[tuple[Metric, str]] = (
    (catalog.QUERIES, "queries"),
    (catalog.SCANNED_BYTES, "scanned_bytes"),
    (catalog.BILLED_BYTES, "billed_bytes"),
    (catalog.COST_USD, "cost_nanousd"),
    (catalog.USER_QUERIES, "queries"),
    (catalog.USER_SCANNED_BYTES, "scanned_bytes"),
    (catalog.USER_COST_USD, "cost_nanousd"),
    (catalog.CLIENT_QUERIES, "queries"),
    (catalog.CLIENT_SCANNED_BYTES, "scanned_bytes"),
    (catalog.CLIENT_COST_USD, "cost_nanousd"),
)
"""The counters that the past can tell, and what of an hour each adds up. Their labels are fields of the hour."""
METRICS = tuple(metric for metric, _ in _METRICS)
"""The same, for the documents."""
_BUDGETED = frozenset({"user", "database", "client"})
_RESERVED = frozenset({OTHER, PENDING, UNATTRIBUTED, UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class PastOf:
    """The past of one target: its hours, up to when, and which values of labels own a place in the exposition."""

    target: Target
    hours: Sequence[PastHour]
    until: datetime
    slots: Mapping[str, Collection[str]]


def write(path: Path, pasts: Sequence[PastOf], extra: Mapping[str, str]) -> int:
    """Write the file whole, or leave what was there; answers the samples.

    Args:
        path: of the file; one beside it is written first.
        pasts: one for each target.
        extra: labels that every series gets besides, such as the `job` and `instance` of the live ones.

    Raises:
        OSError: it cannot be written.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    samples = 0
    try:
        with unfinished.open("w", encoding="utf-8", newline="\n") as file:
            for line in exposition(pasts, extra):
                samples += not line.startswith("#")
                file.write(line)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        with suppress(FileNotFoundError):
            unfinished.unlink()
    return samples


def exposition(pasts: Sequence[PastOf], extra: Mapping[str, str]) -> Iterator[str]:
    """The text, line by line."""
    for metric, amount in _METRICS:
        family = metric.name.removesuffix("_total")
        yield f"# HELP {family} {_escaped(metric.help)}\n"
        yield f"# TYPE {family} counter\n"
        for past in pasts:
            for labels, hours in sorted(_series(metric, attrgetter(amount), past).items()):
                yield from _samples(metric, _named(metric, past.target, labels, extra), hours, epoch_ms(past.until))
    yield "# EOF\n"


def _series(metric: Metric, amount: Callable[[PastHour], int], past: PastOf) -> _Series:
    found: _Series = {}
    for hour in past.hours:
        labels = tuple(_exposed(name, getattr(hour, name), past.slots) for name in metric.labels)
        sums = found.setdefault(labels, {})
        sums[hour.hour_ms] = sums.get(hour.hour_ms, 0) + amount(hour)
    return found


def _exposed(label: str, value: str, slots: Mapping[str, Collection[str]]) -> str:
    is_free = label not in _BUDGETED or value in _RESERVED or value in slots.get(label, ())
    return value if is_free else OTHER


def _samples(metric: Metric, named: str, hours: Mapping[int, int], until_ms: int) -> Iterator[str]:
    """0 at the first hour's beginning, the sum at every hour's end, the last one just before `until_ms`, then 0."""
    begins = range(min(hours), until_ms - 1, HOUR_MS)
    sums = accumulate((hours.get(begin, 0) for begin in begins), initial=0)
    yield from (_line(metric, named, value, at_ms) for value, at_ms in zip(sums, begins, strict=False))
    total = sum(hours.values())
    yield _line(metric, named, total, until_ms - 1)
    yield _line(metric, named, 0, until_ms)


def _line(metric: Metric, named: str, value: int, at_ms: int) -> str:
    shown = value if metric.scale == 1 else value / metric.scale
    return f"{named} {shown} {at_ms // 1000}.{at_ms % 1000:03}\n"


def _named(metric: Metric, target: Target, labels: _Labels, extra: Mapping[str, str]) -> str:
    values = dict(zip(metric.label_names, metric.label_values(target, labels), strict=True)) | dict(extra)
    return metric.name + "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in values.items()) + "}"


def _escaped(text: str) -> str:
    plain = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return plain.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def labels_of(pairs: Iterable[str]) -> dict[str, str]:
    """Labels as they are given on the command line, `name=value`. Raises ValueError: one is none, or is ours."""
    found: dict[str, str] = {}
    ours = {name for metric in METRICS for name in metric.label_names}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.isidentifier() or not name.isascii() or name.startswith("__"):
            raise ValueError(f"{pair!r} is no label: write name=value, such as job=athena")
        if name in ours:
            raise ValueError(f"{name} is a label of these series already: leave it out")
        found[name] = value
    return found
