"""One object of S3, part by part, and what it means when there is none.

Stage: S3 GetObject -> **objects** -> scanning.py.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
"""

from collections.abc import Iterator
from enum import StrEnum

from botocore.exceptions import ClientError

from athena_exporter.sources import errors
from athena_exporter.sources.answers import ask
from athena_exporter.sources.errors import AwsError
from athena_exporter.sources.session import S3Api
from athena_exporter.sources.trail.notices import Place

PART = 2**20
"""Bytes that are read at a time."""


class Outcome(StrEnum):
    """What became of a file."""

    READ = "read"
    SKIPPED = "skipped"
    """A digest, Insights, or no file of CloudTrail's: nothing in it is wanted."""
    FOREIGN = "foreign"
    """Of an account or a Region that is no target."""
    WAITING = "waiting"
    """Of none that is known by now, while AWS has not answered for all targets yet."""
    GONE = "gone"
    """Deleted since it was announced: it will never be read."""
    CORRUPT = "corrupt"
    DENIED = "denied"
    FAILED = "failed"
    """AWS could not be reached, was busy, or answered otherwise: it is tried again."""


LEFT = frozenset({Outcome.WAITING, Outcome.CORRUPT, Outcome.DENIED, Outcome.FAILED})
"""What is tried again, until the queue's redrive policy moves the message to its dead-letter queue."""


def content(client: S3Api, place: Place) -> Iterator[bytes]:
    """The object's bytes.

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as they are.
    """
    body = ask(client.get_object, Bucket=place.bucket, Key=place.key)["Body"]
    try:
        yield from body.iter_chunks(PART)
    finally:
        body.close()


def outcome_of(error: AwsError) -> Outcome:
    """What an error at `content` makes of the file.

    Without s3:ListBucket S3 says AccessDenied of an object that is not there.
    """
    if isinstance(error, ClientError) and errors.code_of(error) in {"NoSuchKey", "NoSuchVersion"}:
        return Outcome.GONE
    return Outcome.DENIED if errors.reason(error) == "denied" else Outcome.FAILED
