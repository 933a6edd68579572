"""`athena-exporter report` and `athena-exporter metrics`: what a person reads without Prometheus."""

import os
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from athena_exporter.cli import reporting
from athena_exporter.cli.asking import Days
from athena_exporter.cli.failing import SetupError, explained
from athena_exporter.cli.reporting import ALIKE, PAGE, PAGE_SUMMARY, Inquiry, Shown
from athena_exporter.cli.showing import DEFAULT_ROWS, HTML_ROWS, require_charts, require_writable
from athena_exporter.cli.times import Day, Moment
from athena_exporter.cli.usage import HELP, config_option, ledger_option
from athena_exporter.config import Config, load, parse_size
from athena_exporter.library.questions import BY_NAME as QUESTIONS
from athena_exporter.library.questions import Backend
from athena_exporter.outlets import report as reports
from athena_exporter.outlets.reference import markdown

_LEDGER, _ATHENA = "ledger", "athena"
_DAY = timedelta(days=1)
_OF_ATHENA = {
    "workgroup": "--workgroup", "backend": "--backend", "most_bytes": "--max-bytes", "settings": "--set",
    "is_dry": "--dry-run",
}  # fmt: skip  # names
_OF_LEDGER = {"since": "--since", "until": "--until", "ledger_path": "--ledger"}


@click.command(context_settings=dict(HELP))
def metrics() -> None:
    """Print every metric as Markdown: name, type, labels, meaning, and how a query is counted. Exit code: 0."""
    click.echo(markdown(), nl=False)


class Size(click.ParamType[int]):
    """A number of bytes."""

    name = "SIZE"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Of what was written."""
        try:
            return parse_size(value)
        except ValueError:
            self.fail(f"{value!r} is no size: write 10GiB, 500 MB or a number of bytes", param, ctx)


def _summaries() -> dict[str, str]:
    """The ledger's reports, and the line of each in --help."""
    others = {
        reports.TABLES: reports.TABLES_SUMMARY,
        reports.BUDGETS: reports.BUDGETS_SUMMARY,
        reports.GUARD: reports.GUARD_SUMMARY,
        PAGE: PAGE_SUMMARY,
    }
    return {one.name: one.summary for one in reports.REPORTS} | others


def _listing(summaries: dict[str, str]) -> str:
    width = max(map(len, summaries))
    return "\n".join(f"{name:<{width}}  {summary}" for name, summary in summaries.items())


def _help() -> str:
    questions = {name: question.title for name, question in QUESTIONS.items()}
    return (
        "Answer from the ledger's rollups, while the exporter may be running, or with --on athena from months of"
        " queries in S3. Times and days are UTC, by query time.\n\n\b\n"
        "athena-exporter report users --since 2h\n"
        "athena-exporter report page --from 2026-03-01 --to 2026-03-31 --output march.html\n"
        "athena-exporter report savings --on athena --from 90d --dry-run\n"
        "athena-exporter report usage_by_user --on athena --from 90d --format csv --output users.csv\n"
        "\n\b\nOf the ledger (calls no AWS)\n\n\b\n"
        f"{_listing(_summaries())}"
        f"\n\n`{reports.TABLES}` counts whole days, `{reports.BUDGETS}` the windows of the present;"
        f" `{reports.GUARD}` lists single actions."
        f"\n\n\b\nWith --on athena (Athena bills what is read; athena-exporter questions NAME --describe)\n\n\b\n"
        f"{_listing({PAGE: 'several of these on one page of HTML', **questions})}"
        "\n\nAthena is asked in the workgroup of --workgroup or asking.workgroup. Before, standard error says what a"
        " question will likely scan and cost; after, what it did. An earlier result of the same question is taken where"
        " it is young enough (asking.reuse). Ctrl-C or SIGTERM stops the question. An --output appears whole or not at"
        " all."
        "\n\nExit codes: 0 answered, 2 wrong usage, no ledger or no answer, 130 interrupted, 143 ended by SIGTERM."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Range:
    """What was said of the range: days, both included, or times."""

    first: date | None
    last: date | None
    since: datetime
    until: datetime | None

    def times(self) -> tuple[datetime, datetime]:
        """As the ledger is asked."""
        since = self.since if self.first is None else datetime.combine(self.first, time(), UTC)
        if self.last is not None:
            return since, datetime.combine(self.last + _DAY, time(), UTC)
        # The rollups keep whole hours: the present one belongs to a range that ends now.
        return since, self.until or datetime.now(UTC) + timedelta(hours=1)

    def days(self, default: Days) -> Days:
        """As Athena is asked. Raises SetupError: they end before they begin."""
        found = Days(first=self.first or default.first, last=self.last or default.last)
        if found.count < 1:
            raise SetupError(f"--from {found.first} is after --to {found.last}: exchange them")
        return found


@click.command(context_settings=dict(HELP), help=_help())
@click.argument("name", metavar="[REPORT]", type=click.Choice([*_summaries(), *QUESTIONS]), required=False)
@click.option(
    "--on",
    "side",
    type=click.Choice([_LEDGER, _ATHENA]),
    default=_LEDGER,
    show_default=True,
    help="Who answers: the exporter's ledger, or Athena from the query history.",
)
@config_option("The exporter's configuration: the ledger's path, budgets, the history and who asks it.")
@ledger_option()
@click.option("--from", "first", type=Day(), help="The first day, or how long ago; Athena's default: 30d.")
@click.option("--to", "last", type=Day(), help="The last day, included; Athena's default: yesterday.")
@click.option("--since", type=Moment(), default="7d", show_default=True, help="Of the ledger: a time, or how long ago.")
@click.option("--until", type=Moment(), help="Of the ledger: a time, or how long ago; default: now.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    help=f"Rows at most, in tables (default {DEFAULT_ROWS}) and HTML ({HTML_ROWS}); where a user has several rows, "
    "users at most.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice([one.value for one in reports.Format]),
    default="table",
    show_default=True,
    help="A table for people, everything as raw numbers, or a page with charts (needs the extra `charts`).",
)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="A file, instead of standard output.")
@click.option("--workgroup", help="Of Athena: where to ask, instead of asking.workgroup.")
@click.option(
    "--backend",
    type=click.Choice([one.value for one in Backend]),
    default=Backend.HISTORY.value,
    show_default=True,
    help="Of Athena: where the queries come from (docs/questions.md).",
)
@click.option("--max-bytes", "most_bytes", type=Size(), help="Of Athena: the most that a question may scan.")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="Of Athena: a parameter; lists by repeating it."
)
@click.option("--dry-run", "is_dry", is_flag=True, help="Of Athena: print SQL, days and price; ask nothing.")
@click.pass_context
@explained
def report(ctx: click.Context, /, **given: Any) -> None:  # click's parameters, as declared above
    """Answer from the ledger's rollups, or by Athena."""
    name, side = _named(given), given["side"]
    _check_options(ctx, side)
    shown = Shown(form=_form(ctx, name, given), output=given["output"], limit=given["limit"])
    if not given["is_dry"]:
        if shown.form == reports.Format.HTML:
            require_charts()
        require_writable(shown.output)
    asked = _Range(first=given["first"], last=given["last"], since=given["since"], until=given["until"])
    config = load(given["config_path"], os.environ)
    if side == _ATHENA:
        _by_athena(config, name, asked, given, shown)
    else:
        _by_ledger(config, name, asked, given["ledger_path"], shown)


def _by_ledger(config: Config, name: str, asked: _Range, ledger_path: Path | None, shown: Shown) -> None:
    path = ledger_path or Path(config.ledger.path)
    if name == PAGE:
        days = asked.days(reporting.last_month(datetime.now(UTC).date()))
        reporting.page_from_ledger(config, path, days, shown)
    else:
        reporting.from_ledger(config, path, name, *asked.times(), shown)


def _by_athena(config: Config, name: str, asked: _Range, given: dict[str, Any], shown: Shown) -> None:
    today = datetime.now(UTC).date()
    is_page = name == PAGE
    days = asked.days(
        reporting.last_month(today) if is_page else Days(first=today - timedelta(days=30), last=today - _DAY)
    )
    backend = Backend(given["backend"])
    names, words = reporting.of_page(backend) if is_page else ((name,), ())
    inquiry = Inquiry(
        names=names, days=days, backend=backend,
        settings=given["settings"], workgroup=given["workgroup"], most_bytes=given["most_bytes"],
        is_dry=given["is_dry"],
    )  # fmt: skip  # seven arguments read best as a block
    title = f"Athena, {days.first} to {days.last}" if is_page else None
    reporting.from_athena(config, inquiry, shown, title=title, words=words)


def _named(given: dict[str, Any]) -> str:
    """The report or question. Raises SetupError: that side does not know it."""
    name, side = given["name"], given["side"]
    if name is None:
        if side == _LEDGER:
            return "users"
        raise SetupError(f"name a question: {', '.join((PAGE, *QUESTIONS))}")
    if side == _LEDGER and name in QUESTIONS and name not in _summaries():
        near = [one for one, question in ALIKE.items() if question == name]
        hint = f"; the ledger's nearest is {near[0]}" if near else ""
        raise SetupError(f"{name} is a question to Athena: add --on athena{hint}")
    if side == _ATHENA and name not in QUESTIONS and name != PAGE:
        hint = f"; Athena's nearest is {ALIKE[name]}" if name in ALIKE else ""
        raise SetupError(f"{name} is a report of the ledger: leave --on athena out{hint}")
    return str(name)


def _check_options(ctx: click.Context, side: str) -> None:
    """Raises SetupError: an option of the other side, which would be ignored without a word."""
    others, other = (_OF_ATHENA, _ATHENA) if side == _LEDGER else (_OF_LEDGER, _LEDGER)
    for parameter, option in others.items():
        if _was_said(ctx, parameter):
            hint = "; name days with --from and --to" if option in {"--since", "--until"} else ""
            raise SetupError(f"{option} goes with --on {other}{hint}")
    for day, moment in (("first", "since"), ("last", "until")):
        if _was_said(ctx, day) and _was_said(ctx, moment):
            pair = "--from and --since" if day == "first" else "--to and --until"
            raise SetupError(f"{pair}: each bounds the range; give one of them")


def _was_said(ctx: click.Context, parameter: str) -> bool:
    return ctx.get_parameter_source(parameter) is ParameterSource.COMMANDLINE


def _form(ctx: click.Context, name: str, given: dict[str, Any]) -> str:
    """The format; a page is HTML. Raises SetupError: another one was wanted of it."""
    if name != PAGE:
        return str(given["form"])
    if _was_said(ctx, "form") and given["form"] != reports.Format.HTML:
        raise SetupError(f"--format {given['form']}: a page is HTML; for other formats name its parts one by one")
    return reports.Format.HTML.value
