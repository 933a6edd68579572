"""CloudTrail's events about tables, a stream for each event name: read behind the starts of queries, and after them.

Stage: CloudTrail LookupEvents -> history.py -> **access** (access_events.py) -> records. Delivery is late and
unordered, so every window begins an hour before the end of the last; the ledger tells an event by its id.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from athena_exporter.config.sources import AccessEvent
from athena_exporter.records import Batch, TableEvent, Target
from athena_exporter.sources import Knowledge
from athena_exporter.sources.access_events import read_access
from athena_exporter.sources.answers import Answer, Clock, answered_at
from athena_exporter.sources.cursors import cursor_time
from athena_exporter.sources.history import HISTORY, pages
from athena_exporter.sources.identity import IdentityRules
from athena_exporter.sources.privacy import Naming
from athena_exporter.sources.session import CloudTrailApi
from athena_exporter.sources.starts import MalformedRecordError, record_of
from athena_exporter.sources.windows import Window, slices

OVERLAP = timedelta(hours=1)
"""How far every window reaches back into the one before it."""
PAUSE = timedelta(minutes=1)
"""For each page that the last read of a stream took, the pause before the next: each reads the overlap again."""
LONGEST_PAUSE = timedelta(minutes=15)
SLICE = timedelta(hours=1)
"""The pieces in which what was missed is made up for, the oldest first."""
PAGES = 10
"""Pages of all streams together that one pass reads: a call a second is all there is, and people wait for users."""
CURSOR = "access:"
"""With an event's name behind it, the cursor that says until when its stream was read."""


@dataclass(slots=True)
class _Stream:
    """One event name, and what is left to read of it; begun anew after a restart."""

    event: AccessEvent
    windows: deque[Window] = field(default_factory=deque)
    batches: Iterator[Batch] | None = None
    pages: int = 0

    @property
    def pause(self) -> timedelta:
        return min(LONGEST_PAUSE, max(1, self.pages) * PAUSE)

    @property
    def cursor(self) -> str:
        return CURSOR + self.event.value


class AccessStreams:
    """Reads the streams a page at a time, in turn.

    Args:
        client: CloudTrail's.
        target: the account and Region of the client.
        source: the name of the source that owns the cursors.
        rules: how identities are told.
        naming: how people are named.
        clock: the local time, for answers without a date.
        events: the event names.
    """

    def __init__(
        self,
        *,
        client: CloudTrailApi,
        target: Target,
        source: str,
        rules: IdentityRules,
        naming: Naming,
        clock: Clock,
        events: Sequence[AccessEvent],
    ) -> None:
        self._client = client
        self._target = target
        self._source = source
        self._rules = rules
        self._naming = naming
        self._clock = clock
        self._streams = deque(_Stream(event) for event in events)

    def read(self, knowledge: Knowledge, now: datetime) -> Iterator[Batch]:
        """Up to `PAGES` pages, a batch each; `now` is AWS's clock. Raises AWS's errors as they are."""
        for stream in self._streams:
            self._plan(stream, knowledge, now)
        for _ in range(PAGES):
            waiting = [each for each in self._streams if each.windows]
            if not waiting:
                return
            self._streams.remove(waiting[0])
            self._streams.append(waiting[0])
            yield self._next(waiting[0])

    def _plan(self, stream: _Stream, knowledge: Knowledge, now: datetime) -> None:
        """What has to be read next, if nothing is left of the last time and it is long enough ago."""
        first = max(knowledge.counting_since(), now - HISTORY)
        last = cursor_time(knowledge.cursor(self._source, stream.cursor))
        # One in the future means that a clock was set back: what was read until then is not known.
        last = None if last is not None and last > now else last
        if stream.windows or (last is not None and now - last < stream.pause):
            return
        since = first if last is None else max(first, last - OVERLAP)
        stream.pages = 0
        stream.windows.extend(reversed(slices(Window(since=since, until=now), SLICE)))

    def _next(self, stream: _Stream) -> Batch:
        """One page. Taken out meanwhile: a window that failed is begun anew."""
        batches, stream.batches = stream.batches or self._window(stream), None
        batch = next(batches)
        stream.pages += 1
        if batch.cursors:
            stream.windows.popleft()
        else:
            stream.batches = batches
        return batch

    def _window(self, stream: _Stream) -> Iterator[Batch]:
        """The stream's first window; its last page moves the cursor, at most to AWS's clock at its first."""
        window, begun_at = stream.windows[0], None
        for answer in pages(self._client, stream.event.value, window):
            observed_at = answered_at(answer, self._clock)
            begun_at = begun_at or observed_at
            until = min(window.until, begun_at)
            is_last = not answer.get("NextToken")
            yield self._batch(answer, observed_at, {stream.cursor: until.isoformat()} if is_last else {})

    def _batch(self, answer: Answer, observed_at: datetime, cursors: Mapping[str, str]) -> Batch:
        records: list[TableEvent] = []
        malformed = 0
        for event in answer.get("Events", ()):
            try:
                read = read_access(record_of(event), rules=self._rules, target=self._target, naming=self._naming)
            except MalformedRecordError:
                malformed += 1
            else:
                records += [read] if read else []
        return Batch(
            source=self._source,
            target=self._target,
            observed_at=observed_at,
            records=tuple(records),
            cursors=cursors,
            malformed=malformed,
        )
