"""The border to AWS: each module reads one API and yields records. AWS's PascalCase dies here.

Stage: AWS -> **sources** -> records. A source catches no AWS error (the poller is the one seam) and keeps no
durable state: what it has to know it asks of `Knowledge`, what it has reached travels in `Batch.cursors`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from athena_exporter.records import Batch, Target, Unfinished


class Knowledge(Protocol):
    """What the ledger knows of one target; every answer is committed state."""

    def low_water(self) -> datetime:
        """Executions that ended before it are of no interest to anybody."""
        ...

    def sequence(self) -> int:
        """The number of the last committed transaction."""
        ...

    def counting_since(self) -> datetime:
        """Counters hold what ended at or after this time."""
        ...

    def cursors(self, source: str) -> Mapping[str, str]:
        """Everything that the source has committed, by key."""
        ...

    def cursor(self, source: str, key: str) -> str | None:
        """What the source last committed under this key."""
        ...

    def known_executions(self, query_ids: Collection[str]) -> Mapping[str, int]:
        """Of these ids, those whose execution is recorded -> the transaction that first recorded it."""
        ...

    def counted(self, query_ids: Collection[str]) -> Collection[str]:
        """Of these ids, those that have ended and are counted: reading them again adds nothing."""
        ...

    def attributed(self, query_ids: Collection[str]) -> Collection[str]:
        """Of these ids, those whose user is known."""
        ...

    def unfinished(self) -> Sequence[Unfinished]:
        """Ids to ask for again: queued, running, final without statistics, or known only by their start."""
        ...

    def awaiting_statistics(self) -> Sequence[str]:
        """Of the unfinished, those that are final and have no statistics yet."""
        ...

    def awaiting_identity(self) -> Sequence[datetime]:
        """The submission times of recorded executions whose start has not been seen, oldest first."""
        ...


class Source(Protocol):
    """One way of reading AWS for one target."""

    @property
    def name(self) -> str:
        """As in the configuration and in the label `source`."""
        ...

    @property
    def target(self) -> Target:
        """The account and Region it reads."""
        ...

    def read(self, knowledge: Knowledge) -> Iterator[Batch]:
        """One pass. Each batch is committed before the next is asked for. Raises AWS's errors as they are."""
        ...


__all__ = ["Knowledge", "Source", "Unfinished"]
