"""Questions of the command line to Athena: the price before, the progress meanwhile, the bill after.

Stage: report, verify -> **asking** -> sources/asking.py. Everything that is said here goes to standard error, so that
standard output is the answer alone.
"""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

import click
from botocore.exceptions import BotoCoreError, ClientError

from athena_exporter.cli import wiring
from athena_exporter.cli.archiving import bucket_of
from athena_exporter.cli.failing import SetupError
from athena_exporter.cli.sessions import session_for
from athena_exporter.config import Config, TargetSettings, write_size
from athena_exporter.costs.questions import Estimate, Stored, estimate, together, usd
from athena_exporter.library.questions import Backend, Question
from athena_exporter.library.table import PARTITION, SCHEMA_VERSION
from athena_exporter.outlets.report.render import binary_bytes, dollars
from athena_exporter.sources import errors
from athena_exporter.sources.asking import Answered, Asked, Progress, ask_athena
from athena_exporter.sources.buckets import Bucket
from athena_exporter.sources.session import Session

INTERRUPTED, TERMINATED = 130, 143
"""The exit codes of a question that Ctrl-C or SIGTERM has stopped, as shells have them."""
_READ_HISTORY = frozenset({Backend.HISTORY, Backend.CLOUDTRAIL})

Say: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """A range of UTC days, both included."""

    first: date
    last: date

    @property
    def count(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    def __str__(self) -> str:
        """`2026-03-01 to 2026-03-31 (31 days)`."""
        return f"{self.first} to {self.last} ({self.count} {'day' if self.count == 1 else 'days'})"


class _TerminatedError(KeyboardInterrupt):
    """SIGTERM: a scheduler has lost its patience."""


def _terminate(*_: object) -> None:
    raise _TerminatedError


@contextmanager
def _heeding_sigterm() -> Iterator[None]:
    """SIGTERM interrupts as Ctrl-C does: Athena bills a question to its end, even when nobody waits for it any more."""
    if threading.current_thread() is not threading.main_thread():  # Python gives signals to no other
        yield
        return
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class Asker:
    """Asks Athena as the configuration says. `workgroup` is None where nobody names one."""

    def __init__(self, config: Config, session: Session, *, workgroup: str | None, most_bytes: int | None) -> None:
        """Asks AWS nothing. `workgroup` and `most_bytes` come before the configuration's."""
        self.workgroup = workgroup or config.asking.workgroup
        self.most_bytes = config.asking.max_bytes if most_bytes is None else most_bytes
        self._config = config
        self._session = session
        self._prices = wiring.rules(config).prices

    def ask(self, name: str, sql: str) -> tuple[Answered, str]:
        """The answer, and a sentence on what it took.

        Raises:
            SetupError: no workgroup is named.
            AskingError: there is no answer; why, in words.
            click.exceptions.Exit: Ctrl-C or SIGTERM; the question has been stopped.
        """
        question = self._question(sql)
        last: list[Progress] = []
        show = _terminal(name)

        def told(progress: Progress) -> None:
            last[:] = [progress]
            show(_progress(progress))

        client = self._session.asking()
        try:
            with _heeding_sigterm():
                answered = ask_athena(client, question, clock=time.monotonic, pause=time.sleep, told=told)
        except KeyboardInterrupt as error:
            show("")
            say(f"{name}: interrupted; {_stopped(last)}")
            raise click.exceptions.Exit(TERMINATED if isinstance(error, _TerminatedError) else INTERRUPTED) from error
        finally:
            show("")
        words = f"{name}: {self._bill(answered)}, query {answered.execution_id}"
        return answered, words

    def _question(self, sql: str) -> Asked:
        if self.workgroup is None:
            raise SetupError("no workgroup: name the one to ask in with --workgroup, or as asking.workgroup")
        told = self._config.asking
        return Asked(
            sql=sql, workgroup=self.workgroup, database=told.database, output_location=told.output_location,
            reuse_minutes=told.reuse_minutes, most_bytes=self.most_bytes,
        )  # fmt: skip  # seven arguments read best as a block

    def _bill(self, answered: Answered) -> str:
        took = "" if answered.total_ms is None else f" in {answered.total_ms / 1000:.1f} s"
        if answered.reused:
            return f"took the result of the same question, which is free{took}"
        if answered.scanned_bytes is None:
            return f"answered{took}; Athena did not tell what it scanned"
        cost = dollars(usd(answered.scanned_bytes, self._prices))
        return f"scanned {binary_bytes(answered.scanned_bytes)}, {cost} at list price{took}"

    # -- before -------------------------------------------------------------------------------------------------------

    def stored(self, days: Days) -> Stored | str:
        """What the history holds of these days; a sentence on why nobody knows."""
        told = self._config.history
        if told.bucket is None:
            return "its cost cannot be told before: history.bucket is not configured"
        try:
            return _sizes(bucket_of(told, self._session), told.root, days)
        except (ClientError, BotoCoreError) as error:
            # Whoever may ask need not be allowed to list the bucket: the answer is worth more than its estimate.
            return f"its cost cannot be told before: {errors.explain(error)}"

    def estimates(self, asked: tuple[Question, ...], backend: Backend, days: Days) -> tuple[Estimate | None, str]:
        """What these questions will scan, None where nobody knows, and a sentence on it."""
        if backend not in _READ_HISTORY:
            limit = f"a question that is seen to scan more than {write_size(self.most_bytes)} is stopped"
            return None, f"its cost cannot be told before: Athena's own table has no size that can be listed; {limit}"
        stored = self.stored(days)
        if isinstance(stored, str):
            return None, stored
        found = together(estimate(question, stored, self._prices) for question in asked)
        return found, f"{_held(stored)}; {_likely(found)}{_beside(backend)}"

    def check(self, found: Estimate | None, asked: int) -> None:
        """Raises SetupError: by the estimate, a question would scan more than one may."""
        if found is not None and found.likely_bytes > self.most_bytes * asked:
            raise SetupError(
                f"it would scan about {binary_bytes(found.likely_bytes)}, and may scan {write_size(self.most_bytes)} "
                "a question: ask for fewer days, or allow more with --max-bytes or asking.max_bytes"
            )


@contextmanager
def asker_of(config: Config, *, workgroup: str | None, most_bytes: int | None) -> Iterator[Asker]:
    """Who asks: the exporter itself or a role, in the first target's Region. Raises SetupError: there is no Region."""
    told = config.asking
    settings = TargetSettings(region=config.targets[0].region, role_arn=told.role_arn, external_id=told.external_id)
    with closing(session_for(config, settings)) as session:
        yield Asker(config, session, workgroup=workgroup, most_bytes=most_bytes)


def say(words: str) -> None:
    """A line on standard error."""
    click.echo(f"athena-exporter: {words}", err=True)


def _sizes(bucket: Bucket, root: str, days: Days) -> Stored:
    folder = f"{root}v{SCHEMA_VERSION}/{PARTITION}="
    low, high = f"{days.first:%Y-%m-%d}", f"{days.last:%Y-%m-%d}"
    shared = next((at for at, pair in enumerate(zip(low, high, strict=True)) if len(set(pair)) > 1), len(low))
    sizes = [
        one.size
        for one in bucket.listed(f"{folder}{low[:shared]}")
        if low <= one.key.removeprefix(folder).partition("/")[0] <= high
    ]
    return Stored(files=len(sizes), size=sum(sizes))


def _held(stored: Stored) -> str:
    return f"{stored.files:,} {'file' if stored.files == 1 else 'files'} with {binary_bytes(stored.size)}"


def _likely(found: Estimate) -> str:
    likely = f"will likely scan {binary_bytes(found.likely_bytes)} for {dollars(found.likely_usd)}"
    return f"{likely}, at most {binary_bytes(found.most_bytes)} for {dollars(found.most_usd)}"


def _beside(backend: Backend) -> str:
    if backend is not Backend.CLOUDTRAIL:
        return ""
    return ", and CloudTrail's files of those days, whose size is not known here"


def _stopped(last: list[Progress]) -> str:
    if not last:
        return "Athena had not said yet whether it began"
    return f"Athena was told to stop it, query {last[0].execution_id}"


def _progress(told: Progress) -> str:
    scanned = "" if told.scanned_bytes is None else f", {binary_bytes(told.scanned_bytes)} scanned"
    return f"{told.state}, {told.seconds:.0f} s{scanned}"


def _terminal(name: str) -> Say:
    """Writes over one line of a terminal; nothing where standard error is none."""
    if not sys.stderr.isatty():
        return lambda _: None

    def show(words: str) -> None:
        click.echo(f"\r\x1b[2K{f'{name}: {words}' if words else ''}", err=True, nl=False)

    return show
