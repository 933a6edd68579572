"""Small files of a past day become a few large ones, which Athena reads faster. Needs pyarrow.

Stage: S3 -> **compaction** -> S3. The merged file is written first, read back and compared; only then do the files
go that it stands for. Killed anywhere, it leaves queries twice, which the view hides and the next compaction mends.
Two at once do no harm: the same files make the same file under the same key, and what one of them misses, because the
other has deleted it, makes it leave that group alone.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

import pyarrow as pa

from athena_exporter.outlets.history import keys
from athena_exporter.outlets.history.parquet import ForeignFileError, newest, read, read_ids, release
from athena_exporter.sources.buckets import Stored
from athena_exporter.sources.errors import GarbledAnswerError

TARGET_BYTES = 16 * 2**20
"""Files are merged up to about this size: a quarter of a million queries, and some 25 times as much memory."""
QUIET = timedelta(hours=3)
"""A day is left alone until nothing has been written to it for so long: late queries and identities have come."""
DAYS_BACK = 7
_DIGITS = 24


class Store(Protocol):
    """Where files are (`sources.buckets.Bucket`)."""

    def put(self, key: str, content: bytes) -> None:
        """Write a whole object."""
        ...

    def get(self, key: str) -> bytes | None:
        """A whole object, None if it is gone."""
        ...

    def listed(self, prefix: str) -> Iterator[Stored]:
        """Every object below a prefix."""
        ...

    def folders(self, prefix: str) -> Iterator[str]:
        """What lies directly below a prefix."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """A file that is none of this table's: it is left alone."""

    key: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of a day: files and rows that were merged, files that came of them, and what was left alone."""

    day: date
    files: int = 0
    rows: int = 0
    merged: int = 0
    size: int = 0
    foreign: Sequence[Foreign] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What a group of files holds: the keys and rows of those that are ours, and the others."""

    keys: list[str] = field(default_factory=list)
    tables: list[pa.Table] = field(default_factory=list)
    foreign: list[Foreign] = field(default_factory=list)


def days(store: Store, prefix: str) -> list[date]:
    """The days that have files, in order. Raises botocore's errors."""
    found = (keys.day_of(prefix, folder) for folder in store.folders(keys.root(prefix)))
    return sorted(day for day in found if day is not None)


def groups(files: Iterable[Stored], target: int) -> list[list[Stored]]:
    """Which files are merged into one: such as are small, in the order of their keys, up to `target` bytes together."""
    found: list[list[Stored]] = [[]]
    size = 0
    for one in sorted(files, key=lambda one: one.key):
        if one.size >= target // 2:
            continue
        if size + one.size > target:
            found.append([])
            size = 0
        found[-1].append(one)
        size += one.size
    return [group for group in found if len(group) > 1]


class Compaction:
    """Merges the files of days. From one thread at a time; other processes may do the same."""

    def __init__(self, *, store: Store, prefix: str, target: int = TARGET_BYTES) -> None:
        """Asks AWS nothing."""
        self._store = store
        self._prefix = prefix
        self._target = target

    def planned(self, day: date) -> Done:
        """What there is to merge of a day, as far as a listing tells. Raises botocore's errors."""
        found = groups(self._files(day), self._target)
        many = [one for group in found for one in group]
        return Done(day=day, files=len(many), merged=len(found), size=sum(one.size for one in many))

    def quiet_days(self, now: datetime) -> Iterator[date]:
        """The last days that are over, that nothing was written to for a while, and that have something to merge.

        Raises botocore's errors.
        """
        for age in range(DAYS_BACK, 0, -1):
            day = now.astimezone(UTC).date() - timedelta(days=age)
            files = self._files(day)
            ended = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
            if groups(files, self._target) and now - max(ended, *(one.written_at for one in files)) >= QUIET:
                yield day

    def compact(self, day: date, told: Callable[[str, int], None]) -> Done:
        """Merge the small files of a day; `told` hears of files by what became of them.

        Raises:
            botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as they are; GarbledAnswerError among
                them, if what is read back is not what was written. Nothing is deleted then.
        """
        done = Done(day=day)
        for group in groups(self._files(day), self._target):
            one = self._merge(day, group, told)
            done = Done(
                day=day, files=done.files + one.files, rows=done.rows + one.rows, merged=done.merged + one.merged,
                size=done.size + one.size, foreign=(*done.foreign, *one.foreign),
            )  # fmt: skip  # as short as it can be said
        return done

    def _files(self, day: date) -> list[Stored]:
        return [one for one in self._store.listed(keys.folder(self._prefix, day.isoformat())) if keys.is_file(one.key)]

    def _merge(self, day: date, group: Sequence[Stored], told: Callable[[str, int], None]) -> Done:
        found = self._read(group)
        told("foreign", len(found.foreign))
        if len(found.keys) < 2:  # noqa: PLR2004  one file alone is merged already
            return Done(day=day, foreign=found.foreign)
        rows = sum(table.num_rows for table in found.tables)
        content, held = newest(found.tables)
        release()
        self._put(keys.merged(self._prefix, day.isoformat(), _digest(found.keys)), content, held)
        told("merged", 1)
        for key in found.keys:
            self._store.delete(key)
        told("deleted", len(found.keys))
        return Done(
            day=day, files=len(found.keys), rows=rows, merged=1, size=len(content), foreign=found.foreign
        )  # fmt: skip  # as short as it can be said

    def _read(self, group: Sequence[Stored]) -> _Read:
        """The files of a group; none of them if one is gone, for then another compaction has been faster."""
        found = _Read()
        for one in group:
            content = self._store.get(one.key)
            if content is None:
                return _Read(foreign=found.foreign)
            try:
                found.tables.append(read(content))
                found.keys.append(one.key)
            except ForeignFileError as error:
                found.foreign.append(Foreign(key=one.key, words=str(error)))
        return found

    def _put(self, key: str, content: bytes, held: pa.Table) -> None:
        """Write the merged file, and see for oneself that it has every query."""
        self._store.put(key, content)
        found = self._store.get(key)
        if found is None:
            raise GarbledAnswerError(operation="GetObject", why=f"{key} was put a moment ago and is not there")
        try:
            is_whole = read_ids(found).equals(held)
        except ForeignFileError:
            is_whole = False
        if not is_whole:
            raise GarbledAnswerError(operation="GetObject", why=f"{key} has other queries than were put into it")


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:_DIGITS]
