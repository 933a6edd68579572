"""The files of a table as DuckDB reads them: what lies in moto's S3, copied to this machine once.

Parquet is copied as it is; JSON is read as Athena's SerDes read it, and kept as Parquet. A copy is named after what it
is a copy of, so that a new object of an old key is a new copy.
"""

import gzip
import hashlib
import json
import shutil
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, TypeAlias
from urllib.parse import quote

import duckdb
from sqlglot import exp

from athena_testbed.engine.failing import no_bucket
from athena_testbed.engine.tables import Table
from athena_testbed.settings import ACCOUNT_ID

_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file: its copy, its address, its partition, its columns' types, and the bytes of each on S3.

    `columns` has DuckDB's types of the file itself; `sizes` is by column, and empty for JSON, which is read whole.
    """

    path: Path
    url: str
    size: int
    values: Mapping[str, str]
    columns: Mapping[str, str]
    sizes: Mapping[str, int]

    def scanned(self, columns: Iterable[str]) -> int:
        """The bytes that reading these columns takes."""
        return sum(self.sizes.get(column, 0) for column in columns) if self.sizes else self.size


class Files:
    """Copies of the account's objects, gone with this object."""

    def __init__(self) -> None:
        self.folder = Path(mkdtemp(prefix="athena-testbed-"))
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        self._known: dict[tuple[str, ...], File] = {}
        self._duckdb = duckdb.connect(config={"threads": 1})

    def of(self, table: Table) -> list[File]:
        """The table's files, in the order of their keys.

        Raises:
            FailedError: there is no such bucket.
        """
        return [
            self._copied(table, key, entry, values)
            for key, entry in _objects(table.bucket)
            if key.startswith(table.prefix) and (values := table.place(key)) is not None
        ]

    def _copied(self, table: Table, key: str, entry: Any, values: Mapping[str, str]) -> File:  # moto's object
        version = (str(table), table.bucket, key, str(entry.etag))
        if version not in self._known:
            self._known[version] = self._copy(table, key, bytes(entry.value), values, version)
        return self._known[version]

    def _copy(self, table: Table, key: str, body: bytes, values: Mapping[str, str], version: tuple[str, ...]) -> File:
        mark = hashlib.sha256("\0".join(version).encode()).hexdigest()[:24]
        folders = [f"{name}={quote(values[name], safe='')}" for name in table.partitions]
        path = self.folder.joinpath(f"{table.name.database}.{table.name.table}", *folders, f"{mark}.parquet")
        path.parent.mkdir(parents=True, exist_ok=True)
        if table.is_parquet:
            path.write_bytes(body)
        else:
            _convert(self._duckdb, table, body, path)
        columns, sizes = _looked_at(self._duckdb, path)
        return File(
            path=path,
            url=f"s3://{table.bucket}/{key}",
            size=len(body),
            values=values,
            columns=columns,
            sizes=sizes if table.is_parquet else {},
        )


def _objects(bucket: str) -> Iterator[tuple[str, Any]]:
    from moto.s3.models import s3_backends  # noqa: PLC0415 - moto takes its time

    buckets = s3_backends[ACCOUNT_ID]["aws"].buckets
    if bucket not in buckets:
        raise no_bucket(bucket)
    yield from sorted(buckets[bucket].keys.items())


def _looked_at(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[dict[str, str], dict[str, int]]:
    """The types and the bytes of a Parquet file's columns."""
    reading = connection.read_parquet(str(path), hive_partitioning=False)
    columns = {name.lower(): str(kind) for name, kind in zip(reading.columns, reading.types, strict=True)}
    told = connection.execute(
        "SELECT split_part(path_in_schema, ', ', 1), sum(total_compressed_size) FROM parquet_metadata(?) GROUP BY 1",
        [str(path)],
    )
    return columns, {str(name).lower(): int(size) for name, size in told.fetchall()}


def _convert(connection: duckdb.DuckDBPyConnection, table: Table, body: bytes, path: Path) -> None:
    """JSON as Parquet of the table's types; columns that partition the table are not in the file."""
    columns = {name: kind for name, kind in table.columns.items() if name not in table.partitions}
    shape = _structs({name: _shaper(kind) for name, kind in columns.items()})
    lines = path.with_suffix(".json")
    with lines.open("w", encoding="utf-8") as written:
        for record in _records(body):
            written.write(json.dumps(shape(record)) + "\n")
    types = ", ".join(f"\"{name}\": '{duck_type(kind)}'" for name, kind in columns.items())
    connection.execute(
        f"COPY (SELECT * FROM read_json('{lines}', format = 'newline_delimited', columns = {{{types}}}))"  # noqa: S608  a path and names of our own
        f" TO '{path}' (FORMAT parquet)"
    )
    lines.unlink()


def _records(body: bytes) -> Iterator[Mapping[str, Any]]:
    """CloudTrail's one object with its `Records`, or an object a line."""
    text = (gzip.decompress(body) if body.startswith(_GZIP) else body).decode()
    try:
        whole = json.loads(text)
    except ValueError:
        yield from (json.loads(line) for line in text.splitlines() if line.strip())
        return
    yield from whole.get("Records", (whole,))


_Shaper: TypeAlias = Callable[[Any], Any]


def _shaper(kind: exp.DataType) -> _Shaper:
    """How the SerDes read a value of a type: names of any case, and text where the table says so, JSON included."""
    if kind.is_type("struct"):
        return _structs({part.name.lower(): _shaper(part.args["kind"]) for part in kind.expressions})
    if kind.is_type("array"):
        inner = _shaper(kind.expressions[0])
        return lambda value: [inner(one) for one in value] if isinstance(value, list) else None
    if kind.is_type("text", "varchar"):
        return lambda value: value if value is None or isinstance(value, str) else json.dumps(value)
    return lambda value: value


def _structs(parts: Mapping[str, _Shaper]) -> _Shaper:
    def shaped(value: Any) -> Any:
        if not isinstance(value, dict):
            return None
        lower = {name.lower(): one for name, one in value.items()}
        return {name: shape(lower.get(name)) for name, shape in parts.items()}

    return shaped


def duck_type(kind: exp.DataType) -> str:
    """A declared type in DuckDB's words; names of fields are lower case, as Athena has them."""
    return kind.sql("duckdb").lower()
