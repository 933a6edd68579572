"""docs/metrics.md: the catalogue and what a reader has to know to trust its numbers, as Markdown.

Stage: catalogue -> **reference** -> people. Tables come from the catalogue; only the reasons are written here.
"""

from collections.abc import Iterable, Iterator

from athena_exporter import costs
from athena_exporter.catalog import COMMON_LABELS, METRICS, Group, Metric, MetricType
from athena_exporter.ledger import failures
from athena_exporter.records import OTHER, PENDING, UNATTRIBUTED, UNKNOWN

LABELS = {
    "account_id": "the AWS account, as STS names it",
    "region": "the AWS Region",
    "alias": "what people call the account (`targets[].alias`), by default its id",
    "workgroup": "the Athena workgroup",
    "statement_type": "`DML`, `DDL` or `UTILITY`, as Athena classifies the statement",
    "state": (
        "`succeeded`, `failed` or `cancelled`; `queued` or `running` of queries under way; of a workgroup `enabled`, "
        "`disabled` or `unknown`; of a capacity reservation the word AWS uses, in lower case"
    ),
    "category": "who can mend it: `user`, `system` or `other`; `unknown` if AWS did not say",
    "error": "what went wrong, by names from a fixed list; what is outside it is `other`",
    "retryable": "whether trying again may help: `true`, `false` or `unknown`",
    "user": "the person, service or role that started the query, by the identity rules; bounded by a budget",
    "database": "the database of the query's context; bounded by a budget",
    "table": "the table, in lower case; bounded by a budget",
    "mode": (
        "what the SQL does with the table: `read`, `write`, `ddl` or `metadata`; of the guard `off`, `dry_run` or "
        "`enforce`"
    ),
    "workload": "the job: a dbt node, an Airflow task, a dashboard's card; bounded by a budget",
    "role": "the IAM role that the user's sessions have assumed",
    "kind": "of a user `person`, `service`, `role` or `unknown`; of reserved DPUs `target` or `allocated`",
    "engine": "the engine's version that the workgroup runs",
    "enforced": "whether the workgroup's settings override its clients': `true`, `false` or `unknown`",
    "publishes": "whether the workgroup publishes metrics to CloudWatch: `true`, `false` or `unknown`",
    "type": "`DML` or `DDL`: each has a quota of its own",
    "origin": "`service_quotas`, or `published_default` where Service Quotas did not answer",
    "reservation": "the capacity reservation",
    "query_type": "as CloudWatch says it: `DML`, `DDL` or `UTILITY`",
    "query_state": "as CloudWatch says it, spelt as ours: `succeeded`, `failed` or `cancelled`",
    "client": "the tool, told by user agent and session name; bounded by a budget",
    "window": "`today`, `yesterday`, `month` or `last_month`: whole UTC days and calendar months",
    "budget": "the budget's name in the configuration",
    "subject": "whose usage it is: a user, role, workgroup, component or workload, as the budget's `per` says",
    "level": "`ok`, `warned` (at the budget's warn ratio or above) or `exceeded` (at the limit or above)",
    "source": "the way of reading AWS, as the configuration names it",
    "reason": "why; the metric's own line lists the values",
    "service": "the AWS service that was called",
    "operation": "the AWS operation that was called",
    "result": "`ok` or AWS's error code; of the guard and of messages how it ended, by the metric's line",
    "missing": "what no other source had told: `execution` (the query) or `identity` (its user)",
    "purpose": "what a question to Athena was asked for: `system_table`, the source",
    "action": "what the guard does to a query: `stop`",
    "channel": "the channel that a notification goes to, as the configuration names it",
    "record": "what kind of record contradicted another",
    "label": "the label whose budget was full",
    "consumer": "the outlet that reads the outbox",
    "log_group": "the log group that the events go to",
    "version": "the exporter's version",
    "python_version": "the version of Python it runs on",
}
"""What each label says, for every label of the catalogue (a test holds the two together)."""

_INTRODUCTION = f"""\
# Metrics

Generated from the catalogue by `athena-exporter metrics`; change the catalogue, not this file.

Every metric carries {" and ".join(f"`{name}`" for name in COMMON_LABELS)} before its own labels, except
those marked "whole process". Units are base units and part of the name: bytes, seconds, US dollars.
Counters marked "durable" live in the ledger and go on after a restart; the others count since the process
started. No label ever holds a query id, SQL text or an ARN."""

_COUNTING = f"""\
## How a query is counted

A query counts in two phases, because two AWS services know one half of it each and the second half comes
late.

1. **For its workgroup**, once Athena calls it `succeeded`, `failed` or `cancelled` and has published its
   statistics. Statistics may follow the final state by seconds: the exporter asks again for a minute,
   and three times at least, then counts the query without them and says so in
   `athena_exporter_missing_statistics_total`.
2. **For its user and client**, once CloudTrail has told who started it, usually minutes later. Until then
   the query is in `athena_exporter_pending_queries`.

So at every moment, for queries and for bytes:

    all users + `{UNATTRIBUTED}` + pending = all workgroups

A query is given up as `{UNATTRIBUTED}` by knowledge, not by a timer: only after CloudTrail was read to
its end over the time of its start, by a read that began at least three hours after that start
(`identity.patience`) and found none; or after a day in which no such read succeeded (reason
`source_down`). An identity that comes still later corrects the windows, and
`athena_exporter_late_identities_total` counts it; the counters keep `{UNATTRIBUTED}`, for a counter never
takes anything back.

However often and in whatever order AWS repeats itself, a query counts once. Counters hold the queries
that ended at or after `athena_exporter_counting_since_timestamp_seconds`; windows hold every query known,
by the time it ended."""

_MONEY = """\
## What the money metrics assume

`*_cost_usd*` is the list price of the billed bytes: an estimate to see who spends, not an invoice.
Discounts, credits, taxes, S3 requests and capacity reservations are not in it; the Cost and Usage Report
has the last word.

| Case | Counted as billed |
| --- | --- |
| succeeded or cancelled DML query | scanned bytes rounded up to the MB, at least 10 MB |
| the same with 0 bytes scanned | the minimum of 10 MB |
| cancelled by a person, or by a workgroup's scan limit | like a succeeded query: what was scanned is billed |
| failed query | nothing |
| DDL statement | nothing |
| UTILITY statement | nothing, except `EXPLAIN ANALYZE`, which runs its query and bills like DML |
| reused result | nothing |
| query on a capacity reservation | nothing by the byte: its DPU hours are billed instead |
| statement of a type that Athena does not tell | like DML |
| query whose scanned bytes AWS never published | nothing, and its scanned bytes add nothing either |

- 1 MB is 2^20 bytes, and 10^6 where `pricing.tb_bytes` says that a TB has 10^12.
- 1 TB is 2^40 bytes unless `pricing.tb_bytes` says otherwise; AWS does not publish which it means.
- 1 TB costs 5.00 US dollars unless `pricing.usd_per_tb` says otherwise; prices differ by Region.
- The minimum is 10 MB unless `pricing.minimum_bytes` says otherwise.
- A query's price is fixed when it is counted, to the nanodollar, half up. Sums are exact integers and are
  divided once, when the page is written. A new price in the configuration holds for queries counted from
  then on."""

_CAPACITY = """\
## Capacity reservations

A query on a capacity reservation is not billed by the byte. `athena_reserved_dpu_seconds_total` holds its
DPUs times its engine's time, as AWS tells them with the query, and `athena_reserved_cost_usd_total` that
at `pricing.usd_per_dpu_hour`. The reservation itself is billed for as long as it exists, used or not: the
reserved cost is a part of that bill and says whose queries it served, and
`athena_capacity_idle_cost_usd_total` is what nobody used, as CloudWatch counts it minute by minute. The
two have different sources, so their sum is near the bill and not equal to it."""

_CLOUDWATCH = """\
## What CloudWatch counts

`athena_cloudwatch_*` repeats what CloudWatch says of workgroups that publish, to compare ours with
(`athena-exporter verify`). A minute is added once, when it is old enough to be settled, so these counters
are minutes behind and fit `increase()` like all others. They begin when CloudWatch first lists a series.
A workgroup that does not publish has none of them; its `athena_workgroup_info` says `publishes="false"`.
Bytes are told of DML only."""

_DISTRIBUTIONS = """\
## Distributions

The histograms observe every finished query once, when it counts for its workgroup. What AWS did not tell
of a query is not observed, so a histogram's `_count` may be below `athena_queries_total`. All bounds are
there from the first observation on, so `histogram_quantile()` and `increase()` are right from the start.
Where a histogram has room for no more workgroups (a workgroup and statement type takes one series of
`labels.series_per_family` for each bound), further ones are observed as workgroup `other`, and
`athena_exporter_label_overflow_total` counts their queries. A distribution that is taken out of
`exposition.histograms` is forgotten; it starts again at 0 when it comes back."""

_BUDGETS = """\
## What budgets count

`athena_budget_*` follows finished queries: what a running query has already scanned, AWS does not tell. A query counts
in the window in which it ended, for a workgroup at once, and for a user or role when CloudTrail has told who it was,
minutes later; what stays `unattributed` counts for no user. Usage is the sum of scanned bytes or of list prices, exact
over restarts and changes of the configuration; where the ledger could not know a window from its beginning,
`athena_budget_counting_since_timestamp_seconds` is later than the window's start. docs/budgets.md says how to write
budgets."""

_FAILURES = f"""\
## Failures by name

`athena_query_failures_total` names AWS's error types as below; a type that AWS adds later is `{OTHER}`. A
failed query of which AWS tells no error is `{UNKNOWN}` in every label."""

_INVENTORIES = """\
## How long what was read stays

Settings are read every few minutes and kept in the ledger, so that they are there after a restart. What
could not be read again for long is left out rather than claimed: settings of workgroups, reservations and
quotas after a day, the peaks that CloudWatch told after three hours, active queries after ten minutes."""

_RESERVED = f"""\
## Reserved label values

| Value | Meaning |
| --- | --- |
| `{UNKNOWN}` | AWS did not tell |
| `{OTHER}` | the label's budget was full at the first count; see `athena_exporter_label_overflow_total` |
| `{UNATTRIBUTED}` | a `user`: nobody was found who started the query |
| `{PENDING}` | a `user`, in windows and reports only: CloudTrail may still tell who it was |

Budgets bound what Prometheus has to store and touch nothing else: reports and windows of workgroups know
every query. A value keeps its place until it has been idle for 45 days (`labels.idle`). What has no
UTF-8 in a name appears as a backslash escape."""

_BORN = """\
## Series are born at 0

`increase()` and `rate()` see the difference between samples, so they lose whatever a counter held when it
was first scraped: the very first query of a user could be the dearest of the month and read as 0. Hence a
new counter series is exposed as 0 for two minutes (`exposition.series_warmup`) before its value appears.
Scrape at least twice in that time: a scrape interval of up to 60 seconds is right for the default.

Gauges show their value at once."""

_RESTARTS = """\
## Restarts, outages and lost disks

- **Restart**: durable counters go on where they stood, and the committed totals are served before AWS is
  asked again. What ended meanwhile is read and counted; `athena_exporter_catching_up` is 1 while that
  happens.
- **AWS does not answer**: the last totals stay on the page. `athena_exporter_source_up` falls to 0,
  `athena_exporter_source_errors_total` says why, and
  `athena_exporter_source_last_success_timestamp_seconds` says how old the numbers are.
- **Lost ledger**: counting starts anew from now (`ledger.initial_lookback` reaches back), so that a lost
  disk looks like a counter reset and never like a spike.
- **Restored ledger**: counters restart at 0 as a new `athena_exporter_ledger_generation`; a counter that
  fell back to an older value would read as a reset to 0 and add all of that value once more.
- **No page yet**: until the first committed totals are served, `/metrics` and `/-/ready` answer 503."""


_COSTS = """\
## What we cost you

Calls to AWS by configuration, reckoned by the code that plans them, at list price; what a running
exporter has really asked is in `athena_exporter_aws_requests_total` and
`athena_exporter_aws_cost_usd_total`. By default nothing is asked that AWS bills. CloudWatch bills
metrics, not calls: up to five statistics of one metric in one request are one. A question to Athena's own
table (`system_table`) is reckoned at the 10 MB that Athena bills at least; what it was billed is
`athena_exporter_asked_bytes_total`. The last column is the bill beside that of YACE, the usual exporter
of CloudWatch metrics, for the same workgroups."""


def markdown() -> str:
    """The whole document, ending in one newline."""
    return "\n\n".join((_INTRODUCTION, *map(_chapter, Group), _labels(), *_prose())) + "\n"


def _prose() -> Iterator[str]:
    """What a reader has to know beyond the tables."""
    yield from (_COUNTING, _MONEY, _BUDGETS, _CAPACITY, _CLOUDWATCH, _DISTRIBUTIONS)
    yield _failures()
    yield from (_INVENTORIES, _RESERVED, _BORN, _RESTARTS)
    yield f"{_COSTS}\n\n{costs.table()}"


def _failures() -> str:
    rows = ((f"`{name}`", ", ".join(map(str, types))) for name, types in sorted(failures.NAMED.items()))
    headings = ("`error`", "AWS's types")
    return f"{_FAILURES}\n\n{_table(headings, rows)}"


def _chapter(group: Group) -> str:
    rows = (_row(metric) for metric in METRICS if metric.group is group)
    return f"## {group.value}\n\n{_table(('Metric', 'Type', 'Labels', 'Meaning', 'Source'), rows)}"


def _row(metric: Metric) -> tuple[str, ...]:
    labels = ", ".join(f"`{name}`" for name in metric.labels) or "none"
    own = labels if metric.common else f"{labels} (whole process)"
    return f"`{metric.name}`", _kind(metric), own, metric.help, metric.source


def _kind(metric: Metric) -> str:
    durable = metric.durable and metric.type is not MetricType.GAUGE
    return f"{metric.type.value}, durable" if durable else metric.type.value


def _labels() -> str:
    rows = ((f"`{name}`", LABELS[name]) for name in _label_names())
    return f"## Labels\n\n{_table(('Label', 'What it says'), rows)}"


def _label_names() -> Iterator[str]:
    yield from dict.fromkeys(name for metric in METRICS for name in metric.label_names)


def _table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    rule = tuple("---" for _ in headings)
    return "\n".join(_line(cells) for cells in (headings, rule, *rows))


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"
