"""Hypothesis strategies: a small universe of queries, and any way in which AWS may tell of them."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from athena_exporter.records import (
    ActiveQueries,
    Batch,
    CapacityMinutes,
    Evidence,
    FailedStart,
    Identity,
    Kind,
    QueryError,
    QueryExecution,
    Read,
    Record,
    SettledMinutes,
    StartedQuery,
    State,
    Target,
)

TARGET = Target(account_id="111122223333", region="eu-west-1")
START = datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
"""The ledger's first start: two hours before midnight, so that windows are crossed."""

_SECOND = timedelta(seconds=1)
_TIMES = st.sampled_from([None, 0, 100, 101, 59_999, 1_800_000, 7_200_001])
_ERRORS = (
    None,
    QueryError(category=2, type=1110, retryable=False),
    QueryError(category=1, type=206, retryable=True),
    QueryError(category=3, type=4711, retryable=None),
)


@dataclass(frozen=True, kw_only=True)
class Life:
    """One query's whole truth: its final execution and the user who started it (None: AWS never tells)."""

    execution: QueryExecution
    user: str | None

    def at(self, state: State) -> QueryExecution:
        """How AWS tells it before it is final."""
        return replace(self.without_statistics(), state=state, ended_at=None, error=None, cutoff_hit=False)

    def without_statistics(self) -> QueryExecution:
        return replace(self.execution, scanned_bytes=None, total_ms=None, queue_ms=None, engine_ms=None, dpu_count=None)

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
        queue_ms=draw(_TIMES),
        engine_ms=draw(_TIMES),
        error=draw(st.sampled_from(_ERRORS)) if state is State.FAILED else None,
        cutoff_hit=state is State.CANCELLED and draw(st.booleans()),
        result_reused=draw(st.sampled_from([True, False, None])),
        dpu_count=draw(st.sampled_from([None, None, 4.0, 24.5])),
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
def minutes(draw: st.DrawFn, now: datetime) -> Record:
    """What CloudWatch counted in a minute, or how many queries are active."""
    amounts = st.sampled_from([None, 0, 1, 2**40])
    settled = SettledMinutes(
        workgroup=draw(st.sampled_from(["primary", "etl"])),
        query_type="DML",
        query_state=draw(st.sampled_from(["succeeded", "failed"])),
        since=now - timedelta(minutes=1),
        until=now,
        queries=draw(amounts),
        processed_bytes=draw(amounts),
        engine_ms=draw(amounts),
    )
    idle = draw(st.integers(0, 10**9))
    capacity = CapacityMinutes(
        reservation="shared",
        since=settled.since,
        until=now,
        allocated_dpu_ms=idle + 5,
        consumed_dpu_ms={"primary": 3, "etl": 2},
        idle_dpu_ms=idle,
    )
    told: list[Record] = [settled, capacity, ActiveQueries(by_type={"DML": idle})]
    return draw(st.sampled_from(told))


@st.composite
def batches(draw: st.DrawFn, universe: list[Life]) -> Batch:
    """Any records in any order, with or without a read, at any time of AWS's clock."""
    now = START + draw(st.integers(0, 72 * 60)) * timedelta(minutes=1)
    records = draw(st.lists(st.one_of(st.sampled_from(universe).flatmap(tellings), minutes(now)), max_size=8))
    return Batch(
        source=draw(st.sampled_from(["athena", "lookup", "eventbridge"])),
        target=TARGET,
        observed_at=now,
        records=tuple(records),
        reads=tuple(draw(st.lists(reads(now), max_size=1))),
    )
