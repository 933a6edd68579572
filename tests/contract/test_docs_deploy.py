"""Why these tests exist: who decides by docs/deploy.md decides about money, and types what it says."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from athena_exporter.costs.deployment import Shown, document, placed

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENT = ROOT / "docs" / "deploy.md"
TERRAFORM = ROOT / "terraform"


def test_its_tables_are_what_prices_and_assumptions_come_to(golden: Callable[[str | Path, str], None]) -> None:
    golden(DOCUMENT, placed(DOCUMENT.read_text(encoding="utf-8"), document(Shown.of(ROOT))))


@pytest.mark.parametrize("text", ["no mark", "<!-- end of costs -->"])
def test_a_document_without_marks_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="lacks <!-- costs"):
        placed(text, "")


def test_every_step_that_costs_something_is_a_heading() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    steps = set(re.findall(r"^\| (\d) \|", text, flags=re.MULTILINE))
    assert steps
    assert steps <= set(re.findall(r"^## (\d)\. ", text, flags=re.MULTILINE))


def test_every_file_that_it_names_exists() -> None:
    named = set(re.findall(r"`((?:terraform|exporter|provisioning)/[\w./-]+)`", DOCUMENT.read_text(encoding="utf-8")))
    assert len(named) > 5
    assert [name for name in named if not (ROOT / name).exists()] == []


def _blocks(kind: str, *stacks: str) -> set[str]:
    files = [path for stack in stacks for path in (TERRAFORM / "stacks" / stack).glob("*.tf")]
    return {name for path in files for name in re.findall(rf'^{kind} "(\w+)"', path.read_text(), flags=re.MULTILINE)}


def test_every_variable_and_output_that_it_types_exists() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    stacks = ("data-account", "grafana-workspace", "content")
    typed = {name for block in re.findall(r"<<'END'\n(.*?)END", text, flags=re.DOTALL)
             for name in re.findall(r"^(\w+) +=", block, flags=re.MULTILINE)}  # fmt: skip  # a set
    assert len(typed) > 5
    assert typed - _blocks("variable", *stacks) == set()
    asked = set(re.findall(r"output (?:-raw|-json) (\w+)", text)) | set(re.findall(r"outputs? `(\w+)`", text))
    assert len(asked) > 5
    assert asked - _blocks("output", *stacks) == set()


def test_what_destroy_keeps_is_what_the_modules_protect() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    named = {(module.replace("_", "-"), kind) for module, kind in re.findall(r"`module\.(\w+)\S*?\.(aws_\w+)\.", text)}
    protected = {
        (path.parent.name, re.findall(r'resource "(aws_\w+)"', path.read_text()[:place.start()])[-1])
        for path in (TERRAFORM / "modules").rglob("*.tf")
        for place in re.finditer(r"prevent_destroy\s*=\s*true", path.read_text())
    }  # fmt: skip  # a set
    assert protected
    assert named == protected
