"""One CloudTrail record of StartQueryExecution."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_exporter.records import FailedStart, StartedQuery, Target
from athena_exporter.sources.identity import IdentityRules
from athena_exporter.sources.starts import MalformedRecordError, Start, read_event, read_record

RULES = IdentityRules.of()
TARGET = Target(account_id="444455556666", region="eu-north-1")
RECORD: Mapping[str, Any] = {
    "eventVersion": "1.11",
    "userIdentity": {"type": "IAMUser", "userName": "Alice", "accountId": "111122223333"},
    "eventTime": "2026-11-22T08:15:30Z",
    "eventSource": "athena.amazonaws.com",
    "eventName": "StartQueryExecution",
    "awsRegion": "eu-west-1",
    "sourceIPAddress": "198.51.100.7",
    "userAgent": "Boto3/1.43",
    "requestParameters": {"queryString": "***OMITTED***", "workGroup": "etl"},
    "responseElements": {"queryExecutionId": "0e6f1c1e-55d1-4f44-9a63-2f0f6a0d7b11"},
    "eventID": "5f1d6f0a-0d7b-4a59-8a55-0f3f7f1d9c22",
    "recipientAccountId": "111122223333",
}
REFUSED = {**RECORD, "errorCode": "InvalidRequestException", "errorMessage": "no output", "responseElements": None}
AT = datetime(2026, 11, 22, 8, 15, 30, tzinfo=UTC)


def read(record: Mapping[str, Any]) -> Start | None:
    return read_record(record, rules=RULES, target=TARGET)


def lacking(name: str, record: Mapping[str, Any] = RECORD) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != name}


def test_an_accepted_start_tells_the_query_and_its_user() -> None:
    found = read(RECORD)
    assert isinstance(found, StartedQuery)
    assert (found.query_id, found.event_id) == (RECORD["responseElements"]["queryExecutionId"], RECORD["eventID"])
    assert (found.started_at, found.account_id, found.region) == (AT, "111122223333", "eu-west-1")
    assert (found.workgroup, found.identity.user, found.identity.client) == ("etl", "Alice", "boto3")


def test_a_refused_start_is_told_by_its_event() -> None:
    found = read(REFUSED)
    assert isinstance(found, FailedStart)
    assert (found.event_id, found.error_code, found.workgroup) == (RECORD["eventID"], "InvalidRequestException", "etl")


def test_an_error_goes_before_an_id_that_came_with_it() -> None:
    assert isinstance(read({**RECORD, "errorCode": "Throttled"}), FailedStart)


@pytest.mark.parametrize("answer", [None, {}, {"queryExecutionId": None}, {"queryExecutionId": "no id at all"}, "x"])
def test_a_start_without_a_query_id_is_a_refused_one_of_unknown_cause(answer: object) -> None:
    found = read({**RECORD, "responseElements": answer})
    assert isinstance(found, FailedStart)
    assert found.error_code == "unknown"


@pytest.mark.parametrize("name", [name for name in RECORD if name not in {"eventTime", "responseElements"}])
def test_any_other_field_may_be_missing(name: str) -> None:
    found = read(lacking(name))
    assert isinstance(found, StartedQuery)
    assert found.query_id == RECORD["responseElements"]["queryExecutionId"]


def test_the_target_stands_in_for_a_missing_account_and_region() -> None:
    found = read(lacking("awsRegion", lacking("recipientAccountId")))
    assert found is not None
    assert (found.account_id, found.region) == (TARGET.account_id, TARGET.region)


def test_a_missing_event_id_is_replaced_by_the_query_id() -> None:
    found = read(lacking("eventID"))
    assert found is not None
    assert found.event_id == RECORD["responseElements"]["queryExecutionId"]


def test_without_a_time_or_any_id_it_is_malformed() -> None:
    for broken in (lacking("eventTime"), {**RECORD, "eventTime": "yesterday"}, lacking("eventID", REFUSED)):
        with pytest.raises(MalformedRecordError):
            read(broken)


def test_starts_of_other_services_and_other_events_are_none_of_ours() -> None:
    assert read({**RECORD, "eventSource": "rdsdata.amazonaws.com"}) is None
    assert read({**RECORD, "eventName": "StopQueryExecution"}) is None


def test_the_frame_tells_what_the_record_lacks() -> None:
    frame = {"EventId": "from-the-frame", "EventTime": AT, "CloudTrailEvent": json.dumps({"errorCode": "X"})}
    found = read_event(frame, rules=RULES, target=TARGET)
    assert isinstance(found, FailedStart)
    assert (found.event_id, found.started_at) == ("from-the-frame", AT)


@pytest.mark.parametrize("text", [None, "", "{", "[]", "null", "[" * 100_000, 7])
def test_an_event_whose_record_is_no_object_is_malformed(text: object) -> None:
    with pytest.raises(MalformedRecordError):
        read_event({"CloudTrailEvent": text, "EventTime": AT, "EventId": "x"}, rules=RULES, target=TARGET)


ALIEN = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text(), max_size=2)


@given(mutations=st.dictionaries(st.sampled_from([*RECORD, "errorCode"]), ALIEN | st.dictionaries(st.text(), ALIEN)))
def test_no_mutation_makes_it_raise_anything_but_malformed(mutations: dict[str, Any]) -> None:
    event = {"CloudTrailEvent": json.dumps({**RECORD, **mutations}), "EventTime": AT, "EventId": "frame"}
    try:
        found = read_event(event, rules=RULES, target=TARGET)
    except MalformedRecordError:
        return
    assert found is None or found.started_at.tzinfo is UTC
