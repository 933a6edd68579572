"""What is written for Prometheus is, moment by moment, what the exporter exposed."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from io import StringIO

from hypothesis import given
from hypothesis import strategies as st
from panels.openmetrics import Recording

from athena_exporter import catalog
from athena_exporter.outlets.metrics import render
from athena_exporter.records import Sample, Target

TARGET = Target(account_id="123456789012", region="eu-west-1")
BEGAN = datetime(2026, 5, 1, tzinfo=UTC)


def counter(workgroup: str, value: int) -> Sample:
    return Sample(metric=catalog.CUTOFF_HITS.name, target=TARGET, labels=(workgroup,), value=value)


def gauge(user: str, value: int) -> Sample:
    return Sample(metric=catalog.USER_WINDOW_QUERIES.name, target=TARGET, labels=("today", user), value=value)


def distribution(workgroup: str, count: int) -> list[Sample]:
    labels = (workgroup, "DML")
    bucket = (*labels, str(catalog.QUEUE_SECONDS.bounds[2]))
    return [
        Sample(metric=catalog.QUEUE_SECONDS.bucket_name, target=TARGET, labels=bucket, value=count),
        Sample(metric=catalog.QUEUE_SECONDS.sum_name, target=TARGET, labels=labels, value=count * 100),
    ]


def recorded(moments: Sequence[Sequence[Sample]]) -> list[set[str]]:
    """The lines of each moment as they were written, without their time."""
    recording = Recording()
    for place, samples in enumerate(moments):
        recording.take(BEGAN + timedelta(hours=place), samples)
    file = StringIO()
    count = recording.write(file, {})
    found: list[set[str]] = [set() for _ in moments]
    lines = [line for line in file.getvalue().splitlines() if not line.startswith("#")]
    for line in lines:
        series, _, stamp = line.rpartition(" ")
        found[round((float(stamp) - BEGAN.timestamp()) / 3600)].add(series)
    assert len(lines) == count
    return found


def exposed(samples: Sequence[Sample]) -> set[str]:
    return {line for line in render(samples).decode().splitlines() if not line.startswith("#")}


NAMES = st.sampled_from(["etl", "adhoc", 'a "quoted" one'])


@given(
    st.lists(
        st.tuples(
            st.dictionaries(NAMES, st.integers(0, 2)),
            st.dictionaries(NAMES, st.integers(0, 2)),
            st.dictionaries(NAMES, st.integers(0, 2)),
        ),
        max_size=6,
    )
)
def test_every_moment_is_written_as_it_was_exposed(
    history: list[tuple[dict[str, int], dict[str, int], dict[str, int]]],
) -> None:
    moments, counters, distributions = [], dict[str, int](), dict[str, int]()
    for rises, gauges, observed in history:
        for name, rise in rises.items():
            counters[name] = counters.get(name, 0) + rise
        for name, count in observed.items():
            distributions[name] = distributions.get(name, 0) + count
        moments.append([
            *(counter(name, value) for name, value in counters.items()),
            *(gauge(name, value) for name, value in gauges.items()),
            *(part for name, count in distributions.items() for part in distribution(name, count)),
        ])  # fmt: skip  # three sorts, three lines
    assert recorded(moments) == [exposed(samples) for samples in moments]


def test_a_gauge_that_is_shown_no_more_ends_and_may_come_back() -> None:
    moments = [[counter("etl", 1), gauge("efield", 3)], [counter("etl", 1)], [counter("etl", 1), gauge("efield", 3)]]
    assert [len(lines) for lines in recorded(moments)] == [2, 1, 2]


def test_counters_are_written_as_openmetrics_wants_them_with_the_labels_of_the_scrape() -> None:
    recording = Recording()
    recording.take(BEGAN, [counter("etl", 7)])
    file = StringIO()
    recording.write(file, {"job": "athena-exporter"})
    help_, type_, line, end = file.getvalue().splitlines()
    assert help_.startswith("# HELP athena_query_cutoff_hits Queries that ")
    assert type_ == "# TYPE athena_query_cutoff_hits counter"
    assert line.startswith('athena_query_cutoff_hits_total{job="athena-exporter",account_id="123456789012",')
    assert line.endswith(f" 7.0 {BEGAN.timestamp():.3f}")
    assert end == "# EOF"
