"""What AWS is asked in an hour, and what it bills: counted at the endpoint, beside the estimate and beside YACE.

The hour is a simulated one: every part of the exporter that waits (the pauses between reads, the token buckets) and
the account's clock go by the same clock, which jumps to whoever is due next.
"""

import multiprocessing
import os
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from heapq import heappop, heappush
from itertools import count, product
from pathlib import Path
from typing import Any

from measure import say, table, verdict, workplace
from process import AWS_ENVIRONMENT

import athena_testbed
from athena_exporter import costs
from athena_exporter.cli import wiring
from athena_exporter.config import Config
from athena_exporter.config.model import LedgerSettings
from athena_exporter.config.sources import CloudWatchMetric, CloudWatchSettings, SourcesSettings
from athena_exporter.costs.estimate import NANO, TYPES
from athena_exporter.costs.prices import GET_METRIC_DATA
from athena_exporter.ledger.store import Ledger
from athena_exporter.poller import Clocks, Poller
from athena_exporter.records import Target
from athena_exporter.sources.rate import Rates
from athena_exporter.sources.session import Session
from athena_exporter.telemetry import Telemetry

SIZES = (10, 60, 200)
TARGET = Target(account_id=athena_testbed.ACCOUNT_ID, region="eu-west-1")
HOUR = timedelta(hours=1)
FREE_SPAN = timedelta(minutes=10)
"""How long calls that are free are counted, to be told by the hour: there are thousands of them."""
QUERIES_PER_HOUR = 1_000
PAUSE = timedelta(minutes=15)
BAR = 1 / 3

Loop = Callable[[timedelta], None]

_STATES = ("SUCCEEDED", "FAILED", "CANCELLED")
_ALL = tuple(CloudWatchMetric)
_NEVER = timedelta(0)
CONFIGURATIONS: Mapping[str, CloudWatchSettings] = {
    "defaults": CloudWatchSettings(),
    "`cloudwatch` on": CloudWatchSettings(enabled=True),
    "all seven `metrics`": CloudWatchSettings(enabled=True, metrics=_ALL),
    "all seven, as YACE: no active queries": CloudWatchSettings(
        enabled=True, metrics=_ALL, active_queries=_NEVER, capacity=False
    ),
}
AS_THE_PEER = "all seven, as YACE: no active queries"
_UNLIKE_OTHERS = ("monitoring", "risk-reserved")
"""Workgroups that do not publish, or run on a reservation: YACE's formula knows neither."""
_NAMED = 15
"""The fewest workgroups that the embedded account has."""


# -- a clock that jumps -----------------------------------------------------------------------------------------------


class Clock:
    """Time that passes only while everybody sleeps. Of the threads of `run`, one is awake at any moment."""

    def __init__(self, begins: datetime) -> None:
        self._begins = begins
        self._passed = 0.0
        self._sleepers: list[tuple[float, int, threading.Event]] = []
        self._order = count()
        self._bug: BaseException | None = None

    def now(self) -> datetime:
        """The time of day."""
        return self._begins + timedelta(seconds=self._passed)

    def milliseconds(self) -> int:
        """The same, since 1970."""
        return int(self.now().timestamp() * 1000)

    def monotonic(self) -> float:
        """Seconds since it was made."""
        return self._passed

    def sleep(self, seconds: float) -> None:
        """Let others go on until so much time has passed."""
        mine = self._enter(seconds)
        self._wake_next()
        mine.wait()

    def run(self, loops: Sequence[Callable[[], None]]) -> None:
        """Run them beside each other to their ends. Raises what one of them raised."""
        threads = [threading.Thread(target=self._guarded, args=(loop, self._enter(0))) for loop in loops]
        for thread in threads:
            thread.start()
        self._wake_next()
        for thread in threads:
            thread.join()
        if self._bug is not None:
            raise self._bug

    def _guarded(self, loop: Callable[[], None], turn: threading.Event) -> None:
        turn.wait()
        try:
            loop()
        except BaseException as bug:  # noqa: BLE001 - it is handed on
            self._bug = bug
        self._wake_next()

    def _enter(self, seconds: float) -> threading.Event:
        turn = threading.Event()
        heappush(self._sleepers, (self._passed + seconds, next(self._order), turn))
        return turn

    def _wake_next(self) -> None:
        if self._sleepers:
            self._passed, _, turn = heappop(self._sleepers)
            turn.set()


# -- an hour ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked in an hour: requests that are free, requests that are billed, metrics of GetMetricData."""

    free: float
    billed: float
    metrics: float
    usd: float


class Nobody:
    """A publisher without readers."""

    def publish(self, text: bytes, front: bytes) -> None:
        """Nothing comes of it."""


def hour(workgroups: int, cloudwatch: CloudWatchSettings, folder: Path) -> Asked:
    """One hour of the sources that CloudWatch's settings switch on or, where it is off, of all the others.

    It begins a quarter of an hour after everything was read once: what is counted goes on like that.
    """
    clock = Clock(datetime.now(UTC).replace(microsecond=0))
    span, queries_per_hour = (HOUR, 0) if cloudwatch.enabled else (FREE_SPAN, QUERIES_PER_HOUR)
    with (
        account(workgroups, queries_per_hour, clock) as running,
        exporter(running.url, cloudwatch, clock, folder / f"cost-{uuid.uuid4()}.db") as loops,
    ):
        clock.run([partial(loop, timedelta(0)) for loop in loops])
        clock.run([partial(clock.sleep, PAUSE.total_seconds())])
        running.testbed.forget_calls()
        clock.run([partial(loop, span) for loop in loops])
        return counted(running.testbed.calls(), HOUR / span)


@contextmanager
def account(workgroups: int, queries_per_hour: int, clock: Clock) -> Iterator[athena_testbed.Running]:
    """So many workgroups that publish, each with a query of every type and state half an hour ago."""
    settings = athena_testbed.Settings(
        region=TARGET.region,
        workgroups=max(_NAMED, workgroups + len(_UNLIKE_OTHERS)),
        queries_per_minute=queries_per_hour / 60,
        rates=None,  # the exporter keeps to its own buckets
    )
    with athena_testbed.running(settings, clock=clock.milliseconds) as running:
        names = [name for name in running.account.company.workgroups if name not in _UNLIKE_OTHERS]
        for name in (*names[workgroups:], *_UNLIKE_OTHERS):
            running.delete_workgroup(name)
        at = (clock.now() - HOUR / 2).isoformat()
        running.add(
            *(
                {"workgroup": name, "statement_type": kind, "state": state, "submitted_at": at}
                for name, kind, state in product(names[:workgroups], TYPES, _STATES)
            )
        )
        yield running


@contextmanager
def exporter(url: str, cloudwatch: CloudWatchSettings, clock: Clock, path: Path) -> Iterator[list[Loop]]:
    """Its loops, each to be run for a time; what it waits for takes no time of ours."""
    config = Config(sources=SourcesSettings(cloudwatch=cloudwatch), ledger=LedgerSettings(path=path))
    rates = Rates(share=config.aws.rate_share, clock=clock.monotonic, sleep=clock.sleep)
    session = Session(region=TARGET.region, rates=rates, count=lambda *_: None, endpoint_url=url)
    clocks = Clocks(now=clock.now, monotonic=clock.monotonic)
    around = wiring.Surroundings(
        config=config, session=session, target=TARGET, clock=clock.now, naming=wiring.naming(config, {})
    )
    with closing(session), closing(Ledger(wiring.ledger_settings(config), monotonic=clock.monotonic)) as ledger:
        ledger.adopt(TARGET, clock.now() - HOUR)
        poller = Poller(ledger=ledger, telemetry=Telemetry(), publisher=Nobody(), clocks=clocks)
        billed = {"cloudwatch", "usage"}
        yield [
            partial(_repeat, clock, partial(poller.poll, build(around)), pause)
            for name, (build, pause) in wiring.sources(config).items()
            if (name in billed) == cloudwatch.enabled
        ]


def _repeat(clock: Clock, poll: Callable[[], bool], pause: timedelta, span: timedelta) -> None:
    """Poll at once and then again, a pause after each end, for the length of a span."""
    until = clock.monotonic() + span.total_seconds()
    while True:
        if not poll():
            raise RuntimeError("a source could not be read; the log says why")
        clock.sleep(pause.total_seconds() if span else 0)
        if clock.monotonic() >= until:
            return


# -- numbers ----------------------------------------------------------------------------------------------------------


def counted(calls: Sequence[Mapping[str, Any]], times: float) -> Asked:
    """What the endpoint saw, by the hour; what is billed was seen for a whole one."""
    billed = [call for call in calls if call["service"] == "cloudwatch"]
    return Asked(
        free=times * (sum(call["count"] for call in calls) - sum(call["count"] for call in billed)),
        billed=sum(call["count"] for call in billed),
        metrics=sum(call["billed_metrics"] for call in billed),
        usd=sum(_usd(call["operation"], call["billed_metrics"] or call["count"]) for call in billed),
    )


def _usd(operation: str, units: int) -> float:
    return costs.price_nanousd("cloudwatch", operation, "ok", units) / NANO


def estimated(workgroups: int, cloudwatch: CloudWatchSettings) -> Asked:
    """What docs/metrics.md would say of it."""
    facts = costs.Facts(workgroups=workgroups, queries_per_hour=QUERIES_PER_HOUR, reservations=1)
    found = costs.estimate(facts, SourcesSettings(cloudwatch=cloudwatch))
    billed = {operation: calls for (service, operation), calls in found.items() if service == "cloudwatch"}
    return Asked(
        free=sum(calls.requests for (service, _), calls in found.items() if service != "cloudwatch"),
        billed=sum(calls.requests for calls in billed.values()),
        metrics=sum(calls.units for operation, calls in billed.items() if operation == GET_METRIC_DATA),
        usd=sum(calls.usd for calls in billed.values()),
    )


def main() -> None:
    folder = workplace(sys.argv)
    os.environ.update(AWS_ENVIRONMENT)
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:  # calls are counted, not timed
        say("cost: all sizes and configurations")
        waiting = {
            (size, name): pool.submit(hour, size, cloudwatch, folder)
            for size, (name, cloudwatch) in product(reversed(SIZES), CONFIGURATIONS.items())
        }
        found = {key: asked.result() for key, asked in waiting.items()}
    print(_text(found))


def _text(found: Mapping[tuple[int, str], Asked]) -> str:
    header = [
        "Workgroups", "Configuration", "free requests", "estimate", "billed requests", "estimate", "of YACE's",
        "metrics", "estimate", "of YACE's", "US dollars",
    ]  # fmt: skip  # as short as it can be said
    return f"""\
## What AWS is asked

In one simulated hour (the account and the exporter go by one clock that jumps), in the long run, counted at the
endpoint. Every workgroup publishes and all nine of its series (type and state) are active, which is the most that
CloudWatch can cost. What is free is counted for ten minutes at {QUERIES_PER_HOUR:,} queries an hour, and told by the
hour; it is not billed however much it is. `estimate` is what the table in docs/metrics.md is made with. YACE asks
every 300 seconds for seven metrics of nine series of each workgroup and of the account; it reads no AWS/Usage, which
is 60 of the billed requests and 120 of the metrics wherever active queries are on.

{table(header, [row for size in SIZES for row in _rows(size, found)])}

{table(["What, for the same seven metrics", "measured", "bar", "met"], list(_bars(found)))}
"""


def _rows(size: int, found: Mapping[tuple[int, str], Asked]) -> Iterator[list[str]]:
    peer = costs.peer(size)
    for name, cloudwatch in CONFIGURATIONS.items():
        asked, guess = found[size, name], estimated(size, cloudwatch)
        free = [f"{asked.free:,.0f}", f"{guess.free:,.0f}"] if asked.free else ["as above", ""]
        yield [
            str(size), name, *free, f"{asked.billed:,}", f"{guess.billed:,.0f}", f"{asked.billed / peer.requests:.0%}",
            f"{asked.metrics:,}", f"{guess.metrics:,.0f}", f"{asked.metrics / peer.units:.0%}", f"{asked.usd:.4f}",
        ]  # fmt: skip  # as short as it can be said
    theirs = [f"{peer.requests:,.0f}", "", "100%", f"{peer.units:,.0f}", "", "100%"]
    yield [
        str(size), "YACE, by its formula", "", "", *theirs, f"{peer.usd:.4f}",
    ]  # fmt: skip  # as above


def _bars(found: Mapping[tuple[int, str], Asked]) -> Iterator[list[str]]:
    for size in SIZES:
        asked, peer = found[size, AS_THE_PEER], costs.peer(size)
        for what, ours, theirs in (
            ("metrics", asked.metrics, peer.units),
            ("billed requests", asked.billed, peer.requests),
        ):
            share = f"{ours:,} of {theirs:,.0f}: {ours / theirs:.0%}"
            yield [f"{what}, {size} workgroups", share, "a third", verdict(met=ours <= theirs * BAR)]


if __name__ == "__main__":
    main()
