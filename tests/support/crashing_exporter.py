"""The exporter as a process that kills itself with SIGKILL at one of its real crash points, or never.

    python crashing_exporter.py CONFIG ADDRESS POINT COUNT

It is the real composition with one class replaced: a ledger that dies at the COUNT-th passage of POINT. AWS's rates
are not respected, because the testbed of the chaos run has none.
"""

import math
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from athena_exporter.cli import log, wiring
from athena_exporter.cli.guarding import Guarding
from athena_exporter.cli.readers import CLOCKS, Reader, Writer
from athena_exporter.cli.service import Service
from athena_exporter.config import load
from athena_exporter.ledger.store import Ledger
from athena_exporter.records import Batch
from athena_exporter.sources.queues import USED
from athena_exporter.sources.trail.objects import Outcome
from athena_exporter.telemetry import Telemetry

REVEAL = "reveal->publish"
COMMITTED = "commit->publish"
"""Before a queue's messages are deleted, too."""
POINTS = ("in-transaction", COMMITTED, REVEAL, "stamp->publish")
HEARD = "commit->delete"
"""What events told is committed, and their messages are still in the queue."""
READ = "commit->cursor"
"""What a trail's files told is committed, and neither that they were read nor how far they are known."""
KNOWN = "cursor->delete"
"""That is committed too, and the messages that announced the files are still in the queue."""


class CrashingLedger(Ledger):
    """Dies where a crash would hurt most."""

    point = ""
    count = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.passed: Counter[str] = Counter()
        super().__init__(*args, **kwargs)

    def _pass(self, point: str) -> None:
        self.passed[point] += 1
        if point == self.point and self.passed[point] >= self.count:
            os.kill(os.getpid(), signal.SIGKILL)

    def _save(self, connection: Any, target_id: int, batch: Batch, *more: Any) -> Any:
        fresh = super()._save(connection, target_id, batch, *more)
        if batch.records:
            self._pass("in-transaction")
        return fresh

    def apply(self, batch: Batch) -> None:
        super().apply(batch)
        if batch.records:
            self._pass(COMMITTED)
        for point in _passed(batch):
            self._pass(point)

    def reveal(self) -> int:
        revealed = super().reveal()
        if revealed:
            self._pass(REVEAL)
        return revealed

    def stamp(self) -> None:
        super().stamp()
        self._pass("stamp->publish")


def _passed(batch: Batch) -> Iterator[str]:
    """The points of the queues' sources that lie behind the commit of this batch."""
    if batch.source == "eventbridge" and batch.messages.get(USED):
        yield HEARD
    if batch.source == "trail" and batch.records:
        yield READ
    if batch.source == "trail" and batch.files.get(Outcome.READ.value):
        yield KNOWN


def main(config_path: str, address: str, point: str, count: str) -> None:
    config = load(Path(config_path), os.environ)
    config = config.model_copy(update={"aws": config.aws.model_copy(update={"rate_share": math.inf})})
    log.configure(log.LogLevel.INFO, log.LogFormat.LOGFMT)
    CrashingLedger.point, CrashingLedger.count = point, int(count)
    telemetry = Telemetry()
    naming = wiring.naming(config, os.environ)
    readers = [Reader(config, settings, telemetry, naming) for settings in config.targets]
    writer = Writer(config, telemetry) if config.events.enabled else None
    with closing(CrashingLedger(wiring.ledger_settings(config), monotonic=CLOCKS.monotonic)) as ledger:
        guarding = Guarding(config, ledger, telemetry, naming)
        Service(config, ledger, telemetry, guarding).run(readers, writer, address)


if __name__ == "__main__":
    main(*sys.argv[1:])
