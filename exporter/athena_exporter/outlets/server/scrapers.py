"""Who reads the page, and when they come again: what nobody would see need not be drawn.

Stage: application -> **scrapers** -> whoever publishes.
"""

from collections.abc import Callable
from itertools import pairwise
from threading import Lock

LONGEST = 65.0
"""Seconds between two visits, above which nobody is waited for: a minute, and what a scraper may come late."""

_SHORTEST = 1.0
_VISITS = 3
_READERS = 64
_UNEVEN = 0.1
_JITTER = 0.5
"""Seconds by which a scraper may differ from its own distance, or a tenth of that distance."""
_SPARE = 1.0
"""Seconds that a page is ready earlier than it has to be, and may be older."""


class Scrapers:
    """Whether a page has to be drawn. A scraper comes at distances that hardly change; of others nobody can say."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """`monotonic`: seconds that never go back."""
        self._monotonic = monotonic
        self._visits: dict[str, tuple[float, ...]] = {}
        self._changing = Lock()
        self._began = self._took = 0.0

    def came(self, who: str) -> None:
        """Somebody has read the page. `who` tells one reader from another, as far as can be seen."""
        with self._changing:
            before = self._visits.pop(who, ())
            self._visits[who] = (*before, self._monotonic())[-_VISITS:]
            if len(self._visits) > _READERS:
                del self._visits[next(iter(self._visits))]

    def tick(self, draw: Callable[[], object], pause: float) -> None:
        """Draw a page, unless nobody would see it; `pause`: seconds until the next tick.

        Not if all who come before that one's page is ready find the last page as young as they would if each tick drew
        one (but for a second). Who is late, or can't be expected, may come at any time; so may anybody while nobody
        comes at all.
        """
        now = self._monotonic()
        young_until = self._began + pause + 2 * self._took + _SPARE
        next_is_ready = now + pause + 1.5 * self._took + _SPARE
        readers = self._readers(now)
        if not readers or any(_comes(visits, now, young_until, next_is_ready) for visits in readers):
            draw()
            self._began, self._took = now, self._monotonic() - now

    def _readers(self, now: float) -> list[tuple[float, ...]]:
        with self._changing:
            # Who is not back after twice the longest distance has gone.
            self._visits = {who: visits for who, visits in self._visits.items() if now - visits[-1] <= 2 * LONGEST}
            return list(self._visits.values())


def _comes(visits: tuple[float, ...], now: float, after: float, until: float) -> bool:
    """Whether this reader is expected after one moment and until another, or may come at any time."""
    distances = [later - earlier for earlier, later in pairwise(visits)]
    if len(visits) < _VISITS:
        return True
    distance, longest = min(distances), max(distances)
    is_even = longest - distance <= max(_JITTER, _UNEVEN * distance)
    due = visits[-1] + distance
    if not is_even or distance < _SHORTEST or longest > LONGEST or due + _JITTER <= now:
        return True
    if due <= after:
        due += ((after - due) // distance + 1) * distance
    return due <= until
