"""Every fault, as boto3 meets it; limits and their words; the plan itself."""

import json
import socket
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import IncompleteRead
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ReadTimeoutError,
)

from athena_testbed import Settings
from athena_testbed.faults import KINDS, STANDING, FaultPlan
from athena_testbed.limits import RATES, Limits
from athena_testbed.wire import AwsError


def _plan(world: Any, **rule: Any) -> None:
    world.control("PUT", "faults", [rule])


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        ("throttle", "ThrottlingException", 400),
        ("too_many_requests", "TooManyRequestsException", 400),
        ("internal", "InternalServerException", 500),
        ("unavailable", "ServiceUnavailableException", 503),
        ("denied", "AccessDeniedException", 400),
        ("expired", "ExpiredTokenException", 400),
        ("unrecognized", "UnrecognizedClientException", 400),
    ],
)
def test_an_error_fault_reaches_the_client_in_awss_words(world: Any, kind: str, code: str, status: int) -> None:
    _plan(world, kind=kind, operation="athena:GetWorkGroup")
    client = world.client("athena")
    with pytest.raises(ClientError) as caught:
        client.get_work_group(WorkGroup="primary")
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["Error"]["Message"]
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert client.list_work_groups()["WorkGroups"]


def test_a_denial_names_the_action_and_the_resource(world: Any) -> None:
    _plan(world, kind="denied", operation="athena:GetWorkGroup")
    _, message = world.error("athena", "GetWorkGroup", WorkGroup="primary")
    assert "is not authorized to perform: athena:GetWorkGroup on resource: arn:aws:athena:eu-west-1:" in message
    assert ":workgroup/primary because no identity-based policy allows" in message


@pytest.mark.parametrize(
    ("kind", "code"),
    [("denied", "AccessDenied"), ("expired", "ExpiredToken"), ("unrecognized", "InvalidClientTokenId")],
)
def test_sts_has_its_own_protocol_and_words(world: Any, kind: str, code: str) -> None:
    _plan(world, kind=kind, operation="sts:*")
    with pytest.raises(ClientError) as caught:
        world.client("sts").get_caller_identity()
    assert caught.value.response["Error"]["Code"] == code


def test_a_star_leaves_sts_alone(world: Any) -> None:
    _plan(world, kind="denied", operation="*")
    assert world.client("sts").get_caller_identity()["Account"]
    assert world.error("cloudtrail", "LookupEvents")[0] == "AccessDeniedException"


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "reset"])
def test_a_dropped_connection_is_seen_as_one(world: Any, kind: str) -> None:
    _plan(world, kind=kind, operation="StartQueryExecution")
    with pytest.raises(ConnectionClosedError):
        world.client("athena").start_query_execution(QueryString="SELECT 42")
    done = [query for query in world.everything() if query["Query"] == "SELECT 42"]
    assert len(done) == (kind != "drop_before")


@pytest.mark.parametrize(("kind", "error"), [("drop_after", None), ("reset", ConnectionResetError)])
def test_a_dropped_connection_ends_and_a_reset_one_breaks(world: Any, kind: str, error: type[OSError] | None) -> None:
    _plan(world, kind=kind, operation="ListWorkGroups")
    host, _, port = world.testbed.url.removeprefix("http://").partition(":")
    head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: 2\r\n"
    whose = "AWS4-HMAC-SHA256 Credential=me/20260101/eu-west-1/athena/aws4_request"
    told = f"X-Amz-Target: AmazonAthena.ListWorkGroups\r\nAuthorization: {whose}"
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(f"{head}{told}\r\n\r\n{{}}".encode())
        with nullcontext() if error is None else pytest.raises(error):
            assert connection.recv(100) == b""


def test_a_timeout_holds_the_answer(world: Any) -> None:
    _plan(world, kind="timeout", operation="ListWorkGroups", seconds=30)
    client = world.client("athena", read_timeout=1)
    with pytest.raises(ReadTimeoutError):
        client.list_work_groups()


def test_a_slow_answer_is_still_an_answer(world: Any) -> None:
    _plan(world, kind="slow", operation="ListWorkGroups", seconds=0.3)
    began = time.monotonic()
    assert world.client("athena").list_work_groups()["WorkGroups"]
    assert time.monotonic() - began >= 0.3


def test_bytes_that_are_no_text_break_the_parser(world: Any) -> None:
    _plan(world, kind="garbage", operation="ListWorkGroups")
    with pytest.raises(UnicodeDecodeError):
        world.client("athena").list_work_groups()


@pytest.mark.parametrize("kind", ["html", "truncated"])
def test_boto3_takes_text_that_is_no_json_for_an_answer_without_fields(world: Any, kind: str) -> None:
    _plan(world, kind=kind, operation="ListWorkGroups")
    assert set(world.client("athena").list_work_groups()) == {"ResponseMetadata"}
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        world.aws("athena", "ListWorkGroups").json()


def test_an_error_page_is_an_error(world: Any) -> None:
    _plan(world, kind="html", operation="ListWorkGroups", status=400)
    with pytest.raises(ClientError) as caught:
        world.client("athena").list_work_groups()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_body_cut_short_is_shorter_than_announced_and_boto3_does_not_mind(world: Any) -> None:
    _plan(world, kind="cut", operation="ListWorkGroups")
    with pytest.raises(IncompleteRead):
        world.aws("athena", "ListWorkGroups")
    assert set(world.client("athena").list_work_groups()) == {"ResponseMetadata"}
    world.control("PUT", "faults", [])
    assert world.client("athena").list_work_groups()["WorkGroups"]


def test_a_partial_batch_leaves_ids_unprocessed(world: Any) -> None:
    _plan(world, kind="partial", share=0.4, operation="BatchGetQueryExecution")
    ids = world.ids("airflow-core")[:50]
    answer = world.call("athena", "BatchGetQueryExecution", QueryExecutionIds=ids)
    left = {entry["QueryExecutionId"] for entry in answer["UnprocessedQueryExecutionIds"]}
    told = {query["QueryExecutionId"] for query in answer["QueryExecutions"]}
    assert left | told == set(ids)
    assert not left & told
    assert 5 < len(left) < 40


def test_statistics_can_be_left_out_for_a_while(world: Any) -> None:
    _plan(world, kind="without_statistics", times=1)
    ids = world.ids("airflow-core")[:5]  # two calls: the list, which has no statistics to lose, takes the one strike
    _plan(world, kind="without_statistics", times=1, operation="BatchGetQueryExecution")
    assert all("Statistics" not in query for query in world.executions(ids))
    assert all("Statistics" in query for query in world.executions(ids))
    _plan(world, kind="without_statistics", operation="GetQueryExecution")
    assert "Statistics" not in world.call("athena", "GetQueryExecution", QueryExecutionId=ids[0])["QueryExecution"]


def test_events_can_come_twice_or_later_by_plan(start: Callable[..., Any], settings: Callable[..., Settings]) -> None:
    world = start(settings(duplicate_events=0))
    once = world.events()
    _plan(world, kind="duplicate_events", share=1)
    assert len(world.events()) == 2 * len(once)
    _plan(world, kind="late_events", seconds=1800)
    assert 0 < len(world.events()) < len(once)
    _plan(world, kind="late_events", seconds=7200)
    assert world.events() == []


def test_a_skewed_clock_shows_in_the_date_header_and_in_times(world: Any) -> None:
    _plan(world, kind="skew", seconds=7200)
    (query_id,) = world.testbed.add({"person": "Alice"})
    ahead = parsedate_to_datetime(world.aws("athena", "ListWorkGroups").headers["date"]) - datetime.now(UTC)
    assert timedelta(seconds=7190) < ahead < timedelta(seconds=7210)
    (query,) = world.executions([query_id])
    assert query["Status"]["SubmissionDateTime"] > time.time() + 7000
    world.control("PUT", "faults", [])
    assert abs(parsedate_to_datetime(world.aws("athena", "ListWorkGroups").headers["date"]) - datetime.now(UTC)) < (
        timedelta(seconds=10)
    )


def test_one_workgroup_can_be_denied_alone(world: Any) -> None:
    _plan(world, kind="denied", operation="athena:ListQueryExecutions", workgroup="dbt-prod")
    assert world.error("athena", "ListQueryExecutions", WorkGroup="dbt-prod")[0] == "AccessDeniedException"
    assert world.ids("airflow-core")


def test_every_nth_after_some_and_so_often(world: Any) -> None:
    _plan(world, kind="throttle", every=2, after=1, times=2, operation="ListWorkGroups")
    statuses = [world.aws("athena", "ListWorkGroups").status for _ in range(8)]
    assert statuses == [200, 200, 400, 200, 400, 200, 200, 200]
    (rule,) = world.control("GET", "faults")
    assert (rule["seen"], rule["given"]) == (8, 2)


def test_probability_is_decided_by_the_seed() -> None:
    def strikes(seed: int) -> list[int]:
        plan = FaultPlan([{"kind": "throttle", "probability": 0.3}], seed)
        return [len(plan.strike("athena", "ListWorkGroups", None)) for _ in range(200)]

    assert strikes(1) == strikes(1) != strikes(2)
    assert 30 < sum(strikes(1)) < 90


def test_an_outage_lasts_so_long_from_its_first_strike_on() -> None:
    clock = [100.0]
    plan = FaultPlan([{"kind": "drop_before", "after": 2, "for_seconds": 12}], 1, clock=lambda: clock[0])
    struck = []
    for at in (100, 150, 200, 205, 211.9, 212, 213):
        clock[0] = at
        struck.append(bool(plan.strike("logs", "PutLogEvents", None)))
    assert struck == [False, False, True, True, True, False, False]


def test_a_standing_fault_never_strikes_a_call() -> None:
    plan = FaultPlan([{"kind": kind} for kind in KINDS], 1)
    assert {rule.kind for rule in plan.strike("athena", "X", None)} == set(KINDS) - STANDING


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"kind": "earthquake"}, "unknown kind 'earthquake'; one of throttle"),
        ({"kind": "throttle", "often": 1}, "unknown key 'often'; a fault has after"),
        ({"kind": "throttle", "every": 0}, "every is 0; at least 1"),
        ({"kind": "throttle", "for_seconds": 0}, "for_seconds is 0; it is a number of seconds above 0"),
        ({"kind": "throttle", "for_seconds": "long"}, "for_seconds is 'long'"),
    ],
)
def test_a_bad_plan_is_refused_with_a_sentence_and_the_old_one_stays(
    world: Any, rule: dict[str, Any], words: str
) -> None:
    _plan(world, kind="throttle", operation="GetWorkGroup")
    before = world.control("GET", "faults")
    raw = world.http("PUT", "/_testbed/faults", json.dumps([rule]).encode())
    assert raw.status == 400
    assert words in raw.json()["error"]
    assert world.control("GET", "faults") == before


def test_faults_may_be_there_from_the_start(start: Callable[..., Any], settings: Callable[..., Settings]) -> None:
    world = start(settings(faults=({"kind": "internal", "times": 1},)))
    assert world.aws("athena", "ListWorkGroups").status == 500
    assert world.aws("athena", "ListWorkGroups").status == 200


def test_the_control_plane_is_never_struck(world: Any) -> None:
    world.control("PUT", "faults", [{"kind": "drop_before"}])
    assert world.control("GET", "status")["region"] == "eu-west-1"


def test_a_bucket_is_empty_after_its_burst_and_fills_at_its_rate() -> None:
    now = [100.0]
    limits = Limits(1.0, lambda: now[0])

    def granted(tries: int) -> int:
        count = 0
        for _ in range(tries):
            with suppress(AwsError):
                limits.take("athena.ListQueryExecutions")
                count += 1
        return count

    assert granted(30) == 10
    with pytest.raises(AwsError, match="ThrottlingException: Rate exceeded"):
        limits.take("athena.ListQueryExecutions")
    now[0] += 1
    assert granted(30) == 5
    now[0] += 1000
    assert granted(30) == 10


def test_buckets_are_per_api_scalable_and_can_be_off() -> None:
    assert RATES["athena.BatchGetQueryExecution"] == (20, 40)
    assert RATES["cloudtrail.LookupEvents"][0] == 2
    for factor, calls in ((0.5, 20), (2.0, 80)):
        limits = Limits(factor, lambda: 1.0)
        for _ in range(calls):
            limits.take("athena.BatchGetQueryExecution")
        limits.take("athena.ListWorkGroups")
        with pytest.raises(AwsError):
            limits.take("athena.BatchGetQueryExecution")
    off = Limits(None, lambda: 1.0)
    for _ in range(1000):
        off.take("cloudtrail.LookupEvents")


def test_rates_throttle_on_the_wire_and_calls_are_counted(
    start: Callable[..., Any], settings: Callable[..., Settings]
) -> None:
    """A hundredth of the real rate: the next token is 50 seconds away, however slow this machine is."""
    world = start(settings(rates=0.01))
    statuses = [world.aws("cloudtrail", "LookupEvents").status for _ in range(3)]
    assert statuses == [200, 400, 400]
    counted = {row["result"]: row["count"] for row in world.control("GET", "calls")}
    assert counted == {"ok": statuses.count(200), "ThrottlingException": statuses.count(400)}
    world.control("DELETE", "calls")
    assert world.control("GET", "calls") == []
