"""The ledger's day beside the history's: where they agree, where they don't, and the likely cause. Pure.

Stage: ledger/history.py, Athena's answer -> **history_verification** -> people. Every query that the ledger counts
while a history is on becomes one row there, so that nothing but time excuses a difference: a window that is not
written yet, a ledger that began within the day.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from athena_exporter.outlets.report.table import Cell, Column, Table, Unit
from athena_exporter.records import Target

_DAY = timedelta(days=1)


class Cause(StrEnum):
    """Why two numbers differ, in words for a person."""

    NONE = ""
    NOT_WRITTEN = "the day's last windows are not written yet"
    COUNTING_SINCE = "the ledger's counting began within the day"
    HISTORY_LACKS = "the history lacks some: begun within the day, facts dropped, or files deleted?"
    LEDGER_LACKS = "the ledger lacks some: another exporter's history, restored, or moved?"
    UNEXPLAINED = "unexplained"

    @property
    def harmless(self) -> bool:
        """Whether nothing has to be mended."""
        return self in {Cause.NONE, Cause.NOT_WRITTEN, Cause.COUNTING_SINCE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Queries of one target, workgroup and state, and the bytes that they scanned."""

    target: Target
    workgroup: str
    state: str
    queries: int
    scanned_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the causes are judged by. `since`: when the ledger's counting began, by target.

    `settled_at` is when the day's last window should be in S3; `tolerance` the share that a difference may be.
    """

    day: datetime
    now: datetime
    settled_at: datetime
    since: dict[Target, datetime]
    tolerance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One target, workgroup and state, both sides (None: nothing there), and the cause of a difference."""

    target: Target
    workgroup: str
    state: str
    ledger: Sums | None
    history: Sums | None
    cause: Cause


def compare(ledger: Iterable[Sums], history: Iterable[Sums], known: Circumstances) -> list[Line]:
    """A line for each target, workgroup and state that either side knows, by name; only targets of the ledger."""
    ours = {_key(one): one for one in ledger}
    theirs = {_key(one): one for one in history if one.target in known.since}
    return [
        Line(
            target=key[0], workgroup=key[1], state=key[2], ledger=ours.get(key), history=theirs.get(key),
            cause=_cause(key[0], ours.get(key), theirs.get(key), known),
        )
        for key in sorted(ours.keys() | theirs.keys(), key=lambda it: (it[0].account_id, it[0].region, *it[1:]))
    ]  # fmt: skip  # one expression


def unexplained(lines: Iterable[Line]) -> list[Line]:
    """The lines whose difference has no harmless cause."""
    return [line for line in lines if not line.cause.harmless]


def _key(one: Sums) -> tuple[Target, str, str]:
    return one.target, one.workgroup, one.state


def _cause(target: Target, ours: Sums | None, theirs: Sums | None, known: Circumstances) -> Cause:
    mine, other = _queries(ours), _queries(theirs)
    if _close(mine, other, known) and _close(_bytes(ours), _bytes(theirs), known):
        return Cause.NONE
    if known.now < known.settled_at:
        return Cause.NOT_WRITTEN
    if mine < other:
        return Cause.COUNTING_SINCE if known.since[target] > known.day else Cause.LEDGER_LACKS
    return Cause.HISTORY_LACKS if other < mine else Cause.UNEXPLAINED


def _close(mine: int, other: int, known: Circumstances) -> bool:
    return abs(mine - other) <= known.tolerance * max(mine, other)


def _queries(sums: Sums | None) -> int:
    return 0 if sums is None else sums.queries


def _bytes(sums: Sums | None) -> int:
    return 0 if sums is None else sums.scanned_bytes


_COLUMNS = (
    Column(key="account_region", heading="target", unit=Unit.NAME),
    Column(key="workgroup", heading="workgroup", unit=Unit.NAME),
    Column(key="state", heading="state", unit=Unit.NAME),
    Column(key="ledger_queries", heading="ledger", unit=Unit.COUNT),
    Column(key="history_queries", heading="history", unit=Unit.COUNT),
    Column(key="difference_queries", heading="difference", unit=Unit.COUNT),
    Column(key="ledger_bytes", heading="ledger", unit=Unit.BYTES),
    Column(key="history_bytes", heading="history", unit=Unit.BYTES),
    Column(key="cause", heading="likely cause", unit=Unit.NAME),
)


def table(lines: Sequence[Line], day: datetime, notes: Sequence[str] = ()) -> Table:
    """All lines, with totals."""
    return Table(
        title=f"Queries that ended on {day:%Y-%m-%d} (UTC), in the ledger and in the history",
        columns=_COLUMNS,
        rows=tuple(map(_row, lines)),
        total=("total", "", "", *_numbers([one.ledger for one in lines], [one.history for one in lines]), ""),
        omitted=0,
        notes=tuple(notes),
    )


def _row(line: Line) -> tuple[Cell, ...]:
    where = f"{line.target.account_id} {line.target.region}"
    told = line.cause.value or "agrees"
    return (where, line.workgroup, line.state, *_numbers([line.ledger], [line.history]), told)


def _numbers(ledger: Iterable[Sums | None], history: Iterable[Sums | None]) -> tuple[Cell, ...]:
    ours, theirs = list(ledger), list(history)
    mine, other = sum(map(_queries, ours)), sum(map(_queries, theirs))
    return mine, other, mine - other, sum(map(_bytes, ours)), sum(map(_bytes, theirs))


def notes(history: Iterable[Sums], known: Circumstances) -> Iterator[str]:
    """Sentences for a person: what was not compared, and what may still change."""
    others = sum(one.queries for one in history if one.target not in known.since)
    if others:
        yield f"not compared: {others:,} queries of accounts and Regions that this ledger has never counted"
    for target, since in sorted(known.since.items(), key=lambda it: (it[0].account_id, it[0].region)):
        if since > known.day:
            yield f"{target.account_id} {target.region}: the ledger counts since {_at(since)}"
    if known.now < known.settled_at:
        yield f"the day's last windows are written by {_at(known.settled_at)}; look again then"


def _at(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%MZ}"
