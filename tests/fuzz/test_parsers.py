"""Whatever arrives: no exception leaves a parser, and no record is dropped without being counted.

FUZZ_ROUNDS (default 2,000) and FUZZ_SEED (default 1) of the environment choose how much and what; a failure names its
input, and the same seed brings it again.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from mutations import records, statements
from sql_corpus import STATEMENTS

from athena_exporter.config.outlets import QueryText
from athena_exporter.config.sources import AccessEvent
from athena_exporter.records import FailedStart, Mode, StartedQuery, TableEvent, Target
from athena_exporter.sources.access_events import OWN_AGENT, read_access
from athena_exporter.sources.identity import IdentityRules
from athena_exporter.sources.redaction import LONGEST_TEXT
from athena_exporter.sources.sql import Statements
from athena_exporter.sources.starts import MalformedRecordError, read_event, record_of
from athena_exporter.sources.tables import REASONS, SqlReader

ROUNDS = int(os.environ.get("FUZZ_ROUNDS", "2000"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
SLOWEST = 10.0
"""Seconds of the processor that one input may take."""
RULES = IdentityRules.of()
TARGET = Target(account_id="111122223333", region="eu-west-1")
WHO = {
    "type": "AssumedRole",
    "principalId": "AROAEXAMPLE:jane@example.org",
    "arn": "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Analyst_0123456789abcdef/jane@example.org",
    "accountId": "111122223333",
    "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "AWSReservedSSO_Analyst_0123456789abcdef"}},
}
FRAME = {
    "eventVersion": "1.11",
    "userIdentity": WHO,
    "eventTime": "2026-11-22T08:15:30Z",
    "awsRegion": "eu-west-1",
    "sourceIPAddress": "198.51.100.7",
    "userAgent": "Boto3/1.40 Airflow/2.10 AmPP/9 Caller/AthenaOperator DagRunKey/0b1ec7de-7f23-5d1b-9b9c-7cf1f2a3c1d4",
    "eventID": "5f1d6f0a-0d7b-4a59-8a55-0f3f7f1d9c22",
    "recipientAccountId": "111122223333",
}
START = {
    **FRAME,
    "eventSource": "athena.amazonaws.com",
    "eventName": "StartQueryExecution",
    "requestParameters": {"queryString": "***OMITTED***", "workGroup": "etl"},
    "responseElements": {"queryExecutionId": "0e6f1c1e-55d1-4f44-9a63-2f0f6a0d7b11"},
}
GRANT = {
    **FRAME,
    "eventSource": "lakeformation.amazonaws.com",
    "eventName": "GetDataAccess",
    "requestParameters": {
        "tableArn": "arn:aws:glue:eu-west-1:111122223333:table/flights/local",
        "permissions": ["SELECT"],
        "auditContext": {"additionalAuditContext": "{queryId: 33333333-4444-5555-6666-777777777777}"},
    },
    "additionalEventData": {"requesterService": "ATHENA"},
}
LOOK = {
    **FRAME,
    "eventSource": "glue.amazonaws.com",
    "eventName": "GetTable",
    "requestParameters": {"catalogId": "111122223333", "databaseName": "sales", "name": "orders"},
}


@contextmanager
def naming(found: object) -> Iterator[None]:
    """A failure says for which input; one that takes for ever is a failure."""
    began = time.process_time()
    try:
        yield
    except Exception as error:  # noqa: BLE001  any exception is what is looked for
        pytest.fail(f"{type(error).__name__}: {error} for {found!r}")
    seconds = time.process_time() - began
    assert seconds < SLOWEST, f"{seconds:.1f} s for {found!r}"


@pytest.mark.no_cover
def test_no_statement_is_an_exception() -> None:
    redacting = Statements(reader=SqlReader(), query_text=QueryText.REDACTED)
    for sql in statements(STATEMENTS, seed=SEED, rounds=ROUNDS):
        with naming(sql):
            said = redacting.look(sql, catalog=None, database="shop")
            assert said.unparsed is None or (said.unparsed in REASONS and said.tables == ())
            assert said.database is not None
            assert said.sql_text is not None
            assert len(said.sql_text.encode()) < LONGEST_TEXT + 100
            json.dumps(said.sql_text).encode()
            for table in said.tables:
                assert table.mode in Mode
                assert all(0 < len(name) <= 256 for name in (table.catalog, table.database, table.table))
                f"{table.catalog}{table.database}{table.table}{said.workload}".encode()


def starts_or_malformed(event: Mapping[str, Any]) -> None:
    try:
        found = read_event(event, rules=RULES, target=TARGET)
    except MalformedRecordError:
        return
    if found is None:
        record = record_of(event)
        assert (record.get("eventSource"), record.get("eventName")) != ("athena.amazonaws.com", "StartQueryExecution")
        return
    assert isinstance(found, StartedQuery | FailedStart)
    f"{found.identity}{found.workgroup}{found.account_id}{found.region}{found.event_id}".encode()
    assert found.started_at.utcoffset() is not None


def test_no_start_is_an_exception_or_lost() -> None:
    for event in records(
        [START, {**START, "errorCode": "AccessDenied", "responseElements": None}], seed=SEED, rounds=ROUNDS
    ):
        with naming(event):
            starts_or_malformed(event)


def access_or_malformed(event: Mapping[str, Any]) -> None:
    try:
        record = record_of(event)
        found = read_access(record, rules=RULES, target=TARGET)
    except MalformedRecordError:
        return
    if found is None:
        assert tells_nothing(record)
        return
    assert isinstance(found, TableEvent)
    assert found.mode in {Mode.READ, Mode.METADATA}
    assert found.database or found.table
    f"{found.identity}{found.catalog}{found.database}{found.table}{found.event_id}".encode()


def tells_nothing(record: Mapping[str, Any]) -> bool:
    """Whether a record may be passed over: it is another's, was refused, is our own, or names nothing."""
    if record.get("eventSource") not in ["glue.amazonaws.com", "lakeformation.amazonaws.com"]:
        return True
    if record.get("eventName") not in list(AccessEvent) or record.get("errorCode") is not None:
        return True
    asked = record.get("requestParameters")
    keys = ("tableArn", "databaseName", "tableName", "name")
    named = [asked.get(key) for key in keys] if isinstance(asked, dict) else []
    texts = [name for name in named if isinstance(name, str) and name.strip()]
    return OWN_AGENT in str(record.get("userAgent")) or not texts or texts == [named[0]]


def test_no_event_about_a_table_is_an_exception_or_lost() -> None:
    for event in records([GRANT, LOOK], seed=SEED, rounds=ROUNDS):
        with naming(event):
            access_or_malformed(event)
