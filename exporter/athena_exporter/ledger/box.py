"""One consumer's own door to the outbox, for those who gather facts for minutes and write them as one.

Stage: outbox -> **box** -> outlets/history. A consumer that is killed between its writing and its acknowledgement
begins again; what it had meant to write is committed before it writes, so that it writes the very same again.
"""

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from athena_exporter.ledger import outbox
from athena_exporter.ledger.errors import explained

_BYTES_AT_ONCE = 8 * 2**20
DELETED_AT_ONCE = 5_000
"""Rows of one transaction: counting waits for each, and a hundred thousand would take it half a second."""


class Box:
    """What one consumer of the outbox asks and writes. Made by `Ledger.box`; every method may raise LedgerError."""

    def __init__(
        self,
        *,
        consumer: str,
        writing: Callable[[], AbstractContextManager[sqlite3.Connection]],
        reader: sqlite3.Connection,
        lock: AbstractContextManager[object],
        path: Path,
    ) -> None:
        """`writing` opens a transaction of the ledger; `reader` is read under `lock`."""
        self._consumer = consumer
        self._intent = f"intent of {consumer}"
        self._writing = writing
        self._reader = reader
        self._lock = lock
        self._path = path

    @property
    def ledger_id(self) -> str:
        """What tells this ledger's facts from another one's."""
        return str(self._one("SELECT value FROM meta WHERE key = 'ledger_id'"))

    def waiting(self) -> outbox.Waiting | None:
        """What there is to take, None if nothing."""
        with self._lock, explained(self._path):
            return outbox.waiting(self._reader, self._consumer)

    def facts(self, *, after: int, limit: int) -> list[outbox.StoredFact]:
        """The oldest unacknowledged facts beyond number `after`: so many, or as many as fit in some megabytes."""
        with self._lock, explained(self._path):
            return outbox.pending(self._reader, self._consumer, limit, _BYTES_AT_ONCE, after)

    def intend(self, seq: int) -> None:
        """Commit that everything up to `seq` is about to be written as one."""
        with self._writing() as connection:
            connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (self._intent, str(seq)))

    def intended(self) -> int | None:
        """What was intended and is not acknowledged, None if there is nothing of the kind."""
        found = self._one("SELECT value FROM meta WHERE key = ?", self._intent)
        done = self._one("SELECT acknowledged_seq FROM consumers WHERE name = ?", self._consumer)
        return None if found is None or int(found) <= int(done or 0) else int(found)

    def acknowledge(self, seq: int, *, at_once: int = DELETED_AT_ONCE) -> None:
        """Everything up to `seq` is written; what all consumers have had goes, so many facts at a time."""
        with self._writing() as connection:
            outbox.note(connection, self._consumer, seq)
        deleted = at_once
        while deleted == at_once:
            with self._writing() as connection:
                deleted = outbox.forget_some(connection, at_once)

    def _one(self, statement: str, *values: str) -> str | int | None:
        with self._lock, explained(self._path):
            row = self._reader.execute(statement, values).fetchone()
        return None if row is None else row[0]
