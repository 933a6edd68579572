"""`athena-exporter history`: what a person does with the query history's files."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from athena_exporter.cli.archiving import bucket_of, require_pyarrow
from athena_exporter.cli.failing import SetupError, explained
from athena_exporter.cli.readers import CLOCKS, historian_of
from athena_exporter.cli.sessions import session_for
from athena_exporter.cli.times import Day
from athena_exporter.cli.usage import HELP, config_option
from athena_exporter.config import Config, load
from athena_exporter.outlets.report.render import binary_bytes
from athena_exporter.sources.buckets import Bucket

if TYPE_CHECKING:
    from athena_exporter.outlets.history.compaction import Compaction, Done


@click.group(context_settings=dict(HELP))
def history() -> None:
    """The query history in S3: its files."""


@history.command(context_settings=dict(HELP))
@click.option("--day", type=Day(), help="This UTC day alone.")
@click.option("--before", type=Day(), help="Every day before this one; default: today.")
@click.option("--dry-run", "is_dry", is_flag=True, help="Only say which days have files to merge, and how many.")
@config_option("The exporter's configuration, for its bucket and the identity that writes it.")
@click.pass_context
@explained
def compact(
    ctx: click.Context, day: date | None, before: date | None, config_path: Path | None, *, is_dry: bool
) -> None:
    """Merge the small files of days into few large ones, which Athena reads faster.

    The exporter does so by itself for the last week (history.compact); this is for older days, and for those who
    switched it off. It may run beside exporters and beside itself, and be ended at any moment: at worst a query stands
    in two files, which the view hides and the next run mends. Files are deleted only after the merged one was read
    back and has all their queries. What is no file of this table is named and left alone.

    \b
    athena-exporter history compact --config exporter.yml --dry-run
    athena-exporter history compact --config exporter.yml --day 2026-03-10

    Exit codes: 0 done, 1 a file was left alone, 2 wrong usage or set-up.
    """  # noqa: D301  # \b is click's mark for "keep these lines"
    if day is not None and before is not None:
        raise SetupError("--day and --before: each chooses days; give one of them")
    config = load(config_path, os.environ)
    if config.history.bucket is None:
        raise SetupError("no bucket: name the one of the query history as history.bucket in the configuration")
    require_pyarrow()
    with _bucket(config) as bucket:
        left = _compact(config, bucket, _wanted(day, before), is_dry=is_dry)
    ctx.exit(1 if left else 0)


@contextmanager
def _bucket(config: Config) -> Iterator[Bucket]:
    with closing(session_for(config, historian_of(config))) as session:
        yield bucket_of(config.history, session)


def _wanted(day: date | None, before: date | None) -> tuple[date, date]:
    """The first day, and the one after the last."""
    if day is not None:
        return day, day + timedelta(days=1)
    return date.min, before or CLOCKS.now().date()


def _compact(config: Config, bucket: Bucket, wanted: tuple[date, date], *, is_dry: bool) -> int:
    """Say a line a day; answers how many files were left alone."""
    from athena_exporter.outlets.history.compaction import Compaction, days  # noqa: PLC0415  needs pyarrow

    compaction = Compaction(store=bucket, prefix=config.history.root)
    found = [day for day in days(bucket, config.history.root) if wanted[0] <= day < wanted[1]]
    left = 0
    for day in found:
        left += _planned(compaction, day) if is_dry else _merged(compaction, day)
    if not found:
        click.echo(f"no day has files in s3://{config.history.bucket}/{config.history.root}")
    return left


def _planned(compaction: "Compaction", day: date) -> int:
    plan = compaction.planned(day)
    told = f"{plan.files} files, {binary_bytes(plan.size)}, into {plan.merged}" if plan.files else "nothing to merge"
    click.echo(f"{day}: {told}")
    return 0


def _merged(compaction: "Compaction", day: date) -> int:
    done = compaction.compact(day, lambda *_: None)
    click.echo(f"{day}: {_words(done)}")
    for one in done.foreign:
        click.echo(f"{day}: left alone: {one.key}: {one.words}")
    return len(done.foreign)


def _words(done: "Done") -> str:
    if not done.files:
        return "nothing merged"
    return f"{done.files} files with {done.rows:,} rows merged into {done.merged}, {binary_bytes(done.size)}"
