"""The exporter as `athena-exporter serve` wires it, with a note of how long each of its ticks took.

`timed.py CONFIG HOST:PORT TICKS` serves until SIGTERM; a line of TICKS has a tick's seconds, of the wall and of the
processor.
"""

import os
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TextIO

from athena_exporter.cli import log, wiring
from athena_exporter.cli.readers import CLOCKS, Reader
from athena_exporter.cli.service import Service
from athena_exporter.config import Config, load
from athena_exporter.ledger.store import Ledger
from athena_exporter.sources.models import shared_models
from athena_exporter.telemetry import Telemetry


class Timed(Service):
    """The service, with a watch."""

    def __init__(self, config: Config, ledger: Ledger, telemetry: Telemetry, ticks: TextIO) -> None:
        super().__init__(config, ledger, telemetry)
        self._ticks = ticks

    def _tick(self) -> None:
        wall, cpu = time.perf_counter(), time.thread_time()
        super()._tick()
        print(time.perf_counter() - wall, time.thread_time() - cpu, file=self._ticks, flush=True)


def main() -> None:
    config = load(Path(sys.argv[1]), os.environ)
    log.configure(log.LogLevel.WARNING, log.LogFormat.LOGFMT)
    telemetry, naming = Telemetry(), wiring.naming(config, os.environ)
    models = shared_models()
    readers = [Reader(config, settings, telemetry, naming, models) for settings in config.targets]
    with (
        Path(sys.argv[3]).open("w", encoding="ascii") as ticks,
        closing(Ledger(wiring.ledger_settings(config), monotonic=CLOCKS.monotonic)) as ledger,
    ):
        Timed(config, ledger, telemetry, ticks).run(readers, None, sys.argv[2])


if __name__ == "__main__":
    main()
