"""The durable series: their names, which never change, and their values, which every batch adds to.

Names and values are kept apart: a batch touches a thousand values, and rows of a few bytes share few pages.

A histogram is a series for its sum and one for every bucket that holds something, but it is exposed with all its
bounds from its first observation on. So the 0 of a bucket is seen long before the bucket holds anything: a new bucket
of a histogram that shows its sum shows its value at once, and otherwise both appear together. If it waited by itself,
`_count` would lag behind `_sum`, and a quantile over the last minutes would leave out what is new.
"""

import json
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from athena_exporter import catalog
from athena_exporter.ledger.births import Births
from athena_exporter.ledger.model import Labels, SeriesKey
from athena_exporter.records import Target

Names: TypeAlias = Mapping[int, tuple[Target, str, Labels]]
"""A series' number -> its target, metric and labels."""

_SUM_OF: Mapping[str, str] = MappingProxyType(
    {one.bucket_name: one.sum_name for one in catalog.METRICS if one.type is catalog.MetricType.HISTOGRAM}
)


class Counters:
    """What is known in memory of the series that are committed. Changed only under the ledger's writing lock."""

    def __init__(self, births: Births) -> None:
        """`births` learns of every new series."""
        self._births = births
        self._numbers: dict[Target, dict[SeriesKey, int]] = {}
        self._per_family: dict[Target, Counter[str]] = {}
        self._names: dict[int, tuple[Target, str, Labels]] = {}

    def load(self, connection: sqlite3.Connection) -> None:
        """Read all names anew. Series of metrics that this version does not know are left alone."""
        self._numbers, self._per_family = {}, {}
        names: dict[int, tuple[Target, str, Labels]] = {}
        for number, account_id, region, metric, labels in connection.execute(
            "SELECT s.id, account_id, region, metric, labels FROM series s JOIN targets t ON t.id = s.target_id"
        ):
            if metric in catalog.STORED_NAMES:
                target = Target(account_id=account_id, region=region)
                # Interned: tens of thousands of series share a few hundred label values.
                key = (sys.intern(metric), tuple(map(sys.intern, json.loads(labels))))
                self._learn(target, key, number, names)
        self._names = names
        unborn = [number for (number,) in connection.execute("SELECT id FROM counters WHERE shown = 0")]
        elders = self._elders(number for number in unborn if number in names)
        self._births.keep(number for number in unborn if number not in elders)
        self._births.follow(elders)

    def numbers(self, target: Target) -> Mapping[SeriesKey, int]:
        """The numbers of a target's series."""
        return self._numbers.get(target, {})

    def per_family(self, target: Target) -> Mapping[str, int]:
        """How many series each metric of a target has."""
        return self._per_family.get(target, {})

    @property
    def names(self) -> Names:
        """Every committed series by its number."""
        return self._names

    def add(
        self, connection: sqlite3.Connection, target_id: int, target: Target, deltas: Counter[SeriesKey]
    ) -> dict[SeriesKey, int]:
        """Add to the values in the open transaction; answers the numbers of series that are new with it."""
        numbers = self.numbers(target)
        found = [(amount, numbers.get(key), key) for key, amount in deltas.items()]
        connection.executemany(
            "UPDATE counters SET value = value + ? WHERE id = ?",
            [(amount, number) for amount, number, _ in found if number is not None],
        )
        return {
            key: insert(connection, target_id, key, amount, shown=self._is_shown(numbers, key))
            for amount, number, key in found
            if number is None
        }

    def _is_shown(self, numbers: Mapping[SeriesKey, int], key: SeriesKey) -> bool:
        """Whether a series that is new has been exposed as 0 for long enough: the bucket of a histogram that is."""
        elder = numbers.get(_elder(key))
        return elder is not None and not self._births.is_unborn(elder)

    def committed(self, target: Target, fresh: Mapping[SeriesKey, int]) -> None:
        """The transaction is durable: its new series are known, and their births begin."""
        for key, number in fresh.items():
            self._learn(target, key, number, self._names)
        elders = self._elders(fresh.values())
        self._births.begin(number for number in fresh.values() if number not in elders)
        self._births.follow({number: elder for number, elder in elders.items() if self._births.is_unborn(elder)})

    def _elders(self, numbers: Iterable[int]) -> dict[int, int]:
        """Of those that are buckets, the sums that show their 0."""
        found = {}
        for number in numbers:
            target, metric, labels = self._names[number]
            elder = self._numbers[target].get(_elder((metric, labels)))
            if elder is not None:
                found[number] = elder
        return found

    def _learn(self, target: Target, key: SeriesKey, number: int, names: dict[int, tuple[Target, str, Labels]]) -> None:
        self._numbers.setdefault(target, {})[key] = number
        self._per_family.setdefault(target, Counter())[key[0]] += 1
        names[number] = (target, *key)


def _elder(key: SeriesKey) -> SeriesKey:
    """The series whose 0 shows this one's 0, too; no series has the answer's name if there is none."""
    metric, labels = key
    return _SUM_OF.get(metric, ""), labels[:-1]


def forget(connection: sqlite3.Connection, histograms: Iterable[str]) -> None:
    """Delete histograms that are switched off: one that stood still would read as a company without queries."""
    gone = [
        (part,) for name in histograms for part in (catalog.BY_NAME[name].bucket_name, catalog.BY_NAME[name].sum_name)
    ]
    connection.executemany("DELETE FROM series WHERE metric = ?", gone)


def insert(connection: sqlite3.Connection, target_id: int, key: SeriesKey, amount: int, *, shown: bool = False) -> int:
    """Write a new series; answers its number."""
    metric, labels = key
    cursor = connection.execute(
        "INSERT INTO series (target_id, metric, labels) VALUES (?, ?, ?)", (target_id, metric, json.dumps(labels))
    )
    number = int(cursor.lastrowid or 0)
    connection.execute("INSERT INTO counters (id, value, shown) VALUES (?, ?, ?)", (number, amount, int(shown)))
    return number
