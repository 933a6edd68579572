"""A round of events on its way: watchtower carries it, and what it drops is found out and sent again.

What watchtower needs around it, each learnt from a way in which it lost events: the stream exists before the first
event (it drops all while it creates one), a batch spans less than a day and is in order (else CloudWatch Logs refuses
it whole, and watchtower drops it whole), a message fits (it is cut in the middle otherwise), a warning is no error
(it would end watchtower's thread), and somebody looks at what was accepted.
"""

import logging
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

from watchtower import CloudWatchLogHandler, WatchtowerWarning

from athena_exporter.outlets.events.acceptance import Acceptance, Expected, Tally
from athena_exporter.outlets.events.shape import LARGEST_MESSAGE
from athena_exporter.records import epoch_ms
from athena_exporter.sources.errors import GarbledAnswerError

OLDEST = timedelta(days=13, hours=12)
"""CloudWatch Logs refuses what is older than 14 days; half a day is left for the way."""
SPAN_MS = 23 * 3_600_000
"""A batch of CloudWatch Logs must span less than a day."""
MOST_EVENTS = 10_000
"""A batch of CloudWatch Logs has no more; each counts `EXTRA_BYTES` beside its text."""
EXTRA_BYTES = CloudWatchLogHandler.EXTRA_MSG_PAYLOAD_SIZE
ROUNDS = 2
"""Rounds under way at a time."""
_LOGGER = "athena_exporter.events"
Place: TypeAlias = tuple[str, str]
"""A log group and a stream in it."""


# A named tuple, for a frozen dataclass takes three times as long to make, and this is made for every event.
class Outgoing(NamedTuple):
    """One event: where it goes, its time in epoch milliseconds, and its text, ASCII and on one line."""

    group: str
    stream: str
    at_ms: int
    message: str


_PLACE = attrgetter("group", "stream")
_ORDER = attrgetter("group", "stream", "at_ms")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """Events in order, and what CloudWatch Logs is expected to take of them."""

    events: Sequence[Outgoing]
    expected: Expected


class Transport:
    """Sends rounds to CloudWatch Logs, from one thread. A second one may be begun while the first is under way.

    Then the end of the first travels in one batch with the beginning of the second, and nothing stands still between
    them. A failure ends both attempts: what is open of both is sent again.
    """

    def __init__(
        self, *, client: Any, tally: Tally, now: Callable[[], datetime], create_groups: bool = True
    ) -> None:  # botocore makes its clients at run time
        """`client` is a CloudWatch Logs client of boto3."""
        self._client = client
        self._tally = tally
        self._now = now
        self._create_groups = create_groups
        self._acceptance = Acceptance(client, tally)
        self._handlers: dict[Place, _Carrier] = {}
        self._ready: set[Place] = set()
        self._rounds: deque[_Round] = deque()
        self._held: dict[Place, tuple[int, int]] = {}
        self._must_repeat = False
        self._at_once = MOST_EVENTS
        # Whoever turns warnings into errors (python -W error) would end watchtower's thread with the first one.
        # Nothing is hidden: whatever it warns of is seen by the hooks.
        warnings.filterwarnings("ignore", category=WatchtowerWarning)

    @property
    def is_busy(self) -> bool:
        """Whether a round was begun that is not over."""
        return bool(self._rounds)

    @property
    def has_failed(self) -> bool:
        """Whether what is open has to be handed over once more."""
        return self._must_repeat

    @property
    def has_room(self) -> bool:
        """Whether one more round may be begun: while the last one is under way, and nothing has failed."""
        return len(self._rounds) < ROUNDS and not self._must_repeat and self._acceptance.failure is None

    def begin(self, events: Iterable[Outgoing]) -> None:
        """Take on a round; `start` hands it over."""
        ordered = sorted(events, key=_ORDER)
        messages = {
            group: [event.message for event in part] for group, part in groupby(ordered, key=attrgetter("group"))
        }
        if not self._rounds:
            self._acceptance.begin()
        self._rounds.append(_Round(events=ordered, expected=self._acceptance.expect(messages)))

    def attempt(self) -> None:
        """Send what is open of the only round, and return when none of it is. Raises as `start` and `finish` do."""
        self.start()
        self.finish()

    def start(self) -> None:
        """Hand the newest round to watchtower, or after a failure all that is open; its threads do the rest.

        Raises:
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: a stream could not be made; another
                `start` tries again.
        """
        try:
            if self._must_repeat:
                self._acceptance.begin()
                self._hand_over(self._left(), until_all_sent=True)
            else:
                self._hand_over(self._sendable(self._rounds[-1].events), until_all_sent=False)
        except Exception:
            self._withdraw()
            raise
        self._must_repeat = False

    def finish(self) -> None:
        """Return when nothing of the oldest round is open.

        Raises:
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as AWS and botocore raise them; what
                was not accepted of any round stays open, and the next `start` sends it again.
        """
        oldest = self._rounds[0].expected
        if len(self._rounds) > 1:
            self._acceptance.wait(oldest, CloudWatchLogHandler.FLUSH_TIMEOUT)
        if oldest.is_open:
            self._cut_all()
            self._settle()
        if oldest.is_open:
            self._give_up()
        self._rounds.popleft()
        self._at_once = MOST_EVENTS

    def close(self) -> None:
        """End at once, also from another thread than the one that sends: what is open stays where it came from."""
        self._acceptance.close()
        for handler in tuple(self._handlers.values()):
            handler.abandon()

    # -- an attempt -----------------------------------------------------------------------------------------------

    def _left(self) -> list[Outgoing]:
        """What is open of all rounds, in order."""
        events = sorted((event for round_ in self._rounds for event in round_.events), key=_ORDER)
        waiting = {group: self._acceptance.still_open(group) for group in {event.group for event in events}}
        left = []
        for event in events:
            if waiting[event.group][event.message] > 0:
                waiting[event.group][event.message] -= 1
                left.append(event)
        return left

    def _sendable(self, events: Iterable[Outgoing]) -> list[Outgoing]:
        """All but the hopeless ones, which are counted."""
        oldest_ms = epoch_ms(self._now() - OLDEST)
        sendable = []
        for event in events:
            if event.at_ms < oldest_ms:
                self._acceptance.drop(event.group, "too_old", [event.message])
            elif len(event.message) > LARGEST_MESSAGE:
                self._acceptance.drop(event.group, "too_large", [event.message])
            else:
                sendable.append(event)
        return sendable

    def _hand_over(self, events: Iterable[Outgoing], *, until_all_sent: bool) -> None:
        """Give watchtower events in order; whatever it has held back of rounds before them goes out with them."""
        held_back = set(self._held)
        for place, part in groupby(events, key=_PLACE):
            if self._send(place, list(part)):
                held_back.discard(place)
        for place in tuple(self._held) if until_all_sent else held_back:
            self._cut(place)

    def _send(self, place: Place, events: Sequence[Outgoing]) -> bool:
        """Give events of one place; whether they alone fill a batch, so that none from before them can be left."""
        handler = self._handler(place)
        for number, part in enumerate(_batches(events, self._at_once)):
            whole = _joined(self._held.get(place), (part[0].at_ms, part[-1].at_ms))
            if number or whole[1] - whole[0] >= SPAN_MS:
                self._cut(place)
                whole = (part[0].at_ms, part[-1].at_ms)
            self._held[place] = whole
            _emit(handler, part)
        return sum(len(event.message) + EXTRA_BYTES for event in events) >= handler.max_batch_size

    def _cut(self, place: Place) -> None:
        """Let watchtower send what it holds back of a place: its threads end a batch at this mark, as in `flush`."""
        handler = self._handlers[place]
        for queue in handler.queues.values():
            queue.put(handler.FLUSH)
        self._held.pop(place, None)

    def _cut_all(self) -> None:
        for place in tuple(self._held):
            self._cut(place)

    def _settle(self) -> None:
        """Wait until watchtower has nothing left to send, as long as it gets on."""
        while True:
            before = self._acceptance.settled
            for handler in tuple(self._handlers.values()):
                handler.settle()
            if not self._acceptance.is_open or self._acceptance.failure or self._acceptance.settled == before:
                return

    def _give_up(self) -> None:
        """This attempt, not the rounds: what is open will be sent again, by handlers that begin afresh."""
        failure, invalid = self._acceptance.failure, self._acceptance.smallest_invalid
        self._withdraw()
        if invalid is not None:
            # One event is invalid, or all of them together: smaller and smaller batches find out which.
            self._at_once = max(1, min(self._at_once, invalid) // 10)
        for group, part in groupby(self._left(), key=attrgetter("group")):
            self._tally.events_resent(group, sum(1 for _ in part))
        raise failure or GarbledAnswerError(operation="PutLogEvents", why="nothing tells whether events were accepted")

    def _withdraw(self) -> None:
        """Nobody waits any more for what is under way."""
        self._must_repeat = True
        self._acceptance.retire()
        for place in list(self._handlers):
            self._discard(place)

    # -- streams and handlers -------------------------------------------------------------------------------------

    def _handler(self, place: Place) -> "_Carrier":
        self._prepare(place)
        if place not in self._handlers:
            group, stream = place
            self._handlers[place] = _Carrier(
                log_group_name=group,
                log_stream_name=stream,
                boto3_client=self._client,
                create_log_group=False,
                create_log_stream=False,
            )
            self._handlers[place].setFormatter(_Verbatim())
        return self._handlers[place]

    def _prepare(self, place: Place) -> None:
        if place in self._ready:
            return
        group, stream = place
        if self._create_groups:
            self._ensure(self._client.create_log_group, logGroupName=group)
        self._ensure(self._client.create_log_stream, logGroupName=group, logStreamName=stream)
        self._ready.add(place)

    def _ensure(self, create: Callable[..., object], **named: str) -> None:
        try:
            create(**named)
        except self._client.exceptions.ResourceAlreadyExistsException:
            return

    def _discard(self, place: Place) -> None:
        self._ready.discard(place)  # the stream may be what is missing
        self._held.pop(place, None)
        self._handlers.pop(place).abandon()


def _emit(handler: CloudWatchLogHandler, events: Iterable[Outgoing]) -> None:
    # One record for all, for watchtower has read it when `emit` returns, and making one takes as long as the rest.
    # And not `handle`: its lock is for several threads, its filters are for others' records.
    record = logging.LogRecord(_LOGGER, logging.INFO, "", 0, "", None, None)
    for event in events:
        record.msg = event.message
        # watchtower cuts the seconds off at the millisecond: half of one more keeps a float from losing the last.
        record.created = (event.at_ms + 0.5) / 1000
        handler.emit(record)  # type: ignore[no-untyped-call]  # watchtower's has no annotations


def _joined(held: tuple[int, int] | None, more: tuple[int, int]) -> tuple[int, int]:
    """The first and the last moment of both."""
    return more if held is None else (min(held[0], more[0]), max(held[1], more[1]))


def _batches(events: Sequence[Outgoing], at_once: int) -> Iterator[Sequence[Outgoing]]:
    """Runs of events in order of time, each within `SPAN_MS` and no longer than `at_once`."""
    start = 0
    for number, event in enumerate(events):
        if event.at_ms - events[start].at_ms >= SPAN_MS or number - start >= at_once:
            yield events[start:number]
            start = number
    yield events[start:]


class _Verbatim(logging.Formatter):
    """The message is the text already."""

    def format(self, record: logging.LogRecord) -> str:
        return str(record.msg)


class _Carrier(CloudWatchLogHandler):
    """watchtower's handler, which its owner alone flushes and closes.

    When a program ends, logging flushes and closes every handler, the newest first: this one while its owner still
    delivers. What is given to a closed one is lost, and one that is given something after its end waits half a minute.
    """

    def flush(self) -> None:
        """Nothing: it is logging that asks."""

    def close(self) -> None:
        """Nothing, as `flush`."""

    def settle(self) -> None:
        """Wait until all is sent, at most `FLUSH_TIMEOUT`."""
        super().flush()  # type: ignore[no-untyped-call]  # watchtower's has no annotations

    def abandon(self) -> None:
        """Close it without waiting: its thread ends by itself."""
        self.FLUSH_TIMEOUT = 0
        super().close()  # type: ignore[no-untyped-call]  # as above
