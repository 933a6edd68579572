"""One person whose queries scan far too much and never stop: what a scan budget is for.

Every query is a real one of the account: CloudTrail tells who started it, Athena what it scanned, and
StopQueryExecution ends it as it ends any other.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

PERSON = "hugo.martin@harbour.example"
WORKGROUP = "ad-hoc"
BUDGET = "user-day"
LIMIT = "20 TiB"
"""Of a user in the last 24 hours: everybody else together scans less than that in the demo."""

_TB = 2**40
_SQL = "SELECT * FROM web_events.page_views"
_CLOUDTRAIL_S = 1
"""So soon CloudTrail tells who it was: that everything else takes as long as it takes is the point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Habit:
    """Queries that come again and again: the first one after `begins`, one `every`, each `lasting` so long."""

    begins: timedelta
    every: timedelta
    lasting: timedelta
    scanned_bytes: int


_HABITS = (
    # Nine of these are enough for the limit, 12 seconds after the first.
    _Habit(begins=timedelta(seconds=3), every=timedelta(seconds=1.2), lasting=timedelta(seconds=2),
           scanned_bytes=5 * _TB // 2),
    # Of these some are running at any time: only a running query can be stopped.
    _Habit(begins=timedelta(seconds=4), every=timedelta(seconds=3), lasting=timedelta(seconds=14),
           scanned_bytes=10 * _TB),
)  # fmt: skip  # two rows
_ENOUGH = timedelta(seconds=75)
"""After that the person goes home, stopped or not: somebody pays for it."""


class Runaway:
    """The person's queries, as they come due."""

    def __init__(self) -> None:
        """The person begins when `due` is first asked."""
        self._asked = [0] * len(_HABITS)
        self._has_given_up = False

    def give_up(self) -> None:
        """Somebody has stopped one of the queries: no more of them come."""
        self._has_given_up = True

    def due(self, elapsed: timedelta, now: datetime) -> list[Mapping[str, Any]]:
        """What is to be started by now, `elapsed` after the beginning, as `POST /_testbed/queries` takes it."""
        if self._has_given_up:
            return []
        return [query for place in range(len(_HABITS)) for query in self._of(place, min(elapsed, _ENOUGH), now)]

    def _of(self, place: int, elapsed: timedelta, now: datetime) -> Iterator[Mapping[str, Any]]:
        habit = _HABITS[place]
        while elapsed >= habit.begins + self._asked[place] * habit.every:
            self._asked[place] += 1
            yield _query(habit, now)


def _query(habit: _Habit, now: datetime) -> Mapping[str, Any]:
    return {
        "person": PERSON,
        "workgroup": WORKGROUP,
        "database": "web_events",
        "sql": _SQL,
        "tables": ["page_views"],
        "client": "console",
        "scanned_bytes": habit.scanned_bytes,
        "submitted_at": now.timestamp(),
        "ended_at": (now + habit.lasting).timestamp(),
        "event_delay_seconds": _CLOUDTRAIL_S,
    }
