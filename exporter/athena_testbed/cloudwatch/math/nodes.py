"""What an expression is made of."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Number:
    """A scalar."""

    value: float


@dataclass(frozen=True, slots=True)
class Text:
    """Something in quotes."""

    value: str


@dataclass(frozen=True, slots=True)
class Name:
    """The id of another query of the call or, in capitals, a keyword such as REPEAT."""

    name: str


@dataclass(frozen=True, slots=True)
class Array:
    """`[m1, m2]`."""

    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Minus:
    """`-m1`."""

    operand: "Node"


@dataclass(frozen=True, slots=True)
class Operation:
    """Two operands and the sign between them; AND and OR are `&&` and `||`."""

    sign: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Call:
    """`FILL(m1, 0)`."""

    function: str
    arguments: tuple["Node", ...]


Node: TypeAlias = Number | Text | Name | Array | Minus | Operation | Call


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it."""
    yield node
    below: tuple[Node, ...] = ()
    if isinstance(node, Array):
        below = node.items
    elif isinstance(node, Minus):
        below = (node.operand,)
    elif isinstance(node, Operation):
        below = (node.left, node.right)
    elif isinstance(node, Call):
        below = node.arguments
    for child in below:
        yield from walk(child)


def identifiers(node: Node) -> frozenset[str]:
    """The ids of other queries that the expression needs: names that begin with a small letter."""
    return frozenset(found.name for found in walk(node) if isinstance(found, Name) and found.name[0].islower())
