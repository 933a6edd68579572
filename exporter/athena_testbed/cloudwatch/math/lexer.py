"""Text of an expression -> tokens.

A text in quotes keeps its backslashes: they are for who reads the text, a search in its own grammar.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)
      | (?P<name>[A-Za-z]\w*)
      | (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
      | (?P<sign>==|!=|<=|>=|&&|\|\||[-+*/^<>()\[\],])
    )""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)
_WORDS = {"AND": "&&", "OR": "||"}


class ExpressionError(Exception):
    """An expression that is none, or can't be computed; the message is what follows "Error in expression 'id': "."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of an expression: `kind` is `number`, `name`, `text`, `sign` or `end`."""

    kind: str
    text: str


def tokens(text: str) -> Iterator[Token]:
    """The tokens of an expression, then an `end`.

    Raises:
        ExpressionError: Invalid syntax, AWS's own two words for it.
    """
    place, text = 0, text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise ExpressionError("Invalid syntax")
        place = match.end()
        kind = str(match.lastgroup)
        found = match[kind]
        if kind == "text":
            yield Token(kind, found[1:-1])
        elif found in _WORDS:
            yield Token("sign", _WORDS[found])
        else:
            yield Token(kind, found)
    yield Token("end", "")
