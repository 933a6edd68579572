"""`athena-exporter report` and `athena-exporter metrics`: what a person reads without Prometheus. No AWS."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.console import Console

from athena_exporter.cli import accounts, wiring
from athena_exporter.cli.failing import explained
from athena_exporter.cli.usage import HELP, config_option, ledger_option
from athena_exporter.config import load, parse_duration
from athena_exporter.ledger import budgeting, guarding, history, tables
from athena_exporter.outlets import report as reports
from athena_exporter.outlets.reference import markdown
from athena_exporter.records import Target, UsageRow


@click.command(context_settings=dict(HELP))
def metrics() -> None:
    """Print every metric as Markdown: name, type, labels, meaning, and how a query is counted. Exit code: 0."""
    click.echo(markdown(), nl=False)


class Moment(click.ParamType[datetime]):
    """A date, a time, or how long ago."""

    name = "TIME"

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Of what was written; without a zone it is UTC."""
        if isinstance(value, datetime):
            return value
        try:
            return datetime.now(UTC) - parse_duration(value)
        except ValueError:
            pass
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time: write 7d, 2026-03-28 or 2026-03-28T14:00Z", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _listing() -> str:
    others = {
        reports.TABLES: reports.TABLES_SUMMARY,
        reports.BUDGETS: reports.BUDGETS_SUMMARY,
        reports.GUARD: reports.GUARD_SUMMARY,
    }
    summaries = {one.name: one.summary for one in reports.REPORTS} | others
    width = max(map(len, summaries))
    return "\n".join(f"{name:<{width}}  {summary}" for name, summary in summaries.items())


def _help() -> str:
    return (
        "Answer from the ledger's rollups, while the exporter may be running. Times are UTC, by query time; the report"
        f" `{reports.TABLES}` counts whole days, `{reports.BUDGETS}` the windows of the present;"
        f" `{reports.GUARD}` lists single actions.\n\n\b\n{_listing()}"
        "\n\nExit codes: 0 answered, 2 wrong usage or no ledger."
    )


@click.command(
    context_settings=dict(HELP),
    help=_help(),
)
@click.argument(
    "name",
    metavar="REPORT",
    type=click.Choice([*reports.BY_NAME, reports.TABLES, reports.BUDGETS, reports.GUARD]),
    default="users",
)
@config_option("The exporter's configuration, for the ledger's path and the budgets.")
@ledger_option()
@click.option("--since", type=Moment(), default="7d", show_default=True, help="A time, or how long ago.")
@click.option("--until", type=Moment(), help="A time, or how long ago; default: now.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="Rows at most, in tables; where a user has several rows, users at most.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice([one.value for one in reports.Format]),
    default="table",
    show_default=True,
    help="A table for people, or everything as raw numbers.",
)
@explained
def report(
    name: str,
    config_path: Path | None,
    ledger_path: Path | None,
    since: datetime,
    until: datetime | None,
    limit: int,
    form: str,
) -> None:
    """Answer from the ledger's rollups."""
    path = ledger_path or Path(load(config_path, os.environ).ledger.path)
    # The rollups keep whole hours: the present one belongs to a range that ends now.
    end = until or datetime.now(UTC) + timedelta(hours=1)
    limited = limit if form == reports.Format.TABLE else None
    if name == reports.BUDGETS:
        budgets = wiring.budgets(load(config_path, os.environ))
        table = reports.build_budgets(budgeting.read(path, budgets, datetime.now(UTC)), limit=limited)
    elif name == reports.GUARD:
        table = reports.build_guard(guarding.intents(path, since, end), limit=limited)
    elif name == reports.TABLES:
        table = reports.build_tables(tables.usage(path, since, end), limit=limited)
    else:
        table = reports.build(reports.BY_NAME[name], _usage(path, since, end, config_path), limit=limited)
    show(table, form)


def _usage(path: Path, since: datetime, until: datetime, config_path: Path | None) -> list[UsageRow]:
    """Usage, with accounts called as the configuration calls them."""
    rows = list(history.usage(path, since, until))
    known = {Target(account_id=row.account, region=row.region) for row in rows}
    called = accounts.aliases(load(config_path, os.environ), known)
    names = {target.account_id: f"{alias} ({target.account_id})" for target, alias in called.items()
             if alias != target.account_id}  # fmt: skip  # one thought
    return [replace(row, account=names.get(row.account, row.account)) for row in rows]


def show(table: reports.Table, form: str) -> None:
    """Print a report."""
    if form == reports.Format.JSON:
        click.echo(reports.to_json(table), nl=False)
    elif form == reports.Format.CSV:
        click.echo(reports.to_csv(table), nl=False)
    else:
        console = Console()
        # Narrower than this, rich would crop numbers without a word.
        Console(width=max(console.width, reports.NARROWEST)).print(reports.to_rich(table))
