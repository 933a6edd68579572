"""The two sides of the benchmark of events, watchtower alone and ours, and the embedded account that both write to."""

import json
import logging
import multiprocessing
import os
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from process import AWS_ENVIRONMENT
from watchtower import CloudWatchLogHandler

import athena_testbed
from athena_exporter.ledger.model import Rules
from athena_exporter.ledger.store import Ledger, LedgerSettings
from athena_exporter.outlets.events import Delivery, Event, Groups, Stream, events_of
from athena_exporter.pricing import Prices
from athena_exporter.records import Batch, Identity, Kind, Mode, QueryExecution, StartedQuery, State, TableUse, Target
from athena_exporter.sources.rate import Rates
from athena_exporter.sources.session import Session
from athena_exporter.telemetry import Telemetry

TARGET = Target(account_id=athena_testbed.ACCOUNT_ID, region="eu-west-1")
GROUPS = Groups(table_access="/bench/table-access", queries="/bench/queries")
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
    os.environ.update(AWS_ENVIRONMENT)
    return boto3.client("logs", endpoint_url=url, region_name=TARGET.region)


@contextmanager
def exporters_client(url: str) -> Iterator[Any]:
    """The client that the exporter makes for itself: it leaves out botocore's own check of every event."""
    os.environ.update(AWS_ENVIRONMENT)
    rates = Rates(clock=time.monotonic, sleep=time.sleep)
    session = Session(region=TARGET.region, rates=rates, count=lambda *_: None, endpoint_url=url)
    with closing(session):
        yield session.logs()


def prepare(client: Any) -> None:
    """The streams exist, for both sides."""
    for group in (GROUPS.table_access, GROUPS.queries):
        client.create_log_group(logGroupName=group)
        client.create_log_stream(logGroupName=group, logStreamName=STREAM)


def said_by(events: Sequence[Event]) -> list[dict[str, Any]]:
    """The dicts that a program would log."""
    return [json.loads(event.message) for event in events]


def bare(
    client: Any,
    events: Sequence[Event],
    dicts: Sequence[dict[str, Any]],
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
    for event, said in zip(events, dicts, strict=True):
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
