"""Where does the money go, what does a figure assume, and does it agree with CloudWatch?"""

from typing import Any

from athena_dashboards import figures, thresholds
from athena_dashboards.model import Description, Signal
from athena_dashboards.promql import Expr, aggregate, filled, join, like, relabel, scoped, top, total
from athena_dashboards.queries import Prom
from athena_dashboards.theme import COMPONENT_TAG, Unit
from athena_dashboards.thresholds import TIB
from athena_exporter import catalog

TOP = 10
_WORKGROUP = ("account_id", "region", "workgroup")
"""What names a workgroup: two accounts may both have a `primary`."""
_SETTLED = "10m"
"""So long the exporter lets CloudWatch's minutes settle before it counts them."""
_NOT_SETTLED = "CloudWatch's minutes are counted ten minutes late, and only where `sources.cloudwatch` is on"
_NO_COMPONENT = "(no component)"
_LEGEND = f"{{{{{COMPONENT_TAG}}}}}"


def _chosen(by_workgroup: Expr) -> Expr:
    """Only the workgroups of the chosen components, with their component; all of them while all are chosen.

    Args:
        by_workgroup: figures by account, Region and workgroup.
    """
    chosen: dict[str, Any] = {COMPONENT_TAG: like("$component")}
    settings = scoped(catalog.WORKGROUP_INFO, **chosen).now
    with_tag = join(
        by_workgroup,
        aggregate("max", settings, *_WORKGROUP, COMPONENT_TAG),
        on=_WORKGROUP,
        carry=(COMPONENT_TAG,),
    )
    return filled(with_tag, COMPONENT_TAG, _NO_COMPONENT)


def _by_component(by_workgroup: Expr) -> Expr:
    """By component; a workgroup without settings (it was deleted) goes to those without a component.

    Its sum is the whole only because nothing is left out, so it does not follow the variable `component`.
    """
    known = aggregate("max", scoped(catalog.WORKGROUP_INFO).now, *_WORKGROUP)
    tags = aggregate("max", scoped(catalog.WORKGROUP_INFO).now, *_WORKGROUP, COMPONENT_TAG)
    tagged = join(by_workgroup, tags, on=_WORKGROUP, carry=(COMPONENT_TAG,))
    rest = relabel(by_workgroup.unless(known), COMPONENT_TAG, "")
    return filled(total(tagged | rest, COMPONENT_TAG), COMPONENT_TAG, _NO_COMPONENT)


def _component_total(by_workgroup: Expr, *by: str) -> Expr:
    return total(_chosen(by_workgroup), *by)


COST = Signal(
    title="Cost in the range",
    question="What did the chosen time cost?",
    unit=Unit.USD,
    description=Description(
        headline="List price of the bytes billed for queries that ended in the range.",
        normal="As much as the same range a week before, within a fifth.",
        abnormal="A multiple of it; the spike table of the overview names who.",
        next_step="By workgroup, component, client and user: below.",
    ),
    queries=lambda: figures.now_and_then(
        figures.in_range(scoped(catalog.COST_USD)), figures.week_before(scoped(catalog.COST_USD))
    ),
    empty_is_right="a week before is empty until the exporter has run for a week",
)
PER_BILLED_TB = Signal(
    title="Price of a billed TiB",
    question="Which price do the figures assume?",
    unit=Unit.USD,
    description=Description(
        headline="The range's cost divided by its billed bytes: the price that the exporter is configured with.",
        normal="Your Region's list price: 5 dollars in most (`pricing.usd_per_tb`).",
        abnormal="Another one: the configuration does not fit the Region, or the price has changed within the range.",
        next_step="https://aws.amazon.com/athena/pricing/, and section `pricing` of the configuration.",
    ),
    queries=lambda: [
        Prom(
            expr=figures.in_range(scoped(catalog.COST_USD))
            / ((figures.in_range(scoped(catalog.BILLED_BYTES)) > 0) / TIB),
            is_instant=True,
        )
    ],
)
PER_SCANNED_TB = Signal(
    title="Paid for a scanned TiB",
    question="What does a scanned terabyte cost in the end?",
    unit=Unit.USD,
    description=Description(
        headline="The range's cost divided by its scanned bytes.",
        normal="Near the price of a billed TiB.",
        abnormal="Well above it: very many small queries, each billed for 10 MB at least. Well below it: much is read "
        "by queries that fail or run on reserved capacity, which are not billed by the byte.",
        next_step="Cost per query by workgroup, below; result reuse and fewer, larger queries lower it.",
    ),
    queries=lambda: [
        Prom(
            expr=figures.in_range(scoped(catalog.COST_USD))
            / ((figures.in_range(scoped(catalog.SCANNED_BYTES)) > 0) / TIB),
            is_instant=True,
        )
    ],
)
REUSED = Signal(
    title="Answered by result reuse",
    question="How many queries cost nothing because their result was there?",
    unit=Unit.RATIO,
    description=Description(
        headline="The share of the range's queries that Athena answered from an earlier query's result.",
        normal="0 where no client asks for it; 20 to 60 % of a dashboard's queries where it does.",
        abnormal="0 in the workgroup of a dashboard that is refreshed every minute: money for the same answer.",
        next_step="Switch result reuse on in the tool that queries; dashboard Workgroups shows each one's.",
    ),
    queries=lambda: [
        Prom(
            expr=figures.share(
                figures.in_range(scoped(catalog.RESULT_REUSE)), figures.in_range(scoped(catalog.QUERIES))
            ),
            is_instant=True,
        )
    ],
)
COVERAGE = Signal(
    title="Coverage against CloudWatch",
    question="Is every byte that CloudWatch knows of counted here?",
    unit=Unit.RATIO,
    description=Description(
        headline="Bytes that DML scanned by our count, as a share of CloudWatch's, in workgroups that publish.",
        normal="99 to 101 % over a day or more; in an hour the last minutes make more of a difference.",
        abnormal="Less than 95 %: queries are missing here.",
        next_step="The table by workgroup, below; `athena-exporter verify` compares whole days.",
    ),
    threshold=thresholds.COVERAGE,
    empty_is_right=_NOT_SETTLED,
    queries=lambda: [Prom(expr=_coverage(), is_instant=True)],
)


def _ours() -> Expr:
    """As of the minutes that CloudWatch has settled."""
    return figures.in_range(scoped(catalog.SCANNED_BYTES, statement_type="DML").offset(_SETTLED), *_WORKGROUP)


def _theirs() -> Expr:
    return figures.in_range(scoped(catalog.CLOUDWATCH_PROCESSED_BYTES, query_type="DML"), *_WORKGROUP)


def _coverage() -> Expr:
    """Only workgroups that both know."""
    return total(_ours().and_(_theirs())) / (total(_theirs().and_(_ours())) > 0)


COVERAGE_BY_WORKGROUP = Signal(
    title="Against CloudWatch, by workgroup",
    question="Where do the two counts differ?",
    unit=Unit.BYTES,
    description=Description(
        headline="Bytes scanned by DML in the range: our count, CloudWatch's, and the share.",
        normal="99 to 101 % over a day or more. `-`: the workgroup does not publish, CloudWatch counts nothing of it.",
        abnormal="One workgroup far below the others: what ran there before the exporter began, or a gap.",
        next_step="`athena-exporter verify` for one day, workgroup by workgroup and state by state.",
    ),
    empty_is_right=_NOT_SETTLED,
    queries=lambda: [Prom(expr=expr, is_instant=True) for expr in (_ours(), _theirs(), _ours() / (_theirs() > 0))],
)
WORKGROUPS = Signal(
    title="Workgroups",
    question="What does each workgroup cost, and what does one of its queries?",
    unit=Unit.USD,
    description=Description(
        headline="Every workgroup of the chosen components in the range: cost, cost per query, queries, bytes.",
        normal="Cents per query for people and dashboards, more for pipelines that read whole tables.",
        abnormal="Dollars per query in a workgroup of people: no partition filter, no scan limit.",
        next_step="Click a workgroup: its scans, times and failures. Dashboard Limits: whether it has a limit.",
    ),
    queries=lambda: [Prom(expr=expr, is_instant=True) for expr in _workgroups()],
)


def _workgroups() -> tuple[Expr, ...]:
    """Cost, cost per query, queries, scanned, billed; by workgroup and component."""
    by = ("workgroup", COMPONENT_TAG)
    cost, queries, scanned, billed = (
        _component_total(figures.in_range(scoped(metric), *_WORKGROUP), *by)
        for metric in (catalog.COST_USD, catalog.QUERIES, catalog.SCANNED_BYTES, catalog.BILLED_BYTES)
    )
    return cost, cost / (queries > 0), queries, scanned, billed


def _components(name: str) -> Expr:
    return _by_component(total(scoped(catalog.WINDOW_COST_USD, window=name).now, *_WORKGROUP))


COMPONENTS = Signal(
    title="Components",
    question="Which component of the platform spends?",
    unit=Unit.USD,
    description=Description(
        headline=f"Dollars by the workgroups' tag `component`: today, yesterday, this month, last month. "
        f"{_NO_COMPONENT}: workgroups without the tag, or deleted ones.",
        normal="Every workgroup has a component, and the order is last month's.",
        abnormal=f"Much under {_NO_COMPONENT}: nobody can be asked about it.",
        next_step="Tag the workgroup; the configuration asks for it with `sources.workgroups.tags: [component]`.",
    ),
    empty_is_right="an exporter that has not seen the last month has nothing to compare with",
    queries=lambda: [
        Prom(expr=_components(name), is_instant=True) for name in ("today", "yesterday", "month", "last_month")
    ],
)
COMPONENTS_PER_HOUR = Signal(
    title="Dollars an hour by component",
    question="When does each component spend?",
    unit=Unit.USD,
    description=Description(
        headline="How fast the workgroups of each component spend, in dollars an hour, stacked.",
        normal="A daily rhythm.",
        abnormal="A component that spends all night without a schedule.",
        next_step="Choose the component above; the workgroups below follow.",
    ),
    queries=lambda: [
        Prom(expr=_by_component(figures.per_hour(scoped(catalog.COST_USD), *_WORKGROUP)), legend=_LEGEND),
    ],
)
CLIENTS = Signal(
    title="Clients",
    question="Which tools spend?",
    unit=Unit.USD,
    description=Description(
        headline=f"The {TOP} tools whose queries cost most in the range, told by user agent and session name.",
        normal="Airflow, dbt and the dashboards' tool lead.",
        abnormal="`console` or `jdbc` among the first: people spend more than pipelines.",
        next_step="Who they are: users, beside.",
    ),
    queries=lambda: [
        Prom(
            expr=top(TOP, figures.in_range(scoped(catalog.CLIENT_COST_USD), "client")),
            legend="{{client}}",
            is_instant=True,
        )
    ],
)
USERS = Signal(
    title="Users",
    question="Who spends in the chosen workgroups?",
    unit=Unit.USD,
    description=Description(
        headline=f"The {TOP} users whose queries cost most in the range; they count once CloudTrail has named them.",
        normal="Pipelines' roles, then people.",
        abnormal="A person among the first; much `unattributed`.",
        next_step="Click a bar: that user's queries, databases and changes.",
    ),
    queries=lambda: [
        Prom(
            expr=top(TOP, figures.in_range(scoped(catalog.USER_COST_USD), "user")),
            legend="{{user}}",
            is_instant=True,
        )
    ],
)
BILLED_AND_SCANNED = Signal(
    title="Scanned and billed bytes an hour",
    question="How far is what is billed from what is scanned?",
    unit=Unit.BYTES,
    description=Description(
        headline="Bytes an hour: what queries scanned, and what of it is billed after AWS's rounding and minimum.",
        normal="Two lines close together.",
        abnormal="Billed above scanned: many queries below 10 MB. Scanned above billed: failures, reserved capacity.",
        next_step="What the figures assume, beside.",
    ),
    queries=lambda: [
        Prom(expr=figures.per_hour(scoped(catalog.SCANNED_BYTES)), legend="scanned"),
        Prom(expr=figures.per_hour(scoped(catalog.BILLED_BYTES)), legend="billed"),
    ],
)
RESERVED = Signal(
    title="Reserved capacity in the range",
    question="What is reserved capacity used for, and what does the idle part cost?",
    unit=Unit.USD,
    description=Description(
        headline="Dollars of reserved DPU hours: `used` by queries (a part of the reservation's bill), `idle` what "
        "nobody used, as CloudWatch counts it. Neither is in the cost per byte.",
        normal="Used above idle in working hours.",
        abnormal="Idle several times used over a week: the reservation is too large, or has no queries.",
        next_step="Dashboard Limits: DPUs allocated, consumed and idle by reservation.",
    ),
    empty_is_right="only accounts with a capacity reservation have these figures",
    queries=lambda: [
        Prom(expr=figures.in_range(scoped(catalog.RESERVED_COST_USD)), legend="used", is_instant=True),
        Prom(expr=figures.in_range(scoped(catalog.CAPACITY_IDLE_COST_USD)), legend="idle", is_instant=True),
    ],
)
ASSUMPTIONS = """\
**List price, not an invoice.** Discounts, credits, taxes and S3 requests are not in it; the Cost and Usage Report has
the last word.

- 5 USD a TB unless `pricing.usd_per_tb` says otherwise; the figure on top is what is configured. 1 TB is 2^40 bytes.
- Each query that is billed by the byte is rounded up to the MB and billed for 10 MB at least.
- DDL, failed queries and reused results are free. Cancelled ones, and those that hit a scan limit, are billed.
- Queries on reserved capacity cost nothing by the byte; the reservation is billed for as long as it exists.
- A query's price is fixed when it is counted: a new price holds from then on.
"""
