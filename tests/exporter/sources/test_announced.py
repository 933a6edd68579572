"""What best-effort delivery has lost: ends that a sweep found and no event has told."""

from datetime import UTC, datetime, timedelta

from athena_exporter.sources.announced import Announcements

BEGAN = datetime(2026, 11, 23, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def listening() -> Announcements:
    announced = Announcements(grace=MINUTE)
    announced.reach(BEGAN)
    return announced


def test_an_end_is_missed_when_all_messages_of_its_time_are_read() -> None:
    announced = listening()
    announced.find("a", BEGAN + MINUTE)
    announced.reach(BEGAN + 2 * MINUTE - timedelta(seconds=1))
    assert announced.take_missed() == 0
    announced.reach(BEGAN + 2 * MINUTE)
    assert announced.take_missed() == 1


def test_a_miss_is_told_once_however_often_it_is_found() -> None:
    announced = listening()
    announced.reach(BEGAN + 10 * MINUTE)
    told = []
    for _ in range(3):
        announced.find("a", BEGAN + MINUTE)
        told.append(announced.take_missed())
    assert told == [1, 0, 0]


def test_what_an_event_told_is_not_missed_whoever_comes_first() -> None:
    announced = listening()
    announced.tell(["a"])
    announced.find("a", BEGAN + MINUTE)
    announced.find("b", BEGAN + MINUTE)
    announced.tell(["b"])
    announced.reach(BEGAN + 10 * MINUTE)
    assert announced.take_missed() == 0


def test_what_ended_before_anybody_listened_is_nobodys_miss() -> None:
    announced = Announcements(grace=MINUTE)
    announced.find("a", BEGAN - timedelta(hours=1))
    assert announced.take_missed() == 0
    announced.reach(BEGAN)
    announced.reach(BEGAN + 10 * MINUTE)
    assert announced.take_missed() == 0


def test_what_was_read_is_not_unread_by_an_old_message() -> None:
    announced = listening()
    announced.find("a", BEGAN + MINUTE)
    announced.reach(BEGAN + 5 * MINUTE)
    announced.reach(BEGAN + MINUTE)
    assert announced.take_missed() == 1


def test_memory_is_bounded() -> None:
    announced = Announcements(grace=MINUTE, capacity=2)
    announced.reach(BEGAN)
    for name in "abc":
        announced.find(name, BEGAN + MINUTE)
    announced.reach(BEGAN + 10 * MINUTE)
    assert announced.take_missed() == 2
    announced.tell("xyz")
    announced.find("x", BEGAN + MINUTE)
    assert announced.take_missed() == 1
