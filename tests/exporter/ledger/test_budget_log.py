"""What batches have added: noted once for all budgets that count the same, and read as if each had been added to."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from book import MB, NOON, MakeBook, query, start
from hypothesis import given, settings
from hypothesis import strategies as st

from athena_exporter.budgets import Amount, Budget, Calendar, Cells, Match, Per, Period, Rolling, Unit
from athena_exporter.ledger import budget_log, schema

NUMBERS = (11, 7, 30)
"""Of the tallies at the places 0, 1 and 2."""
SUBJECTS = st.dictionaries(
    st.sampled_from(["ann", "bob", "", "Ünal", 'a"b']), st.tuples(st.integers(0, 2**50), st.integers(0, 9)), min_size=1
)
CELLS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([0, 300_000, -3_600_000])), min_size=1, unique=True)
BATCHES = st.lists(st.dictionaries(CELLS.map(tuple), SUBJECTS, min_size=1, max_size=4), max_size=6)
Usage = dict[Cells, dict[str, tuple[int, int]]]
Sums = dict[tuple[int, int, str], tuple[int, ...]]
"""By the tally's number, cell and subject."""


@contextmanager
def file() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        schema.create(connection)
        for target in (1, 2):
            connection.execute("INSERT INTO targets VALUES (?, ?, 'eu-west-1', 0, 0, 0, 0)", (target, str(target)))
        for number in NUMBERS:
            connection.execute("INSERT INTO budget_tallies VALUES (?, 1, ?, 0)", (number, str(number)))
        yield connection


def sums(batches: Sequence[Usage]) -> Sums:
    """One addition after the other."""
    found: dict[tuple[int, int, str], tuple[int, ...]] = {}
    for batch in batches:
        for cells, subjects in batch.items():
            for (place, start_ms), (subject, (first, second)) in product(cells, subjects.items()):
                cell = NUMBERS[place], start_ms, subject
                before = found.get(cell, (0, 0))
                found[cell] = before[0] + first, before[1] + second
    return found


def read(connection: sqlite3.Connection) -> Sums:
    return {
        (number, start_ms, subject): tuple(amounts)
        for number, cells in budget_log.read(connection, 1).items()
        for start_ms, subjects in cells.items()
        for subject, amounts in subjects.items()
    }


@given(BATCHES, BATCHES)
@settings(max_examples=60, deadline=None)
def test_what_is_noted_together_is_read_and_added_up_apart(earlier: list[Usage], later: list[Usage]) -> None:
    with file() as connection:
        for batch in earlier:
            assert budget_log.append(connection, 1, NUMBERS, batch) == sum(map(len, batch.values()))
        assert read(connection) == sums(earlier)
        budget_log.merge(connection, 1)
        assert budget_log.read(connection, 1) == {}
        for batch in later:
            budget_log.append(connection, 1, NUMBERS, batch)
        assert read(connection) == sums(later)
        budget_log.merge(connection, 1)
        stored = connection.execute("SELECT tally_id, start_ms, subject, scanned_bytes, cost_nanousd FROM budget_usage")
        assert {(number, start_ms, subject): tuple(both) for number, start_ms, subject, *both in stored} == sums(
            [*earlier, *later]
        )


def test_rows_of_the_form_before_are_read_with_the_others() -> None:
    with file() as connection:
        body = json.dumps({"11": {"0": {"ann": [1, 2]}}, "7": {"300000": {"ann": [1, 2], "bob": [3, 0]}}})
        connection.execute("INSERT INTO budget_log (target_id, body) VALUES (1, ?)", (body,))
        budget_log.append(connection, 1, NUMBERS, {((0, 0), (1, 300_000)): {"ann": (4, 5)}})
        assert read(connection) == {(11, 0, "ann"): (5, 7), (7, 300_000, "ann"): (5, 7), (7, 300_000, "bob"): (3, 0)}


def test_targets_do_not_read_each_other() -> None:
    with file() as connection:
        budget_log.append(connection, 2, NUMBERS, {((0, 0),): {"ann": (1, 1)}})
        assert budget_log.read(connection, 1) == {}
        budget_log.merge(connection, 1)
        assert budget_log.read(connection, 2) == {11: {0: {"ann": [1, 1]}}}


@pytest.mark.parametrize("budgets", [1, 30])
def test_a_query_is_noted_once_for_its_user_whatever_the_number_of_budgets(make_book: MakeBook, budgets: int) -> None:
    plain = Budget(
        name="b", per=Per.USER, window=Calendar(period=Period.DAY), limit=Amount(unit=Unit.BYTES, value=MB),
        match=Match(workgroup=("pri*",)),
    )  # fmt: skip  # as short as it can be said
    rolling = [Rolling(length=timedelta(hours=hours)) for hours in range(1, budgets)]
    told = (plain, *(replace(plain, name=f"b{number}", window=window) for number, window in enumerate(rolling)))
    with make_book(budgets=told) as book:
        book.deliver(query(1), start(1), query(2), start(2))
        (body,) = book.ledger._writer.execute("SELECT body FROM budget_log").fetchone()
        assert body.count('"ann"') == 1
        for state in book.ledger.budget_states(NOON)[0].states:
            assert [(one.subject, one.used) for one in state.standings] == [("ann", 200 * MB)]
