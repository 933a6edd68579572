"""Channels on the command line: what `check` says of them, what `notify --test` sends, what the policy allows."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result
from webhook_wire import Answer, Receiver, receiving
from whole_exporter import CREDENTIALS, REGION, account, called, configured, overspend, whole_exporter

import athena_testbed
from athena_exporter import catalog
from athena_exporter.cli import main
from athena_exporter.cli.channels import open_channels, people_of
from athena_exporter.config import load

ROLE = "arn:aws:iam::444455556666:role/publisher"
SECRET = "/services/T00/B00/xyzzy"


@pytest.fixture(scope="module")
def running() -> Iterator[athena_testbed.Running]:
    with account() as running:
        yield running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, running: athena_testbed.Running) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    yield
    running.plan_faults([])


@pytest.fixture
def topic(running: athena_testbed.Running) -> str:
    sns = boto3.client("sns", region_name=REGION, endpoint_url=running.url)
    try:
        return str(sns.create_topic(Name="budgets")["TopicArn"])
    finally:
        sns.close()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), env={"COLUMNS": "200"})


def findings(path: Path) -> dict[str, dict[str, Any]]:
    result = run("check", "--config", str(path), "--format", "json")
    assert "xyzzy" not in result.output
    return {one["what"]: one for one in json.loads(result.stdout)["findings"]}


def with_channels(
    folder: Path, running: athena_testbed.Running, receiver: Receiver, topic: str, more: str = ""
) -> Path:
    (folder / "secret").write_text(f"{receiver.url}{SECRET}\n")
    return configured(
        folder,
        running,
        f"notifications:\n  sns: [{{name: team, topic_arn: '{topic}'}}]\n"
        f"  webhooks: [{{name: ops, format: slack, url_file: {folder / 'secret'}}}]\n{more}",
    )


# -- the whole way ------------------------------------------------------------------------------------------------


def test_who_is_over_a_limit_is_told_through_every_channel(
    tmp_path: Path, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    with account() as running:
        sns = boto3.client("sns", region_name=REGION, endpoint_url=running.url)
        arn = str(sns.create_topic(Name="budgets")["TopicArn"])
        sns.close()
        people = tmp_path / "people.yml"
        people.write_text("people: {'*': {slack: U012ABCDEF}}")
        budgets = "budgets: [{name: hard, per: user, window: rolling 24h, limit: 1 GiB}]\n"
        path = with_channels(tmp_path, running, receiver, arn, f"  people_file: {people}\n{budgets}")
        config = load(path, {})
        overspend(running, queries=0)
        with whole_exporter(path) as exporter:
            exporter.run(passes=2)
            with caplog.at_level("INFO"):
                exporter.poller.decide()
            channels = open_channels(config, exporter.ledger, exporter.telemetry, people_of(config))
            for channel in channels:
                assert exporter.poller.deliver(channel.place, channel.name, channel.notifier.run_once)
                channel.close()
            (post,) = receiver.received
            assert post.path == SECRET
            assert "U012ABCDEF" in post.body.decode()
            counts = exporter.samples(catalog.NOTIFICATIONS)
            assert [(name, counts[name, "sent"]) for name in ("ops", "team")] == [("ops", 1), ("team", 1)]
            assert counts["ops", "refused"] == counts["team", "failed"] == 0
            assert exporter.up["notifications/ops"] == exporter.up["notifications/team"] == 1
            assert exporter.samples(catalog.OUTBOX_DEPTH) == {("notifications/ops",): 0, ("notifications/team",): 0}
            exporter.ledger.reveal()
            assert exporter.samples(catalog.BUDGET_DECISIONS) == {("hard", "warned"): 0, ("hard", "exceeded"): 1}
        assert called(running) - {"sns:CreateTopic"} >= {"sns:Publish"}
        assert any("budget hard: user" in record.getMessage() for record in caplog.records)
        assert "xyzzy" not in caplog.text


# -- check --------------------------------------------------------------------------------------------------------


def test_check_looks_at_channels_and_sends_nothing(
    tmp_path: Path, running: athena_testbed.Running, receiver: Receiver, topic: str
) -> None:
    people = tmp_path / "people.yml"
    people.write_text("people: {}")
    told = findings(with_channels(tmp_path, running, receiver, topic, f"  people_file: {people}\n"))
    assert told["sns:Publish"]["mark"] == told["webhook of channel ops"]["mark"] == told["people"]["mark"] == "ok"
    assert "slack, 127.0.0.1; athena-exporter notify --test ops" in told["webhook of channel ops"]["words"]
    assert receiver.received == []


def test_check_says_what_a_channel_lacks(
    tmp_path: Path, running: athena_testbed.Running, monkeypatch: pytest.MonkeyPatch, topic: str
) -> None:
    (tmp_path / "spoilt").write_text("xyzzy\n")
    monkeypatch.setenv("HOOK", "http://nowhere.invalid/xyzzy")
    rows = (
        f"{{name: a, url_env: NOT_SET}}, {{name: b, url_file: {tmp_path / 'spoilt'}}}, {{name: c, url_env: HOOK}}, "
        f"{{name: d, url_file: {tmp_path / 'gone'}}}"
    )
    people = tmp_path / "people.yml"
    people.write_text("people: {a: {x: y}}")
    path = configured(
        tmp_path, running,
        f"notifications: {{people_file: {people}, webhooks: [{rows}], sns: [{{name: t, topic_arn: '{topic}-gone'}}]}}",
    )  # fmt: skip  # as short as it can be said
    told = findings(path)
    mends = {name: told[f"webhook of channel {name}"]["mend"] for name in "abcd"}
    assert mends["a"] == "webhook a: the environment variable NOT_SET is not set; set it, or use url_file"
    assert mends["b"] == f"webhook b: {tmp_path / 'spoilt'} holds no address of http or https"
    assert mends["c"] == "correct the address, or look whether this machine can look up names"
    assert "gone: no such file or directory; url_file has to hold the address" in mends["d"]
    assert told["people"]["mend"].startswith(f"{people}:1: people.a.x: unknown key")
    assert told["topic of channel t"]["words"] == f"there is no topic {topic}-gone"
    assert {one["mark"] for name, one in told.items() if name.startswith(("webhook", "people", "topic"))} == {"missing"}


def test_check_shows_the_statement_that_a_topic_needs(
    tmp_path: Path, running: athena_testbed.Running, receiver: Receiver, topic: str
) -> None:
    running.plan_faults([{"kind": "denied", "operation": "Publish"}])
    told = findings(with_channels(tmp_path, running, receiver, topic))["sns:Publish"]
    assert (told["mark"], told["statement"]["Resource"]) == ("missing", [topic])


# -- notify -------------------------------------------------------------------------------------------------------


def test_a_test_message_goes_to_every_channel_and_says_that_it_is_one(
    tmp_path: Path, running: athena_testbed.Running, receiver: Receiver, topic: str
) -> None:
    path = with_channels(tmp_path, running, receiver, topic)
    result = run("notify", "--test", "--config", str(path))
    assert result.exit_code == 0, result.output
    assert [line.split(", test-")[0] for line in result.stdout.splitlines()] == ["team: sent", "ops: sent"]
    assert "nothing has happened" in receiver.received[0].body.decode()
    assert list(tmp_path.glob("ledger*")) == [], "the ledger is not touched"
    assert run("notify", "ops", "--test", "--config", str(path)).stdout.startswith("ops: sent, test-")


def test_a_channel_that_does_not_take_it_is_named(
    tmp_path: Path, running: athena_testbed.Running, receiver: Receiver, topic: str
) -> None:
    receiver.answer = Answer(status=404, body=b"no_service")
    running.plan_faults([{"kind": "denied", "operation": "Publish"}])
    result = run("notify", "--test", "--config", str(with_channels(tmp_path, running, receiver, topic)))
    assert result.exit_code == 1
    first, second = result.stderr.splitlines()
    assert first.startswith("athena-exporter: team: AWS denied Publish: the exporter needs sns:Publish")
    assert second.startswith("athena-exporter: webhook ops (127.0.0.1): answered 404 (no_service): the message is lost")
    assert "xyzzy" not in result.output


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((), "notify: add --test; it sends a message that people will read, marked as a test"),
        (("--test",), "there is no channel to test: notifications.sns and notifications.webhooks are empty"),
        (("--test", "ops"), "no channel is called ops; notifications.sns and .webhooks are empty"),
    ],
)
def test_notify_says_what_it_needs(
    tmp_path: Path, running: athena_testbed.Running, arguments: tuple[str, ...], line: str
) -> None:
    result = run("notify", "--config", str(configured(tmp_path, running)), *arguments)
    assert (result.exit_code, result.stderr) == (2, f"athena-exporter: {line}\n")


# -- the policy ---------------------------------------------------------------------------------------------------


def test_publishing_is_allowed_on_the_topics_alone_and_to_whom_publishes(tmp_path: Path) -> None:
    ours, theirs = (f"arn:aws:sns:eu-west-1:{number}:budgets" for number in ("111122223333", "444455556666"))
    path = tmp_path / "exporter.yml"
    path.write_text(
        f"targets: [{{region: eu-west-1}}]\nnotifications: {{sns: [{{name: a, topic_arn: '{ours}'}}, "
        f"{{name: b, topic_arn: '{theirs}', role_arn: '{ROLE}'}}]}}\n"
    )
    own = statements("--config", str(path))
    assert own["TellPeople"] == {
        "Sid": "TellPeople", "Effect": "Allow", "Action": ["sns:Publish"], "Resource": [ours]
    }  # fmt: skip  # one row
    assert own["ReadOtherAccounts"]["Resource"] == [ROLE]
    assert statements("--config", str(path), "--role", ROLE) == {
        "TellPeople": {"Sid": "TellPeople", "Effect": "Allow", "Action": ["sns:Publish"], "Resource": [theirs]}
    }


def statements(*arguments: str) -> dict[str, dict[str, Any]]:
    result = run("iam-policy", *arguments)
    assert result.exit_code == 0, result.stderr
    return {one["Sid"]: one for one in json.loads(result.stdout)["Statement"]}
