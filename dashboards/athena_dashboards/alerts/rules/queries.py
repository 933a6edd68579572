"""What fails, what waits, what is about to be refused?"""

from datetime import timedelta

from athena_dashboards import figures, links, thresholds
from athena_dashboards.alerts.model import Group, Rule, Severity, Shown
from athena_dashboards.alerts.rules.parts import TARGET, WORKGROUP, risen
from athena_dashboards.alerts.wording import Wording
from athena_dashboards.promql import Expr, aggregate, call, only_with, quantile_of, rate, relabel, select, total
from athena_dashboards.signals import failures, limits, pipelines
from athena_exporter import catalog

_HOUR, _DAY, _QUARTER = "1h", "1d", "15m"
_P95 = 0.95
_FAILED = {"state": "failed"}


def failure_ratio() -> Expr:
    """Failed of all finished queries of the last hour by workgroup, where enough have failed to tell."""
    failed = risen(select(catalog.QUERIES, **_FAILED), _HOUR, *WORKGROUP)
    # increase() extrapolates to fractions: 4.97 are five.
    enough = call("round", failed) >= thresholds.FAILURE_FLOOR.value
    return only_with(failed / risen(select(catalog.QUERIES), _HOUR, *WORKGROUP), enough, on=WORKGROUP)


def pipeline_failures() -> Expr:
    """Failed queries of the last hour in workgroups whose day belongs to Airflow or dbt."""
    failed = call("round", risen(select(catalog.QUERIES, **_FAILED), _HOUR, *WORKGROUP))
    theirs = risen(select(catalog.CLIENT_QUERIES, client=figures.PIPELINES), _DAY, *WORKGROUP)
    share = theirs / risen(select(catalog.CLIENT_QUERIES), _DAY, *WORKGROUP)
    return only_with(failed, share > thresholds.PIPELINE_SHARE.value, on=WORKGROUP)


def queue_time() -> Expr:
    """The 95th percentile of the time in the queue by workgroup; nothing where no query finished."""
    buckets = total(rate(select(catalog.QUEUE_SECONDS, "bucket"), _QUARTER), "le", *WORKGROUP)
    return quantile_of(_P95, buckets)


def active_queries() -> Expr:
    """Active queries over their quota, by type of statement.

    CloudWatch tells the peak of a minute by type, if it is read; else what the exporter sees, nearly all of it DML.
    """
    quota = aggregate("max", select(catalog.ACTIVE_QUERY_QUOTA).now, *TARGET, "type")
    told = aggregate("max", select(catalog.ACTIVE_QUERIES).now, *TARGET, "type") / quota
    seen = relabel(total(select(catalog.RUNNING_QUERIES).now, *TARGET), "type", "DML") / quota
    return told | seen


GROUP = Group(
    name="athena-queries",
    interval=timedelta(minutes=1),
    rules=(
        Rule(
            uid="athena-failure-ratio",
            title="AthenaQueryFailureRatio",
            severity=Severity.WARNING,
            expr=failure_ratio,
            threshold=thresholds.FAILURE_RATIO,
            lasts=timedelta(minutes=10),
            summary="Many of a workgroup's queries fail.",
            description=Wording(
                "{value} of the queries that workgroup {workgroup} (account {account_id}, {region}) finished in the "
                "last hour have failed; the threshold is {threshold}."
            ),
            shown=Shown(board=links.OVERVIEW, signal=failures.SHARE),
        ),
        Rule(
            uid="athena-pipeline-failing",
            title="AthenaPipelineFailing",
            severity=Severity.WARNING,
            expr=pipeline_failures,
            threshold=thresholds.PIPELINE_FAILURES,
            lasts=timedelta(0),
            summary="A pipeline's queries fail again and again.",
            description=Wording(
                "{value} queries failed in the last hour in workgroup {workgroup} (account {account_id}, {region}), "
                "whose queries come from Airflow or dbt; more than {threshold} are no accident."
            ),
            shown=Shown(board=links.PIPELINES, signal=pipelines.FAILURES),
            line="the panel counts in its own steps, the rule over an hour",
        ),
        Rule(
            uid="athena-queue-time",
            title="AthenaQueueTimeHigh",
            severity=Severity.WARNING,
            expr=queue_time,
            threshold=thresholds.QUEUE_SECONDS,
            lasts=timedelta(minutes=10),
            summary="Queries wait long in Athena's queue.",
            description=Wording(
                "5 % of the queries of workgroup {workgroup} (account {account_id}, {region}) have waited longer than "
                "{value} in Athena's queue; the threshold is {threshold}."
            ),
            shown=Shown(board=links.LIMITS, signal=limits.QUEUE_BY_WORKGROUP),
        ),
        Rule(
            uid="athena-active-queries",
            title="AthenaActiveQueriesNearQuota",
            severity=Severity.WARNING,
            expr=active_queries,
            threshold=thresholds.ACTIVE_QUERIES,
            lasts=timedelta(minutes=5),
            summary="So many queries are active that Athena will soon refuse new ones.",
            description=Wording(
                "{value} of the quota of active {type} queries of account {account_id} in {region} is used; "
                "the threshold is {threshold}."
            ),
            shown=Shown(board=links.LIMITS, signal=limits.OF_QUOTA),
        ),
    ),
)
