"""What Grafana's own CloudWatch data source asks, as its Go SDK writes it, and the few other services it looks at.

The forms are those of Grafana 9.3 and 10.4 (pkg/tsdb/cloudwatch in https://github.com/grafana/grafana).
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.parsers import create_parser

from athena_testbed import Settings

NOON = 1_790_078_400_000
ACCOUNT = "123456789012"
GROUP = "/athena/events"
GROUP_ARN = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:{GROUP}"
_MODEL = botocore.session.get_session().get_service_model("cloudwatch")
INFERRED = (
    'REMOVE_EMPTY(SEARCH(\'{"AWS/Athena","QueryState","QueryType","WorkGroup"} MetricName="ProcessedBytes"'
    ' "QueryState"="SUCCEEDED" "QueryType"="DML"%s\', \'Sum\', 86400))'
)


@pytest.fixture
def world(start: Callable[..., Any], settings: Callable[..., Settings]) -> Any:
    quick = settings(
        history=timedelta(days=1), history_queries_per_day=700, cloudwatch_delay=timedelta(0),
        listmetrics_delay=timedelta(0),
    )  # fmt: skip  # as short as it can be said
    return start(quick, lambda: NOON)


def _form(world: Any, operation: str, **fields: str) -> bytes:
    """A call as the Go SDK writes it: a form, the fields in order, a version."""
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        "Authorization": "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260922/eu-west-1/monitoring/aws4_request,"
        " SignedHeaders=content-length;content-type;host;x-amz-date, Signature=0",
    }
    body = urlencode({"Action": operation, **fields, "Version": "2010-08-01"})
    raw = world.http("POST", "/", body.encode(), headers)
    assert raw.status == 200, raw.body
    found: bytes = raw.body
    return found


def _asked(world: Any, operation: str, **fields: str) -> dict[str, Any]:
    """CloudWatch's answer, read by botocore's parser of the query protocol."""
    body = _form(world, operation, **fields)
    shape = _MODEL.operation_model(operation).output_shape
    assert shape is not None  # none of the operations here answers nothing
    answer: dict[str, Any] = create_parser("query").parse({"body": body, "headers": {}, "status_code": 200}, shape)
    return answer


def _data(world: Any, *queries: dict[str, str], days: float = 365, **more: str) -> list[dict[str, Any]]:
    """GetMetricData over so many days; a query's fields are named below `MetricDataQueries.member.N`."""
    end = datetime.fromtimestamp(NOON / 1000, tz=UTC)
    fields = {
        f"MetricDataQueries.member.{place}.{name}": value
        for place, query in enumerate(queries, 1)
        for name, value in query.items()
    }
    written = [f"{moment:%Y-%m-%dT%H:%M:%S}.57Z" for moment in (end, end - timedelta(days=days))]
    span = {"EndTime": written[0], "ScanBy": "TimestampAscending", "StartTime": written[1]}
    results: list[dict[str, Any]] = _asked(world, "GetMetricData", **fields, **span, **more)["MetricDataResults"]
    return results


def _stat(name: str, **dimensions: str) -> dict[str, str]:
    """One metric, as Grafana asks for dimensions with one value each."""
    stat = {"Metric.MetricName": "ProcessedBytes", "Metric.Namespace": "AWS/Athena", "Period": "86400", "Stat": "Sum"}
    for place, (key, value) in enumerate(dimensions.items(), 1):
        stat |= {f"Metric.Dimensions.member.{place}.Name": key, f"Metric.Dimensions.member.{place}.Value": value}
    if not dimensions:
        stat["Metric.Dimensions"] = ""
    return {"Id": name, "ReturnData": "true", **{f"MetricStat.{key}": value for key, value in stat.items()}}


def _expression(name: str, text: str, **more: str) -> dict[str, str]:
    return {"Expression": text, "Id": name, "ReturnData": "true", **more}


def test_one_value_for_each_dimension_is_a_metric(world: Any) -> None:
    (exact,) = _data(world, _stat("querya", QueryState="SUCCEEDED", QueryType="DML", WorkGroup="analytics"))
    assert (exact["Id"], exact["Label"], exact["StatusCode"]) == ("querya", "ProcessedBytes", "Complete")
    assert sum(exact["Values"]) > 0
    assert exact["Timestamps"] == sorted(exact["Timestamps"])
    (none,) = _data(world, _stat("queryb"))
    assert none["Values"] == []


def test_a_wildcard_and_several_values_are_searches_labelled_by_the_value(world: Any) -> None:
    every = {one["Label"]: sum(one["Values"]) for one in _data(world, _expression("q", INFERRED % ""))}
    some = _data(world, _expression("q", INFERRED % ' "WorkGroup"=("analytics" OR "ad-hoc")'))
    assert {one["Label"]: sum(one["Values"]) for one in some} == {name: every[name] for name in ("ad-hoc", "analytics")}
    assert len(every) == 14
    assert {one["Id"] for one in some} == {"q"}


def test_dimensions_that_need_not_match_exactly_find_more(world: Any) -> None:
    loose = 'REMOVE_EMPTY(SEARCH(\'Namespace="AWS/Athena" MetricName="ProcessedBytes" "WorkGroup"\', \'Sum\', 86400))'
    found = [one["Label"] for one in _data(world, _expression("q", loose))]
    assert {"analytics", "SUCCEEDED DML analytics"} <= set(found)


def test_code_mode_computes_on_a_hidden_search(world: Any) -> None:
    hidden = {**_expression("m1", INFERRED % ""), "ReturnData": "false"}
    total = _expression("e1", "SUM(m1)", Period="86400")
    filled = _expression("e2", "FILL(e1,0)/1024", Period="86400")
    results = _data(world, hidden, total, filled, _stat("all", QueryState="SUCCEEDED", QueryType="DML"))
    e1, e2, exact = (next(one for one in results if one["Id"] == name) for name in ("e1", "e2", "all"))
    assert e1["Values"] == exact["Values"]
    assert sum(e2["Values"]) == pytest.approx(sum(e1["Values"]) / 1024)
    assert len(e2["Values"]) == 366
    assert [one["Id"] for one in results] == ["e1", "e2", "all"]


def test_dynamic_labels_and_the_viewers_time_zone_arrive(world: Any) -> None:
    label = {"Label": "${PROP('Dim.WorkGroup')}: ${LAST_TIME}"}
    here, there = (
        _data(world, _expression("q", INFERRED % "", **label), days=1, **{"LabelOptions.Timezone": zone})
        for zone in ("+0000", "+0930")
    )
    assert "analytics: 2026-09-21 12:00" in [one["Label"] for one in here]
    assert "analytics: 2026-09-21 21:30" in [one["Label"] for one in there]


def test_many_data_points_come_in_pages(world: Any) -> None:
    minutes = {**_stat("q", QueryState="SUCCEEDED", QueryType="DML"), "MetricStat.Period": "60"}
    whole = _data(world, minutes, days=1)[0]["Values"]
    fields = {f"MetricDataQueries.member.1.{name}": value for name, value in minutes.items()}
    span = {"StartTime": "2026-09-21T12:00:00Z", "EndTime": "2026-09-22T12:00:00Z", "ScanBy": "TimestampAscending"}
    seen: list[float] = []
    token: dict[str, str] = {}
    while True:
        page = _asked(world, "GetMetricData", **fields, **span, **token, MaxDatapoints="100")
        seen += page["MetricDataResults"][0]["Values"]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert seen == whole
    assert len(seen) > 100


def _listed(world: Any, **fields: str) -> list[dict[str, Any]]:
    metrics: list[dict[str, Any]] = _asked(world, "ListMetrics", **fields)["Metrics"]
    return metrics


def test_the_health_check_is_passed(world: Any) -> None:
    assert _listed(world, MetricName="EstimatedCharges", Namespace="AWS/Billing") == []
    assert world.call("logs", "DescribeLogGroups", limit=1)["logGroups"] == []


def test_variables_are_filled_from_listmetrics(world: Any) -> None:
    found = _listed(
        world, MetricName="ProcessedBytes", Namespace="AWS/Athena",
        **{"Dimensions.member.1.Name": "QueryType", "Dimensions.member.1.Value": "DML",
           "Dimensions.member.2.Name": "WorkGroup"},
    )  # fmt: skip  # as short as it can be said
    values = {pair["Value"] for metric in found for pair in metric["Dimensions"] if pair["Name"] == "WorkGroup"}
    assert "analytics" in values
    assert {pair["Name"] for metric in found for pair in metric["Dimensions"]} == {
        "QueryState", "QueryType", "WorkGroup",
    }  # fmt: skip  # a set
    assert {metric["MetricName"] for metric in _listed(world, Namespace="AWS/Athena")} >= {"TotalExecutionTime"}
    assert _listed(world, Namespace="AWS/Athena", RecentlyActive="PT3H", Dimensions="")


def test_linked_accounts_are_named_one_for_each_metric(world: Any) -> None:
    linked = _asked(world, "ListMetrics", Namespace="AWS/Athena", IncludeLinkedAccounts="true")
    assert linked["OwningAccounts"] == [ACCOUNT] * len(linked["Metrics"])
    assert linked["Metrics"]
    ours = _asked(world, "ListMetrics", IncludeLinkedAccounts="true", OwningAccount=ACCOUNT)
    theirs = _asked(world, "ListMetrics", IncludeLinkedAccounts="true", OwningAccount="111122223333")
    assert (bool(ours["Metrics"]), theirs["Metrics"]) == (True, [])
    assert "OwningAccounts" not in world.call("cloudwatch", "ListMetrics", Namespace="AWS/Athena")
    assert world.call("cloudwatch", "ListMetrics", IncludeLinkedAccounts=True)["OwningAccounts"]


def test_an_account_that_watches_no_other_has_no_sinks(world: Any) -> None:
    client = world.client("oam")
    assert client.list_sinks()["Items"] == []
    with pytest.raises(ClientError) as caught:
        client.list_attached_links(SinkIdentifier=f"arn:aws:oam:eu-west-1:{ACCOUNT}:sink/x")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"
    raw = world.http("POST", "/ListAttachedLinks", b"{}", {
        "Content-Type": "application/json", "Authorization": "Credential=K/20260922/eu-west-1/oam/aws4_request,",
    })  # fmt: skip  # as short as it can be said
    assert (raw.status, raw.json()["__type"]) == (400, "MissingRequiredParameterException")


def test_alarms_are_answered(world: Any) -> None:
    alarms = _form(
        world, "DescribeAlarmsForMetric", MetricName="ProcessedBytes", Namespace="AWS/Athena",
        Period="300", Statistic="Sum",
    )  # fmt: skip  # as short as it can be said
    assert b"MetricAlarms" in alarms
    assert b"MetricAlarms" in _form(world, "DescribeAlarms", ActionPrefix="a", AlarmNamePrefix="b")


def test_regions_and_instances_are_answered(world: Any) -> None:
    """By moto, which takes seconds to begin with EC2."""
    client = world.client("ec2", read_timeout=60)
    assert "eu-west-1" in [region["RegionName"] for region in client.describe_regions()["Regions"]]
    assert client.describe_instances()["Reservations"] == []


def test_a_service_that_nobody_answers_is_refused_in_words(world: Any) -> None:
    with pytest.raises(ClientError) as caught:
        world.client("chatbot").describe_slack_workspaces()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_tagged_workgroups_are_found_by_their_tags(world: Any) -> None:
    client = world.client("resourcegroupstaggingapi")

    def found(**asked: Any) -> dict[str, dict[str, str]]:
        rows = client.get_resources(**asked)["ResourceTagMappingList"]
        return {row["ResourceARN"]: {tag["Key"]: tag["Value"] for tag in row["Tags"]} for row in rows}

    every = found(ResourceTypeFilters=["athena:workgroup"])
    arn, tags = next(iter(every.items()))
    assert arn.startswith(f"arn:aws:athena:eu-west-1:{ACCOUNT}:workgroup/")
    told = world.call("athena", "ListTagsForResource", ResourceARN=arn)["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in told} == tags
    key, value = next(iter(tags.items()))
    assert arn in found(TagFilters=[{"Key": key, "Values": [value, "other"]}])
    assert found(TagFilters=[{"Key": key, "Values": ["nothing"]}]) == {}
    assert set(found(TagFilters=[{"Key": key}], ResourceTypeFilters=["athena"])) <= set(every)
    assert found(ResourceTypeFilters=["s3"]) == {}
    assert found(ResourceARNList=[arn]) == {arn: tags}


def test_tagged_resources_come_in_pages_and_deleted_ones_do_not(world: Any) -> None:
    client = world.client("resourcegroupstaggingapi")
    world.call("logs", "CreateLogGroup", logGroupName=GROUP, tags={"team": "data"})
    pages = list(client.get_paginator("get_resources").paginate(ResourcesPerPage=4))
    arns = [row["ResourceARN"] for page in pages for row in page["ResourceTagMappingList"]]
    assert len(pages) > 1
    assert len(arns) == len(set(arns))
    assert GROUP_ARN in arns
    gone = next(arn for arn in arns if "workgroup/" in arn)
    world.control("DELETE", f"workgroups/{gone.rpartition('/')[2]}")
    left = client.get_resources()["ResourceTagMappingList"]
    assert gone not in [row["ResourceARN"] for row in left]
    for wrong, code in (
        ({"ResourceARNList": [gone], "ResourceTypeFilters": ["athena"]}, "InvalidParameterException"),
        ({"ResourcesPerPage": 101}, "InvalidParameterException"),
        ({"PaginationToken": "x"}, "PaginationTokenExpiredException"),
    ):
        with pytest.raises(ClientError) as caught:
            client.get_resources(**wrong)
        assert caught.value.response["Error"]["Code"] == code


@pytest.fixture
def events(world: Any) -> Any:
    """A log group with three events of two people."""
    world.call("logs", "CreateLogGroup", logGroupName=GROUP)
    world.call("logs", "CreateLogStream", logGroupName=GROUP, logStreamName="s")
    rows = ['{"user":"a","n":1}', '{"user":"b","n":2}', '{"user":"a","n":3}']
    world.call("logs", "PutLogEvents", logGroupName=GROUP, logStreamName="s",
               logEvents=[{"timestamp": NOON - 60_000, "message": row} for row in rows])  # fmt: skip  # one call
    return world


LOG, STREAM = "__log__grafana_internal__", "__logstream__grafana_internal__"
PREFIX = f"fields @timestamp,ltrim(@log) as {LOG},ltrim(@logStream) as {STREAM}|"
"""What the data source writes before every query, to find a row's neighbours later."""


def _rows(world: Any, query: str, **target: Any) -> list[dict[str, str]]:
    span = {"startTime": NOON // 1000 - 3600, "endTime": NOON // 1000}
    query_id = world.call("logs", "StartQuery", queryString=PREFIX + query, **span, **target)["queryId"]
    answer = world.call("logs", "GetQueryResults", queryId=query_id)
    assert answer["status"] == "Complete"
    return [{pair["field"]: pair["value"] for pair in row} for row in answer["results"]]


@pytest.mark.parametrize(
    "target", [{"logGroupNames": [GROUP]}, {"logGroupIdentifiers": [GROUP_ARN + ":"], "logGroupNames": []}]
)
def test_log_groups_are_named_as_either_version_names_them(events: Any, target: dict[str, Any]) -> None:
    query = "stats sum(n) as total by user | sort total desc"
    assert _rows(events, query, **target) == [{"user": "a", "total": "4"}, {"user": "b", "total": "2"}]


def test_an_arn_with_an_asterisk_is_refused(events: Any) -> None:
    code, message = events.error(
        "logs", "StartQuery", queryString="limit 1", startTime=0, endTime=1, logGroupIdentifiers=[GROUP_ARN + ":*"]
    )
    assert code == "InvalidParameterException"
    assert "asterisk" in message


def test_rows_bring_their_log_and_stream_along(events: Any) -> None:
    (first, *_) = _rows(events, "fields user, n | sort n", logGroupNames=[GROUP])
    assert (first["user"], first["n"], first[LOG], first[STREAM]) == ("a", "1", f"{ACCOUNT}:{GROUP}", "s")


def test_fields_groups_and_events_of_a_group_are_offered(events: Any) -> None:
    fields = events.call("logs", "GetLogGroupFields", logGroupName=GROUP, time=NOON // 1000)["logGroupFields"]
    assert {"user", "n", "@message"} <= {field["name"] for field in fields}
    linked = {"limit": 50, "includeLinkedAccounts": True, "logGroupNamePrefix": "/athena"}
    described = events.call("logs", "DescribeLogGroups", **linked, accountIdentifiers=[ACCOUNT])["logGroups"]
    assert [group["arn"] for group in described] == [GROUP_ARN + ":*"]
    assert events.call("logs", "DescribeLogGroups", **linked, accountIdentifiers=["111122223333"])["logGroups"] == []
    shown = events.call("logs", "GetLogEvents", logGroupName=GROUP, logStreamName="s", limit=2, startFromHead=False)
    assert len(shown["events"]) == 2
