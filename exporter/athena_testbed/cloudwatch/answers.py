"""The data points of one call: a metric, a period, a statistic -> points, with the retention of the real API.

Stage: days.py -> **answers.py** -> operations.py, expressions.py. Source: "Metrics retention" of the CloudWatch user
guide; that periods begin at StartTime and not at the clock's round times, from
https://github.com/boto/boto3/issues/3457.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TypeAlias

from athena_testbed.cloudwatch.days import DAY_MINUTES, STEPS, Days
from athena_testbed.cloudwatch.questions import Question, Series, Span
from athena_testbed.cloudwatch.series import Names, Source
from athena_testbed.cloudwatch.statistics import SIMPLE, Cell, percentile
from athena_testbed.settings import ACCOUNT_ID

LONGEST_MINUTES = 455 * DAY_MINUTES
_KEPT_MINUTES = ((3600, LONGEST_MINUTES), (300, 63 * DAY_MINUTES), (60, 15 * DAY_MINUTES))
"""(period in seconds, minutes): data points of a multiple of the period are kept so long."""

Point: TypeAlias = tuple[int, float]
"""Minute since 1970 at which the period begins, value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Minutes since 1970: periods begin at `start`; samples count at or after `since` and before `until`."""

    start: int
    since: int
    until: int
    period: int


class Answers:
    """The data points of one call; what several statistics of a series have in common is computed once."""

    def __init__(self, days: Days, names: Names, span: Span) -> None:
        self._days = days
        self._names = names
        self._span = span
        self._cells: dict[tuple[Source, int], Mapping[int, Cell]] = {}

    def of(self, question: Question) -> Sequence[Point]:
        """The data points of one question, oldest first."""
        source = self._find(question.series) if question.account in {None, ACCOUNT_ID} else None
        return [] if source is None else self.points(source, question.period, question.statistic)

    def _find(self, series: Series) -> Source | None:
        source = self._names.find(series.namespace, series.metric, series.dimensions)
        return None if source is None or series.unit not in {None, source.unit} else source

    def points(self, source: Source, period: int, statistic: str) -> Sequence[Point]:
        """The data points of one statistic, oldest first; nothing for a period below a minute."""
        if period % 60:
            return []
        wanted = self.covered(period)
        if statistic in SIMPLE:
            computed = SIMPLE[statistic]
            if (source, period) not in self._cells:
                self._cells[source, period] = dict(sorted(_cells(self._days, source, wanted).items()))
            cells = self._cells[source, period]
            return [(wanted.start + place * wanted.period, float(computed(cell))) for place, cell in cells.items()]
        ranked = percentile(statistic)
        groups = sorted(_groups(self._days, source, wanted).items()) if ranked else []
        return [
            (wanted.start + place * wanted.period, float(ranked(sorted(values)))) for place, values in groups if ranked
        ]

    def covered(self, period: int) -> Range:
        """The minutes that a period (in seconds) covers."""
        now = self._days.now_ms // 60_000
        start = int(self._span.start // 60)
        for age, unit in ((63 * DAY_MINUTES, 60), (15 * DAY_MINUTES, 5)):
            if start < now - age:
                start -= start % unit
        kept = next((minutes for seconds, minutes in _KEPT_MINUTES if period % seconds == 0), _KEPT_MINUTES[-1][1])
        return Range(
            start=start,
            since=max(start, now - kept),
            until=min(ceil(self._span.end / 60), now + 1),
            period=max(1, period // 60),
        )


def _cells(days: Days, source: Source, wanted: Range) -> Mapping[int, Cell]:
    """Period -> its samples; whole days are read in the coarsest cells that no period cuts."""
    cells: defaultdict[int, Cell] = defaultdict(Cell)
    steps = [step for step in STEPS if wanted.start % step == 0 and wanted.period % step == 0]
    for number, since, until in _pieces(wanted):
        first = number * DAY_MINUTES - wanted.start
        if steps and until - since == DAY_MINUTES:
            for slot, cell in days.cells(source, number, steps[0]).items():
                cells[(first + slot * steps[0]) // wanted.period].merge(cell)
        else:
            for minute, value in days.values(source, number, since, until):
                cells[(first + minute) // wanted.period].add(value)
    return cells


def _groups(days: Days, source: Source, wanted: Range) -> Mapping[int, list[float]]:
    """Period -> the values of its samples."""
    groups: defaultdict[int, list[float]] = defaultdict(list)
    for number, since, until in _pieces(wanted):
        first = number * DAY_MINUTES - wanted.start
        for minute, value in days.values(source, number, since, until):
            groups[(first + minute) // wanted.period].append(value)
    return groups


def _pieces(wanted: Range) -> Iterator[tuple[int, int, int]]:
    """The days of a range: number, first minute of the day and the one after the last."""
    for number in range(wanted.since // DAY_MINUTES, -(-wanted.until // DAY_MINUTES)):
        midnight = number * DAY_MINUTES
        yield number, max(0, wanted.since - midnight), min(DAY_MINUTES, wanted.until - midnight)
