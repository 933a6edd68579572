"""Is anybody told who came to a limit?"""

from athena_dashboards.model import Description, Signal
from athena_dashboards.promql import RATE_INTERVAL, increase, scoped, total
from athena_dashboards.queries import Prom
from athena_dashboards.theme import Unit
from athena_exporter import catalog

SENT = Signal(
    title="Notifications",
    question="Has anybody been told?",
    unit=Unit.COUNT,
    description=Description(
        headline="Notifications by channel in each step of the graph, by what became of them.",
        normal="`sent`, as many as levels were reached; `skipped` where a channel wants other levels or budgets.",
        abnormal="`failed`: the channel does not answer, it is tried again. `refused`: it never will take it, and "
        "that message is lost.",
        next_step="docs/runbook.md; `athena-exporter check` tries the channels. What waits: dashboard Exporter.",
    ),
    empty_is_right="no channel is configured, or there was nothing to tell",
    queries=lambda: [
        Prom(
            expr=total(increase(scoped(catalog.NOTIFICATIONS), RATE_INTERVAL), "channel", "result"),
            legend="{{result}}: {{channel}}",
        )
    ],
)
