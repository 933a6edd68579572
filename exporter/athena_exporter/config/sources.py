"""The configuration of what is read from AWS, and how often."""

import re
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from athena_exporter.config.kinds import choices, duration, flag, size, text, texts
from athena_exporter.config.section import Conflict, Section

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_LONGEST_SWEEP = timedelta(minutes=8)
_LONGEST_GATHER = timedelta(seconds=30)
_LONGEST_SETTLE, _LONGEST_OVERLAP = timedelta(hours=6), timedelta(days=2)
_QUEUE_URL = re.compile(r"https?://[\w.:-]+/(?:[\w-]+/)*[\w-]{1,80}(?:\.fifo)?", re.ASCII)


class CloudWatchMetric(StrEnum):
    """What CloudWatch may be asked for, a workgroup; each is billed by itself."""

    TOTAL_TIME = "total_time"
    PROCESSED_BYTES = "processed_bytes"
    ENGINE_TIME = "engine_time"
    QUEUE_TIME = "queue_time"
    PLANNING_TIME = "planning_time"
    SERVICE_PRE_TIME = "service_pre_time"
    SERVICE_TIME = "service_time"


class AccessEvent(StrEnum):
    """CloudTrail events that name a table, as AWS spells them."""

    GET_DATA_ACCESS = "GetDataAccess"
    GET_TABLE = "GetTable"
    GET_TABLES = "GetTables"
    GET_PARTITIONS = "GetPartitions"
    BATCH_GET_PARTITION = "BatchGetPartition"
    BATCH_GET_TABLE = "BatchGetTable"
    GET_UNFILTERED_TABLE_METADATA = "GetUnfilteredTableMetadata"


def _is_tag_key(key: str) -> bool:
    return re.fullmatch(r"[\w .:/=+@-]{1,128}", key) is not None


def queue_url_of(url: str, account_id: str, region: str) -> str:
    """A queue's address for one target: what stands in braces is filled in."""
    return url.replace("{account_id}", account_id).replace("{region}", region)


def queue_region(url: str) -> str | None:
    """The Region that a queue's address names: SQS wants requests signed for it. None where it names none."""
    found = re.match(r"https?://sqs\.([a-z0-9-]+)\.", url)
    return found.group(1) if found else None


def _is_queue_url(url: str) -> bool:
    return _QUEUE_URL.fullmatch(queue_url_of(url, "123456789012", "eu-west-1")) is not None


def _is_plain_queue_url(url: str) -> bool:
    return _QUEUE_URL.fullmatch(url) is not None


def _is_bucket(name: str) -> bool:
    return re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", name, re.ASCII) is not None


def _is_prefix(text: str) -> bool:
    return re.fullmatch(r"[\w!.*'()/-]{1,200}", text, re.ASCII) is not None


def _is_workgroup(name: str) -> bool:
    return re.fullmatch(r"[\w.-]{1,128}", name, re.ASCII) is not None


def _is_folder(address: str) -> bool:
    return re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/(?:[\w!.*'()-]+/)*", address, re.ASCII) is not None


def _is_pattern(name: str) -> bool:
    return re.fullmatch(r"[\w.*?\[\]!-]{1,128}", name, re.ASCII) is not None


class AthenaSettings(Section):
    """The source `athena`: what ran."""

    enabled: Annotated[bool, flag(always="it tells what ran, the other sources only add to it")] = Field(
        default=True, description="Always on."
    )
    interval: Annotated[timedelta, duration(at_least=_SECOND)] = Field(
        default=timedelta(seconds=15), description="The pause between two sweeps."
    )
    deep_interval: Annotated[timedelta, duration(at_least=_SECOND)] = Field(
        default=timedelta(hours=6),
        description="The pause between two sweeps of the whole history that still counts.",
    )


class LookupSettings(Section):
    """The source `lookup`: who started it, from CloudTrail's LookupEvents."""

    enabled: Annotated[bool, flag()] = Field(
        default=True, description="Whether CloudTrail is asked who started each query."
    )
    interval: Annotated[timedelta, duration(at_least=_SECOND)] = Field(
        default=timedelta(seconds=30), description="The pause between two reads around queries that lack a user."
    )
    full_pass: Annotated[timedelta, duration(at_least=_SECOND)] = Field(
        default=timedelta(hours=1), description="The longest pause between two reads of the whole patience window."
    )
    access_events: Annotated[tuple[AccessEvent, ...], choices(AccessEvent)] = Field(
        default=(), description="CloudTrail events beside StartQueryExecution whose tables become access events."
    )


class WorkgroupsSettings(Section):
    """The source `workgroups`: settings, tags, reservations and quotas."""

    enabled: Annotated[bool, flag()] = Field(
        default=True, description="Whether the settings of workgroups, reservations and quotas are read; free."
    )
    interval: Annotated[timedelta, duration(at_least=_MINUTE)] = Field(
        default=timedelta(minutes=10), description="The pause between two reads."
    )
    tags: Annotated[
        tuple[str, ...], texts(wanted="keys of workgroup tags", example="[component, cost-centre]", fits=_is_tag_key)
    ] = Field(default=(), description="Tags that become labels of `athena_workgroup_info` (`tag_component`).")


class CloudWatchSettings(Section):
    """The source `cloudwatch`: what CloudWatch counts, to compare ours with. AWS bills it."""

    enabled: Annotated[bool, flag()] = Field(
        default=False, description="Whether CloudWatch is asked at all; it costs money, see docs/metrics.md."
    )
    interval: Annotated[timedelta, duration(at_least=_MINUTE)] = Field(
        default=timedelta(minutes=15), description="The pause between two reads of settled minutes."
    )
    metrics: Annotated[tuple[CloudWatchMetric, ...], choices(CloudWatchMetric)] = Field(
        default=(CloudWatchMetric.TOTAL_TIME, CloudWatchMetric.PROCESSED_BYTES),
        description="What is asked for, for each workgroup, query type and state that publishes.",
    )
    workgroups: Annotated[
        tuple[str, ...], texts(wanted="patterns of workgroup names", example="['airflow-*', primary]", fits=_is_pattern)
    ] = Field(default=("*",), description="Which workgroups are asked for.")
    capacity: Annotated[bool, flag()] = Field(
        default=True, description="Whether DPUs are asked for, where there are capacity reservations."
    )
    active_queries: Annotated[timedelta, duration()] = Field(
        default=timedelta(minutes=1), description="The pause between two reads of the active queries; 0s: never."
    )


class EventBridgeSettings(Section):
    """The source `eventbridge`: what runs and who started it, seconds later, from a queue that EventBridge fills."""

    enabled: Annotated[bool, flag()] = Field(
        default=False, description="Whether the queue is read; see docs/routes.md for what fills it and what it costs."
    )
    queue_url: Annotated[
        str | None,
        text(
            wanted="a queue's address, in which {region} and {account_id} may stand for those of the target",
            example="https://sqs.eu-west-1.amazonaws.com/123456789012/athena-observability-events",
            fits=_is_queue_url,
        ),
    ] = Field(
        default=None,
        description="The SQS queue's address; `{region}` and `{account_id}` stand for those of each target.",
    )
    gather: Annotated[timedelta, duration(at_most=_LONGEST_GATHER, because="events are read to be fresh")] = Field(
        default=timedelta(seconds=1), description="How long events are waited for that come together with the first."
    )
    sweep_interval: Annotated[
        timedelta,
        duration(at_least=_SECOND, at_most=_LONGEST_SWEEP, because="rules on spikes are silent ten minutes behind"),
    ] = Field(
        default=timedelta(minutes=5),
        description="The pause between two sweeps of `athena` while this is on, instead of `sources.athena.interval`.",
    )


class TrailSettings(Section):
    """The source `trail`: who started it and who asked for which table, from CloudTrail's files in S3."""

    enabled: Annotated[bool, flag()] = Field(
        default=False, description="Whether the queue is read; see docs/routes.md for what fills it and what it costs."
    )
    queue_url: Annotated[
        str | None,
        text(
            wanted="a queue's address",
            example="https://sqs.eu-west-1.amazonaws.com/123456789012/athena-observability-trail",
            fits=_is_plain_queue_url,
        ),
    ] = Field(
        default=None,
        description="The address of the SQS queue in which the trail's files are announced, for all targets.",
    )
    bucket: Annotated[
        str | None, text(wanted="the name of an S3 bucket", example="example-trail-logs", fits=_is_bucket)
    ] = Field(default=None, description="The bucket of the trail; files of any other are not read.")
    prefix: Annotated[str | None, text(wanted="the trail's own prefix", example="management", fits=_is_prefix)] = Field(
        default=None, description="What stands before `AWSLogs/` in the keys of the trail's files, if anything does."
    )
    access_events: Annotated[tuple[AccessEvent, ...], choices(AccessEvent)] = Field(
        default=(),
        description="CloudTrail events beside StartQueryExecution whose tables become access events.",
    )
    settle: Annotated[timedelta, duration(at_least=_SECOND)] = Field(
        default=timedelta(minutes=15),
        description="How far the times of records may lie from their file's, when it is reckoned what files prove.",
    )


class SystemTableSettings(Section):
    """The source `system_table`: what ran and who started it, from Athena's own table. Athena bills each question."""

    enabled: Annotated[bool, flag()] = Field(
        default=False, description="Experimental. Whether the table is asked; see docs/routes.md for what it costs."
    )
    workgroup: Annotated[
        str | None, text(wanted="the name of a workgroup", example="athena-observability-history", fits=_is_workgroup)
    ] = Field(default=None, description="The workgroup that the questions run in, best one of their own.")
    output_location: Annotated[
        str | None, text(wanted="a folder in S3", example="s3://example-results/system-table/", fits=_is_folder)
    ] = Field(default=None, description="Where their results go; by default where the workgroup's do.")
    interval: Annotated[timedelta, duration(at_least=_MINUTE)] = Field(
        default=timedelta(hours=1), description="The pause between two reads; each is billed 10 MB at least."
    )
    settle: Annotated[timedelta, duration(at_most=_LONGEST_SETTLE, because="who waits for users waits for it")] = Field(
        default=timedelta(hours=1),
        description="How long after its end a query is left to other sources, which tell more of who started it.",
    )
    overlap: Annotated[timedelta, duration(at_most=_LONGEST_OVERLAP, because="each read pays for it anew")] = Field(
        default=timedelta(hours=2), description="How long a row may take to appear after others: so far is read again."
    )
    workgroups: Annotated[
        tuple[str, ...], texts(wanted="names of workgroups", example="[etl, adhoc]", fits=_is_workgroup)
    ] = Field(default=(), description="Only the queries of these workgroups are read, by default all.")
    max_bytes_per_day: Annotated[int, size(at_least=10 * 2**20)] = Field(
        default=10 * 2**30, description="The most that the questions of a UTC day may scan, each target by itself."
    )


class SourcesSettings(Section):
    """What is read, and how often."""

    athena: AthenaSettings = Field(default=AthenaSettings(), description="What ran.")
    lookup: LookupSettings = Field(default=LookupSettings(), description="Who started it.")
    workgroups: WorkgroupsSettings = Field(default=WorkgroupsSettings(), description="How workgroups are set up.")
    cloudwatch: CloudWatchSettings = Field(default=CloudWatchSettings(), description="What CloudWatch counts.")
    eventbridge: EventBridgeSettings = Field(
        default=EventBridgeSettings(), description="What runs and who started it, as events."
    )

    trail: TrailSettings = Field(default=TrailSettings(), description="Who started it, from CloudTrail's files.")
    system_table: SystemTableSettings = Field(
        default=SystemTableSettings(), description="What ran and who started it, from Athena's own table."
    )

    @property
    def sweep_interval(self) -> timedelta:
        """The pause between two sweeps of `athena`: short where sweeps alone tell what ran."""
        return self.eventbridge.sweep_interval if self.eventbridge.enabled else self.athena.interval

    @property
    def queue_urls(self) -> tuple[str, ...]:
        """The addresses of the queues that are read, as they are written."""
        told = ((self.eventbridge.enabled, self.eventbridge.queue_url),)
        return tuple(dict.fromkeys(url for is_read, url in told if is_read and url is not None))


def conflicts(sources: SourcesSettings, readers: int) -> Iterator[Conflict]:
    """What can't hold together; so many targets read a queue of EventBridge."""
    here = ("sources", "eventbridge", "queue_url")
    told = sources.eventbridge
    if readers and told.queue_url is None:
        words = "is missing: the address of the queue that EventBridge's rules send to"
        yield Conflict(locations=(here, ("sources", "eventbridge", "enabled")), words=words)
    elif readers > 1 and "{" not in str(told.queue_url):
        words = (
            f"{readers} targets would read one queue, and each leave the others' messages: write {{region}} or "
            "{account_id} where their queues' addresses differ"
        )
        yield Conflict(locations=(here, ("targets",)), words=words)
    yield from _trail_conflicts(sources.trail)
    if sources.system_table.enabled and sources.system_table.workgroup is None:
        locations = (("sources", "system_table", "workgroup"), ("sources", "system_table", "enabled"))
        yield Conflict(locations=locations, words="is missing: the workgroup that the questions run in")


def _trail_conflicts(trail: TrailSettings) -> Iterator[Conflict]:
    """What the source `trail` cannot do without."""
    needs = (
        ("queue_url", trail.queue_url, "the address of the queue in which the trail's files are announced"),
        ("bucket", trail.bucket, "the bucket that the trail writes to"),
    )
    for key, found, what in needs:
        if trail.enabled and found is None:
            locations = (("sources", "trail", key), ("sources", "trail", "enabled"))
            yield Conflict(locations=locations, words=f"is missing: {what}")
