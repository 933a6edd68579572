"""What capacity reservations held, what running queries used of it, and what nobody used, minute by minute.

Stage: CloudWatch DPUAllocated, DPUConsumed -> **capacity** -> records. Athena's documentation calls the dimension
`CapacityReservation`; what it publishes has been seen with a space in it, so both are understood.
https://docs.aws.amazon.com/athena/latest/ug/query-metrics-viewing.html
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from athena_exporter.costs.plan import Want, pack
from athena_exporter.records import CapacityMinutes
from athena_exporter.sources.answers import Clock
from athena_exporter.sources.cloudwatch.data import MINUTE, Points, Question, Reading, read
from athena_exporter.sources.cloudwatch.positions import LONGEST, RETENTION, Stretch, slices
from athena_exporter.sources.cloudwatch.series import NAMESPACE, Listing, list_metrics
from athena_exporter.sources.errors import GarbledAnswerError
from athena_exporter.sources.session import CloudWatchApi
from athena_exporter.sources.text import clean

LOOK_EVERY = timedelta(hours=1)
"""The pause between two looks for a reservation while there is none."""
SPELLINGS = ("Capacity Reservation", "CapacityReservation")
"""The dimension's names, the likelier one first."""

_ALLOCATED, _CONSUMED = "DPUAllocated", "DPUConsumed"
# A level, however often a minute it is published.
_LEVEL = "Average"
_MINUTE_MS = 60_000
_CURSOR = "capacity:"
# Before the position of a reservation of which no minute was counted yet.
_NEW = "new "


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a batch: records, and the cursors that move with them."""

    observed_at: datetime
    records: tuple[CapacityMinutes, ...] = ()
    cursors: Mapping[str, str] = field(default_factory=dict)
    malformed: int = 0


@dataclass(slots=True, kw_only=True)
class _Reservation:
    """One reservation: the metric of what it holds, if there is one, and one for each workgroup that uses it."""

    name: str
    start: datetime
    is_new: bool
    allocated: Question | None = None
    consumed: dict[str, Question] = field(default_factory=dict)

    @property
    def questions(self) -> list[Question]:
        return [*([self.allocated] if self.allocated else []), *self.consumed.values()]


class CapacityReader:
    """Reads the settled minutes of reservations.

    Args:
        client: CloudWatch's.
        clock: the local time, where an answer brings none.
    """

    def __init__(self, *, client: CloudWatchApi, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._looked_at: datetime | None = None

    def read(self, cursors: Mapping[str, str], planned: Stretch) -> Iterator[Part]:
        """The minutes of every reservation that are settled and were not counted.

        Raises:
            GarbledAnswerError: AWS left values out; all others were read, and these will be asked for again.
        """
        if not self._is_worth_a_look(cursors, planned.until):
            return
        self._looked_at = planned.until
        allocated = self._list(_ALLOCATED, planned)
        found = self._find(allocated, cursors, planned)
        fresh = {_CURSOR + each.name: _NEW + each.start.isoformat() for each in found if each.is_new}
        if fresh:
            yield Part(observed_at=allocated.observed_at, cursors=fresh)
        incomplete: set[str] = set()
        for request in pack(_wants(found, planned)):
            yield from self._request([want.key for want in request], planned, incomplete)
        if incomplete:
            why = f"it left out values of {len(incomplete)} capacity reservations"
            raise GarbledAnswerError(operation="GetMetricData", why=why)

    def _is_worth_a_look(self, cursors: Mapping[str, str], now: datetime) -> bool:
        """In every pass where there has ever been a reservation, else once an hour."""
        if self._looked_at is None or any(key.startswith(_CURSOR) for key in cursors):
            return True
        return abs(now - self._looked_at) >= LOOK_EVERY

    # -- what there is to read ------------------------------------------------------------------------------------

    def _find(self, allocated: Listing, cursors: Mapping[str, str], planned: Stretch) -> list[_Reservation]:
        found: dict[str, _Reservation] = {}
        for spelling in SPELLINGS:
            for each in _exactly(allocated, {spelling}):
                reservation = _reservation(found, each[spelling], cursors, planned)
                reservation.allocated = reservation.allocated or _question(_ALLOCATED, each)
        if not found and not any(key.startswith(_CURSOR) for key in cursors):
            return []
        consumed = self._list(_CONSUMED, planned)
        for spelling in SPELLINGS:
            for each in _exactly(consumed, {spelling, "WorkGroup"}):
                reservation = _reservation(found, each[spelling], cursors, planned)
                reservation.consumed.setdefault(each["WorkGroup"], _question(_CONSUMED, each))
        return list(found.values())

    def _list(self, name: str, planned: Stretch) -> Listing:
        return list_metrics(self._client, name, is_recent=not planned.is_full, clock=self._clock)

    # -- the minutes ----------------------------------------------------------------------------------------------

    def _request(self, due: Collection[_Reservation], planned: Stretch, incomplete: set[str]) -> Iterator[Part]:
        for since, until in slices(min(each.start for each in due), planned.until):
            part = [each for each in due if each.start < until and each.name not in incomplete]
            if part:
                yield from self._slice(part, since, until, incomplete)

    def _slice(
        self, due: Collection[_Reservation], since: datetime, until: datetime, incomplete: set[str]
    ) -> Iterator[Part]:
        questions = [question for each in due for question in each.questions]
        reading = read(self._client, questions, since, until, clock=self._clock)
        records: list[CapacityMinutes] = []
        first = 0
        for each in due:
            places = range(first, first + len(each.questions))
            first = places.stop
            if not reading.incomplete.isdisjoint(places):
                incomplete.add(each.name)
            elif (record := _record(each, reading, places, max(since, each.start))) is not None:
                records.append(record)
        if records or reading.malformed:
            yield Part(
                observed_at=reading.observed_at,
                records=tuple(records),
                cursors={_CURSOR + record.reservation: record.until.isoformat() for record in records},
                malformed=reading.malformed,
            )


def _exactly(listing: Listing, names: set[str]) -> Iterator[Mapping[str, str]]:
    """What has these dimensions and no other, sorted, so that requests are alike from pass to pass."""
    fitting = [each for each in listing.dimensions if each.keys() == names]
    sane = (each for each in fitting if all(clean(value) == value for value in each.values()))
    return iter(sorted(sane, key=lambda each: sorted(each.items())))


def _question(name: str, dimensions: Mapping[str, str]) -> Question:
    return Question(namespace=NAMESPACE, name=name, dimensions=tuple(sorted(dimensions.items())), statistics=(_LEVEL,))


def _reservation(
    found: dict[str, _Reservation], name: str, cursors: Mapping[str, str], planned: Stretch
) -> _Reservation:
    if name not in found:
        counted = _counted(cursors.get(_CURSOR + name), planned.until)
        found[name] = _Reservation(name=name, start=planned.start(counted), is_new=counted is None)
    return found[name]


def _counted(text: str | None, until: datetime) -> datetime | None:
    """As for a series: a position beyond `until` of what was never counted is a wrong clock's, and means nothing."""
    if text is None:
        return None
    at = datetime.fromisoformat(text.removeprefix(_NEW)).astimezone(UTC)
    return None if text.startswith(_NEW) and at > until else at


def _wants(found: Collection[_Reservation], planned: Stretch) -> Iterator[Want[_Reservation]]:
    for each in found:
        each.start = max(each.start, planned.until - RETENTION)
        if each.start < planned.until:
            minutes = min(LONGEST, planned.until - each.start) // MINUTE
            yield Want(key=each, queries=len(each.questions), minutes=minutes)


def _record(each: _Reservation, reading: Reading, places: range, since: datetime) -> CapacityMinutes | None:
    """Nothing is counted twice: the record ends after the last minute that holds anything."""
    levels = [_from(reading.of(place, _LEVEL), since) for place in places]
    minutes = sorted({at for level in levels for at in level})
    if not minutes:
        return None
    allocated = levels.pop(0) if each.allocated else {}
    consumed = {name: level for name, level in zip(each.consumed, levels, strict=True) if level}
    used = {at: sum(level.get(at, 0.0) for level in levels) for at in minutes}
    return CapacityMinutes(
        reservation=each.name,
        since=since,
        until=minutes[-1] + MINUTE,
        allocated_dpu_ms=_dpu_ms(allocated.values()),
        consumed_dpu_ms={name: _dpu_ms(level.values()) for name, level in consumed.items()},
        idle_dpu_ms=_dpu_ms(max(0.0, held - used[at]) for at, held in allocated.items()),
    )


def _from(points: Points, since: datetime) -> Points:
    return {at: value for at, value in points.items() if at >= since}


def _dpu_ms(levels: Iterable[float]) -> int:
    """DPUs, each held or used for one minute."""
    return round(sum(levels) * _MINUTE_MS)
