"""Figures that several subjects ask for: how much in the dashboard's range, a week before, what share.

Stage: promql -> **figures** -> signals.
"""

from athena_dashboards.promql import RANGE, RATE_INTERVAL, Expr, Selector, call, increase, like, number, rate, total
from athena_dashboards.queries import Prom

WEEK = "1w"
"""Against the same weekday: people and schedules have weeks."""
_HOUR_SECONDS = 3600

PIPELINES = like("airflow|dbt-athena")
"""The clients that run pipelines, as the exporter names them."""
DAYS_IN_MONTH = number("scalar(days_in_month())")
DAYS_GONE = number("scalar(clamp_min(day_of_month() - 1 + hour() / 24 + minute() / 1440, 1))")
"""Days of this UTC month that are over, today's part included; at least one, or the first night would foretell much."""


def in_range(counter: Selector, *by: str) -> Expr:
    """How much a counter has risen in the dashboard's range."""
    return total(increase(counter, RANGE), *by)


def counted(counter: Selector, *by: str) -> Expr:
    """The same in whole numbers: Prometheus extends a rise to the range's edges, and nobody has run 7.03 queries."""
    return call("round", in_range(counter, *by))


def week_before(counter: Selector, *by: str) -> Expr:
    """The same of the range a week before."""
    return in_range(counter.offset(WEEK), *by)


def per_hour(counter: Selector, *by: str) -> Expr:
    """How fast a counter rises, by the hour."""
    return total(rate(counter, RATE_INTERVAL), *by) * _HOUR_SECONDS


def share(part: Expr, whole: Expr) -> Expr:
    """The part of the whole: 0 where the whole is there and the part is not, nothing where the whole is 0."""
    return (part | whole * 0) / (whole > 0)


def told(found: Expr) -> Expr:
    """A quantile, and nothing where nothing ran: Prometheus says NaN then, and the graph's mean would be NaN, too."""
    return found >= 0


def now_and_then(now: Expr, then: Expr, *, is_instant: bool = True) -> list[Prom]:
    """Two figures to compare, by name."""
    return [
        Prom(expr=now, legend="now", is_instant=is_instant),
        Prom(expr=then, legend=THEN, is_instant=is_instant),
    ]


THEN = "a week before"
"""The name of what is compared with, in legends."""
