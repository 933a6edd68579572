"""The running product: which threads there are, and what starts them."""

import gc
import logging
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from wsgiref.types import WSGIApplication

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from athena_exporter.budgets import advise, advise_guard
from athena_exporter.cli import accounts, wiring
from athena_exporter.cli.archiving import BETWEEN_COMPACTIONS, open_archive
from athena_exporter.cli.channels import OpenChannel
from athena_exporter.cli.failing import SetupError
from athena_exporter.cli.guarding import GUARD, Guarding
from athena_exporter.cli.readers import CLOCKS, COMPACTION, HISTORY, OUTLET, Historian, Reader, Writer
from athena_exporter.config import Config
from athena_exporter.ledger.store import Ledger
from athena_exporter.outlets import server
from athena_exporter.outlets.webconfig import WebConfig
from athena_exporter.poller import Poller, Threads
from athena_exporter.records import Target, epoch_ms
from athena_exporter.sources import errors
from athena_exporter.sources.session import resolve
from athena_exporter.sources.trail import Audience
from athena_exporter.telemetry import Telemetry

_log = logging.getLogger(__name__)
_RETRY_RESOLVE = timedelta(seconds=15)
_PATIENCE_AT_END = timedelta(seconds=5)
_DECIDE_EVERY = timedelta(seconds=2)
_LOOK_AT_LEASE = timedelta(seconds=1)
_LOOK_FOR_NEWS = timedelta(seconds=1)


class Service:
    """The running product: a ledger, a server, a thread for each source, guard and channel, and one for events."""

    def __init__(
        self,
        config: Config,
        ledger: Ledger,
        telemetry: Telemetry,
        guarding: Guarding | None = None,
        channels: Sequence[OpenChannel] = (),
        historian: Historian | None = None,
    ) -> None:
        """Nothing starts before `run`. Without a `guarding` nothing is guarded, without `channels` nobody is told."""
        self._config = config
        self._channels = tuple(channels)
        self._historian = historian
        self._guarding = guarding
        self._ledger = ledger
        self._telemetry = telemetry
        self._exposition = server.Exposition(lambda: ledger.doubt() is not None)
        self._scrapers = server.Scrapers(CLOCKS.monotonic)
        self._threads = Threads(CLOCKS.monotonic)
        self._claimed: set[Target] = set()
        self._adopted: set[Target] = set()
        self._claiming = threading.Lock()
        self._unresolved: list[Reader] = []
        self._left_out: set[Target] = set()
        self._closers: list[Callable[[], None]] = []
        self._poller = Poller(ledger=ledger, telemetry=self._telemetry, publisher=self._exposition, clocks=CLOCKS)

    def run(
        self, readers: Sequence[Reader], writer: Writer | None, listen_address: str, web: WebConfig | None = None
    ) -> None:
        """Serve until a signal or a bug. Raises SetupError, AddressError, and AWS's errors for missing credentials."""
        self._tell_ledger()
        for crowd in server.Crowd:
            self._telemetry.refused(crowd, 0)
        sys.setswitchinterval(server.SWITCH_AFTER)
        self._poller.publish()
        # What is loaded now stays: no collection has to walk over it again.
        gc.freeze()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._threads.stop())
        with server.serve(listen_address, self._application(), web=web, refused=self._telemetry.refused) as listening:
            _log.info("serving on %s", listening.url)
            self._threads.every(self._config.exposition.interval, self._tick, "publish")
            self._threads.every(_DECIDE_EVERY, self._poller.decide, "decide")
            # By itself: every other thread may hang at a disk that does not answer.
            self._threads.every(_LOOK_AT_LEASE, self._ledger.hold, "hold")
            for channel in self._channels:
                self._tell(channel)
            self._introduce(readers)
            for reader in readers:
                self._threads.once(partial(self._begin, reader), f"resolve {reader.region}")
            if writer is not None:
                self._threads.once(partial(self._begin, writer), f"resolve {OUTLET}")
            if self._historian is not None:
                self._threads.once(partial(self._begin, self._historian), f"resolve {HISTORY}")
            try:
                self._threads.wait(_PATIENCE_AT_END)
            finally:
                for close in self._closers:
                    close()
        _log.info("ended")

    def _tell_ledger(self) -> None:
        lease = self._ledger.lease
        told = "no lease" if lease is None else f"a lease of {lease.total_seconds():g} s"
        _log.info("ledger %s: %s journal, %s", self._config.ledger.path, self._ledger.journal, told)
        if self._ledger.restored:
            _log.warning("the ledger is a restored copy: its counters restart at 0, so that no old value is a spike")
        budgets = wiring.budgets(self._config)
        for advice in (*advise(budgets, epoch_ms(CLOCKS.now())), *advise_guard(budgets, self._config.guard.mode)):
            _log.warning("%s", advice.words)

    def _application(self) -> WSGIApplication:
        return server.application(self._exposition, self._scrapers.came)

    def _tick(self) -> None:
        self._scrapers.tick(self._poller.publish, self._config.exposition.interval.total_seconds())
        self._poller.prune(tuple(self._claimed))

    def _introduce(self, readers: Sequence[Reader]) -> None:
        """Tell whom the configuration means, before AWS has answered."""
        self._unresolved = list(readers)
        for target, alias in accounts.aliases(self._config, self._ledger.targets()).items():
            self._telemetry.called(target, alias)
        self._leave_out()

    def _leave_out(self) -> None:
        """What the ledger holds of a target that nobody reads any longer is kept, and not shown."""
        awaited = [one.target for one in self._unresolved]
        gone = {
            one
            for one in self._ledger.targets()
            if one not in self._claimed and not any(accounts.may_be(one, meant) for meant in awaited)
        }
        for target in sorted(gone - self._left_out):
            _log.warning(
                "the ledger also holds account %s in %s, which is no target: its totals stay there and are shown again "
                "when it is one", target.account_id, target.region,
            )  # fmt: skip  # one sentence
        self._left_out = gone
        self._poller.leave_out(gone)

    def _begin(self, part: Reader | Writer) -> None:
        """Try until AWS has answered, in a thread: an AWS that hangs holds up neither other targets nor the end.

        Missing credentials and two targets alike stop the start all the same: they rise from `Threads.wait`.
        """
        while not self._resolved(part):
            if self._threads.pause(_RETRY_RESOLVE):
                return

    def _resolved(self, part: Reader | Writer) -> bool:
        try:
            target, now = resolve(part.session, CLOCKS.now)
        except NoCredentialsError:
            raise
        except (ClientError, BotoCoreError) as error:
            presumed = self._presumed(part)
            for name in part.names:
                self._poller.failed(presumed, name, errors.reason(error), errors.explain(error))
            return False
        if isinstance(part, Reader):
            self._claim(part, target)
        self._forget_presumed(part, target)
        part.target = target
        if isinstance(part, Reader):
            self._ledger.adopt(target, now)
            self._adopted.add(target)
            self._ledger.retire(target, part.names, wiring.SHARED & wiring.sources(self._config).keys())
            self._read(part, target)
            self._guard(target, now)
        elif isinstance(part, Historian):
            self._archive(part, target)
        else:
            self._write(part, target)
        return True

    def _presumed(self, part: Reader | Writer) -> Target:
        """Whom a failure concerns before STS has answered: the role's account, or the one known from before."""
        return accounts.presumed(part.region, part.settings, self._config, self._ledger.targets()) or part.target

    def _forget_presumed(self, part: Reader | Writer, target: Target) -> None:
        """A source that was down under a presumed name must not stay down under it."""
        presumed = self._presumed(part)
        if presumed not in {target, *self._claimed}:
            self._telemetry.forget(presumed)

    def _claim(self, reader: Reader, target: Target) -> None:
        with self._claiming:
            if target not in self._claimed:
                self._claimed.add(target)
                self._unresolved = [one for one in self._unresolved if one is not reader]
                self._telemetry.called(target, reader.settings.alias or target.account_id)
                self._leave_out()
                return
        raise SetupError(
            f"targets: two of them are account {target.account_id} in {target.region}; every query would count "
            "twice: remove one"
        )

    def _read(self, reader: Reader, target: Target) -> None:
        alias = reader.settings.alias
        _log.info("reading account %s in %s%s", target.account_id, target.region, f" ({alias})" if alias else "")
        around = reader.surroundings(target, self._audience)
        for name, (build, interval) in reader.sources.items():
            self._telemetry.malformed(target, name, 0)
            self._threads.every(interval, partial(self._poller.poll, build(around)), f"{name} {target.region}")

    def _audience(self) -> Audience:
        known = frozenset(tuple(self._adopted))
        return Audience(targets=known, is_complete=len(known) == len(self._config.targets))

    def _guard(self, target: Target, now: datetime) -> None:
        watch = None if self._guarding is None else self._guarding.of(target, now)
        if watch is not None:
            self._closers.append(watch.close)
            watched = partial(self._poller.deliver, target, GUARD, watch.guard.run_once)
            self._threads.every(watch.interval, watched, f"{GUARD} {target.region}")

    def _tell(self, channel: OpenChannel) -> None:
        """AWS need not have answered for it: a webhook works while AWS is down."""
        self._closers.append(channel.close)

        def send() -> None:
            if not channel.notifier.is_waiting:
                self._poller.deliver(channel.place, channel.name, self._while_running(channel.notifier.run_once))

        self._threads.every(_LOOK_FOR_NEWS, send, channel.name)

    def _while_running(self, work: Callable[[], bool]) -> Callable[[], bool]:
        return lambda: not self._threads.is_stopping and work()

    def _write(self, writer: Writer, target: Target) -> None:
        _log.info("writing events to account %s in %s", target.account_id, target.region)
        delivery = wiring.delivery(self._config, writer.session, self._ledger, self._telemetry, CLOCKS)

        self._closers.append(delivery.close)

        def round_of_it() -> bool:
            return not self._threads.is_stopping and delivery.run_once()

        def deliver() -> None:
            if not delivery.is_waiting:  # a pause after a failure is no success
                self._poller.deliver(target, OUTLET, round_of_it)

        for group in (self._config.events.table_access_group, self._config.events.queries_group):
            self._telemetry.events_accepted(group, 0)
            self._telemetry.events_resent(group, 0)
        self._threads.every(writer.pause, deliver, OUTLET)

    def _archive(self, historian: Historian, target: Target) -> None:
        _log.info("writing the query history to s3://%s/%s", self._config.history.bucket, self._config.history.root)
        archive = open_archive(self._config, historian, self._ledger, self._telemetry)
        self._closers.append(archive.close)

        def write() -> None:
            if not archive.is_waiting():
                self._poller.deliver(target, HISTORY, self._while_running(archive.write))

        self._threads.every(historian.pause, write, HISTORY)
        if archive.compact is not None:
            merge = partial(self._poller.deliver, target, COMPACTION, self._while_running(archive.compact))
            self._threads.every(BETWEEN_COMPACTIONS, merge, COMPACTION)
