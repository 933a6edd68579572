"""Why these tests exist: people paste this policy into production, and an action too many is a hole in it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from athena_exporter.cli import main
from athena_exporter.config import Config, load
from athena_exporter.sources.grants import own_grant
from athena_exporter.sources.permissions import PERMISSIONS, Feature
from athena_exporter.sources.policy import document, terraform

ROLE = "arn:aws-us-gov:iam::444455556666:role/athena-reader"


def run(*arguments: str, **environ: str | None) -> Any:
    blank = {"AWS_REGION": None, "AWS_DEFAULT_REGION": None, "AWS_CONFIG_FILE": "/nonexistent", "AWS_PROFILE": None}
    return CliRunner().invoke(main, ["iam-policy", *arguments], env={**blank, **environ})


def policy(*arguments: str, **environ: str) -> dict[str, Any]:
    result = run(*arguments, **environ)
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def by_sid(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {statement["Sid"]: statement for statement in found["Statement"]}


@pytest.fixture
def full(tmp_path: Path) -> Path:
    path = tmp_path / "full.yml"
    path.write_text(
        "targets: [{region: eu-west-1}, {region: us-gov-west-1, role_arn: '" + ROLE + "'}]\n"
        "sources: {workgroups: {tags: [component]}, cloudwatch: {enabled: true}}\n"
        "events: {enabled: true}\n"
    )
    return path


def test_the_defaults_read_and_never_write() -> None:
    actions = {action for statement in policy()["Statement"] for action in statement["Action"]}
    assert "athena:BatchGetQueryExecution" in actions
    assert all(re.match(r"\w+:(Get|List|Lookup|BatchGet)", action) for action in actions)


def test_each_statement_is_legal_and_says_what_it_is_for(full: Path) -> None:
    for statement in policy("--config", str(full))["Statement"]:
        assert re.fullmatch(r"[A-Za-z0-9]+", statement["Sid"])
        assert statement["Effect"] == "Allow"
        assert statement["Action"]
        assert statement["Resource"]


def test_resources_are_narrowed_to_region_and_account() -> None:
    found = by_sid(policy("--account", "111122223333", AWS_REGION="eu-west-1"))
    assert found["CountQueries"]["Resource"] == ["arn:aws:athena:eu-west-1:111122223333:workgroup/*"]
    assert found["FollowViewsToTables"]["Resource"] == [
        "arn:aws:glue:eu-west-1:111122223333:catalog",
        "arn:aws:glue:eu-west-1:111122223333:database/*",
        "arn:aws:glue:eu-west-1:111122223333:table/*/*",
    ]


def test_an_action_that_knows_no_resource_is_bound_to_the_region() -> None:
    statement = by_sid(policy(AWS_REGION="eu-west-1"))["FindWhoStartedQueries"]
    assert statement["Resource"] == ["*"]
    assert statement["Condition"] == {"StringEquals": {"aws:RequestedRegion": ["eu-west-1"]}}


def test_without_any_region_the_policy_holds_in_all() -> None:
    found = by_sid(policy())
    assert found["CountQueries"]["Resource"] == ["arn:aws:athena:*:*:workgroup/*"]
    assert "Condition" not in found["FindWhoStartedQueries"]


def test_roles_are_assumed_by_the_own_identity_and_read_by_themselves(full: Path) -> None:
    result = run("--config", str(full))
    own = by_sid(json.loads(result.stdout))
    assert own["ReadOtherAccounts"]["Resource"] == [ROLE]
    assert own["CountQueries"]["Resource"] == ["arn:aws:athena:eu-west-1:*:workgroup/*"]
    assert f"add --role {ROLE}" in result.stderr
    role = by_sid(policy("--config", str(full), "--role", ROLE))
    assert role["CountQueries"]["Resource"] == ["arn:aws-us-gov:athena:us-gov-west-1:444455556666:workgroup/*"]
    assert not {"ReadOtherAccounts", "WriteEvents"} & role.keys()


def test_a_hub_that_reads_nothing_itself_may_only_assume_exactly_its_roles(tmp_path: Path) -> None:
    path = tmp_path / "hub.yml"
    other = ROLE.replace("444455556666", "777788889999")
    roles = [f"{{regions: [us-gov-west-1, us-gov-east-1], role_arn: '{role}'}}" for role in (ROLE, other)]
    path.write_text(f"targets: [{', '.join(roles)}]\n")
    (hub,) = policy("--config", str(path))["Statement"]
    assert (hub["Action"], hub["Resource"]) == (["sts:AssumeRole"], [ROLE, other])
    read = by_sid(policy("--config", str(path), "--role", other))
    assert read["CountQueries"]["Resource"] == [
        f"arn:aws-us-gov:athena:{region}:777788889999:workgroup/*" for region in ("us-gov-west-1", "us-gov-east-1")
    ]


def test_what_a_target_says_of_its_sources_decides_what_its_role_needs(tmp_path: Path) -> None:
    path = tmp_path / "differing.yml"
    queue = "https://sqs.us-gov-west-1.amazonaws.com/444455556666/events"
    path.write_text(
        "sources: {cloudwatch: {enabled: true}, eventbridge: {queue_url: '" + queue + "'}}\n"
        "targets: [{region: eu-west-1}, {region: us-gov-west-1, role_arn: '" + ROLE + "', sources: "
        "{cloudwatch: {enabled: false}, lookup: {enabled: false}, eventbridge: {enabled: true}}}]\n"
    )
    own, role = (by_sid(policy("--config", str(path), *more)) for more in ((), ("--role", ROLE)))
    assert {"CompareWithCloudWatch", "FindWhoStartedQueries"} <= own.keys() - role.keys()
    assert "ReadQueues" not in own
    assert role["ReadQueues"]["Resource"] == ["arn:aws-us-gov:sqs:us-gov-west-1:444455556666:events"]


def test_events_are_written_into_their_own_groups_only(full: Path) -> None:
    found = by_sid(policy("--config", str(full), "--account", "111122223333"))
    groups = ["/athena-observability/table-access", "/athena-observability/queries"]
    assert found["WriteEvents"]["Resource"] == [
        f"arn:aws:logs:eu-west-1:111122223333:log-group:{group}:log-stream:*" for group in groups
    ]
    assert found["CreateLogGroups"]["Action"] == ["logs:CreateLogGroup"]


def test_groups_that_others_make_need_no_permission_to_make_them(tmp_path: Path) -> None:
    path = tmp_path / "events.yml"
    path.write_text("events: {enabled: true, create_groups: false}\n")
    assert "CreateLogGroups" not in by_sid(policy("--config", str(path)))


def test_verify_adds_what_it_asks_and_nothing_twice(full: Path) -> None:
    assert by_sid(policy("--verify"))["Verify"]["Action"] == ["cloudwatch:ListMetrics", "cloudwatch:GetMetricData"]
    assert "Verify" not in by_sid(policy("--verify", "--config", str(full)))


@pytest.mark.parametrize(
    ("switch", "gone"),
    [
        ("sources: {lookup: {enabled: false}}", Feature.LOOKUP),
        ("sources: {workgroups: {enabled: false}}", Feature.WORKGROUPS),
        ("sources: {cloudwatch: {enabled: false}}", Feature.CLOUDWATCH),
        ("sql: {views: false}", Feature.VIEWS),
        ("sql: {tables: false}", Feature.VIEWS),
        ("events: {enabled: false}", Feature.EVENTS),
    ],
)
def test_what_is_switched_off_is_not_granted(tmp_path: Path, switch: str, gone: Feature) -> None:
    path = tmp_path / "less.yml"
    path.write_text(switch + "\n")
    config = load(path, {})
    grant = own_grant(config, regions=[None])
    assert gone not in {permission.feature for permission in grant.permissions}


def test_every_region_of_an_account_is_granted() -> None:
    config = Config.model_validate({"targets": [{"region": "eu-west-1"}, {"region": "us-east-1"}]})
    found = by_sid(document(own_grant(config, account="111122223333", regions=["eu-west-1", "us-east-1"])))
    assert len(found["CountQueries"]["Resource"]) == 2
    assert found["FindWorkgroups"]["Condition"]["StringEquals"]["aws:RequestedRegion"] == ["eu-west-1", "us-east-1"]


def test_no_action_stands_in_two_statements_of_one_policy(full: Path) -> None:
    actions = [action for statement in policy("--config", str(full))["Statement"] for action in statement["Action"]]
    assert len(actions) == len(set(actions))


def test_terraform_says_the_same_in_its_own_words(full: Path) -> None:
    text = run("--config", str(full), "--format", "terraform").stdout
    assert text.startswith('data "aws_iam_policy_document" "athena_exporter" {\n  statement {\n')
    assert set(re.findall(r'sid       = "(\w+)"', text)) == set(by_sid(policy("--config", str(full))))
    assert 'resources = ["arn:aws:athena:eu-west-1:*:workgroup/*"]' in text
    assert 'variable = "aws:RequestedRegion"' in text
    assert text.count("{") == text.count("}")


def test_terraform_reads_no_template_into_a_name() -> None:
    config = Config.model_validate({"targets": [{"region": "eu-west-1"}]})
    assert "${" not in terraform(own_grant(config, account="${x}", regions=["eu-west-1"])).replace("$${", "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--account", "12"), "--account: '12' is no account id; write its 12 digits, or * for any"),
        (("--role", "arn:x"), "--role: no target has the role 'arn:x'; targets[].role_arn is set nowhere"),
        (("--guard", "--role", ROLE), "--guard and --role: each prints the policy of one role; give one of them"),
        (("--config", "/nonexistent.yml"), "/nonexistent.yml: cannot be read"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_2(arguments: tuple[str, ...], words: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_role_that_no_target_has_is_answered_with_those_there_are(full: Path) -> None:
    assert f"there are {ROLE}" in run("--config", str(full), "--role", "arn:x").stderr


GUARD_ROLE = "arn:aws:iam::111122223333:role/athena-guard"


@pytest.fixture
def guarded(tmp_path: Path) -> Path:
    path = tmp_path / "guarded.yml"
    path.write_text(
        "targets: [{region: eu-west-1}, {region: eu-central-1}, {region: us-gov-west-1, role_arn: '" + ROLE + "'}]\n"
        f"guard: {{mode: enforce, role_arn: '{GUARD_ROLE}'}}\n"
    )
    return path


def test_the_guards_role_may_stop_queries_of_its_own_account_and_nothing_else(guarded: Path) -> None:
    (statement,) = policy("--config", str(guarded), "--guard")["Statement"]
    assert statement == {
        "Sid": "StopQueries",
        "Effect": "Allow",
        "Action": ["athena:GetQueryExecution", "athena:StopQueryExecution"],
        "Resource": [
            "arn:aws:athena:eu-west-1:111122223333:workgroup/*",
            "arn:aws:athena:eu-central-1:111122223333:workgroup/*",
        ],
    }


def test_the_exporter_may_assume_the_guards_role_and_stop_nothing_itself(guarded: Path) -> None:
    result = run("--config", str(guarded))
    found = by_sid(json.loads(result.stdout))
    assert found["AssumeTheGuardsRole"]["Resource"] == [GUARD_ROLE]
    assert found["ReadOtherAccounts"]["Resource"] == [ROLE]
    assert "StopQueryExecution" not in result.stdout
    assert f"the role {GUARD_ROLE} needs a policy of its own: add --guard" in result.stderr
    assert "StopQueryExecution" not in run("--config", str(guarded), "--role", ROLE).stdout


@pytest.mark.parametrize("mode", ["off", "dry_run"])
def test_a_guard_that_stops_nothing_needs_no_permission_and_its_roles_policy_is_printed_all_the_same(
    tmp_path: Path, mode: str
) -> None:
    path = tmp_path / "soft.yml"
    path.write_text(f"guard: {{mode: {mode}}}\n")
    assert "AssumeTheGuardsRole" not in by_sid(policy("--config", str(path)))
    told = by_sid(policy("--config", str(path), "--guard", "--account", "444455556666", AWS_REGION="eu-west-1"))
    assert told["StopQueries"]["Resource"] == ["arn:aws:athena:eu-west-1:444455556666:workgroup/*"]


def test_a_target_of_another_account_is_not_in_the_guards_policy(tmp_path: Path) -> None:
    path = tmp_path / "other.yml"
    path.write_text(
        "targets: [{region: us-gov-west-1, role_arn: '" + ROLE + "'}]\n"
        f"guard: {{mode: enforce, role_arn: '{GUARD_ROLE}'}}\n"
    )
    (statement,) = policy("--config", str(path), "--guard")["Statement"]
    assert statement["Resource"] == ["arn:aws:athena:*:111122223333:workgroup/*"]


def test_the_table_of_permissions_has_no_action_twice_in_a_feature() -> None:
    found = [(one.feature, one.action) for one in PERMISSIONS]
    assert len(found) == len(set(found))
