"""One query execution in AWS's words becomes a `QueryExecution`.

Stage: sources/batches.py -> **executions** (sql.py) -> records. The SQL goes no further: its digest leaves this module,
and what sql.py makes of it. Every field but the id, the state and the submission may be missing, and often is.
https://docs.aws.amazon.com/athena/latest/APIReference/API_QueryExecution.html
"""

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from athena_exporter.records import UNKNOWN, QueryError, QueryExecution, State
from athena_exporter.sources.sql import Statements
from athena_exporter.sources.text import clean

EXPLAIN_ANALYZE = "EXPLAIN_ANALYZE"
"""The substatement that AWS bills although it is a UTILITY statement."""

# Far above what a query can scan or last (half an hour, ten in a queue), and so small that thousands of them still add
# up within SQLite's 63 bits.
_LARGEST = 2**50
_CUTOFF = "bytes scanned limit was exceeded"
_STATES = {state.value.upper(): state for state in State} | {"CANCELED": State.CANCELLED}
# Possessive throughout: a quarter of a megabyte of blanks and dashes must not make it search back and forth.
_GAP = r"(?:\s++|--[^\n]*+(?:\n|\Z)|/\*(?:[^*]++|\*(?!/))*+\*/)"
_EXPLAIN_ANALYZE = re.compile(rf"{_GAP}*+explain{_GAP}++analyze\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was read: the record, if there is enough for one, and how many values made no sense."""

    record: QueryExecution | None
    malformed: int


def read_execution(
    raw: Mapping[str, Any],
    *,
    workgroup: str | None = None,
    statements: Statements | None = None,
    low_water: datetime | None = None,
) -> Reading:
    """Parse one element of BatchGetQueryExecution's answer. Never raises.

    Args:
        raw: the element, as botocore parsed it.
        workgroup: where it was listed, should it not say so itself.
        statements: looks at the SQL; without it only the digest is told.
        low_water: the SQL of what ended before it is of no interest to anybody.

    Returns:
        Without a record if the id, a state we know or the submission is missing; that counts as malformed.
    """
    values = _Values()
    status = _mapping(raw.get("Status"))
    query_id = clean(raw.get("QueryExecutionId"))
    state = _STATES.get(str(status.get("State")).upper())
    submitted_at = _time(status.get("SubmissionDateTime"))
    if query_id is None or state is None or submitted_at is None:
        return Reading(record=None, malformed=1)
    record = QueryExecution(
        query_id=query_id,
        workgroup=clean(raw.get("WorkGroup")) or workgroup or UNKNOWN,
        state=state,
        submitted_at=submitted_at,
        ended_at=_time(status.get("CompletionDateTime")) if state.final else None,
        error=_error(status.get("AthenaError"), values),
        cutoff_hit=_CUTOFF in str(status.get("StateChangeReason")).lower(),
        **_context(raw),
        **_statement(raw),
        **_statistics(raw, values),
    )
    if statements is not None and not is_below(record, low_water):
        record = _looked_at(record, raw.get("Query"), statements)
    return Reading(record=record, malformed=values.malformed)


def is_below(record: QueryExecution, low_water: datetime | None) -> bool:
    """Whether it ended before anybody's interest begins."""
    return low_water is not None and record.state.final and record.counted_at < low_water


def _looked_at(record: QueryExecution, sql: object, statements: Statements) -> QueryExecution:
    if not isinstance(sql, str):
        return record
    said = statements.look(sql, catalog=record.catalog, database=record.database)
    return replace(
        record,
        database=said.database,
        tables=said.tables,
        unparsed=said.unparsed,
        workload=said.workload,
        sql_text=said.sql_text,
    )


class _Values:
    """Reads numbers, counting what is there and is none."""

    def __init__(self) -> None:
        self.malformed = 0

    def whole(self, value: object) -> int | None:
        """A number of bytes, milliseconds or the like: whole, not negative, at most 2^50."""
        number = self.real(value)
        if number is None:
            return None
        if number != int(number) or number > _LARGEST:
            self.malformed += 1
            return None
        return int(number)

    def real(self, value: object) -> float | int | None:
        """A finite number that is not negative."""
        if value is None:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf:
            return value
        self.malformed += 1
        return None

    def flag(self, value: object) -> bool | None:
        """True or false."""
        if value is None or isinstance(value, bool):
            return value
        self.malformed += 1
        return None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _time(value: object) -> datetime | None:
    if not isinstance(value, datetime):
        return None
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        return None


def _context(raw: Mapping[str, Any]) -> dict[str, Any]:
    context = _mapping(raw.get("QueryExecutionContext"))
    return {"catalog": clean(context.get("Catalog")), "database": clean(context.get("Database"))}


def _statement(raw: Mapping[str, Any]) -> dict[str, Any]:
    sql = raw.get("Query")
    told = {
        "statement_type": clean(raw.get("StatementType")),
        "substatement_type": clean(raw.get("SubstatementType")),
        "sql_digest": None,
    }
    if not isinstance(sql, str):
        return told
    if _EXPLAIN_ANALYZE.match(sql):
        told["substatement_type"] = EXPLAIN_ANALYZE
    # JSON may carry half a surrogate pair, which UTF-8 has no bytes for.
    return told | {"sql_digest": hashlib.sha256(sql.encode(errors="surrogatepass")).hexdigest()}


def _statistics(raw: Mapping[str, Any], values: _Values) -> dict[str, Any]:
    told = _mapping(raw.get("Statistics"))
    return {
        "scanned_bytes": values.whole(told.get("DataScannedInBytes")),
        "queue_ms": values.whole(told.get("QueryQueueTimeInMillis")),
        "planning_ms": values.whole(told.get("QueryPlanningTimeInMillis")),
        "engine_ms": values.whole(told.get("EngineExecutionTimeInMillis")),
        "service_pre_ms": values.whole(told.get("ServicePreProcessingTimeInMillis")),
        "service_ms": values.whole(told.get("ServiceProcessingTimeInMillis")),
        "total_ms": values.whole(told.get("TotalExecutionTimeInMillis")),
        "dpu_count": values.real(told.get("DpuCount")),
        "result_reused": values.flag(_mapping(told.get("ResultReuseInformation")).get("ReusedPreviousResult")),
    }


def _error(told: object, values: _Values) -> QueryError | None:
    if not isinstance(told, Mapping):
        return None
    return QueryError(
        category=values.whole(told.get("ErrorCategory")),
        type=values.whole(told.get("ErrorType")),
        retryable=values.flag(told.get("Retryable")),
    )
