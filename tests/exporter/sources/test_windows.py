"""Which stretches of time the event history is asked about."""

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from athena_exporter.sources.windows import GAP, Window, around, due, period, slices, within

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TIMES = st.lists(st.integers(0, 10_000_000).map(lambda ms: NOW - timedelta(milliseconds=ms)), max_size=40)


def test_young_starts_are_asked_for_in_every_pass_and_old_ones_ever_more_rarely() -> None:
    ages = [timedelta(0), timedelta(minutes=14), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4)]
    assert [period(age) for age in ages] == [1, 1, 2, 8, 32]
    assert period(timedelta(days=40)) == 64
    assert period(timedelta(hours=-1)) == 1


def test_whatever_its_age_a_start_is_asked_for_within_64_passes() -> None:
    for hours in range(100):
        at = NOW - timedelta(hours=hours)
        assert any(list(due([at], now=NOW, number=number)) for number in range(1, 65))


@given(times=TIMES)
def test_every_time_lies_in_one_window_with_a_second_to_spare(times: list[datetime]) -> None:
    windows = around(times)
    second = timedelta(seconds=1)
    for at in times:
        assert sum(window.since <= at - second and at + second <= window.until for window in windows) == 1


@given(times=TIMES)
def test_windows_are_apart_and_the_latest_comes_first(times: list[datetime]) -> None:
    windows = around(times)
    for later, earlier in itertools.pairwise(windows):
        assert earlier.until + GAP - timedelta(seconds=1) < later.since


def test_starts_close_together_share_a_window() -> None:
    assert len(around([NOW, NOW + timedelta(minutes=1), NOW + timedelta(minutes=10)])) == 2
    assert around([]) == []


@given(minutes=st.integers(1, 1000), length=st.integers(1, 200))
def test_slices_cover_the_whole_without_gap_or_overlap(minutes: int, length: int) -> None:
    whole = Window(since=NOW - timedelta(minutes=minutes), until=NOW)
    pieces = slices(whole, timedelta(minutes=length))
    assert (pieces[0].until, pieces[-1].since) == (whole.until, whole.since)
    assert all(one.since == following.until for one, following in itertools.pairwise(pieces))
    assert all(timedelta(0) < piece.until - piece.since <= timedelta(minutes=length) for piece in pieces)


def test_nothing_is_asked_beyond_what_the_service_keeps() -> None:
    hour = timedelta(hours=1)
    old, cut, new = (Window(since=NOW + place * hour, until=NOW + (place + 1) * hour) for place in (0, 1, 2))
    earliest = NOW + 1.5 * hour
    assert within([new, cut, old], earliest=earliest) == [new, Window(since=earliest, until=cut.until)]
