"""Metrics of scan budgets: who is how near to which limit."""

from athena_exporter.catalog.metric import MILLI, NANO, Group, Metric, MetricType, durable_counter, gauge

_SOURCE = "the ledger's budgets, by query time"
_ONE = ("budget", "subject")
_ALL = ("budget",)


def _of_subjects(name: str, text: str, scale: int = 1) -> Metric:
    shown = (
        "of subjects that are warned or above half of their limit, and the ten nearest to it; of each budget the 500 "
        "nearest at most"
    )
    return gauge(name, f"{text}; {shown}.", Group.BUDGET, _SOURCE, _ONE, scale)


def _of_budgets(name: str, text: str, labels: tuple[str, ...] = _ALL, scale: int = 1) -> Metric:
    return gauge(name, text, Group.BUDGET, _SOURCE, labels, scale)


BUDGET_USED_BYTES = _of_subjects("athena_budget_used_bytes", "Bytes that finished queries scanned in the window")
BUDGET_LIMIT_BYTES = _of_subjects("athena_budget_limit_bytes", "The limit, exceptions heeded")
BUDGET_USED_USD = _of_subjects("athena_budget_used_usd", "List price of the queries finished in the window", NANO)
BUDGET_LIMIT_USD = _of_subjects("athena_budget_limit_usd", "The limit in US dollars, exceptions heeded", NANO)
BUDGET_USED_RATIO = _of_subjects("athena_budget_used_ratio", "The used share of the limit, 1 at the limit")
BUDGET_FORECAST_RATIO = _of_subjects(
    "athena_budget_forecast_ratio",
    "The share of the limit that will be used at the window's end if it goes on as it went so far; absent in the "
    "window's first twentieth, and of rolling windows",
)
BUDGET_WARN_RATIO = _of_budgets("athena_budget_warn_ratio", "The share of the limit from which a subject is warned.")
BUDGET_SUBJECTS = _of_budgets(
    "athena_budget_subjects",
    "Subjects with finished queries in the window by level: ok, warned, exceeded; those without a limit are ok.",
    ("budget", "level"),
)
BUDGET_HIDDEN_SUBJECTS = _of_budgets(
    "athena_budget_hidden_subjects",
    "Subjects that are warned or above half of their limit and are not shown, for 500 others are nearer to theirs.",
)
BUDGET_WINDOW_START = _of_budgets(
    "athena_budget_window_start_timestamp_seconds", "When the present window began.", scale=MILLI
)
BUDGET_WINDOW_END = _of_budgets(
    "athena_budget_window_end_timestamp_seconds",
    "When the present window ends and usage is 0 again; absent of rolling windows, which have no end.",
    scale=MILLI,
)
BUDGET_COUNTING_SINCE = _of_budgets(
    "athena_budget_counting_since_timestamp_seconds",
    "Usage holds every query that ended at or after this time: the window's start, unless the ledger knows less.",
    scale=MILLI,
)
BUDGET_EXPIRED_EXCEPTIONS = _of_budgets(
    "athena_budget_expired_exceptions", "Exceptions in the configuration whose last day is over."
)
BUDGET_DECISIONS = durable_counter(
    "athena_budget_decisions_total",
    "How often a subject came to a level (warned, exceeded): once a window, of rolling windows once an episode.",
    Group.BUDGET,
    "the ledger's decisions",
    ("budget", "level"),
)
NOTIFICATIONS = Metric(
    name="athena_notifications_total",
    type=MetricType.COUNTER,
    group=Group.BUDGET,
    source="the channels of notifications",
    help="Notifications by what became of them: sent, failed (it is tried again), refused (lost), skipped (by the "
    "channel's own levels and budgets).",
    labels=("channel", "result"),
    common=False,
)
