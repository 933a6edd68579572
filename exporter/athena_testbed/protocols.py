"""The protocols that AWS's clients speak: JSON 1.0 and 1.1, REST JSON, Smithy's RPC v2 in CBOR, the old query protocol.

Which one a client picks is its own affair: CloudWatch alone is asked in all of them. Sources:
https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html,
https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html,
https://smithy.io/2.0/aws/protocols/aws-query-protocol.html, and what botocore sends and reads.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, parse_qsl
from xml.sax.saxutils import escape

import cbor2

from athena_testbed import objects
from athena_testbed.wire import Answer, AwsError, Call, Entries, Json, Request, WireProtocol

_SCOPE = re.compile(r"Credential=(?P<key>[^/]*)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_RPC_PATH = re.compile(r"/service/[\w.]+/operation/(?P<operation>\w+)/?")
_FORM = "application/x-www-form-urlencoded"
_ACTIONS: Mapping[str, str] = {"monitoring": "cloudwatch"}
"""Signing name -> the name that IAM's actions carry, where they differ."""
_BY_PATH = frozenset({"oam"})
"""Services whose operations are paths: POST /ListSinks with a JSON object."""
_NAMESPACES: Mapping[str, str] = {"cloudwatch": "http://monitoring.amazonaws.com/doc/2010-08-01/"}
_SHAPES: Mapping[str, str] = {
    "InvalidParameterValue": "InvalidParameterValueException",
    "InvalidParameterCombination": "InvalidParameterCombinationException",
    "MissingParameter": "MissingRequiredParameterException",
    "InternalServiceError": "InternalServiceFault",
}
"""CloudWatch's errors by their old code -> the name of their shape, as its model has both."""
_WHOLE = frozenset({"Period", "MaxDatapoints"})
_TRUTH = frozenset({"ReturnData", "IncludeLinkedAccounts"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Headers:
    """The parts of an HTTP request that say what it asks for."""

    method: str = "POST"
    path: str = "/"
    query: str = ""
    target: str = ""
    smithy_protocol: str = ""
    authorization: str = ""
    content_type: str = ""


def read_request(headers: Headers, body: bytes, request_id: str) -> Request:
    """Understand whose call it is and in which protocol."""
    scope = _SCOPE.search(headers.authorization)
    service = scope["service"] if scope else ""
    protocol, operation = _understood(service, headers, body)
    return Request(
        call=Call(service=_ACTIONS.get(service, service), operation=operation, request_id=request_id),
        region=scope["region"] if scope else "",
        access_key=scope["key"] if scope else "",
        protocol=protocol,
        body=body,
    )


def _understood(service: str, headers: Headers, body: bytes) -> tuple[WireProtocol, str]:
    rpc = _RPC_PATH.fullmatch(headers.path)
    if rpc and headers.smithy_protocol == "rpc-v2-cbor":
        return CborProtocol(), rpc["operation"]
    if headers.target:
        version = "1.0" if headers.content_type.startswith("application/x-amz-json-1.0") else "1.1"
        return JsonProtocol(version), headers.target.rsplit(".", 1)[-1]
    if headers.content_type.startswith(_FORM):
        return QueryProtocol(), parse_qs(body.decode("utf-8", "replace")).get("Action", [""])[0]
    if service in _BY_PATH:
        return RestJsonProtocol(), headers.path.strip("/")
    if service == "s3":
        return PlainProtocol(), objects.operation(headers.method, headers.path, headers.query)
    return PlainProtocol(), ""


@dataclass(frozen=True, slots=True)
class JsonProtocol:
    """AWS JSON: times are seconds since 1970."""

    version: str = "1.1"
    name: str = "json"

    def parameters(self, body: bytes) -> Json:
        """The JSON object."""
        try:
            parsed = json.loads(body or b"{}")
        except ValueError as error:
            raise AwsError("SerializationException", "Unable to parse the request body") from error
        return _structure(parsed)

    def success(self, _: Call, answer: Mapping[str, Any]) -> Answer:
        """A JSON object."""
        return Answer(status=200, body=_json(answer), content_type=self._content_type)

    def failure(self, call: Call, error: AwsError) -> Answer:
        """The error's shape in `__type`; a service that once spoke query also says its old code in a header."""
        shape, headers = _error_shape(call, error)
        words = {"__type": shape, "message": error.message, "Message": error.message, **error.more}
        return Answer(
            status=error.status, body=_json(words), code=error.code, content_type=self._content_type,
            headers={"x-amzn-ErrorType": shape, **headers},
        )  # fmt: skip  # as short as it can be said

    @property
    def _content_type(self) -> str:
        return f"application/x-amz-json-{self.version}"


@dataclass(frozen=True, slots=True)
class RestJsonProtocol(JsonProtocol):
    """REST JSON as far as services of `_BY_PATH` need it: nothing in the path but the operation, no query string."""

    @property
    def _content_type(self) -> str:
        return "application/json"


@dataclass(frozen=True, slots=True)
class CborProtocol:
    """Smithy RPC v2: times are seconds since 1970 under tag 1, errors carry `__type`."""

    name: str = "cbor"

    def parameters(self, body: bytes) -> Json:
        """The CBOR map."""
        try:
            parsed = cbor2.loads(body) if body else {}
        except (cbor2.CBORDecodeError, ValueError) as error:
            raise AwsError("SerializationException", "Unable to parse the request body") from error
        return _structure(parsed)

    def success(self, _: Call, answer: Mapping[str, Any]) -> Answer:
        """A CBOR map."""
        return self._answer(200, answer)

    def failure(self, call: Call, error: AwsError) -> Answer:
        """The error's shape in `__type`, its old code in a header."""
        shape, headers = _error_shape(call, error)
        words = {"__type": shape, "message": error.message, "Message": error.message, **error.more}
        return self._answer(error.status, words, error.code, headers)

    def _answer(
        self, status: int, words: Mapping[str, Any], code: str = "ok", headers: Mapping[str, str] | None = None
    ) -> Answer:
        return Answer(
            status=status, body=cbor2.dumps(words, datetime_as_timestamp=True), content_type="application/cbor",
            code=code, headers={"smithy-protocol": "rpc-v2-cbor", **(headers or {})},
        )  # fmt: skip  # as short as it can be said


@dataclass(frozen=True, slots=True)
class QueryProtocol:
    """A form in, XML out. It has no types: whole numbers and truth values are read by their names."""

    name: str = "query"

    def parameters(self, body: bytes) -> Json:
        """The form's `A.member.1.B=c` as lists and structures."""
        tree: Json = {}
        for path, value in parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True):
            _plant(tree, path.split("."), value)
        return {name: _grown(name, value) for name, value in tree.items() if name not in {"Action", "Version"}}

    def success(self, call: Call, answer: Mapping[str, Any]) -> Answer:
        """The answer in its result element."""
        result = f"<{call.operation}Result>{_elements(answer)}</{call.operation}Result>"
        metadata = f"<ResponseMetadata><RequestId>{call.request_id}</RequestId></ResponseMetadata>"
        return _xml(200, f"{call.operation}Response", call, result + metadata)

    def failure(self, call: Call, error: AwsError) -> Answer:
        """Whose fault, which code, which words."""
        kind = "Sender" if error.status < 500 else "Receiver"
        words = _elements({"Type": kind, "Code": error.code, "Message": error.message})
        body = f"<Error>{words}</Error><RequestId>{call.request_id}</RequestId>"
        return _xml(error.status, "ErrorResponse", call, body, error.code)


@dataclass(frozen=True, slots=True)
class PlainProtocol:
    """What only moto understands; errors are XML."""

    name: str = "plain"

    def parameters(self, _: bytes) -> Json:
        """Nothing that we could read."""
        return {}

    def success(self, _: Call, answer: Mapping[str, Any]) -> Answer:
        """A JSON object, for want of anything better."""
        return Answer(status=200, body=_json(answer))

    def failure(self, call: Call, error: AwsError) -> Answer:
        """As the query protocol has it."""
        return QueryProtocol().failure(call, error)


def _structure(parsed: Any) -> Json:
    if not isinstance(parsed, dict):
        raise AwsError("SerializationException", "Start of structure or map found where not expected")
    return parsed


def _json(words: Mapping[str, Any]) -> bytes:
    return json.dumps(words, separators=(",", ":"), default=_seconds).encode()


def _seconds(value: Any) -> float:
    if not isinstance(value, datetime):
        raise TypeError(f"{value!r} has no place in an answer")
    at = value.timestamp()
    return int(at) if at.is_integer() else at


def _error_shape(call: Call, error: AwsError) -> tuple[str, Mapping[str, str]]:
    """The error's shape, and the header by which a service that once spoke query keeps its old codes alive."""
    if call.service not in _NAMESPACES:
        return error.code, {}
    kind = "Sender" if error.status < 500 else "Receiver"
    return _SHAPES.get(error.code, error.code), {"x-amzn-query-error": f"{error.code};{kind}"}


def _plant(tree: Json, path: list[str], value: str) -> None:
    """Put a form's value into its place; `member` levels only number what follows them."""
    for name in path[:-1]:
        below = tree.setdefault(name, {})
        if not isinstance(below, dict):
            raise AwsError("MalformedQueryString", f"{'.'.join(path)} is below a value", 404)
        tree = below
    tree[path[-1]] = value


def _grown(name: str, value: Any) -> Any:
    if not isinstance(value, dict):
        return _typed(name, value)
    if set(value) != {"member"} or not isinstance(value["member"], dict):
        return {inner: _grown(inner, below) for inner, below in value.items()}
    members = value["member"]
    if not all(number.isdigit() for number in members):
        raise AwsError("MalformedQueryString", f"{name}.member is numbered from 1", 404)
    return [_grown(name, members[number]) for number in sorted(members, key=int)]


def _typed(name: str, text: str) -> Any:
    if name in _WHOLE and re.fullmatch(r"-?\d{1,18}", text):
        return int(text)
    if name in _TRUTH and text in {"true", "false"}:
        return text == "true"
    return text


def _xml(status: int, root: str, call: Call, inside: str, code: str = "ok") -> Answer:
    namespace = _NAMESPACES.get(call.service)
    opening = root if namespace is None else f'{root} xmlns="{namespace}"'
    return Answer(status=status, body=f"<{opening}>{inside}</{root}>".encode(), content_type="text/xml", code=code)


def _elements(words: Mapping[str, Any]) -> str:
    return "".join(f"<{name}>{_content(value)}</{name}>" for name, value in words.items())


def _content(value: Any) -> str:
    if isinstance(value, Entries):
        return "".join(f"<entry>{_elements({'key': key, 'value': item})}</entry>" for key, item in value.items())
    if isinstance(value, Mapping):
        return _elements(value)
    if isinstance(value, list | tuple):
        return "".join(f"<member>{_content(item)}</member>" for item in value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(value).lower() if isinstance(value, bool) else escape(str(value))
