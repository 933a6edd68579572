"""The AWS JSON 1.1 protocol, as far as a server needs it: requests in, answers and errors out, in AWS's words."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, TypeAlias
from urllib.parse import parse_qs

Json: TypeAlias = dict[str, Any]
_SCOPE = re.compile(r"Credential=(?P<key>[^/]*)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_JSON = "application/x-amz-json-1.1"


class AwsError(Exception):
    """An error that AWS answers: `code` is what clients see, `status` the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400, **more: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.more = more


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call: `operation` is empty where the protocol names none (S3)."""

    service: str
    operation: str
    region: str
    access_key: str
    is_json: bool
    body: bytes

    def parameters(self) -> Json:
        """The JSON body.

        Raises:
            AwsError: SerializationException, if it is no JSON object.
        """
        try:
            parsed = json.loads(self.body or b"{}")
        except ValueError as error:
            raise AwsError("SerializationException", "Unable to parse the request body") from error
        if not isinstance(parsed, dict):
            raise AwsError("SerializationException", "Start of structure or map found where not expected")
        return parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back. `headers` hold no Date: the server writes AWS's clock there. `cut` sends half of it only."""

    status: int
    body: bytes
    content_type: str = _JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    code: str = "ok"
    cut: bool = False


def read_request(*, target: str, authorization: str, content_type: str, body: bytes) -> Request:
    """Understand a call from its headers; what is no AWS JSON call is named by the query protocol's Action."""
    scope = _SCOPE.search(authorization)
    operation = target.rsplit(".", 1)[-1]
    if not operation and content_type.startswith("application/x-www-form-urlencoded"):
        operation = parse_qs(body.decode("utf-8", "replace")).get("Action", [""])[0]
    return Request(
        service=scope["service"] if scope else "",
        operation=operation,
        region=scope["region"] if scope else "",
        access_key=scope["key"] if scope else "",
        is_json=bool(target),
        body=body,
    )


def success(parameters: Mapping[str, Any]) -> Answer:
    """A good answer."""
    return Answer(status=200, body=json.dumps(parameters, separators=(",", ":")).encode())


def failure(error: AwsError, *, is_json: bool) -> Answer:
    """An error in the protocol of the call: JSON, or the query protocol's XML."""
    if is_json:
        words = {"__type": error.code, "message": error.message, "Message": error.message, **error.more}
        return Answer(
            status=error.status, body=json.dumps(words).encode(), code=error.code,
            headers={"x-amzn-ErrorType": error.code},
        )  # fmt: skip  # as short as it can be said
    kind = "Sender" if error.status < 500 else "Receiver"
    body = (
        f"<ErrorResponse><Error><Type>{kind}</Type><Code>{error.code}</Code><Message>{error.message}</Message></Error>"
        "</ErrorResponse>"
    )
    return Answer(status=error.status, body=body.encode(), content_type="text/xml", code=error.code)


def http_date(at_ms: int) -> str:
    """RFC 7231's date of a time in milliseconds since 1970."""
    return format_datetime(datetime.fromtimestamp(at_ms // 1000, tz=UTC), usegmt=True)


def whole_number(parameters: Mapping[str, Any], name: str, low: int, high: int, default: int) -> int:
    """An optional whole number within its bounds.

    Raises:
        AwsError: InvalidRequestException, as the model's constraint says it.
    """
    value = parameters.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or not low <= value <= high:
        raise AwsError(
            "InvalidRequestException",
            f"1 validation error detected: Value '{value}' at '{name[0].lower()}{name[1:]}' failed to satisfy"
            f" constraint: Member must have value between {low} and {high}",
        )
    return value
