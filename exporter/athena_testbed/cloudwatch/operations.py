"""CloudWatch's operations: which data points a question gets, with the delays and limits of the real API.

Source: the CloudWatch API reference.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from athena_testbed.account import Account
from athena_testbed.cloudwatch.answers import LONGEST_MINUTES, Answers, Point
from athena_testbed.cloudwatch.days import Days
from athena_testbed.cloudwatch.expressions import Computation, Shown
from athena_testbed.cloudwatch.listing import Listing
from athena_testbed.cloudwatch.questions import (
    DataQuestion,
    ListQuestion,
    StatisticsQuestion,
    data_question,
    list_question,
    statistics_question,
)
from athena_testbed.cloudwatch.series import Named, Names, Source
from athena_testbed.reservations import reserved
from athena_testbed.settings import ACCOUNT_ID
from athena_testbed.tokens import BadTokenError, seal, unseal
from athena_testbed.wire import AwsError, Billed, Entries, Json

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PAGE = 500
_SEARCHED_DAYS = 15
_DROPPED = "One or more data-points have been dropped due to non-numeric values (NaN, -Infinite, +Infinite)"
"""AWS's words, as a recorded answer has them (pkg/tsdb/cloudwatch/testdata in https://github.com/grafana/grafana)."""
_LIMITED = "Maximum number of allowed metrics exceeded. Your search may have been limited."


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
        if question.formulas:
            self._build_recent()
        with self._account.lock:
            computation = self._computation(question)
            shown = computation.shown()
        if question.formulas:
            answer = _cut(question, shown, _messages(computation))
        else:
            answer = _page(question, shown, scope, first, offset)
        return Billed(answer, computation.billed_metrics)

    def _computation(self, question: DataQuestion) -> Computation:
        return Computation(
            question,
            account=self._account,
            answers=Answers(self._days, self._names, question.span),
            names=self._names,
            listed=self._listed(ListQuestion(), 0) if question.formulas else (),
        )

    def _listed(self, question: ListQuestion, at: int) -> Sequence[Named]:
        """The series that ListMetrics names, at a minute since 1970 or, with 0, now."""
        return self._listing.at(at or self._days.now_ms // 60_000, question, is_first_page=not at)

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
        for minute, value in Answers(self._days, self._names, question.span).points(source, question.period, name):
            if name in question.extended:
                found[minute].setdefault("ExtendedStatistics", Entries())[name] = value
            else:
                found[minute][name] = value

    def list_metrics(self, parameters: Json) -> Json:
        """Series with data of the last two weeks, 500 a page."""
        question = list_question(parameters)
        scope = repr(question)
        place, at = _position(parameters, scope, "InvalidParameterValue")
        self._build_recent()
        with self._account.lock:
            minute = at or self._days.now_ms // 60_000
            found = self._listed(question, at)
        page = found[place : place + _PAGE]
        answer: Json = {"Metrics": [_named(series) for series in page]}
        if question.owners:
            answer["OwningAccounts"] = [ACCOUNT_ID] * len(page)
        if place + _PAGE < len(found):
            answer["NextToken"] = seal([place + _PAGE, minute], scope)
        return answer

    def _build_recent(self) -> None:
        """Build the days of which a metric is listed."""
        now = self._account.now_ms() / 1000
        self._build(now - _SEARCHED_DAYS * 86_400, now)

    def _build(self, since: float, until: float) -> None:
        """Build the days of a range (seconds since 1970), one by one: others use the account meanwhile."""
        with self._account.lock:
            self._days.refresh()
        now = self._days.now_ms // 1000
        first = max(since, now - LONGEST_MINUTES * 60)
        for number in range(int(first // 86_400), int(min(until, now) // 86_400) + 1):
            with self._account.lock:
                self._days.day(number)


def _page(question: DataQuestion, shown: Sequence[Shown], scope: object, first: int, offset: int) -> Json:
    """One page of what is shown, and where the next one begins."""
    results: list[Json] = []
    left = question.most_points
    for place, one in enumerate(shown[first:], first):
        if left <= 0:
            return _data(results, token=seal([place, 0], scope))
        points = _ordered(question, one)[offset if place == first else 0 :]
        results.append(_result(one, points[:left], is_complete=len(points) <= left))
        if len(points) > left:
            return _data(results, token=seal([place, len(one.series.points) - len(points) + left], scope))
        left -= len(points)
    return _data(results)


def _cut(question: DataQuestion, shown: Sequence[Shown], messages: Sequence[Json]) -> Json:
    """Everything, but for data points beyond the limit: an answer with expressions has no second page.

    Source: botocore's model, MetricDataResult.StatusCode.
    """
    results: list[Json] = []
    left = question.most_points
    for one in shown:
        points = _ordered(question, one)
        results.append(_result(one, points[:left], is_complete=len(points) <= left))
        left -= min(left, len(points))
    return _data(results, messages=messages)


def _ordered(question: DataQuestion, one: Shown) -> Sequence[Point]:
    return list(one.series.points.items())[:: -1 if question.newest_first else 1]


def _result(one: Shown, points: Sequence[Point], *, is_complete: bool) -> Json:
    result: Json = {
        "Id": one.id,
        "Label": one.label,
        "Timestamps": [_time(minute) for minute, _ in points],
        "Values": [value for _, value in points],
        "StatusCode": "Complete" if is_complete else "PartialData",
    }
    if one.series.has_dropped:
        result["Messages"] = [{"Code": "ArithmeticError", "Value": _DROPPED}]
    return result


def _messages(computation: Computation) -> Sequence[Json]:
    return [{"Code": "MaxMetricsExceeded", "Value": _LIMITED}] if computation.was_limited else []


def _data(results: list[Json], *, token: str | None = None, messages: Sequence[Json] = ()) -> Json:
    answer: Json = {"MetricDataResults": results, "Messages": list(messages)}
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
