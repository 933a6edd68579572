"""What the exporter has to be allowed: one table, from which the policy is written, `check` tries, and tests count.

Stage: beside the sources. Every call to AWS that a configuration leads to stands here, with the part of the product
that makes it and the resources that IAM lets it be narrowed to. sts:GetCallerIdentity is missing: it needs no
permission. Which action knows which resources:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from collections.abc import Sequence

from athena_exporter.sources import needs
from athena_exporter.sources.asking_permissions import REPORT, SYSTEM_TABLE
from athena_exporter.sources.permission import Feature, Permission, Scope

__all__ = ["PERMISSIONS", "Feature", "Permission", "Scope"]

PERMISSIONS: Sequence[Permission] = (
    Permission(
        action="sts:AssumeRole", feature=Feature.TARGETS, scope=Scope.ROLES, sid="ReadOtherAccounts",
        needed=needs.roles, why="other accounts' roles (targets[], notifications.sns[], history)",
        without="nothing is read, or published, through this role",
    ),
    Permission(
        action="athena:ListWorkGroups", feature=Feature.ATHENA, scope=Scope.EVERYTHING, sid="FindWorkgroups",
        needed=needs.always, why="which workgroups there are", without="no query is counted",
    ),
    Permission(
        action="athena:ListQueryExecutions", feature=Feature.ATHENA, scope=Scope.WORKGROUPS, sid="CountQueries",
        needed=needs.always, why="which queries ran in a workgroup", without="no query of the workgroup is counted",
    ),
    Permission(
        action="athena:BatchGetQueryExecution", feature=Feature.ATHENA, scope=Scope.WORKGROUPS, sid="CountQueries",
        needed=needs.always, why="what the queries scanned and how they ended", without="no query is counted",
    ),
    Permission(
        action="cloudtrail:LookupEvents", feature=Feature.LOOKUP, scope=Scope.EVERYTHING,
        sid="FindWhoStartedQueries", needed=needs.lookup, why="who started each query",
        without="every query stays without a user",
    ),
    Permission(
        action="athena:GetWorkGroup", feature=Feature.WORKGROUPS, scope=Scope.WORKGROUPS,
        sid="ReadWorkgroupSettings", needed=needs.workgroups, why="how a workgroup is set up, and its limit",
        without="athena_workgroup_info and the limits are missing",
    ),
    Permission(
        action="athena:ListTagsForResource", feature=Feature.WORKGROUPS, scope=Scope.WORKGROUPS,
        sid="ReadWorkgroupSettings", needed=needs.tags, why="the tags that become labels",
        without="the tags of workgroups are missing",
    ),
    Permission(
        action="athena:ListCapacityReservations", feature=Feature.WORKGROUPS, scope=Scope.EVERYTHING,
        sid="FindReservations", needed=needs.workgroups, why="which capacity reservations there are",
        without="reserved capacity is not shown",
    ),
    Permission(
        action="athena:GetCapacityAssignmentConfiguration", feature=Feature.WORKGROUPS, scope=Scope.RESERVATIONS,
        sid="ReadReservations", needed=needs.workgroups, why="which workgroups a reservation serves",
        without="nobody knows whom a reservation serves",
    ),
    Permission(
        action="servicequotas:GetServiceQuota", feature=Feature.WORKGROUPS, scope=Scope.EVERYTHING,
        sid="ReadQuotas", needed=needs.workgroups, why="how many queries may be active at once",
        without="published defaults stand for the account's own quotas",
    ),
    Permission(
        action="cloudwatch:ListMetrics", feature=Feature.CLOUDWATCH, scope=Scope.EVERYTHING,
        sid="CompareWithCloudWatch", needed=needs.cloudwatch, why="which workgroups publish metrics",
        without="athena_cloudwatch_* is missing",
    ),
    Permission(
        action="cloudwatch:GetMetricData", feature=Feature.CLOUDWATCH, scope=Scope.EVERYTHING,
        sid="CompareWithCloudWatch", needed=needs.cloudwatch, why="what CloudWatch counts",
        without="athena_cloudwatch_* is missing",
    ),
    Permission(
        action="sqs:ReceiveMessage", feature=Feature.QUEUES, scope=Scope.QUEUES, sid="ReadQueues", needed=needs.queues,
        why="the events that wait in a queue", without="only sweeps tell what ran, and they come rarely",
    ),
    Permission(
        action="sqs:DeleteMessage", feature=Feature.QUEUES, scope=Scope.QUEUES, sid="ReadQueues", needed=needs.queues,
        why="what is recorded is deleted from its queue", without="every event comes again until it is a dead letter",
    ),
    Permission(
        action="sqs:GetQueueAttributes", feature=Feature.QUEUES, scope=Scope.QUEUES, sid="ReadQueues",
        needed=needs.queues,
        why="whether a queue has a dead-letter queue", without="nobody is told of a queue without a dead-letter queue",
    ),
    Permission(
        action="sqs:ReceiveMessage", feature=Feature.TRAIL, scope=Scope.TRAIL_QUEUE, sid="ReadTrailQueue",
        needed=needs.trail, why="which files the trail has written", without="no file of the trail is read",
    ),
    Permission(
        action="sqs:DeleteMessage", feature=Feature.TRAIL, scope=Scope.TRAIL_QUEUE, sid="ReadTrailQueue",
        needed=needs.trail,
        why="what is recorded is deleted from its queue", without="every file is read again until it is a dead letter",
    ),
    Permission(
        action="sqs:GetQueueAttributes", feature=Feature.TRAIL, scope=Scope.TRAIL_QUEUE, sid="ReadTrailQueue",
        needed=needs.trail, why="for how long the queue keeps a message", without="no file of the trail is read",
    ),
    Permission(
        action="s3:ListBucket", feature=Feature.TRAIL, scope=Scope.TRAIL_BUCKET, sid="ListTrailBucket",
        needed=needs.trail, why="`athena-exporter backfill`; and which files have been deleted",
        without="the past cannot be read, and a deleted file looks like a denied one",
    ),
    Permission(
        action="s3:GetObject", feature=Feature.TRAIL, scope=Scope.TRAIL_FILES, sid="ReadTrailFiles", needed=needs.trail,
        why="the trail's files", without="no file of the trail is read",
    ),
    Permission(
        action="kms:Decrypt", feature=Feature.TRAIL, scope=Scope.KEYS, sid="DecryptTrailFiles", needed=needs.trail,
        why="the trail's files, where a key of KMS encrypts them", without="encrypted files cannot be read",
    ),
    Permission(
        action="glue:GetTable", feature=Feature.VIEWS, scope=Scope.CATALOGUE, sid="FollowViewsToTables",
        needed=needs.views, why="which tables a view reads", without="a view counts as itself, not as its tables",
    ),
    Permission(
        action="logs:CreateLogGroup", feature=Feature.EVENTS, scope=Scope.LOG_GROUPS, sid="CreateLogGroups",
        needed=needs.new_groups, why="the log groups of events (events.create_groups)",
        without="the log groups have to be there already",
    ),
    Permission(
        action="logs:CreateLogStream", feature=Feature.EVENTS, scope=Scope.LOG_GROUPS, sid="CreateLogStreams",
        needed=needs.events, why="the stream that events go into", without="no event is delivered; the outbox fills",
    ),
    Permission(
        action="logs:PutLogEvents", feature=Feature.EVENTS, scope=Scope.LOG_STREAMS, sid="WriteEvents",
        needed=needs.events, why="the events themselves", without="no event is delivered; the outbox fills",
    ),
    Permission(
        action="sts:AssumeRole", feature=Feature.GUARD, scope=Scope.GUARD_ROLE, sid="AssumeTheGuardsRole",
        needed=needs.guard, why="the role through which queries are stopped (guard.role_arn)",
        without="the guard stops nothing",
    ),
    Permission(
        action="athena:GetQueryExecution", feature=Feature.GUARD, scope=Scope.WORKGROUPS, sid="StopQueries",
        needed=needs.guard, why="whether a query still runs, directly before it is stopped",
        without="the guard stops nothing",
    ),
    Permission(
        action="athena:StopQueryExecution", feature=Feature.GUARD, scope=Scope.WORKGROUPS, sid="StopQueries",
        needed=needs.guard, why="queries of those who are over an enforced limit", without="the guard stops nothing",
    ),
    Permission(
        action="sns:Publish", feature=Feature.NOTIFICATIONS, scope=Scope.TOPICS, sid="TellPeople", needed=needs.sns,
        why="the topics that notifications go to", without="nobody is told through this topic; the outbox keeps it",
    ),
    Permission(
        action="s3:PutObject", feature=Feature.HISTORY, scope=Scope.HISTORY_FILES, sid="WriteHistory",
        needed=needs.history, why="the query history's files", without="no history is written; the outbox fills",
    ),
    Permission(
        action="s3:GetObject", feature=Feature.HISTORY, scope=Scope.HISTORY_FILES, sid="MergeHistory",
        needed=needs.compaction, why="the files of a past day, to merge them (history.compact)",
        without="small files stay, which makes Athena slower",
    ),
    Permission(
        action="s3:DeleteObject", feature=Feature.HISTORY, scope=Scope.HISTORY_FILES, sid="MergeHistory",
        needed=needs.compaction, why="files of which a merged one holds every query",
        without="merged files stay beside those that they replace",
    ),
    Permission(
        action="s3:ListBucket", feature=Feature.HISTORY, scope=Scope.HISTORY_BUCKET, sid="ListHistory",
        needed=needs.compaction, why="which files a day has", without="no file is merged",
    ),
    Permission(
        action="kms:GenerateDataKey", feature=Feature.HISTORY, scope=Scope.HISTORY_KEY, sid="EncryptHistory",
        needed=needs.history_key, why="a key for each file (history.kms_key)", without="no history is written",
    ),
    Permission(
        action="kms:Decrypt", feature=Feature.HISTORY, scope=Scope.HISTORY_KEY, sid="DecryptHistory",
        needed=needs.history_key_read, why="the files that are merged", without="no file is merged",
    ),
    *SYSTEM_TABLE,
    Permission(
        action="cloudwatch:ListMetrics", feature=Feature.VERIFY, scope=Scope.EVERYTHING, sid="Verify",
        needed=needs.never,
        why="`athena-exporter verify`: which workgroups publish", without="verify has nothing to compare with",
    ),
    Permission(
        action="cloudwatch:GetMetricData", feature=Feature.VERIFY, scope=Scope.EVERYTHING, sid="Verify",
        needed=needs.never,
        why="`athena-exporter verify`: what CloudWatch counted", without="verify has nothing to compare with",
    ),
    *REPORT,
)  # fmt: skip  # a table reads best in rows
"""All of them, in the order in which `check` tries them."""
