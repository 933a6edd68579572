"""Receiving and deleting from moto's queues, and what they are like, without a look at every message for each one.

Moto asks for all attributes of a queue before it hands out a message, for all of them again for each one that somebody
asks for, and walks over all messages to delete one: ten thousand of them would take minutes. The same is done here to
the same messages; what is out of the ordinary (another queue, FIFO, attributes of messages, a parameter that AWS
refuses) is left to moto.
Stage: queues.py -> **quick** -> moto's SQS.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from athena_testbed.settings import ACCOUNT_ID
from athena_testbed.wire import Json

_MOST = 10


class QuickQueues:
    """The queues of one Region. Not for several threads at once: moto loses messages then."""

    def __init__(self, region: str) -> None:
        self._region = region

    @cached_property
    def _moto(self) -> Any:
        """Moto's queues; imported when they are first needed, for moto takes its time."""
        from moto.sqs.models import sqs_backends  # noqa: PLC0415 - as above

        return sqs_backends[ACCOUNT_ID][self._region]

    def _queue(self, asked: Json) -> Any | None:
        """The queue; None for one that is moto's own business."""
        account_id, _, name = str(asked.get("QueueUrl")).rpartition("/")
        queue = self._moto.queues.get(name) if account_id.endswith(ACCOUNT_ID) else None
        return None if queue is None or queue.fifo_queue else queue

    def receive(self, asked: Json) -> Json | None:
        """The body of an answer; None where moto has to answer."""
        most, hidden = asked.get("MaxNumberOfMessages", 1), asked.get("VisibilityTimeout")
        queue = self._queue(asked)
        is_odd = not isinstance(most, int) or not 1 <= most <= _MOST or asked.get("MessageAttributeNames")
        if queue is None or is_odd:
            return None
        wanted = {*asked.get("AttributeNames", ()), *asked.get("MessageSystemAttributeNames", ())}
        taken = _taken(queue, most, queue.visibility_timeout if hidden is None else hidden)
        messages = [_told(message, wanted) for message in taken]
        return {"Messages": messages} if messages else {}

    def delete(self, asked: Json) -> Json | None:
        """The body of an answer; None where moto has to answer: also where a receipt was never given out."""
        queue, entries = self._queue(asked), asked.get("Entries") or []
        receipts = [entry.get("ReceiptHandle") for entry in entries]
        if queue is None or not entries or len(set(receipts)) < len(receipts):
            return None
        flying = {handle: message for message in queue.pending_messages for handle in message.all_receipt_handles}
        if any(receipt not in flying and receipt not in queue.deleted_messages for receipt in receipts):
            return None
        here = [flying[receipt] for receipt in receipts if receipt in flying]
        for message in {id(one): one for one in here}.values():
            queue.pending_messages.discard(message)
            queue.deleted_messages.update(message.all_receipt_handles)
            queue._messages.remove(message)  # noqa: SLF001 - moto has no other way
        return {"Successful": [{"Id": entry.get("Id")} for entry in entries], "Failed": []}

    def attributes(self, asked: Json) -> Json | None:
        """The body of an answer; None where moto has to answer: all attributes at once, and the seldom ones."""
        queue, names = self._queue(asked), asked.get("AttributeNames") or []
        if queue is None or not names or any(name not in _ATTRIBUTES for name in names):
            return None
        told = {name: text for name in names if (text := _ATTRIBUTES[name](queue)) is not None}
        return {"Attributes": told} if told else {}


def _waiting(queue: Any) -> str:
    return str(sum(1 for _ in _visible(queue)))


def _hidden(queue: Any) -> str:
    now = time.time() * 1000
    return str(sum(1 for message in queue._messages if message.visible_at >= now))  # noqa: SLF001 - moto has no other way


def _redriven(queue: Any) -> str | None:
    return json.dumps(queue.redrive_policy) if queue.redrive_policy else None


_ATTRIBUTES: Mapping[str, Callable[[Any], str | None]] = {
    "ApproximateNumberOfMessages": _waiting,
    "ApproximateNumberOfMessagesNotVisible": _hidden,
    "MessageRetentionPeriod": lambda queue: str(queue.message_retention_period),
    "QueueArn": lambda queue: str(queue.queue_arn),
    "RedrivePolicy": _redriven,
}
"""What sources and tests ask for."""


def _taken(queue: Any, most: int, hidden: int) -> Sequence[Any]:
    """So many messages, marked as received; what was received too often goes to the dead-letter queue."""
    taken: list[Any] = []
    dead: list[Any] = []
    for message in _visible(queue):
        if queue.dead_letter_queue is not None and _is_dead(queue, message):
            dead.append(message)
            continue
        queue.pending_messages.add(message)
        message.mark_received(visibility_timeout=hidden)
        taken.append(message)
        if len(taken) == most:
            break
    for message in dead:
        queue.pending_messages.discard(message)
        queue._messages.remove(message)  # noqa: SLF001 - as above
        queue.dead_letter_queue.add_message(message)
    return taken


def _visible(queue: Any) -> Iterator[Any]:
    """As moto sees it, but for the clock, which moto reads slowly and twice for each message."""
    now = time.time() * 1000
    return (one for one in queue._messages if one.visible_at < now and one.delayed_until <= now)  # noqa: SLF001 - as above


def _is_dead(queue: Any, message: Any) -> bool:
    return bool(queue.redrive_policy) and message.approximate_receive_count >= queue.redrive_policy["maxReceiveCount"]


def _told(message: Any, wanted: set[str]) -> Json:
    told: Mapping[str, str] = {
        "SenderId": message.sender_id,
        "SentTimestamp": str(message.sent_timestamp),
        "ApproximateReceiveCount": str(message.approximate_receive_count),
        "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
    }
    return {
        "MessageId": message.id,
        "ReceiptHandle": message.receipt_handle,
        "MD5OfBody": message.body_md5,
        "Body": message.body,
        "Attributes": {name: text for name, text in told.items() if name in wanted or "All" in wanted},
    }
