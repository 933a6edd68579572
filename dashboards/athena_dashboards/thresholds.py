"""Every threshold, once: it draws the line in a panel and decides the alert.

Change one here, run `make dashboards`, and both follow. A number that depends on the account (what is a large scan?)
says so in `why`.
"""

from dataclasses import dataclass

from athena_dashboards.theme import Unit

GIB = 2**30
TIB = 2**40
HOUR, DAY = 3600, 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A figure beyond which somebody should look. `is_floor`: it is too low that is bad."""

    value: float
    unit: Unit
    why: str
    is_floor: bool = False


WORKGROUP_SCAN = Threshold(
    value=5 * TIB,
    unit=Unit.BYTES,
    why="Bytes a workgroup scans in an hour: 25 USD at list price. Set yours.",
)
SCAN_SPIKE = Threshold(
    value=3.0, unit=Unit.RATIO, why="Times what the same hours of the same weekday scanned; daily rhythm stays below 2."
)
SPIKE_FLOOR = Threshold(
    value=100 * GIB, unit=Unit.BYTES, why="A spike below half a dollar in six hours is nobody's business."
)
FAILURE_RATIO = Threshold(
    value=0.25, unit=Unit.RATIO, why="People's typing errors fail 5 to 15 % of ad-hoc queries in any hour."
)
FAILURE_FLOOR = Threshold(value=5, unit=Unit.COUNT, why="Fewer failures are noise, whatever their share.")
QUEUE_SECONDS = Threshold(value=60, unit=Unit.SECONDS, why="A minute in Athena's queue: people notice, schedules slip.")
ACTIVE_QUERIES = Threshold(
    value=0.8, unit=Unit.RATIO, why="Beyond the quota starts are refused; a fifth is the time to react."
)
SOURCE_AGE_SECONDS = Threshold(
    value=1800,
    unit=Unit.SECONDS,
    why="The slowest default source succeeds every few minutes.",
)
UNATTRIBUTED = Threshold(
    value=0.05,
    unit=Unit.RATIO,
    why="CloudTrail loses far less than 1 %; more is a gap in what the exporter reads.",
)
THROTTLED_SHARE = Threshold(
    value=0.1, unit=Unit.RATIO, why="Retries hide a few throttled calls; a tenth means that figures come late."
)
DELIVERY_AGE_SECONDS = Threshold(
    value=900,
    unit=Unit.SECONDS,
    why="Events leave within seconds; a quarter of an hour is an outage.",
)
CUTOFF_HITS = Threshold(
    value=0, unit=Unit.COUNT, why="Each cut-off query was paid for and gave nobody a result; a day's are told together."
)
UNGUARDED = Threshold(
    value=0,
    unit=Unit.COUNT,
    why="Without a limit one query may cost anything; settings that do not bind guard nothing.",
)
PIPELINE_FAILURES = Threshold(
    value=2, unit=Unit.COUNT, why="Retries hide one or two an hour; a third is a pipeline that stands."
)
PIPELINE_SHARE = Threshold(
    value=0.5,
    unit=Unit.RATIO,
    why="Where most of a day's queries come from Airflow or dbt, the workgroup is a pipeline's.",
)
BUDGET_LIMIT = Threshold(
    value=1.0, unit=Unit.RATIO, why="All of a budget is used; from where on it warns is its own, in its metric."
)
BUDGET_LEVEL = Threshold(
    value=0, unit=Unit.RATIO, why="Where a level begins says the budget; whoever has come there is one to tell of."
)
BUDGET_FORECAST = Threshold(
    value=1.0, unit=Unit.RATIO, why="At its mean speed until now more than the limit will be used at the window's end."
)
BUDGET_FORECAST_WINDOW = Threshold(
    value=27 * DAY,
    unit=Unit.SECONDS,
    why="A forecast is a straight line: of a day it is too high every morning, of a week before every weekend.",
)
BUDGET_FORECAST_SINCE = Threshold(
    value=0.25, unit=Unit.RATIO, why="A quarter of a month has a whole week in it, with its weekend."
)
BUDGET_BURN = Threshold(
    value=3 * HOUR,
    unit=Unit.SECONDS,
    why="Until the limit at the speed of the last hour: time enough to ask whoever it is.",
    is_floor=True,
)
GUARD_HELD = Threshold(value=1, unit=Unit.COUNT, why="While the kill switch is set, no limit is enforced.")
GUARD_ACTED = Threshold(
    value=0, unit=Unit.COUNT, why="A program has ended somebody's work: each time somebody should know of it."
)
GUARD_FAILING = Threshold(
    value=0, unit=Unit.COUNT, why="A limit that should be held was not; the next query of the same subject costs, too."
)
NOTIFICATIONS_FAILING = Threshold(
    value=0, unit=Unit.COUNT, why="Somebody should have been told of a limit, and was not."
)
UNATTRIBUTED_FLOOR = Threshold(
    value=GIB, unit=Unit.BYTES, why="The share of next to nothing: a day below a GiB is reckoned as a GiB."
)
EXPORTER_DOWN = Threshold(
    value=0, unit=Unit.COUNT, why="What is not watched may cost anything; one that is gone is enough."
)
BEHIND = Threshold(value=0, unit=Unit.COUNT, why="It catches up with an hour's outage in minutes; longer is a trouble.")
THROTTLED_FLOOR = Threshold(value=20, unit=Unit.COUNT, why="The share of a handful of calls says nothing.")
OUTBOX_DEPTH = Threshold(
    value=500_000,
    unit=Unit.COUNT,
    why="The outbox holds 2 GiB, a million facts of 2 KiB: at half there is time to mend before any is dropped.",
)
EVENTS_LOST = Threshold(value=0, unit=Unit.COUNT, why="Delivery is at least once: a lost event is a fault, not noise.")
LABEL_OVERFLOW = Threshold(
    value=0, unit=Unit.COUNT, why="Queries under `other` have lost their name in Prometheus; reports still know it."
)
COVERAGE = Threshold(
    value=0.95,
    unit=Unit.RATIO,
    why="Over a day the two counts differ by less than 1 %; a twentieth is queries that nobody counted.",
    is_floor=True,
)
