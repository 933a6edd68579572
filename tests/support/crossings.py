"""The brute-force count of decisions: who is to be told of what, from everything ever delivered, with loops only.

It shares no code with the product's decisions: usage comes from `Spending`, windows are told apart by local dates, an
episode of a rolling window is found by looking at each earlier moment anew.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from spending import Spending

from athena_exporter.budgets import Budget, Calendar, Period

Told: TypeAlias = tuple[str, str, str]
"""Budget, subject, level."""
GRACE = timedelta(hours=3)


@dataclass
class Crossings:
    """What was told so far, by window or episode; `open` is what is at its level without a break since."""

    budgets: tuple[Budget, ...]
    truth: Spending
    told: set[tuple[Told, object]] = field(default_factory=set)
    open: dict[Told, bool] = field(default_factory=dict)

    def look(self, now: datetime) -> list[Told]:
        """Everybody who is to be told of now."""
        found: list[Told] = []
        for one in self.budgets:
            found += self._calendar(one, now) if isinstance(one.window, Calendar) else self._rolling(one, now)
        return sorted(found)

    def _calendar(self, one: Budget, now: datetime) -> list[Told]:
        found: list[Told] = []
        windows = {_window(one, moment): moment for moment in (now, now - GRACE + timedelta(milliseconds=1))}
        for window, moment in windows.items():
            for subject, used in self.truth.used(one, moment).items():
                over = (one.name, subject, "exceeded")
                level = _level(one, used)
                told = (one.name, subject, level)
                if level == "ok" or (told, window) in self.told or (over, window) in self.told:
                    continue
                self.told.add((told, window))
                found.append(told)
        return found

    def _rolling(self, one: Budget, now: datetime) -> list[Told]:
        found: list[Told] = []
        used = self.truth.used(one, now)
        for (name, subject, level), is_open in list(self.open.items()):
            if name == one.name and is_open:
                self.open[name, subject, level] = _is_at(one, level, used.get(subject, 0))
        for subject, amount in used.items():
            level = _level(one, amount)
            told = (one.name, subject, level)
            if level == "ok" or self.open.get(told):
                continue
            began = self._began(one, subject, level, now)
            if (told, began) in self.told:
                self.open[told] = True
            elif level == "exceeded" or not self._told_since((one.name, subject, "exceeded"), began):
                self.told.add((told, began))
                self.open[told] = True
                found.append(told)
        return found

    def _told_since(self, told: Told, began: int) -> bool:
        return any(one == told and isinstance(start, int) and start >= began for one, start in self.told)

    def _began(self, one: Budget, subject: str, level: str, now: datetime) -> int:
        """The number of the cell from which on the subject has been at the level, at most a window ago."""
        assert not isinstance(one.window, Calendar)
        part = timedelta(minutes=5) if one.window.length <= timedelta(days=2) else timedelta(hours=1)
        cells = one.window.length // part
        place = 0
        while place < cells and _is_at(one, level, self.truth.used(one, now - (place + 1) * part).get(subject, 0)):
            place += 1
        return int(now.timestamp() // part.total_seconds()) - place


def _window(one: Budget, moment: datetime) -> object:
    assert isinstance(one.window, Calendar)
    day = moment.astimezone(ZoneInfo(one.window.zone)).date()
    match one.window.period:
        case Period.DAY:
            return day
        case Period.WEEK:
            return day.isocalendar()[:2]
        case Period.MONTH:
            return (day.year, day.month)


def _is_at(one: Budget, level: str, used: int) -> bool:
    return _level(one, used) in {level, "exceeded"}


def _level(one: Budget, used: int) -> str:
    if used >= one.limit.value:
        return "exceeded"
    return "warned" if used >= one.limit.value * one.warn else "ok"
