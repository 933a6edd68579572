"""What EventBridge puts into a queue: changes of queries' states, and CloudTrail's records as they come.

Stage: sources/queues.py -> **bridge_events** (starts.py, access_events.py) -> sources/eventbridge.py.
https://docs.aws.amazon.com/athena/latest/ug/athena-events.html,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from athena_exporter.records import TableEvent, Target
from athena_exporter.sources.access_events import read_access
from athena_exporter.sources.identity import IdentityRules
from athena_exporter.sources.privacy import Naming
from athena_exporter.sources.queues import Poison
from athena_exporter.sources.starts import MalformedRecordError, Start, read_record

STATE_CHANGE = "Athena Query State Change"
API_CALL = "AWS API Call via CloudTrail"

_ATHENA = "aws.athena"
_OURS = frozenset({_ATHENA, "aws.glue", "aws.lakeformation"})
_FINAL = frozenset({"SUCCEEDED", "FAILED", "CANCELLED", "CANCELED"})
# Athena's own rule for an id; one that breaks it would spoil a whole batch of fifty.
_QUERY_ID = re.compile(r"[\w-]{1,128}", re.ASCII)
_LONGEST_NUMBER = 18


class AlienError(ValueError):
    """A message that belongs to nobody here; its words hold nothing of what it says."""

    def __init__(self, poison: Poison, words: str) -> None:
        super().__init__(words)
        self.poison = poison


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChange:
    """A query has changed its state. `sequence` orders the changes of one query; None if it is none."""

    query_id: str
    is_final: bool
    sequence: int | None


Told: TypeAlias = StateChange | Start | TableEvent


def read_bridge_event(
    event: Mapping[str, Any], *, rules: IdentityRules, target: Target, naming: Naming | None = None
) -> Told | None:
    """Parse one event, as parsed JSON.

    Args:
        event: the event with its envelope.
        rules: how identities are told.
        target: the account and Region whose events these are.
        naming: how people are named; by default as they are.

    Returns:
        None for an event of Athena, Glue or Lake Formation that tells nothing we want.

    Raises:
        AlienError: it is none of theirs, comes from elsewhere, or lacks what makes it one.
    """
    kind, detail = event.get("detail-type"), event.get("detail")
    if str(event.get("source")) not in _OURS or not isinstance(detail, Mapping):
        raise AlienError(Poison.ALIEN, "it is no event of Athena, Glue or Lake Formation from EventBridge")
    _check_place(event, target)
    if kind == STATE_CHANGE and event["source"] == _ATHENA:
        return _state_change(detail)
    if kind != API_CALL:
        return None
    try:
        return read_record(detail, rules=rules, target=target, naming=naming) or read_access(
            detail, rules=rules, target=target, naming=naming
        )
    except MalformedRecordError as error:
        raise AlienError(Poison.MALFORMED, f"{error}, so it cannot be counted once") from error


def _check_place(event: Mapping[str, Any], target: Target) -> None:
    if event.get("account") != target.account_id:
        raise AlienError(Poison.OTHER_ACCOUNT, "it comes from another account than the one that is read")
    if event.get("region") != target.region:
        raise AlienError(Poison.OTHER_REGION, "it comes from another Region than the one that is read")


def _state_change(detail: Mapping[str, Any]) -> StateChange:
    query_id, state = detail.get("queryExecutionId"), detail.get("currentState")
    if not isinstance(query_id, str) or not _QUERY_ID.fullmatch(query_id) or not isinstance(state, str):
        raise AlienError(Poison.MALFORMED, "it tells a change of state without a query's id or its state")
    return StateChange(query_id=query_id, is_final=state.upper() in _FINAL, sequence=_number(detail))


def _number(detail: Mapping[str, Any]) -> int | None:
    """AWS writes the number as a text."""
    told = str(detail.get("sequenceNumber"))
    return int(told) if told.isascii() and told.isdigit() and len(told) <= _LONGEST_NUMBER else None
