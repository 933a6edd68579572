"""Athena's SQL on DuckDB, over a folder of files: the testbed's translation, and what its plans read."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import duckdb
import sqlglot
from sqlglot import exp

from athena_exporter.library import definitions
from athena_exporter.library.definitions import VIEWS
from athena_testbed.engine import dialect

TRAIL = "audit.cloudtrail_logs"
"""Module audit-trail's table."""
Row: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One read of files: which columns, how many files, of how many."""

    columns: frozenset[str]
    files_read: int
    files: int


def translated(sql: str, *, now: datetime | None = None) -> str:
    """The SQL in DuckDB's words; `now` is what the time is."""
    return dialect.translated(dialect.parsed(sql), now)


class Engine:
    """DuckDB over a folder of both kinds of files, with the library's own views.

    Files are read once into tables, unless they are to stay where they are: then DuckDB reads what a question needs.
    """

    def __init__(self, folder: Path, *, in_place: bool = False) -> None:
        self._duckdb = duckdb.connect()
        self._duckdb.execute("SET TimeZone = 'UTC'")
        self._duckdb.execute("SET threads = 1")
        self._duckdb.execute("CREATE SCHEMA audit")
        relation = "VIEW" if in_place else "TABLE"
        for name, pattern, partitions in (
            ("query_history", "history/v1/*/*.parquet", ("day",)),
            (TRAIL, "trail/*/*/*/*.parquet", ("account", "region", "day")),
        ):
            types = ", ".join(f"'{one}': VARCHAR" for one in partitions)
            self._duckdb.execute(
                f"CREATE {relation} {name} AS SELECT * FROM read_parquet('{folder}/{pattern}',"
                f" hive_partitioning = true, hive_types = {{{types}}})"
            )
        for view in VIEWS:
            self._duckdb.execute(translated(definitions.create_view(view, trail=TRAIL)))

    def close(self) -> None:
        self._duckdb.close()

    def ask(self, sql: str, *, now: datetime | None = None) -> list[Row]:
        """The rows of Athena's SQL."""
        cursor = self._duckdb.execute(translated(sql, now=now))
        names = [name for name, *_ in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def scans(self, sql: str) -> list[Scan]:
        """Each read of Parquet files that DuckDB did for it, as EXPLAIN ANALYZE tells.

        Trino reads anew for each reference of a named query, where DuckDB would read once: so they are inlined, and
        what is common to them is not looked for.
        """
        tree = sqlglot.parse_one(translated(sql), read="duckdb")
        self._duckdb.execute(f"SET disabled_optimizers = '{_OWN_WAYS}'")
        cursor = self._duckdb.execute(f"EXPLAIN (ANALYZE, FORMAT json) {inlined(tree).sql('duckdb')}")
        ((_, text),) = cursor.fetchall()
        return list(_scans(json.loads(text)["operator"]))


_OWN_WAYS = "common_subplan,late_materialization,window_self_join,top_n_window_elimination,statistics_propagation"
"""How DuckDB reads a table once that is named twice, twice that is named once, and no column that is all null."""


def inlined(query: exp.Expr, outer: Mapping[str, exp.Expr] = MappingProxyType({})) -> exp.Expr:
    """The query with its named queries where they are referred to, instead of before it."""
    named = dict(outer)
    root = query.copy()
    for cte in root.ctes if isinstance(root, exp.Query) else ():
        named[cte.alias] = inlined(cte.this, named)
    root.set("with_", None)

    def replaced(node: exp.Expr) -> exp.Expr:
        if node is not root and isinstance(node, exp.Query) and node.args.get("with_"):
            return inlined(node, named)
        if isinstance(node, exp.Table) and not node.db and node.name in named:
            alias = exp.TableAlias(this=exp.to_identifier(node.alias_or_name))
            return exp.Subquery(this=named[node.name].copy(), alias=alias)
        return node

    return root.transform(replaced, copy=False)


def _scans(operators: Iterable[Mapping[str, Any]]) -> Iterator[Scan]:
    for operator in operators:
        told = operator["extra_info"]
        if told.get("Function") == "READ_PARQUET":
            columns = told.get("Projections", ())
            yield Scan(
                columns=frozenset([columns] if isinstance(columns, str) else columns),
                files_read=int(told["Total Files Read"]),
                files=int(told["Scanning Files"].split("/")[-1]),
            )
        yield from _scans(operator.get("children", ()))
