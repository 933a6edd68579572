"""For applications: an ordinary logging handler that tells CloudWatch Logs which tables they read.

    logger.addHandler(TableAccessHandler(spool="/var/lib/app/access.db"))
    logger.info(dict(table="apple", details={}))

Stage: application -> spool (SQLite) -> the same transport as the exporter's events -> watchtower -> CloudWatch Logs.
At least once: what `logger.info` has returned from is delivered, though the process be killed or AWS be away.
docs/events.md has the recipe.
"""

import fcntl
import json
import logging
import os
import random
import socket
import threading
import time
import uuid
import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from athena_exporter.outlets.backoff import Backoff
from athena_exporter.outlets.events.shape import instant
from athena_exporter.outlets.events.spool import Spool
from athena_exporter.outlets.events.transport import Outgoing, Transport
from athena_exporter.sources import errors

DEFAULT_GROUP = "/athena-observability/table-access"
_log = logging.getLogger(__name__)
_AT_ONCE = 5_000
_FORK_WAITS_S = 1.0
"""So long a fork waits for a call to AWS to end; one that takes longer waits for the network, and holds no lock."""
_OWN = ("athena_exporter", "boto3", "botocore", "urllib3")
"""Loggers that speak while events are delivered: what they say must not become an event that is delivered."""


class TableAccessHandler(logging.Handler):
    """Delivers records to CloudWatch Logs, each at least once. A dict becomes an event as it is.

    Each event gets an `access_id` and an `event_time`, unless the dict has its own: a copy has the same id.

    Args:
        spool: the file in which events wait; processes that share it deliver each other's, one of them at a time.
        log_group: where the events go; created if it is missing, unless `create_group` says no.
        log_stream: a fixed name; by default the host's.
        client: a CloudWatch Logs client of boto3; by default `boto3.client("logs")`, a new one after a fork.
        interval: the longest time in seconds until an event is sent.
        patience: how long in seconds `flush` and `close` wait for AWS; what is left stays in the spool.
        max_bytes: how much may wait; beyond it the oldest events go, and `counts()["dropped"]` tells.
        create_group: whether a missing log group is created.

    Raises:
        sqlite3.Error: if the spool cannot be used.
    """

    def __init__(
        self,
        *,
        spool: str | Path,
        log_group: str = DEFAULT_GROUP,
        log_stream: str | None = None,
        client: Any = None,  # botocore makes its clients at run time
        interval: float = 5.0,
        patience: float = 10.0,
        max_bytes: int = 64 * 2**20,
        create_group: bool = True,
    ) -> None:
        super().__init__()
        self._spool = Spool(Path(spool), max_bytes)
        self._lock_path = Path(f"{spool}.lock")
        self._place = (log_group, log_stream or socket.gethostname().replace(":", "-"))
        self._client = client
        self._interval, self._patience, self._create_group = interval, patience, create_group
        self._tally = _Tally()
        self._worker: _Worker | None = None
        self._closed = False
        self._tried = 0
        self.addFilter(_not_of_ours)
        self._ensure_worker()
        _settle_before_forks(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record into the spool; no call to AWS happens here."""
        try:
            at_ms = int(record.created * 1000)
            self._spool.put(at_ms, _line(record.msg if isinstance(record.msg, Mapping) else self.format(record), at_ms))
            self._ensure_worker()
        except Exception:  # noqa: BLE001  logging's own rule: a handler reports its failure and never raises
            self.handleError(record)

    def flush(self) -> None:
        """Wait until everything logged so far is delivered, at most the patience."""
        if self._closed:
            return
        newest, deadline = self._spool.newest(), time.monotonic() + self._patience
        if newest <= self._tried:
            return  # at the end of a program logging calls `flush` and `close`: one patience is enough
        self._tried = newest
        while self._spool.waiting(newest) and time.monotonic() < deadline:
            self._ensure_worker().hurry()
            threading.Event().wait(0.02)

    def close(self) -> None:
        """Flush, then end; what is not delivered is by whoever opens the spool next."""
        if not self._closed:
            self.flush()
            self._closed = True
            if self._worker is not None:
                self._worker.end()
            self._spool.close()
        super().close()

    def counts(self) -> dict[str, int]:
        """What became of events: `accepted`, `resent`, `rejected_<reason>`, `waiting`, `dropped`."""
        return {**self._tally.counts, "waiting": self._spool.waiting(), "dropped": self._spool.dropped()}

    @contextmanager
    def _settled(self) -> Iterator[None]:
        """Nobody is in the spool, and the worker is between two calls, or waits for the network."""
        worker = self._worker
        with worker.paused() if worker else ExitStack(), self._spool.idle():
            yield

    def _ensure_worker(self) -> "_Worker":
        """A thread of this process: a fork has none, and needs a client of its own."""
        if self._worker is None or self._worker.process != os.getpid():
            if self._client is not None and self._worker is not None:
                # Its open connections are the parent's, too: answers would go to whoever reads first.
                self._client.close()
            # Unchecked, for botocore's check of every event takes as long as making it, and the service checks, too.
            client = self._client or boto3.client("logs", config=Config(parameter_validation=False))
            transport = Transport(
                client=client, tally=self._tally, now=lambda: datetime.now(UTC), create_groups=self._create_group
            )
            self._worker = _Worker(
                spool=self._spool, lock=self._lock_path, transport=transport, place=self._place,
                interval=self._interval, close_client=client.close if self._client is None else None,
            )  # fmt: skip  # six arguments read best as a block
        return self._worker


def _settle_before_forks(handler: TableAccessHandler) -> None:
    """A child has no other thread: a lock that one of them holds at the fork stays held there for ever.

    Those of Python can be made anew. Those inside SQLite and botocore cannot: nobody may hold them at that moment.
    """
    found, held = weakref.ref(handler), list[ExitStack]()

    def before() -> None:
        stack = ExitStack()
        living = found()
        if living is not None:
            stack.enter_context(living._settled())  # noqa: SLF001  the handler's own part, outside it for the weak reference
        held.append(stack)

    def after() -> None:
        held.pop().close()

    os.register_at_fork(before=before, after_in_parent=after, after_in_child=after)


def _not_of_ours(record: logging.LogRecord) -> bool:
    """A filter, and not in `emit`, for those who speak while `flush` waits would wait for the handler's lock."""
    return record.name.split(".", 1)[0] not in _OWN


class _Tally:
    """What became of events, for whoever asks the handler."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter(accepted=0, resent=0)

    def events_accepted(self, log_group: str, count: int) -> None:
        del log_group  # a handler has one
        self.counts["accepted"] += count

    def events_resent(self, log_group: str, count: int) -> None:
        del log_group  # as above
        self.counts["resent"] += count

    def events_rejected(self, log_group: str, reason: str, count: int) -> None:
        self.counts[f"rejected_{reason}"] += count
        _log.warning("CloudWatch Logs will never take %d events of %s: %s", count, log_group, reason)


class _Worker:
    """The thread that empties the spool."""

    def __init__(
        self,
        *,
        spool: Spool,
        lock: Path,
        transport: Transport,
        place: tuple[str, str],
        interval: float,
        close_client: Callable[[], object] | None,
    ) -> None:
        self.process = os.getpid()
        self._spool, self._lock, self._transport, self._place = spool, lock, transport, place
        self._interval, self._close_client = interval, close_client
        self._wake, self._ending = threading.Event(), threading.Event()
        self._backoff = Backoff(time.monotonic, random.random)
        self._busy = threading.Lock()
        self._last = 0
        self._thread = threading.Thread(target=self._run, name="table-access", daemon=True)
        self._thread.start()

    def hurry(self) -> None:
        """Do not wait for the interval to end."""
        self._wake.set()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Nothing is being delivered, if that can be had in a moment."""
        has_lock = self._busy.acquire(timeout=_FORK_WAITS_S)
        try:
            yield
        finally:
            if has_lock:
                self._busy.release()

    def end(self) -> None:
        """Stop after the present call, and wait for that a moment."""
        self._ending.set()
        self._wake.set()
        self._transport.close()
        self._thread.join(timeout=5)
        if self._close_client is not None:
            self._close_client()

    def _run(self) -> None:
        while not self._ending.is_set():
            with _alone(self._lock) as alone:
                while alone and not self._ending.is_set() and self._round():
                    pass
            self._wake.wait(self._interval)
            self._wake.clear()

    def _round(self) -> bool:
        """Deliver what has waited longest; whether more may be waiting."""
        with self._busy:
            return not self._backoff.is_waiting and self._has_round() and self._sent()

    def _has_round(self) -> bool:
        if self._transport.is_busy:
            return True
        waiting = self._spool.oldest(_AT_ONCE)
        if not waiting:
            return False
        group, stream = self._place
        self._last = waiting[-1].seq
        self._transport.begin(
            Outgoing(group=group, stream=stream, at_ms=one.at_ms, message=one.body) for one in waiting
        )
        return True

    def _sent(self) -> bool:
        try:
            self._transport.attempt()
        except (ClientError, BotoCoreError) as error:
            self._backoff.failed()
            if not self._ending.is_set():
                _log.warning("%s; the events wait in the spool", errors.explain(error))
            return False
        self._backoff.succeeded()
        self._spool.delivered(self._last)
        return True


@contextmanager
def _alone(path: Path) -> Iterator[bool]:
    """Whether this process is the one that delivers just now; the lock ends with the process, however that ends."""
    with path.open("ab") as file:
        try:
            # Not flock: a child that is forked meanwhile would inherit it, and hold it for as long as it lives.
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            yield False
        else:
            yield True


def _line(said: Mapping[str, object] | str, at_ms: int) -> str:
    event = dict(said) if isinstance(said, Mapping) else {"message": said}
    event.setdefault("event_time", instant(datetime.fromtimestamp(at_ms / 1000, tz=UTC)))
    event.setdefault("access_id", uuid.uuid4().hex)
    return json.dumps(event, default=_plain, separators=(",", ":"))


def _plain(value: object) -> str:
    """What JSON has no word for: times as ISO 8601, anything else as Python shows it, as watchtower does."""
    return value.isoformat() if isinstance(value, date) else repr(value)
