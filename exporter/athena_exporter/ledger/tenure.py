"""Being the one writer of a ledger: its lock, its lease where a lock is not enough, and the mark in the ledger itself.

Stage: files, lease, fence -> **tenure** -> store. What each of the three protects from stands in docs/reliability.md.
"""

import sqlite3
import threading
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from athena_exporter.ledger import fence
from athena_exporter.ledger.errors import ReplacedError
from athena_exporter.ledger.files import Stamp, WriterLock
from athena_exporter.ledger.holder import Here
from athena_exporter.ledger.lease import Lease


class Tenure:
    """The right to write the ledger at `path`, from `begin` until `end`, or until somebody else has it."""

    def __init__(self, path: Path, length: timedelta | None, here: Here) -> None:
        """Take the lock, and a lease of this `length`; None: the lock is enough. May wait for the lease.

        Raises:
            LedgerError: another exporter writes the ledger, or its folder cannot be written.
        """
        self._path = path
        self._token = here.me.token
        self._mark: str | None = None
        self._replaced: str | None = None
        self._lease = None if length is None else Lease(path, length, here)
        with ExitStack() as undo:
            self._lock = WriterLock(path, is_enough=self._lease is None)
            undo.callback(self._lock.release)
            if self._lease is not None:
                self._lease.take(is_locked_by_us=self._lock.is_held)
                self._lease.keep()
            undo.pop_all()

    def confirm(self) -> None:
        """Nobody has come in between. Raises LedgerError."""
        if self._lease is not None:
            self._lease.confirm()

    def begin(self, connection: sqlite3.Connection) -> None:
        """Become the writer, in the open transaction: from its commit on, no other one commits.

        Where the lock is enough nothing is written: a full disk must not keep an exporter from serving what it has.
        """
        if self._lease is not None or fence.is_raised(connection):
            self._mark = fence.raise_for(connection, self._token)

    def hold(self, connection: sqlite3.Connection) -> None:
        """Go on only as the writer, as the open transaction sees it. Raises ReplacedError, from then on for ever."""
        self.hold_lease()
        if self._mark is not None:
            try:
                fence.hold(connection, self._mark, self._path)
            except ReplacedError as error:
                self._replaced = str(error)
                raise

    def hold_lease(self) -> None:
        """Go on only while the lease is ours; it looks at a clock and nothing else. Raises ReplacedError."""
        if self._lease is not None:
            self._lease.hold()

    @property
    def may_touch(self) -> bool:
        """Whether the files may be touched at all, even to undo what was not committed.

        Where nothing but the lease kept others out, a rollback would play back a journal that is theirs by now.
        """
        return self._lease is None or self._lease.doubt() is None

    def doubt(self) -> str | None:
        """Why somebody else may be the writer by now, in one line; None while we are, as far as we know."""
        return self._replaced or (None if self._lease is None else self._lease.doubt())

    def stamp(self) -> Stamp | None:
        """What was published last, by whomever."""
        return self._lock.stamp()

    def write(self, stamp: Stamp) -> None:
        """Remember what is about to be published. Raises LedgerError."""
        self._lock.write(stamp)

    def end(self) -> None:
        """Give back what is ours."""
        if self._lease is not None:
            if self._replaced is not None:
                self._lease.lose(self._replaced)
            self._lease.release()
        self._lock.release()


class Turn:
    """One thread after the other, and nobody any more once the files may not be touched: a context manager.

    Reading is no exception: SQLite rolls back a journal that it takes for a dead writer's.
    """

    def __init__(self, tenure: Tenure) -> None:
        """`tenure` is asked at each turn; it looks at a clock and nothing else."""
        self._tenure = tenure
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        """Wait for the turn. Raises ReplacedError."""
        self._lock.acquire()
        try:
            self._tenure.hold_lease()
        except BaseException:
            self._lock.release()
            raise

    def __exit__(self, *_: object) -> None:
        """The next one, please."""
        self._lock.release()
