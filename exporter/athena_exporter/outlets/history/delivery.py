"""Windows out of the outbox: facts are acknowledged when the files of all their days are in S3.

Stage: the ledger's outbox -> **delivery** -> S3. Nothing is gathered in memory: until a window is over its facts wait
on disk. Its bounds are committed before anything is written, so that a process which was killed between writing and
acknowledging writes the same files again, under the same keys.
"""

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import pyarrow as pa

from athena_exporter.ledger.outbox import StoredFact, Waiting
from athena_exporter.outlets.backoff import Backoff
from athena_exporter.outlets.history import keys
from athena_exporter.outlets.history.parquet import encoded, release, table_of
from athena_exporter.outlets.history.rows import row_of
from athena_exporter.records import epoch_ms

_DIGITS = 12


class Outbox(Protocol):
    """What is read of the ledger (`ledger.box.Box`)."""

    @property
    def ledger_id(self) -> str:
        """What tells this ledger's facts from another one's."""
        ...

    def waiting(self) -> Waiting | None:
        """What there is to take."""
        ...

    def facts(self, *, after: int, limit: int) -> list[StoredFact]:
        """The oldest unacknowledged facts beyond number `after`."""
        ...

    def intend(self, seq: int) -> None:
        """Commit that everything up to `seq` is about to be written as one."""
        ...

    def intended(self) -> int | None:
        """What was intended and is not acknowledged."""
        ...

    def acknowledge(self, seq: int) -> None:
        """Everything up to `seq` is written."""
        ...


class Store(Protocol):
    """Where files go (`sources.buckets.Bucket`)."""

    def put(self, key: str, content: bytes) -> None:
        """Write a whole object."""
        ...


class Tally(Protocol):
    """Told of what is written (`telemetry.Telemetry`)."""

    def history_written(self, rows: int, size: int) -> None:
        """A file is in S3."""
        ...

    def history_files(self, result: str, count: int) -> None:
        """What became of files."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """When a window is over: after so long, after so many facts, or when its rows have so many bytes in memory.

    The last because texts of SQL may make rows a thousand times as long. `at_once` facts are read in one go.
    """

    length: timedelta = timedelta(minutes=15)
    most: int = 100_000
    largest: int = 96 * 2**20
    at_once: int = 2_500


@dataclass(slots=True)
class _Day:
    """What is gathered of one day: rows in columns, and a digest of the facts behind them."""

    tables: list[pa.Table] = field(default_factory=list)
    digest: Any = field(default_factory=hashlib.sha256)

    @property
    def rows(self) -> int:
        return sum(table.num_rows for table in self.tables)


@dataclass(slots=True)
class _Window:
    """The facts of one window, from the first to the last, by the day of their query."""

    first: int = 0
    last: int = 0
    size: int = 0
    days: dict[str, _Day] = field(default_factory=dict)

    def add(self, facts: Sequence[StoredFact], ledger_id: str) -> None:
        self.first, self.last = self.first or facts[0].seq, facts[-1].seq
        of_day: dict[str, list[tuple[Any, ...]]] = {}
        for fact in facts:
            row = row_of(fact, ledger_id)
            if row is not None:
                of_day.setdefault(row.day, []).append(row.values)
                said = f"{fact.seq} {fact.kind} {fact.written_ms} {fact.target.account_id} {fact.target.region} "
                self.days.setdefault(row.day, _Day()).digest.update(f"{said}{fact.body}\n".encode())
        for day, rows in of_day.items():
            table = table_of(rows)
            self.days[day].tables.append(table)
            self.size += table.nbytes


class Delivery:
    """The outbox's consumer that writes the query history. From one thread at a time, but for `close`."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        store: Store,
        prefix: str,
        windows: Windows,
        tally: Tally,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Nothing is written before `run_once`."""
        self._outbox = outbox
        self._store = store
        self._prefix = prefix
        self._windows = windows
        self._tally = tally
        self._now = now
        self._monotonic = monotonic
        self._backoff = Backoff(monotonic, chance)
        self._oldest: tuple[int, float] | None = None
        self._closed = False
        tally.history_written(0, 0)
        tally.history_files("written", 0)

    @property
    def is_waiting(self) -> bool:
        """Whether a failure was told and it is too early to try again: `run_once` would prove nothing."""
        return self._backoff.is_waiting

    def run_once(self) -> bool:
        """Write the oldest window if it is over; whether there may be another.

        Raises:
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as AWS and botocore raise them; the
                facts stay in the outbox, and a later call tries again.
            LedgerError: from the outbox.
        """
        if self._closed or self._backoff.is_waiting:
            return False
        until = self._outbox.intended()
        window = self._gathered(until, None) if until is not None else self._ripe()
        if window is None:
            return False
        self._write(window)
        self._outbox.acknowledge(window.last)
        return True

    def close(self) -> None:
        """Begin nothing any more, also from another thread; what is open stays in the outbox."""
        self._closed = True

    def _ripe(self) -> _Window | None:
        """The oldest window if it is over, its bounds committed."""
        waiting = self._outbox.waiting()
        if waiting is None or not self._is_over(waiting):
            return None
        window = self._gathered(min(waiting.last, waiting.first + self._windows.most - 1), self._windows.largest)
        if window is not None:
            self._outbox.intend(window.last)
        return window

    def _is_over(self, waiting: Waiting) -> bool:
        """By AWS's clock against ours, or by ours alone: a clock that is set back must not make a window endless."""
        if self._oldest is None or self._oldest[0] != waiting.first:
            self._oldest = (waiting.first, self._monotonic())
        seen = timedelta(seconds=self._monotonic() - self._oldest[1])
        aged = timedelta(milliseconds=epoch_ms(self._now()) - waiting.oldest_ms)
        return max(seen, aged) >= self._windows.length or waiting.last - waiting.first + 1 >= self._windows.most

    def _gathered(self, until: int, largest: int | None) -> _Window | None:
        """The facts up to a number, or until their rows have so many bytes; None if there are none."""
        window, ledger_id = _Window(), self._outbox.ledger_id
        while window.last < until and (largest is None or window.size < largest):
            facts = self._outbox.facts(after=window.last, limit=self._windows.at_once)
            wanted = [fact for fact in facts if fact.seq <= until]
            if not wanted:
                break
            window.add(wanted, ledger_id)
        return window if window.last else None

    def _write(self, window: _Window) -> None:
        for day, gathered in sorted(window.days.items()):
            digest = gathered.digest.hexdigest()[:_DIGITS]
            key = keys.part(
                self._prefix, day, ledger_id=self._outbox.ledger_id, first=window.first, last=window.last, digest=digest
            )
            rows = gathered.rows
            content = encoded(gathered.tables)
            release()
            try:
                self._store.put(key, content)
            except Exception:
                self._backoff.failed()
                raise
            self._tally.history_written(rows, len(content))
            self._tally.history_files("written", 1)
        self._backoff.succeeded()
