"""Why these tests exist: the history and the bill are how an owner checks the ledger; neither may agree by mistake."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hostile
import pytest
from asked_history import FIRST, AskedHistory, asked_history, credentials, report_table
from book import TARGET
from click.testing import CliRunner, Result

from athena_exporter.cli import main

DAY = f"{FIRST}"
MB = {"2^40": 2**20, "10^12": 10**6}
LIST_USD = 5.0


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AskedHistory]:
    with credentials(), asked_history(tmp_path_factory.mktemp("verified")) as found:
        found.run("CREATE DATABASE billing")
        yield found


def verify(config: Path, *arguments: object) -> Result:
    told = ["verify", "--on", "athena", "--config", str(config), "--day", DAY, *map(str, arguments)]
    return CliRunner().invoke(main, told, env={"COLUMNS": "160"})


def found(result: Result) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def test_the_history_agrees_with_the_ledger_to_the_byte(world: AskedHistory) -> None:
    result = verify(world.config, "--tolerance", "0", "--format", "json")
    assert result.exit_code == 0, result.output
    lines = found(result)["queries"]
    assert {line["cause"] for line in lines} == {"agrees"}
    assert {line["state"] for line in lines} == {"succeeded", "failed", "cancelled"}
    assert sum(line["history_queries"] for line in lines) == 15
    assert sum(line["history_bytes"] for line in lines) == sum(line["ledger_bytes"] for line in lines) > 0
    assert "no bill was compared: asking.cost_report names no Cost and Usage Report" in found(result)["notes"]


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ("UPDATE usage_types SET queries = queries + 1", "the history lacks some"),
        ("UPDATE usage_types SET queries = queries - 1", "the ledger lacks some"),
        ("UPDATE usage_types SET scanned_bytes = scanned_bytes / 2", "unexplained"),
    ],
)
def test_a_difference_fails_with_its_likely_cause(world: AskedHistory, tmp_path: Path, change: str, cause: str) -> None:
    ledger = tmp_path / "changed.db"
    ledger.write_bytes((world.config.parent / "ledger.db").read_bytes())
    with closing(sqlite3.connect(ledger)) as connection, connection:
        connection.execute(change)
    result = verify(world.config, "--ledger", ledger)
    assert result.exit_code == 1, result.output
    assert cause in " ".join(result.stdout.split())


def test_a_day_whose_windows_may_not_be_written_yet_is_no_error(world: AskedHistory) -> None:
    now = datetime.now(UTC)
    day = f"{now - timedelta(minutes=1):%Y-%m-%d}"
    result = CliRunner().invoke(main, ["verify", "--on", "athena", "--config", str(world.config), "--day", day])
    assert result.exit_code == 0, result.output
    assert "look again then" in result.stdout


def charges(size: int, *, usd_per_tb: float = LIST_USD, **more: Any) -> list[dict[str, Any]]:
    """What AWS would bill for the first day, did a TB have a million of such MB: the fixture's own arithmetic."""
    rows = []
    for workgroup, number in (("etl", 0), ("analytics", 1)):
        tb = 0.0
        for query in range(1, 46):
            is_billed = query % 5 != 2
            if query % 3 == 0 and query % 2 == number and is_billed:
                scanned = query * 7 * 2**20 + query
                tb += max(10, -(-scanned // size)) / (2**20 if size == 2**20 else 10**6)
        rows.append(line(workgroup, tb, tb * usd_per_tb) | more)
    return rows


def line(workgroup: str, tb: float, usd: float, type_: str = "Usage") -> dict[str, Any]:
    return {
        "line_item_usage_account_id": TARGET.account_id,
        "line_item_resource_id": f"arn:aws:athena:{TARGET.region}:{TARGET.account_id}:workgroup/{workgroup}",
        "line_item_line_item_type": type_,
        "line_item_usage_start_date": datetime(2026, 3, 10, 5, tzinfo=UTC).replace(tzinfo=None),
        "line_item_product_code": "AmazonAthena",
        "line_item_usage_type": "EU-DataScannedInTB",
        "line_item_usage_amount": tb,
        "line_item_unblended_cost": usd,
    }


def noise() -> list[dict[str, Any]]:
    """Lines of the report that are no scan of this day."""
    other_day = datetime(2026, 3, 11).replace(tzinfo=None)  # noqa: DTZ001  the report's times have no zone
    return [
        line("etl", 7.0, 35.0) | {"line_item_usage_start_date": other_day},
        line("etl", 7.0, 35.0) | {"line_item_usage_type": "EU-ReservedCapacity-DPU-Hours"},
        line("etl", 7.0, 35.0) | {"line_item_product_code": "AmazonS3"},
        line("etl", 0.0, -1.0, "Credit"),
        line("etl", 7.0, 35.0) | {"line_item_usage_account_id": "999988887777"},
    ]  # fmt: skip  # rows


def billed(world: AskedHistory, folder: Path, rows: list[dict[str, Any]], **told: Any) -> Path:
    """The report as it is now, and a configuration that names it."""
    world.run("DROP TABLE IF EXISTS billing.cur2", report_table(world.archive, rows, **told))
    return world.configured(folder, cost_report="billing.cur2")


@pytest.mark.parametrize("words", MB)
def test_the_bill_tells_which_terabyte_it_is_made_of(world: AskedHistory, tmp_path: Path, words: str) -> None:
    result = verify(billed(world, tmp_path, charges(MB[words]) + noise()), "--format", "json")
    assert result.exit_code == 0, result.output
    told = " ".join(found(result)["explanation"])
    assert f"a TB of {words} bytes explains it" in told
    assert "residual +0.00%" in told or "residual -0.00%" in told
    assert "no discount in the price" in told
    assert ("set pricing.tb_bytes: 1TB" in told) == (words == "10^12")
    assert {row["workgroup"] for row in found(result)["bill"]} == {"etl", "analytics"}
    assert "not compared, for nobody here has counted them: 999988887777" in told


def test_the_bill_tells_which_discount_explains_the_price(world: AskedHistory, tmp_path: Path) -> None:
    rows = charges(2**20, usd_per_tb=4.4)
    total = sum(row["line_item_unblended_cost"] for row in rows)
    told = verify(billed(world, tmp_path, [*rows, line("etl", 0.0, -total / 10, "EdpDiscount")])).stdout
    told = " ".join(told.split())
    assert "a discount of 12.0% on the list price of $5.00 a TB" in told
    assert "lines of discounts take" in told
    assert "10.0%" in told


def test_a_bill_that_nothing_explains_fails(world: AskedHistory, tmp_path: Path) -> None:
    rows = charges(2**20)
    rows[0]["line_item_usage_amount"] *= 3
    result = verify(billed(world, tmp_path, rows))
    assert result.exit_code == 1
    assert "residual +" in " ".join(result.stdout.split())


def test_a_day_that_is_not_billed_yet_is_told_and_no_error(world: AskedHistory, tmp_path: Path) -> None:
    result = verify(billed(world, tmp_path, noise()))
    assert result.exit_code == 0, result.output
    assert "billing.cur2 bills no scan of these accounts on this day (yet)" in result.stdout


@pytest.mark.parametrize(
    ("report", "without", "words"),
    [
        ("billing.nothing", None, "Athena knows no table billing.nothing: check its database and name"),
        ("billing.cur2", "line_item_resource_id", "is no Cost and Usage Report 2.0 with line items with resource IDs"),
    ],
)
def test_a_report_that_is_none_is_one_line(
    world: AskedHistory, tmp_path: Path, report: str, without: str | None, words: str
) -> None:
    billed(world, tmp_path, charges(2**20), without=without)
    result = verify(world.configured(tmp_path, cost_report=report))
    assert result.exit_code == 2
    assert result.stdout == ""
    assert f"asking.cost_report: {words}" in result.stderr.replace(f"{report} is no Cost", "is no Cost")
    assert "Traceback" not in result.stderr


def test_every_format_has_both_tables_or_says_the_rest(world: AskedHistory, tmp_path: Path) -> None:
    config = billed(world, tmp_path, charges(2**20))
    table, page, csv = (verify(config, "--format", form) for form in ("table", "html", "csv"))
    for text in (table.stdout, page.stdout):
        assert "in the ledger and in the history" in text
        assert "What AWS billed for scans" in text
    assert csv.stdout.splitlines()[0].startswith("account_region,workgroup,state,ledger_queries,history_queries")
    assert "a TB of 2^40 bytes explains it" in csv.stderr


def test_a_hostile_name_on_the_page_is_words(world: AskedHistory, tmp_path: Path) -> None:
    ledger = tmp_path / "renamed.db"
    ledger.write_bytes((world.config.parent / "ledger.db").read_bytes())
    with closing(sqlite3.connect(ledger)) as connection, connection:
        connection.execute("UPDATE usage_types SET workgroup = ? WHERE workgroup = 'etl'", (hostile.NAME,))
    result = verify(world.config, "--ledger", ledger, "--format", "html")
    assert result.exit_code == 1, "the history knows no such workgroup"
    hostile.assert_harmless(result.stdout)


def test_a_workgroup_of_athena_is_none_of_cloudwatchs(world: AskedHistory) -> None:
    result = CliRunner().invoke(main, ["verify", "--config", str(world.config), "--workgroup", "w"])
    assert (result.exit_code, result.stderr) == (2, "athena-exporter: --workgroup goes with --on athena\n")
