"""A day is a day by the wall's clock: of 23 hours, of 25, begun at 1:00; every moment is in exactly one window."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from athena_exporter.budgets import Calendar, Period, Rolling, Span, cells_of, kept_from, span_at
from athena_exporter.budgets.windows import Slots, cell_at, midnight_ms
from athena_exporter.records import epoch_ms, from_epoch_ms

HOUR = 3_600_000
ZONES = (
    "UTC",
    "Europe/Berlin",
    "Africa/Cairo",  # set forward at midnight: the day begins at 1:00
    "America/Havana",  # set back at 1:00 to midnight: the day has two midnights
    "America/St_Johns",  # until 2011 set back at 0:01 to 23:01: yesterday comes again
    "Pacific/Apia",  # has no 30 December 2011
    "Asia/Kolkata",
    "Australia/Lord_Howe",  # half an hour of summer
)
MOMENTS = st.integers(epoch_ms(datetime(2005, 1, 1, tzinfo=UTC)), epoch_ms(datetime(2035, 1, 1, tzinfo=UTC)))
WINDOWS = st.one_of(
    st.builds(Calendar, period=st.sampled_from(Period), zone=st.sampled_from(ZONES)),
    st.integers(1, 744).map(lambda hours: Rolling(length=timedelta(hours=hours))),
)


def ms(text: str, zone: str = "UTC") -> int:
    return epoch_ms(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC))


@given(WINDOWS, MOMENTS)
@settings(max_examples=300, deadline=None)
def test_cells_follow_one_another_without_gap_or_overlap(window: Calendar | Rolling, at_ms: int) -> None:
    cell = cell_at(window, at_ms)
    assert cell.start_ms <= at_ms < cell.end_ms
    assert cell_at(window, cell.start_ms) == cell_at(window, cell.end_ms - 1) == cell
    assert cell_at(window, cell.end_ms).start_ms == cell.end_ms
    assert cell_at(window, cell.start_ms - 1).end_ms == cell.start_ms


@given(st.sampled_from(ZONES), MOMENTS)
@settings(max_examples=200, deadline=None)
def test_a_day_begins_with_the_first_moment_of_its_date(zone: str, at_ms: int) -> None:
    tz = ZoneInfo(zone)
    start = cell_at(Calendar(period=Period.DAY, zone=zone), at_ms).start_ms
    before, first = (from_epoch_ms(moment).astimezone(tz).date() for moment in (start - 1, start))
    assert before < first


@given(WINDOWS, MOMENTS, st.lists(st.integers(-40 * 24 * HOUR, 40 * 24 * HOUR), max_size=6))
@settings(max_examples=60, deadline=None)
def test_what_is_remembered_of_a_window_is_what_it_says(
    window: Calendar | Rolling, at_ms: int, steps: list[int]
) -> None:
    windows = (window, Calendar(period=Period.DAY))
    slots = Slots(windows)
    for step in (0, *steps):
        slot = slots.of(at_ms + step)
        assert slot.begins == tuple(cell_at(one, at_ms + step).start_ms for one in windows)
        assert slot.start_ms <= at_ms + step < slot.end_ms
        assert slots.of(slot.start_ms).begins == slots.of(slot.end_ms - 1).begins == slot.begins


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("Africa/Cairo", "2026-04-24", 23),
        ("America/Havana", "2026-11-01", 25),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
    ],
)
def test_a_day_has_as_many_hours_as_its_clocks_show(zone: str, day: str, hours: float) -> None:
    start, end = cell_at(Calendar(period=Period.DAY, zone=zone), ms(f"{day}T12:00", zone))
    assert (end - start) / HOUR == hours


def test_a_day_that_has_no_midnight_begins_when_its_clocks_begin() -> None:
    assert midnight_ms(date(2026, 4, 24), "Africa/Cairo") == ms("2026-04-23T22:00")
    assert from_epoch_ms(ms("2026-04-23T22:00")).astimezone(ZoneInfo("Africa/Cairo")).hour == 1


def test_a_day_that_never_was_is_in_no_window() -> None:
    before = cell_at(Calendar(period=Period.DAY, zone="Pacific/Apia"), ms("2011-12-29T12:00", "Pacific/Apia"))
    assert before.end_ms == ms("2011-12-31T00:00", "Pacific/Apia")


def test_an_hour_that_comes_twice_belongs_to_the_day_that_has_begun() -> None:
    zone = "America/St_Johns"
    began = ms("2010-11-07T00:00", zone)
    again = began + 30 * 60_000
    assert from_epoch_ms(again).astimezone(ZoneInfo(zone)).date() == date(2010, 11, 6)
    assert cell_at(Calendar(period=Period.DAY, zone=zone), again).start_ms == began


def test_a_week_begins_on_monday_and_a_month_on_its_first() -> None:
    now = ms("2026-03-01T12:00")
    assert span_at(Calendar(period=Period.WEEK), now) == Span(ms("2026-02-23"), ms("2026-03-02"))
    assert span_at(Calendar(period=Period.MONTH), now) == Span(ms("2026-03-01"), ms("2026-04-01"))
    assert span_at(Calendar(period=Period.MONTH), ms("2026-12-31T23:59")).end_ms == ms("2027-01-01")


def test_a_rolling_window_ends_with_the_part_of_the_present() -> None:
    now = ms("2026-03-01T12:03")
    assert span_at(Rolling(length=timedelta(hours=24)), now) == Span(ms("2026-02-28T12:05"), ms("2026-03-01T12:05"))
    kept = cells_of(Rolling(length=timedelta(hours=24)), now)
    assert (kept.first_ms, kept.last_ms) == (ms("2026-02-28T12:05"), ms("2026-03-01T12:00"))
    assert span_at(Rolling(length=timedelta(days=7)), now).end_ms == ms("2026-03-01T13:00")


def test_the_window_before_the_present_one_is_kept() -> None:
    now = ms("2026-03-29T12:00", "Europe/Berlin")
    assert kept_from(Calendar(period=Period.DAY, zone="Europe/Berlin"), now) == ms("2026-03-28T00:00", "Europe/Berlin")
    assert kept_from(Calendar(period=Period.MONTH), now) == ms("2026-02-01")
    assert kept_from(Rolling(length=timedelta(hours=24)), ms("2026-03-29T12:00")) <= ms("2026-03-27T12:05")


def test_a_time_beyond_all_calendars_has_a_window_too() -> None:
    far = epoch_ms(datetime(9999, 12, 31, 23, 59, tzinfo=UTC))
    assert cell_at(Calendar(period=Period.MONTH, zone="Asia/Tokyo"), far).start_ms < far
