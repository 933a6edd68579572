"""Who needs which of the permissions, and where: the exporter itself, a role of a target, the guard's role.

Stage: permissions.py -> **grants** -> policy.py writes them, probing.py tries them. Nothing here asks AWS.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from athena_exporter.config import Config, TargetSettings
from athena_exporter.config.asking import AskingSettings
from athena_exporter.config.history import HistorySettings
from athena_exporter.config.sources import SystemTableSettings, TrailSettings
from athena_exporter.sources import needs
from athena_exporter.sources.arns import account_of, partition
from athena_exporter.sources.permissions import PERMISSIONS, Feature, Permission, Scope

ANY = "*"
"""Stands for an account or a Region that nobody has named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a permission holds: `ANY` for what is not known."""

    account: str
    region: str
    partition: str = "aws"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one principal needs: the permissions, the places it reads, the roles it assumes, the groups it writes.

    `logs` is where the log groups of events are: events of all targets go into one pair. `guard_role` is the role that
    may stop queries. `queues` are addresses as the configuration writes them, `topics` the ARNs of notifications.
    `trail` says which queue and which bucket are read for all targets, `history` where the query history goes,
    `system_table` how Athena's own table is asked, `asking` how the history is, and in which place.
    """

    permissions: Sequence[Permission]
    places: Sequence[Place]
    roles: Sequence[str] = ()
    log_groups: Sequence[str] = ()
    logs: Place | None = None
    guard_role: str | None = None
    queues: Sequence[str] = ()
    trail: TrailSettings | None = None
    topics: Sequence[str] = ()
    history: HistorySettings | None = None
    system_table: SystemTableSettings | None = None
    asking: AskingSettings | None = None
    asking_in: Place | None = None


REPORTING = frozenset({Feature.REPORT, Feature.RESULTS})
"""What people ask Athena with, and not the exporter."""
_NOT_READING = frozenset(
    [
        Feature.TARGETS,
        Feature.EVENTS,
        Feature.GUARD,
        Feature.NOTIFICATIONS,
        Feature.TRAIL,
        Feature.HISTORY,
        *REPORTING,
    ]
)
_ROLE = re.compile(r"arn:(?P<partition>[\w-]+):iam::(?P<account>\d{12}):role/.+")


def needed_by(config: Config) -> tuple[Permission, ...]:
    """What running the exporter with this configuration takes."""
    return tuple(permission for permission in PERMISSIONS if permission.needed(config))


def for_verify() -> tuple[Permission, ...]:
    """What `verify` takes beyond that, where the source `cloudwatch` is off."""
    return tuple(permission for permission in PERMISSIONS if permission.feature is Feature.VERIFY)


def for_report(config: Config) -> tuple[Permission, ...]:
    """What `report --on athena` and `verify --on athena` take: nothing on what the configuration does not name."""
    unnamed = {
        *((Scope.HISTORY_BUCKET, Scope.HISTORY_FILES) if config.history.bucket is None else ()),
        *((Scope.HISTORY_KEY,) if config.history.kms_key is None else ()),
        *((Scope.ASKING_RESULTS_BUCKET, Scope.ASKING_RESULTS_FILES) if config.asking.output_location is None else ()),
    }
    return tuple(one for one in PERMISSIONS if one.feature in REPORTING and one.scope not in unnamed)


def own_grant(
    config: Config, *, account: str = ANY, regions: Sequence[str | None], verify: bool = False, report: bool = False
) -> Grant:
    """What the exporter's own identity needs: read the targets without a role, assume the roles, write the events.

    Args:
        config: the configuration.
        account: the account of the targets without a role.
        regions: the Region of each target, in their order; None where nobody knows it.
        verify: whether `athena-exporter verify` is run with the same identity.
        report: whether questions are asked with it (`report --on athena`), or with the role of `asking`.
    """
    located = list(zip(config.targets, regions, strict=True))
    own = [_place(account, region) for target, region in located if target.role_arn is None]
    configs = _seen_by(config, None)
    needed = needed_by(config)
    asker = [one for one in (config.asking.role_arn,) if report and one is not None]
    roles = tuple(dict.fromkeys((*needs.assumed(config), *asker)))
    return Grant(
        permissions=(
            *(one for one in PERMISSIONS if one.scope is Scope.ROLES and roles),
            *_reading(configs, verify=verify),
            *(one for one in needed if one.feature in {Feature.EVENTS, Feature.TRAIL}),
            *(one for one in needed if one.scope is Scope.GUARD_ROLE),
            *_publishing(config, None),
            *_archiving(config, None),
            *(for_report(config) if report and not asker else ()),
        ),
        places=_distinct(own),
        roles=roles,
        log_groups=log_groups(config),
        logs=_place(account, regions[0] if regions else None),
        guard_role=config.guard.role_arn,
        queues=_queues(configs),
        trail=config.sources.trail if needs.trail(config) else None,
        topics=topics(config, None),
        history=config.history,
        system_table=config.sources.system_table,
        asking=config.asking,
        asking_in=_place(account, regions[0] if regions else None),
    )


def role_grant(
    config: Config, role_arn: str, *, regions: Sequence[str | None], verify: bool = False, report: bool = False
) -> Grant:
    """What one role of the targets, or of a topic, needs. Its ARN tells the account.

    Raises:
        ValueError: no target, no topic, no history and no report of the configuration assumes it.
    """
    located = [
        _role_place(target, region)
        for target, region in zip(config.targets, regions, strict=True)
        if target.role_arn == role_arn
    ]
    asks = report and role_arn == config.asking.role_arn
    if role_arn not in needs.assumed(config) and not asks:
        raise ValueError(role_arn)
    configs = _seen_by(config, role_arn)
    return Grant(
        permissions=(
            *_reading(configs, verify=verify),
            *_publishing(config, role_arn),
            *_archiving(config, role_arn),
            *(for_report(config) if asks else ()),
        ),
        places=_distinct(located),
        queues=_queues(configs),
        topics=topics(config, role_arn),
        history=config.history,
        system_table=config.sources.system_table,
        asking=config.asking,
        asking_in=_place(account_of(role_arn) or ANY, regions[0] if regions else None),
    )


def guard_grant(config: Config, *, account: str = ANY, regions: Sequence[str | None]) -> Grant:
    """What the guard's role needs: to look at queries and to stop them, in its own account.

    It is told in any mode of the guard, so that the role can be made before it is switched on. `account` stands where
    the configuration names no role yet.
    """
    account = account_of(config.guard.role_arn or "") or account
    told = [
        region
        for target, region in zip(config.targets, regions, strict=True)
        if account in {ANY, account_of(target.role_arn or "") or account}
    ]
    permissions = tuple(one for one in PERMISSIONS if one.feature is Feature.GUARD and one.scope is Scope.WORKGROUPS)
    return Grant(permissions=permissions, places=_distinct(_place(account, region) for region in told or [None]))


def _seen_by(config: Config, role_arn: str | None) -> tuple[Config, ...]:
    """The configuration as it holds for each target of a role, or (None) of the exporter's own identity."""
    return tuple(config.seen_from(target) for target in config.targets if target.role_arn == role_arn)


def _queues(configs: Sequence[Config]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(url for config in configs for url in config.sources.queue_urls))


def _reading(configs: Sequence[Config], *, verify: bool) -> tuple[Permission, ...]:
    """What targets are read with; nothing without a target."""
    if not configs:
        return ()
    reading = tuple(
        one for one in PERMISSIONS if one.feature not in _NOT_READING and any(one.needed(each) for each in configs)
    )
    known = {one.action for one in reading}
    return reading + tuple(one for one in for_verify() if verify and one.action not in known)


def _publishing(config: Config, role_arn: str | None) -> tuple[Permission, ...]:
    """What letters are published with, by whoever publishes any: a role, or None for the exporter's own identity."""
    needed = (one for one in PERMISSIONS if one.feature is Feature.NOTIFICATIONS)
    return tuple(needed) if topics(config, role_arn) else ()


def _archiving(config: Config, role_arn: str | None) -> tuple[Permission, ...]:
    """What the query history is written with, by whoever writes it: a role, or None for the exporter itself."""
    is_theirs = config.history.enabled and config.history.role_arn == role_arn
    return tuple(one for one in needed_by(config) if is_theirs and one.feature is Feature.HISTORY)


def topics(config: Config, role_arn: str | None) -> tuple[str, ...]:
    """The topics that are published to as this role; None: as the exporter itself."""
    return tuple(dict.fromkeys(one.topic_arn for one in config.notifications.sns if one.role_arn == role_arn))


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
