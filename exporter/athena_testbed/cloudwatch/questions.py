"""What a client asks CloudWatch: parameters in, checked questions out, and AWS's own words for what is none.

Sources: the CloudWatch API reference of GetMetricData, GetMetricStatistics and ListMetrics, botocore's model, and for
the words of errors what people report: https://github.com/elastic/beats/issues/32687 (equal times),
https://github.com/cloud-custodian/cloud-custodian/pull/7103 (too many data points),
https://github.com/someengineering/fixinventory/pull/2048 (an unknown statistic).
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from athena_testbed.cloudwatch.labels import MOST_DYNAMIC_VALUES, dynamic_values
from athena_testbed.cloudwatch.math.evaluator import check
from athena_testbed.cloudwatch.math.lexer import ExpressionError
from athena_testbed.cloudwatch.math.nodes import Node
from athena_testbed.cloudwatch.math.parser import parsed
from athena_testbed.cloudwatch.series import Dimensions
from athena_testbed.cloudwatch.statistics import SIMPLE, percentile
from athena_testbed.wire import AwsError, Json

MOST_QUERIES = 500
MOST_POINTS = 100_800
MOST_STATISTICS_POINTS = 1440
LONGEST_EXPRESSION = 2048
"""Characters (botocore's model)."""
_ID = re.compile(r"[a-z][a-zA-Z0-9_]{0,254}")
_TIMEZONE = re.compile(r"(?P<sign>[+-])(?P<hours>[01]\d|2[0-3])(?P<minutes>[0-5]\d)")
_METRICS_INSIGHTS = re.compile(r"\s*SELECT\s", re.IGNORECASE)
_HIGH_RESOLUTION = frozenset({1, 5, 10, 20, 30})


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A range of time and how it is cut: seconds since 1970; the end is exclusive."""

    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A metric by its names; `unit` is None where any unit is right."""

    namespace: str
    metric: str
    dimensions: Dimensions
    unit: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One MetricDataQuery with a MetricStat."""

    id: str
    series: Series
    period: int
    statistic: str
    label: str | None
    is_returned: bool
    account: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """One MetricDataQuery with an Expression; `period` in seconds is None where the query gives none."""

    id: str
    text: str
    tree: Node
    period: int | None
    label: str | None
    is_returned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DataQuestion:
    """GetMetricData. `timezone` is for times in labels."""

    span: Span
    questions: tuple[Question | Formula, ...]
    newest_first: bool
    most_points: int
    timezone: timezone

    @property
    def metrics(self) -> tuple[Question, ...]:
        """The queries that ask for a metric."""
        return tuple(one for one in self.questions if isinstance(one, Question))

    @property
    def formulas(self) -> tuple[Formula, ...]:
        """The queries that compute an expression."""
        return tuple(one for one in self.questions if isinstance(one, Formula))


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsQuestion:
    """GetMetricStatistics."""

    span: Span
    series: Series
    period: int
    statistics: tuple[str, ...]
    extended: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuestion:
    """ListMetrics; a dimension with the value None may have any. `owners` is whether to name accounts, too."""

    namespace: str | None = None
    metric: str | None = None
    dimensions: tuple[tuple[str, str | None], ...] = ()
    recently_active: bool = False
    owners: bool = False
    owner: str | None = None


def data_question(parameters: Json) -> DataQuestion:
    """Understand GetMetricData.

    Raises:
        AwsError: ValidationError, naming the parameter.
    """
    queries = _list(parameters, "MetricDataQueries")
    if not queries:
        raise _invalid("The parameter MetricDataQueries is required.")
    if len(queries) > MOST_QUERIES:
        raise _invalid(f"The collection MetricDataQueries must not have a size greater than {MOST_QUERIES}.")
    questions = tuple(_question(place, query) for place, query in enumerate(queries, 1))
    twice = [name for name, count in Counter(question.id for question in questions).items() if count > 1]
    if twice:
        raise _invalid(f"The values for parameter Id in MetricDataQueries are not unique: {twice[0]}.")
    _check_formulas(questions)
    order = parameters.get("ScanBy") or "TimestampDescending"
    if order not in {"TimestampDescending", "TimestampAscending"}:
        raise _invalid("The parameter ScanBy must be a value in the set [ TimestampDescending, TimestampAscending ].")
    most = parameters.get("MaxDatapoints", MOST_POINTS)
    if not isinstance(most, int) or not 1 <= most <= MOST_POINTS:
        raise _invalid(f"The parameter MaxDatapoints must be between 1 and {MOST_POINTS}.")
    return DataQuestion(
        span=_span(parameters, "ValidationError"),
        questions=questions,
        newest_first=order == "TimestampDescending",
        most_points=most,
        timezone=_timezone(parameters),
    )


def _check_formulas(questions: tuple[Question | Formula, ...]) -> None:
    metrics = tuple(one.id for one in questions if isinstance(one, Question))
    trees = {one.id: one.tree for one in questions if isinstance(one, Formula)}
    for name in trees:
        try:
            check(metrics, trees, name)
        except ExpressionError as error:
            raise expression_error(name, error) from error


def expression_error(name: str, error: ExpressionError) -> AwsError:
    """AWS's frame around what is wrong with an expression.

    Its "Invalid syntax" and "Function '...' not found" are AWS's words as people report them
    (https://github.com/grafana/grafana/blob/main/public/app/plugins/datasource/cloudwatch/datasource.test.ts has the
    first); nobody publishes the others, so those are this module's own.
    """
    return _invalid(f"Error in expression '{name}': {error}")


def _timezone(parameters: Json) -> timezone:
    options = parameters.get("LabelOptions") or {}
    text = (options.get("Timezone") if isinstance(options, dict) else None) or "+0000"
    match = _TIMEZONE.fullmatch(str(text))
    if match is None:
        raise _invalid(f"The value {text} for parameter LabelOptions.Timezone is not matched with pattern [+-]hhmm.")
    offset = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"]))
    return timezone(-offset if match["sign"] == "-" else offset)


def statistics_question(parameters: Json) -> StatisticsQuestion:
    """Understand GetMetricStatistics.

    Raises:
        AwsError: MissingParameter, InvalidParameterValue or InvalidParameterCombination, naming the parameter.
    """
    for name in ("Namespace", "MetricName", "StartTime", "EndTime", "Period"):
        if parameters.get(name) is None:
            raise AwsError("MissingParameter", f"The parameter {name} is required.")
    span = _span(parameters, "InvalidParameterValue")
    period = _period("Period", parameters["Period"], "InvalidParameterValue")
    plain, extended = _list(parameters, "Statistics"), _list(parameters, "ExtendedStatistics")
    _check_statistics(plain, extended)
    wanted = int((span.end - span.start) // period)
    if wanted > MOST_STATISTICS_POINTS:
        raise AwsError(
            "InvalidParameterCombination",
            f"You have requested up to {wanted:,} datapoints, which exceeds the limit of {MOST_STATISTICS_POINTS:,}."
            " You may reduce the datapoints requested by increasing Period, or decreasing the time range.",
        )
    return StatisticsQuestion(
        span=span, series=_series(parameters, parameters.get("Unit")), period=period,
        statistics=tuple(plain), extended=tuple(extended),
    )  # fmt: skip  # as short as it can be said


def list_question(parameters: Json) -> ListQuestion:
    """Understand ListMetrics.

    Raises:
        AwsError: InvalidParameterValue, naming the parameter.
    """
    recently = parameters.get("RecentlyActive")
    if recently not in {None, "PT3H"}:
        raise AwsError("InvalidParameterValue", "The parameter RecentlyActive must be a value in the set [ PT3H ].")
    filters = _list(parameters, "Dimensions")
    if not all(isinstance(one, dict) and one.get("Name") for one in filters):
        raise AwsError("InvalidParameterValue", "The parameter Dimensions.member.1.Name is required.")
    return ListQuestion(
        namespace=parameters.get("Namespace"),
        metric=parameters.get("MetricName"),
        dimensions=tuple((one["Name"], one.get("Value")) for one in filters),
        recently_active=recently is not None,
        owners=parameters.get("IncludeLinkedAccounts") is True,
        owner=parameters.get("OwningAccount"),
    )


def _question(place: int, query: Any) -> Question | Formula:
    where = f"MetricDataQueries.member.{place}"
    name = query.get("Id") if isinstance(query, dict) else None
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise _invalid(f"The value {name} for parameter {where}.Id is not matched with pattern [a-z][a-zA-Z0-9_]*.")
    stat = query.get("MetricStat")
    if (stat is None) == (query.get("Expression") is None):
        raise _invalid(f"Exactly one of the parameters {where}.MetricStat and {where}.Expression must be specified.")
    _check_label(where, query.get("Label"))
    if stat is None:
        return _formula(where, name, query)
    if not isinstance(stat, dict):
        raise _invalid(f"The parameter {where}.MetricStat must be a structure.")
    return _asked(where, name, query, stat)


def _check_label(where: str, label: Any) -> None:
    """The user guide's "Use dynamic labels": five dynamic values at most, the default label once."""
    values = dynamic_values(str(label or ""))
    if len(values) > MOST_DYNAMIC_VALUES or values.count("LABEL") > 1:
        raise _invalid(
            f"The parameter {where}.Label may have {MOST_DYNAMIC_VALUES} dynamic values at most, ${{LABEL}} only once."
        )


def _formula(where: str, name: str, query: Json) -> Formula:
    text, period = query["Expression"], query.get("Period")
    if not isinstance(text, str) or not 1 <= len(text) <= LONGEST_EXPRESSION:
        length = "less than or equal to 2048" if text else "greater than or equal to 1"
        raise _invalid(
            f"1 validation error detected: Value at '{where[0].lower()}{where[1:]}.expression' failed to satisfy"
            f" constraint: Member must have length {length}"
        )
    if _METRICS_INSIGHTS.match(text):
        raise expression_error(name, ExpressionError("Metrics Insights queries are not answered here; use SEARCH"))
    try:
        tree = parsed(text)
    except ExpressionError as error:
        raise expression_error(name, error) from error
    return Formula(
        id=name, text=text, tree=tree, label=query.get("Label") or None, is_returned=query.get("ReturnData", True),
        period=None if period is None else _period(f"{where}.Period", period, "ValidationError"),
    )  # fmt: skip  # as short as it can be said


def _asked(where: str, name: str, query: Json, stat: Json) -> Question:
    metric, statistic = stat.get("Metric"), stat.get("Stat")
    for part, value in (("Metric", metric), ("Stat", statistic), ("Period", stat.get("Period"))):
        if value is None:
            raise _invalid(f"The parameter {where}.MetricStat.{part} is required.")
    if not isinstance(metric, dict) or not metric.get("MetricName") or not metric.get("Namespace"):
        raise _invalid(f"The parameter {where}.MetricStat.Metric needs a Namespace and a MetricName.")
    if not isinstance(statistic, str) or (statistic not in SIMPLE and percentile(statistic) is None):
        raise _invalid(f"The value {statistic} for parameter {where}.MetricStat.Stat is not supported.")
    return Question(
        id=name,
        series=_series(metric, stat.get("Unit")),
        period=_period(f"{where}.MetricStat.Period", stat["Period"], "ValidationError"),
        statistic=statistic,
        label=query.get("Label") or None,
        is_returned=query.get("ReturnData", True),
        account=query.get("AccountId"),
    )


def _series(metric: Json, unit: str | None) -> Series:
    pairs = _list(metric, "Dimensions")
    return Series(
        namespace=metric["Namespace"],
        metric=metric["MetricName"],
        dimensions=tuple(sorted((str(one.get("Name")), str(one.get("Value"))) for one in pairs)),
        unit=unit,
    )


def _check_statistics(plain: list[Any], extended: list[Any]) -> None:
    if not plain and not extended:
        raise AwsError("MissingParameter", "The parameter Statistics or ExtendedStatistics is required.")
    if plain and extended:
        words = "The parameters Statistics and ExtendedStatistics can't be combined."
        raise AwsError("InvalidParameterCombination", words)
    for place, name in enumerate(plain, 1):
        if name not in SIMPLE:
            words = f"The parameter Statistics.member.{place} must be a value in the set [ {', '.join(SIMPLE)} ]."
            raise AwsError("InvalidParameterValue", words)
    for place, name in enumerate(extended, 1):
        if percentile(str(name)) is None:
            words = f"The value {name} for parameter ExtendedStatistics.member.{place} is not supported."
            raise AwsError("InvalidParameterValue", words)


def _span(parameters: Json, code: str) -> Span:
    start, end = (_moment(parameters, name, code) for name in ("StartTime", "EndTime"))
    if start == end:
        raise AwsError(code, "The parameter StartTime must not equal parameter EndTime.")
    if start > end:
        raise AwsError(code, "The parameter StartTime must be less than the parameter EndTime.")
    return Span(start=start, end=end)


def _moment(parameters: Json, name: str, code: str) -> float:
    """A time as each protocol has it: seconds since 1970, an aware datetime, or ISO 8601."""
    value = parameters.get(name)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise AwsError(code, f"The parameter {name} is required and must be a time.")
    return float(value)


def is_period(value: int) -> bool:
    """Whether CloudWatch can answer in periods of so many seconds."""
    return value >= 1 and (value in _HIGH_RESOLUTION or value % 60 == 0)


def _period(where: str, value: Any, code: str) -> int:
    if not isinstance(value, int) or not is_period(value):
        raise AwsError(code, f"The parameter {where} must be 1, 5, 10, 20, 30 or a multiple of 60.")
    return value


def _list(parameters: Mapping[str, Any], name: str) -> list[Any]:
    """A list; the query protocol writes an empty one as an empty text."""
    value = parameters.get(name) or []
    if not isinstance(value, list):
        raise _invalid(f"The parameter {name} must be a list.")
    return value


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationError", message)
