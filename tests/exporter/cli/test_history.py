"""Why these tests exist: who switches the history on is told what is missing, in a line, before anything is lost."""

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from archives import PREFIX, Archive, archived
from book import MINUTE, NOON, TARGET, query, start
from click.testing import CliRunner
from processes import until
from whole_exporter import CREDENTIALS, account, actions, called, configured

from athena_exporter import catalog
from athena_exporter.cli import history_checks, main, wiring
from athena_exporter.cli.archiving import Archive as Archiving
from athena_exporter.cli.archiving import historian, open_archive
from athena_exporter.cli.failing import SetupError
from athena_exporter.cli.readers import CLOCKS, COMPACTION, HISTORY
from athena_exporter.config import Config, load
from athena_exporter.ledger.store import Ledger
from athena_exporter.outlets.findings import Mark
from athena_exporter.outlets.history import keys
from athena_exporter.outlets.history.parquet import SCHEMA, encoded, table_of
from athena_exporter.poller import Poller
from athena_exporter.records import Batch
from athena_exporter.telemetry import Telemetry
from athena_testbed import Running

KEY = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000"
ROLE = "arn:aws:iam::444455556666:role/athena-historian"
MADE = {"s3:CreateBucket"}
"""What a test itself asks for."""
ON = {"enabled": True, "bucket": "a-bucket"}


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[Running, Archive]]:
    with account() as running, archived(running.url) as archive:
        yield running, archive


def on(archive: Archive | str, **more: Any) -> str:
    name = archive if isinstance(archive, str) else archive.name
    return f"history: {json.dumps({'enabled': True, 'bucket': name, **more})}"


def run(*arguments: str) -> Any:
    return CliRunner().invoke(main, arguments)


def statements(path: Path, *more: str) -> dict[str, list[str]]:
    result = run("iam-policy", "--config", str(path), *more)
    assert result.exit_code == 0, result.stderr
    return {one["Sid"]: one["Resource"] for one in json.loads(result.stdout)["Statement"]}


def test_the_policy_lets_write_below_the_prefix_and_nowhere_else(tmp_path: Path, world: Any) -> None:
    running, _ = world
    found = statements(configured(tmp_path, running, on("a-bucket", kms_key=KEY)))
    files = ["arn:aws:s3:::a-bucket/athena-history/*"]
    assert {sid: found[sid] for sid in found if "History" in sid} == {
        "WriteHistory": files, "MergeHistory": files, "ListHistory": ["arn:aws:s3:::a-bucket"],
        "EncryptHistory": [KEY], "DecryptHistory": [KEY],
    }  # fmt: skip  # rows


def test_without_the_merging_it_may_only_write(tmp_path: Path, world: Any) -> None:
    running, _ = world
    plain = actions(run("iam-policy", "--config", str(configured(tmp_path, running))).stdout)
    path = configured(tmp_path, running, on("a-bucket", compact=False))
    assert actions(run("iam-policy", "--config", str(path)).stdout) - plain == {"s3:PutObject"}


def test_a_role_of_the_history_has_its_rights_and_the_exporter_may_assume_it(tmp_path: Path, world: Any) -> None:
    running, _ = world
    path = configured(tmp_path, running, on("a-bucket", role_arn=ROLE))
    assert not any("History" in sid for sid in statements(path))
    assert statements(path)["ReadOtherAccounts"] == [ROLE]
    assert set(statements(path, "--role", ROLE)) == {"WriteHistory", "MergeHistory", "ListHistory"}


def historical(running: Running) -> set[str]:
    """What was asked of S3, as IAM names it."""
    return {one for one in called(running) if one.startswith("s3:")}


def test_check_tries_what_the_policy_grants_and_leaves_nothing_behind(tmp_path: Path, world: Any) -> None:
    running, archive = world
    running.testbed.forget_calls()
    result = run("check", "--config", str(configured(tmp_path, running, on(archive))))
    assert result.exit_code == 0, result.output
    assert "s3:PutObject" in result.output
    granted = {"s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:ListBucket"}
    assert historical(running) == granted
    assert archive.held() == []


@pytest.mark.parametrize(
    ("fault", "bucket", "words"),
    [
        ({"kind": "denied", "operation": "s3:PutObject"}, None, "no history is written"),
        ({"kind": "key_denied", "operation": "s3:PutObject"}, None, "kms:"),
        (None, "not-a-bucket-of-anybody", "there is no bucket not-a-bucket-of-anybody"),
    ],
    ids=["denied", "no key", "no bucket"],
)
def test_check_names_what_is_missing(
    tmp_path: Path, world: Any, fault: dict[str, Any] | None, bucket: str | None, words: str
) -> None:
    running, archive = world
    running.plan_faults([fault] if fault else [])
    found = list(history_checks.findings(load(configured(tmp_path, running, on(bucket or archive)), {})))
    running.plan_faults([])
    (missing,) = (one for one in found if one.mark is Mark.MISSING)
    assert words in f"{missing.words} {missing.mend}"


def test_without_pyarrow_serve_and_check_name_the_extra(
    tmp_path: Path, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, archive = world
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)  # as Python itself says that a module is not there
    path = configured(tmp_path, running, on(archive))
    result = run("serve", "--config", str(path))
    assert result.exit_code == 2
    assert result.stderr.startswith("athena-exporter: history.enabled needs pyarrow, which is not installed: pip inst")
    assert "athena-observability[history]" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert next(history_checks.findings(load(path, {}))).mark is Mark.MISSING
    assert historian(Config(), Telemetry()) is None, "who writes none need not have it"
    with pytest.raises(SetupError):
        historian(load(path, {}), Telemetry())


def day_of(archive: Archive, day: str, number: int) -> None:
    values = dict.fromkeys(SCHEMA.names) | {"query_id": f"q{number}", "seq": number, "written_at": number}
    archive.put(f"{keys.folder(PREFIX, day)}{number}.parquet", encoded([table_of([tuple(values.values())])]))


def test_compact_merges_the_days_that_are_wanted_and_says_so(tmp_path: Path, world: Any) -> None:
    running, _ = world
    with archived(running.url) as archive:
        path = str(configured(tmp_path, running, on(archive)))
        assert "no day has files" in run("history", "compact", "--config", path).output
        for day in ("2026-03-09", "2026-03-10", "2999-01-01"):
            for number in range(3):
                day_of(archive, day, number)
        plan = run("history", "compact", "--config", path, "--dry-run")
        assert [line.split(",")[0] for line in plan.output.splitlines()] == [
            "2026-03-09: 3 files",
            "2026-03-10: 3 files",
        ]
        assert len(archive.held()) == 9
        one = run("history", "compact", "--config", path, "--day", "2026-03-10")
        assert (one.exit_code, one.output.split(",")[0]) == (0, "2026-03-10: 3 files with 3 rows merged into 1")
        archive.put(f"{keys.folder(PREFIX, '2026-03-09')}odd.parquet", b"odd")
        rest = run("history", "compact", "--config", path)
        assert rest.exit_code == 1
        assert "left alone: athena-history/v1/day=2026-03-09/odd.parquet: it is no file of Parquet" in rest.output
        assert len(archive.held()) == 1 + 2 + 3
        assert historical(running) - MADE <= actions(run("iam-policy", "--config", path).stdout)


@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        ("", (), "no bucket: name the one of the query history as history.bucket"),
        (on("a-bucket"), ("--day", "2026-03-10", "--before", "2026-03-10"), "--day and --before"),
        (on("a-bucket"), ("--day", "soon"), "is no day: write 30d"),
        (on("not-a-bucket-of-anybody"), (), "there is no such bucket"),
    ],
)
def test_compact_says_what_is_wrong(
    tmp_path: Path, world: Any, text: str, arguments: tuple[str, ...], words: str
) -> None:
    running, _ = world
    result = run("history", "compact", "--config", str(configured(tmp_path, running, text)), *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr


@pytest.fixture
def at_work(tmp_path: Path, world: Any) -> Iterator[tuple[Running, Archive, Archiving, Poller, Telemetry]]:
    """The writer as `serve` has it, behind the poller, and two queries that wait for it."""
    running, _ = world
    with archived(running.url) as archive:
        config = load(configured(tmp_path, running, on(archive)), {})
        telemetry = Telemetry()
        who = historian(config, telemetry)
        assert who is not None
        assert who.names == (HISTORY, COMPACTION)
        with (
            closing(who.session),
            closing(Ledger(wiring.ledger_settings(config), monotonic=CLOCKS.monotonic)) as ledger,
        ):
            ledger.adopt(TARGET, NOON)
            records = (query(1), start(1), query(2), start(2))
            ledger.apply(Batch(source="athena", target=TARGET, observed_at=NOON + MINUTE, records=records))
            poller = Poller(ledger=ledger, telemetry=telemetry, publisher=Unpublished(), clocks=CLOCKS)
            yield running, archive, open_archive(config, who, ledger, telemetry), poller, telemetry


class Unpublished:
    """Nobody looks at the page."""

    def publish(self, text: bytes, front: bytes) -> None:
        """Leave it."""


def shown(telemetry: Telemetry, metric: catalog.Metric) -> dict[tuple[str, ...], float]:
    return {one.labels: one.value for one in telemetry.samples() if one.metric == metric.name}


def test_a_denied_bucket_shows_three_ways_and_the_rest_goes_on(at_work: Any, caplog: pytest.LogCaptureFixture) -> None:
    running, archive, work, poller, telemetry = at_work
    running.plan_faults([{"kind": "denied", "operation": "s3:PutObject"}])
    assert not poller.deliver(TARGET, HISTORY, work.write)
    assert shown(telemetry, catalog.SOURCE_UP) == {(HISTORY,): 0}
    assert shown(telemetry, catalog.SOURCE_ERRORS) == {(HISTORY, "denied"): 1}
    assert "history (111122223333, eu-west-1): AWS denied PutObject" in caplog.text
    assert work.is_waiting()
    assert poller.deliver(TARGET, COMPACTION, work.compact), "merging has a light of its own"
    running.plan_faults([])
    until(lambda: not work.is_waiting(), what="the pause is over")
    assert poller.deliver(TARGET, HISTORY, work.write)
    assert shown(telemetry, catalog.SOURCE_UP) == {(HISTORY,): 1, (COMPACTION,): 1}
    assert shown(telemetry, catalog.HISTORY_ROWS) == {(): 2}
    assert shown(telemetry, catalog.HISTORY_FILES) == {
        ("written",): 1, ("merged",): 0, ("deleted",): 0, ("foreign",): 0,
    }  # fmt: skip  # rows
    (key,) = archive.held()
    assert shown(telemetry, catalog.HISTORY_BYTES) == {(): len(archive.content(key))}
    work.close()
    assert not work.write()


def test_facts_and_texts_are_kept_for_the_history_alone() -> None:
    on_ = Config.model_validate({"history": ON})
    assert wiring.ledger_settings(on_).consumers == ("history",)
    assert wiring.rules(on_).facts
    assert not wiring.rules(Config()).facts
