"""Exporter health: is the monitoring itself true, fresh and cheap?"""

from athena_dashboards import variables
from athena_dashboards.model import Dashboard, Panel, Row, Stat, TimeSeries
from athena_dashboards.signals import exporter as signals

BOARD = Dashboard(
    uid="athena-exporter",
    title="Athena: exporter health",
    description="Is the monitoring itself true, fresh and cheap?",
    questions=(
        "Is every source read, and how long ago?",
        "Does every query have its user?",
        "What do the exporter's own calls cost?",
    ),
    variables=(variables.PROMETHEUS, variables.ACCOUNT, variables.REGION),
    rows=(
        Row(
            id=100,
            title="",
            panels=(
                Panel(id=1, signal=signals.SOURCES_UP, view=Stat(), width=6, height=4),
                Panel(id=2, signal=signals.OLDEST_READ, view=Stat(), width=6, height=4),
                Panel(id=3, signal=signals.UNATTRIBUTED_SHARE, view=Stat(), width=6, height=4),
                Panel(id=4, signal=signals.AWS_COST, view=Stat(decimals=4), width=6, height=4),
            ),
        ),
        Row(
            id=101,
            title="Fresh?",
            panels=(
                Panel(id=5, signal=signals.SOURCE_AGE, view=TimeSeries()),
                Panel(id=6, signal=signals.SOURCE_ERRORS, view=TimeSeries(is_bars=True, is_stacked=True)),
            ),
        ),
        Row(
            id=102,
            title="True?",
            panels=(
                Panel(id=7, signal=signals.PENDING, view=TimeSeries()),
                Panel(id=8, signal=signals.UNATTRIBUTED_REASONS, view=TimeSeries(is_bars=True, is_stacked=True)),
            ),
        ),
        Row(id=103, title="Cheap?", panels=(Panel(id=9, signal=signals.AWS_CALLS, view=TimeSeries(), width=24),)),
    ),
)
