"""AWS's token buckets: one per account, Region and API, with the published rates.

Source: "Service quotas for Athena" and the CloudTrail API's limits. ListWorkGroups, GetWorkGroup and
ListTagsForResource have no published rate; 5 a second with a burst of 10 is this testbed's own choice.
"""

from collections.abc import Callable, Mapping

from athena_testbed.wire import AwsError

RATES: Mapping[str, tuple[float, float]] = {
    "athena.StartQueryExecution": (20, 80),
    "athena.StopQueryExecution": (20, 80),
    "athena.GetQueryExecution": (100, 200),
    "athena.BatchGetQueryExecution": (20, 40),
    "athena.ListQueryExecutions": (5, 10),
    "athena.ListWorkGroups": (5, 10),
    "athena.GetWorkGroup": (5, 10),
    "athena.ListTagsForResource": (5, 10),
    "cloudtrail.LookupEvents": (2, 2),
}
"""API -> (calls a second, burst)."""


class Limits:
    """The buckets of one account and Region. `clock` gives monotonic seconds; `factor` None turns them off."""

    def __init__(self, factor: float | None, clock: Callable[[], float]) -> None:
        self._factor = factor
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, api: str) -> None:
        """Take a token.

        Raises:
            AwsError: ThrottlingException, if there is none.
        """
        if self._factor is None or api not in RATES:
            return
        rate, burst = (number * self._factor for number in RATES[api])
        burst = max(1.0, burst)
        now = self._clock()
        tokens, at = self._buckets.get(api, (burst, now))
        tokens = min(burst, tokens + (now - at) * rate)
        self._buckets[api] = (tokens - 1 if tokens >= 1 else tokens, now)
        if tokens < 1:
            raise AwsError("ThrottlingException", "Rate exceeded")
