"""Budgets are read whole, from the configuration or a file of their own, or refused with line, place and mend."""

from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from athena_exporter.budgets import Allowance, Amount, Budget, Calendar, Match, Per, Period, Rolling, Unit
from athena_exporter.config import ConfigError, load, load_budgets

EXAMPLE = Path(__file__).parents[2] / "exporter" / "budgets.example.yml"
PLAIN = "name: a, per: user, window: day, limit: 1 GiB"


def budgets(tmp_path: Path, text: str) -> list[Budget]:
    path = tmp_path / "config.yml"
    path.write_text(text, encoding="utf-8")
    return [one.budget() for one in load(path, {}).budgets]


def one(tmp_path: Path, text: str) -> Budget:
    (found,) = budgets(tmp_path, f"budgets: [{{{text}}}]")
    return found


def refusal(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        budgets(tmp_path, text)
    return [line.replace(str(tmp_path / "config.yml"), "config.yml") for line in refused.value.lines]


@pytest.mark.parametrize("text", ["", "budgets:\n", "budgets: null\n", f"budgets: {{file: {EXAMPLE}}}\n"])
def test_without_budgets_the_two_that_ship_hold(tmp_path: Path, text: str) -> None:
    daily, monthly = budgets(tmp_path, text)
    assert (daily.name, daily.per, daily.limit) == ("user-daily", Per.USER, Amount(unit=Unit.BYTES, value=2**40))
    assert (monthly.name, monthly.per, monthly.window) == (
        "workgroup-monthly",
        Per.WORKGROUP,
        Calendar(period=Period.MONTH),
    )


def test_an_empty_list_means_none(tmp_path: Path) -> None:
    assert budgets(tmp_path, "budgets: []\n") == []


def test_everything_that_is_written_arrives(tmp_path: Path) -> None:
    text = """
budgets:
  - name: analysts
    match: {user: '*@example.com', role: [Analyst, 'Ad*'], client: console, workgroup: [a], database: ['raw_?']}
    per: workload
    window: week
    time_zone: Europe/Berlin
    limit: 12.50 USD
    warn: 0.7
    exceptions:
      - {subject: maria, limit: none, reason: closing}
      - {subject: ['a*', b], limit: 25 usd, until: 2026-12-31, reason: ' a migration '}
"""
    assert budgets(tmp_path, text) == [
        Budget(
            name="analysts",
            per=Per.WORKLOAD,
            window=Calendar(period=Period.WEEK, zone="Europe/Berlin"),
            limit=Amount(unit=Unit.USD, value=12_500_000_000),
            match=Match(
                user=("*@example.com",), role=("Analyst", "Ad*"), client=("console",), workgroup=("a",),
                database=("raw_?",),
            ),
            warn=Fraction(7, 10),
            exceptions=(
                Allowance(subject=("maria",), limit=None, until=None, reason="closing"),
                Allowance(
                    subject=("a*", "b"), limit=Amount(unit=Unit.USD, value=25 * 10**9), until=date(2026, 12, 31),
                    reason="a migration",
                ),
            ),
        )
    ]  # fmt: skip  # as the file above


@pytest.mark.parametrize(
    ("written", "window"),
    [
        ("day", Calendar(period=Period.DAY)),
        ("month", Calendar(period=Period.MONTH)),
        ("rolling 24h", Rolling(length=timedelta(hours=24))),
        ("rolling 7d", Rolling(length=timedelta(days=7))),
    ],
)
def test_windows(tmp_path: Path, written: str, window: Calendar | Rolling) -> None:
    assert one(tmp_path, f"name: a, per: user, window: {written}, limit: 1 GiB").window == window


HEAD = "name: a, per: user, window: day"
EXCEPT = f"{PLAIN}, exceptions: "


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (HEAD, "limit: is missing: Bytes scanned (`500 GiB`) or list price (`25 USD`)."),
        (f"{HEAD}, limit: 500", "limit: found the number 500, wanted an amount above 0 with its unit, bytes or US"),
        (f"{HEAD}, limit: 0 GiB", "limit: found the text '0 GiB', wanted an amount above 0"),
        (f"{HEAD}, limit: 0 USD", "limit: found the text '0 USD', wanted an amount above 0"),
        (f"{HEAD}, limit: 5 EUR", "limit: found the text '5 EUR', wanted an amount above 0"),
        (f"{HEAD}, limit: 99999999999 USD", "limit: found the text '99999999999 USD', wanted"),
        (f"{HEAD}, limit: -5 GiB", "limit: found the text '-5 GiB', wanted"),
        ("name: a, per: users, window: day, limit: 1B", "per: found the text 'users', wanted one of user, role, workg"),
        ("name: a, per: user, window: rolling, limit: 1B", "window: found the text 'rolling', wanted day, week, month"),
        ("name: a, per: user, window: rolling 90m, limit: 1B", "window: found the text 'rolling 90m', wanted day"),
        ("name: a, per: user, window: rolling 32d, limit: 1B", "window: found the text 'rolling 32d', wanted day"),
        ("name: a, per: user, window: 24h, limit: 1B", "window: found the text '24h', wanted day"),
        (f"{PLAIN}, time_zone: Europe/Berln", "time_zone: found the text 'Europe/Berln', wanted a time zone of the IA"),
        (f"{PLAIN}, time_zone: ../etc/passwd", "time_zone: found the text '../etc/passwd', wanted a time zone"),
        (f"{PLAIN}, time_zone: Europe", "time_zone: found the text 'Europe', wanted a time zone"),
        (f"{PLAIN}, warn: 80", "warn: found the number 80, wanted a number above 0 and at most 1, such as 0.5"),
        (f"{PLAIN}, warn: 0", "warn: found the number 0, wanted"),
        (f"{PLAIN}, match: {{users: a}}", "match.users: unknown key; did you mean 'user'?"),
        (f"{PLAIN}, match: {{user: [a, a]}}", "match.user: found a list, wanted a user's name, or a list of different"),
        (f"{PLAIN}, match: {{user: 5}}", "match.user: found the number 5, wanted a user's name"),
        (f"{EXCEPT}[{{subject: a, limit: none}}]", "exceptions[0].reason: is missing: Why;"),
        (f"{EXCEPT}[{{subject: a, reason: x}}]", "exceptions[0].limit: is missing:"),
        (f"{EXCEPT}[{{subject: [], limit: none, reason: x}}]", "exceptions[0].subject: found a list, wanted"),
        (f"{EXCEPT}[{{subject: a, limit: none, reason: x, until: 2026-02-30}}]",
         "exceptions[0].until: found the text '2026-02-30', wanted a day, the last one on which it holds"),
        (f"{EXCEPT}[{{subject: a, limit: 5 USD, reason: x}}]", "exceptions[0].limit: 5 USD can't stand for 1 GiB: wri"),
        ("name: a, per: user, window: rolling 24h, limit: 1B, time_zone: Asia/Tokyo",
         "time_zone: a rolling window is the same in every time zone: remove time_zone"),
        ("name: a, per: component, window: day, limit: 1B",
         "per: a component is the tag 'component' of a workgroup: switch sources.workgroups on, and add it to"),
        ("name: '', per: user, window: day, limit: 1B", "name: found the text '', wanted a name"),
    ],
)  # fmt: skip  # a table: what is written, what is said
def test_what_no_budget_can_be_is_refused_with_its_place_and_the_mend(tmp_path: Path, text: str, line: str) -> None:
    (said,) = refusal(tmp_path, f"ledger: {{}}\nbudgets:\n  - {{{text}}}\n")
    assert said.startswith(f"config.yml:3: budgets[0].{line}")


def test_two_budgets_have_two_names(tmp_path: Path) -> None:
    text = f"budgets:\n  - {{{PLAIN}}}\n  - {{{PLAIN}}}\n"
    assert refusal(tmp_path, text) == [
        "config.yml:3: budgets[1].name: 'a' is the name of budgets[0], too: give each its own"
    ]


def test_a_component_may_be_asked_for_where_its_tag_is_read(tmp_path: Path) -> None:
    text = "sources: {workgroups: {tags: [component]}}\nbudgets: [{name: a, per: component, window: day, limit: 1B}]\n"
    assert budgets(tmp_path, text)[0].per is Per.COMPONENT


def test_too_many_budgets_are_refused(tmp_path: Path) -> None:
    items = "".join(f"  - {{name: b{n}, per: user, window: day, limit: 1 GiB}}\n" for n in range(501))
    assert refusal(tmp_path, f"budgets:\n{items}") == ["config.yml:1: budgets: 501 budgets are too many: at most 500"]


# -- a file of their own ------------------------------------------------------------------------------------------


def test_what_is_wrong_in_a_file_is_located_there(tmp_path: Path) -> None:
    own = tmp_path / "budgets.yml"
    own.write_text("budgets:\n  - name: a\n    per: user\n    window: dya\n    limit: 1 GiB\n", encoding="utf-8")
    (said,) = refusal(tmp_path, f"budgets: {{file: {own}}}\n")
    assert said.startswith(f"{own}:4: budgets[0].window: found the text 'dya', wanted day, week, month")
    own.write_text(f"budgets:\n  - {{{PLAIN}}}\n  - {{{PLAIN}}}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"budgets\.yml:3: budgets\[1\]\.name: 'a' is the name"):
        load_budgets(own)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    (said,) = refusal(tmp_path, f"budgets: {{file: {tmp_path}/none.yml}}\n")
    assert said == f"{tmp_path}/none.yml: cannot be read: No such file or directory"


@pytest.mark.parametrize("text", ["budgets: {path: x}", "budgets: {file: 5}", "budgets: 5", "budgets: day"])
def test_what_is_neither_a_list_nor_a_file_is_refused(tmp_path: Path, text: str) -> None:
    (said,) = refusal(tmp_path, text)
    assert said.startswith("config.yml:1: budgets: found ")
    assert "wanted a list" in said


def test_the_file_may_be_the_list_of_the_configuration(tmp_path: Path) -> None:
    own = tmp_path / "budgets.yml"
    own.write_text(f"budgets:\n  - {{{PLAIN}}}\n", encoding="utf-8")
    assert [found.name for found in load_budgets(own)] == ["a"]
    own.write_text("budgets: []\n", encoding="utf-8")
    assert load_budgets(own) == ()
