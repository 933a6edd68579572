"""A trail, its bucket and the queue that hears of its files, set up over the wire as terraform would."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3

REGION = "eu-west-1"
MOST_RECEIVES = 3
"""After so many receives a message is a dead letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trailed:
    """The bucket, the queue and its dead-letter queue, and clients to look at all of them."""

    bucket: str
    url: str
    dead_url: str
    sqs: Any
    s3: Any
    cloudtrail: Any

    def put(self, key: str, body: bytes) -> None:
        """Put a file into the bucket, which announces it."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def send(self, *bodies: object) -> None:
        """Put messages into the queue, as somebody else might."""
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body if isinstance(body, str) else json.dumps(body))

    def waiting(self, url: str | None = None) -> int:
        """Messages in the queue, those included that somebody has received and not deleted."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = self.sqs.get_queue_attributes(QueueUrl=url or self.url, AttributeNames=names)["Attributes"]
        return sum(int(told[name]) for name in names)

    def log(self) -> None:
        """Let CloudTrail write into the bucket."""
        self.cloudtrail.create_trail(Name="trail", S3BucketName=self.bucket)
        self.cloudtrail.start_logging(Name="trail")


@contextmanager
def trailed(endpoint: str) -> Iterator[Trailed]:
    """A bucket and a queue of its own, for moto's outlive a testbed."""
    place: dict[str, Any] = {
        "region_name": REGION, "endpoint_url": endpoint, "aws_access_key_id": "testbed",
        "aws_secret_access_key": "testbed",
    }  # fmt: skip  # rows
    sqs, s3, cloudtrail = boto3.client("sqs", **place), boto3.client("s3", **place), boto3.client("cloudtrail", **place)
    name = f"trail-{uuid.uuid4().hex}"
    dead_url = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    dead = sqs.get_queue_attributes(QueueUrl=dead_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": MOST_RECEIVES})
    url = sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": redrive})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    told = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=told)
    try:
        yield Trailed(bucket=name, url=url, dead_url=dead_url, sqs=sqs, s3=s3, cloudtrail=cloudtrail)
    finally:
        for client in (sqs, s3, cloudtrail):
            client.close()
