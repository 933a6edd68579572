"""Clocks, percentiles, memory and tables: what the benchmarks share."""

import gc
import math
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(slots=True)
class Stopwatch:
    """Seconds of the wall and of this process's processor."""

    wall: float = 0.0
    cpu: float = 0.0


@contextmanager
def stopwatch() -> Iterator[Stopwatch]:
    """Times its body; the garbage of what came before is collected first."""
    gc.collect()
    watch = Stopwatch()
    wall, cpu = time.perf_counter(), time.process_time()
    yield watch
    watch.wall, watch.cpu = time.perf_counter() - wall, time.process_time() - cpu


def median_of(runs: int, action: Callable[[], object]) -> Stopwatch:
    """The medians of several runs, wall and processor each for itself."""
    watches = []
    gc.freeze()  # as the service does after its start; what a benchmark has prepared is nobody's garbage either
    for _ in range(runs):
        with stopwatch() as watch:
            action()
        watches.append(watch)
    return Stopwatch(statistics.median(w.wall for w in watches), statistics.median(w.cpu for w in watches))


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def memory(pid: int) -> tuple[float, float]:
    """A process's resident memory now and at its highest, in MB (2^20 bytes); Linux only."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    kilobytes = {name: value for name, _, value in (line.partition(":") for line in lines)}
    return int(kilobytes["VmRSS"].split()[0]) / 1024, int(kilobytes["VmHWM"].split()[0]) / 1024


def forget_peak() -> None:
    """Let this process's highest memory be the present one (man 5 proc, `clear_refs`); Linux only."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, its columns aligned for people who read it plain."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [header, ["-" * width for width in widths], *rows]
    return "\n".join(f"| {' | '.join(map(str.ljust, line, widths))} |" for line in lines)


def verdict(*, met: bool) -> str:
    """How a bar is said to be met or missed."""
    return "yes" if met else "**no**"


def say(text: str) -> None:
    """Progress, beside the results."""
    print(f"[{time.strftime('%H:%M:%S')} load {os.getloadavg()[0]:.1f}] {text}", file=sys.stderr, flush=True)


def workplace(arguments: Sequence[str]) -> Path:
    """The folder for the ledgers: the script's argument."""
    if len(arguments) != 2:
        sys.exit(f"usage: {arguments[0]} FOLDER (on a real disk, with 2 GB free)")
    return Path(arguments[1])
