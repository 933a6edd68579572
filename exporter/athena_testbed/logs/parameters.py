"""The parameters of calls to CloudWatch Logs: names, numbers, pages, each refused in AWS's words."""

import re
from collections.abc import Sequence
from typing import Any, Never, TypeVar

from athena_testbed.tokens import BadTokenError, seal, unseal
from athena_testbed.wire import AwsError, Json

_T = TypeVar("_T")


def invalid(message: str) -> Never:
    """Refuse the call.

    Raises:
        AwsError: InvalidParameterException.
    """
    raise AwsError("InvalidParameterException", message)


def name(parameters: Json, key: str, pattern: re.Pattern[str]) -> str:
    """A name that matches the pattern whole."""
    value = parameters.get(key)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        invalid(
            f"1 validation error detected: Value '{value}' at '{key}' failed to satisfy constraint: Member must satisfy"
            f" regular expression pattern: {pattern.pattern}"
        )
    return value


def number(parameters: Json, key: str, default: int, *, least: int = 0, most: int = 2**63) -> int:
    """A whole number within its bounds, or the default."""
    value = parameters.get(key)
    if value is None:
        return default
    if not isinstance(value, int) or not least <= value <= most:
        invalid(
            f"1 validation error detected: Value '{value}' at '{key}' failed to satisfy constraint: Member must have"
            f" value between {least} and {most}"
        )
    return value


def page(found: Sequence[_T], parameters: Json, scope: list[Any], most: int) -> tuple[Sequence[_T], Json]:
    """One page of `found`, and the `nextToken` where there is more."""
    size = number(parameters, "limit", most, least=1, most=most)
    begin = place(parameters, scope)
    token = {"nextToken": seal([begin + size], scope)} if begin + size < len(found) else {}
    return found[begin : begin + size], token


def place(parameters: Json, scope: list[Any]) -> int:
    """Where the page of a `nextToken` begins; 0 without one."""
    token = parameters.get("nextToken")
    if token is None:
        return 0
    try:
        return unseal(str(token), scope)[0]
    except (BadTokenError, IndexError) as error:
        raise AwsError("InvalidParameterException", "The specified nextToken is invalid.") from error
