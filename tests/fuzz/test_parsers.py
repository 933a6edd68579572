"""Whatever arrives: no exception leaves a parser, and no record is dropped without being counted.

tests/support/fuzzing.py says how much; tests/corpus keeps the shapes that inputs are made of, and what broke
something once.
"""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from calls import GRANT, LOOK, RULES, START, TARGET
from fuzzing import ROUNDS, SEED, naming
from mutations import records, statements
from sql_corpus import STATEMENTS

from athena_exporter.config.outlets import QueryText
from athena_exporter.config.sources import AccessEvent
from athena_exporter.records import FailedStart, Mode, StartedQuery, TableEvent
from athena_exporter.sources.access_events import OWN_AGENT, read_access
from athena_exporter.sources.redaction import LONGEST_TEXT
from athena_exporter.sources.sql import Statements
from athena_exporter.sources.starts import MalformedRecordError, read_event, record_of
from athena_exporter.sources.tables import REASONS, SqlReader


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
