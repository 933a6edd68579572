"""The reports: which columns, over which subjects, in which order. One table lists them all."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from athena_exporter.outlets.report.table import Cell, Column, Table, Unit
from athena_exporter.records import PENDING, UNATTRIBUTED, State, UsageRow

NANO = 1_000_000_000
MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What one subject's rows come to, and the users and databases among them."""

    queries: int
    scanned_bytes: int
    billed_bytes: int
    cost_nanousd: int
    by_state: Mapping[State, int]
    users: int
    databases: int


Subject: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A column that is computed from a subject's sums and the sums of everything."""

    column: Column
    of: Callable[[Sums, Sums], Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report. `summary` is its line in --help; `subject` names the fields of `UsageRow` it groups by.

    Rows come in falling `order`, equals by name. `together` keeps the rows of one first subject side by side, the
    weightiest first; the limit then counts first subjects.
    """

    name: str
    summary: str
    title: str
    subject: tuple[str, ...]
    measures: tuple[Measure, ...]
    order: Callable[[Sums], tuple[float, ...]]
    together: bool = False

    @property
    def columns(self) -> tuple[Column, ...]:
        """The subject's columns, then the measures."""
        names = tuple(Column(key=key, heading=key.capitalize(), unit=Unit.NAME) for key in self.subject)
        return names + tuple(measure.column for measure in self.measures)


def build(report: Report, rows: Iterable[UsageRow], *, limit: int | None = None) -> Table:
    """The report over these rows; at most `limit` rows of it (first subjects, where they stand together).

    Raises:
        ValueError: a limit below 1.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"a limit of {limit} shows nothing: it must be 1 or more")
    given = tuple(rows)
    everything = _sums(given)
    subjects = _ordered(report, given)
    shown = _limited(report, list(subjects), limit)
    return Table(
        title=report.title,
        columns=report.columns,
        rows=tuple(subject + _measured(report, subjects[subject], everything) for subject in shown),
        total=("total", *[""] * (len(report.subject) - 1), *_measured(report, everything, everything)),
        omitted=len(subjects) - len(shown),
        notes=_notes(shown),
    )


def build_days(by_day: Iterable[tuple[date, Iterable[UsageRow]]]) -> Table:
    """Cost and use day by day, of the days given."""
    days = [(day, tuple(rows)) for day, rows in by_day]
    everything = _sums([row for _, rows in days for row in rows])
    measures = (_QUERIES, _USERS, _SCANNED, _BILLED, _COST, _STATES[1], _STATES[2])
    return Table(
        title="Usage by day",
        columns=(Column(key="day", heading="Day", unit=Unit.DAY), *(measure.column for measure in measures)),
        rows=tuple(
            (day.isoformat(), *(measure.of(_sums(rows), everything) for measure in measures)) for day, rows in days
        ),
        total=("total", *(measure.of(everything, everything) for measure in measures)),
        omitted=0,
        notes=(),
    )


def _measured(report: Report, sums: Sums, everything: Sums) -> tuple[Cell, ...]:
    return tuple(measure.of(sums, everything) for measure in report.measures)


def _ordered(report: Report, rows: Iterable[UsageRow]) -> dict[Subject, Sums]:
    sums = _sums_by(report.subject, rows)
    weights = {subject: _falling(report.order(own)) for subject, own in sums.items()}
    if not report.together:
        return {subject: sums[subject] for subject in sorted(sums, key=lambda it: (weights[it], it))}
    leads = {subject: _falling(report.order(own)) for subject, own in _sums_by(report.subject[:1], rows).items()}
    ranks = {subject: (leads[subject[:1]], subject[0], weights[subject], subject) for subject in sums}
    return {subject: sums[subject] for subject in sorted(sums, key=ranks.__getitem__)}


def _falling(order: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(-value for value in order)


def _limited(report: Report, subjects: Sequence[Subject], limit: int | None) -> Sequence[Subject]:
    if limit is None:
        return subjects
    if not report.together:
        return subjects[:limit]
    leads = set(list(dict.fromkeys(subject[0] for subject in subjects))[:limit])
    return [subject for subject in subjects if subject[0] in leads]


def _sums_by(fields: Sequence[str], rows: Iterable[UsageRow]) -> dict[Subject, Sums]:
    groups: defaultdict[Subject, list[UsageRow]] = defaultdict(list)
    for row in rows:
        groups[tuple(str(getattr(row, field)) for field in fields)].append(row)
    return {subject: _sums(group) for subject, group in groups.items()}


def _sums(rows: Sequence[UsageRow]) -> Sums:
    by_state = dict.fromkeys(State, 0)
    for row in rows:
        by_state[row.state] += row.queries
    return Sums(
        queries=sum(row.queries for row in rows),
        scanned_bytes=sum(row.scanned_bytes for row in rows),
        billed_bytes=sum(row.billed_bytes for row in rows),
        cost_nanousd=sum(row.cost_nanousd for row in rows),
        by_state=by_state,
        users=len({row.user for row in rows} - {PENDING, UNATTRIBUTED}),
        databases=len({row.database for row in rows}),
    )


_MEANINGS = {
    PENDING: "pending: CloudTrail may still tell who started these queries; it runs minutes to hours late",
    UNATTRIBUTED: "unattributed: CloudTrail was asked and never told who started these queries",
}


def _notes(subjects: Iterable[Subject]) -> tuple[str, ...]:
    names = {name for subject in subjects for name in subject}
    return tuple(meaning for name, meaning in _MEANINGS.items() if name in names)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _measure(key: str, heading: str, unit: Unit, of: Callable[[Sums, Sums], Cell]) -> Measure:
    return Measure(column=Column(key=key, heading=heading, unit=unit), of=of)


def _in_state(state: State) -> Measure:
    return _measure(state.value, state.value.capitalize(), Unit.COUNT, lambda own, _: own.by_state[state])


def _average_mb(own: Sums, _: Sums) -> float | None:
    return own.scanned_bytes / (own.queries * MEBIBYTE) if own.queries else None


_QUERIES = _measure("queries", "Queries", Unit.COUNT, lambda own, _: own.queries)
_SCANNED = _measure("scanned_bytes", "Scanned", Unit.BYTES, lambda own, _: own.scanned_bytes)
_BILLED = _measure("billed_bytes", "Billed", Unit.BYTES, lambda own, _: own.billed_bytes)
_COST = _measure("cost_usd", "Cost", Unit.USD, lambda own, _: own.cost_nanousd / NANO)
_COST_SHARE = _measure("cost_share", "Share", Unit.RATIO, lambda own, all_: _share(own.cost_nanousd, all_.cost_nanousd))
_QUERY_SHARE = _measure("query_share", "Share", Unit.RATIO, lambda own, all_: _share(own.queries, all_.queries))
_FAILED_SHARE = _measure(
    "failed_share", "Failed %", Unit.RATIO, lambda own, _: _share(own.by_state[State.FAILED], own.queries)
)
_AVERAGE_MB = _measure("average_mb", "Average", Unit.MEBIBYTES, _average_mb)
_USERS = _measure("users", "Users", Unit.COUNT, lambda own, _: own.users)
_DATABASES = _measure("databases", "Databases", Unit.COUNT, lambda own, _: own.databases)
_STATES = (_in_state(State.SUCCEEDED), _in_state(State.FAILED), _in_state(State.CANCELLED))
_MONEY = (_QUERIES, _SCANNED, _BILLED, _COST, _COST_SHARE)


def _dearest(own: Sums) -> tuple[float, ...]:
    return (own.cost_nanousd, own.scanned_bytes, own.queries)


def _most_failures(own: Sums) -> tuple[float, ...]:
    return (own.by_state[State.FAILED], own.queries)


def _largest_average(own: Sums) -> tuple[float, ...]:
    return (own.scanned_bytes / own.queries if own.queries else 0.0, own.cost_nanousd)


def _most_queries(own: Sums) -> tuple[float, ...]:
    return (own.queries, own.cost_nanousd)


REPORTS: tuple[Report, ...] = (
    Report(
        name="users", title="Users, dearest first",
        summary="queries, bytes and cost of every user, dearest first",
        subject=("user",), measures=(*_MONEY, _FAILED_SHARE), order=_dearest,
    ),
    Report(
        name="workgroups", title="Workgroups, dearest first",
        summary="queries, bytes and cost of every workgroup, dearest first",
        subject=("workgroup",), measures=(*_MONEY, _USERS, _FAILED_SHARE), order=_dearest,
    ),
    Report(
        name="accounts", title="Accounts and Regions, dearest first",
        summary="queries, bytes and cost of every account and Region, dearest first",
        subject=("account", "region"), measures=(*_MONEY, _USERS, _FAILED_SHARE), order=_dearest,
    ),
    Report(
        name="databases", title="Databases, dearest first",
        summary="queries, bytes and cost of every database, dearest first",
        subject=("database",), measures=(*_MONEY, _USERS), order=_dearest,
    ),
    Report(
        name="failures", title="Queries by state, most failures first",
        summary="queries by state and the share that failed, by workgroup and user, most failures first",
        subject=("workgroup", "user"), measures=(*_STATES, _QUERIES, _FAILED_SHARE), order=_most_failures,
    ),
    Report(
        name="databases-per-user", title="Databases per user, dearest user first",
        summary="which databases each user queried, dearest user first (--limit counts users)",
        subject=("user", "database"), measures=(_QUERIES, _SCANNED, _COST), order=_dearest, together=True,
    ),
    Report(
        name="average-mb", title="Average scan by user and database, largest first",
        summary="average MB scanned per query (1 MB = 2^20 bytes) by user and database, largest first",
        subject=("user", "database"), measures=(_AVERAGE_MB, _QUERIES, _SCANNED), order=_largest_average,
    ),
    Report(
        name="queries-per-database", title="Queries per database, most first",
        summary="queries by state of every database, most queries first",
        subject=("database",), measures=(_QUERIES, _QUERY_SHARE, *_STATES, _USERS), order=_most_queries,
    ),
)  # fmt: skip  # a table: one line for the words, one for what is shown
"""Every report there is, in the order of --help."""

BY_NAME: Mapping[str, Report] = {report.name: report for report in REPORTS}
