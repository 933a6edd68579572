"""Workgroups: CloudWatch's own figures for a year, with or without the exporter, and the exporter's beside them."""

from athena_dashboards import links, variables
from athena_dashboards.model import (
    AlertList,
    AlertPanel,
    Column,
    Dashboard,
    Panel,
    Row,
    Stat,
    Table,
    TextPanel,
    TimeSeries,
)
from athena_dashboards.signals import cloudwatch, workgroups
from athena_dashboards.theme import STATE_COLORS, Unit
from athena_dashboards.thresholds import FAILURE_RATIO

_SUMS = ("sum",)
_MEANS = ("mean", "max")
_USERS = (links.from_row("Users of this workgroup", links.USERS, kept=links.ON_EVENTS, workgroup="workgroup"),)
_BARS = TimeSeries(is_bars=True, is_stacked=True, fill_percent=80, legend_calcs=_SUMS)
_LINES = TimeSeries(legend_calcs=_MEANS)
_ENDS = TimeSeries(is_bars=True, is_stacked=True, fill_percent=80, legend_calcs=_SUMS, colors=STATE_COLORS)
_NOTE = """**CloudWatch's own figures**: of workgroups that publish metrics, ten minutes late, for 15 months, with or
without the exporter. [The last 12 months](/d/athena-workgroups?from=now-12M&to=now&${__all_variables}) ·
[the last 30 days](/d/athena-workgroups?from=now-30d&to=now&${__all_variables}). A workgroup that was silent for two
weeks is missing until its row at the end is opened. Each load asks CloudWatch for about 20 metrics a workgroup, a cent
per 1,000, so this page does not refresh by itself."""

_SUMMARY = Row(
    id=100,
    title="",
    panels=(
        TextPanel(id=1, title="", markdown=_NOTE, width=16, height=4),
        AlertPanel(
            id=2,
            title="Alerts",
            description="**Alerts of this monitoring that fire or are about to.**\n\nNormal: none.\n\n"
            "Where next: each has a runbook and the panel that shows its figure.",
            view=AlertList(is_of_dashboard=False, name_part="Athena"),
            width=8,
            height=4,
        ),
        Panel(id=3, signal=cloudwatch.SCANNED_SUM, view=Stat(is_sum=True), width=4, height=4),
        Panel(id=4, signal=cloudwatch.SCANNED_FAILED_SUM, view=Stat(is_sum=True), width=4, height=4),
        Panel(id=5, signal=cloudwatch.TOOK_SUM, view=Stat(is_sum=True), width=4, height=4),
        Panel(id=6, signal=cloudwatch.TOOK_FAILED_SUM, view=Stat(is_sum=True), width=4, height=4),
        Panel(id=7, signal=cloudwatch.SUCCEEDED_SUM, view=Stat(is_sum=True), width=4, height=4),
        Panel(id=8, signal=cloudwatch.FAILED_SUM, view=Stat(is_sum=True), width=4, height=4),
    ),
)
_SCANNED = Row(
    id=101,
    title="Data scanned",
    panels=(
        Panel(id=9, signal=cloudwatch.SCANNED, view=_BARS, width=8, height=10),
        Panel(id=10, signal=cloudwatch.SCANNED_AVERAGE, view=_LINES, width=8, height=10),
        Panel(id=11, signal=cloudwatch.SCANNED_FAILED, view=_BARS, width=8, height=10),
    ),
)
_TOOK = Row(
    id=102,
    title="Execution time",
    panels=(
        Panel(id=12, signal=cloudwatch.TOOK, view=_BARS, width=8, height=10),
        Panel(id=13, signal=cloudwatch.TOOK_AVERAGE, view=_LINES, width=8, height=10),
        Panel(id=14, signal=cloudwatch.TOOK_FAILED, view=_BARS, width=8, height=10),
    ),
)
_ENDED = Row(
    id=103,
    title="Queries",
    panels=(
        Panel(id=15, signal=cloudwatch.ENDED_WELL, view=_BARS, height=10),
        Panel(id=16, signal=cloudwatch.ENDED_BADLY, view=_BARS, height=10),
    ),
)
_SLOW = Row(
    id=104,
    title="Why is it slow?",
    is_collapsed=True,
    panels=(
        Panel(id=17, signal=cloudwatch.QUEUED, view=_LINES),
        Panel(id=18, signal=cloudwatch.PLANNED, view=_LINES),
    ),
)
_EXPORTER = Row(
    id=105,
    title="The same by the exporter: every workgroup, cost included",
    panels=(
        Panel(id=19, signal=workgroups.SCANNED, view=Stat(), width=6, height=4),
        Panel(id=20, signal=workgroups.QUERIES, view=Stat(), width=6, height=4),
        Panel(id=21, signal=workgroups.COST, view=Stat(decimals=2), width=6, height=4),
        Panel(id=22, signal=workgroups.COVERAGE, view=Stat(decimals=1, no_value="not read"), width=6, height=4),
        Panel(
            id=23,
            signal=workgroups.OVER_TIME,
            view=TimeSeries(
                is_stacked=True,
                fill_percent=40,
                legend_calcs=_MEANS,
                links=(
                    links.from_series(
                        "Users of this workgroup", links.USERS, kept=links.ON_EVENTS, workgroup="workgroup"
                    ),
                ),
            ),
            width=24,
        ),
        Panel(
            id=24,
            signal=workgroups.TABLE,
            view=Table(
                columns=(
                    Column(field="workgroup", title="Workgroup", links=_USERS),
                    Column(field="#A", title="Queries", decimals=0),
                    Column(field="#B", title="Failed", unit=Unit.RATIO, decimals=1, threshold=FAILURE_RATIO),
                    Column(field="#C", title="Scanned", unit=Unit.BYTES, is_gauge=True),
                    Column(field="#D", title="Average of a query", unit=Unit.BYTES),
                    Column(field="#E", title="Cost", unit=Unit.USD, decimals=2),
                    Column(field="#F", title="95 % end within", unit=Unit.SECONDS, decimals=1),
                    Column(field="publishes", title="Publishes"),
                    Column(field="enforced", title="Enforces its settings"),
                ),
                sort_by="Scanned",
            ),
            width=24,
            height=10,
        ),
    ),
)
_BY_NAME = Row(
    id=106,
    title="$workgroup, by its exact name",
    is_collapsed=True,
    repeat="workgroup",
    panels=(
        Panel(id=25, signal=cloudwatch.EXACT_SCANNED, view=_ENDS, width=8),
        Panel(
            id=26,
            signal=cloudwatch.EXACT_TOOK,
            view=TimeSeries(legend_calcs=_MEANS, colors=STATE_COLORS),
            width=8,
        ),
        Panel(id=27, signal=cloudwatch.EXACT_ENDED, view=_ENDS, width=8),
    ),
)

BOARD = Dashboard(
    uid="athena-workgroups",
    title="Athena: workgroups",
    description="Data scanned, execution time, successes and failures of each workgroup, for up to 15 months.",
    questions=(
        "How much do the workgroups scan, in total, on average, and for nothing?",
        "How long do their queries take?",
        "How many succeed and fail?",
        "What does the exporter add: cost, and workgroups that do not publish?",
        "What did a workgroup do that has been silent for weeks?",
    ),
    variables=(
        variables.PROMETHEUS,
        variables.CLOUDWATCH,
        variables.ACCOUNT,
        variables.REGION,
        variables.CLOUDWATCH_REGION,
        variables.KNOWN_WORKGROUP,
        variables.PUBLISHED,
        variables.QUERY_TYPE,
        variables.PERIOD,
    ),
    rows=(_SUMMARY, _SCANNED, _TOOK, _ENDED, _SLOW, _EXPORTER, _BY_NAME),
    since="now-30d",
    # Every refresh is billed (see the note on the page), and a day's bar changes slowly.
    refresh="",
)
