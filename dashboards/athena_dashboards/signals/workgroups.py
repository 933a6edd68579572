"""What the exporter counts of the workgroups: beside CloudWatch's figures, and beyond them."""

from athena_dashboards import figures, thresholds
from athena_dashboards.model import Description, Signal
from athena_dashboards.promql import (
    RANGE,
    Expr,
    Selector,
    aggregate,
    call,
    clamp_min,
    increase,
    like,
    quantile,
    scoped,
    total,
)
from athena_dashboards.queries import Prom
from athena_dashboards.theme import Unit
from athena_exporter import catalog
from athena_exporter.catalog import Metric

_TYPE = like("$query_type")
_BY = ("workgroup",)


def _of_type(metric: Metric, **matchers: str) -> Selector:
    return scoped(metric, statement_type=_TYPE, **matchers)


def _finished(*by: str) -> Expr:
    return figures.in_range(_of_type(catalog.QUERIES), *by)


def _scanned(*by: str) -> Expr:
    return figures.in_range(_of_type(catalog.SCANNED_BYTES), *by)


SCANNED = Signal(
    title="Data scanned, by the exporter",
    question="How much have the workgroups scanned, those that publish nothing included?",
    unit=Unit.BYTES,
    description=Description(
        headline="Bytes that finished queries scanned in the range, as Athena tells them of each query.",
        normal="CloudWatch's figure, plus workgroups that do not publish.",
        abnormal="Far less than CloudWatch's: the exporter did not run for a part of the range.",
        next_step="Coverage, beside; dashboard Exporter health.",
    ),
    queries=lambda: [Prom(expr=_scanned(), is_instant=True)],
)
QUERIES = Signal(
    title="Queries, by the exporter",
    question="How many queries have the workgroups run?",
    unit=Unit.COUNT,
    description=Description(
        headline="Finished queries in the range, each counted once.",
        normal="CloudWatch's succeeded, failed and cancelled ones together.",
        abnormal="Far fewer than CloudWatch's.",
        next_step="Coverage, beside; dashboard Exporter health.",
    ),
    queries=lambda: [Prom(expr=call("round", _finished()), is_instant=True)],
)
COST = Signal(
    title="Cost",
    question="What do the workgroups cost?",
    unit=Unit.USD,
    description=Description(
        headline="List price of the bytes billed in the range; CloudWatch does not tell it.",
        normal="About 5 USD per TiB scanned; more for very many small queries, for each is billed 10 MB at least.",
        abnormal="Well beyond the same range before.",
        next_step="Dashboard Cost: by component, client and user.",
    ),
    queries=lambda: [Prom(expr=figures.in_range(_of_type(catalog.COST_USD)), is_instant=True)],
)
COVERAGE = Signal(
    title="Counted by CloudWatch, too",
    question="Do the exporter and CloudWatch count the same?",
    unit=Unit.RATIO,
    description=Description(
        headline="CloudWatch's finished queries as a share of the exporter's, over the range.",
        normal="95 to 105 % over a day; less over minutes, for CloudWatch's are counted when they are settled.",
        abnormal="Less: workgroups do not publish (table below). More: the exporter was down and has not caught up.",
        next_step="`athena-exporter verify` compares the two day by day.",
    ),
    empty_is_right="the exporter reads CloudWatch only where its configuration says so, for AWS bills it",
    queries=lambda: [
        Prom(
            expr=total(increase(scoped(catalog.CLOUDWATCH_QUERIES, query_type=_TYPE), RANGE))
            / clamp_min(_finished(), 1),
            is_instant=True,
        )
    ],
)
OVER_TIME = Signal(
    title="Data scanned an hour, by the exporter",
    question="When do the workgroups scan?",
    unit=Unit.BYTES,
    description=Description(
        headline="Bytes scanned by workgroup, as a speed: per hour; seconds after the queries end.",
        normal="Nights belong to pipelines, days to people.",
        abnormal="A spike of one workgroup.",
        next_step="Click a series: who it was, on dashboard Users.",
    ),
    threshold=thresholds.WORKGROUP_SCAN,
    queries=lambda: [
        Prom(
            expr=figures.per_hour(_of_type(catalog.SCANNED_BYTES), *_BY),
            legend="{{workgroup}}",
        )
    ],
)
TABLE = Signal(
    title="Workgroups",
    question="How do the workgroups compare?",
    unit=Unit.COUNT,
    description=Description(
        headline="Each workgroup's queries, failures, bytes, cost and slow end over the range.",
        normal="Pipelines: many queries, few failures. People: fewer, larger, more failures.",
        abnormal="A failed share above a quarter; a 95th percentile of minutes where people wait.",
        next_step="Click a workgroup: its users. Settings and limits: dashboard Limits.",
    ),
    queries=lambda: [
        Prom(expr=call("round", _finished(*_BY)), is_instant=True),
        Prom(
            expr=figures.share(figures.in_range(_of_type(catalog.QUERIES, state="failed"), *_BY), _finished(*_BY)),
            is_instant=True,
        ),
        Prom(expr=_scanned(*_BY), is_instant=True),
        Prom(expr=_scanned(*_BY) / (_finished(*_BY) > 0), is_instant=True),
        Prom(expr=figures.in_range(_of_type(catalog.COST_USD), *_BY), is_instant=True),
        Prom(
            expr=quantile(0.95, catalog.TOTAL_SECONDS, RANGE, *_BY, where={"statement_type": _TYPE}),
            is_instant=True,
        ),
        Prom(
            expr=aggregate("max", scoped(catalog.WORKGROUP_INFO).now, "workgroup", "publishes", "enforced"),
            is_instant=True,
        ),
    ],
)
