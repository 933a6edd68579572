"""One CloudTrail record that names a table becomes a `TableEvent`: Lake Formation's grants, calls to Glue's catalogue.

Stage: access.py -> **access_events** -> records. Only GetDataAccess for Athena proves that a query was let at a
table's rows; all that Glue tells is that somebody looked at the catalogue.
https://docs.aws.amazon.com/lake-formation/latest/dg/logging-using-cloudtrail.html
"""

import re
from collections.abc import Mapping
from typing import Any

from athena_exporter.config.sources import AccessEvent
from athena_exporter.records import Mode, Origin, TableEvent, Target
from athena_exporter.sources.identity import IdentityRules, identify
from athena_exporter.sources.privacy import Naming
from athena_exporter.sources.starts import Caller, MalformedRecordError, mapping, place_of, time_of
from athena_exporter.sources.tables import DEFAULT_CATALOG
from athena_exporter.sources.text import clean

OWN_AGENT = "athena-exporter/"
"""What the exporter's own calls say of themselves."""

_SOURCES = {"lakeformation.amazonaws.com": Origin.LAKE_FORMATION, "glue.amazonaws.com": Origin.GLUE}
_NAMES = frozenset(AccessEvent)
# AWS writes `{queryId: 3333...}`, which is no JSON: https://docs.aws.amazon.com/lake-formation/latest/dg/athena-lf.html
_QUERY_ID = re.compile(r"queryId\W{1,8}([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})", re.IGNORECASE)
_TABLE_ARN = re.compile(
    r"arn:[\w-]*:glue:[\w-]*:(?P<account>\d*):table/(?:(?P<catalog>.+)/)?(?P<database>[^/]+)/(?P<table>[^/]+)"
)
_LONGEST = 2048


def read_access(
    record: Mapping[str, Any],
    *,
    rules: IdentityRules,
    target: Target,
    naming: Naming | None = None,
    caller: Caller | None = None,
) -> TableEvent | None:
    """Parse one CloudTrail record, as parsed JSON.

    Args:
        record: the record; every field may be missing.
        rules: how identities are told.
        target: the account and Region of the trail, should the record not say them.
        naming: how people are named; by default as they are.
        caller: what `caller_of` says of the record, where it is known already.

    Returns:
        None for a record that tells of no access: another operation, a refused call, one without a table or a
        database, one of the exporter's own.

    Raises:
        MalformedRecordError: it has no time or no id.
    """
    origin, api = _SOURCES.get(str(record.get("eventSource"))), str(record.get("eventName"))
    if origin is None or api not in _NAMES or record.get("errorCode") is not None or _is_own(record):
        return None
    event_id, at = clean(record.get("eventID")), time_of(record)
    if event_id is None:
        raise MalformedRecordError("the record has no id")
    place = place_of(record, target)
    named = _named(record, place["account_id"])
    if named is None:
        return None
    return TableEvent(
        event_id=event_id,
        at=at,
        **place,
        api=api,
        origin=origin,
        mode=_mode(record, origin),
        identity=caller.identity if caller else (naming or Naming()).identity(identify(record, rules)),
        query_id=_query_id(record),
        **named,
    )


def _is_own(record: Mapping[str, Any]) -> bool:
    return OWN_AGENT in str(record.get("userAgent"))


def _mode(record: Mapping[str, Any], origin: Origin) -> Mode:
    if origin is not Origin.LAKE_FORMATION:
        return Mode.METADATA
    service = mapping(record.get("additionalEventData")).get("requesterService")
    permissions = mapping(record.get("requestParameters")).get("permissions")
    granted = {str(each).upper() for each in permissions} if isinstance(permissions, list) else set()
    return Mode.READ if str(service).upper() == "ATHENA" and "SELECT" in granted else Mode.METADATA


def _query_id(record: Mapping[str, Any]) -> str | None:
    found = _QUERY_ID.search(str(mapping(record.get("requestParameters")).get("auditContext"))[:_LONGEST])
    return found.group(1).lower() if found else None


def _named(record: Mapping[str, Any], account_id: str) -> dict[str, Any] | None:
    """Catalogue, database and table, by the ARN or by the fields that calls to Glue have."""
    asked = mapping(record.get("requestParameters"))
    arn = asked.get("tableArn")
    found = _TABLE_ARN.fullmatch(arn[:_LONGEST]) if isinstance(arn, str) else None
    if found:
        catalog = found["catalog"] or found["account"]
        database, table = _lower(found["database"]), _lower(found["table"])
    else:
        catalog, database = asked.get("catalogId"), _lower(asked.get("databaseName"))
        table = _lower(asked.get("tableName")) or _lower(asked.get("name"))
    if database is None and table is None:
        return None
    return {"catalog": _catalog(catalog, account_id), "database": database, "table": table}


def _catalog(told: object, account_id: str) -> str:
    """Athena's name of a catalogue: an account's own is always the default one."""
    name = _lower(told) or account_id
    name = name.removeprefix(f"{account_id}:")
    return DEFAULT_CATALOG if name == account_id else name


def _lower(name: object) -> str | None:
    found = clean(name)
    return found.lower() if found else None
