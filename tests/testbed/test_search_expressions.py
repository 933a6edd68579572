"""What a SEARCH finds: the examples of the user guide's page on search expressions, one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_testbed.cloudwatch.math.lexer import ExpressionError
from athena_testbed.cloudwatch.search.matching import Matcher, is_partial, parts
from athena_testbed.cloudwatch.search.parser import LONGEST, parsed
from athena_testbed.cloudwatch.series import Named

ACCOUNT = "123456789012"


def _named(namespace: str, metric: str, **dimensions: str) -> Named:
    return Named(namespace, metric, tuple(sorted(dimensions.items())))


BYTES = _named("AWS/Athena", "ProcessedBytes", QueryState="SUCCEEDED", QueryType="DML", WorkGroup="dbt-prod")
METRICS = {
    "bytes": BYTES,
    "other": _named("AWS/Athena", "ProcessedBytes", QueryState="FAILED", QueryType="DML", WorkGroup="ad-hoc"),
    "total": _named("AWS/Athena", "ProcessedBytes", WorkGroup="dbt-prod"),
    "time": _named("AWS/Athena", "TotalExecutionTime", QueryState="SUCCEEDED", QueryType="DDL", WorkGroup="dbt-prod"),
    "dpus": Named("AWS/Athena", "DPUConsumed", (("Capacity Reservation", "risk"),)),
    "usage": _named("AWS/Usage", "ResourceCount", Service="Athena", Class="DML"),
    "custom": _named("Own", 'Europe\\France Traffic(Network) "x"', Place="DML"),
}


def _found(search: str) -> set[str]:
    matcher = Matcher(parsed(search), ACCOUNT)
    return {name for name, series in METRICS.items() if matcher.finds(series)}


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ('{AWS/Athena,WorkGroup} MetricName="ProcessedBytes"', {"total"}),
        ('{"AWS/Athena","QueryState","QueryType","WorkGroup"} MetricName="ProcessedBytes"', {"bytes", "other"}),
        ('{AWS/Athena, WorkGroup, QueryType, QueryState}, MetricName="ProcessedBytes"', {"bytes", "other"}),
        ('{AWS/Athena,"Capacity Reservation"} DPUConsumed', {"dpus"}),
        ("{AWS/Usage}", {"usage"}),
        (' {"AWS/Usage"} ', {"usage"}),
        ('{AWS/Athena} "WorkGroup"="dbt-prod"', {"bytes", "total", "time"}),
        ('{AWS/Athena} WorkGroup = ("dbt-prod" OR "ad-hoc") MetricName="ProcessedBytes"', {"bytes", "other", "total"}),
        ('{AWS/Athena} "WorkGroup"="dbt"', set()),
        ("{AWS/Athena} WorkGroup=dbt", {"bytes", "total", "time"}),
        ("{AWS/Athena} WorkGroup=(dbt OR hoc) NOT QueryType=DDL", {"bytes", "other", "total"}),
        ("{AWS/Athena} WorkGroup=PROD", {"bytes", "total", "time"}),
        ("NOT Namespace=AWS", {"custom"}),
        ('"DML"', {"bytes", "other", "usage", "custom"}),
        ('QueryType="DML" Namespace="AWS/Athena"', {"bytes", "other"}),
        ('Namespace="AWS/Athena" MetricName="ProcessedBytes" "QueryState"', {"bytes", "other"}),
        ("bytes AND (succeeded OR failed)", {"bytes", "other"}),
        ("execution OR ResourceCount", {"time", "usage"}),
        ("{AWS/Athena} NOT ProcessedBytes NOT dpu", {"time"}),
        ("MetricName=(Bytes NOT Nothing) WorkGroup=dbt", {"bytes", "total"}),
        ('"Europe\\\\France Traffic\\(Network\\) \\"x\\""', {"custom"}),
        (f':aws.AccountId = "{ACCOUNT}" MetricName="ResourceCount"', {"usage"}),
        (':aws.AccountId="LOCAL" DPUConsumed', {"dpus"}),
        (':aws.AccountId="111122223333" DPUConsumed', set()),
        ("Athena Usage", {"usage"}),
        ("*", set()),
    ],
)
def test_a_search_finds(search: str, expected: set[str]) -> None:
    assert _found(search) == expected


@pytest.mark.parametrize(
    ("name", "tokens"),
    [
        ("CustomCount1", ["custom", "count", "1"]),
        ("SDBFailure", ["sdb", "failure"]),
        ("Project2-trial333", ["project", "2", "trial", "333"]),
        ("Network-Errors_2", ["network", "errors", "2"]),
        ("", []),
    ],
)
def test_names_fall_into_the_guides_tokens(name: str, tokens: list[str]) -> None:
    assert [part.lower() for part in parts(name)] == tokens


@pytest.mark.parametrize("wanted", ["count", "Count", "COUNT", "CustomCount", "Count1", "customcount1", "1"])
def test_a_word_finds_part_of_a_name(wanted: str) -> None:
    assert is_partial(wanted, "CustomCount1")


@pytest.mark.parametrize("wanted", ["couNT", "customcount", "count1", "ount", "Custom1", "CustomCount12"])
def test_a_word_does_not_find_what_is_no_token(wanted: str) -> None:
    assert not is_partial(wanted, "CustomCount1")


@pytest.mark.parametrize("wanted", ["network/errors", "network+errors", "network-errors", "Network_Errors"])
@pytest.mark.parametrize("name", ["Network-Errors-2", "NetworkErrors2"])
def test_words_written_apart_find_names_written_together(wanted: str, name: str) -> None:
    assert is_partial(wanted, name)


@pytest.mark.parametrize(
    "search",
    [
        "", "  ", "{}", "{AWS/Athena,}", "{AWS/Athena WorkGroup}", '"open', "(a", "a)", "a OR", "AND a", "NOT", "a = ",
        "= a", "a = = b", "{A} {B}", "()", "(" * 99 + "a" + ")" * 99,
    ],
)  # fmt: skip  # a table
def test_what_is_no_search_is_refused(search: str) -> None:
    with pytest.raises(ExpressionError, match="Invalid syntax"):
        parsed(search)


def test_a_search_has_1024_characters_at_most() -> None:
    fits = "a" * LONGEST
    assert parsed(fits).condition
    with pytest.raises(ExpressionError, match="1025 characters; the maximum is 1024"):
        parsed(fits + "a")


@given(st.text(alphabet='aB1 "\\(){}=,:/.-ORANDT', max_size=30))
def test_no_text_breaks_the_search(text: str) -> None:
    try:
        search = parsed(text)
    except ExpressionError:
        return
    Matcher(search, ACCOUNT).finds(BYTES)


@given(st.sampled_from(sorted(METRICS)), st.sampled_from(["namespace", "metric", "dimension"]))
def test_every_metric_is_found_by_its_own_names(name: str, kind: str) -> None:
    series = METRICS[name]
    escaped = series.metric.replace("\\", "\\\\").replace('"', '\\"').replace("(", "\\(").replace(")", "\\)")
    label, value = series.dimensions[0]
    by = {"namespace": f'Namespace="{series.namespace}"', "metric": f'"{escaped}"', "dimension": f'"{label}"="{value}"'}
    assert name in _found(by[kind])
    assert name not in _found(f"NOT {by[kind]}")
