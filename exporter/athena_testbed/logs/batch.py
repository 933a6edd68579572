"""What PutLogEvents accepts of a batch: all of it, a part, or nothing.

Sources: botocore's model of `logs` (limits, time spans, the meaning of rejectedLogEventsInfo) and
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from athena_testbed.logs.parameters import invalid
from athena_testbed.logs.store import DAY_MS, OVERHEAD_BYTES
from athena_testbed.wire import Json

MAX_BATCH_BYTES = 1_048_576
MAX_BATCH_EVENTS = 10_000
MAX_EVENT_BYTES = 1_048_576
MAX_SPAN_MS = DAY_MS
OLDEST_MS = 14 * DAY_MS
NEWEST_MS = 2 * 3_600_000


@dataclass(frozen=True, slots=True)
class Offered:
    """One event of a batch; `size` as AWS counts it."""

    timestamp: int
    message: str
    size: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What of a batch is stored, [first, last), and what rejectedLogEventsInfo says of the rest."""

    first: int
    last: int
    rejected: Mapping[str, int]


def judged(batch: Sequence[Offered], now: int, expired_before: int) -> Verdict:
    """Which events are too old (14 days), expired (the group's retention) or too new (two hours ahead).

    The ends are exclusive, the start is inclusive: botocore's RejectedLogEventsInfo says so.
    """
    rejected: dict[str, int] = {}
    too_old = sum(event.timestamp < now - OLDEST_MS for event in batch)
    expired = sum(event.timestamp < expired_before for event in batch)
    too_new = sum(event.timestamp > now + NEWEST_MS for event in batch)
    if too_old:
        rejected["tooOldLogEventEndIndex"] = too_old
    if expired:
        rejected["expiredLogEventEndIndex"] = expired
    if too_new:
        rejected["tooNewLogEventStartIndex"] = len(batch) - too_new
    return Verdict(max(too_old, expired), len(batch) - too_new, rejected)


def offered(parameters: Json) -> list[Offered]:
    """The batch of a call.

    Raises:
        AwsError: InvalidParameterException for too many or too few events, too many bytes, or disorder.
    """
    given = parameters.get("logEvents")
    if not isinstance(given, list) or not 1 <= len(given) <= MAX_BATCH_EVENTS:
        invalid(
            "1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must have length"
            f" between 1 and {MAX_BATCH_EVENTS}"
        )
    batch = [_one(event) for event in given]
    total = sum(event.size for event in batch)
    if total > MAX_BATCH_BYTES:
        invalid(f"Upload too large: {total} bytes exceeds limit of {MAX_BATCH_BYTES}")
    if any(later.timestamp < earlier.timestamp for earlier, later in pairwise(batch)):
        invalid("Log events in a single PutLogEvents request must be in chronological order.")
    return batch


def _one(event: Any) -> Offered:
    timestamp, message = event.get("timestamp"), event.get("message")
    if not isinstance(timestamp, int) or timestamp < 0 or not isinstance(message, str) or not message:
        invalid(
            "1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must not be null"
        )
    length = len(message) if message.isascii() else len(message.encode())
    if length > MAX_EVENT_BYTES:
        invalid(f"Log event too large: {length} bytes exceeds limit of {MAX_EVENT_BYTES}")
    return Offered(timestamp, message, length + OVERHEAD_BYTES)
