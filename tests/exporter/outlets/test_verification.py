"""Why these tests exist: what `verify` says of a difference decides whether somebody looks for a lost query."""

from datetime import UTC, datetime, timedelta

import pytest

from athena_exporter.outlets.report import to_json
from athena_exporter.outlets.verification import (
    Cause,
    Circumstances,
    Count,
    Line,
    by_type,
    compare,
    notes,
    table,
    unexplained,
)
from athena_exporter.records import Target

TARGET = Target(account_id="123456789012", region="eu-west-1")
DAY = datetime(2026, 3, 28, tzinfo=UTC)
NEXT = DAY + timedelta(days=1)


def known(**changes: object) -> Circumstances:
    facts: dict[str, object] = {
        "target": TARGET,
        "day": DAY,
        "now": NEXT + timedelta(hours=6),
        "since": DAY - timedelta(days=30),
        "until": NEXT + timedelta(hours=6),
        "listed": frozenset({"etl"}),
        "publishing": {},
        "tolerance": 0.0,
    }
    return Circumstances(**{**facts, **changes})  # type: ignore[arg-type]  # a test names them right or fails


def count(queries: int, scanned_bytes: int | None = None, workgroup: str = "etl", state: str = "succeeded") -> Count:
    return Count(workgroup=workgroup, state=state, queries=queries, scanned_bytes=scanned_bytes)


def cause(ours: Count | None, theirs: Count | None, **changes: object) -> Cause:
    (line,) = compare([ours] if ours else [], [theirs] if theirs else [], known(**changes))
    return line.cause


def test_the_same_numbers_agree() -> None:
    assert cause(count(5, 700), count(5, 700)) is Cause.NONE


def test_failed_queries_without_bytes_agree_with_a_metric_that_has_none() -> None:
    assert cause(count(3, 0, state="failed"), count(3, None, state="failed")) is Cause.NONE


@pytest.mark.parametrize(("tolerance", "said"), [(0.01, Cause.NONE), (0.009, Cause.UNEXPLAINED)])
def test_the_tolerance_is_a_share_of_the_larger_number(tolerance: float, said: Cause) -> None:
    assert cause(count(100, 1000), count(100, 990), tolerance=tolerance) is said


def test_a_workgroup_of_which_cloudwatch_knows_nothing_does_not_publish() -> None:
    assert cause(count(9, 1, workgroup="quiet"), None) is Cause.NOT_PUBLISHING


def test_a_workgroup_that_stopped_publishing_is_told_by_its_settings() -> None:
    assert cause(count(9, 1), None, publishing={"etl": False}) is Cause.NOT_PUBLISHING


def test_a_publishing_workgroup_that_cloudwatch_lacks_is_no_harmless_difference() -> None:
    found = cause(count(9, 1), None, publishing={"etl": True})
    assert found is Cause.PART_PUBLISHED
    assert not found.harmless


def test_a_day_is_not_settled_before_ten_minutes_have_passed() -> None:
    assert cause(count(9, 1), count(5, 1), now=NEXT + timedelta(minutes=9)) is Cause.NOT_SETTLED
    assert cause(count(9, 1), count(5, 1), now=NEXT + timedelta(minutes=10)) is Cause.PART_PUBLISHED


def test_a_ledger_that_began_to_count_within_the_day_may_have_less_but_not_more() -> None:
    midday = DAY + timedelta(hours=12)
    assert cause(count(2, 1), count(50, 1), since=midday) is Cause.COUNTING_SINCE
    assert cause(count(50, 1), count(2, 1), since=midday) is Cause.PART_PUBLISHED


@pytest.mark.parametrize("until", [None, NEXT - timedelta(seconds=1)])
def test_a_ledger_that_lags_behind_may_have_less(until: datetime | None) -> None:
    assert cause(count(2, 1), count(50, 1), until=until) is Cause.LEDGER_BEHIND


def test_one_query_more_or_less_ended_around_midnight() -> None:
    assert cause(count(50, 10), count(51, 11)) is Cause.MIDNIGHT
    assert cause(count(51, 11), count(50, 10)) is Cause.MIDNIGHT


def test_midnight_explains_what_ends_in_two_minutes_and_no_more() -> None:
    assert cause(count(14_400), count(14_420)) is Cause.MIDNIGHT
    assert cause(count(14_400), count(14_422)) is Cause.LEDGER_LACKS


def test_a_ledger_that_lacks_queries_for_no_reason_fails_the_verification() -> None:
    lines = compare([count(10, 1)], [count(20, 2)], known())
    assert [line.cause for line in unexplained(lines)] == [Cause.LEDGER_LACKS]


def test_as_many_queries_with_fewer_bytes_were_counted_without_statistics() -> None:
    assert cause(count(10, 1), count(10, 500)) is Cause.NO_STATISTICS


def test_as_many_queries_with_more_bytes_than_cloudwatch_are_unexplained() -> None:
    assert not cause(count(10, 501), count(10, 500)).harmless


def test_states_are_compared_one_by_one() -> None:
    lines = compare(
        [count(5, 1), count(2, 0, state="failed")], [count(5, 1), count(4, None, state="cancelled")], known()
    )
    assert [(line.state, line.cause.harmless) for line in lines] == [
        ("cancelled", False),
        ("failed", False),
        ("succeeded", True),
    ]


def _lines() -> list[Line]:
    return compare(
        [count(90, 900), count(7, 70, workgroup="quiet")], [count(100, 1000)], known(since=DAY + timedelta(hours=1))
    )


def test_the_table_has_a_row_for_each_line_and_the_totals_of_both_sides() -> None:
    drawn = table(_lines(), DAY)
    assert [row[0] for row in drawn.rows] == ["etl", "quiet"]
    keys = [column.key for column in drawn.columns]
    total = dict(zip(keys, drawn.total, strict=True))
    assert (total["ledger_queries"], total["cloudwatch_queries"], total["difference_queries"]) == (97, 100, -3)
    assert (total["ledger_bytes"], total["cloudwatch_bytes"]) == (970, 1000)
    assert '"cause": "counting began within the day"' in to_json(drawn)


def test_the_target_is_shown_only_where_there_are_several() -> None:
    other = Target(account_id="1", region="us-east-1")
    lines = [*_lines(), *compare([count(1)], [], known(target=other))]
    assert table(_lines(), DAY).columns[0].key == "workgroup"
    drawn = table(lines, DAY)
    assert [row[0] for row in drawn.rows] == ["123456789012 eu-west-1", "123456789012 eu-west-1", "1 us-east-1"]
    assert len(drawn.total) == len(drawn.columns)


def test_coverage_leaves_out_what_is_not_published() -> None:
    said = list(notes(_lines(), known(), {}))
    assert said == ["123456789012 eu-west-1: of what CloudWatch counted, the ledger has 90.00%"]


def test_the_notes_tell_what_was_not_compared_and_what_is_not_over() -> None:
    facts = known(since=DAY + timedelta(hours=13), now=NEXT, until=None)
    said = "\n".join(notes([], facts, by_type([("DDL", 2), ("UTILITY", 1000), ("DDL", 1)])))
    assert "not compared, because CloudWatch tells no bytes of them: 3 DDL, 1,000 UTILITY" in said
    assert "the ledger counts since 2026-03-28 13:00Z" in said
    assert "the day is settled at 2026-03-29 00:10Z" in said
    assert "no sweep was complete yet" in said
