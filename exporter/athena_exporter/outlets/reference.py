"""docs/metrics.md: the catalogue and what a reader has to know to trust its numbers, as Markdown.

Stage: catalogue -> **reference** -> people. Tables come from the catalogue; only the reasons are written here.
"""

from collections.abc import Iterable, Iterator

from athena_exporter.catalog import COMMON_LABELS, METRICS, Group, Metric, MetricType
from athena_exporter.records import OTHER, PENDING, UNATTRIBUTED, UNKNOWN

LABELS = {
    "account_id": "the AWS account, as STS names it",
    "region": "the AWS Region",
    "workgroup": "the Athena workgroup",
    "statement_type": "`DML`, `DDL` or `UTILITY`, as Athena classifies the statement",
    "state": "`succeeded`, `failed` or `cancelled`; `queued` or `running` of queries under way",
    "category": "who can mend it: `user`, `system` or `other`",
    "error": "AWS's error code, from a fixed list; codes outside it are `other`",
    "retryable": "whether trying again may help: `true`, `false` or `unknown`",
    "user": "the person, service or role that started the query, by the identity rules; bounded by a budget",
    "database": "the database of the query's context; bounded by a budget",
    "role": "the IAM role that the user's sessions have assumed",
    "kind": "`person`, `service`, `role` or `unknown`",
    "client": "the tool, told by user agent and session name; bounded by a budget",
    "window": "`today`, `yesterday`, `month` or `last_month`: whole UTC days and calendar months",
    "source": "the way of reading AWS, as the configuration names it",
    "reason": "why; the metric's own line lists the values",
    "service": "the AWS service that was called",
    "operation": "the AWS operation that was called",
    "result": "`ok` or AWS's error code",
    "record": "what kind of record contradicted another",
    "label": "the label whose budget was full",
    "consumer": "the outlet that reads the outbox",
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


def markdown() -> str:
    """The whole document, ending in one newline."""
    chapters = (_INTRODUCTION, *map(_chapter, Group), _labels(), _COUNTING, _MONEY, _RESERVED, _BORN, _RESTARTS)
    return "\n\n".join(chapters) + "\n"


def _chapter(group: Group) -> str:
    rows = (_row(metric) for metric in METRICS if metric.group is group)
    return f"## {group.value}\n\n{_table(('Metric', 'Type', 'Labels', 'Meaning', 'Source'), rows)}"


def _row(metric: Metric) -> tuple[str, ...]:
    labels = ", ".join(f"`{name}`" for name in metric.labels) or "none"
    own = labels if metric.common else f"{labels} (whole process)"
    return f"`{metric.name}`", _kind(metric), own, metric.help, metric.source


def _kind(metric: Metric) -> str:
    durable = metric.durable and metric.type is MetricType.COUNTER
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
