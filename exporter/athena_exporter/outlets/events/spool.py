"""A small outbox of its own for applications: what was logged waits here, on disk, until CloudWatch Logs has it."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_TABLES = """
    CREATE TABLE IF NOT EXISTS events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, body TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS state (
        id INTEGER PRIMARY KEY CHECK (id = 1), bytes INTEGER NOT NULL, dropped INTEGER NOT NULL
    );
    INSERT OR IGNORE INTO state VALUES (1, 0, 0);
    """
_OVERHEAD = 64
"""Bytes that a row takes beside its text, about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spooled:
    """One event that waits; `body` is a line of JSON."""

    seq: int
    at_ms: int
    body: str


class Spool:
    """One SQLite file. Several threads and processes may write to it; a killed process loses nothing.

    The last moments before a power cut may be lost: the file is synchronised with the disk now and then only.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        """Open or make the file; beyond `max_bytes` the oldest events go, and are counted. Raises sqlite3.Error."""
        self._path = path
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._connection = self._open()
        self._process = os.getpid()
        self._inherited: sqlite3.Connection | None = None

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=10, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(_TABLES)
        return connection

    def _begin_anew(self) -> None:
        """After a fork: SQLite forbids to carry a connection over (or even to close it), and the lock may be held."""
        self._inherited = self._connection
        self._lock, self._process = threading.Lock(), os.getpid()
        self._connection = self._open()

    @contextmanager
    def idle(self) -> Iterator[None]:
        """Nobody of this process is in the file."""
        with self._lock:
            yield

    def close(self) -> None:
        """Close the file; what waits in it stays."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        if self._process != os.getpid():
            self._begin_anew()
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def put(self, at_ms: int, body: str) -> None:
        """Keep one event; when this returns, no end of the process loses it."""
        with self._transaction() as connection:
            connection.execute("INSERT INTO events (at_ms, body) VALUES (?, ?)", (at_ms, body))
            size = connection.execute(
                "UPDATE state SET bytes = bytes + ? RETURNING bytes", (len(body) + _OVERHEAD,)
            ).fetchone()[0]
            if size > self._max_bytes:
                self._make_room(connection, size)

    def _make_room(self, connection: sqlite3.Connection, size: int) -> None:
        """Drop the oldest tenth, so that this is not done for every event."""
        excess = size - self._max_bytes * 9 // 10
        last = freed = count = 0
        for seq, body in connection.execute("SELECT seq, body FROM events ORDER BY seq"):
            if freed >= excess:
                break
            last, freed, count = seq, freed + len(body) + _OVERHEAD, count + 1
        connection.execute("DELETE FROM events WHERE seq <= ?", (last,))
        connection.execute("UPDATE state SET bytes = bytes - ?, dropped = dropped + ?", (freed, count))

    def oldest(self, limit: int) -> list[Spooled]:
        """The events that have waited longest."""
        with self._transaction() as connection:
            rows = connection.execute("SELECT seq, at_ms, body FROM events ORDER BY seq LIMIT ?", (limit,)).fetchall()
        return [Spooled(seq=seq, at_ms=at_ms, body=body) for seq, at_ms, body in rows]

    def delivered(self, seq: int) -> None:
        """Forget every event up to `seq`."""
        with self._transaction() as connection:
            size = "SELECT coalesce(sum(length(body) + ?), 0) FROM events WHERE seq <= ?"
            freed = connection.execute(size, (_OVERHEAD, seq)).fetchone()[0]
            connection.execute("DELETE FROM events WHERE seq <= ?", (seq,))
            connection.execute("UPDATE state SET bytes = bytes - ?", (freed,))

    def newest(self) -> int:
        """The number of the last event that was ever put; 0 before the first."""
        with self._transaction() as connection:
            row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
        return 0 if row is None else int(row[0])

    def waiting(self, until: int | None = None) -> int:
        """How many events wait, up to a number."""
        with self._transaction() as connection:
            statement = "SELECT count(*) FROM events WHERE seq <= coalesce(?, seq)"
            return int(connection.execute(statement, (until,)).fetchone()[0])

    def dropped(self) -> int:
        """How many events the bound has cost."""
        with self._transaction() as connection:
            return int(connection.execute("SELECT dropped FROM state").fetchone()[0])
