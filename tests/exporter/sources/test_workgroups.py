"""The source `workgroups` against the embedded account: settings, tags, reservations, quotas; what may be denied."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from fake_knowledge import FakeKnowledge
from source_world import QUIET, TARGET, MakeWorld, World, local_time

from athena_exporter.records import (
    ActiveQueryQuota,
    ActiveQueryQuotas,
    QuotaOrigin,
    Reservations,
    Target,
    Workgroup,
    Workgroups,
)
from athena_exporter.sources.arns import partition, workgroup_arn
from athena_exporter.sources.errors import GarbledAnswerError, explain
from athena_exporter.sources.quotas import read_quotas
from athena_exporter.sources.workgroups import DENIALS, WorkgroupsSource

TB = 2**40
CALLS = (
    "athena:ListWorkGroups",
    "athena:GetWorkGroup",
    "athena:ListTagsForResource",
    "athena:ListCapacityReservations",
    "athena:GetCapacityAssignmentConfiguration",
    "servicequotas:GetServiceQuota",
)


def told(knowledge: FakeKnowledge) -> Mapping[type, Any]:
    return {type(record): record for batch in knowledge.batches for record in batch.records}


def workgroups(knowledge: FakeKnowledge) -> Mapping[str, Workgroup]:
    return {group.name: group for group in told(knowledge)[Workgroups].items}


def test_settings_of_every_workgroup_are_told(world: World) -> None:
    knowledge = FakeKnowledge()
    knowledge.take(world.workgroups())
    found = workgroups(knowledge)
    assert set(found) == set(world.running.testbed.account.company.workgroups)
    assert found["ad-hoc"] == Workgroup(
        name="ad-hoc",
        is_enabled=True,
        engine="Athena engine version 3",
        is_enforced=True,
        is_publishing=True,
        cutoff_bytes=2 * TB,
    )
    assert (found["monitoring"].is_publishing, found["primary"].is_enforced) == (False, False)
    assert found["primary"].cutoff_bytes is None
    assert world.asked("ListTagsForResource") == 0


def test_only_the_tags_that_are_wanted_leave_the_source(world: World) -> None:
    knowledge = FakeKnowledge()
    knowledge.take(world.workgroups(tags=("cost-centre", "component", "nobody-has-it")))
    found = workgroups(knowledge)
    assert found["dbt-prod"].tags == {"cost-centre": "3100", "component": "transformations"}
    assert found["sandbox"].tags == {}


def test_every_page_of_workgroups_is_read(make_world: MakeWorld) -> None:
    with make_world(replace(QUIET, workgroups=120)) as world:
        knowledge = FakeKnowledge()
        knowledge.take(world.workgroups())
        assert len(workgroups(knowledge)) == 120
        assert world.asked("ListWorkGroups") == 3


def test_a_reservation_and_whom_it_serves_are_told(world: World) -> None:
    knowledge = FakeKnowledge()
    knowledge.take(world.workgroups())
    (reservation,) = told(knowledge)[Reservations].items
    assert (reservation.state, reservation.workgroups) == ("active", ("risk-reserved",))
    assert reservation.target_dpus == reservation.allocated_dpus > 0


def test_quotas_are_the_accounts_own(make_world: MakeWorld) -> None:
    with make_world(replace(QUIET, dml_quota=321)) as world:
        knowledge = FakeKnowledge()
        knowledge.take(world.workgroups())
        assert ActiveQueryQuota(type="DML", queries=321, origin=QuotaOrigin.SERVICE_QUOTAS) in (
            told(knowledge)[ActiveQueryQuotas].items
        )


def test_each_inventory_is_a_batch_of_its_own(world: World) -> None:
    batches = FakeKnowledge().take(world.workgroups())
    assert [type(batch.records[0]) for batch in batches] == [Workgroups, Reservations, ActiveQueryQuotas]
    assert all(batch.source == "workgroups" and not batch.cursors for batch in batches)


@pytest.mark.parametrize("action", CALLS)
def test_a_denied_permission_is_named_and_spoils_nothing_else(world: World, action: str) -> None:
    world.running.testbed.plan_faults([{"kind": "denied", "operation": action}])
    knowledge = FakeKnowledge()
    with pytest.raises(ClientError) as caught:
        knowledge.take(world.workgroups(tags=("team",)))
    assert f"needs {action}" in explain(caught.value)
    found = told(knowledge)
    assert (Workgroups in found) == (action != "athena:ListWorkGroups")
    assert (Reservations in found) == (action != "athena:ListCapacityReservations")
    assert ActiveQueryQuotas in found


def test_settings_that_may_not_be_read_are_unknown_and_the_list_still_tells_state_and_engine(world: World) -> None:
    world.running.testbed.plan_faults([{"kind": "denied", "operation": "GetWorkGroup"}])
    knowledge = FakeKnowledge()
    with pytest.raises(ClientError):
        knowledge.take(world.workgroups())
    assert workgroups(knowledge)["ad-hoc"] == Workgroup(
        name="ad-hoc", is_enabled=True, engine="Athena engine version 3"
    )
    assert world.asked("GetWorkGroup") == DENIALS


def test_one_workgroup_that_may_not_be_read_leaves_the_others_whole(world: World) -> None:
    world.running.testbed.plan_faults([{"kind": "denied", "operation": "GetWorkGroup", "workgroup": "ad-hoc"}])
    knowledge = FakeKnowledge()
    with pytest.raises(ClientError):
        knowledge.take(world.workgroups())
    found = workgroups(knowledge)
    assert found["ad-hoc"].cutoff_bytes is None
    assert found["dbt-dev"].cutoff_bytes == 200 * 2**30


def test_a_workgroup_that_is_deleted_meanwhile_is_left_out(world: World) -> None:
    def delete(**_: object) -> None:
        world.running.testbed.delete_workgroup("sandbox")

    knowledge = FakeKnowledge()
    client = world.session.athena()
    client.meta.events.register("before-send.athena.GetWorkGroup", delete)  # type: ignore[attr-defined]  # botocore's client behind the protocol
    source = WorkgroupsSource(client=client, quotas=None, target=TARGET, clock=world.clock)
    knowledge.take(source)
    assert "sandbox" not in workgroups(knowledge)
    assert "primary" in workgroups(knowledge)


@pytest.mark.parametrize("kind", ["throttle", "internal", "html"])
def test_what_is_no_denial_ends_the_pass(world: World, kind: str) -> None:
    world.running.testbed.plan_faults([{"kind": kind, "operation": "ListCapacityReservations"}])
    knowledge = FakeKnowledge()
    with pytest.raises((ClientError, BotoCoreError)):
        knowledge.take(world.workgroups())
    assert set(told(knowledge)) == {Workgroups}


@pytest.mark.parametrize(
    ("region", "expected"),
    [("us-east-1", {"DML": 200, "DDL": 20}), ("ap-south-1", {"DML": 100, "DDL": 20}), ("mx-central-1", {"DDL": 20})],
)
def test_without_service_quotas_the_published_default_holds_or_nothing(
    world: World, region: str, expected: dict[str, int]
) -> None:
    world.running.testbed.plan_faults([{"kind": "denied", "operation": "GetServiceQuota"}])
    read = read_quotas(world.session.service_quotas(), region, world.clock)
    assert {item.type: item.queries for item in read.quotas.items} == expected
    assert {item.origin for item in read.quotas.items} == {QuotaOrigin.PUBLISHED_DEFAULT}
    assert read.error is not None


def test_service_quotas_beyond_reach_hide_no_default(world: World) -> None:
    world.running.testbed.plan_faults([{"kind": "drop_before", "operation": "GetServiceQuota"}])
    knowledge = FakeKnowledge()
    with pytest.raises(BotoCoreError):
        knowledge.take(world.workgroups())
    origins = {item.origin for item in told(knowledge)[ActiveQueryQuotas].items}
    assert origins == {QuotaOrigin.PUBLISHED_DEFAULT}


@pytest.mark.parametrize(
    ("region", "name"),
    [
        ("eu-west-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-iso-east-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
        ("eusc-de-east-1", "aws-eusc"),
        ("mx-central-1", "aws"),
    ],
)
def test_a_workgroups_arn_names_its_partition(region: str, name: str) -> None:
    target = Target(account_id="111122223333", region=region)
    assert partition(region) == name
    assert workgroup_arn(target, "etl") == f"arn:{name}:athena:{region}:111122223333:workgroup/etl"


class Strange:
    """An Athena that answers what no account should, and has never heard of reservations."""

    def __init__(self, **answers: Any) -> None:
        self._answers = {"list_work_groups": {}, "list_capacity_reservations": {}} | answers

    def __getattr__(self, name: str) -> Any:
        def answer(**_: Any) -> Any:
            told = self._answers.get(name, {})
            if isinstance(told, Exception):
                raise told
            return told

        answer.__name__ = name
        return answer


def refused(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, operation)


def strange(**answers: Any) -> WorkgroupsSource:
    return WorkgroupsSource(client=Strange(**answers), quotas=None, target=TARGET, clock=local_time)


def test_what_has_no_name_is_counted_and_left_out() -> None:
    knowledge = FakeKnowledge()
    knowledge.take(
        strange(
            list_work_groups={"WorkGroups": [{}, {"Name": "etl", "State": "DISABLED"}]},
            list_capacity_reservations={"CapacityReservations": [{"Status": "ACTIVE"}, {"Name": "nightly"}]},
        )
    )
    assert told(knowledge)[Workgroups].items == (Workgroup(name="etl", is_enabled=False),)
    (reservation,) = told(knowledge)[Reservations].items
    assert (reservation.name, reservation.state, reservation.target_dpus) == ("nightly", "unknown", None)
    assert knowledge.malformed == 2


def test_values_of_the_wrong_kind_are_unknown_and_not_wrong() -> None:
    settings = {"EnforceWorkGroupConfiguration": "yes", "BytesScannedCutoffPerQuery": True}
    knowledge = FakeKnowledge()
    knowledge.take(
        strange(
            list_work_groups={"WorkGroups": [{"Name": "etl"}]},
            get_work_group={"WorkGroup": {"Name": "etl", "Configuration": settings}},
        )
    )
    assert told(knowledge)[Workgroups].items == (Workgroup(name="etl"),)


def test_a_region_without_reserved_capacity_has_no_reservations() -> None:
    knowledge = FakeKnowledge()
    error = refused("UnknownOperationException", "ListCapacityReservations")
    knowledge.take(strange(list_capacity_reservations=error))
    assert told(knowledge)[Reservations].items == ()


def test_what_is_neither_denied_nor_gone_rises() -> None:
    error = refused("InternalServerException", "GetWorkGroup")
    with pytest.raises(ClientError):
        FakeKnowledge().take(strange(list_work_groups={"WorkGroups": [{"Name": "etl"}]}, get_work_group=error))


def test_pages_of_workgroups_that_go_round_in_a_circle_are_refused() -> None:
    with pytest.raises(GarbledAnswerError, match="circle"):
        FakeKnowledge().take(strange(list_work_groups={"WorkGroups": [], "NextToken": "again"}))
