"""What a permission is: an action, whose it is, what it can be narrowed to, and what it is for.

Stage: needs.py -> **permission** -> permissions.py, which has all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from athena_exporter.config import Config


class Scope(StrEnum):
    """What an action can be narrowed to."""

    EVERYTHING = "everything"
    WORKGROUPS = "workgroups"
    RESERVATIONS = "reservations"
    QUEUES = "queues"
    TRAIL_QUEUE = "the trail's queue"
    TRAIL_BUCKET = "the trail's bucket"
    TRAIL_FILES = "the trail's files"
    KEYS = "keys"
    CATALOGUE = "catalogue"
    LOG_GROUPS = "log groups"
    LOG_STREAMS = "log streams"
    ROLES = "roles"
    GUARD_ROLE = "the guard's role"
    TOPICS = "topics"
    HISTORY_BUCKET = "the history's bucket"
    HISTORY_FILES = "the history's files"
    HISTORY_KEY = "the history's key"
    SYSTEM_TABLES = "system tables"
    SYSTEM_CATALOGUE = "the catalogue of system tables"
    SYSTEM_BUCKET = "the bucket of system tables"
    TABLE_WORKGROUP = "the workgroup that asks the system table"
    TABLE_RESULTS_BUCKET = "the bucket of the system table's results"
    TABLE_RESULTS_FILES = "the system table's results"
    ASKING_WORKGROUP = "the workgroup that asks the history"
    ASKING_CATALOGUE = "the history's database"
    ASKING_RESULTS_BUCKET = "the bucket of results"
    ASKING_RESULTS_FILES = "results"


class Feature(StrEnum):
    """The part of the product that makes a call: a source, or what the configuration switches on."""

    TARGETS = "targets"
    ATHENA = "athena"
    LOOKUP = "lookup"
    WORKGROUPS = "workgroups"
    CLOUDWATCH = "cloudwatch"
    TRAIL = "trail"
    QUEUES = "queues"
    VIEWS = "views"
    EVENTS = "events"
    GUARD = "guard"
    NOTIFICATIONS = "notifications"
    HISTORY = "history"
    SYSTEM_TABLE = "system_table"
    VERIFY = "verify"
    REPORT = "report"
    RESULTS = "results"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One action. `sid` names the statement it goes into, `why` says what the exporter learns by it.

    `needed` tells whether a configuration leads to the call. `without` says what is missing where it is denied.
    `by_athena`: Athena makes the call, in the name of who asks it; nothing here does, and nothing here can try it.
    """

    action: str
    feature: Feature
    scope: Scope
    sid: str
    why: str
    without: str
    needed: Callable[[Config], bool]
    by_athena: bool = False

    @property
    def operation(self) -> str:
        """The API operation: AWS calls the action so, but for batches, whose action is that of a single one."""
        return _OPERATIONS.get(self.action, self.action.partition(":")[2])


_OPERATIONS = {"sqs:DeleteMessage": "DeleteMessageBatch"}
