"""What it costs a month, line by line.

Stage: prices, company, series, looks -> **bill** -> document.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from athena_exporter.config.sources import CloudWatchSettings, SourcesSettings
from athena_exporter.costs.deployment import company as assumed
from athena_exporter.costs.deployment import prices
from athena_exporter.costs.deployment.company import Company
from athena_exporter.costs.deployment.looks import Look, Shown, evaluations, look, refresh_seconds
from athena_exporter.costs.deployment.series import series
from athena_exporter.costs.estimate import Facts, estimate

DATA_ACCOUNT, IMAGE, WORKSPACE, CONTENT, LOOKING = range(1, 6)
"""The steps of docs/deploy.md that cost something."""

_DAYS = prices.HOURS / 24
_SECONDS = prices.HOURS * 3600
_THOUSAND, _MILLION, _BILLION, _TB = 10**3, 10**6, 10**9, 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One item of the bill; `step` of docs/deploy.md makes it, `per` says what it grows with."""

    step: int
    item: str
    usd: float
    per: str


def bill(company: Company, shown: Shown) -> tuple[Line, ...]:
    """Everything of the default deployment, with a public address, without what can be switched on beside it."""
    return (*_running(company), *_metrics(company, shown), *_kept(company), *_people(company, shown))


def options(company: Company) -> tuple[Line, ...]:
    """What can be chosen beside the default, each as what it adds."""
    on = CloudWatchSettings(enabled=True)
    return (
        Line(step=DATA_ACCOUNT, item="`sources.cloudwatch` on", usd=_own_calls(company, on), per="workgroups"),
        Line(step=DATA_ACCOUNT, item="Its series", usd=_samples_usd(_added(company)), per="workgroups"),
        *_ways(company),
        Line(step=DATA_ACCOUNT, item="`event_queue`: EventBridge and SQS", usd=queue_usd(company), per="queries"),
        Line(
            step=DATA_ACCOUNT,
            item="`history`: every query as a row (S3), 400 days",
            usd=history_usd(company),
            per="queries",
        ),
        Line(step=DATA_ACCOUNT, item="Container Insights", usd=_CONTAINER_INSIGHTS, per="nothing"),
    )


def ingestion_usd(count: float) -> float:
    """What so many series cost to take in: a sample each, every scrape."""
    return _samples_usd(count)


def viewing(company: Company, shown: Shown) -> Look:
    """What all viewers ask in a month: each dashboard is as likely as another, and loads again while it is open."""
    boards = list(shown.dashboards.values())
    looks = company.viewers * assumed.LOOKS_A_DAY.value * assumed.WORK_DAYS.value / len(boards)
    return sum((look(one, company).times(looks * _loads(refresh_seconds(one))) for one in boards), Look())


def all_day(board: str, company: Company, shown: Shown) -> float:
    """Dollars a month for one dashboard that is never closed: what a screen on the wall costs."""
    every = refresh_seconds(shown.dashboards[board])
    loads = _SECONDS / every if every else 1
    return _looks_usd(look(shown.dashboards[board], company).times(loads), company)


def queue_usd(company: Company) -> float:
    """EventBridge's messages through SQS, and the receives that bring nothing."""
    messages = company.queries * assumed.MESSAGES_A_QUERY.value
    requests = messages * assumed.SQS_A_MESSAGE.value + assumed.SQS_IDLE.value * prices.HOURS
    return prices.EVENTBRIDGE.usd * messages / _MILLION + prices.SQS_REQUESTS.usd * requests / _MILLION


def history_usd(company: Company) -> float:
    """The files of the history, written and kept; what questions to it scan is on top."""
    kept = company.queries * assumed.HISTORY_BYTES.value * assumed.MONTHS_KEPT.value / prices.GB
    return kept * prices.S3_STORED.usd + assumed.HISTORY_FILES.value / _THOUSAND * prices.S3_WRITES.usd


def _running(company: Company) -> Iterator[Line]:
    hourly = assumed.VCPU.value * prices.FARGATE_VCPU.usd + assumed.MEMORY_GB.value * prices.FARGATE_GB.usd
    yield Line(step=DATA_ACCOUNT, item="The task (Fargate, ARM)", usd=hourly * prices.HOURS, per="nothing")
    yield Line(
        step=DATA_ACCOUNT, item="Its public IPv4 address", usd=prices.PUBLIC_IPV4.usd * prices.HOURS, per="nothing"
    )
    ledger = assumed.LEDGER_GB.value * max(company.queries / _MILLION, 0.1)
    disk = ledger * (prices.EFS_STORED.usd + prices.BACKUP_STORED.usd)
    yield Line(step=DATA_ACCOUNT, item="The ledger (EFS) and its backup", usd=disk, per="queries")
    yield Line(step=IMAGE, item="Images (ECR)", usd=assumed.IMAGE_GB.value * prices.ECR_STORED.usd, per="nothing")
    yield Line(
        step=DATA_ACCOUNT, item="The exporter's own calls", usd=_own_calls(company, CloudWatchSettings()), per="nothing"
    )


def _metrics(company: Company, shown: Shown) -> Iterator[Line]:
    count = series(company)
    yield Line(step=DATA_ACCOUNT, item="Metrics taken in", usd=_samples_usd(count), per="series")
    kept = _samples(count) * assumed.MONTHS_KEPT.value * assumed.SAMPLE_BYTES.value / prices.GB
    yield Line(step=DATA_ACCOUNT, item="Metrics kept 400 days", usd=kept * prices.AMP_STORED.usd, per="series")
    read = evaluations(shown, company, _DAYS)
    yield Line(
        step=CONTENT, item="Alert rules read metrics", usd=read / _BILLION * prices.AMP_QUERIED.usd, per="series"
    )


def _kept(company: Company) -> Iterator[Line]:
    events = company.queries * assumed.EVENTS_A_QUERY.value * assumed.EVENT_BYTES.value / prices.GB
    yield Line(step=DATA_ACCOUNT, item="Events taken in (Logs)", usd=events * prices.LOGS_INGESTED.usd, per="queries")
    stored = events * assumed.COMPRESSED.value * assumed.MONTHS_KEPT.value
    yield Line(step=DATA_ACCOUNT, item="Events kept 400 days", usd=stored * prices.LOGS_STORED.usd, per="queries")
    yield Line(
        step=DATA_ACCOUNT,
        item="The trail's files (S3), 400 days",
        usd=_trail_gb(company) * assumed.MONTHS_KEPT.value * prices.S3_STORED.usd + prices.TRAIL.usd,
        per="queries",
    )


def _people(company: Company, shown: Shown) -> Iterator[Line]:
    seats = company.editors * prices.EDITOR.usd + company.viewers * prices.VIEWER.usd
    yield Line(step=WORKSPACE, item="Seats (Grafana)", usd=seats, per="people")
    deploying = prices.EDITOR.usd
    yield Line(step=CONTENT, item="The service account that deploys", usd=deploying, per="nothing")
    asked = viewing(company, shown)
    metrics, cloudwatch, logs = _by_service(asked, company)
    yield Line(step=LOOKING, item="Viewers: metrics read", usd=metrics, per="people x series")
    yield Line(step=LOOKING, item="Viewers: CloudWatch's metrics", usd=cloudwatch, per="people x workgroups")
    yield Line(step=LOOKING, item="Viewers: Logs Insights", usd=logs, per="people x queries")
    yield Line(
        step=LOOKING, item="Viewers: the trail's table (Athena)", usd=_audit_usd(company), per="people x queries"
    )


def _looks_usd(asked: Look, company: Company) -> float:
    return sum(_by_service(asked, company))


def _by_service(asked: Look, company: Company) -> tuple[float, float, float]:
    """Managed Prometheus, CloudWatch, Logs Insights. A question to the logs reads a group of the two, so half of it."""
    events_a_second = company.queries * assumed.EVENTS_A_QUERY.value * assumed.EVENT_BYTES.value / _SECONDS
    return (
        asked.samples / _BILLION * prices.AMP_QUERIED.usd,
        asked.metrics / 1000 * prices.CLOUDWATCH_METRICS.usd,
        asked.log_seconds * events_a_second / 2 / prices.GB * prices.INSIGHTS_SCANNED.usd,
    )


def _audit_usd(company: Company) -> float:
    """A question reads the partition of one day."""
    day = _trail_gb(company) * prices.GB / _DAYS
    return company.viewers * assumed.AUDIT_SCANS.value * day / _TB * prices.ATHENA_SCANNED.usd


def _trail_gb(company: Company) -> float:
    """A month of CloudTrail's files."""
    return company.queries * assumed.TRAIL_EVENTS_A_QUERY.value * assumed.TRAIL_BYTES.value / prices.GB


def _ways(company: Company) -> Iterator[Line]:
    """Instead of the public address."""
    traffic = assumed.TRAFFIC_GB.value * company.queries / _MILLION
    less = prices.PUBLIC_IPV4.usd * prices.HOURS
    nat = assumed.ZONES.value * prices.NAT_GATEWAY.usd * prices.HOURS + traffic * prices.NAT_TRAFFIC.usd
    hourly = assumed.ENDPOINTS.value * assumed.ZONES.value * prices.ENDPOINT.usd
    own = hourly * prices.HOURS + traffic * prices.ENDPOINT_TRAFFIC.usd
    yield Line(
        step=DATA_ACCOUNT, item="A NAT gateway of its own, instead of the public address", usd=nat - less, per="queries"
    )
    yield Line(step=DATA_ACCOUNT, item="Interface endpoints of its own, instead", usd=own - less, per="queries")


def _own_calls(company: Company, settings: CloudWatchSettings) -> float:
    """The estimate that docs/metrics.md has, for a month."""
    publishing = round(company.workgroups * assumed.PUBLISHING.value)
    facts = Facts(workgroups=publishing, queries_per_hour=round(company.queries / prices.HOURS))
    return prices.HOURS * sum(one.usd for one in estimate(facts, SourcesSettings(cloudwatch=settings)).values())


def _added(company: Company) -> float:
    return series(company, cloudwatch=True) - series(company)


def _samples(count: float) -> float:
    """Of so many series in a month."""
    return count * _SECONDS / assumed.SCRAPE_SECONDS.value


def _samples_usd(count: float) -> float:
    """The first two billion samples of a month cost more than those beyond."""
    first = min(_samples(count), 2 * _BILLION)
    more = _samples(count) - first
    return (first * prices.AMP_INGESTED.usd + more * prices.AMP_INGESTED_MORE.usd) / (10 * _MILLION)


def _loads(every: float | None) -> float:
    """How often an open dashboard is loaded before it is closed."""
    return 1 + (assumed.MINUTES_A_LOOK.value * 60 / every if every else 0)


_CONTAINER_INSIGHTS = 3.0
"""About ten metrics at $0.30: https://aws.amazon.com/cloudwatch/pricing/."""
