"""A thousand workgroups in two Regions: the whole exporter, every source on, against the embedded account."""

import gzip
import http.client
import os
import random
import re
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from measure import memory, percentile, say, table, verdict, workplace
from process import Script
from regions import HISTORY, REGIONS
from workload import Company, cells

import athena_testbed
from athena_exporter import catalog
from athena_exporter.cli import wiring
from athena_exporter.config import load
from athena_exporter.ledger.store import Ledger
from athena_exporter.records import Target

WORKGROUPS = 500
"""In each Region."""
QUERIES_PER_MINUTE = 30
PAIRS = 1
"""Pairs of workgroup and database that each of 500 users had before, in each Region."""
AFTERWARDS_SECONDS = 45
PATIENCE_SECONDS = 180
BAR_MB, FLAT_MB, BAR_MS = 256, 16, 50
SOURCES = ("athena", "lookup", "workgroups", "cloudwatch", "usage")

DISTRIBUTION_LINES = sum(len(metric.bounds) + 3 for metric in catalog.METRICS if metric.bounds)
"""What one distribution of each kind comes to: its bounds, the infinite one, a sum and a count."""

_DISTRIBUTION = re.compile(rb'^athena_queries_total\{.*(region="[^"]+").*(statement_type=.*)\}', re.MULTILINE)
_NAMED = 15
"""Workgroups of the embedded account with names of their own; the others are teams."""
_DURATION = re.compile(
    rb'^athena_exporter_source_duration_seconds\{.*region="([^"]+)",source="([^"]+)"\} (\S+)$', re.MULTILINE
)

Durations = Mapping[tuple[str, str], float]


@dataclass(slots=True)
class Phase:
    """A stretch of the run and what was measured in it."""

    name: str
    scrapes: list[float] = field(default_factory=list)
    ticks: list[tuple[float, float]] = field(default_factory=list)
    resident: float = 0.0
    peak: float = 0.0
    text: bytes = b""

    @property
    def series(self) -> int:
        """Lines of the exposition that are no comment."""
        return sum(1 for line in self.text.splitlines() if not line.startswith(b"#"))

    @property
    def distributions(self) -> int:
        """Pairs of workgroup and type of statement that have queries: each would have five histograms."""
        return len(set(_DISTRIBUTION.findall(self.text)))

    @property
    def durations(self) -> Durations:
        """Region and source -> seconds of the last pass that succeeded."""
        return {
            (region.decode(), source.decode()): float(told) for region, source, told in _DURATION.findall(self.text)
        }


def main() -> None:
    folder = workplace(sys.argv)
    with Script("regions.py", str(WORKGROUPS), str(QUERIES_PER_MINUTE)) as account:
        path = configured(folder, account.line())
        say("scale: preparing the ledger")
        prefill(path)
        phases = measured(path, folder / "ticks")
    print(_text(*phases))


def configured(folder: Path, url: str) -> Path:
    """The configuration's file."""
    path = folder / "scale.yml"
    text = {
        "targets": [{"region": region} for region in REGIONS],
        "aws": {"endpoint_url": url, "rate_share": 1},
        "ledger": {"path": str(folder / "scale.db"), "journal": "wal"},
        "sources": {"cloudwatch": {"enabled": True, "interval": "1m"}},
        "exposition": {"histograms": []},
    }
    path.write_text(yaml.safe_dump(text), encoding="utf-8")
    return path


def prefill(path: Path) -> None:
    """What both Regions' teams did three days ago; the counters began before the history that AWS still tells."""
    now = datetime.now(UTC)
    teams = [f"team-{number:03}" for number in range(_NAMED + 1, WORKGROUPS + 1)]
    places = cells(teams, PAIRS)
    with closing(Ledger(wiring.ledger_settings(load(path, os.environ)), monotonic=time.monotonic)) as ledger:
        for seed, region in enumerate(REGIONS):
            target = Target(account_id=athena_testbed.ACCOUNT_ID, region=region)
            ledger.adopt(target, now - timedelta(days=10))
            company = Company(seed, target=target, places=places)
            for executions, starts in company.day(now - timedelta(days=4), len(places)):
                ledger.apply(executions)
                ledger.apply(starts)
        ledger.reveal()
        ledger.stamp()


def measured(path: Path, ticks: Path) -> tuple[Phase, Phase]:
    """Until every source was read once, and a while after that."""
    port = _free_port()
    with Script("timed.py", str(path), f"127.0.0.1:{port}", str(ticks)) as exporter:
        _await_answer(exporter, port)
        first, afterwards = Phase("the first pass of every source"), Phase("after that")
        say("scale: the first passes")
        began = time.monotonic()
        _watch(first, exporter, port, lambda: time.monotonic() - began > PATIENCE_SECONDS or _is_complete(first))
        first.ticks = _ticks(ticks)
        if not _is_complete(first):
            raise RuntimeError(f"after {PATIENCE_SECONDS} s only these sources were read: {sorted(first.durations)}")
        say("scale: after that")
        until = time.monotonic() + AFTERWARDS_SECONDS
        _watch(afterwards, exporter, port, lambda: time.monotonic() > until)
        afterwards.ticks = _ticks(ticks)[len(first.ticks) :]
    return first, afterwards


def _is_complete(phase: Phase) -> bool:
    return set(phase.durations) >= {(region, source) for region in REGIONS for source in SOURCES}


def _watch(phase: Phase, exporter: Script, port: int, is_over: Callable[[], bool]) -> None:
    """Scrape at random distances; look into the page once in a while, between two scrapes."""
    chance = random.Random(5)
    looked = time.monotonic()
    while exporter.is_running:
        time.sleep(chance.uniform(0, 0.4))
        began = time.perf_counter()
        body = _scraped(port)
        phase.scrapes.append(time.perf_counter() - began)
        if time.monotonic() - looked > 5:
            looked = time.monotonic()
            phase.text = gzip.decompress(body)
            phase.resident, phase.peak = memory(exporter.pid)
            if is_over():
                return
    raise RuntimeError("the exporter has ended; its log says why")


def _scraped(port: int) -> bytes:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        body = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"HTTP {answer.status}")
    return body


def _await_answer(exporter: Script, port: int) -> None:
    while exporter.is_running:
        try:
            _scraped(port)
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the exporter has ended before it answered; its log says why")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _ticks(path: Path) -> list[tuple[float, float]]:
    lines = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
    return [(float(wall), float(cpu)) for wall, cpu in lines]


# -- words ------------------------------------------------------------------------------------------------------------


def _text(first: Phase, afterwards: Phase) -> str:
    slowest = percentile(afterwards.scrapes, 99) * 1000
    busiest = percentile(first.scrapes, 99) * 1000
    grown = afterwards.peak - first.peak
    bars = (
        ("Peak of memory", f"{afterwards.peak:.0f} MB", f"< {BAR_MB} MB", afterwards.peak < BAR_MB),
        ("Growth of the peak after the first passes", f"{grown:.0f} MB", f"< {FLAT_MB} MB", grown < FLAT_MB),
        ("p99 of scrapes during the first passes", f"{busiest:.1f} ms", f"< {BAR_MS} ms", busiest < BAR_MS),
        ("p99 of scrapes after that", f"{slowest:.1f} ms", f"< {BAR_MS} ms", slowest < BAR_MS),
    )
    header = ["While", "scrapes", "p50 ms", "p99 ms", "ticks", "p50 s", "p99 s", "p50 s of processor"]
    columns = ["Source", *(f"{region}, {when} s" for region in REGIONS for when in ("first", "last"))]
    return f"""\
## A thousand workgroups

The whole exporter as `serve` starts it, with every source on, against the embedded account: {WORKGROUPS} workgroups
in each of two Regions, {QUERIES_PER_MINUTE} queries a minute in each, {HISTORY // timedelta(hours=1)} hours of them
to catch up on at the start.

{afterwards.series:,} series (lines of the exposition), without histograms: with all five, as by default, these
workgroups would have up to {DISTRIBUTION_LINES * afterwards.distributions:,} lines more. Scrapes come with gzip, at
random distances; a tick reads the ledger, renders and publishes, each five seconds. p99 of fewer than 100 is the
worst of them. The embedded account takes its share of the machine's cores.

{table([*header, "resident MB", "peak MB"], [_row(phase) for phase in (first, afterwards)])}

{table(["What", "measured", "bar", "met"], [[what, value, bar, verdict(met=met)] for what, value, bar, met in bars])}

How long a pass of each source takes. The rates are AWS's, of which this run may use all (`rate_share: 1`) and the
default is half: `athena` and `workgroups` ask once for each workgroup, five a second, and take twice as long by
default. CloudWatch is read every minute here, fifteen times as often as by default. `first` and `last` are the same
where there was time for one pass only.

{table(columns, _passes(first, afterwards))}
"""


def _row(phase: Phase) -> list[str]:
    walls = [wall for wall, _ in phase.ticks]
    scrapes = [f"{percentile(phase.scrapes, percent) * 1000:.1f}" for percent in (50, 99)]
    ticks = [f"{percentile(values, percent):.2f}" for values, percent in ((walls, 50), (walls, 99))]
    cpu = percentile([cpu for _, cpu in phase.ticks], 50)
    counts = [str(len(phase.scrapes)), str(len(phase.ticks))]
    return [
        phase.name, counts[0], *scrapes, counts[1], *ticks, f"{cpu:.2f}", f"{phase.resident:.0f}", f"{phase.peak:.0f}",
    ]  # fmt: skip  # as short as it can be said


def _passes(first: Phase, afterwards: Phase) -> list[list[str]]:
    return [
        [source, *(f"{phase.durations[region, source]:.2f}" for region in REGIONS for phase in (first, afterwards))]
        for source in SOURCES
    ]


if __name__ == "__main__":
    main()
