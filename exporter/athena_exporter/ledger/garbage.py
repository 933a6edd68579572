"""Holding back Python's cyclic garbage collector while many objects live for a moment."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Uncollected:
    """No cyclic collection while any thread is inside. One a process: the collector is the process's.

    A batch and a rendering make hundreds of thousands of objects, none of them in a cycle, and all of them gone at
    the end. They bring on collections that walk over them again and again; each holds the interpreter's lock, and
    with it every scrape.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """The collector is off meanwhile, and on again when the last thread has left."""
        with self._lock:
            self._inside += 1
            gc.disable()
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if not self._inside:
                    gc.enable()
