"""The ledger's day beside CloudWatch's: where they agree, where they don't, and the likely cause. Pure.

Stage: ledger/history.py, sources/day.py -> **verification** -> people. CloudWatch counts only workgroups that
publish, stamps a query when it is published, and tells bytes of DML alone; so not every difference is an error.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from athena_exporter.outlets.report.table import Cell, Column, Table, Unit
from athena_exporter.records import Target

SETTLED_AFTER = timedelta(minutes=10)
"""How long after a minute CloudWatch may still add to it."""
_DAY = timedelta(days=1)
_EDGE_MINUTES = 2
_MINUTES_A_DAY = 1440


class Cause(StrEnum):
    """Why two numbers differ, in words for a person."""

    NONE = ""
    NOT_PUBLISHING = "publishes no metrics"
    NOT_SETTLED = "the day is not settled yet"
    COUNTING_SINCE = "counting began within the day"
    LEDGER_BEHIND = "the ledger has not reached the day's end"
    MIDNIGHT = "queries that ended around midnight"
    NO_STATISTICS = "queries without statistics"
    PART_PUBLISHED = "CloudWatch lacks some: published for a part of the day?"
    LEDGER_LACKS = "the ledger lacks some: restored, moved, or a deleted workgroup?"
    UNEXPLAINED = "unexplained"

    @property
    def harmless(self) -> bool:
        """Whether nothing has to be mended."""
        return self not in {Cause.PART_PUBLISHED, Cause.LEDGER_LACKS, Cause.UNEXPLAINED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """One side's DML queries of one workgroup and state; bytes None where that side has none to tell."""

    workgroup: str
    state: str
    queries: int
    scanned_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the causes are judged by, of one target and day.

    `since` and `until` say what the ledger covers (until None: no sweep is complete), `now` is AWS's clock. `listed`
    are the workgroups of which CloudWatch has any metric; `publishing` is what their settings say, where known.
    `tolerance` is the share of CloudWatch's number that a difference may be.
    """

    target: Target
    day: datetime
    now: datetime
    since: datetime
    until: datetime | None
    listed: frozenset[str]
    publishing: Mapping[str, bool | None]
    tolerance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One workgroup and state, both sides, and the cause of a difference."""

    target: Target
    workgroup: str
    state: str
    ledger: Count | None
    cloudwatch: Count | None
    cause: Cause


def compare(ledger: Iterable[Count], cloudwatch: Iterable[Count], known: Circumstances) -> list[Line]:
    """A line for each workgroup and state that either side knows, by name."""
    ours = {(one.workgroup, one.state): one for one in ledger}
    theirs = {(one.workgroup, one.state): one for one in cloudwatch}
    seen = frozenset(workgroup for workgroup, _ in theirs)
    return [
        Line(
            target=known.target, workgroup=key[0], state=key[1], ledger=ours.get(key), cloudwatch=theirs.get(key),
            cause=_cause(key[0], ours.get(key), theirs.get(key), known, published=key[0] in seen),
        )
        for key in sorted(ours.keys() | theirs.keys())
    ]  # fmt: skip  # one expression


def _cause(workgroup: str, ours: Count | None, theirs: Count | None, known: Circumstances, *, published: bool) -> Cause:
    mine, other = _queries(ours), _queries(theirs)
    if _agree(ours, theirs, known.tolerance):
        return Cause.NONE
    if not published and known.publishing.get(workgroup) is not True and workgroup not in known.listed:
        return Cause.NOT_PUBLISHING
    if known.publishing.get(workgroup) is False and other < mine:
        return Cause.NOT_PUBLISHING
    return _cause_in_time(mine, other, known) or _cause_in_numbers(mine, other, ours, theirs)


def _cause_in_time(mine: int, other: int, known: Circumstances) -> Cause | None:
    end = known.day + _DAY
    if known.now < end + SETTLED_AFTER:
        return Cause.NOT_SETTLED
    if mine <= other and known.since > known.day:
        return Cause.COUNTING_SINCE
    if mine <= other and (known.until is None or known.until < end):
        return Cause.LEDGER_BEHIND
    return None


def _cause_in_numbers(mine: int, other: int, ours: Count | None, theirs: Count | None) -> Cause:
    edge = max(1, math.ceil(_EDGE_MINUTES * max(mine, other) / _MINUTES_A_DAY))
    if mine != other:
        if abs(mine - other) <= edge:
            return Cause.MIDNIGHT
        return Cause.PART_PUBLISHED if other < mine else Cause.LEDGER_LACKS
    # As many queries: what lacks bytes lacks statistics, which only the ledger waits for no longer than a minute.
    return Cause.NO_STATISTICS if (_bytes(ours) or 0) < (_bytes(theirs) or 0) else Cause.UNEXPLAINED


def _agree(ours: Count | None, theirs: Count | None, tolerance: float) -> bool:
    close = _close(_queries(ours), _queries(theirs), tolerance)
    # Where CloudWatch has no bytes at all (none was scanned, as of a failed query) there is nothing to compare.
    return close and _close(_bytes(ours) or 0, _bytes(theirs) or 0, tolerance)


def _close(mine: int, other: int, tolerance: float) -> bool:
    return abs(mine - other) <= tolerance * max(mine, other)


def _queries(count: Count | None) -> int:
    return 0 if count is None else count.queries


def _bytes(count: Count | None) -> int | None:
    return None if count is None else count.scanned_bytes


_COLUMNS = (
    Column(key="account_region", heading="target", unit=Unit.NAME),
    Column(key="workgroup", heading="workgroup", unit=Unit.NAME),
    Column(key="state", heading="state", unit=Unit.NAME),
    Column(key="ledger_queries", heading="ledger", unit=Unit.COUNT),
    Column(key="cloudwatch_queries", heading="CloudWatch", unit=Unit.COUNT),
    Column(key="difference_queries", heading="difference", unit=Unit.COUNT),
    Column(key="ledger_bytes", heading="ledger", unit=Unit.BYTES),
    Column(key="cloudwatch_bytes", heading="CloudWatch", unit=Unit.BYTES),
    Column(key="coverage_ratio", heading="coverage", unit=Unit.RATIO),
    Column(key="cause", heading="likely cause", unit=Unit.NAME),
)


def table(lines: Sequence[Line], day: datetime, notes: Sequence[str] = ()) -> Table:
    """All lines, with totals; the target's column only where there are several."""
    rows = [_row(line) for line in lines]
    total = _total(lines)
    several = len({line.target for line in lines}) > 1
    first = 0 if several else 1
    return Table(
        title=f"DML queries that ended on {day:%Y-%m-%d} (UTC)",
        columns=_COLUMNS[first:],
        rows=tuple(row[first:] for row in rows),
        total=(*(("",) if several else ()), "total", *total),
        omitted=0,
        notes=tuple(notes),
    )


def _row(line: Line) -> tuple[Cell, ...]:
    mine, other = _queries(line.ledger), _queries(line.cloudwatch)
    return (
        f"{line.target.account_id} {line.target.region}",
        line.workgroup,
        line.state,
        mine,
        other,
        mine - other,
        _bytes(line.ledger),
        _bytes(line.cloudwatch),
        _ratio(mine, other),
        line.cause.value or "agrees",
    )


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _total(lines: Sequence[Line]) -> tuple[Cell, ...]:
    mine = sum(_queries(line.ledger) for line in lines)
    other = sum(_queries(line.cloudwatch) for line in lines)
    bytes_mine = sum(_bytes(line.ledger) or 0 for line in lines)
    bytes_other = sum(_bytes(line.cloudwatch) or 0 for line in lines)
    return ("", mine, other, mine - other, bytes_mine, bytes_other, _ratio(mine, other), "")


def unexplained(lines: Iterable[Line]) -> list[Line]:
    """The lines whose difference has no harmless cause."""
    return [line for line in lines if not line.cause.harmless]


def notes(lines: Sequence[Line], known: Circumstances, others: Mapping[str, int]) -> Iterator[str]:
    """Sentences for a person: what was compared, what was not.

    Args:
        lines: of this target.
        known: of this target.
        others: queries in the ledger that are not compared, by statement type.
    """
    compared = [line for line in lines if line.cause is not Cause.NOT_PUBLISHING]
    mine = sum(_queries(line.ledger) for line in compared)
    other = sum(_queries(line.cloudwatch) for line in compared)
    ratio = _ratio(mine, other)
    where = f"{known.target.account_id} {known.target.region}"
    if ratio is not None:
        yield f"{where}: of what CloudWatch counted, the ledger has {ratio:.2%}"
    if others:
        said = ", ".join(f"{count:,} {name}" for name, count in sorted(others.items()))
        yield f"{where}: not compared, because CloudWatch tells no bytes of them: {said}"
    if known.since > known.day:
        yield f"{where}: the ledger counts since {_at(known.since)}"
    if known.now < known.day + _DAY + SETTLED_AFTER:
        yield f"{where}: the day is settled at {_at(known.day + _DAY + SETTLED_AFTER)}; look again then"
    if known.until is None or known.until < known.day + _DAY:
        reached = "no sweep was complete yet" if known.until is None else f"it is complete until {_at(known.until)}"
        yield f"{where}: the ledger has not reached the day's end: {reached}"


def _at(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%MZ}"


def by_type(rows: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Queries added up by statement type."""
    found: defaultdict[str, int] = defaultdict(int)
    for statement_type, queries in rows:
        found[statement_type] += queries
    return dict(found)
