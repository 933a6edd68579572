"""Glue's catalogue of the company: databases, tables, partitions, and views as Athena keeps them."""

import json
from base64 import b64decode
from typing import Any

import pytest


def _names(answer: dict[str, Any], what: str) -> list[str]:
    return [item["Name"] for item in answer[what]]


def test_the_catalogue_holds_what_the_company_has_and_its_views(world: Any) -> None:
    company = world.control("GET", "company")["databases"]
    assert _names(world.call("glue", "GetDatabases"), "DatabaseList") == sorted(company)
    assert world.call("glue", "GetDatabase", Name="Sales")["Database"]["Name"] == "sales"
    for database, tables in company.items():
        found = world.call("glue", "GetTables", DatabaseName=database)["TableList"]
        plain = [table["Name"] for table in found if table["TableType"] == "EXTERNAL_TABLE"]
        assert plain == sorted(tables)
        assert any(table["TableType"] == "VIRTUAL_VIEW" for table in found)


def test_tables_come_in_pages_and_by_pattern(world: Any) -> None:
    seen: list[str] = []
    parameters: dict[str, Any] = {"DatabaseName": "sales", "MaxResults": 4}
    while True:
        answer = world.call("glue", "GetTables", **parameters)
        seen += _names(answer, "TableList")
        if "NextToken" not in answer:
            break
        parameters["NextToken"] = answer["NextToken"]
    assert seen == _names(world.call("glue", "GetTables", DatabaseName="sales"), "TableList")
    assert len(seen) == 17
    orders = world.call("glue", "GetTables", DatabaseName="sales", Expression="order.*")
    assert _names(orders, "TableList") == ["order_items", "orders"]
    assert _names(world.call("glue", "SearchTables", SearchText="forecast"), "TableList") == [
        "forecasts_demand",
        "forecasts",
    ]
    wrong = {"DatabaseName": "sales", "NextToken": "x"}
    assert world.error("glue", "GetTables", **wrong)[0] == "InvalidInputException"
    assert world.error("glue", "GetTables", DatabaseName="sales", MaxResults=101)[0] == "InvalidInputException"
    assert world.error("glue", "GetTables", DatabaseName="sales", Expression="(")[0] == "InvalidInputException"


def test_a_table_says_its_columns_partitions_and_format(world: Any) -> None:
    orders = world.call("glue", "GetTable", DatabaseName="sales", Name="ORDERS")["Table"]
    assert orders["PartitionKeys"] == [{"Name": "dt", "Type": "date"}]
    assert {column["Name"] for column in orders["StorageDescriptor"]["Columns"]} >= {"id", "customer_id", "amount"}
    prices = world.call("glue", "GetTable", DatabaseName="sales", Name="price_list")["Table"]
    assert (prices["Parameters"]["table_type"], prices["PartitionKeys"]) == ("ICEBERG", [])


def test_a_partition_is_a_day_of_the_last_two_months(world: Any) -> None:
    parameters = {"DatabaseName": "sales", "TableName": "orders"}
    days = [part["Values"][0] for part in world.call("glue", "GetPartitions", **parameters)["Partitions"]]
    assert len(days) == 60
    assert days == sorted(days)
    some = {**parameters, "Expression": f"dt >= '{days[-3]}' AND dt < '{days[-1]}'"}
    assert [part["Values"][0] for part in world.call("glue", "GetPartitions", **some)["Partitions"]] == days[-3:-1]
    assert world.call("glue", "GetPartitions", DatabaseName="sales", TableName="stores")["Partitions"] == []
    assert world.error("glue", "GetPartitions", **parameters, Expression="dt LIKE 'x'")[0] == "InvalidInputException"


def test_a_view_carries_its_sql_in_base64(world: Any) -> None:
    view = world.call("glue", "GetTable", DatabaseName="sales", Name="v_open_orders")["Table"]
    head, text, tail = view["ViewOriginalText"].rsplit(" ", 2)
    assert (head, tail, view["ViewExpandedText"]) == ("/* Presto View:", "*/", "/* Presto View */")
    told = json.loads(b64decode(text))
    assert (told["catalog"], told["schema"]) == ("awsdatacatalog", "sales")
    assert "FROM orders o JOIN sales.stores s" in told["originalSql"]
    assert "PartitionKeys" in view
    above = world.call("glue", "GetTable", DatabaseName="sales", Name="v_orders_by_country")["Table"]
    assert "v_open_orders" in b64decode(above["ViewOriginalText"].split(" ")[3]).decode()


def test_one_view_is_broken_and_one_is_none_of_athenas(world: Any) -> None:
    broken = world.call("glue", "GetTable", DatabaseName="raw_landing", Name="v_broken")["Table"]
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(b64decode(broken["ViewOriginalText"].split(" ")[3]))
    hive = world.call("glue", "GetTable", DatabaseName="customers", Name="v_from_hive")["Table"]
    assert hive["ViewOriginalText"] == "SELECT id FROM customers.profiles"


@pytest.mark.parametrize(
    ("operation", "parameters", "code"),
    [
        ("GetTable", {"DatabaseName": "sales", "Name": "nothing"}, "EntityNotFoundException"),
        ("GetTable", {"DatabaseName": "nowhere", "Name": "orders"}, "EntityNotFoundException"),
        ("GetDatabase", {"Name": "nowhere"}, "EntityNotFoundException"),
        ("GetTable", {"DatabaseName": "sales"}, "InvalidInputException"),
        ("CreateTable", {"DatabaseName": "sales"}, "UnknownOperationException"),
    ],
)
def test_what_is_not_there_is_not_found(world: Any, operation: str, parameters: dict[str, Any], code: str) -> None:
    assert world.error("glue", operation, **parameters)[0] == code


def test_faults_strike_glue_too(world: Any) -> None:
    world.control("PUT", "faults", [{"kind": "denied", "operation": "glue:GetTable"}])
    code, words = world.error("glue", "GetTable", DatabaseName="sales", Name="orders")
    assert (code, "glue:GetTable" in words) == ("AccessDeniedException", True)
    assert world.call("glue", "GetDatabases")["DatabaseList"]
