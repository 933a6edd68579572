"""Limits: active queries against the quota, queues, scan limits, refused starts, budgets, reserved DPUs."""

from athena_dashboards import links, variables
from athena_dashboards.model import Column, Dashboard, Panel, Row, Stat, Table, TimeSeries
from athena_dashboards.signals import budgets, failures, guard, notifications
from athena_dashboards.signals import limits as signals
from athena_dashboards.theme import Unit
from athena_dashboards.thresholds import BUDGET_FORECAST, BUDGET_LIMIT

_BARS = TimeSeries(is_bars=True, is_stacked=True, fill_percent=80, decimals=0)
_WORKGROUP = (links.from_row("This workgroup", links.WORKGROUPS, workgroup="workgroup"),)

_SUMMARY = Row(
    id=100,
    title="",
    panels=(
        Panel(id=1, signal=signals.FULLEST, view=Stat(decimals=0), width=4, height=4),
        Panel(id=2, signal=signals.QUEUE, view=Stat(decimals=1), width=3, height=4),
        Panel(id=3, signal=signals.UNDER_WAY, view=Stat(decimals=0, has_name=True), width=4, height=4),
        Panel(id=4, signal=signals.UNGUARDED, view=Stat(decimals=0, has_name=True), width=7, height=4),
        Panel(id=5, signal=failures.CUTOFFS, view=Stat(), width=3, height=4),
        Panel(id=6, signal=failures.REFUSED, view=Stat(), width=3, height=4),
    ),
)
_QUOTA = Row(
    id=101,
    title="How near is the quota, and who waits?",
    panels=(
        Panel(id=7, signal=signals.OF_QUOTA, view=TimeSeries(usual_most=1)),
        Panel(id=8, signal=signals.QUEUE_BY_WORKGROUP, view=TimeSeries()),
        Panel(id=9, signal=signals.BY_WORKGROUP, view=TimeSeries(is_stacked=True, fill_percent=40, decimals=0)),
        Panel(
            id=10,
            signal=signals.QUOTAS,
            view=Table(
                columns=(
                    Column(field="account_id", title="Account", width=130),
                    Column(field="region", title="Region", width=105),
                    Column(field="type", title="Type", width=70),
                    Column(field="#A", title="Quota", width=95, decimals=0),
                    Column(
                        field="origin",
                        title="Told by",
                        width=125,
                        mappings={"service_quotas": "Service Quotas", "published_default": "AWS's default"},
                    ),
                    Column(field="#B", title="Peak", width=95, decimals=0, no_value="-"),
                    Column(field="#C", title="Headroom", width=95, decimals=0, no_value="-"),
                ),
                sort_by="Peak",
            ),
        ),
    ),
)
_GUARDS = Row(
    id=102,
    title="Which workgroup has no guard rail?",
    panels=(
        Panel(
            id=11,
            signal=signals.GUARD_RAILS,
            view=Table(
                columns=(
                    Column(field="workgroup", title="Workgroup", links=_WORKGROUP),
                    Column(field="account_id", title="Account", width=130),
                    Column(field="region", title="Region", width=110),
                    Column(field="state", title="State", width=90),
                    Column(field="#B", title="Limit a query", no_value="none"),
                    Column(
                        field="enforced",
                        title="Settings win",
                        mappings={"true": "yes", "false": "clients may override", "unknown": "-"},
                    ),
                    Column(
                        field="publishes",
                        title="Publishes",
                        mappings={"true": "yes", "false": "no metrics", "unknown": "-"},
                    ),
                    Column(field="#C", title="Cut off", unit=Unit.COUNT, width=90, no_value="-"),
                    Column(field="#D", title="Scanned this month", no_value="-"),
                    Column(field="engine", title="Engine", width=200),
                ),
                sort_by="Scanned this month",
            ),
            width=24,
            height=10,
        ),
        Panel(id=12, signal=failures.CUTOFFS_BY_WORKGROUP, view=_BARS),
        Panel(id=13, signal=failures.REFUSED_BY_ERROR, view=_BARS),
    ),
)
_SUBJECT = (
    links.from_row("This user", links.USERS, user="subject"),
    links.from_row("This workgroup", links.WORKGROUPS, workgroup="subject"),
)
_BUDGETS = Row(
    id=104,
    title="Who is near the limit of a budget?",
    panels=(
        Panel(
            id=18,
            signal=budgets.STANDINGS,
            view=Table(
                columns=(
                    Column(field="budget", title="Budget", width=190),
                    Column(field="subject", title="Subject", links=_SUBJECT),
                    Column(field="account_id", title="Account", width=120),
                    Column(field="region", title="Region", width=95),
                    Column(field="#A", title="Used", decimals=0, is_gauge=True, threshold=BUDGET_LIMIT, width=200),
                    Column(field="#C", title="Level", unit=Unit.NONE, width=85, mappings=budgets.LEVELS),
                    Column(field="#B", title="Forecast", decimals=0, width=85, threshold=BUDGET_FORECAST, no_value="-"),
                    Column(field="#D", title="Scanned", unit=Unit.BYTES, width=95, no_value="-"),
                    Column(field="#E", title="Limit", unit=Unit.BYTES, width=85, no_value="-"),
                    Column(field="#F", title="Spent", unit=Unit.USD, decimals=2, width=80, no_value="-"),
                    Column(field="#G", title="Limit, dollars", unit=Unit.USD, decimals=2, width=105, no_value="-"),
                    Column(field="#H", title="Begins anew", unit=Unit.AGO, width=110, no_value="rolling"),
                ),
                sort_by="Used",
            ),
            width=24,
            height=10,
        ),
        Panel(
            id=19,
            signal=budgets.OVER_TIME,
            view=TimeSeries(
                fill_percent=0,
                decimals=0,
                usual_most=1,
                legend_calcs=("max", "lastNotNull"),
                legend_sorted_by="lastNotNull",
                is_legend_right=True,
            ),
            width=16,
            height=9,
        ),
        Panel(
            id=20,
            signal=budgets.NEAR_OVER_TIME,
            view=TimeSeries(is_stacked=True, fill_percent=40, decimals=0, legend_calcs=("max", "lastNotNull")),
            width=8,
            height=9,
        ),
    ),
)
_ENFORCED = Row(
    id=105,
    title="Are limits enforced, and is anybody told?",
    panels=(
        Panel(id=21, signal=guard.MODE, view=Stat(mappings=guard.MODES), width=4),
        Panel(id=22, signal=guard.KILL_SWITCH, view=Stat(mappings=guard.SWITCH), width=4),
        Panel(id=23, signal=guard.ACTIONS, view=_BARS, width=8),
        Panel(
            id=24,
            signal=guard.WAITING,
            view=TimeSeries(is_stacked=True, fill_percent=40, decimals=0, legend_calcs=("max", "lastNotNull")),
            width=8,
        ),
        Panel(id=25, signal=budgets.DECISIONS, view=_BARS),
        Panel(id=26, signal=notifications.SENT, view=_BARS),
    ),
)
_CAPACITY = Row(
    id=103,
    title="Is the reserved capacity right?",
    panels=(
        Panel(
            id=14,
            signal=signals.IDLE_SHARE,
            view=Stat(decimals=0, no_value="no reservation"),
            width=4,
        ),
        Panel(id=15, signal=signals.DPUS, view=TimeSeries(decimals=0), width=20),
        Panel(
            id=16,
            signal=signals.RESERVATIONS,
            view=Table(
                columns=(
                    Column(field="reservation", title="Reservation"),
                    Column(field="account_id", title="Account", width=130),
                    Column(field="region", title="Region", width=105),
                    Column(field="#A", title="Asked for", width=110, decimals=0),
                    Column(field="#B", title="Provided", width=110, decimals=0, no_value="-"),
                    Column(field="#C", title="Used", width=110, unit=Unit.RATIO, decimals=1, no_value="-"),
                    Column(field="#D", title="Idle DPU hours", width=130, decimals=1, no_value="-"),
                    Column(field="#E", title="Idle cost", width=110, unit=Unit.USD, decimals=2, no_value="-"),
                ),
                sort_by="Idle cost",
            ),
            width=16,
            height=6,
        ),
        Panel(
            id=17,
            signal=signals.WHO_USES_IT,
            view=Table(
                columns=(
                    Column(field="workgroup", title="Workgroup", links=_WORKGROUP),
                    Column(field="reservation", title="Reservation"),
                    Column(field="#A", title="DPU hours", decimals=2, is_gauge=True),
                ),
                sort_by="DPU hours",
            ),
            width=8,
            height=6,
        ),
    ),
)
BOARD = Dashboard(
    uid=links.LIMITS,
    title="Athena: limits",
    description="How far from its limits is Athena: active queries, queues, scan limits, budgets, reserved DPUs?",
    questions=(
        "How near is the quota of active queries, and who waits?",
        "Which workgroup has no limit, does not enforce it, or publishes nothing?",
        "What is cut off, what is refused?",
        "Who is near the limit of a budget, and will it last?",
        "What has the guard stopped, and who was told?",
        "Is the reserved capacity used?",
    ),
    variables=(variables.PROMETHEUS, variables.ACCOUNT, variables.REGION, variables.WORKGROUP),
    rows=(_SUMMARY, _QUOTA, _GUARDS, _BUDGETS, _ENFORCED, _CAPACITY),
)
