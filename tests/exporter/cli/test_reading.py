"""Why these tests exist: `report` and `metrics` are what a person has without Prometheus; wrong usage is one line."""

import csv
import io
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from book import MB, TARGET, Book, opened, query, settings_for, start
from click.testing import CliRunner, Result

import athena_exporter
from athena_exporter.cli import main
from athena_exporter.cli.failing import SetupError, explained
from athena_exporter.cli.serving import serve

ROOT = Path(__file__).resolve().parents[3]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory of its own, and no configuration of this machine."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def refused(*arguments: str) -> str:
    """What standard error says of a command that exits with 2, without a traceback."""
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    assert result.stdout == ""
    return result.stderr


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    """A ledger of the last days: a query of a minute ago by ann, one of three days ago by bob."""
    now = datetime.now(UTC)
    with opened(settings_for(tmp_path), born=now - 30 * DAY) as book:
        book.deliver(query(1, at=now - timedelta(minutes=1)), start(1), at=now)
        book.deliver(query(2, at=now - 3 * DAY, scanned_bytes=MB), start(2, "bob"), at=now)
        yield book


def users(*arguments: str) -> list[str]:
    result = run("report", "users", "--ledger", "ledger.db", "--format", "json", *arguments)
    assert result.exit_code == 0, result.output
    return [row["user"] for row in json.loads(result.stdout)]


@pytest.mark.usefixtures("book")
def test_a_report_is_a_table_of_the_top_users_by_default() -> None:
    result = run("report", "--ledger", "ledger.db")
    assert result.exit_code == 0
    assert "ann" in result.stdout
    assert result.stdout.index("ann") < result.stdout.index("bob"), "the dearest first"
    assert result.stderr == ""


@pytest.mark.usefixtures("book")
def test_json_and_csv_hold_raw_numbers_and_everything() -> None:
    shown = json.loads(run("report", "users", "--ledger", "ledger.db", "--format", "json", "--limit", "1").stdout)
    assert [row["user"] for row in shown] == ["ann", "bob"], "a limit is for tables"
    rows = list(csv.reader(io.StringIO(run("report", "users", "--ledger", "ledger.db", "--format", "csv").stdout)))
    assert len({len(row) for row in rows}) == 1
    assert str(100 * MB) in rows[1]


@pytest.mark.usefixtures("book")
def test_a_limit_shortens_a_table() -> None:
    shown = run("report", "users", "--ledger", "ledger.db", "--limit", "1").stdout
    assert "ann" in shown
    assert "bob" not in shown


@pytest.mark.usefixtures("book")
def test_since_is_a_duration_a_date_or_a_time() -> None:
    now = datetime.now(UTC)
    assert users() == ["ann", "bob"]
    assert users("--since", "2h") == ["ann"]
    assert users("--since", (now - 5 * DAY).strftime("%Y-%m-%d")) == ["ann", "bob"]
    assert users("--since", (now - 2 * HOUR).strftime("%Y-%m-%dT%H:%MZ")) == ["ann"]
    assert users("--since", (now - 5 * DAY).isoformat(), "--until", "1d") == ["bob"]
    assert users("--since", (now + 9 * HOUR - 2 * HOUR).strftime("%Y-%m-%dT%H:%M:%S+09:00")) == ["ann"]


@pytest.mark.usefixtures("book")
def test_a_time_may_come_from_a_program_as_a_time() -> None:
    defaults = {"report": {"since": datetime.now(UTC) - 2 * HOUR, "ledger_path": "ledger.db", "form": "json"}}
    result = CliRunner().invoke(main, ["report"], default_map=defaults)
    assert [row["user"] for row in json.loads(result.stdout)] == ["ann"]


@pytest.mark.usefixtures("book")
def test_a_range_of_nothing_is_an_empty_report_and_no_error() -> None:
    assert users("--since", "2020-01-01", "--until", "2020-01-02") == []


def test_the_ledger_is_the_one_of_the_configuration(book: Book, tmp_path: Path) -> None:
    config = tmp_path / "exporter.yml"
    config.write_text(f"ledger:\n  path: {book.settings.path}\n")
    result = run("report", "--config", str(config), "--format", "json")
    assert [row["user"] for row in json.loads(result.stdout)] == ["ann", "bob"]


def test_a_report_reads_while_the_exporter_writes(book: Book) -> None:
    book.deliver(query(3, at=datetime.now(UTC)), start(3, "cyd"), at=datetime.now(UTC))
    assert set(users()) == {"ann", "bob", "cyd"}
    assert book.ledger.targets() == [TARGET]


def test_without_a_ledger_one_line_says_how_to_name_one(tmp_path: Path) -> None:
    line = "athena-exporter: ledger athena-ledger.db: there is no such file; name it with --ledger or in the"
    assert refused("report") == f"{line} configuration\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--ledger", "--config"])
def test_a_folder_is_no_file(option: str, tmp_path: Path) -> None:
    assert "is a directory" in refused("report", option, str(tmp_path))


def test_something_else_than_a_ledger_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "letter.db").write_text("dear diary, " * 500)
    line = "athena-exporter: ledger letter.db: it is damaged; restore a backup or move it away (it is never deleted)\n"
    assert refused("report", "--ledger", "letter.db") == line


@pytest.mark.parametrize("said", ["yesterday", "2026-13-01", "7 parsecs", "", "-1d", "1e999d", "2026-03-28T25:00Z"])
def test_a_time_that_is_none_is_refused_with_examples(said: str) -> None:
    assert f"{said!r} is no time: write 7d, 2026-03-28 or 2026-03-28T14:00Z" in refused("report", f"--since={said}")


@pytest.mark.parametrize("said", ["999999999d", "9999999999999999w"])
def test_a_time_before_all_time_is_refused_too(said: str) -> None:
    assert "is no time" in refused("report", "--since", said)


@pytest.mark.parametrize(
    "wrong",
    [["--limit", "0"], ["--format", "xml"], ["--colour"], ["nonsense"], ["users", "extra"]],
)
def test_wrong_usage_is_told_with_exit_code_2(wrong: list[str]) -> None:
    assert "Usage: " in refused("report", *wrong)


def test_every_problem_of_a_configuration_has_its_line(tmp_path: Path) -> None:
    config = tmp_path / "bad.yml"
    config.write_text("ledgr:\n  path: x\npricing:\n  usd_per_tb: dear\n")
    lines = refused("report", "--config", str(config)).splitlines()
    assert len(lines) == 2
    assert all(line.startswith(f"athena-exporter: {config}:") for line in lines)
    assert "ledger" in lines[0], "the nearest right key is named"
    assert ":4: pricing.usd_per_tb" in lines[1]


def test_metrics_prints_the_committed_document() -> None:
    result = run("metrics")
    assert result.exit_code == 0
    assert result.stdout == (ROOT / "docs" / "metrics.md").read_text()


def test_the_version_and_the_help_are_told() -> None:
    assert run("--version").stdout.strip() == f"athena-exporter, version {athena_exporter.__version__}"
    for arguments in (["-h"], ["serve", "-h"], ["report", "--help"], ["metrics", "--help"]):
        result = run(*arguments)
        assert result.exit_code == 0
        assert result.stdout.startswith("Usage: ")
    assert "top spenders" in run("-h").stdout


def test_a_command_that_was_called_by_itself_keeps_both_help_options() -> None:
    assert CliRunner().invoke(serve, ["--help"]).exit_code == 0
    assert run("serve", "-h").exit_code == 0


def test_a_bug_keeps_its_traceback() -> None:
    @click.command()
    @explained
    def buggy() -> None:
        raise KeyError("a bug")

    result = CliRunner().invoke(buggy)
    assert isinstance(result.exception, KeyError)


def test_each_line_of_a_set_up_problem_says_who_speaks() -> None:
    @click.command()
    @explained
    def wrong() -> None:
        raise SetupError("one\ntwo")

    result = CliRunner().invoke(wrong)
    assert (result.exit_code, result.stderr) == (2, "athena-exporter: one\nathena-exporter: two\n")
