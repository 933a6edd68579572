"""What a call is, whatever protocol it came in: a request with its own protocol, an answer, an error in AWS's words.

Stage: server.py reads a request with protocols.py -> testbed.py -> the operations, which see parameters only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Protocol, TypeAlias

Json: TypeAlias = dict[str, Any]


class Entries(dict[str, Any]):
    """A map in an answer, where the query protocol must tell it from a structure."""


class Billed(dict[str, Any]):
    """A good answer of which AWS bills more than the call: so many metrics."""

    def __init__(self, answer: Mapping[str, Any], metrics: int) -> None:
        super().__init__(answer)
        self.metrics = metrics


class AwsError(Exception):
    """An error that AWS answers: `code` is what clients see, `status` the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400, **more: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.more = more


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back. `headers` hold no Date: the server writes AWS's clock there. `cut` sends half of it only.

    `billed_metrics` is what AWS would bill of the call beside the call itself.
    """

    status: int
    body: bytes
    content_type: str = "application/x-amz-json-1.1"
    headers: Mapping[str, str] = field(default_factory=dict)
    code: str = "ok"
    cut: bool = False
    billed_metrics: int = 0


Behind: TypeAlias = Callable[[bytes], Answer]
"""Whoever answers what is not ours: a body in, an answer out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What an answer has to know of its call. `operation` is empty where the protocol names none (S3)."""

    service: str
    operation: str
    request_id: str


class WireProtocol(Protocol):
    """How a call's parameters, its answer and its error look on the wire. Times in answers are aware datetimes."""

    @property
    def name(self) -> str:
        """`json`, `cbor`, `query`, or `plain` for what only moto understands."""
        ...

    def parameters(self, body: bytes) -> Json:
        """The body, understood; raises AwsError (SerializationException) for one that is none."""
        ...

    def success(self, call: Call, answer: Mapping[str, Any]) -> Answer:
        """A good answer."""
        ...

    def failure(self, call: Call, error: AwsError) -> Answer:
        """An error."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call in its own protocol."""

    call: Call
    region: str
    access_key: str
    protocol: WireProtocol
    body: bytes

    @property
    def service(self) -> str:
        """The service as IAM's actions name it: `athena`, `cloudwatch`."""
        return self.call.service

    @property
    def operation(self) -> str:
        """The operation's name, empty where the protocol names none."""
        return self.call.operation

    @property
    def is_plain(self) -> bool:
        """Whether nothing of ours can understand it: S3, a browser."""
        return self.protocol.name == "plain"

    def parameters(self) -> Json:
        """What was asked for.

        Raises:
            AwsError: SerializationException, if the body is not what its protocol says.
        """
        return self.protocol.parameters(self.body)

    def success(self, answer: Mapping[str, Any]) -> Answer:
        """A good answer."""
        return self.protocol.success(self.call, answer)

    def failure(self, error: AwsError) -> Answer:
        """An error."""
        return self.protocol.failure(self.call, error)


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
