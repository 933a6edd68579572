"""Which tallies a query counts for.

Patterns are asked once for each value of a field: the answer is a set of tallies, as the bits of an integer, and a
query counts for those in the sets of all its fields. So neither subjects nor combinations of them cost anything.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import translate
from typing import NamedTuple, TypeAlias

from athena_exporter.budgets.model import Match, Patterns, Per, Tally
from athena_exporter.budgets.windows import Slot, Slots
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


Cells: TypeAlias = tuple[tuple[int, int], ...]
"""Cells that take the same additions: each the tally's place and the first millisecond of the cell."""
_Plan: TypeAlias = tuple[tuple[int, int], ...]
"""The tallies' places, each with the place of its subject among the query's fields."""


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
        self._is_user = name == Per.USER
        patterns = [getattr(tally.match, name, ()) for tally in tallies]
        self._anybody = sum(1 << place for place, some in enumerate(patterns) if not some)
        self._globs = [(1 << place, Globs(some)) for place, some in enumerate(patterns) if some]
        self._of_somebody = sum(1 << place for place, tally in enumerate(tallies) if tally.per.value == name)
        self.matters = bool(self._of_somebody or self._globs)
        self.known: dict[str | None, int] = {}

    def ask(self, value: str | None) -> int:
        """The tallies that the value lets in; it is `known` from now on."""
        if len(self.known) >= _REMEMBERED:
            self.known.clear()
        mask = self.known[value] = self._asked(value)
        return mask

    def _asked(self, value: str | None) -> int:
        found = self._anybody | sum(bit for bit, globs in self._globs if globs.fit(value))
        is_somebody = bool(value) and not (self._is_user and value in _NOBODY)
        return found if is_somebody else found & ~self._of_somebody


class Matcher:
    """The tallies that queries count for, and where their cells begin. Not for several threads at once."""

    def __init__(self, tallies: Sequence[Tally]) -> None:
        self.tallies = tuple(tallies)
        windows = tuple(dict.fromkeys(tally.window for tally in self.tallies))
        self.slots = Slots(windows)
        self._window = [windows.index(tally.window) for tally in self.tallies]
        self._subject = [Query._fields.index(tally.per.value) for tally in self.tallies]
        names = dict.fromkeys((*Match.__slots__, *(tally.per.value for tally in self.tallies)))
        fields = [field for name in names if (field := _Field(name, self.tallies)).matters]
        self._fields = [(field.place, field.known, field.ask) for field in fields]
        self._all = (1 << len(self.tallies)) - 1
        self._plans: dict[int, _Plan] = {}

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

    def sheet(self, mask: int, slot: Slot) -> tuple[tuple[int, Cells], ...]:
        """How to count for these tallies in that slot: by the place of the subject's field, all of its cells."""
        by_field: dict[int, list[tuple[int, int]]] = {}
        for place, field in self._plan(mask):
            by_field.setdefault(field, []).append((place, slot.begins[self._window[place]]))
        return tuple((field, tuple(cells)) for field, cells in by_field.items())

    def charges(self, query: Query) -> Iterator[Charge]:
        """Every tally and subject that the query counts for, in the order of the tallies."""
        for place, field in self._plan(self.mask(query)):
            yield Charge(place, str(query[field]))

    def start_of(self, tally: int, at_ms: int) -> int:
        """The first millisecond of the tally's cell that the moment belongs to."""
        return self.slots.of(at_ms).begins[self._window[tally]]

    def _plan(self, mask: int) -> _Plan:
        plan = self._plans.get(mask)
        if plan is None:
            if len(self._plans) >= _REMEMBERED:
                self._plans.clear()
            plan = tuple((place, field) for place, field in enumerate(self._subject) if mask >> place & 1)
            self._plans[mask] = plan
        return plan
