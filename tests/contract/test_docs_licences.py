"""Why this test exists: docs/licences.md is what somebody's lawyer reads; it must be what is shipped."""

from collections.abc import Callable
from pathlib import Path

from athena_release import licences, locks

ROOT = Path(__file__).resolve().parents[2]


def test_the_licences_of_what_is_shipped_are_allowed_and_listed(golden: Callable[[str | Path, str], None]) -> None:
    locked = locks.read(ROOT / "requirements" / "runtime.txt")
    rules = licences.policy(ROOT / "requirements" / "licences.toml")
    found = licences.licensed(locked, rules, licences.installed)
    golden(
        ROOT / "docs" / "licences.md", licences.document(locks.project(ROOT / "pyproject.toml"), locked, found, rules)
    )
