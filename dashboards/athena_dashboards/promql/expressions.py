"""What an expression is, and what of it can be put together: the labels that its series carry decide."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from athena_exporter.catalog import Metric

SCRAPE_LABELS = frozenset({"job", "instance"})
"""What Prometheus adds to every series."""


class PromqlError(ValueError):
    """An expression that can't mean anything; the message says which metric and which label."""


class Op(StrEnum):
    """How a label is matched."""

    IS = "="
    IS_NOT = "!="
    LIKE = "=~"
    UNLIKE = "!~"


@dataclass(frozen=True, slots=True)
class Match:
    """One matcher's right side."""

    op: Op
    value: str


def like(pattern: str) -> Match:
    """The label matches the regular expression as a whole; `$variable` of Grafana may stand in it."""
    return Match(Op.LIKE, pattern)


def unlike(pattern: str) -> Match:
    """The label does not match the regular expression."""
    return Match(Op.UNLIKE, pattern)


def is_not(value: str) -> Match:
    """The label has another value."""
    return Match(Op.IS_NOT, value)


@dataclass(frozen=True, slots=True)
class Expr:
    """An expression. `labels`: what its series carry. `metrics`: the families it reads, in order of appearance.

    A number, or what `scalar()` makes, has `is_scalar`. `is_open`: series may carry labels that only the
    configuration knows (tags of workgroups), so that unknown ones beginning with `tag_` are allowed.
    """

    text: str
    labels: frozenset[str] = frozenset()
    metrics: tuple[Metric, ...] = ()
    is_scalar: bool = False
    is_open: bool = False
    is_atom: bool = True

    def __str__(self) -> str:
        """As PromQL."""
        return self.text

    def __add__(self, other: "Operand") -> "Expr":
        """Sum."""
        return _binary(self, "+", other)

    def __sub__(self, other: "Operand") -> "Expr":
        """Difference."""
        return _binary(self, "-", other)

    def __mul__(self, other: "Operand") -> "Expr":
        """Product."""
        return _binary(self, "*", other)

    def __truediv__(self, other: "Operand") -> "Expr":
        """Quotient."""
        return _binary(self, "/", other)

    def __gt__(self, other: "Operand") -> "Expr":
        """Only the series above."""
        return _binary(self, ">", other)

    def __ge__(self, other: "Operand") -> "Expr":
        """Only the series that reach it."""
        return _binary(self, ">=", other)

    def __lt__(self, other: "Operand") -> "Expr":
        """Only the series below."""
        return _binary(self, "<", other)

    def __or__(self, other: "Expr") -> "Expr":
        """Prometheus's `or`: the series of both, the left one where both have it."""
        return _set("or", self, other)

    def unless(self, other: "Expr") -> "Expr":
        """The series that the other side does not have."""
        return _set("unless", self, other)

    def and_(self, other: "Expr") -> "Expr":
        """The series that the other side has, too."""
        return _set("and", self, other)


Operand = Expr | float | int
"""What may stand on the right of an operator."""


def number(text: str) -> Expr:
    """A function without arguments, or a number: `time()`, `days_in_month()`."""
    return Expr(text, is_scalar=True)


def both(left: Expr, right: Expr) -> tuple[Metric, ...]:
    """The families that two sides read, each once."""
    return tuple(dict.fromkeys((*left.metrics, *right.metrics)))


def wrapped(inner: Expr) -> str:
    """Its text as an operand: in parentheses where it needs them."""
    return inner.text if inner.is_atom else f"({inner.text})"


def quoted(text: str) -> str:
    """A string of PromQL, whatever it holds."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def check_all(inner: Expr, labels: Iterable[str]) -> None:
    """Refuse labels that the series do not carry.

    Raises:
        PromqlError: with those that they carry.
    """
    for label in labels:
        check(inner.text, label, inner.labels, is_open=inner.is_open)


def check(what: str, label: str, labels: frozenset[str], *, is_open: bool) -> None:
    """Refuse a label that `what` does not have, unless it is a tag and `what` `is_open`; raises PromqlError."""
    if label not in labels and not (is_open and label.startswith("tag_")):
        raise PromqlError(
            f"{what} has no label {label!r}; it has {', '.join(sorted(labels - SCRAPE_LABELS)) or 'none'}"
        )


def _binary(left: Expr, operator: str, right: Operand) -> Expr:
    other = right if isinstance(right, Expr) else number(format(right, ".15g"))
    if not left.is_scalar and not other.is_scalar:
        _check_equal(left, operator, other)
    labels = other.labels if left.is_scalar else left.labels
    is_open = left.is_open or other.is_open
    return Expr(
        f"{wrapped(left)} {operator} {wrapped(other)}", labels, both(left, other),
        is_scalar=left.is_scalar and other.is_scalar, is_open=is_open, is_atom=False,
    )  # fmt: skip  # as short as it can be said


def _set(operator: str, left: Expr, right: Expr) -> Expr:
    _check_equal(left, operator, right)
    return Expr(f"{wrapped(left)} {operator} {wrapped(right)}", left.labels, both(left, right), is_atom=False)


def _check_equal(left: Expr, operator: str, right: Expr) -> None:
    if left.labels != right.labels:
        ours, theirs = sorted(left.labels), sorted(right.labels)
        raise PromqlError(f"series by {ours} {operator} series by {theirs} never match: {left.text} {operator} {right}")
