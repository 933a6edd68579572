"""Why these tests exist: a queue or a bucket whose name is wrong looks like a missing permission, and is none."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bridges import bridged
from click.testing import CliRunner, Result
from trails import trailed
from whole_exporter import CREDENTIALS, account, configured

import athena_testbed
from athena_exporter.cli import main


@pytest.fixture(scope="module")
def running() -> Iterator[athena_testbed.Running]:
    with account() as running:
        yield running


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, running: athena_testbed.Running) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    yield
    running.plan_faults([])


def check(folder: Path, running: athena_testbed.Running, text: str) -> Result:
    return CliRunner().invoke(main, ["check", "--config", str(configured(folder, running, text)), "--format", "json"])


def findings(result: Result) -> list[dict[str, Any]]:
    return list(json.loads(result.stdout)["findings"])


def url(running: athena_testbed.Running, name: str) -> str:
    return f"{running.url}/{athena_testbed.ACCOUNT_ID}/{name}"


def events_from(queue: str) -> str:
    return f"sources: {{eventbridge: {{enabled: true, queue_url: '{queue}'}}}}"


def files_from(queue: str, bucket: str) -> str:
    return f"sources: {{trail: {{enabled: true, queue_url: '{queue}', bucket: {bucket}}}}}"


def test_queues_and_a_bucket_that_are_there_are_found(running: athena_testbed.Running, tmp_path: Path) -> None:
    with bridged(running.url, rules=()) as events, trailed(running.url) as files:
        for text in (events_from(events.url), files_from(files.url, files.bucket)):
            result = check(tmp_path, running, text)
            assert result.exit_code == 0, result.output
            assert not [one for one in findings(result) if one["mark"] in {"missing", "unknown"}]


@pytest.mark.parametrize("source", ["eventbridge", "trail"])
def test_a_queue_that_does_not_exist_is_missing_by_its_name_and_told_once(
    running: athena_testbed.Running, tmp_path: Path, source: str
) -> None:
    nowhere = url(running, "nobodys-queue")
    with trailed(running.url) as files:
        text = events_from(nowhere) if source == "eventbridge" else files_from(nowhere, files.bucket)
        result = check(tmp_path, running, text)
    assert result.exit_code == 1, result.output
    (told,) = [one for one in findings(result) if one["mark"] == "missing"]
    assert told["what"] == f"queue {nowhere}"
    assert told["mend"] == "check queue_url, its account and its Region"
    tried = {one["what"]: one for one in findings(result) if one["mark"] == "unknown"}
    assert tried.keys() == {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
    assert all("statement" not in one or one["statement"] is None for one in tried.values())


def test_a_bucket_that_does_not_exist_is_missing_by_its_name(running: athena_testbed.Running, tmp_path: Path) -> None:
    with trailed(running.url) as files:
        result = check(tmp_path, running, files_from(files.url, "nobodys-bucket"))
    assert result.exit_code == 1, result.output
    (told,) = [one for one in findings(result) if one["mark"] == "missing"]
    assert told["what"] == "bucket nobodys-bucket"
    assert "sources.trail.bucket" in told["mend"]


def test_a_key_that_may_not_be_used_is_named_with_the_permission(
    running: athena_testbed.Running, tmp_path: Path
) -> None:
    running.plan_faults([{"kind": "key_denied", "operation": "s3:*"}])
    with bridged(running.url, rules=()) as events:
        result = check(tmp_path, running, files_from(events.url, "example-trail-logs"))
    assert result.exit_code == 1, result.output
    (told,) = [one for one in findings(result) if one["what"] == "s3:GetObject"]
    assert told["mark"] == "missing"
    assert "kms:Decrypt on arn:aws:kms:" in told["mend"]
