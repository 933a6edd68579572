"""What the scanners' own environment lends to these tests."""

import os
from pathlib import Path

import pytest

SCANNERS = Path(__file__).resolve().parents[2] / ".venv" / "scanners"


def _lent(pattern: str) -> Path:
    found = next(iter(sorted(SCANNERS.glob(pattern))), None)
    if found is None:
        reason = "needs the scanners' environment: make scan"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def schemas() -> Path:
    """The folder of CycloneDX's JSON schemas. A person without it skips; CI fails."""
    return _lent("lib/python*/site-packages/cyclonedx/schema/_res")


@pytest.fixture(scope="session")
def pip_audit() -> Path:
    """The program. A person without it skips; CI fails."""
    return _lent("bin/pip-audit")
