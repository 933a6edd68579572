"""Rows as Parquet: the schema from the table's declaration, the encoding, and reading back. Needs pyarrow.

Stage: rows -> **parquet** -> delivery, compaction. Only what every reader of Parquet knows is used (data pages of
version 1, plain and dictionary encoding, ZSTD): the newer encodings save 4 bytes in 63 a query, and which of them
Athena reads is written nowhere. https://docs.aws.amazon.com/athena/latest/ug/compression-formats.html
"""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from athena_exporter.library.table import COLUMNS, Type

ORDER = ("workgroup", "user_name", "counted_at")
"""What rows of a file are sorted by: questions ask for a workgroup or a person, and like stands beside like."""
ROWS_A_GROUP = 65_536
"""A row group has some megabytes, and is all that there is of a file in memory beside what it is made of."""
_OF_A_QUERY = ("account_id", "region", "query_id")
_NEWEST_FIRST = [*((name, "ascending") for name in _OF_A_QUERY), ("written_at", "descending"), ("seq", "descending")]
_IN_ORDER = [(name, "ascending") for name in _OF_A_QUERY]
_USE = ("catalog_name", "database_name", "table_name", "mode", "via_view")
_TYPES: Mapping[Type, pa.DataType] = {
    Type.STRING: pa.string(),
    Type.BIGINT: pa.int64(),
    Type.INT: pa.int32(),
    Type.DOUBLE: pa.float64(),
    Type.BOOLEAN: pa.bool_(),
    # Without a zone: Athena's type has none, and what is written is UTC.
    Type.TIMESTAMP: pa.timestamp("ms"),
    Type.TABLES: pa.list_(pa.struct([(name, pa.string()) for name in _USE])),
}
SCHEMA = pa.schema([(column.name, _TYPES[column.type]) for column in COLUMNS])
_ALL_DIFFERENT = frozenset(
    {"query_id", "counted_at", "submitted_at", "ended_at", "written_at", "seq", "scanned_bytes", "queue_ms",
     "planning_ms", "engine_ms", "service_pre_ms", "service_ms", "total_ms"}
)  # fmt: skip  # a set reads best in rows
"""Columns in which nearly every row has a value of its own: a dictionary of them would only be carried along."""
_DICTIONARIES = [
    *(one.name for one in COLUMNS if one.name not in _ALL_DIFFERENT and one.type is not Type.TABLES),
    *(f"tables.list.element.{name}" for name in _USE),
]
_FEW = [one.name for one in COLUMNS if one.type is Type.STRING and one.name not in _ALL_DIFFERENT]
_SORTED = [(name, "ascending") for name in ORDER]


class ForeignFileError(Exception):
    """A file that is none of this table's; the message says why."""


def table_of(rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    """Rows (values in the order of `COLUMNS`) as columns."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(SCHEMA)
    arrays = [_array(values, field.type) for values, field in zip(columns, SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def _array(values: Sequence[Any], type_: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, type=type_)
    except UnicodeEncodeError:
        # JSON may carry half a surrogate pair, which UTF-8 has no bytes for.
        return pa.array([_encodable(value) for value in values], type=type_)


def _encodable(value: Any) -> Any:  # a text, or a list of tuples of texts
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return [tuple(map(_encodable, one)) for one in value] if isinstance(value, list) else value


def encoded(tables: list[pa.Table]) -> bytes:
    """One sorted file of all rows; the same rows make the same bytes. The list is empty afterwards."""
    table = _joined(tables)
    return _written(table, pc.sort_indices(table, sort_keys=_SORTED))


def newest(tables: list[pa.Table]) -> tuple[bytes, pa.Table]:
    """One sorted file with the newest row of each query, and the ids of its queries. The list is empty afterwards.

    Of the rows of a query the one with the highest (`written_at`, `seq`) holds, as in the view.
    """
    table = _joined(tables)
    chosen = _newest_of_each(table)
    # Sorted by all, so that neither the order of the parts nor their number shows.
    by = [*_SORTED, *_IN_ORDER]
    order = pc.sort_indices(_plain(table, [name for name, _ in by]).take(chosen), sort_keys=by)
    return _written(table, chosen.take(order)), ids(table.select(_OF_A_QUERY).take(chosen))


def _joined(tables: list[pa.Table]) -> pa.Table:
    """All rows in one piece; each column gives its memory back once it is copied."""
    table = pa.concat_tables(tables).unify_dictionaries()
    tables.clear()
    names, columns = table.column_names, []
    while table.num_columns:
        columns.append(table.column(0).combine_chunks())
        table = table.remove_column(0)
    return pa.Table.from_arrays(columns, names=names)


def release() -> None:
    """Give the system back what pyarrow keeps for the next time, which may be hours away."""
    pa.default_memory_pool().release_unused()


def _newest_of_each(table: pa.Table) -> pa.Array:
    order = pc.sort_indices(_plain(table, [name for name, _ in _NEWEST_FIRST]), sort_keys=_NEWEST_FIRST)
    ordered = _plain(table, _OF_A_QUERY).take(order)
    differs = [pc.not_equal(ordered[name][1:], ordered[name][:-1]) for name in _OF_A_QUERY]
    is_another = pc.or_(pc.or_(differs[0], differs[1]), differs[2])
    return order.filter(pa.chunked_array([pa.array([True] * min(1, len(order))), *is_another.chunks]))


def _plain(table: pa.Table, names: Sequence[str]) -> pa.Table:
    """Some columns, none of them as a dictionary: pyarrow sorts no tables that have one."""
    return table.select(names).cast(pa.schema([SCHEMA.field(name) for name in names]))


def ids(table: pa.Table) -> pa.Table:
    """Which queries a table has, each once and in order."""
    plain = _plain(table, _OF_A_QUERY)
    return plain.group_by(list(_OF_A_QUERY)).aggregate([]).sort_by(_IN_ORDER).combine_chunks()


def _written(table: pa.Table, order: pa.Array) -> bytes:
    sink = io.BytesIO()
    sorting = pq.SortingColumn.from_ordering(SCHEMA, _SORTED)
    with pq.ParquetWriter(
        sink, SCHEMA, version="1.0", compression="zstd", use_dictionary=_DICTIONARIES, store_schema=False,
        sorting_columns=sorting,
    ) as writer:  # fmt: skip  # as short as it can be said
        for start in range(0, len(order), ROWS_A_GROUP):
            writer.write_table(table.take(order.slice(start, ROWS_A_GROUP)).cast(SCHEMA), row_group_size=ROWS_A_GROUP)
    return sink.getvalue()


def read(content: bytes) -> pa.Table:
    """The rows of a file; columns of few values as dictionaries. Columns that it is too old to have are null.

    Raises:
        ForeignFileError: it is no Parquet, or has not the columns of this table.
    """
    try:
        found = pq.read_schema(io.BytesIO(content))
        _check(found)
        few = [name for name in _FEW if name in found.names]
        table = pq.ParquetFile(io.BytesIO(content), read_dictionary=few).read()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise ForeignFileError(f"it is no file of Parquet that can be read ({_line(error)})") from None
    for field in list(SCHEMA)[table.num_columns :]:
        kind = pa.dictionary(pa.int32(), field.type) if field.name in _FEW else field.type
        table = table.append_column(field.name, pa.nulls(table.num_rows, kind))
    return table


def read_ids(content: bytes) -> pa.Table:
    """Which queries a file has. Raises ForeignFileError."""
    try:
        return ids(pq.read_table(io.BytesIO(content), columns=list(_OF_A_QUERY)))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise ForeignFileError(f"it is no file of Parquet that can be read ({_line(error)})") from None


def _check(found: pa.Schema) -> None:
    """Columns are only ever added at the end: an older file has fewer, and is ours all the same."""
    for place, field in enumerate(found):
        if place >= len(SCHEMA):
            raise ForeignFileError(f"it has a column that is not known here, {field.name}: is another exporter newer?")
        if (field.name, field.type) != (SCHEMA[place].name, SCHEMA[place].type):
            wanted = f"{SCHEMA[place].name} {SCHEMA[place].type}"
            raise ForeignFileError(f"its column {place + 1} is {field.name} {field.type}, not {wanted}")


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:120]
