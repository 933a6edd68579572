"""The Resource Groups Tagging API: tagged workgroups and log groups by their tags.

Source: botocore's model of `resourcegroupstaggingapi`. A resource that never had a tag is not in its answers
(https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from athena_testbed.account import Account
from athena_testbed.logs.service import Logs
from athena_testbed.settings import ACCOUNT_ID
from athena_testbed.tokens import BadTokenError, seal, unseal
from athena_testbed.wire import AwsError, Json

_PAGE = 50
_MOST_A_PAGE = 100


class Tagging:
    """Tags of one account and Region; it knows `athena:workgroup` and `logs:log-group`."""

    def __init__(self, account: Account, logs: Logs) -> None:
        self._account = account
        self._logs = logs
        self.operations: Mapping[str, Callable[[Json], Json]] = {"GetResources": self.get_resources}

    def get_resources(self, parameters: Json) -> Json:
        """One page of the resources that have all the tags asked for."""
        kinds, filters = parameters.get("ResourceTypeFilters") or [], parameters.get("TagFilters") or []
        arns = parameters.get("ResourceARNList") or []
        if arns and (kinds or filters):
            raise AwsError("InvalidParameterException", "ResourceARNList can't be combined with filters.")
        found = [
            {"ResourceARN": arn, "Tags": [{"Key": key, "Value": tags[key]} for key in sorted(tags)]}
            for kind, arn, tags in self._resources()
            if _is_of(kind, kinds) and _has(tags, filters) and (not arns or arn in arns)
        ]
        size = _size(parameters)
        scope = [kinds, filters, arns]
        place = _place(parameters, scope)
        more = seal([place + size], scope) if place + size < len(found) else ""
        return {"ResourceTagMappingList": found[place : place + size], "PaginationToken": more}

    def _resources(self) -> Iterator[tuple[str, str, Mapping[str, str]]]:
        """Type, ARN and tags of everything that has a tag."""
        account = self._account
        prefix = f"arn:aws:athena:{account.settings.region}:{ACCOUNT_ID}:workgroup/"
        for name, workgroup in sorted(account.company.workgroups.items()):
            if workgroup.tags and account.workgroup(name) is not None:
                yield "athena:workgroup", prefix + name, workgroup.tags
        with self._logs.lock:
            groups = [(self._logs.arn(group.name), dict(group.tags)) for group in self._logs.groups()]
        for arn, tags in groups:
            if tags:
                yield "logs:log-group", arn, tags


def _is_of(kind: str, kinds: list[str]) -> bool:
    """Whether a type is asked for; a service alone stands for all its types."""
    return not kinds or kind in kinds or kind.partition(":")[0] in kinds


def _has(tags: Mapping[str, str], filters: list[Mapping[str, Any]]) -> bool:
    """Whether there is every key, each with one of its values where some are given."""
    return all(
        one.get("Key") in tags and (not one.get("Values") or tags[one["Key"]] in one["Values"]) for one in filters
    )


def _size(parameters: Json) -> int:
    size = parameters.get("ResourcesPerPage") or _PAGE
    if not isinstance(size, int) or not 1 <= size <= _MOST_A_PAGE:
        raise AwsError("InvalidParameterException", f"ResourcesPerPage is {size}; it lies between 1 and {_MOST_A_PAGE}")
    return size


def _place(parameters: Json, scope: list[Any]) -> int:
    token = parameters.get("PaginationToken")
    if not token:
        return 0
    try:
        (place,) = unseal(str(token), scope)
    except (BadTokenError, ValueError) as error:
        raise AwsError("PaginationTokenExpiredException", "The specified PaginationToken is not valid.") from error
    return place
