"""Who reads the page, and when they come again: what nobody can see need not be drawn.

Stage: application -> **scrapers** -> whoever publishes.
"""

from collections.abc import Callable
from itertools import pairwise
from threading import Lock

LONGEST = 60.0
"""Seconds between two visits, above which nobody is waited for: the page is never older than that."""

_VISITS = 3
_READERS = 64
_UNEVEN = 0.1
_JITTER = 0.5


class Scrapers:
    """Whether a reader may come soon. A scraper comes at distances that hardly change; of others nobody can say."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """`monotonic`: seconds that never go back."""
        self._monotonic = monotonic
        self._visits: dict[str, tuple[float, ...]] = {}
        self._changing = Lock()

    def came(self, who: str) -> None:
        """Somebody has read the page. `who` tells one reader from another, as far as can be seen."""
        with self._changing:
            before = self._visits.pop(who, ())
            self._visits[who] = (*before, self._monotonic())[-_VISITS:]
            if len(self._visits) > _READERS:
                del self._visits[next(iter(self._visits))]

    def may_come(self, within: float) -> bool:
        """Whether somebody may come within so many seconds: one who is due, or one of whom nobody can say.

        True as well while nobody comes at all: whoever comes first shall find a fresh page.
        """
        with self._changing:
            now = self._monotonic()
            # Who is not back after twice the longest distance has gone.
            self._visits = {who: visits for who, visits in self._visits.items() if now - visits[-1] <= 2 * LONGEST}
            expected = [_due(visits) for visits in self._visits.values()]
        return not expected or min(expected) <= now + within


def _due(visits: tuple[float, ...]) -> float:
    """When this reader comes again, on the same clock; long ago, if that can't be told."""
    distances = [later - earlier for earlier, later in pairwise(visits)]
    if len(visits) < _VISITS or max(distances) > LONGEST:
        return float("-inf")
    if max(distances) - min(distances) > max(_JITTER, _UNEVEN * min(distances)):
        return float("-inf")
    return visits[-1] + min(distances)
