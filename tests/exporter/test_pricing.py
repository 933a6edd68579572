"""AWS's rules of billing, each as a sentence, and the arithmetic against exact fractions."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_exporter.pricing import Prices, billed_bytes, capacity_nanousd, cost_nanousd, reserved_dpu_ms
from athena_exporter.records import QueryExecution, State

MB = 2**20
TB = 2**40
MINIMUM = 10 * MB
PRICES = Prices(usd_per_tb=Decimal("5.0"), tb_bytes=TB, minimum_bytes=MINIMUM)
DECIMAL_PRICES = Prices(usd_per_tb=Decimal("5.0"), tb_bytes=10**12, minimum_bytes=10**7)
SELECT = QueryExecution(
    query_id="7b1f6a52-0a11-4e57-9ae1-6f8fb2d0c001",
    workgroup="analytics",
    state=State.SUCCEEDED,
    submitted_at=datetime(2026, 11, 2, 9, tzinfo=UTC),
    statement_type="DML",
    substatement_type="SELECT",
    scanned_bytes=3 * 2**30 + 1,
)

prices = st.builds(
    Prices,
    usd_per_tb=st.decimals(min_value=0, max_value=1000, places=9),
    tb_bytes=st.sampled_from([TB, 10**12]),
    minimum_bytes=st.integers(min_value=0, max_value=20).map(lambda megabytes: megabytes * MB),
)
scans = st.integers(min_value=0, max_value=2**55)


def test_a_query_is_billed_by_the_started_megabyte() -> None:
    assert billed_bytes(SELECT, PRICES) == 3 * 2**30 + MB


def test_a_megabyte_is_decimal_where_the_terabyte_is() -> None:
    assert billed_bytes(replace(SELECT, scanned_bytes=20_000_001), DECIMAL_PRICES) == 21_000_000


@pytest.mark.parametrize("scanned", [0, 1, MINIMUM - 1, MINIMUM])
def test_a_small_query_is_billed_the_minimum_even_if_it_scanned_nothing(scanned: int) -> None:
    assert billed_bytes(replace(SELECT, scanned_bytes=scanned), PRICES) == MINIMUM


def test_one_byte_above_the_minimum_is_another_megabyte() -> None:
    assert billed_bytes(replace(SELECT, scanned_bytes=MINIMUM + 1), PRICES) == MINIMUM + MB


def test_a_cancelled_query_is_billed_for_what_it_scanned() -> None:
    assert billed_bytes(replace(SELECT, state=State.CANCELLED, scanned_bytes=50 * MB), PRICES) == 50 * MB


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING])
def test_a_query_that_still_runs_has_no_bill_yet(state: State) -> None:
    assert billed_bytes(replace(SELECT, state=state), PRICES) is None


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.CANCELLED])
def test_a_query_without_statistics_has_an_unknown_bill_not_an_empty_one(state: State) -> None:
    assert billed_bytes(replace(SELECT, state=state, scanned_bytes=None), PRICES) is None


@pytest.mark.parametrize(
    "free",
    [
        replace(SELECT, state=State.FAILED),
        replace(SELECT, statement_type="DDL", substatement_type="CREATE_TABLE"),
        replace(SELECT, statement_type="UTILITY", substatement_type="SHOW_TABLES"),
        replace(SELECT, statement_type="UTILITY", substatement_type="EXPLAIN"),
        replace(SELECT, statement_type="UTILITY", substatement_type=None),
        replace(SELECT, result_reused=True),
        replace(SELECT, dpu_count=24.0),
        replace(SELECT, dpu_count=0.0),
    ],
    ids=["failed", "ddl", "utility", "explain", "utility unknown", "reused result", "reservation", "reservation of 0"],
)
@pytest.mark.parametrize("scanned", [5 * 2**30, None])
def test_what_is_not_billed_by_the_byte_costs_nothing_whether_its_scan_is_known_or_not(
    free: QueryExecution, scanned: int | None
) -> None:
    assert billed_bytes(replace(free, scanned_bytes=scanned), PRICES) == 0


def test_explain_analyze_runs_its_query_and_is_billed() -> None:
    explained = replace(SELECT, statement_type="UTILITY", substatement_type="EXPLAIN_ANALYZE", scanned_bytes=50 * MB)
    assert billed_bytes(explained, PRICES) == 50 * MB


@pytest.mark.parametrize("reused", [False, None])
def test_a_result_that_was_not_reused_is_billed(reused: bool | None) -> None:  # noqa: FBT001  pytest passes parameters by name
    assert billed_bytes(replace(SELECT, result_reused=reused), PRICES) == 3 * 2**30 + MB


def test_a_statement_of_unknown_type_is_billed_as_if_it_read_data() -> None:
    assert billed_bytes(replace(SELECT, statement_type=None, substatement_type=None), PRICES) == 3 * 2**30 + MB


def test_a_terabyte_costs_the_price_of_a_terabyte() -> None:
    assert cost_nanousd(TB, PRICES) == 5_000_000_000
    assert cost_nanousd(10**12, DECIMAL_PRICES) == 5_000_000_000


def test_the_minimum_costs_less_than_a_hundredth_of_a_cent() -> None:
    assert cost_nanousd(MINIMUM, PRICES) == 47_684  # 10 / 2^20 of 5 dollars is 47,683.7 nanodollars


def test_half_a_nanodollar_is_rounded_up() -> None:
    half = Prices(usd_per_tb=Decimal("0.0000000005") * 2**40, tb_bytes=TB, minimum_bytes=0)
    assert [cost_nanousd(count, half) for count in (0, 1, 2, 3)] == [0, 1, 1, 2]


@given(scanned=scans, prices=prices)
def test_the_bill_is_never_below_the_scan_and_less_than_a_megabyte_above_it(scanned: int, prices: Prices) -> None:
    billed = billed_bytes(replace(SELECT, scanned_bytes=scanned), prices)
    assert billed is not None
    if billed == prices.minimum_bytes:
        assert scanned <= billed
    else:
        assert scanned <= billed < scanned + prices.mb_bytes
        assert billed % prices.mb_bytes == 0


@given(billed=scans, prices=prices)
def test_the_cost_is_the_exact_fraction_rounded_half_up(billed: int, prices: Prices) -> None:
    exact = Fraction(billed, prices.tb_bytes) * Fraction(prices.usd_per_tb) * 10**9
    assert cost_nanousd(billed, prices) == floor(exact + Fraction(1, 2))


@given(one=scans, more=scans, prices=prices)
def test_more_bytes_never_cost_less(one: int, more: int, prices: Prices) -> None:
    assert cost_nanousd(one, prices) <= cost_nanousd(one + more, prices)


# -- reserved capacity ------------------------------------------------------------------------------------------------

times = st.integers(min_value=0, max_value=30 * 24 * 3_600_000)


@pytest.mark.parametrize(
    ("dpus", "engine_ms", "used"),
    [(24.0, 3_600_000, 86_400_000), (4, 3, 12), (4.5, 1, 5), (0.1, 10, 1), (0.0, 10, 0), (24.0, 0, 0)],
)
def test_a_reservation_is_used_for_dpus_times_the_engines_time(dpus: float, engine_ms: int, used: int) -> None:
    assert reserved_dpu_ms(replace(SELECT, dpu_count=dpus, engine_ms=engine_ms)) == used


def test_without_a_reservation_or_without_a_time_nothing_is_used() -> None:
    assert reserved_dpu_ms(replace(SELECT, engine_ms=5)) is None
    assert reserved_dpu_ms(replace(SELECT, dpu_count=4.0)) is None


def test_more_than_any_reservation_could_hold_is_nonsense() -> None:
    assert reserved_dpu_ms(replace(SELECT, dpu_count=1.0, engine_ms=2**53)) == 2**53
    assert reserved_dpu_ms(replace(SELECT, dpu_count=1.0, engine_ms=2**53 + 1)) is None


def test_a_dpu_hour_costs_the_price_of_a_dpu_hour() -> None:
    assert capacity_nanousd(3_600_000, PRICES) == 300_000_000
    assert capacity_nanousd(24 * 3_600_000, replace(PRICES, usd_per_dpu_hour=Decimal("0.45"))) == 10_800_000_000


@given(dpu_ms=times, price=st.decimals(min_value=0, max_value=1000, places=9))
def test_capacity_costs_the_exact_fraction_rounded_half_up(dpu_ms: int, price: Decimal) -> None:
    exact = Fraction(dpu_ms, 3_600_000) * Fraction(price) * 10**9
    assert capacity_nanousd(dpu_ms, replace(PRICES, usd_per_dpu_hour=price)) == floor(exact + Fraction(1, 2))


@given(dpus=st.floats(min_value=0, max_value=1_000), engine_ms=times)
def test_the_used_capacity_is_the_exact_product_rounded_half_up(dpus: float, engine_ms: int) -> None:
    used = reserved_dpu_ms(replace(SELECT, dpu_count=dpus, engine_ms=engine_ms))
    assert used == floor(Fraction(dpus) * engine_ms + Fraction(1, 2))
