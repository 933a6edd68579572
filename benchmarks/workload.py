"""A company's queries as records, the same ones every time: what every benchmark applies.

500 users hold 24 pairs of workgroup and database each, so 12,000 cells; two thirds of them fail sometimes. That
comes to 20,000 series of one family, the most that the default limit lets through, and to 50,000 in all. Queries
fall on these cells evenly, which is worse than life: no page of the ledger is warmer than another.
"""

import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from athena_exporter.ledger.model import Rules
from athena_exporter.pricing import Prices
from athena_exporter.records import (
    Batch,
    Evidence,
    Identity,
    Kind,
    Mode,
    QueryExecution,
    Read,
    Record,
    StartedQuery,
    State,
    TableUse,
    Target,
)

TARGET = Target(account_id="111122223333", region="eu-west-1")
NOON = datetime(2026, 10, 20, 12, 0, tzinfo=UTC)
"""The present of every benchmark, far enough from a month's ends for all windows to hold something."""
RULES = Rules(prices=Prices(usd_per_tb=Decimal(5), tb_bytes=2**40, minimum_bytes=10 * 2**20))

USERS = 500
PAIRS = 24
WORKGROUPS = tuple(f"team-{number:02d}" for number in range(20))
_DATABASES = 120
_CLIENTS = (
    "console", "dbt-athena", "awswrangler", "pyathena", "jdbc", "grafana", "quicksight", "airflow", "boto3", "odbc",
    "tableau",
)  # fmt: skip  # a list of names


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Where queries fall: one series of `athena_user_queries_total`."""

    user: int
    workgroup: str
    database: str
    state: State

    @property
    def identity(self) -> Identity:
        """Who it is, with the same role and tool every time."""
        name = f"firstname.lastname{self.user:04d}@example.com"
        role = f"AWSReservedSSO_Analyst_{self.user % 40:02d}"
        return Identity(user=name, role=role, kind=Kind.PERSON, client=_CLIENTS[self.user % len(_CLIENTS)])


def cells(workgroups: Sequence[str] = WORKGROUPS, pairs: int = PAIRS) -> list[Cell]:
    """All 20,000 of them (or those of other workgroups), in an order in which neighbours have nothing in common."""
    found = []
    for number in range(USERS * pairs):
        pair, user = divmod(number, USERS)
        workgroup = workgroups[(user + pair) % len(workgroups)]
        database = f"analytics_{(7 * user + 5 * pair) % _DATABASES:03d}"
        found.append(Cell(user=user, workgroup=workgroup, database=database, state=State.SUCCEEDED))
        if number % 3:
            found.append(Cell(user=user, workgroup=workgroup, database=database, state=State.FAILED))
    return found


class Company:
    """Queries without end, seeded: the first ones visit every cell, later ones a cell by chance."""

    def __init__(
        self,
        seed: int,
        *,
        visited: int = 0,
        skew: int = 1,
        target: Target = TARGET,
        places: Sequence[Cell] | None = None,
    ) -> None:
        """`visited` cells have had their first query; at a `skew` of 4, half fall on a sixteenth of the cells."""
        self._random = random.Random(seed)
        self._skew = skew
        self._target = target
        self._cells = cells() if places is None else places
        self._made = visited

    def day(
        self, begins: datetime, queries: int, *, batch: int = 500, span: timedelta = timedelta(days=1)
    ) -> Iterator[tuple[Batch, Batch]]:
        """`queries` over 24 hours (or `span`): in turn a batch of executions and one of their starts."""
        step = span / queries
        for start in range(0, queries, batch):
            ended = [begins + step * number for number in range(start, min(start + batch, queries))]
            chosen = [self._next() for _ in ended]
            ids = [self._id() for _ in ended]
            yield executions(chosen, ids, ended, self._target), starts(chosen, ids, ended, self._target)

    def _next(self) -> Cell:
        self._made += 1
        if self._made <= len(self._cells):
            return self._cells[self._made - 1]
        return self._cells[int(len(self._cells) * self._random.random() ** self._skew)]

    def _id(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))


def executions(chosen: Sequence[Cell], ids: Sequence[str], ended: Sequence[datetime], target: Target = TARGET) -> Batch:
    """What BatchGetQueryExecution tells."""
    records = [_execution(*told) for told in zip(chosen, ids, ended, strict=True)]
    return _batch("athena", Evidence.EXECUTIONS, records, ended, target)


def starts(chosen: Sequence[Cell], ids: Sequence[str], ended: Sequence[datetime], target: Target = TARGET) -> Batch:
    """What LookupEvents tells."""
    records = [_start(*told, target) for told in zip(chosen, ids, ended, strict=True)]
    return _batch("lookup", Evidence.IDENTITIES, records, ended, target)


def _batch(
    source: str, evidence: Evidence, records: Sequence[Record], ended: Sequence[datetime], target: Target
) -> Batch:
    read = Read(evidence=evidence, since=ended[0] - timedelta(minutes=10), until=ended[-1], begun_at=ended[-1])
    return Batch(
        source=source, target=target, observed_at=ended[-1], records=tuple(records), reads=(read,),
        cursors={"swept": ended[-1].isoformat()},
    )  # fmt: skip  # one line a thought


def _execution(cell: Cell, query_id: str, ended: datetime) -> QueryExecution:
    number = int(query_id[:8], 16)  # the id is as good as dice
    return QueryExecution(
        query_id=query_id,
        workgroup=cell.workgroup,
        state=cell.state,
        submitted_at=ended - timedelta(milliseconds=number % 20_000),
        ended_at=ended,
        catalog="awsdatacatalog",
        database=cell.database,
        statement_type="DML",
        substatement_type="SELECT",
        scanned_bytes=number * 16,
        queue_ms=number % 300,
        planning_ms=number % 700,
        engine_ms=number % 20_000,
        total_ms=number % 21_000,
        sql_digest=query_id * 2,
        tables=tuple(
            TableUse(catalog="awsdatacatalog", database=cell.database, table=table, mode=Mode.READ)
            for table in ("customers", "orders")
        ),
    )


def _start(cell: Cell, query_id: str, ended: datetime, target: Target) -> StartedQuery:
    return StartedQuery(
        query_id=query_id,
        event_id=query_id,
        started_at=ended - timedelta(milliseconds=int(query_id[:8], 16) % 20_000),
        account_id=target.account_id,
        region=target.region,
        workgroup=cell.workgroup,
        identity=cell.identity,
    )
