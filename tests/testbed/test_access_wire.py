"""CloudTrail's events that name tables: GetDataAccess with the query's id, and what is asked of Glue."""

import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from athena_testbed import Settings

ATHENA = "athena.amazonaws.com"
MONDAY_NOON = 1_790_596_800_000  # 28 September 2026, 12:00 UTC


def _named(name: str, key: str = "EventName") -> list[dict[str, str]]:
    return [{"AttributeKey": key, "AttributeValue": name}]


def _inner(event: dict[str, Any]) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(event["CloudTrailEvent"])
    return parsed


def _past(start: Callable[..., Any], settings: Settings) -> Any:
    """An account at a moment when all that its history holds has happened: events follow their query by seconds."""
    now = [MONDAY_NOON]
    world = start(settings, lambda: now[0])
    now[0] += 5000
    return world


@pytest.fixture
def governed(start: Callable[..., Any], settings: Callable[..., Settings]) -> Any:
    """An account whose database `finance` is governed, and in which Glue is asked for every third query."""
    quiet = {"duplicate_events": 0, "disordered_events": 0}
    chosen = settings(history=timedelta(minutes=12), governed_database="finance", catalogue_events=0.3, **quiet)
    return _past(start, chosen)


def test_each_governed_table_that_a_query_came_to_read_has_its_event(governed: Any) -> None:
    events = [_inner(event) for event in governed.events(LookupAttributes=_named("GetDataAccess"))]
    found = set()
    for event in events:
        parameters = event["requestParameters"]
        context = parameters["auditContext"]["additionalAuditContext"]
        match = re.fullmatch(r"\{queryId: ([0-9a-f-]{36})\}", context)
        assert match
        arn = re.fullmatch(r"arn:aws:glue:eu-west-1:\d{12}:table/(\w+)/(\w+)", parameters["tableArn"])
        assert arn
        found.add((match[1], f"{arn[1]}.{arn[2]}"))
        assert event["eventSource"] == "lakeformation.amazonaws.com"
        assert event["userAgent"] == event["sourceIPAddress"] == ATHENA
        assert event["additionalEventData"]["requesterService"] == "ATHENA"
        assert event["responseElements"] is None
        assert "invokedBy" in event["userIdentity"]
    early = {
        query["QueryExecutionId"]
        for query in governed.everything()
        if query["Status"].get("AthenaError", {}).get("ErrorType") in {1006, 1110, 1109, 234, 204}
        or query.get("Statistics", {}).get("EngineExecutionTimeInMillis") == 0
    }
    read = {
        (row["query_id"], f"{row['database']}.{row['table']}")
        for row in governed.control("GET", "truth/access")
        if row["mode"] == "read" and row["database"] == "finance" and not row["table"].startswith("v_")
    }
    assert found == {pair for pair in read if pair[0] not in early}
    assert len(found) == len(events) > 20


def test_the_identity_is_that_of_whoever_ran_the_query(governed: Any) -> None:
    starts = {
        inner["responseElements"]["queryExecutionId"]: inner["userIdentity"].get("arn")
        for inner in map(_inner, governed.events(LookupAttributes=_named("StartQueryExecution")))
        if inner["responseElements"]
    }
    for event in governed.events(LookupAttributes=_named("GetDataAccess")):
        inner = _inner(event)
        query_id = inner["requestParameters"]["auditContext"]["additionalAuditContext"][10:46]
        assert inner["userIdentity"].get("arn") == starts[query_id]


def test_glue_is_asked_by_athena_and_by_people_who_run_nothing(governed: Any) -> None:
    events = [_inner(event) for event in governed.events(LookupAttributes=_named("glue.amazonaws.com", "EventSource"))]
    names = Counter(event["eventName"] for event in events)
    assert set(names) == {
        "GetTable", "GetTables", "GetPartitions", "BatchGetPartition", "BatchGetTable", "GetUnfilteredTableMetadata",
    }  # fmt: skip  # a list
    browsing = [event for event in events if event["userAgent"] != ATHENA]
    assert 5 < len(browsing) < len(events) / 3
    assert all("auditContext" not in event["requestParameters"] for event in browsing)
    assert any("auditContext" in event["requestParameters"] for event in events)
    assert any("errorCode" in event for event in browsing)
    for event in events:
        parameters = event["requestParameters"]
        key = "tableName" if "Partition" in event["eventName"] else "name"
        assert (key in parameters) != (event["eventName"] == "GetTables")
        assert "databaseName" in parameters or event["eventName"] == "GetTable"
        assert event["readOnly"] is True


def test_every_way_to_ask_finds_the_same_events(governed: Any) -> None:
    every = Counter(event["EventId"] for event in governed.events())
    by_name: Counter[str] = Counter()
    for name in ("StartQueryExecution", "GetDataAccess", "GetTable", "GetTables", "GetPartitions", "BatchGetPartition",
                 "BatchGetTable", "GetUnfilteredTableMetadata"):  # fmt: skip  # a list
        events = governed.events(LookupAttributes=_named(name))
        assert {event["EventName"] for event in events} == {name}
        by_name.update(event["EventId"] for event in events)
    assert by_name == every
    for key, values in (
        ("ReadOnly", ("true", "false")),
        ("EventSource", (ATHENA, "glue.amazonaws.com", "lakeformation.amazonaws.com")),
    ):
        found = Counter(
            event["EventId"] for value in values for event in governed.events(LookupAttributes=_named(value, key))
        )
        assert found == every
    one = next(iter(every))
    assert [event["EventId"] for event in governed.events(LookupAttributes=_named(one, "EventId"))] == [one]
    assert governed.events(LookupAttributes=_named("GetCoffee")) == []
    times = [event["EventTime"] for event in governed.events(MaxResults=13)]
    assert times == sorted(times, reverse=True)
    assert len(times) == sum(every.values())


def test_the_truth_knows_every_event_that_names_a_table(governed: Any) -> None:
    rows = {row["event_id"]: row for row in governed.control("GET", "truth/access-events")}
    seen = {event["EventId"]: _inner(event) for event in governed.events(LookupAttributes=_named("true", "ReadOnly"))}
    assert rows.keys() == seen.keys()
    for event_id, inner in seen.items():
        row, parameters = rows[event_id], inner["requestParameters"]
        assert row["api"] == inner["eventName"]
        assert row["at"][:19] == inner["eventTime"][:19]
        assert row["denied"] == ("errorCode" in inner)
        assert row["delivered"] is True
        if row["api"] != "GetDataAccess":
            assert row["database"] == parameters.get("databaseName")
            assert row["table"] == parameters.get("name", parameters.get("tableName"))


def test_access_events_come_late_twice_and_never_as_starts_do(
    start: Callable[..., Any], settings: Callable[..., Settings]
) -> None:
    hard = {"duplicate_events": 0.2, "lost_events": 0.2, "disordered_events": 0.2}
    chosen = settings(history=timedelta(minutes=12), governed_database="finance", catalogue_events=1.0, **hard)
    world = _past(start, chosen)
    copies = Counter(event["EventId"] for event in world.events(LookupAttributes=_named("true", "ReadOnly")))
    rows = world.control("GET", "truth/access-events")
    lost = [row for row in rows if not row["delivered"]]
    assert set(copies.values()) == {1, 2}
    assert 0.1 < len(lost) / len(rows) < 0.3
    assert copies.keys() == {row["event_id"] for row in rows if row["delivered"]}


def test_a_given_query_has_its_events_at_its_own_delay(
    start: Callable[..., Any], settings: Callable[..., Settings]
) -> None:
    now = [1_790_000_000_000]
    world = start(settings(history=timedelta(0), governed_database="finance", duplicate_events=0), lambda: now[0])
    (query_id,) = world.testbed.add(
        {"uses": [{"table": "finance.payments", "mode": "read"}, {"table": "finance.x", "mode": "write"}],
         "event_delay_seconds": 60}
    )  # fmt: skip  # one query
    now[0] += 59_000
    assert world.events() == []
    now[0] += 4_000
    events = world.events()
    assert [event["EventName"] for event in events] == ["GetDataAccess", "StartQueryExecution"]
    assert query_id in _inner(events[0])["requestParameters"]["auditContext"]["additionalAuditContext"]
    assert world.call("athena", "GetQueryExecution", QueryExecutionId=query_id)["QueryExecution"]["Query"] == (
        "SELECT count(*) FROM finance.payments"
    )


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"uses": ["x"]}, "no object with table"),
        ({"uses": [{"table": "x"}]}, "database.table"),
        ({"uses": [{"table": "a.b", "mode": "eat"}]}, "one of read, write, ddl, metadata"),
        ({"uses": [{"table": "a.b", "colour": "red"}]}, "no object with table"),
    ],
)
def test_a_use_that_is_none_is_refused(world: Any, wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        world.testbed.add(wrong)


def test_one_bucket_is_shared_by_all_that_is_looked_up(
    start: Callable[..., Any], settings: Callable[..., Settings]
) -> None:
    """A hundredth of the real rate: the next token is 50 seconds away, however slow this machine is."""
    world = start(settings(rates=0.01, governed_database="finance"))
    codes = [
        world.aws("cloudtrail", "LookupEvents", LookupAttributes=_named(name)).status
        for name in ("StartQueryExecution", "GetDataAccess", "GetTable", "GetTables")
    ]
    assert codes == [200, 400, 400, 400]
