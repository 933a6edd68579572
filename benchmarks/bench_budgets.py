"""What budgets cost: 10,000 subjects, 50 budgets, 1,000 queries a second, and all that is done about them.

The same queries are counted without budgets and with them, batch by batch in turn; the difference of processor time is
what charging costs a query. Adding up and the looks at who is where are measured by themselves.
"""

import gc
import logging
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from statistics import median

from budgeted import QUERIES_PER_SECOND, Case, Costs, Measured, batches, opened
from measure import say, table, verdict, workplace
from workload import NOON, RULES, TARGET

from athena_exporter.budgets import Amount, Budget, Calendar, Enforce, Match, Per, Period, Rolling, Unit
from athena_exporter.ledger.budgeting import REST
from athena_exporter.ledger.store import Ledger, LedgerSettings

BUDGETS = 50
SUBJECTS = (100, 10_000, 100_000)
REPETITIONS = 5
QUERIES = 9_000
"""Of one repetition."""
WARM = 3_000
"""Queries before the first one."""
EVERY = {"metrics": 5.0, "decisions": 2.0, "guard": 1.0}
"""The kinds of looks, and how many seconds there are between two where no rest is longer."""
BAR = 0.05
BATCH = 500
BURST = 5_000
_LIMIT = Amount(unit=Unit.BYTES, value=2**40)
_DAY, _WEEK, _MONTH = (Calendar(period=period, zone="Europe/Berlin") for period in Period)


# -- what is compared -------------------------------------------------------------------------------------------------


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


def every_fifty() -> tuple[Budget, ...]:
    """The worst that one can write: fifty that all count every query, each in a sum of its own."""
    return tuple(_budget(f"b{n:02d}", Per.USER, Rolling(length=timedelta(hours=49 + n))) for n in range(BUDGETS))


def _budget(name: str, per: Per, window: Calendar | Rolling, **match: tuple[str, ...]) -> Budget:
    return Budget(
        name=name, per=per, window=window, limit=_LIMIT, match=Match(**match), enforce=Enforce.STOP_QUERIES
    )  # fmt: skip  # as short as it can be said


def cases() -> list[Case]:
    """With and without budgets, for each number of subjects."""
    some = f"{BUDGETS}, of which 12 count a query"
    return [
        *(Case(name="none", budgets=(), subjects=subjects, past=0) for subjects in SUBJECTS),
        Case(name="the two that ship", budgets=shipped(), subjects=SUBJECTS[1], past=24),
        *(
            Case(name=some, budgets=fifty(), subjects=subjects, past=past)
            for subjects, past in zip(SUBJECTS, (24, 24, 1), strict=True)
        ),
        Case(name=f"{BUDGETS}, of which all do", budgets=every_fifty(), subjects=SUBJECTS[1], past=1),
    ]


# -- the whole of evaluation ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What budgets took in one repetition: seconds of the processor a query, and a look."""

    floor: float
    charging: float
    merging: float
    looks: Mapping[str, float]

    @property
    def share(self) -> float:
        """Of one core, at 1,000 queries a second."""
        looking = sum(share_of_look(kind, took) for kind, took in self.looks.items())
        return (self.charging + self.merging) * QUERIES_PER_SECOND + looking


def share_of_look(kind: str, took: float) -> float:
    """Of one core: it comes by its interval, and not before its rest is over."""
    return took / max(EVERY[kind], took * (1 + REST))


def repetition(run: int, queries: int, them: Sequence[Measured]) -> list[Costs]:
    """All of them in turn, batch by batch: whatever else the machine does, it does to all."""
    told = {subjects: batches(run, queries, subjects) for subjects in SUBJECTS}
    for number, same in enumerate(zip(*told.values(), strict=True)):
        batch = dict(zip(told, same, strict=True))
        for one in them if number // 2 % 2 else reversed(them):
            one.count(batch[one.case.subjects])
    return [one.costs(NOON + timedelta(minutes=run)) for one in them]


def evaluation(costs: Costs, without: Costs, merging: float) -> Evaluation:
    return Evaluation(
        floor=_a_query(without.counting),
        charging=_a_query([mine - theirs for mine, theirs in zip(costs.counting, without.counting, strict=True)]),
        merging=merging,
        looks=costs.looks,
    )


def _a_query(batches: Sequence[float]) -> float:
    """A query comes twice: the median of the batches of executions, and that of the batches of starts."""
    return (median(batches[::2]) + median(batches[1::2])) / BATCH


def measured(folder: Path) -> list[tuple[Case, list[Evaluation]]]:
    """Each case with budgets, and what it took in each repetition."""
    with ExitStack() as undo:
        them = []
        for number, case in enumerate(cases()):
            say(f"budgets: {case.name}, {case.subjects:,} subjects")
            them.append(undo.enter_context(opened(folder, number, case)))
        floor = {one.case.subjects: place for place, one in enumerate(them) if not one.case.budgets}
        gc.collect()
        gc.freeze()  # as the service does after its start
        repetition(0, WARM, them)
        told = []
        for run in range(1, REPETITIONS + 1):
            say(f"budgets: repetition {run} of {REPETITIONS}")
            told.append(repetition(run, QUERIES, them))
        noted = WARM + REPETITIONS * QUERIES
        merging = [one.merge() / noted for one in them]
        return [
            (one.case, [evaluation(costs[place], costs[floor[one.case.subjects]], merging[place]) for costs in told])
            for place, one in enumerate(them)
            if one.case.budgets
        ]


def rows_of(case: Case, took: Sequence[Evaluation]) -> list[str]:
    """A row; of the repetitions the medians, and of what they came to in all each."""
    looks = {kind: median(one.looks[kind] for one in took) for kind in EVERY}
    totals = [one.share for one in took]
    return [
        case.name,
        f"{case.subjects:,}",
        f"{median(one.charging for one in took) * 1e6:.0f}",
        f"{median(one.merging for one in took) * 1e6:.0f}",
        *(f"{looks[kind] * 1e3:,.0f} ({share_of_look(kind, looks[kind]):.1%})" for kind in EVERY),
        f"{median(totals):.1%} ({min(totals):.1%} to {max(totals):.1%})",
        f"{median((one.floor + one.share / QUERIES_PER_SECOND) / one.floor for one in took):.2f}",
        verdict(met=median(totals) < BAR),
    ]


# -- many at once -----------------------------------------------------------------------------------------------------


def burst(folder: Path) -> list[str]:
    """Five thousand come to their limit in one moment, and a channel is to be told of each."""
    budget = replace(_budget("daily", Per.USER, _DAY), limit=Amount(unit=Unit.BYTES, value=1))
    settings = LedgerSettings(path=folder / "burst.db", rules=RULES, budgets=(budget,), channels=("ops",))
    with closing(Ledger(settings, monotonic=time.monotonic)) as ledger:
        ledger.adopt(TARGET, NOON - timedelta(days=1))
        for batch in batches(0, 4 * BURST, BURST):
            ledger.apply(batch)
        took, told = [], [BURST]
        while told[-1]:
            wall, cpu = time.perf_counter(), time.process_time()
            told.append(len(ledger.decide(NOON + timedelta(minutes=2))))
            took.append((time.perf_counter() - wall, time.process_time() - cpu))
        return [f"{sum(told[1:]):,}", f"{len(took) - 1}", *(f"{sum(column):.1f}" for column in zip(*took, strict=True))]


def main() -> None:
    logging.disable(logging.WARNING)  # the guard says what it would stop
    folder = workplace(sys.argv)
    found = [rows_of(*one) for one in measured(folder)]
    say("budgets: many at once")
    header = [
        "Budgets", "subjects", "charging, us a query", "adding up, us a query",
        *(f"{kind}, ms a look (of a core)" for kind in EVERY), "in all, of a core", "processor, times without",
        f"bar {BAR:.0%} met",
    ]  # fmt: skip  # a row
    intervals = ", ".join(f"{every:.0f}" for every in EVERY.values())
    print(f"""\
## Budgets

All times are of the processor. A query comes twice, as one of {BATCH} executions a batch and as one of {BATCH} starts,
on a real file, `synchronous=FULL`. Ledgers with budgets and without take turns, batch by batch, and the median of the
differences is what charging costs; {REPETITIONS} repetitions of {QUERIES:,} queries each. What is charged is noted, and
added up when it is enough to be worth it: here once, at the end. The looks are for the metrics, for decisions (with
writing down what is decided), and the guard's at 300 running queries; they read what is noted, too. They come every
{intervals} seconds, and rest {REST} times as long as they took, which bounds their share of a core. Subjects have up to
a day of queries behind them: those of 10,000 have 430,000 sums. The verdict is on the median of the repetitions, at
{QUERIES_PER_SECOND:,} queries a second; the promise is for 10,000 subjects. Adding up grows with how many different
sums change, and ends where each query changes its twelve alone. The last row is the worst that one can write, not what
anybody needs: fifty rolling windows of different length, each with a sum of its own for every user.

{table(header, found)}

Some {BURST:,} users come to their limit in one moment; a channel is to be told of each, with the dearest of
{4 * BURST:,} queries.

{table(["Decisions", "looks", "seconds", "seconds of processor"], [burst(folder)])}
""")


if __name__ == "__main__":
    main()
