"""The tables in a query's syntax tree: names of the query's own (WITH) are told from tables by their scope.

Stage: skeleton -> **trees** (sqlglot) -> statements.py.
"""

import logging
import re
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ErrorLevel, ParseError, SqlglotError
from sqlglot.parsers.trino import TrinoParser

from athena_exporter.records import Mode

MOST_NODES = 50_000
"""Nodes that the parser may make before it gives up: a plain statement of 256 KB has about 20,000."""
MOST_EFFORT = 2**21
"""Characters that the parser may look at: twice in brackets behind a type's name, four times in two of them, ..."""
_TYPES = frozenset(word.lower() for word, kind in Trino.Tokenizer.KEYWORDS.items() if kind in TrinoParser.TYPE_TOKENS)
_BRACKET = re.compile(r'"(?:[^"]++|"")*+"|(?P<word>\w++)(?:\s*+[(\[])?+|[(\[]|(?P<end>[)\]])')
_TOO_MANY_NODES = "Maximum number"
# Athena's own catalogues may have hyphens, and are accepted without the quotes that Trino asks for.
_HYPHENATED = re.compile(
    r"(\b(?:from|join|into|update|using|table)\s++|[,(]\s*+)(\w++(?:-\w++)++)(?=\s*+\.)", re.IGNORECASE
)
_QUOTED = re.compile(r'"(?:[^"]++|"")*+"')
_WRITING = (exp.Insert, exp.Merge, exp.Update, exp.Delete)

_Scope: TypeAlias = frozenset[str]
_Places: TypeAlias = list[tuple[exp.Expr, _Scope]]


class UnparsedError(Exception):
    """A statement that cannot be read; `reason` is one of `sources.tables.REASONS`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A table as a statement names it: one to three parts, without quotes; and what is done with it."""

    parts: tuple[str, ...]
    mode: Mode


def parsed(text: str) -> Collection[Use]:
    """The tables of a query, or of a statement that changes rows.

    Raises:
        UnparsedError: it cannot be read.
    """
    try:
        tree = _tree(text)
    except SqlglotError as error:
        raise UnparsedError("syntax") from error
    target = _target(tree)
    found = {use for table in _tables(tree) if (use := _use(table)) is not None and table is not target}
    written = _use(target) if target is not None else None
    return found if written is None else found | _written(tree, written)


class _Parser(TrinoParser):
    """Trino's parser with errors of fewer words: sqlglot's own repeat the statement."""

    def raise_error(self, message: str, token: object = None) -> NoReturn:
        del token  # where it is does not matter to anybody
        if message.startswith(_TOO_MANY_NODES):
            # No ParseError, for that is what the parser catches to try it in another way, without end.
            raise UnparsedError("too_complex")
        raise ParseError(message)


def _tree(text: str) -> exp.Expr:
    try:
        return _parse(text)
    except ParseError:
        quoted = _with_quotes(text)
        if quoted == text:
            raise
        return _parse(quoted)


def _is_too_hard(text: str) -> bool:
    """Whether it would take for ever: `date(date(...` may be a type or a call, and both are tried, inside too."""
    effort, depth, at = 0, 0, 0
    opened: list[bool] = []
    for found in _BRACKET.finditer(text):
        if found["end"]:
            effort, at = effort + ((found.end() - at) << depth), found.end()
            depth -= opened.pop() if opened else False
        elif found.group()[-1] in "([":
            effort, at = effort + ((found.end() - at) << depth), found.end()
            opened.append((found["word"] or "").lower() in _TYPES)
            depth += opened[-1]
        if effort > MOST_EFFORT:
            return True
    return effort + ((len(text) - at) << depth) > MOST_EFFORT


def _parse(text: str) -> exp.Expr:
    if _is_too_hard(text):
        raise UnparsedError("too_complex")
    dialect = Trino()
    with _in_silence():
        parser = _Parser(dialect=dialect, error_level=ErrorLevel.IMMEDIATE, max_nodes=MOST_NODES)
        trees = parser.parse(dialect.tokenize(text), text)
    tree = trees[0] if len(trees) == 1 else None
    if not isinstance(tree, (exp.Query, exp.Values, *_WRITING)):
        raise ParseError("it is no query, or several")
    return tree


def _with_quotes(text: str) -> str:
    """Quotes around catalogues with hyphens; names in quotes are left alone."""
    pieces, end = [], 0
    for quoted in _QUOTED.finditer(text):
        pieces += [_HYPHENATED.sub(r'\1"\2"', text[end : quoted.start()]), quoted.group()]
        end = quoted.end()
    return "".join([*pieces, _HYPHENATED.sub(r'\1"\2"', text[end:])])


@contextmanager
def _in_silence() -> Iterator[None]:
    """No word of sqlglot's from this thread: it repeats the statement in its warnings."""
    here, logger = threading.get_ident(), logging.getLogger("sqlglot")

    def elsewhere(record: logging.LogRecord) -> bool:
        return record.thread != here

    logger.addFilter(elsewhere)
    try:
        yield
    finally:
        logger.removeFilter(elsewhere)


def _target(tree: exp.Expr) -> exp.Expr | None:
    """The table whose rows are changed."""
    if not isinstance(tree, _WRITING):
        return None
    found = tree.args.get("this")
    target = found.args.get("this") if isinstance(found, exp.Schema) else found
    if not isinstance(target, exp.Table):
        raise UnparsedError("syntax")
    return target


def _written(tree: exp.Expr, use: Use) -> set[Use]:
    """An INSERT only adds; the others read the rows they replace."""
    written = Use(parts=use.parts, mode=Mode.WRITE)
    return {written} if isinstance(tree, exp.Insert) else {written, use}


def _use(table: exp.Expr) -> Use | None:
    """The name of a table; None where a function stands in its place."""
    names = [table.args.get(part) for part in ("catalog", "db", "this")]
    if isinstance(table, exp.Column):
        names = [table.args.get(part) for part in ("db", "table", "this")]
    if isinstance(names[-1], exp.Func):
        return None
    if not isinstance(names[-1], exp.Identifier):
        # A template's place, or more parts than any name has.
        raise UnparsedError("syntax")
    return Use(parts=tuple(name.name for name in names if isinstance(name, exp.Identifier)), mode=Mode.READ)


def _tables(tree: exp.Expr) -> Iterator[exp.Expr]:
    """Every node that names a table: not what WITH defined above it, before it, or around it where it is recursive."""
    places: _Places = [(tree, frozenset())]
    while places:
        node, scope = places.pop()
        if _is_template(node):
            raise UnparsedError("syntax")
        if _is_table(node) and not _is_defined(node, scope):
            yield node
        scope = _define(node, scope, places)
        places += [(child, scope) for child in _children(node) if not isinstance(child, exp.With)]


def _is_template(node: exp.Expr) -> bool:
    """`FROM ${table}`: the parser takes the brackets for a value and drops what stands before them."""
    return isinstance(node, (exp.From, exp.Join)) and isinstance(node.args.get("this"), exp.Struct)


def _is_table(node: exp.Expr) -> bool:
    if isinstance(node, exp.Column):
        return _is_argument(node)
    return isinstance(node, exp.Table)


def _is_argument(column: exp.Column) -> bool:
    """`TABLE(orders)`, handed to a table function, is parsed as a function of a column."""
    around = column.parent
    return isinstance(around, exp.Anonymous) and around.name.lower() == "table"


def _is_defined(node: exp.Expr, scope: _Scope) -> bool:
    use = _use(node)
    return use is not None and len(use.parts) == 1 and use.parts[0].lower() in scope


def _define(node: exp.Expr, scope: _Scope, places: _Places) -> _Scope:
    """Put the queries of the node's WITH on the list, each with the names it may see; the scope behind them."""
    defining = node.args.get("with_")
    if not isinstance(defining, exp.With):
        return scope
    for each in defining.expressions:
        name = each.alias.lower()
        places.append((each.this, scope | {name} if defining.args.get("recursive") else scope))
        scope |= {name}
    return scope


def _children(node: exp.Expr) -> Iterator[exp.Expr]:
    for value in node.args.values():
        if isinstance(value, exp.Expr):
            yield value
        elif isinstance(value, list):
            yield from (each for each in value if isinstance(each, exp.Expr))
