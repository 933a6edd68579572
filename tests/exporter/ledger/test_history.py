"""Why these tests exist: `report` must say the same whichever rollup answers, and for the last hour, too."""

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from book import BORN, DAY, HOUR, MB, MINUTE, NOON, TARGET, Book, MakeBook, bare, query, start

from athena_exporter.ledger import history
from athena_exporter.ledger.errors import LedgerError
from athena_exporter.records import State, UsageRow


def told(book: Book, since: datetime, until: datetime) -> list[UsageRow]:
    return list(history.usage(book.settings.path, since, until))


def queries(book: Book, since: datetime, until: datetime) -> int:
    return sum(row.queries for row in told(book, since, until))


def test_a_row_tells_user_workgroup_database_state_and_its_sums(book: Book) -> None:
    book.deliver(query(1), start(1), query(2, scanned_bytes=MB), start(2))
    (row,) = told(book, NOON, NOON + HOUR)
    assert (row.user, row.workgroup, row.database, row.state) == ("ann", "primary", "sales", "succeeded")
    assert (row.queries, row.scanned_bytes, row.billed_bytes) == (2, 101 * MB, 110 * MB)
    assert row.cost_nanousd == 476_837 + 47_684


def test_a_young_ledger_tells_of_the_last_hour(book: Book) -> None:
    book.deliver(query(1, at=BORN + 3 * HOUR), query(2, at=NOON), query(3, at=NOON + 2 * HOUR))
    assert queries(book, NOON + HOUR, NOON + 3 * HOUR) == 1
    assert queries(book, NOON, NOON + HOUR) == 1
    assert queries(book, BORN, NOON + 3 * HOUR) == 3


def test_a_late_identity_leaves_no_empty_row_behind(book: Book) -> None:
    book.deliver(query())
    book.deliver(start())
    assert [row.user for row in told(book, BORN, BORN + DAY)] == ["ann"]


def test_hours_and_days_come_to_equal_sums_whichever_answers(book: Book) -> None:
    """Forty days of queries: the hours of the first five are gone, and nothing shows where the tables meet."""
    for day in range(40):
        at = NOON + day * DAY
        for number, hours in enumerate((0, 5, 11)):
            book.deliver(query(10 * day + number, at=at + hours * HOUR), start(10 * day + number), at=at + 12 * HOUR)
    before = {(a, b): queries(book, BORN + a * DAY, BORN + b * DAY) for a in range(0, 40, 3) for b in range(a, 41, 4)}
    book.ledger.prune(TARGET)
    assert before == {key: 3 * (key[1] - key[0]) for key in before}
    assert before == {(a, b): queries(book, BORN + a * DAY, BORN + b * DAY) for a, b in before}
    with closing(sqlite3.connect(book.settings.path)) as connection:
        hours, days = (
            connection.execute(f"SELECT count(*) FROM usage_{span}").fetchone()[0] for span in ("hours", "days")
        )
    assert (hours, days) == (35 * 3, 5)


def test_a_late_identity_of_a_rolled_up_day_moves_the_query_there_too(make_book: MakeBook) -> None:
    with make_book(retention=44 * DAY) as book:
        book.deliver(query())
        book.looked(NOON + 40 * DAY)
        book.ledger.prune(TARGET)
        assert [row.user for row in told(book, BORN, BORN + DAY)] == ["unattributed"]
        book.deliver(start(), at=NOON + 40 * DAY)
        assert [row.user for row in told(book, BORN, BORN + DAY)] == ["ann"]
        book.ledger.prune(TARGET)
        assert [row.user for row in told(book, BORN, BORN + DAY)] == ["ann"]


def test_a_target_that_is_no_longer_read_does_not_hide_the_days_of_another(book: Book) -> None:
    gone = replace(TARGET, region="us-east-1")
    book.ledger.adopt(gone, BORN)
    book.deliver(query(1), target=gone)
    book.deliver(query(2))
    book.deliver(query(3, at=NOON + 50 * DAY), at=NOON + 50 * DAY)
    book.ledger.prune(TARGET)
    assert queries(book, BORN, BORN + 60 * DAY) == 3


def test_a_range_that_begins_within_an_hour_begins_with_the_next(book: Book) -> None:
    book.deliver(query(1, at=NOON + MINUTE), query(2, at=NOON + HOUR))
    assert queries(book, NOON + timedelta(seconds=1), NOON + DAY) == 1


def test_an_empty_range_is_empty(book: Book) -> None:
    book.deliver(query())
    assert told(book, NOON + DAY, NOON) == []
    assert Counter(row.user for row in told(book, BORN - DAY, BORN)) == {}


def test_a_ledger_that_does_not_exist_is_one_line_and_is_not_created(tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    with pytest.raises(LedgerError, match="there is no such file"):
        list(history.usage(path, BORN, NOON))
    assert not path.exists()


# -- executions: what CloudWatch is compared with ---------------------------------------------------------------------


def executions(book: Book, since: datetime, until: datetime) -> dict[tuple[str, str, str], tuple[int, int, int]]:
    return {
        (row.workgroup, row.statement_type, row.state): (row.queries, row.scanned_bytes, row.total_ms)
        for row in history.executions(book.settings.path, since, until)
    }


def test_executions_come_by_workgroup_type_and_state_of_the_day_in_which_they_ended(book: Book) -> None:
    book.deliver(query(1), at=BORN + 2 * DAY)
    book.deliver(
        query(2, scanned_bytes=MB, total_ms=5),
        query(3, state=State.CANCELLED),
        query(4, statement_type="DDL", scanned_bytes=None),
        query(5, statement_type=None),
        query(6, at=BORN + DAY),
        query(7, at=BORN + DAY - timedelta(milliseconds=1), workgroup="etl"),
        at=BORN + 2 * DAY,
    )
    assert executions(book, BORN, BORN + DAY) == {
        ("primary", "DML", "succeeded"): (2, 101 * MB, 10_005),
        ("primary", "DML", "cancelled"): (1, 100 * MB, 10_000),
        ("primary", "DDL", "succeeded"): (1, 0, 10_000),
        ("primary", "unknown", "succeeded"): (1, 100 * MB, 10_000),
        ("etl", "DML", "succeeded"): (1, 100 * MB, 10_000),
    }
    assert executions(book, BORN + DAY, BORN + 2 * DAY) == {("primary", "DML", "succeeded"): (1, 100 * MB, 10_000)}


def test_an_execution_counts_once_and_identities_change_nothing(book: Book) -> None:
    once = {("primary", "DML", "succeeded"): (1, 100 * MB, 10_000)}
    for records in ((query(),), (query(), start()), (query(),)):
        book.deliver(*records)
        assert executions(book, BORN, BORN + DAY) == once
    book.reopen()
    book.deliver(query())
    assert executions(book, BORN, BORN + DAY) == once


def test_what_ended_before_counting_began_is_among_the_executions_as_far_as_it_was_seeded(make_book: MakeBook) -> None:
    with make_book(seed=DAY) as book:
        book.deliver(query(1, at=BORN - HOUR), query(2, at=BORN - 25 * HOUR))
        assert executions(book, BORN - 2 * DAY, BORN) == {("primary", "DML", "succeeded"): (1, 100 * MB, 10_000)}


def test_executions_of_two_targets_stand_apart(book: Book) -> None:
    ohio = replace(TARGET, region="us-east-2")
    book.ledger.adopt(ohio, BORN)
    book.deliver(query(1))
    book.deliver(query(1), query(2), target=ohio)
    found = history.executions(book.settings.path, BORN, BORN + DAY)
    assert [(row.target, row.queries) for row in found] == [(TARGET, 1), (ohio, 2)]


def test_coverage_says_since_when_and_until_when_every_query_is_there(book: Book) -> None:
    assert history.coverage(book.settings.path) == [history.Coverage(target=TARGET, since=BORN, until=None)]
    book.swept(NOON)
    assert history.coverage(book.settings.path) == [history.Coverage(target=TARGET, since=BORN, until=NOON)]
    book.deliver(bare(1, at=NOON - MINUTE), at=NOON)
    (covered,) = history.coverage(book.settings.path)
    assert covered.until == NOON - MINUTE, "its statistics may still change what the day came to"
