"""Inventories: the present state of something as a whole, of each kind the last one that was told, and its samples.

They are committed, so that a restart shows them before AWS is asked again. A change of a record's shape goes with a
step of the schema that empties the table: the next read fills it.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any, TypeAlias

from athena_exporter import catalog
from athena_exporter.records import (
    UNKNOWN,
    ActiveQueries,
    ActiveQueryQuota,
    ActiveQueryQuotas,
    Inventory,
    Peak,
    Peaks,
    QuotaOrigin,
    Reservation,
    Reservations,
    Sample,
    Target,
    Workgroup,
    Workgroups,
)

Shown: TypeAlias = tuple[catalog.Metric, tuple[str, ...], int, tuple[tuple[str, str], ...]]
"""A metric, its labels, its value, and tags."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """One kind of inventory: how long it stays when it is not told again, how it is read back and what it shows."""

    kept: timedelta
    read: Callable[[Any], Inventory]
    show: Callable[[Any], Iterator[Shown]]


def save(connection: sqlite3.Connection, target_id: int, told: Iterable[Inventory], now_ms: int) -> None:
    """Replace the last of each kind in the open transaction; `now_ms` is AWS's clock."""
    connection.executemany(
        "INSERT OR REPLACE INTO inventories (target_id, kind, told_ms, body) VALUES (?, ?, ?, ?)",
        [(target_id, type(one).__name__, now_ms, json.dumps(one, default=_plain)) for one in told],
    )


def present(connection: sqlite3.Connection, target_id: int, now_ms: int) -> list[Inventory]:
    """The inventories that are still worth showing.

    `now_ms` is our clock: it goes on while AWS is out of reach, and AWS refuses signatures of a clock that is minutes
    off (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html), so it fits what was told.
    """
    found = connection.execute(
        "SELECT kind, body, ? - told_ms FROM inventories WHERE target_id = ?", (now_ms, target_id)
    )
    return [
        _KINDS[kind].read(json.loads(body))
        for kind, body, age_ms in found
        if kind in _KINDS and timedelta(milliseconds=age_ms) < _KINDS[kind].kept
    ]


def workgroups(found: Iterable[Inventory]) -> set[str]:
    """The names of all workgroups among them."""
    return {one.name for inventory in found if isinstance(inventory, Workgroups) for one in inventory.items}


def samples(found: Iterable[Inventory], target: Target) -> Iterator[Sample]:
    """What the inventories show."""
    for inventory in found:
        for metric, labels, value, tags in _KINDS[type(inventory).__name__].show(inventory):
            yield Sample(metric=metric.name, target=target, labels=labels, value=value, tags=tags)


def _workgroup(one: Workgroup) -> Iterator[Shown]:
    labels = (
        one.name,
        _either(one.is_enabled, "enabled", "disabled"),
        one.engine or UNKNOWN,
        _either(one.is_enforced, "true", "false"),
        _either(one.is_publishing, "true", "false"),
    )
    yield catalog.WORKGROUP_INFO, labels, 1, tuple(sorted(one.tags.items()))
    if one.cutoff_bytes is not None:
        yield catalog.WORKGROUP_CUTOFF_BYTES, (one.name,), one.cutoff_bytes, ()


def _reservation(one: Reservation) -> Iterator[Shown]:
    for kind, dpus in (("target", one.target_dpus), ("allocated", one.allocated_dpus)):
        if dpus is not None:
            yield catalog.CAPACITY_DPUS, (one.name, one.state.lower(), kind), dpus, ()


def _peak(one: Peak) -> Iterator[Shown]:
    labels = (one.workgroup, one.query_type)
    if one.processed_bytes is not None:
        yield catalog.CLOUDWATCH_LARGEST_QUERY_BYTES, labels, one.processed_bytes, ()
    if one.total_ms is not None:
        yield catalog.CLOUDWATCH_LONGEST_QUERY_SECONDS, labels, one.total_ms, ()


def _quota(one: ActiveQueryQuota) -> Iterator[Shown]:
    yield catalog.ACTIVE_QUERY_QUOTA, (one.type, one.origin.value), one.queries, ()


def _active(all_of_them: ActiveQueries) -> Iterator[Shown]:
    for kind, queries in all_of_them.by_type.items():
        yield catalog.ACTIVE_QUERIES, (kind,), queries, ()


def _each(show: Callable[[Any], Iterator[Shown]]) -> Callable[[Any], Iterator[Shown]]:
    return lambda inventory: (shown for one in inventory.items for shown in show(one))


def _either(fact: bool | None, yes: str, no: str) -> str:  # noqa: FBT001 - a fact with three values, not a switch
    return UNKNOWN if fact is None else (yes if fact else no)


def _plain(value: object) -> object:
    if is_dataclass(value):
        return {one.name: getattr(value, one.name) for one in fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form here")


_KINDS: Mapping[str, _Kind] = MappingProxyType(
    {
        # Settings change by hand: those of this morning are most likely those of now.
        Workgroups.__name__: _Kind(
            kept=timedelta(days=1),
            read=lambda said: Workgroups(items=tuple(Workgroup(**one) for one in said["items"])),
            show=_each(_workgroup),
        ),
        Reservations.__name__: _Kind(
            kept=timedelta(days=1),
            read=lambda said: Reservations(
                items=tuple(Reservation(**{**one, "workgroups": tuple(one["workgroups"])}) for one in said["items"])
            ),
            show=_each(_reservation),
        ),
        ActiveQueryQuotas.__name__: _Kind(
            kept=timedelta(days=1),
            read=lambda said: ActiveQueryQuotas(
                items=tuple(ActiveQueryQuota(**{**one, "origin": QuotaOrigin(one["origin"])}) for one in said["items"])
            ),
            show=_each(_quota),
        ),
        # Peaks belong to the minutes that were read last, every quarter of an hour unless configured otherwise.
        Peaks.__name__: _Kind(
            kept=timedelta(hours=3),
            read=lambda said: Peaks(items=tuple(Peak(**one) for one in said["items"])),
            show=_each(_peak),
        ),
        # Active queries are the present or nothing.
        ActiveQueries.__name__: _Kind(
            kept=timedelta(minutes=10), read=lambda said: ActiveQueries(**said), show=_active
        ),
    }
)
