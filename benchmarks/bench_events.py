"""Events: how fast they are delivered, and what is lost on the way; watchtower alone beside ours, in one run.

The other side is watchtower's handler as its readme shows it. Both write the same events to the same embedded
CloudWatch Logs, a process of its own with AWS's limits; faults stand in front of it.
"""

import gc
import multiprocessing
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from measure import forget_peak, memory, say, stopwatch, table, verdict, workplace
from sides import (
    account,
    bare,
    client_of,
    events_in,
    exporters_client,
    ours,
    outbox,
    plan,
    prepare,
    said_by,
    settings_of,
    stored,
)

from athena_exporter.ledger.store import Ledger
from athena_exporter.outlets.events import Event
from athena_exporter.telemetry import Telemetry

QUERIES, RUNS = 10_000, 7
MANY = 4
"""So many times the queries, to see whether memory grows with them."""
LOST_QUERIES = 1_000
ALONE, OURS = "watchtower alone", "ours, from the outbox"


# -- throughput and memory --------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Run:
    """One side, once: seconds of the wall and of the processor, and by how many MB its process grew at most."""

    wall: float = 0.0
    cpu: float = 0.0
    grown_mb: float = 0.0


def throughput(folder: Path) -> str:
    """Both sides in turn, several times, each in a process of its own; and once with many more events."""
    runs: dict[str, list[Run]] = {ALONE: [], OURS: []}
    for number in range(RUNS):
        say(f"throughput, run {number + 1} of {RUNS}")
        for side, run in both(folder / f"run-{number}.db", QUERIES).items():
            runs[side].append(run)
    say("memory")
    many = both(folder / "many.db", MANY * QUERIES)
    pairs = list(zip(runs[ALONE], runs[OURS], strict=True))
    faster = statistics.median(alone.wall / mine.wall for alone, mine in pairs)
    cheaper = statistics.median(mine.cpu / alone.cpu for alone, mine in pairs)
    grown = {side: statistics.median(run.grown_mb for run in found) for side, found in runs.items()}
    header = ["Side", "Events a second", "Processor, µs an event", f"MB for {3 * QUERIES:,} events"]
    rows = [
        [side, f"{3 * QUERIES / wall:,.0f}", f"{cpu / (3 * QUERIES) * 1e6:.0f}", f"{grown[side]:.0f}",
         f"{many[side].grown_mb:.0f}"]
        for side, found in runs.items()
        for wall, cpu in [(statistics.median(run.wall for run in found), statistics.median(run.cpu for run in found))]
    ]  # fmt: skip  # a row of the table
    bars = [
        ["Events a second, of watchtower's own", f"{faster:.2f} times", "1", verdict(met=faster >= 1)],
        ["Processor, of watchtower's own", f"{cheaper:.2f} times", "1", verdict(met=cheaper <= 1)],
        [f"Memory for {MANY} times the events", f"{many[OURS].grown_mb / grown[OURS]:.2f} times", "< 1.25",
         verdict(met=many[OURS].grown_mb < 1.25 * grown[OURS])],
    ]  # fmt: skip  # as above
    return (
        f"{3 * QUERIES:,} events of {QUERIES:,} queries, the streams there already; the medians of {RUNS} runs, each in"
        " a\nprocess of its own. Ours reads the outbox, and goes through the client that the exporter makes for itself."
        " MB are\nwhat the process grew by at most; what watchtower alone is given to log is there before.\n\n"
        f"{table([*header, f'for {MANY * 3 * QUERIES:,}'], rows)}\n\n"
        f"{table(['What, the median of pairs', 'measured', 'bar', 'met'], bars)}"
    )


def both(path: Path, queries: int) -> dict[str, Run]:
    """Each side on an account of its own, with the same events; everything must have arrived."""
    sides = {ALONE: run_alone, OURS: run_ours}
    return {name: timed(side, path.with_stem(f"{path.stem}-{side.__name__}"), queries) for name, side in sides.items()}


def timed(side: Callable[[str, Path, int], Run], path: Path, queries: int) -> Run:
    """One side, and whether it has kept all events."""
    with account() as url:
        with ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn")) as process:
            run = process.submit(side, url, path, queries).result()
        with closing(client_of(url)) as client:
            if stored(client) != (3 * queries, 3 * queries):
                raise RuntimeError("an undisturbed run lost events: it cannot be compared")
        return run


def run_alone(url: str, path: Path, queries: int) -> Run:
    """watchtower alone, in this process."""
    with closing(client_of(url)) as client:
        prepare(client)
        with outbox(path, queries, timedelta(hours=1)) as ledger:
            events = events_in(ledger)
        dicts = said_by(events)
        with observed() as run:
            bare(client, events, dicts)
        return run


def run_ours(url: str, path: Path, queries: int) -> Run:
    """Ours, in this process; it has counted the queries, too, so that the ledger's cache is as full as in a service."""
    with exporters_client(url) as client, outbox(path, queries, timedelta(hours=1)) as ledger:
        prepare(client)
        with observed() as run:
            ours(client, ledger)
        return run


@contextmanager
def observed() -> Iterator[Run]:
    """Times its body and watches this process's memory."""
    run = Run()
    gc.collect()
    gc.freeze()  # as the service does after its start
    forget_peak()
    before, _ = memory(os.getpid())
    with stopwatch() as watch:
        yield run
    _, peak = memory(os.getpid())
    run.wall, run.cpu, run.grown_mb = watch.wall, watch.cpu, peak - before


# -- losses -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What goes wrong, and how long the events reach back."""

    name: str
    faults: tuple[Mapping[str, object], ...] = ()
    span: timedelta = timedelta(hours=1)
    prepared: bool = True
    killed: bool = False


TROUBLES = (
    Trouble(name="a new log group, 50 ms to create a stream", prepared=False,
            faults=({"kind": "slow", "operation": "logs:CreateLogStream", "seconds": 0.05},)),
    Trouble(name="every third call throttled", faults=({"kind": "throttle", "every": 3},)),
    Trouble(name="12 s without CloudWatch Logs", faults=({"kind": "drop_before", "for_seconds": 12},)),
    Trouble(name="an answer lost", faults=({"kind": "drop_after", "times": 1},)),
    Trouble(name="events of two days", span=timedelta(days=2)),
    Trouble(name="killed with SIGKILL, started again", killed=True),
)  # fmt: skip  # a table


def losses(folder: Path) -> str:
    """Each trouble for both sides."""
    rows = []
    for number, trouble in enumerate(TROUBLES):
        say(trouble.name)
        with outbox(folder / f"trouble-{number}.db", LOST_QUERIES, trouble.span) as ledger:
            events = events_in(ledger)
            alone = outcome(trouble, events, partial(bare_in, trouble, events))
            mine = outcome(trouble, events, partial(ours_in, trouble, ledger, folder))
        rows.append([trouble.name, *alone, *mine])
    header = ["Trouble", "alone: lost", "copies", "ours: lost", "copies"]
    return (
        f"{3 * LOST_QUERIES:,} events. Copies carry the `access_id` of their original, so that queries count them once."
        f"\n\n{table(header, rows)}"
    )


def outcome(trouble: Trouble, events: Sequence[Event], side: Callable[[Any, str], None]) -> list[str]:
    """How many events were lost, and how many came twice."""
    with account() as url, closing(client_of(url)) as client:
        if trouble.prepared:
            prepare(client)
        plan(url, *trouble.faults)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            side(client, url)
        plan(url)
        everything, different = stored(client)
        return [f"{len(events) - different:,}", f"{everything - different:,}"]


def bare_in(trouble: Trouble, events: Sequence[Event], client: Any, url: str) -> None:
    """With the event's time, for what spans days cannot be seen otherwise."""
    if trouble.killed:
        subprocess.run([sys.executable, __file__, "--killed", "bare", url, "-"], check=False)
        return
    bare(client, events, said_by(events), created=lambda event: event.at_ms / 1000)


def ours_in(trouble: Trouble, ledger: Ledger, folder: Path, client: Any, url: str) -> None:
    """A killed process leaves its outbox behind: what it had not acknowledged is read again."""
    if not trouble.killed:
        ours(client, ledger)
        return
    path = folder / "killed.db"
    subprocess.run([sys.executable, __file__, "--killed", "ours", url, str(path)], check=False)
    with closing(Ledger(settings_of(path), monotonic=time.monotonic)) as left:
        ours(client, left)


def killed(side: str, url: str, path: str) -> None:
    """The other process: it has logged or counted everything, and dies before it could send it all."""
    with closing(client_of(url)) as client, tempfile.TemporaryDirectory() as name:
        kept = Path(name) / "outbox.db" if side == "bare" else Path(path)
        with outbox(kept, LOST_QUERIES, timedelta(hours=1)) as ledger:
            if side == "bare":
                events = events_in(ledger)
                bare(client, events, said_by(events), end=die)
            else:
                ours(client, ledger, tally=Dying())


class Dying(Telemetry):
    """Dies when CloudWatch Logs has taken the first batch."""

    def events_accepted(self, log_group: str, count: int) -> None:
        """Before anybody could note it."""
        del log_group, count
        die()


def die() -> None:
    """As a machine does that runs out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Print both parts as Markdown."""
    if sys.argv[1:2] == ["--killed"]:
        killed(*sys.argv[2:])
    folder = workplace(sys.argv)
    print(f"## Events\n\n{throughput(folder)}\n\n{losses(folder)}")


if __name__ == "__main__":
    main()
