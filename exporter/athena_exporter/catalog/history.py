"""Metrics of the query history: what its writer and its compaction put into S3."""

from athena_exporter.catalog.metric import Group, Metric, MetricType

_SOURCE = "the query history's writer"


def _written(name: str, text: str, labels: tuple[str, ...] = ()) -> Metric:
    return Metric(
        name=name,
        type=MetricType.COUNTER,
        group=Group.EXPORTER,
        source=_SOURCE,
        help=text,
        labels=labels,
        common=False,
    )


HISTORY_ROWS = _written(
    "athena_exporter_history_rows_total",
    "Rows written to the query history; a late identity and a repeat after a crash write a query again.",
)
HISTORY_BYTES = _written(
    "athena_exporter_history_bytes_total", "Bytes of the files that the query history's writer has put into S3."
)
HISTORY_FILES = _written(
    "athena_exporter_history_files_total",
    "Files of the query history by result: written, merged (put in place of others), deleted (after that), foreign.",
    ("result",),
)
