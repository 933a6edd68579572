"""A round of events on its way: watchtower carries it, and what it drops is found out and sent again.

What watchtower needs around it, each learnt from a way in which it lost events: the stream exists before the first
event (it drops all while it creates one), a batch spans less than a day and is in order (else CloudWatch Logs refuses
it whole, and watchtower drops it whole), a message fits (it is cut in the middle otherwise), a warning is no error
(it would end watchtower's thread), and somebody looks at what was accepted.
"""

import logging
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

from watchtower import CloudWatchLogHandler, WatchtowerWarning

from athena_exporter.outlets.events.acceptance import Acceptance, Tally
from athena_exporter.outlets.events.shape import LARGEST_MESSAGE
from athena_exporter.records import epoch_ms
from athena_exporter.sources.errors import GarbledAnswerError

OLDEST = timedelta(days=13, hours=12)
"""CloudWatch Logs refuses what is older than 14 days; half a day is left for the way."""
SPAN_MS = 23 * 3_600_000
"""A batch of CloudWatch Logs must span less than a day."""
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


class Transport:
    """Sends rounds to CloudWatch Logs. One round at a time, from one thread."""

    def __init__(
        self, *, client: Any, tally: Tally, now: Callable[[], datetime], create_groups: bool = True
    ) -> None:  # botocore makes its clients at run time
        """`client` is a CloudWatch Logs client of boto3."""
        self._client = client
        self._tally = tally
        self._now = now
        self._create_groups = create_groups
        self._acceptance = Acceptance(client, tally)
        self._handlers: dict[Place, CloudWatchLogHandler] = {}
        self._ready: set[Place] = set()
        self._round: tuple[Outgoing, ...] = ()
        self._is_fresh = False
        self._at_once = 10_000
        # Whoever turns warnings into errors (python -W error) would end watchtower's thread with the first one.
        # Nothing is hidden: whatever it warns of is seen by the hooks.
        warnings.filterwarnings("ignore", category=WatchtowerWarning)

    @property
    def is_busy(self) -> bool:
        """Whether a round was begun that is not over."""
        return bool(self._round)

    def begin(self, events: Iterable[Outgoing]) -> None:
        """Take on a round; `attempt` sends it."""
        self._round = tuple(sorted(events, key=_ORDER))
        self._is_fresh = True
        for group, part in groupby(self._round, key=attrgetter("group")):
            self._acceptance.expect(group, [event.message for event in part])

    def attempt(self) -> None:
        """Send what is open of the round, and return when none of it is. Raises as `start` and `finish` do."""
        self.start()
        self.finish()

    def start(self) -> None:
        """Hand what is open of the round to watchtower, whose threads send it while the caller does something else.

        Raises:
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: a stream could not be made; another
                attempt tries again.
        """
        self._acceptance.begin()
        if self._is_fresh:
            self._drop_hopeless()
        for place, events in groupby(self._open_events(), key=_PLACE):
            self._send(place, list(events))
        self._is_fresh = False
        for handler in self._handlers.values():
            _cut(handler)

    def finish(self) -> None:
        """Return when nothing of the round is open.

        Raises:
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as AWS and botocore raise them; what
                was not accepted stays open, and the next attempt sends it again.
        """
        self._settle()
        if self._acceptance.is_open:
            self._give_up()
        self._round = ()
        self._at_once = 10_000

    def close(self) -> None:
        """End at once, also from another thread than the one that sends: what is open stays where it came from."""
        self._acceptance.close()
        for handler in tuple(self._handlers.values()):
            _abandon(handler)

    # -- an attempt -----------------------------------------------------------------------------------------------

    def _open_events(self) -> Iterable[Outgoing]:
        return self._round if self._is_fresh else self._left()

    def _left(self) -> Iterator[Outgoing]:
        waiting = {group: self._acceptance.still_open(group) for group in {event.group for event in self._round}}
        for event in self._round:
            if waiting[event.group][event.message] > 0:
                waiting[event.group][event.message] -= 1
                yield event

    def _drop_hopeless(self) -> None:
        oldest_ms = epoch_ms(self._now() - OLDEST)
        for event in self._round:
            if event.at_ms < oldest_ms:
                self._drop(event, "too_old")
            elif len(event.message) > LARGEST_MESSAGE:
                self._drop(event, "too_large")

    def _drop(self, event: Outgoing, reason: str) -> None:
        self._is_fresh = False
        self._acceptance.drop(event.group, reason, [event.message])

    def _send(self, place: Place, events: Sequence[Outgoing]) -> None:
        handler = self._handler(place)
        for number, part in enumerate(_batches(events, self._at_once)):
            if number:
                _cut(handler)
            self._hand_over(handler, part)

    def _hand_over(self, handler: CloudWatchLogHandler, events: Sequence[Outgoing]) -> None:
        # One record for all, for watchtower has read it when `emit` returns, and making one takes as long as the rest.
        # And not `handle`: its lock is for several threads, its filters are for others' records.
        record = logging.LogRecord(_LOGGER, logging.INFO, "", 0, "", None, None)
        for event in events:
            record.msg = event.message
            # watchtower cuts the seconds off at the millisecond: half of one more keeps a float from losing the last.
            record.created = (event.at_ms + 0.5) / 1000
            handler.emit(record)  # type: ignore[no-untyped-call]  # watchtower's has no annotations

    def _settle(self) -> None:
        """Wait until watchtower has nothing left to send, as long as it gets on."""
        while True:
            before = self._acceptance.settled
            for handler in tuple(self._handlers.values()):
                _flush(handler)
            if not self._acceptance.is_open or self._acceptance.failure or self._acceptance.settled == before:
                return

    def _give_up(self) -> None:
        """This attempt, not the round: what is open will be sent again, by handlers that begin afresh."""
        failure, invalid = self._acceptance.failure, self._acceptance.smallest_invalid
        self._acceptance.retire()
        for place in list(self._handlers):
            self._discard(place)
        if invalid is not None:
            # One event is invalid, or all of them together: smaller and smaller batches find out which.
            self._at_once = max(1, min(self._at_once, invalid) // 10)
        for group, part in groupby(self._open_events(), key=attrgetter("group")):
            self._tally.events_resent(group, sum(1 for _ in part))
        raise failure or GarbledAnswerError(operation="PutLogEvents", why="nothing tells whether events were accepted")

    # -- streams and handlers -------------------------------------------------------------------------------------

    def _handler(self, place: Place) -> CloudWatchLogHandler:
        self._prepare(place)
        if place not in self._handlers:
            group, stream = place
            self._handlers[place] = CloudWatchLogHandler(
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
        _abandon(self._handlers.pop(place))


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


def _flush(handler: CloudWatchLogHandler) -> None:
    handler.flush()  # type: ignore[no-untyped-call]  # watchtower's has no annotations


def _cut(handler: CloudWatchLogHandler) -> None:
    """End the batch here, and do not wait until it is sent: two streams' batches may be under way together."""
    handler.FLUSH_TIMEOUT = 0
    try:
        _flush(handler)
    finally:
        handler.FLUSH_TIMEOUT = CloudWatchLogHandler.FLUSH_TIMEOUT


def _abandon(handler: CloudWatchLogHandler) -> None:
    """Close a handler without waiting for it: its thread ends by itself."""
    handler.FLUSH_TIMEOUT = 0
    handler.close()  # type: ignore[no-untyped-call]  # as above
