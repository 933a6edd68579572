"""Exporter health: is the monitoring itself true, fresh and cheap?"""

from athena_dashboards import links, variables
from athena_dashboards.model import BarGauge, Column, Dashboard, Panel, Row, Stat, Table, TimeSeries
from athena_dashboards.signals import delivery
from athena_dashboards.signals import exporter as signals
from athena_dashboards.theme import Unit
from athena_dashboards.thresholds import SOURCE_AGE_SECONDS

_YES_NO = {"1": "yes", "0": "no"}
_BARS = TimeSeries(is_bars=True, is_stacked=True, fill_percent=80, decimals=0)

_SUMMARY = Row(
    id=100,
    title="",
    panels=(
        Panel(id=1, signal=signals.SOURCES_UP, view=Stat(decimals=0), width=4, height=4),
        Panel(id=2, signal=signals.OLDEST_READ, view=Stat(), width=4, height=4),
        Panel(id=10, signal=signals.BEHIND, view=Stat(), width=4, height=4),
        Panel(id=3, signal=signals.UNATTRIBUTED_SHARE, view=Stat(decimals=2), width=4, height=4),
        Panel(id=4, signal=signals.AWS_COST, view=Stat(decimals=4), width=4, height=4),
        Panel(id=11, signal=signals.CATCHING_UP, view=Stat(mappings=_YES_NO), width=4, height=4),
    ),
)
_FRESH = Row(
    id=101,
    title="Fresh?",
    panels=(
        Panel(
            id=12,
            signal=signals.SOURCES,
            view=Table(
                columns=(
                    Column(field="source", title="Source"),
                    Column(field="region", title="Region"),
                    Column(field="account_id", title="Account"),
                    Column(field="#A", title="Up", unit=Unit.NONE, mappings=_YES_NO),
                    Column(field="#B", title="Last read ago", threshold=SOURCE_AGE_SECONDS, no_value="-"),
                    Column(field="#C", title="Behind", no_value="-"),
                    Column(field="#D", title="Newest record late by", no_value="-"),
                    Column(field="#E", title="Read takes", no_value="-"),
                    Column(field="#F", title="Failed reads", unit=Unit.COUNT),
                ),
                sort_by="Last read ago",
            ),
            width=24,
        ),
        Panel(id=5, signal=signals.SOURCE_AGE, view=TimeSeries()),
        Panel(id=6, signal=signals.SOURCE_ERRORS, view=_BARS),
    ),
)
_TRUE = Row(
    id=102,
    title="True?",
    panels=(
        Panel(id=7, signal=signals.PENDING, view=TimeSeries(decimals=0)),
        Panel(id=8, signal=signals.UNATTRIBUTED_REASONS, view=_BARS),
        Panel(id=13, signal=signals.EXCEPTIONS, view=BarGauge(), width=8),
        Panel(id=14, signal=signals.UNPARSED, view=_BARS, width=8),
        Panel(id=15, signal=signals.OVERFLOW, view=_BARS, width=8),
    ),
)
_CHEAP = Row(
    id=103,
    title="Cheap?",
    panels=(
        Panel(id=9, signal=signals.AWS_CALLS, view=TimeSeries(), width=14),
        Panel(id=16, signal=signals.AWS_COST_BY_OPERATION, view=BarGauge(decimals=4), width=10),
    ),
)
_EVENTS = Row(
    id=104,
    title="Are events delivered?",
    panels=(
        Panel(id=17, signal=delivery.OUTBOX, view=TimeSeries(decimals=0), width=6),
        Panel(id=18, signal=delivery.OUTBOX_AGE, view=TimeSeries(), width=6),
        Panel(id=19, signal=delivery.EVENTS, view=TimeSeries(), width=6),
        Panel(id=20, signal=delivery.EVENT_TROUBLE, view=_BARS, width=6),
    ),
)
_WHICH = Row(
    id=105,
    title="Which exporter, which ledger?",
    panels=(
        Panel(id=21, signal=signals.VERSIONS, view=Stat(decimals=0, has_name=True), width=8, height=4),
        Panel(id=22, signal=signals.COUNTING_SINCE, view=Stat(), width=8, height=4),
        Panel(id=23, signal=signals.GENERATION, view=Stat(decimals=0), width=8, height=4),
    ),
)
BOARD = Dashboard(
    uid=links.EXPORTER,
    title="Athena: exporter health",
    description="Is the monitoring itself true, fresh and cheap?",
    questions=(
        "Is every source read, and how long ago?",
        "Does every query have its user, and is every one counted exactly?",
        "What do the exporter's own calls cost?",
        "Do events leave, and is any lost?",
        "Which exporter runs, and since when does it count?",
    ),
    variables=(variables.PROMETHEUS, variables.ACCOUNT, variables.REGION),
    rows=(_SUMMARY, _FRESH, _TRUE, _CHEAP, _EVENTS, _WHICH),
)
