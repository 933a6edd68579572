"""Whom a message is for: what a file says, what a name is already, what a workgroup's tag tells."""

import logging
import os
from pathlib import Path
from typing import Any

import pytest
from news import decided, stopped

from athena_exporter.config import ConfigError
from athena_exporter.outlets.notifications import Notice, People, Person, notice_of


def addressed(people: People, **told: Any) -> tuple[Person, ...]:
    return people.addressed(notice_of(decided(**told)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "people.yml"


def guarded(**told: Any) -> Notice:
    return notice_of(stopped(**told))


def test_the_first_pattern_that_fits_holds(path: Path) -> None:
    path.write_text("people:\n  ann: {name: Ann}\n  'a*': {name: A}\n")
    people = People(path)
    assert addressed(people) == (Person(name="Ann"),)
    assert addressed(people, subject="abe") == (Person(name="A"),)
    assert addressed(people, subject="bob") == ()


def test_a_user_who_is_an_address_needs_no_file() -> None:
    people = People(None)
    assert addressed(people, subject="ann@example.com") == (Person(email="ann@example.com"),)
    assert addressed(people, subject="ann@example.com", per="workload") == ()
    assert addressed(people, subject="ann@example.com\nBcc: all@example.com") == ()
    assert people.addressed(guarded(user="ann@example.com", subject="etl")) == (Person(email="ann@example.com"),)


def test_the_owners_of_workgroups_are_addressed_by_their_tag(path: Path) -> None:
    path.write_text("people: {team-bi: {slack: S0614TZR7}}")
    people = People(path)
    owners = ["bi@example.com", "nobody knows", "team-bi"]
    assert addressed(people, subject="primary", per="workgroup", owners=owners) == (
        Person(email="bi@example.com"),
        Person(name="nobody knows"),
        Person(slack="S0614TZR7"),
    )
    path.write_text("people: {primary: {name: Whoever}}")
    assert addressed(people, subject="primary", per="workgroup", owners=owners) == (Person(name="Whoever"),)


def test_whose_query_was_stopped_is_addressed_before_whose_budget_it_was(path: Path) -> None:
    path.write_text("people: {ann: {name: Ann}, analysts: {name: Analysts}}")
    people = People(path)
    assert people.addressed(guarded(subject="analysts")) == (Person(name="Ann"),)
    assert people.addressed(guarded(user="bob", subject="analysts")) == (Person(name="Analysts"),)


def test_a_file_that_is_spoilt_while_it_is_used_is_named_once_and_its_last_state_holds(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_text("people: {ann: {name: Ann}}")
    people = People(path)
    path.write_text("people: {ann: {nmae: Ann}}")
    with caplog.at_level(logging.WARNING):
        assert addressed(people) == addressed(people) == (Person(name="Ann"),)
    assert [record.getMessage() for record in caplog.records] == [
        f"{path}:1: people.ann.nmae: unknown key; did you mean 'name'?; what stood there before holds on"
    ]
    path.unlink()
    with caplog.at_level(logging.WARNING):
        assert addressed(people) == addressed(people) == (Person(name="Ann"),)
    assert "cannot be read: No such file or directory" in caplog.records[1].getMessage()
    path.write_text("people: {ann: {name: Anna}}")
    assert addressed(people) == (Person(name="Anna"),)
    assert len(caplog.records) == 2


def test_a_file_that_is_swapped_for_another_of_the_same_size_is_seen(path: Path) -> None:
    """As a platform renews a mounted secret: by a rename."""
    path.write_text("people: {ann: {name: Ann}}")
    people = People(path)
    other = path.with_name("other.yml")
    other.write_text("people: {ann: {name: Bob}}")
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    other.rename(path)
    assert addressed(people) == (Person(name="Bob"),)


def test_a_file_that_cannot_be_right_stops_the_start(path: Path) -> None:
    path.write_text("people: [ann]")
    with pytest.raises(ConfigError, match=r"people\.yml:1: people: found a list, wanted a section"):
        People(path)
