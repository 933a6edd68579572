"""A source that was switched off must not hold back what the others have read to its end."""

from book import BORN, DAY, HOUR, NOON, TARGET, Book, query, read_of, start

from athena_exporter import catalog
from athena_exporter.records import Evidence, Target

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


# -- a source that reads for all targets ------------------------------------------------------------------------------

OTHER = Target(account_id="444455556666", region="eu-west-1")
SHARED = {"trail"}
PROVED = {("athena",), ("trail",)}


def grown(book: Book) -> None:
    """The first target starts `trail`, which has proved something of each."""
    book.ledger.adopt(OTHER, NOON)
    for target in (TARGET, OTHER):
        for source, evidence in (("trail", Evidence.IDENTITIES), ("athena", Evidence.EXECUTIONS)):
            book.deliver(at=LATER, target=target, source=source, reads=[read_of(evidence, begun=LATER)])
    book.deliver(at=LATER, source="trail", cursors={"drained": "noon"})


def restarted(book: Book, *targets: Target) -> None:
    """As the service begins with these targets: the first one starts what is shared."""
    for place, target in enumerate(targets):
        names = ["athena", "trail"] if place == 0 else ["athena"]
        book.ledger.retire(target, names, SHARED)


def complete(book: Book, target: Target) -> set[tuple[str, ...]]:
    return {
        one.labels
        for one in book.ledger.samples(LATER)
        if one.metric == catalog.SOURCE_COMPLETE_UNTIL.name and one.target == target
    }


def test_a_shared_source_stays_with_targets_that_do_not_start_it(book: Book) -> None:
    grown(book)
    restarted(book, TARGET, OTHER)
    assert complete(book, TARGET) == complete(book, OTHER) == PROVED


def test_targets_in_another_order_keep_what_was_proved_and_the_cursors_move_to_the_first(book: Book) -> None:
    grown(book)
    restarted(book, OTHER, TARGET)
    assert complete(book, TARGET) == complete(book, OTHER) == PROVED
    assert book.ledger.view(OTHER).cursors("trail") == {"drained": "noon"}
    assert book.ledger.view(TARGET).cursors("trail") == {}
    book.deliver(at=LATER, target=OTHER, source="trail", cursors={"drained": "one"})
    restarted(book, TARGET, OTHER)
    assert book.ledger.view(TARGET).cursors("trail") == {"drained": "one"}, "not those of its own last time"


def test_the_first_target_may_go_and_the_next_one_reads_on(book: Book) -> None:
    grown(book)
    restarted(book, OTHER)
    assert complete(book, OTHER) == PROVED
    assert book.ledger.view(OTHER).cursors("trail") == {"drained": "noon"}


def test_a_shared_source_that_is_switched_off_is_retired_everywhere(book: Book) -> None:
    grown(book)
    for target in (TARGET, OTHER):
        book.ledger.retire(target, ["athena"])
    assert complete(book, TARGET) == complete(book, OTHER) == {("athena",)}
