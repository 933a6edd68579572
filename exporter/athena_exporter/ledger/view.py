"""What a source may ask the ledger about its target (the protocol `sources.Knowledge`, met by shape)."""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any

from athena_exporter.ledger import rows
from athena_exporter.ledger.errors import explained
from athena_exporter.ledger.model import Phase
from athena_exporter.records import Unfinished, from_epoch_ms


class TargetView:
    """Committed knowledge of one target. Every call is one short read."""

    def __init__(
        self, connection: sqlite3.Connection, lock: AbstractContextManager[object], target_id: int, path: Path
    ) -> None:
        """`connection` is the reader of the ledger at `path`, shared under `lock`. Every call raises LedgerError."""
        self._connection = connection
        self._lock = lock
        self._target_id = target_id
        self._path = path

    def low_water(self) -> datetime:
        """Executions that ended before it are of no interest to anybody."""
        return from_epoch_ms(int(self._one("SELECT low_water_ms FROM targets WHERE id = ?", self._target_id)))

    def sequence(self) -> int:
        """The number of the last committed transaction."""
        return int(self._one("SELECT value FROM meta WHERE key = 'sequence'"))

    def counting_since(self) -> datetime:
        """Counters hold what ended at or after this time."""
        return from_epoch_ms(int(self._one("SELECT counting_since_ms FROM targets WHERE id = ?", self._target_id)))

    def cursors(self, source: str) -> Mapping[str, str]:
        """Everything that the source has committed, by key."""
        found = self._all("SELECT key, value FROM cursors WHERE target_id = ? AND source = ?", self._target_id, source)
        return dict(found)

    def cursor(self, source: str, key: str) -> str | None:
        """What the source last committed under this key."""
        found = self._all(
            "SELECT value FROM cursors WHERE target_id = ? AND source = ? AND key = ?", self._target_id, source, key
        )
        return found[0][0] if found else None

    def known_executions(self, query_ids: Collection[str]) -> Mapping[str, int]:
        """Of these ids, those whose execution is recorded -> the transaction that first recorded it."""
        known: dict[str, int] = {}
        for part in rows.chunks(query_ids):
            statement = f"""
                SELECT query_id, sequence FROM queries
                WHERE target_id = ? AND sequence IS NOT NULL AND query_id IN ({rows.marks(part)})
                """  # noqa: S608 - placeholders only
            for query_id, sequence in self._all(statement, self._target_id, *part):
                known[rows.unpack(query_id)] = sequence
        return known

    def counted(self, query_ids: Collection[str]) -> Collection[str]:
        """Of these ids, those that have ended and are counted: reading them again adds nothing."""
        return self._of_these(query_ids, f"phase = {Phase.COUNTED.value}")

    def attributed(self, query_ids: Collection[str]) -> Collection[str]:
        """Of these ids, those whose user is known."""
        return self._of_these(query_ids, "identity_id IS NOT NULL")

    def unfinished(self) -> Sequence[Unfinished]:
        """Ids to ask for again: queued, running, final without statistics, or known only by their start."""
        found = self._all(
            "SELECT query_id, since_ms, unreadable FROM queries WHERE target_id = ? AND phase < 3 ORDER BY since_ms",
            self._target_id,
        )
        return [
            Unfinished(
                query_id=rows.unpack(query_id),
                since=from_epoch_ms(since),
                unreadable=bool(unreadable),
            )
            for query_id, since, unreadable in found
        ]

    def awaiting_statistics(self) -> Sequence[str]:
        """Of the unfinished, those that are final and have no statistics yet."""
        found = self._all(
            # "phase < 3" repeats the index's own condition
            "SELECT query_id FROM queries WHERE target_id = ? AND phase < 3 AND phase = ? ORDER BY since_ms",
            self._target_id,
            Phase.WAITING.value,
        )
        return [rows.unpack(query_id) for (query_id,) in found]

    def awaiting_identity(self) -> Sequence[datetime]:
        """The submission times of recorded executions whose start has not been seen, oldest first."""
        found = self._all(
            "SELECT since_ms FROM queries"
            " WHERE target_id = ? AND identity_id IS NULL AND attribution = 0 AND phase > 0 ORDER BY since_ms",
            self._target_id,
        )
        return [from_epoch_ms(since) for (since,) in found]

    def _of_these(self, query_ids: Collection[str], condition: str) -> Collection[str]:
        found: set[str] = set()
        for part in rows.chunks(query_ids):
            statement = f"""
                SELECT query_id FROM queries
                WHERE target_id = ? AND {condition} AND query_id IN ({rows.marks(part)})
                """  # noqa: S608 - a constant of this class, and placeholders
            found |= {rows.unpack(query_id) for (query_id,) in self._all(statement, self._target_id, *part)}
        return found

    def _one(self, statement: str, *parameters: object) -> int:
        return int(self._all(statement, *parameters)[0][0])

    def _all(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self._lock, explained(self._path):
            return self._connection.execute(statement, parameters).fetchall()
