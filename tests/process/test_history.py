"""Why this test exists: the history is what people ask months later. Whoever reads it finds every query once.

A company that has a past runs queries while the exporter that writes them is killed before and after its files are
kept, S3 throttles, fails and loses answers; then compactions are killed, too. In the end the view over the files equals
the account's truth, figure for figure, from before the exporter was installed.
"""

import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from archives import BY_USER, Archive, archived, rows, sums
from processes import Process, free_port, process, until

import athena_testbed
from athena_exporter.records import epoch_ms
from athena_testbed import Running

QUERIES = 1_500
SECONDS_OF_QUERIES = 10
KILLS = (("before put", 1), ("after put", 2), ("before put", 3), ("after put", 3))
COMPACTIONS = (("after put", 1), ("before delete", 3))
SCRIPT = Path(__file__).parent.parent / "support" / "archiving.py"
FAULTS = (
    {"kind": "throttle", "operation": "s3:PutObject", "every": 5},
    {"kind": "drop_after", "operation": "s3:PutObject", "every": 7},
    {"kind": "unavailable", "operation": "s3:PutObject", "every": 11},
    {"kind": "drop_before", "operation": "s3:DeleteObject", "every": 9},
)
BY_TABLE = """
    SELECT use.database_name || '.' || use.table_name AS name, use.mode AS mode, count(DISTINCT query_id) AS queries
    FROM queries CROSS JOIN unnest(tables) AS named(use) GROUP BY ALL
    """


@dataclass(frozen=True, kw_only=True)
class World:
    """What lives through the exporter's deaths."""

    testbed: Running
    archive: Archive
    config: Path
    folder: Path

    def run(self, what: str, address: str, step: str, count: int) -> Process:
        command = [sys.executable, str(SCRIPT), what, str(self.config), address, step, str(count)]
        return Process(command, self.folder / f"{what}.log")

    def die(self, what: str, step: str, count: int) -> None:
        dying = self.run(what, f"127.0.0.1:{free_port()}", step, count)
        until(lambda: not dying.running, seconds=120, what=f"{what} dies {step}", every=0.1)
        assert dying.popen.returncode == -signal.SIGKILL, (self.folder / f"{what}.log").read_text()

    def asked(self, sql: str) -> list[dict[str, Any]]:
        return rows(self.archive, self.folder, sql) if self.archive.held() else []

    def differing(self) -> dict[Any, Any]:
        """What the view and the truth do not agree on."""
        truth = self.testbed.truth()
        expected = sums(truth["by_user_workgroup_database_state"]) | tables_of(truth)
        found = sums(self.asked(BY_USER)) | {(row["name"], row["mode"]): row["queries"] for row in self.asked(BY_TABLE)}
        keys = expected.keys() | found.keys()
        return {key: (found.get(key), expected.get(key)) for key in keys if found.get(key) != expected.get(key)}


def tables_of(truth: Mapping[str, Any]) -> dict[Any, Any]:
    """Queries by table and mode."""
    return {(name, mode): count for name, row in truth["by_table"].items() for mode, count in row["by_mode"].items()}


@pytest.mark.process
def test_kills_of_the_writer_and_of_compactions_lose_no_query_and_show_none_twice(tmp_path: Path) -> None:
    settings = athena_testbed.Settings(
        queries_per_minute=QUERIES * 60 / SECONDS_OF_QUERIES, max_queries=QUERIES, time_scale=0.01, lost_events=0,
        cloudtrail_delay=timedelta(seconds=0.5), rates=None, dml_quota=1_000_000, history=timedelta(days=2),
        history_queries_per_day=100,
    )  # fmt: skip  # rows
    with athena_testbed.running(settings) as testbed, archived(testbed.url) as archive:
        testbed.plan_faults([dict(one) for one in FAULTS])
        config = tmp_path / "exporter.yml"
        config.write_text(
            f"aws: {{endpoint_url: '{testbed.url}'}}\n"
            f"ledger: {{path: '{tmp_path / 'ledger.db'}', initial_lookback: 10m, journal: wal}}\n"
            "sources: {athena: {interval: 1s, deep_interval: 10s}, lookup: {interval: 1s, full_pass: 10s}}\n"
            f"history: {{enabled: true, bucket: {archive.name}, max_rows: 100}}\n"
        )
        world = World(testbed=testbed, archive=archive, config=config, folder=tmp_path)
        _read_the_past(world)
        for step, count in KILLS:
            world.die("serve", step, count)
        _write_the_rest(world)
        for step, count in COMPACTIONS:
            world.die("compact", step, count)
        with process([sys.executable, str(SCRIPT), "compact", str(config), "-", "never", "0"], tmp_path / "last") as it:
            until(lambda: not it.running, what="the compaction ends", every=0.1)
        struck = {rule["kind"]: rule["given"] for rule in testbed.testbed.faults.json()}
        assert world.differing() == {}
        held = world.asked("SELECT count(*) AS n, count(DISTINCT query_id) AS ids FROM query_history")
        assert held == [{"n": testbed.truth()["queries"], "ids": testbed.truth()["queries"]}]
    assert all(struck.values()), f"a fault that never struck proves nothing: {struck}"


def _read_the_past(world: World) -> None:
    command = [sys.executable, "-m", "athena_exporter", "backfill", "--source", "all", "--from", "4d"]
    with process([*command, "--config", str(world.config)], world.folder / "backfill.log") as it:
        until(lambda: not it.running, seconds=120, what="the past is read", every=0.1)
        assert it.popen.returncode == 0, (world.folder / "backfill.log").read_text()


def _write_the_rest(world: World) -> None:
    last = world.run("serve", f"127.0.0.1:{free_port()}", "never", 0)
    try:
        until(lambda: world.testbed.account.exhausted, seconds=120, what="the company has started its queries")
        over = datetime.fromisoformat(world.testbed.quiesce()["last_completion"])
        until(lambda: world.testbed.account.now_ms() > epoch_ms(over), what="the last query has ended")
        truth = world.testbed.truth()["queries"]
        assert truth > 0.9 * QUERIES
        until(
            lambda: world.asked("SELECT count(*) AS n FROM queries") == [{"n": truth}],
            seconds=240,
            every=1,
            what=lambda: f"{truth} queries are written: {world.asked('SELECT count(*) FROM queries')}",
        )
        assert world.differing() == {}
    finally:
        assert last.end() == 0
