"""What has been found in a trail's file becomes what LookupEvents would have told of it: the same code reads both.

Stage: scanning.py -> **reading** (starts.py, access_events.py) -> records. Who somebody is, is told once for all his
calls: most of the time would go there.
"""

import json
from collections.abc import Iterable
from typing import Any, TypeAlias

import msgspec

from athena_exporter.config.sources import AccessEvent
from athena_exporter.records import TableEvent, Target
from athena_exporter.sources.access_events import read_access
from athena_exporter.sources.identity import IdentityRules
from athena_exporter.sources.privacy import Naming
from athena_exporter.sources.starts import EVENT_NAME, Caller, MalformedRecordError, Start, caller_of, read_record
from athena_exporter.sources.trail.scanning import Found

REMEMBERED = 10_000
"""Callers that are kept; with more all are forgotten and learnt anew."""

_CALL = {
    "eventSource": "source",
    "eventTime": "time",
    "eventID": "id",
    "awsRegion": "region",
    "recipientAccountId": "account_id",
    "errorCode": "error",
    "requestParameters": "asked",
    "responseElements": "answered",
}
"""CloudTrail's word for each part that tells of the call, and the field that has it."""
_WHO = {
    "userIdentity": "who",
    "userAgent": "agent",
    "sourceIPAddress": "address",
    "sessionCredentialFromConsole": "console",
}
"""The same of the parts that tell who called, and with what."""
_ACCESS = {**_CALL, **_WHO, "additionalEventData": "more"}

_Key: TypeAlias = tuple[bytes, ...]


class Reading:
    """Reads what `scan` has found. For one thread.

    Args:
        rules: how identities are told.
        naming: how people are named; by default as they are.
        access_events: names of events about tables that are read beside starts.
    """

    def __init__(
        self, *, rules: IdentityRules, naming: Naming | None = None, access_events: Iterable[AccessEvent] = ()
    ) -> None:
        self._rules = rules
        self._naming = naming or Naming()
        self._callers: dict[_Key, Caller] = {}
        self.names = frozenset({EVENT_NAME, *(event.value for event in access_events)})

    def read(self, found: Found, target: Target) -> Start | TableEvent | None:
        """The record; None if it tells nothing that we want.

        Args:
            found: what has been found.
            target: the account and Region whose file it was found in.

        Raises:
            MalformedRecordError: it lacks its time or its id, or belongs to another account or Region than its file.
        """
        if found.name == EVENT_NAME:
            record = {"eventName": found.name, **_parts(found, _CALL), "userAgent": _value(found.agent)}
            told: Start | TableEvent | None = read_record(
                record, rules=self._rules, target=target, naming=self._naming, caller=self._caller(found)
            )
        else:
            record = {"eventName": found.name, **_parts(found, _ACCESS)}
            told = read_access(
                record, rules=self._rules, target=target, naming=self._naming, caller=self._caller(found)
            )
        if told is not None and (told.account_id, told.region) != (target.account_id, target.region):
            raise MalformedRecordError("the record is none of the account and the Region that its file is of")
        return told

    def _caller(self, found: Found) -> Caller:
        key = (bytes(found.who), bytes(found.agent), bytes(found.address), bytes(found.console))
        caller = self._callers.get(key)
        if caller is None:
            if len(self._callers) >= REMEMBERED:
                self._callers.clear()
            caller = self._callers[key] = caller_of(_parts(found, _WHO), self._rules, self._naming)
        return caller


def _parts(found: Found, names: dict[str, str]) -> dict[str, Any]:
    return {word: _value(part) for word, field in names.items() if (part := getattr(found, field))}


def _value(part: msgspec.Raw) -> Any:  # JSON has no narrower type
    """The value of one part; what msgspec refuses and the standard library takes (half a surrogate, say) is taken."""
    try:
        return msgspec.json.decode(part) if part else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # the second for bytes of no text in a string
        pass
    try:
        return json.loads(bytes(part))
    except (ValueError, RecursionError) as error:
        raise MalformedRecordError("the record is no JSON") from error
