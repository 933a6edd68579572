"""Logs Insights as an API: how a query starts, waits, answers, and is refused."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from athena_testbed import Settings

NOW = 1_790_000_000_000
SECOND = NOW // 1000
GROUPS = ("/g/one", "/g/two")


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
def account(start: Callable[..., Any], settings: Callable[..., Settings], clock: Clock) -> Any:
    """Two groups with one stream each; queries take a second."""
    world = start(settings(history=timedelta(0), insights_delay=timedelta(seconds=1)), clock)
    for group in GROUPS:
        world.call("logs", "CreateLogGroup", logGroupName=group)
        world.call("logs", "CreateLogStream", logGroupName=group, logStreamName="s")
    return world


def _log(world: Any, group: str, *rows: Any, at: int = NOW) -> None:
    events = [{"timestamp": at, "message": json.dumps(row)} for row in rows]
    world.call("logs", "PutLogEvents", logGroupName=group, logStreamName="s", logEvents=events)


def _ask(world: Any, query: str, **more: Any) -> str:
    target = {} if {"logGroupNames", "logGroupIdentifiers"} & set(more) else {"logGroupName": GROUPS[0]}
    parameters = {"startTime": SECOND - 3600, "endTime": SECOND, "queryString": query, **target, **more}
    query_id: str = world.call("logs", "StartQuery", **parameters)["queryId"]
    return query_id


def _answer(world: Any, clock: Clock, query: str, **more: Any) -> dict[str, Any]:
    query_id = _ask(world, query, **more)
    clock.now += 1000
    answer: dict[str, Any] = world.call("logs", "GetQueryResults", queryId=query_id)
    clock.now -= 1000
    return answer


def _rows(answer: dict[str, Any]) -> list[dict[str, str]]:
    return [{pair["field"]: pair["value"] for pair in row} for row in answer["results"]]


def test_a_query_is_scheduled_runs_and_is_complete(account: Any, clock: Clock) -> None:
    _log(account, GROUPS[0], {"table": "apple"}, {"table": "apple"}, {"table": "banana"})
    query_id = _ask(account, "stats count(@timestamp) by table | sort table")
    seen = []
    for wait in (0, 300, 700):
        clock.now += wait
        seen.append(account.call("logs", "GetQueryResults", queryId=query_id))
    assert [answer["status"] for answer in seen] == ["Scheduled", "Running", "Complete"]
    assert [len(answer["results"]) for answer in seen] == [0, 0, 2]
    assert seen[-1]["results"][0] == [
        {"field": "table", "value": "apple"},
        {"field": "count(@timestamp)", "value": "2"},
    ]
    assert seen[-1]["statistics"]["recordsMatched"] == seen[-1]["statistics"]["recordsScanned"] == 3.0


def test_both_ends_of_the_range_are_whole_seconds_and_belong_to_it(account: Any, clock: Clock) -> None:
    for place, at in enumerate((NOW - 5001, NOW - 5000, NOW - 1, NOW + 999, NOW + 1000)):
        _log(account, GROUPS[0], {"n": place}, at=at)
    answer = _answer(account, clock, "fields n | sort n", startTime=SECOND - 5, endTime=SECOND)
    assert [row["n"] for row in _rows(answer)] == ["1", "2", "3"]


@pytest.mark.parametrize(
    "target",
    [
        {"logGroupNames": list(GROUPS)},
        {"logGroupIdentifiers": list(GROUPS)},
        {"logGroupIdentifiers": [f"arn:aws:logs:eu-west-1:123456789012:log-group:{group}" for group in GROUPS]},
    ],
)
def test_several_groups_are_read_together(account: Any, clock: Clock, target: dict[str, Any]) -> None:
    for group in GROUPS:
        _log(account, group, {"n": 1})
    answer = _answer(account, clock, "stats count(*) as n by @log | sort @log", **target)
    assert _rows(answer) == [{"@log": f"123456789012:{group}", "n": "1"} for group in GROUPS]
    assert answer["statistics"]["logGroupsScanned"] == 2.0


def test_a_query_that_is_none_is_refused_as_aws_refuses_it(account: Any) -> None:
    with pytest.raises(ClientError) as caught:
        account.client("logs").start_query(
            logGroupName=GROUPS[0], startTime=0, endTime=1, queryString="stats count(*) by frob(table)"
        )
    assert caught.value.response["Error"]["Code"] == "MalformedQueryException"
    response: Any = caught.value.response  # botocore's types don't know an error's own members
    error = response["queryCompileError"]
    assert error == {"location": {"startCharOffset": 18, "endCharOffset": 22}, "message": "Invalid function: frob"}
    assert caught.value.response["Error"]["Message"] == "Invalid function: frob"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"logGroupNames": ["a"], "logGroupName": "b"}, "InvalidParameterException"),
        ({"logGroupNames": ["nobody"]}, "ResourceNotFoundException"),
        ({"logGroupNames": [f"g{n}" for n in range(51)]}, "InvalidParameterException"),
        ({"logGroupName": None}, "InvalidParameterException"),
        ({"endTime": 1}, "InvalidParameterException"),
        ({"limit": 100_001}, "InvalidParameterException"),
        ({"queryLanguage": "SQL"}, "InvalidParameterException"),
    ],
)
def test_bad_parameters_are_refused(account: Any, more: dict[str, Any], code: str) -> None:
    parameters = {"startTime": SECOND - 1, "endTime": SECOND, "queryString": "limit 1", "logGroupName": GROUPS[0]}
    wanted = {**parameters, **({"logGroupName": None} if "logGroupNames" in more else {}), **more}
    assert account.error("logs", "StartQuery", **wanted)[0] == code


def test_results_come_in_pages_and_the_limit_of_the_call_holds_without_one_of_the_query(
    account: Any, clock: Clock
) -> None:
    _log(account, GROUPS[0], *({"n": place} for place in range(30)))
    assert len(_answer(account, clock, "fields n", limit=7)["results"]) == 7
    assert len(_answer(account, clock, "fields n | limit 9", limit=7)["results"]) == 9
    query_id = _ask(account, "fields n | sort n")
    clock.now += 1000
    seen: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = account.call("logs", "GetQueryResults", queryId=query_id, maxItems=12, **token)
        seen += [row["n"] for row in _rows(page)]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert seen == [str(place) for place in range(30)]
    assert account.error("logs", "GetQueryResults", queryId=query_id, nextToken="x")[0] == "InvalidParameterException"


def test_a_query_can_be_stopped_once_and_is_listed(account: Any, clock: Clock) -> None:
    first, second = _ask(account, "limit 1"), _ask(account, "limit 2")
    assert account.call("logs", "StopQuery", queryId=first) == {"success": True}
    clock.now += 1000
    assert account.call("logs", "GetQueryResults", queryId=first)["status"] == "Cancelled"
    for query_id in (first, second):
        assert account.error("logs", "StopQuery", queryId=query_id)[0] == "InvalidParameterException"
    listed = account.call("logs", "DescribeQueries")["queries"]
    assert [(query["queryId"], query["status"]) for query in listed] == [(second, "Complete"), (first, "Cancelled")]
    assert account.call("logs", "DescribeQueries", status="Running")["queries"] == []
    assert account.error("logs", "GetQueryResults", queryId="nobody")[0] == "ResourceNotFoundException"


def test_a_hundred_queries_run_at_once_and_not_one_more(account: Any, clock: Clock) -> None:
    for _ in range(100):
        _ask(account, "limit 1")
    parameters = {"startTime": SECOND - 1, "endTime": SECOND, "queryString": "limit 1", "logGroupName": GROUPS[0]}
    assert account.error("logs", "StartQuery", **parameters)[0] == "LimitExceededException"
    clock.now += 1000
    _ask(account, "limit 1")


def test_fields_of_a_group_and_a_record_by_its_pointer(account: Any, clock: Clock) -> None:
    _log(account, GROUPS[0], {"a": 1, "b": {"c": [True]}}, {"a": 2})
    fields = account.call("logs", "GetLogGroupFields", logGroupName=GROUPS[0])["logGroupFields"]
    assert {field["name"]: field["percent"] for field in fields} == {
        "@timestamp": 100, "@ingestionTime": 100, "@message": 100, "@log": 100, "@logStream": 100, "a": 100,
        "b.c.0": 50,
    }  # fmt: skip  # a table
    (row,) = _rows(_answer(account, clock, "filter a = 1 | fields a"))
    record = account.call("logs", "GetLogRecord", logRecordPointer=row["@ptr"])["logRecord"]
    assert (record["b.c.0"], record["@timestamp"]) == ("1", str(NOW))
    assert account.error("logs", "GetLogRecord", logRecordPointer="none")[0] == "InvalidParameterException"


def test_a_query_sees_what_was_stored_when_it_is_complete(account: Any, clock: Clock) -> None:
    query_id = _ask(account, "stats count(*) as n", endTime=SECOND + 10)
    clock.now += 500
    _log(account, GROUPS[0], {"n": 1}, at=clock.now)
    clock.now += 500
    for _ in range(2):
        assert _rows(account.call("logs", "GetQueryResults", queryId=query_id)) == [{"n": "1"}]
        _log(account, GROUPS[0], {"n": 1}, at=clock.now)
