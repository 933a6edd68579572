"""Service Quotas, for the two quotas of Athena that count active queries.

Source: botocore's model of the service; codes from the Athena section of the AWS General Reference
(https://docs.aws.amazon.com/general/latest/gr/athena.html).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from athena_testbed.settings import ACCOUNT_ID, Settings
from athena_testbed.tokens import BadTokenError, seal, unseal
from athena_testbed.wire import AwsError, Json

DDL_QUOTA = 20
_DEFAULT_DML = 150
_DML_BY_REGION: Mapping[str, int] = {"us-east-1": 200}
_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Quota:
    code: str
    kind: str
    applied: int
    default: int


class ServiceQuotas:
    """Service Quotas of one account and Region; it knows the service `athena` only."""

    def __init__(self, settings: Settings) -> None:
        self._region = settings.region
        default = _DML_BY_REGION.get(settings.region, _DEFAULT_DML)
        quotas = (
            _Quota(code="L-3CE0BBA0", kind="DDL", applied=DDL_QUOTA, default=DDL_QUOTA),
            _Quota(code="L-FC5F6546", kind="DML", applied=settings.dml_quota, default=default),
        )
        self._quotas = {quota.code: quota for quota in quotas}
        self.operations: Mapping[str, Callable[[Json], Json]] = {
            "GetServiceQuota": self.get_service_quota,
            "GetAWSDefaultServiceQuota": self.get_aws_default_service_quota,
            "ListServiceQuotas": self.list_service_quotas,
        }

    def get_service_quota(self, parameters: Json) -> Json:
        """The quota that applies to the account."""
        quota = self._find(parameters)
        return {"Quota": self._described(quota, quota.applied)}

    def get_aws_default_service_quota(self, parameters: Json) -> Json:
        """The quota as AWS grants it to everybody."""
        quota = self._find(parameters)
        return {"Quota": self._described(quota, quota.default)}

    def list_service_quotas(self, parameters: Json) -> Json:
        """All quotas that apply."""
        _service(parameters)
        wanted = parameters.get("QuotaCode")
        found = [quota for quota in self._quotas.values() if wanted in {None, quota.code}]
        size, place = _page(parameters)
        more = {"NextToken": seal([place + size], "quotas")} if place + size < len(found) else {}
        return {"Quotas": [self._described(quota, quota.applied) for quota in found[place : place + size]], **more}

    def _find(self, parameters: Json) -> _Quota:
        _service(parameters)
        code = parameters.get("QuotaCode")
        if code not in self._quotas:
            raise AwsError("NoSuchResourceException", f"The request failed because the quota code {code} is unknown.")
        return self._quotas[code]

    def _described(self, quota: _Quota, value: int) -> Json:
        return {
            "ServiceCode": "athena",
            "ServiceName": "Amazon Athena",
            "QuotaArn": f"arn:aws:servicequotas:{self._region}:{ACCOUNT_ID}:athena/{quota.code}",
            "QuotaCode": quota.code,
            "QuotaName": f"Active {quota.kind} queries",
            "Value": float(value),
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
            "UsageMetric": {
                "MetricNamespace": "AWS/Usage",
                "MetricName": "ResourceCount",
                "MetricDimensions": {
                    "Class": quota.kind, "Resource": "ActiveQueryCount", "Service": "Athena", "Type": "Resource",
                },
                "MetricStatisticRecommendation": "Maximum",
            },
            "QuotaAppliedAtLevel": "ACCOUNT",
        }  # fmt: skip  # as short as it can be said


def _service(parameters: Json) -> None:
    if parameters.get("ServiceCode") != "athena":
        raise AwsError("NoSuchResourceException", f"The service {parameters.get('ServiceCode')} is unknown here.")


def _page(parameters: Json) -> tuple[int, int]:
    size = parameters.get("MaxResults", _PAGE)
    if not isinstance(size, int) or not 1 <= size <= _PAGE:
        raise AwsError("IllegalArgumentException", f"MaxResults is {size}; it lies between 1 and {_PAGE}")
    token = parameters.get("NextToken")
    if token is None:
        return size, 0
    try:
        (place,) = unseal(str(token), "quotas")
    except (BadTokenError, ValueError) as error:
        raise AwsError("InvalidPaginationTokenException", "Invalid token was used.") from error
    return size, place
