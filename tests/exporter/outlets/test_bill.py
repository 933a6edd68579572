"""The bill explained: the closer terabyte, the discount, and what stays."""

from datetime import UTC, datetime, timedelta

import pytest

from athena_exporter.outlets.bill import (
    SETTLED_AFTER,
    Charge,
    Explained,
    Held,
    Terabyte,
    explain,
    is_settled,
    sentences,
    table,
)

DAY = datetime(2026, 3, 10, tzinfo=UTC)


def held(binary: int, decimal: int, workgroup: str = "etl") -> Held:
    mb = {Terabyte.BINARY: binary, Terabyte.DECIMAL: decimal}
    return Held(account="1", region="r", workgroup=workgroup, mb=mb)


def charge(tb: float, usd: float, line_type: str = "Usage", workgroup: str = "etl") -> Charge:
    return Charge(account="1", region="r", workgroup=workgroup, line_type=line_type, usage_tb=tb, cost_usd=usd)


def explained(*charges: Charge, of: Held | None = None, price: float = 5.0) -> Explained:
    found = explain([of or held(2**20, 1_099_512)], charges, price)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("tb", "terabyte"), [(1.0, Terabyte.BINARY), (1.01, Terabyte.BINARY), (1.0995, Terabyte.DECIMAL)]
)
def test_the_closer_terabyte_explains_the_bill(tb: float, terabyte: Terabyte) -> None:
    assert explained(charge(tb, 5 * tb)).terabyte is terabyte


def test_what_stays_is_the_residual() -> None:
    assert explained(charge(1.25, 6.25), of=held(2**20, 10**6)).residual == pytest.approx(0.2)
    assert explained(charge(0.5, 2.5)).residual == pytest.approx(-1.0)


def test_a_day_of_minimums_cannot_tell_terabytes_apart() -> None:
    found = explained(charge(100 * 10 / 2**20, 0.005), of=held(1000, 954))
    assert found.terabyte is None
    assert any("explain it alike" in one for one in sentences(found, 5.0, 2**40))


def test_ten_megabytes_a_query_are_as_many_parts_of_either_terabyte_but_for_the_meaning() -> None:
    assert Terabyte.BINARY.mb == 2**40 // 2**20
    assert Terabyte.DECIMAL.mb == 10**12 // 10**6


@pytest.mark.parametrize(
    ("usd", "words"),
    [(5.0, "no discount in the price"), (4.4, "a discount of 12.0% on the list price"), (6.0, "20.0% above the list")],
)
def test_the_price_tells_its_discount(usd: float, words: str) -> None:
    assert any(words in one for one in sentences(explained(charge(1.0, usd)), 5.0, 2**40))


def test_lines_of_discounts_are_told_beside_the_price_and_credits_are_none() -> None:
    found = explained(charge(1.0, 5.0), charge(0, -0.5, "EdpDiscount"), charge(0, -2.0, "Credit"))
    assert found.lines_usd == 0.5
    assert found.discount == 0
    assert any("take $0.50 off, 10.0%" in one for one in sentences(found, 5.0, 2**40))


def test_without_a_list_price_there_is_no_discount_of_it() -> None:
    assert explained(charge(1.0, 5.0), price=0.0).discount == 0.0


def test_a_report_without_usage_explains_nothing() -> None:
    assert explain([held(1, 1)], [charge(0, -1.0, "Credit")], 5.0) is None
    assert explain([held(1, 1)], [], 5.0) is None


def test_every_workgroup_has_its_line_in_bytes_of_that_terabyte() -> None:
    ours = [held(2**19, 549_756), held(2**19, 549_756, "bi")]
    theirs = [charge(0.5, 2.5), charge(0.51, 2.55, workgroup="bi")]
    found = explain(ours, theirs, 5.0)
    assert found is not None
    shown = table(ours, theirs, found, DAY, ["a note"])
    assert [row[1:4] for row in shown.rows] == [
        ("bi", 2**39, round(0.51 * 2**40)), ("etl", 2**39, 2**39),
    ]  # fmt: skip  # rows
    assert shown.rows[1][4] == 0
    assert shown.total[2:4] == (2**40, round(1.01 * 2**40))


def test_a_day_settles_after_a_while() -> None:
    end = DAY + timedelta(days=1)
    assert not is_settled(DAY, end + SETTLED_AFTER - timedelta(seconds=1))
    assert is_settled(DAY, end + SETTLED_AFTER)
