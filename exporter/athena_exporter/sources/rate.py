"""How often AWS may be asked: one token bucket per account, Region and operation, below the published quota.

Stage: beside session.py, which takes a token before every HTTP attempt. The quotas are shared with everybody in
the account, so the exporter takes a share of each (half by default).
https://docs.aws.amazon.com/general/latest/gr/athena.html#amazon-athena-limits
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from threading import Lock

DEFAULT_SHARE = 0.5
"""The part of each published quota that the exporter uses at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """Calls a second that AWS refills, and how many it lets pass at once."""

    rate: float
    burst: float


QUOTAS: Mapping[tuple[str, str], Quota] = {
    ("athena", "ListQueryExecutions"): Quota(rate=5, burst=10),
    ("athena", "BatchGetQueryExecution"): Quota(rate=20, burst=40),
    ("athena", "GetQueryExecution"): Quota(rate=100, burst=200),
    ("athena", "GetQueryResults"): Quota(rate=100, burst=200),
    ("athena", "StartQueryExecution"): Quota(rate=20, burst=80),
    ("athena", "StopQueryExecution"): Quota(rate=20, burst=80),
    # Not published. Asked for once a pass; taken to be as scarce as the other lists.
    ("athena", "ListWorkGroups"): Quota(rate=5, burst=10),
    ("athena", "GetWorkGroup"): Quota(rate=5, burst=10),
    ("athena", "ListTagsForResource"): Quota(rate=5, burst=10),
    ("athena", "ListCapacityReservations"): Quota(rate=5, burst=10),
    ("athena", "GetCapacityAssignmentConfiguration"): Quota(rate=5, burst=10),
    ("athena", "GetSystemTableConfiguration"): Quota(rate=5, burst=10),
    # Per account and Region, shared with the console's event history.
    ("cloudtrail", "LookupEvents"): Quota(rate=2, burst=2),
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
    ("cloudwatch", "ListMetrics"): Quota(rate=25, burst=50),
    # 500 requests a second, but also 90,000 datapoints a second, by what a request may bring: costs/plan.py asks for
    # 45,000 at most, and two such requests use them up.
    ("cloudwatch", "GetMetricData"): Quota(rate=2, burst=4),
    # https://docs.aws.amazon.com/servicequotas/latest/userguide/reference_limits.html
    ("service-quotas", "GetServiceQuota"): Quota(rate=5, burst=10),
    # S3 takes 5,500 a second and prefix: https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
    ("s3", "GetObject"): Quota(rate=400, burst=400),
    ("s3", "ListObjectsV2"): Quota(rate=20, burst=40),
    # And 3,500 that write.
    ("s3", "PutObject"): Quota(rate=100, burst=100),
    ("s3", "DeleteObject"): Quota(rate=100, burst=100),
}
"""By service and operation; an operation without a line here is not limited."""


class TokenBucket:
    """Lets `rate` calls a second pass, up to `burst` at once; threads that come too early wait their turn.

    Args:
        rate: tokens a second; infinite means no limit.
        burst: the most tokens that gather while nobody calls, at least 1.
        clock: seconds of a clock that never goes back.
        sleep: waits so many seconds.
    """

    def __init__(
        self, *, rate: float, burst: float, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        if not rate > 0:
            raise ValueError(f"a token bucket needs a rate above 0, not {rate}")
        self._rate = rate
        self._burst = max(1.0, burst)
        self._clock = clock
        self._sleep = sleep
        self._lock = Lock()
        self._tokens = self._burst
        self._filled_at = clock()

    def take(self) -> float:
        """Wait for one token; the seconds waited."""
        wait = self._reserve()
        if wait > 0:
            self._sleep(wait)
        return wait

    def _reserve(self) -> float:
        """Take the token at once, below zero if need be: who comes later waits longer, without the lock."""
        if self._rate == inf:
            return 0.0
        with self._lock:
            now = self._clock()
            gained = max(0.0, now - self._filled_at) * self._rate
            self._tokens = min(self._burst, self._tokens + gained) - 1
            self._filled_at = now
            return max(0.0, -self._tokens / self._rate)


class Rates:
    """The buckets of one account and Region, one an operation, at a share of the published quotas.

    Args:
        share: the part of each quota to use; infinite switches the limit off.
        clock: seconds of a clock that never goes back.
        sleep: waits so many seconds.
        quotas: by service and operation.
    """

    def __init__(
        self,
        *,
        share: float = DEFAULT_SHARE,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        quotas: Mapping[tuple[str, str], Quota] = QUOTAS,
    ) -> None:
        self._buckets = {
            operation: TokenBucket(rate=quota.rate * share, burst=quota.burst * share, clock=clock, sleep=sleep)
            for operation, quota in quotas.items()
        }

    def take(self, service: str, operation: str) -> float:
        """Wait until one more call of the operation is in order; the seconds waited."""
        bucket = self._buckets.get((service, operation))
        return bucket.take() if bucket else 0.0
