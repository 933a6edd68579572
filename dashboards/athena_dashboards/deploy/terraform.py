"""terraform, run on the stack `content` with the Grafana's address and key in its environment.

An interrupted terraform still has to write its state. So whoever is interrupted here waits for it: it ends by itself
after the first interrupt.
"""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from athena_dashboards.deploy.errors import DeployError


class TerminatedError(KeyboardInterrupt):
    """SIGTERM: only this process got it, so terraform is still to be told. Ctrl-C reaches both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terraform:
    """A terraform and the stack that it works on. `environment` holds GRAFANA_URL and GRAFANA_AUTH besides."""

    program: str
    stack: Path
    environment: Mapping[str, str]

    def run(self, *arguments: str) -> None:
        """Run a command, with this terminal for its input and output.

        Raises:
            DeployError: there is no such program or stack, or it fails.
        """
        self._check()
        process = subprocess.Popen(self._command(arguments), env=dict(self.environment))  # noqa: S603  the program is the caller's choice
        code = _ended(process)
        if code:
            raise DeployError(f"terraform {arguments[0]} failed (exit code {code}): its own words stand above")

    def output(self) -> dict[str, Any]:
        """The stack's outputs, by name.

        Raises:
            DeployError: it has no state yet, or it can't be read.
        """
        self._check()
        asked = subprocess.run(  # noqa: S603  as above
            self._command(("output", "-json")), env=dict(self.environment), capture_output=True, text=True, check=False
        )
        if asked.returncode:
            raise DeployError(f"terraform output failed: {' '.join(asked.stderr.split())[:300]}")
        return {name: one["value"] for name, one in json.loads(asked.stdout).items()}

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return [self.program, f"-chdir={self.stack}", *arguments]

    def _check(self) -> None:
        if shutil.which(self.program) is None:
            raise DeployError(
                f"there is no {self.program} on the PATH: install terraform 1.11 or newer, or name it with --terraform"
            )
        if not any(self.stack.glob("*.tf")):
            raise DeployError(f"{self.stack} holds no terraform: name the stack's folder with --stack")


def environment(url: str, auth: str, inherited: Mapping[str, str]) -> dict[str, str]:
    """Where the grafana provider reads its address and its key, so that neither is a variable or in the state."""
    return {**inherited, "GRAFANA_URL": url, "GRAFANA_AUTH": auth}


def _ended(process: "subprocess.Popen[bytes]") -> int:
    """Its exit code. An interrupt is passed on, and raised again when terraform has ended."""
    try:
        return process.wait()
    except KeyboardInterrupt as interrupt:
        if isinstance(interrupt, TerminatedError) and process.poll() is None:
            process.send_signal(signal.SIGINT)
        _wait(process)
        raise


def _wait(process: "subprocess.Popen[bytes]") -> None:
    while process.poll() is None:
        try:
            process.wait()
        except KeyboardInterrupt:  # the second one reaches terraform, too, and makes it end at once
            continue


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """SIGTERM, by which runners cancel a job, ends what is done here as Ctrl-C does: in order."""
    before = signal.signal(signal.SIGTERM, _terminated)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminated(_signal: int, _frame: object) -> None:
    raise TerminatedError


def default_stack(root: Path) -> Path:
    """The stack `content`, seen from where one stands if that is near."""
    stack = root / "terraform" / "stacks" / "content"
    here = Path(os.path.relpath(stack))
    return here if len(str(here)) < len(str(stack)) else stack
