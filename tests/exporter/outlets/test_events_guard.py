"""Why these tests exist: somebody whose query was stopped looks for the reason, and it has to be there, once."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from book import NOON, TARGET, opened, query, query_id, settings_for
from guarded import LIMIT, World, enforced

from athena_exporter.budgets import Amount, Mode, Unit
from athena_exporter.ledger.outbox import StoredFact
from athena_exporter.outlets.events import GUARD_FIELDS, QUERY_FIELDS, Event, Field, Stream, events_of

NOON_MS = int(NOON.timestamp() * 1000)


def facts(world: World) -> list[StoredFact]:
    return [one for one in world.book.ledger.pending_facts("events", 100) if one.kind == "guard"]


def told(events: list[Event]) -> dict[str, Any]:
    (event,) = events
    assert (event.stream, event.target, event.at_ms) == (Stream.QUERIES, TARGET, NOON_MS)
    found: dict[str, Any] = json.loads(event.message)
    return found


@pytest.mark.parametrize(
    ("limit", "amounts"),
    [
        (Amount(unit=Unit.BYTES, value=LIMIT), {"used_bytes": 2**40, "limit_bytes": LIMIT}),
        (Amount(unit=Unit.USD, value=4 * 10**9), {"used_usd": 5.0, "limit_usd": 4.0}),
    ],
)
def test_an_action_tells_who_what_and_why(tmp_path: Path, limit: Amount, amounts: dict[str, float]) -> None:
    budgets = (replace(enforced(), limit=limit),)
    with opened(settings_for(tmp_path, budgets=budgets, consumers=("events",))) as book:
        world = World(book)
        world.spend(1, "ann", 2**40)
        world.begin(2, "ann")
        world.guard().run_once()
        (fact,) = facts(world)
        event = told(events_of(fact))
        (intent,) = world.intents()
    assert event == amounts | {
        "v": 1, "event_type": "guard", "event_time": "2026-03-10T12:00:00.000Z", "access_id": event["access_id"],
        "action_id": intent.action_id, "query_id": query_id(2), "user": "ann", "account_id": TARGET.account_id,
        "region": TARGET.region, "workgroup": "primary", "guard_mode": "enforce", "guard_result": "stopped",
        "budget": "daily", "subject": "ann", "decided_at": "2026-03-10T12:00:00.000Z",
        "ended_at": "2026-03-10T12:00:00.000Z",
    }  # fmt: skip  # a dozen fields read best as a block
    assert event.keys() <= set(GUARD_FIELDS)


def test_a_copy_of_an_action_has_its_id_and_a_second_try_another(tmp_path: Path) -> None:
    with opened(settings_for(tmp_path, budgets=(enforced(),), consumers=("events",))) as book:
        world = World(book)
        world.spend(1, "ann")
        world.begin(2, "ann")
        world.guard(Mode.DRY_RUN, has_role=False).run_once()
        world.guard().run_once()
        dry, real = (json.loads(events_of(fact)[0].message) for fact in facts(world))
        again = json.loads(events_of(facts(world)[0])[0].message)
    assert dry == again
    assert dry["action_id"] == real["action_id"]
    assert (dry["guard_result"], real["guard_result"]) == ("dry_run", "stopped")


def test_a_kind_of_fact_that_is_no_event_makes_none() -> None:
    assert events_of(StoredFact(seq=1, kind="budget", target=TARGET, body="no JSON at all", written_ms=0)) == []


def test_a_hostile_name_stays_inside_its_event(tmp_path: Path) -> None:
    hostile = 'eve"}\n{"user": "root'
    with opened(settings_for(tmp_path, budgets=(enforced(),), consumers=("events",))) as book:
        world = World(book)
        world.spend(1, hostile)
        world.begin(2, hostile)
        world.guard().run_once()
        (event,) = events_of(facts(world)[0])
    assert json.loads(event.message)["user"] == hostile
    assert "\n" not in event.message


def test_no_query_event_has_the_field_by_which_the_guards_are_told() -> None:
    assert Field.EVENT_TYPE not in QUERY_FIELDS
    assert Field.STATE not in GUARD_FIELDS
    assert query(1).state.final, "a query event always has a state"
