"""The clock that pushes: reads each source, commits its batches, publishes what is committed.

Stage: sources -> **poller** -> ledger -> outlets. The one seam that catches errors of AWS and of channels: each
failure is a counter, an `up` of 0 and one log line. Bugs are not caught; they end the process.
"""

import logging
import platform
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

import athena_exporter
from athena_exporter import catalog
from athena_exporter.ledger.errors import LedgerError
from athena_exporter.ledger.store import Ledger
from athena_exporter.outlets.metrics import render
from athena_exporter.outlets.notifications import ChannelError
from athena_exporter.outlets.page import page
from athena_exporter.records import Batch, FailedStart, QueryExecution, Sample, StartedQuery, Target
from athena_exporter.sources import Source, errors
from athena_exporter.telemetry import Telemetry

_log = logging.getLogger(__name__)
_PRUNE_EVERY = timedelta(minutes=10)
_AFTER_FAILURE = timedelta(seconds=15)


class Publisher(Protocol):
    """Where a rendered exposition goes."""

    def publish(self, text: bytes, front: bytes) -> None:
        """Serve from now on `text` to scrapers and `front`, a page, to people."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """Time as arguments: `now` is aware UTC, `monotonic` seconds that never go back."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]


class Poller:
    """Reads sources into the ledger and publishes its committed state."""

    def __init__(self, *, ledger: Ledger, telemetry: Telemetry, publisher: Publisher, clocks: Clocks) -> None:
        """Nothing starts before a method is called."""
        self._ledger = ledger
        self._telemetry = telemetry
        self._publisher = publisher
        self._clocks = clocks
        self._pruned_at: dict[Target, float] = {}
        self._left_out: frozenset[Target] = frozenset()

    def poll(self, source: Source) -> bool:
        """Read one source once, committing batch by batch; whether it was read to its end."""

        def read() -> timedelta | None:
            lag = self._drain(source)
            self._ledger.succeeded(source.target, source.name, self._clocks.now())
            return lag

        return self._seam(source.target, source.name, read)

    def deliver(self, target: Target, outlet: str, deliver: Callable[[], bool]) -> bool:
        """Let an outlet that calls AWS work until it has nothing more to do at once; whether it got that far."""

        def work() -> None:
            while deliver():
                pass

        return self._seam(target, outlet, work)

    def _seam(self, target: Target, name: str, action: Callable[[], timedelta | None]) -> bool:
        """The one place where AWS's errors are caught. `action` answers its lag, None if it has none to tell."""
        began = self._clocks.monotonic()
        try:
            lag = action()
        except (ClientError, BotoCoreError) as error:
            self.failed(target, name, errors.reason(error), errors.explain(error))
            return False
        except LedgerError as error:
            self.failed(target, name, "ledger", str(error))
            return False
        except ChannelError as error:
            self.failed(target, name, error.reason, str(error))
            return False
        duration = timedelta(seconds=self._clocks.monotonic() - began)
        self._telemetry.read_succeeded(target, name, duration, lag)
        return True

    def failed(self, target: Target, source: str, reason: str, line: str) -> None:
        """The three ways in which a failure shows.

        At a limit of its configuration a source stays up: AWS answers, it goes on by itself, and whoever is woken by
        an `up` of 0 would be woken for nothing. Counter, log and the age of its last success tell that it waits.
        """
        self._telemetry.read_failed(target, source, reason, is_up=reason == errors.LIMIT)
        _log.warning("%s (%s, %s): %s", source, target.account_id, target.region, line)

    def _drain(self, source: Source) -> timedelta | None:
        lag: timedelta | None = None
        for batch in source.read(self._ledger.view(source.target)):
            self._ledger.apply(batch)
            self._telemetry.malformed(source.target, source.name, batch.malformed)
            self._telemetry.messages(source.target, source.name, batch.messages)
            self._telemetry.trail_files(source.target, batch.files)
            # AWS's Date has whole seconds: what is younger than a second would seem to come from the future.
            ages = [max(batch.observed_at - at, timedelta(0)) for at in _times(batch)]
            lag = min([*ages, *([] if lag is None else [lag])], default=None)
        return lag

    def publish(self) -> None:
        """Render the committed state and serve it. A ledger that cannot be read leaves the last page in place."""
        with self._ledger.garbage.held_back():
            self._publish()

    def _publish(self) -> None:
        try:
            self._ledger.reveal()
            now = self._clocks.now()
            committed = self._ledger.samples(now)
            # After the samples: what is published must never be newer than the stamp says.
            self._ledger.stamp()
        except LedgerError as error:
            _log.warning("publishing: %s", error)
            return
        if self._left_out:
            committed = [one for one in committed if one.target not in self._left_out]
        samples = [*committed, *self._telemetry.samples(), _build_info()]
        self._publisher.publish(render(samples), page(samples, now))

    def leave_out(self, targets: Iterable[Target]) -> None:
        """Publish no more what the ledger holds of these: they are no targets any longer, and it would seem stale."""
        self._left_out = frozenset(targets)

    def decide(self) -> None:
        """Find who came to a level of a budget. A ledger that cannot be written is asked again the next time."""
        try:
            decided = self._ledger.decide(self._clocks.now())
        except LedgerError as error:
            _log.warning("deciding on budgets: %s", error)
            return
        for one in decided:
            _log.info(
                "budget %s: %s %s is %s (%.0f %%)", one.budget.name, one.budget.per.value,
                one.standing.subject, one.level.value, one.standing.ratio * 100,
            )  # fmt: skip  # as short as it can be said

    def prune(self, targets: Iterable[Target]) -> None:
        """Forget what is no longer needed, every ten minutes a target."""
        now = self._clocks.monotonic()
        for target in targets:
            if now - self._pruned_at.get(target, float("-inf")) >= _PRUNE_EVERY.total_seconds():
                self._pruned_at[target] = now
                try:
                    self._ledger.prune(target)
                except LedgerError as error:
                    _log.warning("pruning: %s", error)


class Threads:
    """The poller's loops, each in a thread of its own. A bug in one stops all and rises from `wait`."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """`monotonic` (seconds) measures the patience of `wait`."""
        self._monotonic = monotonic
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._bug: BaseException | None = None

    def every(self, interval: timedelta, action: Callable[[], object], name: str) -> None:
        """Run `action` now and then again, `interval` after its end.

        Without an interval the action waits by itself; then one that failed (it answers False) has a pause.
        """
        self._start(lambda: self._repeat(interval, action), name)

    def once(self, action: Callable[[], object], name: str) -> None:
        """Run `action` beside the loops."""
        self._start(action, name)

    def _start(self, action: Callable[[], object], name: str) -> None:
        thread = threading.Thread(target=self._guarded, args=(action,), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _repeat(self, interval: timedelta, action: Callable[[], object]) -> None:
        while not self._stop.is_set():
            failed = action() is False
            pause = _AFTER_FAILURE if failed and not interval else interval
            self._stop.wait(pause.total_seconds())

    def _guarded(self, action: Callable[[], object]) -> None:
        try:
            action()
        except BaseException as bug:  # noqa: BLE001 - it is handed on: a bug must end the process, not one thread
            self._bug = self._bug or bug
            self._stop.set()

    def pause(self, interval: timedelta) -> bool:
        """Wait; True if it is time to stop."""
        return self._stop.wait(interval.total_seconds())

    @property
    def is_stopping(self) -> bool:
        """Whether `stop` was called, or a bug stopped all."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Ask every loop to end after its present step."""
        self._stop.set()

    def wait(self, patience: timedelta) -> None:
        """Block until `stop`, then give all loops together `patience` to end. Raises the bug that stopped them."""
        self._stop.wait()
        deadline = self._monotonic() + patience.total_seconds()
        for thread in self._threads:
            thread.join(max(0.0, deadline - self._monotonic()))
        if self._bug is not None:
            raise self._bug


def _times(batch: Batch) -> Sequence[datetime]:
    starts = [r.started_at for r in batch.records if isinstance(r, StartedQuery | FailedStart)]
    ends = [r.counted_at for r in batch.records if isinstance(r, QueryExecution) and r.state.final]
    return starts + ends


def _build_info() -> Sample:
    labels = (athena_exporter.__version__, platform.python_version())
    return Sample(metric=catalog.BUILD_INFO.name, target=None, labels=labels, value=1)
