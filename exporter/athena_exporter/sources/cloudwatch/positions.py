"""How far CloudWatch was read: which minutes of a series were counted, and which can't hold anything any more.

Stage: ledger (cursors) -> **positions** -> sources/cloudwatch. A series' cursor is the minute after the last one
that was counted, so it moves only together with counters, and an idle series' never. Two marks stand for all
series together: until when they were read to the end, by a read of what was active lately, and by a full one.
One row holds the cursors of a workgroup: a thousand workgroups are a thousand rows, not nine thousand.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from athena_exporter.sources.cloudwatch.data import MINUTE
from athena_exporter.sources.cloudwatch.series import Series
from athena_exporter.sources.cursors import cursor_time

SETTLE = timedelta(minutes=10)
"""How old a minute must be to be counted: younger ones may still grow."""
LATE = timedelta(hours=3)
"""How far before its discovery a new series is read: ListMetrics may show it a quarter of an hour late, or more."""
AGAIN = timedelta(hours=1)
"""How far before the last read a known series is read, where nothing of it was counted: it may have been shown late."""
RECENT = timedelta(hours=2)
"""After a longer pause a list of what was active in the last three hours (PT3H) could leave something out."""
FULL_EVERY = timedelta(hours=6)
"""The pause between two reads of all series; PT3H is an approximation, as AWS says."""
RETENTION = timedelta(days=15) - timedelta(hours=1)
"""How long CloudWatch keeps single minutes, with an hour to read them in."""
LONGEST = timedelta(days=1)
"""What one request reads of the past at most: after an outage, a day is committed before the next is asked for."""
READ_UNTIL = "read_until"
"""The cursor of the last read of what was active lately."""
FULL_UNTIL = "full_until"
"""The cursor of the last read of all series."""

_SERIES = "series:"


def floor_minute(at: datetime) -> datetime:
    """The minute that holds this time."""
    return at.replace(second=0, microsecond=0)


def ceil_minute(at: datetime) -> datetime:
    """The first minute all of which lies at or after this time."""
    return -((datetime(1970, 1, 1, tzinfo=UTC) - at) // MINUTE) * MINUTE + datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What one pass reads: settled minutes before `until`, of all series or of those active lately.

    `floor`: earlier minutes were all read by passes before, whatever the cursors say; None if there were none.
    """

    until: datetime
    is_full: bool
    floor: datetime | None
    counting_since: datetime

    def start(self, counted: datetime | None) -> datetime:
        """Where to begin with something whose minutes were counted up to `counted`; None: it is new.

        What is new was shown late at most, and nothing is counted that ended before the counters began.
        """
        if counted is None:
            return max(ceil_minute(self.counting_since), self.until - LATE)
        return counted if self.floor is None else max(counted, self.floor)

    def marks(self) -> dict[str, str]:
        """The cursors of this pass once it is complete."""
        until = self.until.isoformat()
        return {READ_UNTIL: until, FULL_UNTIL: until} if self.is_full else {READ_UNTIL: until}


def is_full_due(cursors: Mapping[str, str], now: datetime) -> bool:
    """Whether all series have to be read, not only those active lately. A mark in the future stands for nothing."""
    until = floor_minute(now - SETTLE)
    read, full = cursor_time(cursors.get(READ_UNTIL)), cursor_time(cursors.get(FULL_UNTIL))
    if read is None or full is None:
        return True
    return not (_is_within(until - read, RECENT) and _is_within(until - full, FULL_EVERY - MINUTE))


def stretch(cursors: Mapping[str, str], now: datetime, counting_since: datetime, *, is_full: bool) -> Stretch:
    """Plan a pass at AWS's `now`."""
    until = floor_minute(now - SETTLE)
    mark = cursor_time(cursors.get(FULL_UNTIL if is_full else READ_UNTIL))
    floor = None if mark is None else min(mark, until) - AGAIN
    return Stretch(until=until, is_full=is_full, floor=floor, counting_since=counting_since)


def _is_within(pause: timedelta, longest: timedelta) -> bool:
    return timedelta(0) <= pause <= longest


@dataclass(slots=True)
class Positions:
    """The cursors of all series, as committed, and as the batches of a pass move them."""

    _rows: dict[str, dict[str, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, cursors: Mapping[str, str]) -> "Positions":
        """Read what the source has committed."""
        rows = {key.removeprefix(_SERIES): text for key, text in cursors.items() if key.startswith(_SERIES)}
        return cls({workgroup: json.loads(text) for workgroup, text in rows.items()})

    def counted(self, series: Series, until: datetime) -> datetime | None:
        """The minute after the last one counted; None if the series is new.

        So is one of which nothing was ever counted and whose position lies beyond `until`: whatever clock said that,
        it was wrong, and beginning anew counts nothing twice.
        """
        minute = self._rows.get(series.workgroup, {}).get(_key(series))
        if minute is None:
            return None
        at = datetime.fromtimestamp(abs(minute) * 60, tz=UTC)
        return None if minute < 0 and at > until else at

    def begin(self, at: Mapping[Series, datetime]) -> dict[str, str]:
        """Note where new series begin; the cursors to commit. A negative minute says that nothing was counted yet."""
        return self._note({series: -_minute(start) for series, start in at.items()})

    def move(self, to: Mapping[Series, datetime]) -> dict[str, str]:
        """Note how far series were counted; the cursors to commit."""
        return self._note({series: _minute(until) for series, until in to.items()})

    def _note(self, minutes: Mapping[Series, int]) -> dict[str, str]:
        for series, minute in minutes.items():
            self._rows.setdefault(series.workgroup, {})[_key(series)] = minute
        return {
            _SERIES + workgroup: json.dumps(self._rows[workgroup], separators=(",", ":"), sort_keys=True)
            for workgroup in sorted({series.workgroup for series in minutes})
        }


def _minute(at: datetime) -> int:
    return int(at.timestamp()) // 60


def _key(series: Series) -> str:
    return f"{series.query_type} {series.state}"


def slices(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The stretch in pieces of at most `LONGEST`, the earliest first: positions move forwards."""
    while since < until:
        end = min(since + LONGEST, until)
        yield since, end
        since = end
