"""Why these tests exist: what is published is a wheel, and nobody who installs it has this repository beside it.

The wheel runs in an environment that holds it and the packages of requirements/runtime.txt, and nothing else. Their
files are linked from the developers' environment, which is locked to the same versions; `make wheel` has pip install
them from the locked hashes instead, and tries the wheel that lies in dist/.
"""

import email
import os
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from dataclasses import dataclass
from datetime import timedelta
from email.message import Message
from importlib import metadata
from pathlib import Path

import pytest
from processes import free_port, process, scrape, summed, until

import athena_testbed
from athena_exporter import __version__, catalog
from athena_release import locks

pytestmark = pytest.mark.process

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = ROOT / "requirements" / "runtime.txt"
PUBLISHED = os.environ.get("WHEEL_FOLDER")
"""Where `make wheel` has put what is to be published."""
STILL = athena_testbed.Settings(
    queries_per_minute=0, history=timedelta(minutes=20), history_queries_per_day=6_000, rates=None,
    rhythm=athena_testbed.Rhythm.OFF, time_scale=0.01, statistics_delay=timedelta(0),
)  # fmt: skip  # a past, and nothing after it
EVERY_MODULE = """
import importlib, pkgutil, athena_exporter
names = [found.name for found in pkgutil.walk_packages(athena_exporter.__path__, "athena_exporter.")]
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
print(len(names), athena_exporter.__file__)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clean:
    """An environment with the wheel and what is locked for it."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def command(self) -> Path:
        return self.folder / "bin" / "athena-exporter"

    def run(self, *words: str | Path) -> str:
        """What a command prints; its warnings are errors, and nothing else is on its path."""
        ran = subprocess.run(
            [str(word) for word in words], capture_output=True, text=True, check=False, env=bare(), cwd=self.folder
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout


def bare() -> dict[str, str]:
    """This environment, without what would lend the wheel modules that it doesn't have."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COVERAGE_"))}


def built(source: Path, folder: Path, *kinds: str) -> list[Path]:
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]
    for kind in kinds:
        command += ["--target", kind]
    ran = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False, env=bare())
    assert ran.returncode == 0, ran.stderr
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution."""
    if PUBLISHED:
        return Path(PUBLISHED)
    folder = tmp_path_factory.mktemp("dist")
    built(ROOT, folder, "sdist", "wheel")
    return folder


@pytest.fixture(scope="module")
def wheel(published: Path) -> Path:
    (found,) = published.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Clean:
    found = Clean(folder=tmp_path_factory.mktemp("clean"))
    venv.create(found.folder, symlinks=True)
    if PUBLISHED:
        pip(found, "--require-hashes", "--only-binary", ":all:", "--no-deps", "--requirement", str(RUNTIME))
    else:
        link(found)
    pip(found, "--no-index", "--no-deps", str(wheel))
    return found


def pip(into: Clean, *words: str) -> None:
    command = [sys.executable, "-m", "pip", "--python", str(into.python), "--disable-pip-version-check"]
    ran = subprocess.run([*command, "install", "--quiet", *words], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def link(into: Clean) -> None:
    """Give it the files of every locked package that this machine's Python needs, and no other package's."""
    (packages,) = into.folder.glob("lib/python*/site-packages")
    for name in {pin.name for pin in locks.read(RUNTIME)}:
        for file in metadata.distribution(name).files or ():
            if ".." not in file.parts:
                (packages / file).parent.mkdir(parents=True, exist_ok=True)
                (packages / file).symlink_to(Path(str(file.locate())))


def told(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(archive.read(name))


def test_the_wheel_promises_only_what_it_holds(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (entries,) = (archive.read(name).decode() for name in names if name.endswith("entry_points.txt"))
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == {"athena_exporter"}
    assert re.findall(r"^([\w-]+) = (\w+)", entries, flags=re.MULTILINE) == [("athena-exporter", "athena_exporter")]
    assert told(wheel)["Version"] == __version__
    assert set(told(wheel).get_all("Provides-Extra", [])) == {"charts", "history"}
    assert "athena_exporter/py.typed" in names
    assert [name for name in names if "licenses/LICENSE" in name]


def test_the_source_distribution_builds_the_same_wheel(published: Path, wheel: Path, tmp_path: Path) -> None:
    (archive,) = published.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    (again,) = built(source, tmp_path / "again", "wheel")
    assert (again.name, again.read_bytes()) == (wheel.name, wheel.read_bytes())
    assert {path.name for path in source.iterdir()} >= {"CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml"}


def test_what_is_locked_is_what_the_wheel_needs(clean: Clean) -> None:
    """`pip check`: nothing is missing, and no version is one that another package refuses."""
    command = [sys.executable, "-m", "pip", "--python", str(clean.python), "--disable-pip-version-check", "check"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.stdout.strip() == "No broken requirements found.", ran.stdout + ran.stderr


def test_every_module_of_it_needs_only_what_is_locked(clean: Clean) -> None:
    number, _, file = clean.run(clean.python, "-W", "error", "-c", EVERY_MODULE).strip().partition(" ")
    assert int(number) > 100
    assert Path(file).is_relative_to(clean.folder)


def test_the_command_says_its_version(clean: Clean) -> None:
    assert __version__ in clean.run(clean.command, "--version").split()


def test_the_command_lists_every_metric(clean: Clean) -> None:
    listed = clean.run(clean.command, "metrics")
    assert set(re.findall(r"`(athena_\w+)`", listed)) >= set(catalog.BY_NAME)


def test_the_command_serves(clean: Clean, tmp_path: Path) -> None:
    with athena_testbed.running(STILL) as testbed:
        testbed.quiesce()
        path = tmp_path / "exporter.yml"
        path.write_text(
            f"aws: {{endpoint_url: '{testbed.url}', rate_share: 1}}\n"
            f"ledger: {{path: '{tmp_path / 'ledger.db'}', initial_lookback: 1h}}\n"
            "sources: {athena: {interval: 1s, deep_interval: 1s}, lookup: {interval: 1s}}\n"
            "exposition: {interval: 100ms, series_warmup: 0s}\n"
        )
        address = f"127.0.0.1:{free_port()}"
        command = [str(clean.command), "serve", "--config", str(path), "--web.listen-address", address]
        truth = testbed.truth()["queries"]
        assert truth > 20
        with process(command, tmp_path / "exporter.log") as running:
            until(
                lambda: not running.running or summed(scrape(f"http://{address}"), catalog.QUERIES.name) == {(): truth},
                what=lambda: f"{truth} queries are counted; {running.log.read_text()[-2000:]}",
            )
            assert running.running, running.log.read_text()[-2000:]
            assert running.end() == 0
