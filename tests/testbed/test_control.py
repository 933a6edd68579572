"""The control plane's other calls, and the command line."""

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from athena_testbed import Settings
from athena_testbed.__main__ import main
from athena_testbed.durations import duration


def test_the_company_is_an_open_book(world: Any) -> None:
    company = world.control("GET", "company")
    assert {
        "label": "Alice",
        "identity": "iam",
        "clients": ["console", "aws-cli"],
        "workgroups": ["primary", "sandbox"],
    } in (company["people"])
    assert len(company["workgroups"]) == 15
    assert sum(map(len, company["databases"].values())) == 120


def test_a_query_is_added_exactly_as_given(world: Any) -> None:
    given = {
        "person": "root", "workgroup": "sandbox", "database": "sales", "sql": "SELECT 7", "statement_type": "DML",
        "state": "FAILED", "scanned_bytes": 5, "submitted_at": "2026-09-01T00:00:00Z", "client": "jdbc",
        "ended_at": "2026-09-01T00:00:02.500Z", "event_delay_seconds": 0, "queue_ms": 100, "tables": ["orders"],
    }  # fmt: skip  # a query to be read
    began = world.testbed.account.began_ms
    shift = began / 1000 - 86_400
    given |= {"submitted_at": shift, "ended_at": shift + 2.5}
    (query_id,) = world.control("POST", "queries", given)["query_ids"]
    (query,) = world.executions([query_id])
    assert query["Query"] == "SELECT 7"
    assert query["WorkGroup"] == "sandbox"
    assert query["Status"]["State"] == "FAILED"
    assert query["Status"]["AthenaError"]["ErrorType"] == 1006
    assert query["Statistics"]["DataScannedInBytes"] == 5
    assert query["Statistics"]["QueryQueueTimeInMillis"] == 100
    assert query["Statistics"]["TotalExecutionTimeInMillis"] == 2500
    assert world.ids("sandbox")[-1] == query_id
    # CloudTrail may deliver it twice.
    event, *_ = [one for one in world.events() if query_id in one["CloudTrailEvent"]]
    inner = json.loads(event["CloudTrailEvent"])
    assert inner["userIdentity"]["type"] == "Root"
    assert inner["requestParameters"]["workGroup"] == "sandbox"
    assert "JdbcDriver" in inner["userAgent"]
    # The company's own root user may have started one within its hour of history, never a day before it.
    from_then = datetime.fromtimestamp(shift, UTC)
    assert world.testbed.truth(from_then, from_then + timedelta(seconds=3))["by_user"]["root"]["queries"] == 1


def test_many_queries_are_added_or_none(world: Any) -> None:
    many = [{"person": "Alice"}] * 30
    assert len(world.control("POST", "queries", many)["query_ids"]) == 30
    before = len(world.testbed.account.starts)
    raw = world.http("POST", "/_testbed/queries", json.dumps([*many, {"person": "nobody"}]).encode())
    assert raw.status == 400
    assert len(world.testbed.account.starts) == before


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"person": "nobody"}, "doesn't work here"),
        ({"workgroup": "nowhere"}, "is not found"),
        ({"state": "asleep"}, "no final state"),
        ({"submitted_at": 10, "ended_at": 9}, "before submitted_at"),
        ({"submitted_at": "soon"}, "RFC 3339"),
        ({"client": "fax"}, "unknown; one of"),
        ({"scanned_bytes": "much"}, "whole number"),
        ({"statement_type": "POEM"}, "none of DML"),
        ({"colour": "red"}, "unknown field colour"),
    ],
)
def test_a_bad_query_is_refused_with_a_sentence(world: Any, given: dict[str, Any], words: str) -> None:
    raw = world.http("POST", "/_testbed/queries", json.dumps(given).encode())
    assert raw.status == 400
    assert words in raw.json()["error"]


def test_a_late_query_moves_the_list_and_not_its_order(
    start: Callable[..., Any], settings: Callable[..., Settings]
) -> None:
    world = start(settings(history=timedelta(0)))
    now = world.testbed.account.began_ms / 1000
    ids = world.testbed.add(*({"submitted_at": now - age, "ended_at": now - age} for age in (5, 50, 20)))
    assert world.ids("primary") == [ids[0], ids[2], ids[1]]


@pytest.mark.parametrize(
    ("text", "seconds"), [("250ms", 0.25), ("90s", 90), ("1.5h", 5400), ("30d", 2_592_000), ("0", 0)]
)
def test_durations_read_as_people_write_them(text: str, seconds: float) -> None:
    assert duration(text) == timedelta(seconds=seconds)


def test_a_letter_is_kept_for_whom_it_was_posted_to(world: Any) -> None:
    for name, number in (("slack", 1), ("pager", 2), ("slack", 3)):
        assert world.control("POST", f"inbox/{name}", {"number": number}) == {"ok": True}
    assert [one["body"]["number"] for one in world.control("GET", "inbox")] == [1, 2, 3]
    assert [one["body"]["number"] for one in world.control("GET", "inbox?name=slack")] == [1, 3]
    assert world.http("POST", "/_testbed/inbox/slack", b"hello").status == 400
    assert len(world.control("GET", "inbox")) == 3, "what is no JSON is no letter"


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--history", "soon"], "write 250ms, 90s, 15m, 2h or 30d"),
        (["--rates", "fast"], "real, off, or a factor above 0"),
        (["--faults", "/nowhere/plan.json"], "No such file"),
        (["--faults", '[{"kind": "flood"}]'], "unknown kind 'flood'"),
        (["--faults", "[1"], "Expecting"),
        (["--listen-address", "9988"], "is no address"),
        (["--users", "3"], "x>=40"),
    ],
)
def test_a_bad_flag_is_one_clear_line(flags: list[str], words: str) -> None:
    result = CliRunner().invoke(main, flags)
    assert result.exit_code == 2
    assert words in result.output.splitlines()[-1]


def test_help_teaches_the_control_plane_and_the_faults() -> None:
    text = CliRunner().invoke(main, ["--help"]).output
    for words in ("/_testbed/truth", "/_testbed/quiesce", "drop_after", "--cloudtrail-delay", "--endpoint-url"):
        assert words in text


def _serve(*flags: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "athena_testbed", "--listen-address", "127.0.0.1:0", "--history", "10m", *flags]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_one_line_and_ends_politely(number: int, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text('[{"kind": "throttle", "every": 3}]')
    with _serve("--faults", str(plan), "--rates", "off", "--seed", "11") as process:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        assert line.startswith("listening on http://127.0.0.1:")
        with urllib.request.urlopen(f"{line.split()[-1]}/_testbed/status", timeout=60) as answer:
            assert json.load(answer)["seed"] == 11
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.process
def test_a_taken_port_is_one_clear_line(world: Any) -> None:
    result = CliRunner().invoke(main, ["--history", "0", "--listen-address", world.testbed.url.removeprefix("http://")])
    assert result.exit_code == 2
    assert "can't listen on 127.0.0.1:" in result.output.splitlines()[-1]
