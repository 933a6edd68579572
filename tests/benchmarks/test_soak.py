"""The soak in short: everything that a month of it does, in two days of few queries."""

from datetime import timedelta
from pathlib import Path

import pytest
from soak.judging import BARS
from soak.running import Plan, soaking

PLAN = Plan(days=2, per_day=60, step=timedelta(hours=4), lookups=timedelta(hours=1))
ANOTHER = {
    "workgroup": "primary", "statement_type": "DML", "state": "succeeded", "user": "nobody", "database": "sales",
    "queries": 1, "scanned_bytes": 1, "billed_bytes": 1, "cost_nanousd": 1,
}  # fmt: skip  # rows
TRUTH = {
    "by_workgroup_statement_type_state": [ANOTHER],
    "by_user_workgroup_database_state": [ANOTHER],
    "by_table": {"sales.orders": {"by_mode": {"read": 1}}},
    "failed_starts": {"delivered": 1},
}
"""One query, one access, one refused start that never were."""


@pytest.mark.process
def test_two_days_by_a_clock_that_jumps_come_to_the_account_s_truth(tmp_path: Path) -> None:
    with soaking(PLAN, tmp_path) as soak:
        days = [sample.json() for sample in soak.days()]
        soak.settle()
        held = soak.compared()
        soak.book.add(TRUTH)
        misled = soak.compared()
    assert {one.what: one.differing for one in held if one.differing} == {}
    assert all(one.compared for one in held)
    assert [one.what for one in misled if not one.differing] == []
    assert [day["day"] for day in days] == [1, 2]
    assert [day["queries"] > 40 * day["day"] for day in days] == [True, True]
    assert {bar.name for bar in BARS if not days[-1][bar.name] > 0} <= {"outbox"}
