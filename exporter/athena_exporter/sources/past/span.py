"""What is read of the past, what a page of it brought, and how far a read has come.

Stage: beside executions.py and starts.py.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from athena_exporter.records import Target

NAME = "backfill"
"""Whose cursors say how far a backfill has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Of one target, what happened at or after `since` and before `until`."""

    target: Target
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one call has brought.

    `done` is the part of the span that is read, from 0 to 1. `expired` are ids that AWS lists and will not tell,
    `troubles` is what could not be read, in words.
    """

    done: float
    seen: int = 0
    taken: int = 0
    young: int = 0
    malformed: int = 0
    expired: Sequence[str] = ()
    troubles: Sequence[str] = field(default=())


Told: TypeAlias = Callable[[Page], None]


def mark(span: Span, reached: str) -> str:
    """A cursor: how far a read of this span has come."""
    return json.dumps({"since": span.since.isoformat(), "until": span.until.isoformat(), "reached": reached})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """Where an earlier read has come to, and where it was to end."""

    until: datetime
    reached: str


def reached_since(cursor: str | None, span: Span) -> Reached | None:
    """Where an earlier read has come to that began no later than this one does; None without one."""
    try:
        said = json.loads(cursor or "")
        since, until = datetime.fromisoformat(said["since"]), datetime.fromisoformat(said["until"])
        return Reached(until=until, reached=str(said["reached"])) if since <= span.since else None
    except (KeyError, TypeError, ValueError):
        return None


def reached(cursor: str | None, span: Span) -> str | None:
    """Where to go on, None where a read has to begin: nothing was read, or not all that is asked for now."""
    found = reached_since(cursor, span)
    return None if found is None or found.until < span.until else found.reached
