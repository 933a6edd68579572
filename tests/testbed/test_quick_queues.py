"""Queues answered without moto's walks behave as moto's: what is received is hidden, counted, and in the end dead."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from bridges import MOST_RECEIVES, Bridged, bridged
from processes import until
from source_world import QUIET

import athena_testbed

SHORT = athena_testbed.Settings(queries_per_minute=0, longest_hidden=timedelta(seconds=1))
ATTRIBUTES = ["ApproximateReceiveCount", "SentTimestamp"]


@pytest.fixture(scope="module")
def running() -> Iterator[athena_testbed.Running]:
    with athena_testbed.running(QUIET) as running:
        yield running


@pytest.fixture
def empty(running: athena_testbed.Running) -> Iterator[Bridged]:
    with bridged(running.url, rules=()) as made:
        yield made


def receive(made: Bridged, most: int = 10, hidden: int = 60, **more: Any) -> list[dict[str, Any]]:
    """A call that waits for nothing: those are the calls that are answered here."""
    asked = {"MaxNumberOfMessages": most, "VisibilityTimeout": hidden, "WaitTimeSeconds": 0, **more}
    return list(made.sqs.receive_message(QueueUrl=made.url, **asked).get("Messages", []))


def test_messages_come_in_order_with_what_was_asked_of_them(empty: Bridged) -> None:
    empty.send(*({"number": number} for number in range(5)))
    found = receive(empty, 3, MessageSystemAttributeNames=ATTRIBUTES)
    assert [one["Body"] for one in found] == ['{"number": 0}', '{"number": 1}', '{"number": 2}']
    assert {one["Attributes"]["ApproximateReceiveCount"] for one in found} == {"1"}
    assert all(one["Attributes"].keys() == set(ATTRIBUTES) for one in found)
    assert len(receive(empty)) == 2
    assert receive(empty) == []


def test_what_is_not_hidden_comes_again_and_then_is_a_dead_letter(empty: Bridged) -> None:
    empty.send("poison")
    for time in range(MOST_RECEIVES):
        (found,) = receive(empty, hidden=0, MessageSystemAttributeNames=["All"])
        assert found["Attributes"]["ApproximateReceiveCount"] == str(time + 1)
    assert receive(empty) == []
    assert (empty.waiting(), empty.waiting(empty.dead_url)) == (0, 1)


def test_what_is_deleted_is_gone_by_any_of_its_receipts(empty: Bridged) -> None:
    empty.send("one", "two")
    first = {one["Body"]: one["ReceiptHandle"] for one in receive(empty, hidden=0)}
    receive(empty)
    entries = [{"Id": name, "ReceiptHandle": handle} for name, handle in first.items()]
    told = empty.sqs.delete_message_batch(QueueUrl=empty.url, Entries=entries)
    assert {one["Id"] for one in told["Successful"]} == {"one", "two"}
    assert empty.waiting() == 0
    again = empty.sqs.delete_message_batch(QueueUrl=empty.url, Entries=entries)
    assert len(again["Successful"]) == 2, "what is deleted already is deleted"


def test_a_receipt_that_nobody_was_given_is_refused(empty: Bridged) -> None:
    entries = [{"Id": "0", "ReceiptHandle": "nobody"}]
    with pytest.raises(ClientError, match="ReceiptHandleIsInvalid"):
        empty.sqs.delete_message(QueueUrl=empty.url, ReceiptHandle="nobody")
    (failed,) = empty.sqs.delete_message_batch(QueueUrl=empty.url, Entries=entries)["Failed"]
    assert failed["Code"] == "ReceiptHandleIsInvalid"


@pytest.mark.parametrize("most", [0, 11])
def test_more_than_ten_and_less_than_one_are_refused(empty: Bridged, most: int) -> None:
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        receive(empty, most)


def test_an_account_may_hide_messages_for_no_longer_than_a_test_can_wait() -> None:
    with athena_testbed.running(SHORT) as running, bridged(running.url, rules=()) as made:
        made.send("one")
        assert len(receive(made, hidden=600)) == 1
        until(lambda: receive(made, hidden=600), what="it comes again")


def test_what_a_queue_is_like_is_told_as_moto_tells_it(empty: Bridged) -> None:
    """Moto answers itself whoever asks for all of it."""
    empty.send("one", "two", "three")
    receive(empty, 1)
    asked = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "MessageRetentionPeriod",
        "QueueArn",
        "RedrivePolicy",
    ]

    def told(names: list[str], url: str = empty.url) -> dict[str, str]:
        answer = empty.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)
        return dict(answer.get("Attributes", {}))

    everything = told(["All"])
    assert told(asked) == {name: everything[name] for name in asked}
    assert told(asked)["ApproximateNumberOfMessages"] == "2"
    assert told(["RedrivePolicy"], empty.dead_url) == {}
