"""What the modules plan: encrypted, over TLS, closed, and never two exporters."""

import json
from typing import Any

import pytest
from iam_documents import conditions, principals, statements
from terraforming import Plan

pytestmark = [pytest.mark.process, pytest.mark.terraform]

ADDRESS_OF_POLICY = {
    "aws_sqs_queue": "aws_sqs_queue_policy",
    "aws_s3_bucket": "aws_s3_bucket_policy",
    "aws_sns_topic": "aws_sns_topic_policy",
}


def found(world: Plan, kind: str) -> dict[str, dict[str, Any]]:
    resources = world.resources(kind)
    assert resources, f"the world has no {kind}"
    return resources


def containers(world: Plan, address: str) -> dict[str, dict[str, Any]]:
    definition = found(world, "aws_ecs_task_definition")[f"{address}.aws_ecs_task_definition.this"]
    return {one["name"]: one for one in json.loads(definition["container_definitions"])}


@pytest.mark.parametrize(("kind", "policy"), ADDRESS_OF_POLICY.items())
def test_everything_that_others_reach_answers_over_tls_alone(kind: str, policy: str, world: Plan) -> None:
    policies = found(world, policy)
    for address in found(world, kind):
        document = json.loads(policies[address.replace(f".{kind}.", f".{policy}.")]["policy"])
        (denied,) = [one for one in statements(document) if one["Effect"] == "Deny"]
        assert principals(denied) == {"*"}
        assert conditions(denied) == {("Bool", "aws:SecureTransport", ("false",))}


def test_every_queue_is_encrypted_and_has_a_dead_letter_queue(world: Plan) -> None:
    for address, queue in found(world, "aws_sqs_queue").items():
        assert queue.get("sqs_managed_sse_enabled") or queue.get("kms_master_key_id"), address
    redriven = [address for address in found(world, "aws_sqs_queue") if ".dead" not in address]
    planned = {one["address"]: one["change"]["after_unknown"] for one in world.told["resource_changes"]}
    assert all(planned[address].get("redrive_policy") for address in redriven)
    assert len(found(world, "aws_sqs_queue_redrive_allow_policy")) == len(found(world, "aws_sqs_queue")) - len(redriven)


def test_every_bucket_is_private_encrypted_and_emptied_by_age(world: Plan) -> None:
    for address in found(world, "aws_s3_bucket"):
        beside = {kind: address.replace("aws_s3_bucket.", f"{kind}.") for kind in (
            "aws_s3_bucket_public_access_block", "aws_s3_bucket_server_side_encryption_configuration",
            "aws_s3_bucket_ownership_controls", "aws_s3_bucket_lifecycle_configuration",
        )}  # fmt: skip  # a list of words
        block = found(world, "aws_s3_bucket_public_access_block")[beside["aws_s3_bucket_public_access_block"]]
        assert all(value for key, value in block.items() if key.startswith(("block_", "ignore_", "restrict_")))
        assert all(name in found(world, kind) for kind, name in beside.items()), address
    assert {one["bucket"] for one in found(world, "aws_s3_bucket").values() if one["force_destroy"]} == {
        one["bucket"] for address, one in found(world, "aws_s3_bucket").items() if ".results" in address
    }, "answers go with the stack, the trail doesn't"


def test_every_disk_topic_and_key_is_encrypted(world: Plan) -> None:
    assert all(one["encrypted"] for one in found(world, "aws_efs_file_system").values())
    assert all(one["kms_master_key_id"] for one in found(world, "aws_sns_topic").values())
    assert all(one["enable_key_rotation"] for one in found(world, "aws_kms_key").values())


def test_nothing_comes_in_but_the_task_to_its_disk(world: Plan) -> None:
    for one in found(world, "aws_vpc_security_group_ingress_rule").values():
        assert (one["from_port"], one["to_port"], one["ip_protocol"]) == (2049, 2049, "tcp")
        assert one.get("cidr_ipv4") is None
        assert one.get("cidr_ipv6") is None


def test_what_goes_out_goes_to_443_and_to_the_disk(world: Plan) -> None:
    out = found(world, "aws_vpc_security_group_egress_rule")
    whole = [one for address, one in out.items() if address.startswith("module.whole_exporter.")]
    assert {(one["to_port"], one.get("cidr_ipv4"), one.get("cidr_ipv6")) for one in whole} == {
        (443, "0.0.0.0/0", None),
        (443, None, "::/0"),
        (2049, None, None),
    }


def test_two_exporters_never_run_at_once(world: Plan) -> None:
    for one in found(world, "aws_ecs_service").values():
        assert one["desired_count"] == 1
        assert (one["deployment_minimum_healthy_percent"], one["deployment_maximum_percent"]) == (0, 100)
        assert one["deployment_circuit_breaker"] == [{"enable": True, "rollback": True}]
        assert one["availability_zone_rebalancing"] == "DISABLED"
        assert not one["enable_execute_command"]


def test_tasks_are_for_arm_and_mount_the_ledger_over_tls_as_their_role(world: Plan) -> None:
    for one in found(world, "aws_ecs_task_definition").values():
        assert one["runtime_platform"] == [{"cpu_architecture": "ARM64", "operating_system_family": "LINUX"}]
        (ledger,) = (volume for volume in one["volume"] if volume["name"] == "ledger")
        (disk,) = ledger["efs_volume_configuration"]
        assert disk["transit_encryption"] == "ENABLED"
        assert disk["authorization_config"][0]["iam"] == "ENABLED"


def test_no_container_writes_its_own_disk_maps_a_port_or_has_a_capability(world: Plan) -> None:
    for one in containers(world, "module.whole_exporter").values():
        assert one["readonlyRootFilesystem"]
        assert one["portMappings"] == []
        assert one["linuxParameters"]["capabilities"] == {"add": [], "drop": ["ALL"]}


def test_only_the_container_that_ends_at_once_is_root(world: Plan) -> None:
    told = containers(world, "module.whole_exporter")
    assert {name: one["user"] for name, one in told.items()} == {
        "configuration": "0:0",
        "exporter": "10001:10001",
        "agent": "65534:65534",
    }
    assert not told["configuration"]["essential"]
    for name in ("exporter", "agent"):
        assert {"containerName": "configuration", "condition": "SUCCESS"} in told[name]["dependsOn"]
        assert told[name]["essential"]


def test_no_secret_stands_in_the_task_definition(world: Plan) -> None:
    told = containers(world, "module.whole_exporter")
    assert {one["name"] for one in told["exporter"]["secrets"]} == {"ATHENA_EXPORTER_PSEUDONYM_KEY", "SLACK"}
    assert {one["name"] for one in told["exporter"]["environment"]} == {"AWS_REGION"}
    assert "secrets" not in told["configuration"]


def test_every_workgroup_is_enforced_but_the_one_that_says_otherwise(world: Plan) -> None:
    told = {one["name"]: one for one in found(world, "aws_athena_workgroup").values()}
    loose = {name for name, one in told.items() if not one["configuration"][0]["enforce_workgroup_configuration"]}
    silent = {name for name, one in told.items() if not one["configuration"][0]["publish_cloudwatch_metrics_enabled"]}
    assert (loose, silent) == ({"dbt"}, {"archive-disabled"})
    assert all(one["configuration"][0]["bytes_scanned_cutoff_per_query"] >= 10_485_760 for one in told.values())
    assert told["airflow-hr-pay"]["tags"] == {"component": "payroll", "owner": "pay@example.org"}
    assert told["airflow-sales"]["tags"] == {"component": "sales"}


def test_read_events_have_the_state_without_which_they_never_come(world: Plan) -> None:
    rules = {address: one["state"] for address, one in found(world, "aws_cloudwatch_event_rule").items()}
    special = {address for address, state in rules.items() if state == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"}
    assert special == {address for address in rules if "-reads" in address}
    assert special


def test_the_stacks_data_is_kept_when_it_is_destroyed(world: Plan) -> None:
    assert all(
        one["skip_destroy"]
        for address, one in found(world, "aws_cloudwatch_log_group").items()
        if "event_logs" in address
    )
    assert not any(one["force_delete"] for one in found(world, "aws_ecr_repository").values())
