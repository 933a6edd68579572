"""The repository keeps its own word: documents name what exists, exceptions give reasons, versions stand once."""

import ast
import importlib
import importlib.util
import io
import re
import subprocess
import tokenize
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from athena_exporter import __version__
from athena_exporter.config import table

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PYPROJECT_TEXT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PYPROJECT: dict[str, Any] = tomllib.loads(PYPROJECT_TEXT)
CODE_ROOTS = ("exporter", "dashboards", "release", "tests", "benchmarks")

EXCEPTION = re.compile(
    r"noqa\b(?::\s*[A-Z]+\d+(?:[, ]\s*[A-Z]+\d+)*)?|type:\s*ignore(?:\[[\w, -]+\])?|pragma:\s*no \w+"
)
A_WORD = re.compile(r"[A-Za-z][\w']*")
RULE = re.compile(r'"[A-Z]+\d*"')


@cache
def files(*suffixes: str) -> tuple[Path, ...]:
    """What git tracks or would track, so that a new file is judged before its first commit."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
    paths = (ROOT / name for name in sorted(set(names)) if name)
    return tuple(path for path in paths if path.is_file() and (not suffixes or path.suffix in suffixes))


def texts(*suffixes: str) -> Iterator[tuple[str, str]]:
    for path in files(*suffixes):
        try:
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def make_targets() -> dict[str, str]:
    """Target -> its line of help."""
    return dict(re.findall(r"^([a-z][a-z-]*):.*?## (.+)$", MAKEFILE, flags=re.MULTILINE))


def commands_of(text: str) -> set[str]:
    """The make targets that a document tells one to run: in code spans, in code blocks, in hooks."""
    spans = re.findall(r"`make ([a-z][a-z-]*)", text)
    blocks = re.findall(r"^(?:\s{2,}|\$ )?(?:entry: )?make ([a-z][a-z-]*)", text, flags=re.MULTILINE)
    return {*spans, *blocks}


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "README.md", ".ci/run", ".pre-commit-config.yaml"])
def test_every_make_target_that_a_document_names_exists(name: str) -> None:
    named = commands_of((ROOT / name).read_text(encoding="utf-8"))
    assert named, f"{name} names no make target at all"
    assert named <= make_targets().keys()


def test_the_documents_are_read_as_people_read_them() -> None:
    text = "```\nmake demo   # runs\n```\nThen `make test ARGS=x`, and make sure that\n    make check\nentry: make lint"
    assert commands_of(text) == {"demo", "test", "check", "lint"}


def test_contributing_names_every_target_but_the_housekeeping() -> None:
    named = commands_of((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert make_targets().keys() - named == {"setup", "format-check", "clean"}


def test_every_make_target_is_phony_and_has_a_line_of_help() -> None:
    (phony,) = re.findall(r"^\.PHONY: (.+)$", MAKEFILE, flags=re.MULTILINE)
    assert set(phony.split()) == make_targets().keys()


def test_every_module_that_make_runs_exists() -> None:
    modules = set(re.findall(r"python -m ([\w.]+)", MAKEFILE)) - {"venv", "pip"}
    assert "pytest" in modules
    assert [module for module in sorted(modules) if importlib.util.find_spec(module) is None] == []


def test_there_are_benchmarks_for_make_bench() -> None:
    assert list((ROOT / "benchmarks").glob("bench_*.py"))


def test_every_path_that_contributing_names_exists() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    made_by_make = {"dist/"}
    named = set(re.findall(r"`((?:[\w.-]+/)*[\w-]+(?:\.\w{2,4}|/))`", text)) - made_by_make
    assert len(named) > 10
    bases = (ROOT, ROOT / "exporter" / "athena_exporter", ROOT / "dashboards" / "athena_dashboards")
    assert [path for path in sorted(named) if not any((base / path).exists() for base in bases)] == []


def comments_of(text: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def is_reason(text: str) -> bool:
    return len(A_WORD.findall(text)) >= 2


def lacks_reason(comment: str) -> bool:
    """Whether a comment makes an exception and says nothing beside it."""
    return EXCEPTION.search(comment) is not None and not is_reason(EXCEPTION.sub(" ", comment))


def test_every_exception_in_the_code_gives_its_reason() -> None:
    bare = [
        f"{name}:{line}: {comment}"
        for name, text in texts(".py")
        for line, comment in comments_of(text)
        if lacks_reason(comment)
    ]
    assert bare == []


@pytest.mark.parametrize(
    ("comment", "bare"),
    [
        ("# noqa: E501", True),
        ("# noqa: S603, S607", True),
        ("# noqa: S603  a fixed command", False),
        ("# noqa: PLR2004  as above", False),
        ("# type: ignore[misc]", True),
        ("# type: ignore[misc]  # noqa: E501", True),
        ("# type: ignore[misc]  # that it is refused is the point", False),
        ("# pragma: no cover", True),
        ("# pragma: no cover  only a full disk gets here", False),
        ("# an ordinary comment", False),
    ],
)
def test_a_reason_is_told_from_a_rule(comment: str, bare: bool) -> None:  # noqa: FBT001  pytest passes parameters by name
    assert lacks_reason(comment) is bare


def skips_of(tree: ast.AST) -> Iterator[tuple[int, bool]]:
    """Line, and whether a reason is given, of each `pytest.skip`, `skip`, `skipif` and `xfail`."""
    called = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in {"skip", "skipif", "xfail"}:
            call = called.get(id(node))
            positional = bool(call and call.args) and node.attr == "skip"
            named = call is not None and any(keyword.arg == "reason" for keyword in call.keywords)
            if ast.unparse(node.value) in {"pytest", "pytest.mark"}:
                yield node.lineno, positional or named


def test_every_skipped_test_gives_its_reason() -> None:
    bare = [
        f"{name}:{line}" for name, text in texts(".py") for line, reasoned in skips_of(ast.parse(text)) if not reasoned
    ]
    assert bare == []


def test_a_skip_without_a_reason_is_seen() -> None:
    code = (
        "pytest.skip('no disk')\npytest.skip()\npytest.mark.skip\npytest.mark.skipif(x)\npytest.mark.xfail(reason='y')"
    )
    assert sorted(skips_of(ast.parse(code))) == [(1, True), (2, False), (3, False), (4, False), (5, True)]


def test_every_ignored_rule_gives_its_reason() -> None:
    section = re.split(r"^\[tool\.(?!ruff\.lint)", PYPROJECT_TEXT.split("[tool.ruff.lint]")[1], flags=re.MULTILINE)[0]
    ignoring = [line for line in section.splitlines() if RULE.search(line) and not line.startswith("select =")]
    written = {rule.strip('"') for line in ignoring for rule in RULE.findall(line)}
    lint = PYPROJECT["tool"]["ruff"]["lint"]
    per_file = {rule for rules in lint["per-file-ignores"].values() for rule in rules}
    assert written == {*lint["ignore"], *per_file}
    assert [line for line in ignoring if not is_reason(line.partition("#")[2])] == []


def test_every_rule_of_ruff_is_on_and_the_types_are_strict() -> None:
    assert PYPROJECT["tool"]["ruff"]["lint"]["select"] == ["ALL"]
    assert PYPROJECT["tool"]["mypy"]["strict"] is True
    assert PYPROJECT["tool"]["coverage"]["report"]["fail_under"] >= 95
    assert PYPROJECT["tool"]["coverage"]["run"]["branch"] is True


INDEX = re.compile(
    r"pypi\.(org|python)|pythonhosted\.[a-z]|(?<!no-emit-)\b(extra[-_])?index[-_]url\b|(?<!no-emit-)\bfind[-_]links\b"
    r"|https?://[^\s/'\"]+/(simple|pypi)\b|registry\.(npmjs|yarnpkg)",
    re.IGNORECASE,
)


def test_no_file_names_a_package_index() -> None:
    naming = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if INDEX.search(line)
    ]
    assert naming == []


def test_no_file_names_a_path_of_this_machine() -> None:
    here = str(ROOT)
    assert ROOT.is_absolute()
    assert [name for name, text in texts() if ROOT.parts[2:] and here in text] == []


@pytest.mark.parametrize(
    "split",
    ["--index~-url x", "--extra-index~-url x", "--find~-links x", "https:~//mirror.example/simple", "py~pi.org"],
)
def test_a_package_index_is_recognised(split: str) -> None:
    assert INDEX.search(split.replace("~", ""))  # whole, the option would be found in this very file


def locked(name: str) -> dict[str, str]:
    """Package -> version, of a lock file."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==([\w.+!-]+)", text, flags=re.MULTILINE))


def canonical(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\s\[<>=!~;]", requirement, maxsplit=1)[0]).lower()


@pytest.mark.parametrize("name", ["runtime.txt", "dev.txt"])
def test_every_locked_package_has_its_hashes(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    entries = re.split(r"^(?=[\w])", text, flags=re.MULTILINE)[1:]
    assert len(entries) > 10
    assert [entry.splitlines()[0] for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []


def test_the_locks_hold_every_dependency() -> None:
    project = PYPROJECT["project"]
    runtime = {canonical(requirement) for requirement in project["dependencies"]}
    groups = {**project["optional-dependencies"], **PYPROJECT["dependency-groups"]}
    extras = {canonical(need) for needs in groups.values() for need in needs}
    lines = (ROOT / "requirements" / "dev.in").read_text(encoding="utf-8").splitlines()
    tools = {canonical(line) for line in lines if line and not line.startswith("#")}
    assert runtime <= locked("runtime.txt").keys()
    assert runtime | extras | tools <= locked("dev.txt").keys()


def test_what_is_tested_is_what_is_shipped() -> None:
    runtime, dev = locked("runtime.txt"), locked("dev.txt")
    assert {name: dev.get(name) for name in runtime} == runtime


def test_the_project_is_versioned_in_one_place() -> None:
    assert "version" in PYPROJECT["project"]["dynamic"]
    source = ROOT / PYPROJECT["tool"]["hatch"]["version"]["path"]
    stated = re.compile(rf"version[\W_]{{1,6}}{re.escape(__version__)}\b", re.IGNORECASE)
    changelog = ROOT / "CHANGELOG.md"
    places = [
        name for name, text in texts(".py", ".toml", ".yml", ".yaml", ".md", ".json", ".tf") if stated.search(text)
    ]
    assert places == [str(source.relative_to(ROOT))]
    assert re.findall(r"^## \[(.+?)\]", changelog.read_text(encoding="utf-8"), flags=re.MULTILINE)[0] == "Unreleased"


def test_a_tool_is_versioned_in_the_lock_alone() -> None:
    pinned = [
        f"{name}: {pin}"
        for name, text in texts(".toml", ".yml", ".yaml", ".md", ".in")
        for pin in re.findall(r"[\w\]]\s?==\s?\d+[\w.]*|\brev: *\S+", text)
    ]
    assert pinned == []


@pytest.mark.parametrize("script", sorted(PYPROJECT["project"]["scripts"]))
def test_a_console_script_can_be_called(script: str) -> None:
    module, _, function = PYPROJECT["project"]["scripts"][script].partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_the_licence_is_the_one_that_is_declared() -> None:
    assert PYPROJECT["project"]["license"] == "Apache-2.0"
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert re.search(r"Apache License\s+Version 2\.0, January 2004", text)
    assert "END OF TERMS AND CONDITIONS" in text


def test_the_readme_holds_the_table_of_the_configuration() -> None:
    assert table() in (ROOT / "README.md").read_text(encoding="utf-8")


def test_no_module_of_the_product_outgrows_four_hundred_lines() -> None:
    long = [name for name, text in texts(".py") if name.startswith("exporter/") and text.count("\n") > 400]
    assert long == []
