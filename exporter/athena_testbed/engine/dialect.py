"""Athena's SQL in DuckDB's words: sqlglot translates, and what it leaves different between the two is said here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import traverse_scope

from athena_testbed.engine.failing import MalformedError

CATALOG = "awsdatacatalog"


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """A table or view, lower case; `catalog` is None for the Glue Data Catalog."""

    database: str
    table: str
    catalog: str | None = None


def parsed(sql: str) -> exp.Expr:
    """One statement.

    Raises:
        MalformedError: it is none, or more than one; the message is like Athena's.
    """
    try:
        trees = [tree for tree in sqlglot.parse(sql, read="athena") if tree is not None]
    except SqlglotError as error:
        raise MalformedError(_mismatch(error)) from error
    if len(trees) != 1:
        raise MalformedError(f"line 1:1: Only one sql statement is allowed. Got: {len(trees)}")
    return trees[0]


def _mismatch(error: SqlglotError) -> str:
    told = getattr(error, "errors", None) or [{}]
    line, column, near = told[0].get("line") or 1, told[0].get("col") or 1, told[0].get("highlight") or "<EOF>"
    return f"line {line}:{column}: mismatched input '{near}'. Expecting: a statement"


def qualify(tree: exp.Expr, database: str | None) -> list[Name]:
    """Give each table of the statement its database, in place; the names that it reads."""
    found = []
    for table in list(_read(tree)):
        name = name_of(table, database)
        table.set("this", exp.to_identifier(name.table, quoted=True))
        table.set("db", exp.to_identifier(name.database, quoted=True))
        if name.catalog is None:
            table.set("catalog", None)
        if not table.alias:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(name.table, quoted=True)))
        found.append(name)
    return list(dict.fromkeys(found))


def name_of(table: exp.Table, database: str | None) -> Name:
    """Whom a table's words mean."""
    catalog = table.catalog.lower()
    return Name(
        (table.db or database or "default").lower(), table.name.lower(), None if catalog in {"", CATALOG} else catalog
    )


def _read(tree: exp.Expr) -> Iterator[exp.Table]:
    for scope in traverse_scope(tree):
        for source in scope.sources.values():
            if isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier):
                yield source


def translated(tree: exp.Expr, now: datetime | None = None) -> str:
    """The statement in DuckDB's words; `now` is what the time is, by default DuckDB's own."""
    mended = _labelled(tree.copy()).transform(_mended)
    return str((mended if now is None else _at(mended, now)).sql("duckdb"))


def _at(tree: exp.Expr, now: datetime) -> exp.Expr:
    moment = exp.cast(exp.Literal.string(now.isoformat()), "timestamptz")

    def fixed(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.CurrentTimestamp):
            return moment.copy()
        return exp.cast(moment.copy(), "date") if isinstance(node, exp.CurrentDate) else node

    return tree.transform(fixed)


def _labelled(tree: exp.Expr) -> exp.Expr:
    """Columns without a name are `_col0`, `_col1`, by their place."""
    head = tree
    while isinstance(head, exp.SetOperation | exp.Subquery):
        head = head.this
    if isinstance(head, exp.Select):
        named = [
            one if one.output_name or one.is_star else exp.alias_(one, f"_col{place}")
            for place, one in enumerate(head.expressions)
        ]
        head.set("expressions", named)
    return tree


def _text_of_json(node: exp.Expr) -> exp.Expr:
    """A JSON string cast to VARCHAR loses its quotes in Trino; DuckDB keeps them, unless it is asked for the text."""
    inner = node.this
    if isinstance(node, exp.Cast) and isinstance(inner, exp.JSONExtract) and node.is_type("varchar", "text"):
        return exp.JSONExtractScalar(this=inner.this, expression=inner.expression)
    return node


def _no_match_is_null(node: exp.Expr) -> exp.Expr:
    """A regular expression that does not match gives null in Trino and an empty text in DuckDB."""
    if isinstance(node, exp.RegexpExtract) and not isinstance(node.parent, exp.Nullif):
        return exp.Nullif(this=node.copy(), expression=exp.Literal.string(""))
    return node


def _null_stays_null(node: exp.Expr) -> exp.Expr:
    """Of a null among them `concat` makes null in Trino; DuckDB leaves it out."""
    if not isinstance(node, exp.Concat):
        return node
    first, *others = node.expressions
    for other in others:
        first = exp.DPipe(this=first, expression=other)
    return exp.paren(first)


def _none_is_0(node: exp.Expr) -> exp.Expr:
    """`count_if` of nothing but nulls is 0 in Trino and null in DuckDB."""
    if isinstance(node, exp.CountIf) and not isinstance(node.parent, exp.Coalesce):
        return exp.Coalesce(this=node.copy(), expressions=[exp.Literal.number(0)])
    return node


_MENDS: tuple[Callable[[exp.Expr], exp.Expr], ...] = (
    _text_of_json,
    _no_match_is_null,
    _null_stays_null,
    _none_is_0,
)


def _mended(node: exp.Expr) -> exp.Expr:
    for mend in _MENDS:
        changed = mend(node)
        if changed is not node:
            return changed
    return node
