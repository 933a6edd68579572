"""Metrics of tables and of workloads: what the SQL and the tool tell of a query."""

from athena_exporter.catalog.metric import MILLI, NANO, Group, Metric, MetricType, durable_counter

_SQL = "BatchGetQueryExecution, the SQL parsed"
_JOB = "the SQL's comments, the user agent, the session name"
_BY_JOB = ("workload", "client", "workgroup")

TABLE_QUERIES = durable_counter(
    "athena_table_queries_total",
    "Finished queries, whatever their end, whose SQL names the table; by mode: read, write, ddl, metadata.",
    Group.TABLE,
    _SQL,
    ("database", "table", "mode"),
)
TABLE_LAST_READ = Metric(
    name="athena_table_last_read_timestamp_seconds",
    type=MetricType.GAUGE,
    group=Group.TABLE,
    source=_SQL,
    help="When a query that reads the table last succeeded; only reads through Athena that the exporter has counted.",
    labels=("database", "table"),
    scale=MILLI,
    durable=True,
)
UNPARSED_QUERIES = durable_counter(
    "athena_exporter_unparsed_queries_total",
    "Finished queries whose SQL could not be read for its tables, by reason; they count everywhere else.",
    Group.EXPORTER,
    _SQL,
    ("reason",),
)

WORKLOAD_QUERIES = durable_counter(
    "athena_workload_queries_total",
    "Finished queries of a job (a dbt node, an Airflow task, a dashboard's card); queries that name none are left out.",
    Group.WORKLOAD,
    _JOB,
    _BY_JOB,
)
WORKLOAD_SCANNED_BYTES = durable_counter(
    "athena_workload_scanned_bytes_total",
    "Bytes that a job's finished queries scanned.",
    Group.WORKLOAD,
    _JOB,
    _BY_JOB,
)
WORKLOAD_COST_USD = durable_counter(
    "athena_workload_cost_usd_total",
    "List price of the bytes billed for a job's queries; not an invoice.",
    Group.WORKLOAD,
    _JOB,
    _BY_JOB,
    NANO,
)
WORKLOAD_ENGINE_SECONDS = durable_counter(
    "athena_workload_engine_seconds_total",
    "How long the engine worked on a job's finished queries.",
    Group.WORKLOAD,
    _JOB,
    _BY_JOB,
    MILLI,
)


def _delivery(name: str, text: str, labels: tuple[str, ...] = ()) -> Metric:
    return Metric(
        name=name,
        type=MetricType.COUNTER if name.endswith("_total") else MetricType.GAUGE,
        group=Group.EXPORTER,
        source="the delivery of events",
        help=text,
        labels=("log_group", *labels),
        common=False,
    )


EVENTS_ACCEPTED = _delivery("athena_exporter_events_accepted_total", "Events that CloudWatch Logs has accepted.")
EVENTS_RESENT = _delivery(
    "athena_exporter_events_resent_total", "Events sent again because nobody could tell that they had been accepted."
)
EVENTS_REJECTED = _delivery(
    "athena_exporter_events_rejected_total",
    "Events that CloudWatch Logs will never accept, by reason (too_old, too_new, expired, too_large, refused).",
    ("reason",),
)
OUTBOX_OLDEST_AGE = Metric(
    name="athena_exporter_outbox_oldest_age_seconds",
    type=MetricType.GAUGE,
    group=Group.EXPORTER,
    source="the ledger",
    help="How long the oldest fact has waited that the consumer has not acknowledged; 0 while none waits.",
    labels=("consumer",),
    common=False,
    scale=MILLI,
)
