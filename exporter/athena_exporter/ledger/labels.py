"""Label budgets: a value owns a slot from its first count on, later ones are `other`. Exposition only."""

from collections import Counter

from athena_exporter import catalog
from athena_exporter.ledger.model import Known, Labels, SeriesKey
from athena_exporter.records import OTHER, UNATTRIBUTED, UNKNOWN

_RESERVED = frozenset({OTHER, UNATTRIBUTED, UNKNOWN})


class LabelBudget:
    """The budgets during one fold: what was taken before, and what this batch takes."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._series: set[SeriesKey] = set()
        self._per_family: Counter[str] = Counter()
        self._granted: dict[str, set[str]] = {}
        self.touched: set[tuple[str, str]] = set()

    def value(self, label: str, value: str) -> str:
        """The label's value as it is exposed: itself, or `other` when the budget is full."""
        if value in _RESERVED:
            return value
        if value in self._known.slots.get(label, ()) or self._grant(label, value):
            self.touched.add((label, value))
            return value
        return OTHER

    def _grant(self, label: str, value: str) -> bool:
        granted = self._granted.setdefault(label, set())
        taken = len(self._known.slots.get(label, ())) + len(granted - set(self._known.slots.get(label, ())))
        if value not in granted and taken >= self._known.rules.label_limits[label]:
            return False
        granted.add(value)
        return True

    def series(self, metric: catalog.Metric, labels: Labels) -> SeriesKey:
        """The series itself, or the one that takes its family's overflow."""
        key = (metric.name, labels)
        if key in self._known.series or key in self._series:
            return key
        taken = self._known.series_per_family.get(metric.name, 0) + self._per_family[metric.name]
        if taken >= self._known.rules.series_limit:
            key = (metric.name, self._collapsed(metric, labels))
        if key not in self._known.series and key not in self._series:
            self._series.add(key)
            self._per_family[metric.name] += 1
        return key

    def distribution(self, metric: catalog.Metric, labels: Labels) -> Labels:
        """The labels of a histogram's series, or of the one that takes its family's overflow.

        Each is exposed with all its bounds, so it takes a series of the limit for each of them. The overflow has no
        workgroup: no other label of a histogram can grow.
        """
        key = (metric.sum_name, labels)
        if key in self._known.series or key in self._series:
            return labels
        taken = self._known.series_per_family.get(metric.sum_name, 0) + self._per_family[metric.sum_name]
        if (taken + 1) * (len(metric.bounds) + 1) > self._known.rules.series_limit:
            labels = tuple(
                OTHER if name == "workgroup" else value for name, value in zip(metric.labels, labels, strict=True)
            )
            key = (metric.sum_name, labels)
        if key not in self._known.series and key not in self._series:
            self._series.add(key)
            self._per_family[metric.sum_name] += 1
        return labels

    def _collapsed(self, metric: catalog.Metric, labels: Labels) -> Labels:
        budgeted = self._known.rules.label_limits
        return tuple(
            OTHER if name in budgeted and value != UNATTRIBUTED else value
            for name, value in zip(metric.labels, labels, strict=True)
        )
