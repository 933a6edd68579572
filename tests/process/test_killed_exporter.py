"""Why this test exists: the promise is that each query counts once, whatever happens to the process.

The exporter is killed with SIGKILL twenty times, at random and at its real crash points, while a company runs 20,000
queries against it over a wire that throttles, fails, drops, repeats and delays. In the end every counter, every
`increase()` over it in a real Prometheus, and every window equals the account's truth, to the byte, and every query and
every use of a table has its event in CloudWatch Logs.

A smaller company is read over all three routes at once: EventBridge, a trail's files and LookupEvents tell the same
queries, each loses, repeats, delays and reorders in its own way, and the kills strike between commit and deletion, too.
"""

import json
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from bridges import RULES, WITH_READS, Bridged, bridged
from crashing_exporter import COMMITTED, HEARD, KNOWN, POINTS, READ, REVEAL
from processes import Process, Prometheus, fetch, free_port, prometheus_server, scrape, summed, until
from trails import Trailed, trailed
from truth import (
    COUNTED_WITH_TABLES_AND_JOBS,
    WINDOWS,
    Expected,
    differences,
    expected_counters,
    expected_tables,
    expected_window,
    expected_workloads,
    exposed,
)

import athena_testbed
from athena_exporter import catalog
from athena_exporter.config.sources import AccessEvent
from athena_testbed.trail import file_key, packed

KILLS = 20
QUERIES = int(os.environ.get("KILLED_QUERIES", "20000"))
in_full = pytest.mark.skipif(
    "KILLED_QUERIES" not in os.environ,
    reason="tests/chaos has every fault of it in a minute; this is its large form (make chaos SIZE=full)",
)
SECONDS_OF_QUERIES = QUERIES / 400
SCRIPT = Path(__file__).parent.parent / "support" / "crashing_exporter.py"
FAULTS = (
    {"kind": "throttle", "operation": "athena:*", "every": 41},
    {"kind": "throttle", "operation": "cloudtrail:*", "every": 23},
    {"kind": "internal", "probability": 0.01},
    {"kind": "unavailable", "probability": 0.01},
    {"kind": "drop_before", "probability": 0.005},
    {"kind": "drop_after", "probability": 0.005},
    {"kind": "garbage", "probability": 0.003},
    {"kind": "truncated", "probability": 0.003},
    {"kind": "partial", "probability": 0.02, "share": 0.3},
    {"kind": "without_statistics", "probability": 0.01},
    {"kind": "duplicate_events", "share": 0.2},
    {"kind": "late_events", "seconds": 2},
)


@dataclass(frozen=True, kw_only=True)
class World:
    """Everything around the exporter that lives through its deaths."""

    testbed: athena_testbed.Running
    prometheus: Prometheus
    address: str
    config: Path
    folder: Path

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def exporter(self, point: str = "never", count: int = 1) -> Process:
        command = [sys.executable, str(SCRIPT), str(self.config), self.address, point, str(count)]
        return Process(command, self.folder / "exporter.log")


SWEEPS = "sources: {athena: {interval: 1s, deep_interval: 10s}, lookup: {interval: 1s, full_pass: 10s}}\n"


@contextmanager
def served(
    folder: Path, prometheus: str, testbed: athena_testbed.Running, sources: str, *, warmup: str = "8s"
) -> Iterator[World]:
    """A Prometheus and a configuration for exporters that come and go."""
    address, config = f"127.0.0.1:{free_port()}", folder / "exporter.yml"
    with prometheus_server(prometheus, folder, address) as server:
        config.write_text(
            f"aws: {{endpoint_url: '{testbed.url}'}}\n"
            f"ledger: {{path: '{folder / 'ledger.db'}', initial_lookback: 10m}}\n"
            f"{sources}"
            f"exposition: {{series_warmup: {warmup}, interval: 500ms}}\n"
            "events: {enabled: true}\n"
        )
        yield World(testbed=testbed, prometheus=server, address=address, config=config, folder=folder)


@pytest.fixture
def world(tmp_path: Path, prometheus: str) -> Iterator[World]:
    settings = athena_testbed.Settings(
        queries_per_minute=QUERIES * 60 / SECONDS_OF_QUERIES,
        max_queries=QUERIES,
        time_scale=0.01,
        cloudtrail_delay=timedelta(seconds=0.5),
        lost_events=0,
        rates=None,
        dml_quota=1_000_000,
        faults=FAULTS,
    )
    with athena_testbed.running(settings) as testbed, served(tmp_path, prometheus, testbed, SWEEPS) as alive:
        yield alive


@in_full
@pytest.mark.process
@pytest.mark.prometheus
@pytest.mark.timeout(1800)
def test_twenty_kills_lose_nothing_and_count_nothing_twice(world: World) -> None:
    chance = random.Random(20)
    for kill in range(KILLS):
        if kill % 2:
            point = POINTS[kill // 2 % len(POINTS)]
            _die_at_a_crash_point(world, point, 1 if point == REVEAL else chance.randint(1, 6))
        else:
            _die_at_random(world, chance.uniform(0.2, 3.5))
    last = world.exporter()
    try:
        _all_is_counted_once(world, QUERIES)
        _every_query_and_every_use_of_a_table_has_its_event(world)
    finally:
        assert last.end() == 0


def _all_is_counted_once(world: World, queries: int) -> None:
    """Every counter, its increase in Prometheus, and every window, once no later read will add anything."""
    _settle(world)
    truth = _expected(world)
    assert sum(count for (name, _), count in truth.items() if name == catalog.QUERIES.name) > 0.98 * queries
    assert differences(truth, _increases(world)) == []
    # Midnight may pass between the two; afterwards they are equal again.
    until(
        lambda: differences(_expected_windows(world), exposed(scrape(world.url), *WINDOWS)) == [],
        every=1,
        what=lambda: str(differences(_expected_windows(world), exposed(scrape(world.url), *WINDOWS))),
    )
    _clients_and_refusals_equal_the_truth(world)


def _die_at_random(world: World, seconds: float) -> None:
    exporter = world.exporter()
    until(lambda: fetch(f"{world.url}/-/ready"), what="the exporter is ready")
    time.sleep(seconds)  # not waiting for anything: the moment of the kill is the test's random input
    exporter.kill()


def _die_at_a_crash_point(world: World, point: str, count: int) -> None:
    exporter = world.exporter(point, count)
    until(lambda: not exporter.running, seconds=180, what=f"the exporter dies at {point}")
    assert exporter.popen.returncode == -9


def _settle(world: World) -> None:
    """No new queries; then every source says that no later read will add anything, and every series shows itself."""
    until(lambda: world.testbed.account.exhausted, seconds=180, what="the company has started its queries")
    quiet = world.testbed.quiesce()
    over = datetime.fromisoformat(quiet["last_completion"]).timestamp()
    until(
        lambda: _complete_until(world) > over,
        seconds=900,
        every=1,
        what="both sources are complete past the last query",
    )
    truth = _expected(world)

    def missing() -> list[str]:
        return differences(truth, exposed(scrape(world.url), *COUNTED_WITH_TABLES_AND_JOBS))

    # Eight seconds of warm-up, and half a second each for a rendering and a scrape.
    until(
        lambda: not missing(),
        seconds=180,
        every=1,
        what=lambda: "\n".join(["counters equal the truth:", *missing()[:20]]),
    )


def _expected(world: World) -> Expected:
    """Every counter that is compared series by series."""
    truth = world.testbed.truth()
    return expected_counters(truth) | expected_tables(truth) | expected_workloads(truth)


def _every_query_and_every_use_of_a_table_has_its_event(world: World) -> None:
    """At least once; a copy carries the same `access_id`, so that distinct ids are what there was."""
    uses = {(one["query_id"], one["database"], one["table"], one["mode"]) for one in world.testbed.access()}
    queries = world.testbed.truth()["queries"]
    until(
        lambda: (
            (len(_told(world, "queries", "query_id")), len(_told(world, "table-access", "access_id")))
            == (queries, len(uses))
        ),
        seconds=180,
        every=1,
        what=f"{queries} queries and {len(uses)} uses of tables have their events",
    )
    assert _told(world, "table-access", "query_id", "database", "table", "mode") == uses


def _told(world: World, group: str, *fields: str) -> set[tuple[str, ...]]:
    """The different values of these fields in a log group's events."""
    (found,) = [one for one in world.testbed.logs.groups() if one.name == f"/athena-observability/{group}"]
    events = found.between(0, 2**62, world.testbed.testbed.now_ms())
    return {tuple(json.loads(event.message)[field] for field in fields) for event in events}


def _complete_until(world: World) -> float:
    found = summed(scrape(world.url), catalog.SOURCE_COMPLETE_UNTIL.name, "source")
    return min(found.get((source,), 0) for source in ("athena", "lookup"))


def _increases(world: World) -> dict[tuple[str, tuple[str, ...]], int]:
    """`increase()` since before the first scrape, evaluated at the last scrape: extrapolation then adds nothing."""
    queries = catalog.QUERIES.name
    final = sum(summed(scrape(world.url), queries).values())
    moments: list[float] = []

    def scraped() -> bool:
        """One question for both: the scrape after that of the totals may fail, and then there is no last one."""
        moments.extend(
            world.prometheus.series(f"max(timestamp({queries})) and sum({queries}) == {final:.0f}", "at").values()
        )
        return bool(moments)

    until(scraped, what="Prometheus has scraped the final totals")
    (at,) = moments
    found: dict[tuple[str, tuple[str, ...]], int] = {}
    for metric in COUNTED_WITH_TABLES_AND_JOBS:
        found |= exposed(world.prometheus.series(f"increase({metric.name}[1h])", metric.name, at), metric)
    return found


def _expected_windows(world: World) -> dict[tuple[str, tuple[str, ...]], int]:
    """The truth of each window. (Nothing is older than this test, but midnight may pass during it.)"""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    month = today.replace(day=1)
    day = timedelta(days=1)
    return (
        expected_window(world.testbed.truth(today), "today")
        | expected_window(world.testbed.truth(today - day, today), "yesterday")
        | expected_window(world.testbed.truth(month), "month")
        | expected_window(world.testbed.truth((month - day).replace(day=1), month), "last_month")
    )


def _clients_and_refusals_equal_the_truth(world: World) -> None:
    truth = world.testbed.truth()
    clients = summed(scrape(world.url), catalog.CLIENT_QUERIES.name, "client")
    assert {client: count for (client,), count in clients.items()} == {
        client: sums["queries"] for client, sums in truth["by_client"].items()
    }
    # A refusal has no query that waits for it: the next full pass brings the last ones. Some events do not say which
    # workgroup was asked, so the sum is what must be equal.
    total = truth["failed_starts"]["total"]
    until(
        lambda: sum(summed(scrape(world.url), catalog.START_REJECTIONS.name).values()) == total,
        every=1,
        what=lambda: f"{total} refused starts, found {summed(scrape(world.url), catalog.START_REJECTIONS.name)}",
    )


# -- three routes at once -------------------------------------------------------------------------------------------


ROUTED = 1_500
SECONDS_OF_ROUTED = 15
GOVERNED = AccessEvent.GET_DATA_ACCESS.value
ROUTED_RULES = {
    "changes": {**RULES["changes"], "detail": {"currentState": [{"anything-but": ["QUEUED"]}]}},
    "starts": RULES["starts"],
}
# All but Glue: whoever fails to follow a view counts the view alone for minutes, as it is promised.
ROUTED_FAULTS = (
    *(
        {**fault, "operation": f"{service}:*"}
        for fault in FAULTS[2:]
        if "operation" not in fault
        for service in ("athena", "cloudtrail", "sqs", "s3", "logs")
    ),
    {"kind": "throttle", "operation": "cloudtrail:*", "every": 3},
    {"kind": "throttle", "operation": "athena:*", "every": 41},
    {"kind": "throttle", "operation": "sqs:*", "every": 29},
    {"kind": "denied", "operation": "s3:GetObject", "every": 17},
)
ROUTED_POINTS: Sequence[tuple[str, int]] = (
    (READ, 1), (HEARD, 2), (KNOWN, 2), (POINTS[0], 7), (HEARD, 4), (COMMITTED, 9),
)  # fmt: skip  # rows
"""Where it dies, and at which passage."""


@in_full
@pytest.mark.process
@pytest.mark.prometheus
@pytest.mark.timeout(900)
def test_three_routes_that_all_lose_and_repeat_count_every_query_once(tmp_path: Path, prometheus: str) -> None:
    settings = athena_testbed.Settings(
        queries_per_minute=ROUTED * 60 / SECONDS_OF_ROUTED, max_queries=ROUTED, time_scale=0.01, lost_events=0,
        cloudtrail_delay=timedelta(seconds=1), duplicate_events=0.2, disordered_events=0.1, failed_starts=0.03,
        api_event_delay=timedelta(seconds=0.5), state_change_delay=timedelta(seconds=0.2),
        lost_changes=0.1, duplicate_changes=0.2, disordered_changes=0.2, lost_calls=0.1, duplicate_calls=0.2,
        trail_interval=timedelta(seconds=1), longest_hidden=timedelta(seconds=6), rates=None, dml_quota=1_000_000,
    )  # fmt: skip  # rows
    with (
        athena_testbed.running(settings) as testbed,
        bridged(testbed.url, rules=()) as events,
        trailed(testbed.url) as files,
        served(tmp_path, prometheus, testbed, _three_routes(events, files)) as world,
    ):
        _set_up(testbed, events, files)
        for point, count in ROUTED_POINTS:
            _die_at_a_crash_point(world, point, count)
        last = world.exporter()
        try:
            _all_is_counted_once(world, ROUTED)
            _every_route_has_told(world, events, files)
            _every_query_and_every_access_has_its_event(world)
        finally:
            assert last.end() == 0


def _three_routes(events: Bridged, files: Trailed) -> str:
    return (
        "sources:\n"
        "  athena: {deep_interval: 10s}\n"
        f"  lookup: {{interval: 1s, full_pass: 10s, access_events: [{GOVERNED}]}}\n"
        f"  eventbridge: {{enabled: true, queue_url: '{events.url}', gather: 200ms, sweep_interval: 2s}}\n"
        f"  trail: {{enabled: true, queue_url: '{files.url}', bucket: {files.bucket}, access_events: [{GOVERNED}]}}\n"
    )


def _set_up(testbed: athena_testbed.Running, events: Bridged, files: Trailed) -> None:
    """Rules and a trail; beside them in the queues, what nobody can read. Only then does anything go wrong."""
    for name, pattern in ROUTED_RULES.items():
        events.rule(name, pattern)
    reads = {
        "source": ["aws.lakeformation"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {"eventName": [GOVERNED]},
    }
    events.rule("reads", reads, WITH_READS)
    files.log()
    at_ms = testbed.testbed.now_ms()
    for token, body in (("broken", packed([])[:-3]), ("gone", packed([]))):
        key = file_key(athena_testbed.ACCOUNT_ID, testbed.testbed.settings.region, at_ms, token)
        files.put(key, body)
        if token == "gone":
            files.s3.delete_object(Bucket=files.bucket, Key=key)
    for queue in (events, files):
        queue.send("no JSON", {"order": 17})
    testbed.plan_faults(list(ROUTED_FAULTS))


def _every_route_has_told(world: World, events: Bridged, files: Trailed) -> None:
    """What was hidden when the exporter died has come again, and everything has left the queues."""
    files.cloudtrail.stop_logging(Name="trail")
    until(
        lambda: (events.waiting(), files.waiting()) == (0, 0),
        seconds=180,
        every=1,
        what=lambda: f"the queues are empty; {events.waiting()} and {files.waiting()} messages are left",
    )
    assert sum(world.testbed.testbed.bridge.sent.values()) > 2 * ROUTED
    assert len(world.testbed.testbed.trails.keys) > SECONDS_OF_ROUTED / 2
    assert world.testbed.testbed.bridge.lost


def _every_query_and_every_access_has_its_event(world: World) -> None:
    """Those that the SQL names, and those that Lake Formation was asked for, which three routes have told."""
    uses = {(one["query_id"], one["database"], one["table"], one["mode"]) for one in world.testbed.access()}
    asked = {
        (one["query_id"], one["database"], one["table"])
        for one in world.testbed.testbed.access_events()
        if one["api"] == GOVERNED
    }
    assert asked
    until(
        lambda: len(_told(world, "queries", "query_id")) == world.testbed.truth()["queries"],
        every=1,
        what="every query has its event",
    )
    until(
        lambda: _accesses(world, is_sql=True) == uses and {one[:3] for one in _accesses(world, is_sql=False)} == asked,
        every=1,
        what=lambda: (
            f"{len(uses)} and {len(asked)} accesses, found "
            f"{len(_accesses(world, is_sql=True))} and {len(_accesses(world, is_sql=False))}"
        ),
    )


def _accesses(world: World, *, is_sql: bool) -> set[tuple[str, ...]]:
    told = _told(world, "table-access", "query_id", "database", "table", "mode", "origin")
    return {one[:4] for one in told if (one[4] == "sql") is is_sql}
