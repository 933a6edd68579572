"""The variables of the dashboards: chosen once, kept by every link."""

from athena_dashboards.model import (
    ChoiceVariable,
    CloudWatchVariable,
    DatasourceVariable,
    LabelVariable,
    TextVariable,
)
from athena_dashboards.promql import like, select
from athena_dashboards.queries import Source
from athena_dashboards.theme import COMPONENT_TAG
from athena_exporter import catalog

_ACCOUNT, _REGION, _WORKGROUP = like("$account"), like("$region"), like("$workgroup")

PROMETHEUS = DatasourceVariable(source=Source.PROMETHEUS)
CLOUDWATCH = DatasourceVariable(source=Source.CLOUDWATCH)
ATHENA = DatasourceVariable(source=Source.ATHENA)

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

__all__ = [
    "ACCOUNT",
    "ATHENA",
    "CLIENT",
    "CLOUDWATCH",
    "COMPONENT",
    "PROMETHEUS",
    "REGION",
    "USER",
    "WORKGROUP",
    "ChoiceVariable",
    "CloudWatchVariable",
    "TextVariable",
]
