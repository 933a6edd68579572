"""Why these tests exist: whoever is over a limit is told by the same sums as everywhere, and a counter never falls."""

import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from book import HOUR, MINUTE, NOON, SECOND, TARGET, Book, MakeBook, query, running, start, who
from guarded import LIMIT, enforced
from spending import BUDGETS

from athena_exporter import catalog
from athena_exporter.budgets import Level, Mode, Result, Unit
from athena_exporter.ledger import budgeting, guarding
from athena_exporter.ledger.errors import LedgerError
from athena_exporter.ledger.guarding import GuardBook
from athena_exporter.records import StartedQuery, Target, Workgroup, Workgroups, epoch_ms

NOW_MS = epoch_ms(NOON)
USERS = ("ann", "bob", "cyd", "dan")


def book_of(book: Book) -> GuardBook:
    return book.ledger.guard_book(TARGET)


def spent(book: Book, user: str = "ann") -> None:
    book.deliver(query(1, scanned_bytes=2 * LIMIT), start(1, user), running(2), start(2, user))


def named(number: int, user: str) -> StartedQuery:
    role = {"ann": "analyst", "bob": "analyst", "cyd": "loader"}.get(user)
    plain = start(number, user, at=NOON)
    return StartedQuery(
        query_id=plain.query_id, event_id=plain.event_id, started_at=plain.started_at, account_id=plain.account_id,
        region=plain.region, workgroup=plain.workgroup, identity=who(user, f"client-of-{user}", role),
        workload="tool:job" if number % 3 else None,
    )  # fmt: skip  # eight fields read best as a block


@pytest.mark.parametrize("seed", range(3))
def test_some_subjects_alone_stand_where_they_stand_among_all(make_book: MakeBook, seed: int) -> None:
    chance = random.Random(seed)
    with make_book(budgets=BUDGETS) as book:
        tags = (Workgroup(name="primary", tags={"component": "shared"}), Workgroup(name="etl", tags={"component": "x"}))
        book.deliver(Workgroups(items=tags))
        for number in range(60):
            at = NOON - chance.randrange(40) * HOUR - chance.randrange(60) * MINUTE
            told = query(
                number, at=at, scanned_bytes=chance.randrange(10**9), workgroup=chance.choice(("primary", "etl")),
                database=chance.choice(("sales", "web", None)),
            )  # fmt: skip  # as short as it can be said
            book.deliver(told, named(number, chance.choice(USERS)), at=NOON)
            if number == 30:
                book.swept(NOON)
                book.ledger.prune(TARGET)  # the sums hold the first half, the log the second
        reader = book.ledger._reader
        (everybody,) = book.ledger.budget_states(NOON)
        asked = {
            state.budget.name: {one.subject for one in state.standings if chance.random() < 0.5} | {"nobody"}
            for state in everybody.states
        }
        found = {one.budget.name: one.standings for one in budgeting.states_of(reader, 1, BUDGETS, asked, NOON)}
    compared = 0
    for state in everybody.states:
        expected = {one for one in state.standings if one.subject in asked[state.budget.name]}
        assert {one for one in found[state.budget.name] if one.used} == {one for one in expected if one.used}
        compared += len(expected)
    assert compared > 5


def test_a_budget_that_the_exporter_has_not_begun_to_count_stops_nobody(make_book: MakeBook) -> None:
    with make_book(budgets=()) as book:
        spent(book)
        asked = {"daily": {"ann"}}
        assert list(budgeting.states_of(book.ledger._reader, 1, (enforced(),), asked, NOON)) == []
        assert book_of(book).excesses(NOON) == []


def test_an_excess_tells_what_led_to_it(make_book: MakeBook) -> None:
    with make_book(budgets=(enforced(),)) as book:
        spent(book)
        (one,) = book_of(book).excesses(NOON + MINUTE)
    assert (one.budget, one.subject, one.used, one.limit, one.unit) == ("daily", "ann", 2 * LIMIT, LIMIT, Unit.BYTES)
    assert one.running.query_id.endswith("2")
    assert one.running.submitted_ms == epoch_ms(NOON - 10 * SECOND)
    assert one.start_ms == epoch_ms(NOON - 12 * HOUR)


def test_at_the_limit_is_over_it(make_book: MakeBook) -> None:
    with make_book(budgets=(enforced(limit=2 * LIMIT),)) as book:
        spent(book)
        assert len(book_of(book).excesses(NOON)) == 1
        (state,) = book.ledger.budget_states(NOON)[0].states
        assert state.standings[0].level is Level.EXCEEDED


def test_an_intent_is_durable_before_anybody_acts_on_it_and_comes_back_as_it_was(make_book: MakeBook) -> None:
    with make_book(budgets=(enforced(),)) as book:
        spent(book)
        guard = book_of(book)
        (meant,) = guard.intend(guard.excesses(NOON), Mode.ENFORCE, NOW_MS)
        book.reopen()
        assert book_of(book).open() == [meant]
        book_of(book).tried(meant)
        assert [one.tries for one in book_of(book).open()] == [1]


def test_an_intent_is_written_once_and_ends_once(make_book: MakeBook) -> None:
    with make_book(budgets=(enforced(),)) as book:
        spent(book)
        guard = book_of(book)
        (meant,) = guard.intend(guard.excesses(NOON), Mode.ENFORCE, NOW_MS)
        guard.intend(guard.excesses(NOON), Mode.ENFORCE, NOW_MS + 1)
        assert guard.open() == [meant]
        guard.end(meant, Result.STOPPED, NOW_MS)
        guard.end(meant, Result.FAILED, NOW_MS)
        assert book.shown(catalog.GUARD_ACTIONS)["daily", "stop", "stopped"] == 1
        assert book.shown(catalog.GUARD_ACTIONS)["daily", "stop", "failed"] == 0


def test_the_counter_goes_on_over_restarts_and_after_the_budget_is_gone(make_book: MakeBook) -> None:
    with make_book(budgets=(enforced(),)) as book:
        spent(book)
        guard = book_of(book)
        guard.intend(guard.excesses(NOON), Mode.DRY_RUN, NOW_MS)
        book.settings = replace(book.settings, budgets=())
        book.reopen()
        assert book.shown(catalog.GUARD_ACTIONS) == {("daily", "stop", "dry_run"): 1}


def test_a_restored_copy_begins_at_0(make_book: MakeBook, tmp_path: Path) -> None:
    with make_book(budgets=(enforced(),)) as book:
        spent(book)
        guard = book_of(book)
        guard.intend(guard.excesses(NOON), Mode.DRY_RUN, NOW_MS)
        (tmp_path / "ledger.db.lock").unlink()
        book.ledger.close()
        book.ledger = type(book.ledger)(book.settings, monotonic=book.hand)
        assert book.ledger.restored
        assert set(book.shown(catalog.GUARD_ACTIONS).values()) == {0}


def test_a_copy_from_before_an_action_looks_older(make_book: MakeBook) -> None:
    with make_book(budgets=(enforced(),)) as book:
        spent(book)
        before = book.ledger.view(TARGET).sequence()
        guard = book_of(book)
        guard.intend(guard.excesses(NOON), Mode.DRY_RUN, NOW_MS)
        assert book.ledger.view(TARGET).sequence() > before


def test_what_ended_long_ago_is_forgotten_and_what_is_open_is_not(make_book: MakeBook) -> None:
    with make_book(budgets=(enforced(),)) as book:
        spent(book)
        guard = book_of(book)
        (meant,) = guard.intend(guard.excesses(NOON), Mode.ENFORCE, NOW_MS)
        much_later = NOON + timedelta(days=401)
        book.deliver(at=much_later)
        book.ledger.prune(TARGET)
        assert guard.open() == [meant]
        guard.end(meant, Result.EXPIRED, NOW_MS)
        book.ledger.prune(TARGET)
        assert guarding.intents(book.settings.path, NOON, much_later) == []
        assert book.shown(catalog.GUARD_ACTIONS)["daily", "stop", "expired"] == 1


def test_what_was_decided_in_a_range_can_be_read_beside_the_exporter(make_book: MakeBook) -> None:
    with make_book(budgets=(enforced(),)) as book:
        spent(book)
        guard = book_of(book)
        (meant,) = guard.intend(guard.excesses(NOON), Mode.ENFORCE, NOW_MS)
        (read,) = guarding.intents(book.settings.path, NOON, NOON + SECOND)
        assert (read.target, read.intent) == (TARGET, meant)
        assert guarding.intents(book.settings.path, NOON + SECOND, NOON + MINUTE) == []


def test_a_target_that_nobody_has_adopted_has_no_guard(make_book: MakeBook) -> None:
    with make_book() as book, pytest.raises(LedgerError, match="is not adopted"):
        book.ledger.guard_book(Target(account_id="0", region="nowhere"))
