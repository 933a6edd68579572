"""A report's table, free of any rendering: named columns with units, rows of raw values."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

Cell: TypeAlias = str | int | float | None
"""A raw value; None where there is nothing to say (a share of nothing)."""


class Unit(Enum):
    """What a column's raw values are."""

    NAME = auto()
    AMOUNT = auto()
    """An amount in words, where one column has several units: for people only."""
    COUNT = auto()
    BYTES = auto()
    USD = auto()
    RATIO = auto()
    MEBIBYTES = auto()
    MILLISECONDS = auto()
    TIME = auto()
    """A moment in words: `2026-03-10 12:00:00Z`."""
    DAY = auto()
    """A UTC day in words: `2026-03-10`."""
    MONTH = auto()
    """A UTC month in words: `2026-03`."""

    @property
    def is_text(self) -> bool:
        """Whether values are words."""
        return self in {Unit.NAME, Unit.TIME, Unit.DAY, Unit.MONTH}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: `key` names it in JSON and CSV (base unit included), `heading` on a terminal."""

    key: str
    heading: str
    unit: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A report over all rows given, cut to its limit.

    `total` speaks of everything, shown or not, and is empty where columns do not add up; `omitted` counts the rows
    that the limit left out; `notes` are sentences for people about names that need a word.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...]
    omitted: int
    notes: tuple[str, ...]
