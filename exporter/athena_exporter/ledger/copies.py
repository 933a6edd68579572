"""Restored copies: a ledger that is older than what was published from it must not go on from its old values.

Stage: tenure -> **copies** -> store.
"""

import sqlite3

from athena_exporter.ledger import guarding
from athena_exporter.ledger.files import Stamp


def stamp_of(connection: sqlite3.Connection) -> Stamp:
    """Which ledger this is, and the number of its last transaction."""
    return Stamp(ledger_id=meta(connection, "ledger_id"), sequence=int(meta(connection, "sequence")))


def is_restored(connection: sqlite3.Connection, published: Stamp | None) -> bool:
    """Whether the ledger is a copy from before what was `published` last beside it."""
    present = stamp_of(connection)
    if published is None:
        return present.sequence > 0
    return published.ledger_id != present.ledger_id or present.sequence < published.sequence


def restart_counters(connection: sqlite3.Connection) -> None:
    """A new generation: Prometheus then sees a reset to 0, and no old value that looks like a spike."""
    connection.execute("UPDATE counters SET value = 0, shown = 0")
    guarding.restart(connection)
    connection.execute("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'generation'")


def meta(connection: sqlite3.Connection, key: str) -> str:
    """What the ledger says of itself under a key."""
    return str(connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()[0])
