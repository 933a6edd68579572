"""The brute-force count of budgets: what everybody has used, from everything ever delivered, with loops only.

It shares no code with the product's budgets: windows are asked by comparing local dates, patterns by hand.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from oracle import Oracle

from athena_exporter.budgets import Amount, Budget, Calendar, Match, Per, Period, Rolling, Unit
from athena_exporter.pricing import Prices, billed_bytes, cost_nanousd
from athena_exporter.records import Batch, Identity, QueryExecution, Record, StartedQuery, epoch_ms

PRICES = Prices(usd_per_tb=Decimal(5), tb_bytes=2**40, minimum_bytes=10 * 2**20)
COMPONENTS = {"primary": "shared", "etl": "loading"}
_ROLES = {"ann": "analyst", "bob": "analyst", "cyd": "loader", "dan": None}


def budget(
    name: str, per: Per, window: Calendar | Rolling, unit: Unit = Unit.BYTES, **match: tuple[str, ...]
) -> Budget:
    limit = Amount(unit=unit, value=10**12)
    return Budget(name=name, per=per, window=window, limit=limit, match=Match(**match))


BUDGETS = (
    budget("a", Per.USER, Calendar(period=Period.DAY, zone="Europe/Berlin")),
    budget("b", Per.WORKGROUP, Calendar(period=Period.MONTH), Unit.USD),
    budget("c", Per.ROLE, Rolling(length=timedelta(hours=24))),
    budget("d", Per.USER, Rolling(length=timedelta(hours=1)), workgroup=("et*",)),
    budget("e", Per.WORKLOAD, Calendar(period=Period.DAY, zone="Asia/Kolkata"), Unit.USD),
    budget("f", Per.COMPONENT, Calendar(period=Period.WEEK, zone="America/St_Johns")),
    budget("g", Per.WORKGROUP, Calendar(period=Period.DAY, zone="Pacific/Apia"), user=("ann", "c?d")),
    budget("h", Per.USER, Rolling(length=timedelta(days=7)), Unit.USD, database=("sales",), user=("[ab]*",)),
    budget("i", Per.WORKGROUP, Rolling(length=timedelta(days=3)), database=("unknown", "w*b")),
    budget("j", Per.USER, Calendar(period=Period.WEEK), client=("client-of-b*",), role=("analyst",)),
    budget("k", Per.ROLE, Calendar(period=Period.DAY), role=("load*",)),
)
"""One of each kind; zones that are set forward while the universe lasts, and some half an hour off."""


def adapted(batch: Batch) -> Batch:
    """The batch with roles and workloads, which the universe has none of."""
    return replace(batch, records=tuple(map(_adapt, batch.records)))


def _adapt(record: Record) -> Record:
    if isinstance(record, StartedQuery):
        role = _ROLES[record.identity.user]
        who = Identity(user=record.identity.user, role=role, kind=record.identity.kind, client=record.identity.client)
        return replace(record, identity=who, workload=_told_by_the_tool(record.query_id))
    if isinstance(record, QueryExecution):
        return replace(record, workload=_told_by_the_sql(record.query_id))
    return record


def _told_by_the_tool(query_id: str) -> str | None:
    return "tool:job" if int(query_id[-1]) % 3 else None


def _told_by_the_sql(query_id: str) -> str | None:
    return "sql:job" if int(query_id[-1]) % 2 else None


@dataclass
class Spending(Oracle):
    """What was delivered, and what was forgotten since: a pruned query never finds its user."""

    gone: set[str] = field(default_factory=set)

    def _start(self, start: StartedQuery) -> None:
        if start.query_id not in self.gone:
            super()._start(start)

    def pruned(self, low_water: datetime) -> None:
        """The ledger has forgotten what ended before its new mark and was decided."""
        self.low_water = low_water
        decided = self.who.keys() | self.given_up
        self.gone |= {q for q, e in self.counted.items() if e.counted_at < low_water and q in decided}

    def used(self, one: Budget, now: datetime, since: datetime | None = None) -> dict[str, int]:
        """Subject -> what its queries came to in the window of `now`, only those that ended from `since` on."""
        found: dict[str, int] = {}
        for query_id, execution in self.counted.items():
            subject = self._subject(one, query_id, execution)
            if subject is None or not _is_in(one.window, execution.counted_at, now):
                continue
            if since is None or execution.counted_at >= since:
                found[subject] = found.get(subject, 0) + _amount(one, execution)
        return found

    def _subject(self, one: Budget, query_id: str, execution: QueryExecution) -> str | None:
        user = self.who.get(query_id)
        told = {
            "user": user,
            "role": _ROLES[user] if user else None,
            "client": f"client-of-{user}" if user else None,
            "workgroup": execution.workgroup,
            "database": execution.database or "unknown",
        }
        for name, value in told.items():
            patterns = getattr(one.match, name)
            if patterns and not (value is not None and any(fnmatchcase(value, pattern) for pattern in patterns)):
                return None
        if one.per is Per.COMPONENT:
            return COMPONENTS[execution.workgroup]
        if one.per is Per.WORKLOAD:
            return _told_by_the_sql(query_id) or (_told_by_the_tool(query_id) if user else None)
        return told[one.per.value]


def _amount(one: Budget, execution: QueryExecution) -> int:
    if one.limit.unit is Unit.BYTES:
        return execution.scanned_bytes or 0
    billed = billed_bytes(execution, PRICES)
    return 0 if billed is None else cost_nanousd(billed, PRICES)


def _is_in(window: Calendar | Rolling, at: datetime, now: datetime) -> bool:
    if isinstance(window, Rolling):
        part = 300_000 if window.length <= timedelta(days=2) else 3_600_000
        age = epoch_ms(now) // part - epoch_ms(at) // part
        return 0 <= age < window.length // timedelta(milliseconds=part)
    then, today = (moment.astimezone(ZoneInfo(window.zone)).date() for moment in (at, now))
    match window.period:
        case Period.DAY:
            return then == today
        case Period.WEEK:
            return then.isocalendar()[:2] == today.isocalendar()[:2]
        case Period.MONTH:
            return (then.year, then.month) == (today.year, today.month)
