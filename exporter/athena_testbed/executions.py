"""A query as GetQueryExecution shows it at one moment: state, times, statistics, and what is left out of them."""

from typing import Any

from athena_testbed.account import Account
from athena_testbed.wire import Json
from athena_testbed.world.plan import Plan

FINAL = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})


def state_at(plan: Plan, now: int) -> str:
    """The state at `now` (milliseconds); a few running queries go back to the queue for a while, as AWS's may."""
    if now >= plan.ended_ms:
        return plan.state
    queued_until = plan.submitted_ms + plan.queue_ms + plan.preprocessing_ms
    if now < queued_until:
        return "QUEUED"
    progress = (now - queued_until) / max(1, plan.engine_ms)
    return "QUEUED" if plan.requeued and 0.3 <= progress < 0.5 else "RUNNING"


def execution(account: Account, plan: Plan, now: int) -> Json:
    """The QueryExecution structure."""
    workgroup = account.company.workgroups[plan.workgroup]
    answer: Json = {
        "QueryExecutionId": plan.query_id,
        "Query": account.text(plan),
        "StatementType": plan.shape.statement_type,
        "SubstatementType": plan.shape.substatement,
        "ResultConfiguration": {"OutputLocation": f"s3://harbour-athena-results/{plan.workgroup}/{plan.query_id}.csv"},
        "QueryExecutionContext": _context(plan),
        "Status": status(plan, now),
        "WorkGroup": plan.workgroup,
        "EngineVersion": {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": workgroup.engine},
        "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": bool(plan.reused)}},
    }
    if workgroup.managed_results:
        answer["ResultConfiguration"] = {}
        answer["ManagedQueryResultsConfiguration"] = {"Enabled": True}
    statistics = statistics_at(plan, now)
    if statistics is not None:
        answer["Statistics"] = statistics
    for field, name in _ABSENT:
        if field in plan.dropped:
            answer.pop(name, None)
    return answer


_ABSENT = (
    ("substatement", "SubstatementType"),
    ("engine_version", "EngineVersion"),
    ("reuse_setting", "ResultReuseConfiguration"),
)


def _context(plan: Plan) -> Json:
    context = {} if plan.database is None else {"Database": plan.database}
    return context if "catalog" in plan.dropped else {**context, "Catalog": "awsdatacatalog"}


def status(plan: Plan, now: int) -> Json:
    """The Status structure; times are seconds since 1970."""
    state = state_at(plan, now)
    answer: dict[str, Any] = {"State": state, "SubmissionDateTime": plan.submitted_ms / 1000}
    if state not in FINAL:
        return answer
    answer["CompletionDateTime"] = plan.ended_ms / 1000
    if plan.reason is not None:
        answer["StateChangeReason"] = plan.reason
    if plan.failure is not None:
        message = plan.failure.message.replace("{database}", plan.home)
        answer["StateChangeReason"] = message
        answer["AthenaError"] = {
            "ErrorCategory": plan.failure.category,
            "ErrorType": plan.failure.type,
            "Retryable": plan.failure.retryable,
            "ErrorMessage": message,
        }
    return answer


def statistics_at(plan: Plan, now: int) -> Json | None:
    """The Statistics structure: none while the query waits, a first glimpse while it runs, all of it soon after."""
    state = state_at(plan, now)
    if state == "QUEUED":
        return None
    if state == "RUNNING":
        return {"QueryQueueTimeInMillis": plan.queue_ms, "TotalExecutionTimeInMillis": now - plan.submitted_ms}
    if plan.statistics_after_ms is None or now < plan.ended_ms + plan.statistics_after_ms:
        return None
    statistics: Json = {
        "EngineExecutionTimeInMillis": plan.engine_ms,
        "TotalExecutionTimeInMillis": plan.total_ms,
        "QueryQueueTimeInMillis": plan.queue_ms,
        **_sometimes(plan),
    }
    if plan.scanned_bytes is not None:
        statistics["DataScannedInBytes"] = plan.scanned_bytes
    if plan.dpu_count is not None:
        statistics["DpuCount"] = plan.dpu_count
    if plan.reused is not None:
        statistics["ResultReuseInformation"] = {"ReusedPreviousResult": plan.reused}
    return statistics


def _sometimes(plan: Plan) -> Json:
    fields: Json = {}
    if "planning" not in plan.dropped and plan.shape.statement_type == "DML":
        fields["QueryPlanningTimeInMillis"] = plan.planning_ms
    if "service" not in plan.dropped:
        fields["ServiceProcessingTimeInMillis"] = plan.service_ms
    if "preprocessing" not in plan.dropped:
        fields["ServicePreProcessingTimeInMillis"] = plan.preprocessing_ms
    if "manifest" not in plan.dropped and plan.shape.name in {"insert", "ctas", "unload"} and plan.state == "SUCCEEDED":
        fields["DataManifestLocation"] = f"s3://harbour-athena-results/{plan.workgroup}/{plan.query_id}-manifest.csv"
    return fields
