"""The samples, day by day (UTC) of the queries' ends, built when somebody first asks for the day.

Stage: account.py -> **days** -> operations.py. A query's samples appear `cloudwatch_delay` after its end. What the
account's history repeats (see `account.ECHO_MS`) shares one day here. Callers hold the account's lock.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import TypeAlias

from athena_testbed.account import DAY_MS, Account
from athena_testbed.cloudwatch.series import QUERY_METRICS, Gauge, Key, Query, Sample, Source, key_of, sample_of
from athena_testbed.cloudwatch.statistics import Cell
from athena_testbed.reservations import CREATED_MS, DPUS
from athena_testbed.world.arrivals import MINUTE_MS
from athena_testbed.world.plan import Plan

DAY_MINUTES = 1440
STEPS = (DAY_MINUTES, 60)
"""How many minutes a remembered cell spans, the longest first."""
_FAR_MS = 2**62
_MISSING = -1
_CODES = ("q", "i", "i", "i", "i", "i", "i", "i")
"""Machine types of QUERY_METRICS: bytes need eight bytes, all else four."""

GaugeKey: TypeAlias = tuple[str, str]
Minutes: TypeAlias = Counter[int]
"""Minute -> a whole number: active queries, or DPUs times milliseconds."""


class Column:
    """The samples of one finest series on one day, by minute of the day."""

    def __init__(self) -> None:
        self.minutes = array("H")
        self.present = [0] * len(QUERY_METRICS)
        self._values = tuple(array(code) for code in _CODES)

    def add(self, minute: int, sample: Sample) -> None:
        """Put a query in its place, mostly at the end. An array stays empty as long as it would hold no value."""
        place = bisect_right(self.minutes, minute)
        present, count = self.present, len(self.minutes)
        for metric, value in enumerate(sample):
            if value is not None:
                if not present[metric]:
                    self._values[metric].extend([_MISSING] * count)
                present[metric] += 1
                self._values[metric].insert(place, value)
            elif present[metric]:
                self._values[metric].insert(place, _MISSING)
        self.minutes.insert(place, minute)

    def between(self, metric: int, since: int, until: int) -> Iterator[tuple[int, int]]:
        """Minute and value of every sample at or after the minute `since` and before `until`."""
        if not self.present[metric]:
            return iter(())
        low, high = bisect_left(self.minutes, since), bisect_left(self.minutes, until)
        pairs = zip(self.minutes[low:high], self._values[metric][low:high], strict=True)
        return pairs if self.present[metric] == len(self.minutes) else (pair for pair in pairs if pair[1] != _MISSING)

    def has(self, since: int, until: int) -> bool:
        """Whether a query ended at or after the minute `since` and before `until`."""
        return bisect_left(self.minutes, since) < bisect_left(self.minutes, until)


@dataclass(slots=True)
class Day:
    """One day's samples. The minutes of gauges count from its midnight; negative ones belong to the day before."""

    columns: dict[Key, Column] = field(default_factory=dict)
    gauges: dict[GaugeKey, Minutes] = field(default_factory=dict)
    cells: dict[tuple[Query, int], Mapping[int, Cell]] = field(default_factory=dict)

    def add(self, plan: Plan, midnight_ms: int, *, is_published: bool) -> None:
        """Count one query that ended on this day."""
        self.cells.clear()
        if is_published:
            key = key_of(plan)
            column = self.columns.get(key) or self.columns.setdefault(key, Column())
            column.add((plan.ended_ms - midnight_ms) // MINUTE_MS, sample_of(plan))
        for gauge, minute, amount in occupied(plan):
            offset = minute - midnight_ms // MINUTE_MS
            if offset >= -DAY_MINUTES:
                self.gauges.setdefault(gauge, Counter())[offset] += amount

    def values(self, source: Query, since: int = 0, until: int = DAY_MINUTES) -> Iterator[tuple[int, int]]:
        """Minute and value of every sample of a series."""
        for column in self._columns(source.key):
            yield from column.between(source.metric, since, until)

    def _columns(self, wanted: Key) -> list[Column]:
        if not wanted.workgroup:
            return [column for key, column in self.columns.items() if wanted.covers(key)]
        found = (self.columns.get(key) for key in wanted.parts())
        return [column for column in found if column is not None]


def occupied(plan: Plan) -> Iterator[tuple[GaugeKey, int, int]]:
    """What a query takes of quota and reservation: key, minute since 1970, amount."""
    if plan.dpu_count is None:
        for minute in range(-(-plan.submitted_ms // MINUTE_MS), (plan.ended_ms - 1) // MINUTE_MS + 1):
            yield ("active", plan.shape.statement_type), minute, 1
        return
    until = plan.ended_ms - plan.service_ms
    since = until - plan.engine_ms
    for minute in range(since // MINUTE_MS, (until - 1) // MINUTE_MS + 1):
        overlap = min(until, (minute + 1) * MINUTE_MS) - max(since, minute * MINUTE_MS)
        yield ("consumed", plan.workgroup), minute, int(plan.dpu_count) * overlap


class Days:
    """All samples that CloudWatch has at the moment of the last `refresh`.

    Attributes:
        now_ms: the account's time at that moment.
        version: another number after each query that was counted.
    """

    def __init__(self, account: Account, delay_ms: int) -> None:
        self._account = account
        self._delay_ms = delay_ms
        self._days: dict[int, Day] = {}
        self._waiting: list[tuple[int, int]] = []
        self._live: dict[GaugeKey, Minutes] | None = None
        self._gauge_cells: dict[tuple[Gauge, int, int], Mapping[int, Cell]] = {}
        self._known = self._moved = self._first_border = 0
        self._border = 0
        self.now_ms = 0
        self.version = 0

    @property
    def until_minute(self) -> int:
        """The first minute that CloudWatch doesn't have in full."""
        return self._border // MINUTE_MS

    def refresh(self) -> None:
        """Take in what has ended and become visible since the last time."""
        self.now_ms = self._account.advance()
        self._border = max(self._border, self.now_ms - self._delay_ms + 1)
        if not self._first_border:
            self._begin()
        self._await_new()
        while self._waiting and self._waiting[0][0] < self._border:
            ended_ms, number = heappop(self._waiting)
            plan = self._account.plan(number)
            if plan.ended_ms == ended_ms:  # else its end was moved, and it waits there too
                self._take(plan)
        self._live = None

    def _begin(self) -> None:
        self._first_border = self._border
        self._known, self._moved = self._account.size, len(self._account.changed)
        self._waiting = [(plan.ended_ms, plan.number) for plan in self._account.ended(self._border, _FAR_MS)]
        heapify(self._waiting)

    def _await_new(self) -> None:
        """Queue what was started, and what got another end, since the last time."""
        account = self._account
        numbers = {*range(self._known, account.size), *account.changed[self._moved :]}
        self._known, self._moved = account.size, len(account.changed)
        for number in sorted(numbers):
            if not account.refused(number):
                heappush(self._waiting, (account.plan(number).ended_ms, number))

    def _take(self, plan: Plan) -> None:
        """Count a query; one that ended before the first call is found when its day is built, unless that is done."""
        number = plan.ended_ms // DAY_MS
        if plan.ended_ms < self._account.echo_ms or (plan.ended_ms < self._first_border and number not in self._days):
            return
        self._add(self.day(number), number, plan)

    def _add(self, day: Day, number: int, plan: Plan) -> None:
        self.version += 1
        is_published = self._account.company.workgroups[plan.workgroup].publishes
        if number < self._newest_whole_day:
            self._gauge_cells.clear()
        day.add(plan, number * DAY_MS, is_published=is_published)

    @property
    def _newest_whole_day(self) -> int:
        """No query that is still to be taken in reaches back into this day, unless somebody adds one from the past."""
        return self._border // DAY_MS - 2

    def _of_waiting(self, key: GaugeKey) -> Minutes:
        """What queries take that are still running, or ended too lately to be seen."""
        if self._live is None:
            self._live = {}
            for ended_ms, number in self._waiting:
                plan = self._account.plan(number)
                for gauge, minute, amount in occupied(plan) if plan.ended_ms == ended_ms else ():
                    self._live.setdefault(gauge, Counter())[minute] += amount
        return self._live.get(key, Counter())

    def day(self, number: int) -> Day:
        """The day of this number (days since 1970); one that the history repeats is the day that it repeats."""
        number += self._account.echoed(number * DAY_MS) // DAY_MS
        if number not in self._days:
            day = self._days[number] = Day()
            until = min((number + 1) * DAY_MS, self._first_border)
            for plan in sorted(self._account.ended(number * DAY_MS, until), key=lambda plan: plan.ended_ms):
                self._add(day, number, plan)
        return self._days[number]

    def gauge(self, key: GaugeKey, number: int) -> Minutes:
        """A gauge's minutes of one day that hold anything, counted from its midnight."""
        found: Minutes = Counter()
        for later in (0, 1):
            for minute, amount in self.day(number + later).gauges.get(key, {}).items():
                found[minute + later * DAY_MINUTES] += amount
        for minute, amount in self._of_waiting(key).items():
            found[minute - number * DAY_MINUTES] += amount
        limit = min(DAY_MINUTES, self.until_minute - number * DAY_MINUTES)
        return Counter({minute: amount for minute, amount in found.items() if 0 <= minute < limit})

    def cells(self, source: Source, number: int, step: int) -> Mapping[int, Cell]:
        """A whole day of a series in cells of `step` minutes (one of STEPS), by the cell's number."""
        if isinstance(source, Query):
            day = self.day(number)
            if (source, step) not in day.cells:
                day.cells[source, step] = _folded(day.values(source), step)
            return day.cells[source, step]
        known = self._gauge_cells.get((source, step, number))
        if known is None:
            known = _folded(self.values(source, number), step)
            if number < self._newest_whole_day:
                self._gauge_cells[source, step, number] = known
        return known

    def values(
        self, source: Source, number: int, since: int = 0, until: int = DAY_MINUTES
    ) -> Iterator[tuple[int, float]]:
        """Minute of the day and value of every sample of a series at or after `since` and before `until`."""
        if isinstance(source, Query):
            return self.day(number).values(source, since, until)
        minutes = range(since, min(until, self.until_minute - number * DAY_MINUTES))
        if source.kind == "active":
            found = self.gauge(("active", source.of), number)
            return ((minute, found[minute]) for minute in minutes if minute in found)
        first = CREATED_MS // MINUTE_MS - number * DAY_MINUTES
        held = range(max(since, first), minutes.stop)
        if source.kind == "allocated":
            return ((minute, DPUS) for minute in held)
        return self._consumed(source, number, held)

    def _consumed(self, source: Gauge, number: int, minutes: range) -> Iterator[tuple[int, float]]:
        """DPUs in use, the mean of each minute: no more than the reservation has."""
        names = [name for name, workgroup in self._account.company.workgroups.items() if workgroup.reserved]
        found: Minutes = Counter()
        for name in names:
            if source.of in {"", name}:
                found.update(self.gauge(("consumed", name), number))
        return ((minute, min(DPUS, found[minute] / MINUTE_MS)) for minute in minutes)


def _folded(values: Iterator[tuple[int, float]], step: int) -> dict[int, Cell]:
    cells: defaultdict[int, Cell] = defaultdict(Cell)
    for minute, value in values:
        cells[minute // step].add(value)
    return dict(cells)
