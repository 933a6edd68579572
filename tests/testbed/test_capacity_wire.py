"""Service Quotas, capacity reservations, tags, and a company of many workgroups, as a client meets them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from athena_testbed import ACCOUNT_ID, Settings

CODES = {"L-FC5F6546": "DML", "L-3CE0BBA0": "DDL"}


def test_the_quotas_of_active_queries_are_told(start: Callable[..., Any], settings: Callable[..., Settings]) -> None:
    world = start(settings(dml_quota=77))
    quotas = {
        kind: world.call("servicequotas", "GetServiceQuota", ServiceCode="athena", QuotaCode=code)["Quota"]
        for code, kind in CODES.items()
    }
    assert {kind: quota["Value"] for kind, quota in quotas.items()} == {"DML": 77, "DDL": 20}
    assert quotas["DML"]["QuotaName"] == "Active DML queries"
    usage = quotas["DML"]["UsageMetric"]
    assert (usage["MetricNamespace"], usage["MetricName"]) == ("AWS/Usage", "ResourceCount")
    default = world.call(
        "servicequotas", "GetAWSDefaultServiceQuota", ServiceCode="athena", QuotaCode="L-FC5F6546"
    )  # fmt: skip  # as short as it can be said
    assert default["Quota"]["Value"] == 150


def test_quotas_are_listed_in_pages(world: Any) -> None:
    pages = list(world.pages("servicequotas", "ListServiceQuotas", ServiceCode="athena", MaxResults=1))
    assert [quota["QuotaCode"] for page in pages for quota in page["Quotas"]] == sorted(CODES)
    (one,) = world.call("servicequotas", "ListServiceQuotas", ServiceCode="athena", QuotaCode="L-FC5F6546")["Quotas"]
    assert one["QuotaCode"] == "L-FC5F6546"


@pytest.mark.parametrize(
    ("operation", "change", "code"),
    [
        ("GetServiceQuota", {"QuotaCode": "L-NONE"}, "NoSuchResourceException"),
        ("GetServiceQuota", {"ServiceCode": "glue"}, "NoSuchResourceException"),
        ("ListServiceQuotas", {"ServiceCode": "glue"}, "NoSuchResourceException"),
        ("ListServiceQuotas", {"MaxResults": 101}, "IllegalArgumentException"),
        ("ListServiceQuotas", {"NextToken": "bm9uc2Vuc2U="}, "InvalidPaginationTokenException"),
    ],
)
def test_strange_quotas_are_refused(world: Any, operation: str, change: dict[str, Any], code: str) -> None:
    asked = {"ServiceCode": "athena", "QuotaCode": "L-FC5F6546", **change}
    assert world.error("servicequotas", operation, **asked)[0] == code


def test_boto3_reads_quotas_and_faults_strike_them(world: Any) -> None:
    client = world.client("service-quotas")
    assert client.get_service_quota(ServiceCode="athena", QuotaCode="L-FC5F6546")["Quota"]["Value"] == 150
    world.control("PUT", "faults", [{"kind": "denied", "operation": "servicequotas:GetServiceQuota"}])
    code, message = world.error("servicequotas", "GetServiceQuota", ServiceCode="athena", QuotaCode="L-FC5F6546")
    assert code == "AccessDeniedException"
    assert "servicequotas:GetServiceQuota" in message


def test_the_reservation_serves_the_reserved_workgroup(world: Any) -> None:
    (reservation,) = world.call("athena", "ListCapacityReservations")["CapacityReservations"]
    assert (reservation["Name"], reservation["Status"]) == ("risk-capacity", "ACTIVE")
    assert (reservation["TargetDpus"], reservation["AllocatedDpus"]) == (24, 24)
    assert world.call("athena", "GetCapacityReservation", Name="risk-capacity")["CapacityReservation"] == reservation
    asked = {"CapacityReservationName": "risk-capacity"}
    told = world.call("athena", "GetCapacityAssignmentConfiguration", **asked)["CapacityAssignmentConfiguration"]
    assert told == {**asked, "CapacityAssignments": [{"WorkGroupNames": ["risk-reserved"]}]}
    world.testbed.delete_workgroup("risk-reserved")
    told = world.call("athena", "GetCapacityAssignmentConfiguration", **asked)["CapacityAssignmentConfiguration"]
    assert told["CapacityAssignments"] == []


def test_strange_reservations_are_refused(world: Any) -> None:
    for operation, asked in (
        ("GetCapacityReservation", {"Name": "nope"}),
        ("GetCapacityReservation", {}),
        ("GetCapacityAssignmentConfiguration", {"CapacityReservationName": "nope"}),
        ("ListCapacityReservations", {"MaxResults": 51}),
        ("ListCapacityReservations", {"NextToken": "bm9uc2Vuc2U="}),
    ):
        assert world.error("athena", operation, **asked)[0] == "InvalidRequestException"


def test_a_region_without_the_company_has_no_reservation(world: Any) -> None:
    assert world.client("athena", region="us-east-1").list_capacity_reservations()["CapacityReservations"] == []


def test_a_larger_company_has_a_workgroup_a_team(start: Callable[..., Any], settings: Callable[..., Settings]) -> None:
    world = start(settings(workgroups=200, history=timedelta(days=1), history_queries_per_day=20_000))
    names = world.workgroups()
    assert len(names) == len(set(names)) == 200
    assert {"primary", "team-016", "team-200"} <= set(names)
    arn = f"arn:aws:athena:eu-west-1:{ACCOUNT_ID}:workgroup/team-017"
    tags = world.call("athena", "ListTagsForResource", ResourceARN=arn, MaxResults=75)["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags}["team"] == "team-017"
    busy = set(world.testbed.truth()["by_workgroup"])
    assert len([name for name in busy if name.startswith("team-")]) > 150


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("workgroups", 14),
        ("workgroups", 1001),
        ("capacity_dimension", "Reservation"),
        ("cloudwatch_delay", -1),
        ("listmetrics_delay", -1),
    ],
)
def test_settings_that_no_account_can_have_are_refused(setting: str, value: Any) -> None:
    given: Any = timedelta(seconds=value) if setting.endswith("delay") else value
    wrong: dict[str, Any] = {setting: given}
    with pytest.raises(ValueError, match=setting):
        Settings(**wrong)
