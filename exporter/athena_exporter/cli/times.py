"""Days and times as people write them on a command line: 30d, yesterday, 2026-03-28."""

from datetime import UTC, date, datetime, timedelta

import click

from athena_exporter.config import parse_duration

_DAYS_AGO = {"today": 0, "yesterday": 1}


class Day(click.ParamType[date]):
    """A UTC day, or how long ago. With `has_begun` it may not be one to come."""

    name = "DAY"

    def __init__(self, *, has_begun: bool = False) -> None:
        """Any day by default."""
        self._has_begun = has_begun

    def convert(self, value: str | date, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Of what was written."""
        if isinstance(value, date):
            return value
        now = datetime.now(UTC)
        day = _day(value, now)
        if day is None:
            self.fail(f"{value!r} is no day: write 30d, yesterday, today or 2026-03-28", param, ctx)
        if self._has_begun and day > now.date():
            self.fail(f"{value} has not begun in UTC", param, ctx)
        return day


class Moment(click.ParamType[datetime]):
    """A date, a time, or how long ago."""

    name = "TIME"

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Of what was written; without a zone it is UTC."""
        if isinstance(value, datetime):
            return value
        try:
            return datetime.now(UTC) - parse_duration(value)
        except ValueError:
            pass
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time: write 7d, 2026-03-28 or 2026-03-28T14:00Z", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def midnight(day: date) -> datetime:
    """When a UTC day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _day(value: str, now: datetime) -> date | None:
    if value in _DAYS_AGO:
        return now.date() - timedelta(days=_DAYS_AGO[value])
    try:
        return (now - parse_duration(value)).date()
    except ValueError:
        pass
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
