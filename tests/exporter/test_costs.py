"""What the exporter costs: the plan of its requests, the estimate of an hour, and the table that people read."""

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from athena_exporter import costs
from athena_exporter.config.sources import (
    AthenaSettings,
    CloudWatchMetric,
    CloudWatchSettings,
    EventBridgeSettings,
    LookupSettings,
    SourcesSettings,
    SystemTableSettings,
    WorkgroupsSettings,
)
from athena_exporter.costs.estimate import LONGEST_WAIT, PAGE, RECEIVE, ROWS, ROWS_A_PAGE, TYPES
from athena_exporter.costs.plan import DATAPOINTS, QUERIES
from athena_exporter.pricing import Prices
from athena_exporter.sources import athena, queues, workgroups
from athena_exporter.sources.asking import PAGE as ROWS_OF_ATHENA
from athena_exporter.sources.cloudwatch.series import statistics
from athena_exporter.sources.rate import QUOTAS
from athena_exporter.sources.system_table.source import PAGE as ROWS_OF_A_QUESTION

ALL = tuple(CloudWatchMetric)
WANTS = st.lists(st.builds(costs.Want, key=st.integers(), queries=st.integers(1, 10), minutes=st.integers(1, 1_440)))


def fits(request: tuple[costs.Want[int], ...]) -> bool:
    """Whether AWS takes it."""
    queries = sum(want.queries for want in request)
    return queries <= QUERIES and queries * max(want.minutes for want in request) <= DATAPOINTS


@settings(max_examples=60, deadline=None)
@given(WANTS)
def test_requests_hold_every_series_once_and_no_more_than_aws_takes(wants: list[costs.Want[int]]) -> None:
    requests = list(costs.pack(wants))
    assert sorted(want.key for request in requests for want in request) == sorted(want.key for want in wants)
    assert all(fits(request) for request in requests)
    assert not any(fits((*one, following[0])) for one, following in pairwise(requests))


def test_two_requests_a_second_use_up_awss_datapoints() -> None:
    assert QUOTAS["cloudwatch", "GetMetricData"].rate * DATAPOINTS == 90_000


@pytest.mark.parametrize(("query_type", "metrics"), [("DML", 7), ("DDL", 5), ("UTILITY", 5)])
def test_bytes_and_planning_are_asked_of_dml_alone(query_type: str, metrics: int) -> None:
    assert len(costs.asked(ALL, query_type)) == metrics


def test_the_plan_counts_as_many_statistics_as_the_source_asks_for() -> None:
    for metric in ALL:
        assert costs.statistics([metric]) == len(statistics(metric))


def test_the_estimate_knows_the_page_sizes_of_the_sources() -> None:
    assert {athena.PAGE, workgroups.PAGE, PAGE} == {50}


def dollars(facts: costs.Facts, sources: SourcesSettings) -> float:
    return sum(calls.usd for calls in costs.estimate(facts, sources).values())


def test_the_defaults_cost_nothing() -> None:
    assert dollars(costs.Facts(workgroups=200, queries_per_hour=50_000), SourcesSettings()) == 0


def test_an_hour_of_one_workgroup_by_hand() -> None:
    on = SourcesSettings(cloudwatch=CloudWatchSettings(enabled=True))
    calls = costs.estimate(costs.Facts(workgroups=1), on)
    # Four reads of two metrics of three DML states and one of six others; two metrics of AWS/Usage each minute.
    assert calls["cloudwatch", "GetMetricData"].units == 4 * (3 * 2 + 6) + 60 * 2
    assert calls["cloudwatch", "GetMetricData"].requests == 4 + 60
    # Four lists of series and one look for a reservation.
    assert calls["cloudwatch", "ListMetrics"].requests == 5
    assert dollars(costs.Facts(workgroups=1), on) == pytest.approx((4 * 12 + 120 + 5) * 0.01 / 1_000)


def test_idle_series_and_longer_intervals_are_cheaper_and_more_metrics_dearer() -> None:
    facts = costs.Facts(workgroups=20)
    usual = dollars(facts, SourcesSettings(cloudwatch=CloudWatchSettings(enabled=True)))
    rarely = CloudWatchSettings(enabled=True, interval=timedelta(hours=1))
    assert dollars(costs.Facts(workgroups=20, active_series=2), SourcesSettings(cloudwatch=rarely)) < usual
    assert dollars(facts, SourcesSettings(cloudwatch=rarely)) < usual
    assert dollars(facts, SourcesSettings(cloudwatch=CloudWatchSettings(enabled=True, metrics=ALL))) > usual


def test_reservations_add_two_metrics_and_a_list_of_each_kind() -> None:
    on = SourcesSettings(cloudwatch=CloudWatchSettings(enabled=True))
    without = costs.estimate(costs.Facts(workgroups=5), on)
    served = costs.estimate(costs.Facts(workgroups=5, reservations=3), on)
    key = ("cloudwatch", "GetMetricData")
    assert served[key].units - without[key].units == 4 * 6
    assert served["cloudwatch", "ListMetrics"].requests - without["cloudwatch", "ListMetrics"].requests == 7
    assert served["athena", "GetCapacityAssignmentConfiguration"].requests == 18


def test_what_is_switched_off_is_not_asked() -> None:
    off = SourcesSettings(lookup=LookupSettings(enabled=False), workgroups=WorkgroupsSettings(enabled=False))
    asked = costs.estimate(costs.Facts(workgroups=5, queries_per_hour=100), off)
    assert {service for service, _ in asked} == {"athena"}
    assert {operation for _, operation in asked} == {
        "ListWorkGroups",
        "ListQueryExecutions",
        "BatchGetQueryExecution",
    }


def test_tags_cost_a_call_for_each_workgroup_where_they_are_wanted() -> None:
    plain = costs.estimate(costs.Facts(workgroups=30), SourcesSettings())
    tagged = SourcesSettings(workgroups=WorkgroupsSettings(tags=("team",)))
    assert ("athena", "ListTagsForResource") not in plain
    assert costs.estimate(costs.Facts(workgroups=30), tagged)["athena", "ListTagsForResource"].requests == 180


def test_the_bucket_of_lists_slows_the_sweeps_of_many_workgroups() -> None:
    eager = SourcesSettings(athena=AthenaSettings(interval=timedelta(seconds=1)))
    key = ("athena", "ListQueryExecutions")
    for share in (0.5, 0.1):
        asked = costs.estimate(costs.Facts(workgroups=1_000), eager, rate_share=share)
        assert asked[key].requests <= 3_600 * QUOTAS[key].rate * share


def test_the_peers_formula_is_the_published_one() -> None:
    assert costs.peer(10).units == 12 * 7 * (9 * 10 + 9)
    assert costs.peer(10).usd == pytest.approx(0.08316)


@pytest.mark.parametrize("count", [10, 60, 200, 1_000])
def test_every_metric_of_every_workgroup_costs_less_than_a_third_of_the_peer(count: int) -> None:
    cloudwatch = CloudWatchSettings(enabled=True, metrics=ALL, active_queries=timedelta(0))
    calls = costs.estimate(costs.Facts(workgroups=count), SourcesSettings(cloudwatch=cloudwatch))
    billed = [each for (service, _), each in calls.items() if service == "cloudwatch"]
    assert sum(each.usd for each in billed) * 3 <= costs.peer(count).usd
    assert sum(each.requests for each in billed) * 3 <= costs.peer(count).requests
    assert len(TYPES) * 3 == costs.Facts(workgroups=count).active_series


def test_the_table_has_every_size_and_ends_without_a_newline() -> None:
    lines = costs.table().split("\n")
    assert all(line.startswith("| ") and line.endswith(" |") and line.count(" | ") == 7 for line in lines)
    assert [line.split(" | ")[0].strip("| ") for line in lines[2:]] == [
        size for size in ("10", "60", "200") for _ in range(9)
    ]
    assert "| 10 | YACE, seven metrics every 300 s | 0 | 108 | 8,316 | 0.0832 | 60.71 | 100% |" in lines
    assert any(line.startswith("| 10 | defaults | ") and line.endswith(" | 0 | 0 | 0 | 0 | 0% |") for line in lines)


def listening(gather: float = 1) -> SourcesSettings:
    events = EventBridgeSettings(enabled=True, queue_url="https://sqs/1/events", gather=timedelta(seconds=gather))
    return SourcesSettings(eventbridge=events)


def test_an_idle_queue_costs_a_poll_every_twenty_seconds() -> None:
    calls = costs.estimate(costs.Facts(workgroups=10), listening())
    assert calls["sqs", "ReceiveMessage"].requests == 180
    assert calls["sqs", "ReceiveMessage"].usd == pytest.approx(180 * 0.4 / 1e6)
    assert ("sqs", "DeleteMessageBatch") not in calls


def test_a_busy_queue_is_read_by_the_window_and_by_the_ten() -> None:
    busy = costs.estimate(costs.Facts(workgroups=10, queries_per_hour=100_000), listening())
    assert busy["sqs", "ReceiveMessage"].requests == pytest.approx(3_600 + 30_000)
    assert busy["athena", "BatchGetQueryExecution"].requests == pytest.approx(3_600)
    assert costs.estimate(costs.Facts(workgroups=10, queries_per_hour=100), listening())[
        "sqs", "DeleteMessageBatch"
    ].requests == pytest.approx(600)


def asking(**settings: object) -> SourcesSettings:
    told = SystemTableSettings.model_validate({"enabled": True, "workgroup": "questions", **settings})
    return SourcesSettings(system_table=told)


def test_a_question_to_the_system_table_costs_the_least_that_athena_bills() -> None:
    calls = costs.estimate(costs.Facts(workgroups=10, queries_per_hour=100), asking())
    assert calls["athena", "StartQueryExecution"].requests == 1
    assert dollars(costs.Facts(workgroups=10), asking()) == pytest.approx(10 * 2**20 * 5 / 2**40, rel=1e-4)
    dearer = Prices(usd_per_tb=Decimal("6.5"), tb_bytes=10**12, minimum_bytes=10**7)
    told = costs.estimate(costs.Facts(workgroups=10), asking(), prices=dearer)
    assert sum(one.usd for one in told.values()) == pytest.approx(6.5e-5)


def test_the_system_table_is_asked_as_often_as_its_interval_and_its_pages_say() -> None:
    often = costs.estimate(costs.Facts(workgroups=10), asking(interval="10m"))
    many = costs.estimate(costs.Facts(workgroups=10, queries_per_hour=10_000), asking())
    assert often["athena", "StartQueryExecution"].requests == pytest.approx(6)
    assert many["athena", "StartQueryExecution"].requests == 7, "three hours of them, 5,000 a question, and the last"
    assert many["athena", "GetQueryResults"].requests == 30
    assert (ROWS, ROWS_A_PAGE) == (ROWS_OF_A_QUESTION, ROWS_OF_ATHENA)


def test_events_make_sweeps_cheaper() -> None:
    facts = costs.Facts(workgroups=60, queries_per_hour=1_000)
    plain, eventful = (
        sum(one.requests for (service, _), one in costs.estimate(facts, told).items() if service == "athena")
        for told in (SourcesSettings(), listening())
    )
    assert eventful < 0.6 * plain


def test_the_estimate_knows_how_a_queue_is_read() -> None:
    assert (LONGEST_WAIT, RECEIVE) == (queues.LONGEST_WAIT, queues.RECEIVE)
