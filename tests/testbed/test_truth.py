"""The truth, against a count by hand of what the wire shows: every execution, every event, every SQL text."""

import json
import math
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import hand_read_sql
import pytest

from athena_testbed import Settings

MB = 2**20
EXPLAIN_ANALYZE = re.compile(r"(\s|--[^\n]*\n|/\*.*?\*/)*explain\s+analyze", re.IGNORECASE | re.DOTALL)
MACHINE = re.compile(
    r"botocore-session-\d+|AWSLF-.*|i-[0-9a-f]+|\d+|[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|GlueJobRunnerSession|PyAthena-session-\d+|QuickSight-RoleSession-\d+"
)


def _label(identity: dict[str, Any]) -> str:
    """Who, by the published rules; written here anew, for the testbed's labels are data."""
    context = identity.get("sessionContext", {})
    if "sourceIdentity" in context:
        return str(context["sourceIdentity"])
    if "onBehalfOf" in identity:
        return f"idc:{identity['onBehalfOf']['userId']}"
    if identity["type"] == "AssumedRole":
        return _role_label(context["sessionIssuer"]["userName"], identity["arn"].rsplit("/", 1)[1])
    by_type: dict[str, Callable[[], str]] = {
        "IAMUser": lambda: str(identity["userName"]),
        "FederatedUser": lambda: str(identity["arn"].split("federated-user/")[1]),
        "SAMLUser": lambda: f"{identity['identityProvider'].rsplit('/', 1)[-1]}:{identity['userName']}",
        "WebIdentityUser": lambda: f"{identity['identityProvider']}:{identity['userName']}",
        "AWSService": lambda: str(identity["invokedBy"]),
        "AWSAccount": lambda: f"account:{identity['accountId']}",
        "Root": lambda: "root",
        "Unknown": lambda: "unknown",
    }
    return by_type[identity["type"]]()


def _role_label(role: str, session: str) -> str:
    person = re.fullmatch(r"alpha_user_(.+)", role)
    if role.startswith("AWSReservedSSO_"):
        return session
    if person:
        return person[1]
    if "@" in session:
        return session
    if MACHINE.fullmatch(session) or role.startswith(("AWSServiceRoleFor", "aws-quicksight-service-role")):
        return role
    return f"{role}/{session}"


def _billed(query: dict[str, Any]) -> int:
    statistics = query.get("Statistics", {})
    scanned = statistics.get("DataScannedInBytes")
    kind = query["StatementType"]
    paid_kind = kind == "DML" or (kind == "UTILITY" and EXPLAIN_ANALYZE.match(query["Query"]))
    reused = statistics.get("ResultReuseInformation", {}).get("ReusedPreviousResult")
    if not paid_kind or query["Status"]["State"] == "FAILED" or reused or "DpuCount" in statistics or scanned is None:
        return 0
    billed: int = max(10 * MB, -(-scanned // MB) * MB)
    return billed


def _nano(billed: int) -> int:
    exact = Fraction(billed * 5_000_000_000, 1 << 40)
    return math.floor(exact + Fraction(1, 2))


def _added(queries: Iterable[dict[str, Any]]) -> dict[str, Any]:
    sums = {"queries": 0, "scanned_bytes": 0, "billed_bytes": 0, "cost_nanousd": 0}
    for query in queries:
        billed = _billed(query)
        sums["queries"] += 1
        sums["scanned_bytes"] += query.get("Statistics", {}).get("DataScannedInBytes") or 0
        sums["billed_bytes"] += billed
        sums["cost_nanousd"] += _nano(billed)
    return {**sums, "cost_usd": sums["cost_nanousd"] / 10**9}


def _grouped(queries: list[dict[str, Any]], key: Callable[[dict[str, Any]], Any]) -> dict[Any, dict[str, Any]]:
    groups: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for query in queries:
        groups[key(query)].append(query)
    return {name: _added(group) for name, group in groups.items()}


def _ended(world: Any) -> list[dict[str, Any]]:
    """Every query, once the last of the past has ended and its statistics are there: the truth speaks of no other."""
    deadline = time.monotonic() + 60
    while True:
        asked_at = time.time()
        queries: list[dict[str, Any]] = world.everything()
        if all(_is_settled(query["Status"], asked_at) for query in queries):
            return queries
        assert time.monotonic() < deadline, "some queries of the past never end"


def _is_settled(status: dict[str, Any], asked_at: float) -> bool:
    """Has the query ended so long before the question that its statistics, which come later, are in the answer?"""
    latest = Settings().statistics_delay.total_seconds()
    return status["State"] in {"SUCCEEDED", "FAILED", "CANCELLED"} and status["CompletionDateTime"] + latest < asked_at


def _users(world: Any) -> dict[str, str]:
    inner = [json.loads(event["CloudTrailEvent"]) for event in world.events()]
    return {
        one["responseElements"]["queryExecutionId"]: _label(one["userIdentity"])
        for one in inner
        if one["responseElements"]
    }


def _database(query: dict[str, Any]) -> str:
    context = query["QueryExecutionContext"].get("Database")
    return hand_read_sql.database(hand_read_sql.named(query["Query"], context), context)


@pytest.mark.no_cover
def test_truth_is_the_sum_of_what_the_wire_shows(start: Callable[..., Any], settings: Callable[..., Settings]) -> None:
    world = start(settings(history=timedelta(hours=4), missing_statistics=0.01))
    queries, users, truth = _ended(world), _users(world), world.control("GET", "truth")
    assert {name: truth[name] for name in _added([])} == _added(queries)
    assert truth["queries"] > 1500
    assert truth["by_workgroup"] == _grouped(queries, lambda query: query["WorkGroup"])
    assert truth["by_state"] == _grouped(queries, lambda query: query["Status"]["State"].lower())
    assert truth["by_database"] == _grouped(queries, _database)
    assert truth["by_user"] == _grouped(queries, lambda query: users[query["QueryExecutionId"]])
    assert truth["by_statement_type"] == _grouped(queries, lambda query: query["StatementType"])


def test_the_details_are_the_same_sums_by_four_keys(world: Any) -> None:
    queries, users, truth = _ended(world), _users(world), world.testbed.truth()

    def key(query: dict[str, Any]) -> tuple[str, ...]:
        state = query["Status"]["State"].lower()
        return users[query["QueryExecutionId"]], query["WorkGroup"], _database(query), state

    names = ("user", "workgroup", "database", "state")
    rows = {
        tuple(row[name] for name in names): {k: v for k, v in row.items() if k not in names}
        for row in truth["by_user_workgroup_database_state"]
    }
    assert rows == _grouped(queries, key)


def _told(world: Any) -> dict[str, set[hand_read_sql.Told]]:
    """Query id -> what its SQL does with which table, views expanded with what Glue says."""
    known: dict[tuple[str, str], dict[str, Any] | None] = {}

    def table(database: str, name: str) -> dict[str, Any] | None:
        if (database, name) not in known:
            raw = world.aws("glue", "GetTable", DatabaseName=database, Name=name)
            known[database, name] = raw.json()["Table"] if raw.status == 200 else None
        return known[database, name]

    return {
        query["QueryExecutionId"]: hand_read_sql.expanded(
            hand_read_sql.named(query["Query"], query["QueryExecutionContext"].get("Database")), table
        )
        for query in _ended(world)
    }


@pytest.mark.no_cover
def test_the_sql_does_exactly_what_truth_says_table_by_table(
    start: Callable[..., Any], settings: Callable[..., Settings]
) -> None:
    world = start(settings(history=timedelta(hours=4)))
    told, users = _told(world), _users(world)
    modes: dict[str, Counter[str]] = defaultdict(Counter)
    readers: dict[str, set[str]] = defaultdict(set)
    for query_id, uses in told.items():
        modes_of = {(f"{database}.{table}", mode) for database, table, mode, _ in uses}
        for name, mode in modes_of:
            modes[name][mode] += 1
            if mode == "read":
                readers[name].add(users[query_id])
    truth = world.testbed.truth()["by_table"]
    assert {name: row["by_mode"] for name, row in truth.items()} == {name: dict(count) for name, count in modes.items()}
    assert {name: row["queries"] for name, row in truth.items()} == {
        name: count["read"] for name, count in modes.items()
    }
    assert {name: row["users"] for name, row in truth.items()} == {name: len(readers[name]) for name in modes}
    assert {mode for count in modes.values() for mode in count} == {"read", "write", "ddl", "metadata"}


def test_the_list_of_accesses_is_what_the_sql_of_each_query_says(world: Any) -> None:
    told = _told(world)
    rows = world.control("GET", "truth/access")
    found: dict[str, set[hand_read_sql.Told]] = defaultdict(set)
    for row in rows:
        found[row["query_id"]].add((row["database"], row["table"], row["mode"], row["via_view"]))
    assert found == {query_id: uses for query_id, uses in told.items() if uses}
    assert len(rows) == sum(map(len, found.values()))
    users = _users(world)
    assert all(row["user"] == users[row["query_id"]] for row in rows)
    assert any(row["via_view"] for row in rows)
    assert [row["ended_at"] for row in rows] == sorted(row["ended_at"] for row in rows)


def _workload(sql: str) -> str | None:
    """The job that a comment tells, by the published scheme; written here anew."""
    if "node_id" in sql:
        return f"dbt:{json.loads(sql[sql.index('{') : sql.index('}') + 1])['node_id']}"
    for pattern, name in (
        (r'"dag_id": "(\S+)", "task_id": "(\S+)"', "airflow:{}.{}"),
        (r"-- dag_id=(\S+) task_id=(\S+)", "airflow:{}.{}"),
        (r"-- Metabase:: userID: (\d+)", "metabase:user {}"),
        (r"/\* Username: (\S+),", "redash:{}"),
        (r"/\* QuickSight (\S+) \*/", "quicksight:{}"),
    ):
        match = re.search(pattern, sql)
        if match is not None:
            return name.format(*match.groups())
    return None


def _functions(world: Any) -> dict[str, str]:
    """Query id -> the job that the start's event tells: a Lambda function, after whom its session is named."""
    inner = [json.loads(event["CloudTrailEvent"]) for event in world.events()]
    return {
        one["responseElements"]["queryExecutionId"]: f"lambda:{one['userIdentity']['arn'].rsplit('/', 1)[1]}"
        for one in inner
        if one["responseElements"] and "exec-env/AWS_Lambda" in one["userAgent"]
    }


@pytest.mark.no_cover
def test_workloads_are_the_jobs_that_comments_and_agents_tell(
    start: Callable[..., Any], settings: Callable[..., Settings]
) -> None:
    world = start(settings(history=timedelta(hours=4), missing_statistics=0.05))
    queries, truth, functions = _ended(world), world.testbed.truth(), _functions(world)

    def job(query: dict[str, Any]) -> str | None:
        return _workload(query["Query"]) or functions.get(query["QueryExecutionId"])

    jobs = _grouped([query for query in queries if job(query)], job)
    engine: Counter[str | None] = Counter()
    for query in queries:
        engine[job(query)] += query.get("Statistics", {}).get("EngineExecutionTimeInMillis", 0)
    found = {name: {k: v for k, v in row.items() if k != "engine_ms"} for name, row in truth["by_workload"].items()}
    assert found == jobs
    assert {name: row["engine_ms"] for name, row in truth["by_workload"].items()} == {
        name: engine[name] for name in jobs
    }
    assert {name.split(":")[0] for name in jobs} == {"dbt", "airflow", "metabase", "redash", "quicksight", "lambda"}
    rows = truth["by_workload_client_workgroup"]
    assert sum(row["queries"] for row in rows) == sum(row["queries"] for row in jobs.values())


def test_the_job_that_only_a_lost_event_tells_is_known_to_nobody(
    start: Callable[..., Any], settings: Callable[..., Settings]
) -> None:
    world = start(settings(history=timedelta(0), lost_events=1.0))
    now = datetime.now(UTC).timestamp()
    times = {"submitted_at": now - 5, "ended_at": now - 4}
    world.testbed.add({"person": "price-alert-fn/price-alert", "client": "lambda", **times})
    world.testbed.add(
        {"sql": "-- dag_id=a task_id=b\nSELECT 1", "workload": "airflow:a.b", **times, "event_delay_seconds": 0}
    )
    assert set(world.testbed.truth()["by_workload"]) == {"lambda:price-alert", "airflow:a.b"}
    assert set(world.testbed.truth(undelivered="unattributed")["by_workload"]) == {"airflow:a.b"}


def test_since_counts_and_until_does_not(world: Any) -> None:
    # Before the company's hour of history, in which its own root user may have been about.
    ended = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
    world.testbed.add({
        "submitted_at": ended.isoformat(), "ended_at": ended.isoformat(), "scanned_bytes": 1, "workgroup": "sandbox",
        "person": "root", "database": "sales",
    })  # fmt: skip  # two lines read best
    later = ended + timedelta(milliseconds=1)
    inside = world.testbed.truth(ended, later)
    assert inside["by_user"]["root"]["billed_bytes"] == 10 * MB
    assert inside["by_user"]["root"]["cost_nanousd"] == 47_684
    assert "root" not in world.testbed.truth(later, later + timedelta(minutes=1))["by_user"]
    assert "root" not in world.testbed.truth(ended - timedelta(minutes=1), ended)["by_user"]
    stamp = later.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    _ended(world)
    assert (
        world.control("GET", f"truth?until={stamp}")["queries"]
        + world.control("GET", f"truth?since={stamp}")["queries"]
        == world.testbed.truth()["queries"]
    )


@pytest.mark.parametrize(
    ("given", "billed"),
    [
        ({"scanned_bytes": 0}, 10),
        ({"scanned_bytes": 10 * MB}, 10),
        ({"scanned_bytes": 10 * MB + 1}, 11),
        ({"scanned_bytes": 100 * MB, "state": "cancelled"}, 100),
        ({"scanned_bytes": 100 * MB, "state": "failed"}, 0),
        ({"scanned_bytes": 100 * MB, "statement_type": "ddl"}, 0),
        ({"scanned_bytes": 100 * MB, "statement_type": "utility"}, 0),
        ({"scanned_bytes": 100 * MB, "sql": "-- why\nexplain  ANALYZE select 1"}, 100),
        ({"scanned_bytes": 0, "reused": True}, 0),
        ({"scanned_bytes": 100 * MB, "dpu_count": 4.0}, 0),
        ({}, 0),
    ],
)
def test_the_price_list(
    start: Callable[..., Any], settings: Callable[..., Settings], given: dict[str, Any], billed: int
) -> None:
    world = start(settings(history=timedelta(0)))
    now = datetime.now(UTC).timestamp()
    world.testbed.add({"submitted_at": now - 5, "ended_at": now - 4, **given})
    assert world.testbed.truth()["billed_bytes"] == billed * MB


def test_running_queries_are_not_in_the_sums_yet(start: Callable[..., Any], settings: Callable[..., Settings]) -> None:
    world = start(settings(history=timedelta(0)))
    now = datetime.now(UTC).timestamp()
    world.testbed.add({"submitted_at": now - 1, "ended_at": now + 600})
    truth = world.testbed.truth()
    assert (truth["queries"], truth["running"]) == (0, 1)


def test_quiesce_ends_everything_within_a_second_and_truth_then_stands(
    start: Callable[..., Any], settings: Callable[..., Settings]
) -> None:
    now = [1_790_000_000_000]
    world = start(settings(history=timedelta(0), queries_per_minute=1200, time_scale=1.0), lambda: now[0])
    now[0] += 60_000
    assert world.control("GET", "status")["running"] > 10
    quiet = world.control("POST", "quiesce")
    assert quiet["quiesced_at"] < quiet["last_completion"] <= "2026-09-21T14:14:21.001Z"
    now[0] += 1001
    truth = world.testbed.truth()
    assert truth["running"] == 0
    assert world.control("POST", "quiesce")["last_completion"] == quiet["last_completion"]
    now[0] += 600_000
    assert world.testbed.truth() == truth
    queries = _ended(world)
    assert {name: truth[name] for name in _added([])} == _added(queries)
    for query in queries:
        elapsed = query["Status"]["CompletionDateTime"] - query["Status"]["SubmissionDateTime"]
        assert round(elapsed * 1000) == query["Statistics"]["TotalExecutionTimeInMillis"]
    world.control("POST", "resume")
    now[0] += 60_000
    assert world.testbed.truth()["queries"] > truth["queries"] + 500


def test_a_bad_question_gets_a_sentence(world: Any) -> None:
    for path, words in (
        ("truth?since=yesterday", "RFC 3339"),
        ("truth?since=2026-01-01T00:00:00", "needs a zone"),
        ("truth?from=x", "unknown parameter 'from'"),
        ("truth/access?user=x", "there are since, undelivered, until"),
        ("truth/access-events?since=x", "RFC 3339"),
        ("logs?groups=x", "there are distinct, group, limit, offset"),
    ):
        raw = world.http("GET", f"/_testbed/{path}")
        assert raw.status == 400
        assert words in raw.json()["error"]
    assert "GET /_testbed/truth" in world.http("GET", "/_testbed/nothing").json()["error"]
