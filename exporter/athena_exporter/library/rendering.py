"""Values into SQL: each parameter has a type, and each type one way to be a literal. Pure.

Stage: a question's template and somebody's values -> **rendering** -> SQL for Athena. A value is never pasted: what
comes from people or from AWS may hold quotes, comments and placeholders, and stays one literal.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeAlias

LARGEST_SQL = 262_144
"""Bytes of a query string that Athena takes: docs.aws.amazon.com/athena/latest/ug/service-limits.html"""
_LARGEST_INT = 2**63 - 1
_MARKS = re.compile(
    r"""
      ' (?: [^'] | '' )* '        # a string,
    | " (?: [^"] | "" )* "        # a name
    | -- [^\n]*                   # and a comment stay as they are
    | : (?P<name> [a-z_]+ )
    """,
    re.VERBOSE,
)

Value: TypeAlias = date | int | float | str | Sequence[str] | Mapping[str, str]


class RenderingError(ValueError):
    """A value does not fit its parameter; the message says which, and what it has to be."""


class Kind(StrEnum):
    """What a parameter takes, as the heads of the SQL files spell it."""

    DAY = "day"
    """A UTC day: `2026-03-10`."""
    INT = "int"
    """A whole number from 0."""
    FLOAT = "float"
    """A number from 0."""
    TEXT = "text"
    TEXTS = "texts"
    """Any number of texts; none means all."""
    PAIRS = "pairs"
    """Texts and what each stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a question. `default` is None where a value has to be given."""

    name: str
    kind: Kind
    description: str
    default: Value | None = None

    def literal(self, value: object) -> str:
        """The value as SQL.

        Raises:
            RenderingError: it is nothing of this kind.
        """
        try:
            return _LITERALS[self.kind](value)
        except (TypeError, ValueError) as error:
            raise RenderingError(f"{self.name}: {error}") from error

    def parsed(self, words: Sequence[str]) -> Value:
        """The value that a person wrote, once or, where it is a list, several times.

        Raises:
            RenderingError: it is nothing of this kind.
        """
        if self.kind is Kind.TEXTS:
            return tuple(words)
        if self.kind is not Kind.PAIRS and len(words) != 1:
            raise RenderingError(f"{self.name}: given {len(words)} times; it takes one value")
        try:
            return dict(map(_pair, words)) if self.kind is Kind.PAIRS else _PARSERS[self.kind](words[0])
        except ValueError as error:
            raise RenderingError(f"{self.name}: {error}") from error


def quoted(text: str) -> str:
    """A string literal of a SELECT; Trino knows no escape but the doubled quote.

    Raises:
        ValueError: a text that no literal can hold.
    """
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError(f"{text!r} holds a character that no SQL can; leave it out")
    return "'" + text.replace("'", "''") + "'"


def literals(parameters: Sequence[Parameter], values: Mapping[str, object]) -> dict[str, str]:
    """A literal for each parameter, by name; what is not given takes its default.

    Raises:
        RenderingError: an unknown name, or a value that is missing or does not fit.
    """
    known = {parameter.name: parameter for parameter in parameters}
    unknown = sorted(values.keys() - known.keys())
    if unknown:
        raise RenderingError(f"{unknown[0]}: there is no such parameter; there are {', '.join(known)}")
    return {name: one.literal(_given(one, values)) for name, one in known.items()}


def filled(template: str, told: Mapping[str, str]) -> str:
    """The template with a literal for each `:name`; strings, quoted names and comments stay as they are.

    Raises:
        RenderingError: SQL beyond what Athena takes.
    """

    def literal(found: re.Match[str]) -> str:
        name = found.group("name")
        return found.group() if name is None else told[name]

    text = _MARKS.sub(literal, template)
    if len(text.encode()) > LARGEST_SQL:
        raise RenderingError(f"the SQL has {len(text.encode()):,} bytes, and Athena takes {LARGEST_SQL:,}: name less")
    return text


def names_in(template: str) -> tuple[str, ...]:
    """The parameters that a template names, each once, in its order."""
    found = (mark.group("name") for mark in _MARKS.finditer(template))
    return tuple(dict.fromkeys(name for name in found if name is not None))


def _given(parameter: Parameter, values: Mapping[str, object]) -> object:
    value = values.get(parameter.name, parameter.default)
    if value is None:
        raise RenderingError(f"{parameter.name}: it has no default, give it ({parameter.description})")
    return value


# -- literals ---------------------------------------------------------------------------------------------------------


def _typed(value: object, *types: type) -> Any:
    """The value, if it is of one of these types; True is no number here."""
    if not isinstance(value, types) or isinstance(value, bool):
        raise TypeError(f"{value!r} is no {' or '.join(one.__name__ for one in types)}")
    return value


def _day(value: object) -> str:
    if isinstance(value, datetime):
        raise TypeError(f"{value!r} is a time; give its UTC day")
    return quoted(_typed(value, date).strftime("%Y-%m-%d"))


def _int(value: object) -> str:
    if not 0 <= _typed(value, int) <= _LARGEST_INT:
        raise ValueError(f"{value} is out of range; it is a whole number from 0")
    return str(value)


def _float(value: object) -> str:
    number = float(_typed(value, int, float))
    if not math.isfinite(number) or number < 0:
        raise ValueError(f"{value} is out of range; it is a number from 0")
    # Without an exponent it would be a DECIMAL, whose divisions round.
    return f"{number!r}" if "e" in repr(number) else f"{number!r}e0"


def _text(value: object) -> str:
    return quoted(_typed(value, str))


def _texts(value: object) -> str:
    if isinstance(value, str):
        raise TypeError(f"{value!r} is one text; give a list")
    texts = [_text(one) for one in _typed(value, Sequence)]
    return f"ARRAY[{', '.join(texts)}]" if texts else "CAST(ARRAY[] AS array(varchar))"


def _pairs(value: object) -> str:
    rows = [f"({_text(name)}, {_text(meaning)})" for name, meaning in _typed(value, Mapping).items()]
    return f"VALUES {', '.join(rows)}" if rows else "SELECT CAST(NULL AS varchar), CAST(NULL AS varchar) WHERE false"


_LITERALS: Mapping[Kind, Callable[[object], str]] = MappingProxyType(
    {
        Kind.DAY: _day,
        Kind.INT: _int,
        Kind.FLOAT: _float,
        Kind.TEXT: _text,
        Kind.TEXTS: _texts,
        Kind.PAIRS: _pairs,
    }
)


# -- words of people --------------------------------------------------------------------------------------------------


def _parsed_day(word: str) -> date:
    try:
        return date.fromisoformat(word)
    except ValueError as error:
        raise ValueError(f"{word!r} is no day; write it as 2026-03-10") from error


def _parsed_int(word: str) -> int:
    if not re.fullmatch(r"[0-9]{1,19}", word):
        raise ValueError(f"{word!r} is no whole number from 0")
    return int(word)


def _parsed_float(word: str) -> float:
    try:
        return float(word)
    except ValueError as error:
        raise ValueError(f"{word!r} is no number") from error


def _pair(word: str) -> tuple[str, str]:
    name, mark, meaning = word.partition("=")
    if not mark or not name:
        raise ValueError(f"{word!r} is no pair; write it as name=meaning")
    return name, meaning


_PARSERS: Mapping[Kind, Callable[[str], Value]] = MappingProxyType(
    {Kind.DAY: _parsed_day, Kind.INT: _parsed_int, Kind.FLOAT: _parsed_float, Kind.TEXT: str}
)
