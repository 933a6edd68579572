"""One channel's way through the outbox: a fact is acknowledged when its message was taken, or never will be.

At least once: whatever happens between the sending and the acknowledgement, the message is sent again, with the same
decision id. Each channel reads for itself, so that one which is down holds up no other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from athena_exporter.budgets import Globs
from athena_exporter.config import News
from athena_exporter.ledger.outbox import StoredFact
from athena_exporter.outlets.backoff import Backoff
from athena_exporter.outlets.notifications.errors import ChannelError, RefusedError
from athena_exporter.outlets.notifications.message import message_of
from athena_exporter.outlets.notifications.notice import Notice, notice_of
from athena_exporter.outlets.notifications.people import People
from athena_exporter.outlets.notifications.senders import Sender


class Outbox(Protocol):
    """The part of the ledger that a channel needs (`ledger.store.Ledger`)."""

    def pending_facts(self, consumer: str, limit: int) -> list[StoredFact]:
        """The oldest facts that the consumer wants and has not acknowledged."""
        ...

    def acknowledge(self, consumer: str, seq: int) -> None:
        """The consumer has delivered every fact up to `seq`."""
        ...


class Tally(Protocol):
    """Told what became of messages (`telemetry.Telemetry`)."""

    def notified(self, channel: str, result: str, count: int = 1) -> None:
        """One of `RESULTS`; a count of 0 makes the series exist."""
        ...


RESULTS = ("sent", "failed", "refused", "skipped")
"""What may become of a message, or of one try."""
_AHEAD = 50
"""So many facts are looked at for one that says more of the same subject."""


def _at_once(_: datetime) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a channel is told: which news, of which budgets."""

    news: frozenset[News]
    budgets: Globs

    def fits(self, notice: Notice) -> bool:
        """Whether it is told of this."""
        return notice.news in self.news and self.budgets.fit(notice.budget)


class Notifier:
    """The outbox's reader behind one channel. From one thread at a time."""

    def __init__(
        self,
        *,
        name: str,
        consumer: str,
        outbox: Outbox,
        wanted: Wanted,
        people: People,
        sender: Sender,
        tally: Tally,
        console_url: str,
        monotonic: Callable[[], float],
        chance: Callable[[], float],
        is_ripe: Callable[[datetime], bool] = _at_once,
    ) -> None:
        """Nothing is sent before `run_once`; `name` is the label, `consumer` the outbox's name for it.

        `is_ripe` says whether what was decided at that time may be told now, or is waited with for more.
        """
        self._name = name
        self._consumer = consumer
        self._outbox = outbox
        self._wanted = wanted
        self._people = people
        self._sender = sender
        self._tally = tally
        self._console_url = console_url
        self._backoff = Backoff(monotonic, chance)
        self._is_ripe = is_ripe
        self._has_lost = False
        for result in RESULTS:
            tally.notified(name, result, 0)

    @property
    def is_waiting(self) -> bool:
        """Whether a call would prove nothing: too early after a failure, or nothing to send after a loss."""
        return self._backoff.is_waiting or (self._has_lost and not self._next())

    def run_once(self) -> bool:
        """Send the oldest message; whether there may be another.

        Raises:
            ChannelError: it did not arrive and is tried again later; RefusedError: it is lost, the next one comes next.
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as ChannelError, of SNS.
            LedgerError: from the outbox.
        """
        facts = [] if self._backoff.is_waiting else self._next()
        if facts:
            self._tell(facts[0], facts[1:])
        return bool(facts)

    def _next(self) -> list[StoredFact]:
        """The oldest facts, the first of them to be told now."""
        facts = self._outbox.pending_facts(self._consumer, _AHEAD)
        return facts if facts and self._is_ripe(notice_of(facts[0]).at) else []

    def _tell(self, fact: StoredFact, later: Sequence[StoredFact]) -> None:
        notice = notice_of(fact)
        result = "skipped"
        if self._wanted.fits(notice) and not self._is_outdone(notice, later):
            self._send(notice, fact)
            result = "sent"
        self._outbox.acknowledge(self._consumer, fact.seq)
        self._tally.notified(self._name, result)

    def _is_outdone(self, notice: Notice, later: Sequence[StoredFact]) -> bool:
        """Whether it is a warning, and that the subject is over the limit waits behind it."""
        if notice.news is not News.WARNED:
            return False
        more = (one for one in map(notice_of, later) if one.news is News.EXCEEDED and self._wanted.fits(one))
        whose = (notice.target, notice.budget, notice.subject)
        return any((one.target, one.budget, one.subject) == whose for one in more)

    def _send(self, notice: Notice, fact: StoredFact) -> None:
        message = message_of(notice, self._people.addressed(notice), self._console_url)
        try:
            self._sender.send(message)
        except RefusedError:
            self._outbox.acknowledge(self._consumer, fact.seq)
            self._has_lost = True
            self._tally.notified(self._name, "refused")
            raise
        except Exception as error:
            self._backoff.failed(*([error.retry_after] if isinstance(error, ChannelError) else ()))
            self._tally.notified(self._name, "failed")
            raise
        self._backoff.succeeded()
        self._has_lost = False
