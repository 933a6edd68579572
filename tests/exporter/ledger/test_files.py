"""Why these tests exist: the ledger is the one durable state. Whatever is wrong with its file is one clear line, and
nothing is ever deleted or counted from an old value."""

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from book import BORN, NOON, TARGET, Book, opened, query, settings_for, start

from athena_exporter import catalog
from athena_exporter.ledger import files, history, schema
from athena_exporter.ledger.errors import LedgerError
from athena_exporter.ledger.store import LedgerSettings

SUCCEEDED = ("primary", "DML", "succeeded")
NOBODY = 65_534


def open_once(settings: LedgerSettings) -> None:
    with opened(settings):
        pass


def refusal(settings: LedgerSettings) -> str:
    """The one line with which opening is refused."""
    with pytest.raises(LedgerError) as caught:
        open_once(settings)
    line = str(caught.value)
    assert line.startswith(f"ledger {settings.path}: ")
    assert "\n" not in line
    return line.removeprefix(f"ledger {settings.path}: ")


# -- the lock -------------------------------------------------------------------------------------------------------


def test_a_second_ledger_on_the_same_file_is_refused(book: Book) -> None:
    assert refusal(book.settings) == "another exporter uses it; one ledger has one writer, end that one first"
    book.deliver(query())
    assert book.total(catalog.QUERIES) == 1


def test_a_second_process_is_refused_too_and_may_follow_when_the_first_has_ended(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from athena_exporter.ledger.files import WriterLock\n"
        "try: WriterLock(Path(sys.argv[1]))\n"
        "except Exception as error: sys.exit(str(error))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "ledger.db")]
    lock = files.WriterLock(tmp_path / "ledger.db")
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 1
    assert refused.stderr.strip().endswith("end that one first")
    lock.release()
    assert subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).returncode == 0


def test_a_refused_ledger_gives_its_lock_back(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    settings.path.write_bytes(b"no database at all, but long enough to look at" * 30)
    refusal(settings)
    files.WriterLock(settings.path).release()


def test_a_lock_file_is_never_inherited_by_a_child(tmp_path: Path) -> None:
    lock = files.WriterLock(tmp_path / "ledger.db")
    assert not os.get_inheritable(lock._descriptor)
    lock.release()


# -- places where no ledger can be ----------------------------------------------------------------------------------


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    line = refusal(settings_for(tmp_path / "missing"))
    assert line == "no such file or directory; the folder must exist and be writable"


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert refusal(settings_for(tmp_path / "file")).startswith("not a directory")


def test_a_folder_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").mkdir()
    assert refusal(settings_for(tmp_path)) == "this is a folder; name a file in it (ledger.path)"
    assert list((tmp_path / "ledger.db").iterdir()) == []


@contextmanager
def without_privileges() -> Iterator[Path]:
    """A folder that everybody can reach, for a process that is not root while it lasts (root may write anything)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        is_root = os.geteuid() == 0
        if is_root:
            os.seteuid(NOBODY)
        try:
            yield folder
        finally:
            if is_root:
                os.seteuid(0)
            folder.chmod(0o777)


def test_a_folder_that_may_not_be_written_is_named() -> None:
    with without_privileges() as folder, tempfile.TemporaryDirectory(dir=folder) as inner:
        Path(inner).chmod(0o555)
        assert refusal(settings_for(Path(inner))) == "permission denied; the folder must exist and be writable"
        Path(inner).chmod(0o777)


def test_a_file_that_may_not_be_written_is_named_and_stays() -> None:
    with without_privileges() as folder:
        settings = settings_for(folder)
        open_once(settings)
        settings.path.chmod(0o444)
        assert refusal(settings) == "it cannot be written; make the file and its folder writable"
        settings.path.chmod(0o644)
        open_once(settings)


def test_names_that_mean_something_in_an_address_are_plain_names_here(tmp_path: Path) -> None:
    odd = replace(settings_for(tmp_path), path=tmp_path / "100%3f?mode=memory#ledger db")
    with opened(odd) as book:
        book.deliver(query(), start())
        assert min(path.name for path in tmp_path.iterdir()) == "100%3f?mode=memory#ledger db"
        assert len(list(history.usage(odd.path, BORN, NOON + timedelta(hours=1)))) == 1


# -- files that are no ledger ---------------------------------------------------------------------------------------


def unchanged(path: Path, settings: LedgerSettings) -> str:
    """The refusal, after which the file is what it was."""
    before = path.read_bytes()
    line = refusal(settings)
    assert path.read_bytes() == before
    return line


def test_something_else_in_the_place_of_the_ledger_is_left_alone(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    settings.path.write_text("dear diary, " * 500)
    assert unchanged(settings.path, settings).startswith("it is damaged; restore a backup or move it away")


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    with closing(sqlite3.connect(settings.path)) as connection:
        connection.execute("CREATE TABLE wages (name, amount)")
    line = "this is a database, but not a ledger; name another file (ledger.path)"
    assert unchanged(settings.path, settings) == line
    with pytest.raises(LedgerError, match="not a ledger"):
        list(history.usage(settings.path, BORN, NOON))


def test_a_newer_ledger_is_left_alone_and_its_version_said(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, journal="rollback")
    open_once(settings)
    with closing(sqlite3.connect(settings.path)) as connection:
        connection.execute("PRAGMA user_version = 7")
    line = unchanged(settings.path, settings)
    assert line == (
        f"written by a newer version (format 7, this program knows {schema.VERSION}); "
        "run that version, or start with a new file"
    )
    with pytest.raises(LedgerError, match="newer version"):
        list(history.usage(settings.path, BORN, NOON))


def damaged(settings: LedgerSettings) -> None:
    """A ledger of many pages, garbage in the middle of which no part of SQLite's can be."""
    with opened(settings) as book:
        book.deliver(*(query(n) for n in range(500)), *(start(n) for n in range(500)))
    size = settings.path.stat().st_size
    with settings.path.open("r+b") as file:
        file.seek(size // 3)
        file.write(b"\xde\xad\xbe\xef" * 4096)


def test_damaged_pages_are_found_at_the_start_and_the_file_is_kept(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, journal="rollback")
    damaged(settings)
    line = unchanged(settings.path, settings)
    assert line.startswith("it is damaged")
    assert "restore a backup or move it away" in line


def test_contents_that_contradict_their_tables_are_damage_too(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, journal="rollback")
    with opened(settings) as book:
        book.deliver(start())
    with closing(sqlite3.connect(settings.path)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        stricter = "replace(sql, 'workgroup TEXT,', 'workgroup TEXT NOT NULL,')"
        connection.execute(f"UPDATE sqlite_master SET sql = {stricter} WHERE name = 'queries'")
        connection.commit()
    line = unchanged(settings.path, settings)
    assert line == "it is damaged (NULL value in queries.workgroup); restore a backup or move it away"


def test_a_ledger_that_fails_while_it_opens_closes_what_it_had_opened(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, journal="rollback")
    with opened(settings) as book:
        book.deliver(query())
    with closing(sqlite3.connect(settings.path)) as connection:
        connection.execute("ALTER TABLE identities RENAME TO hidden")
    assert "no such table" in refusal(settings)
    with closing(sqlite3.connect(settings.path, timeout=0, isolation_level=None)) as connection:
        connection.execute("ALTER TABLE hidden RENAME TO identities")
    with opened(settings) as book:
        assert book.total(catalog.QUERIES) == 0, "nothing was published before, so that it may be a copy"


def test_a_report_from_a_damaged_ledger_is_one_line(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, journal="rollback")
    damaged(settings)
    with settings.path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (settings.path.stat().st_size - 4096))
    with pytest.raises(LedgerError, match="damaged"):
        list(history.usage(settings.path, BORN, NOON))


def test_pages_damaged_while_the_exporter_runs_are_one_line_for_whoever_reads_them(tmp_path: Path) -> None:
    with opened(settings_for(tmp_path, journal="rollback")) as book:
        book.deliver(*(query(n) for n in range(500)))
        view = book.ledger.view(TARGET)
        with book.settings.path.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * (book.settings.path.stat().st_size - 4096))
            file.seek(24)
            file.write(b"\x7f\x7f\x7f\x7f")  # the change counter: what is cached is thrown away
        for read in (
            view.unfinished,
            view.sequence,
            lambda: book.ledger.view(TARGET),
            book.ledger.targets,
            book.samples,
            book.ledger.stamp,
            lambda: book.ledger.prune(TARGET),
        ):
            with pytest.raises(LedgerError, match="it is damaged"):
                read()


# -- which journal --------------------------------------------------------------------------------------------------

MOUNTS = """\
overlay / overlay rw,relatime,lowerdir=/a:/b 0 0
proc /proc proc rw,nosuid 0 0
/dev/nvme1n1 /data ext4 rw,noatime 0 0
fs-0123.efs.eu-west-1.amazonaws.com:/ /data/shared nfs4 rw,vers=4.1 0 0
127.0.0.1:/ /with\\040space nfs rw 0 0
tmpfs /data/shared/fast tmpfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "disk"),
    [
        ("/ledger.db", "overlay"),
        ("/data", "ext4"),
        ("/data/here", "ext4"),
        ("/data/shared", "nfs4"),
        ("/data/shared/deep/er", "nfs4"),
        ("/data/shared/fast", "tmpfs"),
        ("/data/sharedish", "ext4"),
        ("/with space/x", "nfs"),
    ],
)
def test_the_disk_of_a_folder_is_the_deepest_mount_above_it(path: str, disk: str) -> None:
    assert files.disk_type(Path(path), MOUNTS) == disk


def test_of_two_mounts_on_one_folder_the_later_one_counts() -> None:
    assert files.disk_type(Path("/data"), MOUNTS + "efs:/ /data nfs4 rw 0 0\n") == "nfs4"


def test_an_empty_table_of_mounts_tells_nothing() -> None:
    assert files.disk_type(Path("/data"), "") == ""


@pytest.mark.parametrize(
    ("disk", "journal"),
    [("ext4", "wal"), ("xfs", "wal"), ("", "wal"), ("nfs4", "rollback"), ("cifs", "rollback"), ("9p", "rollback")],
)
def test_network_disks_get_a_rollback_journal(tmp_path: Path, disk: str, journal: str) -> None:
    mounts = f"disk / {disk or 'ext3'} rw 0 0\n"
    assert files.journal_on(files.disk_type(tmp_path, mounts)) == journal


@pytest.mark.parametrize(("journal", "mode"), [("wal", "wal"), ("rollback", "delete")])
def test_the_journal_is_the_one_that_was_asked_for_and_every_commit_is_durable(
    tmp_path: Path, journal: str, mode: str
) -> None:
    with opened(settings_for(tmp_path, journal=journal)) as book:
        assert book.ledger.journal == journal
        assert book.ledger._writer.execute("PRAGMA journal_mode").fetchone() == (mode,)
        assert book.ledger._writer.execute("PRAGMA synchronous").fetchone() == (2,), "FULL"
        book.deliver(query())
        assert book.total(catalog.QUERIES) == 1
        assert (tmp_path / "ledger.db-wal").exists() is (mode == "wal")


def test_a_ledger_may_change_its_journal_between_two_starts(tmp_path: Path) -> None:
    for number, journal in enumerate(["wal", "rollback", "wal"]):
        with opened(settings_for(tmp_path, journal=journal)) as book:
            book.deliver(query(number))
            assert book.total(catalog.QUERIES) == number + 1
            book.ledger.stamp()


def test_where_no_table_of_mounts_is_the_local_disks_journal_is_used(tmp_path: Path) -> None:
    assert files.journal_for(tmp_path / "ledger.db", tmp_path / "no-mounts") == "wal"
    network = tmp_path / "mounts"
    network.write_text("efs:/ / nfs4 rw 0 0\n")
    assert files.journal_for(tmp_path / "ledger.db", network) == "rollback"
    assert files.lease_for(tmp_path / "ledger.db", network) == timedelta(seconds=30)
    assert files.lease_for(tmp_path / "ledger.db", tmp_path / "no-mounts") is None


def test_without_being_told_the_disk_decides(tmp_path: Path) -> None:
    with opened(settings_for(tmp_path)) as book:
        assert book.ledger.journal == files.journal_for(book.settings.path)


def test_a_report_may_be_read_while_the_exporter_writes(book: Book) -> None:
    for number in range(5):
        book.deliver(query(number), start(number))
        rows = list(history.usage(book.settings.path, BORN, NOON + timedelta(hours=1)))
        assert sum(row.queries for row in rows) == number + 1


# -- a real disk that is full ---------------------------------------------------------------------------------------


def test_a_full_disk_is_one_line_and_counting_goes_on_when_there_is_room(small_disk: Path) -> None:
    filler = small_disk / "filler"
    with opened(settings_for(small_disk, journal="wal")) as book:
        book.deliver(query(0), start(0))
        with filler.open("wb") as file:
            file.write(b"x" * 64 * 1024)
            while os.statvfs(small_disk).f_bavail:
                file.write(b"x" * 1024)
                file.flush()

        def count_on() -> None:
            for first in range(1, 1000, 50):
                book.deliver(*(query(n) for n in range(first, first + 50)))

        with pytest.raises(LedgerError, match="disk is full") as caught:
            count_on()
        assert "\n" not in str(caught.value)
        with pytest.raises(LedgerError, match=r"lock.*no space left"):
            book.ledger.stamp()
        filler.unlink()
        book.deliver(*(query(n) for n in range(500)))
        assert book.total(catalog.QUERIES) == 500
        book.reopen()
        assert not book.ledger.restored
        assert book.total(catalog.QUERIES) == 500


def test_a_disk_that_is_full_at_the_start_is_one_line(small_disk: Path) -> None:
    with (small_disk / "filler").open("wb") as file:
        while os.statvfs(small_disk).f_bavail:
            file.write(b"x" * 1024)
            file.flush()
    assert "disk is full" in refusal(settings_for(small_disk))
