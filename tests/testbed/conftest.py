"""A small embedded account per test, real boto3 clients on it, and botocore's own model as the judge of answers."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.validate import ParamValidator

import athena_testbed
from athena_testbed import Running, Settings

REGION = "eu-west-1"
_TARGETS = {
    "athena": "AmazonAthena",
    "cloudtrail": "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
    "cloudwatch": "GraniteServiceVersion20100801",
    "servicequotas": "ServiceQuotasV20190624",
    "glue": "AWSGlue",
    "logs": "Logs_20140328",
}
_MODEL_NAMES = {"servicequotas": "service-quotas"}
_SIGNING_NAMES = {"cloudwatch": "monitoring"}
_MODELS = botocore.session.get_session()
_SESSION = boto3.Session(aws_access_key_id="AKIAEXAMPLE", aws_secret_access_key="secret")
"""One for all: each reads its services' models anew."""


def calm(**settings: Any) -> Settings:
    """A still account: an hour of history, nothing new, no limits, no long waits, no events but starts of queries.

    A test says what is different.
    """
    base: dict[str, Any] = {
        "history": timedelta(hours=1),
        "queries_per_minute": 0,
        "rates": None,
        "cloudtrail_delay": timedelta(0),
        "lost_events": 0,
        "time_scale": 0.01,
        "insights_delay": timedelta(0),
        "governed_database": "",
        "catalogue_events": 0,
    }
    return Settings(**{**base, **settings})


def _enums(shape: Any, value: Any, where: str) -> Iterator[str]:
    """ParamValidator does not look at enums."""
    if shape.type_name == "structure":
        for name, inner in value.items():
            yield from _enums(shape.members[name], inner, f"{where}.{name}")
    elif shape.type_name == "list":
        for inner in value:
            yield from _enums(shape.member, inner, where)
    elif getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{where}: {value} is none of {shape.enum}"


def judge(service: str, operation: str, answer: dict[str, Any]) -> None:
    """Hold a raw answer against botocore's output shape: unknown members, types, ranges, enums."""
    shape = _MODELS.get_service_model(_MODEL_NAMES.get(service, service)).operation_model(operation).output_shape
    if shape is None:
        assert answer == {}
        return
    # The id list's minimum of one is meant for requests; AWS answers an empty list with an empty list.
    full = {name: value for name, value in answer.items() if value != []}
    errors = ParamValidator().validate(full, shape)
    assert not errors.has_errors(), errors.generate_report()
    assert not list(_enums(shape, answer, operation))


@dataclass(frozen=True, slots=True)
class Raw:
    """A plain HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class World:
    """A running testbed and the ways to talk to it."""

    testbed: Running
    stack: ExitStack

    def client(self, service: str, region: str = REGION, attempts: int = 1, read_timeout: float = 60) -> Any:
        config = Config(
            retries={"total_max_attempts": attempts, "mode": "standard"}, connect_timeout=60, read_timeout=read_timeout
        )
        client = _SESSION.client(service, region, endpoint_url=self.testbed.url, config=config)  # type: ignore[call-overload] # the name is a variable
        self.stack.callback(client.close)
        return client

    def http(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Raw:
        connection = HTTPConnection(urlsplit(self.testbed.url).netloc, timeout=60)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return Raw(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def aws(self, service: str, operation: str, **parameters: Any) -> Raw:
        headers = {
            "X-Amz-Target": f"{_TARGETS[service]}.{operation}",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": f"AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260101/{REGION}/"
            f"{_SIGNING_NAMES.get(service, service)}/aws4_request, "
            "SignedHeaders=host, Signature=0",
        }
        return self.http("POST", "/", json.dumps(parameters).encode(), headers)

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """A good answer, judged."""
        raw = self.aws(service, operation, **parameters)
        assert raw.status == 200, raw.body
        answer: dict[str, Any] = raw.json()
        judge(service, operation, answer)
        return answer

    def error(self, service: str, operation: str, **parameters: Any) -> tuple[str, str]:
        """An error's code and message."""
        raw = self.aws(service, operation, **parameters)
        assert raw.status >= 400, raw.body
        return raw.json()["__type"], raw.json()["message"]

    def control(self, method: str, path: str, body: Any = None) -> Any:
        raw = self.http(method, f"/_testbed/{path}", b"" if body is None else json.dumps(body).encode())
        assert raw.status == 200, raw.body
        return raw.json()

    def pages(self, service: str, operation: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Every page, judged."""
        while True:
            answer = self.call(service, operation, **parameters)
            yield answer
            if "NextToken" not in answer:
                return
            parameters["NextToken"] = answer["NextToken"]

    def workgroups(self) -> list[str]:
        return [w["Name"] for page in self.pages("athena", "ListWorkGroups") for w in page["WorkGroups"]]

    def ids(self, workgroup: str) -> list[str]:
        pages = self.pages("athena", "ListQueryExecutions", WorkGroup=workgroup)
        return [query_id for page in pages for query_id in page["QueryExecutionIds"]]

    def executions(self, ids: list[str]) -> list[dict[str, Any]]:
        batches = [ids[place : place + 50] for place in range(0, len(ids), 50)]
        answers = [self.call("athena", "BatchGetQueryExecution", QueryExecutionIds=batch) for batch in batches]
        return [execution for answer in answers for execution in answer["QueryExecutions"]]

    def everything(self) -> list[dict[str, Any]]:
        return self.executions([query_id for name in self.workgroups() for query_id in self.ids(name)])

    def events(self, **parameters: Any) -> list[dict[str, Any]]:
        return [event for page in self.pages("cloudtrail", "LookupEvents", **parameters) for event in page["Events"]]


@pytest.fixture
def start() -> Iterator[Callable[..., World]]:
    """Starts an account; it ends with the test. `clock` replaces the machine's, in milliseconds."""
    with ExitStack() as stack:

        def begin(settings: Settings, clock: Callable[[], int] | None = None) -> World:
            return World(stack.enter_context(athena_testbed.running(settings, clock=clock)), stack)

        yield begin


@pytest.fixture
def world(start: Callable[..., World]) -> World:
    """The calm account."""
    return start(calm())


@pytest.fixture
def settings() -> Callable[..., Settings]:
    """`calm`, for tests that want another account."""
    return calm
