"""Why these tests exist: three tables can tell what ran; whoever asks one of them has to get what that one knows."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asked_history import ON, AskedHistory, asked, asked_history, credentials, refused, run, started
from asked_trail import LEDGER, ON_TRAIL, QUERIES, TRAIL, scanned_bytes

from athena_testbed.truth import billed_bytes, known_bytes, nano_usd
from athena_testbed.world.plan import Plan


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AskedHistory]:
    with credentials(), asked_history(tmp_path_factory.mktemp("asked")) as found:
        yield found


# -- CloudTrail -------------------------------------------------------------------------------------------------------


def test_cloudtrail_names_the_users_whom_the_history_cannot(world: AskedHistory) -> None:
    def sums(backend: str) -> dict[str, tuple[int, int]]:
        result = run("usage_by_user", "--config", world.config, *ON_TRAIL, "--backend", backend, "--format", "json")
        assert result.exit_code == 0, result.output
        return {row["user_name"]: (row["queries"], row["scanned_bytes"]) for row in json.loads(result.stdout)}

    def truth(users: dict[int, str]) -> dict[str, tuple[int, int]]:
        found: Counter[str] = Counter()
        scanned: Counter[str] = Counter()
        for number in QUERIES:
            user = users.get(number, "unattributed")
            found[user] += 1
            scanned[user] += scanned_bytes(number)
        return {user: (found[user], scanned[user]) for user in found}

    assert sums("history") == truth(LEDGER)
    assert sums("cloudtrail") == truth({**LEDGER, **TRAIL})
    assert len(sums("cloudtrail")) == 4


@pytest.mark.parametrize("name", ["usage_by_day", "usage_by_workgroup", "failure_reasons", "table_usage", "savings"])
def test_what_names_no_user_is_the_same_from_cloudtrail(world: AskedHistory, name: str) -> None:
    told = [
        json.loads(asked(world, name, "--backend", backend, "--format", "json").stdout)
        for backend in ("history", "cloudtrail")
    ]
    assert told[0] == told[1] != []


def test_cloudtrails_files_are_named_beside_the_price_and_the_cap_holds(world: AskedHistory) -> None:
    count = started(world)
    told = asked(world, "usage_by_user", "--backend", "cloudtrail", "--dry-run").stdout
    first = told.splitlines()[0]
    assert "will likely scan" in first
    assert first.endswith("and CloudTrail's files of those days, whose size is not known here")
    assert "FROM cloudtrail_logs" in told
    words = refused(
        "usage_by_user", "--config", world.config, *ON, "--backend", "cloudtrail", "--max-bytes", "1KiB"
    )  # fmt: skip  # one call
    assert "it would scan about" in words
    assert "may scan 1KiB a question" in words
    assert started(world) == count


# -- Athena's own table -----------------------------------------------------------------------------------------------


class Own:
    """Queries that the account itself has run, in a workgroup in which nobody asks, and how its table is asked."""

    def __init__(self, world: AskedHistory) -> None:
        at = datetime.now(UTC) - timedelta(hours=2)
        world.running.add(*(self._query(number, at) for number in range(12)))
        self.first, self.last = at.date(), at.date() + timedelta(days=1)
        since, until = (
            int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
            for day in (self.first, self.last + timedelta(days=1))
        )
        with world.running.account.lock:
            ended = tuple(world.running.account.ended(since, until))
        self.plans = tuple(plan for plan in ended if plan.workgroup == "primary")
        self.options = (
            "--config", world.config, "--on", "athena", "--from", self.first, "--to", self.last,
            "--backend", "system_table",
        )  # fmt: skip  # options

    @staticmethod
    def _query(number: int, at: datetime) -> dict[str, Any]:
        return {
            "person": ("Alice", "dbt-prod-runner/dbt-athena")[number % 2],
            "workgroup": "primary",
            "database": "sales",
            "sql": "SELECT * FROM sales.orders",
            "state": "FAILED" if number == 7 else "SUCCEEDED",
            "scanned_bytes": number * 2**23,
            "submitted_at": (at + timedelta(seconds=number)).isoformat(),
            "ended_at": (at + timedelta(seconds=number + 3)).isoformat(),
        }

    def rows(self, name: str) -> list[dict[str, Any]]:
        result = run(name, *self.options, "--set", "workgroups=primary", "--format", "json")
        assert result.exit_code == 0, result.output
        found: list[dict[str, Any]] = json.loads(result.stdout)
        return found


def sums(plans: list[Plan]) -> tuple[int, int, int, int]:
    billed = [billed_bytes(one) for one in plans]
    return len(plans), sum(known_bytes(one) or 0 for one in plans), sum(billed), sum(map(nano_usd, billed))


@pytest.fixture(scope="module")
def own(world: AskedHistory) -> Own:
    return Own(world)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("usage_by_user", "user_name"),
        ("usage_by_workgroup", "workgroup"),
        ("queries_by_database", "database_name"),
        ("usage_by_day", "day"),
    ],
)
def test_athenas_own_table_tells_what_really_happened(own: Own, name: str, key: str) -> None:
    groups: dict[str, list[Plan]] = {}
    for plan in own.plans:
        day = f"{datetime.fromtimestamp(plan.ended_ms / 1000, tz=UTC):%Y-%m-%d}"
        subject = {
            "user_name": plan.principal.label, "workgroup": plan.workgroup,
            "database_name": plan.database or "unknown", "day": day,
        }  # fmt: skip  # rows
        groups.setdefault(subject[key], []).append(plan)
    found = own.rows(name)
    assert {row[key]: row["queries"] for row in found} == {subject: len(plans) for subject, plans in groups.items()}
    assert sum(row["queries"] for row in found) >= 12
    if "cost_usd" in found[0] and "billed_bytes" in found[0]:
        told = {
            row[key]: (row["queries"], row["scanned_bytes"], row["billed_bytes"], round(row["cost_usd"] * 1e9))
            for row in found
        }
        assert told == {subject: sums(plans) for subject, plans in groups.items()}


def test_a_question_that_the_table_cannot_answer_says_why_in_one_line(world: AskedHistory, own: Own) -> None:
    count = started(world)
    for name, why in (("table_usage", "to be read or to be written"), ("repeated_queries", "it needs the SQL")):
        words = refused(name, *own.options)
        assert words.startswith(f"athena-exporter: {name}: the backend system_table cannot answer it: ")
        assert why in words
        assert len(words.splitlines()) == 1
    assert started(world) == count


def test_the_table_has_no_size_to_be_told_before_so_the_cap_is(world: AskedHistory, own: Own) -> None:
    count = started(world)
    result = run("usage_by_user", *own.options, "--dry-run", "--max-bytes", "2GiB")
    assert result.exit_code == 0, result.output
    first = result.stdout.splitlines()[0]
    assert first.startswith(f"-- {own.first} to {own.last} (2 days): its cost cannot be told before: ")
    assert first.endswith("a question that is seen to scan more than 2GiB is stopped")
    assert started(world) == count
    world.run(result.stdout)


def test_a_page_of_the_table_has_what_it_can_tell_and_names_the_rest(own: Own, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    result = run("page", *own.options, "--output", path)
    assert result.exit_code == 0, result.output
    text = path.read_text()
    assert re.findall(r'<h2 id="head-\d">([^<]*)</h2>', text) == [
        "Usage by day", "Usage by user", "Usage by workgroup",
    ]  # fmt: skip  # titles
    assert "Left out: savings; only CloudTrail tells the program that started a query." in text
