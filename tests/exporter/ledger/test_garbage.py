"""The collector is off while a batch is counted, and never stays off."""

import gc

import pytest
from book import TARGET, Book, query

from athena_exporter.ledger.errors import LedgerError
from athena_exporter.ledger.garbage import Uncollected
from athena_exporter.records import Batch, Target


def test_the_collector_is_on_again_when_the_last_one_has_left() -> None:
    garbage = Uncollected()
    with garbage.held_back():
        assert not gc.isenabled()
        with garbage.held_back():
            assert not gc.isenabled()
        assert not gc.isenabled(), "the publisher still renders when a batch is done"
    assert gc.isenabled()


def test_the_collector_is_on_again_after_a_batch_and_after_one_that_failed(book: Book) -> None:
    book.deliver(query())
    assert gc.isenabled()
    stranger = Target(account_id="9" * 12, region=TARGET.region)
    with pytest.raises(LedgerError, match="not adopted"):
        book.ledger.apply(Batch(source="athena", target=stranger, observed_at=query().submitted_at))
    assert gc.isenabled()
