"""Half a surrogate pair in any text of any record: it is counted like every other, and nothing that is read breaks."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
from book import BORN, DAY, NOON, TARGET, MakeBook, query, start, who

from athena_exporter import catalog
from athena_exporter.ledger import tables
from athena_exporter.ledger.texts import storable
from athena_exporter.records import Batch, Mode, Origin, QueryExecution, StartedQuery, TableEvent, TableUse

HALF = "half\ud83d"
WHOLE = "half\ufffd"


def use(**told: Any) -> TableUse:
    plain: dict[str, Any] = {"catalog": "awsdatacatalog", "database": "sales", "table": "orders", "mode": Mode.READ}
    return TableUse(**plain | told)


RECORDS: Mapping[str, tuple[QueryExecution | StartedQuery, ...]] = {
    "a table": (query(tables=(use(table=HALF),)), start()),
    "a table's database": (query(tables=(use(database=HALF),)), start()),
    "a table's catalogue": (query(tables=(use(catalog=HALF),)), start()),
    "a database": (query(database=HALF), start()),
    "a workgroup": (query(workgroup=HALF), start()),
    "a user": (query(), start(user=HALF)),
    "a client": (query(), start(client=HALF)),
    "a workload": (query(workload=HALF), start()),
    "a statement's type": (query(statement_type=HALF), start()),
    "a statement": (query(sql_text=HALF), start()),
    "a table of a query without a user": (query(tables=(use(table=HALF, database=HALF),)),),
}


@pytest.mark.parametrize("where", RECORDS)
def test_half_a_surrogate_pair_ends_no_transaction_and_is_counted(make_book: MakeBook, where: str) -> None:
    with make_book() as book:
        book.deliver(*RECORDS[where])
        assert book.total(catalog.QUERIES) == 1
        (counted,) = (each for each in book.samples() if each.metric == catalog.QUERIES.name)
        assert (WHOLE in counted.labels) is (where in {"a workgroup", "a statement's type"})


def test_the_use_of_such_a_table_can_be_read_before_and_after_its_user_is_known(make_book: MakeBook) -> None:
    with make_book() as book:
        for records in (RECORDS["a table of a query without a user"], (start(),)):
            book.deliver(*records)
            (row,) = tables.usage(book.settings.path, BORN, NOON + DAY)
            assert (row.database, row.table, row.queries) == (WHOLE, WHOLE, 1)


def test_what_utf_8_can_hold_is_the_very_same() -> None:
    told = query(tables=(use(table="größe"), use(table="数据 \U0001f600")), database="ünïcödé")
    assert storable(told) is told


def test_every_text_of_a_batch_is_mended_and_nothing_else_changes() -> None:
    event = TableEvent(
        event_id=HALF, at=NOON, account_id="1", region="r", api="GetTable", origin=Origin.GLUE, mode=Mode.METADATA,
        identity=who(HALF), query_id=None, catalog=HALF, database=HALF, table=HALF,
    )  # fmt: skip  # a dozen fields read best as a block
    batch = Batch(source="lookup", target=TARGET, observed_at=NOON, records=(event, query()), cursors={HALF: HALF})
    mended = storable(batch)
    (changed, same) = mended.records
    assert isinstance(changed, TableEvent)
    assert (changed.event_id, changed.table, changed.identity.user) == (WHOLE, WHOLE, WHOLE)
    assert (changed.mode, changed.at, changed.query_id) == (Mode.METADATA, NOON, None)
    assert isinstance(changed.at, datetime)
    assert same == query()
    assert mended.cursors == {WHOLE: WHOLE}
    assert mended.target == TARGET
