"""A replay of the past tells what watching it would have told: every crossing, with its moment."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from athena_exporter.budgets import (
    Allowance,
    Amount,
    Budget,
    Calendar,
    Crossing,
    Level,
    Match,
    Per,
    Period,
    Portion,
    Query,
    Replay,
    Resolution,
    Rolling,
    Unit,
    Used,
    assess,
    cells_of,
)
from athena_exporter.budgets.windows import cell_at
from athena_exporter.records import epoch_ms

START = epoch_ms(datetime(2026, 3, 28, tzinfo=UTC))
MINUTE, HOUR = 60_000, 3_600_000
LIMIT = Amount(unit=Unit.BYTES, value=100)
BUDGETS = (
    Budget(name="day", per=Per.USER, window=Calendar(period=Period.DAY, zone="Europe/Berlin"), limit=LIMIT),
    Budget(
        name="hour", per=Per.USER, window=Rolling(length=timedelta(hours=1)), limit=LIMIT, match=Match(user=("a*",))
    ),
    Budget(name="part", per=Per.COMPONENT, window=Rolling(length=timedelta(days=3)), limit=LIMIT),
)
COMPONENTS = {"etl": "loading"}


def portion(minutes: int, amount: int, user: str | None = "ann", workgroup: str = "etl") -> Portion:
    query = Query(workgroup, "sales", None, user, user and "analyst", user and "console")
    at_ms = START + minutes * MINUTE
    return Portion(at_ms=at_ms, query=query, used=Used(amount, 0), resolution=Resolution.QUERY)


def replay(portions: list[Portion], *budgets: Budget) -> list[Crossing]:
    return list(Replay(budgets, COMPONENTS).feed(portions))


PORTIONS = st.lists(
    st.builds(
        portion,
        st.integers(0, 60 * 100),
        st.sampled_from([0, 1, 30, 45, 80, 100, 300]),
        st.sampled_from(["ann", "bob", None]),
        st.sampled_from(["etl", "web"]),
    ),
    max_size=25,
).map(lambda found: sorted(found, key=lambda one: one.at_ms))


def watched(portions: list[Portion], budget: Budget) -> set[tuple[str, Level, int, int]]:
    """What somebody would have seen who looked after every query: subject, level, when, and how much then."""
    found: set[tuple[str, Level, int, int]] = set()
    for number, last in enumerate(portions, start=1):
        usage = _usage(portions[:number], budget, last.at_ms)
        before = _usage(portions[: number - 1], budget, last.at_ms)
        states = [assess(budget, one, COMPONENTS, since_ms=0, now_ms=last.at_ms) for one in (before, usage)]
        was, now = ({one.subject: one for one in state.standings} for state in states)
        for subject, standing in now.items():
            reached = [level for level in (Level.WARNED, Level.EXCEEDED) if _at_least(standing.level, level)]
            had = was[subject].level if subject in was else Level.OK
            for level in reached:
                if not _at_least(had, level):
                    found.add((subject, level, last.at_ms, standing.used))
    return found


def _at_least(level: Level, wanted: Level) -> bool:
    order = tuple(Level)
    return order.index(level) >= order.index(wanted)


def _usage(portions: list[Portion], budget: Budget, now_ms: int) -> dict[str, int]:
    kept = cells_of(budget.window, now_ms)
    found: dict[str, int] = {}
    for one in portions:
        subject = one.query.user if budget.per is Per.USER else one.query.workgroup
        if subject is not None and kept.first_ms <= cell_at(budget.window, one.at_ms).start_ms <= kept.last_ms:
            found[subject] = found.get(subject, 0) + one.used.scanned_bytes
    return found


@pytest.mark.no_cover
@given(PORTIONS)
@settings(max_examples=150, deadline=None)
def test_a_replay_finds_what_watching_would_have_seen(portions: list[Portion]) -> None:
    for budget in BUDGETS:
        found = replay(portions, budget)
        assert {(one.subject, one.level, one.at_ms, one.used) for one in found} == watched(portions, budget)
        assert len(found) == len({(one.subject, one.level, one.at_ms) for one in found})
        assert all(one.most >= one.used for one in found)


def test_several_budgets_are_replayed_as_each_alone() -> None:
    portions = [portion(minutes, 45) for minutes in range(0, 300, 7)]
    alone = [one for budget in BUDGETS for one in replay(portions, budget)]
    together = replay(portions, *BUDGETS)
    assert sorted(map(repr, together)) == sorted(map(repr, alone))


def test_a_crossing_knows_how_far_it_went() -> None:
    found = replay([portion(0, 90), portion(10, 15), portion(20, 500), portion(60 * 24, 1)], BUDGETS[0])
    assert [(one.level, one.used, one.most, one.limit) for one in found] == [
        (Level.WARNED, 90, 605, 100),
        (Level.EXCEEDED, 105, 605, 100),
    ]


def test_who_falls_below_and_comes_back_has_crossed_twice() -> None:
    found = replay([portion(0, 100), portion(90, 100)], BUDGETS[1])
    assert [one.at_ms - START for one in found if one.level is Level.EXCEEDED] == [0, 90 * MINUTE]


def test_an_exception_holds_in_its_own_time() -> None:
    lifted = Allowance(subject=("ann",), limit=None, until=date(2026, 3, 28), reason="a migration")
    budget = Budget(name="b", per=Per.USER, window=Calendar(period=Period.DAY), limit=LIMIT, exceptions=(lifted,))
    found = replay([portion(0, 1000), portion(24 * 60, 1000)], budget)
    assert {one.at_ms for one in found} == {START + 24 * HOUR}


def test_a_rollup_knows_no_role_and_so_charges_none() -> None:
    query = Query("etl", "sales", None, "ann")
    hour = Portion(at_ms=START, query=query, used=Used(1000, 0), resolution=Resolution.HOUR)
    by_role = Budget(name="r", per=Per.ROLE, window=Calendar(period=Period.DAY), limit=LIMIT)
    narrowed = Budget(
        name="n", per=Per.USER, window=Calendar(period=Period.DAY), limit=LIMIT, match=Match(client=("*",))
    )
    assert replay([hour], by_role, narrowed) == []
    assert [one.resolution for one in replay([hour], BUDGETS[0])] == [Resolution.HOUR] * 2
