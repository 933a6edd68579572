"""`make demo`, as a person runs it: what it starts, what it prints, and that nothing of it stays behind."""

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from processes import fetch, until

from athena_exporter import catalog
from athena_testbed.demo.runaway import BUDGET, PERSON

DEMO = [sys.executable, "-m", "athena_testbed.demo"]
ADDRESS = re.compile(r"^  (exporter|account|Prometheus) +http://127\.0\.0\.1:(\d+)", re.MULTILINE)
DEFAULTS = {"exporter": 9989, "account": 9988, "Prometheus": 9090}
ONLY_AFTER_TROUBLE = {
    catalog.SOURCE_ERRORS.name,
    catalog.UNATTRIBUTED_QUERIES.name,
    catalog.UNATTRIBUTED_BYTES.name,
    catalog.LATE_IDENTITIES.name,
    catalog.LATE_IDENTITY_BYTES.name,
    catalog.MISSING_STATISTICS.name,
    catalog.DISAGREEMENTS.name,
    catalog.ABANDONED_QUERIES.name,
    catalog.LABEL_OVERFLOW.name,
    catalog.UNPARSED_QUERIES.name,
    catalog.EVENTS_REJECTED.name,
}
"""Families that need an AWS at fault, a full budget, or a statement that nobody can read."""
ONLY_AFTER_TEN_MINUTES = {metric.name for metric in catalog.METRICS if metric.group is catalog.Group.CLOUDWATCH} | {
    catalog.CAPACITY_ALLOCATED_DPU_SECONDS.name,
    catalog.CAPACITY_CONSUMED_DPU_SECONDS.name,
    catalog.CAPACITY_IDLE_DPU_SECONDS.name,
    catalog.CAPACITY_IDLE_COST_USD.name,
    catalog.ACTIVE_QUERIES.name,
}
"""Families of settled minutes, and one that needs a query at the very turn of a minute."""
ONLY_WITH_QUEUES = {
    catalog.MESSAGES.name,
    catalog.MISSED_EVENTS.name,
    catalog.TRAIL_FILES.name,
    catalog.UNTOLD_QUERIES.name,
    catalog.ASKED_BYTES.name,
}
"""Families of sources that the demo does not switch on."""
ONLY_WITH_A_BUCKET = {catalog.HISTORY_ROWS.name, catalog.HISTORY_BYTES.name, catalog.HISTORY_FILES.name}
"""Families of the query history."""

pytestmark = pytest.mark.process


def children_of(pid: int) -> dict[int, str]:
    """Process id -> command line, of the processes that `pid` has started and that still run."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it may end while we look
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == pid and state != "Z":
                found[int(stat.parent.name)] = (stat.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    return found


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@dataclass
class Demo:
    """A demo under way. Its processes are noted once the addresses stand on the screen."""

    process: "subprocess.Popen[bytes]"
    screen: Path
    folder: Path
    children: dict[int, str]

    @property
    def text(self) -> str:
        return self.screen.read_text(encoding="utf-8", errors="replace").replace("\r", "")

    @property
    def ports(self) -> dict[str, int]:
        return {name: int(port) for name, port in ADDRESS.findall(self.text)}

    def says(self, words: str) -> bool:
        assert self.process.poll() is None, self.text
        return words in self.text

    def child(self, word: str) -> int:
        (pid,) = (pid for pid, command in self.children.items() if word in command)
        return pid

    def wait(self, seconds: float) -> int:
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"still running after {seconds} s:\n{self.text}")

    def assert_nothing_is_left(self) -> None:
        assert self.children
        assert [command for pid, command in self.children.items() if is_alive(pid)] == []
        assert list(self.folder.iterdir()) == []


@contextmanager
def demo(folder: Path, *arguments: str, terminal: bool = False, awaited: str = "Look at:") -> Iterator[Demo]:
    """Start one, wait until it says `awaited`; whatever the test does, it is ended."""
    screen, temporary = folder / "screen.txt", folder / "tmp"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary), "TERM": "xterm", "COLUMNS": "130", "LINES": "45"}
    with ExitStack() as stack:
        output = stack.enter_context(screen.open("wb"))
        inner = stack.enter_context(terminal_into(screen)) if terminal else output.fileno()
        process = subprocess.Popen(
            [*DEMO, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=inner,
            stderr=inner,
            env=environment,
            start_new_session=True,  # a group of its own, so that it can be interrupted as a terminal does it
        )
        running = Demo(process=process, screen=screen, folder=temporary, children={})
        try:
            until(lambda: running.says(awaited), seconds=180, what=f"the demo says {awaited}")
            running.children = children_of(process.pid)
            yield running
        finally:
            if process.poll() is None:
                process.terminate()
                process.terminate()
            process.wait(60)


@contextmanager
def terminal_into(screen: Path) -> Iterator[int]:
    """A terminal whose screen is copied into a file."""
    outer, inner = pty.openpty()

    def copy() -> None:
        with screen.open("wb", buffering=0) as file, suppress(OSError):  # so a terminal says that it was closed
            while part := os.read(outer, 65536):
                file.write(part)

    copier = Thread(target=copy)
    copier.start()
    try:
        yield inner
    finally:
        os.close(inner)
        copier.join()
        os.close(outer)


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo of three seconds that ran to its end, while somebody else held the ports it would have taken."""
    with ExitStack() as stack:
        for port in DEFAULTS.values():
            holder = stack.enter_context(socket.socket())
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):  # then another process holds it, which is as good
                holder.bind(("127.0.0.1", port))
                holder.listen()
        running = stack.enter_context(demo(tmp_path_factory.mktemp("short"), "--for", "3s"))
        running.wait(240)
        yield running


def test_a_demo_with_an_end_ends_by_itself_and_leaves_nothing(short: Demo) -> None:
    assert short.process.returncode == 0, short.text
    short.assert_nothing_is_left()


def test_a_taken_port_moves_on_and_is_said(short: Demo) -> None:
    assert {"exporter", "account"} <= short.ports.keys()
    assert len(set(short.ports.values())) == len(short.ports)
    for name, port in short.ports.items():
        assert port > DEFAULTS[name]
        assert f":{port}" in short.text
        assert f"(port {DEFAULTS[name]} was taken)" in short.text


def test_the_last_summary_names_the_top_users(short: Demo) -> None:
    last = short.text.split("At the end")[1].split("Exporter and truth")[0]
    table = last.split("Top users today")[1].splitlines()
    rows = [line.split() for line in table if re.search(r"\d (B|KiB|MiB|GiB|TiB) +\$\d", line)]
    assert len(rows) >= 5, last
    assert "pending" not in {row[0] for row in rows}


def test_every_workgroup_equals_the_truth_at_the_end(short: Demo) -> None:
    assert "Ended before" not in short.text
    found = re.search(r"Workgroups: (\d+) of (\d+) equal the truth", short.text)
    assert found is not None, short.text
    assert found[1] == found[2] != "0"
    assert "all workgroups holds" in short.text


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory, prometheus: str) -> Iterator[Demo]:
    """A demo without an end, with Prometheus and a guard that acts."""
    assert prometheus
    with demo(tmp_path_factory.mktemp("long"), "--guard", "enforce") as running:
        yield running


def query(running: Demo, path: str) -> object:
    answer = fetch(f"http://127.0.0.1:{running.ports['Prometheus']}/api/v1/{path}")
    return None if answer is None else json.loads(answer)["data"]


@pytest.mark.prometheus
def test_prometheus_holds_every_family_that_a_healthy_account_fills(long: Demo) -> None:
    others = ONLY_AFTER_TROUBLE | ONLY_AFTER_TEN_MINUTES | ONLY_WITH_QUEUES | ONLY_WITH_A_BUCKET
    wanted = {metric.name for metric in catalog.METRICS} - others

    def missing() -> set[str]:
        names = query(long, "label/__name__/values")
        assert isinstance(names, list)
        return {name for name in wanted if name not in names and f"{name}_bucket" not in names}

    until(lambda: not missing(), every=0.5, what=lambda: f"Prometheus holds {sorted(missing())}")


@pytest.mark.prometheus
def test_every_expression_to_look_at_answers(long: Demo) -> None:
    links = re.findall(r"http://\S+/graph\?\S+", long.text)
    assert len(links) >= 3
    for link in links:
        (expression,) = parse_qs(urlsplit(link).query)["g0.expr"]
        until(lambda: answers(long, expression), what=f"Prometheus answers {expression}")  # noqa: B023  it is called at once, in this turn


def answers(running: Demo, expression: str) -> bool:
    data = query(running, f"query?query={quote(expression)}")
    return isinstance(data, dict) and len(data["result"]) > 0


def account(running: Demo, path: str) -> Any:
    answer = fetch(f"http://127.0.0.1:{running.ports['account']}/_testbed/{path}")
    assert answer is not None
    return json.loads(answer)


@pytest.mark.prometheus
def test_the_runaway_shows_as_metric_alert_notification_and_stop_in_this_order_and_nobody_else_is_touched(
    long: Demo,
) -> None:
    until(lambda: long.says("  stop: "), seconds=90, what="the guard stops the runaway's queries")
    steps = re.findall(r"^(\d\d:\d\d:\d\d\.\d{3})  (\w+): ", long.text, re.MULTILINE)
    assert [name for _, name in steps] == ["metric", "alert", "notification", "stop"]
    times = [datetime.strptime(at, "%H:%M:%S.%f").replace(tzinfo=UTC) for at, _ in steps]
    assert all((later - earlier) % timedelta(days=1) < timedelta(minutes=1) for earlier, later in pairwise(times))
    assert {letter["body"]["subject"] for letter in account(long, "inbox") if letter["body"]["budget"] == BUDGET} == {
        PERSON
    }

    def actions() -> list[dict[str, Any]]:
        told = account(long, "logs?group=/athena-observability/queries&limit=10000")["page"]
        events = [json.loads(event["message"]) for event in told]
        return [event for event in events if event.get("event_type") == "guard"]

    until(lambda: bool(actions()), what="the guard's actions are among the events")
    assert {(one["user"], one["budget"]) for one in actions()} == {(PERSON, BUDGET)}
    assert {one["guard_result"] for one in actions()} <= {"stopped", "already_finished"}, "it may end by itself first"
    stops = [call["result"] for call in account(long, "calls") if call["operation"] == "StopQueryExecution"]
    assert stops == ["ok"], "nothing was asked of AWS in vain"


@pytest.mark.prometheus
def test_a_part_that_dies_ends_the_demo_with_its_last_words(long: Demo) -> None:
    os.kill(long.child("athena-exporter serve"), signal.SIGKILL)
    assert long.wait(60) == 1
    assert "exporter ended by SIGKILL; its last lines:" in long.text
    assert "reading account 123456789012" in long.text
    long.assert_nothing_is_left()


def test_ctrl_c_in_a_terminal_ends_all_and_is_no_error(tmp_path: Path) -> None:
    with demo(tmp_path, terminal=True) as running:
        until(lambda: "@harbour.example" in running.text, what="a person appears among the top users")
        os.killpg(running.process.pid, signal.SIGINT)
        until(lambda: running.says("Ending"), what="the demo says that it ends")
        os.killpg(running.process.pid, signal.SIGINT)
        assert running.wait(60) == 0
        assert "Traceback" not in running.text
        assert "At the end" in running.text
        running.assert_nothing_is_left()


def test_an_end_before_everything_has_started_is_one_too(tmp_path: Path) -> None:
    with demo(tmp_path, awaited="Starting the account") as running:
        until(lambda: children_of(running.process.pid), what="the first part starts")
        running.children = children_of(running.process.pid)
        running.process.terminate()
        assert running.wait(60) == 0
        assert "Look at:" not in running.text
        running.assert_nothing_is_left()
