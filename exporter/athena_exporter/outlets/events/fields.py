"""The fields of the events: each name once, with what it says. docs/events.md lists them; queries take them from here.

Names are flat, without dots or `@`, and none is a word of CloudWatch Logs Insights (`source`, `fields`, `stats`,
`limit`, ...), so that a query needs no backticks
(docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html).
"""

from collections.abc import Mapping
from enum import StrEnum, auto
from types import MappingProxyType


class Field(StrEnum):
    """A field of an event. What AWS did not tell is left out of the event, never null or 0."""

    V = auto()
    EVENT_TIME = auto()
    ACCESS_ID = auto()
    EVENT_ID = auto()
    QUERY_ID = auto()
    USER = auto()
    USER_KIND = auto()
    ROLE = auto()
    CLIENT = auto()
    WORKLOAD = auto()
    ACCOUNT_ID = auto()
    REGION = auto()
    WORKGROUP = auto()
    CATALOG = auto()
    DATABASE = auto()
    TABLE = auto()
    FQ = auto()
    MODE = auto()
    VIA_VIEW = auto()
    API = auto()
    ORIGIN = auto()
    STATE = auto()
    SCANNED_BYTES = auto()
    TABLES_IN_QUERY = auto()
    CORRECTED = auto()
    STATEMENT_TYPE = auto()
    SUBSTATEMENT_TYPE = auto()
    SUBMITTED_AT = auto()
    ENDED_AT = auto()
    QUEUE_MS = auto()
    PLANNING_MS = auto()
    ENGINE_MS = auto()
    SERVICE_PRE_MS = auto()
    SERVICE_MS = auto()
    TOTAL_MS = auto()
    BILLED_BYTES = auto()
    COST_USD = auto()
    DPU_COUNT = auto()
    RESULT_REUSED = auto()
    CUTOFF_HIT = auto()
    ERROR_CATEGORY = auto()
    ERROR_NAME = auto()
    ERROR_TYPE = auto()
    ERROR_RETRYABLE = auto()
    SQL_DIGEST = auto()
    SQL_TEXT = auto()
    SQL_CUT = auto()
    UNPARSED = auto()
    EVENT_TYPE = auto()
    ACTION_ID = auto()
    GUARD_MODE = auto()
    GUARD_RESULT = auto()
    BUDGET = auto()
    SUBJECT = auto()
    USED_BYTES = auto()
    LIMIT_BYTES = auto()
    USED_USD = auto()
    LIMIT_USD = auto()
    DECIDED_AT = auto()


_BOTH = MappingProxyType(
    {
        Field.V: "The version of this table of fields: 1.",
        Field.EVENT_TIME: "The query's end (else its submission), or the time of the call; the event's own time, too.",
        Field.ACCESS_ID: "The same in every copy of one event: count distinct ids, for an event may arrive twice.",
        Field.QUERY_ID: "Athena's id of the query.",
        Field.USER: "Who, as `identity.privacy` lets it out; `unattributed` where CloudTrail never told.",
        Field.USER_KIND: "`person`, `service`, `role` or `unknown`.",
        Field.ROLE: "The IAM role that was used.",
        Field.CLIENT: "The tool: `dbt-athena`, `console`, `boto3`, ...",
        Field.WORKLOAD: "The job that the SQL's comments, the user agent or the session name tell.",
        Field.ACCOUNT_ID: "The AWS account in which it happened.",
        Field.REGION: "The Region in which it happened.",
        Field.WORKGROUP: "The workgroup of the query.",
        Field.CATALOG: "The data catalogue; of a query event: the context's default.",
        Field.DATABASE: "The table's database; of a query event: the one that the SQL names, `multiple` if several.",
        Field.STATE: "`succeeded`, `failed` or `cancelled`.",
        Field.SCANNED_BYTES: "Bytes that the whole query scanned, also where it names several tables.",
        Field.TABLES_IN_QUERY: "How many different tables the query names.",
        Field.CORRECTED: "true where the user became known after an event said `unattributed`.",
    }
)
_ACCESS_ONLY = MappingProxyType(
    {
        Field.EVENT_ID: "CloudTrail's id of the call, where no query id is known.",
        Field.TABLE: "The table; left out where a call named a database alone.",
        Field.FQ: "`database.table`.",
        Field.MODE: "`read`, `write`, `ddl` or `metadata`. Metadata never means that data was read.",
        Field.VIA_VIEW: "The view through which the query came to the table.",
        Field.API: "The call that told it: `StartQueryExecution`, `GetDataAccess`, `GetTable`, ...",
        Field.ORIGIN: "Where the knowledge comes from: `sql`, `lakeformation` or `glue`.",
    }
)
_QUERY_ONLY = MappingProxyType(
    {
        Field.STATEMENT_TYPE: "`DML`, `DDL` or `UTILITY`.",
        Field.SUBSTATEMENT_TYPE: "`SELECT`, `CREATE_TABLE_AS_SELECT`, ..., as Athena names it.",
        Field.SUBMITTED_AT: "When the query was submitted.",
        Field.ENDED_AT: "When it ended.",
        Field.QUEUE_MS: "Milliseconds in the queue.",
        Field.PLANNING_MS: "Milliseconds of planning, a part of `engine_ms`.",
        Field.ENGINE_MS: "Milliseconds that the engine worked.",
        Field.SERVICE_PRE_MS: "Milliseconds that the service took before the engine.",
        Field.SERVICE_MS: "Milliseconds that the service took after the engine.",
        Field.TOTAL_MS: "Milliseconds from submission to end.",
        Field.BILLED_BYTES: "Bytes that AWS bills: rounded up, at least the minimum, 0 where the query is free.",
        Field.COST_USD: "List price of the billed bytes; not an invoice.",
        Field.DPU_COUNT: "DPUs of the capacity reservation that the query used.",
        Field.RESULT_REUSED: "true where Athena answered from an earlier result.",
        Field.CUTOFF_HIT: "true where the workgroup's scan limit ended the query.",
        Field.ERROR_CATEGORY: "Whose fault a failure is: `system`, `user`, `other` or `unknown`.",
        Field.ERROR_NAME: "What failed, a name for AWS's error type.",
        Field.ERROR_TYPE: "AWS's own number of the error type.",
        Field.ERROR_RETRYABLE: "Whether AWS says that the same query may succeed later.",
        Field.SQL_DIGEST: "SHA-256 of the SQL: equal texts have equal digests.",
        Field.SQL_TEXT: "The SQL as `events.query_text` lets it out: without literals, in full, or not at all.",
        Field.SQL_CUT: "true where `sql_text` was cut to keep the event below its size limit.",
        Field.UNPARSED: "Why the SQL could not be read for its tables.",
    }
)

_GUARD_ONLY = MappingProxyType(
    {
        Field.V: _BOTH[Field.V],
        Field.EVENT_TIME: "When the guard knew how it ended; the event's own time, too.",
        Field.ACCESS_ID: _BOTH[Field.ACCESS_ID],
        Field.QUERY_ID: _BOTH[Field.QUERY_ID],
        Field.USER: "Who had started the query, as `identity.privacy` lets it out.",
        Field.ACCOUNT_ID: _BOTH[Field.ACCOUNT_ID],
        Field.REGION: _BOTH[Field.REGION],
        Field.WORKGROUP: _BOTH[Field.WORKGROUP],
        Field.EVENT_TYPE: "`guard`. A query event has no such field.",
        Field.ACTION_ID: "The same for the same query, budget and window, however often it was tried.",
        Field.GUARD_MODE: "`dry_run` or `enforce`.",
        Field.GUARD_RESULT: "`stopped`, `already_finished`, `denied`, `throttled`, `failed`, `expired`, `dry_run` or "
        "`killed`; docs/budgets.md says what each means.",
        Field.BUDGET: "The budget whose limit was reached.",
        Field.SUBJECT: "Who had reached it: a user, role, workgroup, component or workload.",
        Field.USED_BYTES: "What the subject's finished queries had scanned in the window, where the limit is in bytes.",
        Field.LIMIT_BYTES: "That limit.",
        Field.USED_USD: "What they cost at list price, where the limit is in dollars.",
        Field.LIMIT_USD: "That limit.",
        Field.DECIDED_AT: "When the guard meant to stop the query, by AWS's clock.",
        Field.ENDED_AT: "When it knew how that ended.",
    }
)

ACCESS_FIELDS: Mapping[Field, str] = MappingProxyType(_BOTH | _ACCESS_ONLY)
"""Every field of a table-access event, and what it says."""
QUERY_FIELDS: Mapping[Field, str] = MappingProxyType(_BOTH | _QUERY_ONLY)
"""Every field of a query event, and what it says."""

GUARD_FIELDS: Mapping[Field, str] = _GUARD_ONLY
"""Every field of an event of the guard, and what it says. They are in the log group of the queries."""


def table_of(fields: Mapping[Field, str]) -> str:
    """The fields as a Markdown table."""
    order = list(Field)
    rows = (f"| `{field}` | {fields[field]} |" for field in sorted(fields, key=order.index))
    return "\n".join(("| Field | What it says |", "| --- | --- |", *rows))
