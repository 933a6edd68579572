"""Who scans too much, suddenly more, or without a limit?"""

from datetime import timedelta

from athena_dashboards import links, thresholds
from athena_dashboards.alerts.model import Group, Rule, Severity, Shown
from athena_dashboards.alerts.rules.parts import WORKGROUP, risen, steady
from athena_dashboards.alerts.wording import Wording
from athena_dashboards.promql import Expr, aggregate, clamp_min, only_without, select
from athena_dashboards.signals import failures, limits, spend, workgroups
from athena_exporter import catalog

_HOUR, _DAY, _SPIKE, _WEEK = "1h", "1d", "6h", "1w"


def workgroup_scan() -> Expr:
    """Bytes of the last hour by workgroup."""
    return steady(risen(select(catalog.SCANNED_BYTES), _HOUR, *WORKGROUP), _HOUR)


def scan_spike() -> Expr:
    """Bytes of the last hours over those of the same hours a week before.

    Where less was scanned then than the floor over the factor, that is taken instead: only what is beyond the floor
    now can be beyond the factor, and nothing is divided by 0. A workgroup that is younger than a week has no series.
    """
    scanned = select(catalog.SCANNED_BYTES)
    then = risen(scanned.offset(_WEEK), _SPIKE, *WORKGROUP)
    least = thresholds.SPIKE_FLOOR.value / thresholds.SCAN_SPIKE.value
    ratio = risen(scanned, _SPIKE, *WORKGROUP) / clamp_min(then, least)
    return steady(steady(ratio, _SPIKE), _SPIKE, ago=_WEEK)


def cutoff_hits() -> Expr:
    """Queries of the last day that were cut off, by workgroup."""
    return risen(select(catalog.CUTOFF_HITS), _DAY, *WORKGROUP)


def unguarded() -> Expr:
    """1 for each enabled workgroup that has no scan limit, or whose settings do not bind its clients."""
    enabled = aggregate("max", select(catalog.WORKGROUP_INFO, state="enabled").now, *WORKGROUP)
    limited = aggregate("max", select(catalog.WORKGROUP_CUTOFF_BYTES).now, *WORKGROUP)
    loose = select(catalog.WORKGROUP_INFO, state="enabled", enforced="false")
    return only_without(enabled, limited, on=WORKGROUP) | aggregate("max", loose.now, *WORKGROUP)


GROUP = Group(
    name="athena-spending",
    interval=timedelta(minutes=1),
    rules=(
        Rule(
            uid="athena-workgroup-scan",
            title="AthenaWorkgroupScanThreshold",
            severity=Severity.WARNING,
            expr=workgroup_scan,
            threshold=thresholds.WORKGROUP_SCAN,
            lasts=timedelta(0),
            summary="A workgroup scans more in an hour than anybody planned.",
            description=Wording(
                "Workgroup {workgroup} (account {account_id}, {region}) scanned {value} in the last hour; "
                "the threshold is {threshold}."
            ),
            shown=Shown(board=links.WORKGROUPS, signal=workgroups.OVER_TIME),
        ),
        Rule(
            uid="athena-scan-spike",
            title="AthenaScanSpike",
            severity=Severity.WARNING,
            expr=scan_spike,
            threshold=thresholds.SCAN_SPIKE,
            lasts=timedelta(minutes=15),
            summary="A workgroup scans far more than at the same time of the same weekday.",
            description=Wording(
                "Workgroup {workgroup} (account {account_id}, {region}) scanned in the last six hours {value} of what "
                "it scanned in the same hours a week before; the threshold is {threshold}."
            ),
            shown=Shown(board=links.OVERVIEW, signal=spend.SPIKE_TABLE),
        ),
        Rule(
            uid="athena-cutoff-hits",
            title="AthenaScanCutoffHits",
            severity=Severity.INFO,
            expr=cutoff_hits,
            threshold=thresholds.CUTOFF_HITS,
            lasts=timedelta(0),
            summary="Queries ran into their workgroup's scan limit; they are billed and have no result.",
            description=Wording(
                "Workgroup {workgroup} (account {account_id}, {region}): {value} of the last day's queries were cut "
                "off because they scanned more than the workgroup allows."
            ),
            shown=Shown(board=links.LIMITS, signal=failures.CUTOFFS_BY_WORKGROUP),
        ),
        Rule(
            uid="athena-workgroup-unguarded",
            title="AthenaWorkgroupUnguarded",
            severity=Severity.INFO,
            expr=unguarded,
            threshold=thresholds.UNGUARDED,
            lasts=timedelta(hours=1),
            summary="A workgroup has no scan limit, or does not enforce its settings.",
            description=Wording(
                "Workgroup {workgroup} (account {account_id}, {region}) is enabled and has no scan limit, or does not "
                "enforce its settings on its clients."
            ),
            shown=Shown(board=links.LIMITS, signal=limits.GUARD_RAILS),
        ),
    ),
)
