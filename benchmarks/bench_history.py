"""The query history: how fast facts become Parquet, how many bytes a query takes, and how much memory that needs.

A day of queries goes through the product's own writer, window by window, into a store in a folder, and is then merged
as on a quiet day. `--large` is a day of ten million queries (a quarter of an hour).
"""

import argparse
import hashlib
import multiprocessing
import os
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from measure import Stopwatch, forget_peak, memory, say, stopwatch, table, verdict

from athena_exporter.ledger.outbox import StoredFact, Waiting
from athena_exporter.outlets.history import keys
from athena_exporter.outlets.history.compaction import Compaction
from athena_exporter.outlets.history.delivery import Delivery, Windows
from athena_exporter.records import Target, epoch_ms
from athena_exporter.sources.buckets import Stored
from athena_exporter.telemetry import Telemetry

DAY = date(2026, 3, 10)
MIDNIGHT = epoch_ms(datetime(2026, 3, 10, tzinfo=UTC))
A_DAY_MS = 86_400_000
WINDOWS_A_DAY = 96
TARGET = Target(account_id="111122223333", region="eu-west-1")
PREFIX = "athena-history/"
GOAL = 120
"""Bytes of a query, to stay below: at ten million a day a month is then 36 GB, which is less than a dollar of S3."""
PLAIN, RANDOM = "seven in ten repeat one of 5,000 texts", "every text another one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One text of SQL, and what is known of whoever runs it."""

    digest: str
    workgroup: int
    user: int
    scanned: int
    engine_ms: int
    tables: tuple[int, ...]


class Company:
    """500 users in 20 workgroups with 3,000 tables in 120 databases; what a query scans and takes is log-normal."""

    def __init__(self, *, repeats: bool) -> None:
        self._chance = random.Random(7)
        self._repeats = repeats
        self._known = [self._text() for _ in range(5_000)]

    def _text(self) -> Text:
        chance = self._chance
        return Text(
            digest=hashlib.sha256(chance.randbytes(16)).hexdigest(), workgroup=chance.randrange(20),
            user=chance.randrange(500), scanned=int(chance.lognormvariate(19, 2.5)),
            engine_ms=int(chance.lognormvariate(8, 1)),
            tables=tuple(chance.sample(range(3_000), chance.choice((1, 1, 2, 3)))),
        )  # fmt: skip  # rows

    def body(self, at_ms: int) -> str:
        """A fact's JSON, as the ledger writes it."""
        chance = self._chance
        if self._repeats and chance.random() < 0.7:
            text = self._known[min(4_999, int(chance.paretovariate(0.6)) - 1)]
        else:
            text = self._text()
        scanned, engine = int(text.scanned * chance.uniform(0.9, 1.1)), int(text.engine_ms * chance.uniform(0.7, 1.4))
        queue, before, after = chance.randrange(50, 400), chance.randrange(20, 120), chance.randrange(30, 300)
        failed = chance.random() < 0.06
        billed = 0 if failed else max(10, -(-scanned // 2**20)) * 2**20
        total = queue + engine + before + after
        job, client = (f'"dbt:model.shop.m{text.user}"', "dbt-athena") if text.user < 250 else ("null", "console")
        uses = ",".join(
            f'{{"catalog":"awsdatacatalog","database":"db_{one % 120}","table":"table_{one}","mode":"read",'
            '"via_view":null}'
            for one in text.tables
        )
        error = '{"category":2,"type":1006,"retryable":false}' if failed else "null"
        return (
            f'{{"query_id":"{self._uuid()}","at":"{iso(at_ms)}","attribution":"known","identity":{{"user":'
            f'"person.{text.user}","role":"analyst","kind":"person","client":"{client}"}},'
            f'"workload":{job},"billed_bytes":{billed},"cost_nanousd":{(billed * 5 * 10**9) >> 40},"execution":{{'
            f'"workgroup":"team-{text.workgroup}","state":"{"failed" if failed else "succeeded"}",'
            f'"submitted_at":"{iso(at_ms - total)}","ended_at":"{iso(at_ms)}","catalog":"AwsDataCatalog",'
            f'"database":"db_{text.tables[0] % 120}","statement_type":"DML","substatement_type":"SELECT",'
            f'"scanned_bytes":{scanned},"queue_ms":{queue},"planning_ms":{engine // 5},"engine_ms":{engine},'
            f'"service_pre_ms":{before},"service_ms":{after},"total_ms":{total},"dpu_count":null,'
            f'"result_reused":false,"error":{error},"cutoff_hit":false,"sql_digest":"{text.digest}","sql_text":null,'
            f'"tables":[{uses}],"unparsed":null,"workload":null}}}}'
        )

    def _uuid(self) -> str:
        digits = self._chance.randbytes(16).hex()
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def iso(at_ms: int) -> str:
    """A time as the ledger writes it."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")


@dataclass(slots=True, kw_only=True)
class Outbox:
    """A day of facts, made when they are asked for; what that takes is `making`'s, and not the writer's."""

    company: Company
    queries: int
    ledger_id: str = "0123456789abcdef" * 2
    acknowledged: int = 0
    making: Stopwatch = field(default_factory=Stopwatch)

    def waiting(self) -> Waiting | None:
        if self.acknowledged >= self.queries:
            return None
        return Waiting(first=self.acknowledged + 1, last=self.queries, oldest_ms=MIDNIGHT)

    def facts(self, *, after: int, limit: int) -> list[StoredFact]:
        wall, cpu = time.perf_counter(), time.process_time()
        first = max(after, self.acknowledged) + 1
        found = [self._fact(seq) for seq in range(first, min(first + limit, self.queries + 1))]
        self.making.wall += time.perf_counter() - wall
        self.making.cpu += time.process_time() - cpu
        return found

    def _fact(self, seq: int) -> StoredFact:
        at_ms = MIDNIGHT + (seq - 1) * A_DAY_MS // self.queries
        body = self.company.body(at_ms)
        return StoredFact(seq=seq, kind="query", target=TARGET, body=body, written_ms=at_ms + 20_000)

    def intend(self, seq: int) -> None:
        """It never dies."""

    def intended(self) -> int | None:
        return None

    def acknowledge(self, seq: int) -> None:
        self.acknowledged = seq


class Folder:
    """Files in a folder instead of S3."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, key: str, content: bytes) -> None:
        path = self._path / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def get(self, key: str) -> bytes | None:
        return (self._path / key).read_bytes()

    def delete(self, key: str) -> None:
        (self._path / key).unlink()

    def listed(self, prefix: str) -> Iterator[Stored]:
        for path in sorted((self._path / prefix).iterdir()):
            key = str(path.relative_to(self._path))
            yield Stored(key=key, size=path.stat().st_size, written_at=datetime.now(UTC))

    def folders(self, prefix: str) -> Iterator[str]:
        yield keys.folder(prefix, DAY.isoformat())

    def sizes(self) -> list[int]:
        return [one.size for one in self.listed(keys.folder(PREFIX, DAY.isoformat()))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Seconds of wall and processor, files and their bytes, and what the process grew to."""

    wall: float
    cpu: float
    files: int
    size: int
    peak_mb: float


@contextmanager
def peak() -> Iterator[list[float]]:
    """The highest memory within."""
    forget_peak()
    found: list[float] = []
    yield found
    found.append(memory_mb())


def memory_mb() -> float:

    return memory(os.getpid())[1]


def alone(step: Callable[..., Step], *arguments: object) -> Step:
    """A step in a process of its own: memory that one has had would else be there for the next."""
    with ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(step, *arguments).result()


def written(store: Folder, queries: int, repeats: bool) -> Step:  # noqa: FBT001  it goes through a pipe, in order
    """A day through the writer, 96 windows of it or as many as the bound of a window makes."""
    outbox = Outbox(company=Company(repeats=repeats), queries=queries)
    writer = Delivery(
        outbox=outbox, store=store, prefix=PREFIX, windows=Windows(most=min(100_000, -(-queries // WINDOWS_A_DAY))),
        tally=Telemetry(), now=lambda: datetime.now(UTC), monotonic=time.monotonic,
    )  # fmt: skip  # rows
    with peak() as highest, stopwatch() as watch:
        while writer.run_once():
            pass
    sizes = store.sizes()
    return Step(
        wall=watch.wall - outbox.making.wall, cpu=watch.cpu - outbox.making.cpu, files=len(sizes), size=sum(sizes),
        peak_mb=highest[0],
    )  # fmt: skip  # rows


def merged(store: Folder) -> Step:
    """The day's files put together, as on a quiet day."""
    with peak() as highest, stopwatch() as watch:
        Compaction(store=store, prefix=PREFIX).compact(DAY, lambda *_: None)
    sizes = store.sizes()
    return Step(wall=watch.wall, cpu=watch.cpu, files=len(sizes), size=sum(sizes), peak_mb=highest[0])


def row(what: str, texts: str, queries: int, step: Step) -> list[str]:
    """One line of the table."""
    return [
        what, texts, f"{queries:,}", f"{step.files}", f"{step.size / queries:.1f}",
        f"{queries / step.wall:,.0f}", f"{step.cpu / queries * 1e6:.1f}", f"{step.peak_mb:.0f}",
    ]  # fmt: skip  # a row of the table


def main() -> None:
    """Print the part as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="on a real disk, with 3 GB free")
    parser.add_argument("--large", action="store_true", help="a day of ten million queries too (a quarter of an hour)")
    arguments = parser.parse_args()
    days = [(100_000, True), (200_000, False), (1_000_000, True)]
    days += [(10_000_000, True)] if arguments.large else []
    rows, worst, peaks = [], 0.0, []
    for number, (queries, repeats) in enumerate(days):
        say(f"{queries:,} queries")
        store = Folder(arguments.folder / f"history-{number}")
        texts = PLAIN if repeats else RANDOM
        for what, step in (("written", alone(written, store, queries, repeats)), ("merged", alone(merged, store))):
            rows.append(row(what, texts, queries, step))
            worst = max(worst, step.size / queries)
            peaks.append(step.peak_mb)
    header = ["Step", "SQL", "Queries a day", "Files", "Bytes a query", "Queries a second", "Processor, µs a query",
              "MB at most"]  # fmt: skip  # as above
    bars = [["Bytes a query, the worst row", f"{worst:.1f}", f"< {GOAL}", verdict(met=worst < GOAL)]]
    print(
        "## Query history\n\nA day of generated queries, with one to three tables each and without texts of SQL, "
        "through the\nproduct's writer in 96 windows (of 100,000 facts at most), then merged. Each step is a process "
        "of its own. Making\nthe facts is left out of the times, not of the memory.\n\n"
        f"{table(header, rows)}\n\n{table(['What', 'measured', 'bar', 'met'], bars)}"
    )


if __name__ == "__main__":
    main()
