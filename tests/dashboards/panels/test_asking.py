"""The verifier asks as Grafana does: variables, steps, and CloudWatch's requests."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from panels.grafana import Range, UnknownVariableError, Value, filled, intervals, metric_query, reach_of, step_of

UNTIL = datetime(2026, 5, 1, tzinfo=UTC)
DAY = Range(since=UNTIL - timedelta(days=1), until=UNTIL)
YEAR = Range(since=UNTIL - timedelta(days=365), until=UNTIL)
VALUES = {
    "user": Value(values=("o'neil (ext)", "a.b"), is_many=True),
    "one": Value(values=("a.b",), is_many=True),
    "typed": Value(values=("a.b",)),
    "all": Value(values=(".*",), is_many=True, is_raw=True),
    "workgroup": Value(values=("etl", "adhoc"), is_many=True),
    "published": Value(values=("${workgroup:pipe}",), is_many=True, is_raw=True),
    "type": Value(values=(".*[|*|]?",), is_many=True, is_raw=True),
    "period": Value(values=("86400",)),
    "region": Value(values=("default",)),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('x{user=~"$user"}', 'x{user=~"(o\\\\\'neil \\\\(ext\\\\)|a\\\\.b)"}'),
        ('x{user=~"$one"}', 'x{user=~"a\\\\.b"}'),
        ('x{user=~"$typed"}', 'x{user=~"a.b"}'),
        ('x{user=~"${all}"}', 'x{user=~".*"}'),
        ("${workgroup:pipe} [[workgroup:csv]]", "etl|adhoc etl,adhoc"),
        ("/^(?:${user:regex})$/", "/^(?:(o'neil \\(ext\\)|a\\.b))$/"),
        ('user in [${user:doublequote}] and x = "$"', 'user in ["o\'neil (ext)","a.b"] and x = "$"'),
    ],
)
def test_variables_are_written_as_grafana_writes_them(text: str, expected: str) -> None:
    assert filled(text, VALUES, "prometheus") == expected


def test_a_variable_that_the_dashboard_does_not_have_is_an_error() -> None:
    with pytest.raises(UnknownVariableError, match=r"\$wrokgroup"):
        filled('x{workgroup=~"$wrokgroup"}', VALUES, "prometheus")


def test_a_days_graph_has_steps_of_minutes_and_a_rate_over_four_scrapes() -> None:
    step = step_of({}, 24, DAY)
    assert step == 60
    assert intervals(step, DAY)["__rate_interval"].values == ("75s",)
    assert intervals(15, DAY)["__rate_interval"].values == ("60s",)
    assert intervals(step, DAY)["__range"].values == ("86400s",)
    assert step_of({"interval": "1h"}, 12, DAY) == 3600


def test_a_dashboards_range_is_read() -> None:
    assert reach_of("now-7d") == timedelta(days=7)
    with pytest.raises(ValueError, match="now/M"):
        reach_of("now/M")


def target(**dimensions: Any) -> dict[str, Any]:
    return {
        "refId": "A", "namespace": "AWS/Athena", "metricName": "ProcessedBytes", "statistic": "Sum",
        "period": "$period", "label": "${PROP('Dim.WorkGroup')} $region", "metricEditorMode": 0,
        "dimensions": dimensions,
    }  # fmt: skip  # a list of words


def test_one_value_a_dimension_is_asked_for_by_name() -> None:
    query = metric_query(target(QueryState=["FAILED"], WorkGroup="$one"), VALUES, YEAR)
    assert query["Label"] == "${PROP('Dim.WorkGroup')} default"
    assert query["MetricStat"]["Period"] == 86_400
    assert query["MetricStat"]["Metric"]["Dimensions"] == [
        {"Name": "QueryState", "Value": "FAILED"},
        {"Name": "WorkGroup", "Value": "a.b"},
    ]


def test_several_values_are_searched_for_with_the_exact_schema() -> None:
    query = metric_query(target(QueryState=["FAILED"], WorkGroup="$published"), VALUES, YEAR)
    assert query["Expression"] == (
        'REMOVE_EMPTY(SEARCH(\'{"AWS/Athena","QueryState","WorkGroup"} MetricName="ProcessedBytes"'
        ' "QueryState"="FAILED" "WorkGroup"=("etl" OR "adhoc")\', \'Sum\', 86400))'
    )


def test_everything_is_searched_for_without_naming_the_dimensions_values() -> None:
    query = metric_query(target(QueryType="$type", WorkGroup=["etl"]), VALUES, YEAR)
    assert '"QueryType"=' not in query["Expression"]
    assert '{"AWS/Athena","QueryType","WorkGroup"}' in query["Expression"]
