"""How many queries may be active at once: what Service Quotas says of the account, else what AWS publishes.

Stage: Service Quotas -> **quotas** -> sources/workgroups.py. Queries on a capacity reservation don't count.
https://docs.aws.amazon.com/general/latest/gr/athena.html#amazon-athena-limits
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError

from athena_exporter.records import ActiveQueryQuota, ActiveQueryQuotas, QuotaOrigin
from athena_exporter.sources.answers import Answer, Clock, answered_at, ask
from athena_exporter.sources.errors import AwsError, code_of
from athena_exporter.sources.session import ServiceQuotasApi

CODES: Mapping[str, str] = {"DML": "L-FC5F6546", "DDL": "L-3CE0BBA0"}
"""The code of each type's quota, everywhere the same."""
DDL_DEFAULT = 20
"""Active DDL queries that AWS allows by default, in every Region."""
DML_DEFAULTS: Mapping[str, int] = {
    "us-east-1": 200,
    "ap-northeast-1": 150,
    "eu-central-1": 150,
    "eu-west-1": 150,
    "us-east-2": 150,
    "us-west-2": 150,
    "ap-northeast-2": 100,
    "ap-south-1": 100,
    "ap-southeast-1": 100,
    "ap-southeast-2": 100,
    "eu-west-2": 100,
}
"""Active DML queries that AWS allows by default; of other Regions the exporter claims to know none."""

_ABSENT = "NoSuchResourceException"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotasRead:
    """What is known of the quotas, and the first error that stood in the way of knowing better.

    `observed_at` is AWS's clock, None if it did not answer.
    """

    quotas: ActiveQueryQuotas
    error: AwsError | None
    observed_at: datetime | None


def read_quotas(client: ServiceQuotasApi, region: str, clock: Clock) -> QuotasRead:
    """Ask for each quota. What may not be asked, or can't be answered, falls back to the published default."""
    observed_at: datetime | None = None
    items: list[ActiveQueryQuota] = []
    first: AwsError | None = None
    for kind, code in CODES.items():
        told: int | None = None
        try:
            answer = ask(client.get_service_quota, ServiceCode="athena", QuotaCode=code)
            observed_at, told = answered_at(answer, clock), _told(answer)
        except ClientError as error:
            observed_at = answered_at(error.response, clock)
            first = first if code_of(error) == _ABSENT else first or error
        except BotoCoreError as error:
            # Service Quotas may lie beyond a private network's endpoints; that must not hide the defaults.
            first = first or error
        items += _item(kind, told, region)
    return QuotasRead(quotas=ActiveQueryQuotas(items=tuple(items)), error=first, observed_at=observed_at)


def _told(answer: Answer) -> int | None:
    value = answer.get("Quota", {}).get("Value")
    is_amount = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
    return int(value) if is_amount else None


def _item(kind: str, told: int | None, region: str) -> list[ActiveQueryQuota]:
    if told is not None:
        return [ActiveQueryQuota(type=kind, queries=told, origin=QuotaOrigin.SERVICE_QUOTAS)]
    default = DDL_DEFAULT if kind == "DDL" else DML_DEFAULTS.get(region)
    if default is None:
        return []
    return [ActiveQueryQuota(type=kind, queries=default, origin=QuotaOrigin.PUBLISHED_DEFAULT)]
