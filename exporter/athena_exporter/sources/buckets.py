"""One bucket of S3, as far as the exporter writes to it. AWS's words for it end here.

An object is put by a single call: S3 shows either all of it or nothing, and whoever reads meanwhile gets what was
there before. https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from botocore.exceptions import ClientError

from athena_exporter.sources import errors
from athena_exporter.sources.answers import Answer, ask
from athena_exporter.sources.errors import GarbledAnswerError

_GONE = frozenset({"NoSuchKey", "NoSuchVersion", "404"})


class BucketApi(Protocol):
    """The operations of S3 that writing a bucket takes."""

    def put_object(self, **arguments: Any) -> Answer:  # botocore's arguments
        """Make one object, or replace it."""
        ...

    def get_object(self, **arguments: Any) -> Answer:  # as above
        """One object; its `Body` is a stream."""
        ...

    def list_objects_v2(self, **arguments: Any) -> Answer:  # as above
        """A page of up to 1,000 keys."""
        ...

    def delete_object(self, **arguments: Any) -> Answer:  # as above
        """Remove one object, if it is there."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One object of a listing, with its bytes and the time of its last writing, by AWS's clock."""

    key: str
    size: int
    written_at: datetime


class Bucket:
    """One bucket. Every method raises botocore's ClientError and BotoCoreError as they are."""

    def __init__(self, client: BucketApi, name: str, *, kms_key: str | None = None) -> None:
        """Asks AWS nothing. `kms_key`: the ARN of the key that encrypts what is put; else as the bucket is set up."""
        self._client = client
        self._name = name
        self._encryption = {} if kms_key is None else {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key}

    def put(self, key: str, content: bytes) -> None:
        """Write a whole object. Raises GarbledAnswerError, too: whoever answered is not S3, and may keep nothing."""
        answer = ask(self._client.put_object, Bucket=self._name, Key=key, Body=content, **self._encryption)
        # A proxy's page has status 200 as well, and botocore reads nothing but headers of this answer.
        if not answer.get("ETag"):
            raise GarbledAnswerError(operation="PutObject", why="it names no ETag, so that nothing tells it was kept")

    def get(self, key: str) -> bytes | None:
        """A whole object, None if it is gone."""
        try:
            body = ask(self._client.get_object, Bucket=self._name, Key=key)["Body"]
        except ClientError as error:
            if errors.code_of(error) in _GONE:
                return None
            raise
        try:
            return bytes(body.read())
        finally:
            body.close()

    def listed(self, prefix: str) -> Iterator[Stored]:
        """Every object below a prefix, in the order of their keys."""
        for page in self._pages(Prefix=prefix):
            for one in page.get("Contents", ()):
                at = one.get("LastModified") or datetime.fromtimestamp(0, UTC)
                yield Stored(key=str(one["Key"]), size=int(one.get("Size", 0)), written_at=at)

    def folders(self, prefix: str) -> Iterator[str]:
        """What lies directly below a prefix that ends with a slash, in order, each with its slash."""
        for page in self._pages(Prefix=prefix, Delimiter="/"):
            for one in page.get("CommonPrefixes", ()):
                yield str(one["Prefix"])

    def delete(self, key: str) -> None:
        """Remove an object; that it is gone already is as well."""
        ask(self._client.delete_object, Bucket=self._name, Key=key)

    def _pages(self, **asked: str) -> Iterator[Answer]:
        token: dict[str, str] = {}
        while True:
            answer = ask(self._client.list_objects_v2, Bucket=self._name, **asked, **token)
            yield answer
            if not answer.get("NextContinuationToken"):
                return
            token = {"ContinuationToken": str(answer["NextContinuationToken"])}
