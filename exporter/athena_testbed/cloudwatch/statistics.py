"""CloudWatch's statistics over the samples of a period."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf

_PERCENTILE = re.compile(r"(?P<kind>p|tm)(?P<share>100|\d{1,2}(\.\d{1,10})?)")


@dataclass(slots=True)
class Cell:
    """What the simple statistics need of any number of samples."""

    count: int = 0
    total: float = 0
    low: float = inf
    high: float = -inf

    def add(self, value: float) -> None:
        """Count one sample."""
        self.count += 1
        self.total += value
        self.low = min(self.low, value)
        self.high = max(self.high, value)

    def merge(self, other: "Cell") -> None:
        """Count the samples of another cell."""
        self.count += other.count
        self.total += other.total
        self.low = min(self.low, other.low)
        self.high = max(self.high, other.high)


SIMPLE: Mapping[str, Callable[[Cell], float]] = {
    "SampleCount": lambda cell: cell.count,
    "Average": lambda cell: cell.total / cell.count,
    "Sum": lambda cell: cell.total,
    "Minimum": lambda cell: cell.low,
    "Maximum": lambda cell: cell.high,
}
"""Statistic -> how it is computed of a cell that holds a sample at least."""


def percentile(name: str) -> Callable[[Sequence[float]], float] | None:
    """How a percentile (`p95`) or a trimmed mean (`tm99`) is computed of ordered samples; None for any other name."""
    match = _PERCENTILE.fullmatch(name)
    if match is None:
        return None
    share = float(match["share"]) / 100

    def upper(values: Sequence[float]) -> int:
        return max(1, ceil(share * len(values)))

    if match["kind"] == "p":
        return lambda values: values[upper(values) - 1]
    return lambda values: sum(values[: upper(values)]) / upper(values)
