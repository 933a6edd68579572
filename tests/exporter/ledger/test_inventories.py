"""The present state of things: the last one told of each kind, and nothing that is too old to be the present."""

from datetime import timedelta
from types import MappingProxyType

import pytest
from book import DAY, HOUR, MINUTE, NOON, SECOND, TARGET, Book, query, running

from athena_exporter import catalog
from athena_exporter.records import (
    ActiveQueries,
    ActiveQueryQuota,
    ActiveQueryQuotas,
    Inventory,
    Peak,
    Peaks,
    QuotaOrigin,
    Reservation,
    Reservations,
    State,
    Target,
    Workgroup,
    Workgroups,
)

OHIO = Target(account_id="111122223333", region="us-east-2")
PRIMARY = Workgroup(
    name="primary",
    is_enabled=True,
    engine="Athena engine version 3",
    is_enforced=False,
    is_publishing=True,
    cutoff_bytes=10 * 2**30,
    tags=MappingProxyType({"owner": "Zo\u00eb", "component": "web"}),
)
EVERYTHING: tuple[Inventory, ...] = (
    Workgroups(items=(PRIMARY, Workgroup(name="old", is_enabled=False))),
    Reservations(
        items=(
            Reservation(
                name="nightly", state="ACTIVE", target_dpus=24, allocated_dpus=0, workgroups=("primary", "etl")
            ),
            Reservation(name="gone", state="CANCELLED", target_dpus=None, allocated_dpus=None),
        )
    ),
    ActiveQueryQuotas(
        items=(
            ActiveQueryQuota(type="DML", queries=200, origin=QuotaOrigin.SERVICE_QUOTAS),
            ActiveQueryQuota(type="DDL", queries=20, origin=QuotaOrigin.PUBLISHED_DEFAULT),
        )
    ),
    ActiveQueries(by_type={"DML": 17}),
    Peaks(
        items=(
            Peak(workgroup="primary", query_type="DML", processed_bytes=5, total_ms=1_500),
            Peak(workgroup="primary", query_type="DDL", total_ms=20),
        )
    ),
)
SHOWN = (
    catalog.WORKGROUP_INFO,
    catalog.WORKGROUP_CUTOFF_BYTES,
    catalog.CAPACITY_DPUS,
    catalog.ACTIVE_QUERY_QUOTA,
    catalog.ACTIVE_QUERIES,
    catalog.CLOUDWATCH_LARGEST_QUERY_BYTES,
    catalog.CLOUDWATCH_LONGEST_QUERY_SECONDS,
)


def told(book: Book, *inventories: Inventory) -> None:
    book.deliver(*inventories, at=NOON, source="workgroups")


def shows_everything(book: Book) -> None:
    assert book.shown(catalog.WORKGROUP_INFO) == {
        ("primary", "enabled", "Athena engine version 3", "false", "true"): 1,
        ("old", "disabled", "unknown", "unknown", "unknown"): 1,
    }
    assert book.shown(catalog.WORKGROUP_CUTOFF_BYTES) == {("primary",): 10 * 2**30}
    assert book.shown(catalog.CAPACITY_DPUS) == {
        ("nightly", "active", "target"): 24,
        ("nightly", "active", "allocated"): 0,
    }
    assert book.shown(catalog.ACTIVE_QUERY_QUOTA) == {
        ("DML", "service_quotas"): 200,
        ("DDL", "published_default"): 20,
    }
    assert book.shown(catalog.ACTIVE_QUERIES) == {("DML",): 17}
    assert book.shown(catalog.CLOUDWATCH_LARGEST_QUERY_BYTES) == {("primary", "DML"): 5}
    assert book.shown(catalog.CLOUDWATCH_LONGEST_QUERY_SECONDS) == {("primary", "DML"): 1_500, ("primary", "DDL"): 20}


def test_inventories_are_shown_and_survive_a_restart(book: Book) -> None:
    told(book, *EVERYTHING)
    shows_everything(book)
    book.reopen()
    shows_everything(book)


def test_tags_travel_with_their_workgroup(book: Book) -> None:
    told(book, *EVERYTHING)
    tags = {s.labels[0]: s.tags for s in book.samples() if s.metric == catalog.WORKGROUP_INFO.name}
    assert tags == {"primary": (("component", "web"), ("owner", "Zo\u00eb")), "old": ()}


def test_what_is_not_told_again_is_gone(book: Book) -> None:
    told(book, *EVERYTHING)
    told(book, Workgroups(items=(Workgroup(name="new"),)), ActiveQueries(by_type={}), Peaks(items=()))
    assert [labels[0] for labels in book.shown(catalog.WORKGROUP_INFO)] == ["new"]
    assert book.shown(catalog.WORKGROUP_CUTOFF_BYTES) == {}
    assert book.shown(catalog.ACTIVE_QUERIES) == {}
    assert book.shown(catalog.CLOUDWATCH_LONGEST_QUERY_SECONDS) == {}
    assert len(book.shown(catalog.ACTIVE_QUERY_QUOTA)) == 2, "of another kind, and not told anew"


def test_of_several_in_one_batch_the_last_stands(book: Book) -> None:
    told(book, ActiveQueries(by_type={"DML": 1}), ActiveQueries(by_type={"DML": 2}))
    assert book.shown(catalog.ACTIVE_QUERIES) == {("DML",): 2}


def test_inventories_of_two_targets_stand_side_by_side(book: Book) -> None:
    book.ledger.adopt(OHIO, NOON)
    told(book, ActiveQueries(by_type={"DML": 1}))
    book.deliver(ActiveQueries(by_type={"DML": 2}), at=NOON, target=OHIO)
    assert book.shown(catalog.ACTIVE_QUERIES) == {("DML",): 1}
    assert book.shown(catalog.ACTIVE_QUERIES, target=OHIO) == {("DML",): 2}


@pytest.mark.parametrize(
    ("metric", "kept"),
    [
        (catalog.ACTIVE_QUERIES, 10 * MINUTE),
        (catalog.CLOUDWATCH_LARGEST_QUERY_BYTES, 3 * HOUR),
        (catalog.CLOUDWATCH_LONGEST_QUERY_SECONDS, 3 * HOUR),
        (catalog.WORKGROUP_INFO, DAY),
        (catalog.WORKGROUP_CUTOFF_BYTES, DAY),
        (catalog.ACTIVE_QUERY_QUOTA, DAY),
        (catalog.CAPACITY_DPUS, DAY),
    ],
)
def test_what_was_told_long_ago_is_not_the_present(book: Book, metric: catalog.Metric, kept: timedelta) -> None:
    told(book, *EVERYTHING)
    assert book.shown(metric, now=NOON + kept - SECOND)
    assert book.shown(metric, now=NOON + kept) == {}


def test_a_date_of_aws_from_the_far_future_hides_nothing_for_long(book: Book) -> None:
    book.deliver(ActiveQueries(by_type={"DML": 1}), at=NOON + 1000 * DAY)
    told(book, *EVERYTHING)
    shows_everything(book)


def test_a_listed_workgroup_without_queries_runs_none(book: Book) -> None:
    told(book, Workgroups(items=(Workgroup(name="idle"), Workgroup(name="primary"))))
    book.deliver(query(1, workgroup="deleted"), running(2))
    assert book.shown(catalog.RUNNING_QUERIES) == {
        ("deleted", State.QUEUED.value): 0,
        ("deleted", State.RUNNING.value): 0,
        ("idle", State.QUEUED.value): 0,
        ("idle", State.RUNNING.value): 0,
        ("primary", State.QUEUED.value): 0,
        ("primary", State.RUNNING.value): 1,
    }


def test_every_gauge_of_an_inventory_is_tried_here(book: Book) -> None:
    told(book, *EVERYTHING)
    assert {s.metric for s in book.samples() if s.target == TARGET} >= {metric.name for metric in SHOWN}
