"""From a view to the tables it reads, against the embedded account's catalogue and against a hand-written one."""

import base64
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from fake_knowledge import FakeKnowledge
from source_world import QUIET, Hand, MakeWorld, World

from athena_exporter.records import Mode, TableUse
from athena_exporter.sources.sql import Statements
from athena_exporter.sources.tables import SqlReader
from athena_exporter.sources.views import DENIALS, PAUSE, TTL, Views


def presto(sql: str, schema: str = "shop") -> dict[str, Any]:
    text = base64.b64encode(json.dumps({"originalSql": sql, "catalog": "awsdatacatalog", "schema": schema}).encode())
    return {"TableType": "VIRTUAL_VIEW", "ViewOriginalText": f"/* Presto View: {text.decode()} */"}


@dataclass
class Catalogue:
    """Glue as far as it is needed: `tables` by `database.table`; `troubles` are raised instead, by the same name."""

    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    troubles: dict[str, Exception] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)

    def get_table(self, **arguments: Any) -> Mapping[str, Any]:
        name = f"{arguments['DatabaseName']}.{arguments['Name']}"
        self.asked[name] += 1
        trouble = self.troubles.get(name) or self.troubles.get("*")
        if trouble is not None:
            raise trouble
        if name not in self.tables:
            raise refused("EntityNotFoundException")
        return {"Table": self.tables[name]}


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "GetTable")


def views(catalogue: Catalogue, hand: Hand | None = None) -> Views:
    clock = hand.time if hand else lambda: datetime.now(UTC)
    return Views(client=catalogue, reader=SqlReader(), clock=clock)


def expand(found: Views, sql: str) -> set[tuple[str, str | None]]:
    """Which tables a statement reads, and via which view."""
    told = SqlReader().read(sql, catalog=None, database="shop")
    return {(f"{each.database}.{each.table}", each.via_view) for each in found.expand(told.tables)}


def test_a_view_is_read_and_so_are_its_tables_through_it() -> None:
    catalogue = Catalogue({"shop.v": presto("SELECT * FROM orders JOIN crm.leads USING (id)")})
    assert expand(views(catalogue), "SELECT * FROM v") == {
        ("shop.v", None), ("shop.orders", "shop.v"), ("crm.leads", "shop.v"),
    }  # fmt: skip  # three tables


def test_the_view_that_the_statement_names_stands_for_all_below_it() -> None:
    catalogue = Catalogue({"shop.outer": presto("SELECT * FROM inner_view"), "shop.inner_view": presto("TABLE orders")})
    assert expand(views(catalogue), 'SELECT * FROM "outer"') == {
        ("shop.outer", None), ("shop.inner_view", "shop.outer"), ("shop.orders", "shop.outer"),
    }  # fmt: skip  # three tables


def test_a_table_that_is_read_directly_too_is_told_once_without_the_view() -> None:
    catalogue = Catalogue({"shop.v": presto("SELECT * FROM orders")})
    assert expand(views(catalogue), "SELECT * FROM v, orders") == {("shop.v", None), ("shop.orders", None)}


def test_views_of_each_other_come_to_an_end() -> None:
    catalogue = Catalogue({"shop.a": presto("SELECT * FROM b"), "shop.b": presto("SELECT * FROM a, b, t")})
    assert expand(views(catalogue), "SELECT * FROM a") == {
        ("shop.a", None), ("shop.b", "shop.a"), ("shop.t", "shop.a"),
    }  # fmt: skip  # three tables


def test_very_deep_views_come_to_an_end() -> None:
    catalogue = Catalogue({f"shop.v{number}": presto(f"SELECT * FROM v{number + 1}") for number in range(100)})
    assert len(expand(views(catalogue), "SELECT * FROM v0")) < 20


@pytest.mark.parametrize(
    "table",
    [
        {"TableType": "EXTERNAL_TABLE", "ViewOriginalText": "SELECT * FROM t"},
        {"TableType": "VIRTUAL_VIEW"},
        {"TableType": "VIRTUAL_VIEW", "ViewOriginalText": ""},
        {"TableType": "VIRTUAL_VIEW", "ViewOriginalText": "/* Presto View: bm90IEpTT04= */"},
        {"TableType": "VIRTUAL_VIEW", "ViewOriginalText": "/* Presto View: A */"},
        {"TableType": "VIRTUAL_VIEW", "ViewOriginalText": "/* Presto View: W10= */"},
        {"TableType": "VIRTUAL_VIEW", "ViewOriginalText": 7},
        {"TableType": "VIRTUAL_VIEW", "ViewDefinition": {"Representations": "none"}},
        presto("SELEC"),
    ],
)
def test_what_tells_no_sql_is_not_followed(table: Mapping[str, Any]) -> None:
    assert expand(views(Catalogue({"shop.v": table})), "SELECT * FROM v") == {("shop.v", None)}


@pytest.mark.parametrize(
    "table",
    [
        {"TableType": "VIRTUAL_VIEW", "ViewOriginalText": "SELECT * FROM orders"},
        {"TableType": "VIRTUAL_VIEW", "ViewDefinition": {"Representations": [
            {"Dialect": "SPARK", "ViewOriginalText": "SELECT * FROM wrong"},
            {"Dialect": "ATHENA", "ViewOriginalText": "SELECT * FROM orders"}]}},
    ],
)  # fmt: skip  # one table a row
def test_views_of_hive_and_of_several_dialects_are_followed(table: Mapping[str, Any]) -> None:
    assert ("shop.orders", "shop.v") in expand(views(Catalogue({"shop.v": table})), "SELECT * FROM v")


def test_only_what_is_read_of_glues_own_catalogue_is_asked_for() -> None:
    catalogue = Catalogue()
    for sql in (
        "DESCRIBE v",
        "EXPLAIN SELECT * FROM v",
        "DROP VIEW v",
        "INSERT INTO v VALUES 1",
        "SELECT * FROM hms.shop.v",
    ):
        expand(views(catalogue), sql)
    assert catalogue.asked == Counter()


def test_a_name_is_asked_for_once_in_six_hours(hand: Hand) -> None:
    catalogue = Catalogue({"shop.v": presto("SELECT * FROM orders")})
    found = views(catalogue, hand)
    for _ in range(3):
        expand(found, "SELECT * FROM v, gone")
    assert catalogue.asked == Counter({"shop.v": 1, "shop.gone": 1, "shop.orders": 1})
    hand.at += TTL
    expand(found, "SELECT * FROM v")
    assert catalogue.asked["shop.v"] == 2
    hand.at -= timedelta(days=2)
    expand(found, "SELECT * FROM v")
    assert catalogue.asked["shop.v"] == 3


def test_the_memory_is_bounded() -> None:
    found = Views(client=Catalogue(), reader=SqlReader(), clock=lambda: datetime.now(UTC), capacity=10)
    for number in range(30):
        expand(found, f"SELECT * FROM t{number}")  # to be read, never run
    assert len(found._answers) == 10


def test_a_denied_view_stays_a_view_and_is_no_error() -> None:
    found = views(Catalogue(troubles={"shop.v": refused("AccessDeniedException")}))
    assert expand(found, "SELECT * FROM v") == {("shop.v", None)}
    assert found.take_failure() is None


def test_without_the_permission_glue_is_soon_left_alone(hand: Hand) -> None:
    catalogue = Catalogue(troubles={"*": refused("AccessDeniedException")})
    found = views(catalogue, hand)
    for number in range(50):
        expand(found, f"SELECT * FROM t{number}")  # to be read, never run
    assert catalogue.asked.total() == DENIALS
    hand.at += PAUSE
    for number in range(100, 150):
        expand(found, f"SELECT * FROM t{number}")  # to be read, never run
    assert catalogue.asked.total() == DENIALS + 1


@pytest.mark.parametrize("trouble", [refused("ThrottlingException"), EndpointConnectionError(endpoint_url="http://x")])
def test_a_failure_is_kept_for_the_end_and_glue_is_left_alone_for_a_while(trouble: Exception, hand: Hand) -> None:
    catalogue = Catalogue({"shop.v": presto("SELECT * FROM orders")}, troubles={"*": trouble})
    found = views(catalogue, hand)
    assert expand(found, "SELECT * FROM v, w") == {("shop.v", None), ("shop.w", None)}
    assert found.take_failure() is trouble
    assert found.take_failure() is None
    assert catalogue.asked.total() == 1
    catalogue.troubles.clear()
    hand.at += PAUSE
    assert ("shop.orders", "shop.v") in expand(found, "SELECT * FROM v")


def test_what_was_known_holds_while_glue_fails(hand: Hand) -> None:
    catalogue = Catalogue({"shop.v": presto("SELECT * FROM orders")})
    found = views(catalogue, hand)
    expand(found, "SELECT * FROM v")
    catalogue.troubles["*"] = refused("InternalServiceException")
    hand.at += TTL
    assert ("shop.orders", "shop.v") in expand(found, "SELECT * FROM v")


# -- with the embedded account -----------------------------------------------------------------------------------------


def statements(world: World) -> Statements:
    reader = SqlReader()
    return Statements(reader=reader, views=Views(client=world.session.glue(), reader=reader, clock=world.clock))


def test_the_accounts_views_are_followed_over_the_wire(world: World) -> None:
    query_id = world.add(sql="SELECT * FROM v_orders_by_country", database="sales")
    knowledge = FakeKnowledge()
    knowledge.take(world.athena(statements=statements(world)))
    read = {(each.database, each.table, each.via_view) for each in knowledge.executions[query_id].tables}
    assert read == {
        ("sales", "v_orders_by_country", None),
        ("sales", "v_open_orders", "sales.v_orders_by_country"),
        ("sales", "orders", "sales.v_orders_by_country"),
        ("sales", "stores", "sales.v_orders_by_country"),
    }
    assert world.calls["glue", "GetTable", "ok"] == 4


def test_a_glue_that_fails_hinders_no_count_and_is_told(make_world: MakeWorld) -> None:
    with make_world(QUIET) as world:
        world.add(sql="SELECT * FROM v_open_orders", database="sales")
        broken = Catalogue(troubles={"*": refused("ThrottlingException")})
        reader = SqlReader()
        looking = Statements(reader=reader, views=Views(client=broken, reader=reader, clock=world.clock))
        knowledge = FakeKnowledge()
        source = world.athena(statements=looking)
        with pytest.raises(ClientError, match="Throttling"):
            knowledge.take(source)
        assert [each.tables for each in knowledge.executions.values()] == [
            (TableUse(catalog="awsdatacatalog", database="sales", table="v_open_orders", mode=Mode.READ),)
        ]
        assert knowledge.reads, "the pass has still proved what it read"
        knowledge.take(source)
