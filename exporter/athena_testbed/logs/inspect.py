"""What the control plane tells of stored log events: counts, distinct values of a field, and the events themselves."""

import json
from collections import Counter
from collections.abc import Mapping
from itertools import islice
from typing import Any

from athena_testbed.logs.service import Logs
from athena_testbed.logs.store import Event, Group
from athena_testbed.wire import Json

_FOREVER = 2**62
_MOST = 10_000


def inspected(logs: Logs, query: Mapping[str, str]) -> Json:
    """All groups with their counts or, with `group`, one group closely.

    `distinct` names a top-level field of the events' JSON; then the answer has `values` (value -> how many events),
    `distinct` (how many values) and `without` (events that lack it). `offset` and `limit` page through `events`.

    Raises:
        ValueError: for a group that doesn't exist, or a number that is none.
    """
    name = query.get("group")
    if name is None:
        return {"groups": {group.name: _counted(group) for group in logs.groups()}}
    group = next((one for one in logs.groups() if one.name == name), None)
    if group is None:
        known = ", ".join(one.name for one in logs.groups()) or "none"
        raise ValueError(f"log group {name!r} is not found; there are {known}")
    answer: Json = {"group": name, **_counted(group)}
    field = query.get("distinct")
    if field is not None:
        answer |= _distinct(group, field, logs.now_ms())
    offset, limit = int(query.get("offset", 0)), min(int(query.get("limit", 0)), _MOST)
    events = islice(group.between(0, _FOREVER, logs.now_ms()), offset, offset + limit)
    return {**answer, "page": [_shown(event) for event in events]}


def _counted(group: Group) -> Json:
    streams = {stream.name: len(stream) for stream in group.streams.values()}
    return {"events": sum(streams.values()), "stored_bytes": group.stored_bytes, "streams": streams}


def _distinct(group: Group, field: str, now: int) -> Json:
    values: Counter[Any] = Counter(_value(event, field) for event in group.between(0, _FOREVER, now))
    without = values.pop(None, 0)
    return {"distinct": len(values), "values": dict(values), "without": without}


def _value(event: Event, field: str) -> Any:
    try:
        found = json.loads(event.message)
    except ValueError:
        return None
    value = found.get(field) if isinstance(found, dict) else None
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _shown(event: Event) -> Json:
    return {
        "timestamp": event.timestamp, "ingested": event.ingested, "stream": event.stream, "message": event.message,
    }  # fmt: skip  # as short as it can be said
