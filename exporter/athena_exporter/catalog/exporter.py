"""Metrics of the exporter itself: how true, how fresh and how dear its numbers are."""

from athena_exporter.catalog.metric import (
    MILLI,
    NANO,
    PROCESS,
    Group,
    Metric,
    MetricType,
    durable_counter,
    gauge,
    process_counter,
)

_LEDGER = "the ledger"
SOURCE_UP = gauge(
    "athena_exporter_source_up",
    "Whether the source's last read succeeded (1) or failed (0); its last values stay.",
    Group.EXPORTER,
    PROCESS,
    ("source",),
)
SOURCE_LAST_SUCCESS = gauge(
    "athena_exporter_source_last_success_timestamp_seconds",
    "When the source was last read to its end.",
    Group.EXPORTER,
    _LEDGER,
    ("source",),
    MILLI,
)
SOURCE_COMPLETE_UNTIL = gauge(
    "athena_exporter_source_complete_until_timestamp_seconds",
    "No later read of this source will add anything that ended before this time.",
    Group.EXPORTER,
    _LEDGER,
    ("source",),
    MILLI,
)
SOURCE_LAG = gauge(
    "athena_exporter_source_lag_seconds",
    "How old the newest record of the last read was when it arrived.",
    Group.EXPORTER,
    PROCESS,
    ("source",),
)
SOURCE_DURATION = gauge(
    "athena_exporter_source_duration_seconds",
    "How long the source's last read took.",
    Group.EXPORTER,
    PROCESS,
    ("source",),
)

TARGET_INFO = gauge(
    "athena_target_info",
    "1 for every account and Region that is read: what people call the account (targets[].alias), by default its id.",
    Group.EXPORTER,
    "the configuration",
    ("alias",),
)

SOURCE_ERRORS = process_counter(
    "athena_exporter_source_errors_total",
    "Unfinished reads of a source by reason (throttled, denied, credentials, network, server, answer, limit, ledger).",
    ("source", "reason"),
)
REFUSED_REQUESTS = process_counter(
    "athena_exporter_refused_requests_total",
    "Requests to the exporter itself that were told to come again, for too many had come: too many connections, or too "
    "many waiting.",
    ("reason",),
    common=False,
)
MALFORMED_RECORDS = process_counter(
    "athena_exporter_malformed_records_total",
    "Records of AWS that could not be read and were left out; a repeated read counts them again.",
    ("source",),
)
MESSAGES = process_counter(
    "athena_exporter_messages_total",
    "Messages of a queue by result: used, unused (of no interest), or why they are left for the dead-letter queue.",
    ("source", "result"),
)
TRAIL_FILES = process_counter(
    "athena_exporter_trail_files_total",
    "CloudTrail files by result: read, skipped, foreign, gone, or tried again: corrupt, denied, failed, waiting.",
    ("result",),
)
MISSED_EVENTS = durable_counter(
    "athena_exporter_missed_events_total",
    "Queries that only a sweep found: every message of their time was read, and none had told of their end.",
    Group.EXPORTER,
    _LEDGER,
)
UNTOLD_QUERIES = durable_counter(
    "athena_exporter_untold_queries_total",
    "Queries (execution), and users of queries (identity), that no source had told when the system table did.",
    Group.EXPORTER,
    _LEDGER,
    ("missing",),
)
ASKED_BYTES = durable_counter(
    "athena_exporter_asked_bytes_total",
    "Bytes that AWS bills of the exporter's own questions to Athena; such queries are counted like any others, too.",
    Group.EXPORTER,
    _LEDGER,
    ("purpose",),
)
AWS_REQUESTS = process_counter(
    "athena_exporter_aws_requests_total",
    "Calls to AWS, retries included, by result (ok or the error's code).",
    ("service", "operation", "result"),
)
AWS_COST_USD = process_counter(
    "athena_exporter_aws_cost_usd_total",
    "What the calls to AWS cost at list price; the calls of the default sources are free.",
    ("service", "operation", "result"),
    scale=NANO,
)
PENDING_QUERIES = gauge(
    "athena_exporter_pending_queries",
    "Queries counted for their workgroup that still wait for their user.",
    Group.EXPORTER,
    _LEDGER,
)
PENDING_BYTES = gauge(
    "athena_exporter_pending_bytes",
    "Bytes scanned by queries that still wait for their user.",
    Group.EXPORTER,
    _LEDGER,
)
UNATTRIBUTED_QUERIES = durable_counter(
    "athena_exporter_unattributed_queries_total",
    "Queries whose user stayed unknown: not_found (CloudTrail was read and had no start) or source_down.",
    Group.EXPORTER,
    _LEDGER,
    ("reason",),
)
UNATTRIBUTED_BYTES = durable_counter(
    "athena_exporter_unattributed_bytes_total",
    "Bytes scanned by queries whose user stayed unknown.",
    Group.EXPORTER,
    _LEDGER,
    ("reason",),
)
LATE_IDENTITIES = durable_counter(
    "athena_exporter_late_identities_total",
    "Identities that came after their query was given up: windows and events are corrected, counters are not.",
    Group.EXPORTER,
    _LEDGER,
)
LATE_IDENTITY_BYTES = durable_counter(
    "athena_exporter_late_identity_bytes_total",
    "Bytes scanned by queries whose identity came after they were given up.",
    Group.EXPORTER,
    _LEDGER,
)
MISSING_STATISTICS = durable_counter(
    "athena_exporter_missing_statistics_total",
    "Finished queries that were counted without statistics, because AWS published none within a minute.",
    Group.EXPORTER,
    _LEDGER,
    ("workgroup",),
)
DISAGREEMENTS = durable_counter(
    "athena_exporter_disagreements_total",
    "Records that contradict one already committed for the same query; the first one stands.",
    Group.EXPORTER,
    _LEDGER,
    ("record",),
)
ABANDONED_QUERIES = durable_counter(
    "athena_exporter_abandoned_queries_total",
    "Queries given up after 45 days without a final state.",
    Group.EXPORTER,
    _LEDGER,
)
CATCHING_UP = gauge(
    "athena_exporter_catching_up",
    "1 while the counted executions are more than 10 minutes behind (after a start or an outage), else 0.",
    Group.EXPORTER,
    _LEDGER,
)
COUNTING_SINCE = gauge(
    "athena_exporter_counting_since_timestamp_seconds",
    "Counters hold queries that ended at or after this time.",
    Group.EXPORTER,
    _LEDGER,
    (),
    MILLI,
)
LABEL_OVERFLOW = durable_counter(
    "athena_exporter_label_overflow_total",
    "Queries counted under `other` because the label's budget was full.",
    Group.EXPORTER,
    _LEDGER,
    ("label",),
)
OUTBOX_DEPTH = Metric(
    name="athena_exporter_outbox_depth",
    type=MetricType.GAUGE,
    group=Group.EXPORTER,
    source=_LEDGER,
    help="Facts in the ledger's outbox that the consumer has not acknowledged.",
    labels=("consumer",),
    common=False,
)
OUTBOX_DROPPED = Metric(
    name="athena_exporter_outbox_dropped_total",
    type=MetricType.COUNTER,
    group=Group.EXPORTER,
    source=_LEDGER,
    help="Facts dropped from the outbox because its bound was reached before the consumer acknowledged them.",
    labels=("consumer",),
    common=False,
    durable=True,
)
LEDGER_GENERATION = Metric(
    name="athena_exporter_ledger_generation",
    type=MetricType.GAUGE,
    group=Group.EXPORTER,
    source=_LEDGER,
    help="Rises when a restored ledger made the counters restart at 0.",
    common=False,
)
BUILD_INFO = Metric(
    name="athena_exporter_build_info",
    type=MetricType.GAUGE,
    group=Group.EXPORTER,
    source=PROCESS,
    help="1, with the version that runs.",
    labels=("version", "python_version"),
    common=False,
)
