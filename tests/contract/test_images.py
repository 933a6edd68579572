"""exporter/Dockerfile: reproducible, unprivileged, the same on both architectures, and with no more than it needs."""

import fnmatch
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import stack

TEXT = stack.DOCKERFILE.read_text(encoding="utf-8")
IMAGES = stack.images()
TARGETS = {name: service["build"]["target"] for name, service in stack.services().items() if "build" in service}
PYPROJECT: dict[str, Any] = tomllib.loads((stack.ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def commands() -> Iterator[str]:
    """Every single command of every RUN."""
    for stage in IMAGES.values():
        for step in stage.steps:
            if step.word == "RUN":
                yield from (part.strip() for part in step.rest.split("&&"))


def copied(stage: stack.Stage) -> Iterator[PurePosixPath]:
    """What a stage takes out of the repository."""
    for step in stage.steps:
        words = step.rest.split()
        if step.word == "COPY" and not words[0].startswith("--from="):
            yield from (PurePosixPath(word) for word in words[:-1])


def is_sent(path: PurePosixPath) -> bool:
    """Whether .dockerignore lets a file into the build: the last line decides that matches it or a folder above it."""
    sent = True
    for line in (stack.ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.strip().removeprefix("!")
        places = [place for place in (path, *path.parents) if place.name]
        if pattern and not pattern.startswith("#") and any(_matches(place, pattern) for place in places):
            sent = line.startswith("!")
    return sent


def _matches(path: PurePosixPath, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return fnmatch.fnmatchcase(path.name, pattern.removeprefix("**/"))
    names, words = path.parts, pattern.split("/")
    return len(names) == len(words) and all(map(fnmatch.fnmatchcase, names, words))


def sent_files() -> set[PurePosixPath]:
    """The repository's files that reach a build."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=stack.ROOT,
        check=True,
        capture_output=True,
    )
    paths = {PurePosixPath(name) for name in listed.stdout.decode().split("\0") if name}
    return {path for path in paths if is_sent(path) and (stack.ROOT / path).is_file()}


def locked(name: str) -> dict[str, str]:
    text = (stack.ROOT / "requirements" / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==([\w.+!-]+)", text, flags=re.MULTILINE))


def test_the_dockerfile_is_read_as_docker_reads_it() -> None:
    text = '# a\nFROM x:1 AS a\nRUN one \\\n    # between\n    && two\nFROM a\nUSER 1:1\nCMD ["x", "y"]\n'
    first, second = stack.stages(text).values()
    assert (first.name, first.base, first.last("RUN").rest) == ("a", "x:1", "one && two")
    assert (second.name, second.base, second.last("CMD").listed) == ("1", "a", ["x", "y"])


def test_every_base_is_a_whole_version_or_an_earlier_stage() -> None:
    names = list(IMAGES)
    foreign = [stage.base for number, stage in enumerate(IMAGES.values()) if stage.base not in names[:number]]
    assert len(foreign) == 1
    assert re.fullmatch(r"python:\d+\.\d+\.\d+-slim-[a-z]+(@sha256:[0-9a-f]{64})?", foreign[0])


def test_the_image_has_the_python_that_is_locked_for() -> None:
    version = IMAGES["base"].base.partition(":")[2]
    makefile = (stack.ROOT / "Makefile").read_text(encoding="utf-8")
    (wanted,) = set(re.findall(r"--python-version (\d+\.\d+)", makefile))
    assert version.startswith(f"{wanted}.")
    assert PYPROJECT["project"]["requires-python"] == f">={wanted}"


def test_what_one_gets_without_a_target_is_the_exporter() -> None:
    assert list(IMAGES)[-1] == "exporter"
    assert TARGETS == {"exporter": "exporter", "testbed": "testbed"}


@pytest.mark.parametrize(("service", "target"), sorted(TARGETS.items()))
def test_an_image_runs_as_a_numbered_user_that_is_not_root(service: str, target: str) -> None:
    user = IMAGES[target].last("USER").rest
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    assert stack.services()[service]["user"] == user


@pytest.mark.parametrize(("service", "target"), sorted(TARGETS.items()))
def test_an_image_and_its_service_agree(service: str, target: str) -> None:
    image, declared = IMAGES[target], stack.services()[service]
    kind, *check = declared["healthcheck"]["test"]
    assert kind == "CMD"
    assert image.last("HEALTHCHECK").listed == check
    assert image.last("EXPOSE").rest == str(stack.PORTS[service])
    assert image.last("STOPSIGNAL").rest == "SIGTERM"
    kept = [path for step in image.steps if step.word == "VOLUME" for path in step.listed]
    assert kept == [path for source, path in stack.mounts(service) if not source.startswith("./")]


@pytest.mark.parametrize("target", sorted(TARGETS.values()))
def test_an_image_says_what_it_is(target: str) -> None:
    labels = IMAGES[target].last("LABEL").rest
    for name in ("title", "description", "licenses", "version", "revision"):
        assert f"org.opencontainers.image.{name}=" in labels
    assert f'licenses="{PYPROJECT["project"]["license"]}"' in labels


@pytest.mark.parametrize("target", sorted(TARGETS.values()))
def test_an_image_starts_without_a_shell(target: str) -> None:
    assert IMAGES[target].last("ENTRYPOINT").listed
    assert IMAGES[target].last("CMD").listed


def test_nothing_is_fetched_but_locked_wheels() -> None:
    words = [step.word for stage in IMAGES.values() for step in stage.steps]
    assert "ADD" not in words
    assert [command for command in commands() if re.search(r"\b(curl|wget|git|apt|apt-get|sudo)\b", command)] == []
    installing = [command for command in commands() if re.search(r"\bpip install\b", command)]
    assert len(installing) == 4
    for command in installing:
        assert "--no-index" in command or {"--require-hashes", "--only-binary"} <= set(command.split()), command


def test_nothing_in_it_knows_an_architecture() -> None:
    told = [f"{step.word} {step.rest}" for step in stack.instructions(TEXT)]
    assert [line for line in told if re.search(r"(?i)amd64|arm64|x86_64|aarch64|TARGETARCH|--platform", line)] == []


def test_no_secret_is_asked_for_while_building() -> None:
    given = [step.rest for stage in IMAGES.values() for step in stage.steps if step.word in {"ARG", "ENV"}]
    assert [line for line in given if re.search(r"(?i)secret|token|passw|credential|_key", line)] == []


@pytest.mark.parametrize("name", sorted(IMAGES))
def test_what_is_copied_is_in_the_repository_and_reaches_the_build(name: str) -> None:
    sent = sent_files()
    for path in copied(IMAGES[name]):
        assert any(path in (file, *file.parents) for file in sent), f"{path} does not reach the build"


def test_nothing_else_reaches_the_build() -> None:
    wanted = {path for stage in IMAGES.values() for path in copied(stage)}
    needless = {file for file in sent_files() if wanted.isdisjoint({file, *file.parents})}
    assert {file for file in needless if file.parts[0] != "requirements"} == set()


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        (".git/config", False),
        (".env", False),
        ("requirements/runtime.txt", True),
        ("requirements/dev.in", False),
        ("exporter/athena_exporter/cli/serving.py", True),
        ("exporter/athena_exporter/cli/__pycache__/serving.cpython-311.pyc", False),
        ("tests/conftest.py", False),
    ],
)
def test_the_build_gets_sources_and_nothing_private(path: str, sent: bool) -> None:  # noqa: FBT001  pytest passes parameters by name
    assert is_sent(PurePosixPath(path)) is sent


@pytest.mark.parametrize("name", ["build.txt", "runtime.txt", "testbed.txt"])
def test_an_image_is_locked_to_what_is_tested(name: str) -> None:
    text = (stack.ROOT / "requirements" / name).read_text(encoding="utf-8")
    entries = re.split(r"^(?=\w)", text, flags=re.MULTILINE)[1:]
    assert entries
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert locked(name).items() <= locked("dev.txt").items()


def names(*groups: list[str]) -> set[str]:
    return {re.split(r"[\[><=]", need)[0].lower() for group in groups for need in group}


def test_the_locks_of_the_images_hold_what_they_need() -> None:
    extras, groups = PYPROJECT["project"]["optional-dependencies"], PYPROJECT["dependency-groups"]
    always = PYPROJECT["project"]["dependencies"]
    assert names(always, groups["testbed"]) <= locked("testbed.txt").keys()
    assert names(always, extras["charts"], extras["history"]) <= locked("runtime.txt").keys()
    assert set(PYPROJECT["build-system"]["requires"]) <= locked("build.txt").keys()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names in the wheel, built from what the Dockerfile copies and .dockerignore lets through."""
    folder = tmp_path_factory.mktemp("context")
    wanted = set(copied(IMAGES["exporter-packages"]))
    for file in sent_files():
        if wanted & {file, *file.parents}:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes((stack.ROOT / file).read_bytes())
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-index"]
    command += ["--no-deps", "--no-build-isolation", "--wheel-dir", str(folder / "wheels"), str(folder)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (path,) = (folder / "wheels").iterdir()
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def test_the_image_of_the_exporter_carries_no_testbed(wheel: list[str]) -> None:
    roots = {Path(name).parts[0] for name in wheel if ".dist-info/" not in name}
    assert roots == {"athena_exporter"}
    steps = [step.rest for name in ("exporter-packages", "exporter") for step in IMAGES[name].steps]
    assert [rest for rest in steps if "athena_testbed" in rest or "testbed.txt" in rest] == []


def test_the_image_of_the_exporter_carries_all_of_the_exporter(wheel: list[str]) -> None:
    package = stack.ROOT / "exporter" / "athena_exporter"
    modules = {str(PurePosixPath("athena_exporter") / path.relative_to(package)) for path in package.rglob("*.py")}
    assert modules <= set(wheel)
