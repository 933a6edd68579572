"""What runs and who started it, seconds after it happened: events that EventBridge has put into a queue.

Stage: SQS -> queues.py -> bridge_events.py -> **eventbridge** -> records. An event of Athena names a query and a state,
and no bytes: it is taken as the hint to ask for that query, so that the order of events cannot matter and a record is
made by the same code as a sweep's. Delivery is best effort: the sweep of sources/athena.py stays the net below, proves
what is complete, and measures what was lost.
https://docs.aws.amazon.com/athena/latest/ug/athena-events.html
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil

from athena_exporter.records import Batch, FailedStart, Record, StartedQuery, TableEvent, Target
from athena_exporter.sources import Knowledge
from athena_exporter.sources.announced import Announcements
from athena_exporter.sources.answers import Clock
from athena_exporter.sources.batches import BATCH, Fetched, Reader, fetch
from athena_exporter.sources.bridge_events import AlienError, StateChange, read_bridge_event
from athena_exporter.sources.executions import is_below
from athena_exporter.sources.identity import IdentityRules
from athena_exporter.sources.privacy import Naming
from athena_exporter.sources.queues import LONGEST_WAIT, UNUSED, USED, Message, Poison, Queue, Received
from athena_exporter.sources.session import AthenaApi
from athena_exporter.sources.sql import Statements

MOST = 100
"""Messages that are gathered at most: at a hundred queries they make two batches of fifty."""
REMEMBERED = 50_000
"""Queries whose newest sequence number is kept; what is forgotten costs a call, never a query."""
PAUSES = (1.0, 2.0, 4.0, 8.0, *([15.0] * 5))
"""Seconds between the tries for a query whose end was told and that is not whole yet. In sum they are longer than the
ledger waits for statistics; what is left after them is the sweep's."""

_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class _Told:
    """What the messages of one window say; each message belongs to one of the two parts."""

    records: list[Record] = field(default_factory=list)
    calls: list[Message] = field(default_factory=list)
    queries: dict[str, StateChange] = field(default_factory=dict)
    changes: list[Message] = field(default_factory=list)


class EventBridgeSource:
    """Reads one queue. One pass waits for messages, gathers what comes with the first, and records what they say.

    CloudTrail's records go first: they need no further call, and an Athena that does not answer must not hold them
    back until they are dead letters.

    Args:
        queue: where the events are.
        client: Athena's.
        target: the account and Region whose events these are.
        rules: how identities are told.
        clock: the local time, where an answer brings none.
        monotonic: seconds that never go back, for the pauses between tries.
        naming: how people are named; by default as they are.
        statements: looks at the SQL; without it only its digest is told.
        announcements: where the sweep learns whose end was told.
        wait: how long one pass waits for a message.
    """

    def __init__(
        self,
        *,
        queue: Queue,
        client: AthenaApi,
        target: Target,
        rules: IdentityRules,
        clock: Clock,
        monotonic: Callable[[], float],
        naming: Naming | None = None,
        statements: Statements | None = None,
        announcements: Announcements | None = None,
        wait: timedelta = LONGEST_WAIT,
    ) -> None:
        self._queue = queue
        self._client = client
        self._target = target
        self._rules = rules
        self._clock = clock
        self._naming = naming or Naming()
        self._statements = statements
        self._announcements = announcements or Announcements()
        self._wait = wait
        self._seen: dict[str, int] = {}
        self._unfinished = _Unfinished(monotonic)
        self._is_first = True
        for result in (USED, UNUSED, *Poison):
            queue.count(result, 0)

    @property
    def name(self) -> str:
        """`eventbridge`."""
        return "eventbridge"

    @property
    def target(self) -> Target:
        """The account and Region it reads."""
        return self._target

    def read(self, knowledge: Knowledge) -> Iterator[Batch]:
        """One pass. It proves nothing: what EventBridge loses nobody tells.

        Raises:
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as they are. Messages that were not
                committed come again when their visibility has timed out.
        """
        self._unfinished.take(knowledge.awaiting_statistics)
        received = self._queue.receive(most=MOST, wait=min(self._wait, self._unfinished.pause()))
        told = self._sort(received)
        self._announcements.tell(query_id for query_id, change in told.queries.items() if change.is_final)
        yield from self._record_calls(received, told)
        yield from self._record_changes(received, told, knowledge)
        self._announcements.reach(received.reached)
        failure = self._statements.take_failure() if self._statements else None
        self._check_dead_letters()
        if failure is not None:
            raise failure

    def _sort(self, received: Received) -> _Told:
        told = _Told()
        for message in received.messages:
            try:
                event = read_bridge_event(message.body, rules=self._rules, target=self._target, naming=self._naming)
            except AlienError as error:
                self._queue.leave(message, error.poison, str(error))
            else:
                self._keep(told, message, event)
        return told

    def _keep(self, told: _Told, message: Message, event: object) -> None:
        if isinstance(event, StateChange):
            told.changes.append(message)
            before = told.queries.get(event.query_id)
            if not self._is_known(event) and (before is None or _comes_after(event, before)):
                told.queries[event.query_id] = event
        else:
            told.calls.append(message)
            told.records += [event] if isinstance(event, StartedQuery | FailedStart | TableEvent) else []

    def _is_known(self, event: StateChange) -> bool:
        """Whether this change, or a later one of its query, has been recorded."""
        return event.sequence is not None and event.sequence <= self._seen.get(event.query_id, -1)

    # -- CloudTrail's records -------------------------------------------------------------------------------------

    def _record_calls(self, received: Received, told: _Told) -> Iterator[Batch]:
        self._queue.count(USED, len(told.records))
        self._queue.count(UNUSED, len(told.calls) - len(told.records))
        results = self._queue.take_results()
        if told.calls or results:
            yield Batch(
                source=self.name,
                target=self._target,
                observed_at=received.observed_at,
                records=tuple(told.records),
                messages=results,
            )
        self._queue.delete(told.calls)

    # -- queries --------------------------------------------------------------------------------------------------

    def _record_changes(self, received: Received, told: _Told, knowledge: Knowledge) -> Iterator[Batch]:
        """Ask for the queries that events have named, and for those whose statistics were not there the last time.

        What is counted is not asked for: a queue that has grown long tells mostly of what a sweep has found meanwhile.
        """
        low_water = knowledge.low_water()
        ids = self._uncounted([*told.queries, *self._unfinished.due()], knowledge)
        for start in range(BATCH, len(ids), BATCH):
            yield self._executions(ids[start : start + BATCH], told, low_water)
        last = Batch(source=self.name, target=self._target, observed_at=received.observed_at)
        if ids:
            last = self._executions(ids[:BATCH], told, low_water)
        if ids or told.changes:
            yield replace(last, messages={USED: len(told.changes)})
        self._remember(told.queries.values())
        self._queue.delete(told.changes)

    def _uncounted(self, query_ids: Iterable[str], knowledge: Knowledge) -> list[str]:
        ids = dict.fromkeys(query_ids)
        counted = knowledge.counted(ids)
        for query_id in counted:
            self._unfinished.done(query_id)
        return [query_id for query_id in ids if query_id not in counted]

    def _executions(self, ids: Sequence[str], told: _Told, low_water: datetime) -> Batch:
        reader = Reader(statements=self._statements, low_water=low_water)
        fetched = fetch(self._client, ids, clock=self._clock, reader=reader)
        self._follow(ids, fetched, told)
        wanted = [execution for execution in fetched.executions if not is_below(execution, low_water)]
        return Batch(
            source=self.name,
            target=self._target,
            observed_at=fetched.observed_at,
            records=(*wanted, *fetched.refused),
            malformed=fetched.malformed,
        )

    def _follow(self, ids: Iterable[str], fetched: Fetched, told: _Told) -> None:
        """Ask again for what was told to have ended and is not whole yet, and for what AWS would not tell."""
        known = {execution.query_id: execution for execution in fetched.executions}
        for query_id in ids:
            execution, change = known.get(query_id), told.queries.get(query_id)
            if execution is None or (execution.state.final and not execution.has_statistics):
                self._unfinished.again(query_id)
            elif execution.state.final or not (query_id in self._unfinished or (change and change.is_final)):
                self._unfinished.done(query_id)
            else:
                self._unfinished.again(query_id)

    def _remember(self, changes: Iterable[StateChange]) -> None:
        for change in changes:
            if change.sequence is not None:
                self._seen.pop(change.query_id, None)
                self._seen[change.query_id] = change.sequence
                if len(self._seen) > REMEMBERED:
                    del self._seen[next(iter(self._seen))]

    def _check_dead_letters(self) -> None:
        """Once, and after the messages: that nobody may look at the queue's settings hinders no count."""
        if self._is_first:
            self._is_first = False
            if not self._queue.has_dead_letters():
                _log.warning(
                    "%s (%s, %s): the queue has no redrive policy: what cannot be read comes again until it expires",
                    self.name, self._target.account_id, self._target.region,
                )  # fmt: skip  # one sentence and its parts


def _comes_after(event: StateChange, before: StateChange) -> bool:
    """Whether this change is the later one. Without numbers a final state is: nothing follows it."""
    if event.sequence is None or before.sequence is None:
        return event.is_final or not before.is_final
    return event.sequence > before.sequence


class _Unfinished:
    """Queries to ask for again soon, each after its own pauses. What is given up here the sweep goes on with."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._due: dict[str, tuple[float, int]] = {}
        self._look_at = float("-inf")

    def __contains__(self, query_id: str) -> bool:
        return query_id in self._due

    def take(self, awaited: Callable[[], Iterable[str]]) -> None:
        """The ledger waits for the statistics of these, whoever told it that they have ended.

        It is asked once in the shortest pause: with a long queue to be caught up with there are many passes a second,
        and with as many starts whose ends are not known its answer takes a while.
        """
        now = self._monotonic()
        if now < self._look_at:
            return
        self._look_at = now + PAUSES[0]
        for query_id in awaited():
            if query_id not in self._due:
                self.again(query_id)

    def again(self, query_id: str) -> None:
        """Ask again, later than the last time; after the last pause no more."""
        tries = self._due.get(query_id, (0.0, 0))[1]
        if tries == len(PAUSES):
            del self._due[query_id]
        else:
            self._due[query_id] = (self._monotonic() + PAUSES[tries], tries + 1)

    def done(self, query_id: str) -> None:
        """It is whole."""
        self._due.pop(query_id, None)

    def due(self) -> list[str]:
        """Those whose pause is over."""
        now = self._monotonic()
        return [query_id for query_id, (at, _) in self._due.items() if at <= now]

    def pause(self) -> timedelta:
        """How long a queue may be waited for until the next is due, in whole seconds; at least one."""
        first = min((at for at, _ in self._due.values()), default=None)
        if first is None:
            return LONGEST_WAIT
        return timedelta(seconds=max(1, ceil(first - self._monotonic())))
