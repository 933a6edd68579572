"""Many accounts and Regions in one exporter: what each costs, and how many there may be."""

import gzip
import http.client
import os
import re
import socket
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from measure import memory, percentile, say, table, verdict, workplace
from organisation import HISTORY, REGIONS, account_ids, role_of
from process import Script

ACCOUNTS = (1, 10)
"""Each in four Regions."""
WORKGROUPS = 20
QUERIES_PER_MINUTE = 2
"""In each account and Region."""
STEADY_SECONDS = 60
SCRAPED_EVERY, LEARNING_SECONDS, SCRAPED_SECONDS = 15.0, 45, 120
"""An even distance, so that it is known when the next scrape comes; and how long that is measured."""
PATIENCE_SECONDS = 300
SOURCES = ("athena", "lookup", "workgroups")
BAR_MB, BAR_SHARE, BAR_MS, BAR_TICK = 512, 0.5, 50, 5.0

_LAST = re.compile(rb'^athena_exporter_source_duration_seconds\{.*source="([^"]+)"\} (\S+)$', re.MULTILINE)
_LAG = re.compile(rb'^athena_exporter_source_lag_seconds\{.*source="athena"\} (\S+)$', re.MULTILINE)
_UP = re.compile(rb"^athena_exporter_source_up\{.*\} 1(?:\.0)?$", re.MULTILINE)


@dataclass(slots=True, kw_only=True)
class Run:
    """One exporter and what was measured of it, once every source of every target had been read."""

    targets: int
    first_seconds: float = 0.0
    share: float = 0.0
    share_scraped: float = 0.0
    resident: float = 0.0
    peak: float = 0.0
    threads: int = 0
    scrapes: list[float] = field(default_factory=list)
    ticks: list[tuple[float, float]] = field(default_factory=list)
    text: bytes = b""

    @property
    def series(self) -> int:
        """Lines of the exposition that are no comment."""
        return sum(1 for line in self.text.splitlines() if not line.startswith(b"#"))

    @property
    def slowest_sweep(self) -> float:
        """Seconds of the longest last sweep."""
        return max(float(told) for source, told in _LAST.findall(self.text) if source == b"athena")


def main() -> None:
    folder = workplace(sys.argv)
    print(_text([_measured(folder, accounts) for accounts in ACCOUNTS]))


def _measured(folder: Path, accounts: int) -> Run:
    run = Run(targets=accounts * len(REGIONS))
    say(f"targets: {run.targets}")
    port, ticks = _free_port(), folder / f"ticks-{accounts}"
    with (
        Script("organisation.py", str(accounts), str(WORKGROUPS), str(QUERIES_PER_MINUTE)) as world,
        Script("timed.py", _configured(folder, accounts, world.line()), f"127.0.0.1:{port}", str(ticks)) as exporter,
    ):
        began = time.monotonic()
        _watch(run, exporter, port, lambda: _is_read(run) or time.monotonic() - began > PATIENCE_SECONDS)
        if not _is_read(run):
            raise RuntimeError(f"after {PATIENCE_SECONDS} s only {len(_UP.findall(run.text))} sources were read")
        run.first_seconds = time.monotonic() - began
        say(f"targets: {run.targets}, all read once")
        run.scrapes.clear()
        done = len(_ticks(ticks))
        run.share = _share(run, exporter, port, STEADY_SECONDS, 1)
        run.ticks = _ticks(ticks)[done:]
        often = list(run.scrapes)
        _share(run, exporter, port, LEARNING_SECONDS, SCRAPED_EVERY)
        run.share_scraped = _share(run, exporter, port, SCRAPED_SECONDS, SCRAPED_EVERY)
        run.scrapes = often
    return run


def _share(run: Run, exporter: Script, port: int, seconds: float, pause: float) -> float:
    """Scrape with pauses for so long; what the exporter took of one core meanwhile."""
    before, wall = _cpu_seconds(exporter.pid), time.monotonic()
    _watch(run, exporter, port, lambda: time.monotonic() - wall > seconds, pause)
    return (_cpu_seconds(exporter.pid) - before) / (time.monotonic() - wall)


def _configured(folder: Path, accounts: int, url: str) -> str:
    path = folder / f"targets-{accounts}.yml"
    text = {
        "targets": [
            {"regions": list(REGIONS), "role_arn": role_of(account), "alias": f"data-{number:02}"}
            for number, account in enumerate(account_ids(accounts), start=1)
        ],
        "aws": {"endpoint_url": url},
        "ledger": {"path": str(folder / f"targets-{accounts}.db"), "journal": "wal", "initial_lookback": "1h"},
    }
    path.write_text(yaml.safe_dump(text), encoding="utf-8")
    return str(path)


def _is_read(run: Run) -> bool:
    return len(_UP.findall(run.text)) == run.targets * len(SOURCES)


def _watch(run: Run, exporter: Script, port: int, is_over: Callable[[], bool], pause: float = 1) -> None:
    due = time.monotonic()
    while exporter.is_running:
        due += pause
        with suppress(ConnectionError):  # it has just begun
            began = time.perf_counter()
            body = _scraped(port)
            run.scrapes.append(time.perf_counter() - began)
            run.text = gzip.decompress(body)
            run.resident, run.peak = memory(exporter.pid)
            run.threads = max(run.threads, sum(1 for _ in Path(f"/proc/{exporter.pid}/task").iterdir()))
        if is_over():
            return
        time.sleep(max(0.0, due - time.monotonic()))
    raise RuntimeError("the exporter has ended; its log says why")


def _scraped(port: int) -> bytes:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
        return connection.getresponse().read()


def _cpu_seconds(pid: int) -> float:
    """User and system time of a process (man 5 proc, stat); Linux only."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _ticks(path: Path) -> list[tuple[float, float]]:
    """Seconds of the wall and of the processor."""
    lines = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
    return [(float(wall), float(cpu)) for wall, cpu in lines]


# -- words ------------------------------------------------------------------------------------------------------------


def _text(runs: list[Run]) -> str:
    most = runs[-1]
    tick = percentile([cpu for _, cpu in most.ticks], 99)
    scrape = percentile(most.scrapes, 99) * 1000
    bars = (
        ("Peak of memory", f"{most.peak:.0f} MB", f"< {BAR_MB} MB", most.peak < BAR_MB),
        ("Share of one core", f"{most.share:.0%}", f"< {BAR_SHARE:.0%}", most.share < BAR_SHARE),
        ("p99 of ticks, of processor", f"{tick:.2f} s", f"< {BAR_TICK:.0f} s, their interval", tick < BAR_TICK),
        ("p99 of scrapes", f"{scrape:.1f} ms", f"< {BAR_MS} ms", scrape < BAR_MS),
    )
    header = [
        "Targets", "series", "all read after s", "share of a core", "scraped each 15 s", "resident MB", "peak MB",
        "threads", "sweep s", "tick p50 s", "of processor", "scrape p50 ms", "p99",
    ]  # fmt: skip  # a row
    return f"""\
## Many accounts and Regions

One exporter as `serve` starts it, with the default sources and rates, against an embedded organisation: accounts in
{len(REGIONS)} Regions each, read through a role each, {WORKGROUPS} workgroups and {QUERIES_PER_MINUTE} queries a minute
in every one of them, and {HISTORY.seconds // 3600} hour to catch up on at the start. Measured for {STEADY_SECONDS} s
after every source of every target was read once; the organisation takes its share of the machine's cores.

{table(header, [_row(run) for run in runs])}

Scraped each second, every tick draws a page; scraped each {SCRAPED_EVERY:.0f} s, one tick for each scrape does
(docs/adr/0019): that is the second share, of {SCRAPED_SECONDS} s more.

`sweep s` is the longest last sweep of a target: twenty workgroups at 2.5 lists a second, half of AWS's rate, take
eight seconds however many targets there are.

With {most.targets} targets:

{table(["What", "measured", "bar", "met"], [[what, value, bar, verdict(met=met)] for what, value, bar, met in bars])}
"""


def _row(run: Run) -> list[str]:
    ticks = [f"{percentile([tick[clock] for tick in run.ticks], 50):.2f}" for clock in (0, 1)]
    scrapes = [f"{percentile(run.scrapes, percent) * 1000:.1f}" for percent in (50, 99)]
    return [
        str(run.targets), f"{run.series:,}", f"{run.first_seconds:.0f}", f"{run.share:.1%}", f"{run.share_scraped:.1%}",
        f"{run.resident:.0f}", f"{run.peak:.0f}", str(run.threads), f"{run.slowest_sweep:.1f}", *ticks, *scrapes,
    ]  # fmt: skip  # as short as it can be said


if __name__ == "__main__":
    main()
