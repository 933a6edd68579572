"""Do events leave the exporter, and is any lost or doubled?"""

from athena_dashboards import thresholds
from athena_dashboards.model import Description, Signal
from athena_dashboards.promql import RATE_INTERVAL, aggregate, increase, rate, scoped, total
from athena_dashboards.queries import Prom
from athena_dashboards.theme import Unit
from athena_exporter import catalog

OUTBOX = Signal(
    title="Events that wait",
    question="Do events leave the exporter?",
    unit=Unit.COUNT,
    description=Description(
        headline="Facts in the ledger's outbox that a consumer has yet to take.",
        normal="0, or some for seconds.",
        abnormal="Rising: CloudWatch Logs refuses or does not answer. Nothing is lost until the outbox is full.",
        next_step="Age of the oldest, beside; failed reads of the source `events`, above.",
    ),
    threshold=thresholds.OUTBOX_DEPTH,
    empty_is_right="nothing waits for anybody where no consumer is configured",
    queries=lambda: [Prom(expr=aggregate("max", scoped(catalog.OUTBOX_DEPTH).now, "consumer"), legend="{{consumer}}")],
)
OUTBOX_AGE = Signal(
    title="Age of the oldest event that waits",
    question="How late do events leave?",
    unit=Unit.SECONDS,
    description=Description(
        headline="How long the oldest fact has waited for its consumer; 0 while none waits.",
        normal="Seconds.",
        abnormal="A quarter of an hour is an outage; CloudWatch Logs refuses what is older than 14 days.",
        next_step="docs/runbook.md; `athena-exporter check` tries the permission.",
    ),
    threshold=thresholds.DELIVERY_AGE_SECONDS,
    empty_is_right="nothing waits for anybody where no consumer is configured",
    queries=lambda: [
        Prom(expr=aggregate("max", scoped(catalog.OUTBOX_OLDEST_AGE).now, "consumer"), legend="{{consumer}}")
    ],
)
EVENTS = Signal(
    title="Events delivered",
    question="How many events are accepted?",
    unit=Unit.PER_SECOND,
    description=Description(
        headline="Events a second that CloudWatch Logs accepted, by log group.",
        normal="As many to the group of queries as queries end; a few times that to the group of table accesses.",
        abnormal="0 while queries run.",
        next_step="Beside: what was sent again, rejected or dropped.",
    ),
    empty_is_right="events are off until the configuration switches them on",
    queries=lambda: [
        Prom(expr=total(rate(scoped(catalog.EVENTS_ACCEPTED)), "log_group"), legend="{{log_group}}"),
    ],
)
EVENT_TROUBLE = Signal(
    title="Events sent again, rejected, dropped",
    question="Is any event lost or doubled?",
    unit=Unit.COUNT,
    description=Description(
        headline="Events in each step of the graph that were sent again, will never be accepted, or were dropped.",
        normal="None. One sent again may stand in the log twice, under one id: count ids, not lines.",
        abnormal="Dropped: the outbox was full. Rejected, too_old: the outage was longer than 14 days.",
        next_step="Age of the oldest event; `outbox.max_bytes` in the configuration.",
    ),
    empty_is_right="events are off until the configuration switches them on",
    queries=lambda: [
        Prom(
            expr=total(increase(scoped(catalog.EVENTS_RESENT), RATE_INTERVAL), "log_group"),
            legend="sent again: {{log_group}}",
        ),
        Prom(
            expr=total(increase(scoped(catalog.EVENTS_REJECTED), RATE_INTERVAL), "log_group", "reason"),
            legend="rejected, {{reason}}: {{log_group}}",
        ),
        Prom(
            expr=total(increase(scoped(catalog.OUTBOX_DROPPED), RATE_INTERVAL), "consumer"),
            legend="dropped: {{consumer}}",
        ),
    ],
)
