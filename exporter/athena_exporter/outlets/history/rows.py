"""A fact becomes a row: plain values in the order of the table's columns. Pure.

Stage: the ledger's outbox -> **rows** -> parquet. Whatever the sources did not let out is in no fact, and so in no
row (`identity.privacy`, `events.query_text`).
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, NamedTuple

from athena_exporter.ledger.failures import failure
from athena_exporter.ledger.outbox import PAST, StoredFact
from athena_exporter.records import UNATTRIBUTED, UNKNOWN, Kind, QueryError, State, epoch_ms

KINDS = frozenset({"query", "identity", PAST})
"""Facts that are rows: a finished query with its user or none, the same query once its user came late, and either of
them told by a backfill."""
_LARGEST_INT = 2**31 - 1
_NOBODY = (UNATTRIBUTED, Kind.UNKNOWN.value, None, UNKNOWN)
_NO_ERROR = (None, None, None, None)
_CONTEXT = itemgetter("catalog", "database", "statement_type", "substatement_type", "scanned_bytes")
_TIMES = itemgetter("queue_ms", "planning_ms", "engine_ms", "service_pre_ms", "service_ms", "total_ms")
_SQL = itemgetter("sql_digest", "sql_text", "unparsed")
_USE = ("catalog", "database", "table", "mode", "via_view")
_of_use = itemgetter(*_USE)


# A named tuple, for a frozen dataclass takes three times as long to make, and this is made for every query.
class Row(NamedTuple):
    """One row: its partition, and a value for each of `library.table.COLUMNS`. Times are epoch milliseconds."""

    day: str
    values: tuple[Any, ...]


def row_of(fact: StoredFact, ledger_id: str) -> Row | None:
    """The row that a fact means, None for a kind that is for others."""
    if fact.kind not in KINDS:
        return None
    told = json.loads(fact.body)
    execution = told["execution"]
    at = datetime.fromisoformat(told["at"]).astimezone(UTC)
    dpus = execution["dpu_count"]
    return Row(
        at.date().isoformat(),
        (
            told["query_id"], fact.target.account_id, fact.target.region, execution["workgroup"], execution["state"],
            epoch_ms(at), _ms(execution["submitted_at"]), _ms(execution["ended_at"]),
            *_who(told["identity"]), told["workload"], told["attribution"],
            *_CONTEXT(execution), told["billed_bytes"], told["cost_nanousd"], *_TIMES(execution),
            None if dpus is None else float(dpus), execution["result_reused"], execution["cutoff_hit"],
            *_error(execution), *_SQL(execution), [_of_use(use) for use in execution["tables"]],
            ledger_id, fact.seq, fact.written_ms,
        ),
    )  # fmt: skip  # four dozen columns read best in the order of the table


def _ms(text: str | None) -> int | None:
    return None if text is None else epoch_ms(datetime.fromisoformat(text))


def _who(identity: Mapping[str, Any] | None) -> tuple[str, str, str | None, str]:
    """User, kind, role, client."""
    if identity is None:
        return _NOBODY
    return identity["user"], identity["kind"], identity["role"], identity["client"]


def _error(execution: Mapping[str, Any]) -> tuple[str | None, str | None, int | None, bool | None]:
    """Category, name, AWS's number, whether a retry may help."""
    if execution["state"] != State.FAILED:
        return _NO_ERROR
    said = execution["error"]
    error = None if said is None else QueryError(**said)
    named = failure(error)
    if error is None:
        return named.category, named.error, None, None
    # The column is a 32-bit integer; AWS's numbers have four digits, and what is no such number has its name alone.
    number = error.type if error.type is not None and error.type <= _LARGEST_INT else None
    return named.category, named.error, number, error.retryable
