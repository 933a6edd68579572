"""Why these tests exist: DDL is run once, by hand or by terraform, and a mistake in it shows when nobody looks."""

from datetime import date

import pytest
import sqlglot
from history_files import trail_columns
from sqlglot import exp

from athena_exporter.library import definitions
from athena_exporter.library.definitions import VIEWS
from athena_exporter.library.table import COLUMNS, TABLE

TEXT = definitions.create_table("history-bucket", "athena-history/", date(2026, 1, 1))


def test_the_table_has_every_column_with_its_type_and_its_comment() -> None:
    tree = sqlglot.parse_one(TEXT, read="athena")
    found = [one for one in tree.this.expressions if isinstance(one, exp.ColumnDef)]
    told = [(one.name, one.args["kind"].sql("hive"), one.args["constraints"][0].kind.this.name) for one in found]
    assert [(name, kind.replace(": ", ":").replace(", ", ",").lower(), words) for name, kind, words in told] == [
        (column.name, column.type.value, column.comment) for column in COLUMNS
    ]


def test_days_are_projected_and_lie_where_the_writer_puts_them() -> None:
    assert "'storage.location.template' = 's3://history-bucket/athena-history/v1/day=${day}/'" in TEXT
    assert "'projection.day.range' = '2026-01-01,NOW'" in TEXT
    assert "LOCATION 's3://history-bucket/athena-history/v1/'" in TEXT
    assert f"CREATE EXTERNAL TABLE IF NOT EXISTS {TABLE} (" in TEXT


def test_glue_gets_the_same_properties_as_the_ddl() -> None:
    told = definitions.properties("history-bucket", "athena-history/", date(2026, 1, 1))
    assert told.pop("EXTERNAL") == "TRUE"
    assert all(f"    '{name}' = '{value}'" in TEXT for name, value in told.items())


def test_every_view_parses_as_athenas() -> None:
    for view in VIEWS:
        tree = sqlglot.parse_one(definitions.create_view(view, trail="audit.cloudtrail_logs"), read="athena")
        assert isinstance(tree, exp.Create)
        assert tree.kind == "VIEW"
        assert tree.expression.named_selects == [name for name, _ in view.columns]


def test_the_articles_table_of_events_parses_and_takes_any_location() -> None:
    tree = sqlglot.parse_one(definitions.trail_table("s3://trail/AWSLogs/"), read="athena")
    assert isinstance(tree, exp.Create)
    assert len(tree.this.expressions) == 23


def test_the_view_of_events_passes_on_what_terraform_declares() -> None:
    columns = dict(next(view for view in VIEWS if view.reads_trail).columns)
    declared = trail_columns() | {"readonly": "boolean"} | dict.fromkeys(("account", "region", "day"), "string")
    assert columns == {name: declared[name] for name in columns}


@pytest.mark.parametrize("trail", [None, "cloudtrail_logs", 'a."b', "a.b.c", "A.b", "a.b; DROP TABLE x"])
def test_a_view_of_events_needs_the_table_that_it_reads(trail: str | None) -> None:
    with pytest.raises(ValueError, match=r"write it as database\.table"):
        definitions.create_view(next(view for view in VIEWS if view.reads_trail), trail=trail)
