"""Why these tests exist: what the command prints is pasted into Athena, and every mistake there costs a scan."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlglot
from click.testing import CliRunner
from sqlglot import exp

from athena_exporter.cli import main
from athena_exporter.library.questions import BY_NAME, QUESTIONS, Backend

MARCH = ("--from", "2026-03-01", "--to", "2026-03-31")


def run(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["questions", *arguments])


def test_without_a_name_it_lists_every_question_with_its_title() -> None:
    result = run()
    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert [line.split("  ")[0] for line in lines] == [question.name for question in QUESTIONS]
    assert all(line.endswith(f"  {question.title}") for line, question in zip(lines, QUESTIONS, strict=True))


@pytest.mark.parametrize("backend", list(Backend))
def test_a_name_prints_its_sql_of_these_days(backend: Backend) -> None:
    result = run("usage_by_user", *MARCH, "--backend", backend.value, "--set", "limit=7", "--set", "workgroups=a'b")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[0] == "-- Usage by user, 2026-03-01 to 2026-03-31"
    assert "day BETWEEN '2026-03-01' AND '2026-03-31'" in result.stdout
    assert "ARRAY['a''b']" in result.stdout
    tree = sqlglot.parse_one(result.stdout, read="athena")
    assert isinstance(tree, exp.Select)
    assert tree.args["limit"].expression.this == "7"


def test_the_range_is_thirty_days_to_yesterday_unless_somebody_says_otherwise() -> None:
    days = [(datetime.now(UTC) - timedelta(days=1)).date()]
    found = run("usage_by_day").stdout
    days.append((datetime.now(UTC) - timedelta(days=1)).date())  # it may have become midnight
    assert any(f"AND '{day:%Y-%m-%d}'" in found for day in days)
    assert any(f"BETWEEN '{day - timedelta(days=29):%Y-%m-%d}'" in found for day in days)


def test_lists_and_pairs_are_given_by_repeating_them() -> None:
    result = run("cost_by_component", *MARCH, "--set", "components=etl=data", "--set", "components=bi=reports")
    assert "VALUES ('etl', 'data'), ('bi', 'reports')" in result.stdout


def test_describe_tells_what_it_takes_and_gives() -> None:
    text = run("tables_not_read_since", "--describe").stdout
    question = BY_NAME["tables_not_read_since"]
    assert question.description in text
    assert "  since (day, required): reads before this UTC day do not count" in text
    assert all(f"  {column.name} ({column.unit}): {column.description}" in text for column in question.columns)


def test_ddl_prints_the_table_and_its_views() -> None:
    result = run("--ddl", "my-bucket", "--from", "2026-01-01", "--trail", "audit.cloudtrail_logs")
    kinds = [tree.args["kind"] for tree in sqlglot.parse(result.stdout, read="athena") if isinstance(tree, exp.Create)]
    assert kinds == ["TABLE", "VIEW", "VIEW", "VIEW"]
    assert "'projection.day.range' = '2026-01-01,NOW'" in result.stdout
    assert 'FROM "audit"."cloudtrail_logs"' in result.stdout


def test_without_a_trail_there_is_no_view_of_it() -> None:
    assert "cloudtrail_logs" not in run("--ddl", "my-bucket").stdout


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("usage_by_day", "--set", "x"), "--set x: write NAME=VALUE; the names are accounts, regions, workgroups"),
        (("usage_by_day", "--set", "from=2026-01-01"), "--set from=2026-01-01: write NAME=VALUE; the names are"),
        (("usage_by_user", "--set", "limit=all"), "usage_by_user: limit: 'all' is no whole number from 0"),
        (("usage_by_user", "--set", "limit=1", "--set", "limit=2"), "limit: given 2 times; it takes one value"),
        (("tables_not_read_since",), "since: it has no default, give it (reads before this UTC day do not count)"),
        (("usage_by_day", "--from", "2026-03-02", "--to", "2026-03-01"), "2026-03-02 is after to, 2026-03-01"),
        (("--ddl", "b", "--trail", "logs"), "--trail: 'logs' is no table; write it as database.table, in lower case"),
        (("usage_by_day", "--from", "soon"), "'soon' is no day: write 30d, yesterday, today or 2026-03-28"),
        (("nothing",), "'nothing' is not one of"),
    ],
)
def test_a_mistake_gets_one_line_that_says_how_to_mend_it(arguments: tuple[str, ...], line: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert line in result.stderr
    assert result.stdout == ""
