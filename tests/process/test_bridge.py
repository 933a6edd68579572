"""Why these tests exist: events make figures fresh, and must not make them wrong.

The exporter runs as a process beside a company whose states and starts come through EventBridge and a queue, while the
sweep and `lookup` tell the same queries again. It is killed where a crash would hurt (between the commit and the
deletion of its messages, too), and every query is counted once all the same.
"""

import random
import statistics
import sys
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bridges import Bridged, bridged
from crashing_exporter import COMMITTED, POINTS
from processes import Process, fetch, free_port, process, scrape, summed, until
from truth import COUNTED, differences, expected_counters, exposed

import athena_testbed
from athena_exporter import catalog
from athena_exporter.sources.queues import USED, Poison

SCRIPT = Path(__file__).parent.parent / "support" / "crashing_exporter.py"
QUERIES = 600
SECONDS_OF_QUERIES = 12
FRESH = 15.0
"""Seconds from a query's end to its counter, in the median."""
FAULTS = (
    {"kind": "internal", "operation": "athena:*", "probability": 0.02},
    {"kind": "drop_after", "operation": "ReceiveMessage", "every": 31},
    {"kind": "throttle", "operation": "DeleteMessageBatch", "every": 29},
    {"kind": "without_statistics", "operation": "athena:*", "probability": 0.05},
)


@dataclass(frozen=True, kw_only=True)
class World:
    """What lives through the exporter's deaths."""

    testbed: athena_testbed.Running
    made: Bridged
    address: str
    config: Path
    folder: Path

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def exporter(self, point: str = "never", count: int = 1) -> Process:
        command = [sys.executable, str(SCRIPT), str(self.config), self.address, point, str(count)]
        return Process(command, self.folder / "exporter.log")

    def messages(self) -> dict[str, float]:
        return {
            result: number for (result,), number in summed(scrape(self.url), catalog.MESSAGES.name, "result").items()
        }


@contextmanager
def world(folder: Path, settings: athena_testbed.Settings, sources: str) -> Iterator[World]:
    config, address = folder / "exporter.yml", f"127.0.0.1:{free_port()}"
    with athena_testbed.running(settings) as testbed, bridged(testbed.url) as made:
        config.write_text(
            f"aws: {{endpoint_url: '{testbed.url}'}}\n"
            f"ledger: {{path: '{folder / 'ledger.db'}', initial_lookback: 10m}}\n"
            "sources:\n"
            f"  eventbridge: {{enabled: true, queue_url: '{made.url}', gather: 500ms, sweep_interval: 2s}}\n"
            f"{sources}"
            "exposition: {series_warmup: 0s, interval: 1s}\n"
        )
        yield World(testbed=testbed, made=made, address=address, config=config, folder=folder)


def account_settings(**changed: Any) -> athena_testbed.Settings:
    base: dict[str, Any] = {"rates": None, "lost_events": 0, "dml_quota": 1_000_000}
    return athena_testbed.Settings(**{**base, **changed})


@pytest.mark.process
@pytest.mark.timeout(600)
def test_kills_between_commit_and_deletion_count_nothing_twice(tmp_path: Path) -> None:
    settings = account_settings(
        queries_per_minute=QUERIES * 60 / SECONDS_OF_QUERIES,
        max_queries=QUERIES,
        time_scale=0.01,
        cloudtrail_delay=timedelta(seconds=0.5),
        api_event_delay=timedelta(seconds=0.5),
        state_change_delay=timedelta(seconds=0.2),
        duplicate_changes=0.2,
        disordered_changes=0.2,
        lost_changes=0.1,
        faults=FAULTS,
    )
    sources = "  lookup: {interval: 1s, full_pass: 10s}\n  athena: {deep_interval: 10s}\n"
    chance = random.Random(8)
    with world(tmp_path, settings, sources) as alive:
        alive.made.send("no JSON", {"order": 17})
        for point in (COMMITTED, POINTS[0], COMMITTED):
            dying = alive.exporter(point, chance.randint(1, 8))
            until(lambda dying=dying: not dying.running, what=f"the exporter dies at {point}")  # type: ignore[misc]  # a default binds the loop's value
            assert dying.popen.returncode == -9, (tmp_path / "exporter.log").read_text()[-3000:]
        last = alive.exporter()
        try:
            _settle(alive)
            truth = expected_counters(alive.testbed.truth())
            assert differences(truth, exposed(scrape(alive.url), *COUNTED)) == []
            assert alive.messages().keys() <= {USED, *Poison}
            assert sum(alive.testbed.testbed.bridge.sent.values()) > 2 * QUERIES
        finally:
            assert last.end() == 0


def _settle(alive: World) -> None:
    until(lambda: alive.testbed.account.exhausted, seconds=180, what="the company has started its queries")
    over = datetime.fromisoformat(alive.testbed.quiesce()["last_completion"]).timestamp()

    def is_complete() -> bool:
        found = summed(scrape(alive.url), catalog.SOURCE_COMPLETE_UNTIL.name, "source")
        return min(found.get((source,), 0) for source in ("athena", "lookup")) > over

    until(is_complete, seconds=180, every=0.5, what="both sources are complete past the last query")
    truth = expected_counters(alive.testbed.truth())
    until(
        lambda: exposed(scrape(alive.url), *COUNTED) == truth,
        what="\n".join(["counters equal the truth:", *differences(truth, exposed(scrape(alive.url), *COUNTED))[:20]]),
    )


@pytest.mark.process
@pytest.mark.timeout(300)
def test_an_end_is_in_its_counter_within_seconds(tmp_path: Path, record_property: Any) -> None:
    """Queries take as long as they do, events a second, statistics up to one and a half more; sweeps are rare."""
    settings = account_settings(queries_per_minute=600, lost_changes=0)
    with world(tmp_path, settings, "  lookup: {enabled: false}\n") as alive:
        rare = alive.config.read_text().replace("sweep_interval: 2s", "sweep_interval: 8m")
        alive.config.write_text(rare)
        command = [sys.executable, str(SCRIPT), str(alive.config), alive.address, "never", "1"]
        with process(command, tmp_path / "exporter.log"):
            until(lambda: fetch(f"{alive.url}/-/ready"), what="the exporter is ready")
            ages = _ages(alive, queries=60)
    record_property("freshness", f"median {statistics.median(ages):.1f} s, longest {max(ages):.1f} s")
    assert statistics.median(ages) < FRESH


def _ages(alive: World, queries: int) -> Sequence[float]:
    """How long after its end each of so many queries was counted: the n-th counted is held to be the n-th ended."""
    curve: list[tuple[float, float]] = []

    def has_enough() -> bool:
        counted = sum(summed(scrape(alive.url), catalog.QUERIES.name).values())
        curve.append((alive.testbed.testbed.now_ms() / 1000, counted))
        return counted >= queries

    until(has_enough, what=f"{queries} queries are counted", seconds=120, every=0.25)
    account = alive.testbed.account
    with account.lock:
        ends = sorted(plan.ended_ms / 1000 for plan in account.ended(0, int(time.time() * 1000)))
    counts = [counted for _, counted in curve]
    return [curve[bisect_left(counts, number)][0] - end for number, end in enumerate(ends[:queries], start=1)]
