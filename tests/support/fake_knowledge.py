"""A ledger small enough to read at a glance: it commits batches in memory and answers what a source may ask."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from athena_exporter.records import Batch, Evidence, FailedStart, QueryExecution, Read, StartedQuery, UnreadableQuery
from athena_exporter.sources import Source, Unfinished

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class FakeKnowledge:
    """Meets `Knowledge`; what was committed is there to be looked at."""

    def __init__(self, *, low_water: datetime = LONG_AGO, counting_since: datetime = LONG_AGO) -> None:
        self._counting_since = counting_since
        self.batches: list[Batch] = []
        self.executions: dict[str, QueryExecution] = {}
        self.starts: dict[str, StartedQuery] = {}
        self.failed: dict[str, FailedStart] = {}
        self.unreadable: dict[str, str] = {}
        self.reads: list[Read] = []
        self.malformed = 0
        self._low_water = low_water
        self._sequence = 0
        self._first: dict[str, int] = {}
        self._cursors: dict[tuple[str, str], str] = {}

    def counting_since(self) -> datetime:
        return self._counting_since

    def cursors(self, source: str) -> Mapping[str, str]:
        return {key: value for (owner, key), value in self._cursors.items() if owner == source}

    def commit(self, batch: Batch) -> None:
        self._sequence += 1
        self.batches.append(batch)
        self.reads += batch.reads
        self.malformed += batch.malformed
        self._cursors |= {(batch.source, key): value for key, value in batch.cursors.items()}
        for record in batch.records:
            match record:
                case QueryExecution():
                    self.executions[record.query_id] = record
                    self.unreadable.pop(record.query_id, None)
                    self._first.setdefault(record.query_id, self._sequence)
                case StartedQuery():
                    self.starts.setdefault(record.query_id, record)
                case FailedStart():
                    self.failed.setdefault(record.event_id, record)
                case UnreadableQuery():
                    self.unreadable[record.query_id] = record.reason

    def take(self, source: Source) -> list[Batch]:
        """One pass of a source, each batch committed before the next; the batches of this pass."""
        return list(self.steps(source))

    def steps(self, source: Source) -> Iterator[Batch]:
        for batch in source.read(self):
            self.commit(batch)
            yield batch

    def proofs(self, evidence: Evidence) -> list[Read]:
        return [read for read in self.reads if read.evidence is evidence]

    def forget(self, query_id: str) -> None:
        """As if an order violation had hidden it from every sweep so far."""
        del self.executions[query_id], self._first[query_id]

    def low_water(self) -> datetime:
        return self._low_water

    def sequence(self) -> int:
        return self._sequence

    def cursor(self, source: str, key: str) -> str | None:
        return self._cursors.get((source, key))

    def known_executions(self, query_ids: Collection[str]) -> Mapping[str, int]:
        return {query_id: self._first[query_id] for query_id in query_ids if query_id in self._first}

    def counted(self, query_ids: Collection[str]) -> Collection[str]:
        told = {query_id: self.executions[query_id] for query_id in query_ids if query_id in self.executions}
        return {query_id for query_id, one in told.items() if one.state.final and one.has_statistics}

    def attributed(self, query_ids: Collection[str]) -> Collection[str]:
        return self.starts.keys() & set(query_ids)

    def unfinished(self) -> Sequence[Unfinished]:
        running = {
            query_id: execution.submitted_at
            for query_id, execution in self.executions.items()
            if not (execution.state.final and execution.has_statistics)
        }
        known_by_start = {
            query_id: start.started_at for query_id, start in self.starts.items() if query_id not in self.executions
        }
        return [
            Unfinished(query_id=query_id, since=since, unreadable=query_id in self.unreadable)
            for query_id, since in (running | known_by_start).items()
        ]

    def awaiting_statistics(self) -> Sequence[str]:
        return [
            query_id
            for query_id, execution in self.executions.items()
            if execution.state.final and not execution.has_statistics
        ]

    def awaiting_identity(self) -> Sequence[datetime]:
        return sorted(
            execution.submitted_at for query_id, execution in self.executions.items() if query_id not in self.starts
        )
