"""What a sweep remembers of ids that the ledger keeps no row for, so that it doesn't fetch them again and again.

Stage: beside sources/athena.py. In memory only and bounded: what is forgotten costs a call, never a query.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

CAPACITY = 50_000
"""Ids of either sort; the oldest are forgotten first."""
LONGEST_PAUSE = 2560
"""In passes, how rarely a refused id is asked for at last."""

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refusal:
    times: int
    due: int
    is_listed: bool


class Memory:
    """Ids that ended below the low water, and ids that AWS would not tell."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        """`capacity`: ids of either sort."""
        self._capacity = capacity
        self._below: dict[str, datetime] = {}
        self._refused: dict[str, _Refusal] = {}

    def settle(self, query_id: str, submitted_at: datetime) -> None:
        """This one ended below the low water, which only rises."""
        _put(self._below, query_id, submitted_at, self._capacity)

    def settled(self, query_id: str) -> datetime | None:
        """When it was submitted, if it ended below the low water."""
        return self._below.get(query_id)

    def refuse(self, query_id: str, number: int, *, is_listed: bool) -> int:
        """AWS would not tell this one in pass `number`: due again in the next pass, then after 2, 4, 8 ...

        Returns:
            How often AWS refused it by now.
        """
        before = self._refused.get(query_id)
        times = before.times + 1 if before else 1
        pause = min(LONGEST_PAUSE, 1 << min(times - 1, 16))
        refusal = _Refusal(times=times, due=number + pause, is_listed=is_listed)
        _put(self._refused, query_id, refusal, self._capacity)
        return times

    def forgive(self, query_id: str) -> None:
        """AWS told it after all."""
        self._refused.pop(query_id, None)

    def is_refused(self, query_id: str) -> bool:
        """Whether AWS would not tell it the last time."""
        return query_id in self._refused

    def listed(self, query_ids: Collection[str]) -> set[str]:
        """Of these, the refused ones that a list has shown."""
        return {each for each in query_ids if each in self._refused and self._refused[each].is_listed}

    def due(self, number: int) -> list[str]:
        """Refused ids to ask for again in pass `number`."""
        return [query_id for query_id, refusal in self._refused.items() if refusal.due <= number]

    def knows(self, query_id: str) -> bool:
        """Whether a list's page may pass it over."""
        return query_id in self._below or query_id in self._refused


def _put(kept: dict[str, _Value], key: str, value: _Value, capacity: int) -> None:
    kept.pop(key, None)
    kept[key] = value
    if len(kept) > capacity:
        del kept[next(iter(kept))]
