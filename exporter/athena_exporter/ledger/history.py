"""The rollups for people: usage over a range, read from the ledger's file while the exporter may be writing it."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

from athena_exporter.ledger import files
from athena_exporter.ledger.errors import explained
from athena_exporter.records import UsageRow, epoch_ms


def usage(path: Path, since: datetime, until: datetime) -> Iterator[UsageRow]:
    """Usage per user, workgroup, database and state of queries that ended in [since, until).

    The ledger keeps hours for 35 days and days for 400: `since` and `until` are cut to those. Raises LedgerError.
    """
    with explained(path), closing(files.open_readonly(path)) as connection:
        hours_from = connection.execute("SELECT min(start_ms) FROM usage_hours").fetchone()[0]
        low, high = epoch_ms(since), epoch_ms(until)
        split = high if hours_from is None else min(max(low, _next_day(int(hours_from))), high)
        statement = """
            SELECT user, workgroup, database, state, sum(queries), sum(scanned_bytes), sum(billed_bytes),
                   sum(cost_nanousd)
            FROM (SELECT * FROM usage_days WHERE start_ms >= ? AND start_ms < ?
                  UNION ALL SELECT * FROM usage_hours WHERE start_ms >= ? AND start_ms < ?)
            GROUP BY user, workgroup, database, state HAVING sum(queries) <> 0
            """
        for user, workgroup, database, state, *sums in connection.execute(statement, (low, split, split, high)):
            queries, scanned_bytes, billed_bytes, cost_nanousd = sums
            yield UsageRow(
                user=user, workgroup=workgroup, database=database, state=state, queries=queries,
                scanned_bytes=scanned_bytes, billed_bytes=billed_bytes, cost_nanousd=cost_nanousd,
            )  # fmt: skip  # eight columns read best as a block


def _next_day(at_ms: int) -> int:
    """The first midnight at or after a time: hours are whole from there on."""
    day_ms = 86_400_000
    return -(-at_ms // day_ms) * day_ms
