"""Why these tests exist: forgetting must never make a query count twice, nor lose one that still waits."""

import sqlite3
from contextlib import closing
from datetime import datetime

import pytest
from book import BORN, DAY, HOUR, MINUTE, NOON, SECOND, TARGET, Book, MakeBook, bare, query, refused, running, start

from athena_exporter import catalog

LATER = NOON + 10 * DAY
"""Long enough after noon for anything to be pruned; the newest query ends here."""


def mark(book: Book) -> datetime:
    return book.ledger.view(TARGET).low_water()


def rows_left(book: Book) -> int:
    with closing(sqlite3.connect(book.settings.path)) as connection:
        return int(connection.execute("SELECT count(*) FROM queries").fetchone()[0])


def grown_old(book: Book) -> None:
    """A decided query of noon, a newest query ten days later, and a sweep up to then."""
    book.deliver(query(1), start(1))
    book.swept(LATER, query(2, at=LATER), start(2, at=LATER))


def test_counted_queries_go_after_the_retention_and_the_mark_rises_with_them(book: Book) -> None:
    grown_old(book)
    assert book.ledger.prune(TARGET) == 1
    assert mark(book) == LATER - 3 * DAY
    assert rows_left(book) == 1
    assert book.total(catalog.QUERIES) == 2


def test_a_pruned_query_met_again_is_not_counted_again(book: Book) -> None:
    grown_old(book)
    book.ledger.prune(TARGET)
    for _ in range(2):
        book.deliver(query(1), start(1), at=LATER)
        book.reopen()
    assert book.total(catalog.QUERIES) == 2
    assert book.count(catalog.USER_QUERIES, "ann", "primary", "sales", "succeeded") == 2


def test_the_mark_stays_until_a_sweep_has_been_read_to_its_end(book: Book) -> None:
    book.deliver(query(1), start(1))
    book.deliver(query(2, at=LATER), start(2, at=LATER), at=LATER)
    assert book.ledger.prune(TARGET) == 0
    assert mark(book) == BORN


def test_the_mark_does_not_pass_what_was_swept(book: Book) -> None:
    book.swept(NOON + HOUR, query(1), start(1))
    book.deliver(query(2, at=LATER), start(2, at=LATER), at=LATER)
    book.ledger.prune(TARGET)
    assert mark(book) == NOON + HOUR


def test_the_slowest_source_of_executions_holds_the_mark(book: Book) -> None:
    book.swept(NOON + HOUR)
    grown_old(book)
    sweep = book.deliver
    with closing(sqlite3.connect(book.settings.path)) as connection:
        connection.execute("UPDATE sources SET source = 'eventbridge'")
        connection.execute("UPDATE sources SET read_until_ms = ?", (int((NOON + HOUR).timestamp() * 1000),))
        connection.commit()
    sweep(at=LATER)
    book.swept(LATER)
    book.ledger.prune(TARGET)
    assert mark(book) == NOON + HOUR


def test_a_query_that_waits_for_its_statistics_holds_the_mark(book: Book) -> None:
    book.deliver(bare(3, at=NOON + HOUR), at=NOON + HOUR)
    grown_old(book)
    book.ledger.prune(TARGET)
    assert mark(book) == NOON + HOUR


def test_the_newest_query_less_the_retention_bounds_the_mark(book: Book) -> None:
    """However far AWS's clock jumps ahead."""
    far = NOON + 400 * DAY
    book.swept(far, query(1), start(1))
    book.ledger.prune(TARGET)
    assert mark(book) == BORN, "noon less three days lies before the beginning, and the mark only rises"
    assert book.total(catalog.QUERIES) == 1
    book.deliver(query(2, at=NOON + MINUTE), at=NOON + MINUTE)
    assert book.total(catalog.QUERIES) == 2


def test_a_ledger_without_a_query_prunes_nothing(book: Book) -> None:
    book.swept(LATER)
    assert book.ledger.prune(TARGET) == 0
    assert mark(book) == BORN


def test_the_mark_never_falls(book: Book) -> None:
    grown_old(book)
    book.ledger.prune(TARGET)
    risen = mark(book)
    book.deliver(bare(3, at=risen + HOUR), at=LATER)
    book.ledger.prune(TARGET)
    assert mark(book) >= risen


def test_a_query_without_a_user_is_kept_below_the_mark_and_still_finds_one(book: Book) -> None:
    book.deliver(query(3))
    book.swept(NOON + HOUR)
    book.deliver(at=LATER)
    book.deliver(query(1), start(1))
    book.swept(NOON + 23 * HOUR, query(2, at=LATER), start(2, at=LATER))
    with closing(sqlite3.connect(book.settings.path)) as connection:
        connection.execute("UPDATE sources SET read_until_ms = ?", (int(LATER.timestamp() * 1000),))
        connection.commit()
    book.ledger.prune(TARGET)
    assert mark(book) == LATER - 3 * DAY
    assert rows_left(book) == 2
    book.deliver(query(3), start(3), at=LATER)
    assert book.count(catalog.USER_QUERIES, "ann", "primary", "sales", "succeeded") == 3
    book.ledger.prune(TARGET)
    assert rows_left(book) == 1


def test_a_running_query_is_never_pruned_and_counts_when_it_ends(book: Book) -> None:
    book.deliver(running(3))
    grown_old(book)
    book.ledger.prune(TARGET)
    book.deliver(query(3, at=NOON + HOUR), at=LATER)
    assert book.total(catalog.QUERIES) == 3


@pytest.mark.parametrize("days", [45, 46])
def test_a_query_that_never_ends_is_abandoned_after_45_days_and_counted(book: Book, days: int) -> None:
    book.deliver(running(3), start(4))
    book.deliver(at=NOON + days * DAY - 10 * SECOND)
    book.ledger.prune(TARGET)
    gone = days > 45
    assert book.count(catalog.ABANDONED_QUERIES) == (2 if gone else None)
    assert len(book.ledger.view(TARGET).unfinished()) == (0 if gone else 2)
    book.reopen()
    book.ledger.prune(TARGET)
    assert book.count(catalog.ABANDONED_QUERIES) == (2 if gone else None)


def test_more_abandoned_queries_add_to_those_before(book: Book) -> None:
    for number, at in enumerate((NOON, NOON + 50 * DAY)):
        book.deliver(running(number, at=at), at=at)
        book.deliver(at=at + 46 * DAY)
        book.ledger.prune(TARGET)
    assert book.count(catalog.ABANDONED_QUERIES) == 2


def test_refusals_below_the_mark_are_forgotten_and_not_counted_again(book: Book) -> None:
    book.deliver(refused("a", at=NOON))
    grown_old(book)
    book.ledger.prune(TARGET)
    with closing(sqlite3.connect(book.settings.path)) as connection:
        assert connection.execute("SELECT count(*) FROM rejections").fetchone() == (0,)
    book.deliver(refused("a", at=NOON), refused("b", at=LATER), at=LATER)
    assert book.total(catalog.START_REJECTIONS) == 2


def test_day_rollups_go_after_400_days(book: Book) -> None:
    book.deliver(query(1), start(1))
    book.deliver(query(2, at=NOON + 400 * DAY), start(2), at=NOON + 400 * DAY)
    book.ledger.prune(TARGET)
    with closing(sqlite3.connect(book.settings.path)) as connection:
        assert connection.execute("SELECT count(DISTINCT start_ms) FROM usage_days").fetchone() == (1,)
    book.deliver(at=NOON + 401 * DAY)
    book.ledger.prune(TARGET)
    with closing(sqlite3.connect(book.settings.path)) as connection:
        assert connection.execute("SELECT count(DISTINCT start_ms) FROM usage_days").fetchone() == (0,)
        assert connection.execute("SELECT count(DISTINCT start_ms) FROM usage_types").fetchone() == (1,)


def test_a_great_many_go_in_bounded_steps_and_the_mark_stops_where_the_step_ends(make_book: MakeBook) -> None:
    with make_book() as book:
        many = 20_500
        for first in range(0, many, 2_500):
            numbers = range(first, first + 2_500) if first + 2_500 <= many else range(first, many)
            told = (query(n, at=NOON + n * SECOND / 10) for n in numbers)
            book.deliver(*told, *(start(n) for n in numbers))
        book.swept(LATER, query(many, at=LATER), start(many, at=LATER))
        assert book.ledger.prune(TARGET) == 20_000
        assert mark(book) == NOON + 2000 * SECOND
        assert book.ledger.prune(TARGET) == 500
        assert mark(book) == LATER - 3 * DAY
        assert book.total(catalog.QUERIES) == many + 1
