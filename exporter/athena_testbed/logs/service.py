"""CloudWatch Logs: groups, streams, and events with the limits that lose events when a client ignores them.

Source: botocore's model of `logs` and the CloudWatch Logs API reference.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from itertools import islice
from threading import RLock

from athena_testbed.logs.batch import MAX_SPAN_MS, judged, offered
from athena_testbed.logs.parameters import invalid, name, number, page, place
from athena_testbed.logs.patterns import PatternError, compiled
from athena_testbed.logs.store import OVERHEAD_BYTES, Event, Group, Stream
from athena_testbed.settings import ACCOUNT_ID
from athena_testbed.tokens import seal
from athena_testbed.wire import AwsError, Json

_PAGE_BYTES = 1_048_576
_PAGE_EVENTS = 10_000
_FOREVER = 2**62
_RETENTIONS = frozenset(
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]
)
_GROUP_NAME = re.compile(r"[\w./#-]{1,512}", re.ASCII)
_STREAM_NAME = re.compile(r"[^:*]{1,512}")


class Logs:
    """CloudWatch Logs of one account and Region. `clock` gives the account's milliseconds since 1970."""

    def __init__(self, region: str, clock: Callable[[], int]) -> None:
        self.lock = RLock()
        self._region = region
        self._clock = clock
        self._groups: dict[str, Group] = {}
        self.operations: Mapping[str, Callable[[Json], Json]] = {
            "CreateLogGroup": self.create_log_group,
            "DeleteLogGroup": self.delete_log_group,
            "DescribeLogGroups": self.describe_log_groups,
            "PutRetentionPolicy": self.put_retention_policy,
            "DeleteRetentionPolicy": self.delete_retention_policy,
            "CreateLogStream": self.create_log_stream,
            "DeleteLogStream": self.delete_log_stream,
            "DescribeLogStreams": self.describe_log_streams,
            "PutLogEvents": self.put_log_events,
            "GetLogEvents": self.get_log_events,
            "FilterLogEvents": self.filter_log_events,
            "TagResource": self.tag_resource,
            "UntagResource": self.untag_resource,
            "ListTagsForResource": self.list_tags_for_resource,
        }

    def now_ms(self) -> int:
        """The account's clock."""
        return self._clock()

    def group(self, name: object) -> Group:
        """A group by its name or its ARN.

        Raises:
            AwsError: ResourceNotFoundException.
        """
        found = self._groups.get(self._named(str(name)))
        if found is None:
            raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
        return found

    def groups(self) -> Sequence[Group]:
        """All groups, by name."""
        return [self._groups[name] for name in sorted(self._groups)]

    def forget(self, name: str | None = None) -> None:
        """Drop the events of one group, or of all; groups and streams stay."""
        for group in self.groups():
            if name in {None, group.name}:
                group.streams = {stream: Stream(stream, old.created_ms) for stream, old in group.streams.items()}

    def _named(self, name: str) -> str:
        prefix = f"arn:aws:logs:{self._region}:{ACCOUNT_ID}:log-group:"
        return name.removeprefix(prefix).removesuffix("*").removesuffix(":")

    def arn(self, name: str) -> str:
        """A group's ARN, without the `:*` that stands for its streams."""
        return f"arn:aws:logs:{self._region}:{ACCOUNT_ID}:log-group:{name}"

    def create_log_group(self, parameters: Json) -> Json:
        """A new group without events."""
        wanted = name(parameters, "logGroupName", _GROUP_NAME)
        if wanted.startswith("aws/"):
            invalid("Log groups starting with aws/ are reserved for AWS.")
        if wanted in self._groups:
            raise AwsError("ResourceAlreadyExistsException", "The specified log group already exists")
        tags = dict(parameters.get("tags") or {})
        log_class = parameters.get("logGroupClass") or "STANDARD"
        self._groups[wanted] = Group(name=wanted, created_ms=self.now_ms(), tags=tags, log_class=log_class)
        return {}

    def delete_log_group(self, parameters: Json) -> Json:
        """The group goes with its events."""
        del self._groups[self.group(parameters.get("logGroupName")).name]
        return {}

    def describe_log_groups(self, parameters: Json) -> Json:
        """Groups by name, at most 50 a page; by prefix, by a pattern anywhere in the name, or by identifier."""
        prefix, pattern = parameters.get("logGroupNamePrefix"), parameters.get("logGroupNamePattern")
        if prefix and pattern:
            invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
        wanted = {self._named(str(name)) for name in parameters.get("logGroupIdentifiers") or ()}
        is_ours = ACCOUNT_ID in (parameters.get("accountIdentifiers") or [ACCOUNT_ID])
        found = [
            group
            for group in self.groups()
            if is_ours
            and group.name.startswith(prefix or "")
            and (pattern or "").lower() in group.name.lower()
            and (not wanted or group.name in wanted)
            and parameters.get("logGroupClass") in {None, group.log_class}
        ]
        shown, token = page(found, parameters, ["groups", prefix, pattern], 50)
        return {"logGroups": [self._described(group) for group in shown], **token}

    def _described(self, group: Group) -> Json:
        described: Json = {
            "logGroupName": group.name, "creationTime": group.created_ms, "metricFilterCount": 0,
            "arn": f"{self.arn(group.name)}:*", "storedBytes": group.stored_bytes, "logGroupClass": group.log_class,
            "logGroupArn": self.arn(group.name),
        }  # fmt: skip  # as short as it can be said
        if group.retention_days is not None:
            described["retentionInDays"] = group.retention_days
        return described

    def put_retention_policy(self, parameters: Json) -> Json:
        """How many days events are kept: one of AWS's own list of numbers."""
        group, days = self.group(parameters.get("logGroupName")), parameters.get("retentionInDays")
        if days not in _RETENTIONS:
            invalid(
                f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: Member"
                f" must satisfy enum value set: {sorted(_RETENTIONS)}"
            )
        group.retention_days = days
        return {}

    def delete_retention_policy(self, parameters: Json) -> Json:
        """Events are kept for ever again."""
        self.group(parameters.get("logGroupName")).retention_days = None
        return {}

    def create_log_stream(self, parameters: Json) -> Json:
        """A new stream without events."""
        wanted = name(parameters, "logStreamName", _STREAM_NAME)
        group = self.group(parameters.get("logGroupName"))
        if wanted in group.streams:
            raise AwsError("ResourceAlreadyExistsException", "The specified log stream already exists")
        group.streams[wanted] = Stream(wanted, self.now_ms())
        return {}

    def delete_log_stream(self, parameters: Json) -> Json:
        """The stream goes with its events."""
        group = self.group(parameters.get("logGroupName"))
        del group.streams[_stream(group, parameters).name]
        return {}

    def describe_log_streams(self, parameters: Json) -> Json:
        """Streams by name or by the time of their last event, at most 50 a page."""
        group = self.group(parameters.get("logGroupName") or parameters.get("logGroupIdentifier"))
        prefix, order = parameters.get("logStreamNamePrefix"), parameters.get("orderBy") or "LogStreamName"
        if order not in {"LogStreamName", "LastEventTime"}:
            invalid(f"1 validation error detected: Value '{order}' at 'orderBy' failed to satisfy constraint")
        if prefix and order == "LastEventTime":
            invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
        found = sorted(
            (stream for stream in group.streams.values() if stream.name.startswith(prefix or "")),
            key=_by_name if order == "LogStreamName" else _by_last_event,
            reverse=bool(parameters.get("descending")),
        )
        scope = ["streams", group.name, prefix, order, bool(parameters.get("descending"))]
        shown, token = page(found, parameters, scope, 50)
        return {"logStreams": [self._described_stream(group, stream) for stream in shown], **token}

    def _described_stream(self, group: Group, stream: Stream) -> Json:
        described: Json = {
            "logStreamName": stream.name,
            "creationTime": stream.created_ms,
            "arn": f"{self.arn(group.name)}:log-stream:{stream.name}",
            "storedBytes": 0,  # AWS reports 0 for every stream since June 2019
            "uploadSequenceToken": _sequence(stream),
        }
        if stream.span_ms is not None:
            described["firstEventTimestamp"], described["lastEventTimestamp"] = stream.span_ms
            described["lastIngestionTime"] = stream.last_ingested_ms
        return described

    def put_log_events(self, parameters: Json) -> Json:
        """Store what is neither too old nor too new; everything or nothing is refused for order, span and size."""
        group = self.group(parameters.get("logGroupName"))
        stream = _stream(group, parameters)
        batch = offered(parameters)
        now = self.now_ms()
        verdict = judged(batch, now, group.oldest_ms(now))
        kept = batch[verdict.first : verdict.last]
        if kept and kept[-1].timestamp - kept[0].timestamp > MAX_SPAN_MS:
            invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
        for event in kept:
            stream.add(event.timestamp, event.message, now, event.size)
        answer: Json = {"nextSequenceToken": _sequence(stream)}
        if verdict.rejected:
            answer["rejectedLogEventsInfo"] = verdict.rejected
        return answer

    def get_log_events(self, parameters: Json) -> Json:
        """One page of a stream, the newest by default; the tokens stay the same where nothing is left."""
        group = self.group(parameters.get("logGroupName") or parameters.get("logGroupIdentifier"))
        stream = _stream(group, parameters)
        now = self.now_ms()
        since = max(number(parameters, "startTime", 0), group.oldest_ms(now))
        events = list(stream.between(since, number(parameters, "endTime", _FOREVER)))
        begin, end = _window(parameters, len(events))
        size = min(number(parameters, "limit", _PAGE_EVENTS), _PAGE_EVENTS)
        newest = begin is None
        shown = _fitting(reversed(events[:end]) if newest else events[begin:], size)
        first = (end or 0) - len(shown) if begin is None else begin
        if newest:
            shown.reverse()
        return {
            "events": [{"timestamp": e.timestamp, "message": e.message, "ingestionTime": e.ingested} for e in shown],
            "nextForwardToken": f"f/{first + len(shown):056d}",
            "nextBackwardToken": f"b/{first:056d}",
        }

    def filter_log_events(self, parameters: Json) -> Json:
        """One page of a group's events that match a pattern; AWS's own end is inclusive here."""
        group = self.group(parameters.get("logGroupName") or parameters.get("logGroupIdentifier"))
        try:
            matches = compiled(str(parameters.get("filterPattern") or ""))
        except PatternError as error:
            raise AwsError("InvalidParameterException", f"Invalid filter pattern: {error}") from error
        now = self.now_ms()
        since, until = number(parameters, "startTime", 0), number(parameters, "endTime", _FOREVER - 1) + 1
        events = group.between(since, until, now, _chosen(group, parameters))
        found = [event for event in events if matches(event.message)]
        size = min(number(parameters, "limit", _PAGE_EVENTS), _PAGE_EVENTS)
        scope = [parameters.get(name) for name in ("logGroupName", "filterPattern", "startTime", "endTime")]
        begin = place(parameters, scope)
        shown = _fitting(found[begin:], size)
        answer: Json = {"events": [_filtered(group, event) for event in shown], "searchedLogStreams": []}
        if begin + len(shown) < len(found):
            answer["nextToken"] = seal([begin + len(shown)], scope)
        return answer

    def tag_resource(self, parameters: Json) -> Json:
        """Tags of a group."""
        self._tagged(parameters).update(parameters.get("tags") or {})
        return {}

    def untag_resource(self, parameters: Json) -> Json:
        """Tags go."""
        tags = self._tagged(parameters)
        for key in parameters.get("tagKeys") or ():
            tags.pop(key, None)
        return {}

    def list_tags_for_resource(self, parameters: Json) -> Json:
        """The tags of a group."""
        return {"tags": self._tagged(parameters)}

    def _tagged(self, parameters: Json) -> dict[str, str]:
        return self.group(parameters.get("resourceArn")).tags


def event_id(group: Group, event: Event) -> str:
    """The id that an event keeps: FilterLogEvents shows it."""
    digest = blake2b(f"{group.name}/{event.stream}/{event.place}".encode(), digest_size=14).digest()
    return f"{event.timestamp:020d}{int.from_bytes(digest, 'big'):036d}"


def _filtered(group: Group, event: Event) -> Json:
    return {
        "logStreamName": event.stream, "timestamp": event.timestamp, "message": event.message,
        "ingestionTime": event.ingested, "eventId": event_id(group, event),
    }  # fmt: skip  # as short as it can be said


def _fitting(events: Iterable[Event], count: int) -> list[Event]:
    """As many as one page holds: at most `count`, and a megabyte of text."""
    page: list[Event] = []
    size = 0
    for event in islice(events, count):
        size += len(event.message) + OVERHEAD_BYTES
        if size > _PAGE_BYTES and page:
            break
        page.append(event)
    return page


def _window(parameters: Json, count: int) -> tuple[int | None, int | None]:
    """Where a page begins (reading forward) or ends (reading backward)."""
    token = parameters.get("nextToken")
    if token is None:
        return (0, None) if parameters.get("startFromHead") else (None, count)
    direction, _, digits = str(token).partition("/")
    if direction not in {"f", "b"} or not digits.isdigit():
        invalid("The specified nextToken is invalid.")
    place = min(int(digits), count)
    return (place, None) if direction == "f" else (None, place)


def _chosen(group: Group, parameters: Json) -> Mapping[str, Stream] | None:
    names, prefix = parameters.get("logStreamNames"), parameters.get("logStreamNamePrefix")
    if names and prefix:
        invalid("logStreamNamePrefix and logStreamNames are mutually exclusive parameters.")
    if names:
        return {name: _stream(group, {"logStreamName": name}) for name in names}
    if prefix:
        return {name: stream for name, stream in group.streams.items() if name.startswith(prefix)}
    return None


def _stream(group: Group, parameters: Json) -> Stream:
    found = group.streams.get(str(parameters.get("logStreamName")))
    if found is None:
        raise AwsError("ResourceNotFoundException", "The specified log stream does not exist.")
    return found


def _sequence(stream: Stream) -> str:
    """A token that nobody needs any more; AWS still sends it."""
    return f"4964{len(stream):052d}"


def _by_name(stream: Stream) -> tuple[int, str]:
    return 0, stream.name


def _by_last_event(stream: Stream) -> tuple[int, str]:
    return (stream.span_ms or (0, 0))[1], stream.name
