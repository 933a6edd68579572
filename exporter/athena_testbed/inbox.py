"""Letters that somebody posts to the account's port: what the receiver of a webhook would have got."""

import json
from collections import deque
from dataclasses import dataclass
from threading import Lock
from typing import Any

from athena_testbed.times import rfc3339
from athena_testbed.wire import Json

KEPT = 10_000
"""Older letters go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One body of JSON, to whom it was posted, and when (milliseconds)."""

    name: str
    at_ms: int
    body: Any


class Inbox:
    """Keeps what is posted, in its order. Safe to call from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._letters: deque[Letter] = deque(maxlen=KEPT)

    def post(self, name: str, body: bytes, at_ms: int) -> Json:
        """Keep one letter.

        Raises:
            ValueError: if the body is no JSON.
        """
        letter = Letter(name=name, at_ms=at_ms, body=json.loads(body))
        with self._lock:
            self._letters.append(letter)
        return {"ok": True}

    def letters(self, name: str | None) -> list[Json]:
        """All letters, or those to one name, the oldest first."""
        with self._lock:
            found = [one for one in self._letters if name in {None, one.name}]
        return [{"name": one.name, "at": rfc3339(one.at_ms), "body": one.body} for one in found]
