"""What is granted for a queue is what is called on it, and `check` takes no message from who reads it."""

import json
from pathlib import Path

import pytest
from bridges import bridged
from click.testing import CliRunner
from whole_exporter import CREDENTIALS, account, actions, called, configured, whole_exporter

from athena_exporter.cli import main
from athena_exporter.sources.permissions import PERMISSIONS, Feature, Permission

OF_QUEUES = [one for one in PERMISSIONS if one.feature is Feature.QUEUES]
QUEUED = "sources: {{eventbridge: {{enabled: true, gather: 0s, queue_url: '{}'}}}}"


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def policy(path: Path) -> str:
    result = CliRunner().invoke(main, ["iam-policy", "--config", str(path)])
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_what_the_policy_grants_is_what_the_source_calls(tmp_path: Path) -> None:
    with account() as running, bridged(running.url, rules=()) as made:
        path = configured(tmp_path, running, QUEUED.format(made.url))
        event = {"source": "aws.athena", "detail-type": "of tomorrow", "account": "123456789012", "detail": {}}
        made.send("no JSON", {**event, "region": "eu-west-1"})
        running.testbed.forget_calls()
        with whole_exporter(path) as exporter:
            exporter.run()
            assert exporter.up["eventbridge"] == 1
        assert called(running) == actions(policy(path))


def test_the_policy_names_the_queue(tmp_path: Path) -> None:
    with account() as running:
        url = "https://sqs.{region}.amazonaws.com/{account_id}/athena-events"
        path = configured(tmp_path, running, f"sources: {{eventbridge: {{enabled: true, queue_url: '{url}'}}}}")
        (read,) = [one for one in json.loads(policy(path))["Statement"] if one["Sid"] == "ReadQueues"]
    assert read["Resource"] == ["arn:aws:sqs:eu-west-1:*:athena-events"]
    assert read["Action"] == ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]


def test_check_tries_the_queue_and_leaves_its_messages(tmp_path: Path) -> None:
    with account() as running, bridged(running.url, rules=(), dead_letters=False) as made:
        made.send({"n": 1})
        path = configured(tmp_path, running, QUEUED.format(made.url))
        running.testbed.forget_calls()
        result = CliRunner().invoke(main, ["check", "--config", str(path)])
        assert result.exit_code == 0, result.output
        assert called(running) == actions(policy(path))
        received = made.sqs.receive_message(QueueUrl=made.url, MessageSystemAttributeNames=["ApproximateReceiveCount"])
        assert [one["Attributes"]["ApproximateReceiveCount"] for one in received["Messages"]] == ["1"]
    assert "no dead-letter queue" in " ".join(result.output.split())


def test_check_names_a_queue_that_is_not_there(tmp_path: Path) -> None:
    with account() as running:
        path = configured(tmp_path, running, QUEUED.format(f"{running.url}/123456789012/nobody-made-it"))
        result = CliRunner().invoke(main, ["check", "--config", str(path)])
    said = " ".join(result.output.split())
    assert result.exit_code == 1
    assert "check queue_url, its" in said
    assert "1 missing" in said


@pytest.mark.parametrize("permission", OF_QUEUES, ids=[one.action for one in OF_QUEUES])
def test_a_denied_permission_on_the_queue_is_named_with_its_statement(tmp_path: Path, permission: Permission) -> None:
    with account() as running, bridged(running.url, rules=()) as made:
        path = configured(tmp_path, running, QUEUED.format(made.url))
        running.plan_faults([{"kind": "denied", "operation": f"sqs:{permission.operation}"}])
        result = CliRunner().invoke(main, ["check", "--config", str(path)])
        running.plan_faults([])
    said = "".join(result.output.split())
    assert result.exit_code == 1
    assert "1missing" in said
    assert "arn:aws:sqs:eu-west-1:123456789012:events-" in said
    assert permission.action in said


@pytest.mark.parametrize("permission", OF_QUEUES, ids=[one.action for one in OF_QUEUES])
def test_a_denied_permission_on_the_queue_takes_down_that_source_alone(tmp_path: Path, permission: Permission) -> None:
    with account() as running, bridged(running.url, rules=()) as made:
        path = configured(tmp_path, running, QUEUED.format(made.url))
        event = {"source": "aws.athena", "detail-type": "of tomorrow", "account": "123456789012", "detail": {}}
        made.send({**event, "region": "eu-west-1"})
        running.plan_faults([{"kind": "denied", "operation": f"sqs:{permission.operation}"}])
        with whole_exporter(path) as exporter:
            exporter.run()
            assert {name for name, up in exporter.up.items() if not up} == {"eventbridge"}
        running.plan_faults([])
