"""Why these tests exist: `increase()` is exact only if every series was seen at 0 before it rises."""

from datetime import timedelta

import pytest
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


# -- histograms: born together ---------------------------------------------------------------------------------------


def test_a_follower_is_born_with_its_elder_however_late_it_came() -> None:
    seconds = [0.0]
    unborn = births(seconds)
    unborn.begin([1])
    unborn.seen(unborn.unseen())
    seconds[0] = 119.0
    unborn.follow({2: 1})
    assert unborn.unseen() == [], "the elder's 0 has been its own"
    assert unborn.ripe() == []
    seconds[0] = 120.0
    assert unborn.ripe() == [1, 2]
    unborn.end([1, 2])
    assert unborn.ripe() == []
    assert not unborn.is_unborn(1)


def test_without_a_warm_up_followers_are_born_at_once() -> None:
    unborn = Births(monotonic=lambda: 0.0, warmup=timedelta(0))
    unborn.begin([1])
    unborn.follow({2: 1})
    assert unborn.ripe() == [1, 2]


DML = ("primary", "DML")


def test_a_bucket_that_fills_long_after_its_histogram_was_born_shows_its_value_at_once(make_book: MakeBook) -> None:
    with make_book(series_warmup=WARMUP) as book:
        book.deliver(query(1, engine_ms=50))
        book.hand.seconds = 120
        assert book.distribution(catalog.ENGINE_SECONDS, *DML) == {"100": 1, "sum": 50}
        book.deliver(query(2, engine_ms=700))
        assert book.distribution(catalog.ENGINE_SECONDS, *DML) == {"100": 1, "1000": 1, "sum": 750}


def test_a_bucket_that_fills_while_its_histogram_is_unborn_appears_with_it(make_book: MakeBook) -> None:
    with make_book(series_warmup=WARMUP) as book:
        book.deliver(query(1, engine_ms=50))
        book.hand.seconds = 119
        book.deliver(query(2, engine_ms=700))
        assert book.distribution(catalog.ENGINE_SECONDS, *DML) == {"100": 0, "1000": 0, "sum": 0}
        book.hand.seconds = 120
        assert book.distribution(catalog.ENGINE_SECONDS, *DML) == {"100": 1, "1000": 1, "sum": 750}


@pytest.mark.parametrize("again", ["restart", "prune"])
def test_buckets_and_sum_are_born_together_although_all_was_read_anew(make_book: MakeBook, again: str) -> None:
    with make_book(series_warmup=WARMUP) as book:
        book.deliver(query(1, engine_ms=50))
        book.hand.seconds = 60
        book.deliver(query(2, engine_ms=700))
        if again == "restart":
            book.reopen()
            book.samples()
        else:
            book.ledger.prune(TARGET)
        book.hand.seconds += 119 if again == "restart" else 59
        assert book.distribution(catalog.ENGINE_SECONDS, *DML) == {"100": 0, "1000": 0, "sum": 0}
        book.hand.seconds += 1
        assert book.distribution(catalog.ENGINE_SECONDS, *DML) == {"100": 1, "1000": 1, "sum": 750}
