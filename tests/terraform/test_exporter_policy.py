"""The task's role may do what `athena-exporter iam-policy` prints for the same configuration: nothing more, or less."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from iam_documents import granted, statements
from terraform_world import ACCOUNT, BUDGETS, CONFIGURATIONS, REGION
from terraforming import Plan

from athena_exporter.__main__ import main
from athena_exporter.sources.grants import REPORTING
from athena_exporter.sources.permissions import PERMISSIONS

pytestmark = [pytest.mark.process, pytest.mark.terraform]


def printed(configuration: str, folder: Path, *arguments: str) -> dict[str, Any]:
    path = folder / "exporter.yml"
    # The files of the task lie here as little as its folder does.
    path.write_text(configuration.replace("/etc/athena-exporter/budgets.yml", str(BUDGETS)), encoding="utf-8")
    command = ["iam-policy", "--config", str(path), "--account", ACCOUNT, *arguments]
    result = CliRunner().invoke(main, command, env={"AWS_REGION": REGION})
    assert result.exit_code == 0, result.output
    policy: dict[str, Any] = json.loads(result.stdout)
    return policy


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_the_task_may_do_what_the_exporter_says_it_needs(name: str, world: Plan, tmp_path: Path) -> None:
    rendered = world.documents()[f'module.exporter["{name}"].data.aws_iam_policy_document.exporter']
    wanted = granted(printed(world.output("configurations")[name], tmp_path))
    keys = wanted.pop("DecryptTrailFiles", None)
    assert {sid: one for sid, one in granted(rendered).items() if sid != "DecryptTrailFiles"} == wanted
    sids = [one["Sid"] for one in rendered["Statement"] if one["Sid"] != "DecryptTrailFiles"]
    assert sids == list(wanted), "the same order, to be read side by side"
    assert keys is None or name.startswith("trail")


def test_a_trails_key_is_named_where_the_exporter_knows_none(world: Plan) -> None:
    told = {
        name: granted(world.documents()[f'module.exporter["{name}"].data.aws_iam_policy_document.exporter'])
        for name in ("trail", "trail_without_prefix")
    }
    assert "DecryptTrailFiles" not in told["trail_without_prefix"], "S3's own keys need no permission"
    assert told["trail"]["DecryptTrailFiles"] == (
        "Allow",
        {"kms:Decrypt"},
        {"arn:aws:kms:eu-west-2:123456789012:key/0123abcd"},
        {("StringLike", "kms:ViaService", ("s3.*.amazonaws.com",))},
    )


def test_the_whole_exporter_may_do_what_the_exporter_says_it_needs(world: Plan, tmp_path: Path) -> None:
    rendered = world.documents()["module.whole_exporter.data.aws_iam_policy_document.exporter"]
    assert granted(rendered) == granted(printed(world.output("whole_configuration"), tmp_path))


def test_the_guards_role_may_do_what_the_exporter_says_it_needs(world: Plan, tmp_path: Path) -> None:
    (rendered,) = world.documents()["module.whole_exporter.data.aws_iam_policy_document.guard[0]"]["Statement"]
    (wanted,) = statements(printed(world.output("whole_configuration"), tmp_path, "--guard"))
    assert (rendered["Sid"], set(rendered["Action"])) == (wanted["Sid"], set(wanted["Action"]))
    everywhere = wanted["Resource"][0].removesuffix("*")
    assert rendered["Resource"] == [f"{everywhere}airflow-*", f"{everywhere}adhoc"]


def test_the_configurations_lead_to_every_permission_but_those_that_terraform_spares(world: Plan) -> None:
    used = {
        action
        for address, document in world.documents().items()
        if ".aws_iam_policy_document.exporter" in address or ".aws_iam_policy_document.guard[" in address
        for _, actions, _, _ in granted(document).values()
        for action in actions
    }
    running = {one.action for one in PERMISSIONS if one.feature not in REPORTING}
    assert running - used == {"logs:CreateLogGroup"}, "the module event-logs makes the groups"
