"""Why these tests exist: a restored copy must look like a reset to Prometheus, never like a spike, and a ledger of the
last version opens in this one while the old file stays."""

import shutil
import sqlite3
import stat
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from book import Book, MakeBook, opened, query, settings_for, start

from athena_exporter import catalog
from athena_exporter.ledger import files, schema
from athena_exporter.ledger.errors import LedgerError
from athena_exporter.ledger.store import Ledger, LedgerSettings

SUCCEEDED = ("primary", "DML", "succeeded")


def open_once(settings: LedgerSettings) -> None:
    with opened(settings):
        pass


# -- restored copies ------------------------------------------------------------------------------------------------


def copied(settings: LedgerSettings, to: Path) -> None:
    with closing(sqlite3.connect(settings.path)) as live, closing(sqlite3.connect(to)) as copy:
        live.backup(copy)


def restored(settings: LedgerSettings, copy: Path) -> None:
    for path in settings.path.parent.glob("ledger.db-*"):
        path.unlink()
    shutil.copy(copy, settings.path)


def test_a_clean_restart_is_not_a_restored_copy(book: Book) -> None:
    assert not book.ledger.restored
    book.deliver(query(1))
    book.ledger.reveal()
    book.reopen()
    assert not book.ledger.restored
    assert book.shown(catalog.QUERIES) == {SUCCEEDED: 1}


def test_a_kill_between_commit_and_publication_is_not_a_restored_copy(book: Book) -> None:
    book.deliver(query(1))
    book.ledger.stamp()
    book.deliver(query(2))
    book.ledger.close()
    book.ledger = Ledger(book.settings, monotonic=book.hand)
    assert not book.ledger.restored
    assert book.count(catalog.QUERIES, *SUCCEEDED) == 2


def test_an_older_copy_begins_a_new_generation_whose_counters_are_born_at_0(
    make_book: MakeBook, tmp_path: Path
) -> None:
    copy = tmp_path / "backup.db"
    with make_book(series_warmup=timedelta(seconds=120)) as book:
        book.deliver(query(1), start(1))
        book.hand.seconds = 120
        book.ledger.reveal()
        copied(book.settings, copy)
        book.deliver(query(2))
        book.ledger.stamp()
        assert book.shown(catalog.QUERIES) == {SUCCEEDED: 2}
    restored(book.settings, copy)
    with make_book(series_warmup=timedelta(seconds=120)) as book:
        assert book.ledger.restored
        assert book.count(catalog.LEDGER_GENERATION) == 2
        assert book.shown(catalog.QUERIES) == {SUCCEEDED: 0}
        book.deliver(query(1), query(2), query(3))
        assert book.shown(catalog.QUERIES) == {SUCCEEDED: 0}
        book.hand.seconds += 120
        assert book.count(catalog.QUERIES, *SUCCEEDED) == 2, "what the copy lacks, and what is new"
        assert book.count(catalog.WINDOW_QUERIES, "today", "primary") == 3, "windows are as right as ever"
        book.reopen()
        assert not book.ledger.restored, "one restoration is one reset"
        assert book.count(catalog.LEDGER_GENERATION) == 2


def test_a_restored_copy_that_is_killed_before_it_published_restarts_its_counters_again(
    make_book: MakeBook, tmp_path: Path
) -> None:
    with make_book() as book:
        copied(book.settings, tmp_path / "backup.db")
        book.deliver(query(1))
        book.deliver(query(2))
        book.ledger.stamp()
    restored(book.settings, tmp_path / "backup.db")
    for generation in (2, 3):
        with make_book() as book:
            assert book.ledger.restored
            assert book.count(catalog.LEDGER_GENERATION) == generation


def test_a_copy_from_before_a_series_was_shown_is_an_older_copy(make_book: MakeBook, tmp_path: Path) -> None:
    """Else the series would go from its value to 0 and back: a spike that nobody's queries made."""
    with make_book(series_warmup=timedelta(seconds=120)) as book:
        book.deliver(query())
        copied(book.settings, tmp_path / "backup.db")
        book.hand.seconds = 120
        assert book.count(catalog.QUERIES, *SUCCEEDED) == 1
        book.ledger.stamp()
    restored(book.settings, tmp_path / "backup.db")
    with make_book() as book:
        assert book.ledger.restored


@pytest.mark.parametrize("said", [None, b"", b"\0" * 128, b"[]", b'{"ledger_id": "x"}', b"\xff\xfe"])
def test_a_ledger_without_a_readable_lock_file_may_be_a_copy_and_restarts_its_counters(
    book: Book, said: bytes | None
) -> None:
    book.deliver(query())
    book.ledger.stamp()
    book.ledger.close()
    lock = book.settings.path.with_name("ledger.db.lock")
    lock.unlink() if said is None else lock.write_bytes(said)
    book.ledger = Ledger(book.settings, monotonic=book.hand)
    assert book.ledger.restored
    assert book.shown(catalog.QUERIES) == {SUCCEEDED: 0}


def test_another_ledger_in_the_old_place_is_not_the_one_that_was_published(make_book: MakeBook, tmp_path: Path) -> None:
    with make_book() as book:
        book.ledger.stamp()
    (tmp_path / "other").mkdir()
    other = settings_for(tmp_path / "other")
    with opened(other) as second:
        second.deliver(query())
    shutil.copy(other.path, book.settings.path)
    with make_book() as book:
        assert book.ledger.restored


def test_a_fresh_ledger_is_no_copy(book: Book) -> None:
    assert not book.ledger.restored
    assert book.count(catalog.LEDGER_GENERATION) == 1


def test_a_shorter_stamp_leaves_nothing_of_a_longer_one(tmp_path: Path) -> None:
    lock = files.WriterLock(tmp_path / "ledger.db")
    lock.write(files.Stamp(ledger_id="a" * 32, sequence=10**12))
    lock.write(files.Stamp(ledger_id="b", sequence=1))
    assert lock.stamp() == files.Stamp(ledger_id="b", sequence=1)
    lock.release()


# -- from one version to the next -----------------------------------------------------------------------------------

STEP = "ALTER TABLE queries ADD COLUMN colour TEXT; UPDATE meta SET value = value || '!' WHERE key = 'ledger_id';"
BROKEN = "CREATE TABLE extra (x); UPDATE no_such_table SET x = 1;"


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


@pytest.mark.parametrize("journal", ["wal", "rollback"])
def test_a_migration_keeps_the_old_file_and_leads_to_the_new_version(tmp_path: Path, journal: files.Journal) -> None:
    settings = settings_for(tmp_path, journal=journal)
    with opened(settings) as book:
        book.deliver(query())
    steps = (*schema.MIGRATIONS, STEP, "CREATE TABLE extra (x);")
    with closing(files.open_ledger(settings.path, journal, steps)) as connection:
        assert connection.execute("SELECT count(colour), count(*) FROM queries").fetchone() == (0, 1)
        assert connection.execute("SELECT count(*) FROM extra").fetchone() == (0,)
        assert str(connection.execute("SELECT value FROM meta WHERE key = 'ledger_id'").fetchone()[0]).endswith("!")
    assert version_of(settings.path) == schema.VERSION + 2
    old = tmp_path / f"ledger.db.v{schema.VERSION}"
    assert version_of(old) == schema.VERSION
    with closing(sqlite3.connect(old)) as connection:
        assert connection.execute("SELECT count(*) FROM queries").fetchone() == (1,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_an_old_file_is_whole_although_a_reader_keeps_part_of_it_in_the_log(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, journal="wal")
    open_once(settings)
    with closing(files.open_readonly(settings.path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM queries").fetchone()
        with opened(settings) as book:
            book.deliver(query())
        files.open_ledger(settings.path, "wal", (*schema.MIGRATIONS, STEP)).close()
        reader.execute("COMMIT")
    with closing(sqlite3.connect(tmp_path / f"ledger.db.v{schema.VERSION}")) as connection:
        assert connection.execute("SELECT count(*) FROM queries").fetchone() == (1,)


def test_a_migration_that_fails_leaves_the_ledger_at_its_version(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, journal="rollback")
    open_once(settings)
    with pytest.raises(LedgerError, match="no such table"):
        files.open_ledger(settings.path, "rollback", (*schema.MIGRATIONS, STEP, BROKEN))
    assert version_of(settings.path) == schema.VERSION + 1, "each step is a transaction of its own"
    files.open_ledger(settings.path, "rollback", (*schema.MIGRATIONS, STEP, "CREATE TABLE extra (x);")).close()
    assert version_of(settings.path) == schema.VERSION + 2


def test_the_version_is_the_number_of_steps_that_lead_to_it() -> None:
    assert len(schema.MIGRATIONS) + 1 == schema.VERSION


def test_a_new_ledger_needs_no_migration(tmp_path: Path) -> None:
    open_once(settings_for(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ledger.db", "ledger.db.lock"]
    assert stat.S_IMODE((tmp_path / "ledger.db.lock").stat().st_mode) & 0o002 == 0
