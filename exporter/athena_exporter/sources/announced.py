"""Whose end an event has told, and whose only a sweep has found: what best-effort delivery loses, measured.

Stage: between sources/eventbridge.py, which hears of ends, and sources/athena.py, which finds them all. In memory only:
what ended while nobody listened is nobody's miss.
"""

import threading
from collections.abc import Iterable
from datetime import datetime, timedelta

GRACE = timedelta(minutes=1)
"""How long after a query's end its event may be sent. AWS names no bound; seconds are what one sees."""
CAPACITY = 100_000
"""Ids of either sort; the oldest are forgotten first."""


class Announcements:
    """Ends of one target's queries. Safe to call from two threads.

    A query is missed when a sweep has found its end, every message of that time has been read, and none told of it.
    """

    def __init__(self, *, grace: timedelta = GRACE, capacity: int = CAPACITY) -> None:
        """`grace`: how long after the end an event may be sent."""
        self._grace = grace
        self._capacity = capacity
        self._lock = threading.Lock()
        self._told: dict[str, None] = {}
        self._found: dict[str, datetime] = {}
        self._since: datetime | None = None
        self._reached: datetime | None = None

    def tell(self, query_ids: Iterable[str]) -> None:
        """Events have told that these have ended."""
        with self._lock:
            for query_id in query_ids:
                self._settle(query_id)

    def reach(self, at: datetime) -> None:
        """Every message that was sent before `at` has been read; the first call begins the measuring."""
        with self._lock:
            self._since = self._since or at
            self._reached = max(self._reached or at, at)

    def find(self, query_id: str, ended_at: datetime) -> None:
        """A sweep has found that this one has ended."""
        with self._lock:
            if query_id not in self._told:
                self._found[query_id] = ended_at
                if len(self._found) > self._capacity:
                    del self._found[next(iter(self._found))]

    def take_missed(self) -> int:
        """How many have turned out to be missed since the last time; each is told once."""
        with self._lock:
            if self._since is None or self._reached is None:
                return 0
            settled = {each: ended for each, ended in self._found.items() if ended + self._grace <= self._reached}
            for query_id in settled:
                self._settle(query_id)
            return sum(ended >= self._since for ended in settled.values())

    def _settle(self, query_id: str) -> None:
        self._found.pop(query_id, None)
        self._told[query_id] = None
        if len(self._told) > self._capacity:
            del self._told[next(iter(self._told))]
