"""What fails, what is refused, what is cut off, and whose is it to mend?"""

from athena_dashboards import figures, thresholds
from athena_dashboards.model import Description, Signal
from athena_dashboards.promql import RATE_INTERVAL, Expr, increase, scoped, top, total
from athena_dashboards.queries import Prom
from athena_dashboards.theme import Unit
from athena_exporter import catalog

TOP = 8


def failed_share(*by: str, before: str = "") -> Expr:
    """Failed queries of all that finished in the range, or so long before; cancelled ones are no failures."""
    finished = scoped(catalog.QUERIES).offset(before)
    failed = scoped(catalog.QUERIES, state="failed").offset(before)
    return figures.share(figures.in_range(failed, *by), figures.in_range(finished, *by))


SHARE = Signal(
    title="Failed queries",
    question="How many queries fail?",
    unit=Unit.RATIO,
    description=Description(
        headline="The share of the range's finished queries that failed; cancelled ones count as finished.",
        normal="5 to 15 % where people type SQL, next to 0 where only pipelines run.",
        abnormal="A quarter or more: the alert fires.",
        next_step="By category below: `user` is the query's author's to mend, `system` is AWS's.",
    ),
    threshold=thresholds.FAILURE_RATIO,
    queries=lambda: [Prom(expr=failed_share(), is_instant=True)],
)
BY_CATEGORY = Signal(
    title="Failures over time",
    question="When do queries fail, and whose is it to mend?",
    unit=Unit.COUNT,
    description=Description(
        headline="Failed queries in each step of the graph by AWS's category, stacked.",
        normal="A few of `user`: typing errors, missing tables, missing permissions.",
        abnormal="`system` for more than a few minutes: AWS has trouble. A wall of `user`: a pipeline that retries.",
        next_step="The errors by name, beside; the workgroups and users behind them on their dashboards.",
    ),
    queries=lambda: [
        Prom(
            expr=total(increase(scoped(catalog.QUERY_FAILURES), RATE_INTERVAL), "category"),
            legend="{{category}}",
        )
    ],
)
BY_ERROR = Signal(
    title="Failures by error",
    question="What goes wrong?",
    unit=Unit.COUNT,
    description=Description(
        headline=f"The {TOP} errors by which most queries of the range failed, with AWS's category.",
        normal="syntax_error and table_not_found lead: people try things.",
        abnormal="permission_denied after a release; resources_exhausted; anything of category `system`.",
        next_step="docs/metrics.md, failures by name, says which of AWS's types each name stands for.",
    ),
    queries=lambda: [
        Prom(
            expr=top(TOP, figures.counted(scoped(catalog.QUERY_FAILURES), "category", "error") > 0),
            legend="{{error}} ({{category}})",
            is_instant=True,
        )
    ],
)
CUTOFFS = Signal(
    title="Cut off by the scan limit",
    question="How many queries ran into their workgroup's limit?",
    unit=Unit.COUNT,
    description=Description(
        headline="Queries of the range that Athena cancelled because they scanned more than their workgroup allows.",
        normal="None, or a person's mistake now and then: the limit does its work. What was scanned is billed.",
        abnormal="The same workgroup again and again: the limit is too low, or somebody tries until it works.",
        next_step="Dashboard Limits: which workgroup, and which limit it has.",
    ),
    queries=lambda: [Prom(expr=figures.counted(scoped(catalog.CUTOFF_HITS)), is_instant=True)],
)
CUTOFFS_BY_WORKGROUP = Signal(
    title="Cut off by workgroup",
    question="Whose queries run into the limit, and when?",
    unit=Unit.COUNT,
    description=Description(
        headline="Queries cut off by their workgroup's scan limit in each step of the graph, stacked.",
        normal="Nothing, or a bar now and then.",
        abnormal="A row of bars of one workgroup.",
        next_step="The table of settings: is the limit right? Then that workgroup's users.",
    ),
    queries=lambda: [
        Prom(expr=total(increase(scoped(catalog.CUTOFF_HITS), RATE_INTERVAL), "workgroup"), legend="{{workgroup}}")
    ],
)
REFUSED = Signal(
    title="Refused starts",
    question="How many queries could not even start?",
    unit=Unit.COUNT,
    description=Description(
        headline="Starts of the range that Athena refused, by CloudTrail; they never became queries.",
        normal="A few: permissions, wrong parameters.",
        abnormal="TooManyRequestsException: the quota of starts or of active queries is used up.",
        next_step="By error, below: throttled starts need a quota, refused ones a permission.",
    ),
    queries=lambda: [Prom(expr=figures.counted(scoped(catalog.START_REJECTIONS)), is_instant=True)],
)
REFUSED_BY_ERROR = Signal(
    title="Refused starts by error",
    question="Why are starts refused?",
    unit=Unit.COUNT,
    description=Description(
        headline="Starts that Athena refused in each step of the graph, by AWS's error code, stacked.",
        normal="AccessDenied and InvalidRequestException in ones.",
        abnormal="TooManyRequestsException in rows: clients hit a quota and try again.",
        next_step="Active queries against the quota, above; Service Quotas raises it.",
    ),
    queries=lambda: [
        Prom(expr=total(increase(scoped(catalog.START_REJECTIONS), RATE_INTERVAL), "error"), legend="{{error}}")
    ],
)
