"""What ran: every query execution of every workgroup, newest first, until what is listed is known.

Stage: Athena ListWorkGroups, ListQueryExecutions, BatchGetQueryExecution -> **athena** -> records. The list knows
neither times nor states, so a sweep trusts what the ledger tells it: a page of ids that were all recorded before the
last complete sweep began has nothing unknown below it.
https://docs.aws.amazon.com/athena/latest/APIReference/API_ListQueryExecutions.html
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, TypeVar
from zlib import crc32

from botocore.exceptions import ClientError

from athena_exporter.records import Batch, Evidence, Read, Target
from athena_exporter.sources import Knowledge, Unfinished
from athena_exporter.sources.announced import Announcements
from athena_exporter.sources.answers import Answer, Clock, answered_at, ask
from athena_exporter.sources.batches import BATCH, Fetched, Reader, fetch
from athena_exporter.sources.cursors import cursor_time
from athena_exporter.sources.errors import GarbledAnswerError, code_of, is_denied, message_of
from athena_exporter.sources.executions import is_below
from athena_exporter.sources.memory import Memory
from athena_exporter.sources.session import AthenaApi
from athena_exporter.sources.sql import Statements

PAGE = 50
"""Ids or workgroups a page at most."""
HISTORY = timedelta(days=45)
"""How long Athena keeps executions."""
LONGEST_RUN = timedelta(hours=14)
"""From a submission to the end, at most: ten hours in a reservation's queue and the longest time-out of four."""
SETTLE = timedelta(seconds=1)
"""What ended in a pass's first second may have been listed and read before it ended: the proof leaves it out."""
PATIENCE = 3
"""How often AWS may refuse to tell a listed id before the rest is held to be complete without it."""
RETRY_PASSES = 20
"""In passes, how often an id is tried again that AWS would not tell; ever more rarely as it ages."""
RAREST_RETRY = 2560
"""In passes, how rarely the oldest of them."""
DEEP_PAGES = 25
"""Pages that one pass gives to a deep sweep, so that new queries need not wait for its end."""
LOOK_AGAIN = 100
"""Pages of a long sweep between two looks at what is new and what has ended meanwhile: its end may be an hour away."""
HEADS = 20
"""Workgroups that such a look may read for each so many pages; with more it comes as much more rarely."""
HEAD_PAGES = 5
"""Pages of a workgroup that such a look reads at most; the next sweep finds what is below them."""
DEEP = "deep"
"""The cursor that says when the last complete deep sweep was begun."""
SWEPT = "swept:"
"""With a workgroup behind it, the cursor that says which transactions a sweep may trust."""


@dataclass(slots=True)
class _DeepSweep:
    """A deep sweep under way: workgroups that are left, each with the token of its next page."""

    begun_at: datetime
    left: deque[tuple[str, str | None]]


_Found = TypeVar("_Found")


@dataclass(slots=True, kw_only=True)
class _Pass:
    """One pass, and what it will be able to claim in the end."""

    knowledge: Knowledge
    number: int
    begun_at: datetime
    low_water: datetime
    workgroups: list[str]
    fetched: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    denied: ClientError | None = None


class AthenaSource:
    """Reads executions. One pass sweeps every workgroup, asks for unfinished ids, and goes on with a deep sweep.

    A normal sweep relies on the list's order (newest first), which AWS does not document. The deep sweep is the net
    below it: it trusts no known id and goes down to where nothing can matter any more.

    Args:
        client: Athena's.
        target: the account and Region of the client.
        clock: the local time, where an answer brings none.
        deep_interval: the pause between two deep sweeps.
        deep_pages: pages of a deep sweep that one pass reads.
        look_again: pages of a long sweep between two looks at the newest.
        statements: looks at the SQL; without it only its digest is told.
        announcements: whose end events have told, where a source listens to them; a pass then tells what they missed.
    """

    def __init__(
        self,
        *,
        client: AthenaApi,
        target: Target,
        clock: Clock,
        deep_interval: timedelta = timedelta(hours=6),
        deep_pages: int = DEEP_PAGES,
        look_again: int = LOOK_AGAIN,
        statements: Statements | None = None,
        announcements: Announcements | None = None,
    ) -> None:
        self._announcements = announcements
        self._client = client
        self._target = target
        self._clock = clock
        self._deep_interval = deep_interval
        self._deep_pages = deep_pages
        self._look_again = look_again
        self._statements = statements
        self._memory = Memory()
        self._number = 0
        self._deep: _DeepSweep | None = None

    @property
    def name(self) -> str:
        """`athena`."""
        return "athena"

    @property
    def target(self) -> Target:
        """The account and Region it reads."""
        return self._target

    def read(self, knowledge: Knowledge) -> Iterator[Batch]:
        """One pass; its proof comes in the last batch.

        Raises:
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as they are. That one workgroup may
                not be listed is raised after the others were read, and the pass then proves nothing. That views
                could not be followed is raised last: it hinders no count.
        """
        run = self._begin(knowledge)
        yield from self._sweeps(run)
        yield from self._ask_again(run)
        yield from self._deepen(run)
        if run.denied is not None:
            raise run.denied
        missed = None if self._announcements is None else self._announcements.take_missed()
        yield replace(self._batch(run.begun_at, reads=self._proof(run)), missed=missed)
        failure = self._statements.take_failure() if self._statements else None
        if failure is not None:
            raise failure

    def _begin(self, knowledge: Knowledge) -> _Pass:
        self._number += 1
        answers = list(_pages("ListWorkGroups", self._client.list_work_groups))
        groups = (group.get("Name") for answer in answers for group in answer.get("WorkGroups", ()))
        return _Pass(
            knowledge=knowledge,
            number=self._number,
            begun_at=answered_at(answers[0], self._clock),
            low_water=knowledge.low_water(),
            workgroups=[name for name in dict.fromkeys(groups) if isinstance(name, str)],
        )

    # -- the normal sweep -----------------------------------------------------------------------------------------

    def _sweeps(self, run: _Pass) -> Iterator[Batch]:
        """Of all workgroups. A long one is interrupted, for neither people nor the guard can wait for its end."""
        sweeps = (self._unless_denied(run, self._sweep(run, workgroup)) for workgroup in run.workgroups)
        pause = self._look_again * -(-len(run.workgroups) // HEADS)
        for number, batch in enumerate(_in_turns(sweeps), start=1):
            if batch is not None:
                yield batch
            if number % pause == 0:
                run.fetched = set()  # what was read long ago may have ended
                for workgroup in run.workgroups:
                    yield from self._unless_denied(run, self._head(run, workgroup))
                yield from self._ask_again(run)

    def _head(self, run: _Pass, workgroup: str) -> Iterator[Batch]:
        """The newest of a workgroup, down to what is known. It proves nothing: the cursor is the sweep's."""
        pages = _pages("ListQueryExecutions", self._client.list_query_executions, WorkGroup=workgroup)
        for answer in islice(pages, HEAD_PAGES):
            ids = answer.get("QueryExecutionIds", [])
            known = run.knowledge.known_executions(ids)
            yield from self._take(run, ids, known, workgroup)
            if known or any(self._memory.knows(query_id) for query_id in ids):
                break

    def _sweep(self, run: _Pass, workgroup: str) -> Iterator[Batch | None]:
        """From the newest id down to a page that holds nothing new; something for every page, if only None."""
        key = SWEPT + workgroup
        sequence = run.knowledge.sequence()
        trusted = _whole(run.knowledge.cursor(self.name, key))
        met_news, is_whole = False, True
        for answer in _pages("ListQueryExecutions", self._client.list_query_executions, WorkGroup=workgroup):
            ids = answer.get("QueryExecutionIds", [])
            known = run.knowledge.known_executions(ids)
            missing = len(run.missing)
            batches = list(self._take(run, ids, known, workgroup))
            is_whole = is_whole and len(run.missing) == missing  # before another workgroup has its turn
            yield from batches or (None,)
            if self._is_settled(ids, known, trusted):
                break
            met_news = met_news or bool(ids)
        if met_news and is_whole:
            # Only now: a sweep that was cut short, or lost ids, leaves gaps below what it recorded.
            yield self._batch(run.begun_at, cursors={key: str(sequence)})

    def _is_settled(self, ids: Collection[str], known: Mapping[str, int], trusted: int) -> bool:
        """Whether nothing new can lie below this page. Refused ids speak neither for nor against it."""
        told = [query_id for query_id in ids if not self._memory.is_refused(query_id)]
        return bool(told) and all(
            self._memory.settled(query_id) is not None or known.get(query_id, trusted + 1) <= trusted
            for query_id in told
        )

    def _take(self, run: _Pass, ids: Iterable[str], known: Mapping[str, int], workgroup: str) -> Iterator[Batch]:
        """Fetch what neither the ledger nor the memory knows of a page."""
        unknown = [query_id for query_id in ids if query_id not in known and not self._memory.knows(query_id)]
        if unknown:
            yield from self._fetch(run, unknown, listed=unknown, workgroup=workgroup)

    def _unless_denied(self, run: _Pass, batches: Iterator[_Found]) -> Iterator[_Found]:
        """One workgroup that may not be read, or was deleted meanwhile, must not blind us to the others."""
        try:
            yield from batches
        except ClientError as error:
            if is_denied(error):
                run.denied = run.denied or error
            elif not _is_gone(error):
                raise

    # -- ids to ask for again -------------------------------------------------------------------------------------

    def _ask_again(self, run: _Pass) -> Iterator[Batch]:
        """Queued, running, without statistics, known only by their start, or refused the last time."""
        unfinished = [
            each.query_id
            for each in run.knowledge.unfinished()
            if not self._memory.is_refused(each.query_id) and _is_due(each, run)
        ]
        again = dict.fromkeys([*unfinished, *self._memory.due(run.number)])
        due = [query_id for query_id in again if query_id not in run.fetched]
        for start in range(0, len(due), BATCH):
            ids = due[start : start + BATCH]
            listed = run.knowledge.known_executions(ids).keys() | self._memory.listed(ids)
            yield from self._fetch(run, ids, listed=listed)

    # -- the deep sweep -------------------------------------------------------------------------------------------

    def _deepen(self, run: _Pass) -> Iterator[Batch]:
        """Some pages of the deep sweep, if one is due or under way."""
        if self._deep is None and self._is_deep_due(run):
            self._deep = _DeepSweep(begun_at=run.begun_at, left=deque((name, None) for name in run.workgroups))
        for _ in range(self._deep_pages):
            if self._deep is None or not self._deep.left:
                break
            yield from self._unless_denied(run, self._deep_page(run, self._deep))
        if self._deep is not None and not self._deep.left:
            begun_at, self._deep = self._deep.begun_at, None
            yield self._batch(run.begun_at, cursors={DEEP: begun_at.isoformat()})

    def _is_deep_due(self, run: _Pass) -> bool:
        last = cursor_time(run.knowledge.cursor(self.name, DEEP))
        # One begun in the future means that a clock was set back.
        return last is None or last > run.begun_at or run.begun_at - last >= self._deep_interval

    def _deep_page(self, run: _Pass, deep: _DeepSweep) -> Iterator[Batch]:
        """The next page. Its place in the sweep is kept until all of it was taken."""
        workgroup, token = deep.left[0]
        answer = self._deep_answer(deep, workgroup, token)
        ids = answer.get("QueryExecutionIds", [])
        known = run.knowledge.known_executions(ids)
        yield from self._take(run, ids, known, workgroup)
        deep.left.popleft()
        below = answer.get("NextToken")
        if below and not self._is_ancient(run, ids, known):
            deep.left.appendleft((workgroup, below))

    def _deep_answer(self, deep: _DeepSweep, workgroup: str, token: str | None) -> Answer:
        asked = {"NextToken": token} if token else {}
        try:
            return ask(self._client.list_query_executions, WorkGroup=workgroup, MaxResults=PAGE, **asked)
        except ClientError as error:
            if is_denied(error) or _is_gone(error):
                deep.left.popleft()
            elif code_of(error) == "InvalidRequestException":
                # The token may have grown too old between two passes: from the top again.
                deep.left[0] = (workgroup, None)
            raise

    def _is_ancient(self, run: _Pass, ids: Collection[str], known: Mapping[str, int]) -> bool:
        """Whether all of a page was submitted too long ago for anything below it to end above the low water."""
        told = [query_id for query_id in ids if not self._memory.is_refused(query_id)]
        earliest = run.low_water - LONGEST_RUN
        times = [None if query_id in known else self._memory.settled(query_id) for query_id in told]
        return bool(told) and all(at is not None and at < earliest for at in times)

    # -- batches and the proof ------------------------------------------------------------------------------------

    def _fetch(
        self, run: _Pass, ids: list[str], *, listed: Collection[str], workgroup: str | None = None
    ) -> Iterator[Batch]:
        """`listed` are those of the ids that a list has shown to us: they have to be told before all is proved."""
        reader = Reader(workgroup=workgroup, statements=self._statements, low_water=run.low_water)
        fetched = fetch(self._client, ids, clock=self._clock, reader=reader)
        wanted = [execution for execution in fetched.executions if not is_below(execution, run.low_water)]
        self._remember(run, fetched, listed)
        if wanted or fetched.refused or fetched.malformed:
            yield Batch(
                source=self.name,
                target=self._target,
                observed_at=fetched.observed_at,
                records=(*wanted, *fetched.refused),
                malformed=fetched.malformed,
            )

    def _remember(self, run: _Pass, fetched: Fetched, listed: Collection[str]) -> None:
        run.missing.update(fetched.lost)
        for execution in fetched.executions:
            run.fetched.add(execution.query_id)
            self._memory.forgive(execution.query_id)
            if self._announcements is not None and execution.state.final:
                self._announcements.find(execution.query_id, execution.counted_at)
            if is_below(execution, run.low_water):
                self._memory.settle(execution.query_id, execution.submitted_at)
        for refused in fetched.refused:
            run.fetched.add(refused.query_id)
            is_listed = refused.query_id in listed
            times = self._memory.refuse(refused.query_id, run.number, is_listed=is_listed)
            if is_listed and times < PATIENCE:
                run.missing.add(refused.query_id)

    def _proof(self, run: _Pass) -> tuple[Read, ...]:
        """Nothing is proved while AWS lost ids, nor before a deep sweep has met what ran when counting began."""
        swept_deep = run.knowledge.cursor(self.name, DEEP) is not None
        since, until = max(run.low_water, run.begun_at - HISTORY), run.begun_at - SETTLE
        if run.missing or not swept_deep or until <= since:
            return ()
        return (Read(evidence=Evidence.EXECUTIONS, since=since, until=until, begun_at=run.begun_at),)

    def _batch(
        self, observed_at: datetime, *, reads: tuple[Read, ...] = (), cursors: Mapping[str, str] | None = None
    ) -> Batch:
        return Batch(source=self.name, target=self._target, observed_at=observed_at, reads=reads, cursors=cursors or {})


def _in_turns(sweeps: Iterable[Iterator[Batch | None]]) -> Iterator[Batch | None]:
    """A page of each in turn: what runs in a small workgroup shall not be known later because a large one is behind."""
    left = deque(sweeps)
    while left:
        sweep = left.popleft()
        for batch in islice(sweep, 1):
            left.append(sweep)
            yield batch


def _pages(operation: str, call: Callable[..., Answer], **arguments: Any) -> Iterator[Answer]:  # botocore's
    """All pages of a list, by hand: botocore has no paginator for ListWorkGroups.

    Raises:
        GarbledAnswerError: a page names itself as the next one.
    """
    token: str | None = None
    while True:
        answer = ask(call, MaxResults=PAGE, **arguments, **({"NextToken": token} if token else {}))
        yield answer
        last, token = token, answer.get("NextToken")
        if not token:
            return
        if token == last:
            raise GarbledAnswerError(operation=operation, why="its pages go round in a circle")


def _is_due(unfinished: Unfinished, run: _Pass) -> bool:
    """Readable ids in every pass; unreadable ones rarely, each at its own turn so that they don't come all at once."""
    if not unfinished.unreadable:
        return True
    hours = max(0, (run.begun_at - unfinished.since) // timedelta(hours=1))
    period = min(RAREST_RETRY, RETRY_PASSES << min(hours.bit_length(), 16))
    turn = crc32(unfinished.query_id.encode())
    return (run.number + turn) % period == 0


def _is_gone(error: ClientError) -> bool:
    """A workgroup that was deleted after it was listed."""
    return code_of(error) == "InvalidRequestException" and "not found" in message_of(error).lower()


def _whole(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else -1
