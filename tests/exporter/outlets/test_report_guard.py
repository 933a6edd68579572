"""Why these tests exist: whoever asks why a query of theirs was stopped gets this list."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from book import HOUR, MINUTE, NOON, SECOND, TARGET, opened, query_id, settings_for
from click.testing import CliRunner
from guarded import LIMIT, World, enforced
from rich.console import Console

from athena_exporter.budgets import Mode, Result
from athena_exporter.cli import main
from athena_exporter.ledger import guarding
from athena_exporter.outlets import report as reports


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Ann's query was stopped at noon, and a minute later a second one would have been."""
    settings = settings_for(tmp_path, budgets=(enforced(),))
    with opened(settings) as book:
        world = World(book)
        world.spend(1, "ann")
        world.begin(2, "ann")
        world.guard().run_once()
        world.later(MINUTE)
        world.begin(3, "ann", at=NOON + MINUTE)
        world.guard(Mode.DRY_RUN, has_role=False).run_once()
        guard = book.ledger.guard_book(TARGET)
        guard.intend([], Mode.ENFORCE, 0)
    return settings.path


def table(path: Path, limit: int | None = None) -> reports.Table:
    return reports.build_guard(guarding.intents(path, NOON - HOUR, NOON + HOUR), limit=limit)


def test_the_newest_action_comes_first_with_what_led_to_it(path: Path) -> None:
    shown = table(path, limit=5)
    assert shown.rows == (
        ("03-10 12:01", "dry_run", "ann", "daily", 2.0, query_id(3)),
        ("03-10 12:00", "stopped", "ann", "daily", 2.0, query_id(2)),
    )
    assert shown.notes == ("1 stopped, 1 dry_run",)


def test_a_limit_cuts_the_oldest_and_says_so(path: Path) -> None:
    shown = table(path, limit=1)
    assert (len(shown.rows), shown.omitted) == (1, 1)
    assert shown.notes == ("1 stopped, 1 dry_run",)
    with pytest.raises(ValueError, match="a limit of 0 shows nothing"):
        table(path, limit=0)


def test_machines_get_everything(path: Path) -> None:
    newest, oldest = csv.DictReader(io.StringIO(reports.to_csv(table(path))))
    assert (newest["mode"], oldest["mode"]) == ("dry_run", "enforce")
    assert (oldest["account_id"], oldest["region"]) == (TARGET.account_id, TARGET.region)
    assert (oldest["used_bytes"], oldest["limit_bytes"], oldest["used_usd"]) == (str(2 * LIMIT), str(LIMIT), "")
    assert (oldest["tries"], newest["tries"]) == ("1", "0")
    assert oldest["decided_at"] == "2026-03-10T12:00:00+00:00"


def test_the_command_answers_for_a_range_beside_a_running_exporter(path: Path) -> None:
    common = ["report", "guard", "--ledger", str(path)]
    answer = CliRunner().invoke(
        main, [*common, "--since", NOON.isoformat(), "--until", (NOON + SECOND).isoformat(), "--format", "json"]
    )
    assert answer.exit_code == 0, answer.output
    assert [row["result"] for row in json.loads(answer.stdout)] == ["stopped"]
    nothing = CliRunner().invoke(main, [*common, "--since", "2026-01-01", "--until", "2026-01-02"])
    assert "nothing in this range" in nothing.stdout


def test_it_fits_eighty_columns_with_long_names_and_results(path: Path) -> None:
    (one, _) = guarding.intents(path, NOON - HOUR, NOON + HOUR)
    long = replace(
        one.intent, user="firstname.lastname@example.com", subject="a-workgroup", result=Result.ALREADY_FINISHED
    )
    console = Console(width=reports.NARROWEST)
    with console.capture() as capture:
        console.print(reports.to_rich(reports.build_guard([replace(one, intent=long)], limit=5)))
    assert "already_finished" in capture.get()
    assert "200.0%" in capture.get()
    assert "…" not in capture.get()
