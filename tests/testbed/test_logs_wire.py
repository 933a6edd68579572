"""CloudWatch Logs: the limits that lose events, in AWS's own words, and reading back what was stored."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from athena_testbed import Settings

GROUP = "/athena-observability/table-access"
NOW = 1_790_000_000_000
DAY = 86_400_000
HOUR = 3_600_000


class Clock:
    """A clock that a test moves; milliseconds."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def still(start: Callable[..., Any], settings: Callable[..., Settings], clock: Clock) -> Any:
    """An empty account with one group and two streams."""
    world = start(settings(history=timedelta(0)), clock)
    world.call("logs", "CreateLogGroup", logGroupName=GROUP)
    for stream in ("one", "two"):
        world.call("logs", "CreateLogStream", logGroupName=GROUP, logStreamName=stream)
    return world


def _put(world: Any, *events: tuple[int, str], stream: str = "one") -> dict[str, Any]:
    batch = [{"timestamp": at, "message": message} for at, message in events]
    answer: dict[str, Any] = world.call(
        "logs", "PutLogEvents", logGroupName=GROUP, logStreamName=stream, logEvents=batch
    )
    return answer


def _refused(world: Any, batch: Any, **more: Any) -> tuple[str, str]:
    parameters = {"logGroupName": GROUP, "logStreamName": "one", "logEvents": batch, **more}
    error: tuple[str, str] = world.error("logs", "PutLogEvents", **parameters)
    return error


def _messages(world: Any, **parameters: Any) -> list[str]:
    answer = world.call("logs", "FilterLogEvents", logGroupName=GROUP, **parameters)
    return [event["message"] for event in answer["events"]]


def test_a_group_and_a_stream_exist_once(still: Any) -> None:
    again = still.error("logs", "CreateLogGroup", logGroupName=GROUP)
    assert again == ("ResourceAlreadyExistsException", "The specified log group already exists")
    twice = still.error("logs", "CreateLogStream", logGroupName=GROUP, logStreamName="one")
    assert twice == ("ResourceAlreadyExistsException", "The specified log stream already exists")
    assert still.error("logs", "CreateLogGroup", logGroupName="no spaces")[0] == "InvalidParameterException"
    assert (
        still.error("logs", "CreateLogStream", logGroupName=GROUP, logStreamName="a:b")[0]
        == "InvalidParameterException"
    )
    assert still.error("logs", "CreateLogStream", logGroupName="x", logStreamName="a")[0] == "ResourceNotFoundException"


def test_groups_are_described_by_prefix_pattern_and_page(still: Any) -> None:
    for name in ("a-1", "a-2", "b-1"):
        still.call("logs", "CreateLogGroup", logGroupName=name, tags={"team": name})
    still.call("logs", "PutRetentionPolicy", logGroupName="a-1", retentionInDays=400)

    def names(**parameters: Any) -> list[str]:
        return [group["logGroupName"] for group in still.call("logs", "DescribeLogGroups", **parameters)["logGroups"]]

    assert names() == [GROUP, "a-1", "a-2", "b-1"]
    assert names(logGroupNamePrefix="a-") == ["a-1", "a-2"]
    assert names(logGroupNamePattern="-1") == ["a-1", "b-1"]
    assert still.error("logs", "DescribeLogGroups", logGroupNamePrefix="a", logGroupNamePattern="b")[0].startswith(
        "Inv"
    )
    first = still.call("logs", "DescribeLogGroups", limit=3)
    assert names(limit=3, nextToken=first["nextToken"]) == ["b-1"]
    group = still.call("logs", "DescribeLogGroups", logGroupNamePrefix="a-1")["logGroups"][0]
    assert group["retentionInDays"] == 400
    assert group["arn"] == f"{group['logGroupArn']}:*"
    assert still.call("logs", "ListTagsForResource", resourceArn=group["logGroupArn"])["tags"] == {"team": "a-1"}
    still.call("logs", "TagResource", resourceArn=group["logGroupArn"], tags={"x": "y"})
    still.call("logs", "UntagResource", resourceArn=group["logGroupArn"], tagKeys=["team"])
    assert still.call("logs", "ListTagsForResource", resourceArn=group["logGroupArn"])["tags"] == {"x": "y"}
    still.call("logs", "DeleteRetentionPolicy", logGroupName="a-1")
    still.call("logs", "DeleteLogGroup", logGroupName="a-2")
    assert names(logGroupNamePrefix="a-") == ["a-1"]
    assert (
        still.error("logs", "PutRetentionPolicy", logGroupName="a-1", retentionInDays=8)[0]
        == "InvalidParameterException"
    )


def test_a_stream_goes_with_its_events(still: Any) -> None:
    _put(still, (NOW, "x"))
    still.call("logs", "DeleteLogStream", logGroupName=GROUP, logStreamName="one")
    assert _messages(still) == []
    assert (
        still.error("logs", "DeleteLogStream", logGroupName=GROUP, logStreamName="one")[0]
        == "ResourceNotFoundException"
    )
    left = still.call("logs", "DescribeLogStreams", logGroupName=GROUP)["logStreams"]
    assert [stream["logStreamName"] for stream in left] == ["two"]
    order = {"logGroupName": GROUP, "orderBy": "Mood"}
    assert still.error("logs", "DescribeLogStreams", **order)[0] == "InvalidParameterException"
    both = {"logGroupName": GROUP, "logStreamNames": ["two"], "logStreamNamePrefix": "t"}
    assert still.error("logs", "FilterLogEvents", **both)[0] == "InvalidParameterException"
    assert still.error("logs", "CreateLogGroup", logGroupName="aws/reserved")[0] == "InvalidParameterException"


def test_a_batch_needs_its_stream_and_its_order(still: Any) -> None:
    event = {"timestamp": NOW, "message": "x"}
    assert _refused(still, [event], logStreamName="none") == (
        "ResourceNotFoundException", "The specified log stream does not exist.",
    )  # fmt: skip  # code and words
    assert _refused(still, [event], logGroupName="none") == (
        "ResourceNotFoundException", "The specified log group does not exist.",
    )  # fmt: skip  # code and words
    code, words = _refused(still, [event, {"timestamp": NOW - 1, "message": "y"}])
    assert (code, "chronological order" in words) == ("InvalidParameterException", True)
    assert _messages(still) == []


def test_a_batch_spans_a_day_and_not_a_millisecond_more(still: Any) -> None:
    _put(still, (NOW - DAY, "a"), (NOW, "b"))
    batch = [{"timestamp": NOW - DAY - 1, "message": "c"}, {"timestamp": NOW, "message": "d"}]
    code, words = _refused(still, batch)
    assert (code, "24 hours" in words) == ("InvalidParameterException", True)
    assert _messages(still) == ["a", "b"]


def test_events_too_old_do_not_widen_the_span(still: Any) -> None:
    answer = _put(still, (NOW - 20 * DAY, "old"), (NOW - HOUR, "fresh"), (NOW + 3 * HOUR, "early"))
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 2}
    assert _messages(still) == ["fresh"]


@pytest.mark.parametrize(
    ("offsets", "rejected", "stored"),
    [
        ((-14 * DAY, -13 * DAY), {}, 2),
        ((-14 * DAY - 1, 0), {"tooOldLogEventEndIndex": 1}, 1),
        ((0, 2 * HOUR), {}, 2),
        ((0, 2 * HOUR + 1), {"tooNewLogEventStartIndex": 1}, 1),
        ((-15 * DAY, -14 * DAY - 1), {"tooOldLogEventEndIndex": 2}, 0),
        ((3 * HOUR, 4 * HOUR), {"tooNewLogEventStartIndex": 0}, 0),
    ],
)
def test_two_weeks_back_and_two_hours_ahead_are_the_edges(
    still: Any, offsets: tuple[int, int], rejected: dict[str, int], stored: int
) -> None:
    answer = _put(still, *((NOW + offset, f"{offset}") for offset in offsets))
    assert answer.get("rejectedLogEventsInfo", {}) == rejected
    assert len(_messages(still)) == stored


def test_what_retention_has_expired_is_rejected_and_no_longer_shown(still: Any, clock: Clock) -> None:
    _put(still, (NOW, "kept for a day"))
    still.call("logs", "PutRetentionPolicy", logGroupName=GROUP, retentionInDays=1)
    answer = _put(still, (NOW - DAY - 1, "expired"), (NOW, "fresh"))
    assert answer["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}
    clock.now += DAY + 1
    assert _messages(still) == []


def test_sizes_are_counted_with_26_bytes_an_event(still: Any) -> None:
    half = 1_048_576 // 2
    fits = [{"timestamp": NOW, "message": "x" * (half - 26)}] * 2
    still.call("logs", "PutLogEvents", logGroupName=GROUP, logStreamName="one", logEvents=fits)
    code, words = _refused(still, [*fits[:1], {"timestamp": NOW, "message": "x" * (half - 25)}])
    assert (code, words) == ("InvalidParameterException", "Upload too large: 1048577 bytes exceeds limit of 1048576")
    wide = {"timestamp": NOW, "message": "é" * half}
    assert "Upload too large: 1048602 bytes" in _refused(still, [wide])[1]
    assert "Log event too large: 1048577" in _refused(still, [{"timestamp": NOW, "message": "x" * 1_048_577}])[1]
    assert _refused(still, [{"timestamp": NOW, "message": "x"}] * 10_001)[0] == "InvalidParameterException"
    assert (
        _refused(still, [])[0] == _refused(still, [{"timestamp": NOW, "message": ""}])[0] == "InvalidParameterException"
    )


def test_events_are_read_by_time_whatever_came_first(still: Any) -> None:
    _put(still, (NOW - 10, "b"), (NOW - 5, "d"))
    _put(still, (NOW - 20, "a"), (NOW - 7, "c"))
    _put(still, (NOW - 6, "other"), stream="two")
    assert _messages(still) == ["a", "b", "c", "other", "d"]
    assert _messages(still, logStreamNames=["two"]) == ["other"]
    assert _messages(still, logStreamNamePrefix="on", startTime=NOW - 10, endTime=NOW - 7) == ["b", "c"]
    streams = still.call("logs", "DescribeLogStreams", logGroupName=GROUP, orderBy="LastEventTime", descending=True)
    assert [stream["logStreamName"] for stream in streams["logStreams"]] == ["one", "two"]
    first = streams["logStreams"][0]
    assert (first["firstEventTimestamp"], first["lastEventTimestamp"]) == (NOW - 20, NOW - 5)
    prefix = {"logGroupName": GROUP, "orderBy": "LastEventTime", "logStreamNamePrefix": "o"}
    assert still.error("logs", "DescribeLogStreams", **prefix)[0] == "InvalidParameterException"


def test_a_stream_is_paged_both_ways_until_the_token_stays_the_same(still: Any) -> None:
    _put(still, *((NOW + place, str(place)) for place in range(10)))
    parameters = {"logGroupName": GROUP, "logStreamName": "one", "limit": 4}

    def walk(name: str, **more: Any) -> list[list[str]]:
        pages: list[list[str]] = []
        token: dict[str, str] = {}
        while True:
            answer = still.call("logs", "GetLogEvents", **parameters, **more, **token)
            if token and answer[name] == token["nextToken"]:
                return pages
            pages.append([event["message"] for event in answer["events"]])
            token = {"nextToken": answer[name]}

    assert walk("nextForwardToken", startFromHead=True) == [list("0123"), list("4567"), list("89")]
    assert walk("nextBackwardToken") == [list("6789"), list("2345"), list("01")]
    some = still.call("logs", "GetLogEvents", **parameters, startTime=NOW + 2, endTime=NOW + 4)
    assert [event["message"] for event in some["events"]] == ["2", "3"]
    assert still.error("logs", "GetLogEvents", **parameters, nextToken="x/1")[0] == "InvalidParameterException"


def test_filters_find_terms_phrases_and_fields(still: Any) -> None:
    rows = [{"table": "apple", "n": 1}, {"table": "banana", "n": 2.5, "inner": {"deep": "yes"}}]
    _put(still, *((NOW, json.dumps(row)) for row in rows), (NOW, "plain ERROR text"))
    found = {
        pattern: len(_messages(still, filterPattern=pattern))
        for pattern in (
            "", "ERROR", "-ERROR", '"ERROR text"', "?apple ?banana", "apple banana", '{ $.table = "apple" }',
            '{ $.table = "*an*" }', "{ $.n = 2.5 }", "{ $.n != 1 }", '{ $.inner.deep = "yes" && $.n = 2.5 }',
        )
    }  # fmt: skip  # a list
    assert list(found.values()) == [3, 1, 2, 1, 2, 0, 1, 1, 1, 1, 1]
    for pattern in ("{ $.n", "{ $.n > 1 }", "%regex%"):
        assert still.error("logs", "FilterLogEvents", logGroupName=GROUP, filterPattern=pattern)[0].startswith(
            "Invalid"
        )


def test_a_group_is_paged_and_each_event_keeps_its_id(still: Any) -> None:
    _put(still, *((NOW + place, str(place)) for place in range(7)))
    seen: list[str] = []
    token: dict[str, str] = {}
    while True:
        answer = still.call("logs", "FilterLogEvents", logGroupName=GROUP, limit=3, **token)
        seen += [event["eventId"] for event in answer["events"]]
        if "nextToken" not in answer:
            break
        token = {"nextToken": answer["nextToken"]}
    assert len(set(seen)) == len(seen) == 7
    again = still.call("logs", "FilterLogEvents", logGroupName=GROUP)["events"]
    assert [event["eventId"] for event in again] == seen
    wrong = {"logGroupName": GROUP, "limit": 3, "filterPattern": "x", **token}
    assert still.error("logs", "FilterLogEvents", **wrong)[0] == "InvalidParameterException"


def test_what_nobody_answers_is_said_and_not_left_to_another(still: Any) -> None:
    code, words = still.error("logs", "PutMetricFilter", logGroupName=GROUP)
    assert code == "UnknownOperationException"
    assert "logs:PutMetricFilter" in words
    assert "PutLogEvents" in words


def _client_put(client: Any, place: int) -> None:
    events = [{"timestamp": NOW, "message": json.dumps({"access_id": place})}]
    client.put_log_events(logGroupName=GROUP, logStreamName="one", logEvents=events)


def test_every_third_call_throttled_stores_two_of_three(still: Any) -> None:
    still.control("PUT", "faults", [{"kind": "throttle", "operation": "logs:PutLogEvents", "every": 3}])
    client, failed = still.client("logs"), 0
    for place in range(9):
        try:
            _client_put(client, place)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ThrottlingException"  # noqa: PT017  which calls fail is counted below
            failed += 1
    assert failed == 3
    assert len(_messages(still)) == 6


def test_a_lost_answer_leaves_the_event_stored_and_a_retry_stores_it_twice(still: Any) -> None:
    still.control("PUT", "faults", [{"kind": "drop_after", "operation": "logs:PutLogEvents", "times": 1}])
    with pytest.raises(ConnectionClosedError):
        _client_put(still.client("logs"), 1)
    assert len(_messages(still)) == 1
    still.control("PUT", "faults", [{"kind": "drop_after", "operation": "logs:PutLogEvents", "times": 1}])
    _client_put(still.client("logs", attempts=2), 2)
    told = still.control("GET", f"logs?group={GROUP}&distinct=access_id&limit=10&offset=1")
    assert (told["events"], told["distinct"], told["values"]) == (3, 2, {"1": 1, "2": 2})
    assert [json.loads(event["message"])["access_id"] for event in told["page"]] == [2, 2]


def test_nothing_is_stored_during_an_outage_and_all_goes_on_after_it(
    start: Callable[..., Any], settings: Callable[..., Settings]
) -> None:
    world = start(settings(history=timedelta(0)))
    world.call("logs", "CreateLogGroup", logGroupName=GROUP)
    world.call("logs", "CreateLogStream", logGroupName=GROUP, logStreamName="one")
    world.control(
        "PUT", "faults", [{"kind": "drop_before", "operation": "logs:PutLogEvents", "after": 2, "for_seconds": 0.5}]
    )
    client, stored, lost = world.client("logs"), 0, 0
    at = world.testbed.account.now_ms()
    while stored < 4:
        try:
            client.put_log_events(
                logGroupName=GROUP, logStreamName="one", logEvents=[{"timestamp": at, "message": str(stored + lost)}]
            )
            stored += 1
        except ConnectionClosedError:
            lost += 1
    assert lost > 1
    assert [int(event["message"]) for event in world.control("GET", f"logs?group={GROUP}&limit=9")["page"]] == [
        0, 1, lost + 2, lost + 3,
    ]  # fmt: skip  # a list
    plan = world.control("GET", "faults")[0]
    assert (plan["for_seconds"], plan["given"]) == (0.5, lost)


def test_the_control_plane_counts_and_forgets_events(still: Any) -> None:
    _put(still, (NOW, "a"), (NOW, '{"access_id": null}'), (NOW, '{"access_id": "x"}'))
    assert still.control("GET", "logs")["groups"][GROUP]["streams"] == {"one": 3, "two": 0}
    told = still.control("GET", f"logs?group={GROUP}&distinct=access_id")
    assert (told["distinct"], told["without"], told["values"]) == (1, 2, {"x": 1})
    assert still.control("DELETE", f"logs?group={GROUP}")["groups"][GROUP]["events"] == 0
    raw = still.http("GET", "/_testbed/logs?group=nobody")
    assert raw.status == 400
    assert GROUP in raw.json()["error"]
    assert _put(still, (NOW, "b"))["nextSequenceToken"]


def test_fifty_thousand_events_are_stored_within_seconds(still: Any) -> None:
    batch = [{"timestamp": NOW, "message": json.dumps({"access_id": f"{place:040x}"})} for place in range(10_000)]
    client = still.client("logs")
    for _ in range(5):
        client.put_log_events(logGroupName=GROUP, logStreamName="one", logEvents=batch)
    told = still.control("GET", f"logs?group={GROUP}&distinct=access_id")
    assert (told["events"], told["distinct"]) == (50_000, 10_000)
