"""The durable series: their names, which never change, and their values, which every batch adds to.

Names and values are kept apart: a batch touches a thousand values, and rows of a few bytes share few pages.
"""

import json
import sqlite3
import sys
from collections import Counter
from collections.abc import Mapping
from typing import TypeAlias

from athena_exporter import catalog
from athena_exporter.ledger.births import Births
from athena_exporter.ledger.model import Labels, SeriesKey
from athena_exporter.records import Target

Names: TypeAlias = Mapping[int, tuple[Target, str, Labels]]
"""A series' number -> its target, metric and labels."""


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
        self._births.keep(n for (n,) in connection.execute("SELECT id FROM counters WHERE shown = 0"))

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
        connection.executemany(
            "UPDATE counters SET value = value + ? WHERE id = ?",
            [(amount, numbers[key]) for key, amount in deltas.items() if key in numbers],
        )
        return {key: insert(connection, target_id, key, amount) for key, amount in deltas.items() if key not in numbers}

    def committed(self, target: Target, fresh: Mapping[SeriesKey, int]) -> None:
        """The transaction is durable: its new series are known, and their births begin."""
        for key, number in fresh.items():
            self._learn(target, key, number, self._names)
        self._births.begin(fresh.values())

    def _learn(self, target: Target, key: SeriesKey, number: int, names: dict[int, tuple[Target, str, Labels]]) -> None:
        self._numbers.setdefault(target, {})[key] = number
        self._per_family.setdefault(target, Counter())[key[0]] += 1
        names[number] = (target, *key)


def insert(connection: sqlite3.Connection, target_id: int, key: SeriesKey, amount: int) -> int:
    """Write a new series; answers its number."""
    metric, labels = key
    cursor = connection.execute(
        "INSERT INTO series (target_id, metric, labels) VALUES (?, ?, ?)", (target_id, metric, json.dumps(labels))
    )
    number = int(cursor.lastrowid or 0)
    connection.execute("INSERT INTO counters (id, value) VALUES (?, ?)", (number, amount))
    return number
