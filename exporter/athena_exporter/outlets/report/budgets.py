"""The report `budgets`, who is where, and the outcome of a simulation, who would have been where."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from athena_exporter.budgets import BudgetState, Calendar, Crossing, Enforce, Level, Standing, Unit
from athena_exporter.ledger.budgeting import TargetBudgets
from athena_exporter.outlets.report import table as tables
from athena_exporter.outlets.report.render import binary_bytes, dollars
from athena_exporter.outlets.report.table import Cell, Column, Table
from athena_exporter.records import Target, from_epoch_ms

NAME = "budgets"
SUMMARY = "who is how near to which limit now, and at the end of the window if it goes on so"
RUNNING = "what running queries have scanned so far is not known: each counts when it has ended"
_NANO = 1_000_000_000


def _column(key: str, heading: str, unit: tables.Unit = tables.Unit.NAME) -> Column:
    return Column(key=key, heading=heading, unit=unit)


_FOR_PEOPLE = (
    _column("budget", "Budget"),
    _column("subject", "Subject"),
    _column("used", "Used", tables.Unit.AMOUNT),
    _column("limit", "Limit", tables.Unit.AMOUNT),
    _column("used_ratio", "Used %", tables.Unit.RATIO),
    _column("forecast_ratio", "At end %", tables.Unit.RATIO),
    _column("level", "Level", tables.Unit.AMOUNT),
)
_AMOUNTS = (
    _column("used_bytes", "Used", tables.Unit.BYTES),
    _column("limit_bytes", "Limit", tables.Unit.BYTES),
    _column("used_usd", "Used", tables.Unit.USD),
    _column("limit_usd", "Limit", tables.Unit.USD),
)
_WHERE = (_column("account_id", "Account"), _column("region", "Region"), _column("budget", "Budget"))
_RAW = (
    *_WHERE,
    _column("per", "Per"),
    _column("subject", "Subject"),
    _column("level", "Level"),
    *_AMOUNTS,
    _column("used_ratio", "Used %", tables.Unit.RATIO),
    _column("forecast_ratio", "At end %", tables.Unit.RATIO),
    _column("window_start", "From"),
    _column("window_end", "To"),
    _column("counting_since", "Counting since"),
)
_CROSSED_FOR_PEOPLE = (
    _column("at", "When (UTC)", tables.Unit.AMOUNT),
    _column("budget", "Budget"),
    _column("subject", "Subject"),
    _column("level", "Would be", tables.Unit.AMOUNT),
    _column("most", "At most", tables.Unit.AMOUNT),
    _column("limit", "Limit", tables.Unit.AMOUNT),
)
_CROSSED_RAW = (
    *_WHERE,
    _column("per", "Per"),
    _column("subject", "Subject"),
    _column("at", "When"),
    _column("resolution", "Known by"),
    _column("level", "Level"),
    _column("enforce", "Enforce"),
    *_AMOUNTS,
    _column("most_bytes", "At most", tables.Unit.BYTES),
    _column("most_usd", "At most", tables.Unit.USD),
)


def _would_be(one: Crossing) -> str:
    if one.level is Level.EXCEEDED:
        return "stopped" if one.budget.enforce is Enforce.STOP_QUERIES else "exceeded"
    return one.level.value


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetCrossings:
    """What a simulation has found for one target."""

    target: Target
    crossings: Sequence[Crossing]


def build_budgets(found: Sequence[TargetBudgets], *, limit: int | None = None) -> Table:
    """Every subject of every budget, nearest to its limit first; with a limit, so many of them, for people.

    Raises:
        ValueError: a limit below 1.
    """
    _require_rows(limit)
    all_of_them = [
        (one.target, state, standing) for one in found for state in one.states for standing in state.standings
    ]
    all_of_them.sort(key=lambda it: (-it[2].ratio, it[1].budget.name, it[2].subject, it[0]))
    shown = all_of_them[:limit]
    several = len(found) > 1
    rows = [_for_people(*one, several=several) if limit else _raw(*one) for one in shown]
    levels = [standing.level for _, _, standing in all_of_them]
    sums = f"{levels.count(Level.EXCEEDED)} exceeded, {levels.count(Level.WARNED)} warned, {levels.count(Level.OK)} ok"
    columns = _FOR_PEOPLE if limit else _RAW
    return Table(
        title="Budgets, nearest to the limit first",
        columns=columns,
        rows=tuple(rows),
        total=("",) * len(columns),
        omitted=len(all_of_them) - len(shown),
        notes=(sums, *_notes(found)),
    )


def build_crossings(found: Sequence[TargetCrossings], notes: Iterable[str], *, limit: int | None = None) -> Table:
    """Who would have been warned or stopped, in the order of time; as `build_budgets` otherwise."""
    _require_rows(limit)
    all_of_them = [(one.target, crossing) for one in found for crossing in one.crossings]
    all_of_them.sort(key=lambda it: (it[1].at_ms, it[1].budget.name, it[1].subject, it[1].level, it[0]))
    shown = all_of_them[:limit]
    several = len(found) > 1
    rows = [_crossed_for_people(*one, several=several) if limit else _crossed_raw(*one) for one in shown]
    over = {(target, one.subject) for target, one in all_of_them if one.level is Level.EXCEEDED}
    stopped = {(target, one.subject) for target, one in all_of_them if _would_be(one) == "stopped"}
    warned = {(target, one.subject) for target, one in all_of_them} - over
    sums = f"{len(over)} over a limit, {len(stopped)} of them stopped, {len(warned)} warned only"
    columns = _CROSSED_FOR_PEOPLE if limit else _CROSSED_RAW
    return Table(
        title="Who would have been warned or stopped",
        columns=columns,
        rows=tuple(rows),
        total=("",) * len(columns),
        omitted=len(all_of_them) - len(shown),
        notes=(sums, *notes),
    )


def _require_rows(limit: int | None) -> None:
    if limit is not None and limit < 1:
        raise ValueError(f"a limit of {limit} shows nothing: it must be 1 or more")


def _for_people(target: Target, state: BudgetState, one: Standing, *, several: bool) -> tuple[Cell, ...]:
    limit = "no limit" if one.limit is None else _words(one.unit, one.limit)
    ratio = one.ratio if one.limit else None
    name = _named(state.budget.name, target, several=several)
    return (name, one.subject, _words(one.unit, one.used), limit, ratio, one.forecast_ratio, one.level.value)


def _raw(target: Target, state: BudgetState, one: Standing) -> tuple[Cell, ...]:
    budget = state.budget
    return (
        target.account_id, target.region, budget.name, budget.per.value, one.subject, one.level.value,
        *_in_units(one.unit, one.used, one.limit),
        one.ratio if one.limit else None, one.forecast_ratio,
        _iso(state.span.start_ms), _iso(state.span.end_ms) if isinstance(budget.window, Calendar) else None,
        _iso(state.since_ms),
    )  # fmt: skip  # the order of the columns


def _crossed_for_people(target: Target, one: Crossing, *, several: bool) -> tuple[Cell, ...]:
    unit = one.budget.limit.unit
    at = f"{from_epoch_ms(one.at_ms):%Y-%m-%d %H:%M}"
    name = _named(one.budget.name, target, several=several)
    amounts = (_words(unit, amount) for amount in (one.most, one.limit))
    return (at, name, one.subject, _would_be(one), *amounts)


def _crossed_raw(target: Target, one: Crossing) -> tuple[Cell, ...]:
    unit = one.budget.limit.unit
    return (
        target.account_id, target.region, one.budget.name, one.budget.per.value, one.subject, _iso(one.at_ms),
        one.resolution.value, one.level.value, one.budget.enforce.value,
        *_in_units(unit, one.used, one.limit), *_of_each(unit, one.most),
    )  # fmt: skip  # as above


def _named(budget: str, target: Target, *, several: bool) -> str:
    return f"{budget} ({target.account_id} {target.region})" if several else budget


def _in_units(unit: Unit, used: int, limit: int | None) -> tuple[Cell, ...]:
    """Used and limit in bytes, used and limit in dollars: one pair of them."""
    if unit is Unit.BYTES:
        return used, limit, None, None
    return None, None, used / _NANO, None if limit is None else limit / _NANO


def _of_each(unit: Unit, amount: int) -> tuple[Cell, ...]:
    return (amount, None) if unit is Unit.BYTES else (None, amount / _NANO)


def _words(unit: Unit, amount: int) -> str:
    return binary_bytes(amount) if unit is Unit.BYTES else dollars(amount / _NANO)


def _iso(at_ms: int) -> str:
    return from_epoch_ms(at_ms).isoformat(timespec="seconds")


def _notes(found: Sequence[TargetBudgets]) -> Iterator[str]:
    uncounted = sorted({name for one in found for name in one.uncounted})
    if uncounted:
        yield f"not counted yet: {', '.join(uncounted)}; the exporter counts them when it has started with them"
    for one in found:
        for state in one.states:
            if not state.is_whole:
                yield _partial(state, from_epoch_ms(state.since_ms))
    yield RUNNING


def _partial(state: BudgetState, since: datetime) -> str:
    return f"{state.budget.name}: counted since {since:%Y-%m-%d %H:%M} UTC, what ended before it is not known"
