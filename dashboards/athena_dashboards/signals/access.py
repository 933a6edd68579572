"""Who uses what data: tables, their readers, and what nobody has been seen to read."""

from athena_dashboards import figures
from athena_dashboards.model import Description, Signal
from athena_dashboards.promql import (
    Expr,
    Selector,
    aggregate,
    call,
    like,
    number,
    scoped,
    top,
    total,
)
from athena_dashboards.queries import Logs, Prom
from athena_dashboards.theme import Unit
from athena_exporter import catalog
from athena_exporter.catalog import Metric
from athena_exporter.outlets import insights
from athena_exporter.outlets.events import Field
from athena_exporter.outlets.insights import Insight
from athena_exporter.records import Mode

TOP = 10
LONGEST = 500
UNREAD_DAYS = 30
_DAY_SECONDS = 86_400
_MILLISECONDS = 1000
_TABLE = ("database", "table")
_READ_COSTS = "Each opening reads the range's events: 0.005 USD per GB, a million accesses are about half a GB."
_SEEN = "Only reads through Athena are seen: Spark, Redshift or S3 itself may read a table every day."
_OF_TABLES = {Field.DATABASE: "${database:regex}", Field.TABLE: "${table:regex}"}
_OF_PEOPLE = {Field.USER: "${user:regex}", **_OF_TABLES}


def of_tables(metric: Metric, **matchers: str) -> Selector:
    """A metric's series of the chosen databases and tables."""
    return scoped(metric, database=like("$database"), table=like("$table"), **matchers)


def _named(*by: str, **matchers: str) -> Expr:
    """Queries of the range that name a table, whatever they do with it."""
    return figures.in_range(of_tables(catalog.TABLE_QUERIES, **matchers), *by)


def _reads(*by: str) -> Expr:
    return _named(*by, mode=Mode.READ)


def _last_read() -> Expr:
    return aggregate("max", of_tables(catalog.TABLE_LAST_READ).now, *_TABLE)


def _unread_seconds() -> Expr:
    return number("time()") - _last_read()


def _narrowed(insight: Insight, patterns: dict[Field, str]) -> list[Logs]:
    return [Logs(insight=insights.narrowed(insight, patterns))]


TABLES_READ = Signal(
    title="Tables read",
    question="How many tables are read?",
    unit=Unit.COUNT,
    description=Description(
        headline="Tables that at least one query of the range read.",
        normal="A small part of the catalogue: few tables carry most work.",
        abnormal="A fall: a consumer has gone, or SQL can no longer be parsed (dashboard Exporter health).",
        next_step="Most read tables, below.",
    ),
    queries=lambda: [Prom(expr=aggregate("count", _reads(*_TABLE) > 0), is_instant=True)],
)
READS = Signal(
    title="Reads",
    question="How often are they read?",
    unit=Unit.COUNT,
    description=Description(
        headline="Queries of the range that read one of the chosen tables; a query with three tables counts thrice.",
        normal="The rhythm of people and schedules.",
        abnormal="A multiple of the same range before.",
        next_step="Reads over time, below; who: the rows at the end.",
    ),
    queries=lambda: [Prom(expr=call("round", _reads()), is_instant=True)],
)
DATABASES_READ = Signal(
    title="Databases read",
    question="How many databases are read?",
    unit=Unit.COUNT,
    description=Description(
        headline="Databases of which at least one table was read in the range.",
        normal="Nearly all that people know.",
        abnormal="Fewer than last month.",
        next_step="Reads by database, below.",
    ),
    queries=lambda: [Prom(expr=aggregate("count", _reads("database") > 0), is_instant=True)],
)
UNREAD_COUNT = Signal(
    title=f"No read seen for {UNREAD_DAYS} days",
    question="How many tables have not been read for long?",
    unit=Unit.COUNT,
    description=Description(
        headline=f"Tables that were read once, and not in the last {UNREAD_DAYS} days, whatever range is chosen.",
        normal=f"Some. {_SEEN}",
        abnormal="A table here that should be in daily use.",
        next_step="Which: the table No read seen since, below. Tables never read at all: "
        "compare the Glue catalogue with Last reads, in the last row.",
    ),
    empty_is_right=f"every table that was ever read was read in the last {UNREAD_DAYS} days",
    queries=lambda: [Prom(expr=aggregate("count", _unread_seconds() > UNREAD_DAYS * _DAY_SECONDS), is_instant=True)],
)
MOST_READ = Signal(
    title="Most read tables",
    question="Which tables are used most, and what is done with them?",
    unit=Unit.COUNT,
    description=Description(
        headline="Queries of the range by table and by what they do with it; when a read last succeeded.",
        normal="Facts and dimensions of the main products lead.",
        abnormal="Metadata far above reads: a tool that only looks. Writes without reads: made for nobody.",
        next_step=f"Click a table: it alone. The {LONGEST} most named tables are shown. {_SEEN}",
    ),
    queries=lambda: [
        Prom(expr=call("round", _reads(*_TABLE).and_(_longest())), is_instant=True),
        Prom(expr=call("round", _named(*_TABLE, mode=Mode.WRITE).and_(_longest())), is_instant=True),
        Prom(expr=call("round", _named(*_TABLE, mode=Mode.METADATA).and_(_longest())), is_instant=True),
        Prom(expr=call("round", _named(*_TABLE, mode=Mode.DDL).and_(_longest())), is_instant=True),
        Prom(expr=(_last_read() * _MILLISECONDS).and_(_longest()), is_instant=True),
    ],
)
READS_OVER_TIME = Signal(
    title="Reads an hour, by database",
    question="When is which data read?",
    unit=Unit.COUNT,
    description=Description(
        headline="Queries that read a table of each database, as a speed: per hour.",
        normal="Nights belong to pipelines, days to people.",
        abnormal="A database falls silent: its pipeline or its dashboard has stopped.",
        next_step="Choose the database above; its tables are in the table beside.",
    ),
    queries=lambda: [
        Prom(
            expr=figures.per_hour(of_tables(catalog.TABLE_QUERIES, mode=Mode.READ), "database"),
            legend="{{database}}",
        )
    ],
)
MODES = Signal(
    title="What is done with the tables, an hour",
    question="Are the tables read, written, changed, or only looked at?",
    unit=Unit.COUNT,
    description=Description(
        headline="Queries that name a chosen table, as a speed: per hour, by what they do with it.",
        normal="Reads above writes above the rest.",
        abnormal="Metadata above reads: a tool lists the catalogue again and again. DDL every hour.",
        next_step="Which tables: beside. Which tool: Who uses which table, in the row of readers.",
    ),
    queries=lambda: [
        Prom(expr=figures.per_hour(of_tables(catalog.TABLE_QUERIES), "mode"), legend="{{mode}}"),
    ],
)
METADATA = Signal(
    title="Looked at, not read",
    question="Which tables do tools list that nobody reads?",
    unit=Unit.COUNT,
    description=Description(
        headline=f"The {TOP} tables with most metadata queries (SHOW, DESCRIBE ...) and no read in the range.",
        normal="None, or tables that a catalogue service crawls.",
        abnormal="A table that its owners believe to be in use.",
        next_step="No read seen since, beside.",
    ),
    empty_is_right="every table that was looked at in the range was read, too",
    queries=lambda: [
        Prom(
            expr=top(
                TOP,
                call("round", (_named(*_TABLE, mode=Mode.METADATA) > 0).unless(_reads(*_TABLE) > 0)),
            ),
            legend="{{database}}.{{table}}",
            is_instant=True,
        )
    ],
)
UNREAD = Signal(
    title="No read seen since",
    question="Which tables has nobody been seen to read for longest?",
    unit=Unit.AGO,
    description=Description(
        headline="When a query that reads the table last succeeded, the longest ago first.",
        normal=f"Minutes to days. {_SEEN}",
        abnormal="Months: ask the owner before anything is deleted; nothing here is called unused.",
        next_step="Who read it last: choose the table above, and open the readers below.",
    ),
    queries=lambda: [Prom(expr=_last_read() * _MILLISECONDS, is_instant=True)],
)
READERS = Signal(
    title="Readers of the chosen tables",
    question=insights.READERS.question,
    unit=Unit.COUNT,
    description=Description(
        headline="Who has read the chosen tables in the range, with which tool, how often, and when last.",
        normal="The owners of the dashboards and pipelines on them.",
        abnormal="Somebody who should not; many `unattributed`.",
        next_step=f"Click a user. Choose database and table above to narrow. {_READ_COSTS}",
    ),
    queries=lambda: _narrowed(insights.READERS, _OF_PEOPLE),
)
USED = Signal(
    title="Tables of the chosen users",
    question=insights.USED_TABLES.question,
    unit=Unit.COUNT,
    description=Description(
        headline="Which tables the chosen users have named in the range, and what they did with them.",
        normal="The tables of their work; pipelines write, people read.",
        abnormal="Tables of another team; many of them for the first time.",
        next_step=f"Choose a user above to narrow; click one for their queries. {_READ_COSTS}",
    ),
    queries=lambda: _narrowed(insights.USED_TABLES, _OF_PEOPLE),
)
USERS_BY_DAY = Signal(
    title="Different readers by day",
    question=insights.USERS_BY_DAY.question,
    unit=Unit.COUNT,
    description=Description(
        headline="How many different people and services read any of the chosen tables, day by day (UTC).",
        normal="A weekly rhythm.",
        abnormal="A slow decline: the data are losing their readers.",
        next_step=f"Choose one table above to see its own. {_READ_COSTS}",
    ),
    queries=lambda: _narrowed(insights.USERS_BY_DAY, _OF_TABLES),
)
USERS_BY_TABLE_AND_DAY = Signal(
    title="Different readers by table and day",
    question=insights.USERS_BY_TABLE_AND_DAY.question,
    unit=Unit.COUNT,
    description=Description(
        headline="How many different people and services read each table on each day (UTC).",
        normal="The same tables lead every working day.",
        abnormal="A table that has lost its readers from one day to the next.",
        next_step=f"Click a table: it alone. {_READ_COSTS}",
    ),
    queries=lambda: _narrowed(insights.USERS_BY_TABLE_AND_DAY, _OF_TABLES),
)
USERS_BY_TABLE_AND_MONTH = Signal(
    title="Different readers by table and month",
    question=insights.USERS_BY_TABLE_AND_MONTH.question,
    unit=Unit.COUNT,
    description=Description(
        headline="How many different people and services read each table in a month (UTC). Days do not add up to it.",
        normal="A table of a team has the team's size.",
        abnormal="One reader only: its owner; nobody else needs it.",
        next_step=f"Choose a range of several months. {_READ_COSTS}",
    ),
    queries=lambda: _narrowed(insights.USERS_BY_TABLE_AND_MONTH, _OF_TABLES),
)
MODES_BY_TABLE = Signal(
    title="Metadata against reads",
    question=insights.METADATA_VERSUS_READS.question,
    unit=Unit.COUNT,
    description=Description(
        headline="Accesses to each table by mode, calls of Glue and Lake Formation included where they are collected.",
        normal="Reads lead.",
        abnormal="Metadata only: the table is listed, never read.",
        next_step=f"Metadata never means that data was read. {_READ_COSTS}",
    ),
    queries=lambda: _narrowed(insights.METADATA_VERSUS_READS, _OF_TABLES),
)
LAST_READS = Signal(
    title="Last reads",
    question=insights.LAST_READS.question,
    unit=Unit.NONE,
    description=Description(
        headline="When each table was last read in the range, the longest ago first.",
        normal=f"What the Glue catalogue has beyond this list was not read through Athena in the range. {_SEEN}",
        abnormal="A table of daily use near the top.",
        next_step=f"`athena-exporter report tables` prints the same from the ledger, free. {_READ_COSTS}",
    ),
    queries=lambda: _narrowed(insights.LAST_READS, _OF_TABLES),
)


def _longest() -> Expr:
    return top(LONGEST, total(_named(*_TABLE), *_TABLE))
