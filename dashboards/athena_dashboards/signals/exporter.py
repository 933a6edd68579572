"""Is the monitoring itself true, fresh and cheap?"""

from athena_dashboards import thresholds
from athena_dashboards.model import Description, Signal
from athena_dashboards.promql import (
    RANGE,
    RATE_INTERVAL,
    aggregate,
    clamp_min,
    increase,
    number,
    rate,
    scoped,
    total,
)
from athena_dashboards.queries import Prom
from athena_dashboards.theme import Unit
from athena_exporter import catalog

_BY_SOURCE = ("account_id", "region", "source")
_SOURCE = "{{source}} {{region}}"

SOURCES_UP = Signal(
    title="Sources that answer",
    question="Does every source read AWS without failing?",
    unit=Unit.RATIO,
    description=Description(
        headline="The share of sources whose last read succeeded.",
        normal="100 %.",
        abnormal="Less: what that source feeds stands still at its last value.",
        next_step="The table below names the source; `athena-exporter check` says what is missing.",
    ),
    queries=lambda: [Prom(expr=aggregate("avg", scoped(catalog.SOURCE_UP).now), is_instant=True)],
)
OLDEST_READ = Signal(
    title="Oldest read",
    question="How fresh is the least fresh source?",
    unit=Unit.SECONDS,
    description=Description(
        headline="How long ago the source that is furthest behind was last read to its end.",
        normal="Seconds to a few minutes, the source's interval.",
        abnormal="Half an hour: the alert fires; figures are older than they look.",
        next_step="Source errors below; then the exporter's log, one line a failure.",
    ),
    threshold=thresholds.SOURCE_AGE_SECONDS,
    queries=lambda: [
        Prom(expr=number("time()") - aggregate("min", scoped(catalog.SOURCE_LAST_SUCCESS).now), is_instant=True)
    ],
)
UNATTRIBUTED_SHARE = Signal(
    title="Bytes without a user",
    question="Does every query have its person?",
    unit=Unit.RATIO,
    description=Description(
        headline="The share of the range's scanned bytes whose user stayed unknown after CloudTrail was read.",
        normal="Below 1 %.",
        abnormal="More than 5 %: CloudTrail of a Region is not read, or a permission is missing.",
        next_step="The reasons below: not_found (CloudTrail had no start) or source_down (it could not be read).",
    ),
    threshold=thresholds.UNATTRIBUTED,
    queries=lambda: [
        Prom(
            expr=total(increase(scoped(catalog.UNATTRIBUTED_BYTES), RANGE))
            / clamp_min(total(increase(scoped(catalog.SCANNED_BYTES), RANGE)), 1),
            is_instant=True,
        )
    ],
)
AWS_COST = Signal(
    title="What the exporter's calls cost",
    question="Is the monitoring cheap?",
    unit=Unit.USD,
    description=Description(
        headline="What the exporter's own calls to AWS cost in the range, at list price.",
        normal="0 with the default sources; cents a day with CloudWatch's metrics switched on.",
        abnormal="Dollars a day.",
        next_step="Calls by operation below, and docs/metrics.md: what the exporter costs you.",
    ),
    queries=lambda: [Prom(expr=total(increase(scoped(catalog.AWS_COST_USD), RANGE)), is_instant=True)],
)
SOURCE_AGE = Signal(
    title="Age of the last complete read",
    question="Which source is behind?",
    unit=Unit.SECONDS,
    description=Description(
        headline="How long ago each source was last read to its end.",
        normal="A saw as high as the source's interval.",
        abnormal="A ramp that does not fall: the source fails or hangs.",
        next_step="Errors of that source, beside.",
    ),
    threshold=thresholds.SOURCE_AGE_SECONDS,
    queries=lambda: [
        Prom(
            expr=number("time()") - aggregate("min", scoped(catalog.SOURCE_LAST_SUCCESS).now, *_BY_SOURCE),
            legend=_SOURCE,
        )
    ],
)
SOURCE_ERRORS = Signal(
    title="Failed reads",
    question="What fails, and why?",
    unit=Unit.COUNT,
    description=Description(
        headline="Failed reads of each source by reason, in each step of the graph.",
        normal="None, or a throttled one now and then.",
        abnormal="denied (a permission), credentials, or network without end.",
        next_step="docs/runbook.md, AthenaSourceStale: what each reason means and its mend.",
    ),
    empty_is_right="a reason appears when a read first fails for it",
    queries=lambda: [
        Prom(
            expr=total(increase(scoped(catalog.SOURCE_ERRORS), RATE_INTERVAL), "source", "reason"),
            legend="{{source}}: {{reason}}",
        )
    ],
)
PENDING = Signal(
    title="Queries that wait for their user",
    question="How far is attribution behind?",
    unit=Unit.COUNT,
    description=Description(
        headline="Queries counted for their workgroup that CloudTrail has not yet given a user.",
        normal="What runs in five to fifteen minutes: CloudTrail is that late.",
        abnormal="Rising for an hour: CloudTrail is not read.",
        next_step="The source `lookup`: its age and its errors.",
    ),
    queries=lambda: [Prom(expr=total(scoped(catalog.PENDING_QUERIES).now, "region"), legend="{{region}}")],
)
UNATTRIBUTED_REASONS = Signal(
    title="Given up without a user",
    question="Why do queries stay without a user?",
    unit=Unit.COUNT,
    description=Description(
        headline="Queries given up as unattributed, by reason, in each step of the graph.",
        normal="Next to none.",
        abnormal="source_down: CloudTrail could not be read for a day. not_found: it had no start of the query.",
        next_step="`athena-exporter check` for the permission; docs/metrics.md, how a query is counted.",
    ),
    empty_is_right="a reason appears when a query is first given up for it",
    queries=lambda: [
        Prom(
            expr=total(increase(scoped(catalog.UNATTRIBUTED_QUERIES), RATE_INTERVAL), "reason"),
            legend="{{reason}}",
        )
    ],
)
AWS_CALLS = Signal(
    title="Calls to AWS",
    question="What does the exporter ask of AWS, and how often?",
    unit=Unit.PER_SECOND,
    description=Description(
        headline="Calls a second by operation, retries included.",
        normal="Below the quotas: 2 a second for LookupEvents, shared with people.",
        abnormal="A jump without more queries; results other than ok.",
        next_step="Failed reads, above.",
    ),
    queries=lambda: [
        Prom(expr=total(rate(scoped(catalog.AWS_REQUESTS)), "operation", "result"), legend="{{operation}} {{result}}")
    ],
)
