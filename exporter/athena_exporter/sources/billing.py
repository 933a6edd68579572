"""What AWS bills of a call, read from the call's own parameters on its way out.

Stage: beside session.py, whose hooks ask it at every attempt. GetMetricData is billed by the metric: up to five
statistics of one metric in one request are one, the sixth is another. https://aws.amazon.com/cloudwatch/pricing/
"""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from athena_exporter.costs.prices import GET_METRIC_DATA, STATISTICS_A_METRIC


class Billing:
    """Remembers, thread by thread, what is being asked for: botocore shows the parameters once, the answers later.

    A call and all its attempts happen in one thread; a call inside a call (credentials that are renewed) is another
    operation, so the operation is the key.
    """

    def __init__(self) -> None:
        self._asked = threading.local()

    def asks(self, service: str, operation: str, parameters: Mapping[str, Any]) -> None:
        """This call is about to be sent, and perhaps sent again."""
        units = billed_metrics(parameters) if operation == GET_METRIC_DATA else 1
        self._of_this_thread()[service, operation] = units

    def units(self, service: str, operation: str) -> int:
        """What AWS bills of the call under way, whatever it answers."""
        return self._of_this_thread().get((service, operation), 1)

    def _of_this_thread(self) -> dict[tuple[str, str], int]:
        units: dict[tuple[str, str], int] = self._asked.__dict__.setdefault("units", {})
        return units


def billed_metrics(parameters: Mapping[str, Any]) -> int:
    """The metrics of one GetMetricData request as AWS bills them. Expressions over them are free."""
    statistics = Counter(_metrics(parameters))
    return sum(-(-count // STATISTICS_A_METRIC) for count in statistics.values())


def _metrics(parameters: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    for query in parameters.get("MetricDataQueries", ()):
        if "MetricStat" in query:
            metric = query["MetricStat"]["Metric"]
            dimensions = sorted((each["Name"], each["Value"]) for each in metric.get("Dimensions", ()))
            yield query.get("AccountId"), metric.get("Namespace"), metric.get("MetricName"), *dimensions
