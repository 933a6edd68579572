"""Rows of the table `queries` to and from `Row`, and the id's compact form."""

import json
import re
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from athena_exporter.ledger.model import Attribution, Phase, Row, ShownUse
from athena_exporter.records import Identity, Kind, Mode, QueryError, QueryExecution, State, TableUse

Packed: TypeAlias = bytes | str

# By their numbers: to ask the enumeration takes five times as long, and every row read asks twice.
_PHASES = tuple(Phase)
_ATTRIBUTIONS = tuple(Attribution)

_COLUMNS = (
    "query_id, phase, attribution, unreadable, since_ms, sequence, opened_above, workgroup, database, "
    "statement_type, state, ended_ms, waiting_since_ms, waiting_reads, scanned_bytes, billed_bytes, cost_nanousd, "
    "engine_ms, workload, tables, detail"
)
_SELECT = f"""
    SELECT {_COLUMNS.replace("query_id", "q.query_id")}, i.user, i.role, i.kind, i.client
    FROM queries q LEFT JOIN identities i ON i.id = q.identity_id
    WHERE q.target_id = ? AND """  # noqa: S608 - the columns are this module's constant
_UPSERT = f"""
    INSERT INTO queries (target_id, {_COLUMNS}, identity_id)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (target_id, query_id) DO UPDATE SET
        phase = excluded.phase, attribution = excluded.attribution, unreadable = excluded.unreadable,
        since_ms = excluded.since_ms, sequence = excluded.sequence, opened_above = excluded.opened_above,
        workgroup = excluded.workgroup,
        database = excluded.database, statement_type = excluded.statement_type, state = excluded.state,
        ended_ms = excluded.ended_ms, waiting_since_ms = excluded.waiting_since_ms,
        waiting_reads = excluded.waiting_reads,
        scanned_bytes = excluded.scanned_bytes, billed_bytes = excluded.billed_bytes,
        cost_nanousd = excluded.cost_nanousd, engine_ms = excluded.engine_ms, workload = excluded.workload,
        tables = excluded.tables, detail = excluded.detail, identity_id = excluded.identity_id
    """  # noqa: S608 - as above

_SETTLE = """
    UPDATE queries SET attribution = ?, identity_id = ?, workload = ?, tables = ?, detail = ?
    WHERE target_id = ? AND query_id = ?
    """

PARAMETERS = 500
"""Ids asked for in one statement, well below SQLite's limit of 32,766."""
_COMPACT = json.JSONEncoder(separators=(",", ":"))  # json.dumps would make one for every row
_CANONICAL = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


def pack(query_id: str) -> Packed:
    """A UUID in 16 bytes; anything else, or a UUID not in its canonical form, stays text."""
    return bytes.fromhex(query_id.replace("-", "")) if _CANONICAL.fullmatch(query_id) else query_id


def unpack(packed: Packed) -> str:
    """The id as AWS wrote it."""
    if isinstance(packed, str):
        return packed
    # By hand, because every query passes here several times and uuid.UUID takes more than three times as long.
    digits = packed.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def chunks(ids: Collection[str]) -> Iterator[list[Packed]]:
    """The packed ids, as many at a time as one statement takes."""
    packed = [pack(query_id) for query_id in ids]
    for start in range(0, len(packed), PARAMETERS):
        yield packed[start : start + PARAMETERS]


def delete(connection: sqlite3.Connection, target_id: int, ids: Collection[str]) -> None:
    """Forget these queries, in the open transaction."""
    for part in chunks(ids):
        connection.execute(
            f"DELETE FROM queries WHERE target_id = ? AND query_id IN ({marks(part)})",  # noqa: S608 - placeholders only
            (target_id, *part),
        )


def marks(values: Collection[object]) -> str:
    """Placeholders for an IN list."""
    return ",".join("?" * len(values))


def load(connection: sqlite3.Connection, target_id: int, ids: Collection[str]) -> Iterator[Row]:
    """The rows of those ids that the ledger knows."""
    for part in chunks(ids):
        yield from _rows(connection, f"q.query_id IN ({marks(part)})", (target_id, *part))


def load_undecided(connection: sqlite3.Connection, target_id: int, before_ms: int) -> Iterator[Row]:
    """Counted rows without a user, submitted before `before_ms`: those that a read may give up."""
    # The first three terms repeat the index's own condition; without them SQLite would not use it.
    where = "q.identity_id IS NULL AND q.attribution = 0 AND q.phase > 0 AND q.phase = 3 AND q.since_ms < ?"
    yield from _rows(connection, where, (target_id, before_ms))


def _rows(connection: sqlite3.Connection, where: str, parameters: tuple[Any, ...]) -> Iterator[Row]:
    return map(_row, connection.execute(_SELECT + where, parameters))


def _row(values: tuple[Any, ...]) -> Row:
    (
        query_id,
        phase,
        attribution,
        unreadable,
        since_ms,
        sequence,
        opened_above,
        workgroup,
        database,
        statement_type,
        state,
        ended_ms,
        waiting_since_ms,
        waiting_reads,
        scanned_bytes,
        billed_bytes,
        cost_nanousd,
        engine_ms,
        workload,
        tables,
        detail,
        user,
        role,
        kind,
        client,
    ) = values
    return Row(
        query_id=unpack(query_id), phase=_PHASES[phase], attribution=_ATTRIBUTIONS[attribution],
        unreadable=bool(unreadable), since_ms=since_ms, sequence=sequence, opened_above=bool(opened_above),
        workgroup=workgroup, database=database,
        statement_type=statement_type, state=state, ended_ms=ended_ms, waiting_since_ms=waiting_since_ms,
        waiting_reads=waiting_reads,
        scanned_bytes=scanned_bytes, billed_bytes=billed_bytes, cost_nanousd=cost_nanousd,
        engine_ms=engine_ms, workload=workload,
        tables=tables_of(tables),
        identity=None if user is None else identity(user, role, kind, client),
        detail=None if detail is None else execution_of(detail),
    )  # fmt: skip  # two dozen columns read best as a block


def identity(user: str, role: str, kind: str, client: str) -> Identity:
    """An identity from its columns."""
    return Identity(user=user, role=role or None, kind=Kind(kind), client=client)


class Identities:
    """The numbers of identities: committed ones in memory, and those that the open transaction adds."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        found = connection.execute("SELECT id, user, role, kind, client FROM identities")
        self._connection = connection
        self._committed = {identity(*values): number for number, *values in found}
        self._fresh: dict[Identity, int] = {}

    def number(self, who: Identity) -> int:
        """The identity's number; a new one is written in the open transaction."""
        number = self._committed.get(who) or self._fresh.get(who)
        if number is None:
            values = (who.user, who.role or "", who.kind.value, who.client)
            number = self._connection.execute(
                "INSERT INTO identities (user, role, kind, client) VALUES (?, ?, ?, ?) RETURNING id", values
            ).fetchone()[0]
            self._fresh[who] = int(number)
        return int(number)

    def committed(self) -> None:
        """The transaction is durable: what it added is known."""
        self._committed.update(self._fresh)
        self._fresh.clear()

    def rolled_back(self) -> None:
        """The transaction never was."""
        self._fresh.clear()


def save(
    connection: sqlite3.Connection,
    target_id: int,
    changed: Iterable[Row],
    known: Mapping[str, Row],
    identities: Identities,
) -> None:
    """Write rows, new or `known`. Of a query that was counted before, only what concerns its user still changes."""
    whole, settled = [], []
    for row in changed:
        before = known.get(row.query_id)
        if before is not None and before.phase is Phase.COUNTED:
            settled.append(_about_the_user(target_id, row, identities))
        else:
            whole.append(_values(target_id, row, identities))
    connection.executemany(_UPSERT, whole)
    connection.executemany(_SETTLE, settled)


def _about_the_user(target_id: int, row: Row, identities: Identities) -> tuple[object, ...]:
    number = None if row.identity is None else identities.number(row.identity)
    return int(row.attribution), number, row.workload, *texts(row), target_id, pack(row.query_id)


def _values(target_id: int, row: Row, identities: Identities) -> tuple[object, ...]:
    return (
        target_id, pack(row.query_id), int(row.phase), int(row.attribution), int(row.unreadable), row.since_ms,
        row.sequence, int(row.opened_above), row.workgroup, row.database, row.statement_type, row.state, row.ended_ms,
        row.waiting_since_ms, row.waiting_reads, row.scanned_bytes, row.billed_bytes, row.cost_nanousd,
        row.engine_ms, row.workload,
        *texts(row), None if row.identity is None else identities.number(row.identity),
    )  # fmt: skip  # two dozen columns read best in the order of _COLUMNS


def texts(row: Row) -> tuple[str | None, str | None]:
    """`tables` and `detail` as they are stored."""
    tables = _COMPACT.encode(row.tables) if row.tables else None
    return tables, None if row.detail is None else detail_text(row.detail)


def tables_of(text: str | None) -> tuple[ShownUse, ...]:
    """A row's tables, read again."""
    return () if text is None else tuple((database, table, mode) for database, table, mode in json.loads(text))


def detail_text(execution: QueryExecution) -> str:
    """A whole execution as JSON, for the outbox and for rows that wait for their user."""
    # dataclasses.asdict copies deeply and takes four times as long.
    said = {name: getattr(execution, name) for name in QueryExecution.__slots__}
    return json.dumps(said, default=_plain, separators=(",", ":"))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, TableUse | QueryError):
        return {name: getattr(value, name) for name in value.__slots__}
    raise TypeError(f"{type(value).__name__} has no JSON form here")


def execution_of(text: str) -> QueryExecution:
    """The same, read again."""
    said = json.loads(text)
    said["state"] = State(said["state"])
    said["tables"] = tuple(TableUse(**{**use, "mode": Mode(use["mode"])}) for use in said["tables"])
    for name in ("submitted_at", "ended_at"):
        said[name] = None if said[name] is None else datetime.fromisoformat(said[name])
    if said["error"] is not None:
        said["error"] = QueryError(**said["error"])
    return QueryExecution(**said)
