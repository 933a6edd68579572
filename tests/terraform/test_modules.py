"""Each module by its own tests (terraform test), and what all modules have in common."""

import re

import pytest
from terraforming import MODULES, ROOT, Terraform

OWN = (
    "athena-workgroups", "audit-trail", "event-logs", "events", "exporter", "grafana-read-role", "history",
    "metrics-store",
)  # fmt: skip  # a list of words


@pytest.mark.process
@pytest.mark.terraform
@pytest.mark.parametrize("name", OWN)
def test_its_own_tests_pass(name: str, terraform: Terraform) -> None:
    told = terraform.test(f"terraform/modules/{name}")
    runs = (MODULES / name / "tests" / "plan.tftest.hcl").read_text(encoding="utf-8").count('\nrun "')
    assert f"Success! {runs} passed, 0 failed." in told


@pytest.mark.process
@pytest.mark.terraform
def test_everything_is_formatted(terraform: Terraform) -> None:
    assert terraform.unformatted() == []


def test_every_root_and_module_says_what_it_needs() -> None:
    folders = {path.parent for path in (ROOT / "terraform").rglob("*.tf")}
    assert len(folders) > 7
    for folder in folders:
        assert 'required_version = ">= 1.11"' in (folder / "versions.tf").read_text(encoding="utf-8"), folder


def test_every_resource_stands_in_a_module_where_the_scanner_looks() -> None:
    told = [path for path in (ROOT / "terraform").rglob("*.tf") if 'resource "' in path.read_text(encoding="utf-8")]
    assert told
    assert [path for path in told if not path.is_relative_to(MODULES)] == []


def test_every_module_takes_the_same_providers() -> None:
    texts = {(MODULES / name / "versions.tf").read_text(encoding="utf-8") for name in OWN}
    (text,) = texts
    assert re.findall(r'version = "(.+)"', text) == [">= 1.11", ">= 5.98, < 7"]


def test_no_lock_file_and_no_state_is_committed() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    assert {".terraform/", ".terraform.lock.hcl", "*.tfstate", "*.tfstate.*", "*.tfplan"} <= set(ignored)
