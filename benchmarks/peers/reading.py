"""Pages of five exporters, understood alike: CloudWatch's metrics under two spellings, and our own."""

from collections.abc import Iterator, Mapping

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample as Line

from athena_exporter import catalog
from athena_exporter.sources.cloudwatch.positions import SETTLE
from peers.judging import Page, Sample, What

THEIRS: Mapping[str, tuple[What, float]] = {
    "aws_athena_total_execution_time_sample_count": (What.QUERIES, 1),
    "aws_athena_total_execution_time_sum": (What.SECONDS, 1 / 1000),
    "aws_athena_processed_bytes_sum": (What.BYTES, 1),
}
"""Both peers call them so -> what it is, and in how much of our unit."""
_SPELLINGS = (
    ("dimension_WorkGroup", "dimension_QueryType", "dimension_QueryState"),
    ("work_group", "query_type", "query_state"),
)
OURS: Mapping[str, What] = {
    catalog.QUERIES.name: What.QUERIES,
    catalog.SCANNED_BYTES.name: What.BYTES,
    catalog.TOTAL_SECONDS.sum_name: What.SECONDS,
}
REPEATED: Mapping[str, What] = {
    catalog.CLOUDWATCH_QUERIES.name: What.QUERIES,
    catalog.CLOUDWATCH_PROCESSED_BYTES.name: What.BYTES,
    catalog.CLOUDWATCH_TOTAL_SECONDS.name: What.SECONDS,
}
"""What we repeat of CloudWatch."""
_MINUTE = 60.0
_SETTLE = SETTLE.total_seconds()


def theirs(text: str, seen: float) -> Page:
    """A page of a peer."""
    samples = []
    for line in _lines(text, tuple(THEIRS)):
        what, scale = THEIRS[line.name]
        names = next(names for names in _SPELLINGS if names[0] in line.labels)
        workgroup, kind, state = (line.labels[name] for name in names)
        key = (workgroup, kind, _state(state))
        at = None if line.timestamp is None else float(line.timestamp)
        samples.append(Sample(what=what, key=key, value=line.value * scale, at=at))
    return Page(seen=seen, samples=samples)


def ours(text: str, seen: float) -> Page:
    """Our counters of finished queries."""
    samples = [
        Sample(
            what=OURS[line.name],
            key=(line.labels["workgroup"], line.labels["statement_type"], line.labels.get("state", "")),
            value=line.value,
        )
        for line in _lines(text, tuple(OURS))
    ]
    return Page(seen=seen, samples=samples, since=_since(text))


def repeated(text: str, seen: float) -> Page:
    """Our counters of what CloudWatch says: whole minutes that had settled when the last read began."""
    samples = [
        Sample(
            what=REPEATED[line.name],
            key=(line.labels["workgroup"], line.labels["query_type"], _state(line.labels["query_state"])),
            value=line.value,
        )
        for line in _lines(text, tuple(REPEATED))
    ]
    since = _since(text)
    success, took = (_of_source(text, metric) for metric in (catalog.SOURCE_LAST_SUCCESS, catalog.SOURCE_DURATION))
    return Page(
        seen=seen,
        samples=samples,
        since=None if since is None else -(-since // _MINUTE) * _MINUTE,
        complete_until=None if success is None else (success - (took or 0.0) - _SETTLE) // _MINUTE * _MINUTE,
    )


def _of_source(text: str, metric: catalog.Metric) -> float | None:
    lines = _lines(text, (metric.name,))
    return next((line.value for line in lines if line.labels["source"] == "cloudwatch"), None)


def _since(text: str) -> float | None:
    return next((line.value for line in _lines(text, (catalog.COUNTING_SINCE.name,))), None)


def _state(word: str) -> str:
    """Athena's word for CloudWatch's, which has one L less."""
    small = word.lower()
    return "cancelled" if small == "canceled" else small


def _lines(text: str, names: tuple[str, ...]) -> Iterator[Line]:
    """Samples of these names; the other lines of a page are not parsed."""
    wanted = [line for line in text.splitlines() if line.startswith(names)]
    for family in text_string_to_metric_families("\n".join(wanted) + "\n"):
        for sample in family.samples:
            if sample.name in names:
                yield sample
