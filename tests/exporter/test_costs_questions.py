"""What a question will cost, told before it is asked."""

from decimal import Decimal

import pytest
from book import PRICES

from athena_exporter.costs.questions import Stored, estimate, together, usd
from athena_exporter.library.questions import BY_NAME, QUESTIONS
from athena_exporter.library.reference import measured
from athena_exporter.pricing import Prices

TIB = 2**40


@pytest.mark.parametrize("name", [question.name for question in QUESTIONS])
def test_a_question_reads_its_columns_and_never_more_than_all_of_them_each_time(name: str) -> None:
    found = estimate(BY_NAME[name], Stored(files=1, size=TIB), PRICES)
    assert 0 < found.likely_bytes < found.most_bytes == TIB * len(measured().scans[name])
    assert found.likely_usd == pytest.approx(5 * found.likely_bytes / TIB, rel=1e-4)


def test_the_least_that_is_billed_is_ten_megabytes_and_whole_ones_above() -> None:
    assert usd(0, PRICES) == usd(1, PRICES) == usd(10 * 2**20, PRICES) == pytest.approx(5 * 10 / 2**20, rel=1e-4)
    assert usd(10 * 2**20 + 1, PRICES) == pytest.approx(5 * 11 / 2**20, rel=1e-4)


def test_the_price_is_the_configured_one() -> None:
    dear = Prices(usd_per_tb=Decimal("7.5"), tb_bytes=10**12, minimum_bytes=10**7)
    assert usd(10**12, dear) == 7.5


def test_several_questions_cost_each_their_minimum() -> None:
    one = estimate(BY_NAME["usage_by_day"], Stored(files=0, size=0), PRICES)
    assert together([one, one, one]).likely_usd == pytest.approx(3 * usd(0, PRICES))
