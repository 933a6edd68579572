"""Why these tests exist: who reads which table is what data owners ask for; it must be counted as exactly as money."""

import json
import sqlite3
import tempfile
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

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
    opened,
    query,
    query_id,
    settings_for,
    start,
    who,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Oracle
from universe import START, Life, batches, universes

from athena_exporter import catalog
from athena_exporter.ledger import tables
from athena_exporter.records import (
    Batch,
    Evidence,
    Mode,
    Origin,
    QueryExecution,
    Read,
    State,
    TableEvent,
    TableUse,
)

LATER = NOON + 10 * DAY
NOTHING = {"rules": {"facts": True}, "consumers": ("events",)}
ORDERS = ("sales", "orders", "read")


def use(table: str, mode: Mode = Mode.READ, **told: Any) -> TableUse:
    """`sales.orders` -> a use of that table."""
    database, _, name = table.partition(".")
    return TableUse(**{"catalog": "awsdatacatalog", "database": database, "table": name, "mode": mode} | told)


def reading(number: int = 1, *names: str, **told: Any) -> QueryExecution:
    return query(number, tables=tuple(use(name) for name in names or ("sales.orders",)), **told)


def access(event_id: str = "e1", *, at: datetime = NOON, **told: Any) -> TableEvent:
    plain: dict[str, Any] = {
        "event_id": event_id,
        "at": at,
        "account_id": TARGET.account_id,
        "region": TARGET.region,
        "api": "GetTable",
        "origin": Origin.GLUE,
        "mode": Mode.METADATA,
        "identity": who("ann"),
        "query_id": None,
        "catalog": "awsdatacatalog",
        "database": "sales",
        "table": "orders",
    }
    return TableEvent(**plain | told)


def told(book: Book) -> list[tuple[str, dict[str, Any]]]:
    return [(fact.kind, json.loads(fact.body)) for fact in book.ledger.pending_facts("events", 1000)]


def cells(book: Book, since: datetime = BORN, until: datetime = LATER + DAY) -> dict[tuple[str, ...], int]:
    rows = tables.usage(book.settings.path, since, until)
    return {(row.database, row.table, row.mode.value, row.user): row.queries for row in rows}


# -- tables in counters -----------------------------------------------------------------------------------------------


def test_a_table_counts_with_its_query_and_needs_no_user(book: Book) -> None:
    book.deliver(reading())
    book.deliver(reading(), start())
    assert book.count(catalog.TABLE_QUERIES, *ORDERS) == 1


def test_a_query_counts_once_for_each_table_and_mode_however_it_comes_to_them(book: Book) -> None:
    uses = (
        use("sales.orders"),
        use("sales.orders", via_view="sales.recent"),
        use("sales.orders", Mode.WRITE),
        use("web.visits"),
    )
    book.deliver(query(tables=uses))
    book.ledger.reveal()
    assert book.shown(catalog.TABLE_QUERIES) == {
        ORDERS: 1,
        ("sales", "orders", "write"): 1,
        ("web", "visits", "read"): 1,
    }


def test_a_failed_query_counts_for_its_table_and_is_no_last_read(book: Book) -> None:
    book.deliver(reading(1, state=State.FAILED), reading(2, "sales.items", at=NOON - HOUR))
    assert book.count(catalog.TABLE_QUERIES, *ORDERS) == 1
    assert book.shown(catalog.TABLE_LAST_READ) == {
        ("sales", "items"): int((NOON - HOUR).timestamp() * 1000),
    }


def test_the_last_read_never_goes_back_and_outlives_a_restart(book: Book) -> None:
    book.deliver(reading(1))
    book.deliver(reading(2, at=NOON - HOUR))
    book.reopen()
    assert book.shown(catalog.TABLE_LAST_READ) == {("sales", "orders"): int(NOON.timestamp() * 1000)}


def test_a_write_is_no_read(book: Book) -> None:
    book.deliver(query(tables=(use("sales.orders", Mode.WRITE), use("sales.items", Mode.METADATA))))
    assert book.shown(catalog.TABLE_LAST_READ) == {}


def test_a_query_that_ended_before_counting_began_is_in_no_counter_and_in_the_report(make_book: MakeBook) -> None:
    with make_book(seed=DAY) as book:
        book.deliver(reading(at=BORN - HOUR), start(at=BORN - HOUR))
        assert book.shown(catalog.TABLE_QUERIES) == {}
        assert cells(book, since=BORN - DAY) == {(*ORDERS, "ann"): 1}


def test_a_statement_that_could_not_be_read_is_counted_by_its_reason(book: Book) -> None:
    book.deliver(query(1, unparsed="syntax"), query(2, unparsed="syntax"), query(3))
    assert book.count(catalog.UNPARSED_QUERIES, "syntax") == 2


def test_beyond_the_budget_of_tables_neither_name_nor_database_is_told(make_book: MakeBook) -> None:
    with make_book(limits={"table": 1}) as book:
        book.deliver(reading(1), reading(2, "sales.items", "sales.visits"), reading(3))
        book.ledger.reveal()
        assert book.shown(catalog.TABLE_QUERIES) == {ORDERS: 2, ("other", "other", "read"): 2}
        assert book.count(catalog.LABEL_OVERFLOW, "table") == 1, "one query, however many of its tables"
        assert set(book.shown(catalog.TABLE_LAST_READ)) == {("sales", "orders")}


def test_a_table_of_a_database_beyond_the_budget_is_other_altogether(make_book: MakeBook) -> None:
    with make_book(limits={"database": 1}) as book:
        book.deliver(reading(1), reading(2, "web.visits"))
        book.ledger.reveal()
        assert book.shown(catalog.TABLE_QUERIES) == {ORDERS: 1, ("other", "other", "read"): 1}
        assert book.count(catalog.LABEL_OVERFLOW, "database") == 1


def test_names_that_tools_make_up_for_one_query_share_a_place(make_book: MakeBook) -> None:
    with make_book(limits={"table": 2}) as book:
        for number in range(1, 9):
            book.deliver(reading(number, f"lab.temp_table_{number:032x}", "sales.orders"))
        book.ledger.reveal()
        assert book.shown(catalog.TABLE_QUERIES) == {ORDERS: 8, ("lab", "temp_table_*", "read"): 8}


def test_a_table_that_was_long_unused_gives_its_place_and_its_series_back(make_book: MakeBook) -> None:
    with make_book(limits={"table": 1}, slot_idle=5 * DAY) as book:
        book.deliver(reading(1), start(1))
        book.swept(LATER)
        book.ledger.prune(TARGET)
        assert book.shown(catalog.TABLE_QUERIES) == {}
        assert book.shown(catalog.TABLE_LAST_READ) == {}
        book.deliver(reading(2, "sales.items", at=LATER), at=LATER)
        assert book.count(catalog.TABLE_QUERIES, "sales", "items", "read") == 1


# -- jobs -------------------------------------------------------------------------------------------------------------


def test_a_job_counts_when_its_user_is_known_with_the_client_that_only_the_start_tells(book: Book) -> None:
    book.deliver(query(workload="dbt:model.shop.orders", engine_ms=4_000))
    assert book.shown(catalog.WORKLOAD_QUERIES) == {}
    book.reopen()
    book.deliver(start(client="dbt-athena"))
    labels = ("dbt:model.shop.orders", "dbt-athena", "primary")
    assert book.count(catalog.WORKLOAD_QUERIES, *labels) == 1
    assert book.count(catalog.WORKLOAD_SCANNED_BYTES, *labels) == 100 * MB
    assert book.count(catalog.WORKLOAD_COST_USD, *labels) == 476_837
    assert book.count(catalog.WORKLOAD_ENGINE_SECONDS, *labels) == 4_000


def test_what_the_sql_tells_of_a_job_goes_before_what_the_start_tells(book: Book) -> None:
    told_by_start = replace(start(1), workload="airflow:daily.load")
    book.deliver(query(1, workload="dbt:a"), told_by_start)
    book.deliver(replace(start(2), workload="airflow:daily.load"), query(2))
    book.deliver(query(3))
    book.deliver(replace(start(3), workload="airflow:daily.load"))
    book.ledger.reveal()
    assert {labels[0]: n for labels, n in book.shown(catalog.WORKLOAD_QUERIES).items()} == {
        "dbt:a": 1,
        "airflow:daily.load": 2,
    }


def test_a_query_without_a_job_adds_nothing_to_jobs(book: Book) -> None:
    book.deliver(query(), start())
    assert book.shown(catalog.WORKLOAD_QUERIES) == {}


def test_jobs_beyond_the_budget_are_other(make_book: MakeBook) -> None:
    with make_book(limits={"workload": 1}) as book:
        for number in (1, 2, 3):
            book.deliver(query(number, workload=f"dbt:{number}"), start(number))
        book.ledger.reveal()
        assert {labels[0]: n for labels, n in book.shown(catalog.WORKLOAD_QUERIES).items()} == {"dbt:1": 1, "other": 2}
        assert book.count(catalog.LABEL_OVERFLOW, "workload") == 2


def test_a_job_nobody_started_counts_under_an_unknown_client(book: Book) -> None:
    book.deliver(query(workload="dbt:a"))
    book.looked(NOON + 4 * HOUR)
    assert book.count(catalog.WORKLOAD_QUERIES, "dbt:a", "unknown", "primary") == 1


# -- who reads what ---------------------------------------------------------------------------------------------------


def test_the_cells_of_tables_follow_the_user(book: Book) -> None:
    book.deliver(reading())
    assert cells(book) == {(*ORDERS, "pending"): 1}
    book.reopen()
    book.deliver(start())
    assert cells(book) == {(*ORDERS, "ann"): 1}


def test_a_late_identity_moves_the_tables_to_its_user(book: Book) -> None:
    book.deliver(reading())
    book.looked(NOON + 4 * HOUR)
    assert cells(book) == {(*ORDERS, "unattributed"): 1}
    book.reopen()
    book.deliver(start())
    assert cells(book) == {(*ORDERS, "ann"): 1}
    assert book.count(catalog.TABLE_QUERIES, *ORDERS) == 1


def test_a_range_takes_whole_days(book: Book) -> None:
    book.deliver(reading(1), reading(2, at=NOON - DAY + 13 * HOUR), reading(3, at=NOON + DAY))
    assert cells(book, since=NOON, until=NOON + HOUR) == {(*ORDERS, "pending"): 2}


def test_the_last_success_of_a_cell_is_the_newest_and_a_failure_has_none(book: Book) -> None:
    book.deliver(reading(1), reading(2, at=NOON - HOUR), reading(3, "sales.items", state=State.CANCELLED))
    found = {row.table: row.last_succeeded_at for row in tables.usage(book.settings.path, BORN, LATER)}
    assert found == {"orders": NOON, "items": None}


def test_days_of_tables_are_kept_for_four_hundred_days(book: Book) -> None:
    book.deliver(reading(), start())
    much_later = NOON + 401 * DAY
    book.swept(much_later, query(2, at=much_later), start(2, at=much_later))
    book.ledger.prune(TARGET)
    assert cells(book, until=much_later) == {}
    with closing(sqlite3.connect(book.settings.path)) as connection:
        assert connection.execute("SELECT count(*) FROM table_reads").fetchone() == (0,)


# -- facts ------------------------------------------------------------------------------------------------------------


def test_a_fact_tells_the_whole_execution_with_its_tables_and_its_job(make_book: MakeBook) -> None:
    with make_book(**NOTHING) as book:
        book.deliver(reading(sql_text="SELECT ?", total_ms=12))
        book.reopen()
        book.deliver(replace(start(), workload="airflow:daily.load"))
        ((kind, body),) = told(book)
        assert (kind, body["workload"]) == ("query", "airflow:daily.load")
        assert (body["execution"]["sql_text"], body["execution"]["total_ms"]) == ("SELECT ?", 12)
        assert body["execution"]["tables"] == [
            {"catalog": "awsdatacatalog", "database": "sales", "table": "orders", "mode": "read", "via_view": None}
        ]
        assert book.ledger.pending_facts("events", 1)[0].target == TARGET


def test_a_late_identity_is_told_with_the_whole_execution(make_book: MakeBook) -> None:
    with make_book(**NOTHING) as book:
        book.deliver(reading())
        book.looked(NOON + 4 * HOUR)
        book.reopen()
        book.deliver(start())
        (_, first), (kind, second) = told(book)
        assert (kind, second["identity"]["user"], second["attribution"]) == ("identity", "ann", "late")
        assert first["identity"] is None
        assert second["execution"] == first["execution"]


def test_what_waited_for_a_user_goes_when_the_user_is_there(make_book: MakeBook) -> None:
    with make_book(**NOTHING) as book:
        book.deliver(reading(1), reading(2))
        book.looked(NOON + 4 * HOUR, start(1))
        assert kept(book) == {query_id(2)}, "its identity may still come"
        book.deliver(start(2))
        assert kept(book) == set()


def kept(book: Book) -> set[str]:
    with closing(sqlite3.connect(book.settings.path)) as connection:
        rows = connection.execute("SELECT query_id FROM queries WHERE detail IS NOT NULL OR tables IS NOT NULL")
        return {f"00000000-0000-4000-8000-{row[0][-6:].hex()}" for row in rows}


def test_facts_that_were_switched_on_too_late_for_a_query_do_not_tell_half_of_it(make_book: MakeBook) -> None:
    with make_book() as book:
        book.deliver(reading())
    with make_book(**NOTHING) as book:
        book.deliver(start())
        assert told(book) == []
        assert book.count(catalog.USER_QUERIES, "ann", "primary", "sales", "succeeded") == 1


def test_an_access_event_is_told_once(make_book: MakeBook) -> None:
    with make_book(**NOTHING) as book:
        book.deliver(access(), access(), source="lookup")
        book.reopen()
        book.deliver(access(), access("e2", at=NOON + SECOND), source="lookup")
        assert [(kind, body["event_id"]) for kind, body in told(book)] == [("access", "e1"), ("access", "e2")]
        _, body = told(book)[0]
        assert body["at"] == "2026-03-10T12:00:00.000+00:00"
        assert body["identity"] == {"user": "ann", "role": "analyst", "kind": "person", "client": "console"}


def test_an_access_event_from_before_counting_began_is_not_told(make_book: MakeBook) -> None:
    with make_book(**NOTHING, seed=DAY) as book:
        book.deliver(access(at=BORN - SECOND), access("e2", at=BORN), source="lookup")
        assert [body["event_id"] for _, body in told(book)] == ["e2"]


def test_an_access_event_that_was_forgotten_is_not_told_again(make_book: MakeBook) -> None:
    with make_book(**NOTHING) as book:
        book.deliver(access(), source="lookup")
        book.ledger.acknowledge("events", 1)
        book.swept(LATER, query(2, at=LATER), start(2, at=LATER))
        book.ledger.acknowledge("events", 2)
        book.ledger.prune(TARGET)
        with closing(sqlite3.connect(book.settings.path)) as connection:
            assert connection.execute("SELECT count(*) FROM table_events").fetchone() == (0,)
        book.deliver(access(), at=LATER, source="lookup")
        assert told(book) == []


def test_nothing_is_kept_of_access_events_that_nobody_wants(book: Book) -> None:
    book.deliver(access(), source="lookup")
    with closing(sqlite3.connect(book.settings.path)) as connection:
        assert connection.execute("SELECT count(*) FROM table_events").fetchone() == (0,)


# -- the brute-force count --------------------------------------------------------------------------------------------

_USES = st.lists(
    st.builds(
        use,
        st.sampled_from(["sales.orders", "sales.items", "web.visits"]),
        st.sampled_from(list(Mode)),
        via_view=st.sampled_from([None, "sales.recent"]),
    ),
    max_size=3,
)


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[Life], list[Batch]]:
    universe = [
        replace(
            life,
            execution=replace(
                life.execution,
                tables=tuple(draw(_USES)),
                workload=draw(st.sampled_from([None, "dbt:a", "dbt:b"])),
                engine_ms=draw(st.sampled_from([None, 7])),
            ),
        )
        for life in draw(universes())
    ]
    return universe, draw(st.lists(batches(universe), max_size=10))


@pytest.mark.no_cover
@given(stories(), st.integers(0, 10))
@settings(max_examples=80, deadline=None)
def test_any_order_and_repetition_comes_to_the_brute_force_count(
    story: tuple[list[Life], list[Batch]], restart: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = settings_for(Path(folder), rules={"facts": True}, consumers=("events",), seed=HOUR)
        oracle = Oracle(counting_since=START, low_water=START - HOUR)
        with opened(config, born=START) as book:
            for number, batch in enumerate(story[1]):
                if number == restart:
                    book.reopen()
                book.ledger.apply(batch)
                oracle.deliver(batch)
            equals(book, oracle)


def equals(book: Book, oracle: Oracle) -> None:
    in_counters = {q: e for q, e in oracle.counted.items() if e.counted_at >= START}
    expected = Counter(one for e in in_counters.values() for one in named(e))
    book.ledger.reveal()
    assert {k: n for k, n in book.shown(catalog.TABLE_QUERIES).items() if n} == dict(expected)
    reads: dict[tuple[str, ...], int] = {}
    for e in oracle.counted.values():
        for database, table, mode in named(e):
            if mode == "read" and e.state is State.SUCCEEDED:
                reads[database, table] = max(reads.get((database, table), 0), int(e.counted_at.timestamp() * 1000))
    assert book.shown(catalog.TABLE_LAST_READ) == reads
    jobs = Counter(e.workload for q, e in in_counters.items() if e.workload and oracle.counter_user(q))
    shown: Counter[str] = Counter()
    for (workload, _, _), queries in book.shown(catalog.WORKLOAD_QUERIES).items():
        shown[workload] += int(queries)
    assert shown == jobs
    users = Counter(
        (*one, oracle.who.get(q, "unattributed" if q in oracle.given_up else "pending"))
        for q, e in oracle.counted.items()
        for one in named(e)
    )
    assert cells(book, START - 2 * DAY, START + 30 * DAY) == dict(users)
    facts = Counter((kind, body["query_id"]) for kind, body in told(book))
    assert facts == Counter(
        [("query", q) for q in in_counters if oracle.counter_user(q)]
        + [("identity", q) for q in in_counters if q in oracle.late]
    )


def named(execution: QueryExecution) -> set[tuple[str, str, str]]:
    return {(one.database, one.table, one.mode.value) for one in execution.tables}


def test_evidence_and_reads_move_tables_too(book: Book) -> None:
    """A read that gives a query up moves its tables in the same transaction as its windows."""
    read = Read(evidence=Evidence.EXECUTIONS, since=BORN, until=NOON + 25 * HOUR, begun_at=NOON + 25 * HOUR)
    book.deliver(reading(), at=NOON + 25 * HOUR, reads=[read])
    assert cells(book) == {(*ORDERS, "unattributed"): 1}


def test_the_age_of_the_oldest_fact_is_told_and_0_when_none_waits(make_book: MakeBook) -> None:
    with make_book(**NOTHING) as book:
        assert book.shown(catalog.OUTBOX_OLDEST_AGE) == {("events",): 0}
        book.deliver(reading(1), start(1), at=NOON)
        book.deliver(reading(2), start(2), at=NOON + MINUTE)
        assert book.shown(catalog.OUTBOX_OLDEST_AGE, NOON + HOUR) == {("events",): 3_600_000}
        assert book.shown(catalog.OUTBOX_DEPTH) == {("events",): 2}
        book.ledger.acknowledge("events", 1)
        assert book.shown(catalog.OUTBOX_OLDEST_AGE, NOON + HOUR) == {("events",): 3_540_000}
        book.ledger.acknowledge("events", 2)
        assert book.shown(catalog.OUTBOX_OLDEST_AGE, NOON + HOUR) == {("events",): 0}
        assert book.shown(catalog.OUTBOX_DEPTH) == {("events",): 0}


def test_a_consumer_is_handed_no_more_bytes_than_it_asked_for_but_at_least_one_fact(make_book: MakeBook) -> None:
    with make_book(**NOTHING) as book:
        for number in (1, 2, 3):
            book.deliver(reading(number, sql_text="x" * 10_000), start(number))
        assert len(book.ledger.pending_facts("events", 10, max_bytes=25_000)) == 2
        assert len(book.ledger.pending_facts("events", 10, max_bytes=1)) == 1
        assert len(book.ledger.pending_facts("events", 10)) == 3
