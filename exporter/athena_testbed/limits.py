"""AWS's token buckets: one per account, Region and API, with the published rates.

Source: "Service quotas for Athena", the CloudTrail API's limits, "CloudWatch service quotas", and for logs "CloudWatch
Logs quotas" as https://github.com/awsdocs/amazon-cloudwatch-logs-user-guide keeps them. ListWorkGroups,
GetWorkGroup, ListTagsForResource, the calls about reservations and system tables and those of Service Quotas have no
published rate; 5 a second with a burst of 10 is this testbed's own choice.
"""

from collections.abc import Callable, Mapping

from athena_testbed.wire import AwsError

RATES: Mapping[str, tuple[float, float]] = {
    "athena.StartQueryExecution": (20, 80),
    "athena.StopQueryExecution": (20, 80),
    "athena.GetQueryExecution": (100, 200),
    "athena.GetQueryResults": (100, 200),
    "athena.BatchGetQueryExecution": (20, 40),
    "athena.ListQueryExecutions": (5, 10),
    "athena.ListWorkGroups": (5, 10),
    "athena.GetWorkGroup": (5, 10),
    "athena.ListTagsForResource": (5, 10),
    "athena.ListCapacityReservations": (5, 10),
    "athena.GetCapacityReservation": (5, 10),
    "athena.GetCapacityAssignmentConfiguration": (5, 10),
    "athena.GetSystemTableConfiguration": (5, 10),
    "athena.ListSystemTableStatuses": (5, 10),
    "cloudtrail.LookupEvents": (2, 2),
    "logs.PutLogEvents": (1500, 1500),
    "logs.CreateLogStream": (50, 50),
    "logs.DescribeLogStreams": (5, 5),
    "logs.GetLogEvents": (10, 10),
    "logs.FilterLogEvents": (5, 5),
    "cloudwatch.GetMetricData": (50, 50),
    "cloudwatch.GetMetricStatistics": (400, 400),
    "cloudwatch.ListMetrics": (25, 25),
    "servicequotas.GetServiceQuota": (5, 10),
    "servicequotas.GetAWSDefaultServiceQuota": (5, 10),
    "servicequotas.ListServiceQuotas": (5, 10),
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
            AwsError: ThrottlingException, if there is none; as CloudWatch has always called it, Throttling.
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
            raise AwsError("Throttling" if api.startswith("cloudwatch.") else "ThrottlingException", "Rate exceeded")
