"""Which parts of a configuration lead to calls to AWS: the questions that the table of permissions asks.

Stage: configuration -> **needs** -> permissions.py.
"""

from athena_exporter.budgets import Mode
from athena_exporter.config import Config


def always(_: Config) -> bool:
    """Whatever is configured."""
    return True


def never(_: Config) -> bool:
    """Nothing that `serve` does."""
    return False


def lookup(config: Config) -> bool:
    """CloudTrail is looked up."""
    return config.sources.lookup.enabled


def workgroups(config: Config) -> bool:
    """Settings of workgroups are read."""
    return config.sources.workgroups.enabled


def tags(config: Config) -> bool:
    """Tags of workgroups become labels."""
    return workgroups(config) and bool(config.sources.workgroups.tags)


def cloudwatch(config: Config) -> bool:
    """CloudWatch is asked."""
    return config.sources.cloudwatch.enabled


def queues(config: Config) -> bool:
    """A queue of each target is read."""
    return bool(config.sources.queue_urls)


def trail(config: Config) -> bool:
    """A trail's files are read."""
    return config.sources.trail.enabled


def views(config: Config) -> bool:
    """Views are followed to their tables."""
    return config.sql.tables and config.sql.views


def events(config: Config) -> bool:
    """Events go to CloudWatch Logs."""
    return config.events.enabled


def new_groups(config: Config) -> bool:
    """Log groups are made."""
    return events(config) and config.events.create_groups


def guard(config: Config) -> bool:
    """The guard stops queries."""
    return config.guard.mode is Mode.ENFORCE


def roles(config: Config) -> bool:
    """Roles are assumed."""
    return bool(assumed(config))


def sns(config: Config) -> bool:
    """Topics are notified."""
    return bool(config.notifications.sns)


def assumed(config: Config) -> tuple[str, ...]:
    """The roles of targets and of channels."""
    named = [*(one.role_arn for one in config.targets), *(one.role_arn for one in config.notifications.sns)]
    return tuple(dict.fromkeys(role for role in named if role))
