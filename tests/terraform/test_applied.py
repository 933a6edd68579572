"""The data account, applied and destroyed by the real provider against moto: `make terraform-apply`, five minutes.

The tests stand in the order of a life: made, looked at, planned again, destroyed.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from applying import ACCOUNT, REGION, Applied, cloud
from botocore.exceptions import ClientError
from iam_documents import conditions, principals, statements
from moto.s3.models import s3_backends
from terraforming import Terraform, TerraformError, copied_tree

from athena_exporter.library import definitions, table

pytestmark = [pytest.mark.applied, pytest.mark.process, pytest.mark.terraform]

ROOT = "terraform/stacks/data-account"
NAME = "athena-observability"
PLACE = f"{ACCOUNT}-{REGION}"
TRAIL, HISTORY, ANSWERS = (f"{NAME}-{kind}-{PLACE}" for kind in ("trail", "history", "audit"))
GROUPS = {"/athena-observability/queries", "/athena-observability/table-access"}
REFUSED = {
    ("metrics-store", "aws_prometheus_workspace_configuration.this"): "moto has no UpdateWorkspaceConfiguration",
    ("exporter", "aws_efs_backup_policy.ledger"): "moto has no PutBackupPolicy",
    ("exporter", "aws_efs_file_system_policy.ledger"): "moto has no DeleteFileSystemPolicy",
    ("events", "aws_sqs_queue_redrive_allow_policy.dead"): "moto forgets RedriveAllowPolicy, the provider waits for it",
}
"""What is left out, and why. test_resources.py looks at it in the plan."""
DRIFT = {
    "module.events[0].aws_sqs_queue.events[0]": {"redrive_policy"},  # the same JSON, with blanks
    "module.exporter.aws_ecs_service.this": {"availability_zone_rebalancing", "enable_ecs_managed_tags"},  # forgotten
    "module.exporter.aws_vpc_security_group_egress_rule.nfs": {"description"},  # forgotten where a group is named
    "module.exporter.aws_vpc_security_group_ingress_rule.nfs": {"description"},  # as above
}
"""What moto tells otherwise than it was told: all that a second plan may want to change."""
KEPT = {
    "module.audit_trail[0].aws_s3_bucket.trail[0]",
    "module.exporter.aws_efs_file_system.ledger",
    "module.history[0].aws_s3_bucket.history",
    "module.metrics_store.aws_prometheus_workspace.this",
}
"""What `terraform destroy` refuses to delete: docs/deploy.md, "Leave again"."""

Json = dict[str, Any]


@pytest.fixture(scope="module")
def applied(terraform: Terraform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Applied]:
    """The stack with all that it can have, applied once."""
    with cloud() as aws:
        made = Applied(
            program=terraform.program, provider=terraform.provider, sts=aws, root=ROOT, aws=aws,
            tree=copied_tree(tmp_path_factory.mktemp("applied")),
        )  # fmt: skip  # a call on a few lines
        made.without(REFUSED)
        made.give(_variables(made))
        made.apply()
        yield made


def _variables(aws: Applied) -> dict[str, Any]:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"]
        for number, zone in enumerate("ab")
    ]
    return {
        "region": REGION, "account_id": ACCOUNT, "external_id": "observability", "image_tag": "1.0.0",
        "network": {"vpc_id": vpc, "subnet_ids": [one["SubnetId"] for one in subnets], "assign_public_ip": True},
        "grafana_role_arn": "arn:aws:iam::444455556666:role/grafana-workspace",
        "event_queue": {}, "history": {}, "tags": {"component": "athena-observability"},
        "workgroups": {"airflow-sales": {"cutoff_bytes": 2**40}},
        "workgroup_results": {"bucket": "athena-query-dump", "prefix": "results"},
    }  # fmt: skip  # a table


def _file(bucket: str, key: str) -> None:
    """A file of somebody who came over TLS."""
    s3_backends[ACCOUNT]["aws"].put_object(bucket, key, b"kept?")


def _keys(applied: Applied, bucket: str) -> list[str]:
    return [one["Key"] for one in applied.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])]


def test_everything_that_is_not_refused_is_made(applied: Applied) -> None:
    kinds = {re.sub(r"\[.*?\]", "", one).split(".")[-2] for one in applied.there()}

    assert len(applied.there()) > 60
    assert {"aws_cloudtrail", "aws_ecs_service", "aws_glue_catalog_table", "aws_sqs_queue_policy"} <= kinds
    assert not {resource.split(".")[0] for _, resource in REFUSED} & kinds


def test_every_role_has_the_policies_of_the_plan_and_trusts_whom_it_says(applied: Applied) -> None:
    iam = applied.client("iam")
    told = applied.values("aws_iam_role_policy")

    for one in told.values():
        there = iam.get_role_policy(RoleName=one["role"], PolicyName=one["name"])["PolicyDocument"]
        assert there == json.loads(one["policy"]), one["name"]
    roles = {one["role"] for one in told.values()}
    assert {f"{NAME}-task", f"{NAME}-execution", f"{NAME}-grafana-read"} <= roles
    for role in roles:
        assert set(iam.list_role_policies(RoleName=role)["PolicyNames"]) == {
            one["name"] for one in told.values() if one["role"] == role
        }
        assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    (trust,) = statements(iam.get_role(RoleName=f"{NAME}-grafana-read")["Role"]["AssumeRolePolicyDocument"])
    assert principals(trust) == {"arn:aws:iam::444455556666:role/grafana-workspace"}
    assert conditions(trust) == {("StringEquals", "sts:ExternalId", ("observability",))}


@pytest.mark.parametrize(
    ("name", "cutoff", "place"),
    [
        (f"{NAME}-audit", 100 * 2**30, f"s3://{ANSWERS}/results/"),
        (f"{NAME}-history", 100 * 2**30, f"s3://{HISTORY}/results/"),
        ("airflow-sales", 2**40, "s3://athena-query-dump/results/sales/"),
    ],
)
def test_a_workgroup_enforces_its_limit_and_its_place(name: str, cutoff: int, place: str, applied: Applied) -> None:
    made = applied.client("athena").get_work_group(WorkGroup=name)["WorkGroup"]["Configuration"]

    assert made["EnforceWorkGroupConfiguration"]
    assert made["PublishCloudWatchMetricsEnabled"]
    assert made["BytesScannedCutoffPerQuery"] == cutoff
    assert made["ResultConfiguration"]["OutputLocation"] == place
    assert made["ResultConfiguration"]["EncryptionConfiguration"] == {"EncryptionOption": "SSE_S3"}


def test_the_catalogue_has_the_trails_table_the_history_and_its_views(applied: Applied) -> None:
    glue = applied.client("glue")
    tables = {one["Name"]: one for one in glue.get_tables(DatabaseName="athena_observability_history")["TableList"]}

    assert tables.keys() == {table.TABLE, *(one.name for one in definitions.VIEWS)}
    raw = tables[table.TABLE]
    assert raw["Parameters"]["storage.location.template"] == f"s3://{HISTORY}/athena-history/v1/day=${{day}}/"
    assert [one["Name"] for one in raw["StorageDescriptor"]["Columns"]] == [one.name for one in table.COLUMNS]
    for one in definitions.VIEWS:
        assert tables[one.name]["TableType"] == "VIRTUAL_VIEW"
        assert tables[one.name]["ViewOriginalText"].startswith("/* Presto View: ")
    trail = glue.get_table(DatabaseName="athena_observability_audit", Name="cloudtrail_logs")["Table"]
    assert [one["Name"] for one in trail["PartitionKeys"]] == ["account", "region", "day"]


def test_the_trail_records_and_its_files_can_be_proved(applied: Applied) -> None:
    cloudtrail = applied.client("cloudtrail")
    trail = cloudtrail.get_trail(Name=f"{NAME}-trail")["Trail"]

    assert (trail["S3BucketName"], trail["IsMultiRegionTrail"], trail["LogFileValidationEnabled"]) == (
        TRAIL,
        True,
        True,
    )
    assert cloudtrail.get_trail_status(Name=trail["TrailARN"])["IsLogging"]


@pytest.mark.parametrize("bucket", [TRAIL, HISTORY, ANSWERS])
def test_a_bucket_is_closed_encrypted_and_over_tls_alone(bucket: str, applied: Applied) -> None:
    s3 = applied.client("s3")
    (encrypted,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])

    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    assert encrypted["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    (denied,) = (one for one in statements(policy) if one["Effect"] == "Deny")
    assert conditions(denied) == {("Bool", "aws:SecureTransport", ("false",))}
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert any("AbortIncompleteMultipartUpload" in one for one in rules)
    assert (s3.get_bucket_versioning(Bucket=bucket).get("Status") == "Enabled") == (bucket == TRAIL)


def test_nobody_writes_without_tls(applied: Applied) -> None:
    """Moto judges by the bucket's policy, and is asked over plain HTTP."""
    with pytest.raises(ClientError, match="403"):
        applied.client("s3").put_object(Bucket=HISTORY, Key="athena-history/v1/x", Body=b"x")


def test_events_are_kept_as_long_as_is_said(applied: Applied) -> None:
    found = applied.client("logs").describe_log_groups(logGroupNamePrefix="/athena-observability/")["logGroups"]

    assert {one["logGroupName"]: one["retentionInDays"] for one in found} == dict.fromkeys(GROUPS, 400)


def test_the_queue_takes_athenas_events_over_tls_alone_and_lays_dead_letters_aside(applied: Applied) -> None:
    sqs = applied.client("sqs")
    url = sqs.get_queue_url(QueueName=f"{NAME}-events")["QueueUrl"]
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    dead = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{NAME}-dead-letters"
    rules = applied.client("events").list_rule_names_by_target(TargetArn=told["QueueArn"])["RuleNames"]

    assert told["SqsManagedSseEnabled"] == "true"
    assert json.loads(told["RedrivePolicy"]) == {"deadLetterTargetArn": dead, "maxReceiveCount": 5}
    policy = statements(json.loads(told["Policy"]))
    by_effect = {effect: one for one in policy for effect in [one["Effect"]]}
    assert conditions(by_effect["Deny"]) == {("Bool", "aws:SecureTransport", ("false",))}
    assert principals(by_effect["Allow"]) == {"events.amazonaws.com"}
    assert set(rules) == {f"{NAME}-query-starts", f"{NAME}-query-states"}


def test_one_exporter_runs_on_an_encrypted_disk_and_knows_its_history(applied: Applied) -> None:
    ecs, efs = applied.client("ecs"), applied.client("efs")
    (service,) = ecs.describe_services(cluster=NAME, services=[NAME])["services"]
    (disk,) = efs.describe_file_systems()["FileSystems"]
    definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]

    assert service["desiredCount"] == 1
    assert disk["Encrypted"]
    assert HISTORY in json.dumps(definition["containerDefinitions"])


def test_a_second_plan_wants_nothing_but_what_moto_tells_otherwise(applied: Applied) -> None:
    assert applied.drift() == DRIFT


def test_destroy_is_refused_as_long_as_data_would_go(applied: Applied) -> None:
    for bucket, key in ((TRAIL, "AWSLogs/1"), (HISTORY, "athena-history/v1/day=2026-11-01/1.parquet")):
        _file(bucket, key)
    _file(ANSWERS, "results/1.csv")
    before = applied.there()

    with pytest.raises(TerraformError, match="Instance cannot be destroyed") as refused:
        applied.destroy()

    assert applied.refused(str(refused.value)) == KEPT
    assert applied.there() == before


def test_after_that_what_was_made_is_gone_and_data_is_left(applied: Applied) -> None:
    applied.forget(*sorted(KEPT))
    applied.destroy()

    assert applied.there() == []
    assert _keys(applied, TRAIL) == ["AWSLogs/1"]
    assert _keys(applied, HISTORY) == ["athena-history/v1/day=2026-11-01/1.parquet"]
    groups = applied.client("logs").describe_log_groups()["logGroups"]
    assert {one["logGroupName"] for one in groups if one["logGroupName"].startswith("/athena-obs")} == GROUPS
    assert len(applied.client("amp").list_workspaces()["workspaces"]) == 1
    assert len(applied.client("efs").describe_file_systems()["FileSystems"]) == 1
    with pytest.raises(ClientError, match="NoSuchBucket"):
        applied.client("s3").list_objects_v2(Bucket=ANSWERS)
    workgroups = applied.client("athena").list_work_groups()["WorkGroups"]
    assert {one["Name"] for one in workgroups} == {"primary"}
    assert not [one for one in applied.client("iam").list_roles()["Roles"] if one["RoleName"].startswith(NAME)]
