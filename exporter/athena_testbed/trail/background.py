"""Records of other services: what most of a trail consists of, and nobody here wants.

The shapes follow CloudTrail's record contents; which calls there are, and how often, is this testbed's choice.
Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import TypeAlias
from uuid import UUID

from athena_testbed.wire import Json

_Part: TypeAlias = Callable[[Random], Json | None]

_AGENTS = (
    "Boto3/1.44.5 md/Botocore#1.44.5 ua/2.1 os/linux#6.1.112 md/arch#x86_64 lang/python#3.11.7 Botocore/1.44.5",
    "aws-sdk-go-v2/1.32.7 ua/2.1 os/linux lang/go#1.23.4 md/GOOS#linux md/GOARCH#arm64 api/ecr#1.36.7 m/E",
    "aws-sdk-java/2.29.45 md/io#sync md/http#Apache ua/2.1 os/Linux#5.10 lang/java#21.0.5 md/vendor#Amazon.com_Inc.",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0",
    "[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.750 Linux/5.10 OpenJDK_64-Bit_Server_VM/25.412]",
)
_NOTHING: _Part = lambda _: None  # noqa: E731  # a row of the table below


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One operation: how often it is called, what it asks and what it answers."""

    source: str
    name: str
    weight: int
    asked: _Part = _NOTHING
    answered: _Part = _NOTHING


def _hex(rng: Random, digits: int) -> str:
    return f"{rng.getrandbits(4 * digits):0{digits}x}"


def _uuid(rng: Random) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))


def _resource(rng: Random) -> str:
    return (
        f"arn:aws:s3:::harbour-{rng.choice(('lake', 'raw', 'export', 'logs'))}-{rng.randrange(40)}/part={_hex(rng, 4)}"
    )


def _query(rng: Random) -> Json:
    return {"queryExecutionId": _uuid(rng)}


def _table(rng: Random) -> Json:
    return {"databaseName": f"db_{rng.randrange(40)}", "name": f"table_{rng.randrange(900)}"}


def _assumed(rng: Random) -> Json:
    token = "".join(rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", k=356))
    return {
        "credentials": {
            "accessKeyId": f"ASIA{_hex(rng, 16).upper()}", "sessionToken": token,
            "expiration": "Nov 20, 2026, 9:00:00 AM",
        },
        "assumedRoleUser": {
            "assumedRoleId": f"AROA{_hex(rng, 17).upper()}:job", "arn": "arn:aws:sts::1:assumed-role/job/1",
        },
    }  # fmt: skip  # as AWS nests it


def _filters(rng: Random) -> Json:
    values = [{"value": f"i-{_hex(rng, 17)}"} for _ in range(rng.randrange(1, 5))]
    return {"maxResults": 1000, "filterSet": {"items": [{"name": "instance-id", "valueSet": {"items": values}}]}}


def _policy(rng: Random) -> Json:
    statement = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [_resource(rng) for _ in range(4)]}
    return {"roleName": f"job-{rng.randrange(200)}", "policyDocument": json.dumps({"Statement": [statement]})}


CALLS: Sequence[Call] = (
    Call(source="athena", name="GetQueryExecution", weight=70, asked=_query),
    Call(source="athena", name="GetQueryResults", weight=25, asked=_query),
    Call(source="athena", name="GetWorkGroup", weight=10, asked=lambda rng: {"workGroup": f"team-{rng.randrange(30)}"}),
    Call(source="glue", name="GetTable", weight=45, asked=_table),
    Call(source="glue", name="GetPartitions", weight=25, asked=_table),
    Call(source="glue", name="GetDatabase", weight=18, asked=lambda rng: {"name": f"db_{rng.randrange(40)}"}),
    Call(
        source="sts", name="AssumeRole", weight=250, answered=_assumed,
        asked=lambda rng: {"roleArn": f"arn:aws:iam::1:role/job-{rng.randrange(9)}", "roleSessionName": _hex(rng, 16)},
    ),
    Call(
        source="kms", name="Decrypt", weight=200,
        asked=lambda rng: {"encryptionContext": {"aws:s3:arn": _resource(rng)}},
    ),
    Call(source="ec2", name="DescribeInstances", weight=120, asked=_filters),
    Call(source="logs", name="CreateLogStream", weight=80, asked=lambda rng: {"logGroupName": f"/job/{_hex(rng, 6)}"}),
    Call(
        source="ecr", name="BatchGetImage", weight=60,
        asked=lambda rng: {"imageIds": [{"imageDigest": _hex(rng, 64)}]},
    ),
    Call(
        source="ssm", name="UpdateInstanceInformation", weight=60,
        asked=lambda rng: {"instanceId": f"i-{_hex(rng, 17)}"},
    ),
    Call(source="iam", name="PutRolePolicy", weight=15, asked=_policy),
    Call(source="monitoring", name="DescribeAlarms", weight=40),
)  # fmt: skip  # a table reads best in rows
"""What is called, by weight: a fifth of it concerns Athena and Glue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    identity: Json
    agent: str
    address: str


def noise(seed: int, *, account_id: str, region: str, begin_ms: int, per_second: float = 50.0) -> Iterator[Json]:
    """Records without end, in the order of their times; the same arguments give the same ones.

    Args:
        seed: chooses them.
        account_id: whose they are.
        region: where.
        begin_ms: the time of the first (milliseconds).
        per_second: how many a second.
    """
    rng = Random(f"{seed}/noise/{account_id}/{region}")
    sessions = [_session(rng, account_id) for _ in range(400)]
    weights = [call.weight for call in CALLS]
    at_ms = float(begin_ms)
    while True:
        for call in rng.choices(CALLS, weights, k=256):
            at_ms += 1000 / per_second
            yield _record(rng, call, rng.choice(sessions), account_id, region, int(at_ms))


def _session(rng: Random, account_id: str) -> _Session:
    role, name = f"job-{rng.randrange(200)}", f"session-{_hex(rng, 8)}"
    role_id = f"AROA{_hex(rng, 17).upper()}"
    identity = {
        "type": "AssumedRole",
        "principalId": f"{role_id}:{name}",
        "arn": f"arn:aws:sts::{account_id}:assumed-role/{role}/{name}",
        "accountId": account_id,
        "accessKeyId": f"ASIA{_hex(rng, 16).upper()}",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role", "principalId": role_id, "arn": f"arn:aws:iam::{account_id}:role/{role}",
                "accountId": account_id, "userName": role,
            },
            "attributes": {"creationDate": "2026-11-20T08:00:00Z", "mfaAuthenticated": "false"},
        },
    }  # fmt: skip  # as AWS nests it
    return _Session(
        identity=identity, agent=rng.choice(_AGENTS), address=f"10.{rng.randrange(256)}.0.{rng.randrange(256)}"
    )


def _record(rng: Random, call: Call, who: _Session, account_id: str, region: str, at_ms: int) -> Json:
    return {
        "eventVersion": "1.11",
        "userIdentity": who.identity,
        "eventTime": f"{datetime.fromtimestamp(at_ms // 1000, tz=UTC):%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": f"{call.source}.amazonaws.com",
        "eventName": call.name,
        "awsRegion": region,
        "sourceIPAddress": who.address,
        "userAgent": who.agent,
        "requestParameters": call.asked(rng),
        "responseElements": call.answered(rng),
        "requestID": _uuid(rng),
        "eventID": _uuid(rng),
        "readOnly": call.name.startswith(("Get", "Describe", "BatchGet")),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account_id,
        "eventCategory": "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": f"{call.source}.{region}.amazonaws.com",
        },
    }  # fmt: skip  # as above
