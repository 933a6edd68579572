"""Athena's system tables on the wire: whether they are on, which rows there are by now, and what reading them takes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from athena_testbed import Settings
from athena_testbed.system_tables import COLUMNS

NAME = '"s3tablescatalog/aws-athena"."metadata"."query_executions"'
BEGIN = datetime(2026, 3, 12, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass
class Account:
    """An account whose clock a test moves."""

    world: Any
    at: list[datetime] = field(default_factory=lambda: [BEGIN])

    def shown(self, sql: str) -> dict[str, Any]:
        asked = {"QueryString": sql, "WorkGroup": "monitoring"}
        query_id = self.world.call("athena", "StartQueryExecution", **asked)["QueryExecutionId"]
        self.at[0] += timedelta(seconds=1)
        shown: dict[str, Any] = self.world.call("athena", "GetQueryExecution", QueryExecutionId=query_id)
        return shown["QueryExecution"]  # type: ignore[no-any-return]  # as AWS nests it

    def rows(self, sql: str) -> list[list[str | None]]:
        query_id = self.shown(sql)["QueryExecutionId"]
        found = self.world.call("athena", "GetQueryResults", QueryExecutionId=query_id)["ResultSet"]["Rows"]
        return [[cell.get("VarCharValue") for cell in row["Data"]] for row in found[1:]]

    def scanned(self, sql: str) -> int:
        return int(self.shown(sql)["Statistics"]["DataScannedInBytes"])

    def ran(self, ended_at: datetime, **given: Any) -> None:
        told = {"submitted_at": (ended_at - MINUTE).isoformat(), "ended_at": ended_at.isoformat(), "sql": "SELECT 7"}
        self.world.testbed.add({"workgroup": "sandbox", "tables": ["orders"], **told, **given})


@pytest.fixture
def make(start: Callable[..., Any], settings: Callable[..., Settings]) -> Callable[..., Account]:
    def make_account(**told: Any) -> Account:
        at = [BEGIN]
        plain = {"history": timedelta(0), "sql_takes": timedelta(0), "statistics_delay": timedelta(0)}
        lively = settings(runs_sql=True, **{**plain, "system_table": True, **told})
        return Account(start(lively, clock=lambda: int(at[0].timestamp() * 1000)), at)

    return make_account


def test_an_account_says_whether_it_keeps_the_table(make: Callable[..., Account]) -> None:
    on, off = make(), make(system_table=False)
    assert on.world.call("athena", "GetSystemTableConfiguration", TableName="ALL")["TableName"] == "ALL"
    assert off.world.error("athena", "GetSystemTableConfiguration", TableName="ALL")[0] == "ResourceNotFoundException"
    assert on.world.error("athena", "GetSystemTableConfiguration", TableName="x")[0] == "InvalidRequestException"
    told = [one.world.call("athena", "ListSystemTableStatuses")["Items"] for one in (on, off)]
    assert told == [[{"TableName": "QUERY_EXECUTIONS", "Enabled": enabled}] for enabled in (True, False)]
    assert "CATALOG_NOT_FOUND" in off.shown(f"SELECT * FROM {NAME}")["Status"]["StateChangeReason"]


def test_a_row_appears_after_a_while_and_only_of_what_has_ended(make: Callable[..., Account]) -> None:
    account = make(system_table_delay=10 * MINUTE)
    account.ran(BEGIN)
    account.ran(BEGIN + timedelta(days=1))
    asked = f"SELECT query_execution_id FROM {NAME} WHERE work_group_name = 'sandbox'"
    assert account.rows(asked) == []
    account.at[0] += 11 * MINUTE
    assert len(account.rows(asked)) == 1


def test_a_row_has_what_the_query_was(make: Callable[..., Account]) -> None:
    account = make(system_table_delay=timedelta(0))
    account.ran(BEGIN, database="sales", scanned_bytes=4711, state="FAILED")
    ((state, principal, scanned, tables),) = account.rows(
        "SELECT state, principal_arn, data_scanned_in_bytes, json_format(CAST(tables_accessed AS json)) AS tables"
        f" FROM {NAME} WHERE query_string = 'SELECT 7'"
    )
    assert (state, principal, scanned) == ("FAILED", "arn:aws:iam::123456789012:user/Alice", "4711")
    assert tables == '[{"catalog_name":"awsdatacatalog","database_name":"sales","table_name":"orders"}]'


def test_partitions_and_columns_that_are_not_asked_for_are_not_scanned(make: Callable[..., Account]) -> None:
    account = make(system_table_delay=timedelta(0))
    for days in range(4):
        account.ran(BEGIN - timedelta(days=days), sql=f"SELECT '{'x' * 1000}'")
        account.ran(BEGIN - timedelta(days=days), workgroup="primary")
    column = f"SELECT query_string FROM {NAME}"
    day = "submission_date_time >= TIMESTAMP '2026-03-11 00:00:00 UTC'"
    whole, narrow, late = (
        account.scanned(sql) for sql in (column, f"SELECT state FROM {NAME}", f"{column} WHERE {day}")
    )
    group = account.scanned(f"{column} WHERE work_group_name IN ('primary')")
    assert whole > 4 * 1000
    assert narrow < 500
    assert 2 * 1000 < late < 3 * 1000
    assert 0 < group < 500
    assert account.scanned(f"{column} WHERE state = 'FAILED' OR {day}") >= whole, "an OR bounds nothing"
    assert account.scanned(f"SELECT * FROM {NAME} LIMIT 0") == 0


def test_columns_may_be_left_out(make: Callable[..., Account]) -> None:
    account = make(system_table_without=("state",))
    query_id = account.shown(f"SELECT * FROM {NAME} LIMIT 0")["QueryExecutionId"]
    told = account.world.call("athena", "GetQueryResults", QueryExecutionId=query_id)["ResultSet"]["ResultSetMetadata"]
    assert [one["Name"] for one in told["ColumnInfo"]] == [name for name in COLUMNS if name != "state"]
