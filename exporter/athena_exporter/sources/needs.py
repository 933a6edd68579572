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


def history(config: Config) -> bool:
    """The query history is written."""
    return config.history.enabled


def compaction(config: Config) -> bool:
    """Files of the query history are merged."""
    return history(config) and config.history.compact


def history_key(config: Config) -> bool:
    """A key of KMS encrypts the query history."""
    return history(config) and config.history.kms_key is not None


def history_key_read(config: Config) -> bool:
    """Files are read that a key of KMS encrypts."""
    return compaction(config) and history_key(config)


def system_table(config: Config) -> bool:
    """Athena's own table is read."""
    return config.sources.system_table.enabled


def system_table_results(config: Config) -> bool:
    """The answers go to a place that the configuration names."""
    return system_table(config) and config.sources.system_table.output_location is not None


def assumed(config: Config) -> tuple[str, ...]:
    """The roles of targets, of channels and of the query history."""
    named = [*(one.role_arn for one in config.targets), *(one.role_arn for one in config.notifications.sns)]
    named += [config.history.role_arn] if history(config) else []
    return tuple(dict.fromkeys(role for role in named if role))
