"""Every IAM document that the modules render: who is trusted, on what, and why a star stands where one stands."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from iam_documents import conditions, principals, statements
from terraforming import Plan

pytestmark = [pytest.mark.process, pytest.mark.terraform]

NO_RESOURCES = {
    "athena:ListCapacityReservations": "a list of all",
    "athena:ListWorkGroups": "a list of all",
    "cloudtrail:LookupEvents": "knows no resources",
    "cloudwatch:GetMetricData": "knows no resources, and no namespace to narrow it to",
    "cloudwatch:ListMetrics": "knows no resources",
    "ecr:GetAuthorizationToken": "a token for the whole registry",
    "lakeformation:GetDataAccess": "knows no resources: Lake Formation's own grants decide",
    "logs:GetQueryResults": "a request names a query's id and no group",
    "logs:StopQuery": "a request names a query's id and no group",
    "servicequotas:GetServiceQuota": "quotas of Athena are looked up by code",
}
"""Actions that may stand on `*`, and why. All of them but the registry's are narrowed to Regions."""
WITHOUT_REGION = {"ecr:GetAuthorizationToken"}
KEY_POLICY = re.compile(r"module\.event_logs\[.*\]\.data\.aws_iam_policy_document\.key")
PARTS_OF_NAMES = re.compile(
    r"arn:aws:(athena:[\w-]*:\d{12}:(workgroup|capacity-reservation|system-table)/([\w.-]*\*)"
    r"|s3tables:[\w-]*:\d{12}:bucket/aws-athena/table/\*"
    r"|glue:[\w-]*:\d{12}:(database/\*|table/(\*|[\w]+)/\*)"
    r"|logs:[\w-]*:\d{12}:log-group:[\w/.-]+(:\*|:log-stream:\*)"
    r"|s3:::[\w.-]+/([\w/.-]+/)?\*)"
)
"""Where a star may stand in a resource: at the end, behind what belongs to the account and the purpose."""


def every_statement(world: Plan) -> Iterator[tuple[str, dict[str, Any]]]:
    for address, document in sorted(world.documents().items()):
        for one in statements(document):
            yield address, one


def allowed(world: Plan) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is allowed, but for the policy of the key: there a star is the key itself."""
    for address, one in every_statement(world):
        if one["Effect"] == "Allow" and not KEY_POLICY.fullmatch(address):
            yield address, one


def test_there_is_something_to_judge(world: Plan) -> None:
    assert len({address for address, _ in every_statement(world)}) > 60


def test_every_statement_says_what_it_is_for(world: Plan) -> None:
    assert [
        address for address, one in every_statement(world) if not re.fullmatch(r"[A-Z]\w+", one.get("Sid", ""))
    ] == []


def test_no_action_has_a_star(world: Plan) -> None:
    assert [(address, one["Action"]) for address, one in allowed(world) if "*" in "".join(one["Action"])] == []


def test_everything_stands_on_resources_but_what_knows_none(world: Plan) -> None:
    bare = {action for _, one in allowed(world) for action in one["Action"] if "*" in one["Resource"]}
    assert bare == NO_RESOURCES.keys()


def test_what_knows_no_resources_is_narrowed_to_a_region(world: Plan) -> None:
    wide = {
        action
        for _, one in allowed(world)
        for action in one["Action"]
        if "*" in one["Resource"] and "aws:RequestedRegion" not in {key for _, key, _ in conditions(one)}
    }
    assert wide == WITHOUT_REGION


def test_a_star_in_a_resource_stands_behind_what_belongs_to_the_purpose(world: Plan) -> None:
    starred = {name for _, one in allowed(world) for name in one["Resource"] if "*" in name} - {"*"}
    assert starred
    assert {name for name in starred if not PARTS_OF_NAMES.fullmatch(name)} == set()


def test_nobody_is_let_in_as_everybody(world: Plan) -> None:
    assert [address for address, one in allowed(world) if "*" in principals(one)] == []


def test_every_role_of_a_service_is_for_this_account_alone(world: Plan) -> None:
    trusts = [one for address, one in every_statement(world) if address.endswith(".ecs_trust")]
    assert trusts
    for one in trusts:
        assert principals(one) == {"ecs-tasks.amazonaws.com"}
        assert conditions(one) == {
            ("StringEquals", "aws:SourceAccount", ("123456789012",)),
            ("ArnLike", "aws:SourceArn", ("arn:aws:ecs:eu-west-2:123456789012:*",)),
        }


@pytest.mark.parametrize(
    ("address", "trusted", "external_id"),
    [
        ("module.grafana_read_role", "arn:aws:iam::444455556666:role/grafana-workspace", "grafana-0123456789"),
        ("module.whole_exporter", "arn:aws:iam::123456789012:role/whole-task", "guard-external-id"),
    ],
)
def test_a_role_that_is_assumed_asks_for_the_external_id(
    address: str, trusted: str, external_id: str, world: Plan
) -> None:
    found = [
        one
        for name, one in every_statement(world)
        if name.startswith(f"{address}.") and one["Action"] == ["sts:AssumeRole"] and external_id in str(one)
    ]
    (one,) = found
    assert principals(one) == {trusted}
    assert conditions(one) == {("StringEquals", "sts:ExternalId", (external_id,))}


def test_every_service_that_sends_is_named_with_its_source(world: Plan) -> None:
    for address, one in allowed(world):
        services = {name for name in principals(one) if name.endswith(".amazonaws.com")}
        keys = {key for _, key, _ in conditions(one)}
        assert not services or "aws:SourceArn" in keys, address
        # A bucket's ARN names no account.
        assert "s3.amazonaws.com" not in services or "aws:SourceAccount" in keys, address


def test_the_key_of_events_is_for_the_two_groups_alone(world: Plan) -> None:
    document = world.documents()['module.event_logs["keyed"].data.aws_iam_policy_document.key']
    administrators, logs = statements(document)
    assert principals(administrators) == {"arn:aws:iam::123456789012:root"}
    assert principals(logs) == {"logs.eu-west-2.amazonaws.com"}
    ((test, key, groups),) = conditions(logs)
    assert (test, key) == ("ArnEquals", "kms:EncryptionContext:aws:logs:arn")
    assert [name.rpartition(":")[2] for name in groups] == [
        "/athena-observability/queries",
        "/athena-observability/table-access",
    ]


def test_the_keys_of_others_are_used_through_their_service_alone(world: Plan) -> None:
    used = [one for _, one in allowed(world) if any(action.startswith("kms:") for action in one["Action"])]
    assert used
    for one in used:
        assert {key for _, key, _ in conditions(one)} == {"kms:ViaService"}


def test_grafana_asks_its_audit_workgroup_alone_and_writes_its_results_alone(world: Plan) -> None:
    document = world.documents()["module.grafana_read_role.data.aws_iam_policy_document.read"]
    by_action = {action: one["Resource"] for one in statements(document) for action in one["Action"]}
    assert by_action["athena:StartQueryExecution"] == ["arn:aws:athena:eu-west-2:123456789012:workgroup/obs-audit"]
    assert by_action["s3:PutObject"] == ["arn:aws:s3:::obs-audit-results/results/*"]
    assert by_action["aps:QueryMetrics"] == ["arn:aws:aps:eu-west-2:123456789012:workspace/ws-0123abcd"]
    writes = {action for action in by_action if re.search(r":(Put|Delete|Create|Update|RemoteWrite)", action)}
    assert writes == {"s3:PutObject"}


def test_a_reader_of_metrics_alone_reads_metrics_alone(world: Plan) -> None:
    document = world.documents()["module.grafana_reads_metrics_alone.data.aws_iam_policy_document.read"]
    assert {action.partition(":")[0] for one in statements(document) for action in one["Action"]} == {"aps"}


def test_a_task_queries_through_its_own_workgroup_and_prefix(world: Plan) -> None:
    document = world.documents()['module.athena_workgroups.data.aws_iam_policy_document.task["airflow-hr-pay"]']
    assert {name for one in statements(document) for name in one["Resource"]} == {
        "arn:aws:athena:eu-west-2:123456789012:workgroup/airflow-hr-pay",
        "arn:aws:s3:::athena-query-dump",
        "arn:aws:s3:::athena-query-dump/results/hr/pay/*",
    }
