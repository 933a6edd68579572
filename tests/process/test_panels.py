"""Every query of every dashboard, asked in a company with a month behind it; and that the figures are the truth."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from panels import asking, grafana
from panels.asking import Asked, Board, DataSources
from panels.grafana import Range, Value
from panels.world import Plan, World, world

from athena_dashboards.boards import BOARDS
from athena_dashboards.model import Signal
from athena_dashboards.queries import Prom
from athena_dashboards.signals import budgets, cost, spend, users
from athena_exporter import catalog

pytestmark = [pytest.mark.process, pytest.mark.prometheus]

_NANO = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The world, and what every dashboard said of it when it was opened."""

    world: World
    sources: DataSources
    boards: Mapping[str, Board]
    asked: tuple[Asked, ...]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, prometheus: str, promtool: str) -> Iterator[Seen]:
    with world(tmp_path_factory.mktemp("panels"), prometheus, promtool, Plan()) as made:
        sources = DataSources(made)
        try:
            boards = {one.uid: Board(one, sources) for one in BOARDS}
            asked = [each for board in boards.values() for each in (*board.variables(), *board.answers())]
            yield Seen(world=made, sources=sources, boards=boards, asked=(*asked, *asking.rules(sources)))
        finally:
            sources.close()


def words(asked: list[Asked]) -> list[str]:
    return [f"{one.board} / {one.panel} / {one.query}: {one.error or 'empty'}: {one.text}" for one in asked]


@pytest.mark.parametrize("uid", [one.uid for one in BOARDS])
def test_every_query_of_a_dashboard_answers_or_says_why_it_has_nothing(seen: Seen, uid: str) -> None:
    of_board = [one for one in seen.asked if one.board == uid]
    assert len(of_board) > 5
    assert words([one for one in of_board if one.is_bad]) == []


def test_every_alert_rule_is_evaluated(seen: Seen) -> None:
    of_rules = [one for one in seen.asked if one.board == asking.RULES]
    assert len(of_rules) > 10
    assert words([one for one in of_rules if one.is_bad]) == []
    assert sum(bool(one.found) for one in of_rules) >= len(of_rules) // 3


def test_most_of_what_may_be_empty_is_not(seen: Seen) -> None:
    explained = [one for one in seen.asked if one.because and one.board != asking.RULES]
    assert sum(bool(one.found) for one in explained) > len(explained) / 2


@pytest.mark.parametrize("uid", [one.uid for one in BOARDS])
def test_a_panel_filtered_to_one_value_still_shows_something(seen: Seen, uid: str) -> None:
    """For each variable by itself: some value of it leaves data in every panel that has data."""
    board = seen.boards[uid]
    full = {(one.panel, one.query) for one in seen.asked if one.board == uid and one.found}
    broken = []
    for name, offer in board.offers.items():
        open_ = [
            place for place in board.places({})
            if (place.panel, place.target["refId"]) in full and names(place.target, name) and len(offer) > 1
        ]  # fmt: skip  # one condition
        for value in ranked(seen, name, offer):
            chosen = {name: Value(values=(value,), is_many=True)}
            open_ = [place for place in open_ if not board.answer(place, chosen).found]
            if not open_:
                break
        broken += [f"${name}: {place.panel} / {place.target['refId']}" for place in open_]
    assert broken == []


def names(target: Mapping[str, Any], variable: str) -> bool:
    """Whether a target's texts use a variable."""
    text = str(target)
    return f"${variable}" in text.replace("${" + variable, "$" + variable)


def ranked(seen: Seen, variable: str, offer: list[str]) -> list[str]:
    """The busiest values first, where the truth knows them."""
    truth = seen.world.truth
    of = {"user": "by_user", "workgroup": "by_workgroup", "published": "by_workgroup", "client": "by_client",
          "database": "by_database"}.get(variable)  # fmt: skip  # a list of words
    known = truth[of] if of else {}
    return sorted(offer, key=lambda value: -known.get(value, {"queries": 0})["queries"])


def test_the_month_is_there_from_its_first_day(seen: Seen) -> None:
    """The blocks: every day of the past has its samples."""
    whole = Range(since=seen.world.began + timedelta(days=1), until=seen.world.at)
    rows = seen.sources.rows(f"sum(max_over_time({catalog.QUERIES.name}[1d]))", whole, step_s=86_400)
    values = [float(value) for _, value in rows[0]["values"]]
    assert len(values) >= seen.world.plan.days - 1
    assert values == sorted(values)
    assert values[0] < values[-1] / 10


def figures(seen: Seen, signal: Signal, place: int, *by: str, **chosen: str) -> dict[tuple[str, ...], float]:
    """A panel's own query over all that the exporter has lived through, by labels."""
    query = signal.asked()[place]
    assert isinstance(query, Prom)
    whole = Range(since=seen.world.began - timedelta(hours=1), until=seen.world.at)
    everything = ("account", "region", "workgroup", "user", "component", "query_type")
    values = {name: Value(values=(chosen.get(name, ".*"),), is_raw=True) for name in everything}
    text = grafana.filled(str(query.expr), {**values, **grafana.intervals(60, whole)}, "prometheus")
    rows = seen.sources.rows(text, whole)
    return {tuple(row["metric"][label] for label in by): float(row["value"][1]) for row in rows}


def rounded(found: Mapping[tuple[str, ...], float], unit: int = 1) -> dict[tuple[str, ...], int]:
    """In whole units; what is 0 has no row in the truth."""
    return {key: round(value * unit) for key, value in found.items() if round(value * unit)}


def of_truth(group: Mapping[str, Mapping[str, Any]], field: str) -> dict[tuple[str, ...], int]:
    return {(name,): sums[field] for name, sums in group.items() if sums[field]}


def test_bytes_by_user_are_the_truth(seen: Seen) -> None:
    found = rounded(figures(seen, users.TABLE, 2, "user"))
    assert len(found) > 20
    assert found == of_truth(seen.world.truth["by_user"], "scanned_bytes")


def test_queries_by_user_and_database_are_the_truth(seen: Seen) -> None:
    expected: Counter[tuple[str, ...]] = Counter()
    for row in seen.world.truth["by_user_workgroup_database_state"]:
        expected[row["user"], row["database"]] += row["queries"]
    found = rounded(figures(seen, users.USER_BY_DATABASE, 0, "user", "database"))
    assert len(found) == min(users.LONGEST, len(expected))
    assert found == {key: expected[key] for key in found}


def test_queries_by_database_are_the_truth(seen: Seen) -> None:
    expected = of_truth(seen.world.truth["by_database"], "queries")
    found = rounded(figures(seen, users.QUERIES_BY_DATABASE, 0, "database"))
    assert len(found) == min(users.TOP, len(expected))
    assert found == {key: expected[key] for key in found}
    assert min(found.values()) >= max([n for key, n in expected.items() if key not in found], default=0)


def test_cost_by_workgroup_is_the_truth_to_the_nanodollar(seen: Seen) -> None:
    found = rounded(figures(seen, cost.WORKGROUPS, 0, "workgroup"), _NANO)
    assert len(found) > 5
    assert found == of_truth(seen.world.truth["by_workgroup"], "cost_nanousd")


def test_a_workgroups_month_is_charged_to_its_budget_and_has_the_level_that_it_says(seen: Seen) -> None:
    began = seen.world.at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    truth = of_truth(seen.world.account.truth(max(began, seen.world.began))["by_workgroup"], "cost_nanousd")
    spent, limits, levels = (figures(seen, budgets.STANDINGS, place, "budget", "subject") for place in (5, 6, 2))
    monthly = {labels: used for labels, used in spent.items() if labels[0] == "workgroup-monthly"}
    assert monthly
    for labels, used in monthly.items():
        assert round(used * _NANO) == truth.get(labels[1:], 0)
        share = used / limits[labels]
        assert levels[labels] == (2 if share >= 1 else 1 if share >= 0.8 else 0)


def test_the_top_spender_of_the_month_is_the_truth(seen: Seen) -> None:
    began = seen.world.at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    truth = seen.world.account.truth(max(began, seen.world.began))
    expected = Counter(of_truth(truth["by_user"], "cost_nanousd")).most_common()
    found = Counter(rounded(figures(seen, spend.TOP_USERS, 0, "user"), _NANO)).most_common()
    assert found[0] == expected[0]
    assert set(found) <= set(expected)
    assert [amount for _, amount in found] == [amount for _, amount in expected[: spend.TOP]]
