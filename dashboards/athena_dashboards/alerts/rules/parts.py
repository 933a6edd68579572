"""What the expressions of several rules are made of. Grouping labels are always there: one rule serves all accounts."""

from athena_dashboards.promql import Expr, Selector, aggregate, increase, only_without, over_time, select, total
from athena_exporter import catalog

TARGET = ("account_id", "region")
WORKGROUP = (*TARGET, "workgroup")
PROCESS = ("job", "instance")
"""An exporter, for figures of the process as a whole."""


def risen(counter: Selector, duration: str, *by: str) -> Expr:
    """How much a counter has risen. A sum, so that an exporter that moved to another address keeps what it told."""
    return total(increase(counter, duration), *by)


def appeared(counter: Selector, duration: str, *by: str) -> Expr:
    """How much a counter has risen that is first seen with its first value, where `increase()` sees no rise."""
    newborn = only_without(total(counter.now, *by), total(counter.offset(duration).now, *by), on=by)
    return newborn | risen(counter, duration, *by)


def steady(expr: Expr, duration: str, ago: str = "") -> Expr:
    """Without the targets whose exporter was catching up at any time within the duration.

    What it counts then has happened earlier, all at once in Prometheus's eyes: no spike, and nothing to burn.
    """
    behind = aggregate("max", over_time("max", select(catalog.CATCHING_UP).offset(ago), duration), *TARGET)
    return only_without(expr, behind > 0, on=TARGET)
