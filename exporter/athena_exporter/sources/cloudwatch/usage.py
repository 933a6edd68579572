"""How many queries are queued or running at once, as AWS counts them against the account's quota.

Stage: CloudWatch AWS/Usage -> **usage** -> records. The maximum is the only statistic that means anything, and a
minute without queries has no value at all, not 0.
https://docs.aws.amazon.com/athena/latest/ug/monitoring-athena-usage-metrics.html
"""

from collections.abc import Iterator
from datetime import timedelta

from athena_exporter.records import ActiveQueries, Batch, Target
from athena_exporter.sources import Knowledge
from athena_exporter.sources.answers import Clock
from athena_exporter.sources.cloudwatch.data import Question, Reading, read
from athena_exporter.sources.cloudwatch.positions import floor_minute
from athena_exporter.sources.session import CloudWatchApi

TYPES = ("DML", "DDL")
"""The query types that have a quota."""
REACH = timedelta(minutes=5)
"""How far back the newest minute is looked for: AWS publishes each minute once it is over."""

_MAXIMUM = "Maximum"
_QUESTIONS = tuple(
    Question(
        namespace="AWS/Usage",
        name="ResourceCount",
        dimensions=(("Service", "Athena"), ("Type", "Resource"), ("Resource", "ActiveQueryCount"), ("Class", kind)),
        statistics=(_MAXIMUM,),
    )
    for kind in TYPES
)


class ActiveQueriesSource:
    """Reads two metrics, each billed, and tells the newest minute of them.

    Args:
        client: CloudWatch's.
        target: the account and Region of the client.
        clock: the local time, until an answer has told AWS's.
    """

    def __init__(self, *, client: CloudWatchApi, target: Target, clock: Clock) -> None:
        self._client = client
        self._target = target
        self._clock = clock
        self._skew = timedelta(0)

    @property
    def name(self) -> str:
        """`usage`."""
        return "usage"

    @property
    def target(self) -> Target:
        """The account and Region it reads."""
        return self._target

    def read(self, knowledge: Knowledge) -> Iterator[Batch]:
        """One batch with one inventory. Raises AWS's errors as they are."""
        del knowledge  # nothing is counted: the present is all there is
        now = self._clock()
        until = floor_minute(now + self._skew) + timedelta(minutes=1)
        reading = read(self._client, _QUESTIONS, until - REACH, until, clock=lambda: now)
        self._skew = reading.observed_at - now
        yield Batch(
            source=self.name,
            target=self._target,
            observed_at=reading.observed_at,
            records=(ActiveQueries(by_type=_newest(reading)),),
            malformed=reading.malformed,
        )


def _newest(reading: Reading) -> dict[str, int]:
    """The newest minute that any type has; a type without a value there is idle."""
    levels = {kind: reading.of(place, _MAXIMUM) for place, kind in enumerate(TYPES)}
    times = {at for level in levels.values() for at in level}
    if not times:
        return {}
    newest = max(times)
    return {kind: round(level[newest]) for kind, level in levels.items() if newest in level}
