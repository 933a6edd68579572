"""Why this test exists: a ledger on a network disk may meet two exporters, and the disk's locks may do nothing.

On a disk without locks (SQLite's VFS `unix-none`, rollback journal, a lease) the exporter is killed at its crash points
and goes on, refuses to stand beside another one, and is frozen in the midst of a transaction while a second one, on
another machine, waits for its lease and takes over. Thawed, the first ends without a word to Prometheus. In the end
every counter equals the account's truth.
"""

import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from processes import Process, fetch, free_port, scrape, summed, until
from truth import COUNTED, differences, expected_counters, exposed

import athena_testbed
from athena_exporter import catalog

SCRIPT = Path(__file__).parent.parent / "support" / "lockless_exporter.py"
QUERIES = 1_000
SECONDS_OF_QUERIES = 10
LEASE = 10
FAULTS = (
    {"kind": "throttle", "operation": "athena:*", "every": 41},
    {"kind": "internal", "probability": 0.01},
    {"kind": "drop_after", "probability": 0.005},
    {"kind": "without_statistics", "probability": 0.01},
    {"kind": "duplicate_events", "share": 0.2},
)


@dataclass(frozen=True, kw_only=True)
class World:
    """A company, and a disk on which several exporters may keep one ledger."""

    testbed: athena_testbed.Running
    config: Path
    folder: Path

    @contextmanager
    def exporter(
        self, name: str, point: str = "never", count: int = 1, *, sent: str = "KILL", machine: str = "same"
    ) -> Iterator["Exporter"]:
        address = f"127.0.0.1:{free_port()}"
        command = [sys.executable, str(SCRIPT), str(self.config), address, point, str(count), sent, machine]
        one = Exporter(Process(command, self.folder / f"{name}.log"), f"http://{address}")
        try:
            yield one
        finally:
            if one.process.running:
                one.process.kill()


@dataclass(frozen=True)
class Exporter:
    """One of them."""

    process: Process
    url: str

    @property
    def said(self) -> str:
        return self.process.log.read_text()

    @property
    def state(self) -> str:
        """As the kernel has it: `T` is stopped by a signal."""
        return Path(f"/proc/{self.process.popen.pid}/stat").read_text().rpartition(")")[2].split()[0]

    def is_ready(self) -> bool:
        return fetch(f"{self.url}/-/ready") is not None

    def ended(self) -> int:
        until(lambda: not self.process.running, seconds=180, what=lambda: f"its end\n{self.said}")
        return int(self.process.popen.returncode)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    settings = athena_testbed.Settings(
        queries_per_minute=QUERIES * 60 / SECONDS_OF_QUERIES,
        max_queries=QUERIES,
        time_scale=0.01,
        cloudtrail_delay=timedelta(seconds=0.5),
        lost_events=0,
        rates=None,
        dml_quota=1_000_000,
        faults=FAULTS,
    )
    config = tmp_path / "exporter.yml"
    with athena_testbed.running(settings) as testbed:
        config.write_text(
            f"aws: {{endpoint_url: '{testbed.url}'}}\n"
            f"ledger: {{path: '{tmp_path / 'ledger.db'}', initial_lookback: 10m, journal: rollback, lease: {LEASE}s}}\n"
            "sources: {athena: {interval: 1s, deep_interval: 5s}, lookup: {interval: 1s, full_pass: 5s}}\n"
            "exposition: {series_warmup: 2s, interval: 500ms}\n"
        )
        yield World(testbed=testbed, config=config, folder=tmp_path)


@pytest.mark.process
@pytest.mark.timeout(900)
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="stops processes and looks at them as Linux does")
def test_on_a_disk_without_locks_every_query_is_counted_once(world: World) -> None:
    for point in ("in-transaction", "commit->publish"):
        with world.exporter("killed", point, 2) as killed:
            assert killed.ended() == -signal.SIGKILL, killed.said
    assert "waiting for" not in killed.said, "that the killed one is dead was proved"
    with world.exporter("first", "in-transaction", 4, sent="STOP") as first:
        until(first.is_ready, what="the first is ready")
        until(lambda: first.state == "T", seconds=180, what="the first is frozen in a transaction")
        with world.exporter("second", machine="another") as second:
            until(second.is_ready, seconds=180, what="the second has taken over")
            assert (
                f"waiting for {LEASE} s: its lease was last renewed by process {first.process.popen.pid}" in second.said
            )
            _the_first_ends_and_says_nothing_to_prometheus(first)
            _a_third_is_refused(world, second)
            _settle(world, second)
            assert second.process.end() == 0
    with closing(sqlite3.connect(world.folder / "ledger.db")) as ledger:
        assert list(ledger.execute("PRAGMA integrity_check")) == [("ok",)]
        (mark,) = ledger.execute("SELECT value FROM meta WHERE key = 'writer'").fetchone()
    assert mark.split()[0] == "4", "two were killed, one was frozen, one took over, and nobody else ever wrote"


def _the_first_ends_and_says_nothing_to_prometheus(first: Exporter) -> None:
    first.process.popen.send_signal(signal.SIGCONT)
    while first.process.running:
        assert fetch(f"{first.url}/metrics") is None
    assert first.process.popen.returncode == 3
    (line,) = [one for one in first.said.splitlines() if one.startswith("athena-exporter: ")]
    assert "its lease was not renewed for 9 s" in line
    assert "Traceback" not in first.said


def _a_third_is_refused(world: World, second: Exporter) -> None:
    with world.exporter("third", machine="another") as third:
        assert third.ended() == 2
        assert f"another exporter uses it (process {second.process.popen.pid} on " in third.said


def _settle(world: World, exporter: Exporter) -> None:
    until(lambda: world.testbed.account.exhausted, seconds=180, what="the company has started its queries")
    over = datetime.fromisoformat(world.testbed.quiesce()["last_completion"]).timestamp()

    def complete_until() -> float:
        found = summed(scrape(exporter.url), catalog.SOURCE_COMPLETE_UNTIL.name, "source")
        return min(found.get((source,), 0) for source in ("athena", "lookup"))

    until(lambda: complete_until() > over, seconds=300, every=0.5, what=lambda: f"all is read\n{exporter.said[-2000:]}")
    truth = expected_counters(world.testbed.truth())
    assert sum(count for (name, _), count in truth.items() if name == catalog.QUERIES.name) > 0.98 * QUERIES
    until(
        lambda: differences(truth, exposed(scrape(exporter.url), *COUNTED)) == [],
        seconds=180,
        every=0.5,
        what=lambda: "\n".join(differences(truth, exposed(scrape(exporter.url), *COUNTED))[:20]),
    )
