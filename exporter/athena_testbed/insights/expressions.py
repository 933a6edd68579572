"""Expressions within a query, by falling precedence: or, and, not, comparisons, sums, products, powers, signs."""

import re
from typing import Never

from athena_testbed.insights.aggregates import AGGREGATES
from athena_testbed.insights.functions import FUNCTIONS, TIMES
from athena_testbed.insights.lexer import Lexer, QueryError, Token, unexpected
from athena_testbed.insights.nodes import Aggregate, Among, Call, Expression, Field, Like, Literal, Period
from athena_testbed.insights.periods import period

_COMMANDS = frozenset({"fields", "display", "filter", "stats", "sort", "limit", "parse", "dedup", "source"})
_KEYWORDS = frozenset({"by", "as", "and", "or", "not", "in", "like", "asc", "desc"})
_RESERVED = _COMMANDS | _KEYWORDS
"""Words that name no field unless in backticks."""
_COMPARISONS = frozenset({"=", "!=", "<", "<=", ">", ">="})
_INLINE_FLAG = "(?i)"
_NAMED_GROUP = re.compile(r"\(\?<(?=[A-Za-z_])")


class Expressions:
    """Reads expressions from a lexer. `end` is where the last one ended."""

    def __init__(self, lexer: Lexer) -> None:
        self._lexer = lexer
        self.end = 0

    def unexpected(self, token: Token) -> Never:
        """Refuse a word where it stands."""
        raise unexpected(self._lexer.text, token)

    def keyword(self, word: str) -> bool:
        """Take the word if it comes next."""
        token = self._lexer.peek()
        if token.kind != "name" or token.text.lower() != word:
            return False
        self._take()
        return True

    def field(self) -> Field:
        """A field's name, in backticks or without."""
        token = self._take()
        if token.kind == "quoted" or (token.kind == "name" and token.text.lower() not in _RESERVED):
            return Field(token.text)
        return self.unexpected(token)

    def pattern(self, token: Token) -> re.Pattern[str]:
        """A regular expression as AWS writes them: `(?<name>...)`, and `(?i)` wherever it stands."""
        text = _NAMED_GROUP.sub("(?P<", token.text)
        flags = re.IGNORECASE if _INLINE_FLAG in text else re.NOFLAG
        try:
            return re.compile(text.replace(_INLINE_FLAG, ""), flags)
        except re.error as error:
            raise QueryError(f"invalid regular expression: {error}", token.start, token.end) from error

    def condition(self) -> Expression:
        """An expression as a whole."""
        left = self._conjunction()
        while self.keyword("or"):
            left = Call("or", (left, self._conjunction()))
        return left

    def _conjunction(self) -> Expression:
        left = self._negation()
        while self.keyword("and"):
            left = Call("and", (left, self._negation()))
        return left

    def _negation(self) -> Expression:
        return Call("not", (self._negation(),)) if self.keyword("not") else self._comparison()

    def _comparison(self) -> Expression:
        left = self._sum()
        token = self._lexer.peek()
        if token.kind == "symbol" and token.text in _COMPARISONS:
            self._take()
            return Call(token.text, (left, self._sum()))
        if token.kind == "symbol" and token.text == "=~":
            self._take()
            return self._like(left)
        if self.keyword("not"):
            return Call("not", (self._membership(left),))
        if token.kind == "name" and token.text.lower() in {"like", "in"}:
            return self._membership(left)
        return left

    def _membership(self, left: Expression) -> Expression:
        if self.keyword("like"):
            return self._like(left)
        if self.keyword("in"):
            return Among(left, self._options())
        return self.unexpected(self._lexer.peek())

    def _like(self, left: Expression) -> Expression:
        regex = self._lexer.regex()
        if regex is not None:
            self.end = regex.end
            return Like(left, self.pattern(regex))
        token = self._take()
        if token.kind != "text":
            self.unexpected(token)
        return Like(left, re.compile(re.escape(token.text)))

    def _options(self) -> tuple[Expression, ...]:
        self._symbol("[")
        found = [self._sum()]
        while self._lexer.peek().text == ",":
            self._take()
            found.append(self._sum())
        self._symbol("]")
        return tuple(found)

    def _sum(self) -> Expression:
        left = self._product()
        while self._lexer.peek().kind == "symbol" and self._lexer.peek().text in {"+", "-"}:
            left = Call(self._take().text, (left, self._product()))
        return left

    def _product(self) -> Expression:
        left = self._power()
        while self._lexer.peek().kind == "symbol" and self._lexer.peek().text in {"*", "/", "%"}:
            left = Call(self._take().text, (left, self._power()))
        return left

    def _power(self) -> Expression:
        left = self._sign()
        if self._lexer.peek().kind == "symbol" and self._lexer.peek().text == "^":
            self._take()
            return Call("^", (left, self._power()))
        return left

    def _sign(self) -> Expression:
        if self._lexer.peek().kind == "symbol" and self._lexer.peek().text == "-":
            self._take()
            return Call("negative", (self._sign(),))
        return self._primary()

    def _primary(self) -> Expression:
        token = self._take()
        if token.kind == "text":
            return Literal(token.text)
        if token.kind == "number":
            return Literal(int(token.text) if token.text.isdigit() else float(token.text))
        if token.kind == "symbol" and token.text == "(":
            inner = self.condition()
            self._symbol(")")
            return inner
        if token.kind == "quoted":
            return Field(token.text)
        if token.kind != "name":
            self.unexpected(token)
        return self._named(token)

    def _named(self, token: Token) -> Expression:
        following = self._lexer.peek()
        if following.kind == "symbol" and following.text == "(":
            return self._call(token)
        if token.text.lower() in _RESERVED:
            self.unexpected(token)
        return Field(token.text)

    def _call(self, token: Token) -> Expression:
        name = token.text.lower()
        self._symbol("(")
        if name in AGGREGATES or name == "pct":
            return self._aggregate(name, token)
        if name in TIMES:
            return self._time(name)
        function = FUNCTIONS.get(name)
        if function is None:
            raise QueryError(f"Invalid function: {token.text}", token.start, token.end)
        arguments = self._arguments()
        if not function.least <= len(arguments) <= function.most:
            raise QueryError(f"Invalid arguments for {token.text}", token.start, self.end)
        return Call(name, arguments)

    def _arguments(self) -> tuple[Expression, ...]:
        found = [self.condition()]
        while self._lexer.peek().text == ",":
            self._take()
            found.append(self.condition())
        self._symbol(")")
        return tuple(found)

    def _aggregate(self, name: str, token: Token) -> Expression:
        if self._lexer.peek().text == "*" and name == "count":
            self._take()
            self._symbol(")")
            return Aggregate(name, None)
        argument, *more = self._arguments()
        if name == "pct" and len(more) == 1:
            return Aggregate(name, argument, self._percent(more[0], token))
        if name == "pct" or more:
            raise QueryError(f"Invalid arguments for {token.text}", token.start, self.end)
        return Aggregate(name, argument)

    def _percent(self, argument: Expression, token: Token) -> float:
        value = argument.value if isinstance(argument, Literal) else None
        if not isinstance(value, int | float) or not 0 <= value <= 100:
            raise QueryError(f"Invalid arguments for {token.text}", token.start, self.end)
        return float(value)

    def _time(self, name: str) -> Expression:
        arguments: tuple[Expression, ...] = (Field("@timestamp"),)
        if name != "bin":
            arguments = (self.condition(),)
            self._symbol(",")
        length = self._period()
        self._symbol(")")
        return Call("datefloor" if name == "bin" else name, (*arguments, length))

    def _period(self) -> Period:
        token = self._take()
        if token.kind != "period" or not int(re.sub(r"\D", "", token.text)):
            self.unexpected(token)
        return period(token.text)

    def _symbol(self, text: str) -> None:
        token = self._take()
        if token.kind != "symbol" or token.text != text:
            self.unexpected(token)

    def _take(self) -> Token:
        token = self._lexer.take()
        self.end = token.end
        return token
