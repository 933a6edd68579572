"""The exporter as a process on a disk whose locks do nothing, which stops or kills itself where it would hurt most.

    python lockless_exporter.py CONFIG ADDRESS POINT COUNT SIGNAL MACHINE

SQLite's VFS `unix-none` takes no locks, as a network disk without a lock service. At the COUNT-th passage of POINT the
process sends itself SIGNAL (KILL or STOP). MACHINE: `same` knows the other processes of this machine, `another` is one
that can prove nothing about them.
"""

import math
import os
import signal
import time
import uuid
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from crashing_exporter import CrashingLedger

from athena_exporter.cli import log, wiring
from athena_exporter.cli.failing import explained
from athena_exporter.cli.readers import CLOCKS, Reader
from athena_exporter.cli.service import Service
from athena_exporter.config import load
from athena_exporter.ledger.holder import here
from athena_exporter.ledger.store import LedgerSettings
from athena_exporter.telemetry import Telemetry

NO_PROC = Path("/no such folder")
FROZEN = 2.0
"""Seconds that a short sleep takes for whoever was stopped in it."""


def _be_frozen(before: float) -> None:
    """Stay here until the whole process has been stopped and goes on: a signal to a process may take a thread a while,
    and on a disk without locks a COMMIT is the one place where nobody may be stopped (docs/reliability.md)."""
    while (now := time.monotonic()) - before < FROZEN:
        before = now
        time.sleep(0.01)


class LocklessLedger(CrashingLedger):
    """A ledger on such a disk."""

    signal = signal.SIGKILL
    is_stranger = False

    def __init__(self, settings: LedgerSettings, **more: Any) -> None:
        token = uuid.uuid4().hex
        around = here(token, NO_PROC) if self.is_stranger else here(token)
        super().__init__(replace(settings, vfs="unix-none"), around=around, **more)

    def _pass(self, point: str) -> None:
        self.passed[point] += 1
        if point == self.point and self.passed[point] == self.count:
            before = time.monotonic()
            os.kill(os.getpid(), self.signal)
            _be_frozen(before)


@click.command()
@click.argument("config_path")
@click.argument("address")
@click.argument("point")
@click.argument("count", type=int)
@click.argument("sent", type=click.Choice(["KILL", "STOP"]))
@click.argument("machine", type=click.Choice(["same", "another"]))
@explained
def main(config_path: str, address: str, point: str, count: int, sent: str, machine: str) -> None:
    config = load(Path(config_path), os.environ)
    config = config.model_copy(update={"aws": config.aws.model_copy(update={"rate_share": math.inf})})
    log.configure(log.LogLevel.INFO, log.LogFormat.LOGFMT)
    LocklessLedger.point, LocklessLedger.count = point, count
    LocklessLedger.signal = signal.Signals[f"SIG{sent}"]
    LocklessLedger.is_stranger = machine == "another"
    telemetry = Telemetry()
    naming = wiring.naming(config, os.environ)
    readers = [Reader(config, settings, telemetry, naming) for settings in config.targets]
    with closing(LocklessLedger(wiring.ledger_settings(config), monotonic=CLOCKS.monotonic)) as ledger:
        Service(config, ledger, telemetry).run(readers, None, address)


if __name__ == "__main__":
    main()
