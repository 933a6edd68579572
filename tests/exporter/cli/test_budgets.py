"""Why these tests exist: before a budget warns anybody, a person tries it on the past, and reads who is where."""

import csv
import io
import json
import os
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hostile
import pytest
from book import HOUR, MB, TARGET, Book, opened, query, settings_for, start
from click.testing import CliRunner, Result

from athena_exporter.cli import diagnosis, main, wiring
from athena_exporter.cli.service import Service
from athena_exporter.config import load
from athena_exporter.ledger.store import Ledger
from athena_exporter.outlets.findings import Mark
from athena_exporter.records import epoch_ms
from athena_exporter.telemetry import Telemetry

NOW = datetime.now(UTC)
TODAY = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
CONFIG = """
budgets:
  - {name: daily, per: user, window: rolling 24h, limit: 100 MiB, warn: 0.5}
  - {name: roles, per: role, window: rolling 7d, limit: 1 USD}
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory of its own, and no configuration of this machine."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    (tmp_path / "exporter.yml").write_text("ledger: {path: ledger.db}\n" + CONFIG, encoding="utf-8")
    (tmp_path / "budgets.yml").write_text(CONFIG, encoding="utf-8")


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    """Ann used 120 MiB in two queries of the last hours, bob 10 MiB; carl used 90 MiB three days ago."""
    budgets = wiring.budgets(load(tmp_path / "exporter.yml", {}))
    with opened(settings_for(tmp_path, budgets=budgets), born=NOW - timedelta(days=30)) as book:
        for number, (user, size, age) in enumerate(
            (("carl", 90, 72 * HOUR), ("ann", 60, 5 * HOUR), ("ann", 60, 4 * HOUR), ("bob", 10, HOUR))
        ):
            at = NOW - age
            book.deliver(query(number, at=at, scanned_bytes=size * MB), start(number, user), at=at)
        yield book


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def rows(*arguments: str) -> list[dict[str, Any]]:
    result = run(*arguments, "--format", "json")
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def refused(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    return result.stderr


# -- report budgets -----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("book")
def test_the_report_tells_who_is_where_nearest_first() -> None:
    found = rows("report", "budgets", "--config", "exporter.yml")
    daily = [(row["subject"], row["used_bytes"], row["level"]) for row in found if row["budget"] == "daily"]
    assert daily == [("ann", 120 * MB, "exceeded"), ("bob", 10 * MB, "ok")]
    (role,) = [row for row in found if row["budget"] == "roles"]
    assert (role["subject"], role["per"], role["limit_usd"], role["used_bytes"]) == ("analyst", "role", 1.0, None)
    assert role["account_id"] == TARGET.account_id


@pytest.mark.usefixtures("book")
def test_the_report_for_people_has_units_notes_and_a_summary() -> None:
    result = run("report", "budgets", "--config", "exporter.yml", "--limit", "1")
    assert result.exit_code == 0, result.output
    shown = " ".join(result.stdout.split())
    for words in ("120 MiB", "100 MiB", "120.0%", "exceeded", "1 exceeded, 0 warned, 2 ok", "1 of 3 rows"):
        assert words in shown
    assert "what running queries have scanned so far is not known" in shown


@pytest.mark.usefixtures("book")
def test_budgets_that_the_exporter_does_not_count_yet_are_named() -> None:
    shown = " ".join(run("report", "budgets", "--ledger", "ledger.db").stdout.split())
    assert "not counted yet: user-daily, workgroup-monthly;" in shown


@pytest.mark.usefixtures("book")
def test_the_report_as_csv_has_a_column_for_each_unit() -> None:
    found = run("report", "budgets", "--config", "exporter.yml", "--format", "csv").stdout
    header, first, *_ = csv.reader(io.StringIO(found))
    assert dict(zip(header, first, strict=True))["used_bytes"] == str(120 * MB)


# -- budgets simulate ---------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("book")
def test_a_simulation_tells_who_would_have_been_warned_or_stopped_and_when() -> None:
    found = rows("budgets", "simulate", "--budgets", "budgets.yml", "--ledger", "ledger.db", "--from", "7d")
    told = [(row["subject"], row["level"], row["used_bytes"], row["most_bytes"], row["resolution"]) for row in found]
    assert told == [
        ("carl", "warned", 90 * MB, 90 * MB, "query"),
        ("ann", "warned", 60 * MB, 120 * MB, "query"),
        ("ann", "exceeded", 120 * MB, 120 * MB, "query"),
    ]
    assert [row["at"] for row in found][1] == (NOW - 5 * HOUR).isoformat(timespec="seconds")


@pytest.mark.usefixtures("book")
def test_what_was_used_before_the_range_counts_in_it() -> None:
    found = rows("budgets", "simulate", "--config", "exporter.yml", "--from", "4h30m")
    assert [(row["subject"], row["level"]) for row in found] == [("ann", "exceeded")]
    assert rows("budgets", "simulate", "--config", "exporter.yml", "--from", "3h") == []
    assert [row["subject"] for row in rows("budgets", "simulate", "--config", "exporter.yml", "--to", "2d")] == ["carl"]


@pytest.mark.usefixtures("book")
def test_a_simulation_for_people_says_what_it_knew() -> None:
    result = run("budgets", "simulate", "--config", "exporter.yml")
    shown = " ".join(result.stdout.split())
    assert "1 over a limit, 0 of them stopped, 1 warned only" in shown
    assert "query by query from" in shown
    assert "what running queries have scanned so far is not known" in shown
    assert result.stderr == "", "no bar where nobody sits"


@pytest.mark.parametrize("command", [("report", "budgets"), ("budgets", "simulate")])
def test_a_hostile_name_on_a_page_of_budgets_is_words(book: Book, command: tuple[str, ...]) -> None:
    at = NOW - 2 * HOUR
    book.deliver(query(9, at=at, scanned_bytes=130 * MB), start(9, hostile.NAME), at=at)
    result = run(*command, "--config", "exporter.yml", "--format", "html")
    assert result.exit_code == 0, result.output
    hostile.assert_harmless(result.stdout)


def test_pruned_queries_are_replayed_by_the_hour(tmp_path: Path) -> None:
    with opened(settings_for(tmp_path, retention=HOUR * 3), born=NOW - timedelta(days=30)) as book:
        for number in range(10):
            at = NOW - (40 - 4 * number) * HOUR
            book.deliver(query(number, at=at, scanned_bytes=60 * MB), start(number), at=at)
        book.swept(NOW)
        book.ledger.prune(TARGET)
    found = rows("budgets", "simulate", "--config", "exporter.yml", "--from", "3d")
    assert [(row["level"], row["resolution"]) for row in found] == [("warned", "hour"), ("exceeded", "hour")]
    shown = " ".join(run("budgets", "simulate", "--config", "exporter.yml", "--from", "3d").stdout.split())
    assert "by the hour from" in shown
    assert "nothing of them for roles" in shown


def test_what_is_older_than_hours_is_replayed_by_the_day(tmp_path: Path) -> None:
    with opened(settings_for(tmp_path, retention=HOUR * 3), born=NOW - timedelta(days=70)) as book:
        for number, days in enumerate((60, 50, 40, 30, 20, 0)):
            at = NOW - timedelta(days=days)
            book.deliver(query(number, at=at, scanned_bytes=60 * MB), start(number), at=at)
        book.swept(NOW)
        book.ledger.prune(TARGET)
    found = rows("budgets", "simulate", "--config", "exporter.yml", "--from", "65d")
    known_by = [row["resolution"] for row in found]
    assert known_by == ["day"] * 3 + ["hour"] * 2 + ["query"]
    assert all(row["at"].endswith("T00:00:00+00:00") for row in found[:3])


def test_odd_budgets_are_spoken_of_while_they_are_tried(book: Book, tmp_path: Path) -> None:
    assert book.settings.path.exists()
    (tmp_path / "odd.yml").write_text(CONFIG + CONFIG.replace("budgets:\n", "").replace("name: ", "name: x"))
    result = run("budgets", "simulate", "--budgets", "odd.yml", "--ledger", "ledger.db")
    assert result.exit_code == 0
    assert (
        "budgets 'daily' and 'xdaily' count the same queries per user and window with the same limit" in result.stderr
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--budgets", "none.yml"), "none.yml: cannot be read"),
        (("--ledger", "none.db"), "ledger none.db: there is no such file"),
        (("--from", "1h", "--to", "2h"), "is not before --to"),
        (("--from", "yesterday"), "'yesterday' is no time: write 7d"),
    ],
)
def test_wrong_usage_is_one_line(arguments: tuple[str, ...], words: str) -> None:
    assert words in refused("budgets", "simulate", "--config", "exporter.yml", *arguments)


def test_help_says_what_is_not_known() -> None:
    shown = " ".join(run("budgets", "simulate", "--help").stdout.split())
    assert "what a running query has scanned is not known before it ends" in shown


# -- check and serve ----------------------------------------------------------------------------------------------

ODD = """
ledger: {path: ledger.db}
budgets:
  - {name: low, per: user, window: day, limit: 1 GiB}
  - name: high
    per: user
    window: day
    limit: 2 GiB
    exceptions: [{subject: ann, limit: none, until: 2020-01-01, reason: a migration}]
"""
CONTRADICTION = "budgets 'low' and 'high' count the same queries per user and window and contradict each other"
OVER = "budget 'high': exception 1 (a migration) ended with 2020-01-01"


def test_check_notes_what_is_odd_and_says_when_nothing_is(tmp_path: Path) -> None:
    (tmp_path / "odd.yml").write_text(ODD, encoding="utf-8")
    notes = list(diagnosis.of_budgets(wiring.budgets(load(tmp_path / "odd.yml", {})), epoch_ms(NOW)))
    assert [note.mark for note in notes] == [Mark.NOTE] * 2, "a check does not fail for them"
    assert notes[0].words.startswith(CONTRADICTION)
    assert notes[1].words.startswith(OVER)
    (fine,) = diagnosis.of_budgets(wiring.budgets(load(None, {})), epoch_ms(NOW))
    assert (fine.mark, fine.words) == (Mark.OK, "2, none contradicts another")
    (none,) = diagnosis.of_budgets((), epoch_ms(NOW))
    assert none.words == "none: nobody is warned of anything"


def test_serve_warns_of_what_is_odd_when_it_starts(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "odd.yml").write_text(ODD, encoding="utf-8")
    config = load(tmp_path / "odd.yml", {})
    with closing(Ledger(wiring.ledger_settings(config), monotonic=lambda: 0.0)) as ledger:
        Service(config, ledger, Telemetry())._tell_ledger()
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [line.startswith(start) for line, start in zip(warnings, (CONTRADICTION, OVER), strict=True)] == [True, True]
