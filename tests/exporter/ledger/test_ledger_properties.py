"""Why these tests exist: counting once is the promise. Whatever order, repetition, split or source, whatever late
identity, restart or pruning, the ledger equals the brute-force count and obeys its law."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Oracle
from universe import START, TARGET, Life, batches, universes

from athena_exporter import catalog
from athena_exporter.ledger import history
from athena_exporter.ledger.model import Rules
from athena_exporter.ledger.store import Ledger, LedgerSettings
from athena_exporter.pricing import Prices, billed_bytes, cost_nanousd
from athena_exporter.records import Batch, Evidence, QueryExecution, Read, Sample

PRICES = Prices(usd_per_tb=Decimal(5), tb_bytes=2**40, minimum_bytes=10 * 2**20)
END = START + timedelta(days=30)


def ledger_settings(folder: str, **label_limits: int) -> LedgerSettings:
    limits = {"user": 500, "database": 200, "client": 100} | label_limits
    return LedgerSettings(
        path=Path(folder) / "ledger.db",
        rules=Rules(prices=PRICES, label_limits=limits),
        seed=timedelta(hours=1),
        series_warmup=timedelta(0),
    )


@contextmanager
def opened(config: LedgerSettings) -> Iterator[Ledger]:
    ledger = Ledger(config, monotonic=lambda: 0.0)
    with closing(ledger):
        ledger.adopt(TARGET, START)
        yield ledger


def exposed(ledger: Ledger, now: datetime = END) -> list[Sample]:
    ledger.reveal()
    return ledger.samples(now)


def totals(samples: list[Sample], metric: catalog.Metric, *labels: int) -> Counter[tuple[str, ...]]:
    """The samples of a metric, summed over all but the labels at these places."""
    found: Counter[tuple[str, ...]] = Counter()
    for sample in samples:
        if sample.metric == metric.name:
            found[tuple(sample.labels[place] for place in labels)] += int(sample.value)
    return found


def nonzero(counts: Counter[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
    return {key: count for key, count in counts.items() if count}


def oracle_for(config: LedgerSettings) -> Oracle:
    return Oracle(counting_since=START, low_water=START - config.seed)


def obeys_the_law(samples: list[Sample]) -> None:
    """users + unattributed + pending = workgroups, in queries and in bytes; clients likewise."""
    queries = totals(samples, catalog.QUERIES)[()]
    scanned = totals(samples, catalog.SCANNED_BYTES)[()]
    pending = totals(samples, catalog.PENDING_QUERIES)[()]
    pending_bytes = totals(samples, catalog.PENDING_BYTES)[()]
    assert queries == totals(samples, catalog.USER_QUERIES)[()] + pending
    assert scanned == totals(samples, catalog.USER_SCANNED_BYTES)[()] + pending_bytes
    assert queries == totals(samples, catalog.CLIENT_QUERIES)[()] + pending


def equals_the_oracle(ledger: Ledger, oracle: Oracle) -> None:
    samples = exposed(ledger)
    assert nonzero(totals(samples, catalog.QUERIES, 0, 1, 2)) == dict(oracle.by_workgroup())
    assert nonzero(totals(samples, catalog.SCANNED_BYTES, 0, 1, 2)) == nonzero(oracle.bytes_by_workgroup())  # type: ignore[arg-type]  # tuples of three are tuples
    assert nonzero(totals(samples, catalog.USER_QUERIES, 0)) == {(u,): n for u, n in oracle.by_user().items()}
    assert totals(samples, catalog.PENDING_QUERIES)[()] == oracle.pending()
    assert totals(samples, catalog.START_REJECTIONS)[()] == len(oracle.rejected)
    obeys_the_law(samples)
    equals_the_oracles_breadth(samples, oracle)
    for hours in range(0, 36, 12):
        now = START + timedelta(hours=hours)
        midnight = datetime(now.year, now.month, now.day, tzinfo=UTC)
        users = totals(exposed(ledger, now), catalog.USER_WINDOW_QUERIES, 0, 1)
        expected = oracle.window(midnight, midnight + timedelta(days=1))
        assert {user: n for (window, user), n in users.items() if window == "today"} == dict(expected)


def equals_the_oracles_breadth(samples: list[Sample], oracle: Oracle) -> None:
    """Everything beside queries, bytes and money."""
    for metric, name in ((catalog.QUEUE_SECONDS, "queue_ms"), (catalog.SCANNED_BYTES_PER_QUERY, "scanned_bytes")):
        assert distributions(samples, metric) == {
            labels: (sum(values), Counter(bucket(metric, value) for value in values))
            for labels, values in oracle.values(name).items()
        }
    failures = totals(samples, catalog.QUERY_FAILURES, 2)
    assert nonzero(failures) == {(name,): count for name, count in oracle.failures().items()}
    hits, reused = totals(samples, catalog.CUTOFF_HITS)[()], totals(samples, catalog.RESULT_REUSE)[()]
    assert (hits, reused) == oracle.guard_rails()
    assert totals(samples, catalog.RESERVED_DPU_SECONDS)[()] == oracle.reserved_dpu_ms()
    for metric, name in (
        (catalog.CLOUDWATCH_QUERIES, "queries"),
        (catalog.CLOUDWATCH_PROCESSED_BYTES, "processed_bytes"),
        (catalog.CLOUDWATCH_ENGINE_SECONDS, "engine_ms"),
    ):
        assert nonzero(totals(samples, metric, 0, 1, 2)) == nonzero(oracle.cloudwatch(name))  # type: ignore[arg-type]  # as above
    idle = sum(one.idle_dpu_ms for one in oracle.capacity)
    assert totals(samples, catalog.CAPACITY_IDLE_DPU_SECONDS)[()] == idle
    cents = totals(samples, catalog.CAPACITY_IDLE_COST_USD)[()]
    assert abs(cents - Fraction(idle * 3 * 10**8, 3_600_000)) <= Fraction(len(oracle.capacity), 2)


def distributions(samples: list[Sample], metric: catalog.Metric) -> dict[tuple[str, ...], tuple[int, Counter[str]]]:
    """Labels -> the sum and what the buckets hold."""
    sums = {sample.labels: int(sample.value) for sample in samples if sample.metric == metric.sum_name}
    counts: dict[tuple[str, ...], Counter[str]] = {labels: Counter() for labels in sums}
    for sample in samples:
        if sample.metric == metric.bucket_name:
            counts[sample.labels[:-1]][sample.labels[-1]] += int(sample.value)
    return {labels: (total, counts[labels]) for labels, total in sums.items()}


def bucket(metric: catalog.Metric, value: int) -> str:
    """The bound under which a value belongs."""
    return next((str(bound) for bound in metric.bounds if value <= bound), "+Inf")


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[Life], list[Batch]]:
    universe = draw(universes())
    return universe, draw(st.lists(batches(universe), max_size=12))


@pytest.mark.no_cover
@given(stories())
@settings(max_examples=200, deadline=None)
def test_any_order_repetition_and_split_counts_what_the_brute_force_counts(
    story: tuple[list[Life], list[Batch]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = ledger_settings(folder)
        oracle = oracle_for(config)
        with opened(config) as ledger:
            for batch in story[1]:
                ledger.apply(batch)
                oracle.deliver(batch)
                obeys_the_law(exposed(ledger))
            equals_the_oracle(ledger, oracle)
        rows = history.executions(config.path, START - timedelta(days=1), END)
        assert {(row.workgroup, row.statement_type, row.state): row.queries for row in rows} == oracle.executions()


@pytest.mark.no_cover
@given(stories(), st.lists(st.booleans(), min_size=12, max_size=12))
@settings(max_examples=40, deadline=None)
def test_restarts_between_batches_change_nothing(story: tuple[list[Life], list[Batch]], restarts: list[bool]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = ledger_settings(folder)
        oracle = oracle_for(config)
        ledger = Ledger(config, monotonic=lambda: 0.0)
        ledger.adopt(TARGET, START)
        for batch, restart in zip(story[1], restarts, strict=False):
            ledger.apply(batch)
            oracle.deliver(batch)
            ledger.stamp()
            if restart:
                ledger.close()
                ledger = Ledger(config, monotonic=lambda: 0.0)
                assert not ledger.restored
        with closing(ledger):
            equals_the_oracle(ledger, oracle)


@pytest.mark.no_cover
@given(stories())
@settings(max_examples=60, deadline=None)
def test_pruned_ids_met_again_are_not_counted_again(story: tuple[list[Life], list[Batch]]) -> None:
    universe, told = story
    with tempfile.TemporaryDirectory() as folder:
        config = ledger_settings(folder)
        oracle = oracle_for(config)
        far = START + timedelta(days=20)
        beacon = Life(execution=_beacon(universe[0], far), user="ann")
        with opened(config) as ledger:
            for batch in [*told, _full_sweep(far, beacon), _everything(universe, far)]:
                ledger.apply(batch)
                oracle.deliver(batch)
            for _ in range(3):
                ledger.prune(TARGET)
                ledger.apply(_everything(universe, far))
                equals_the_oracle(ledger, oracle)


@pytest.mark.no_cover
@given(stories(), st.integers(0, 2))
@settings(max_examples=40, deadline=None)
def test_a_full_label_budget_moves_users_to_other_and_loses_none(
    story: tuple[list[Life], list[Batch]], limit: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = ledger_settings(folder, user=limit, database=limit, client=limit)
        oracle = oracle_for(config)
        with opened(config) as ledger:
            for batch in story[1]:
                ledger.apply(batch)
                oracle.deliver(batch)
            samples = exposed(ledger)
            obeys_the_law(samples)
            users = {user for (user,) in totals(samples, catalog.USER_QUERIES, 0)}
            assert len(users - {"other", "unattributed"}) <= limit
            overflow = totals(samples, catalog.LABEL_OVERFLOW, 0)[("user",)]
            assert overflow == totals(samples, catalog.USER_QUERIES, 0)[("other",)]
            assert totals(samples, catalog.USER_QUERIES)[()] == sum(oracle.by_user().values())


@pytest.mark.no_cover
@given(stories())
@settings(max_examples=40, deadline=None)
def test_money_is_the_sum_of_each_querys_rounded_price(story: tuple[list[Life], list[Batch]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = ledger_settings(folder)
        oracle = oracle_for(config)
        with opened(config) as ledger:
            for batch in story[1]:
                ledger.apply(batch)
                oracle.deliver(batch)
            expected = sum(
                cost_nanousd(billed_bytes(e, PRICES) or 0, PRICES)
                for e in oracle.counted.values()
                if e.counted_at >= START
            )
            assert totals(exposed(ledger), catalog.COST_USD)[()] == expected


def _beacon(like: Life, at: datetime) -> QueryExecution:
    return replace(like.execution, query_id="beacon", submitted_at=at, ended_at=at, scanned_bytes=1, total_ms=1)


def _full_sweep(at: datetime, beacon: Life) -> Batch:
    """A complete read of both kinds, long after everything: nothing stays pending, the mark may rise."""
    start = beacon.start()
    assert start is not None
    since = START - timedelta(days=2)
    return Batch(
        source="athena",
        target=TARGET,
        observed_at=at,
        records=(beacon.execution, start),
        reads=tuple(Read(evidence=evidence, since=since, until=at, begun_at=at) for evidence in Evidence),
    )


def _everything(universe: list[Life], at: datetime) -> Batch:
    starts = (life.start() for life in universe)
    records = [life.execution for life in universe] + [start for start in starts if start is not None]
    return Batch(source="athena", target=TARGET, observed_at=at, records=tuple(records))
