"""SQS as the front sees it: moto's queues, filled before anybody looks, and long polls that hold no lock of moto's.

Moto loses messages when one thread sends while another deletes; all calls to it go one after the other here.
"""

import json
from collections.abc import Callable
from threading import Event, Lock

from athena_testbed.wire import Answer, Behind, Request

_LOOK_AGAIN = 0.05
_ASK_AGAIN = 1.0
"""Seconds between two looks for news, and after which moto is asked anyhow: a message may be visible again."""


class Queues:
    """The queues of one Region.

    Args:
        deliver: sends what is due; answers how many messages.
        monotonic: seconds that never go back.
        closing: set when the testbed ends.
    """

    def __init__(self, deliver: Callable[[], int], monotonic: Callable[[], float], closing: Event) -> None:
        self._deliver = deliver
        self._monotonic = monotonic
        self._closing = closing
        self._lock = Lock()

    def answer(self, request: Request, behind: Behind) -> Answer:
        """Answer one call; `behind` is moto."""
        seconds = _wait(request)
        body = request.body if seconds is None else _without_wait(request)
        answer, news = self._once(body, behind)
        deadline = self._monotonic() + (seconds or 0)
        asked = self._monotonic()
        while seconds and _is_empty(answer) and self._monotonic() < deadline and not self._closing.wait(_LOOK_AGAIN):
            with self._lock:
                news = self._deliver()
            if news or self._monotonic() - asked >= _ASK_AGAIN:
                asked = self._monotonic()
                answer, news = self._once(body, behind)
        return answer

    def _once(self, body: bytes, behind: Behind) -> tuple[Answer, int]:
        with self._lock:
            news = self._deliver()
            return behind(body), news


def _wait(request: Request) -> int | None:
    """How many seconds a call may wait for messages; None for any other call, or one that only moto understands."""
    if request.operation != "ReceiveMessage" or request.protocol.name != "json":
        return None
    seconds = request.parameters().get("WaitTimeSeconds")
    return seconds if isinstance(seconds, int) and 0 <= seconds <= 20 else None


def _without_wait(request: Request) -> bytes:
    return json.dumps({**request.parameters(), "WaitTimeSeconds": 0}).encode()


def _is_empty(answer: Answer) -> bool:
    return answer.status == 200 and not json.loads(answer.body or b"{}").get("Messages")
