"""Log groups, their streams and events: arrays of numbers and a list of texts, put in order when somebody looks."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from heapq import merge

DAY_MS = 86_400_000
OVERHEAD_BYTES = 26
"""What AWS adds to each event's UTF-8 bytes, in batches and in what it stores."""


@dataclass(frozen=True, slots=True)
class Event:
    """One stored log event; times are milliseconds since 1970, `place` its number within the stream."""

    timestamp: int
    place: int
    stream: str
    ingested: int
    message: str


class Stream:
    """One log stream."""

    def __init__(self, name: str, created_ms: int) -> None:
        self.name = name
        self.created_ms = created_ms
        self.stored_bytes = 0
        self._times = array("q")
        self._ingested = array("q")
        self._messages: list[str] = []
        self._order: array[int] | None = None

    def __len__(self) -> int:
        """How many events have ever been stored."""
        return len(self._times)

    def add(self, timestamp: int, message: str, now: int, size: int) -> None:
        """Store one event of so many bytes."""
        if self._order is not None or (self._times and timestamp < self._times[-1]):
            self._order = array("q")
        self._times.append(timestamp)
        self._ingested.append(now)
        self._messages.append(message)
        self.stored_bytes += size

    def between(self, since_ms: int, until_ms: int) -> Iterator[Event]:
        """Events at or after `since_ms` and before `until_ms`, by time, then as they came."""
        order = self._ordered()
        if order is None:
            first, last = bisect_left(self._times, since_ms), bisect_left(self._times, until_ms)
            places: Iterator[int] = iter(range(first, last))
        else:
            times = self._times
            first = bisect_left(order, since_ms, key=times.__getitem__)
            places = iter(order[first : bisect_left(order, until_ms, key=times.__getitem__)])
        for place in places:
            yield Event(self._times[place], place, self.name, self._ingested[place], self._messages[place])

    def _ordered(self) -> "array[int] | None":
        """Places by time; None while the events came in order, as they mostly do."""
        if self._order is not None and len(self._order) != len(self._times):
            self._order = array("q", sorted(range(len(self._times)), key=self._times.__getitem__))
        return self._order

    @property
    def span_ms(self) -> tuple[int, int] | None:
        """The times of the first and the last event; None if there are none."""
        return (min(self._times), max(self._times)) if self._times else None

    @property
    def last_ingested_ms(self) -> int | None:
        """When the newest event was stored."""
        return self._ingested[-1] if self._ingested else None


@dataclass(slots=True, kw_only=True)
class Group:
    """One log group."""

    name: str
    created_ms: int
    tags: dict[str, str] = field(default_factory=dict)
    retention_days: int | None = None
    log_class: str = "STANDARD"
    streams: dict[str, Stream] = field(default_factory=dict)

    @property
    def stored_bytes(self) -> int:
        """The bytes of all streams."""
        return sum(stream.stored_bytes for stream in self.streams.values())

    def oldest_ms(self, now: int) -> int:
        """Events before this have expired."""
        return 0 if self.retention_days is None else now - self.retention_days * DAY_MS

    def between(
        self, since_ms: int, until_ms: int, now: int, streams: Mapping[str, Stream] | None = None
    ) -> Iterator[Event]:
        """Events of all streams (or of some) that have not expired, by time."""
        since = max(since_ms, self.oldest_ms(now))
        chosen = self.streams if streams is None else streams
        return merge(*(stream.between(since, until_ms) for stream in chosen.values()), key=_time)


def _time(event: Event) -> int:
    return event.timestamp
