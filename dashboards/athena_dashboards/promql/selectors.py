"""The series of a metric, and what is asked of them over a time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from athena_dashboards.promql.expressions import SCRAPE_LABELS, Expr, Match, Op, PromqlError, check, like, quoted
from athena_exporter.catalog import COMMON_LABELS, Metric, MetricType

RATE_INTERVAL = "$__rate_interval"
"""Grafana's range for `rate()`: at least four scrapes, at least the step."""
RANGE = "$__range"
"""The dashboard's whole range."""


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric's series, before a function or an aggregation: `select` makes it."""

    metric: Metric
    name: str
    matchers: tuple[tuple[str, Match], ...] = ()
    shifted: str = ""
    labels: frozenset[str] = field(default=frozenset())
    is_at_end: bool = False

    @property
    def is_counter(self) -> bool:
        """Whether `rate` and `increase` make sense; a histogram's parts are counters."""
        return self.metric.type is not MetricType.GAUGE

    @property
    def text(self) -> str:
        """As PromQL, without a range."""
        inside = ",".join(f"{label}{match.op}{quoted(match.value)}" for label, match in self.matchers)
        return f"{self.name}{{{inside}}}" if inside else self.name

    def offset(self, duration: str) -> "Selector":
        """The same series, earlier: `1w`."""
        return replace(self, shifted=duration)

    def at_end(self) -> "Selector":
        """The same series at the end of a graph's range, whichever point is drawn: to choose which to draw at all."""
        return replace(self, is_at_end=True)

    @property
    def now(self) -> Expr:
        """The newest values, as an expression."""
        return self.expr(self.text + self._moved)

    def over(self, duration: str) -> str:
        """As a range vector."""
        return f"{self.text}[{duration}]{self._moved}"

    @property
    def _moved(self) -> str:
        return (" @ end()" if self.is_at_end else "") + _offset(self.shifted)

    def expr(self, text: str) -> Expr:
        """A function of these series that keeps their labels."""
        return Expr(text, self.labels, (self.metric,), is_open=bool(self.metric.tag_prefix))


def select(metric: Metric, part: str = "", /, **matchers: str | Match) -> Selector:
    """The series of a metric whose labels match.

    Args:
        metric: of the catalogue.
        part: of a histogram: `bucket`, `sum` or `count`.
        matchers: label -> its value, or a `Match`.

    Raises:
        PromqlError: the metric has no such label or part.
    """
    if (metric.type is MetricType.HISTOGRAM) != (part in {"bucket", "sum", "count"}):
        raise PromqlError(f"{metric.name} is a {metric.type}: it has no part {part!r}")
    labels = frozenset(metric.label_names) | SCRAPE_LABELS | ({"le"} if part == "bucket" else frozenset())
    for label in matchers:
        check(metric.name, label, labels, is_open=bool(metric.tag_prefix))
    name = f"{metric.name}_{part}" if part else metric.name
    return Selector(metric, name, tuple((label, _match(value)) for label, value in matchers.items()), labels=labels)


SCOPE = {
    "account_id": like("$account"), "region": like("$region"), "workgroup": like("$workgroup"), "user": like("$user"),
}  # fmt: skip  # one line a side of the dashboard
"""What the variables of the dashboards choose."""


def scoped(metric: Metric, part: str = "", /, *, variables: Iterable[str] = (*COMMON_LABELS, "workgroup"),
           **matchers: str | Match) -> Selector:  # fmt: skip  # as short as it can be said
    """`select`, with the dashboard's variables on those labels that the metric has.

    Args:
        metric: of the catalogue.
        part: of a histogram.
        variables: labels that a variable of the dashboard chooses; `user` is asked for by name.
        matchers: more; they win over a variable.
    """
    return scoped_to(variables, metric, part, matchers)


def scoped_to(variables: Iterable[str], metric: Metric, part: str, matchers: Mapping[str, str | Match]) -> Selector:
    """`scoped`, with the matchers as a mapping."""
    chosen: dict[str, str | Match] = {label: SCOPE[label] for label in variables if label in metric.label_names}
    return select(metric, part, **(chosen | dict(matchers)))


def rate(selector: Selector, duration: str = RATE_INTERVAL) -> Expr:
    """Per second."""
    return _ranged("rate", selector, duration)


def increase(selector: Selector, duration: str) -> Expr:
    """How much a counter has risen."""
    return _ranged("increase", selector, duration)


def moved(selector: Selector, duration: str) -> Expr:
    """How far a gauge has gone up, or down."""
    return _of_gauge("delta", selector, duration)


def over_time(how: str, selector: Selector, duration: str) -> Expr:
    """`max`, `min`, `avg`, `last`, `count` or `present` of a gauge over a time."""
    return _of_gauge(f"{how}_over_time", selector, duration)


def absent(selector: Selector) -> Expr:
    """1 where no such series is."""
    labels = frozenset(label for label, match in selector.matchers if match.op is Op.IS)
    return Expr(f"absent({selector.text})", labels, (selector.metric,))


def _of_gauge(function: str, selector: Selector, duration: str) -> Expr:
    if selector.is_counter:
        raise PromqlError(f"{selector.name} is a counter: {function} of it means nothing; take its increase")
    return selector.expr(f"{function}({selector.over(duration)})")


def _ranged(function: str, selector: Selector, duration: str) -> Expr:
    if not selector.is_counter:
        raise PromqlError(f"{selector.name} is a gauge: {function}() of it means nothing")
    return selector.expr(f"{function}({selector.over(duration)})")


def _match(value: str | Match) -> Match:
    return value if isinstance(value, Match) else Match(Op.IS, value)


def _offset(duration: str) -> str:
    return f" offset {duration}" if duration else ""
