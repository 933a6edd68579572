"""Why these tests exist: `increase()` and quantiles over a histogram are right only if no bucket's rise goes unseen
and if, on every page, its buckets and its sum speak of the same queries.
"""

import tempfile
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import pytest
from book import MINUTE, NOON, TARGET, Book, MakeBook, opened, query, settings_for
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from athena_exporter import catalog
from athena_exporter.outlets.metrics import render
from athena_exporter.records import Batch

METRIC = catalog.ENGINE_SECONDS
WARMUP = timedelta(seconds=120)
VALUES = (*(bound - 1 for bound in METRIC.bounds), METRIC.bounds[-1] + 1)
"""One value for each bucket: so a page's buckets say what its sum must be."""
Scrape: TypeAlias = dict[tuple[str, str, str], float]
"""Workgroup, part of the histogram, bound -> value in base units."""


def scraped(book: Book) -> Scrape:
    """One publication as Prometheus reads it."""
    book.ledger.reveal()
    parts = {METRIC.bucket_name, METRIC.sum_name}
    page = render(sample for sample in book.samples() if sample.metric in parts)
    book.ledger.stamp()
    return {
        (one.labels["workgroup"], one.name.removeprefix(METRIC.name), one.labels.get("le", "")): one.value
        for family in text_string_to_metric_families(page.decode())
        for one in family.samples
    }


def increases(scrapes: list[Scrape]) -> Counter[tuple[str, str, str]]:
    """What `increase()` over all of them adds up: rises between samples, nothing for a first sample."""
    risen: Counter[tuple[str, str, str]] = Counter()
    for before, after in pairwise(scrapes):
        for series, value in after.items():
            risen[series] += value - before.get(series, value)  # type: ignore[assignment]  # seconds have fractions
    return risen


def speaks_of_the_same_queries(scrape: Scrape) -> None:
    for workgroup in {series[0] for series in scrape}:
        cumulative = [value for (name, part, _), value in scrape.items() if (name, part) == (workgroup, "_bucket")]
        assert len(cumulative) == len(VALUES), "all bounds, always"
        counts = [after - before for before, after in zip([0.0, *cumulative], cumulative, strict=False)]
        assert min(counts) >= 0
        assert scrape[workgroup, "_count", ""] == sum(counts)
        total_ms = sum(count * value for count, value in zip(counts, VALUES, strict=True))
        assert scrape[workgroup, "_sum", ""] == pytest.approx(total_ms / METRIC.scale)


def truth(told: list[tuple[str, int]]) -> dict[tuple[str, str, str], float]:
    """What the increases must come to, by loops over the queries."""
    found: Counter[tuple[str, str, str]] = Counter()
    bounds = [*(str(bound / METRIC.scale) for bound in METRIC.bounds), "+Inf"]
    for workgroup, value in told:
        found[workgroup, "_count", ""] += 1
        found[workgroup, "_sum", ""] += value / METRIC.scale  # type: ignore[assignment]  # as above
        for bound in bounds[bisect_left(METRIC.bounds, value) :]:
            found[workgroup, "_bucket", bound] += 1
    return dict(found)


@st.composite
def stories(draw: st.DrawFn) -> list[tuple[str, float, list[tuple[str, int]]]]:
    """Steps: what happens to the process, how many seconds pass before it, which queries come."""
    queries = st.lists(st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(VALUES)), max_size=4)
    happens = st.sampled_from(["scrape", "scrape", "nothing", "restart", "prune"])
    return draw(st.lists(st.tuples(happens, st.sampled_from([0.0, 15.0, 60.0, 119.0, 120.0]), queries), max_size=12))


@pytest.mark.no_cover
@given(stories())
@settings(max_examples=60, deadline=None)
def test_increases_are_exact_and_every_page_is_consistent(
    story: list[tuple[str, float, list[tuple[str, int]]]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rules = {"histograms": frozenset({METRIC.name})}
        with opened(settings_for(Path(folder), series_warmup=WARMUP, rules=rules)) as book:
            told: list[tuple[str, int]] = []
            scrapes = list(_lived(book, story, told))
        for scrape in scrapes:
            speaks_of_the_same_queries(scrape)
        risen = {series: rise for series, rise in increases(scrapes).items() if rise}
        assert risen == pytest.approx(truth(told))


def _lived(
    book: Book, story: list[tuple[str, float, list[tuple[str, int]]]], told: list[tuple[str, int]]
) -> Iterator[Scrape]:
    """The scrapes of a story, and two of its end when everything has been born."""
    for happens, seconds, queries in story:
        book.hand.seconds += seconds
        records = [query(len(told) + n, workgroup=name, engine_ms=ms) for n, (name, ms) in enumerate(queries)]
        told += queries
        # Not Book.deliver: it looks at the page, and nobody has scraped that one.
        batch = Batch(source="athena", target=TARGET, observed_at=NOON + MINUTE, records=tuple(records))
        book.ledger.apply(batch)
        if happens == "scrape":
            yield scraped(book)
        elif happens == "restart":
            book.reopen()
        elif happens == "prune":
            book.ledger.prune(TARGET)
    for _ in range(2):
        yield scraped(book)
        book.hand.seconds += WARMUP.total_seconds()
    yield scraped(book)


def test_a_bucket_that_waited_by_itself_would_show_another_number_of_queries_than_the_sum(make_book: MakeBook) -> None:
    """The reason for births together: the check above is one that can fail."""
    with make_book(series_warmup=WARMUP, rules={"histograms": frozenset({METRIC.name})}) as book:
        book.deliver(query(1, engine_ms=VALUES[0]), at=NOON + MINUTE)
        book.hand.seconds = 120
        page = scraped(book)
        speaks_of_the_same_queries(page)
        page["primary", "_sum", ""] += VALUES[3] / METRIC.scale
        with pytest.raises(AssertionError):
            speaks_of_the_same_queries(page)
