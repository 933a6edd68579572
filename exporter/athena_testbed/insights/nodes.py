"""A query as the parser understood it."""

import re
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Literal:
    """A text or a number."""

    value: str | int | float


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time: `1d`, `5m`, `1mo`; `unit` is one of periods.UNITS."""

    count: int
    unit: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the event, of JSON in its message, or one that the query made."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function of values; operators are functions too."""

    name: str
    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A function of many rows; without an argument it is `count(*)`."""

    name: str
    argument: "Expression | None"
    parameter: float | None = None


@dataclass(frozen=True, slots=True)
class Like:
    """Whether a value holds a text, or matches a pattern."""

    operand: "Expression"
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Among:
    """Whether a value is one of several."""

    operand: "Expression"
    options: tuple["Expression", ...]


Expression: TypeAlias = Literal | Period | Field | Call | Aggregate | Like | Among


@dataclass(frozen=True, slots=True)
class Item:
    """An expression and the name of its column."""

    expression: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Fields:
    """`fields`, or `display` if it is exclusive."""

    items: tuple[Item, ...]
    exclusive: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """`filter`."""

    condition: Expression


@dataclass(frozen=True, slots=True)
class Stats:
    """`stats ... by ...`."""

    items: tuple[Item, ...]
    by: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Sort:
    """`sort`: expressions, and whether each goes down."""

    keys: tuple[tuple[Expression, bool], ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """`limit`."""

    count: int


@dataclass(frozen=True, slots=True)
class Dedup:
    """`dedup`."""

    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Parse:
    """`parse`: a pattern with one named group for each new field."""

    operand: Field
    pattern: re.Pattern[str]
    names: tuple[str, ...]


Command: TypeAlias = Fields | Filter | Stats | Sort | Limit | Dedup | Parse
Query: TypeAlias = tuple[Command, ...]
