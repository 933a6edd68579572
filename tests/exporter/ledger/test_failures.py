"""The failures' names: a bounded table, whole, and honest about what AWS did not tell."""

import re

import pytest

from athena_exporter.ledger.failures import CATEGORIES, NAMED, Failure, failure
from athena_exporter.records import QueryError


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (QueryError(category=2, type=1110, retryable=False), ("user", "table_not_found", "false")),
        (QueryError(category=1, type=206, retryable=True), ("system", "timeout", "true")),
        (QueryError(category=3, type=1401, retryable=None), ("other", "throttled_by_glue", "unknown")),
        (QueryError(category=1, type=0, retryable=True), ("system", "resources_exhausted", "true")),
        (QueryError(category=2, type=4711, retryable=False), ("user", "other", "false")),
        (QueryError(category=9, type=1006, retryable=False), ("other", "syntax_error", "false")),
        (QueryError(category=None, type=None, retryable=None), ("unknown", "unknown", "unknown")),
        (None, ("unknown", "unknown", "unknown")),
    ],
)
def test_an_error_has_a_category_a_name_and_whether_to_try_again(
    error: QueryError | None, said: tuple[str, str, str]
) -> None:
    category, name, retryable = said
    assert failure(error) == Failure(category=category, error=name, retryable=retryable)


def test_every_type_has_one_name() -> None:
    types = [number for numbers in NAMED.values() for number in numbers]
    listed = ((0, 8), (100, 100), (200, 240), (300, 303), (400, 402), (1000, 1014), (1100, 1110), (1200, 1202),
              (1300, 1308), (1400, 1406), (1500, 1501), (1602, 1602), (9999, 9999))  # fmt: skip  # as AWS lists them
    assert sorted(types) == [number for first, last in listed for number in range(first, last + 1)]


def test_names_are_short_words_and_few() -> None:
    assert len(NAMED) < 60
    assert all(re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+){0,3}", name) for name in NAMED)
    assert not {"other", "unknown"} & NAMED.keys()
    assert set(CATEGORIES.values()) == {"system", "user", "other"}
