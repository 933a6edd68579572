"""One question to Athena: start it, wait for its end, read its rows. AWS's words for it end here.

Stage: the SQL library -> **asking** -> Athena; answers.py's values come from cells.py. Athena bills what a question
scans, and runs it to its end when nobody waits any more; so whoever leaves before that, by Ctrl-C, a time limit or an
error of AWS, stops it first. Besides what the SQL itself needs (Glue, the data, the place of results in S3) that takes
athena:StartQueryExecution, athena:GetQueryExecution, athena:GetQueryResults and athena:StopQueryExecution on the
workgroup. The exporter counts these queries as it counts any other: a workgroup of their own tells them apart.
https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol, TypeAlias
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from athena_exporter.sources import refusals
from athena_exporter.sources.answers import Answer, ask
from athena_exporter.sources.cells import Column, Row, row_of
from athena_exporter.sources.errors import GarbledAnswerError
from athena_exporter.sources.refusals import AskingError, Refusal

PAGE = 1000
"""Rows a page at most; the first page's first row is the header."""
LONGEST = timedelta(minutes=35)
"""How long an answer is waited for: Athena ends a DML query after 30 minutes unless the account's quota is higher."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds between two looks at a query: each is twice the last one."""
_LATE_LOOKS = 6
_FINAL = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})


class AskingApi(Protocol):
    """The operations of Athena that a question takes."""

    def start_query_execution(self, **arguments: Any) -> Answer:  # botocore's arguments
        """Start one query."""
        ...

    def get_query_execution(self, **arguments: Any) -> Answer:  # as above
        """One query execution."""
        ...

    def get_query_results(self, **arguments: Any) -> Answer:  # as above
        """A page of its rows."""
        ...

    def stop_query_execution(self, **arguments: Any) -> Answer:  # as above
        """Stop one query."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question.

    Attributes:
        sql: in Athena's dialect.
        workgroup: where it runs, and whose limits hold.
        database: of names that the SQL does not qualify.
        catalog: of such names; None: the Glue Data Catalog.
        output_location: `s3://bucket/folder/` of the results; None: the workgroup's.
        reuse_minutes: take a result of the same SQL that is not older; None: always ask anew.
        most_bytes: stop the query once it is seen to have scanned more. Athena tells that late: the only limit that
            holds for certain is the workgroup's own.
        longest: how long to wait for its end.
    """

    sql: str
    workgroup: str
    database: str | None = None
    catalog: str | None = None
    output_location: str | None = None
    reuse_minutes: int | None = None
    most_bytes: int | None = None
    longest: timedelta = LONGEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a question has come: Athena's state, lower case, and what it has scanned if Athena tells."""

    execution_id: str
    state: str
    seconds: float
    scanned_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The rows, and what they took. `scanned_bytes` and `total_ms` are None where Athena never told.

    `output_location` is the file of the results, None where Athena keeps them itself.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    scanned_bytes: int | None
    execution_id: str
    reused: bool
    total_ms: int | None
    output_location: str | None


Told: TypeAlias = Callable[[Progress], None]


def nobody(_: Progress) -> None:
    """Who wants to hear of no progress."""


def new_token() -> str:
    """An idempotency token: one question starts one query, however often its start is sent."""
    return str(uuid4())


def ask_athena(
    client: AskingApi,
    question: Asked,
    *,
    clock: Callable[[], float],
    pause: Callable[[float], None],
    told: Told = nobody,
    token: Callable[[], str] = new_token,
) -> Answered:
    """Ask, wait, and read the rows.

    Args:
        client: of the account and Region to ask.
        question: what, and where.
        clock: seconds of a clock that never goes back.
        pause: waits so many seconds.
        told: hears of each look at the query.
        token: gives AWS's ClientRequestToken, 32 characters or more.

    Raises:
        AskingError: Athena refused the question, it failed, it took too long or too much; by name and in words.
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: AWS could not be asked.
    """
    execution_id = _started(client, question, token())
    watch = _Watch(client, question, execution_id, clock=clock, pause=pause, told=told)
    try:
        execution = watch.ended()
    except BaseException:
        # Whatever ends the waiting, Ctrl-C too: the query must not run on at the user's expense.
        if not watch.is_over:
            _stop(client, execution_id)
        raise
    return _answered(client, execution_id, execution)


def _started(client: AskingApi, question: Asked, token: str) -> str:
    try:
        answer = ask(client.start_query_execution, **_request(question), ClientRequestToken=token)
    except ClientError as error:
        named = refusals.of_start(error, question.workgroup)
        if named is None:
            raise
        raise named from error
    execution_id = answer.get("QueryExecutionId")
    if not execution_id:
        raise GarbledAnswerError(operation="StartQueryExecution", why="it names no query")
    return str(execution_id)


def _request(question: Asked) -> dict[str, Any]:
    context = {"Database": question.database, "Catalog": question.catalog}
    request: dict[str, Any] = {"QueryString": question.sql, "WorkGroup": question.workgroup}
    if any(context.values()):
        request["QueryExecutionContext"] = {name: value for name, value in context.items() if value}
    if question.output_location is not None:
        request["ResultConfiguration"] = {"OutputLocation": question.output_location}
    if question.reuse_minutes is not None:
        reuse = {"Enabled": True, "MaxAgeInMinutes": question.reuse_minutes}
        request["ResultReuseConfiguration"] = {"ResultReuseByAgeConfiguration": reuse}
    return request


def _stop(client: AskingApi, execution_id: str) -> None:
    # What made us leave is what the caller has to see, not that stopping failed as well.
    with suppress(ClientError, BotoCoreError):
        ask(client.stop_query_execution, QueryExecutionId=execution_id)


class _Watch:
    """Looks at one query until it ends; `is_over` tells whether it was seen to have ended."""

    def __init__(
        self,
        client: AskingApi,
        question: Asked,
        execution_id: str,
        *,
        clock: Callable[[], float],
        pause: Callable[[float], None],
        told: Told,
    ) -> None:
        self._client = client
        self._question = question
        self._execution_id = execution_id
        self._clock = clock
        self._pause = pause
        self._told = told
        self._began = clock()
        self.is_over = False

    def ended(self) -> Mapping[str, Any]:
        """The execution once it has succeeded, with its statistics if they come.

        Raises:
            AskingError: it ended otherwise, went on too long, scanned too much, or its results go elsewhere.
        """
        for seconds in _pauses():
            execution = self._look()
            state = _state(execution)
            if state == "SUCCEEDED":
                return self._counted(execution)
            if self.is_over:
                raise refusals.of_end(execution)
            self._check(execution)
            self._pause(seconds)
        raise AssertionError("pauses never end")  # pragma: no cover  the loop above has no other way out

    def _look(self) -> Mapping[str, Any]:
        execution = _part(ask(self._client.get_query_execution, QueryExecutionId=self._execution_id), "QueryExecution")
        self.is_over = _state(execution) in _FINAL
        self._told(
            Progress(
                execution_id=self._execution_id,
                state=_state(execution).lower(),
                seconds=self._clock() - self._began,
                scanned_bytes=_scanned(execution),
            )
        )
        refusals.check_location(execution, self._question.output_location, self._question.workgroup)
        return execution

    def _check(self, execution: Mapping[str, Any]) -> None:
        most, scanned = self._question.most_bytes, _scanned(execution)
        if most is not None and scanned is not None and scanned > most:
            raise AskingError(refusal=Refusal.TOO_MUCH, words=f"it had scanned {scanned} bytes and may scan {most}")
        seconds = self._question.longest.total_seconds()
        if self._clock() - self._began > seconds:
            raise AskingError(refusal=Refusal.TOO_LONG, words=f"it had not ended after {seconds:.0f} seconds")

    def _counted(self, execution: Mapping[str, Any]) -> Mapping[str, Any]:
        """Statistics may come a moment after the end; an answer without them is an answer all the same."""
        for _, seconds in zip(range(_LATE_LOOKS), _pauses(), strict=False):
            if _scanned(execution) is not None:
                break
            self._pause(seconds)
            execution = self._look()
        return execution


def _pauses() -> Iterator[float]:
    seconds = FIRST_PAUSE
    while True:
        yield seconds
        seconds = min(2 * seconds, LONGEST_PAUSE)


def _answered(client: AskingApi, execution_id: str, execution: Mapping[str, Any]) -> Answered:
    columns, rows = _results(client, execution_id, is_select=execution.get("StatementType") == "DML")
    statistics = _part(execution, "Statistics")
    return Answered(
        columns=columns,
        rows=rows,
        scanned_bytes=_scanned(execution),
        execution_id=execution_id,
        reused=bool(_part(statistics, "ResultReuseInformation").get("ReusedPreviousResult")),
        total_ms=statistics.get("TotalExecutionTimeInMillis"),
        output_location=_part(execution, "ResultConfiguration").get("OutputLocation"),
    )


def _results(client: AskingApi, execution_id: str, *, is_select: bool) -> tuple[tuple[Column, ...], tuple[Row, ...]]:
    columns: tuple[Column, ...] = ()
    rows: list[Row] = []
    for place, page in enumerate(_pages(client, execution_id)):
        found = _part(page, "ResultSet")
        columns = columns or _columns(found)
        texts = [[cell.get("VarCharValue") for cell in row.get("Data", ())] for row in found.get("Rows", ())]
        # SELECT's first row names the columns; the answers to SHOW and DESCRIBE have no such row.
        headed = is_select and place == 0 and texts[:1] == [[column.name for column in columns]]
        rows += [row_of(columns, row) for row in texts[headed:]]
    return columns, tuple(rows)


def _pages(client: AskingApi, execution_id: str) -> Iterator[Answer]:
    token: str | None = None
    while True:
        more = {} if token is None else {"NextToken": token}
        answer = ask(client.get_query_results, QueryExecutionId=execution_id, MaxResults=PAGE, **more)
        yield answer
        last, token = token, answer.get("NextToken")
        if not token:
            return
        if token == last:
            raise GarbledAnswerError(operation="GetQueryResults", why="its pages go round in a circle")


def _columns(found: Mapping[str, Any]) -> tuple[Column, ...]:
    told = _part(found, "ResultSetMetadata").get("ColumnInfo", ())
    return tuple(Column(name=str(one.get("Name", "")), type=str(one.get("Type", "")).lower()) for one in told)


def _state(execution: Mapping[str, Any]) -> str:
    # CloudWatch and older answers spell it with one L.
    return str(_part(execution, "Status").get("State", "")).upper().replace("CANCELED", "CANCELLED")


def _scanned(execution: Mapping[str, Any]) -> int | None:
    scanned = _part(execution, "Statistics").get("DataScannedInBytes")
    return scanned if isinstance(scanned, int) else None


def _part(answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = answer.get(name)
    return value if isinstance(value, Mapping) else {}
