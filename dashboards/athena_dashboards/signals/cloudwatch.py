"""What CloudWatch itself says of the workgroups, without the exporter, for as long as CloudWatch keeps it.

Every query names all three dimensions {QueryState, QueryType, WorkGroup}: Athena publishes each query under several
sets, and a search over all of them would count it several times. Sources: docs.aws.amazon.com/athena/latest/ug/
query-metrics-viewing.html (metrics), docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/
search-expression-syntax.html (a search finds what had data in the last two weeks) and cloudwatch_concepts.html there
(one minute is kept 15 days, five minutes 63 days, an hour 455 days).
"""

from athena_dashboards.model import Description, Signal
from athena_dashboards.queries import AthenaMetric, CloudWatch
from athena_dashboards.theme import Unit
from athena_exporter.records import State

PUBLISHED = "$published"
"""The variable of workgroups that the dashboard's CloudWatch panels follow."""
EXACT = "$workgroup"
"""One workgroup, in a row that is repeated for each."""
SUCCEEDED, FAILED, CANCELLED = "SUCCEEDED", "FAILED", "CANCELED"
"""CloudWatch's words; Athena's API writes the last one with two L."""
_ENDS = {SUCCEEDED: State.SUCCEEDED, CANCELLED: State.CANCELLED, FAILED: State.FAILED}
_NAME = "${PROP('Dim.WorkGroup')} ${PROP('Dim.QueryType')}"
_ONLY = "Only workgroups that publish metrics appear, about ten minutes late."
_BYTES_ARE_OF_DML = "CloudWatch tells bytes of DML only: for DDL and UTILITY this stays empty."
_CONSOLE = "Choose one workgroup above; the rows at the end ask for each by its exact name, up to 15 months back."


def asked(metric: AthenaMetric, statistic: str, *states: str, workgroup: str = PUBLISHED) -> list[CloudWatch]:
    """One query for each end of a query; the chosen types and workgroups come from the variables.

    A single end is told by the panel's title, a single workgroup, too: what tells the series apart is their name.
    """
    name = _NAME if workgroup == PUBLISHED else ""
    return [
        CloudWatch(
            metric=metric,
            dimensions={"QueryState": (state,), "QueryType": ("$query_type",), "WorkGroup": (workgroup,)},
            statistic=statistic,
            label=f"{name} {_ENDS[state]}".strip() if len(states) > 1 else name,
            period="$period",
        )
        for state in states
    ]


def _scanned(statistic: str, *states: str, workgroup: str = PUBLISHED) -> list[CloudWatch]:
    return asked(AthenaMetric.PROCESSED_BYTES, statistic, *states, workgroup=workgroup)


def _took(statistic: str, *states: str, workgroup: str = PUBLISHED) -> list[CloudWatch]:
    return asked(AthenaMetric.TOTAL_EXECUTION_TIME, statistic, *states, workgroup=workgroup)


def _ended(*states: str, workgroup: str = PUBLISHED) -> list[CloudWatch]:
    """How many: every finished query gives one sample of its execution time."""
    return _took("SampleCount", *states, workgroup=workgroup)


SCANNED_SUM = Signal(
    title="Data scanned",
    question="How much have the chosen workgroups scanned?",
    unit=Unit.BYTES,
    description=Description(
        headline="Bytes scanned in the range, cancelled and failed queries included, as CloudWatch counts them.",
        normal="A TiB is 5 USD at list price; compare with the same range of last month.",
        abnormal="A jump that no release explains.",
        next_step=f"By workgroup, below. {_BYTES_ARE_OF_DML}",
    ),
    queries=lambda: _scanned("Sum", *_ENDS),
    empty_is_right="CloudWatch tells no bytes of DDL and UTILITY statements",
)
SCANNED_FAILED_SUM = Signal(
    title="Data scanned by failed queries",
    question="How much was scanned for nothing?",
    unit=Unit.BYTES,
    description=Description(
        headline="Bytes that queries scanned before they failed.",
        normal="Next to nothing: most failures are typing errors, which scan nothing.",
        abnormal="More than a few per cent of all data. AWS does not bill failed queries, but they take time.",
        next_step="Which workgroup, below; which error, on dashboard Overview.",
    ),
    queries=lambda: _scanned("Sum", FAILED),
    empty_is_right="no query failed in the range, or none that scanned anything",
)
TOOK_SUM = Signal(
    title="Execution time",
    question="How long have all queries taken together?",
    unit=Unit.MILLISECONDS,
    description=Description(
        headline="TotalExecutionTime of all finished queries added up: queue, planning, engine and publishing.",
        normal="Grows with the number of queries.",
        abnormal="Grows much faster than the number of queries: they wait, or they have become heavier.",
        next_step="The average by workgroup, below; queues on dashboard Limits.",
    ),
    queries=lambda: _took("Sum", *_ENDS),
)
TOOK_FAILED_SUM = Signal(
    title="Execution time of failed queries",
    question="How much time went into queries that failed?",
    unit=Unit.MILLISECONDS,
    description=Description(
        headline="TotalExecutionTime of failed queries added up.",
        normal="Seconds to minutes a day: syntax errors fail at once.",
        abnormal="Hours: queries run long and then die of timeouts or exhausted resources.",
        next_step="Which workgroup, below; which error, on dashboard Overview.",
    ),
    queries=lambda: _took("Sum", FAILED),
    empty_is_right="no query failed in the range",
)
SUCCEEDED_SUM = Signal(
    title="Queries succeeded",
    question="How many queries have succeeded?",
    unit=Unit.COUNT,
    description=Description(
        headline="Succeeded queries in the range: SampleCount of TotalExecutionTime.",
        normal="The rhythm of people and schedules.",
        abnormal="None in a range that should have some: Athena, or the workgroup's publishing, is off.",
        next_step=f"By workgroup, below. {_ONLY}",
    ),
    queries=lambda: _ended(SUCCEEDED),
)
FAILED_SUM = Signal(
    title="Queries failed",
    question="How many queries have failed?",
    unit=Unit.COUNT,
    description=Description(
        headline="Failed queries in the range: SampleCount of TotalExecutionTime.",
        normal="5 to 15 % of what people type, next to none of what pipelines run.",
        abnormal="A pipeline's workgroup fails at all, or a quarter of everything does.",
        next_step="By workgroup, below; by error, on dashboard Overview.",
    ),
    queries=lambda: _ended(FAILED),
    empty_is_right="no query failed in the range",
)
SCANNED = Signal(
    title="Data scanned: total",
    question="Which workgroup scans how much, and when?",
    unit=Unit.BYTES,
    description=Description(
        headline="Bytes scanned by workgroup and by how the query ended, one bar a period.",
        normal="A weekly rhythm; the legend's last column is the sum of the range.",
        abnormal="A bar several times its neighbours, or a workgroup that grows from week to week.",
        next_step=f"{_CONSOLE} {_BYTES_ARE_OF_DML} {_ONLY}",
    ),
    queries=lambda: _scanned("Sum", *_ENDS),
    empty_is_right="CloudWatch tells no bytes of DDL and UTILITY statements",
)
SCANNED_AVERAGE = Signal(
    title="Data scanned: average of a query",
    question="How much does a query of a workgroup scan?",
    unit=Unit.BYTES,
    description=Description(
        headline="Bytes that a succeeded query scanned on average, by workgroup.",
        normal="Steady for pipelines, restless for people.",
        abnormal="A step upwards that stays: a partition filter was lost, or a table has grown.",
        next_step="Users of that workgroup, and their average by database: dashboard Users.",
    ),
    queries=lambda: _scanned("Average", SUCCEEDED),
    empty_is_right="CloudWatch tells no bytes of DDL and UTILITY statements",
)
SCANNED_FAILED = Signal(
    title="Data scanned: total of failed queries",
    question="Where is data scanned for nothing?",
    unit=Unit.BYTES,
    description=Description(
        headline="Bytes that queries scanned before they failed, by workgroup.",
        normal="Small, and not every day.",
        abnormal="The same workgroup day after day: a scheduled query that runs into its timeout.",
        next_step="The failed queries themselves: dashboard Users, last row.",
    ),
    queries=lambda: _scanned("Sum", FAILED),
    empty_is_right="no query failed in the range, or none that scanned anything",
)
TOOK = Signal(
    title="Execution time: total",
    question="Which workgroup keeps Athena busy?",
    unit=Unit.MILLISECONDS,
    description=Description(
        headline="TotalExecutionTime by workgroup and by how the query ended, added up in each period.",
        normal="A weekly rhythm.",
        abnormal="Time grows and the number of queries does not.",
        next_step=f"The average beside. {_ONLY}",
    ),
    queries=lambda: _took("Sum", *_ENDS),
)
TOOK_AVERAGE = Signal(
    title="Execution time: average of a query",
    question="How long does a query of a workgroup take?",
    unit=Unit.MILLISECONDS,
    description=Description(
        headline="TotalExecutionTime of a succeeded query on average, by workgroup.",
        normal="Seconds; minutes for pipelines.",
        abnormal="Twice last week's: a queue (see below), or heavier queries.",
        next_step="Time in the queue, in the row Why is it slow?; percentiles on dashboard Pipelines.",
    ),
    queries=lambda: _took("Average", SUCCEEDED),
)
TOOK_FAILED = Signal(
    title="Execution time: total of failed queries",
    question="Where does time go into queries that fail?",
    unit=Unit.MILLISECONDS,
    description=Description(
        headline="TotalExecutionTime of failed queries by workgroup, added up in each period.",
        normal="Seconds to minutes a day.",
        abnormal="Half an hour and more: that is Athena's DML timeout, query after query.",
        next_step="The failed queries themselves: dashboard Users, last row.",
    ),
    queries=lambda: _took("Sum", FAILED),
    empty_is_right="no query failed in the range",
)
ENDED_WELL = Signal(
    title="Successful queries",
    question="How many queries succeed, by workgroup?",
    unit=Unit.COUNT,
    description=Description(
        headline="Succeeded queries by workgroup in each period: SampleCount of TotalExecutionTime.",
        normal="The rhythm of people and schedules.",
        abnormal="A workgroup's bar is missing: its schedule did not run, or it no longer publishes.",
        next_step=f"Failed ones beside. {_ONLY}",
    ),
    queries=lambda: _ended(SUCCEEDED),
)
ENDED_BADLY = Signal(
    title="Failed queries",
    question="How many queries fail, by workgroup?",
    unit=Unit.COUNT,
    description=Description(
        headline="Failed queries by workgroup in each period: SampleCount of TotalExecutionTime.",
        normal="People's typing errors; few from pipelines.",
        abnormal="A pipeline's workgroup appears, or a bar several times its neighbours.",
        next_step="Errors by name: dashboard Overview. The queries: dashboard Users, last row.",
    ),
    queries=lambda: _ended(FAILED),
    empty_is_right="no query failed in the range",
)
QUEUED = Signal(
    title="Time in the queue: average",
    question="Do queries wait?",
    unit=Unit.MILLISECONDS,
    description=Description(
        headline="QueryQueueTime of a succeeded query on average, by workgroup.",
        normal="Below a second.",
        abnormal="A minute: the account's active queries are at their quota, or a reservation is full.",
        next_step="Active queries against the quota: dashboard Limits.",
    ),
    queries=lambda: asked(AthenaMetric.QUERY_QUEUE_TIME, "Average", SUCCEEDED),
)
PLANNED = Signal(
    title="Time of planning: average",
    question="Does planning take long?",
    unit=Unit.MILLISECONDS,
    description=Description(
        headline="QueryPlanningTime of a succeeded query on average, by workgroup; a part of the engine's time.",
        normal="Below a second or two.",
        abnormal="Many seconds: tables with very many partitions, without partition projection.",
        next_step="The tables of the workgroup's people: dashboard Data catalogue.",
    ),
    queries=lambda: asked(AthenaMetric.QUERY_PLANNING_TIME, "Average", SUCCEEDED),
)
_EXACTLY = "Asked for by its exact name: CloudWatch answers for 15 months, also if the workgroup was silent for weeks."
_ONE_TYPE = (
    "With one query type chosen above; several types are a search again, which sees two weeks of silence at most."
)
EXACT_SCANNED = Signal(
    title="Data scanned by $workgroup",
    question="What has this workgroup scanned in a year?",
    unit=Unit.BYTES,
    description=Description(
        headline="Bytes scanned by this workgroup, by how the query ended.",
        normal=_EXACTLY,
        abnormal="A step upwards that stays.",
        next_step=_ONE_TYPE,
    ),
    queries=lambda: _scanned("Sum", *_ENDS, workgroup=EXACT),
    empty_is_right="none published",
)
EXACT_TOOK = Signal(
    title="Average execution time in $workgroup",
    question="How has this workgroup's speed changed in a year?",
    unit=Unit.MILLISECONDS,
    description=Description(
        headline="TotalExecutionTime of this workgroup's queries on average, by how they ended.",
        normal=_EXACTLY,
        abnormal="Doubled against the months before.",
        next_step=_ONE_TYPE,
    ),
    queries=lambda: _took("Average", *_ENDS, workgroup=EXACT),
    empty_is_right="none published",
)
EXACT_ENDED = Signal(
    title="Queries of $workgroup",
    question="How has this workgroup been used in a year?",
    unit=Unit.COUNT,
    description=Description(
        headline="This workgroup's finished queries, by how they ended.",
        normal=_EXACTLY,
        abnormal="No bars for months: nobody uses it. Failed ones above a tenth.",
        next_step=_ONE_TYPE,
    ),
    queries=lambda: _ended(*_ENDS, workgroup=EXACT),
    empty_is_right="none published",
)
