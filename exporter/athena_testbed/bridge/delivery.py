"""When which event reaches which queue: late, now and then twice, out of order, or never.

Stage: changes.py and ../events.py -> **delivery** (rules.py) -> moto's SQS. Events are sent when somebody looks at a
queue: an account that nobody asks does nothing.
"""

import heapq
import json
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cached_property
from random import Random
from typing import Any, TypeAlias
from uuid import uuid4

from athena_testbed.account import Account
from athena_testbed.bridge.changes import Change, api_event, changes, state_event
from athena_testbed.bridge.rules import Rules
from athena_testbed.events import Events
from athena_testbed.ids import Ids
from athena_testbed.settings import ACCOUNT_ID
from athena_testbed.wire import Json

_DISORDER = 15
"""How many delays later an event comes that is out of order, at most."""
_Due: TypeAlias = tuple[int, int, int, int]
"""When it is sent, the number of the start or the access event, the change's sequence (0: CloudTrail's), the copy."""


class Bridge:
    """EventBridge of one account and Region. Safe to call from several threads.

    Attributes:
        lost: ids of queries whose final event is never sent.
        sent: how many messages went into queues, by detail-type; and `failed`, for queues that are not there.
    """

    def __init__(self, account: Account, events: Events) -> None:
        self._account = account
        self._events = events
        self._settings = account.settings
        self._ids = Ids(account.settings.seed, f"bridge/{account.settings.region}")
        self._rules = Rules(account.settings.region)
        self._heap: list[_Due] = []
        self._planned: set[_Due] = set()
        self._open: dict[int, set[tuple[int, int]]] = {}
        self._next: int | None = None
        self._changed = 0
        self.lost: set[str] = set()
        self.sent: Counter[str] = Counter()
        self.operations: Mapping[str, Callable[[Json], Json]] = self._rules.operations

    def deliver(self) -> int:
        """Send what is due; answers how many messages went into queues."""
        with self._account.lock:
            return self._deliver()

    def _deliver(self) -> int:
        if self._next is None and not self._rules.is_listening:
            return 0
        now = self._account.advance()
        self._begin(now)
        self._look_for_news()
        sent = 0
        while self._heap and self._heap[0][0] <= now:
            entry = heapq.heappop(self._heap)
            self._planned.discard(entry)
            event = self._event(*entry)
            sent += 0 if event is None else self._send(event)
        return sent

    def _begin(self, now: int) -> None:
        """The first rule sees what happens from now on, also to queries that run already."""
        if self._settings.routes_from_start:
            self._next = self._next or 0
        if self._next is None:
            self._next, self._changed = self._account.size, len(self._account.changed)
            for plan in self._account.running(now):
                self._plan_changes(plan.number, since=now)

    def _look_for_news(self) -> None:
        size, self._next = self._account.size, self._next or 0
        for number in range(self._next, size):
            if not self._account.refused(number):
                self._plan_changes(number, since=0)
            self._plan_calls(number)
        self._next = size
        for number in self._account.changed[self._changed :]:
            self._plan_changes(number, since=0, only_open=True)
        self._changed = len(self._account.changed)

    def _plan_changes(self, number: int, *, since: int, only_open: bool = False) -> None:
        if only_open and number not in self._open:
            return
        self._open.setdefault(number, set())
        for change in changes(self._account.plan(number)):
            if change.at_ms >= since:
                for copy, due in enumerate(self._dues(number, change)):
                    self._plan((due, number, change.sequence, copy))

    def _plan(self, entry: _Due) -> None:
        """A query whose end is moved is planned anew; what of it stays as it was is planned once."""
        if entry not in self._planned:
            self._planned.add(entry)
            heapq.heappush(self._heap, entry)

    def _dues(self, number: int, change: Change) -> tuple[int, ...]:
        """When each copy of a change's event is sent; nothing if it is lost."""
        settings = self._settings
        delay = settings.state_change_delay.total_seconds() * 1000
        rng = Random(f"{settings.seed}/{number}/{change.sequence}/{change.state}")
        first = change.at_ms + int(delay * rng.lognormvariate(0, 0.35))
        chances, again = [rng.random() for _ in range(3)], rng.lognormvariate(1, 0.5)
        if chances[0] < settings.lost_changes:
            if change.is_final:
                self.lost.add(self._account.query_id(number))
            return ()
        if chances[1] < settings.disordered_changes:
            first += int(delay * _DISORDER * rng.random())
        return (first, first + int(delay * again)) if chances[2] < settings.duplicate_changes else (first,)

    def _plan_calls(self, start: int) -> None:
        settings = self._settings
        for number in (start, *(access.number for access in self._events.access.of(start))):
            at = self._events.delivery(number).event_ms
            rng = Random(f"{settings.seed}/call/{number}")
            delay = int(settings.api_event_delay.total_seconds() * 1000 * rng.lognormvariate(0, 0.35))
            fixed = self._account.event_delay_ms(start)
            chances = [rng.random() for _ in range(3)]
            if (fixed is None and chances[0] < settings.lost_events) or chances[1] < settings.lost_calls:
                continue
            first = at + (delay if fixed is None else fixed)
            for copy in range(2 if chances[2] < settings.duplicate_calls else 1):
                self._plan((first + copy * delay, number, 0, copy))

    def _event(self, due: int, number: int, sequence: int, copy: int) -> Json | None:
        """The event of an entry; None for one that was overtaken by another end of its query, or was sent."""
        if sequence == 0:
            record = self._events.record(number)
            at = self._events.delivery(number).event_ms
            return api_event(record, self._ids.of(number * 64), at, self._settings.region)
        plan = self._account.plan(number)
        change = next((one for one in changes(plan) if one.sequence == sequence), None)
        told = self._open.get(number, set())
        if change is None or (sequence, copy) in told or due not in self._dues(number, change):
            return None
        told.add((sequence, copy))
        if change.is_final:
            self._open.pop(number, None)
        return state_event(plan, change, self._ids.of(number * 64 + sequence), self._settings.region)

    def _send(self, event: Json) -> int:
        sent = 0
        for name in self._rules.queues(event):
            is_sent = self._put(name, json.dumps(event, separators=(",", ":")))
            self.sent[event["detail-type"] if is_sent else "failed"] += 1
            sent += is_sent
        return sent

    def _put(self, name: str, body: str) -> bool:
        """By hand: moto's own way of sending looks at every message of the queue, twice."""
        queue = self._moto.queues.get(name)
        if queue is None:
            return False
        message = self._message(str(uuid4()), body)
        message.mark_sent()
        queue.add_message(message)
        return True

    @cached_property
    def _moto(self) -> Any:
        """Moto's queues; imported when the first event is sent, for moto takes its time."""
        from moto.sqs.models import sqs_backends  # noqa: PLC0415 - as above

        return sqs_backends[ACCOUNT_ID][self._settings.region]

    @cached_property
    def _message(self) -> Callable[[str, str], Any]:
        from moto.sqs.models import Message  # noqa: PLC0415 - as above

        return Message
