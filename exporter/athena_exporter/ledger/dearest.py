"""The dearest queries of somebody in a window, as far as the ledger still knows queries one by one.

Read by the hour, the newest first, each hour a short look: nobody who writes or publishes waits, and where a company
runs too many queries to look at all of them in time, the answer says how far back it went.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TypeAlias

from athena_exporter.budgets import Budget, Matcher, Per, Query, Span, Unit
from athena_exporter.ledger import rows
from athena_exporter.ledger.model import HOUR_MS
from athena_exporter.records import UNKNOWN

MOST = 5
"""Queries that are named."""
PATIENCE = 2.0
"""Seconds after which no further hour is looked at."""

_COLUMNS = {
    Per.USER: "i.user", Per.ROLE: "i.role", Per.WORKGROUP: "q.workgroup", Per.COMPONENT: "q.workgroup",
    Per.WORKLOAD: "q.workload",
}  # fmt: skip  # two rows
_HOUR = f"""
    SELECT q.query_id, coalesce(nullif(q.workgroup, ''), '{UNKNOWN}'), coalesce(nullif(q.database, ''), '{UNKNOWN}'),
           q.workload, i.user, nullif(i.role, ''), i.client, q.ended_ms, q.scanned_bytes, q.cost_nanousd
    FROM queries q LEFT JOIN identities i ON i.id = q.identity_id
    WHERE q.target_id = ? AND q.phase = 3 AND q.ended_ms >= ? AND q.ended_ms < ?
      AND {{column}} IN (SELECT value FROM json_each(?))
    """  # noqa: S608 - constants of this project

Reading: TypeAlias = Callable[[], AbstractContextManager[sqlite3.Connection]]
"""Opens one short look at committed state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DearQuery:
    """One query; bytes and nanodollars are None where AWS told none. `user` is None while nobody has told."""

    query_id: str
    workgroup: str
    database: str
    user: str | None
    ended_ms: int
    scanned_bytes: int | None
    cost_nanousd: int | None

    def amount(self, unit: Unit) -> int:
        """What it counts in a budget of this unit."""
        return (self.scanned_bytes if unit is Unit.BYTES else self.cost_nanousd) or 0


@dataclass(slots=True, kw_only=True)
class Search:
    """Whose queries are wanted, and in which time. `members`: the workgroups of a component, else the subject.

    `found`, dearest first, and `since_ms`, from which on all were looked at, are the answer.
    """

    budget: Budget
    members: Sequence[str]
    span: Span
    found: list[DearQuery] = field(default_factory=list)
    since_ms: int = 0


def search(read: Reading, target_id: int, searches: Sequence[Search], monotonic: Callable[[], float]) -> None:
    """Fill all searches together, at most for `PATIENCE` (seconds of `monotonic`)."""
    if not searches:
        return
    deadline = monotonic() + PATIENCE
    with read() as connection:
        kept = _kept(connection, target_id)
    # One tally for all who are searched for in it: a burst has thousands of searches, and a few tallies.
    tallies = {tally: place for place, tally in enumerate(dict.fromkeys(one.budget.tally for one in searches))}
    matcher = Matcher(tuple(tallies))
    bits = [1 << tallies[one.budget.tally] for one in searches]
    since_ms = last_ms = min(kept.end_ms, max(one.span.end_ms for one in searches))
    for piece in _hours(max(kept.start_ms, min(one.span.start_ms for one in searches)), last_ms):
        with read() as connection:
            _look(connection, target_id, searches, matcher, bits, piece)
        since_ms = piece.start_ms
        if monotonic() > deadline:
            break
    for one in searches:
        one.since_ms = max(since_ms, one.span.start_ms)


def _kept(connection: sqlite3.Connection, target_id: int) -> Span:
    """The time of which all queries are kept one by one."""
    low_water_ms, newest_ms = connection.execute(
        "SELECT low_water_ms, (SELECT max(ended_ms) FROM queries WHERE target_id = t.id AND phase = 3)"
        " FROM targets t WHERE id = ?",
        (target_id,),
    ).fetchone()
    return Span(low_water_ms, low_water_ms if newest_ms is None else newest_ms + 1)


def _hours(first_ms: int, last_ms: int) -> Iterator[Span]:
    """[first_ms, last_ms) in pieces, the newest first; all but the oldest are an hour long."""
    end_ms = last_ms
    while end_ms > first_ms:
        start_ms = max(first_ms, end_ms - HOUR_MS)
        yield Span(start_ms, end_ms)
        end_ms = start_ms


def _look(
    connection: sqlite3.Connection,
    target_id: int,
    searches: Sequence[Search],
    matcher: Matcher,
    bits: Sequence[int],
    piece: Span,
) -> None:
    """Look at one hour; `bits`: of each search the bit of its tally in the matcher's masks."""
    for per in dict.fromkeys(one.budget.per for one in searches):
        wanted = _wanted(searches, per)
        statement = _HOUR.format(column=_COLUMNS[per])
        found = connection.execute(statement, (target_id, *piece, json.dumps(list(wanted))))
        for query_id, *asked, ended_ms, scanned_bytes, cost_nanousd in found:
            query = Query(*asked)
            mask = matcher.mask(query)
            dear = DearQuery(
                query_id=rows.unpack(query_id), workgroup=query.workgroup, database=query.database, user=query.user,
                ended_ms=ended_ms, scanned_bytes=scanned_bytes, cost_nanousd=cost_nanousd,
            )  # fmt: skip  # as short as it can be said
            for place in wanted.get(_subject(query, per), ()):
                if mask & bits[place]:
                    _keep(searches[place], dear)


def _wanted(searches: Sequence[Search], per: Per) -> Mapping[str, Sequence[int]]:
    """The searches' places by whose queries they are for."""
    found: dict[str, list[int]] = {}
    for place, one in enumerate(searches):
        for member in one.members if one.budget.per is per else ():
            found.setdefault(member, []).append(place)
    return found


def _subject(query: Query, per: Per) -> str:
    return getattr(query, Per.WORKGROUP if per is Per.COMPONENT else per) or ""


def _keep(one: Search, dear: DearQuery) -> None:
    """Keep it if it lies in the window and is one of the dearest."""
    unit = one.budget.limit.unit
    if not one.span.start_ms <= dear.ended_ms < one.span.end_ms or not dear.amount(unit):
        return
    if len(one.found) == MOST and one.found[-1].amount(unit) >= dear.amount(unit):
        return
    one.found.append(dear)
    one.found.sort(key=lambda found: (-found.amount(unit), -found.ended_ms, found.query_id))
    del one.found[MOST:]
