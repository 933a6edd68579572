"""How many series a company makes of each metric of the catalogue.

Stage: company, catalogue -> **series** -> looks, bill.
"""

from collections.abc import Mapping
from math import prod

from athena_exporter import catalog
from athena_exporter.costs.deployment.company import (
    CLIENTS,
    FAILURES,
    HISTOGRAM_TYPES,
    MODES,
    OTHER_LABEL,
    STATES,
    USER_STATES,
    Company,
)

_WINDOWS = 4
"""Today, yesterday, this month, the last one."""


def series_of(metric: catalog.Metric, company: Company, *, cloudwatch: bool = False) -> float:
    """Series of one metric; a histogram's are its buckets, its sum and its count. No capacity is reserved."""
    if metric.group is catalog.Group.CAPACITY or (metric.group is catalog.Group.CLOUDWATCH and not cloudwatch):
        return 0
    lines = len(metric.bounds) + 3 if metric.type is catalog.MetricType.HISTOGRAM else 1
    return lines * _combinations(metric.labels, company)


def series(company: Company, *, cloudwatch: bool = False) -> float:
    """Series of the whole exposition, without what is only there after trouble being told apart."""
    return sum(series_of(metric, company, cloudwatch=cloudwatch) for metric in catalog.METRICS)


def _combinations(labels: tuple[str, ...], company: Company) -> float:
    together = _together(company)
    if labels in together:
        return together[labels]
    alone = _alone(company)
    return prod(alone.get(label, OTHER_LABEL.value) for label in labels)


def _together(company: Company) -> Mapping[tuple[str, ...], float]:
    """Combinations that occur, where that is fewer than all: a user queries few databases, a job has one workgroup."""
    workgroups, pairs = company.workgroups, company.shown_users * company.pairs
    return {
        ("workgroup", "statement_type", "state"): workgroups * STATES.value,
        ("workgroup", "query_type", "query_state"): workgroups * STATES.value,
        ("workgroup", "statement_type"): workgroups * HISTOGRAM_TYPES.value,
        ("workgroup", "category", "error", "retryable"): workgroups * FAILURES.value,
        ("workgroup", "state", "engine", "enforced", "publishes"): workgroups,
        ("user", "workgroup", "database", "state"): pairs * USER_STATES.value,
        ("user", "workgroup", "database"): pairs,
        ("user", "role", "kind"): company.shown_users,
        ("client", "workgroup"): workgroups * CLIENTS.value,
        ("database", "table", "mode"): company.shown_tables * MODES.value,
        ("database", "table"): company.shown_tables,
        ("workload", "client", "workgroup"): company.shown_jobs,
        ("budget", "subject"): company.shown_users + workgroups,
    }


def _alone(company: Company) -> Mapping[str, float]:
    """Values of a label by itself."""
    return {
        "workgroup": company.workgroups,
        "user": company.shown_users,
        "client": CLIENTS.value,
        "database": company.shown_databases,
        "table": company.shown_tables,
        "workload": company.shown_jobs,
        "window": _WINDOWS,
    }
