"""Athena's system tables: whether they are on, and the rows of `query_executions`.

A row is written once a query has ended, after a while that AWS does not tell. Columns that `DOCUMENTED` has are AWS's;
the other names follow GetQueryExecution's, and so does what a cell holds: no real row has been seen.
Source: https://docs.aws.amazon.com/athena/latest/ug/athena-system-table-query-executions.html, botocore's model.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any

from athena_testbed.account import Account
from athena_testbed.executions import statistics_at, status
from athena_testbed.settings import ACCOUNT_ID
from athena_testbed.times import epoch_ms
from athena_testbed.wire import AwsError, Json
from athena_testbed.world.identity import user_identity
from athena_testbed.world.plan import Plan

if TYPE_CHECKING:
    from athena_testbed.engine.served import Partitions

DOCUMENTED = frozenset(
    [
        "query_execution_id", "work_group_name", "account_id", "region_name", "query_string", "execution_parameters",
        "principal_arn", "catalog_name", "database_name", "tables_accessed", "submission_date_time",
    ]
)  # fmt: skip  # names
"""The names that AWS's page was seen to have."""
COLUMNS: Mapping[str, str] = {
    "query_execution_id": "VARCHAR", "work_group_name": "VARCHAR", "account_id": "VARCHAR", "region_name": "VARCHAR",
    "query_string": "VARCHAR", "execution_parameters": "VARCHAR[]", "principal_arn": "VARCHAR",
    "catalog_name": "VARCHAR", "database_name": "VARCHAR",
    "tables_accessed": "STRUCT(catalog_name VARCHAR, database_name VARCHAR, table_name VARCHAR)[]",
    "statement_type": "VARCHAR", "substatement_type": "VARCHAR", "state": "VARCHAR", "state_change_reason": "VARCHAR",
    "submission_date_time": "TIMESTAMPTZ", "completion_date_time": "TIMESTAMPTZ",
    "error_category": "INTEGER", "error_type": "INTEGER", "retryable": "BOOLEAN", "error_message": "VARCHAR",
    "data_scanned_in_bytes": "BIGINT", "engine_execution_time_in_millis": "BIGINT",
    "query_queue_time_in_millis": "BIGINT", "query_planning_time_in_millis": "BIGINT",
    "service_pre_processing_time_in_millis": "BIGINT", "service_processing_time_in_millis": "BIGINT",
    "total_execution_time_in_millis": "BIGINT", "dpu_count": "DOUBLE", "reused_previous_result": "BOOLEAN",
    "selected_engine_version": "VARCHAR", "effective_engine_version": "VARCHAR",
}  # fmt: skip  # a table
"""DuckDB's types."""
_CREATED = 1_793_923_200.0  # the sixth of November 2026, when system tables came
_STATISTICS = {
    "data_scanned_in_bytes": "DataScannedInBytes",
    "engine_execution_time_in_millis": "EngineExecutionTimeInMillis",
    "query_queue_time_in_millis": "QueryQueueTimeInMillis",
    "query_planning_time_in_millis": "QueryPlanningTimeInMillis",
    "service_pre_processing_time_in_millis": "ServicePreProcessingTimeInMillis",
    "service_processing_time_in_millis": "ServiceProcessingTimeInMillis",
    "total_execution_time_in_millis": "TotalExecutionTimeInMillis",
    "dpu_count": "DpuCount",
}
_ERROR = {"error_category": "ErrorCategory", "error_type": "ErrorType", "retryable": "Retryable",
          "error_message": "ErrorMessage"}  # fmt: skip  # pairs


class SystemTables:
    """The operations; both read only."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.operations: Mapping[str, Callable[[Json], Json]] = {
            "GetSystemTableConfiguration": self.get_system_table_configuration,
            "ListSystemTableStatuses": self.list_system_table_statuses,
        }

    def get_system_table_configuration(self, parameters: Json) -> Json:
        """The account's one configuration, `ALL`, if there is one."""
        if parameters.get("TableName") != "ALL":
            raise AwsError("InvalidRequestException", "TableName has to be ALL")
        if not self._account.settings.system_table:
            raise AwsError("ResourceNotFoundException", "System tables are not enabled for this account.")
        return {"TableName": "ALL", "CreatedAt": _CREATED, "LastModifiedAt": _CREATED}

    def list_system_table_statuses(self, _: Json) -> Json:
        """The one table there is."""
        return {"Items": [{"TableName": "QUERY_EXECUTIONS", "Enabled": self._account.settings.system_table}]}


class QueryExecutions:
    """The rows, as the engine serves them."""

    day = "submission_date_time"
    workgroup = "work_group_name"

    def __init__(self, account: Account) -> None:
        from athena_testbed.engine.dialect import Name  # noqa: PLC0415  sqlglot takes its time

        self._account = account
        self.name: Name = Name("metadata", "query_executions", "s3tablescatalog/aws-athena")
        self._made: dict[tuple[str, int], Mapping[str, Any]] = {}
        hidden = set(account.settings.system_table_without)
        self.columns: Mapping[str, str] = {name: kind for name, kind in COLUMNS.items() if name not in hidden}

    def rows(self, partitions: "Partitions", now: datetime) -> Iterator[Mapping[str, Any]]:
        """The rows of these partitions that are written by now."""
        since, until, at = (epoch_ms(one) or 0 for one in (partitions.since, partitions.until, now))
        for plan in self._account.ended(since, at + 1):
            wanted = partitions.workgroups is None or plan.workgroup in partitions.workgroups
            if wanted and since <= plan.submitted_ms < until and self._written_ms(plan) <= at:
                yield self._kept(plan)

    def _kept(self, plan: Plan) -> Mapping[str, Any]:
        """A written row never changes."""
        key = plan.query_id, plan.submitted_ms
        if key not in self._made:
            self._made[key] = {name: cell for name, cell in self._row(plan).items() if name in self.columns}
        return self._made[key]

    def _written_ms(self, plan: Plan) -> int:
        """Rows come together, and not in the order of their ends."""
        delay = self._account.settings.system_table_delay.total_seconds() * 1000
        return plan.ended_ms + int(delay * (0.5 + 0.5 * Random(plan.number).random()))

    def _row(self, plan: Plan) -> dict[str, Any]:
        account, identity = self._account, user_identity(plan.principal, plan.submitted_ms)
        told = status(plan, plan.ended_ms)
        # A row is written when there is all that there will ever be.
        statistics = statistics_at(plan, plan.ended_ms + (plan.statistics_after_ms or 0)) or {}
        error = told.get("AthenaError", {})
        reads = dict.fromkeys(use.name for use in plan.uses if use.mode == "read")
        return {
            "query_execution_id": plan.query_id,
            "work_group_name": plan.workgroup,
            "account_id": ACCOUNT_ID,
            "region_name": account.settings.region,
            "query_string": account.text(plan),
            "principal_arn": identity.get("arn"),
            "catalog_name": "awsdatacatalog",
            "database_name": plan.database,
            "tables_accessed": [
                {"catalog_name": "awsdatacatalog", "database_name": name.partition(".")[0],
                 "table_name": name.partition(".")[2]}
                for name in reads
            ],
            "statement_type": plan.shape.statement_type,
            "substatement_type": plan.shape.substatement,
            "state": plan.state,
            "state_change_reason": told.get("StateChangeReason"),
            "submission_date_time": _time(plan.submitted_ms),
            "completion_date_time": _time(plan.ended_ms),
            "reused_previous_result": plan.reused,
            "selected_engine_version": "AUTO",
            "effective_engine_version": account.company.workgroups[plan.workgroup].engine,
            **{name: statistics.get(path) for name, path in _STATISTICS.items()},
            **{name: error.get(path) for name, path in _ERROR.items()},
        }  # fmt: skip  # a table


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC).isoformat(timespec="milliseconds")
