"""From a query's text to its commands, or to the error that AWS would answer.

Sources: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html and the pages of the single
commands below it: at most two `stats`, with `sort` and `limit` after the last; after `dedup` only `limit`.
"""

import re
from collections.abc import Callable, Mapping
from typing import Never, TypeVar

from athena_testbed.insights.expressions import Expressions
from athena_testbed.insights.lexer import Lexer, QueryError, Token
from athena_testbed.insights.nodes import (
    Aggregate,
    Call,
    Command,
    Dedup,
    Expression,
    Field,
    Fields,
    Filter,
    Item,
    Limit,
    Parse,
    Query,
    Sort,
    Stats,
)

MAX_LIMIT = 100_000
MAX_STATS = 2
_T = TypeVar("_T")


def parsed(text: str) -> Query:
    """The commands of a query.

    Raises:
        QueryError: with the place of what is wrong.
    """
    return _Parser(text).query()


class _Parser:
    def __init__(self, text: str) -> None:
        self._lexer = Lexer(text)
        self._expressions = Expressions(self._lexer)
        self._commands: Mapping[str, Callable[[], Command]] = {
            "fields": lambda: Fields(self._many(self._item), exclusive=False),
            "display": lambda: Fields(self._many(self._item), exclusive=True),
            "filter": lambda: Filter(self._plain(self._expressions.condition())),
            "stats": self._stats,
            "sort": lambda: Sort(self._many(self._sort_key)),
            "limit": self._limit,
            "parse": self._parse,
            "dedup": lambda: Dedup(self._many(self._expressions.field)),
        }

    def query(self) -> Query:
        commands: list[Command] = []
        while True:
            start = self._lexer.peek()
            command = self._command()
            self._placed(commands, command, start)
            commands.append(command)
            token = self._lexer.take()
            if token.kind == "end":
                return tuple(commands)
            if token.text != "|":
                self._expressions.unexpected(token)

    def _command(self) -> Command:
        token = self._lexer.take()
        read = self._commands.get(token.text) if token.kind == "name" else None
        if read is None:
            self._expressions.unexpected(token)
        return read()

    def _placed(self, before: list[Command], command: Command, start: Token) -> None:
        """Refuse a command that may not follow those before it."""
        kinds = [type(earlier) for earlier in before]
        if Dedup in kinds and not isinstance(command, Limit):
            self._refused("only limit may follow dedup", start)
        if not isinstance(command, Stats):
            return
        if kinds.count(Stats) == MAX_STATS:
            self._refused(f"a query has at most {MAX_STATS} stats commands", start)
        if Stats in kinds and (Sort in kinds or Limit in kinds):
            self._refused("sort and limit must follow the last stats command", start)

    def _refused(self, message: str, token: Token) -> Never:
        raise QueryError(message, token.start, token.end)

    def _many(self, read: Callable[[], _T]) -> tuple[_T, ...]:
        found = [read()]
        while self._lexer.peek().text == "," and self._lexer.peek().kind == "symbol":
            self._lexer.take()
            found.append(read())
        return tuple(found)

    def _item(self) -> Item:
        return self._named(self._plain)

    def _named(self, checked: Callable[[Expression], Expression]) -> Item:
        start = self._lexer.peek().start
        expression = checked(self._expressions.condition())
        words = self._lexer.text[start : self._expressions.end].strip()
        name = self._alias()
        if name is None:
            name = expression.name if isinstance(expression, Field) else words
        return Item(expression, name)

    def _alias(self) -> str | None:
        if not self._expressions.keyword("as"):
            return None
        return self._expressions.field().name

    def _plain(self, expression: Expression) -> Expression:
        """An expression of one row."""
        if _aggregates(expression):
            token = self._lexer.peek()
            raise QueryError("an aggregate function belongs into stats", max(0, token.start - 1), token.end)
        return expression

    def _aggregated(self, expression: Expression) -> Expression:
        """An expression of many rows: every field stands within an aggregate function."""
        if not _aggregates(expression) or _bare_fields(expression):
            token = self._lexer.peek()
            raise QueryError("stats needs an aggregate function", max(0, token.start - 1), token.end)
        return expression

    def _stats(self) -> Stats:
        items = self._many(lambda: self._named(self._aggregated))
        by = self._many(self._item) if self._expressions.keyword("by") else ()
        return Stats(items, by)

    def _sort_key(self) -> tuple[Expression, bool]:
        expression = self._plain(self._expressions.condition())
        if self._expressions.keyword("desc"):
            return expression, True
        self._expressions.keyword("asc")
        return expression, False

    def _limit(self) -> Limit:
        token = self._lexer.take()
        if token.kind != "number" or not token.text.isdigit():
            self._expressions.unexpected(token)
        if not 1 <= int(token.text) <= MAX_LIMIT:
            self._refused(f"limit must be between 1 and {MAX_LIMIT}", token)
        return Limit(int(token.text))

    def _parse(self) -> Parse:
        operand = self._expressions.field()
        pattern = self._lexer.regex()
        if pattern is not None:
            compiled = self._expressions.pattern(pattern)
            if not compiled.groupindex:
                self._refused("a regular expression of parse needs a named group", pattern)
            return Parse(operand, compiled, tuple(compiled.groupindex))
        return self._glob(operand)

    def _glob(self, operand: Field) -> Parse:
        token = self._lexer.take()
        if token.kind != "text" or "*" not in token.text:
            self._expressions.unexpected(token)
        if not self._expressions.keyword("as"):
            self._expressions.unexpected(self._lexer.peek())
        names = tuple(field.name for field in self._many(self._expressions.field))
        if len(names) != token.text.count("*"):
            self._refused("parse needs one name for each *", token)
        return Parse(operand, _glob_pattern(token.text), names)


def _glob_pattern(text: str) -> re.Pattern[str]:
    """Each star as little as it can, the last one all the rest where nothing follows it."""
    parts = [re.escape(part) for part in text.split("*")]
    pattern = "(.*?)".join(parts)
    if not parts[-1]:
        pattern = f"{pattern.removesuffix('(.*?)')}(.*)"
    return re.compile(pattern, re.DOTALL)


def _aggregates(expression: Expression) -> bool:
    if isinstance(expression, Aggregate):
        return True
    return isinstance(expression, Call) and any(_aggregates(argument) for argument in expression.arguments)


def _bare_fields(expression: Expression) -> bool:
    if isinstance(expression, Call):
        return any(_bare_fields(argument) for argument in expression.arguments)
    return isinstance(expression, Field)
