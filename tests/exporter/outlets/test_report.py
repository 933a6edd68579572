"""The reports: right sums, dearest first, and names that can't harm a terminal or a spreadsheet."""

import csv
import io
import json
import unicodedata
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from athena_exporter.outlets.report import (
    BY_NAME,
    NARROWEST,
    REPORTS,
    Cell,
    Report,
    Table,
    build,
    to_csv,
    to_json,
    to_rich,
)
from athena_exporter.outlets.report.render import binary_bytes, count, dollars, megabytes, percent, visible
from athena_exporter.records import State, UsageRow

GIB = 2**30
TIB = 2**40
USD = 1_000_000_000


def usage(user: str, workgroup: str, database: str, state: State, queries: int, scanned: int, nanousd: int) -> UsageRow:
    return UsageRow(
        user=user,
        workgroup=workgroup,
        database=database,
        state=state,
        queries=queries,
        scanned_bytes=scanned,
        billed_bytes=scanned,
        cost_nanousd=nanousd,
    )


COMPANY = (
    usage("alice", "analytics", "sales", State.SUCCEEDED, 40, 2 * TIB, 10 * USD),
    usage("alice", "analytics", "sales", State.FAILED, 10, 0, 0),
    usage("alice", "primary", "web", State.SUCCEEDED, 2, 20 * 2**20, 95_367),
    usage("airflow", "etl", "sales", State.SUCCEEDED, 1200, 3 * GIB, 14_648_438),
    usage("airflow", "etl", "finance", State.CANCELLED, 1, 6 * TIB, 30 * USD),
    usage("bob", "primary", "web", State.FAILED, 30, 0, 0),
    usage("pending", "etl", "sales", State.SUCCEEDED, 3, 700, 143_052),
    usage("unattributed", "primary", "unknown", State.SUCCEEDED, 1, 0, 47_684),
)
HOSTILE = (
    usage("eve\x1b[2J\x07", "[red]w[/red]", "=HYPERLINK(1)", State.SUCCEEDED, 1, 1, 1),
    usage("a\nb\r\x7f\x9b31m", "[link=x]", " @SUM(A1)", State.FAILED, 1, 1, 2),
    usage("\u202etxt.exe", "half\ud800", "-2+3", State.CANCELLED, 1, 1, 3),
    usage("查询", "\u2028", "+1", State.SUCCEEDED, 1, 1, 4),
)


def table(name: str, rows: tuple[UsageRow, ...] = COMPANY, limit: int | None = None) -> Table:
    return build(BY_NAME[name], rows, limit=limit)


def column(shown: Table, key: str) -> list[Cell]:
    position = [column.key for column in shown.columns].index(key)
    return [row[position] for row in shown.rows]


def total(shown: Table, key: str) -> Cell:
    return shown.total[[column.key for column in shown.columns].index(key)]


def on_a_terminal(shown: Table, width: int = 120) -> str:
    written = io.StringIO()
    Console(file=written, width=width, force_terminal=False).print(to_rich(shown))
    return written.getvalue()


def test_every_report_looks_as_it_was_approved(golden: Callable[[str, str], None]) -> None:
    drawn = "\n".join(on_a_terminal(build(report, COMPANY, limit=3)) for report in REPORTS)
    golden("reports.txt", "\n".join(line.rstrip() for line in drawn.splitlines()) + "\n")


def test_there_is_a_report_for_each_question_and_a_line_of_help_for_each() -> None:
    assert list(BY_NAME) == [
        "users",
        "workgroups",
        "accounts",
        "databases",
        "failures",
        "databases-per-user",
        "average-mb",
        "queries-per-database",
    ]
    assert all(report.summary and "\n" not in report.summary for report in REPORTS)


def test_users_come_dearest_first_with_all_their_workgroups_and_states_together() -> None:
    users = table("users")
    assert column(users, "user") == ["airflow", "alice", "pending", "unattributed", "bob"]
    assert column(users, "queries") == [1201, 52, 3, 1, 30]
    assert column(users, "cost_usd") == [30.014648438, 10.000095367, 0.000143052, 0.000047684, 0.0]
    assert column(users, "scanned_bytes")[1] == 2 * TIB + 20 * 2**20


def test_workgroups_count_the_people_they_know() -> None:
    workgroups = table("workgroups")
    assert column(workgroups, "workgroup") == ["etl", "analytics", "primary"]
    assert column(workgroups, "users") == [1, 1, 2]  # pending and unattributed are nobody


def test_databases_come_dearest_first() -> None:
    assert column(table("databases"), "database") == ["finance", "sales", "web", "unknown"]


def test_failures_come_first_where_most_failed_with_their_share() -> None:
    failures = table("failures")
    assert failures.rows[0][:2] == ("primary", "bob")
    assert column(failures, "failed")[:2] == [30, 10]
    assert column(failures, "failed_share")[:2] == [1.0, 0.2]
    assert column(failures, "cancelled")[failures.rows.index(next(r for r in failures.rows if r[1] == "airflow"))] == 1
    assert total(failures, "failed_share") == 40 / 1287


def test_a_users_databases_stand_together_dearest_user_first() -> None:
    pairs = [row[:2] for row in table("databases-per-user").rows]
    assert pairs == [
        ("airflow", "finance"),
        ("airflow", "sales"),
        ("alice", "sales"),
        ("alice", "web"),
        ("pending", "sales"),
        ("unattributed", "unknown"),
        ("bob", "web"),
    ]


def test_the_limit_of_databases_per_user_counts_users() -> None:
    limited = table("databases-per-user", limit=2)
    assert column(limited, "user") == ["airflow", "airflow", "alice", "alice"]
    assert limited.omitted == 3


def test_the_average_is_bytes_over_all_queries_of_a_user_in_a_database() -> None:
    averages = table("average-mb")
    assert averages.rows[0][:3] == ("airflow", "finance", 6 * 2**20)
    assert averages.rows[1][:3] == ("alice", "sales", 2 * 2**20 / 50)
    assert ("alice", "web", 10.0) in [row[:3] for row in averages.rows]


def test_databases_by_queries_come_busiest_first() -> None:
    databases = table("queries-per-database")
    assert column(databases, "database") == ["sales", "web", "finance", "unknown"]
    assert column(databases, "queries") == [1253, 32, 1, 1]
    assert column(databases, "query_share")[0] == 1253 / 1287


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.name)
def test_the_total_speaks_of_everything_whatever_the_limit_hides(report: Report) -> None:
    whole, cut = build(report, COMPANY), build(report, COMPANY, limit=1)
    assert cut.total == whole.total
    assert len(cut.rows) + cut.omitted == len(whole.rows)
    assert total(whole, "queries") == 1287
    assert sum(int(str(cell)) for cell in column(whole, "queries")) == 1287


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.name)
def test_the_order_of_the_rows_given_does_not_matter(report: Report) -> None:
    assert build(report, reversed(COMPANY)) == build(report, COMPANY)


def test_equals_stand_in_the_order_of_their_names() -> None:
    rows = tuple(usage(name, "w", "d", State.FAILED, 1, 0, 0) for name in ("zoe", "amy", "kim"))
    assert column(table("users", rows), "user") == ["amy", "kim", "zoe"]


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_that_shows_nothing_is_refused(limit: int) -> None:
    with pytest.raises(ValueError, match=f"a limit of {limit} shows nothing"):
        table("users", limit=limit)


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.name)
def test_no_queries_is_said_and_divides_nothing_by_zero(report: Report) -> None:
    empty = build(report, ())
    assert empty.rows == ()
    assert "no queries in this range" in on_a_terminal(empty)
    assert to_json(empty) == "[]\n"
    assert to_csv(empty).count("\n") == 1
    assert all(value in {"total", "", 0, None} for value in empty.total)


def test_what_the_limit_leaves_out_is_said() -> None:
    assert "2 of 5 rows; the total counts all of them" in on_a_terminal(table("users", limit=2))
    assert "the total counts" not in on_a_terminal(table("users", limit=5))


def test_names_that_stand_for_nobody_are_explained_only_where_they_appear() -> None:
    assert "pending: CloudTrail may still tell" in on_a_terminal(table("users"))
    assert "pending:" not in on_a_terminal(table("users", limit=2))
    assert "pending:" not in on_a_terminal(table("workgroups"))


def test_json_is_a_list_of_objects_with_raw_numbers_and_no_total() -> None:
    listed = json.loads(to_json(table("users")))
    assert len(listed) == 5
    assert listed[1] == {
        "user": "alice",
        "queries": 52,
        "scanned_bytes": 2 * TIB + 20 * 2**20,
        "billed_bytes": 2 * TIB + 20 * 2**20,
        "cost_usd": 10.000095367,
        "cost_share": pytest.approx(0.2499, abs=1e-4),
        "failed_share": 10 / 52,
    }


def test_csv_has_a_header_and_plain_decimal_numbers_and_no_total() -> None:
    header, *lines = csv.reader(io.StringIO(to_csv(table("users"))))
    assert header == ["user", "queries", "scanned_bytes", "billed_bytes", "cost_usd", "cost_share", "failed_share"]
    assert len(lines) == 5
    assert dict(zip(header, lines[3], strict=True))["cost_usd"] == "0.000047684"


def test_a_share_of_nothing_is_empty_not_zero() -> None:
    free = (usage("amy", "w", "d", State.FAILED, 1, 0, 0),)
    assert column(table("users", free), "cost_share") == [None]
    assert json.loads(to_json(table("users", free)))[0]["cost_share"] is None
    assert next(csv.DictReader(io.StringIO(to_csv(table("users", free)))))["cost_share"] == ""


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.name)
@pytest.mark.parametrize("write", [on_a_terminal, to_json, to_csv])
def test_no_hostile_character_reaches_the_terminal(report: Report, write: Callable[[Table], str]) -> None:
    written = write(build(report, HOSTILE))
    written.encode()
    harmful = {c for c in written if unicodedata.category(c) in {"Cc", "Cf", "Zl", "Zp", "Cs"}} - {"\n"}
    assert harmful == set()


LONG = replace(
    usage("x" * 90, "y" * 70, "z" * 50, State.SUCCEEDED, 12_345, 1234 * TIB, 6170 * USD),
    account="q" * 64 + " (123456789012)",
    region="w" * 14,
)


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.name)
def test_the_narrowest_console_holds_every_report_whole(report: Report) -> None:
    shown = on_a_terminal(build(report, (LONG,)), NARROWEST)
    names = {"user": "x", "workgroup": "y", "database": "z", "account": "q", "region": "w"}
    wanted = {"user": 90, "workgroup": 70, "database": 50, "account": 64, "region": 14}
    letters = {field: shown.removeprefix(report.title).count(names[field]) for field in report.subject}
    assert letters == {field: wanted[field] for field in report.subject}
    assert "…" not in shown
    assert max(len(line) for line in shown.splitlines()) <= NARROWEST


def test_rich_markup_in_a_name_is_text() -> None:
    shown = on_a_terminal(table("workgroups", HOSTILE))
    assert "[red]w[/red]" in shown
    assert "[link=x]" in shown


def test_json_keeps_the_true_name() -> None:
    assert {row["user"] for row in json.loads(to_json(table("users", HOSTILE)))} == {row.user for row in HOSTILE}


def test_a_name_that_a_spreadsheet_would_run_is_quoted() -> None:
    databases = [row["database"] for row in csv.DictReader(io.StringIO(to_csv(table("databases", HOSTILE))))]
    assert sorted(databases) == ["' @SUM(A1)", "'+1", "'-2+3", "'=HYPERLINK(1)"]


@pytest.mark.no_cover
@given(st.lists(st.text(), min_size=2, max_size=2, unique=True))
def test_any_names_survive_json_and_stay_apart(names: list[str]) -> None:
    rows = tuple(usage(name, "w", "d", State.SUCCEEDED, 1, 1, 1) for name in names)
    assert sorted(row["user"] for row in json.loads(to_json(table("users", rows)))) == sorted(names)


@given(st.text())
def test_a_visible_name_can_be_written_anywhere(name: str) -> None:
    shown = visible(name)
    shown.encode()
    assert all(unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in shown)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0 B"),
        (1023, "1,023 B"),
        (1024, "1.00 KiB"),
        (10 * 2**20, "10.0 MiB"),
        (1_610_612_736, "1.50 GiB"),
        (1023 * GIB, "1,023 GiB"),
        (TIB - 1, "1.00 TiB"),
        (5 * 2**70, "5,120 EiB"),
    ],
)
def test_bytes_for_people_are_in_binary_units(value: int, shown: str) -> None:
    assert binary_bytes(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "$0.00"),
        (1234567.891, "$1,234,567.89"),
        (12.345, "$12.35"),
        (0.5, "$0.50"),
        (0.0949, "$0.095"),
        (0.000047684, "$0.000048"),
        (0.09999, "$0.10"),
        (1e-09, "$0.0000000010"),
    ],
)
def test_dollars_show_cents_or_two_digits_that_count(value: float, shown: str) -> None:
    assert dollars(value) == shown


@pytest.mark.parametrize(
    ("write", "value", "shown"),
    [
        (count, 1234567, "1,234,567"),
        (percent, 0.12345, "12.3%"),
        (percent, 1.0, "100.0%"),
        (megabytes, 9.996, "10.0 MB"),
        (megabytes, 0.5, "0.50 MB"),
        (megabytes, 6291456.0, "6,291,456 MB"),
    ],
)
def test_other_numbers_for_people(write: Callable[[float], str], value: float, shown: str) -> None:
    assert write(value) == shown
