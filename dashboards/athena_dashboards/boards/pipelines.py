"""Pipelines: Airflow and dbt, this week against last."""

from athena_dashboards import history, links, variables
from athena_dashboards.figures import THEN
from athena_dashboards.model import Column, Dashboard, Panel, Row, Stat, Table, TimeSeries
from athena_dashboards.signals import history as months
from athena_dashboards.signals import pipelines as signals
from athena_dashboards.theme import Color, Unit

_PAIR = Stat(has_name=True)
_WORKGROUP = (links.from_row("This workgroup", links.WORKGROUPS, workgroup="workgroup"),)
_AGAINST = TimeSeries(dashed=(THEN,), colors={"now": Color.SKY})
_DOLLARS = TimeSeries(dashed=(THEN,), colors={"now": Color.SKY}, decimals=2)
_P50_THEN, _P95_THEN = f"p50, {THEN}", f"p95, {THEN}"
_DURATIONS = TimeSeries(
    dashed=(_P50_THEN, _P95_THEN),
    colors={"p50": Color.SKY, _P50_THEN: Color.SKY, "p95": Color.ORANGE, _P95_THEN: Color.ORANGE},
    fill_percent=0,
)

_SUMMARY = Row(
    id=100,
    title="",
    panels=(
        Panel(id=1, signal=signals.COST, view=Stat(has_name=True, decimals=2), width=5, height=4),
        Panel(id=2, signal=signals.SCANNED, view=_PAIR, width=5, height=4),
        Panel(id=3, signal=signals.QUERIES, view=_PAIR, width=5, height=4),
        Panel(id=4, signal=signals.FAILED, view=Stat(has_name=True, decimals=1), width=5, height=4),
        Panel(id=5, signal=signals.SLOWEST, view=Stat(has_name=True, decimals=1), width=4, height=4),
    ),
)
_WHO = Row(
    id=101,
    title="Which pipelines?",
    panels=(
        Panel(
            id=6,
            signal=signals.WORKGROUPS,
            view=Table(
                columns=(
                    Column(field="workgroup", title="Workgroup", links=_WORKGROUP),
                    Column(field="#A", title="p50", width=115, decimals=1),
                    Column(field="#B", title="p50 before", width=115, decimals=1, no_value="-"),
                    Column(field="#C", title="p95", width=115, decimals=1),
                    Column(field="#D", title="p95 before", width=115, decimals=1, no_value="-"),
                    Column(field="#E", title="Scanned", width=115, unit=Unit.BYTES),
                    Column(field="#F", title="Scanned before", width=115, unit=Unit.BYTES, no_value="-"),
                    Column(field="#G", title="Cost", width=115, unit=Unit.USD, decimals=2),
                    Column(field="#H", title="Cost before", width=115, unit=Unit.USD, decimals=2, no_value="-"),
                    Column(field="#I", title="Failed", width=115, unit=Unit.RATIO, decimals=1, no_value="-"),
                    Column(field="#J", title="Failed before", width=115, unit=Unit.RATIO, decimals=1, no_value="-"),
                ),
                sort_by="Cost",
            ),
            width=24,
        ),
        Panel(
            id=7,
            signal=signals.CLIENTS,
            view=Table(
                columns=(
                    Column(field="client", title="Tool"),
                    Column(field="#A", title="Queries", unit=Unit.NONE, decimals=0),
                    Column(field="#B", title="Queries before", unit=Unit.NONE, decimals=0, no_value="-"),
                    Column(field="#C", title="Scanned", unit=Unit.BYTES),
                    Column(field="#D", title="Scanned before", unit=Unit.BYTES, no_value="-"),
                    Column(field="#E", title="Cost", unit=Unit.USD, decimals=2),
                    Column(field="#F", title="Cost before", unit=Unit.USD, decimals=2, no_value="-"),
                ),
                sort_by="Cost",
            ),
            width=24,
            height=5,
        ),
    ),
)
_WHY = Row(
    id=102,
    title="Slower, dearer, less reliable: since when?",
    panels=(
        Panel(id=8, signal=signals.DURATIONS, view=_DURATIONS),
        Panel(id=9, signal=signals.COST_PER_HOUR, view=_DOLLARS),
        Panel(id=10, signal=signals.SCANNED_PER_HOUR, view=_AGAINST),
        Panel(
            id=11,
            signal=signals.FAILURES,
            view=TimeSeries(is_bars=True, is_stacked=True, fill_percent=80, decimals=0),
        ),
    ),
)
_DETAIL = Row(
    id=103,
    title="Which jobs?",
    panels=(
        Panel(
            id=12,
            signal=signals.WORKLOADS,
            view=Table(
                columns=(
                    Column(field="workload", title="Job", width=380),
                    Column(field="workgroup", title="Workgroup", links=_WORKGROUP),
                    Column(field="client", title="Tool", width=110),
                    Column(field="#A", title="Queries", width=115, unit=Unit.NONE, decimals=0),
                    Column(field="#B", title="Engine time", width=115, unit=Unit.SECONDS),
                    Column(field="#C", title="A query", width=115, unit=Unit.SECONDS, no_value="-"),
                    Column(field="#D", title="Cost", decimals=3, is_gauge=True),
                    Column(field="#E", title="Cost before", width=115, decimals=3),
                    Column(field="#F", title="Of before", width=115, unit=Unit.RATIO, decimals=0, no_value="new"),
                ),
                sort_by="Cost",
            ),
            width=24,
            height=12,
        ),
        Panel(
            id=13,
            signal=signals.GOT_SLOWER,
            view=Table(
                columns=(
                    Column(field="workload", title="Job", width=420),
                    Column(field="workgroup", title="Workgroup", links=_WORKGROUP),
                    Column(field="client", title="Tool"),
                    Column(field="#A", title="A query"),
                    Column(field="#B", title="A query before"),
                    Column(field="#C", title="Longer by"),
                    Column(field="#D", title="In all", is_gauge=True),
                ),
                sort_by="In all",
            ),
            width=24,
        ),
    ),
)
_LONG_AGO = Row(
    id=104,
    title="Months of pipelines, from the history (Athena: billed by what it reads)",
    is_collapsed=True,
    panels=(
        Panel(
            id=14,
            signal=months.JOBS,
            view=history.table(
                "cost_by_component",
                {
                    "month": "Month",
                    "workload": "Job",
                    "component": "Component",
                    "queries": "Queries",
                    "scanned_bytes": "Scanned",
                    "cost_usd": "Cost",
                },
                widths={"month": 100, "workload": 420},
            ),
            width=24,
            height=12,
        ),
        Panel(
            id=15,
            signal=months.LATENCY,
            view=history.table(
                "latency_by_workgroup",
                {
                    "account_id": "Account",
                    "region": "Region",
                    "workgroup": "Workgroup",
                    "phase": "Phase",
                    "queries": "Queries",
                    "p50_ms": "p50",
                    "p95_ms": "p95",
                    "p99_ms": "p99",
                    "longest_ms": "Longest",
                },
                links={"workgroup": _WORKGROUP},
            ),
            height=11,
        ),
        Panel(
            id=16,
            signal=months.REASONS,
            view=history.table(
                "failure_reasons",
                {
                    "error_category": "Whose to mend",
                    "error_name": "Error",
                    "failures": "Failures",
                    "failure_share": "Of all",
                    "retryable": "A retry may help",
                    "users": "Users",
                    "workgroups": "Workgroups",
                    "engine_ms": "Engine time",
                },
                sort_by="Failures",
            ),
            height=11,
        ),
    ),
)
BOARD = Dashboard(
    uid=links.PIPELINES,
    title="Athena: pipelines",
    description="Are Airflow's and dbt's queries slower, dearer or less reliable than a week before?",
    questions=(
        "Do pipelines cost, read, run, fail more than a week before?",
        "Which workgroup, which tool?",
        "Since when?",
        "Which job?",
        "What has each job cost in each of twelve months?",
    ),
    variables=(
        variables.PROMETHEUS,
        variables.ATHENA,
        variables.ACCOUNT,
        variables.REGION,
        variables.PIPELINE_CLIENT,
        variables.PIPELINE_WORKGROUP,
        variables.COMPONENT_OF,
        variables.HISTORY,
    ),
    rows=(_SUMMARY, _WHO, _WHY, _DETAIL, _LONG_AGO),
    since="now-7d",
)
