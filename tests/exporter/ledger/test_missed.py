"""Ends that no event told are counted as queries are: durably, with the batch that found them."""

from dataclasses import replace

from book import NOON, TARGET, Book

from athena_exporter import catalog
from athena_exporter.records import Batch

NOTHING = Batch(source="athena", target=TARGET, observed_at=NOON)


def missed(book: Book, *told: int | None) -> None:
    for number in told:
        book.ledger.apply(replace(NOTHING, missed=number))


def test_what_sweeps_have_found_adds_up(book: Book) -> None:
    missed(book, 0, 3, None, 2)
    assert book.total(catalog.MISSED_EVENTS) == 5


def test_it_goes_on_over_a_restart(book: Book) -> None:
    missed(book, 3)
    book.reopen()
    missed(book, 1)
    assert book.total(catalog.MISSED_EVENTS) == 4


def test_where_somebody_listens_and_nothing_was_missed_there_is_a_0(book: Book) -> None:
    missed(book, 0)
    assert book.shown(catalog.MISSED_EVENTS) == {(): 0}


def test_where_nobody_listens_there_is_no_series(book: Book) -> None:
    missed(book, None)
    assert book.shown(catalog.MISSED_EVENTS) == {}
