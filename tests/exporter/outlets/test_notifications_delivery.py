"""Why these tests exist: a message that is lost was never sent, and one that is sent again says that it is the same."""

import json
import logging
import os
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from certificates import Authority
from news import AT, Box, Results, decided, stopped
from source_world import QUIET, REGION, session_with
from webhook_wire import Answer, Receiver, receiving

import athena_testbed
from athena_exporter.budgets import Globs
from athena_exporter.cli.channels import Pools
from athena_exporter.config import News, NotificationsSettings
from athena_exporter.outlets.notifications import (
    ChannelError,
    Notifier,
    People,
    RefusedError,
    Sender,
    TopicSender,
    Wanted,
    Webhook,
    WebhookSender,
    to_slack,
)
from athena_exporter.outlets.notifications.webhook import LONGEST_WAIT
from athena_exporter.sources.topics import Topic

CONSOLE = NotificationsSettings().console_url


@dataclass(slots=True, kw_only=True)
class Channel:
    """A channel under test, with clocks that only a test moves."""

    box: Box
    results: Results = field(default_factory=Results)
    seconds: float = 0.0
    at: datetime = AT
    notifier: Any = None

    def run(self) -> list[str]:
        """Everything that is to be done at once; the reasons of what failed."""
        try:
            while self.notifier.run_once():
                pass
        except ChannelError as error:
            return [error.reason]
        return []


def channel(
    sender: Sender,
    *facts: Any,
    wanted: Wanted | None = None,
    people: Path | None = None,
    wait: timedelta = timedelta(0),
) -> Channel:
    found = Channel(box=Box(list(facts)))
    found.notifier = Notifier(
        name="ops", consumer="notifications/ops", outbox=found.box, sender=sender, tally=found.results,
        wanted=wanted or Wanted(news=frozenset(News), budgets=Globs(())), people=People(people), console_url=CONSOLE,
        monotonic=lambda: found.seconds, chance=lambda: 0.999, is_ripe=lambda at: found.at - at >= wait,
    )  # fmt: skip  # ten arguments read best as a block
    return found


@contextmanager
def posting(address: Callable[[], str] | str, *, read_s: float = 5.0) -> Iterator[WebhookSender]:
    pools = Pools(os.environ)
    try:
        told = address if callable(address) else lambda: address
        yield WebhookSender(Webhook(name="ops", address=told, pools=pools, now=lambda: AT, read_s=read_s), to_slack)
    finally:
        pools.close()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


# -- what arrives -------------------------------------------------------------------------------------------------


def test_every_message_is_posted_once_in_order_and_acknowledged(receiver: Receiver) -> None:
    with posting(f"{receiver.url}/services/T0/B0/secret") as sender:
        ops = channel(sender, decided(1), stopped(2), decided(3))
        assert ops.run() == []
    assert ops.box.acknowledged == 3
    assert ops.results.counts == {"sent": 3, "failed": 0, "refused": 0, "skipped": 0}
    assert [one.headers["Idempotency-Key"] for one in receiver.received] == [f"{seq:040x}" for seq in (1, 2, 3)]
    assert {one.path for one in receiver.received} == {"/services/T0/B0/secret"}
    assert {one.headers["Content-Type"] for one in receiver.received} == {"application/json; charset=utf-8"}
    assert "over a scan budget" in json.loads(receiver.received[0].body)["text"]


def test_news_wait_for_more_and_over_the_limit_outdoes_warned(receiver: Receiver) -> None:
    facts = [decided(1, level="warned"), decided(2, level="warned", subject="bob"), decided(3)]
    with posting(receiver.url) as sender:
        ops = channel(sender, *facts, wait=timedelta(seconds=10))
        assert ops.run() == []
        assert receiver.received == [], "it was decided this moment"
        ops.at += timedelta(seconds=10)
        assert ops.run() == []
    assert [one.headers["Idempotency-Key"] for one in receiver.received] == [f"{seq:040x}" for seq in (2, 3)]
    assert ops.results.counts == {"sent": 2, "skipped": 1, "failed": 0, "refused": 0}


def test_a_warning_is_told_where_nobody_wants_to_know_of_the_limit(receiver: Receiver) -> None:
    wanted = Wanted(news=frozenset({News.WARNED}), budgets=Globs(()))
    with posting(receiver.url) as sender:
        channel(sender, decided(1, level="warned"), decided(2), wanted=wanted).run()
    assert [one.headers["Idempotency-Key"] for one in receiver.received] == [f"{1:040x}"]


def test_a_channel_is_told_only_what_it_asked_for(receiver: Receiver) -> None:
    wanted = Wanted(news=frozenset({News.EXCEEDED}), budgets=Globs(("*-daily",)))
    facts = [decided(1), decided(2, budget="x-daily"), decided(3, budget="x-daily", level="warned"), stopped(4)]
    with posting(receiver.url) as sender:
        ops = channel(sender, *facts, wanted=wanted)
        assert ops.run() == []
    assert [one.headers["Idempotency-Key"] for one in receiver.received] == [f"{2:040x}"]
    assert ops.box.acknowledged == 4
    assert ops.results.counts == {"sent": 1, "skipped": 3, "failed": 0, "refused": 0}


def test_the_person_is_addressed_as_the_file_says_now(receiver: Receiver, tmp_path: Path) -> None:
    people = tmp_path / "people.yml"
    people.write_text("people: {'a*': {slack: U012ABCDEF}}")
    with posting(receiver.url) as sender:
        ops = channel(sender, decided(1), people=people)
        ops.run()
        people.write_text("people: {'a*': {slack: U0SOMEBODYELSE}}")
        ops.box.facts.append(decided(2))
        ops.run()
    mentioned = [b"U012ABCDEF" in one.body for one in receiver.received]
    assert mentioned == [True, False]
    assert b"U0SOMEBODYELSE" in receiver.received[1].body


def test_a_user_and_a_password_in_an_address_are_sent_as_a_header(receiver: Receiver) -> None:
    with posting(receiver.url.replace("//", "//me:p%40ss@")) as sender:
        channel(sender, decided(1)).run()
    assert receiver.received[0].headers["authorization"] == "Basic bWU6cEBzcw=="


# -- what does not ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "reason"), [(500, "server"), (503, "server"), (408, "server"), (429, "throttled")])
def test_a_receiver_that_is_busy_or_broken_is_tried_again_later(receiver: Receiver, status: int, reason: str) -> None:
    receiver.answers = [Answer(status=status)]
    with posting(receiver.url) as sender:
        ops = channel(sender, decided(1), decided(2))
        assert ops.run() == [reason]
        assert (ops.box.acknowledged, ops.notifier.is_waiting) == (0, True)
        assert ops.run() == [], "too early"
        assert len(receiver.received) == 1
        ops.seconds += 1.0
        assert ops.run() == []
    assert ops.box.acknowledged == 2
    keys = [one.headers["Idempotency-Key"] for one in receiver.received]
    assert keys == [f"{seq:040x}" for seq in (1, 1, 2)], "the receiver can tell that it is the same"
    assert ops.results.counts == {"sent": 2, "failed": 1, "refused": 0, "skipped": 0}


@pytest.mark.parametrize(
    ("told", "wait"),
    [
        ("30", 30.0),
        (format_datetime(AT + timedelta(seconds=90), usegmt=True), 90.0),
        ("999999999999999", LONGEST_WAIT.total_seconds()),
        ("soon", 1.0),
        ("-5", 1.0),
        (format_datetime(AT - timedelta(days=1), usegmt=True), 1.0),
    ],
)
def test_a_receiver_says_how_long_it_wants_to_be_left_alone(receiver: Receiver, told: str, wait: float) -> None:
    receiver.answers = [Answer(status=429, headers={"Retry-After": told})]
    with posting(receiver.url) as sender:
        ops = channel(sender, decided(1))
        assert ops.run() == ["throttled"]
        ops.seconds += wait - 0.01
        assert ops.notifier.is_waiting
        ops.seconds += 0.02
        assert not ops.notifier.is_waiting


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422])
def test_a_message_that_is_refused_for_good_blocks_no_other(receiver: Receiver, status: int) -> None:
    receiver.answers = [Answer(status=status, body=b"invalid_payload\n")]
    with posting(f"{receiver.url}/services/T0/B0/secret") as sender:
        ops = channel(sender, decided(1), decided(2))
        with pytest.raises(RefusedError) as caught:
            ops.notifier.run_once()
        line = str(caught.value)
        assert f"webhook ops (127.0.0.1): answered {status} (invalid_payload): the message is lost; look" in line
        assert "secret" not in line
        assert ops.box.acknowledged == 1
        assert ops.run() == []
    assert ops.results.counts == {"sent": 1, "failed": 0, "refused": 1, "skipped": 0}


def test_a_channel_that_has_lost_a_message_is_not_well_before_it_has_sent_another(receiver: Receiver) -> None:
    receiver.answers = [Answer(status=404)]
    with posting(receiver.url) as sender:
        ops = channel(sender, decided(1))
        assert ops.run() == ["refused"]
        assert ops.notifier.is_waiting, "that there is nothing to do proves nothing"
        ops.box.facts.append(decided(2))
        assert not ops.notifier.is_waiting
        assert ops.run() == []
        assert not ops.notifier.is_waiting


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(receiver: Receiver, status: int) -> None:
    with receiving() as elsewhere:
        receiver.answer = Answer(status=status, headers={"Location": f"{elsewhere.url}/?token=secret"})
        with posting(receiver.url) as sender:
            ops = channel(sender, decided(1))
            with pytest.raises(ChannelError, match="says to go elsewhere") as caught:
                ops.notifier.run_once()
        assert elsewhere.received == []
        assert caught.value.reason == "answer"
        assert "secret" not in str(caught.value)
        assert ops.box.acknowledged == 0


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with posting(f"http://127.0.0.1:{port}/secret") as sender, pytest.raises(ChannelError) as caught:
        channel(sender, decided(1)).notifier.run_once()
    assert str(caught.value) == "webhook ops (127.0.0.1): no connection, nobody listens there; it is tried again"
    assert caught.value.reason == "network"


def test_a_host_without_an_address() -> None:
    with posting("http://nowhere.invalid/secret") as sender, pytest.raises(ChannelError) as caught:
        channel(sender, decided(1)).notifier.run_once()
    assert str(caught.value) == "webhook ops (nowhere.invalid): its host has no address; it is tried again"


def test_a_receiver_that_never_answers_is_given_up(receiver: Receiver) -> None:
    receiver.answers = [Answer(hangs=True)]
    with posting(receiver.url, read_s=0.2) as sender:
        ops = channel(sender, decided(1))
        with pytest.raises(ChannelError, match="no answer in time"):
            ops.notifier.run_once()
        ops.seconds += 1
        assert ops.run() == []
    assert len(receiver.received) == 2, "nobody can tell whether the first was taken"


def test_a_certificate_that_nobody_trusts_gets_no_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = Authority(tmp_path / "a"), Authority(tmp_path / "b")
    with receiving(theirs.pair("server")) as receiver:
        monkeypatch.setenv("AWS_CA_BUNDLE", str(ours.cert))
        with posting(f"{receiver.url}/secret") as sender, pytest.raises(ChannelError) as caught:
            channel(sender, decided(1)).notifier.run_once()
        assert "webhook ops (127.0.0.1): its certificate is not trusted (" in str(caught.value)
        assert receiver.received == []
        monkeypatch.setenv("AWS_CA_BUNDLE", str(theirs.cert))
        with posting(f"{receiver.url}/secret") as sender:
            assert channel(sender, decided(1)).run() == []
        assert len(receiver.received) == 1


def test_a_certificate_for_another_name_gets_no_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.cert))
    with receiving(authority.pair("server", ["hooks.example.com"])) as receiver:
        with posting(receiver.url) as sender, pytest.raises(ChannelError, match="not trusted"):
            channel(sender, decided(1)).notifier.run_once()
        assert receiver.received == []


def test_the_environments_proxy_is_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", receiver.url)
    monkeypatch.setenv("no_proxy", "")
    with posting("http://hooks.example.com/secret") as sender:
        assert channel(sender, decided(1)).run() == []
    assert receiver.received[0].path == "http://hooks.example.com/secret"


def test_an_address_is_in_no_log_line(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    receiver.answers = [Answer(status=500), Answer(status=404)]
    with caplog.at_level(logging.INFO), posting(f"{receiver.url}/services/secret") as sender:
        ops = channel(sender, decided(1))
        ops.run()
        ops.seconds += 5
        ops.run()
    assert "secret" not in caplog.text


# -- SNS ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """A topic in the embedded account, and a queue that reads it."""

    url: str
    topic_arn: str
    queue_url: str
    sqs: Any

    def letters(self) -> list[dict[str, Any]]:
        found = self.sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10)
        return [json.loads(one["Body"]) for one in found.get("Messages", ())]


@contextmanager
def mailbox(*, fifo: bool = False) -> Iterator[Mailbox]:
    end, more = (".fifo", {"FifoTopic": "true"}) if fifo else ("", {})
    with athena_testbed.running(QUIET) as running:
        clients = [
            boto3.client(
                name, region_name=REGION, endpoint_url=running.url, aws_access_key_id="a", aws_secret_access_key="b"
            )
            for name in ("sns", "sqs")
        ]
        sns, sqs = clients
        queue = sqs.create_queue(QueueName=f"people{end}", Attributes={"FifoQueue": "true"} if fifo else {})
        arn = sqs.get_queue_attributes(QueueUrl=queue["QueueUrl"], AttributeNames=["QueueArn"])["Attributes"]
        topic = sns.create_topic(Name=f"budgets{end}", Attributes=more)["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["QueueArn"])
        try:
            yield Mailbox(url=running.url, topic_arn=topic, queue_url=queue["QueueUrl"], sqs=sqs)
        finally:
            for client in clients:
                client.close()


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testbed")


@pytest.mark.parametrize("fifo", [False, True])
def test_a_topic_gets_subject_text_and_attributes(*, fifo: bool) -> None:
    with mailbox(fifo=fifo) as box, closing(session_with(box.url, Counter())) as session:
        ops = channel(TopicSender(Topic(session.sns(), box.topic_arn)), decided(1, subject="ünïcödé\n<!channel>"))
        assert ops.run() == []
        (letter,) = box.letters()
    assert letter["Subject"] == "Athena: ?n?c?d?\\n<!channel> has used 117 % of budget daily"
    assert letter["Message"].startswith("Athena: over a scan budget\nünïcödé\\n<!channel> has used 117 % of budget")
    told = {name: one["Value"] for name, one in letter["MessageAttributes"].items()}
    assert told == {
        "decision_id": f"{1:040x}", "budget": "daily", "level": "exceeded", "subject": "ünïcödé\\n<!channel>"
    }  # fmt: skip  # two rows
    assert {one["Type"] for one in letter["MessageAttributes"].values()} == {"String"}
    assert ops.box.acknowledged == 1


def test_a_topic_that_is_gone_keeps_the_message_waiting() -> None:
    with mailbox() as box, closing(session_with(box.url, Counter())) as session:
        ops = channel(TopicSender(Topic(session.sns(), f"{box.topic_arn}-gone")), decided(1))
        with pytest.raises(ClientError, match="NotFound"):
            ops.notifier.run_once()
        assert (ops.box.acknowledged, ops.notifier.is_waiting) == (0, True)
        assert ops.results.counts["failed"] == 1


class Refusing:
    """SNS's answer to a letter that it calls invalid."""

    def publish(self, **_: Any) -> dict[str, Any]:
        said = {"Error": {"Code": "InvalidParameter", "Message": "Invalid parameter: Subject"}}
        raise ClientError(said, "Publish")  # type: ignore[arg-type]  # the stubs want more of an answer than AWS sends


def test_a_letter_that_sns_calls_invalid_blocks_no_other() -> None:
    ops = channel(TopicSender(Topic(Refusing(), "arn:aws:sns:eu-west-1:111122223333:t")), decided(1))
    with pytest.raises(RefusedError, match="refused a letter to arn:aws:sns:eu-west-1:111122223333:t: Inv"):
        ops.notifier.run_once()
    assert ops.box.acknowledged == 1
