"""What budgets cost: 10,000 subjects, 50 budgets, 1,000 queries a second, and a look at who is where.

The same queries are counted without budgets, with the two that ship, and with fifty. The difference of processor time
is what evaluation costs a query.
"""

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from measure import Stopwatch, median_of, say, table, verdict, workplace
from workload import NOON, RULES, TARGET, Company

from athena_exporter.budgets import Amount, Budget, Calendar, Match, Per, Period, Rolling, Unit
from athena_exporter.ledger.budget_samples import SHOWN
from athena_exporter.ledger.store import Ledger, LedgerSettings
from athena_exporter.records import Batch, Record, StartedQuery

SUBJECTS = 10_000
BUDGETS = 50
QUERIES_PER_SECOND = 1_000
QUERIES = 60_000
BAR = 0.05
_LIMIT = Amount(unit=Unit.BYTES, value=2**40)
_DAY, _WEEK, _MONTH = (Calendar(period=period, zone="Europe/Berlin") for period in Period)


def shipped() -> tuple[Budget, ...]:
    return (_budget("user-daily", Per.USER, _DAY), _budget("workgroup-monthly", Per.WORKGROUP, _MONTH))


def fifty() -> tuple[Budget, ...]:
    """What a large company may write: ten that hold for everybody, two for each of twenty teams."""
    windows: tuple[Calendar | Rolling, ...] = (_DAY, _MONTH, Rolling(length=timedelta(hours=24)))
    wide = [_budget(f"user-{n}", Per.USER, window) for n, window in enumerate(windows)]
    wide += [_budget(f"role-{n}", Per.ROLE, window) for n, window in enumerate(windows)]
    wide += [_budget(f"workgroup-{n}", Per.WORKGROUP, window) for n, window in enumerate((*windows, _WEEK))]
    teams = [
        _budget(f"team-{n:02d}-{per}", per, _WEEK, workgroup=(f"team-{n:02d}",))
        for n in range(20)
        for per in (Per.USER, Per.ROLE)
    ]
    found = (*wide, *teams)
    assert len(found) == BUDGETS
    return found


def _budget(name: str, per: Per, window: Calendar | Rolling, **match: tuple[str, ...]) -> Budget:
    return Budget(name=name, per=per, window=window, limit=_LIMIT, match=Match(**match))


def every_fifty() -> tuple[Budget, ...]:
    """The worst that one can write: fifty that all count every query, each in a sum of its own."""
    return tuple(_budget(f"b{n:02d}", Per.USER, Rolling(length=timedelta(hours=49 + n))) for n in range(BUDGETS))


def batches(run: int) -> list[Batch]:
    """A run's queries, as fast as they would come, with ten thousand users."""
    found = []
    span = timedelta(seconds=QUERIES / QUERIES_PER_SECOND)
    for executions, starts in Company(seed=run).day(NOON + run * span, QUERIES, span=span):
        found += [executions, replace(starts, records=tuple(map(_someone, starts.records)))]
    return found


def _someone(record: Record) -> Record:
    assert isinstance(record, StartedQuery)
    number = int(record.query_id.replace("-", "")[:8], 16) % SUBJECTS
    return replace(record, identity=replace(record.identity, user=f"firstname.lastname{number:05d}@example.com"))


@dataclass(slots=True)
class Measured:
    """What one set of budgets takes: of each batch the wall's and the processor's time, and of a look."""

    name: str
    ledger: Ledger
    watches: list[Stopwatch] = field(default_factory=list)

    def apply(self, batch: Batch) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        self.ledger.apply(batch)
        self.watches.append(Stopwatch(time.perf_counter() - wall, time.process_time() - cpu))

    def look(self) -> Stopwatch:
        return median_of(3, lambda: self.ledger.budget_states(NOON + timedelta(minutes=1), nearest=SHOWN))

    def per_query(self, what: Callable[[Stopwatch], float]) -> float:
        """Mean seconds."""
        return sum(map(what, self.watches)) / QUERIES


def opened(folder: Path, number: int, name: str, budgets: tuple[Budget, ...]) -> Measured:
    settings = LedgerSettings(path=folder / f"budgets-{number}.db", rules=RULES, budgets=budgets)
    ledger = Ledger(settings, monotonic=lambda: 0.0)
    ledger.adopt(TARGET, NOON - timedelta(days=40))
    return Measured(name, ledger)


def count(them: Sequence[Measured]) -> None:
    """All of them in turn, batch by batch: whatever else the machine does, it does to all."""
    for run in range(2):
        say(f"budgets: {'first queries' if run == 0 else 'measuring'}")
        for one in them:
            one.watches.clear()
        for batch in batches(run):
            for one in them:
                one.apply(batch)


def main() -> None:
    folder = workplace(sys.argv)
    sets = (
        ("none", ()), ("the two that ship", shipped()), (f"{BUDGETS}, of which 12 count a query", fifty()),
        (f"{BUDGETS}, of which all count every query", every_fifty()),
    )  # fmt: skip  # a table
    with ExitStack() as open_ones:
        them = [opened(folder, number, name, budgets) for number, (name, budgets) in enumerate(sets)]
        for one in them:
            open_ones.callback(one.ledger.close)
        count(them)
        floor = them[0].per_query(lambda watch: watch.cpu)
        rows = [_row(one, floor) for one in them]
    header = [
        "Budgets", "queries/s", "us of processor a query", "of them budgets",
        f"of a core at {QUERIES_PER_SECOND:,}/s", f"bar {BAR:.0%} met", "ms of a look",
    ]  # fmt: skip  # a row
    print(f"""\
## Budgets

{SUBJECTS:,} subjects. A query comes twice, as one of 500 executions a batch and as one of 500 starts, on a real file,
`synchronous=FULL`; the ledgers take turns, batch by batch, for {QUERIES:,} queries. A look is what each publication
takes; after one the exporter rests fifty times as long, so that looking takes 2 % of a core at most. The last row is
the worst that one can write, not what anybody needs: fifty rolling windows of different length, each with a sum of its
own for every user.

{table(header, rows)}
""")


def _row(one: Measured, floor: float) -> list[str]:
    wall, cpu = one.per_query(lambda watch: watch.wall), one.per_query(lambda watch: watch.cpu)
    own = max(0.0, cpu - floor)
    share = own * QUERIES_PER_SECOND
    return [
        one.name, f"{1 / wall:,.0f}", f"{cpu * 1e6:.0f}", f"{own * 1e6:.0f}", f"{share:.1%}",
        verdict(met=share < BAR), f"{one.look().wall * 1000:,.1f}",
    ]  # fmt: skip  # a row


if __name__ == "__main__":
    main()
