"""PromQL, built from the catalogue: an expression knows which labels its series carry.

Stage: `athena_exporter.catalog` -> **promql** -> signals. A metric is a symbol, so a renamed one is an error of
Python; a label that the metric does not have, `rate()` of a gauge, and two sides of an operator whose series can't
match are a `PromqlError` when the expression is built. Source: https://prometheus.io/docs/prometheus/latest/querying/
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from athena_exporter.catalog import COMMON_LABELS, Metric, MetricType

RATE_INTERVAL = "$__rate_interval"
"""Grafana's range for `rate()`: at least four scrapes, at least the step."""
RANGE = "$__range"
"""The dashboard's whole range."""
INTERVAL = "$__interval"
"""The graph's step."""


class PromqlError(ValueError):
    """An expression that can't mean anything; the message says which metric and which label."""


class Op(StrEnum):
    """How a label is matched."""

    IS = "="
    IS_NOT = "!="
    LIKE = "=~"
    UNLIKE = "!~"


@dataclass(frozen=True, slots=True)
class Match:
    """One matcher's right side."""

    op: Op
    value: str


def like(pattern: str) -> Match:
    """The label matches the regular expression as a whole; `$variable` of Grafana may stand in it."""
    return Match(Op.LIKE, pattern)


def unlike(pattern: str) -> Match:
    """The label does not match the regular expression."""
    return Match(Op.UNLIKE, pattern)


def is_not(value: str) -> Match:
    """The label has another value."""
    return Match(Op.IS_NOT, value)


@dataclass(frozen=True, slots=True)
class Expr:
    """An expression. `labels`: what its series carry. `metrics`: the families it reads, in order of appearance.

    A number, or what `scalar()` makes, has `is_scalar`. `is_open`: series may carry labels that only the
    configuration knows (tags of workgroups), so that unknown ones beginning with `tag_` are allowed.
    """

    text: str
    labels: frozenset[str] = frozenset()
    metrics: tuple[Metric, ...] = ()
    is_scalar: bool = False
    is_open: bool = False
    is_atom: bool = True

    def __str__(self) -> str:
        """As PromQL."""
        return self.text

    def __add__(self, other: "Operand") -> "Expr":
        """Sum."""
        return _binary(self, "+", other)

    def __sub__(self, other: "Operand") -> "Expr":
        """Difference."""
        return _binary(self, "-", other)

    def __mul__(self, other: "Operand") -> "Expr":
        """Product."""
        return _binary(self, "*", other)

    def __truediv__(self, other: "Operand") -> "Expr":
        """Quotient."""
        return _binary(self, "/", other)

    def __gt__(self, other: "Operand") -> "Expr":
        """Only the series above."""
        return _binary(self, ">", other)

    def __ge__(self, other: "Operand") -> "Expr":
        """Only the series that reach it."""
        return _binary(self, ">=", other)

    def __lt__(self, other: "Operand") -> "Expr":
        """Only the series below."""
        return _binary(self, "<", other)

    def __or__(self, other: "Expr") -> "Expr":
        """Prometheus's `or`: the series of both, the left one where both have it."""
        return _set("or", self, other)

    def unless(self, other: "Expr") -> "Expr":
        """The series that the other side does not have."""
        return _set("unless", self, other)

    def and_(self, other: "Expr") -> "Expr":
        """The series that the other side has, too."""
        return _set("and", self, other)


Operand = Expr | float | int


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
        inside = ",".join(f"{label}{match.op}{_quoted(match.value)}" for label, match in self.matchers)
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
        return self._expr(self.text + self._moved)

    def over(self, duration: str) -> str:
        """As a range vector."""
        return f"{self.text}[{duration}]{self._moved}"

    @property
    def _moved(self) -> str:
        return (" @ end()" if self.is_at_end else "") + _offset(self.shifted)

    def _expr(self, text: str, *, is_atom: bool = True) -> Expr:
        return Expr(text, self.labels, (self.metric,), is_open=bool(self.metric.tag_prefix), is_atom=is_atom)


SCRAPE_LABELS = frozenset({"job", "instance"})
"""What Prometheus adds to every series."""


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
        _check(metric.name, label, labels, is_open=bool(metric.tag_prefix))
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
    return _scoped(metric, part, variables, matchers)


def _scoped(metric: Metric, part: str, variables: Iterable[str], matchers: Mapping[str, str | Match]) -> Selector:
    chosen: dict[str, str | Match] = {label: SCOPE[label] for label in variables if label in metric.label_names}
    return select(metric, part, **(chosen | dict(matchers)))


def rate(selector: Selector, duration: str = RATE_INTERVAL) -> Expr:
    """Per second."""
    return _ranged("rate", selector, duration)


def increase(selector: Selector, duration: str) -> Expr:
    """How much a counter has risen."""
    return _ranged("increase", selector, duration)


def changes(selector: Selector, duration: str) -> Expr:
    """How often a gauge has changed."""
    return selector._expr(f"changes({selector.over(duration)})")  # noqa: SLF001  the two are one module's


def over_time(how: str, selector: Selector, duration: str) -> Expr:
    """`max`, `min`, `avg`, `last`, `count` or `present` of a gauge over a time."""
    if selector.is_counter:
        raise PromqlError(f"{selector.name} is a counter: {how}_over_time of it means nothing; take its increase")
    return selector._expr(f"{how}_over_time({selector.over(duration)})")  # noqa: SLF001  the two are one module's


def subquery(how: str, inner: Expr, duration: str, step: str = "") -> Expr:
    """`how`_over_time of an expression evaluated again and again over a time."""
    return replace(inner, text=f"{how}_over_time({_wrapped(inner)}[{duration}:{step}])", is_atom=True)


def total(inner: Expr, *by: str) -> Expr:
    """`sum by`; without labels one number."""
    return aggregate("sum", inner, *by)


def aggregate(how: str, inner: Expr, *by: str) -> Expr:
    """`sum`, `max`, `min`, `avg` or `count` by labels.

    Raises:
        PromqlError: the series do not carry such a label.
    """
    for label in by:
        _check(inner.text, label, inner.labels, is_open=inner.is_open)
    grouping = f" by ({', '.join(by)})" if by else ""
    return replace(inner, text=f"{how}{grouping} ({inner.text})", labels=frozenset(by), is_open=False, is_atom=True)


def top(count: int, inner: Expr) -> Expr:
    """The largest; in a table or a bar gauge only: over a graph's time `topk` shows more series than it says."""
    return replace(inner, text=f"topk({count}, {inner.text})", is_atom=True)


def descending(inner: Expr) -> Expr:
    """Sorted, the largest first."""
    return replace(inner, text=f"sort_desc({inner.text})", is_atom=True)


def quantile(
    share: float,
    metric: Metric,
    duration: str,
    *by: str,
    where: Mapping[str, str | Match] | None = None,
    offset: str = "",
) -> Expr:
    """The quantile of a histogram by labels, within the dashboard's variables; `offset`: so long ago."""
    chosen = _scoped(metric, "bucket", (*COMMON_LABELS, "workgroup"), where or {}).offset(offset)
    buckets = total(rate(chosen, duration), "le", *by)
    text = f"histogram_quantile({share:g}, {buckets.text})"
    return Expr(text, buckets.labels - {"le"}, buckets.metrics)


def quantile_of(share: float, buckets: Expr) -> Expr:
    """The quantile of buckets that were summed by `le` and others."""
    _check(buckets.text, "le", buckets.labels, is_open=False)
    return Expr(f"histogram_quantile({share:g}, {buckets.text})", buckets.labels - {"le"}, buckets.metrics)


def clamp_min(inner: Expr, least: float) -> Expr:
    """Nothing below `least`."""
    return replace(inner, text=f"clamp_min({inner.text}, {least:.15g})", is_atom=True)


def call(function: str, inner: Expr, *arguments: float | str) -> Expr:
    """Another function of Prometheus that keeps labels: `round`, `abs`, `floor`, `timestamp`, `day_of_month` ..."""
    rest = "".join(f", {one if isinstance(one, str) else format(one, 'g')}" for one in arguments)
    return replace(inner, text=f"{function}({inner.text}{rest})", is_atom=True)


def absent(selector: Selector) -> Expr:
    """1 where no such series is."""
    labels = frozenset(label for label, match in selector.matchers if match.op is Op.IS)
    return Expr(f"absent({selector.text})", labels, (selector.metric,))


def number(text: str) -> Expr:
    """A function without arguments, or a number: `time()`, `days_in_month()`."""
    return Expr(text, is_scalar=True)


def vector(value: float) -> Expr:
    """A series without labels."""
    return Expr(f"vector({value:g})")


def scalar(inner: Expr) -> Expr:
    """The value of the only series."""
    return replace(inner, text=f"scalar({inner.text})", labels=frozenset(), is_scalar=True, is_atom=True)


def relabel(inner: Expr, label: str, value: str) -> Expr:
    """Every series with one label more, of a fixed value."""
    text = f'label_replace({inner.text}, "{label}", {_quoted(value)}, "", "")'
    return replace(inner, text=text, labels=inner.labels | {label}, is_atom=True)


def filled(inner: Expr, label: str, value: str) -> Expr:
    """Series whose label is empty, or lacks, get a value that people can read."""
    _check(inner.text, label, inner.labels, is_open=inner.is_open)
    return replace(inner, text=f'label_replace({inner.text}, "{label}", {_quoted(value)}, "{label}", "")', is_atom=True)


def join(many: Expr, one: Expr, *, on: tuple[str, ...], carry: tuple[str, ...] = ()) -> Expr:
    """`many * on (...) group_left (carry) one`: labels of an info metric onto figures.

    Raises:
        PromqlError: a side lacks a label.
    """
    return match(many, "*", one, on=on, carry=carry)


def match(many: Expr, operator: str, one: Expr, *, on: tuple[str, ...], carry: tuple[str, ...] = ()) -> Expr:
    """An operator over series that agree in some labels; many on the left may go with one on the right."""
    for label in on:
        _check(many.text, label, many.labels, is_open=many.is_open)
        _check(one.text, label, one.labels, is_open=one.is_open)
    for label in carry:
        _check(one.text, label, one.labels, is_open=one.is_open)
    text = f"{_wrapped(many)} {operator} on ({', '.join(on)}) group_left ({', '.join(carry)}) {_wrapped(one)}"
    return Expr(text, many.labels | frozenset(carry), _both(many, one), is_open=many.is_open, is_atom=False)


def only_with(many: Expr, other: Expr, *, on: tuple[str, ...]) -> Expr:
    """The series that agree in some labels with one of the other side's: `and on`."""
    return _filtered(many, "and", other, on)


def only_without(many: Expr, other: Expr, *, on: tuple[str, ...]) -> Expr:
    """The series that agree in these labels with none of the other side's: `unless on`."""
    return _filtered(many, "unless", other, on)


def _filtered(many: Expr, operator: str, other: Expr, on: tuple[str, ...]) -> Expr:
    for label in on:
        _check(many.text, label, many.labels, is_open=many.is_open)
        _check(other.text, label, other.labels, is_open=other.is_open)
    text = f"{_wrapped(many)} {operator} on ({', '.join(on)}) {_wrapped(other)}"
    return Expr(text, many.labels, _both(many, other), is_open=many.is_open, is_atom=False)


def _ranged(function: str, selector: Selector, duration: str) -> Expr:
    if not selector.is_counter:
        raise PromqlError(f"{selector.name} is a gauge: {function}() of it means nothing")
    return selector._expr(f"{function}({selector.over(duration)})")  # noqa: SLF001  the two are one module's


def _binary(left: Expr, operator: str, right: Operand) -> Expr:
    other = right if isinstance(right, Expr) else number(format(right, ".15g"))
    if not left.is_scalar and not other.is_scalar and left.labels != other.labels:
        ours, theirs = sorted(left.labels), sorted(other.labels)
        raise PromqlError(f"series by {ours} {operator} series by {theirs} never match: {left.text} {operator} {other}")
    labels = other.labels if left.is_scalar else left.labels
    is_open = left.is_open or other.is_open
    return Expr(
        f"{_wrapped(left)} {operator} {_wrapped(other)}", labels, _both(left, other),
        is_scalar=left.is_scalar and other.is_scalar, is_open=is_open, is_atom=False,
    )  # fmt: skip  # as short as it can be said


def _set(operator: str, left: Expr, right: Expr) -> Expr:
    if left.labels != right.labels:
        ours, theirs = sorted(left.labels), sorted(right.labels)
        raise PromqlError(f"series by {ours} {operator} series by {theirs} never match: {left.text} {operator} {right}")
    return Expr(f"{_wrapped(left)} {operator} {_wrapped(right)}", left.labels, _both(left, right), is_atom=False)


def _both(left: Expr, right: Expr) -> tuple[Metric, ...]:
    return tuple(dict.fromkeys((*left.metrics, *right.metrics)))


def _wrapped(inner: Expr) -> str:
    return inner.text if inner.is_atom else f"({inner.text})"


def _match(value: str | Match) -> Match:
    return value if isinstance(value, Match) else Match(Op.IS, value)


def _offset(duration: str) -> str:
    return f" offset {duration}" if duration else ""


def _check(what: str, label: str, labels: frozenset[str], *, is_open: bool) -> None:
    if label not in labels and not (is_open and label.startswith("tag_")):
        raise PromqlError(
            f"{what} has no label {label!r}; it has {', '.join(sorted(labels - SCRAPE_LABELS)) or 'none'}"
        )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
