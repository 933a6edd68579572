"""When to try again what failed: later each time, and never all at one moment."""

from collections.abc import Callable
from datetime import timedelta

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=1)


class Backoff:
    """When to try again: after a second, then twice as long each time, up to a minute, never all at one moment."""

    def __init__(self, monotonic: Callable[[], float], chance: Callable[[], float]) -> None:
        """`monotonic` in seconds; `chance` in [0, 1)."""
        self._monotonic = monotonic
        self._chance = chance
        self._failures = 0
        self._not_before = float("-inf")

    @property
    def is_waiting(self) -> bool:
        """Whether it is too early."""
        return self._monotonic() < self._not_before

    def failed(self, at_least: timedelta = timedelta(0)) -> None:
        """Once more in vain; `at_least` is what the other side asked for."""
        longest = min(FIRST_PAUSE * 2**self._failures, LONGEST_PAUSE).total_seconds()
        self._failures = min(self._failures + 1, 10)
        pause = max(longest * (0.5 + self._chance() / 2), at_least.total_seconds())
        self._not_before = self._monotonic() + pause

    def succeeded(self) -> None:
        """Begin anew."""
        self._failures = 0
