"""Why these tests exist: what `make release` lets through is published, and can't be taken back."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from athena_exporter import __version__
from athena_release.cli import main
from athena_release.tree import Tree

ROOT = Path(__file__).resolve().parents[2]


def git(tree: Path, *words: str) -> None:
    who = [
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@example.com",
        "-c",
        "commit.gpgsign=false",
        "-c",
        "tag.gpgsign=false",
    ]
    subprocess.run(["git", *who, *words], cwd=tree, check=True, capture_output=True)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A work tree that is ready: committed, with a changelog of its version."""
    (tmp_path / "exporter" / "athena_exporter").mkdir(parents=True)
    (tmp_path / "exporter" / "athena_exporter" / "__init__.py").write_text('"""It."""\n\n__version__ = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text("## [Unreleased]\n\n## [1.2.0] - 2026-03-10\n\n- One thing.\n")
    (tmp_path / ".gitignore").write_text("dist/\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "one")
    return tmp_path


def run(tree: Path, command: str, *words: str) -> Result:
    return CliRunner().invoke(main, [command, "--root", str(tree), *words])


def test_a_tree_that_is_committed_and_told_of_is_ready(tree: Path) -> None:
    assert run(tree, "ready").output == "ready: 1.2.0 of 2026-03-10\n"
    git(tree, "tag", "v1.2.0")
    assert run(tree, "ready", "--tag", "v1.2.0").exit_code == 0


def test_a_tag_of_another_version_is_refused(tree: Path) -> None:
    result = run(tree, "ready", "--tag", "v1.3.0")
    assert result.exit_code == 1
    assert result.stderr == "release: the tag is v1.3.0, the code says 1.2.0: tag v1.2.0, or change the code\n"


def test_what_is_not_committed_is_not_released(tree: Path) -> None:
    (tree / "new.py").write_text("")
    assert run(tree, "ready").stderr == "release: not committed: new.py\n"


def test_a_version_is_released_once(tree: Path) -> None:
    git(tree, "tag", "-a", "-m", "an annotated one", "v1.2.0")
    assert run(tree, "ready").exit_code == 0
    git(tree, "commit", "--quiet", "--allow-empty", "-m", "two")
    result = run(tree, "ready")
    assert result.exit_code == 1
    assert result.stderr.startswith("release: v1.2.0 is released already, at ")


def test_a_version_without_a_section_is_not_released(tree: Path) -> None:
    (tree / "CHANGELOG.md").write_text("## [Unreleased]\n\n- One thing.\n")
    result = run(tree, "ready")
    assert result.exit_code == 2
    assert result.stderr == "release: CHANGELOG.md has no section for 1.2.0; it has: Unreleased\n"


def test_notes_are_those_of_the_code_unless_another_version_is_named(tree: Path) -> None:
    assert run(tree, "notes").output == "- One thing.\n"
    assert run(tree, "notes", "0.9").stderr.startswith("release: CHANGELOG.md has no section for 0.9")


def test_outside_of_git_there_is_one_line(tree: Path) -> None:
    shutil.rmtree(tree / ".git")
    result = run(tree, "ready")
    assert result.exit_code == 2
    assert "not a git repository" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_checksums_are_those_that_sha256sum_reads(tree: Path) -> None:
    assert run(tree, "sums").stderr == f"release: there is nothing in {tree / 'dist'}: make wheel\n"
    (tree / "dist").mkdir()
    for name in ("b.whl", "a.tar.gz"):
        (tree / "dist" / name).write_text(name)
    for _ in range(2):
        assert run(tree, "sums").exit_code == 0
    lines = (tree / "dist" / "SHA256SUMS").read_text().splitlines()
    assert lines == [f"{hashlib.sha256(name.encode()).hexdigest()}  {name}" for name in ("a.tar.gz", "b.whl")]
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=tree / "dist", check=True)


def test_the_bill_is_written_beside_the_wheel(tree: Path, schemas: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tree)
    shutil.copytree(ROOT / "requirements", tree / "requirements")
    result = run(tree, "sbom", "--schemas", str(schemas))
    assert result.exit_code == 0, result.output
    assert result.output.startswith("sbom: dist/athena-observability-1.2.0.cdx.json, ")
    bill = json.loads((tree / "dist" / "athena-observability-1.2.0.cdx.json").read_text())
    assert bill["metadata"]["component"]["version"] == "1.2.0"


def test_a_bill_with_a_licence_that_is_not_allowed_is_not_written(tree: Path, schemas: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tree)
    shutil.copytree(ROOT / "requirements", tree / "requirements")
    rules = tree / "requirements" / "licences.toml"
    rules.write_text(rules.read_text().replace('    "MIT-CMU",\n', ""))
    result = run(tree, "sbom", "--schemas", str(schemas))
    assert result.exit_code == 1
    assert "is under MIT-CMU, which is not allowed" in result.stderr
    assert not (tree / "dist").exists()


def test_the_version_is_read_as_the_code_says_it() -> None:
    assert Tree(root=ROOT).version == __version__
