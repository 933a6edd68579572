"""EventBridge as AWS has it: rules over the wire, events of the documented shape, delivery late, twice, or never."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from bridges import CHANGES, READS, RULES, WITH_READS, Bridged, bridged
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it has no types
from processes import until

import athena_testbed
from athena_testbed.bridge.patterns import matches, read_pattern
from athena_testbed.wire import AwsError

NOW = timedelta(0)
STATES = ["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"]
ENVELOPE = {
    "type": "object",
    "required": ["version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"],
    "additionalProperties": False,
    "properties": {
        "version": {"const": "0"},
        "id": {"pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
        "detail-type": {"enum": ["Athena Query State Change", "AWS API Call via CloudTrail"]},
        "source": {"enum": ["aws.athena", "aws.glue", "aws.lakeformation"]},
        "account": {"const": athena_testbed.ACCOUNT_ID},
        "time": {"pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
        "region": {"const": "eu-west-1"},
        "resources": {"const": []},
        "detail": {"type": "object"},
    },
}
CHANGE = {
    "type": "object",
    "required": ["versionId", "currentState", "statementType", "queryExecutionId", "workgroupName", "sequenceNumber"],
    "additionalProperties": False,
    "properties": {
        "versionId": {"const": "0"},
        "currentState": {"enum": STATES},
        "previousState": {"enum": STATES},
        "statementType": {"enum": ["DML", "DDL", "UTILITY"]},
        "queryExecutionId": {"type": "string"},
        "workgroupName": {"type": "string"},
        "sequenceNumber": {"type": "string", "pattern": r"^\d+$"},
        "athenaError": {
            "type": "object",
            "required": ["errorCategory", "errorType", "errorMessage", "retryable"],
            "additionalProperties": False,
            "properties": {
                "errorCategory": {"type": "number"},
                "errorType": {"type": "number"},
                "errorMessage": {"type": "string"},
                "retryable": {"type": "boolean"},
            },
        },
    },
}
"""https://docs.aws.amazon.com/athena/latest/ug/athena-events.html"""


@contextmanager
def account(**settings: Any) -> Iterator[tuple[athena_testbed.Running, Bridged]]:
    """An account in which nothing happens but what a test adds, with its bus."""
    base: dict[str, Any] = {
        "queries_per_minute": 0,
        "rates": None,
        "lost_events": 0,
        "state_change_delay": NOW,
        "api_event_delay": NOW,
        "lost_changes": 0,
        "duplicate_changes": 0,
        "disordered_changes": 0,
    }
    with (
        athena_testbed.running(athena_testbed.Settings(**{**base, **settings})) as running,
        bridged(running.url) as made,
    ):
        made.sqs.receive_message(QueueUrl=made.url)  # the first look: events of what ran before are nobody's
        yield running, made


def add(running: athena_testbed.Running, **given: Any) -> str:
    now = datetime.now(UTC)
    times = {
        "submitted_at": (now - timedelta(seconds=9)).isoformat(),
        "ended_at": (now - timedelta(seconds=2)).isoformat(),
    }
    return running.add({**times, "event_delay_seconds": 0, **given})[0]


def take(made: Bridged, many: int) -> list[dict[str, Any]]:
    """So many events, in the order in which they come."""
    found: list[dict[str, Any]] = []

    def is_enough() -> bool:
        answer = made.sqs.receive_message(QueueUrl=made.url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        found.extend(json.loads(message["Body"]) for message in answer.get("Messages", ()))
        return len(found) >= many

    until(is_enough, what=f"{many} events have come", every=0.01)
    return found


def changes_in(events: Sequence[dict[str, Any]], query_id: str) -> list[tuple[str, str | None, str]]:
    details = [event["detail"] for event in events if event["detail"].get("queryExecutionId") == query_id]
    return [(one["currentState"], one.get("previousState"), one["sequenceNumber"]) for one in details]


def test_a_query_tells_its_states_in_order_and_who_started_it() -> None:
    with account() as (running, made):
        query_id = add(running, queue_ms=2000)
        events = take(made, 4)
    ordered = sorted(changes_in(events, query_id), key=lambda change: change[2])
    assert ordered == [("QUEUED", None, "1"), ("RUNNING", "QUEUED", "2"), ("SUCCEEDED", "RUNNING", "3")]
    (start,) = [event["detail"] for event in events if event["detail-type"] == "AWS API Call via CloudTrail"]
    assert start["responseElements"] == {"queryExecutionId": query_id}


def test_every_event_has_the_documented_shape() -> None:
    with account(queries_per_minute=600, time_scale=0.001) as (_, made):
        events = take(made, 100)
    for event in events:
        Draft202012Validator(ENVELOPE).validate(event)
        if event["detail-type"] == "Athena Query State Change":
            Draft202012Validator(CHANGE).validate(event["detail"])
    failed = [event["detail"] for event in events if event["detail"].get("currentState") == "FAILED"]
    assert all(isinstance(one["athenaError"]["errorType"], float) for one in failed)


def test_a_rule_gets_what_its_pattern_asks_for() -> None:
    ends = {**CHANGES, "detail": {"currentState": [{"anything-but": ["QUEUED", "RUNNING"]}]}}
    with account() as (running, made):
        for name in RULES:
            made.events[0].disable_rule(Name=name)
        made.rule("ends", ends)
        query_id = add(running)
        assert changes_in(take(made, 1), query_id) == [("SUCCEEDED", "RUNNING", "3")]
        assert made.waiting() == 1


def test_reads_need_the_state_that_asks_for_all_management_events() -> None:
    with account(governed_database="sales", catalogue_events=0) as (running, made):
        made.rule("reads", READS)
        sql = {"sql": "SELECT * FROM sales.orders", "tables": ["orders"], "database": "sales"}
        add(running, **sql)
        assert {event["source"] for event in take(made, 4)} == {"aws.athena"}
        made.rule("reads", READS, WITH_READS)
        add(running, **sql)
        told = Counter(event["detail"].get("eventName") for event in take(made, 5))
    assert told["GetDataAccess"] == 1


def test_an_end_that_is_moved_is_told_once_when_it_happens() -> None:
    with account() as (running, made):
        now = datetime.now(UTC)
        began, ended_at = now - timedelta(seconds=1), now + timedelta(hours=1)
        query_id = add(running, submitted_at=began.isoformat(), ended_at=ended_at.isoformat())
        running.quiesce()
        events: list[dict[str, Any]] = []
        while not (ended := [change for change in changes_in(events, query_id) if change[0] == "SUCCEEDED"]):
            events += take(made, 1)
        assert made.sqs.receive_message(QueueUrl=made.url, WaitTimeSeconds=1).get("Messages", []) == []
    assert len(ended) == 1


def test_best_effort_loses_doubles_and_disorders() -> None:
    with account(lost_changes=0.3, duplicate_changes=0.3) as (running, made):
        ids = [add(running) for _ in range(40)]
        made.waiting()
        told = sum(running.testbed.bridge.sent.values())
        lost = running.testbed.bridge.lost
        events: list[dict[str, Any]] = take(made, told)
    ends = Counter(
        event["detail"]["queryExecutionId"] for event in events if event["detail"].get("currentState") == "SUCCEEDED"
    )
    assert lost == {query_id for query_id in ids if ends[query_id] == 0}
    assert 0 < len(lost) < len(ids)


def test_what_cloudtrail_recorded_is_lost_and_doubled_as_well() -> None:
    with account(lost_calls=0.3, duplicate_calls=0.3) as (running, made):
        ids = [add(running) for _ in range(40)]
        made.waiting()
        events: list[dict[str, Any]] = take(made, sum(running.testbed.bridge.sent.values()))
    starts = Counter(
        event["detail"]["responseElements"]["queryExecutionId"] for event in events if "eventName" in event["detail"]
    )
    assert starts.keys() < set(ids)
    assert set(starts.values()) == {1, 2}


def test_delays_are_kept() -> None:
    with account(state_change_delay=timedelta(hours=1)) as (running, made):
        add(running)
        (event,) = take(made, 1)
    assert event["detail-type"] == "AWS API Call via CloudTrail"


def test_what_ran_before_the_first_rule_is_told_from_then_on() -> None:
    settings = athena_testbed.Settings(queries_per_minute=0, rates=None, state_change_delay=NOW, lost_changes=0)
    with athena_testbed.running(settings) as running:
        add(running)
        with bridged(running.url) as made:
            assert made.waiting() == 0
            again = add(running)
            assert {change[0] for change in changes_in(take(made, 4), again)} == {"QUEUED", "RUNNING", "SUCCEEDED"}


def test_an_account_can_tell_its_first_rule_what_happened_before_it() -> None:
    settings = athena_testbed.Settings(
        queries_per_minute=0, rates=None, state_change_delay=NOW, lost_changes=0, routes_from_start=True
    )
    with athena_testbed.running(settings) as running:
        before = add(running)
        with bridged(running.url) as made:
            assert {change[0] for change in changes_in(take(made, 4), before)} == {"QUEUED", "RUNNING", "SUCCEEDED"}


def test_a_long_poll_waits_and_ends_with_the_first_message() -> None:
    with account() as (running, made):
        began = datetime.now(UTC)
        assert made.sqs.receive_message(QueueUrl=made.url, WaitTimeSeconds=1).get("Messages", []) == []
        assert datetime.now(UTC) - began >= timedelta(seconds=0.9)
        add(running)
        assert len(take(made, 4)) == 4


def test_rules_are_listed_and_deleted_as_they_were_made() -> None:
    with account() as (_, made):
        (events,) = made.events
        assert [rule["Name"] for rule in events.list_rules()["Rules"]] == list(RULES)
        told = events.describe_rule(Name="changes")
        assert (json.loads(told["EventPattern"]), told["State"]) == (CHANGES, "ENABLED")
        assert [each["Id"] for each in events.list_targets_by_rule(Rule="changes")["Targets"]] == ["queue"]
        with pytest.raises(ClientError, match="since it has targets"):
            events.delete_rule(Name="changes")
        events.remove_targets(Rule="changes", Ids=["queue"])
        events.delete_rule(Name="changes")
        with pytest.raises(ClientError, match="does not exist on EventBus default"):
            events.describe_rule(Name="changes")


REFUSED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "a pattern that is no JSON": (lambda c: c.put_rule(Name="a", EventPattern="{"), "it is no JSON"),
    "a pattern without values": (
        lambda c: c.put_rule(Name="a", EventPattern='{"source": []}'),
        "an object or an array",
    ),
    "an operator of others": (
        lambda c: c.put_rule(Name="a", EventPattern='{"detail": {"n": [{"numeric": [">", 1]}]}}'),
        "Unrecognized match type numeric",
    ),
    "a schedule": (
        lambda c: c.put_rule(Name="a", ScheduleExpression="rate(1 hour)"),
        "Only rules with an EventPattern",
    ),
    "a target that is no queue": (
        lambda c: c.put_targets(Rule="changes", Targets=[{"Id": "a", "Arn": "arn:aws:lambda:eu-west-1:1:function:a"}]),
        "Targets: Arn",
    ),
    "a name with blanks": (lambda c: c.put_rule(Name="a b", EventPattern='{"source": ["a"]}'), "Name must be"),
}


@pytest.mark.parametrize(("call", "words"), REFUSED.values(), ids=list(REFUSED))
def test_what_is_not_answered_here_is_refused(call: Callable[[Any], Any], words: str) -> None:
    with account() as (_, made), pytest.raises(ClientError, match=words):
        call(made.events[0])


def test_a_target_that_was_deleted_is_counted() -> None:
    with account() as (running, made):
        made.sqs.delete_queue(QueueUrl=made.url)
        add(running)
        made.sqs.list_queues()
        assert running.testbed.bridge.sent["failed"] == 4
        made.sqs.create_queue(QueueName=made.url.rsplit("/", 1)[1])


@pytest.mark.parametrize(
    ("pattern", "is_wanted"),
    [
        ({"source": ["aws.athena", "aws.glue"]}, True),
        ({"source": ["aws.ec2"]}, False),
        ({"source": [{"prefix": "aws."}]}, True),
        ({"source": [{"suffix": ".glue"}]}, False),
        ({"source": [{"equals-ignore-case": "AWS.Athena"}]}, True),
        ({"source": [{"anything-but": "aws.athena"}]}, False),
        ({"detail": {"state": ["RUNNING"]}}, True),
        ({"detail": {"state": {"deeper": ["RUNNING"]}}}, False),
        ({"detail": {"error": [{"exists": False}]}}, True),
        ({"detail": {"state": [{"exists": False}]}}, False),
        ({"resources": ["a"]}, True),
        ({"detail": {"error": [None]}}, False),
    ],
)
def test_patterns_match_as_eventbridge_matches(pattern: dict[str, Any], *, is_wanted: bool) -> None:
    event = {"source": "aws.athena", "resources": ["a", "b"], "detail": {"state": "RUNNING"}}
    assert matches(read_pattern(json.dumps(pattern)), event) is is_wanted


def test_a_pattern_that_is_a_list_is_refused() -> None:
    with pytest.raises(AwsError, match="not an object"):
        read_pattern("[]")
