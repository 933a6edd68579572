"""Why these tests exist: two writers of one ledger, on a disk whose locks do nothing (SQLite's VFS `unix-none`). Only
one of them ever commits, the other one learns of it at its next step, and every query is counted once."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from book import BORN, MINUTE, NOON, TARGET, Book, Hand, opened, query, settings_for, start
from machines import Time

from athena_exporter import catalog
from athena_exporter.ledger import files
from athena_exporter.ledger.errors import LedgerError, ReplacedError
from athena_exporter.ledger.files import WriterLock
from athena_exporter.ledger.holder import Here
from athena_exporter.ledger.lease import lease_path
from athena_exporter.ledger.store import Ledger, LedgerSettings
from athena_exporter.ledger.tenure import Tenure
from athena_exporter.records import Batch

LEASE = timedelta(minutes=10)
"""So long that no thread of these tests ever comes to renew it: time is moved by hand."""


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def disk(tmp_path: Path) -> LedgerSettings:
    """A ledger on a disk without locks."""
    return settings_for(tmp_path, journal="rollback", lease=LEASE, vfs="unix-none")


@contextmanager
def writer(disk: LedgerSettings, machine: Here, kind: type[Ledger] = Ledger) -> Iterator[Book]:
    hand = Hand()
    book = Book(disk, kind(disk, monotonic=hand, around=machine), hand)
    try:
        book.ledger.adopt(TARGET, BORN)
        yield book
    finally:
        book.ledger.close()
        # What a process that ends at once never does: it may undo, in files of others, what it had begun.
        book.ledger._writer.close()


def batch(*numbers: int) -> Batch:
    records = [record for number in numbers for record in (query(number), start(number))]
    return Batch(source="athena", target=TARGET, observed_at=NOON + MINUTE, records=tuple(records))


def sound(disk: LedgerSettings) -> bool:
    with closing(sqlite3.connect(disk.path)) as connection:
        return list(connection.execute("PRAGMA integrity_check")) == [("ok",)]


def test_a_second_writer_is_refused_while_the_first_is_at_work(disk: LedgerSettings, time: Time) -> None:
    with writer(disk, time.machine("a")) as first:
        first.deliver(query(1), start(1))
        lease = first.ledger._tenure._lease
        assert lease is not None
        time.meanwhile = lease.renew
        with pytest.raises(LedgerError, match=r"another exporter uses it \(process 7 on host-a\)"):
            Ledger(disk, monotonic=Hand(), around=time.machine("b"))
        first.deliver(query(2), start(2))
        assert first.total(catalog.QUERIES) == 2


def test_a_writer_that_was_paused_is_out_and_nothing_is_lost_or_counted_twice(disk: LedgerSettings, time: Time) -> None:
    with writer(disk, time.machine("a")) as first:
        first.deliver(query(1), start(1))
        first.ledger.stamp()
        with writer(disk, time.machine("b", ahead=99.0)) as second:
            assert not second.ledger.restored
            second.deliver(query(1), query(2), start(2))
            for step in (
                lambda: first.ledger.apply(batch(2, 3)),
                first.ledger.stamp,
                lambda: first.ledger.prune(TARGET),
                lambda: first.ledger.succeeded(TARGET, "athena", NOON),
            ):
                with pytest.raises(ReplacedError, match="its lease was not renewed"):
                    step()
            assert first.ledger.doubt() is not None
            second.deliver(query(3), start(3))
            assert second.total(catalog.QUERIES) == second.total(catalog.USER_QUERIES) == 3
            second.ledger.stamp()
    assert sound(disk)
    with writer(disk, time.machine("c")) as third:
        assert not third.ledger.restored
        assert third.total(catalog.QUERIES) == 3


def test_the_mark_in_the_ledger_stops_a_writer_whose_clock_stood_still(disk: LedgerSettings, time: Time) -> None:
    """Its lease seems good to it: what its machine says about time is wrong."""
    machine = time.machine("a")
    stopped = replace(machine, clock=lambda: 0.0)
    with writer(disk, stopped) as first:
        first.deliver(query(1), start(1))
        first.ledger.stamp()
        with writer(disk, time.machine("b")) as second:
            with pytest.raises(ReplacedError) as caught:
                first.ledger.apply(batch(2))
            assert str(caught.value) == (
                f"ledger {disk.path}: another exporter has taken it over (writer 2, this one was 1); one ledger has "
                "one writer, so this one ends, and nothing is lost"
            )
            with pytest.raises(ReplacedError):
                first.ledger.stamp()
            assert first.ledger.doubt() == str(caught.value)
            second.deliver(query(2), start(2))
            assert second.total(catalog.QUERIES) == 2
    assert json.loads(lease_path(disk.path).read_text())["holder"]["token"] == "b"


class Interrupted(Ledger):
    """Something happens in the midst of its next batch, when all rows are written and nothing is committed."""

    def meanwhile(self) -> None:
        """Nothing, unless a test puts something here."""

    def _save(self, *told: Any) -> Any:
        fresh = super()._save(*told)
        self.meanwhile()
        return fresh


def test_a_writer_that_is_paused_in_a_transaction_does_not_commit_it(disk: LedgerSettings, time: Time) -> None:
    others: list[Ledger] = []

    class Paused(Interrupted):
        def meanwhile(self) -> None:
            others.append(Ledger(disk, monotonic=Hand(), around=time.machine("b")))
            others[0].adopt(TARGET, BORN)
            others[0].apply(batch(1, 2))

    with writer(disk, time.machine("a"), Paused) as first:
        with pytest.raises(ReplacedError):
            first.ledger.apply(batch(1))
        assert first.ledger._writer.in_transaction, "to undo it would write into what is another's"
        (other,) = others
        second = Book(disk, other)
        second.deliver(query(3), start(3))
        assert second.total(catalog.QUERIES) == second.total(catalog.USER_QUERIES) == 3
        with pytest.raises(ReplacedError):  # even to look: SQLite may take the other's journal for a dead writer's
            first.samples()
        other.stamp()
        other.close()
        assert sound(disk)
        shutil.copytree(disk.path.parent, disk.path.parent / "after")
        with writer(replace(disk, path=disk.path.parent / "after" / disk.path.name), time.machine("c")) as third:
            assert third.total(catalog.QUERIES) == 3


def test_where_locks_work_the_mark_alone_is_exact(tmp_path: Path, time: Time) -> None:
    """No clock tells the first anything; SQLite's lock puts the two in an order."""
    disk = settings_for(tmp_path, journal="rollback", lease=LEASE)
    with writer(disk, replace(time.machine("a"), clock=lambda: 0.0)) as first:
        first.deliver(query(1), start(1))
        first.ledger.stamp()
        with writer(disk, time.machine("b")) as second:
            with pytest.raises(ReplacedError):
                first.ledger.apply(batch(2))
            second.deliver(query(2), start(2))
            assert second.total(catalog.QUERIES) == 2


def test_a_writer_without_a_lease_raises_the_mark_where_there_is_one(tmp_path: Path, time: Time) -> None:
    disk = settings_for(tmp_path, journal="rollback", lease=LEASE)
    with writer(disk, time.machine("a")) as first:
        WriterLock(disk.path, is_enough=False).release()
        disk.path.with_name("ledger.db.lock").unlink()
        with opened(replace(disk, lease=None)) as second:
            with pytest.raises(ReplacedError):
                first.ledger.apply(batch(1))
            second.deliver(query(1))
            assert second.total(catalog.QUERIES) == 1


def test_where_a_lock_is_enough_the_ledger_is_not_written_to_open_it(tmp_path: Path) -> None:
    disk = settings_for(tmp_path, journal="rollback")
    with opened(disk):
        pass
    before = disk.path.read_bytes()
    with opened(disk):
        assert disk.path.read_bytes() == before


def test_an_end_gives_the_lease_back_and_a_death_does_not(disk: LedgerSettings, time: Time) -> None:
    with writer(disk, time.machine("a")):
        pass
    time.paused = 0
    with writer(disk, time.machine("b")):
        assert time.paused == LEASE.total_seconds() / 10
    assert json.loads(lease_path(disk.path).read_text())["released"] is True


def test_a_ledger_that_cannot_be_opened_gives_its_lease_back(disk: LedgerSettings, time: Time) -> None:
    disk.path.write_bytes(b"no database at all, but long enough to look at" * 30)
    with pytest.raises(LedgerError, match="damaged"):
        Ledger(disk, monotonic=Hand(), around=time.machine("a"))
    assert json.loads(lease_path(disk.path).read_text())["released"] is True


def test_whoever_comes_while_the_ledger_is_looked_at_finds_it_unchanged(disk: LedgerSettings, time: Time) -> None:
    """That may take long: SQLite looks at every page."""
    tenure = Tenure(disk.path, LEASE, time.machine("a"))
    lease_path(disk.path).write_bytes(b"another's")
    with pytest.raises(LedgerError, match="another exporter takes it at the same time"):
        files.open_ledger(disk.path, "rollback", confirm=tenure.confirm)
    assert not disk.path.exists() or not disk.path.stat().st_size
    tenure.end()


def test_a_backup_that_is_put_back_keeps_old_writers_out(disk: LedgerSettings, time: Time, tmp_path: Path) -> None:
    """The mark's number falls with it; what counts is whose it is."""
    with writer(disk, time.machine("z")):
        pass
    backup = shutil.copy(disk.path, tmp_path / "backup.db")
    stopped = replace(time.machine("a"), clock=lambda: 0.0)
    with writer(disk, stopped) as first:
        first.deliver(query(1))
        first.ledger.stamp()
        shutil.copyfile(backup, disk.path)
        with writer(disk, time.machine("b")) as second:
            assert second.ledger.restored
            with pytest.raises(ReplacedError):
                first.ledger.apply(batch(2))


def test_a_power_cut_between_journal_and_commit_leaves_the_ledger_as_before(disk: LedgerSettings, time: Time) -> None:
    """The disk as it is then: the journal is safe, some of the new pages are there, others are half written."""
    after = disk.path.parent / "after"
    after.mkdir()

    class Cut(Interrupted):
        is_armed = False

        def meanwhile(self) -> None:
            if self.is_armed:
                for path in disk.path.parent.glob("ledger.db*"):
                    shutil.copyfile(path, after / path.name)

    with writer(disk, time.machine("a"), Cut) as first:
        first.deliver(*(query(n) for n in range(300)), *(start(n) for n in range(300)))
        first.ledger.stamp()
        first.ledger._writer.execute("PRAGMA cache_size = 2")  # pages go to the disk before the commit
        Cut.is_armed = True
        first.ledger.apply(batch(*range(300, 600)))
    journal = (after / "ledger.db-journal").read_bytes()
    assert journal[:8] == bytes.fromhex("d9d505f920a163d7"), "one to be rolled back (sqlite.org/fileformat)"
    with (after / "ledger.db").open("r+b") as file:
        file.seek(-2048, 2)
        file.write(b"\xff" * 2048)
    moved = replace(disk, path=after / "ledger.db")
    with writer(moved, time.machine("b", dead=("a",))) as second:
        assert second.total(catalog.QUERIES) == 300
        second.ledger.apply(batch(*range(300, 600)))
        assert second.total(catalog.QUERIES) == second.total(catalog.USER_QUERIES) == 600
        assert not second.ledger.restored
    assert sound(moved)


def test_a_rollback_journal_has_one_connection_whose_cache_stays_valid(disk: LedgerSettings, time: Time) -> None:
    with writer(disk, time.machine("a")) as book:
        assert book.ledger._reader is book.ledger._writer
        assert book.ledger._writer.execute("PRAGMA locking_mode").fetchone() == ("normal",), (
            "a lock for ever would hide from SQLite that another one has written"
        )


def test_reports_are_read_beside_a_writer_with_a_lease(tmp_path: Path, time: Time) -> None:
    with writer(settings_for(tmp_path, journal="rollback", lease=LEASE), time.machine("a")) as book:
        book.deliver(query(1), start(1))
        with closing(files.open_readonly(book.settings.path)) as reader:
            assert reader.execute("SELECT sum(queries) FROM usage_hours").fetchone() == (1,)
