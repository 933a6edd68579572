"""The streams of events about tables, against the embedded account."""

from dataclasses import replace
from datetime import timedelta

import pytest
from fake_knowledge import FakeKnowledge
from source_world import QUIET, Hand, MakeWorld, World

from athena_exporter.config.model import Privacy
from athena_exporter.config.sources import AccessEvent
from athena_exporter.records import Kind, Mode, StartedQuery, TableEvent
from athena_exporter.sources.access import CURSOR, LONGEST_PAUSE, PAGES
from athena_exporter.sources.identity import IdentityRules
from athena_exporter.sources.lookup import LookupSource
from athena_exporter.sources.privacy import Naming

GOVERNED = replace(QUIET, governed_database="sales", catalogue_events=1.0)
ALL = tuple(AccessEvent)


def add(world: World, number: int, *, ago: timedelta = timedelta(minutes=1), delay: float = 0) -> None:
    at = world.clock() - ago
    for place in range(number):
        begun = (at - timedelta(seconds=place)).isoformat()
        world.add(tables=["orders"], database="sales", submitted_at=begun, event_delay_seconds=delay)


def events(knowledge: FakeKnowledge) -> dict[str, TableEvent]:
    return {
        record.event_id: record
        for batch in knowledge.batches
        for record in batch.records
        if isinstance(record, TableEvent)
    }


def pass_until_read(knowledge: FakeKnowledge, source: LookupSource, times: int = 40) -> None:
    for _ in range(times):
        knowledge.take(source)


def counting(world: World, ago: timedelta = timedelta(hours=2)) -> FakeKnowledge:
    return FakeKnowledge(counting_since=world.clock() - ago)


def test_every_event_about_a_table_is_read_once_and_as_it_is(make_world: MakeWorld, hand: Hand) -> None:
    with make_world(GOVERNED, hand=hand) as world:
        add(world, 60)
        knowledge = counting(world)
        pass_until_read(knowledge, world.lookup(access_events=ALL))
        truth = world.running.testbed.access_events()
        wanted = {each["event_id"] for each in truth if each.get("error_code") is None}
        assert wanted
        assert set(events(knowledge)) == wanted
        reads = [each for each in events(knowledge).values() if each.api == "GetDataAccess"]
        assert len(reads) == 60
        assert {(each.database, each.table, each.mode) for each in reads} == {("sales", "orders", Mode.READ)}
        assert all(each.query_id is not None for each in reads)
        assert {each.mode for each in events(knowledge).values() if each.api != "GetDataAccess"} == {Mode.METADATA}


def test_only_configured_events_are_asked_for(make_world: MakeWorld, hand: Hand) -> None:
    with make_world(GOVERNED, hand=hand) as world:
        add(world, 3)
        knowledge = counting(world)
        pass_until_read(knowledge, world.lookup(), 3)
        assert events(knowledge) == {}
        pass_until_read(knowledge, world.lookup(access_events=(AccessEvent.GET_DATA_ACCESS,)), 3)
        assert {each.api for each in events(knowledge).values()} == {"GetDataAccess"}


def test_a_late_event_is_read_by_the_overlap(make_world: MakeWorld, hand: Hand) -> None:
    with make_world(GOVERNED, hand=hand) as world:
        add(world, 1, delay=1200)
        knowledge = counting(world)
        source = world.lookup(access_events=ALL)
        pass_until_read(knowledge, source)
        assert events(knowledge) == {}
        hand.at += timedelta(minutes=30)
        pass_until_read(knowledge, source)
        assert events(knowledge)


def test_a_pass_reads_so_many_pages_and_users_first(make_world: MakeWorld, hand: Hand) -> None:
    with make_world(GOVERNED, hand=hand) as world:
        add(world, 30)
        knowledge = counting(world, timedelta(days=2))
        knowledge.take(world.athena())
        source = world.lookup(access_events=ALL)
        batches = knowledge.take(source)
        about_tables = [place for place, batch in enumerate(batches) if CURSOR in "".join(batch.cursors)]
        assert len(knowledge.starts) == 30
        assert 0 < len(about_tables) <= PAGES
        assert all(not batch.reads for batch in batches[min(about_tables) :])


def test_a_restart_goes_on_where_the_cursors_stand(make_world: MakeWorld, hand: Hand) -> None:
    with make_world(GOVERNED, hand=hand) as world:
        add(world, 5, ago=timedelta(hours=20))
        add(world, 5)
        knowledge = counting(world, timedelta(hours=30))
        for _ in range(60):
            knowledge.take(world.lookup(access_events=ALL))
        truth = {each["event_id"] for each in world.running.testbed.access_events() if each.get("error_code") is None}
        assert set(events(knowledge)) == truth


def test_a_stream_that_was_just_read_rests(make_world: MakeWorld, hand: Hand) -> None:
    with make_world(GOVERNED, hand=hand) as world:
        knowledge = counting(world)
        source = world.lookup(access_events=(AccessEvent.GET_TABLE,))
        pass_until_read(knowledge, source, 5)
        asked = world.asked("LookupEvents")
        pass_until_read(knowledge, source, 5)
        assert world.asked("LookupEvents") == asked
        hand.at += LONGEST_PAUSE
        pass_until_read(knowledge, source, 1)
        assert world.asked("LookupEvents") > asked


def test_a_clock_that_was_set_back_begins_the_stream_anew(make_world: MakeWorld, hand: Hand) -> None:
    with make_world(GOVERNED, hand=hand) as world:
        knowledge = counting(world)
        source = world.lookup(access_events=(AccessEvent.GET_TABLE,))
        pass_until_read(knowledge, source, 5)
        key = CURSOR + AccessEvent.GET_TABLE
        before = knowledge.cursor("lookup", key)
        hand.at -= timedelta(hours=1)
        pass_until_read(knowledge, source, 5)
        after = knowledge.cursor("lookup", key)
        assert before is not None
        assert after is not None
        assert after < before


@pytest.mark.parametrize("mode", [Privacy.PSEUDONYM, Privacy.ROLE_ONLY])
def test_no_persons_name_is_in_any_record(mode: Privacy, make_world: MakeWorld, hand: Hand) -> None:
    key = b"0123456789abcdef" if mode is Privacy.PSEUDONYM else b""
    naming = Naming(mode=mode, key=key, rules=IdentityRules.of())
    with make_world(GOVERNED, hand=hand) as world:
        for place, name in enumerate(world.running.testbed.account.company.principals):
            begun = (world.clock() - timedelta(seconds=60 + place)).isoformat()
            world.add(person=name, tables=["orders"], database="sales", submitted_at=begun, event_delay_seconds=0)
        plain, private = ({each.event_id: each.identity for each in told(world, how)} for how in (Naming(), naming))
    people = [event_id for event_id, who in plain.items() if who.kind is Kind.PERSON]
    assert plain.keys() == private.keys()
    assert len(people) > 20
    for event_id in people:
        kept = private[event_id]
        assert plain[event_id].user not in f"{kept.user} {kept.role} {kept.client}"


def told(world: World, naming: Naming) -> list[StartedQuery | TableEvent]:
    knowledge = counting(world)
    knowledge.take(world.athena())
    pass_until_read(knowledge, world.lookup(access_events=ALL, naming=naming), 12)
    return [*knowledge.starts.values(), *events(knowledge).values()]
