"""The outbox: facts wait here for their consumers, bounded, and counting never waits for them."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

from athena_exporter.ledger.model import Fact
from athena_exporter.ledger.rows import detail_text
from athena_exporter.records import Identity, TableEvent, Target, epoch_ms

NEWS = ("budget", "guard")
"""Kinds of facts that are few and told to people. Nobody who waits for them reads, or keeps, what lies between."""
PAST = "past"
"""The kind of facts about queries from before the ledger began: for the query history alone, never an event."""
_IS_NEWS = "kind IN ('budget', 'guard')"  # to the letter the condition of the index facts_news
_OF_ALL_KINDS = "(SELECT coalesce(min(acknowledged_seq), 9e18) FROM consumers WHERE news_only = 0)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """When the outbox drops its oldest facts, consumed or not (dropping is counted)."""

    max_bytes: int = 2 * 2**30
    max_age: timedelta = timedelta(days=13)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFact:
    """One fact as a consumer reads it; `body` is JSON. `written_ms`: when the ledger learned it, by AWS's clock."""

    seq: int
    kind: str
    target: Target
    body: str
    written_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What a consumer has not acknowledged: the first and last number, and when the ledger learned the first."""

    first: int
    last: int
    oldest_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What a consumer has not acknowledged, how long the oldest of it has waited, and what was dropped before it."""

    consumer: str
    depth: int
    oldest_age_ms: int
    dropped: int


def write(connection: sqlite3.Connection, target_id: int, facts: Iterable[Fact], now_ms: int) -> None:
    """Append facts in the caller's transaction."""
    connection.executemany(
        "INSERT INTO facts (target_id, kind, at_ms, written_ms, body) VALUES (?, ?, ?, ?, ?)",
        [(target_id, fact.kind, epoch_ms(fact.at), now_ms, _body(fact)) for fact in facts],
    )


def register(connection: sqlite3.Connection, names: Sequence[str], of_news: Sequence[str] = ()) -> None:
    """Make exactly these consumers the readers, the second ones of `NEWS` alone; a new one starts after the newest."""
    newest = connection.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'facts'").fetchone()[0]
    for name in (*names, *of_news):
        connection.execute(
            "INSERT INTO consumers (name, acknowledged_seq, news_only) VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET news_only = excluded.news_only",
            (name, newest, int(name in of_news)),
        )
    gone = {name for (name,) in connection.execute("SELECT name FROM consumers")} - {*names, *of_news}
    connection.executemany("DELETE FROM consumers WHERE name = ?", [(name,) for name in gone])
    _forget_delivered(connection)


def pending(
    connection: sqlite3.Connection, consumer: str, limit: int, max_bytes: int, after: int = 0
) -> list[StoredFact]:
    """The oldest facts beyond `after` that the consumer wants and has not acknowledged: `limit`, or as many as fit.

    At least one, however large it is.
    """
    of_news = connection.execute("SELECT news_only FROM consumers WHERE name = ?", (consumer,)).fetchone() == (1,)
    wanted = f"AND {_IS_NEWS}" if of_news else ""
    statement = f"""
        SELECT seq, kind, account_id, region, body, written_ms FROM facts f JOIN targets t ON t.id = f.target_id
        WHERE seq > (SELECT max(acknowledged_seq, ?) FROM consumers WHERE name = ?) {wanted} ORDER BY seq LIMIT ?
        """  # noqa: S608 - a constant
    rows = connection.execute(statement, (after, consumer, limit))
    found: list[StoredFact] = []
    size = 0
    with closing(rows):
        for seq, kind, account_id, region, body, written_ms in rows:
            size += len(body)
            if found and size > max_bytes:
                break
            target = Target(account_id=account_id, region=region)
            found.append(StoredFact(seq=seq, kind=kind, target=target, body=body, written_ms=written_ms))
    return found


def backlog(connection: sqlite3.Connection, now_ms: int) -> list[Backlog]:
    """What each consumer has yet to take."""
    # Facts go from the front only, so that those which wait can be counted without reading them; news are few.
    statement = f"""
        SELECT name, CASE news_only
                WHEN 0 THEN (SELECT coalesce(max(seq), 0) FROM facts) - acknowledged_seq
                ELSE (SELECT count(*) FROM facts WHERE seq > acknowledged_seq AND {_IS_NEWS}) END,
            CASE news_only
                WHEN 0 THEN (SELECT written_ms FROM facts WHERE seq > acknowledged_seq ORDER BY seq LIMIT 1)
                ELSE (SELECT written_ms FROM facts WHERE seq > acknowledged_seq AND {_IS_NEWS}
                      ORDER BY seq LIMIT 1) END,
            dropped
        FROM consumers
        """  # noqa: S608 - a constant
    return [
        Backlog(
            consumer=name,
            depth=max(depth, 0),
            oldest_age_ms=0 if oldest_ms is None else max(now_ms - oldest_ms, 0),
            dropped=dropped,
        )
        for name, depth, oldest_ms, dropped in connection.execute(statement)
    ]


def waiting(connection: sqlite3.Connection, consumer: str) -> Waiting | None:
    """What a consumer of every kind has not acknowledged, None if nothing."""
    row = connection.execute(
        "SELECT seq, (SELECT max(seq) FROM facts), written_ms FROM facts"
        " WHERE seq > (SELECT acknowledged_seq FROM consumers WHERE name = ?) ORDER BY seq LIMIT 1",
        (consumer,),
    ).fetchone()
    return None if row is None else Waiting(first=row[0], last=row[1], oldest_ms=row[2])


def acknowledge(connection: sqlite3.Connection, consumer: str, seq: int) -> None:
    """The consumer has delivered every fact up to `seq`; what all have delivered goes."""
    before = connection.execute(f"SELECT {_OF_ALL_KINDS}").fetchone()[0]
    note(connection, consumer, seq)
    _forget_delivered(connection, int(before))


def note(connection: sqlite3.Connection, consumer: str, seq: int) -> None:
    """The consumer has delivered every fact up to `seq`; what all have delivered is for `forget_some`."""
    connection.execute(
        "UPDATE consumers SET acknowledged_seq = max(acknowledged_seq, ?) WHERE name = ?", (seq, consumer)
    )


def forget_some(connection: sqlite3.Connection, most: int) -> int:
    """Delete at most so many facts that everybody has had who wants them, news apart; answers how many."""
    deleted = connection.execute(
        f"DELETE FROM facts WHERE seq IN (SELECT seq FROM facts WHERE seq <= {_OF_ALL_KINDS} AND NOT {_IS_NEWS}"  # noqa: S608 - two constants of this module
        " ORDER BY seq LIMIT ?)",
        (most,),
    )
    return deleted.rowcount


def _forget_delivered(connection: sqlite3.Connection, before: int = 0) -> None:
    """Delete what everybody who wants it has had; without a consumer nobody waits for anything.

    Up to `before` there is nothing left but news, which a slow reader of them may hold back for days.
    """
    connection.execute("DELETE FROM facts WHERE seq <= (SELECT coalesce(min(acknowledged_seq), 9e18) FROM consumers)")
    connection.execute(
        f"DELETE FROM facts WHERE seq > ? AND seq <= {_OF_ALL_KINDS} AND NOT {_IS_NEWS}",  # noqa: S608 - two constants of this module
        (before,),
    )


def trim(connection: sqlite3.Connection, bounds: Bounds, now_ms: int) -> None:
    """Drop what is too old or too much, oldest first, and count it for every consumer that had not had it."""
    too_old = now_ms - bounds.max_age // timedelta(milliseconds=1)
    last = connection.execute("SELECT coalesce(max(seq), 0) FROM facts WHERE written_ms < ?", (too_old,)).fetchone()[0]
    last = max(last, _overfull(connection, bounds.max_bytes))
    if last:
        connection.execute(
            "UPDATE consumers SET dropped = dropped + (SELECT count(*) FROM facts WHERE seq > acknowledged_seq"  # noqa: S608 - a constant
            f" AND seq <= ? AND (news_only = 0 OR {_IS_NEWS})), acknowledged_seq = max(acknowledged_seq, ?)",
            (last, last),
        )
        connection.execute("DELETE FROM facts WHERE seq <= ?", (last,))


def _overfull(connection: sqlite3.Connection, max_bytes: int) -> int:
    """The newest fact that no longer fits when the newest ones are kept; 0 if all fit."""
    row = connection.execute(
        "SELECT max(seq) FROM (SELECT seq, sum(length(CAST(body AS BLOB))) OVER (ORDER BY seq DESC) AS kept"
        " FROM facts) WHERE kept > ?",
        (max_bytes,),
    ).fetchone()
    return int(row[0] or 0)


def oldest_undelivered_ms(connection: sqlite3.Connection, target_id: int) -> int | None:
    """The query time of the oldest fact still in the box for a target, None if there is none.

    News hold all that they tell of: nothing in the ledger has to wait for them. Nor for facts of the past, which
    are below every mark.
    """
    row = connection.execute(
        f"SELECT min(at_ms) FROM facts WHERE target_id = ? AND kind <> '{PAST}' AND NOT {_IS_NEWS}",  # noqa: S608 - a constant
        (target_id,),
    ).fetchone()
    return None if row[0] is None else int(row[0])


def _body(fact: Fact) -> str:
    if fact.body is not None:
        return fact.body
    if fact.row is None:
        return json.dumps(None if fact.event is None else _said(fact.event), separators=(",", ":"))
    row = fact.row
    body = {
        "query_id": row.query_id,
        "at": _iso(fact.at),
        "attribution": row.attribution.name.lower(),
        "identity": None if row.identity is None else _said(row.identity),
        "workload": row.workload,
        "billed_bytes": row.billed_bytes,
        "cost_nanousd": row.cost_nanousd,
    }
    execution = "null" if row.detail is None else detail_text(row.detail)
    return f'{json.dumps(body, separators=(",", ":"))[:-1]},"execution":{execution}}}'


def _said(record: Identity | TableEvent) -> dict[str, object]:
    said = {name: getattr(record, name) for name in record.__slots__}
    return {name: _plain(value) for name, value in said.items()}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return _iso(value)
    return _said(value) if isinstance(value, Identity) else value


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")
