"""The targets that a ledger counts for, and from when on.

Stage: **adoption** -> store.
"""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from athena_exporter.ledger.errors import LedgerError
from athena_exporter.records import Target, epoch_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """A target's number in the ledger, and its gates in milliseconds since 1970.

    `began_ms`: where the low-water mark began. What ended before it is never counted but by backfills.
    """

    id: int
    counting_since_ms: int
    low_water_ms: int
    began_ms: int


def find(connection: sqlite3.Connection, target: Target) -> Adopted | None:
    """The target as the ledger knows it, None if it was never adopted."""
    row = connection.execute(
        "SELECT id, counting_since_ms, low_water_ms, began_ms FROM targets WHERE account_id = ? AND region = ?",
        (target.account_id, target.region),
    ).fetchone()
    return row and Adopted(id=row[0], counting_since_ms=row[1], low_water_ms=row[2], began_ms=row[3])


def known(connection: sqlite3.Connection, target: Target) -> Adopted:
    """The same of a target that must be known. Raises LedgerError."""
    found = find(connection, target)
    if found is None:
        raise LedgerError(f"target {target} is not adopted")
    return found


def adopt(
    connection: sqlite3.Connection, target: Target, *, counting_since: datetime, low_water: datetime, now: datetime
) -> int:
    """Begin to count for a target, in the open transaction; answers its number."""
    cursor = connection.execute(
        "INSERT INTO targets (account_id, region, counting_since_ms, low_water_ms, clock_ms, began_ms)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            target.account_id,
            target.region,
            epoch_ms(counting_since),
            epoch_ms(low_water),
            epoch_ms(now),
            epoch_ms(low_water),
        ),
    )
    return int(cursor.lastrowid or 0)
