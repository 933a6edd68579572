"""Why these tests exist: events are read by queries of people whom nobody asks; their fields are a promise."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from book import HOUR, MB, NOON, SECOND, TARGET, opened, query, query_id, settings_for, start, who
from hypothesis import given
from hypothesis import strategies as st

from athena_exporter.ledger.outbox import StoredFact
from athena_exporter.outlets.events import ACCESS_FIELDS, GUARD_FIELDS, QUERY_FIELDS, Event, Field, Stream, events_of
from athena_exporter.outlets.events.shape import LARGEST_MESSAGE, access_id, instant, instant_of
from athena_exporter.records import Mode, Origin, QueryError, State, TableEvent, TableUse

NOON_MS = int(NOON.timestamp() * 1000)
INSIGHTS_WORDS = frozenset(
    [
        *("anomaly", "and", "as", "asc", "bin", "by", "dedup", "desc", "diff", "display", "fields", "filter", "in"),
        *("filterindex", "join", "like", "limit", "lookup", "not", "or", "parse", "pattern", "sort", "source"),
        *("stats", "unmask", "unnest"),
    ]
)
"""Words that mean something in a query: docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html."""


def use(table: str, mode: Mode = Mode.READ, **told: Any) -> TableUse:
    database, _, name = table.partition(".")
    return TableUse(**{"catalog": "awsdatacatalog", "database": database, "table": name, "mode": mode} | told)


@pytest.fixture
def facts(tmp_path: Any) -> Any:
    """Delivers records to a real ledger and answers the facts it wrote."""
    with opened(settings_for(tmp_path, rules={"facts": True}, consumers=("events",))) as book:

        def write(*records: Any, **how: Any) -> list[StoredFact]:
            book.deliver(*records, **how)
            return book.ledger.pending_facts("events", 100)

        write.book = book  # type: ignore[attr-defined]  # a test may go on with the same ledger
        yield write


def of(events: list[Event], stream: Stream) -> list[dict[str, Any]]:
    return [json.loads(event.message) for event in events if event.stream is stream]


def test_a_query_is_one_event_for_each_table_and_mode_and_one_for_itself(facts: Any) -> None:
    uses = (use("sales.orders"), use("sales.items"), use("sales.items", Mode.WRITE))
    (fact,) = facts(query(tables=uses, workload="dbt:a", engine_ms=7_000), start(client="dbt-athena"))
    events = events_of(fact)
    assert [(event.stream, event.target, event.at_ms) for event in events] == [
        (Stream.TABLE_ACCESS, TARGET, NOON_MS),
        (Stream.TABLE_ACCESS, TARGET, NOON_MS),
        (Stream.TABLE_ACCESS, TARGET, NOON_MS),
        (Stream.QUERIES, TARGET, NOON_MS),
    ]
    first = of(events, Stream.TABLE_ACCESS)[0]
    assert first == {
        "v": 1,
        "event_time": "2026-03-10T12:00:00.000Z",
        "access_id": access_id(TARGET, query_id(1), "awsdatacatalog.sales.orders", "read"),
        "query_id": query_id(1),
        "user": "ann",
        "user_kind": "person",
        "role": "analyst",
        "client": "dbt-athena",
        "workload": "dbt:a",
        "account_id": TARGET.account_id,
        "region": TARGET.region,
        "workgroup": "primary",
        "catalog": "awsdatacatalog",
        "database": "sales",
        "table": "orders",
        "fq": "sales.orders",
        "mode": "read",
        "api": "StartQueryExecution",
        "origin": "sql",
        "state": "succeeded",
        "scanned_bytes": 100 * MB,
        "tables_in_query": 2,
    }


def test_a_query_event_tells_times_bytes_money_and_the_error(facts: Any) -> None:
    failed = query(
        state=State.FAILED,
        error=QueryError(category=2, type=1006, retryable=False),
        queue_ms=10,
        planning_ms=20,
        engine_ms=30,
        service_pre_ms=1,
        service_ms=40,
        sql_digest="ab" * 32,
        sql_text="SELECT ?",
        unparsed="syntax",
        substatement_type="SELECT",
        catalog="AwsDataCatalog",
        cutoff_hit=True,
        result_reused=False,
        dpu_count=8.0,
    )
    (fact,) = facts(failed, start())
    (event,) = of(events_of(fact), Stream.QUERIES)
    del event["access_id"]
    assert event == {
        "v": 1,
        "event_time": "2026-03-10T12:00:00.000Z",
        "query_id": query_id(1),
        "user": "ann",
        "user_kind": "person",
        "role": "analyst",
        "client": "console",
        "account_id": TARGET.account_id,
        "region": TARGET.region,
        "workgroup": "primary",
        "catalog": "AwsDataCatalog",
        "database": "sales",
        "statement_type": "DML",
        "substatement_type": "SELECT",
        "state": "failed",
        "submitted_at": "2026-03-10T11:59:50.000Z",
        "ended_at": "2026-03-10T12:00:00.000Z",
        "queue_ms": 10,
        "planning_ms": 20,
        "engine_ms": 30,
        "service_pre_ms": 1,
        "service_ms": 40,
        "total_ms": 10_000,
        "scanned_bytes": 100 * MB,
        "billed_bytes": 0,
        "cost_usd": 0.0,
        "dpu_count": 8.0,
        "result_reused": False,
        "cutoff_hit": True,
        "error_category": "user",
        "error_name": "syntax_error",
        "error_type": 1006,
        "error_retryable": False,
        "sql_digest": "ab" * 32,
        "sql_text": "SELECT ?",
        "tables_in_query": 0,
        "unparsed": "syntax",
    }


def test_what_aws_did_not_tell_is_left_out(facts: Any) -> None:
    (fact,) = facts(query(scanned_bytes=None, statement_type=None, total_ms=5, database=None), start())
    (event,) = of(events_of(fact), Stream.QUERIES)
    for missing in ("scanned_bytes", "statement_type", "queue_ms", "error_name", "sql_text", "dpu_count", "cutoff_hit"):
        assert missing not in event
    assert None not in event.values()


def test_a_query_that_nobody_started_is_unattributed_and_its_late_user_a_correction(facts: Any) -> None:
    facts(query(tables=(use("sales.orders"),)))
    facts.book.looked(NOON + 4 * HOUR)
    first, second = facts(start())
    (before,), (after,) = of(events_of(first), Stream.TABLE_ACCESS), of(events_of(second), Stream.TABLE_ACCESS)
    assert (before["user"], before["user_kind"], before["client"]) == ("unattributed", "unknown", "unknown")
    assert "corrected" not in before
    assert (after["user"], after["corrected"]) == ("ann", True)
    assert after["access_id"] == before["access_id"]


def test_a_table_that_is_named_and_reached_through_a_view_is_one_event_without_the_view(facts: Any) -> None:
    uses = (use("sales.orders", via_view="sales.recent"), use("sales.orders"), use("sales.items", via_view="sales.v"))
    (fact,) = facts(query(tables=uses), start())
    found = {event["table"]: event.get("via_view") for event in of(events_of(fact), Stream.TABLE_ACCESS)}
    assert found == {"orders": None, "items": "sales.v"}


def call(**told: Any) -> TableEvent:
    plain: dict[str, Any] = {
        "event_id": "event-9",
        "at": NOON + SECOND,
        "account_id": TARGET.account_id,
        "region": TARGET.region,
        "api": "GetDataAccess",
        "origin": Origin.LAKE_FORMATION,
        "mode": Mode.READ,
        "identity": who("ann"),
        "query_id": query_id(1),
        "catalog": "awsdatacatalog",
        "database": "sales",
        "table": "orders",
    }
    return TableEvent(**plain | told)


def test_one_access_has_one_id_whichever_origin_tells_it(facts: Any) -> None:
    first, second = facts(query(tables=(use("sales.orders"),)), start(), call())
    (from_sql,), (from_call,) = of(events_of(first), Stream.TABLE_ACCESS), of(events_of(second), Stream.TABLE_ACCESS)
    assert from_sql["access_id"] == from_call["access_id"]
    assert (from_call["origin"], from_call["api"], from_call["query_id"]) == (
        "lakeformation",
        "GetDataAccess",
        query_id(1),
    )
    assert "event_id" not in from_call


def test_the_id_is_the_sha1_of_account_region_query_table_and_mode() -> None:
    text = "111122223333\neu-west-1\nq\nc.d.t\nread"
    assert access_id(TARGET, "q", "c.d.t", "read") == hashlib.sha1(text.encode()).hexdigest()


def test_a_call_without_a_query_has_its_own_id_and_may_name_a_database_alone(facts: Any) -> None:
    (fact,) = facts(
        call(query_id=None, table=None, api="GetTables", origin=Origin.GLUE, mode=Mode.METADATA), source="lookup"
    )
    (event,) = of(events_of(fact), Stream.TABLE_ACCESS)
    assert (event["event_id"], event["mode"], event["database"]) == ("event-9", "metadata", "sales")
    assert not {"query_id", "table", "fq", "workgroup", "state"} & event.keys()
    assert event["event_time"] == "2026-03-10T12:00:01.000Z"


@pytest.mark.parametrize("text", ["x" * 400_000, "é" * 400_000, '"\\' * 200_000, "\U0001f600" * 100_000])
def test_an_event_too_large_is_cut_in_its_sql_and_says_so(facts: Any, text: str) -> None:
    (fact,) = facts(query(sql_text=text, tables=(use("sales.orders"),)), start())
    for event in events_of(fact):
        assert len(event.message.encode()) <= LARGEST_MESSAGE
    (said,) = of(events_of(fact), Stream.QUERIES)
    assert said["sql_cut"] is True
    assert text.startswith(said["sql_text"])
    assert len(said["sql_text"]) > 10_000


def test_the_same_fact_makes_the_same_bytes(facts: Any) -> None:
    (fact,) = facts(query(tables=(use("sales.orders"), use("sales.items"))), start())
    assert events_of(fact) == events_of(fact)


HOSTILE = st.text(max_size=20)


UNTOLD = dict.fromkeys(
    ("catalog", "database", "statement_type", "substatement_type", "queue_ms", "planning_ms", "engine_ms",
     "service_pre_ms", "service_ms", "total_ms", "dpu_count", "result_reused", "sql_digest", "sql_text", "unparsed")
)  # fmt: skip  # a list of names reads best in rows


def a_body(*, user: str = "ann", table: str = "t", **execution: Any) -> dict[str, Any]:
    return {
        "query_id": "q", "at": "2026-03-10T12:00:00.000+00:00", "attribution": "known", "workload": None,
        "identity": {"user": user, "role": None, "kind": "person", "client": "c"},
        "billed_bytes": 0, "cost_nanousd": 1,
        "execution": UNTOLD | {
            "workgroup": "w", "state": "succeeded", "scanned_bytes": 1, "submitted_at": "2026-03-10T12:00:00+00:00",
            "ended_at": None, "cutoff_hit": False, "error": None,
            "tables": [{"catalog": "c", "database": "d", "table": table, "mode": "read", "via_view": None}],
        } | execution,
    }  # fmt: skip  # a body reads best in rows


@given(user=HOSTILE, table=HOSTILE, text=HOSTILE)
def test_any_name_stays_on_one_line_of_ascii_json(user: str, table: str, text: str) -> None:
    body = a_body(user=user, table=table, sql_text=text)
    fact = StoredFact(seq=1, kind="query", target=TARGET, body=json.dumps(body), written_ms=0)
    for event in events_of(fact):
        assert event.message.isascii()
        assert "\n" not in event.message
        assert json.loads(event.message)["user"] == user


def test_every_field_of_an_event_is_documented_and_none_is_a_word_of_queries(facts: Any) -> None:
    assert set(ACCESS_FIELDS) | set(QUERY_FIELDS) | set(GUARD_FIELDS) == set(Field)
    for field in Field:
        assert field not in INSIGHTS_WORDS
        assert field.isidentifier()
    everything = query(
        state=State.FAILED, error=QueryError(category=1, type=1, retryable=True), tables=(use("sales.orders"),),
        sql_text="x" * 400_000, cutoff_hit=True, unparsed="syntax", workload="w", queue_ms=1, planning_ms=1,
        engine_ms=1, service_pre_ms=1, service_ms=1, dpu_count=1.0, result_reused=True, sql_digest="d",
        substatement_type="SELECT", catalog="c",
    )  # fmt: skip  # as above
    facts(everything)
    facts.book.looked(NOON + 4 * HOUR)
    told = [events_of(fact) for fact in facts(start(), call(query_id=None))]
    seen = {stream: {name for events in told for event in of(events, stream) for name in event} for stream in Stream}
    assert seen[Stream.QUERIES] == set(QUERY_FIELDS)
    assert seen[Stream.TABLE_ACCESS] == set(ACCESS_FIELDS) - {"via_view"}


def test_times_of_other_zones_and_half_milliseconds_are_written_in_utc(facts: Any) -> None:
    at = NOON + timedelta(microseconds=123_456)
    (fact,) = facts(query(at=at), start(at=at))
    (event,) = events_of(fact)
    assert event.at_ms == NOON_MS + 123
    assert json.loads(event.message)["event_time"] == "2026-03-10T12:00:00.123Z"


ZONES = st.just(UTC) | st.integers(-18 * 60, 18 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.timedeltas(timedelta(days=-20_000), timedelta(days=200_000)).map(lambda since: NOON + since)
PRECISIONS = st.sampled_from(["auto", "seconds", "milliseconds", "microseconds"])


@given(at=MOMENTS, zone=ZONES, how=PRECISIONS)
def test_a_time_that_is_only_read_as_text_is_the_same_as_one_that_was_parsed(
    at: datetime, zone: timezone, how: str
) -> None:
    text = at.astimezone(zone).isoformat(timespec=how)
    assert instant_of(text) == instant(datetime.fromisoformat(text))


PLAIN = st.text(max_size=8) | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)


TOLD = ("catalog", "database", "statement_type", "queue_ms", "dpu_count", "result_reused", "unparsed", "scanned_bytes")


@given(sql=st.none() | st.text(max_size=8), told=st.fixed_dictionaries(dict.fromkeys(TOLD, st.none() | PLAIN)))
def test_every_plain_value_is_written_as_json_says_and_none_is_left_out(sql: str | None, told: dict[str, Any]) -> None:
    body = a_body(sql_text=sql, **told)
    *_, event = events_of(StoredFact(seq=1, kind="query", target=TARGET, body=json.dumps(body), written_ms=0))
    said = json.loads(event.message)
    expected = {name: value for name, value in {**told, "sql_text": sql}.items() if value is not None}
    assert {name: said[name] for name in expected} == expected
    assert not {name for name in (*told, "sql_text") if name not in expected} & said.keys()
