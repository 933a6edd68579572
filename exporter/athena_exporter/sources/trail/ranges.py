"""The past of a trail: the files of a stretch of time, found by their keys, and read beside each other.

Stage: S3 ListObjectsV2, GetObject -> **ranges** (scanning.py, reading.py) -> records -> `athena-exporter backfill`. The
date in a key is the delivery's, so that files are looked for a while behind the end, and their records chosen by time.
Only who started a query is taken from a start: refused starts are counters' business, and the past raises none.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from athena_exporter.records import Batch, FailedStart, Record, StartedQuery, TableEvent, Target
from athena_exporter.sources import errors
from athena_exporter.sources.answers import Clock, ask
from athena_exporter.sources.past.span import NAME, Span, mark, reached_since
from athena_exporter.sources.session import S3Api
from athena_exporter.sources.starts import MalformedRecordError
from athena_exporter.sources.trail.keys import ORGANISATION, ROOT, Sort, read_key
from athena_exporter.sources.trail.notices import Place
from athena_exporter.sources.trail.objects import content
from athena_exporter.sources.trail.reading import Reading
from athena_exporter.sources.trail.scanning import CorruptFileError, scan

LATE = timedelta(hours=3)
"""How long after a call its file may be delivered. CloudTrail names 5 minutes as the average, and no bound."""
WORKERS = 8
"""Files that are read at once: most of the time goes into waiting for S3, and gzip is unpacked beside Python."""
RECORDS = 5_000
FILES = 500
"""Records, and files, that are committed at once."""

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """What is read: records with since <= time < until in the trail's files for one target."""

    bucket: str
    prefix: str
    target: Target
    since: datetime
    until: datetime

    @property
    def cursor(self) -> str:
        """The cursor of this bucket and no other."""
        return f"trail:{self.bucket}/{self.prefix}"

    @property
    def span(self) -> Span:
        """Its target and times."""
        return Span(target=self.target, since=self.since, until=self.until)

    def days(self) -> Iterator[datetime]:
        """The days in whose folders its files are."""
        day = self.since.replace(hour=0, minute=0, second=0, microsecond=0)
        while day < self.until + LATE:
            yield day
            day += _DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file of a range, with its compressed bytes."""

    key: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of a file; `words` say why it could not be read."""

    file: File
    records: Sequence[Record] = ()
    malformed: int = 0
    words: str | None = None


def files(client: S3Api, wanted: Range) -> list[File]:
    """The files of a range, by their keys.

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as they are.
    """
    place, found = wanted.target, []
    for root in _roots(client, wanted):
        for day in wanted.days():
            folder = f"{root}{place.account_id}/CloudTrail/{place.region}/{day:%Y/%m/%d}/"
            for page in _pages(client, Bucket=wanted.bucket, Prefix=folder):
                found += [File(key=one["Key"], size=one.get("Size", 0)) for one in page.get("Contents", ())]
    return sorted((one for one in found if _is_of(one.key, wanted)), key=lambda one: one.key)


def _roots(client: S3Api, wanted: Range) -> list[str]:
    """Where folders of accounts are: at once, and below each organisation."""
    root = f"{wanted.prefix.strip('/')}/{ROOT}".lstrip("/")
    pages = _pages(client, Bucket=wanted.bucket, Prefix=root, Delimiter="/")
    folders = [one["Prefix"] for page in pages for one in page.get("CommonPrefixes", ())]
    return [root, *(one for one in folders if re.fullmatch(f"{re.escape(root)}{ORGANISATION}/", one))]


def _pages(client: S3Api, **asked: str) -> Iterator[Mapping[str, Any]]:
    token: dict[str, str] = {}
    while True:
        answer = ask(client.list_objects_v2, **asked, **token)
        yield answer
        if not answer.get("NextContinuationToken"):
            return
        token = {"ContinuationToken": str(answer["NextContinuationToken"])}


def _is_of(key: str, wanted: Range) -> bool:
    name = read_key(key)
    # Whole minutes: a file of the first minute may have been delivered within it.
    return name.sort is Sort.LOG and name.at is not None and wanted.since - _MINUTE < name.at < wanted.until + LATE


def batches(
    client: S3Api,
    wanted: Range,
    many: Iterable[File],
    *,
    reading: Callable[[], Reading],
    clock: Clock,
    told: Callable[[Done], None],
) -> Iterator[Batch]:
    """Read these files, in their order; each batch's cursor says up to which.

    Args:
        client: S3's, which may be used from several threads.
        wanted: the range.
        many: its files, or those that are left of them.
        reading: makes what reads records, one for each thread.
        clock: the local time.
        told: told of every file.
    """
    gathered = _Gathered()
    for done in _read(client, wanted, many, reading):
        told(done)
        gathered.add(done)
        if len(gathered.records) >= RECORDS or gathered.files >= FILES:
            yield gathered.batch(wanted, clock())
            gathered = _Gathered()
    # Read to its end: asked for once more, the range is read once more.
    gathered.last = ""
    yield gathered.batch(wanted, clock())


@dataclass(slots=True)
class _Gathered:
    records: list[Record] = field(default_factory=list)
    malformed: int = 0
    files: int = 0
    last: str = ""

    def add(self, done: Done) -> None:
        self.records += done.records
        self.malformed += done.malformed
        self.files += 1
        self.last = done.file.key

    def batch(self, wanted: Range, now: datetime) -> Batch:
        return Batch(
            source=NAME,
            target=wanted.target,
            observed_at=now,
            records=tuple(self.records),
            malformed=self.malformed,
            cursors={wanted.cursor: self.last and mark(wanted.span, self.last)},
        )


def left(many: Iterable[File], wanted: Range, cursor: str | None) -> list[File]:
    """The files that an interrupted run has not read: those behind its last one.

    Whether its times were the same does not matter where they held all that is wanted now: a relative time moves on
    between two runs, and a file holds nothing that is younger than itself.
    """
    last = reached_since(cursor, wanted.span)
    if last is None or not last.reached:
        return list(many)
    at = read_key(last.reached).at
    is_whole = last.until >= wanted.until or (at is not None and at < last.until)
    return [one for one in many if not is_whole or one.key > last.reached]


def _read(client: S3Api, wanted: Range, many: Iterable[File], reading: Callable[[], Reading]) -> Iterator[Done]:
    """Several files at once, told in their order; twice as many wait at most, so that memory stays flat."""
    readings: deque[Reading] = deque()

    def read(file: File) -> Done:
        mine = readings.pop() if readings else reading()
        try:
            return _one(client, wanted, file, mine)
        finally:
            readings.append(mine)

    with ThreadPoolExecutor(WORKERS) as pool:
        waiting: deque[Future[Done]] = deque()
        try:
            for file in many:
                waiting.append(pool.submit(read, file))
                if len(waiting) >= 2 * WORKERS:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _one(client: S3Api, wanted: Range, file: File, reading: Reading) -> Done:
    records: list[Record] = []
    malformed, words = 0, None
    try:
        for found in scan(partial(content, client, Place(bucket=wanted.bucket, key=file.key)), reading.names):
            try:
                record = reading.read(found, wanted.target)
            except MalformedRecordError:
                malformed += 1
            else:
                if record is not None and not isinstance(record, FailedStart) and _is_in(record, wanted):
                    records.append(record)
    except CorruptFileError as error:
        words = str(error)
    except (ClientError, BotoCoreError) as error:
        words = errors.explain(error)
    return Done(file=file, records=records, malformed=malformed, words=words)


def _is_in(record: StartedQuery | TableEvent, wanted: Range) -> bool:
    at = record.started_at if isinstance(record, StartedQuery) else record.at
    return wanted.since <= at < wanted.until
