"""The exporter's counters against the account's truth: equal to the byte, or by how much they differ.

The truth is what the account knows of its own queries (`GET /_testbed/truth`), counted without the exporter.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from athena_testbed.demo.figures import Figures, Usage, Usages, total
from athena_testbed.demo.screen import bytes_words, dollars_words, queries_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Both sides; a name that one side lacks has used nothing there."""

    workgroups: Mapping[str, tuple[Usage, Usage]]
    users: Mapping[str, tuple[Usage, Usage]]
    pending: Usage
    events: "Events"

    @property
    def counted(self) -> Usage:
        """What the exporter has counted for all workgroups."""
        return total({name: counted for name, (counted, _) in self.workgroups.items()})

    @property
    def true(self) -> Usage:
        """What there was to count."""
        return total({name: true for name, (_, true) in self.workgroups.items()})

    @property
    def attributed(self) -> Usage:
        """What the exporter has counted for all users."""
        return total({name: counted for name, (counted, _) in self.users.items()})

    @property
    def adds_up(self) -> bool:
        """Whether users and pending together are the workgroups, in queries and in bytes."""
        parts = self.attributed + self.pending
        return (parts.queries, parts.scanned_bytes) == (self.counted.queries, self.counted.scanned_bytes)

    @property
    def is_told(self) -> bool:
        """Whether every query whose user is known has its event."""
        return self.events.queries == self.attributed.queries

    @property
    def is_equal(self) -> bool:
        """Whether all counters are the truth, no user lacks more than what is pending, no query its event."""
        return self.adds_up and self.is_told and all(counted == true for counted, true in self.workgroups.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """Different queries, and different uses of a table, of which CloudWatch Logs has an event; copies count once."""

    queries: int = 0
    accesses: int = 0


def compare(figures: Figures, truth: bytes, events: Events) -> Comparison:
    """`truth` is the answer of `GET /_testbed/truth` since `figures.counting_since`."""
    answer = json.loads(truth)
    return Comparison(
        workgroups=_pairs(figures.workgroups, _usages(answer["by_workgroup"])),
        users=_pairs(figures.users, _usages(answer["by_user"])),
        pending=Usage(queries=figures.pending_queries, scanned_bytes=figures.pending_bytes),
        events=events,
    )


def truth_path(since: datetime) -> str:
    """The path of the truth of all that ended at or after `since`."""
    return f"/_testbed/truth?since={since.astimezone(UTC).isoformat(timespec='milliseconds').replace('+00:00', 'Z')}"


def _usages(group: Mapping[str, Mapping[str, Any]]) -> Usages:
    fields = ("queries", "scanned_bytes", "cost_nanousd")
    return {name: Usage(**{field: int(sums[field]) for field in fields}) for name, sums in group.items()}


def _pairs(counted: Usages, true: Usages) -> dict[str, tuple[Usage, Usage]]:
    nothing = Usage()
    return {name: (counted.get(name, nothing), true.get(name, nothing)) for name in sorted({*counted, *true})}


def words(comparison: Comparison) -> Group:
    """For people: a row a workgroup, then what is to be said of the users."""
    table = Table(
        title="Exporter and truth, by workgroup, since the start", title_justify="left", title_style="bold",
        box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True, show_footer=True,
    )  # fmt: skip  # the look in two lines
    footers = ("all", *_cells(comparison.counted, comparison.true))
    headings = ("workgroup", "queries", "truth", "bytes scanned", "truth", "")
    for place, (heading, footer) in enumerate(zip(headings, footers, strict=True)):
        table.add_column(heading, footer=footer, justify="right" if 0 < place < len(headings) - 1 else "left")
    for name, (counted, true) in comparison.workgroups.items():
        table.add_row(Text(name), *_cells(counted, true))
    return Group(table, *(Text(line) for line in _sentences(comparison)))


def _cells(counted: Usage, true: Usage) -> tuple[str, ...]:
    return (
        f"{counted.queries:,}",
        f"{true.queries:,}",
        f"{counted.scanned_bytes:,}",
        f"{true.scanned_bytes:,}",
        "equal" if counted == true else _difference(counted, true),
    )


def _difference(counted: Usage, true: Usage) -> str:
    names = {"queries": "queries", "scanned_bytes": "bytes", "cost_nanousd": "n$"}
    found = {name: getattr(counted, field) - getattr(true, field) for field, name in names.items()}
    return ", ".join(f"{value:+,} {name}" for name, value in found.items() if value)


def _sentences(comparison: Comparison) -> Iterable[str]:
    equal = sum(counted == true for counted, true in comparison.workgroups.values())
    yield (
        f"Workgroups: {equal} of {len(comparison.workgroups)} equal the truth in queries, to the byte, and to the"
        f" nanodollar of {dollars_words(comparison.counted.cost_usd)}."
    )
    same = sum(counted == true for counted, true in comparison.users.values())
    yield f"Users: {same} of {len(comparison.users)} equal the truth{_waiting(comparison.pending)}."
    named, pending, whole = comparison.attributed.queries, comparison.pending.queries, comparison.counted.queries
    verdict = "holds" if comparison.adds_up else "does NOT hold"
    yield f"All users + pending = all workgroups {verdict}: {named:,} + {pending:,} queries, and {whole:,}."
    told, uses = comparison.events.queries, comparison.events.accesses
    yield f"CloudWatch Logs: {told:,} of {named:,} queries have their event, and {uses:,} uses of tables."


def _waiting(pending: Usage) -> str:
    if not pending.queries:
        return "; nothing is pending"
    size = bytes_words(pending.scanned_bytes)
    return f"; pending until CloudTrail tells who it was: {queries_words(pending.queries)}, {size}"
