"""The account's book of calls: who called what, and how it ended."""

import json
from typing import Any


def _as(world: Any, access_key: str, operation: str) -> None:
    scope = f"{access_key}/20260101/eu-west-1/athena/aws4_request"
    headers = {
        "X-Amz-Target": f"AmazonAthena.{operation}",
        "Content-Type": "application/x-amz-json-1.1",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, Signature=0",
    }
    world.http("POST", "/", json.dumps({}).encode(), headers)


def _counts(world: Any, query: str = "") -> dict[tuple[str, str], int]:
    return {(row["operation"], row["result"]): row["count"] for row in world.control("GET", f"calls{query}")}


def test_calls_are_told_apart_by_the_key_that_signed_them(world: Any) -> None:
    _as(world, "ours", "ListWorkGroups")
    _as(world, "ours", "ListWorkGroups")
    _as(world, "theirs", "ListWorkGroups")
    assert _counts(world, "?access_key=ours") == {("ListWorkGroups", "ok"): 2}
    assert _counts(world, "?access_key=theirs") == {("ListWorkGroups", "ok"): 1}
    assert _counts(world, "?access_key=nobodys") == {}


def test_without_a_key_all_callers_are_added_up(world: Any) -> None:
    _as(world, "ours", "ListWorkGroups")
    _as(world, "theirs", "ListWorkGroups")
    assert _counts(world) == {("ListWorkGroups", "ok"): 2}


def test_forgotten_calls_are_counted_anew(world: Any) -> None:
    _as(world, "ours", "ListWorkGroups")
    world.http("DELETE", "/_testbed/calls")
    _as(world, "ours", "ListDataCatalogs")
    assert [operation for operation, _ in _counts(world)] == ["ListDataCatalogs"]


def test_a_parameter_that_calls_does_not_know_is_refused(world: Any) -> None:
    answer = world.http("GET", "/_testbed/calls?user=ours")
    assert answer.status == 400
    assert "unknown parameter 'user'; there are access_key" in answer.json()["error"]
