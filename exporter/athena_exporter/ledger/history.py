"""The rollups for people: usage over a range, read from the ledger's file while the exporter may be writing it."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from athena_exporter.ledger import files
from athena_exporter.ledger.errors import explained
from athena_exporter.ledger.pruning import complete_until_ms
from athena_exporter.records import Target, UsageRow, epoch_ms, from_epoch_ms

# A usage stands in one of the two tables: in hours, until its day is rolled up.
_USAGE = """
    SELECT account_id, region, user, workgroup, database, state, sum(queries), sum(scanned_bytes), sum(billed_bytes),
        sum(cost_nanousd)
    FROM (
        SELECT * FROM usage_days WHERE start_ms >= :low AND start_ms < :high
        UNION ALL SELECT * FROM usage_hours WHERE start_ms >= :low AND start_ms < :high
    ) JOIN targets t ON t.id = target_id
    GROUP BY target_id, user, workgroup, database, state HAVING sum(queries) <> 0
    """
_EXECUTIONS = """
    SELECT account_id, region, workgroup, statement_type, state, sum(queries), sum(scanned_bytes), sum(total_ms)
    FROM usage_types JOIN targets t ON t.id = target_id WHERE start_ms >= :low AND start_ms < :high
    GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionsRow:
    """What the queries of one workgroup, statement type (`DML`, ..., `unknown`) and final state came to.

    The sums leave out queries whose statistics AWS never published.
    """

    target: Target
    workgroup: str
    statement_type: str
    state: str
    queries: int
    scanned_bytes: int
    total_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Of which time the ledger holds every query of a target.

    Counting began at `since` (rollups may reach further back, as far as `ledger.seed` asked); every query that ended
    before `until` is counted, None before the first sweep was read to its end.
    """

    target: Target
    since: datetime
    until: datetime | None


def executions(path: Path, since: datetime, until: datetime) -> Iterator[ExecutionsRow]:
    """Executions of the UTC days that begin in [since, until), by target, workgroup, statement type and state.

    A query belongs to the day in which it ended. Days are kept for 400 days. Raises LedgerError.
    """
    with explained(path), closing(files.open_readonly(path)) as connection:
        bounds = {"low": epoch_ms(since), "high": epoch_ms(until)}
        for account_id, region, workgroup, statement_type, state, *sums in connection.execute(_EXECUTIONS, bounds):
            queries, scanned_bytes, total_ms = sums
            yield ExecutionsRow(
                target=Target(account_id=account_id, region=region), workgroup=workgroup,
                statement_type=statement_type, state=state, queries=queries, scanned_bytes=scanned_bytes,
                total_ms=total_ms,
            )  # fmt: skip  # eight columns read best as a block


def coverage(path: Path) -> list[Coverage]:
    """What the ledger covers of each target that it has ever counted for. Raises LedgerError."""
    with explained(path), closing(files.open_readonly(path)) as connection:
        found = connection.execute("SELECT id, account_id, region, counting_since_ms FROM targets ORDER BY 2, 3")
        return [
            Coverage(
                target=Target(account_id=account_id, region=region),
                since=from_epoch_ms(since_ms),
                until=_moment(complete_until_ms(connection, target_id)),
            )
            for target_id, account_id, region, since_ms in found.fetchall()
        ]


def _moment(at_ms: int | None) -> datetime | None:
    return None if at_ms is None else from_epoch_ms(at_ms)


def usage(path: Path, since: datetime, until: datetime) -> Iterator[UsageRow]:
    """Usage per target, user, workgroup, database and state of queries that ended in [since, until).

    The ledger keeps hours for 35 days, then days up to 400: `since` is moved up to the next of them, `until` to the
    end of the one it lies in. Raises LedgerError.
    """
    with explained(path), closing(files.open_readonly(path)) as connection:
        bounds = {"low": epoch_ms(since), "high": epoch_ms(until)}
        for account_id, region, user, workgroup, database, state, *sums in connection.execute(_USAGE, bounds):
            queries, scanned_bytes, billed_bytes, cost_nanousd = sums
            yield UsageRow(
                user=user, workgroup=workgroup, database=database, state=state, queries=queries,
                scanned_bytes=scanned_bytes, billed_bytes=billed_bytes, cost_nanousd=cost_nanousd,
                account=account_id, region=region,
            )  # fmt: skip  # ten columns read best as a block
