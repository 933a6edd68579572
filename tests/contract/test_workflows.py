"""Why these tests exist: workflows run with the right to publish, on machines that no developer sees."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stack
import yaml

GITHUB = stack.ROOT / ".github"
FILES = sorted((GITHUB / "workflows").glob("*.yml"))
WORKFLOWS: dict[str, dict[Any, Any]] = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in FILES}
ON = True
"""YAML 1.1 takes the key `on` for a truth."""
MAKEFILE = (stack.ROOT / "Makefile").read_text(encoding="utf-8")
WRITES = {
    ("release", "packages", "id-token"),
    ("release", "packages", "attestations"),
    ("release", "images", "packages"),
    ("release", "publish", "contents"),
}
"""Which job may write what. Everything else reads the repository, and no more."""


def jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, workflow in WORKFLOWS.items():
        for job, declared in workflow["jobs"].items():
            yield name, job, declared


def steps() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, job, declared in jobs():
        for step in declared.get("steps", ()):
            yield name, job, step


def using(action: str) -> list[dict[str, Any]]:
    return [step for _, _, step in steps() if step.get("uses", "").startswith(f"{action}@")]


def judged(schema: str, *paths: Path) -> tuple[int, str]:
    """Exit code and words of a schema that check-jsonschema carries, as GitHub's documents have it."""
    command = [str(Path(sys.executable).with_name("check-jsonschema")), "--builtin-schema", f"vendor.{schema}"]
    done = subprocess.run([*command, *map(str, paths)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_schemas_accept_the_files() -> None:
    assert judged("github-workflows", *FILES)[0] == 0, judged("github-workflows", *FILES)[1]
    assert judged("dependabot", GITHUB / "dependabot.yml")[0] == 0


def test_the_schema_refuses_a_misspelt_key(tmp_path: Path) -> None:
    copied = tmp_path / "check.yml"
    text = (GITHUB / "workflows" / "check.yml").read_text(encoding="utf-8")
    copied.write_text(text.replace("timeout-minutes:", "timeout-minute:"), encoding="utf-8")
    assert judged("github-workflows", copied)[0] == 1


def test_every_action_is_pinned_to_a_commit_whose_version_is_told() -> None:
    lines = [
        line.strip() for path in FILES for line in path.read_text(encoding="utf-8").splitlines() if "uses:" in line
    ]
    foreign = [line for line in lines if "uses: ./" not in line]
    assert len(foreign) > 10
    pinned = re.compile(r"(?:- )?uses: [\w-]+/[\w-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+")
    assert [line for line in foreign if not pinned.fullmatch(line)] == []
    pins = {line.partition("uses: ")[2] for line in foreign}
    assert len({pin.partition("@")[0] for pin in pins}) == len(pins), "one action, two commits"


def test_a_job_may_do_no_more_than_its_work_needs() -> None:
    given = {
        (name, job, scope)
        for name, job, declared in jobs()
        for scope, right in declared.get("permissions", {}).items()
        if right == "write"
    }
    assert given == WRITES
    assert all(workflow["permissions"] in ({}, {"contents": "read"}) for workflow in WORKFLOWS.values())
    assert all("permissions" in job for name, _, job in jobs() if WORKFLOWS[name]["permissions"] == {})


def test_no_checkout_leaves_its_token_behind() -> None:
    assert using("actions/checkout")
    assert all(step["with"]["persist-credentials"] is False for step in using("actions/checkout"))


def test_nothing_that_others_can_write_becomes_part_of_a_command() -> None:
    """An expression in a script is replaced before the shell reads it; an environment variable is not."""
    assert [step["run"] for _, _, step in steps() if "${{" in step.get("run", "")] == []
    assert not any({"pull_request_target", "workflow_run"} & set(workflow[ON]) for workflow in WORKFLOWS.values())


def test_every_job_ends_by_itself_on_a_runner_of_a_named_version() -> None:
    own = [job for _, _, job in jobs() if "uses" not in job]
    assert all(job["timeout-minutes"] <= 60 for job in own)
    assert {job["runs-on"] for job in own} == {"ubuntu-24.04"}


def test_what_is_run_is_what_a_developer_runs() -> None:
    run = " ".join(step["run"] for _, _, step in steps() if "run" in step)
    named = set(re.findall(r"\bmake ([\w-]+)", run))
    assert named == {"audit", "release", "terraform"}
    assert named <= set(re.findall(r"^([a-z][a-z-]*):.*?## ", MAKEFILE, flags=re.MULTILINE))
    assert ".ci/run" in run


def test_changes_are_checked_in_the_base_of_the_image() -> None:
    assert WORKFLOWS["check"]["jobs"]["check"]["container"] == stack.images()["base"].base
    assert set(WORKFLOWS["check"][ON]) == {"push", "pull_request", "workflow_call"}


def test_nothing_is_published_that_was_not_checked() -> None:
    release = WORKFLOWS["release"]
    assert release[ON] == {"push": {"tags": ["v*"]}}
    assert release["jobs"]["check"]["uses"] == "./.github/workflows/check.yml"
    assert release["jobs"]["packages"]["needs"] == release["jobs"]["images"]["needs"] == "check"
    assert set(release["jobs"]["publish"]["needs"]) == {"packages", "images"}


def test_images_are_built_for_both_architectures_with_their_provenance() -> None:
    (build,) = using("docker/build-push-action")
    given = build["with"]
    assert set(given["platforms"].split(",")) == {"linux/amd64", "linux/arm64"}
    assert (given["provenance"], given["sbom"]) == ("mode=max", True)
    assert stack.ROOT / given["file"] == stack.DOCKERFILE
    targets = WORKFLOWS["release"]["jobs"]["images"]["strategy"]["matrix"]["target"]
    assert set(targets) <= stack.images().keys()
    declared = {step.rest.partition("=")[0] for step in stack.images()["exporter"].steps if step.word == "ARG"}
    assert {line.partition("=")[0] for line in given["build-args"].splitlines()} == declared


@pytest.mark.parametrize("name", sorted(WORKFLOWS))
def test_a_workflow_is_named_after_its_file(name: str) -> None:
    assert WORKFLOWS[name]["name"] == name


def test_dependabot_looks_at_files_that_exist() -> None:
    updates = yaml.safe_load((GITHUB / "dependabot.yml").read_text(encoding="utf-8"))["updates"]
    places = {
        update["package-ecosystem"]: [
            place.strip("/") for place in update.get("directories", [update.get("directory")])
        ]
        for update in updates
    }
    wanted = {"docker": "Dockerfile", "docker-compose": "docker-compose.yml", "terraform": "versions.tf"}
    assert places.keys() == {*wanted, "github-actions"}
    for ecosystem, file in wanted.items():
        for place in places[ecosystem]:
            assert list(stack.ROOT.glob(f"{place}/{file}" if place else file)), place
