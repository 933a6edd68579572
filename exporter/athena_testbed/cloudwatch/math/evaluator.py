"""A tree -> series: the queries of one call, each computed once, those it refers to first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from athena_testbed.cloudwatch.math.functions import FUNCTIONS, scalar, unsuited
from athena_testbed.cloudwatch.math.lexer import ExpressionError
from athena_testbed.cloudwatch.math.nodes import Array as ArrayNode
from athena_testbed.cloudwatch.math.nodes import Call, Minus, Name, Node, Number, Operation, Text, identifiers
from athena_testbed.cloudwatch.math.values import Array, Grid, TimeSeries, Value, Word, combined, negated

ELSEWHERE = frozenset({"ANOMALY_DETECTION_BAND", "DB_PERF_INSIGHTS", "INSIGHT_RULE_METRIC", "LAMBDA"})
"""Functions of AWS that tell of what an embedded account has not: models, rules, databases, code."""
KEYWORDS = frozenset({"REPEAT", "LINEAR", "AVG", "MIN", "MAX", "SUM", "ASC", "DESC"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an expression can ask of its call.

    Attributes:
        metrics: the ids of the queries that are metrics, in their order.
        expressions: the trees of the others, by id.
        metric: the series of a metric query.
        search: what a search finds: its text, its statistic, its period in seconds.
        quota: the quota beside a usage metric; None where there is none.
        grid: the periods of the call's range, for a period in seconds.
    """

    metrics: tuple[str, ...]
    expressions: Mapping[str, Node]
    metric: Callable[[str], TimeSeries]
    search: Callable[[str, str, int], Array]
    quota: Callable[[TimeSeries], float | None]
    grid: Callable[[int], Grid]


def check(metrics: tuple[str, ...], expressions: Mapping[str, Node], name: str) -> None:
    """Refuse an expression that refers to nothing, or to itself.

    Raises:
        ExpressionError: naming the id.
    """
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        for found in sorted(identifiers(expressions[waiting.pop()])):
            if found == name:
                raise ExpressionError(f"Circular reference to '{name}'")
            if found not in expressions and found not in metrics:
                raise ExpressionError(f"Undefined variable '{found}'")
            if found in expressions and found not in seen:
                seen.add(found)
                waiting.append(found)


class Evaluator:
    """Computes the expressions of one call. `periods` are those that the queries themselves give, in seconds."""

    def __init__(self, surroundings: Surroundings, periods: Mapping[str, int]) -> None:
        self._around = surroundings
        self._periods = periods
        self._known: dict[str, Value] = {}
        self._own = {
            "METRICS": self._metrics,
            "PERIOD": _period,
            "SEARCH": self._search,
            "SERVICE_QUOTA": self._quota,
            "TIME_SERIES": self._time_series,
        }

    def result(self, name: str) -> TimeSeries | Array:
        """What an expression of the call comes to.

        Raises:
            ExpressionError: if it can't be computed, or is a scalar.
        """
        value = self._of(name)
        if not isinstance(value, TimeSeries | Array):
            raise ExpressionError("The result must be a time series or an array of time series")
        return value

    def _of(self, name: str) -> Value:
        if name not in self._known:
            if name in self._around.expressions:
                self._known[name] = self._value(self._around.expressions[name], name)
            else:
                self._known[name] = self._around.metric(name)
        return self._known[name]

    def _value(self, node: Node, query: str) -> Value:  # noqa: PLR0911  one return for each kind of node
        match node:
            case Number(value):
                return value
            case Text(text):
                return Word(text)
            case Name(name):
                return self._named(name)
            case Minus(operand):
                return negated(self._value(operand, query))
            case Operation(sign, left, right):
                return combined(sign, self._value(left, query), self._value(right, query))
            case ArrayNode(items):
                return _joined(tuple(self._value(item, query) for item in items))
            case Call(function, arguments):
                return self._call(function, tuple(self._value(one, query) for one in arguments), query)

    def _named(self, name: str) -> Value:
        if name in KEYWORDS:
            return Word(name)
        if not name[0].islower():
            raise ExpressionError(f"Undefined variable '{name}'")
        return self._of(name)

    def _call(self, function: str, arguments: tuple[Value, ...], query: str) -> Value:
        if function in FUNCTIONS:
            return FUNCTIONS[function](arguments)
        if function in self._own:
            return self._own[function](arguments, query)
        if function in ELSEWHERE:
            raise ExpressionError(f"Function '{function}' has nothing to tell of an embedded account")
        raise ExpressionError(f"Function '{function}' not found")

    def _metrics(self, arguments: tuple[Value, ...], _: str) -> Value:
        if len(arguments) > 1 or not all(isinstance(one, Word) for one in arguments):
            raise unsuited("METRICS", arguments)
        part = next((one.text for one in arguments if isinstance(one, Word)), "")
        found = (self._of(name) for name in self._around.metrics if part in name)
        return Array(tuple(one for one in found if isinstance(one, TimeSeries)))

    def _search(self, arguments: tuple[Value, ...], query: str) -> Value:
        texts = [one.text for one in arguments[:2] if isinstance(one, Word)]
        if len(texts) != 2 or len(arguments) not in {2, 3}:
            raise unsuited("SEARCH", arguments)
        period = scalar("SEARCH", arguments, 2) if len(arguments) == 3 else self._period_of("SEARCH", query)
        return self._around.search(texts[0], texts[1], int(period))

    def _quota(self, arguments: tuple[Value, ...], _: str) -> Value:
        if len(arguments) != 1 or not isinstance(arguments[0], TimeSeries):
            raise unsuited("SERVICE_QUOTA", arguments)
        usage = arguments[0]
        quota = self._around.quota(usage)
        return usage.changed({} if quota is None else dict.fromkeys(usage.points, quota))

    def _time_series(self, arguments: tuple[Value, ...], query: str) -> Value:
        if len(arguments) != 1:
            raise unsuited("TIME_SERIES", arguments)
        value = scalar("TIME_SERIES", arguments, 0)
        grid = self._around.grid(int(self._period_of("TIME_SERIES", query)))
        return TimeSeries(points={}, grid=grid).changed(dict.fromkeys(grid.minutes(), value))

    def _period_of(self, function: str, query: str) -> float:
        """The query's own period, or the finest of the metrics in the call."""
        if query in self._periods:
            return self._periods[query]
        told = [self._periods[name] for name in self._around.metrics if name in self._periods]
        if not told:
            raise ExpressionError(f"{function} needs a Period, in its query or in a metric of the same call")
        return min(told)


def _period(arguments: tuple[Value, ...], _: str) -> Value:
    source = arguments[0] if len(arguments) == 1 else None
    if not isinstance(source, TimeSeries) or not source.is_plain:
        raise unsuited("PERIOD", arguments)
    return float(source.grid.period * 60)


def _joined(items: tuple[Value, ...]) -> Array:
    """An array of what stands between brackets; arrays in it are taken apart."""
    found: list[TimeSeries] = []
    for item in items:
        if not isinstance(item, TimeSeries | Array):
            raise unsuited("[]", items)
        found += item.items if isinstance(item, Array) else (item,)
    return Array(tuple(found))
