"""What every test may ask for: golden files, and the Prometheus binaries."""

import difflib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The same examples each time in CI, so that a change fails and not chance; others each time on a person's machine.
# How long an example takes is said by the machine's other work.
settings.register_profile(
    "ours", deadline=None, derandomize=os.environ.get("CI", "").lower() == "true", print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip  # five arguments read best as a block
settings.load_profile("ours")

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write what the code produces over the golden files and generated documents, instead of comparing",
    )


def _in_ci() -> bool:
    return os.environ.get("CI", "").lower() == "true"


def _difference(path: Path, expected: str, text: str) -> str:
    lines = difflib.unified_diff(
        expected.splitlines(keepends=True), text.splitlines(keepends=True), f"{path} (committed)", "produced now"
    )
    return "".join(lines)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str | Path, str], None]:
    """Compares a text byte for byte with tests/golden/<name>, or with any file when given its path.

    `--update-golden` is the only way to change one; it is refused in CI, where it would hide the difference.
    """
    update = bool(request.config.getoption("--update-golden"))

    def compare(name: str | Path, text: str) -> None:
        path = name if isinstance(name, Path) else GOLDEN / name
        if update:
            assert not _in_ci(), "--update-golden is for a person's machine: CI compares"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        assert path.is_file(), f"{path} does not exist: run pytest with --update-golden, and read what it wrote"
        expected = path.read_bytes().decode()
        if expected != text:
            pytest.fail(
                f"{_difference(path, expected, text)}\nIf that is meant, run pytest with --update-golden.",
                pytrace=False,
            )

    return compare


def _binary(name: str) -> str:
    found = shutil.which(name)
    if found:
        return found
    reason = f"needs {name} on the PATH (Debian: apt install prometheus)"
    if _in_ci():
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def promtool() -> str:
    """The path of promtool. A person without it skips; CI fails."""
    return _binary("promtool")


@pytest.fixture(scope="session")
def prometheus() -> str:
    """The path of prometheus. A person without it skips; CI fails."""
    return _binary("prometheus")
