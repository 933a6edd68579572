"""A clock that jumps, and the service's loops by it: time passes only while all of them wait."""

import mmap
import struct
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from athena_exporter.poller import Threads

_NUMBER = struct.Struct("<q")


class Shown:
    """Milliseconds since 1970 in a file, for another process to read while they change. Closes with its block."""

    def __init__(self, path: Path) -> None:
        """Makes the file, with 0 in it, if there is none."""
        if not path.exists():
            path.write_bytes(bytes(_NUMBER.size))
        self._file = path.open("r+b")
        self._page = mmap.mmap(self._file.fileno(), _NUMBER.size)

    def __call__(self) -> int:
        """What was set last."""
        return int(_NUMBER.unpack_from(self._page)[0])

    def set(self, at_ms: int) -> None:
        """Show another time."""
        _NUMBER.pack_into(self._page, 0, at_ms)

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Lets go of the file, which stays."""
        self._page.close()
        self._file.close()


class Clock:
    """Of those who go by it one is awake at any moment; when it waits, time jumps to whoever is due next."""

    def __init__(self, shown: Shown) -> None:
        """Begins at the time that is shown, and shows what it comes to."""
        self._shown = shown
        self._begins_ms = shown()
        self._passed = 0.0
        self._waiting: list[tuple[float, int, threading.Event]] = []
        self._order = count()
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The time of day."""
        return datetime.fromtimestamp(self._begins_ms / 1000, UTC) + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        """Seconds since it was made."""
        return self._passed

    def sleep(self, seconds: float) -> None:
        """Let others go on until so much time has passed."""
        turn = self.enter(seconds)
        self.next()
        turn.wait()

    def enter(self, seconds: float = 0) -> threading.Event:
        """What is set when it is the turn of somebody who is due in so many seconds."""
        turn = threading.Event()
        with self._lock:
            heappush(self._waiting, (self._passed + seconds, next(self._order), turn))
        return turn

    def next(self) -> None:
        """Wake whoever is due next: the caller is about to wait, or to end."""
        with self._lock:
            if self._waiting:
                self._passed, _, turn = heappop(self._waiting)
                self._shown.set(self._begins_ms + int(self._passed * 1000))
                turn.set()


class SteppedThreads(Threads):
    """The service's loops by such a clock, one at a time, none of them more often than once a step.

    `brisk`: the first words of loops' names, and the step of those.
    """

    def __init__(self, clock: Clock, step: timedelta, brisk: Mapping[str, timedelta]) -> None:
        """Nothing runs before `wait`."""
        super().__init__(clock.monotonic)
        self._clock = clock
        self._step = step
        self._brisk = brisk

    def _start(self, action: Callable[[], object], name: str) -> None:
        turn = self._clock.enter()

        def in_turn() -> None:
            turn.wait()
            self._guarded(action)
            self._clock.next()

        thread = threading.Thread(target=in_turn, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _repeat(self, interval: timedelta, action: Callable[[], object]) -> None:
        step = self._brisk.get(threading.current_thread().name.partition(" ")[0], self._step)
        while not self.is_stopping:
            action()
            self._clock.sleep(max(interval, step).total_seconds())

    def pause(self, interval: timedelta) -> bool:
        """Wait; True if it is time to stop."""
        self._clock.sleep(interval.total_seconds())
        return self.is_stopping

    def wait(self, patience: timedelta) -> None:
        """Let them run until `stop`; then each is woken in its turn once more, and ends."""
        self._clock.next()
        self._stop.wait()
        for thread in self._threads:
            thread.join(patience.total_seconds())
        super().wait(timedelta(0))
