"""What a budget is, and what has to be counted for it."""

import json
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import TypeAlias

from athena_exporter.budgets.windows import Calendar, Rolling, Window, midnight_ms, next_day

COMPONENT_TAG = "component"
"""The tag of a workgroup that says whose it is."""
Patterns: TypeAlias = tuple[str, ...]


class Per(StrEnum):
    """Whose usage is added up: every one of them has the limit for itself."""

    USER = "user"
    ROLE = "role"
    WORKGROUP = "workgroup"
    COMPONENT = "component"
    WORKLOAD = "workload"


class Enforce(StrEnum):
    """What the guard may do to a subject that is over its limit."""

    NONE = "none"
    STOP_QUERIES = "stop_queries"


class Unit(StrEnum):
    """What a limit counts."""

    BYTES = "bytes"
    USD = "usd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """So many bytes scanned, or so many nanodollars of list price."""

    unit: Unit
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Which queries count: those that fit a pattern of every field that has any. No pattern: all fit."""

    user: Patterns = ()
    role: Patterns = ()
    client: Patterns = ()
    workgroup: Patterns = ()
    database: Patterns = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """An exception: the limit of subjects that fit a pattern, None for none at all, through the day `until`."""

    subject: Patterns
    limit: Amount | None
    until: date | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Sums that the ledger keeps: by subject and cell of the window, of the queries that fit. Budgets may share one.

    `per` is never COMPONENT: a component is what the tags of its workgroups say at the moment of looking.
    """

    per: Per
    window: Window
    match: Match

    @property
    def needs_identity(self) -> bool:
        """Whether a query counts only once its user is known."""
        return self.per in {Per.USER, Per.ROLE} or bool(self.match.user or self.match.role or self.match.client)

    @property
    def fits_rollups(self) -> bool:
        """Whether workgroup, user and database are all that it has to know of a query."""
        return self.per in {Per.USER, Per.WORKGROUP} and not self.match.role and not self.match.client

    @property
    def definition(self) -> str:
        """The tally as text: equal texts count the same."""
        match self.window:
            case Calendar(period=period, zone=zone):
                window = [period.value, zone]
            case Rolling(length_ms=length_ms, cell_ms=cell_ms):
                window = [f"rolling {length_ms}", f"by {cell_ms}"]
        asked = {name: sorted(set(getattr(self.match, name))) for name in Match.__slots__}
        said = {"match": {name: patterns for name, patterns in asked.items() if patterns}}
        return json.dumps({"per": self.per.value, "window": window, **said}, sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A limit for each subject in a window. `warn` is the share of the limit from which a subject is warned.

    `enforce` is what the guard may do at the limit, if it is on at all.
    """

    name: str
    per: Per
    window: Window
    limit: Amount
    match: Match = field(default_factory=Match)
    warn: Fraction = Fraction(4, 5)
    exceptions: tuple[Allowance, ...] = ()
    enforce: Enforce = Enforce.NONE

    @property
    def tally(self) -> Tally:
        """What has to be counted: without the patterns of the subject itself, which are asked when looking."""
        own = "workgroup" if self.per is Per.COMPONENT else self.per.value
        kept = {name: () if name == own else getattr(self.match, name) for name in Match.__slots__}
        return Tally(
            per=Per.WORKGROUP if self.per is Per.COMPONENT else self.per, window=self.window, match=Match(**kept)
        )

    @property
    def wanted(self) -> Patterns:
        """The patterns that a tally's subject has to fit; none: every one fits."""
        own = "workgroup" if self.per is Per.COMPONENT else self.per.value
        return getattr(self.match, own, ())

    @property
    def zone(self) -> str:
        """The time zone in which an exception's last day ends."""
        return self.window.zone if isinstance(self.window, Calendar) else "UTC"

    def is_expired(self, exception: Allowance, now_ms: int) -> bool:
        """Whether the exception's last day is over."""
        return exception.until is not None and now_ms >= midnight_ms(next_day(exception.until), self.zone)
