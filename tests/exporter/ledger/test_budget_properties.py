"""Why these tests exist: whoever is told to stop asks for proof. Whatever order, repetition, late identity, restart,
pruning, clock or new configuration, a budget's usage is what the brute-force count says, to the byte and nanodollar."""

import tempfile
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spending import BUDGETS, COMPONENTS, PRICES, Spending, adapted
from universe import START, TARGET, Life, batches, universes

from athena_exporter.budgets import Budget, BudgetState
from athena_exporter.ledger import budgeting
from athena_exporter.ledger.model import Rules
from athena_exporter.ledger.store import Ledger, LedgerSettings
from athena_exporter.records import Batch, Evidence, Read, Workgroup, Workgroups, from_epoch_ms

HOUR = timedelta(hours=1)
NOWS = tuple(START + hours * HOUR for hours in (26, 0, 1, 3, 7, 14, 24.9, 49, 80, 26))
"""The present, as a clock that is put back and forth tells it."""
TAGS = Workgroups(items=tuple(Workgroup(name=name, tags={"component": tag}) for name, tag in COMPONENTS.items()))


def settings_for(folder: str, budgets: Sequence[Budget], retention: timedelta = timedelta(days=3)) -> LedgerSettings:
    return LedgerSettings(
        path=Path(folder) / "ledger.db",
        rules=Rules(prices=PRICES),
        seed=HOUR,
        retention=retention,
        series_warmup=timedelta(0),
        budgets=tuple(budgets),
    )


def opened(told: LedgerSettings) -> Ledger:
    ledger = Ledger(told, monotonic=lambda: 0.0)
    ledger.adopt(TARGET, START)
    return ledger


def tags_told() -> Batch:
    return Batch(source="workgroups", target=TARGET, observed_at=START, records=(TAGS,))


def spending() -> Spending:
    return Spending(counting_since=START, low_water=START - HOUR)


@st.composite
def stories(draw: st.DrawFn) -> list[Batch]:
    """Anything in any order; in every second story all is given up in the end, and named late."""
    universe = draw(universes())
    told = draw(st.lists(batches(universe), max_size=9))
    if draw(st.booleans()):
        told += late_users(universe)
    return [adapted(batch) for batch in told]


def late_users(universe: list[Life]) -> list[Batch]:
    at = START + 80 * HOUR
    swept = Read(evidence=Evidence.EXECUTIONS, since=START - 30 * HOUR, until=at, begun_at=at)
    executions = tuple(life.execution for life in universe)
    starts = tuple(start for life in universe if (start := life.start()) is not None)
    half = len(starts) // 2
    return [
        Batch(source="athena", target=TARGET, observed_at=at, records=executions),
        Batch(source="athena", target=TARGET, observed_at=at, records=starts[:half], reads=(swept,)),
        Batch(source="lookup", target=TARGET, observed_at=at, records=starts),
    ]


def states(ledger: Ledger, now: datetime) -> list[BudgetState]:
    (found,) = ledger.budget_states(now)
    assert found.uncounted == ()
    return list(found.states)


def used(state: BudgetState) -> dict[str, int]:
    return {one.subject: one.used for one in state.standings}


def equals_the_brute_force_count(ledger: Ledger, truth: Spending) -> None:
    for now in NOWS:
        for state in states(ledger, now):
            assert used(state) == truth.used(state.budget, now), (state.budget.name, now)


@pytest.mark.no_cover
@given(stories(), st.lists(st.booleans(), min_size=12, max_size=12))
@settings(max_examples=50, deadline=None)
def test_usage_is_the_brute_force_count_over_late_identities_restarts_and_clocks(
    story: list[Batch], restarts: list[bool]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        told = settings_for(folder, BUDGETS)
        truth, ledger = spending(), opened(told)
        ledger.apply(tags_told())
        for batch, restart in zip(story, restarts, strict=False):
            ledger.apply(batch)
            truth.deliver(batch)
            ledger.stamp()
            if restart:
                ledger.close()
                ledger = opened(told)
        with closing(ledger):
            equals_the_brute_force_count(ledger, truth)


some_budgets = st.lists(st.sampled_from(BUDGETS), unique=True)


@pytest.mark.no_cover
@given(stories(), st.lists(st.tuples(some_budgets, st.booleans()), min_size=12, max_size=12))
@settings(max_examples=50, deadline=None)
def test_a_new_configuration_knows_all_that_it_says_to_know(
    story: list[Batch], changes: list[tuple[list[Budget], bool]]
) -> None:
    """Budgets come and go and queries are pruned: usage is never more than the truth, nor less since `since_ms`."""
    with tempfile.TemporaryDirectory() as folder:
        truth = spending()
        ledger = opened(settings_for(folder, BUDGETS[:4], HOUR))
        ledger.apply(tags_told())
        for batch, (budgets, prune) in zip(story, changes, strict=False):
            ledger.apply(batch)
            truth.deliver(batch)
            if prune:
                ledger.prune(TARGET)
                truth.pruned(ledger.view(TARGET).low_water())
            ledger.stamp()
            ledger.close()
            ledger = opened(settings_for(folder, budgets, HOUR))
        ledger.close()
        with closing(opened(settings_for(folder, BUDGETS, HOUR))) as ledger:
            for state in states(ledger, NOWS[0]):
                claims_only_what_is_true(state, truth, NOWS[0])


def claims_only_what_is_true(state: BudgetState, truth: Spending, now: datetime) -> None:
    found, name = used(state), state.budget.name
    whole = truth.used(state.budget, now)
    assert found.keys() <= whole.keys(), name
    assert all(amount <= whole[subject] for subject, amount in found.items()), name
    known = truth.used(state.budget, now, from_epoch_ms(state.since_ms))
    assert all(found.get(subject, -1) >= amount for subject, amount in known.items()), (name, state, known)


@given(stories())
@settings(max_examples=20, deadline=None)
def test_what_was_pruned_is_in_no_window_any_more(story: list[Batch]) -> None:
    """Cells go, and who is where stays the same, in this window and in the one before it."""
    with tempfile.TemporaryDirectory() as folder, closing(opened(settings_for(folder, BUDGETS))) as ledger:
        for batch in story:
            ledger.apply(batch)
        newest = max((e.counted_at for b in story for e in b.records if hasattr(e, "counted_at")), default=START)
        before = [used(state) for state in states(ledger, newest)]
        ledger.prune(TARGET)
        assert [used(state) for state in states(ledger, newest)] == before


def test_another_process_reads_the_same() -> None:
    with tempfile.TemporaryDirectory() as folder:
        told = settings_for(folder, BUDGETS[:2])
        with closing(opened(told)) as ledger:
            now = datetime(2026, 3, 28, 23, tzinfo=UTC)
            assert budgeting.read(told.path, told.budgets, now) == ledger.budget_states(now)
            (found,) = budgeting.read(told.path, BUDGETS[1:4], now)
            assert found.uncounted == ("c", "d")
