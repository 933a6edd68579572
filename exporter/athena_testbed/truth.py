"""What really happened: the sums that an observer should arrive at, taken from the account's own memory.

Money follows Athena's price list: 10 MB minimum a query, rounded up to the MB (2^20), $5 per 2^40 bytes, DDL, failed
and reused queries free, cancelled ones billed, UTILITY free but for EXPLAIN ANALYZE, reservations not per byte.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from athena_testbed.account import Account
from athena_testbed.times import rfc3339
from athena_testbed.wire import Json
from athena_testbed.world.catalogue import MB, TB
from athena_testbed.world.plan import Plan
from athena_testbed.world.uses import databases
from athena_testbed.world.workloads import of_start

MINIMUM_MB = 10
NANO_USD_PER_TB = 5_000_000_000
UNATTRIBUTED = "unattributed"
UNKNOWN = "unknown"
MULTIPLE = "multiple"


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
    """Queries, bytes, money and time, added up in integers."""

    queries: int = 0
    scanned: int = 0
    billed: int = 0
    nano: int = 0
    engine_ms: int = 0

    def add(self, plan: Plan) -> None:
        """Count one finished query."""
        billed = billed_bytes(plan)
        self.queries += 1
        self.scanned += known_bytes(plan) or 0
        self.billed += billed
        self.nano += nano_usd(billed)
        self.engine_ms += plan.engine_ms if plan.statistics_after_ms is not None else 0

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
    """One table: queries that read it and their users, and queries by what they did with it."""

    queries: int = 0
    users: set[str] = field(default_factory=set)
    by_mode: Counter[str] = field(default_factory=Counter)

    def add(self, modes: set[str], user: str) -> None:
        """Count one query that touches the table in these modes."""
        self.by_mode.update(modes)
        if "read" in modes:
            self.queries += 1
            self.users.add(user)

    def json(self) -> Json:
        """As the control plane answers it."""
        return {"queries": self.queries, "users": len(self.users), "by_mode": dict(sorted(self.by_mode.items()))}


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
        return {
            **_sums(
                self._account.ended(since_ms, until),
                lambda plan: self._user(plan, undelivered),
                lambda plan: self._workload(plan, undelivered),
            ),
            "running": sum(1 for _ in self._account.running(now)),
            "failed_starts": self._failed_starts(since_ms, until),
        }

    def access(self, since_ms: int, until_ms: int | None, *, undelivered: str | None = None) -> list[Json]:
        """Every query x table x mode that ended at or after `since_ms` and before `until_ms`, oldest end first."""
        now = self._account.advance()
        until = now + 1 if until_ms is None else min(until_ms, now + 1)
        ended = sorted(self._account.ended(since_ms, until), key=lambda plan: (plan.ended_ms, plan.number))
        return [
            {
                "query_id": plan.query_id,
                "user": self._user(plan, undelivered),
                "workgroup": plan.workgroup,
                "state": plan.state.lower(),
                "ended_at": rfc3339(plan.ended_ms),
                "database": use.database,
                "table": use.table,
                "mode": use.mode,
                "via_view": use.via_view,
            }
            for plan in ended
            for use in plan.uses
        ]

    def _user(self, plan: Plan, undelivered: str | None) -> str:
        if undelivered is None or self._delivered(plan.number):
            return plan.principal.label
        return undelivered

    def _workload(self, plan: Plan, undelivered: str | None) -> str | None:
        """What the SQL's comment tells, else what the start's event does, to those who ever see it."""
        if plan.workload is not None or (undelivered is not None and not self._delivered(plan.number)):
            return plan.workload
        return of_start(plan.principal, plan.client)

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
    """The database that an observer should name: the one of the SQL's tables, else the context's, else `unknown`."""
    named = databases(plan.uses)
    if len(named) > 1:
        return MULTIPLE
    return next(iter(named), plan.database or UNKNOWN)


def _sums(plans: Iterable[Plan], user: Callable[[Plan], str], workload: Callable[[Plan], str | None]) -> Json:
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
    jobs = _Group(workload)
    works = _Group(lambda plan: (workload(plan), plan.client, plan.workgroup))
    tables: dict[str, _Table] = {}
    for plan in plans:
        total.add(plan)
        for group in (*groups.values(), detail, workgroups):
            group.add(plan)
        if workload(plan) is not None:
            jobs.add(plan)
            works.add(plan)
        for name, modes in _modes(plan).items():
            tables.setdefault(name, _Table()).add(modes, user(plan))
    return {
        **total.json(),
        **{name: group.json() for name, group in groups.items()},
        "by_table": {name: tables[name].json() for name in sorted(tables)},
        "by_workload": {name: _worked(jobs.sums[name]) for name in sorted(jobs.sums)},
        "by_user_workgroup_database_state": _rows(detail, ("user", "workgroup", "database", "state")),
        "by_workload_client_workgroup": [
            {**dict(zip(("workload", "client", "workgroup"), key, strict=True)), **_worked(works.sums[key])}
            for key in sorted(works.sums)
        ],
        "by_workgroup_statement_type_state": _rows(workgroups, ("workgroup", "statement_type", "state")),
    }


def _worked(found: Sum) -> Json:
    """A job's sums: the engine's time too, in milliseconds as Athena reports it."""
    return {**found.json(), "engine_ms": found.engine_ms}


def _modes(plan: Plan) -> dict[str, set[str]]:
    """Table -> what the query does with it."""
    found: dict[str, set[str]] = {}
    for use in plan.uses:
        found.setdefault(use.name, set()).add(use.mode)
    return found


def _rows(group: _Group, names: tuple[str, ...]) -> list[Json]:
    return [{**dict(zip(names, key, strict=True)), **group.sums[key].json()} for key in sorted(group.sums)]
