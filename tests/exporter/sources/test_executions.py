"""One query execution in AWS's words, and every way in which it can be less than that."""

import hashlib
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_exporter.records import QueryError, QueryExecution, State
from athena_exporter.sources.executions import Reading, read_execution

SUBMITTED = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
ENDED = SUBMITTED + timedelta(seconds=12)
SQL = "SELECT * FROM orders"
WHOLE: Mapping[str, Any] = {
    "QueryExecutionId": "6f0c1a52-9d61-4b0e-8f43-1f6f6b8e2a10",
    "Query": SQL,
    "StatementType": "DML",
    "SubstatementType": "SELECT",
    "WorkGroup": "finance",
    "QueryExecutionContext": {"Database": "sales", "Catalog": "awsdatacatalog"},
    "Status": {
        "State": "FAILED",
        "StateChangeReason": "something broke",
        "SubmissionDateTime": SUBMITTED,
        "CompletionDateTime": ENDED,
        "AthenaError": {"ErrorCategory": 2, "ErrorType": 1110, "Retryable": False, "ErrorMessage": "no such table"},
    },
    "Statistics": {
        "EngineExecutionTimeInMillis": 9000,
        "DataScannedInBytes": 123,
        "TotalExecutionTimeInMillis": 12000,
        "QueryQueueTimeInMillis": 100,
        "ServicePreProcessingTimeInMillis": 50,
        "QueryPlanningTimeInMillis": 300,
        "ServiceProcessingTimeInMillis": 20,
        "ResultReuseInformation": {"ReusedPreviousResult": False},
        "DpuCount": 8.5,
    },
}


def without(path: tuple[str, ...], value: object = None) -> dict[str, Any]:
    """The whole execution, with one place missing, or holding something else."""

    def changed(part: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
        name, *rest = names
        inner = changed(part[name], tuple(rest)) if rest else value
        return {key: each for key, each in {**part, name: inner}.items() if each is not None}

    return changed(WHOLE, path)


def paths(part: Mapping[str, Any] = WHOLE, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, value in part.items():
        yield (*above, name)
        if isinstance(value, Mapping):
            yield from paths(value, (*above, name))


def read(path: tuple[str, ...], value: object) -> Reading:
    return read_execution(without(path, value))


def record(path: tuple[str, ...], value: object) -> QueryExecution:
    found = read(path, value).record
    assert found is not None
    return found


def test_a_whole_execution_is_read_in_our_words() -> None:
    assert read_execution(WHOLE) == Reading(
        record=QueryExecution(
            query_id="6f0c1a52-9d61-4b0e-8f43-1f6f6b8e2a10", workgroup="finance", state=State.FAILED,
            submitted_at=SUBMITTED, ended_at=ENDED, catalog="awsdatacatalog", database="sales", statement_type="DML",
            substatement_type="SELECT", scanned_bytes=123, queue_ms=100, planning_ms=300, engine_ms=9000,
            service_pre_ms=50, service_ms=20, total_ms=12000, dpu_count=8.5, result_reused=False,
            error=QueryError(category=2, type=1110, retryable=False), cutoff_hit=False,
            sql_digest=hashlib.sha256(SQL.encode()).hexdigest(),
        ),
        malformed=0,
    )  # fmt: skip  # one field a line would be a page


NEEDED = {("QueryExecutionId",), ("Status",), ("Status", "State"), ("Status", "SubmissionDateTime")}


@pytest.mark.parametrize("path", list(paths()), ids="/".join)
def test_any_field_but_four_may_be_missing(path: tuple[str, ...]) -> None:
    reading = read_execution(without(path))
    assert (reading.record is None, reading.malformed) == ((True, 1) if path in NEEDED else (False, 0))


@pytest.mark.parametrize("path", list(paths()), ids="/".join)
def test_any_field_may_hold_something_else_altogether(path: tuple[str, ...]) -> None:
    for alien in ("?", -1, 1.5, [], {}, object(), float("nan"), float("inf"), 2**70, True, ""):
        reading = read(path, alien)
        assert reading.record is None or reading.record.submitted_at == SUBMITTED


@pytest.mark.parametrize("value", ["123", -1, 1.5, float("nan"), float("inf"), 2**51, True, [1]])
def test_a_number_that_is_none_is_left_out_and_counted(value: object) -> None:
    reading = read(("Statistics", "DataScannedInBytes"), value)
    assert reading.record is not None
    assert (reading.record.scanned_bytes, reading.malformed) == (None, 1)


def test_zero_bytes_are_zero_and_no_bytes_are_none() -> None:
    assert record(("Statistics", "DataScannedInBytes"), 0).scanned_bytes == 0
    assert record(("Statistics", "DataScannedInBytes"), None).scanned_bytes is None
    assert record(("Statistics", "DataScannedInBytes"), 7.0).scanned_bytes == 7


@pytest.mark.parametrize(
    ("word", "state"),
    [("QUEUED", State.QUEUED), ("RUNNING", State.RUNNING), ("SUCCEEDED", State.SUCCEEDED), ("FAILED", State.FAILED),
     ("CANCELLED", State.CANCELLED), ("CANCELED", State.CANCELLED), ("Succeeded", State.SUCCEEDED)],
)  # fmt: skip  # rows
def test_every_state_has_one_word(word: str, state: State) -> None:
    assert record(("Status", "State"), word).state is state


def test_an_unknown_state_is_malformed() -> None:
    assert read(("Status", "State"), "PAUSED") == Reading(record=None, malformed=1)


def test_a_running_query_has_no_end_whatever_it_says() -> None:
    assert record(("Status", "State"), "RUNNING").ended_at is None


def test_times_of_any_zone_become_utc() -> None:
    east = timezone(timedelta(hours=5))
    at = record(("Status", "SubmissionDateTime"), SUBMITTED.astimezone(east)).submitted_at
    assert (at, at.tzinfo) == (SUBMITTED, UTC)
    assert record(("Status", "SubmissionDateTime"), SUBMITTED.replace(tzinfo=None)).submitted_at == SUBMITTED


def test_a_time_at_the_end_of_all_days_is_no_time() -> None:
    assert (
        record(("Status", "CompletionDateTime"), datetime.max.replace(tzinfo=timezone(timedelta(hours=-5)))).ended_at
        is None
    )


def test_a_missing_workgroup_is_the_one_it_was_listed_in() -> None:
    found = read_execution(without(("WorkGroup",)), workgroup="etl").record
    assert found is not None
    assert found.workgroup == "etl"
    assert record(("WorkGroup",), None).workgroup == "unknown"


@pytest.mark.parametrize(
    ("reason", "hit"),
    [("Bytes scanned limit was exceeded", True), ("Query: bytes scanned LIMIT was exceeded.", True), ("user", False)],
)
def test_a_cutoff_is_told_by_its_reason(reason: str, *, hit: bool) -> None:
    assert record(("Status", "StateChangeReason"), reason).cutoff_hit is hit


@pytest.mark.parametrize(
    "sql",
    [
        "EXPLAIN ANALYZE SELECT 1",
        "explain analyze verbose select 1",
        "\n\t -- dbt\n-- more\nExplain\n  Analyze select 1",
        '/* {"node": "a*b"} */ EXPLAIN /* twice */ ANALYZE SELECT 1',
        "EXPLAIN -- a word between\n ANALYZE SELECT 1",
        "/***/EXPLAIN ANALYZE(FORMAT JSON) SELECT 1",
    ],
)
def test_explain_analyze_is_found_behind_comments(sql: str) -> None:
    assert record(("Query",), sql).substatement_type == "EXPLAIN_ANALYZE"


@pytest.mark.parametrize(
    "sql",
    [
        "EXPLAIN SELECT 1", "EXPLAIN ANALYZER", "EXPLAINANALYZE x", "-- EXPLAIN ANALYZE\nSELECT 1",
        "/* EXPLAIN ANALYZE */ SELECT 1", "SELECT 'EXPLAIN ANALYZE'", "/* never closed EXPLAIN ANALYZE",
        "EXPLAIN (FORMAT JSON) SELECT 1", "",
    ],
)  # fmt: skip  # a list
def test_other_statements_keep_aws_word(sql: str) -> None:
    assert record(("Query",), sql).substatement_type == "SELECT"


@pytest.mark.parametrize("filler", [" ", "-", "--\n", "/*", "/**/", "*", "explain ", "\n"])
def test_a_hostile_quarter_megabyte_is_read_at_once(filler: str) -> None:
    sql = filler * (262_144 // len(filler))
    began = time.thread_time()
    record(("Query",), sql)
    assert time.thread_time() - began < 2


def test_no_sql_leaves_the_parser() -> None:
    secret = "SELECT 'hunter2' FROM vault"
    assert "hunter2" not in repr(record(("Query",), secret))


def test_half_a_surrogate_pair_has_a_digest_too() -> None:
    assert record(("Query",), "SELECT '\ud83d'").sql_digest


ALIEN = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()) | st.datetimes()


@given(mutations=st.lists(st.tuples(st.sampled_from(list(paths())), ALIEN), max_size=4))
def test_no_mutation_makes_it_raise(mutations: list[tuple[tuple[str, ...], Any]]) -> None:
    for path, value in mutations:
        reading = read(path, value)
        assert reading.record is not None or reading.malformed == 1
