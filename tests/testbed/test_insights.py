"""The language of Logs Insights, against examples worked by hand, and the refusal of what isn't in it."""

import json
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from athena_testbed.insights.lexer import QueryError
from athena_testbed.insights.nodes import Period
from athena_testbed.insights.parser import parsed
from athena_testbed.insights.periods import ceil, floor
from athena_testbed.insights.pipeline import evaluate
from athena_testbed.insights.records import Record
from athena_testbed.insights.values import date, sort_key

MARCH = 1_772_323_200_000  # 1 March 2026, a Sunday, 00:00 UTC
HOUR = 3_600_000
DAY = 24 * HOUR
FRUIT = ("apple", "banana", "orange", "apple")
GRAFANA = (
    "fields @timestamp,ltrim(@log) as __log__grafana_internal__,ltrim(@logStream) as __logstream__grafana_internal__|"
)
"""What Grafana puts before every query."""


def _records(messages: Iterable[Any], step: int = 1000, begin: int = MARCH) -> list[Record]:
    return [
        Record(
            timestamp=begin + place * step,
            ingested=begin + place * step + 5,
            message=message if isinstance(message, str) else json.dumps(message),
            stream="stream",
            log="123456789012:/group",
            pointer=f"p{place}",
        )
        for place, message in enumerate(messages)
    ]


def _rows(query: str, records: list[Record]) -> list[dict[str, str]]:
    return [dict(row) for row in evaluate(parsed(query), records).rows]


def _values(query: str, records: list[Record], column: str) -> list[str | None]:
    return [row.get(column) for row in _rows(query, records)]


def _one(query: str, messages: Iterable[Any]) -> dict[str, str]:
    (row,) = _rows(query, _records(messages))
    return row


ACCESSES = _records(
    [
        {"user": "ann", "table": "orders", "mode": "read", "scanned_bytes": 100, "cost_usd": 0.5, "query_id": "1"},
        {"user": "ann", "table": "orders", "mode": "read", "scanned_bytes": 300, "cost_usd": 0.25, "query_id": "2"},
        {"user": "bob", "table": "orders", "mode": "write", "scanned_bytes": 200, "query_id": "3"},
        {"user": "bob", "table": "stores", "mode": "read", "query_id": "3", "details": {"depth": {"deeper": 7}}},
        {"user": "cas", "table": "stores", "mode": "metadata", "list": ["x", "y"], "flag": True},
    ],
    step=12 * HOUR,
)


def test_the_first_example_of_all() -> None:
    records = _records({"table": fruit, "details": {}} for fruit in FRUIT)
    rows = _rows("stats count(@timestamp) by table", records)
    assert {row["table"]: row["count(@timestamp)"] for row in rows} == {"apple": "2", "banana": "1", "orange": "1"}


def test_what_grafana_puts_before_a_query_changes_nothing() -> None:
    query = "stats count(*) as n by table | sort n desc, table | limit 2"
    assert (
        _rows(GRAFANA + query, ACCESSES)
        == _rows(query, ACCESSES)
        == [
            {"table": "orders", "n": "3"},
            {"table": "stores", "n": "2"},
        ]
    )
    plain = _rows(GRAFANA + "filter user = 'cas' | fields table", ACCESSES)
    assert plain == [
        {
            "@timestamp": "2026-03-03 00:00:00.000",
            "__log__grafana_internal__": "123456789012:/group",
            "__logstream__grafana_internal__": "stream",
            "table": "stores",
            "@ptr": "p4",
        }
    ]


def test_without_fields_the_newest_events_come_first_with_time_and_message() -> None:
    rows = _rows("limit 2", ACCESSES)
    assert [row["@ptr"] for row in rows] == ["p4", "p3"]
    assert list(rows[0]) == ["@timestamp", "@message", "@ptr"]
    assert rows[0]["@timestamp"] == "2026-03-03 00:00:00.000"


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("mode = 'read'", "013"),
        ('mode != "read"', "24"),
        ("scanned_bytes > 100", "12"),
        ("scanned_bytes >= 100 and scanned_bytes < 300", "02"),
        ("scanned_bytes <= 100 or user = 'cas'", "04"),
        ("not (mode = 'read' or mode = 'write')", "4"),
        ("not mode = 'read' and user = 'bob'", "2"),
        ("user like /^[ab]/", "0123"),
        ("user like /(?i)^ANN$/", "01"),
        ("user =~ /^(?i)CAS$/", "4"),
        ('table like "tore"', "34"),
        ("table not like /ord/", "34"),
        ("user in ['ann', 'cas']", "014"),
        ('user not in ["ann"]', "234"),
        ("scanned_bytes in [100, 200]", "02"),
        ("ispresent(cost_usd)", "01"),
        ("not ispresent(scanned_bytes)", "34"),
        ("isblank(cost_usd)", "234"),
        ("isempty(user)", ""),
        ("cost_usd > 0.3", "0"),
        ("details.depth.deeper = 7", "3"),
        ("list.1 = 'y'", "4"),
        ("flag = 1", "4"),
        ("strcontains(table, 'ore')", "34"),
        ("scanned_bytes * 2 - 100 > 250 # a comment | limit 1\n", "12"),
        ("scanned_bytes = 2 ^ 3 * 25", "2"),
        ("scanned_bytes % 200 = 100", "01"),
        ("@message like 'details'", "3"),
        ("@logStream = 'stream' and query_id = 3", "23"),
        ("`user` = 'bob'", "23"),
        ("substr(table, 0, 3) = 'sto'", "34"),
        ("nobody = 'x'", ""),
        ("nobody != 'x'", ""),
        ("- scanned_bytes < -250", "1"),
        ("datefloor(@timestamp, 1d) = datefloor(@timestamp, 12h)", "024"),
    ],
)
def test_filters(condition: str, found: str) -> None:
    rows = _rows(f"filter {condition} | sort @timestamp asc", ACCESSES)
    assert "".join(row["@ptr"][1:] for row in rows) == found


def test_functions_make_columns() -> None:
    row = _one(
        "fields toupper(a) as up, tolower(a) as low, strlen(a) as n, concat(a, '-', b) as both, coalesce(none, b) as c,"
        " floor(b), ceil(b) as up_b, abs(0 - b) as plus, greatest(1, b, 2) as most, least(1, b) as fewest,"
        " trim('  x ') as t, rtrim('x--', '-') as r, replace(a, 'X', 'o') as o, sqrt(16) as s,"
        " if(b > 2, 'big', 'small') as i",
        [{"a": "aXa", "b": 2.5}],
    )
    assert {name: value for name, value in row.items() if name != "@ptr"} == {
        "up": "AXA", "low": "axa", "n": "3", "both": "aXa-2.5", "c": "2.5", "floor(b)": "2", "up_b": "3",
        "plus": "2.5", "most": "2.5", "fewest": "1", "t": "x", "r": "x", "o": "aoa", "s": "4", "i": "big",
    }  # fmt: skip  # a table


def test_a_function_of_what_is_missing_or_impossible_is_missing() -> None:
    row = _one("fields strlen(none) as a, none + 1 as b, 1 / 0 as c, log(0) as d, b as e, x", [{"x": "1"}])
    assert row == {"x": "1", "@ptr": "p0"}


def test_times_become_numbers_and_times_again() -> None:
    query = (
        "fields toMillis(@timestamp) as ms, fromMillis(ms + 1000) as later, fromMillis(none) as no,"
        " dateceil(@timestamp, 1d) as d"
    )
    assert _one(query, [{"a": 1}]) == {
        "ms": str(MARCH), "later": "2026-03-01 00:00:01.000", "d": "2026-03-01 00:00:00.000", "@ptr": "p0",
    }  # fmt: skip  # a table


def test_what_is_no_object_of_json_has_no_fields_of_its_own() -> None:
    records = _records(["plain", "{broken", '["a"]', '{"a": 1}', '{"a": null}', '{"a": {"b": 2}}'])
    assert _values("filter ispresent(a) | fields a", records, "@ptr") == ["p3"]
    assert _values("filter ispresent(a.b) | fields a.b", records, "a.b") == ["2"]
    assert _one("fields substr('abc', 'x') as s, substr('abc', 1) as t", ["x"]) == {"t": "bc", "@ptr": "p0"}


def test_aggregates() -> None:
    rows = _rows(
        "stats count(*) as n, count(scanned_bytes) as c, sum(scanned_bytes) as s, avg(scanned_bytes) as a,"
        " min(scanned_bytes) as low, max(scanned_bytes) as high, pct(scanned_bytes, 50) as mid,"
        " stddev(scanned_bytes) as d, count_distinct(query_id) as q, sum(cost_usd) as usd,"
        " earliest(user) as first, latest(mode) as last, sortsFirst(user) as f, sortsLast(user) as l by table"
        " | sort table",
        ACCESSES,
    )
    assert rows == [
        {
            "table": "orders", "n": "3", "c": "3", "s": "600", "a": "200", "low": "100", "high": "300", "mid": "200",
            "d": "81.6497", "q": "3", "usd": "0.75", "first": "ann", "last": "write", "f": "ann", "l": "bob",
        },
        {"table": "stores", "n": "2", "c": "0", "q": "1", "first": "bob", "last": "metadata", "f": "bob", "l": "cas"},
    ]  # fmt: skip  # a table


def test_distinct_users_by_table_and_day() -> None:
    rows = _rows(
        "filter mode = 'read' | stats count_distinct(user) as users by bin(1d), table | sort bin(1d), table", ACCESSES
    )
    assert rows == [
        {"bin(1d)": "2026-03-01 00:00:00.000", "table": "orders", "users": "1"},
        {"bin(1d)": "2026-03-02 00:00:00.000", "table": "stores", "users": "1"},
    ]  # fmt: skip  # one row a line


def test_a_month_is_not_the_sum_of_its_days() -> None:
    records = _records([{"user": "ann"}, {"user": "bob"}, {"user": "ann"}], step=DAY)
    month = _rows("stats count_distinct(user) as users by bin(1mo) as month", records)
    assert month == [{"month": "2026-03-01 00:00:00.000", "users": "2"}]
    days = _rows("stats count_distinct(user) as users by bin(1d)", records)
    assert [row["users"] for row in days] == ["1", "1", "1"]


def test_arithmetic_of_aggregates() -> None:
    row = _one("stats sum(n) / count(*) as mean, (max(n) - min(n)) * 2, count(*)", [{"n": 1}, {"n": 2}, {"n": 6}])
    assert row == {"mean": "3", "(max(n) - min(n)) * 2": "10", "count(*)": "3"}


def test_a_missing_value_is_a_group_of_its_own() -> None:
    rows = _rows("stats count(*) as n by cost_usd | sort cost_usd", ACCESSES)
    assert rows == [{"n": "3"}, {"cost_usd": "0.25", "n": "1"}, {"cost_usd": "0.5", "n": "1"}]


def test_stats_of_nothing_is_one_row_without_groups_and_none_with() -> None:
    assert _rows("filter user = 'nobody' | stats count(*) as n", ACCESSES) == [{"n": "0"}]
    assert _rows("filter user = 'nobody' | stats count(*) as n by user", ACCESSES) == []


def test_a_second_stats_sees_what_the_first_made() -> None:
    query = "stats count_distinct(user) as users by table | stats max(users) as most, count(*) as tables"
    assert _rows(query, ACCESSES) == [{"most": "2", "tables": "2"}]


def test_columns_after_stats() -> None:
    row = _rows("stats sum(scanned_bytes) as s by table | fields s / 100 as h | filter h > 1", ACCESSES)
    assert row == [{"table": "orders", "s": "600", "h": "6"}]
    assert _rows("stats count(*) as n by table | display n | sort n", ACCESSES) == [{"n": "2"}, {"n": "3"}]


def test_parse_by_stars_and_by_pattern() -> None:
    records = _records(["user=ann, took 12 ms", "user=bob, took 30 ms", "nothing"])
    star = "parse @message 'user=*, took * ms' as who, took | filter ispresent(who) | stats sum(took) as t"
    assert _rows(star, records) == [{"t": "42"}]
    regex = r"parse @message /user=(?<who>\w+), took (?<took>\d+)/ | filter who = 'bob' | display took"
    assert _rows(regex, records) == [{"took": "30", "@ptr": "p1"}]
    assert _values("parse @message 'took *' as rest | sort @timestamp", records, "rest") == [None, None, None]
    assert _values("fields rest | parse @message 'took *' as rest | sort @timestamp", records, "rest")[0] == "12 ms"


def test_dedup_keeps_the_first_of_the_order() -> None:
    assert _values("sort @timestamp asc | dedup user, table", ACCESSES, "@ptr") == ["p0", "p2", "p3", "p4"]
    assert _values("dedup cost_usd | limit 9", ACCESSES, "@ptr") == ["p4", "p3", "p2", "p1", "p0"]


def test_the_last_display_wins() -> None:
    assert list(_rows("fields user | display table, mode | display user", ACCESSES)[0]) == ["user", "@ptr"]


def test_rows_are_sorted_naturally() -> None:
    # The list that AWS's page on sort prints.
    printed = [
        "!:",
        "#",
        "*%04",
        "0#",
        "5A",
        "111A",
        "2345_",
        "@",
        "@_",
        "A",
        "A9876fghj",
        "a12345hfh",
        "0",
        "01",
        "1",
        "2",
        "3",
    ]
    assert sorted(printed[11::-1], key=sort_key) == printed[:12]
    assert sorted(["10", "9", "x", "-3"], key=sort_key) == ["x", "-3", "9", "10"]
    records = _records({"k": value} for value in ("b", 10, "a", 9, "a10", "a9"))
    assert _values("fields k | sort k", records, "k") == ["a", "a9", "a10", "b", "9", "10"]
    assert _values("fields k | sort k desc", records, "k") == ["10", "9", "b", "a10", "a9", "a"]


def test_several_keys_sort_each_its_own_way() -> None:
    assert _values("sort table desc, user asc", ACCESSES, "@ptr") == ["p3", "p4", "p1", "p0", "p2"]


@pytest.mark.parametrize(
    ("period", "at", "begin", "end"),
    [
        (Period(5, "m"), "2026-03-01 10:07:30", "2026-03-01 10:05:00", "2026-03-01 10:10:00"),
        (Period(1, "d"), "2026-03-01 10:07:30", "2026-03-01 00:00:00", "2026-03-02 00:00:00"),
        (Period(1, "w"), "2026-03-01 10:07:30", "2026-02-23 00:00:00", "2026-03-02 00:00:00"),
        (Period(1, "mo"), "2026-02-11 10:07:30", "2026-02-01 00:00:00", "2026-03-01 00:00:00"),
        (Period(1, "q"), "2026-05-11 10:07:30", "2026-04-01 00:00:00", "2026-07-01 00:00:00"),
        (Period(1, "y"), "2026-05-11 10:07:30", "2026-01-01 00:00:00", "2027-01-01 00:00:00"),
        (Period(1, "s"), "2026-05-11 10:07:30", "2026-05-11 10:07:30", "2026-05-11 10:07:30"),
    ],
)
def test_periods_begin_and_end_in_utc(period: Period, at: str, begin: str, end: str) -> None:
    moment = int(datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp()) * 1000
    assert date(floor(moment, period)) == f"{begin}.000"
    assert date(ceil(moment, period)) == f"{end}.000"


@pytest.mark.parametrize("unit", ["1h", "1hr", "2hours", "90s", "5min", "1day", "1w", "1mon", "1qtr", "1yr", "250ms"])
def test_units_have_several_names(unit: str) -> None:
    assert len(_rows(f"stats count(*) by bin({unit})", ACCESSES)) >= 1


def test_numbers_are_written_as_aws_writes_them() -> None:
    assert _one("stats avg(n) as a, sum(n) as s, max(n) as m", [{"n": 1}, {"n": 2}, {"n": 2}]) == {
        "a": "1.6667", "s": "5", "m": "2",
    }  # fmt: skip  # a table
    assert _one("fields n, n * 2 as twice", [{"n": 0.014648438}]) == {
        "n": "0.014648438",
        "twice": "0.0293",
        "@ptr": "p0",
    }


def test_what_was_scanned_and_matched_is_counted_before_the_limit() -> None:
    answer = evaluate(parsed("filter user = 'ann' or user = 'bob' | limit 1"), ACCESSES)
    assert (answer.records_scanned, answer.records_matched, len(answer.rows)) == (5, 4, 1)
    assert answer.bytes_scanned == sum(len(record.message) for record in ACCESSES)
    grouped = evaluate(parsed("filter mode = 'read' | stats count(*) by table | filter table = 'x'"), ACCESSES)
    assert (grouped.records_matched, len(grouped.rows)) == (3, 0)


def test_ten_thousand_rows_are_the_most_without_a_limit() -> None:
    records = _records({"n": place} for place in range(10_050))
    assert len(_rows("fields n", records)) == 10_000
    assert len(_rows("fields n | limit 10040", records)) == 10_040


@pytest.mark.parametrize(
    ("query", "words", "start"),
    [
        ("", "unexpected end", 0),
        ("frob x", "unexpected symbol found frob at line 1 and position 0", 0),
        ("fields a |", "unexpected end", 9),
        ("| fields a", "unexpected symbol found |", 0),
        ("fields a\n| filter b ==", "unexpected symbol found = at line 2 and position 12", 21),
        ("fields a b", "unexpected symbol found b", 9),
        ("fields a,", "unexpected end", 8),
        ("fields median(a)", "Invalid function: median", 7),
        ("fields strlen()", "unexpected symbol found )", 14),
        ("fields strlen(a, b)", "Invalid arguments for strlen", 7),
        ("fields substr(a)", "Invalid arguments for substr", 7),
        ("fields count(*)", "an aggregate function belongs into stats", None),
        ("filter sum(a) > 2", "an aggregate function belongs into stats", None),
        ("stats a by b", "stats needs an aggregate function", None),
        ("stats count(*) + a by b", "stats needs an aggregate function", None),
        ("stats count(*", "unexpected end", None),
        ("stats count(*) by bin(1)", "unexpected symbol found 1", 22),
        ("stats count(*) by bin(0h)", "unexpected symbol found 0h", 22),
        ("stats count(*) by bin(1fortnight)", "unexpected symbol", 22),
        ("stats pct(a) by b", "Invalid arguments for pct", 6),
        ("stats pct(a, 101) by b", "Invalid arguments for pct", 6),
        ("stats sum(a, b)", "Invalid arguments for sum", 6),
        ("filter a like b", "unexpected symbol found b", 14),
        ("filter a like /(/", "invalid regular expression", 14),
        ("filter a in 'x'", "unexpected symbol", 12),
        ("filter a not 'x'", "unexpected symbol", 13),
        ("filter stats = 1", "unexpected symbol found stats", 7),
        ("fields limit", "unexpected symbol found limit", 7),
        ("sort a sideways", "unexpected symbol found sideways", 7),
        ("limit many", "unexpected symbol found many", 6),
        ("limit 0", "limit must be between 1 and 100000", 6),
        ("limit 1.5", "unexpected symbol found 1.5", 6),
        ("parse @message 'x' as y", "unexpected symbol", 15),
        ("parse @message '* *' as y", "one name for each", 15),
        ("parse @message '*'", "unexpected end", None),
        ("parse @message /x/", "needs a named group", 15),
        ("dedup a | stats count(*)", "only limit may follow dedup", 10),
        ("stats count(*) as n by a | sort n | stats max(n)", "must follow the last stats", 36),
        ("stats count(*) as n by a | stats max(n) as m by n | stats max(m)", "at most 2 stats", 52),
        ("SELECT * FROM logs", "unexpected symbol found SELECT", 0),
        ("SOURCE logGroups()", "unexpected symbol found SOURCE", 0),
        ("pattern @message", "unexpected symbol found pattern", 0),
        ("fields a | unnest b into c", "unexpected symbol found unnest", 11),
        ("stats count(*) by a offset 1h", "unexpected symbol found offset", 20),
        ("filter a = 'x", "unexpected symbol found '", 11),
        ("filter a = “x”", "unexpected symbol found “", 11),
        ("fields a as 1", "unexpected symbol found 1", 12),
    ],
)
def test_what_is_no_query_is_refused_where_it_goes_wrong(query: str, words: str, start: int | None) -> None:
    with pytest.raises(QueryError) as caught:
        parsed(query)
    assert words in caught.value.message
    assert start is None or caught.value.start == start
    assert 0 <= caught.value.start <= caught.value.end <= len(query)


@pytest.mark.no_cover
def test_fifty_thousand_events_are_grouped_without_waiting() -> None:
    records = _records(
        (
            {**dict.fromkeys("abcdefghij", "some text"), "table": f"t{n % 120}", "user": f"u{n % 50}"}
            for n in range(50_000)
        ),
        step=10,
    )
    began = time.process_time()
    rows = _rows("stats count(*) as n by table", records)
    assert time.process_time() - began < 6.0  # 0.5 seconds as it is, several times that while coverage looks on
    assert len(rows) == 120
    assert {row["n"] for row in rows} == {"416", "417"}
