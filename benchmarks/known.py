"""A ledger with two months behind it: 50,000 series, 2,000,000 known queries, 60 days of rollups.

The series come through `Ledger.apply`. The 2,000,000 ids would take minutes that way, so they are loaded in bulk,
into the same tables with their indexes in place (random ids, as AWS's are, so that the pages fill as they would).
"""

import random
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from workload import NOON, RULES, TARGET, Company

from athena_exporter.ledger.files import connect
from athena_exporter.ledger.model import DAY_MS, HOUR_MS
from athena_exporter.ledger.store import Ledger, LedgerSettings
from athena_exporter.records import epoch_ms

IDS = 2_000_000
CELLS = 20_000
_OLDER_DAYS = 58

_ROLL_UP = """
    INSERT OR IGNORE INTO {table}
    SELECT target_id, ended_ms - ended_ms % {span_ms}, workgroup, i.user, database, state,
           count(*), sum(scanned_bytes), sum(billed_bytes), sum(cost_nanousd)
    FROM queries q JOIN identities i ON i.id = q.identity_id WHERE q.id > {first}
    GROUP BY 1, 2, 3, 4, 5, 6
    """
_EARLIER = """
    INSERT OR IGNORE INTO usage_days
    SELECT target_id, start_ms - ? * {day_ms}, workgroup, user, database, state,
           queries, scanned_bytes, billed_bytes, cost_nanousd
    FROM usage_days WHERE start_ms = (SELECT max(start_ms) - {day_ms} FROM usage_days)
    """

_TOTALS = """
    INSERT INTO usage_totals
    SELECT target_id, start_ms, '{label}', {label}, sum(queries), sum(scanned_bytes), sum(cost_nanousd)
    FROM usage_days GROUP BY target_id, start_ms, {label}
    """


def open_ledger(path: Path) -> Ledger:
    """A ledger as the exporter keeps it, on this disk."""
    return Ledger(LedgerSettings(path=path, rules=RULES, series_warmup=timedelta(0)), monotonic=time.monotonic)


def fresh(path: Path) -> Ledger:
    """An empty ledger whose 50,000 series exist: one query of each cell, three days before the present."""
    ledger = open_ledger(path)
    ledger.adopt(TARGET, NOON - timedelta(days=10))
    for executions, starts in Company(seed=0).day(NOON - timedelta(days=3), CELLS):
        ledger.apply(executions)
        ledger.apply(starts)
    ledger.reveal()
    ledger.stamp()
    return ledger


def prefilled(folder: Path, copy: str) -> Path:
    """A copy of the ledger with two months behind it, which is built once a folder."""
    original, path = folder / "known.db", folder / f"{copy}.db"
    if not original.exists():
        building = folder / "building.db"
        fresh(building).close()
        with closing(connect(building)) as connection:
            _load(connection)
        building.rename(original)
        building.with_name("building.db.lock").rename(folder / "known.db.lock")
    for end in ("", ".lock"):  # without its lock file, a ledger is taken for a restored copy and starts again at 0
        shutil.copyfile(f"{original}{end}", f"{path}{end}")
    return path


def _load(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -524288")
    connection.execute("BEGIN")
    connection.executemany(_copy(connection), _known())
    for table, span_ms in (("usage_hours", HOUR_MS), ("usage_days", DAY_MS)):
        connection.execute(_ROLL_UP.format(table=table, span_ms=span_ms, first=CELLS))
    earlier = ((days,) for days in range(1, _OLDER_DAYS + 1))
    connection.executemany(_EARLIER.format(day_ms=DAY_MS), earlier)
    connection.execute("DELETE FROM usage_totals")
    for label in ("workgroup", "user"):
        connection.execute(_TOTALS.format(label=label))
    # Young days stand in hours only.
    connection.execute(
        "DELETE FROM usage_days WHERE start_ms >= (SELECT min(start_ms) FROM usage_hours) - ?", (DAY_MS,)
    )
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _copy(connection: sqlite3.Connection) -> str:
    """The statement that repeats a row under another id and at another time."""
    columns = [name for _, name, *_ in connection.execute("PRAGMA table_info(queries)") if name != "id"]
    changed = {"query_id": "?1", "since_ms": "?2", "ended_ms": "?3"}
    values = ", ".join(changed.get(name, name) for name in columns)
    return f"INSERT INTO queries ({', '.join(columns)}) SELECT {values} FROM queries WHERE id = ?4"


def _known() -> Iterator[tuple[bytes, int, int, int]]:
    """Id, submission, end, and the row of the cell that it copies: two days of queries in the order of their ends."""
    chance = random.Random(2)
    begins, now = epoch_ms(NOON - timedelta(days=2)), epoch_ms(NOON)
    for number in range(IDS):
        ended = begins + (now - begins) * number // IDS
        yield chance.randbytes(16), ended - chance.randrange(20_000), ended, chance.randrange(CELLS) + 1
