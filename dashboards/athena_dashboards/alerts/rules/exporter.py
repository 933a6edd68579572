"""Can the monitoring be believed?"""

from datetime import timedelta

from athena_dashboards import links, thresholds
from athena_dashboards.alerts.model import Choice, Group, Rule, Severity, Shown, State
from athena_dashboards.alerts.rules.parts import PROCESS, TARGET, appeared, risen
from athena_dashboards.alerts.wording import Wording
from athena_dashboards.promql import (
    Expr,
    absent,
    aggregate,
    clamp_min,
    like,
    number,
    only_with,
    only_without,
    over_time,
    relabel,
    select,
    unlike,
)
from athena_dashboards.signals import delivery
from athena_dashboards.signals import exporter as signals
from athena_exporter import catalog

_HALF_HOUR, _HOUR, _DAY = "30m", "1h", "1d"
_KNOWN_FOR = "6h"
"""How long a target that is gone is missed; then it was taken away on purpose."""
_SOURCE = (*TARGET, "source")
THROTTLED = like(".*(Throttl|TooManyRequests|LimitExceeded|SlowDown|PriorRequestNotComplete).*|429")
"""AWS's codes for too many calls."""
OUTLET = "events"
"""What the exporter calls the delivery of events among its sources; it has a rule of its own."""
HISTORY = "history"
"""The consumer that writes the query history: it gathers, and AthenaSourceStale tells when it fails."""
CHANNELS = "notifications/.*"
"""What it calls the channels of notifications, among its sources and its consumers; they have a rule of their own."""

LEISURELY = "system_table"
"""A source that asks once an hour and pauses at its daily cap; it only adds to what the others tell."""


def down() -> Expr:
    """1 for each target that an exporter told of within the last hours and tells of no more; 1 if there is none."""
    told = aggregate("max", over_time("present", select(catalog.COUNTING_SINCE), _KNOWN_FOR), *TARGET)
    gone = only_without(told, aggregate("max", select(catalog.COUNTING_SINCE).now, *TARGET), on=TARGET)
    nothing = absent(select(catalog.BUILD_INFO))
    return gone | relabel(relabel(nothing, "account_id", "every account"), "region", "every Region")


def source_age() -> Expr:
    """Seconds since each source that runs was read to its end; infinite for one that fails and never was."""
    last = aggregate("min", select(catalog.SOURCE_LAST_SUCCESS).now, *_SOURCE)
    runs = aggregate("max", select(catalog.SOURCE_UP, source=unlike(f"{OUTLET}|{CHANNELS}|{LEISURELY}")).now, *_SOURCE)
    never = only_without(runs < 1, last, on=_SOURCE)
    return (number("time()") - only_with(last, runs, on=_SOURCE)) | (never + number("Inf"))


def throttled() -> Expr:
    """The share of the calls to each service that AWS refused for their number."""
    calls = risen(select(catalog.AWS_REQUESTS), _HALF_HOUR, *TARGET, "service")
    refused = risen(select(catalog.AWS_REQUESTS, result=THROTTLED), _HALF_HOUR, *TARGET, "service")
    return refused / clamp_min(calls, thresholds.THROTTLED_FLOOR.value)


def behind() -> Expr:
    """1 while the counted executions are behind."""
    return aggregate("max", select(catalog.CATCHING_UP).now, *TARGET)


def unattributed() -> Expr:
    """The share of a day's bytes whose user stayed unknown."""
    nobodys = risen(select(catalog.UNATTRIBUTED_BYTES), _DAY, *TARGET)
    scanned = risen(select(catalog.SCANNED_BYTES), _DAY, *TARGET)
    return nobodys / clamp_min(scanned, thresholds.UNATTRIBUTED_FLOOR.value)


def delivery_age() -> Expr:
    """How long the oldest fact has waited for each consumer of events."""
    others = unlike(f"{CHANNELS}|{HISTORY}")
    return aggregate("max", select(catalog.OUTBOX_OLDEST_AGE, consumer=others).now, *PROCESS, "consumer")


def outbox_depth() -> Expr:
    """Facts that wait for each consumer."""
    return aggregate("max", select(catalog.OUTBOX_DEPTH).now, *PROCESS, "consumer")


def events_lost() -> Expr:
    """Events of the last hour that will never arrive, by reason."""
    dropped = relabel(risen(select(catalog.OUTBOX_DROPPED), _HOUR, *PROCESS), "reason", "dropped")
    return dropped | appeared(select(catalog.EVENTS_REJECTED), _HOUR, *PROCESS, "reason")


def label_overflow() -> Expr:
    """Queries of the last day that were counted under `other`, by label."""
    return risen(select(catalog.LABEL_OVERFLOW), _DAY, *TARGET, "label")


GROUP = Group(
    name="athena-exporter",
    interval=timedelta(minutes=1),
    rules=(
        Rule(
            uid="athena-exporter-down",
            title="AthenaExporterDown",
            severity=Severity.CRITICAL,
            expr=down,
            threshold=thresholds.EXPORTER_DOWN,
            lasts=timedelta(minutes=5),
            summary="Nobody watches Athena: the exporter's figures are gone.",
            description=Wording(
                "There are no figures of {account_id|every account} in {region|every Region}: the exporter is down, "
                "not scraped, or no longer told to read it; or Prometheus does not answer."
            ),
            shown=Shown(board=links.EXPORTER, signal=signals.SOURCES_UP),
            no_data=Choice(
                state=State.OK,
                why="the expression itself has a series exactly when the exporter has none: no data is health",
            ),
            on_error=Choice(
                state=State.ALERTING,
                why="if Prometheus does not answer, nobody watches either; this one rule says so for all",
            ),
        ),
        Rule(
            uid="athena-source-stale",
            title="AthenaSourceStale",
            severity=Severity.WARNING,
            expr=source_age,
            threshold=thresholds.SOURCE_AGE_SECONDS,
            lasts=timedelta(minutes=10),
            summary="The exporter cannot read a part of AWS; figures from it stand still.",
            description=Wording(
                "The source {source} of account {account_id} in {region} was last read to its end {value} ago; "
                "the threshold is {threshold}."
            ),
            shown=Shown(board=links.EXPORTER, signal=signals.SOURCE_AGE),
        ),
        Rule(
            uid="athena-source-throttled",
            title="AthenaSourceThrottled",
            severity=Severity.WARNING,
            expr=throttled,
            threshold=thresholds.THROTTLED_SHARE,
            lasts=timedelta(minutes=15),
            summary="AWS throttles the exporter; figures come late, and people's own calls may suffer.",
            description=Wording(
                "{value} of the exporter's calls to {service} in account {account_id}, {region}, were throttled in the "
                "last half hour; the threshold is {threshold}."
            ),
            shown=Shown(board=links.EXPORTER, signal=signals.AWS_CALLS),
            line="the panel shows calls by their result, the rule a share of them",
        ),
        Rule(
            uid="athena-exporter-behind",
            title="AthenaExporterBehind",
            severity=Severity.WARNING,
            expr=behind,
            threshold=thresholds.BEHIND,
            lasts=timedelta(hours=1),
            summary="The exporter does not catch up; rules on spikes are silent meanwhile.",
            description=Wording(
                "The counts of account {account_id} in {region} have been more than ten minutes behind for over an "
                "hour. Rules on spikes and thresholds of workgroups are silent until it has caught up."
            ),
            shown=Shown(board=links.EXPORTER, signal=signals.CATCHING_UP),
        ),
        Rule(
            uid="athena-unattributed-bytes",
            title="AthenaUnattributedBytes",
            severity=Severity.WARNING,
            expr=unattributed,
            threshold=thresholds.UNATTRIBUTED,
            lasts=timedelta(minutes=30),
            summary="Much is scanned by nobody knows whom.",
            description=Wording(
                "{value} of the bytes of the last day in account {account_id}, {region}, have no user although "
                "CloudTrail was asked; the threshold is {threshold}."
            ),
            shown=Shown(board=links.EXPORTER, signal=signals.UNATTRIBUTED_SHARE),
        ),
        Rule(
            uid="athena-event-delivery-stuck",
            title="AthenaEventDeliveryStuck",
            severity=Severity.WARNING,
            expr=delivery_age,
            threshold=thresholds.DELIVERY_AGE_SECONDS,
            lasts=timedelta(minutes=5),
            summary="Events do not reach CloudWatch Logs; they wait in the exporter's outbox.",
            description=Wording(
                "The oldest event in the outbox of {instance} has waited {value} for {consumer}; "
                "the threshold is {threshold}. Nothing is lost yet."
            ),
            shown=Shown(board=links.EXPORTER, signal=delivery.OUTBOX_AGE),
        ),
        Rule(
            uid="athena-outbox-near-bound",
            title="AthenaOutboxNearBound",
            severity=Severity.CRITICAL,
            expr=outbox_depth,
            threshold=thresholds.OUTBOX_DEPTH,
            lasts=timedelta(minutes=5),
            summary="The outbox of events fills up; soon the oldest are dropped.",
            description=Wording(
                "{value} facts wait for {consumer} in the outbox of {instance}; the threshold is {threshold}. "
                "Beyond 2 GiB or 13 days the oldest are dropped."
            ),
            shown=Shown(board=links.EXPORTER, signal=delivery.OUTBOX),
        ),
        Rule(
            uid="athena-events-lost",
            title="AthenaEventsLost",
            severity=Severity.WARNING,
            expr=events_lost,
            threshold=thresholds.EVENTS_LOST,
            lasts=timedelta(0),
            summary="Events will never arrive in CloudWatch Logs.",
            description=Wording(
                "Events of {instance} that were lost in the last hour, {reason}: {value}. Metrics and reports know "
                "their queries all the same."
            ),
            shown=Shown(board=links.EXPORTER, signal=delivery.EVENT_TROUBLE),
        ),
        Rule(
            uid="athena-label-overflow",
            title="AthenaLabelOverflow",
            severity=Severity.INFO,
            expr=label_overflow,
            threshold=thresholds.LABEL_OVERFLOW,
            lasts=timedelta(0),
            summary="Prometheus sees `other` where a name should stand: a label's budget is full.",
            description=Wording(
                "Queries of the last day in account {account_id}, {region}, that were counted without their {label}, "
                "for its budget is full: {value}."
            ),
            shown=Shown(board=links.EXPORTER, signal=signals.OVERFLOW),
        ),
    ),
)
