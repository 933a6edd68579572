"""The report of budgets as it is printed: nearest first, both units in one column for people, apart for machines."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.console import Console

from athena_exporter.budgets import (
    Amount,
    Budget,
    Calendar,
    Crossing,
    Enforce,
    Level,
    Per,
    Period,
    Resolution,
    Unit,
    assess,
)
from athena_exporter.ledger.budgeting import TargetBudgets
from athena_exporter.outlets import report as reports
from athena_exporter.records import Target, epoch_ms

NOW = epoch_ms(datetime(2026, 3, 10, 12, tzinfo=UTC))
GIB, NANO = 2**30, 10**9
IRELAND, FRANKFURT = (Target(account_id="111122223333", region=region) for region in ("eu-west-1", "eu-central-1"))
DAILY = Budget(name="daily", per=Per.USER, window=Calendar(period=Period.DAY), limit=Amount(unit=Unit.BYTES, value=GIB))
MONTHLY = Budget(
    name="monthly", per=Per.WORKGROUP, window=Calendar(period=Period.MONTH), limit=Amount(unit=Unit.USD, value=NANO)
)


def found(target: Target = IRELAND, since_ms: int = 0, uncounted: tuple[str, ...] = ()) -> TargetBudgets:
    states = (
        assess(DAILY, {"ann": 2 * GIB, "bob": 1}, {}, since_ms=since_ms, now_ms=NOW),
        assess(MONTHLY, {"etl": 9 * NANO // 10}, {}, since_ms=since_ms, now_ms=NOW),
    )
    return TargetBudgets(target=target, states=states, uncounted=uncounted)


def printed(table: reports.Table) -> str:
    console = Console(width=reports.NARROWEST)
    with console.capture() as capture:
        console.print(reports.to_rich(table))
    return capture.get()


def crossing(level: Level, at_ms: int = NOW) -> Crossing:
    return Crossing(
        budget=DAILY, subject="ann", level=level, at_ms=at_ms, used=GIB, most=2 * GIB, limit=GIB,
        resolution=Resolution.QUERY,
    )  # fmt: skip  # eight fields


def test_people_read_the_nearest_first_in_the_limits_own_unit() -> None:
    table = reports.build_budgets([found()], limit=20)
    assert [row[:4] for row in table.rows] == [
        ("daily", "ann", "2.00 GiB", "1.00 GiB"),
        ("monthly", "etl", "$0.90", "$1.00"),
        ("daily", "bob", "1 B", "1.00 GiB"),
    ]
    assert table.notes[0] == "1 exceeded, 1 warned, 1 ok"


def test_machines_read_bytes_and_dollars_apart() -> None:
    ann, etl, _ = reports.build_budgets([found()]).rows
    assert ann[6:10] == (2 * GIB, GIB, None, None)
    assert etl[6:10] == (None, None, 0.9, 1.0)
    assert ann[12:] == ("2026-03-10T00:00:00+00:00", "2026-03-11T00:00:00+00:00", "2026-03-10T00:00:00+00:00")


def test_both_tables_fit_eighty_columns_with_long_names() -> None:
    name = "firstname.lastname@example.com"
    state = assess(DAILY, {name: 1234 * GIB}, {}, since_ms=0, now_ms=NOW)
    table = reports.build_budgets([TargetBudgets(target=IRELAND, states=(state,), uncounted=())], limit=5)
    assert "exceeded" in printed(table)
    assert "…" not in printed(table)
    crossings = [reports.TargetCrossings(target=IRELAND, crossings=[crossing(Level.EXCEEDED)])]
    shown = printed(reports.build_crossings(crossings, ["a note"], limit=5))
    assert "2026-03-10 12:00" in shown
    assert "1.00 GiB" in shown
    assert "…" not in shown


def test_what_is_not_whole_and_not_counted_is_said() -> None:
    notes = reports.build_budgets([found(since_ms=NOW - 1000, uncounted=("weekly",))]).notes
    assert "not counted yet: weekly; the exporter counts them when it has started with them" in notes
    assert "daily: counted since 2026-03-10 11:59 UTC, what ended before it is not known" in notes
    assert notes[-1] == reports.RUNNING
    assert len(reports.build_budgets([found()]).notes) == 2, "what is whole needs no note"


def test_two_accounts_are_told_apart() -> None:
    table = reports.build_budgets([found(), found(FRANKFURT)], limit=20)
    assert {row[0] for row in table.rows if row[1] == "ann"} == {
        "daily (111122223333 eu-west-1)",
        "daily (111122223333 eu-central-1)",
    }


def test_crossings_stand_in_the_order_of_time_and_are_summed_up_by_subject() -> None:
    told = [crossing(Level.EXCEEDED, NOW + 5), crossing(Level.WARNED)]
    table = reports.build_crossings([reports.TargetCrossings(target=IRELAND, crossings=told)], ["a note"])
    assert [row[7] for row in table.rows] == ["warned", "exceeded"]
    assert table.notes == ("1 over a limit, 0 of them stopped, 0 warned only", "a note")


def test_only_a_budget_that_enforces_would_have_stopped_anybody() -> None:
    soft, hard = crossing(Level.EXCEEDED), crossing(Level.EXCEEDED, NOW + 5)
    hard = replace(hard, subject="bob", budget=replace(hard.budget, enforce=Enforce.STOP_QUERIES))
    told = [reports.TargetCrossings(target=IRELAND, crossings=[soft, hard])]
    table = reports.build_crossings(told, (), limit=5)
    assert [row[3] for row in table.rows] == ["exceeded", "stopped"]
    assert table.notes == ("2 over a limit, 1 of them stopped, 0 warned only",)
    keys = [column.key for column in reports.build_crossings(told, ()).columns]
    assert [row[keys.index("enforce")] for row in reports.build_crossings(told, ()).rows] == ["none", "stop_queries"]


def test_a_limit_shortens_a_table_and_none_is_below_one() -> None:
    table = reports.build_budgets([found()], limit=1)
    assert (len(table.rows), table.omitted) == (1, 2)
    for build in (reports.build_budgets, lambda them, limit: reports.build_crossings(them, (), limit=limit)):
        with pytest.raises(ValueError, match="a limit of 0 shows nothing"):
            build([], limit=0)
