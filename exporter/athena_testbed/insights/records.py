"""Rows: at first log events with the fields that AWS discovers in them, after `stats` only what was computed.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html. Numbers
with a point stay the text that the event has, so that results show them as they were logged.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from athena_testbed.insights.values import Timestamp, Value, written

_UNREAD: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Record:
    """One log event for Insights; `log` is `account:group`, `pointer` names the event."""

    timestamp: int
    ingested: int
    message: str
    stream: str
    log: str
    pointer: str


class Row:
    """One row on its way through the commands."""

    __slots__ = ("_found", "made", "record")

    def __init__(self, record: Record | None, made: dict[str, Value] | None = None) -> None:
        self.record = record
        self.made: dict[str, Value] = {} if made is None else made
        self._found: Mapping[str, Any] = _UNREAD

    def get(self, name: str) -> Value:
        """A field's value: one that the query made, one of the event, or one of the JSON in its message."""
        if name in self.made:
            return self.made[name]
        if self.record is None:
            return None
        if name in _BUILT_IN:
            return _BUILT_IN[name](self.record)
        if self._found is _UNREAD:
            self._found = _object(self.record.message)
        found = self._found.get(name)
        if found is None and "." in name:
            found = _nested(self._found, name.split("."))
        return _leaf(found)


_BUILT_IN: Mapping[str, Callable[[Record], Value]] = {
    "@timestamp": lambda record: Timestamp(record.timestamp),
    "@ingestionTime": lambda record: Timestamp(record.ingested),
    "@message": lambda record: record.message,
    "@logStream": lambda record: record.stream,
    "@log": lambda record: record.log,
    "@ptr": lambda record: record.pointer,
}


def _object(message: str) -> Mapping[str, Any]:
    """The JSON object that a message is, or nothing."""
    if not message.lstrip().startswith("{"):
        return {}
    try:
        found = _DECODER.decode(message)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


_DECODER = json.JSONDecoder(parse_float=str)


def discovered(record: Record) -> dict[str, str]:
    """Every field of the JSON in an event's message, its values as results write them."""
    return {name: written(value) for name, value in _leaves("", _object(record.message))}


def _leaves(path: str, found: Any) -> Iterator[tuple[str, Value]]:
    inner = found.items() if isinstance(found, Mapping) else enumerate(found) if isinstance(found, list) else None
    if inner is not None:
        for key, value in inner:
            yield from _leaves(f"{path}.{key}" if path else str(key), value)
    elif _leaf(found) is not None:
        yield path, _leaf(found)


def _nested(found: Any, path: list[str]) -> Any:
    for key in path:
        if isinstance(found, dict):
            found = found.get(key)
        elif isinstance(found, list) and key.isdigit() and int(key) < len(found):
            found = found[int(key)]
        else:
            return None
    return found


def _leaf(found: Any) -> Value:
    """Only texts, numbers and truths are values; a truth counts as 1 or 0."""
    if isinstance(found, bool):
        return int(found)
    return found if isinstance(found, str | int) else None
