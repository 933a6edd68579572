"""Why these tests exist: a page is drawn for whoever comes, and nobody shall find an old one because of that."""

from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_exporter.outlets.server import Exposition, Scrapers, application
from athena_exporter.outlets.server.scrapers import LONGEST

TICK = 5.0
MARGIN = 1.0


class Clock:
    """Seconds that only a test lets pass."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def scrapers(clock: Clock) -> Scrapers:
    return Scrapers(clock)


def visit(scrapers: Scrapers, clock: Clock, *distances: float, who: str = "prometheus") -> None:
    """Somebody comes now, and again after each distance."""
    scrapers.came(who)
    for distance in distances:
        clock.now += distance
        scrapers.came(who)


def test_while_nobody_comes_somebody_may(scrapers: Scrapers) -> None:
    assert scrapers.may_come(within=0)


@pytest.mark.parametrize("distances", [(), (15,), (15, 22), (15, 13)])
def test_of_whom_nobody_can_say_may_come_at_any_time(
    scrapers: Scrapers, clock: Clock, distances: tuple[float, ...]
) -> None:
    visit(scrapers, clock, *distances)
    assert scrapers.may_come(within=0)


def test_a_scraper_is_expected_when_its_distance_is_over_and_not_before(scrapers: Scrapers, clock: Clock) -> None:
    visit(scrapers, clock, 15, 15.2)
    assert not scrapers.may_come(within=14.9)
    assert scrapers.may_come(within=15)
    clock.now += 9
    assert scrapers.may_come(within=6)


def test_whoever_is_late_may_come_at_any_time(scrapers: Scrapers, clock: Clock) -> None:
    visit(scrapers, clock, 15, 15)
    clock.now += 16
    assert scrapers.may_come(within=0)


def test_of_several_scrapers_the_next_is_expected(scrapers: Scrapers, clock: Clock) -> None:
    visit(scrapers, clock, 30, 30, who="one")
    visit(scrapers, clock, 10, 10, who="another")
    assert not scrapers.may_come(within=9)
    assert scrapers.may_come(within=10)


def test_two_scrapers_that_look_alike_are_not_taken_for_one_that_comes_often(scrapers: Scrapers, clock: Clock) -> None:
    visit(scrapers, clock, 4, 11, 4, 11)
    assert scrapers.may_come(within=0)


def test_a_reader_who_has_gone_is_waited_for_no_longer(scrapers: Scrapers, clock: Clock) -> None:
    visit(scrapers, clock, who="somebody once")
    for _ in range(9):
        visit(scrapers, clock, 15, 15)
    assert not scrapers.may_come(within=10)


def test_nobody_is_waited_for_longer_than_a_minute(scrapers: Scrapers, clock: Clock) -> None:
    visit(scrapers, clock, LONGEST, LONGEST)
    assert not scrapers.may_come(within=0)
    visit(scrapers, clock, LONGEST + 1, LONGEST + 1)
    assert scrapers.may_come(within=0)


def test_more_readers_than_are_remembered_may_come_at_any_time(scrapers: Scrapers, clock: Clock) -> None:
    for _ in range(4):
        for number in range(1_000):
            scrapers.came(f"reader {number}")
        clock.now += 15
    assert scrapers.may_come(within=0)


@given(
    period=st.floats(1, LONGEST),
    jitter=st.lists(st.floats(0, 0.2), min_size=20, max_size=20),
    interval=st.floats(0.5, 10),
)
def test_a_scraper_with_jitter_never_finds_a_page_older_than_a_tick_would_have_left_it(
    period: float, jitter: Iterable[float], interval: float
) -> None:
    clock = Clock()
    scrapers = Scrapers(clock)
    drawn = next_tick = clock.now
    for late in [period * number + extra for number, extra in enumerate(jitter, start=1)]:
        arrival = 1_000 + late
        while next_tick <= arrival:
            clock.now = next_tick
            if scrapers.may_come(within=interval + MARGIN):
                drawn = next_tick
            next_tick += interval
        clock.now = arrival
        assert arrival - drawn <= interval
        scrapers.came("prometheus")


def answered(came: Callable[[str], None], path: str, agent: str) -> None:
    exposition = Exposition()
    exposition.publish(b"# EOF\n")
    environ = {"PATH_INFO": path, "REQUEST_METHOD": "GET", "REMOTE_ADDR": "10.0.0.7", "HTTP_USER_AGENT": agent}
    list(application(exposition, came)(environ, lambda *_: lambda _: None))


def test_readers_are_told_apart_by_address_and_program_and_probes_are_none() -> None:
    came: list[str] = []
    for path in ("/metrics", "/-/healthy", "/-/ready", "/docs/metrics"):
        answered(came.append, path, "Prometheus/3.5.0")
    answered(came.append, "/metrics", "curl/8")
    answered(came.append, "/", "Mozilla/5.0")
    assert came == ["10.0.0.7 Prometheus/3.5.0", "10.0.0.7 curl/8", "10.0.0.7 Mozilla/5.0"]
