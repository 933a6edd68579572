"""Why these tests exist: whatever is wrong with the set-up or with AWS, a person gets one clear line and a mend, and
nothing that was counted is lost. The product runs as it is deployed: a process, over the real wire."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from book import BORN, opened, query, settings_for, start
from bridges import bridged
from processes import Process, fetch, free_port, process, scrape, summed, until
from source_world import QUIET
from trails import trailed

import athena_testbed
from athena_exporter.ledger.files import WriterLock
from athena_exporter.records import Target
from athena_testbed.trail import file_key, packed

pytestmark = pytest.mark.process

REGION = "eu-west-1"
COMMAND = [sys.executable, "-m", "athena_exporter"]
ROLE = f"arn:aws:iam::{athena_testbed.ACCOUNT_ID}:role/athena-reader"


def environment(home: Path, **added: str) -> dict[str, str]:
    """An empty home, nothing of this machine's AWS set-up, and what a test adds."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | {"HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true"} | added


def credentials(home: Path, **added: str) -> dict[str, str]:
    keys = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLEEXAMPLE00", "AWS_SECRET_ACCESS_KEY": "not-a-secret"}
    return environment(home, **keys, AWS_REGION=REGION, **added)


def configuration(folder: Path, url: str, *, targets: str = "[{region: eu-west-1}]") -> Path:
    """A configuration whose every interval is short."""
    path = folder / "exporter.yml"
    path.write_text(
        f"targets: {targets}\n"
        f"aws: {{endpoint_url: '{url}', rate_share: 1}}\n"
        f"ledger: {{path: '{folder / 'ledger.db'}'}}\n"
        "sources:\n"
        "  athena: {interval: 1s, deep_interval: 1s}\n"
        "  lookup: {interval: 1s, full_pass: 1s}\n"
        "exposition: {interval: 100ms, series_warmup: 200ms}\n"
    )
    return path


def refusal(arguments: list[str], env: Mapping[str, str], folder: Path) -> list[str]:
    """The lines of a start that ends with exit code 2; none of them is a traceback."""
    ended = subprocess.run(
        [*COMMAND, "serve", *arguments],
        env=dict(env),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2, ended.stderr
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    return ended.stderr.splitlines()


def last_words(arguments: list[str], env: Mapping[str, str], folder: Path) -> str:
    """The one line that says why it ended; what was logged before it has the log's form."""
    *before, last = refusal(arguments, env, folder)
    assert all(line.startswith("ts=") for line in before), before
    return last


# -- a set-up that cannot work --------------------------------------------------------------------------------------


def test_every_problem_of_a_configuration_is_a_line_with_its_place_and_its_mend(tmp_path: Path) -> None:
    path = tmp_path / "bad.yml"
    path.write_text(
        "ledgr: {path: x}\n"
        "pricing:\n"
        "  usd_per_tb: dear\n"
        "targets:\n"
        "  - {region: eu-west-1}\n"
        "  - {region: eu-west-1}\n"
        "  - {region: nowhere}\n"
    )
    lines = refusal(["--config", str(path)], credentials(tmp_path), tmp_path)
    assert all(line.startswith(f"athena-exporter: {path}:") for line in lines)
    for words in (":1: ledgr", ":3: pricing.usd_per_tb", ":7: targets[2].region"):
        assert any(words in line for line in lines), words
    assert not (tmp_path / "athena-ledger.db").exists()


def test_two_targets_that_are_written_alike_are_refused_before_anything_starts(tmp_path: Path) -> None:
    path = configuration(tmp_path, "http://127.0.0.1:9", targets="[{region: eu-west-1}, {region: eu-west-1}]")
    (line,) = refusal(["--config", str(path)], credentials(tmp_path), tmp_path)
    assert "every query would count twice" in line


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--log.level", "loud"], "'loud' is not one of"),
        (["--log.format", "xml"], "'xml' is not one of"),
        (["--colour"], "No such option"),
        (["--config", "missing.yml"], "missing.yml: cannot be read: No such file or directory"),
    ],
)
def test_bad_flags_are_told(tmp_path: Path, flags: list[str], words: str) -> None:
    assert words in refusal(flags, credentials(tmp_path), tmp_path)[-1]


def test_without_a_region_one_line_says_where_to_set_it(tmp_path: Path) -> None:
    (line,) = refusal([], environment(tmp_path), tmp_path)
    assert line == "athena-exporter: no Region: set AWS_REGION, or targets[].region in the configuration"


def test_without_credentials_one_line_says_so(tmp_path: Path) -> None:
    arguments = ["--web.listen-address", f"127.0.0.1:{free_port()}"]
    line = last_words(arguments, environment(tmp_path, AWS_REGION=REGION), tmp_path)
    assert line == (
        "athena-exporter: no AWS credentials were found: set a profile or environment variables, or an instance's role"
    )


def test_a_profile_that_does_not_exist_is_named(tmp_path: Path) -> None:
    (line,) = refusal([], environment(tmp_path, AWS_REGION=REGION, AWS_PROFILE="no-such-profile"), tmp_path)
    assert line.startswith("athena-exporter: the AWS credentials could not be read")
    assert "no-such-profile" in line


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = last_words(["--web.listen-address", f"127.0.0.1:{port}"], credentials(tmp_path), tmp_path)
    assert f"127.0.0.1:{port}" in line
    assert "in use" in line


def test_an_address_that_is_none_is_told_with_examples(tmp_path: Path) -> None:
    line = last_words(["--web.listen-address", "here:there"], credentials(tmp_path), tmp_path)
    assert "'here:there' is not an address to listen on: write host:port, :9989 or [::1]:9989" in line


def test_a_ledger_that_another_exporter_uses_is_refused(tmp_path: Path) -> None:
    lock = WriterLock(tmp_path / "athena-ledger.db")
    (line,) = refusal([], credentials(tmp_path), tmp_path)
    lock.release()
    assert line.endswith("another exporter uses it; one ledger has one writer, end that one first")


@pytest.mark.parametrize("what", ["letter", "newer", "folder"])
def test_a_ledger_that_cannot_be_opened_is_refused_and_left_alone(tmp_path: Path, what: str) -> None:
    path, words = tmp_path / "athena-ledger.db", {"letter": "damaged", "newer": "newer version", "folder": "a folder"}
    if what == "letter":
        path.write_text("dear diary, " * 500)
    elif what == "folder":
        path.mkdir()
    else:
        with opened(settings_for(tmp_path, path=path, journal="rollback")):
            pass
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA user_version = 99")
    before = None if what == "folder" else path.read_bytes()
    (line,) = refusal([], credentials(tmp_path), tmp_path)
    assert line.startswith("athena-exporter: ledger athena-ledger.db: ")
    assert words[what] in line
    assert path.is_dir() or path.read_bytes() == before


def test_two_targets_that_sts_resolves_to_one_account_are_refused(tmp_path: Path) -> None:
    with athena_testbed.running(QUIET) as testbed:
        path = configuration(
            tmp_path, testbed.url, targets=f"[{{region: {REGION}}}, {{region: {REGION}, role_arn: '{ROLE}'}}]"
        )
        arguments = ["--config", str(path), "--web.listen-address", f"127.0.0.1:{free_port()}"]
        line = last_words(arguments, credentials(tmp_path), tmp_path)
    assert line == (
        f"athena-exporter: targets: two of them are account {athena_testbed.ACCOUNT_ID} in {REGION}; every query would "
        "count twice: remove one"
    )


# -- an AWS that fails while the exporter runs ----------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Service:
    """A running exporter."""

    url: str
    process: Process
    testbed: athena_testbed.Running | None = None

    def log(self) -> str:
        return self.process.log.read_text()

    def value(self, name: str, **labels: str) -> float | None:
        """The sum of the series of a metric that have these labels, None if there is none."""
        wanted = set(labels.items())
        found = [
            value for (metric, pairs), value in scrape(self.url).items() if metric == name and wanted <= set(pairs)
        ]
        return sum(found) if found else None

    def up(self, source: str, **labels: str) -> float | None:
        return self.value("athena_exporter_source_up", source=source, **labels)

    def until_up(self, athena: int, lookup: int) -> None:
        until(
            lambda: (self.up("athena"), self.up("lookup")) == (athena, lookup),
            what=f"athena up {athena}, lookup up {lookup}",
            every=0.05,
        )


def served(folder: Path, url: str, *flags: str) -> tuple[str, list[str]]:
    address = f"127.0.0.1:{free_port()}"
    command = [*COMMAND, "serve", "--config", str(configuration(folder, url)), "--web.listen-address", address, *flags]
    return f"http://{address}", command


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One exporter that lives through all the trouble below."""
    folder = tmp_path_factory.mktemp("service")
    with athena_testbed.running(QUIET) as testbed:
        for name in set(testbed.account.company.workgroups) - {"primary"}:
            testbed.delete_workgroup(name)  # each would cost a call of AWS's scarcest rate in every sweep
        url, command = served(folder, testbed.url, "--log.format", "json")
        with process(command, folder / "exporter.log") as running:
            yield Service(url=url, process=running, testbed=testbed)
            assert running.end() == 0, running.log.read_text()
            assert "Traceback" not in running.log.read_text()


@pytest.fixture
def troubled(service: Service) -> Iterator[Service]:
    """The exporter, well again before and after the test."""
    service.until_up(1, 1)
    yield service
    assert service.testbed is not None
    service.testbed.plan_faults([])
    service.until_up(1, 1)


@pytest.mark.parametrize(
    ("kind", "operation", "athena", "lookup", "words"),
    [
        ("denied", "cloudtrail:LookupEvents", 1, 0, "the exporter needs cloudtrail:LookupEvents"),
        ("denied", "athena:ListWorkGroups", 0, 1, "the exporter needs athena:ListWorkGroups"),
        ("expired", "athena:*", 0, 1, "they have expired, renew them"),
        ("garbage", "athena:*", 0, 1, "cannot be read"),
        ("html", "cloudtrail:*", 1, 0, "cannot be read"),
    ],
)
def test_a_failing_api_takes_its_source_down_says_why_and_leaves_the_other_up(
    troubled: Service, kind: str, operation: str, athena: int, lookup: int, words: str
) -> None:
    assert troubled.testbed is not None
    before = len(troubled.log())
    troubled.testbed.plan_faults([{"kind": kind, "operation": operation}])
    troubled.until_up(athena, lookup)
    lines = [json.loads(line) for line in troubled.log()[before:].splitlines()]
    down = "lookup" if athena else "athena"
    said = [line["msg"] for line in lines if line["level"] == "warning"]
    assert said
    assert all(msg.startswith(f"{down} ({athena_testbed.ACCOUNT_ID}, {REGION}): ") for msg in said)
    assert any(words in msg for msg in said)
    assert fetch(f"{troubled.url}/-/ready") == "ready\n"


def test_what_happens_during_an_outage_is_counted_after_it(troubled: Service) -> None:
    testbed = troubled.testbed
    assert testbed is not None
    counted = troubled.value("athena_queries_total") or 0
    testbed.plan_faults([{"kind": "denied", "operation": "athena:*"}])
    troubled.until_up(0, 1)
    testbed.add({"scanned_bytes": 1_000_000})
    testbed.plan_faults([])
    until(lambda: troubled.value("athena_queries_total") == counted + 1, what="counted", every=0.05)


def test_every_log_line_is_json_as_it_was_asked_for(troubled: Service) -> None:
    lines = [json.loads(line) for line in troubled.log().splitlines()]
    assert {"ts", "level", "logger", "msg"} <= set(lines[0])
    assert any(line["msg"].startswith("serving on http://127.0.0.1:") for line in lines)


# -- queues and what is in them -------------------------------------------------------------------------------------


def queues_too(folder: Path, url: str, *, events: str, files: str, bucket: str) -> tuple[str, list[str]]:
    """As `served`, with both sources that read queues."""
    address, command = served(folder, url)
    path = folder / "exporter.yml"
    more = (
        f"  eventbridge: {{enabled: true, queue_url: '{events}', gather: 0s, sweep_interval: 1s}}\n"
        f"  trail: {{enabled: true, queue_url: '{files}', bucket: {bucket}}}\n"
    )
    path.write_text(path.read_text().replace("sources:\n", f"sources:\n{more}"))
    return address, command


def test_queues_that_do_not_exist_are_named_with_their_mend_and_the_rest_goes_on(tmp_path: Path) -> None:
    with athena_testbed.running(QUIET) as testbed:
        events, files = (f"{testbed.url}/{athena_testbed.ACCOUNT_ID}/no-{name}" for name in ("events", "files"))
        url, command = queues_too(tmp_path, testbed.url, events=events, files=files, bucket="no-bucket")
        with process(command, tmp_path / "exporter.log") as running:
            service = Service(url=url, process=running)
            until(lambda: (service.up("eventbridge"), service.up("trail")) == (0, 0), what="both are down")
            for source, queue in (("eventbridge", events), ("trail", files)):
                assert (service.value("athena_exporter_source_errors_total", source=source) or 0) >= 1
                line = next(one for one in service.log().splitlines() if f"{source} (" in one)
                assert f"check queue_url, its account and its Region ({queue})" in line
            testbed.add({"scanned_bytes": 1_000_000})
            until(lambda: service.value("athena_queries_total") == 1, what="counted by the sweep")
            service.until_up(1, 1)
            assert running.end() == 0
            assert "Traceback" not in service.log()


def test_what_does_not_belong_into_a_queue_is_named_and_counted_and_the_rest_goes_on(tmp_path: Path) -> None:
    """No JSON, someone else's JSON, another account's event, a deleted file, and a file whose key may not be used."""
    with athena_testbed.running(QUIET) as testbed, bridged(testbed.url) as events, trailed(testbed.url) as files:
        stranger = {
            "source": "aws.athena", "detail-type": "Athena Query State Change", "account": "999988887777",
            "region": REGION, "detail": {"queryExecutionId": "q", "currentState": "SUCCEEDED"},
        }  # fmt: skip  # rows
        now_ms = testbed.testbed.now_ms()
        gone, locked = (file_key(athena_testbed.ACCOUNT_ID, REGION, now_ms, name) for name in ("gone", "locked"))
        files.put(gone, packed([]))
        files.s3.delete_object(Bucket=files.bucket, Key=gone)
        for queue in (events, files):
            queue.send("no JSON", {"order": 17})
        events.send(stranger)
        url, command = queues_too(tmp_path, testbed.url, events=events.url, files=files.url, bucket=files.bucket)
        with process(command, tmp_path / "exporter.log") as running:
            service = Service(url=url, process=running)
            until(lambda: counted(url, "trail_files") == {"gone": 1}, what="the deleted file is counted")
            told = {"no_json": 1, "alien": 1, "other_account": 1}
            until(lambda: counted(url, "messages", "eventbridge") == told, what="what is none of ours is counted")
            # S3's own message that notifications were set up, and that of the deleted file, are of no interest.
            assert counted(url, "messages", "trail") == {"no_json": 1, "alien": 1, "unused": 2}
            testbed.plan_faults([{"kind": "key_denied", "operation": "s3:GetObject"}])
            files.put(locked, packed([]))
            until(lambda: counted(url, "trail_files").get("denied") == 1, what="the locked file is counted")
            until(lambda: service.up("trail") == 0, what="trail is down")
            testbed.add({"scanned_bytes": 1_000_000})
            until(lambda: service.value("athena_queries_total") == 1, what="the query is counted")
            assert service.up("eventbridge") == 1
            assert running.end() == 0
        for words in (gone, locked, "it has been deleted", "needs kms:Decrypt on arn:aws:kms:", "another account"):
            assert words in service.log()
        assert "Traceback" not in service.log()


def counted(url: str, what: str, source: str | None = None) -> dict[str, float]:
    """What files, or a source's messages, came to so far."""
    labels = ("result",) if source is None else ("result", "source")
    found = summed(scrape(url), f"athena_exporter_{what}_total", *labels)
    return {key[0]: value for key, value in found.items() if key[1:] in {(), (source,)}}


# -- an AWS that is not there at the start --------------------------------------------------------------------------


def test_the_last_values_are_served_while_aws_cannot_be_reached(tmp_path: Path) -> None:
    target = Target(account_id=athena_testbed.ACCOUNT_ID, region=REGION)
    with opened(settings_for(tmp_path), target=target) as book:
        book.deliver(query(), start(), target=target)
        book.ledger.succeeded(target, "athena", BORN)
        book.ledger.reveal()
        book.ledger.stamp()
    url, command = served(tmp_path, f"http://127.0.0.1:{free_port()}")
    with process(command, tmp_path / "exporter.log") as running:
        service = Service(url=url, process=running)
        until(lambda: fetch(f"{url}/-/ready"), what="ready before AWS has answered", every=0.05)
        account = {"account_id": target.account_id}
        assert service.value("athena_queries_total", **account) == 1
        assert service.value("athena_exporter_source_last_success_timestamp_seconds", **account) == BORN.timestamp()
        until(lambda: service.up("athena", **account) == 0, what="source_up is 0", every=0.05)
        assert service.up("lookup", **account) == 0
        assert "AWS could not be reached" in service.log()
        assert running.end() == 0
        assert "Traceback" not in service.log()


def test_credentials_that_have_expired_at_the_start_are_one_line_and_are_tried_again(tmp_path: Path) -> None:
    with athena_testbed.running(QUIET) as testbed:
        testbed.plan_faults([{"kind": "expired", "operation": "sts:GetCallerIdentity"}])
        url, command = served(tmp_path, testbed.url)
        with process(command, tmp_path / "exporter.log") as running:
            service = Service(url=url, process=running)
            until(lambda: service.up("athena") == 0, what="source_up is 0", every=0.05)
            said = [line for line in service.log().splitlines() if "level=warning" in line]
            assert len(said) == 3, "one for each source"
            assert all("they have expired, renew them" in line for line in said)
            assert running.end() == 0


def test_an_aws_that_hangs_does_not_hold_up_the_end(tmp_path: Path) -> None:
    with athena_testbed.running(QUIET) as testbed:
        testbed.plan_faults([{"kind": "timeout", "operation": "sts:GetCallerIdentity", "seconds": 600}])
        url, command = served(tmp_path, testbed.url)
        with process(command, tmp_path / "exporter.log") as running:
            until(lambda: fetch(f"{url}/-/ready"), what="ready", every=0.05)
            assert running.end() == 0
