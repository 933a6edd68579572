"""From a view to the tables it reads: Glue keeps the view's SQL, base64 in a comment.

Stage: tables/ -> **views** (Glue GetTable) -> sql.py. Following views is an improvement and never a reason to hold up
counting: a view that Glue does not tell stays a view. Its calls are counted by their result like all others.
https://docs.aws.amazon.com/glue/latest/webapi/API_GetTable.html
"""

import base64
import binascii
import json
import logging
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from athena_exporter.records import Mode, TableUse
from athena_exporter.sources.answers import Clock, ask
from athena_exporter.sources.errors import AwsError, code_of, explain, is_denied
from athena_exporter.sources.session import GlueApi
from athena_exporter.sources.tables import DEFAULT_CATALOG, SqlReader

TTL = timedelta(hours=6)
"""How long an answer holds, also that a name is no view, or that we may not ask for it."""
PAUSE = timedelta(minutes=5)
"""How long Glue is left alone after it failed, or denied `DENIALS` times in a row."""
DENIALS = 5
DEEPEST = 10
"""Views below a view that are followed."""
MOST_TABLES = 500
"""Tables of one statement, at most, after its views were followed."""
CAPACITY = 20_000
"""Names that are remembered."""

_log = logging.getLogger(__name__)
_VIEW = "VIRTUAL_VIEW"
_PRESTO_VIEW = re.compile(r"\s*+/\*\s*+Presto View:\s*+([A-Za-z0-9+/=\s]++)\*/")
# Both mean that there is nothing to follow.
_ABSENT = frozenset({"EntityNotFoundException", "InvalidInputException"})


@dataclass(frozen=True, slots=True)
class _Answer:
    """The tables that a name stands for, none if it is a table itself; and until when that holds."""

    tables: tuple[TableUse, ...]
    until: datetime


class Views:
    """Follows views to their tables, and remembers.

    Args:
        client: Glue's.
        reader: reads the SQL of views.
        clock: the local time.
        ttl: how long an answer holds.
        capacity: names that are remembered; those that were not asked for longest go first.
    """

    def __init__(
        self, *, client: GlueApi, reader: SqlReader, clock: Clock, ttl: timedelta = TTL, capacity: int = CAPACITY
    ) -> None:
        self._client = client
        self._reader = reader
        self._clock = clock
        self._ttl = ttl
        self._capacity = capacity
        self._answers: OrderedDict[tuple[str, str], _Answer] = OrderedDict()
        self._denials = 0
        self._is_told = False
        self._paused_until: datetime | None = None
        self._failure: AwsError | None = None

    def expand(self, tables: tuple[TableUse, ...]) -> tuple[TableUse, ...]:
        """The tables of a statement, and those that the views among them read, `via_view`.

        The views stay: who drops a view wants to know its readers. A table that is also read without a view is told
        once, without. Raises no error of AWS: `take_failure` has it.
        """
        found = {_key(each): each for each in tables}
        level = [each for each in tables if each.mode is Mode.READ]
        for _ in range(DEEPEST):
            new = {_key(base): base for view in level for base in self._below(view) if _key(base) not in found}
            level = list(new.values())[: max(0, MOST_TABLES - len(found))]
            if not level:
                break
            found |= {_key(each): each for each in level}
        return tuple(sorted(found.values(), key=_key))

    def take_failure(self) -> AwsError | None:
        """The first error since this was last asked, that was neither an answer nor a denial."""
        failure, self._failure = self._failure, None
        return failure

    def _below(self, view: TableUse) -> Iterable[TableUse]:
        """What a name stands for, marked with the view that the statement names."""
        if view.catalog != DEFAULT_CATALOG:
            return ()
        name = view.via_view or f"{view.database}.{view.table}"
        return (replace(base, via_view=name) for base in self._tables(view.database, view.table))

    def _tables(self, database: str, table: str) -> tuple[TableUse, ...]:
        key, now = (database, table), self._clock()
        known = self._answers.get(key)
        if known is not None and now < known.until <= now + self._ttl:
            self._answers.move_to_end(key)
            return known.tables
        if self._is_paused(now):
            return known.tables if known else ()
        told = self._ask(database, table, now)
        if told is None:
            return known.tables if known else ()
        self._answers[key] = _Answer(told, now + self._ttl)
        self._answers.move_to_end(key)
        if len(self._answers) > self._capacity:
            self._answers.popitem(last=False)
        return told

    def _is_paused(self, now: datetime) -> bool:
        until = self._paused_until
        # A pause that ends too far ahead was begun before a clock was set back.
        return until is not None and now < until <= now + PAUSE

    def _ask(self, database: str, table: str, now: datetime) -> tuple[TableUse, ...] | None:
        """One call. None: not this time. An error must not end the pass that counts, so it is kept for its end."""
        try:
            answer = ask(self._client.get_table, DatabaseName=database, Name=table)
        except ClientError as error:
            return self._refused(error, now)
        except BotoCoreError as error:
            self._failed(error, now)
            return None
        self._denials = 0
        return self._tables_of(answer.get("Table"), database)

    def _refused(self, error: ClientError, now: datetime) -> tuple[TableUse, ...] | None:
        if code_of(error) in _ABSENT:
            self._denials = 0
            return ()
        if not is_denied(error):
            self._failed(error, now)
            return None
        self._denials += 1
        if self._denials >= DENIALS:
            self._tell(error)
            # Without the permission every name would cost a call; one is enough to see whether it came.
            self._denials, self._paused_until = DENIALS - 1, now + PAUSE
        return ()

    def _tell(self, error: ClientError) -> None:
        """Once: views are optional, so that nothing is down without them, but somebody should know."""
        if not self._is_told:
            _log.warning("views are not followed to their tables: %s", explain(error))
        self._is_told = True

    def _failed(self, error: AwsError, now: datetime) -> None:
        self._failure = self._failure or error
        self._paused_until = now + PAUSE

    def _tables_of(self, told: object, database: str) -> tuple[TableUse, ...]:
        if not isinstance(told, Mapping) or told.get("TableType") != _VIEW:
            return ()
        definition = _definition(told)
        if definition is None:
            return ()
        sql, catalog, schema = definition
        read = self._reader.read(sql, catalog=catalog, database=schema or database)
        return tuple(each for each in read.tables if each.mode is Mode.READ)


def _key(use: TableUse) -> tuple[str, str, str, str]:
    return use.catalog, use.database, use.table, use.mode


def _definition(table: Mapping[str, Any]) -> tuple[str, str | None, str | None] | None:
    """A view's SQL with the catalogue and database it was written in; Hive's views have theirs as it is."""
    texts = [table.get("ViewOriginalText"), *_representations(table.get("ViewDefinition"))]
    for text in texts:
        if not isinstance(text, str) or not text.strip():
            continue
        found = _PRESTO_VIEW.match(text)
        return (text, None, None) if found is None else _decoded(found.group(1))
    return None


def _representations(definition: object) -> list[object]:
    """Views of several dialects keep a text for each."""
    told = definition.get("Representations") if isinstance(definition, Mapping) else None
    each = [one for one in told if isinstance(one, Mapping)] if isinstance(told, list) else []
    return [one.get("ViewOriginalText") for one in each if one.get("Dialect") == "ATHENA"]


def _decoded(text: str) -> tuple[str, str | None, str | None] | None:
    try:
        said = json.loads(base64.b64decode(text, validate=False))
    except (binascii.Error, ValueError, RecursionError):
        return None
    sql = said.get("originalSql") if isinstance(said, dict) else None
    if not isinstance(sql, str):
        return None
    catalog, schema = (name if isinstance(name, str) else None for name in (said.get("catalog"), said.get("schema")))
    return sql, catalog, schema
