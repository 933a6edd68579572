"""Whose turn it is: requests that have arrived whole, and the threads that answer them.

Stage: arrivals -> **turns** -> threads. Probes (`/-/healthy`, `/-/ready`) are lines that no reader can hold up; a page
may take as long as its reader likes. So pages may take most threads and never all of them.
"""

from collections import deque
from queue import Full
from threading import Condition, get_ident

from cheroot.workers.threadpool import ThreadPool


class Turns:
    """A queue with two lines. In cheroot's pool it stands for `queue.Queue`, of which the pool uses `put` and `get`."""

    def __init__(self, *, pages: int, waiting: int) -> None:
        """`pages`: how many threads may be at pages at once; `waiting`: how many requests may wait in each line."""
        self._most, self._waiting = pages, waiting
        self._probes, self._pages, self._others = deque[object](), deque[object](), deque[object]()
        self._at_pages: set[int] = set()
        self._changed = Condition()

    def put(self, what: object, block: bool = True, timeout: float | None = None) -> None:  # noqa: FBT001, FBT002  # the signature of queue.Queue
        """Adds a request, or cheroot's word that a thread is to end. Raises queue.Full, and never waits."""
        del block, timeout  # whoever would have to wait is told so at once
        line = self._line(what)
        with self._changed:
            if line is not self._others and len(line) >= self._waiting:
                raise Full
            line.append(what)
            self._changed.notify()

    def get(self) -> object:
        """The next for the thread that asks, which has thereby ended what it had; waits until there is one."""
        with self._changed:
            self._at_pages.discard(get_ident())
            self._changed.wait_for(self._next)
            line = self._next()
            if line is self._pages:
                self._at_pages.add(get_ident())
            found = (line or self._others).popleft()
            if self._next():
                self._changed.notify()  # a thread that ended a page may have left a place to another
            return found

    @property
    def are_pages_waiting(self) -> bool:
        """Whether somebody waits for a thread that may be at pages."""
        return bool(self._pages)

    def _line(self, what: object) -> deque[object]:
        is_probe = getattr(what, "is_probe", None)
        if is_probe is None:
            return self._others
        return self._probes if is_probe else self._pages

    def _next(self) -> deque[object] | None:
        """The line that goes on; ends come last, so that nobody is left behind."""
        if self._probes:
            return self._probes
        if self._pages and len(self._at_pages) < self._most:
            return self._pages
        return self._others or None


class Pool(ThreadPool):
    """cheroot's threads, which take their requests in turns."""

    def __init__(self, server: object, *, threads: int, turns: Turns) -> None:
        super().__init__(server, min=threads)
        self._queue = turns
        self.get = turns.get
