"""What only the system table told, and what asking it has cost, are counted durably, with the batch that brought it."""

from dataclasses import replace

from book import HOUR, NOON, TARGET, Book, query, query_id, start

from athena_exporter import catalog
from athena_exporter.records import Batch

NOTHING = Batch(source="system_table", target=TARGET, observed_at=NOON)


def test_bytes_and_queries_add_up_over_a_restart(book: Book) -> None:
    told = replace(NOTHING, asked={"system_table": 10}, untold={"execution": 2, "identity": 3})
    book.ledger.apply(told)
    book.reopen()
    book.ledger.apply(told)
    assert book.total(catalog.ASKED_BYTES) == 20
    assert book.total(catalog.UNTOLD_QUERIES) == 10


def test_where_nothing_was_missed_there_is_a_0_and_without_the_source_no_series(book: Book) -> None:
    book.ledger.apply(replace(NOTHING, source="athena"))
    assert book.shown(catalog.UNTOLD_QUERIES) == book.shown(catalog.ASKED_BYTES) == {}
    book.ledger.apply(replace(NOTHING, asked={"system_table": 0}, untold={"execution": 0, "identity": 0}))
    assert book.shown(catalog.UNTOLD_QUERIES) == {("execution",): 0, ("identity",): 0}


def test_the_ledger_tells_which_queries_have_a_user(book: Book) -> None:
    known, lonely, started = query_id(1), query_id(2), query_id(3)
    book.ledger.apply(replace(NOTHING, records=(query(1), start(1), query(2), start(3, at=NOON + HOUR))))
    view = book.ledger.view(TARGET)
    assert view.attributed([known, lonely, started, query_id(4)]) == {known, started}
    assert view.attributed([]) == set()
