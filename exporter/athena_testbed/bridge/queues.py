"""SQS as the front sees it: moto's queues, filled before anybody looks, and long polls that hold no lock of moto's.

Moto loses messages when one thread sends while another deletes; all calls to it go one after the other here.
Stage: testbed.py -> **queues** (delivery.py) -> quick.py, moto.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from threading import Event, Lock

from athena_testbed.bridge.quick import QuickQueues
from athena_testbed.wire import Answer, Behind, Json, Request

_LOOK_AGAIN = 0.05
_ASK_AGAIN = 1.0
"""Seconds between two looks for news, and after which moto is asked anyhow: a message may be visible again."""


class Queues:
    """The queues of one Region.

    Args:
        deliver: sends what is due; answers how many messages.
        monotonic: seconds that never go back.
        closing: set when the testbed ends.
        quick: answers what is called often; moto answers the rest.
        longest_hidden: for how long a received message is hidden at most, whatever was asked; None: as asked.
    """

    def __init__(
        self,
        deliver: Callable[[], int],
        monotonic: Callable[[], float],
        closing: Event,
        quick: QuickQueues,
        longest_hidden: timedelta | None = None,
    ) -> None:
        self._deliver = deliver
        self._monotonic = monotonic
        self._closing = closing
        self._quick = {
            "ReceiveMessage": quick.receive,
            "DeleteMessageBatch": quick.delete,
            "GetQueueAttributes": quick.attributes,
        }
        self._longest_hidden = longest_hidden
        self._lock = Lock()

    def answer(self, request: Request, behind: Behind) -> Answer:
        """Answer one call; `behind` is moto."""
        seconds = _wait(request)
        asked = self._asked(request, seconds)
        answer, news = self._once(request, asked, behind)
        deadline = self._monotonic() + (seconds or 0)
        tried = self._monotonic()
        while seconds and _is_empty(answer) and self._monotonic() < deadline and not self._closing.wait(_LOOK_AGAIN):
            with self._lock:
                news = self._deliver()
            if news or self._monotonic() - tried >= _ASK_AGAIN:
                tried = self._monotonic()
                answer, news = self._once(request, asked, behind)
        return answer

    def _asked(self, request: Request, seconds: int | None) -> Json | None:
        """What is asked, without a wait, and for no longer a time-out than there may be; None for moto's own calls."""
        if request.operation not in self._quick or request.protocol.name != "json":
            return None
        asked = request.parameters()
        if seconds is None:
            return None if request.operation == "ReceiveMessage" else asked
        hidden = asked.get("VisibilityTimeout")
        if self._longest_hidden is not None and isinstance(hidden, int):
            asked = {**asked, "VisibilityTimeout": min(hidden, int(self._longest_hidden.total_seconds()))}
        return {**asked, "WaitTimeSeconds": 0}

    def _once(self, request: Request, asked: Json | None, behind: Behind) -> tuple[Answer, int]:
        with self._lock:
            news = self._deliver()
            told = None if asked is None else self._quick[request.operation](asked)
            if told is not None:
                return request.protocol.success(request.call, told), news
            return behind(request.body if asked is None else json.dumps(asked).encode()), news


def _wait(request: Request) -> int | None:
    """How many seconds a call may wait for messages; None for any other call, or one that only moto understands."""
    if request.operation != "ReceiveMessage" or request.protocol.name != "json":
        return None
    seconds = request.parameters().get("WaitTimeSeconds")
    return seconds if isinstance(seconds, int) and 0 <= seconds <= 20 else None


def _is_empty(answer: Answer) -> bool:
    return answer.status == 200 and not json.loads(answer.body or b"{}").get("Messages")
