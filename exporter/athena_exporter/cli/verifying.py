"""`athena-exporter verify`: does the ledger hold what CloudWatch, or the query history in Athena, has counted?"""

import os
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click
from botocore.exceptions import BotoCoreError, ClientError

from athena_exporter.cli.failing import SetupError, explained
from athena_exporter.cli.sessions import session_for
from athena_exporter.cli.showing import require_charts, show
from athena_exporter.cli.times import Day, midnight
from athena_exporter.cli.usage import HELP, config_option, ledger_option
from athena_exporter.cli.verifying_history import NARROWEST, Verification, verify_history
from athena_exporter.config import Config, TargetSettings, load
from athena_exporter.costs import price_nanousd
from athena_exporter.ledger import history
from athena_exporter.ledger.history import Coverage, ExecutionsRow
from athena_exporter.outlets import report as reports
from athena_exporter.outlets import verification
from athena_exporter.outlets.verification import Circumstances, Count, Line
from athena_exporter.records import Target
from athena_exporter.sources.day import DML, read_day
from athena_exporter.sources.day import Day as Counted
from athena_exporter.sources.session import Session, resolve
from athena_exporter.sources.survey import read_setup

_DAY = timedelta(days=1)
_NANO = 1_000_000_000
_CLOUDWATCH, _ATHENA = "cloudwatch", "athena"


@click.command(context_settings=dict(HELP))
@click.option(
    "--day", "wanted", type=Day(has_begun=True), default="yesterday", show_default=True, help="The UTC day to compare."
)
@click.option(
    "--on",
    "side",
    type=click.Choice([_CLOUDWATCH, _ATHENA]),
    default=_CLOUDWATCH,
    show_default=True,
    help="What to compare the ledger with: CloudWatch's metrics, or the query history, which Athena is asked for.",
)
@click.option("--workgroup", help="Of Athena: where to ask, instead of asking.workgroup.")
@config_option("The exporter's configuration, for its targets and the ledger's path.")
@ledger_option()
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0, max=100),
    default=0.1,
    show_default=True,
    help="Percent of the other side's number that a difference may be.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice([one.value for one in reports.Format]),
    default="table",
    show_default=True,
    help="A table for people, everything as raw numbers, or a page of HTML (needs the extra `charts`).",
)
@click.pass_context
@explained
def verify(
    ctx: click.Context,
    wanted: date,
    side: str,
    workgroup: str | None,
    config_path: Path | None,
    ledger_path: Path | None,
    tolerance: float,
    form: str,
) -> None:
    """Compare a day of the ledger with what CloudWatch counted, or the query history holds, workgroup by workgroup.

    With CloudWatch it compares DML queries and their bytes by state. Each difference comes with its likely cause;
    workgroups that don't publish, a day that is not settled or not wholly counted, and queries around midnight are
    harmless. May run while the exporter does. CloudWatch bills what it is asked: two metrics a workgroup and state, a
    cent a thousand.

    With Athena it compares all queries and bytes with the history in S3, and with a Cost and Usage Report 2.0 where
    asking.cost_report names one: it says which TB (10^12 or 2^40 bytes) and which discount explain the bill, and what
    they leave unexplained. Athena bills what it reads: a day of the history, and of the report.

    \b
    athena-exporter verify
    athena-exporter verify --config exporter.yml --day 2026-03-28
    athena-exporter verify --day yesterday --tolerance 0 --format json
    athena-exporter verify --config exporter.yml --day 2026-03-28 --on athena

    Exit codes: 0 all agree or differ harmlessly, 1 something differs that should not, 2 wrong usage or set-up.
    """  # noqa: D301  # \b is click's mark for "keep these lines"
    config, day = load(config_path, os.environ), midnight(wanted)
    path = ledger_path or Path(config.ledger.path)
    if form == reports.Format.HTML:
        require_charts()
    if side == _ATHENA:
        asked = Verification(day=day, path=path, tolerance=tolerance / 100, form=form, workgroup=workgroup)
        ctx.exit(0 if verify_history(config, asked) else 1)
    if workgroup is not None:
        raise SetupError("--workgroup goes with --on athena")
    covered = {one.target: one for one in history.coverage(path)}
    rows = list(history.executions(path, day, day + _DAY))
    lines: list[Line] = []
    notes: list[str] = []
    for settings in config.targets:
        found, said = _target(config, settings, day, rows, covered, tolerance / 100)
        lines += found
        notes += said
    show(verification.table(lines, day, notes), form, narrowest=NARROWEST)
    ctx.exit(1 if verification.unexplained(lines) else 0)


def _target(
    config: Config,
    settings: TargetSettings,
    day: datetime,
    rows: Sequence[ExecutionsRow],
    covered: dict[Target, Coverage],
    tolerance: float,
) -> tuple[list[Line], list[str]]:
    """The lines and notes of one target."""
    with closing(session_for(config, settings)) as session:
        target, now = resolve(session, _now)
        if target not in covered:
            raise SetupError(
                f"the ledger has never counted account {target.account_id} in {target.region}; name its ledger with "
                "--ledger, or let the exporter run first"
            )
        ours = [row for row in rows if row.target == target]
        compared = [row for row in ours if row.statement_type == DML]
        theirs = read_day(session.cloudwatch(), day, {row.workgroup for row in compared}, clock=_now)
        known = Circumstances(
            target=target, day=day, now=now, since=covered[target].since, until=covered[target].until,
            listed=theirs.listed, publishing=_publishing(session, compared, theirs), tolerance=tolerance,
        )  # fmt: skip  # eight facts read best as a block
    lines = verification.compare(_ledger_counts(compared), _cloudwatch_counts(theirs), known)
    others = verification.by_type((row.statement_type, row.queries) for row in ours if row.statement_type != DML)
    return lines, [*verification.notes(lines, known, others), _bill(theirs)]


def _publishing(session: Session, rows: Sequence[ExecutionsRow], theirs: Counted) -> dict[str, bool | None]:
    """What the settings of workgroups say of which CloudWatch counted nothing; None where AWS does not tell."""
    silent = {row.workgroup for row in rows} - {count.workgroup for count in theirs.counts}
    athena = session.athena()
    found: dict[str, bool | None] = {}
    for name in sorted(silent):
        try:
            found[name] = read_setup(athena, name).is_publishing
        except (ClientError, BotoCoreError):
            # Deleted since, or not allowed: the comparison goes on without.
            found[name] = None
    return found


def _ledger_counts(rows: Sequence[ExecutionsRow]) -> list[Count]:
    return [
        Count(workgroup=row.workgroup, state=row.state, queries=row.queries, scanned_bytes=row.scanned_bytes)
        for row in rows
    ]


def _cloudwatch_counts(theirs: Counted) -> list[Count]:
    return [
        Count(
            workgroup=count.workgroup, state=count.state.value, queries=count.queries,
            scanned_bytes=count.processed_bytes,
        )
        for count in theirs.counts
    ]  # fmt: skip  # as above


def _bill(theirs: Counted) -> str:
    usd = price_nanousd("cloudwatch", "GetMetricData", "ok", theirs.metrics) / _NANO
    words = f"CloudWatch was asked for {theirs.metrics} metrics, ${usd:.4f} at list price"
    return f"{words}; it left {theirs.incomplete} incomplete" if theirs.incomplete else words


def _now() -> datetime:
    return datetime.now(UTC)
