"""Terraform and its AWS provider, for every test of this folder that asks for them."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from grafana_content import PaperTerraform, paper
from terraform_world import variables
from terraforming import ROOT, Plan, Terraform, copied_tree, provider_folder

import athena_testbed

HOW = "install terraform 1.11 or newer and run `make terraform`, which fetches the AWS provider"
FETCHED = ROOT / ".venv" / "terraform" / "providers"
"""Where `make terraform` has terraform fetch it, if nobody names a folder."""


def _missing(reason: str) -> str:
    """A person goes on without; where the checks say that it has to be there, that's a failure."""
    if os.environ.get("TERRAFORM_REQUIRED", "").lower() == "true":
        pytest.fail(f"{reason}, and TERRAFORM_REQUIRED=true", pytrace=False)
    pytest.skip(f"{reason}: {HOW}")


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terraform]:
    """Terraform over a copy of the tree, with the provider of TF_PLUGIN_DIR."""
    program = shutil.which("terraform") or _missing("no terraform on the PATH")
    plugins = Path(os.environ.get("TF_PLUGIN_DIR") or FETCHED)
    provider = provider_folder(plugins) or Path(_missing(f"no unpacked AWS provider in {plugins}"))
    tree = copied_tree(tmp_path_factory.mktemp("terraform"))
    with athena_testbed.running(athena_testbed.Settings()) as testbed:
        yield Terraform(program=program, provider=provider, tree=tree, sts=testbed.url)


@pytest.fixture(scope="session")
def world(terraform: Terraform) -> Plan:
    """Every module of the data side, in several shapes, planned once."""
    return terraform.plan("tests/terraform/world", variables())


@pytest.fixture(scope="session")
def content(tmp_path_factory: pytest.TempPathFactory) -> PaperTerraform:
    """Terraform over a copy of the tree, with a provider of Grafana that knows the schema alone."""
    program = shutil.which("terraform") or _missing("no terraform on the PATH")
    return paper(program, copied_tree(tmp_path_factory.mktemp("content")))
