"""A trail beside the event history: every query once, killed and repeated, and nobody nameless too early."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from source_world import QUIET, TARGET, Hand, MakeWorld, World
from trails import Trailed, trailed

import athena_testbed
from athena_exporter import catalog
from athena_exporter.cli import main
from athena_exporter.ledger import history
from athena_exporter.ledger.model import Rules
from athena_exporter.ledger.store import Ledger, LedgerSettings
from athena_exporter.pricing import Prices
from athena_exporter.records import UNATTRIBUTED, Batch, QueryExecution, State
from athena_exporter.sources import Source
from athena_exporter.sources.identity import IdentityRules
from athena_exporter.sources.queues import Queue
from athena_exporter.sources.trail import Audience, Reading, TrailSource
from athena_testbed.trail import file_key, packed

HOUR = timedelta(hours=1)
COMPANY = athena_testbed.Settings(
    queries_per_minute=8, rates=None, lost_events=0.0, duplicate_events=0.3, time_scale=0.05, failed_starts=0.05,
    cloudtrail_delay=timedelta(minutes=2), trail_interval=timedelta(minutes=5),
)  # fmt: skip  # rows


def opened(path: Path, **settings: Any) -> Ledger:
    rules = Rules(prices=Prices(usd_per_tb=Decimal(5), tb_bytes=2**40, minimum_bytes=10 * 2**20))
    kept = LedgerSettings(path=path, rules=rules, series_warmup=timedelta(0), **settings)
    return Ledger(kept, monotonic=lambda: 0.0)


def trail(world: World, made: Trailed, **changed: Any) -> TrailSource:
    queue = Queue(
        client=world.session.sqs(), url=made.url, source="trail", target=TARGET, clock=world.clock,
        pause=lambda _: None, visibility=timedelta(0),
    )  # fmt: skip  # rows
    return TrailSource(
        queue=queue, client=world.session.s3(), bucket=made.bucket, target=TARGET, settle=timedelta(minutes=15),
        audience=lambda: Audience(targets=frozenset({TARGET})), reading=Reading(rules=IdentityRules.of()),
        wait=timedelta(0), **changed,
    )  # fmt: skip  # rows


def sums(ledger: Ledger, metric: catalog.Metric, now: datetime) -> dict[tuple[str, ...], float]:
    ledger.reveal()
    return {one.labels: one.value for one in ledger.samples(now) if one.metric == metric.name}


def by_user(ledger: Ledger, now: datetime) -> dict[str, float]:
    found: dict[str, float] = {}
    for labels, value in sums(ledger, catalog.USER_QUERIES, now).items():
        found[labels[0]] = found.get(labels[0], 0) + value
    return {user: value for user, value in found.items() if value}


def test_every_query_counts_once_with_trail_and_lookup_on_and_kills(make_world: MakeWorld, tmp_path: Path) -> None:
    hand = Hand()
    with make_world(COMPANY, hand=hand) as world, trailed(world.running.url) as made:
        made.log()
        path, begun = tmp_path / "ledger.db", hand.at
        with closing(opened(path)) as ledger:
            ledger.adopt(TARGET, hand.at)
            ledger.stamp()
        for number in range(8):
            hand.at += timedelta(minutes=6)
            # Each time it is killed after a few batches: what was committed stays, what was not comes again.
            with closing(opened(path)) as ledger:
                many: Sequence[Source] = (world.athena(), trail(world, made), world.lookup())
                for source in many:
                    for batch in islice(source.read(ledger.view(TARGET)), number % 4 + 1):
                        ledger.apply(batch)
                ledger.stamp()
        world.running.quiesce()
        hand.at += HOUR
        with closing(opened(path)) as ledger:
            sources = (world.athena(), trail(world, made), world.lookup())
            for _ in range(4):
                hand.at += timedelta(minutes=10)
                for source in sources:
                    for batch in source.read(ledger.view(TARGET)):
                        ledger.apply(batch)
            truth = world.running.truth(begun, None)
            expected = {user: found["queries"] for user, found in truth["by_user"].items() if found["queries"]}
            assert sum(expected.values()) > 100
            assert by_user(ledger, hand.at) == expected
            assert sum(sums(ledger, catalog.DISAGREEMENTS, hand.at).values()) == 0
            assert sum(sums(ledger, catalog.UNATTRIBUTED_QUERIES, hand.at).values()) == 0


# -- patience ---------------------------------------------------------------------------------------------------------


def execution(query_id: str, submitted_at: datetime) -> QueryExecution:
    return QueryExecution(
        query_id=query_id, workgroup="primary", state=State.SUCCEEDED, submitted_at=submitted_at,
        ended_at=submitted_at + timedelta(seconds=5), scanned_bytes=7, total_ms=5,
    )  # fmt: skip  # rows


def start(query_id: str, at: datetime) -> dict[str, Any]:
    return {
        "eventVersion": "1.11", "userIdentity": {"type": "IAMUser", "userName": "ann"},
        "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}", "eventSource": "athena.amazonaws.com",
        "eventName": "StartQueryExecution", "awsRegion": TARGET.region, "eventID": f"event-{query_id}",
        "responseElements": {"queryExecutionId": query_id}, "recipientAccountId": TARGET.account_id,
    }  # fmt: skip  # rows


class Patient:
    """A ledger and a trail whose clock a test moves; a heartbeat of files shows that the trail logs."""

    def __init__(self, world: World, made: Trailed, hand: Hand, path: Path) -> None:
        self.made, self.hand = made, hand
        self.ledger = opened(path)
        self.ledger.adopt(TARGET, hand.at)
        self._source = trail(world, made)
        self._number = 0

    def count(self, query_id: str) -> None:
        told = execution(query_id, self.hand.at)
        self.ledger.apply(Batch(source="athena", target=TARGET, observed_at=self.hand.at, records=(told,)))

    def file(self, *records: dict[str, Any]) -> None:
        self._number += 1
        at_ms = int(self.hand.at.timestamp() * 1000)
        self.made.put(file_key(TARGET.account_id, TARGET.region, at_ms, f"{self._number}"), packed(records))

    def read(self) -> None:
        for batch in self._source.read(self.ledger.view(TARGET)):
            self.ledger.apply(batch)

    def let_pass(self, span: timedelta) -> None:
        """Half an hour at a time, with a file each."""
        end = self.hand.at + span
        while self.hand.at < end:
            self.hand.at += timedelta(minutes=30)
            self.file()
            self.read()

    def users(self) -> dict[str, float]:
        return by_user(self.ledger, self.hand.at)


@pytest.fixture
def patient(make_world: MakeWorld, tmp_path: Path) -> Iterator[Patient]:
    hand = Hand()
    with make_world(QUIET, hand=hand) as world, trailed(world.running.url) as made:
        one = Patient(world, made, hand, tmp_path / "ledger.db")
        with closing(one.ledger):
            yield one


def test_a_query_that_no_file_names_stays_pending_for_the_patience_and_no_longer(patient: Patient) -> None:
    patient.let_pass(HOUR)
    patient.count("q-1")
    patient.let_pass(2 * HOUR)
    assert patient.users() == {}, "three hours are its patience"
    patient.let_pass(2 * HOUR)
    assert patient.users() == {UNATTRIBUTED: 1}


def test_a_silent_trail_gives_nobody_up(patient: Patient) -> None:
    patient.let_pass(HOUR)
    patient.count("q-1")
    for _ in range(20):
        patient.hand.at += HOUR
        patient.read()
    assert patient.users() == {}


def test_a_file_that_cannot_be_read_gives_nobody_up_who_may_be_named_in_it(patient: Patient) -> None:
    patient.let_pass(HOUR)
    patient.count("q-1")
    at_ms = int(patient.hand.at.timestamp() * 1000)
    patient.made.put(file_key(TARGET.account_id, TARGET.region, at_ms, "broken"), b"not gzip")
    patient.let_pass(10 * HOUR)
    assert patient.users() == {}


def test_a_late_file_still_corrects_the_windows(patient: Patient) -> None:
    patient.let_pass(HOUR)
    submitted_at = patient.hand.at
    patient.count("q-1")
    patient.let_pass(5 * HOUR)
    assert patient.users() == {UNATTRIBUTED: 1}
    patient.file(start("q-1", submitted_at))
    patient.read()
    assert patient.users() == {UNATTRIBUTED: 1}, "counters keep what they have said"
    assert sum(sums(patient.ledger, catalog.LATE_IDENTITIES, patient.hand.at).values()) == 1
    found = history.usage(_path(patient), submitted_at - HOUR, patient.hand.at)
    assert {row.user: row.queries for row in found} == {"ann": 1}


def _path(patient: Patient) -> Path:
    return Path(patient.ledger._settings.path)


# -- the past ---------------------------------------------------------------------------------------------------------


def config(tmp_path: Path, world: World, made: Trailed) -> Path:
    path = tmp_path / "exporter.yml"
    path.write_text(
        f"targets: [{{region: {TARGET.region}}}]\naws: {{endpoint_url: '{world.running.url}'}}\n"
        f"ledger: {{path: '{tmp_path / 'ledger.db'}', seed: 10d}}\n"
        f"sources: {{trail: {{bucket: {made.bucket}}}}}\n"
    )
    return path


def ran(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["backfill", *arguments])
    return result.exit_code, result.output


def test_the_past_finds_its_users_and_no_counter_rises(make_world: MakeWorld, tmp_path: Path) -> None:
    with make_world(QUIET) as world, trailed(world.running.url) as made:
        now = datetime.now(UTC).replace(microsecond=0)
        at = now - timedelta(days=3)
        at_ms = int(at.timestamp() * 1000)
        refused = {**start("q-3", at), "errorCode": "TooManyRequestsException", "responseElements": None}
        for token, records in (("A", [start("q-1", at)]), ("B", [start("q-2", at), refused])):
            made.put(file_key(TARGET.account_id, TARGET.region, at_ms, token), packed(records))
        made.put(file_key(TARGET.account_id, TARGET.region, at_ms, "C", organisation="o-a1b2c3d4e5"), b"broken")
        path = config(tmp_path, world, made)
        asked = ("--from", "5d", "--to", "1d", "--config", str(path))
        code, text = ran(*asked, "--dry-run")
        assert (code, "3 files" in text) == (0, True), text
        assert not (tmp_path / "ledger.db").exists()
        code, text = ran("--from", f"{now - timedelta(days=5):%Y-%m-%dT%H:%MZ}", "--to", "1d", "--config", str(path))
        assert code == 1, text
        assert "3 files read: 2 starts" in text
        assert "o-a1b2c3d4e5" in text
        with closing(opened(tmp_path / "ledger.db", seed=timedelta(days=10))) as ledger:
            told = (execution("q-1", at), execution("q-2", at))
            ledger.apply(Batch(source="athena", target=TARGET, observed_at=now, records=told))
            assert by_user(ledger, now) == {}, "they ended before counting began"
            assert sum(sums(ledger, catalog.START_REJECTIONS, now).values()) == 0
            found = history.usage(tmp_path / "ledger.db", at - HOUR, now)
            assert {row.user: row.queries for row in found} == {"ann": 2}


def test_starts_of_queries_that_nobody_will_ever_ask_for_are_left_out(make_world: MakeWorld, tmp_path: Path) -> None:
    with make_world(QUIET) as world, trailed(world.running.url) as made:
        at = datetime.now(UTC) - timedelta(days=20)
        made.put(
            file_key(TARGET.account_id, TARGET.region, int(at.timestamp() * 1000), "A"), packed([start("q-1", at)])
        )
        path = config(tmp_path, world, made)
        code, text = ran("--from", "30d", "--to", "1d", "--config", str(path))
        assert (code, "1 files read" in text) == (0, True), text
        with closing(opened(tmp_path / "ledger.db", seed=timedelta(days=10))) as ledger:
            assert ledger.view(TARGET).unfinished() == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--from", "1d", "--to", "2d"], "swap them"),
        (["--from", "never"], "is no time"),
        (["--from", "2d"], "no bucket"),
        (["--from", "2d", "--bucket", "there-is-no-such-bucket"], "no such bucket"),
    ],
)
def test_bad_input_gets_one_line(make_world: MakeWorld, tmp_path: Path, arguments: list[str], words: str) -> None:
    with make_world(QUIET) as world:
        path = tmp_path / "exporter.yml"
        path.write_text(
            f"targets: [{{region: {TARGET.region}}}]\naws: {{endpoint_url: '{world.running.url}'}}\n"
            f"ledger: {{path: '{tmp_path / 'ledger.db'}'}}\n"
        )
        code, text = ran(*arguments, "--config", str(path))
    assert code == 2
    assert words in text
    assert "Traceback" not in text
