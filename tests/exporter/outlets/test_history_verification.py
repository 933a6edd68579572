"""A day of the ledger beside the history's: no difference is excused that time does not excuse."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from book import BORN, TARGET

from athena_exporter.outlets.history_verification import (
    Cause,
    Circumstances,
    Sums,
    compare,
    notes,
    table,
    unexplained,
)
from athena_exporter.records import Target

OTHER = Target(account_id="999988887777", region="us-east-1")
END = BORN + timedelta(days=1)
LATE = END + timedelta(days=1)


def sums(queries: int, scanned: int = 0, **told: Any) -> Sums:
    return Sums(
        **{"target": TARGET, "workgroup": "etl", "state": "succeeded", **told}, queries=queries, scanned_bytes=scanned
    )


def known(now: datetime = LATE, since: datetime = BORN, tolerance: float = 0.0) -> Circumstances:
    settled_at = END + timedelta(hours=4)
    return Circumstances(day=BORN, now=now, settled_at=settled_at, since={TARGET: since}, tolerance=tolerance)


@pytest.mark.parametrize(
    ("ledger", "history", "circumstances", "cause"),
    [
        (sums(5, 50), sums(5, 50), known(), Cause.NONE),
        (sums(1000, 50), sums(999, 50), known(tolerance=0.001), Cause.NONE),
        (sums(1000, 50), sums(998, 50), known(tolerance=0.001), Cause.HISTORY_LACKS),
        (sums(5), sums(4), known(), Cause.HISTORY_LACKS),
        (sums(5), None, known(), Cause.HISTORY_LACKS),
        (sums(4), sums(5), known(), Cause.LEDGER_LACKS),
        (None, sums(5), known(since=BORN + timedelta(hours=1)), Cause.COUNTING_SINCE),
        (sums(5), sums(4), known(now=END), Cause.NOT_WRITTEN),
        (sums(5, 50), sums(5, 51), known(), Cause.UNEXPLAINED),
        (sums(5), sums(4), known(since=BORN + timedelta(hours=1)), Cause.HISTORY_LACKS),
    ],
)
def test_a_difference_has_its_likely_cause(
    ledger: Sums | None, history: Sums | None, circumstances: Circumstances, cause: Cause
) -> None:
    (line,) = compare([ledger] if ledger else [], [history] if history else [], circumstances)
    assert line.cause is cause
    assert bool(unexplained([line])) is not cause.harmless


def test_accounts_that_the_ledger_never_counted_are_told_and_not_compared() -> None:
    history = [sums(3), sums(7, target=OTHER)]
    assert [line.target for line in compare([sums(3)], history, known())] == [TARGET]
    assert list(notes(history, known())) == [
        "not compared: 7 queries of accounts and Regions that this ledger has never counted"
    ]


def test_totals_are_of_all_lines() -> None:
    ours = [sums(3, 30), sums(1, 5, state="failed")]
    shown = table(compare(ours, [sums(3, 30)], known()), BORN)
    assert shown.total == ("total", "", "", 4, 3, 1, 35, 30, "")
    assert [row[-1] for row in shown.rows] == [Cause.HISTORY_LACKS.value, "agrees"]


def test_what_may_change_is_told_with_its_time() -> None:
    (since, settled) = notes([], known(now=END, since=BORN + timedelta(hours=1)))
    assert since.endswith("the ledger counts since 2026-03-10 01:00Z")
    assert settled == "the day's last windows are written by 2026-03-11 04:00Z; look again then"
