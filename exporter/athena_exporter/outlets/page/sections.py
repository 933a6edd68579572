"""The parts of the page that speak of one account and Region.

Stage: figures -> **sections** -> page.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from athena_exporter import catalog
from athena_exporter.catalog import Metric
from athena_exporter.outlets.page.figures import Figures
from athena_exporter.outlets.page.markup import NOTHING, Rows, bar, card, facts, grid, moment, name, span, state, text
from athena_exporter.outlets.report.render import binary_bytes, count, dollars, percent
from athena_exporter.records import OTHER, PENDING, UNATTRIBUTED, UNKNOWN, State, Target

SHOWN = 10
"""How many rows a table of many shows; the rest is one line."""

_OWN_WORDS: Mapping[str, str] = MappingProxyType(
    {
        PENDING: "CloudTrail may still tell who started these",
        UNATTRIBUTED: "no source ever saw who started these",
        OTHER: "all that the label's budget has no room for",
        UNKNOWN: "AWS did not tell",
    }
)
_WINDOWS = (("today", "today (UTC)"), ("month", "this month"))
_TELLS_ACTIVE = "usage"
"""The source that tells how many queries are active; only while it is read does its silence mean that none is."""
_IDLE = '<span class="soft" title="AWS/Usage is silent while nothing runs">idle</span>'
_NEARLY_FULL = 0.8
"""Of a quota, from which on it is said in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one user or workgroup came to in a window."""

    name: str
    queries: float
    scanned_bytes: float
    cost_usd: float


_USERS = (catalog.USER_WINDOW_QUERIES, catalog.USER_WINDOW_SCANNED_BYTES, catalog.USER_WINDOW_COST_USD)
_WORKGROUPS = (catalog.WINDOW_QUERIES, catalog.WINDOW_SCANNED_BYTES, catalog.WINDOW_COST_USD)
WANTED: tuple[Metric, ...] = (
    *_USERS,
    *_WORKGROUPS,
    catalog.USER_INFO,
    catalog.TARGET_INFO,
    catalog.SOURCE_UP,
    catalog.SOURCE_LAST_SUCCESS,
    catalog.SOURCE_COMPLETE_UNTIL,
    catalog.SOURCE_LAG,
    catalog.SOURCE_DURATION,
    catalog.SOURCE_ERRORS,
    catalog.MALFORMED_RECORDS,
    catalog.CATCHING_UP,
    catalog.COUNTING_SINCE,
    catalog.PENDING_QUERIES,
    catalog.PENDING_BYTES,
    catalog.UNATTRIBUTED_QUERIES,
    catalog.UNATTRIBUTED_BYTES,
    catalog.RUNNING_QUERIES,
    catalog.ACTIVE_QUERIES,
    catalog.ACTIVE_QUERY_QUOTA,
    catalog.WORKGROUP_INFO,
    catalog.WORKGROUP_CUTOFF_BYTES,
)
"""What these parts are made of."""


def number(value: float) -> str:
    """A count, with its thousands apart."""
    return count(round(value))


def target_cards(figures: Figures, target: Target, now: datetime) -> Iterator[str]:
    """Every part for one target, in reading order."""
    yield _sources(figures, target, now)
    yield grid(
        _counting(figures, target, now),
        _running(figures, target),
        _quotas(figures, target),
        _unlimited(figures, target),
        *(_spenders(figures, target, kind, window) for window in _WINDOWS for kind in _SPENDERS),
    )


def _sources(figures: Figures, target: Target, now: datetime) -> str:
    metrics = (catalog.SOURCE_UP, catalog.SOURCE_LAST_SUCCESS, catalog.MALFORMED_RECORDS)
    names = sorted({source for metric in metrics for source in figures.values(metric, target, "source")})
    rows = Rows(
        caption="Sources",
        head=("source", "state", "errors", "last success", "complete until", "lag", "last read took"),
        body=[_source(figures, target, source, now) for source in names],
        text_columns=frozenset({1, 2}),
        empty="no source has been read yet",
    )
    note = "Errors are counted since the process started. Point at an age to see the time."
    return card(rows, wide=True, note=note if names else "")


def _source(figures: Figures, target: Target, source: str, now: datetime) -> tuple[str, ...]:
    def told(metric: Metric, show: Callable[[float], str]) -> str:
        value = figures.one(metric, target, source)
        return NOTHING if value is None else show(value)

    errors = reasons(figures, catalog.SOURCE_ERRORS, target, source)
    malformed = figures.one(catalog.MALFORMED_RECORDS, target, source)
    if malformed:
        errors.append(f"malformed records: {number(malformed)}")
    return (
        name(source),
        told(catalog.SOURCE_UP, lambda up: state("up", "good") if up else state("down", "bad")),
        ", ".join(errors) or "none",
        told(catalog.SOURCE_LAST_SUCCESS, lambda at: moment(at, now)),
        told(catalog.SOURCE_COMPLETE_UNTIL, lambda at: moment(at, now)),
        told(catalog.SOURCE_LAG, span),
        told(catalog.SOURCE_DURATION, span),
    )


def reasons(figures: Figures, metric: Metric, target: Target | None, *first: str) -> list[str]:
    """`reason: number` of every series whose first labels are these."""
    found = figures.of(metric, target).items()
    return [
        f"{name(labels[len(first)].replace('_', ' '))}: {number(value)}"
        for labels, value in sorted(found)
        if value and labels[: len(first)] == first
    ]


def _counting(figures: Figures, target: Target, now: datetime) -> str:
    behind = figures.one(catalog.CATCHING_UP, target)
    since = figures.one(catalog.COUNTING_SINCE, target)
    pending, pending_bytes = (figures.one(m, target) for m in (catalog.PENDING_QUERIES, catalog.PENDING_BYTES))
    pairs = [
        ("State", NOTHING if behind is None else _progress(behind=bool(behind))),
        ("Counting since", NOTHING if since is None else moment(since, now)),
        ("Waiting for their user", NOTHING if pending is None else _amount(pending, pending_bytes)),
    ]
    for labels, queries in sorted(figures.of(catalog.UNATTRIBUTED_QUERIES, target).items()):
        lost = figures.one(catalog.UNATTRIBUTED_BYTES, target, *labels)
        pairs.append((f"Without a user ({labels[0].replace('_', ' ')})", _amount(queries, lost)))
    return facts("Counting", pairs)


def _progress(*, behind: bool) -> str:
    return state("catching up: totals are behind", "warn") if behind else state("up to date", "good")


def _amount(queries: float, scanned_bytes: float | None) -> str:
    words = f"{number(queries)} {'query' if queries == 1 else 'queries'}"
    return words if scanned_bytes is None else f"{words}, {binary_bytes(round(scanned_bytes))}"


def _running(figures: Figures, target: Target) -> str:
    states = (State.QUEUED.value, State.RUNNING.value)
    found = figures.of(catalog.RUNNING_QUERIES, target)
    busy = sorted({workgroup for (workgroup, _), queries in found.items() if queries})
    counts = [(workgroup, [found.get((workgroup, one), 0.0) for one in states]) for workgroup in busy]
    counts.sort(key=lambda pair: -sum(pair[1]))
    shown, rest = counts[:SHOWN], counts[SHOWN:]
    body = [(name(workgroup), *map(number, values)) for workgroup, values in shown]
    if rest:
        body.append((_more(len(rest)), *(number(sum(column)) for column in zip(*(v for _, v in rest), strict=True))))
    total = [number(sum(column)) for column in zip(*(values for _, values in counts), strict=True)]
    rows = Rows(
        caption="Under way",
        head=("workgroup", *states),
        body=body,
        foot=("all", *total) if len(busy) > 1 else (),
        empty="nothing is queued or running",
    )
    return card(rows)


def _more(many: int) -> str:
    return f'<span class="soft">{many} more</span>'


def _quotas(figures: Figures, target: Target) -> str:
    quotas = {kind: (most, origin) for (kind, origin), most in figures.of(catalog.ACTIVE_QUERY_QUOTA, target).items()}
    active = {kind: value for (kind,), value in figures.of(catalog.ACTIVE_QUERIES, target).items()}
    if not quotas and not active:
        return ""
    silence = _IDLE if figures.one(catalog.SOURCE_UP, target, _TELLS_ACTIVE) else NOTHING
    body = [_quota(kind, active.get(kind), quotas.get(kind), silence) for kind in sorted({*quotas, *active})]
    rows = Rows(caption="Active queries against their quota", head=("type", "active", "quota", "used"), body=body)
    return card(rows)


def _quota(kind: str, active: float | None, quota: tuple[float, str] | None, silence: str) -> tuple[str, ...]:
    shown = silence if active is None else number(active)
    if quota is None:
        return name(kind), shown, NOTHING, NOTHING
    most, origin = quota
    limit = f'<span title="{text(origin.replace("_", " "))}">{number(most)}</span>'
    if active is None or not most:
        return name(kind), shown, limit, NOTHING
    return name(kind), shown, limit, full(active / most)


def full(used: float) -> str:
    """A share of something that ends, after its bar, with a word once little is left."""
    if used >= _NEARLY_FULL:
        words, kind = ("used up", "bad") if used >= 1 else ("nearly used up", "warn")
        return bar(used) + " " + state(f"{percent(used)}, {words}", kind)
    return bar(used) + _share(used)


def _share(share: float) -> str:
    """As wide for one digit as for two, so that the bars before it stand in line."""
    return f'<span class="share">{percent(share)}</span>'


_Kind = tuple[str, str, tuple[Metric, Metric, Metric]]
"""A label, its plural as a heading, and the metrics of queries, bytes and cost by window."""
_SPENDERS: tuple[_Kind, ...] = (("user", "Users", _USERS), ("workgroup", "Workgroups", _WORKGROUPS))


def _spenders(figures: Figures, target: Target, kind: _Kind, window: tuple[str, str]) -> str:
    label, plural, _ = kind
    spent = _spent(figures, target, kind, window[0])
    total = _together("all", spent)
    known = _kinds(figures, target) if label == "user" else {}
    body = [
        _spender(name(one.name, own=_own(label, one.name)) + known.get(one.name, ""), one, total)
        for one in spent[:SHOWN]
    ]
    if len(spent) > SHOWN:
        rest = spent[SHOWN:]
        body.append(_spender(_more(len(rest)), _together("", rest), total))
    rows = Rows(
        caption=f"{plural} {window[1]}",
        head=(label, "queries", "scanned", "cost", "of all"),
        body=body,
        foot=(*_spender("all", total, total)[:4], "") if len(spent) > 1 else (),
        empty="no query has ended yet",
    )
    return card(rows)


def _own(label: str, value: str) -> str:
    """What one of the product's own words means; a workgroup may well be called `other`."""
    return _OWN_WORDS.get(value, "") if label == "user" else ""


def _spent(figures: Figures, target: Target, kind: _Kind, window: str) -> list[Spent]:
    """Dearest first."""
    queries, scanned, cost = (figures.of(metric, target) for metric in kind[2])
    spent = [
        Spent(name=who, queries=value, scanned_bytes=scanned.get((of, who), 0.0), cost_usd=cost.get((of, who), 0.0))
        for (of, who), value in queries.items()
        if of == window
    ]
    return sorted(spent, key=lambda one: (-one.cost_usd, -one.scanned_bytes, -one.queries, one.name))


def _together(word: str, spent: Iterable[Spent]) -> Spent:
    everything = list(spent)
    return Spent(
        name=word,
        queries=sum(one.queries for one in everything),
        scanned_bytes=sum(one.scanned_bytes for one in everything),
        cost_usd=sum(one.cost_usd for one in everything),
    )


def _spender(heading: str, one: Spent, total: Spent) -> tuple[str, ...]:
    share = one.cost_usd / total.cost_usd if total.cost_usd else None
    cost = dollars(round(one.cost_usd, 9))
    numbers = (heading, number(one.queries), binary_bytes(round(one.scanned_bytes)), cost)
    return (*numbers, NOTHING) if share is None else (*numbers, bar(share) + _share(share))


def _kinds(figures: Figures, target: Target) -> dict[str, str]:
    """User -> what sort of subject it is, with the role as a title."""
    return {
        user: f' <span class="soft" title="{text(role)}">{text(kind)}</span>'
        for user, role, kind in sorted(figures.of(catalog.USER_INFO, target))
    }


def _unlimited(figures: Figures, target: Target) -> str:
    known = set(figures.values(catalog.WORKGROUP_INFO, target, "workgroup"))
    if not known:
        return ""
    limited = {workgroup for (workgroup,) in figures.of(catalog.WORKGROUP_CUTOFF_BYTES, target)}
    month = {one.name: one for one in _spent(figures, target, ("", "", _WORKGROUPS), "month")}
    nothing = Spent(name="", queries=0.0, scanned_bytes=0.0, cost_usd=0.0)
    free = sorted(known - limited, key=lambda workgroup: (-month.get(workgroup, nothing).scanned_bytes, workgroup))
    body = [
        (name(workgroup), binary_bytes(round(month.get(workgroup, nothing).scanned_bytes)))
        for workgroup in free[:SHOWN]
    ]
    if len(free) > SHOWN:
        scanned = sum(month.get(workgroup, nothing).scanned_bytes for workgroup in free[SHOWN:])
        body.append((_more(len(free) - SHOWN), binary_bytes(round(scanned))))
    rows = Rows(
        caption="Workgroups without a scan limit",
        head=("workgroup", "scanned this month"),
        body=body,
        empty=f"each of the {number(len(known))} workgroups has one" if len(known) > 1 else "the one workgroup has one",
    )
    return card(rows, note=f"{number(len(free))} of {number(len(known))} have none." if free else "")
