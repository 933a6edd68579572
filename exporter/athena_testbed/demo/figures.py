"""What the exporter's page says: its text -> the figures that the demo shows.

Everything here comes from `/metrics`, as any other reader of it would see it, and nothing from the account's truth.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TypeAlias

from prometheus_client.parser import text_string_to_metric_families

PENDING = "pending"
UNATTRIBUTED = "unattributed"
_NOBODY = frozenset({PENDING, UNATTRIBUTED, "unknown", "other"})
"""Values of the label `user` that name no user."""
_NANO = 10**9

Labels: TypeAlias = Mapping[str, str]
Page: TypeAlias = Mapping[str, list[tuple[Labels, float]]]
"""Metric name -> its series: labels and value."""

_ANY: Labels = MappingProxyType({})
_TODAY: Labels = MappingProxyType({"window": "today"})
_ATHENA: Labels = MappingProxyType({"source": "athena"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a user, a workgroup or everybody has used."""

    queries: int = 0
    scanned_bytes: int = 0
    cost_nanousd: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        """Both together."""
        return Usage(
            queries=self.queries + other.queries,
            scanned_bytes=self.scanned_bytes + other.scanned_bytes,
            cost_nanousd=self.cost_nanousd + other.cost_nanousd,
        )

    @property
    def cost_usd(self) -> float:
        """The cost in dollars."""
        return self.cost_nanousd / _NANO


Usages: TypeAlias = Mapping[str, Usage]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """How a source does: `lag_s` is the age of the newest record that it brought last; None if it brought none yet."""

    name: str
    up: bool
    lag_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One reading of the page.

    Attributes:
        workgroups_today: the window `today` by workgroup.
        users_today: the window `today` by user, `pending` and `unattributed` among them.
        workgroups: the counters by workgroup.
        users: the counters by user; what is pending is in none of them.
        running: queries under way by state.
        pending_queries: counted for a workgroup, waiting for CloudTrail to tell the user.
        refused_starts: starts that Athena refused.
        sources: by name.
        counting_since: counters hold what ended at or after it; None before the account is known.
        complete_until: nothing that ended before it is missing in the workgroups' counters; None until then.
    """

    workgroups_today: Usages
    users_today: Usages
    workgroups: Usages
    users: Usages
    running: Mapping[str, int]
    pending_queries: int
    pending_bytes: int
    refused_starts: int
    sources: tuple[SourceState, ...]
    counting_since: datetime | None
    complete_until: datetime | None

    @property
    def today(self) -> Usage:
        """Everybody, today."""
        return total(self.workgroups_today)

    @property
    def named_today(self) -> Usages:
        """Those who are known by name, today."""
        return {name: usage for name, usage in self.users_today.items() if name not in _NOBODY}


def total(usages: Usages) -> Usage:
    """All together."""
    return sum(usages.values(), start=Usage())


def dearest(usages: Usages) -> list[tuple[str, Usage]]:
    """The dearest first; equals by bytes, queries, name."""
    return sorted(usages.items(), key=_price)


def _price(named: tuple[str, Usage]) -> tuple[int, int, int, str]:
    name, usage = named
    return -usage.cost_nanousd, -usage.scanned_bytes, -usage.queries, name


def read(text: str) -> Figures:
    """The figures of a page in Prometheus's text format.

    Raises:
        ValueError: if it is none.
    """
    page = _page(text)
    return Figures(
        workgroups_today=_usages(page, "athena_window_{}", "workgroup", _TODAY),
        users_today=_usages(page, "athena_user_window_{}", "user", _TODAY),
        workgroups=_usages(page, "athena_{}_total", "workgroup"),
        users=_usages(page, "athena_user_{}_total", "user"),
        running=_counts(page, "athena_running_queries", "state"),
        pending_queries=_sum(page, "athena_exporter_pending_queries"),
        pending_bytes=_sum(page, "athena_exporter_pending_bytes"),
        refused_starts=_sum(page, "athena_start_rejections_total"),
        sources=tuple(_sources(page)),
        counting_since=_moment(page, "athena_exporter_counting_since_timestamp_seconds"),
        complete_until=_moment(page, "athena_exporter_source_complete_until_timestamp_seconds", _ATHENA),
    )


def _page(text: str) -> Page:
    page: defaultdict[str, list[tuple[Labels, float]]] = defaultdict(list)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            page[sample.name].append((sample.labels, sample.value))
    return page


def _series(page: Page, name: str, wanted: Labels = _ANY) -> Iterator[tuple[Labels, float]]:
    for labels, value in page.get(name, ()):
        if wanted.items() <= labels.items():
            yield labels, value


def _sum(page: Page, name: str) -> int:
    return int(sum(value for _, value in _series(page, name)))


def _counts(page: Page, name: str, label: str, wanted: Labels = _ANY, *, scale: int = 1) -> dict[str, int]:
    counts: defaultdict[str, int] = defaultdict(int)
    for labels, value in _series(page, name, wanted):
        counts[labels[label]] += round(value * scale)
    return dict(counts)


def _usages(page: Page, name: str, label: str, wanted: Labels = _ANY) -> Usages:
    """Three families that differ in one word, by a label."""
    queries = _counts(page, name.format("queries"), label, wanted)
    scanned = _counts(page, name.format("scanned_bytes"), label, wanted)
    cost = _counts(page, name.format("cost_usd"), label, wanted, scale=_NANO)
    return {
        value: Usage(queries=queries[value], scanned_bytes=scanned.get(value, 0), cost_nanousd=cost.get(value, 0))
        for value in queries
    }


def _sources(page: Page) -> Iterator[SourceState]:
    lags = _by_source(_series(page, "athena_exporter_source_lag_seconds"))
    ups = _by_source(_series(page, "athena_exporter_source_up"))
    for name, up in sorted(ups.items()):
        # AWS's answers carry their time in whole seconds, so a fresh record may seem to come from the future.
        lag = max(0.0, lags[name]) if name in lags else None
        yield SourceState(name=name, up=up == 1, lag_s=lag)


def _by_source(series: Iterable[tuple[Labels, float]]) -> dict[str, float]:
    return {labels["source"]: value for labels, value in series}


def _moment(page: Page, name: str, wanted: Labels = _ANY) -> datetime | None:
    found = [value for _, value in _series(page, name, wanted)]
    return datetime.fromtimestamp(min(found), tz=UTC) if found else None
