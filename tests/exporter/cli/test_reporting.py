"""Why these tests exist: who asks months of queries pays for it; the answer must be right, and nothing half there."""

import csv
import io
import json
import shlex
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import hostile
import pytest
from asked_history import (
    BARE,
    FIRST,
    LAST,
    ON,
    QUERIES,
    WORKGROUP,
    AskedHistory,
    asked,
    asked_history,
    credentials,
    refused,
    run,
    started,
)
from click.testing import CliRunner
from whole_exporter import actions, called

from athena_exporter.cli import main
from athena_exporter.cli.reading import report
from athena_exporter.cli.reporting import ALIKE, PAGE_QUESTIONS, last_month, of_page
from athena_exporter.library.questions import BY_NAME, Backend
from athena_exporter.outlets import report as reports


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AskedHistory]:
    with credentials(), asked_history(tmp_path_factory.mktemp("asked")) as found:
        yield found


def test_an_answer_of_athena_is_the_ledgers_own_to_the_byte(world: AskedHistory) -> None:
    by_athena = json.loads(asked(world, "usage_by_user", "--format", "json").stdout)
    ledger = run("users", "--config", world.config, "--from", FIRST, "--to", LAST, "--format", "json")
    by_ledger = json.loads(ledger.stdout)
    assert sum(row["queries"] for row in by_ledger) == QUERIES
    for one, other in (("user_name", "user"),):
        assert [row[one] for row in by_athena] == [row[other] for row in by_ledger]
    for key in ("queries", "scanned_bytes", "billed_bytes", "cost_usd"):
        assert [row[key] for row in by_athena] == pytest.approx([row[key] for row in by_ledger])


def test_csv_has_every_row_and_a_table_as_many_as_wanted(world: AskedHistory) -> None:
    rows = list(csv.reader(io.StringIO(asked(world, "dearest_queries", "--format", "csv", "--limit", "2").stdout)))
    shown = asked(world, "dearest_queries", "--limit", "2").stdout
    assert len(rows) > 20
    assert rows[0] == [column.name for column in BY_NAME["dearest_queries"].columns]
    assert f"2 of {len(rows) - 1} rows" in shown


def test_the_price_is_told_before_and_what_was_billed_after(world: AskedHistory) -> None:
    before, after = asked(world, "usage_by_user").stderr.splitlines()
    assert f"{FIRST} to {LAST} (3 days): " in before
    assert "will likely scan" in before
    assert "for $0.000048, at most" in before, "the minimum of 10 MB"
    assert "usage_by_user: scanned " in after
    assert "$0.000048 at list price" in after


def test_a_dry_run_prints_sql_that_athena_takes_and_asks_nothing(world: AskedHistory) -> None:
    count = started(world)
    text = asked(world, "usage_by_user", "--dry-run").stdout
    assert started(world) == count
    assert text.startswith(f"-- {FIRST} to {LAST} (3 days): ")
    assert "will likely scan" in text
    world.run(text)


def test_the_estimate_counts_the_files_of_its_days_alone(world: AskedHistory) -> None:
    def files(first: object, last: object) -> int:
        result = run("usage_by_user", "--config", world.config, "--on", "athena", "--from", first, "--to", last,
                     "--dry-run")  # fmt: skip  # one call
        return int(result.stdout.partition(": ")[2].split()[0])

    sizes = [len(world.archive.held(f"athena-history/v1/day={day}/")) for day in (FIRST, LAST)]
    assert [files(FIRST, FIRST), files(LAST, LAST)] == sizes
    assert files(FIRST, LAST) == 3 < len(world.archive.held("athena-history/v1/"))
    assert files(date(2026, 4, 1), date(2026, 4, 2)) == 0


def test_a_result_may_be_reused_and_then_costs_nothing(world: AskedHistory, tmp_path: Path) -> None:
    config = world.configured(tmp_path, reuse="1h")
    first, again = (asked(world, "failure_reasons", config=config) for _ in range(2))
    assert "which is free" in again.stderr
    assert first.stdout.partition("failure_reasons:")[0] == again.stdout.partition("failure_reasons:")[0]


def test_parameters_are_given_by_name(world: AskedHistory) -> None:
    found = json.loads(asked(world, "usage_by_workgroup", "--set", "workgroups=etl", "--format", "json").stdout)
    assert [row["workgroup"] for row in found] == ["etl"]


def test_an_output_is_the_whole_answer(world: AskedHistory, tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    result = asked(world, "usage_by_user", "--format", "csv", "--output", path)
    assert result.stdout == ""
    assert len(path.read_text().splitlines()) == 4
    assert [one.name for one in tmp_path.iterdir()] == ["users.csv"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (("usage_by_user",), "usage_by_user is a question to Athena: add --on athena; the ledger's nearest is users"),
        (("savings",), "savings is a question to Athena: add --on athena\n"),
        (("users", *ON), "users is a report of the ledger: leave --on athena out; Athena's nearest is usage_by_user"),
        (("budgets", *ON), "budgets is a report of the ledger: leave --on athena out\n"),
        (("--on", "athena"), "name a question: page, average_mb, "),
        (("users", "--workgroup", "w"), "--workgroup goes with --on athena"),
        (("users", "--dry-run"), "--dry-run goes with --on athena"),
        (("usage_by_user", "--on", "athena", "--since", "3d"), "--since goes with --on ledger; name days with --from"),
        (("users", "--from", "3d", "--since", "3d"), "--from and --since: each bounds the range"),
        (("usage_by_user", "--on", "athena", "--from", "2026-03-02", "--to", "2026-03-01"), "exchange them"),
        (("page", "--format", "csv"), "--format csv: a page is HTML"),
        (("usage_by_user", *ON, "--set", "colour=red"), "--set colour=red: write NAME=VALUE; the names are accounts"),
        (("tables_not_read_since", *ON), "tables_not_read_since: "),
        (("usage_by_user", *ON, "--max-bytes", "much"), "'much' is no size: write 10GiB"),
    ],
)  # fmt: skip  # a table
def test_what_cannot_be_asked_is_one_line(world: AskedHistory, wrong: tuple[str, ...], words: str) -> None:
    assert words in refused(*wrong, "--config", world.config)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"workgroup": None}, "no workgroup: name the one to ask in with --workgroup, or as asking.workgroup"),
        ({"workgroup": "nobodys"}, "check the workgroup's name"),
        ({"workgroup": BARE}, "give the workgroup a place for results"),
        ({"output_location": "s3://mine-alone/here/"}, f"workgroup {WORKGROUP} enforces its own place"),
        ({"database": "nowhere"}, "make the table and its views first"),
        ({"max_bytes": "1KiB"}, "it would scan about"),
    ],
)
def test_a_wrong_set_up_is_one_line_and_leaves_no_file(
    world: AskedHistory, tmp_path: Path, settings: dict[str, Any], words: str
) -> None:
    config = world.configured(tmp_path, **settings)
    words_told = refused("usage_by_user", "--config", config, *ON, "--output", tmp_path / "users.txt")
    assert words in words_told
    assert sum("athena-exporter: " in line for line in words_told.splitlines()) <= 2, "the price, and what is wrong"
    assert [one.name for one in tmp_path.iterdir()] == ["other.yml"]


@pytest.mark.parametrize(
    ("database", "made", "words"),
    [
        ("kept_away", "TABLE kept_away.queries (day string)", "grant SELECT in Lake Formation"),
        (
            "narrow",
            "TABLE narrow.queries (day string, query_id string)",
            "the table's or the view's definition is older",
        ),
        ("gone", "TABLE gone.queries (day string)", "the table points to a bucket or a file that is gone"),
    ],
)
def test_a_broken_table_is_one_line(world: AskedHistory, tmp_path: Path, database: str, made: str, words: str) -> None:
    bucket = "no-bucket-of-anybody" if database == "gone" else world.archive.name
    place = f"STORED AS PARQUET LOCATION 's3://{bucket}/other/'"
    world.run(f"CREATE DATABASE {database}", f"CREATE EXTERNAL {made} {place}")
    config = world.configured(tmp_path, database=database)
    assert words in refused("usage_by_user", "--config", config, *ON)


def test_a_file_of_another_schema_is_named_with_what_helps(world: AskedHistory) -> None:
    day = date(2026, 5, 5)
    world.archive.put(f"athena-history/v1/day={day}/odd.parquet", _odd())
    words = refused("usage_by_user", "--config", world.config, "--on", "athena", "--from", day, "--to", day)
    assert "renew the definition" in words
    assert f"day={day}/odd.parquet" in words


def _odd() -> bytes:
    import pyarrow as pa  # noqa: PLC0415  this test alone writes by itself
    import pyarrow.parquet as pq  # noqa: PLC0415  as above

    written = io.BytesIO()
    pq.write_table(pa.table({"user_name": [1], "query_id": ["x"]}), written)
    return written.getvalue()


def test_days_without_files_are_an_empty_answer(world: AskedHistory) -> None:
    result = run("usage_by_user", "--config", world.config, "--on", "athena", "--from", "2026-04-01", "--to",
                 "2026-04-02", "--format", "json")  # fmt: skip  # one call
    assert (result.exit_code, json.loads(result.stdout)) == (0, [])


def test_whoever_may_not_list_the_bucket_gets_an_answer_without_its_price(world: AskedHistory) -> None:
    world.running.plan_faults([{"kind": "denied", "operation": "s3:ListObjectsV2"}])
    try:
        told = asked(world, "usage_by_user").stderr
    finally:
        world.running.plan_faults([])
    assert "its cost cannot be told before: AWS denied ListObjectsV2: the exporter needs s3:" in told


@pytest.mark.parametrize("output", ["no/such/folder/x.csv", "."])
def test_an_output_that_cannot_be_is_told_before_anything_is_asked(
    world: AskedHistory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    monkeypatch.chdir(tmp_path)
    count = started(world)
    assert "--output" in refused("usage_by_user", "--config", world.config, *ON, "--output", output)
    assert started(world) == count


def test_without_matplotlib_html_names_the_extra_before_anything_is_asked(
    world: AskedHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # as Python itself says that a module is not there
    count = started(world)
    for name, more in (("users", ()), ("usage_by_user", ON)):
        words = refused(name, "--config", world.config, "--format", "html", *more)
        assert "pip install 'athena-observability[charts]'" in words
        assert len(words.splitlines()) == 1
    assert started(world) == count


ROOT = Path(__file__).resolve().parents[3]


def test_the_commands_of_the_documentation_run_and_make_what_it_says(
    world: AskedHistory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "docs" / "history.md").read_text()
    commands = text.partition("<!-- asking: ")[2].partition("<!-- /asking -->")[0].split("```")[1].strip().splitlines()
    assert len(commands) >= 6
    (tmp_path / "exporter.yml").write_bytes(world.config.read_bytes())
    monkeypatch.chdir(tmp_path)
    for command in commands:
        program, *arguments = shlex.split(command)
        result = CliRunner().invoke(main, arguments)
        assert (program, result.exit_code) == ("athena-exporter", 0), f"{command}\n{result.output}"
    made = {one.name: one.read_text() for one in tmp_path.iterdir()}
    assert made.keys() == {"exporter.yml", "failures.csv", "march.html", "march-ledger.html"}
    titles = [f'<h2 id="head-{at}">{BY_NAME[name].title}</h2>' for at, name in enumerate(PAGE_QUESTIONS, 1)]
    assert [title for title in titles if title not in made["march.html"]] == []
    for page in (made["march.html"], made["march-ledger.html"]):
        assert ">Usage by day</h2>" in page
        assert page.count("<svg") == page.count("<section") >= 6, "each part has something to draw"
        assert "nothing was found" not in page
        assert "<script" not in page
        assert "&lt;script&gt;alert(" in page


@pytest.mark.parametrize(("name", "more"), [("users", ON[2:]), ("usage_by_user", ON), ("failures", ON[2:])])
def test_a_hostile_name_on_a_page_is_words(world: AskedHistory, name: str, more: tuple[str, ...]) -> None:
    result = run(name, "--config", world.config, *more, "--format", "html")
    assert result.exit_code == 0, result.output
    hostile.assert_harmless(result.stdout)


@pytest.mark.parametrize("form", list(reports.Format))
def test_a_report_of_the_ledger_goes_to_a_file_in_every_format(
    world: AskedHistory, tmp_path: Path, form: reports.Format
) -> None:
    path = tmp_path / f"users.{form}"
    result = run("users", "--config", world.config, "--from", FIRST, "--to", LAST, "--format", form, "--output", path)
    assert (result.exit_code, result.stdout) == (0, ""), result.output
    assert all(name in path.read_text() for name in ("ann", "bob"))


def test_a_page_leaves_out_what_its_backend_cannot_answer_and_says_so() -> None:
    assert of_page(Backend.HISTORY) == (PAGE_QUESTIONS, ())
    for backend in Backend:
        kept, words = of_page(backend)
        assert kept
        assert len(kept) + len(words) == len(PAGE_QUESTIONS)
        assert all(BY_NAME[name].lacks(backend) is None for name in kept)


def test_nothing_is_asked_that_iam_policy_does_not_grant(world: AskedHistory) -> None:
    world.running.testbed.forget_calls()
    asked(world, "usage_by_user")
    policy = CliRunner().invoke(main, ["iam-policy", "--config", str(world.config), "--report"])
    assert {"athena:StartQueryExecution", "s3:ListBucket"} <= called(world.running) <= actions(policy.stdout)


def test_names_that_are_alike_exist_on_their_sides() -> None:
    assert set(ALIKE.values()) <= BY_NAME.keys()
    assert set(ALIKE) <= {*reports.BY_NAME, reports.TABLES}


def test_the_month_before_is_whole() -> None:
    assert str(last_month(date(2026, 3, 31))) == "2026-02-01 to 2026-02-28 (28 days)"
    assert str(last_month(date(2026, 1, 1))) == "2025-12-01 to 2025-12-31 (31 days)"


def test_help_names_every_question_and_completion_offers_it() -> None:
    text = run("--help").stdout
    assert all(name in text for name in BY_NAME)
    offered = report.params[0].type.shell_complete(None, None, "usage_by_")  # type: ignore[arg-type]  # click asks a choice without a context
    assert {one.value for one in offered} == {"usage_by_day", "usage_by_user", "usage_by_workgroup"}
