"""A company's weeks counted a second time, by sets and loops: what the questions of the history must answer.

It shares no code with the library; `Case` asks one of its backends, and knows what that backend can know.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeAlias, TypeVar

from athena_on_duckdb import Engine
from history_files import BEGIN, COMPANY, DAYS, Known

import athena_testbed
from athena_exporter.library.questions import BY_NAME, Backend
from athena_testbed.truth import UNATTRIBUTED, billed_bytes, database_label

HERE = (athena_testbed.ACCOUNT_ID, COMPANY.region)
"""Account and Region."""
FIRST, LAST = BEGIN.date(), BEGIN.date() + timedelta(days=DAYS)
Rows: TypeAlias = list[tuple[Any, ...]]
_One = TypeVar("_One")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A backend, and what it knows of the weeks."""

    engine: Engine
    backend: Backend
    known: tuple[Known, ...]

    def ask(self, name: str, first: date = FIRST, last: date = LAST, **values: object) -> Rows:
        sql = BY_NAME[name].rendered({"from": first, "to": last, **values}, self.backend)
        rows = self.engine.ask(sql)
        assert all([*row] == [column.name for column in BY_NAME[name].columns] for row in rows)
        return [tuple(row.values()) for row in rows]


def by(known: Iterable[_One], key: Callable[[_One], Hashable]) -> dict[Any, list[_One]]:
    groups: defaultdict[Any, list[_One]] = defaultdict(list)
    for one in known:
        groups[key(one)].append(one)
    return dict(groups)


def usd(known: Iterable[Known]) -> float:
    return sum(one.nano for one in known) / 1e9


def scanned(known: Iterable[Known]) -> int:
    return sum(one.scanned for one in known)


def billed(known: Iterable[Known]) -> int:
    return sum(billed_bytes(one.plan) for one in known)


def users(known: Iterable[Known]) -> int:
    return len({one.user for one in known} - {UNATTRIBUTED})


def ended(known: Iterable[Known], state: str) -> int:
    return sum(one.plan.state == state for one in known)


def user(one: Known) -> str:
    return one.user


def database(one: Known) -> str:
    return database_label(one.plan)


def workgroup(one: Known) -> str:
    return one.plan.workgroup


def month(one: Known) -> str:
    return f"{one.day:%Y-%m}"


def by_mode(one: Known, mode: str) -> set[str]:
    return {use.name for use in one.plan.uses if use.mode == mode}


def falling(*weights: float) -> tuple[float, ...]:
    return tuple(-weight for weight in weights)


def middle(values: Sequence[int]) -> int:
    return sorted(values)[(len(values) + 1) // 2 - 1]


def is_select(one: Known) -> bool:
    return one.plan.shape.substatement == "SELECT"
