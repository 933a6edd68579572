"""Names of Athena's resources as AWS writes them, in every partition.

Stage: target -> **arns** -> the sources.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
"""

import re

from athena_exporter.records import Target

_ROLE = re.compile(r"arn:[\w-]+:iam::(\d{12}):role/.+")

_PARTITIONS = (
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("us-isof-", "aws-iso-f"),
    ("eu-isoe-", "aws-iso-e"),
    ("eusc-", "aws-eusc"),
)
"""What the names of a partition's Regions begin with; all others are in `aws`."""


def partition(region: str) -> str:
    """The partition that a Region belongs to: `aws`, `aws-cn`, `aws-us-gov` ..."""
    return next((name for prefix, name in _PARTITIONS if region.startswith(prefix)), "aws")


def workgroup_arn(target: Target, name: str) -> str:
    """A workgroup's ARN."""
    return f"arn:{partition(target.region)}:athena:{target.region}:{target.account_id}:workgroup/{name}"


def account_of(role_arn: str) -> str | None:
    """The account that a role belongs to, None if this is no role's ARN."""
    found = _ROLE.fullmatch(role_arn)
    return found.group(1) if found else None
