"""`athena-exporter backfill`: who started the queries of the past, from CloudTrail's files."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from athena_exporter.cli import wiring
from athena_exporter.cli.failing import SetupError, explained
from athena_exporter.cli.readers import CLOCKS
from athena_exporter.cli.reading import Moment
from athena_exporter.cli.sessions import region_of, session_for
from athena_exporter.cli.usage import HELP, config_option
from athena_exporter.config import Config, TargetSettings, load
from athena_exporter.config.sources import queue_region
from athena_exporter.ledger.store import Ledger
from athena_exporter.records import StartedQuery, TableEvent, Target
from athena_exporter.sources.session import S3Api, resolve
from athena_exporter.sources.trail import ranges
from athena_exporter.sources.trail.ranges import Done, File, Range

_TRAIL = "trail"
_MOST_LINES = 20


@dataclass(slots=True)
class _Sums:
    files: int = 0
    starts: int = 0
    events: int = 0
    malformed: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, done: Done) -> None:
        self.files += 1
        self.malformed += done.malformed
        self.starts += sum(isinstance(one, StartedQuery) for one in done.records)
        self.events += sum(isinstance(one, TableEvent) for one in done.records)
        if done.words is not None:
            self.failures.append(f"{done.file.key}: {done.words}")


@click.command(context_settings=dict(HELP))
@click.option("--source", type=click.Choice([_TRAIL]), default=_TRAIL, show_default=True, help="What is read.")
@click.option("--from", "since", type=Moment(), required=True, help="A time, or how long ago.")
@click.option("--to", "until", type=Moment(), help="A time, or how long ago; default: now.")
@click.option("--bucket", help="The trail's bucket; default: sources.trail.bucket.")
@click.option("--prefix", help="What stands before AWSLogs/ in its keys; default: sources.trail.prefix.")
@config_option("The exporter's configuration, for its targets and its ledger.")
@click.option("--dry-run", "is_dry", is_flag=True, help="Only say how many files there are, and how large they are.")
@click.pass_context
@explained
def backfill(
    ctx: click.Context,
    source: str,
    since: datetime,
    until: datetime | None,
    bucket: str | None,
    prefix: str | None,
    config_path: Path | None,
    *,
    is_dry: bool,
) -> None:
    """Read who started the queries of the past from a trail's files in S3.

    Gives a user to queries that the ledger still knows one by one, or has yet to meet (ledger.seed), and tells
    accesses to tables (sources.trail.access_events). It counts no query and no refused start: a query that its
    workgroup's counters hold may find its user, and that is all. The exporter must not run meanwhile. Interrupted, it
    goes on where it was when it is asked for the same times again.

    \b
    athena-exporter backfill --from 2026-03-01 --to 2026-03-08 --config exporter.yml --dry-run
    athena-exporter backfill --from 45d --to 0d --config exporter.yml

    Exit codes: 0 every file was read, 1 some could not be read (a line each), 2 wrong usage or set-up.
    """  # noqa: D301  # \b is click's mark for "keep these lines"
    del source  # there is one so far, and click has checked it
    config = load(config_path, os.environ)
    end = until or datetime.now(UTC)
    if since >= end:
        raise SetupError(f"--from ({since:%Y-%m-%d %H:%M}) is not before --to ({end:%Y-%m-%d %H:%M}): swap them")
    found = bucket or config.sources.trail.bucket
    if found is None:
        raise SetupError("no bucket: name the trail's with --bucket, or as sources.trail.bucket in the configuration")
    place = found, config.sources.trail.prefix or "" if prefix is None else prefix
    console = Console(stderr=True)
    with ExitStack() as stack:
        client = stack.enter_context(_s3(config))
        targets = [_resolved(config, settings) for settings in config.targets]
        wanted = [
            Range(bucket=place[0], prefix=place[1], target=target, since=since, until=end) for target, _ in targets
        ]
        many = {one: _listed(client, one, console) for one in wanted}
        if is_dry:
            click.echo(_planned(many))
            return
        ledger = stack.enter_context(closing(Ledger(wiring.ledger_settings(config), monotonic=CLOCKS.monotonic)))
        for target, now in targets:
            ledger.adopt(target, now)
        sums = _run(client, config, ledger, many, console)
    click.echo(_told(sums))
    ctx.exit(1 if sums.failures else 0)


@contextmanager
def _s3(config: Config) -> Iterator[S3Api]:
    """A client of the exporter's own identity, in the Region of the trail's queue or of the first target."""
    region = queue_region(config.sources.trail.queue_url or "") or region_of(config.targets[0])
    with closing(session_for(config, TargetSettings(region=region))) as session:
        yield session.s3()


def _resolved(config: Config, settings: TargetSettings) -> tuple[Target, datetime]:
    with closing(session_for(config, settings)) as session:
        return resolve(session, CLOCKS.now)


def _listed(client: S3Api, wanted: Range, console: Console) -> list[File]:
    with console.status(f"listing the files of {wanted.target.account_id} in {wanted.target.region}"):
        return ranges.files(client, wanted)


def _run(client: S3Api, config: Config, ledger: Ledger, many: dict[Range, list[File]], console: Console) -> _Sums:
    sums, naming = _Sums(), wiring.naming(config, os.environ)
    with _progress(console) as progress:
        for wanted, found in many.items():
            view = ledger.view(wanted.target)
            read_until = view.cursor(ranges.NAME, wanted.cursor) or ""
            left = [one for one in found if one.key > read_until]
            task = progress.add_task(wanted.target.region, total=sum(one.size for one in left))
            for batch in ranges.batches(
                client,
                wanted,
                left,
                reading=partial(wiring.trail_reading, config, naming),
                knowledge=view,
                clock=CLOCKS.now,
                told=partial(_tell, sums, partial(progress.advance, task)),
            ):
                ledger.apply(batch)
    return sums


def _tell(sums: _Sums, advance: Callable[[float], object], done: Done) -> None:
    sums.add(done)
    advance(done.file.size)


def _progress(console: Console) -> Progress:
    rate, left = TransferSpeedColumn(), TimeRemainingColumn()
    # Nobody watches a bar in a log.
    is_watched = console.is_terminal
    return Progress(
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), rate, left,
        console=console, disable=not is_watched,
    )  # fmt: skip  # the columns in a row


def _planned(many: dict[Range, list[File]]) -> str:
    lines = [
        f"{wanted.target.account_id} {wanted.target.region}: {len(found)} files, {_size(found)}"
        for wanted, found in many.items()
    ]
    return "\n".join(lines)


def _size(found: Sequence[File]) -> str:
    return f"{sum(one.size for one in found) / 2**20:.1f} MiB compressed"


def _told(sums: _Sums) -> str:
    lines = [f"{sums.files} files read: {sums.starts} starts of queries, {sums.events} accesses to tables"]
    if sums.malformed:
        lines.append(f"{sums.malformed} records could not be read and were left out")
    lines += [f"not read: {line}" for line in sums.failures[:_MOST_LINES]]
    if len(sums.failures) > _MOST_LINES:
        lines.append(f"and {len(sums.failures) - _MOST_LINES} more files that could not be read")
    return "\n".join(lines)
