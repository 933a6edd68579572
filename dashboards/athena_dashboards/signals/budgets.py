"""Who is how near to the limit of a scan budget, and where does it lead?"""

from athena_dashboards import thresholds
from athena_dashboards.model import Description, Signal
from athena_dashboards.promql import (
    RANGE,
    RATE_INTERVAL,
    Expr,
    Selector,
    aggregate,
    copied,
    increase,
    like,
    match,
    number,
    only_with,
    over_time,
    scoped,
    top,
    total,
)
from athena_dashboards.queries import Prom
from athena_dashboards.theme import Unit
from athena_exporter import catalog
from athena_exporter.catalog import COMMON_LABELS, Metric

BUDGET = (*COMMON_LABELS, "budget")
SUBJECT = (*BUDGET, "subject")
_WHOSE = (*COMMON_LABELS, "subject")
TOP = 10
PACE, WARNED_FROM = "even pace", "warned from"
"""Names of what a budget's usage is compared with, in legends."""
_STEP = "3h"
"""Of a month's graph: it needs no more points."""
LEVELS = {"0": "ok", "1": "warned", "2": "exceeded"}
"""The words for the figures of `level`."""
_SHOWN = (
    "Shown are subjects that are warned or above half of their limit, and the ten nearest to it; of each budget the "
    "500 nearest at most."
)
_NO_USE = "no query has ended in the present windows yet, or `budgets: []` has switched budgets off"


def by_subject(selector: Selector) -> Expr:
    """Its newest values by budget and subject."""
    return aggregate("max", selector.now, *SUBJECT)


def by_budget(selector: Selector) -> Expr:
    """Its newest values by budget."""
    return aggregate("max", selector.now, *BUDGET)


def level(used: Expr, warned_from: Expr) -> Expr:
    """0, 1 or 2 by subject: ok, warned, exceeded. `used`: the share of the limit; `warned_from`: by budget."""
    exceeded = used >= thresholds.BUDGET_LIMIT.value
    warned = match(used, ">=", warned_from, on=BUDGET)
    return (exceeded * 0 + 2) | (warned * 0 + 1) | (used * 0)


def length(start: Selector, end: Selector) -> Expr:
    """Seconds of the present window, by budget; rolling ones have none."""
    return by_budget(end) - by_budget(start)


def _of(metric: Metric) -> Expr:
    return by_subject(scoped(metric))


def _months() -> Expr:
    """Budgets of a calendar month."""
    start, end = scoped(catalog.BUDGET_WINDOW_START), scoped(catalog.BUDGET_WINDOW_END)
    return length(start, end) > thresholds.BUDGET_FORECAST_WINDOW.value


def _pace() -> Expr:
    """The share of the present month that is over, by budget."""
    start = by_budget(scoped(catalog.BUDGET_WINDOW_START))
    return (number("time()") - start) / _months()


def _workgroups() -> Expr:
    """The chosen workgroups that have run queries, as subjects."""
    known = scoped(catalog.WINDOW_COST_USD, window="month").now
    return aggregate("max", copied(known, "subject", "workgroup"), *_WHOSE)


def _workgroups_month(metric: Metric) -> Expr:
    """Of the chosen workgroups' monthly budgets those that are nearest to their limit at the end of the range."""

    def chosen(selector: Selector) -> Expr:
        theirs = only_with(by_subject(selector), _workgroups(), on=_WHOSE)
        return only_with(theirs, _months(), on=BUDGET)

    nearest = top(TOP, chosen(scoped(catalog.BUDGET_USED_RATIO).at_end()))
    return chosen(scoped(metric)).and_(nearest)


BURN_DOWN = Signal(
    title="The month's budgets, used",
    question="Will the workgroups' budgets last until the month ends?",
    unit=Unit.RATIO,
    description=Description(
        headline=f"The used share of every workgroup's monthly budget over 30 days; the {TOP} nearest to their limit. "
        "Dashed: the share of the month that is over, and the lowest share from which a budget warns.",
        normal="Below the even pace, and up with it; down to 0 on the first of the month.",
        abnormal="Above the even pace: at this speed the budget is used up before the month. At 100 % it is.",
        next_step="The forecast, beside; all budgets: dashboard Limits. Who it is: top spenders, above.",
    ),
    threshold=thresholds.BUDGET_LIMIT,
    empty_is_right=f"no budget is per workgroup and month, {_NO_USE}",
    queries=lambda: [
        Prom(expr=_workgroups_month(catalog.BUDGET_USED_RATIO), legend="{{subject}} ({{budget}})", interval=_STEP),
        Prom(expr=aggregate("max", _pace()), legend=PACE, interval=_STEP),
        Prom(
            expr=aggregate("min", only_with(by_budget(scoped(catalog.BUDGET_WARN_RATIO)), _months(), on=BUDGET)),
            legend=WARNED_FROM,
            interval=_STEP,
        ),
    ],
)
FORECAST = Signal(
    title="The month's budgets, forecast",
    question="How much of its budget will each workgroup have used when the month ends?",
    unit=Unit.RATIO,
    description=Description(
        headline=f"What was foretold day by day over 30 days for the month's end: usage until then, divided by the "
        f"share of the month that was over; of the {TOP} workgroups nearest to their limit.",
        normal="Below 100 %, and level from the second week on. It is silent in the first twentieth of a month.",
        abnormal=f"Above 100 %: the alert waits until {thresholds.BUDGET_FORECAST_SINCE.value:.0%} of the month are "
        "over. A line that climbs: the newest days cost more than those before.",
        next_step="What has changed: the spike table, below. The budget itself: docs/budgets.md.",
    ),
    threshold=thresholds.BUDGET_FORECAST,
    empty_is_right=f"a month's first twentieth foretells nothing; or no budget is per workgroup and month, {_NO_USE}",
    queries=lambda: [
        Prom(expr=_workgroups_month(catalog.BUDGET_FORECAST_RATIO), legend="{{subject}} ({{budget}})", interval=_STEP),
    ],
)


def _by_level(*by: str) -> Expr:
    return total(scoped(catalog.BUDGET_SUBJECTS, level=like("warned|exceeded")).now, "level", *by)


NEAR = Signal(
    title="Warned and exceeded",
    question="How many users, workgroups and others are at the limit of a budget now?",
    unit=Unit.COUNT,
    description=Description(
        headline="Subjects that have used the share of their limit from which a budget warns, and those that have "
        "used all of it; over all budgets, a subject of two of them twice.",
        normal="0 exceeded; a few warned towards the end of a window.",
        abnormal="Exceeded: the alert has fired. Many warned at once: the limit is too low for what people do.",
        next_step="Who, of which budget, since when: dashboard Limits.",
    ),
    threshold=thresholds.BUDGET_LEVEL,
    empty_is_right="`budgets: []` has switched budgets off",
    queries=lambda: [Prom(expr=_by_level(), legend="{{level}}", is_instant=True)],
)


def _level() -> Expr:
    return level(_of(catalog.BUDGET_USED_RATIO), by_budget(scoped(catalog.BUDGET_WARN_RATIO)))


def _ends(used: Expr) -> Expr:
    """When each subject's window ends, in milliseconds."""
    return match(used * 0, "+", by_budget(scoped(catalog.BUDGET_WINDOW_END)), on=BUDGET) * 1000


def _standings() -> tuple[Expr, ...]:
    """Used and foretold share, level, bytes and their limit, dollars and theirs, the window's end."""
    return (
        _of(catalog.BUDGET_USED_RATIO),
        _of(catalog.BUDGET_FORECAST_RATIO),
        _level(),
        _of(catalog.BUDGET_USED_BYTES),
        _of(catalog.BUDGET_LIMIT_BYTES),
        _of(catalog.BUDGET_USED_USD),
        _of(catalog.BUDGET_LIMIT_USD),
        _ends(_of(catalog.BUDGET_USED_RATIO)),
    )


STANDINGS = Signal(
    title="Budgets: who is how near",
    question="Who has used how much of which budget, and will it last?",
    unit=Unit.RATIO,
    description=Description(
        headline="Every subject of every budget: the used share of its limit, the share foretold for the window's end, "
        f"what it has used and may use, and when it begins anew. {_SHOWN}",
        normal="Used below the share of the window that is over. A running query counts when it has ended, a user's "
        "once CloudTrail has told who it was.",
        abnormal="`warned`, then `exceeded`: each fires its alert. A forecast above 100 % in a month's second half.",
        next_step="Click the subject. Everybody, also those far from a limit: `athena-exporter report budgets`.",
    ),
    empty_is_right=_NO_USE,
    queries=lambda: [Prom(expr=expr, is_instant=True) for expr in _standings()],
)
OVER_TIME = Signal(
    title="Used share of the limit",
    question="Since when, and how fast?",
    unit=Unit.RATIO,
    description=Description(
        headline=f"The used share of the limit over time: the {TOP} subjects that came nearest to theirs in the range.",
        normal="A stair that falls to 0 where a window ends, and is lower than 100 % by then.",
        abnormal="A steep rise: the alert on the burn rate reckons when it will be at the limit.",
        next_step="Drag over the rise to make it the range, then open the subject's dashboard.",
    ),
    threshold=thresholds.BUDGET_LIMIT,
    empty_is_right=_NO_USE,
    queries=lambda: [
        Prom(
            expr=_of(catalog.BUDGET_USED_RATIO).and_(
                top(
                    TOP,
                    aggregate("max", over_time("max", scoped(catalog.BUDGET_USED_RATIO).at_end(), RANGE), *SUBJECT),
                )
            ),
            legend="{{subject}} ({{budget}})",
        )
    ],
)
NEAR_OVER_TIME = Signal(
    title="Subjects warned and exceeded",
    question="How many are at their limit, and of which budget?",
    unit=Unit.COUNT,
    description=Description(
        headline="Subjects of each budget that are warned of, and that have used all of their limit, over time.",
        normal="Few; back to 0 when a window ends.",
        abnormal="The same number at every window's end: the limit does not fit what people do, or nobody minds it.",
        next_step="Try another limit on the past: `athena-exporter budgets simulate`, docs/budgets.md.",
    ),
    empty_is_right="`budgets: []` has switched budgets off",
    queries=lambda: [Prom(expr=_by_level("budget"), legend="{{level}}: {{budget}}")],
)


DECISIONS = Signal(
    title="Levels reached",
    question="When did somebody come to a warning, or to a limit?",
    unit=Unit.COUNT,
    description=Description(
        headline="How often a subject came to a level in each step of the graph, by budget: once a window and level. "
        "Each is a notification, if a channel wants it.",
        normal="Warnings now and then, towards the end of windows; `exceeded` seldom.",
        abnormal="Many at one time: a limit that was lowered, or a tool that all of them use.",
        next_step="What became of the notifications, beside; who it was: the table, above.",
    ),
    empty_is_right="nobody has come to a level of a budget",
    queries=lambda: [
        Prom(
            expr=total(increase(scoped(catalog.BUDGET_DECISIONS), RATE_INTERVAL), "level", "budget"),
            legend="{{level}}: {{budget}}",
        )
    ],
)


def _persons() -> Expr:
    """The chosen users and their roles, as subjects."""
    known = scoped(catalog.USER_INFO, variables=(*COMMON_LABELS, "user")).now
    return aggregate("max", copied(known, "subject", "user") | copied(known, "subject", "role"), *_WHOSE)


def _of_users() -> tuple[Expr, ...]:
    return tuple(only_with(expr, _persons(), on=_WHOSE) for expr in _standings())


OF_USERS = Signal(
    title="Budgets of the chosen users",
    question="How much may they still scan?",
    unit=Unit.RATIO,
    description=Description(
        headline="How the chosen users, and their roles, stand in every budget: used and foretold share of the limit, "
        f"what they have used and may use, and when it begins anew. {_SHOWN}",
        normal="`ok`. No row: below half of every limit, and ten others are nearer to theirs.",
        abnormal="`exceeded`: whoever it is has been told if notifications are on, and may be stopped by the guard.",
        next_step="What was scanned: the rows above, and the queries themselves, below. An exception with an end date "
        "gives more: docs/budgets.md.",
    ),
    empty_is_right=f"no budget is per user or role, {_NO_USE}",
    queries=lambda: [Prom(expr=expr, is_instant=True) for expr in _of_users()],
)
