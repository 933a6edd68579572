"""The columns of the history's table: what the writer writes, what DDL declares, what questions may name.

One row is one finished query as it was known at one moment. A crash repeats rows, and an identity that came late adds
a second row: of the rows of one query the one with the highest (`written_at`, `seq`) holds, and the view `queries`
shows that one alone. Rows of one query always lie in one partition.
"""

from dataclasses import dataclass
from enum import StrEnum

TABLE = "query_history"
"""The table of raw rows. People ask the view."""
VIEW = "queries"
"""One row a query."""
PARTITION = "day"
"""The only partition: the UTC day of `counted_at`, `2026-03-10`, a string in files' keys as in SQL."""
SCHEMA_VERSION = 1
"""In the keys of files (`v1/`): columns are only ever added at the end, anything else is a new version beside it."""


class Type(StrEnum):
    """Types as Athena's DDL spells them. Timestamps are UTC, in milliseconds."""

    STRING = "string"
    BIGINT = "bigint"
    INT = "int"
    DOUBLE = "double"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"
    TABLES = "array<struct<catalog_name:string,database_name:string,table_name:string,mode:string,via_view:string>>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. `name` is no word that Athena's DDL or Trino reserves (`user`, `catalog`, `database` are)."""

    name: str
    type: Type
    comment: str


def _column(name: str, type_: Type, comment: str) -> Column:
    return Column(name=name, type=type_, comment=comment)


COLUMNS = (
    _column("query_id", Type.STRING, "the query execution's id"),
    _column("account_id", Type.STRING, "the account that ran it"),
    _column("region", Type.STRING, "the Region that ran it"),
    _column("workgroup", Type.STRING, "its workgroup"),
    _column("state", Type.STRING, "succeeded, failed or cancelled"),
    _column("counted_at", Type.TIMESTAMP, "the query's time: its end, else its submission"),
    _column("submitted_at", Type.TIMESTAMP, "when it was submitted"),
    _column("ended_at", Type.TIMESTAMP, "when it ended; null if AWS did not tell"),
    _column("user_name", Type.STRING, "who started it; unattributed if nobody can tell"),
    _column("user_kind", Type.STRING, "person, service, role or unknown"),
    _column("role_name", Type.STRING, "the role that was assumed"),
    _column("client", Type.STRING, "the program: console, dbt-athena, ..."),
    _column("workload", Type.STRING, "the job that comment, user agent or session name tell"),
    _column("attribution", Type.STRING, "known, late (after the patience), not_found or source_down"),
    _column("catalog_name", Type.STRING, "the query's catalogue"),
    _column("database_name", Type.STRING, "the database that the SQL names; multiple if several"),
    _column("statement_type", Type.STRING, "DDL, DML or UTILITY"),
    _column("substatement_type", Type.STRING, "SELECT, INSERT, CREATE_TABLE_AS_SELECT, ..."),
    _column("scanned_bytes", Type.BIGINT, "bytes read from S3"),
    _column("billed_bytes", Type.BIGINT, "bytes that AWS bills; null if it is not billed by the byte"),
    _column("cost_nanousd", Type.BIGINT, "billions of a dollar, at the price of that day; null if no price is known"),
    _column("queue_ms", Type.BIGINT, "milliseconds in the queue"),
    _column("planning_ms", Type.BIGINT, "milliseconds of planning, a part of the engine's"),
    _column("engine_ms", Type.BIGINT, "milliseconds in the engine"),
    _column("service_pre_ms", Type.BIGINT, "milliseconds of the service before the queue"),
    _column("service_ms", Type.BIGINT, "milliseconds of the service after the engine"),
    _column("total_ms", Type.BIGINT, "milliseconds in all"),
    _column("dpu_count", Type.DOUBLE, "DPUs of a capacity reservation; null if it ran on none"),
    _column("result_reused", Type.BOOLEAN, "whether an earlier result was returned"),
    _column("cutoff_hit", Type.BOOLEAN, "whether the workgroup's limit of bytes ended it"),
    _column("error_category", Type.STRING, "of failures: system, user, other"),
    _column("error_name", Type.STRING, "of failures: the exporter's word for the error"),
    _column("error_type", Type.INT, "of failures: AWS's number"),
    _column("error_retryable", Type.BOOLEAN, "of failures: whether AWS says that a retry may help"),
    _column("sql_digest", Type.STRING, "SHA-256 of the SQL"),
    _column("sql_text", Type.STRING, "the SQL, as far as events.query_text lets it out"),
    _column("unparsed", Type.STRING, "why no tables were found in the SQL; null if it was parsed"),
    _column("tables", Type.TABLES, "the tables that the SQL names, each with its mode: read, write, ddl, metadata"),
    _column("ledger_id", Type.STRING, "which ledger told it"),
    _column("seq", Type.BIGINT, "the fact's number in that ledger"),
    _column("written_at", Type.TIMESTAMP, "when the ledger learned it"),
)
"""In the order of the files. `ledger_id`, `seq` and `written_at` tell the rows of one query apart."""
