"""CloudWatch in every protocol that its clients speak: the same answers, AWS's errors in each one's shape, faults."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import boto3
import cbor2
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.parsers import ResponseParserError
from protocol_clients import PROTOCOLS, cloudwatch_client

import athena_testbed
from athena_testbed import Running, Settings

REGION = "eu-west-1"
RPC = "/service/GraniteServiceVersion20100801/operation/"
SCOPE = f"AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260101/{REGION}/monitoring/aws4_request, Signature=0"
QUERY_TYPE = [{"Name": "QueryState", "Value": "SUCCEEDED"}, {"Name": "QueryType", "Value": "DML"}]


class Raw(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Busy:
    """An account with a day of queries whose CloudWatch knows of them at once, and clients of every protocol."""

    def __init__(self, running: Running, folder: Path) -> None:
        self.running = running
        self._folder = folder
        self._clients: dict[str, Any] = {}

    def speaking(self, protocol: str) -> Any:
        if protocol not in self._clients:
            self._clients[protocol] = cloudwatch_client(self._folder, self.running.url, protocol, REGION)
        return self._clients[protocol]

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> Raw:
        with closing(HTTPConnection(urlsplit(self.running.url).netloc, timeout=60)) as connection:
            connection.request("POST", path, body=body, headers=headers)
            answer = connection.getresponse()
            return Raw(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Busy]:
    quick = Settings(
        history=timedelta(days=1), history_queries_per_day=1500, queries_per_minute=0, rates=None,
        cloudwatch_delay=timedelta(0), listmetrics_delay=timedelta(0),
    )  # fmt: skip  # as short as it can be said
    folder = tmp_path_factory.mktemp("models")
    with (
        athena_testbed.running(quick, clock=lambda: 1_790_000_000_000) as running,
        closing(Busy(running, folder)) as busy,
    ):
        yield busy


@pytest.fixture
def busy(account: Busy) -> Iterator[Busy]:
    """The module's account, every fault gone after each test."""
    yield account
    account.running.plan_faults([])


def _span(busy: Busy, hours: int = 3) -> dict[str, datetime]:
    end = datetime.fromtimestamp(busy.running.account.began_ms / 1000, tz=UTC).replace(second=0, microsecond=0)
    return {"StartTime": end - timedelta(hours=hours), "EndTime": end}


def _query(name: str, statistic: str, **more: Any) -> dict[str, Any]:
    metric = {"Namespace": "AWS/Athena", "MetricName": "TotalExecutionTime", "Dimensions": QUERY_TYPE}
    return {"Id": name, "MetricStat": {"Metric": metric, "Period": 300, "Stat": statistic}, **more}


def _body(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_each_protocol_tells_the_same_data(busy: Busy) -> None:
    queries = [
        _query("sum", "Sum", Label="a <b> & 'c'"), _query("p95", "p95"), _query("hidden", "Average", ReturnData=False),
    ]  # fmt: skip  # three in a row
    asked = {"MetricDataQueries": queries, **_span(busy), "ScanBy": "TimestampAscending", "MaxDatapoints": 30}
    answers = {name: busy.speaking(name).get_metric_data(**asked) for name in PROTOCOLS}
    first = _body(answers["json"])
    assert all(_body(answer) == first for answer in answers.values())
    assert [(one["Id"], one["StatusCode"]) for one in first["MetricDataResults"]] == [("sum", "PartialData")]
    assert first["MetricDataResults"][0]["Label"] == "a <b> & 'c'"
    assert len(first["MetricDataResults"][0]["Values"]) == 30
    rest = {
        name: _body(busy.speaking(name).get_metric_data(**asked, NextToken=first["NextToken"])) for name in PROTOCOLS
    }  # fmt: skip  # as short as it can be said
    assert all(answer == rest["json"] for answer in rest.values())


def test_each_protocol_tells_the_same_statistics(busy: Busy) -> None:
    asked = {
        "Namespace": "AWS/Athena", "MetricName": "ProcessedBytes", "Dimensions": QUERY_TYPE, "Period": 3600,
        **_span(busy),
    }  # fmt: skip  # as short as it can be said
    for statistics in ({"Statistics": ["Sum", "Maximum", "SampleCount"]}, {"ExtendedStatistics": ["p50", "tm99"]}):
        answers = [_body(busy.speaking(name).get_metric_statistics(**asked, **statistics)) for name in PROTOCOLS]
        assert answers[0] == answers[1] == answers[2]
        assert len(answers[0]["Datapoints"]) == 3
        assert answers[0]["Datapoints"][0]["Unit"] == "Bytes"


def test_each_protocol_lists_the_same_metrics(busy: Busy) -> None:
    pages = {name: list(busy.speaking(name).get_paginator("list_metrics").paginate()) for name in PROTOCOLS}
    listed = {name: [metric for page in found for metric in page["Metrics"]] for name, found in pages.items()}
    assert listed["json"] == listed["smithy-rpc-v2-cbor"] == listed["query"]
    assert len(pages["query"][0]["Metrics"]) == 500 < len(listed["query"])


def test_a_client_that_chooses_by_itself_is_answered(busy: Busy) -> None:
    session = boto3.Session(aws_access_key_id="AKIAEXAMPLE", aws_secret_access_key="secret", region_name=REGION)
    with closing(session.client("cloudwatch", endpoint_url=busy.running.url)) as client:
        answer = client.get_metric_data(MetricDataQueries=[_query("a", "Sum")], **_span(busy))
    assert 20 < len(answer["MetricDataResults"][0]["Values"]) <= 36


def test_raw_answers_have_botocores_shapes(world: Any) -> None:
    now = datetime.now(tz=UTC).timestamp()
    span = {"StartTime": now - 3600, "EndTime": now}
    data = world.call("cloudwatch", "GetMetricData", MetricDataQueries=[_query("a", "Sum")], **span)
    assert data["MetricDataResults"][0]["Values"]
    assert world.call("cloudwatch", "ListMetrics", Namespace="AWS/Athena")["Metrics"]
    statistics = world.call(
        "cloudwatch", "GetMetricStatistics", Namespace="AWS/Athena", MetricName="TotalExecutionTime", Period=60,
        Dimensions=QUERY_TYPE, Statistics=["Average"], **span,
    )  # fmt: skip  # as short as it can be said
    assert statistics["Datapoints"]


def _cbor(busy: Busy, operation: str, body: bytes, authorization: str = SCOPE) -> Any:
    headers = {
        "smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor", "Authorization": authorization,
    }  # fmt: skip  # one line reads best
    return busy.post(RPC + operation, body, headers)


def test_cbor_as_other_sdks_write_it_is_understood(busy: Busy) -> None:
    """Maps and texts of indefinite length, times as floats: all of it is CBOR."""
    dimensions = cbor2.dumps(QUERY_TYPE)
    metric = (
        b"\xbf" + cbor2.dumps("Namespace") + b"\x7f" + cbor2.dumps("AWS/") + cbor2.dumps("Athena") + b"\xff"
        + cbor2.dumps("MetricName") + cbor2.dumps("TotalExecutionTime") + cbor2.dumps("Dimensions") + dimensions
    )  # fmt: skip  # bytes in their order
    times = b"".join(
        cbor2.dumps(name) + cbor2.dumps(cbor2.CBORTag(1, at.timestamp())) for name, at in _span(busy).items()
    )
    statistics = cbor2.dumps("Statistics") + b"\x9f" + cbor2.dumps("Sum") + b"\xff" + cbor2.dumps("Period")
    raw = _cbor(busy, "GetMetricStatistics", metric + times + statistics + cbor2.dumps(3600) + b"\xff")
    assert (raw.status, raw.headers["smithy-protocol"]) == (200, "rpc-v2-cbor")
    assert raw.headers["content-type"] == "application/cbor"
    answer = cbor2.loads(raw.body)
    assert [sorted(point) for point in answer["Datapoints"]] == [["Sum", "Timestamp", "Unit"]] * 3
    assert cbor2.dumps("Timestamp") + b"\xc1" in raw.body, "a time is a number under tag 1"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_errors_are_the_models_in_every_protocol(busy: Busy, protocol: str) -> None:
    client = busy.speaking(protocol)
    span = _span(busy)
    asked: dict[str, Any] = {"Namespace": "AWS/Athena", "MetricName": "ProcessedBytes", "Period": 60, **span}
    with pytest.raises(client.exceptions.InvalidParameterValueException) as value:
        client.get_metric_statistics(**{**asked, "StartTime": span["EndTime"]}, Statistics=["Sum"])
    assert value.value.response["Error"]["Message"] == "The parameter StartTime must not equal parameter EndTime."
    assert value.value.response["Error"]["Code"] in {"InvalidParameterValue", "InvalidParameterValueException"}
    with pytest.raises(client.exceptions.InvalidParameterCombinationException, match="up to 1,500 datapoints"):
        client.get_metric_statistics(
            **{**asked, "StartTime": span["EndTime"] - timedelta(hours=25)}, Statistics=["Sum"]
        )  # fmt: skip  # as short as it can be said
    with pytest.raises(client.exceptions.MissingRequiredParameterException, match="Statistics"):
        client.get_metric_statistics(**asked)
    with pytest.raises(client.exceptions.InvalidNextToken):
        client.get_metric_data(MetricDataQueries=[_query("a", "Sum")], **span, NextToken="bm9uc2Vuc2U=")
    with pytest.raises(ClientError, match=r"MetricStat\.Stat is not supported") as caught:
        client.get_metric_data(MetricDataQueries=[_query("a", "Median")], **span)
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert caught.value.response["ResponseMetadata"]["RequestId"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        ("throttle", "Throttling", 400),
        ("denied", "AccessDenied", 403),
        ("expired", "ExpiredToken", 403),
        ("internal", "InternalFailure", 500),
        ("unavailable", "ServiceUnavailable", 503),
    ],
)
def test_faults_strike_in_cloudwatchs_old_words(busy: Busy, protocol: str, kind: str, code: str, status: int) -> None:
    busy.running.plan_faults([{"kind": kind, "operation": "cloudwatch:ListMetrics"}])
    with pytest.raises(ClientError) as caught:
        busy.speaking(protocol).list_metrics()
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    if kind == "denied":
        assert "not authorized to perform: cloudwatch:ListMetrics" in str(caught.value)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_broken_answers_break_in_every_protocol(busy: Busy, protocol: str) -> None:
    client = busy.speaking(protocol)
    busy.running.plan_faults([{"kind": "drop_before", "operation": "cloudwatch:*"}])
    with pytest.raises(ConnectionClosedError):
        client.list_metrics()
    busy.running.plan_faults([{"kind": "garbage", "operation": "cloudwatch:*"}])
    with pytest.raises((ResponseParserError, UnicodeDecodeError, AttributeError)):  # whatever botocore stumbles over
        client.list_metrics()


def test_rates_throttle_cloudwatch(start: Any, settings: Any) -> None:
    """So much below the real rate that the next token is 80 seconds away, however slow this machine is."""
    world = start(settings(rates=0.0005, history=timedelta(0)))
    assert world.aws("cloudwatch", "ListMetrics").status == 200
    assert world.error("cloudwatch", "ListMetrics") == ("Throttling", "Rate exceeded")


def test_what_is_not_ours_goes_to_moto_and_is_refused_in_cbor(busy: Busy) -> None:
    data = {"Namespace": "Mine", "MetricData": [{"MetricName": "one", "Value": 1.0}]}
    for protocol in ("json", "query"):
        assert busy.speaking(protocol).put_metric_data(**data)["ResponseMetadata"]["HTTPStatusCode"] == 200
    with pytest.raises(ClientError, match="GetMetricData, GetMetricStatistics, ListMetrics") as caught:
        busy.speaking("smithy-rpc-v2-cbor").put_metric_data(**data)
    assert caught.value.response["Error"]["Code"] == "UnknownOperationException"


def test_a_body_that_is_none_is_a_serialization_error(busy: Busy) -> None:
    for body in (b"\xff\xff", cbor2.dumps([1])):
        raw = _cbor(busy, "ListMetrics", body)
        assert (raw.status, cbor2.loads(raw.body)["__type"]) == (400, "SerializationException")
    assert _cbor(busy, "ListMetrics", b"").status == 200
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": SCOPE}
    for form in (b"Action=ListMetrics&Dimensions=1&Dimensions.member.1.Name=x", b"Action=ListMetrics&A.member.x=1"):
        raw = busy.post("/", form, headers)
        assert raw.status == 404
        assert b"<Code>MalformedQueryString</Code>" in raw.body


def test_a_call_without_a_signature_is_refused(busy: Busy) -> None:
    raw = _cbor(busy, "ListMetrics", b"", authorization="")
    assert raw.status == 403
    assert cbor2.loads(raw.body)["__type"] == "MissingAuthenticationTokenException"


def test_json_answers_in_the_version_of_the_call(busy: Busy) -> None:
    for version in ("1.0", "1.1"):
        kind = f"application/x-amz-json-{version}"
        headers = {
            "X-Amz-Target": "GraniteServiceVersion20100801.ListMetrics", "Content-Type": kind, "Authorization": SCOPE,
        }  # fmt: skip  # one line reads best
        assert busy.post("/", b"{}", headers).headers["content-type"] == kind
