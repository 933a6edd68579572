"""`athena-exporter check`: is everything there that a configuration needs? What is missing, and how to mend it."""

import os
import secrets
import sys
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path

import click
import sqlglot
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from athena_exporter.budgets import Mode
from athena_exporter.cli import channel_checks, diagnosis, history_checks, queue_checks, wiring
from athena_exporter.cli.diagnosis import Examined
from athena_exporter.cli.failing import SetupError, explained
from athena_exporter.cli.sessions import region_of, session_for
from athena_exporter.cli.usage import HELP, config_option
from athena_exporter.config import Config, TargetSettings, load
from athena_exporter.config.sources import queue_region
from athena_exporter.ledger import history
from athena_exporter.ledger.errors import LedgerError
from athena_exporter.ledger.inspection import inspect
from athena_exporter.outlets import findings
from athena_exporter.outlets.findings import Chapter, Finding, Mark, Result
from athena_exporter.records import Target, epoch_ms
from athena_exporter.sources import errors
from athena_exporter.sources.disguise import Disguise
from athena_exporter.sources.models import shared_models
from athena_exporter.sources.permissions import Feature
from athena_exporter.sources.probing import READING, Outcome, Probe
from athena_exporter.sources.recording import Recorder
from athena_exporter.sources.session import Session, resolve
from athena_exporter.sources.survey import MOST_WORKGROUPS, Survey, Surveyor

_NARROWEST = 80


class CheckFormat(StrEnum):
    """How the findings are written."""

    TABLE = "table"
    JSON = "json"


@click.command(context_settings=dict(HELP))
@config_option("The exporter's configuration; without one: the defaults.")
@click.option(
    "--record",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep a sample of AWS's answers in this folder, without names, ids or SQL.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice([one.value for one in CheckFormat]),
    default="table",
    show_default=True,
    help="A table for people, or everything for machines.",
)
@click.pass_context
@explained
def check(ctx: click.Context, config_path: Path | None, folder: Path | None, form: str) -> None:
    """Try what a configuration needs, and tell what is missing and how to mend it.

    Tries every permission once, for every target; one that is denied hides no other, and is shown with the statement
    to add. Looks at the ledger's place, the clock, how workgroups are set up, how late CloudTrail is and how much
    runs, and says what the exporter will ask of AWS in an hour. A large account takes a minute: the exporter's share
    of AWS's rates is kept. Nothing is written to AWS, but for log groups and a stream where events are on, and an
    empty hidden file where the history is; the guard's right to stop queries is tried on one that does not exist.

    \b
    athena-exporter check
    athena-exporter check --config exporter.yml --format json
    athena-exporter check --config exporter.yml --record recordings/

    Exit codes: 0 nothing is missing, 1 something is, 2 wrong usage or configuration.
    """  # noqa: D301  # \b is click's mark for "keep these lines"
    config = load(config_path, os.environ)
    wiring.naming(config, os.environ)  # a missing key of the pseudonyms stops `serve`, so it stops here
    recorder = None if folder is None else Recorder(Disguise(secrets.token_bytes(32)))
    with _progress() as progress:
        result = Checker(config, recorder, progress).result()
    if recorder is not None and folder is not None:
        _write(recorder, folder)
    if form == CheckFormat.JSON:
        click.echo(findings.to_json(result), nl=False)
    else:
        console = Console()
        # Narrower than this, rich would crop words without a sign.
        findings.show(result, Console(width=max(console.width, _NARROWEST)))
    ctx.exit(1 if result.missing else 0)


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


def _write(recorder: Recorder, folder: Path) -> None:
    try:
        number = recorder.write(folder)
    except OSError as error:
        raise SetupError(f"--record {folder}: cannot be written: {(error.strerror or str(error)).lower()}") from error
    click.echo(f"athena-exporter: answers of {number} operations kept in {folder}; see its README.md", err=True)


class Checker:
    """One check of one configuration."""

    def __init__(self, config: Config, recorder: Recorder | None, progress: Progress) -> None:
        """Raises SetupError if a target has no Region."""
        self._config = config
        self._recorder = recorder
        self._progress = progress
        self._models = shared_models()
        self._located = [(settings, region_of(settings)) for settings in config.targets]

    def result(self) -> Result:
        """Look at everything. Never raises AWS's errors."""
        found: list[Finding] = [*self._machine()]
        costs = []
        targets: list[Target] = []
        for settings, region in self._located:
            examined = self._look(settings, region, READING)
            if isinstance(examined, Finding):
                found.append(examined)
                continue
            targets.append(examined.target)
            config = self._config.seen_from(settings)
            found += diagnosis.of_target(config, examined)
            found += queue_checks.findings(examined)
            found += self._guard(examined.target)
            cost = diagnosis.cost_of(config, examined)
            if cost is not None:
                costs.append(cost)
                found.append(diagnosis.of_cost(cost))
        found += diagnosis.of_twins(targets)
        if len(targets) == len(self._located):
            found += diagnosis.of_strangers(_counted(Path(self._config.ledger.path)), targets)
        if self._config.events.enabled and self._located:
            found += self._events(self._located[0][1])
        if self._config.sources.trail.enabled and self._located:
            found += self._trail(self._located[0][1])
        found += channel_checks.findings(self._config)
        found += history_checks.findings(self._config)
        return Result(findings=found, costs=costs)

    def _events(self, region: str) -> Iterator[Finding]:
        """Events of all targets are written by the exporter's own identity, in the first target's Region."""
        examined = self._look(TargetSettings(region=region), region, {Feature.EVENTS})
        if isinstance(examined, Finding):
            yield examined
        else:
            yield from diagnosis.of_events(self._config, examined)

    def _trail(self, region: str) -> Iterator[Finding]:
        """The trail's queue and bucket are read by the exporter's own identity, for all targets."""
        region = queue_region(str(self._config.sources.trail.queue_url)) or region
        examined = self._look(TargetSettings(region=region), region, {Feature.TRAIL})
        if isinstance(examined, Finding):
            yield examined
        else:
            yield from (diagnosis.of_attempt(self._config, examined.target, one) for one in examined.attempts)
            yield from queue_checks.findings(examined)

    def _guard(self, target: Target) -> Iterator[Finding]:
        """Whether the guard could act there: its role assumed, and tried on a query that does not exist."""
        guard = self._config.guard
        if guard.mode is Mode.OFF:
            return
        seen = diagnosis.of_guarded(self._config, target)
        yield seen
        if guard.mode is Mode.ENFORCE and seen.mark is Mark.OK:
            role = TargetSettings(region=target.region, role_arn=guard.role_arn, external_id=guard.external_id)
            examined = self._look(role, target.region, {Feature.GUARD})
            if isinstance(examined, Finding):
                yield examined
            else:
                yield from (diagnosis.of_attempt(self._config, target, one) for one in examined.attempts)

    def _look(self, settings: TargetSettings, region: str, features: Collection[Feature]) -> Examined | Finding:
        observe = self._recorder.observe if self._recorder else None
        with closing(session_for(self._config, settings, observe=observe, models=self._models)) as session:
            try:
                target, aws_now = resolve(session, _now)
            except (ClientError, BotoCoreError) as error:
                return diagnosis.unreachable(region, settings.role_arn, errors.explain(error), settings.alias)
            examined = self._examined(session, self._config.seen_from(settings), target, aws_now - _now(), features)
            return replace(examined, alias=settings.alias)

    def _machine(self) -> Iterator[Finding]:
        yield from diagnosis.of_ledger(inspect(Path(self._config.ledger.path)))
        yield from diagnosis.of_budgets(wiring.budgets(self._config), epoch_ms(_now()), self._config.guard.mode)
        if self._config.sql.tables:
            yield _parser()

    def _examined(
        self, session: Session, config: Config, target: Target, skew: timedelta, features: Collection[Feature]
    ) -> Examined:
        probe = Probe(session=session, target=target, config=config, clock=lambda: _now() + skew, features=features)
        task = self._progress.add_task(f"permissions {diagnosis.place_of(target)}", total=len(probe.wanted()))
        attempts = []
        for attempt in probe.attempts():
            attempts.append(attempt)
            self._progress.advance(task)
        allowed = {one.permission.action for one in attempts if one.outcome is Outcome.ALLOWED}
        survey = self._survey(session, probe, allowed) if "athena:ListWorkGroups" in allowed else None
        return Examined(target=target, skew=skew, attempts=attempts, sights=probe.sights, survey=survey)

    def _survey(self, session: Session, probe: Probe, allowed: set[str]) -> Survey:
        names = probe.sights.workgroups
        task = self._progress.add_task(
            f"workgroups {diagnosis.place_of(probe.target)}", total=min(len(names), MOST_WORKGROUPS)
        )
        return Surveyor(
            athena=session.athena(),
            cloudtrail=session.cloudtrail() if "cloudtrail:LookupEvents" in allowed else None,
            target=probe.target,
            rules=wiring.identity_rules(self._config),
            clock=probe.clock,
            settings="athena:GetWorkGroup" in allowed,
            step=lambda: self._progress.advance(task),
        ).survey(names)


def _counted(path: Path) -> list[Target]:
    """Whom the ledger has counted; nobody, if there is none that can be read: that is told apart."""
    try:
        return [one.target for one in history.coverage(path)] if path.exists() else []
    except LedgerError:
        return []


def _now() -> datetime:
    return datetime.now(UTC)


def _parser() -> Finding:
    """What reads tables out of SQL, and whether it runs: its dialects are plug-ins that an image may lack."""
    try:
        sqlglot.parse_one("SELECT 1 FROM sales.orders", dialect="athena")
    except (sqlglot.errors.SqlglotError, ValueError) as error:
        return Finding(
            chapter=Chapter.SETUP, mark=Mark.MISSING, where="", what="sqlglot", words=str(error),
            mend="install the exporter's locked dependencies anew, or set sql.tables: false",
        )  # fmt: skip  # as short as it can be said
    return Finding(
        chapter=Chapter.SETUP, mark=Mark.OK, where="", what="sqlglot", words=f"{version('sqlglot')}, reads Athena's SQL"
    )
