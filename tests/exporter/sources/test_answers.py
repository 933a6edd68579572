"""What comes back over the wire, read by real clients."""

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserFactory
from botocore.utils import parse_timestamp
from hypothesis import given
from hypothesis import strategies as st
from odd_server import answering
from source_world import session_with

from athena_exporter.sources.answers import Answer, answered_at, ask, parsed_time, tidy
from athena_exporter.sources.errors import GarbledAnswerError, reason
from athena_exporter.sources.executions import read_execution

BATCH_GET = botocore.session.get_session().get_service_model("athena").operation_model("BatchGetQueryExecution")
OURS = datetime(2001, 1, 1, tzinfo=UTC)
ID = "0e6f1c1e-55d1-4f44-9a63-2f0f6a0d7b11"


def read(operation: str, body: bytes, *, status: int = 200, calls: Counter[Any] | None = None) -> Answer:
    with answering(body, status=status) as url:
        session = session_with(url, Counter() if calls is None else calls)
        try:
            client = session.cloudtrail() if operation == "lookup_events" else session.athena()
            arguments = {"QueryExecutionIds": [ID]} if operation.startswith("batch") else {}
            return ask(getattr(client, operation), **arguments)
        finally:
            session.close()


@pytest.mark.parametrize(
    "body",
    [
        b"<html>hello</html>", b"\xff\xfe\x00", b'{"WorkGroups": [', b"[]", b"null", b"7", b'"text"', b"[" * 100_000,
        b'{"message": "maintenance"}', b'{"WorkGroups": "none"}', b'{"WorkGroups": [], "NextToken": []}',
        b'{"WorkGroups": {"a": 1}}',
    ],
)  # fmt: skip  # a list
def test_what_is_no_answer_is_refused_and_counted(body: bytes) -> None:
    calls: Counter[Any] = Counter()
    with pytest.raises(GarbledAnswerError):
        read("list_work_groups", body, calls=calls)
    assert calls == {("athena", "ListWorkGroups", "GarbledAnswerError"): 3}


@pytest.mark.parametrize("body", [b"{}", b"", b'{"WorkGroups": []}', b'{"WorkGroups": [], "News": {"a": [1]}}'])
def test_an_empty_answer_is_an_answer(body: bytes) -> None:
    assert read("list_work_groups", body).get("WorkGroups", []) == []


def test_one_value_of_the_wrong_type_costs_only_itself() -> None:
    odd = {"QueryExecutionId": ID, "Status": "odd", "Statistics": [1], "Query": "SELECT 1", "Tomorrow": {"x": 1}}
    dated = {"QueryExecutionId": "x", "Status": {"State": "FAILED", "SubmissionDateTime": "the other day"}}
    body = json.dumps({"QueryExecutions": [odd, 5, None, dated], "UnprocessedQueryExecutionIds": None}).encode()
    answer = read("batch_get_query_execution", body)
    assert answer["QueryExecutions"] == [
        {"QueryExecutionId": ID, "Query": "SELECT 1"},
        {"QueryExecutionId": "x", "Status": {"State": "FAILED"}},
    ]


@pytest.mark.parametrize("body", [b"<html>no</html>", b"[]", b"null", b"\xff", b'{"__type": 5, "message": [1]}', b""])
@pytest.mark.parametrize(("status", "why"), [(400, "answer"), (403, "denied"), (501, "server")])
def test_an_error_whose_text_is_garbage_is_still_an_error(body: bytes, status: int, why: str) -> None:
    with pytest.raises(ClientError) as raised:
        read("list_work_groups", body, status=status)
    assert reason(raised.value) == why


def test_an_error_keeps_its_name() -> None:
    body = json.dumps({"__type": "com.amazon#InvalidRequestException", "Message": "no", "AthenaErrorCode": 1}).encode()
    calls: Counter[Any] = Counter()
    with pytest.raises(ClientError, match="InvalidRequestException"):
        read("list_work_groups", body, status=400, calls=calls)
    assert calls == {("athena", "ListWorkGroups", "InvalidRequestException"): 1}


@pytest.mark.parametrize("code", ["a b", "x" * 65, "<b>"])
def test_a_code_that_is_none_never_becomes_a_label(code: str) -> None:
    calls: Counter[Any] = Counter()
    with pytest.raises(ClientError):
        read("list_work_groups", json.dumps({"__type": code}).encode(), status=400, calls=calls)
    assert calls == {("athena", "ListWorkGroups", "other"): 1}


def test_an_answer_shorter_than_it_promised_is_never_taken_for_a_whole_one() -> None:
    with answering(b'{"WorkGroups": [', headers={"Content-Length": "5000"}) as url:
        session = session_with(url, Counter())
        with pytest.raises(BotoCoreError) as raised:
            ask(session.athena().list_work_groups)
        session.close()
    assert reason(raised.value) in {"network", "answer"}


def test_times_are_read_as_utc() -> None:
    status = {"State": "QUEUED", "SubmissionDateTime": 1795428000.125}
    body = json.dumps({"QueryExecutions": [{"QueryExecutionId": ID, "Status": status}]}).encode()
    at = read("batch_get_query_execution", body)["QueryExecutions"][0]["Status"]["SubmissionDateTime"]
    assert (at, at.tzinfo) == (datetime(2026, 11, 23, 10, 0, 0, 125_000, tzinfo=UTC), UTC)


@given(st.integers(-62_135_500_000, 253_402_200_000) | st.floats(-62_135_500_000, 253_402_200_000))
def test_every_number_is_the_time_that_botocore_takes_it_for(seconds: float) -> None:
    assert parsed_time(seconds) == parse_timestamp(seconds)  # type: ignore[arg-type]  # its stub knows texts alone


@pytest.mark.parametrize("seconds", [1e300, -1e300, float("inf"), float("nan"), 10**400, 253_402_300_800])
def test_a_number_that_no_calendar_has_costs_only_itself(seconds: float) -> None:
    status = {"State": "QUEUED", "SubmissionDateTime": seconds}
    body = json.dumps({"QueryExecutions": [{"QueryExecutionId": ID, "Status": status}]}).encode()
    assert read("batch_get_query_execution", body)["QueryExecutions"][0]["Status"] == {"State": "QUEUED"}


def answer_dated(date: object) -> Answer:
    return {"ResponseMetadata": {"HTTPHeaders": {"date": date}}}


def test_the_clock_is_that_of_the_answer() -> None:
    assert answered_at(read("list_work_groups", b"{}"), lambda: OURS) == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert answered_at(answer_dated("Sun, 22 Nov 2026 12:00:00 +0200"), lambda: OURS).hour == 10
    assert answered_at(answer_dated("Sun, 22 Nov 2026 12:00:00 -0000"), lambda: OURS).tzinfo is UTC


@pytest.mark.parametrize(
    "answer", [{}, answer_dated("soon"), answer_dated(""), answer_dated("Sun, 99 Nov 2026 1:1:1 GMT")]
)
def test_ours_stands_in_where_the_answer_has_none(answer: Answer) -> None:
    assert answered_at(answer, lambda: OURS) == OURS


PARSERS = ResponseParserFactory()
PARSERS.set_parser_defaults(timestamp_parser=parsed_time)  # as a session has it
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["Status", "State", "Query"]), inner),
    max_leaves=6,
)
MEMBERS = ["QueryExecutionId", "Status", "Statistics", "Query", "WorkGroup", "QueryExecutionContext", "EngineVersion"]
EXECUTIONS = st.lists(st.dictionaries(st.sampled_from(MEMBERS), JSON) | JSON, max_size=3)


@given(executions=EXECUTIONS, unprocessed=EXECUTIONS)
def test_whatever_a_batch_holds_botocore_can_parse_it_afterwards(executions: Any, unprocessed: Any) -> None:
    body = json.dumps({"QueryExecutions": executions, "UnprocessedQueryExecutionIds": unprocessed}).encode()
    response: dict[str, Any] = {"status_code": 200, "body": body, "headers": {}}
    try:
        tidy(operation_model=BATCH_GET, response_dict=response)
    except GarbledAnswerError:
        return
    assert BATCH_GET.output_shape is not None
    answer = PARSERS.create_parser("json").parse(response, BATCH_GET.output_shape)
    for raw in answer.get("QueryExecutions", ()):
        reading = read_execution(raw)
        assert reading.record is not None or reading.malformed == 1
