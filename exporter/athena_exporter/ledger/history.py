"""The rollups for people: usage over a range, read from the ledger's file while the exporter may be writing it."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

from athena_exporter.ledger import files
from athena_exporter.ledger.errors import explained
from athena_exporter.records import UsageRow, epoch_ms

# A usage stands in one of the two tables: in hours, until its day is rolled up.
_USAGE = """
    SELECT user, workgroup, database, state, sum(queries), sum(scanned_bytes), sum(billed_bytes), sum(cost_nanousd)
    FROM (
        SELECT * FROM usage_days WHERE start_ms >= :low AND start_ms < :high
        UNION ALL SELECT * FROM usage_hours WHERE start_ms >= :low AND start_ms < :high
    )
    GROUP BY user, workgroup, database, state HAVING sum(queries) <> 0
    """


def usage(path: Path, since: datetime, until: datetime) -> Iterator[UsageRow]:
    """Usage per user, workgroup, database and state of queries that ended in [since, until).

    The ledger keeps hours for 35 days, then days up to 400: `since` is moved up to the next of them, `until` to the
    end of the one it lies in. Raises LedgerError.
    """
    with explained(path), closing(files.open_readonly(path)) as connection:
        bounds = {"low": epoch_ms(since), "high": epoch_ms(until)}
        for user, workgroup, database, state, *sums in connection.execute(_USAGE, bounds):
            queries, scanned_bytes, billed_bytes, cost_nanousd = sums
            yield UsageRow(
                user=user, workgroup=workgroup, database=database, state=state, queries=queries,
                scanned_bytes=scanned_bytes, billed_bytes=billed_bytes, cost_nanousd=cost_nanousd,
            )  # fmt: skip  # eight columns read best as a block
