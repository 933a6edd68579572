"""One query's whole life, decided at its birth from (seed, number): what it asks, scans, and how it ends.

Stage: an arrival (number, who, when) -> **Plan** -> account.py shows as much of it as the clock allows.
"""

from dataclasses import dataclass, replace
from random import Random

from athena_testbed.settings import Settings
from athena_testbed.world import sql, writers
from athena_testbed.world.catalogue import GB, MB, TB, Workgroup
from athena_testbed.world.company import Company, Slot
from athena_testbed.world.failures import CANCEL_REASON, CUTOFF_REASON, Failure, choose_failure
from athena_testbed.world.people import Principal
from athena_testbed.world.statements import Library
from athena_testbed.world.uses import Use

QUEUE_CAP_MS = 600_000
ENGINE_CAP_MS = 1_800_000  # Athena's DML timeout: 30 minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A query from submission to end. Times are milliseconds; `*_ms` durations are already scaled.

    Attributes:
        number: its place in the account's stream.
        query_id: Athena's id of it.
        workgroup: the workgroup's name.
        database: the context's default database, None if the client gave none.
        home: the database of its tables.
        shape: what kind of statement it is.
        sql: its text, with places for literals that `Planner.text` fills.
        uses: what it does with which table.
        workload: the job that its SQL's comment tells.
        state: the final state: SUCCEEDED, FAILED or CANCELLED.
        scanned_bytes: None where Athena will report none.
        dpu_count: only on a capacity reservation.
        dropped: optional fields that Athena leaves out of this query's answers.
    """

    number: int
    query_id: str
    principal: Principal
    client: str
    workgroup: str
    database: str | None
    home: str
    shape: sql.Shape
    sql: str
    submitted_ms: int
    queue_ms: int
    planning_ms: int
    engine_ms: int
    preprocessing_ms: int
    service_ms: int
    state: str
    statistics_after_ms: int | None
    uses: tuple[Use, ...] = ()
    workload: str | None = None
    reason: str | None = None
    failure: Failure | None = None
    scanned_bytes: int | None = None
    dpu_count: float | None = None
    reused: bool | None = None
    dropped: frozenset[str] = frozenset()
    requeued: bool = False

    @property
    def total_ms(self) -> int:
        """From submission to end. Planning is a part of the engine's time."""
        return self.queue_ms + self.preprocessing_ms + self.engine_ms + self.service_ms

    @property
    def ended_ms(self) -> int:
        """When it ends."""
        return self.submitted_ms + self.total_ms

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables whose data it reads, as database.table, those behind views too."""
        return tuple(dict.fromkeys(use.name for use in self.uses if use.mode == "read"))

    def ended_at(self, at_ms: int) -> "Plan":
        """The same query, ended earlier (or later) than planned; the times still add up."""
        left = max(0, at_ms - self.submitted_ms)
        queue = min(self.queue_ms, left)
        preprocessing = min(self.preprocessing_ms, left - queue)
        service = min(self.service_ms, left - queue - preprocessing)
        engine = left - queue - preprocessing - service
        return replace(
            self, queue_ms=queue, preprocessing_ms=preprocessing, service_ms=service, engine_ms=engine,
            planning_ms=min(self.planning_ms, engine),
        )  # fmt: skip  # as short as it can be said

    def cancelled_at(self, at_ms: int) -> "Plan":
        """The same query, stopped by somebody: it has scanned a part of its bytes."""
        share = min(1.0, max(0, at_ms - self.submitted_ms) / max(1, self.total_ms))
        scanned = None if self.scanned_bytes is None else int(self.scanned_bytes * share)
        stopped = replace(
            self, state="CANCELLED", reason=CANCEL_REASON, failure=None, scanned_bytes=scanned, reused=None
        )
        return stopped.ended_at(at_ms)


@dataclass(frozen=True, slots=True)
class _Times:
    queue: int
    planning: int
    engine: int
    preprocessing: int
    service: int


@dataclass(frozen=True, slots=True)
class _Weight:
    scanned_bytes: int | None
    engine_ms: int
    reused: bool | None = None
    dpu_count: float | None = None


class Planner:
    """Makes plans; the same number always gives the same plan."""

    def __init__(self, company: Company, settings: Settings) -> None:
        self._company = company
        self._settings = settings
        self._library = Library(company, settings.seed)

    def plan(self, number: int, query_id: str, slot: Slot, submitted_ms: int) -> Plan:
        """The life of query `number`, submitted by the slot's principal in the slot's workgroup."""
        rng = Random(self._settings.seed << 72 | number << 8 | 1)
        client = slot.principal.clients[0] if rng.random() < 0.75 else rng.choice(slot.principal.clients)
        statement = self._library.choose(rng, slot.principal, client)
        times = self._times(rng)
        after, dropped, requeued = self._statistics_after(rng), _dropped(rng), rng.random() < 0.005
        weight = self._weight(rng, statement.shape, slot, times.engine)
        plan = Plan(
            number=number, query_id=query_id, principal=slot.principal, client=client,
            workgroup=slot.workgroup.name, home=statement.home, shape=statement.shape, sql=statement.template,
            database=statement.database, uses=statement.uses, workload=statement.workload,
            submitted_ms=submitted_ms, queue_ms=times.queue, planning_ms=times.planning, engine_ms=weight.engine_ms,
            preprocessing_ms=times.preprocessing, service_ms=times.service, state="SUCCEEDED",
            statistics_after_ms=after, dropped=dropped, requeued=requeued,
            scanned_bytes=weight.scanned_bytes, reused=weight.reused, dpu_count=weight.dpu_count,
        )  # fmt: skip  # as short as it can be said
        return self._fated(rng, plan, slot.workgroup)

    def text(self, plan: Plan) -> str:
        """The SQL of a plan: what somebody gave stays as it is, for it holds no places."""
        return writers.filled(Random(self._settings.seed << 72 | plan.number << 8 | 2), plan.sql)

    def _times(self, rng: Random) -> _Times:
        scale = self._settings.time_scale
        stuck = rng.expovariate(1 / 40_000) if rng.random() < 0.02 else 0.0
        queue = min(QUEUE_CAP_MS, rng.expovariate(1 / 150) + stuck)
        engine = min(ENGINE_CAP_MS, rng.lognormvariate(6.9, 0.8))
        return _Times(
            queue=int(queue * scale),
            planning=int(engine * rng.uniform(0.02, 0.3) * scale),
            engine=max(1, int(engine * scale)),
            preprocessing=int(rng.uniform(20, 90) * scale),
            service=int(rng.uniform(5, 120) * scale),
        )

    def _statistics_after(self, rng: Random) -> int | None:
        if rng.random() < self._settings.missing_statistics:
            return None
        latest = self._settings.statistics_delay.total_seconds() * 1000
        return int(rng.random() * latest) if rng.random() < 0.3 else 0

    def _weight(self, rng: Random, shape: sql.Shape, slot: Slot, engine_ms: int) -> _Weight:
        """What it scans: heavy-tailed, some nothing, some below the 10 MB minimum."""
        if not shape.reads:
            none = shape.statement_type == "DDL" or rng.random() < 0.5
            return _Weight(None if none else 0, engine_ms)
        chance = rng.random()
        size = 0 if chance < 0.05 else int(rng.lognormvariate(19.0, 2.4) * slot.principal.scan_factor)
        size = min(size, 6 * TB)
        longer = min(ENGINE_CAP_MS, engine_ms + int(size / (2 * GB) * 1000 * self._settings.time_scale))
        reused = size > 0 and shape.substatement == "SELECT" and rng.random() < 0.04
        return _Weight(
            scanned_bytes=0 if reused else size,
            reused=reused if reused or rng.random() < 0.5 else None,
            engine_ms=engine_ms if reused else longer,
            dpu_count=float(rng.choice((4, 8, 16, 24))) if slot.workgroup.reserved else None,
        )

    def _fated(self, rng: Random, plan: Plan, workgroup: Workgroup) -> Plan:
        """With its end: the workgroup's limit, a failure, somebody's Ctrl-C, or success."""
        cutoff = workgroup.cutoff_bytes
        if cutoff is not None and (plan.scanned_bytes or 0) > cutoff:
            over = cutoff + rng.randrange(64 * MB)
            return replace(plan, state="CANCELLED", reason=CUTOFF_REASON, scanned_bytes=over)
        chance = rng.random()
        if plan.reused or chance > 0.08:
            return plan
        if chance < 0.055:
            return _failed(rng, plan)
        return _cancelled(rng, plan)


def _failed(rng: Random, plan: Plan) -> Plan:
    failure = choose_failure(rng)
    scanned = plan.scanned_bytes
    if failure.early or not plan.shape.reads:
        scanned = None if rng.random() < 0.5 else 0
    return replace(plan, state="FAILED", failure=failure, scanned_bytes=scanned, reused=None)


def _cancelled(rng: Random, plan: Plan) -> Plan:
    """Stopped by a person: in the queue already (nothing was scanned, nothing is said) or while it ran."""
    if rng.random() < 0.2:
        return replace(
            plan, state="CANCELLED", reason=CANCEL_REASON, scanned_bytes=None, engine_ms=0, planning_ms=0, reused=None
        )
    return plan.cancelled_at(plan.submitted_ms + int(plan.total_ms * rng.uniform(0.3, 0.95)))


_OPTIONAL = (
    "planning",
    "service",
    "preprocessing",
    "manifest",
    "engine_version",
    "reuse_setting",
    "catalog",
    "substatement",
)


def _dropped(rng: Random) -> frozenset[str]:
    bits = rng.getrandbits(16)
    return frozenset(name for place, name in enumerate(_OPTIONAL) if bits >> 2 * place & 3 == 0)
