"""The words of a notification: neutral, in parts, so that every form says the same. Pure.

Stage: notice -> **message** -> forms. Whoever starts a session chooses the characters of its name: here every name is
made harmless for a reader (no control or invisible characters, not endlessly long); a form makes it harmless for its
own markup.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from athena_exporter.budgets import Per, Unit
from athena_exporter.config import News
from athena_exporter.config.notifications import QUERY_WORD, REGION_WORD
from athena_exporter.outlets.notifications.notice import Action, Notice, QueryTold, Standing
from athena_exporter.outlets.notifications.people import Person
from athena_exporter.outlets.report.render import binary_bytes, dollars, visible

RUNNING = "What is still running is not counted: AWS tells what a query has scanned when it has ended."
_NANO = 1_000_000_000
_LONGEST_NAME = 120
_DECIMAL = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
_SAME = 2
"""So many of the dearest queries that scanned the same to the byte are one query, run again and again."""
_HELPS = {
    "partitions": "Filter by partition columns in WHERE: what is not in the named partitions is not scanned.",
    "columns": "Name the columns instead of SELECT *: of Parquet and ORC only the named ones are scanned.",
    "limit": "LIMIT does not make a scan smaller; a filter by partition does.",
    "again": "Some of the dearest queries scanned the same to the byte: let Athena reuse results, or keep them in a "
    "table (CREATE TABLE AS).",
    "reuse": "Let Athena reuse the results of a query that is run again (result reuse in the console or the driver).",
    "workload": "Look at the job that runs them: what it reads in full every time may be read by the day.",
    "ask": "If it has to be: ask the owner of the budget for an exception with an end date.",
}
_DID = {
    "stopped": "was stopped", "dry_run": "would have been stopped (dry run)", "already_finished": "had already ended",
    "denied": "could not be stopped: AWS denied it", "throttled": "could not be stopped in time: AWS throttled it",
    "failed": "could not be stopped", "expired": "was not stopped in time",
    "killed": "was not stopped, for the kill switch is on",
}  # fmt: skip  # as short as it can be said


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A text, and where it leads if it leads anywhere."""

    text: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is said, part by part. `headline` has no name in it that anybody could choose; `title` has."""

    notice: Notice
    people: tuple[Person, ...]
    headline: str
    title: str
    facts: tuple[tuple[str, str], ...]
    queries: tuple[Line, ...]
    helps: tuple[str, ...]
    notes: tuple[str, ...]
    footer: str


def message_of(notice: Notice, people: Sequence[Person], console_url: str) -> Message:
    """The message; `console_url` as the configuration has it."""
    standing, action = notice.standing, notice.action
    found = tuple(_lines(notice, standing, console_url)) if standing else ()
    return Message(
        notice=notice,
        people=tuple(people),
        headline=_headline(notice),
        title=_title(notice),
        facts=tuple(_facts(notice)),
        queries=(_stopped(notice, action, console_url),) if action else found,
        helps=tuple(_helps(notice)),
        notes=tuple(_notes(notice)),
        footer=f"account {notice.target.account_id}, {notice.target.region}; id {notice.notice_id}",
    )


def link(console_url: str, region: str, query_id: str) -> str:
    """Where the query is shown in Athena's console. Ids come from AWS; whatever fits none is not made a link's part."""
    harmless = "".join(c for c in query_id if c.isascii() and (c.isalnum() or c in "-_"))
    return console_url.replace(QUERY_WORD, harmless).replace(REGION_WORD, region)


def name_of(text: str) -> str:
    """A name as it may be shown."""
    shown = visible(text)
    if not shown.strip():
        return "(blank)"
    return shown if len(shown) <= _LONGEST_NAME else f"{shown[: _LONGEST_NAME - 1]}…"


def amount(unit: Unit, value: int) -> str:
    """1.50 GiB (1.61 GB), or $12.35."""
    if unit is Unit.USD:
        return dollars(value / _NANO)
    return f"{binary_bytes(value)} ({_decimal_bytes(value)})"


def _decimal_bytes(value: int) -> str:
    scaled, power = float(value), 0
    while scaled >= 999.5 and power < len(_DECIMAL) - 1:  # noqa: PLR2004  # what would be shown as 1000
        scaled, power = scaled / 1000, power + 1
    return f"{scaled:.3g} {_DECIMAL[power]}"


def _percent(ratio: float) -> str:
    return f"{ratio * 100:.0f} %" if ratio < 100 else f"{ratio:,.0f} times"  # noqa: PLR2004  # percent say nothing there


def when(at: datetime, zone: str | None) -> str:
    """2026-03-10 12:00 Europe/Berlin."""
    return f"{at.astimezone(ZoneInfo(zone or 'UTC')):%Y-%m-%d %H:%M} {zone or 'UTC'}"


def _headline(notice: Notice) -> str:
    if notice.is_trial:
        return "Test of a notification: nothing has happened"
    if notice.news is News.GUARD:
        return "The guard acted on a query of Athena"
    return "Athena: over a scan budget" if notice.news is News.EXCEEDED else "Athena: near a scan budget"


def _title(notice: Notice) -> str:
    subject, budget = name_of(notice.subject), name_of(notice.budget)
    if notice.is_trial:
        return "TEST: this channel works, nobody is near any limit"
    if notice.action is not None:
        did = _DID.get(notice.action.result, name_of(notice.action.result))
        return f"a query of {name_of(notice.action.user)} {did}: {subject} is over budget {budget}"
    return f"{subject} has used {_percent(notice.ratio)} of budget {budget}"


def _facts(notice: Notice) -> Iterator[tuple[str, str]]:
    standing, unit = notice.standing, notice.unit
    yield "Who", f"{name_of(notice.subject)} ({standing.per})" if standing else name_of(notice.subject)
    yield "Budget", f"{name_of(notice.budget)}, {_allowed(notice, standing)}" if standing else name_of(notice.budget)
    yield "Used", f"{amount(unit, notice.used)} of {amount(unit, notice.limit)}, {_percent(notice.ratio)}"
    if standing is None:
        return
    yield "Window", _span(standing)
    if standing.forecast is not None and standing.window.end is not None and not standing.window.is_over:
        ratio = standing.forecast / notice.limit if notice.limit else 0.0
        yield "If it goes on like this", f"{amount(unit, standing.forecast)} at the window's end, {_percent(ratio)}"
    if standing.exception is not None:
        until = f", until {standing.exception.until}" if standing.exception.until else ""
        yield "Exception", f"this limit is an exception ({name_of(standing.exception.reason)}{until})"


def _allowed(notice: Notice, standing: Standing) -> str:
    """1.00 TiB a day, or 1.00 TiB in 24h."""
    limit = dollars(notice.limit / _NANO) if notice.unit is Unit.USD else binary_bytes(notice.limit)
    words = standing.window.words
    return f"{limit} in {words.removeprefix('rolling ')}" if words.startswith("rolling") else f"{limit} a {words}"


def _span(standing: Standing) -> str:
    window = standing.window
    if window.end is None:
        return f"the last {window.words.removeprefix('rolling ')}, at this level since {when(window.since, None)}"
    over = "; it is over, users are known late" if window.is_over else ""
    return f"from {when(window.start, window.zone)} until {when(window.end, window.zone)}{over}"


def _lines(notice: Notice, standing: Standing, console_url: str) -> Iterator[Line]:
    for one in standing.queries:
        yield Line(text=_query(one, standing.per), url=link(console_url, notice.target.region, one.query_id))


def _query(one: QueryTold, per: str) -> str:
    whose = "" if per == Per.USER or one.user is None else f", {name_of(one.user)}"
    return (
        f"{_sizes(one)}, {name_of(one.database)} in workgroup {name_of(one.workgroup)}{whose}, "
        f"ended {when(one.ended_at, None)}"
    )


def _sizes(one: QueryTold) -> str:
    told = [] if one.scanned_bytes is None else [binary_bytes(one.scanned_bytes)]
    told += [] if one.cost_nanousd is None else [dollars(one.cost_nanousd / _NANO)]
    return ", ".join(told) or "size unknown"


def _stopped(notice: Notice, action: Action, console_url: str) -> Line:
    ended = "" if action.ended_at is None else f", {when(action.ended_at, None)}"
    return Line(
        text=f"query {name_of(action.query_id)} in workgroup {name_of(action.workgroup)}{ended}",
        url=link(console_url, notice.target.region, action.query_id),
    )


def _helps(notice: Notice) -> Iterator[str]:
    """What helps, by what is known."""
    standing = notice.standing
    if notice.is_trial:
        return
    yield from (_HELPS["partitions"], _HELPS["columns"], _HELPS["limit"])
    if standing is not None:
        sizes = [one.scanned_bytes for one in standing.queries if one.scanned_bytes]
        yield _HELPS["again" if len(sizes) - len(set(sizes)) >= _SAME - 1 else "reuse"]
        if standing.per == Per.WORKLOAD:
            yield _HELPS["workload"]
    yield _HELPS["ask"]


def _notes(notice: Notice) -> Iterator[str]:
    standing = notice.standing
    if standing is None:
        return
    if standing.counted_since is not None:
        yield f"Counted since {when(standing.counted_since, None)}; what ended before it is not known."
    if standing.queries_since is not None and standing.queries:
        yield f"Queries before {when(standing.queries_since, None)} are no longer known one by one."
    yield RUNNING
