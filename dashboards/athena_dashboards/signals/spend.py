"""What does Athena cost, who spends it, and what has changed?"""

from athena_dashboards import figures, thresholds
from athena_dashboards.model import Description, Signal
from athena_dashboards.promql import Expr, scoped, top, total
from athena_dashboards.queries import Prom
from athena_dashboards.theme import Unit
from athena_exporter import catalog

TOP = 10
SPIKES = 20
_NO_INVOICE = "List price of the billed bytes, not an invoice"


def window(name: str, *by: str) -> Expr:
    """Dollars of a window (today, yesterday, month, last_month; UTC), by labels of a workgroup."""
    return total(scoped(catalog.WINDOW_COST_USD, window=name).now, *by)


def forecast(*by: str) -> Expr:
    """The month's dollars if its remaining days cost what its days until now have cost on average."""
    return window("month", *by) * (figures.DAYS_IN_MONTH / figures.DAYS_GONE)


MONTH = Signal(
    title="This month",
    question="What has Athena cost this month until now?",
    unit=Unit.USD,
    description=Description(
        headline="Dollars of the queries that ended in this calendar month (UTC), whatever range is chosen above.",
        normal=f"It grows every working day. {_NO_INVOICE}: discounts, S3 requests and reservations are not in it.",
        abnormal="Far beyond last month's on the same day.",
        next_step="Who spends: below. What the figure assumes: dashboard Cost.",
    ),
    queries=lambda: [Prom(expr=window("month"), is_instant=True)],
)
FORECAST = Signal(
    title="Forecast of the month",
    question="What will this month have cost?",
    unit=Unit.USD,
    description=Description(
        headline="This month's dollars plus the daily mean until now times the days that are left.",
        normal="Near last month's figure. It swings in the first week, and knows nothing of weekends and month ends.",
        abnormal="Well above last month: a new consumer, or one query that comes back every few minutes.",
        next_step="The spike table: who scans more than on the same weekday before.",
    ),
    queries=lambda: [Prom(expr=forecast(), is_instant=True)],
)
AGAINST_LAST_MONTH = Signal(
    title="Forecast against last month",
    question="Does this month become dearer than the last?",
    unit=Unit.RATIO,
    description=Description(
        headline="The forecast of this month as a share of what the whole last month has cost.",
        normal="80 to 120 %.",
        abnormal="More than 150 %, except in the first days of a month.",
        next_step="Workgroups this month, below: which of them grow.",
    ),
    empty_is_right="an exporter that has not seen the last month has nothing to compare with",
    queries=lambda: [Prom(expr=forecast() / (window("last_month") > 0), is_instant=True)],
)
TODAY = Signal(
    title="Today",
    question="What has Athena cost since midnight?",
    unit=Unit.USD,
    description=Description(
        headline="Dollars of the queries that ended today (UTC).",
        normal="By evening about yesterday's figure.",
        abnormal="More than yesterday's whole figure before noon.",
        next_step="Dollars an hour, below, show when it began and in which workgroup.",
    ),
    queries=lambda: [Prom(expr=window("today"), is_instant=True)],
)
YESTERDAY = Signal(
    title="Yesterday",
    question="What did Athena cost yesterday?",
    unit=Unit.USD,
    description=Description(
        headline="Dollars of the queries that ended yesterday (UTC).",
        normal="A working day is like the other; weekends are a fraction.",
        abnormal="A multiple of the usual day.",
        next_step="Choose yesterday as the range, and read the spike table.",
    ),
    queries=lambda: [Prom(expr=window("yesterday"), is_instant=True)],
)
TOP_USERS = Signal(
    title="Top spenders this month: users",
    question="Who spends most?",
    unit=Unit.USD,
    description=Description(
        headline=f"The {TOP} users with the most dollars this calendar month, in all workgroups.",
        normal="Pipelines' roles lead, people follow. `pending` waits minutes for CloudTrail to name its user.",
        abnormal="A person among the pipelines; much `unattributed`.",
        next_step="Click a bar: that user's queries, databases and changes.",
    ),
    queries=lambda: [
        Prom(
            expr=top(TOP, total(scoped(catalog.USER_WINDOW_COST_USD, window="month").now, "user")),
            legend="{{user}}",
            is_instant=True,
        )
    ],
)
TOP_WORKGROUPS = Signal(
    title="Top spenders this month: workgroups",
    question="Which workgroup spends most?",
    unit=Unit.USD,
    description=Description(
        headline=f"The {TOP} workgroups with the most dollars this calendar month.",
        normal="The order of last month.",
        abnormal="A workgroup of people above the pipelines; `primary` among the first: nobody has set its clients up.",
        next_step="Click a bar: that workgroup's scans, times and failures.",
    ),
    queries=lambda: [Prom(expr=top(TOP, window("month", "workgroup")), legend="{{workgroup}}", is_instant=True)],
)
PER_HOUR = Signal(
    title="Dollars an hour by workgroup",
    question="When is the money spent, and where?",
    unit=Unit.USD,
    description=Description(
        headline="How fast each workgroup spends, in dollars an hour, stacked.",
        normal="A daily rhythm: pipelines by night, people by day.",
        abnormal="A plateau that does not end, or a tower without a schedule behind it.",
        next_step="Drag over it to make it the range; the spike table then names user and workgroup.",
    ),
    queries=lambda: [
        Prom(expr=figures.per_hour(scoped(catalog.COST_USD), "workgroup"), legend="{{workgroup}}"),
    ],
)
WORKGROUPS = Signal(
    title="Workgroups this month",
    question="Which workgroups become dearer?",
    unit=Unit.USD,
    description=Description(
        headline="Dollars of every workgroup: today, yesterday, this month, its forecast, last month.",
        normal="The forecast is near last month's figure.",
        abnormal="A forecast of several times last month's; a workgroup that had no last month.",
        next_step="Click a workgroup; or dashboard Cost for components, clients and users.",
    ),
    empty_is_right="an exporter that has not seen the last month has nothing to compare with",
    queries=lambda: [
        Prom(expr=expr, is_instant=True)
        for expr in (
            window("today", "workgroup"),
            window("yesterday", "workgroup"),
            window("month", "workgroup"),
            forecast("workgroup"),
            window("last_month", "workgroup"),
        )
    ],
)
_PAIR = ("user", "workgroup")


def _spikes() -> list[Prom]:
    """Now, a week before, the difference, now as a share of then; only the pairs that grew most."""
    scanned = scoped(catalog.USER_SCANNED_BYTES)
    now = figures.in_range(scanned, *_PAIR)
    then = figures.week_before(scanned, *_PAIR) | now * 0
    grown = top(SPIKES, (now - then) > 0)
    return [Prom(expr=expr.and_(grown), is_instant=True) for expr in (now, then)] + [
        Prom(expr=grown, is_instant=True),
        Prom(expr=(now / (then > 0)).and_(grown), is_instant=True),
    ]


SPIKE_TABLE = Signal(
    title="Who scans more than a week before",
    question="Who is behind a spike?",
    unit=Unit.BYTES,
    description=Description(
        headline=f"The {SPIKES} pairs of user and workgroup whose scanned bytes grew most: the chosen range against "
        "the same range a week before, so the same weekdays and hours. Up to seven days, or the two overlap.",
        normal="Differences small beside the figures themselves. `new`: that pair scanned nothing then.",
        abnormal=f"Several times of then, with a difference that costs: 1 TiB is about 5 dollars. The alert waits for "
        f"{thresholds.SCAN_SPIKE.value:.0f} times.",
        next_step="Click the user: which databases, which queries. Click the workgroup: since when.",
    ),
    empty_is_right="nobody scanned a week before where the exporter has run for less than that",
    queries=_spikes,
)
