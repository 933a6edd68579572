"""Why these tests exist: one of these calls takes something away from people, and AWS answers it in many ways."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from source_world import World, local_time, session_with

from athena_exporter.records import Identity, Kind
from athena_exporter.sources.identity import IdentityRules
from athena_exporter.sources.privacy import Naming
from athena_exporter.sources.stopping import Outcome, Stopper, own_identity, role_identity

ROLE = "arn:aws:iam::123456789012:role/service/athena-guard"
NAMING = Naming(rules=IdentityRules.of())


@pytest.fixture
def stopper(world: World) -> Iterator[Stopper]:
    session = session_with(world.running.url, world.calls, role_arn=ROLE)
    yield Stopper(session.stopping(), local_time)
    session.close()


def begun(world: World, **given: object) -> str:
    return world.add(**{"ended_at": (local_time() + timedelta(minutes=10)).isoformat(), **given})


def test_a_query_is_looked_at_and_stopped_and_is_cancelled_then(world: World, stopper: Stopper) -> None:
    query_id = begun(world)
    seen = stopper.look(query_id)
    assert seen.outcome is Outcome.RUNNING
    assert seen.at is not None
    assert abs(seen.at - local_time()) < timedelta(minutes=1)
    assert stopper.stop(query_id).outcome is Outcome.ACCEPTED
    assert stopper.look(query_id).outcome is Outcome.CANCELLED


def test_a_query_that_waits_in_the_queue_can_be_stopped_too(world: World, stopper: Stopper) -> None:
    query_id = begun(world, queue_ms=600_000)
    assert stopper.look(query_id).outcome is Outcome.RUNNING
    stopper.stop(query_id)
    assert stopper.look(query_id).outcome is Outcome.CANCELLED


@pytest.mark.parametrize("state", ["SUCCEEDED", "FAILED"])
def test_what_has_ended_stays_as_it_is_however_often_it_is_stopped(world: World, stopper: Stopper, state: str) -> None:
    query_id = world.add(state=state, submitted_at=(local_time() - timedelta(minutes=1)).isoformat())
    for _ in range(2):
        assert stopper.look(query_id).outcome is Outcome.ENDED
        assert stopper.stop(query_id).outcome is Outcome.ACCEPTED


def test_a_query_that_nobody_has_is_refused(stopper: Stopper) -> None:
    for told in (stopper.look("00000000-0000-4000-8000-000000000000"), stopper.stop("no such query")):
        assert told.outcome is Outcome.REFUSED
        assert told.error is not None


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("throttle", Outcome.THROTTLED),
        ("denied", Outcome.DENIED),
        ("expired", Outcome.UNREACHABLE),
        ("html", Outcome.UNREACHABLE),
    ],
)
def test_each_failure_of_aws_is_an_outcome_with_its_error(
    world: World, stopper: Stopper, kind: str, outcome: Outcome
) -> None:
    query_id = begun(world)
    world.running.plan_faults([{"kind": kind, "operation": "athena:StopQueryExecution"}])
    told = stopper.stop(query_id)
    assert told.outcome is outcome
    assert told.error is not None
    assert told.at is None


def test_of_a_stop_that_is_denied_when_it_is_tried_again_nobody_knows_whether_it_was_done(
    world: World, stopper: Stopper
) -> None:
    query_id = begun(world)
    faults = [{"kind": "drop_after", "times": 1}, {"kind": "denied", "after": 1}]
    world.running.plan_faults([{"operation": "athena:StopQueryExecution", **fault} for fault in faults])
    told = stopper.stop(query_id)
    assert told.outcome is Outcome.UNREACHABLE
    assert told.error is not None
    assert stopper.look(query_id).outcome is Outcome.CANCELLED


def test_a_role_that_cannot_be_assumed_is_denied(world: World, stopper: Stopper) -> None:
    world.running.plan_faults([{"kind": "denied", "operation": "sts:AssumeRole"}])
    assert stopper.look(begun(world)).outcome is Outcome.DENIED


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ({"QueryExecution": {"Status": {"State": "CANCELED"}}}, Outcome.CANCELLED),
        ({"QueryExecution": {"Status": {"State": "HIBERNATED"}}}, Outcome.UNREACHABLE),
        ({"QueryExecution": {"Status": {}}}, Outcome.UNREACHABLE),
        ({"QueryExecution": None}, Outcome.UNREACHABLE),
        ({}, Outcome.UNREACHABLE),
    ],
)
def test_a_state_that_nobody_knows_stops_nothing(answer: dict[str, object], outcome: Outcome) -> None:
    class Odd:
        def get_query_execution(self, **_: object) -> dict[str, object]:
            return answer

        stop_query_execution = get_query_execution

    assert Stopper(Odd(), local_time).look("q").outcome is outcome


def test_a_session_without_a_role_has_no_client_that_stops(world: World) -> None:
    with pytest.raises(ValueError, match="a role of its own only"):
        world.session.stopping()


def test_the_own_identity_is_what_cloudtrail_would_call_it(world: World) -> None:
    """The testbed's STS calls everybody without a role the user `moto`."""
    assert own_identity(world.session, NAMING).user == "moto"
    session = session_with(world.running.url, world.calls, role_arn=ROLE)
    assert own_identity(session, NAMING).role == "athena-guard"
    session.close()


@pytest.mark.parametrize(
    ("arn", "role"),
    [
        (ROLE, "athena-guard"),
        ("arn:aws-us-gov:iam::123456789012:role/athena-reader", "athena-reader"),
        ("arn:aws:iam::123456789012:role/AWSReservedSSO_Analyst_0123456789abcdef", "sso:Analyst"),
    ],
)
def test_a_role_is_named_as_its_queries_name_it(arn: str, role: str) -> None:
    assert role_identity(arn, NAMING).role == role


def test_a_role_of_one_person_is_that_person() -> None:
    found = role_identity("arn:aws:iam::123456789012:role/alpha_user_efield", NAMING)
    assert found == Identity(user="efield", role="alpha_user_efield", kind=Kind.PERSON, client="unknown")
