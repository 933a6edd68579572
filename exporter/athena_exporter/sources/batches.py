"""BatchGetQueryExecution for up to fifty ids: what it tells, what it refuses, and what it only lost for the moment.

Stage: Athena -> **batches** -> sources/athena.py.
https://docs.aws.amazon.com/athena/latest/APIReference/API_BatchGetQueryExecution.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from athena_exporter.records import QueryExecution, UnreadableQuery
from athena_exporter.sources.answers import Answer, Clock, answered_at, ask
from athena_exporter.sources.executions import Reading, read_execution
from athena_exporter.sources.session import AthenaApi
from athena_exporter.sources.sql import Statements
from athena_exporter.sources.text import clean

BATCH = 50
"""Ids a call at most."""
TRIES = 3
"""How often ids are asked for that an answer passes over or that AWS had trouble with."""
MALFORMED = "malformed"
"""Why an id is unreadable whose execution lacks its state or its submission."""
ABSENT = "absent"
"""Why an id is unreadable that no answer so much as mentions."""

# The codes of unprocessed ids are not documented; these words are those of passing troubles in all AWS APIs.
_PASSING = ("INTERNAL", "THROTTL", "TOO_MANY", "TOOMANY", "TIMEOUT", "TIMED_OUT", "UNAVAILABLE", "SLOW")


@dataclass(slots=True)
class Fetched:
    """What became of the ids. `lost`: AWS had trouble with them; the next pass asks again."""

    observed_at: datetime
    executions: list[QueryExecution] = field(default_factory=list)
    refused: list[UnreadableQuery] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    malformed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How elements are read: as `executions.read_execution` wants it."""

    workgroup: str | None = None
    statements: Statements | None = None
    low_water: datetime | None = None

    def read(self, raw: Mapping[str, Any]) -> Reading:
        """One element of the answer. Never raises."""
        return read_execution(raw, workgroup=self.workgroup, statements=self.statements, low_water=self.low_water)


def fetch(client: AthenaApi, query_ids: Sequence[str], *, clock: Clock, reader: Reader | None = None) -> Fetched:
    """Ask for these ids until each is told, refused, or lost `TRIES` times.

    Args:
        client: Athena's.
        query_ids: 1 to `BATCH` of them.
        clock: for answers without a date.
        reader: reads the elements; by default without their SQL.
    """
    reader = reader or Reader()
    fetched = Fetched(observed_at=clock())
    wanted = dict.fromkeys(query_ids, ABSENT)
    for _ in range(TRIES):
        answer = ask(client.batch_get_query_execution, QueryExecutionIds=list(wanted))
        fetched.observed_at = answered_at(answer, clock)
        _take_executions(fetched, wanted, answer, reader)
        _take_refusals(fetched, wanted, answer)
        if not wanted:
            break
    for query_id, why in wanted.items():
        if why is ABSENT:
            fetched.refused.append(UnreadableQuery(query_id=query_id, reason=ABSENT))
        else:
            fetched.lost.append(query_id)
    return fetched


def _take_executions(fetched: Fetched, wanted: dict[str, str], answer: Answer, reader: Reader) -> None:
    """Move what is told out of `wanted`; one that is told twice, or was not asked for, is passed over."""
    for raw in answer.get("QueryExecutions", ()):
        reading = reader.read(raw)
        query_id = reading.record.query_id if reading.record else clean(raw.get("QueryExecutionId"))
        if query_id is None or wanted.pop(query_id, None) is None:
            continue
        fetched.malformed += reading.malformed
        if reading.record:
            fetched.executions.append(reading.record)
        else:
            fetched.refused.append(UnreadableQuery(query_id=query_id, reason=MALFORMED))


def _take_refusals(fetched: Fetched, wanted: dict[str, str], answer: Answer) -> None:
    """Move what AWS will not tell out of `wanted`; passing troubles stay there, with their code."""
    for raw in answer.get("UnprocessedQueryExecutionIds", ()):
        query_id = str(raw.get("QueryExecutionId"))
        if query_id not in wanted:
            continue
        why = _why(raw)
        if any(word in why.upper() for word in _PASSING):
            wanted[query_id] = why
        else:
            del wanted[query_id]
            fetched.refused.append(UnreadableQuery(query_id=query_id, reason=why))


def _why(raw: Mapping[str, Any]) -> str:
    return clean(raw.get("ErrorCode")) or clean(raw.get("ErrorMessage")) or "unprocessed"
