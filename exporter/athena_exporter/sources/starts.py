"""One CloudTrail record of StartQueryExecution becomes a `StartedQuery` or a `FailedStart`.

Stage: sources/lookup.py -> **starts** -> records. The record's own JSON is asked first; what it lacks, the frame it
came in may still say.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from athena_exporter.records import UNKNOWN, FailedStart, Identity, StartedQuery, Target
from athena_exporter.sources.identity import IdentityRules, identify
from athena_exporter.sources.privacy import Naming
from athena_exporter.sources.text import clean
from athena_exporter.sources.workloads import workload_of_record

EVENT_NAME = "StartQueryExecution"
EVENT_SOURCE = "athena.amazonaws.com"

# Athena's own rule for an id; one that breaks it would spoil a whole batch of fifty.
_QUERY_ID = re.compile(r"[\w-]{1,128}", re.ASCII)

Start: TypeAlias = StartedQuery | FailedStart


class MalformedRecordError(ValueError):
    """A record that lacks what makes it one: its JSON, its time or its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who called, as it may be kept, and the job that his user agent or his session tells."""

    identity: Identity
    workload: str | None


def caller_of(record: Mapping[str, Any], rules: IdentityRules, naming: Naming) -> Caller:
    """Who a CloudTrail record speaks of. Never raises."""
    return Caller(identity=naming.identity(identify(record, rules)), workload=workload_of_record(record))


def record_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """The CloudTrail record in one element of LookupEvents' answer: a JSON text inside it, and its frame.

    Raises:
        MalformedRecordError: the text is no JSON object.
    """
    try:
        record = json.loads(event.get("CloudTrailEvent") or "")
    except (TypeError, ValueError, RecursionError) as error:
        raise MalformedRecordError("the record is no JSON") from error
    if not isinstance(record, dict):
        raise MalformedRecordError("the record is no JSON object")
    frame = {"eventID": event.get("EventId"), "eventTime": event.get("EventTime")}
    return record | {name: value for name, value in frame.items() if record.get(name) is None}


def read_event(
    event: Mapping[str, Any], *, rules: IdentityRules, target: Target, naming: Naming | None = None
) -> Start | None:
    """Parse one element of LookupEvents' answer.

    Raises:
        MalformedRecordError: `record_of` or `read_record` raised it.
    """
    return read_record(record_of(event), rules=rules, target=target, naming=naming)


def read_record(
    record: Mapping[str, Any],
    *,
    rules: IdentityRules,
    target: Target,
    naming: Naming | None = None,
    caller: Caller | None = None,
) -> Start | None:
    """Parse one CloudTrail record, as parsed JSON.

    Args:
        record: the record.
        rules: how identities are told.
        target: the account and Region of the trail, should the record not say them.
        naming: how people are named; by default as they are.
        caller: what `caller_of` says of the record, where it is known already.

    Returns:
        None for a record of another service or operation.

    Raises:
        MalformedRecordError: it has no time; or neither a query id nor an event id, without which it cannot be
            counted once.
    """
    if record.get("eventSource", EVENT_SOURCE) != EVENT_SOURCE or record.get("eventName", EVENT_NAME) != EVENT_NAME:
        return None
    event_id = clean(record.get("eventID"))
    query_id = _query_id(record)
    error_code = clean(record.get("errorCode"))
    caller = caller or caller_of(record, rules, naming or Naming())
    told = _told(record, target, caller)
    if query_id is not None and error_code is None:
        return StartedQuery(query_id=query_id, event_id=event_id or query_id, workload=caller.workload, **told)
    if event_id is None:
        raise MalformedRecordError("the record has no id")
    return FailedStart(event_id=event_id, error_code=error_code or UNKNOWN, **told)


def _told(record: Mapping[str, Any], target: Target, caller: Caller) -> dict[str, Any]:
    """What a start tells, accepted or refused."""
    return {
        **place_of(record, target),
        "started_at": time_of(record),
        "workgroup": clean(mapping(record.get("requestParameters")).get("workGroup")),
        "identity": caller.identity,
    }


def place_of(record: Mapping[str, Any], target: Target) -> dict[str, str]:
    """Account and Region of any record: its own, else the target's."""
    return {
        "account_id": clean(record.get("recipientAccountId")) or target.account_id,
        "region": clean(record.get("awsRegion")) or target.region,
    }


def _query_id(record: Mapping[str, Any]) -> str | None:
    found = clean(mapping(record.get("responseElements")).get("queryExecutionId"))
    return found if found and _QUERY_ID.fullmatch(found) else None


def mapping(value: object) -> Mapping[str, Any]:
    """A part of a record, empty if it is none."""
    return value if isinstance(value, Mapping) else {}


def time_of(record: Mapping[str, Any]) -> datetime:
    """The record's time (a text) or the frame's (a time), aware and UTC. Raises MalformedRecordError."""
    value = record.get("eventTime")
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise MalformedRecordError("the record has no time") from error
