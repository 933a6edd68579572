"""Rounds out of the outbox: a fact is acknowledged when CloudWatch Logs has taken all its events, or never will.

Stage: ledger's outbox -> **delivery** -> watchtower -> CloudWatch Logs. At least once: whatever happens between the
sending and the acknowledgement, the facts are read again, and their events carry the same `access_id`.
"""

import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from athena_exporter.ledger.outbox import StoredFact
from athena_exporter.outlets.backoff import Backoff
from athena_exporter.outlets.events.acceptance import Tally
from athena_exporter.outlets.events.shape import Stream, events_of
from athena_exporter.outlets.events.transport import Outgoing, Transport

FACTS_AT_ONCE = 2_500
"""What a round takes out of the outbox at most; their bytes are bounded there. Two rounds are in memory at a time."""


class Outbox(Protocol):
    """The part of the ledger that delivery needs (`ledger.store.Ledger`)."""

    def pending_facts(self, consumer: str, limit: int, *, after: int = 0) -> list[StoredFact]:
        """The oldest facts beyond number `after` that the consumer has not acknowledged."""
        ...

    def acknowledge(self, consumer: str, seq: int) -> None:
        """The consumer has delivered every fact up to `seq`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """The names of the two log groups."""

    table_access: str
    queries: str

    def of(self, stream: Stream) -> str:
        """The log group of a sort of events."""
        return self.table_access if stream is Stream.TABLE_ACCESS else self.queries


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """What is sent together; `last_seq` is its last fact."""

    last_seq: int
    events: Sequence[Outgoing]


class Delivery:
    """The outbox's consumer that writes to CloudWatch Logs. From one thread at a time, but for `close`.

    All targets' events go through one client, into one pair of log groups, each target into a stream of its own.
    """

    def __init__(
        self,
        *,
        outbox: Outbox,
        consumer: str,
        client: Any,  # botocore makes its clients at run time
        groups: Groups,
        tally: Tally,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        create_groups: bool = True,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Nothing is sent before `run_once`."""
        self._outbox = outbox
        self._consumer = consumer
        self._groups = groups
        self._transport = Transport(client=client, tally=tally, now=now, create_groups=create_groups)
        self._backoff = Backoff(monotonic, chance)
        self._under_way: deque[int] = deque()
        self._closed = False

    @property
    def is_waiting(self) -> bool:
        """Whether a failure was told and it is too early to try again: `run_once` would prove nothing."""
        return self._backoff.is_waiting

    def run_once(self) -> bool:
        """Deliver one round, or send again what is open of the last one; whether there may be more to do at once.

        Raises:
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as AWS and botocore raise them; the
                facts stay in the outbox, and a later call tries again.
            LedgerError: from the outbox.
        """
        if self._closed or self._backoff.is_waiting:
            return False
        try:
            return self._deliver()
        except Exception:
            if self._closed:
                return False
            raise

    def close(self) -> None:
        """End at once, also from another thread; what is open stays in the outbox."""
        self._closed = True
        self._transport.close()

    def _deliver(self) -> bool:
        """The oldest round, and before it has ended the next one is on its way: CloudWatch Logs takes its time."""
        if not self._go_on():
            return False
        following = None
        try:
            if self._transport.has_room:
                following = self._read()
        finally:
            # Whatever keeps the next round from being read, this one is on its way, and ends as any other.
            if following is not None:
                self._start(following)
            self._finish()
        return True

    def _go_on(self) -> bool:
        """Have a round under way; False if there is nothing to send."""
        if self._transport.has_failed:
            with self._backing_off():
                self._transport.start()
        elif not self._transport.is_busy:
            first = self._read()
            if first is None:
                return False
            self._start(first)
        return True

    def _read(self) -> _Round | None:
        """The facts after those that are under way."""
        after = self._under_way[-1] if self._under_way else 0
        facts = self._outbox.pending_facts(self._consumer, FACTS_AT_ONCE, after=after)
        return _Round(last_seq=facts[-1].seq, events=list(self._outgoing(facts))) if facts else None

    def _start(self, round_: _Round) -> None:
        self._transport.begin(round_.events)
        self._under_way.append(round_.last_seq)
        with self._backing_off():
            self._transport.start()

    def _finish(self) -> None:
        with self._backing_off():
            self._transport.finish()
        self._backoff.succeeded()
        self._outbox.acknowledge(self._consumer, self._under_way.popleft())

    @contextmanager
    def _backing_off(self) -> Iterator[None]:
        try:
            yield
        except Exception:
            self._backoff.failed()
            raise

    def _outgoing(self, facts: Sequence[StoredFact]) -> Iterator[Outgoing]:
        for fact in facts:
            stream = f"{fact.target.account_id}/{fact.target.region}"
            for event in events_of(fact):
                yield Outgoing(self._groups.of(event.stream), stream, event.at_ms, event.message)
