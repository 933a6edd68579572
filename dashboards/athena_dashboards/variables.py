"""The variables of the dashboards: chosen once, kept by every link."""

from dataclasses import replace

from athena_dashboards import history
from athena_dashboards.figures import PIPELINES
from athena_dashboards.model import (
    ChoiceVariable,
    CloudWatchVariable,
    DatasourceVariable,
    LabelVariable,
    ResultVariable,
    TextVariable,
)
from athena_dashboards.promql import aggregate, combined, is_not, like, select
from athena_dashboards.queries import Source
from athena_dashboards.theme import COMPONENT_TAG
from athena_exporter import catalog

_ACCOUNT, _REGION, _WORKGROUP = like("$account"), like("$region"), like("$workgroup")

PROMETHEUS = DatasourceVariable(source=Source.PROMETHEUS)
CLOUDWATCH = DatasourceVariable(source=Source.CLOUDWATCH)
ATHENA = DatasourceVariable(
    source=Source.ATHENA,
    description="Of the rows on the history: a data source of its database and workgroup. Without one those rows, which"
    " are collapsed, stay empty, and nothing else does.",
)

ACCOUNT = LabelVariable(
    name="account",
    label="Account",
    selector=lambda: select(catalog.COUNTING_SINCE),
    of="account_id",
    description="AWS accounts that an exporter reads.",
)
REGION = LabelVariable(
    name="region",
    label="Region",
    selector=lambda: select(catalog.COUNTING_SINCE, account_id=_ACCOUNT),
    of="region",
)
WORKGROUP = LabelVariable(
    name="workgroup",
    label="Workgroup",
    selector=lambda: select(catalog.QUERIES, account_id=_ACCOUNT, region=_REGION),
    of="workgroup",
    description="Workgroups that have run queries, also those that CloudWatch has forgotten.",
)
USER = LabelVariable(
    name="user",
    label="User",
    selector=lambda: select(catalog.USER_QUERIES, account_id=_ACCOUNT, region=_REGION, workgroup=_WORKGROUP),
    of="user",
    description="People, services and roles, as the identity rules name them.",
)
COMPONENT = LabelVariable(
    name="component",
    label="Component",
    selector=lambda: select(catalog.WORKGROUP_INFO, account_id=_ACCOUNT, region=_REGION),
    of=COMPONENT_TAG,
    description="Values of the workgroups' tag `component`.",
)
CLIENT = LabelVariable(
    name="client",
    label="Client",
    selector=lambda: select(catalog.CLIENT_QUERIES, account_id=_ACCOUNT, region=_REGION, workgroup=_WORKGROUP),
    of="client",
    description="Tools that start queries: Airflow, dbt, the console ...",
)

DATABASE = LabelVariable(
    name="database",
    label="Database",
    selector=lambda: select(catalog.TABLE_QUERIES, account_id=_ACCOUNT, region=_REGION),
    of="database",
    description="Databases whose tables a query has named.",
)
TABLE = LabelVariable(
    name="table",
    label="Table",
    selector=lambda: select(catalog.TABLE_QUERIES, account_id=_ACCOUNT, region=_REGION, database=like("$database")),
    of="table",
    description="Tables that a query has named.",
)

READER = replace(
    USER,
    selector=lambda: select(catalog.USER_QUERIES, account_id=_ACCOUNT, region=_REGION),
    description="Of the rows that ask the events: people, services and roles, as the identity rules name them.",
)
"""A user, on a dashboard that has no workgroups."""

EVERY = ".*[|*|]?"
"""All, for variables that both PromQL and CloudWatch read.

As a regular expression it matches everything. Grafana takes a CloudWatch dimension apart at each `|`, and one `*` among
the values means any value (github.com/grafana/grafana, expandVariableToArray in public/app/plugins/datasource/
cloudwatch/query-runner/CloudWatchRequest.ts and buildSearchExpression in pkg/tsdb/cloudwatch/
metric_data_query_builder.go). All of them by name would be too long for a search from about 50 workgroups on: its text
has at most 1,024 characters.
"""
CLOUDWATCH_REGION = CloudWatchVariable(
    name="cloudwatch_region",
    label="Region in CloudWatch",
    query={"queryType": "regions"},
    is_multi=False,
    has_all=False,
    default="default",
    description="Of the panels that ask CloudWatch; `default` is the data source's own.",
)
KNOWN_WORKGROUP = replace(
    WORKGROUP,
    all_value=EVERY,
    description="Workgroups that the exporter knows, also those that CloudWatch's lists have forgotten.",
)
"""The exporter's list, on a dashboard that asks CloudWatch, too."""
PUBLISHED = CloudWatchVariable(
    name="published",
    label="Workgroup in CloudWatch",
    query={
        "queryType": "dimensionValues", "region": "$cloudwatch_region", "namespace": "AWS/Athena",
        "metricName": "TotalExecutionTime", "dimensionKey": "WorkGroup", "dimensionFilters": {},
    },
    all_value="${workgroup:pipe}",
    only="/^(?:${workgroup:regex})$/",
    description="Workgroups with data in CloudWatch's last two weeks, for use without the exporter."
    " All: what Workgroup, to the left, has chosen.",
)  # fmt: skip  # the plug-in's object reads best in rows
"""CloudWatch's list. With the exporter's to the left it makes the union: what either of them has can be chosen."""
QUERY_TYPE = ChoiceVariable(
    name="query_type",
    label="Query type",
    choices={"DML": "DML", "DDL": "DDL", "UTILITY": "UTILITY"},
    is_multi=True,
    has_all=True,
    all_value=EVERY,
    default="DML",
    description="DML reads and writes data; DDL changes the catalogue; UTILITY is SHOW, DESCRIBE, EXPLAIN.",
)
PERIOD = ChoiceVariable(
    name="period",
    label="Period",
    choices={"1 day": "86400", "1 hour": "3600", "5 minutes": "300", "auto": "auto"},
    description="Of CloudWatch's bars and averages. It keeps five minutes for 63 days and an hour for 15 months.",
)
PIPELINE_CLIENT = LabelVariable(
    name="client",
    label="Tool",
    selector=lambda: select(catalog.CLIENT_QUERIES, account_id=_ACCOUNT, region=_REGION, client=PIPELINES),
    of="client",
    is_all_listed=True,
    description="Tools that run pipelines.",
)
PIPELINE_WORKGROUP = LabelVariable(
    name="workgroup",
    label="Workgroup",
    selector=lambda: select(catalog.CLIENT_QUERIES, account_id=_ACCOUNT, region=_REGION, client=like("$client")),
    of="workgroup",
    is_all_listed=True,
    description="Workgroups where the chosen tools have run queries.",
)
HISTORY = ChoiceVariable(
    name=history.REACH,
    label="History",
    choices={"7 days": "6", "30 days": "29", "90 days": "89", "1 year": "364"},
    default="30 days",
    description="Of the rows on the history: so many days, up to the end of the range. Each is paid for when asked.",
)
COMPONENT_OF = ResultVariable(
    name=history.COMPONENT_OF,
    query=lambda: aggregate(
        "max",
        combined(
            select(catalog.WORKGROUP_INFO, account_id=_ACCOUNT, region=_REGION, **{COMPONENT_TAG: is_not("")}).now,
            history.COMPONENT_OF,
            "=",
            "workgroup",
            COMPONENT_TAG,
        ),
        history.COMPONENT_OF,
    ),
    label=history.COMPONENT_OF,
)
CUR_TABLE = TextVariable(
    name=history.CUR_TABLE,
    label="CUR 2.0 table",
    description="database.table of a Cost and Usage Report 2.0, for the bars of the bill beside those of the history.",
)

__all__ = [
    "ACCOUNT",
    "ATHENA",
    "CLIENT",
    "CLOUDWATCH",
    "CLOUDWATCH_REGION",
    "COMPONENT",
    "COMPONENT_OF",
    "CUR_TABLE",
    "DATABASE",
    "EVERY",
    "HISTORY",
    "KNOWN_WORKGROUP",
    "PERIOD",
    "PROMETHEUS",
    "PUBLISHED",
    "QUERY_TYPE",
    "READER",
    "REGION",
    "TABLE",
    "USER",
    "WORKGROUP",
    "ChoiceVariable",
    "CloudWatchVariable",
    "TextVariable",
]
