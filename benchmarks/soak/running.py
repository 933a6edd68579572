"""A soak from its first day to its last: the account and the exporter side by side, looked at each midnight."""

import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from archives import BY_USER, Archive, archived, rows, sums
from measure import say
from process import AWS_ENVIRONMENT
from processes import Series
from truth import COUNTED, differences, expected_counters, expected_tables, exposed

import athena_testbed
from athena_exporter import catalog
from soak.clock import Shown
from soak.company import BEGINS, REGION, Book, account, midnight
from soak.watching import Delivered, Page, Process, Sample, Ticks, ledger

ACCESSES, QUERIES = "/athena-observability/table-access", "/athena-observability/queries"
RETENTION = timedelta(days=2)
_PATIENCE = timedelta(hours=6)
_BUDGETS = (
    {"name": "user-daily", "per": "user", "window": "day", "limit": "1 TiB", "enforce": "stop_queries"},
    {"name": "workgroup-monthly", "per": "workgroup", "window": "month", "limit": "250 USD"},
    {"name": "user-rolling", "per": "user", "window": "rolling 24h", "limit": "100 GiB"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long, how busy, and how often the exporter's loops come; `lookups` is the one that reads CloudTrail."""

    days: int = 30
    per_day: int = 30_000
    step: timedelta = timedelta(hours=2)
    lookups: timedelta = timedelta(minutes=10)

    @property
    def learning(self) -> float:
        """The days that are not judged: until the retention is full and most names of series have come, a third."""
        return max(RETENTION / timedelta(days=1) + 1, self.days / 3)

    @property
    def quiet(self) -> timedelta:
        """From the last query to the comparison: longer than any waits for its user, then three rounds of all loops.

        Whoever stays without one may be the first of a series, which shows 0 for two of these.
        """
        return _PATIENCE + 3 * self.step


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One comparison with the truth at the end: how much was compared, and one line for each difference."""

    what: str
    compared: int
    differing: Sequence[str]


def configured(folder: Path, url: str, bucket: str) -> Path:
    """The exporter's configuration: everything on that writes or keeps something."""
    told: dict[str, Any] = {
        "targets": [{"region": REGION}],
        "aws": {"endpoint_url": url},
        "ledger": {"path": str(folder / "soak.db"), "retention": f"{RETENTION.days}d", "journal": "wal"},
        "events": {"enabled": True},
        "history": {"enabled": True, "bucket": bucket},
        "budgets": list(_BUDGETS),
        "guard": {"mode": "dry_run"},
        "notifications": {"webhooks": [{"name": "people", "format": "json", "url": f"{url}/_testbed/inbox/people"}]},
    }
    path = folder / "soak.yml"
    path.write_text(yaml.safe_dump(told), encoding="utf-8")
    return path


class Exporter:
    """The exporter's process: it goes on when it is told to, and says when it has come to a midnight."""

    def __init__(self, config: Path, folder: Path, plan: Plan) -> None:
        """Starts it; it serves when it has come to its first midnight."""
        self.port = _free_port()
        script = Path(__file__).with_name("exporter.py")
        command = [sys.executable, str(script), str(config), f"127.0.0.1:{self.port}", str(folder)]
        steps = [str(each.total_seconds()) for each in (plan.step, plan.lookups)]
        self._process = subprocess.Popen(
            [*command, *steps],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **AWS_ENVIRONMENT},
        )
        self.pid = self._process.pid

    def arrived(self) -> None:
        """Wait until it has. Raises RuntimeError: it has ended instead."""
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            raise RuntimeError(f"the exporter has ended with {self._process.wait()}; its log says why")

    def go_on(self, span: timedelta = timedelta(days=1)) -> None:
        """Let so much time pass."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{span.total_seconds()}\n")
        self._process.stdin.flush()

    def end(self) -> int:
        """End it; its exit code."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            return self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
        finally:
            self._process.stdout.close()


def _free_port() -> int:
    """Below those of outgoing connections."""
    for port in random.SystemRandom().sample(range(10_000, 30_000), 100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    raise RuntimeError("a hundred ports are taken")


class Soak:
    """A running one.

    Attributes:
        book: what really happened.
    """

    def __init__(self, plan: Plan, folder: Path, running: athena_testbed.Running, archive: Archive) -> None:
        """Starts the exporter."""
        self._plan = plan
        self._folder = folder
        self._running = running
        self._archive = archive
        self.book = Book(running, BEGINS)
        self._delivered = Delivered()
        self._began = time.monotonic()
        self._exporter = Exporter(configured(folder, running.url, archive.name), folder, plan)
        self._page = Page(self._exporter.port)
        self._ticks = Ticks(folder / "ticks")

    def days(self) -> Iterator[Sample]:
        """Each midnight as it comes, up to the last."""
        for day in range(1, self._plan.days + 1):
            self._exporter.arrived()
            self._collect()
            self.book.read(midnight(day))
            yield self._sample(day)
            if day < self._plan.days:
                self._exporter.go_on()

    def settle(self) -> None:
        """After the last day: until nothing runs any more, and all that can be known is known."""
        self._running.quiesce()
        self._exporter.go_on(self._plan.quiet)
        self._exporter.arrived()
        self._collect()
        self.book.read(midnight(self._plan.days) + self._plan.quiet)

    def compared(self) -> list[Held]:
        """The exporter's numbers against the truth, once they have settled."""
        return [*self._counters(self._page.series()), *self._events(), self._history()]

    def end(self) -> int:
        """End the exporter; its exit code."""
        return self._exporter.end()

    def _sample(self, day: int) -> Sample:
        seen: Mapping[str, Any] = {
            **Process(pid=self._exporter.pid).seen(),
            **ledger(self._folder / "soak.db"),
            **self._ticks.seen(),
            **self._page.seen(),
        }
        return Sample(
            day=day,
            queries=self.book.queries,
            events=sum(self._delivered.events.values()),
            history_files=len(self._archive.held()),
            wall_s=time.monotonic() - self._began,
            **seen,
        )

    def _collect(self) -> None:
        """The account forgets what events it has been sent: nobody could hold a month of them in memory."""
        with self._running.logs.lock:
            for group in self._running.logs.groups():
                found = (one.message for one in group.between(0, 2**62, self._running.logs.now_ms()))
                self._delivered.add(group.name, found)
            self._running.logs.forget()

    def _counters(self, series: Series) -> Iterator[Held]:
        truth = self.book.truth()
        for what, expected, metrics in (
            ("counters by workgroup and user", expected_counters(truth), COUNTED),
            ("counters by table", expected_tables(truth), (catalog.TABLE_QUERIES,)),
        ):
            yield Held(what=what, compared=len(expected), differing=differences(expected, exposed(series, *metrics)))
        refused = sum(exposed(series, catalog.START_REJECTIONS).values())
        yield _equal("refused starts", refused, self.book.refused)

    def _events(self) -> Iterator[Held]:
        found = self._delivered.distinct
        yield _equal("events of queries", found.get(QUERIES, 0), self.book.queries)
        yield _equal("events of table accesses", found.get(ACCESSES, 0), self.book.accesses)

    def _history(self) -> Held:
        expected = sums(self.book.truth()["by_user_workgroup_database_state"])
        found = sums(rows(self._archive, self._folder, BY_USER))
        keys = sorted(expected.keys() | found.keys())
        wrong = [key for key in keys if found.get(key) != expected.get(key)]
        return Held(
            what="the query history, by user, workgroup, database, state",
            compared=len(keys),
            differing=[f"{key}: {found.get(key)} instead of {expected.get(key)}" for key in wrong],
        )


def _equal(what: str, found: int, expected: int) -> Held:
    wrong = [] if found == expected else [f"{found:,} instead of {expected:,}"]
    return Held(what=what, compared=expected, differing=wrong)


@contextmanager
def soaking(plan: Plan, folder: Path) -> Iterator[Soak]:
    """A soak in a folder of its own; its exporter ends with the block."""
    with ExitStack() as stack:
        shown = stack.enter_context(Shown(folder / "clock"))
        shown.set(int(BEGINS.timestamp() * 1000))
        running = stack.enter_context(account(shown, plan.per_day))
        archive = stack.enter_context(archived(running.url))
        soak = Soak(plan, folder, running, archive)
        stack.callback(soak.end)
        yield soak


def kept(samples: Path, sample: Sample) -> None:
    """Write a sample down, and say it."""
    with samples.open("a", encoding="utf-8") as file:
        file.write(json.dumps(sample.json()) + "\n")
    say(
        f"soak: day {sample.day}: {sample.queries:,} queries, {sample.rss_mb:.0f} MB, ledger {sample.ledger_mb:.0f} + "
        f"{sample.rollups_mb:.0f} MB, tick {sample.tick_cpu_ms:.0f} ms, {sample.series:,} series, {sample.wall_s:.0f} s"
    )
