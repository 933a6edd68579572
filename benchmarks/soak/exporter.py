"""The exporter as `athena-exporter serve` wires it, by a clock that jumps; it notes each tick, and reports each day.

`exporter.py CONFIG HOST:PORT FOLDER STEP LOOKUPS` reads its first time from FOLDER/clock, where it shows every later
one. At each midnight it prints the number of days since the start, and waits for a line on standard input: a number of
seconds to go on for, a day if the line is empty. STEP and LOOKUPS are seconds between two rounds of most loops, and of
the one that reads CloudTrail: it asks for what is missing ever more rarely, from one round to the next.
"""

import os
import sys
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TextIO

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # what all benchmarks share

from athena_exporter.cli import archiving, channels, guarding, log, readers, service, sessions, wiring
from athena_exporter.config import Config, load
from athena_exporter.ledger.store import Ledger
from athena_exporter.poller import Clocks
from athena_exporter.telemetry import Telemetry
from soak.clock import Clock, Shown, SteppedThreads

_DAY_S = 86_400.0


class Soaked(service.Service):
    """The service with another clock, a watch on its ticks, and somebody who asks at midnight."""

    def __init__(
        self, config: Config, ledger: Ledger, telemetry: Telemetry, clock: Clock, threads: SteppedThreads,
        ticks: TextIO, historian: readers.Historian | None,
    ) -> None:  # fmt: skip  # as its base
        guards = guarding.Guarding(config, ledger, telemetry, wiring.naming(config, os.environ))
        told = channels.open_channels(config, ledger, telemetry, channels.people_of(config))
        super().__init__(config, ledger, telemetry, guards, told, historian)
        self._threads = threads
        self._threads.once(lambda: self._report(clock), "report")
        self._ticks = ticks

    def _tick(self) -> None:
        wall, cpu = time.perf_counter(), time.thread_time()
        super()._tick()
        print(time.perf_counter() - wall, time.thread_time() - cpu, file=self._ticks, flush=True)

    def _report(self, clock: Clock) -> None:
        span = _DAY_S
        while not self._threads.pause(timedelta(seconds=span)):
            print(f"{clock.monotonic() / _DAY_S:.3f}", flush=True)
            told = sys.stdin.readline()
            if not told:
                self._threads.stop()
            span = float(told.strip() or _DAY_S)


def by(clock: Clock) -> Clocks:
    """Everything that the composition root gives the machine's clocks to gets this one. Answers it as they take it."""
    clocks = Clocks(now=clock.now, monotonic=clock.monotonic)
    for module in (archiving, channels, guarding, readers, service):
        setattr(module, "CLOCKS", clocks)  # noqa: B010  mypy knows a module's constant as one
    for waits in (sessions, wiring):
        setattr(waits, "time", SimpleNamespace(monotonic=clock.monotonic, sleep=clock.sleep))  # noqa: B010  as above
    return clocks


def main() -> None:
    config, folder = load(Path(sys.argv[1]), os.environ), Path(sys.argv[3])
    log.configure(log.LogLevel.WARNING, log.LogFormat.LOGFMT)
    with Shown(folder / "clock") as shown, (folder / "ticks").open("w", encoding="ascii") as ticks:
        clock = Clock(shown)
        clocks = by(clock)
        telemetry, naming = Telemetry(), wiring.naming(config, os.environ)
        reading = [readers.Reader(config, settings, telemetry, naming) for settings in config.targets]
        writer = readers.Writer(config, telemetry) if config.events.enabled else None
        historian = archiving.historian(config, telemetry)
        with closing(Ledger(wiring.ledger_settings(config), monotonic=clocks.monotonic)) as ledger:
            step, lookups = (timedelta(seconds=float(told)) for told in sys.argv[4:])
            threads = SteppedThreads(clock, step, {"lookup": lookups})
            Soaked(config, ledger, telemetry, clock, threads, ticks, historian).run(reading, writer, sys.argv[2])


if __name__ == "__main__":
    main()
