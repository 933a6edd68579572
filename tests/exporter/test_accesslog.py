"""Why these tests exist: an application that logs a table has been promised that CloudWatch Logs will have it."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from log_groups import Account, account
from processes import ENVIRONMENT, until
from watchtower import CloudWatchLogHandler

from athena_exporter.accesslog import DEFAULT_GROUP, TableAccessHandler
from athena_exporter.outlets.events.spool import Spool

MakeHandler = Callable[..., TableAccessHandler]


@pytest.fixture(scope="module")
def shared() -> Iterator[Account]:
    with account() as account_:
        yield account_


@pytest.fixture
def logs(shared: Account) -> Iterator[Account]:
    with shared.emptied() as emptied:
        yield emptied


@pytest.fixture
def handler(logs: Account, tmp_path: Path) -> Iterator[MakeHandler]:
    """Makes handlers that send at once and are closed at the end."""
    made: list[TableAccessHandler] = []

    def make(**changed: Any) -> TableAccessHandler:
        plain = {"spool": tmp_path / "access.db", "client": logs.client, "interval": 0.05, "patience": 10.0}
        made.append(TableAccessHandler(**plain | changed))
        return made[-1]

    yield make
    logs.fail()
    for one in made:
        one.close()


@contextmanager
def logger_with(one: logging.Handler) -> Iterator[logging.Logger]:
    logger = logging.getLogger(f"app.{uuid.uuid4().hex}")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(one)
    try:
        yield logger
    finally:
        logger.removeHandler(one)


def tables(logs: Account) -> Counter[str]:
    """Tables by distinct events."""
    return Counter(event["table"] for event in {e["access_id"]: e for e in logs.arrived(DEFAULT_GROUP)}.values())


def test_the_example_of_the_first_design_answers_apple_2_banana_1_orange_1(handler: MakeHandler, logs: Account) -> None:
    with logger_with(one := handler()) as logger:
        for table in ("apple", "banana", "apple", "orange"):
            logger.info(dict(table=table, details={}))  # noqa: C408  as the first design wrote it
        one.flush()
    found = query(logs, "stats count(@timestamp) by table")
    assert {row["table"]: row["count(@timestamp)"] for row in found} == {"apple": "2", "banana": "1", "orange": "1"}


def query(logs: Account, text: str) -> list[dict[str, str]]:
    now = int(time.time())
    started = logs.client.start_query(
        logGroupName=DEFAULT_GROUP, startTime=now - 3600, endTime=now + 60, queryString=text
    )
    until(lambda: answer(logs, started)["status"] == "Complete", what="the query ends", every=0.02)
    return [{cell["field"]: cell["value"] for cell in row} for row in answer(logs, started)["results"]]


def answer(logs: Account, started: dict[str, Any]) -> dict[str, Any]:
    return dict(logs.client.get_query_results(queryId=started["queryId"]))


def test_a_dict_arrives_as_it_is_with_its_time_and_an_id(handler: MakeHandler, logs: Account) -> None:
    with logger_with(one := handler()) as logger:
        logger.info({"table": "apple", "at": datetime(2026, 3, 1, tzinfo=UTC), "odd": {1, 2}, "details": {"a": 1}})
        one.flush()
    (event,) = logs.arrived(DEFAULT_GROUP)
    assert event["at"] == "2026-03-01T00:00:00+00:00"
    assert (event["odd"], event["details"]) == ("{1, 2}", {"a": 1})
    assert len(event["access_id"]) == 32
    said = datetime.fromisoformat(event["event_time"])
    assert int(said.timestamp() * 1000) == event["@timestamp"]


def test_an_id_of_ones_own_is_kept_and_the_dict_is_not_changed(handler: MakeHandler, logs: Account) -> None:
    said = {"table": "apple", "access_id": "mine"}
    with logger_with(one := handler()) as logger:
        logger.info(said)
        said["table"] = "banana"
        one.flush()
    (event,) = logs.arrived(DEFAULT_GROUP)
    assert (event["access_id"], event["table"]) == ("mine", "apple")
    assert set(said) == {"table", "access_id"}


def test_a_text_is_an_event_too(handler: MakeHandler, logs: Account) -> None:
    with logger_with(one := handler()) as logger:
        logger.info("read %s", "apple")
        one.flush()
    assert [event["message"] for event in logs.arrived(DEFAULT_GROUP)] == ["read apple"]


def test_an_outage_loses_nothing(handler: MakeHandler, logs: Account) -> None:
    logs.fail({"kind": "drop_before", "times": 1})
    with logger_with(one := handler()) as logger:
        for number in range(500):
            logger.info({"table": f"t{number}"})
        one.flush()
    assert len(tables(logs)) == 500
    assert one.counts()["waiting"] == 0
    assert one.counts()["accepted"] >= 500


def test_logging_goes_on_while_aws_is_away_and_the_next_handler_delivers(
    handler: MakeHandler, logs: Account, tmp_path: Path
) -> None:
    logs.fail({"kind": "unavailable"})
    with logger_with(one := handler(patience=0.2)) as logger:
        for number in range(100):
            logger.info({"table": f"t{number}"})
        one.close()
    logs.fail()
    with closing(Spool(tmp_path / "access.db", 1_000_000)) as spool:
        assert spool.waiting() == 100
    handler().flush()
    until(lambda: len(tables(logs)) == 100, what="the second handler delivers what the first left")


def test_closing_waits_once_for_an_aws_that_is_away(handler: MakeHandler, logs: Account) -> None:
    logs.fail({"kind": "unavailable"})
    one = handler(patience=0.5)
    with logger_with(one) as logger:
        logger.info({"table": "apple"})
        began = time.monotonic()
        for _ in range(80):
            one.flush()
        one.close()
        assert time.monotonic() - began < 40


def test_a_full_spool_drops_its_oldest_and_counts_them(tmp_path: Path) -> None:
    with closing(Spool(tmp_path / "full.db", 10_000)) as spool:
        for number in range(200):
            spool.put(number, json.dumps({"n": number, "pad": "x" * 100}))
        waiting = spool.oldest(1_000)
        numbers = [json.loads(one.body)["n"] for one in waiting]
        assert numbers == list(range(200 - len(numbers), 200))
        assert sum(len(one.body) for one in waiting) < 10_000
        assert spool.dropped() == 200 - len(numbers) > 0
        spool.delivered(waiting[-1].seq)
        assert (spool.waiting(), spool.newest()) == (0, 200)


def test_the_end_of_logging_takes_watchtower_away_from_nobody_who_still_delivers(
    handler: MakeHandler, logs: Account
) -> None:
    with logger_with(one := handler()) as logger:
        logger.info({"table": "apple"})
        one.flush()
        inner = [ref for ref in logging._handlerList if isinstance(ref(), CloudWatchLogHandler)]  # type: ignore[attr-defined]  # what shutdown goes through
        logging.shutdown(inner)
        logger.info({"table": "banana"})
        one.flush()
    assert inner
    assert tables(logs) == {"apple": 1, "banana": 1}
    assert one.counts()["resent"] == 0


def test_what_a_library_says_while_events_are_sent_is_no_event(handler: MakeHandler, logs: Account) -> None:
    one = handler()
    one.handle(logging.makeLogRecord({"name": "botocore.endpoint", "msg": "calling", "levelno": logging.DEBUG}))
    one.handle(logging.makeLogRecord({"name": "athena_exporter.accesslog", "msg": "waiting"}))
    assert one.counts()["waiting"] == 0
    assert logs.arrived(DEFAULT_GROUP) == []


APPLICATION = """
import logging, os, sys, boto3
from athena_exporter.accesslog import TableAccessHandler

spool, url, first, count, end = sys.argv[1:]
client = boto3.client("logs", endpoint_url=url, region_name="eu-west-1")
logger = logging.getLogger("app")
logger.setLevel(logging.INFO)
logger.addHandler(TableAccessHandler(spool=spool, client=client, interval=0.01, patience=20))
if end == "fork":
    for child in (1, 2):
        if os.fork() == 0:
            first, end = int(first) + int(count) * child, "exit"
            break
    else:
        os.wait(), os.wait()
        end = "exit"
for number in range(int(first), int(first) + int(count)):
    logger.info(dict(table=f"t{number}"))
if end == "kill":
    os.kill(os.getpid(), 9)
if end == "_exit":
    os._exit(0)
"""


def run(spool: Path, logs: Account, first: int, count: int, end: str) -> int:
    command = [sys.executable, "-c", APPLICATION, str(spool), logs.testbed.url, str(first), str(count), end]
    return subprocess.run(command, check=False, timeout=240, env={**os.environ, **ENVIRONMENT}).returncode


def test_an_application_that_is_killed_loses_nothing(tmp_path: Path, logs: Account) -> None:
    spool = tmp_path / "killed.db"
    assert run(spool, logs, 0, 300, "kill") == -signal.SIGKILL
    assert run(spool, logs, 300, 300, "_exit") == 0
    assert run(spool, logs, 600, 100, "exit") == 0
    assert tables(logs) == Counter(f"t{number}" for number in range(700))


def test_children_of_a_fork_deliver_too(tmp_path: Path, logs: Account) -> None:
    assert run(tmp_path / "forked.db", logs, 0, 100, "fork") == 0
    assert tables(logs) == Counter(f"t{number}" for number in range(300))
