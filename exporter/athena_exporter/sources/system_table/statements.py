"""The two questions that the table is asked. Pure.

Stage: a window of ends, the columns that there are -> **statements** -> asking.py. Both bounds of the submission are
written as constants, and workgroups as a list: by these two the table is partitioned. The bounds of the end spare files
within a day.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from athena_exporter.library.rendering import quoted
from athena_exporter.library.system_table import (
    COMPLETED,
    FIELDS,
    NAME,
    PRINCIPAL,
    QUERY_ID,
    SUBMITTED,
    TABLES,
    WORKGROUP,
)
from athena_exporter.sources.windows import Window

LONGEST_QUERY = timedelta(days=1)
"""From a submission to its end, at most: a query may wait for hours, and Athena ends it after its quota's hours."""
_TIMES = frozenset({SUBMITTED, COMPLETED})
_END = f"date_trunc('millisecond', executions.{COMPLETED})"
"""Times come back in milliseconds, so they are compared in milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The last row that was read: rows come by their end, then by their id."""

    completed_at: datetime
    query_id: str


def columns_sql(now: datetime) -> str:
    """A question without rows, whose answer names the columns."""
    return f"SELECT * FROM {NAME} WHERE {SUBMITTED} >= {moment(now)} LIMIT 0"  # noqa: S608  our own name


def rows_sql(
    columns: Collection[str], window: Window, *, after: Place | None, workgroups: Sequence[str], limit: int
) -> str:
    """Rows of queries that ended in the window, the next ones after a place.

    Args:
        columns: those that the table has; others are not asked for.
        window: of the queries' ends.
        after: where the last page ended.
        workgroups: only these; none means all.
        limit: the most rows.
    """
    conditions = " AND ".join(_conditions(window, after, workgroups))
    return (
        f"SELECT {', '.join(_selected(columns))} FROM {NAME} AS executions WHERE {conditions}"  # noqa: S608  names of our own, values quoted
        f" ORDER BY {_END}, executions.{QUERY_ID} LIMIT {limit}"
    )


def moment(at: datetime) -> str:
    """A time as a literal."""
    return f"TIMESTAMP '{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03} UTC'"


def _selected(columns: Collection[str]) -> Iterator[str]:
    for name in (*(one.column for one in FIELDS), PRINCIPAL, TABLES):
        if name in columns:
            yield f"{_expression(name)} AS {name}"


def _expression(name: str) -> str:
    if name in _TIMES:
        return f"CAST(date_trunc('millisecond', executions.{name}) AT TIME ZONE 'UTC' AS timestamp)"
    # The text of an array of rows leaves out the names of its parts, and quotes nothing.
    return f"json_format(CAST(executions.{name} AS json))" if name == TABLES else f"executions.{name}"


def _conditions(window: Window, after: Place | None, workgroups: Sequence[str]) -> Iterator[str]:
    yield f"executions.{SUBMITTED} >= {moment(window.since - LONGEST_QUERY)}"
    yield f"executions.{SUBMITTED} < {moment(window.until)}"
    if workgroups:
        yield f"executions.{WORKGROUP} IN ({', '.join(map(quoted, workgroups))})"
    since = window.since if after is None else after.completed_at
    yield f"executions.{COMPLETED} >= {moment(since)}"
    yield f"executions.{COMPLETED} < {moment(window.until)}"
    if after is not None:
        end, query_id = moment(after.completed_at), quoted(after.query_id)
        yield f"({_END} > {end} OR ({_END} = {end} AND executions.{QUERY_ID} > {query_id}))"
