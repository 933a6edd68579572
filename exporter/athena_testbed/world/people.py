"""Who works at the company. `label` is what an observer should call each one: written by hand, never computed.

Each row: label, identity kind (see identity.py), the kind's details, clients, workgroups, weight (how busy).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal[
    "sso", "iam", "federated", "identity_center", "role", "saml", "web_identity", "service", "account", "root",
    "unknown",
]  # fmt: skip  # two lines read best


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Someone or something that starts queries.

    Attributes:
        label: the name that an observer's metrics should carry.
        kind: which shape its userIdentity has.
        details: what that shape needs: `role`, `session` (a template), `set`, `user_id`, `source_identity`, ...
        clients: the tools it uses, the usual one first.
        workgroups: where it runs queries, the usual one first.
        weight: how busy it is; an ordinary analyst is 1.
        person: whether it keeps working hours.
        scan_factor: how much more it scans than others do.
    """

    label: str
    kind: Kind
    details: Mapping[str, str] = field(default_factory=dict)
    clients: tuple[str, ...]
    workgroups: tuple[str, ...]
    weight: float = 1.0
    person: bool = True
    scan_factor: float = 1.0


_SSO = "analyst"
_OFFICE = """
ana.lima@harbour.example         DataAnalyst       console,jdbc          analytics,ad-hoc           1.6
ben.okafor@harbour.example       DataAnalyst       console               analytics,ad-hoc           1.2
chen.wei@harbour.example         DataAnalyst       console,odbc          analytics                  1.0
dora.novak@harbour.example       DataAnalyst       jdbc,console          analytics,finance-bi       1.1
emil.sorensen@harbour.example    FinanceReader     odbc,console          finance-bi                 1.3
fatima.haddad@harbour.example    FinanceReader     console               finance-bi                 0.7
gita.rao@harbour.example         FinanceReader     odbc                  finance-bi,risk-reserved   0.8
hugo.martin@harbour.example      DataAnalyst       console               ad-hoc,sandbox             0.5
ines.costa@harbour.example       PowerUser         awswrangler,console   data-science               1.4
jonas.berg@harbour.example       PowerUser         pyathena,console      data-science,ad-hoc        1.0
kofi.mensah@harbour.example      PowerUser         boto3,aws-cli         data-science,sandbox       0.6
lena.fischer@harbour.example     DataAnalyst       console               analytics                  0.9
mateo.garcia@harbour.example     DataAnalyst       jdbc                  analytics,ad-hoc           0.9
nadia.petrova@harbour.example    RiskAnalyst       console,jdbc          risk-reserved              1.0
omar.said@harbour.example        RiskAnalyst       jdbc                  risk-reserved              0.8
priya.nair@harbour.example       DataAnalyst       console               analytics,primary          1.0
quentin.dubois@harbour.example   DataAnalyst       console,odbc          analytics                  0.6
rosa.bianchi@harbour.example     DataAnalyst       console               ad-hoc                     0.8
sven.lund@harbour.example        PlatformAdmin     aws-cli,console       primary,monitoring         0.4
tara.byrne@harbour.example       PlatformAdmin     sdk-go,console        primary                    0.3
"""
"""The people of the single sign-on: e-mail, permission set, clients, workgroups, weight."""

_ROLES = """
bkamau    alpha_user_bkamau    botocore-session-{epoch}       pyathena,boto3        data-science,sandbox       1.1
cwright   alpha_user_cwright   botocore-session-{epoch}       awswrangler           data-science               0.9
djansen   alpha_user_djansen   botocore-session-{epoch}       console               ad-hoc                     0.8
efield    alpha_user_efield    efield-laptop                  dbt-athena            dbt-dev                    1.2
fyamada   alpha_user_fyamada   botocore-session-{epoch}       dbt-athena,console    dbt-dev                    0.9
gsilva    alpha_user_gsilva    botocore-session-{epoch}       jdbc                  analytics                  0.7
hpark     alpha_user_hpark     i-0a41f5c2b7d9e8310            boto3                 sandbox                    0.4
mmoreau   alpha_user_mmoreau   botocore-session-{epoch}       awswrangler           data-science               0.8
walter.kim@harbour.example     redash-query-runner  walter.kim@harbour.example   redash    dashboards            0.9
xenia.popova@harbour.example   redash-query-runner  xenia.popova@harbour.example redash    dashboards            0.7
Admin/admin-session            Admin                admin-session                console   primary,sandbox       0.3
BreakGlass/night-shift         BreakGlass           night-shift                  console   primary               0.1
Auditor/yearly-review-2026     Auditor              yearly-review-2026           console   finance-bi            0.2
"""
"""People in roles: label, role, session template, clients, workgroups, weight."""

_PEOPLE: tuple[Principal, ...] = (
    Principal(
        label="vikram.shah@harbour.example", kind="sso", details={"set": "PowerUser"},
        clients=("awswrangler", "console"), workgroups=("data-science", "analytics"), weight=1.2, scan_factor=150.0,
    ),
    Principal(label="Alice", kind="iam", clients=("console", "aws-cli"), workgroups=("primary", "sandbox"), weight=0.6),
    Principal(label="bob.old-account", kind="iam", clients=("sdk-java",), workgroups=("primary",), weight=0.4),
    Principal(label="svc_legacy_reports", kind="iam", clients=("odbc",), workgroups=("finance-bi",), weight=0.9),
    Principal(
        label="partner-carol", kind="federated", details={"issuer": "federation-broker"}, clients=("console",),
        workgroups=("ad-hoc",), weight=0.4,
    ),
    Principal(
        label="partner-dmitri", kind="federated", details={"issuer": "federation-broker"}, clients=("jdbc",),
        workgroups=("ad-hoc",), weight=0.3,
    ),
    Principal(
        label="idc:72f5d4a8-1061-70c3-9d0b-5a8f0c1e2b3d", kind="identity_center", clients=("quicksight",),
        workgroups=("dashboards",), weight=0.8,
        details={"user_id": "72f5d4a8-1061-70c3-9d0b-5a8f0c1e2b3d"},
    ),
    Principal(
        label="idc:92f5e4b8-4011-70d7-8a2c-6b9f1d2e3c4f", kind="identity_center", clients=("datazone.amazonaws.com",),
        workgroups=("analytics",), weight=0.6,
        details={"user_id": "92f5e4b8-4011-70d7-8a2c-6b9f1d2e3c4f"},
    ),
    Principal(
        label="idc:a2e534c8-20b1-7068-b3f5-7c0a2e3f4d50", kind="role", clients=("console",),
        workgroups=("analytics",), weight=0.6,
        details={"role": "EMRStudioUserRole", "session": "identity-center-{epoch}",
                 "user_id": "a2e534c8-20b1-7068-b3f5-7c0a2e3f4d50"},
    ),
    Principal(
        label="yusuf.demir", kind="role", clients=("boto3",), workgroups=("data-science",), weight=0.7,
        details={"role": "SharedNotebooks", "session": "notebook-{hex8}", "source_identity": "yusuf.demir"},
    ),
    Principal(
        label="zoe.laurent", kind="role", clients=("pyathena",), workgroups=("data-science",), weight=0.6,
        details={"role": "SharedNotebooks", "session": "PyAthena-session-{epoch}", "source_identity": "zoe.laurent"},
    ),
    Principal(
        label="OldIdP:irma", kind="saml", clients=("console",),
        workgroups=("primary",), weight=0.1,
        details={"provider": "arn:aws:iam::123456789012:saml-provider/OldIdP", "user": "irma"},
    ),
    Principal(
        label="accounts.google.com:olaf", kind="web_identity", clients=("sdk-js",), workgroups=("sandbox",), weight=0.1,
        details={"provider": "accounts.google.com", "user": "olaf"},
    ),
    Principal(label="root", kind="root", clients=("console",), workgroups=("primary",), weight=0.05),
    Principal(label="unknown", kind="unknown", clients=("sdk-java",), workgroups=("primary",), weight=0.05),
)  # fmt: skip  # a table: one row a principal

_SERVICES = """
airflow-core-worker/Airflow_aws_default airflow-core-worker Airflow_aws_default airflow airflow-core 9
airflow-marketing-worker airflow-marketing-worker botocore-session-{epoch} airflow airflow-marketing 5
airflow-ml-worker airflow-ml-worker i-0c8d1f22a9b34e567 airflow airflow-ml 4
dbt-prod-runner/dbt-athena dbt-prod-runner dbt-athena dbt-athena dbt-prod 10
dbt-dev-runner dbt-dev-runner PyAthena-session-{epoch} dbt-athena dbt-dev 2
dbt-ci-runner/GitHubActions dbt-ci-runner GitHubActions dbt-athena dbt-ci 5
aws-quicksight-service-role-v0 aws-quicksight-service-role-v0 QuickSight-RoleSession-{ms} quicksight dashboards 6
grafana-athena-reader grafana-athena-reader {ns} grafana monitoring 7
metabase-task metabase-task {hex32} metabase dashboards 5
glue-nightly-etl glue-nightly-etl GlueJobRunnerSession glue airflow-core 2
lakeformation-access lakeformation-access AWSLF-00-AT-123456789012-{hex8} boto3 analytics 0.5
AWSServiceRoleForAthenaInsights AWSServiceRoleForAthenaInsights insights lakeformation.amazonaws.com primary 0.3
risk-report-batch risk-report-batch {uuid} sdk-java risk-reserved 3
price-alert-fn/price-alert price-alert-fn price-alert lambda primary 1.5
data-quality-runner data-quality-runner {digits} awswrangler data-science 2
"""
"""Services in roles: label, role, session template, client, workgroup, weight."""

_OUTSIDERS: tuple[Principal, ...] = (
    Principal(
        label="quicksight.amazonaws.com", kind="service", clients=("quicksight",), workgroups=("dashboards",),
        weight=1.5, person=False,
    ),
    Principal(
        label="account:999988887777", kind="account", details={"account": "999988887777"}, clients=("boto3",),
        workgroups=("sandbox",), weight=0.2, person=False,
    ),
)  # fmt: skip  # a table: one row a principal


def _rows(table: str) -> list[list[str]]:
    return [line.split() for line in table.strip().splitlines()]


def _office(row: list[str]) -> Principal:
    label, permission_set, clients, workgroups, weight = row
    return Principal(
        label=label, kind="sso", details={"set": permission_set}, clients=tuple(clients.split(",")),
        workgroups=tuple(workgroups.split(",")), weight=float(weight),
    )  # fmt: skip  # as the tables above


def _in_role(row: list[str], *, person: bool) -> Principal:
    label, role, session, clients, workgroups, weight = row
    return Principal(
        label=label, kind="role", details={"role": role, "session": session}, clients=tuple(clients.split(",")),
        workgroups=tuple(workgroups.split(",")), weight=float(weight), person=person,
    )  # fmt: skip  # as the tables above


def people(count: int) -> tuple[Principal, ...]:
    """The first `count` people of the company; beyond the named ones, numbered analysts of the single sign-on."""
    named = (*_PEOPLE, *(_in_role(row, person=True) for row in _rows(_ROLES)), *map(_office, _rows(_OFFICE)))
    extra = (
        _office([f"{_SSO}.{number:04}@harbour.example", "DataAnalyst", "console,jdbc", "analytics,ad-hoc", "0.6"])
        for number in range(len(named) + 1, count + 1)
    )
    return (*named, *extra)[:count]


def services() -> tuple[Principal, ...]:
    """Everything that is no person: schedulers, dashboards, jobs, AWS services, another account."""
    return (*(_in_role(row, person=False) for row in _rows(_SERVICES)), *_OUTSIDERS)


NAMED = len(_PEOPLE) + len(_rows(_OFFICE)) + len(_rows(_ROLES))
"""How many people have a row of their own."""
