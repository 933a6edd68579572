"""Why these tests exist: what the composition root decides between a failing and an answering AWS."""

import logging
import os
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from source_world import QUIET, REGION
from source_world import TARGET as TESTBED

import athena_testbed
from athena_exporter import catalog
from athena_exporter.cli import wiring
from athena_exporter.cli.failing import SetupError
from athena_exporter.cli.readers import CLOCKS, Reader
from athena_exporter.cli.service import Service
from athena_exporter.config import Config, load
from athena_exporter.ledger import files
from athena_exporter.ledger.store import Ledger
from athena_exporter.outlets import server
from athena_exporter.records import UNKNOWN, Target
from athena_exporter.sources.privacy import Naming
from athena_exporter.telemetry import Telemetry


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLEEXAMPLE00")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def testbed() -> Iterator[athena_testbed.Running]:
    with athena_testbed.running(QUIET) as running:
        for name in set(running.account.company.workgroups) - {"primary"}:
            running.delete_workgroup(name)  # each would cost a call of AWS's scarcest rate
        yield running


@pytest.fixture
def config(tmp_path: Path, testbed: athena_testbed.Running) -> Config:
    path = tmp_path / "exporter.yml"
    path.write_text(
        f"targets: [{{region: {REGION}}}]\n"
        f"aws: {{endpoint_url: '{testbed.url}', rate_share: 1}}\n"
        f"ledger: {{path: '{tmp_path / 'ledger.db'}', journal: rollback}}\n"
    )
    return load(path, {})


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry()


@pytest.fixture
def service(config: Config, telemetry: Telemetry) -> Iterator[Service]:
    with closing(Ledger(wiring.ledger_settings(config), monotonic=CLOCKS.monotonic)) as ledger:
        service = Service(config, ledger, telemetry)
        yield service
        service._threads.stop()
        service._threads.wait(timedelta(seconds=30))


@pytest.fixture
def reader(config: Config, telemetry: Telemetry) -> Iterator[Reader]:
    reader = Reader(config, config.targets[0], telemetry, Naming())
    yield reader
    reader.session.close()


def down(telemetry: Telemetry) -> set[tuple[Target | None, str]]:
    return {(s.target, s.labels[0]) for s in telemetry.samples() if s.metric == catalog.SOURCE_UP.name and not s.value}


def fail_sts(testbed: athena_testbed.Running) -> None:
    testbed.plan_faults([{"kind": "expired", "operation": "sts:GetCallerIdentity"}])


def test_a_source_that_was_down_under_an_unknown_account_does_not_stay_down_under_it(
    service: Service, reader: Reader, telemetry: Telemetry, testbed: athena_testbed.Running
) -> None:
    nobody = Target(account_id=UNKNOWN, region=REGION)
    fail_sts(testbed)
    assert not service._resolved(reader)
    assert down(telemetry) == {(nobody, "athena"), (nobody, "lookup"), (nobody, "workgroups")}
    testbed.plan_faults([])
    assert service._resolved(reader)
    assert down(telemetry) == set()
    assert reader.target == TESTBED


def test_a_failure_concerns_the_one_account_that_the_ledger_knows_in_the_region(
    service: Service, reader: Reader, telemetry: Telemetry, testbed: athena_testbed.Running
) -> None:
    service._ledger.adopt(Target(account_id="1", region="us-east-1"), CLOCKS.now())
    service._ledger.adopt(TESTBED, CLOCKS.now())
    fail_sts(testbed)
    assert not service._resolved(reader)
    assert {target for target, _ in down(telemetry)} == {TESTBED}


def test_of_two_known_accounts_in_the_region_none_is_blamed(
    service: Service, reader: Reader, telemetry: Telemetry, testbed: athena_testbed.Running
) -> None:
    service._ledger.adopt(Target(account_id="1", region=REGION), CLOCKS.now())
    service._ledger.adopt(TESTBED, CLOCKS.now())
    fail_sts(testbed)
    assert not service._resolved(reader)
    assert {target.account_id for target, _ in down(telemetry) if target} == {UNKNOWN}


def test_a_target_that_is_read_already_is_refused(service: Service, reader: Reader) -> None:
    assert service._resolved(reader)
    with pytest.raises(SetupError, match=f"two of them are account {TESTBED.account_id} in {REGION}"):
        service._resolved(reader)


def test_calls_before_the_account_is_known_are_counted_too(
    service: Service, reader: Reader, telemetry: Telemetry
) -> None:
    assert service._resolved(reader)
    calls = {s.labels: s.target for s in telemetry.samples() if s.metric == catalog.AWS_REQUESTS.name}
    assert calls["sts", "GetCallerIdentity", "ok"] == Target(account_id=UNKNOWN, region=REGION)


def test_the_lookup_may_be_switched_off(config: Config, telemetry: Telemetry, tmp_path: Path) -> None:
    path = tmp_path / "without.yml"
    path.write_text(f"targets: [{{region: {REGION}}}]\nsources: {{lookup: {{enabled: false}}}}\n")
    without = load(path, {})
    reader = Reader(without, without.targets[0], telemetry, Naming())
    assert list(reader.sources) == ["athena", "workgroups"]
    reader.session.close()
    assert config.sources.lookup.enabled


def test_a_restored_ledger_is_told_at_the_start(
    config: Config, telemetry: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    settings = wiring.ledger_settings(config)
    with closing(Ledger(settings, monotonic=CLOCKS.monotonic)) as ledger:
        ledger.adopt(TESTBED, CLOCKS.now())
        ledger._writer.execute("UPDATE meta SET value = '7' WHERE key = 'sequence'")
    with caplog.at_level(logging.INFO), closing(Ledger(settings, monotonic=CLOCKS.monotonic)) as ledger:
        Service(config, ledger, telemetry)._tell_ledger()
    assert "rollback journal" in caplog.text
    assert "the ledger is a restored copy: its counters restart at 0" in caplog.text


def test_every_setting_of_the_configuration_reaches_the_ledger(tmp_path: Path) -> None:
    path = tmp_path / "full.yml"
    path.write_text(
        "ledger: {path: x.db, retention: 5d, initial_lookback: 1h, seed: 2d, journal: wal}\n"
        "identity: {patience: 4h, source_down_after: 30h}\n"
        "pricing: {usd_per_tb: 6.5, tb_bytes: 1TB, minimum_bytes: 10MB, usd_per_dpu_hour: 0.4}\n"
        "labels: {users: 1, databases: 2, clients: 3, tables: 4, workloads: 5, series_per_family: 6, idle: 6d}\n"
        "outbox: {max_bytes: 3MiB, max_age: 7d}\n"
        "exposition: {series_warmup: 8s, histograms: [queue]}\n"
        "events: {enabled: true}\n"
    )
    settings = wiring.ledger_settings(load(path, {"AWS_REGION": REGION}))
    assert (settings.retention.days, settings.seed.days, settings.slot_idle.days) == (5, 2, 6)
    assert settings.initial_lookback == timedelta(hours=1)
    assert (str(settings.path), settings.journal, settings.series_warmup.total_seconds()) == ("x.db", "wal", 8)
    rules = settings.rules
    assert (rules.identity_patience.total_seconds(), rules.source_down_after.total_seconds()) == (14_400, 108_000)
    assert dict(rules.label_limits) == {"user": 1, "database": 2, "client": 3, "table": 4, "workload": 5}
    assert (rules.series_limit, str(rules.prices.usd_per_tb), rules.prices.tb_bytes) == (6, "6.5", 10**12)
    assert (rules.prices.minimum_bytes, str(rules.prices.usd_per_dpu_hour)) == (10**7, "0.4")
    assert rules.histograms == {catalog.QUEUE_SECONDS.name}
    assert (rules.facts, settings.consumers) == (True, (wiring.EVENTS,))
    assert (settings.outbox_bounds.max_bytes, settings.outbox_bounds.max_age.days) == (3 * 2**20, 7)


@pytest.mark.parametrize(("said", "given"), [("auto", None), ("wal", "wal"), ("rollback", "rollback")])
def test_the_journal_is_left_to_the_disk_unless_it_is_said(tmp_path: Path, said: str, given: str | None) -> None:
    path = tmp_path / "exporter.yml"
    path.write_text(f"ledger: {{journal: {said}}}\n")
    assert wiring.ledger_settings(load(path, {"AWS_REGION": REGION})).journal == given


@pytest.mark.parametrize(("said", "given"), [("0s", None), ("45s", timedelta(seconds=45))])
def test_a_lease_is_as_long_as_it_is_said(tmp_path: Path, said: str, given: timedelta | None) -> None:
    path = tmp_path / "exporter.yml"
    path.write_text(f"ledger: {{lease: {said}}}\n")
    assert wiring.ledger_settings(load(path, {"AWS_REGION": REGION})).lease == given


def test_without_being_told_the_disk_decides_on_a_lease(tmp_path: Path) -> None:
    path = tmp_path / "exporter.yml"
    path.write_text(f"ledger: {{lease: null, path: {tmp_path / 'ledger.db'}}}\n")
    given = wiring.ledger_settings(load(path, {"AWS_REGION": REGION})).lease
    assert given == files.lease_for(tmp_path / "ledger.db")


def test_a_page_that_no_scraper_would_see_is_not_drawn(service: Service) -> None:
    """`interval` is 5 s here: of the ticks between two scrapes only the last one counts."""
    at = [0.0]
    service._scrapers = server.Scrapers(lambda: at[0])
    app = service._application()

    def drawn() -> bool:
        before = service._exposition.page
        service._tick()
        return service._exposition.page is not before

    def scrape() -> None:
        environ = {"PATH_INFO": "/metrics", "REQUEST_METHOD": "GET", "REMOTE_ADDR": "10.0.0.7"}
        list(app(environ, lambda *_: lambda _: None))

    assert drawn()
    for at[0] in (0.0, 30.0, 60.0):
        assert drawn()
        scrape()
    told = []
    for at[0] in (62.0, 67.0, 72.0, 77.0, 82.0, 87.0, 92.0):
        told.append(drawn())
    assert told == [False, False, False, False, False, True, True]
