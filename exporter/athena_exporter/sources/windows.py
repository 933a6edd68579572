"""Which stretches of time the event history is asked about. Pure arithmetic.

Stage: beside sources/lookup.py. LookupEvents knows one attribute and a time range, fifty events a page and two calls
a second, so it is asked around the starts that are missed and hardly elsewhere.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

YOUNG = timedelta(minutes=15)
"""CloudTrail mostly delivers within it: as long, every pass asks again."""
RAREST = 64
"""In passes: how rarely the oldest are asked about."""
AROUND = timedelta(seconds=1)
"""Around a submission: the event's time has whole seconds."""
GAP = timedelta(minutes=2)
"""Starts closer than this share a window: one page holds fifty events, so a gap costs less than a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From `since` (inclusive) to `until` (exclusive)."""

    since: datetime
    until: datetime


def period(age: timedelta) -> int:
    """In passes, how often a start of this age is asked about: 1 while young, then doubling as the age doubles."""
    doublings = max(0, age // YOUNG).bit_length()
    return min(RAREST, 1 << doublings)


def due(times: Iterable[datetime], *, now: datetime, number: int) -> Iterator[datetime]:
    """Of these submission times, those that pass `number` asks about."""
    return (at for at in times if number % period(now - at) == 0)


def around(times: Iterable[datetime]) -> list[Window]:
    """Windows that hold all these times, the latest first: late starts are wanted most."""
    windows: list[Window] = []
    for at in sorted(times):
        last = windows[-1] if windows else None
        if last is not None and at - last.until <= GAP:
            windows[-1] = Window(since=last.since, until=at + AROUND)
        else:
            windows.append(Window(since=at - AROUND, until=at + AROUND))
    return windows[::-1]


def slices(whole: Window, length: timedelta) -> list[Window]:
    """The window cut into pieces of at most `length`, the latest first: each is read, proved and committed alone."""
    pieces: list[Window] = []
    until = whole.until
    while until > whole.since:
        since = max(whole.since, until - length)
        pieces.append(Window(since=since, until=until))
        until = since
    return pieces


def within(windows: Sequence[Window], *, earliest: datetime) -> list[Window]:
    """The windows without what lies before `earliest`."""
    return [
        Window(since=max(window.since, earliest), until=window.until) for window in windows if window.until > earliest
    ]
