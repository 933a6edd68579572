"""Why these tests exist: the one seam that catches. Every failure shows three ways, stops nothing else, and a bug is
no failure: it ends the process."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import boto3
import pytest
from book import BORN, DAY, HOUR, MINUTE, NOON, TARGET, Book, opened, query, read_of, settings_for, start
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from source_world import QUIET, REGION, session_with
from source_world import TARGET as TESTBED

import athena_testbed
from athena_exporter import catalog
from athena_exporter.outlets.server import Exposition
from athena_exporter.poller import Clocks, Poller, Threads
from athena_exporter.records import Batch, Evidence, Target
from athena_exporter.sources import Knowledge, Source
from athena_exporter.sources.athena import AthenaSource
from athena_exporter.sources.session import AthenaApi
from athena_exporter.sources.system_table.spending import SpentError
from athena_exporter.telemetry import Telemetry

PATIENCE = timedelta(seconds=60)
SUCCEEDED = ("primary", "DML", "succeeded")


@dataclass
class Desk:
    """A poller with everything around it; `now` and the book's hand are the clocks."""

    book: Book
    now: datetime = NOON + MINUTE
    telemetry: Telemetry = field(default_factory=Telemetry)
    exposition: Exposition = field(default_factory=Exposition)

    def __post_init__(self) -> None:
        self.poller = Poller(
            ledger=self.book.ledger,
            telemetry=self.telemetry,
            publisher=self.exposition,
            clocks=Clocks(now=lambda: self.now, monotonic=self.book.hand),
        )

    def told(self, metric: catalog.Metric, *labels: str) -> int | float | None:
        """What the process says of itself."""
        found = {s.labels: s.value for s in self.telemetry.samples() if s.metric == metric.name}
        return found.get(labels)

    def page(self) -> str:
        assert self.exposition.page is not None
        return self.exposition.page.plain.decode()

    def samples(self) -> Iterator[Sample]:
        """What Prometheus would read."""
        for family in text_string_to_metric_families(self.page()):
            yield from family.samples


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opened(settings_for(tmp_path)) as book:
        yield Desk(book)


@dataclass
class Told:
    """A source that tells what it was given; a callable among it is called in its place."""

    parts: list[Batch | Callable[[], None]]
    name: str = "athena"
    target: Target = TARGET

    def read(self, knowledge: Knowledge) -> Iterator[Batch]:
        assert knowledge.sequence() >= 0
        for part in self.parts:
            if isinstance(part, Batch):
                yield part
            else:
                part()


def batch(*records: object, at: datetime = NOON + MINUTE, malformed: int = 0) -> Batch:
    return Batch(source="athena", target=TARGET, observed_at=at, records=records, malformed=malformed)  # type: ignore[arg-type]  # a test tells records


def unreachable() -> None:
    raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1/")


# -- reading --------------------------------------------------------------------------------------------------------


def test_a_source_that_was_read_to_its_end_is_up_and_says_when(desk: Desk) -> None:
    desk.poller.poll(Told([batch(query(), at=NOON + MINUTE)]))
    assert desk.told(catalog.SOURCE_UP, "athena") == 1
    assert desk.told(catalog.SOURCE_ERRORS, "athena", "network") is None
    assert desk.book.count(catalog.SOURCE_LAST_SUCCESS, "athena") == desk.now.timestamp() * 1000
    assert desk.book.total(catalog.QUERIES) == 1


def test_a_duration_is_measured_on_the_monotonic_clock(desk: Desk) -> None:
    def takes_long() -> None:
        desk.book.hand.seconds += 2.5
        desk.now -= 400 * DAY

    assert desk.poller.poll(Told([takes_long]))
    assert desk.told(catalog.SOURCE_DURATION, "athena") == 2.5


def test_the_lag_is_the_age_of_the_newest_thing_that_was_told(desk: Desk) -> None:
    old, new = batch(query(1, at=NOON - HOUR), at=NOON), batch(query(2, at=NOON - MINUTE), start(3), at=NOON)
    desk.poller.poll(Told([old, new, batch(at=NOON + DAY)]))
    assert desk.told(catalog.SOURCE_LAG, "athena") == 10, "the start of ten seconds before noon"


def test_a_read_that_brings_nothing_leaves_the_lag_as_it_was(desk: Desk) -> None:
    desk.poller.poll(Told([batch()]))
    assert desk.told(catalog.SOURCE_LAG, "athena") is None
    desk.poller.poll(Told([batch(query(), at=NOON + MINUTE)]))
    desk.poller.poll(Told([batch()]))
    assert desk.told(catalog.SOURCE_LAG, "athena") == 60


def test_what_could_not_be_read_is_counted(desk: Desk) -> None:
    desk.poller.poll(Told([batch(malformed=2), batch(malformed=3)]))
    assert desk.told(catalog.MALFORMED_RECORDS, "athena") == 5


def test_messages_are_counted_with_their_batch(desk: Desk) -> None:
    told = replace(batch(), messages={"used": 2, "alien": 0})
    desk.poller.poll(Told([told, batch(), told]))
    assert desk.told(catalog.MESSAGES, "athena", "used") == 4
    assert desk.told(catalog.MESSAGES, "athena", "alien") == 0


def test_batches_before_a_failure_stay_counted(desk: Desk) -> None:
    assert not desk.poller.poll(Told([batch(query(1)), unreachable, batch(query(2))]))
    assert desk.book.total(catalog.QUERIES) == 1
    assert desk.told(catalog.SOURCE_UP, "athena") == 0
    assert desk.told(catalog.SOURCE_ERRORS, "athena", "network") == 1
    assert desk.book.count(catalog.SOURCE_LAST_SUCCESS, "athena") is None
    assert desk.poller.poll(Told([batch(query(2))]))
    assert desk.told(catalog.SOURCE_UP, "athena") == 1
    assert desk.told(catalog.SOURCE_ERRORS, "athena", "network") == 1


def test_a_failure_of_one_source_leaves_the_other_up(desk: Desk) -> None:
    desk.poller.poll(Told([unreachable], name="lookup"))
    desk.poller.poll(Told([]))
    assert (desk.told(catalog.SOURCE_UP, "athena"), desk.told(catalog.SOURCE_UP, "lookup")) == (1, 0)


def test_a_bug_in_a_source_is_not_caught(desk: Desk) -> None:
    def bug() -> None:
        raise KeyError("QueryExecutionId")

    with pytest.raises(KeyError):
        desk.poller.poll(Told([bug]))


# -- AWS's failures, over the real wire -----------------------------------------------------------------------------


@pytest.fixture
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLEEXAMPLE00")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)


@contextmanager
def account(url: str, *, retries: bool) -> Iterator[AthenaSource]:
    """The real source; without botocore's retries where they would only make a test wait."""
    if retries:
        session = session_with(url, Counter())
        try:
            yield AthenaSource(client=session.athena(), target=TESTBED, clock=lambda: NOON)
        finally:
            session.close()
        return
    once = Config(retries={"total_max_attempts": 1, "mode": "standard"})
    client = boto3.Session(region_name=REGION).client("athena", endpoint_url=url, config=once)
    try:
        yield AthenaSource(client=cast("AthenaApi", client), target=TESTBED, clock=lambda: NOON)
    finally:
        client.close()


@pytest.mark.usefixtures("_credentials")
@pytest.mark.parametrize(
    ("kind", "reason", "words", "retries"),
    [
        ("throttle", "throttled", "AWS throttled ListWorkGroups (ThrottlingException)", False),
        ("too_many_requests", "throttled", "AWS throttled ListWorkGroups (TooManyRequestsException)", False),
        ("internal", "server", "AWS failed at ListWorkGroups (InternalServerException)", False),
        ("unavailable", "server", "AWS failed at ListWorkGroups (ServiceUnavailableException)", False),
        ("drop_before", "network", "AWS could not be reached", False),
        ("denied", "denied", "the exporter needs athena:ListWorkGroups", True),
        ("expired", "credentials", "they have expired, renew them", True),
        ("unrecognized", "credentials", "check the access key", True),
        ("garbage", "answer", "the answer to ListWorkGroups cannot be read", True),
        ("html", "answer", "the answer to ListWorkGroups cannot be read", True),
        ("truncated", "answer", "the answer to ListWorkGroups cannot be read", True),
    ],
)
def test_each_failure_is_a_counter_an_up_of_0_and_one_line(
    desk: Desk, caplog: pytest.LogCaptureFixture, kind: str, reason: str, words: str, *, retries: bool
) -> None:
    desk.book.ledger.adopt(TESTBED, BORN)
    with athena_testbed.running(QUIET) as testbed, account(testbed.url, retries=retries) as source:
        assert desk.poller.poll(source)
        testbed.plan_faults([{"kind": kind, "operation": "athena:*"}])
        assert not desk.poller.poll(source)
        assert desk.told(catalog.SOURCE_UP, "athena") == 0
        assert desk.told(catalog.SOURCE_ERRORS, "athena", reason) == 1
        (line,) = [r for r in caplog.records if r.name == "athena_exporter.poller"]
        assert line.levelno == logging.WARNING
        assert line.getMessage().startswith(f"athena ({TESTBED.account_id}, {REGION}): ")
        assert words in line.getMessage()
        assert "\n" not in line.getMessage()
        testbed.plan_faults([])
        assert desk.poller.poll(source)
        assert desk.told(catalog.SOURCE_UP, "athena") == 1


def test_a_limit_that_was_configured_is_counted_and_said_and_no_outage(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    assert desk.poller.poll(Told([]))
    since = desk.now

    def spent() -> None:
        raise SpentError("today's questions have scanned 1 bytes")

    desk.now += HOUR
    assert not desk.poller.poll(Told([spent]))
    assert desk.told(catalog.SOURCE_UP, "athena") == 1
    assert desk.told(catalog.SOURCE_ERRORS, "athena", "limit") == 1
    told = desk.book.count(catalog.SOURCE_LAST_SUCCESS, "athena", now=desk.now)
    assert told == since.timestamp() * 1000, "its age says how long it has waited"
    (line,) = [r for r in caplog.records if r.name == "athena_exporter.poller"]
    assert "today's questions have scanned 1 bytes" in line.getMessage()


# -- the ledger's failures ------------------------------------------------------------------------------------------


def no_room(book: Book) -> None:
    """Let the ledger's file not grow by a page."""
    pages = book.ledger._writer.execute("PRAGMA page_count").fetchone()[0]
    book.ledger._writer.execute(f"PRAGMA max_page_count = {pages}")


def test_a_ledger_that_cannot_be_written_is_a_failure_of_the_read(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    no_room(desk.book)
    assert not desk.poller.poll(Told([batch(*(query(n) for n in range(500)))]))
    assert desk.told(catalog.SOURCE_ERRORS, "athena", "ledger") == 1
    assert desk.told(catalog.SOURCE_UP, "athena") == 0
    assert "the disk is full; free some space" in caplog.text
    desk.book.ledger._writer.execute("PRAGMA max_page_count = 1000000")
    assert desk.poller.poll(Told([batch(*(query(n) for n in range(500)))]))
    assert desk.book.total(catalog.QUERIES) == 500


def test_a_source_of_an_unknown_target_fails_and_stops_nothing(desk: Desk) -> None:
    stranger = replace(TARGET, region="xx-north-1")
    assert not desk.poller.poll(Told([], target=stranger))
    assert desk.told(catalog.SOURCE_ERRORS, "athena", "ledger") == 1


# -- publishing -----------------------------------------------------------------------------------------------------


def test_what_is_published_is_the_committed_state_and_the_process_beside_it(desk: Desk) -> None:
    desk.poller.poll(Told([batch(query(), start())]))
    desk.poller.publish()
    served = {(s.name, s.labels.get("state"), s.labels.get("source")): s.value for s in desk.samples()}
    assert served["athena_queries_total", "succeeded", None] == 1
    assert served["athena_exporter_source_up", None, "athena"] == 1
    assert served["athena_exporter_build_info", None, None] == 1


def test_the_page_for_people_tells_the_same_moment_as_the_metrics(desk: Desk) -> None:
    desk.poller.poll(Told([batch(query(), start())]))
    desk.poller.publish()
    front = desk.exposition.front.plain.decode()
    assert f'As of <time datetime="{desk.now:%Y-%m-%dT%H:%M:%SZ}">' in front
    assert f"account {TARGET.account_id}" in front
    assert "\u2713</span> up" in front


def test_what_was_published_is_remembered_so_that_an_older_copy_is_recognised(desk: Desk) -> None:
    desk.poller.poll(Told([batch(query())]))
    desk.poller.publish()
    stamp = desk.book.ledger._tenure.stamp()
    assert stamp is not None
    assert stamp.sequence == desk.book.ledger.view(TARGET).sequence()


def test_a_ledger_that_cannot_be_read_leaves_the_last_page_in_place(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.poller.poll(Told([batch(query(), start())]))
    desk.poller.publish()
    before = desk.page()
    desk.book.ledger._writer.execute("ALTER TABLE counters RENAME TO hidden")
    desk.poller.publish()
    assert desk.page() == before
    assert "publishing: ledger" in caplog.text
    desk.book.ledger._writer.execute("ALTER TABLE hidden RENAME TO counters")
    desk.poller.poll(Told([batch(query(2))]))
    desk.poller.publish()
    assert desk.page() != before


# -- pruning --------------------------------------------------------------------------------------------------------


def test_a_target_is_pruned_at_once_and_then_every_ten_minutes(desk: Desk) -> None:
    def old_and_swept(number: int, days: int) -> datetime:
        later = NOON + days * DAY
        sweep = [read_of(Evidence.EXECUTIONS, begun=later)]
        desk.book.deliver(query(number, at=later), start(number, at=later), at=later, reads=sweep)
        return later - 3 * DAY

    def mark() -> datetime:
        return desk.book.ledger.view(TARGET).low_water()

    first = old_and_swept(1, 10)
    desk.poller.prune([TARGET])
    assert mark() == first
    second = old_and_swept(2, 20)
    desk.book.hand.seconds = 599
    desk.poller.prune([TARGET])
    assert mark() == first
    desk.book.hand.seconds = 600
    desk.poller.prune([TARGET])
    assert mark() == second


def test_a_ledger_that_cannot_be_pruned_is_one_line_and_is_tried_again(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.book.ledger._writer.execute("ALTER TABLE usage_hours RENAME TO hidden")
    desk.poller.prune([TARGET])
    assert caplog.text.count("pruning: ledger") == 1
    desk.poller.prune([TARGET])
    assert caplog.text.count("pruning: ledger") == 1
    desk.book.hand.seconds = 600
    desk.poller.prune([TARGET])
    assert caplog.text.count("pruning: ledger") == 2


def test_what_is_no_target_any_longer_is_not_published_and_comes_back_with_its_totals(desk: Desk) -> None:
    desk.book.deliver(query())
    desk.book.ledger.reveal()
    desk.poller.publish()
    shown = desk.page()
    desk.poller.leave_out([TARGET])
    desk.poller.publish()
    assert f'account_id="{TARGET.account_id}"' in shown
    assert f'account_id="{TARGET.account_id}"' not in desk.page()
    assert catalog.BUILD_INFO.name in desk.page()
    desk.poller.leave_out([])
    desk.poller.publish()
    assert [line for line in desk.page().splitlines() if line.startswith(catalog.QUERIES.name)] == [
        line for line in shown.splitlines() if line.startswith(catalog.QUERIES.name)
    ]


# -- threads --------------------------------------------------------------------------------------------------------


def test_an_action_without_an_interval_has_a_pause_only_after_a_failure() -> None:
    threads, failed, count = Threads(time.monotonic), threading.Event(), Counter[str]()

    def act() -> bool:
        count["act"] += 1
        if count["act"] == 100:
            failed.set()
        return count["act"] < 100

    threads.every(timedelta(0), act, "act")
    assert failed.wait(60)
    threads.stop()
    threads.wait(timedelta(seconds=60))
    assert count["act"] == 100


def test_an_action_is_repeated_until_it_is_told_to_stop() -> None:
    threads, enough, count = Threads(time.monotonic), threading.Event(), Counter[str]()

    def act() -> None:
        count["acted"] += 1
        if count["acted"] == 3:
            enough.set()

    threads.every(timedelta(milliseconds=1), act, "act")
    assert enough.wait(60)
    threads.stop()
    threads.wait(PATIENCE)
    ended_with = count["acted"]
    assert ended_with >= 3
    assert not [thread for thread in threading.enumerate() if thread.name == "act"]


@pytest.mark.parametrize("repeated", [True, False])
def test_a_bug_in_a_thread_ends_all_of_them_and_rises_where_they_are_waited_for(repeated: bool) -> None:  # noqa: FBT001 - a parameter of pytest
    threads, others = Threads(time.monotonic), threading.Event()

    def bug() -> None:
        others.wait(60)
        raise ZeroDivisionError("a bug")

    threads.every(timedelta(milliseconds=1), others.set, "sound")
    if repeated:
        threads.every(timedelta(milliseconds=1), bug, "buggy")
    else:
        threads.once(bug, "buggy")
    with pytest.raises(ZeroDivisionError, match="a bug"):
        threads.wait(PATIENCE)
    assert not [thread for thread in threading.enumerate() if thread.name in {"sound", "buggy"}]


def test_the_first_of_several_bugs_is_the_one_that_rises() -> None:
    threads, first_done = Threads(time.monotonic), threading.Event()

    def first() -> None:
        first_done.set()
        raise ValueError("first")

    def second() -> None:
        assert threads.pause(PATIENCE), "the first bug stops the pause"
        raise KeyError("second")

    threads.once(second, "second")
    threads.once(first, "first")
    assert first_done.wait(60)
    with pytest.raises(ValueError, match="first"):
        threads.wait(PATIENCE)


def test_a_pause_says_whether_it_is_time_to_stop() -> None:
    threads = Threads(time.monotonic)
    assert not threads.pause(timedelta(0))
    threads.stop()
    assert threads.pause(PATIENCE)


def test_a_thread_that_does_not_end_is_waited_for_no_longer_than_one_has_patience() -> None:
    threads, release = Threads(time.monotonic), threading.Event()
    threads.once(lambda: release.wait(60), "stubborn")
    threads.stop()
    threads.wait(timedelta(milliseconds=10))
    release.set()


def test_all_that_do_not_end_share_one_patience() -> None:
    threads, release = Threads(time.monotonic), threading.Event()
    for number in range(80):
        threads.once(lambda: release.wait(90), f"stubborn {number}")
    threads.stop()
    began = time.monotonic()
    threads.wait(timedelta(seconds=0.5))
    assert 0.5 <= time.monotonic() - began < 40
    release.set()


# -- what the process knows of itself -------------------------------------------------------------------------------


def test_calls_are_counted_by_service_operation_and_result_and_cost_nothing() -> None:
    telemetry = Telemetry()
    for result in ("ok", "ok", "ThrottlingException"):
        telemetry.aws_call(TARGET, "athena", "ListWorkGroups", result)
    found = {(s.metric, s.labels): s.value for s in telemetry.samples()}
    assert found[catalog.AWS_REQUESTS.name, ("athena", "ListWorkGroups", "ok")] == 2
    assert found[catalog.AWS_REQUESTS.name, ("athena", "ListWorkGroups", "ThrottlingException")] == 1
    assert found[catalog.AWS_COST_USD.name, ("athena", "ListWorkGroups", "ok")] == 0


def test_a_source_is_named_before_anything_went_wrong_with_it() -> None:
    telemetry = Telemetry()
    telemetry.malformed(TARGET, "athena", 0)
    assert [(s.metric, s.value) for s in telemetry.samples()] == [(catalog.MALFORMED_RECORDS.name, 0)]


def test_sources_are_the_protocol_that_the_poller_asks_for(desk: Desk) -> None:
    source: Source = Told([])
    assert desk.poller.poll(source)
