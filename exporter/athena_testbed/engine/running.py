"""The catalogue of what was made by statements, and the running of the rest.

One statement at a time. A table is what CREATE EXTERNAL TABLE says of files in S3, a view is its SQL; both are gone
with the account. How much a query scans is an estimate: the columns that DuckDB's plan reads, of the files whose
partitions it does not rule out. Athena's own figure also depends on row groups, and is larger where the statement
refers to one named query several times: Athena reads it anew for each.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
from sqlglot import exp

from athena_testbed.engine import failing
from athena_testbed.engine.dialect import Name, name_of, parsed, qualify, translated
from athena_testbed.engine.failing import FailedError
from athena_testbed.engine.files import File, Files, duck_type
from athena_testbed.engine.served import Reading, Served
from athena_testbed.engine.tables import Table, declared
from athena_testbed.engine.texts import column_info, text_of

_DEEPEST = 16
_OWN_WAYS = "common_subplan,late_materialization,window_self_join,top_n_window_elimination,statistics_propagation"
"""How DuckDB's plans read less than Athena's would, or what Athena reads once twice."""
_FAMILIES: Mapping[str, str] = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "INT"), "int"),
    **dict.fromkeys(("FLOAT", "DOUBLE", "REAL", "DECIMAL"), "float"),
    **dict.fromkeys(("VARCHAR", "TEXT", "BLOB", "JSON"), "text"),
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"), "time"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a statement gives. `columns` are ColumnInfo; `tables` are the names that it says, as they stand."""

    kind: str
    substatement: str
    columns: Sequence[Mapping[str, Any]] = ()
    rows: Sequence[Sequence[str | None]] = ()
    scanned_bytes: int | None = None
    tables: Sequence[Name] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """One read of files in DuckDB's plan: which columns, and its filter on partitions, empty for none."""

    columns: frozenset[str]
    filter: str


class Engine:
    """Athena's engine and its catalogue. From one thread at a time.

    Args:
        databases: those that are there from the start.
        denied: `database.table` of what Lake Formation keeps from the asker.
        served: a table that AWS itself keeps.
    """

    def __init__(self, databases: Iterable[str], denied: Iterable[str] = (), served: Served | None = None) -> None:
        self._served = served
        self._databases = {"default", *databases}
        self._denied = frozenset(denied)
        self._tables: dict[Name, Table] = {}
        self._views: dict[Name, exp.Expr] = {}
        self._files = Files()

    def names(self, sql: str, database: str | None) -> list[Name]:
        """The tables and views that a statement names.

        Raises:
            MalformedError: it is none.
        """
        tree = parsed(sql)
        if isinstance(tree, exp.Query):
            return qualify(tree, database)
        return list(dict.fromkeys(name_of(table, database) for table in tree.find_all(exp.Table)))

    def knows(self, name: Name) -> bool:
        """Whether a statement made this table or view."""
        return name in self._tables or name in self._views

    def run(self, sql: str, database: str | None, now: datetime) -> Outcome:
        """Run one statement; `now` is what its clock says.

        Raises:
            MalformedError: it is none.
            FailedError: it fails.
        """
        tree = parsed(sql)
        if isinstance(tree, exp.Query):
            return self._select(tree, database, now)
        if isinstance(tree, exp.Create):
            return self._create(tree, database)
        if isinstance(tree, exp.Drop) and tree.kind in {"TABLE", "VIEW"}:
            return self._drop(tree, database)
        raise failing.unsupported(f"{sql.split(maxsplit=1)[0].upper()} statements")

    # -- the catalogue --------------------------------------------------------------------------------------------

    def _create(self, tree: exp.Create, database: str | None) -> Outcome:
        if tree.kind in {"SCHEMA", "DATABASE"}:
            self._databases.add((tree.this.db or tree.this.name).lower())
            return Outcome(kind="DDL", substatement="CREATE_DATABASE")
        name = name_of(tree.this if isinstance(tree.this, exp.Table) else tree.this.this, database)
        if name.database not in self._databases:
            raise failing.no_database(name.database)
        if tree.kind == "VIEW":
            return self._create_view(tree, name, database)
        if tree.args.get("expression") is not None:
            raise failing.unsupported("CREATE TABLE AS")
        if self.knows(name) and not tree.args.get("exists"):
            raise failing.exists(name.table)
        if not self.knows(name):
            self._tables[name] = declared(tree, name)
        return Outcome(kind="DDL", substatement="CREATE_TABLE", tables=[name])

    def _create_view(self, tree: exp.Create, name: Name, database: str | None) -> Outcome:
        if self.knows(name) and not (tree.args.get("replace") and name in self._views):
            raise failing.exists(name.table)
        query = tree.expression.copy()
        for one in qualify(query, database):
            self._require(one)
        self._views[name] = query
        return Outcome(kind="DDL", substatement="CREATE_VIEW", tables=[name])

    def _drop(self, tree: exp.Drop, database: str | None) -> Outcome:
        name = next(name_of(table, database) for table in tree.find_all(exp.Table))
        kept: dict[Name, Any] = self._tables if tree.kind == "TABLE" else self._views
        if name not in kept and not tree.args.get("exists"):
            raise failing.no_table(name.database, name.table)
        kept.pop(name, None)
        return Outcome(kind="DDL", substatement=f"DROP_{tree.kind}", tables=[name])

    def _require(self, name: Name) -> None:
        if name.database == "information_schema":
            return
        if name.catalog is not None:
            if self._served is not None and name == self._served.name:
                return
            raise FailedError(f"CATALOG_NOT_FOUND: line 1:15: Catalog '{name.catalog}' not found")
        if name.database not in self._databases:
            raise failing.no_database(name.database)
        if not self.knows(name):
            raise failing.no_table(name.database, name.table)
        if f"{name.database}.{name.table}" in self._denied:
            raise failing.denied(name.database, name.table)

    # -- queries --------------------------------------------------------------------------------------------------

    def _select(self, tree: exp.Query, database: str | None, now: datetime) -> Outcome:
        names = qualify(tree, database)
        files: dict[Name, list[File]] = {}
        served = self._read_served(tree, names, now)
        with closing(self._connection()) as connection:
            for name in names:
                self._put(connection, name, files, now, depth=0)
            if served is not None:
                served.put(connection, self._files.folder)
            sql = translated(tree, now)
            try:
                scanned = self._scanned(connection, sql, files)
                cursor = connection.execute(sql)
                rows = cursor.fetchall()
            except duckdb.Error as error:
                raise failing.of_duckdb(error) from error
            columns = [column_info(str(one[0]), str(one[1])) for one in cursor.description or ()]
        return Outcome(
            kind="DML",
            substatement="SELECT",
            columns=columns,
            rows=[[text_of(value) for value in row] for row in rows],
            scanned_bytes=scanned + (served.scanned_bytes if served else 0),
            tables=[name for name in names if name.database != "information_schema"],
        )

    def _read_served(self, tree: exp.Expr, names: Iterable[Name], now: datetime) -> Reading | None:
        if self._served is None or self._served.name not in names:
            return None
        reading = Reading(self._served, now)
        reading.read(tree)
        return reading

    def _connection(self) -> duckdb.DuckDBPyConnection:
        """A database of one statement, which can read nothing but the copies."""
        connection = duckdb.connect(config={"threads": 1})
        connection.execute(f"SET allowed_directories = ['{self._files.folder}']")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET TimeZone = 'UTC'")
        return connection

    def _put(
        self,
        connection: duckdb.DuckDBPyConnection,
        name: Name,
        files: dict[Name, list[File]],
        now: datetime,
        *,
        depth: int,
    ) -> None:
        """Make a table or view, and what it reads, in the statement's database."""
        self._require(name)
        if name in files or name.catalog is not None or name.database == "information_schema":
            return
        if depth > _DEEPEST:
            raise FailedError("VIEW_IS_RECURSIVE: line 1:15: Statement would create a recursive view")
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{name.database}"')
        if name in self._views:
            view = self._views[name]
            for inner in qualify(view, name.database):
                self._put(connection, inner, files, now, depth=depth + 1)
            self._make(connection, name, translated(view, now))
            return
        table = self._tables[name]
        files[name] = self._files.of(table)
        self._make(connection, name, _reading(table, files[name]))

    @staticmethod
    def _make(connection: duckdb.DuckDBPyConnection, name: Name, sql: str) -> None:
        try:
            connection.execute(f'CREATE OR REPLACE VIEW "{name.database}"."{name.table}" AS {sql}')
        except duckdb.Error as error:
            raise failing.of_duckdb(error) from error

    def _scanned(self, connection: duckdb.DuckDBPyConnection, sql: str, files: Mapping[Name, list[File]]) -> int:
        """The bytes that the plan reads, once the files' types are known to fit."""
        connection.execute(f"SET disabled_optimizers = '{_OWN_WAYS}'")
        ((_, plan),) = connection.execute(f"EXPLAIN (FORMAT json) {sql}").fetchall()
        connection.execute("RESET disabled_optimizers")
        total = 0
        for read in _reads(json.loads(plan)):
            table = self._table_of(read, files)
            if table is None:
                continue
            left = _left(connection, read, table, files[table.name])
            for one in left:
                _check(one, table, read.columns)
            total += sum(one.scanned(read.columns) for one in left)
        return total

    def _table_of(self, read: _Read, files: Mapping[Name, list[File]]) -> Table | None:
        """The plan names no table; the first that has the columns and partitions is as good a guess as any."""
        tables = (self._tables[name] for name, found in files.items() if found)
        return next(
            (
                table
                for table in tables
                if read.columns <= table.columns.keys() | set(table.partitions)
                and (not read.filter or any(f"{name} " in read.filter for name in table.partitions))
            ),
            None,
        )


def _reading(table: Table, files: Sequence[File]) -> str:
    """A SELECT of the table's columns, whatever its files have."""
    there = {column for one in files for column in one.columns}
    columns = [
        _column(name, kind, is_there=name in there)
        for name, kind in table.columns.items()
        if name not in table.partitions
    ]
    partitions = [f'"{name}"' if files else f'NULL::VARCHAR AS "{name}"' for name in table.partitions]
    selected = f"SELECT {', '.join((*columns, *partitions))}"
    if not files:
        return f"{selected} WHERE false"
    paths = ", ".join(f"'{one.path}'" for one in files)
    types = ", ".join(f"'{name}': VARCHAR" for name in table.partitions)
    hive = f"hive_partitioning = true, hive_types = {{{types}}}" if types else "hive_partitioning = false"
    return f"{selected} FROM read_parquet([{paths}], union_by_name = true, {hive})"


def _column(name: str, kind: exp.DataType, *, is_there: bool) -> str:
    declared_type = duck_type(kind)
    if not is_there:
        return f'NULL::{declared_type} AS "{name}"'
    return f'"{name}"' if kind.expressions else f'CAST("{name}" AS {declared_type}) AS "{name}"'


def _reads(operators: Iterable[Mapping[str, Any]]) -> Iterator[_Read]:
    for operator in operators:
        told = operator.get("extra_info", {})
        if isinstance(told, Mapping) and told.get("Function") == "READ_PARQUET":
            named = told.get("Projections") or ()
            columns = [named] if isinstance(named, str) else named
            yield _Read(
                columns=frozenset(column.partition(".")[0].strip('"').lower() for column in columns),
                filter=str(told.get("File Filters", "")),
            )
        yield from _reads(operator.get("children", ()))


def _left(connection: duckdb.DuckDBPyConnection, read: _Read, table: Table, files: Sequence[File]) -> Sequence[File]:
    """The files that the plan's filter on partitions leaves."""
    if not read.filter:
        return files
    names = ", ".join(f'"{name}"' for name in table.partitions)
    marks = ", ".join(["?"] * (1 + len(table.partitions)))
    values = ", ".join([f"({marks})"] * len(files))
    parameters: list[str] = []
    for place, one in enumerate(files):
        parameters += [str(place), *(one.values[name] for name in table.partitions)]
    found = connection.execute(
        f"SELECT place FROM (VALUES {values}) AS files(place, {names}) WHERE {read.filter}",  # noqa: S608  DuckDB's own filter
        parameters,
    )
    return [files[int(place)] for (place,) in found.fetchall()]


def _check(file: File, table: Table, columns: Iterable[str]) -> None:
    """Whether a file's columns are of the table's types, those that are read.

    Raises:
        FailedError: one is not.
    """
    for column in sorted(columns):
        found, kind = file.columns.get(column), table.columns.get(column)
        if found is None or kind is None:
            continue
        wanted = duck_type(kind)
        if _family(found) != _family(wanted):
            raise failing.drifted(column, found, kind.sql("hive"), file.url)


def _family(kind: str) -> str:
    upper = kind.upper()
    if upper.endswith("]"):
        return "array"
    head = upper.partition("(")[0].strip()
    return _FAMILIES.get(head, head)
