"""Which tables a statement touches, and how."""

import logging
import re
import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sql_corpus import CORPUS, READABLE

from athena_exporter.records import Mode, TableUse
from athena_exporter.sources import tables
from athena_exporter.sources.redaction import redact
from athena_exporter.sources.skeleton import skeleton
from athena_exporter.sources.tables import LONGEST, REASONS, SqlReader, Told
from athena_exporter.sources.tables.trees import _in_silence
from athena_exporter.sources.workloads import workload_of_sql

LITERALS = re.compile(r"'(?:[^']|'')*'|(?<![\w.$\"`-])\d+(?![\w.$\"`-])")


def read(sql: str, catalog: str | None = None, database: str | None = "shop") -> Told:
    return SqlReader().read(sql, catalog=catalog, database=database)


def use(name: str, mode: str) -> TableUse:
    """`catalog|database.table`, of which the first two may be missing."""
    catalog, _, rest = name.rpartition("|")
    database, dot, table = rest.partition(".")
    return TableUse(
        catalog=catalog or "awsdatacatalog",
        database=database if dot else "shop",
        table=table if dot else database,
        mode=Mode(mode),
    )


def expected(row: Mapping[str, Any]) -> Told:
    uses = {use(str(name), mode) for mode in Mode for name in row.get(mode, [])}
    return Told(tables=tuple(sorted(uses)), unparsed=row.get("unparsed"))


@pytest.mark.parametrize("row", CORPUS, ids=[row["sql"][:60] for row in CORPUS])
def test_every_statement_of_the_corpus_names_its_tables(row: Mapping[str, Any]) -> None:
    assert read(row["sql"]) == expected(row)


def test_the_corpus_is_large_and_says_each_statement_once() -> None:
    assert len({row["sql"] for row in CORPUS}) == len(CORPUS) > 150


def test_names_are_completed_with_the_context() -> None:
    def names(sql: str, catalog: str | None, database: str | None) -> set[tuple[str, str, str]]:
        return {(each.catalog, each.database, each.table) for each in read(sql, catalog, database).tables}

    sql = "SELECT * FROM a, b.c, d.e.f"
    assert names(sql, "Lake", "Web") == {("lake", "web", "a"), ("lake", "b", "c"), ("d", "e", "f")}
    default = {("awsdatacatalog", "default", "a"), ("awsdatacatalog", "b", "c"), ("d", "e", "f")}
    assert names(sql, None, None) == default


def test_two_contexts_of_one_statement_are_not_mixed_up() -> None:
    reader = SqlReader()
    found = [reader.read("SELECT * FROM t", catalog=None, database=name).tables[0].database for name in ("a", "b", "a")]
    assert found == ["a", "b", "a"]


def test_a_hostile_name_is_made_fit_to_be_shown() -> None:
    (table,) = read('SELECT * FROM "a\x00\u202eb' + "x" * 500 + '"').tables
    assert len(table.table) == 256
    assert table.table.startswith("a\ufffd\ufffdb")


def test_every_unreadable_statement_says_why_in_a_known_word() -> None:
    assert {row["unparsed"] for row in CORPUS if "unparsed" in row} <= set(REASONS)


def test_a_statement_longer_than_athena_takes_is_not_looked_at() -> None:
    assert read("SELECT '" + "x" * LONGEST + "' FROM t").unparsed == "too_long"


def test_a_statement_nested_too_deep_is_not_an_exception() -> None:
    assert read("SELECT * FROM t WHERE " + "NOT (" * 3000 + "a" + ")" * 3000).unparsed == "too_deep"
    assert read("EXPLAIN " * 5000).unparsed == "too_deep"


@pytest.mark.parametrize("word", ["date", "array", "row", "decimal"])
def test_types_in_types_cannot_keep_the_parser_busy(word: str) -> None:
    opening, closing = ("[", "]") if word == "array" else ("(", ")")

    def nested(times: int) -> Told:
        return read(f"SELECT {(word + opening) * times}a{closing * times} FROM t")  # to be read, never run

    assert nested(40).unparsed == "too_complex"
    assert nested(6) == read("SELECT a FROM t")


@pytest.mark.no_cover
def test_a_statement_of_too_many_parts_is_given_up() -> None:
    assert read("SELECT a" + "-a" * 60_000 + " FROM t").unparsed == "too_complex"


HOSTILE = ("'", '"', "`", "-", "/*", "1", "1e", "in (1,", "x'", "a-1.", "(", "with a as (", "from a-b,", " ", "date( ")
"""What could make an expression search back and forth, or a parser try everything twice."""


@pytest.mark.no_cover
@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_takes_long(text: str) -> None:
    """Five times the length may take five times as long, and not twenty-five times."""

    def seconds(length: int) -> float:
        sql = ("select '' " + text * length)[:length]
        began = time.process_time()
        read(sql)
        workload_of_sql(sql)
        redact(sql)
        return time.process_time() - began

    # A collection of garbage or a busy machine may fall into one try, not into all.
    assert any(seconds(50_000) < 15 * max(seconds(10_000), 0.05) for _ in range(5))


@pytest.mark.parametrize(
    "sql", ["\x00", "SELECT '\x00' FROM t\x00", "\ud800", "SELECT * FROM \ud83d", "\ufeffSELECT 1", "\x85"]
)
def test_no_character_is_an_exception(sql: str) -> None:
    assert read(sql).unparsed in {None, *REASONS}


def replaced(sql: str, text: str, number: int) -> str:
    """The statement with other literals."""

    def other(found: re.Match[str]) -> str:
        return f"'{text}'" if found.group().startswith("'") else str(number)

    return LITERALS.sub(other, sql)


@settings(max_examples=60, deadline=None)
@given(
    sql=st.sampled_from([sql for sql in READABLE if "--" not in sql and "/*" not in sql and '"' not in sql]),
    text=st.text(st.characters(exclude_characters="'", exclude_categories=["Cs"]), max_size=20),
    number=st.integers(0, 10**12),
)
def test_other_literals_name_the_same_tables(sql: str, text: str, number: int) -> None:
    assert read(replaced(sql, text, number)) == read(sql)


@pytest.mark.parametrize("sql", READABLE)
def test_one_skeleton_is_one_answer(sql: str) -> None:
    """The skeleton is what is parsed, so that what is remembered under it can't differ; it is its own skeleton."""
    bare = skeleton(sql)
    assert skeleton(bare) == bare
    assert read(bare) == read(sql)


def named_by_sqlglot(sql: str) -> set[str]:
    """The last parts of all tables in the tree of the whole text, those of WITH too: an oracle without a skeleton."""
    with _in_silence():
        tree = sqlglot.parse_one(sql, read="trino")
    found = {table.name.lower() for table in tree.find_all(sqlglot.exp.Table) if table.name}
    return {name.partition("$")[0] for name in found} - {cte.alias.lower() for cte in tree.find_all(sqlglot.exp.CTE)}


@pytest.mark.parametrize(
    "sql", [sql for sql in READABLE if re.match(r"\s*(SELECT|INSERT|MERGE|UPDATE|DELETE)\b", sql) and "WITH" not in sql
            and "TABLE(" not in sql and not re.search(r"\w-\w+\.|USING EXTERNAL|U&|X'", sql)]
)  # fmt: skip  # as short as it can be said
def test_leaving_out_literals_hides_no_table(sql: str) -> None:
    assert {each.table for each in read(sql).tables} == named_by_sqlglot(sql)


def test_a_statement_with_other_literals_is_remembered() -> None:
    reader = SqlReader()

    def run(number: int) -> Told:
        ids = ", ".join(map(str, range(number + 1)))
        sql = f"SELECT * FROM t WHERE id IN ({ids}) AND day = '{number}' -- run {number}"  # to be read, never run
        return reader.read(sql, catalog=None, database="d")

    answers = [run(number) for number in range(50)]
    assert [each.table for each in answers[0].tables] == ["t"]
    assert all(answer is answers[0] for answer in answers)


def test_the_memory_is_bounded_and_forgets_the_oldest_first() -> None:
    memory = tables._Memory(3 * tables._ENTRY_BYTES)
    for key in ("a", "b", "c"):
        memory.put(key, Told(unparsed=key))
    assert memory.get("a") == Told(unparsed="a")
    memory.put("d", Told())
    assert [key for key in "abcd" if memory.get(key) is not None] == ["a", "c", "d"]
    wide = Told(tables=tuple(use(f"t{number}", "read") for number in range(100)))
    memory.put("wide", wide)
    assert memory._bytes == 0
    assert SqlReader(capacity=0).read("SELECT * FROM t", catalog=None, database="d").tables


def test_no_word_of_the_statement_reaches_a_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for sql in ("SELECT json_extract(a, '!!secret') FROM t", "SELECT secret FROM t WHERE", "CALL secret()"):
        read(sql)
    with _in_silence():
        sqlglot.parse_one("CALL secret()", read="trino")
        other = threading.Thread(target=lambda: sqlglot.parse_one("CALL ours()", read="trino"))
        other.start()
        other.join()
    assert "secret" not in caplog.text
    assert "ours" in caplog.text
    assert logging.getLogger("sqlglot").filters == []
