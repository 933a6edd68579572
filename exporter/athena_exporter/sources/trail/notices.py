"""Which objects a message announces, in each of the ways in which a trail's files may be announced.

| who announces | how | the message |
| --- | --- | --- |
| S3 | to the queue, or through SNS | `Records` with `s3.bucket.name` and `s3.object.key`, URL-encoded |
| S3 through EventBridge | a rule for "Object Created" | `detail.bucket.name`, `detail.object.key` |
| CloudTrail | the trail's own SNS topic | `s3Bucket`, `s3ObjectKey`: a list |

Stage: sources/queues.py, which opens SNS's envelope -> **notices** -> source.py.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html,
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/configure-cloudtrail-to-send-notifications.html
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus


class AlienNoticeError(ValueError):
    """A message that announces no object; its words hold nothing of what it says."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """One object of S3."""

    bucket: str
    key: str


def announced(body: Mapping[str, Any], bucket: str) -> Sequence[Place]:
    """The objects that have come; none for what S3 sends when its notifications are set up, or for a deletion.

    Args:
        body: the message, as parsed JSON.
        bucket: where the objects have to be: a message must not choose what is read.

    Raises:
        AlienNoticeError: it is none of these messages, or names another bucket.
    """
    places = tuple(_announced(body))
    if any(place.bucket != bucket for place in places):
        raise AlienNoticeError("it announces an object in another bucket than the trail's (sources.trail.bucket)")
    return places


def _announced(body: Mapping[str, Any]) -> Iterator[Place]:
    if isinstance(body.get("Records"), list):
        yield from _of_s3(body["Records"])
    elif "s3Bucket" in body:
        keys = body.get("s3ObjectKey")
        yield from (_place(body["s3Bucket"], key) for key in (keys if isinstance(keys, list) else [keys]))
    elif body.get("source") == "aws.s3":
        if body.get("detail-type") == "Object Created":
            yield _place(_part(body, "detail", "bucket", "name"), _part(body, "detail", "object", "key"))
    elif body.get("Service") != "Amazon S3" or body.get("Event") != "s3:TestEvent":
        raise AlienNoticeError("it announces no object in S3")


def _of_s3(records: Sequence[object]) -> Iterator[Place]:
    for record in records:
        if not isinstance(record, Mapping) or record.get("eventSource") != "aws:s3":
            raise AlienNoticeError("its records are none of S3's")
        if str(record.get("eventName")).startswith("ObjectCreated:"):
            key = _part(record, "s3", "object", "key")
            yield _place(_part(record, "s3", "bucket", "name"), unquote_plus(key) if isinstance(key, str) else None)


def _part(body: object, *names: str) -> object:
    for name in names:
        body = body.get(name) if isinstance(body, Mapping) else None
    return body


def _place(bucket: object, key: object) -> Place:
    if not isinstance(bucket, str) or not isinstance(key, str) or not bucket or not key:
        raise AlienNoticeError("it announces an object without a bucket or a key")
    return Place(bucket=bucket, key=key)
