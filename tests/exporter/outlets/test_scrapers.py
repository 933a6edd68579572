"""Why these tests exist: a page is drawn for whoever comes, and nobody shall find an old one because of that."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_exporter.outlets.server import Exposition, Scrapers, application
from athena_exporter.outlets.server.scrapers import LONGEST

PAUSE = 5.0
SPARE = 1.5
"""How much older a page may be, for the sake of one drawing a scrape and of scrapers that come late."""


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


def needs(scrapers: Scrapers, clock: Clock, *, drawn_ago: float = 2 * LONGEST, seconds: float = 0.0) -> bool:
    """Whether a tick draws, `drawn_ago` after a page was begun whose drawing took so many seconds."""
    scrapers._began, scrapers._took = clock.now - drawn_ago, seconds
    drawn: list[None] = []
    scrapers.tick(lambda: drawn.append(None), PAUSE)
    return bool(drawn)


def test_while_nobody_comes_every_page_is_drawn(scrapers: Scrapers, clock: Clock) -> None:
    assert needs(scrapers, clock, drawn_ago=PAUSE)


@pytest.mark.parametrize("distances", [(), (15,), (15, 22), (15, 13), (0, 0), (0.5, 0.5)])
def test_who_cannot_be_expected_may_come_at_any_time(
    scrapers: Scrapers, clock: Clock, distances: tuple[float, ...]
) -> None:
    visit(scrapers, clock, *distances)
    assert needs(scrapers, clock, drawn_ago=PAUSE)


def test_a_page_is_drawn_when_the_next_one_would_be_too_late_for_the_scraper(scrapers: Scrapers, clock: Clock) -> None:
    visit(scrapers, clock, 15, 15.2)
    clock.now += 8.9
    assert not needs(scrapers, clock)
    clock.now += 0.1
    assert needs(scrapers, clock)


def test_a_slow_drawing_begins_earlier(scrapers: Scrapers, clock: Clock) -> None:
    visit(scrapers, clock, 15, 15)
    clock.now += 6
    assert not needs(scrapers, clock, seconds=1)
    assert needs(scrapers, clock, seconds=2)


def test_a_page_that_is_young_enough_when_the_scraper_comes_is_not_drawn_again(
    scrapers: Scrapers, clock: Clock
) -> None:
    visit(scrapers, clock, 15, 15)
    clock.now += 14
    assert not needs(scrapers, clock, drawn_ago=5)
    assert needs(scrapers, clock, drawn_ago=5.1)
    assert not needs(scrapers, clock, drawn_ago=9, seconds=2)


def test_whoever_is_late_may_come_at_any_time(scrapers: Scrapers, clock: Clock) -> None:
    visit(scrapers, clock, 15, 15)
    clock.now += 16
    assert needs(scrapers, clock, drawn_ago=PAUSE)


def test_of_several_scrapers_the_next_is_drawn_for(scrapers: Scrapers, clock: Clock) -> None:
    visit(scrapers, clock, 30, 30, who="one")
    visit(scrapers, clock, 10, 10, who="another")
    assert not needs(scrapers, clock)
    clock.now += 4
    assert needs(scrapers, clock)


def test_two_scrapers_that_look_alike_are_not_taken_for_one_that_comes_often(scrapers: Scrapers, clock: Clock) -> None:
    visit(scrapers, clock, 4, 11, 4, 11)
    assert needs(scrapers, clock)


def test_a_reader_who_has_gone_is_waited_for_no_longer(scrapers: Scrapers, clock: Clock) -> None:
    visit(scrapers, clock, who="somebody once")
    for _ in range(9):
        visit(scrapers, clock, 15, 15)
    assert not needs(scrapers, clock)


def test_nobody_is_waited_for_longer_than_a_minute(scrapers: Scrapers, clock: Clock) -> None:
    visit(scrapers, clock, LONGEST, LONGEST)
    assert not needs(scrapers, clock)
    visit(scrapers, clock, LONGEST + 1, LONGEST + 1)
    assert needs(scrapers, clock)


def test_more_readers_than_are_remembered_may_come_at_any_time(scrapers: Scrapers, clock: Clock) -> None:
    for _ in range(4):
        for number in range(1_000):
            scrapers.came(f"reader {number}")
        clock.now += 15
    assert needs(scrapers, clock)


class Drawing:
    """Pages drawn as the service draws them: a pause after each tick, whether it has drawn or not."""

    def __init__(self, clock: Clock, scrapers: Scrapers, pause: float, seconds: float) -> None:
        self._clock, self._scrapers, self._pause, self._seconds = clock, scrapers, pause, seconds
        self._next = clock.now
        self._pages = [float("-inf")]

    def go_on(self, until: float) -> None:
        while self._next <= until:
            self._clock.now = self._next
            self._scrapers.tick(self._draw, self._pause)
            self._next = self._clock.now + self._pause
        self._clock.now = until

    def _draw(self) -> None:
        self._pages.append(self._clock.now)
        self._clock.now += self._seconds

    @property
    def count(self) -> int:
        return len(self._pages) - 1

    @property
    def age(self) -> float:
        """Seconds since the page that is shown was begun."""
        return self._clock.now - max(page for page in self._pages if page + self._seconds <= self._clock.now)


@given(
    period=st.floats(1, LONGEST),
    jitter=st.lists(st.floats(0, 0.2), min_size=20, max_size=20),
    pause=st.floats(0.5, 10),
    seconds=st.floats(0, 3),
)
def test_a_scraper_finds_no_older_page_than_if_every_pause_ended_with_a_drawing(
    period: float, jitter: Sequence[float], pause: float, seconds: float
) -> None:
    clock = Clock()
    scrapers = Scrapers(clock)
    drawing = Drawing(clock, scrapers, pause, seconds)
    for number, late in enumerate(jitter, start=1):
        drawing.go_on(1_000 + pause + 2 * seconds + period * number + late)
        assert drawing.age <= pause + 2 * seconds + SPARE
        scrapers.came("prometheus")


@given(period=st.sampled_from((15.0, 30.0, 60.0)), begins=st.floats(0, 15), seconds=st.floats(0, 2.5))
def test_one_page_is_drawn_for_each_scrape(period: float, begins: float, seconds: float) -> None:
    clock = Clock()
    scrapers = Scrapers(clock)
    drawing, known = Drawing(clock, scrapers, PAUSE, seconds), 0
    for number in range(1, 25):
        drawing.go_on(1_000 + begins + period * number)
        scrapers.came("prometheus")
        known = drawing.count if number == 4 else known
    assert drawing.count - known <= 21


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
