"""`athena-exporter budgets simulate`: a set of budgets, tried on what the ledger remembers. No AWS."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from athena_exporter.budgets import Budget, Portion, Replay, Resolution, advise, span_at
from athena_exporter.cli import wiring
from athena_exporter.cli.failing import SetupError, explained
from athena_exporter.cli.showing import show
from athena_exporter.cli.times import Moment
from athena_exporter.cli.usage import HELP, config_option, ledger_option
from athena_exporter.config import load, load_budgets
from athena_exporter.ledger import budget_history, files
from athena_exporter.ledger import errors as ledger_errors
from athena_exporter.ledger.budget_history import TargetPast
from athena_exporter.outlets import report as reports
from athena_exporter.records import epoch_ms, from_epoch_ms

_STEP = 5_000
"""Portions between two moves of the progress bar."""


@click.group(context_settings=dict(HELP))
def budgets() -> None:
    """Try scan budgets before they hold. Who is where right now: athena-exporter report budgets."""


@budgets.command(context_settings=dict(HELP))
@config_option("The exporter's configuration, for its budgets and the ledger's path.")
@click.option(
    "--budgets",
    "budgets_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file of budgets to try instead of the configuration's.",
)
@ledger_option()
@click.option("--from", "since", type=Moment(), default="30d", show_default=True, help="A time, or how long ago.")
@click.option("--to", "until", type=Moment(), help="A time, or how long ago; default: now.")
@click.option("--limit", type=click.IntRange(min=1), default=40, show_default=True, help="Rows at most, in tables.")
@click.option(
    "--format",
    "form",
    type=click.Choice([one.value for one in reports.Format]),
    default="table",
    show_default=True,
    help="A table for people, or everything as raw numbers.",
)
@explained
def simulate(
    config_path: Path | None,
    budgets_path: Path | None,
    ledger_path: Path | None,
    since: datetime,
    until: datetime | None,
    limit: int,
    form: str,
) -> None:
    """Tell who would have been warned, over a limit or stopped, and when, had these budgets held.

    Replays the ledger's past: query by query where they are still kept (ledger.retention), before that by the hour,
    and beyond 35 days by the day; hours and days know no role, client or workload. May run while the exporter does.
    Budgets with `enforce: stop_queries` would have stopped queries, were a guard on; the others would have told.
    Nobody is stopped here, so usage goes on after a limit was hit. In life the news comes later: a user is known
    minutes after a query ended, and what a running query has scanned is not known before it ends.

    \b
    athena-exporter budgets simulate --config exporter.yml
    athena-exporter budgets simulate --budgets budgets.yml --ledger athena-ledger.db --from 14d
    athena-exporter budgets simulate --budgets budgets.yml --from 2026-03-01 --to 2026-04-01 --format csv

    Exit codes: 0 answered, 2 wrong usage, configuration or no ledger.
    """  # noqa: D301  # \b is click's mark for "keep these lines"
    end = until or datetime.now(UTC)
    if since >= end:
        raise SetupError(f"--from {since:%Y-%m-%dT%H:%MZ} is not before --to {end:%Y-%m-%dT%H:%MZ}: swap them")
    path = ledger_path or Path(load(config_path, os.environ).ledger.path)
    tried = _budgets(config_path, budgets_path)
    for advice in advise(tried, epoch_ms(end)):
        click.echo(f"athena-exporter: {advice.words}", err=True)
    limited = limit if form == reports.Format.TABLE else None
    show(_outcome(path, tried, since, end, limited), form)


def _budgets(config_path: Path | None, budgets_path: Path | None) -> tuple[Budget, ...]:
    if budgets_path is None:
        return wiring.budgets(load(config_path, os.environ))
    return tuple(one.budget() for one in load_budgets(budgets_path))


def _outcome(path: Path, tried: Sequence[Budget], since: datetime, until: datetime, limit: int | None) -> reports.Table:
    # Whoever was half through a window when the range begins had already used what the window held.
    began_ms = min((span_at(one.window, epoch_ms(since)).start_ms for one in tried), default=epoch_ms(since))
    found = []
    with ledger_errors.explained(path), closing(files.open_readonly(path)) as connection, _progress() as progress:
        connection.execute("BEGIN")
        pasts = budget_history.pasts(connection, from_epoch_ms(began_ms), until)
        for past in pasts:
            total = sum(piece.count for piece in past.pieces)
            task = progress.add_task(f"{past.target.account_id} {past.target.region}", total=total)
            portions = _counted(budget_history.portions(connection, past), progress, task)
            crossings = [one for one in Replay(tried, past.components).feed(portions) if one.at_ms >= epoch_ms(since)]
            found.append(reports.TargetCrossings(target=past.target, crossings=crossings))
    return reports.build_crossings(found, _notes(pasts, tried), limit=limit)


def _counted(portions: Iterable[Portion], progress: Progress, task: TaskID) -> Iterator[Portion]:
    for number, portion in enumerate(portions, start=1):
        yield portion
        if number % _STEP == 0:
            progress.update(task, completed=number)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


def _notes(pasts: Sequence[TargetPast], tried: Sequence[Budget]) -> Iterator[str]:
    """What the ledger still knew of the past, and how well."""
    blind = sorted({one.name for one in tried if not one.tally.fits_rollups})
    for past in pasts:
        for piece in past.pieces:
            yield (
                f"{past.target.account_id} {past.target.region}: {_KNOWN_BY[piece.resolution]} from "
                f"{piece.since:%Y-%m-%d %H:%M} to {piece.until:%Y-%m-%d %H:%M} UTC"
            )
        if blind and any(piece.resolution is not Resolution.QUERY for piece in past.pieces):
            yield f"hours and days know no role, client or workload: nothing of them for {', '.join(blind)}"
    if not any(past.pieces for past in pasts):
        yield "the ledger knows no query of this time"
    yield reports.RUNNING


_KNOWN_BY = {
    Resolution.QUERY: "query by query",
    Resolution.HOUR: "by the hour",
    Resolution.DAY: "by the day",
}
