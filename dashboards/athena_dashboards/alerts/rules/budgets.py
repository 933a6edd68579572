"""Who comes to the limit of a budget, who will, and did the guard do its work?"""

from datetime import timedelta

from athena_dashboards import links, thresholds
from athena_dashboards.alerts.model import Group, Rule, Severity, Shown
from athena_dashboards.alerts.rules.parts import PROCESS, TARGET, risen, steady
from athena_dashboards.alerts.wording import Wording
from athena_dashboards.promql import (
    Expr,
    aggregate,
    like,
    match,
    moved,
    number,
    only_with,
    only_without,
    select,
)
from athena_dashboards.signals import budgets, guard, notifications
from athena_dashboards.signals.budgets import BUDGET, SUBJECT, by_budget, by_subject
from athena_exporter import catalog

_HOUR, _QUARTER = "1h", "15m"
_LONG, _SHORT = timedelta(hours=1), timedelta(minutes=15)
"""The hour says that it is much, the quarter that it goes on: https://sre.google/workbook/alerting-on-slos/."""


def _used() -> Expr:
    return by_subject(select(catalog.BUDGET_USED_RATIO))


def _begun() -> Expr:
    return by_budget(select(catalog.BUDGET_WINDOW_START))


def _ends() -> Expr:
    return by_budget(select(catalog.BUDGET_WINDOW_END))


def exceeded() -> Expr:
    """The used share of the limit of those who have used all of it."""
    return _used() >= thresholds.BUDGET_LIMIT.value


def warned() -> Expr:
    """The used share of those who have come to the share from which their budget warns, and not to the limit."""
    reached = match(_used(), ">=", by_budget(select(catalog.BUDGET_WARN_RATIO)), on=BUDGET)
    return reached < thresholds.BUDGET_LIMIT.value


def forecast() -> Expr:
    """The share that will be used at the month's end, once enough of the month is known, of those below the limit."""
    since = by_budget(select(catalog.BUDGET_COUNTING_SINCE))
    known = (number("time()") - since) / (_ends() - since)
    month = _ends() - _begun() > thresholds.BUDGET_FORECAST_WINDOW.value
    told = only_with(by_subject(select(catalog.BUDGET_FORECAST_RATIO)), month, on=BUDGET)
    late = only_with(told, known >= thresholds.BUDGET_FORECAST_SINCE.value, on=BUDGET)
    return only_without(late, exceeded(), on=SUBJECT)


def burn_rate() -> Expr:
    """Seconds until the limit at the speed of the last hour, where the last quarter is as fast.

    Nothing where the window ends before, and nothing for an hour after the exporter was catching up.
    """
    soon = _left(_SHORT) < thresholds.BUDGET_BURN.value
    burning = only_with(_left(_LONG), soon, on=SUBJECT)
    # Rolling windows have no end.
    remains = (_ends() - number("time()")) | (_begun() * 0 + number("Inf"))
    return steady(match(burning, "<", remains, on=BUDGET), _HOUR)


def _left(span: timedelta) -> Expr:
    """Seconds until the limit at the mean speed of a span, of those who have not come to it."""
    return (number("1") - _used() > 0) / (_gained(span) / span.total_seconds() > 0)


def _gained(span: timedelta) -> Expr:
    """What was used within the span. A window that is younger begins at 0: all of it was."""
    seconds = round(span.total_seconds())
    young = number("time()") - _begun() < seconds
    rise = aggregate("max", moved(select(catalog.BUDGET_USED_RATIO), f"{seconds // 60}m"), *SUBJECT)
    return only_with(_used(), young, on=BUDGET) | rise


def acted() -> Expr:
    """Queries that the guard has stopped in the last hour, by budget."""
    return risen(select(catalog.GUARD_ACTIONS, result="stopped"), _HOUR, *TARGET, "budget")


def failing() -> Expr:
    """Queries that the guard should have stopped in the last hour and could not, by how it ended."""
    failed = select(catalog.GUARD_ACTIONS, result=like("denied|failed|throttled|expired"))
    return risen(failed, _HOUR, *TARGET, "budget", "result")


def unheard() -> Expr:
    """Notifications that were refused in the last hour; tries of the last quarter, where none came through."""
    by = (*PROCESS, "channel")
    refused = risen(select(catalog.NOTIFICATIONS, result="refused"), _HOUR, *by, "result")
    failed = risen(select(catalog.NOTIFICATIONS, result="failed"), _QUARTER, *by, "result")
    sent = risen(select(catalog.NOTIFICATIONS, result="sent"), _QUARTER, *by)
    return refused | only_without(failed, sent > 0, on=by)


_WHO = "{subject} (account {account_id}, {region})"
GROUP = Group(
    name="athena-budgets",
    interval=timedelta(minutes=1),
    rules=(
        Rule(
            uid="athena-budget-warned",
            title="AthenaBudgetWarned",
            severity=Severity.WARNING,
            expr=warned,
            threshold=thresholds.BUDGET_LEVEL,
            lasts=timedelta(0),
            summary="Somebody has used most of a budget.",
            description=Wording(f"{_WHO} has used {{value}} of the limit of budget {{budget}}, enough for a warning."),
            shown=Shown(board=links.LIMITS, signal=budgets.STANDINGS),
        ),
        Rule(
            uid="athena-budget-exceeded",
            title="AthenaBudgetExceeded",
            severity=Severity.CRITICAL,
            expr=exceeded,
            threshold=thresholds.BUDGET_LEVEL,
            lasts=timedelta(0),
            summary="Somebody has used all of a budget.",
            description=Wording(f"{_WHO} has used {{value}} of the limit of budget {{budget}}."),
            shown=Shown(board=links.LIMITS, signal=budgets.STANDINGS),
        ),
        Rule(
            uid="athena-budget-forecast",
            title="AthenaBudgetForecast",
            severity=Severity.WARNING,
            expr=forecast,
            threshold=thresholds.BUDGET_FORECAST,
            lasts=timedelta(hours=1),
            summary="A month's budget will not last until the month ends.",
            description=Wording(
                f"{_WHO} will have used {{value}} of the limit of budget {{budget}} when the month ends, if it goes on "
                "as it went so far."
            ),
            shown=Shown(board=links.LIMITS, signal=budgets.STANDINGS),
        ),
        Rule(
            uid="athena-budget-burn-rate",
            title="AthenaBudgetBurnRate",
            severity=Severity.WARNING,
            expr=burn_rate,
            threshold=thresholds.BUDGET_BURN,
            # Longer than the short window: a single large query is in it for so long, and is no burn.
            lasts=_SHORT + timedelta(minutes=5),
            summary="Somebody uses a budget so fast that it will be used up within hours.",
            description=Wording(
                f"At the speed of the last hour {_WHO} will have used up budget {{budget}} in {{value}}; the threshold "
                "is {threshold}."
            ),
            shown=Shown(board=links.LIMITS, signal=budgets.OVER_TIME),
            line="the panel shows what is used, the rule how long the rest will last",
        ),
        Rule(
            uid="athena-guard-acted",
            title="AthenaGuardActed",
            severity=Severity.WARNING,
            expr=acted,
            threshold=thresholds.GUARD_ACTED,
            lasts=timedelta(0),
            summary="The guard has stopped queries.",
            description=Wording(
                "Queries that the guard stopped in the last hour for budget {budget} (account {account_id}, {region}): "
                "{value}."
            ),
            shown=Shown(board=links.LIMITS, signal=guard.ACTIONS),
        ),
        Rule(
            uid="athena-guard-failing",
            title="AthenaGuardFailing",
            severity=Severity.WARNING,
            expr=failing,
            threshold=thresholds.GUARD_FAILING,
            lasts=timedelta(0),
            summary="The guard could not stop queries of somebody who is over a limit.",
            description=Wording(
                "Queries that the guard could not stop in the last hour for budget {budget} (account {account_id}, "
                "{region}), {result}: {value}."
            ),
            shown=Shown(board=links.LIMITS, signal=guard.ACTIONS),
        ),
        Rule(
            uid="athena-notifications-failing",
            title="AthenaNotificationsFailing",
            severity=Severity.WARNING,
            expr=unheard,
            threshold=thresholds.NOTIFICATIONS_FAILING,
            # A try that failed is made again within a minute.
            lasts=timedelta(minutes=10),
            summary="Nobody is told who comes to a limit: a channel of notifications does not take them.",
            description=Wording(
                "Notifications of {instance} over channel {channel} that came to nothing, {result}: {value}."
            ),
            shown=Shown(board=links.LIMITS, signal=notifications.SENT),
        ),
    ),
)
