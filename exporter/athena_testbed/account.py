"""The account over time: who has started what until now, and how far each query has come.

Stage: arrivals and plans -> **account** -> athena.py, cloudtrail.py, truth.py show it. Arrivals become part of the
account only when somebody looks, so an idle testbed does nothing. Callers hold `lock` around what belongs together.
"""

from array import array
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from threading import RLock

from athena_testbed.ids import Ids
from athena_testbed.settings import Settings
from athena_testbed.timeindex import TimeIndex
from athena_testbed.world.arrivals import MINUTE_MS, Arrival, Arrivals
from athena_testbed.world.company import Company, Slot
from athena_testbed.world.failures import Refusal, choose_refusal
from athena_testbed.world.plan import ENGINE_CAP_MS, QUEUE_CAP_MS, Plan, Planner

HISTORY_MS = 45 * 86_400_000
"""How long Athena keeps a query in its history."""
DAY_MS = 86_400_000
SEEN_MS = 91 * DAY_MS
"""What lies further back nobody can look at query by query: Athena forgets after 45 days, CloudTrail after 90."""
ECHO_MS = 28 * DAY_MS
"""Further back these first four weeks repeat, so that a history of a year costs no more than one of three months."""
_REMEMBERED_PLANS = 100_000
_QUIESCE_MS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One StartQueryExecution, accepted or refused; `event_delay_ms` overrides CloudTrail's own delay."""

    number: int
    slot: Slot
    client: str
    submitted_ms: int
    refusal: Refusal | None
    event_delay_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """What `quiesce` promises, in milliseconds: nothing ends after `last_completion_ms`, and so on."""

    quiesced_ms: int
    last_completion_ms: int | None


class Account:
    """One Region of the account. `clock` gives milliseconds since 1970.

    Attributes:
        changed: numbers of queries whose end was moved after they had begun, in the order in which it happened.
        history_ms: when the history begins.
        echo_ms: before this time, a midnight, the history repeats; `history_ms` where nothing does.
    """

    def __init__(self, company: Company, settings: Settings, clock: Callable[[], int]) -> None:
        self.company = company
        self.settings = settings
        self.lock = RLock()
        self.starts = TimeIndex()
        self.deleted: dict[str, int] = {}
        self.changed: list[int] = []
        self.skew_ms = 0
        self._clock = clock
        self._ids = Ids(settings.seed, f"query/{settings.region}")
        self._planner = Planner(company, settings)
        self._arrivals = Arrivals(company, settings)
        self._slots = array("H")
        self._submitted = array("q")
        self._refused: dict[int, Refusal] = {}
        self._by_workgroup = {name: TimeIndex() for name in company.workgroups}
        self._plans: OrderedDict[int, Plan] = OrderedDict()
        self._fixed: dict[int, Plan] = {}
        self._delays: dict[int, int] = {}
        self._longest_ms = int((QUEUE_CAP_MS + 2 * ENGINE_CAP_MS + 1000) * max(1.0, settings.time_scale))
        self._live = 0
        self._quiet: Quiet | None = None
        self.began_ms = self.now_ms()
        self.history_ms, self.echo_ms = self._borders()
        self._coming: deque[Arrival] = deque()
        self._next_minute = self.began_ms // MINUTE_MS * MINUTE_MS
        self._read_history()

    def now_ms(self) -> int:
        """The account's own clock, milliseconds since 1970."""
        return self._clock() + self.skew_ms + int(self.settings.clock_skew.total_seconds() * 1000)

    def advance(self) -> int:
        """Let everything arrive that is due; answers the account's time."""
        now = self.now_ms()
        while self._next_minute <= now:
            self._coming.extend(self._arrivals.minute(self._next_minute, past=False))
            self._next_minute += MINUTE_MS
        while self._coming and self._coming[0].at_ms <= now:
            arrival = self._coming.popleft()
            if arrival.at_ms >= self.began_ms and self._open():
                self._live += not self.refused(self._admit(arrival))
        return now

    def _open(self) -> bool:
        limit = self.settings.max_queries
        return self._quiet is None and (limit is None or self._live < limit)

    @property
    def exhausted(self) -> bool:
        """Whether `max_queries` new queries have arrived."""
        return self.settings.max_queries is not None and self._live >= self.settings.max_queries

    @property
    def size(self) -> int:
        """How many starts there have been, refused ones included: the next one's number."""
        return len(self._submitted)

    def _borders(self) -> tuple[int, int]:
        since = self.began_ms - int(self.settings.history.total_seconds() * 1000)
        border = (self.began_ms - SEEN_MS) // DAY_MS * DAY_MS
        return (since, since) if since >= border else (since // DAY_MS * DAY_MS, border)

    def echoed(self, at_ms: int) -> int:
        """How much later the query of this time really ran: 0 unless it is one of those that repeat."""
        return -(-(self.echo_ms - at_ms) // ECHO_MS) * ECHO_MS if self.history_ms <= at_ms < self.echo_ms else 0

    def _read_history(self) -> None:
        repeats = self.history_ms < self.echo_ms
        since = self.echo_ms - self._longest_ms if repeats else self.history_ms
        for minute in range(since // MINUTE_MS * MINUTE_MS, self.began_ms, MINUTE_MS):
            for arrival in self._arrivals.minute(minute, past=True):
                if since <= arrival.at_ms < self.began_ms:
                    self._admit(arrival)

    def _admit(self, arrival: Arrival) -> int:
        slot = self.company.slots[arrival.slot]
        number = self._enter(arrival.at_ms, arrival.slot)
        gone = slot.workgroup.name in self.deleted
        if gone or arrival.refused:
            self._refused[number] = _no_workgroup(slot) if gone else choose_refusal(Random(number))
        else:
            self._by_workgroup[slot.workgroup.name].add(arrival.at_ms, number)
        return number

    def _enter(self, at_ms: int, slot: int) -> int:
        number = len(self._submitted)
        self._submitted.append(at_ms)
        self._slots.append(slot)
        self.starts.add(at_ms, number)
        return number

    def start(self, number: int) -> Start:
        """Who started query `number`, and when."""
        fixed = self._fixed.get(number)
        slot = self.company.slots[self._slots[number]]
        if fixed is not None and fixed.workgroup != slot.workgroup.name:
            slot = replace(slot, workgroup=self.company.workgroups[fixed.workgroup])
        refusal = self._refused.get(number)
        return Start(
            number=number,
            slot=slot,
            client=slot.principal.clients[0] if refusal else self.plan(number).client,
            submitted_ms=self._submitted[number],
            refusal=refusal,
            event_delay_ms=self._delays.get(number),
        )

    def submitted_ms(self, number: int) -> int:
        """When `number` was submitted."""
        return self._submitted[number]

    def event_delay_ms(self, number: int) -> int | None:
        """The delay of its event where somebody fixed one, else None."""
        return self._delays.get(number)

    def refused(self, number: int) -> bool:
        """Whether Athena refused this start: then it is no query."""
        return number in self._refused

    def plan(self, number: int) -> Plan:
        """The life of query `number`."""
        if number in self._fixed:
            return self._fixed[number]
        plan = self._plans.get(number)
        if plan is None:
            slot = self.company.slots[self._slots[number]]
            plan = self._planner.plan(number, self._ids.of(number), slot, self._submitted[number])
            self._plans[number] = plan
            if len(self._plans) > _REMEMBERED_PLANS:
                self._plans.popitem(last=False)
        return plan

    def text(self, plan: Plan) -> str:
        """The SQL of a query."""
        return self._planner.text(plan)

    def query_id(self, number: int) -> str:
        """The id of query `number`."""
        return self._ids.of(number)

    def find(self, query_id: str, now: int) -> Plan | None:
        """The query of an id as Athena still knows it: not one of the future, older than 45 days, or deleted."""
        number = self._ids.number(query_id)
        if number is None or number >= len(self._submitted) or number in self._refused:
            return None
        if not now - HISTORY_MS <= self._submitted[number] <= now:
            return None
        plan = self.plan(number)
        return None if plan.workgroup in self.deleted else plan

    def workgroup(self, name: str) -> TimeIndex | None:
        """The queries of a workgroup by submission; None if there is no such workgroup."""
        return None if name in self.deleted else self._by_workgroup.get(name)

    def ended(self, since_ms: int, until_ms: int) -> Iterator[Plan]:
        """Queries that ended at or after `since_ms` and before `until_ms` (up to now)."""
        if self.history_ms < self.echo_ms:
            yield from self._repeated(max(since_ms, self.history_ms), min(until_ms, self.echo_ms))
            since_ms = max(since_ms, self.echo_ms)
        for plan in self._overlapping(since_ms, until_ms):
            if since_ms <= plan.ended_ms < until_ms:
                yield plan

    def _repeated(self, since_ms: int, until_ms: int) -> Iterator[Plan]:
        while since_ms < until_ms:
            later = self.echoed(since_ms)
            until = min(until_ms, self.echo_ms + ECHO_MS - later)
            for plan in self.ended(since_ms + later, until + later):
                yield replace(plan, submitted_ms=plan.submitted_ms - later)
            since_ms = until

    def running(self, now: int) -> Iterator[Plan]:
        """Queries submitted and not yet ended."""
        for plan in self._overlapping(now, now + 1):
            if plan.ended_ms > now:
                yield plan

    def _overlapping(self, since_ms: int, until_ms: int) -> Iterator[Plan]:
        for _, number in self.starts.between(since_ms - self._longest_ms, until_ms):
            if number not in self._refused:
                yield self.plan(number)

    def add(self, plan: Plan, event_delay_ms: int | None = None) -> Plan:
        """Add one query exactly as given (but for its number and id); answers it as it was added."""
        place = next(
            place for place, slot in enumerate(self.company.slots)
            if slot.principal.label == plan.principal.label
        )  # fmt: skip  # one condition
        number = self._enter(plan.submitted_ms, place)
        added = replace(plan, number=number, query_id=self._ids.of(number))
        self._fixed[number] = added
        self._by_workgroup[added.workgroup].add(added.submitted_ms, number)
        self._longest_ms = max(self._longest_ms, added.total_ms)
        if event_delay_ms is not None:
            self._delays[number] = event_delay_ms
        return added

    def refuse(self, plan: Plan, refusal: Refusal) -> None:
        """Record a start that Athena refused: it has an event and no query."""
        added = self.add(replace(plan, workgroup=plan.workgroup))
        self._by_workgroup[added.workgroup].discard(added.submitted_ms, added.number)
        self._refused[added.number] = refusal

    def stop(self, plan: Plan, now: int) -> None:
        """Stop a query now; one that has ended stays as it is."""
        if plan.ended_ms > now:
            self._fixed[plan.number] = plan.cancelled_at(now)
            self.changed.append(plan.number)

    def quiesce(self) -> Quiet:
        """Let nothing arrive any more, and let what runs end within a second. Asking twice changes nothing."""
        now = self.advance()
        if self._quiet is None:
            self._quiet = Quiet(quiesced_ms=now, last_completion_ms=None)
        for plan in list(self.running(now)):
            latest = now + 1 + Random(plan.number).randrange(_QUIESCE_MS)
            if plan.ended_ms > latest:
                self._fixed[plan.number] = plan.ended_at(latest)
                self.changed.append(plan.number)
        ends = [plan.ended_ms for plan in self._overlapping(now - self._longest_ms, now + 1)]
        self._quiet = replace(self._quiet, last_completion_ms=max(ends, default=None))
        return self._quiet

    def resume(self) -> None:
        """Let queries arrive again, from now on."""
        self.advance()
        self._quiet = None

    def delete_workgroup(self, name: str) -> bool:
        """Delete a workgroup with its history; its running queries are stopped. False if there is none."""
        if self.workgroup(name) is None:
            return False
        now = self.advance()
        for plan in list(self.running(now)):
            if plan.workgroup == name:
                self.stop(plan, now)
        self.deleted[name] = now
        return True


def _no_workgroup(slot: Slot) -> Refusal:
    return Refusal(code="InvalidRequestException", message=f"WorkGroup {slot.workgroup.name} is not found.", weight=0)
