"""The ledger's files: opening, the writer's lock, the journal that its disk allows, and signs of a restored backup."""

import fcntl
import json
import os
import sqlite3
import uuid
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal, TypeAlias

from athena_exporter.ledger import schema
from athena_exporter.ledger.errors import LedgerError, explained

Journal: TypeAlias = Literal["wal", "rollback"]

# SQLite's write-ahead log needs shared memory, which no network file system gives (sqlite.org/wal.html).
_NETWORK_DISKS = frozenset({"nfs", "nfs4", "efs", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "ceph", "glusterfs"})

LEASE = timedelta(seconds=30)
"""How long a lease is good for where nobody says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What the lock file says was published last: which ledger, and its transaction's number."""

    ledger_id: str
    sequence: int


class WriterLock:
    """The lock file beside the ledger: held while the process lives, it also remembers the last published state.

    A ledger older than its stamp is a restored copy: its counters must not go on from an old value.
    """

    def __init__(self, ledger_path: Path, *, is_enough: bool = True) -> None:
        """Take the lock. Raises LedgerError if the folder cannot be written.

        Where the lock `is_enough`, LedgerError also if another exporter holds it; else `is_held` tells it, for on a
        network disk a lock may outlive its process, or be given to two.
        """
        if ledger_path.is_dir():
            raise LedgerError(f"ledger {ledger_path}: this is a folder; name a file in it (ledger.path)")
        self._path = ledger_path.with_name(ledger_path.name + ".lock")
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            trouble = (error.strerror or "not usable").lower()
            raise LedgerError(f"ledger {ledger_path}: {trouble}; the folder must exist and be writable") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.is_held = False
            if is_enough:
                os.close(self._descriptor)
                raise LedgerError(
                    f"ledger {ledger_path}: another exporter uses it; one ledger has one writer, end that one first"
                ) from error
        else:
            self.is_held = True

    def stamp(self) -> Stamp | None:
        """What was published last, None if never (or the file says nothing readable)."""
        text = os.pread(self._descriptor, 4096, 0)
        try:
            said = json.loads(text)
            return Stamp(ledger_id=str(said["ledger_id"]), sequence=int(said["sequence"]))
        except (ValueError, KeyError, TypeError):
            return None

    def write(self, stamp: Stamp) -> None:
        """Remember what is about to be published; a torn write reads as nothing, which is safe. Raises LedgerError.

        By another descriptor than the lock's: one whose lock NFS has lost writes nothing any more (man 2 fcntl).
        """
        text = json.dumps({"ledger_id": stamp.ledger_id, "sequence": stamp.sequence}).encode().ljust(128)
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                os.pwrite(descriptor, text, 0)
            finally:
                os.close(descriptor)
        except OSError as error:
            trouble = (error.strerror or "not usable").lower()
            raise LedgerError(f"ledger lock {self._path}: cannot be written: {trouble}") from error

    def release(self) -> None:
        """Give the lock back; the file stays, for it remembers."""
        os.close(self._descriptor)


def disk_type(path: Path, mounts: str) -> str:
    """The file system of the folder `path`, from the text of /proc/self/mounts; '' if it tells nothing."""
    best, kind = "", ""
    for line in mounts.splitlines():
        _, mount, found, *_ = line.split(" ")
        inside = path.is_relative_to(mount.replace("\\040", " "))
        if inside and len(mount) >= len(best):
            best, kind = mount, found
    return kind


def journal_for(path: Path, mounts_file: Path = Path("/proc/self/mounts")) -> Journal:
    """The journal that the disk of `path` allows: a rollback journal on network disks, else WAL."""
    try:
        mounts = mounts_file.read_text()
    except OSError:  # not Linux: then no network disk is recognised, and `ledger.journal` can say it
        return "wal"
    return journal_on(disk_type(path.resolve().parent, mounts))


def journal_on(disk: str) -> Journal:
    """The journal for a file system's type."""
    return "rollback" if disk in _NETWORK_DISKS else "wal"


def lease_for(path: Path, mounts_file: Path = Path("/proc/self/mounts")) -> timedelta | None:
    """How long a lease is good for on the disk of `path`; None where a lock is enough."""
    return LEASE if journal_for(path, mounts_file) == "rollback" else None


def _nothing() -> None:
    """Asks nobody."""


def connect(path: Path, *, readonly: bool = False, vfs: str | None = None) -> sqlite3.Connection:
    """A connection in autocommit mode. Threads share it under the ledger's own locks."""
    mode = "ro" if readonly else "rwc"
    system = "" if vfs is None else f"&vfs={vfs}"
    connection = sqlite3.connect(
        f"file:{_quoted(path)}?mode={mode}{system}", uri=True, isolation_level=None, check_same_thread=False, timeout=30
    )
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def open_ledger(
    path: Path,
    journal: Journal,
    steps: Sequence[str] = schema.MIGRATIONS,
    *,
    vfs: str | None = None,
    confirm: Callable[[], None] = _nothing,
) -> sqlite3.Connection:
    """Open or create the ledger for writing, durable at every commit, migrated to this version.

    `confirm` is asked once more after the ledger was looked at, which may take long, and before it is changed.

    Raises:
        LedgerError: not a ledger, damaged, newer than this program, or not writable. The file is left as it is.
    """
    if path.exists() and not os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        # SQLite would find out only after it had made read-only files beside it, which outlive the mend.
        raise LedgerError(f"ledger {path}: it cannot be written; make the file and its folder writable")
    with explained(path):
        connection = connect(path, vfs=vfs)
        try:
            is_new = _is_new(connection, path, len(steps) + 1)
            confirm()
            _prepare(connection, path, journal, steps, is_new=is_new)
        except BaseException:
            connection.close()
            raise
    return connection


def open_readonly(path: Path) -> sqlite3.Connection:
    """Open an existing ledger for reading while the exporter may be writing it. Raises LedgerError."""
    if not path.exists():
        raise LedgerError(f"ledger {path}: there is no such file; name it with --ledger or in the configuration")
    with explained(path):
        connection = connect(path, readonly=True)
        try:
            _recognise(connection, path, len(schema.MIGRATIONS) + 1)
        except BaseException:
            connection.close()
            raise
    return connection


def _is_new(connection: sqlite3.Connection, path: Path, newest: int) -> bool:
    if connection.execute("PRAGMA page_count").fetchone()[0] == 0:
        return True
    _recognise(connection, path, newest)
    _examine(connection, path)
    return False


def _prepare(
    connection: sqlite3.Connection, path: Path, journal: Journal, steps: Sequence[str], *, is_new: bool
) -> None:
    newest = len(steps) + 1
    connection.execute(f"PRAGMA journal_mode = {'WAL' if journal == 'wal' else 'DELETE'}")
    connection.execute("PRAGMA synchronous = FULL")
    # 16 MB hold what batches touch again and again; a larger cache counted no faster, it only grew with the file.
    connection.execute("PRAGMA cache_size = -16384")
    # 64 MB of log: batches touch the same pages again and again, and each is written to its place less often.
    connection.execute("PRAGMA wal_autocheckpoint = 16384")
    if is_new:
        schema.create(connection)
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version < newest:
        _keep_old(connection, path, version)
        schema.migrate(connection, version, steps)
    connection.execute(
        "INSERT OR IGNORE INTO meta VALUES ('ledger_id', ?), ('sequence', '0'), ('generation', '1')",
        (uuid.uuid4().hex,),
    )


def _recognise(connection: sqlite3.Connection, path: Path, newest: int) -> None:
    if connection.execute("PRAGMA application_id").fetchone()[0] != schema.APPLICATION_ID:
        raise LedgerError(f"ledger {path}: this is a database, but not a ledger; name another file (ledger.path)")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > newest:
        raise LedgerError(
            f"ledger {path}: written by a newer version (format {version}, this program knows {newest}); "
            "run that version, or start with a new file"
        )


def _examine(connection: sqlite3.Connection, path: Path) -> None:
    fault = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if fault != "ok":
        fault = " ".join(fault.replace("*", "").split())
        raise LedgerError(f"ledger {path}: it is damaged ({fault}); restore a backup or move it away")


def _keep_old(connection: sqlite3.Connection, path: Path, version: int) -> None:
    """Copy the old ledger beside the new one before a migration touches it.

    By SQLite's own backup: a copy of the file alone would miss what a reader keeps in the write-ahead log.
    """
    with closing(sqlite3.connect(path.with_name(f"{path.name}.v{version}"))) as kept:
        connection.backup(kept)


def _quoted(path: Path) -> str:
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
