"""The one place that writes to Athena: StopQueryExecution, and a look at the query before and after it.

Stage: outlets/guard.py -> **stopping** -> Athena. AWS's errors become outcomes here, for the guard has to write down
how each try ended; each outcome keeps its error, so that the poller's seam can show it, too.

What StopQueryExecution answers for a query that has ended, AWS's reference does not say; botocore's model calls the
operation idempotent. So nothing here depends on it: whoever wants to know how a query ended has to look.
https://docs.aws.amazon.com/athena/latest/APIReference/API_StopQueryExecution.html
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from athena_exporter.records import Identity
from athena_exporter.sources import errors
from athena_exporter.sources.answers import Answer, Clock, answered_at, ask
from athena_exporter.sources.identity import identify
from athena_exporter.sources.privacy import Naming
from athena_exporter.sources.session import Session, StoppingApi

_ENDED = {"SUCCEEDED", "FAILED"}
_CANCELLED = {"CANCELLED", "CANCELED"}
_RUNNING = {"QUEUED", "RUNNING"}


class Outcome(StrEnum):
    """What became of a question, or of a stop."""

    RUNNING = "running"
    ENDED = "ended"
    CANCELLED = "cancelled"
    ACCEPTED = "accepted"
    """AWS has taken the stop."""
    DENIED = "denied"
    THROTTLED = "throttled"
    REFUSED = "refused"
    """AWS refused it, and would again."""
    UNREACHABLE = "unreachable"
    """Nobody knows whether it was done: the network, the credentials, a failure of AWS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One outcome, AWS's clock at it (None where nothing was answered), and the error that it was, if it was one."""

    outcome: Outcome
    at: datetime | None = None
    error: errors.AwsError | None = None


class Stopper:
    """Looks at single queries of one account and Region, and stops them. From one thread at a time."""

    def __init__(self, client: StoppingApi, clock: Clock) -> None:
        """`client` has to be that of the guard's own role; `clock` is the local time, where an answer brings none."""
        self._client = client
        self._clock = clock

    def look(self, query_id: str) -> Told:
        """How far the query has come. Never raises AWS's errors."""
        return self._told(self._client.get_query_execution, query_id, _state)

    def stop(self, query_id: str) -> Told:
        """Stop the query. Never raises AWS's errors."""
        told = self._told(self._client.stop_query_execution, query_id, lambda _: Outcome.ACCEPTED)
        if told.outcome is Outcome.DENIED and _was_retried(told.error):
            return replace(told, outcome=Outcome.UNREACHABLE)  # the first answer may have been lost on its way
        return told

    def _told(self, call: Callable[..., Answer], query_id: str, read: Callable[[Answer], Outcome]) -> Told:
        try:
            answer = ask(call, QueryExecutionId=query_id)
        except (ClientError, BotoCoreError) as error:
            return Told(outcome=_outcome(error), error=error)
        return Told(outcome=read(answer), at=answered_at(answer, self._clock))


def _outcome(error: errors.AwsError) -> Outcome:
    match errors.reason(error):
        case "denied":
            return Outcome.DENIED
        case "throttled":
            return Outcome.THROTTLED
        case "answer" if isinstance(error, ClientError):
            return Outcome.REFUSED
        case _:
            return Outcome.UNREACHABLE


def _was_retried(error: errors.AwsError | None) -> bool:
    """Whether botocore asked more than once, and what it raises is the last answer."""
    metadata = error.response.get("ResponseMetadata") if isinstance(error, ClientError) else None
    return bool(_mapping(metadata).get("RetryAttempts"))


def _state(answer: Answer) -> Outcome:
    """A state that this version does not know is no reason to stop anything."""
    state = str(_mapping(_mapping(answer.get("QueryExecution")).get("Status")).get("State")).upper()
    if state in _RUNNING:
        return Outcome.RUNNING
    if state in _CANCELLED:
        return Outcome.CANCELLED
    return Outcome.ENDED if state in _ENDED else Outcome.UNREACHABLE


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def own_identity(session: Session, naming: Naming) -> Identity:
    """As whom the session's own queries would count (sts:GetCallerIdentity, which needs no permission).

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as AWS and botocore raise them.
    """
    arn = str(ask(session.sts().get_caller_identity).get("Arn", ""))
    kind = "AssumedRole" if ":assumed-role/" in arn else "IAMUser"
    return naming.identity(identify({"userIdentity": {"type": kind, "arn": arn}}, naming.rules))


def role_identity(role_arn: str, naming: Naming) -> Identity:
    """As whom queries through this role would count, without asking anybody: the role is what matters."""
    assumed = role_arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/athena-exporter"
    return naming.identity(identify({"userIdentity": {"type": "AssumedRole", "arn": assumed}}, naming.rules))
