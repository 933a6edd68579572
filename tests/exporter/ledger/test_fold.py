"""Why these tests exist: each step of a query's life, one sentence each, through a real ledger.

The property tests prove that any order comes to the same count; these say what that count is, and why.
"""

from dataclasses import replace
from datetime import timedelta

import pytest
from book import (
    BORN,
    DAY,
    HOUR,
    MB,
    MINUTE,
    NOON,
    SECOND,
    TARGET,
    Book,
    MakeBook,
    bare,
    query,
    query_id,
    refused,
    running,
    start,
    who,
)

from athena_exporter import catalog
from athena_exporter.ledger.rejections import rejection
from athena_exporter.records import QueryExecution, Record, State, UnreadableQuery

SUCCEEDED = ("primary", "DML", "succeeded")
TEN_HOURS = 10 * HOUR


def test_a_query_counts_only_when_it_is_final(book: Book) -> None:
    book.deliver(running(state=State.QUEUED))
    book.deliver(running())
    assert book.shown(catalog.QUERIES) == {}
    book.deliver(query())
    assert book.count(catalog.QUERIES, *SUCCEEDED) == 1
    assert book.count(catalog.SCANNED_BYTES, *SUCCEEDED) == 100 * MB


def test_a_running_query_may_return_to_its_queue_and_counts_once(book: Book) -> None:
    for told in (running(state=State.QUEUED), running(), running(state=State.QUEUED), running(), query(), query()):
        book.deliver(told)
    assert book.count(catalog.QUERIES, *SUCCEEDED) == 1


def test_what_runs_is_told_by_workgroup_and_state(book: Book) -> None:
    book.deliver(running(1, state=State.QUEUED), running(2), running(3, workgroup="etl"))
    running_now = {key: value for key, value in book.shown(catalog.RUNNING_QUERIES).items() if value}
    assert running_now == {("primary", "queued"): 1, ("primary", "running"): 1, ("etl", "running"): 1}
    book.deliver(query(2))
    assert book.shown(catalog.RUNNING_QUERIES)["primary", "running"] == 0


def test_a_failed_query_is_final_and_counts_no_money(book: Book) -> None:
    book.deliver(query(state=State.FAILED))
    failed = ("primary", "DML", "failed")
    assert book.count(catalog.QUERIES, *failed) == 1
    assert book.count(catalog.COST_USD, *failed) == 0


def test_a_cancelled_query_is_billed_for_what_it_scanned(book: Book) -> None:
    book.deliver(query(state=State.CANCELLED))
    assert book.count(catalog.BILLED_BYTES, "primary", "DML", "cancelled") == 100 * MB


def test_a_query_that_aws_tells_nothing_of_is_counted_as_unknown(book: Book) -> None:
    book.deliver(query(workgroup="", database=None, statement_type=None, state=State.SUCCEEDED), start())
    assert book.count(catalog.QUERIES, "unknown", "unknown", "succeeded") == 1
    assert book.count(catalog.USER_QUERIES, "ann", "unknown", "unknown", "succeeded") == 1


# -- statistics that follow ---------------------------------------------------------------------------------------


def test_a_final_query_waits_for_its_statistics(book: Book) -> None:
    book.deliver(bare(), at=NOON)
    assert book.total(catalog.QUERIES) == 0
    assert [one.query_id for one in book.ledger.view(TARGET).unfinished()] == [query_id(1)]
    assert book.ledger.view(TARGET).awaiting_statistics() == [query_id(1)]
    book.deliver(query(), at=NOON + 59 * SECOND)
    assert book.count(catalog.SCANNED_BYTES, *SUCCEEDED) == 100 * MB
    assert book.total(catalog.MISSING_STATISTICS) == 0
    assert book.ledger.view(TARGET).unfinished() == []


def test_statistics_that_never_come_are_waited_for_a_minute_and_their_absence_is_counted(book: Book) -> None:
    book.deliver(bare(), at=NOON)
    book.deliver(bare(), at=NOON + 59 * SECOND)
    assert book.total(catalog.QUERIES) == 0
    book.deliver(bare(), at=NOON + 60 * SECOND)
    assert book.count(catalog.QUERIES, *SUCCEEDED) == 1
    assert book.count(catalog.MISSING_STATISTICS, "primary") == 1
    assert book.count(catalog.SCANNED_BYTES, *SUCCEEDED) == 0


def test_statistics_that_come_after_the_minute_are_too_late_and_are_no_disagreement_of_the_state(book: Book) -> None:
    book.deliver(bare(), at=NOON)
    book.deliver(bare(), at=NOON + 30 * SECOND)
    book.deliver(bare(), at=NOON + MINUTE)
    book.deliver(query(), at=NOON + 2 * MINUTE)
    assert book.count(catalog.SCANNED_BYTES, *SUCCEEDED) == 0
    assert book.count(catalog.DISAGREEMENTS, "execution") == 1


def test_the_minute_is_measured_on_awss_clock_and_survives_a_restart(book: Book) -> None:
    book.deliver(bare(), at=NOON)
    book.reopen()
    book.hand.seconds += 86_400
    book.deliver(bare(), at=NOON + 30 * SECOND)
    assert book.total(catalog.QUERIES) == 0
    book.deliver(bare(), at=NOON + 61 * SECOND)
    assert book.count(catalog.MISSING_STATISTICS, "primary") == 1


def test_a_query_told_as_running_again_keeps_the_moment_its_waiting_began(book: Book) -> None:
    book.deliver(bare(), at=NOON)
    book.deliver(running(), at=NOON + 30 * SECOND)
    book.deliver(bare(), at=NOON + 31 * SECOND)
    book.deliver(bare(), at=NOON + 61 * SECOND)
    assert book.count(catalog.QUERIES, *SUCCEEDED) == 1


def test_a_minute_in_which_nobody_looked_proves_no_absence(book: Book) -> None:
    book.deliver(bare(), at=NOON)
    book.deliver(bare(), at=NOON + 60 * MINUTE)
    assert book.total(catalog.QUERIES) == 0
    book.deliver(bare(), at=NOON + 61 * MINUTE)
    assert book.count(catalog.MISSING_STATISTICS, "primary") == 1


# -- the same thing told again --------------------------------------------------------------------------------------


def test_duplicates_within_a_batch_and_over_batches_count_once(book: Book) -> None:
    for _ in range(3):
        book.deliver(query(), query(), start(), start())
    assert book.count(catalog.QUERIES, *SUCCEEDED) == 1
    assert book.count(catalog.USER_QUERIES, "ann", "primary", "sales", "succeeded") == 1
    assert book.total(catalog.DISAGREEMENTS) == 0


def test_another_number_of_bytes_for_a_counted_query_is_counted_and_not_believed(book: Book) -> None:
    book.deliver(query())
    book.deliver(query(scanned_bytes=1))
    book.deliver(query(state=State.FAILED))
    assert book.count(catalog.SCANNED_BYTES, *SUCCEEDED) == 100 * MB
    assert book.count(catalog.DISAGREEMENTS, "execution") == 2


@pytest.mark.parametrize("told", [running(), bare()], ids=["running", "without statistics"])
def test_an_older_answer_after_the_count_is_no_disagreement(book: Book, told: QueryExecution) -> None:
    book.deliver(query())
    book.deliver(told)
    assert book.total(catalog.DISAGREEMENTS) == 0
    assert book.total(catalog.QUERIES) == 1


def test_the_first_identity_stands_and_another_one_is_counted(book: Book) -> None:
    book.deliver(query(), start(user="ann"))
    book.deliver(start(user="bob"))
    assert book.count(catalog.USER_QUERIES, "ann", "primary", "sales", "succeeded") == 1
    assert book.count(catalog.USER_QUERIES, "bob", "primary", "sales", "succeeded") is None
    assert book.count(catalog.DISAGREEMENTS, "identity") == 1


# -- the second phase: who ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start_first", [True, False])
def test_a_query_counts_for_its_user_when_both_halves_are_there(book: Book, start_first: bool) -> None:  # noqa: FBT001 - a parameter of pytest
    halves: list[Record] = [start(), query()] if start_first else [query(), start()]
    book.deliver(halves[0])
    assert book.total(catalog.USER_QUERIES) == 0
    book.deliver(halves[1])
    assert book.count(catalog.USER_QUERIES, "ann", "primary", "sales", "succeeded") == 1
    assert book.count(catalog.USER_SCANNED_BYTES, "ann", "primary", "sales") == 100 * MB
    assert book.count(catalog.CLIENT_QUERIES, "console", "primary") == 1
    assert book.count(catalog.PENDING_QUERIES) == 0


def test_a_counted_query_without_a_start_is_pending_with_its_bytes(book: Book) -> None:
    book.deliver(query())
    assert book.count(catalog.PENDING_QUERIES) == 1
    assert book.count(catalog.PENDING_BYTES) == 100 * MB
    assert book.count(catalog.USER_WINDOW_QUERIES, "today", "pending") == 1


def test_a_start_alone_is_remembered_and_asked_for(book: Book) -> None:
    book.deliver(start())
    waiting = book.ledger.view(TARGET).unfinished()
    assert [(one.query_id, one.since) for one in waiting] == [(query_id(1), NOON - 10 * SECOND)]
    assert book.count(catalog.PENDING_QUERIES) == 0


# -- patience by knowledge ------------------------------------------------------------------------------------------


def test_a_read_that_covers_a_query_late_enough_gives_it_up(book: Book) -> None:
    book.deliver(query())
    book.looked(NOON + 3 * HOUR)
    assert book.count(catalog.USER_QUERIES, "unattributed", "primary", "sales", "succeeded") == 1
    assert book.count(catalog.UNATTRIBUTED_QUERIES, "not_found") == 1
    assert book.count(catalog.UNATTRIBUTED_BYTES, "not_found") == 100 * MB
    assert book.count(catalog.PENDING_QUERIES) == 0


def test_a_read_begun_too_early_gives_nothing_up_whatever_the_time_is_now(book: Book) -> None:
    book.deliver(query())
    book.looked(NOON - 10 * SECOND + 3 * HOUR - timedelta(milliseconds=1))
    assert book.count(catalog.PENDING_QUERIES) == 1
    book.looked(NOON - 10 * SECOND + 3 * HOUR)
    assert book.count(catalog.PENDING_QUERIES) == 0


def test_a_read_of_another_window_gives_nothing_up(book: Book) -> None:
    book.deliver(query())
    book.looked(NOON + TEN_HOURS, since=NOON)
    assert book.count(catalog.PENDING_QUERIES) == 1
    book.looked(NOON + TEN_HOURS, since=NOON - 10 * SECOND)
    assert book.count(catalog.PENDING_QUERIES) == 0


def test_without_any_read_of_cloudtrail_a_query_waits_a_day_and_then_the_source_is_to_blame(book: Book) -> None:
    book.deliver(query())
    book.swept(NOON - 10 * SECOND + DAY - timedelta(milliseconds=1))
    assert book.count(catalog.PENDING_QUERIES) == 1
    book.swept(NOON - 10 * SECOND + DAY)
    assert book.count(catalog.UNATTRIBUTED_QUERIES, "source_down") == 1
    assert book.count(catalog.USER_SCANNED_BYTES, "unattributed", "primary", "sales") == 100 * MB


def test_time_alone_gives_nothing_up(book: Book) -> None:
    book.deliver(query())
    book.deliver(query(2, at=NOON + 40 * DAY), at=NOON + 40 * DAY)
    assert book.count(catalog.PENDING_QUERIES) == 2


def test_a_start_in_the_very_batch_of_the_read_is_in_time(book: Book) -> None:
    book.deliver(query())
    book.looked(NOON + TEN_HOURS, start())
    assert book.count(catalog.USER_QUERIES, "ann", "primary", "sales", "succeeded") == 1
    assert book.total(catalog.UNATTRIBUTED_QUERIES) == 0


def test_an_execution_told_in_the_batch_of_the_read_is_judged_by_it(book: Book) -> None:
    book.looked(NOON + TEN_HOURS, query())
    assert book.count(catalog.UNATTRIBUTED_QUERIES, "not_found") == 1


def test_an_execution_told_in_the_batch_of_an_early_read_stays_pending(book: Book) -> None:
    book.looked(NOON + HOUR, query())
    assert book.count(catalog.PENDING_QUERIES) == 1
    assert book.total(catalog.UNATTRIBUTED_QUERIES) == 0


def test_a_query_that_still_runs_is_not_given_up(book: Book) -> None:
    book.deliver(running())
    book.looked(NOON + TEN_HOURS)
    book.deliver(query(), start(), at=NOON + TEN_HOURS)
    assert book.count(catalog.USER_QUERIES, "ann", "primary", "sales", "succeeded") == 1


def test_a_late_identity_moves_windows_and_leaves_counters(book: Book) -> None:
    book.deliver(query())
    book.looked(NOON + TEN_HOURS)
    book.deliver(start(), start())
    assert book.count(catalog.USER_QUERIES, "unattributed", "primary", "sales", "succeeded") == 1
    assert book.count(catalog.USER_QUERIES, "ann", "primary", "sales", "succeeded") is None
    assert book.shown(catalog.USER_WINDOW_QUERIES, NOON + TEN_HOURS)["today", "ann"] == 1
    assert ("today", "unattributed") not in book.shown(catalog.USER_WINDOW_QUERIES, NOON + TEN_HOURS)
    assert book.count(catalog.LATE_IDENTITIES) == 1
    assert book.count(catalog.LATE_IDENTITY_BYTES) == 100 * MB


def test_a_late_identity_is_the_first_and_another_one_disagrees(book: Book) -> None:
    book.deliver(query())
    book.looked(NOON + TEN_HOURS)
    book.deliver(start(user="ann"))
    book.deliver(start(user="bob"))
    assert book.count(catalog.LATE_IDENTITIES) == 1
    assert book.count(catalog.DISAGREEMENTS, "identity") == 1
    assert book.shown(catalog.USER_WINDOW_QUERIES)["today", "ann"] == 1


# -- refusals -------------------------------------------------------------------------------------------------------


def test_a_refused_start_counts_once_by_its_event(book: Book) -> None:
    book.deliver(refused("a"), refused("a"), refused("b", code="ThrottlingException"))
    book.deliver(refused("a"))
    book.reopen()
    book.deliver(refused("b", code="ThrottlingException"))
    assert book.count(catalog.START_REJECTIONS, "primary", "user", "InvalidRequestException", "false") == 1
    assert book.count(catalog.START_REJECTIONS, "primary", "system", "ThrottlingException", "true") == 1


def test_a_refusal_from_before_the_counting_began_does_not_count(book: Book) -> None:
    book.deliver(refused("old", at=BORN - SECOND), refused("new", at=BORN))
    assert book.total(catalog.START_REJECTIONS) == 1


def test_a_refusal_of_the_seeded_past_does_not_count(make_book: MakeBook) -> None:
    with make_book(seed=3 * HOUR) as book:
        book.deliver(refused("seeded", at=BORN - HOUR), refused("new", at=BORN))
        assert book.total(catalog.START_REJECTIONS) == 1


def test_an_error_nobody_knows_shares_the_label_other() -> None:
    named = rejection("TotallyNewException{x='1'}")
    assert (named.category, named.error, named.retryable) == ("other", "other", "unknown")


def test_a_refusal_without_a_workgroup_is_counted_as_unknown(book: Book) -> None:
    book.deliver(replace(refused("a"), workgroup=None))
    assert book.count(catalog.START_REJECTIONS, "unknown", "user", "InvalidRequestException", "false") == 1


# -- ids that AWS would not tell ------------------------------------------------------------------------------------


def test_an_unreadable_query_is_marked_until_it_is_told(book: Book) -> None:
    book.deliver(start(), UnreadableQuery(query_id=query_id(1), reason="INTERNAL"))
    assert [one.unreadable for one in book.ledger.view(TARGET).unfinished()] == [True]
    book.deliver(running())
    assert [one.unreadable for one in book.ledger.view(TARGET).unfinished()] == [False]


def test_an_unreadable_query_that_nobody_knows_leaves_no_trace(book: Book) -> None:
    book.deliver(UnreadableQuery(query_id=query_id(9), reason="NOT_FOUND"))
    assert book.ledger.view(TARGET).unfinished() == []


def test_a_counted_query_does_not_become_unreadable(book: Book) -> None:
    book.deliver(query())
    book.deliver(UnreadableQuery(query_id=query_id(1), reason="NOT_FOUND"))
    assert book.ledger.view(TARGET).unfinished() == []
    assert book.total(catalog.QUERIES) == 1


# -- the gates ------------------------------------------------------------------------------------------------------


def test_a_query_from_before_the_first_start_is_not_counted_and_not_kept(book: Book) -> None:
    book.deliver(query(at=BORN - timedelta(milliseconds=1)))
    assert book.total(catalog.QUERIES) == 0
    assert book.ledger.view(TARGET).known_executions([query_id(1)]) == {}
    book.deliver(query(2, at=BORN))
    assert book.total(catalog.QUERIES) == 1


def test_a_start_of_a_query_below_the_mark_is_forgotten_with_it(book: Book) -> None:
    old = BORN - HOUR
    book.deliver(start(at=old))
    book.deliver(query(at=old))
    assert book.ledger.view(TARGET).unfinished() == []


def test_a_start_and_its_old_query_in_one_batch_leave_nothing(book: Book) -> None:
    old = BORN - HOUR
    book.deliver(start(at=old), query(at=old))
    assert book.ledger.view(TARGET).unfinished() == []
    book.deliver(start(at=old), query(at=old), start(at=old))
    assert len(book.ledger.view(TARGET).unfinished()) == 1, "a start alone is remembered until its query is told"


def test_a_query_that_ran_over_the_first_start_counts_when_it_ends(book: Book) -> None:
    book.deliver(running(submitted_at=BORN - HOUR))
    book.deliver(query(submitted_at=BORN - HOUR, ended_at=BORN + HOUR))
    assert book.count(catalog.QUERIES, *SUCCEEDED) == 1


def test_a_stale_echo_of_a_pruned_query_does_not_open_the_gate(book: Book) -> None:
    """A message that was held up for days says RUNNING of a query that was counted and pruned since."""
    book.deliver(query(), start())
    book.swept(NOON + 10 * DAY, query(2, at=NOON + 10 * DAY), start(2, at=NOON + 10 * DAY))
    assert book.ledger.prune(TARGET) == 1
    book.deliver(running(), at=NOON + 10 * DAY)
    book.deliver(query(), at=NOON + 10 * DAY)
    assert book.count(catalog.QUERIES, *SUCCEEDED) == 2
    assert book.ledger.view(TARGET).unfinished() == []


def test_the_past_fills_windows_and_never_counters(make_book: MakeBook) -> None:
    yesterday = BORN - 2 * HOUR
    with make_book(seed=3 * HOUR) as book:
        book.deliver(query(1, at=yesterday), start(1, at=yesterday), query(2), start(2))
        assert book.total(catalog.QUERIES) == 1
        assert book.count(catalog.USER_WINDOW_QUERIES, "yesterday", "ann") == 1
        assert book.count(catalog.USER_WINDOW_QUERIES, "today", "ann") == 1
        book.deliver(query(3, at=BORN - 4 * HOUR))
        assert book.count(catalog.WINDOW_QUERIES, "yesterday", "primary") == 1, "older than the seed"


def test_pending_and_given_up_queries_of_the_past_are_not_counted_either(make_book: MakeBook) -> None:
    yesterday = BORN - 2 * HOUR
    with make_book(seed=3 * HOUR) as book:
        book.deliver(query(1, at=yesterday))
        assert book.count(catalog.PENDING_QUERIES) == 0
        book.looked(NOON, query(2, at=yesterday))
        assert book.total(catalog.UNATTRIBUTED_QUERIES) == 0
        book.deliver(start(1, at=yesterday))
        assert book.total(catalog.LATE_IDENTITIES) == 0
        assert book.shown(catalog.USER_WINDOW_QUERIES)["yesterday", "ann"] == 1


def test_a_lookback_counts_the_recent_past_and_says_since_when(make_book: MakeBook) -> None:
    with make_book(initial_lookback=HOUR) as book:
        book.deliver(query(1, at=BORN - 30 * MINUTE), query(2, at=BORN - 2 * HOUR))
        assert book.total(catalog.QUERIES) == 1
        assert book.count(catalog.COUNTING_SINCE) == (BORN - HOUR).timestamp() * 1000


def test_two_targets_count_apart(book: Book) -> None:
    other = replace(TARGET, region="us-east-1")
    assert book.ledger.adopt(other, BORN)
    book.deliver(query(1), start(1))
    book.deliver(query(1), query(2), target=other)
    book.ledger.reveal()
    assert book.shown(catalog.QUERIES)[SUCCEEDED] == 1
    assert book.shown(catalog.QUERIES, target=other)[SUCCEEDED] == 2
    assert book.shown(catalog.PENDING_QUERIES, target=other)[()] == 2


def test_the_role_and_kind_of_a_user_are_as_last_learnt(book: Book) -> None:
    book.deliver(query(1), start(1), query(2), replace(start(2), identity=who("ann", role="admin")))
    assert book.shown(catalog.USER_INFO) == {("ann", "admin", "person"): 1}
