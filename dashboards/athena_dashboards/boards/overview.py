"""Overview: what Athena costs, who spends it, what has changed, and whether the figures can be trusted."""

from athena_dashboards import links, variables
from athena_dashboards.model import (
    AlertList,
    AlertPanel,
    BarGauge,
    Column,
    Dashboard,
    Panel,
    Row,
    Stat,
    Table,
    TimeSeries,
)
from athena_dashboards.signals import budgets, exporter, failures, spend
from athena_dashboards.theme import WARNING, Color, Unit
from athena_dashboards.thresholds import SCAN_SPIKE

_WITHOUT_WORKGROUP = links.KEPT[:-1]
_TO_COST = (links.to("Cost: by component, client, user", links.COST),)
_TO_LIMITS = (links.to("Limits", links.LIMITS),)
_TO_EXPORTER = (links.to("Exporter health", links.EXPORTER, kept=_WITHOUT_WORKGROUP),)
_USER = (links.from_row("This user", links.USERS, user="user"),)
_WORKGROUP = (links.from_row("This workgroup", links.WORKGROUPS, workgroup="workgroup"),)
_OF_SUBJECT = (links.from_series("This workgroup", links.WORKGROUPS, workgroup="subject"),)
_MONTH = "30d"
_CATEGORIES = {"user": Color.SKY, "system": Color.VERMILION, "other": Color.PURPLE, "unknown": Color.GREY}

_SUMMARY = Row(
    id=100,
    title="",
    panels=(
        Panel(id=1, signal=spend.MONTH, view=Stat(decimals=2, links=_TO_COST), width=4, height=4),
        Panel(id=2, signal=spend.FORECAST, view=Stat(decimals=2, links=_TO_COST), width=4, height=4),
        Panel(
            id=3,
            signal=spend.AGAINST_LAST_MONTH,
            view=Stat(decimals=0, links=_TO_COST, no_value="no last month"),
            width=4,
            height=4,
        ),
        Panel(id=4, signal=spend.TODAY, view=Stat(decimals=2), width=4, height=4),
        Panel(id=5, signal=spend.YESTERDAY, view=Stat(decimals=2), width=4, height=4),
        Panel(id=6, signal=failures.SHARE, view=Stat(decimals=1), width=4, height=4),
        Panel(id=7, signal=exporter.SOURCES_UP, view=Stat(decimals=0, links=_TO_EXPORTER), width=4, height=4),
        Panel(id=8, signal=exporter.OLDEST_READ, view=Stat(links=_TO_EXPORTER), width=4, height=4),
        Panel(id=9, signal=exporter.BEHIND, view=Stat(links=_TO_EXPORTER), width=4, height=4),
        Panel(
            id=10,
            signal=exporter.UNATTRIBUTED_SHARE,
            view=Stat(decimals=2, links=_TO_EXPORTER),
            width=4,
            height=4,
        ),
        Panel(id=11, signal=failures.CUTOFFS, view=Stat(links=_TO_LIMITS), width=4, height=4),
        Panel(id=12, signal=failures.REFUSED, view=Stat(links=_TO_LIMITS), width=4, height=4),
    ),
)
_WHO = Row(
    id=101,
    title="Who spends it?",
    panels=(
        Panel(
            id=13,
            signal=spend.TOP_USERS,
            view=BarGauge(decimals=2, links=(links.from_series("This user", links.USERS, user="user"),)),
            width=8,
            height=9,
        ),
        Panel(
            id=14,
            signal=spend.TOP_WORKGROUPS,
            view=BarGauge(
                decimals=2,
                links=(links.from_series("This workgroup", links.WORKGROUPS, workgroup="workgroup"),),
            ),
            width=8,
            height=9,
        ),
        AlertPanel(
            id=15,
            title="Alerts",
            description="**Alerts of this monitoring that fire or are about to.**\n\nNormal: none.\n\n"
            "Where next: each has a runbook and the panel that shows its figure.",
            view=AlertList(is_of_dashboard=False, name_part="Athena"),
            width=8,
            height=9,
        ),
    ),
)
_WHY = Row(
    id=102,
    title="What has changed?",
    panels=(
        Panel(
            id=16,
            signal=spend.SPIKE_TABLE,
            view=Table(
                columns=(
                    Column(field="user", title="User", links=_USER),
                    Column(field="workgroup", title="Workgroup", links=_WORKGROUP),
                    Column(field="#A", title="Now"),
                    Column(field="#B", title="A week before"),
                    Column(field="#C", title="Difference", is_gauge=True),
                    Column(
                        field="#D",
                        title="Of then",
                        unit=Unit.RATIO,
                        decimals=0,
                        threshold=SCAN_SPIKE,
                        no_value="new",
                    ),
                ),
                sort_by="Difference",
            ),
            width=24,
            height=9,
        ),
        Panel(
            id=17,
            signal=spend.PER_HOUR,
            view=TimeSeries(is_stacked=True, fill_percent=40, decimals=2),
            width=12,
            height=9,
        ),
        Panel(
            id=18,
            signal=spend.WORKGROUPS,
            view=Table(
                columns=(
                    Column(field="workgroup", title="Workgroup", links=_WORKGROUP),
                    Column(field="#A", title="Today", width=105, decimals=2),
                    Column(field="#B", title="Yesterday", width=105, decimals=2),
                    Column(field="#C", title="This month", width=105, decimals=2),
                    Column(field="#D", title="Forecast", width=105, decimals=2),
                    Column(field="#E", title="Last month", width=105, decimals=2, no_value="-"),
                ),
                sort_by="This month",
            ),
            width=12,
            height=9,
        ),
    ),
)
_BUDGETS = Row(
    id=104,
    title="Will the budgets last?",
    panels=(
        Panel(id=23, signal=budgets.NEAR, view=Stat(has_name=True, links=_TO_LIMITS), width=4, height=9),
        Panel(
            id=21,
            signal=budgets.BURN_DOWN,
            view=TimeSeries(
                fill_percent=0,
                decimals=0,
                usual_most=1,
                legend_calcs=("lastNotNull",),
                legend_sorted_by="lastNotNull",
                dashed=(budgets.PACE, budgets.WARNED_FROM),
                colors={budgets.WARNED_FROM: WARNING},
            ),
            width=10,
            height=9,
            reach=_MONTH,
        ),
        Panel(
            id=22,
            signal=budgets.FORECAST,
            view=TimeSeries(
                fill_percent=0,
                decimals=0,
                usual_most=1,
                legend_calcs=("lastNotNull",),
                legend_sorted_by="lastNotNull",
                links=_OF_SUBJECT,
            ),
            width=10,
            height=9,
            reach=_MONTH,
        ),
    ),
)
_FAILURES = Row(
    id=103,
    title="What fails?",
    panels=(
        Panel(
            id=19,
            signal=failures.BY_CATEGORY,
            view=TimeSeries(is_bars=True, is_stacked=True, fill_percent=80, decimals=0, colors=_CATEGORIES),
        ),
        Panel(id=20, signal=failures.BY_ERROR, view=BarGauge()),
    ),
)
BOARD = Dashboard(
    uid=links.OVERVIEW,
    title="Athena: overview",
    description="What does Athena cost, who spends it, what has changed, and can the figures be trusted?",
    questions=(
        "What does this month cost, and what will it have cost?",
        "Who spends it?",
        "Will the workgroups' budgets last until the month ends?",
        "Who scans more than on the same weekday a week before?",
        "What fails?",
        "Is the monitoring complete?",
    ),
    variables=(variables.PROMETHEUS, variables.ACCOUNT, variables.REGION, variables.WORKGROUP),
    rows=(_SUMMARY, _WHO, _BUDGETS, _WHY, _FAILURES),
)
