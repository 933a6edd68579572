"""The company: large enough, seeded, of every kind, with a rhythm, and fast to start."""

import json
import re
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from athena_testbed import Rhythm, Settings
from athena_testbed.executions import state_at
from athena_testbed.ids import Ids
from athena_testbed.testbed import Testbed
from athena_testbed.timeindex import TimeIndex
from athena_testbed.world.catalogue import UNREAD
from athena_testbed.world.clients import CLIENTS
from athena_testbed.world.company import found
from athena_testbed.world.identity import user_identity
from athena_testbed.world.people import NAMED, people, services
from athena_testbed.world.sql import SHAPES

MONDAY_NOON = 1_790_596_800_000  # 28 September 2026, 12:00 UTC
ASKED = {"People": 40, "Services": 12}


def test_it_is_as_large_as_a_company(settings: Callable[..., Settings]) -> None:
    company = found(settings())
    assert len(company.people) >= 40
    assert len(company.services) >= 12
    assert len(company.workgroups) == 15
    assert len([name for name in company.workgroups if name.startswith("airflow-")]) >= 3
    assert len([name for name in company.workgroups if name.startswith("dbt-")]) >= 3
    assert len(company.tables) == 8
    assert sum(len(tables) for tables in company.tables.values()) == 120


def test_labels_are_unique_and_more_people_can_be_hired() -> None:
    crowd = [*people(200), *services()]
    assert len({one.label for one in crowd}) == len(crowd) == 200 + len(services())
    assert people(NAMED) == people(200)[:NAMED]


def test_every_kind_of_identity_works_here() -> None:
    identities = [user_identity(one, MONDAY_NOON) for one in (*people(40), *services())]
    assert {identity["type"] for identity in identities} == {
        "IAMUser", "AssumedRole", "FederatedUser", "SAMLUser", "WebIdentityUser", "IdentityCenterUser", "AWSService",
        "AWSAccount", "Root", "Unknown",
    }  # fmt: skip  # three lines read best
    roles = [one for one in identities if one["type"] == "AssumedRole"]
    names = " ".join(one["arn"].split("assumed-role/")[1] for one in roles)
    for pattern in (
        r"AWSReservedSSO_\w+_[0-9a-f]{16}/\S+@", r"alpha_user_\w+/", r"redash-query-runner/\S+@",
        r"/botocore-session-\d+", r"/AWSLF-00-AT-", r"/i-[0-9a-f]{17}", r"/[0-9a-f]{32}\b",
        r"/\d{12,}\b", r"/GlueJobRunnerSession",
        r"AWSServiceRoleFor", r"aws-quicksight-service-role-v0/QuickSight-RoleSession-\d{13}",
        r"/PyAthena-session-\d+",
        r"Admin/admin-session", r"/[0-9a-f]{8}-[0-9a-f]{4}-4",
    ):  # fmt: skip  # a list to be read
        assert re.search(pattern, names), pattern
    assert any("sourceIdentity" in one["sessionContext"] for one in roles)
    assert any("onBehalfOf" in one for one in roles)


def test_machine_sessions_change_with_time_and_not_within_an_hour() -> None:
    grafana = next(one for one in services() if one.label == "grafana-athena-reader")
    arns = [user_identity(grafana, MONDAY_NOON + minutes * 60_000)["arn"] for minutes in (0, 59, 60)]
    assert arns[0] == arns[1] != arns[2]


def _stream(seed: int, **more: Any) -> list[tuple[str, Any]]:
    settings = Settings(seed=seed, history=timedelta(hours=1), queries_per_minute=100, **more)
    clock = [MONDAY_NOON]
    testbed = Testbed(settings, clock=lambda: clock[0])
    clock[0] += 60_000
    ids = testbed.account.workgroup("dbt-prod")
    assert ids is not None
    now = testbed.account.advance()
    plans = [testbed.account.plan(number) for _, number in ids.newest(now)]
    return [(testbed.account.text(plan), plan) for plan in plans]


def test_the_same_seed_is_the_same_company_and_stream() -> None:
    first = _stream(1)
    assert len(first) > 50
    assert first == _stream(1)
    assert [text for text, _ in first] != [text for text, _ in _stream(2)]


def test_the_stream_does_not_depend_on_who_looks_when() -> None:
    settings = Settings(seed=3, queries_per_minute=600)
    often, once = [MONDAY_NOON], [MONDAY_NOON]
    watched = Testbed(settings, clock=lambda: often[0])
    alone = Testbed(settings, clock=lambda: once[0])
    for _ in range(100):
        often[0] += 1234
        watched.account.advance()
    once[0] = often[0]
    assert watched.truth() == alone.truth()
    assert watched.truth()["queries"] > 1000


def test_people_rest_at_night_and_at_weekends() -> None:
    def busy(at_ms: int) -> Counter[bool]:
        settings = Settings(history=timedelta(hours=2), rhythm=Rhythm.HISTORY)
        testbed = Testbed(settings, clock=lambda: at_ms)
        rows = testbed.truth()["by_user"]
        staff = {one.label for one in testbed.account.company.people}
        return Counter(
            {person: sum(v["queries"] for k, v in rows.items() if (k in staff) is person) for person in (True, False)}
        )

    noon, night, sunday = (busy(MONDAY_NOON + hours * 3_600_000) for hours in (0, -9, -24))
    assert noon[True] > 4 * night[True]
    assert noon[True] > 4 * sunday[True]
    assert night[False] > night[True]
    assert noon.total() > 2 * night.total()


def test_without_rhythm_the_night_is_as_busy_as_the_day() -> None:
    counts = []
    for hours in (0, -12):
        at = MONDAY_NOON + hours * 3_600_000
        testbed = Testbed(Settings(history=timedelta(hours=3), rhythm=Rhythm.OFF), clock=lambda at=at: at)  # type: ignore[misc] # a default binds the loop's value
        counts.append(len(testbed.account.starts))
    assert 0.9 < counts[0] / counts[1] < 1.1


@pytest.fixture(scope="module")
def day() -> Testbed:
    """A working day."""
    return Testbed(Settings(history=timedelta(hours=10), history_queries_per_day=40_000), clock=lambda: MONDAY_NOON)


def test_queries_end_in_every_way_that_athena_knows(day: Testbed) -> None:
    plans = list(day.account.ended(0, MONDAY_NOON))
    states = Counter(plan.state for plan in plans)
    assert 0.85 < states["SUCCEEDED"] / len(plans) < 0.96
    assert states["FAILED"] > 100
    reasons = Counter(plan.reason for plan in plans if plan.state == "CANCELLED")
    assert reasons["Bytes scanned limit was exceeded"] > 5
    assert reasons["Query cancelled by user"] > 50
    errors = {(plan.failure.category, plan.failure.type) for plan in plans if plan.failure}
    assert {category for category, _ in errors} == {1, 2, 3}
    assert len(errors) >= 10
    assert {plan.failure is not None for plan in plans if plan.state == "FAILED"} == {True}


def test_cutoffs_cut_only_where_the_workgroup_has_one(day: Testbed) -> None:
    for plan in day.account.ended(0, MONDAY_NOON):
        cutoff = day.account.company.workgroups[plan.workgroup].cutoff_bytes
        cut = plan.reason == "Bytes scanned limit was exceeded"
        assert cut == (cutoff is not None and (plan.scanned_bytes or 0) > cutoff)


def test_scans_are_heavy_tailed_with_nothing_and_little_too(day: Testbed) -> None:
    sizes = sorted(
        plan.scanned_bytes
        for plan in day.account.ended(0, MONDAY_NOON)
        if plan.shape.reads and plan.scanned_bytes is not None
    )
    assert sizes[0] == 0
    assert sum(0 < size < 10 * 2**20 for size in sizes) > 0.05 * len(sizes)
    top = sum(sizes[-len(sizes) // 100 :])
    assert top > 0.5 * sum(sizes)


def test_one_user_runs_away(day: Testbed) -> None:
    rows = sorted(day.truth()["by_user"].items(), key=lambda row: -row[1]["scanned_bytes"])
    assert rows[0][0] == "vikram.shah@harbour.example"
    assert rows[0][1]["scanned_bytes"] > 2 * rows[1][1]["scanned_bytes"]


def test_every_statement_type_and_reuse_and_reservation_occur(day: Testbed) -> None:
    plans = list(day.account.ended(0, MONDAY_NOON))
    assert {plan.shape.statement_type for plan in plans} == {"DDL", "DML", "UTILITY"}
    assert {plan.shape.name for plan in plans} == set(SHAPES)
    assert {plan.scanned_bytes for plan in plans if plan.shape.statement_type == "DDL"} <= {None, 0}
    assert any(plan.reused for plan in plans)
    assert {plan.workgroup for plan in plans if plan.dpu_count is not None} == {"risk-reserved"}
    assert any(plan.database is None and plan.shape.reads for plan in plans)


def test_some_running_queries_go_back_to_the_queue(day: Testbed) -> None:
    plan = next(plan for plan in day.account.ended(0, MONDAY_NOON) if plan.requeued and plan.engine_ms > 1000)
    begin = plan.submitted_ms + plan.queue_ms + plan.preprocessing_ms
    seen = [state_at(plan, begin + plan.engine_ms * percent // 100) for percent in (-1, 10, 40, 70)]
    assert seen[1:] == ["RUNNING", "QUEUED", "RUNNING"]
    assert state_at(plan, plan.ended_ms) == plan.state


def test_tools_write_their_comments(day: Testbed) -> None:
    texts: dict[str, str] = {plan.client: day.account.text(plan) for plan in day.account.ended(0, MONDAY_NOON)}
    head = re.match(r"-- /\* (?P<json>\{.*\}) \*/\n", texts["dbt-athena"])
    assert head
    assert json.loads(head["json"])["node_id"].startswith("model.")
    assert re.match(r"-- Metabase:: userID: \d+ queryType: MBQL queryHash: [0-9a-f]{64}\n", texts["metabase"])
    assert texts["redash"].startswith("/* Username: ")
    assert texts["quicksight"].startswith("/* QuickSight ")


def test_statements_come_again_with_other_literals(day: Testbed) -> None:
    plans = list(day.account.ended(0, MONDAY_NOON))
    boards = [plan for plan in plans if plan.client in {"metabase", "quicksight", "dbt-athena", "airflow"}]
    texts = {day.account.text(plan) for plan in boards}
    assert len({plan.sql for plan in boards}) < 0.1 * len(boards)
    assert 0.3 * len(boards) < len(texts) < len(boards)
    people = [plan for plan in plans if plan.client == "console"]
    assert len({plan.sql for plan in people}) > 0.4 * len(people)


def test_there_are_tables_that_nobody_reads_and_not_too_many_that_tools_make(day: Testbed) -> None:
    truth = day.truth()["by_table"]
    assert {name for name in UNREAD if truth.get(name, {"queries": 0})["queries"]} == set()
    assert len(UNREAD) == 8
    assert 150 < len(truth) < 700
    assert "multiple" in day.truth()["by_database"]


def test_every_client_has_a_user_agent_under_a_kilobyte() -> None:
    assert len(CLIENTS) >= 15
    assert all(0 < len(client.user_agent) < 1024 for client in CLIENTS.values())


def test_max_queries_is_exact_though_some_starts_are_refused() -> None:
    clock = [MONDAY_NOON]
    testbed = Testbed(Settings(queries_per_minute=1000, max_queries=500, failed_starts=0.1), clock=lambda: clock[0])
    clock[0] += 3_600_000
    truth = testbed.truth()
    assert truth["queries"] + truth["running"] == 500
    assert truth["failed_starts"]["total"] > 20
    assert testbed.account.exhausted


@pytest.mark.no_cover
def test_a_month_of_thirty_thousand_a_day_starts_and_answers_within_seconds() -> None:
    began = time.thread_time()
    testbed = Testbed(Settings(history=timedelta(days=30)), clock=lambda: MONDAY_NOON)
    assert 850_000 < len(testbed.account.starts) < 950_000
    assert len(testbed.cloudtrail.lookup_events({})["Events"]) == 50
    assert time.thread_time() - began < 30  # 3 seconds on an idle machine


def test_ids_know_their_number_and_nothing_else_does() -> None:
    ids = Ids(7, "query")
    for number in (0, 1, 77, 10**9):
        text = ids.of(number)
        assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", text)
        assert ids.number(text) == number
        assert Ids(8, "query").number(text) is None
    assert ids.number("no id") is None
    assert ids.number(ids.of(5)[:-1] + "x") is None


def test_a_time_index_keeps_order_whatever_comes_late() -> None:
    index = TimeIndex()
    for number, at in enumerate((10, 20, 30, 20, 5, 30)):
        index.add(at, number)
    assert list(index.between(0, 100)) == [(5, 4), (10, 0), (20, 1), (20, 3), (30, 2), (30, 5)]
    assert list(index.newest(30, before=(20, 3))) == [(20, 1), (10, 0), (5, 4)]
    assert index.count(10, 30) == 3
    index.discard(20, 1)
    index.discard(20, 99)
    assert list(index.newest(20)) == [(20, 3), (10, 0), (5, 4)]
    assert (index.last_before(5), index.last_before(6), len(index)) == (None, 5, 5)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"users": 39}, "at least 40"),
        ({"lost_events": 1.5}, "share between 0 and 1"),
        ({"queries_per_minute": -1}, "can't be negative"),
        ({"time_scale": 0}, "above 0"),
        ({"rates": 0}, "above 0, or off"),
        ({"catalogue_events": -0.1}, "share between 0 and 1"),
        ({"governed_database": "secrets"}, "one of sales, finance"),
        ({"insights_delay": timedelta(seconds=-1)}, "can't be negative"),
    ],
)
def test_settings_that_no_account_can_have_are_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Settings(**wrong)
