"""Why these tests exist: the past may be told in any order, twice, in pieces, killed, before and beside the exporter's
own counting, and in the end the rollups are the truth and no counter has moved."""

import json
import random
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from book import (
    BORN,
    DAY,
    HOUR,
    MB,
    MINUTE,
    NOON,
    PRICES,
    SECOND,
    TARGET,
    Book,
    MakeBook,
    bare,
    opened,
    query,
    running,
    settings_for,
    start,
    who,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from athena_exporter import catalog
from athena_exporter.budgets import Amount, Budget, Calendar, Per, Period, Unit
from athena_exporter.ledger import history, outbox, tables
from athena_exporter.ledger.outbox import PAST, Bounds
from athena_exporter.ledger.past import Past, PastSummary
from athena_exporter.outlets.events.shape import events_of
from athena_exporter.pricing import billed_bytes, cost_nanousd
from athena_exporter.records import (
    UNATTRIBUTED,
    UNKNOWN,
    Batch,
    Mode,
    QueryExecution,
    Record,
    StartedQuery,
    State,
    TableUse,
)

BEFORE = BORN - 5 * DAY
"""When queries of the past run, unless a test says another time."""
SALES = TableUse(catalog="awsdatacatalog", database="sales", table="orders", mode=Mode.READ)
Cells = Counter[tuple[str, ...]]


def tell(book: Book, *records: Record, at: datetime = BORN, **cursors: str) -> None:
    batch = Batch(source="backfill", target=TARGET, observed_at=at, records=records, cursors=cursors)
    book.ledger.past.apply(batch)


def settle(book: Book, *, since: datetime = BORN - 90 * DAY, until: datetime = BORN - DAY) -> None:
    book.ledger.past.settle(TARGET, since=since, until=until, before=since, now=BORN)


def by_user(book: Book) -> dict[tuple[str, str, str], tuple[int, int]]:
    rows = history.usage(book.settings.path, BORN - 400 * DAY, BORN + DAY)
    return {(row.user, row.database, row.state): (row.queries, row.scanned_bytes) for row in rows}


def summary(book: Book) -> PastSummary:
    return book.ledger.past.summary(TARGET, BORN - 400 * DAY, BORN)


# -- one query --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_first", [True, False])
def test_a_query_of_the_past_is_in_the_rollups_once_and_in_no_counter(book: Book, *, is_first: bool) -> None:
    execution, begin = query(1, at=BEFORE, tables=(SALES,)), start(1, at=BEFORE)
    for record in (execution, begin) if is_first else (begin, execution):
        tell(book, record)
        tell(book, record)
    tell(book, begin, execution)
    assert by_user(book) == {("ann", "sales", "succeeded"): (1, 100 * MB)}
    (row,) = history.executions(book.settings.path, BEFORE - DAY, BORN)
    assert (row.workgroup, row.statement_type, row.queries, row.total_ms) == ("primary", "DML", 1, 10_000)
    (used,) = tables.usage(book.settings.path, BEFORE - DAY, BORN)
    assert (used.table, used.user, used.queries, used.last_succeeded_at) == ("orders", "ann", 1, BEFORE)
    for metric in (catalog.QUERIES, catalog.USER_QUERIES, catalog.COST_USD, catalog.CLIENT_QUERIES):
        assert book.total(metric) == 0
    assert book.shown(catalog.WINDOW_QUERIES)["month", "primary"] == 1
    assert book.shown(catalog.USER_WINDOW_QUERIES)["month", "ann"] == 1


def test_without_its_start_a_query_is_unattributed_until_the_start_comes(book: Book) -> None:
    tell(book, query(1, at=BEFORE, tables=(SALES,)))
    assert by_user(book) == {(UNATTRIBUTED, "sales", "succeeded"): (1, 100 * MB)}
    assert summary(book) == PastSummary(queries=1, only_started=0, nameless=1)
    tell(book, start(1, at=BEFORE))
    assert by_user(book) == {("ann", "sales", "succeeded"): (1, 100 * MB)}
    assert [row.user for row in tables.usage(book.settings.path, BEFORE, BORN)] == ["ann"]
    assert summary(book).nameless == 0


def test_the_first_start_that_is_told_is_believed(book: Book) -> None:
    tell(book, query(1, at=BEFORE), start(1, at=BEFORE), start(1, "bob", at=BEFORE))
    tell(book, start(1, "bob", at=BEFORE))
    assert {user for user, *_ in by_user(book)} == {"ann"}


def test_a_start_counts_by_itself_only_when_nobody_will_tell_more(book: Book) -> None:
    tell(book, start(1, at=BEFORE))
    assert by_user(book) == {}
    settle(book, until=BEFORE - MINUTE)
    assert by_user(book) == {}
    settle(book)
    settle(book)
    assert by_user(book) == {("ann", UNKNOWN, UNKNOWN): (1, 0)}
    assert summary(book) == PastSummary(queries=1, only_started=1, nameless=0)
    assert list(history.executions(book.settings.path, BEFORE - DAY, BORN)) == []


def test_an_execution_that_is_told_after_all_takes_the_place_of_its_start(book: Book) -> None:
    tell(book, start(1, at=BEFORE))
    settle(book)
    tell(book, query(1, at=BEFORE))
    assert by_user(book) == {("ann", "sales", "succeeded"): (1, 100 * MB)}
    assert summary(book) == PastSummary(queries=1, only_started=0, nameless=0)


def test_the_time_of_the_exporter_is_never_touched(book: Book) -> None:
    tell(book, query(1, at=BORN), start(1, at=BORN + HOUR), running(2, at=BEFORE), bare(3, at=BORN + HOUR))
    settle(book, until=BORN + DAY)
    assert by_user(book) == {}
    assert summary(book).queries == 0


def test_the_past_ends_where_a_seeded_ledger_begins(make_book: MakeBook) -> None:
    with make_book(seed=2 * DAY) as book:
        assert book.ledger.past.began(TARGET) == BORN - 2 * DAY
        book.deliver(query(1, at=BORN - DAY), start(1, at=BORN - DAY))
        tell(book, query(1, at=BORN - DAY), query(2, at=BORN - 3 * DAY), start(2, at=BORN - 3 * DAY))
        assert by_user(book) == {("ann", "sales", "succeeded"): (2, 200 * MB)}


def test_cursors_are_kept_with_what_they_tell_of(book: Book) -> None:
    tell(book, query(1, at=BEFORE), lookup="far")
    assert book.ledger.view(TARGET).cursor("backfill", "lookup") == "far"


def test_users_of_the_past_leave_half_of_the_places_to_those_of_the_present(make_book: MakeBook) -> None:
    with make_book(limits={"user": 4}) as book:
        for number in range(4):
            tell(book, query(number, at=BEFORE), start(number, f"past-{number}", at=BEFORE))
        for number in range(4, 6):
            book.deliver(query(number), start(number, f"now-{number}"))
        users = {labels[1] for labels in book.shown(catalog.USER_WINDOW_QUERIES) if labels[0] == "month"}
        assert users == {"past-0", "past-1", "other", "now-4", "now-5"}
        assert {user for user, *_ in by_user(book)} >= {"past-2", "past-3"}, "reports know no budget"


def test_a_new_budget_claims_nothing_of_what_backfills_told(make_book: MakeBook, tmp_path: Path) -> None:
    with make_book() as book:
        tell(book, query(1, at=BORN - HOUR), start(1, at=BORN - HOUR))
        book.deliver(query(2), start(2))
    monthly = Budget(
        name="m", per=Per.USER, window=Calendar(period=Period.MONTH), limit=Amount(unit=Unit.BYTES, value=1)
    )  # fmt: skip  # as short as it can be said
    with opened(settings_for(tmp_path, budgets=(monthly,))) as book:
        (target,) = book.ledger.budget_states(NOON + MINUTE)
        (state,) = target.states
        assert {one.subject: one.used for one in state.standings} == {"ann": 100 * MB}


def test_a_query_of_the_past_is_forgotten_with_the_rollups(make_book: MakeBook) -> None:
    with make_book() as book:
        tell(book, query(1, at=BORN - 399 * DAY), query(2, at=BORN - DAY))
        book.swept(BORN + 2 * DAY, query(3, at=BORN + 2 * DAY - MINUTE))
        book.ledger.prune(TARGET)
        assert summary(book).queries == 1


# -- the query history ------------------------------------------------------------------------------------------------


def facts(book: Book) -> list[tuple[str, str, str | None, str]]:
    found = book.ledger.pending_facts("history", 100)
    told = [(fact.kind, json.loads(fact.body)) for fact in found]
    return [
        (kind, said["query_id"][-1], said["identity"] and said["identity"]["user"], said["attribution"])
        for kind, said in told
    ]


@pytest.mark.parametrize("is_first", [True, False])
def test_the_query_history_hears_of_each_once_and_nobody_makes_events_of_it(
    make_book: MakeBook, *, is_first: bool
) -> None:
    with make_book(consumers=("events", "history"), rules={"facts": True}) as book:
        execution, begin = query(1, at=BEFORE, tables=(SALES,)), start(1, at=BEFORE)
        for record in (execution, begin) if is_first else (begin, execution):
            tell(book, record)
        tell(book, execution, begin)
        settle(book)
        assert facts(book) == [(PAST, "1", "ann", "known")]
        assert [events_of(fact) for fact in book.ledger.pending_facts("events", 10)] == [[]]


def test_the_query_history_hears_of_the_nameless_at_the_end_and_again_when_they_get_a_name(
    make_book: MakeBook,
) -> None:
    with make_book(consumers=("history",), rules={"facts": True}) as book:
        tell(book, query(1, at=BEFORE))
        assert facts(book) == []
        settle(book)
        settle(book)
        assert facts(book) == [(PAST, "1", None, "not_found")]
        assert book.ledger.past.executions(TARGET, [query(1).query_id]) == {query(1).query_id: BEFORE}
        tell(book, start(1, at=BEFORE))
        tell(book, query(1, at=BEFORE))
        assert facts(book)[1:] == [(PAST, "1", "ann", "known")]


def test_a_query_history_that_is_switched_on_later_hears_of_what_was_told_before(
    make_book: MakeBook, tmp_path: Path
) -> None:
    execution = query(1, at=BEFORE)
    with make_book() as book:
        tell(book, execution, start(1, at=BEFORE))
        assert book.ledger.past.executions(TARGET, [execution.query_id])
    with opened(settings_for(tmp_path, consumers=("history",), rules={"facts": True})) as book:
        assert book.ledger.past.executions(TARGET, [execution.query_id]) == {}
        tell(book, execution)
        assert facts(book) == [(PAST, "1", "ann", "known")]
        assert by_user(book) == {("ann", "sales", "succeeded"): (1, 100 * MB)}


def test_facts_of_the_past_do_not_hold_the_low_water_mark(make_book: MakeBook) -> None:
    with make_book(consumers=("history",), rules={"facts": True}) as book:
        tell(book, query(1, at=BEFORE), start(1, at=BEFORE))
        with book.ledger._snapshot() as connection:
            assert outbox.oldest_undelivered_ms(connection, 1) is None


def test_an_outbox_that_is_half_full_has_no_room(make_book: MakeBook) -> None:
    with make_book(consumers=("history",), rules={"facts": True}, outbox_bounds=Bounds(max_bytes=1_000)) as book:
        assert book.ledger.past.has_room()
        tell(book, query(1, at=BEFORE), start(1, at=BEFORE))
        assert not book.ledger.past.has_room()


# -- any order --------------------------------------------------------------------------------------------------------


@st.composite
def companies(draw: st.DrawFn) -> list[tuple[QueryExecution, StartedQuery | None]]:
    """Queries on both sides of the ledger's beginning, some of them never named."""
    made = []
    for number in range(draw(st.integers(1, 12))):
        at = BORN + draw(st.integers(-72, 12)) * HOUR + draw(st.integers(-1, 1)) * SECOND
        state = draw(st.sampled_from([State.SUCCEEDED, State.FAILED, State.CANCELLED]))
        scanned = draw(st.sampled_from([None, 0, 3, 500 * MB]))
        uses = draw(st.sampled_from([(), (SALES,), (SALES, replace(SALES, mode=Mode.WRITE))]))
        execution = query(number, at=at, state=state, scanned_bytes=scanned, tables=uses, database="db")
        begin = start(number, draw(st.sampled_from(["ann", "bob"])), at=at)
        made.append((execution, begin if draw(st.booleans()) else None))
    return made


def truth(company: Sequence[tuple[QueryExecution, StartedQuery | None]]) -> Cells:
    """The rollups, counted by brute force: `pending` where the exporter still waits for a user."""
    found: Cells = Counter()
    for execution, begin in company:
        nobody = UNATTRIBUTED if execution.counted_at < BORN else "pending"
        user = nobody if begin is None else begin.identity.user
        billed = billed_bytes(execution, PRICES) or 0
        key = (user, execution.state.value)
        found["queries", *key] += 1
        found["scanned", *key] += execution.scanned_bytes or 0
        found["nanousd", *key] += cost_nanousd(billed, PRICES)
        found["type", execution.state.value] += 1
        for use in execution.tables:
            found["table", use.mode.value, user] += 1
    return found


def counted(book: Book) -> Cells:
    found: Cells = Counter()
    for row in history.usage(book.settings.path, BORN - 10 * DAY, BORN + 2 * DAY):
        found["queries", row.user, row.state] += row.queries
        found["scanned", row.user, row.state] += row.scanned_bytes
        found["nanousd", row.user, row.state] += row.cost_nanousd
    for kind in history.executions(book.settings.path, BORN - 10 * DAY, BORN + 2 * DAY):
        found["type", kind.state] += kind.queries
    for use in tables.usage(book.settings.path, BORN - 10 * DAY, BORN + 2 * DAY):
        found["table", use.mode.value, use.user] += use.queries
    return found


def live(book: Book, records: Sequence[Record]) -> None:
    """What the exporter itself would read: everything, of whatever time."""
    book.deliver(*records, at=BORN + 13 * HOUR)


def backfilled(book: Book, records: Sequence[Record]) -> None:
    """What a backfill would tell of the same."""
    tell(book, *records)


@pytest.mark.no_cover
@settings(max_examples=30, deadline=None)
@given(company=companies(), chance=st.integers(0, 2**32))
def test_in_whatever_order_and_however_often_the_rollups_become_the_truth(
    company: list[tuple[QueryExecution, StartedQuery | None]], chance: int
) -> None:
    dice = random.Random(chance)
    records: list[Record] = [one for pair in company for one in pair if one is not None]
    with tempfile.TemporaryDirectory() as folder, opened(settings_for(Path(folder))) as book:
        for _ in range(3):
            dice.shuffle(records)
            some = records[: dice.randint(0, len(records))]
            dice.choice([live, backfilled])(book, some)
            if dice.random() < 0.3:
                settle(book)
            if dice.random() < 0.3:
                book.reopen()
        dice.shuffle(records)
        for step in dice.sample([live, backfilled], 2):
            step(book, records)
        assert +counted(book) == +truth(company)
        shown = sum(execution.counted_at >= BORN for execution, _ in company)
        assert book.total(catalog.QUERIES) == shown


def test_what_fails_in_a_transaction_was_never_told(book: Book) -> None:
    class Broken(Past):
        def _save(self, *told: object) -> None:
            super()._save(*told)  # type: ignore[arg-type]  # passed on as they came
            raise RuntimeError("killed")

    whole = book.ledger.past
    broken = Broken(
        rules=book.settings.rules, consumers=(), bounds=book.settings.outbox_bounds, identities=whole._identities,
        read=whole._read, commit=whole._commit,
    )  # fmt: skip  # as the ledger makes it
    batch = Batch(
        source="backfill", target=TARGET, observed_at=BORN, cursors={"lookup": "far"},
        records=(query(1, at=BEFORE), replace(start(1, at=BEFORE), identity=who("carol"))),
    )  # fmt: skip  # rows
    with pytest.raises(RuntimeError, match="killed"):
        broken.apply(batch)
    assert by_user(book) == {}
    assert book.ledger.view(TARGET).cursor("backfill", "lookup") is None
    whole.apply(batch)
    assert {user for user, *_ in by_user(book)} == {"carol"}
