"""Why these tests exist: whoever writes many facts as one must begin again where he was, and hold up nobody."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from book import HOUR, MINUTE, NOON, Book, opened, query, settings_for, start

from athena_exporter.ledger import outbox
from athena_exporter.ledger.model import Fact
from athena_exporter.ledger.outbox import Waiting


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    settings = settings_for(tmp_path, rules={"facts": True}, consumers=("events", "history"))
    with opened(settings) as found:
        for number in range(1, 8):
            at = NOON + number * MINUTE
            found.deliver(query(number, at=at), start(number, at=at), at=at)
        yield found


def kept(book: Book) -> int:
    return int(book.ledger._reader.execute("SELECT count(*) FROM facts").fetchone()[0])


def test_it_tells_what_waits_and_since_when(book: Book) -> None:
    box = book.ledger.box("history")
    oldest = int((NOON + MINUTE).timestamp() * 1000)
    assert box.waiting() == Waiting(first=1, last=7, oldest_ms=oldest)
    assert [fact.seq for fact in box.facts(after=2, limit=3)] == [3, 4, 5]
    assert box.facts(after=2, limit=1)[0].written_ms == oldest + 2 * 60_000
    box.acknowledge(7)
    assert box.waiting() is None
    assert len(box.ledger_id) == 32


def test_an_intent_holds_over_a_restart_until_it_is_acknowledged(book: Book) -> None:
    assert book.ledger.box("history").intended() is None
    book.ledger.box("history").intend(4)
    book.reopen()
    box = book.ledger.box("history")
    assert box.intended() == 4
    box.acknowledge(4)
    assert box.intended() is None
    box.intend(6)
    assert (box.intended(), book.ledger.box("events").intended()) == (6, None)


def test_facts_go_a_few_at_a_time_once_all_have_had_them(book: Book) -> None:
    book.ledger.box("history").acknowledge(5, at_once=2)
    assert kept(book) == 7, "the events have had none"
    book.ledger.box("events").acknowledge(7, at_once=2)
    assert kept(book) == 2
    book.ledger.box("history").acknowledge(7, at_once=2)
    assert kept(book) == 0


def test_news_stay_for_those_whom_they_are_for(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, rules={"facts": True}, consumers=("history",), channels=("notifications/ops",))
    with opened(settings) as book:
        book.deliver(query(), start())
        with book.ledger._transaction() as connection:
            outbox.write(connection, 1, [Fact(kind="budget", at=NOON, body="{}")], 0)
        book.ledger.box("history").acknowledge(2)
        assert [fact.kind for fact in book.ledger.pending_facts("notifications/ops", 9)] == ["budget"]
        assert kept(book) == 1


def test_what_the_bound_drops_is_waited_for_by_nobody(book: Book) -> None:
    box = book.ledger.box("history")
    box.intend(3)
    book.deliver(at=NOON + 20 * 24 * HOUR)
    book.ledger.prune(book.ledger.targets()[0])
    assert (box.intended(), box.waiting()) == (None, None)
