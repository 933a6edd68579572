"""The command `backfill`: its options, its bounds, and what it says in the end."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console

from athena_exporter.cli import wiring
from athena_exporter.cli.backfill.planning import planned
from athena_exporter.cli.backfill.run import ATHENA, LOOKUP, TRAIL, FullError, Place, Run, Wanted
from athena_exporter.cli.backfill.telling import Sums, told
from athena_exporter.cli.failing import SetupError, explained
from athena_exporter.cli.readers import CLOCKS
from athena_exporter.cli.sessions import region_of, session_for
from athena_exporter.cli.times import Moment
from athena_exporter.cli.usage import HELP, config_option
from athena_exporter.config import Config, TargetSettings, load
from athena_exporter.config.sources import queue_region
from athena_exporter.ledger.past import PastSummary
from athena_exporter.ledger.store import Ledger
from athena_exporter.outlets import openmetrics
from athena_exporter.sources.past import Span
from athena_exporter.sources.session import S3Api, Session, resolve

_ALL = "all"
_FULL = (
    "the outbox is half full of queries for the history table: start the exporter until"
    " athena_exporter_outbox_depth is low, then run this again; it goes on where it was"
)


@click.command(context_settings=dict(HELP))
@click.option(
    "--source",
    type=click.Choice([ATHENA, LOOKUP, TRAIL, _ALL]),
    default=TRAIL,
    show_default=True,
    help="What is read; all: the trail only where a bucket is known.",
)
@click.option("--from", "since", type=Moment(), required=True, help="A time, or how long ago.")
@click.option("--to", "until", type=Moment(), help="A time, or how long ago; default: now.")
@click.option("--bucket", help="The trail's bucket; default: sources.trail.bucket.")
@click.option("--prefix", help="What stands before AWSLogs/ in its keys; default: sources.trail.prefix.")
@click.option(
    "--openmetrics",
    "metrics_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write the past of these times as OpenMetrics text, for promtool.",
)
@click.option("--label", "labels", multiple=True, metavar="NAME=VALUE", help="A label more for each of its series.")
@config_option("The exporter's configuration, for its targets and its ledger.")
@click.option("--dry-run", "is_dry", is_flag=True, help="Only say how much there is to read, and how long it takes.")
@click.pass_context
@explained
def backfill(
    ctx: click.Context,
    source: str,
    since: datetime,
    until: datetime | None,
    bucket: str | None,
    prefix: str | None,
    metrics_path: Path | None,
    labels: tuple[str, ...],
    config_path: Path | None,
    *,
    is_dry: bool,
) -> None:
    """Read the past from AWS: what ran before the exporter began to count, and who started it.

    \b
    athena  45 days of executions, as Athena keeps them
    lookup  90 days of starts, from CloudTrail's event history
    trail   starts and accesses to tables, from the trail's files in S3
    all     each of them

    Reports, windows and the query history get the queries that ended before the exporter began; its counters never
    rise by them. Starts also give a user to queries that the ledger still knows one by one. Whatever is read again,
    in whatever order, changes nothing. The exporter must not run meanwhile. Interrupted, it goes on where it was.

    \b
    athena-exporter backfill --source all --from 90d --config exporter.yml --dry-run
    athena-exporter backfill --source all --from 90d --config exporter.yml
    athena-exporter backfill --from 2026-03-01 --to 2026-03-08 --config exporter.yml

    Exit codes: 0 everything was read, 1 something could not be read (a line each), 2 wrong usage or set-up.
    """  # noqa: D301  # \b is click's mark for "keep these lines"
    config = load(config_path, os.environ)
    extra = _labels(labels, metrics_path)
    console = Console(stderr=True)
    with ExitStack() as stack:
        wanted = _wanted(config, source, since, until or datetime.now(UTC), bucket, prefix)
        if TRAIL in wanted.sources:
            wanted = _with_s3(wanted, stack.enter_context(_s3(config)))
        places = [_place(config, settings, stack) for settings in config.targets]
        if is_dry:
            for place in places:
                for line in planned(place, wanted, console):
                    click.echo(line)
            return
        ledger = stack.enter_context(closing(Ledger(wiring.ledger_settings(config), monotonic=CLOCKS.monotonic)))
        sums = _run(ledger, places, wanted, console)
        if sums.troubles and not sums.is_anything_read:
            raise SetupError("\n".join(sums.troubles))
        spans = [wanted.executions(place, ledger.past.began(place.target)) for place in places]
        click.echo(told(sums, [(span.target, _summary(ledger, span)) for span in spans]))
        if metrics_path is not None:
            click.echo(_written(ledger, spans, metrics_path, extra))
    ctx.exit(1 if sums.troubles else 0)


def _wanted(
    config: Config, source: str, since: datetime, until: datetime, bucket: str | None, prefix: str | None
) -> Wanted:
    """What is asked for. Raises SetupError: it makes no sense."""
    if since >= until:
        raise SetupError(f"--from ({since:%Y-%m-%d %H:%M}) is not before --to ({until:%Y-%m-%d %H:%M}): swap them")
    found = bucket or config.sources.trail.bucket
    if found is None and source == TRAIL:
        raise SetupError("no bucket: name the trail's with --bucket, or as sources.trail.bucket in the configuration")
    sources = {source} if source != _ALL else {ATHENA, LOOKUP} | ({TRAIL} if found else set())
    return Wanted(
        since=since, until=until, sources=sources, bucket=found or "",
        prefix=config.sources.trail.prefix or "" if prefix is None else prefix,
    )  # fmt: skip  # five arguments read best as a block


def _with_s3(wanted: Wanted, client: S3Api) -> Wanted:
    return replace(wanted, s3=client)


@contextmanager
def _s3(config: Config) -> Iterator[S3Api]:
    """A client of the exporter's own identity, in the Region of the trail's queue or of the first target."""
    region = queue_region(config.sources.trail.queue_url or "") or region_of(config.targets[0])
    with closing(session_for(config, TargetSettings(region=region))) as session:
        yield session.s3()


def _place(config: Config, settings: TargetSettings, stack: ExitStack) -> Place:
    session: Session = stack.enter_context(closing(session_for(config, settings)))
    target, now = resolve(session, CLOCKS.now)
    return Place(target=target, now=now, session=session, config=config.seen_from(settings))


def _run(ledger: Ledger, places: Sequence[Place], wanted: Wanted, console: Console) -> Sums:
    sums = Sums()
    for place in places:
        ledger.adopt(place.target, place.now)
    # What is published next is of this state: a copy from before it has to look older.
    ledger.stamp()
    try:
        for place in places:
            Run(place=place, wanted=wanted, ledger=ledger, console=console, sums=sums).read()
    except FullError:
        sums.troubles.append(_FULL)
    ledger.stamp()
    return sums


def _summary(ledger: Ledger, span: Span) -> PastSummary:
    return ledger.past.summary(span.target, span.since, span.until)


def _labels(pairs: Sequence[str], metrics_path: Path | None) -> dict[str, str]:
    """Labels for every series. Raises SetupError."""
    if pairs and metrics_path is None:
        raise SetupError("--label: it is for the series of --openmetrics, which is not asked for")
    try:
        return openmetrics.labels_of(pairs)
    except ValueError as error:
        raise SetupError(f"--label: {error}") from error


def _written(ledger: Ledger, spans: Sequence[Span], path: Path, extra: dict[str, str]) -> str:
    """Write the past of all targets. Raises SetupError: the file cannot be written."""
    pasts = [
        openmetrics.PastOf(
            target=span.target,
            hours=ledger.past.hours(span.target, span.since, span.until),
            until=span.until,
            slots=ledger.past.slots(span.target),
        )
        for span in spans
    ]
    try:
        samples = openmetrics.write(path, pasts, extra)
    except OSError as error:
        raise SetupError(f"{path}: cannot be written: {error.strerror}") from error
    return f"{path}: {samples:,} samples"
