"""Why this test exists: a guard that dies half-way must neither forget a query nor stop one twice, nor count it so.

The real service, killed with SIGKILL between the intent and the act, and between the act and its record.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from crashing_guard import AFTER, BEFORE, NEVER
from processes import Process, free_port, scrape, summed, until
from whole_exporter import GUARDED, account, configured, overspend, state_of

import athena_testbed
from athena_exporter import catalog
from athena_exporter.budgets import Mode
from athena_exporter.ledger import files

SCRIPT = Path(__file__).parent.parent / "support" / "crashing_guard.py"
LEAN = (
    f"{GUARDED}"
    "sources: {athena: {interval: 1s}, lookup: {interval: 1s}, workgroups: {enabled: false}}\n"
    "sql: {tables: false}\n"
    "exposition: {interval: 200ms, series_warmup: 0s}\n"
)


@pytest.fixture
def running() -> Iterator[athena_testbed.Running]:
    with account() as running:
        yield running


def exporter(config: Path, address: str, point: str) -> Process:
    command = [sys.executable, str(SCRIPT), str(config), address, point]
    return Process(command, config.parent / "exporter.log")


def asked(running: athena_testbed.Running) -> Counter[str]:
    return Counter({call["operation"]: call["count"] for call in running.calls() if call["service"] == "athena"})


def open_intents(ledger: Path) -> int:
    connection = files.open_readonly(ledger)
    try:
        return int(connection.execute("SELECT count(*) FROM guard_actions WHERE result IS NULL").fetchone()[0])
    finally:
        connection.close()


@pytest.mark.process
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("point", "stops", "state"), [(BEFORE, 0, "RUNNING"), (AFTER, 1, "CANCELLED")])
def test_a_killed_guard_goes_on_where_it_was(
    running: athena_testbed.Running, tmp_path: Path, point: str, stops: int, state: str
) -> None:
    query_id = overspend(running)
    address = f"127.0.0.1:{free_port()}"
    config = configured(tmp_path, running, LEAN)
    first = exporter(config, address, point)
    until(lambda: not first.running, seconds=90, what=f"the exporter dies at {point}")
    assert first.popen.returncode == -9
    assert (asked(running)["StopQueryExecution"], state_of(running, query_id)) == (stops, state)
    assert open_intents(tmp_path / "ledger.db") == 1
    second = exporter(config, address, NEVER)
    try:
        until(lambda: actions(address), seconds=90, what="the next process has ended the intent")
        assert actions(address) == {("hard", "stop", "stopped"): 1}
        assert summed(scrape(f"http://{address}"), catalog.GUARD_MODE.name, "mode") == {(Mode.ENFORCE.value,): 1}
        assert asked(running)["StopQueryExecution"] == 1
        assert state_of(running, query_id) == "CANCELLED"
    finally:
        assert second.end() == 0


def actions(address: str) -> dict[tuple[str, ...], float]:
    return summed(scrape(f"http://{address}"), catalog.GUARD_ACTIONS.name, "budget", "action", "result")
