"""GetMetricData once it is understood: metrics, searches and expressions -> the series of the answer, with labels.

Stage: operations.py -> **expressions.py** -> answers.py for data, math/ for expressions, search/ for what SEARCH finds.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from athena_testbed.account import Account
from athena_testbed.cloudwatch.answers import Answers
from athena_testbed.cloudwatch.labels import Naming
from athena_testbed.cloudwatch.math.evaluator import Evaluator, Surroundings
from athena_testbed.cloudwatch.math.lexer import ExpressionError
from athena_testbed.cloudwatch.math.values import Array, Grid, Origin, TimeSeries
from athena_testbed.cloudwatch.questions import DataQuestion, Formula, Question, expression_error, is_period
from athena_testbed.cloudwatch.search.matching import Matcher
from athena_testbed.cloudwatch.search.parser import parsed
from athena_testbed.cloudwatch.series import USAGE, Named, Names
from athena_testbed.cloudwatch.statistics import SIMPLE, percentile
from athena_testbed.quotas import DDL_QUOTA
from athena_testbed.settings import ACCOUNT_ID, Settings

MOST_METRICS = 500
"""So many metrics one call retrieves, searches included (botocore's model of GetMetricData)."""
STATISTICS_A_METRIC = 5
"""Up to so many statistics of one metric in one call are billed as one metric."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One series of the answer."""

    id: str
    label: str
    series: TimeSeries


class Computation:
    """One GetMetricData call; the caller holds the account's lock.

    Attributes:
        was_limited: whether searches found more metrics than one call retrieves.
    """

    def __init__(
        self, question: DataQuestion, *, account: Account, answers: Answers, names: Names, listed: Sequence[Named]
    ) -> None:
        """Begin; `listed` are the series that a search can see: those with data of the last two weeks."""
        self._question = question
        self._account = account
        self._answers = answers
        self._names = names
        self._listed = listed
        self._asked = {one.id: one for one in question.metrics}
        self._billed = Counter(Named(*_name(one)) for one in question.metrics)
        self._left = MOST_METRICS - len(question.metrics)
        self.was_limited = False
        periods = {one.id: one.period for one in question.questions if one.period is not None}
        self._evaluator = Evaluator(self._surroundings(), periods)

    def _surroundings(self) -> Surroundings:
        return Surroundings(
            metrics=tuple(self._asked),
            expressions={one.id: one.tree for one in self._question.formulas},
            metric=lambda name: self._metric(self._asked[name]),
            search=self._search,
            quota=lambda usage: _quota(self._account.settings, usage.origin),
            grid=self._grid,
        )

    @property
    def billed_metrics(self) -> int:
        """How many metrics AWS bills: those asked for and those found.

        Source: https://aws.amazon.com/cloudwatch/pricing/ (metrics requested by GetMetricData).
        """
        return sum(-(-count // STATISTICS_A_METRIC) for count in self._billed.values())

    def shown(self) -> Sequence[Shown]:
        """Every series of the answer, in the order of the queries.

        Raises:
            AwsError: ValidationError, for an expression that can't be computed.
        """
        results = {one.id: self._result(one) for one in self._question.questions}
        returned = [one for one in self._question.questions if one.is_returned]
        naming = Naming(
            origins=[origin for one in returned for origin in _origins(results[one.id])],
            account=ACCOUNT_ID,
            region=self._account.settings.region,
            now_minute=self._account.now_ms() // 60_000,
            timezone=self._question.timezone,
        )
        return [shown for one in returned for shown in _labelled(naming, one, results[one.id])]

    def _result(self, one: Question | Formula) -> TimeSeries | Array:
        try:
            return self._evaluator.result(one.id)
        except ExpressionError as error:
            raise expression_error(one.id, error) from error

    def _grid(self, period: int) -> Grid:
        covered = self._answers.covered(period)
        return Grid(start=covered.start, until=covered.until, period=covered.period)

    def _metric(self, one: Question) -> TimeSeries:
        namespace, metric, dimensions = _name(one)
        origin = Origin(
            namespace=namespace, metric=metric, dimensions=dimensions, statistic=one.statistic, period=one.period
        )
        return TimeSeries(
            points=dict(self._answers.of(one)),
            grid=self._grid(one.period),
            origin=origin,
            label=one.label,
            is_plain=True,
        )

    def _search(self, text: str, statistic: str, period: int) -> Array:
        """All series that a search finds, in the order of their names, as many as the call may still retrieve."""
        if statistic not in SIMPLE and percentile(statistic) is None:
            raise ExpressionError(f"The statistic '{statistic}' of SEARCH is not supported")
        if not is_period(period):
            raise ExpressionError(f"The period {period} of SEARCH must be 1, 5, 10, 20, 30 or a multiple of 60")
        matcher = Matcher(parsed(text), ACCOUNT_ID)
        found = [named for named in self._listed if matcher.finds(named)]
        self.was_limited |= len(found) > self._left
        found = found[: max(0, self._left)]
        self._left -= len(found)
        self._billed.update(found)
        return Array(tuple(self._found(named, statistic, period) for named in found))

    def _found(self, named: Named, statistic: str, period: int) -> TimeSeries:
        source = self._names.find(named.namespace, named.metric, named.dimensions)
        points = () if source is None else self._answers.points(source, period, statistic)
        origin = Origin(
            namespace=named.namespace, metric=named.metric, dimensions=named.dimensions, statistic=statistic,
            period=period,
        )  # fmt: skip  # as short as it can be said
        return TimeSeries(points=dict(points), grid=self._grid(period), origin=origin)


def _name(one: Question) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    return one.series.namespace, one.series.metric, one.series.dimensions


def _origins(value: TimeSeries | Array) -> Iterator[Origin]:
    """The metrics that an answer shows as themselves."""
    for series in value.items if isinstance(value, Array) else (value,):
        if series.origin is not None:
            yield series.origin


def _labelled(naming: Naming, one: Question | Formula, value: TimeSeries | Array) -> Iterator[Shown]:
    if isinstance(value, Array):
        for item in value.items:
            yield Shown(id=one.id, label=naming.of_item(one.label, one.id, item), series=item)
    elif isinstance(one, Question):
        yield Shown(id=one.id, label=naming.of_metric(one.label, one.id, value), series=value)
    else:
        yield Shown(id=one.id, label=naming.of_expression(one.label, one.id, value), series=value)


def _quota(settings: Settings, origin: Origin | None) -> float | None:
    """The quota beside a usage metric of Athena's active queries."""
    if origin is None or origin.namespace != USAGE:
        return None
    quotas = {"DML": settings.dml_quota, "DDL": DDL_QUOTA}
    quota = quotas.get(dict(origin.dimensions).get("Class", ""))
    return None if quota is None else float(quota)
