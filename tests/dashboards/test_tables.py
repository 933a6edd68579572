"""What terraform is told of the history's tables is what the library declares."""

import json
from typing import Any

import pytest

from athena_dashboards import tables
from athena_exporter.library import definitions, table


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(tables.text())
    return document


def test_every_column_has_its_type_and_its_meaning(told: dict[str, Any]) -> None:
    assert [(one["name"], one["type"], one["comment"]) for one in told["table"]["columns"]] == [
        (one.name, one.type.value, one.comment) for one in table.COLUMNS
    ]


def test_a_view_asks_the_trail_through_the_name_that_terraform_gives_and_nothing_else_is_left_open(
    told: dict[str, Any],
) -> None:
    assert [one["name"] for one in told["views"]] == [one.name for one in definitions.VIEWS]
    for view, declared in zip(told["views"], definitions.VIEWS, strict=True):
        assert view["sql"].count("${") == view["sql"].count(tables.TRAIL) == int(declared.reads_trail)
        whole = view["sql"].replace(tables.TRAIL, '"audit"."logs"')
        assert whole == definitions.select(declared, trail="audit.logs")
