"""Terraform for tests: offline, on a copy of the tree, one at a time, with the real AWS provider.

The provider is a program of 700 MB: its folder is named as an override of the installation, so that nothing is
downloaded, copied or hashed, and roots need no `terraform init`. The one call that a plan makes to AWS, who the
caller is, goes to the testbed.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MODULES = ROOT / "terraform" / "modules"
COPIED = ("terraform", "tests/terraform", "dashboards/generated", "provisioning")
"""What roots of terraform refer to. Terraform writes beside its files, so it gets a copy."""
_PLACE = "*/hashicorp/aws"  # behind the name of a registry
_DEADLINE_SECONDS = 300


class TerraformError(AssertionError):
    """Terraform ended with an error that no test asked for: everything it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One error or warning of terraform's."""

    severity: str
    summary: str
    detail: str
    file: str | None
    line: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What `terraform show -json` tells of a plan."""

    told: Mapping[str, Any]

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """Address -> values of the resources of this type that are planned; what apply decides is missing."""
        return {
            one["address"]: one.get("values", {})
            for one in _walk(self.told["planned_values"])
            if _is(one, "managed", kind)
        }

    def documents(self) -> dict[str, dict[str, Any]]:
        """Address -> policy, for every IAM document that could be rendered."""
        return {
            one["address"]: json.loads(one["values"]["json"])
            for one in _walk(self.told["prior_state"]["values"])
            if _is(one, "data", "aws_iam_policy_document")
        }

    def output(self, name: str) -> Any:
        """The value of an output of the root."""
        return self.told["planned_values"]["outputs"][name]["value"]


def _walk(values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    modules = [values["root_module"]]
    while modules:
        module = modules.pop()
        modules.extend(module.get("child_modules", ()))
        yield from module.get("resources", ())


def _is(resource: Mapping[str, Any], mode: str, kind: str) -> bool:
    return bool(resource["mode"] == mode and resource["type"] == kind)


def provider_folder(plugins: Path) -> Path | None:
    """The folder of the newest AWS provider in a plugin folder (of `terraform init -plugin-dir`), unpacked."""
    found = [path.parent for path in plugins.glob(f"{_PLACE}/*/*/terraform-provider-aws_*") if path.is_file()]
    return max(found, key=lambda folder: [int(part) for part in folder.parent.name.split(".")], default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terraform:
    """The program, the provider's folder, a copy of the tree, and where STS answers."""

    program: str
    provider: Path
    tree: Path
    sts: str

    def plan(self, root: str, variables: Mapping[str, Any] | None = None) -> Plan:
        """Plan the root, a folder of the tree, from nothing.

        Raises:
            TerraformError: it can't be planned.
        """
        folder = self._ready(root)
        given = folder / "given.tfvars.json"
        given.write_text(json.dumps(dict(variables or {})), encoding="utf-8")
        self._run(folder, "plan", "-input=false", "-no-color", "-lock=false", f"-var-file={given}", "-out=planned")
        return Plan(told=json.loads(self._run(folder, "show", "-json", "planned")))

    def refusals(self, root: str) -> list[Diagnostic]:
        """Plan the root, and return the errors. The root needs no provider."""
        folder = self._ready(root)
        done = self._process(folder, "plan", "-input=false", "-json", "-lock=false")
        told = (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
        return [_diagnostic(one["diagnostic"]) for one in told if one["type"] == "diagnostic"]

    def validate(self, root: str) -> str:
        """Validate the root. Raises TerraformError."""
        return self._run(self._ready(root), "validate", "-no-color")

    def test(self, root: str) -> str:
        """Run the root's *.tftest.hcl. Raises TerraformError."""
        return self._run(self._ready(root), "test", "-no-color")

    def unformatted(self) -> list[str]:
        """The files that `terraform fmt` would change."""
        found = self._process(self.tree, "fmt", "-check", "-recursive", "terraform").stdout
        return found.split() + self._process(self.tree, "fmt", "-check", "-recursive", "tests/terraform").stdout.split()

    def _ready(self, root: str) -> Path:
        folder = self.tree / root
        if not (folder / ".terraform").exists():
            self._run(folder, "get", "-no-color")
        return folder

    def _run(self, folder: Path, *arguments: str) -> str:
        done = self._process(folder, *arguments)
        if done.returncode:
            raise TerraformError(f"terraform {' '.join(arguments)} in {folder}:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def _process(self, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *arguments],
            cwd=folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=_DEADLINE_SECONDS,
            check=False,
        )

    def _environment(self) -> dict[str, str]:
        """No credentials of a person's, no settings of a person's, no home."""
        settings = self.tree / "overrides.tfrc"
        if not settings.exists():
            settings.write_text(_OVERRIDES.format(folder=json.dumps(str(self.provider))), encoding="utf-8")
        return {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self.tree),
            "TF_CLI_CONFIG_FILE": str(settings),
            "TF_IN_AUTOMATION": "true",
            "CHECKPOINT_DISABLE": "true",
            "AWS_ENDPOINT_URL_STS": self.sts,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


_OVERRIDES = """\
provider_installation {{
  dev_overrides {{
    "hashicorp/aws" = {folder}
  }}
  direct {{}}
}}
"""


def _diagnostic(told: Mapping[str, Any]) -> Diagnostic:
    place = told.get("range") or {}
    return Diagnostic(
        severity=told["severity"],
        summary=told["summary"],
        detail=told["detail"],
        file=place.get("filename"),
        line=place.get("start", {}).get("line"),
    )


def copied_tree(target: Path) -> Path:
    """A copy of what roots of terraform refer to, without what terraform may have left beside it."""
    leave = shutil.ignore_patterns(".terraform", ".terraform.lock.hcl", "*.tfstate*", "__pycache__")
    for name in COPIED:
        shutil.copytree(ROOT / name, target / name, ignore=leave)
    return target
