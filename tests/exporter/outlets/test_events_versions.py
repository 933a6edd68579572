"""Why this test exists: people have queries on these fields. Every event that any version of the code has written
(`tests/support/keep_version.py`) has only fields that are still there, of the same types as now.
"""

import json
from typing import Any

import pytest
from keep_version import VERSIONS

from athena_exporter.ledger import schema
from athena_exporter.outlets.events.fields import Field
from athena_exporter.outlets.events.shape import VERSION

NEWEST = schema.VERSION
KEPT = {
    path.stem: [json.loads(text) for text in json.loads(path.read_text())["events"]]
    for path in sorted(VERSIONS.glob("ledger-v*.json"))
}
TOLD = [event for events in KEPT.values() for event in events]


def types(events: list[dict[str, Any]]) -> dict[str, set[type]]:
    found: dict[str, set[type]] = {}
    for event in events:
        for name, value in event.items():
            found.setdefault(name, set()).add(type(value))
    return found


def test_events_of_every_version_are_kept() -> None:
    assert {event["v"] for event in TOLD} == set(range(1, VERSION + 1))


@pytest.mark.parametrize("version", KEPT)
def test_no_field_has_gone_or_changed_its_type(version: str) -> None:
    now, then = types(KEPT[f"ledger-v{NEWEST}"]), types(KEPT[version])
    assert then.keys() <= {field.value for field in Field}
    assert {name: kinds - now[name] for name, kinds in then.items() if kinds - now[name]} == {}


def test_kept_events_are_of_both_kinds_with_and_without_a_user() -> None:
    assert {"mode" in event for event in TOLD} == {True, False}
    assert {event["user"] == "unattributed" for event in TOLD} == {True, False}
