"""What a backfill says: how far it is, what it found, and what it would have to do."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from athena_exporter.cli.readers import CLOCKS
from athena_exporter.ledger.past import PastSummary
from athena_exporter.records import StartedQuery, TableEvent, Target
from athena_exporter.sources.past import Page
from athena_exporter.sources.trail.ranges import Done

_MOST_LINES = 20
_LINE_EVERY_S = 30.0
_MINUTE_S = 60
_HOUR_S = 3_600


@dataclass(slots=True)
class Sums:
    """What all targets and sources have brought."""

    files: int = 0
    starts: int = 0
    events: int = 0
    executions: int = 0
    malformed: int = 0
    young: int = 0
    expired: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    @property
    def is_anything_read(self) -> bool:
        """Whether any source has told anything."""
        return bool(self.files or self.starts or self.events or self.executions)

    def add_file(self, done: Done) -> None:
        """Count a trail's file."""
        self.files += 1
        self.malformed += done.malformed
        self.starts += sum(isinstance(one, StartedQuery) for one in done.records)
        self.events += sum(isinstance(one, TableEvent) for one in done.records)
        if done.words is not None:
            self.troubles.append(f"{done.file.key}: {done.words}")

    def add_page(self, page: Page) -> None:
        """Count a page, but for what it has taken."""
        self.malformed += page.malformed
        self.young += page.young
        self.expired += page.expired
        self.troubles += page.troubles


class Showing:
    """How far one read is: a bar for people, a line every half minute for logs."""

    def __init__(self, progress: Progress, name: str, *, is_watched: bool, monotonic: Callable[[], float]) -> None:
        """`name` says what is read, of whom; `monotonic` in seconds."""
        self._progress = progress
        self._name = name
        self._is_watched = is_watched
        self._task: TaskID = progress.add_task(name, total=1.0, seen="0 read")
        self._monotonic = monotonic
        self._begun = self._said = monotonic()
        self._seen = 0

    def at(self, done: float, seen: int) -> None:
        """`done` of 1 is read, and `seen` more queries, starts or files."""
        self._seen += seen
        now = self._monotonic()
        elapsed = max(now - self._begun, 1e-9)
        words = f"{self._seen:,} read, {self._seen / elapsed:,.0f}/s"
        self._progress.update(self._task, completed=done, seen=words)
        if not self._is_watched and now - self._said >= _LINE_EVERY_S:
            self._said = now
            left = f", about {span_words(elapsed / done - elapsed)} left" if done > 0 else ""
            click.echo(f"{self._name}: {done:.0%}, {words}{left}", err=True)


@contextmanager
def showing(console: Console, name: str) -> Iterator[Showing]:
    """Show how far a read is while it lasts."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[seen]}"),
        TimeRemainingColumn(),
    )  # fmt: skip  # the columns in a row
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield Showing(progress, name, is_watched=console.is_terminal, monotonic=CLOCKS.monotonic)


def span_words(seconds: float) -> str:
    """A span as people say it, such as `3 min`."""
    if seconds < _MINUTE_S:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / _MINUTE_S:.0f} min" if seconds < _HOUR_S else f"{seconds / _HOUR_S:.1f} h"


def told(sums: Sums, pasts: Sequence[tuple[Target, PastSummary]]) -> str:
    """What has come of it, in lines."""
    lines = []
    if sums.files:
        lines.append(f"{sums.files} files read: {sums.starts} starts of queries, {sums.events} accesses to tables")
    else:
        lines.append(f"{sums.starts} starts and {sums.executions} executions of queries read")
    lines += [_past(target, summary) for target, summary in pasts]
    if sums.young:
        lines.append(f"{sums.young} queries ended just now, and have no statistics yet: run this again in a while")
    if sums.malformed:
        lines.append(f"{sums.malformed} records could not be read and were left out")
    lines += _some("expired, Athena lists it and tells no more", sums.expired, "expired queries")
    return "\n".join(lines + _some("not read", sums.troubles, "troubles"))


def _past(target: Target, summary: PastSummary) -> str:
    words = f"{target.account_id} {target.region}: {summary.queries} queries of the past in the rollups"
    words += f", {summary.nameless} of them without a user" if summary.nameless else ""
    return words + (f", {summary.only_started} known by their start alone" if summary.only_started else "")


def _some(words: str, found: Sequence[str], what: str) -> list[str]:
    lines = [f"{words}: {one}" for one in found[:_MOST_LINES]]
    return lines + ([f"and {len(found) - _MOST_LINES} more {what}"] if len(found) > _MOST_LINES else [])
