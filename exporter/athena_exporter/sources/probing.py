"""Each permission tried once, with the cheapest call that needs it, for `athena-exporter check`.

Stage: permissions.py -> **probing** -> cli. A denial never hides the next one. AWS decides about permission before
it looks at the arguments, so a table, a reservation or a stream that does not exist shows a permission as well as one
that does; so does a query, which is how the guard's right to stop is tried. Two calls write: with events on and
`events.create_groups`, missing log groups and their stream are created, exactly as `serve` would.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from athena_exporter.config import Config
from athena_exporter.config.sources import queue_url_of
from athena_exporter.records import Target
from athena_exporter.sources import errors
from athena_exporter.sources.answers import Answer, Clock, answered_at, ask
from athena_exporter.sources.arns import workgroup_arn
from athena_exporter.sources.grants import log_groups, needed_by
from athena_exporter.sources.permissions import Feature, Permission
from athena_exporter.sources.queues import RECEIVE
from athena_exporter.sources.quotas import CODES
from athena_exporter.sources.session import Session
from athena_exporter.sources.starts import EVENT_NAME
from athena_exporter.sources.system_table.trying import TableTries
from athena_exporter.sources.text import clean
from athena_exporter.sources.trail.keys import ROOT

READING = frozenset(Feature) - {
    Feature.TARGETS, Feature.TRAIL, Feature.EVENTS, Feature.GUARD, Feature.NOTIFICATIONS, Feature.HISTORY,
    Feature.REPORT, Feature.RESULTS,
}  # fmt: skip  # a set reads best in rows
"""What a target is read with. STS has answered for the role before anything is tried."""
NOBODY = "athena-exporter-check"
"""A name that nothing has: what is asked for only to see whether one may ask."""
_NO_QUERY = "00000000-0000-4000-8000-000000000000"
_PAGE = 50
_EXISTS = "ResourceAlreadyExistsException"
_MISSING = "ResourceNotFoundException"
_PRINCIPAL = re.compile(r"\b(?:User|Principal): (arn:\S+)")


class Outcome(StrEnum):
    """What a try showed."""

    ALLOWED = "allowed"
    DENIED = "denied"
    FAILED = "failed"
    """Nobody knows: AWS could not be reached, was busy, or refused the credentials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One permission, tried. `words` is one line; `principal` is whom AWS named in a denial."""

    permission: Permission
    outcome: Outcome
    words: str
    principal: str | None = None


@dataclass(slots=True, kw_only=True)
class Sights:
    """What the tries brought to light, for the survey: names, ids and events as they were told.

    `absent`: the queues and the bucket that are not there, each with how to mend it. `unusable`: what is there and does
    not serve, each with why.
    """

    workgroups: list[str] = field(default_factory=list)
    query_ids: list[str] = field(default_factory=list)
    reservations: list[str] = field(default_factory=list)
    trail_keys: list[str] = field(default_factory=list)
    missing_groups: list[str] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)
    unusable: dict[str, str] = field(default_factory=dict)
    clock: datetime | None = None


class Probe:
    """Tries the permissions of one target.

    Args:
        session: the target's.
        target: the account and Region, as STS named them.
        config: what the exporter is to do.
        clock: the local time.
        features: the parts of the product whose permissions are tried.
    """

    def __init__(
        self, *, session: Session, target: Target, config: Config, clock: Clock, features: Collection[Feature]
    ) -> None:
        self.target = target
        self._config = config
        self.clock = clock
        self._athena = session.athena()
        self._session = session
        self._features = features
        self._log_groups = log_groups(config)
        table = TableTries(session.asking(), config.sources.system_table.workgroup, clock)
        self.sights = Sights(unusable=table.unusable)
        self._tries: Mapping[str, Callable[[], str]] = {
            "athena:ListWorkGroups": self._list_work_groups,
            "athena:ListQueryExecutions": self._list_query_executions,
            "athena:BatchGetQueryExecution": self._batch_get_query_execution,
            "cloudtrail:LookupEvents": self._lookup_events,
            "athena:GetWorkGroup": self._get_work_group,
            "athena:ListTagsForResource": self._list_tags,
            "athena:ListCapacityReservations": self._list_reservations,
            "athena:GetCapacityAssignmentConfiguration": self._get_assignment,
            "servicequotas:GetServiceQuota": self._get_quota,
            "cloudwatch:ListMetrics": self._list_metrics,
            "cloudwatch:GetMetricData": self._get_metric_data,
            "sqs:ReceiveMessage": self._receive_message,
            "sqs:DeleteMessage": self._delete_message,
            "sqs:GetQueueAttributes": self._get_queue_attributes,
            "s3:ListBucket": self._list_bucket,
            "s3:GetObject": self._get_object,
            "glue:GetTable": self._get_table,
            "logs:CreateLogGroup": self._create_log_group,
            "logs:CreateLogStream": self._create_log_stream,
            "logs:PutLogEvents": self._put_log_events,
            "athena:GetQueryExecution": self._get_query_execution,
            "athena:StopQueryExecution": self._stop_query_execution,
            **table.tries,
        }

    def wanted(self) -> Sequence[Permission]:
        """What will be tried."""
        wanted = (one for one in needed_by(self._config) if one.feature in self._features and not one.by_athena)
        return [one for one in wanted if one.action in self._tries]

    def attempts(self) -> Iterator[Attempt]:
        """Try one after the other. Never raises AWS's errors."""
        for permission in self.wanted():
            yield attempt(permission, self._tries[permission.action])

    def _list_work_groups(self) -> str:
        arguments: dict[str, Any] = {}
        while True:
            answer = ask(self._athena.list_work_groups, **arguments)
            self.sights.clock = answered_at(answer, self.clock)
            self.sights.workgroups += _texts(answer, "WorkGroups", "Name")
            token = answer.get("NextToken")
            if not token:
                return f"{len(self.sights.workgroups)} workgroups"
            arguments = {"NextToken": token}

    def _workgroup(self) -> str:
        return self.sights.workgroups[0] if self.sights.workgroups else "primary"

    def _list_query_executions(self) -> str:
        answer = ask(self._athena.list_query_executions, WorkGroup=self._workgroup(), MaxResults=_PAGE)
        self.sights.query_ids = [one for one in map(clean, answer.get("QueryExecutionIds", ())) if one]
        return f"workgroup {self._workgroup()}: {len(self.sights.query_ids)} queries on the first page"

    def _batch_get_query_execution(self) -> str:
        ids = self.sights.query_ids[:_PAGE] or [_NO_QUERY]
        answer = ask(self._athena.batch_get_query_execution, QueryExecutionIds=ids)
        refused = sum(1 for one in answer.get("UnprocessedQueryExecutionIds", ()) if self.sights.query_ids and one)
        return f"{len(answer.get('QueryExecutions', ()))} queries told" + (f", {refused} refused" if refused else "")

    def _lookup_events(self) -> str:
        now = self.sights.clock or self.clock()
        answer = ask(
            self._session.cloudtrail().lookup_events,
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": EVENT_NAME}],
            StartTime=now - timedelta(days=1),
            EndTime=now,
            MaxResults=_PAGE,
        )
        return f"{len(answer.get('Events', ()))} starts on the first page of the last day"

    def _get_work_group(self) -> str:
        ask(self._athena.get_work_group, WorkGroup=self._workgroup())
        return f"workgroup {self._workgroup()}"

    def _list_tags(self) -> str:
        arn = workgroup_arn(self.target, self._workgroup())
        answer = ask(self._athena.list_tags_for_resource, ResourceARN=arn)
        return f"workgroup {self._workgroup()}: {len(answer.get('Tags', ()))} tags"

    def _list_reservations(self) -> str:
        answer = ask(self._athena.list_capacity_reservations)
        self.sights.reservations = _texts(answer, "CapacityReservations", "Name")
        return f"{len(self.sights.reservations)} reservations"

    def _get_assignment(self) -> str:
        name = self.sights.reservations[0] if self.sights.reservations else NOBODY
        ask(self._athena.get_capacity_assignment_configuration, CapacityReservationName=name)
        return f"reservation {name}"

    def _get_quota(self) -> str:
        answer = ask(self._session.service_quotas().get_service_quota, ServiceCode="athena", QuotaCode=CODES["DML"])
        value = answer.get("Quota", {}).get("Value")
        return "active DML queries: no value" if value is None else f"active DML queries: {value:g}"

    def _list_metrics(self) -> str:
        answer = ask(self._session.cloudwatch().list_metrics, Namespace="AWS/Athena")
        return f"{len(answer.get('Metrics', ()))} metrics on the first page"

    def _get_metric_data(self) -> str:
        now = (self.sights.clock or self.clock()).replace(second=0, microsecond=0)
        metric = {
            "Namespace": "AWS/Usage",
            "MetricName": "ResourceCount",
            "Dimensions": [
                {"Name": "Service", "Value": "Athena"},
                {"Name": "Type", "Value": "Resource"},
                {"Name": "Resource", "Value": "ActiveQueryCount"},
                {"Name": "Class", "Value": "DML"},
            ],
        }
        ask(
            self._session.cloudwatch().get_metric_data,
            MetricDataQueries=[{"Id": "active", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Maximum"}}],
            StartTime=now - timedelta(minutes=15),
            EndTime=now,
        )
        return "one metric asked for, for $0.00001"

    def _queues(self) -> Sequence[str]:
        if Feature.TRAIL in self._features:
            return [str(self._config.sources.trail.queue_url)]
        place = self.target.account_id, self.target.region
        return [queue_url_of(url, *place) for url in self._config.sources.queue_urls]

    def _receive_message(self) -> str:
        """More messages than a call may bring: AWS refuses it, and no message is taken from who reads the queue."""
        receive = self._session.sqs().receive_message
        for url in self._queues():
            with self._named(f"queue {url}"):
                _allowing("InvalidParameterValue", receive, QueueUrl=url, MaxNumberOfMessages=RECEIVE + 1)
        return " and ".join(map(_name_of, self._queues()))

    def _delete_message(self) -> str:
        """With a receipt that nobody was given: nothing is deleted."""
        delete, entries = self._session.sqs().delete_message_batch, [{"Id": "0", "ReceiptHandle": NOBODY}]
        for url in self._queues():
            with self._named(f"queue {url}"):
                _allowing("ReceiptHandleIsInvalid", delete, QueueUrl=url, Entries=entries)
        return " and ".join(map(_name_of, self._queues()))

    def _get_queue_attributes(self) -> str:
        asked, words = ["RedrivePolicy", "ApproximateNumberOfMessages"], []
        for url in self._queues():
            with self._named(f"queue {url}"):
                answer = ask(self._session.sqs().get_queue_attributes, QueueUrl=url, AttributeNames=asked)
                words.append(_queue_words(url, answer))
        return " and ".join(words)

    def _list_bucket(self) -> str:
        """One key; the trail's first file, if there is one, is what the next try reads a byte of."""
        trail = self._config.sources.trail
        root = f"{(trail.prefix or '').strip('/')}/{ROOT}".lstrip("/")
        with self._named(f"bucket {trail.bucket}"):
            answer = ask(self._session.s3().list_objects_v2, Bucket=trail.bucket, Prefix=root, MaxKeys=1)
        self.sights.trail_keys += _texts(answer, "Contents", "Key")
        return f"bucket {trail.bucket}" + ("" if self.sights.trail_keys else f", no file below {root} yet")

    def _get_object(self) -> str:
        trail = self._config.sources.trail
        key = next(iter(self.sights.trail_keys), None)
        # Of a key that nobody has AWS tells whether it may be read only to those who may list the bucket.
        place = {"Bucket": trail.bucket, "Key": key or NOBODY}
        with self._named(f"bucket {trail.bucket}"):
            ask(self._session.s3().get_object, **place, Range="bytes=0-0")["Body"].close()
        return f"a byte of {key}"

    @contextmanager
    def _named(self, what: str) -> Iterator[None]:
        """Note what is not there, by its name: the error tells none."""
        try:
            yield
        except ClientError as error:
            if errors.code_of(error) in errors.MENDS:
                self.sights.absent[what] = errors.MENDS[errors.code_of(error)]
            raise

    def _get_table(self) -> str:
        ask(self._session.glue().get_table, DatabaseName="default", Name=NOBODY)
        return "the data catalogue"

    def _create_log_group(self) -> str:
        logs = self._session.logs()
        for name in self._log_groups:
            _allowing(_EXISTS, logs.create_log_group, logGroupName=name)
        return " and ".join(self._log_groups)

    def _create_log_stream(self) -> str:
        logs, stream = self._session.logs(), f"{self.target.account_id}/{self.target.region}"
        for name in self._log_groups:
            try:
                _allowing(_EXISTS, logs.create_log_stream, logGroupName=name, logStreamName=stream)
            except ClientError as error:
                if errors.code_of(error) != _MISSING:
                    raise
                self.sights.missing_groups.append(name)
        return " and ".join(self._log_groups)

    def _put_log_events(self) -> str:
        logs, event = self._session.logs(), {"timestamp": int(self.clock().timestamp() * 1000), "message": "{}"}
        for name in self._log_groups:
            # To a stream that nobody has made: it is refused as missing, so nothing is written.
            stream = f"{NOBODY}-missing"
            _allowing(
                _MISSING, logs.put_log_events, logGroupName=name, logStreamName=stream,
                logEvents=[event],
            )  # fmt: skip  # as the others
        return " and ".join(self._log_groups)

    def _get_query_execution(self) -> str:
        ask(self._session.asking().get_query_execution, QueryExecutionId=_NO_QUERY)
        return "a query was told that does not exist"

    def _stop_query_execution(self) -> str:
        # Of a query that nobody has: AWS refuses it as not found, and nothing is stopped.
        ask(self._session.asking().stop_query_execution, QueryExecutionId=_NO_QUERY)
        return "a query was stopped that does not exist"


def _name_of(url: str) -> str:
    return url.rsplit("/", 1)[-1]


def _queue_words(url: str, answer: Answer) -> str:
    told = answer.get("Attributes", {})
    waiting = clean(told.get("ApproximateNumberOfMessages")) or "?"
    dead = "" if "RedrivePolicy" in told else ", no dead-letter queue: what cannot be read comes again until it expires"
    return f"queue {_name_of(url)}: {waiting} messages wait{dead}"


def attempt(permission: Permission, call: Callable[[], str]) -> Attempt:
    """Try one permission by a call whose answer is a few words. Never raises AWS's errors."""
    try:
        return Attempt(permission=permission, outcome=Outcome.ALLOWED, words=call())
    except ClientError as error:
        return _refused(permission, error)
    except BotoCoreError as error:
        return _failed(permission, error)


def _failed(permission: Permission, error: errors.AwsError) -> Attempt:
    # The exporter would try again; a check has tried.
    words = errors.explain(error).removesuffix("; it will be tried again")
    return Attempt(permission=permission, outcome=Outcome.FAILED, words=words)


def _refused(permission: Permission, error: ClientError) -> Attempt:
    reason, words = errors.reason(error), errors.message_of(error)
    if reason == "denied":
        named = _PRINCIPAL.search(words)
        principal = named.group(1) if named else None
        return Attempt(permission=permission, outcome=Outcome.DENIED, words=errors.explain(error), principal=principal)
    if errors.code_of(error) in errors.MENDS:
        return _failed(permission, error)
    if reason == "answer":
        # AWS looked at the arguments, so it had allowed the call.
        return Attempt(permission=permission, outcome=Outcome.ALLOWED, words=f"AWS: {errors.code_of(error)}")
    return _failed(permission, error)


def _allowing(code: str, call: Callable[..., Answer], **arguments: Any) -> None:  # botocore's arguments
    """One call whose refusal with this code is as good as an answer."""
    try:
        ask(call, **arguments)
    except ClientError as error:
        if errors.code_of(error) != code:
            raise


def _texts(answer: Answer, many: str, name: str) -> list[str]:
    found = (clean(one.get(name)) for one in answer.get(many, ()))
    return [text for text in found if text is not None]
