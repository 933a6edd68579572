"""CloudTrail's LookupEvents: limits, words, and events that come late, twice, out of order or never."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from athena_testbed import Settings

NAME = [{"AttributeKey": "EventName", "AttributeValue": "StartQueryExecution"}]
ZERO = timedelta(0)


class Clock:
    """A clock that a test moves; milliseconds."""

    def __init__(self) -> None:
        self.now = 1_790_000_000_000

    def __call__(self) -> int:
        return self.now


def _inner(event: dict[str, Any]) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(event["CloudTrailEvent"])
    return parsed


def test_two_attributes_or_a_strange_one_are_refused(world: Any) -> None:
    two = [*NAME, {"AttributeKey": "ReadOnly", "AttributeValue": "false"}]
    strange = [{"AttributeKey": "Mood", "AttributeValue": "good"}]
    for attributes in (two, strange):
        code, _ = world.error("cloudtrail", "LookupEvents", LookupAttributes=attributes)
        assert code == "InvalidLookupAttributesException"


def test_fifty_events_are_a_page_at_most(world: Any) -> None:
    assert len(world.call("cloudtrail", "LookupEvents")["Events"]) == 50
    assert len(world.call("cloudtrail", "LookupEvents", MaxResults=7)["Events"]) == 7
    for size in (0, 51):
        assert world.error("cloudtrail", "LookupEvents", MaxResults=size)[0] == "InvalidMaxResultsException"


def test_a_range_that_ends_before_it_begins_and_a_strange_category_are_refused(world: Any) -> None:
    assert world.error("cloudtrail", "LookupEvents", StartTime=2.0, EndTime=1.0)[0] == "InvalidTimeRangeException"
    assert world.error("cloudtrail", "LookupEvents", StartTime="soon")[0] == "SerializationException"
    assert world.error("cloudtrail", "LookupEvents", EventCategory="x")[0] == "InvalidEventCategoryException"


@pytest.mark.parametrize("change", [{"StartTime": 1.0}, {"LookupAttributes": NAME}, {"MaxResults": 9}])
def test_a_token_with_other_parameters_is_refused(world: Any, change: dict[str, Any]) -> None:
    token = world.call("cloudtrail", "LookupEvents", MaxResults=10)["NextToken"]
    parameters = {"MaxResults": 10, "NextToken": token}
    assert world.call("cloudtrail", "LookupEvents", **parameters)["Events"]
    assert world.error("cloudtrail", "LookupEvents", **{**parameters, **change})[0] == "InvalidNextTokenException"


def test_pages_together_hold_every_start_once_newest_first(
    start: Callable[..., Any], settings: Callable[..., Settings]
) -> None:
    world = start(settings(duplicate_events=0, disordered_events=0))
    events = world.events(LookupAttributes=NAME, MaxResults=17)
    times = [event["EventTime"] for event in events]
    ids = {
        _inner(event)["responseElements"]["queryExecutionId"] for event in events if "errorCode" not in _inner(event)
    }
    assert times == sorted(times, reverse=True)
    assert len({event["EventId"] for event in events}) == len(events) == len(world.testbed.account.starts)
    assert ids == {query["QueryExecutionId"] for query in world.everything()}


def test_a_window_holds_the_events_of_its_seconds_both_ends_included(world: Any) -> None:
    every = world.events()
    since, until = every[300]["EventTime"], every[100]["EventTime"]
    window = world.events(StartTime=float(since), EndTime=float(until))
    expected = Counter(event["EventId"] for event in every if since <= event["EventTime"] <= until)
    assert Counter(event["EventId"] for event in window) == expected
    assert len(window) >= 200


def test_some_events_come_twice_and_some_out_of_order(
    start: Callable[..., Any], settings: Callable[..., Settings]
) -> None:
    world = start(settings(duplicate_events=0.2, disordered_events=0.2))
    events = world.events()
    copies = Counter(event["EventId"] for event in events)
    times = [event["EventTime"] for event in events]
    assert set(copies.values()) == {1, 2}
    assert 0.1 < sum(n == 2 for n in copies.values()) / len(copies) < 0.3
    assert times != sorted(times, reverse=True)
    assert max(later - earlier for earlier, later in pairwise(times)) <= 31
    texts = {event["EventId"]: event["CloudTrailEvent"] for event in events}
    assert all(texts[event["EventId"]] == event["CloudTrailEvent"] for event in events)


def test_an_event_is_invisible_until_its_delay_has_passed(
    start: Callable[..., Any], settings: Callable[..., Settings]
) -> None:
    clock = Clock()
    world = start(settings(history=ZERO), clock)
    world.testbed.add({"event_delay_seconds": 600})
    clock.now += 599_999
    assert world.events() == []
    clock.now += 1
    assert len(world.events()) == 1


def test_what_comes_between_two_looks_is_added_once(
    start: Callable[..., Any], settings: Callable[..., Settings]
) -> None:
    world = start(settings(duplicate_events=0), clock=(clock := Clock()))
    seen = len(world.events(LookupAttributes=NAME))
    for added in (1, 2):
        clock.now += 10
        world.testbed.add({"person": "Alice"})
        clock.now += 1000
        told = Counter(event["EventId"] for event in world.events(LookupAttributes=NAME))
        assert (len(told), max(told.values())) == (seen + added, 1)


@pytest.mark.no_cover
def test_delays_have_the_median_asked_for_and_a_long_tail(
    start: Callable[..., Any], settings: Callable[..., Settings]
) -> None:
    clock = Clock()
    minutes = timedelta(minutes=5)
    world = start(settings(history=ZERO, queries_per_minute=2000, cloudtrail_delay=minutes, duplicate_events=0), clock)
    clock.now += 60_000
    quiet = world.testbed.quiesce()
    counts = []
    for _ in range(3):
        counts.append(len(world.events()))
        clock.now += 270_000
    starts = len(world.testbed.account.starts)
    assert counts[0] < 0.05 * starts
    assert 0.3 < counts[1] / starts < 0.7
    assert 0.95 < counts[2] / starts < 1
    clock.now += 2 * 3_600_000
    assert len(world.events()) == starts
    assert quiet["last_event_visible_at"] > quiet["quiesced_at"]


def test_lost_events_never_come(start: Callable[..., Any], settings: Callable[..., Settings]) -> None:
    world = start(settings(lost_events=0.3, duplicate_events=0, failed_starts=0))
    seen = {_inner(event)["responseElements"]["queryExecutionId"] for event in world.events()}
    share = len(seen) / len(world.testbed.account.starts)
    assert 0.6 < share < 0.8
    truth = world.control("GET", "truth?undelivered=unattributed")
    assert truth["by_user"]["unattributed"]["queries"] == truth["queries"] - len(seen)
    assert "unattributed" not in world.control("GET", "truth")["by_user"]


def test_a_refused_start_has_an_error_and_no_query(
    start: Callable[..., Any], settings: Callable[..., Settings]
) -> None:
    world = start(settings(failed_starts=0.2, duplicate_events=0))
    refused = [inner for inner in map(_inner, world.events()) if "errorCode" in inner]
    truth = world.testbed.truth()["failed_starts"]
    assert all(inner["responseElements"] is None and inner["errorMessage"] for inner in refused)
    assert Counter(inner["errorCode"] for inner in refused) == truth["by_error"]
    assert len(refused) == truth["total"] == truth["delivered"] > 50


def test_an_event_hides_the_sql_and_tells_the_rest(world: Any) -> None:
    for event in world.events()[:300]:
        inner = _inner(event)
        assert inner["requestParameters"]["queryString"] == "***OMITTED***"
        assert inner["eventID"] == event["EventId"]
        assert inner["eventSource"] == "athena.amazonaws.com"
        assert inner["awsRegion"] == "eu-west-1"
        assert inner["userAgent"]
        assert ("sessionCredentialFromConsole" in inner) == inner["userAgent"].startswith("Mozilla/")


def test_username_is_the_session_of_an_assumed_role(world: Any) -> None:
    roles = [event for event in world.events() if _inner(event)["userIdentity"]["type"] == "AssumedRole"]
    assert roles
    for event in roles:
        assert _inner(event)["userIdentity"]["principalId"].endswith(":" + event["Username"])


def test_lookup_by_event_id_user_key_and_constants(world: Any) -> None:
    event = next(event for event in world.events() if "Username" in event and "AccessKeyId" in event)
    for key in ("EventId", "Username", "AccessKeyId"):
        found = world.events(LookupAttributes=[{"AttributeKey": key, "AttributeValue": event[key]}])
        assert event["EventId"] in {one["EventId"] for one in found}
        assert {one[key] for one in found} == {event[key]}
    for key, value, some in (
        ("EventSource", "athena.amazonaws.com", True),
        ("EventSource", "s3.amazonaws.com", False),
        ("ReadOnly", "true", False),
        ("ResourceName", "x", False),
    ):
        attributes = [{"AttributeKey": key, "AttributeValue": value}]
        assert bool(world.call("cloudtrail", "LookupEvents", LookupAttributes=attributes)["Events"]) is some


def test_events_are_kept_for_ninety_days(start: Callable[..., Any], settings: Callable[..., Settings]) -> None:
    clock = Clock()
    world = start(settings(history=ZERO), clock)
    world.testbed.add({"person": "Alice"})
    clock.now += 90 * 86_400_000
    assert len(world.events()) == 1
    clock.now += 1000
    assert world.events() == []
