"""What a panel asks: of Prometheus, CloudWatch's metrics, CloudWatch Logs Insights, or Athena.

Stage: promql, the exporter's Insights -> **queries** -> signals. Each knows the data source that it is for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from athena_dashboards.promql import Expr
from athena_exporter.outlets.insights import Insight


class Source(StrEnum):
    """Data sources, by Grafana's plug-in id; each has a variable that chooses it."""

    PROMETHEUS = "prometheus"
    CLOUDWATCH = "cloudwatch"
    ATHENA = "grafana-athena-datasource"

    @property
    def variable(self) -> str:
        """The variable's name; the first of the plug-in's words, as Grafana's dashboard linter wants it."""
        return {"grafana-athena-datasource": "athena"}.get(self.value, self.value) + "_datasource"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prom:
    """PromQL. `legend` is Grafana's template (`{{workgroup}}`); empty names a series by all its labels.

    `is_instant`: one value a series, for tables, stats and bar gauges of the present. `interval`: the least step, such
    as `1h`. `format`: how Grafana reads the answer; a table's queries need none, their panel knows.
    """

    expr: Expr
    legend: str = ""
    is_instant: bool = False
    interval: str = ""
    is_hidden: bool = False

    source = Source.PROMETHEUS


class AthenaMetric(StrEnum):
    """CloudWatch's metrics of namespace AWS/Athena, in its words."""

    PROCESSED_BYTES = "ProcessedBytes"
    TOTAL_EXECUTION_TIME = "TotalExecutionTime"
    ENGINE_EXECUTION_TIME = "EngineExecutionTime"
    QUERY_QUEUE_TIME = "QueryQueueTime"
    QUERY_PLANNING_TIME = "QueryPlanningTime"
    SERVICE_PROCESSING_TIME = "ServiceProcessingTime"


DAY = "86400"
"""A period, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudWatch:
    """A metric of CloudWatch with one exact set of dimensions: sums over several sets count twice.

    Several values of a dimension, or `*`, make Grafana search, and a search finds only what had data in the last two
    weeks; one value each is asked for by name and finds what CloudWatch keeps (455 days at periods of an hour and
    more). A value that is a variable (`$workgroup`) stands alone: Grafana puts its values in the place of it. `period`:
    seconds, or a variable; empty leaves it to Grafana. `label`: CloudWatch's dynamic label.
    """

    metric: AthenaMetric | str
    dimensions: Mapping[str, tuple[str, ...]]
    statistic: str
    label: str = ""
    period: str = DAY
    namespace: str = "AWS/Athena"
    id: str = ""
    is_hidden: bool = False

    source = Source.CLOUDWATCH


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudWatchMath:
    """Metric math over other queries of the panel (by their `id`) or over searches."""

    expression: str
    label: str = ""
    period: str = DAY
    id: str = ""

    source = Source.CLOUDWATCH


@dataclass(frozen=True, slots=True, kw_only=True)
class Logs:
    """A question to CloudWatch Logs Insights over the log group of its stream. It costs by the byte that it reads."""

    insight: Insight

    source = Source.CLOUDWATCH


@dataclass(frozen=True, slots=True, kw_only=True)
class AthenaSql:
    """SQL on Athena itself: billed, so only in collapsed rows, with results reused and partitions named."""

    sql: str
    reuse_minutes: int = 60
    is_time_series: bool = False

    source = Source.ATHENA


Query = Prom | CloudWatch | CloudWatchMath | Logs | AthenaSql


@dataclass(frozen=True, slots=True, kw_only=True)
class Refs:
    """Queries with the letters that Grafana knows them by: the first is A."""

    queries: tuple[Query, ...] = field(default=())

    def lettered(self) -> list[tuple[str, Query]]:
        """In order."""
        return [(chr(ord("A") + place), query) for place, query in enumerate(self.queries)]
