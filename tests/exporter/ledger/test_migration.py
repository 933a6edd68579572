"""Ledgers of the last version open in this one, with every number they held. `ledger_v1.sql` is SQLite's own dump of
what version 1 wrote about six queries, a refused start and a cursor, when all of it had been published.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from book import BORN, DAY, HOUR, MB, MINUTE, NOON, TARGET, Book, bare, opened, query, settings_for, start

from athena_exporter import catalog
from athena_exporter.budgets import Amount, Budget, Calendar, Per, Period, Unit
from athena_exporter.ledger import files, history, schema
from athena_exporter.records import State

DUMP = (Path(__file__).parent / "ledger_v1.sql").read_text()
SUCCEEDED = ("primary", "DML", "succeeded")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A folder with a ledger of version 1, whose process has ended."""
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as connection:
        connection.executescript(DUMP)
    lock = files.WriterLock(tmp_path / "ledger.db")
    lock.write(files.Stamp(ledger_id=f"{1:032}", sequence=5))
    lock.release()
    return tmp_path


@pytest.fixture
def book(old: Path) -> Iterator[Book]:
    """That ledger, opened by this version."""
    with opened(settings_for(old, consumers=("events",), seed=DAY, rules={"facts": True})) as book:
        yield book


def test_no_number_is_lost(book: Book) -> None:
    assert not book.ledger.restored
    assert book.shown(catalog.QUERIES) == {
        SUCCEEDED: 1,
        ("etl", "unknown", "failed"): 1,
        ("primary", "DDL", "succeeded"): 1,
    }
    assert book.total(catalog.COST_USD) == 476_837
    assert book.shown(catalog.USER_QUERIES) == {
        ("ann", "primary", "sales", "succeeded"): 2,
        ("bob", "etl", "sales", "failed"): 1,
    }
    assert book.total(catalog.START_REJECTIONS) == 1
    assert book.shown(catalog.WINDOW_QUERIES)[("yesterday", "primary")] == 1
    assert book.ledger.view(TARGET).cursor("lookup", "full") == "2026-03-10T11:00:00+00:00"
    assert len(book.ledger.pending_facts("events", 10)) == 3


def test_counting_goes_on_and_nothing_counts_again(book: Book) -> None:
    at = NOON + 2 * MINUTE
    book.deliver(query(1, engine_ms=5), query(5, engine_ms=700), query(6), start(3, at=BORN - HOUR), query(7), at=at)
    assert book.count(catalog.QUERIES, *SUCCEEDED) == 4
    assert book.distribution(catalog.ENGINE_SECONDS, "primary", "DML") == {"1000": 1, "sum": 700}
    assert book.shown(catalog.USER_WINDOW_QUERIES)["yesterday", "ann"] == 1


def test_what_waited_for_statistics_goes_on_waiting(book: Book) -> None:
    book.deliver(bare(6), at=NOON + 2 * MINUTE)
    assert book.count(catalog.QUERIES, *SUCCEEDED) == 1
    book.deliver(bare(6), at=NOON + 3 * MINUTE)
    assert book.count(catalog.MISSING_STATISTICS, "primary") == 1


def test_known_queries_are_there_by_statement_type(book: Book) -> None:
    found = history.executions(book.settings.path, BORN - DAY, NOON)
    assert [(row.workgroup, row.statement_type, row.state, row.queries, row.scanned_bytes) for row in found] == [
        ("etl", "unknown", "failed", 1, 0),
        ("primary", "DDL", "succeeded", 1, 0),
        ("primary", "DML", "succeeded", 2, 200 * MB),
    ]


def test_budgets_begin_with_what_the_old_ledger_knew(old: Path) -> None:
    daily = Budget(
        name="d", per=Per.USER, window=Calendar(period=Period.DAY), limit=Amount(unit=Unit.BYTES, value=1)
    )  # fmt: skip  # as short as it can be said
    with opened(settings_for(old, budgets=(daily,))) as book:
        (before,) = book.ledger.budget_states(BORN - HOUR)
        (now,) = book.ledger.budget_states(NOON)
        users = history.usage(book.settings.path, BORN, BORN + DAY)
        assert {one.subject: one.used for one in now.states[0].standings} == {
            row.user: row.scanned_bytes for row in users if row.user in {"ann", "bob"}
        }
        assert {one.subject for one in before.states[0].standings} <= {"ann", "bob"}


def test_the_old_file_is_kept_as_it_was(book: Book) -> None:
    book.deliver(query(9, state=State.FAILED))
    with closing(sqlite3.connect(book.settings.path.with_name("ledger.db.v1"))) as kept:
        assert kept.execute("PRAGMA user_version").fetchone() == (1,)
        assert kept.execute("SELECT count(*) FROM queries").fetchone() == (6,)
        assert kept.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def columns(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every table's columns with their types and keys, and every index."""
    with closing(sqlite3.connect(path)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {name: connection.execute(f"PRAGMA table_info({name})").fetchall() for name in tables}
        indexes = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"
        return found | {"indexes": connection.execute(indexes).fetchall()}


def test_an_old_ledger_becomes_what_a_new_one_is(book: Book, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    with opened(settings_for(tmp_path / "new")) as new:
        assert columns(book.settings.path) == columns(new.settings.path)


def test_a_step_writes_no_number_of_a_day_that_the_model_does_not_know() -> None:
    """SQL has no constants: the milliseconds of a day stand in the step as digits."""
    assert set(re.findall(r"\d{5,}", "".join(schema.MIGRATIONS))) == {str(DAY.days * 86_400_000)}
