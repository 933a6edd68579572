"""An SQS queue as a source needs it: long polling, a window that gathers, deletion after the commit, poison left alone.

Stage: SQS -> **queues** -> sources/eventbridge.py, sources/trail. A message is deleted when what it told is committed;
one that nobody here can read is counted and left where it is, so that the queue's redrive policy moves it to its
dead-letter queue. Delivery is at least once and in no order: whoever reads must know what it has seen.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
"""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError

from athena_exporter.records import Target
from athena_exporter.sources.answers import Answer, Clock, answered_at, ask
from athena_exporter.sources.session import SqsApi

RECEIVE = 10
"""Messages that a call brings or deletes at most."""
LONGEST_WAIT = timedelta(seconds=20)
"""How long a call waits for a message at most: 180 calls an hour where nothing happens."""
VISIBILITY = timedelta(minutes=2)
"""For how long nobody else is given what was received: as long as it may take to commit it."""
REMEMBERED = 10_000
"""Messages left alone whose ids are kept, so that each is counted once although it comes again."""
USED = "used"
"""The result of a message whose contents were recorded."""
UNUSED = "unused"
"""The result of a message that is well and of no interest: it is deleted, too."""

_log = logging.getLogger(__name__)


class Poison(StrEnum):
    """Why a message is left for the dead-letter queue."""

    NO_JSON = "no_json"
    ALIEN = "alien"
    """JSON, and none that belongs into this queue."""
    MALFORMED = "malformed"
    """An event of ours that lacks what makes it one."""
    OTHER_ACCOUNT = "other_account"
    OTHER_REGION = "other_region"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message. `body` is a JSON object, out of its SNS envelope if it came in one; `received` counts from 1."""

    id: str
    receipt: str
    received: int
    sent_at: datetime | None
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What one window brought, each message once.

    `observed_at` is AWS's clock. `reached`: what was sent before it has come, as far as a queue without an order can
    tell; it is AWS's clock where the queue was empty.
    """

    messages: Sequence[Message]
    observed_at: datetime
    reached: datetime


class Queue:
    """One queue, read by one thread.

    Args:
        client: SQS's.
        url: the queue's address.
        source: the source that reads it, for the log.
        target: the account and Region of that source.
        clock: the local time, where an answer brings none.
        pause: waits so many seconds.
        gather: how long messages are waited for that come together with the first.
        visibility: for how long nobody else is given what was received.
    """

    def __init__(
        self,
        *,
        client: SqsApi,
        url: str,
        source: str,
        target: Target,
        clock: Clock,
        pause: Callable[[float], object],
        gather: timedelta = timedelta(seconds=1),
        visibility: timedelta = VISIBILITY,
    ) -> None:
        self._client = client
        self._url = url
        self._source = source
        self._target = target
        self._clock = clock
        self._pause = pause
        self._gather = gather
        self._visibility = visibility
        self._left: dict[str, None] = {}
        self._said: set[str] = set()
        self._results: Counter[str] = Counter()

    def has_dead_letters(self) -> bool:
        """Whether the queue has a redrive policy; without one, what nobody can read comes again and again.

        Raises:
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as they are.
        """
        answer = self._asked(self._client.get_queue_attributes, AttributeNames=["RedrivePolicy"])
        return "RedrivePolicy" in answer.get("Attributes", {})

    def retention(self) -> timedelta:
        """For how long the queue keeps a message that nobody deletes.

        Raises:
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as they are.
        """
        name = "MessageRetentionPeriod"
        answer = self._asked(self._client.get_queue_attributes, AttributeNames=[name])
        return timedelta(seconds=_whole(answer.get("Attributes", {}).get(name)))

    def receive(self, *, most: int, wait: timedelta = LONGEST_WAIT) -> Received:
        """Wait for a message, then gather those that come with it.

        Args:
            most: messages at most.
            wait: for the first one, in whole seconds.

        Raises:
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as they are.
        """
        self._said.clear()
        raw, observed_at = self._ask(min(most, RECEIVE), wait)
        if 0 < len(raw) < RECEIVE:
            self._pause(self._gather.total_seconds())
        while raw and len(raw) < most:
            more, observed_at = self._ask(min(most - len(raw), RECEIVE), timedelta(0))
            raw += more
            if len(more) < RECEIVE:
                break
        messages = {one.id: one for one in map(self._read, raw) if one is not None}
        sent = [one.sent_at for one in messages.values() if one.sent_at is not None and one.received == 1]
        return Received(messages=tuple(messages.values()), observed_at=observed_at, reached=min([observed_at, *sent]))

    def delete(self, messages: Iterable[Message]) -> None:
        """Delete what is committed. What cannot be deleted comes again, and adds nothing then.

        Raises:
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as they are.
        """
        done = list(messages)
        for start in range(0, len(done), RECEIVE):
            part = done[start : start + RECEIVE]
            entries = [{"Id": str(number), "ReceiptHandle": one.receipt} for number, one in enumerate(part)]
            self._asked(self._client.delete_message_batch, Entries=entries)

    def leave(self, message: Message, poison: Poison, words: str) -> None:
        """Leave a message that belongs to nobody here; `words` say why and hold nothing of what it says."""
        self._leave(message.id, poison, words)

    def count(self, result: str, messages: int = 1) -> None:
        """So many messages came to this."""
        self._results[result] += messages

    def take_results(self) -> Mapping[str, int]:
        """What has been counted since the last time."""
        taken, self._results = self._results, Counter()
        return taken

    def _ask(self, most: int, wait: timedelta) -> tuple[list[Mapping[str, Any]], datetime]:
        answer = self._asked(
            self._client.receive_message,
            MaxNumberOfMessages=most,
            WaitTimeSeconds=int(min(wait, LONGEST_WAIT).total_seconds()),
            VisibilityTimeout=int(self._visibility.total_seconds()),
            MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
        )
        return list(answer.get("Messages", ())), answered_at(answer, self._clock)

    def _asked(self, call: Callable[..., Answer], **arguments: object) -> Answer:
        """One call about this queue. AWS's errors do not say which one it was; this one's note does."""
        try:
            return ask(call, QueueUrl=self._url, **arguments)
        except ClientError as error:
            error.add_note(self._url)
            raise

    def _read(self, raw: Mapping[str, Any]) -> Message | None:
        identity, receipt = str(raw.get("MessageId")), raw.get("ReceiptHandle")
        body = _opened(raw.get("Body"))
        if body is None or not isinstance(receipt, str):
            self._leave(identity, Poison.NO_JSON, "its body is no JSON object")
            return None
        told = raw.get("Attributes", {})
        return Message(
            id=identity,
            receipt=receipt,
            received=max(1, _whole(told.get("ApproximateReceiveCount"))),
            sent_at=_time(told.get("SentTimestamp")),
            body=body,
        )

    def _leave(self, identity: str, poison: Poison, words: str) -> None:
        if identity in self._left:
            return
        self._left[identity] = None
        if len(self._left) > REMEMBERED:
            del self._left[next(iter(self._left))]
        self.count(poison.value)
        if poison.value not in self._said:
            self._said.add(poison.value)
            _log.warning(
                "%s (%s, %s): message %s: %s; it and others like it are left for the queue's dead-letter queue",
                self._source, self._target.account_id, self._target.region, identity, words,
            )  # fmt: skip  # one sentence and its parts


def _opened(body: object) -> Mapping[str, Any] | None:
    """The JSON object of a body; what SNS has put into an envelope is taken out of it.

    https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
    """
    said = _object(body)
    if said is not None and said.get("Type") == "Notification" and "TopicArn" in said:
        return _object(said.get("Message"))
    return said


def _object(text: object) -> Mapping[str, Any] | None:
    if not isinstance(text, str):
        return None
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _whole(text: object) -> int:
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() else 0


def _time(text: object) -> datetime | None:
    """Milliseconds since 1970, as text."""
    milliseconds = _whole(text)
    # Far in the future is no time at all; datetime would refuse it.
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC) if 0 < milliseconds < 2**42 else None
