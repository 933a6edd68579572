"""A month that the exporter has lived through: its ledger, its events, and what it exposed at every step.

The account is the testbed's, with a clock that is moved; sources, ledger and exposition are the exporter's own. AWS
is asked in long `reads` of days, for calls are dear; what it told is then counted step by step at the time
at which it had happened, as an exporter that asks every few seconds would have counted it.
"""

import math
import time
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import athena_testbed
from athena_exporter.cli import wiring
from athena_exporter.config import load
from athena_exporter.ledger.store import Ledger
from athena_exporter.outlets.events import Delivery
from athena_exporter.poller import Clocks
from athena_exporter.records import (
    Batch,
    Evidence,
    FailedStart,
    QueryExecution,
    Read,
    Record,
    Sample,
    StartedQuery,
    TableEvent,
    Target,
    Unfinished,
)
from athena_exporter.sources import Knowledge, Source
from athena_exporter.sources.cloudwatch import CloudWatchSource
from athena_exporter.sources.lookup import LookupSource
from athena_exporter.sources.rate import Rates
from athena_exporter.sources.session import Session, resolve
from athena_exporter.sources.windows import Window
from athena_exporter.telemetry import Telemetry

READ = timedelta(days=4)
"""How much of the past one read takes in."""
_SETTLE = timedelta(seconds=1)
_PRESENT_ONLY = frozenset({"usage"})
"""Sources that tell nothing but the present moment."""
_ORDER = ("workgroups", "lookup", "athena", "cloudwatch")
"""Starts before executions: a query then counts for its workgroup and its user at once."""


class MovedClock:
    """A clock that stands where it was put, until it is let go and shows this machine's time."""

    def __init__(self) -> None:
        self._at: datetime | None = None

    def put(self, at: datetime | None) -> None:
        """Stand still at a moment; None: go with the machine's clock."""
        self._at = at

    def now(self) -> datetime:
        return self._at or datetime.now(UTC)

    def ms(self) -> int:
        """Milliseconds since 1970."""
        return math.floor(self.now().timestamp() * 1000)

    def monotonic(self) -> float:
        """Seconds."""
        return self.now().timestamp()


@dataclass(slots=True)
class _Told:
    """What a read has told and the ledger does not know yet: sources see it as if it were committed."""

    ledger: Knowledge
    cursors_of: dict[str, dict[str, str]] = field(default_factory=dict)
    executions: set[str] = field(default_factory=set)

    def take(self, batch: Batch) -> None:
        self.cursors_of.setdefault(batch.source, {}).update(batch.cursors)
        self.executions.update(one.query_id for one in batch.records if isinstance(one, QueryExecution))

    def low_water(self) -> datetime:
        return self.ledger.low_water()

    def sequence(self) -> int:
        return self.ledger.sequence()

    def counting_since(self) -> datetime:
        return self.ledger.counting_since()

    def cursors(self, source: str) -> Mapping[str, str]:
        return {**self.ledger.cursors(source), **self.cursors_of.get(source, {})}

    def cursor(self, source: str, key: str) -> str | None:
        return self.cursors(source).get(key)

    def known_executions(self, query_ids: Collection[str]) -> Mapping[str, int]:
        fresh = dict.fromkeys(self.executions.intersection(query_ids), self.sequence() + 1)
        return {**self.ledger.known_executions(query_ids), **fresh}

    def unfinished(self) -> Sequence[Unfinished]:
        return [one for one in self.ledger.unfinished() if one.query_id not in self.executions]

    def awaiting_identity(self) -> Sequence[datetime]:
        return self.ledger.awaiting_identity()


class Life:
    """An exporter that lives through the past of a testbed's account, and then hands on its ledger."""

    def __init__(
        self,
        *,
        sources: Mapping[str, Source],
        lean: Mapping[str, Source],
        ledger: Ledger,
        delivery: Delivery,
        target: Target,
        clocks: "Moved",
        began: datetime,
    ) -> None:
        self._sources = sources
        self._lean = lean
        self._ledger = ledger
        self._delivery = delivery
        self._target = target
        self._clocks = clocks
        self._began = began
        self._inventories: dict[type[Record], Record] = {}

    def through(self, steps: Sequence[datetime]) -> Iterator[tuple[datetime, list[Sample]]]:
        """What is exposed at each step, in order."""
        last = self._began
        for _, part in groupby(steps, key=_read_of):
            moments = list(part)
            yield from self._lived(moments, self._asked(last, moments[-1], is_last=moments[-1] == steps[-1]))
            last = moments[-1]
            self._ledger.prune(self._target)
            while self._delivery.run_once():
                pass
        # So that who goes on with this ledger knows it for the newest there is.
        self._ledger.stamp()

    def _asked(self, since: datetime, until: datetime, *, is_last: bool) -> list[Batch]:
        """All that AWS tells of that time; nothing is committed yet."""
        self._clocks.aws.put(until)
        told = _Told(self._ledger.view(self._target))
        found: list[Batch] = []
        for name, source in (self._sources if is_last else self._lean).items():
            # Nobody changes this company's settings: the first answer holds.
            if name != "workgroups" or not self._inventories:
                found += _read(source, told, Window(since=since, until=until))
        return found

    def _lived(self, moments: Sequence[datetime], batches: Sequence[Batch]) -> Iterator[tuple[datetime, list[Sample]]]:
        """Count what a read has told, each record at the first moment at which it was known."""
        waiting = deque(sorted(
            ((_known_at(record, batch.observed_at), batch.source, record) for batch in batches for record in batch.records),
            key=itemgetter(0),
        ))  # fmt: skip
        for at in moments:
            self._clocks.own.put(at)
            due: dict[str, list[Record]] = {name: [] for name in self._sources}
            while waiting and waiting[0][0] <= at:
                _, name, record = waiting.popleft()
                due[name].append(record)
            for name, records in due.items():
                self._commit(name, records, at)
            if at == moments[-1]:
                self._conclude(batches, at)
            self._ledger.reveal()
            yield at, self._ledger.samples(at)

    def _commit(self, name: str, records: list[Record], at: datetime) -> None:
        if name == "workgroups":
            self._inventories.update((type(one), one) for one in records)
            records = list(self._inventories.values())
        reads: tuple[Read, ...] = ()
        if name == "athena":
            since = self._ledger.view(self._target).low_water()
            reads = (Read(evidence=Evidence.EXECUTIONS, since=since, until=at - _SETTLE, begun_at=at),)
        self._ledger.apply(Batch(source=name, target=self._target, observed_at=at, records=tuple(records), reads=reads))
        self._ledger.succeeded(self._target, name, at)

    def _conclude(self, batches: Sequence[Batch], at: datetime) -> None:
        """How far the read came, and what it proved."""
        for batch in batches:
            if batch.cursors or batch.reads:
                self._ledger.apply(replace(batch, records=(), observed_at=at))


def _read_of(at: datetime) -> int:
    """A midnight belongs to the day that ends with it."""
    return (at - timedelta(microseconds=1) - datetime(1970, 1, 1, tzinfo=UTC)) // READ


def _read(source: Source, told: _Told, window: Window) -> Iterator[Batch]:
    """One pass; of the event history all of the window at once, where a pass would ask for hour after hour."""
    batches = source._window(window) if isinstance(source, LookupSource) else source.read(told)
    for batch in batches:
        told.take(batch)
        yield batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """AWS's clock, and the exporter's own, which follows it step by step."""

    aws: MovedClock
    own: MovedClock


def _known_at(record: Record, end: datetime) -> datetime:
    """When an exporter that always looks would have known it; what has not ended yet, at the end of the read."""
    match record:
        case QueryExecution():
            return record.counted_at if record.state.final else end
        case StartedQuery() | FailedStart():
            return record.started_at
        case TableEvent():
            return record.at
    return end


@contextmanager
def life(path: Path, running: athena_testbed.Running, clocks: Moved, began: datetime) -> Iterator[Life]:
    """An exporter of the configuration at `path` that begins to count at `began`."""
    config = load(path, {})
    rates = Rates(share=math.inf, clock=time.monotonic, sleep=time.sleep)
    telemetry = Telemetry()
    clocks.aws.put(began)
    clocks.own.put(began)
    with ExitStack() as stack:
        session = stack.enter_context(
            closing(Session(region=running.settings.region, rates=rates, count=_uncounted, endpoint_url=running.url))
        )
        ledger = stack.enter_context(closing(Ledger(wiring.ledger_settings(config), monotonic=clocks.own.monotonic)))
        target, _ = resolve(session, clocks.aws.now)
        ledger.adopt(target, began)
        around = wiring.Surroundings(
            config=config, session=session, target=target, clock=clocks.aws.now, naming=wiring.naming(config, {})
        )
        # Views stay what they are, and what was learnt of them is remembered by this clock.
        standing = replace(around, clock=lambda: began)
        built = {
            name: build(standing if name == "athena" else around)
            for name, (build, _) in wiring.sources(config).items()
            if name not in _PRESENT_ONLY
        }
        # A month of DPUs, minute by minute, would take longer to read than all else together.
        lean = {
            "cloudwatch": CloudWatchSource(
                client=session.cloudwatch(), target=target, clock=clocks.aws.now, capacity=False
            )
        }
        delivery = stack.enter_context(
            closing(
                wiring.delivery(
                    config, session, ledger, telemetry, Clocks(now=clocks.aws.now, monotonic=time.monotonic)
                )
            )
        )
        yield Life(
            sources={name: built[name] for name in _ORDER if name in built},
            lean={name: lean.get(name, built[name]) for name in _ORDER if name in built},
            ledger=ledger,
            delivery=delivery,
            target=target,
            clocks=clocks,
            began=began,
        )


def _uncounted(*_: str) -> None:
    """What a life in hours would have asked of AWS says nothing about one in months."""
