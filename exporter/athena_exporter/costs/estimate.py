"""What a configuration will ask of AWS in an hour, and what that costs at list price.

Stage: configuration -> **estimate** -> people (docs/metrics.md, `check`). The requests to CloudWatch come from the
plan that the source itself follows; those that are free are reckoned from their intervals and page sizes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import product

from athena_exporter.config.sources import (
    CloudWatchSettings,
    EventBridgeSettings,
    SourcesSettings,
    SystemTableSettings,
)
from athena_exporter.costs.plan import LISTED, QUERIES, Want, asked, pack, statistics
from athena_exporter.costs.prices import GET_METRIC_DATA, price_nanousd
from athena_exporter.pricing import Prices, cost_nanousd

PAGE = 50
"""Workgroups, query ids, executions or reservations in a page or a batch of Athena."""
QUOTAS = 2
"""Quotas that are read: active DML and active DDL queries."""
TYPES = ("DML", "DDL", "UTILITY")
"""The query types that CloudWatch tells apart."""
STATES = 3
"""The final states that it tells apart."""
NANO = 1_000_000_000
"""Nanodollars in a dollar."""

MESSAGES_A_QUERY = 3
"""Running, ended, started: what the rules of docs/routes.md let through of a query."""
LONGEST_WAIT = timedelta(seconds=20)
"""How long a receive waits for a message at most: 180 an hour where nothing happens."""
RECEIVE = 10
"""Messages that a receive brings, or a deletion takes, at most."""

ROWS, ROWS_A_PAGE = 5_000, 1_000
"""Queries that a question to the system table brings at most, and that a page of its rows holds."""
LOOKS = 6
"""At a question of three seconds: their pauses begin at 0.1 seconds and double."""
LIST_PRICES = Prices(usd_per_tb=Decimal(5), tb_bytes=2**40, minimum_bytes=10 * 2**20)
"""Athena's, in most Regions."""

_SECOND = timedelta(seconds=1)
_HOUR = timedelta(hours=1)
_ATHENA, _CLOUDWATCH = "athena", "cloudwatch"
_QUESTION = (_ATHENA, "StartQueryExecution")
_LISTS_A_SECOND = 5
_PEER_METRICS = 7
_PEER_READS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What an account is like. `active_series`: of a workgroup's nine (type and state), those that are in use.

    `reservations` counts capacity reservations, each serving one workgroup.
    """

    workgroups: int
    queries_per_hour: int = 0
    active_series: int = len(TYPES) * STATES
    reservations: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Of one operation in an hour: requests, what AWS bills of them (metrics or requests), and the list price."""

    requests: float
    units: float
    usd: float


def estimate(
    facts: Facts, settings: SourcesSettings, *, rate_share: float = 0.5, prices: Prices = LIST_PRICES
) -> Mapping[tuple[str, str], Calls]:
    """Calls and dollars an hour in the long run, by service and operation.

    What is billed is exact for an account all of whose series are active, and an upper bound for any other. Calls
    that are free are reckoned, since they depend on when queries come. A question to the system table costs the least
    that Athena bills of one: how wide the table's columns are, no account has told yet.

    Args:
        facts: what the account is like.
        settings: what is read, and how often.
        rate_share: the configured share of each quota (`aws.rate_share`), which slows sweeps of many workgroups.
        prices: of what Athena scans, as configured.
    """
    hour: dict[tuple[str, str], tuple[float, float]] = {}
    parts = [*_executions(facts, settings, rate_share), *_identities(facts, settings), *_workgroups(facts, settings)]
    parts += [*_queue(facts, settings.eventbridge), *_questions(facts, settings.system_table)]
    if settings.cloudwatch.enabled:
        parts += [*_query_metrics(facts, settings.cloudwatch), *_usage(settings.cloudwatch)]
    for service, operation, requests, units in parts:
        before = hour.get((service, operation), (0.0, 0.0))
        hour[service, operation] = before[0] + requests, before[1] + units
    question = cost_nanousd(prices.minimum_bytes, prices)
    return {key: _calls(*key, requests, units, question) for key, (requests, units) in hour.items() if requests}


def peer(workgroups: int) -> Calls:
    """YACE 0.67 as its defaults go: seven metrics of every combination, each workgroup and the account, each 300 s.

    It asks for idle series as well, and once more for the sums of the account. It lists each metric at every read:
    that is in the requests; the dollars leave it out, in its favour.
    https://github.com/prometheus-community/yet-another-cloudwatch-exporter
    """
    series = len(TYPES) * STATES * (workgroups + 1)
    requests = _pages(_PEER_METRICS * series, QUERIES) + _PEER_METRICS * _pages(series, LISTED)
    return _calls(_CLOUDWATCH, GET_METRIC_DATA, _PEER_READS * requests, _PEER_READS * _PEER_METRICS * series)


_Part = tuple[str, str, float, float]


def _calls(service: str, operation: str, requests: float, units: float, question: int = 0) -> Calls:
    price = question if (service, operation) == _QUESTION else price_nanousd(service, operation, "ok", 1)
    return Calls(requests=requests, units=units, usd=price * units / NANO)


def _executions(facts: Facts, settings: SourcesSettings, rate_share: float) -> Iterator[_Part]:
    """A sweep lists every workgroup once; the bucket of ListQueryExecutions stretches it."""
    sweep = timedelta(seconds=facts.workgroups / (_LISTS_A_SECOND * rate_share))
    sweeps = _HOUR / (settings.sweep_interval + sweep)
    yield _free(_ATHENA, "ListWorkGroups", sweeps * _pages(facts.workgroups, PAGE))
    yield _free(_ATHENA, "ListQueryExecutions", sweeps * facts.workgroups + facts.queries_per_hour / PAGE)
    # Twice: most queries are met while they run, and asked for again when they have ended.
    batches = min(2 * facts.queries_per_hour, 2 * sweeps * facts.workgroups)
    if settings.eventbridge.enabled:
        batches = _windows(facts, settings.eventbridge)
    yield _free(_ATHENA, "BatchGetQueryExecution", batches)


def _windows(facts: Facts, settings: EventBridgeSettings) -> float:
    """How often messages are gathered: as often as they come, and no more often than a window takes."""
    return min(MESSAGES_A_QUERY * facts.queries_per_hour, _HOUR / max(settings.gather, _SECOND))


def _queue(facts: Facts, settings: EventBridgeSettings) -> Iterator[_Part]:
    """A long poll that waits all the time, and for each window a look for more and two deletions.

    The dollars are those of the queue's reader; EventBridge's own sends cost as much as the receives.
    """
    if settings.enabled:
        windows, messages = _windows(facts, settings), MESSAGES_A_QUERY * facts.queries_per_hour
        polls = max(_HOUR / LONGEST_WAIT, windows)
        yield _billed("sqs", "ReceiveMessage", polls + max(windows, messages / RECEIVE))
        yield _billed("sqs", "DeleteMessageBatch", 2 * max(windows, messages / RECEIVE / 2))


def _questions(facts: Facts, settings: SystemTableSettings) -> Iterator[_Part]:
    """A question a read, and one more for each page of queries that is full."""
    if settings.enabled:
        reads, rows = _HOUR / settings.interval, facts.queries_per_hour * (settings.interval + settings.overlap) / _HOUR
        questions = reads * (1 + rows // ROWS)
        yield _free(_ATHENA, "GetSystemTableConfiguration", reads)
        yield _billed(*_QUESTION, questions)
        yield _free(_ATHENA, "GetQueryExecution", questions * LOOKS)
        yield _free(_ATHENA, "GetQueryResults", max(questions, reads * rows / ROWS_A_PAGE))


def _identities(facts: Facts, settings: SourcesSettings) -> Iterator[_Part]:
    """A window around what lacks its user in most passes, and the full pass; one call a second is the bound."""
    if settings.lookup.enabled and facts.queries_per_hour:
        pages = facts.queries_per_hour / PAGE
        yield _free("cloudtrail", "LookupEvents", min(3600.0, _HOUR / settings.lookup.interval + 5 * pages))


def _workgroups(facts: Facts, settings: SourcesSettings) -> Iterator[_Part]:
    if not settings.workgroups.enabled:
        return
    reads = _HOUR / settings.workgroups.interval
    yield _free(_ATHENA, "ListWorkGroups", reads * _pages(facts.workgroups, PAGE))
    yield _free(_ATHENA, "GetWorkGroup", reads * facts.workgroups)
    yield _free(_ATHENA, "ListTagsForResource", reads * facts.workgroups if settings.workgroups.tags else 0)
    yield _free(_ATHENA, "ListCapacityReservations", reads * _pages(facts.reservations, PAGE))
    yield _free(_ATHENA, "GetCapacityAssignmentConfiguration", reads * facts.reservations)
    yield _free("service-quotas", "GetServiceQuota", reads * QUOTAS)


def _query_metrics(facts: Facts, settings: CloudWatchSettings) -> Iterator[_Part]:
    reads = _HOUR / settings.interval
    minutes = settings.interval // timedelta(minutes=1)
    kinds = [query_type for query_type, _ in product(TYPES, range(STATES))][: facts.active_series]
    series = [asked(settings.metrics, query_type) for query_type in kinds] * facts.workgroups
    wants = [Want(key=one, queries=statistics(one), minutes=minutes) for one in series]
    requests = sum(1 for _ in pack(wants))
    yield _CLOUDWATCH, GET_METRIC_DATA, reads * requests, reads * sum(len(want.key) for want in wants)
    lists = reads * _pages(len(series), LISTED)
    yield _CLOUDWATCH, "ListMetrics", lists, lists
    if settings.capacity:
        yield from _capacity(facts, reads, minutes)


def _capacity(facts: Facts, reads: float, minutes: int) -> Iterator[_Part]:
    """Two metrics a reservation; without any, one list an hour looks for one."""
    lists = 2 * reads if facts.reservations else min(reads, 1.0)
    yield _CLOUDWATCH, "ListMetrics", lists, lists
    wants = [Want(key=None, queries=1, minutes=minutes)] * (2 * facts.reservations)
    yield _CLOUDWATCH, GET_METRIC_DATA, reads * sum(1 for _ in pack(wants)), reads * len(wants)


def _usage(settings: CloudWatchSettings) -> Iterator[_Part]:
    if settings.active_queries:
        reads = _HOUR / settings.active_queries
        yield _CLOUDWATCH, GET_METRIC_DATA, reads, reads * 2


def _billed(service: str, operation: str, requests: float) -> _Part:
    return service, operation, requests, requests


def _free(service: str, operation: str, requests: float) -> _Part:
    return service, operation, requests, requests


def _pages(items: int, page: int) -> int:
    return max(1, -(-items // page))
