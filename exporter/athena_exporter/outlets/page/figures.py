"""The samples by metric and target, in the units that the metrics' names promise.

Stage: samples -> **figures** -> page.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from athena_exporter import catalog
from athena_exporter.catalog import Metric
from athena_exporter.records import Sample, Target

Labels: TypeAlias = tuple[str, ...]

BUDGETS = "athena_budget_"
"""What the names of budgets' metrics begin with."""


class Figures:
    """What one publication shows. Only the metrics in `wanted` and those of budgets are kept."""

    def __init__(self, samples: Iterable[Sample], wanted: Iterable[Metric]) -> None:
        names = {metric.name for metric in wanted}
        kept: dict[tuple[str, Target | None], dict[Labels, float]] = defaultdict(dict)
        for sample in samples:
            if sample.metric in names or sample.metric.startswith(BUDGETS):
                kept[sample.metric, sample.target][sample.labels] = sample.value / _scale(sample.metric)
        self._kept = dict(kept)

    def targets(self, metrics: Iterable[Metric]) -> list[Target]:
        """Every target that one of these metrics speaks of, in order."""
        names = {metric.name for metric in metrics}
        return sorted({target for name, target in self._kept if target is not None and name in names})

    @property
    def budgets(self) -> list[tuple[str, Target | None]]:
        """The metrics of budgets that there are, and of whom."""
        return [key for key in self._kept if key[0].startswith(BUDGETS)]

    def named(self, metric: str, target: Target | None) -> dict[Labels, float]:
        """Label values -> value, of one target or (None) of the whole process."""
        return self._kept.get((metric, target), {})

    def of(self, metric: Metric, target: Target | None) -> dict[Labels, float]:
        """As `named`, by the catalogue's symbol."""
        return self.named(metric.name, target)

    def one(self, metric: Metric, target: Target | None, *labels: str) -> float | None:
        """The value of one series, None if it isn't there."""
        return self.of(metric, target).get(labels)

    def summed(self, metric: Metric, target: Target | None, *labels: str) -> dict[Labels, float]:
        """Summed over all labels but these."""
        places = [metric.labels.index(label) for label in labels]
        sums: dict[Labels, float] = defaultdict(float)
        for values, value in self.of(metric, target).items():
            sums[tuple(values[place] for place in places)] += value
        return dict(sums)

    def values(self, metric: Metric, target: Target | None, label: str) -> Iterator[str]:
        """Every value that a label of the metric has."""
        place = metric.labels.index(label)
        yield from {values[place] for values in self.of(metric, target)}


def _scale(name: str) -> int:
    metric = catalog.BY_NAME.get(name)
    return 1 if metric is None else metric.scale
