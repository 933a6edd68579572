"""Metrics of workgroups beyond the four counters of bytes and money: times, failures, guard rails, settings."""

from athena_exporter.catalog.metric import MILLI, NANO, Group, Metric, MetricType, durable_counter, gauge, histogram

_EXECUTIONS = "BatchGetQueryExecution"
_SETTINGS = "GetWorkGroup"
_BY_TYPE = ("workgroup", "statement_type")
_SECONDS = (100, 500, 1_000, 5_000, 15_000, 60_000, 300_000, 900_000, 1_800_000)
"""In milliseconds: from what nobody notices to Athena's time-out of half an hour."""
_SIZES = tuple(10 * 2**20 * 8**n for n in range(7))
"""In bytes: from the least that AWS bills (10 MiB) in steps of eight to 2.5 TiB."""


def _seconds(part: str, text: str) -> Metric:
    name = f"athena_query_{part}_seconds"
    return histogram(name, text, Group.WORKGROUP, _EXECUTIONS, _BY_TYPE, bounds=_SECONDS, scale=MILLI)


QUEUE_SECONDS = _seconds("queue", "How long finished queries waited in Athena's queue.")
PLANNING_SECONDS = _seconds("planning", "How long finished queries were planned; a part of the engine's time.")
ENGINE_SECONDS = _seconds("engine", "How long the engine worked on finished queries, planning included.")
TOTAL_SECONDS = _seconds("total", "How long finished queries took from submission to end.")
SCANNED_BYTES_PER_QUERY = histogram(
    "athena_query_scanned_bytes",
    "Bytes that single finished queries scanned; queries without statistics are left out.",
    Group.WORKGROUP,
    _EXECUTIONS,
    _BY_TYPE,
    bounds=_SIZES,
    scale=1,
)
QUERY_FAILURES = durable_counter(
    "athena_query_failures_total",
    "Failed queries by AWS's category (system, user, other) and by the error's name, from a bounded table.",
    Group.WORKGROUP,
    _EXECUTIONS,
    ("workgroup", "category", "error", "retryable"),
)
CUTOFF_HITS = durable_counter(
    "athena_query_cutoff_hits_total",
    "Queries that Athena cancelled because they scanned more than their workgroup allows; they are billed.",
    Group.WORKGROUP,
    _EXECUTIONS,
    ("workgroup",),
)
RESULT_REUSE = durable_counter(
    "athena_result_reuse_total",
    "Queries answered from an earlier query's result: they scan and cost nothing.",
    Group.WORKGROUP,
    _EXECUTIONS,
    ("workgroup",),
)
WORKGROUP_INFO = Metric(
    name="athena_workgroup_info",
    type=MetricType.GAUGE,
    group=Group.WORKGROUP,
    source="GetWorkGroup, ListTagsForResource",
    help="1 for every workgroup: state, engine, whether it enforces its settings and publishes metrics, its tags.",
    labels=("workgroup", "state", "engine", "enforced", "publishes"),
    tag_prefix="tag_",
)
WORKGROUP_CUTOFF_BYTES = gauge(
    "athena_workgroup_scan_cutoff_bytes",
    "Bytes after which Athena cancels a query of the workgroup; absent where there is no limit.",
    Group.WORKGROUP,
    _SETTINGS,
    ("workgroup",),
)
ACTIVE_QUERIES = gauge(
    "athena_active_queries",
    "The most queries that were queued or running in the newest minute of AWS/Usage; absent while Athena is idle.",
    Group.WORKGROUP,
    "GetMetricData AWS/Usage ActiveQueryCount",
    ("type",),
)
ACTIVE_QUERY_QUOTA = gauge(
    "athena_active_query_quota",
    "How many queries may be queued or running at once; `origin` says whether Service Quotas told it.",
    Group.WORKGROUP,
    "GetServiceQuota, else the default that AWS publishes",
    ("type", "origin"),
)

_DPU = "BatchGetQueryExecution DpuCount x engine time"
_DPU_CLOUDWATCH = "GetMetricData DPUAllocated, DPUConsumed"
RESERVED_DPU_SECONDS = durable_counter(
    "athena_reserved_dpu_seconds_total",
    "DPUs times engine seconds of finished queries on a capacity reservation.",
    Group.CAPACITY,
    _DPU,
    ("workgroup",),
    MILLI,
)
RESERVED_COST_USD = durable_counter(
    "athena_reserved_cost_usd_total",
    "The same at the configured price of a DPU-hour; a part of what the reservation costs, not on top of it.",
    Group.CAPACITY,
    _DPU,
    ("workgroup",),
    NANO,
)
CAPACITY_DPUS = gauge(
    "athena_capacity_dpus",
    "DPUs of a capacity reservation: `target` is what was asked for, `allocated` what AWS has provided.",
    Group.CAPACITY,
    "ListCapacityReservations",
    ("reservation", "state", "kind"),
)
CAPACITY_ALLOCATED_DPU_SECONDS = durable_counter(
    "athena_capacity_allocated_dpu_seconds_total",
    "DPUs times seconds that a reservation held, in settled minutes.",
    Group.CAPACITY,
    _DPU_CLOUDWATCH,
    ("reservation",),
    MILLI,
)
CAPACITY_CONSUMED_DPU_SECONDS = durable_counter(
    "athena_capacity_consumed_dpu_seconds_total",
    "DPUs times seconds that running queries of a workgroup used of a reservation, in settled minutes.",
    Group.CAPACITY,
    _DPU_CLOUDWATCH,
    ("reservation", "workgroup"),
    MILLI,
)
CAPACITY_IDLE_DPU_SECONDS = durable_counter(
    "athena_capacity_idle_dpu_seconds_total",
    "DPUs times seconds that a reservation held and nobody used, in settled minutes.",
    Group.CAPACITY,
    _DPU_CLOUDWATCH,
    ("reservation",),
    MILLI,
)
CAPACITY_IDLE_COST_USD = durable_counter(
    "athena_capacity_idle_cost_usd_total",
    "What the idle DPUs cost at the configured price of a DPU-hour.",
    Group.CAPACITY,
    _DPU_CLOUDWATCH,
    ("reservation",),
    NANO,
)
