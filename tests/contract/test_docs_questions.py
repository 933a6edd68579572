"""docs/questions.md is what the library's files say today, and what the benchmark has measured."""

from collections.abc import Callable
from pathlib import Path

import pytest

from athena_exporter.library.questions import QUESTIONS
from athena_exporter.library.reference import markdown, measured, price_usd
from athena_exporter.library.table import COLUMNS, PARTITION

ROOT = Path(__file__).resolve().parents[2]


def test_the_committed_questions_are_the_librarys(golden: Callable[[Path, str], None]) -> None:
    golden(ROOT / "docs" / "questions.md", markdown())


def test_every_question_and_every_column_was_measured() -> None:
    kept = measured()
    assert kept.scans.keys() == {question.name for question in QUESTIONS}
    assert kept.bytes_a_query.keys() == {column.name for column in COLUMNS}
    read = {name for scans in kept.scans.values() for columns in scans for name in columns}
    assert read <= kept.bytes_a_query.keys() - {PARTITION}


@pytest.mark.parametrize(("size", "queries", "usd"), [(2**10, 2**30, 5.0), (1.0, 5, 10e6 * 5 / 2**40)])
def test_a_price_is_five_dollars_a_tebibyte_and_ten_megabytes_at_least(size: float, queries: int, usd: float) -> None:
    assert price_usd(size, queries) == usd
