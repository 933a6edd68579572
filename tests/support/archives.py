"""A bucket of the embedded account with a query history in it, and DuckDB as the reader that Athena would be."""

import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import boto3
import duckdb
from botocore.config import Config

from athena_exporter.library.table import PARTITION, TABLE, VIEW
from athena_exporter.sources.buckets import Bucket, Stored

REGION = "eu-west-1"
PREFIX = "athena-history/"
Rows: TypeAlias = list[dict[str, Any]]
# The contract of the view: of the rows of a query the one with the highest (written_at, seq).
_VIEW = f"""
    CREATE VIEW {VIEW} AS SELECT * EXCLUDE (place) FROM (
        SELECT *, row_number() OVER (
            PARTITION BY {PARTITION}, account_id, region, query_id ORDER BY written_at DESC, seq DESC
        ) AS place FROM {TABLE}
    ) WHERE place = 1
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """The bucket, a client of its own to look at it, and what the product writes it with."""

    name: str
    client: Any
    store: Bucket

    def held(self, prefix: str = "") -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        return [one["Key"] for page in pages for one in page.get("Contents", ())]

    def put(self, key: str, content: bytes) -> None:
        self.client.put_object(Bucket=self.name, Key=key, Body=content)

    def content(self, key: str) -> bytes:
        return bytes(self.client.get_object(Bucket=self.name, Key=key)["Body"].read())


@dataclass(slots=True)
class Shelf:
    """The same in memory, as long as nobody asks how S3 behaves: the product's store and the test's look at it."""

    objects: dict[str, bytes] = field(default_factory=dict)

    @property
    def store(self) -> "Shelf":
        return self

    def put(self, key: str, content: bytes) -> None:
        self.objects[key] = content

    def get(self, key: str) -> bytes | None:
        return self.objects.get(key)

    def delete(self, key: str) -> None:
        self.objects.pop(key, None)

    def listed(self, prefix: str) -> Iterator[Stored]:
        at = datetime(2026, 3, 11, tzinfo=UTC)
        for key in self.held(prefix):
            yield Stored(key=key, size=len(self.objects[key]), written_at=at)

    def folders(self, prefix: str) -> Iterator[str]:
        below = (key.removeprefix(prefix) for key in self.held(prefix))
        yield from sorted({f"{prefix}{key.split('/')[0]}/" for key in below if "/" in key})

    def held(self, prefix: str = "") -> list[str]:
        return sorted(key for key in self.objects if key.startswith(prefix))

    def content(self, key: str) -> bytes:
        return self.objects[key]


def rows(archive: Archive | Shelf, folder: Path, sql: str = f"SELECT * FROM {VIEW} ORDER BY query_id") -> Rows:
    """What a reader finds: every file is fetched into `folder`, and DuckDB asked over all of them."""
    held = archive.held(PREFIX)
    for key in held:
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(archive.content(key))
    found = ask(folder, sql)
    for key in held:
        (folder / key).unlink()
    return found


def ask(folder: Path, sql: str) -> Rows:
    """Ask DuckDB over the files below `folder`, with the raw table and the view under their names."""
    with duckdb.connect() as connection:
        connection.execute(
            f"CREATE VIEW {TABLE} AS SELECT * FROM read_parquet('{folder}/{PREFIX}v1/*/*.parquet',"
            f" hive_partitioning = true, hive_types = {{'{PARTITION}': VARCHAR}}, union_by_name = true)"
        )
        connection.execute(_VIEW)
        cursor = connection.execute(sql)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def client_of(endpoint: str) -> Any:
    """A client that answers at once: botocore's own retries are others' business."""
    return boto3.client(
        "s3", endpoint_url=endpoint, region_name=REGION, aws_access_key_id="testbed", aws_secret_access_key="testbed",
        config=Config(retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=60, connect_timeout=60),
    )  # fmt: skip  # rows


@contextmanager
def archived(endpoint: str, **settings: Any) -> Iterator[Archive]:
    """A bucket of its own, for moto's outlive a testbed."""
    with closing(client_of(endpoint)) as client:
        name = f"history-{uuid.uuid4().hex}"
        client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield Archive(name=name, client=client, store=Bucket(client, name, **settings))


@dataclass(slots=True)
class Written:
    """Counts what is written, as `Telemetry` does."""

    rows: int = 0
    size: int = 0
    files: Counter[str] = field(default_factory=Counter)

    def history_written(self, rows: int, size: int) -> None:
        self.rows += rows
        self.size += size

    def history_files(self, result: str, count: int) -> None:
        self.files[result] += count


def sums(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, ...], tuple[int, ...]]:
    """Queries, bytes and nanodollars by user, workgroup, database and state, in the names of the testbed's truth."""
    return {
        (row["user"], row["workgroup"], row["database"], row["state"]): (
            row["queries"], row["scanned_bytes"], row["billed_bytes"], row["cost_nanousd"],
        )
        for row in rows
    }  # fmt: skip  # rows


BY_USER = f"""
    SELECT user_name AS "user", workgroup, coalesce(database_name, 'unknown') AS "database", state,
        count(*) AS queries, coalesce(sum(scanned_bytes), 0)::BIGINT AS scanned_bytes,
        coalesce(sum(billed_bytes), 0)::BIGINT AS billed_bytes, coalesce(sum(cost_nanousd), 0)::BIGINT AS cost_nanousd
    FROM {VIEW} GROUP BY ALL
    """
"""What `sums` reads, of the history."""
