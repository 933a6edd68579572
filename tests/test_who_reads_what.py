"""Who reads which table: the whole way, from a company's SQL to counters, reports, workloads and stored events.

Everything is compared with what the account knows of its own queries, in whole numbers.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from truth import Expected, differences, expected_counters, expected_tables, expected_workloads
from whole_exporter import CREDENTIALS, configured, whole_exporter

import athena_testbed
from athena_exporter import catalog
from athena_exporter.ledger import tables
from athena_exporter.outlets import report
from athena_exporter.records import Mode

ACCESS = "/athena-observability/table-access"
QUERIES = "/athena-observability/queries"
PASSES = 4
BUSY = athena_testbed.Settings(
    history=timedelta(hours=1),
    history_queries_per_day=16_000,
    queries_per_minute=0,
    rates=None,
    cloudtrail_delay=timedelta(0),
    lost_events=0,
    disordered_events=0,
    time_scale=0.01,
    statistics_delay=timedelta(0),
)
"""An hour of a company, and nothing after it."""
JOBS = (
    catalog.WORKLOAD_QUERIES,
    catalog.WORKLOAD_SCANNED_BYTES,
    catalog.WORKLOAD_COST_USD,
    catalog.WORKLOAD_ENGINE_SECONDS,
)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the exporter has of a company's hour, and what the account has."""

    shown: Expected
    rows: tuple[Any, ...]
    truth: dict[str, Any]
    accesses: set[tuple[Any, ...]]
    access_events: list[dict[str, Any]]
    query_events: list[dict[str, Any]]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    folder = tmp_path_factory.mktemp("access")
    with pytest.MonkeyPatch.context() as environment:
        for name, value in CREDENTIALS.items():
            environment.setenv(name, value)
        with athena_testbed.running(BUSY) as running:
            running.quiesce()
            path = configured(folder, running, "events: {enabled: true}\n")
            with whole_exporter(path) as exporter:
                exporter.run(PASSES)
                shown = {
                    (sample.metric, sample.labels): int(sample.value)
                    for sample in exporter.ledger.samples(datetime.now(UTC))
                    if sample.value
                }
                since = datetime.now(UTC) - timedelta(days=2)
                rows = tuple(tables.usage(folder / "ledger.db", since, datetime.now(UTC) + timedelta(days=1)))
            yield Seen(
                shown=shown,
                rows=rows,
                truth=running.truth(),
                accesses={
                    (one["query_id"], one["user"], one["database"], one["table"], one["mode"])
                    for one in running.access()
                },
                access_events=stored(running, ACCESS),
                query_events=stored(running, QUERIES),
            )


def stored(running: athena_testbed.Running, group: str) -> list[dict[str, Any]]:
    (found,) = [one for one in running.logs.groups() if one.name == group]
    return [json.loads(event.message) for event in found.between(0, 2**62, running.testbed.now_ms())]


def of(seen: Seen, *metrics: catalog.Metric) -> Expected:
    names = {metric.name for metric in metrics}
    return {key: value for key, value in seen.shown.items() if key[0] in names}


def test_the_hour_is_worth_comparing(seen: Seen) -> None:
    assert seen.truth["queries"] > 200
    assert len(seen.truth["by_table"]) > 50
    assert len(seen.truth["by_workload"]) > 10
    assert {mode for *_, mode in seen.accesses} >= {Mode.READ.value, Mode.WRITE.value}


def test_every_counter_of_a_table_is_the_truth(seen: Seen) -> None:
    assert differences(expected_tables(seen.truth), of(seen, catalog.TABLE_QUERIES)) == []


def test_every_counter_of_a_job_is_the_truth(seen: Seen) -> None:
    assert differences(expected_workloads(seen.truth), of(seen, *JOBS)) == []


def test_the_database_of_a_query_is_the_one_that_its_sql_reads(seen: Seen) -> None:
    wanted = {key: n for key, n in expected_counters(seen.truth).items() if key[0] == catalog.USER_QUERIES.name}
    assert differences(wanted, of(seen, catalog.USER_QUERIES)) == []


def test_every_access_has_its_event_and_no_other_does(seen: Seen) -> None:
    told = {
        (one["query_id"], one["user"], one["database"], one["table"], one["mode"])
        for one in seen.access_events
        if one["origin"] == "sql"
    }
    assert told == seen.accesses


def test_every_query_has_its_event(seen: Seen) -> None:
    assert len({one["query_id"] for one in seen.query_events}) == seen.truth["queries"]
    cost = sum(round(one.get("cost_usd", 0) * 10**9) for one in seen.query_events)
    assert cost == seen.truth["cost_nanousd"]


def test_no_event_holds_a_literal_of_the_sql(seen: Seen) -> None:
    texts = [one["sql_text"] for one in seen.query_events if "sql_text" in one]
    assert len(texts) > 200
    assert [text for text in texts if "DATE '2" in text] == []


def test_the_report_names_as_many_readers_as_there_were(seen: Seen) -> None:
    table = report.build_tables(seen.rows, limit=None)
    keys = [column.key for column in table.columns]
    rows = (dict(zip(keys, cells, strict=True)) for cells in table.rows)
    told = {row["table"]: row["readers"] for row in rows if row["readers"]}
    readers: dict[str, set[str]] = {}
    for _, user, database, name, mode in seen.accesses:
        if mode == Mode.READ:
            readers.setdefault(f"{database}.{name}", set()).add(user)
    assert {name: len(users) for name, users in readers.items()} == told
