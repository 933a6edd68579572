"""Starts of the past, from CloudTrail's event history: a day a question, the newest first.

Stage: CloudTrail LookupEvents -> history.py -> **starts** -> records. Fifty events a call and two calls a second for
everybody: what was read is marked after every page. CloudTrail keeps 90 days. Refused starts are counters' business,
and the past raises none.
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from athena_exporter.records import Batch, StartedQuery
from athena_exporter.sources.answers import Answer, Clock, answered_at
from athena_exporter.sources.history import pages
from athena_exporter.sources.identity import IdentityRules
from athena_exporter.sources.past.span import NAME, Page, Span, Told, mark, reached
from athena_exporter.sources.privacy import Naming
from athena_exporter.sources.session import CloudTrailApi
from athena_exporter.sources.starts import EVENT_NAME, MalformedRecordError, read_event
from athena_exporter.sources.windows import Window, slices

CURSOR = "lookup"
SLICE = timedelta(days=1)
"""What one question asks for: a day without queries costs a call."""
DISORDER = timedelta(minutes=1)
"""Pages are sorted by time, the newest first, but hardly to the second: so much is read again after an interruption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Starts:
    """Reads the starts of a span, each batch with the time down to which all was read."""

    client: CloudTrailApi
    span: Span
    rules: IdentityRules
    naming: Naming
    clock: Clock
    cursor: Callable[[str], str | None]
    told: Told

    def batches(self) -> Iterator[Batch]:
        """All of it, or what an earlier run has left.

        Raises:
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as they are.
        """
        left = reached(self.cursor(CURSOR), self.span)
        top = self.span.until if left is None else datetime.fromisoformat(left)
        at = self.clock()
        for window in slices(Window(since=self.span.since, until=top), SLICE):
            for answer in pages(self.client, EVENT_NAME, window):
                at = answered_at(answer, self.clock)
                yield self._page(answer, window, at)
        # Read to its end: asked for once more, it is read once more.
        yield Batch(source=NAME, target=self.span.target, observed_at=at, cursors={CURSOR: ""})

    def count(self) -> Iterator[int]:
        """About how many events each day has: as many as its newest page tells, if the day went on like that."""
        for window in slices(Window(since=self.span.since, until=self.span.until), SLICE):
            answer = next(pages(self.client, EVENT_NAME, window))
            events = answer.get("Events", ())
            times = [event["EventTime"] for event in events if isinstance(event.get("EventTime"), datetime)]
            if answer.get("NextToken") and times:
                covered = max(window.until - min(times), timedelta(minutes=1))
                yield round(len(events) * ((window.until - window.since) / covered))
            else:
                yield len(events)

    def _page(self, answer: Answer, window: Window, at: datetime) -> Batch:
        events = answer.get("Events", ())
        records, malformed = self._records(events)
        times = [record.started_at for record in records]
        down_to = window.since
        if answer.get("NextToken"):
            down_to = min(window.until, min(times, default=window.until) + DISORDER)
        whole = self.span.until - self.span.since
        self.told(
            Page(done=(self.span.until - down_to) / whole, seen=len(events), taken=len(records), malformed=malformed)
        )
        batch = Batch(source=NAME, target=self.span.target, observed_at=at, records=tuple(records), malformed=malformed)
        return replace(batch, cursors={CURSOR: mark(self.span, down_to.isoformat())})

    def _records(self, events: tuple[Mapping[str, Any], ...]) -> tuple[list[StartedQuery], int]:
        records, malformed = [], 0
        for event in events:
            try:
                record = read_event(event, rules=self.rules, target=self.span.target, naming=self.naming)
            except MalformedRecordError:
                malformed += 1
            else:
                records += [record] if isinstance(record, StartedQuery) else []
        return records, malformed
