"""CloudWatch's operations: which data points a question gets, with the delays, retention and limits of the real API.

Source: the CloudWatch API reference; retention from "Metrics retention" of the CloudWatch user guide; that periods
begin at StartTime and not at the clock's round times, from https://github.com/boto/boto3/issues/3457.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import TypeAlias

from athena_testbed.account import Account
from athena_testbed.cloudwatch.days import DAY_MINUTES, STEPS, Days
from athena_testbed.cloudwatch.listing import Listing
from athena_testbed.cloudwatch.questions import (
    DataQuestion,
    Question,
    Series,
    Span,
    StatisticsQuestion,
    data_question,
    list_question,
    statistics_question,
)
from athena_testbed.cloudwatch.series import Named, Names, Source
from athena_testbed.cloudwatch.statistics import SIMPLE, Cell, percentile
from athena_testbed.reservations import reserved
from athena_testbed.tokens import BadTokenError, seal, unseal
from athena_testbed.wire import AwsError, Entries, Json

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PAGE = 500
_KEPT_MINUTES = ((3600, 455 * DAY_MINUTES), (300, 63 * DAY_MINUTES), (60, 15 * DAY_MINUTES))
"""(period in seconds, minutes): data points of a multiple of the period are kept so long."""

Point: TypeAlias = tuple[int, float]
"""Minute since 1970 at which the period begins, value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Range:
    """Minutes since 1970: periods begin at `start`; samples count at or after `since` and before `until`."""

    start: int
    since: int
    until: int
    period: int


class CloudWatch:
    """CloudWatch of one account and Region; it knows AWS/Athena and AWS/Usage."""

    def __init__(self, account: Account) -> None:
        settings = account.settings
        self._account = account
        self._names = Names(settings.capacity_dimension, frozenset(reserved(account)))
        self._days = Days(account, _milliseconds(settings.cloudwatch_delay))
        self._listing = Listing(self._days, self._names, _milliseconds(settings.listmetrics_delay))
        self.operations: Mapping[str, Callable[[Json], Json]] = {
            "GetMetricData": self.get_metric_data,
            "GetMetricStatistics": self.get_metric_statistics,
            "ListMetrics": self.list_metrics,
        }

    def get_metric_data(self, parameters: Json) -> Json:
        """Up to 500 metrics; a series that doesn't exist is complete and empty."""
        question = data_question(parameters)
        scope = [repr(question.span), [repr(one) for one in question.questions]]
        first, offset = _position(parameters, scope, "InvalidNextToken")
        self._build(question.span.start, question.span.end)
        with self._account.lock:
            return self._data(question, scope, first, offset)

    def _data(self, question: DataQuestion, scope: object, first: int, offset: int) -> Json:
        results: list[Json] = []
        left = question.most_points
        answers = _Answers(self._days, self._names, question.span)
        for place, one in enumerate(question.questions[first:], first):
            if left <= 0:
                return _data_page(results, seal([place, 0], scope))
            points = answers.of(one)[:: -1 if question.newest_first else 1] if one.is_returned else []
            page = points[offset if place == first else 0 :]
            if one.is_returned:
                results.append(_result(one, page[:left], is_complete=len(page) <= left))
            if len(page) > left:
                return _data_page(results, seal([place, len(points) - len(page) + left], scope))
            left -= len(page)
        return _data_page(results, None)

    def get_metric_statistics(self, parameters: Json) -> Json:
        """All statistics of one metric; its data points come in no order."""
        question = statistics_question(parameters)
        self._build(question.span.start, question.span.end)
        with self._account.lock:
            return self._statistics(question)

    def _statistics(self, question: StatisticsQuestion) -> Json:
        source = self._names.find(question.series.namespace, question.series.metric, question.series.dimensions)
        unit = "None" if source is None else source.unit
        found: defaultdict[int, Json] = defaultdict(dict)
        if source is not None and question.series.unit in {None, unit}:
            for name in (*question.statistics, *question.extended):
                self._add_statistic(found, question, source, name)
        points = [{"Timestamp": _time(minute), **values, "Unit": unit} for minute, values in found.items()]
        return {"Label": question.series.metric, "Datapoints": sorted(points, key=_disorder)}

    def _add_statistic(
        self, found: defaultdict[int, Json], question: StatisticsQuestion, source: Source, name: str
    ) -> None:
        for minute, value in _Answers(self._days, self._names, question.span).points(source, question.period, name):
            if name in question.extended:
                found[minute].setdefault("ExtendedStatistics", Entries())[name] = value
            else:
                found[minute][name] = value

    def list_metrics(self, parameters: Json) -> Json:
        """Series with data of the last two weeks, 500 a page."""
        question = list_question(parameters)
        scope = repr(question)
        place, at = _position(parameters, scope, "InvalidParameterValue")
        now = self._account.now_ms() / 1000
        self._build(now - 15 * 86_400, now)
        with self._account.lock:
            minute = at or self._days.now_ms // 60_000
            found = self._listing.at(minute, question, is_first_page=not at)
        answer: Json = {"Metrics": [_named(series) for series in found[place : place + _PAGE]]}
        if place + _PAGE < len(found):
            answer["NextToken"] = seal([place + _PAGE, minute], scope)
        return answer

    def _build(self, since: float, until: float) -> None:
        """Build the days of a range (seconds since 1970), one by one: others use the account meanwhile."""
        with self._account.lock:
            self._days.refresh()
        now = self._days.now_ms // 1000
        first = max(since, now - _KEPT_MINUTES[0][1] * 60)
        for number in range(int(first // 86_400), int(min(until, now) // 86_400) + 1):
            with self._account.lock:
                self._days.day(number)


class _Answers:
    """The data points of one call; what several statistics of a series have in common is computed once."""

    def __init__(self, days: Days, names: Names, span: Span) -> None:
        self._days = days
        self._names = names
        self._span = span
        self._cells: dict[tuple[Source, int], Mapping[int, Cell]] = {}

    def of(self, question: Question) -> Sequence[Point]:
        """The data points of one question, oldest first."""
        source = self._find(question.series)
        return [] if source is None else self.points(source, question.period, question.statistic)

    def _find(self, series: Series) -> Source | None:
        source = self._names.find(series.namespace, series.metric, series.dimensions)
        return None if source is None or series.unit not in {None, source.unit} else source

    def points(self, source: Source, period: int, statistic: str) -> Sequence[Point]:
        """The data points of one statistic, oldest first; nothing for a period below a minute."""
        if period % 60:
            return []
        wanted = self._range(period)
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

    def _range(self, period: int) -> _Range:
        now = self._days.now_ms // 60_000
        start = int(self._span.start // 60)
        for age, unit in ((63 * DAY_MINUTES, 60), (15 * DAY_MINUTES, 5)):
            if start < now - age:
                start -= start % unit
        kept = next(minutes for seconds, minutes in _KEPT_MINUTES if period % seconds == 0)
        return _Range(
            start=start,
            since=max(start, now - kept),
            until=min(ceil(self._span.end / 60), now + 1),
            period=period // 60,
        )


def _cells(days: Days, source: Source, wanted: _Range) -> Mapping[int, Cell]:
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


def _groups(days: Days, source: Source, wanted: _Range) -> Mapping[int, list[float]]:
    """Period -> the values of its samples."""
    groups: defaultdict[int, list[float]] = defaultdict(list)
    for number, since, until in _pieces(wanted):
        first = number * DAY_MINUTES - wanted.start
        for minute, value in days.values(source, number, since, until):
            groups[(first + minute) // wanted.period].append(value)
    return groups


def _pieces(wanted: _Range) -> Iterator[tuple[int, int, int]]:
    """The days of a range: number, first minute of the day and the one after the last."""
    for number in range(wanted.since // DAY_MINUTES, -(-wanted.until // DAY_MINUTES)):
        midnight = number * DAY_MINUTES
        yield number, max(0, wanted.since - midnight), min(DAY_MINUTES, wanted.until - midnight)


def _result(question: Question, points: Sequence[Point], *, is_complete: bool) -> Json:
    return {
        "Id": question.id,
        "Label": question.label,
        "Timestamps": [_time(minute) for minute, _ in points],
        "Values": [value for _, value in points],
        "StatusCode": "Complete" if is_complete else "PartialData",
    }


def _data_page(results: list[Json], token: str | None) -> Json:
    answer: Json = {"MetricDataResults": results, "Messages": []}
    return answer if token is None else {**answer, "NextToken": token}


def _named(series: Named) -> Json:
    return {
        "Namespace": series.namespace,
        "MetricName": series.metric,
        "Dimensions": [{"Name": name, "Value": value} for name, value in series.dimensions],
    }


def _position(parameters: Json, scope: object, code: str) -> tuple[int, int]:
    token = parameters.get("NextToken")
    if token is None:
        return 0, 0
    try:
        place, offset = unseal(str(token), scope)
    except (BadTokenError, ValueError) as error:
        raise AwsError(code, "The parameter NextToken is not one that this operation has given.") from error
    return place, offset


def _disorder(point: Json) -> int:
    """A place in no order that means anything, the same each time."""
    return int(point["Timestamp"].timestamp()) * 2_654_435_761 % 2**32


def _time(minute: int) -> datetime:
    return _EPOCH + timedelta(minutes=minute)


def _milliseconds(length: timedelta) -> int:
    return length // timedelta(milliseconds=1)
