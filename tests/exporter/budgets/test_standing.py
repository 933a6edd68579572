"""Who is where: limits, exceptions, levels to the byte, and where it leads."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_exporter.budgets import (
    Allowance,
    Amount,
    Budget,
    BudgetState,
    Calendar,
    Level,
    Match,
    Nearest,
    Per,
    Period,
    Rolling,
    Standing,
    Unit,
    Used,
    assess,
)
from athena_exporter.records import epoch_ms

NOON = epoch_ms(datetime(2026, 3, 10, 12, tzinfo=UTC))
HOUR = 3_600_000
GIB = 2**30


def limit(value: int, unit: Unit = Unit.BYTES) -> Amount:
    return Amount(unit=unit, value=value)


def budget(**told: Any) -> Budget:
    plain: dict[str, Any] = {
        "name": "daily", "per": Per.USER, "window": Calendar(period=Period.DAY), "limit": limit(100 * GIB),
    }  # fmt: skip  # four words
    return Budget(**plain | told)


def state(one: Budget, used: dict[str, int], now_ms: int = NOON, since_ms: int = 0) -> BudgetState:
    return assess(one, used, {"etl": "loading", "dbt": "loading"}, since_ms=since_ms, now_ms=now_ms)


def only(one: Budget, used: int, now_ms: int = NOON, since_ms: int = 0) -> Standing:
    (found,) = state(one, {"ann": used}, now_ms, since_ms).standings
    return found


@pytest.mark.parametrize(
    ("used", "level"),
    [(79, Level.OK), (80, Level.WARNED), (99, Level.WARNED), (100, Level.EXCEEDED), (500, Level.EXCEEDED)],
)
def test_a_level_begins_with_its_first_byte(used: int, level: Level) -> None:
    assert only(budget(limit=limit(100)), used).level is level


def test_a_warn_ratio_is_the_decimal_that_was_written() -> None:
    """0.7 of 10 is 7; the nearest float below it must not make it 6.999..."""
    one = budget(limit=limit(10), warn=Fraction("0.7"))
    assert [only(one, used).level for used in (6, 7)] == [Level.OK, Level.WARNED]


def test_an_amount_has_both_numbers_and_a_limit_asks_for_one() -> None:
    assert [Used(3, 5).of(unit) for unit in Unit] == [3, 5]
    assert only(budget(limit=limit(100, Unit.USD)), 100).unit is Unit.USD


def test_the_nearest_alone_may_be_looked_at_and_all_are_counted() -> None:
    used = {f"user-{number}": number * GIB for number in range(120)}
    whole = state(budget(), used)
    near = assess(budget(), used, {}, since_ms=0, now_ms=NOON, nearest=Nearest(least=1, most=3))
    assert near.standings == whole.standings[:3]
    assert (near.levels, near.near) == (whole.levels, whole.near)
    assert whole.levels == {Level.OK: 80, Level.WARNED: 20, Level.EXCEEDED: 20}
    assert whole.near == 70


WARNS = st.sampled_from([Fraction(1, 10), Fraction(1, 2), Fraction(4, 5), Fraction(1)])
LIMITS = st.sampled_from([None, 1, 7, 40])


@given(
    used=st.dictionaries(st.text("ab", max_size=5), st.integers(0, 60), max_size=40),
    warn=WARNS,
    own=st.integers(1, 50),
    excepted=st.lists(st.tuples(st.sampled_from(["a*", "*b", "aa", "*"]), LIMITS), max_size=3),
    nearest=st.builds(Nearest, least=st.integers(1, 5), most=st.integers(5, 20)),
)
def test_who_is_chosen_and_counted_is_what_a_look_at_each_says(
    used: dict[str, int], warn: Fraction, own: int, excepted: list[tuple[str, int | None]], nearest: Nearest
) -> None:
    exceptions = tuple(
        Allowance(subject=(pattern,), limit=None if most is None else limit(most), until=None, reason="so")
        for pattern, most in excepted
    )
    one = budget(limit=limit(own), warn=warn, exceptions=exceptions)
    whole = state(one, used)
    assert {it.subject: it.used for it in whole.standings} == used
    limited = [it for it in whole.standings if it.limit is not None]
    near = [it for it in limited if it.level is not Level.OK or 2 * it.used >= (it.limit or 0)]
    assert limited[: len(near)] == near, "whoever is near comes before all others"
    assert whole.near == len(near)
    assert whole.levels == {level: sum(it.level is level for it in whole.standings) for level in Level}
    chosen = assess(one, used, {}, since_ms=0, now_ms=NOON, nearest=nearest)
    assert list(chosen.standings) == limited[: max(nearest.least, min(len(near), nearest.most))]
    assert (chosen.levels, chosen.near) == (whole.levels, whole.near)


def test_the_first_exception_that_fits_holds() -> None:
    one = budget(
        exceptions=(
            Allowance(subject=("ann",), limit=limit(GIB), until=None, reason="new here"),
            Allowance(subject=("a*",), limit=None, until=None, reason="trusted"),
        )
    )
    found = {one.subject: one.limit for one in state(one, {"ann": 1, "abe": 10**15, "bob": 1}).standings}
    assert found == {"ann": GIB, "abe": None, "bob": 100 * GIB}


def test_without_a_limit_nobody_is_over_it() -> None:
    one = budget(exceptions=(Allowance(subject=("ann",), limit=None, until=None, reason="trusted"),))
    found = only(one, 10**15)
    assert (found.level, found.ratio, found.forecast_ratio) == (Level.OK, 0.0, None)


def test_an_exception_holds_through_its_last_day_where_the_budget_is() -> None:
    until = Allowance(subject=("ann",), limit=limit(GIB), until=date(2026, 3, 9), reason="closing")
    one = budget(window=Calendar(period=Period.DAY, zone="America/New_York"), exceptions=(until,))
    midnight = epoch_ms(datetime(2026, 3, 10, 4, tzinfo=UTC))
    before, after = state(one, {"ann": 1}, midnight - 1), state(one, {"ann": 1}, midnight)
    assert (before.standings[0].limit, before.expired) == (GIB, 0)
    assert (after.standings[0].limit, after.expired) == (100 * GIB, 1)


def test_the_nearest_to_the_limit_comes_first() -> None:
    one = budget(exceptions=(Allowance(subject=("small",), limit=limit(10), until=None, reason="a robot"),))
    assert [it.subject for it in state(one, {"big": 60 * GIB, "small": 9, "idle": 0}).standings] == [
        "small",
        "big",
        "idle",
    ]


def test_patterns_of_the_subject_itself_are_asked_when_looking() -> None:
    one = budget(match=Match(user=("b*",), role=("analyst",)))
    assert one.tally.match == Match(role=("analyst",))
    assert [it.subject for it in state(one, {"ann": 1, "bob": 1}).standings] == ["bob"]


def test_a_component_is_what_its_workgroups_come_to() -> None:
    one = budget(per=Per.COMPONENT, match=Match(workgroup=("e*", "d*", "u*")))
    assert one.tally.per is Per.WORKGROUP
    (found,) = state(one, {"etl": 3, "dbt": 4, "untagged": 100}).standings
    assert (found.subject, found.used) == ("loading", 7)


def test_half_of_the_day_foretells_the_other_half() -> None:
    assert only(budget(), 40 * GIB).forecast == 80 * GIB
    assert only(budget(), 40 * GIB).forecast_ratio == 0.8


def test_what_was_not_counted_is_not_held_against_the_forecast() -> None:
    """Counted for three hours, as many bytes an hour for the twelve that are left."""
    found = state(budget(), {"ann": 30}, since_ms=NOON - 3 * HOUR)
    assert found.standings[0].forecast == 150
    assert not found.is_whole


def test_the_first_minutes_of_a_window_foretell_nothing_and_a_rolling_one_never_does() -> None:
    midnight = NOON - 12 * HOUR
    assert only(budget(), 1, midnight + HOUR).forecast is None
    assert only(budget(), 1, midnight + 2 * HOUR).forecast == 12
    assert only(budget(), 1, midnight).forecast is None
    assert only(budget(window=Rolling(length=timedelta(hours=24))), 1).forecast is None
