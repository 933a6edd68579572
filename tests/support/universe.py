"""Hypothesis strategies: a small universe of queries, and any way in which AWS may tell of them."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from athena_exporter.records import (
    Batch,
    Evidence,
    FailedStart,
    Identity,
    Kind,
    QueryExecution,
    Read,
    Record,
    StartedQuery,
    State,
    Target,
)

TARGET = Target(account_id="111122223333", region="eu-west-1")
START = datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
"""The ledger's first start: two hours before midnight, so that windows are crossed."""

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class Life:
    """One query's whole truth: its final execution and the user who started it (None: AWS never tells)."""

    execution: QueryExecution
    user: str | None

    def at(self, state: State) -> QueryExecution:
        """How AWS tells it before it is final."""
        return replace(self.execution, state=state, ended_at=None, scanned_bytes=None, total_ms=None)

    def without_statistics(self) -> QueryExecution:
        return replace(self.execution, scanned_bytes=None, total_ms=None)

    def start(self) -> StartedQuery | None:
        if self.user is None:
            return None
        return StartedQuery(
            query_id=self.execution.query_id,
            event_id="event-" + self.execution.query_id,
            started_at=self.execution.submitted_at.replace(microsecond=0),
            account_id=TARGET.account_id,
            region=TARGET.region,
            workgroup=self.execution.workgroup,
            identity=Identity(user=self.user, role="role", kind=Kind.PERSON, client=f"client-of-{self.user}"),
        )


@st.composite
def lives(draw: st.DrawFn, number: int) -> Life:
    submitted = START + draw(st.integers(-7_200, 90_000)) * _SECOND + timedelta(milliseconds=draw(st.integers(0, 999)))
    state = draw(st.sampled_from([State.SUCCEEDED, State.FAILED, State.CANCELLED]))
    execution = QueryExecution(
        query_id=f"00000000-0000-4000-8000-{number:012d}" if draw(st.booleans()) else f"not-a-uuid-{number}",
        workgroup=draw(st.sampled_from(["primary", "etl"])),
        state=state,
        submitted_at=submitted,
        ended_at=submitted + draw(st.integers(0, 20_000)) * _SECOND,
        database=draw(st.sampled_from(["sales", "web", None])),
        statement_type=draw(st.sampled_from(["DML", "DDL", "UTILITY", None])),
        scanned_bytes=draw(st.sampled_from([0, 1, 2**20, 10 * 2**20, 10 * 2**20 + 1, 7 * 10**12])),
        total_ms=5,
    )
    return Life(execution=execution, user=draw(st.sampled_from(["ann", "bob", "cyd", "dan", None])))


def universes() -> st.SearchStrategy[list[Life]]:
    """Up to a dozen queries with different ids."""
    return st.integers(1, 12).flatmap(lambda count: st.tuples(*(lives(n) for n in range(count))).map(list))


def tellings(life: Life) -> st.SearchStrategy[Record]:
    """One of the ways in which AWS may speak of a query, at any time, any number of times."""
    told: list[Record] = [
        life.execution,
        life.execution,
        life.at(State.QUEUED),
        life.at(State.RUNNING),
        life.without_statistics(),
    ]
    start = life.start()
    if start is not None:
        told += [start, start]
        told.append(
            FailedStart(
                event_id=f"refused-{life.execution.query_id}",
                started_at=start.started_at,
                account_id=TARGET.account_id,
                region=TARGET.region,
                workgroup=None,
                identity=start.identity,
                error_code="TooManyRequestsException",
            )
        )
    return st.sampled_from(told)


@st.composite
def reads(draw: st.DrawFn, now: datetime) -> Read:
    since = START + draw(st.integers(-30, 30)) * timedelta(hours=1)
    return Read(
        evidence=draw(st.sampled_from(list(Evidence))),
        since=since,
        until=min(now, since + draw(st.integers(1, 60)) * timedelta(hours=1)),
        begun_at=now,
    )


@st.composite
def batches(draw: st.DrawFn, universe: list[Life]) -> Batch:
    """Any records in any order, with or without a read, at any time of AWS's clock."""
    now = START + draw(st.integers(0, 72 * 60)) * timedelta(minutes=1)
    records = draw(st.lists(st.sampled_from(universe).flatmap(tellings), max_size=8))
    return Batch(
        source=draw(st.sampled_from(["athena", "lookup", "eventbridge"])),
        target=TARGET,
        observed_at=now,
        records=tuple(records),
        reads=tuple(draw(st.lists(reads(now), max_size=1))),
    )
