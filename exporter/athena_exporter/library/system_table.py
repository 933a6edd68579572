"""Athena's own system table `query_executions`: its name, and the columns of it that this product reads.

Stage: AWS's documentation -> **system_table** -> sources/system_table/, the questions' backend of that name. One row is
one query in a final state. AWS documents that the row has GetQueryExecution's data and more; which names it gives them
was verified for `DOCUMENTED` alone. The others follow the API's names, and no recording of a real account exists yet.
https://docs.aws.amazon.com/athena/latest/ug/athena-system-table-query-executions.html
"""

from dataclasses import dataclass

CATALOG, DATABASE, TABLE = "s3tablescatalog/aws-athena", "metadata", "query_executions"
NAME = f'"{CATALOG}"."{DATABASE}"."{TABLE}"'
"""The table as SQL says it. It is partitioned by the day of `SUBMITTED` and by `WORKGROUP`."""

QUERY_ID, WORKGROUP = "query_execution_id", "work_group_name"
ACCOUNT_ID, REGION = "account_id", "region_name"
PRINCIPAL = "principal_arn"
CATALOG_NAME, DATABASE_NAME = "catalog_name", "database_name"
TABLES = "tables_accessed"
"""An array of rows that name `catalog_name`, `database_name` and `table_name`; the last one is unverified."""
SUBMITTED, COMPLETED = "submission_date_time", "completion_date_time"
"""Timestamps with a time zone. The second name is unverified."""
STATE = "state"

DOCUMENTED = frozenset(
    [QUERY_ID, WORKGROUP, ACCOUNT_ID, REGION, PRINCIPAL, CATALOG_NAME, DATABASE_NAME, TABLES, SUBMITTED]
)
"""Names that AWS's documentation was seen to have."""
REQUIRED = (QUERY_ID, WORKGROUP, SUBMITTED, COMPLETED, STATE)
"""Without these a row says nothing that could be counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A column that may be there, and the path of the same value in GetQueryExecution's answer."""

    column: str
    path: tuple[str, ...]


FIELDS = (
    Field(column=QUERY_ID, path=("QueryExecutionId",)),
    Field(column=WORKGROUP, path=("WorkGroup",)),
    Field(column=STATE, path=("Status", "State")),
    Field(column=SUBMITTED, path=("Status", "SubmissionDateTime")),
    Field(column=COMPLETED, path=("Status", "CompletionDateTime")),
    Field(column="state_change_reason", path=("Status", "StateChangeReason")),
    Field(column="error_category", path=("Status", "AthenaError", "ErrorCategory")),
    Field(column="error_type", path=("Status", "AthenaError", "ErrorType")),
    Field(column="retryable", path=("Status", "AthenaError", "Retryable")),
    Field(column="statement_type", path=("StatementType",)),
    Field(column="substatement_type", path=("SubstatementType",)),
    Field(column=CATALOG_NAME, path=("QueryExecutionContext", "Catalog")),
    Field(column=DATABASE_NAME, path=("QueryExecutionContext", "Database")),
    Field(column="data_scanned_in_bytes", path=("Statistics", "DataScannedInBytes")),
    Field(column="engine_execution_time_in_millis", path=("Statistics", "EngineExecutionTimeInMillis")),
    Field(column="query_queue_time_in_millis", path=("Statistics", "QueryQueueTimeInMillis")),
    Field(column="query_planning_time_in_millis", path=("Statistics", "QueryPlanningTimeInMillis")),
    Field(column="service_pre_processing_time_in_millis", path=("Statistics", "ServicePreProcessingTimeInMillis")),
    Field(column="service_processing_time_in_millis", path=("Statistics", "ServiceProcessingTimeInMillis")),
    Field(column="total_execution_time_in_millis", path=("Statistics", "TotalExecutionTimeInMillis")),
    Field(column="dpu_count", path=("Statistics", "DpuCount")),
    Field(
        column="reused_previous_result", path=("Statistics", "ResultReuseInformation", "ReusedPreviousResult")
    ),
)  # fmt: skip  # a table
"""What a row tells of an execution. The SQL is left alone: it is long, secret, and known from Athena's API."""
