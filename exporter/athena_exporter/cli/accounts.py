"""Which of the known targets the configuration means, as far as it can be told before AWS has answered."""

from collections.abc import Collection, Iterator, Mapping

from athena_exporter.cli.sessions import regions_of
from athena_exporter.config import Config, TargetSettings
from athena_exporter.records import UNKNOWN, Target


def presumed(region: str | None, settings: TargetSettings, config: Config, known: Collection[Target]) -> Target | None:
    """The target that these settings mean. A role tells its account; the own account is known by what is left over.

    `known` are the targets of a ledger. None where it may be any of them, or one that no ledger knows.
    """
    if region is None:
        return None
    if settings.account_id is not None:
        return Target(account_id=settings.account_id, region=region)
    roles = {one.account_id for one in config.targets}
    own = [one for one in known if one.region == region and one.account_id not in roles]
    return own[0] if len(own) == 1 else None


def aliases(config: Config, known: Collection[Target]) -> Mapping[Target, str]:
    """What people call the account of each target, by default its id; without those that cannot be told yet."""
    return dict(_aliases(config, known))


def _aliases(config: Config, known: Collection[Target]) -> Iterator[tuple[Target, str]]:
    for settings, region in zip(config.targets, regions_of(config), strict=True):
        target = presumed(region, settings, config, known)
        if target is not None:
            yield target, settings.alias or target.account_id


def may_be(target: Target, meant: Target) -> bool:
    """Whether a target may turn out to be the one that is meant, whose account may be unknown."""
    return target == meant if meant.account_id != UNKNOWN else target.region == meant.region
