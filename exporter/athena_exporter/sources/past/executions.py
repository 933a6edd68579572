"""Executions of the past: every workgroup's list from its newest id down to the span's beginning.

Stage: ListWorkGroups, ListQueryExecutions, BatchGetQueryExecution -> **executions** -> records. The list knows no
times: what is not known yet has to be asked for, fifty ids a call, to learn when it ended. Athena keeps 45 days.
https://docs.aws.amazon.com/athena/latest/APIReference/API_ListQueryExecutions.html
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from botocore.exceptions import ClientError

from athena_exporter.records import Batch, QueryExecution
from athena_exporter.sources import errors
from athena_exporter.sources.answers import Answer, Clock, answered_at, ask
from athena_exporter.sources.athena import LONGEST_RUN, PAGE
from athena_exporter.sources.batches import Fetched, Reader, fetch
from athena_exporter.sources.errors import GarbledAnswerError, code_of, is_denied
from athena_exporter.sources.past.span import NAME, Page, Span, Told, mark, reached
from athena_exporter.sources.session import AthenaApi
from athena_exporter.sources.sql import Statements

YOUNG = timedelta(minutes=15)
"""Statistics follow an end by seconds; after so long a query without any will never have them."""
_END = "end"
"""Instead of a token: the list was read as far as it is wanted."""
_TOP = ""
_REFUSED = "InvalidRequestException"


@dataclass(slots=True)
class _List:
    """One workgroup's list, and what is known of how far it was read."""

    workgroup: str
    number: int
    of: int
    oldest: datetime | None = None


@dataclass(slots=True)
class Sweep:
    """Reads the executions of a span, each batch with the token of the page that follows.

    `known` answers which ids need not be asked for, with the time of each as far as one is known. `is_whole` says
    afterwards whether nothing was left out.
    """

    client: AthenaApi
    span: Span
    clock: Clock
    known: Callable[[Collection[str]], Mapping[str, datetime]]
    cursor: Callable[[str], str | None]
    told: Told
    statements: Statements | None = None
    is_whole: bool = field(default=True, init=False)

    def batches(self) -> Iterator[Batch]:
        """All of it, or what an earlier run has left.

        Raises:
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as they are, but that a workgroup may
                not be read, or is gone, is told and passed over.
        """
        workgroups = self._workgroups()
        for number, workgroup in enumerate(workgroups):
            listed = _List(workgroup, number, len(workgroups))
            try:
                yield from self._workgroup(listed)
            except ClientError as error:
                if not is_denied(error) and code_of(error) != _REFUSED:
                    raise
                self._leave_out(listed, f"workgroup {workgroup}: {errors.explain(error)}")
        failure = self.statements.take_failure() if self.statements else None
        if failure is not None:
            self.told(Page(done=1, troubles=(f"views were not followed: {errors.explain(failure)}",)))
        # Read to its end: asked for once more, it is read once more.
        yield self._batch(self.clock(), {_key(workgroup): "" for workgroup in workgroups})

    def count(self) -> Iterator[int]:
        """How many ids of each page nobody knows yet; nothing is asked but the lists."""
        for workgroup in self._workgroups():
            token: str | None = _TOP
            while token is not None:
                answer = self._ask(workgroup, token)
                ids = answer.get("QueryExecutionIds", [])
                yield len(set(ids) - self.known(ids).keys())
                token = _next(answer, token)

    def _workgroups(self) -> list[str]:
        names: list[str] = []
        token: str | None = _TOP
        while token is not None:
            following = {"NextToken": token} if token else {}
            answer = ask(self.client.list_work_groups, MaxResults=PAGE, **following)
            names += [str(one["Name"]) for one in answer.get("WorkGroups", ()) if one.get("Name")]
            token = _next(answer, token)
        return list(dict.fromkeys(names))

    def _workgroup(self, listed: _List) -> Iterator[Batch]:
        token: str | None = reached(self.cursor(_key(listed.workgroup)), self.span) or _TOP
        while token is not None and token != _END:
            try:
                answer = self._ask(listed.workgroup, token)
            except ClientError as error:
                if token == _TOP or code_of(error) != _REFUSED:
                    raise
                token = _TOP  # a token of an earlier run may have grown too old
                continue
            batch, is_done = self._page(listed, answer.get("QueryExecutionIds", []), answered_at(answer, self.clock))
            token = None if is_done else _next(answer, token)
            cursor = {_key(listed.workgroup): mark(self.span, _END if token is None else token)}
            yield self._batch(batch.observed_at, cursor, tuple(batch.executions), batch.malformed)

    def _ask(self, workgroup: str, token: str) -> Answer:
        following = {"NextToken": token} if token else {}
        return ask(self.client.list_query_executions, WorkGroup=workgroup, MaxResults=PAGE, **following)

    def _page(self, listed: _List, ids: list[str], at: datetime) -> tuple[Fetched, bool]:
        """What is new on a page, and whether all below it ended before the span."""
        known = self.known(ids)
        unknown = [query_id for query_id in ids if query_id not in known]
        fetched = Fetched(observed_at=at)
        if unknown:
            reader = Reader(workgroup=listed.workgroup, statements=self.statements, low_water=self.span.since)
            fetched = fetch(self.client, unknown, clock=self.clock, reader=reader)
        submitted = [one.submitted_at for one in fetched.executions]
        fetched.executions, young = self._chosen(fetched)
        self.is_whole = self.is_whole and not fetched.lost and not young
        # What ended so early was submitted so early.
        times = [*submitted, *known.values()]
        listed.oldest = min(times, default=listed.oldest)
        is_done = bool(times) and max(times) < self.span.since - LONGEST_RUN
        self._tell(listed, fetched, young=young, seen=len(ids), is_done=is_done)
        return fetched, is_done

    def _chosen(self, fetched: Fetched) -> tuple[list[QueryExecution], int]:
        """What ended within the span; and how many of those have to be read later, for their statistics may follow."""
        within = [
            one for one in fetched.executions if one.state.final and self.span.since <= one.counted_at < self.span.until
        ]
        chosen = [one for one in within if one.has_statistics or fetched.observed_at - one.counted_at > YOUNG]
        return chosen, len(within) - len(chosen)

    def _tell(self, listed: _List, fetched: Fetched, *, young: int, seen: int, is_done: bool) -> None:
        lost = f"workgroup {listed.workgroup}: Athena did not tell {len(fetched.lost)} queries"
        self.told(
            Page(
                done=(listed.number + (1.0 if is_done else self._part(listed))) / max(1, listed.of),
                seen=seen,
                taken=len(fetched.executions),
                young=young,
                malformed=fetched.malformed,
                expired=[one.query_id for one in fetched.refused],
                troubles=[lost] if fetched.lost else [],
            )
        )

    def _part(self, listed: _List) -> float:
        span = self.span
        if listed.oldest is None or span.until <= span.since:
            return 0.0
        return min(1.0, max(0.0, (span.until - listed.oldest) / (span.until - span.since)))

    def _leave_out(self, listed: _List, words: str) -> None:
        self.is_whole = False
        self.told(Page(done=(listed.number + 1) / listed.of, troubles=(words,)))

    def _batch(
        self,
        observed_at: datetime,
        cursors: Mapping[str, str],
        records: tuple[QueryExecution, ...] = (),
        malformed: int = 0,
    ) -> Batch:
        return Batch(
            source=NAME, target=self.span.target, observed_at=observed_at, records=records, malformed=malformed,
            cursors=cursors,
        )  # fmt: skip  # six arguments read best as a block


def _key(workgroup: str) -> str:
    return f"athena:{workgroup}"


def _next(answer: Answer, token: str) -> str | None:
    """The token of the next page. Raises GarbledAnswerError: a page names itself as the next one."""
    following = answer.get("NextToken")
    if following and following == token:
        raise GarbledAnswerError(operation="a list of Athena", why="its pages go round in a circle")
    return str(following) if following else None
