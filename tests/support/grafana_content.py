"""The stack `content` for tests: planned by real terraform, with a provider that knows the schema alone."""

import json
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paper_provider
from terraforming import Plan, Terraform

SCHEMA = Path(__file__).resolve().parents[1] / "terraform" / "fixtures" / "grafana-provider.json"
STACK = "terraform/stacks/content"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:grafana-athena"
GIVEN: Mapping[str, Any] = {
    "metrics": {"url": "https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-1/", "region": "eu-west-1"},
    "cloudwatch": {"cloudwatch": {"region": "eu-west-1"}},
    "athena": {"athena": {"region": "eu-west-1", "workgroup": "audit", "database": "audit"}},
    "contact_points": {"all": {"sns_topic_arns": [TOPIC]}},
}
"""What the stacks of the data account and of the workspace hand over, at its shortest."""
OWN: Mapping[str, Any] = {
    "is_amazon_managed": False,
    "metrics": {"url": "http://127.0.0.1:9090", "is_signed": False, "scrape_interval": "30s"},
    "cloudwatch": {"cloudwatch": {"region": "eu-west-1", "auth_type": "default"}},
    "contact_points": {"all": {"email": ["team@example.org"]}},
}
"""The same for a Grafana of one's own."""
EVERY_CHANNEL: Mapping[str, Any] = {
    **OWN,
    "athena": None,
    "routing": "policy",
    "contact_points": {
        "athena-page": {"pagerduty": ["oncall"], "slack": ["room"]},
        "athena-ticket": {"email": ["team@example.org", "lead@example.org"]},
        "athena-digest": {"webhook": ["hook"]},
    },
    "allow_secret_in_state": True,
    "contact_point_secrets": {
        "room": "https://hooks.slack.com/services/T/B/x",
        "oncall": "0123456789abcdef",
        "hook": "https://example.org/h",
    },
}
"""One's own, whose policies this stack owns, with every channel that it can have."""
THEIRS: Mapping[str, Any] = {
    "metrics": None,
    "existing_data_source_uids": {"prometheus": "theirs"},
    "contact_points": None,
    "existing_contact_points": {"athena-page": "oncall", "athena-ticket": "platform", "athena-digest": "platform"},
}
"""A Grafana that has its own data source and contact points already."""
_SETTINGS = """\
provider_installation {{
  dev_overrides {{
    "grafana/grafana" = {folder}
  }}
  direct {{}}
}}
"""


@dataclass(frozen=True, kw_only=True)
class PaperTerraform(Terraform):
    """Terraform over the tree, whose grafana provider is of paper. It needs no plug-in folder and no network."""

    planned: dict[str, Plan] = field(default_factory=dict, compare=False)

    def content(self, **given: Any) -> Plan:
        """A plan of the stack with these variables beside the shortest ones; None leaves one of those out.

        What was planned before is not planned again.
        """
        told = {name: value for name, value in {**GIVEN, **given}.items() if value is not None}
        key = json.dumps(told, sort_keys=True)
        if key not in self.planned:
            self.planned[key] = self.plan(STACK, told)
        return self.planned[key]

    def refused(self, root: str, given: Mapping[str, Any]) -> list[str]:
        """What terraform says against planning a root with these variables."""
        folder = self._ready(root)
        (folder / "given.tfvars.json").write_text(json.dumps(dict(given)), encoding="utf-8")
        done = self._process(
            folder, "plan", "-input=false", "-json", "-lock=false", "-compact-warnings", "-var-file=given.tfvars.json"
        )
        lines = (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
        told = [one["diagnostic"] for one in lines if one["type"] == "diagnostic"]
        return [" ".join(one["detail"].split()) for one in told if one["severity"] == "error"]

    def variables_alone(self, module: str) -> str:
        """A root of a module's variables and nothing else: what they refuse needs no provider."""
        root = f"variables-of-{module}"
        if not (self.tree / root).exists():
            (self.tree / root).mkdir()
            shutil.copy(self.tree / "terraform" / "modules" / module / "variables.tf", self.tree / root)
        return root

    def _environment(self) -> dict[str, str]:
        settings = self.tree / "paper.tfrc"
        if not settings.exists():
            settings.write_text(_SETTINGS.format(folder=json.dumps(str(self.provider))), encoding="utf-8")
        return Terraform._environment(self) | {"TF_CLI_CONFIG_FILE": str(settings)}


def paper(program: str, tree: Path) -> PaperTerraform:
    """Terraform with the provider of paper over a copy of the tree."""
    provider = paper_provider.install(tree / "mirror", SCHEMA, _platform())
    return PaperTerraform(program=program, provider=provider, tree=tree, sts="http://127.0.0.1:9")


def _platform() -> str:
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{platform.system().lower()}_{machine}"
