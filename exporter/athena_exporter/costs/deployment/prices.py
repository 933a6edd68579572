"""AWS's list prices in US dollars, for us-east-1: what everything else of this package multiplies.

Stage: **prices** -> bill. Each is to be checked before it is relied on: Regions and contracts differ.
"""

from dataclasses import dataclass

HOURS = 730
"""In a month."""
GB = 10**9
"""Bytes, as AWS bills most services."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """`usd` for one `unit`; `source` is the public page that states it."""

    name: str
    usd: float
    unit: str
    source: str


_FARGATE = "https://aws.amazon.com/fargate/pricing/"
_VPC = "https://aws.amazon.com/vpc/pricing/"
_PRIVATELINK = "https://aws.amazon.com/privatelink/pricing/"
_AMP = "https://aws.amazon.com/prometheus/pricing/"
_GRAFANA = "https://aws.amazon.com/grafana/pricing/"
_S3 = "https://aws.amazon.com/s3/pricing/"
_CLOUDWATCH = "https://aws.amazon.com/cloudwatch/pricing/"

FARGATE_VCPU = Price(name="Fargate, ARM: a vCPU", usd=0.03238, unit="hour", source=_FARGATE)
FARGATE_GB = Price(name="Fargate, ARM: a GB of memory", usd=0.00356, unit="hour", source=_FARGATE)
PUBLIC_IPV4 = Price(name="A public IPv4 address", usd=0.005, unit="hour", source=_VPC)
NAT_GATEWAY = Price(name="A NAT gateway", usd=0.045, unit="hour", source=_VPC)
NAT_TRAFFIC = Price(name="Traffic through a NAT gateway", usd=0.045, unit="GB", source=_VPC)
ENDPOINT = Price(name="An interface endpoint in one zone", usd=0.01, unit="hour", source=_PRIVATELINK)
ENDPOINT_TRAFFIC = Price(name="Traffic through an endpoint", usd=0.01, unit="GB", source=_PRIVATELINK)
AMP_INGESTED = Price(name="Managed Prometheus: samples, the first 2 billion", usd=0.90, unit="10 million", source=_AMP)
AMP_INGESTED_MORE = Price(name="Managed Prometheus: samples beyond those", usd=0.35, unit="10 million", source=_AMP)
AMP_STORED = Price(name="Managed Prometheus: storage", usd=0.03, unit="GB and month", source=_AMP)
AMP_QUERIED = Price(name="Managed Prometheus: query samples processed", usd=0.10, unit="billion", source=_AMP)
EDITOR = Price(name="Managed Grafana: an active editor or administrator", usd=9, unit="month", source=_GRAFANA)
VIEWER = Price(name="Managed Grafana: an active viewer", usd=5, unit="month", source=_GRAFANA)
EFS_STORED = Price(name="EFS: storage", usd=0.30, unit="GB and month", source="https://aws.amazon.com/efs/pricing/")
BACKUP_STORED = Price(
    name="AWS Backup of EFS", usd=0.05, unit="GB and month", source="https://aws.amazon.com/backup/pricing/"
)
ECR_STORED = Price(name="ECR: storage", usd=0.10, unit="GB and month", source="https://aws.amazon.com/ecr/pricing/")
SQS_REQUESTS = Price(name="SQS: requests", usd=0.40, unit="million", source="https://aws.amazon.com/sqs/pricing/")
EVENTBRIDGE = Price(
    name="EventBridge: events of AWS services", usd=0, unit="million",
    source="https://aws.amazon.com/eventbridge/pricing/",
)  # fmt: skip  # reads like its neighbours
LOGS_INGESTED = Price(name="CloudWatch Logs: ingestion", usd=0.50, unit="GB", source=_CLOUDWATCH)
LOGS_STORED = Price(name="CloudWatch Logs: storage, compressed", usd=0.03, unit="GB and month", source=_CLOUDWATCH)
INSIGHTS_SCANNED = Price(name="CloudWatch Logs Insights: scanned", usd=0.005, unit="GB", source=_CLOUDWATCH)
CLOUDWATCH_METRICS = Price(name="CloudWatch: metrics by GetMetricData", usd=0.01, unit="thousand", source=_CLOUDWATCH)
S3_STORED = Price(name="S3: storage", usd=0.023, unit="GB and month", source=_S3)
S3_WRITES = Price(name="S3: writes and lists", usd=0.005, unit="thousand", source=_S3)
TRAIL = Price(
    name="CloudTrail: the first copy of management events", usd=0, unit="month",
    source="https://aws.amazon.com/cloudtrail/pricing/",
)  # fmt: skip  # as above
ATHENA_SCANNED = Price(name="Athena: scanned", usd=5, unit="TB", source="https://aws.amazon.com/athena/pricing/")

PRICES = (
    FARGATE_VCPU, FARGATE_GB, PUBLIC_IPV4, NAT_GATEWAY, NAT_TRAFFIC, ENDPOINT, ENDPOINT_TRAFFIC, AMP_INGESTED,
    AMP_INGESTED_MORE, AMP_STORED, AMP_QUERIED, EDITOR, VIEWER, EFS_STORED, BACKUP_STORED, ECR_STORED, SQS_REQUESTS,
    EVENTBRIDGE, LOGS_INGESTED, LOGS_STORED, INSIGHTS_SCANNED, CLOUDWATCH_METRICS, S3_STORED, S3_WRITES, TRAIL,
    ATHENA_SCANNED,
)  # fmt: skip  # a list
"""All of them, in the order of the bill."""
