"""Are the pipelines (Airflow, dbt) slower, dearer or less reliable than a week before?"""

from athena_dashboards import figures
from athena_dashboards.model import Description, Signal
from athena_dashboards.promql import RANGE, RATE_INTERVAL, Expr, Selector, increase, like, quantile, scoped, top, total
from athena_dashboards.queries import Prom
from athena_dashboards.signals.failures import failed_share
from athena_dashboards.theme import Unit
from athena_exporter import catalog
from athena_exporter.catalog import Metric

JOBS = 50
SLOWER = 20
_CLIENT = like("$client")
_JOB = ("workload", "client", "workgroup")
_STEP = "5m"
_NO_WEEK = "there is nothing to compare with until the exporter has run for a week"
_SCOPE = "in the workgroups chosen above, by default those where Airflow or dbt run"


def _theirs(metric: Metric) -> Selector:
    """A metric with the label client: only pipelines."""
    return scoped(metric, client=_CLIENT)


def _duration(share: float, *by: str, duration: str = RANGE, offset: str = "") -> Expr:
    """From submission to end, of DML; with the client's label the histograms would be too many."""
    found = quantile(share, catalog.TOTAL_SECONDS, duration, *by, where={"statement_type": "DML"}, offset=offset)
    return figures.told(found)


COST = Signal(
    title="Cost",
    question="Do pipelines cost more than a week before?",
    unit=Unit.USD,
    description=Description(
        headline="List price of the queries that Airflow and dbt ran in the range, and a week before.",
        normal="The two within a fifth of each other.",
        abnormal="Far more than before: a full refresh, a lost partition filter, a schedule that runs too often.",
        next_step="The jobs below: the last column names those that grew.",
    ),
    empty_is_right=_NO_WEEK,
    queries=lambda: figures.now_and_then(
        figures.in_range(_theirs(catalog.CLIENT_COST_USD)), figures.week_before(_theirs(catalog.CLIENT_COST_USD))
    ),
)
SCANNED = Signal(
    title="Data scanned",
    question="Do pipelines read more than a week before?",
    unit=Unit.BYTES,
    description=Description(
        headline="Bytes that queries of Airflow and dbt scanned in the range, and a week before.",
        normal="The two within a fifth of each other; data grow by some per cent a month.",
        abnormal="Twice as much: a model reads whole tables again.",
        next_step="The jobs below, by cost.",
    ),
    empty_is_right=_NO_WEEK,
    queries=lambda: figures.now_and_then(
        figures.in_range(_theirs(catalog.CLIENT_SCANNED_BYTES)),
        figures.week_before(_theirs(catalog.CLIENT_SCANNED_BYTES)),
    ),
)
QUERIES = Signal(
    title="Queries",
    question="Do pipelines run as often as a week before?",
    unit=Unit.COUNT,
    description=Description(
        headline="Finished queries of Airflow and dbt in the range, and a week before.",
        normal="Nearly the same: schedules have weeks.",
        abnormal="Far fewer: a schedule stands still. Far more: retries, or a back-fill.",
        next_step="Failures below; then the scheduler itself.",
    ),
    empty_is_right=_NO_WEEK,
    queries=lambda: figures.now_and_then(
        figures.counted(_theirs(catalog.CLIENT_QUERIES)),
        figures.counted(_theirs(catalog.CLIENT_QUERIES).offset(figures.WEEK)),
    ),
)
FAILED = Signal(
    title="Failed",
    question="Do pipelines fail more than a week before?",
    unit=Unit.RATIO,
    description=Description(
        headline=f"The share of finished queries that failed, {_SCOPE}; and a week before.",
        normal="Below 1 % in production; CI and development workgroups fail more.",
        abnormal="More than twice of before.",
        next_step="Failed queries by workgroup, below; the alert AthenaPipelineFailing names the workgroup.",
    ),
    empty_is_right=_NO_WEEK,
    queries=lambda: figures.now_and_then(failed_share(), failed_share(before=figures.WEEK)),
)
SLOWEST = Signal(
    title="Duration, p95",
    question="Are pipelines' queries slower than a week before?",
    unit=Unit.SECONDS,
    description=Description(
        headline=f"95 of 100 DML queries took less, from submission to end, {_SCOPE}; and a week before.",
        normal="The two within a fifth of each other.",
        abnormal="Twice as long: more data, a queue, or less capacity.",
        next_step="By workgroup, below; queue times on dashboard Limits.",
    ),
    empty_is_right=_NO_WEEK,
    queries=lambda: figures.now_and_then(_duration(0.95), _duration(0.95, offset=figures.WEEK)),
)


def _workgroups() -> tuple[Expr, ...]:
    """By workgroup, each now and a week before: p50, p95, bytes, dollars, failed share."""
    of = "workgroup"
    scanned, cost = scoped(catalog.SCANNED_BYTES), scoped(catalog.COST_USD)
    return (
        _duration(0.5, of),
        _duration(0.5, of, offset=figures.WEEK),
        _duration(0.95, of),
        _duration(0.95, of, offset=figures.WEEK),
        figures.in_range(scanned, of),
        figures.week_before(scanned, of),
        figures.in_range(cost, of),
        figures.week_before(cost, of),
        failed_share(of),
        failed_share(of, before=figures.WEEK),
    )


WORKGROUPS = Signal(
    title="Workgroups, now and a week before",
    question="Which workgroup has become slower, dearer, less reliable?",
    unit=Unit.SECONDS,
    description=Description(
        headline="Every workgroup where Airflow or dbt run: duration of DML (p50, p95), bytes, dollars, failed share; "
        "`before` is the same range a week earlier.",
        normal="Each pair within a fifth.",
        abnormal="A p95 that doubled while p50 stayed: few queries, but the long ones. Both doubled: a queue.",
        next_step="Click the workgroup; or choose it above, and the jobs below are its own.",
    ),
    empty_is_right=_NO_WEEK,
    queries=lambda: [Prom(expr=expr, is_instant=True) for expr in _workgroups()],
)
CLIENTS = Signal(
    title="Tools, now and a week before",
    question="Is it Airflow or dbt?",
    unit=Unit.COUNT,
    description=Description(
        headline="Queries, bytes and dollars by tool; `before` is the same range a week earlier.",
        normal="Each pair within a fifth.",
        abnormal="One tool doubles: its latest release, or its schedule.",
        next_step="Choose the tool above; the jobs below are its own.",
    ),
    empty_is_right=_NO_WEEK,
    queries=lambda: [
        Prom(expr=figure(_theirs(metric), "client"), is_instant=True)
        for metric in (catalog.CLIENT_QUERIES, catalog.CLIENT_SCANNED_BYTES, catalog.CLIENT_COST_USD)
        for figure in (figures.in_range, figures.week_before)
    ],
)
DURATIONS = Signal(
    title="Duration",
    question="When did queries become slow?",
    unit=Unit.SECONDS,
    description=Description(
        headline=f"Half (p50) and 95 of 100 (p95) of the DML queries took less, {_SCOPE}; dashed: a week before.",
        normal="The lines of both weeks lie upon each other.",
        abnormal="A step: since a release. A slope: since data grow.",
        next_step="Jobs that became slower, below.",
    ),
    empty_is_right=_NO_WEEK,
    queries=lambda: [
        Prom(
            expr=_duration(quantile_, duration=RATE_INTERVAL, offset=offset),
            legend=f"{name}{', ' + figures.THEN if offset else ''}",
            interval=_STEP,
        )
        for name, quantile_ in (("p50", 0.5), ("p95", 0.95))
        for offset in ("", figures.WEEK)
    ],
)
COST_PER_HOUR = Signal(
    title="Dollars an hour",
    question="When is the money spent?",
    unit=Unit.USD,
    description=Description(
        headline="How fast pipelines spend, in dollars an hour; dashed: a week before.",
        normal="The towers of the schedules, at the same hours in both weeks.",
        abnormal="A tower at a new hour, or one that has grown.",
        next_step="Drag over it to make it the range; the jobs below are then those of that time.",
    ),
    empty_is_right=_NO_WEEK,
    queries=lambda: figures.now_and_then(
        figures.per_hour(_theirs(catalog.CLIENT_COST_USD)),
        figures.per_hour(_theirs(catalog.CLIENT_COST_USD).offset(figures.WEEK)),
        is_instant=False,
    ),
)
SCANNED_PER_HOUR = Signal(
    title="Data scanned an hour",
    question="When do pipelines read?",
    unit=Unit.BYTES,
    description=Description(
        headline="How many bytes pipelines scan an hour; dashed: a week before.",
        normal="The towers of the schedules, at the same hours in both weeks.",
        abnormal="The same tower, higher: a model lost its filter on partitions.",
        next_step="Drag over it to make it the range, then the jobs below.",
    ),
    empty_is_right=_NO_WEEK,
    queries=lambda: figures.now_and_then(
        figures.per_hour(_theirs(catalog.CLIENT_SCANNED_BYTES)),
        figures.per_hour(_theirs(catalog.CLIENT_SCANNED_BYTES).offset(figures.WEEK)),
        is_instant=False,
    ),
)
FAILURES = Signal(
    title="Failed queries by workgroup",
    question="Which pipelines fail, and when?",
    unit=Unit.COUNT,
    description=Description(
        headline=f"Failed queries in each step of the graph, {_SCOPE}, stacked.",
        normal="Single bars; CI has more.",
        abnormal="The same height at every run of a schedule: it fails each time.",
        next_step="docs/runbook.md, AthenaPipelineFailing; the errors by name on the overview.",
    ),
    queries=lambda: [
        Prom(
            expr=total(increase(scoped(catalog.QUERIES, state="failed"), RATE_INTERVAL), "workgroup"),
            legend="{{workgroup}}",
        )
    ],
)


def _jobs() -> tuple[Expr, ...]:
    """The dearest jobs: queries, engine seconds, seconds a query, dollars, dollars before, dollars of before."""
    cost = _theirs(catalog.WORKLOAD_COST_USD)
    now, before = figures.in_range(cost, *_JOB), figures.week_before(cost, *_JOB)
    dearest = top(JOBS, now)
    queries = figures.counted(_theirs(catalog.WORKLOAD_QUERIES), *_JOB)
    engine = figures.in_range(_theirs(catalog.WORKLOAD_ENGINE_SECONDS), *_JOB)
    known = (queries, engine, engine / (queries > 0))
    return (
        *(one.and_(dearest) for one in known),
        dearest,
        (before | now * 0).and_(dearest),
        (now / (before > 0)).and_(dearest),
    )


WORKLOADS = Signal(
    title="Jobs",
    question="Which job costs most, and which has become dearer?",
    unit=Unit.USD,
    description=Description(
        headline=f"The {JOBS} dearest jobs of the range: dbt nodes, Airflow tasks. Queries, the engine's time, "
        "dollars, dollars a week before, and now as a share of them.",
        normal="80 to 120 % of before. `new`: the job cost nothing then.",
        abnormal="Several times of before at as many queries: each of them reads more.",
        next_step="The job's SQL: a filter on partitions, an incremental model; its history in dbt or Airflow.",
    ),
    empty_is_right=_NO_WEEK,
    queries=lambda: [Prom(expr=expr, is_instant=True) for expr in _jobs()],
)


def _slower() -> tuple[Expr, ...]:
    """Jobs whose queries take longer: seconds a query now and before, seconds more, seconds more in all."""
    queries, engine = _theirs(catalog.WORKLOAD_QUERIES), _theirs(catalog.WORKLOAD_ENGINE_SECONDS)
    runs = figures.in_range(queries, *_JOB)
    now = figures.in_range(engine, *_JOB) / (runs > 0)
    before = figures.week_before(engine, *_JOB) / (figures.week_before(queries, *_JOB) > 0)
    in_all = top(SLOWER, ((now - before) * runs) > 0)
    return now.and_(in_all), before.and_(in_all), (now - before).and_(in_all), in_all


GOT_SLOWER = Signal(
    title="Jobs that became slower",
    question="Which job's queries take longer than a week before?",
    unit=Unit.SECONDS,
    description=Description(
        headline=f"The {SLOWER} jobs that lost most time: the engine's seconds a query now, a week before, the "
        "difference, and that times the queries of the range.",
        normal="Seconds; data grow.",
        abnormal="Minutes a query more than a week before.",
        next_step="The job's SQL and its tables: more files, more partitions, a join that changed.",
    ),
    empty_is_right="a job has to have run a week before to be slower than then",
    queries=lambda: [Prom(expr=expr, is_instant=True) for expr in _slower()],
)
