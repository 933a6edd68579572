"""Every metric, declared once: name, type, labels, help, unit. docs/metrics.md is generated from it.

Everywhere else a metric is a symbol of this module. Standard library only.
"""

from dataclasses import dataclass
from enum import StrEnum

from athena_exporter.records import Target

COMMON_LABELS = ("account_id", "region")
"""Labels of every metric that speaks of a target, before its own."""

NANO = 1_000_000_000
"""Nanodollars in a dollar: money is added as integers."""
MILLI = 1000
"""Milliseconds in a second."""


class MetricType(StrEnum):
    """The exposition's types."""

    COUNTER = "counter"
    GAUGE = "gauge"


class Group(StrEnum):
    """The chapters of docs/metrics.md."""

    WORKGROUP = "Workgroups"
    USER = "Users"
    CLIENT = "Clients"
    WINDOW = "Windows"
    EXPORTER = "The exporter itself"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric family. `scale` divides the ledger's integers into the base unit that `name` promises.

    `durable`: kept in the ledger and so continuous over restarts; else counted since the process started.
    `source`: where the number comes from, for the reader of docs/metrics.md.
    """

    name: str
    type: MetricType
    help: str
    group: Group
    source: str
    labels: tuple[str, ...] = ()
    scale: int = 1
    common: bool = True
    durable: bool = False

    @property
    def label_names(self) -> tuple[str, ...]:
        """All labels in the order of their values."""
        return (COMMON_LABELS if self.common else ()) + self.labels

    def label_values(self, target: Target | None, values: tuple[str, ...]) -> tuple[str, ...]:
        """All label values of one series."""
        common = (target.account_id, target.region) if self.common and target is not None else ()
        return common + values


_BY_STATE = ("workgroup", "statement_type", "state")
_BY_USER = ("user", "workgroup", "database")
_BY_CLIENT = ("client", "workgroup")
_EXECUTIONS = "BatchGetQueryExecution"
_IDENTITY = "BatchGetQueryExecution + CloudTrail StartQueryExecution"


def _counter(name: str, text: str, group: Group, source: str, labels: tuple[str, ...] = (), scale: int = 1) -> Metric:
    return Metric(
        name=name,
        type=MetricType.COUNTER,
        help=text,
        group=group,
        source=source,
        labels=labels,
        scale=scale,
        durable=True,
    )


def _gauge(name: str, text: str, group: Group, source: str, labels: tuple[str, ...] = (), scale: int = 1) -> Metric:
    return Metric(name=name, type=MetricType.GAUGE, help=text, group=group, source=source, labels=labels, scale=scale)


QUERIES = _counter(
    "athena_queries_total",
    "Finished queries, each counted once when its final state and statistics are known.",
    Group.WORKGROUP,
    _EXECUTIONS,
    _BY_STATE,
)
SCANNED_BYTES = _counter(
    "athena_scanned_bytes_total",
    "Bytes that finished queries scanned; a query without statistics adds nothing.",
    Group.WORKGROUP,
    _EXECUTIONS,
    _BY_STATE,
)
BILLED_BYTES = _counter(
    "athena_billed_bytes_total",
    "Bytes after AWS's rounding and minimum; 0 for what AWS does not bill by the byte.",
    Group.WORKGROUP,
    _EXECUTIONS,
    _BY_STATE,
)
COST_USD = _counter(
    "athena_cost_usd_total",
    "List price of the billed bytes at the configured price per TB; not an invoice.",
    Group.WORKGROUP,
    _EXECUTIONS,
    _BY_STATE,
    NANO,
)
START_REJECTIONS = _counter(
    "athena_start_rejections_total",
    "StartQueryExecution calls that Athena refused, each counted once by its CloudTrail event.",
    Group.WORKGROUP,
    "CloudTrail StartQueryExecution",
    ("workgroup", "category", "error", "retryable"),
)
RUNNING_QUERIES = _gauge(
    "athena_running_queries",
    "Queries queued or running when they were last read.",
    Group.WORKGROUP,
    _EXECUTIONS,
    ("workgroup", "state"),
)

USER_QUERIES = _counter(
    "athena_user_queries_total",
    "Finished queries of a user; they count here once CloudTrail has told who started them, minutes late.",
    Group.USER,
    _IDENTITY,
    ("user", "workgroup", "database", "state"),
)
USER_SCANNED_BYTES = _counter(
    "athena_user_scanned_bytes_total",
    "Bytes that a user's finished queries scanned.",
    Group.USER,
    _IDENTITY,
    _BY_USER,
)
USER_COST_USD = _counter(
    "athena_user_cost_usd_total",
    "List price of the bytes billed for a user's queries; not an invoice.",
    Group.USER,
    _IDENTITY,
    _BY_USER,
    NANO,
)
USER_INFO = _gauge(
    "athena_user_info",
    "1 for every user with a series: the role and the kind (person, service, role, unknown) last seen.",
    Group.USER,
    _IDENTITY,
    ("user", "role", "kind"),
)

CLIENT_QUERIES = _counter(
    "athena_client_queries_total",
    "Finished queries of a tool, told by user agent and session name.",
    Group.CLIENT,
    _IDENTITY,
    _BY_CLIENT,
)
CLIENT_SCANNED_BYTES = _counter(
    "athena_client_scanned_bytes_total",
    "Bytes that a tool's finished queries scanned.",
    Group.CLIENT,
    _IDENTITY,
    _BY_CLIENT,
)
CLIENT_COST_USD = _counter(
    "athena_client_cost_usd_total",
    "List price of the bytes billed for a tool's queries; not an invoice.",
    Group.CLIENT,
    _IDENTITY,
    _BY_CLIENT,
    NANO,
)

_WINDOW = "the ledger's rollups, by query time in UTC days"
WINDOW_QUERIES = _gauge(
    "athena_window_queries",
    "Queries that ended in the window (today, yesterday, month, last_month; UTC), right on the first day.",
    Group.WINDOW,
    _WINDOW,
    ("window", "workgroup"),
)
WINDOW_SCANNED_BYTES = _gauge(
    "athena_window_scanned_bytes",
    "Bytes scanned by queries that ended in the window.",
    Group.WINDOW,
    _WINDOW,
    ("window", "workgroup"),
)
WINDOW_COST_USD = _gauge(
    "athena_window_cost_usd",
    "List price of the queries that ended in the window; not an invoice.",
    Group.WINDOW,
    _WINDOW,
    ("window", "workgroup"),
    NANO,
)
USER_WINDOW_QUERIES = _gauge(
    "athena_user_window_queries",
    "A user's queries that ended in the window; late identities move them; `pending` waits for CloudTrail.",
    Group.WINDOW,
    _WINDOW,
    ("window", "user"),
)
USER_WINDOW_SCANNED_BYTES = _gauge(
    "athena_user_window_scanned_bytes",
    "Bytes scanned by a user's queries that ended in the window.",
    Group.WINDOW,
    _WINDOW,
    ("window", "user"),
)
USER_WINDOW_COST_USD = _gauge(
    "athena_user_window_cost_usd",
    "List price of a user's queries that ended in the window; not an invoice.",
    Group.WINDOW,
    _WINDOW,
    ("window", "user"),
    NANO,
)

_LEDGER = "the ledger"
_PROCESS = "the process"
SOURCE_UP = _gauge(
    "athena_exporter_source_up",
    "Whether the source's last read succeeded (1) or failed (0); its last values stay.",
    Group.EXPORTER,
    _PROCESS,
    ("source",),
)
SOURCE_LAST_SUCCESS = _gauge(
    "athena_exporter_source_last_success_timestamp_seconds",
    "When the source was last read to its end.",
    Group.EXPORTER,
    _LEDGER,
    ("source",),
    MILLI,
)
SOURCE_COMPLETE_UNTIL = _gauge(
    "athena_exporter_source_complete_until_timestamp_seconds",
    "No later read of this source will add anything that ended before this time.",
    Group.EXPORTER,
    _LEDGER,
    ("source",),
    MILLI,
)
SOURCE_LAG = _gauge(
    "athena_exporter_source_lag_seconds",
    "How old the newest record of the last read was when it arrived.",
    Group.EXPORTER,
    _PROCESS,
    ("source",),
)
SOURCE_DURATION = _gauge(
    "athena_exporter_source_duration_seconds",
    "How long the source's last read took.",
    Group.EXPORTER,
    _PROCESS,
    ("source",),
)


def _since_start(name: str, text: str, labels: tuple[str, ...], *, common: bool = True, scale: int = 1) -> Metric:
    return Metric(
        name=name,
        type=MetricType.COUNTER,
        help=text,
        group=Group.EXPORTER,
        source=_PROCESS,
        labels=labels,
        common=common,
        scale=scale,
    )


SOURCE_ERRORS = _since_start(
    "athena_exporter_source_errors_total",
    "Failed reads of a source by reason (throttled, denied, credentials, network, server, answer, ledger).",
    ("source", "reason"),
)
MALFORMED_RECORDS = _since_start(
    "athena_exporter_malformed_records_total",
    "Records of AWS that could not be read and were left out; a repeated read counts them again.",
    ("source",),
)
AWS_REQUESTS = _since_start(
    "athena_exporter_aws_requests_total",
    "Calls to AWS, retries included, by result (ok or the error's code).",
    ("service", "operation", "result"),
)
AWS_COST_USD = _since_start(
    "athena_exporter_aws_cost_usd_total",
    "What the calls to AWS cost at list price; the calls of the default sources are free.",
    ("service", "operation", "result"),
    scale=NANO,
)
PENDING_QUERIES = _gauge(
    "athena_exporter_pending_queries",
    "Queries counted for their workgroup that still wait for their user.",
    Group.EXPORTER,
    _LEDGER,
)
PENDING_BYTES = _gauge(
    "athena_exporter_pending_bytes",
    "Bytes scanned by queries that still wait for their user.",
    Group.EXPORTER,
    _LEDGER,
)
UNATTRIBUTED_QUERIES = _counter(
    "athena_exporter_unattributed_queries_total",
    "Queries whose user stayed unknown: not_found (CloudTrail was read and had no start) or source_down.",
    Group.EXPORTER,
    _LEDGER,
    ("reason",),
)
UNATTRIBUTED_BYTES = _counter(
    "athena_exporter_unattributed_bytes_total",
    "Bytes scanned by queries whose user stayed unknown.",
    Group.EXPORTER,
    _LEDGER,
    ("reason",),
)
LATE_IDENTITIES = _counter(
    "athena_exporter_late_identities_total",
    "Identities that came after their query was given up: windows and events are corrected, counters are not.",
    Group.EXPORTER,
    _LEDGER,
)
LATE_IDENTITY_BYTES = _counter(
    "athena_exporter_late_identity_bytes_total",
    "Bytes scanned by queries whose identity came after they were given up.",
    Group.EXPORTER,
    _LEDGER,
)
MISSING_STATISTICS = _counter(
    "athena_exporter_missing_statistics_total",
    "Finished queries that were counted without statistics, because AWS published none within a minute.",
    Group.EXPORTER,
    _LEDGER,
    ("workgroup",),
)
DISAGREEMENTS = _counter(
    "athena_exporter_disagreements_total",
    "Records that contradict one already committed for the same query; the first one stands.",
    Group.EXPORTER,
    _LEDGER,
    ("record",),
)
ABANDONED_QUERIES = _counter(
    "athena_exporter_abandoned_queries_total",
    "Queries given up after 45 days without a final state.",
    Group.EXPORTER,
    _LEDGER,
)
CATCHING_UP = _gauge(
    "athena_exporter_catching_up",
    "1 while the counted executions are more than 10 minutes behind (after a start or an outage), else 0.",
    Group.EXPORTER,
    _LEDGER,
)
COUNTING_SINCE = _gauge(
    "athena_exporter_counting_since_timestamp_seconds",
    "Counters hold queries that ended at or after this time.",
    Group.EXPORTER,
    _LEDGER,
    (),
    MILLI,
)
LABEL_OVERFLOW = _counter(
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
    source=_PROCESS,
    help="1, with the version that runs.",
    labels=("version", "python_version"),
    common=False,
)


METRICS: tuple[Metric, ...] = tuple(value for value in globals().values() if isinstance(value, Metric))
"""All of them, in the order of this file."""
BY_NAME = {metric.name: metric for metric in METRICS}
