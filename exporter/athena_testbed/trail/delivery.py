"""CloudTrail's delivery to S3: every few minutes a file of what has become visible, announced as the trail is set up.

Stage: ../events.py -> **delivery** (files.py) -> moto's S3, whose buckets tell SQS, and SNS. Files are written when
somebody looks at a queue: an account that nobody asks does nothing.
"""

import heapq
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import count, islice
from random import Random
from typing import Any

from athena_testbed.account import Account
from athena_testbed.events import Events
from athena_testbed.settings import ACCOUNT_ID
from athena_testbed.trail.background import noise
from athena_testbed.trail.files import file_key, packed
from athena_testbed.wire import AwsError, Json

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(slots=True, kw_only=True)
class Trail:
    """One trail. `next_ms` is when its next file is due, None while it does not log."""

    name: str
    bucket: str
    prefix: str
    topic_arn: str | None
    next_ms: int | None = None


class Trails:
    """The trails of one account and Region. Safe to call from several threads.

    Attributes:
        keys: of all files that were written, in that order.
    """

    def __init__(self, account: Account, events: Events) -> None:
        self._account = account
        self._events = events
        self._settings = account.settings
        self._trails: dict[str, Trail] = {}
        self._due: list[tuple[int, int]] = []
        self._next: int | None = None
        self._numbers = count()
        self._noise: Iterator[Json] | None = None
        self.keys: list[str] = []
        self.operations: Mapping[str, Callable[[Json], Json]] = {
            "CreateTrail": self.create_trail,
            "StartLogging": self.start_logging,
            "StopLogging": self.stop_logging,
            "DeleteTrail": self.delete_trail,
        }

    # -- set-up ---------------------------------------------------------------------------------------------------

    def create_trail(self, asked: Json) -> Json:
        """A trail that does not log yet."""
        name = str(asked.get("Name") or "")
        if not name or name in self._trails:
            raise AwsError("TrailAlreadyExistsException" if name else "InvalidTrailNameException", f"Trail {name!r}")
        topic = asked.get("SnsTopicName")
        arn = f"arn:aws:sns:{self._settings.region}:{ACCOUNT_ID}:{topic}" if topic else None
        trail = Trail(
            name=name, bucket=str(asked["S3BucketName"]), prefix=str(asked.get("S3KeyPrefix") or ""), topic_arn=arn
        )
        self._trails[name] = trail
        answer: Json = {"Name": name, "S3BucketName": trail.bucket, "TrailARN": self._arn(name)}
        return answer | ({"SnsTopicARN": arn} if arn else {}) | ({"S3KeyPrefix": trail.prefix} if trail.prefix else {})

    def start_logging(self, asked: Json) -> Json:
        """What becomes visible goes into files: of queries from now on, or from the account's beginning."""
        now = self._account.advance()
        self._trail(asked).next_ms = now + self._interval_ms
        if self._next is None:
            self._next = 0 if self._settings.routes_from_start else self._account.size
        return {}

    def stop_logging(self, asked: Json) -> Json:
        """No more files."""
        self._trail(asked).next_ms = None
        return {}

    def delete_trail(self, asked: Json) -> Json:
        """Forget a trail; its files stay."""
        self._trails.pop(self._trail(asked).name)
        return {}

    def _trail(self, asked: Json) -> Trail:
        name = str(asked.get("Name") or "").rpartition("/")[2]
        if name not in self._trails:
            raise AwsError("TrailNotFoundException", f"Unknown trail: {name}")
        return self._trails[name]

    def _arn(self, name: str) -> str:
        return f"arn:aws:cloudtrail:{self._settings.region}:{ACCOUNT_ID}:trail/{name}"

    @property
    def _interval_ms(self) -> int:
        return int(self._settings.trail_interval.total_seconds() * 1000)

    # -- delivery -------------------------------------------------------------------------------------------------

    def deliver(self) -> int:
        """Write what is due; answers how many files."""
        if self._next is None:
            return 0
        with self._account.lock:
            now = self._account.advance()
            self._look_for_news()
            due = [trail for trail in self._trails.values() if trail.next_ms is not None and trail.next_ms <= now]
            records = list(self._records(now)) if due else []
        for trail in due:
            trail.next_ms = now + self._interval_ms
            self._write(trail, now, records)
        return len(due)

    def _look_for_news(self) -> None:
        size, first = self._account.size, self._next or 0
        for start in range(first, size):
            for number in (start, *(access.number for access in self._events.access.of(start))):
                for visible in self._events.delivery(number).visible_ms:
                    heapq.heappush(self._due, (visible, number))
        self._next = size

    def _records(self, now: int) -> Iterator[Json]:
        """What has become visible, among what other services wrote; a copy of an event has its id."""
        while self._due and self._due[0][0] <= now:
            yield self._events.record(heapq.heappop(self._due)[1])
            yield from islice(self._others(now), self._settings.trail_noise)

    def _others(self, now: int) -> Iterator[Json]:
        if self._noise is None:
            self._noise = noise(self._settings.seed, account_id=ACCOUNT_ID, region=self._settings.region, begin_ms=now)
        return self._noise

    def _write(self, trail: Trail, now: int, records: list[Json]) -> None:
        number = next(self._numbers)
        token = "".join(Random(f"{self._settings.seed}/file/{number}").choices(_LETTERS, k=16))
        key = file_key(ACCOUNT_ID, self._settings.region, now, token, prefix=trail.prefix)
        self.put(trail.bucket, key, packed(records))
        if trail.topic_arn:
            self._publish(trail.topic_arn, json.dumps({"s3Bucket": trail.bucket, "s3ObjectKey": [key]}))

    def put(self, bucket: str, key: str, body: bytes) -> None:
        """Write an object as CloudTrail does; the bucket's own notifications follow."""
        from moto.s3.exceptions import MissingBucket  # noqa: PLC0415 - moto takes its time

        try:
            self._s3.put_object(bucket, key, body)
        except MissingBucket:
            return
        self.keys.append(key)

    @cached_property
    def _s3(self) -> Any:
        """Moto's buckets; imported when the first file is written, for moto takes its time."""
        from moto.s3.models import s3_backends  # noqa: PLC0415 - as above

        return s3_backends[ACCOUNT_ID]["aws"]

    def _publish(self, topic_arn: str, message: str) -> None:
        from moto.sns.models import sns_backends  # noqa: PLC0415 - as above

        sns_backends[ACCOUNT_ID][self._settings.region].publish(message, arn=topic_arn)
