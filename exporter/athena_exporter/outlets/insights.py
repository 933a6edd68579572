"""CloudWatch Logs Insights: the questions that the events answer, as queries with names.

Stage: events -> CloudWatch Logs -> **these queries** -> dashboards, people. Every field is a symbol of
`events.fields`, so that a renamed one breaks the build and not a dashboard. Counts are of distinct ids, for an event
may arrive twice. Syntax: docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from athena_exporter.outlets.events.fields import Field
from athena_exporter.outlets.events.shape import GUARD, Stream
from athena_exporter.records import UNATTRIBUTED, Mode, State

_F = Field
_READS = f'filter {_F.MODE} = "{Mode.READ}"'
_PEOPLE = f'filter {_F.USER} != "{UNATTRIBUTED}"'
_IS_QUERY = f"filter ispresent({_F.STATE})"  # the guard tells of queries in the same log group, too
_ACCESSES = f"count_distinct({_F.ACCESS_ID})"
# Not max(@timestamp): whether that is a date or milliseconds, AWS's pages do not say. An event says its time itself.
_LAST = f"latest({_F.EVENT_TIME})"
_READERS = f"count_distinct({_F.USER}) as users"


@dataclass(frozen=True, slots=True, kw_only=True)
class Insight:
    """A query with the question it answers.

    `stream` says which log group it is for. `stats_groups` is what it groups by, as Grafana's query model wants to
    be told (`statsGroups`); empty where rows are listed.
    """

    name: str
    question: str
    text: str
    stream: Stream
    stats_groups: tuple[str, ...] = ()


def _insight(
    name: str, question: str, *steps: str, by: Sequence[str] = (), stream: Stream = Stream.TABLE_ACCESS
) -> Insight:
    return Insight(
        name=name, question=question, text="\n| ".join(steps), stream=stream, stats_groups=tuple(map(str, by))
    )


def _grouped(measures: str, *by: str) -> str:
    return f"stats {measures} by {', '.join(by)}"


_TABLE = (_F.DATABASE, _F.TABLE)

EVENTS_BY_TABLE = _insight(
    "events_by_table",
    "How many events name each table? Copies are counted, too: a first look, and a sanity check.",
    _grouped("count(@timestamp)", _F.TABLE),
    by=(_F.TABLE,),
)
USERS_BY_TABLE_AND_DAY = _insight(
    "users_by_table_and_day",
    "How many different people and services read each table, day by day?",
    _READS, _PEOPLE, _grouped(_READERS, "bin(1d)", *_TABLE), f"sort users desc, {_F.DATABASE} asc, {_F.TABLE} asc",
    by=("bin(1d)", *_TABLE),
)  # fmt: skip  # a query reads best in one line
USERS_BY_TABLE_AND_MONTH = _insight(
    "users_by_table_and_month",
    "How many different people and services read each table, month by month? (Days do not add up to it.)",
    _READS, _PEOPLE, _grouped(_READERS, "bin(1mo)", *_TABLE), f"sort users desc, {_F.DATABASE} asc, {_F.TABLE} asc",
    by=("bin(1mo)", *_TABLE),
)  # fmt: skip  # as above
TOP_TABLES = _insight(
    "top_tables",
    "Which tables are read most, and by how many?",
    _READS,
    _grouped(f"count_distinct({_F.QUERY_ID}) as queries, {_READERS}", *_TABLE),
    f"sort queries desc, {_F.DATABASE} asc, {_F.TABLE} asc",
    "limit 50",
    by=_TABLE,
)
LAST_READS = _insight(
    "last_reads",
    "When was each table last read? What the Glue catalogue has beyond it was not read through Athena in the range.",
    f'{_READS} and {_F.STATE} = "succeeded"',
    _grouped(f"{_LAST} as last_read", *_TABLE),
    "sort last_read asc",
    by=_TABLE,
)
METADATA_VERSUS_READS = _insight(
    "metadata_versus_reads",
    "What is done with each table: read, written, changed, or only looked at?",
    _grouped(f"{_ACCESSES} as accesses", *_TABLE, _F.MODE),
    f"sort {_F.DATABASE} asc, {_F.TABLE} asc, {_F.MODE} asc",
    by=(*_TABLE, _F.MODE),
)
USERS_BY_DAY = _insight(
    "users_by_day",
    "How many different people and services read data, day by day?",
    _READS, _PEOPLE, _grouped(_READERS, "bin(1d)"),
    by=("bin(1d)",),
)  # fmt: skip  # as above
READERS = _insight(
    "readers",
    "Who reads, with which tool?",
    _READS,
    _grouped(
        f"count_distinct({_F.QUERY_ID}) as queries, count_distinct({_F.FQ}) as tables, {_LAST} as last_read",
        _F.USER, _F.CLIENT,
    ),
    f"sort queries desc, {_F.USER} asc",
    "limit 100",
    by=(_F.USER, _F.CLIENT),
)  # fmt: skip  # as above
USED_TABLES = _insight(
    "used_tables",
    "Who uses which table, and how?",
    _grouped(f"{_ACCESSES} as accesses, {_LAST} as last_access", _F.USER, *_TABLE, _F.MODE),
    f"sort accesses desc, {_F.USER} asc, {_F.DATABASE} asc, {_F.TABLE} asc",
    "limit 200",
    by=(_F.USER, *_TABLE, _F.MODE),
)
DEAREST_QUERIES = _insight(
    "dearest_queries",
    "Which queries cost most?",
    f"fields {_F.EVENT_TIME}, {_F.USER}, {_F.WORKGROUP}, {_F.DATABASE}, {_F.WORKLOAD}, {_F.COST_USD},"
    f" {_F.SCANNED_BYTES}, {_F.SQL_TEXT}, {_F.REGION}, {_F.QUERY_ID}",
    f"filter ispresent({_F.COST_USD})",
    f"sort {_F.COST_USD} desc",
    f"dedup {_F.QUERY_ID}",
    "limit 50",
    stream=Stream.QUERIES,
)
NEWEST_QUERIES = _insight(
    "newest_queries",
    "Which queries have been run?",
    f"fields {_F.EVENT_TIME}, {_F.USER}, {_F.WORKGROUP}, {_F.DATABASE}, {_F.STATE}, {_F.TOTAL_MS},"
    f" {_F.SCANNED_BYTES}, {_F.COST_USD}, {_F.SQL_TEXT}, {_F.REGION}, {_F.QUERY_ID}",
    _IS_QUERY,
    f"sort {_F.EVENT_TIME} desc",
    f"dedup {_F.QUERY_ID}",
    "limit 200",
    stream=Stream.QUERIES,
)
FAILED_QUERIES = _insight(
    "failed_queries",
    "Which queries have failed, and why?",
    f"fields {_F.EVENT_TIME}, {_F.USER}, {_F.WORKGROUP}, {_F.DATABASE}, {_F.ERROR_CATEGORY}, {_F.ERROR_NAME},"
    f" {_F.SQL_TEXT}, {_F.REGION}, {_F.QUERY_ID}",
    f'filter {_F.STATE} = "{State.FAILED}"',
    f"sort {_F.EVENT_TIME} desc",
    f"dedup {_F.QUERY_ID}",
    "limit 100",
    stream=Stream.QUERIES,
)
GUARD_ACTIONS = _insight(
    "guard_actions",
    "What has the guard stopped, or would it have stopped, and why?",
    f"fields {_F.EVENT_TIME}, {_F.GUARD_RESULT}, {_F.USER}, {_F.BUDGET}, {_F.SUBJECT}, {_F.WORKGROUP}, {_F.REGION},"
    f" {_F.QUERY_ID}",
    f'filter {_F.EVENT_TYPE} = "{GUARD}"',
    f"sort {_F.EVENT_TIME} desc",
    f"dedup {_F.ACCESS_ID}",
    "limit 200",
    stream=Stream.QUERIES,
)


def narrowed(insight: Insight, patterns: Mapping[Field, str]) -> Insight:
    """The same question, of those events only whose fields match.

    Args:
        insight: any of these.
        patterns: field -> a regular expression for the whole of its value. An event that lacks the field is left out.
            A slash within it has to be escaped, for slashes end a pattern here: Grafana's `${user:regex}` does that.
    """
    conditions = " and ".join(f"{field} like /^(?:{pattern})$/" for field, pattern in patterns.items())
    return replace(insight, text=f"filter {conditions}\n| {insight.text}") if patterns else insight


def readers_of(database: str, table: str) -> Insight:
    """Who reads a table."""
    return _insight(
        "readers_of_table",
        f"Who reads {database}.{table}?",
        f"{_READS} and {_F.DATABASE} = {_text(database)} and {_F.TABLE} = {_text(table)}",
        _grouped(f"count_distinct({_F.QUERY_ID}) as queries, {_LAST} as last_read", _F.USER, _F.CLIENT),
        f"sort queries desc, {_F.USER} asc",
        by=(_F.USER, _F.CLIENT),
    )


def tables_of(user: str) -> Insight:
    """What somebody uses."""
    return _insight(
        "tables_of_user",
        f"Which tables does {user} use, and how?",
        f"filter {_F.USER} = {_text(user)}",
        _grouped(f"{_ACCESSES} as accesses, {_LAST} as last_access", *_TABLE, _F.MODE),
        f"sort accesses desc, {_F.DATABASE} asc, {_F.TABLE} asc",
        by=(*_TABLE, _F.MODE),
    )


def queries_of(user: str) -> Insight:
    """What somebody has run."""
    return _insight(
        "queries_of_user",
        f"Which queries has {user} run?",
        f"fields {_F.EVENT_TIME}, {_F.WORKGROUP}, {_F.DATABASE}, {_F.STATE}, {_F.TOTAL_MS}, {_F.SCANNED_BYTES},"
        f" {_F.COST_USD}, {_F.SQL_TEXT}, {_F.QUERY_ID}",
        f"{_IS_QUERY} and {_F.USER} = {_text(user)}",
        f"sort {_F.EVENT_TIME} desc",
        f"dedup {_F.QUERY_ID}",
        "limit 100",
        stream=Stream.QUERIES,
    )


INSIGHTS: tuple[Insight, ...] = (
    EVENTS_BY_TABLE,
    USERS_BY_TABLE_AND_DAY,
    USERS_BY_TABLE_AND_MONTH,
    USERS_BY_DAY,
    TOP_TABLES,
    LAST_READS,
    METADATA_VERSUS_READS,
    READERS,
    USED_TABLES,
    DEAREST_QUERIES,
    NEWEST_QUERIES,
    FAILED_QUERIES,
    GUARD_ACTIONS,
)
"""The queries without a subject."""


def _text(value: str) -> str:
    """A string of the query language: quotes and backslashes of a hostile name stay inside."""
    return json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A table of the catalogue and when it was last read through Athena, None if never in the range."""

    database: str
    table: str
    last_read: datetime | None


def last_reads_in(results: Iterable[Iterable[Mapping[str, str]]]) -> dict[tuple[str, str], datetime]:
    """The answer to `LAST_READS` as GetQueryResults gives it: database and table -> the time of the last read."""
    found: dict[tuple[str, str], datetime] = {}
    for row in results:
        said = {cell["field"]: cell["value"] for cell in row}
        if {Field.DATABASE, Field.TABLE, "last_read"} <= said.keys():
            found[said[Field.DATABASE], said[Field.TABLE]] = datetime.fromisoformat(said["last_read"])
    return found


def not_read_since(
    catalogue: Iterable[tuple[str, str]], last_reads: Mapping[tuple[str, str], datetime], since: datetime
) -> list[Unread]:
    """Tables (database, name) of the Glue catalogue of which no read through Athena was seen since a moment.

    `last_reads` comes from `last_reads_in`; views in it were expanded to their tables. "Not seen" is all that this
    says: Spark, Redshift or a reader of S3 may use them every day, so nothing here is called unused. Those without
    any read first, then the longest unread.
    """
    found = [
        Unread(database=database, table=table, last_read=last_reads.get((database.lower(), table.lower())))
        for database, table in catalogue
    ]
    unread = [one for one in found if one.last_read is None or one.last_read < since]
    never = sorted((one for one in unread if one.last_read is None), key=lambda one: (one.database, one.table))
    once = [one for one in unread if one.last_read is not None]
    return never + sorted(once, key=lambda one: (one.last_read or since, one.database, one.table))
