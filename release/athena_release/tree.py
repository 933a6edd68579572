"""The repository that a release is made from: where its files are, and what git says of it."""

import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from athena_release.errors import ReleaseError

_VERSION = re.compile(r'^__version__ = "([^"]+)"$', re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A work tree, by its folder."""

    root: Path

    @property
    def pyproject(self) -> Path:
        """What declares the project."""
        return self.root / "pyproject.toml"

    @property
    def requirements(self) -> Path:
        """The locks, and what was decided about them."""
        return self.root / "requirements"

    @property
    def runtime(self) -> Path:
        """The lock of what is shipped."""
        return self.requirements / "runtime.txt"

    @property
    def dist(self) -> Path:
        """Where everything of a release goes."""
        return self.root / "dist"

    @property
    def changelog(self) -> str:
        """The text of CHANGELOG.md."""
        return (self.root / "CHANGELOG.md").read_text(encoding="utf-8")

    @property
    def version(self) -> str:
        """The one that the code says, without importing it."""
        text = (self.root / "exporter" / "athena_exporter" / "__init__.py").read_text(encoding="utf-8")
        (found,) = _VERSION.findall(text)
        return str(found)

    def git(self, *words: str) -> str:
        """What a git command prints, stripped.

        Raises:
            ReleaseError: git refuses, or is not there.
        """
        try:
            run = subprocess.run(["git", *words], cwd=self.root, capture_output=True, text=True, check=False)  # noqa: S603, S607  git as the developer has it
        except FileNotFoundError as error:
            raise ReleaseError("git is not installed", exit_code=2) from error
        if run.returncode:
            raise ReleaseError(f"git {' '.join(words)}: {run.stderr.strip()}", exit_code=2)
        return run.stdout.strip()

    def committed(self) -> datetime:
        """When the last commit was made: the same for everybody who builds it."""
        return datetime.fromtimestamp(int(self.git("log", "-1", "--format=%ct")), UTC)

    def changed(self) -> list[str]:
        """Files that differ from the last commit, or that it lacks."""
        return [line[3:] for line in self.git("status", "--porcelain").splitlines()]

    def tagged(self, version: str) -> str | None:
        """The commit of a version's tag; None if there is none."""
        if f"v{version}" not in self.git("tag", "--list", f"v{version}").splitlines():
            return None
        return self.git("rev-parse", f"v{version}^{{commit}}")
