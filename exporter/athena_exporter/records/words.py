"""The words that all records share: times, targets, states, and who somebody is."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

UNKNOWN = "unknown"
"""The label value of something AWS did not tell."""
OTHER = "other"
"""The label value that takes what a label budget has no room for."""
UNATTRIBUTED = "unattributed"
"""The user of a query whose start no identity source ever saw."""
PENDING = "pending"
"""The user, in windows only, of a query whose start may still be seen."""


def epoch_ms(at: datetime) -> int:
    """Whole milliseconds since 1970 of an aware time, exact (no float on the way)."""
    delta = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


def from_epoch_ms(milliseconds: int) -> datetime:
    """The aware UTC time of `epoch_ms`'s answer."""
    seconds, rest = divmod(milliseconds, 1000)
    return datetime.fromtimestamp(seconds, tz=UTC).replace(microsecond=rest * 1000)


class State(StrEnum):
    """A query's state, lower case; AWS's CANCELED and CANCELLED are one word here."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether no later read can change it. RUNNING may return to QUEUED; FAILED is terminal."""
        return self in {State.SUCCEEDED, State.FAILED, State.CANCELLED}


class Kind(StrEnum):
    """What sort of subject an identity is."""

    PERSON = "person"
    SERVICE = "service"
    ROLE = "role"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Target:
    """One account in one Region, as STS resolved it: the first part of every key."""

    account_id: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who started a query. `user` is the label; `client` is the tool (`dbt-athena`, `console`, ...)."""

    user: str
    role: str | None
    kind: Kind
    client: str
