"""What is odd about a set of budgets is said with all names in it, and what is right is not."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from athena_exporter.budgets import (
    Allowance,
    Amount,
    Budget,
    Calendar,
    Match,
    Per,
    Period,
    Rolling,
    Unit,
    advise,
    amount_words,
    window_words,
)
from athena_exporter.records import epoch_ms

NOW = epoch_ms(datetime(2026, 3, 10, tzinfo=UTC))
DAY, WEEK, MONTH = (Calendar(period=period) for period in Period)
GIB, TIB = 2**30, 2**40


def budget(name: str, window: Calendar | Rolling = DAY, size: int = GIB, **told: Any) -> Budget:
    plain: dict[str, Any] = {"per": Per.USER, "limit": Amount(unit=Unit.BYTES, value=size)}
    return Budget(name=name, window=window, **plain | told)


def said(*budgets: Budget) -> list[str]:
    return [one.words for one in advise(budgets, NOW)]


def test_two_limits_for_the_same_contradict_each_other() -> None:
    (words,) = said(budget("a", size=2 * TIB), budget("b", size=500 * GIB))
    assert words == (
        "budgets 'a' and 'b' count the same queries per user and window and contradict each other: 'b' allows 500 GiB, "
        "'a' 2 TiB; the lower one holds, so remove one of them"
    )


def test_the_same_budget_twice_is_said() -> None:
    assert said(budget("a"), budget("b")) == [
        "budgets 'a' and 'b' count the same queries per user and window with the same limit: remove one"
    ]


@pytest.mark.parametrize(
    ("inner", "outer"),
    [
        (budget("in", DAY, TIB), budget("out", MONTH, GIB)),
        (budget("in", DAY, TIB), budget("out", WEEK, TIB)),
        (
            budget("in", Rolling(length=timedelta(hours=1)), TIB),
            budget("out", Rolling(length=timedelta(hours=24)), GIB),
        ),
        (budget("in", DAY, TIB, match=Match(workgroup=("etl",))), budget("out", DAY, GIB)),
        (
            budget("in", DAY, TIB, match=Match(workgroup=("etl",))),
            budget("out", DAY, GIB, match=Match(workgroup=("e*",))),
        ),
        (budget("in", DAY, TIB, match=Match(user=("a*",))), budget("out", MONTH, GIB, match=Match(user=("a*", "b")))),
    ],
)
def test_a_limit_that_another_one_always_forestalls_is_said_with_both_names(inner: Budget, outer: Budget) -> None:
    (words,) = said(inner, outer)
    assert words == said(outer, inner)[0]
    assert words.startswith("budget 'in' (1 TiB a ")
    assert "'out'" in words


@pytest.mark.parametrize(
    "pair",
    [
        (budget("a", DAY, GIB), budget("b", MONTH, TIB)),
        (budget("a", DAY, TIB), budget("b", DAY, GIB, per=Per.ROLE)),
        (budget("a", DAY, TIB), budget("b", MONTH, 1, limit=Amount(unit=Unit.USD, value=1))),
        (budget("a", DAY, TIB), budget("b", DAY, GIB, match=Match(workgroup=("etl",)))),
        (budget("a", WEEK, TIB), budget("b", MONTH, GIB)),
        (budget("a", Calendar(period=Period.DAY, zone="Asia/Tokyo"), TIB), budget("b", MONTH, GIB)),
        (budget("a", DAY, TIB, match=Match(user=("a*",))), budget("b", DAY, GIB, match=Match(user=("ab*",)))),
        (
            budget("a", DAY, TIB, match=Match(user=("ann",))),
            budget("b", DAY, GIB, exceptions=(Allowance(subject=("ann",), limit=None, until=None, reason="x"),)),
        ),
    ],
)
def test_limits_that_can_both_be_hit_are_not_spoken_of(pair: tuple[Budget, Budget]) -> None:
    assert said(*pair) == []


def test_an_exception_that_is_over_is_said() -> None:
    over = Allowance(subject=("ann",), limit=None, until=date(2026, 3, 9), reason="closing")
    today = Allowance(subject=("bob",), limit=None, until=date(2026, 3, 10), reason="closing")
    (words,) = said(budget("a", exceptions=(over, today)))
    assert words == (
        "budget 'a': exception 1 (closing) ended with 2026-03-09: its subjects have the budget's own limit again; "
        "remove it, or give it a later day"
    )


def test_an_exception_that_stands_behind_a_wider_one_is_said() -> None:
    wide = Allowance(subject=("a*", "b"), limit=None, until=None, reason="x")
    narrow = Allowance(subject=("ann", "b"), limit=None, until=None, reason="y")
    assert said(budget("a", exceptions=(narrow, wide))) == []
    (words,) = said(budget("a", exceptions=(wide, narrow)))
    assert words.startswith("budget 'a': exception 2 is never asked, for exception 1 fits all of its subjects")


def test_amounts_and_windows_are_written_as_they_are_read() -> None:
    sizes = [amount_words(Amount(unit=Unit.BYTES, value=value)) for value in (1, 1536, TIB, 5 * GIB + 1024)]
    assert sizes == ["1 B", "1536 B", "1 TiB", "5242881 KiB"]
    dollars = [amount_words(Amount(unit=Unit.USD, value=value)) for value in (25 * 10**9, 500_000_000, 1)]
    assert dollars == ["25 USD", "0.5 USD", "0.000000001 USD"]
    assert [window_words(one) for one in (DAY, Rolling(length=timedelta(days=7)))] == ["day", "rolling 168h"]
