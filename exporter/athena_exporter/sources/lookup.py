"""Who started each query, from CloudTrail's event history: needs no set-up, and comes minutes late.

Stage: CloudTrail LookupEvents -> history.py -> **lookup** -> records. Late and unordered delivery is the rule, so no
window is ever done with for good: the missing starts are asked for again, ever more rarely, and a full pass proves at
least hourly what the history holds and what it doesn't.
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from athena_exporter.config.sources import AccessEvent
from athena_exporter.records import Batch, Evidence, Read, Target
from athena_exporter.sources import Knowledge
from athena_exporter.sources.access import AccessStreams
from athena_exporter.sources.answers import Answer, Clock, answered_at
from athena_exporter.sources.cursors import cursor_time
from athena_exporter.sources.history import HISTORY, pages
from athena_exporter.sources.identity import IdentityRules
from athena_exporter.sources.privacy import Naming
from athena_exporter.sources.session import CloudTrailApi
from athena_exporter.sources.starts import EVENT_NAME, MalformedRecordError, Start, read_event
from athena_exporter.sources.windows import Window, around, due, slices, within

SLICE = timedelta(hours=1)
"""The pieces a full pass is read and proved in."""
LEAST_PAGES = 25
"""Pages a pass gives to a full pass under way, at least; else as many as the windows took."""
FULL_PASS = "full_pass"  # noqa: S105  # a pass over time, not a password
"""The cursor that says when the last complete full pass was begun."""


@dataclass(slots=True)
class _FullPass:
    """A full pass under way; what is left of it is begun anew after a restart."""

    windows: deque[Window]
    batches: Iterator[Batch] | None = None
    begun_at: datetime | None = None


class LookupSource:
    """Reads starts of queries. One pass asks around the submissions that lack one, then goes on with a full pass.

    Args:
        client: CloudTrail's.
        target: the account and Region of the client.
        rules: how identities are named.
        clock: the local time, for the first windows only; from then on AWS's clock is known.
        patience: how long a start may take to appear before its query counts as unattributed.
        full_interval: the longest pause between two full passes.
        idle_interval: the shortest one, kept while no query lacks its start.
        naming: how people are named; by default as they are.
        access_events: names of CloudTrail's events about tables that are read besides.
    """

    def __init__(
        self,
        *,
        client: CloudTrailApi,
        target: Target,
        rules: IdentityRules,
        clock: Clock,
        patience: timedelta = timedelta(hours=3),
        full_interval: timedelta = timedelta(hours=1),
        idle_interval: timedelta = timedelta(minutes=10),
        naming: Naming | None = None,
        access_events: Sequence[AccessEvent] = (),
    ) -> None:
        self._client = client
        self._target = target
        self._rules = rules
        self._naming = naming or Naming()
        self._clock = clock
        self._reach = patience + 2 * full_interval
        self._full_interval = full_interval
        self._idle_interval = min(idle_interval, full_interval)
        self._number = 0
        self._skew = timedelta(0)
        self._full: _FullPass | None = None
        self._access = AccessStreams(
            client=client,
            target=target,
            source=self.name,
            rules=rules,
            naming=self._naming,
            clock=clock,
            events=access_events,
        )

    @property
    def name(self) -> str:
        """`lookup`."""
        return "lookup"

    @property
    def target(self) -> Target:
        """The account and Region it reads."""
        return self._target

    def read(self, knowledge: Knowledge) -> Iterator[Batch]:
        """One pass; a batch a page, the proof of a window in its last one. Raises AWS's errors as they are.

        Events about tables come last, a few pages a pass: users are waited for.
        """
        self._number += 1
        now = self._clock() + self._skew
        awaiting = knowledge.awaiting_identity()
        taken = 0
        windows = around(due(awaiting, now=now, number=self._number))
        for window in within(windows, earliest=now - HISTORY):
            for batch in self._window(window):
                taken += 1
                yield batch
        if self._full is None and self._is_full_due(knowledge, now, idle=not awaiting):
            self._full = _FullPass(deque(self._everything(awaiting, now)))
        yield from self._go_on(max(LEAST_PAGES, taken))
        yield from self._access.read(knowledge, self._clock() + self._skew)

    def _is_full_due(self, knowledge: Knowledge, now: datetime, *, idle: bool) -> bool:
        last = cursor_time(knowledge.cursor(self.name, FULL_PASS))
        # One begun in the future means that a clock was set back: what it proved is not known.
        return last is None or last > now or now - last >= (self._idle_interval if idle else self._full_interval)

    def _everything(self, awaiting: Sequence[datetime], now: datetime) -> list[Window]:
        """The last hours without a gap, and beyond them what still lacks its start."""
        recent = Window(since=now - self._reach, until=now)
        older = around(at for at in awaiting if at < recent.since)
        return within([*slices(recent, SLICE), *older], earliest=now - HISTORY)

    def _go_on(self, budget: int) -> Iterator[Batch]:
        """Pages of the full pass, until the budget is spent: young starts must not wait for its end."""
        while (full := self._full) is not None and budget > 0:
            # Taken out meanwhile: a window that failed is begun anew, not taken for one that ended.
            batches, full.batches = full.batches or self._window(full.windows[0]), None
            batch = next(batches, None)
            if batch is None:
                yield from self._end_window(full)
                continue
            budget -= 1
            full.begun_at = full.begun_at or batch.observed_at
            full.batches = batches
            yield batch

    def _end_window(self, full: _FullPass) -> Iterator[Batch]:
        full.windows.popleft()
        if full.windows or full.begun_at is None:
            return
        self._full = None
        cursors = {FULL_PASS: full.begun_at.isoformat()}
        yield Batch(source=self.name, target=self._target, observed_at=full.begun_at, cursors=cursors)

    def _window(self, window: Window) -> Iterator[Batch]:
        begun_at: datetime | None = None
        for answer in pages(self._client, EVENT_NAME, window):
            observed_at = self._observe(answer)
            begun_at = begun_at or observed_at
            batch = self._batch(answer, observed_at)
            yield batch if answer.get("NextToken") else replace(batch, reads=_proof(window, begun_at))

    def _observe(self, answer: Answer) -> datetime:
        now = self._clock()
        at = answered_at(answer, lambda: now)
        self._skew = at - now
        return at

    def _batch(self, answer: Answer, observed_at: datetime) -> Batch:
        records: list[Start] = []
        malformed = 0
        for event in answer.get("Events", ()):
            try:
                record = self._read(event)
            except MalformedRecordError:
                malformed += 1
            else:
                records += [record] if record else []
        return Batch(
            source=self.name,
            target=self._target,
            observed_at=observed_at,
            records=tuple(records),
            malformed=malformed,
        )

    def _read(self, event: Mapping[str, Any]) -> Start | None:
        return read_event(event, rules=self._rules, target=self._target, naming=self._naming)


def _proof(window: Window, begun_at: datetime) -> tuple[Read, ...]:
    until = min(window.until, begun_at)
    if until <= window.since:
        return ()
    return (Read(evidence=Evidence.IDENTITIES, since=window.since, until=until, begun_at=begun_at),)
