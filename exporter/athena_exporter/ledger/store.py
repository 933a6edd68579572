"""The ledger: the one writer, one transaction a batch. What it answers is always committed state."""

import sqlite3
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from athena_exporter.budgets import Budget, Nearest
from athena_exporter.ledger import (
    adoption,
    budgeting,
    copies,
    counters,
    files,
    guarding,
    inventories,
    marks,
    outbox,
    pruning,
    rollups,
    rows,
    snapshot,
    tables,
)
from athena_exporter.ledger.adoption import Adopted
from athena_exporter.ledger.births import Births
from athena_exporter.ledger.box import Box
from athena_exporter.ledger.budget_samples import BudgetSamples
from athena_exporter.ledger.counters import Counters
from athena_exporter.ledger.deciding import Deciding, Decision, Write
from athena_exporter.ledger.errors import explained
from athena_exporter.ledger.fold import fold
from athena_exporter.ledger.garbage import Uncollected
from athena_exporter.ledger.holder import Here, here
from athena_exporter.ledger.model import ALL_HISTOGRAMS, DAY_MS, Change, Known, Row, Rules, SeriesKey
from athena_exporter.ledger.past import Past
from athena_exporter.ledger.tenure import Tenure, Turn
from athena_exporter.ledger.texts import storable
from athena_exporter.ledger.view import TargetView
from athena_exporter.records import (
    Batch,
    Evidence,
    QueryExecution,
    Sample,
    StartedQuery,
    Target,
    UnreadableQuery,
    epoch_ms,
)

_ABOUT_QUERIES = (StartedQuery, QueryExecution, UnreadableQuery)
_FACTS_AT_ONCE = 8 * 2**20
"""Bytes of facts that a consumer is handed at once: texts of SQL may make a few thousand of them large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSettings:
    """How the ledger is kept. `seed`: how far back the rollups are filled at first start, beyond the counters.

    `consumers` of the outbox read every fact, `channels` only what is told to people (`outbox.NEWS`).
    `lease`: how long a writer may be silent before another takes over; None where a lock is enough. `vfs`: SQLite's
    way to the disk, None for its own; `unix-none` takes no locks, as on a disk that has none.
    """

    path: Path
    rules: Rules
    journal: files.Journal | None = None
    lease: timedelta | None = None
    vfs: str | None = None
    retention: timedelta = timedelta(days=3)
    initial_lookback: timedelta = timedelta(0)
    seed: timedelta = timedelta(0)
    series_warmup: timedelta = timedelta(seconds=120)
    slot_idle: timedelta = timedelta(days=45)
    outbox_bounds: outbox.Bounds = field(default_factory=outbox.Bounds)
    consumers: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    budgets: tuple[Budget, ...] = ()


class Ledger:
    """One file, one writer. Safe to call from several threads: writing and reading are serialised apart.

    `garbage` holds back the collector while a batch is counted, or all is read; `past` is what backfills write.
    """

    def __init__(self, settings: LedgerSettings, *, monotonic: Callable[[], float], around: Here | None = None) -> None:
        """Open the ledger and take its lock, and its lease if there is one, which may have to be waited for.

        `monotonic` (seconds) times the birth of series and nothing else; `around` is asked by the lease, None for
        this process and machine. Raises LedgerError.
        """
        self._settings = settings
        self.garbage = Uncollected()
        self._births = Births(monotonic=monotonic, warmup=settings.series_warmup)
        self._budgeting = budgeting.Budgeting(settings.budgets)
        self._budget_samples = BudgetSamples(settings.budgets, monotonic)
        self._deciding = Deciding(
            budgets=settings.budgets, grace=settings.rules.identity_patience, is_told=bool(settings.channels),
            read=self._snapshot, commit=self._commit, monotonic=monotonic,
        )  # fmt: skip  # six arguments read best as a block
        self.lease = settings.lease
        self.journal: files.Journal = settings.journal or files.journal_for(settings.path)
        with ExitStack() as undo, explained(settings.path):
            self._tenure = Tenure(settings.path, settings.lease, around or here(uuid.uuid4().hex))
            undo.callback(self._tenure.end)
            self._writing = Turn(self._tenure)  # what is kept in memory changes under it, together with the file
            self._writer = files.open_ledger(
                settings.path, self.journal, vfs=settings.vfs, confirm=self._tenure.confirm
            )
            undo.callback(self._writer.close)
            self._reader, self._reading = self._reading_side()
            undo.callback(self._reader.close)
            self._identities = rows.Identities(self._writer)
            with self._transaction():
                self._tenure.begin(self._writer)
                self.restored = copies.is_restored(self._writer, self._tenure.stamp())
                if self.restored:
                    copies.restart_counters(self._writer)
                outbox.register(self._writer, settings.consumers, settings.channels)
                self._budgeting.register(self._writer)
                counters.forget(self._writer, ALL_HISTOGRAMS - settings.rules.histograms)
            self._counters = Counters(self._births)
            self._counters.load(self._writer)
            undo.pop_all()
        self.past = Past(
            rules=settings.rules, consumers=settings.consumers, bounds=settings.outbox_bounds,
            identities=self._identities, read=self._snapshot, commit=self._commit,
        )  # fmt: skip  # as above

    def _reading_side(self) -> tuple[sqlite3.Connection, Turn]:
        """The connection that reads, and its lock; with a rollback journal they are the writer's."""
        # Nobody reads while another commits then, and a second cache would be empty again after each commit.
        if self.journal == "rollback":
            return self._writer, self._writing
        return files.connect(self._settings.path, readonly=True, vfs=self._settings.vfs), Turn(self._tenure)

    def doubt(self) -> str | None:
        """Why this process may be the ledger's writer no longer, in one line; None while it is."""
        return self._tenure.doubt()

    def hold(self) -> None:
        """Go on only as the ledger's writer, as far as is known without touching it. Raises ReplacedError."""
        self._tenure.hold_lease()

    def close(self) -> None:
        """Close the file and give the lock back. A file that is another's by now is left as it is."""
        if self._tenure.may_touch:
            with self._writing, self._reading:
                self._reader.close()
                self._writer.close()
        self._tenure.end()

    # -- writing --------------------------------------------------------------------------------------------------

    def adopt(self, target: Target, now: datetime) -> bool:
        """Begin to count for a target, at AWS's `now`; False if the ledger knows it already."""
        with self._transaction() as connection:
            if adoption.find(connection, target) is not None:
                return False
            counting_since = now - self._settings.initial_lookback
            low_water = min(counting_since, now - self._settings.seed)
            number = adoption.adopt(connection, target, counting_since=counting_since, low_water=low_water, now=now)
            self._budgeting.begin(connection, number, epoch_ms(low_water))
            return True

    def apply(self, batch: Batch) -> None:
        """Count a batch and commit it, durably, or change nothing. Raises LedgerError."""
        with self._writing, self.garbage.held_back():
            with self._transaction() as connection:
                fresh = self._count(connection, storable(batch))
            self._remember(batch.target, fresh)

    def _count(self, connection: sqlite3.Connection, batch: Batch) -> dict[SeriesKey, int]:
        """Count a batch in the open transaction; answers the series that are new with it.

        Apart from `apply`, so that all rows are gone when the garbage collector, let loose again, looks around.
        """
        found = adoption.known(connection, batch.target)
        known = self._known(found, batch)
        return self._save(connection, found.id, batch, known, fold(known, batch))

    def succeeded(self, target: Target, source: str, at: datetime) -> None:
        """A source has been read to its end, also when there was nothing to read.

        The last success told is the last one, also after a clock that was ahead has been put right.
        """
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO sources SELECT id, ?, NULL, ?, NULL FROM targets WHERE account_id = ? AND region = ?"
                " ON CONFLICT DO UPDATE SET last_success_ms = excluded.last_success_ms",
                (source, epoch_ms(at), target.account_id, target.region),
            )

    def retire(self, target: Target, configured: Collection[str], shared: Collection[str] = ()) -> None:
        """Forget how far other sources than these have read: the low-water mark would wait for them for ever.

        `shared` read for all targets under the name of one, the one of which `configured` names them, too.
        """
        with self._transaction() as connection:
            found = adoption.find(connection, target)
            if found is not None:
                pruning.retire(connection, found.id, configured, shared)

    def reveal(self) -> int:
        """Let series that scrapes have had time to see as 0 show their value; answers how many."""
        with self._writing:
            ripe = self._births.ripe()
            if ripe:
                with self._transaction() as connection:
                    connection.executemany("UPDATE counters SET shown = 1 WHERE id = ?", [(n,) for n in ripe])
                    # A copy from before this moment would show these series at 0 again: it must look older.
                    marks.next_sequence(connection)
                self._births.end(ripe)
            return len(ripe)

    def prune(self, target: Target) -> int:
        """Raise the low-water mark as far as it is safe and delete what lies below; answers the rows deleted."""
        with self._writing:
            with self._transaction() as connection:
                found = adoption.find(connection, target)
                if found is None:
                    return 0
                deleted = pruning.prune(connection, found.id, self._settings.retention, self._settings.rules)
                pruning.free_slots(connection, found.id, self._settings.slot_idle)
                self._budgeting.prune(connection, found.id)
                self._deciding.prune(connection, found.id)
                guarding.prune(connection, found.id, pruning.clock_ms(connection, found.id))
                outbox.trim(connection, self._settings.outbox_bounds, pruning.clock_ms(connection, found.id))
            with explained(self._settings.path):
                self._counters.load(self._writer)
            return deleted

    def stamp(self) -> None:
        """Remember beside the ledger what is about to be published, so that a restored copy is recognised."""
        with self._reading, explained(self._settings.path):
            self._tenure.hold(self._reader)
            stamp = copies.stamp_of(self._reader)
        self._tenure.write(stamp)

    def decide(self, now: datetime) -> list[Decision]:
        """Who came to a level of a budget and was not told of it: committed, each with its fact if anybody reads it.

        Cheap to call often: after a look that took long, it waits before the next. Raises LedgerError.
        """
        with self.garbage.held_back():
            return self._deciding.decide(now)

    def acknowledge(self, consumer: str, seq: int) -> None:
        """A consumer has delivered every fact up to `seq`."""
        with self._transaction() as connection:
            outbox.acknowledge(connection, consumer, seq)

    # -- reading --------------------------------------------------------------------------------------------------

    def view(self, target: Target) -> TargetView:
        """What a source may ask about a target (the protocol `sources.Knowledge`)."""
        with self._writing, explained(self._settings.path):
            found = adoption.known(self._writer, target)
        return TargetView(self._reader, self._reading, found.id, self._settings.path)

    def guard_book(self, target: Target) -> guarding.GuardBook:
        """What the guard asks and writes of a target."""
        with self._writing, explained(self._settings.path):
            found = adoption.known(self._writer, target)
        return guarding.GuardBook(
            target=target, target_id=found.id, budgets=self._settings.budgets, writing=self._transaction,
            reader=self._reader, lock=self._reading, path=self._settings.path,
        )  # fmt: skip  # seven arguments read best as a block

    def targets(self) -> list[Target]:
        """Every target that was ever adopted."""
        with self._reading, explained(self._settings.path):
            found = self._reader.execute("SELECT account_id, region FROM targets").fetchall()
        return [Target(account_id=account_id, region=region) for account_id, region in found]

    def samples(self, now: datetime) -> list[Sample]:
        """Everything that the ledger exposes, at one moment; `now` chooses the windows' days."""
        unseen = self._births.unseen()
        with self._snapshot() as reader:
            found = snapshot.samples(reader, now, self._counters.names)
            found += self._budget_samples.at(reader, now)
            found += guarding.samples(reader, self._settings.budgets)
        self._births.seen(unseen)
        return found

    def budget_states(self, now: datetime, *, nearest: Nearest | None = None) -> list[budgeting.TargetBudgets]:
        """Who is where in every budget of every target at `now`: all subjects, or so many nearest to their limits."""
        with self._snapshot() as reader:
            return budgeting.states(reader, self._settings.budgets, now, nearest=nearest)

    def pending_facts(
        self, consumer: str, limit: int, max_bytes: int = _FACTS_AT_ONCE, *, after: int = 0
    ) -> list[outbox.StoredFact]:
        """The oldest facts beyond number `after` that a consumer has not acknowledged.

        At most `limit`, and at most `max_bytes` of them if that leaves one.
        """
        with self._reading, explained(self._settings.path):
            return outbox.pending(self._reader, consumer, limit, max_bytes, after)

    def box(self, consumer: str) -> Box:
        """The outbox as a consumer sees it who writes many facts as one."""
        return Box(
            consumer=consumer, writing=self._transaction, reader=self._reader, lock=self._reading,
            path=self._settings.path,
        )  # fmt: skip  # as `guard_book`

    # -- one transaction ------------------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._writing, explained(self._settings.path):
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                self._tenure.hold(self._writer)
                yield self._writer
                self._tenure.hold_lease()  # what was counted meanwhile may have taken long
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction and self._tenure.may_touch:
                    self._writer.execute("ROLLBACK")
                self._identities.rolled_back()
                raise
            self._identities.committed()

    def _commit(self, target: Target, write: Write) -> None:
        """One transaction beside the batches, with what it adds to counters."""
        with self._writing:
            with self._transaction() as connection:
                found = adoption.known(connection, target)
                fresh = self._counters.add(connection, found.id, target, write(connection, found.id))
                marks.next_sequence(connection)
            self._remember(target, fresh)

    @contextmanager
    def _snapshot(self) -> Iterator[sqlite3.Connection]:
        """One moment of committed state."""
        with self._reading, explained(self._settings.path):
            self._reader.execute("BEGIN")
            try:
                yield self._reader
            finally:
                self._reader.execute("COMMIT")

    def _known(self, found: Adopted, batch: Batch) -> Known:
        slots: dict[str, dict[str, int]] = {}
        for label, value, day in self._writer.execute(
            "SELECT label, value, used_day FROM slots WHERE target_id = ?", (found.id,)
        ):
            slots.setdefault(label, {})[value] = day
        return Known(
            target=batch.target,
            rules=self._settings.rules,
            sequence=int(copies.meta(self._writer, "sequence")) + 1,
            low_water_ms=found.low_water_ms,
            counting_since_ms=found.counting_since_ms,
            rows=self._rows(found.id, batch),
            rejections=marks.told_rejections(self._writer, found.id, batch),
            slots=slots,
            series=self._counters.numbers(batch.target),
            series_per_family=self._counters.per_family(batch.target),
            table_events=tables.told_events(self._writer, found.id, batch),
            budgets=self._budgeting.matcher,
        )

    def _rows(self, target_id: int, batch: Batch) -> dict[str, Row]:
        ids = {record.query_id for record in batch.records if isinstance(record, _ABOUT_QUERIES)}
        found = {row.query_id: row for row in rows.load(self._writer, target_id, ids)}
        for read in batch.reads:
            patience = (
                self._settings.rules.source_down_after
                if read.evidence is Evidence.EXECUTIONS
                else self._settings.rules.identity_patience
            )
            for row in rows.load_undecided(self._writer, target_id, epoch_ms(read.begun_at - patience) + 1):
                found[row.query_id] = row
        return found

    def _save(
        self, connection: sqlite3.Connection, target_id: int, batch: Batch, known: Known, change: Change
    ) -> dict[SeriesKey, int]:
        rows.delete(connection, target_id, change.dropped)
        rows.save(connection, target_id, change.rows, known.rows, self._identities)
        fresh = self._counters.add(connection, target_id, batch.target, change.deltas)
        rollups.save(connection, target_id, change.usage, change.types)
        inventories.save(connection, target_id, change.inventories, epoch_ms(batch.observed_at))
        tables.save(connection, target_id, change)
        self._budgeting.save(connection, target_id, change.budget_usage)
        marks.touch_slots(connection, target_id, known, change, epoch_ms(batch.observed_at) // DAY_MS)
        marks.save(connection, target_id, batch, change)
        marks.next_sequence(connection)
        return fresh

    def _remember(self, target: Target, fresh: Mapping[SeriesKey, int]) -> None:
        """After the commit, and before any other one."""
        self._counters.committed(target, fresh)
