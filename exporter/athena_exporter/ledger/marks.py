"""What a batch leaves in the ledger beside its counts: where sources stand, refusals seen, facts, AWS's clock."""

import sqlite3

from athena_exporter.ledger import outbox, rows
from athena_exporter.ledger.model import Change, Known
from athena_exporter.records import Batch, FailedStart, epoch_ms

_TOUCH_SLOT = (
    "INSERT INTO slots VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET used_day = excluded.used_day"
    " WHERE used_day < excluded.used_day"
)


def next_sequence(connection: sqlite3.Connection) -> None:
    """A copy of the file from before this transaction must look older."""
    connection.execute("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'sequence'")


def touch_slots(connection: sqlite3.Connection, target_id: int, known: Known, change: Change, today: int) -> None:
    """Remember which values were used today; most were earlier today, too."""
    stale = [(label, value) for label, value in change.slots if known.slots.get(label, {}).get(value, -1) < today]
    connection.executemany(_TOUCH_SLOT, [(target_id, *slot, today) for slot in sorted(stale)])


def save(connection: sqlite3.Connection, target_id: int, batch: Batch, change: Change) -> None:
    """What is not counting: refusals seen, facts, cursors, reads, AWS's clock."""
    now_ms = epoch_ms(batch.observed_at)
    connection.executemany(
        "INSERT INTO rejections VALUES (?, ?, ?)",
        [(target_id, event_id, at_ms) for event_id, at_ms in change.rejections.items()],
    )
    outbox.write(connection, target_id, change.facts, now_ms)
    connection.executemany(
        "INSERT OR REPLACE INTO cursors VALUES (?, ?, ?, ?)",
        [(target_id, batch.source, key, value) for key, value in batch.cursors.items()],
    )
    for read in batch.reads:
        connection.execute(
            "INSERT INTO sources VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " evidence = excluded.evidence, last_success_ms = excluded.last_success_ms,"
            " read_until_ms = max(coalesce(read_until_ms, 0), excluded.read_until_ms)",
            (target_id, batch.source, read.evidence.value, now_ms, epoch_ms(read.until)),
        )
    connection.execute("UPDATE targets SET clock_ms = max(clock_ms, ?) WHERE id = ?", (now_ms, target_id))


def told_rejections(connection: sqlite3.Connection, target_id: int, batch: Batch) -> set[str]:
    """Of the refused starts of a batch, those that were told before."""
    ids = [record.event_id for record in batch.records if isinstance(record, FailedStart)]
    if not ids:
        return set()
    found = connection.execute(
        f"SELECT event_id FROM rejections WHERE target_id = ? AND event_id IN ({rows.marks(ids)})",  # noqa: S608 - placeholders only
        (target_id, *ids),
    )
    return {event_id for (event_id,) in found}
