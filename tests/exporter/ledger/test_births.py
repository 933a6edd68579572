"""Why these tests exist: `increase()` is exact only if every series was seen at 0 before it rises."""

from datetime import timedelta

from book import NOON, TARGET, MakeBook, query

from athena_exporter import catalog
from athena_exporter.ledger.births import Births
from athena_exporter.records import Batch

WARMUP = timedelta(seconds=120)
SUCCEEDED = ("primary", "DML", "succeeded")


def births(seconds: list[float]) -> Births:
    return Births(monotonic=lambda: seconds[0], warmup=WARMUP)


def test_a_birth_is_timed_from_the_first_look_and_not_from_the_commit() -> None:
    seconds = [0.0]
    unborn = births(seconds)
    unborn.begin([1])
    seconds[0] = 1000.0
    assert unborn.ripe() == [], "nobody can have seen its 0"
    unborn.seen(unborn.unseen())
    seconds[0] = 1119.9
    assert unborn.ripe() == []
    seconds[0] = 1120.0
    assert unborn.ripe() == [1]


def test_a_second_look_does_not_prolong_a_birth() -> None:
    seconds = [0.0]
    unborn = births(seconds)
    unborn.begin([1])
    unborn.seen(unborn.unseen())
    seconds[0] = 60.0
    unborn.begin([2])
    unborn.seen(unborn.unseen())
    seconds[0] = 120.0
    assert unborn.ripe() == [1]


def test_a_series_that_came_while_the_page_was_read_waits_for_the_next_page() -> None:
    seconds = [0.0]
    unborn = births(seconds)
    unborn.begin([1])
    before_the_read = unborn.unseen()
    unborn.begin([2])
    unborn.seen(before_the_read)
    assert unborn.unseen() == [2]


def test_a_freed_series_is_forgotten_and_an_old_one_keeps_its_time() -> None:
    seconds = [0.0]
    unborn = births(seconds)
    unborn.begin([1, 2])
    unborn.seen([1, 2])
    seconds[0] = 100.0
    unborn.keep([2, 3])
    seconds[0] = 120.0
    assert unborn.ripe() == [2]
    assert unborn.unseen() == [3]


def test_the_ledgers_snapshots_are_the_looks(make_book: MakeBook) -> None:
    with make_book(series_warmup=WARMUP) as book:
        book.ledger.apply(Batch(source="athena", target=TARGET, observed_at=NOON, records=(query(),)))
        book.hand.seconds = 500.0
        assert book.ledger.reveal() == 0
        assert book.shown(catalog.QUERIES)[SUCCEEDED] == 0
        book.hand.seconds = 620.0
        assert book.ledger.reveal() > 0
