"""Why these tests exist: who reads what is the answer that a data owner acts on."""

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from book import BORN, HOUR, NOON, opened, query, settings_for, start
from rich.console import Console

from athena_exporter.ledger import tables
from athena_exporter.outlets.report import NARROWEST, build_tables, to_csv, to_json, to_rich
from athena_exporter.records import Mode, State, TableUsageRow, TableUse

AT = datetime(2026, 3, 10, 9, 5, tzinfo=UTC)


def used(table: str, user: str, queries: int = 1, mode: Mode = Mode.READ, at: datetime | None = AT) -> TableUsageRow:
    database, _, name = table.partition(".")
    return TableUsageRow(database=database, table=name, mode=mode, user=user, queries=queries, last_succeeded_at=at)


COMPANY = (
    used("sales.orders", "ann", 5),
    used("sales.orders", "bob", 9, at=AT + timedelta(hours=1)),
    used("sales.orders", "cyd"),
    used("sales.orders", "dan"),
    used("sales.orders", "airflow", 3, Mode.WRITE, AT + timedelta(days=3)),
    used("web.visits", "ann", 70),
    used("web.visits", "pending", 4),
    used("web.visits", "unattributed", 2),
    used("lab.scratch", "eve", 1, Mode.DDL, None),
    used("other.other", "eve", 1, Mode.METADATA),
)


def test_tables_come_by_their_readers_with_queries_by_mode_and_the_last_read() -> None:
    table = build_tables(COMPANY)
    assert [column.key for column in table.columns] == [
        "table", "readers", "read", "write", "ddl", "metadata", "last_read", "users",
    ]  # fmt: skip  # a list of names
    assert table.rows == (
        ("sales.orders", 4, 16, 3, 0, 0, "2026-03-10 10:05", "bob, ann, cyd, dan"),
        ("web.visits", 1, 76, 0, 0, 0, "2026-03-10 09:05", "ann, pending, unattributed"),
        ("lab.scratch", 0, 0, 0, 1, 0, None, ""),
        ("other.other", 0, 0, 0, 0, 1, None, ""),
    )
    assert table.total == ("total", 4, 92, 3, 1, 1, "2026-03-10 10:05", "")


def test_a_table_for_people_is_cut_and_says_what_it_left_out() -> None:
    table = build_tables(COMPANY, limit=1)
    assert table.rows == (("sales.orders", 4, 16, 3, 0, 0, "2026-03-10 10:05", "bob, ann, cyd and 1 more"),)
    assert table.omitted == 3
    assert table.total[2] == 92


def test_names_that_need_a_word_get_one() -> None:
    notes = build_tables(COMPANY).notes
    assert [note.split(":")[0] for note in notes] == ["other.other", "pending", "unattributed"]
    assert build_tables(COMPANY[:2]).notes == ()


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="a limit of 0 shows nothing"):
        build_tables(COMPANY, limit=0)


def test_it_is_drawn_and_written_like_every_other_report() -> None:
    table = build_tables(COMPANY, limit=20)
    drawn = io.StringIO()
    Console(width=NARROWEST, file=drawn).print(to_rich(table))
    assert "sales.orders" in drawn.getvalue()
    assert json.loads(to_json(table))[0]["readers"] == 4
    assert to_csv(table).splitlines()[3] == "lab.scratch,0,0,0,1,0,,"


def test_the_report_reads_what_the_ledger_counted(tmp_path: Path) -> None:
    orders = TableUse(catalog="awsdatacatalog", database="sales", table="orders", mode=Mode.READ)
    with opened(settings_for(tmp_path)) as book:
        book.deliver(query(1, tables=(orders,)), start(1, "ann"), query(2, tables=(orders,)))
        book.deliver(query(3, tables=(orders,), state=State.FAILED, at=NOON + HOUR), start(3, "bob", at=NOON + HOUR))
        table = build_tables(tables.usage(book.settings.path, BORN, NOON + 2 * HOUR))
    assert table.rows == (("sales.orders", 2, 3, 0, 0, 0, "2026-03-10 12:00", "ann, bob, pending"),)
