"""What ran and who started it, from Athena's own table: late, billed, and told by nobody but Athena itself.

Stage: capability, asking.py -> **source** -> records. It is the net below the other sources, so it reads what has ended
a while ago, and counts what they had not told by then. It proves nothing: AWS does not say when a row appears.
"""

import logging
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError

from athena_exporter.records import Batch, Record, Target
from athena_exporter.sources import Knowledge
from athena_exporter.sources.answers import Clock
from athena_exporter.sources.asking import Answered, Asked, AskingApi, Progress, ask_athena
from athena_exporter.sources.cursors import cursor_time
from athena_exporter.sources.errors import GarbledAnswerError
from athena_exporter.sources.executions import is_below
from athena_exporter.sources.identity import IdentityRules
from athena_exporter.sources.privacy import Naming
from athena_exporter.sources.system_table.capability import require_columns, switched_on
from athena_exporter.sources.system_table.rows import Told, read_row
from athena_exporter.sources.system_table.spending import SPENT, Spending
from athena_exporter.sources.system_table.statements import Place, columns_sql, rows_sql
from athena_exporter.sources.windows import Window, slices

READ_UNTIL = "read_until"
"""The cursor: every query that ended before it was asked for."""
SLICE = timedelta(days=1)
"""The longest window of ends in one question: partitions are days."""
PAGE = 5000
"""Rows of one question, and of one transaction."""
EXECUTION, IDENTITY = "execution", "identity"
"""What may be untold."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the table is read.

    Attributes:
        workgroup: where the questions run.
        output_location: where their results go; None: where the workgroup's do.
        settle: how long after its end a query is left to others, and how long after a start they are given to catch up.
        overlap: how long a row may take to appear after others.
        workgroups: only their queries; none means all.
        max_bytes_per_day: what the questions of a UTC day may scan.
        minimum_bytes: what AWS bills of a question at least.
        page: rows of a question.
    """

    workgroup: str
    output_location: str | None = None
    settle: timedelta = timedelta(hours=1)
    overlap: timedelta = timedelta(hours=2)
    workgroups: Sequence[str] = ()
    max_bytes_per_day: int = 10 * 2**30
    minimum_bytes: int = 10 * 2**20
    page: int = PAGE


@dataclass(slots=True, kw_only=True)
class _Pass:
    """One pass: AWS's clock at its begin, what is left to spend, and what nobody else had told."""

    now: datetime
    spending: Spending
    untold: Counter[str] = field(default_factory=Counter)


_Asking = Generator[Batch, None, Answered]


class SystemTableSource:
    """Reads the table. One pass asks for the columns once, then for what has ended since the last one.

    Args:
        client: Athena's; it asks questions, which AWS bills.
        target: the account and Region of the client.
        rules: how identities are named.
        clock: the local time, where an answer brings none.
        monotonic: seconds of a clock that never goes back.
        pause: waits so many seconds.
        settings: how.
        naming: how people are named; by default as they are.
    """

    def __init__(
        self,
        *,
        client: AskingApi,
        target: Target,
        rules: IdentityRules,
        clock: Clock,
        monotonic: Callable[[], float],
        pause: Callable[[float], None],
        settings: Settings,
        naming: Naming | None = None,
    ) -> None:
        self._client = client
        self._target = target
        self._rules = rules
        self._naming = naming or Naming()
        self._clock = clock
        self._monotonic = monotonic
        self._pause = pause
        self._settings = settings
        self._began = monotonic()
        self._columns: frozenset[str] | None = None
        self._last_bytes = settings.minimum_bytes

    @property
    def name(self) -> str:
        """`system_table`."""
        return "system_table"

    @property
    def target(self) -> Target:
        """The account and Region it reads."""
        return self._target

    def read(self, knowledge: Knowledge) -> Iterator[Batch]:
        """One pass: before each question a batch with what it is expected to cost, after it one with what it brought.

        Raises:
            SystemTableError: there is no table, it lacks columns, or the day's bytes are spent.
            AskingError: a question was refused, failed, or took too long or too much.
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as they are.
        """
        now = switched_on(self._client, self._clock)
        if self._monotonic() - self._began < self._settings.settle.total_seconds():
            return
        run = _Pass(now=now, spending=self._spending(knowledge, now))
        for window in self._windows(knowledge, now):
            if self._columns is None:
                yield from self._learn_columns(run)
            yield from self._window(window, knowledge, run)
        if run.untold.total():
            _log.info(
                "the system table told %d queries, and the users of %d, that no other source had told by then (%s, %s)",
                run.untold[EXECUTION], run.untold[IDENTITY], self._target.account_id, self._target.region,
            )  # fmt: skip  # as short as it can be said

    def _spending(self, knowledge: Knowledge, now: datetime) -> Spending:
        return Spending.of(
            knowledge.cursor(self.name, SPENT),
            day=now.astimezone(UTC).date(),
            most=self._settings.max_bytes_per_day,
            minimum=self._settings.minimum_bytes,
        )

    def _windows(self, knowledge: Knowledge, now: datetime) -> list[Window]:
        """The ends to ask for, the oldest first: the cursor may only pass what was read."""
        low_water, read_until = knowledge.low_water(), cursor_time(knowledge.cursor(self.name, READ_UNTIL))
        since = low_water if read_until is None else max(low_water, read_until - self._settings.overlap)
        return slices(Window(since=since, until=now - self._settings.settle), SLICE)[::-1]

    # -- asking -------------------------------------------------------------------------------------------------------

    def _learn_columns(self, run: _Pass) -> Iterator[Batch]:
        answered = yield from self._ask(columns_sql(run.now), run)
        found = frozenset(column.name.lower() for column in answered.columns)
        yield self._batch(run, asked=run.spending.settle(answered.scanned_bytes))
        require_columns(found)
        self._columns = found

    def _ask(self, sql: str, run: _Pass) -> _Asking:
        """Ask one question; its cost is set aside before. The caller settles what it took."""
        yield self._batch(run, cursors=run.spending.reserve(self._last_bytes))
        heard: list[Progress] = []
        question = Asked(
            sql=sql,
            workgroup=self._settings.workgroup,
            output_location=self._settings.output_location,
            most_bytes=run.spending.left,
        )
        try:
            return ask_athena(
                self._client, question, clock=self._monotonic, pause=self._pause, told=heard.append
            )  # fmt: skip  # one call
        except (ClientError, BotoCoreError):
            # Not to hide it: what was stopped is billed as well, and the columns may be others now.
            self._columns = None
            yield self._batch(run, asked=_billed(heard, run.spending))
            raise

    def _window(self, window: Window, knowledge: Knowledge, run: _Pass) -> Iterator[Batch]:
        after: Place | None = None
        while True:
            sql = rows_sql(
                self._columns or (), window, after=after, workgroups=self._settings.workgroups,
                limit=self._settings.page,
            )  # fmt: skip  # one call
            answered = yield from self._ask(sql, run)
            told, malformed = self._read(answered)
            last = after if not told else Place(
                completed_at=told[-1].completed_at, query_id=told[-1].execution.query_id
            )  # fmt: skip  # one choice
            is_full = len(answered.rows) >= self._settings.page
            if is_full and (last is None or last == after):
                raise GarbledAnswerError(operation="GetQueryResults", why="a whole page of its rows cannot be read")
            yield self._told(answered, told, malformed, last.completed_at if is_full and last else window.until,
                             knowledge, run)  # fmt: skip  # one call
            if not is_full:
                return
            after = last

    # -- what it told -------------------------------------------------------------------------------------------------

    def _read(self, answered: Answered) -> tuple[list[Told], int]:
        names = [column.name.lower() for column in answered.columns]
        read = [
            read_row(dict(zip(names, row, strict=True)), target=self._target, rules=self._rules, naming=self._naming)
            for row in answered.rows
        ]
        return [told for told, _ in read if told is not None], sum(malformed for _, malformed in read)

    def _told(
        self,
        answered: Answered,
        told: Sequence[Told],
        malformed: int,
        until: datetime,
        knowledge: Knowledge,
        run: _Pass,
    ) -> Batch:
        low_water = knowledge.low_water()
        records, untold = self._news([one for one in told if not is_below(one.execution, low_water)], knowledge)
        run.untold.update(untold)
        self._last_bytes = run.spending.settle(answered.scanned_bytes)
        return self._batch(
            run,
            asked=self._last_bytes,
            records=records,
            malformed=malformed,
            untold=untold,
            cursors={READ_UNTIL: until.isoformat()},
        )

    def _news(self, told: Sequence[Told], knowledge: Knowledge) -> tuple[list[Record], dict[str, int]]:
        """What others have not told: CloudTrail knows more of a start than an ARN, and the SQL more of tables."""
        ids = [one.execution.query_id for one in told]
        known, attributed = knowledge.known_executions(ids), knowledge.attributed(ids)
        strange = [one for one in told if one.execution.query_id not in known]
        nobodys = [one for one in told if one.start is not None and one.execution.query_id not in attributed]
        starts: list[Record] = [one.start for one in nobodys if one.start is not None]
        # With its execution a start is never the only thing that is known of a query, whatever was pruned meanwhile.
        executions = {one.execution.query_id: one.execution for one in (*nobodys, *strange)}
        return [*starts, *executions.values()], {EXECUTION: len(strange), IDENTITY: len(nobodys)}

    def _batch(
        self,
        run: _Pass,
        *,
        asked: int = 0,
        records: Sequence[Record] = (),
        malformed: int = 0,
        untold: dict[str, int] | None = None,
        cursors: dict[str, str] | None = None,
    ) -> Batch:
        return Batch(
            source=self.name,
            target=self._target,
            observed_at=run.now,
            records=tuple(records),
            cursors={**run.spending.cursor, **(cursors or {})},
            malformed=malformed,
            asked={self.name: asked},
            untold=untold or {},
        )


def _billed(heard: Sequence[Progress], spending: Spending) -> int:
    """What a question without an answer cost: nothing if it never ran or failed by itself."""
    if not heard or heard[-1].state == "failed":
        return 0
    return spending.settle(next((one.scanned_bytes for one in reversed(heard) if one.scanned_bytes is not None), None))
