"""The peers' programs, in a cache of the user's: fetched once by the ordinary clients, in fixed versions, and checked.

Nothing of them comes into this repository, and nothing of the product needs them.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from measure import say

YACE = "github.com/prometheus-community/yet-another-cloudwatch-exporter"
YACE_VERSION = "0.67.0"
YACE_SUM = "h1:bMISOnCjO8PVFEDLfb7pbn6p1GsrEASdPvgkVE9pokU="
"""Go's own checksum of the module (golang.org/x/mod/sumdb/dirhash); its go.sum has those of what it needs."""
JAR = "io.prometheus.cloudwatch:cloudwatch_exporter"
JAR_VERSION = "0.16.0"
"""The newest that Maven Central has (2026-11): 0.17.0 and 0.18.0 were released without it."""
JAR_SHA256 = "f65f377f382c07fcf1577bb29bfb1352ae739258dc5d5ced6ce41d7198566f13"
_CLASSIFIER = "jar-with-dependencies"
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_NEEDS = (
    ("go", "Go 1.25 or newer builds yet-another-cloudwatch-exporter: https://go.dev/dl/"),
    ("java", "Java 11 or newer runs cloudwatch_exporter (Debian: apt-get install default-jre-headless)"),
    ("mvn", "Maven fetches cloudwatch_exporter (Debian: apt-get install maven)"),
    ("unshare", "unshare gives the peers a network of their own (Debian: apt-get install util-linux)"),
    ("ip", "ip gives that network a loopback device (Debian: apt-get install iproute2)"),
)


class MissingError(Exception):
    """Something that the benchmark needs and that isn't here; one line says what and how to get it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Where the programs are, and what they say of themselves."""

    yace: Path
    jar: Path
    go: str
    java: str


def cache_folder() -> Path:
    """Where the peers are kept unless told otherwise."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "athena-observability" / "peers"


def prepared(cache: Path) -> Tools:
    """The peers, from the cache or fetched into it.

    Raises:
        MissingError: naming a program that is missing, what could not be fetched, or what is not what it should be.
    """
    missing = [f"{name} is missing: {why}" for name, why in _NEEDS if shutil.which(name) is None]
    if missing:
        raise MissingError("\n".join(missing))
    cache.mkdir(parents=True, exist_ok=True)
    return Tools(
        yace=_yace(cache),
        jar=jar(cache),
        go=_said(["go", "version"]).removeprefix("go version ").split()[0],
        java=_java_version(_said(["java", "-version"])),
    )


def _java_version(text: str) -> str:
    found = re.search(r'version "([^"]+)"', text)
    return found[1] if found else "unknown"


def _yace(cache: Path) -> Path:
    """Built as the module's own go.mod and go.sum have it; `go install` would look at all its versions first."""
    binary = cache / f"yace-{YACE_VERSION}"
    if binary.exists():
        return binary
    say(f"peers: building yet-another-cloudwatch-exporter {YACE_VERSION} (once, some minutes)")
    module = json.loads(_said(["go", "mod", "download", "-json", f"{YACE}@v{YACE_VERSION}"], cwd=cache))
    if module["Sum"] != YACE_SUM:
        raise MissingError(f"{YACE}@v{YACE_VERSION} has the checksum {module['Sum']}, not {YACE_SUM}: do not use it")
    unfinished = binary.with_suffix(".new")
    _said(["go", "build", "-trimpath", "-buildvcs=false", "-o", str(unfinished), "./cmd/yace"], cwd=Path(module["Dir"]))
    return unfinished.rename(binary)


def jar(cache: Path) -> Path:
    """cloudwatch_exporter, from the cache or fetched into it.

    Raises:
        MissingError: as `prepared` does.
    """
    group, artifact = JAR.split(":")
    repository = cache / "maven"
    name = f"{artifact}-{JAR_VERSION}-{_CLASSIFIER}.jar"
    found = repository.joinpath(*group.split("."), artifact, JAR_VERSION, name)
    if not found.exists():
        say(f"peers: fetching cloudwatch_exporter {JAR_VERSION} (once)")
        wanted = f"-Dartifact={JAR}:{JAR_VERSION}:jar:{_CLASSIFIER}"
        goal = ["dependency:get", wanted, "-Dtransitive=false", f"-Dmaven.repo.local={repository}"]
        _said(["mvn", "--batch-mode", "--quiet", *goal], cwd=cache)
    digest = hashlib.sha256(found.read_bytes()).hexdigest()
    if digest != JAR_SHA256:
        raise MissingError(f"{found} has the SHA-256 {digest}, not {JAR_SHA256}: do not use it")
    return found


def _said(command: list[str], *, cwd: Path | None = None) -> str:
    """A command's output, where Java writes its version to the other one."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingError(f"{' '.join(command)} failed: {complaint(done.stdout + done.stderr)}")
    return done.stdout or done.stderr


def complaint(words: str) -> str:
    """The line that says what went wrong: the first that Maven calls an error, else the last one."""
    lines = [line.strip() for line in _COLOURS.sub("", words).splitlines() if line.strip()]
    return next((line for line in lines if line.startswith("[ERROR]")), lines[-1] if lines else "no word")
