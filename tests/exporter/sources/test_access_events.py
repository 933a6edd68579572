"""One CloudTrail record that names a table."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from athena_exporter.config.model import Privacy
from athena_exporter.records import Mode, Origin, TableEvent, Target
from athena_exporter.sources.access_events import read_access
from athena_exporter.sources.identity import IdentityRules
from athena_exporter.sources.privacy import Naming
from athena_exporter.sources.starts import MalformedRecordError

RULES = IdentityRules.of()
TARGET = Target(account_id="444455556666", region="eu-north-1")
QUERY = "33333333-4444-5555-6666-777777777777"
FRAME: Mapping[str, Any] = {
    "userIdentity": {
        "type": "AssumedRole",
        "arn": "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Analyst_0123456789abcdef/jane@example.org",
        "invokedBy": "athena.amazonaws.com",
    },
    "eventTime": "2026-11-22T08:15:30Z",
    "awsRegion": "us-east-2",
    "userAgent": "athena.amazonaws.com",
    "sourceIPAddress": "athena.amazonaws.com",
    "eventID": "5f1d6f0a-0d7b-4a59-8a55-0f3f7f1d9c22",
    "recipientAccountId": "111122223333",
}
GRANT: Mapping[str, Any] = {
    **FRAME,
    "eventSource": "lakeformation.amazonaws.com",
    "eventName": "GetDataAccess",
    "requestParameters": {
        "tableArn": "arn:aws:glue:us-east-2:111122223333:table/Flights/Local",
        "permissions": ["SELECT"],
        "auditContext": {"additionalAuditContext": f"{{queryId: {QUERY}}}"},
    },
    "additionalEventData": {"requesterService": "ATHENA"},
}
AT = datetime(2026, 11, 22, 8, 15, 30, tzinfo=UTC)


def glue(api: str, /, **parameters: object) -> Mapping[str, Any]:
    return {**FRAME, "eventSource": "glue.amazonaws.com", "eventName": api, "requestParameters": parameters}


def read(record: Mapping[str, Any], naming: Naming | None = None) -> TableEvent | None:
    return read_access(record, rules=RULES, target=TARGET, naming=naming)


def told(record: Mapping[str, Any]) -> TableEvent:
    found = read(record)
    assert found is not None
    return found


def named(record: Mapping[str, Any]) -> tuple[str, str | None, str | None]:
    found = told(record)
    return found.catalog, found.database, found.table


def test_a_grant_to_athena_proves_a_read_of_a_query() -> None:
    found = told(GRANT)
    assert (found.origin, found.mode, found.api) == (Origin.LAKE_FORMATION, Mode.READ, "GetDataAccess")
    assert (found.query_id, found.at, found.account_id, found.region) == (QUERY, AT, "111122223333", "us-east-2")
    assert named(GRANT) == ("awsdatacatalog", "flights", "local")
    assert (found.identity.user, found.identity.role) == ("jane@example.org", "sso:Analyst")


@pytest.mark.parametrize(
    "change",
    [
        {"additionalEventData": {"requesterService": "REDSHIFT"}},
        {"additionalEventData": None},
        {"requestParameters": {**GRANT["requestParameters"], "permissions": ["DESCRIBE"]}},
        {"requestParameters": {**GRANT["requestParameters"], "permissions": "SELECT"}},
    ],
)
def test_any_other_grant_proves_none(change: Mapping[str, Any]) -> None:
    assert told({**GRANT, **change}).mode is Mode.METADATA


@pytest.mark.parametrize(
    ("record", "names"),
    [
        (glue("GetTable", catalogId="111122223333", databaseName="Sales", name="Orders"),
         ("awsdatacatalog", "sales", "orders")),
        (glue("GetTable", name="orders"), ("awsdatacatalog", None, "orders")),
        (glue("GetTables", databaseName="sales"), ("awsdatacatalog", "sales", None)),
        (glue("GetPartitions", databaseName="sales", tableName="orders"), ("awsdatacatalog", "sales", "orders")),
        (glue("BatchGetPartition", databaseName="s", tableName="o", partitionsToGet=[]), ("awsdatacatalog", "s", "o")),
        (glue("BatchGetTable", databaseName="s", name="o"), ("awsdatacatalog", "s", "o")),
        (glue("GetUnfilteredTableMetadata", catalogId="999988887777", databaseName="s", name="o"),
         ("999988887777", "s", "o")),
        (glue("GetTable", catalogId="111122223333:s3tablescatalog/lake", databaseName="s", name="o"),
         ("s3tablescatalog/lake", "s", "o")),
        (glue("GetTable", tableArn="arn:aws:glue:us-east-2:999988887777:table/s3tablescatalog/lake/ns/t"),
         ("s3tablescatalog/lake", "ns", "t")),
    ],
)  # fmt: skip  # one record a row
def test_a_call_to_glue_is_metadata_of_what_it_names(record: Mapping[str, Any], names: tuple[str, ...]) -> None:
    assert named(record) == names
    assert (told(record).origin, told(record).mode) == (Origin.GLUE, Mode.METADATA)


@pytest.mark.parametrize(
    "context",
    [
        f"{{queryId: {QUERY}}}",
        f'{{"queryId": "{QUERY.upper()}"}}',
        {"additionalAuditContext": f"a, queryId={QUERY}, b"},
    ],
)
def test_a_query_id_is_found_however_it_is_written(context: object) -> None:
    assert told(glue("GetTable", databaseName="s", name="o", auditContext=context)).query_id == QUERY


@pytest.mark.parametrize("context", [None, 7, [], "queryId: none", {"additionalAuditContext": "queryId:"}])
def test_without_a_query_id_there_is_none(context: object) -> None:
    assert told(glue("GetTable", databaseName="s", name="o", auditContext=context)).query_id is None


@pytest.mark.parametrize(
    "record",
    [
        {**GRANT, "errorCode": "AccessDenied"},
        {**GRANT, "eventName": "GetTemporaryGlueTableCredentials"},
        {**GRANT, "eventSource": "s3.amazonaws.com"},
        {**GRANT, "requestParameters": {"dataLocations": ["s3://bucket/"]}},
        {**GRANT, "requestParameters": None},
        {**GRANT, "userAgent": "Boto3/1.40 Botocore/1.40 athena-exporter/0.1.0"},
        glue("DeleteTable", databaseName="s", name="o"),
        glue("GetTable", databaseName=7, name=None),
        {},
    ],
)
def test_what_tells_of_no_access_is_no_event(record: Mapping[str, Any]) -> None:
    assert read(record) is None


@pytest.mark.parametrize("name", ["eventTime", "eventID"])
def test_a_record_without_time_or_id_is_malformed(name: str) -> None:
    with pytest.raises(MalformedRecordError):
        read({**GRANT, name: None})


def test_people_are_named_as_the_configuration_says() -> None:
    found = read(GRANT, Naming(mode=Privacy.ROLE_ONLY, rules=RULES))
    assert found is not None
    assert found.identity.user == "sso:Analyst"
