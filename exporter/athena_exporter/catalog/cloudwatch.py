"""Metrics that repeat what CloudWatch says of workgroups: settled minutes as counters, to compare ours with."""

from athena_exporter.catalog.metric import MILLI, Group, Metric, durable_counter, gauge

_SOURCE = "GetMetricData AWS/Athena"
_LABELS = ("workgroup", "query_type", "query_state")


def _seconds(part: str, what: str) -> Metric:
    name = f"athena_cloudwatch_{part}_seconds_total"
    text = f"{what} as CloudWatch counts it, in settled minutes; only workgroups that publish."
    return durable_counter(name, text, Group.CLOUDWATCH, _SOURCE, _LABELS, MILLI)


CLOUDWATCH_QUERIES = durable_counter(
    "athena_cloudwatch_queries_total",
    "Finished queries as CloudWatch counts them (SampleCount of TotalExecutionTime), in settled minutes.",
    Group.CLOUDWATCH,
    _SOURCE,
    _LABELS,
)
CLOUDWATCH_PROCESSED_BYTES = durable_counter(
    "athena_cloudwatch_processed_bytes_total",
    "ProcessedBytes as CloudWatch counts them, in settled minutes: DML only, cancelled queries included.",
    Group.CLOUDWATCH,
    _SOURCE,
    _LABELS,
)
CLOUDWATCH_TOTAL_SECONDS = _seconds("total", "TotalExecutionTime")
CLOUDWATCH_ENGINE_SECONDS = _seconds("engine", "EngineExecutionTime")
CLOUDWATCH_QUEUE_SECONDS = _seconds("queue", "QueryQueueTime")
CLOUDWATCH_PLANNING_SECONDS = _seconds("planning", "QueryPlanningTime")
CLOUDWATCH_SERVICE_PRE_SECONDS = _seconds("service_pre", "ServicePreProcessingTime")
CLOUDWATCH_SERVICE_SECONDS = _seconds("service", "ServiceProcessingTime")
CLOUDWATCH_LARGEST_QUERY_BYTES = gauge(
    "athena_cloudwatch_largest_query_bytes",
    "The largest ProcessedBytes of one query in the minutes that were read last.",
    Group.CLOUDWATCH,
    _SOURCE,
    ("workgroup", "query_type"),
)
CLOUDWATCH_LONGEST_QUERY_SECONDS = gauge(
    "athena_cloudwatch_longest_query_seconds",
    "The longest TotalExecutionTime of one query in the minutes that were read last.",
    Group.CLOUDWATCH,
    _SOURCE,
    ("workgroup", "query_type"),
    MILLI,
)
