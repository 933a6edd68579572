"""Why these tests exist: a question that prunes nothing costs a fortune, and one that Athena refuses answers nothing.

All SQL is parsed as Athena's; every function it calls is one of Trino's, by the list below.
"""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from functools import cache
from itertools import pairwise

import pytest
import sqlglot
from athena_on_duckdb import Engine, Scan
from history_files import Written
from sqlglot import exp

from athena_exporter.library import definitions
from athena_exporter.library.questions import BY_NAME, COMMON, QUESTIONS, Backend, Question
from athena_exporter.library.reference import measured
from athena_exporter.library.rendering import Kind, names_in
from athena_exporter.library.table import COLUMNS, PARTITION

FIRST, LAST = date(2026, 2, 10), date(2026, 2, 12)
PRUNED = {"query_history", "queries", "cloudtrail_logs"}
"""Tables and views that are partitioned by day."""
FUNCTIONS = frozenset(
    [
        "array_distinct", "cardinality", "ceil", "coalesce", "concat", "contains", "count", "count_if", "date_add",
        "date_diff", "date_format", "date_parse", "date_trunc", "element_at", "filter", "floor", "greatest",
        "json_extract_scalar", "lag", "lower", "max", "max_by", "min", "nullif", "regexp_extract",
        "regexp_extract_all", "regexp_like", "replace", "round", "row_number", "split_part", "strpos", "substr",
        "sum", "to_unixtime", "transform", "upper",
    ]
)  # fmt: skip  # a list
"""Trino's functions that the library uses. Engine version 3 has Trino's: docs.aws.amazon.com/athena/latest/ug/
functions-env3.html sends one to trino.io/docs/current/functions.html, where each was looked up."""
WORDS = frozenset(
    [
        "and", "array", "as", "by", "cast", "else", "exists", "from", "if", "in", "join", "not", "on", "or", "over",
        "row", "then", "unnest", "values", "varchar", "when",
    ]
)  # fmt: skip  # as above
"""Words of the language that a parenthesis may follow."""
DERIVED = {"trail_from", "trail_to", "submitted_from", "ended_from", "ended_until", "of_workgroups"}
"""What follows from the range and the workgroups, in the SQL of a backend."""
EVERY = [(question, backend) for question in QUESTIONS for backend in question.backends]


def rendered(question: Question, backend: Backend) -> str:
    required: dict[Kind, object] = {Kind.DAY: FIRST, Kind.TEXTS: ["sales.orders"]}
    needed = {one.name: required[one.kind] for one in question.parameters if one.default is None}
    return question.rendered({"from": FIRST, "to": LAST, **needed}, backend)


@pytest.fixture(params=EVERY, ids=lambda pair: f"{pair[0].name}-{pair[1]}")
def sql(request: pytest.FixtureRequest) -> str:
    return rendered(*request.param)


@cache
def parsed(text: str) -> exp.Query:
    tree = sqlglot.parse_one(text, read="athena")
    assert isinstance(tree, exp.Query)
    return tree


def unbounded(text: str) -> list[str]:
    """References of partitioned tables whose own SELECT does not bound the partition from below and from above."""
    tree = parsed(text)
    named = {cte.alias for cte in tree.find_all(exp.CTE)}
    found = []
    for table in tree.find_all(exp.Table):
        select = table.find_ancestor(exp.Select)
        if table.name in PRUNED - named and not (select and {"low", "high"} <= bounds(select, table.alias_or_name)):
            found.append(table.name)
    return found


def bounds(select: exp.Select, table: str) -> set[str]:
    """Which ends of the partition's range the SELECT's own conditions, joined by AND, compare with a text."""
    where = select.args.get("where")
    conditions = where.this.flatten() if where and isinstance(where.this, exp.And) else [where.this] if where else []
    ends: set[str] = set()
    for condition in conditions:
        column = condition.this
        if not isinstance(column, exp.Column) or column.name != PARTITION or column.table not in {"", table}:
            continue
        match condition:
            case exp.Between() if all(isinstance(condition.args[end], exp.Literal) for end in ("low", "high")):
                ends |= {"low", "high"}
            case exp.EQ() if isinstance(condition.expression, exp.Literal):
                ends |= {"low", "high"}
            case exp.GT() | exp.GTE() if isinstance(condition.expression, exp.Literal):
                ends.add("low")
            case exp.LT() | exp.LTE() if isinstance(condition.expression, exp.Literal):
                ends.add("high")
    return ends


def test_every_question_bounds_the_partition_from_below_and_from_above(sql: str) -> None:
    assert unbounded(sql) == []
    assert "'2026-02-10'" in sql
    assert "'2026-02-12'" in sql


@pytest.mark.parametrize(
    ("text", "missed"),
    [
        ("SELECT 1 FROM queries", ["queries"]),
        ("SELECT 1 FROM queries WHERE day >= '2026-01-01'", ["queries"]),
        ("SELECT 1 FROM queries WHERE day >= '2026-01-01' AND day <= '2026-01-02'", []),
        ("SELECT 1 FROM queries WHERE day BETWEEN '2026-01-01' AND '2026-01-02' OR state = 'x'", ["queries"]),
        ("SELECT 1 FROM queries WHERE day = '2026-01-01'", []),
        ("SELECT 1 FROM queries WHERE substr(day, 1, 7) BETWEEN '2026-01' AND '2026-02'", ["queries"]),
        ("SELECT 1 FROM queries WHERE day BETWEEN first AND last", ["queries"]),
        ("SELECT 1 FROM queries a, cloudtrail_logs b WHERE a.day = '2026-01-01'", ["cloudtrail_logs"]),
        ("WITH queries AS (SELECT 1 AS day) SELECT 1 FROM queries", []),
        ("SELECT 1 FROM x WHERE day = '2026-01-01' AND id IN (SELECT id FROM query_history)", ["query_history"]),
    ],
)
def test_a_missing_bound_is_found(text: str, missed: list[str]) -> None:
    assert unbounded(text) == missed


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.name)
def test_it_calls_functions_of_engine_version_3_alone(question: Question) -> None:
    # The history's own part calls no others than the other backends'.
    sql = " ".join(rendered(question, backend) for backend in question.backends if backend is not Backend.HISTORY)
    tokens = sqlglot.tokenize(sql, read="athena")
    called = {
        first.text.lower()
        for first, second in pairwise(tokens)
        if second.text == "(" and first.text[:1].isalpha() and first.token_type.name != "STRING"
    }
    trees = [parsed(rendered(question, backend)) for backend in question.backends]
    aliases = {alias.name for tree in trees for alias in tree.find_all(exp.TableAlias)}
    assert called - WORDS - aliases <= FUNCTIONS


def test_the_list_of_functions_names_none_that_nobody_calls() -> None:
    everything = " ".join(rendered(*pair) for pair in EVERY)
    everything += " ".join(definitions.create_view(view, trail="a.b") for view in definitions.VIEWS)
    assert {name for name in FUNCTIONS if f"{name}(" not in everything} == set()


def test_the_head_of_a_file_declares_all_that_its_sql_names() -> None:
    for question, backend in EVERY:
        taken = {one.name for one in question.takes(backend)} | DERIVED
        own = {one.name for one in question.parameters}
        named = set(names_in(question.sql(backend)))
        assert named <= taken, question.name
        assert own <= named, question.name
        assert {one.name for one in COMMON} <= named, question.name


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.name)
def test_a_question_says_what_it_answers_and_what_each_column_holds(question: Question) -> None:
    assert question.title
    assert "?" in question.description
    assert len({column.name for column in question.columns}) == len(question.columns) > 2
    tree = parsed(rendered(question, Backend.HISTORY))
    assert tree.named_selects == [column.name for column in question.columns]
    assert isinstance(tree, exp.Select)
    assert tree.args.get("order"), "the same answer comes in the same order"
    assert all(column.description and column.unit for column in question.columns)


def test_the_questions_of_the_seed_and_of_the_brief_are_there() -> None:
    assert BY_NAME.keys() >= {
        "usage_by_user", "databases_by_user", "average_mb", "queries_by_database", "dearest_queries",
        "repeated_queries", "failure_reasons", "table_readers_by_day", "table_readers_by_month",
        "tables_not_read_since", "cost_by_component", "month_over_month", "users_by_database",
        "latency_by_workgroup", "savings", "savings_full_scans", "savings_result_reuse", "savings_select_star",
        "savings_row_formats", "savings_reservation",
    }  # fmt: skip  # a list


# -- which files are read ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def files(weeks: Written) -> Iterator[Engine]:
    with closing(Engine(weeks.folder, in_place=True)) as engine:
        yield engine


@cache
def scans(engine: Engine, name: str) -> list[Scan]:
    return engine.scans(rendered(BY_NAME[name], Backend.HISTORY))


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.name)
def test_a_question_of_three_days_reads_three_days_files(files: Engine, weeks: Written, question: Question) -> None:
    place = weeks.folder / "history" / "v1"
    wanted = sum(len(list(place.glob(f"day={day}/*.parquet"))) for day in ("2026-02-10", "2026-02-11", "2026-02-12"))
    found = scans(files, question.name)
    assert {(scan.files_read, scan.files) for scan in found} == {(wanted, len(list(place.glob("*/*.parquet"))))}


def test_cloudtrails_files_are_read_from_the_day_before_to_the_day_after(files: Engine, weeks: Written) -> None:
    found = files.scans(rendered(BY_NAME["usage_by_day"], Backend.CLOUDTRAIL))
    (scan,) = (one for one in found if "useridentity" in " ".join(one.columns))
    assert scan.files_read == 5 < len(list((weeks.folder / "trail").glob("*/*/*/*.parquet")))


# -- the original -----------------------------------------------------------------------------------------------------


def test_the_articles_join_names_the_user_of_each_query(engine: Engine, weeks: Written) -> None:
    rows = engine.ask(definitions.original("usage_by_user"), now=weeks.now)
    starts = {
        record["responseElements"]["queryExecutionId"]: record
        for record in weeks.records
        if record["eventName"] == "StartQueryExecution" and record["responseElements"]
    }
    begin = f"{weeks.now.replace(day=27, month=2):%Y-%m-%dT%H:%M:%SZ}"
    expected = {
        (starts[one.plan.query_id]["userIdentity"].get("arn"), one.plan.query_id, one.plan.state)
        for one in weeks.known
        if one.plan.query_id in starts and starts[one.plan.query_id]["eventTime"] > begin
    }
    assert {(row["arn"], json.loads(row["qid"]), row["status"]) for row in rows} == expected
    assert len(expected) > 100


def test_the_articles_first_query_lists_a_days_starts(engine: Engine, weeks: Written) -> None:
    text = definitions.original("users_of_queries")
    rows = engine.ask(f"SELECT query_id, uid, role FROM ({text}) AS told", now=weeks.now.replace(day=2))
    begin = f"{weeks.now.replace(day=1):%Y-%m-%dT%H:%M:%SZ}"
    expected = {
        (record["responseElements"]["queryExecutionId"], record["userIdentity"].get("arn"))
        for record in weeks.records
        if record["eventName"] == "StartQueryExecution" and record["responseElements"] and record["eventTime"] > begin
    }
    assert {(json.loads(row["query_id"]), row["uid"]) for row in rows} == expected
    assert len(expected) > 30
    assert any(row["role"] for row in rows)


def test_the_articles_table_of_executions_holds_what_athena_told(engine: Engine, weeks: Written) -> None:
    rows = {row["queryid"]: row for row in engine.ask("SELECT * FROM athena_api_output")}
    assert rows.keys() == {one.plan.query_id for one in weeks.known}
    one = next(one for one in weeks.known if one.plan.state == "SUCCEEDED" and one.scanned > 0)
    row = rows[one.plan.query_id]
    assert (row["status"], row["executiontime"], row["datascanned"]) == ("SUCCEEDED", one.plan.engine_ms, one.scanned)
    assert row["completiondatetime"] == f"{one.ended_at:%Y-%m-%dT%H:%M:%S.%f}Z"


def test_the_views_have_the_columns_that_they_declare(engine: Engine) -> None:
    for view in definitions.VIEWS:
        (row, *_) = engine.ask(f"SELECT * FROM {view.name} LIMIT 1")
        assert [*row] == [name for name, _ in view.columns]
    assert [name for name, _ in definitions.VIEWS[0].columns[: len(COLUMNS)]] == [one.name for one in COLUMNS]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.name)
def test_prices_are_of_the_columns_that_the_question_reads_today(files: Engine, question: Question) -> None:
    read = [{column.split(".")[0] for column in scan.columns} - {PARTITION} for scan in scans(files, question.name)]
    assert sorted(map(sorted, measured().scans[question.name])) == sorted(map(sorted, read))
    assert len(read) == {"savings": 4, "users_by_database": 3}.get(question.name, 1)
