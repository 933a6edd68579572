"""The report `guard`: what it has stopped, or would have stopped, and how each of its actions ended."""

from collections import Counter
from collections.abc import Sequence

from athena_exporter.budgets import Intent, Result, Unit
from athena_exporter.ledger.guarding import TargetIntent
from athena_exporter.outlets.report import table as tables
from athena_exporter.outlets.report.table import Cell, Column, Table
from athena_exporter.records import Target, from_epoch_ms

NAME = "guard"
SUMMARY = "what the guard has stopped, or would have stopped, and why"
_NANO = 1_000_000_000
_OPEN = "open"


def _column(key: str, heading: str, unit: tables.Unit = tables.Unit.NAME) -> Column:
    return Column(key=key, heading=heading, unit=unit)


_FOR_PEOPLE = (
    _column("decided_at", "When (UTC)", tables.Unit.AMOUNT),
    _column("result", "Result", tables.Unit.AMOUNT),
    _column("user", "User"),
    _column("budget", "Budget"),
    _column("used_ratio", "Used %", tables.Unit.RATIO),
    _column("query_id", "Query"),
)
_RAW = (
    _column("account_id", "Account"),
    _column("region", "Region"),
    _column("decided_at", "When"),
    _column("mode", "Mode"),
    _column("result", "Result"),
    _column("ended_at", "Ended"),
    _column("user", "User"),
    _column("workgroup", "Workgroup"),
    _column("query_id", "Query"),
    _column("budget", "Budget"),
    _column("subject", "Subject"),
    _column("used_bytes", "Used", tables.Unit.BYTES),
    _column("limit_bytes", "Limit", tables.Unit.BYTES),
    _column("used_usd", "Used", tables.Unit.USD),
    _column("limit_usd", "Limit", tables.Unit.USD),
    _column("tries", "Tries", tables.Unit.COUNT),
    _column("action_id", "Action"),
)


def build_guard(found: Sequence[TargetIntent], *, limit: int | None = None) -> Table:
    """Every action, the newest first; with a limit, so many of them, for people.

    Raises:
        ValueError: a limit below 1.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"a limit of {limit} shows nothing: it must be 1 or more")
    newest = sorted(found, key=lambda one: (-one.intent.decided_ms, one.intent.action_id))
    shown = newest[:limit]
    rows = [_for_people(one.intent) if limit else _raw(one.target, one.intent) for one in shown]
    columns = _FOR_PEOPLE if limit else _RAW
    return Table(
        title="What the guard has done, the newest first",
        columns=columns,
        rows=tuple(rows),
        total=("",) * len(columns),
        omitted=len(newest) - len(shown),
        notes=(_sums(found),),
    )


def _sums(found: Sequence[TargetIntent]) -> str:
    ended = Counter(_ended(one.intent) for one in found)
    told = [f"{ended[word]} {word}" for word in (*(one.value for one in Result), _OPEN) if ended[word]]
    return ", ".join(told) if told else "nothing in this range"


def _ended(intent: Intent) -> str:
    return _OPEN if intent.result is None else intent.result.value


def _for_people(intent: Intent) -> tuple[Cell, ...]:
    """The subject is worth a word where it is not the user."""
    at = f"{from_epoch_ms(intent.decided_ms):%m-%d %H:%M}"
    budget = intent.budget if intent.subject == intent.user else f"{intent.budget}: {intent.subject}"
    return (at, _ended(intent), intent.user, budget, intent.used / intent.limit, intent.query_id)


def _raw(target: Target, intent: Intent) -> tuple[Cell, ...]:
    used, limit = intent.used, intent.limit
    amounts = (used, limit, None, None) if intent.unit is Unit.BYTES else (None, None, used / _NANO, limit / _NANO)
    return (
        target.account_id, target.region, _iso(intent.decided_ms), intent.mode.value, _ended(intent),
        None if intent.ended_ms is None else _iso(intent.ended_ms), intent.user, intent.workgroup, intent.query_id,
        intent.budget, intent.subject, *amounts, intent.tries, intent.action_id,
    )  # fmt: skip  # the order of the columns


def _iso(at_ms: int) -> str:
    return from_epoch_ms(at_ms).isoformat(timespec="seconds")
