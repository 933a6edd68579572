"""The questions asked of Athena's own table, which the account serves: answers equal to what really happened."""

import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import boto3
import pytest
import sqlglot
from sqlglot import exp

import athena_testbed
from athena_exporter.library.questions import BY_NAME, LACKS, QUESTIONS, Backend, Question
from athena_exporter.library.rendering import Kind, RenderingError
from athena_exporter.library.system_table import DOCUMENTED, FIELDS, PRINCIPAL, TABLES
from athena_exporter.sources.asking import Answered, Asked, ask_athena
from athena_testbed import system_tables
from athena_testbed.truth import billed_bytes, known_bytes, nano_usd
from athena_testbed.world.identity import user_identity
from athena_testbed.world.plan import Plan

NOW = datetime(2026, 3, 12, 6, tzinfo=UTC)
FIRST, LAST = date(2026, 3, 9), date(2026, 3, 11)
ANSWERED = [question for question in QUESTIONS if Backend.SYSTEM_TABLE in question.backends]


@dataclass(frozen=True)
class Table:
    """An account that serves its table, and the queries that ended on the days that are asked about."""

    client: Any
    plans: tuple[Plan, ...]

    def ask(self, name: str, **values: object) -> list[dict[str, Any]]:
        answered = self.run(rendered(BY_NAME[name], **values))
        names = [column.name for column in answered.columns]
        assert names == [column.name for column in BY_NAME[name].columns]
        return [dict(zip(names, row, strict=True)) for row in answered.rows]

    def run(self, sql: str) -> Answered:
        question = Asked(sql=sql, workgroup="monitoring")
        return ask_athena(self.client, question, clock=time.monotonic, pause=time.sleep)


def rendered(question: Question, **values: object) -> str:
    needed = {one.name: FIRST for one in question.parameters if one.default is None and one.kind is Kind.DAY}
    return question.rendered({"from": FIRST, "to": LAST, **needed, **values}, Backend.SYSTEM_TABLE)


@pytest.fixture(scope="module")
def table() -> Iterator[Table]:
    settings = athena_testbed.Settings(
        queries_per_minute=0, history=timedelta(days=4), history_queries_per_day=200, rates=None, runs_sql=True,
        system_table=True, system_table_delay=timedelta(0), sql_takes=timedelta(0), statistics_delay=timedelta(0),
    )  # fmt: skip  # rows
    with athena_testbed.running(settings, clock=lambda: int(NOW.timestamp() * 1000)) as running:
        since, until = (int(datetime(2026, 3, day, tzinfo=UTC).timestamp() * 1000) for day in (9, 12))
        plans = tuple(running.account.ended(since, until))
        client = boto3.client(
            "athena", region_name=settings.region, endpoint_url=running.url, aws_access_key_id="testbed",
            aws_secret_access_key="testbed",
        )  # fmt: skip  # rows
        with closing(client):
            yield Table(client, plans)


def by(plans: tuple[Plan, ...], key: Callable[[Plan], Hashable]) -> dict[Any, list[Plan]]:
    groups: defaultdict[Any, list[Plan]] = defaultdict(list)
    for plan in plans:
        groups[key(plan)].append(plan)
    return dict(groups)


def sums(plans: list[Plan]) -> tuple[int, int, int]:
    """Queries, scanned and billed bytes. What EXPLAIN ANALYZE costs only the SQL could tell."""
    return len(plans), sum(known_bytes(one) or 0 for one in plans), sum(map(billed, plans))


def billed(plan: Plan) -> int:
    return 0 if plan.shape.statement_type == "UTILITY" else billed_bytes(plan)


def user(plan: Plan) -> str:
    """Whom the principal's ARN names: not whom a source identity, or the Identity Center, knows."""
    who = user_identity(plan.principal, plan.submitted_ms)
    if "arn" not in who:
        return "unattributed"
    if "onBehalfOf" in who or "sourceIdentity" in who.get("sessionContext", {}):
        role, session = who["arn"].split("/")[-2:]
        return f"{role}/{session}" if session.startswith("notebook-") else role
    return plan.principal.label


def database(plan: Plan) -> str:
    read = {use.database for use in plan.uses if use.mode == "read"}
    return "multiple" if len(read) > 1 else next(iter(read), plan.database or "unknown")


def test_users_are_those_of_the_principals_and_their_sums_are_right(table: Table) -> None:
    found = {row["user_name"]: (row["queries"], row["scanned_bytes"], row["billed_bytes"]) for row in
             table.ask("usage_by_user", limit=1000)}  # fmt: skip  # one comprehension
    assert found == {name: sums(plans) for name, plans in by(table.plans, user).items()}
    assert len(found) > 20


def test_workgroups_have_their_sums_and_their_money_to_the_nanodollar(table: Table) -> None:
    rows = table.ask("usage_by_workgroup")
    found = {row["workgroup"]: (row["queries"], row["scanned_bytes"], row["billed_bytes"]) for row in rows}
    wanted = by(table.plans, lambda plan: plan.workgroup)
    assert found == {name: sums(plans) for name, plans in wanted.items()}
    money = {row["workgroup"]: round(row["cost_usd"] * 1e9) for row in rows}
    assert money == {name: sum(nano_usd(billed(one)) for one in plans) for name, plans in wanted.items()}


def test_days_are_those_of_the_ends_and_none_beside_them_is_told(table: Table) -> None:
    found = {
        row["day"]: (row["queries"], row["scanned_bytes"], row["billed_bytes"]) for row in table.ask("usage_by_day")
    }
    wanted = by(table.plans, lambda plan: f"{datetime.fromtimestamp(plan.ended_ms / 1000, tz=UTC):%Y-%m-%d}")
    assert found == {day: sums(plans) for day, plans in wanted.items()}
    assert sorted(found) == ["2026-03-09", "2026-03-10", "2026-03-11"]


def test_databases_are_those_of_the_accessed_tables(table: Table) -> None:
    found = {row["database_name"]: row["queries"] for row in table.ask("queries_by_database")}
    assert found == {name: len(plans) for name, plans in by(table.plans, database).items()}
    assert "multiple" in found


def test_only_the_named_workgroups_are_read_and_told(table: Table) -> None:
    whole, part = (table.run(rendered(BY_NAME["usage_by_day"], **one)) for one in ({}, {"workgroups": ["primary"]}))
    told = [row[1] for row in part.rows]
    assert sum(told) == sum(plan.workgroup == "primary" for plan in table.plans)  # type: ignore[arg-type]  # the cells of this column are counts
    assert 0 < (part.scanned_bytes or 0) < (whole.scanned_bytes or 0) / 4, "workgroups are partitions"


def test_other_prices_make_other_bills(table: Table) -> None:
    decimal = table.ask("usage_by_day", tb_bytes=10**12, minimum_bytes=10**7, usd_per_tb=6.5)
    assert all(row["billed_bytes"] % 10**6 == 0 for row in decimal)
    assert all(row["cost_usd"] == pytest.approx(row["billed_bytes"] * 6.5 / 10**12) for row in decimal)


@pytest.mark.parametrize("question", ANSWERED, ids=lambda one: one.name)
def test_a_question_that_it_can_answer_runs_with_its_columns(table: Table, question: Question) -> None:
    assert table.ask(question.name)


@pytest.mark.parametrize("question", ANSWERED[:3], ids=lambda one: one.name)
def test_a_day_reads_less_than_the_whole_table(table: Table, question: Question) -> None:
    values = {one.name: LAST for one in question.parameters if one.default is None}
    one = question.rendered({"from": LAST, "to": LAST, **values}, Backend.SYSTEM_TABLE)
    assert (table.run(one).scanned_bytes or 0) < (table.run(rendered(question)).scanned_bytes or 0)
    bounds = [
        condition for condition in sqlglot.parse_one(one, read="athena").find_all(exp.GTE, exp.LT)
        if isinstance(condition.this, exp.Column) and condition.this.name == "submission_date_time"
    ]  # fmt: skip  # one comprehension
    assert len(bounds) >= 2


def test_a_question_that_it_cannot_answer_says_why() -> None:
    for question in QUESTIONS:
        if question in ANSWERED:
            continue
        with pytest.raises(RenderingError) as caught:
            rendered(question)
        assert str(caught.value) == f"the backend system_table cannot answer it: {question.lacks(Backend.SYSTEM_TABLE)}"
    assert len(ANSWERED) >= 10
    assert all(question.lacks(Backend.HISTORY) is None for question in QUESTIONS)


def test_every_column_that_is_lacking_is_missed_by_some_question_or_is_the_exporters_own() -> None:
    assert not LACKS[Backend.SYSTEM_TABLE].keys() & {one.column for one in FIELDS}


def test_its_columns_are_those_of_the_account_and_the_verified_ones_are_said_to_be() -> None:
    named = {one.column for one in FIELDS} | {PRINCIPAL, TABLES}
    assert named <= system_tables.COLUMNS.keys()
    assert DOCUMENTED <= system_tables.DOCUMENTED
