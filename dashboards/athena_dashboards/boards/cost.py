"""Cost: by workgroup, component, client and user; what the figures assume, and whether CloudWatch agrees."""

from athena_dashboards import history, links, thresholds, variables
from athena_dashboards.model import (
    BarChart,
    BarGauge,
    Column,
    Dashboard,
    Panel,
    Row,
    Stat,
    Table,
    TextPanel,
    TimeSeries,
)
from athena_dashboards.signals import cost, spend
from athena_dashboards.signals import history as months
from athena_dashboards.theme import COMPONENT_TAG, Color, Unit

_WORKGROUP_LINK = (links.from_row("This workgroup", links.WORKGROUPS, workgroup="workgroup"),)
_STACKED = TimeSeries(is_stacked=True, fill_percent=40, decimals=2)
_BYTES = TimeSeries(colors={"scanned": Color.SKY, "billed": Color.ORANGE}, fill_percent=0)

_SUMMARY = Row(
    id=100,
    title="",
    panels=(
        Panel(id=1, signal=spend.MONTH, view=Stat(decimals=2), width=4, height=4),
        Panel(id=2, signal=spend.FORECAST, view=Stat(decimals=2), width=4, height=4),
        Panel(id=3, signal=cost.COST, view=Stat(decimals=2, has_name=True), width=6, height=4),
        Panel(id=4, signal=cost.PER_BILLED_TB, view=Stat(decimals=2), width=3, height=4),
        Panel(id=5, signal=cost.PER_SCANNED_TB, view=Stat(decimals=2), width=3, height=4),
        Panel(
            id=6,
            signal=cost.COVERAGE,
            view=Stat(decimals=1, no_value="CloudWatch's metrics are off"),
            width=4,
            height=4,
        ),
    ),
)
_WHO = Row(
    id=101,
    title="Who spends it?",
    panels=(
        Panel(
            id=7,
            signal=cost.COMPONENTS,
            view=Table(
                columns=(
                    Column(field=COMPONENT_TAG, title="Component"),
                    Column(field="#A", title="Today", width=110, decimals=2),
                    Column(field="#B", title="Yesterday", width=110, decimals=2),
                    Column(field="#C", title="This month", width=110, decimals=2),
                    Column(field="#D", title="Last month", width=110, decimals=2, no_value="-"),
                ),
                sort_by="This month",
            ),
        ),
        Panel(id=8, signal=cost.COMPONENTS_PER_HOUR, view=_STACKED),
        Panel(
            id=9,
            signal=cost.WORKGROUPS,
            view=Table(
                columns=(
                    Column(field="workgroup", title="Workgroup", links=_WORKGROUP_LINK),
                    Column(field=COMPONENT_TAG, title="Component"),
                    Column(field="#A", title="Cost", decimals=2, is_gauge=True),
                    Column(field="#B", title="Per query", decimals=4, no_value="-"),
                    Column(field="#C", title="Queries", unit=Unit.NONE, decimals=0),
                    Column(field="#D", title="Scanned", unit=Unit.BYTES),
                    Column(field="#E", title="Billed", unit=Unit.BYTES),
                ),
                sort_by="Cost",
            ),
            width=24,
            height=10,
        ),
        Panel(id=10, signal=cost.CLIENTS, view=BarGauge(decimals=2), height=10),
        Panel(
            id=11,
            signal=cost.USERS,
            view=BarGauge(decimals=2, links=(links.from_series("This user", links.USERS, user="user"),)),
            height=10,
        ),
    ),
)
_WHY = Row(
    id=102,
    title="When, and at which price?",
    panels=(
        Panel(
            id=12,
            signal=spend.PER_HOUR,
            view=TimeSeries(is_stacked=True, fill_percent=40, decimals=2, is_legend_right=True),
            width=24,
        ),
        Panel(id=13, signal=cost.BILLED_AND_SCANNED, view=_BYTES, width=10),
        TextPanel(id=14, title="What the figures assume", markdown=cost.ASSUMPTIONS, width=14, height=8),
        Panel(id=15, signal=cost.REUSED, view=Stat(decimals=1), width=10, height=4),
        Panel(
            id=16,
            signal=cost.RESERVED,
            view=Stat(decimals=2, has_name=True, no_value="no reservation"),
            width=14,
            height=4,
        ),
    ),
)
_TRUE = Row(
    id=103,
    title="Does CloudWatch agree?",
    panels=(
        Panel(
            id=17,
            signal=cost.COVERAGE_BY_WORKGROUP,
            view=Table(
                columns=(
                    Column(field="account_id", title="Account"),
                    Column(field="region", title="Region"),
                    Column(field="workgroup", title="Workgroup", links=_WORKGROUP_LINK),
                    Column(field="#A", title="Ours"),
                    Column(field="#B", title="CloudWatch's", no_value="-"),
                    Column(
                        field="#C",
                        title="Coverage",
                        unit=Unit.RATIO,
                        decimals=1,
                        threshold=thresholds.COVERAGE,
                        no_value="-",
                    ),
                ),
                sort_by="Coverage",
                is_ascending=True,
            ),
            width=24,
            height=10,
        ),
    ),
)
_BY_MONTH = BarChart(x_field="month", series_field="component", value_field="cost_usd", is_stacked=True)
_YEAR = Row(
    id=104,
    title="Twelve months, from the history and from the bill (Athena: billed by what it reads)",
    is_collapsed=True,
    panels=(
        Panel(id=18, signal=months.COMPONENTS, view=_BY_MONTH, height=11),
        Panel(id=19, signal=months.BILLED, view=_BY_MONTH, height=11),
        Panel(
            id=20,
            signal=months.MONTHS,
            view=history.table(
                "month_over_month",
                {
                    "month": "Month",
                    "account_id": "Account",
                    "region": "Region",
                    "workgroup": "Workgroup",
                    "queries": "Queries",
                    "users": "Users",
                    "scanned_bytes": "Scanned",
                    "cost_usd": "Cost",
                    "previous_usd": "Month before",
                    "change_usd": "Difference",
                    "change_ratio": "Change",
                },
                sort_by="Month",
                links={"workgroup": _WORKGROUP_LINK},
            ),
            width=24,
            height=11,
        ),
    ),
)
_SAVED = Row(
    id=105,
    title="What could be saved? From the history (Athena: billed by what it reads)",
    is_collapsed=True,
    panels=(
        Panel(
            id=21,
            signal=months.SAVINGS,
            view=history.table(
                "savings",
                {
                    "saving_usd": "Could be saved",
                    "saving": "What helps",
                    "subject": "Where",
                    "queries": "Queries",
                    "cost_usd": "They cost",
                },
                sort_by="Could be saved",
                mappings={"saving": months.WHAT_HELPS},
                widths={"saving_usd": 140, "saving": 420, "queries": 110, "cost_usd": 110},
            ),
            width=24,
            height=11,
        ),
        Panel(
            id=22,
            signal=months.REPEATED,
            view=history.table(
                "repeated_queries",
                {
                    "saving_usd": "Could be saved",
                    "cost_usd": "Cost",
                    "runs": "Runs",
                    "reused": "Reused",
                    "reusable": "Could have been",
                    "users": "Users",
                    "workgroup": "Workgroup",
                    "database_name": "Database",
                    "scanned_bytes": "Scanned",
                    "sql_text": "SQL",
                },
                sort_by="Could be saved",
                links={"workgroup": _WORKGROUP_LINK},
            ),
            width=24,
            height=11,
        ),
    ),
)
BOARD = Dashboard(
    uid=links.COST,
    title="Athena: cost",
    description="Where does the money go, what do the figures assume, and does CloudWatch agree?",
    questions=(
        "What does Athena cost, at which price?",
        "Which workgroup, component, client, user spends it?",
        "When is it spent?",
        "Is every byte that CloudWatch knows of counted?",
        "What has each component cost in each of twelve months, and what does the bill say?",
        "What could be saved, and by what?",
    ),
    variables=(
        variables.PROMETHEUS,
        variables.ATHENA,
        variables.ACCOUNT,
        variables.REGION,
        variables.WORKGROUP,
        variables.COMPONENT,
        variables.COMPONENT_OF,
        variables.HISTORY,
        variables.CUR_TABLE,
    ),
    rows=(_SUMMARY, _WHO, _WHY, _TRUE, _YEAR, _SAVED),
    since="now-7d",
)
