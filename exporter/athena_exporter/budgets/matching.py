"""Which tallies a query counts for. The answer for a query's kind is remembered: a new one is asked for once."""

import re
from collections.abc import Iterable, Sequence
from fnmatch import translate
from typing import NamedTuple, TypeAlias

from athena_exporter.budgets.model import Match, Patterns, Per, Tally
from athena_exporter.budgets.windows import Starts
from athena_exporter.records import PENDING, UNATTRIBUTED, UNKNOWN

_NOBODY = frozenset({PENDING, UNATTRIBUTED, UNKNOWN})
_REMEMBERED = 200_000


class Query(NamedTuple):
    """What budgets may ask of a query; user, role and client are None as long as nobody has told who started it."""

    workgroup: str
    database: str
    workload: str | None
    user: str | None = None
    role: str | None = None
    client: str | None = None


class Charge(NamedTuple):
    """A query counts for a subject in the tally at this place."""

    tally: int
    subject: str


Charges: TypeAlias = tuple[Charge, ...]


class Globs:
    """Patterns with `*`, `?` and `[...]`, of which one has to fit the whole text; none: everything fits."""

    def __init__(self, patterns: Patterns) -> None:
        self._fits = re.compile("|".join(map(translate, patterns))).match if patterns else None

    def fit(self, text: str | None) -> bool:
        """Whether one of them fits; what nobody has told fits no pattern."""
        return self._fits is None or (text is not None and self._fits(text) is not None)


class _Filter:
    """A tally, ready to be asked."""

    def __init__(self, place: int, tally: Tally) -> None:
        self._place = place
        self._per = tally.per.value
        self._fields = [
            (Query._fields.index(name), Globs(patterns)) for name, patterns in _asked(tally.match) if patterns
        ]

    def charge(self, query: Query) -> Charge | None:
        subject = getattr(query, self._per)
        if not subject or (self._per == Per.USER and subject in _NOBODY):
            return None
        if all(globs.fit(query[place]) for place, globs in self._fields):
            return Charge(self._place, subject)
        return None


def _asked(match: Match) -> Iterable[tuple[str, Patterns]]:
    return ((name, getattr(match, name)) for name in Match.__slots__)


class Matcher:
    """The tallies that queries count for, and where their cells begin. Not for several threads at once."""

    def __init__(self, tallies: Sequence[Tally]) -> None:
        self.tallies = tuple(tallies)
        self._filters = [_Filter(place, tally) for place, tally in enumerate(self.tallies)]
        windows = tuple(dict.fromkeys(tally.window for tally in self.tallies))
        self._window = [windows.index(tally.window) for tally in self.tallies]
        self._starts = Starts(windows)
        self._asks_database = any(tally.match.database for tally in self.tallies)
        self._asks_workload = any(tally.per is Per.WORKLOAD for tally in self.tallies)
        self._remembered: dict[Query, Charges] = {}
        self._gained: dict[tuple[Query, Query], Charges] = {}

    def charges(self, query: Query) -> Charges:
        """Every tally and subject that the query counts for, as far as it is known."""
        key = self._key(query)
        found = self._remembered.get(key)
        if found is None:
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            found = tuple(charge for one in self._filters if (charge := one.charge(key)) is not None)
            self._remembered[key] = found
        return found

    def gained(self, before: Query, after: Query) -> Charges:
        """What the query counts for in addition, now that more is known of it: knowledge takes nothing away."""
        key = self._key(before), self._key(after)
        found = self._gained.get(key)
        if found is None:
            if len(self._gained) >= _REMEMBERED:
                self._gained.clear()
            had = self.charges(before)
            found = self._gained[key] = tuple(charge for charge in self.charges(after) if charge not in had)
        return found

    def start_of(self, tally: int, at_ms: int) -> int:
        """The first millisecond of the tally's cell that the moment belongs to."""
        return self._starts.of(self._window[tally], at_ms)

    def _key(self, query: Query) -> Query:
        """The query without what no tally asks for: its kind."""
        if self._asks_database and self._asks_workload:
            return query
        return Query(
            query.workgroup,
            query.database if self._asks_database else "",
            query.workload if self._asks_workload else None,
            query.user,
            query.role,
            query.client,
        )
