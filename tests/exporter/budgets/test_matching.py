"""Which budgets a query counts for: all that fit it, never for somebody whom nobody has named."""

from datetime import UTC, datetime

import pytest

from athena_exporter.budgets import Calendar, Charge, Globs, Match, Matcher, Per, Period, Query, Tally
from athena_exporter.records import epoch_ms

DAY = Calendar(period=Period.DAY)
KNOWN = Query("etl", "sales", "dbt:orders", "ann", "analyst", "console")
UNNAMED = Query("etl", "sales", None)


def tally(per: Per, **match: tuple[str, ...]) -> Tally:
    return Tally(per=per, window=DAY, match=Match(**match))


def subjects(query: Query, *tallies: Tally) -> list[str]:
    return [charge.subject for charge in Matcher(tallies).charges(query)]


def test_a_query_counts_for_every_tally_that_fits() -> None:
    everyone = (tally(Per.USER), tally(Per.ROLE), tally(Per.WORKGROUP), tally(Per.WORKLOAD))
    assert subjects(KNOWN, *everyone) == ["ann", "analyst", "etl", "dbt:orders"]


def test_a_query_without_a_user_counts_for_its_workgroup_alone() -> None:
    assert subjects(UNNAMED, tally(Per.USER), tally(Per.ROLE), tally(Per.WORKLOAD), tally(Per.WORKGROUP)) == ["etl"]
    assert subjects(UNNAMED, tally(Per.WORKGROUP, user=("*",))) == []


@pytest.mark.parametrize("user", ["pending", "unattributed", "unknown"])
def test_nobody_has_no_limit(user: str) -> None:
    assert subjects(KNOWN._replace(user=user), tally(Per.USER)) == []


def test_all_fields_have_to_fit_and_one_pattern_of_each() -> None:
    strict = tally(Per.USER, workgroup=("prod", "et?"), database=("s*",), client=("console",), role=("[ab]*",))
    assert subjects(KNOWN, strict) == ["ann"]
    for other in ({"workgroup": "etl2"}, {"database": "web"}, {"client": "dbt"}, {"role": "loader"}, {"role": None}):
        assert subjects(KNOWN._replace(**other), strict) == []


def test_a_pattern_fits_the_whole_name_and_heeds_the_case() -> None:
    globs = Globs(("air*", "b.c"))
    assert [text for text in ("air", "airflow", "fair", "Air", "b.c", "bxc", "b.c\n") if globs.fit(text)] == [
        "air",
        "airflow",
        "b.c",
    ]
    assert Globs(()).fit(None)
    assert not globs.fit(None)


def test_a_name_that_comes_late_adds_only_what_was_lacking() -> None:
    matcher = Matcher((tally(Per.WORKGROUP), tally(Per.USER), tally(Per.WORKLOAD)))
    assert [matcher.mask(query) for query in (UNNAMED, UNNAMED._replace(workload="dbt:orders"), KNOWN)] == [
        0b001,
        0b101,
        0b111,
    ]


def test_knowledge_takes_nothing_away() -> None:
    matcher = Matcher(
        [tally(per, workgroup=("e*",), user=patterns) for per in Per if per != "component" for patterns in ((), ("*",))]
    )
    assert matcher.mask(UNNAMED) & ~matcher.mask(KNOWN) == 0
    assert matcher.gained(UNNAMED, KNOWN) == matcher.mask(KNOWN) & ~matcher.mask(UNNAMED) != 0
    assert matcher.gained(KNOWN, KNOWN) == 0


def test_what_counts_the_same_subject_takes_one_addition() -> None:
    week = Calendar(period=Period.WEEK)
    matcher = Matcher((tally(Per.USER), tally(Per.WORKGROUP), Tally(per=Per.USER, window=week, match=Match())))
    tuesday, monday = (epoch_ms(datetime(2026, 3, day, tzinfo=UTC)) for day in (10, 9))
    slot = matcher.slots.of(tuesday + 1)
    user, workgroup = Query._fields.index("user"), Query._fields.index("workgroup")
    assert matcher.sheet(0b111, slot) == ((user, ((0, tuesday), (2, monday))), (workgroup, ((1, tuesday),)))
    assert matcher.sheet(0b010, slot) == ((workgroup, ((1, tuesday),)),)


def test_charges_come_in_the_order_of_the_configuration() -> None:
    """The guard acts for the first budget that a subject exceeds, and that is the one that was written first."""
    week = Calendar(period=Period.WEEK)
    matcher = Matcher((tally(Per.USER), Tally(per=Per.USER, window=week, match=Match()), tally(Per.WORKGROUP)))
    assert list(matcher.charges(KNOWN)) == [Charge(0, "ann"), Charge(1, "ann"), Charge(2, "etl")]


def test_equal_tallies_have_equal_definitions_and_others_do_not() -> None:
    same = (tally(Per.USER, user=("b", "a")), tally(Per.USER, user=("a", "b", "a")))
    assert same[0].definition == same[1].definition
    different = (
        tally(Per.USER), tally(Per.ROLE), tally(Per.USER, role=("a",)), tally(Per.USER, client=("a",)),
        Tally(per=Per.USER, window=Calendar(period=Period.WEEK), match=Match()),
        Tally(per=Per.USER, window=Calendar(period=Period.DAY, zone="Asia/Tokyo"), match=Match()),
    )  # fmt: skip  # a table
    assert len({one.definition for one in different}) == len(different)
