"""One run of a backfill: each source of each target, in an order that keeps the ledger small.

Stage: sources/past, sources/trail/ranges -> **run** -> ledger. Starts come first: an execution that meets its start is
done with at once, and need not wait in the ledger for its user.
"""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from athena_exporter.cli import wiring
from athena_exporter.cli.backfill.telling import Showing, Sums, showing
from athena_exporter.cli.readers import CLOCKS
from athena_exporter.config import Config
from athena_exporter.ledger.store import Ledger
from athena_exporter.ledger.view import TargetView
from athena_exporter.records import Batch, QueryExecution, Record, StartedQuery, Target
from athena_exporter.sources import errors, history
from athena_exporter.sources.athena import HISTORY, LONGEST_RUN
from athena_exporter.sources.past import NAME, Page, Span, Starts, Sweep
from athena_exporter.sources.session import S3Api, Session
from athena_exporter.sources.trail import ranges
from athena_exporter.sources.trail.ranges import Done, Range

ATHENA, LOOKUP, TRAIL = "athena", "lookup", "trail"
SOURCES = (TRAIL, LOOKUP, ATHENA)
"""In the order in which they are read."""
_ROOM_EVERY = 20


class FullError(Exception):
    """The outbox has no room for more facts of the past."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One target: its session, its configuration, and AWS's clock when the command began."""

    target: Target
    now: datetime
    session: Session
    config: Config


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for: times, sources, and for the trail its bucket, the prefix of its keys and who reads it."""

    since: datetime
    until: datetime
    sources: Collection[str]
    bucket: str = ""
    prefix: str = ""
    s3: S3Api | None = None

    def starts(self, place: Place, began: datetime) -> Span:
        """The starts of all that ended within these times, as far as CloudTrail keeps them."""
        oldest = place.now - history.HISTORY
        since = max(self.since - LONGEST_RUN, oldest)
        return Span(target=place.target, since=since, until=max(since, min(self.until, began)))

    def executions(self, place: Place, began: datetime) -> Span:
        """What ended within these times, and before the exporter began to count."""
        return Span(target=place.target, since=self.since, until=max(self.since, min(self.until, began)))

    def files(self, place: Place) -> Range:
        """The trail's files for a target."""
        return Range(
            bucket=self.bucket, prefix=self.prefix, target=place.target, since=self.since, until=self.until
        )  # fmt: skip  # as short as it can be said


@dataclass(slots=True, kw_only=True)
class Run:
    """One target's part of a run."""

    place: Place
    wanted: Wanted
    ledger: Ledger
    console: Console
    sums: Sums
    _commits: int = field(default=0, init=False)

    def read(self) -> None:
        """Every source that is asked for; one that fails is told and leaves the others alone. Raises FullError."""
        is_whole = False
        for name in (one for one in SOURCES if one in self.wanted.sources):
            try:
                is_whole = self._source(name)
            except (ClientError, BotoCoreError) as error:
                words = f"{name} of {self._name}: {errors.explain(error)}; what was read is kept"
                words += ", run the same again when that is mended"
                self.sums.troubles.append(words)
        self._settle(is_athena_whole=is_whole and ATHENA in self.wanted.sources)

    @property
    def _name(self) -> str:
        return f"{self.place.target.account_id} {self.place.target.region}"

    @property
    def _view(self) -> TargetView:
        return self.ledger.view(self.place.target)

    def _source(self, name: str) -> bool:
        """Read it; whether Athena has told all there is, for it is the last."""
        view = self._view
        with showing(self.console, f"{name} of {self._name}") as shown:
            if name == ATHENA:
                sweep = sweep_of(self.place, self.wanted, began=self._began, known=self._known, view=view,
                                 told=partial(self._executions, shown))  # fmt: skip  # one thought
                self._commit(sweep.batches(), view)
                return sweep.is_whole
            if name == LOOKUP:
                self._commit(self._starts(view, shown), view)
            else:
                self._commit(self._files(view, shown), view)
        return False

    @property
    def _began(self) -> datetime:
        return self.ledger.past.began(self.place.target)

    def _starts(self, view: TargetView, shown: Showing) -> Iterator[Batch]:
        starts = starts_of(self.place, self.wanted, self._began, partial(view.cursor, NAME))
        return replace(starts, told=partial(self._started, shown)).batches()

    def _files(self, view: TargetView, shown: Showing) -> Iterator[Batch]:
        wanted, client = self.wanted.files(self.place), self.wanted.s3
        if client is None:
            return iter(())
        many = ranges.left(ranges.files(client, wanted), wanted, view.cursor(NAME, wanted.cursor))
        size, done = max(1, sum(one.size for one in many)), [0]

        def told(file: Done) -> None:
            self.sums.add_file(file)
            done[0] += file.file.size
            shown.at(done[0] / size, 1)

        reading = partial(wiring.trail_reading, self.place.config, wiring.naming(self.place.config, os.environ))
        return ranges.batches(client, wanted, many, reading=reading, clock=CLOCKS.now, told=told)

    def _started(self, shown: Showing, page: Page) -> None:
        self.sums.add_page(page)
        self.sums.starts += page.taken
        shown.at(page.done, page.seen)

    def _executions(self, shown: Showing, page: Page) -> None:
        self.sums.add_page(page)
        self.sums.executions += page.taken
        shown.at(page.done, page.seen)

    def _known(self, query_ids: Collection[str]) -> Mapping[str, datetime]:
        """What the past holds, and what the exporter counts: that ended when it had begun, or later."""
        present = dict.fromkeys(self._view.known_executions(query_ids), self._began)
        return {**present, **self.ledger.past.executions(self.place.target, query_ids)}

    def _commit(self, batches: Iterable[Batch], view: TargetView) -> None:
        """Each batch is committed before the next is asked for; what fails in between is read again."""
        for batch in batches:
            present = tuple(_of_the_present(batch.records, view))
            if present:
                self.ledger.apply(replace(batch, records=present, cursors={}))
            self.ledger.past.apply(batch)
            self._commits += 1
            if self._commits % _ROOM_EVERY == 0 and not self.ledger.past.has_room():
                raise FullError

    def _settle(self, *, is_athena_whole: bool) -> None:
        began, now = self._began, self.place.now
        # Whoever started later may have ended after the exporter had begun: its starts are none of the past's.
        last = began - LONGEST_RUN
        since, until = self.wanted.since, min(self.wanted.until, last)
        self.ledger.past.settle(
            self.place.target,
            since=since,
            until=until if is_athena_whole else since,
            before=min(now - HISTORY, last),
            now=now,
        )


def sweep_of(
    place: Place,
    wanted: Wanted,
    *,
    began: datetime,
    known: Callable[[Collection[str]], Mapping[str, datetime]],
    view: TargetView | None,
    told: Callable[[Page], None],
) -> Sweep:
    """What reads executions; without a `view` nothing was read before."""
    around = wiring.Surroundings(
        config=place.config, session=place.session, target=place.target, clock=CLOCKS.now,
        naming=wiring.naming(place.config, os.environ),
    )  # fmt: skip  # five arguments read best as a block
    return Sweep(
        client=place.session.athena(), span=wanted.executions(place, began), clock=CLOCKS.now, known=known,
        cursor=partial(view.cursor, NAME) if view else _nothing_read, told=told, statements=wiring.statements(around),
    )  # fmt: skip  # as above


def starts_of(place: Place, wanted: Wanted, began: datetime, cursor: Callable[[str], str | None]) -> Starts:
    """What reads starts; it tells nobody how far it is."""
    return Starts(
        client=place.session.cloudtrail(), span=wanted.starts(place, began), clock=CLOCKS.now,
        rules=wiring.identity_rules(place.config), naming=wiring.naming(place.config, os.environ), cursor=cursor,
        told=lambda _: None,
    )  # fmt: skip  # as above


def _nothing_read(key: str) -> None:
    del key


def _of_the_present(records: Collection[Record], view: TargetView) -> Iterator[Record]:
    """Starts of queries that the ledger knows one by one or may still meet, and accesses to tables."""
    low_water = view.low_water()
    known = view.known_executions([one.query_id for one in records if isinstance(one, StartedQuery)])
    for one in records:
        if isinstance(one, StartedQuery):
            if one.started_at >= low_water or one.query_id in known:
                yield one
        elif not isinstance(one, QueryExecution):
            yield one
