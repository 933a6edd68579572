"""Every threshold, once: it draws the line in a panel and decides the alert.

Change one here, run `make dashboards`, and both follow. A number that depends on the account (what is a large scan?)
says so in `why`.
"""

from dataclasses import dataclass

from athena_dashboards.theme import Unit

GIB = 2**30
TIB = 2**40


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
USER_SCAN = Threshold(
    value=1 * TIB,
    unit=Unit.BYTES,
    why="Bytes one user scans in a UTC day: 5 USD at list price.",
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
