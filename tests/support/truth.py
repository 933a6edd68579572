"""The testbed's truth as the series that the exporter must expose, in the ledger's integers, and what differs."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from processes import Series

from athena_exporter import catalog

_Labels = tuple[str, ...]
Expected = dict[tuple[str, _Labels], int]
"""(metric, values of its own labels) -> the exact number, in the catalogue's integer units; zeros left out."""

COUNTED = (
    catalog.QUERIES,
    catalog.SCANNED_BYTES,
    catalog.BILLED_BYTES,
    catalog.COST_USD,
    catalog.USER_QUERIES,
    catalog.USER_SCANNED_BYTES,
    catalog.USER_COST_USD,
)
COUNTED_WITH_TABLES_AND_JOBS = (
    *COUNTED,
    catalog.TABLE_QUERIES,
    catalog.WORKLOAD_QUERIES,
    catalog.WORKLOAD_SCANNED_BYTES,
    catalog.WORKLOAD_COST_USD,
    catalog.WORKLOAD_ENGINE_SECONDS,
)
"""The counters that are compared series by series. (A client's are compared as sums: the truth has no finer ones.)"""
WINDOWS = (
    catalog.WINDOW_QUERIES,
    catalog.WINDOW_SCANNED_BYTES,
    catalog.WINDOW_COST_USD,
    catalog.USER_WINDOW_QUERIES,
    catalog.USER_WINDOW_SCANNED_BYTES,
    catalog.USER_WINDOW_COST_USD,
)


def expected_counters(truth: Mapping[str, Any]) -> Expected:
    """Every counter of workgroups, users and databases, label for label."""
    found: Counter[tuple[str, _Labels]] = Counter()
    for row in truth["by_workgroup_statement_type_state"]:
        labels = (row["workgroup"], row["statement_type"], row["state"])
        found[catalog.QUERIES.name, labels] += row["queries"]
        found[catalog.SCANNED_BYTES.name, labels] += row["scanned_bytes"]
        found[catalog.BILLED_BYTES.name, labels] += row["billed_bytes"]
        found[catalog.COST_USD.name, labels] += row["cost_nanousd"]
    for row in truth["by_user_workgroup_database_state"]:
        labels = (row["user"], row["workgroup"], row["database"])
        found[catalog.USER_QUERIES.name, (*labels, row["state"])] += row["queries"]
        found[catalog.USER_SCANNED_BYTES.name, labels] += row["scanned_bytes"]
        found[catalog.USER_COST_USD.name, labels] += row["cost_nanousd"]
    return {key: count for key, count in found.items() if count}


def expected_tables(truth: Mapping[str, Any]) -> Expected:
    """Every counter of tables, by database, table and mode."""
    return {
        (catalog.TABLE_QUERIES.name, (*name.split(".", 1), mode)): count
        for name, row in truth["by_table"].items()
        for mode, count in row["by_mode"].items()
    }


def expected_workloads(truth: Mapping[str, Any]) -> Expected:
    """Every counter of workloads, by workload, client and workgroup; for users whose events were all delivered."""
    found: Expected = {}
    for row in truth["by_workload_client_workgroup"]:
        labels = (row["workload"], row["client"], row["workgroup"])
        found[catalog.WORKLOAD_QUERIES.name, labels] = row["queries"]
        found[catalog.WORKLOAD_SCANNED_BYTES.name, labels] = row["scanned_bytes"]
        found[catalog.WORKLOAD_COST_USD.name, labels] = row["cost_nanousd"]
        found[catalog.WORKLOAD_ENGINE_SECONDS.name, labels] = row["engine_ms"]
    return {key: count for key, count in found.items() if count}


def expected_window(truth: Mapping[str, Any], window: str) -> Expected:
    """One window's gauges, from the truth of its range."""
    found: Expected = {}
    for group, metrics in (("by_workgroup", WINDOWS[:3]), ("by_user", WINDOWS[3:])):
        for name, sums in truth[group].items():
            numbers = (sums["queries"], sums["scanned_bytes"], sums["cost_nanousd"])
            for metric, number in zip(metrics, numbers, strict=True):
                if number:
                    found[metric.name, (window, name)] = number
    return found


def exposed(series: Series, *metrics: catalog.Metric) -> Expected:
    """The exporter's or Prometheus's numbers of these metrics, as integers."""
    by_name = {metric.name: metric for metric in metrics}
    found: Expected = {}
    for (name, pairs), value in series.items():
        if name in by_name and value:
            labels = dict(pairs)
            key = tuple(labels[label] for label in by_name[name].labels)
            found[name, key] = round(value * by_name[name].scale)
    return found


def differences(expected: Expected, found: Expected) -> list[str]:
    """One line for each series that is not what it must be."""
    return [
        f"{name}{labels}: {found.get((name, labels), 0)} instead of {expected.get((name, labels), 0)}"
        for name, labels in sorted(expected.keys() | found.keys())
        if found.get((name, labels), 0) != expected.get((name, labels), 0)
    ]
