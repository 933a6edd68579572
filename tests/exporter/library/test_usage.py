"""Why these tests exist: SQL that runs may still be wrong. Every question's answer is counted here a second time.

The files hold rows twice, late and stale; the expected figures come from the account's own memory, by sets and loops.
Athena's SQL runs on DuckDB, translated by sqlglot (tests/support/athena_on_duckdb.py says what that leaves different).
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

import pytest
from athena_on_duckdb import Engine
from history_files import DAYS, Known, Written, kind_of, planning_ms
from history_truth import (
    FIRST,
    HERE,
    LAST,
    Case,
    billed,
    by,
    by_mode,
    database,
    ended,
    falling,
    month,
    scanned,
    usd,
    user,
    users,
    workgroup,
)

from athena_exporter.library.questions import BY_NAME, QUESTIONS, Backend
from athena_testbed.truth import UNATTRIBUTED, known_bytes
from athena_testbed.world.catalogue import WORKGROUPS
from athena_testbed.world.failures import CUTOFF_REASON

# -- the files themselves ---------------------------------------------------------------------------------------------


def test_the_view_shows_every_query_once_as_it_was_known_last(engine: Engine, weeks: Written) -> None:
    (raw,) = engine.ask("SELECT count(*) AS n FROM query_history")
    shown = engine.ask("SELECT query_id, user_name, cost_nanousd, cost_usd, day FROM queries")
    assert len(weeks.known) * 1.3 < raw["n"]
    assert {(row["query_id"], row["user_name"], row["cost_nanousd"] or 0, row["day"]) for row in shown} == {
        (one.plan.query_id, one.user, one.nano, f"{one.day:%Y-%m-%d}") for one in weeks.known
    }
    assert len(shown) == len(weeks.known) == weeks.truth["queries"]
    assert sum(row["cost_nanousd"] or 0 for row in shown) == weeks.truth["cost_nanousd"]
    assert all(row["cost_usd"] == (row["cost_nanousd"] or 0) / 1e9 for row in shown if row["cost_nanousd"])


def test_cloudtrails_records_name_whom_the_history_cannot(engine: Engine, weeks: Written) -> None:
    case_ = Case(engine=engine, backend=Backend.CLOUDTRAIL, known=weeks.known)
    named: dict[str, str] = dict(row[:2] for row in case_.ask("usage_by_user"))
    assert named.keys() == {one.by_trail for one in weeks.known}
    assert len({one.by_trail for one in weeks.known if one.user == UNATTRIBUTED}) > 20
    certain = [one for one in weeks.known if one.plan.principal.kind in {"sso", "iam", "federated", "service"}]
    told = {one.by_trail: kind_of(one.plan) for one in certain if one.by_trail != UNATTRIBUTED}
    assert {name: named[name] for name in told} == told


def test_the_company_has_what_the_questions_look_for(weeks: Written) -> None:
    kinds = {one.plan.principal.kind for one in weeks.known if one.user == UNATTRIBUTED != one.by_trail}
    assert {"sso", "iam", "federated", "identity_center", "role", "service"} <= kinds
    assert {one.plan.state for one in weeks.known} == {"SUCCEEDED", "FAILED", "CANCELLED"}
    assert len({month(one) for one in weeks.known}) == 3
    assert any(one.plan.statistics_after_ms is None for one in weeks.known)
    assert any(one.plan.reused for one in weeks.known)


# -- usage ------------------------------------------------------------------------------------------------------------


def test_usage_by_user(case: Case, weeks: Written) -> None:
    total = sum(one.nano for one in case.known)
    expected = sorted(
        (
            (
                name, len(own), scanned(own), billed(own), usd(own), sum(one.nano for one in own) / (total * 1.0),
                ended(own, "FAILED") / len(own), max(one.ended_at for one in own),
            )
            for name, own in by(case.known, user).items()
        ),
        key=lambda row: (falling(row[4], row[1]), row[0]),
    )  # fmt: skip  # a row reads best in rows
    assert [row[:1] + row[2:] for row in case.ask("usage_by_user")] == expected
    if case.backend is Backend.CLOUDTRAIL:
        unseen = sum(row[1] for row in expected if row[0] == UNATTRIBUTED)
        told = {name: sums["queries"] for name, sums in weeks.truth["by_user"].items()}
        assert sum(told.values()) - unseen == sum(row[1] for row in expected if row[0] in told)


def test_usage_by_workgroup(case: Case) -> None:
    total = sum(one.nano for one in case.known)
    expected = [
        (
            *HERE, name, len(own), users(own), scanned(own), billed(own), usd(own),
            sum(one.nano for one in own) / (total * 1.0), ended(own, "FAILED") / len(own),
            sum(one.plan.reason == CUTOFF_REASON for one in own),
            sum(one.plan.reused is True and one.plan.statistics_after_ms is not None for one in own),
        )
        for name, own in by(case.known, workgroup).items()
    ]  # fmt: skip  # as above
    assert case.ask("usage_by_workgroup") == sorted(expected, key=lambda row: (falling(row[7], row[3]), row))


def test_usage_by_day(case: Case) -> None:
    expected = [
        (
            f"{day:%Y-%m-%d}", len(own), users(own), scanned(own), billed(own), usd(own), ended(own, "FAILED"),
            ended(own, "CANCELLED"), sum(one.user == UNATTRIBUTED for one in own),
        )
        for day, own in sorted(by(case.known, lambda one: one.day).items())
    ]  # fmt: skip  # as above
    assert case.ask("usage_by_day") == expected
    assert len(expected) == DAYS - 1


def test_databases_by_user(case: Case) -> None:
    totals = {name: sum(one.nano for one in own) for name, own in by(case.known, user).items()}
    cells = by(case.known, lambda one: (one.user, database(one)))
    expected = [(*key, len(own), scanned(own), usd(own)) for key, own in cells.items()]
    ranks = {row: (-totals[row[0]], row[0], -row[4], -row[2], row[1]) for row in expected}
    assert case.ask("databases_by_user") == sorted(expected, key=ranks.__getitem__)


def test_average_mb(case: Case) -> None:
    cells = by(case.known, lambda one: (one.user, database(one)))
    expected = [(*key, scanned(own) / (len(own) * 2**20), len(own), scanned(own)) for key, own in cells.items()]
    assert case.ask("average_mb") == sorted(expected, key=lambda row: (-row[2], row))


def test_queries_by_database(case: Case, weeks: Written) -> None:
    expected = [
        (
            name, len(own), len(own) / len(case.known), ended(own, "SUCCEEDED"), ended(own, "FAILED"),
            ended(own, "CANCELLED"), users(own), scanned(own), usd(own),
        )
        for name, own in by(case.known, database).items()
    ]  # fmt: skip  # as above
    assert case.ask("queries_by_database") == sorted(expected, key=lambda row: (-row[1], row[0]))
    assert {row[0]: row[1] for row in expected} == {
        name: sums["queries"] for name, sums in weeks.truth["by_database"].items()
    }


def test_users_by_database_has_a_cell_for_each_pair(case: Case) -> None:
    costs = {name: sum(one.nano for one in own) for name, own in by(case.known, user).items()}
    people = sorted(costs, key=lambda name: (-costs[name], name))[:12]
    counts = Counter(map(database, case.known))
    places = sorted(counts, key=lambda name: (-counts[name], name))[:4]
    cells = by(case.known, lambda one: (one.user, database(one)))
    expected = [
        (name, place, len(cells.get((name, place), ())), usd(cells.get((name, place), ())))
        for name in people
        for place in places
    ]
    assert case.ask("users_by_database", users=12, databases=4) == expected
    assert any(row[2] == 0 for row in expected), "an empty cell is among them"


def test_dearest_queries(case: Case) -> None:
    dearest = sorted((one for one in case.known if one.nano), key=lambda one: (-one.nano, one.plan.query_id))[:30]
    expected = [
        (
            one.ended_at, one.user, workgroup(one), database(one), one.plan.workload, one.plan.state.lower(),
            known_bytes(one.plan), one.nano / 1e9, one.plan.total_ms,
            None if one.plan.number % 13 == 0 else one.sql, *HERE, one.plan.query_id,
        )
        for one in dearest
    ]  # fmt: skip  # as above
    assert case.ask("dearest_queries", limit=30) == expected


def test_failure_reasons(case: Case) -> None:
    failed = [one for one in case.known if one.plan.state == "FAILED"]
    words = {1: "system", 2: "user", 3: "other"}
    expected = [
        (
            words[category], f"error_{number}", number, len(own), len(own) / len(failed),
            sum(bool(one.plan.failure and one.plan.failure.retryable) for one in own), users(own),
            len(set(map(workgroup, own))),
            sum(one.plan.engine_ms for one in own if one.plan.statistics_after_ms is not None),
            max(own, key=lambda one: one.plan.ended_ms).plan.query_id,
        )
        for (category, number), own in by(failed, _error).items()
    ]  # fmt: skip  # as above
    assert case.ask("failure_reasons") == sorted(expected, key=lambda row: (-row[3], *row[:3]))
    assert len(expected) > 5


def _error(one: Known) -> tuple[int, int]:
    assert one.plan.failure is not None
    return one.plan.failure.category, one.plan.failure.type


def test_cost_by_component_and_workload(case: Case) -> None:
    tags = {one.name: one.tags["component"] for one in WORKGROUPS if "component" in one.tags}
    tags.pop("airflow-ml")
    components = {**tags, "airflow-ml": "airflow", "sandbox": "sandbox"}  # by the first word of their names
    cells = by(case.known, lambda one: (month(one), components[workgroup(one)], one.plan.workload))
    expected = [(*key, len(own), scanned(own), billed(own), usd(own)) for key, own in cells.items()]
    ranks = {row: (row[0], -row[6], row[1], row[2] is None, row[2] or "") for row in expected}
    assert case.ask("cost_by_component", components=tags) == sorted(expected, key=ranks.__getitem__)


def test_without_tags_a_component_is_the_first_word_of_the_workgroup(case: Case) -> None:
    expected = by(case.known, lambda one: workgroup(one).split("-")[0])
    rows = case.ask("cost_by_component")
    assert {row[1] for row in rows} == expected.keys()
    assert sum(row[3] for row in rows) == len(case.known)


def test_month_over_month(case: Case) -> None:
    cells = by(case.known, lambda one: (month(one), workgroup(one)))
    nano = {key: sum(one.nano for one in own) for key, own in cells.items()}
    before = {"2026-02": "2026-01", "2026-03": "2026-02"}
    expected = []
    for (at, name), own in cells.items():
        now, previous = nano[at, name], nano.get((before.get(at, ""), name))
        change = None if previous is None else now - previous
        expected.append(
            (
                at, *HERE, name, len(own), users(own), scanned(own), now / 1e9,
                None if previous is None else previous / 1e9, None if change is None else change / 1e9,
                None if not previous or change is None else change / previous,
            )
        )  # fmt: skip  # as above
    assert case.ask("month_over_month") == sorted(expected, key=lambda row: (row[0], -row[7], row[3]))


def test_latency_by_workgroup(case: Case) -> None:
    phases: dict[tuple[str, str], list[int]] = {}
    for one in case.known:
        if one.plan.statistics_after_ms is not None:
            plan = one.plan
            for phase, took in (
                ("queue", plan.queue_ms), ("planning", planning_ms(plan)), ("engine", plan.engine_ms),
                ("total", plan.total_ms),
            ):  # fmt: skip  # a table
                if took is not None:
                    phases.setdefault((workgroup(one), phase), []).append(took)
    expected = [(*HERE, *key, len(took), *map(took_by(took), (50, 95, 99)), max(took)) for key, took in phases.items()]
    assert case.ask("latency_by_workgroup") == sorted(expected)


def took_by(values: Sequence[int]) -> Callable[[int], int]:
    ordered = sorted(values)
    return lambda percent: ordered[math.ceil(len(ordered) * percent / 100) - 1]


# -- tables -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "when"), [("day", lambda one: f"{one.day:%Y-%m-%d}"), ("month", month)])
def test_table_readers(case: Case, name: str, when: Callable[[Known], str]) -> None:
    pairs = ((one, table) for one in case.known for table in by_mode(one, "read"))
    reads = by(pairs, lambda pair: (when(pair[0]), pair[1]))
    expected = [(*key, users(one for one, _ in own), len(own)) for key, own in reads.items()]
    rows = case.ask(f"table_readers_by_{name}")
    assert rows == sorted(expected, key=lambda row: (row[0], -row[2], -row[3], row[1]))


def test_table_usage(case: Case, weeks: Written) -> None:
    modes = ("read", "write", "ddl", "metadata")
    pairs = ((one, use) for one in case.known for use in {(use.name, use.mode) for use in one.plan.uses})
    used = by(pairs, lambda pair: pair[1])
    expected = []
    for name in {name for name, _ in used}:
        own = {mode: [one for one, _ in used.get((name, mode), ())] for mode in modes}
        last = max((one.ended_at for one in own["read"] if one.plan.state == "SUCCEEDED"), default=None)
        expected.append((name, users(own["read"]), *(len(own[mode]) for mode in modes), last))
    assert case.ask("table_usage") == sorted(expected, key=lambda row: (-row[1], -row[2], row[0]))
    assert {row[0]: dict(zip(modes, row[2:6], strict=True)) for row in expected} == {
        name: dict.fromkeys(modes, 0) | sums["by_mode"] for name, sums in weeks.truth["by_table"].items()
    }


def test_tables_not_read_since_a_day(case: Case) -> None:
    since = datetime(2026, 2, 20)  # noqa: DTZ001  the files' times are UTC without saying so
    expected = []
    for name in {use.name for one in case.known for use in one.plan.uses}:
        own = [one for one in case.known if any(use.name == name for use in one.plan.uses)]
        reads = [one for one in own if name in by_mode(one, "read") and one.plan.state == "SUCCEEDED"]
        last = max((one.ended_at for one in reads), default=None)
        if last is None or last < since:
            writes = sum(name in by_mode(one, "write") for one in own)
            expected.append((name, last, max(one.ended_at for one in own), len(own), writes))
    rows = case.ask("tables_not_read_since", since=since.date())
    assert rows == sorted(expected, key=lambda row: (row[1] is not None, row[1] or since, row[0]))
    assert any(row[1] for row in rows), "one was read before"
    assert any(row[1] is None and row[4] for row in rows), "one is written and never read"


# -- ranges -----------------------------------------------------------------------------------------------------------


def test_a_range_holds_its_first_and_its_last_day_and_no_other(case: Case) -> None:
    since, until = date(2026, 1, 31), date(2026, 2, 2)
    rows = case.ask("usage_by_day", since, until)
    own = [one for one in case.known if since <= one.day <= until]
    assert [row[0] for row in rows] == ["2026-01-31", "2026-02-01", "2026-02-02"]
    assert sum(row[1] for row in rows) == len(own)
    assert sum(row[8] for row in rows) == sum(one.user == UNATTRIBUTED for one in own)


def test_accounts_regions_and_workgroups_narrow_every_question(case: Case) -> None:
    chosen = {"workgroups": ["monitoring", "sandbox"], "accounts": [HERE[0]], "regions": [HERE[1]]}
    own = [one for one in case.known if workgroup(one) in {"monitoring", "sandbox"}]
    assert sum(row[1] for row in case.ask("usage_by_day", FIRST, LAST, **chosen)) == len(own)
    for none in ({"workgroups": ["nobody's"]}, {"accounts": ["000000000000"]}, {"regions": ["mars-north-1"]}):
        assert case.ask("usage_by_day", FIRST, LAST, **none) == []


def values(name: str) -> Mapping[str, object]:
    """What a question asks for beside the range."""
    required: Mapping[str, object] = {"since": FIRST, "row_tables": ["sales.orders"]}
    return {one.name: required[one.name] for one in BY_NAME[name].parameters if one.default is None}


@pytest.mark.parametrize("name", [question.name for question in QUESTIONS])
def test_a_day_without_queries_answers_nothing_and_fails_nowhere(engine: Engine, name: str) -> None:
    case_ = Case(engine=engine, backend=Backend.HISTORY, known=())
    assert case_.ask(name, date(2027, 1, 1), date(2027, 1, 1), **values(name)) == []
