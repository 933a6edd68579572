"""A month that the exporter has lived through: its ledger, its events, and what it exposed at every step.

The account is the testbed's, with a clock that is moved; sources, ledger and exposition are the exporter's own. AWS
is asked a few times about days at once, for calls are dear; what it told is then counted step by step at the time at
which it had happened, as an exporter that asks every few seconds would have counted it.
"""

import math
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path

import athena_testbed
from athena_exporter.cli import wiring
from athena_exporter.config import Config, load
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
from athena_exporter.sources.lookup import LookupSource
from athena_exporter.sources.rate import Rates
from athena_exporter.sources.session import Session
from athena_exporter.sources.windows import Window
from athena_exporter.telemetry import Telemetry

_SETTLE = timedelta(seconds=1)
_ORDER = ("workgroups", "lookup", "athena", "cloudwatch", "usage")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """AWS's clock, and the exporter's own, which follows it step by step."""

    aws: MovedClock
    own: MovedClock


@dataclass(slots=True)
class _Told:
    """What a read has told and the ledger does not know yet: sources see it as if it were committed."""

    ledger: Knowledge
    _cursors: dict[str, dict[str, str]] = field(default_factory=dict)
    _executions: set[str] = field(default_factory=set)

    def take(self, batch: Batch) -> None:
        self._cursors.setdefault(batch.source, {}).update(batch.cursors)
        self._executions.update(one.query_id for one in batch.records if isinstance(one, QueryExecution))

    def low_water(self) -> datetime:
        return self.ledger.low_water()

    def sequence(self) -> int:
        return self.ledger.sequence()

    def counting_since(self) -> datetime:
        return self.ledger.counting_since()

    def cursors(self, source: str) -> Mapping[str, str]:
        return {**self.ledger.cursors(source), **self._cursors.get(source, {})}

    def cursor(self, source: str, key: str) -> str | None:
        return self.cursors(source).get(key)

    def known_executions(self, query_ids: Collection[str]) -> Mapping[str, int]:
        fresh = dict.fromkeys(self._executions.intersection(query_ids), self.sequence() + 1)
        return {**self.ledger.known_executions(query_ids), **fresh}

    def counted(self, query_ids: Collection[str]) -> Collection[str]:
        return self.ledger.counted(query_ids)

    def attributed(self, query_ids: Collection[str]) -> Collection[str]:
        return self.ledger.attributed(query_ids)

    def unfinished(self) -> Sequence[Unfinished]:
        return [one for one in self.ledger.unfinished() if one.query_id not in self._executions]

    def awaiting_statistics(self) -> Sequence[str]:
        return [one for one in self.ledger.awaiting_statistics() if one not in self._executions]

    def awaiting_identity(self) -> Sequence[datetime]:
        return self.ledger.awaiting_identity()


@dataclass(slots=True, kw_only=True)
class Life:
    """An exporter that lives through the past of an account. `life` makes one."""

    sources: Mapping[str, Source]
    ledger: Ledger
    delivery: Delivery
    telemetry: Telemetry
    target: Target
    clocks: Moved
    began: datetime
    _inventories: dict[type[Record], Record] = field(default_factory=dict)

    def through(
        self, steps: Sequence[datetime], reads: Sequence[datetime], cloudwatch_since: datetime
    ) -> Iterator[tuple[datetime, list[Sample]]]:
        """What is exposed at each step, in order.

        Args:
            steps: moments after `began`, in order.
            reads: those of them at which AWS is asked about the time since the one before; the last step is one.
            cloudwatch_since: what CloudWatch counts is asked for from then on; a month of minutes takes long to read.
        """
        since = self.began
        for read in reads:
            moments = steps[bisect_right(steps, since) : bisect_right(steps, read)]
            left_out = {"cloudwatch"} if read < cloudwatch_since else set()
            yield from self._lived(moments, self._asked(Window(since=since, until=read), left_out))
            self.ledger.prune(self.target)
            while self.delivery.run_once():
                pass
            since = read
        # So that who goes on with this ledger knows it for the newest there is.
        self.ledger.stamp()

    def _asked(self, window: Window, left_out: Collection[str]) -> list[Batch]:
        """All that AWS tells of that time; nothing is committed yet."""
        self.clocks.aws.put(window.until)
        told = _Told(self.ledger.view(self.target))
        found: list[Batch] = []
        for name, source in self.sources.items():
            # Nobody changes this company's settings: the first answer holds.
            if name not in left_out and not (name == "workgroups" and self._inventories):
                began = time.monotonic()
                found += _read(source, told, window)
                duration = timedelta(seconds=time.monotonic() - began)
                self.telemetry.read_succeeded(self.target, name, duration, timedelta(0))
        return found

    def _lived(self, moments: Sequence[datetime], batches: Sequence[Batch]) -> Iterator[tuple[datetime, list[Sample]]]:
        """Count what a read has told, each record at the first moment at which it was known."""
        known = [(_known_at(one, batch.observed_at), batch.source, one) for batch in batches for one in batch.records]
        waiting = deque(sorted(known, key=itemgetter(0)))
        for at in moments:
            self.clocks.own.put(at)
            due: dict[str, list[Record]] = {name: [] for name in self.sources}
            while waiting and waiting[0][0] <= at:
                _, name, record = waiting.popleft()
                due[name].append(record)
            for name, records in due.items():
                self._commit(name, records, at)
            if at == moments[-1]:
                self._conclude(batches, at)
            self.ledger.decide(at)
            self.ledger.reveal()
            yield at, [*self.ledger.samples(at), *self.telemetry.samples()]

    def _commit(self, name: str, records: list[Record], at: datetime) -> None:
        if name == "workgroups":
            self._inventories.update((type(one), one) for one in records)
            records = list(self._inventories.values())
        reads: tuple[Read, ...] = ()
        if name == "athena":
            since = self.ledger.view(self.target).low_water()
            reads = (Read(evidence=Evidence.EXECUTIONS, since=since, until=at - _SETTLE, begun_at=at),)
        self.ledger.apply(Batch(source=name, target=self.target, observed_at=at, records=tuple(records), reads=reads))
        self.ledger.succeeded(self.target, name, at)

    def _conclude(self, batches: Sequence[Batch], at: datetime) -> None:
        """How far the read came, and what it proved."""
        for batch in batches:
            if batch.cursors or batch.reads:
                self.ledger.apply(replace(batch, records=(), observed_at=at))


def _read(source: Source, told: _Told, window: Window) -> Iterator[Batch]:
    """One pass; of the event history all of the window at once, where a pass would ask for hour after hour."""
    batches = source._window(window) if isinstance(source, LookupSource) else source.read(told)
    for batch in batches:
        told.take(batch)
        yield batch


def _known_at(record: Record, read_at: datetime) -> datetime:
    """When an exporter that always looks would have known it; what has not ended yet, when it was read."""
    match record:
        case QueryExecution():
            return record.counted_at if record.state.final else read_at
        case StartedQuery() | FailedStart():
            return record.started_at
        case TableEvent():
            return record.at
    return read_at


@contextmanager
def life(path: Path, running: athena_testbed.Running, clocks: Moved, began: datetime) -> Iterator[Life]:
    """An exporter of the configuration at `path` that begins to count at `began`."""
    config = load(path, {})
    target = Target(account_id=athena_testbed.ACCOUNT_ID, region=running.settings.region)
    telemetry = Telemetry()
    telemetry.guard(target, config.guard.mode, is_killed=False, waiting={})
    clocks.aws.put(began)
    clocks.own.put(began)
    with ExitStack() as stack:
        session = stack.enter_context(closing(_session(running, target, telemetry)))
        ledger = stack.enter_context(closing(Ledger(wiring.ledger_settings(config), monotonic=clocks.own.monotonic)))
        ledger.adopt(target, began)
        delivering = Clocks(now=clocks.aws.now, monotonic=time.monotonic)
        delivery = stack.enter_context(closing(wiring.delivery(config, session, ledger, telemetry, delivering)))
        yield Life(
            sources=_sources(config, session, target, clocks.aws, began), ledger=ledger, delivery=delivery,
            telemetry=telemetry, target=target, clocks=clocks, began=began,
        )  # fmt: skip  # as short as it can be said


def _session(running: athena_testbed.Running, target: Target, telemetry: Telemetry) -> Session:
    """Without limits: nobody else uses this account, and its clock stands."""
    return Session(
        region=target.region,
        rates=Rates(share=math.inf, clock=time.monotonic, sleep=time.sleep),
        count=lambda *call: telemetry.aws_call(target, *call),
        bill=lambda *call: telemetry.aws_bill(target, *call),
        endpoint_url=running.url,
    )


def _sources(config: Config, session: Session, target: Target, aws: MovedClock, began: datetime) -> dict[str, Source]:
    around = wiring.Surroundings(
        config=config, session=session, target=target, clock=aws.now, naming=wiring.naming(config, {})
    )
    # Views stay what they are, and what was learnt of them is remembered by this clock.
    standing = replace(around, clock=lambda: began)
    made = wiring.sources(config)
    return {name: made[name][0](standing if name == "athena" else around) for name in _ORDER if name in made}
