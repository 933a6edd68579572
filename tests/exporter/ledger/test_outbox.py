"""Why these tests exist: a fact waits until every consumer has it, and counting waits for none of them."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from book import BORN, DAY, HOUR, MB, NOON, TARGET, Book, MakeBook, query, query_id, start

from athena_exporter import catalog
from athena_exporter.ledger import outbox
from athena_exporter.ledger.model import Fact
from athena_exporter.ledger.outbox import Bounds
from athena_exporter.ledger.store import LedgerSettings
from athena_exporter.records import QueryError, State, epoch_ms

LATER = NOON + 10 * DAY
TWO = {"rules": {"facts": True}, "consumers": ("events", "history")}


def bodies(book: Book, consumer: str = "events") -> list[dict[str, Any]]:
    return [json.loads(fact.body) for fact in book.ledger.pending_facts(consumer, 100)]


def depth(book: Book, consumer: str = "events") -> int | float:
    return book.shown(catalog.OUTBOX_DEPTH)[(consumer,)]


def test_without_a_consumer_nothing_is_written(book: Book) -> None:
    book.deliver(query(), start())
    assert bodies(book) == []
    assert book.shown(catalog.OUTBOX_DEPTH) == {}


def test_a_finished_query_with_its_user_is_one_fact(make_book: MakeBook) -> None:
    with make_book(**TWO) as book:
        error = QueryError(category=2, type=1, retryable=False)
        book.deliver(query(state=State.FAILED, error=error))
        assert bodies(book) == [], "its user is not known yet"
        book.reopen()
        book.deliver(start())
        (fact,) = book.ledger.pending_facts("events", 10)
        body = json.loads(fact.body)
        assert (fact.kind, body["query_id"], body["attribution"]) == ("query", query_id(1), "known")
        assert body["at"] == "2026-03-10T12:00:00.000+00:00"
        assert body["identity"] == {"user": "ann", "role": "analyst", "kind": "person", "client": "console"}
        assert (body["billed_bytes"], body["cost_nanousd"]) == (0, 0)
        assert body["execution"]["error"] == {"category": 2, "type": 1, "retryable": False}
        assert body["execution"]["scanned_bytes"] == 100 * MB


def test_a_query_that_was_given_up_is_told_without_a_user_and_its_late_identity_after_it(make_book: MakeBook) -> None:
    with make_book(**TWO) as book:
        book.deliver(query())
        book.looked(NOON + 4 * HOUR)
        book.deliver(start())
        told = [(fact.kind, json.loads(fact.body)) for fact in book.ledger.pending_facts("events", 10)]
        assert [kind for kind, _ in told] == ["query", "identity"]
        assert (told[0][1]["attribution"], told[0][1]["identity"]) == ("not_found", None)
        assert (told[1][1]["attribution"], told[1][1]["identity"]["user"]) == ("late", "ann")


def test_the_past_is_not_told(make_book: MakeBook) -> None:
    with make_book(**TWO, seed=DAY) as book:
        book.deliver(query(at=BORN - HOUR), start(at=BORN - HOUR))
        assert bodies(book) == []


def test_facts_are_written_with_the_count_or_not_at_all(make_book: MakeBook) -> None:
    with make_book(**TWO) as book:
        book.deliver(query(), start())
        book.deliver(query(), start())
        assert len(bodies(book)) == 1


def test_each_consumer_acknowledges_for_itself(make_book: MakeBook) -> None:
    with make_book(**TWO) as book:
        book.deliver(query(1), start(1), query(2), start(2))
        first, second = (fact.seq for fact in book.ledger.pending_facts("events", 10))
        assert [fact.seq for fact in book.ledger.pending_facts("events", 1)] == [first]
        assert [fact.seq for fact in book.ledger.pending_facts("events", 10, after=first)] == [second]
        assert book.ledger.pending_facts("events", 10, after=second) == []
        book.ledger.acknowledge("events", first)
        assert (depth(book, "events"), depth(book, "history")) == (1, 2)
        book.ledger.acknowledge("events", second)
        assert book.ledger.pending_facts("events", 10, after=first) == []
        book.ledger.acknowledge("events", first)
        assert (depth(book, "events"), depth(book, "history")) == (0, 2)
        book.reopen()
        assert (depth(book, "events"), depth(book, "history")) == (0, 2)
        book.ledger.acknowledge("history", second)
        assert bodies(book, "history") == []


def test_a_new_consumer_begins_with_the_next_fact(make_book: MakeBook) -> None:
    with make_book(**TWO) as book:
        book.deliver(query(1), start(1))
        book.settings = _with_consumers(book, "events", "notifications")
        book.reopen()
        book.deliver(query(2), start(2))
        assert [body["query_id"] for body in bodies(book, "notifications")] == [query_id(2)]
        assert len(bodies(book, "events")) == 2


def test_a_consumer_that_is_no_longer_configured_holds_nothing_back(make_book: MakeBook) -> None:
    with make_book(**TWO) as book:
        book.deliver(query(1), start(1))
        book.swept(LATER, query(2, at=LATER), start(2, at=LATER))
        book.ledger.prune(TARGET)
        assert book.ledger.view(TARGET).low_water() == NOON
        book.settings = _with_consumers(book)
        book.reopen()
        assert book.shown(catalog.OUTBOX_DEPTH) == {}
        book.ledger.prune(TARGET)
        assert book.ledger.view(TARGET).low_water() == LATER - 3 * DAY


def test_an_undelivered_fact_holds_the_mark_and_a_delivered_one_lets_it_rise(make_book: MakeBook) -> None:
    with make_book(**TWO) as book:
        book.deliver(query(1), start(1))
        book.swept(LATER, query(2, at=LATER), start(2, at=LATER))
        book.ledger.acknowledge("events", 2)
        book.ledger.acknowledge("history", 1)
        book.ledger.prune(TARGET)
        assert book.ledger.view(TARGET).low_water() == LATER - 3 * DAY


def test_the_oldest_fact_that_one_consumer_lacks_holds_the_mark(make_book: MakeBook) -> None:
    with make_book(**TWO) as book:
        book.deliver(query(1), start(1))
        book.swept(LATER, query(2, at=LATER), start(2, at=LATER))
        book.ledger.acknowledge("events", 2)
        book.ledger.prune(TARGET)
        assert book.ledger.view(TARGET).low_water() == NOON


def test_facts_that_are_too_old_are_dropped_and_counted_for_those_who_lack_them(make_book: MakeBook) -> None:
    with make_book(**TWO, outbox_bounds=Bounds(max_age=13 * DAY)) as book:
        book.deliver(query(1), start(1), query(2), start(2), at=NOON)
        book.ledger.acknowledge("history", 1)
        book.deliver(at=NOON + 13 * DAY)
        book.ledger.prune(TARGET)
        assert depth(book) == 2
        book.deliver(at=NOON + 13 * DAY + timedelta(milliseconds=1))
        book.ledger.prune(TARGET)
        assert depth(book) == 0
        assert book.shown(catalog.OUTBOX_DROPPED) == {("events",): 2, ("history",): 1}
        assert book.total(catalog.QUERIES) == 2


def test_facts_that_are_too_many_are_dropped_oldest_first(make_book: MakeBook) -> None:
    with make_book(**TWO) as book:
        book.deliver(query(1), start(1))
        size = len(book.ledger.pending_facts("events", 1)[0].body.encode())
    room_for_two = Bounds(max_bytes=2 * size + size // 2)
    with make_book(**TWO, outbox_bounds=room_for_two) as book:
        book.deliver(query(2), start(2), query(3), start(3))
        book.ledger.prune(TARGET)
        assert [body["query_id"] for body in bodies(book)] == [query_id(2), query_id(3)]
        assert book.shown(catalog.OUTBOX_DROPPED) == {("events",): 1, ("history",): 1}
        book.ledger.prune(TARGET)
        assert book.shown(catalog.OUTBOX_DROPPED) == {("events",): 1, ("history",): 1}


def _with_consumers(book: Book, *names: str) -> LedgerSettings:
    return replace(book.settings, consumers=names)


# -- readers of news alone ----------------------------------------------------------------------------------------

CHANNEL = "notifications/ops"
MIXED = {"rules": {"facts": True}, "consumers": ("events",), "channels": (CHANNEL,)}


def tell(book: Book, kind: str, *, at: datetime = NOON) -> None:
    with book.ledger._transaction() as connection:
        outbox.write(connection, 1, [Fact(kind=kind, at=at, body="{}")], epoch_ms(at))


def kinds(book: Book, consumer: str) -> list[str]:
    return [fact.kind for fact in book.ledger.pending_facts(consumer, 100)]


def test_a_channel_reads_news_alone_and_events_read_everything(make_book: MakeBook) -> None:
    with make_book(**MIXED) as book:
        book.deliver(query(1), start(1))
        tell(book, "budget")
        book.deliver(query(2), start(2))
        tell(book, "guard")
        assert kinds(book, "events") == ["query", "budget", "query", "guard"]
        assert kinds(book, CHANNEL) == ["budget", "guard"]
        assert [fact.seq for fact in book.ledger.pending_facts(CHANNEL, 1, after=2)] == [4]
        assert (depth(book, "events"), depth(book, CHANNEL)) == (4, 2)


def test_a_channel_that_is_down_keeps_the_news_and_nothing_else(make_book: MakeBook) -> None:
    with make_book(**MIXED) as book:
        tell(book, "budget")
        for number in range(50):
            book.deliver(query(number), start(number))
        tell(book, "guard")
        book.ledger.acknowledge("events", 52)
        assert stored(book) == ["budget", "guard"]
        assert (depth(book, "events"), depth(book, CHANNEL)) == (0, 2)
        book.deliver(query(60), start(60))
        assert (kinds(book, "events"), depth(book, "events")) == (["query"], 1)
        book.reopen()
        assert stored(book) == ["budget", "guard", "query"]
        book.ledger.acknowledge(CHANNEL, 52)
        book.ledger.acknowledge("events", 53)
        assert stored(book) == []
        assert (depth(book, "events"), depth(book, CHANNEL)) == (0, 0)


def test_events_that_are_down_hold_up_no_channel(make_book: MakeBook) -> None:
    with make_book(**MIXED) as book:
        book.deliver(query(1), start(1))
        tell(book, "budget")
        book.ledger.acknowledge(CHANNEL, 2)
        assert (kinds(book, CHANNEL), depth(book, CHANNEL), depth(book, "events")) == ([], 0, 2)
        tell(book, "guard")
        assert kinds(book, CHANNEL) == ["guard"]


def test_one_channel_waits_for_no_other(make_book: MakeBook) -> None:
    with make_book(channels=(CHANNEL, "notifications/team")) as book:
        tell(book, "budget")
        book.ledger.acknowledge(CHANNEL, 1)
        assert (kinds(book, CHANNEL), kinds(book, "notifications/team")) == ([], ["budget"])
        book.ledger.acknowledge("notifications/team", 1)
        assert stored(book) == []


def test_news_hold_back_no_mark_for_they_hold_all_that_they_tell_of(make_book: MakeBook) -> None:
    with make_book(channels=(CHANNEL,)) as book:
        book.deliver(query(1), start(1))
        tell(book, "budget")
        book.swept(LATER, query(2, at=LATER), start(2, at=LATER))
        book.ledger.prune(TARGET)
        assert book.ledger.view(TARGET).low_water() == LATER - 3 * DAY
        assert kinds(book, CHANNEL) == ["budget"]


def test_what_is_dropped_counts_for_those_who_wanted_it(make_book: MakeBook) -> None:
    with make_book(**MIXED, outbox_bounds=Bounds(max_age=DAY)) as book:
        book.deliver(query(1), start(1), query(2), start(2), at=NOON)
        tell(book, "budget")
        book.deliver(at=NOON + 2 * DAY)
        book.ledger.prune(TARGET)
        assert book.shown(catalog.OUTBOX_DROPPED) == {("events",): 3, (CHANNEL,): 1}


def test_news_between_many_queries_are_found_without_reading_them(make_book: MakeBook) -> None:
    with make_book(**MIXED) as book:
        statement = """
            SELECT seq FROM facts f JOIN targets t ON t.id = f.target_id
            WHERE seq > (SELECT max(acknowledged_seq, 0) FROM consumers WHERE name = ?) AND kind IN ('budget', 'guard')
            ORDER BY seq LIMIT 1
            """
        plan = book.ledger._writer.execute(f"EXPLAIN QUERY PLAN {statement}", (CHANNEL,)).fetchall()
        assert any("USING INDEX facts_news" in row[3] for row in plan), plan


def stored(book: Book) -> list[str]:
    return [kind for (kind,) in book.ledger._writer.execute("SELECT kind FROM facts ORDER BY seq")]
