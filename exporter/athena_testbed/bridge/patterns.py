"""Event patterns of EventBridge, as far as rules about queries need them; the rest is refused, never ignored.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

import json
from collections.abc import Mapping
from typing import Any

from athena_testbed.wire import AwsError, Json

_OPERATORS = frozenset({"prefix", "suffix", "anything-but", "equals-ignore-case", "exists"})


def read_pattern(text: object) -> Json:
    """The pattern of a rule.

    Raises:
        AwsError: InvalidEventPatternException, if it is none or uses what is not known here.
    """
    try:
        pattern = json.loads(str(text))
    except ValueError as error:
        raise _invalid("Event pattern is not valid. Reason: it is no JSON") from error
    if not isinstance(pattern, dict) or not pattern:
        raise _invalid("Event pattern is not valid. Reason: Filter is not an object")
    _check(pattern)
    return pattern


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether an event has all that a pattern asks for."""
    return all(_fits(wanted, event, name) for name, wanted in pattern.items())


def _check(pattern: Mapping[str, Any]) -> None:
    for name, wanted in pattern.items():
        if isinstance(wanted, dict):
            _check(wanted)
        elif not isinstance(wanted, list) or not wanted:
            raise _invalid(f'Event pattern is not valid. Reason: "{name}" must be an object or an array')
        for one in wanted if isinstance(wanted, list) else ():
            if isinstance(one, dict) and (len(one) != 1 or not one.keys() <= _OPERATORS):
                raise _invalid(f"Event pattern is not valid. Reason: Unrecognized match type {'/'.join(one)}")


def _fits(wanted: Any, event: Mapping[str, Any], name: str) -> bool:
    if isinstance(wanted, dict):
        inner = event.get(name)
        return isinstance(inner, Mapping) and matches(wanted, inner)
    found = event.get(name)
    values = found if isinstance(found, list) else [found]
    return any(_is(one, value, name in event) for one in wanted for value in values or [None])


def _is(one: Any, value: Any, is_there: bool) -> bool:  # noqa: FBT001 - a fact about the value, not a switch
    if not isinstance(one, dict):
        return is_there and bool(one == value)
    ((operator, operand),) = one.items()
    match operator:
        case "exists":
            return is_there == bool(operand)
        case "anything-but":
            refused = operand if isinstance(operand, list) else [operand]
            return is_there and value not in refused
        case "prefix":
            return isinstance(value, str) and value.startswith(str(operand))
        case "suffix":
            return isinstance(value, str) and value.endswith(str(operand))
        case _:
            return isinstance(value, str) and value.lower() == str(operand).lower()


def _invalid(words: str) -> AwsError:
    return AwsError("InvalidEventPatternException", words)
