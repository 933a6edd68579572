"""What CloudWatch counts of Athena, as a second opinion: settled minutes of workgroups and of reserved capacity.

Stage: CloudWatch ListMetrics, GetMetricData -> **cloudwatch** -> records. AWS bills it, so it is off by default.
source.py reads the metrics of queries, capacity.py those of reservations, usage.py how many queries are active;
series.py finds what there is to read, positions.py remembers how far it was read, data.py asks for the values.
https://docs.aws.amazon.com/athena/latest/ug/query-metrics-viewing.html
"""

from athena_exporter.sources.cloudwatch.source import CloudWatchSource
from athena_exporter.sources.cloudwatch.usage import ActiveQueriesSource

__all__ = ["ActiveQueriesSource", "CloudWatchSource"]
