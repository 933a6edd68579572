"""The clients of one target, against the embedded account."""

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from odd_server import answering
from source_world import REGION, TARGET, World, local_time, session_with

import athena_exporter
from athena_exporter.sources.answers import ask
from athena_exporter.sources.errors import GarbledAnswerError, explain, reason
from athena_exporter.sources.rate import Quota, Rates
from athena_exporter.sources.session import Session, resolve

ROLE = f"arn:aws:iam::{TARGET.account_id}:role/reader"


def test_the_account_and_awss_clock_are_resolved(world: World) -> None:
    target, now = resolve(world.session, local_time)
    assert target == TARGET
    assert abs(now - local_time()) < timedelta(seconds=5)
    assert world.calls == {("sts", "GetCallerIdentity", "ok"): 1}


def test_awss_clock_is_taken_and_not_ours(world: World) -> None:
    world.running.testbed.plan_faults([{"kind": "skew", "seconds": 3600}])
    _, now = resolve(world.session, lambda: datetime(2001, 1, 1, tzinfo=UTC))
    assert now - local_time() > timedelta(minutes=59)


@pytest.mark.parametrize("body", [b"<html>hello</html>", b"{}", b"<GetCallerIdentityResponse/>", b"\xff"])
def test_garbage_instead_of_an_account_is_refused(body: bytes) -> None:
    with answering(body) as url:
        session = session_with(url, Counter())
        with pytest.raises(GarbledAnswerError):
            resolve(session, local_time)
        session.close()


def test_refused_credentials_are_told_in_one_line(world: World) -> None:
    world.running.testbed.plan_faults([{"kind": "unrecognized", "operation": "sts:GetCallerIdentity"}])
    with pytest.raises(ClientError) as raised:
        resolve(world.session, local_time)
    assert reason(raised.value) == "credentials"
    assert "InvalidClientTokenId" in explain(raised.value)


def sent_by(client: Any) -> list[Any]:
    """The requests that this client sends from now on."""
    requests: list[Any] = []
    client.meta.events.register("before-send", lambda request, **_: requests.append(request))
    return requests


def test_a_role_is_assumed_with_its_external_id_once_for_all_calls(world: World) -> None:
    calls: Counter[tuple[str, str, str]] = Counter()
    session = session_with(world.running.url, calls, role_arn=ROLE, external_id="shared-word")
    client = session.athena()
    requests = sent_by(client)
    for _ in range(3):
        ask(client.list_work_groups)
    session.close()
    assert calls["sts", "AssumeRole", "ok"] == 1
    assert calls["athena", "ListWorkGroups", "ok"] == 3
    keys = {request.headers["Authorization"].decode().split("Credential=")[1][:4] for request in requests}
    assert keys == {"ASIA"}


def test_a_role_that_may_not_be_assumed_names_the_permission(world: World) -> None:
    world.running.testbed.plan_faults([{"kind": "denied", "operation": "sts:AssumeRole"}])
    session = session_with(world.running.url, Counter(), role_arn=ROLE)
    with pytest.raises(ClientError) as raised:
        ask(session.athena().list_work_groups)
    session.close()
    assert "needs sts:AssumeRole" in explain(raised.value)


def test_nothing_is_asked_before_it_is_needed(world: World) -> None:
    calls: Counter[tuple[str, str, str]] = Counter()
    session = session_with(world.running.url, calls, role_arn=ROLE)
    session.athena()
    session.cloudtrail()
    session.close()
    assert calls == {}


def test_the_exporter_is_told_by_its_user_agent(world: World) -> None:
    client = world.session.athena()
    requests = sent_by(client)
    ask(client.list_work_groups)
    assert requests[0].headers["User-Agent"].decode().endswith(f"athena-exporter/{athena_exporter.__version__}")


def test_only_what_carries_events_goes_out_unchecked(world: World) -> None:
    with pytest.raises(ParamValidationError):
        world.session.athena().get_work_group(WorkGroup=1)
    events = [{"timestamp": 1, "message": 1}]
    with pytest.raises(ClientError):
        world.session.logs().put_log_events(logGroupName="g", logStreamName="s", logEvents=events)


def test_every_attempt_is_counted_retries_included(world: World) -> None:
    world.running.testbed.plan_faults([{"kind": "throttle", "operation": "ListWorkGroups", "times": 2}])
    ask(world.session.athena().list_work_groups)
    assert world.calls == {
        ("athena", "ListWorkGroups", "ThrottlingException"): 2,
        ("athena", "ListWorkGroups", "ok"): 1,
    }


def test_a_call_is_given_up_after_three_retries(world: World) -> None:
    world.running.testbed.plan_faults([{"kind": "drop_before", "operation": "ListWorkGroups"}])
    with pytest.raises(Exception, match="closed"):
        ask(world.session.athena().list_work_groups)
    assert world.calls == {("athena", "ListWorkGroups", "ConnectionClosedError"): 4}


def test_a_token_is_taken_before_every_attempt(world: World) -> None:
    world.running.testbed.plan_faults([{"kind": "garbage", "operation": "ListWorkGroups", "times": 2}])
    waits: list[float] = []
    quotas = {("athena", "ListWorkGroups"): Quota(rate=1, burst=1)}
    rates = Rates(share=1, clock=lambda: 0.0, sleep=waits.append, quotas=quotas)
    session = Session(region=REGION, rates=rates, count=lambda *_: None, endpoint_url=world.running.url)
    ask(session.athena().list_work_groups)
    session.close()
    assert waits == [1, 2]


def test_two_clients_of_a_session_share_their_rates(world: World) -> None:
    waits: list[float] = []
    quotas = {("athena", "ListWorkGroups"): Quota(rate=1, burst=1)}
    rates = Rates(share=1, clock=lambda: 0.0, sleep=waits.append, quotas=quotas)
    session = Session(region=REGION, rates=rates, count=lambda *_: None, endpoint_url=world.running.url)
    for client in (session.athena(), session.athena()):
        ask(client.list_work_groups)
    session.close()
    assert waits == [1]


def test_the_real_rates_keep_the_account_from_throttling(world: World) -> None:
    calls: Counter[tuple[str, str, str]] = Counter()
    rates = Rates(clock=time.monotonic, sleep=lambda _: None)
    session = Session(
        region=REGION, rates=rates, endpoint_url=world.running.url, count=lambda *call: calls.update([call])
    )
    ask(session.cloudtrail().lookup_events)
    session.close()
    assert calls == {("cloudtrail", "LookupEvents", "ok"): 1}
