"""The workspace of Amazon Managed Grafana: who may be it, what it may do, how people reach it."""

import json
from typing import Any

import pytest
from grafana_content import PaperTerraform
from terraforming import MODULES, Plan, Terraform

pytestmark = [pytest.mark.process, pytest.mark.terraform]

ACCOUNT, REGION = "123456789012", "eu-west-2"
READER = "arn:aws:iam::{}:role/athena-observability-grafana-read"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:grafana-athena-observability"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0123abcd"

Json = dict[str, Any]

REFUSED: dict[str, tuple[Json, tuple[str, ...]]] = {
    "words that are none": (
        {
            "name": "Athena", "grafana_version": "9.4", "authentication_providers": ["LDAP"],
            "kms_key_arn": "alias/aws/sns", "network_access": {},
            "vpc": {"subnet_ids": ["subnet-01"], "security_group_ids": []},
            "read_role_arns": ["arn:aws:iam::12345:role/x"],
            "topic_arns": ["arn:aws:sns:eu-west-2:123456789012:alerts"],
            "alert_email_addresses": ["team"], "description": "x" * 2049,
        },
        (
            "name has to begin with a lower-case letter",
            "description has to have at most 2048 characters",
            "grafana_version has to be 10.4, 12.4 or 13.x",
            "authentication_providers has to hold AWS_SSO, SAML or both",
            "kms_key_arn has to be the ARN of a key",
            "network_access has two empty lists, which locks everybody out",
            "vpc needs two to six subnets",
            "read_role_arns has to hold ARNs of roles with an account id of 12 digits",
            "topic_arns has to hold ARNs of topics whose names begin with grafana",
            "alert_email_addresses has to hold addresses",
        ),
    ),
    "what does not go together": (
        {
            "authentication_providers": ["SAML"], "read_role_arns": [], "create_topic": False,
             "alert_email_addresses": ["team@example.org"],
            "network_access": {"prefix_list_ids": ["vpce-0123"]},
        },
        (
            "authentication_providers and saml belong together",
            "read_role_arns is empty",
            "alert_email_addresses are told through the topic",
            "network_access holds ids of prefix lists (pl-...)",
        ),
    ),
    "roles that nobody has, or that are none": (
        {"read_role_arns": [READER.format(ACCOUNT)], "role_associations": {"OWNER": {}}},
        ("role_associations knows ADMIN, EDITOR and VIEWER", "role_associations names a role that nobody has"),
    ),
    "roles of a directory that is not there": (
        {
            "authentication_providers": ["SAML"], "read_role_arns": [READER.format(ACCOUNT)],
            "saml": {"role_assertion": "role", "admin_role_values": ["a"], "idp_metadata_xml": "<x/>"},
            "role_associations": {"ADMIN": {"user_ids": ["x"]}},
        },
        ("role_associations are for AWS_SSO",),
    ),
    "an identity provider without metadata, an administrator, and doors without number": (
        {
            "authentication_providers": ["SAML"], "read_role_arns": [READER.format(ACCOUNT)],
            "saml": {"role_assertion": "role", "admin_role_values": []},
            "network_access": {"prefix_list_ids": [f"pl-0000000{number}" for number in range(6)]},
        },
        (
            "saml needs either idp_metadata_url or idp_metadata_xml",
            "saml.admin_role_values is empty",
            "network_access can name five prefix lists",
        ),
    ),
}  # fmt: skip  # a table


@pytest.fixture(scope="module")
def workspaces(terraform: Terraform) -> Plan:
    return terraform.plan("tests/terraform/grafana_world")


def _one(plan: Plan, module: str, kind: str) -> Json:
    (found,) = (one for address, one in plan.resources(kind).items() if address.startswith(f"module.{module}."))
    return dict(found)


def _statements(plan: Plan, module: str, name: str) -> dict[str, Json]:
    document = plan.documents()[f"module.{module}.data.aws_iam_policy_document.{name}"]
    return {one["Sid"]: one for one in document["Statement"]}


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("module", ["usual", "closed"])
def test_only_workspaces_of_this_account_may_be_the_role(module: str, workspaces: Plan) -> None:
    (trust,) = _statements(workspaces, module, "trust").values()

    assert trust["Action"] == "sts:AssumeRole"
    assert trust["Principal"] == {"Service": "grafana.amazonaws.com"}
    assert trust["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "StringLike": {"aws:SourceArn": f"arn:aws:grafana:{REGION}:{ACCOUNT}:/workspaces/*"},
    }


def test_the_workspace_may_assume_the_named_roles_publish_to_its_topic_and_nothing_else(workspaces: Plan) -> None:
    statements = _statements(workspaces, "usual", "workspace")

    assert {sid: (one["Action"], one["Resource"]) for sid, one in statements.items()} == {
        "AssumeTheReadRoles": ("sts:AssumeRole", READER.format(ACCOUNT)),
        "PublishAlerts": ("sns:Publish", TOPIC),
    }


def test_several_accounts_mean_several_roles_and_never_a_star(workspaces: Plan) -> None:
    statements = _statements(workspaces, "closed", "workspace")

    assert set(_listed(statements["AssumeTheReadRoles"]["Resource"])) == {
        READER.format("444455556666"), READER.format("777788889999")
    }  # fmt: skip  # as short as it can be said
    assert statements["PublishAlerts"]["Resource"] == f"arn:aws:sns:{REGION}:{ACCOUNT}:grafana-oncall"
    assert "*" not in json.dumps([statements, _statements(workspaces, "usual", "workspace")])


def test_a_key_of_ones_own_is_used_through_sns_only(workspaces: Plan) -> None:
    one = _statements(workspaces, "closed", "workspace")["EncryptAlerts"]

    assert (set(_listed(one["Action"])), one["Resource"]) == ({"kms:Decrypt", "kms:GenerateDataKey"}, KEY)
    assert one["Condition"] == {"StringEquals": {"kms:ViaService": f"sns.{REGION}.amazonaws.com"}}


def test_a_topic_is_encrypted_and_its_name_is_one_that_the_workspace_may_publish_to(workspaces: Plan) -> None:
    topic = _one(workspaces, "usual", "aws_sns_topic")

    assert topic["name"].startswith("grafana")
    assert topic["kms_master_key_id"] == "alias/aws/sns"
    assert _one(workspaces, "usual", "aws_sns_topic_subscription")["endpoint"] == "team@example.org"
    assert [address for address in workspaces.resources("aws_sns_topic") if address.startswith("module.closed.")] == []


@pytest.mark.parametrize("module", ["usual", "closed"])
def test_the_configuration_names_both_of_its_keys(module: str, workspaces: Plan) -> None:
    """With one of them left out every later plan finds a difference."""
    workspace = _one(workspaces, module, "aws_grafana_workspace")

    assert json.loads(workspace["configuration"]) == {
        "plugins": {"pluginAdminEnabled": True}, "unifiedAlerting": {"enabled": True}
    }  # fmt: skip  # as short as it can be said
    assert (workspace["permission_type"], workspace["account_access_type"]) == ("CUSTOMER_MANAGED", "CURRENT_ACCOUNT")


def test_two_workspaces_differ_in_their_descriptions(workspaces: Plan) -> None:
    told = {_one(workspaces, module, "aws_grafana_workspace")["description"] for module in ("usual", "closed")}
    assert len(told) == 2


def test_the_usual_one_is_reached_from_everywhere_by_people_of_the_identity_center(workspaces: Plan) -> None:
    workspace = _one(workspaces, "usual", "aws_grafana_workspace")
    roles = {
        one["role"]: (one["group_ids"], one["user_ids"])
        for one in workspaces.resources("aws_grafana_role_association").values()
    }

    assert (workspace["grafana_version"], workspace["authentication_providers"]) == ("12.4", ["AWS_SSO"])
    assert workspace["network_access_control"] == workspace["vpc_configuration"] == []
    assert roles == {"ADMIN": (["0123"], None), "VIEWER": (["4567"], ["89ab"])}


def test_the_closed_one_is_reached_through_its_doors_only(workspaces: Plan) -> None:
    workspace = _one(workspaces, "closed", "aws_grafana_workspace")
    saml = _one(workspaces, "closed", "aws_grafana_workspace_saml_configuration")

    assert workspace["network_access_control"] == [{"prefix_list_ids": ["pl-0123456789"], "vpce_ids": None}]
    assert workspace["vpc_configuration"] == [
        {"subnet_ids": ["subnet-01", "subnet-02"], "security_group_ids": ["sg-01"]}
    ]
    assert (workspace["grafana_version"], workspace["authentication_providers"]) == ("13.1", ["SAML"])
    assert (saml["admin_role_values"], saml["role_assertion"]) == (["admin"], "role")
    assert _one(workspaces, "closed", "aws_iam_role")["permissions_boundary"].endswith(":policy/boundary")


def test_the_service_account_has_no_token_in_the_state(workspaces: Plan) -> None:
    account = _one(workspaces, "usual", "aws_grafana_workspace_service_account")

    assert (account["grafana_role"], account["name"]) == ("ADMIN", "athena-observability-deploy")
    assert workspaces.resources("aws_grafana_workspace_service_account_token") == {}
    assert workspaces.resources("aws_grafana_workspace_api_key") == {}
    assert len(workspaces.resources("aws_grafana_workspace_service_account")) == 1


@pytest.mark.parametrize("case", REFUSED)
def test_variables_that_cannot_work_are_refused_with_a_sentence(case: str, content: PaperTerraform) -> None:
    given, sentences = REFUSED[case]

    said = content.refused(content.variables_alone("grafana-workspace"), given)

    for sentence in sentences:
        assert any(one.startswith(sentence) for one in said), sentence
    assert len(said) == len(sentences), said


@pytest.mark.parametrize("version", ["10.4", "12.4", "13.0", "13.12"])
def test_a_version_that_amazon_offers_is_taken(version: str, content: PaperTerraform) -> None:
    given = {"grafana_version": version, "read_role_arns": [READER.format(ACCOUNT)]}

    assert content.refused(content.variables_alone("grafana-workspace"), given) == []


def test_every_validation_is_seen_to_refuse_something() -> None:
    lines = (MODULES / "grafana-workspace" / "variables.tf").read_text(encoding="utf-8").splitlines()
    tried = [sentence for _, sentences in REFUSED.values() for sentence in sentences]

    messages = [json.loads(line.split("=", 1)[1]) for line in lines if "error_message" in line]
    assert [one for one in messages if not any(one.startswith(sentence) for sentence in tried)] == []
