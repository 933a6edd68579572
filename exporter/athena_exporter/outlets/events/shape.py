"""Facts become events: one flat JSON object a query, table and mode, and one a finished query. Pure.

Stage: the ledger's outbox -> **shape** -> delivery -> CloudWatch Logs. No ARN, access key, address or raw SQL can
get in here: the facts hold none (the privacy mode and `events.query_text` act in the sources).
"""

import hashlib
import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum, auto
from json.encoder import encode_basestring_ascii
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

from athena_exporter.budgets import Unit
from athena_exporter.ledger.failures import failure
from athena_exporter.ledger.outbox import StoredFact
from athena_exporter.outlets.events.fields import Field
from athena_exporter.records import UNATTRIBUTED, UNKNOWN, Kind, Origin, QueryError, State, Target, epoch_ms

VERSION = 1
GUARD = "guard"
"""The `event_type` of the guard's events, and the kind of their facts."""
_EVENTS = frozenset({"query", "identity", "access", GUARD})
LARGEST_MESSAGE = 200 * 1024
"""Bytes of one event. watchtower cuts at 256 KiB, in the middle of the JSON; CloudWatch Logs refuses above 1 MiB."""
_NANO = 1_000_000_000
_SECONDS, _MILLISECONDS = len("2026-03-10T12:00:00"), len("2026-03-10T12:00:00.000")
_IN_UTC = "+00:00"
_START, _SQL = "StartQueryExecution", Origin.SQL.value
_NOBODY = (UNATTRIBUTED, Kind.UNKNOWN.value, None, UNKNOWN)
_Plain: TypeAlias = str | int | float | bool | None
_quoted = encode_basestring_ascii  # ASCII only: bytes and characters are the same number
_WRITERS: Mapping[type, Callable[[Any], str]] = {  # each takes its own type
    str: _quoted,
    int: int.__repr__,
    float: float.__repr__,
    bool: {False: "false", True: "true"}.__getitem__,
}


class Stream(Enum):
    """Which of the two log groups an event belongs to."""

    TABLE_ACCESS = auto()
    QUERIES = auto()


# A named tuple, for a frozen dataclass takes three times as long to make, and this is made for every event.
class Event(NamedTuple):
    """One event as it is sent: its time in epoch milliseconds, and one line of ASCII JSON."""

    stream: Stream
    target: Target
    at_ms: int
    message: str


def events_of(fact: StoredFact) -> list[Event]:
    """The events that a fact means, none of them larger than `LARGEST_MESSAGE` (as long as a name isn't).

    None for a kind that is no event: it is for others.
    """
    if fact.kind not in _EVENTS:
        return []
    told = json.loads(fact.body)
    if fact.kind == "access":
        return [_of_call(fact.target, told)]
    if fact.kind == GUARD:
        return [_of_guard(fact.target, told)]
    execution = told["execution"]
    uses = _once(execution["tables"])
    # What the events share is written once: writing is most of the work.
    head = _head(fact.target, told, len({_name(use) for use in uses}))
    at_ms, query_id = epoch_ms(datetime.fromisoformat(told["at"])), told["query_id"]
    events = [
        Event(Stream.TABLE_ACCESS, fact.target, at_ms, f"{{{head},{_access(fact.target, query_id, use)}}}")
        for use in uses
    ]
    events.append(Event(Stream.QUERIES, fact.target, at_ms, _query(head, fact.target, told, execution)))
    return events


def access_id(target: Target, subject: str, table: str, mode: str) -> str:
    """One id of an access, whichever origin tells it. `subject`: the query's id, else the event's."""
    parts = (target.account_id, target.region, subject, table, mode)
    return hashlib.sha1("\n".join(parts).encode(), usedforsecurity=False).hexdigest()


# -- writing ----------------------------------------------------------------------------------------------------------


class _Form:
    """Fields in their order. A millionth of a second a field counts here: an encoder of dicts takes thrice as long."""

    def __init__(self, *fields: Field) -> None:
        self._names = tuple(f'"{field}":' for field in fields)

    def filled(self, values: Iterable[_Plain]) -> str:
        """The inside of an object of JSON from values in the fields' order, without what nobody told (None)."""
        return ",".join(
            [
                name + _WRITERS[type(value)](value)
                for name, value in zip(self._names, values, strict=True)
                if value is not None
            ]
        )


# -- what a query's events share --------------------------------------------------------------------------------------

_HEAD = _Form(
    Field.V, Field.EVENT_TIME, Field.QUERY_ID, Field.USER, Field.USER_KIND, Field.ROLE, Field.CLIENT, Field.WORKLOAD,
    Field.ACCOUNT_ID, Field.REGION, Field.WORKGROUP, Field.STATE, Field.SCANNED_BYTES, Field.CORRECTED,
    Field.TABLES_IN_QUERY,
)  # fmt: skip  # a list of names reads best in rows


def _head(target: Target, told: Mapping[str, Any], tables: int) -> str:
    execution = told["execution"]
    return _HEAD.filled(
        (
            VERSION, instant_of(told["at"]), told["query_id"], *_who(told["identity"]), told["workload"],
            target.account_id, target.region, execution["workgroup"], execution["state"], execution["scanned_bytes"],
            told["attribution"] == "late" or None,
            tables,
        )
    )  # fmt: skip  # the fields' own rows


def _who(identity: Mapping[str, Any] | None) -> tuple[str, str, str | None, str]:
    """User, kind, role, client."""
    if identity is None:
        return _NOBODY
    return identity["user"], identity["kind"], identity["role"], identity["client"]


def instant(at: datetime) -> str:
    """`2026-03-10T12:00:00.000Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def instant_of(text: str) -> str:
    """The same of a time in ISO 8601; one in UTC with a fraction, as nearly all are, needs no calendar."""
    if text.startswith(".", _SECONDS) and text.endswith(_IN_UTC) and len(text) >= _MILLISECONDS + len(_IN_UTC):
        return f"{text[:_MILLISECONDS]}Z"
    return instant(datetime.fromisoformat(text))


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


_ACCESS = _Form(
    Field.ACCESS_ID, Field.CATALOG, Field.DATABASE, Field.TABLE, Field.FQ, Field.MODE, Field.VIA_VIEW, Field.API,
    Field.ORIGIN,
)  # fmt: skip  # a list of names reads best in rows


def _access(target: Target, query_id: str, use: Mapping[str, Any]) -> str:
    database, table, mode = use["database"], use["table"], use["mode"]
    return _ACCESS.filled(
        (
            access_id(target, query_id, _name(use), mode), use["catalog"], database, table, f"{database}.{table}",
            mode, use["via_view"], _START, _SQL,
        )
    )  # fmt: skip  # the fields' own rows


_CALL = _Form(
    Field.V, Field.EVENT_TIME, Field.ACCESS_ID, Field.EVENT_ID, Field.QUERY_ID,
    Field.USER, Field.USER_KIND, Field.ROLE, Field.CLIENT, Field.ACCOUNT_ID, Field.REGION,
    Field.CATALOG, Field.DATABASE, Field.TABLE, Field.FQ, Field.MODE, Field.API, Field.ORIGIN,
)  # fmt: skip  # as above


def _of_call(target: Target, told: Mapping[str, Any]) -> Event:
    """The event of a call of CloudTrail that names a table."""
    catalog, database, table = told["catalog"], told["database"], told["table"]
    query_id, event_id = told["query_id"], told["event_id"]
    name = ".".join((catalog, database or "", table or ""))
    inside = _CALL.filled(
        (
            VERSION, instant_of(told["at"]), access_id(target, query_id or event_id, name, told["mode"]),
            event_id if query_id is None else None, query_id,
            *_who(told["identity"]), told["account_id"], told["region"],
            catalog, database, table, f"{database}.{table}" if database and table else None,
            told["mode"], told["api"], told["origin"],
        )
    )  # fmt: skip  # as above
    at_ms = epoch_ms(datetime.fromisoformat(told["at"]))
    return Event(Stream.TABLE_ACCESS, target, at_ms, f"{{{inside}}}")


# -- the guard --------------------------------------------------------------------------------------------------------

_GUARD = _Form(
    Field.V, Field.EVENT_TYPE, Field.EVENT_TIME, Field.ACCESS_ID, Field.ACTION_ID, Field.QUERY_ID, Field.USER,
    Field.ACCOUNT_ID, Field.REGION, Field.WORKGROUP, Field.GUARD_MODE, Field.GUARD_RESULT, Field.BUDGET, Field.SUBJECT,
    Field.USED_BYTES, Field.LIMIT_BYTES, Field.USED_USD, Field.LIMIT_USD, Field.DECIDED_AT, Field.ENDED_AT,
)  # fmt: skip  # a list of names reads best in rows


def _of_guard(target: Target, told: Mapping[str, Any]) -> Event:
    """What the guard has done to a query, or has not."""
    used, limit = told["used"], told["limit"]
    amounts = (used, limit, None, None) if told["unit"] == Unit.BYTES else (None, None, used / _NANO, limit / _NANO)
    ended_at = instant_of(told["ended_at"])
    inside = _GUARD.filled(
        (
            VERSION, GUARD, ended_at, access_id(target, told["action_id"], told["decided_at"], GUARD),
            told["action_id"], told["query_id"], told["user"], target.account_id, target.region, told["workgroup"],
            told["mode"], told["result"], told["budget"], told["subject"], *amounts,
            instant_of(told["decided_at"]), ended_at,
        )
    )  # fmt: skip  # the fields' own rows
    return Event(Stream.QUERIES, target, epoch_ms(datetime.fromisoformat(told["ended_at"])), f"{{{inside}}}")


# -- queries ----------------------------------------------------------------------------------------------------------

_AS_TOLD = (
    Field.CATALOG, Field.DATABASE, Field.STATEMENT_TYPE, Field.SUBSTATEMENT_TYPE,
    Field.QUEUE_MS, Field.PLANNING_MS, Field.ENGINE_MS, Field.SERVICE_PRE_MS, Field.SERVICE_MS, Field.TOTAL_MS,
    Field.DPU_COUNT, Field.RESULT_REUSED, Field.SQL_DIGEST, Field.UNPARSED,
)  # fmt: skip  # a list of names reads best in rows
"""Fields of a query event that have the execution's own names and values."""
_as_told = itemgetter(*map(str, _AS_TOLD))
_QUERY = _Form(
    Field.ACCESS_ID, *_AS_TOLD, Field.SUBMITTED_AT, Field.ENDED_AT, Field.BILLED_BYTES, Field.COST_USD,
    Field.CUTOFF_HIT,
)  # fmt: skip  # as above
_ERROR = _Form(Field.ERROR_CATEGORY, Field.ERROR_NAME, Field.ERROR_TYPE, Field.ERROR_RETRYABLE)
_TEXT = _Form(Field.SQL_TEXT, Field.SQL_CUT)


def _query(head: str, target: Target, told: Mapping[str, Any], execution: Mapping[str, Any]) -> str:
    """The whole event."""
    cost = told["cost_nanousd"]
    inside = _QUERY.filled(
        (
            access_id(target, told["query_id"], "", "query"), *_as_told(execution),
            _moment(execution["submitted_at"]), _moment(execution["ended_at"]),
            told["billed_bytes"], None if cost is None else cost / _NANO, execution["cutoff_hit"] or None,
        )
    )  # fmt: skip  # the fields' own rows
    error = f",{_error(execution)}" if execution["state"] == State.FAILED else ""
    return _with_text(f"{{{head},{inside}{error}", execution["sql_text"])


def _with_text(begun: str, text: str | None) -> str:
    """The object that begins so, with the SQL at its end; too long a text is cut, and that is said."""
    message = _ended(begun, text)
    if not text or len(message) <= LARGEST_MESSAGE:
        return message
    room = LARGEST_MESSAGE - len(_ended(begun, "", cut=True)) + len(_quoted(""))
    fitting = bisect_right(range(len(text) + 1), room, key=lambda length: len(_quoted(text[:length]))) - 1
    return _ended(begun, text[: max(0, fitting)], cut=True)


def _ended(begun: str, text: str | None, *, cut: bool | None = None) -> str:
    end = _TEXT.filled((text, cut))
    return f"{begun},{end}}}" if end else f"{begun}}}"


def _moment(text: str | None) -> str | None:
    return None if text is None else instant_of(text)


def _error(execution: Mapping[str, Any]) -> str:
    said = execution["error"]
    error = None if said is None else QueryError(**said)
    named = failure(error)
    return _ERROR.filled(
        (named.category, named.error, None if error is None else error.type, None if error is None else error.retryable)
    )
