"""CloudTrail's LookupEvents: newest first, 50 a page, one attribute, 90 days, and all that makes it hard to read.

Source: the CloudTrail API reference and botocore's model of it.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

from athena_testbed.access import BASE, GLUE, LAKE_FORMATION, LATEST_MS, NAMES
from athena_testbed.account import Account
from athena_testbed.events import DISORDER_MS, Events
from athena_testbed.times import rfc3339
from athena_testbed.tokens import BadTokenError, seal, unseal
from athena_testbed.wire import AwsError, Json

_KEPT_MS = 90 * 86_400_000
_BLOCK_MS = 10_000
_REMEMBERED_BLOCKS = 2000
_KEYS = frozenset(
    ["EventId", "EventName", "ReadOnly", "Username", "ResourceType", "ResourceName", "EventSource", "AccessKeyId"]
)
_FIELDS = frozenset({"EventId", "EventName", "ReadOnly", "Username", "EventSource", "AccessKeyId"})
_STARTS = frozenset(
    {("EventName", "StartQueryExecution"), ("ReadOnly", "false"), ("EventSource", "athena.amazonaws.com")}
)
"""What every start has and no access event."""
_NAMED = frozenset(("EventName", name) for name in NAMES)
_ACCESSES = _NAMED | {("EventSource", GLUE), ("EventSource", LAKE_FORMATION), ("ReadOnly", "true")}
"""What only access events have."""

_Entry: TypeAlias = tuple[int, int, int, int, int]
"""key, number, copy (these three order the list), event time, visible time; all times in milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardship:
    """What a fault plan adds: a share of events that comes twice, and how much later all events come."""

    duplicates: float = 0.0
    later_ms: int = 0


class _Block:
    """The entries of ten seconds, newest first: those of `count` starts, all of them before the start `next`."""

    def __init__(self, duplicates: float) -> None:
        self.duplicates = duplicates
        self.entries: list[_Entry] = []
        self.count = 0
        self.next = 0

    def add(self, entries: Sequence[_Entry], count: int, next_start: int) -> None:
        """What has come since; in a new list, for somebody may be reading the old one."""
        self.entries = sorted([*self.entries, *entries], reverse=True)
        self.count, self.next = count, next_start


class CloudTrail:
    """CloudTrail of one account and Region. `hardship` tells what faults are on at the moment."""

    def __init__(self, account: Account, hardship: Callable[[], Hardship]) -> None:
        self._account = account
        self._events = self.events = Events(account)
        self._hardship = hardship
        self._blocks: OrderedDict[tuple[int, str], _Block] = OrderedDict()
        self.operations: Mapping[str, Callable[[Json], Json]] = {"LookupEvents": self.lookup_events}

    def lookup_events(self, parameters: Json) -> Json:
        """One page of events: starts of queries, and calls that name tables."""
        size = _size(parameters)
        attribute = _attribute(parameters)
        since, until = _range(parameters)
        scope = [parameters.get(name) for name in ("LookupAttributes", "StartTime", "EndTime", "MaxResults")]
        position = _position(parameters, scope)
        now = self._account.advance()
        kinds = _kinds(attribute)
        found = self._visible(max(since, now - _KEPT_MS), min(until, now), now, position, kinds)
        page = list(islice((entry for entry in found if self._matches(entry[1], attribute)), size + 1))
        answer: Json = {"Events": [self._events.summary(entry[1]) for entry in page[:size]]}
        if len(page) > size:
            answer["NextToken"] = seal(list(page[size - 1][:3]), scope)
        return answer

    def _matches(self, number: int, attribute: tuple[str, str] | None) -> bool:
        if attribute is None or attribute in _STARTS:
            return True
        key, value = attribute
        if key == "EventName" and number >= BASE:
            access = self._events.access.find(number)
            return access is not None and access.name == value
        return key in _FIELDS and self._events.summary(number).get(key) == value

    def _visible(
        self, since: int, until: int, now: int, position: tuple[int, ...] | None, kinds: str
    ) -> Iterator[_Entry]:
        """Entries with an event time from `since` to `until`, both inclusive as AWS has it, newest first."""
        hardship = self._hardship()
        for entry in self._descending(since, until, position, hardship, kinds):
            seen = entry[4] + hardship.later_ms <= now
            if seen and since <= entry[3] <= until and (position is None or entry[:3] < position):
                yield entry

    def _descending(
        self, since: int, until: int, position: tuple[int, ...] | None, hardship: Hardship, kinds: str
    ) -> Iterator[_Entry]:
        top = until + 1000 + DISORDER_MS if position is None else min(position[0], until + 1000 + DISORDER_MS)
        block = top // _BLOCK_MS
        while (block + 1) * _BLOCK_MS > since - DISORDER_MS:
            yield from self._block(block, hardship, kinds)
            newest = self._account.starts.last_before(block * _BLOCK_MS + DISORDER_MS)
            if newest is None:
                return
            block = min(block - 1, (newest + DISORDER_MS + LATEST_MS) // _BLOCK_MS)

    def _block(self, block: int, hardship: Hardship, kinds: str) -> list[_Entry]:
        begin, end = block * _BLOCK_MS, (block + 1) * _BLOCK_MS
        first, last = begin - DISORDER_MS - LATEST_MS, end + DISORDER_MS
        count = self._account.starts.count(first, last)
        known = self._blocks.get((block, kinds))
        if known is None or known.duplicates != hardship.duplicates:
            known = self._blocks[block, kinds] = _Block(hardship.duplicates)
            if len(self._blocks) > _REMEMBERED_BLOCKS:
                self._blocks.popitem(last=False)
        if known.count != count:
            entries = [
                (delivery.key_ms, number, copy, delivery.event_ms, visible)
                for _, start in self._account.starts.between(first, last)
                if start >= known.next
                for number in self._numbers(start, kinds)
                for delivery in (self._events.delivery(number, hardship.duplicates),)
                if begin <= delivery.key_ms < end
                for copy, visible in enumerate(delivery.visible_ms)
            ]
            known.add(entries, count, len(self._account.starts))
        return known.entries

    def _numbers(self, start: int, kinds: str) -> Iterator[int]:
        """The events that come with a start: its own, those that name tables, or both."""
        if kinds in {"starts", "all"}:
            yield start
        if kinds in {"accesses", "all"}:
            for access in self._events.access.of(start):
                yield access.number

    def accesses(self, since_ms: int, until_ms: int) -> list[Json]:
        """Every access event of [since, until), oldest first, as the truth about it: also those never delivered."""
        found = sorted(
            (
                access
                for _, start in self._account.starts.between(since_ms - LATEST_MS, until_ms)
                for access in self._events.access.of(start)
                if since_ms <= access.at_ms < until_ms
            ),
            key=lambda access: (access.at_ms, access.number),
        )
        return [
            {
                "event_id": self._events.event_id(access.number),
                "api": access.name,
                "at": rfc3339(access.at_ms),
                "user": access.principal.label,
                "query_id": access.query_id,
                "database": access.database,
                "table": access.table,
                "denied": access.is_denied,
                "delivered": self.delivered(access.number),
            }
            for access in found
        ]

    def last_visible_ms(self, now: int) -> int | None:
        """When the last event of all starts until `now`, or with them, becomes visible; None if none does."""
        longest = self._events.longest_ms
        times = [
            visible + self._hardship().later_ms
            for _, start in self._account.starts.between(now - longest, now + 1)
            for number in self._numbers(start, "all")
            for visible in self._events.delivery(number).visible_ms
        ]
        return max(times, default=None)

    def delivered(self, number: int) -> bool:
        """Whether the event of this number ever becomes visible."""
        return bool(self._events.delivery(number).visible_ms)


def _kinds(attribute: tuple[str, str] | None) -> str:
    """Which events an attribute may find, so that the others need not be made."""
    if attribute in _STARTS:
        return "starts"
    return "accesses" if attribute in _ACCESSES else "all"


def _size(parameters: Json) -> int:
    size = parameters.get("MaxResults", 50)
    if not isinstance(size, int) or not 1 <= size <= 50:
        raise AwsError("InvalidMaxResultsException", "The max results value is not valid. It must be between 1 and 50.")
    return size


def _attribute(parameters: Json) -> tuple[str, str] | None:
    if parameters.get("EventCategory") not in {None, "insight"}:
        raise AwsError("InvalidEventCategoryException", "The event category is not valid.")
    attributes = parameters.get("LookupAttributes") or []
    if not isinstance(attributes, list) or len(attributes) > 1:
        raise AwsError("InvalidLookupAttributesException", "You can only specify one lookup attribute.")
    if not attributes:
        return None
    key, value = attributes[0].get("AttributeKey"), attributes[0].get("AttributeValue")
    if key not in _KEYS or not value:
        raise AwsError("InvalidLookupAttributesException", "The lookup attribute is not valid.")
    return str(key), str(value)


def _range(parameters: Json) -> tuple[int, int]:
    try:
        since = round(float(parameters.get("StartTime", 0)) * 1000)
        until = round(float(parameters.get("EndTime", 2**32)) * 1000)
    except (TypeError, ValueError) as error:
        raise AwsError("SerializationException", "A time could not be converted") from error
    if since > until:
        raise AwsError("InvalidTimeRangeException", "The start time must be before the end time.")
    return since, until


def _position(parameters: Json, scope: list[Any]) -> tuple[int, ...] | None:
    token = parameters.get("NextToken")
    if token is None:
        return None
    try:
        return unseal(str(token), scope)
    except BadTokenError as error:
        raise AwsError("InvalidNextTokenException", "The next token is not valid.") from error
