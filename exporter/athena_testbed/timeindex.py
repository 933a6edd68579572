"""Numbers ordered by time, small enough for a million: two machine-word arrays and bisection."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator


class TimeIndex:
    """Pairs (milliseconds, number), ordered. A pair added later with an equal time must have the larger number."""

    def __init__(self) -> None:
        self._times = array("q")
        self._numbers = array("q")

    def __len__(self) -> int:
        """How many pairs there are."""
        return len(self._times)

    def add(self, at_ms: int, number: int) -> None:
        """Put one pair in its place; at the end it costs nothing, elsewhere a shift."""
        if not self._times or at_ms >= self._times[-1]:
            self._times.append(at_ms)
            self._numbers.append(number)
            return
        place = bisect_right(self._times, at_ms)
        self._times.insert(place, at_ms)
        self._numbers.insert(place, number)

    def discard(self, at_ms: int, number: int) -> None:
        """Take one pair out, if it is there."""
        place = self._place_of((at_ms, number))
        if place < len(self._times) and (self._times[place], self._numbers[place]) == (at_ms, number):
            del self._times[place]
            del self._numbers[place]

    def count(self, since_ms: int, until_ms: int) -> int:
        """How many pairs lie at or after `since_ms` and before `until_ms`."""
        return max(0, bisect_left(self._times, until_ms) - bisect_left(self._times, since_ms))

    def between(self, since_ms: int, until_ms: int) -> Iterator[tuple[int, int]]:
        """Pairs at or after `since_ms` and before `until_ms`, oldest first."""
        for place in range(bisect_left(self._times, since_ms), bisect_left(self._times, until_ms)):
            yield self._times[place], self._numbers[place]

    def newest(self, until_ms: int, before: tuple[int, int] | None = None) -> Iterator[tuple[int, int]]:
        """Pairs at or before `until_ms` and, if given, smaller than `before`; newest first."""
        place = bisect_right(self._times, until_ms)
        if before is not None:
            place = min(place, self._place_of(before))
        for index in range(place - 1, -1, -1):
            yield self._times[index], self._numbers[index]

    def last_before(self, before_ms: int) -> int | None:
        """The newest time before `before_ms`, or None."""
        place = bisect_left(self._times, before_ms)
        return self._times[place - 1] if place else None

    def _place_of(self, pair: tuple[int, int]) -> int:
        place = bisect_left(self._times, pair[0])
        while place < len(self._times) and (self._times[place], self._numbers[place]) < pair:
            place += 1
        return place
