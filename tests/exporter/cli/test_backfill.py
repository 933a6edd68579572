"""Why these tests exist: whoever installs the exporter gets the past by one command: the truth, no counter that jumps,
a file that promtool takes, and a clear line for whatever cannot be."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from processes import Prometheus, fetch, free_port, process, until
from rich.console import Console
from rich.progress import Progress
from whole_exporter import CREDENTIALS

import athena_testbed
from athena_exporter import catalog
from athena_exporter.catalog import MetricType
from athena_exporter.cli import main, wiring
from athena_exporter.cli.backfill import command
from athena_exporter.cli.backfill.run import Wanted
from athena_exporter.cli.backfill.telling import Showing, Sums, span_words, told
from athena_exporter.config import load
from athena_exporter.ledger import history
from athena_exporter.ledger.model import HOUR_MS
from athena_exporter.ledger.outbox import Bounds
from athena_exporter.ledger.past import PastHour, PastSummary
from athena_exporter.ledger.store import Ledger
from athena_exporter.outlets.openmetrics import METRICS, PastOf, exposition, labels_of, write
from athena_exporter.records import Target, from_epoch_ms
from athena_testbed import Running

DAY = timedelta(days=1)
COMPANY = athena_testbed.Settings(
    queries_per_minute=0, rates=None, lost_events=0.0, time_scale=0.01, history=2 * DAY, history_queries_per_day=60,
    cloudtrail_delay=timedelta(seconds=1),
)  # fmt: skip  # rows
TARGET = Target(account_id=athena_testbed.ACCOUNT_ID, region="eu-west-1")


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def company() -> Iterator[Running]:
    """Two days of a company in which nothing has happened for an hour: all that is late is there."""
    late_ms = [3_600_000]
    with athena_testbed.running(COMPANY, clock=lambda: time.time_ns() // 1_000_000 - late_ms[0]) as running:
        late_ms[0] = 0
        yield running


@pytest.fixture
def config(company: Running, tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "exporter.yml"
    told = {
        "targets": [{"region": TARGET.region}],
        "aws": {"endpoint_url": company.url, "rate_share": 1.0},
        "ledger": {"path": str(tmp_path / "ledger.db")},
        "sql": {"views": False},
    }
    path.write_text(json.dumps(told))
    yield path
    company.testbed.plan_faults([])


def run(config: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["backfill", "--config", str(config), *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.exit_code, result.output


def queries(config: Path) -> dict[tuple[str, str], tuple[int, int]]:
    rows = history.usage(config.with_name("ledger.db"), datetime.now(UTC) - 9 * DAY, datetime.now(UTC) + DAY)
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for row in rows:
        have = found.get((row.user, row.state), (0, 0))
        found[row.user, row.state] = have[0] + row.queries, have[1] + row.cost_nanousd
    return found


def truth(company: Running) -> dict[tuple[str, str], tuple[int, int]]:
    found: dict[tuple[str, str], tuple[int, int]] = {}
    told = company.truth(datetime.now(UTC) - 9 * DAY, None)
    for row in told["by_user_workgroup_database_state"]:
        have = found.get((row["user"], row["state"]), (0, 0))
        found[row["user"], row["state"]] = have[0] + row["queries"], have[1] + row["cost_nanousd"]
    return found


def test_all_of_the_past_comes_with_one_command_and_again_changes_nothing(company: Running, config: Path) -> None:
    code, text = run(config, "--source", "all", "--from", "3d", "--dry-run")
    assert (code, "queries listed" in text, "starts in 4 days" in text) == (0, True, True), text
    assert not config.with_name("ledger.db").exists()
    for source in ("athena", "all", "lookup"):
        code, text = run(config, "--source", source, "--from", "3d", "--to", "0d")
        assert code == 0, text
        assert "queries of the past in the rollups" in text
        if source != "athena":
            assert queries(config) == truth(company)
    assert "without a user" not in text


def test_a_source_that_fails_is_told_and_the_other_one_is_kept(company: Running, config: Path) -> None:
    company.testbed.plan_faults([{"kind": "denied", "operation": "cloudtrail:LookupEvents"}])
    code, text = run(config, "--source", "all", "--from", "3d")
    assert code == 1
    assert "not read: lookup of 123456789012 eu-west-1: " in text
    assert {user for user, _ in queries(config)} == {"unattributed"}
    company.testbed.plan_faults([])
    code, _ = run(config, "--source", "lookup", "--from", "3d")
    assert (code, queries(config)) == (0, truth(company))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--source", "all", "--from", "1d", "--to", "2d"], "swap them"),
        (["--source", "lookup", "--from", "1d", "--label", "job=a"], "--openmetrics, which is not asked for"),
        (["--source", "lookup", "--from", "1d", "--openmetrics", "x", "--label", "job"], "is no label"),
        (["--source", "lookup", "--from", "1d", "--openmetrics", "x", "--label", "user=ann"], "a label of these"),
        (["--source", "trail", "--from", "1d"], "no bucket"),
    ],
)
def test_bad_input_gets_one_line(config: Path, arguments: list[str], words: str) -> None:
    code, text = run(config, *arguments)
    assert (code, words in text, text.count("\n")) == (2, True, 1), text


def test_what_nobody_may_read_ends_with_its_permission(company: Running, config: Path) -> None:
    company.testbed.plan_faults([{"kind": "denied", "operation": "cloudtrail:LookupEvents"}])
    code, text = run(config, "--source", "lookup", "--from", "1d")
    assert (code, "cloudtrail:LookupEvents" in text) == (2, True), text


def test_a_full_outbox_ends_the_run_with_a_line_and_keeps_what_was_read(config: Path) -> None:
    told_of = load(config, {})
    plain = wiring.ledger_settings(told_of)
    rules = replace(plain.rules, facts=True)
    small = replace(plain, rules=rules, consumers=("history",), outbox_bounds=Bounds(max_bytes=100))
    now = datetime.now(UTC)
    wanted = Wanted(since=now - 3 * DAY, until=now, sources={"lookup", "athena"})
    with ExitStack() as stack:
        place = command._place(told_of, told_of.targets[0], stack)
        ledger = stack.enter_context(closing(Ledger(small, monotonic=lambda: 0.0)))
        sums = command._run(ledger, [place], wanted, Console(stderr=True))
        assert ledger.past.summary(TARGET, wanted.since, now).queries > 0
    assert ["outbox is half full" in line for line in sums.troubles] == [True]


def test_views_that_cannot_be_followed_are_told_and_every_query_is_there(company: Running, config: Path) -> None:
    told_of = json.loads(config.read_text())
    config.write_text(json.dumps({**told_of, "sql": {"views": True}}))
    company.testbed.plan_faults([{"kind": "unrecognized", "operation": "glue:*"}])
    code, text = run(config, "--source", "athena", "--from", "3d")
    assert (code, "not read: views were not followed: " in text) == (1, True), text
    assert sum(one for one, _ in queries(config).values()) == sum(one for one, _ in truth(company).values())


# -- what it says -----------------------------------------------------------------------------------------------------


def test_a_log_gets_a_line_every_half_minute(capsys: pytest.CaptureFixture[str]) -> None:
    seconds = iter([0.0, 10.0, 40.0, 50.0])
    with Progress(disable=True) as progress:
        shown = Showing(progress, "lookup of us", is_watched=False, monotonic=lambda: next(seconds))
        shown.at(0.1, 100)
        shown.at(0.25, 300)
        shown.at(0.3, 10)
    assert capsys.readouterr().err == "lookup of us: 25%, 400 read, 10/s, about 2 min left\n"


def test_spans_are_said_as_people_say_them() -> None:
    assert [span_words(seconds) for seconds in (0.1, 59, 90, 5_400)] == ["1 s", "59 s", "2 min", "1.5 h"]


def test_the_end_says_what_is_missing() -> None:
    sums = Sums(starts=3, executions=2, malformed=1, young=4, expired=[f"q-{number}" for number in range(22)])
    lines = told(sums, [(TARGET, PastSummary(queries=9, only_started=2, nameless=1))]).splitlines()
    past_of = f"{TARGET.account_id} {TARGET.region}: 9 queries of the past in the rollups"
    assert lines[:4] == [
        "3 starts and 2 executions of queries read",
        f"{past_of}, 1 of them without a user, 2 known by their start alone",
        "4 queries ended just now, and have no statistics yet: run this again in a while",
        "1 records could not be read and were left out",
    ]
    assert lines[4].endswith(": q-0")
    assert (len(lines), lines[-1]) == (25, "and 2 more expired queries")


# -- OpenMetrics ------------------------------------------------------------------------------------------------------


def hour(number: int, user: str = "ann", **told: Any) -> PastHour:
    plain: dict[str, Any] = {
        "hour_ms": number * HOUR_MS, "workgroup": "etl", "user": user, "database": "sales", "state": "succeeded",
        "statement_type": "DML", "client": "console", "queries": 2, "scanned_bytes": 10, "billed_bytes": 10,
        "cost_nanousd": 5,
    }  # fmt: skip  # rows
    return PastHour(**plain | told)


def past(*hours: PastHour, slots: tuple[str, ...] = ("ann", "bob")) -> PastOf:
    until = from_epoch_ms(12 * HOUR_MS + 1_500)
    return PastOf(target=TARGET, hours=hours, until=until, slots={"user": slots, "database": ["sales"]})


def samples(text: str, metric: catalog.Metric, label: str = "") -> list[tuple[str, str]]:
    found = [line for line in text.splitlines() if line.startswith(metric.name + "{") and label in line]
    return [(line.split()[1], line.split()[2]) for line in found]


def test_a_series_begins_and_ends_at_0_with_a_sample_an_hour_between() -> None:
    text = "".join(exposition([past(hour(9), hour(11, queries=1))], {"job": 'a"b'}))
    assert samples(text, catalog.USER_QUERIES) == [
        ("0", "32400.000"), ("2", "36000.000"), ("2", "39600.000"), ("3", "43200.000"), ("3", "43201.499"),
        ("0", "43201.500"),
    ]  # fmt: skip  # two a line would be a page
    assert 'job="a\\"b"' in text
    assert text.endswith("# EOF\n")


def test_users_without_a_place_are_other_here_too() -> None:
    text = "".join(exposition([past(hour(9), hour(9, "carl"), hour(9, "dora"))], {}))
    assert samples(text, catalog.USER_QUERIES, 'user="other"')[1] == ("4", "36000.000")
    assert "carl" not in text


def test_every_series_is_a_counter_whose_labels_an_hour_has() -> None:
    for metric in METRICS:
        assert (metric.type, metric.durable) == (MetricType.COUNTER, True)
        assert set(metric.labels) <= set(PastHour._fields)


def test_the_file_is_there_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "past.txt"
    path.write_text("as it was")
    with pytest.raises(AttributeError):
        write(path, [past(hour(9)), None], {})  # type: ignore[list-item]  # whatever breaks while it is written
    assert (path.read_text(), [one.name for one in tmp_path.iterdir()]) == ("as it was", ["past.txt"])
    assert write(path, [past(hour(9))], {}) > 0
    assert path.read_text().endswith("# EOF\n")


def test_labels_are_names_and_values() -> None:
    assert labels_of(["job=athena", "instance=a:9=1"]) == {"job": "athena", "instance": "a:9=1"}
    for pair in ("job", "=a", "1a=b", "__name__=x", "region=x"):
        with pytest.raises(ValueError, match="label"):
            labels_of([pair])


@pytest.mark.prometheus
@pytest.mark.process
def test_a_real_prometheus_reads_the_truth_of_each_day_from_the_blocks(
    company: Running, config: Path, tmp_path: Path, promtool: str, prometheus: str
) -> None:
    path = tmp_path / "past.txt"
    code, text = run(config, "--source", "all", "--from", "3d", "--openmetrics", str(path))
    assert (code, "samples" in text) == (0, True), text
    series, past_queries, live_ms = followed(path)
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with blocks_read(promtool, prometheus, path, tmp_path) as server:
        told = company.truth(midnight - DAY, midnight)["by_user"]
        for metric, name in ((catalog.USER_QUERIES, "queries"), (catalog.USER_COST_USD, "cost_usd")):
            found = server.query(f"sum by (user) (increase({metric.name}[1d]))", midnight.timestamp())
            shown = {one["metric"]["user"]: float(one["value"][1]) for one in found if float(one["value"][1])}
            assert shown == pytest.approx({user: row[name] for user, row in told.items() if row[name]}, rel=1e-9)
        (one,) = server.query(f"increase({series}[9d])", live_ms / 1000)
        assert float(one["value"][1]) == pytest.approx(past_queries + 1_005, rel=1e-9)


def followed(path: Path) -> tuple[str, int, int]:
    """Let one series go on as a live one that is first scraped late; its name, its past, its last sample's time."""
    lines = path.read_text().splitlines(keepends=True)
    last = max(place for place, line in enumerate(lines) if line.startswith(catalog.USER_QUERIES.name + "{"))
    name, value, at = lines[last].rsplit(" ", 2)
    past_queries = int(lines[last - 1].rsplit(" ", 2)[1])
    assert (value, past_queries > 0) == ("0", True)
    live_ms = round(float(at) * 1000)
    live = [f"{name} {seen} {(live_ms + late) / 1000:.3f}\n" for seen, late in ((1_000, 60_000), (1_005, 120_000))]
    path.write_text("".join([*lines[: last + 1], *live, *lines[last + 1 :]]))
    return name, past_queries, live_ms + 120_000


@contextmanager
def blocks_read(promtool: str, prometheus: str, path: Path, folder: Path) -> Iterator[Prometheus]:
    """A Prometheus over what promtool makes of the file."""
    made = subprocess.run(
        [promtool, "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=768h", path, folder / "tsdb"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip  # rows
    assert made.returncode == 0, made.stderr
    (folder / "prometheus.yml").write_text("{}")
    address = f"127.0.0.1:{free_port()}"
    command = [
        prometheus, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address={address}", "--storage.tsdb.retention.time=10y",
    ]  # fmt: skip  # rows
    with process(command, folder / "prometheus.log"):
        server = Prometheus(f"http://{address}")
        until(lambda: fetch(f"{server.url}/-/ready"), what="Prometheus is ready")
        yield server
