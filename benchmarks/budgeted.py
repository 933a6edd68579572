"""Ledgers with budgets and a past, and all that evaluating these budgets takes, measured part by part."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from workload import NOON, RULES, TARGET, Cell, Company, cells, executions, starts

from athena_exporter.budgets import Budget, Mode, Protected
from athena_exporter.ledger import budget_log, files
from athena_exporter.ledger.budget_samples import BudgetSamples
from athena_exporter.ledger.budgeting import Budgeting
from athena_exporter.ledger.charging import Charging
from athena_exporter.ledger.model import Phase, Row
from athena_exporter.ledger.store import Ledger, LedgerSettings
from athena_exporter.outlets.guard import AwsClock, Guard, GuardRules
from athena_exporter.records import Batch, QueryExecution, Record, StartedQuery, State, epoch_ms
from athena_exporter.telemetry import Telemetry

QUERIES_PER_SECOND = 1_000
_RUNNING = 300
"""Queries that run while the guard looks."""


def user(number: int) -> str:
    return f"firstname.lastname{number:06d}@example.com"


def batches(run: int, queries: int, subjects: int) -> Iterator[Batch]:
    """A run's queries, as fast as they would come, in turn executions and their starts."""
    span = timedelta(seconds=queries / QUERIES_PER_SECOND)
    for ended, begun in Company(seed=run).day(NOON + run * span, queries, span=span):
        yield ended
        yield replace(begun, records=tuple(_by(one, subjects, int(_id(one)[:8], 16)) for one in begun.records))


def _id(record: Record) -> str:
    assert isinstance(record, StartedQuery)
    return record.query_id


def _by(record: Record, subjects: int, number: int) -> Record:
    assert isinstance(record, StartedQuery)
    return replace(record, identity=replace(record.identity, user=user(number % subjects)))


def _not_ended(record: Record) -> Record:
    assert isinstance(record, QueryExecution)
    return replace(record, ended_at=None, scanned_bytes=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A set of budgets, how many subjects there are, and how many queries each of them ended in the day before."""

    name: str
    budgets: tuple[Budget, ...]
    subjects: int
    past: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What one repetition took, in seconds of the processor: each batch, and a look of each kind."""

    counting: tuple[float, ...]
    looks: Mapping[str, float]


@dataclass(slots=True, kw_only=True)
class Measured:
    """One case at work."""

    case: Case
    ledger: Ledger
    path: Path
    samples: BudgetSamples
    guard: Guard
    counting: list[float] = field(default_factory=list)

    def count(self, batch: Batch) -> None:
        """Count a batch."""
        self.counting.append(seconds(lambda: self.ledger.apply(batch)))

    def costs(self, now: datetime) -> Costs:
        """Of the repetition that ends; the looks find all that was noted so far."""
        looks = {name: seconds(action) for name, action in self._looks(now).items()}
        counting, self.counting = tuple(self.counting), []
        return Costs(counting=counting, looks=looks)

    def _looks(self, now: datetime) -> Mapping[str, Callable[[], object]]:
        return {
            "metrics": lambda: self._publish(now),
            "decisions": lambda: self.ledger.decide(now),
            "guard": self.guard.run_once,
        }

    def _publish(self, now: datetime) -> None:
        with closing(files.open_readonly(self.path)) as reader, self.ledger.garbage.held_back():
            self.samples.at(reader, now)

    def merge(self) -> float:
        """Add up all that was noted, as the exporter does when it is enough; seconds of the processor."""
        with self.ledger._transaction() as connection, self.ledger.garbage.held_back():  # noqa: SLF001  the part by itself comes with a batch
            return seconds(lambda: budget_log.merge(connection, 1))


def seconds(action: Callable[[], object]) -> float:
    """What it takes of the processor."""
    began = time.process_time()
    action()
    return time.process_time() - began


@contextmanager
def opened(folder: Path, number: int, case: Case) -> Iterator[Measured]:
    """A ledger of that case, its subjects with their past, and some of their queries running. Its looks never rest."""
    settings = LedgerSettings(path=folder / f"budgets-{number}.db", rules=RULES, budgets=case.budgets)
    _fill(settings, case)
    with closing(Ledger(settings, monotonic=_standing_still)) as ledger:
        for batch in _running(case.subjects):
            ledger.apply(batch)
        while ledger.decide(NOON):
            pass  # who is over a limit already is told of once
        guard = Guard(
            book=ledger.guard_book(TARGET), rules=GuardRules(mode=Mode.DRY_RUN), stopper=None, own=Protected,
            tally=Telemetry(), clock=AwsClock(NOON, _standing_still), monotonic=_standing_still,
        )  # fmt: skip  # seven arguments read best as a block
        samples = BudgetSamples(case.budgets, _standing_still)
        yield Measured(case=case, ledger=ledger, path=settings.path, samples=samples, guard=guard)


def _standing_still() -> float:
    return 0.0


def _fill(settings: LedgerSettings, case: Case) -> None:
    """Sums, hour by hour, as if queries had been counted."""
    with closing(Ledger(settings, monotonic=lambda: 0.0)) as ledger:
        ledger.adopt(TARGET, NOON - timedelta(days=40))
        ledger.stamp()
    if not case.budgets:
        return
    budgeting, places = Budgeting(case.budgets), cells()
    dice = random.Random(case.subjects)
    with closing(files.open_ledger(settings.path, "wal")) as connection:
        for hour in range(case.past):
            charging = Charging(budgeting.matcher)
            for number in range(case.subjects):
                charging.counted(_past(number, dice, places, hour))
            connection.execute("BEGIN")
            budgeting.save(connection, 1, charging.usage())
            budget_log.merge(connection, 1)
            connection.execute("COMMIT")


def _past(number: int, dice: random.Random, places: Sequence[Cell], hour: int) -> Row:
    """A counted query of that subject, so many hours ago."""
    cell = places[dice.randrange(len(places))]
    ended_ms = epoch_ms(NOON) - hour * 3_600_000 - dice.randrange(3_600_000)
    return Row(
        query_id="", phase=Phase.COUNTED, since_ms=ended_ms, ended_ms=ended_ms, workgroup=cell.workgroup,
        database=cell.database, scanned_bytes=dice.getrandbits(32) * 16, cost_nanousd=dice.getrandbits(20),
        identity=replace(cell.identity, user=user(number)),
    )  # fmt: skip  # as short as it can be said


def _running(subjects: int) -> Iterator[Batch]:
    """Queries that do not end, and who runs them."""
    chosen = [replace(cell, state=State.RUNNING) for cell in cells()[:_RUNNING]]
    ids = [f"00000000-0000-4000-8000-{number:012d}" for number in range(_RUNNING)]
    times = [NOON - timedelta(seconds=1)] * _RUNNING
    running = executions(chosen, ids, times)
    yield replace(running, records=tuple(map(_not_ended, running.records)))
    begun = starts(chosen, ids, times)
    yield replace(begun, records=tuple(_by(one, subjects, place) for place, one in enumerate(begun.records)))
