"""Queries as Grafana's targets."""

from grafanalib import cloudwatch

from athena_dashboards.grafana.cleaning import Json, without
from athena_dashboards.queries import AthenaSql, CloudWatch, CloudWatchMath, Logs, Prom, Query, Source
from athena_exporter.outlets.events.shape import Stream

LOG_GROUPS = {
    Stream.TABLE_ACCESS: "/athena-observability/table-access",
    Stream.QUERIES: "/athena-observability/queries",
}
"""Where the exporter's defaults send events."""
_METRICS_REGION = "$cloudwatch_region"
_LOGS_REGION = "default"
"""The data source's own. The exporter writes the events of all its accounts and Regions to one place."""


def datasource(source: Source) -> Json:
    """A reference by variable, so that a dashboard fits every Grafana."""
    return {"type": source.value, "uid": f"${{{source.variable}}}"}


def target(letter: str, query: Query, prom_format: str) -> Json:
    """A query as a target; `prom_format` is how a Prometheus answer is read: time_series, table, heatmap."""
    common = {"datasource": datasource(query.source), "refId": letter}
    match query:
        case Prom():
            return common | _prom(query, prom_format)
        case CloudWatch() | CloudWatchMath():
            return common | _metric(query)
        case Logs():
            return common | _logs(query, is_table=prom_format == "table")
        case AthenaSql():
            return common | _athena(query)


def _prom(query: Prom, prom_format: str) -> Json:
    """Prometheus's query model; grafanalib's own target carries fields of Grafana 5."""
    document = {
        "editorMode": "code", "expr": str(query.expr), "instant": query.is_instant, "range": not query.is_instant,
        "legendFormat": query.legend or "__auto", "format": prom_format,
    }  # fmt: skip  # a list of words
    optional = {"interval": query.interval, "hide": query.is_hidden}
    return document | {key: value for key, value in optional.items() if value}


def _metric(query: CloudWatch | CloudWatchMath) -> Json:
    """Grafanalib's target, with the words that came after it: how the query is meant, and its dynamic label.

    Source: github.com/grafana/grafana, public/app/plugins/datasource/cloudwatch/types.ts.
    """
    made = cloudwatch.CloudwatchMetricsTarget(
        id=query.id, region=_METRICS_REGION, period=query.period, statistic="Average"
    )
    if isinstance(query, CloudWatch):
        made.namespace, made.metricName, made.statistic = query.namespace, str(query.metric), query.statistic
        made.dimensions = {name: _dimension(values) for name, values in query.dimensions.items()}
        made.hide = query.is_hidden
    else:
        made.expression = query.expression
    words = {
        "queryMode": "Metrics", "metricQueryType": 0, "metricEditorMode": int(isinstance(query, CloudWatchMath)),
        "label": query.label, "sqlExpression": "",
    }  # fmt: skip  # a list of words
    return without(made.to_json_data(), ("alias", "statistics", "refId", "datasource")) | words


def _logs(query: Logs, *, is_table: bool) -> Json:
    """CloudWatch Logs Insights, the log group by its name: a name fits every account, an ARN only one.

    Grafana would ask for ARNs where it is given any, and 9.3 and 10 do not put variables into them. The empty list
    keeps the log groups that the data source may have as its default from being asked instead. Source:
    github.com/grafana/grafana, pkg/tsdb/cloudwatch/log_actions.go (executeStartQuery) and
    public/app/plugins/datasource/cloudwatch/query-runner/CloudWatchLogsQueryRunner.ts.
    """
    made = cloudwatch.CloudwatchLogsInsightsTarget(
        expression=query.insight.text, logGroupNames=[LOG_GROUPS[query.insight.stream]], region=_LOGS_REGION,
        statsGroups=_stats_groups(query, is_table=is_table),
    )  # fmt: skip  # as short as it can be said
    words = {"logGroups": [], "queryLanguage": "CWLI"}
    return without(made.to_json_data(), ("namespace", "refId", "datasource")) | words


def _stats_groups(query: Logs, *, is_table: bool) -> list[str]:
    """Grafana makes a series of each of these groups where there is a time; a table wants them all in one frame."""
    groups = query.insight.stats_groups
    return [] if is_table and any(group.startswith("bin(") for group in groups) else list(groups)


def _athena(query: AthenaSql) -> Json:
    """Athena's plug-in reads `rawSQL` and silently asks nothing of a target without it.

    Format 0 is a time series, 1 a table. Source: github.com/grafana/athena-datasource, src/types.ts.
    """
    arguments = {
        "region": "__default", "catalog": "__default", "database": "__default",
        "resultReuseEnabled": query.reuse_minutes > 0, "resultReuseMaxAgeInMinutes": query.reuse_minutes,
    }  # fmt: skip  # a list of words
    return {"rawSQL": query.sql, "format": 0 if query.is_time_series else 1, "connectionArgs": arguments}


def _dimension(values: tuple[str, ...]) -> str | list[str]:
    """Grafana puts values into a text, and leaves a list as it is."""
    return values[0] if len(values) == 1 and values[0].startswith("$") else list(values)
