"""The exposition: what a scrape reads, byte for byte, and what it never contains."""

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from athena_exporter import catalog
from athena_exporter.outlets.metrics import SampleError, render
from athena_exporter.records import Sample, Target

GOLDEN = Path(__file__).resolve().parents[2] / "golden"
IRELAND = Target(account_id="123456789012", region="eu-west-1")
OHIO = Target(account_id="210987654321", region="us-east-2")

LABELS = {
    "workgroup": ("airflow-finance", "primary"),
    "statement_type": ("DML", "DDL"),
    "state": ("succeeded", "cancelled"),
    "user": ("alice", "unattributed"),
    "database": ("sales", "unknown"),
    "category": ("user", "system"),
    "error": ("InvalidRequestException", "TooManyRequestsException"),
    "table": ("orders", "other"),
    "mode": ("read", "write"),
    "workload": ("airflow:daily.load", "dbt:model.shop.orders"),
    "component": ("finance", ""),
    "engine": ("Athena engine version 3", "unknown"),
    "enforced": ("false", "true"),
    "publishes": ("false", "unknown"),
    "type": ("DDL", "DML"),
    "origin": ("published_default", "service_quotas"),
    "reservation": ("nightly", "shared"),
    "query_type": ("DDL", "DML"),
    "query_state": ("cancelled", "succeeded"),
    "log_group": ("/athena-observability/queries", "/athena-observability/table-access"),
    "retryable": ("false", "true"),
    "role": ("Analyst", "unknown"),
    "kind": ("person", "service"),
    "client": ("console", "dbt-athena"),
    "window": ("today", "last_month"),
    "budget": ("user-daily", "workgroup-monthly"),
    "subject": ("alice", "airflow-etl"),
    "level": ("ok", "exceeded"),
    "source": ("athena", "lookup"),
    "reason": ("throttled", "denied"),
    "service": ("athena", "cloudtrail"),
    "operation": ("BatchGetQueryExecution", "LookupEvents"),
    "alias": ("production", "111122223333"),
    "result": ("ok", "ThrottlingException"),
    "action": ("stop", "stop"),
    "missing": ("execution", "identity"),
    "purpose": ("system_table", "report"),
    "record": ("execution", "identity"),
    "label": ("user", "database"),
    "consumer": ("events", "history"),
    "channel": ("ops", "team"),
    "version": ("1.0.0", "1.0.0"),
    "python_version": ("3.11.0", "3.12.0"),
}
"""Two values of every label: the goldens show every metric with two series where it has labels."""


TIMES = frozenset(
    {
        catalog.SOURCE_LAST_SUCCESS,
        catalog.SOURCE_COMPLETE_UNTIL,
        catalog.COUNTING_SINCE,
        catalog.TABLE_LAST_READ,
        catalog.BUDGET_WINDOW_START,
        catalog.BUDGET_WINDOW_END,
        catalog.BUDGET_COUNTING_SINCE,
    }
)
FLAGS = frozenset(
    {catalog.SOURCE_UP, catalog.CATCHING_UP, catalog.BUILD_INFO, catalog.USER_INFO, catalog.WORKGROUP_INFO}
)


def sample(metric: catalog.Metric, *labels: str, value: float = 1, target: Target | None = IRELAND) -> Sample:
    return Sample(metric=metric.name, target=target if metric.common else None, labels=labels, value=value)


def every_metric(*, skip: frozenset[catalog.Metric] = frozenset()) -> Iterator[Sample]:
    """One or two samples of each, their values told apart by position; money and times off whole units."""
    for position, metric in enumerate(catalog.METRICS, start=1):
        if metric in skip:
            continue
        for which in range(2 if metric.labels else 1):
            labels = tuple(_label(metric, name, which) for name in metric.labels)
            if metric.type is catalog.MetricType.HISTOGRAM:
                yield from distribution(metric, *labels, counts=dict.fromkeys(metric.bounds[which::2], position))
            else:
                told = sample(metric, *labels, value=_value(metric, position * 1_234_567 + which))
                yield replace(told, tags=(("component", LABELS["component"][which]),)) if metric.tag_prefix else told


def distribution(
    metric: catalog.Metric, *labels: str, counts: Mapping[int | str, int], total: int = 1_234_567
) -> Iterator[Sample]:
    """A histogram's series as the ledger tells it: only buckets that hold something, not cumulative."""
    yield Sample(metric=metric.sum_name, target=IRELAND, labels=labels, value=total)
    for bound, count in counts.items():
        yield Sample(metric=metric.bucket_name, target=IRELAND, labels=(*labels, str(bound)), value=count)


_ODD_LABELS = {
    (catalog.RUNNING_QUERIES.name, "state"): ("queued", "running"),
    (catalog.WORKGROUP_INFO.name, "state"): ("disabled", "enabled"),
    (catalog.CAPACITY_DPUS.name, "state"): ("active", "pending"),
    (catalog.CAPACITY_DPUS.name, "kind"): ("allocated", "target"),
    (catalog.QUERY_FAILURES.name, "error"): ("syntax_error", "timeout"),
    (catalog.EVENTS_REJECTED.name, "reason"): ("too_large", "too_old"),
    (catalog.UNPARSED_QUERIES.name, "reason"): ("syntax", "too_long"),
}


def _label(metric: catalog.Metric, name: str, which: int) -> str:
    return _ODD_LABELS.get((metric.name, name), LABELS[name])[which]


def _value(metric: catalog.Metric, distinct: int) -> int:
    if metric in FLAGS:
        return 1
    return 1_790_000_000_000 + distinct if metric in TIMES else distinct


def all_sources_fail() -> Iterator[Sample]:
    yield from every_metric(skip=frozenset({catalog.SOURCE_UP, catalog.SOURCE_ERRORS, catalog.AWS_REQUESTS}))
    for source, service, operation in (
        ("athena", "athena", "ListWorkGroups"),
        ("lookup", "cloudtrail", "LookupEvents"),
    ):
        yield sample(catalog.SOURCE_UP, source, value=0)
        yield sample(catalog.SOURCE_ERRORS, source, "network", value=7)
        yield sample(catalog.AWS_REQUESTS, service, operation, "EndpointConnectionError", value=21)


EXPOSITIONS: dict[str, Callable[[], Iterator[Sample]]] = {
    "metrics.prom": every_metric,
    "metrics_all_sources_fail.prom": all_sources_fail,
}


@pytest.mark.parametrize("name", EXPOSITIONS)
def test_the_exposition_is_the_golden_one(name: str, golden: Callable[[str, str], None]) -> None:
    golden(name, render(EXPOSITIONS[name]()).decode())


def test_every_golden_exposition_is_one_that_a_test_produces() -> None:
    assert {path.name for path in GOLDEN.glob("*.prom")} == set(EXPOSITIONS)


@pytest.mark.prometheus
@pytest.mark.parametrize("name", EXPOSITIONS)
def test_promtool_finds_nothing_to_say_about_a_golden(name: str, promtool: str) -> None:
    with (GOLDEN / name).open("rb") as page:
        judged = subprocess.run([promtool, "check", "metrics"], stdin=page, capture_output=True, check=False, text=True)
    assert (judged.returncode, judged.stdout, judged.stderr) == (0, "", "")


@pytest.mark.prometheus
def test_promtool_would_refuse_a_page_that_is_wrong(promtool: str) -> None:
    judged = subprocess.run(
        [promtool, "check", "metrics"], input=b"# TYPE a_total gauge\na_total 1\n", capture_output=True, check=False
    )
    assert judged.returncode != 0


def test_the_full_golden_holds_every_metric_of_the_catalogue() -> None:
    page = render(every_metric()).decode()
    families = [line.split()[2] for line in page.splitlines() if line.startswith("# TYPE")]
    assert families == [metric.name for metric in catalog.METRICS]


def test_when_all_sources_fail_the_last_totals_stay_on_the_page() -> None:
    well = set(render(every_metric()).decode().splitlines())
    failing = set(render(all_sources_fail()).decode().splitlines())
    totals = {line for line in well if line.startswith(("athena_queries_total", "athena_user_cost_usd_total"))}
    assert len(totals) == 4
    assert totals <= failing


def test_families_come_in_the_catalogues_order_and_series_sorted() -> None:
    samples = [
        sample(catalog.PENDING_QUERIES),
        sample(catalog.CLIENT_QUERIES, "dbt", "zebra"),
        sample(catalog.CLIENT_QUERIES, "dbt", "adhoc"),
        sample(catalog.CLIENT_QUERIES, "airflow", "zebra"),
    ]
    lines = [line for line in render(samples).decode().splitlines() if not line.startswith("#")]
    assert [line.partition("{")[0] for line in lines] == ["athena_client_queries_total"] * 3 + [
        "athena_exporter_pending_queries"
    ]
    assert render(reversed(samples)) == render(samples)
    assert [line for line in lines if "dbt" in line] == sorted(line for line in lines if "dbt" in line)


def test_a_family_without_samples_is_left_out() -> None:
    assert render([]) == b""
    assert render([sample(catalog.PENDING_QUERIES)]).count(b"# TYPE") == 1


def test_two_targets_are_two_series_of_one_family() -> None:
    page = render([sample(catalog.PENDING_QUERIES, value=3), sample(catalog.PENDING_QUERIES, value=4, target=OHIO)])
    assert page.decode().splitlines()[2:] == [
        'athena_exporter_pending_queries{account_id="123456789012",region="eu-west-1"} 3.0',
        'athena_exporter_pending_queries{account_id="210987654321",region="us-east-2"} 4.0',
    ]


@pytest.mark.parametrize(
    ("metric", "labels", "stored", "exposed"),
    [
        (catalog.SCANNED_BYTES, ("etl", "DML", "succeeded"), 2**53, 9007199254740992.0),
        (catalog.COST_USD, ("etl", "DML", "succeeded"), 123_456_789_012, 123.456789012),
        (catalog.COST_USD, ("etl", "DML", "succeeded"), 47_684, 0.000047684),
        (catalog.SOURCE_LAST_SUCCESS, ("athena",), 1_790_000_000_123, 1790000000.123),
        (catalog.SOURCE_LAG, ("athena",), 0.25, 0.25),
        (catalog.QUERIES, ("etl", "DML", "succeeded"), 0, 0.0),
    ],
)
def test_a_value_is_the_stored_integer_in_the_unit_of_the_name(
    metric: catalog.Metric, labels: tuple[str, ...], stored: float, exposed: float
) -> None:
    assert list(_values(render([sample(metric, *labels, value=stored)]))) == [exposed]


def _values(page: bytes) -> Iterator[float]:
    for family in text_string_to_metric_families(page.decode()):
        yield from (found.value for found in family.samples)


def test_a_counter_never_says_when_it_was_created() -> None:
    assert b"_created" not in render(every_metric())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (Sample(metric="athena_users_total", target=IRELAND, labels=(), value=1), "no such metric"),
        (sample(catalog.QUERIES, "etl", "DML"), "labels .* were given as"),
        (sample(catalog.QUERIES, "etl", "DML", "failed", "more"), "labels .* were given as"),
        (sample(catalog.QUERIES, "etl", "DML", "failed", target=None), "needs a target"),
        (
            Sample(metric=catalog.LEDGER_GENERATION.name, target=IRELAND, labels=(), value=1),
            "takes no target",
        ),
    ],
)
def test_a_sample_that_contradicts_the_catalogue_is_a_mistake_of_ours(wrong: Sample, said: str) -> None:
    with pytest.raises(SampleError, match=f"^{wrong.metric}: .*{said}"):
        render([wrong])


def test_one_series_given_twice_is_a_mistake_of_ours() -> None:
    twice = [sample(catalog.PENDING_QUERIES, value=1), sample(catalog.PENDING_QUERIES, value=2)]
    with pytest.raises(SampleError, match="given twice"):
        render(twice)


@pytest.mark.parametrize(
    ("hostile", "exposed"),
    [
        ('a"b', r"a\"b"),
        ("a\\b", r"a\\b"),
        ("a\nathena_queries_total 1e9", r"a\nathena_queries_total 1e9"),
        ('"} 1\nathena_queries_total{x="', r"\"} 1\nathena_queries_total{x=\""),
        ("half \ud800 pair", r"half \\ud800 pair"),
        ("Zoë 查询 🦉", "Zoë 查询 🦉"),
        ("", ""),
    ],
)
def test_a_hostile_name_stays_inside_its_quotes(hostile: str, exposed: str) -> None:
    line = render([sample(catalog.CLIENT_QUERIES, hostile, "etl")]).decode().splitlines()
    assert len(line) == 3
    assert f'client="{exposed}",' in line[2]


@pytest.mark.prometheus
def test_promtool_reads_a_page_of_hostile_names(promtool: str) -> None:
    hostile = ["\0", "\n", '"', "\\", "\r", "\x1b[2J", "\u202e", "\udfff", "\u2028", "# TYPE x gauge", "{}", "\ufeff"]
    page = render(sample(catalog.CLIENT_QUERIES, name, "etl") for name in hostile)
    judged = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, check=False)
    assert (judged.returncode, judged.stderr) == (0, b"")


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text())
def test_whatever_a_name_holds_the_page_is_read_back_as_it_was(client: str, workgroup: str) -> None:
    page = render([sample(catalog.CLIENT_QUERIES, client, workgroup, value=5)]).decode()
    (family,) = text_string_to_metric_families(page)
    (found,) = family.samples
    assert (found.labels["client"], found.value) == (client, 5.0)


def _lines(*samples: Sample) -> list[str]:
    """The series of a page, without the common labels."""
    page = render(samples).decode().replace('account_id="123456789012",region="eu-west-1",', "")
    return [line.replace(',region="eu-west-1"', "") for line in page.splitlines() if not line.startswith("#")]


def test_a_histogram_shows_all_bounds_rising_and_in_base_units() -> None:
    told = distribution(catalog.QUEUE_SECONDS, "etl", "DML", counts={500: 2, 60_000: 1, "+Inf": 3}, total=7_400_500)
    buckets = {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in _lines(*told)}
    found = {re.search(r'le="([^"]+)"', name).group(1): value for name, value in buckets.items() if "le=" in name}  # type: ignore[union-attr]  # the line has one
    assert found == {
        "0.1": 0, "0.5": 2, "1.0": 2, "5.0": 2, "15.0": 2, "60.0": 3, "300.0": 3, "900.0": 3, "1800.0": 3, "+Inf": 6,
    }  # fmt: skip  # one line is one histogram
    (count,) = (value for name, value in buckets.items() if name.startswith("athena_query_queue_seconds_count"))
    (total,) = (value for name, value in buckets.items() if name.startswith("athena_query_queue_seconds_sum"))
    assert (count, total) == (6, 7400.5)


def test_parts_of_a_histogram_that_are_not_told_are_0() -> None:
    only_sum = _lines(*distribution(catalog.SCANNED_BYTES_PER_QUERY, "etl", "DML", counts={}, total=0))
    assert len(only_sum) == len(catalog.SCANNED_BYTES_PER_QUERY.bounds) + 3
    assert all(line.endswith(" 0.0") for line in only_sum)
    only_bucket = Sample(
        metric=catalog.QUEUE_SECONDS.bucket_name, target=IRELAND, labels=("etl", "DML", "+Inf"), value=1
    )
    assert 'athena_query_queue_seconds_sum{statement_type="DML",workgroup="etl"} 0.0' in str(_lines(only_bucket))


def test_a_bound_of_an_older_catalogue_counts_for_the_next_one_above() -> None:
    told = distribution(catalog.QUEUE_SECONDS, "etl", "DML", counts={250: 1, 500: 2, 9_999_999: 4})
    shown = "\n".join(_lines(*told))
    assert 'le="0.1",statement_type="DML",workgroup="etl"} 0.0' in shown
    assert 'le="0.5",statement_type="DML",workgroup="etl"} 3.0' in shown
    assert 'le="1800.0",statement_type="DML",workgroup="etl"} 3.0' in shown
    assert 'le="+Inf",statement_type="DML",workgroup="etl"} 7.0' in shown


@pytest.mark.parametrize(
    ("name", "labels", "said"),
    [
        (catalog.QUEUE_SECONDS.name, ("etl", "DML"), "no such metric"),
        (catalog.QUEUE_SECONDS.sum_name, ("etl", "DML", "500"), "labels .* were given as"),
        (catalog.QUEUE_SECONDS.bucket_name, ("etl", "500"), "labels .* were given as"),
        (catalog.QUEUE_SECONDS.bucket_name, ("etl", "DML", "half"), "'half' is no bound"),
    ],
)
def test_a_part_that_contradicts_its_histogram_is_a_mistake_of_ours(
    name: str, labels: tuple[str, ...], said: str
) -> None:
    with pytest.raises(SampleError, match=said):
        render([Sample(metric=name, target=IRELAND, labels=labels, value=1)])


@pytest.mark.parametrize("part", [0, 1])
def test_a_part_of_a_histogram_given_twice_is_a_mistake_of_ours(part: int) -> None:
    parts = list(distribution(catalog.QUEUE_SECONDS, "etl", "DML", counts={500: 1}))
    with pytest.raises(SampleError, match="given twice"):
        render([*parts, parts[part]])


def info(workgroup: str, **tags: str) -> Sample:
    labels = (workgroup, "enabled", "Athena engine version 3", "true", "true")
    told = tuple((key.replace("__", " "), value) for key, value in tags.items())
    return Sample(metric=catalog.WORKGROUP_INFO.name, target=IRELAND, labels=labels, value=1, tags=told)


def test_tags_are_labels_of_every_series_of_their_family() -> None:
    first, second, third = _lines(info("a", component="web", owner="Zo\u00eb"), info("b", component="etl"), info("c"))
    assert 'tag_component="web",tag_owner="Zo\u00eb"' in first
    assert 'tag_component="etl",tag_owner=""' in second
    assert 'tag_component="",tag_owner=""' in third


def test_tag_keys_become_label_names_and_stay_apart() -> None:
    odd = Sample(
        metric=catalog.WORKGROUP_INFO.name,
        target=IRELAND,
        labels=("a", "enabled", "unknown", "true", "true"),
        value=1,
        tags=(("cost-centre", "1"), ("cost_centre", "2"), ("cost centre", "3"), ("aws:x/\u00fc", "4")),
    )
    (line,) = _lines(odd)
    assert 'tag_aws_x__="4"' in line
    assert 'tag_cost_centre="3"' in line
    assert 'tag_cost_centre_2="1"' in line
    assert 'tag_cost_centre_3="2"' in line


def test_a_metric_without_a_prefix_for_tags_takes_none() -> None:
    tagged = Sample(metric=catalog.PENDING_QUERIES.name, target=IRELAND, labels=(), value=1, tags=(("a", "b"),))
    with pytest.raises(SampleError, match="takes no tags"):
        render([tagged])
