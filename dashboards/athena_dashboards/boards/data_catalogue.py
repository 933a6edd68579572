"""Data catalogue: who uses what data, and what has nobody been seen to read?"""

from athena_dashboards import history, links, variables
from athena_dashboards.model import BarGauge, Column, Dashboard, Panel, Row, Stat, Table, TimeSeries
from athena_dashboards.signals import access
from athena_dashboards.signals import history as months
from athena_dashboards.theme import Unit

_ALONE = (
    links.from_row("This table alone", links.DATA_CATALOGUE, kept=links.ON_EVENTS, database="database", table="table"),
)
_DATABASE = (links.from_row("This database alone", links.DATA_CATALOGUE, kept=links.ON_EVENTS, database="database"),)
_USER = (
    links.from_row("Their tables", links.DATA_CATALOGUE, kept=links.ON_EVENTS, user="user"),
    links.from_row("Their queries", links.USERS, kept=links.ON_EVENTS, user="user"),
)
_NAME = (
    Column(field="database", title="Database", links=_DATABASE),
    Column(field="table", title="Table", links=_ALONE),
)
_BILLED = "(CloudWatch Logs Insights: billed by what it reads)"

_SUMMARY = Row(
    id=100,
    title="",
    panels=(
        Panel(id=1, signal=access.TABLES_READ, view=Stat(), width=6, height=4),
        Panel(id=2, signal=access.READS, view=Stat(), width=6, height=4),
        Panel(id=3, signal=access.DATABASES_READ, view=Stat(), width=6, height=4),
        Panel(id=4, signal=access.UNREAD_COUNT, view=Stat(no_value="none"), width=6, height=4),
    ),
)
_USED = Row(
    id=101,
    title="What is used?",
    panels=(
        Panel(
            id=5,
            signal=access.MOST_READ,
            view=Table(
                columns=(
                    *_NAME,
                    Column(field="#A", title="Reads", no_value="0", width=90),
                    Column(field="#B", title="Writes", no_value="0", width=90),
                    Column(field="#C", title="Metadata", no_value="0", width=90),
                    Column(field="#D", title="DDL", no_value="0", width=80),
                    Column(field="#E", title="Last read", unit=Unit.AGO, no_value="none seen", width=150),
                ),
                sort_by="Reads",
            ),
            width=24,
            height=11,
        ),
        Panel(
            id=6,
            signal=access.READS_OVER_TIME,
            view=TimeSeries(is_stacked=True, fill_percent=40, legend_calcs=("mean", "max")),
            height=9,
        ),
        Panel(
            id=7,
            signal=access.MODES,
            view=TimeSeries(is_stacked=True, fill_percent=40, legend_calcs=("mean", "max")),
            height=9,
        ),
    ),
)
_UNUSED = Row(
    id=102,
    title="What has nobody been seen to read?",
    panels=(
        Panel(
            id=8,
            signal=access.UNREAD,
            view=Table(
                columns=(
                    *_NAME,
                    Column(field="#A", title="Last read"),
                ),
                sort_by="Last read",
                is_ascending=True,
            ),
            height=10,
        ),
        Panel(id=9, signal=access.METADATA, view=BarGauge(), height=10),
    ),
)
_PEOPLE = Row(
    id=103,
    title=f"Readers of a table, tables of a person {_BILLED}",
    is_collapsed=True,
    panels=(
        Panel(
            id=10,
            signal=access.READERS,
            view=Table(
                columns=(
                    Column(field="user", title="User", links=_USER),
                    Column(field="client", title="Tool"),
                    Column(field="queries", title="Queries", unit=Unit.COUNT, width=90),
                    Column(field="tables", title="Tables", unit=Unit.COUNT, width=80),
                    Column(field="last_read", title="Last read", width=210),
                ),
                sort_by="Queries",
            ),
            height=12,
        ),
        Panel(
            id=11,
            signal=access.USED,
            view=Table(
                columns=(
                    Column(field="user", title="User", links=_USER),
                    Column(field="database", title="Database", links=_DATABASE, width=110),
                    Column(field="table", title="Table", links=_ALONE, width=160),
                    Column(field="mode", title="Mode", width=80),
                    Column(field="accesses", title="Accesses", unit=Unit.COUNT, width=85),
                    Column(field="last_access", title="Last", width=205),
                ),
                sort_by="Accesses",
            ),
            height=12,
        ),
    ),
)
_DISTINCT = Row(
    id=104,
    title=f"Different readers, by day and by month {_BILLED}",
    is_collapsed=True,
    panels=(
        Panel(
            id=12,
            signal=access.USERS_BY_DAY,
            view=TimeSeries(is_bars=True, fill_percent=80, legend_calcs=("mean", "max")),
            width=24,
        ),
        Panel(
            id=13,
            signal=access.USERS_BY_TABLE_AND_DAY,
            view=Table(
                columns=(
                    Column(field="bin(1d)", title="Day", unit=Unit.DAY, width=110),
                    *_NAME,
                    Column(field="users", title="Readers", unit=Unit.COUNT, width=90),
                ),
                sort_by="Readers",
            ),
            height=11,
        ),
        Panel(
            id=14,
            signal=access.USERS_BY_TABLE_AND_MONTH,
            view=Table(
                columns=(
                    Column(field="bin(1mo)", title="Month", unit=Unit.MONTH, width=110),
                    *_NAME,
                    Column(field="users", title="Readers", unit=Unit.COUNT, width=90),
                ),
                sort_by="Readers",
            ),
            height=11,
        ),
    ),
)
_MODES = Row(
    id=105,
    title=f"Metadata against reads, last reads {_BILLED}",
    is_collapsed=True,
    panels=(
        Panel(
            id=15,
            signal=access.MODES_BY_TABLE,
            view=Table(
                columns=(
                    *_NAME,
                    Column(field="mode", title="Mode", width=100),
                    Column(field="accesses", title="Accesses", unit=Unit.COUNT, width=100),
                ),
                sort_by="Accesses",
            ),
            height=11,
        ),
        Panel(
            id=16,
            signal=access.LAST_READS,
            view=Table(
                columns=(*_NAME, Column(field="last_read", title="Last read", width=210)),
                sort_by="Last read",
                is_ascending=True,
            ),
            height=11,
        ),
    ),
)

_LONG_AGO = Row(
    id=106,
    title="Months of tables, from the history (Athena: billed by what it reads)",
    is_collapsed=True,
    panels=(
        Panel(
            id=17,
            signal=months.TABLES,
            view=history.table(
                "table_usage",
                {
                    "table_name": "Table",
                    "readers": "Readers",
                    "reads": "Reads",
                    "writes": "Writes",
                    "ddl": "DDL",
                    "metadata": "Metadata",
                    "last_read_at": "Last read",
                },
                sort_by="Readers",
            ),
            width=24,
            height=11,
        ),
        Panel(
            id=18,
            signal=months.NOT_READ,
            view=history.table(
                "tables_not_read_since",
                {
                    "table_name": "Table",
                    "last_read_at": "Last read",
                    "last_used_at": "Last used",
                    "queries": "Queries",
                    "writes": "Writes",
                },
            ),
            height=11,
        ),
        Panel(
            id=19,
            signal=months.READERS,
            view=history.table(
                "table_readers_by_month",
                {"month": "Month", "table_name": "Table", "readers": "Readers", "queries": "Queries"},
                sort_by="Month",
            ),
            height=11,
        ),
    ),
)

BOARD = Dashboard(
    uid="athena-data-catalogue",
    title="Athena: data catalogue",
    description="Who uses what data, who reads a table, which tables a person uses, what nobody was seen to read.",
    questions=(
        "Which tables are read, written, or only looked at?",
        "Which tables has nobody been seen to read since when?",
        "Who reads a table, and which tables does a person use?",
        "How many different people and services read a table, by day and by month?",
        "Which tables has nobody read for months, although something still writes to them?",
    ),
    variables=(
        variables.PROMETHEUS,
        variables.CLOUDWATCH,
        variables.ATHENA,
        variables.ACCOUNT,
        variables.REGION,
        variables.DATABASE,
        variables.TABLE,
        variables.READER,
        variables.HISTORY,
    ),
    rows=(_SUMMARY, _USED, _UNUSED, _PEOPLE, _DISTINCT, _MODES, _LONG_AGO),
)
