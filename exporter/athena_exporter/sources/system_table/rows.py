"""One row of the table becomes records: an execution, and its start where the table names who it was.

Stage: asking.py's rows -> **rows** -> source.py. The SQL is not asked for, so an execution that no other source told
has no digest, and its tables are those that Athena says it accessed.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from athena_exporter.library.system_table import COMPLETED, FIELDS, PRINCIPAL, TABLES
from athena_exporter.records import UNKNOWN, Mode, QueryExecution, StartedQuery, TableUse, Target
from athena_exporter.sources.cells import Value
from athena_exporter.sources.executions import read_execution
from athena_exporter.sources.identity import IdentityRules
from athena_exporter.sources.privacy import Naming
from athena_exporter.sources.starts import caller_of
from athena_exporter.sources.text import clean

_QUERY_ID = re.compile(r"[\w-]{1,128}", re.ASCII)
_PARTS = ("catalog_name", "database_name", "table_name")
_READS = frozenset({None, "SELECT", "UNLOAD"})
_ARN = re.compile(r"arn:[\w-]+:(?P<service>iam|sts)::(?P<account>\d*):(?P<kind>[\w-]+)(?:/(?P<name>.+))?")
_TYPES = {"assumed-role": "AssumedRole", "federated-user": "FederatedUser", "user": "IAMUser", "root": "Root"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one row told. `start` is None where it names nobody."""

    execution: QueryExecution
    start: StartedQuery | None
    completed_at: datetime


def read_row(
    cells: Mapping[str, Value], *, target: Target, rules: IdentityRules, naming: Naming
) -> tuple[Told | None, int]:
    """The row's records, None if it lacks an id, a final state or its times; and how many values made no sense."""
    read = read_execution(_raw(cells))
    record, completed_at = read.record, cells.get(COMPLETED)
    known = record is not None and _QUERY_ID.fullmatch(record.query_id) and record.state.final
    if record is None or not known or not isinstance(completed_at, datetime):
        return None, max(1, read.malformed)
    execution = replace(record, tables=tuple(_tables(cells.get(TABLES), record)))
    start = _start(cells.get(PRINCIPAL), execution, target, rules, naming)
    return Told(execution=execution, start=start, completed_at=completed_at), read.malformed


def _raw(cells: Mapping[str, Value]) -> dict[str, Any]:
    """The row as GetQueryExecution would have it."""
    raw: dict[str, Any] = {}
    for field in FIELDS:
        value = cells.get(field.column)
        if value is None:
            continue
        part = raw
        for name in field.path[:-1]:
            part = part.setdefault(name, {})
        part[field.path[-1]] = value
    return raw


# -- who it was -------------------------------------------------------------------------------------------------------


def identity_record(arn: str) -> dict[str, Any]:
    """What CloudTrail would say of a principal of this ARN, as far as an ARN can tell.

    AWS does not say whether an assumed role stands there with its session or as the role alone; both are read.
    """
    found = _ARN.fullmatch(arn)
    if found is None:
        return {"userIdentity": {"type": "Unknown", "arn": arn}}
    who: dict[str, Any] = {"type": _TYPES.get(found["kind"], "Unknown"), "arn": arn, "accountId": found["account"]}
    if found["kind"] == "role":
        role = (found["name"] or "").rpartition("/")[2]
        issuer = {"type": "Role", "arn": arn, "userName": role}
        who = {"type": "AssumedRole", "accountId": found["account"], "sessionContext": {"sessionIssuer": issuer}}
    return {"userIdentity": who}


def _start(
    arn: Value, execution: QueryExecution, target: Target, rules: IdentityRules, naming: Naming
) -> StartedQuery | None:
    if not isinstance(arn, str) or not arn:
        return None
    caller = caller_of(identity_record(arn), rules, naming)
    if caller.identity.user == UNKNOWN:
        return None
    return StartedQuery(
        query_id=execution.query_id,
        event_id=execution.query_id,
        started_at=execution.submitted_at,
        account_id=target.account_id,
        region=target.region,
        workgroup=execution.workgroup,
        identity=caller.identity,
        workload=caller.workload,
    )


# -- tables -----------------------------------------------------------------------------------------------------------


def _tables(cell: Value, execution: QueryExecution) -> Iterator[TableUse]:
    try:
        told = json.loads(cell) if isinstance(cell, str) else []
    except (ValueError, RecursionError):
        told = []
    for one in told if isinstance(told, list) else []:
        catalog, database, table = _names(one)
        if database and table:
            yield TableUse(
                catalog=(catalog or "awsdatacatalog").lower(), database=database.lower(), table=table.lower(),
                mode=_mode(execution),
            )  # fmt: skip  # as short as it can be said


def _names(one: object) -> Sequence[str | None]:
    """Catalogue, database and table of an accessed table; older engines write a row as a list of its values."""
    if isinstance(one, Mapping):
        return [clean(one.get(part)) for part in _PARTS]
    if isinstance(one, list) and len(one) >= len(_PARTS):
        return [clean(value) for value in one[: len(_PARTS)]]
    return [None] * len(_PARTS)


def _mode(execution: QueryExecution) -> Mode:
    """An accessed table was read if the statement can do nothing else; what INSERT accessed may be its target."""
    if execution.statement_type == "DDL":
        return Mode.DDL
    reads = execution.statement_type == "DML" and execution.substatement_type in _READS
    return Mode.READ if reads else Mode.METADATA
