"""A ledger under test and short words for what AWS may tell it: real SQLite, with clocks that only a test moves."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

from athena_exporter import catalog
from athena_exporter.ledger.model import Rules
from athena_exporter.ledger.store import Ledger, LedgerSettings
from athena_exporter.pricing import Prices
from athena_exporter.records import (
    Batch,
    Evidence,
    FailedStart,
    Identity,
    Kind,
    QueryExecution,
    Read,
    Record,
    Sample,
    StartedQuery,
    State,
    Target,
)

TARGET = Target(account_id="111122223333", region="eu-west-1")
BORN = datetime(2026, 3, 10, tzinfo=UTC)
"""When the ledger first counts."""
NOON = BORN + timedelta(hours=12)
"""When queries run, unless a test says another time."""
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MB = 2**20
PRICES = Prices(usd_per_tb=Decimal(5), tb_bytes=2**40, minimum_bytes=10 * MB)


def query_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def query(number: int = 1, *, at: datetime = NOON, **told: Any) -> QueryExecution:
    """A query that ended at `at` after ten seconds, with what a test tells otherwise."""
    plain: dict[str, Any] = {
        "query_id": query_id(number),
        "workgroup": "primary",
        "state": State.SUCCEEDED,
        "submitted_at": at - 10 * SECOND,
        "ended_at": at,
        "database": "sales",
        "statement_type": "DML",
        "scanned_bytes": 100 * MB,
        "total_ms": 10_000,
    }
    return QueryExecution(**plain | told)


def running(number: int = 1, *, at: datetime = NOON, state: State = State.RUNNING, **told: Any) -> QueryExecution:
    """The same query before its end."""
    unknown: dict[str, Any] = {"ended_at": None, "scanned_bytes": None, "total_ms": None}
    return query(number, at=at, state=state, **unknown | told)


def bare(number: int = 1, *, at: datetime = NOON, **told: Any) -> QueryExecution:
    """The same query at its end, without statistics yet."""
    return query(number, at=at, scanned_bytes=None, total_ms=None, **told)


def who(user: str, client: str = "console", role: str | None = "analyst") -> Identity:
    return Identity(user=user, role=role, kind=Kind.PERSON, client=client)


def start(number: int = 1, user: str = "ann", *, at: datetime = NOON, client: str = "console") -> StartedQuery:
    """The start of the query that ended at `at`."""
    return StartedQuery(
        query_id=query_id(number),
        event_id=f"event-{number}",
        started_at=at - 10 * SECOND,
        account_id=TARGET.account_id,
        region=TARGET.region,
        workgroup="primary",
        identity=who(user, client),
    )


def refused(event_id: str, *, at: datetime = NOON, code: str = "InvalidRequestException") -> FailedStart:
    return FailedStart(
        event_id=event_id,
        started_at=at,
        account_id=TARGET.account_id,
        region=TARGET.region,
        workgroup="primary",
        identity=who("ann"),
        error_code=code,
    )


def read_of(
    evidence: Evidence, *, begun: datetime, since: datetime = BORN - DAY, until: datetime | None = None
) -> Read:
    return Read(evidence=evidence, since=since, until=until or begun, begun_at=begun)


@dataclass(slots=True)
class Hand:
    """A monotonic clock that a test moves."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@dataclass(slots=True)
class Book:
    """An open ledger that has adopted `TARGET`, and what it exposes."""

    settings: LedgerSettings
    ledger: Ledger
    hand: Hand = field(default_factory=Hand)

    def deliver(
        self,
        *records: Record,
        at: datetime = NOON + MINUTE,
        reads: Iterable[Read] = (),
        source: str = "athena",
        target: Target = TARGET,
        cursors: Mapping[str, str] | None = None,
    ) -> None:
        """Commit one batch that AWS told at `at` of its clock."""
        batch = Batch(
            source=source, target=target, observed_at=at, records=records, reads=tuple(reads), cursors=cursors or {}
        )
        self.ledger.apply(batch)
        self.ledger.samples(at)  # as the publisher does all the time: births are timed from the first look

    def swept(self, at: datetime, *records: Record) -> None:
        """Commit records with the proof that everything that ended before `at` was delivered."""
        self.deliver(*records, at=at, reads=[read_of(Evidence.EXECUTIONS, begun=at)])

    def looked(self, at: datetime, *records: Record, since: datetime = BORN - DAY) -> None:
        """Commit records with the proof that CloudTrail was read from `since` to `at`."""
        self.deliver(*records, at=at, source="lookup", reads=[read_of(Evidence.IDENTITIES, begun=at, since=since)])

    def samples(self, now: datetime = NOON + MINUTE) -> list[Sample]:
        return self.ledger.samples(now)

    def shown(
        self, metric: catalog.Metric, now: datetime = NOON + MINUTE, target: Target | None = TARGET
    ) -> dict[tuple[str, ...], int | float]:
        """Labels -> value of a metric as it is exposed right now."""
        target = target if metric.common else None
        return {s.labels: s.value for s in self.samples(now) if s.metric == metric.name and s.target == target}

    def distribution(self, metric: catalog.Metric, *labels: str) -> dict[str, int]:
        """Of a histogram's series what the ledger holds, once it is revealed: bounds -> counts, and its `sum`."""
        self.ledger.reveal()
        found = {s.labels[-1]: int(s.value) for s in self._parts(metric.bucket_name) if s.labels[:-1] == labels}
        found.update(("sum", int(s.value)) for s in self._parts(metric.sum_name) if s.labels == labels)
        return found

    def _parts(self, name: str) -> list[Sample]:
        return [s for s in self.samples() if s.metric == name and s.target == TARGET]

    def count(self, metric: catalog.Metric, *labels: str, now: datetime = NOON + MINUTE) -> int | float | None:
        """One series once it has been revealed, None if there is none."""
        self.ledger.reveal()
        return self.shown(metric, now).get(labels)

    def total(self, metric: catalog.Metric) -> int | float:
        self.ledger.reveal()
        return sum(self.shown(metric).values())

    def reopen(self) -> None:
        """End as a killed process ends, after its last publication, and start again on the same file."""
        self.ledger.stamp()
        self.ledger.close()
        self.ledger = Ledger(self.settings, monotonic=self.hand)


MakeBook: TypeAlias = Callable[..., AbstractContextManager[Book]]


def settings_for(
    folder: Path, rules: Mapping[str, Any] | None = None, limits: Mapping[str, int] | None = None, **changed: Any
) -> LedgerSettings:
    """A ledger's settings: series show their value at once, `rules` and `limits` (of labels) as a test wants them."""
    wide = {"user": 500, "database": 200, "client": 100, "table": 1_000, "workload": 1_000}
    told: dict[str, Any] = {"prices": PRICES, "label_limits": wide | dict(limits or {})}
    how = Rules(**told | dict(rules or {}))
    plain: dict[str, Any] = {"path": folder / "ledger.db", "rules": how, "series_warmup": timedelta(0)}
    return LedgerSettings(**plain | changed)


@contextmanager
def opened(settings: LedgerSettings, *, born: datetime = BORN, target: Target = TARGET) -> Iterator[Book]:
    hand = Hand()
    book = Book(settings, Ledger(settings, monotonic=hand), hand)
    try:
        book.ledger.adopt(target, born)
        yield book
    finally:
        book.ledger.close()
