"""Aggregations, functions and joins: expressions of expressions."""

from collections.abc import Mapping
from dataclasses import replace

from athena_dashboards.promql.expressions import Expr, Match, both, check_all, quoted, wrapped
from athena_dashboards.promql.selectors import rate, scoped_to
from athena_exporter.catalog import COMMON_LABELS, Metric


def total(inner: Expr, *by: str) -> Expr:
    """`sum by`; without labels one number."""
    return aggregate("sum", inner, *by)


def aggregate(how: str, inner: Expr, *by: str) -> Expr:
    """`sum`, `max`, `min`, `avg` or `count` by labels.

    Raises:
        PromqlError: the series do not carry such a label.
    """
    check_all(inner, by)
    grouping = f" by ({', '.join(by)})" if by else ""
    return replace(inner, text=f"{how}{grouping} ({inner.text})", labels=frozenset(by), is_open=False, is_atom=True)


def top(count: int, inner: Expr) -> Expr:
    """The largest; in a table or a bar gauge only: over a graph's time `topk` shows more series than it says."""
    return replace(inner, text=f"topk({count}, {inner.text})", is_atom=True)


def quantile(
    share: float,
    metric: Metric,
    duration: str,
    *by: str,
    where: Mapping[str, str | Match] | None = None,
    offset: str = "",
) -> Expr:
    """The quantile of a histogram by labels, within the dashboard's variables; `offset`: so long ago."""
    chosen = scoped_to((*COMMON_LABELS, "workgroup"), metric, "bucket", where or {}).offset(offset)
    return quantile_of(share, total(rate(chosen, duration), "le", *by))


def quantile_of(share: float, buckets: Expr) -> Expr:
    """The quantile of buckets that were summed by `le` and others."""
    check_all(buckets, ("le",))
    return Expr(f"histogram_quantile({share:g}, {buckets.text})", buckets.labels - {"le"}, buckets.metrics)


def clamp_min(inner: Expr, least: float) -> Expr:
    """Nothing below `least`."""
    return replace(inner, text=f"clamp_min({inner.text}, {least:.15g})", is_atom=True)


def call(function: str, inner: Expr, *arguments: float | str) -> Expr:
    """Another function of Prometheus that keeps labels: `round`, `abs`, `floor`, `timestamp`, `day_of_month` ..."""
    rest = "".join(f", {one if isinstance(one, str) else format(one, 'g')}" for one in arguments)
    return replace(inner, text=f"{function}({inner.text}{rest})", is_atom=True)


def scalar(inner: Expr) -> Expr:
    """The value of the only series."""
    return replace(inner, text=f"scalar({inner.text})", labels=frozenset(), is_scalar=True, is_atom=True)


def relabel(inner: Expr, label: str, value: str) -> Expr:
    """Every series with one label more, of a fixed value."""
    text = f'label_replace({inner.text}, "{label}", {quoted(value)}, "", "")'
    return replace(inner, text=text, labels=inner.labels | {label}, is_atom=True)


def copied(inner: Expr, label: str, source: str) -> Expr:
    """Every series with one label more, of the value of another: `label_join`, for Grafana takes `$1` for its own."""
    check_all(inner, (source,))
    text = f'label_join({inner.text}, "{label}", "", "{source}")'
    return replace(inner, text=text, labels=inner.labels | {label}, is_atom=True)


def combined(inner: Expr, label: str, separator: str, *sources: str) -> Expr:
    """Every series with one label more, of the values of others and a separator between them: `label_join`."""
    check_all(inner, sources)
    names = "".join(f', "{one}"' for one in sources)
    text = f'label_join({inner.text}, "{label}", {quoted(separator)}{names})'
    return replace(inner, text=text, labels=inner.labels | {label}, is_atom=True)


def filled(inner: Expr, label: str, value: str) -> Expr:
    """Series whose label is empty, or lacks, get a value that people can read."""
    check_all(inner, (label,))
    return replace(inner, text=f'label_replace({inner.text}, "{label}", {quoted(value)}, "{label}", "")', is_atom=True)


def join(many: Expr, one: Expr, *, on: tuple[str, ...], carry: tuple[str, ...] = ()) -> Expr:
    """`many * on (...) group_left (carry) one`: labels of an info metric onto figures.

    Raises:
        PromqlError: a side lacks a label.
    """
    return match(many, "*", one, on=on, carry=carry)


def match(many: Expr, operator: str, one: Expr, *, on: tuple[str, ...], carry: tuple[str, ...] = ()) -> Expr:
    """An operator over series that agree in some labels; many on the left may go with one on the right."""
    check_all(many, on)
    check_all(one, (*on, *carry))
    text = f"{wrapped(many)} {operator} on ({', '.join(on)}) group_left ({', '.join(carry)}) {wrapped(one)}"
    return Expr(text, many.labels | frozenset(carry), both(many, one), is_open=many.is_open, is_atom=False)


def only_with(many: Expr, other: Expr, *, on: tuple[str, ...]) -> Expr:
    """The series that agree in some labels with one of the other side's: `and on`."""
    return _filtered(many, "and", other, on)


def only_without(many: Expr, other: Expr, *, on: tuple[str, ...]) -> Expr:
    """The series that agree in these labels with none of the other side's: `unless on`."""
    return _filtered(many, "unless", other, on)


def _filtered(many: Expr, operator: str, other: Expr, on: tuple[str, ...]) -> Expr:
    check_all(many, on)
    check_all(other, on)
    text = f"{wrapped(many)} {operator} on ({', '.join(on)}) {wrapped(other)}"
    return Expr(text, many.labels, both(many, other), is_open=many.is_open, is_atom=False)
