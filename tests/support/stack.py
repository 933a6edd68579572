"""The local stack's files as data: docker-compose.yml, exporter/Dockerfile, and how to run them without containers."""

import json
import re
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "exporter" / "Dockerfile"
PORTS = {"testbed": 9988, "exporter": 9989, "prometheus": 9090, "grafana": 3000}
"""Where each service listens inside its container; no two alike, so that a port names its service."""
_ADDRESS = re.compile(
    rf"\b(?:127\.0\.0\.1|0\.0\.0\.0|{'|'.join(PORTS)}):(?P<port>{'|'.join(map(str, PORTS.values()))})\b"
)
_PACE = re.compile(r"\b(?P<key>(?:scrape_|evaluation_)?interval|scrape_timeout): \d+[smh]\b")
_VARIABLE = re.compile(r"\$\{\w+:-(?P<default>[^}]*)\}")


@cache
def compose() -> dict[str, Any]:
    """The file with its anchors followed and its variables at their defaults."""
    document: dict[str, Any] = _defaulted(yaml.safe_load(COMPOSE.read_text(encoding="utf-8")))
    return document


def _defaulted(value: Any) -> Any:
    """Variables are replaced in values, after the YAML is read: an empty one is a text, not nothing."""
    if isinstance(value, dict):
        return {key: _defaulted(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_defaulted(inner) for inner in value]
    return _VARIABLE.sub(lambda found: found["default"], value) if isinstance(value, str) else value


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction of a Dockerfile, its lines joined: `FROM`, `python:3.11 AS base`."""

    word: str
    rest: str

    @property
    def listed(self) -> list[str]:
        """The JSON list at its end, as ENTRYPOINT, CMD, VOLUME and HEALTHCHECK have one."""
        words: list[str] = json.loads(self.rest[self.rest.index("[") :])
        return words


def instructions(text: str) -> Iterator[Instruction]:
    """All of a Dockerfile's, in their order; comments are left out."""
    lines = "\n".join(line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    for line in re.sub(r"\\\n\s*", "", lines).splitlines():
        word, _, rest = line.strip().partition(" ")
        yield Instruction(word=word.upper(), rest=rest.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage: what it begins from, and its own instructions after FROM."""

    name: str
    base: str
    steps: tuple[Instruction, ...]

    def last(self, word: str) -> Instruction:
        """The one of this word that counts."""
        return [step for step in self.steps if step.word == word][-1]


def stages(text: str) -> dict[str, Stage]:
    """Every stage of a Dockerfile by its name, or by its number where it has none."""
    cut: list[tuple[Instruction, list[Instruction]]] = []
    for step in instructions(text):
        if step.word == "FROM":
            cut.append((step, []))
        elif cut:
            cut[-1][1].append(step)
    found = (_stage(number, begin, steps) for number, (begin, steps) in enumerate(cut))
    return {stage.name: stage for stage in found}


def _stage(number: int, begin: Instruction, steps: Sequence[Instruction]) -> Stage:
    base, _, name = re.sub(r"^--platform=\S+\s+", "", begin.rest).partition(" AS ")
    return Stage(name=name or str(number), base=base, steps=tuple(steps))


def images() -> dict[str, Stage]:
    """The stages of exporter/Dockerfile."""
    return stages(DOCKERFILE.read_text(encoding="utf-8"))


def on_loopback(text: str, ports: Mapping[str, int]) -> str:
    """Every address of the stack's network (`testbed:9988`), at the loopback port that stands in for it."""
    service = {port: name for name, port in PORTS.items()}
    return _ADDRESS.sub(lambda found: f"127.0.0.1:{ports[service[int(found['port'])]]}", text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bare:
    """The stack without containers: under `folder` lies what would lie in volumes, and the moved configuration.

    Four things change: addresses, the paths of mounts, the programs, which come from here instead of from an image,
    and Prometheus's pace, for nobody wants to wait half a minute for its first scrape.
    """

    folder: Path
    ports: Mapping[str, int]
    programs: Mapping[str, Sequence[str]]

    def command(self, service: str) -> list[str]:
        """What a service's container would run, its working directory and environment included."""
        declared = services()[service]
        environment = [f"{name}={value}" for name, value in declared.get("environment", {}).items()]
        words = [*self._entrypoint(service), *self._moved(service, declared["command"])]
        return ["env", f"--chdir={self.volume(service)}", *environment, *words]

    def check(self, service: str) -> list[str]:
        """The command of a service's health check."""
        kind, *words = services()[service]["healthcheck"]["test"]
        assert kind == "CMD", f"{service}: a health check without a shell works in every image"
        return self._moved(service, [*self.programs.get(words[0], [words[0]]), *words[1:]])

    def volume(self, service: str) -> Path:
        """Where the named volume of a service lies; a folder of its own where it has none."""
        path = self.folder / service
        path.mkdir(exist_ok=True)
        return path

    def _entrypoint(self, service: str) -> list[str]:
        built = services()[service].get("build")
        if built is None:
            return list(self.programs[service])
        first, *others = images()[built["target"]].last("ENTRYPOINT").listed
        return [*self.programs.get(first, [first]), *others]

    def _moved(self, service: str, words: Sequence[str]) -> list[str]:
        moved = [on_loopback(word, self.ports) for word in words]
        for source, target in mounts(service):
            path = self._configured(service, ROOT / source) if source.startswith("./") else self.volume(service)
            moved = [re.sub(rf"(^|=){re.escape(target)}(?=/|$)", rf"\g<1>{path}", word) for word in moved]
        return moved

    def _configured(self, service: str, source: Path) -> Path:
        """A copy of a mounted folder with its addresses and its pace changed."""
        copied = self.folder / f"{service}-files"
        for file in sorted(path for path in source.rglob("*") if path.is_file()):
            place = copied / file.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            text = on_loopback(file.read_text(encoding="utf-8"), self.ports)
            text = _PACE.sub(r"\g<key>: 1s", text) if service == "prometheus" else text
            place.write_text(text, encoding="utf-8")
        return copied


def mounts(service: str) -> list[tuple[str, str]]:
    """Source and target of each of a service's mounts; a source with `./` is a folder of the repository."""
    volumes: list[str] = services()[service].get("volumes", [])
    return [(source, target) for source, target, *_ in (volume.split(":") for volume in volumes)]


def own_programs(prometheus: str, promtool: str) -> dict[str, list[str]]:
    """What stands in for the programs of the images: this environment's, and the machine's Prometheus."""
    exporter = str(Path(sys.executable).with_name("athena-exporter"))
    return {
        "python": [sys.executable],
        "athena-exporter": [exporter],
        "prometheus": [prometheus],
        "promtool": [promtool],
    }


def shown(command: Sequence[str]) -> str:
    """A command as one would type it, for a failing test's words."""
    return shlex.join(command)
