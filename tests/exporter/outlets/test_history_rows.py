"""Why these tests exist: a row is read by SQL for years; what a fact says must stand in it, and nothing else."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from book import DAY, HOUR, MB, MINUTE, NOON, SECOND, TARGET, Book, opened, query, query_id, settings_for, start

from athena_exporter.ledger.outbox import StoredFact
from athena_exporter.library.table import COLUMNS
from athena_exporter.outlets.history.parquet import SCHEMA, table_of
from athena_exporter.outlets.history.rows import row_of
from athena_exporter.records import Mode, QueryError, State, TableUse

LEDGER = "a" * 32
SALES = TableUse(catalog="awsdatacatalog", database="sales", table="orders", mode=Mode.READ, via_view="sales.v_orders")


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    with opened(settings_for(tmp_path, rules={"facts": True}, consumers=("history",))) as found:
        yield found


def facts(book: Book) -> list[StoredFact]:
    return book.ledger.box("history").facts(after=0, limit=100)


def rows(book: Book) -> list[dict[str, Any]]:
    """What is told so far, as Parquet would give it back."""
    found = [row_of(fact, LEDGER) for fact in facts(book)]
    table: list[dict[str, Any]] = table_of([row.values for row in found if row is not None]).to_pylist()
    return table


def test_a_query_is_a_row_of_everything_that_is_known(book: Book) -> None:
    told = query(
        tables=(SALES,), workload="dbt:a", catalog="AwsDataCatalog", substatement_type="SELECT", queue_ms=1,
        planning_ms=2, engine_ms=7_000, service_pre_ms=3, service_ms=4, dpu_count=8, result_reused=False,
        sql_digest="ab" * 32, sql_text="SELECT ?",
    )  # fmt: skip  # as short as it can be said
    book.deliver(told, start(client="dbt-athena"))
    (row,), (fact,) = rows(book), facts(book)
    noon = NOON.replace(tzinfo=None)
    assert list(row) == [column.name for column in COLUMNS]
    assert row == {
        "query_id": query_id(1), "account_id": TARGET.account_id, "region": TARGET.region, "workgroup": "primary",
        "state": "succeeded", "counted_at": noon, "submitted_at": (NOON - 10 * SECOND).replace(tzinfo=None),
        "ended_at": noon, "user_name": "ann", "user_kind": "person", "role_name": "analyst", "client": "dbt-athena",
        "workload": "dbt:a", "attribution": "known", "catalog_name": "AwsDataCatalog", "database_name": "sales",
        "statement_type": "DML", "substatement_type": "SELECT", "scanned_bytes": 100 * MB, "billed_bytes": 0,
        "cost_nanousd": 0, "queue_ms": 1, "planning_ms": 2, "engine_ms": 7_000, "service_pre_ms": 3, "service_ms": 4,
        "total_ms": 10_000, "dpu_count": 8.0, "result_reused": False, "cutoff_hit": False, "error_category": None,
        "error_name": None, "error_type": None, "error_retryable": None, "sql_digest": "ab" * 32,
        "sql_text": "SELECT ?", "unparsed": None,
        "tables": [
            {"catalog_name": "awsdatacatalog", "database_name": "sales", "table_name": "orders", "mode": "read",
             "via_view": "sales.v_orders"}
        ],
        "ledger_id": LEDGER, "seq": fact.seq,
        "written_at": datetime.fromtimestamp(fact.written_ms / 1000, UTC).replace(tzinfo=None),
    }  # fmt: skip  # in the order of the table


def test_what_aws_did_not_tell_is_null_and_never_nought(book: Book) -> None:
    told = query(state=State.CANCELLED, ended_at=None, scanned_bytes=None, total_ms=None, database=None)
    for minutes in range(1, 5):  # its statistics are waited for
        book.swept(NOON + minutes * MINUTE, told, start())
    (row,) = rows(book)
    unknown = ("ended_at", "scanned_bytes", "billed_bytes", "cost_nanousd", "total_ms", "queue_ms", "dpu_count",
               "database_name", "error_name", "sql_digest", "workload")  # fmt: skip  # rows
    assert {name: row[name] for name in unknown} == dict.fromkeys(unknown)
    assert (row["state"], row["counted_at"], row["tables"]) == ("cancelled", row["submitted_at"], [])


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (QueryError(category=2, type=1006, retryable=False), ("user", "syntax_error", 1006, False)),
        (QueryError(category=None, type=2**40, retryable=None), ("unknown", "other", None, None)),
        (None, ("unknown", "unknown", None, None)),
    ],
)
def test_a_failure_has_its_name_and_a_number_that_is_none_has_none(
    book: Book, error: QueryError | None, told: tuple[Any, ...]
) -> None:
    book.deliver(query(state=State.FAILED, error=error), start())
    (row,) = rows(book)
    assert (row["error_category"], row["error_name"], row["error_type"], row["error_retryable"]) == told


def test_half_a_surrogate_pair_in_the_sql_is_replaced(book: Book) -> None:
    book.deliver(query(sql_text="SELECT '\ud800'", tables=(SALES,)), start())
    (row,) = rows(book)
    assert (row["sql_text"], row["tables"][0]["table_name"]) == ("SELECT '\ufffd'", "orders")


def test_a_late_identity_is_a_whole_row_of_the_same_day_with_a_higher_number(book: Book) -> None:
    book.deliver(query(workload="dbt:a", tables=(SALES,)))
    book.looked(NOON + 4 * HOUR)
    book.deliver(start(user="ben"), at=NOON + DAY)
    first, second = rows(book)
    changed = {name for name in first if first[name] != second[name]}
    assert changed == {"user_name", "user_kind", "role_name", "client", "attribution", "seq", "written_at"}
    assert (first["user_name"], first["attribution"]) == ("unattributed", "not_found")
    assert (second["user_name"], second["attribution"], second["tables"]) == ("ben", "late", first["tables"])
    assert (second["written_at"], second["seq"]) > (first["written_at"], first["seq"])
    assert {row.day for row in (row_of(fact, LEDGER) for fact in facts(book)) if row} == {"2026-03-10"}


def test_facts_of_other_kinds_are_no_rows() -> None:
    for kind in ("access", "budget", "guard"):
        assert row_of(StoredFact(seq=1, kind=kind, target=TARGET, body="no JSON", written_ms=1), LEDGER) is None


def test_the_schema_is_the_declared_one() -> None:
    assert SCHEMA.names == [column.name for column in COLUMNS]
    assert [str(field.type).replace("list<element", "list<item") for field in SCHEMA][5] == "timestamp[ms]"
