"""Why these tests exist: what is exposed as a window, as complete and as catching up must mean what it says."""

from datetime import UTC, datetime, timedelta

import pytest
from book import BORN, DAY, HOUR, MB, MINUTE, NOON, SECOND, TARGET, Book, MakeBook, bare, query, running, start

from athena_exporter import catalog
from athena_exporter.ledger.snapshot import windows
from athena_exporter.records import epoch_ms


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def spans(now: str) -> dict[str, tuple[datetime, datetime]]:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return {
        one.name: (epoch + timedelta(milliseconds=one.since_ms), epoch + timedelta(milliseconds=one.until_ms))
        for one in windows(at(now))
    }


@pytest.mark.parametrize(
    ("now", "name", "since", "until"),
    [
        ("2026-03-10T00:00", "today", "2026-03-10", "2026-03-11"),
        ("2026-03-10T23:59:59.999", "today", "2026-03-10", "2026-03-11"),
        ("2026-03-01T00:00", "yesterday", "2026-02-28", "2026-03-01"),
        ("2028-03-01T00:00", "yesterday", "2028-02-29", "2028-03-01"),
        ("2028-02-29T12:00", "month", "2028-02-01", "2028-03-01"),
        ("2028-03-31T12:00", "last_month", "2028-02-01", "2028-03-01"),
        ("2026-01-01T00:00", "yesterday", "2025-12-31", "2026-01-01"),
        ("2026-01-01T00:00", "month", "2026-01-01", "2026-01-02"),
        ("2026-01-31T23:59", "last_month", "2025-12-01", "2026-01-01"),
        ("2025-12-31T23:59:59", "month", "2025-12-01", "2026-01-01"),
    ],
)
def test_a_window_is_whole_utc_days(now: str, name: str, since: str, until: str) -> None:
    assert spans(now)[name] == (at(since), at(until))


def test_a_window_is_of_utc_wherever_the_clock_stands() -> None:
    tokyo = datetime.fromisoformat("2026-03-11T08:00+09:00")
    assert windows(tokyo) == windows(at("2026-03-10T23:00"))


def test_a_query_moves_through_the_windows_as_days_pass(book: Book) -> None:
    book.deliver(query(at=NOON), start(at=NOON))

    def where(now: datetime) -> set[str]:
        return {window for window, _ in book.shown(catalog.WINDOW_QUERIES, now)}

    assert where(NOON) == {"today", "month"}
    assert where(NOON + DAY) == {"yesterday", "month"}
    assert where(NOON + 2 * DAY) == {"month"}
    assert where(at("2026-04-01T00:00")) == {"last_month"}
    assert where(at("2026-05-01T00:00")) == set()


def test_the_last_millisecond_of_a_day_belongs_to_it(book: Book) -> None:
    midnight = BORN + DAY
    book.deliver(query(1, at=midnight - timedelta(milliseconds=1)), query(2, at=midnight))
    assert book.shown(catalog.WINDOW_QUERIES, midnight)["yesterday", "primary"] == 1
    assert book.shown(catalog.WINDOW_QUERIES, midnight)["today", "primary"] == 1
    assert book.shown(catalog.WINDOW_QUERIES, midnight)["month", "primary"] == 2


def test_windows_hold_bytes_and_money_by_workgroup_and_by_user(book: Book) -> None:
    book.deliver(query(1), start(1), query(2, workgroup="etl", scanned_bytes=MB), start(2, "bob"))
    assert book.count(catalog.WINDOW_SCANNED_BYTES, "today", "primary") == 100 * MB
    assert book.count(catalog.WINDOW_COST_USD, "today", "etl") == 47_684
    assert book.count(catalog.USER_WINDOW_SCANNED_BYTES, "today", "bob") == MB
    assert book.count(catalog.USER_WINDOW_COST_USD, "month", "ann") == 476_837


def test_a_query_without_a_user_is_pending_in_the_windows_then_unattributed(book: Book) -> None:
    book.deliver(query())
    assert book.count(catalog.USER_WINDOW_QUERIES, "today", "pending") == 1
    book.looked(NOON + 5 * HOUR)
    assert book.count(catalog.USER_WINDOW_QUERIES, "today", "pending") is None
    assert book.count(catalog.USER_WINDOW_QUERIES, "today", "unattributed") == 1


def test_windows_hold_no_query_twice_and_none_less_than_workgroups(make_book: MakeBook) -> None:
    with make_book(limits={"user": 1}) as book:
        book.deliver(*(query(n) for n in range(5)), *(start(n, f"user {n}") for n in range(3)))
        users, groups = book.shown(catalog.USER_WINDOW_QUERIES), book.shown(catalog.WINDOW_QUERIES)
        assert sum(value for (window, _), value in users.items() if window == "today") == 5
        assert groups["today", "primary"] == 5
        assert users["today", "other"] == 2


# -- complete until -------------------------------------------------------------------------------------------------


def complete(book: Book, source: str) -> datetime | None:
    value = book.shown(catalog.SOURCE_COMPLETE_UNTIL).get((source,))
    return None if value is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value)


def test_nothing_is_complete_before_the_first_sweep_has_ended(book: Book) -> None:
    book.deliver(query())
    book.ledger.succeeded(TARGET, "athena", NOON)
    assert complete(book, "athena") is None


def test_executions_are_complete_as_far_as_they_were_swept(book: Book) -> None:
    book.swept(NOON + HOUR, query())
    assert complete(book, "athena") == NOON + HOUR


def test_a_final_query_without_statistics_holds_completeness_back_until_it_counts(book: Book) -> None:
    book.swept(NOON + 10 * SECOND, bare())
    assert complete(book, "athena") == NOON
    book.deliver(query(), at=NOON + 20 * SECOND)
    assert complete(book, "athena") == NOON + 10 * SECOND


def test_a_running_query_holds_nothing_back_for_it_has_not_ended(book: Book) -> None:
    book.swept(NOON + HOUR, running())
    assert complete(book, "athena") == NOON + HOUR


def test_identities_are_complete_up_to_the_oldest_query_that_is_undecided(book: Book) -> None:
    book.swept(NOON + HOUR, query(1), query(2, at=NOON + 30 * MINUTE))
    book.looked(NOON + HOUR)
    assert complete(book, "lookup") == NOON
    assert complete(book, "athena") == NOON + HOUR
    book.deliver(start(1))
    assert complete(book, "lookup") == NOON + 30 * MINUTE
    book.looked(NOON + 5 * HOUR)
    assert complete(book, "lookup") == NOON + HOUR, "decided by giving up is decided, too"


def test_identities_are_complete_no_further_than_executions(book: Book) -> None:
    book.looked(NOON + 9 * HOUR)
    assert complete(book, "lookup") is None
    book.swept(NOON + HOUR)
    assert complete(book, "lookup") == NOON + HOUR


def test_a_final_query_without_statistics_and_user_holds_identities_back_too(book: Book) -> None:
    book.swept(NOON + HOUR)
    book.looked(NOON + HOUR)
    book.deliver(bare(at=NOON + 30 * MINUTE), at=NOON + 30 * MINUTE)
    assert complete(book, "lookup") == NOON + 30 * MINUTE


# -- catching up ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("behind", "said"), [(10 * MINUTE, 0), (10 * MINUTE + timedelta(milliseconds=1), 1)])
def test_more_than_ten_minutes_behind_is_catching_up(book: Book, behind: timedelta, said: int) -> None:
    book.swept(NOON)
    assert book.count(catalog.CATCHING_UP, now=NOON + behind) == said


def test_before_the_first_sweep_it_is_catching_up(book: Book) -> None:
    assert book.count(catalog.CATCHING_UP) == 1


def test_a_clock_that_jumps_back_is_not_behind(book: Book) -> None:
    book.swept(NOON)
    assert book.count(catalog.CATCHING_UP, now=NOON - 400 * DAY) == 0


# -- the rest -------------------------------------------------------------------------------------------------------


def test_an_idle_workgroup_runs_0_queries_and_an_unknown_one_is_not_told(book: Book) -> None:
    book.deliver(query())
    assert book.shown(catalog.RUNNING_QUERIES) == {("primary", "queued"): 0, ("primary", "running"): 0}


def test_a_ledger_tells_since_when_it_counts_and_its_generation(book: Book) -> None:
    assert book.count(catalog.COUNTING_SINCE) == epoch_ms(BORN)
    assert book.count(catalog.LEDGER_GENERATION) == 1


def test_counters_of_a_metric_that_this_version_does_not_know_are_left_alone(book: Book) -> None:
    book.deliver(query())
    book.ledger._writer.execute("UPDATE series SET metric = 'future_' || metric")
    book.reopen()
    assert book.shown(catalog.QUERIES) == {}
    book.deliver(query(2))
    assert book.count(catalog.QUERIES, "primary", "DML", "succeeded") == 1
