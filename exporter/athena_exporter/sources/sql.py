"""What a statement's text tells, and how much of the text may be kept: the one place where SQL is looked at.

Stage: executions.py -> **sql** (tables/, views.py, workloads.py, redaction.py) -> records.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from athena_exporter.config.outlets import QueryText
from athena_exporter.records import Mode, TableUse
from athena_exporter.sources.errors import AwsError
from athena_exporter.sources.privacy import Naming
from athena_exporter.sources.redaction import printable, redact
from athena_exporter.sources.tables import SqlReader
from athena_exporter.sources.views import Views
from athena_exporter.sources.workloads import workload_of_sql

MULTIPLE = "multiple"
"""The database of a statement that reads several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was found; names and units as in `records.QueryExecution`."""

    database: str | None
    sql_text: str | None = None
    tables: tuple[TableUse, ...] = ()
    unparsed: str | None = None
    workload: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """Looks at statements as the configuration wants it.

    Without a `reader` no SQL is parsed, without `views` none is followed. `query_text` is what of the text goes on.
    """

    reader: SqlReader | None = None
    views: Views | None = None
    query_text: QueryText = QueryText.NONE
    naming: Naming = field(default_factory=Naming)

    def look(self, sql: str, *, catalog: str | None, database: str | None) -> Said:
        """Everything that the text tells. Never raises, whatever it holds.

        Args:
            sql: the statement.
            catalog: the default catalogue of the query's context.
            database: the default database, likewise.
        """
        told = self.reader.read(sql, catalog=catalog, database=database) if self.reader else None
        tables = told.tables if told else ()
        return Said(
            database=database_of(tables) or (database.lower() if database else None),
            sql_text=self._text(sql),
            tables=self.views.expand(tables) if self.views else tables,
            unparsed=told.unparsed if told else None,
            workload=workload_of_sql(sql, person=self.naming.person),
        )

    def take_failure(self) -> AwsError | None:
        """What kept views from being followed since this was last asked."""
        return self.views.take_failure() if self.views else None

    def _text(self, sql: str) -> str | None:
        if self.query_text is QueryText.NONE:
            return None
        return redact(sql) if self.query_text is QueryText.REDACTED else printable(sql)


def database_of(tables: Iterable[TableUse]) -> str | None:
    """The one database that a statement names: that it reads, else writes, else speaks of; `MULTIPLE` of several."""
    named = [each for each in tables if each.via_view is None]
    for modes in ((Mode.READ,), (Mode.WRITE,), (Mode.DDL, Mode.METADATA)):
        databases = {each.database for each in named if each.mode in modes}
        if databases:
            return databases.pop() if len(databases) == 1 else MULTIPLE
    return None
