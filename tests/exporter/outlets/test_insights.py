"""Why these tests exist: a query that the service refuses, or that counts copies, is found by nobody but its reader.

The queries run on an embedded Logs Insights that refuses what AWS refuses; the expected numbers are counted by hand.
"""

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from log_groups import Account, account
from log_wire import GROUPS, TARGET
from processes import until

from athena_exporter.outlets.events import Field, Stream
from athena_exporter.outlets.events.shape import access_id, instant
from athena_exporter.outlets.insights import (
    DEAREST_QUERIES,
    EVENTS_BY_TABLE,
    FAILED_QUERIES,
    GUARD_ACTIONS,
    INSIGHTS,
    LAST_READS,
    METADATA_VERSUS_READS,
    NEWEST_QUERIES,
    READERS,
    TOP_TABLES,
    USED_TABLES,
    USERS_BY_DAY,
    USERS_BY_TABLE_AND_DAY,
    USERS_BY_TABLE_AND_MONTH,
    Insight,
    last_reads_in,
    narrowed,
    not_read_since,
    queries_of,
    readers_of,
    tables_of,
)

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=2)
DAY = timedelta(days=1)
GRAFANA = (
    "fields @timestamp,ltrim(@log) as __log__grafana_internal__,ltrim(@logStream) as __logstream__grafana_internal__|"
)
"""What Grafana's backend writes before every query."""


def accessed(number: int, user: str, table: str, mode: str = "read", *, at: datetime = NOON, **told: Any) -> Any:
    database, _, name = table.partition(".")
    event = {
        Field.EVENT_TIME: instant(at), Field.QUERY_ID: f"q{number}", Field.USER: user, Field.CLIENT: "console",
        Field.DATABASE: database, Field.TABLE: name, Field.FQ: table, Field.MODE: mode, Field.STATE: "succeeded",
        Field.ACCESS_ID: access_id(TARGET, f"q{number}", table, mode),
    }  # fmt: skip  # an event reads best in rows
    return at, event | told


def ran(number: int, user: str, cost_usd: float, *, at: datetime = NOON, **told: Any) -> Any:
    event = {
        Field.EVENT_TIME: instant(at), Field.QUERY_ID: f"q{number}", Field.USER: user, Field.COST_USD: cost_usd,
        Field.SQL_TEXT: f"SELECT {number}", Field.STATE: "succeeded", Field.DATABASE: "sales",
        Field.WORKGROUP: "primary",
    }  # fmt: skip  # as above
    return at, event | told


ACCESSES = (
    accessed(1, "ann", "sales.orders"),
    accessed(1, "ann", "sales.orders"),  # a copy
    accessed(2, "bob", "sales.orders"),
    accessed(3, "ann", "sales.orders", at=NOON - DAY),
    accessed(4, "ann", "web.visits"),
    accessed(5, "unattributed", "web.visits"),
    accessed(6, "ann", "sales.items", "write"),
    accessed(7, 'eve "x"', "sales.items", "metadata"),
    accessed(8, "cyd", "sales.old", at=NOON - 5 * DAY),
    accessed(9, "cyd", "sales.broken", state="failed"),
)
HOSTILE = 'a/b.(c|d) "e"'
RAN = (
    ran(1, "ann", 0.5),
    ran(2, "bob", 2.25),
    ran(2, "bob", 2.25),
    ran(3, "ann", 0.125, at=NOON - DAY),
    ran(4, HOSTILE, 0, at=NOON - 2 * DAY, state="failed", error_name="syntax_error", workgroup="ad-hoc"),
)

GUARDED = (
    NOON,
    {
        Field.EVENT_TYPE: "guard", Field.EVENT_TIME: instant(NOON), Field.ACCESS_ID: "g1", Field.QUERY_ID: "q1",
        Field.USER: "ann", Field.WORKGROUP: "primary", Field.GUARD_RESULT: "stopped", Field.BUDGET: "daily",
    },
)  # fmt: skip  # as above


@pytest.fixture(scope="module")
def logs() -> Iterator[Account]:
    with account() as account_:
        for group, events in ((GROUPS.table_access, ACCESSES), (GROUPS.queries, (*RAN, GUARDED))):
            account_.client.create_log_group(logGroupName=group)
            account_.client.create_log_stream(logGroupName=group, logStreamName="s")
            for at, event in sorted(events, key=lambda pair: pair[0]):
                put(account_.client, group, at, event)
        yield account_


def put(client: Any, group: str, at: datetime, event: dict[str, Any]) -> None:
    event_ = {"timestamp": int(at.timestamp() * 1000), "message": json.dumps(event)}
    client.put_log_events(logGroupName=group, logStreamName="s", logEvents=[event_])


def run(logs: Account, insight: Insight, prefix: str = "") -> list[list[dict[str, str]]]:
    now = int(time.time())
    started = logs.client.start_query(
        logGroupName=GROUPS.of(insight.stream),
        startTime=now - 30 * 86_400,
        endTime=now,
        queryString=prefix + insight.text,
    )
    answers: list[dict[str, Any]] = []

    def is_complete() -> bool:
        answers.append(logs.client.get_query_results(queryId=started["queryId"]))
        return bool(answers[-1]["status"] == "Complete")

    until(is_complete, what=insight.name, every=0.02)
    return list(answers[-1]["results"])


def rows(logs: Account, insight: Insight) -> list[dict[str, str]]:
    return [{cell["field"]: cell["value"] for cell in row if cell["field"] != "@ptr"} for row in run(logs, insight)]


def test_the_guards_actions_are_told_apart_from_queries(logs: Account) -> None:
    (action,) = rows(logs, GUARD_ACTIONS)
    assert (action[Field.GUARD_RESULT], action[Field.USER], action[Field.QUERY_ID]) == ("stopped", "ann", "q1")
    for insight in (NEWEST_QUERIES, DEAREST_QUERIES, FAILED_QUERIES, queries_of("ann")):
        assert not any(Field.GUARD_RESULT in row for row in rows(logs, insight))
        assert len(rows(logs, insight)) == len({row[Field.QUERY_ID] for row in rows(logs, insight)})
    assert {row[Field.STATE] for row in rows(logs, NEWEST_QUERIES)} == {"succeeded", "failed"}


def columns(found: list[dict[str, str]], *names: str) -> list[tuple[str | None, ...]]:
    return [tuple(row.get(name) for name in names) for row in found]


def test_events_by_table_is_the_first_designs_own_query(logs: Account) -> None:
    assert EVENTS_BY_TABLE.text == "stats count(@timestamp) by table"
    found = {row["table"]: row["count(@timestamp)"] for row in rows(logs, EVENTS_BY_TABLE)}
    assert found == {"orders": "4", "visits": "2", "items": "2", "old": "1", "broken": "1"}


def test_distinct_users_by_table_and_day_leave_out_copies_and_nobody(logs: Account) -> None:
    found = rows(logs, USERS_BY_TABLE_AND_DAY)
    days = sorted((row["bin(1d)"][:10], row["table"], row["users"]) for row in found)
    assert days == sorted(
        [
            (f"{NOON:%Y-%m-%d}", "orders", "2"),
            (f"{NOON:%Y-%m-%d}", "visits", "1"),
            (f"{NOON:%Y-%m-%d}", "broken", "1"),
            (f"{NOON - DAY:%Y-%m-%d}", "orders", "1"),
            (f"{NOON - 5 * DAY:%Y-%m-%d}", "old", "1"),
        ]
    )


def test_distinct_users_of_a_month_are_no_sum_of_days(logs: Account) -> None:
    of_months: dict[tuple[str, str], set[str]] = {}
    for at, event in ACCESSES:
        if event[Field.MODE] == "read" and event[Field.USER] != "unattributed":
            of_months.setdefault((f"{at:%Y-%m}", event[Field.TABLE]), set()).add(event[Field.USER])
    found = {(row["bin(1mo)"][:7], row["table"]): row["users"] for row in rows(logs, USERS_BY_TABLE_AND_MONTH)}
    assert found == {key: str(len(users)) for key, users in of_months.items()}


def test_top_tables_count_queries_once(logs: Account) -> None:
    found = columns(rows(logs, TOP_TABLES), "database", "table", "queries", "users")
    assert found[:2] == [("sales", "orders", "3", "2"), ("web", "visits", "2", "2")]
    assert len(found) == 4, "written and looked at is not read"


def test_who_reads_a_table(logs: Account) -> None:
    found = columns(rows(logs, readers_of("sales", "orders")), "user", "client", "queries", "last_read")
    assert found == [("ann", "console", "2", instant(NOON)), ("bob", "console", "1", instant(NOON))]


def test_what_a_person_uses_is_told_for_any_name(logs: Account) -> None:
    found = columns(rows(logs, tables_of("ann")), "database", "table", "mode", "accesses")
    assert found == [
        ("sales", "orders", "read", "2"),
        ("sales", "items", "write", "1"),
        ("web", "visits", "read", "1"),
    ]
    assert columns(rows(logs, tables_of('eve "x"')), "table", "mode") == [("items", "metadata")]


def test_what_was_not_read_is_found_against_the_catalogue_and_is_not_called_unused(logs: Account) -> None:
    last = last_reads_in(run(logs, LAST_READS))
    assert last[("sales", "orders")] == NOON
    assert ("sales", "broken") not in last, "a failed query has read nothing for certain"
    catalogue = [("sales", "orders"), ("Sales", "Old"), ("sales", "items"), ("sales", "broken"), ("web", "visits")]
    unread = not_read_since(catalogue, last, NOON - 2 * DAY)
    assert [(one.database, one.table, one.last_read) for one in unread] == [
        ("sales", "broken", None),
        ("sales", "items", None),
        ("Sales", "Old", NOON - 5 * DAY),
    ]


def test_metadata_is_told_apart_from_reads(logs: Account) -> None:
    found = columns(rows(logs, METADATA_VERSUS_READS), "table", "mode", "accesses")
    assert found == [
        ("broken", "read", "1"), ("items", "metadata", "1"), ("items", "write", "1"), ("old", "read", "1"),
        ("orders", "read", "3"), ("visits", "read", "2"),
    ]  # fmt: skip  # a table


def test_the_dearest_queries_come_first_and_once(logs: Account) -> None:
    found = columns(rows(logs, DEAREST_QUERIES), "query_id", "user", "cost_usd")
    assert found == [("q2", "bob", "2.25"), ("q1", "ann", "0.5"), ("q3", "ann", "0.125"), ("q4", HOSTILE, "0")]


def test_the_newest_queries_come_first_and_once(logs: Account) -> None:
    found = columns(rows(logs, NEWEST_QUERIES), "query_id", "workgroup", "state")
    assert sorted(found[:2]) == [("q1", "primary", "succeeded"), ("q2", "primary", "succeeded")]
    assert found[2:] == [("q3", "primary", "succeeded"), ("q4", "ad-hoc", "failed")]


def test_failed_queries_tell_what_went_wrong(logs: Account) -> None:
    assert columns(rows(logs, FAILED_QUERIES), "query_id", "error_name") == [("q4", "syntax_error")]


def test_users_of_a_day_are_counted_over_all_tables(logs: Account) -> None:
    found = {row["bin(1d)"][:10]: row["users"] for row in rows(logs, USERS_BY_DAY)}
    assert found == {f"{NOON:%Y-%m-%d}": "3", f"{NOON - DAY:%Y-%m-%d}": "1", f"{NOON - 5 * DAY:%Y-%m-%d}": "1"}


def test_readers_come_with_how_many_tables_they_read(logs: Account) -> None:
    found = columns(rows(logs, READERS), "user", "queries", "tables")
    assert found == [("ann", "3", "2"), ("cyd", "2", "2"), ("bob", "1", "1"), ("unattributed", "1", "1")]


def test_who_uses_what_is_told_with_its_mode(logs: Account) -> None:
    found = columns(rows(logs, USED_TABLES), "user", "table", "mode", "accesses")
    assert found[0] == ("ann", "orders", "read", "2")
    assert ('eve "x"', "items", "metadata", "1") in found


def grafana_regex(*values: str) -> str:
    """What Grafana makes of `${variable:regex}`: values escaped, several in brackets."""
    escaped = [re.sub(r"([\\^$*+?.()|\[\]{}/])", r"\\\1", value) for value in values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        (".*", ["q1", "q2", "q3", "q4"]),  # All, as the variables define it
        (grafana_regex("ann"), ["q1", "q3"]),
        (grafana_regex("ann", "bob"), ["q1", "q2", "q3"]),
        (grafana_regex("an"), []),
        (grafana_regex(HOSTILE), ["q4"]),
        (grafana_regex(HOSTILE, "nobody"), ["q4"]),
    ],
)
def test_a_question_can_be_narrowed_to_what_the_variables_choose(logs: Account, chosen: str, found: list[str]) -> None:
    narrow = narrowed(NEWEST_QUERIES, {Field.USER: chosen, Field.WORKGROUP: ".*"})
    assert sorted(str(row["query_id"]) for row in rows(logs, narrow)) == found


def test_a_narrowed_question_keeps_its_groups_and_what_grafana_writes_before_it(logs: Account) -> None:
    narrow = narrowed(READERS, {Field.DATABASE: "web", Field.TABLE: grafana_regex("visits", "none")})
    assert narrow.stats_groups == READERS.stats_groups
    assert len(run(logs, narrow, GRAFANA)) == 2
    assert narrowed(READERS, {}) == READERS


def test_the_queries_that_somebody_has_run(logs: Account) -> None:
    found = columns(rows(logs, queries_of("ann")), "query_id", "sql_text")
    assert found == [("q1", "SELECT 1"), ("q3", "SELECT 3")]


@pytest.mark.parametrize("insight", INSIGHTS, ids=lambda insight: insight.name)
def test_every_query_is_understood_with_what_grafana_writes_before_it(logs: Account, insight: Insight) -> None:
    assert run(logs, insight, GRAFANA) != []


@pytest.mark.parametrize("insight", INSIGHTS, ids=lambda insight: insight.name)
def test_every_query_asks_a_question_and_names_its_groups(insight: Insight) -> None:
    assert insight.question.endswith((".", "?", ")"))
    groups = "stats " in insight.text
    assert groups == bool(insight.stats_groups)
    if groups:
        assert insight.text.split(" by ", 1)[1].splitlines()[0] == ", ".join(insight.stats_groups)
        assert {type(group) for group in insight.stats_groups} == {str}
    assert insight.stream in Stream
