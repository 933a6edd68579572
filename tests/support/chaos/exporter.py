"""The whole product as a process that takes orders: it dies where it is told to, its clock is as wrong as it is told.

    python -m chaos.exporter CONFIG ADDRESS CHILD

CHILD is a JSON file with the fields of `Child`. It is the real composition of `serve` with five things replaced: the
ledger, its guard's book, the client of the history's bucket and the tally of events die at crash points; the clock is
the machine's and what the orders add. One safety may be off (safeties.py). AWS's rates are not respected, because the
testbed of a chaos run has none, nor the small shares in which the nets below a pass are read; windows of the history
last a second, the guard's intents a minute, and pruning forgets after seconds, which no configuration allows.
"""

import json
import math
import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import click
from crashing_exporter import COMMITTED, HEARD, KNOWN, READ, REVEAL, CrashingLedger

from athena_exporter.budgets import Intent, Result
from athena_exporter.cli import archiving, guarding, log, readers, service, wiring
from athena_exporter.cli.failing import explained
from athena_exporter.config import Config, load
from athena_exporter.ledger import guarding as book
from athena_exporter.ledger.guarding import GuardBook
from athena_exporter.ledger.holder import here
from athena_exporter.ledger.store import LedgerSettings
from athena_exporter.poller import Clocks
from athena_exporter.records import Target
from athena_exporter.sources import lookup
from athena_exporter.telemetry import Telemetry
from chaos import safeties
from chaos.orders import Orderly
from chaos.power import NAME, Power

IN_TRANSACTION = "in-transaction"
STAMPED = "stamp->publish"
INTENDED, STOPPED = "intent->act", "act->record"
BEFORE_PUT, AFTER_PUT = "before put", "after put"
BEFORE_SEND, ACCEPTED, ACKNOWLEDGED = "before send", "accepted", "acknowledge"
AFTER_SYNC = "after sync"
POWER_POINTS = ("before sync", AFTER_SYNC, "write")
POINTS = (
    IN_TRANSACTION, COMMITTED, REVEAL, STAMPED, HEARD, READ, KNOWN, INTENDED, STOPPED, BEFORE_PUT, AFTER_PUT,
    BEFORE_SEND, ACCEPTED, ACKNOWLEDGED,
)  # fmt: skip  # names
"""Where a process can die by order."""
_PAGES_A_PASS = 400
_INTENT_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """How the composition differs from the product's.

    `vfs`: SQLite's way to the disk; `power` is ours, whose power can fail. `safety_off`: a name of safeties.SAFETIES.
    `is_stranger`: it can prove nothing about other processes, as on another machine.
    """

    orders: str
    seed: int
    retention_seconds: float
    vfs: str | None = None
    safety_off: str | None = None
    is_stranger: bool = False

    def write(self, path: Path) -> Path:
        """As a file, for the command line."""
        path.write_text(json.dumps(asdict(self)))
        return path


class Deaths:
    """Dies by SIGKILL where the orders say."""

    def __init__(self, orders: Orderly) -> None:
        self.orders = orders

    def passing(self, point: str) -> None:
        if self.orders.is_due(point):
            time.sleep(self.orders.hang_seconds)  # not waiting for anything: a disk that takes long
            os.kill(os.getpid(), signal.SIGKILL)


class MortalLedger(CrashingLedger):
    """The ledger with every crash point. `deaths` is set before the first is made."""

    deaths: Deaths

    def __init__(self, settings: LedgerSettings, **more: Any) -> None:
        super().__init__(settings, **more)

    def _pass(self, point: str) -> None:
        self.deaths.passing(point)

    def acknowledge(self, consumer: str, seq: int) -> None:
        self.deaths.passing(ACKNOWLEDGED)
        super().acknowledge(consumer, seq)

    def guard_book(self, target: Target) -> GuardBook:
        made: Any = super().guard_book(target)
        made.__class__ = MortalBook
        return made  # type: ignore[no-any-return]  # its class was changed just now


class MortalBook(GuardBook):
    """The guard's book, with a crash point on either side of its act."""

    def tried(self, intent: Intent) -> None:
        MortalLedger.deaths.passing(INTENDED)
        super().tried(intent)

    def end(self, intent: Intent, result: Result, at_ms: int) -> None:
        MortalLedger.deaths.passing(STOPPED)
        super().end(intent, result, at_ms)


class MortalTelemetry(Telemetry):
    """Dies when CloudWatch Logs has taken a batch."""

    def events_accepted(self, group: str, count: int) -> None:
        super().events_accepted(group, count)
        if count:
            MortalLedger.deaths.passing(ACCEPTED)


class Delegate:
    """Something else, but for what a subclass has."""

    def __init__(self, own: Any) -> None:
        self._own = own

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)


class MortalBucket(Delegate):
    """S3's client: it dies before or after a file of the history is kept."""

    def put_object(self, **arguments: Any) -> Any:
        MortalLedger.deaths.passing(BEFORE_PUT)
        answer = self._own.put_object(**arguments)
        MortalLedger.deaths.passing(AFTER_PUT)
        return answer


class MortalLogs(Delegate):
    """The client of CloudWatch Logs: it dies with events in its hands."""

    def put_log_events(self, **arguments: Any) -> Any:
        MortalLedger.deaths.passing(BEFORE_SEND)
        return self._own.put_log_events(**arguments)


class MortalSession(Delegate):
    """A session whose bucket and whose logs kill."""

    def logs(self) -> Any:
        return MortalLogs(self._own.logs())

    def bucket(self) -> Any:
        return MortalBucket(self._own.bucket())


def wind(clocks: Clocks) -> None:
    """Every module of the composition takes these clocks for the process's."""
    for module in (readers, service, guarding, archiving):
        module.CLOCKS = clocks  # type: ignore[attr-defined]  # each has imported the name


def hurry() -> None:
    """The deep sweep and the full pass may take a large part of each pass: nobody waits a day for what they prove.

    Nor five minutes until the guard tries again what it was denied.
    """
    wiring.DEEP_PAGES = lookup.LEAST_PAGES = _PAGES_A_PASS  # type: ignore[attr-defined]  # it has imported the name
    book.EXPIRY_MS = _INTENT_MS  # type: ignore[attr-defined]  # it has imported the name


def configuration(path: Path) -> Config:
    config = load(path, os.environ)
    return config.model_copy(
        update={
            "aws": config.aws.model_copy(update={"rate_share": math.inf}),
            "history": config.history.model_copy(update={"window": timedelta(seconds=1)}),
        }
    )


def lost_stamp(ledger: Path, chance: Random) -> Iterator[None]:
    """The lock file is never synced: after a power cut it says what it said at some time since the start."""
    lock = ledger.with_name(ledger.name + ".lock")
    before = lock.read_bytes() if lock.exists() else b""
    yield
    if before and chance.random() < 0.5:
        lock.write_bytes(before)


def powered(child: Child, orders: Orderly, ledger: Path) -> Power:
    """The VFS `power` for this process, for as long as somebody holds it."""
    chance = Random(f"{child.seed}/{os.getpid()}")
    stamp = lost_stamp(ledger, chance)
    next(stamp)

    def last_words(told: dict[str, int]) -> None:
        next(stamp, None)
        orders.tell(power=told)

    power = Power(orders.is_due, chance, last_words)
    power.register()
    return power


@click.command()
@click.argument("config_path", type=click.Path(path_type=Path))
@click.argument("address")
@click.argument("child_path", type=click.Path(path_type=Path))
@explained
def main(config_path: Path, address: str, child_path: Path) -> None:
    child = Child(**json.loads(child_path.read_text()))
    orders = Orderly(Path(child.orders))
    MortalLedger.deaths = Deaths(orders)
    clocks = Clocks(now=lambda: datetime.now(UTC) + timedelta(seconds=orders.clock_seconds()), monotonic=time.monotonic)
    wind(clocks)
    hurry()
    log.configure(log.LogLevel.INFO, log.LogFormat.LOGFMT)
    config = configuration(config_path)
    settings = replace(
        wiring.ledger_settings(config), vfs=child.vfs, retention=timedelta(seconds=child.retention_seconds)
    )
    power = powered(child, orders, settings.path) if child.vfs == NAME else None
    if child.safety_off is not None:
        settings = safeties.turned_off(child.safety_off, settings)
    serve(config, settings, address, clocks, is_stranger=child.is_stranger)
    del power  # SQLite has called it until now


def serve(config: Config, settings: LedgerSettings, address: str, clocks: Clocks, *, is_stranger: bool) -> None:
    """As `cli/serving.py` puts it together."""
    telemetry, naming = MortalTelemetry(), wiring.naming(config, os.environ)
    reading = [readers.Reader(config, one, telemetry, naming) for one in config.targets]
    writer = readers.Writer(config, telemetry) if config.events.enabled else None
    if writer is not None:
        writer.session = MortalSession(writer.session)  # type: ignore[assignment]  # it is one in all that matters
    historian = archiving.historian(config, telemetry)
    if historian is not None:
        historian.session = MortalSession(historian.session)  # type: ignore[assignment]  # it is one in all that matters
    token = f"{os.getpid()}/{time.monotonic_ns()}"
    around = here(token, Path("/no such folder")) if is_stranger else here(token)
    with closing(MortalLedger(settings, monotonic=clocks.monotonic, around=around)) as ledger:
        guard = guarding.Guarding(config, ledger, telemetry, naming)
        service.Service(config, ledger, telemetry, guard, (), historian).run(reading, writer, address)


if __name__ == "__main__":
    main()
