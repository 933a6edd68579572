"""What comes back over the wire, made safe before botocore parses it, and AWS's own clock.

Stage: AWS -> **answers** -> the sources. botocore takes a successful answer that is no JSON for an empty one, so a
proxy's HTML page would read as "this account has no workgroups"; and one value of the wrong type ends in an
AttributeError far inside it. Here the first becomes a `GarbledAnswerError` and the second a missing value.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias, cast

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from botocore.parsers import ResponseParserError
from botocore.utils import parse_timestamp

from athena_exporter.sources.errors import GarbledAnswerError

Answer: TypeAlias = Mapping[str, Any]
Clock: TypeAlias = Callable[[], datetime]

TRIES = 3
"""How often a garbled answer is asked for again: botocore's own retries don't know such answers."""
_FIRST_FAILURE = 300
_MISFIT = object()
# The stubs know only its texts; it takes numbers, too.
_parse_time = cast("Callable[[int | float | str], datetime]", parse_timestamp)


def parsed_time(value: float | str) -> datetime:
    """A time as AWS writes it: epoch seconds, which become UTC, or a text.

    For numbers botocore's own asks the machine for its time zone, which takes as long as the rest of an answer.

    Raises:
        ValueError, OverflowError, OSError, RuntimeError: it is none.
    """
    return _parse_time(value) if isinstance(value, str) else datetime.fromtimestamp(value, UTC)


def ask(call: Callable[..., Answer], **arguments: Any) -> Answer:  # botocore's operations take any
    """One call to AWS; an answer that cannot be read is asked for again, `TRIES` times in all.

    Raises:
        GarbledAnswerError: no answer could be read.
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: AWS's and botocore's own.
    """
    garbled = GarbledAnswerError(operation="the call", why="it was never asked")
    for _ in range(TRIES):
        try:
            return call(**arguments)
        except GarbledAnswerError as error:
            garbled = error
        except ResponseParserError as error:
            # Raised for STS's XML, here or while credentials are refreshed; it is no BotoCoreError.
            garbled = GarbledAnswerError(operation="STS", why=str(error))
    raise garbled


def answered_at(answer: Answer, clock: Clock) -> datetime:
    """AWS's clock at this answer (whole seconds, its Date header); ours where the header is missing or odd."""
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        at = parsedate_to_datetime(headers.get("date", ""))
    except (TypeError, ValueError):
        return clock()
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def tidy(*, operation_model: OperationModel, response_dict: dict[str, Any]) -> None:
    """Make a JSON answer parseable, in place: what doesn't fit its shape is left out, an alien body is refused.

    Raises:
        GarbledAnswerError: a successful answer is no JSON object, or holds nothing the operation answers.
    """
    protocol = operation_model.service_model.resolved_protocol
    if protocol != "json":
        # S3's answers have no wrapper, and an object's content is a stream that must not be read here.
        if protocol == "query":
            _check_xml(operation_model, response_dict)
        return
    said = _parsed(response_dict["body"])
    if response_dict["status_code"] >= _FIRST_FAILURE:
        response_dict["body"] = json.dumps(_error_body(said)).encode()
        return
    shape = operation_model.output_shape
    if not isinstance(said, dict) or (said and shape and not said.keys() & shape.members.keys()):
        raise GarbledAnswerError(operation=operation_model.name, why=_outline(response_dict["body"]))
    fitting = _fit(shape, said) if shape else said
    if fitting.keys() != {name for name, value in said.items() if value is not None}:
        raise GarbledAnswerError(operation=operation_model.name, why="parts of it have the wrong type")
    if fitting != said:
        response_dict["body"] = json.dumps(fitting).encode()


def _check_xml(operation_model: OperationModel, response_dict: dict[str, Any]) -> None:
    """STS's XML without its wrapper ends in a KeyError; what is no XML at all, botocore refuses by itself."""
    shape = operation_model.output_shape
    wrapper = shape.serialization.get("resultWrapper", "") if shape else ""
    if response_dict["status_code"] < _FIRST_FAILURE and f"<{wrapper}".encode() not in response_dict["body"]:
        raise GarbledAnswerError(operation=operation_model.name, why=_outline(response_dict["body"]))


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body) if body else {}
    except (ValueError, RecursionError):
        return None


def _error_body(said: object) -> dict[str, str]:
    """Botocore reads two texts of an error; without a type it takes the HTTP status for the error's code."""
    if not isinstance(said, dict):
        return {"message": "the error's text cannot be read"}
    return {name: text for name, text in said.items() if name != "__type" or _plain(text)} | {
        name: str(said[name]) for name in ("message", "Message") if name in said
    }


def _plain(text: object) -> bool:
    return isinstance(text, str) and text != ""


def _outline(body: bytes) -> str:
    return f"{len(body)} bytes that begin with {body[:40]!r}"


def _fit(shape: Shape, value: object) -> Any:  # JSON has no narrower type
    """The value as its shape wants it, or `_MISFIT`; parts that don't fit are left out."""
    if isinstance(shape, StructureShape):
        return _fit_structure(shape, value)
    if isinstance(shape, ListShape):
        return _kept(_fit(shape.member, each) for each in value) if isinstance(value, list) else _MISFIT
    if isinstance(shape, MapShape):
        return value if isinstance(value, dict) else _MISFIT
    if shape.type_name == "string":
        return value if isinstance(value, str) else _MISFIT
    return value if shape.type_name != "timestamp" or _is_time(value) else _MISFIT


def _kept(values: Any) -> list[Any]:  # as _fit
    return [value for value in values if value is not _MISFIT]


def _fit_structure(shape: StructureShape, value: object) -> Any:  # as _fit
    if not isinstance(value, dict):
        return _MISFIT
    # Members that this botocore doesn't know yet stay: its parser passes them over.
    parts = ((name, _fit_member(shape, name, part)) for name, part in value.items())
    return {name: part for name, part in parts if part is not _MISFIT and part is not None}


def _fit_member(shape: StructureShape, name: str, value: object) -> Any:  # as _fit
    return _fit(shape.members[name], value) if name in shape.members else value


def _is_time(value: object) -> bool:
    if not isinstance(value, int | float | str) or isinstance(value, bool):
        return False
    try:
        parsed_time(value)
    except (ValueError, OverflowError, OSError, RuntimeError):
        return False
    return True
