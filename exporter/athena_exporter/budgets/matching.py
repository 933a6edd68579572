"""Which tallies a query counts for.

Patterns are asked once for each value of a field: the answer is a set of tallies, as the bits of an integer, and a
query counts for those in the sets of all its fields. So neither subjects nor combinations of them cost anything.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import translate
from typing import NamedTuple, TypeAlias

from athena_exporter.budgets.model import Match, Patterns, Per, Tally
from athena_exporter.budgets.windows import Starts
from athena_exporter.records import PENDING, UNATTRIBUTED, UNKNOWN

_NOBODY = frozenset({PENDING, UNATTRIBUTED, UNKNOWN})
_REMEMBERED = 200_000
"""Values of one field; there are mostly a few thousand."""


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


Plan: TypeAlias = tuple[tuple[int, tuple[tuple[int, int], ...]], ...]
"""By the window's place: the tallies' places, each with the place of its subject among the query's fields."""


class Globs:
    """Patterns with `*`, `?` and `[...]`, of which one has to fit the whole text; none: everything fits."""

    def __init__(self, patterns: Patterns) -> None:
        self._fits = re.compile("|".join(map(translate, patterns))).match if patterns else None

    def fit(self, text: str | None) -> bool:
        """Whether one of them fits; what nobody has told fits no pattern."""
        return self._fits is None or (text is not None and self._fits(text) is not None)


class _Field:
    """What one field of a query says about all tallies."""

    def __init__(self, name: str, tallies: Sequence[Tally]) -> None:
        self.place = Query._fields.index(name)
        self._subjects = [tally.per.value == name for tally in tallies]
        self._is_user = name == Per.USER
        self._globs = [Globs(getattr(tally.match, name, ())) for tally in tallies]
        self.matters = any(self._subjects) or any(getattr(tally.match, name, ()) for tally in tallies)
        self.known: dict[str | None, int] = {}

    def ask(self, value: str | None) -> int:
        """The tallies that the value lets in; it is `known` from now on."""
        if len(self.known) >= _REMEMBERED:
            self.known.clear()
        mask = self.known[value] = self._asked(value)
        return mask

    def _asked(self, value: str | None) -> int:
        somebody = bool(value) and not (self._is_user and value in _NOBODY)
        return sum(
            1 << place
            for place, (is_subject, globs) in enumerate(zip(self._subjects, self._globs, strict=True))
            if (somebody or not is_subject) and globs.fit(value)
        )


class Matcher:
    """The tallies that queries count for, and where their cells begin. Not for several threads at once."""

    def __init__(self, tallies: Sequence[Tally]) -> None:
        self.tallies = tuple(tallies)
        windows = tuple(dict.fromkeys(tally.window for tally in self.tallies))
        self.starts = Starts(windows)
        self._window = [windows.index(tally.window) for tally in self.tallies]
        self._subject = [Query._fields.index(tally.per.value) for tally in self.tallies]
        names = dict.fromkeys((*Match.__slots__, *(tally.per.value for tally in self.tallies)))
        fields = [field for name in names if (field := _Field(name, self.tallies)).matters]
        self._fields = [(field.place, field.known, field.ask) for field in fields]
        self._all = (1 << len(self.tallies)) - 1
        self._plans: dict[int, Plan] = {}

    def mask(self, query: Query) -> int:
        """The tallies that the query counts for, as far as it is known, as bits."""
        mask = self._all
        # Every query passes here twice: the look-ups stand here, for calls would take longer than they do.
        for place, known, ask in self._fields:
            value = query[place]
            bits = known.get(value)
            mask &= ask(value) if bits is None else bits
        return mask

    def gained(self, before: Query, after: Query) -> int:
        """The tallies that the query counts for, now that more is known of it, and did not before."""
        had = mask = self._all
        for place, known, ask in self._fields:
            value, old = after[place], before[place]
            bits = known.get(value)
            if bits is None:
                bits = ask(value)
            mask &= bits
            had &= bits if old is value else self._bits(known, ask, old)
        return mask & ~had

    @staticmethod
    def _bits(known: Mapping[str | None, int], ask: Callable[[str | None], int], value: str | None) -> int:
        bits = known.get(value)
        return ask(value) if bits is None else bits

    def plan(self, mask: int) -> Plan:
        """How to count for these tallies."""
        plan = self._plans.get(mask)
        if plan is None:
            if len(self._plans) >= _REMEMBERED:
                self._plans.clear()
            plan = self._plans[mask] = self._planned(mask)
        return plan

    def _planned(self, mask: int) -> Plan:
        by_window: dict[int, list[tuple[int, int]]] = {}
        for place in range(len(self.tallies)):
            if mask >> place & 1:
                by_window.setdefault(self._window[place], []).append((place, self._subject[place]))
        return tuple((window, tuple(places)) for window, places in by_window.items())

    def charges(self, query: Query) -> Iterator[Charge]:
        """Every tally and subject that the query counts for."""
        for _, places in self.plan(self.mask(query)):
            for place, subject in places:
                yield Charge(place, str(query[subject]))

    def start_of(self, tally: int, at_ms: int) -> int:
        """The first millisecond of the tally's cell that the moment belongs to."""
        return self.starts.of(self._window[tally], at_ms)
