"""A queue that EventBridge fills, set up over the wire as terraform's module `events` sets it up."""

import json
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3

REGION = "eu-west-1"
WITH_READS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
CHANGES: Mapping[str, Any] = {"source": ["aws.athena"], "detail-type": ["Athena Query State Change"]}
STARTS: Mapping[str, Any] = {
    "source": ["aws.athena"],
    "detail-type": ["AWS API Call via CloudTrail"],
    "detail": {"eventSource": ["athena.amazonaws.com"], "eventName": ["StartQueryExecution"]},
}
READS: Mapping[str, Any] = {
    "source": ["aws.glue", "aws.lakeformation"],
    "detail-type": ["AWS API Call via CloudTrail"],
}
RULES: Mapping[str, Mapping[str, Any]] = {"changes": CHANGES, "starts": STARTS}
MOST_RECEIVES = 3
"""After so many receives a message is a dead letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridged:
    """The queue, its dead-letter queue, a client to look at both, and one for rules once there are any."""

    url: str
    arn: str
    dead_url: str
    sqs: Any
    place: Mapping[str, Any]
    events: list[Any] = field(default_factory=list)

    def send(self, *bodies: object) -> None:
        """Put messages into the queue, as somebody else might."""
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body if isinstance(body, str) else json.dumps(body))

    def waiting(self, url: str | None = None) -> int:
        """Messages in the queue, those included that somebody has received and not deleted."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = self.sqs.get_queue_attributes(QueueUrl=url or self.url, AttributeNames=names)["Attributes"]
        return sum(int(told[name]) for name in names)

    def rule(self, name: str, pattern: Mapping[str, Any], state: str = "ENABLED") -> None:
        """A rule whose events go into the queue."""
        if not self.events:
            self.events.append(boto3.client("events", **self.place))
        (events,) = self.events
        events.put_rule(Name=name, EventPattern=json.dumps(pattern), State=state)
        events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": self.arn}])


@contextmanager
def bridged(
    endpoint: str, *, rules: Collection[str] = tuple(RULES), dead_letters: bool = True, visibility: int = 120
) -> Iterator[Bridged]:
    """A queue of its own, for moto's queues outlive a testbed; the credentials come from the environment."""
    place: dict[str, Any] = {
        "region_name": REGION,
        "endpoint_url": endpoint,
        "aws_access_key_id": "testbed",
        "aws_secret_access_key": "testbed",
    }
    sqs = boto3.client("sqs", **place)
    name = f"events-{uuid.uuid4().hex}"
    dead_url = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    dead = sqs.get_queue_attributes(QueueUrl=dead_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": MOST_RECEIVES})}
    attributes = {"VisibilityTimeout": str(visibility), **(redrive if dead_letters else {})}
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    made = Bridged(url=url, arn=arn, dead_url=dead_url, sqs=sqs, place=place)
    try:
        for rule in rules:
            made.rule(rule, RULES[rule])
        made.waiting()  # the first look: from now on everything is told
        yield made
    finally:
        for queue in (url, dead_url):
            sqs.delete_queue(QueueUrl=queue)
        for client in (sqs, *made.events):
            client.close()
