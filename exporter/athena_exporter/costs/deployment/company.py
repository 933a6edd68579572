"""Who is watched, and who looks: every number that a bill assumes, each with its reason.

Stage: **company** -> series, bill. A setting that the product has is imported, so that its default is no assumption.
"""

from dataclasses import dataclass

from athena_exporter.config.model import LabelsSettings

_LABELS = LabelsSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """A number that stands in for what is not known before; `because` says where it is from."""

    name: str
    value: float
    because: str


STATES = Assumption(
    name="Pairs of statement type and final state that a workgroup has", value=5,
    because="DML in all three, DDL and UTILITY mostly succeeded; nine are possible",
)  # fmt: skip  # reads like its neighbours
USER_STATES = Assumption(
    name="Final states of a user in a database", value=1.5, because="every second one has failed or cancelled queries"
)
FAILURES = Assumption(name="Kinds of failure of a workgroup", value=3, because="out of 107; most never happen")
HISTOGRAM_TYPES = Assumption(name="Statement types in a workgroup's histograms", value=2, because="DML and DDL")
CLIENTS = Assumption(name="Clients of a workgroup", value=3, because="the console, a driver, a pipeline")
TABLES = Assumption(name="Tables of a database that are in use", value=15, because="the simulated company has as many")
MODES = Assumption(name="Ways in which a table is used", value=1.5, because="all are read, every second is written")
JOBS = Assumption(name="Pipeline jobs of a workgroup", value=10, because="a dbt project or a DAG of that many steps")
OTHER_LABEL = Assumption(name="Values of any other label", value=3, because="sources, results, levels: a handful each")
SCRAPE_SECONDS = Assumption(name="Seconds between two scrapes", value=60, because="`scrape_seconds` by default")
VCPU = Assumption(name="vCPUs of the task", value=0.25, because="`cpu = 256` by default")
MEMORY_GB = Assumption(name="GB of the task's memory", value=1, because="`memory = 1024` by default")
SAMPLE_BYTES = Assumption(
    name="Bytes of a stored sample, its share of labels included", value=2,
    because="AWS: a sample takes one or two, labels come on top",
)  # fmt: skip  # as above
MONTHS_KEPT = Assumption(
    name="Months that metrics and events are kept", value=400 / 30.4, because="`retention_days = 400`"
)
LEDGER_GB = Assumption(
    name="GB of the ledger for a million queries a month",
    value=0.5,
    because="docs/benchmarks.md; 7 days of rows, rollups",
)
IMAGE_GB = Assumption(name="GB of images in ECR", value=0.5, because="some versions of a slim image")
EVENT_BYTES = Assumption(
    name="Bytes of an event, CloudWatch Logs' 26 included", value=700, because="docs/events.md; the SQL left out"
)
EVENTS_A_QUERY = Assumption(name="Events of a query", value=2.5, because="one of the query, one for each table it uses")
COMPRESSED = Assumption(name="What is left of an event when it is compressed", value=0.15, because="AWS's own estimate")
HISTORY_BYTES = Assumption(
    name="Bytes of a query in the history", value=120, because="Parquet with zstd, the SQL left out; docs/benchmarks.md"
)
HISTORY_FILES = Assumption(
    name="Files of the history that are written a month", value=4_000, because="one each 15 minutes, and late ones"
)
SQS_A_MESSAGE = Assumption(
    name="Requests to SQS for a message", value=1.2, because="one to send; received and deleted ten at a time"
)
MESSAGES_A_QUERY = Assumption(
    name="Messages of a query", value=3, because="a start over CloudTrail, and states: running, final"
)
SQS_IDLE = Assumption(name="Empty receives an hour", value=180, because="long polling, 20 s each")
TRAFFIC_GB = Assumption(
    name="GB of traffic for a million queries a month",
    value=6,
    because="AWS's answers, about 5 kB a query; the samples",
)
TRAIL_BYTES = Assumption(
    name="Bytes of a CloudTrail record in S3", value=300, because="gzip; 1.5 to 3 kB before, ten to one"
)
TRAIL_EVENTS_A_QUERY = Assumption(
    name="Management events of the account for a query", value=10, because="Athena's own, Glue's, and everybody else's"
)
ENDPOINTS = Assumption(
    name="Interface endpoints",
    value=8,
    because="athena, monitoring, logs, sts, aps-workspaces, ecr.api, ecr.dkr, cloudtrail; EFS needs none",
)
ZONES = Assumption(name="Zones with endpoints or NAT", value=1, because="one task runs in one zone")
WORK_DAYS = Assumption(name="Days a month on which people look", value=21, because="working days")
LOOKS_A_DAY = Assumption(
    name="Dashboards that a viewer opens a day", value=4, because="a look in the morning, a drill-down"
)
MINUTES_A_LOOK = Assumption(name="Minutes that a dashboard stays open", value=5, because="its tab is then hidden")
EXPANDED = Assumption(
    name="Share of looks in which a closed row is opened", value=0.1, because="they say that they cost"
)
AUDIT_SCANS = Assumption(name="Questions to the trail's table a month, a viewer", value=2, because="partition: one day")
PUBLISHING = Assumption(name="Share of workgroups that publish to CloudWatch", value=1, because="an upper bound")


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """An account and its people. `pairs`: databases, in one workgroup each, that a user queries in a month."""

    workgroups: int
    users: int
    databases: int
    pairs: float
    queries: int
    viewers: int
    editors: int = 2

    @property
    def shown_users(self) -> int:
        """Users with series of their own; the others are `other`."""
        return min(self.users, _LABELS.users)

    @property
    def shown_databases(self) -> int:
        """Databases with series of their own."""
        return min(self.databases, _LABELS.databases)

    @property
    def shown_tables(self) -> int:
        """Tables with series of their own."""
        return min(round(self.databases * TABLES.value), _LABELS.tables)

    @property
    def shown_jobs(self) -> int:
        """Jobs with series of their own."""
        return min(round(self.workgroups * JOBS.value), _LABELS.workloads)


SIZES = (
    Company(workgroups=5, users=20, databases=4, pairs=2, queries=50_000, viewers=5),
    Company(workgroups=30, users=150, databases=20, pairs=3, queries=1_000_000, viewers=20),
    Company(workgroups=200, users=1_000, databases=100, pairs=4, queries=10_000_000, viewers=80, editors=5),
)
"""Small, middling, large."""

ASSUMPTIONS = (
    STATES, USER_STATES, FAILURES, HISTOGRAM_TYPES, CLIENTS, TABLES, MODES, JOBS, OTHER_LABEL, SCRAPE_SECONDS, VCPU,
    MEMORY_GB, SAMPLE_BYTES, MONTHS_KEPT, LEDGER_GB, IMAGE_GB, EVENT_BYTES, EVENTS_A_QUERY, COMPRESSED, HISTORY_BYTES,
    HISTORY_FILES, SQS_A_MESSAGE,
    MESSAGES_A_QUERY, SQS_IDLE, TRAFFIC_GB, TRAIL_BYTES, TRAIL_EVENTS_A_QUERY, ENDPOINTS, ZONES, WORK_DAYS,
    LOOKS_A_DAY, MINUTES_A_LOOK, EXPANDED, AUDIT_SCANS, PUBLISHING,
)  # fmt: skip  # a list
"""All of them, in the order in which the bill uses them."""
