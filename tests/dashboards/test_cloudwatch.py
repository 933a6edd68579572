"""Why these tests exist: a wrong dimension or log group is no error in Grafana, it is an empty panel or a double count.

What Grafana makes of a target is written down here from its sources (github.com/grafana/grafana, CloudWatchRequest.ts:
expandVariableToArray and convertDimensionFormat; metric_data_query_builder.go: buildSearchExpression).
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from athena_dashboards import variables
from athena_dashboards.boards import BOARDS, data_catalogue, users, workgroups
from athena_dashboards.grafana import dashboard_json
from athena_dashboards.model import Dashboard

ASKING = (workgroups.BOARD, users.BOARD, data_catalogue.BOARD)


def document(board: Dashboard) -> dict[str, Any]:
    return _documents()[board.uid]


@cache
def _documents() -> dict[str, dict[str, Any]]:
    """Made once: making them takes a second."""
    return {board.uid: dashboard_json(board) for board in BOARDS}


def targets(board: Dashboard) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Panel and target, those of collapsed rows included."""
    for panel in document(board)["panels"]:
        for one in [panel, *panel.get("panels", [])]:
            yield from ((one, target) for target in one.get("targets", []))


def of_cloudwatch(mode: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [pair for board in BOARDS for pair in targets(board) if pair[1].get("queryMode") == mode]


def expanded(value: str | list[str], chosen: dict[str, str]) -> list[str]:
    """A dimension's values as Grafana asks for them; `chosen`: variable -> its values, joined by `|`."""
    if isinstance(value, list):
        return value  # as it is, variables and all
    return re.sub(r"\$\{?(\w+)(?::\w+)?\}?", lambda found: chosen[found[1]], value).split("|")


def of_published(workgroup: str) -> str:
    """What `published` stands for while it is All: its own All is another variable's choice."""
    return re.sub(r"\$\{workgroup:pipe\}", lambda _: workgroup, variables.PUBLISHED.all_value)


def test_every_metric_is_asked_for_under_one_exact_set_of_dimensions() -> None:
    asked = of_cloudwatch("Metrics")
    assert len(asked) > 20
    for panel, target in asked:
        assert set(target["dimensions"]) == {"QueryState", "QueryType", "WorkGroup"}, panel["title"]
        assert target["metricName"]
        assert target["region"] == "$cloudwatch_region"


def test_no_dimension_holds_a_variable_where_grafana_would_not_look_for_one() -> None:
    for panel, target in of_cloudwatch("Metrics"):
        for value in target["dimensions"].values():
            assert isinstance(value, str) or not any("$" in one for one in value), panel["title"]


def test_all_workgroups_are_a_wildcard_and_not_a_list_that_is_too_long_for_a_search() -> None:
    for panel, target in of_cloudwatch("Metrics"):
        chosen = {"published": of_published(variables.EVERY), "workgroup": "etl", "query_type": variables.EVERY}
        assert "*" in expanded(target["dimensions"]["QueryType"], chosen), panel["title"]
        by_name = target["dimensions"]["WorkGroup"] == "$workgroup"
        assert by_name or "*" in expanded(target["dimensions"]["WorkGroup"], chosen), panel["title"]


def test_a_workgroup_of_either_list_can_be_chosen() -> None:
    (dimension,) = {target["dimensions"]["WorkGroup"] for _, target in of_cloudwatch("Metrics")} - {"$workgroup"}
    assert expanded(dimension, {"published": of_published("forgotten|etl")}) == ["forgotten", "etl"]
    assert expanded(dimension, {"published": "only-in-cloudwatch"}) == ["only-in-cloudwatch"]


def test_what_is_chosen_alone_is_asked_for_by_its_exact_name() -> None:
    chosen = {"published": of_published("etl"), "workgroup": "etl", "query_type": "DML"}
    for panel, target in of_cloudwatch("Metrics"):
        values = {name: expanded(value, chosen) for name, value in target["dimensions"].items()}
        assert values["WorkGroup"] == ["etl"], panel["title"]
        assert values["QueryType"] == ["DML"]
        assert [len(one) for one in values.values()] == [1, 1, 1]


@pytest.mark.parametrize("name", ["etl", "", "a|b", "[x]", "*", "grüße"])
def test_all_is_a_regular_expression_that_every_name_matches(name: str) -> None:
    assert re.fullmatch(variables.EVERY, name)
    only = variables.PUBLISHED.only.strip("/").replace("${workgroup:regex}", variables.EVERY)
    assert re.search(only, name)


def test_a_row_is_repeated_for_each_workgroup_that_the_exporter_knows() -> None:
    (row,) = [one for one in document(workgroups.BOARD)["panels"] if one.get("repeat")]
    assert (row["type"], row["repeat"], row["collapsed"]) == ("row", "workgroup", True)
    assert all(target["dimensions"]["WorkGroup"] == "$workgroup" for one in row["panels"] for target in one["targets"])


def test_the_dashboard_starts_with_one_query_type_so_that_exact_names_are_exact() -> None:
    (query_type,) = [one for one in document(workgroups.BOARD)["templating"]["list"] if one["name"] == "query_type"]
    assert query_type["current"] == {"selected": True, "text": ["DML"], "value": ["DML"]}
    assert [one["value"] for one in query_type["options"] if one["selected"]] == ["DML"]
    assert query_type["allValue"] == variables.EVERY


def test_what_is_billed_by_the_look_does_not_refresh_or_is_closed() -> None:
    for board in ASKING:
        for panel in document(board)["panels"]:
            billed = [one for one in panel.get("targets", []) if one["datasource"]["type"] == "cloudwatch"]
            assert not billed or board.refresh == "", f"{board.uid}: {panel['title']}"


def test_log_groups_are_asked_for_by_name_in_the_data_sources_own_region() -> None:
    asked = of_cloudwatch("Logs")
    assert len(asked) > 5
    for panel, target in asked:
        (name,) = target["logGroupNames"]
        assert name.startswith("/athena-observability/")
        assert target["logGroups"] == [], "an ARN holds an account and a Region, and a default of the data source wins"
        assert target["region"] == "default", panel["title"]
        assert target["queryLanguage"] == "CWLI"


def test_a_table_of_events_is_one_frame_and_a_graph_has_a_series_a_group() -> None:
    for panel, target in of_cloudwatch("Logs"):
        has_time = "bin(" in target["expression"]
        is_split = any(group.startswith("bin(") for group in target["statsGroups"])
        assert is_split == (has_time and panel["type"] == "timeseries"), panel["title"]


def test_columns_of_events_link_to_nothing_but_what_was_meant() -> None:
    for panel, _ in of_cloudwatch("Logs"):
        for override in panel["fieldConfig"]["overrides"] if panel["type"] == "table" else []:
            links = [one["value"] for one in override["properties"] if one["id"] == "links"]
            assert len(links) == 1, f"{panel['title']}: {override['matcher']['options']} gets the console's link"
