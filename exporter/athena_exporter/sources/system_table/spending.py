"""What the questions of a UTC day may still scan. It lives in a cursor, so that a restart is no new day.

Stage: beside source.py. Before a question so much is set aside as the last one took: a process that is killed while
it asks has spent that, and one that is started over and over spends no more than the cap either.
"""

from dataclasses import dataclass
from datetime import date

from athena_exporter.config.kinds import write_size
from athena_exporter.sources.errors import LIMIT
from athena_exporter.sources.system_table.capability import SystemTableError

SPENT = "spent"
"""The cursor: a day and bytes, `2026-03-10 31457280`."""


class SpentError(SystemTableError):
    """The day's bytes are spent."""

    reason = LIMIT


@dataclass(slots=True, kw_only=True)
class Spending:
    """One day's bytes as AWS bills them. `minimum` is the least that a question costs."""

    day: date
    spent: int
    most: int
    minimum: int

    @classmethod
    def of(cls, cursor: str | None, *, day: date, most: int, minimum: int) -> "Spending":
        """What the cursor says of this day; of any other, or of none, it says nothing."""
        told, _, spent = (cursor or "").partition(" ")
        known = told == day.isoformat() and spent.isascii() and spent.isdigit()
        return cls(day=day, spent=int(spent) if known else 0, most=most, minimum=minimum)

    @property
    def left(self) -> int:
        """Bytes that may still be scanned."""
        return max(0, self.most - self.spent)

    def reserve(self, expected: int) -> dict[str, str]:
        """Set aside what a question is expected to take; the cursor to commit before it is asked.

        Raises:
            SpentError: there is not so much left.
        """
        if expected > self.left:
            raise SpentError(
                f"today's questions have scanned {self.spent} bytes, the next one takes about {expected}, and "
                f"sources.system_table.max_bytes_per_day is {write_size(self.most)}; it goes on at 00:00 UTC"
            )
        return {SPENT: f"{self.day.isoformat()} {self.spent + expected}"}

    def settle(self, scanned: int | None) -> int:
        """A question was asked and has scanned this; answers what AWS bills of it."""
        billed = max(self.minimum, scanned or 0)
        self.spent += billed
        return billed

    @property
    def cursor(self) -> dict[str, str]:
        """As it stands."""
        return {SPENT: f"{self.day.isoformat()} {self.spent}"}
