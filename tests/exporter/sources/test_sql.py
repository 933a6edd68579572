"""What a statement's text tells of its execution."""

from datetime import timedelta
from typing import Any

import pytest
from fake_knowledge import FakeKnowledge
from source_world import World

from athena_exporter.config.model import Privacy
from athena_exporter.config.outlets import QueryText
from athena_exporter.records import QueryExecution
from athena_exporter.sources.privacy import Naming
from athena_exporter.sources.sql import MULTIPLE, Said, Statements
from athena_exporter.sources.tables import SqlReader

LOOKING = Statements(reader=SqlReader())


def look(sql: str, statements: Statements = LOOKING, database: str | None = "Shop") -> Said:
    return statements.look(sql, catalog=None, database=database)


@pytest.mark.parametrize(
    ("sql", "database"),
    [
        ("SELECT * FROM orders", "shop"),
        ("SELECT * FROM sales.orders", "sales"),
        ("SELECT * FROM sales.orders, crm.leads", MULTIPLE),
        ("SELECT * FROM sales.orders, hms.sales.orders", "sales"),
        ("INSERT INTO cold.archive SELECT * FROM sales.orders", "sales"),
        ("INSERT INTO cold.archive VALUES 1", "cold"),
        ("DROP TABLE cold.archive", "cold"),
        ("DESCRIBE cold.archive", "cold"),
        ("SELECT 1", "shop"),
        ("SELEC", "shop"),
        ("EXECUTE by_id", "shop"),
    ],
)
def test_the_database_is_the_one_that_the_sql_reads(sql: str, database: str) -> None:
    assert look(sql).database == database


def test_without_a_default_nothing_is_made_up() -> None:
    assert look("SELECT 1", database=None).database is None
    assert look("SELECT * FROM orders", database=None).database == "default"


def test_without_a_reader_no_sql_is_parsed() -> None:
    said = look("SELECT * FROM sales.orders -- dag_id=nightly", Statements())
    assert said == Said(database="shop", workload="airflow:nightly")


@pytest.mark.parametrize(
    ("text", "shown"),
    [(QueryText.NONE, None), (QueryText.REDACTED, "SELECT ?"), (QueryText.FULL, "SELECT 'Jane' -- \ufffd?")],
)
def test_as_much_of_the_text_is_kept_as_the_configuration_says(text: QueryText, shown: str | None) -> None:
    said = look("SELECT 'Jane' -- \ufffd\ud800", Statements(query_text=text))
    assert said.sql_text == shown


def test_a_name_in_a_comment_follows_the_privacy_of_all_names() -> None:
    naming = Naming(mode=Privacy.ROLE_ONLY)
    said = look("/* Username: jane, query_id: 1, Queue: q */ SELECT 1", Statements(naming=naming))
    assert said.workload == "redash:person"


def swept(world: World, statements: Statements | None, **given: Any) -> QueryExecution:
    query_id = world.add(**given)
    knowledge = FakeKnowledge()
    knowledge.take(world.athena(statements=statements))
    return knowledge.executions[query_id]


def test_an_execution_carries_what_its_sql_tells(world: World) -> None:
    statements = Statements(reader=SqlReader(), query_text=QueryText.REDACTED)
    sql = "-- dag_id=nightly task_id=load\nSELECT * FROM finance.accounts WHERE id = 77"
    found = swept(world, statements, sql=sql, database="sales")
    assert (found.database, found.workload, found.unparsed) == ("finance", "airflow:nightly.load", None)
    assert found.sql_text == "SELECT * FROM finance.accounts WHERE id = ?"
    assert [each.table for each in found.tables] == ["accounts"]


def test_without_statements_only_the_digest_is_told(world: World) -> None:
    found = swept(world, None, sql="SELECT * FROM finance.accounts", database="sales")
    assert (found.database, found.tables, found.sql_text, found.workload) == ("sales", (), None, None)
    assert found.sql_digest is not None


def test_the_sql_of_what_nobody_counts_is_not_looked_at(world: World) -> None:
    reader = SqlReader()
    at = world.clock() - timedelta(minutes=1)
    world.add(sql="SELECT * FROM finance.accounts", submitted_at=at.isoformat())
    knowledge = FakeKnowledge(low_water=world.clock())
    knowledge.take(world.athena(statements=Statements(reader=reader)))
    assert knowledge.executions == {}
    assert not reader._by_text._kept
