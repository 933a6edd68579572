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

ACCESS_FIELDS: Mapping[Field, str] = MappingProxyType(_BOTH | _ACCESS_ONLY)
"""Every field of a table-access event, and what it says."""
QUERY_FIELDS: Mapping[Field, str] = MappingProxyType(_BOTH | _QUERY_ONLY)
"""Every field of a query event, and what it says."""


def table_of(fields: Mapping[Field, str]) -> str:
    """The fields as a Markdown table."""
    order = list(Field)
    rows = (f"| `{field}` | {fields[field]} |" for field in sorted(fields, key=order.index))
    return "\n".join(("| Field | What it says |", "| --- | --- |", *rows))
