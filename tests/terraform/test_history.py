"""The history's module: the table and views of the library, where the exporter writes, and who may ask."""

import base64
import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
import sqlglot
from iam_documents import conditions, principals, statements
from sqlglot import expressions
from terraforming import Plan

from athena_exporter.library import definitions, table

pytestmark = [pytest.mark.process, pytest.mark.terraform]

PLAIN, KEYED = 'module.history["plain"]', 'module.history["keyed"]'
BUCKET = "obs-plain-history-123456789012-eu-west-2"
PREFIX = "athena-history/"
FIRST_DAY = date(2024, 1, 1)

Json = Mapping[str, Any]


def _table(world: Plan, address: str) -> Json:
    return world.resources("aws_glue_catalog_table")[f"{address}.aws_glue_catalog_table.history"]


def _views(world: Plan, module: str) -> dict[str, Json]:
    found = world.resources("aws_glue_catalog_table")
    return {
        one["name"]: one for address, one in found.items() if address.startswith(f"{module}.") and ".view[" in address
    }


def _decoded(view: Json) -> dict[str, Any]:
    """What Athena reads of a view."""
    told = re.fullmatch(r"/\* Presto View: (\S+) \*/", view["view_original_text"])
    assert told, view["view_original_text"]
    document: dict[str, Any] = json.loads(base64.b64decode(told[1]))
    return document


def _columns(described: Json) -> list[tuple[str, str]]:
    return [(one["name"], one["type"]) for one in described["storage_descriptor"][0]["columns"]]


def test_the_table_is_the_librarys(world: Plan) -> None:
    made = _table(world, PLAIN)
    descriptor = made["storage_descriptor"][0]

    assert made["name"] == table.TABLE
    assert _columns(made) == [(one.name, one.type.value) for one in table.COLUMNS]
    assert [one["comment"] for one in descriptor["columns"]] == [one.comment for one in table.COLUMNS]
    assert [(one["name"], one["type"]) for one in made["partition_keys"]] == [(table.PARTITION, "string")]
    assert made["parameters"] == definitions.properties(BUCKET, PREFIX, FIRST_DAY)
    assert descriptor["location"] == definitions.location(BUCKET, PREFIX)
    assert {
        "input_format": descriptor["input_format"], "output_format": descriptor["output_format"],
        "serialization_library": descriptor["ser_de_info"][0]["serialization_library"],
    } == dict(definitions.DATA_TYPES)  # fmt: skip  # a table


def test_every_view_of_the_library_is_there_if_its_tables_are(world: Plan) -> None:
    everything = {one.name for one in definitions.VIEWS}

    assert _views(world, KEYED).keys() == everything
    assert _views(world, PLAIN).keys() == everything - {definitions.TRAIL}, "there is no trail's table to look at"


@pytest.mark.parametrize("name", [one.name for one in definitions.VIEWS])
def test_a_view_asks_what_the_library_says_and_shows_the_columns_that_it_selects(name: str, world: Plan) -> None:
    (declared,) = (one for one in definitions.VIEWS if one.name == name)
    view = _views(world, KEYED)[name]
    told = _decoded(view)

    assert told["originalSql"] == definitions.select(declared, trail="obs_organisation_audit.cloudtrail_logs")
    assert (told["catalog"], told["schema"]) == ("awsdatacatalog", "obs_keyed_history")
    query = sqlglot.parse_one(told["originalSql"], read="athena")
    assert isinstance(query, expressions.Select)
    assert query.named_selects == [one["name"] for one in told["columns"]] == [one for one, _ in _columns(view)]
    assert _columns(view) == list(declared.columns)


def test_a_views_types_are_the_same_in_both_tongues(world: Plan) -> None:
    """Athena refuses a view whose columns are of other types than it says."""
    for view in _views(world, KEYED).values():
        for (_, hive), said in zip(_columns(view), _decoded(view)["columns"], strict=True):
            assert _parsed(said["type"], "trino") == _parsed(hive, "hive"), (said, hive)


def _parsed(kind: str, dialect: str) -> str:
    """A type in Trino's words; Hive's timestamps have milliseconds in Athena."""
    text = sqlglot.parse_one(f"CAST(x AS {kind})", read=dialect).args["to"].sql("trino").lower()
    return re.sub(r"timestamp(?!\()", "timestamp(3)", text)


def test_some_types_by_hand(world: Plan) -> None:
    views = _views(world, KEYED)
    said = {one["name"]: one["type"] for one in _decoded(views[table.VIEW])["columns"]}
    trail = {one["name"]: one["type"] for one in _decoded(views[definitions.TRAIL])["columns"]}

    assert (said["query_id"], said["error_type"], said["scanned_bytes"]) == ("varchar", "integer", "bigint")
    assert (said["counted_at"], said["cost_usd"], said["result_reused"]) == ("timestamp(3)", "double", "boolean")
    assert said["tables"] == (
        "array(row(catalog_name varchar, database_name varchar, table_name varchar, mode varchar, via_view varchar))"
    )
    assert trail["resources"] == "array(row(arn varchar, accountid varchar, type varchar))"
    assert trail["useridentity"].endswith("attributes map(varchar, varchar))))")


def test_a_view_of_the_trail_has_the_types_of_the_trails_own_table(world: Plan) -> None:
    found = world.resources("aws_glue_catalog_table")
    trail = found['module.audit_trail["organisation"].aws_glue_catalog_table.cloudtrail_logs']
    there = dict(_columns(trail)) | {one["name"]: one["type"] for one in trail["partition_keys"]}
    (view,) = (one for one in definitions.VIEWS if one.reads_trail)

    assert {name: kind for name, kind in view.columns if there[name] != kind} == {"readonly": "boolean"}
    assert "CAST(readonly AS boolean)" in definitions.select(view, trail="a.b")


def test_the_history_is_kept_and_answers_are_not(world: Plan) -> None:
    rules = world.resources("aws_s3_bucket_lifecycle_configuration")[
        f"{PLAIN}.aws_s3_bucket_lifecycle_configuration.history"
    ]["rule"]
    days = {one["filter"][0]["prefix"]: one["expiration"][0]["days"] for one in rules if one["expiration"]}
    ends = [one for one in rules if one["abort_incomplete_multipart_upload"]]

    assert days == {PREFIX: 400, "results/": 7}
    assert [one["abort_incomplete_multipart_upload"][0]["days_after_initiation"] for one in ends] == [1]
    assert all(one["status"] == "Enabled" for one in rules)


def test_its_workgroup_lets_nobody_pass_the_limit_by_and_puts_answers_where_they_expire(world: Plan) -> None:
    for name, key in (("plain", None), ("keyed", "arn:aws:kms:eu-west-2:123456789012:key/0123abcd")):
        (made,) = (
            one["configuration"][0] for one in world.resources("aws_athena_workgroup").values()
            if one["name"] == f"obs-{name}-history"
        )  # fmt: skip  # as short as it can be said
        (result,) = made["result_configuration"]
        (encrypted,) = result["encryption_configuration"]

        assert made["enforce_workgroup_configuration"]
        assert made["bytes_scanned_cutoff_per_query"] == 100 * 2**30
        assert made["engine_version"][0]["selected_engine_version"] == "Athena engine version 3", "older reuse nothing"
        assert result["expected_bucket_owner"] == "123456789012"
        assert (encrypted["encryption_option"], encrypted["kms_key_arn"]) == ("SSE_KMS" if key else "SSE_S3", key)


def test_whoever_asks_reads_the_history_and_writes_answers_alone(world: Plan) -> None:
    document = world.documents()[f"{KEYED}.data.aws_iam_policy_document.reader"]
    by_action = {action: one["Resource"] for one in statements(document) for action in one["Action"]}
    bucket = "arn:aws:s3:::obs-keyed-history-123456789012-eu-west-2"
    reads = [one["Resource"] for one in statements(document) if "s3:GetObject" in one["Action"]]

    assert by_action["athena:StartQueryExecution"] == [
        "arn:aws:athena:eu-west-2:123456789012:workgroup/obs-keyed-history"
    ]
    assert by_action["s3:PutObject"] == [f"{bucket}/results/*"]
    assert reads == [[f"{bucket}/{PREFIX}*"], [f"{bucket}/results/*"]]
    assert "arn:aws:glue:eu-west-2:123456789012:table/obs_keyed_history/*" in by_action["glue:GetTable"]
    assert not [action for action in by_action if re.search(r":(Delete|Create|Update)", action)]
    (listing,) = (one for one in statements(document) if one["Action"] == ["s3:ListBucket"])
    assert conditions(listing) == {("StringLike", "s3:prefix", (f"{PREFIX}*", "results/*"))}


def test_an_exporter_of_another_account_writes_below_the_prefix_alone(world: Plan) -> None:
    document = world.documents()[f"{KEYED}.data.aws_iam_policy_document.bucket"]
    allowed = [one for one in statements(document) if one["Effect"] == "Allow"]

    assert all(principals(one) == {"arn:aws:iam::444455556666:role/other-task"} for one in allowed)
    assert {tuple(one["Resource"]) for one in allowed} == {
        ("arn:aws:s3:::obs-keyed-history-123456789012-eu-west-2/athena-history/*",),
        ("arn:aws:s3:::obs-keyed-history-123456789012-eu-west-2",),
    }
    plain = statements(world.documents()[f"{PLAIN}.data.aws_iam_policy_document.bucket"])
    assert [one["Effect"] for one in plain] == ["Deny"], "nobody else, unless somebody is named"
