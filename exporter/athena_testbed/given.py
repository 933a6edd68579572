"""Queries that a test writes itself: each field as given, the rest plain and without surprises."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, get_args

from athena_testbed.account import Account
from athena_testbed.world.clients import CLIENTS
from athena_testbed.world.failures import CANCEL_REASON, FAILURES
from athena_testbed.world.people import Principal
from athena_testbed.world.plan import Plan
from athena_testbed.world.sql import SHAPES, Shape
from athena_testbed.world.uses import Mode, Use

_EXPLAIN_ANALYZE = re.compile(r"(\s|--[^\n]*\n|/\*.*?\*/)*EXPLAIN\s+ANALYZE\b", re.IGNORECASE | re.DOTALL)
DEFAULT_PERSON = "Alice"
"""Who starts a query when nobody says who."""
FIELDS = frozenset(
    [
        "person",
        "workgroup",
        "database",
        "sql",
        "statement_type",
        "substatement_type",
        "state",
        "scanned_bytes",
        "submitted_at",
        "ended_at",
        "event_delay_seconds",
        "client",
        "tables",
        "uses",
        "workload",
        "reused",
        "dpu_count",
        "reason",
        "queue_ms",
    ]
)
"""What may be given. `tables` are tables of the database that are read; `uses` are objects with `table`
(database.table), `mode`, and `via_view` where there is one."""


def milliseconds(value: object, name: str) -> int:
    """An RFC 3339 time (or seconds since 1970) as milliseconds.

    Raises:
        ValueError: naming the field, if it is neither.
    """
    if isinstance(value, int | float):
        return round(value * 1000)
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise ValueError(f"{name} is {value!r}; it is an RFC 3339 time or seconds since 1970") from error
    if at.tzinfo is None:
        raise ValueError(f"{name} is {value!r}; it needs a zone, such as Z")
    return round(at.timestamp() * 1000)


def event_delay_ms(given: Mapping[str, Any]) -> int | None:
    """How late CloudTrail shows the query's event, if it was given."""
    seconds = given.get("event_delay_seconds")
    return None if seconds is None else int(float(seconds) * 1000)


def planned(account: Account, given: Mapping[str, Any], now: int) -> Plan:
    """The plan of a given query.

    Raises:
        ValueError: naming what is wrong and what it may be.
    """
    person = _checked(account, given)
    submitted, ended = _times(given, now)
    state = str(given.get("state") or "SUCCEEDED").upper()
    database = given.get("database")
    shape = _shape(given)
    uses = _uses(given, shape, database or "sales")
    plan = Plan(
        number=0, query_id="", principal=person, client=given.get("client") or person.clients[0],
        workgroup=given.get("workgroup") or "primary", database=database, home=database or "sales",
        shape=shape, sql=given.get("sql") or _select(uses), uses=uses, workload=given.get("workload"),
        submitted_ms=submitted, queue_ms=int(given.get("queue_ms") or 0), planning_ms=0, engine_ms=ended - submitted,
        preprocessing_ms=0, service_ms=0, state=state, statistics_after_ms=0, scanned_bytes=given.get("scanned_bytes"),
        failure=FAILURES[0] if state == "FAILED" else None, reused=given.get("reused"),
        dpu_count=given.get("dpu_count"),
        reason=given.get("reason") or (CANCEL_REASON if state == "CANCELLED" else None),
    )  # fmt: skip  # one argument a line would be a page
    return plan.ended_at(ended)


def _checked(account: Account, given: Mapping[str, Any]) -> Principal:
    """Who starts the query, once everything that is named is known to exist."""
    unknown = sorted(set(given) - FIELDS)
    if unknown:
        raise ValueError(f"unknown field {unknown[0]}; a query has {', '.join(sorted(FIELDS))}")
    person = account.company.principals.get(given.get("person") or DEFAULT_PERSON)
    if person is None:
        raise ValueError(f"person {given.get('person')!r} doesn't work here; see /_testbed/company")
    if account.workgroup(given.get("workgroup") or "primary") is None:
        raise ValueError(f"workgroup {given.get('workgroup')!r} is not found; see /_testbed/company")
    if str(given.get("state") or "SUCCEEDED").upper() not in {"SUCCEEDED", "FAILED", "CANCELLED"}:
        raise ValueError(f"state {given['state']!r} is no final state: succeeded, failed, cancelled")
    if given.get("client") is not None and given["client"] not in CLIENTS:
        raise ValueError(f"client {given['client']!r} is unknown; one of {', '.join(CLIENTS)}")
    scanned = given.get("scanned_bytes")
    if scanned is not None and not (isinstance(scanned, int) and scanned >= 0):
        raise ValueError(f"scanned_bytes is {scanned!r}; it is a whole number or absent")
    return person


def _times(given: Mapping[str, Any], now: int) -> tuple[int, int]:
    submitted = milliseconds(given["submitted_at"], "submitted_at") if given.get("submitted_at") else now
    ended = milliseconds(given["ended_at"], "ended_at") if given.get("ended_at") else submitted + 1000
    if ended < submitted:
        raise ValueError("ended_at is before submitted_at")
    return submitted, ended


def _uses(given: Mapping[str, Any], shape: Shape, home: str) -> tuple[Use, ...]:
    read = tuple(Use(home, str(table), "read") for table in given.get("tables") or () if shape.reads)
    return (*read, *(_use(one) for one in given.get("uses") or ()))


def _use(given: Any) -> Use:
    if not isinstance(given, Mapping) or set(given) - {"table", "mode", "via_view"}:
        raise ValueError(f"use {given!r} is no object with table, mode and perhaps via_view")
    database, _, table = str(given.get("table")).partition(".")
    mode: Mode = given.get("mode", "read")
    if not table or mode not in get_args(Mode):
        raise ValueError(f"use {given!r}: table is database.table, mode one of {', '.join(get_args(Mode))}")
    return Use(database, table, mode, given.get("via_view"))


def _select(uses: tuple[Use, ...]) -> str:
    """SQL that reads what it is said to read, for those who give none."""
    read = [use.name for use in uses if use.mode == "read" and use.via_view is None]
    return f"SELECT count(*) FROM {' CROSS JOIN '.join(read)}" if read else "SELECT 1"  # noqa: S608  to be read, never run


def _shape(given: Mapping[str, Any]) -> Shape:
    analyzes = _EXPLAIN_ANALYZE.match(str(given.get("sql") or ""))
    guess = "explain_analyze" if analyzes else "select"
    plain = SHAPES[guess]
    kind = str(given.get("statement_type") or plain.statement_type).upper()
    if kind not in {"DML", "DDL", "UTILITY"}:
        raise ValueError(f"statement_type {kind!r} is none of DML, DDL, UTILITY")
    name = guess if guess == "explain_analyze" else "given"
    substatement = str(given.get("substatement_type") or plain.substatement)
    return Shape(
        name=name, statement_type=kind, substatement=substatement, tables=0, reads=kind == "DML" or name != "given"
    )
