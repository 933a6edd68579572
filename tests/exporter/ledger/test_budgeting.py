"""Budgets in the ledger: counted with the query, filled from the past when they are new, shown when they are near."""

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import count, pairwise
from pathlib import Path

import pytest
from book import BORN, DAY, HOUR, MB, MINUTE, NOON, TARGET, Book, MakeBook, opened, query, settings_for, start

from athena_exporter import catalog
from athena_exporter.budgets import Allowance, Amount, Budget, Calendar, Match, Per, Period, Rolling, Unit
from athena_exporter.catalog import Metric
from athena_exporter.ledger.budget_samples import SHOWN, BudgetSamples
from athena_exporter.ledger.budgeting import REST
from athena_exporter.records import Workgroup, Workgroups, epoch_ms

GB = 1024 * MB
DAILY = Budget(name="daily", per=Per.USER, window=Calendar(period=Period.DAY), limit=Amount(unit=Unit.BYTES, value=GB))
MONTHLY = Budget(
    name="monthly", per=Per.WORKGROUP, window=Calendar(period=Period.MONTH), limit=Amount(unit=Unit.USD, value=10**9)
)
ROLLING = Budget(
    name="rolling", per=Per.USER, window=Rolling(length=24 * HOUR), limit=Amount(unit=Unit.BYTES, value=GB)
)
BY_ROLE = Budget(
    name="by-role", per=Per.ROLE, window=Calendar(period=Period.MONTH), limit=Amount(unit=Unit.BYTES, value=GB)
)


def used(book: Book, budget: Budget, now: datetime = NOON + MINUTE) -> dict[str, int]:
    (found,) = book.ledger.budget_states(now)
    (state,) = [one for one in found.states if one.budget == budget]
    return {one.subject: one.used for one in state.standings}


def since(book: Book, budget: Budget, now: datetime = NOON + MINUTE) -> int:
    (found,) = book.ledger.budget_states(now)
    return next(one.since_ms for one in found.states if one.budget == budget)


def test_a_user_is_charged_when_known_and_a_workgroup_at_once(make_book: MakeBook) -> None:
    with make_book(budgets=(DAILY, MONTHLY)) as book:
        book.deliver(query(1))
        assert used(book, DAILY) == {}
        assert used(book, MONTHLY) == {"primary": 476_837}
        book.deliver(start(1))
        book.deliver(start(1), query(1))
        assert used(book, DAILY) == {"ann": 100 * MB}
        assert used(book, MONTHLY) == {"primary": 476_837}


def test_a_late_identity_is_charged_in_the_window_in_which_its_query_ended(make_book: MakeBook) -> None:
    with make_book(budgets=(DAILY,)) as book:
        book.deliver(query(1))
        book.swept(NOON + 25 * HOUR)
        assert used(book, DAILY, NOON) == {}, "unattributed is nobody"
        book.deliver(start(1), at=NOON + 26 * HOUR)
        assert used(book, DAILY, NOON) == {"ann": 100 * MB}
        assert used(book, DAILY, NOON + 26 * HOUR) == {}


def test_a_window_ends_to_the_millisecond(make_book: MakeBook) -> None:
    midnight = BORN + DAY
    with make_book(budgets=(DAILY,)) as book:
        last, first = midnight - timedelta(milliseconds=1), midnight
        book.deliver(query(1, at=last, scanned_bytes=1), query(2, at=first, scanned_bytes=2), start(1), start(2))
        assert used(book, DAILY, last) == {"ann": 1}
        assert used(book, DAILY, first) == {"ann": 2}


def test_usage_leaves_a_rolling_window_part_by_part(make_book: MakeBook) -> None:
    with make_book(budgets=(ROLLING,)) as book:
        book.deliver(query(1, at=NOON), start(1), query(2, at=NOON + HOUR), start(2))
        assert used(book, ROLLING, NOON + HOUR) == {"ann": 200 * MB}
        assert used(book, ROLLING, NOON + 23 * HOUR + 59 * MINUTE) == {"ann": 200 * MB}
        assert used(book, ROLLING, NOON + 24 * HOUR) == {"ann": 100 * MB}
        assert used(book, ROLLING, NOON + 25 * HOUR) == {}


def test_a_restart_changes_nothing(make_book: MakeBook) -> None:
    with make_book(budgets=(DAILY, MONTHLY)) as book:
        book.deliver(query(1), start(1), query(2))
        before = book.ledger.budget_states(NOON)
        book.reopen()
        assert book.ledger.budget_states(NOON) == before


def test_a_batch_that_fails_charges_nobody(make_book: MakeBook) -> None:
    with make_book(budgets=(DAILY,)) as book:
        book.deliver(query(1), start(1))
        with pytest.raises(sqlite3.ProgrammingError):
            book.deliver(query(2), start(2), cursors={"page": object()})  # type: ignore[dict-item]  # a bug, written last
        assert used(book, DAILY) == {"ann": 100 * MB}


# -- new budgets --------------------------------------------------------------------------------------------------


def test_a_new_budget_is_filled_from_queries_and_before_them_from_rollups(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, retention=3 * HOUR)
    with opened(settings) as book:
        for number in range(20):
            at = BORN + number * HOUR + MINUTE
            book.deliver(query(number, at=at, scanned_bytes=1 << number), start(number, at=at), at=at)
        now = BORN + 20 * HOUR
        book.swept(now)
        assert book.ledger.prune(TARGET) > 10
        book.ledger.stamp()
    everything = (1 << 20) - 1
    with opened(settings_for(tmp_path, retention=3 * HOUR, budgets=(DAILY, MONTHLY, ROLLING, BY_ROLE))) as book:
        assert used(book, DAILY, now) == {"ann": everything}
        assert since(book, DAILY, now) == since(book, MONTHLY, now) == epoch_ms(BORN)
        assert list(used(book, MONTHLY, now)) == ["primary"]
        kept = {name: used(book, one, now) for name, one in (("rolling", ROLLING), ("role", BY_ROLE))}
        low_water = book.ledger.view(TARGET).low_water()
        known = sum(1 << n for n in range(20) if BORN + n * HOUR + MINUTE >= low_water)
        assert kept == {"rolling": {"ann": known}, "role": {"analyst": known}}, "hours know no parts and no roles"
        assert since(book, BY_ROLE, now) == epoch_ms(low_water)
        book.deliver(query(50, at=now), start(50, at=now), at=now)
        assert used(book, DAILY, now) == {"ann": everything + 100 * MB}


def test_where_the_day_begins_at_half_past_the_hour_of_the_rollups_before_it_is_left_out(tmp_path: Path) -> None:
    """Midnight in Kolkata is 18:30 UTC: nobody knows which half of the hour from 18:00 on a pruned query was in."""
    kolkata = Budget(
        name="k", per=Per.USER, window=Calendar(period=Period.DAY, zone="Asia/Kolkata"), limit=DAILY.limit
    )  # fmt: skip  # as short as it can be said
    evening = BORN + 18 * HOUR
    with opened(settings_for(tmp_path, retention=HOUR)) as book:
        for number, minutes in enumerate((10, 40, 70, 400)):
            at = evening + minutes * MINUTE
            book.deliver(query(number, at=at, scanned_bytes=1 << number), start(number, at=at), at=at)
        book.swept(at)
        assert book.ledger.prune(TARGET) == 3
        book.ledger.stamp()
    with opened(settings_for(tmp_path, budgets=(kolkata,))) as book:
        assert used(book, kolkata, at) == {"ann": 0b1100}
        assert since(book, kolkata, at) == epoch_ms(evening + HOUR)


def test_a_query_that_waits_for_its_user_is_charged_after_a_new_budget_came(tmp_path: Path) -> None:
    with opened(settings_for(tmp_path)) as book:
        book.deliver(query(1), query(2), start(2))
        book.ledger.stamp()
    with opened(settings_for(tmp_path, budgets=(DAILY, MONTHLY))) as book:
        assert used(book, DAILY) == {"ann": 100 * MB}
        assert used(book, MONTHLY) == {"primary": 2 * 476_837}
        book.deliver(start(1, "bob"))
        assert used(book, DAILY) == {"ann": 100 * MB, "bob": 100 * MB}
        assert used(book, MONTHLY) == {"primary": 2 * 476_837}


def test_another_limit_is_another_look_at_the_same_sums(tmp_path: Path) -> None:
    """A changed limit, name, warn ratio, exception or pattern of the subject counts nothing anew, and loses nothing."""
    with opened(settings_for(tmp_path, budgets=(BY_ROLE,), retention=HOUR)) as book:
        book.deliver(query(1), start(1))
        book.deliver(query(2, at=NOON + 5 * HOUR), start(2, at=NOON + 5 * HOUR), at=NOON + 5 * HOUR)
        book.swept(NOON + 5 * HOUR)
        assert book.ledger.prune(TARGET) == 1
        book.ledger.stamp()
    changed = Budget(
        name="roles", per=Per.ROLE, window=BY_ROLE.window, limit=Amount(unit=Unit.USD, value=1),
        match=Match(role=("ana*",)),
    )  # fmt: skip  # five words
    with opened(settings_for(tmp_path, budgets=(changed,))) as book:
        assert used(book, changed, NOON + 5 * HOUR) == {"analyst": 2 * 476_837}
        assert since(book, changed, NOON + 5 * HOUR) == epoch_ms(BORN)


def test_a_budget_that_nobody_asks_for_any_more_is_forgotten(tmp_path: Path) -> None:
    for budgets in ((DAILY, MONTHLY), (MONTHLY,), ()):
        with opened(settings_for(tmp_path, budgets=budgets)) as book:
            book.deliver(query(len(budgets)), start(len(budgets)))
            tallies = book.ledger._writer.execute("SELECT count(*) FROM budget_tallies").fetchone()[0]
            orphans = book.ledger._writer.execute(
                "SELECT count(*) FROM budget_usage WHERE tally_id NOT IN (SELECT id FROM budget_tallies)"
            ).fetchone()[0]
            assert (tallies, orphans) == (len(budgets), 0)
            book.ledger.stamp()


def test_a_window_that_the_ledger_did_not_see_from_its_beginning_says_so(make_book: MakeBook) -> None:
    with make_book(budgets=(MONTHLY, DAILY)) as book:
        assert since(book, MONTHLY) == epoch_ms(BORN)
        (found,) = book.ledger.budget_states(NOON)
        assert [one.is_whole for one in found.states] == [False, True], "it was born on the tenth, at midnight"


def test_cells_out_of_every_window_go(make_book: MakeBook) -> None:
    with make_book(budgets=(DAILY, ROLLING), retention=HOUR) as book:
        for day in range(6):
            at = NOON + day * DAY
            book.deliver(query(day, at=at), start(day, at=at), at=at)
        book.swept(at)
        book.ledger.prune(TARGET)
        cells = book.ledger._writer.execute("SELECT count(*) FROM budget_usage").fetchone()[0]
        assert cells == 4, "of each the present window and the one before it"


def test_patterns_in_another_order_share_their_sums(tmp_path: Path) -> None:
    two = tuple(
        replace(DAILY, name=name, match=Match(workgroup=patterns))
        for name, patterns in (("a", ("pri*", "etl")), ("b", ("etl", "pri*")))
    )
    with opened(settings_for(tmp_path)) as book:
        book.deliver(query(1), start(1))
        book.ledger.stamp()
    with opened(settings_for(tmp_path, budgets=two)) as book:
        book.deliver(query(2), start(2))
        for budget in two:
            assert used(book, budget) == {"ann": 200 * MB}
        assert book.ledger._writer.execute("SELECT count(*) FROM budget_tallies").fetchone() == (1,)


def test_a_component_follows_its_tags(make_book: MakeBook) -> None:
    component = Budget(name="c", per=Per.COMPONENT, window=DAILY.window, limit=DAILY.limit)
    with make_book(budgets=(component,)) as book:
        book.deliver(query(1), query(2, workgroup="etl"), query(3, workgroup="untold"))
        assert used(book, component) == {}, "nobody has told any tags"
        for tags, expected in (
            ({"primary": "bi", "etl": "bi"}, {"bi": 200 * MB}),
            ({"primary": "bi", "etl": "load"}, {"bi": 100 * MB, "load": 100 * MB}),
        ):
            items = tuple(Workgroup(name=name, tags={"component": tag}) for name, tag in tags.items())
            book.deliver(Workgroups(items=(*items, Workgroup(name="untold"))))
            assert used(book, component) == expected
        assert used(book, component, NOON + 11 * HOUR) == expected, "tags do not age"


# -- samples ------------------------------------------------------------------------------------------------------


def labelled(book: Book, metric: Metric) -> dict[tuple[str, ...], int | float]:
    return book.shown(metric)


def test_who_is_near_is_shown_with_used_limit_ratio_and_forecast(make_book: MakeBook) -> None:
    with make_book(budgets=(DAILY, MONTHLY)) as book:
        book.deliver(query(1, scanned_bytes=GB * 9 // 10), start(1))
        assert labelled(book, catalog.BUDGET_USED_BYTES) == {("daily", "ann"): GB * 9 // 10}
        assert labelled(book, catalog.BUDGET_LIMIT_BYTES) == {("daily", "ann"): GB}
        assert labelled(book, catalog.BUDGET_LIMIT_USD) == {("monthly", "primary"): 10**9}
        assert labelled(book, catalog.BUDGET_USED_RATIO)["daily", "ann"] == pytest.approx(0.9)
        assert labelled(book, catalog.BUDGET_FORECAST_RATIO)["daily", "ann"] == pytest.approx(1.8, rel=0.01)
        levels = labelled(book, catalog.BUDGET_SUBJECTS)
        assert [levels["daily", level] for level in ("ok", "warned", "exceeded")] == [0, 1, 0]
        assert labelled(book, catalog.BUDGET_WARN_RATIO) == {("daily",): 0.8, ("monthly",): 0.8}
        assert labelled(book, catalog.BUDGET_WINDOW_START)["daily",] == epoch_ms(BORN)
        assert labelled(book, catalog.BUDGET_WINDOW_END)["daily",] == epoch_ms(BORN + DAY)
        assert labelled(book, catalog.BUDGET_COUNTING_SINCE)["monthly",] == epoch_ms(BORN)


def test_a_rolling_window_has_no_end(make_book: MakeBook) -> None:
    with make_book(budgets=(ROLLING,)) as book:
        book.deliver(query(1), start(1))
        assert labelled(book, catalog.BUDGET_WINDOW_END) == labelled(book, catalog.BUDGET_FORECAST_RATIO) == {}
        assert ("rolling",) in labelled(book, catalog.BUDGET_WINDOW_START)


def test_the_nearest_are_shown_always_the_others_from_half_of_their_limit_on(make_book: MakeBook) -> None:
    lifted = Allowance(subject=("user-000",), limit=None, until=None, reason="trusted")
    budget = Budget(
        name="daily", per=Per.USER, window=DAILY.window, limit=Amount(unit=Unit.BYTES, value=1000), exceptions=(lifted,)
    )
    with make_book(budgets=(budget,)) as book:
        people = [f"user-{number:03d}" for number in range(600)]
        records = [
            record
            for number, user in enumerate(people)
            for record in (query(number, scanned_bytes=number), start(number, user))
        ]
        book.deliver(*records)
        shown = {subject for _, subject in labelled(book, catalog.BUDGET_USED_BYTES)}
        assert shown == {f"user-{number:03d}" for number in range(500, 600)}
        assert labelled(book, catalog.BUDGET_SUBJECTS)["daily", "ok"] == 600
        book.deliver(
            *(query(1000 + n, scanned_bytes=1000) for n in range(600)),
            *(start(1000 + n, user) for n, user in enumerate(people)),
        )
        assert len(labelled(book, catalog.BUDGET_USED_BYTES)) == SHOWN.most
        assert labelled(book, catalog.BUDGET_HIDDEN_SUBJECTS) == {("daily",): 99}
        assert labelled(book, catalog.BUDGET_SUBJECTS)["daily", "exceeded"] == 599


@pytest.mark.parametrize("budget", [DAILY, ROLLING])
def test_whoever_is_warned_is_shown_however_early_the_warning_is(make_book: MakeBook, budget: Budget) -> None:
    early = replace(budget, warn=Fraction(1, 10))
    with make_book(budgets=(early,)) as book:
        sizes = {f"user-{number:02d}": -(-GB * number // 100) for number in range(50)}
        for number, (user, size) in enumerate(sizes.items()):
            book.deliver(query(number, scanned_bytes=size), start(number, user))
        shown = {subject for _, subject in labelled(book, catalog.BUDGET_USED_RATIO)}
        assert shown == {f"user-{number}" for number in range(10, 50)}
        assert labelled(book, catalog.BUDGET_SUBJECTS)[budget.name, "warned"] == 40
        assert labelled(book, catalog.BUDGET_HIDDEN_SUBJECTS) == {(budget.name,): 0}


def test_where_more_are_warned_than_are_shown_the_nearest_are_and_the_others_are_counted(make_book: MakeBook) -> None:
    tight = replace(DAILY, warn=Fraction(1, 10), limit=Amount(unit=Unit.BYTES, value=1000))
    with make_book(budgets=(tight,)) as book:
        people = range(100, 100 + SHOWN.most + 50)
        book.deliver(*(query(n, scanned_bytes=n) for n in people), *(start(n, f"user-{n}") for n in people))
        shown = {subject for _, subject in labelled(book, catalog.BUDGET_USED_RATIO)}
        assert shown == {f"user-{n}" for n in people[50:]}
        assert labelled(book, catalog.BUDGET_HIDDEN_SUBJECTS) == {("daily",): 50}


def test_ten_are_shown_however_far_they_are(make_book: MakeBook) -> None:
    with make_book(budgets=(DAILY,)) as book:
        book.deliver(*(query(n, scanned_bytes=n) for n in range(30)), *(start(n, f"user-{n}") for n in range(30)))
        shown = {subject for _, subject in labelled(book, catalog.BUDGET_USED_BYTES)}
        assert shown == {f"user-{n}" for n in range(30 - SHOWN.least, 30)}


def test_looking_rests_many_times_as_long_as_it_took(make_book: MakeBook) -> None:
    ticks = count()
    with make_book(budgets=(DAILY,)) as book:
        samples = BudgetSamples((DAILY,), lambda: next(ticks) / 2)  # half a second passes between two glances
        shown = [samples.at(book.ledger._reader, NOON) for _ in range(3 * REST + 10)]
    looks = [number for number, (before, now) in enumerate(pairwise(shown)) if now is not before]
    assert [later - earlier for earlier, later in pairwise(looks)] == [REST] * (len(looks) - 1)
    assert len(looks) == 3
