"""The company of the soak: an embedded account by the clock that jumps, and its truth, added up day by day."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import athena_testbed
from athena_testbed.truth import UNATTRIBUTED
from soak.clock import Shown

REGION = "eu-west-1"
BEGINS = datetime(2026, 8, 31, tzinfo=UTC)
"""A Monday, far from the end of a month."""
_ADDED = ("queries", "scanned_bytes", "billed_bytes", "cost_nanousd")
_GROUPS: Mapping[str, tuple[str, ...]] = {
    "by_workgroup_statement_type_state": ("workgroup", "statement_type", "state"),
    "by_user_workgroup_database_state": ("user", "workgroup", "database", "state"),
}


@contextmanager
def account(shown: Shown, per_day: int, **more: Any) -> Iterator[athena_testbed.Running]:
    """So many queries a day, evenly; CloudTrail as late and as lossy as it is by default. Rates are the exporter's."""
    settings = athena_testbed.Settings(region=REGION, queries_per_minute=per_day / 1440, rates=None, **more)
    with athena_testbed.running(settings, clock=shown) as running:
        yield running


class Book:
    """What really happened, one stretch of time after another."""

    def __init__(self, running: athena_testbed.Running, begins: datetime) -> None:
        """Nothing is in it yet."""
        self._running = running
        self._until = begins
        self._sums: dict[str, dict[tuple[str, ...], Counter[str]]] = {name: {} for name in _GROUPS}
        self._tables: dict[str, Counter[str]] = {}
        self.refused = 0
        self.accesses = 0

    @property
    def queries(self) -> int:
        """How many have ended."""
        return sum(found["queries"] for found in self._sums["by_workgroup_statement_type_state"].values())

    def read(self, until: datetime) -> None:
        """Add what ended meanwhile: the account has forgotten no plan of it yet."""
        self.add(self._running.truth(self._until, until, undelivered=UNATTRIBUTED))
        self._until = until

    def add(self, truth: Mapping[str, Any]) -> None:
        """Add what the account says of a stretch of time."""
        for group, names in _GROUPS.items():
            for row in truth[group]:
                key = tuple(row[name] for name in names)
                self._sums[group].setdefault(key, Counter()).update({name: row[name] for name in _ADDED})
        for name, row in truth["by_table"].items():
            self._tables.setdefault(name, Counter()).update(row["by_mode"])
        self.refused += truth["failed_starts"]["delivered"]
        self.accesses = sum(found.total() for found in self._tables.values())

    def truth(self) -> dict[str, Any]:
        """All of it, as the account tells a truth."""
        return {
            **{
                group: [{**dict(zip(names, key, strict=True)), **found} for key, found in self._sums[group].items()]
                for group, names in _GROUPS.items()
            },
            "by_table": {name: {"by_mode": dict(found)} for name, found in self._tables.items()},
        }


def midnight(day: int) -> datetime:
    """When so many days are over."""
    return BEGINS + timedelta(days=day)
