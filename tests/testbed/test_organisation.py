"""Several embedded accounts behind one address, asked by real clients."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from athena_testbed import ACCOUNT_ID, Settings
from athena_testbed.organisation import Organisation, Role, organised

DATA, LAKE = "111122223333", "444455556666"
READ_DATA = Role(arn=f"arn:aws:iam::{DATA}:role/reader")
READ_LAKE = Role(arn=f"arn:aws:iam::{LAKE}:role/team/reader", external_id="shared-word")
IRELAND, VIRGINIA = "eu-west-1", "us-east-1"
QUIET = Settings(queries_per_minute=0, rates=None, time_scale=0.01, statistics_delay=timedelta(0))


class Hand:
    """A clock that a test moves, in milliseconds."""

    def __init__(self) -> None:
        self.at = 1_790_000_000_000

    def __call__(self) -> int:
        return self.at


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def world(hand: Hand) -> Iterator[Organisation]:
    accounts = {DATA: [IRELAND, VIRGINIA], LAKE: [IRELAND]}
    with organised(Organisation(accounts, QUIET, clock=hand)) as organisation:
        organisation.trust(READ_DATA, READ_LAKE)
        yield organisation


def client(world: Organisation, service: str, region: str = IRELAND, keys: dict[str, str] | None = None) -> Any:
    found = keys or {"AccessKeyId": "AKIAEXAMPLEEXAMPLE00", "SecretAccessKey": "not-a-secret"}
    return boto3.client(  # type: ignore[call-overload]  # the service is an argument
        service,
        region_name=region,
        endpoint_url=world.url,
        aws_access_key_id=found["AccessKeyId"],
        aws_secret_access_key=found["SecretAccessKey"],
        aws_session_token=found.get("SessionToken"),
    )


def assumed(world: Organisation, role: Role, **more: Any) -> dict[str, str]:
    asked = {"ExternalId": role.external_id} if role.external_id else {}
    sts = client(world, "sts")
    answer = sts.assume_role(RoleArn=role.arn, RoleSessionName="me", **asked, **more)
    sts.close()
    found: dict[str, str] = answer["Credentials"]
    return found


def test_a_role_opens_its_account_and_no_other(world: Organisation) -> None:
    keys = assumed(world, READ_LAKE)
    identity = client(world, "sts", keys=keys).get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == (LAKE, f"arn:aws:sts::{LAKE}:assumed-role/reader/me")
    assert client(world, "sts").get_caller_identity()["Account"] == ACCOUNT_ID
    assert world.sts.sessions == [(READ_LAKE.arn, "me")]


def test_each_account_and_region_has_queries_of_its_own(world: Organisation) -> None:
    ids = {place: testbed.add({"workgroup": "analytics"})[0] for place, testbed in world.testbeds.items()}
    assert len(set(ids.values())) == 3
    for (account, region), query_id in ids.items():
        keys = assumed(world, READ_DATA if account == DATA else READ_LAKE)
        athena = client(world, "athena", region, keys)
        assert athena.list_query_executions(WorkGroup="analytics")["QueryExecutionIds"] == [query_id]
    assert client(world, "athena").list_query_executions(WorkGroup="primary")["QueryExecutionIds"] == []


def test_an_account_calls_itself_by_its_own_number(world: Organisation) -> None:
    athena = client(world, "athena", keys=assumed(world, READ_DATA))
    arn = f"arn:aws:athena:{IRELAND}:{DATA}:workgroup/analytics"
    assert athena.list_tags_for_resource(ResourceARN=arn)["Tags"]
    with pytest.raises(ClientError, match=f"{LAKE}:workgroup/analytics is not found"):
        athena.list_tags_for_resource(ResourceARN=arn.replace(DATA, LAKE))
    world.at(DATA, IRELAND).add({"workgroup": "analytics", "event_delay_seconds": 0})
    (event,) = client(world, "cloudtrail", keys=assumed(world, READ_DATA)).lookup_events()["Events"][:1]
    assert f'"recipientAccountId":"{DATA}"' in event["CloudTrailEvent"].replace(" ", "")
    assert ACCOUNT_ID not in event["CloudTrailEvent"]


@pytest.mark.parametrize(
    "role", [Role(arn=READ_LAKE.arn), Role(arn=READ_LAKE.arn, external_id="guessed"), Role(arn=f"{READ_DATA.arn}s")]
)
def test_a_role_is_not_assumed_without_its_external_id_nor_one_that_nobody_has_made(
    role: Role, world: Organisation
) -> None:
    with pytest.raises(ClientError, match=r"AccessDenied.*not authorized to perform: sts:AssumeRole on resource"):
        assumed(world, role)


def test_keys_end_when_they_were_said_to(world: Organisation, hand: Hand) -> None:
    keys = assumed(world, READ_DATA, DurationSeconds=900)
    athena = client(world, "athena", keys=keys)
    hand.at += 899_999
    athena.list_work_groups()
    hand.at += 1
    with pytest.raises(ClientError, match="ExpiredTokenException"):
        athena.list_work_groups()


def test_a_revoked_role_gives_no_new_keys_and_the_old_ones_stay_good(world: Organisation) -> None:
    athena = client(world, "athena", keys=assumed(world, READ_DATA))
    world.revoke(READ_DATA.arn)
    athena.list_work_groups()
    with pytest.raises(ClientError, match="AccessDenied"):
        assumed(world, READ_DATA)


def test_the_faults_of_one_account_strike_nobody_else(world: Organisation) -> None:
    data, lake = (client(world, "athena", keys=assumed(world, role)) for role in (READ_DATA, READ_LAKE))
    world.at(DATA, IRELAND).plan_faults([{"kind": "denied"}, {"kind": "denied", "operation": "sts:AssumeRole"}])
    with pytest.raises(ClientError, match="AccessDenied"):
        data.list_work_groups()
    with pytest.raises(ClientError, match="AccessDenied"):
        assumed(world, READ_DATA)
    lake.list_work_groups()
    assumed(world, READ_LAKE)


def test_an_account_without_a_region_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one Region"):
        Organisation({DATA: []}, QUIET)
