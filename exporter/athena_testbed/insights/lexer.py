"""The words of a query, each with its place, so that an error can point at it."""

import re
from dataclasses import dataclass


class QueryError(Exception):
    """The query is none: `message` says why, [start, end) are characters of it."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end


@dataclass(frozen=True, slots=True)
class Token:
    """One word. `kind` is name, quoted (a name in backticks), text, number, period, symbol, or end."""

    kind: str
    text: str
    start: int
    end: int


_BLANK = re.compile(r"(?:\s|\#[^\n]*)*")
_TOKEN = re.compile(
    r"""
      (?P<period>\d+(?:milliseconds?|msecs?|ms|seconds?|secs?|s|minutes?|mins?|months?|mons?|mos?|m
                 |hours?|hrs?|h|days?|d|weeks?|w|quarters?|qtrs?|q|years?|yrs?|y)\b)
    | (?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?\b)
    | (?P<name>[@A-Za-z_][\w@]*(?:\.[\w@]+)*)
    | `(?P<quoted>[^`\n]+)`
    | "(?P<double>(?:[^"\\]|\\.)*)" | '(?P<single>(?:[^'\\]|\\.)*)'
    | (?P<symbol>!=|<=|>=|=~|[=<>+\-*/%^(),|\[\]])
    """,
    re.VERBOSE | re.ASCII,
)
_REGEX = re.compile(r"/(?P<pattern>(?:[^/\\\n]|\\.)+)/")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


class Lexer:
    """Reads a query's words one after the other."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._place = 0
        self._seen: Token | None = None

    def peek(self) -> Token:
        """The next word, which stays."""
        if self._seen is None:
            self._seen = self._read()
        return self._seen

    def take(self) -> Token:
        """The next word."""
        token = self.peek()
        self._seen = None
        self._place = token.end
        return token

    def regex(self) -> Token | None:
        """The regular expression that comes next, if one does: only the parser knows where a slash begins one."""
        begin = self._blank()
        match = _REGEX.match(self.text, begin)
        if match is None:
            return None
        self._seen = None
        self._place = match.end()
        return Token("regex", match["pattern"].replace("\\/", "/"), begin, match.end())

    def _blank(self) -> int:
        match = _BLANK.match(self.text, self._place)
        return self._place if match is None else match.end()

    def _read(self) -> Token:
        begin = self._blank()
        if begin == len(self.text):
            return Token("end", "", begin, begin)
        match = _TOKEN.match(self.text, begin)
        if match is None or match.lastgroup is None:
            raise unexpected(self.text, Token("symbol", self.text[begin], begin, begin + 1))
        kind, word = match.lastgroup, match[match.lastgroup]
        if kind in {"double", "single"}:
            return Token("text", _ESCAPE.sub(_unescaped, word), begin, match.end())
        return Token(kind, word, begin, match.end())


def _unescaped(match: re.Match[str]) -> str:
    """Only quotes and backslashes are escapes: the text may be a pattern that has its own."""
    return match[1] if match[1] in "\"'\\" else match[0]


def unexpected(text: str, token: Token) -> QueryError:
    """The error at a word that has no business where it stands."""
    if token.kind == "end":
        return QueryError("unexpected end of the query", max(0, len(text) - 1), len(text))
    line = text.count("\n", 0, token.start) + 1
    position = token.start - (text.rfind("\n", 0, token.start) + 1)
    symbol = text[token.start : token.end]
    return QueryError(
        f"unexpected symbol found {symbol} at line {line} and position {position}", token.start, token.end
    )
