"""The clock of the soak: nobody waits in life, everybody waits as long as they said, and a bug ends it."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from soak.clock import Clock, Shown, SteppedThreads
from soak.watching import Delivered

BEGINS_MS = 1_788_134_400_000
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def clock(tmp_path: Path) -> Iterator[Clock]:
    with Shown(tmp_path / "clock") as shown:
        shown.set(BEGINS_MS)
        yield Clock(shown)


def ended_after(threads: SteppedThreads, span: timedelta) -> None:
    def end() -> None:
        threads.pause(span)
        threads.stop()

    threads.once(end, "end")
    threads.wait(timedelta(seconds=60))


def noted(clock: Clock, name: str, said: list[tuple[float, str]]) -> Callable[[], None]:
    return lambda: said.append((clock.monotonic() / 3600, name))


def test_loops_come_when_they_are_due_and_none_more_often_than_its_step(clock: Clock) -> None:
    said: list[tuple[float, str]] = []
    threads = SteppedThreads(clock, 2 * HOUR, {"brisk": HOUR})
    threads.every(timedelta(seconds=5), noted(clock, "often", said), "often here")
    threads.every(3 * HOUR, noted(clock, "rare", said), "rare")
    threads.every(timedelta(0), noted(clock, "brisk", said), "brisk eu-west-1")
    ended_after(threads, 4 * HOUR)
    hours = {name: [at for at, who in said if who == name and at < 4] for name in ("often", "rare", "brisk")}
    assert hours == {"often": [0, 2], "rare": [0, 3], "brisk": [0, 1, 2, 3]}


def test_a_bug_in_a_loop_ends_all_and_is_told(clock: Clock) -> None:
    threads = SteppedThreads(clock, HOUR, {})
    threads.every(HOUR, clock.now, "well")
    threads.once(lambda: 1 // 0, "ill")
    with pytest.raises(ZeroDivisionError):
        threads.wait(timedelta(seconds=60))


def test_another_process_sees_the_time_that_the_clock_has_come_to(clock: Clock, tmp_path: Path) -> None:
    ended_after(SteppedThreads(clock, HOUR, {}), DAY)
    with Shown(tmp_path / "clock") as elsewhere:
        assert elsewhere() == BEGINS_MS + DAY // timedelta(milliseconds=1)
    assert clock.now().timestamp() * 1000 == BEGINS_MS + 86_400_000


def test_an_event_that_came_twice_is_one_and_an_access_is_not_its_query() -> None:
    query = "11111111-2222-4333-8444-555555555555"
    delivered = Delivered()
    messages = [f'{{"query_id":"{query}","access_id":"{letter * 40}"}}' for letter in "abb"]
    delivered.add("accesses", iter(messages))
    guard = f'{{"event_type":"guard","access_id":"{"c" * 40}","query_id":"{query}"}}'
    delivered.add("queries", iter([f'{{"query_id":"{query}"}}', guard]))
    assert delivered.distinct == {"accesses": 2, "queries": 1}
    assert sum(delivered.events.values()) == 4
