"""What really happened: the sums that an observer should arrive at, taken from the account's own memory.

Money follows Athena's price list: 10 MB minimum a query, rounded up to the MB (2^20), $5 per 2^40 bytes, DDL, failed
and reused queries free, cancelled ones billed, UTILITY free but for EXPLAIN ANALYZE, reservations not per byte.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from athena_testbed.account import Account
from athena_testbed.wire import Json
from athena_testbed.world.catalogue import MB, TB
from athena_testbed.world.plan import Plan

MINIMUM_MB = 10
NANO_USD_PER_TB = 5_000_000_000
UNATTRIBUTED = "unattributed"
UNKNOWN = "unknown"


def billed_bytes(plan: Plan) -> int:
    """The bytes that AWS bills for a finished query; 0 for what is free."""
    free = (
        plan.state == "FAILED"
        or plan.shape.statement_type == "DDL"
        or (plan.shape.statement_type == "UTILITY" and plan.shape.name != "explain_analyze")
        or bool(plan.reused)
        or plan.dpu_count is not None
    )
    scanned = known_bytes(plan)
    if free or scanned is None:
        return 0
    return max(MINIMUM_MB, -(-scanned // MB)) * MB


def known_bytes(plan: Plan) -> int | None:
    """The scanned bytes that AWS reports: none where no statistics ever come."""
    return None if plan.statistics_after_ms is None else plan.scanned_bytes


def nano_usd(billed: int) -> int:
    """The list price of billed bytes in nanodollars, half up."""
    return (2 * billed * NANO_USD_PER_TB + TB) // (2 * TB)


@dataclass(slots=True)
class Sum:
    """Queries, bytes and money, added up in integers."""

    queries: int = 0
    scanned: int = 0
    billed: int = 0
    nano: int = 0

    def add(self, plan: Plan) -> None:
        """Count one finished query."""
        billed = billed_bytes(plan)
        self.queries += 1
        self.scanned += known_bytes(plan) or 0
        self.billed += billed
        self.nano += nano_usd(billed)

    def json(self) -> Json:
        """As the control plane answers it."""
        return {
            "queries": self.queries,
            "scanned_bytes": self.scanned,
            "billed_bytes": self.billed,
            "cost_usd": self.nano / 10**9,
            "cost_nanousd": self.nano,
        }


@dataclass(slots=True)
class _Table:
    queries: int = 0
    users: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Group:
    """Sums by some key."""

    key: Callable[[Plan], Any]
    sums: dict[Any, Sum] = field(default_factory=dict)

    def add(self, plan: Plan) -> None:
        key = self.key(plan)
        if key not in self.sums:
            self.sums[key] = Sum()
        self.sums[key].add(plan)

    def json(self) -> Json:
        return {key: self.sums[key].json() for key in sorted(self.sums)}


class Truth:
    """Answers `GET /_testbed/truth`. `delivered` says whether CloudTrail ever shows a start."""

    def __init__(self, account: Account, delivered: Callable[[int], bool]) -> None:
        self._account = account
        self._delivered = delivered

    def between(self, since_ms: int, until_ms: int | None, *, undelivered: str | None = None) -> Json:
        """Everything that ended at or after `since_ms` and before `until_ms` (None: until now).

        `undelivered` names the user of queries whose event CloudTrail never delivers; None: the real one.
        """
        now = self._account.advance()
        until = now + 1 if until_ms is None else min(until_ms, now + 1)

        def user(plan: Plan) -> str:
            lost = undelivered is not None and not self._delivered(plan.number)
            return undelivered if lost and undelivered is not None else plan.principal.label

        return {
            **_sums(self._account.ended(since_ms, until), user),
            "running": sum(1 for _ in self._account.running(now)),
            "failed_starts": self._failed_starts(since_ms, until),
        }

    def _failed_starts(self, since_ms: int, until_ms: int) -> Json:
        by_workgroup: Counter[str] = Counter()
        by_error: Counter[str] = Counter()
        by_user: Counter[str] = Counter()
        delivered = 0
        for _, number in self._account.starts.between(since_ms, until_ms):
            if not self._account.refused(number):
                continue
            start = self._account.start(number)
            by_workgroup[start.slot.workgroup.name] += 1
            by_user[start.slot.principal.label] += 1
            by_error[start.refusal.code if start.refusal else UNKNOWN] += 1
            delivered += self._delivered(number)
        return {
            "total": by_error.total(),
            "delivered": delivered,
            "by_workgroup": dict(sorted(by_workgroup.items())),
            "by_user": dict(sorted(by_user.items())),
            "by_error": dict(sorted(by_error.items())),
        }


def database_label(plan: Plan) -> str:
    """The database that an observer should name: the context's, or `unknown`."""
    return plan.database or UNKNOWN


def _sums(plans: Iterable[Plan], user: Callable[[Plan], str]) -> Json:
    total = Sum()
    groups = {
        "by_workgroup": _Group(lambda plan: plan.workgroup),
        "by_user": _Group(user),
        "by_database": _Group(database_label),
        "by_state": _Group(lambda plan: plan.state.lower()),
        "by_client": _Group(lambda plan: plan.client),
        "by_statement_type": _Group(lambda plan: plan.shape.statement_type),
    }
    detail = _Group(lambda plan: (user(plan), plan.workgroup, database_label(plan), plan.state.lower()))
    workgroups = _Group(lambda plan: (plan.workgroup, plan.shape.statement_type, plan.state.lower()))
    tables: dict[str, _Table] = {}
    for plan in plans:
        total.add(plan)
        for group in (*groups.values(), detail, workgroups):
            group.add(plan)
        for name in plan.tables:
            table = tables.setdefault(name, _Table())
            table.queries += 1
            table.users.add(user(plan))
    return {
        **total.json(),
        **{name: group.json() for name, group in groups.items()},
        "by_table": {name: {"queries": t.queries, "users": len(t.users)} for name, t in sorted(tables.items())},
        "by_user_workgroup_database_state": _rows(detail, ("user", "workgroup", "database", "state")),
        "by_workgroup_statement_type_state": _rows(workgroups, ("workgroup", "statement_type", "state")),
    }


def _rows(group: _Group, names: tuple[str, ...]) -> list[Json]:
    return [{**dict(zip(names, key, strict=True)), **group.sums[key].json()} for key in sorted(group.sums)]
