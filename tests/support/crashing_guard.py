"""The exporter as a process that kills itself with SIGKILL on either side of the guard's act, or never.

    python crashing_guard.py CONFIG ADDRESS POINT

POINT is `intent->act` (the intent is durable, Athena was not asked), `act->record` (Athena has stopped the query,
nobody has noted it), or `never`. Everything else is the real composition.
"""

import math
import os
import signal
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from athena_exporter.budgets import Intent, Result
from athena_exporter.cli import log, wiring
from athena_exporter.cli.guarding import Guarding
from athena_exporter.cli.readers import CLOCKS, Reader
from athena_exporter.cli.service import Service
from athena_exporter.config import load
from athena_exporter.ledger.guarding import GuardBook
from athena_exporter.ledger.store import Ledger
from athena_exporter.records import Target
from athena_exporter.telemetry import Telemetry

BEFORE, AFTER, NEVER = "intent->act", "act->record", "never"


class MortalBook(GuardBook):
    """Dies where a crash would hurt most."""

    point = NEVER

    def tried(self, intent: Intent) -> None:
        if self.point == BEFORE:
            die()
        super().tried(intent)

    def end(self, intent: Intent, result: Result, at_ms: int) -> None:
        if self.point == AFTER:
            die()
        super().end(intent, result, at_ms)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class MortalLedger(Ledger):
    """Hands out a mortal book."""

    def guard_book(self, target: Target) -> GuardBook:
        book: Any = super().guard_book(target)
        book.__class__ = MortalBook
        return book  # type: ignore[no-any-return]  # its class was changed just now


def main(config_path: str, address: str, point: str) -> None:
    config = load(Path(config_path), os.environ)
    config = config.model_copy(update={"aws": config.aws.model_copy(update={"rate_share": math.inf})})
    log.configure(log.LogLevel.INFO, log.LogFormat.LOGFMT)
    MortalBook.point = point
    telemetry, naming = Telemetry(), wiring.naming(config, os.environ)
    readers = [Reader(config, settings, telemetry, naming) for settings in config.targets]
    with closing(MortalLedger(wiring.ledger_settings(config), monotonic=CLOCKS.monotonic)) as ledger:
        guarding = Guarding(config, ledger, telemetry, naming)
        Service(config, ledger, telemetry, guarding).run(readers, None, address)


if __name__ == "__main__":
    main(*sys.argv[1:])
