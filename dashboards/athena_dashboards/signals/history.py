"""Months of queries, from the history on S3: who, where, what it cost, what could be saved. Each look is paid for."""

from collections.abc import Callable

from athena_dashboards import history
from athena_dashboards.history import asked, asks, price
from athena_dashboards.model import Description, Signal
from athena_dashboards.queries import AthenaSql
from athena_dashboards.theme import Unit

_EMPTY = "the history is not set up, or has nothing of these days"
_MONTH, _YEAR = 30, 365
_CATALOGUE = ("account", "region")
"""What narrows the history where there are no workgroups to choose."""
_BY_MONTH = (
    "SELECT month, component, sum(cost_usd) AS cost_usd\nFROM (\n{}\n) AS parts\nGROUP BY month, component\n"
    "ORDER BY month, cost_usd DESC, component"
)
_JOBS = (
    "SELECT month, workload, component, queries, scanned_bytes, cost_usd\nFROM (\n{}\n) AS parts\n"
    "WHERE workload IS NOT NULL\nORDER BY month DESC, cost_usd DESC, component, workload\nLIMIT 1000"
)


def _signal(
    name: str,
    title: str,
    query: Callable[[], AthenaSql],
    *words: str,
    days: int = _MONTH,
    unit: Unit = Unit.NONE,
    question: str = "",
) -> Signal:
    """A question of the library as a signal. `words`: headline, what is normal, what is not, where next."""
    headline, normal, abnormal, next_step = words
    return Signal(
        title=title,
        question=question or asks(name),
        unit=unit,
        description=Description(
            headline=headline,
            normal=normal,
            abnormal=abnormal,
            next_step=f"{next_step} {price(name, days)}",
        ),
        queries=lambda: [query()],
        empty_is_right=_EMPTY,
    )


# -- users ------------------------------------------------------------------------------------------------------------

USERS = _signal(
    "usage_by_user",
    "Users over the chosen days",
    lambda: asked("usage_by_user"),
    "Queries, bytes and list price of each user, as far back as `History` reaches.",
    "Services before people; `unattributed` below a hundredth.",
    "A person among the services; somebody whose last query is months old and who still has access.",
    "Click a user; for days that Prometheus still has, the rows above.",
)
DATABASES_OF_USERS = _signal(
    "databases_by_user",
    "Databases of each user over the chosen days",
    lambda: asked("databases_by_user"),
    "Which databases each user has queried, the dearest users first.",
    "A team's users share its databases.",
    "Somebody in a database that is not theirs.",
    "Click a database: its tables.",
)
AVERAGE_MB = _signal(
    "average_mb",
    "Average scan of a query over the chosen days",
    lambda: asked("average_mb"),
    "How much a query of each user scans of each database, on average, over the chosen days.",
    "The same for people with the same work.",
    "One user's a hundred times that of the others: no filter on the partition.",
    "The dearest queries, below.",
)
DEAREST = _signal(
    "dearest_queries",
    "The dearest queries of the chosen days",
    lambda: asked("dearest_queries"),
    "The 100 queries that cost most, as far back as `History` reaches.",
    "Full rebuilds, known to their owners.",
    "The same statement again and again.",
    "Click an id: the query in Athena's console, which forgets it after 45 days.",
)

# -- cost -------------------------------------------------------------------------------------------------------------

COMPONENTS = _signal(
    "cost_by_component",
    "Cost by component, twelve months",
    lambda: asked(
        "cost_by_component", first=history.YEAR, macros={"components": history.COMPONENTS}, around=_BY_MONTH,
    ),
    "List price of each month's queries by the workgroups' tag `component`, as it is today; without one, by the first"
    " word of the workgroup's name.",
    "Each component grows as its data does; the last month is not over.",
    "A component that doubles from one month to the next.",
    "Month over month, below, and its workgroups' dashboard.",
    days=_YEAR,
    unit=Unit.USD,
    question="What does each component cost, month by month?",
)  # fmt: skip  # the query in one row
BILLED = Signal(
    title="Billed by component, twelve months",
    question="And what does the bill say?",
    unit=Unit.USD,
    description=Description(
        headline="Unblended cost of Athena in a Cost and Usage Report 2.0 by the same tag, without tax, credits and"
        " refunds.",
        normal="Beside it the same bars: lower by your discount, and higher by reserved DPUs and Spark.",
        abnormal="A component that the history lacks: an account or a Region that no exporter reads.",
        next_step="It needs the report's table in `CUR 2.0 table` (database.table), which the data source's role may"
        " read, and the tag activated for cost allocation. Each look reads Athena's columns of twelve months.",
    ),
    queries=lambda: [history.bill()],
    empty_is_right="no table of a Cost and Usage Report 2.0 is named above, or it has no line of Athena",
)
MONTHS = _signal(
    "month_over_month",
    "Workgroups, month over month",
    lambda: asked("month_over_month", first=history.YEAR),
    "Queries, users and list price of each workgroup in twelve months, and the change to the month before.",
    "Within a fifth; the last month is not over.",
    "A rise that no new users explain.",
    "Click a workgroup.",
    days=_YEAR,
)
WHAT_HELPS = {
    "savings_full_scans": "Filter on the partition, or partition the table",
    "savings_select_star": "Name the columns instead of SELECT *",
    "savings_result_reuse": "Switch on result reuse in the program",
    "savings_reservation": "Reserve DPUs for the workgroup",
}
"""What the question `savings` calls each saving -> what to do."""
SAVINGS = _signal(
    "savings",
    "What could be saved, ranked",
    lambda: asked("savings"),
    "Dollars that the chosen days would not have cost, and what helps; estimates that overlap, so they do not add up.",
    "Less than a tenth of the cost.",
    "A table at the top that everybody reads whole.",
    "`athena-exporter questions` has each of them by itself, with the queries that it is about; tables in row formats,"
    " too.",
)
REPEATED = _signal(
    "repeated_queries",
    "Repeated queries",
    lambda: asked("repeated_queries"),
    "SELECTs that were asked letter for letter again and again, and what result reuse would have saved.",
    "Dashboards, with most of their runs reused.",
    "Many runs, none reused: the program does not ask for it.",
    "Switch on result reuse where the program starts its queries.",
)

# -- data catalogue ---------------------------------------------------------------------------------------------------

TABLES = _signal(
    "table_usage",
    "Tables over the chosen days",
    lambda: asked("table_usage", scope=_CATALOGUE),
    "Readers, reads, writes and the last read of each table, as far back as `History` reaches; views are seen through.",
    "Readers in every month.",
    "Written every day and read by nobody.",
    "Click nothing here: names are database.table; the rows above take each by itself.",
)
NOT_READ = _signal(
    "tables_not_read_since",
    "Tables that nobody has read in the chosen days",
    lambda: asked("tables_not_read_since", first=history.KEPT, scope=_CATALOGUE, macros={"since": history.CHOSEN}),
    "Tables that some query of the last 400 days named, and none of the chosen days has read with success.",
    "Tables for a year's end.",
    "Writes of a table that nobody reads: they are paid for.",
    "Ask its owner, and its other readers: Spark, Redshift and readers of S3 are not seen.",
    days=400,
    question="Which tables were used, but not read through Athena in the chosen days?",
)
READERS = _signal(
    "table_readers_by_month",
    "Readers of each table by month, twelve months",
    lambda: asked("table_readers_by_month", first=history.YEAR, scope=_CATALOGUE),
    "How many different people and services read each table in each of twelve months.",
    "It grows, or stays.",
    "It falls to nothing: people have found something better, or can't read it any more.",
    "The row above says who reads it today.",
    days=_YEAR,
)

# -- pipelines --------------------------------------------------------------------------------------------------------

JOBS = _signal(
    "cost_by_component",
    "Jobs by month, twelve months",
    lambda: asked("cost_by_component", first=history.YEAR, macros={"components": history.COMPONENTS}, around=_JOBS),
    "Queries, bytes and list price of each job in each of twelve months, in the chosen workgroups.",
    "A job costs what it did the month before.",
    "One that grows faster than its data.",
    "Which jobs?, above, for the last weeks.",
    days=_YEAR,
    question="What does each job cost, month by month?",
)
LATENCY = _signal(
    "latency_by_workgroup",
    "Waiting and running over the chosen days",
    lambda: asked("latency_by_workgroup"),
    "Exact percentiles of each phase of the chosen workgroups' queries; other tools' queries in them count, too.",
    "The queue's 95th percentile within seconds.",
    "The queue's as long as the engine's: schedules crowd.",
    "Move schedules apart, or reserve capacity: the cost dashboard says whether it pays.",
)
REASONS = _signal(
    "failure_reasons",
    "Why queries failed in the chosen days",
    lambda: asked("failure_reasons"),
    "Failures of the chosen workgroups by reason, with whose it is to mend.",
    "Few, and users' typing.",
    "One reason of a service every night.",
    "docs/runbook.md; the latest query of each is in Athena's console for 45 days.",
)
