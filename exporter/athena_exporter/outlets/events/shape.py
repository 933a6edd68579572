"""Facts become events: one flat JSON object a query, table and mode, and one a finished query. Pure.

Stage: the ledger's outbox -> **shape** -> delivery -> CloudWatch Logs. No ARN, access key, address or raw SQL can
get in here: the facts hold none (the privacy mode and `events.query_text` act in the sources).
"""

import hashlib
import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Any

from athena_exporter.ledger.failures import failure
from athena_exporter.ledger.outbox import StoredFact
from athena_exporter.outlets.events.fields import Field
from athena_exporter.records import UNATTRIBUTED, UNKNOWN, Kind, Origin, QueryError, State, Target, epoch_ms

VERSION = 1
LARGEST_MESSAGE = 200 * 1024
"""Bytes of one event. watchtower cuts at 256 KiB, in the middle of the JSON; CloudWatch Logs refuses above 1 MiB."""
_NANO = 1_000_000_000
_START, _SQL = "StartQueryExecution", Origin.SQL.value
_encode = json.JSONEncoder(separators=(",", ":")).encode  # ASCII only: bytes and characters are the same number


class Stream(Enum):
    """Which of the two log groups an event belongs to."""

    TABLE_ACCESS = auto()
    QUERIES = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event as it is sent: its time in epoch milliseconds, and one line of ASCII JSON."""

    stream: Stream
    target: Target
    at_ms: int
    message: str


def events_of(fact: StoredFact) -> list[Event]:
    """The events that a fact means, none of them larger than `LARGEST_MESSAGE` (as long as a name isn't)."""
    told = json.loads(fact.body)
    if fact.kind == "access":
        return [_of_call(fact.target, told)]
    execution = told["execution"]
    uses = _once(execution["tables"])
    at = datetime.fromisoformat(told["at"])
    # What the events share is written once: writing is most of the work.
    head = _line(_common(fact.target, told, at) | {Field.TABLES_IN_QUERY: len({_name(use) for use in uses})})
    at_ms = epoch_ms(at)
    accesses = [
        Event(
            stream=Stream.TABLE_ACCESS,
            target=fact.target,
            at_ms=at_ms,
            message=_joined(head, _access(fact.target, told["query_id"], use)),
        )
        for use in uses
    ]
    message = _joined(head, _query(fact.target, told, execution))
    return [*accesses, Event(stream=Stream.QUERIES, target=fact.target, at_ms=at_ms, message=message)]


def access_id(target: Target, subject: str, table: str, mode: str) -> str:
    """One id of an access, whichever origin tells it. `subject`: the query's id, else the event's."""
    parts = (target.account_id, target.region, subject, table, mode)
    return hashlib.sha1("\n".join(parts).encode(), usedforsecurity=False).hexdigest()


# -- what a query's events share --------------------------------------------------------------------------------------


def _common(target: Target, told: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    execution = told["execution"]
    common: dict[str, Any] = {
        Field.V: VERSION,
        Field.EVENT_TIME: instant(at),
        Field.QUERY_ID: told["query_id"],
        **_who(told["identity"]),
        Field.WORKLOAD: told["workload"],
        Field.ACCOUNT_ID: target.account_id,
        Field.REGION: target.region,
        Field.WORKGROUP: execution["workgroup"],
        Field.STATE: execution["state"],
        Field.SCANNED_BYTES: execution["scanned_bytes"],
    }
    if told["attribution"] == "late":
        common[Field.CORRECTED] = True
    return common


def _who(identity: Mapping[str, Any] | None) -> dict[str, Any]:
    if identity is None:
        return {Field.USER: UNATTRIBUTED, Field.USER_KIND: Kind.UNKNOWN.value, Field.CLIENT: UNKNOWN}
    return {
        Field.USER: identity["user"],
        Field.USER_KIND: identity["kind"],
        Field.ROLE: identity["role"],
        Field.CLIENT: identity["client"],
    }


def instant(at: datetime) -> str:
    """`2026-03-10T12:00:00.000Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# -- table access -----------------------------------------------------------------------------------------------------


def _once(uses: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Each table and mode once: directly if the query names it at all, else through the first view."""
    chosen: dict[tuple[str, str], Mapping[str, Any]] = {}
    for use in uses:
        key = (_name(use), use["mode"])
        if key not in chosen or use["via_view"] is None:
            chosen[key] = use
    return list(chosen.values())


def _name(use: Mapping[str, Any]) -> str:
    return f"{use['catalog']}.{use['database']}.{use['table']}"


def _access(target: Target, query_id: str, use: Mapping[str, Any]) -> dict[str, Any]:
    return {
        Field.ACCESS_ID: access_id(target, query_id, _name(use), use["mode"]),
        Field.CATALOG: use["catalog"],
        Field.DATABASE: use["database"],
        Field.TABLE: use["table"],
        Field.FQ: f"{use['database']}.{use['table']}",
        Field.MODE: use["mode"],
        Field.VIA_VIEW: use["via_view"],
        Field.API: _START,
        Field.ORIGIN: _SQL,
    }


def _of_call(target: Target, told: Mapping[str, Any]) -> Event:
    """The event of a call of CloudTrail that names a table."""
    at = datetime.fromisoformat(told["at"])
    database, table, query_id = told["database"], told["table"], told["query_id"]
    name = ".".join((told["catalog"], database or "", table or ""))
    message = _line(
        {
            Field.V: VERSION,
            Field.EVENT_TIME: instant(at),
            Field.ACCESS_ID: access_id(target, query_id or told["event_id"], name, told["mode"]),
            Field.EVENT_ID: told["event_id"] if query_id is None else None,
            Field.QUERY_ID: query_id,
            **_who(told["identity"]),
            Field.ACCOUNT_ID: told["account_id"],
            Field.REGION: told["region"],
            Field.CATALOG: told["catalog"],
            Field.DATABASE: database,
            Field.TABLE: table,
            Field.FQ: f"{database}.{table}" if database and table else None,
            Field.MODE: told["mode"],
            Field.API: told["api"],
            Field.ORIGIN: told["origin"],
        }
    )
    return Event(stream=Stream.TABLE_ACCESS, target=target, at_ms=epoch_ms(at), message=message)


# -- queries ----------------------------------------------------------------------------------------------------------

_AS_TOLD = tuple(map(str, (
    Field.CATALOG, Field.DATABASE, Field.STATEMENT_TYPE, Field.SUBSTATEMENT_TYPE,
    Field.QUEUE_MS, Field.PLANNING_MS, Field.ENGINE_MS, Field.SERVICE_PRE_MS, Field.SERVICE_MS, Field.TOTAL_MS,
    Field.DPU_COUNT, Field.RESULT_REUSED, Field.SQL_DIGEST, Field.SQL_TEXT, Field.UNPARSED,
)))  # fmt: skip  # a list of names reads best in rows
"""Fields of a query event that have the execution's own names and values."""


def _query(target: Target, told: Mapping[str, Any], execution: Mapping[str, Any]) -> dict[str, Any]:
    cost = told["cost_nanousd"]
    return {
        Field.ACCESS_ID: access_id(target, told["query_id"], "", "query"),
        **{name: execution[name] for name in _AS_TOLD},
        Field.SUBMITTED_AT: _moment(execution["submitted_at"]),
        Field.ENDED_AT: _moment(execution["ended_at"]),
        Field.BILLED_BYTES: told["billed_bytes"],
        Field.COST_USD: None if cost is None else cost / _NANO,
        Field.CUTOFF_HIT: execution["cutoff_hit"] or None,
        **_error(execution),
    }


def _moment(text: str | None) -> str | None:
    return None if text is None else instant(datetime.fromisoformat(text))


def _error(execution: Mapping[str, Any]) -> dict[str, Any]:
    if execution["state"] != State.FAILED:
        return {}
    said = execution["error"]
    error = None if said is None else QueryError(**said)
    named = failure(error)
    return {
        Field.ERROR_CATEGORY: named.category,
        Field.ERROR_NAME: named.error,
        Field.ERROR_TYPE: None if error is None else error.type,
        Field.ERROR_RETRYABLE: None if error is None else error.retryable,
    }


# -- writing ----------------------------------------------------------------------------------------------------------


def _line(fields: Mapping[str, Any]) -> str:
    """One line of JSON without what nobody told."""
    return _encode({name: value for name, value in fields.items() if value is not None})


def _joined(head: str, fields: Mapping[str, Any]) -> str:
    """The line that begins with `head` (an object itself); too long a text of SQL is cut, and that is said."""
    message = f"{head[:-1]},{_line(fields)[1:]}"
    text = fields.get(Field.SQL_TEXT)
    if len(message) <= LARGEST_MESSAGE or not text:
        return message
    cut = {**fields, Field.SQL_TEXT: "", Field.SQL_CUT: True}
    room = LARGEST_MESSAGE - len(_joined(head, cut)) + len(_encode(""))
    fitting = bisect_right(range(len(text) + 1), room, key=lambda length: len(_encode(text[:length]))) - 1
    return _joined(head, {**cut, Field.SQL_TEXT: text[: max(0, fitting)]})
