"""What a sweep remembers."""

from datetime import UTC, datetime

from athena_exporter.sources.memory import Memory

AT = datetime(2026, 11, 22, tzinfo=UTC)


def test_a_settled_id_keeps_its_submission() -> None:
    memory = Memory()
    memory.settle("a", AT)
    assert memory.settled("a") == AT
    assert memory.knows("a")
    assert not memory.knows("b")


def test_the_oldest_ids_are_forgotten_first() -> None:
    memory = Memory(capacity=2)
    for query_id in ("a", "b", "a", "c"):
        memory.settle(query_id, AT)
    assert [memory.settled(query_id) for query_id in "abc"] == [AT, None, AT]


def test_a_refused_id_is_due_ever_more_rarely() -> None:
    memory = Memory()
    tried = []
    number = 1
    memory.refuse("a", number, is_listed=True)
    while number < 100:
        number += 1
        if memory.due(number):
            tried.append(number)
            memory.refuse("a", number, is_listed=True)
    assert tried == [2, 4, 8, 16, 32, 64]


def test_a_forgiven_id_is_forgotten_and_its_count_begins_anew() -> None:
    memory = Memory()
    memory.refuse("a", 1, is_listed=False)
    assert memory.refuse("a", 2, is_listed=False) == 2
    memory.forgive("a")
    assert not memory.knows("a")
    assert memory.refuse("a", 3, is_listed=False) == 1


def test_only_listed_refusals_are_listed() -> None:
    memory = Memory()
    memory.refuse("seen", 1, is_listed=True)
    memory.refuse("unseen", 1, is_listed=False)
    assert memory.listed(["seen", "unseen", "never"]) == {"seen"}
