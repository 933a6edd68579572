"""What CloudWatch counted: added as it is told, with the cursor that keeps it from being told twice."""

from datetime import timedelta
from typing import Any

import pytest
from book import BORN, MINUTE, NOON, TARGET, Book, MakeBook, query

from athena_exporter import catalog
from athena_exporter.records import Batch, CapacityMinutes, SettledMinutes, Workgroup, Workgroups

LABELS = ("primary", "DML", "succeeded")


def minutes(**told: Any) -> SettledMinutes:
    plain: dict[str, Any] = {
        "workgroup": "primary",
        "query_type": "DML",
        "query_state": "succeeded",
        "since": NOON,
        "until": NOON + 5 * MINUTE,
    }
    return SettledMinutes(**plain | told)


def capacity(**told: Any) -> CapacityMinutes:
    plain: dict[str, Any] = {
        "reservation": "nightly",
        "since": NOON,
        "until": NOON + MINUTE,
        "allocated_dpu_ms": 24 * 60_000,
        "consumed_dpu_ms": {"primary": 4 * 60_000, "etl": 8 * 60_000},
        "idle_dpu_ms": 12 * 60_000,
    }
    return CapacityMinutes(**plain | told)


@pytest.mark.parametrize(
    ("field", "metric"),
    [
        ("queries", catalog.CLOUDWATCH_QUERIES),
        ("processed_bytes", catalog.CLOUDWATCH_PROCESSED_BYTES),
        ("total_ms", catalog.CLOUDWATCH_TOTAL_SECONDS),
        ("engine_ms", catalog.CLOUDWATCH_ENGINE_SECONDS),
        ("queue_ms", catalog.CLOUDWATCH_QUEUE_SECONDS),
        ("planning_ms", catalog.CLOUDWATCH_PLANNING_SECONDS),
        ("service_pre_ms", catalog.CLOUDWATCH_SERVICE_PRE_SECONDS),
        ("service_ms", catalog.CLOUDWATCH_SERVICE_SECONDS),
    ],
)
def test_a_sum_goes_to_its_counter_and_to_no_other(book: Book, field: str, metric: catalog.Metric) -> None:
    book.deliver(minutes(**{field: 7}), source="cloudwatch")
    book.deliver(minutes(**{field: 5}), source="cloudwatch")
    book.ledger.reveal()
    told = {s.metric: s.value for s in book.samples() if s.metric.startswith("athena_cloudwatch_")}
    assert told == {metric.name: 12}
    assert book.shown(metric) == {LABELS: 12}


def test_minutes_without_queries_make_a_series_that_is_0(book: Book) -> None:
    book.deliver(minutes(queries=0), source="cloudwatch")
    assert book.count(catalog.CLOUDWATCH_QUERIES, *LABELS) == 0
    assert book.shown(catalog.CLOUDWATCH_PROCESSED_BYTES) == {}, "nobody asked"


def test_a_cursor_moves_with_its_minutes_or_not_at_all(book: Book) -> None:
    book.deliver(minutes(queries=3), source="cloudwatch", cursors={"primary/DML/succeeded": "12:05"})
    assert book.ledger.view(TARGET).cursor("cloudwatch", "primary/DML/succeeded") == "12:05"
    too_much = minutes(queries=2**70)
    with pytest.raises(OverflowError):
        book.deliver(minutes(queries=4), too_much, source="cloudwatch", cursors={"primary/DML/succeeded": "12:10"})
    assert book.count(catalog.CLOUDWATCH_QUERIES, *LABELS) == 3
    assert book.ledger.view(TARGET).cursor("cloudwatch", "primary/DML/succeeded") == "12:05"


def test_settled_minutes_are_born_at_0_and_survive_a_restart(make_book: MakeBook) -> None:
    with make_book(series_warmup=timedelta(seconds=120)) as book:
        book.deliver(minutes(queries=3), source="cloudwatch")
        assert book.count(catalog.CLOUDWATCH_QUERIES, *LABELS) == 0
        book.hand.seconds = 120
        assert book.count(catalog.CLOUDWATCH_QUERIES, *LABELS) == 3
        book.reopen()
        assert book.shown(catalog.CLOUDWATCH_QUERIES) == {LABELS: 3}


def test_dpus_are_allocated_consumed_by_workgroup_and_idle_at_their_price(book: Book) -> None:
    book.deliver(capacity(), source="cloudwatch")
    book.deliver(capacity(consumed_dpu_ms={"etl": 24 * 60_000}, idle_dpu_ms=0), source="cloudwatch")
    book.ledger.reveal()
    assert book.shown(catalog.CAPACITY_ALLOCATED_DPU_SECONDS) == {("nightly",): 48 * 60_000}
    assert book.shown(catalog.CAPACITY_CONSUMED_DPU_SECONDS) == {
        ("nightly", "primary"): 4 * 60_000,
        ("nightly", "etl"): 32 * 60_000,
    }
    assert book.shown(catalog.CAPACITY_IDLE_DPU_SECONDS) == {("nightly",): 12 * 60_000}
    assert book.shown(catalog.CAPACITY_IDLE_COST_USD) == {("nightly",): 60_000_000}, "0.2 DPU-hours at 0.30 dollars"


def test_a_workgroup_that_does_not_publish_is_there_without_cloudwatchs_counters(book: Book) -> None:
    silent = Workgroup(name="silent", is_publishing=False)
    book.deliver(Workgroups(items=(Workgroup(name="primary", is_publishing=True), silent)), source="workgroups")
    book.deliver(minutes(queries=1, processed_bytes=10), source="cloudwatch")
    book.deliver(query(1), query(2, workgroup="silent"), query(3, workgroup="gone"))
    assert {labels[0] for labels in book.shown(catalog.CLOUDWATCH_QUERIES)} == {"primary"}
    publishing = {labels[0]: labels[4] for labels in book.shown(catalog.WORKGROUP_INFO)}
    assert publishing == {"primary": "true", "silent": "false"}
    assert {labels[0] for labels in book.shown(catalog.QUERIES)} == {"primary", "silent", "gone"}


def test_cloudwatchs_minutes_prove_nothing_about_executions(book: Book) -> None:
    book.deliver(minutes(queries=1), source="cloudwatch", at=BORN + MINUTE)
    assert book.shown(catalog.SOURCE_COMPLETE_UNTIL) == {}
    batch = Batch(source="cloudwatch", target=TARGET, observed_at=NOON, records=(minutes(queries=1),))
    book.ledger.apply(batch)
    assert book.shown(catalog.CATCHING_UP) == {(): 1}
