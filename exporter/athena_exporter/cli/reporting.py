"""How `report` finds its answers: in the ledger's rollups, or in Athena, one question or a page of several."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import click

from athena_exporter import __version__
from athena_exporter.cli import accounts, wiring
from athena_exporter.cli.asking import Asker, Days, asker_of, say
from athena_exporter.cli.failing import SetupError
from athena_exporter.cli.questions import values_of
from athena_exporter.cli.showing import DEFAULT_ROWS, HTML_ROWS, html, show, text_of, write
from athena_exporter.config import Config
from athena_exporter.ledger import budgeting, guarding, history, tables
from athena_exporter.library.questions import BACKENDS, BY_NAME, FROM, TO, Backend, Question
from athena_exporter.library.rendering import Parameter, RenderingError, Value
from athena_exporter.outlets import report as reports
from athena_exporter.records import Target, UsageRow

PAGE = "page"
PAGE_SUMMARY = "cost, users, workgroups, tables and failures of a month on one page of HTML; --on athena: savings, too"
PAGE_REPORTS = ("users", "workgroups", "databases", "failures")
PAGE_QUESTIONS: tuple[str, ...] = (
    "usage_by_day", "usage_by_user", "usage_by_workgroup", "cost_by_component", "table_usage", "failure_reasons",
    "savings",
)  # fmt: skip  # names
ALIKE = {
    "users": "usage_by_user",
    "workgroups": "usage_by_workgroup",
    "databases": "queries_by_database",
    "failures": "failure_reasons",
    "databases-per-user": "databases_by_user",
    "average-mb": "average_mb",
    "queries-per-database": "queries_by_database",
    "tables": "table_usage",
}
"""The ledger's reports, and what comes nearest to each in Athena."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How an answer is shown: the format, the file (None: standard output), the rows that a person wants to see."""

    form: str
    output: Path | None
    limit: int | None

    @property
    def rows(self) -> int | None:
        """Rows of a table for people; None where programs get all of them, or the page cuts by itself."""
        return (self.limit or DEFAULT_ROWS) if self.form == reports.Format.TABLE else None

    def put(self, found: Sequence[reports.Table], *, title: str, words: Sequence[str]) -> None:
        """Print one table, or write the file."""
        if self.form == reports.Format.HTML:
            text = html(found, title=title, words=(*words, _made()), limit=self.limit or HTML_ROWS)
        elif self.output is None:
            show(found[0], self.form)
            return
        else:
            text = text_of(found[0], self.form)
        if self.output is None:
            click.echo(text, nl=False)
        else:
            write(text, self.output)


def _made() -> str:
    return f"Made by athena-exporter {__version__} at {datetime.now(UTC):%Y-%m-%d %H:%M} UTC."


def last_month(today: date) -> Days:
    """The whole month before this one."""
    last = today.replace(day=1) - _DAY
    return Days(first=last.replace(day=1), last=last)


# -- the ledger -------------------------------------------------------------------------------------------------------


def from_ledger(config: Config, path: Path, name: str, since: datetime, until: datetime, shown: Shown) -> None:
    """Answer from the ledger's rollups."""
    table = _of_ledger(config, path, name, since, until, shown.rows)
    words = f"From {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC, from the exporter's ledger."
    shown.put([table], title=table.title, words=[words])


def _of_ledger(
    config: Config, path: Path, name: str, since: datetime, until: datetime, limit: int | None
) -> reports.Table:
    if name == reports.BUDGETS:
        usage = budgeting.read(path, wiring.budgets(config), datetime.now(UTC))
        return reports.build_budgets(usage, limit=limit)
    if name == reports.GUARD:
        return reports.build_guard(guarding.intents(path, since, until), limit=limit)
    if name == reports.TABLES:
        return reports.build_tables(tables.usage(path, since, until), limit=limit)
    return reports.build(reports.BY_NAME[name], _usage(config, path, since, until), limit=limit)


def page_from_ledger(config: Config, path: Path, days: Days, shown: Shown) -> None:
    """A page of what the ledger knows of a range of days."""
    since, until = _midnight(days.first), _midnight(days.last + _DAY)
    by_day = ((day, history.usage(path, _midnight(day), _midnight(day + _DAY))) for day in _each(days))
    rows = _usage(config, path, since, until)
    found = [
        reports.build_days(by_day),
        *(reports.build(reports.BY_NAME[name], rows) for name in PAGE_REPORTS),
        reports.build_tables(tables.usage(path, since, until), limit=shown.limit or HTML_ROWS),
    ]
    words = [f"{days}, from the exporter's ledger.", "What could be saved is the query history's to say: --on athena."]
    shown.put(found, title=f"Athena, {days.first} to {days.last}", words=words)


def _usage(config: Config, path: Path, since: datetime, until: datetime) -> list[UsageRow]:
    """Usage, with accounts called as the configuration calls them."""
    rows = list(history.usage(path, since, until))
    known = {Target(account_id=row.account, region=row.region) for row in rows}
    called = accounts.aliases(config, known)
    names = {target.account_id: f"{alias} ({target.account_id})" for target, alias in called.items()
             if alias != target.account_id}  # fmt: skip  # one thought
    return [replace(row, account=names.get(row.account, row.account)) for row in rows]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _each(days: Days) -> Iterable[date]:
    return (days.first + at * _DAY for at in range(days.count))


# -- Athena -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """What Athena is asked: which questions, of which days, with which parameters (`NAME=VALUE`).

    `most_bytes` and `workgroup` are None where the configuration's hold. `is_dry` only tells what would be asked.
    """

    names: tuple[str, ...]
    days: Days
    backend: Backend
    settings: tuple[str, ...]
    workgroup: str | None
    most_bytes: int | None
    is_dry: bool

    @property
    def questions(self) -> tuple[Question, ...]:
        """The library's."""
        return tuple(BY_NAME[name] for name in self.names)

    def sql(self, config: Config, question: Question) -> str:
        """Its SQL. Raises SetupError: a parameter is unknown, missing or does not fit."""
        try:
            takes = question.takes(self.backend)
            values = {**_configured(config, takes), **values_of(takes, self.settings)}
            return question.rendered({**values, FROM: self.days.first, TO: self.days.last}, self.backend)
        except RenderingError as error:
            raise SetupError(f"{question.name}: {error}") from error


def of_page(backend: Backend) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The questions of a page that the backend can answer, and a sentence on each of the others."""
    reasons = {name: BY_NAME[name].lacks(backend) for name in PAGE_QUESTIONS}
    kept = tuple(name for name, why in reasons.items() if why is None)
    return kept, tuple(f"Left out: {name}; {why}." for name, why in reasons.items() if why is not None)


def _configured(config: Config, takes: Sequence[Parameter]) -> dict[str, Value]:
    """What the configuration knows of a question's parameters."""
    pricing, roles = config.pricing, config.identity.person_roles
    known: dict[str, Value] = {
        "usd_per_tb": float(pricing.usd_per_tb),
        "tb_bytes": pricing.tb_bytes,
        "minimum_bytes": pricing.minimum_bytes,
    }
    if len(roles) == 1:
        known["person_role"] = roles[0].pattern
    # Questions on reservations have a price of their own under another name; only a backend's parameters are meant.
    names = {one.name for backend in Backend for one in BACKENDS[backend]} & {one.name for one in takes}
    return {name: value for name, value in known.items() if name in names}


def from_athena(
    config: Config, inquiry: Inquiry, shown: Shown, *, title: str | None = None, words: Sequence[str] = ()
) -> None:
    """Answer by Athena: say what it will cost, ask, say what it has cost. `words` stand above a page.

    Raises:
        SetupError: nothing can be asked so.
        AskingError: Athena gives no answer to one of the questions; then nothing is shown at all.
    """
    every = [(question, inquiry.sql(config, question)) for question in inquiry.questions]
    with asker_of(config, workgroup=inquiry.workgroup, most_bytes=inquiry.most_bytes) as asker:
        found, price = asker.estimates(inquiry.questions, inquiry.backend, inquiry.days)
        if inquiry.is_dry:
            _echo_plan(every, inquiry, price)
            return
        asker.check(found, len(every))
        say(f"{inquiry.days}: {price}")
        answers = [_answer(asker, question, sql, shown.rows) for question, sql in every]
    told = [f"{inquiry.days}, from the query history, by Athena (backend {inquiry.backend})."]
    shown.put(answers, title=title or answers[0].title, words=[*told, *words])


def _echo_plan(every: Sequence[tuple[Question, str]], inquiry: Inquiry, words: str) -> None:
    """SQL that Athena takes as it stands, with the plan as its comments."""
    click.echo(f"-- {inquiry.days}: {words}")
    click.echo("\n\n".join(f"-- {question.title}\n{sql}" for question, sql in every))


def _answer(asker: Asker, question: Question, sql: str, limit: int | None) -> reports.Table:
    answered, words = asker.ask(question.name, sql)
    say(words)
    wanted = [column.name for column in question.columns]
    if [column.name for column in answered.columns] != wanted:
        raise SetupError(f"{question.name}: Athena's answer has other columns than {', '.join(wanted)}")
    return reports.build_answer(question, answered.rows, limit=limit, notes=[words])
