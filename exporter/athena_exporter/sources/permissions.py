"""What the exporter has to be allowed: one table, from which the policy is written, `check` tries, and tests count.

Stage: beside the sources. Every call to AWS that a configuration leads to stands here, with the part of the product
that makes it and the resources that IAM lets it be narrowed to. sts:GetCallerIdentity is missing: it needs no
permission. Which action knows which resources:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from athena_exporter.config import Config, TargetSettings
from athena_exporter.sources.arns import partition

ANY = "*"
"""Stands for an account or a Region that nobody has named."""


class Scope(StrEnum):
    """What an action can be narrowed to."""

    EVERYTHING = "everything"
    WORKGROUPS = "workgroups"
    RESERVATIONS = "reservations"
    CATALOGUE = "catalogue"
    LOG_GROUPS = "log groups"
    LOG_STREAMS = "log streams"
    ROLES = "roles"


class Feature(StrEnum):
    """The part of the product that makes a call: a source, or what the configuration switches on."""

    TARGETS = "targets"
    ATHENA = "athena"
    LOOKUP = "lookup"
    WORKGROUPS = "workgroups"
    CLOUDWATCH = "cloudwatch"
    VIEWS = "views"
    EVENTS = "events"
    VERIFY = "verify"


def _always(_: Config) -> bool:
    return True


def _never(_: Config) -> bool:
    return False


def _lookup(config: Config) -> bool:
    return config.sources.lookup.enabled


def _workgroups(config: Config) -> bool:
    return config.sources.workgroups.enabled


def _tags(config: Config) -> bool:
    return _workgroups(config) and bool(config.sources.workgroups.tags)


def _cloudwatch(config: Config) -> bool:
    return config.sources.cloudwatch.enabled


def _views(config: Config) -> bool:
    return config.sql.tables and config.sql.views


def _events(config: Config) -> bool:
    return config.events.enabled


def _new_groups(config: Config) -> bool:
    return _events(config) and config.events.create_groups


def _roles(config: Config) -> bool:
    return any(target.role_arn for target in config.targets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One action. `sid` names the statement it goes into, `why` says what the exporter learns by it.

    `needed` tells whether a configuration leads to the call. `without` says what is missing where it is denied.
    """

    action: str
    feature: Feature
    scope: Scope
    sid: str
    why: str
    without: str
    needed: Callable[[Config], bool]

    @property
    def operation(self) -> str:
        """The API operation, which AWS calls as the action, in all cases here."""
        return self.action.partition(":")[2]


PERMISSIONS: Sequence[Permission] = (
    Permission(
        action="sts:AssumeRole", feature=Feature.TARGETS, scope=Scope.ROLES, sid="ReadOtherAccounts", needed=_roles,
        why="the roles of other accounts (targets[].role_arn)", without="nothing is read through this role",
    ),
    Permission(
        action="athena:ListWorkGroups", feature=Feature.ATHENA, scope=Scope.EVERYTHING, sid="FindWorkgroups",
        needed=_always, why="which workgroups there are", without="no query is counted",
    ),
    Permission(
        action="athena:ListQueryExecutions", feature=Feature.ATHENA, scope=Scope.WORKGROUPS, sid="CountQueries",
        needed=_always, why="which queries ran in a workgroup", without="no query of the workgroup is counted",
    ),
    Permission(
        action="athena:BatchGetQueryExecution", feature=Feature.ATHENA, scope=Scope.WORKGROUPS, sid="CountQueries",
        needed=_always, why="what the queries scanned and how they ended", without="no query is counted",
    ),
    Permission(
        action="cloudtrail:LookupEvents", feature=Feature.LOOKUP, scope=Scope.EVERYTHING,
        sid="FindWhoStartedQueries", needed=_lookup, why="who started each query",
        without="every query stays without a user",
    ),
    Permission(
        action="athena:GetWorkGroup", feature=Feature.WORKGROUPS, scope=Scope.WORKGROUPS,
        sid="ReadWorkgroupSettings", needed=_workgroups, why="how a workgroup is set up, and its limit",
        without="athena_workgroup_info and the limits are missing",
    ),
    Permission(
        action="athena:ListTagsForResource", feature=Feature.WORKGROUPS, scope=Scope.WORKGROUPS,
        sid="ReadWorkgroupSettings", needed=_tags, why="the tags that become labels",
        without="the tags of workgroups are missing",
    ),
    Permission(
        action="athena:ListCapacityReservations", feature=Feature.WORKGROUPS, scope=Scope.EVERYTHING,
        sid="FindReservations", needed=_workgroups, why="which capacity reservations there are",
        without="reserved capacity is not shown",
    ),
    Permission(
        action="athena:GetCapacityAssignmentConfiguration", feature=Feature.WORKGROUPS, scope=Scope.RESERVATIONS,
        sid="ReadReservations", needed=_workgroups, why="which workgroups a reservation serves",
        without="nobody knows whom a reservation serves",
    ),
    Permission(
        action="servicequotas:GetServiceQuota", feature=Feature.WORKGROUPS, scope=Scope.EVERYTHING,
        sid="ReadQuotas", needed=_workgroups, why="how many queries may be active at once",
        without="published defaults stand for the account's own quotas",
    ),
    Permission(
        action="cloudwatch:ListMetrics", feature=Feature.CLOUDWATCH, scope=Scope.EVERYTHING,
        sid="CompareWithCloudWatch", needed=_cloudwatch, why="which workgroups publish metrics",
        without="athena_cloudwatch_* is missing",
    ),
    Permission(
        action="cloudwatch:GetMetricData", feature=Feature.CLOUDWATCH, scope=Scope.EVERYTHING,
        sid="CompareWithCloudWatch", needed=_cloudwatch, why="what CloudWatch counts",
        without="athena_cloudwatch_* is missing",
    ),
    Permission(
        action="glue:GetTable", feature=Feature.VIEWS, scope=Scope.CATALOGUE, sid="FollowViewsToTables",
        needed=_views, why="which tables a view reads", without="a view counts as itself, not as its tables",
    ),
    Permission(
        action="logs:CreateLogGroup", feature=Feature.EVENTS, scope=Scope.LOG_GROUPS, sid="CreateLogGroups",
        needed=_new_groups, why="the log groups of events (events.create_groups)",
        without="the log groups have to be there already",
    ),
    Permission(
        action="logs:CreateLogStream", feature=Feature.EVENTS, scope=Scope.LOG_GROUPS, sid="CreateLogStreams",
        needed=_events, why="the stream that events go into", without="no event is delivered; the outbox fills",
    ),
    Permission(
        action="logs:PutLogEvents", feature=Feature.EVENTS, scope=Scope.LOG_STREAMS, sid="WriteEvents",
        needed=_events, why="the events themselves", without="no event is delivered; the outbox fills",
    ),
    Permission(
        action="cloudwatch:ListMetrics", feature=Feature.VERIFY, scope=Scope.EVERYTHING, sid="Verify", needed=_never,
        why="`athena-exporter verify`: which workgroups publish", without="verify has nothing to compare with",
    ),
    Permission(
        action="cloudwatch:GetMetricData", feature=Feature.VERIFY, scope=Scope.EVERYTHING, sid="Verify", needed=_never,
        why="`athena-exporter verify`: what CloudWatch counted", without="verify has nothing to compare with",
    ),
)  # fmt: skip  # a table reads best in rows
"""All of them, in the order in which `check` tries them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a permission holds: `ANY` for what is not known."""

    account: str
    region: str
    partition: str = "aws"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one principal needs: the permissions, the places it reads, the roles it assumes, the groups it writes.

    `logs` is where the log groups of events are: events of all targets go into one pair.
    """

    permissions: Sequence[Permission]
    places: Sequence[Place]
    roles: Sequence[str] = ()
    log_groups: Sequence[str] = ()
    logs: Place | None = None


_ROLE = re.compile(r"arn:(?P<partition>[\w-]+):iam::(?P<account>\d{12}):role/.+")


def needed_by(config: Config) -> tuple[Permission, ...]:
    """What running the exporter with this configuration takes."""
    return tuple(permission for permission in PERMISSIONS if permission.needed(config))


def for_verify() -> tuple[Permission, ...]:
    """What `verify` takes beyond that, where the source `cloudwatch` is off."""
    return tuple(permission for permission in PERMISSIONS if permission.feature is Feature.VERIFY)


def own_grant(config: Config, *, account: str = ANY, regions: Sequence[str | None], verify: bool = False) -> Grant:
    """What the exporter's own identity needs: read the targets without a role, assume the roles, write the events.

    Args:
        config: the configuration.
        account: the account of the targets without a role.
        regions: the Region of each target, in their order; None where nobody knows it.
        verify: whether `athena-exporter verify` is run with the same identity.
    """
    located = list(zip(config.targets, regions, strict=True))
    own = [_place(account, region) for target, region in located if target.role_arn is None]
    roles = tuple(dict.fromkeys(target.role_arn for target in config.targets if target.role_arn))
    needed = needed_by(config)
    return Grant(
        permissions=(
            *(one for one in needed if one.feature is Feature.TARGETS),
            *(_reading(config, verify=verify) if own else ()),
            *(one for one in needed if one.feature is Feature.EVENTS),
        ),
        places=_distinct(own),
        roles=roles,
        log_groups=log_groups(config),
        logs=_place(account, regions[0] if regions else None),
    )


def role_grant(config: Config, role_arn: str, *, regions: Sequence[str | None], verify: bool = False) -> Grant:
    """What one role of the targets needs. Its ARN tells the account.

    Raises:
        ValueError: no target of the configuration assumes it.
    """
    located = [
        _role_place(target, region)
        for target, region in zip(config.targets, regions, strict=True)
        if target.role_arn == role_arn
    ]
    if not located:
        raise ValueError(role_arn)
    return Grant(permissions=_reading(config, verify=verify), places=_distinct(located))


def _reading(config: Config, *, verify: bool) -> tuple[Permission, ...]:
    """What a target is read with."""
    reading = tuple(one for one in needed_by(config) if one.feature not in {Feature.TARGETS, Feature.EVENTS})
    known = {one.action for one in reading}
    return reading + tuple(one for one in for_verify() if verify and one.action not in known)


def log_groups(config: Config) -> tuple[str, ...]:
    """The log groups that events go into."""
    return (config.events.table_access_group, config.events.queries_group)


def _place(account: str, region: str | None) -> Place:
    return Place(account=account, region=region or ANY, partition=partition(region or ""))


def _role_place(target: TargetSettings, region: str | None) -> Place:
    found = _ROLE.fullmatch(target.role_arn or "")
    if found is None:
        return _place(ANY, region)
    return Place(account=found["account"], region=region or ANY, partition=found["partition"])


def _distinct(places: Iterable[Place]) -> tuple[Place, ...]:
    return tuple(dict.fromkeys(places))
