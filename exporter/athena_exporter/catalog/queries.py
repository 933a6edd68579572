"""Metrics of finished queries, by workgroup, user, client and window."""

from athena_exporter.catalog.metric import NANO, Group, durable_counter, gauge

_BY_STATE = ("workgroup", "statement_type", "state")
_BY_USER = ("user", "workgroup", "database")
_BY_CLIENT = ("client", "workgroup")
_EXECUTIONS = "BatchGetQueryExecution"
_IDENTITY = "BatchGetQueryExecution + CloudTrail StartQueryExecution"


QUERIES = durable_counter(
    "athena_queries_total",
    "Finished queries, each counted once when its final state and statistics are known.",
    Group.WORKGROUP,
    _EXECUTIONS,
    _BY_STATE,
)
SCANNED_BYTES = durable_counter(
    "athena_scanned_bytes_total",
    "Bytes that finished queries scanned; a query without statistics adds nothing.",
    Group.WORKGROUP,
    _EXECUTIONS,
    _BY_STATE,
)
BILLED_BYTES = durable_counter(
    "athena_billed_bytes_total",
    "Bytes after AWS's rounding and minimum; 0 for what AWS does not bill by the byte.",
    Group.WORKGROUP,
    _EXECUTIONS,
    _BY_STATE,
)
COST_USD = durable_counter(
    "athena_cost_usd_total",
    "List price of the billed bytes at the configured price per TB; not an invoice.",
    Group.WORKGROUP,
    _EXECUTIONS,
    _BY_STATE,
    NANO,
)
START_REJECTIONS = durable_counter(
    "athena_start_rejections_total",
    "StartQueryExecution calls that Athena refused, each counted once by its CloudTrail event.",
    Group.WORKGROUP,
    "CloudTrail StartQueryExecution",
    ("workgroup", "category", "error", "retryable"),
)
RUNNING_QUERIES = gauge(
    "athena_running_queries",
    "Queries queued or running when they were last read.",
    Group.WORKGROUP,
    _EXECUTIONS,
    ("workgroup", "state"),
)

USER_QUERIES = durable_counter(
    "athena_user_queries_total",
    "Finished queries of a user; they count here once CloudTrail has told who started them, minutes late.",
    Group.USER,
    _IDENTITY,
    ("user", "workgroup", "database", "state"),
)
USER_SCANNED_BYTES = durable_counter(
    "athena_user_scanned_bytes_total",
    "Bytes that a user's finished queries scanned.",
    Group.USER,
    _IDENTITY,
    _BY_USER,
)
USER_COST_USD = durable_counter(
    "athena_user_cost_usd_total",
    "List price of the bytes billed for a user's queries; not an invoice.",
    Group.USER,
    _IDENTITY,
    _BY_USER,
    NANO,
)
USER_INFO = gauge(
    "athena_user_info",
    "1 for every user with a series: the role and the kind (person, service, role, unknown) last seen.",
    Group.USER,
    _IDENTITY,
    ("user", "role", "kind"),
)

CLIENT_QUERIES = durable_counter(
    "athena_client_queries_total",
    "Finished queries of a tool, told by user agent and session name.",
    Group.CLIENT,
    _IDENTITY,
    _BY_CLIENT,
)
CLIENT_SCANNED_BYTES = durable_counter(
    "athena_client_scanned_bytes_total",
    "Bytes that a tool's finished queries scanned.",
    Group.CLIENT,
    _IDENTITY,
    _BY_CLIENT,
)
CLIENT_COST_USD = durable_counter(
    "athena_client_cost_usd_total",
    "List price of the bytes billed for a tool's queries; not an invoice.",
    Group.CLIENT,
    _IDENTITY,
    _BY_CLIENT,
    NANO,
)

_WINDOW = "the ledger's rollups, by query time in UTC days"
WINDOW_QUERIES = gauge(
    "athena_window_queries",
    "Queries that ended in the window (today, yesterday, month, last_month; UTC), right on the first day.",
    Group.WINDOW,
    _WINDOW,
    ("window", "workgroup"),
)
WINDOW_SCANNED_BYTES = gauge(
    "athena_window_scanned_bytes",
    "Bytes scanned by queries that ended in the window.",
    Group.WINDOW,
    _WINDOW,
    ("window", "workgroup"),
)
WINDOW_COST_USD = gauge(
    "athena_window_cost_usd",
    "List price of the queries that ended in the window; not an invoice.",
    Group.WINDOW,
    _WINDOW,
    ("window", "workgroup"),
    NANO,
)
USER_WINDOW_QUERIES = gauge(
    "athena_user_window_queries",
    "A user's queries that ended in the window; late identities move them; `pending` waits for CloudTrail.",
    Group.WINDOW,
    _WINDOW,
    ("window", "user"),
)
USER_WINDOW_SCANNED_BYTES = gauge(
    "athena_user_window_scanned_bytes",
    "Bytes scanned by a user's queries that ended in the window.",
    Group.WINDOW,
    _WINDOW,
    ("window", "user"),
)
USER_WINDOW_COST_USD = gauge(
    "athena_user_window_cost_usd",
    "List price of a user's queries that ended in the window; not an invoice.",
    Group.WINDOW,
    _WINDOW,
    ("window", "user"),
    NANO,
)
