"""A source that was switched off must not hold back what the others have read to its end."""

from book import BORN, DAY, HOUR, NOON, TARGET, Book, query, read_of, start

from athena_exporter import catalog
from athena_exporter.records import Evidence

LATER = NOON + 10 * DAY


def grown_old(book: Book) -> None:
    """Two sources prove executions; one of them ended its work at noon."""
    proof = read_of(Evidence.EXECUTIONS, begun=NOON + HOUR)
    book.deliver(query(1), start(1), at=NOON + HOUR, source="system_table", reads=[proof])
    book.swept(LATER, query(2, at=LATER), start(2, at=LATER))


def test_a_retired_source_no_longer_holds_the_low_water_mark(book: Book) -> None:
    grown_old(book)
    book.ledger.prune(TARGET)
    assert book.ledger.view(TARGET).low_water() == NOON + HOUR
    book.ledger.retire(TARGET, ["athena", "lookup"])
    book.ledger.prune(TARGET)
    assert book.ledger.view(TARGET).low_water() == LATER - 3 * DAY
    assert book.total(catalog.QUERIES) == 2


def test_a_retired_source_is_no_longer_shown(book: Book) -> None:
    grown_old(book)
    assert book.shown(catalog.SOURCE_LAST_SUCCESS).keys() == {("athena",), ("system_table",)}
    book.ledger.retire(TARGET, ["athena"])
    assert book.shown(catalog.SOURCE_LAST_SUCCESS).keys() == {("athena",)}
    assert book.shown(catalog.SOURCE_COMPLETE_UNTIL) == {("athena",): LATER.timestamp() * 1000}


def test_cursors_stay_should_the_source_come_back(book: Book) -> None:
    grown_old(book)
    book.deliver(at=LATER, source="system_table", cursors={"page": "7"})
    book.ledger.retire(TARGET, [])
    assert book.ledger.view(TARGET).cursor("system_table", "page") == "7"


def test_a_target_that_nobody_adopted_has_nothing_to_retire(book: Book) -> None:
    stranger = TARGET.__class__(account_id="999999999999", region="eu-west-1")
    book.ledger.retire(stranger, ["athena"])
    assert book.ledger.view(TARGET).low_water() == BORN
