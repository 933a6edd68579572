"""Why these tests exist: `verify` is how an owner learns whether the ledger is true, so it must be true itself."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hostile
import pytest
from click.testing import CliRunner, Result
from whole_exporter import CREDENTIALS, account, configured, whole_exporter

import athena_testbed
from athena_exporter.cli import main

QUIET_WORKGROUP = "monitoring"
"""It does not publish metrics."""


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[athena_testbed.Running, Path]]:
    """An account whose yesterday the exporter has counted whole; its ledger's configuration."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in CREDENTIALS.items():
            environment.setenv(name, value)
        with account(whole=True, history=timedelta(days=2), history_queries_per_day=400) as running:
            text = "ledger: {initial_lookback: 3d}\nsources: {lookup: {enabled: false}, workgroups: {enabled: false}}"
            path = configured(tmp_path_factory.mktemp("verify"), running, text)
            with whole_exporter(path) as exporter:
                exporter.run()
            yield running, path


def verify(path: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["verify", "--config", str(path), *arguments], env={"COLUMNS": "140"})


def rows(result: Result) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def test_yesterday_agrees_to_the_byte_for_every_workgroup_that_publishes(
    counted: tuple[athena_testbed.Running, Path],
) -> None:
    result = verify(counted[1], "--tolerance", "0", "--format", "json")
    assert result.exit_code == 0, result.output
    published = [row for row in rows(result) if row["workgroup"] != QUIET_WORKGROUP]
    assert {row["cause"] for row in published} == {"agrees"}
    assert sum(row["ledger_queries"] for row in published) > 50
    assert sum(row["ledger_bytes"] for row in published) == sum(row["cloudwatch_bytes"] or 0 for row in published) > 0


def test_a_workgroup_that_does_not_publish_is_told_and_harmless(counted: tuple[athena_testbed.Running, Path]) -> None:
    found = [row for row in rows(verify(counted[1], "--format", "json")) if row["workgroup"] == QUIET_WORKGROUP]
    assert found
    assert {row["cause"] for row in found} == {"publishes no metrics"}
    assert {row["coverage_ratio"] for row in found} == {None}


def test_the_table_tells_coverage_what_was_left_out_and_the_bill(counted: tuple[athena_testbed.Running, Path]) -> None:
    asked_at = datetime.now(UTC)
    result = verify(counted[1])
    assert result.exit_code == 0
    assert "of what CloudWatch counted, the ledger has 100.00%" in result.stdout
    assert "CloudWatch was asked for" in result.stdout
    # Midnight may have passed while it was asked.
    yesterdays = {moment - timedelta(days=1) for moment in (asked_at, datetime.now(UTC))}
    assert any(f"DML queries that ended on {one:%Y-%m-%d} (UTC)" in result.stdout for one in yesterdays)


def test_today_is_not_settled_and_no_difference_of_it_is_an_error(
    counted: tuple[athena_testbed.Running, Path],
) -> None:
    result = verify(counted[1], "--day", "today")
    assert result.exit_code == 0, result.output
    assert "look again then" in result.stdout


def test_a_ledger_that_has_lost_queries_fails(counted: tuple[athena_testbed.Running, Path], tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes((counted[1].parent / "ledger.db").read_bytes())
    connection = sqlite3.connect(damaged)
    with connection:
        connection.execute("UPDATE usage_types SET queries = queries / 2, scanned_bytes = scanned_bytes / 2")
    connection.close()
    # Yesterday is not settled before ten past midnight, and then nothing of it is an error.
    settled = datetime.now(UTC) - timedelta(days=1, hours=1)
    result = verify(counted[1], "--ledger", str(damaged), "--day", f"{settled:%Y-%m-%d}")
    assert result.exit_code == 1
    assert "the ledger lacks some" in " ".join(result.stdout.split())


def test_a_hostile_name_on_the_page_is_words(counted: tuple[athena_testbed.Running, Path], tmp_path: Path) -> None:
    ledger = tmp_path / "renamed.db"
    ledger.write_bytes((counted[1].parent / "ledger.db").read_bytes())
    with closing(sqlite3.connect(ledger)) as connection, connection:
        connection.execute("UPDATE usage_types SET workgroup = ? WHERE workgroup = 'primary'", (hostile.NAME,))
    result = verify(counted[1], "--ledger", str(ledger), "--format", "html")
    hostile.assert_harmless(result.stdout)


def test_without_cloudwatchs_permission_one_line_names_it(counted: tuple[athena_testbed.Running, Path]) -> None:
    running, path = counted
    running.plan_faults([{"kind": "denied", "operation": "ListMetrics"}])
    result = verify(path)
    running.plan_faults([])
    assert result.exit_code == 2
    assert "the exporter needs cloudwatch:ListMetrics" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_workgroup_whose_settings_may_not_be_read_is_compared_all_the_same(
    counted: tuple[athena_testbed.Running, Path],
) -> None:
    running, path = counted
    running.plan_faults([{"kind": "denied", "operation": "GetWorkGroup"}])
    result = verify(path)
    running.plan_faults([])
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--day", "soon"), "'soon' is no day: write 30d, yesterday, today or 2026-03-28"),
        (("--day", "2999-01-01"), "2999-01-01 has not begun in UTC"),
        (("--tolerance", "-1"), "-1"),
        (("--ledger", "/nonexistent/ledger.db"), "there is no such file"),
    ],
)
def test_bad_input_is_refused_with_exit_code_2(
    counted: tuple[athena_testbed.Running, Path], arguments: tuple[str, ...], words: str
) -> None:
    result = verify(counted[1], *arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_a_ledger_of_another_account_is_refused(counted: tuple[athena_testbed.Running, Path], tmp_path: Path) -> None:
    text = counted[1].read_text().replace("eu-west-1", "us-east-1")
    other = tmp_path / "other.yml"
    other.write_text(text)
    result = verify(other)
    assert result.exit_code == 2
    assert "the ledger has never counted account 123456789012 in us-east-1" in result.stderr
