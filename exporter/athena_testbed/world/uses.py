"""What a statement does with a table, as an observer should see it. Data travels from the statement to the truth.

`read`: its data is read. `write`: INSERT, CREATE TABLE AS, MERGE, UPDATE, DELETE change it. `ddl`: the table itself is
made, changed or dropped. `metadata`: it is only asked about (DESCRIBE, SHOW, a plain EXPLAIN, `"t$partitions"`).
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Mode: TypeAlias = Literal["read", "write", "ddl", "metadata"]


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """One table in one mode; `via_view` is the view `database.view` that the statement names instead of it."""

    database: str
    table: str
    mode: Mode
    via_view: str | None = None

    @property
    def name(self) -> str:
        """As `database.table`."""
        return f"{self.database}.{self.table}"


def databases(uses: tuple[Use, ...]) -> frozenset[str]:
    """The databases that the SQL itself names: those it reads, else those it writes, else any."""
    named = [use for use in uses if use.via_view is None]
    for modes in ({"read"}, {"write"}, {"ddl", "metadata"}):
        found = frozenset(use.database for use in named if use.mode in modes)
        if found:
            return found
    return frozenset()
