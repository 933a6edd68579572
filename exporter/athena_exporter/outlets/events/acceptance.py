"""What CloudWatch Logs has taken, learnt from botocore's public hooks on the client that watchtower uses.

watchtower tells nobody whether a batch arrived: it warns, and drops what five tries could not send. The hooks see
every call and its answer. They also end what watchtower would go on with in vain: after a failure the rest of the
round is refused here, at once, so that its queue empties and the round can be sent again in order.
"""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from weakref import WeakSet

_OPERATION = "logs.PutLogEvents"
_FAILURE = 300
_NOTHING: frozenset[str] = frozenset()
REFUSED = "refused"
"""The reason of an event that CloudWatch Logs calls invalid, sent alone."""


class Tally(Protocol):
    """Told of the fate of events, by log group."""

    def events_accepted(self, log_group: str, count: int) -> None:
        """CloudWatch Logs has taken them."""
        ...

    def events_resent(self, log_group: str, count: int) -> None:
        """They are sent once more."""
        ...

    def events_rejected(self, log_group: str, reason: str, count: int) -> None:
        """They will never be taken."""
        ...


class StoppedError(Exception):
    """Raised into watchtower instead of a call: the round has failed already, or nothing of the batch is open."""


@dataclass(slots=True, kw_only=True)
class Expected:
    """The messages of one round by log group: all of them, and how many of each are open. Only `Acceptance` writes."""

    own: dict[str, set[str]]
    waiting: dict[str, Counter[str]]

    @property
    def is_open(self) -> bool:
        """Whether any was neither accepted nor finally rejected."""
        return any(self.waiting.values())


class Acceptance:
    """Follows the calls of one client that carry events of its own. The hooks run in watchtower's threads."""

    def __init__(self, client: Any, tally: Tally) -> None:  # botocore makes its clients at run time
        self._client = client
        self._tally = tally
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._expected: list[Expected] = []
        self._ended = False
        self._threads: WeakSet[threading.Thread] = WeakSet()
        self._retired: WeakSet[threading.Thread] = WeakSet()
        self._key = f"athena_exporter_batch_{id(self)}"
        self._broken = False
        client.meta.events.register(f"provide-client-params.{_OPERATION}", self._asked)
        client.meta.events.register(f"after-call.{_OPERATION}", self._answered)
        client.meta.events.register(f"after-call-error.{_OPERATION}", self._failed)
        self._invalid: set[str] = set()
        self.failure: Exception | None = None
        self.settled = 0

    def close(self) -> None:
        """Follow nothing any more."""
        with self._lock:
            self._ended = True
            self._expected = []
            self._changed.notify_all()
        self.retire()

    def retire(self) -> None:
        """Refuse every further call of the threads that have sent so far: nobody waits for them any more."""
        with self._lock:
            self._retired |= self._threads
            self._threads = WeakSet()

    def expect(self, messages: Mapping[str, Sequence[str]]) -> Expected:
        """These, by log group, are about to be sent; rounds of which nothing is open are forgotten."""
        waiting = {group: Counter(texts) for group, texts in messages.items()}
        expected = Expected(own={group: set(texts) for group, texts in waiting.items()}, waiting=waiting)
        with self._lock:
            self._expected = [*(one for one in self._expected if one.is_open), expected]
        return expected

    def wait(self, expected: Expected, patience: float) -> None:
        """Until none of these is open, or something fails, or nothing gets on for so many seconds."""
        with self._changed:
            while True:
                before = self.settled
                over = self._changed.wait_for(
                    lambda: self._ended or self.failure is not None or not expected.is_open, patience
                )
                if over or self.settled == before:
                    return

    def begin(self) -> None:
        """A new attempt: what failed before is forgotten."""
        with self._lock:
            self.failure, self._broken = None, False
            self._invalid = set()

    def still_open(self, group: str) -> Counter[str]:
        """Messages that were neither accepted nor finally rejected, and how many of each."""
        with self._lock:
            return sum((one.waiting.get(group, Counter()) for one in self._expected), Counter[str]())

    @property
    def smallest_invalid(self) -> int | None:
        """How many events were refused as invalid only because they came together, None if none."""
        with self._lock:
            return len(self._invalid) or None

    @property
    def is_open(self) -> bool:
        """Whether anything at all is."""
        with self._lock:
            return any(one.is_open for one in self._expected)

    # -- botocore's hooks -----------------------------------------------------------------------------------------

    def _asked(self, *, params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
        messages = [event["message"] for event in params["logEvents"]]
        group = params["logGroupName"]
        thread = threading.current_thread()
        with self._lock:
            if thread in self._retired:
                raise StoppedError
            if all(one.own.get(group, _NOTHING).isdisjoint(messages) for one in self._expected):
                return  # somebody else's: a client may serve several
            if self._is_vain(group, messages):
                raise StoppedError
            self._threads.add(thread)
        context[self._key] = (group, messages)

    def _is_vain(self, group: str, messages: Sequence[str]) -> bool:
        if self._broken or messages[0] in self._invalid:
            return True
        return all(one.waiting.get(group, Counter[str]()).keys().isdisjoint(messages) for one in self._expected)

    def _answered(self, *, http_response: Any, parsed: dict[str, Any], context: dict[str, Any], **_: object) -> None:
        if self._key not in context:
            return
        group, messages = context[self._key]
        if http_response.status_code < _FAILURE:
            # Taken out of the answer, for watchtower would only warn that there was something in it.
            self._settle(group, messages, parsed.pop("rejectedLogEventsInfo", None) or {})
            return
        code = parsed.get("Error", {}).get("Code")
        if code == "InvalidParameterException" and len(messages) == 1:
            self._reject(group, REFUSED, messages)
            return
        with self._lock:
            self.failure = self._client.exceptions.from_code(code)(parsed, "PutLogEvents")
            if code == "InvalidParameterException":
                self._invalid.update(messages)  # others may go on: it says nothing of them
            else:
                self._broken = True
            self._changed.notify_all()

    def _failed(self, *, exception: Exception, context: dict[str, Any], **_: object) -> None:
        with self._lock:
            if self._key not in context:
                return
            self.failure, self._broken = exception, True
            self._changed.notify_all()

    def _settle(self, group: str, messages: Sequence[str], rejected: Mapping[str, int]) -> None:
        """Split a batch as its answer says; both ends that look back are exclusive, the one that looks ahead is not.

        docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_RejectedLogEventsInfo.html
        """
        expired = rejected.get("expiredLogEventEndIndex", 0)
        too_old = rejected.get("tooOldLogEventEndIndex", 0)
        too_new = rejected.get("tooNewLogEventStartIndex", len(messages))
        first = max(expired, too_old)
        self._reject(group, "expired", messages[:expired])
        self._reject(group, "too_old", messages[expired:too_old])
        self._reject(group, "too_new", messages[max(first, too_new) :])
        taken = messages[first:too_new]
        self._close(group, taken)
        self._tally.events_accepted(group, len(taken))

    def _reject(self, group: str, reason: str, messages: Sequence[str]) -> None:
        if messages:
            self._close(group, messages)
            self._tally.events_rejected(group, reason, len(messages))

    def _close(self, group: str, messages: Sequence[str]) -> None:
        with self._lock:
            waiting = [one.waiting[group] for one in self._expected if group in one.waiting]
            self.settled += len(messages)
            for message in messages:
                _take(waiting, message)
            self._changed.notify_all()

    def drop(self, group: str, reason: str, messages: Sequence[str]) -> None:
        """Give events up without a call: nothing could make CloudWatch Logs take them."""
        self._reject(group, reason, messages)


def _take(waiting: Sequence[Counter[str]], message: str) -> None:
    """One less of a message, in the oldest round that waits for it."""
    for open_ in waiting:
        left = open_.pop(message, 0) - 1
        if left > 0:
            open_[message] = left
        if left >= 0:
            return
