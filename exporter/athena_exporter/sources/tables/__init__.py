"""Which tables a statement touches, and how: read, written, defined, or only looked up in the catalogue.

Stage: SQL -> skeleton.py -> **tables** (statements.py, trees.py) -> sources/statements.py. What a person may write is
without bounds, so nothing here raises: a statement that cannot be read says why, in one of a few words.

| statement | its target | what it names besides |
| --- | --- | --- |
| SELECT, UNLOAD, ANALYZE, EXPLAIN ANALYZE of one | | read |
| INSERT, CREATE TABLE AS | write | read |
| MERGE, UPDATE, DELETE | write and read: Iceberg reads the rows it replaces | read |
| OPTIMIZE, VACUUM | write: upkeep is nobody's interest in the data | |
| CREATE VIEW | ddl | metadata: nothing is read until somebody asks the view |
| CREATE, ALTER, DROP, TRUNCATE TABLE, MSCK REPAIR | ddl | |
| EXPLAIN, PREPARE, DESCRIBE, SHOW | | metadata |
| a table's `$partitions`, `$files` and the like, information_schema | | metadata |
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from hashlib import blake2b

from athena_exporter.records import Mode, TableUse
from athena_exporter.sources.skeleton import skeleton
from athena_exporter.sources.tables.statements import UnparsedError, Use, uses
from athena_exporter.sources.text import clean

LONGEST = 262_144
"""Characters of the longest statement that Athena takes."""
REASONS = ("syntax", "unsupported", "prepared", "too_long", "too_deep", "too_complex", "parser")
"""Every `Told.unparsed`. `prepared`: EXECUTE names a statement that is kept elsewhere; `parser`: its own mistake."""
DEFAULT_CATALOG = "awsdatacatalog"
DEFAULT_DATABASE = "default"
CAPACITY = 16 * 2**20
"""Bytes that remembered answers may take, roughly."""
_INFORMATION = "information_schema"
_ENTRY_BYTES = 250
_USE_BYTES = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a statement's text tells. `tables`: each table once a mode, sorted. `unparsed`: one of `REASONS`."""

    tables: tuple[TableUse, ...] = ()
    unparsed: str | None = None


class SqlReader:
    """Reads statements, and remembers what it read: tools repeat theirs with other literals.

    Args:
        capacity: bytes that the memory may take, roughly; the answers that were not asked for longest go first.
    """

    def __init__(self, *, capacity: int = CAPACITY) -> None:
        # The text alone is the faster key; its skeleton is the one that other literals share.
        self._by_text = _Memory(capacity // 2)
        self._by_skeleton = _Memory(capacity // 2)

    def read(self, sql: str, *, catalog: str | None, database: str | None) -> Told:
        """The tables of a statement. Never raises.

        Args:
            sql: the statement, whatever it holds.
            catalog: the default catalogue of the query's context, if it has one.
            database: the default database, likewise.
        """
        if len(sql) > LONGEST:
            return Told(unparsed="too_long")
        key = (_digest(sql), catalog, database)
        told = self._by_text.get(key)
        if told is None:
            told = self._by_text.put(key, self._read(sql, catalog, database))
        return told

    def _read(self, sql: str, catalog: str | None, database: str | None) -> Told:
        bare = skeleton(sql)
        key = (_digest(bare), catalog, database)
        told = self._by_skeleton.get(key)
        if told is None:
            told = self._by_skeleton.put(key, _tell(bare, catalog, database))
        return told


class _Memory:
    """The latest answers, up to so many bytes."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._bytes = 0
        self._kept: OrderedDict[Hashable, Told] = OrderedDict()

    def get(self, key: Hashable) -> Told | None:
        told = self._kept.get(key)
        if told is not None:
            self._kept.move_to_end(key)
        return told

    def put(self, key: Hashable, told: Told) -> Told:
        self._kept[key] = told
        self._bytes += _weight(told)
        while self._bytes > self._capacity:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= _weight(oldest)
        return told


def _weight(told: Told) -> int:
    return _ENTRY_BYTES + _USE_BYTES * len(told.tables)


def _digest(text: str) -> bytes:
    # JSON may carry half a surrogate pair, which UTF-8 has no bytes for.
    return blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()


def _tell(bare: str, catalog: str | None, database: str | None) -> Told:
    try:
        found = uses(bare)
    except UnparsedError as error:
        return Told(unparsed=error.reason)
    except RecursionError:
        return Told(unparsed="too_deep")
    except Exception:  # noqa: BLE001  a mistake of the parser's, in one statement of anybody's, must not end the process
        return Told(unparsed="parser")
    context = (_lower(catalog) or DEFAULT_CATALOG, _lower(database) or DEFAULT_DATABASE)
    complete = (_complete(use, context) for use in found)
    return Told(tables=tuple(sorted({table for table in complete if table is not None})))


def _complete(use: Use, context: tuple[str, str]) -> TableUse | None:
    """A name with the context's catalogue and database before it, should it lack them."""
    whole = [*context[: 3 - len(use.parts)], *(_lower(part) for part in use.parts)]
    catalog, database, name = whole
    table, suffixed = _without_suffix(name)
    if table is None or catalog is None or database is None:
        return None
    mode = Mode.METADATA if suffixed or database == _INFORMATION else use.mode
    return TableUse(catalog=catalog, database=database, table=table, mode=mode)


def _without_suffix(table: str | None) -> tuple[str | None, bool]:
    """`orders$partitions` -> orders, True: what Athena tells of a table instead of its rows."""
    name, _, suffix = (table or "").rpartition("$")
    return (name, True) if name and suffix.isidentifier() else (table, False)


def _lower(name: str | None) -> str | None:
    return clean(name.lower()) if name else None


__all__ = ["DEFAULT_CATALOG", "DEFAULT_DATABASE", "LONGEST", "REASONS", "SqlReader", "Told"]
