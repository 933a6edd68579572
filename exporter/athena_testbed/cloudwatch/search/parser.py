"""The text of a search -> conditions: `{Namespace,Dimension} Property="exact" partial NOT (a OR b)`."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from athena_testbed.cloudwatch.math.lexer import ExpressionError

LONGEST = 1024
"""Characters a search may have (the same page, "Search expression limits")."""
_SCHEMA = re.compile(r"\s*\{(?P<inside>(?:\"(?:[^\"\\]|\\.)*\"|[^\"{}])*)\}\s*,?")
_NAME = re.compile(r"\s*(?:\"(?P<exact>(?:[^\"\\]|\\.)*)\"|(?P<bare>[^\s,\"]+))\s*(?P<end>,|$)")
_TOKEN = re.compile(r"\s*(?:\"(?P<exact>(?:[^\"\\]|\\.)*)\"|(?P<sign>[()=])|(?P<bare>[^\s()=\"{}]+))")
_DEEPEST = 64


@dataclass(frozen=True, slots=True)
class Schema:
    """A namespace and, unless there are none, exactly these dimensions."""

    namespace: str
    dimensions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Term:
    """A word to find; `field` is the property it stands in, None for any place."""

    text: str
    is_exact: bool
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Not:
    """What must not be."""

    condition: "Condition"


@dataclass(frozen=True, slots=True)
class Every:
    """What must be together."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Of what one must be."""

    conditions: tuple["Condition", ...]


Condition: TypeAlias = Term | Not | Every | Either


@dataclass(frozen=True, slots=True)
class Search:
    """A search; one of both is there."""

    schema: Schema | None
    condition: Condition | None


def parsed(text: str) -> Search:
    """The conditions of a search.

    Raises:
        ExpressionError: if it is none, or longer than AWS takes.
    """
    if len(text) > LONGEST:
        raise ExpressionError(f"SEARCH query has {len(text)} characters; the maximum is {LONGEST}")
    found = _SCHEMA.match(text)
    schema = None if found is None else _schema(found["inside"])
    tokens = _tokens(text[found.end() if found else 0 :])
    if schema is None and not tokens:
        raise ExpressionError("Invalid syntax")
    return Search(schema, _Parser(tokens).whole() if tokens else None)


def _schema(inside: str) -> Schema:
    names: list[str] = []
    place = 0
    while place < len(inside) or not names:
        match = _NAME.match(inside, place)
        if match is None:
            raise ExpressionError("Invalid syntax")
        names.append(_plain(match["exact"]) if match["exact"] is not None else match["bare"])
        place = match.end()
        if match["end"] == "," and not inside[place:].strip():
            raise ExpressionError("Invalid syntax")
    return Schema(names[0], frozenset(names[1:]))


def _tokens(text: str) -> tuple[tuple[str, str], ...]:
    """Kind (`exact`, `sign`, `bare`) and text of each token."""
    found: list[tuple[str, str]] = []
    place, text = 0, text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise ExpressionError("Invalid syntax")
        kind = str(match.lastgroup)
        found.append((kind, _plain(match[kind]) if kind == "exact" else match[kind]))
        place = match.end()
    return tuple(found)


def _plain(text: str) -> str:
    """What an exact text says: a backslash stands before what is meant as it is."""
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


class _Parser:
    def __init__(self, tokens: tuple[tuple[str, str], ...]) -> None:
        self._tokens = (*tokens, ("end", ""))
        self._place = 0
        self._depth = 0

    def whole(self) -> Condition:
        """Everything."""
        condition = self._either(self._term)
        if self._next != ("end", ""):
            raise ExpressionError("Invalid syntax")
        return condition

    @property
    def _next(self) -> tuple[str, str]:
        return self._tokens[self._place]

    def _take(self, token: tuple[str, str]) -> bool:
        if self._next != token:
            return False
        self._place += 1
        return True

    def _either(self, atom: Callable[[], Condition]) -> Condition:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ExpressionError("Invalid syntax")
        found = [self._every(atom)]
        while self._take(("bare", "OR")):
            found.append(self._every(atom))
        self._depth -= 1
        return found[0] if len(found) == 1 else Either(tuple(found))

    def _every(self, atom: Callable[[], Condition]) -> Condition:
        found = [self._not(atom)]
        while self._take(("bare", "AND")) or self._next not in (("end", ""), ("sign", ")"), ("bare", "OR")):
            found.append(self._not(atom))
        return found[0] if len(found) == 1 else Every(tuple(found))

    def _not(self, atom: Callable[[], Condition]) -> Condition:
        if self._take(("bare", "NOT")):
            return Not(self._not(atom))
        if self._take(("sign", "(")):
            condition = self._either(atom)
            self._close()
            return condition
        return atom()

    def _close(self) -> None:
        if not self._take(("sign", ")")):
            raise ExpressionError("Invalid syntax")

    def _term(self) -> Condition:
        """A word, or a property with one word or several in brackets."""
        word = self._word(None)
        if not self._take(("sign", "=")):
            return word
        return self._not(lambda: self._word(word.text))

    def _word(self, field: str | None) -> Term:
        kind, text = self._next
        if kind not in {"exact", "bare"} or (kind == "bare" and text in {"AND", "OR", "NOT"}):
            raise ExpressionError("Invalid syntax")
        self._place += 1
        return Term(text, kind == "exact", field)
