"""Why these tests exist: sources are chosen by what the survey says of an account, and it sees a sample only."""

from datetime import UTC, datetime, timedelta

import pytest

from athena_exporter.records import Identity, Kind, QueryExecution, StartedQuery, State
from athena_exporter.sources.survey import Pace, Starts, Survey, per_day

NOW = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WHO = Identity(user="alice", role=None, kind=Kind.PERSON, client="console")


def ages(*minutes: float) -> list[datetime]:
    return [NOW - timedelta(minutes=one) for one in minutes]


@pytest.mark.parametrize(
    ("submitted", "more", "rate"),
    [
        ([], False, 0),
        (ages(1, 2, 3), False, 3),
        (ages(1, 2000), False, 1),
        (ages(1, 2000), True, 1),
        (ages(30, 60), True, 48),
        (ages(0, 0), True, 172_800),
    ],
    ids=["none", "whole history", "old ones don't count", "a page beyond a day", "a pace", "all at once"],
)
def test_the_pace_of_a_workgroup(submitted: list[datetime], *, more: bool, rate: float) -> None:
    assert per_day(submitted, NOW, more=more) == rate


def execution(query_id: str, at: datetime) -> QueryExecution:
    return QueryExecution(query_id=query_id, workgroup="etl", state=State.SUCCEEDED, submitted_at=at)


def start(query_id: str, at: datetime) -> StartedQuery:
    return StartedQuery(
        query_id=query_id, event_id=query_id, started_at=at, account_id="1", region="eu-west-1", workgroup="etl",
        identity=WHO,
    )  # fmt: skip  # one record


def survey(executions: list[QueryExecution], starts: list[StartedQuery], since: datetime) -> Survey:
    found = Survey(total=1, at=NOW)
    found.paces = [Pace(workgroup="etl", queries_per_day=10, executions=executions, unread=0)]
    found.starts = Starts(since=since, starts=starts, unread=0)
    return found


def test_the_lag_lies_between_the_youngest_seen_and_the_oldest_missing() -> None:
    times = {"a": NOW - 2 * MINUTE, "b": NOW - 6 * MINUTE, "c": NOW - 9 * MINUTE}
    lag = survey(
        [execution(name, at) for name, at in times.items()], [start("b", times["b"])], NOW - timedelta(days=1)
    ).lag
    assert lag is not None
    assert (lag.compared, lag.newest_seen, lag.oldest_unseen) == (3, 6 * MINUTE, 9 * MINUTE)


def test_a_query_from_before_the_starts_that_were_read_says_nothing() -> None:
    lag = survey([execution("a", NOW - timedelta(hours=2))], [], NOW - timedelta(hours=1)).lag
    assert lag is not None
    assert lag.compared == 0


def test_workgroups_that_were_not_looked_at_are_taken_to_be_as_busy() -> None:
    found = survey([], [], NOW)
    found.total = 20
    assert found.queries_per_day == 200


def test_without_any_workgroup_nothing_is_known() -> None:
    found = Survey(total=0, at=NOW)
    assert found.queries_per_day is None
    assert found.lag is None
