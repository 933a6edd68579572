"""The configuration of what is read from AWS, and how often."""

import re
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from athena_exporter.config.kinds import choices, duration, flag, texts
from athena_exporter.config.section import Section

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)


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


class SourcesSettings(Section):
    """What is read, and how often."""

    athena: AthenaSettings = Field(default=AthenaSettings(), description="What ran.")
    lookup: LookupSettings = Field(default=LookupSettings(), description="Who started it.")
    workgroups: WorkgroupsSettings = Field(default=WorkgroupsSettings(), description="How workgroups are set up.")
    cloudwatch: CloudWatchSettings = Field(default=CloudWatchSettings(), description="What CloudWatch counts.")
