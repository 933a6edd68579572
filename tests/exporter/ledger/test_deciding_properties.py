"""Why these tests exist: whatever comes in whatever order, late, twice, over restarts and with clocks that jump, people
are told of exactly the crossings that a brute-force count finds, each once, and the counter says how many.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

from crossings import Crossings
from hypothesis import given, settings
from hypothesis import strategies as st
from spending import BUDGETS, COMPONENTS, PRICES, Spending, adapted
from universe import START, TARGET, Life, batches, universes

from athena_exporter import catalog
from athena_exporter.budgets import Amount, Budget, Unit
from athena_exporter.ledger.model import Rules
from athena_exporter.ledger.store import Ledger, LedgerSettings
from athena_exporter.records import Batch, Evidence, Read, Workgroup, Workgroups

HOUR = timedelta(hours=1)
TAGS = Workgroups(items=tuple(Workgroup(name=name, tags={"component": tag}) for name, tag in COMPONENTS.items()))
LIMITS = {
    Unit.BYTES: (1, 2**20, 10 * 2**20 + 1, 21 * 2**20, 14 * 10**12, 10**14),
    Unit.USD: (1, 47_684, 95_368, 10**8, 7 * 10**10),
}


def limited(one: Budget) -> st.SearchStrategy[Budget]:
    limits = st.sampled_from(LIMITS[one.limit.unit]).map(lambda value: Amount(unit=one.limit.unit, value=value))
    warns = st.sampled_from([Fraction(1, 10), Fraction(1, 2), Fraction(4, 5), Fraction(1)])
    return st.builds(lambda limit, warn: replace(one, limit=limit, warn=warn), limits, warns)


some_budgets = st.tuples(*map(limited, BUDGETS))
nows = st.integers(-2 * 60, 84 * 60).map(lambda minutes: START + minutes * timedelta(minutes=1))


def settings_for(folder: str, budgets: Sequence[Budget]) -> LedgerSettings:
    return LedgerSettings(
        path=Path(folder) / "ledger.db", rules=Rules(prices=PRICES), seed=HOUR, series_warmup=timedelta(0),
        budgets=tuple(budgets), channels=("notifications/ops",),
    )  # fmt: skip  # as short as it can be said


def opened(told: LedgerSettings) -> Ledger:
    ledger = Ledger(told, monotonic=lambda: 0.0)
    ledger.adopt(TARGET, START)
    return ledger


@st.composite
def stories(draw: st.DrawFn) -> list[tuple[Batch, list[datetime], bool, bool]]:
    """Batches, each followed by looks at some times, perhaps a restart, perhaps pruning; in the end all are named."""
    universe = draw(universes())
    told = [*draw(st.lists(batches(universe), max_size=6)), *late_users(universe)]
    after = st.tuples(st.lists(nows, max_size=3), st.booleans(), st.booleans())
    return [(adapted(batch), *draw(after)) for batch in told]


def late_users(universe: list[Life]) -> list[Batch]:
    at = START + 80 * HOUR
    swept = Read(evidence=Evidence.EXECUTIONS, since=START - 30 * HOUR, until=at, begun_at=at)
    starts = tuple(start for life in universe if (start := life.start()) is not None)
    return [
        Batch(source="athena", target=TARGET, observed_at=at, records=tuple(life.execution for life in universe)),
        Batch(source="athena", target=TARGET, observed_at=at, records=starts[:2], reads=(swept,)),
        Batch(source="lookup", target=TARGET, observed_at=at, records=starts),
    ]


@given(stories(), some_budgets)
@settings(max_examples=50, deadline=None)
def test_people_are_told_of_exactly_what_the_brute_force_count_finds(
    story: list[tuple[Batch, list[datetime], bool, bool]], budgets: tuple[Budget, ...]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        told = settings_for(folder, budgets)
        truth, ledger = Spending(counting_since=START, low_water=START - HOUR), opened(told)
        model, every = Crossings(budgets, truth), list[str]()
        pruned_to = START - 100 * HOUR
        count: Counter[tuple[str, ...]] = Counter()
        ledger.apply(Batch(source="workgroups", target=TARGET, observed_at=START, records=(TAGS,)))
        for batch, looks, restart, prune in story:
            ledger.apply(batch)
            truth.deliver(batch)
            if restart:
                ledger.stamp()
                ledger.close()
                ledger = opened(told)
            if prune:
                ledger.prune(TARGET)
                truth.pruned(ledger.view(TARGET).low_water())
                pruned_to = max([pruned_to, *(one.counted_at for one in truth.counted.values())])
            # What lies two windows before the newest query is forgotten: nobody can look from there any more.
            for now in (look for look in looks if look >= pruned_to):
                decided = ledger.decide(now)
                found = [(one.budget.name, one.standing.subject, one.level.value) for one in decided]
                assert sorted(found) == model.look(now), now
                every += [one.decision_id for one in decided]
                count.update((one.budget.name, one.level.value) for one in decided)
        with closing(ledger):
            assert len(set(every)) == len(every)
            facts = [json.loads(fact.body) for fact in ledger.pending_facts("notifications/ops", 10_000)]
            assert [fact["decision_id"] for fact in facts] == every
            ledger.samples(START)
            ledger.reveal()
            name = catalog.BUDGET_DECISIONS.name
            shown = {one.labels: one.value for one in ledger.samples(START) if one.metric == name}
            assert {labels: value for labels, value in shown.items() if value} == dict(count)
