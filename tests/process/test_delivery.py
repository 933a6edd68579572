"""Why this test exists: events are promised at least once. A process that counts and delivers is killed ten times, at
its two crash points, while CloudWatch Logs throttles every third call, loses answers and is away for seconds.

In the end no event is missing, and what came twice came with the same id and the same words. Here 10,000 events and an
outage of 4 s; `DELIVERY_EVENTS=50000 DELIVERY_OUTAGE=12` is the full size.
"""

import os
import signal
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from delivering import query_id, table
from log_wire import GROUPS, TARGET, arrived, logs_client
from processes import process, until

import athena_testbed
from athena_exporter.outlets.events.shape import access_id

EVENTS = int(os.environ.get("DELIVERY_EVENTS", "10000"))
OUTAGE = float(os.environ.get("DELIVERY_OUTAGE", "4"))
QUERIES = EVENTS // 2
KILLS = 10
PATIENCE = 60 + EVENTS / 200
SCRIPT = Path(__file__).parent.parent / "support" / "delivering.py"
FAULTS = (
    {"kind": "throttle", "operation": "logs:PutLogEvents", "every": 3},
    {"kind": "drop_after", "operation": "logs:PutLogEvents", "every": 17},
    {"kind": "drop_before", "operation": "logs:PutLogEvents", "after": 12, "for_seconds": OUTAGE},
)


@pytest.mark.process
def test_ten_kills_throttling_lost_answers_and_an_outage_lose_no_event(tmp_path: Path) -> None:
    settings = athena_testbed.Settings(queries_per_minute=0, rates=None, faults=FAULTS)
    with athena_testbed.running(settings) as testbed:
        for number in range(KILLS):
            point, count = (("accepted", 1 + number // 2), ("acknowledge", 1))[number % 2]
            assert run(tmp_path, testbed.url, point, count) == -signal.SIGKILL
        assert run(tmp_path, testbed.url, "never", 0) == 0, (tmp_path / "delivery.log").read_text()
        struck = {rule["kind"]: rule["given"] for rule in testbed.testbed.faults.json()}
        with closing(logs_client(testbed.url)) as client:
            accesses, queries = arrived(client, GROUPS.table_access), arrived(client, GROUPS.queries)
    assert all(struck.values()), f"a fault that never struck proves nothing: {struck}"
    assert {event["access_id"] for event in accesses} == expected_accesses()
    assert {event["query_id"] for event in queries} == {query_id(number) for number in range(QUERIES)}
    for events in (accesses, queries):
        copies = Counter(event["access_id"] for event in events)
        assert max(copies.values()) > 1, "kills after the sending make copies"
        assert len({repr(sorted(event.items())) for event in events}) == len(copies) == QUERIES


def run(folder: Path, url: str, point: str, count: int) -> int | None:
    command = [sys.executable, str(SCRIPT), str(folder / "ledger.db"), url, str(QUERIES), point, str(count)]
    with process(command, folder / "delivery.log") as delivering:
        until(
            lambda: not delivering.running, seconds=PATIENCE, what=f"the process ends by itself ({point})", every=0.05
        )
        return delivering.popen.returncode


def expected_accesses() -> set[str]:
    return {
        access_id(TARGET, query_id(number), f"awsdatacatalog.sales.{table(number).table}", "read")
        for number in range(QUERIES)
    }
