"""How far from its limits is Athena: active queries, queues, scan limits, reserved DPUs?"""

from athena_dashboards import figures, thresholds
from athena_dashboards.model import Description, Signal
from athena_dashboards.promql import RANGE, RATE_INTERVAL, Expr, aggregate, increase, over_time, quantile, scoped, total
from athena_dashboards.queries import Prom
from athena_dashboards.theme import Unit
from athena_exporter import catalog
from athena_exporter.catalog import COMMON_LABELS

_TYPE = ("account_id", "region", "type")
_PLACE = ("account_id", "region")
_WORKGROUP = ("account_id", "region", "workgroup")
_RESERVATION = ("account_id", "region", "reservation")
_STEP = "5m"
_SETTLED = "1h"
"""CloudWatch's minutes settle late and come in batches: over an hour they are even."""
_HOUR_SECONDS = 3600
_NO_RESERVATION = "only accounts with a capacity reservation have these figures"
_IDLE = "CloudWatch tells no active queries while Athena is idle, and none where `sources.cloudwatch` is off"


def _quota(*by: str) -> Expr:
    return aggregate("max", scoped(catalog.ACTIVE_QUERY_QUOTA).now, *by)


def _active() -> Expr:
    return aggregate("max", scoped(catalog.ACTIVE_QUERIES).now, *_TYPE)


def _seen() -> Expr:
    """Queries under way as the exporter sees them, of the quota for DML; the quota is the account's, so all of them."""
    under_way = total(scoped(catalog.RUNNING_QUERIES, variables=COMMON_LABELS).now, *_PLACE)
    return under_way / aggregate("max", scoped(catalog.ACTIVE_QUERY_QUOTA, type="DML").now, *_PLACE)


def _of_quota() -> list[Prom]:
    return [
        Prom(expr=_active() / _quota(*_TYPE), legend="{{type}}, CloudWatch {{region}}"),
        Prom(expr=_seen(), legend="seen by the exporter {{region}}"),
    ]


FULLEST = Signal(
    title="Active queries of the quota",
    question="How near is the account to its quota of active queries?",
    unit=Unit.RATIO,
    description=Description(
        headline="Queued and running queries as a share of what may be active at once; the fullest of the chosen "
        "accounts, Regions and types.",
        normal="Below half. CloudWatch's peak of a minute counts if it is read, else what the exporter sees.",
        abnormal="80 %: the alert fires. Beyond 100 % starts are refused with TooManyRequestsException.",
        next_step="Quotas and headroom, below; Service Quotas raises them.",
    ),
    threshold=thresholds.ACTIVE_QUERIES,
    queries=lambda: [
        Prom(
            expr=aggregate("max", aggregate("max", _active() / _quota(*_TYPE), *_PLACE) | _seen()),
            is_instant=True,
        )
    ],
)
UNDER_WAY = Signal(
    title="Under way now",
    question="How much waits and how much runs?",
    unit=Unit.COUNT,
    description=Description(
        headline="Queries queued and running when they were last read, in the chosen workgroups.",
        normal="Some running, none queued.",
        abnormal="More queued than running: the account's quota or a reservation is used up.",
        next_step="Queue times by workgroup, below.",
    ),
    queries=lambda: [
        Prom(expr=total(scoped(catalog.RUNNING_QUERIES).now, "state"), legend="{{state}}", is_instant=True)
    ],
)
QUEUE = Signal(
    title="Queue time, p95",
    question="How long do queries wait before they run?",
    unit=Unit.SECONDS,
    description=Description(
        headline="95 of 100 queries of the range waited less than this in Athena's queue.",
        normal="Below a second.",
        abnormal="A minute: the alert fires, people notice, schedules slip.",
        next_step="By workgroup, below; then the quota of active queries, or the reservation's DPUs.",
    ),
    threshold=thresholds.QUEUE_SECONDS,
    queries=lambda: [Prom(expr=figures.told(quantile(0.95, catalog.QUEUE_SECONDS, RANGE)), is_instant=True)],
)


def _settings(**matchers: str) -> Expr:
    return aggregate("max", scoped(catalog.WORKGROUP_INFO, **matchers).now, *_WORKGROUP)


def _count(lapses: Expr) -> Expr:
    """How many workgroups; 0 where there are workgroups and none has the lapse."""
    return aggregate("count", lapses) | aggregate("count", _settings()) * 0


def _limits() -> Expr:
    return aggregate("max", scoped(catalog.WORKGROUP_CUTOFF_BYTES).now, *_WORKGROUP)


UNGUARDED = Signal(
    title="Workgroups without a guard rail",
    question="How many workgroups have no limit, or do not hold to their settings?",
    unit=Unit.COUNT,
    description=Description(
        headline="Enabled workgroups that have no scan limit, that let clients override their settings, that publish "
        "no metrics to CloudWatch.",
        normal="0 not enforcing, 0 not publishing; without a limit only where pipelines need whole tables.",
        abnormal="A workgroup of people without a limit: one query may cost any amount.",
        next_step="The table below names them; the mend is one setting of the workgroup.",
    ),
    queries=lambda: [
        Prom(expr=_count(_settings(state="enabled").unless(_limits())), legend="no limit", is_instant=True),
        Prom(expr=_count(_settings(state="enabled", enforced="false")), legend="not enforcing", is_instant=True),
        Prom(expr=_count(_settings(state="enabled", publishes="false")), legend="not publishing", is_instant=True),
    ],
)


def _headroom() -> list[Prom]:
    """Quota (with its origin), the most that was active in the range, what was left of the quota."""
    peak = aggregate("max", over_time("max", scoped(catalog.ACTIVE_QUERIES), RANGE), *_TYPE)
    figures_of_types = (_quota(*_TYPE, "origin"), peak, _quota(*_TYPE) - peak)
    return [Prom(expr=expr, is_instant=True) for expr in figures_of_types]


QUOTAS = Signal(
    title="Quotas and headroom",
    question="How many more queries could have run?",
    unit=Unit.COUNT,
    description=Description(
        headline="For each account, Region and type: the quota of active queries, the most that were active in the "
        "range (CloudWatch's peak of a minute), and what was left.",
        normal="Half of the quota is left. DDL has a quota of its own. No figure: Athena was idle.",
        abnormal="Next to nothing is left: a release or a busy morning will be refused.",
        next_step="Ask for more in Service Quotas. `AWS's default` is a guess: allow `servicequotas:GetServiceQuota`.",
    ),
    empty_is_right=_IDLE,
    queries=_headroom,
)
OF_QUOTA = Signal(
    title="Active queries of the quota over time",
    question="When does the account come near its quota?",
    unit=Unit.RATIO,
    description=Description(
        headline="Active queries as a share of the quota: by type as CloudWatch tells it, and all that the exporter "
        "sees, of the quota for DML.",
        normal="Peaks at the hours of the schedules, below half.",
        abnormal="A plateau near the line.",
        next_step="Spread the schedules over the hour, or ask for more in Service Quotas.",
    ),
    threshold=thresholds.ACTIVE_QUERIES,
    empty_is_right=_IDLE,
    queries=_of_quota,
)
QUEUE_BY_WORKGROUP = Signal(
    title="Queue time by workgroup, p95",
    question="Whose queries wait?",
    unit=Unit.SECONDS,
    description=Description(
        headline="95 of 100 queries of each workgroup waited less than this in Athena's queue.",
        normal="Below a second, all workgroups alike: they share the account's quota.",
        abnormal="All rise together: the account's quota. One alone: its capacity reservation is too small.",
        next_step="Active queries of the quota, beside; DPUs, below.",
    ),
    threshold=thresholds.QUEUE_SECONDS,
    queries=lambda: [
        Prom(
            expr=figures.told(quantile(0.95, catalog.QUEUE_SECONDS, RATE_INTERVAL, "workgroup")),
            legend="{{workgroup}}",
            interval=_STEP,
        )
    ],
)
BY_WORKGROUP = Signal(
    title="Queries under way by workgroup",
    question="Who fills the quota?",
    unit=Unit.COUNT,
    description=Description(
        headline="Queries queued or running in each workgroup when they were last read, stacked.",
        normal="A few; pipelines at their hours.",
        abnormal="One workgroup that fills the stack for long.",
        next_step="Its users and jobs: dashboards Users and Pipelines.",
    ),
    queries=lambda: [
        Prom(expr=total(scoped(catalog.RUNNING_QUERIES).now, "workgroup"), legend="{{workgroup}}"),
    ],
)


def _guard_rails() -> list[Prom]:
    """Settings of every workgroup, its scan limit, the queries that it cut off, its month."""
    settings = aggregate("max", scoped(catalog.WORKGROUP_INFO).now, *_WORKGROUP, "state", "engine", "enforced",
                         "publishes")  # fmt: skip  # as short as it can be said
    cut_off = figures.counted(scoped(catalog.CUTOFF_HITS), *_WORKGROUP)
    month = total(scoped(catalog.WINDOW_SCANNED_BYTES, window="month").now, *_WORKGROUP)
    return [Prom(expr=expr, is_instant=True) for expr in (settings, _limits(), cut_off, month)]


GUARD_RAILS = Signal(
    title="Guard rails of every workgroup",
    question="Which workgroup has no limit, lets clients override it, or publishes nothing?",
    unit=Unit.BYTES,
    description=Description(
        headline="How every workgroup is set up: its limit of bytes a query, whether its settings win over its "
        "clients', whether it publishes metrics, how many queries it cut off, what it scanned this month.",
        normal="A limit for people, settings that win, metrics that are published.",
        abnormal="`none` beside much data; `clients may override`, which makes the limit a wish.",
        next_step="Edit the workgroup in the Athena console or in your infrastructure's code.",
    ),
    queries=_guard_rails,
)
IDLE_SHARE = Signal(
    title="Idle share of reserved DPUs",
    question="How much of the reserved capacity is paid for nothing?",
    unit=Unit.RATIO,
    description=Description(
        headline="Idle DPU seconds of the range as a share of those that reservations held, by CloudWatch.",
        normal="30 to 60 % where people work by day; near 0 where pipelines share it.",
        abnormal="90 % over a week: the reservation is too large, or its workgroups have moved.",
        next_step="Reservations below; what it costs is on dashboard Cost.",
    ),
    empty_is_right=_NO_RESERVATION,
    queries=lambda: [
        Prom(
            expr=figures.share(
                figures.in_range(scoped(catalog.CAPACITY_IDLE_DPU_SECONDS)),
                figures.in_range(scoped(catalog.CAPACITY_ALLOCATED_DPU_SECONDS)),
            ),
            is_instant=True,
        )
    ],
)


def _dpus(kind: str) -> Expr:
    return aggregate("max", scoped(catalog.CAPACITY_DPUS, kind=kind).now, *_RESERVATION)


def _consumed() -> Expr:
    """DPUs in use on average: the consumed share of an hour times the DPUs of now."""
    consumed = increase(scoped(catalog.CAPACITY_CONSUMED_DPU_SECONDS, variables=COMMON_LABELS), _SETTLED)
    allocated = increase(scoped(catalog.CAPACITY_ALLOCATED_DPU_SECONDS), _SETTLED)
    return figures.share(total(consumed, *_RESERVATION), total(allocated, *_RESERVATION)) * _dpus("allocated")


DPUS = Signal(
    title="DPUs by reservation",
    question="Is the reservation too small or too large?",
    unit=Unit.COUNT,
    description=Description(
        headline="DPUs that were asked for, that AWS has provided, and that queries used (mean of the last hour).",
        normal="Provided equals asked for; used comes near it at the busiest hours.",
        abnormal="Used at the line for hours while the queue grows: too small. Never above half: too large.",
        next_step="Queue times of its workgroups, above; change the target in the Athena console.",
    ),
    empty_is_right=_NO_RESERVATION,
    queries=lambda: [
        Prom(expr=_dpus("target"), legend="{{reservation}}: asked for"),
        Prom(expr=_dpus("allocated"), legend="{{reservation}}: provided"),
        Prom(expr=_consumed(), legend="{{reservation}}: used"),
    ],
)


def _reservations() -> list[Prom]:
    """By reservation: asked for, provided, used share, idle DPU hours, idle dollars."""
    held = figures.in_range(scoped(catalog.CAPACITY_ALLOCATED_DPU_SECONDS), *_RESERVATION)
    idle = figures.in_range(scoped(catalog.CAPACITY_IDLE_DPU_SECONDS), *_RESERVATION)
    used = figures.in_range(scoped(catalog.CAPACITY_CONSUMED_DPU_SECONDS, variables=COMMON_LABELS), *_RESERVATION)
    cost = figures.in_range(scoped(catalog.CAPACITY_IDLE_COST_USD), *_RESERVATION)
    columns = (_dpus("target"), _dpus("allocated"), figures.share(used, held), idle / _HOUR_SECONDS, cost)
    return [Prom(expr=expr, is_instant=True) for expr in columns]


RESERVATIONS = Signal(
    title="Reservations",
    question="Which reservation is not worth its money?",
    unit=Unit.COUNT,
    description=Description(
        headline="Every reservation: DPUs asked for and provided, the share of the range's DPU hours that queries "
        "used, the idle hours and what they cost.",
        normal="Half or more is used in working hours.",
        abnormal="A small share over a whole week: the idle dollars are what a smaller one would save.",
        next_step="Who uses it, beside.",
    ),
    empty_is_right=_NO_RESERVATION,
    queries=_reservations,
)
WHO_USES_IT = Signal(
    title="DPU hours by workgroup",
    question="Who uses the reserved capacity?",
    unit=Unit.COUNT,
    description=Description(
        headline="DPU hours of the range that each workgroup's queries used of its reservation.",
        normal="The workgroups that it was bought for.",
        abnormal="A reservation without any bar: nobody is assigned to it.",
        next_step="The reservation's assignments in the Athena console.",
    ),
    empty_is_right=_NO_RESERVATION,
    queries=lambda: [
        Prom(
            expr=figures.in_range(scoped(catalog.CAPACITY_CONSUMED_DPU_SECONDS), "reservation", "workgroup")
            / _HOUR_SECONDS,
            is_instant=True,
        )
    ],
)
