"""The safeties of docs/reliability.md that a chaos run can switch off, to show that its checks are able to fail.

Each is one function of the product, replaced in the exporter's process; nothing else differs from a run that passes.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from athena_exporter.ledger import fence, files, pruning
from athena_exporter.ledger.lease import Lease
from athena_exporter.ledger.outbox import StoredFact
from athena_exporter.ledger.store import Ledger, LedgerSettings
from athena_exporter.sources.athena import AthenaSource
from athena_exporter.sources.queues import Queue, Received

_LATER = 15.0
"""Seconds for which nothing is committed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Safety:
    """One of them.

    Attributes:
        rule: its number in docs/reliability.md.
        without: what the product does without it.
        form: the name of the shortest form that has to fail (forms.py).
        switch_off: replaces it, and answers how the ledger is kept then.
    """

    rule: str
    without: str
    form: str
    switch_off: Callable[[LedgerSettings], LedgerSettings]


def _replace(where: object, name: str, function: object) -> None:
    """The sabotage itself."""
    setattr(where, name, function)


def _acknowledge_early(settings: LedgerSettings) -> LedgerSettings:
    own = Ledger.pending_facts

    def pending_facts(self: Ledger, consumer: str, *args: Any, **more: Any) -> list[StoredFact]:
        found = own(self, consumer, *args, **more)
        if found:
            Ledger.acknowledge(self, consumer, found[-1].seq)
        return found

    _replace(Ledger, "pending_facts", pending_facts)
    return settings


def _keep_the_mark_low(settings: LedgerSettings) -> LedgerSettings:
    own = pruning.prune

    def prune(connection: sqlite3.Connection, target_id: int, *more: Any) -> int:
        where = "WHERE id = ?", (target_id,)
        (mark,) = connection.execute(f"SELECT low_water_ms FROM targets {where[0]}", where[1]).fetchone()
        deleted = own(connection, target_id, *more)
        connection.execute(f"UPDATE targets SET low_water_ms = ? {where[0]}", (mark, *where[1]))
        return deleted

    _replace(pruning, "prune", prune)
    return settings


def _show_at_once(settings: LedgerSettings) -> LedgerSettings:
    return replace(settings, series_warmup=timedelta(0))


def _publish_the_uncommitted(settings: LedgerSettings) -> LedgerSettings:
    """Several batches make one transaction, and what is published is read through the writer."""
    began = [time.monotonic()]

    @contextmanager
    def transaction(self: Ledger) -> Iterator[sqlite3.Connection]:
        with self._writing:
            if not self._writer.in_transaction:
                self._writer.execute("BEGIN IMMEDIATE")
                began[0] = time.monotonic()
            yield self._writer
            if time.monotonic() - began[0] > _LATER:
                self._writer.execute("COMMIT")
            self._identities.committed()

    @contextmanager
    def snapshot(self: Ledger) -> Iterator[sqlite3.Connection]:
        with self._writing:
            yield self._writer

    _replace(Ledger, "_reading_side", lambda self: (self._writer, self._writing))  # sources would miss their target
    _replace(Ledger, "_transaction", transaction)
    _replace(Ledger, "_snapshot", snapshot)
    return settings


def _trust_what_is_known(settings: LedgerSettings) -> LedgerSettings:
    def is_settled(_: AthenaSource, ids: Sequence[str], known: Any, __: int) -> bool:
        return bool(ids) and all(query_id in known for query_id in ids)

    _replace(AthenaSource, "_is_settled", is_settled)
    return settings


def _ask_nobody(settings: LedgerSettings) -> LedgerSettings:
    def take(self: Lease, **_: bool) -> None:
        self._write()

    _replace(Lease, "take", take)
    _replace(Lease, "confirm", lambda _: None)
    _replace(Lease, "doubt", lambda _: None)
    _replace(fence, "hold", lambda *_: None)
    return settings


def _delete_on_receipt(settings: LedgerSettings) -> LedgerSettings:
    own = Queue.receive

    def receive(self: Queue, **how: Any) -> Received:
        received = own(self, **how)
        Queue.delete(self, received.messages)
        return received

    _replace(Queue, "receive", receive)
    return settings


def _leave_it_to_the_cache(settings: LedgerSettings) -> LedgerSettings:
    own = files._prepare

    def prepare(connection: sqlite3.Connection, *args: Any, **more: Any) -> None:
        own(connection, *args, **more)
        connection.execute("PRAGMA synchronous = OFF")

    _replace(files, "_prepare", prepare)
    return settings


SAFETIES = {
    "outbox-acknowledgement": Safety(
        rule="9",
        without="facts are acknowledged when they are read, before CloudWatch Logs has taken their events",
        form="outbox",
        switch_off=_acknowledge_early,
    ),
    "low-water": Safety(
        rule="3",
        without="pruning deletes queries and leaves the low-water mark where it was",
        form="pruned",
        switch_off=_keep_the_mark_low,
    ),
    "series-warm-up": Safety(
        rule="6", without="a series shows its value at once", form="quiet", switch_off=_show_at_once
    ),
    "commit-before-publish": Safety(
        rule="5",
        without="what is published is read through the writer, and committed seconds later",
        form="random",
        switch_off=_publish_the_uncommitted,
    ),
    "cursor-rule": Safety(
        rule="7",
        without="a sweep trusts every id that it knows, whether the sweep that brought it came to its end or not",
        form="sweeps",
        switch_off=_trust_what_is_known,
    ),
    "lease": Safety(
        rule="5b",
        without="nobody waits for a lease, nor looks at it or at the mark in the ledger",
        form="leased",
        switch_off=_ask_nobody,
    ),
    "deletion-after-commit": Safety(
        rule="7b",
        without="messages are deleted when they are received, and EventBridge alone tells who started a query",
        form="events",
        switch_off=_delete_on_receipt,
    ),
    "durable-commit": Safety(
        rule="5",
        without="a commit is not synced to the disk (synchronous = OFF)",
        form="powerless",
        switch_off=_leave_it_to_the_cache,
    ),
}
"""Name -> safety."""


def turned_off(name: str, settings: LedgerSettings) -> LedgerSettings:
    """Switch a safety off in this process; how the ledger is kept without it."""
    return SAFETIES[name].switch_off(settings)
