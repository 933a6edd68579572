"""What a counted query adds beside queries, bytes and money: each value once, in the right bucket, or not at all."""

from decimal import Decimal
from typing import Any

import pytest
from book import BORN, DAY, HOUR, MB, NOON, PRICES, Book, MakeBook, bare, query, running, start

from athena_exporter import catalog
from athena_exporter.ledger.model import ALL_HISTOGRAMS
from athena_exporter.pricing import Prices
from athena_exporter.records import QueryError, State

DML = ("primary", "DML")


def test_a_query_is_one_observation_of_each_time_and_size(book: Book) -> None:
    book.deliver(query(queue_ms=90, planning_ms=600, engine_ms=9_000, total_ms=10_000, scanned_bytes=100 * MB))
    assert book.distribution(catalog.QUEUE_SECONDS, *DML) == {"100": 1, "sum": 90}
    assert book.distribution(catalog.PLANNING_SECONDS, *DML) == {"1000": 1, "sum": 600}
    assert book.distribution(catalog.ENGINE_SECONDS, *DML) == {"15000": 1, "sum": 9_000}
    assert book.distribution(catalog.TOTAL_SECONDS, *DML) == {"15000": 1, "sum": 10_000}
    assert book.distribution(catalog.SCANNED_BYTES_PER_QUERY, *DML) == {str(640 * MB): 1, "sum": 100 * MB}


@pytest.mark.parametrize(
    ("value", "bound"),
    [(0, "100"), (100, "100"), (101, "500"), (1_800_000, "1800000"), (1_800_001, "+Inf"), (2**62, "+Inf")],
)
def test_a_value_at_a_bound_is_below_it(book: Book, value: int, bound: str) -> None:
    book.deliver(query(engine_ms=value))
    assert book.distribution(catalog.ENGINE_SECONDS, *DML) == {bound: 1, "sum": value}


def test_what_aws_did_not_tell_is_not_observed(book: Book) -> None:
    book.deliver(query(queue_ms=None, scanned_bytes=0))
    assert book.distribution(catalog.QUEUE_SECONDS, *DML) == {}
    assert book.distribution(catalog.SCANNED_BYTES_PER_QUERY, *DML) == {str(10 * MB): 1, "sum": 0}


def test_a_query_told_again_is_observed_once(book: Book) -> None:
    book.deliver(running())
    for _ in range(3):
        book.deliver(query(engine_ms=5), query(engine_ms=5), start())
    assert book.distribution(catalog.ENGINE_SECONDS, *DML) == {"100": 1, "sum": 5}


def test_a_query_without_statistics_is_observed_when_they_come(book: Book) -> None:
    book.deliver(bare())
    assert book.distribution(catalog.TOTAL_SECONDS, *DML) == {}
    book.deliver(query())
    assert book.distribution(catalog.TOTAL_SECONDS, *DML) == {"15000": 1, "sum": 10_000}


def test_what_ended_before_counting_began_is_not_observed(make_book: MakeBook) -> None:
    with make_book(seed=DAY) as book:
        early: dict[str, Any] = {
            "state": State.FAILED,
            "engine_ms": 5,
            "cutoff_hit": True,
            "dpu_count": 4.0,
            "result_reused": True,
        }
        book.deliver(query(at=BORN - HOUR, **early))
        assert book.distribution(catalog.ENGINE_SECONDS, *DML) == {}
        for metric in (catalog.QUERY_FAILURES, catalog.CUTOFF_HITS, catalog.RESERVED_DPU_SECONDS, catalog.RESULT_REUSE):
            assert book.shown(metric) == {}


def test_only_the_configured_distributions_are_counted(make_book: MakeBook) -> None:
    with make_book(rules={"histograms": frozenset({catalog.TOTAL_SECONDS.name})}) as book:
        book.deliver(query(engine_ms=5))
        assert {s.metric for s in book.samples() if s.metric.removesuffix("_sum") in ALL_HISTOGRAMS} == {
            catalog.TOTAL_SECONDS.sum_name
        }


def test_a_distribution_that_is_switched_off_is_forgotten_and_begins_again_at_0(make_book: MakeBook) -> None:
    with make_book() as book:
        book.deliver(query(engine_ms=5))
        book.ledger.stamp()
    with make_book(rules={"histograms": ALL_HISTOGRAMS - {catalog.ENGINE_SECONDS.name}}) as book:
        assert book.distribution(catalog.ENGINE_SECONDS, *DML) == {}
        assert book.distribution(catalog.TOTAL_SECONDS, *DML) == {"15000": 1, "sum": 10_000}
        book.ledger.stamp()
    with make_book() as book:
        book.deliver(query(2, engine_ms=7))
        assert book.distribution(catalog.ENGINE_SECONDS, *DML) == {"100": 1, "sum": 7}
        assert book.count(catalog.QUERIES, "primary", "DML", "succeeded") == 2


def test_a_statement_type_that_aws_does_not_tell_is_unknown(book: Book) -> None:
    book.deliver(query(statement_type=None))
    assert book.distribution(catalog.TOTAL_SECONDS, "primary", "unknown") == {"15000": 1, "sum": 10_000}


def test_a_histogram_takes_a_series_of_the_limit_for_each_of_its_bounds(make_book: MakeBook) -> None:
    with make_book(rules={"series_limit": 25, "histograms": frozenset({catalog.TOTAL_SECONDS.name})}) as book:
        book.deliver(*(query(n, workgroup=f"w{n}") for n in range(5)))
        book.deliver(query(5, workgroup="w5"), query(6, workgroup="w0"), query(7, workgroup="w6", statement_type="DDL"))
        assert book.distribution(catalog.TOTAL_SECONDS, "w0", "DML")["15000"] == 2
        assert book.distribution(catalog.TOTAL_SECONDS, "w1", "DML")["15000"] == 1
        assert book.distribution(catalog.TOTAL_SECONDS, "w2", "DML") == {}
        assert book.distribution(catalog.TOTAL_SECONDS, "other", "DML") == {"15000": 4, "sum": 40_000}
        assert book.distribution(catalog.TOTAL_SECONDS, "other", "DDL") == {"15000": 1, "sum": 10_000}
        assert book.count(catalog.LABEL_OVERFLOW, "workgroup") == 5
        assert book.count(catalog.QUERIES, "w5", "DML", "succeeded") == 1, "only the histogram has no room"


def test_a_query_that_overflows_several_histograms_is_counted_once(make_book: MakeBook) -> None:
    with make_book(rules={"series_limit": 10}) as book:
        book.deliver(query(1, engine_ms=5), query(2, workgroup="etl", engine_ms=5))
        assert book.count(catalog.LABEL_OVERFLOW, "workgroup") == 1


# -- failures and guard rails ---------------------------------------------------------------------------------------


def test_a_failed_query_is_named_and_a_cancelled_one_is_no_failure(book: Book) -> None:
    error = QueryError(category=2, type=1006, retryable=False)
    book.deliver(
        query(1, state=State.FAILED, error=error),
        query(2, state=State.FAILED, error=error),
        query(3, state=State.FAILED),
        query(4, state=State.CANCELLED, error=QueryError(category=2, type=1011, retryable=False)),
        query(5),
    )
    assert book.shown(catalog.QUERY_FAILURES) == {
        ("primary", "user", "syntax_error", "false"): 0,
        ("primary", "unknown", "unknown", "unknown"): 0,
    }
    assert book.count(catalog.QUERY_FAILURES, "primary", "user", "syntax_error", "false") == 2
    assert book.count(catalog.QUERY_FAILURES, "primary", "unknown", "unknown", "unknown") == 1


def test_all_failures_are_the_failed_queries(book: Book) -> None:
    for number in range(0, 1_700, 17):
        error = QueryError(category=number % 5, type=number, retryable=None)
        book.deliver(query(number, state=State.FAILED, error=error))
    assert book.total(catalog.QUERY_FAILURES) == book.count(catalog.QUERIES, "primary", "DML", "failed") == 100


def test_cutoffs_and_reused_results_are_counted_and_a_workgroup_without_any_shows_0(book: Book) -> None:
    book.deliver(
        query(1, state=State.CANCELLED, cutoff_hit=True),
        query(2, result_reused=True),
        query(3, result_reused=False),
        query(4, workgroup="etl"),
    )
    book.ledger.reveal()
    assert book.shown(catalog.CUTOFF_HITS) == {("primary",): 1, ("etl",): 0}
    assert book.shown(catalog.RESULT_REUSE) == {("primary",): 1, ("etl",): 0}


# -- reservations ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "dpu_ms", "nanousd"),
    [
        ({"dpu_count": 24.0, "engine_ms": 3_600_000}, 86_400_000, 7_200_000_000),
        ({"dpu_count": 4, "engine_ms": 1}, 4, 333),
        ({"dpu_count": 4.5, "engine_ms": 1}, 5, 417),
        ({"dpu_count": 0.0, "engine_ms": 10}, 0, 0),
    ],
)
def test_a_query_on_a_reservation_uses_dpus_for_as_long_as_its_engine_works(
    book: Book, told: dict[str, Any], dpu_ms: int, nanousd: int
) -> None:
    book.deliver(query(**told))
    assert book.count(catalog.RESERVED_DPU_SECONDS, "primary") == dpu_ms
    assert book.count(catalog.RESERVED_COST_USD, "primary") == nanousd
    assert book.total(catalog.COST_USD) == 0, "it is not billed by the byte"


@pytest.mark.parametrize("told", [{"dpu_count": 4.0}, {"engine_ms": 5}, {"dpu_count": 1e300, "engine_ms": 5}])
def test_without_both_numbers_or_with_nonsense_nothing_is_reserved(book: Book, told: dict[str, Any]) -> None:
    book.deliver(query(**told))
    assert book.shown(catalog.RESERVED_DPU_SECONDS) == {}
    assert book.count(catalog.QUERIES, "primary", "DML", "succeeded") == 1


def test_the_price_of_a_dpu_hour_is_the_configured_one(make_book: MakeBook) -> None:
    prices = Prices(
        usd_per_tb=PRICES.usd_per_tb,
        tb_bytes=PRICES.tb_bytes,
        minimum_bytes=PRICES.minimum_bytes,
        usd_per_dpu_hour=Decimal("0.5"),
    )
    with make_book(rules={"prices": prices}) as book:
        book.deliver(query(dpu_count=2.0, engine_ms=3_600_000))
        assert book.count(catalog.RESERVED_COST_USD, "primary") == 1_000_000_000


def test_measures_survive_a_restart(book: Book) -> None:
    book.deliver(query(1, engine_ms=5), query(2, state=State.FAILED, engine_ms=700))
    book.reopen()
    book.deliver(query(1, engine_ms=5), query(3, at=NOON + HOUR, engine_ms=800))
    assert book.distribution(catalog.ENGINE_SECONDS, *DML) == {"100": 1, "1000": 2, "sum": 1_505}
