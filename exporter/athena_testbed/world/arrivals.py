"""The stream of arrivals: minute by minute, each minute decided by the seed alone, with working days and weekends."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from random import Random

from athena_testbed.settings import Rhythm, Settings
from athena_testbed.world.company import Company

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Arrival:
    """One StartQueryExecution: when (milliseconds), which slot, and whether Athena refuses it."""

    at_ms: int
    slot: int
    refused: bool


class Arrivals:
    """Makes the arrivals of any minute; asking twice gives the same ones."""

    def __init__(self, company: Company, settings: Settings) -> None:
        self._settings = settings
        self._slots = range(len(company.slots))
        weights = [(slot.weight, slot.principal.person) for slot in company.slots]
        self._day = tuple(accumulate(weight for weight, _ in weights))
        self._night = tuple(accumulate(weight * (0.08 if person else 1.0) for weight, person in weights))

    def minute(self, at_ms: int, *, past: bool) -> Iterator[Arrival]:
        """The arrivals of the minute that begins at `at_ms` (a whole minute), oldest first."""
        if not self._slots or not self._rate(past=past):
            return
        rng = Random(self._settings.seed << 72 | (at_ms // MINUTE_MS) << 8 | 3)
        working = _working(at_ms) if self._rhythmic(past=past) else True
        count = self._count(rng, working=working, past=past)
        times = sorted(rng.randrange(MINUTE_MS) for _ in range(count))
        chosen = rng.choices(self._slots, cum_weights=self._day if working else self._night, k=count)
        share = self._settings.failed_starts
        for offset, slot in zip(times, chosen, strict=True):
            yield Arrival(at_ms + offset, slot, rng.random() < share)

    def _rhythmic(self, *, past: bool) -> bool:
        return self._settings.rhythm is Rhythm.ALWAYS or (past and self._settings.rhythm is Rhythm.HISTORY)

    def _rate(self, *, past: bool) -> float:
        """Queries a minute, before working days and weekends show."""
        return self._settings.history_queries_per_day / 1440 if past else self._settings.queries_per_minute

    def _count(self, rng: Random, *, working: bool, past: bool) -> int:
        """How many; `rhythm` keeps the week's mean at the rate that the settings name."""
        rate = self._rate(past=past)
        if self._rhythmic(past=past):
            rate *= 1.9 if working else 0.61
        return int(rate * rng.uniform(0.85, 1.15) + rng.random())


def _working(at_ms: int) -> bool:
    at = datetime.fromtimestamp(at_ms / 1000, tz=UTC)
    return at.weekday() < 5 and 7 <= at.hour < 17
