"""Why these tests exist: people act on what they are told: each crossing of a level is told once, none is lost."""

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from book import BORN, DAY, HOUR, MB, MINUTE, NOON, TARGET, Book, MakeBook, opened, query, query_id, settings_for, start

from athena_exporter import catalog
from athena_exporter.budgets import Allowance, Amount, Budget, Calendar, Level, Match, Per, Period, Rolling, Span, Unit
from athena_exporter.ledger import dearest
from athena_exporter.ledger.budgeting import REST
from athena_exporter.ledger.deciding import AT_ONCE, Decision
from athena_exporter.ledger.over import Overview
from athena_exporter.records import Workgroup, Workgroups, epoch_ms, from_epoch_ms

GB = 1024 * MB
LIMIT = Amount(unit=Unit.BYTES, value=1000 * MB)
DAILY = Budget(name="daily", per=Per.USER, window=Calendar(period=Period.DAY), limit=LIMIT)
ROLLING = Budget(name="rolling", per=Per.USER, window=Rolling(length=2 * HOUR), limit=LIMIT)
TOLD: dict[str, Any] = {"channels": ("notifications/ops",)}


def spend(book: Book, number: int, megabytes: int, *, at: Any = NOON, user: str = "ann", **told: Any) -> None:
    book.deliver(
        query(number, at=at, scanned_bytes=megabytes * MB, **told), start(number, user, at=at), at=at + MINUTE
    )  # fmt: skip  # as short as it can be said


def levels(decisions: Sequence[Decision]) -> list[tuple[str, str, str]]:
    return [(one.budget.name, one.standing.subject, one.level.value) for one in decisions]


def facts(book: Book, channel: str = "notifications/ops") -> list[dict[str, Any]]:
    return [json.loads(fact.body) for fact in book.ledger.pending_facts(channel, 1000)]


def test_a_subject_is_told_of_once_when_it_is_warned_and_once_when_it_is_over(make_book: MakeBook) -> None:
    with make_book(budgets=(DAILY,), **TOLD) as book:
        spend(book, 1, 799)
        assert book.ledger.decide(NOON + MINUTE) == []
        spend(book, 2, 1)
        assert levels(book.ledger.decide(NOON + MINUTE)) == [("daily", "ann", "warned")]
        assert book.ledger.decide(NOON + 2 * MINUTE) == []
        spend(book, 3, 200)
        book.reopen()
        assert levels(book.ledger.decide(NOON + 3 * MINUTE)) == [("daily", "ann", "exceeded")]
        spend(book, 4, 5000)
        assert book.ledger.decide(NOON + 4 * MINUTE) == []
        assert [fact["level"] for fact in facts(book)] == ["warned", "exceeded"]
        assert len({fact["decision_id"] for fact in facts(book)}) == 2


def test_whoever_comes_straight_over_the_limit_is_told_of_once(make_book: MakeBook) -> None:
    with make_book(budgets=(DAILY,), **TOLD) as book:
        spend(book, 1, 3000)
        assert levels(book.ledger.decide(NOON + MINUTE)) == [("daily", "ann", "exceeded")]
        book.settings = replace(
            book.settings, budgets=(replace(DAILY, limit=Amount(unit=Unit.BYTES, value=3100 * MB)),)
        )
        book.reopen()
        assert book.ledger.decide(NOON + 2 * MINUTE) == [], "a higher limit makes a warning of it, and that is no news"


def test_the_next_day_is_another_window(make_book: MakeBook) -> None:
    with make_book(budgets=(DAILY,), **TOLD) as book:
        spend(book, 1, 3000)
        (first,) = book.ledger.decide(NOON + MINUTE)
        spend(book, 2, 3000, at=NOON + DAY)
        (second,) = book.ledger.decide(NOON + DAY + MINUTE)
        assert first.decision_id != second.decision_id
        assert (first.start_ms, second.start_ms) == (epoch_ms(BORN), epoch_ms(BORN + DAY))


def test_a_name_that_comes_after_midnight_still_tells_of_the_day_before(make_book: MakeBook) -> None:
    late, patience = BORN + DAY - MINUTE, 3 * HOUR
    with make_book(budgets=(DAILY,), **TOLD) as book:
        book.deliver(query(1, at=late, scanned_bytes=3 * GB))
        assert book.ledger.decide(late) == []
        book.deliver(start(1, at=late))
        (decision,) = book.ledger.decide(BORN + DAY + patience - timedelta(milliseconds=1))
        assert (decision.level, decision.start_ms) == (Level.EXCEEDED, epoch_ms(BORN))
        (fact,) = facts(book)
        assert (fact["window"]["is_over"], fact["window"]["end"]) == (True, "2026-03-11T00:00:00.000+00:00")
        assert [one["query_id"] for one in fact["queries"]] == [query_id(1)]


def test_older_news_of_a_day_that_is_over_is_no_news(make_book: MakeBook) -> None:
    late = BORN + DAY - MINUTE
    with make_book(budgets=(DAILY,)) as book:
        book.deliver(query(1, at=late, scanned_bytes=3 * GB), start(1, at=late))
        assert book.ledger.decide(BORN + DAY + 3 * HOUR) == []


def test_a_history_that_was_over_before_the_exporter_ran_is_told_once(tmp_path: Path) -> None:
    monthly = replace(DAILY, name="monthly", window=Calendar(period=Period.MONTH))
    with opened(settings_for(tmp_path, seed=2 * DAY)) as book:
        spend(book, 1, 3000, at=BORN - DAY)
        book.ledger.stamp()
    with opened(settings_for(tmp_path, budgets=(monthly, DAILY), **TOLD)) as book:
        assert levels(book.ledger.decide(NOON)) == [("monthly", "ann", "exceeded")]
        assert book.ledger.decide(NOON) == []
        assert facts(book)[0]["counted_since"] == "2026-03-09T01:00:00.000+00:00", "what the rollups are sure of"


def test_a_lower_limit_tells_of_those_who_are_over_it_now(make_book: MakeBook) -> None:
    with make_book(budgets=(DAILY,), **TOLD) as book:
        spend(book, 1, 500)
        assert book.ledger.decide(NOON) == []
        book.settings = replace(book.settings, budgets=(replace(DAILY, limit=Amount(unit=Unit.BYTES, value=MB)),))
        book.reopen()
        assert levels(book.ledger.decide(NOON)) == [("daily", "ann", "exceeded")]
        book.settings = replace(book.settings, budgets=(DAILY,))
        book.reopen()
        assert book.ledger.decide(NOON) == []
        assert rows(book) == [("exceeded", True)], "below it again"
        spend(book, 2, 2000)
        assert book.ledger.decide(NOON) == [], "once a window and level, whatever becomes of the limit"
        assert rows(book) == [("exceeded", False)]


def rows(book: Book) -> list[tuple[str, bool]]:
    found = book.ledger._writer.execute("SELECT level, ended_ms FROM budget_decisions ORDER BY start_ms, level")
    return [(level, ended_ms is not None) for level, ended_ms in found]


def test_an_exception_counts_and_is_told(make_book: MakeBook) -> None:
    higher = Allowance(
        subject=("ann",), limit=Amount(unit=Unit.BYTES, value=2000 * MB), until=BORN.date(), reason="closing"
    )  # fmt: skip  # as short as it can be said
    lifted = Allowance(subject=("bob",), limit=None, until=None, reason="trusted")
    with make_book(budgets=(replace(DAILY, exceptions=(higher, lifted)),), **TOLD) as book:
        spend(book, 1, 1700)
        spend(book, 2, 9000, user="bob")
        assert levels(book.ledger.decide(NOON)) == [("daily", "ann", "warned")]
        assert facts(book)[0]["exception"] == {"limit": 2000 * MB, "until": "2026-03-10", "reason": "closing"}
        assert facts(book)[0]["limit"] == 2000 * MB
        spend(book, 3, 1700, at=NOON + DAY)
        assert levels(book.ledger.decide(NOON + DAY)) == [("daily", "ann", "exceeded")]
        assert facts(book)[1]["exception"] is None


# -- rolling windows ----------------------------------------------------------------------------------------------


def test_an_episode_of_a_rolling_window_ends_and_another_begins(make_book: MakeBook) -> None:
    with make_book(budgets=(ROLLING,), **TOLD) as book:
        spend(book, 1, 900)
        assert levels(book.ledger.decide(NOON + MINUTE)) == [("rolling", "ann", "warned")]
        spend(book, 2, 200, at=NOON + HOUR)
        (over,) = book.ledger.decide(NOON + HOUR + MINUTE)
        assert (over.level, from_epoch_ms(over.start_ms)) == (Level.EXCEEDED, NOON + HOUR)
        assert book.ledger.decide(NOON + 2 * HOUR - MINUTE) == []
        assert book.ledger.decide(NOON + 2 * HOUR) == [], "the first query has left the window"
        assert rows(book) == [("warned", True), ("exceeded", True)]
        spend(book, 3, 900, at=NOON + 2 * HOUR + 10 * MINUTE)
        (again,) = book.ledger.decide(NOON + 2 * HOUR + 12 * MINUTE)
        assert (again.level, from_epoch_ms(again.start_ms)) == (Level.EXCEEDED, NOON + 2 * HOUR + 10 * MINUTE)
        assert again.decision_id != over.decision_id


def test_the_episode_begins_where_the_sums_say_however_late_one_looks(make_book: MakeBook) -> None:
    with make_book(budgets=(ROLLING,), **TOLD) as book:
        spend(book, 1, 600)
        spend(book, 2, 500, at=NOON + 31 * MINUTE)
        (first,) = book.ledger.decide(NOON + HOUR)
        assert from_epoch_ms(first.start_ms) == NOON + 30 * MINUTE, "the cell in which it crossed"


def test_whoever_sinks_from_over_the_limit_to_below_it_is_not_warned_then(make_book: MakeBook) -> None:
    with make_book(budgets=(ROLLING,), **TOLD) as book:
        spend(book, 1, 300)
        spend(book, 2, 850, at=NOON + HOUR)
        assert levels(book.ledger.decide(NOON + HOUR)) == [("rolling", "ann", "exceeded")]
        assert book.ledger.decide(NOON + 2 * HOUR) == []
        (state,) = book.ledger.budget_states(NOON + 2 * HOUR)[0].states
        assert state.standings[0].level is Level.WARNED
        assert book.ledger.decide(NOON + 3 * HOUR) == []
        spend(book, 3, 850, at=NOON + 4 * HOUR)
        assert levels(book.ledger.decide(NOON + 4 * HOUR)) == [("rolling", "ann", "warned")], "a new episode"


def test_a_clock_that_is_put_back_and_forth_tells_nobody_twice(make_book: MakeBook) -> None:
    with make_book(budgets=(ROLLING, DAILY), **TOLD) as book:
        spend(book, 1, 3000)
        assert len(book.ledger.decide(NOON + 7 * MINUTE)) == 2
        for step in (-DAY, -HOUR, timedelta(0), 7 * MINUTE, -2 * DAY, HOUR):
            assert book.ledger.decide(NOON + step) == []
        assert rows(book) == [("exceeded", False), ("exceeded", False)]


def test_late_queries_that_fill_the_gap_between_two_episodes_are_no_news(make_book: MakeBook) -> None:
    with make_book(budgets=(ROLLING,), **TOLD) as book:
        spend(book, 1, 1000)
        assert len(book.ledger.decide(NOON)) == 1
        assert book.ledger.decide(NOON + 2 * HOUR) == []
        spend(book, 2, 1000, at=NOON + HOUR)
        assert book.ledger.decide(NOON + 2 * HOUR) == []
        assert rows(book) == [("exceeded", False)]


def test_late_queries_that_begin_an_episode_earlier_are_no_news_after_a_clock_was_put_back(make_book: MakeBook) -> None:
    with make_book(budgets=(ROLLING,), **TOLD) as book:
        spend(book, 1, 3000)
        assert len(book.ledger.decide(NOON + 7 * MINUTE)) == 1
        spend(book, 2, 3000, at=NOON - 10 * MINUTE)
        for step in (-DAY, 7 * MINUTE):
            assert book.ledger.decide(NOON + step) == []
        assert rows(book) == [("exceeded", False)]


# -- what is durable ----------------------------------------------------------------------------------------------


def test_a_restored_copy_decides_again_under_the_same_id(make_book: MakeBook, tmp_path: Path) -> None:
    with make_book(budgets=(DAILY, ROLLING), **TOLD) as book:
        spend(book, 1, 3000)
        book.ledger._writer.execute("VACUUM INTO ?", (str(tmp_path / "copy.db"),))
        told = {one.decision_id for one in book.ledger.decide(NOON + 6 * MINUTE)}
        assert len(told) == 2
    with opened(replace(book.settings, path=tmp_path / "copy.db")) as copy:
        assert copy.ledger.restored
        assert {one.decision_id for one in copy.ledger.decide(NOON + 20 * MINUTE)} == told


def test_without_a_channel_no_fact_is_written_and_decisions_are_counted_all_the_same(make_book: MakeBook) -> None:
    with make_book(budgets=(DAILY,), consumers=("events",), rules={"facts": True}) as book:
        spend(book, 1, 3000)
        before = len(book.ledger.pending_facts("events", 10))
        assert len(book.ledger.decide(NOON)) == 1
        assert len(book.ledger.pending_facts("events", 10)) == before
        assert book.count(catalog.BUDGET_DECISIONS, "daily", "exceeded") == 1


def test_the_counter_begins_at_zero_goes_over_restarts_and_never_falls(make_book: MakeBook) -> None:
    with make_book(budgets=(DAILY,), retention=HOUR, **TOLD) as book:
        book.ledger.decide(NOON)
        assert book.shown(catalog.BUDGET_DECISIONS) == {("daily", "warned"): 0, ("daily", "exceeded"): 0}
        for day in range(5):
            at = NOON + day * DAY
            spend(book, day, 3000, at=at)
            book.swept(at)
            book.ledger.decide(at)
            book.ledger.prune(TARGET)
            book.reopen()
        assert book.count(catalog.BUDGET_DECISIONS, "daily", "exceeded") == 5
        assert len(rows(book)) == 2, "those of this window and of the one before it"


def test_a_fact_that_cannot_be_written_leaves_no_decision(make_book: MakeBook) -> None:
    with make_book(budgets=(DAILY,), **TOLD) as book:
        spend(book, 1, 3000)
        book.ledger._writer.execute(
            "CREATE TEMP TRIGGER full BEFORE INSERT ON facts BEGIN SELECT raise(ABORT, 'no room'); END"
        )
        with pytest.raises(Exception, match="no room"):
            book.ledger.decide(NOON)
        assert rows(book) == []
        book.ledger._writer.execute("DROP TRIGGER full")
        assert len(book.ledger.decide(NOON)) == 1
        assert len(facts(book)) == 1
        assert book.count(catalog.BUDGET_DECISIONS, "daily", "exceeded") == 1


# -- what the fact says -------------------------------------------------------------------------------------------


def test_the_fact_holds_all_that_a_message_needs(make_book: MakeBook) -> None:
    budget = replace(DAILY, window=Calendar(period=Period.DAY, zone="Europe/Berlin"), warn=Fraction(1, 2))
    with make_book(budgets=(budget,), **TOLD) as book:
        spend(book, 1, 600)
        book.ledger.decide(NOON + 11 * HOUR)
        (fact,) = facts(book)
        decision_id = fact.pop("decision_id")
        assert len(decision_id) == 40
        assert fact == {
            "budget": "daily", "per": "user", "subject": "ann", "level": "warned", "unit": "bytes",
            "used": 600 * MB, "limit": 1000 * MB, "warn_ratio": 0.5, "forecast": 629_145_607,
            "decided_at": "2026-03-10T23:00:00.000+00:00",
            "window": {
                "words": "day", "time_zone": "Europe/Berlin", "start": "2026-03-09T23:00:00.000+00:00",
                "end": "2026-03-10T23:00:00.000+00:00", "is_over": True, "since": "2026-03-09T23:00:00.000+00:00",
            },
            "counted_since": "2026-03-10T00:00:00.000+00:00", "exception": None, "owners": [],
            "queries": [
                {
                    "query_id": query_id(1), "workgroup": "primary", "database": "sales", "user": "ann",
                    "scanned_bytes": 600 * MB, "cost_nanousd": 2_861_023, "ended_at": "2026-03-10T12:00:00.000+00:00",
                }
            ],
            "queries_since": "2026-03-10T00:00:00.000+00:00",
        }  # fmt: skip  # a form reads best in rows


def test_the_five_dearest_queries_that_count_are_named(make_book: MakeBook) -> None:
    budget = replace(DAILY, match=Match(workgroup=("pri*",)), limit=Amount(unit=Unit.BYTES, value=MB))
    with make_book(budgets=(budget,), **TOLD) as book:
        for number in range(9):
            spend(book, number, 100 + number, at=NOON - number * HOUR)
        spend(book, 20, 9000, workgroup="etl")
        spend(book, 21, 9000, user="bob")
        spend(book, 22, 9000, at=NOON - 20 * HOUR)
        assert len(book.ledger.decide(NOON + MINUTE)) == 2
        (theirs,) = [fact["queries"] for fact in facts(book) if fact["subject"] == "ann"]
        assert [one["query_id"] for one in theirs] == [query_id(number) for number in (8, 7, 6, 5, 4)]


def test_queries_that_were_pruned_are_not_named_and_that_is_said(make_book: MakeBook) -> None:
    weekly = replace(DAILY, window=Calendar(period=Period.WEEK))
    with make_book(budgets=(weekly,), retention=HOUR, **TOLD) as book:
        spend(book, 1, 600)
        spend(book, 2, 700, at=NOON + 20 * HOUR)
        book.swept(NOON + 20 * HOUR)
        assert book.ledger.prune(TARGET) == 1
        book.ledger.decide(NOON + 20 * HOUR)
        (fact,) = facts(book)
        assert [one["query_id"] for one in fact["queries"]] == [query_id(2)]
        assert fact["queries_since"] == "2026-03-11T07:00:00.000+00:00"


def test_too_many_queries_to_look_at_are_looked_at_from_the_newest_on(make_book: MakeBook) -> None:
    with make_book(budgets=(DAILY,), **TOLD) as book:
        spend(book, 1, 2000, at=NOON - 5 * HOUR)
        spend(book, 2, 100)
        search = dearest.Search(budget=DAILY, members=["ann"], span=Span(epoch_ms(BORN), epoch_ms(BORN + DAY)))
        ticks = iter((0.0, dearest.PATIENCE / 2, dearest.PATIENCE + 1))
        dearest.search(book.ledger._snapshot, 1, [search], lambda: next(ticks))
        assert [one.query_id for one in search.found] == [query_id(2)]
        assert from_epoch_ms(search.since_ms) == NOON - 2 * HOUR + timedelta(milliseconds=1)


@pytest.mark.parametrize("per", [Per.WORKGROUP, Per.COMPONENT])
def test_the_owner_of_a_workgroup_is_told_by_its_tag(make_book: MakeBook, per: Per) -> None:
    with make_book(budgets=(replace(DAILY, per=per),), **TOLD) as book:
        book.deliver(
            Workgroups(
                items=(
                    Workgroup(name="primary", tags={"owner": "bi@example.com", "component": "bi"}),
                    Workgroup(name="etl", tags={"owner": "etl@example.com", "component": "bi"}),
                )
            )
        )
        spend(book, 1, 3000)
        book.ledger.decide(NOON)
        whole = {Per.WORKGROUP: ["bi@example.com"], Per.COMPONENT: ["bi@example.com", "etl@example.com"]}
        assert facts(book)[0]["owners"] == whole[per]
        assert [one["query_id"] for one in facts(book)[0]["queries"]] == [query_id(1)]


def test_many_at_once_are_told_look_by_look_the_nearest_first(make_book: MakeBook) -> None:
    with make_book(budgets=(DAILY,), **TOLD) as book:
        records = [
            record
            for number in range(AT_ONCE + 50)
            for record in (query(number, scanned_bytes=(1000 + number) * MB), start(number, f"user-{number:04d}"))
        ]
        book.deliver(*records)
        ticks = count()
        book.ledger._deciding._monotonic = lambda: next(ticks)
        first, second = book.ledger.decide(NOON), book.ledger.decide(NOON)
        assert (len(first), len(second)) == (AT_ONCE, 50), "nobody waits for the rest of a look that left some"
        assert first[0].standing.subject == f"user-{AT_ONCE + 49:04d}"
        assert len({one.decision_id for one in [*first, *second]}) == AT_ONCE + 50
        spend(book, AT_ONCE + 50, 5000, user="late")
        assert book.ledger.decide(NOON) == [], "the look that took all of the others is rested from"


@pytest.mark.parametrize("others", [0, 400])
def test_where_an_episode_began_is_found_without_reading_other_subjects(make_book: MakeBook, others: int) -> None:
    with make_book(budgets=(ROLLING,)) as book:
        spend(book, 1, 3000)
        book.deliver(
            *(query(10 + n, at=NOON - HOUR) for n in range(others)),
            *(start(10 + n, f"user-{n}", at=NOON - HOUR) for n in range(others)),
        )
        book.ledger.prune(TARGET)
        steps = count()
        with book.ledger._snapshot() as connection:
            view = Overview(connection, 1, (ROLLING,), epoch_ms(NOON), 0)
            (reached,) = view.reached()
            connection.set_progress_handler(lambda: next(steps) and 0, 10)
            assert view.began_ms(reached) == epoch_ms(NOON)
            connection.set_progress_handler(None, 0)
        assert next(steps) < 200, "tens of SQLite's instructions, ten at a time; thousands where it reads everybody"


def test_who_is_searched_for_costs_no_more_for_the_others(make_book: MakeBook) -> None:
    """The dearest queries of thousands at once: each is asked about for itself, not once for each of the others."""
    with make_book(budgets=(DAILY,), **TOLD) as book:
        spend(book, 1, 2000)
        spend(book, 2, 2000, user="bob")
        span = Span(epoch_ms(BORN), epoch_ms(BORN + DAY))
        names = ["ann", "bob", *(f"user-{number}" for number in range(5_000))]
        searches = [dearest.Search(budget=DAILY, members=[name], span=span) for name in names]
        began = time.thread_time()
        dearest.search(book.ledger._snapshot, 1, searches, lambda: 0.0)
        assert time.thread_time() - began < 3, "a few hundredths of a second; a quarter of a minute if it squares"
        assert [one.query_id for found in searches[:3] for one in found.found] == [query_id(1), query_id(2)]


@pytest.mark.parametrize("budget", [DAILY, ROLLING])
def test_what_was_added_up_and_what_was_noted_since_count_together(make_book: MakeBook, budget: Budget) -> None:
    with make_book(budgets=(budget,)) as book:
        spend(book, 1, 600)
        book.ledger.prune(TARGET)
        assert book.ledger._writer.execute("SELECT count(*) FROM budget_log").fetchone() == (0,)
        spend(book, 2, 500)
        spend(book, 3, 300, user="bob")
        (one,) = book.ledger.decide(NOON)
        assert (one.standing.subject, one.standing.used, one.level) == ("ann", 1100 * MB, Level.EXCEEDED)


def test_a_look_that_took_long_is_followed_by_a_rest(tmp_path: Path) -> None:
    with opened(settings_for(tmp_path, budgets=(DAILY,))) as book:
        ticks = iter((0.0, 1.0, REST + 0.9, REST + 1.0, REST + 1.0))
        book.ledger._deciding._monotonic = lambda: next(ticks)
        spend(book, 1, 3000)
        assert len(book.ledger.decide(NOON)) == 1
        spend(book, 2, 3000, user="bob")
        assert book.ledger.decide(NOON) == []
        assert levels(book.ledger.decide(NOON)) == [("daily", "bob", "exceeded")]
