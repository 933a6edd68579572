"""The whole comparison: what is needed, a network of its own, all exporters at once, and the section that comes of it.

`make peers`; half an hour and a little more. The first time it builds and fetches the peers, once.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from document import with_section
from machine import ROOT
from measure import say

from peers import judging, programs, reading
from peers.account import URL, Account, account, papers
from peers.judging import Query, Told
from peers.programs import EndedError, Process
from peers.report import Result, Setting, text
from peers.scraping import Usage, Watched, scraping, usage
from peers.tools import MissingError, Tools, cache_folder, prepared

DOCUMENT = ROOT / "docs" / "benchmarks.md"
_DISK = ROOT / ".venv"
"""Ignored by git, and on a disk: the system's own folder may be memory."""
START_UP, DRAIN = 120.0, 330.0
"""Seconds before and after what is measured: new series rest at 0 for two minutes; the net that catches what
EventBridge lost comes every five."""
_MOST_BACK = 3600.0
_NAMESPACE = ("unshare", "--user", "--map-root-user", "--net")
_INSIDE = "--inside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """Counts that go on growing, at one moment."""

    at: float
    calls: Mapping[str, Sequence[Mapping[str, Any]]]
    usage: Mapping[str, Usage]


def main() -> None:
    """Run it; the document changes only when all has ended well."""
    options = options_of(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # all that runs ends with it
    try:
        tools = prepared(options.cache)
        if not options.inside:
            _enter_namespace(sys.argv)
        section = _measured(options, tools)
    except (MissingError, EndedError) as error:
        sys.exit(f"peers: {error}")
    print(section)
    if options.write:
        DOCUMENT.write_text(with_section(DOCUMENT.read_text(encoding="utf-8"), section), encoding="utf-8")
        print(f"\nwritten: {DOCUMENT.relative_to(ROOT)}")


def options_of(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="benchmarks/peers/run.py",
        description="yet-another-cloudwatch-exporter, cloudwatch_exporter and this exporter on one embedded account",
    )
    parser.add_argument("--minutes", type=float, default=30.0, help="how long is measured (30); less is a trial")
    parser.add_argument("--interval", type=float, default=60.0, help="seconds between two scrapes (60)")
    parser.add_argument("--queries-per-minute", type=float, default=60.0, help="how busy the account is (60)")
    parser.add_argument("--cache", type=Path, default=cache_folder(), help="where the peers are kept (%(default)s)")
    parser.add_argument("--no-write", dest="write", action="store_false", help="leave docs/benchmarks.md as it is")
    parser.add_argument(_INSIDE, action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.minutes < 5:
        parser.error(f"--minutes is {options.minutes:g}; at least 5, for the slowest peer reads every five")
    return options


def _enter_namespace(arguments: Sequence[str]) -> None:
    """Begin anew where there is no network but a loopback device.

    cloudwatch_exporter listens on every address there is, and is led to the account by names of AWS's.
    """
    tried = subprocess.run([*_NAMESPACE, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        raise MissingError(
            f"no network of its own can be had ({tried.stderr.strip()}): run it as root, or allow user namespaces"
        )
    inner = ["sh", "-c", 'ip link set lo up && exec "$@"', "sh", sys.executable, *arguments, _INSIDE]
    os.execvp(_NAMESPACE[0], [*_NAMESPACE, *inner])


# -- the run ----------------------------------------------------------------------------------------------------------


def _measured(options: argparse.Namespace, tools: Tools) -> str:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="peers-", dir=_DISK)))
        proofs = papers(folder)
        them = stack.enter_context(account(options.queries_per_minute, proofs))
        url = stack.enter_context(programs.queue())
        wanted = [*programs.ours(folder, url), *programs.theirs(folder, tools, proofs)]
        processes = [stack.enter_context(programs.running(one, folder)) for one in wanted]
        loads: list[float] = []
        with scraping(processes, options.interval) as watched:
            _wait("starting up", START_UP, processes, loads)
            before = _readings(processes)
            _wait("measuring", options.minutes * 60, processes, loads)
            after = _readings(processes)
            them.quiesce()
            _wait("letting all of it arrive", DRAIN, processes, loads)
        results = _results(watched, before, after, them)
        setting = _setting(options, tools, processes, loads)
        return text(results, setting, folder)


def _wait(what: str, seconds: float, processes: Sequence[Process], loads: list[float]) -> None:
    """A minute at a time; an exporter that has ended ends the run."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        say(f"peers: {what}, {left / 60:.0f} min left")
        time.sleep(min(left, 60.0))
        loads.append(os.getloadavg()[0])
        for process in processes:
            if not process.is_running:
                raise EndedError(f"{process.program.name} has ended by itself")


def _readings(processes: Sequence[Process]) -> Readings:
    return Readings(
        at=time.time(),
        calls={one.program.key: _control(f"calls?access_key={one.program.key}") for one in processes},
        usage={one.program.key: usage(one.pid) for one in processes},
    )


def _control(path: str) -> Any:
    with urllib.request.urlopen(f"{URL}/_testbed/{path}", timeout=60) as answer:
        return json.load(answer)


def _setting(
    options: argparse.Namespace, tools: Tools, processes: Sequence[Process], loads: Sequence[float]
) -> Setting:
    workgroups = _control("company")["workgroups"]
    yace = next(one for one in processes if one.program.key == "yace")
    return Setting(
        minutes=options.minutes, interval=options.interval, queries_per_minute=options.queries_per_minute,
        workgroups=len(workgroups), publishing=len(_publishing(workgroups)), phase=yace.began % 300, tools=tools,
        loads=loads,
    )  # fmt: skip  # as short as it can be said


def _publishing(workgroups: Sequence[Mapping[str, Any]]) -> Collection[str]:
    return {workgroup["name"] for workgroup in workgroups if workgroup["publishes"]}


# -- what came of it --------------------------------------------------------------------------------------------------


def _results(watched: Sequence[Watched], before: Readings, after: Readings, them: Account) -> list[Result]:
    now = time.time()
    judge = Judge(
        queries=them.queries(before.at - _MOST_BACK, now),
        publishing=_publishing(_control("company")["workgroups"]),
        measured_since=before.at,
        now=now,
    )
    repeating = next(one for one in watched if one.process.program.key == "ours-cloudwatch")
    repeated = Result(name="ours, its `athena_cloudwatch_*`", hours=0.0, **judge.of_repeated(repeating))
    return [*(_result(one, before, after, judge) for one in watched), repeated]


def _result(one: Watched, before: Readings, after: Readings, judge: "Judge") -> Result:
    key = one.process.program.key
    return Result(
        name=one.process.program.name,
        hours=(after.at - before.at) / 3600,
        calls=grown(before.calls[key], after.calls[key]),
        cpu=after.usage[key].cpu - before.usage[key].cpu,
        usage=after.usage[key],
        latencies=[scrape.seconds for scrape in one.scrapes if before.at <= scrape.seen < after.at],
        failed_scrapes=len(one.errors),
        **judge.of(one),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Holds pages against what happened; a verdict, or the reason why there is none, as a Result's arguments."""

    queries: Sequence[Query]
    publishing: Collection[str]
    measured_since: float
    now: float

    def of(self, one: Watched) -> dict[str, Any]:
        """On an exporter's own word. Of ours the start-up, when all series are new, has no ages."""
        program = one.process.program
        pages = [program.read(scrape.text, scrape.seen) for scrape in one.scrapes]
        period = program.period
        if period is None:
            return self._said(lambda: judging.counted(pages, self.now), self.measured_since)
        return self._said(lambda: judging.told_by_gauges(pages, period), 0.0)

    def of_repeated(self, one: Watched) -> dict[str, Any]:
        """On what ours repeats of CloudWatch."""
        pages = [reading.repeated(scrape.text, scrape.seen) for scrape in one.scrapes]
        return self._said(lambda: judging.settled(pages), 0.0)

    def _said(self, tell: Callable[[], Told], fresh_since: float) -> dict[str, Any]:
        try:
            told = tell()
        except ValueError as error:
            return {"reason": str(error)}
        return {"verdict": judging.judged(told, self.queries, self.publishing, fresh_since)}


def grown(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Calls of the time between."""
    names = ("service", "operation", "result")
    old = {tuple(row[name] for name in names): row for row in before}
    found = []
    for row in after:
        was = old.get(tuple(row[name] for name in names), {"count": 0, "billed_metrics": 0})
        counts = {name: row[name] - was[name] for name in ("count", "billed_metrics")}
        found.append({**row, **counts})
    return [row for row in found if row["count"]]
