"""Users: who uses Athena, how much, in which databases; one of them alone; and the queries themselves."""

from athena_dashboards import history, links, variables
from athena_dashboards.model import BarGauge, Column, Dashboard, Panel, Row, Stat, Table, TimeSeries
from athena_dashboards.signals import budgets, queries, users
from athena_dashboards.signals import history as months
from athena_dashboards.theme import STATE_COLORS, Unit
from athena_dashboards.thresholds import BUDGET_FORECAST, BUDGET_LIMIT, FAILURE_RATIO

_KEPT = (*links.ON_EVENTS, "workgroup")
_USER = (links.from_row("This user alone", links.USERS, kept=_KEPT, user="user"),)
_USERS_SERIES = (links.from_series("This user alone", links.USERS, kept=_KEPT, user="user"),)
_WORKGROUP = (links.from_row("This workgroup", links.WORKGROUPS, kept=_KEPT, workgroup="workgroup"),)
_DATABASE = (links.from_row("Its tables", links.DATA_CATALOGUE, kept=links.ON_EVENTS, database="database"),)
_DATABASES_SERIES = (links.from_series("Its tables", links.DATA_CATALOGUE, kept=links.ON_EVENTS, database="database"),)
_THIS_USER = (links.from_row("This user alone", links.USERS, kept=_KEPT, user="user_name"),)
_THIS_DATABASE = (links.from_row("Its tables", links.DATA_CATALOGUE, kept=links.ON_EVENTS, database="database_name"),)
_BARS = BarGauge(links=_USERS_SERIES)
_CONSOLE = (links.console("query_id", region="region"),)
_QUERY = (
    Column(field="query_id", title="Query", links=_CONSOLE, width=300),
    Column(field="region", title="Region", width=110),
)
_WHEN_AND_WHO = (
    Column(field="event_time", title="Ended", width=210),
    Column(field="user", title="User", links=_USER, width=200),
    Column(field="workgroup", title="Workgroup", links=_WORKGROUP, width=140),
    Column(field="database", title="Database", links=_DATABASE, width=120),
)
_BYTES = Column(field="scanned_bytes", title="Scanned", unit=Unit.BYTES, width=90)
_COST = Column(field="cost_usd", title="Cost", unit=Unit.USD, decimals=4, width=90)
_SQL = Column(field="sql_text", title="SQL")

_SUMMARY = Row(
    id=100,
    title="",
    panels=(
        Panel(id=1, signal=users.ACTIVE, view=Stat(), width=4, height=4),
        Panel(id=2, signal=users.QUERIES, view=Stat(), width=4, height=4),
        Panel(id=3, signal=users.SCANNED, view=Stat(), width=4, height=4),
        Panel(id=4, signal=users.MONTH, view=Stat(decimals=2), width=4, height=4),
        Panel(id=5, signal=users.FAILED, view=Stat(decimals=1), width=4, height=4),
        Panel(id=6, signal=users.DATABASES, view=Stat(), width=4, height=4),
    ),
)
_WHO = Row(
    id=101,
    title="Who?",
    panels=(
        Panel(id=7, signal=users.SCANNED_BY_USER, view=_BARS, width=8, height=9),
        Panel(id=8, signal=users.QUERIES_BY_USER, view=_BARS, width=8, height=9),
        Panel(id=9, signal=users.DATABASES_BY_USER, view=_BARS, width=8, height=9),
        Panel(
            id=10,
            signal=users.TABLE,
            view=Table(
                columns=(
                    Column(field="user", title="User", links=_USER),
                    Column(field="#A", title="Queries", decimals=0, width=100),
                    Column(field="#B", title="Databases", decimals=0, width=100),
                    Column(field="#C", title="Scanned", unit=Unit.BYTES, is_gauge=True),
                    Column(field="#D", title="Average of a query", unit=Unit.BYTES),
                    Column(field="#E", title="Cost", unit=Unit.USD, decimals=2, width=110),
                    Column(field="#F", title="Cost this month", unit=Unit.USD, decimals=2, width=130),
                    Column(field="#G", title="Failed", unit=Unit.RATIO, decimals=1, threshold=FAILURE_RATIO, width=90),
                ),
                sort_by="Scanned",
            ),
            width=24,
            height=10,
        ),
    ),
)
_CHANGES = Row(
    id=102,
    title="What has changed?",
    panels=(
        Panel(
            id=11,
            signal=users.CHANGES,
            view=Table(
                columns=(
                    Column(field="user", title="User", links=_USER),
                    Column(field="#A", title="Now", no_value="-", width=95),
                    Column(field="#B", title="Before", no_value="-", width=95),
                    Column(field="#C", title="Difference", width=110),
                    Column(field="#D", title="Change", unit=Unit.RATIO, decimals=0, no_value="new", width=85),
                ),
                sort_by="Difference",
            ),
            height=10,
        ),
        Panel(
            id=12,
            signal=users.SCANNED_OVER_TIME,
            view=TimeSeries(
                is_stacked=True,
                fill_percent=40,
                legend_calcs=("mean", "max"),
                links=_USERS_SERIES,
            ),
            height=10,
        ),
    ),
)
_WHERE = Row(
    id=103,
    title="In which databases?",
    panels=(
        Panel(
            id=13,
            signal=users.QUERIES_BY_DATABASE,
            view=BarGauge(links=_DATABASES_SERIES),
            width=8,
            height=10,
        ),
        Panel(
            id=14,
            signal=users.USER_BY_DATABASE,
            view=Table(
                columns=(
                    Column(field="user", title="User", links=_USER),
                    Column(field="database", title="Database", links=_DATABASE, width=120),
                    Column(field="#A", title="Queries", decimals=0, width=85),
                    Column(field="#B", title="Scanned", unit=Unit.BYTES, width=95),
                    Column(field="#C", title="Average of a query", unit=Unit.BYTES, width=150),
                    Column(field="#D", title="Cost", unit=Unit.USD, decimals=2, width=80),
                    Column(field="#E", title="Failed", unit=Unit.RATIO, decimals=1, threshold=FAILURE_RATIO, width=80),
                ),
                sort_by="Scanned",
            ),
            width=16,
            height=10,
        ),
    ),
)
_ALONE = Row(
    id=104,
    title="One user: $user",
    panels=(
        Panel(
            id=15,
            signal=users.STATES,
            view=TimeSeries(is_stacked=True, fill_percent=40, colors=STATE_COLORS, legend_calcs=("mean", "max")),
        ),
        Panel(
            id=16,
            signal=users.SCANNED_BY_DATABASE,
            view=TimeSeries(is_stacked=True, fill_percent=40, legend_calcs=("mean", "max"), links=_DATABASES_SERIES),
        ),
        Panel(
            id=17,
            signal=users.WORKGROUPS,
            view=Table(
                columns=(
                    Column(field="workgroup", title="Workgroup", links=_WORKGROUP),
                    Column(field="#A", title="Queries", decimals=0, width=80),
                    Column(field="#B", title="Scanned", unit=Unit.BYTES, width=95),
                    Column(field="#C", title="Cost", unit=Unit.USD, decimals=2, width=80),
                ),
                sort_by="Scanned",
            ),
            width=8,
            height=9,
        ),
        Panel(
            id=18,
            signal=users.WHO,
            view=Table(
                columns=(
                    Column(field="user", title="User", links=_USER),
                    Column(field="kind", title="Kind", width=90),
                    Column(field="role", title="Role"),
                ),
            ),
            width=8,
            height=9,
        ),
        Panel(id=19, signal=users.FAILED_BY_USER, view=_BARS, width=8, height=9),
        Panel(
            id=23,
            signal=budgets.OF_USERS,
            view=Table(
                columns=(
                    Column(field="subject", title="User or role"),
                    Column(field="budget", title="Budget", width=220),
                    Column(field="#A", title="Used", decimals=0, is_gauge=True, threshold=BUDGET_LIMIT, width=240),
                    Column(field="#C", title="Level", unit=Unit.NONE, width=90, mappings=budgets.LEVELS),
                    Column(field="#B", title="Forecast", decimals=0, width=90, threshold=BUDGET_FORECAST, no_value="-"),
                    Column(field="#D", title="Scanned", unit=Unit.BYTES, width=110, no_value="-"),
                    Column(field="#E", title="Limit", unit=Unit.BYTES, width=110, no_value="-"),
                    Column(field="#F", title="Spent", unit=Unit.USD, decimals=2, width=100, no_value="-"),
                    Column(field="#G", title="Limit, dollars", unit=Unit.USD, decimals=2, width=110, no_value="-"),
                    Column(field="#H", title="Begins anew", unit=Unit.AGO, width=120, no_value="rolling"),
                ),
                sort_by="Used",
            ),
            width=24,
            height=7,
        ),
    ),
)
_THEMSELVES = Row(
    id=105,
    title="The queries themselves (CloudWatch Logs Insights: billed by what it reads)",
    is_collapsed=True,
    panels=(
        Panel(
            id=20,
            signal=queries.NEWEST,
            view=Table(
                columns=(
                    *_WHEN_AND_WHO,
                    Column(field="state", title="State", width=100),
                    Column(field="total_ms", title="Took", unit=Unit.MILLISECONDS, width=90),
                    _BYTES,
                    _COST,
                    _SQL,
                    *_QUERY,
                ),
                sort_by="Ended",
            ),
            width=24,
            height=12,
        ),
        Panel(
            id=21,
            signal=queries.DEAREST,
            view=Table(
                columns=(
                    *_WHEN_AND_WHO,
                    Column(field="workload", title="Job", width=180),
                    _BYTES,
                    _COST,
                    _SQL,
                    *_QUERY,
                ),
                sort_by="Cost",
            ),
            width=24,
            height=12,
        ),
        Panel(
            id=22,
            signal=queries.FAILURES,
            view=Table(
                columns=(
                    *_WHEN_AND_WHO,
                    Column(field="error_category", title="Whose to mend", width=120),
                    Column(field="error_name", title="Error", width=160),
                    _SQL,
                    *_QUERY,
                ),
                sort_by="Ended",
            ),
            width=24,
            height=12,
        ),
    ),
)
_LONG_AGO = Row(
    id=106,
    title="Months of users, from the history (Athena: billed by what it reads)",
    is_collapsed=True,
    panels=(
        Panel(
            id=24,
            signal=months.USERS,
            view=history.table(
                "usage_by_user",
                {
                    "user_name": "User",
                    "user_kind": "Kind",
                    "queries": "Queries",
                    "scanned_bytes": "Scanned",
                    "billed_bytes": "Billed",
                    "cost_usd": "Cost",
                    "cost_share": "Of all",
                    "failed_share": "Failed",
                    "last_query_at": "Last query",
                },
                sort_by="Cost",
                links={"user_name": _THIS_USER},
            ),
            width=24,
            height=11,
        ),
        Panel(
            id=25,
            signal=months.DATABASES_OF_USERS,
            view=history.table(
                "databases_by_user",
                {
                    "user_name": "User",
                    "database_name": "Database",
                    "queries": "Queries",
                    "scanned_bytes": "Scanned",
                    "cost_usd": "Cost",
                },
                links={"user_name": _THIS_USER, "database_name": _THIS_DATABASE},
            ),
            height=11,
        ),
        Panel(
            id=26,
            signal=months.AVERAGE_MB,
            view=history.table(
                "average_mb",
                {
                    "user_name": "User",
                    "database_name": "Database",
                    "average_mb": "Average of a query",
                    "queries": "Queries",
                    "scanned_bytes": "Scanned",
                },
                sort_by="Average of a query",
                links={"user_name": _THIS_USER, "database_name": _THIS_DATABASE},
            ),
            height=11,
        ),
        Panel(
            id=27,
            signal=months.DEAREST,
            view=history.table(
                "dearest_queries",
                {
                    "counted_at": "Ended",
                    "user_name": "User",
                    "workgroup": "Workgroup",
                    "database_name": "Database",
                    "workload": "Job",
                    "state": "State",
                    "scanned_bytes": "Scanned",
                    "cost_usd": "Cost",
                    "total_ms": "Took",
                    "sql_text": "SQL",
                    "query_id": "Query",
                    "region": "Region",
                },
                sort_by="Cost",
                links={"user_name": _THIS_USER, "workgroup": _WORKGROUP, "query_id": _CONSOLE},
                widths={"counted_at": 210, "query_id": 300, "region": 110},
            ),
            width=24,
            height=12,
        ),
    ),
)

BOARD = Dashboard(
    uid="athena-users",
    title="Athena: users",
    description="Who uses Athena, how much, in which databases, and which queries they run.",
    questions=(
        "How much data does each user scan, and how many queries do they run?",
        "Who scans more than before?",
        "Which databases does each user use, and how much does a query of theirs scan?",
        "What does one user do, and does it succeed?",
        "Which queries have been run, which were dearest, which failed and why?",
        "Who has used Athena over months, and how?",
    ),
    variables=(
        variables.PROMETHEUS,
        variables.CLOUDWATCH,
        variables.ATHENA,
        variables.ACCOUNT,
        variables.REGION,
        variables.WORKGROUP,
        variables.USER,
        variables.HISTORY,
    ),
    rows=(_SUMMARY, _WHO, _CHANGES, _WHERE, _ALONE, _THEMSELVES, _LONG_AGO),
)
