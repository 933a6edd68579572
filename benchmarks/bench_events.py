"""Events: how fast they are delivered, and what is lost on the way; watchtower alone beside ours, in one run.

The other side is watchtower's handler as its readme shows it. Both write the same events to the same embedded
CloudWatch Logs, a process of its own with AWS's limits; faults stand in front of it.
"""

import json
import logging
import multiprocessing
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from measure import Stopwatch, say, stopwatch, table, verdict, workplace
from watchtower import CloudWatchLogHandler

import athena_testbed
from athena_exporter.ledger.model import Rules
from athena_exporter.ledger.store import Ledger, LedgerSettings
from athena_exporter.outlets.events import Delivery, Event, Groups, Stream, events_of
from athena_exporter.pricing import Prices
from athena_exporter.records import Batch, Identity, Kind, Mode, QueryExecution, StartedQuery, State, TableUse, Target
from athena_exporter.telemetry import Telemetry

TARGET = Target(account_id=athena_testbed.ACCOUNT_ID, region="eu-west-1")
GROUPS = Groups(table_access="/bench/table-access", queries="/bench/queries")
QUERIES, RUNS = 10_000, 5
LOST_QUERIES = 1_000
STREAM = f"{TARGET.account_id}/{TARGET.region}"
_PRICES = Prices(usd_per_tb=Decimal(5), tb_bytes=2**40, minimum_bytes=10 * 2**20)


# -- what is delivered ------------------------------------------------------------------------------------------------


def records(count: int, newest: datetime, span: timedelta) -> Iterator[QueryExecution | StartedQuery]:
    """Queries with two tables each, spread over a span of time."""
    who = Identity(user="jane.doe@example.org", role="sso:analyst", kind=Kind.PERSON, client="dbt-athena")
    uses = tuple(
        TableUse(catalog="awsdatacatalog", database="sales", table=name, mode=Mode.READ) for name in ("orders", "items")
    )
    for number in range(count):
        at, query_id = newest - span * number / count, f"00000000-0000-4000-8000-{number:012d}"
        yield QueryExecution(
            query_id=query_id, workgroup="dbt-prod", state=State.SUCCEEDED, submitted_at=at, ended_at=at,
            database="sales", statement_type="DML", scanned_bytes=number, total_ms=5_000, engine_ms=4_000, tables=uses,
            sql_digest="0" * 64, sql_text="SELECT ? FROM orders JOIN items USING (id)", workload="dbt:model.a.orders",
        )  # fmt: skip  # a dozen fields read best as a block
        yield StartedQuery(
            query_id=query_id, event_id=query_id, started_at=at, account_id=TARGET.account_id, region=TARGET.region,
            workgroup="dbt-prod", identity=who,
        )  # fmt: skip  # as above


def settings_of(path: Path) -> LedgerSettings:
    """A ledger with an outbox."""
    return LedgerSettings(path=path, rules=Rules(prices=_PRICES, facts=True), consumers=("events",))


@contextmanager
def outbox(path: Path, count: int, span: timedelta) -> Iterator[Ledger]:
    """A ledger whose outbox holds the facts of so many queries."""
    now = datetime.now(UTC)
    with closing(Ledger(settings_of(path), monotonic=time.monotonic)) as ledger:
        # Three days ago, so that all of them count.
        ledger.adopt(TARGET, now - timedelta(days=3))
        told = list(records(count, now, span))
        for first in range(0, len(told), 1_000):
            part = tuple(told[first : first + 1_000])
            ledger.apply(Batch(source="bench", target=TARGET, observed_at=now, records=part))
        yield ledger


def events_in(ledger: Ledger) -> list[Event]:
    """All events that an outbox means."""
    return [event for fact in ledger.pending_facts("events", 10**6, 10**10) for event in events_of(fact)]


# -- the two sides ----------------------------------------------------------------------------------------------------


def client_of(url: str) -> Any:
    """boto3's client as anybody makes one."""
    return boto3.client(
        "logs", endpoint_url=url, region_name=TARGET.region, aws_access_key_id="a", aws_secret_access_key="b"
    )


def prepare(client: Any) -> None:
    """The streams exist, for both sides."""
    for group in (GROUPS.table_access, GROUPS.queries):
        client.create_log_group(logGroupName=group)
        client.create_log_stream(logGroupName=group, logStreamName=STREAM)


def bare(
    client: Any,
    events: Sequence[Event],
    *,
    created: Callable[[Event], float] | None = None,
    end: Callable[[], None] | None = None,
) -> None:
    """watchtower alone: a logger, a dict an event; `close` is what logging does at the end of a program."""
    loggers = {stream: logging.getLogger(f"bare.{stream.name}") for stream in Stream}
    handlers = {
        stream: CloudWatchLogHandler(log_group_name=GROUPS.of(stream), log_stream_name=STREAM, boto3_client=client)
        for stream in Stream
    }
    for stream, logger in loggers.items():
        logger.handlers, logger.propagate = [handlers[stream]], False
        logger.setLevel(logging.INFO)
    for event, said in zip(events, [json.loads(event.message) for event in events], strict=True):
        if created is None:
            loggers[event.stream].info(said)
        else:
            record = logging.makeLogRecord({"name": "bare", "levelno": logging.INFO, "msg": said})
            record.created = created(event)
            loggers[event.stream].handle(record)
    if end is not None:
        end()
    for handler in handlers.values():
        handler.close()  # type: ignore[no-untyped-call]  # watchtower's has no annotations


def ours(client: Any, ledger: Ledger, tally: Telemetry | None = None) -> None:
    """Rounds until the outbox is empty, as the exporter does."""
    delivery = Delivery(
        outbox=ledger, consumer="events", client=client, groups=GROUPS, tally=tally or Telemetry(),
        now=lambda: datetime.now(UTC), monotonic=time.monotonic,
    )  # fmt: skip  # seven arguments read best as a block
    with closing(delivery):
        while ledger.pending_facts("events", 1):
            try:
                delivery.run_once()
            except (ClientError, BotoCoreError):
                time.sleep(0.05)


# -- CloudWatch Logs --------------------------------------------------------------------------------------------------


def serve(pipe: Connection) -> None:
    """The embedded account, until the pipe is closed."""
    with athena_testbed.running(athena_testbed.Settings(queries_per_minute=0, rates=None)) as testbed:
        pipe.send(testbed.url)
        pipe.recv()


@contextmanager
def account() -> Iterator[str]:
    """A fresh account in a process of its own; its address."""
    context = multiprocessing.get_context("spawn")
    near, far = context.Pipe()
    process = context.Process(target=serve, args=(far,))
    process.start()
    try:
        yield str(near.recv())
    finally:
        near.send("end")
        process.join(timeout=30)


def plan(url: str, *faults: Mapping[str, object]) -> None:
    """What goes wrong from now on."""
    body = json.dumps([{"operation": "logs:PutLogEvents", **fault} for fault in faults]).encode()
    request = urllib.request.Request(f"{url}/_testbed/faults", data=body, method="PUT")
    with urllib.request.urlopen(request, timeout=10):
        pass


def stored(client: Any) -> tuple[int, int]:
    """Events in both groups: all, and different ones."""
    ids = [
        json.loads(event["message"])["access_id"]
        for group in (GROUPS.table_access, GROUPS.queries)
        for page in client.get_paginator("filter_log_events").paginate(logGroupName=group)
        for event in page["events"]
    ]
    return len(ids), len(set(ids))


# -- throughput -------------------------------------------------------------------------------------------------------


def throughput(folder: Path) -> str:
    """Both sides in turn, several times; the ratio of the medians."""
    walls: dict[str, list[Stopwatch]] = {"watchtower alone": [], "ours, from the outbox": []}
    count = 0
    for number in range(RUNS):
        say(f"throughput, run {number + 1} of {RUNS}")
        with outbox(folder / f"run-{number}.db", QUERIES, timedelta(hours=1)) as ledger:
            events = events_in(ledger)
            count = len(events)
            sides: dict[str, Callable[[Any], None]] = {
                "watchtower alone": partial(bare, events=events),
                "ours, from the outbox": partial(ours, ledger=ledger),
            }
            for name, side in sides.items():
                walls[name].append(timed(side, count))
    rates = {name: count / statistics.median(w.wall for w in found) for name, found in walls.items()}
    cpu = {name: statistics.median(w.cpu for w in found) / count * 1e6 for name, found in walls.items()}
    ratio = rates["ours, from the outbox"] / rates["watchtower alone"]
    rows = [[name, f"{rate:,.0f}", f"{cpu[name]:.0f}"] for name, rate in rates.items()]
    return (
        f"{count:,} events of {QUERIES:,} queries, the streams there already; the median of {RUNS} runs.\n\n"
        f"{table(['Side', 'Events a second', 'Processor, µs an event'], rows)}\n\n"
        f"At least watchtower's own rate: {ratio:.2f} times, {verdict(met=ratio >= 1)}."
    )


def timed(side: Callable[[Any], None], count: int) -> Stopwatch:
    """One side on an account of its own; everything must have arrived."""
    with account() as url, closing(client_of(url)) as client:
        prepare(client)
        with stopwatch() as watch:
            side(client)
        if stored(client) != (count, count):
            raise RuntimeError("an undisturbed run lost events: it cannot be compared")
        return watch


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
    bare(client, events, created=lambda event: event.at_ms / 1000)


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
                bare(client, events_in(ledger), end=die)
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
