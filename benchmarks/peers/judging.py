"""What an exporter has told, held against what happened: how late, and how much of it.

Pages come in, as `reading` understands them; everything is judged as Prometheus would store it: of a sample with a
time of its own the first value stays, and only newer times are taken.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

Key = tuple[str, str, str]
"""Workgroup, statement type, state as Athena writes it, in small letters."""


WARM_UP = 130.0
"""Seconds: a little more than `exposition.series_warmup`."""


class What(StrEnum):
    """What is told of queries."""

    QUERIES = "queries"
    BYTES = "scanned bytes"
    SECONDS = "execution time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A finished query as it really was; times in seconds since 1970."""

    key: Key
    ended: float
    scanned_bytes: int | None
    total_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One value of a page; `at` is the sample's own time (seconds since 1970), if it has one."""

    what: What
    key: Key
    value: float
    at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a scrape brought, and when it was over; `complete_until` where the exporter says so."""

    seen: float
    samples: Sequence[Sample]
    since: float | None = None
    complete_until: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The queries that an exporter has spoken of: those that ended at or after `since` and before `until`."""

    since: float
    until: float

    @property
    def minutes(self) -> float:
        """Its length."""
        return (self.until - self.since) / 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An exporter's word on a span: totals, and when how many queries of a kind were visible.

    Attributes:
        arrivals: kind and, for values with a time of their own, that time -> since when so many queries are visible.
        period: how long the time of a value is; None where there are no such times.
    """

    span: Span
    totals: Mapping[What, float]
    arrivals: Mapping[tuple[Key, float | None], Sequence[tuple[float, float]]]
    period: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How late queries became visible (seconds, of those that did), how many never did, and totals beside the truth."""

    span: Span
    ages: Sequence[float]
    never: int
    told: Mapping[What, float]
    truth: Mapping[What, float]
    published: Mapping[What, float]


# -- gauges that repeat CloudWatch -------------------------------------------------------------------------------------


def told_by_gauges(pages: Sequence[Page], period: float) -> Told:
    """Of samples that stand for a period of so many seconds each, at its beginning.

    The span begins after the newest period of the first page that has any: older ones were chance.

    Raises:
        ValueError: if no page has a sample, or none is newer than the first's.
    """
    newest = [max(times) for page in pages if (times := [one.at for one in page.samples if one.at is not None])]
    if not newest or max(newest) == newest[0]:
        raise ValueError("it told of less than two periods")
    span = Span(since=newest[0] + period, until=max(newest) + period)
    totals = dict.fromkeys(What, 0.0)
    arrivals: dict[tuple[Key, float | None], Sequence[tuple[float, float]]] = {}
    for what, key, at, value, seen in _kept(pages):
        if span.since <= at < span.until:
            totals[what] += value
            if what is What.QUERIES:
                arrivals[key, at] = [(seen, value)]
    return Told(span=span, totals=totals, arrivals=arrivals, period=period)


def _kept(pages: Iterable[Page]) -> Iterator[tuple[What, Key, float, float, float]]:
    """What Prometheus keeps of samples with times: of each series the newer ones, each time's first value."""
    newest: defaultdict[tuple[What, Key], float] = defaultdict(float)
    for page in pages:
        for sample in page.samples:
            if sample.at is not None and sample.at > newest[sample.what, sample.key]:
                newest[sample.what, sample.key] = sample.at
                yield sample.what, sample.key, sample.at, sample.value, page.seen


# -- counters ----------------------------------------------------------------------------------------------------------


def told_by_counters(pages: Sequence[Page], span: Span, first: Page | None = None) -> Told:
    """Of counters that hold everything of a span by the last page; what `first` had already is not of that span."""
    before = {(sample.what, sample.key): sample.value for sample in first.samples} if first else {}
    arrivals: defaultdict[tuple[Key, float | None], list[tuple[float, float]]] = defaultdict(list)
    for page in pages:
        for sample in page.samples:
            if sample.what is What.QUERIES:
                value = sample.value - before.get((sample.what, sample.key), 0.0)
                arrivals[sample.key, None].append((page.seen, value))
    totals = dict.fromkeys(What, 0.0)
    for sample in pages[-1].samples:
        totals[sample.what] += sample.value - before.get((sample.what, sample.key), 0.0)
    return Told(span=span, totals=totals, arrivals=arrivals)


def counted(pages: Sequence[Page], until: float) -> Told:
    """Of counters whose exporter says since when it counts, with nothing left to count at the end.

    Raises:
        ValueError: if it never said so.
    """
    since = next((page.since for page in pages if page.since is not None), None)
    if since is None:
        raise ValueError("it never said since when it counts")
    return told_by_counters(pages, Span(since=since, until=until))


def settled(pages: Sequence[Page]) -> Told:
    """Of counters whose exporter says until when they are complete: between the first and the last such word.

    Raises:
        ValueError: if it never said so, or said the same all along.
    """
    said = [page for page in pages if page.complete_until is not None]
    last = next((place for place in reversed(range(len(said))) if _has_rested(said, place)), 0)
    if not last or said[0].complete_until == said[last].complete_until:
        raise ValueError("it was complete for less than two readings")
    since = max(said[0].complete_until or 0.0, said[0].since or 0.0)
    return told_by_counters(said[: last + 1], Span(since=since, until=said[last].complete_until or 0.0), said[0])


def _has_rested(said: Sequence[Page], place: int) -> bool:
    """Whether the page's word is so old that counters which came with it are no longer shown as 0."""
    page = said[place]
    return any(one.complete_until == page.complete_until and page.seen - one.seen > WARM_UP for one in said[:place])


# -- the verdict -------------------------------------------------------------------------------------------------------


def judged(told: Told, queries: Iterable[Query], publishing: Collection[str], fresh_since: float) -> Verdict:
    """Hold it against what ended in its span; ages are those of queries that ended after `fresh_since`."""
    mine = sorted((one for one in queries if told.span.since <= one.ended < told.span.until), key=lambda one: one.ended)
    groups: defaultdict[tuple[Key, float | None], list[Query]] = defaultdict(list)
    for query in mine:
        if query.key[0] in publishing or told.period is None:
            groups[query.key, _period_of(query, told)].append(query)
    seen = [(query, _visible(number, told.arrivals.get(group, ())))
            for group, members in groups.items() for number, query in enumerate(members, 1)]  # fmt: skip  # one list
    return Verdict(
        span=told.span,
        ages=[at - query.ended for query, at in seen if at is not None and query.ended >= fresh_since],
        never=len(mine) - sum(at is not None for _, at in seen),
        told=told.totals,
        truth=_sums(mine),
        published=_sums(query for query in mine if query.key[0] in publishing),
    )


def _period_of(query: Query, told: Told) -> float | None:
    return None if told.period is None else query.ended // told.period * told.period


def _visible(number: int, arrivals: Sequence[tuple[float, float]]) -> float | None:
    """Since when so many queries of a kind are visible: the n-th of them is held to be the n-th that ended."""
    place = bisect_left(arrivals, float(number), key=lambda one: one[1])
    return arrivals[place][0] if place < len(arrivals) else None


def _sums(queries: Iterable[Query]) -> Mapping[What, float]:
    sums = dict.fromkeys(What, 0.0)
    for query in queries:
        sums[What.QUERIES] += 1
        sums[What.BYTES] += query.scanned_bytes or 0
        sums[What.SECONDS] += query.total_ms / 1000
    return sums
