"""Why these tests exist: a batch is committed whole or not at all, and a new series is born at 0."""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from book import (
    BORN,
    DAY,
    HOUR,
    NOON,
    TARGET,
    Book,
    MakeBook,
    bare,
    query,
    query_id,
    read_of,
    running,
    settings_for,
    start,
)

from athena_exporter import catalog
from athena_exporter.ledger.errors import LedgerError
from athena_exporter.ledger.model import SeriesKey
from athena_exporter.ledger.store import Ledger
from athena_exporter.records import Batch, Evidence, Read, Record, Target

WARMUP = timedelta(seconds=120)
SUCCEEDED = ("primary", "DML", "succeeded")
STRANGER = replace(TARGET, account_id="999999999999")


# -- births ---------------------------------------------------------------------------------------------------------


def test_a_new_series_is_0_until_scrapes_have_had_time_to_see_it(make_book: MakeBook) -> None:
    with make_book(series_warmup=WARMUP) as book:
        book.deliver(query())
        assert book.count(catalog.QUERIES, *SUCCEEDED) == 0
        book.hand.seconds = 119.9
        assert book.ledger.reveal() == 0
        assert book.count(catalog.SCANNED_BYTES, *SUCCEEDED) == 0
        book.hand.seconds = 120
        assert book.ledger.reveal() > 0
        assert book.shown(catalog.QUERIES)[SUCCEEDED] == 1
        assert book.ledger.reveal() == 0


def test_what_is_counted_during_the_birth_shows_at_its_end(make_book: MakeBook) -> None:
    with make_book(series_warmup=WARMUP) as book:
        for number in range(3):
            book.deliver(query(number))
            book.hand.seconds += 30
        assert book.count(catalog.QUERIES, *SUCCEEDED) == 0
        book.hand.seconds = 120
        assert book.count(catalog.QUERIES, *SUCCEEDED) == 3


def test_a_series_that_is_shown_goes_on_at_once(make_book: MakeBook) -> None:
    with make_book(series_warmup=WARMUP) as book:
        book.deliver(query(1))
        book.hand.seconds = 120
        book.ledger.reveal()
        book.deliver(query(2), query(3, workgroup="new"))
        assert book.count(catalog.QUERIES, *SUCCEEDED) == 2
        assert book.count(catalog.QUERIES, "new", "DML", "succeeded") == 0


def test_a_restart_begins_the_births_again_that_were_not_over(make_book: MakeBook) -> None:
    with make_book(series_warmup=WARMUP) as book:
        book.deliver(query(1))
        book.hand.seconds = 120
        book.ledger.reveal()
        book.deliver(query(2, workgroup="new"))
        book.hand.seconds = 239
        book.reopen()
        assert book.count(catalog.QUERIES, *SUCCEEDED) == 1, "an old series keeps its value"
        book.hand.seconds = 358
        assert book.count(catalog.QUERIES, "new", "DML", "succeeded") == 0
        book.hand.seconds = 359
        assert book.count(catalog.QUERIES, "new", "DML", "succeeded") == 1


def test_a_birth_begins_with_the_first_page_that_shows_the_0(make_book: MakeBook) -> None:
    with make_book(series_warmup=WARMUP) as book:
        late = Batch(source="athena", target=TARGET, observed_at=NOON, records=(query(),))
        book.ledger.apply(late)
        book.hand.seconds = 500
        assert book.ledger.reveal() == 0, "nobody has seen its 0"
        assert book.shown(catalog.QUERIES) == {SUCCEEDED: 0}
        book.hand.seconds = 619.9
        assert book.shown(catalog.QUERIES) == {SUCCEEDED: 0}
        assert book.ledger.reveal() == 0
        book.hand.seconds = 620
        assert book.count(catalog.QUERIES, *SUCCEEDED) == 1


@pytest.mark.parametrize("jump", [-400 * DAY, 400 * DAY], ids=["back", "ahead"])
def test_no_jump_of_the_wall_clock_moves_a_birth_or_a_counter(make_book: MakeBook, jump: timedelta) -> None:
    with make_book(series_warmup=WARMUP) as book:
        book.deliver(query(1))
        assert book.shown(catalog.QUERIES, NOON + jump)[SUCCEEDED] == 0
        book.ledger.succeeded(TARGET, "athena", NOON + jump)
        book.deliver(query(1), query(2))
        book.hand.seconds = 120
        book.ledger.reveal()
        assert book.shown(catalog.QUERIES, NOON + jump)[SUCCEEDED] == 2


def test_pruning_leaves_births_as_they_are(make_book: MakeBook) -> None:
    with make_book(series_warmup=WARMUP) as book:
        book.deliver(query())
        book.hand.seconds = 100
        book.ledger.prune(TARGET)
        book.hand.seconds = 120
        assert book.count(catalog.QUERIES, *SUCCEEDED) == 1


# -- targets --------------------------------------------------------------------------------------------------------


def test_a_target_is_adopted_once_and_keeps_its_beginning(book: Book) -> None:
    assert not book.ledger.adopt(TARGET, BORN + 10 * DAY)
    book.reopen()
    assert not book.ledger.adopt(TARGET, BORN + 10 * DAY)
    assert book.count(catalog.COUNTING_SINCE) == BORN.timestamp() * 1000
    assert book.ledger.targets() == [TARGET]


def test_a_target_that_was_not_adopted_is_refused_and_named(book: Book) -> None:
    with pytest.raises(LedgerError, match="999999999999"):
        book.deliver(query(), target=STRANGER)
    with pytest.raises(LedgerError, match="999999999999"):
        book.ledger.view(STRANGER)
    assert book.ledger.prune(STRANGER) == 0
    book.ledger.succeeded(STRANGER, "athena", NOON)
    assert book.ledger.targets() == [TARGET]


# -- what a source may ask ------------------------------------------------------------------------------------------


def test_cursors_move_with_their_records(book: Book) -> None:
    view = book.ledger.view(TARGET)
    assert view.cursor("athena", "deep") is None
    book.deliver(query(), cursors={"deep": "one"})
    book.deliver(cursors={"deep": "two"}, source="lookup")
    assert (view.cursor("athena", "deep"), view.cursor("lookup", "deep")) == ("one", "two")
    book.reopen()
    assert book.ledger.view(TARGET).cursor("athena", "deep") == "one"


def test_a_known_execution_tells_the_transaction_that_first_brought_it(book: Book) -> None:
    view = book.ledger.view(TARGET)
    book.deliver(start(2))
    book.deliver(running(1))
    first = view.sequence()
    book.deliver(query(1), query(3))
    assert view.known_executions([query_id(n) for n in (1, 2, 3, 4)]) == {query_id(1): first, query_id(3): first + 1}


def test_what_has_ended_and_is_whole_is_counted_and_nothing_else_is(book: Book) -> None:
    book.deliver(start(1), running(2), bare(3), query(4))
    view = book.ledger.view(TARGET)
    assert view.counted([query_id(n) for n in range(1, 6)]) == {query_id(4)}
    assert view.awaiting_statistics() == [query_id(3)]


def test_more_ids_than_one_statement_takes_are_asked_in_parts(book: Book) -> None:
    many = 1201
    book.deliver(*(query(n) for n in range(many)))
    assert len(book.ledger.view(TARGET).known_executions([query_id(n) for n in range(many + 50)])) == many
    book.deliver(*(query(n) for n in range(many)))
    assert book.total(catalog.QUERIES) == many


def test_an_id_that_is_no_uuid_in_its_usual_form_is_kept_as_it_is(book: Book) -> None:
    odd = [query_id(1).upper().replace("0", "A"), "{" + query_id(2) + "}", "plain", query_id(3).replace("-", "")]
    book.deliver(*(running(query_id=one) for one in odd))
    assert {one.query_id for one in book.ledger.view(TARGET).unfinished()} == set(odd)


def test_queries_that_await_their_user_are_told_oldest_first(book: Book) -> None:
    book.deliver(query(2, at=NOON), query(1, at=NOON - HOUR), query(3), start(3))
    waiting = book.ledger.view(TARGET).awaiting_identity()
    assert waiting == [NOON - HOUR - timedelta(seconds=10), NOON - timedelta(seconds=10)]


def test_the_low_water_mark_is_the_beginning_less_what_is_seeded(make_book: MakeBook) -> None:
    with make_book(seed=3 * HOUR, initial_lookback=HOUR) as book:
        assert book.ledger.view(TARGET).low_water() == BORN - 3 * HOUR
        assert book.count(catalog.COUNTING_SINCE) == (BORN - HOUR).timestamp() * 1000


# -- all or nothing -------------------------------------------------------------------------------------------------


def no_room(book: Book) -> Callable[[], None]:
    """Let the ledger's file not grow by a page; the answer gives it room again."""
    writer = book.ledger._writer  # the limit belongs to the connection that writes
    pages = writer.execute("PRAGMA page_count").fetchone()[0]
    writer.execute(f"PRAGMA max_page_count = {pages}")

    def give() -> None:
        writer.execute("PRAGMA max_page_count = 1000000")

    return give


def fill(numbers: range) -> list[Record]:
    return [record for n in numbers for record in (query(n), start(n, f"user {n}", client=f"client {n}"))]


def test_a_full_disk_counts_nothing_half_and_goes_on_when_there_is_room(book: Book) -> None:
    book.deliver(query(1), start(1))
    give = no_room(book)
    before = book.samples()
    for _ in range(2):
        with pytest.raises(LedgerError, match="the disk is full; free some space, counting goes on by itself"):
            book.deliver(*fill(range(2, 500)), cursors={"deep": "lost"})
        assert book.samples() == before
    assert book.ledger.view(TARGET).cursor("athena", "deep") is None
    give()
    book.deliver(*fill(range(2, 500)))
    assert book.total(catalog.QUERIES) == 499
    assert book.total(catalog.USER_QUERIES) == 499
    assert book.count(catalog.USER_QUERIES, "user 498", "primary", "sales", "succeeded") == 1


def test_a_failed_batch_leaves_no_series_or_identity_in_memory_that_the_file_lacks(book: Book) -> None:
    give = no_room(book)
    with pytest.raises(LedgerError):
        book.deliver(*fill(range(500)))
    give()
    book.deliver(query(1), start(1, "user 1", client="client 1"))
    book.reopen()
    assert book.count(catalog.USER_QUERIES, "user 1", "primary", "sales", "succeeded") == 1
    assert book.count(catalog.CLIENT_QUERIES, "client 1", "primary") == 1
    assert [labels[0] for labels in book.shown(catalog.USER_INFO)] == ["user 1"]


def test_a_full_disk_while_adopting_changes_nothing(book: Book) -> None:
    book.deliver(*(query(n) for n in range(300)))
    give = no_room(book)

    def adopt_many() -> None:
        for number in range(10_000):
            book.ledger.adopt(replace(TARGET, account_id=f"{number:012d}"), BORN)

    with pytest.raises(LedgerError, match="disk is full"):
        adopt_many()
    give()
    assert book.total(catalog.QUERIES) == 300
    assert TARGET in book.ledger.targets()


def test_a_bug_in_the_middle_of_a_batch_rolls_back_what_came_before(book: Book) -> None:
    naive = replace(query(2), submitted_at=NOON.replace(tzinfo=None), ended_at=None)
    with pytest.raises(TypeError):
        book.deliver(query(1), naive)
    assert book.total(catalog.QUERIES) == 0
    book.deliver(query(1))
    assert book.total(catalog.QUERIES) == 1


# -- several threads ------------------------------------------------------------------------------------------------


def test_a_batch_is_in_memory_before_another_one_is_counted(tmp_path: Path) -> None:
    """Between the commit and the memory of it the second source tries to come between."""
    committed, other_done = threading.Event(), threading.Event()

    class SlowToRemember(Ledger):
        def _remember(self, target: Target, fresh: Mapping[SeriesKey, int]) -> None:
            if threading.current_thread().name == "first":
                committed.set()
                other_done.wait(0.3)  # it cannot be done before this one goes on: that is the point
            super()._remember(target, fresh)

    def second() -> None:
        assert committed.wait(60)
        book.deliver(query(2))
        other_done.set()

    settings = settings_for(tmp_path)
    with closing(SlowToRemember(settings, monotonic=time.monotonic)) as ledger:
        ledger.adopt(TARGET, BORN)
        book = Book(settings, ledger)
        threads = [threading.Thread(target=partial(book.deliver, query(1)), name="first")]
        threads.append(threading.Thread(target=second))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert other_done.is_set()
        assert book.count(catalog.QUERIES, *SUCCEEDED) == 2


@pytest.fixture
def _restless_threads() -> Iterator[None]:
    """Threads change places as often as the interpreter can, so that a race shows within a second."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_restless_threads")
def test_sources_the_publisher_and_pruning_share_one_ledger_without_losing_a_count(book: Book) -> None:
    """Every batch makes new series, while births end and caches are loaded anew: the hardest case for what is kept."""
    rounds = 30
    done = threading.Event()

    def source(first: int) -> None:
        for number in range(rounds):
            user = f"user {number}"
            book.deliver(query(first + number, workgroup=f"workgroup {number}"), start(first + number, user))

    def outlet() -> None:
        while not done.is_set():
            book.ledger.reveal()
            book.ledger.samples(NOON)
            book.ledger.stamp()
            book.ledger.prune(TARGET)

    sources = [threading.Thread(target=source, args=(first,)) for first in (0, 1000)]
    beside = threading.Thread(target=outlet)
    for thread in (*sources, beside):
        thread.start()
    for thread in sources:
        thread.join()
    done.set()
    beside.join()
    for _ in range(2):
        assert book.total(catalog.QUERIES) == 2 * rounds
        assert book.total(catalog.USER_QUERIES) == 2 * rounds
        book.reopen()


# -- how fresh ------------------------------------------------------------------------------------------------------


def test_a_success_is_told_also_when_there_was_nothing_to_read(book: Book) -> None:
    book.ledger.succeeded(TARGET, "lookup", NOON)
    assert book.count(catalog.SOURCE_LAST_SUCCESS, "lookup") == NOON.timestamp() * 1000
    assert book.shown(catalog.SOURCE_COMPLETE_UNTIL) == {}


def test_a_clock_that_was_ahead_does_not_make_a_source_look_fresh_for_ever(book: Book) -> None:
    for at in (NOON + 400 * DAY, NOON):
        book.ledger.succeeded(TARGET, "lookup", at)
    assert book.count(catalog.SOURCE_LAST_SUCCESS, "lookup") == NOON.timestamp() * 1000


def test_a_source_may_begin_a_window_before_its_last_without_going_back(book: Book) -> None:
    for until in (NOON, NOON - HOUR):
        window = Read(evidence=Evidence.EXECUTIONS, since=BORN, until=until, begun_at=NOON)
        book.deliver(reads=[window])
    assert book.count(catalog.SOURCE_COMPLETE_UNTIL, "athena") == NOON.timestamp() * 1000


def test_a_read_window_survives_a_restart(book: Book) -> None:
    book.deliver(reads=[read_of(Evidence.EXECUTIONS, begun=NOON)])
    book.reopen()
    assert book.count(catalog.SOURCE_COMPLETE_UNTIL, "athena") == NOON.timestamp() * 1000
