"""`athena-exporter serve`: the service, from its configuration to its end."""

import gc
import logging
import os
import signal
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import boto3
import click
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from athena_exporter.cli import log, wiring
from athena_exporter.cli.failing import SetupError, explained
from athena_exporter.cli.usage import HELP
from athena_exporter.config import Config, TargetSettings, load
from athena_exporter.ledger.store import Ledger
from athena_exporter.outlets import server
from athena_exporter.poller import Clocks, Poller, Threads
from athena_exporter.records import UNKNOWN, Target
from athena_exporter.sources import errors
from athena_exporter.sources.rate import Rates
from athena_exporter.sources.session import Session, resolve
from athena_exporter.telemetry import Telemetry

_log = logging.getLogger(__name__)
CLOCKS = Clocks(now=lambda: datetime.now(UTC), monotonic=time.monotonic)
"""The real clocks of the process."""
_RETRY_RESOLVE = timedelta(seconds=15)
_PATIENCE_AT_END = timedelta(seconds=5)


@click.command(context_settings=dict(HELP))
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="YAML file; without one: the defaults, and the Region and credentials of the environment.",
)
@click.option(
    "--web.listen-address", "listen_address", default=":9989", show_default=True, help="host:port, :port or [ipv6]:port"
)
@click.option(
    "--log.level", "level", type=click.Choice([one.value for one in log.LogLevel]), default="info", show_default=True
)
@click.option(
    "--log.format", "form", type=click.Choice([one.value for one in log.LogFormat]), default="logfmt", show_default=True
)
@explained
def serve(config_path: Path | None, listen_address: str, level: str, form: str) -> None:
    """Count every query once and serve the totals on /metrics.

    Committed totals are served at once after a start, before AWS is asked. While AWS cannot be reached, the last
    values stay, with their age. SIGTERM or Ctrl-C ends it; nothing is lost by any way of ending it.

    \b
    AWS_REGION=eu-west-1 athena-exporter serve
    athena-exporter serve --config exporter.yml --web.listen-address 127.0.0.1:9989
    """  # noqa: D301 - \b is click's mark for "keep these lines"
    config = load(config_path, os.environ)
    log.configure(log.LogLevel(level), log.LogFormat(form))
    telemetry = Telemetry()
    readers = [Reader(config, settings, telemetry) for settings in config.targets]
    with closing(Ledger(wiring.ledger_settings(config), monotonic=CLOCKS.monotonic)) as ledger:
        Service(config, ledger, telemetry).run(readers, listen_address)


class Service:
    """The running product: one ledger, one server, one thread for each source of each target."""

    def __init__(self, config: Config, ledger: Ledger, telemetry: Telemetry) -> None:
        """Nothing starts before `run`."""
        self._config = config
        self._ledger = ledger
        self._telemetry = telemetry
        self._exposition = server.Exposition()
        self._threads = Threads(CLOCKS.monotonic)
        self._claimed: set[Target] = set()
        self._claiming = threading.Lock()
        self._poller = Poller(ledger=ledger, telemetry=self._telemetry, publisher=self._exposition, clocks=CLOCKS)

    def run(self, readers: Sequence["Reader"], listen_address: str) -> None:
        """Serve until a signal or a bug. Raises SetupError, AddressError, and AWS's errors for missing credentials."""
        self._tell_ledger()
        self._poller.publish()
        # What is loaded now stays: no collection has to walk over it again.
        gc.freeze()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._threads.stop())
        with server.serve(listen_address, server.application(self._exposition)) as web:
            _log.info("serving on %s", web.url)
            self._threads.every(self._config.exposition.interval, self._tick, "publish")
            for reader in readers:
                self._threads.once(partial(self._begin, reader), f"resolve {reader.session.region}")
            self._threads.wait(_PATIENCE_AT_END)
        _log.info("ended")

    def _tell_ledger(self) -> None:
        _log.info("ledger %s: %s journal", self._config.ledger.path, self._ledger.journal)
        if self._ledger.restored:
            _log.warning("the ledger is a restored copy: its counters restart at 0, so that no old value is a spike")

    def _tick(self) -> None:
        self._poller.publish()
        self._poller.prune(tuple(self._claimed))

    def _begin(self, reader: "Reader") -> None:
        """Try until AWS has answered, in a thread: an AWS that hangs holds up neither other targets nor the end.

        Missing credentials and two targets alike stop the start all the same: they rise from `Threads.wait`.
        """
        while not self._resolved(reader):
            if self._threads.pause(_RETRY_RESOLVE):
                return

    def _resolved(self, reader: "Reader") -> bool:
        try:
            target, now = resolve(reader.session, CLOCKS.now)
        except NoCredentialsError:
            raise
        except (ClientError, BotoCoreError) as error:
            presumed = self._presumed(reader.session.region)
            for source in reader.sources:
                self._poller.failed(presumed, source, errors.reason(error), errors.explain(error))
            return False
        self._claim(target)
        self._forget_presumed(reader, target)
        self._ledger.adopt(target, now)
        self._read(reader, target)
        return True

    def _presumed(self, region: str) -> Target:
        """Whom a failure concerns before STS has answered: the one account known from before, if it is one."""
        known = [target for target in self._ledger.targets() if target.region == region]
        return known[0] if len(known) == 1 else Target(account_id=UNKNOWN, region=region)

    def _forget_presumed(self, reader: "Reader", target: Target) -> None:
        """A source that was down under a presumed name must not stay down under it."""
        presumed = self._presumed(reader.session.region)
        if presumed not in {target, *self._claimed}:
            self._telemetry.forget(presumed)

    def _claim(self, target: Target) -> None:
        with self._claiming:
            if target not in self._claimed:
                self._claimed.add(target)
                return
        raise SetupError(
            f"targets: two of them are account {target.account_id} in {target.region}; every query would count "
            "twice: remove one"
        )

    def _read(self, reader: "Reader", target: Target) -> None:
        reader.target = target
        _log.info("reading account %s in %s", target.account_id, target.region)
        for name, (build, interval) in reader.sources.items():
            source = build(self._config, reader.session, target, CLOCKS.now)
            self._telemetry.malformed(target, name, 0)
            self._threads.every(interval, partial(self._poller.poll, source), f"{name} {target.region}")


class Reader:
    """One configured target: its session, and what is read of it. `target` is unknown until STS has answered."""

    def __init__(self, config: Config, settings: TargetSettings, telemetry: Telemetry) -> None:
        region = settings.region or boto3.Session().region_name
        if region is None:
            raise SetupError("no Region: set AWS_REGION, or targets[].region in the configuration")
        self.target = Target(account_id=UNKNOWN, region=region)
        self.session = Session(
            region=region,
            rates=Rates(share=config.aws.rate_share, clock=CLOCKS.monotonic, sleep=time.sleep),
            count=lambda service, operation, result: telemetry.aws_call(self.target, service, operation, result),
            role_arn=settings.role_arn,
            external_id=settings.external_id,
            endpoint_url=config.aws.endpoint_url,
        )
        self.sources = {"athena": (wiring.athena_source, config.sources.athena.interval)}
        if config.sources.lookup.enabled:
            self.sources["lookup"] = (wiring.lookup_source, config.sources.lookup.interval)
