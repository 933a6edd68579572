"""The roots that people apply: valid, for the account that they name, and one hands the next what it needs."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from grafana_content import PaperTerraform
from terraforming import ROOT, Plan, Terraform

from athena_exporter.library import definitions

pytestmark = [pytest.mark.process, pytest.mark.terraform]

ROOTS = sorted(
    path.parent.relative_to(ROOT).as_posix()
    for folder in ("stacks", "examples")
    for path in (ROOT / "terraform" / folder).glob("*/main.tf")
)
ACCOUNT = "123456789012"
OFFLINE = """\
provider "aws" {
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
}
"""
"""Beside a root's own provider."""
EXAMPLE: Mapping[str, Any] = {
    "region": "eu-west-2", "account_id": ACCOUNT, "vpc_id": "vpc-0123456789abcdef0", "image_tag": "1.0.0",
    "subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"], "external_id": "observability",
    "admin_group_ids": ["0123"],
}  # fmt: skip  # a table


def test_there_are_the_roots_that_are_promised() -> None:
    assert {Path(root).name for root in ROOTS} == {
        "content", "cross-account", "data-account", "grafana-workspace", "single-account"
    }  # fmt: skip  # as short as it can be said


@pytest.mark.parametrize("root", ROOTS)
def test_a_root_pins_its_providers_and_holds_no_lock_and_no_key(root: str) -> None:
    folder = ROOT / root
    assert "required_version" in (folder / "versions.tf").read_text(encoding="utf-8")
    assert not (folder / ".terraform.lock.hcl").exists()
    text = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.tf"))
    assert not re.search(r"\b(auth|access_key|secret_key|token|password)\s*=", text)


@pytest.mark.parametrize("root", [root for root in ROOTS if Path(root).name in {"cross-account", "data-account"}])
def test_a_root_is_valid(root: str, terraform: Terraform) -> None:
    """The others are planned, by this module or another."""
    assert "valid" in terraform.validate(root)


@pytest.mark.parametrize("stack", ["data-account", "grafana-workspace"])
def test_an_account_or_a_region_that_can_be_none_is_refused_with_a_sentence(
    stack: str, content: PaperTerraform
) -> None:
    root = f"variables-of-the-stack-{stack}"
    (content.tree / root).mkdir()
    shutil.copy(ROOT / "terraform" / "stacks" / stack / "variables.tf", content.tree / root)
    needed: Mapping[str, dict[str, Any]] = {
        "data-account": {"external_id": "observability", "network": {"vpc_id": "vpc-0", "subnet_ids": ["subnet-0"]}},
        "grafana-workspace": {"read_role_arns": [f"arn:aws:iam::{ACCOUNT}:role/x"]},
    }

    said = content.refused(root, needed[stack] | {"account_id": "12345", "region": "Ireland"})

    account, region = sorted(said)
    assert account.startswith("account_id has to have twelve digits, in quotes so that zeros at the beginning stay.")
    assert region.startswith("region has to be the name of a Region, such as eu-west-1.")


@pytest.fixture(scope="module")
def single(terraform: Terraform) -> Plan:
    """The example of one account, planned."""
    root = "terraform/examples/single-account"
    (terraform.tree / root / "offline_override.tf").write_text(OFFLINE, encoding="utf-8")
    return terraform.plan(root, EXAMPLE)


def test_in_one_account_grafana_assumes_the_role_that_trusts_it(single: Plan) -> None:
    documents = {address.split(".", 1)[1]: one for address, one in single.documents().items()}
    (assumed,) = (
        one for one in documents["grafana_workspace.data.aws_iam_policy_document.workspace"]["Statement"]
        if one["Action"] == "sts:AssumeRole"
    )  # fmt: skip  # as short as it can be said
    roles = {address: one["name"] for address, one in single.resources("aws_iam_role").items()}

    assert assumed["Resource"] == f"arn:aws:iam::{ACCOUNT}:role/{roles['module.grafana_read_role.aws_iam_role.this']}"


def test_in_one_account_the_exporter_writes_the_history_that_grafana_asks(single: Plan) -> None:
    documents = {address.split(".", 1)[1]: one for address, one in single.documents().items()}
    (bucket,) = (one["bucket"] for one in single.resources("aws_s3_bucket").values() if "-history-" in one["bucket"])
    (written,) = (
        one for one in documents["exporter.data.aws_iam_policy_document.exporter"]["Statement"]
        if one["Sid"] == "WriteHistory"
    )  # fmt: skip  # as short as it can be said
    attached = {one["name"]: one.get("policy", "") for one in single.resources("aws_iam_role_policy").values()}

    assert written["Resource"] == f"arn:aws:s3:::{bucket}/athena-history/*"
    assert f"arn:aws:s3:::{bucket}/athena-history/*" in attached["history"]
    assert set(_views(single)) == {one.name for one in definitions.VIEWS}


def _views(plan: Plan) -> list[str]:
    tables = plan.resources("aws_glue_catalog_table").values()
    return [one["name"] for one in tables if one["table_type"] == "VIRTUAL_VIEW"]


def test_credentials_of_another_account_plan_nothing(terraform: Terraform) -> None:
    root = "terraform/stacks/grafana-workspace"
    (terraform.tree / root / "offline_override.tf").write_text(OFFLINE, encoding="utf-8")
    given = {"region": "eu-west-2", "account_id": "999999999999", "read_role_arns": [f"arn:aws:iam::{ACCOUNT}:role/x"]}

    with pytest.raises(AssertionError, match=r"AWS account ID not allowed: 123456789012"):
        terraform.plan(root, given)
