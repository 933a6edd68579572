"""The states that a query goes through, as the events "Athena Query State Change" tell them.

Source of the shape: https://docs.aws.amazon.com/athena/latest/ug/athena-events.html
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from athena_testbed.executions import FINAL
from athena_testbed.settings import ACCOUNT_ID
from athena_testbed.wire import Json
from athena_testbed.world.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change; `sequence` counts those of its query from 1."""

    at_ms: int
    state: str
    previous: str | None
    sequence: int

    @property
    def is_final(self) -> bool:
        """Whether nothing follows."""
        return self.state in FINAL


def changes(plan: Plan) -> Sequence[Change]:
    """All changes of a query, in their order; what its end cuts off never happens."""
    started = plan.submitted_ms + plan.queue_ms + plan.preprocessing_ms
    states = [(plan.submitted_ms, "QUEUED"), (started, "RUNNING")]
    if plan.requeued:
        states += [
            (started + int(plan.engine_ms * 0.3), "QUEUED"),
            (started + int(plan.engine_ms * 0.5), "RUNNING"),
        ]
    lived = [(at, state) for at, state in states if at < plan.ended_ms or at == plan.submitted_ms]
    told = [*lived, (plan.ended_ms, plan.state)]
    return [
        Change(at_ms=at, state=state, previous=told[place - 1][1] if place else None, sequence=place + 1)
        for place, (at, state) in enumerate(told)
    ]


def state_event(plan: Plan, change: Change, event_id: str, region: str) -> Json:
    """The event as EventBridge delivers it. The numbers of an error are floats, as AWS writes them."""
    detail: Json = {
        "versionId": "0",
        "currentState": change.state,
        "statementType": plan.shape.statement_type,
        "queryExecutionId": plan.query_id,
        "workgroupName": plan.workgroup,
        "sequenceNumber": str(change.sequence),
    }
    if change.previous is not None:
        detail["previousState"] = change.previous
    if change.is_final and plan.failure is not None:
        detail["athenaError"] = {
            "errorCategory": float(plan.failure.category),
            "errorType": float(plan.failure.type),
            "errorMessage": plan.failure.message.replace("{database}", plan.home),
            "retryable": plan.failure.retryable,
        }
    return envelope("Athena Query State Change", "aws.athena", event_id, change.at_ms, region, detail)


def api_event(record: Json, event_id: str, at_ms: int, region: str) -> Json:
    """A record of CloudTrail as EventBridge delivers it."""
    source = "aws." + str(record["eventSource"]).removesuffix(".amazonaws.com")
    return envelope("AWS API Call via CloudTrail", source, event_id, at_ms, region, record)


def envelope(kind: str, source: str, event_id: str, at_ms: int, region: str, detail: Json) -> Json:
    """What every event has around it."""
    return {
        "version": "0",
        "id": event_id,
        "detail-type": kind,
        "source": source,
        "account": ACCOUNT_ID,
        "time": datetime.fromtimestamp(at_ms // 1000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": [],
        "detail": detail,
    }
