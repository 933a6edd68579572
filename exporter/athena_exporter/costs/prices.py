"""The list price of one call to AWS, in nanodollars.

Stage: pricing -> **prices** -> telemetry. CloudWatch bills GetMetricData by the metric and its other reads by the
request, both at $0.01 a thousand; SQS bills every request, at $0.40 a million (the first million of a month is free,
which is left out here); S3 bills every GET at $0.40 a million, every PUT and every list at $5. The other operations
that the exporter calls are free. PutLogEvents is billed by the byte, not by the call, and so has no price here.
https://aws.amazon.com/cloudwatch/pricing/, https://aws.amazon.com/sqs/pricing/, https://aws.amazon.com/s3/pricing/
"""

from collections.abc import Mapping

GET_METRIC_DATA = "GetMetricData"
"""The one operation that is billed by something else than the request."""
STATISTICS_A_METRIC = 5
"""Statistics of one metric in one request that AWS bills as one metric; the sixth is billed as another."""

_THOUSANDTH_CENT = 10_000
_SQS_REQUEST = 400
_S3_READ = 400
_S3_LIST = 5_000
_S3_WRITE = 5_000
_PRICES: Mapping[tuple[str, str], int] = {
    ("cloudwatch", GET_METRIC_DATA): _THOUSANDTH_CENT,
    ("cloudwatch", "ListMetrics"): _THOUSANDTH_CENT,
    ("cloudwatch", "GetMetricStatistics"): _THOUSANDTH_CENT,
    ("sqs", "ReceiveMessage"): _SQS_REQUEST,
    ("sqs", "DeleteMessageBatch"): _SQS_REQUEST,
    ("sqs", "GetQueueAttributes"): _SQS_REQUEST,
    ("s3", "GetObject"): _S3_READ,
    ("s3", "ListObjectsV2"): _S3_LIST,
    ("s3", "PutObject"): _S3_WRITE,
}
# AWS doesn't say what it bills of calls that fail. What it refuses (throttled, denied, invalid) it has not worked on;
# what got lost on its way back it has, or may have.
_WORKED = frozenset(
    {"ok", "GarbledAnswerError", "ReadTimeoutError", "ConnectionClosedError", "IncompleteReadError",
     "ResponseStreamingError", "ResponseParserError"}
)  # fmt: skip  # a set reads best in rows


def price_nanousd(service: str, operation: str, result: str, units: int) -> int:
    """What one HTTP exchange costs at list price, a retry included.

    Args:
        service: as botocore names it (`cloudwatch`).
        operation: AWS's name of the operation.
        result: `ok`, AWS's error code, or the class of the error that botocore raised.
        units: metrics as AWS bills them for GetMetricData, else 1.
    """
    return _PRICES.get((service, operation), 0) * units if result in _WORKED else 0
