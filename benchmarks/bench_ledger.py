"""How many queries a second the ledger counts, and how long a publication of 50,000 series takes."""

import gzip
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from known import CELLS, IDS, fresh, open_ledger, prefilled
from measure import Stopwatch, median_of, say, stopwatch, table, verdict, workplace
from workload import NOON, TARGET, Company

from athena_exporter.ledger.files import open_ledger as open_file
from athena_exporter.ledger.store import Ledger
from athena_exporter.outlets.metrics import render
from athena_exporter.records import Batch

QUERIES = 20_000
RUNS = 3
BAR, GOAL = 5_000, 10_000


def main() -> None:
    folder = workplace(sys.argv)
    say("ledger: nothing known")
    with closing(fresh(folder / "fresh.db")) as ledger:
        few = throughput(ledger)
    say(f"ledger: loading {IDS:,} known ids")
    path = prefilled(folder, "ledger")
    with stopwatch() as opening:
        ledger = open_ledger(path)
    with closing(ledger):
        say("ledger: measuring")
        many = throughput(ledger)
        skewed = throughput(ledger, skew=4)
        say("exposition")
        exposition = publication(ledger)
        pruning = median_of(1, lambda: ledger.prune(TARGET))
    floor = bare(folder / "bare.db")
    print(_counting([many, skewed, few], floor))
    print(_publishing(exposition, opening, pruning))


def days(run: int, skew: int) -> list[tuple[Batch, Batch]]:
    """One run's batches, made before the clock starts."""
    company = Company(seed=run + RUNS * skew, visited=CELLS, skew=skew)
    return list(company.day(NOON + timedelta(days=run), QUERIES))


def throughput(ledger: Ledger, skew: int = 1) -> Stopwatch:
    """A run's median time: every query comes twice, as an execution and as a start, each in its own transaction."""
    waiting = iter([days(run, skew) for run in range(1, RUNS + 1)])
    return median_of(RUNS, lambda: _apply(ledger, next(waiting)))


def _apply(ledger: Ledger, batches: Sequence[tuple[Batch, Batch]]) -> None:
    for executions, starts in batches:
        ledger.apply(executions)
        ledger.apply(starts)


def bare(path: Path) -> Stopwatch:
    """The disk's share: as many rows and commits, by SQLite alone, into a table of id and number."""
    with closing(open_file(path, "wal")) as connection:
        connection.execute("CREATE TABLE rows (id TEXT PRIMARY KEY, bytes INTEGER) WITHOUT ROWID")
        waiting = iter([days(run, 1) for run in range(1, RUNS + 1)])
        return median_of(RUNS, lambda: _write(connection, next(waiting)))


def _write(connection: sqlite3.Connection, batches: Sequence[tuple[Batch, Batch]]) -> None:
    for executions, _ in batches:
        ids = [record.query_id for record in executions.records]  # type: ignore[union-attr]  # executions have ids
        for statement in ("INSERT INTO rows VALUES (?, 0)", "UPDATE rows SET bytes = 1 WHERE id = ?"):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(statement, [(query_id,) for query_id in ids])
            connection.execute("COMMIT")


def publication(ledger: Ledger) -> list[tuple[str, Stopwatch]]:
    """The steps of one publication."""
    samples = ledger.samples(NOON)
    text = render(samples)
    return [
        (f"`Ledger.samples` ({len(samples):,} series)", median_of(5, lambda: ledger.samples(NOON))),
        (f"`render` ({len(text) / 1e6:.1f} MB)", median_of(5, lambda: render(samples))),
        ("gzip, in `Exposition.publish`", median_of(5, lambda: gzip.compress(text, compresslevel=6))),
    ]


def _counting(ledgers: Sequence[Stopwatch], floor: Stopwatch) -> str:
    loads = (
        f"{IDS:,} known ids, queries spread evenly",
        f"{IDS:,} known ids, half the queries on a sixteenth of the cells",
        f"{CELLS:,} known ids, queries spread evenly",
        "SQLite alone, no counting",
    )
    measured = list(zip(loads, [*ledgers, floor], strict=True))
    rows = [
        [
            what,
            f"{QUERIES / watch.wall:,.0f}",
            f"{QUERIES / watch.cpu:,.0f}",
            "" if watch is floor else verdict(met=QUERIES / watch.wall >= BAR),
            "" if watch is floor else verdict(met=QUERIES / watch.wall >= GOAL),
        ]
        for what, watch in measured
    ]
    header = ["Ledger", "queries/s", "queries per second of processor", f"bar {BAR:,}/s met", f"goal {GOAL:,}/s met"]
    return f"""\
## Counting

A query comes twice, as 500 executions a batch and as 500 starts a batch; every batch is a transaction of its
own on a real file, `synchronous=FULL`. Median of {RUNS} runs of {QUERIES:,} queries; 50,000 series exist.

{table(header, rows)}
"""


def _publishing(steps: Sequence[tuple[str, Stopwatch]], opening: Stopwatch, pruning: Stopwatch) -> str:
    measured = [*steps, ("Opening the ledger", opening), ("One step of pruning (20,000 queries at most)", pruning)]
    rows = [[what, f"{watch.wall * 1000:,.0f}", f"{watch.cpu * 1000:,.0f}"] for what, watch in measured]
    return f"""\
## Publishing

In the background, once every `exposition.interval`, from the ledger with {IDS:,} known ids and 60 days of
rollups. No scrape waits for it.

{table(["Step", "ms", "ms of processor"], rows)}
"""


if __name__ == "__main__":
    main()
