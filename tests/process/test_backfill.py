"""Why this test exists: a backfill of weeks is interrupted. Whenever it is killed, the next run goes on, and in the end
every query is there once."""

import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from processes import Process, process, until
from whole_exporter import CREDENTIALS

import athena_testbed
from athena_exporter.ledger import history
from athena_testbed import Running

pytestmark = pytest.mark.process
DAY = timedelta(days=1)
KILLS = 3
COMPANY = athena_testbed.Settings(
    queries_per_minute=0, rates=None, lost_events=0.0, time_scale=0.01, history=3 * DAY, history_queries_per_day=60,
    cloudtrail_delay=timedelta(seconds=1), workgroups=20,
)  # fmt: skip  # rows


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def company() -> Iterator[Running]:
    with athena_testbed.running(COMPANY) as running:
        running.quiesce()
        yield running


def progress(ledger: Path) -> tuple[int, int]:
    """How many queries of the past are known, and how many of them are in the rollups; 0 before there is a ledger."""
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as reader:
        known, counted = reader.execute("SELECT count(*), coalesce(sum(phase = 3), 0) FROM past_queries").fetchone()
        return int(known), int(counted)
    return 0, 0


def test_killed_again_and_again_it_ends_with_the_truth(company: Running, tmp_path: Path) -> None:
    path, ledger = tmp_path / "exporter.yml", tmp_path / "ledger.db"
    told = {
        "targets": [{"region": COMPANY.region}],
        "aws": {"endpoint_url": company.url, "rate_share": 1.0},
        "ledger": {"path": str(ledger)},
    }
    path.write_text(json.dumps(told))
    command = [sys.executable, "-m", "athena_exporter", "backfill", "--source", "all", "--from", "4d"]
    command += ["--config", str(path)]
    killed = 0
    for _ in range(KILLS):
        before = progress(ledger)
        with process(command, tmp_path / "backfill.log") as run:
            until(lambda: progress(ledger) != before or not run.running, what="it has read more", every=0.01)  # noqa: B023  both are of this round, and so is the wait
            killed += _kill(run)
    assert killed > 1, (tmp_path / "backfill.log").read_text()
    with process(command, tmp_path / "backfill.log") as run:
        until(lambda: not run.running, what="it has ended")
        assert run.popen.returncode == 0, (tmp_path / "backfill.log").read_text()
    now = datetime.now(UTC)
    found = history.usage(ledger, now - 9 * DAY, now + DAY)
    told_of = company.truth(now - 9 * DAY, None)["by_user_workgroup_database_state"]
    assert {(row.user, row.workgroup, row.database, row.state): (row.queries, row.cost_nanousd) for row in found} == {
        (row["user"], row["workgroup"], row["database"], row["state"]): (row["queries"], row["cost_nanousd"])
        for row in told_of
    }


def _kill(run: Process) -> bool:
    if not run.running:
        return False
    run.kill()
    return True
