"""What AWS bills of a call: read off the request, and counted at the wire."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from source_world import World, session_with

from athena_exporter.sources.answers import ask
from athena_exporter.sources.billing import billed_metrics

STATISTICS = ("Sum", "Average", "Minimum", "Maximum", "SampleCount", "p50", "p90", "p99")
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def asking(name: str, statistic: str, **more: Any) -> dict[str, Any]:
    dimensions = [{"Name": key, "Value": value} for key, value in (more.pop("dimensions", None) or {}).items()]
    metric = {"Namespace": "AWS/Athena", "MetricName": name, "Dimensions": dimensions}
    return {
        "Id": f"{name.lower()}_{statistic.lower()}",
        "MetricStat": {"Metric": metric, "Period": 60, "Stat": statistic},
        **more,
    }


def billed(*queries: dict[str, Any]) -> int:
    return billed_metrics({"MetricDataQueries": list(queries)})


@pytest.mark.parametrize(("statistics", "metrics"), [(1, 1), (3, 1), (5, 1), (6, 2), (8, 2)])
def test_up_to_five_statistics_of_one_metric_are_billed_as_one(statistics: int, metrics: int) -> None:
    assert billed(*(asking("ProcessedBytes", name) for name in STATISTICS[:statistics])) == metrics


def test_metrics_of_other_names_dimensions_or_accounts_are_billed_apart() -> None:
    queries = [
        asking("ProcessedBytes", "Sum"),
        asking("TotalExecutionTime", "Sum"),
        asking("ProcessedBytes", "Sum", dimensions={"WorkGroup": "a"}),
        asking("ProcessedBytes", "Sum", dimensions={"WorkGroup": "b"}),
        asking("ProcessedBytes", "Sum", AccountId="111122223333"),
    ]
    assert billed(*queries, *queries[:1]) == 5


def test_the_order_of_dimensions_makes_no_other_metric_of_it() -> None:
    one, other = ({"QueryType": "DML", "WorkGroup": "a"}, {"WorkGroup": "a", "QueryType": "DML"})
    assert billed(asking("X", "Sum", dimensions=one), asking("X", "Maximum", dimensions=other)) == 1


def test_arithmetic_over_metrics_is_free() -> None:
    assert billed(asking("X", "Sum"), {"Id": "e1", "Expression": "x_sum / 60"}) == 1


def ask_for(client: Any, *queries: dict[str, Any]) -> None:
    ask(client.get_metric_data, MetricDataQueries=list(queries), StartTime=NOON, EndTime=NOON + timedelta(hours=1))


@pytest.mark.parametrize("kind", ["throttle", "drop_after", "garbage"])
def test_every_attempt_tells_its_metrics_at_the_wire(world: World, kind: str) -> None:
    world.running.testbed.plan_faults([{"kind": kind, "operation": "GetMetricData", "times": 1}])
    bills: list[tuple[str, str, str, int]] = []
    session = session_with(world.running.url, Counter(), bill=lambda *bill: bills.append(bill))
    client = session.cloudwatch()
    ask_for(client, asking("A", "Sum"), asking("A", "Maximum"), asking("B", "Sum"))
    ask(client.list_metrics)
    ask(session.athena().list_work_groups)
    session.close()
    failed = {"throttle": "Throttling", "drop_after": "ConnectionClosedError", "garbage": "GarbledAnswerError"}[kind]
    assert bills == [
        ("cloudwatch", "GetMetricData", failed, 2),
        ("cloudwatch", "GetMetricData", "ok", 2),
        ("cloudwatch", "ListMetrics", "ok", 1),
        ("athena", "ListWorkGroups", "ok", 1),
    ]


def test_the_account_counts_what_the_wire_has_told(world: World) -> None:
    told = Counter[str]()
    session = session_with(
        world.running.url, Counter(), bill=lambda _, operation, __, units: told.update({operation: units})
    )
    for count in (1, 7, 40):
        ask_for(session.cloudwatch(), *(asking(f"M{number}", "Sum") for number in range(count)))
    session.close()
    (call,) = (each for each in world.running.testbed.calls() if each["operation"] == "GetMetricData")
    assert call["billed_metrics"] == told["GetMetricData"] == 48
