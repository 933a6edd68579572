"""The births of series: which are still shown as 0, and since when scrapes can see that 0.

`increase()` sees a rise only between two samples: a series that appears with its value has risen, to Prometheus, by
nothing. Times are the process's monotonic clock, so no jump of a wall clock ends a birth early or undoes one.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta


class Births:
    """Unborn series by their row's number. Safe to call from several threads."""

    def __init__(self, *, monotonic: Callable[[], float], warmup: timedelta) -> None:
        """`monotonic` in seconds; a birth lasts `warmup` from the first snapshot that shows the 0."""
        self._monotonic = monotonic
        self._warmup = warmup
        self._lock = threading.Lock()
        self._seen_at: dict[int, float | None] = {}
        self._followers: dict[int, set[int]] = {}

    def begin(self, numbers: Iterable[int]) -> None:
        """These series were committed and nobody has seen them yet."""
        with self._lock:
            self._seen_at.update(dict.fromkeys(numbers))

    def is_unborn(self, number: int) -> bool:
        """Whether the series is still shown as 0."""
        with self._lock:
            return number in self._seen_at

    def follow(self, elders: Mapping[int, int]) -> None:
        """These series (number -> an unborn one whose 0 shows theirs too) are born together with their elders."""
        with self._lock:
            for number, elder in elders.items():
                self._followers.setdefault(elder, set()).add(number)

    def unseen(self) -> list[int]:
        """Committed series that no snapshot has shown."""
        with self._lock:
            return [number for number, seen_at in self._seen_at.items() if seen_at is None]

    def seen(self, numbers: Iterable[int]) -> None:
        """A snapshot shows these as 0 from now on."""
        now = self._monotonic()
        with self._lock:
            self._seen_at.update((number, now) for number in numbers if number in self._seen_at)

    def ripe(self) -> list[int]:
        """Those whose 0 has been shown for long enough; without a warm-up, all."""
        due = self._monotonic() - self._warmup.total_seconds()
        with self._lock:
            found = [
                number
                for number, seen_at in self._seen_at.items()
                if not self._warmup or (seen_at is not None and seen_at <= due)
            ]
            return found + [follower for number in found for follower in self._followers.get(number, ())]

    def end(self, numbers: Iterable[int]) -> None:
        """These show their value from now on."""
        with self._lock:
            for number in numbers:
                self._seen_at.pop(number, None)
                self._followers.pop(number, None)

    def keep(self, numbers: Iterable[int]) -> None:
        """Forget all but these, which are unborn in the file; those not known begin. Followers have to be told anew."""
        with self._lock:
            self._seen_at = {number: self._seen_at.get(number) for number in numbers}
            self._followers.clear()
