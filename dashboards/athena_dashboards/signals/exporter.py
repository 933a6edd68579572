"""Is the monitoring itself true, fresh and cheap?"""

from athena_dashboards import figures, thresholds
from athena_dashboards.model import Description, Signal
from athena_dashboards.promql import (
    RANGE,
    RATE_INTERVAL,
    Expr,
    aggregate,
    increase,
    number,
    rate,
    scoped,
    top,
    total,
)
from athena_dashboards.queries import Prom
from athena_dashboards.theme import Unit
from athena_exporter import catalog
from athena_exporter.catalog import COMMON_LABELS

_BY_SOURCE = ("account_id", "region", "source")
_SOURCE = "{{source}} {{region}}"
_CALLS = 8
_NOW = number("time()")
_MILLIS = 1000
"""Grafana's times are milliseconds."""

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
    queries=lambda: [Prom(expr=_NOW - aggregate("min", scoped(catalog.SOURCE_LAST_SUCCESS).now), is_instant=True)],
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
            expr=figures.share(
                figures.in_range(scoped(catalog.UNATTRIBUTED_BYTES)),
                figures.in_range(scoped(catalog.SCANNED_BYTES, variables=COMMON_LABELS)),
            ),
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
            expr=_NOW - aggregate("min", scoped(catalog.SOURCE_LAST_SUCCESS).now, *_BY_SOURCE),
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

BEHIND = Signal(
    title="Counts are behind by",
    question="Until when is everything counted?",
    unit=Unit.SECONDS,
    description=Description(
        headline="No query that ended longer ago than this is missing in the workgroups' counters.",
        normal="Half a minute to a minute. Users follow five to fifteen minutes later: CloudTrail is that late.",
        abnormal="More than ten minutes: the exporter catches up after a start or an outage, or Athena is not read.",
        next_step="The sources' table on dashboard Exporter health.",
    ),
    queries=lambda: [
        Prom(expr=_NOW - aggregate("min", scoped(catalog.SOURCE_COMPLETE_UNTIL, source="athena").now), is_instant=True)
    ],
)
CATCHING_UP = Signal(
    title="Catching up",
    question="Are the figures of the last hours still growing?",
    unit=Unit.NONE,
    description=Description(
        headline="Whether what ended more than ten minutes ago is still being counted.",
        normal="no.",
        abnormal="yes for longer than an outage has lasted: the source `athena` is slower than queries arrive.",
        next_step="Age and duration of the source `athena`; alerts on spikes are silent meanwhile.",
    ),
    queries=lambda: [Prom(expr=aggregate("max", scoped(catalog.CATCHING_UP).now), is_instant=True)],
)
COUNTING_SINCE = Signal(
    title="Counting since",
    question="From when on do the counters hold every query?",
    unit=Unit.AGO,
    description=Description(
        headline="Counters hold the queries that ended after this; the latest of the chosen accounts and Regions.",
        normal="The day of installation.",
        abnormal="A recent time that nobody knows about: the ledger was lost, and counters began anew.",
        next_step="docs/reliability.md: what a lost or restored ledger means.",
    ),
    queries=lambda: [
        Prom(expr=aggregate("max", scoped(catalog.COUNTING_SINCE).now) * _MILLIS, is_instant=True),
    ],
)
GENERATION = Signal(
    title="Ledger's generation",
    question="Was the ledger ever restored from a copy?",
    unit=Unit.NONE,
    description=Description(
        headline="1 for a ledger that was never restored; each restored copy adds one, and counters start at 0.",
        normal="It does not change.",
        abnormal="It rises without anybody having restored a backup: the disk gave back an older file.",
        next_step="Totals before the change are right in `increase()`; windows are what the copy knew.",
    ),
    queries=lambda: [Prom(expr=aggregate("max", scoped(catalog.LEDGER_GENERATION).now), is_instant=True)],
)
VERSIONS = Signal(
    title="Version",
    question="Which exporter runs?",
    unit=Unit.NONE,
    description=Description(
        headline="The exporters that run, by version; the figure says how many.",
        normal="One version, one exporter.",
        abnormal="Two exporters for one account: each counts everything, and sums double.",
        next_step="Stop the one that is too many; Prometheus's label `instance` names it.",
    ),
    queries=lambda: [
        Prom(expr=aggregate("count", scoped(catalog.BUILD_INFO).now, "version"), legend="{{version}}", is_instant=True)
    ],
)


def _since(moment: Expr) -> Expr:
    return _NOW - moment


def _sources() -> list[Prom]:
    """By source: up, age of the last read, complete until (age), lag, duration, errors of the range."""
    is_up = aggregate("min", scoped(catalog.SOURCE_UP).now, *_BY_SOURCE)
    errors = figures.counted(scoped(catalog.SOURCE_ERRORS), *_BY_SOURCE)
    figures_of_sources = (
        is_up,
        _since(aggregate("min", scoped(catalog.SOURCE_LAST_SUCCESS).now, *_BY_SOURCE)),
        _since(aggregate("min", scoped(catalog.SOURCE_COMPLETE_UNTIL).now, *_BY_SOURCE)),
        aggregate("max", scoped(catalog.SOURCE_LAG).now, *_BY_SOURCE),
        aggregate("max", scoped(catalog.SOURCE_DURATION).now, *_BY_SOURCE),
        errors | is_up * 0,
    )
    return [Prom(expr=expr, is_instant=True) for expr in figures_of_sources]


SOURCES = Signal(
    title="Sources",
    question="How does every source do?",
    unit=Unit.SECONDS,
    description=Description(
        headline="Each source: whether its last read succeeded, how long ago it was read to its end, how far behind "
        "it is, how late its newest record came, how long a read takes, how many reads of the range failed.",
        normal="Up, minutes old at most. `lookup` (CloudTrail) comes five to fifteen minutes late, and proves once "
        "an hour behind what nothing is missing.",
        abnormal="Not up; an age beyond half an hour; a read that takes longer than the source's interval.",
        next_step="Failed reads by reason, below; `athena-exporter check` tries every permission.",
    ),
    threshold=thresholds.SOURCE_AGE_SECONDS,
    queries=_sources,
)


def _none() -> Expr:
    """0 while an exporter runs: a counter that has no series has counted nothing."""
    return aggregate("count", scoped(catalog.SOURCE_UP).now) * 0


EXCEPTIONS = Signal(
    title="Exceptions in counting",
    question="Where are the figures less than exact?",
    unit=Unit.COUNT,
    description=Description(
        headline="Queries of the range that are counted with a reservation, by kind of exception.",
        normal="0, or ones. A late identity is right in windows and events, and stays `unattributed` in counters.",
        abnormal="Hundreds of one kind; any disagreement or malformed record at all is worth a report.",
        next_step="docs/metrics.md, the exporter itself, says what each means.",
    ),
    queries=lambda: [
        Prom(expr=figures.counted(scoped(metric, variables=COMMON_LABELS)) | _none(), legend=name, is_instant=True)
        for name, metric in (
            ("identity came late", catalog.LATE_IDENTITIES),
            ("no statistics", catalog.MISSING_STATISTICS),
            ("SQL not readable", catalog.UNPARSED_QUERIES),
            ("records disagree", catalog.DISAGREEMENTS),
            ("malformed records", catalog.MALFORMED_RECORDS),
            ("never ended (45 days)", catalog.ABANDONED_QUERIES),
        )
    ],
)
UNPARSED = Signal(
    title="SQL that could not be read for its tables",
    question="Why are some queries missing from the tables' figures?",
    unit=Unit.COUNT,
    description=Description(
        headline="Finished queries whose tables stay unknown, by reason, in each step of the graph.",
        normal="A few: prepared statements name no table, and Athena knows dialects that parsers don't.",
        abnormal="A share of all queries: who reads what is then told too low.",
        next_step="docs/metrics.md; a query that should be readable is worth a report, with its names changed.",
    ),
    empty_is_right="a reason appears when a query is first unreadable for it",
    queries=lambda: [
        Prom(
            expr=total(increase(scoped(catalog.UNPARSED_QUERIES), RATE_INTERVAL), "reason"),
            legend="{{reason}}",
        )
    ],
)
OVERFLOW = Signal(
    title="Counted as other",
    question="Are the labels' budgets large enough?",
    unit=Unit.COUNT,
    description=Description(
        headline="Queries of each step of the graph that were counted under `other`, by the label that was full.",
        normal="Nothing.",
        abnormal="Anything: panels by that label hide names. Totals are right.",
        next_step="Raise that label's budget in the configuration, section `labels`; look first at what fills it.",
    ),
    empty_is_right="a label appears when its budget is first full",
    queries=lambda: [
        Prom(expr=total(increase(scoped(catalog.LABEL_OVERFLOW), RATE_INTERVAL), "label"), legend="{{label}}")
    ],
)
AWS_COST_BY_OPERATION = Signal(
    title="Cost by call",
    question="Which of the exporter's calls cost money?",
    unit=Unit.USD,
    description=Description(
        headline=f"What the exporter's {_CALLS} dearest calls of the range cost at list price; free ones are 0.",
        normal="GetMetricData if CloudWatch's metrics are switched on: a cent a thousand metrics. All else 0.",
        abnormal="An operation that grows with every workgroup: choose fewer metrics, or a longer interval.",
        next_step="`sources.cloudwatch` in the configuration; docs/metrics.md reckons what each choice costs.",
    ),
    queries=lambda: [
        Prom(
            expr=top(_CALLS, figures.in_range(scoped(catalog.AWS_COST_USD), "service", "operation")),
            legend="{{service}} {{operation}}",
            is_instant=True,
        )
    ],
)
