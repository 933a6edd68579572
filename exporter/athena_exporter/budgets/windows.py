"""The windows of budgets: a day, a week or a month of some time zone, or the last so many hours.

Time is cut into cells, each named by its first millisecond: a calendar window is one cell, a rolling window is a row
of small ones that leave it one by one. Everything is in epoch milliseconds; zones are asked only where cells begin.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from athena_exporter.records import epoch_ms, from_epoch_ms

_DAY = timedelta(days=1)
_HOUR_MS = 3_600_000
_SLOT_MS = 300_000
_REMEMBERED = 10_000
"""Slots: more than a month of them."""
_LAST_MS = epoch_ms(datetime(9000, 1, 1, tzinfo=UTC))
"""What ends later ends then: no calendar has to reach the end of Python's."""


class Period(StrEnum):
    """The calendar's windows; a week begins on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The day, week or month that the present lies in, by the calendar of `zone` (an IANA name)."""

    period: Period
    zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolling:
    """The last `length`, whole hours: its last cell is the one that the present lies in."""

    length: timedelta

    @property
    def cell_ms(self) -> int:
        """How much leaves the window at a time: five minutes of up to two days, else an hour, as the rollups have."""
        return 300_000 if self.length <= 2 * _DAY else _HOUR_MS

    @property
    def length_ms(self) -> int:
        """The length in milliseconds."""
        return self.length // timedelta(milliseconds=1)


Window: TypeAlias = Calendar | Rolling
"""What usage is added up over."""


class Span(NamedTuple):
    """The time [start_ms, end_ms)."""

    start_ms: int
    end_ms: int


class Kept(NamedTuple):
    """The cells that make up a window: those whose first millisecond lies in [first_ms, last_ms]."""

    first_ms: int
    last_ms: int


def cell_at(window: Window, at_ms: int) -> Span:
    """The cell that a moment belongs to. Cells neither overlap nor leave gaps, whatever a zone's clocks do."""
    if isinstance(window, Rolling):
        start = at_ms - at_ms % window.cell_ms
        return Span(start, start + window.cell_ms)
    at_ms = min(at_ms, _LAST_MS)
    day = _first_day(window.period, from_epoch_ms(at_ms).astimezone(ZoneInfo(window.zone)).date())
    found = _between(window, day)
    # Clocks that are set back over midnight (Newfoundland until 2011) show yesterday once more: a day begins once.
    while found.end_ms <= at_ms:
        found = _between(window, _next(window.period, _day_of(window, found.start_ms)))
    return found


def span_at(window: Window, now_ms: int) -> Span:
    """What the window covers at `now_ms`; a rolling one ends with the cell of the present."""
    cell = cell_at(window, now_ms)
    if isinstance(window, Rolling):
        return Span(cell.end_ms - window.length_ms, cell.end_ms)
    return cell


def cells_of(window: Window, now_ms: int) -> Kept:
    """The cells that count at `now_ms`."""
    span = span_at(window, now_ms)
    return Kept(span.start_ms, span.start_ms if isinstance(window, Calendar) else cell_at(window, now_ms).start_ms)


def kept_from(window: Window, now_ms: int) -> int:
    """Where the window before the present one began: a clock that is put back still finds what it needs."""
    return span_at(window, span_at(window, now_ms).start_ms - 1).start_ms


class Slot(NamedTuple):
    """The time [start_ms, end_ms), in which no cell of several windows begins; `begins`: where those around it do."""

    start_ms: int
    end_ms: int
    begins: tuple[int, ...]


class Slots:
    """Where the cells of several windows begin: zones are asked once for all queries that ended in the same minutes."""

    def __init__(self, windows: tuple[Window, ...]) -> None:
        self._windows = windows
        self._known: dict[int, Slot] = {}

    def of(self, at_ms: int) -> Slot:
        """The slot that the moment lies in; `begins` in the order of the windows."""
        found = self._known.get(at_ms // _SLOT_MS)
        return found if found is not None and found.start_ms <= at_ms < found.end_ms else self._asked(at_ms)

    def _asked(self, at_ms: int) -> Slot:
        cells = [cell_at(window, at_ms) for window in self._windows]
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        found = self._known[at_ms // _SLOT_MS] = Slot(
            max(cell.start_ms for cell in cells),
            min(cell.end_ms for cell in cells),
            tuple(cell.start_ms for cell in cells),
        )
        return found


def midnight_ms(day: date, zone: str) -> int:
    """The first millisecond of the day in the zone: not always 0:00, for some clocks are put forward at midnight."""
    tz = ZoneInfo(zone)
    guess = datetime(day.year, day.month, day.day, tzinfo=tz).astimezone(UTC)
    if (guess - timedelta(milliseconds=1)).astimezone(tz).date() < day <= guess.astimezone(tz).date():
        return epoch_ms(guess)
    return _first_moment(day, tz, epoch_ms(guess - _DAY), epoch_ms(guess + _DAY))


def next_day(day: date) -> date:
    """The day after."""
    return day + _DAY


def _first_moment(day: date, tz: ZoneInfo, low: int, high: int) -> int:
    """By halves: the first moment in (low, high] whose date is not before the day."""
    while high - low > 1:
        middle = (low + high) // 2
        if from_epoch_ms(middle).astimezone(tz).date() < day:
            low = middle
        else:
            high = middle
    return high


def _between(window: Calendar, first: date) -> Span:
    return Span(midnight_ms(first, window.zone), midnight_ms(_next(window.period, first), window.zone))


def _day_of(window: Calendar, at_ms: int) -> date:
    return _first_day(window.period, from_epoch_ms(at_ms).astimezone(ZoneInfo(window.zone)).date())


def _first_day(period: Period, day: date) -> date:
    match period:
        case Period.DAY:
            return day
        case Period.WEEK:
            return day - day.weekday() * _DAY
        case Period.MONTH:
            return day.replace(day=1)


def _next(period: Period, first: date) -> date:
    match period:
        case Period.DAY:
            return first + _DAY
        case Period.WEEK:
            return first + 7 * _DAY
        case Period.MONTH:
            return (first + 32 * _DAY).replace(day=1)
