"""A root of terraform, really applied and destroyed by the real AWS provider: against moto, on loopback.

What moto does not answer is left out by an override file beside the module's own files, in the copied tree.
"""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from moto.server import ThreadedMotoServer
from terraforming import Plan, Terraform, TerraformError

ACCOUNT = "123456789012"
"""Moto's own."""
REGION = "eu-west-2"
_PROVIDER = """\
provider "aws" {
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  s3_use_path_style           = true
}
"""
_DEADLINE_SECONDS = 1200  # the provider waits 25 s for each attribute of a queue, a minute for each lifecycle
_CHANGES = 2
"""The exit code of a plan that would change something."""


@contextmanager
def cloud() -> Iterator[str]:
    """The address of a moto that knows nothing yet."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@dataclass(frozen=True, kw_only=True)
class Applied(Terraform):
    """One root over the tree, with a state, at one address for all of AWS."""

    root: str
    aws: str

    def client(self, service: str) -> Any:
        """boto3's client of a service, for the same account."""
        return boto3.client(
            service, region_name=REGION, endpoint_url=self.aws, aws_access_key_id="offline",
            aws_secret_access_key="offline",
        )  # type: ignore[call-overload]  # fmt: skip  # the stubs want each service by name

    def without(self, refused: Mapping[tuple[str, str], str]) -> None:
        """Leave out resources, told by module and `type.name`, before anything is planned."""
        (self.tree / self.root / "moto_override.tf").write_text(_PROVIDER, encoding="utf-8")
        for module, resource in refused:
            kind, name = resource.split(".")
            text = f'resource "{kind}" "{name}" {{\n  count = 0\n}}\n'
            path = self.tree / "terraform" / "modules" / module / f"{kind}_{name}_override.tf"
            path.write_text(text, encoding="utf-8")

    def give(self, variables: Mapping[str, Any]) -> None:
        """The variables, for all that follows."""
        path = self.tree / self.root / "given.auto.tfvars.json"
        path.write_text(json.dumps(dict(variables)), encoding="utf-8")

    def apply(self) -> None:
        """Make it. Raises TerraformError."""
        self._run(self._ready(self.root), "apply", "-input=false", "-no-color", "-lock=false", "-auto-approve")

    def destroy(self) -> None:
        """Make it not. Raises TerraformError."""
        self._run(self._ready(self.root), "destroy", "-input=false", "-no-color", "-lock=false", "-auto-approve")

    def forget(self, *addresses: str) -> None:
        """Take resources out of the state, and leave them where they are."""
        self._run(self._ready(self.root), "state", "rm", "-lock=false", *addresses)

    def there(self) -> list[str]:
        """Addresses of the managed resources in the state."""
        listed = self._run(self._ready(self.root), "state", "list").split()
        return [one for one in listed if ".data." not in one and not one.startswith("data.")]

    def values(self, kind: str) -> dict[str, dict[str, Any]]:
        """Address -> values of the resources of a type, as the state has them."""
        told = json.loads(self._run(self._ready(self.root), "show", "-json"))
        return Plan(told={"planned_values": told["values"]}).resources(kind)

    def refused(self, said: str) -> set[str]:
        """The addresses that terraform will not destroy, of its words."""
        return set(re.findall(r"Resource (\S+) has\s+lifecycle\.prevent_destroy", said))

    def drift(self) -> dict[str, set[str]]:
        """What a second plan would change: address -> the names of the arguments."""
        folder = self._ready(self.root)
        done = self._process(
            folder, "plan", "-input=false", "-no-color", "-lock=false", "-detailed-exitcode", "-out=again"
        )
        if done.returncode not in {0, _CHANGES}:
            raise TerraformError(f"the second plan fails:\n{done.stdout}\n{done.stderr}")
        told = json.loads(self._run(folder, "show", "-json", "again"))
        changes = {one["address"]: one["change"] for one in told.get("resource_changes", ())}
        return {address: _differing(change) for address, change in changes.items() if change["actions"] not in _IDLE}

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
        return {**Terraform._environment(self), "AWS_ENDPOINT_URL": self.aws}


_IDLE = (["no-op"], ["read"])


def _differing(change: Mapping[str, Any]) -> set[str]:
    """The arguments that differ; what is to be made or deleted differs in `(itself)`."""
    before, after = change["before"], change["after"]
    if before is None or after is None:
        return {"(itself)"}
    unknown = {name for name, value in (change.get("after_unknown") or {}).items() if value}
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} | unknown
